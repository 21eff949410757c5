"""C7: what one handle wrote, every handle sees; what was written is there when the storage is opened again."""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs

from ....errors import VersionConflict
from ....ports.store import Capability, CaseQuery, DutyQuery, IndexChange, Snapshot
from ... import expectation as expect
from ..material import OFFICES, STREAM, act, batch, case_row, duty_row, head_of, holdings, notices
from ..registry import Level, check
from ..storage import Storage


@check("C7")
def what_was_written_is_seen_at_once(storage: Storage) -> None:
    """After each append the handle that wrote answers by it, whatever it had answered before."""
    store = storage.open()
    for number in range(9):
        planned = act(number, store.capabilities)
        expect.equal(store.lookup(planned.stream, f"key-{number}"), None, "a key before it is used")
        expect.equal(head_of(store, planned.stream).version, planned.expected_version, "the head before the append")
        done = store.append(planned)
        head = head_of(store, planned.stream)
        expect.equal(
            (head.version, head.hash), (done.last_version, planned.records[-1].hash), "the head after the append"
        )
        expect.true(store.are_heads([head]), "are_heads does not know the present head")
        expect.true(store.lookup(planned.stream, f"key-{number}") is not None, "the key after the append is unknown")


@check("C7", Level.SECOND_HANDLE)
def every_handle_sees_what_was_written(storage: Storage) -> None:
    """Two handles that write in turn hold the same after each act."""
    one, two = storage.open(), storage.open()
    expect.equal(holdings(one, range(9)), holdings(two, range(9)), "what two handles hold at first")
    for number in range(9):
        one, two = two, one
        one.append(act(number, one.capabilities))
        expect.equal(
            holdings(two, range(9)), holdings(one, range(9)), f"what the other handle holds after act {number}"
        )
    stale = attrs.evolve(act(8), key=None, digest=None)
    expect.raised(VersionConflict, partial(two.append, stale), "an act that the other handle has written")


@check("C7", Level.SECOND_HANDLE)
def no_handle_answers_from_what_it_remembers(storage: Storage) -> None:
    """A handle that has just answered a question answers it anew after another handle wrote."""
    reader, writer = storage.open(), storage.open()
    for version in range(1, 5):
        for _ in range(2):  # whoever remembers an answer has it remembered now
            head_of(reader), reader.read_stream(STREAM), reader.lookup(STREAM, f"key-{version}")
            seen = tuple(reader.heads([STREAM, OFFICES]))
            expect.true(reader.are_heads(seen), "are_heads does not know the heads just told")
            reader.find_cases(CaseQuery(state=f"state-{version}")), reader.find_duties(DutyQuery(level=version))
            if storage.has(Capability.SNAPSHOTS):
                reader.get_snapshot(STREAM)
        change = IndexChange(case_row(version=version, state=f"state-{version}"), (), (duty_row(level=version),))
        more: dict[str, Any] = (
            {"snapshot": Snapshot(STREAM, version, b"%d" % version)} if storage.has(Capability.SNAPSHOTS) else {}
        )
        writer.append(batch(version - 1, index=change, key=f"key-{version}", digest="digest", **more))
        what = f"after another handle wrote version {version}"
        expect.equal(head_of(reader).version, version, f"the head {what}")
        expect.true(not reader.are_heads(seen), f"are_heads {what}: still the heads of before")
        expect.equal(len(reader.read_stream(STREAM)), version, f"records {what}")
        expect.true(reader.lookup(STREAM, f"key-{version}") is not None, f"the key is unknown {what}")
        expect.equal(reader.find_cases(CaseQuery(state=f"state-{version}")).rows, (change.case,), f"cases {what}")
        expect.equal(
            reader.find_cases(CaseQuery(state=f"state-{version - 1}")).rows, (), f"cases in the state of before {what}"
        )
        expect.equal(reader.find_duties(DutyQuery()).rows, change.duties, f"duties {what}")
        if more:
            expect.equal(reader.get_snapshot(STREAM), more["snapshot"], f"the snapshot {what}")
    expect.raised(VersionConflict, partial(reader.append, batch(3)), "appending at the version of before")
    reader.append(batch(4))


@check("C7", Level.SECOND_HANDLE)
def everything_is_there_when_it_is_opened_again(storage: Storage) -> None:
    """After all handles were closed, a new one holds the same, and goes on from there."""
    store = storage.open()
    for number in range(7):
        store.append(act(number, store.capabilities))
    before = holdings(store, range(9))
    store.close()
    store = storage.open()
    expect.equal(holdings(store, range(9)), before, "what the store holds when it is opened again")
    expect.true(store.append(act(6, store.capabilities)).replayed, "an act of before is not known by its key")
    store.append(act(7, store.capabilities))
    if storage.has(Capability.OUTBOX):
        found = [one.payload for one in store.claim("worker", limit=100, lease_for=60)]
        expect.equal(sorted(found), [b"notice 0", b"notice 1", b"notice 2"], "the first notices of the lanes")


@check("C7", Level.SECOND_HANDLE)
def closing_one_handle_leaves_the_others(storage: Storage) -> None:
    """A handle works on after another was closed, and so does one that was opened later."""
    one, two = storage.open(), storage.open()
    one.append(batch(0))
    two.append(batch(1))
    one.close()
    two.append(batch(2))
    expect.equal(head_of(two).version, 3, "the head after the other handle was closed")
    three = storage.open()
    three.append(batch(3))
    expect.equal(head_of(two).version, 4, "the head after a third handle wrote")


@check("C7", Level.SECOND_HANDLE, needs=[Capability.OUTBOX])
def notices_are_seen_by_every_handle(storage: Storage) -> None:
    """What one handle put into the outbox another claims; a lease holds against every handle, also after opening again."""
    one, two = storage.open(), storage.open()
    expect.equal(list(two.claim("two", limit=9, lease_for=60)), [], "notices of an empty store")
    one.append(batch(0, outbox=notices("first", "second")))
    (claim,) = two.claim("two", limit=9, lease_for=60)
    expect.equal(claim.payload, b"first", "the notice that another handle wrote")
    expect.equal(list(one.claim("one", limit=9, lease_for=60)), [], "what is leased through another handle")
    two.close()
    three = storage.open()
    expect.equal(list(three.claim("three", limit=9, lease_for=60)), [], "what was leased through a handle closed since")
    one.ack(claim)
    (second,) = three.claim("three", limit=9, lease_for=60)
    expect.equal(second.payload, b"second", "the notice after the one acknowledged through another handle")
    expect.true(second.token > claim.token, "a token of a later claim is not higher", (claim.token, second.token))
