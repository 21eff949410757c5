"""An upgrade of the schema that is done in pieces: what the test of the right one would see (C14)."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from crash.acts import expected, holdings
from crash.earlier import lay_down
from crash.files import opened

from stabflow.errors import StoreError
from stabflow.stores import sqlite_schema

Upgrade = Callable[[apsw.Cursor], None]
*EARLIER, LATEST = sorted(sqlite_schema.UPGRADES)
SIX_ACTS = expected(6)[6]


def in_pieces(cursor: apsw.Cursor) -> None:
    """Each statement is a transaction of its own."""
    for statement in sqlite_schema.UPGRADES[cursor.connection.pragma("user_version")]:
        cursor.execute(statement)
    sqlite_schema.mark(cursor)


def marked_first(cursor: apsw.Cursor) -> None:
    """The new version is written before the tables are made, so that nobody goes on with what was broken off."""
    statements = sqlite_schema.UPGRADES[cursor.connection.pragma("user_version")]
    sqlite_schema.mark(cursor)
    for statement in statements:
        cursor.execute(statement)


def marked_afterwards(cursor: apsw.Cursor) -> None:
    """The tables are made in one transaction, and the version is written in another."""
    statements = sqlite_schema.UPGRADES[cursor.connection.pragma("user_version")]
    cursor.execute("BEGIN IMMEDIATE")
    for statement in statements:
        cursor.execute(statement)
    cursor.execute("COMMIT")
    sqlite_schema.mark(cursor)


def broken_off(folder: Path, version: int, upgrade: Upgrade) -> Iterator[tuple[int, str]]:
    """After how many statements the process died, and what the store said of what it found then; nothing if all was well."""
    lay_down(folder / "earlier.db", version)
    for last in itertools.count(1):
        path = folder / f"after-{last}.db"
        shutil.copy(folder / "earlier.db", path)
        connection = apsw.Connection(str(path))
        done = itertools.count()

        def trace(cursor: apsw.Cursor, sql: str, bindings: Any, done: Any = done, last: int = last) -> bool:
            return bool(next(done) < last)

        connection.exec_trace = trace
        try:
            upgrade(connection.cursor())
        except apsw.ExecTraceAbort:
            pass
        else:
            return
        finally:
            connection.exec_trace = None
            connection.close()  # rolls back what was not committed, as the next process does with what a dead one left
        try:
            with opened(path) as store:
                if (found := holdings(store, range(6))) != SIX_ACTS:
                    yield last, f"it holds {found}"
        except (StoreError, apsw.Error) as error:
            yield last, f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("version", [*(pytest.param(n, marks=pytest.mark.slow) for n in EARLIER), LATEST])
def test_after_any_statement_the_earlier_version_still_works(tmp_path: Path, version: int) -> None:
    assert list(broken_off(tmp_path, version, sqlite_schema.upgrade)) == []
    assert len(list(tmp_path.glob("after-*.db"))) > len(sqlite_schema.UPGRADES[version])


@pytest.mark.parametrize("upgrade", [in_pieces, marked_first, marked_afterwards])
def test_an_upgrade_in_pieces_is_seen(tmp_path: Path, upgrade: Upgrade) -> None:
    found = list(broken_off(tmp_path, LATEST, upgrade))
    assert found, upgrade.__doc__
