"""The crew of a channel: several at once, no more than it may, and whatever hangs is left behind."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any

import pytest

from stabflow.engine import crews
from stabflow.engine.crews import MOST_HUNG, Crew, Job
from stabflow.ports.notifier import Delivered, Message, Retry
from stabflow.testing import RecordingNotifier


def message(n: int) -> Message:
    return Message(
        id=f"{n}", to="a", subject="s", text="t", language="en", facts={}, created_at="2026-03-02T01:00:00.000000Z"
    )


class Manned:
    """A crew whose calls are as late as the test says."""

    def __init__(self, notifier: RecordingNotifier, size: int = 2) -> None:
        self.now = 100.0
        self.finished: SimpleQueue[Job] = SimpleQueue()
        self.crew = Crew(notifier, size=size, within=10.0, finished=self.finished, clock=lambda: self.now)

    def take(self, *numbers: int) -> list[Job]:
        jobs = [Job(message(n)) for n in numbers]
        for job in jobs:
            self.crew.take(job)
        return jobs

    def next(self) -> Job:
        return self.finished.get(timeout=10)


def hanging(notifier: RecordingNotifier, count: int) -> None:
    """Wait until so many calls hang."""
    turn = threading.Event()
    for _ in range(2_000):
        if notifier.hanging == count:
            return
        turn.wait(0.005)
    raise AssertionError(f"{notifier.hanging} hang, not {count}")


@pytest.fixture
def notifier() -> Any:
    made = RecordingNotifier("hang")
    yield made
    made.let_go()


def test_what_is_handed_over_comes_back_with_its_result() -> None:
    manned = Manned(RecordingNotifier(Delivered("done")))
    jobs = manned.take(1, 2, 3)
    assert {manned.next(), manned.next(), manned.next()} == set(jobs)
    assert {job.result for job in jobs} == {Delivered("done")}
    assert manned.crew.load == 0
    manned.crew.close()


def test_no_more_are_under_way_than_there_are_threads(notifier: RecordingNotifier) -> None:
    manned = Manned(notifier)
    manned.take(1, 2, 3, 4)
    hanging(notifier, 2)
    assert manned.crew.load == 4
    assert [job.message.id for job in manned.crew.give_back()] == ["3", "4"]
    assert manned.crew.load == 2
    notifier.let_go()
    assert {manned.next().message.id, manned.next().message.id} == {"1", "2"}


def test_a_call_that_hangs_is_left_behind_and_another_takes_its_place(notifier: RecordingNotifier) -> None:
    manned = Manned(notifier, size=1)
    hung, waiting = manned.take(1, 2)
    hanging(notifier, 1)
    notifier.answer = Delivered()
    manned.crew.leave_behind()
    assert hung.result is None, "its time is not over"
    manned.now += 10 + crews.GRACE + 0.1
    manned.crew.leave_behind()
    assert {manned.next(), manned.next()} == {hung, waiting}
    assert hung.result == Retry("there was no answer within 10 seconds", maybe_sent=True)
    assert waiting.result == Delivered()
    notifier.let_go()
    for _ in range(2_000):
        if not manned.crew._hung:
            break
        threading.Event().wait(0.005)
    assert manned.crew._hung == 0
    assert manned.finished.empty(), "what comes back too late is told of once"


def test_with_too_many_hanging_it_is_stuck_and_makes_no_more_threads(notifier: RecordingNotifier) -> None:
    manned = Manned(notifier, size=3)
    for n in range(MOST_HUNG):
        assert not manned.crew.is_stuck
        manned.take(n)
        hanging(notifier, n + 1)
        manned.now += 12
        manned.crew.leave_behind()
    assert manned.crew.is_stuck
    assert manned.crew._threads == 0


@pytest.mark.parametrize("raised", [ValueError("office@example.org"), SystemExit(3), KeyError, KeyboardInterrupt])
def test_whatever_is_raised_is_one_more_try(raised: Any) -> None:
    manned = Manned(RecordingNotifier(raised))
    (job,) = manned.take(1)
    assert manned.next() is job
    assert isinstance(job.result, Retry)
    assert job.result.maybe_sent
    assert "example" not in job.result.reason
    manned.crew.close()


def test_who_waited_while_all_hung_has_a_turn_when_some_come_back(notifier: RecordingNotifier) -> None:
    manned = Manned(notifier, size=MOST_HUNG)
    hung = manned.take(*range(MOST_HUNG))
    waiting = manned.take(99)[0]
    hanging(notifier, MOST_HUNG)
    manned.now += 12
    manned.crew.leave_behind()
    assert manned.crew.is_stuck
    assert {manned.next() for _ in hung} == set(hung)
    notifier.answer = Delivered()
    notifier.let_go()
    for _ in range(2_000):
        if not manned.crew.is_stuck:
            break
        threading.Event().wait(0.005)
    manned.crew.leave_behind()
    assert manned.next() is waiting


def test_a_notifier_that_cannot_be_closed_or_never_is_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    class Raising(RecordingNotifier):
        def close(self) -> None:
            raise ValueError("token 4711")

    let_go = threading.Event()

    class Hanging(RecordingNotifier):
        def close(self) -> None:
            let_go.wait()

    for notifier in (Raising(), Hanging()):
        Crew(notifier, size=1, within=0.01, finished=SimpleQueue()).close()
    let_go.set()
    assert [one.getMessage() for one in caplog.records] == ["closing a notifier raised ValueError"]
