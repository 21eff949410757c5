"""C8: bytes and texts come back unchanged, whatever they look like."""

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
    NewRecord,
    Snapshot,
    StreamHead,
)
from ... import expectation as expect
from ..material import STREAM, batch, case_row, duty_row, feed_from, record
from ..registry import check
from ..storage import Storage

ODD_TEXTS = (
    "",
    "\x00",
    "a\x00b",
    "'; DROP TABLE records; --",
    "大桥",
    "e\u0301",
    "\u00e9",
    "\U0001f309",
    "a" * 70_000,
    '{"b":1, "a":1,"a":2}',
    "1",
    "1.0",
    "~",
    " padded ",
    "Case",
    "case",
    "null",
    "%_\\",
    "\r\n\t",
)
"""Texts that a database may cut, fold, normalise, compare loosely or take for something else."""

ODD_BYTES = (
    b"",
    b"\x00",
    b"\xff\xfe\x80 not UTF-8",
    bytes(range(256)),
    b"\xef\xbb\xbf{}",
    b'{"b":1, "a":1,"a":2}',
    b'{"z":1,"a":2}',
    b' { "a" : [1 , 2] }\n',
    b'{"n":123456789012345678901234567890,"f":1.0,"e":1e400}',
    b'{"t":"\\u5927\\u6865 \\/ \\ud800"}',
    "e\u0301".encode(),
    b"null",
    b"1.10",
    b"x" * 300_000,
)
"""Bytes that are no JSON, and JSON that does not survive being read and written again."""


@check("C8")
def texts_come_back_unchanged(storage: Storage) -> None:
    """Every text of a record, a key and an index row comes back as it was, and is told from every other."""
    store = storage.open()
    for number, text in enumerate(ODD_TEXTS):
        what = f"of the text {expect.shown(text[:40])}"
        stream = f"case/{text}"
        new = attrs.evolve(record(), tag=text)
        case, duty = case_row(text, title=text, state=text, version=number), duty_row(text, text, body=text, state=text)
        done = store.append(AppendBatch(stream, 0, (new,), IndexChange(case, (), (duty,)), key=text, digest=text))
        expect.equal(done, AppendResult(1, 1), f"the append {what}: no other stream is at another version")
    for number, text in enumerate(ODD_TEXTS):
        what = f"of the text {expect.shown(text[:40])}"
        stream = f"case/{text}"
        found = store.read_stream(stream)
        expect.equal([(one.stream, one.tag) for one in found], [(stream, text)], f"stream and tag {what}")
        expect.equal(
            store.find_cases(CaseQuery(state=text)).rows,
            (case_row(text, title=text, state=text, version=number),),
            f"the case {what}",
        )
        found_duties = store.find_duties(DutyQuery(case_id=text, body=text)).rows
        expect.equal(found_duties, (duty_row(text, text, body=text, state=text),), f"the duty {what}")
        known = store.lookup(stream, text)
        expect.equal(known, (text, AppendResult(1, 1, replayed=True)), f"the key and its digest {what}")


@check("C8")
def bytes_come_back_unchanged(storage: Storage) -> None:
    """Header, payload and hash of a record come back to the byte, as bytes; nothing reads them as JSON or as text."""
    store = storage.open()
    for number, raw in enumerate(ODD_BYTES):
        store.append(AppendBatch(STREAM, number, (NewRecord("tag", raw, raw, raw[:32]),)))
    found = store.read_stream(STREAM)
    for one, raw in zip(found, ODD_BYTES, strict=True):
        what = f"of the bytes {expect.shown(raw[:60])}"
        expect.equal((one.header, one.payload, one.hash), (raw, raw, raw[:32]), f"header, payload and hash {what}")
        expect.equal({type(one.header), type(one.payload), type(one.hash)}, {bytes}, f"the types {what}")
    head = StreamHead(STREAM, len(ODD_BYTES), ODD_BYTES[-1][:32])
    expect.equal(list(store.heads([STREAM])), [head], "the head")
    if storage.has(Capability.FEED):
        expect.equal(feed_from(store)[0], list(found), "the records in the feed")


@check("C8", needs=[Capability.SNAPSHOTS])
def snapshots_come_back_unchanged(storage: Storage) -> None:
    """The data of a snapshot comes back to the byte."""
    store = storage.open()
    for number, raw in enumerate(ODD_BYTES):
        taken = Snapshot(STREAM, number + 1, raw)
        store.append(batch(number, snapshot=taken))
        found = store.get_snapshot(STREAM)
        expect.equal(found, taken, f"the snapshot of the bytes {expect.shown(raw[:60])}")
        expect.true(found is not None and type(found.data) is bytes, "the data of a snapshot must be bytes", found)


@check("C8", needs=[Capability.OUTBOX])
def notices_come_back_unchanged(storage: Storage) -> None:
    """Lane and payload of a notice, and the error of a dead letter, come back as they were."""
    store = storage.open()
    given = [NewNotice(text, raw) for text, raw in zip(ODD_TEXTS, ODD_BYTES * 2, strict=False)]
    store.append(batch(outbox=tuple(given)))
    claims = store.claim("大桥\x00", limit=100, lease_for=60)
    expect.equal(
        sorted((one.lane, one.payload) for one in claims),
        sorted((one.lane, one.payload) for one in given),
        "lanes and payloads of the notices, one in each lane",
    )
    expect.equal({type(one.payload) for one in claims}, {bytes}, "the type of the payloads")
    for claim in claims:
        store.release(claim, retry_after=None, error=claim.lane)
    dead = store.dead_letters()
    expect.equal(
        sorted((one.lane, one.payload, one.error) for one in dead),
        sorted((one.lane, one.payload, one.lane) for one in given),
        "lanes, payloads and errors of the dead letters",
    )
