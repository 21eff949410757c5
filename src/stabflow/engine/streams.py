"""Streams as records: read in pages, each checked against the chain before it is believed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from ..history.chain import GENESIS, verified
from ..history.record import Record, from_stored
from ..ports.store import MAX_PAGE, AppendBatch, NewRecord, Store

OFFICES = "system/offices"
PLUGINS = "system/plugins"
TICKS = "system/ticks"
OUTBOX = "system/outbox"
"""It has keys alone, under which notices were put into the outbox that come of no record."""
ADDRESSES = "system/addresses"


def case_stream(case_id: str) -> str:
    """The stream of a case."""
    return f"case/{case_id}"


def procedure_stream(id_: str, version: str) -> str:
    """The stream that keeps the text of a procedure. It bears the version, not the digest, so that a second definition of the
    same version meets the first one instead of standing beside it."""
    return f"procedure/{id_}@{version}"


def matter_stream(key: str) -> str:
    """The stream of a matter: what happened to it outside of its cases."""
    return f"matter/{key}"


def notices_stream(case_id: str) -> str:
    """The stream of what became of the notices of a case."""
    return f"notices/{case_id}"


def case_of(stream: str) -> str | None:
    """The id of the case whose stream this is; ``None`` where it is no case's."""
    return stream.removeprefix("case/") if stream.startswith("case/") else None


def matter_of(stream: str) -> str | None:
    """The key of the matter whose stream this is; ``None`` where it is no matter's."""
    return stream.removeprefix("matter/") if stream.startswith("matter/") else None


def read(store: Store, stream: str, *, after: int = 0, head: str = GENESIS) -> Iterator[Record]:
    """The records of ``stream`` after version ``after``, whose hash is ``head``; `Corrupt` where the chain is broken."""
    while True:
        page = store.read_stream(stream, after=after, limit=MAX_PAGE)
        for stored in verified(page, version=after, head=head):
            yield from_stored(stored)
            after, head = stored.version, stored.hash.hex()
        if len(page) < MAX_PAGE:
            return


def first(store: Store, stream: str) -> Record | None:
    """The first record of ``stream``, alone."""
    page = store.read_stream(stream, limit=1)
    return from_stored(page[0]) if page else None


def last(store: Store, stream: str) -> Record | None:
    """The last record of ``stream``, alone: that it follows the others is for `Engine.verify` to say."""
    (head,) = store.heads([stream])
    page = store.read_stream(stream, after=head.version - 1, limit=1) if head.version else ()
    return from_stored(page[0]) if page else None


def copy(stream: str, source: Store, target: Store) -> int:
    """Have ``target``, which has none yet, begin with the records of ``stream`` as ``source`` has them, without their keys; how
    many these are."""
    after = 0
    while page := source.read_stream(stream, after=after, limit=MAX_PAGE):
        records = tuple(NewRecord(one.tag, one.header, one.payload, one.hash) for one in page)
        target.append(AppendBatch(stream=stream, expected_version=after, records=records))
        after = page[-1].version
    return after


class OutOfStep(Exception):
    """The stream no longer has what was read of it before: the storage was put back to an older state."""


def news(store: Store, stream: str, *, version: int, head: str) -> Iterable[Record]:
    """The records after ``version``, whose hash was ``head``; `OutOfStep` when that record is no longer the one there.

    The record last seen is read once more, because nothing else tells a storage that was put back to an older state.
    """
    if not version:
        return read(store, stream)
    page = store.read_stream(stream, after=version - 1, limit=MAX_PAGE)
    if not page or page[0].version != version or page[0].hash.hex() != head:
        raise OutOfStep(f"{stream} is not what it was at version {version}")
    found = map(from_stored, verified(page[1:], version=version, head=head))
    if len(page) < MAX_PAGE:
        return found
    return itertools.chain(found, read(store, stream, after=page[-1].version, head=page[-1].hash.hex()))
