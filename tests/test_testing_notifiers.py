"""The kit of notifiers: a sound one passes, and each of many small mistakes is found by the check that is there for it."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import attrs
import pytest
from command_line import Run
from couriers.faulty import FAULTY, Hoarding, OwnTime, RaisesAddress, TimeForEachPart
from couriers.office import Office
from couriers.sound import Courier, CourierHarness

from stabflow.ports.notifier import Notifier
from stabflow.testing import (
    NOTIFIER_FAULTS,
    ConformanceFailed,
    FileNotifierHarness,
    NotifierContract,
    NotifierFault,
    NotifierHarness,
    Outcome,
    Received,
    RecordingNotifier,
    check_notifier,
)
from stabflow.testing.notifiers.checks import CHECKS, MODULES
from stabflow.testing.notifiers.registry import CLAUSES

BROKEN = re.compile(r"\b(Attribute|Type|Name|Assertion|NotImplemented|UnboundLocal|Import)Error\b")
"""What a mistake in these tests looks like."""
SLOW = {OwnTime, TimeForEachPart, Hoarding, RaisesAddress}


@pytest.mark.slow
class TestCourier(NotifierContract):
    """The sound courier, as the author of a plugin would test it."""

    harness = CourierHarness


def test_everything_can_be_covered() -> None:
    report = check_notifier(CourierHarness, only=["N1", "N2", "N3", "N6", "N7", "N8", "N9", "N10"])
    report.raise_for_failures()
    assert report.not_covered == ()
    assert report.complete
    assert [one.name for one in report.capabilities] == ["DEDUPLICATES"]


@pytest.mark.parametrize("level", [pytest.param("sequential", marks=pytest.mark.slow), "threads"])
def test_the_notifier_of_a_file_keeps_its_contract(level: str) -> None:
    report = check_notifier(FileNotifierHarness, levels=[level])
    report.raise_for_failures()
    left = {one.explanation.rpartition(" ")[2] for one in report.not_covered}
    unmade = {"rejected", "gone", "garbled", "slow", "flood", "quoting", "wait", "contacts", "DEDUPLICATES"}
    assert left == (unmade if level == "sequential" else set())


@pytest.mark.parametrize(
    ("kind", "check"),
    [pytest.param(*one, marks=pytest.mark.slow if one[0] in SLOW else ()) for one in FAULTY.items()],
    ids=lambda one: one.__name__ if isinstance(one, type) else "",
)
def test_a_mistake_is_found(kind: type[Courier], check: str) -> None:
    report = check_notifier(CourierHarness(kind), only=[check], seconds=20)
    assert [one.check.name for one in report.failures] == [check]
    assert not BROKEN.search(report.failures[0].explanation)
    with pytest.raises(ConformanceFailed, match=check):
        report.raise_for_failures()


def test_each_check_finds_a_mistake() -> None:
    assert {*FAULTY.values()} == {one.name for one in CHECKS}
    assert {one.clause for one in CHECKS} == {*CLAUSES}
    assert {one.run.__module__ for one in CHECKS} == {module.__name__ for module in MODULES}
    assert all(one.shows.endswith(".") for one in CHECKS)


class Least(NotifierHarness):
    """No more than every harness has."""

    def provision(self) -> RecordingNotifier:
        return RecordingNotifier(addresses=[self.address(None, n) for n in range(6)])

    def open(self, config: RecordingNotifier) -> Notifier:
        return config

    def address(self, config: object, number: int) -> str:
        return f"unit-{number}"

    def received(self, config: RecordingNotifier) -> Sequence[Received]:
        return [Received(to=one.to, text=f"{one.subject}\n{one.text}") for one in config.delivered]


def test_what_the_harness_does_not_offer_is_not_covered() -> None:
    report = check_notifier(Least, only=["N2", "N3", "N4", "N6", "N7", "N10"])
    reasons = {one.check.name: one.explanation for one in report.not_covered}
    assert reasons["n2_not_now_is_a_retry"] == "the harness offers no fault"
    assert reasons["n3_the_id_is_carried_and_stays_the_same"] == "the channel carries no ids"
    assert reasons["n3_the_same_id_twice_is_seen_once"] == "the notifier does not declare DEDUPLICATES"
    assert reasons["n7_nobody_is_connected_to_before_a_message"] == "the harness offers no contacts"
    assert {one.check.clause for one in report.covered} == {"N3", "N7"}


def test_a_subject_may_stand_in_the_text() -> None:
    names = ["n1_a_text_comes_out_as_it_went_in", "n1_a_subject_comes_out_as_it_went_in"]
    check_notifier(Least, only=[*names, "N8"]).raise_for_failures()


class Some(CourierHarness):
    """It makes the channel fail in one way only."""

    def __init__(self, *kinds: NotifierFault) -> None:
        super().__init__()
        self.kinds = kinds

    def fault(self, config: Office, kind: NotifierFault) -> Any:
        return super().fault(config, kind) if kind in self.kinds else None


def test_a_fault_that_cannot_be_made_is_told_by_its_name() -> None:
    report = check_notifier(Some("busy"), only=["N2", "N6", "N5"])
    report.raise_for_failures()
    assert "n2_not_now_is_a_retry" in {one.check.name for one in report.covered}
    assert "the harness makes no channel fail as gone" in {one.explanation for one in report.not_covered}
    nothing = check_notifier(Some(), only=["n2_a_refusal_has_a_reason", "n5_no_failure_tells_an_address_or_a_secret"])
    assert {one.outcome for one in nothing.results} == {Outcome.NOT_COVERED}


@pytest.mark.slow
def test_the_kinds_of_faults_are_those_that_are_checked() -> None:
    made: set[str] = set()

    class Listening(CourierHarness):
        def fault(self, config: Office, kind: NotifierFault) -> AbstractContextManager[None]:
            made.add(kind)
            return super().fault(config, kind)

    check_notifier(Listening, only=["N5"]).raise_for_failures()
    assert made == {*NOTIFIER_FAULTS}


class Cut(CourierHarness):
    """The channel takes 500 characters, and cuts what is longer."""

    longest = 500

    def received(self, config: Office) -> list[Received]:
        return [attrs.evolve(one, text=one.text[:500]) for one in config.received()]


def test_a_channel_that_takes_little_is_given_little_and_must_not_cut() -> None:
    report = check_notifier(Cut, only=["N1"])
    assert [one.check.name for one in report.failures] == ["n1_a_long_text_is_not_cut"]
    assert "a text of 1000 characters" in report.failures[0].explanation


# A harness that does not work says nothing about the notifier


class Down(CourierHarness):
    def provision(self) -> Office:
        raise ConnectionError("no server")


class FaultDown(CourierHarness):
    def fault(self, config: Office, kind: NotifierFault) -> Any:
        class Broken:
            def __enter__(self) -> None:
                raise ConnectionError("no server")

            def __exit__(self, *error: object) -> None: ...

        return Broken()


class Uncounted(CourierHarness):
    def contacts(self, config: Office) -> int:
        return 7


@pytest.mark.parametrize(
    ("harness", "check", "why"),
    [
        (Down, "N1", "no channel could be provisioned: ConnectionError: no server"),
        (FaultDown, "n2_not_now_is_a_retry", "the channel could not be made to fail as busy: ConnectionError"),
        (Uncounted, "n7_nobody_is_connected_to_before_a_message", r"contacts\(\) does not count"),
    ],
)
def test_a_harness_that_does_not_work(harness: type[NotifierHarness], check: str, why: str) -> None:
    report = check_notifier(harness, only=[check])
    assert report.failures == ()
    assert report.broken is not None
    assert re.search(why, report.broken.en)
    with pytest.raises(ConformanceFailed, match=why):
        report.raise_for_failures()


class Undecided(Courier):
    deduplicates = "sometimes"  # type: ignore[assignment]


class Unopened(Courier):
    def __init__(self, port: int, key: str) -> None:
        raise RuntimeError("no driver")


@pytest.mark.parametrize(
    ("kind", "why"), [(Undecided, "it must be True or False"), (Unopened, "a notifier could not be opened and closed")]
)
def test_what_cannot_be_opened_fails(kind: type[Courier], why: str) -> None:
    report = check_notifier(CourierHarness(kind))
    assert [why in one.explanation for one in report.failures] == [True]


def test_a_notifier_that_hangs_is_given_up() -> None:
    class Hung(Courier):
        def send(self, message: object, *, within: float) -> Any:
            while True:
                time.sleep(0.01)

    report = check_notifier(CourierHarness(Hung), only=["n9_others_stay_open"], seconds=0.1)
    assert "did not return in 0.1 seconds" in report.failures[0].explanation


@pytest.mark.parametrize("wrong", [Courier, 7, object()])
def test_what_is_no_harness_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="is no NotifierHarness: derive a class from stabflow"):
        check_notifier(wrong)


def test_an_unknown_clause_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no check and no clause C1"):
        check_notifier(CourierHarness, only=["C1"])


# On the command line

PLUGIN = """
from couriers.faulty import NeverIsBusy
from couriers.sound import CourierHarness

sound, faulty = CourierHarness(), CourierHarness(NeverIsBusy)
"""


@pytest.fixture
def plugin(stab: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "my_couriers.py").write_text(PLUGIN, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "my_couriers", raising=False)
    return stab


def test_conformance_tells_of_a_notifier(plugin: Run) -> None:
    status, said, _ = plugin("conformance", "my_couriers:sound", "--only", "N2", "--only", "N8")
    assert status == 0
    assert re.search(r"N2 +honest +6\n +N8 +threads +1", said)
    assert "declares DEDUPLICATES" in said
    status, said, _ = plugin("conformance", "my_couriers:faulty", "--only", "N2", "--lang", "zh")
    assert status == 1
    assert "n2_never_is_a_rejection" in said
    assert "如实作答" in said


def test_conformance_tells_of_a_notifier_in_json(plugin: Run) -> None:
    status, said, _ = plugin("conformance", "my_couriers:faulty", "--only", "n2_never_is_a_rejection", "--json")
    found = json.loads(said)
    assert (status, found["status"], found["capabilities"]) == (1, 1, ["DEDUPLICATES"])
    (result,) = found["results"]
    assert (result["clause"], result["outcome"]) == ("N2", "failed")
