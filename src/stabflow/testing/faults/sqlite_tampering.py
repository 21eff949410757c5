"""Tampering with a SQLite file: by apsw, since the file must not be opened by another library in a process that has it open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import attrs

from ...ports.store import AppendResult, CaseRow, DutyRow, Snapshot, StoredRecord
from ...stores.sqlite import SqliteStore
from ...stores.sqlite_schema import SCHEMA
from .tampering import Tampering

_TRIGGERS = {name: sql for name, sql in SCHEMA.items() if sql.startswith("CREATE TRIGGER")}


class SqliteTampering(Tampering):
    """In the file of a SQLite store: the triggers that guard it are taken away, and put back as they were. ``closing``: the store
    goes with it."""

    def __init__(self, store: SqliteStore, *, closing: bool = False) -> None:
        super().__init__(store)
        self._closing = closing
        self._connection = apsw.Connection(str(store._file.path), apsw.SQLITE_OPEN_READWRITE)
        self._connection.set_busy_timeout(10_000)

    def put_records(self, stream: str, records: Sequence[StoredRecord]) -> None:
        """See `Tampering.put_records`."""
        rows = [attrs.astuple(one) for one in records]
        add = "INSERT INTO records (position, stream, version, tag, header, payload, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
        self._do(("DELETE FROM records WHERE stream = ?", [(stream,)]), (add, rows))

    def put_case(self, case_id: str, row: CaseRow | None) -> None:
        """See `Tampering.put_case`."""
        self._replace("cases", "case_id", case_id, [] if row is None else [attrs.asdict(row)])

    def put_duties(self, case_id: str, rows: Sequence[DutyRow]) -> None:
        """See `Tampering.put_duties`."""
        found = [attrs.asdict(row, filter=attrs.filters.exclude("due_at")) | {"due": row.due_at or "~"} for row in rows]
        self._replace("duties", "case_id", case_id, found)

    def put_key(self, stream: str, key: str, kept: tuple[str, AppendResult] | None) -> None:
        """See `Tampering.put_key`."""
        rows = [] if kept is None else [(stream, key, kept[0], kept[1].first_version, kept[1].last_version)]
        forget = ("DELETE FROM keys WHERE stream = ? AND key = ?", [(stream, key)])
        self._do(forget, ("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", rows))

    def put_snapshot(self, snapshot: Snapshot) -> None:
        """See `Tampering.put_snapshot`."""
        self._replace("snapshots", "stream", snapshot.stream, [attrs.asdict(snapshot)])

    def close(self) -> None:
        """Close the connection, and the store where it was opened for this."""
        self._connection.close()
        if self._closing:
            self._store.close()

    def _replace(self, table: str, column: str, of: str, rows: Sequence[dict[str, Any]]) -> None:
        statements: list[tuple[str, Iterable[Sequence[Any]]]] = [(f"DELETE FROM {table} WHERE {column} = ?", [(of,)])]
        for row in rows:
            columns, places = ", ".join(row), ", ".join("?" * len(row))
            statements.append((f"INSERT INTO {table} ({columns}) VALUES ({places})", [tuple(row.values())]))
        self._do(*statements)

    def _do(self, *statements: tuple[str, Iterable[Sequence[Any]]]) -> None:
        with self._connection:
            for name in _TRIGGERS:
                self._connection.execute(f"DROP TRIGGER {name}")
            for statement, rows in statements:
                self._connection.executemany(statement, rows)
            for trigger in _TRIGGERS.values():
                self._connection.execute(trigger)
