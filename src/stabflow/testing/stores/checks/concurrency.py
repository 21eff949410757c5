"""C1, one handle in order: an act is written only where everything it was decided on is still so."""

from __future__ import annotations

from functools import partial

import attrs

from ....errors import VersionConflict
from ....ports.store import AppendResult, CaseQuery, IndexChange, StreamHead
from ... import expectation as expect
from ..material import OFFICES, STREAM, batch, case_row, head_of, read_all
from ..registry import Level, check
from ..storage import Storage


@check("C1")
def only_the_expected_version_is_written_to(storage: Storage) -> None:
    """An append at any version but the stream's own is refused with `VersionConflict`, and leaves nothing."""
    store = storage.open()
    store.append(batch(0, 2))
    change = IndexChange(case_row())
    for expected in (0, 1, 3, -1):
        expect.raised(
            VersionConflict,
            partial(store.append, batch(expected, index=change, key=f"key-{expected}", digest="digest")),
            f"appending after version {expected} to a stream at version 2",
            stream=STREAM,
            expected=expected,
            actual=2,
        )
        expect.equal(store.lookup(STREAM, f"key-{expected}"), None, "the key of a refused append")
    expect.equal(len(store.read_stream(STREAM)), 2, "records after refused appends")
    expect.equal(store.find_cases(CaseQuery()).rows, (), "case rows after refused appends")
    expect.equal(store.append(batch(2)), AppendResult(3, 3), "the append at the right version")


@check("C1")
def a_stream_that_is_not_there_is_at_version_0(storage: Storage) -> None:
    """A new stream begins after version 0, whatever other streams there are."""
    store = storage.open()
    first = "appending after version 1 to a stream that is not there"
    expect.raised(VersionConflict, lambda: store.append(batch(1)), first, expected=1, actual=0)
    store.append(batch(0, stream="another"))
    expect.raised(VersionConflict, lambda: store.append(batch(1)), first, stream=STREAM, expected=1, actual=0)
    expect.equal(store.append(batch(0)), AppendResult(1, 1), "the first append to a stream")


def _relied_on(storage: Storage, moved: str, *, by_another: bool) -> None:
    store = storage.open()
    other = storage.open() if by_another else store
    for stream in (STREAM, OFFICES):
        store.append(batch(0, 2, stream=stream))
    seen = (head_of(store, STREAM), head_of(store, OFFICES))
    expect.equal(tuple(other.heads([STREAM, OFFICES])), seen, "where the streams end")
    expect.equal(seen[0].hash, read_all(store, STREAM)[-1].hash, "the hash of a head and of the last record")
    other.append(batch(2, 1, stream=moved))
    expected = 3 if moved == STREAM else 2
    for relied_on in (seen, seen[::-1]):
        expect.raised(
            VersionConflict,
            partial(store.append, batch(expected, relies_on=relied_on, key="key", digest="d")),
            f"appending what was decided when {moved} stood at version 2; it stands at 3 now",
            stream=moved,
            expected=2,
            actual=3,
        )
    expect.equal(len(read_all(store, STREAM)), expected, "records after the refused append")
    expect.equal(store.lookup(STREAM, "key"), None, "the key of the refused append")
    now = tuple(store.heads([STREAM, OFFICES]))
    expect.true(not store.are_heads(seen), f"are_heads says that {moved} still stands where it stood")
    expect.true(store.are_heads(now), "are_heads does not know the heads that heads() gave")
    done = store.append(batch(expected, relies_on=now, key="key", digest="d"))
    expect.true(not done.replayed, "the append that relied on the present heads reads as replayed")
    again = store.append(batch(expected, relies_on=seen, key="key", digest="d"))
    expect.true(again.replayed, "what is there already under the key is told, whatever has moved on since")


@check("C1")
def the_own_stream_relied_on_has_moved(storage: Storage) -> None:
    """An act that relied on its own stream where it ended is refused once it ends elsewhere, the version aside."""
    _relied_on(storage, STREAM, by_another=False)


