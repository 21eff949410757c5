"""SQLite files: a store with something in it, the database without the store, and a folder to the byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw

from stabflow.stores.sqlite import SqliteStore

from .acts import act


@contextmanager
def opened(path: Path, **options: Any) -> Iterator[SqliteStore]:
    with closing(SqliteStore.open(path, **options)) as store:
        yield store


@contextmanager
def raw(path: Path) -> Iterator[apsw.Connection]:
    """The database without the store; through apsw, because another SQLite in this process would drop our locks."""
    with closing(apsw.Connection(str(path))) as connection:
        yield connection


def unsound(path: Path) -> str:
    """What SQLite finds wrong in the database, if anything."""
    with raw(path) as connection:
        found = str(connection.pragma("integrity_check"))
    return "" if found == "ok" else found


@contextmanager
def each_connection(do: Callable[[apsw.Connection], None]) -> Iterator[None]:
    """Do something with every connection that is made meanwhile, whoever makes it."""
    apsw.connection_hooks.append(do)
    try:
        yield
    finally:
        apsw.connection_hooks.remove(do)


def filled(path: Path, count: int = 6) -> Path:
    with opened(path) as store:
        for number in range(count):
            store.append(act(number))
    return path


def everything(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}
