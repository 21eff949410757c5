"""The conformance kit itself: what it makes of stores that fail, hang, lie, or offer little."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from faulty.harnesses import HostedHarness
from faulty.hosted import Application, Hosted
from faulty.joining import ConflictBreaks
from hypothesis.errors import FlakyStrategyDefinition
from hypothesis.stateful import run_state_machine_as_test

from stabflow.errors import StoreUnavailable
from stabflow.ports.store import MAX_PAGE, Capability, Clock, Store, StoredRecord
from stabflow.stores.memory import MemoryStore
from stabflow.testing import (
    CheckResult,
    ConformanceFailed,
    Host,
    Level,
    MemoryHarness,
    Outcome,
    SqliteHarness,
    StoreHarness,
    check_store,
)
from stabflow.testing.expectation import ClauseBroken, alike, equal
from stabflow.testing.stores import search
from stabflow.testing.stores.checks import CHECKS, MODULES, processes
from stabflow.testing.stores.material import case_row, duty_row
from stabflow.testing.stores.registry import CLAUSES, KIT, Offer


class Plain(MemoryStore):
    """A store that keeps what every store must, and no more."""

    capabilities = frozenset()
    read_feed = Store.read_feed
    get_snapshot = Store.get_snapshot
    claim = Store.claim
    ack = Store.ack
    release = Store.release
    waiting = Store.waiting
    dead_letters = Store.dead_letters
    revive = Store.revive


def harness(kind: type[MemoryStore], **attributes: Any) -> type[StoreHarness]:
    """A harness for a store in memory of some kind."""

    class Harness(StoreHarness):
        one_handle = True

        def provision(self) -> None:
            return None

        def open(self, config: None, clock: Clock) -> Store:
            return kind(clock)

    for name, value in attributes.items():
        setattr(Harness, name, value)
    return Harness


def outcomes(results: Sequence[CheckResult]) -> dict[str, str]:
    return {one.check.name: one.explanation for one in results}


# The checks


def test_every_check_says_what_it_shows() -> None:
    assert len({one.name for one in CHECKS}) == len(CHECKS) > 90
    for one in CHECKS:
        assert one.clause in CLAUSES
        assert one.shows.endswith("."), one.name
        assert one.run.__module__ in {module.__name__ for module in MODULES}


def test_every_clause_and_level_has_a_check() -> None:
    assert {one.clause for one in CHECKS} == set(CLAUSES)
    assert {one.level for one in CHECKS} == set(Level)
    assert {offer for one in CHECKS for offer in one.offers} == set(Offer)
    assert {need for one in CHECKS for need in one.needs} == set(Capability)


# What the report says


@pytest.mark.usefixtures("few_histories")
def test_a_store_with_no_capability_is_checked_for_what_every_store_keeps() -> None:
    report = check_store(harness(Plain), levels=["sequential", "machine"], seed=1)
    report.raise_for_failures()
    assert report.complete
    assert report.capabilities == ()
    made = outcomes(report.covered)
    assert "port_what_is_not_declared_is_refused" in made
    assert outcomes(report.not_covered)["c9_the_newest_snapshot_is_kept"] == "the store does not declare SNAPSHOTS"
    mandatory = {"Port", "C1", "C2", "C3", "C7", "C8", "C11", "C12", "C13", "All"}
    assert {one.check.clause for one in report.covered} == mandatory


def test_what_is_declared_and_does_not_hold_is_a_failure() -> None:
    class Liar(Plain):
        capabilities = frozenset({Capability.FEED})

    report = check_store(harness(Liar), only=["C6"], levels=["sequential"])
    assert len(report.failures) == 5
    assert {one.explanation for one in report.failures} == {"the store declares FEED and does not override read_feed"}
    with pytest.raises(
        ConformanceFailed, match=r"5 of 5 checks failed \(seed \d+\); begin with the first\nC6 c6_the_feed_has"
    ) as caught:
        report.raise_for_failures()
    assert caught.value.report is report
    assert isinstance(caught.value, AssertionError)
    assert "begin with the first that failed" in str(report)

    class Careless(MemoryStore):
        ack, release = Store.ack, Store.release

    (failed,) = check_store(harness(Careless), only=["port_it_declares_what_it_can_do"]).failures
    assert failed.explanation == "the store declares OUTBOX and does not override ack, release"


def test_a_failure_says_what_was_expected_and_found() -> None:
    class Forgetful(MemoryStore):
        def lookup(self, stream: str, key: str) -> None:
            return None

    report = check_store(harness(Forgetful), only=["c3_the_same_act_again_gives_the_first_result"], seed=3)
    (failed,) = report.failures
    assert failed.explanation == (
        "looking the key up\n  expected: ('digest', AppendResult(first_version=1, last_version=2, replayed=True))\n"
        "  found:    None"
    )
    assert failed.sentence().startswith("C3 c3_the_same_act_again_gives_the_first_result: The same key and digest")
    told = report.as_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["seed"] == 3
    printed = str(report)
    assert "1 checks made, 1 failed, 0 not covered" in printed
    assert "expected: ('digest'" in printed
    assert f"python {sys.version.split()[0]}" in printed


def test_an_error_of_the_driver_is_told_with_its_place() -> None:
    class Broken(MemoryStore):
        def heads(self, streams: Sequence[str]) -> Any:
            raise KeyError("a row")

    report = check_store(harness(Broken), only=["port_an_empty_store_answers"])
    (failed,) = report.failures
    assert failed.explanation.startswith("KeyError: 'a row'\n")
    _, *frames = failed.explanation.splitlines()
    assert [frame.partition(", in ")[2] for frame in frames] == ['heads: raise KeyError("a row")']


def test_where_nothing_asked_for_could_be_made_it_is_no_pass() -> None:
    report = check_store(MemoryHarness, levels=["power"])
    assert not report.failures
    assert not report.complete
    with pytest.raises(ConformanceFailed, match="none of the 2 checks asked for could be made"):
        report.raise_for_failures()
    with pytest.raises(ConformanceFailed, match="nothing is known of this store"):
        attrs.evolve(report, chosen=False).raise_for_failures()


def test_what_was_asked_for_is_judged_alone() -> None:
    report = check_store(MemoryHarness, only=["C9"], levels=["sequential"])
    report.raise_for_failures()
    assert (report.chosen, report.complete, report.required_ran, report.untested) == (True, True, False, ())


def test_where_the_power_is_not_cut_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "KILLS", 1)
    report = check_store(SqliteHarness, only=["C4"])
    report.raise_for_failures()
    assert (report.untested, report.power_not_cut, report.complete) == ((Capability.DURABLE,), True, True)
    assert "durable against kill -9; the power was not cut" in str(report)
    assert report.as_dict()["power_not_cut"] is True
    report = check_store(SqliteHarness, levels=["kill"], only=["C4"])
    assert (report.untested, report.power_not_cut) == ((), False)


def test_what_is_declared_and_cannot_be_tested_is_told() -> None:
    class Claims(Plain):
        capabilities = frozenset({Capability.DURABLE, Capability.MULTI_PROCESS})

    report = check_store(harness(Claims), levels=["sequential", "kill", "power"])
    report.raise_for_failures()
    assert report.untested == (Capability.DURABLE, Capability.MULTI_PROCESS)
    assert not report.complete
    assert "declared, and not tested: DURABLE, MULTI_PROCESS" in str(report)
    why = outcomes(report.not_covered)
    assert why["c4_a_killed_process_loses_nothing_acknowledged"] == "the harness offers no child"
    assert check_store(harness(Claims), levels=["sequential"]).complete


def test_without_a_host_nobody_says_that_its_transactions_can_be_joined() -> None:
    class Claims(Plain):
        capabilities = frozenset({Capability.EXTERNAL_TX})

    only = ["c2_a_rollback_leaves_nothing", "port_a_joined_store_joins_nothing"]
    for offered, why in ({}, "offers no host"), ({"host": lambda self, config: None}, "makes no host here"):
        report = check_store(harness(Claims, **offered), only=only)
        assert outcomes(report.not_covered) == dict.fromkeys(only, f"the harness {why}")
        assert report.untested == (Capability.EXTERNAL_TX,)
    (failed,) = check_store(harness(Claims), only=["port_it_declares_what_it_can_do"]).failures
    assert failed.explanation == "the store declares EXTERNAL_TX and does not override join"


def test_hosts_are_closed_whatever_comes_of_the_check() -> None:
    hosts: list[Application] = []

    class Watched(HostedHarness):
        def host(self, config: str) -> Host:
            hosts.append(Watching(self.storages.core(config), self.made_of.Work))
            return hosts[-1]

    class Watching(Application):
        closed = False

        def close(self) -> None:
            self.closed = True
            super().close()

    for made_of, outcome in (Hosted, Outcome.HELD), (ConflictBreaks, Outcome.FAILED):
        (result,) = check_store(Watched(made_of), only=["c2_a_refused_batch_leaves_the_transaction"]).results
        assert result.outcome is outcome
        assert [host.closed for host in hosts] == [True]
        hosts.clear()


DIFFERENT: list[tuple[object, object, str]] = [
    (duty_row(), attrs.evolve(duty_row(), estimated=0), ".estimated is of type int and must be of type bool"),
    (b"raw", memoryview(b"raw"), "it is of type memoryview and must be of type bytes"),
    (b"raw", bytearray(b"raw"), "it is of type bytearray and must be of type bytes"),
    ((1,), [1], "it is of type list and must be of type tuple"),
    ([(1, "a")], [(True, "a")], "[0][0] is of type bool and must be of type int"),
    ({"level": 0}, {"level": False}, "what, at 'level'"),
    ([duty_row()], [None], "[0] is None and must be of type DutyRow"),
    ("a" * 900, "a" * 700 + "b" * 200, f"at character 700 of 900: expected {'a' * 40!r}\n  and found"),
    (b"a" * 900, b"a" * 700, "at byte 700 of 900: expected"),
    ([case_row(title="a" * 900)], [case_row(title="a" * 899 + "大")], "at [0].title, character 899 of 900: expected"),
    (list(range(500)), [*range(250), 0, *range(251, 500)], "at [250]: expected 250\n  and found 0"),
    ([*range(500)], [*range(499)], "there are 499 instead of 500"),
]


@pytest.mark.parametrize(("expected", "found", "told"), DIFFERENT, ids=[f"{n}" for n in range(len(DIFFERENT))])
def test_what_differs_is_told(expected: object, found: object, told: str) -> None:
    equal(expected, expected, "what")
    assert not alike(found, expected)
    with pytest.raises(ClauseBroken) as broken:
        equal(found, expected, "what")
    assert told in str(broken.value)


# What goes wrong


def test_a_store_that_hangs_fails_in_time() -> None:
    class Hanging(MemoryStore):
        def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
            while True:
                time.sleep(0.001)

    began = time.monotonic()
    report = check_store(harness(Hanging), only=["C2"], levels=["sequential"], seconds=0.2)
    assert time.monotonic() - began < 10
    assert len(report.failures) == 3
    assert "it did not return in 0.2 seconds; it was here:" in report.failures[0].explanation
    assert "in read_stream" in report.failures[0].explanation


def test_threads_that_hang_fail_in_time() -> None:
    class Hanging(MemoryStore):
        calls = 0

        def append(self, batch: Any) -> Any:
            Hanging.calls += 1
            while Hanging.calls > 40:
                time.sleep(0.001)
            return super().append(batch)

    report = check_store(harness(Hanging), only=["c1_one_writer_wins_each_version"], seconds=0.5)
    assert len(report.failures) == 1


def test_a_storage_that_cannot_be_made_is_no_failure_of_the_store() -> None:
    def provision(self: StoreHarness) -> None:
        raise ConnectionError("no server")

    report = check_store(harness(MemoryStore, provision=provision), only=["C3"])
    assert {one.outcome for one in report.results} == {Outcome.NOT_RUN}
    said = "the harness does not work: no empty storage could be provisioned: ConnectionError: no server"
    assert report.broken is not None
    assert report.broken.en.startswith(said)
    assert said in str(report)
    assert str(report.as_dict("zh")["broken"]).startswith("测试支架无法使用：")
    with pytest.raises(ConformanceFailed, match=said):
        report.raise_for_failures()


def test_a_handle_that_cannot_be_closed_twice_is_a_failure() -> None:
    class Once(MemoryStore):
        def close(self) -> None:
            self.heads([])
            super().close()

    report = check_store(harness(Once), only=["port_a_closed_handle_says_so"])
    assert "StoreUnavailable" in report.failures[0].explanation


def test_a_handle_for_one_thread_alone_may_refuse_at_once() -> None:
    import threading

    class OneThread(MemoryStore):
        error: type[Exception] = StoreUnavailable

        def __init__(self, clock: Clock) -> None:
            self._thread = threading.get_ident()
            super().__init__(clock)

        def heads(self, streams: Sequence[str]) -> Any:
            if threading.get_ident() != self._thread:
                raise self.error("opened in another thread")
            return super().heads(streams)

    kept = check_store(harness(OneThread), levels=["threads"])
    kept.raise_for_failures()

    class Wrong(OneThread):
        error = RuntimeError

    (failed,) = check_store(harness(Wrong), levels=["threads"]).failures
    assert failed.check.name == "c12_a_handle_is_shared_or_refuses"


def test_a_child_that_cannot_start_says_why() -> None:
    class Lost(SqliteHarness):
        child = "no_such_package:open"

    report = check_store(Lost, only=["c12_a_handle_refuses_after_a_fork"])
    assert not report.failures
    why = "its child no_such_package:open cannot be called: ModuleNotFoundError: No module named 'no_such_package'"
    assert report.broken is not None
    assert report.broken.en == f"the harness does not work: {why}"
    Lost.child = "stabflow.testing.ready:open_nothing"
    (lost,) = check_store(Lost, only=["c4_a_killed_process_loses_nothing_acknowledged"]).results
    assert (lost.outcome, "has no attribute 'open_nothing'" in lost.explanation) == (Outcome.NOT_RUN, True)


def test_a_configuration_that_json_cannot_say_has_no_child() -> None:
    class Unsayable(MemoryHarness):
        def provision(self) -> Any:
            return {"folder": Path("here")}

    report = check_store(Unsayable, only=["c12_a_handle_refuses_after_a_fork"])
    assert not report.failures
    assert "configurations that JSON can say" in str(report.broken)


def test_a_run_can_end_with_the_first_failure() -> None:
    class Forgetful(MemoryStore):
        def lookup(self, stream: str, key: str) -> None:
            return None

    report = check_store(harness(Forgetful), only=["C3"], stop_at_first=True)
    assert len(report.failures) == 1
    assert not report.complete
    assert "the run was to stop at the first failure" in outcomes(report.not_covered).values()


def test_bad_arguments_are_told() -> None:
    with pytest.raises(TypeError, match="is no StoreHarness: derive a class"):
        check_store(MemoryStore)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there is no level 'fast'; there are sequential, second-handle"):
        check_store(MemoryHarness, levels=["fast"])
    assert KIT.chosen(["second-handle"], None) == KIT.chosen([Level.SECOND_HANDLE], None) != []
    with pytest.raises(ValueError, match="there is no check and no clause C15"):
        check_store(MemoryHarness, only=["C15"])


# What is exported


def test_every_name_is_exported_once() -> None:
    import stabflow.testing as kit

    assert sorted(kit._HOME_OF) == sorted(kit.__all__) == sorted(dir(kit))
    assert all(getattr(kit, name) is not None for name in kit.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'StoreContrakt'"):
        kit.StoreContrakt  # noqa: B018


# Chance


@pytest.fixture
def few_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "HISTORIES", 4)


def test_what_waits_must_be_told_whole() -> None:
    class Hiding(MemoryStore):
        """Does not tell what is leased."""

        def waiting(self, **asked: Any) -> Any:
            return [one for one in super().waiting(**asked) if not one.attempts]

    class Taking(MemoryStore):
        """Leases what it tells."""

        def waiting(self, **asked: Any) -> Any:
            found = super().waiting(**asked)
            super().claim("looking", limit=1, lease_for=60.0)
            return found

    for kind in (Hiding, Taking):
        report = check_store(harness(kind), levels=["sequential"], only=["c10_what_waits_is_told_and_not_taken"])
        assert [one.outcome for one in report.results] == [Outcome.FAILED], kind


@pytest.mark.usefixtures("few_histories")
def test_a_seed_repeats_the_random_histories() -> None:
    seen: list[list[str]] = [[], []]

    def run(told: list[str]) -> None:
        class Watched(MemoryStore):
            def append(self, batch: Any) -> Any:
                told.append(repr(batch))
                return super().append(batch)

        check_store(harness(Watched), levels=["machine"], seed=7)

    for told in seen:
        run(told)
    assert seen[0] == seen[1] != []


def test_a_random_history_that_differs_is_told_by_its_steps() -> None:
    class Wrong(MemoryStore):
        def dead_letters(self, **asked: Any) -> Any:
            return super().dead_letters(**asked)[:1]

        def revive(self, notice: int) -> bool:
            return not super().revive(notice)

    (failed,) = check_store(harness(Wrong), levels=["machine"], seed=1).failures
    assert "\n  the steps:\n    1. handle" in failed.explanation


@pytest.mark.parametrize("told", ["enough", "flaky"])
def test_random_histories_that_are_not_done_in_time_are_no_pass(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(MemoryStore):
        def append(self, batch: Any) -> Any:
            time.sleep(0.05)
            return super().append(batch)

    def run(*given: Any, **more: Any) -> None:
        """As Hypothesis does now and then."""
        try:
            run_state_machine_as_test(*given, **more)
        except search.Enough as error:
            raise FlakyStrategyDefinition("Inconsistent data generation") from error

    if told == "flaky":
        monkeypatch.setattr(search, "run_state_machine_as_test", run)
    report = check_store(harness(Slow), levels=["machine"], seconds=2)
    (cut,) = report.results
    assert cut.outcome is Outcome.NOT_RUN
    assert "the time was over after" in cut.explanation
    assert not report.complete


BARE = """
import sys
sys.modules["hypothesis"] = sys.modules["pytest"] = sys.modules["click"] = sys.modules["rich"] = None
import stabflow.testing
from stabflow.testing import MemoryHarness, Outcome, check_store
assert "apsw" not in sys.modules
report = check_store(MemoryHarness, levels=["sequential", "machine"])
report.raise_for_failures()
assert not report.complete
print([one.explanation for one in report.results if one.outcome is Outcome.NOT_RUN])
"""


def test_without_pytest_and_hypothesis_the_random_histories_are_missing() -> None:
    done = subprocess.run([sys.executable, "-c", BARE], check=True, capture_output=True, text=True)
    assert done.stdout == "[\"random histories need hypothesis: pip install 'stabflow[testing]'\"]\n"
