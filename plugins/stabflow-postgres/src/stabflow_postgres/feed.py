"""The feed: what of the records can be read, and what a cursor says.

A record can be read once every transaction that is older than the one that wrote it is over, so that nothing appears below
it any more. A transaction that has written and stays open, anywhere in the cluster, holds the feed back; nothing is missed.

A cursor says which tables it was given for, in which life of the server, the position it is at, how many records there were up
to it and the beginning of the hash of the last one. Tables that were copied, dumped and restored, or made anew are others. A
cluster that was put back to an earlier moment was started since, or promoted; so was one that only lost its leader. There, the
count tells: a past that was cut short has fewer records up to the position, and if one is missing the cursor is refused.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import attrs

from stabflow.errors import FeedReset
from stabflow.ports import store_rules as rules
from stabflow.ports.store import FeedPage, StoredRecord

from . import functions, rows
from . import schema as schemas
from .connections import Session

_CURSOR = re.compile(r"([0-9a-f]{16})\.([0-9a-f]{8})\.(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})\.([0-9a-f]{0,16})")

_END = (1 << 63) - 1


@attrs.frozen
class Cursor:
    """A place in the feed: behind the record at ``position``, which is 0 before the first."""

    tables: str
    life: str
    position: int
    count: int
    hash: str

    def __str__(self) -> str:
        return f"{self.tables}.{self.life}.{self.position}.{self.count}.{self.hash}"


def read_cursor(cursor: str) -> Cursor:
    """The cursor in a text; `InvalidInput` when it is none."""
    found = _CURSOR.fullmatch(cursor)
    if found is None or int(found[3]) > _END:
        raise rules.no_feed_cursor()
    return Cursor(found[1], found[2], int(found[3]), int(found[4]), found[5])


def tables_of(tables: str) -> str:
    """What tells tables from others, as it stands in a cursor."""
    return hashlib.blake2b(tables.encode(), digest_size=8).hexdigest()


def horizon(s: str, *, otherwise: object = _END) -> str:
    """The expression below which positions can be read; its parameter is the identity. Where another epoch has not begun yet, all
    can."""
    xmin = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    return (
        f"(SELECT CASE WHEN identity = %s THEN ({xmin} + shift) << {functions.ORDINALS} ELSE {otherwise} END"
        f" FROM {s}.epochs ORDER BY epoch DESC LIMIT 1)"
    )


def read(session: Session, schema: str, after: str | None, limit: int) -> FeedPage:
    """A page of the feed; `FeedReset` when the cursor is of another past."""
    start = None if after is None else read_cursor(after)
    s = schemas.quoted(schema)
    if session.found.identity is None:
        if after is not None:
            raise FeedReset(after)
        return FeedPage((), None)
    if start is not None and start.tables != tables_of(session.found.tables):
        session.look()  # what was found may be older than the cursor
    found = _from(session, s, 0 if start is None else start.position, limit + 1)
    here, life = tables_of(session.found.tables), session.found.life
    start = start or Cursor(here, life, 0, 0, "")
    if start.tables != here:
        raise FeedReset(str(after))
    if start.position:
        if not found or found[0][0] != start.position or _short(found[0][6]) != start.hash:
            raise FeedReset(str(after))
        found = found[1:]
    if start.life != life:
        _check_count(session, s, start, str(after))
    records = tuple([rows.record_of(row) for row in found[:limit]])
    if not records and not start.position and not _any(session, s):
        return FeedPage((), after)
    return FeedPage(records, str(_behind(start, life, records)))


def _from(session: Session, s: str, position: int, limit: int) -> list[tuple[Any, ...]]:
    """The rows that can be read from ``position`` on. Where it seems that another epoch has not begun yet, look again first: the
    tables may have been replaced under an open connection, and then their horizon counts."""
    statement = (
        f"SELECT {rows.RECORD} FROM {s}.records WHERE position >= %s AND position < {{}} ORDER BY position LIMIT %s"
    )
    strict, lenient = (statement.format(horizon(s, otherwise=other)) for other in ("NULL", _END))
    found = session.ask(strict, (position, session.found.identity, limit), prepare=True)
    if found:
        return found
    session.look()
    return session.ask(lenient, (position, session.found.identity, limit))


def _behind(start: Cursor, life: str, records: tuple[StoredRecord, ...]) -> Cursor:
    if not records:
        return attrs.evolve(start, life=life)
    last = records[-1]
    return Cursor(start.tables, life, last.position, start.count + len(records), _short(last.hash))


def _check_count(session: Session, s: str, start: Cursor, after: str) -> None:
    ((count,),) = session.ask(f"SELECT count(*) FROM {s}.records WHERE position <= %s", (start.position,))
    if count != start.count:
        raise FeedReset(after)


def _any(session: Session, s: str) -> bool:
    """Whether there is a record that cannot be read yet."""
    return bool(session.ask(f"SELECT EXISTS (SELECT FROM {s}.records)")[0][0])


def _short(hash_: Any) -> str:
    return bytes(hash_[:8]).hex()


def lag(session: Session, schema: str) -> int:
    """How many records cannot be read yet."""
    s = schemas.quoted(schema)
    statement = f"SELECT count(*) FROM {s}.records WHERE position >= {horizon(s)}"
    return int(session.ask(statement, (session.found.identity,))[0][0])
