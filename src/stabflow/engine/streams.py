"""Streams as records: read in pages, each checked against the chain before it is believed."""

from __future__ import annotations

from collections.abc import Iterator

from ..history.chain import GENESIS, verified
from ..history.record import Record, from_stored
from ..ports.store import MAX_PAGE, Store

OFFICES = "system/offices"


def case_stream(case_id: str) -> str:
    """The stream of a case."""
    return f"case/{case_id}"


def procedure_stream(id_: str, version: str) -> str:
    """The stream that keeps the text of a procedure. It bears the version, not the digest, so that a second definition of the
    same version meets the first one instead of standing beside it."""
    return f"procedure/{id_}@{version}"


def read(store: Store, stream: str, *, after: int = 0, head: str = GENESIS) -> Iterator[Record]:
    """The records of ``stream`` after version ``after``, whose hash is ``head``; `Corrupt` where the chain is broken."""
    while True:
        page = store.read_stream(stream, after=after, limit=MAX_PAGE)
        for stored in verified(page, version=after, head=head):
            yield from_stored(stored)
            after, head = stored.version, stored.hash.hex()
        if len(page) < MAX_PAGE:
            return
