"""Several processes on one SQLite file, processes that are killed, and disks that are full or may not be written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crash.acts import STREAMS, act, expected, holdings, read_all
from crash.child import command, environment, start
from crash.hazards import two_libraries
from crash.room import small_disk
from crash.tally import NotTried

from stabflow.stores.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def killed_after(path: Path, already: int, lines: int) -> int:
    """Let a child append, kill it when it has acknowledged so many acts, and return how many it had by then."""
    with start("append", path, already) as child:
        assert child.stdout is not None
        acknowledged = already
        for _ in range(lines):
            assert json.loads(child.stdout.readline()) == acknowledged
            acknowledged += 1
        child.kill()
        acknowledged += len([line for line in child.stdout if line.endswith("\n")])
    return acknowledged


def kill_again_and_again(path: Path, rounds: list[int]) -> None:
    there = 0
    for lines in rounds:
        acknowledged = killed_after(path, there, lines)
        store = SqliteStore.open(path)
        known = expected(acknowledged + 1)
        found = holdings(store, range(acknowledged + 1))
        assert found in known[acknowledged:], f"{acknowledged} were acknowledged"
        there = known.index(found)
        store.close()


def test_a_killed_process_loses_nothing_acknowledged(path: Path) -> None:
    kill_again_and_again(path, [1, 2, 40])


@pytest.mark.slow
def test_a_process_killed_again_and_again_loses_nothing_acknowledged(path: Path) -> None:
    kill_again_and_again(path, [1, 2, 3, 5, 8, 13, 21, 34, 55, 89] * 2)


@pytest.mark.parametrize("there", [False, True], ids=["new", "there"])
def test_two_processes_race_on_one_stream(path: Path, there: bool) -> None:
    if there:
        store = SqliteStore.open(path)
        store.append(act(0))
        store.close()
    wins = 60
    children = {name: start("race", path, name, wins) for name in ("one", "two")}
    told: dict[str, dict[str, Any]] = {}
    for child in children.values():
        assert child.stdout is not None
        assert json.loads(child.stdout.readline()) == "ready"
    for child in children.values():
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for name, child in children.items():
        told[name] = json.loads(child.communicate(timeout=120)[0])
        assert child.returncode == 0
    store = SqliteStore.open(path)
    records = read_all(store, STREAMS[0])
    store.close()
    won = sorted(version for result in told.values() for version in result["won"])
    assert won == list(range(1 + there, won[-1] + 1))
    assert [record.version for record in records] == list(range(1, won[-1] + 1))
    for name, result in told.items():
        assert len(result["won"]) >= wins
        for version in result["won"]:
            assert records[version - 1].payload == f"{name} {version}".encode()
    assert sum(result["lost"] for result in told.values()) > 0
    assert list(path.parent.iterdir()) == [path]


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every account can look into, as a test's own cannot be when the administrator runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="stabflow-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def make(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    store = SqliteStore.open(path)
    for number in range(6):
        store.append(act(number))
    store.close()
    return path


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no such rights")
def test_what_may_not_be_written_or_read_is_told(public: Path) -> None:
    readable = make(public / "open" / "read-only.db")
    unreadable = make(public / "open" / "unreadable.db")
    closed = make(public / "closed" / "store.db")
    readable.chmod(0o444)
    unreadable.chmod(0o000)
    readable.parent.chmod(0o777)
    closed.chmod(0o444)
    closed.parent.chmod(0o555)
    paths = [readable, unreadable, closed, closed.with_name("new.db")]
    before = [file.name for folder in (readable.parent, closed.parent) for file in sorted(folder.iterdir())]
    content = {file: file.read_bytes() for file in (readable, closed)}
    done = subprocess.run(
        command("without-rights", *paths), env=environment(), check=True, capture_output=True, text=True, timeout=120
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told[0] == {
        "open": "ok",
        "read": 2,
        "error": f"StoreUnavailable: {readable} is read-only: give this account the right to write the file and its folder",
    }
    assert ["open" in found for found in told] == [True, False, False, True]
    assert told[1]["error"].startswith(f"StoreUnavailable: {unreadable} cannot be opened: this account needs the right")
    assert told[2]["error"].startswith(f"StoreUnavailable: {closed} is read-only: give this account the right")
    assert told[3]["error"].startswith(f"StoreUnavailable: {paths[3]} cannot be opened: this account needs the right")
    closed.parent.chmod(0o755)
    assert {file: file.read_bytes() for file in (readable, closed)} == content
    after = [file.name for folder in (readable.parent, closed.parent) for file in sorted(folder.iterdir())]
    assert [name for name in after if not name.endswith(("-wal", "-shm"))] == before


@pytest.mark.parametrize("room", [16_384, 400_000], ids=["for nothing", "for some acts"])
def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path, room: int) -> None:
    mount = small_disk(tmp_path, 8_000_000)
    if isinstance(mount, NotTried):
        pytest.skip(f"only locally, NOT TRIED HERE: {mount.reason}")
    line = [*mount, *command("fill", tmp_path, room)]
    done = subprocess.run(line, env=environment(), check=True, capture_output=True, text=True, timeout=120)
    *errors, end = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(errors) == 2
    for error in errors:
        assert error["error"] == (
            f"StoreUnavailable: {tmp_path / 'store.db'} is on a full disk:"
            " free some space, then try again; nothing was stored"
        )
        assert error["whole"]
        if room == 16_384:
            assert error["written"] == 0
            assert error["there"] == ["ballast"]
        else:
            assert error["written"] > 1
    assert end == {"written": 60, "whole": True}


def test_the_hazard_of_another_sqlite_in_the_same_process(tmp_path: Path) -> None:
    """Why no test, tool or host may open the file with the standard library while the store has it open."""
    tally = two_libraries(tmp_path)
    assert tally.acts == 6
    if tally.clean:
        pytest.skip("the standard library's SQLite does no harm on this system")
    assert tally.examples == ["6 were acknowledged, 3 are there"]
