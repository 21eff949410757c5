"""C8: what comes back is of the types that the port names, not only equal to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from ....ports.store import Capability, CaseQuery, DutyQuery
from ... import expectation as expect
from ..material import STREAM, act
from ..registry import check
from ..storage import Storage

TYPES: dict[str, type] = {"str": str, "int": int, "bytes": bytes, "bool": bool}


@check("C8")
def columns_come_back_as_the_types_they_are(storage: Storage) -> None:
    """Each column is of the type that the port names: a flag is True or False and not 1 or 0, bytes are bytes and no view or
    bytearray of them, and rows come in tuples where it says so."""
    store = storage.open()
    for number in range(6):
        store.append(act(number, store.capabilities))
    replayed = store.append(act(5, store.capabilities))
    known = store.lookup(act(5).stream, "key-5")
    expect.true(isinstance(known, tuple), "lookup() gives a tuple", known)
    answers: dict[str, Iterable[Any]] = {
        "a record": store.read_stream(STREAM),
        "a head": store.heads([STREAM, "nothing"]),
        "an answer to append": [replayed],
        "an answer to lookup": [] if known is None else known[1:],
    }
    pages: dict[str, Any] = {
        "cases": store.find_cases(CaseQuery(limit=1)),
        "duties": store.find_duties(DutyQuery(limit=1)),
    }
    for name, page in pages.items():
        expect.true(type(page.rows) is tuple, f"the rows of a page of {name} are a tuple", page.rows)
        expect.true(isinstance(page.next, str), f"the cursor of a page of {name} is a text", page.next)
        answers[f"a row of {name}"] = page.rows
    expect.true(type(store.are_heads([])) is bool, "are_heads() is True or False", store.are_heads([]))
    if storage.has(Capability.FEED):
        fed = store.read_feed(after=None)
        expect.true(type(fed.records) is tuple, "the records of a page of the feed are a tuple", fed.records)
        answers["a record of the feed"] = fed.records
    if storage.has(Capability.SNAPSHOTS):
        answers["a snapshot"] = [store.get_snapshot(STREAM)]
    if storage.has(Capability.OUTBOX):
        claims = store.claim("worker", limit=9, lease_for=60)
        answers["a claim"] = claims
        for claim in claims:
            store.release(claim, retry_after=None, error="no such address")
        dead = store.dead_letters()
        answers["a dead letter"] = dead
        revived = store.revive(dead[0].notice)
        expect.true(type(revived) is bool, "revive() is True or False", revived)
    for name, rows in answers.items():
        _of_their_types(name, rows)


def _of_their_types(name: str, rows: Iterable[Any]) -> None:
    found = list(rows)
    expect.true(found, f"there must be {name} to look at")
    for row in found:
        for column in attrs.fields(type(row)):
            wanted = TYPES.get(str(column.type))
            value = getattr(row, column.name)
            if wanted is not None and type(value) is not wanted:
                what = (
                    f"{column.name} of {name} must be of type {wanted.__name__}, and is of type {type(value).__name__}"
                )
                raise expect.ClauseBroken(f"{what}\n  found: {expect.shown(value)}")
