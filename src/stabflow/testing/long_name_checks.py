"""C3 and C8: names that differ only at the end of 200 characters are different names."""

from __future__ import annotations

import attrs

from ..ports.store import (
    AppendBatch,
    AppendResult,
    Capability,
    CaseQuery,
    DutyQuery,
    IndexChange,
    NewNotice,
    StreamHead,
)
from . import expectation as expect
from .material import STREAM, case_row, duty_row, record
from .registry import check
from .storage import Storage

BEGINNINGS = ("k" * 199, "大" * 199, "\U0001f309" * 199)
LONG_NAMES = tuple(sorted(begun + end for begun in BEGINNINGS for end in "12"))
"""Texts of 200 characters, each pair of which differs in the last one; in UTF-8 they have up to 797 bytes."""


@check("C3")
def long_keys_are_told_apart_by_their_end(storage: Storage) -> None:
    """Two keys, or two digests, of 200 characters that differ in the last one are two."""
    store = storage.open()
    for number, name in enumerate(LONG_NAMES):
        what = f"of the key {name[:3]}…{name[-1]} of {len(name)} characters"
        expect.equal(store.lookup(STREAM, name), None, f"looking it up before it is used, {what}")
        done = store.append(AppendBatch(STREAM, number, (record(),), key=name, digest=name))
        expect.equal(done, AppendResult(number + 1, number + 1), f"the append {what}")
    for number, name in enumerate(LONG_NAMES):
        right = (name, AppendResult(number + 1, number + 1, replayed=True))
        expect.equal(store.lookup(STREAM, name), right, f"looking up the key {name[:3]}…{name[-1]}")


@check("C8")
def long_names_are_told_apart_by_their_end(storage: Storage) -> None:
    """Streams, cases, duties, office-holders and lanes whose names of 200 characters differ in the last one are different."""
    store = storage.open()
    rows = {
        name: (case_row(name, matter=name, state=name), duty_row(name, name, role=name, body=name, actor=name))
        for name in LONG_NAMES
    }
    sending = storage.has(Capability.OUTBOX)
    for name, (case, duty) in rows.items():
        notices = (NewNotice(name, name.encode()),) if sending else ()
        batch = AppendBatch(f"case/{name}", 0, (record(name),), IndexChange(case, (), (duty,)), notices)
        what = f"the append to the stream case/{name[:3]}…{name[-1]} of {len(name)} characters more"
        expect.equal(store.append(batch), AppendResult(1, 1), what)
    for name, (case, duty) in rows.items():
        what = f"{name[:3]}…{name[-1]} of {len(name)} characters"
        stream = f"case/{name}"
        expect.equal([one.payload for one in store.read_stream(stream)], [name.encode()], f"the record of {what}")
        expect.equal(list(store.heads([stream])), [StreamHead(stream, 1, record(name).hash)], f"the head of {what}")
        for query in (CaseQuery(matter=name), CaseQuery(state=name)):
            expect.equal(store.find_cases(query).rows, (case,), f"cases by {what}")
        for by in (DutyQuery(case_id=name), DutyQuery(role=name), DutyQuery(body=name), DutyQuery(actor=name)):
            expect.equal(store.find_duties(by).rows, (duty,), f"duties by {what}")
    cases = [store.find_cases(CaseQuery(limit=1, after=after)).rows for after in (None, *LONG_NAMES[:-1])]
    expect.equal(cases, [(case,) for case, _ in rows.values()], "cases in pages of one")
    if sending:
        claims = store.claim("worker", limit=99, lease_for=60)
        expect.equal(sorted(one.lane for one in claims), list(LONG_NAMES), "the lanes, each with a notice of its own")
    first, second = LONG_NAMES[:2]
    changed = attrs.evolve(rows[first][0], version=2)
    store.append(AppendBatch(f"case/{first}", 1, (record(),), IndexChange(changed, (first[:-1], second), ())))
    expect.equal(
        [row.case_id for row in store.find_duties(DutyQuery()).rows],
        list(LONG_NAMES),
        "the duties after others of that case were cleared",
    )
