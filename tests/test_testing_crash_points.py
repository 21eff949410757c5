"""Killing a script at every call of its store: everywhere, once each, and what is left is told from what should be left."""

from __future__ import annotations

from pathlib import Path

import crashed_scripts
import pytest
import worlds

from stabflow.errors import Corrupt
from stabflow.ports.store import CaseQuery, Clock, Store
from stabflow.testing import CrashFailed, CrashPoint, Left, MemoryHarness, SqliteHarness, crash_points
from stabflow.testing.expectation import HarnessBroken
from stabflow.testing.stores.material import act, head_of

pytestmark = pytest.mark.slow  # each run starts processes


def what_is_noted_is_there(left: Left) -> None:
    """And begun again, the script does what it had not done, and nothing twice."""
    cases = [row.case_id for row in left.store.find_cases(CaseQuery()).rows]
    assert not left.notes or left.notes[0] in cases
    again: list[object] = []
    crashed_scripts.keyed(left.store, again.append)
    assert again == ["small-bridge-1-1", "note-1", "note-2"]
    assert again[: len(left.notes)] == list(left.notes)


def test_a_script_is_killed_everywhere_and_loses_nothing() -> None:
    report = crash_points("crashed_scripts:keyed", what_is_noted_is_there, calls=["append", "lookup"], seconds=300)
    report.raise_for_failures()
    assert {"append", "lookup"} == set(report.calls)
    assert len(report.tried) == 2 * len(report.calls) > 12


def test_each_point_leaves_what_was_done_before_it() -> None:
    seen: dict[str, tuple[object, ...]] = {}

    def look(left: Left) -> None:
        (waiting,) = [len(left.store.waiting())]
        heads = [head_of(left.store, act(number).stream).version for number in range(2)]
        seen[str(left.point)] = (*heads, waiting, left.notes)

    report = crash_points("crashed_scripts:bare", look)
    report.raise_for_failures()
    assert report.calls == ("append", "append", "append", "claim", "ack")
    assert report.tried[:2] == (CrashPoint(1, "append", "before"), CrashPoint(1, "append", "after"))
    assert seen == {
        "None": (2, 3, 0, (2, 3, "come")),
        "killed before call 1, append": (0, 0, 0, ()),
        "killed after call 1, append": (2, 0, 0, ()),
        "killed before call 2, append": (2, 0, 0, (2,)),
        "killed after call 2, append": (2, 3, 0, (2,)),
        "killed before call 3, append": (2, 3, 0, (2, 3)),
        "killed after call 3, append": (2, 3, 1, (2, 3)),
        "killed before call 4, claim": (2, 3, 1, (2, 3)),
        "killed after call 4, claim": (2, 3, 1, (2, 3)),
        "killed before call 5, ack": (2, 3, 1, (2, 3, "come")),
        "killed after call 5, ack": (2, 3, 0, (2, 3, "come")),
    }


def test_an_acknowledgement_that_came_too_early_is_found() -> None:
    def check(left: Left) -> None:
        assert head_of(left.store).version >= len(left.notes), "acknowledged, and lost"

    report = crash_points("crashed_scripts:careless", check)
    assert [point for point, _ in report.failures] == [CrashPoint(1, "append", "before")]
    with pytest.raises(
        CrashFailed, match=r"before call 1, append:\n  AssertionError: acknowledged, and lost"
    ) as failed:
        report.raise_for_failures()
    assert failed.value.report is report
    assert "killed at 2 of 2 points, 1 failure" in str(report)


def nothing(left: Left) -> None:
    pass


def test_what_does_not_go_the_same_way_each_time_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    report = crash_points("crashed_scripts:unsteady", nothing)
    with pytest.raises(CrashFailed, match="not make the same calls each time: to be killed before call 2, append"):
        report.raise_for_failures()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("stumbling", r"(?s)came to no end:.*RuntimeError: stumbled"),
        ("idle", "makes no call of its store"),
        ("endless", "the 3 seconds were over"),
    ],
)
def test_a_script_that_shows_nothing_fails(script: str, said: str) -> None:
    report = crash_points(f"crashed_scripts:{script}", nothing, seconds=3)
    with pytest.raises(CrashFailed, match=said):
        report.raise_for_failures()


def test_where_the_time_is_over_it_is_said_how_far_it_came() -> None:
    report = crash_points("crashed_scripts:keyed", nothing, seconds=2.5)
    assert len(report.tried) < 2 * len(report.calls) or not report.calls
    with pytest.raises(CrashFailed, match="seconds were over"):
        report.raise_for_failures()


def test_storages_do_not_stay_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    report = crash_points("crashed_scripts:bare", worlds.small)  # not callable so: fails at every point
    assert len(report.failures) == 11
    assert "… and 6 more" in str(report)
    assert list(tmp_path.iterdir()) == []


class Broken(SqliteHarness):
    """A storage that cannot be opened again where something is in it."""

    def open(self, config: str, clock: Clock) -> Store:
        if Path(config.removeprefix("sqlite:///")).exists():
            raise Corrupt("not a database")
        return super().open(config, clock)


def test_a_storage_that_cannot_be_opened_again_is_a_failure() -> None:
    report = crash_points("crashed_scripts:careless", nothing, harness=Broken)
    assert [point for point, _ in report.failures] == [None, CrashPoint(1, "append", "after")]


class NoChild(SqliteHarness):
    child = "no_such_module:open"


def test_what_cannot_be_run_is_refused() -> None:
    with pytest.raises(ValueError, match="script crashed_scripts:none cannot be called: AttributeError"):
        crash_points("crashed_scripts:none", nothing)
    with pytest.raises(HarnessBroken, match="no_such_module"):
        crash_points("crashed_scripts:bare", nothing, harness=NoChild)
    with pytest.raises(ValueError, match="no call fire"):
        crash_points("crashed_scripts:bare", nothing, calls=["fire"])
    with pytest.raises(ValueError, match="only where a harness has a child"):
        crash_points("crashed_scripts:bare", nothing, harness=MemoryHarness)


def test_without_forks_it_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\ndel os.fork\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delattr("os.fork")
    report = crash_points("crashed_scripts:careless", nothing)
    report.raise_for_failures()
    assert len(report.tried) == 2