@check("C1")
def another_stream_relied_on_has_moved(storage: Storage) -> None:
    """An act that relied on another stream is refused once that one has moved on: `VersionConflict` names it."""
    _relied_on(storage, OFFICES, by_another=False)


@check("C1", Level.SECOND_HANDLE)
def another_handle_moved_the_own_stream(storage: Storage) -> None:
    """What another handle appended to the stream is seen before an act is written on it."""
    _relied_on(storage, STREAM, by_another=True)


@check("C1", Level.SECOND_HANDLE)
def another_handle_moved_a_stream_relied_on(storage: Storage) -> None:
    """What another handle appended to a stream that was relied on is seen before the act is written."""
    _relied_on(storage, OFFICES, by_another=True)


@check("C1")
def a_stream_with_another_past_is_not_the_one_relied_on(storage: Storage) -> None:
    """A head with the right version and another hash is another past: `VersionConflict`."""
    store = storage.open()
    store.append(batch(0, 1, stream=OFFICES))
    false = attrs.evolve(head_of(store, OFFICES), hash=bytes(32))
    expect.true(not store.are_heads([false]), "are_heads took a head with another hash for the stream's own")
    what = "appending what relies on a head with another hash"
    expect.raised(VersionConflict, lambda: store.append(batch(relies_on=(false,))), what, stream=OFFICES)
    expect.equal(list(store.read_stream(STREAM)), [], "records after the refused append")
    store.append(batch(0, 1))
    own = attrs.evolve(head_of(store, STREAM), hash=bytes(32))
    what = "appending at the right version what relies on another last record of its own stream"
    expect.raised(
        VersionConflict, lambda: store.append(batch(1, relies_on=(own, head_of(store, OFFICES)))), what, stream=STREAM
    )
    expect.equal(len(store.read_stream(STREAM)), 1, "records after that")


@check("C1")
def every_head_relied_on_is_compared(storage: Storage) -> None:
    """Of many heads that are asked for, told, and relied on, each one counts, also one that is named twice."""
    store = storage.open()
    streams = [f"matter/{number}" for number in range(40)]
    for number, stream in enumerate(streams):
        store.append(batch(0, 1 + number % 3, stream=stream))
    mixed = [*reversed(streams), streams[3], "matter/none", streams[3]]
    told = list(store.heads(mixed))
    expect.equal(
        [head.stream for head in told], mixed, "the streams of the heads, asked for in a mixed order, some twice"
    )
    right = [1 + int(one.rpartition("/")[2]) % 3 if one != "matter/none" else 0 for one in mixed]
    expect.equal([head.version for head in told], right, "the versions of these heads")
    heads = list(store.heads(streams))
    expect.true(store.are_heads(heads), "are_heads of forty right heads must be true")
    for version, number in enumerate((0, 1, 10, 16, 32, 39)):
        false = attrs.evolve(heads[number], version=heads[number].version + 1)
        for wrong in ([*heads[:number], false, *heads[number + 1 :]], [*heads, false], [false, *heads]):
            what = f"of {len(wrong)} heads that of {false.stream} is wrong"
            expect.true(not store.are_heads(wrong), f"are_heads must be false: {what}")
            refused = partial(store.append, batch(version, relies_on=tuple(wrong)))
            expect.raised(VersionConflict, refused, f"appending where {what}", stream=false.stream)
        store.append(batch(version, relies_on=tuple(heads)))


@check("C1")
def relying_on_what_is_not_there(storage: Storage) -> None:
    """A stream that is not there ends at version 0 with no hash, and can be relied on as such."""
    store = storage.open()
    what = "appending what relies on version 4 of a stream that is not there"
    relied_on = (StreamHead(OFFICES, 4, bytes(32)),)
    expect.raised(
        VersionConflict,
        lambda: store.append(batch(relies_on=relied_on)),
        what,
        stream=OFFICES,
        expected=4,
        actual=0,
    )
    expect.equal(list(store.read_stream(STREAM)), [], "records after the refused append")
    store.append(batch(relies_on=(StreamHead(STREAM, 0, b""), StreamHead(OFFICES, 0, b""))))
    expect.equal(head_of(store).version, 1, "the version after an append that relied on empty streams")
