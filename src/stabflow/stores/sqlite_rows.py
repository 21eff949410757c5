"""The statements of the SQLite store: what an append writes, and how streams, keys and the index are asked.

The case row is written narrowly, because SQLite writes an index anew for every column that an UPDATE names, changed or not:
twelve pages instead of six for an act that leaves the state as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import apsw
import attrs

from ..ports import store_rules as rules
from ..ports.store import AppendBatch, CaseQuery, CaseRow, DutyQuery, DutyRow, IndexChange, StreamHead
from . import sqlite_outbox

_RECORDS = "SELECT position, stream, version, tag, header, payload, hash FROM records"
READ_STREAM = f"{_RECORDS} WHERE stream = ? AND version > ? ORDER BY version LIMIT ?"
READ_FEED = f"{_RECORDS} WHERE position > ? ORDER BY position LIMIT ?"
HASH_AT = "SELECT hash FROM records WHERE position = ?"
SNAPSHOT = "SELECT stream, version, data FROM snapshots WHERE stream = ?"
LOOKUP = "SELECT digest, first_version, last_version FROM keys WHERE stream = ? AND key = ?"
HEAD = "SELECT version, hash FROM records WHERE stream = ? ORDER BY version DESC LIMIT 1"

_ADD_KEY = "INSERT INTO keys VALUES (?, ?, ?, ?, ?)"
_ADD_RECORD = "INSERT INTO records (stream, version, tag, header, payload, hash) VALUES (?, ?, ?, ?, ?, ?)"
_PUT_SNAPSHOT = (
    "INSERT INTO snapshots VALUES (?, ?, ?) ON CONFLICT (stream) DO UPDATE SET version = excluded.version, data = excluded.data"
    " WHERE version < excluded.version"
)
_CLEAR_DUTY = "DELETE FROM duties WHERE case_id = ? AND duty = ?"
_PUT_DUTY = "INSERT OR REPLACE INTO duties VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_CASE_COLUMNS = tuple(field.name for field in attrs.fields(CaseRow))
_PLAIN = tuple(name for name in _CASE_COLUMNS if name not in {"case_id", *rules.CASE_FILTERS})
_SET_PLAIN = ", ".join(f"{name} = ?" for name in _PLAIN)
_ADD_CASE = f"INSERT INTO cases ({', '.join(_CASE_COLUMNS)}) VALUES ({', '.join('?' * len(_CASE_COLUMNS))})"
_FILTERS_OF_CASE = f"SELECT {', '.join(rules.CASE_FILTERS)} FROM cases WHERE case_id = ?"
_KEEP_FILTERS = (
    f"UPDATE cases SET {_SET_PLAIN} WHERE case_id = ? AND {' AND '.join(f'{name} = ?' for name in rules.CASE_FILTERS)}"
)

_all_of = attrgetter(*_CASE_COLUMNS)
_plain_of = attrgetter(*_PLAIN)
_filters_of = attrgetter(*rules.CASE_FILTERS)

_AT_ONCE = 16
"""So many heads are compared by one statement; most acts rely on two."""

_DUTY_ORDER = "due, case_id, duty, role, body, actor"
_FIND_DUTIES = "SELECT case_id, procedure, duty, state, role, body, actor, level, due, estimated, breached FROM duties"


def ask(cursor: apsw.Cursor, statement: str, bindings: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows that answer the statement."""
    return cursor.execute(statement, bindings).fetchall()


def write(cursor: apsw.Cursor, batch: AppendBatch, now: int) -> None:
    """Write the whole batch within the transaction of ``cursor``."""
    write_key(cursor, batch)
    write_records(cursor, batch, now)


def write_key(cursor: apsw.Cursor, batch: AppendBatch) -> None:
    """Write the key, if there is one; `apsw.ConstraintError` when it is there already."""
    if batch.key is not None:
        first, last = batch.expected_version + 1, batch.expected_version + len(batch.records)
        cursor.execute(_ADD_KEY, (batch.stream, batch.key, batch.digest, first, last))


