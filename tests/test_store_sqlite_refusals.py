"""What is wrong with a SQLite store's file is told by every call of the port, and what is there stays as it is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crash import calls
from crash.child import environment
from crash.files import everything, opened, raw
from crash.script import START, full_act

from stabflow.errors import ContractTooNew, FeedReset, LeaseLost, StoreError, StoreUnavailable
from stabflow.ports.store import CaseQuery, FeedPage
from stabflow.stores import sqlite_schema
from stabflow.stores.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def filled(path: Path) -> Path:
    """A store with records and snapshots in it, and notices: one claimed, one given up, others due."""
    with opened(path, clock=lambda: START) as store:
        for number in range(3):
            store.append(full_act(number))
        claimed, given_up = store.claim("worker", limit=2, lease_for=60.0)
        assert (claimed, given_up.notice) == (calls.A_CLAIM, calls.GIVEN_UP)
        store.release(given_up, retry_after=None, error="no answer")
    return path


def is_empty(path: Path) -> None:
    path.touch()


def is_a_text(path: Path) -> None:
    path.write_text("Dear diary, " * 1_000)


def is_foreign(path: Path) -> None:
    with raw(path) as connection:
        connection.execute("CREATE TABLE outbox (notice, lane, payload)")


def is_newer(path: Path) -> None:
    filled(path)
    with raw(path) as connection:
        connection.execute("ALTER TABLE outbox ADD COLUMN more TEXT")
        connection.pragma("user_version", sqlite_schema.SCHEMA_VERSION + 1)


def left_its_log_behind(path: Path) -> None:
    Path(f"{path}-wal").write_bytes(b"records of a database that somebody deleted")


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (is_empty, StoreUnavailable, "is an empty file"),
        (is_a_text, StoreUnavailable, "is not a SQLite database: give another path"),
        (is_foreign, StoreUnavailable, "is a database of another application: give another path"),
        (is_newer, ContractTooNew, "upgrade stabflow; the file is untouched"),
        (left_its_log_behind, StoreUnavailable, "is gone, but store.db-wal is still there"),
    ],
)
@pytest.mark.parametrize("name", calls.ALL)
def test_what_is_not_ours_is_refused_by_every_call(
    path: Path, make: Callable[[Path], None], error: type[StoreError], words: str, name: str
) -> None:
    with opened(path) as store:  # while there is nothing yet
        make(path)
        before = everything(path.parent)
        for _ in range(2):
            with pytest.raises(error, match=words) as caught:
                calls.ALL[name](store)
            assert str(path) in str(caught.value)
    assert everything(path.parent) == before


def test_where_there_is_no_file_yet_there_is_nothing_and_none_is_made(path: Path) -> None:
    with opened(path) as store:
        assert store.read_feed(after=None) == FeedPage((), None)
        assert store.get_snapshot("case/bridge-1") is None
        assert list(store.dead_letters()) == []
        assert list(store.claim("worker", limit=10, lease_for=60.0)) == []
        assert store.revive(1) is False
        for late in ("ack", "release"):
            with pytest.raises(LeaseLost):
                calls.ALL[late](store)
        with pytest.raises(FeedReset):
            store.read_feed(after=a_cursor(path.with_name("other.db")))
    assert [file.name for file in path.parent.iterdir()] == ["other.db"]


def a_cursor(path: Path) -> str:
    with opened(filled(path)) as store:
        cursor = store.read_feed(after=None).cursor
        assert cursor is not None
        return cursor


@pytest.mark.parametrize("name", calls.ALL)
def test_a_missing_folder_is_told_by_every_call(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with opened(folder / "store.db") as store:
        folder.rmdir()
        with pytest.raises(StoreUnavailable, match="make the folder"):
            calls.ALL[name](store)
    assert not folder.exists()


@pytest.mark.parametrize("name", calls.ALL)
@pytest.mark.parametrize("what", ["moved", "deleted", "replaced"])
def test_a_file_that_is_another_one_now_is_told_by_every_call(path: Path, name: str, what: str) -> None:
    """The handle has both its connections."""
    with opened(filled(path), clock=lambda: START) as store:
        assert len(store.claim("worker", limit=1, lease_for=60.0)) == 1
        assert store.find_cases(CaseQuery()).rows
        shutil.move(path, path.with_name("moved.db"))
        if what == "deleted":
            path.with_name("moved.db").unlink()
        elif what == "replaced":
            shutil.copy(path.with_name("moved.db"), path)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="no longer the file that was opened"):
                calls.ALL[name](store)


@pytest.mark.parametrize("name", calls.ALL)
def test_a_closed_handle_says_so_in_every_call(path: Path, name: str) -> None:
    store = SqliteStore.open(filled(path))
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="was closed; open it again"):
        calls.ALL[name](store)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every account can look into, as a test's own cannot be when the administrator runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="stabflow-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no such rights")
def test_what_may_only_be_read_is_read_and_nothing_else(public: Path) -> None:
    readable, closed = public / "open" / "store.db", public / "closed" / "store.db"
    for path in (readable, closed):
        path.parent.mkdir()
        filled(path).chmod(0o444)
    readable.parent.chmod(0o777)
    closed.parent.chmod(0o555)
    nothing_yet = closed.with_name("new.db")
    content = {path: path.read_bytes() for path in (readable, closed)}
    line = [sys.executable, "-m", "crash.calls", str(readable), str(closed), str(nothing_yet)]
    done = subprocess.run(line, env=environment(), check=True, stdout=subprocess.PIPE, text=True, timeout=120)
    of_readable, of_closed, of_nothing = [json.loads(line) for line in done.stdout.splitlines()]
    # A key that is found may be acknowledged only once it is certainly on disk, which takes the right to write.
    assert re.match("StoreUnavailable: .*read-only: give this account the right", of_readable.pop("lookup"))
    assert {name: told for name, told in of_readable.items() if name in calls.READING} == dict.fromkeys(
        {*calls.READING} - {"lookup"}, "ok"
    )
    refused = f"StoreUnavailable: {readable} is read-only: give this account the right to write the file and its folder"
    assert {name: of_readable[name] for name in calls.WRITING} == dict.fromkeys(calls.WRITING, refused)
    assert list(of_closed) == ["open"]
    assert of_closed["open"].startswith(f"StoreUnavailable: {closed} is read-only: give this account the right")
    assert of_nothing["append"].startswith(f"StoreUnavailable: {nothing_yet} cannot be opened: this account needs")
    assert {name: of_nothing[name] for name in ("claim", "read_feed", "revive")} == {
        "claim": "ok",
        "read_feed": "ok",
        "revive": "ok",
    }
    closed.parent.chmod(0o755)
    assert {path: path.read_bytes() for path in (readable, closed)} == content
    with opened(readable, clock=lambda: START) as store:
        assert [one.version for one in store.heads(["case/bridge-1"])] == [1]
        assert [one.payload for one in store.claim("worker", limit=10, lease_for=60.0)] == [
            b"lane-1 of 1",
            b"lane-0 of 2",
        ]
        store.ack(calls.A_CLAIM)
        assert [one.notice for one in store.dead_letters()] == [calls.GIVEN_UP]


def test_the_calls_are_those_of_the_port() -> None:
    from stabflow.ports.store import Store

    port = {name for name, value in vars(Store).items() if callable(value) and not name.startswith("_")}
    assert port == {*calls.ALL, "close", "about", "observe", "join"}
