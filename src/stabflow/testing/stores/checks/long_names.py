"""C3, C8 and C13: names that differ only at the end of 200 characters are different names."""

from __future__ import annotations

import attrs

from ....ports.store import (
    AppendBatch,
    AppendResult,
    Capability,
    CaseQuery,
    DutyQuery,
    IndexChange,
    NewNotice,
    StreamHead,
)
from ... import expectation as expect
from ..material import STREAM, case_row, duty_row, record
from ..paging import all_pages
from ..registry import check
from ..storage import Storage

BEGINNINGS = ("k" * 199, "大" * 199, "\U0001f309" * 199)
LONG_NAMES = tuple(sorted(begun + end for begun in BEGINNINGS for end in "12"))
"""Texts of 200 characters, each pair of which differs in the last one; in UTF-8 they have up to 797 bytes."""


def brief(name: str) -> str:
    """A long name in short."""
    return f"{name[:3]}…{name[-1]} ({len(name)} characters)"


@check("C3")
def long_keys_are_told_apart_by_their_end(storage: Storage) -> None:
    """Two keys, or two digests, of 200 characters that differ in the last one are two."""
    store = storage.open()
    for number, name in enumerate(LONG_NAMES):
        what = f"of the key {brief(name)}"
        expect.equal(store.lookup(STREAM, name), None, f"looking it up before it is used, {what}")
        done = store.append(AppendBatch(STREAM, number, (record(),), key=name, digest=name))
        expect.equal(done, AppendResult(number + 1, number + 1), f"the append {what}")
    for number, name in enumerate(LONG_NAMES):
        right = (name, AppendResult(number + 1, number + 1, replayed=True))
        expect.equal(store.lookup(STREAM, name), right, f"looking up the key {brief(name)}")


@check("C8")
def long_names_are_told_apart_by_their_end(storage: Storage) -> None:
    """Streams and lanes whose names of 200 characters differ in the last one are different."""
    store = storage.open()
    sending = storage.has(Capability.OUTBOX)
    for name in LONG_NAMES:
        notices = (NewNotice(name, name.encode()),) if sending else ()
        done = store.append(AppendBatch(f"case/{name}", 0, (record(name),), outbox=notices))
        expect.equal(done, AppendResult(1, 1), f"the append to the stream case/{brief(name)}")
    for name in LONG_NAMES:
        stream = f"case/{name}"
        found = [one.payload for one in store.read_stream(stream)]
        expect.equal(found, [name.encode()], f"the record of the stream case/{brief(name)}")
        head = [StreamHead(stream, 1, record(name).hash)]
        expect.equal(list(store.heads([stream])), head, f"the head of case/{brief(name)}")
    if sending:
        claims = store.claim("worker", limit=99, lease_for=60)
        expect.equal(sorted(one.lane for one in claims), list(LONG_NAMES), "the lanes, each with a notice of its own")


@check("C13")
def long_ids_are_told_apart_by_their_end(storage: Storage) -> None:
    """Cases, duties and office-holders whose names of 200 characters differ in the last one are different, by every filter and
    from page to page."""
    store = storage.open()
    cases = [case_row(name, matter=name, state=name, step=name) for name in LONG_NAMES]
    duties = [duty_row(name, name, role=name, body=name, actor=name) for name in LONG_NAMES]
    for number, (case, duty) in enumerate(zip(cases, duties, strict=True)):
        store.append(AppendBatch(f"case/{number}", 0, (record(),), IndexChange(case, (), (duty,))))
    for name, case, duty in zip(LONG_NAMES, cases, duties, strict=True):
        for query in (CaseQuery(matter=name), CaseQuery(state=name), CaseQuery(step=name)):
            expect.equal(store.find_cases(query).rows, (case,), f"cases by {brief(name)}")
        for by in (DutyQuery(case_id=name), DutyQuery(role=name), DutyQuery(body=name), DutyQuery(actor=name)):
            expect.equal(store.find_duties(by).rows, (duty,), f"duties by {brief(name)}")
    found = all_pages(lambda after: store.find_cases(CaseQuery(after=after, limit=1)), 1, "cases in pages of one")
    expect.equal(found, cases, "cases in pages of one")
    found = all_pages(lambda after: store.find_duties(DutyQuery(after=after, limit=1)), 1, "duties in pages of one")
    expect.equal(found, duties, "duties in pages of one")
    second = LONG_NAMES[1]
    change = IndexChange(attrs.evolve(cases[0], version=2), (LONG_NAMES[0][:-1], second), ())
    store.append(AppendBatch("case/0", 1, (record(),), change))
    expect.equal(list(store.find_duties(DutyQuery()).rows), duties, "the duties after others of that case were cleared")