def head(cursor: apsw.Cursor, stream: str) -> StreamHead:
    """Where ``stream`` ends."""
    rows = ask(cursor, HEAD, (stream,))
    return StreamHead(stream, *rows[0]) if rows else StreamHead(stream, 0, b"")


@functools.cache
def _are_heads(count: int) -> str:
    """Asks for the record at each head and for the one after it: two look-ups by key, which the last of a stream is not."""
    return "SELECT " + " AND ".join(
        f"?{n + 2} >= 0 AND (SELECT hash FROM records WHERE stream = ?{n + 1} AND version = ?{n + 2}) IS ?{n + 3}"
        f" AND NOT EXISTS (SELECT 1 FROM records WHERE stream = ?{n + 1} AND version = ?{n + 2} + 1)"
        for n in range(0, 3 * count, 3)
    )


def are_heads(cursor: apsw.Cursor, heads: Sequence[StreamHead]) -> bool:
    """Whether every one of the streams ends where ``heads`` says; a stream that is not there has no end."""
    for start in range(0, len(heads), _AT_ONCE):
        bindings: list[str | int | bytes | None] = []
        for one in heads[start : start + _AT_ONCE]:
            bindings += (one.stream, one.version, one.hash if one.version or one.hash else None)
        if not cursor.execute(_are_heads(len(bindings) // 3), bindings).fetchall()[0][0]:
            return False
    return True


def write_records(cursor: apsw.Cursor, batch: AppendBatch, now: int) -> None:
    """Write the records, and what goes with them; notices may be claimed from ``now`` on. `apsw.ConstraintError` when the stream
    is not at the expected version, as far as there are records."""
    stream, version = batch.stream, batch.expected_version
    cursor.executemany(
        _ADD_RECORD,
        [(stream, n, new.tag, new.header, new.payload, new.hash) for n, new in enumerate(batch.records, version + 1)],
    )
    if batch.index is not None:
        _change_index(cursor, batch.index)
    if batch.snapshot is not None:
        cursor.execute(_PUT_SNAPSHOT, (stream, batch.snapshot.version, batch.snapshot.data))
    if batch.outbox:
        sqlite_outbox.add(cursor, batch.outbox, now)


def _change_index(cursor: apsw.Cursor, change: IndexChange) -> None:
    case_id = change.case.case_id
    _put_case(cursor, change.case)
    if change.cleared:
        cursor.executemany(_CLEAR_DUTY, [(case_id, duty) for duty in change.cleared])
    if change.duties:
        cursor.executemany(_PUT_DUTY, [_duty_values(row) for row in change.duties])


def _put_case(cursor: apsw.Cursor, row: CaseRow) -> None:
    plain, filters = _plain_of(row), _filters_of(row)
    cursor.execute(_KEEP_FILTERS, (*plain, row.case_id, *filters))
    if cursor.connection.changes():
        return
    before = cursor.execute(_FILTERS_OF_CASE, (row.case_id,)).fetchone()
    if before is None:
        cursor.execute(_ADD_CASE, _all_of(row))
        return
    changed = [(name, new) for name, old, new in zip(rules.CASE_FILTERS, before, filters, strict=True) if old != new]
    columns = "".join(f", {name} = ?" for name, _ in changed)
    statement = f"UPDATE cases SET {_SET_PLAIN}{columns} WHERE case_id = ?"
    cursor.execute(statement, (*plain, *(new for _, new in changed), row.case_id))


_SPARSE = {"outcome": "outcome <> ''", "level": "level > 0", "breached": "breached = 1"}
"""Which rows are in the index on a column, where not all are."""


_FEW, _MANY = 16, 512
"""A filter that leaves less than the former is good enough to search by; beyond the latter nobody counts."""


def _served(filters: Mapping[str, str | int]) -> list[str]:
    """The filters that an index serves."""
    return [name for name, value in filters.items() if value or name not in _SPARSE]


def _conditions(filters: Iterable[str], first: str | None) -> list[str]:
    """What the filters ask for; where the index of the ``first`` has not all rows, SQLite must see that it has what is asked."""
    return [*(f"{name} = ?" for name in filters), *([_SPARSE[first]] if first in _SPARSE else [])]


def narrowest(cursor: apsw.Cursor, query: CaseQuery | DutyQuery) -> str | None:
    """The filter that leaves the fewest rows, of those that an index serves; where several are given that is looked up, because
    everybody may act for one body, and everything be in one state."""
    filters, table = _filters_of_query(query)
    served = _served(filters)
    if len(served) < 2 or served[0] == "case_id":
        return served[0] if served else None
    found: dict[str, int] = {}
    for name in served:
        where = " AND ".join(_conditions([name], name))
        few = f"SELECT 1 FROM {table} INDEXED BY {table}_{name} WHERE {where} LIMIT {_MANY}"
        found[name] = ask(cursor, f"SELECT count(*) FROM ({few})", (filters[name],))[0][0]
        if found[name] < _FEW:
            return name
    return min(found, key=found.__getitem__)


def _filters_of_query(query: CaseQuery | DutyQuery) -> tuple[dict[str, str | int], str]:
    """The filters of a query that may be searched by, and the table."""
    if isinstance(query, CaseQuery):
        return rules.given(query, rules.CASE_FILTERS), "cases"
    filters = rules.given(query, rules.DUTY_FILTERS)
    filters.pop("procedure", None)  # which so many share that no index is kept for it
    return filters, "duties"


def find_cases(query: CaseQuery, by: str | None = None) -> tuple[str, list[Any]]:
    """The statement for one row more than the page, and its bindings; the index of the filter ``by`` is made to serve, or of the
    first that has one."""
    filters, _ = _filters_of_query(query)
    first = by or next(iter(_served(filters)), None)
    where = _conditions(filters, first)
    bindings: list[Any] = list(filters.values())
    if query.after is not None:
        where.append("case_id > ?")
        bindings.append(query.after)
    statement = f"SELECT {', '.join(_CASE_COLUMNS)} FROM cases"
    if first is not None:
        statement += f" INDEXED BY cases_{first}"
    return _page(statement, where, "case_id"), [*bindings, query.limit + 1]


def find_duties(query: DutyQuery, by: str | None = None) -> tuple[str, list[Any]]:
    """The statement for one row more than the page, and its bindings; the index of the filter ``by`` is made to serve, or of the
    first that has one."""
    filters, _ = _filters_of_query(query)
    first = by or next(iter(_served(filters)), None)
    where = _conditions(filters, first)
    bindings: list[Any] = list(filters.values())
    if query.procedure is not None:
        where.append("procedure = ?")
        bindings.append(query.procedure)
    if query.due_before is not None:
        where.append(f"due < ? AND due <> '{rules.OPEN_ENDED}'")
        bindings.append(query.due_before)
    after = rules.read_cursor(query.after)
    if after is not None:
        where.append(f"({_DUTY_ORDER}) > (?, ?, ?, ?, ?, ?)")
        bindings.extend(after)
    # The primary key serves a case's own duties, which are few enough to be put in order.
    index = "sqlite_autoindex_duties_1" if first == "case_id" else f"duties_{first or 'due'}"
    return _page(f"{_FIND_DUTIES} INDEXED BY {index}", where, _DUTY_ORDER), [*bindings, query.limit + 1]


def _page(statement: str, where: list[str], order: str) -> str:
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    return f"{statement}{condition} ORDER BY {order} LIMIT ?"


def _duty_values(row: DutyRow) -> tuple[str | int, ...]:
    due = row.due_at or rules.OPEN_ENDED
    return (
        row.case_id,
        row.procedure,
        row.duty,
        row.state,
        row.role,
        row.body,
        row.actor,
        row.level,
        due,
        int(row.estimated),
        int(row.breached),
    )


def duty_row(row: tuple[Any, ...]) -> DutyRow:
    """The value of a row that `find_duties` found."""
    case_id, procedure, duty, state, role, body, actor, level, due, estimated, breached = row
    due_at = "" if due == rules.OPEN_ENDED else due
    return DutyRow(case_id, procedure, duty, state, role, body, actor, level, due_at, bool(estimated), bool(breached))
