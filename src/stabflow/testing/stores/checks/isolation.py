"""C12, in order: what is handed in and out is never shared with the store."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ....ports.store import AppendBatch, Capability, CaseQuery, DutyQuery, IndexChange, NewNotice, NewRecord, Snapshot
from ... import expectation as expect
from ..material import STREAM, batch, case_row, duty_row, feed_from
from ..registry import check
from ..storage import Storage


@check("C12")
def what_was_handed_in_may_change_afterwards(storage: Storage) -> None:
    """The store keeps its own copy: bytes and lists that the caller changes after the append change nothing."""
    store = storage.open()
    parts: list[Any] = [bytearray(b"header"), bytearray(b"payload"), bytearray(b"hash")]
    records: list[Any] = [NewRecord("tag", *parts)]
    cleared, duties = ["item-1"], [duty_row()]
    change = IndexChange(case_row(), cleared, duties)  # type: ignore[arg-type]
    more: dict[str, Any] = {}
    if storage.has(Capability.SNAPSHOTS):
        parts.append(data := bytearray(b"data"))
        more["snapshot"] = Snapshot(STREAM, 1, data)  # type: ignore[arg-type]
    if storage.has(Capability.OUTBOX):
        parts.append(notice := bytearray(b"notice"))
        more["outbox"] = [NewNotice("lane", notice)]  # type: ignore[arg-type]
    store.append(AppendBatch(STREAM, 0, records, change, **more))  # type: ignore[arg-type]
    for content in parts:
        content[0] = 0
    for given in (records, cleared, duties, more.get("outbox", [])):
        given.clear()
    (found,) = store.read_stream(STREAM)
    expect.equal((found.header, found.payload, found.hash), (b"header", b"payload", b"hash"), "the record")
    expect.equal(store.find_duties(DutyQuery()).rows, (duty_row(),), "the duties")
    if storage.has(Capability.FEED):
        expect.equal([one.payload for one in feed_from(store)[0]], [b"payload"], "the record in the feed")
    if storage.has(Capability.SNAPSHOTS):
        expect.equal(store.get_snapshot(STREAM), Snapshot(STREAM, 1, b"data"), "the snapshot")
    if storage.has(Capability.OUTBOX):
        expect.equal([one.payload for one in store.claim("w", limit=9, lease_for=1)], [b"notice"], "the notice")


@check("C12")
def what_was_handed_out_stays_as_it_was(storage: Storage) -> None:
    """An answer does not change when the store goes on, and changing an answer does not change the store."""
    store = storage.open()
    change = IndexChange(case_row(), (), (duty_row(),))
    store.append(batch(0, 2, index=change))
    found, cases, duties = store.read_stream(STREAM), store.find_cases(CaseQuery()), store.find_duties(DutyQuery())
    heads = store.heads([STREAM])
    kept = (list(found), list(cases.rows), list(duties.rows), list(heads))
    store.append(batch(2, 2, index=IndexChange(case_row(state="planning"), ("case",))))
    now = (list(found), list(cases.rows), list(duties.rows), list(heads))
    expect.equal(now, kept, "answers given before the store went on")
    right = list(store.read_stream(STREAM))
    answers: list[Any] = [store.read_stream(STREAM), store.heads([STREAM])]
    for answer in answers:
        with suppress(TypeError, AttributeError):  # the better for it
            answer.clear()
            answer.append(None)
    expect.equal(list(store.read_stream(STREAM)), right, "the stream after an answer was changed")
