"""A notifier that records what it is given and answers as it is told."""

from __future__ import annotations

import threading

import attrs
import pytest

from stabflow import InvalidInput
from stabflow.ports.notifier import Delivered, Message, Rejected, Result, Retry
from stabflow.testing import RecordingNotifier

MESSAGE = Message(
    id="m1", to="unit-3", subject="Due", text="Text", language="en", facts={}, created_at="2026-11-23T08:00:00.000000Z"
)


def test_what_is_planned_comes_first_then_what_is_told_for_the_address() -> None:
    notifier = RecordingNotifier(Rejected("no"), to={"unit-9": Retry("later")})
    notifier.plan(Delivered("planned"), OSError("down"), TimeoutError)
    assert len(notifier.left) == 3
    assert notifier.send(MESSAGE, within=1) == Delivered("planned")
    for error in (OSError, TimeoutError):
        with pytest.raises(error):
            notifier.send(MESSAGE, within=1)
    assert notifier.left == ()
    assert notifier.send(MESSAGE, within=1) == Rejected("no")
    assert notifier.send(attrs.evolve(MESSAGE, to="unit-9"), within=1) == Retry("later")
    assert [one.to for one in notifier.messages] == ["unit-3"] * 4 + ["unit-9"]
    assert notifier.delivered == (MESSAGE,)


def test_a_function_answers_whatever_it_likes() -> None:
    notifier = RecordingNotifier(lambda message: Retry(message.id))
    assert notifier.send(MESSAGE, within=1) == Retry("m1")
    notifier.answer = lambda message: 7
    assert notifier.send(MESSAGE, within=1) == 7  # type: ignore[comparison-overlap]


def test_one_that_deduplicates_has_each_id_once() -> None:
    for deduplicates, times in ((False, 2), (True, 1)):
        notifier = RecordingNotifier(deduplicates=deduplicates)
        for _ in range(2):
            assert notifier.send(MESSAGE, within=1) == Delivered()
        assert (len(notifier.messages), len(notifier.delivered)) == (2, times)


def hanging(notifier: RecordingNotifier, count: int) -> tuple[list[threading.Thread], list[Result]]:
    results: list[Result] = []
    threads = [
        threading.Thread(target=lambda: results.append(notifier.send(MESSAGE, within=1)), daemon=True)
        for _ in range(count)
    ]
    for one in threads:
        one.start()
    while notifier.hanging < count:
        assert all(one.is_alive() for one in threads)
    return threads, results


@pytest.mark.parametrize("free", [RecordingNotifier.let_go, RecordingNotifier.close])
def test_what_hangs_is_let_go(free: object) -> None:
    notifier = RecordingNotifier("hang")
    threads, results = hanging(notifier, 3)
    assert results == []
    free(notifier)  # type: ignore[operator]
    for one in threads:
        one.join(30)
    assert results == [Retry("it hung, and was let go", maybe_sent=True)] * 3
    assert notifier.hanging == 0
    assert len(notifier.messages) == 3


def test_letting_go_is_for_what_hangs_at_that_moment() -> None:
    notifier = RecordingNotifier("hang")
    notifier.let_go()
    threads, results = hanging(notifier, 1)
    assert results == []
    notifier.let_go()
    threads[0].join(30)
    assert len(results) == 1


def test_addresses_are_those_that_it_was_given() -> None:
    RecordingNotifier().check_address("anything")
    RecordingNotifier(addresses=["unit-3"]).check_address("unit-3")
    with pytest.raises(InvalidInput) as error:
        RecordingNotifier(addresses=["unit-3"]).check_address("unit-secret")
    assert "unit-secret" not in str(error.value)


def test_closed_it_records_nothing_until_its_plugin_opens_it_again() -> None:
    notifier = RecordingNotifier()
    notifier.close()
    assert notifier.send(MESSAGE, within=1) == Retry("the notifier is closed")
    assert notifier.messages == ()
    (scheme,) = notifier.plugin("pigeons").stabflow_notifiers()
    assert scheme.scheme == "pigeons"
    assert scheme.open("pigeons:", {}) is notifier
    assert notifier.send(MESSAGE, within=1) == Delivered()
