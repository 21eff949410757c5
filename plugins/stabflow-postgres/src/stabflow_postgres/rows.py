"""What goes to the database and what comes from it: batches as parameters, rows as values.

PostgreSQL keeps no NUL in a text. So NUL and SOH are written as SOH SOH and SOH STX, which keeps texts apart and in order; other
texts stand as they are. Lists of texts go as array literals written here, which costs less than having the driver do it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

from stabflow.errors import IdempotencyMismatch, VersionConflict
from stabflow.ports import store_rules as rules
from stabflow.ports.store import (
    AppendBatch,
    AppendResult,
    CaseQuery,
    CaseRow,
    DutyQuery,
    DutyRow,
    StoredRecord,
    StreamHead,
)

from . import functions
from . import schema as schemas

Parameters = tuple[str | bytes | None, ...]

_SOH = "\x01"
_ESCAPED = re.compile("\x01(.)", re.DOTALL)
_SPECIAL = re.compile(r"[\x00\x01\\]")
_PLAIN = {"\x01": "\x00", "\x02": "\x01"}


def put(text: str) -> str:
    """The text as the database keeps it."""
    if "\x00" in text or _SOH in text:
        return text.replace(_SOH, "\x01\x02").replace("\x00", "\x01\x01")
    return text


def get(text: str) -> str:
    """The text that was `put`."""
    return _ESCAPED.sub(lambda found: _PLAIN[found[1]], text) if _SOH in text else text


def texts(values: Iterable[str]) -> str:
    """An array literal of texts."""
    given = list(values)
    plain = '","'.join(given)
    if given and not _SPECIAL.search(plain) and plain.count('"') == 2 * len(given) - 2:
        return f'{{"{plain}"}}'
    return "{" + ",".join([_element(value) for value in given]) + "}"


def _element(value: str) -> str:
    value = put(value)
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def numbers(values: Iterable[int]) -> str:
    """An array literal of numbers."""
    return "{" + ",".join(map(str, values)) + "}"


def blobs(values: Iterable[bytes]) -> str:
    """An array literal of bytes."""
    return "{" + ",".join([f'"\\\\x{bytes(value).hex()}"' for value in values]) + "}"


@lru_cache(4096)
def stream_lock(schema: str, stream: str) -> int:
    """The number of the lock that stands for a stream."""
    return schemas.lock_number(schema, "stream", stream)


@lru_cache(4096)
def lane_lock(schema: str, lane: str) -> int:
    """The number of the lock that stands for a lane."""
    return schemas.lock_number(schema, "lane", lane)


_PARAMETERS = 25

_HEADS_AT_ONCE = 16
"""So many heads are compared by one statement; most acts rely on two."""


def append_statement(schema: str, *, numbered: bool = False) -> str:
    """The statement that appends, its parameters written ``%s``, or ``$1`` …; see `append_parameters`."""
    parameters = [f"${n}" if numbered else "%s" for n in range(1, _PARAMETERS + 1)]
    return f"SELECT {schemas.quoted(schema)}.append({', '.join(parameters)})"


@lru_cache(256)
def are_heads_statement(schema: str, count: int) -> str:
    """Asks whether so many streams end where it is said; see `are_heads_parameters`."""
    return "SELECT " + " AND ".join(
        functions.is_head(f"${n}", f"${n + 1}", f"${n + 2}::bytea", schemas.quoted(schema))
        for n in range(1, 3 * count, 3)
    )


def are_heads_parameters(heads: Sequence[StreamHead]) -> Iterator[Parameters]:
    """The parameters for `are_heads_statement`, for so many heads at a time as one statement takes."""
    for start in range(0, len(heads), _HEADS_AT_ONCE):
        found: list[str | bytes | None] = []
        for one in heads[start : start + _HEADS_AT_ONCE]:
            found += _head_values(one)
        yield tuple(found)


def _head_values(head: StreamHead) -> tuple[str, str, bytes | None]:
    return put(head.stream), str(head.version), bytes(head.hash) if head.version or head.hash else None


def _relied_on(batch: AppendBatch) -> tuple[StreamHead | None, StreamHead | None, list[StreamHead]]:
    """The batch's own head, as far as it is where the batch goes on, and one other, which are all that most acts rely on; and the
    rest."""
    own, others = None, []
    for head in batch.relies_on:
        if own is None and head.version and head.version == batch.expected_version and head.stream == batch.stream:
            own = head
        else:
            others.append(head)
    return own, others[0] if others else None, others[1:]


def append_parameters(schema: str, identity: str, batch: AppendBatch, now: int | None) -> Parameters:
    """The parameters of an append to the tables ``identity``; its notices may be claimed from ``now`` on. All but bytes go as
    texts, so that the statement is prepared once."""
    modes = {stream_lock(schema, head.stream): "s" for head in batch.relies_on}
    modes |= {lane_lock(schema, notice.lane): "x" for notice in batch.outbox}
    modes[stream_lock(schema, batch.stream)] = "x"
    locks = sorted(modes)
    body = b"".join([part for one in batch.records for part in (one.header, one.payload, one.hash)])
    at = accumulate([len(part) for one in batch.records for part in (one.header, one.payload, one.hash)], initial=1)
    own, other, rest = _relied_on(batch)
    index, snapshot, outbox = batch.index, batch.snapshot, batch.outbox
    cleared = index.cleared if index is not None else ()
    duties = index.duties if index is not None else ()
    return (
        numbers(locks),
        "".join([modes[lock] for lock in locks]),
        identity,
        put(batch.stream),
        str(batch.expected_version),
        None if own is None else bytes(own.hash),
        None if batch.key is None else put(batch.key),
        None if batch.digest is None else put(batch.digest),
        *((None, None, None) if other is None else _head_values(other)),
        texts([head.stream for head in rest]) if rest else None,
        numbers([head.version for head in rest]) if rest else None,
        blobs([head.hash for head in rest]) if rest else None,
        texts([one.tag for one in batch.records]),
        numbers(at),
        body,
        None if index is None else texts(_case_values(index.case)),
        texts(cleared) if cleared else None,
        texts([value for row in duties for value in _duty_values(row)]) if duties else None,
        None if snapshot is None else str(snapshot.version),
        None if snapshot is None else bytes(snapshot.data),
        texts([one.lane for one in outbox]) if outbox else None,
        blobs([one.payload for one in outbox]) if outbox else None,
        None if now is None else str(now),
    )


def read_answer(text: bytes) -> list[int]:
    """The numbers that an append answers, from their text."""
    return [int(number) for number in text[1:-1].split(b",")]


def result_of(batch: AppendBatch, answer: Sequence[int]) -> AppendResult | None:
    """What the answer of an append means; ``None`` when another epoch has begun. Raises what the batch is refused for."""
    outcome = answer[0]
    if outcome == functions.WRITTEN:
        return AppendResult(batch.expected_version + 1, batch.expected_version + len(batch.records))
    if outcome == functions.REPLAYED:
        return AppendResult(answer[1], answer[2], replayed=True)
    if outcome == functions.MISMATCH:
        raise IdempotencyMismatch(batch.stream, str(batch.key))
    if outcome == functions.CONFLICT:
        _, number, actual = answer
        own, other, rest = _relied_on(batch)
        head = (None, own, other, *rest)[number]
        stream, expected = (batch.stream, batch.expected_version) if head is None else (head.stream, head.version)
        raise VersionConflict(stream, expected, actual)
    return None


def _case_values(row: CaseRow) -> tuple[str, ...]:
    return (
        row.case_id, row.matter, row.title, row.procedure, row.procedure_version, row.digest, row.state, row.step,
        row.outcome, row.body, str(row.round), str(row.version), row.opened_at, row.updated_at,
    )  # fmt: skip


def _duty_values(row: DutyRow) -> tuple[str, ...]:
    return (
        row.procedure, row.duty, row.state, row.role, row.body, row.actor, str(row.level), row.due_at or rules.OPEN_ENDED,
        "t" if row.estimated else "f", "t" if row.breached else "f",
    )  # fmt: skip


RECORD = "position, stream, version, tag, header, payload, hash"


def record_of(row: tuple[Any, ...]) -> StoredRecord:
    """A record, from the columns `RECORD`."""
    position, stream, version, tag, header, payload, hash_ = row
    return StoredRecord(position, get(stream), version, get(tag), bytes(header), bytes(payload), bytes(hash_))


CASE = (
    "case_id, matter, title, procedure, procedure_version, digest, state, step, outcome, body, round, version, opened_at,"
    " updated_at"
)
DUTY = "case_id, procedure, duty, state, role, body, actor, level, due, estimated, breached"
_DUTY_ORDER = "due, case_id, duty, role, body, actor"


def case_of(row: tuple[Any, ...]) -> CaseRow:
    """A case row, from the columns `CASE`."""
    return CaseRow(*_got(row))


def duty_of(row: tuple[Any, ...]) -> DutyRow:
    """A duty row, from the columns `DUTY`."""
    values = _got(row)
    if values[8] == rules.OPEN_ENDED:
        values[8] = ""
    return DutyRow(*values)


def _got(row: tuple[Any, ...]) -> list[Any]:
    return [get(value) if isinstance(value, str) else value for value in row]


def find_cases(schema: str, query: CaseQuery) -> tuple[str, list[Any]]:
    """The statement for one row more than the page, and its parameters."""
    where, bindings = _filtered(rules.given(query, rules.CASE_FILTERS))
    if query.after is not None:
        where.append("case_id > %s")
        bindings.append(put(query.after))
    return _page(f"SELECT {CASE} FROM {schemas.quoted(schema)}.cases", where, "case_id"), [*bindings, query.limit + 1]


def find_duties(schema: str, query: DutyQuery) -> tuple[str, list[Any]]:
    """The statement for one row more than the page, and its parameters."""
    where, bindings = _filtered(rules.given(query, rules.DUTY_FILTERS))
    if query.due_before is not None:
        where.append(f"due < %s AND due <> '{rules.OPEN_ENDED}'")
        bindings.append(put(query.due_before))
    after = rules.read_cursor(query.after)
    if after is not None:
        where.append(f"({_DUTY_ORDER}) > (%s, %s, %s, %s, %s, %s)")
        bindings.extend(put(part) for part in after)
    return _page(f"SELECT {DUTY} FROM {schemas.quoted(schema)}.duties", where, _DUTY_ORDER), [
        *bindings,
        query.limit + 1,
    ]


def _filtered(filters: dict[str, str | int]) -> tuple[list[str], list[Any]]:
    where, bindings = [], []
    for name, value in filters.items():
        if isinstance(value, bool):
            where.append(name if value else f"NOT {name}")
        else:
            where.append(f"{name} = %s")
            bindings.append(put(value) if isinstance(value, str) else value)
    return where, bindings


def _page(statement: str, where: list[str], order: str) -> str:
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    return f"{statement}{condition} ORDER BY {order} LIMIT %s"
