"""The power fails, or the process dies, at every point of a run of appends: nothing acknowledged is lost, nothing is halved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw
import pytest
from crash.acts import act, expected
from crash.disk import Choice, Disk, Names, Op, nothing, survivors, torn
from crash.ends import ALL_ENDS, NAME, after_the_cut

from stabflow.ports.store import IndexChange
from stabflow.stores import sqlite_file, sqlite_rows
from stabflow.stores.sqlite import SqliteStore

TWO_ENDS: list[tuple[Names, Choice]] = [("synced", nothing), ("all", torn(1))]


def run(folder: Path, count: int, *, synchronous: str = "full", checkpoint_every: int = 0) -> list[Op]:
    """The log of so many acts, each marked when it was acknowledged."""
    folder.mkdir()
    disk = Disk()
    with disk.watching_names():
        store = SqliteStore.open(folder / NAME, vfs=disk.name, synchronous=synchronous)
        for number in range(count):
            store.append(act(number))
            disk.mark(number)
            if number == 1 and checkpoint_every:
                assert store._connection.cursor is not None
                store._connection.cursor.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_every}")
        store.close()
    return disk.log


def losses(
    log: Sequence[Op], ends: Sequence[tuple[Names, Choice]], scratch: Path, *, count: int, points: range | None = None
) -> Iterator[str]:
    """Every point and end at which an acknowledged act is gone, or something other than whole acts is found."""
    known = expected(count)
    for point in points or range(len(log) + 1):
        acknowledged = sum(op.kind == "mark" for op in log[:point])
        for number, (names, choice) in enumerate(ends):
            found = after_the_cut(survivors(log[:point], choice, names=names), scratch, count)
            if found not in known[acknowledged : acknowledged + 2]:
                yield f"point {point} of {len(log)}, end {number}: {acknowledged} were acknowledged, {_told(found, known)}"


def _told(found: object, known: list[dict[str, object]]) -> str:
    return f"{known.index(found)} are there" if found in known else f"found {found}"


def test_the_power_may_fail_at_any_point_of_some_appends(tmp_path: Path) -> None:
    log = run(tmp_path / "run", 4)
    assert list(losses(log, TWO_ENDS, tmp_path / "cut", count=4)) == []


@pytest.mark.slow
def test_the_injector_works_normal_synchronisation_loses_acts(tmp_path: Path) -> None:
    log = run(tmp_path / "run", 4, synchronous="normal")
    marks = [point for point, op in enumerate(log, 1) if op.kind == "mark"]
    lost = list(losses(log, TWO_ENDS[:1], tmp_path / "cut", count=4, points=range(marks[0], marks[-1] + 1)))
    assert lost
    assert any("3 were acknowledged, 1 are there" in loss for loss in lost), lost


@pytest.mark.slow
def test_the_injector_works_an_index_written_later_is_seen_to_lag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_index = sqlite_rows._change_index

    def later(cursor: apsw.Cursor, change: IndexChange) -> None:
        cursor.execute("COMMIT")
        cursor.execute("BEGIN IMMEDIATE")
        change_index(cursor, change)

    monkeypatch.setattr(sqlite_rows, "_change_index", later)
    log = run(tmp_path / "run", 3)
    halved = list(losses(log, TWO_ENDS[:1], tmp_path / "cut", count=3))
    assert any("found {'records'" in loss for loss in halved), halved


@pytest.mark.slow
def test_the_injector_works_an_unsynced_folder_loses_the_first_act(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "_sync_folder", lambda folder: None)
    disk = Disk()
    store = SqliteStore.open(tmp_path / NAME, vfs=disk.name)
    link = sqlite_file._link

    def watched(draft: Path, path: Path) -> None:
        disk.note(Op("link", draft.name, data=path.name.encode()))
        link(draft, path)

    monkeypatch.setattr(sqlite_file, "_link", watched)
    store.append(act(0))
    disk.mark(0)
    store.close()
    lost = list(
        losses(disk.log, TWO_ENDS[:1], tmp_path / "cut", count=1, points=range(len(disk.log), len(disk.log) + 1))
    )
    assert lost == [f"point {len(disk.log)} of {len(disk.log)}, end 0: 1 were acknowledged, 0 are there"]


@pytest.mark.slow
@pytest.mark.parametrize("checkpoint_every", [0, 8])
def test_the_power_may_fail_at_any_point_of_many_appends(tmp_path: Path, checkpoint_every: int) -> None:
    log = run(tmp_path / "run", 12, checkpoint_every=checkpoint_every)
    checkpoints = [op for op in log if op.kind == "sync" and op.name == NAME]
    assert len(checkpoints) > 4 if checkpoint_every else len(checkpoints) == 1
    assert list(losses(log, ALL_ENDS, tmp_path / "cut", count=12)) == []


@pytest.mark.slow
def test_normal_synchronisation_loses_acts_at_most_points(tmp_path: Path) -> None:
    log = run(tmp_path / "run", 12, synchronous="normal")
    lost = list(losses(log, ALL_ENDS, tmp_path / "cut", count=12))
    assert len({loss.partition(",")[0] for loss in lost}) > len(log) / 4
