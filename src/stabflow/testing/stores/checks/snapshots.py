"""C9: a snapshot is a cache, the newest there is, of a version that there is."""

from __future__ import annotations

from functools import partial

from ....errors import VersionConflict
from ....ports.store import Capability, Snapshot
from ... import expectation as expect
from ..material import STREAM, batch, head_of
from ..registry import Level, check
from ..storage import Storage

NEEDS = (Capability.SNAPSHOTS,)


def at(version: int, stream: str = STREAM) -> Snapshot:
    """A snapshot at this version."""
    return Snapshot(stream, version, f"{stream} at {version}".encode())


@check("C9", needs=NEEDS)
def the_newest_snapshot_is_kept(storage: Storage) -> None:
    """`get_snapshot` gives the snapshot at the highest version; an older one that comes later does not replace it."""
    store = storage.open()
    expect.equal(store.get_snapshot(STREAM), None, "a snapshot before there is one")
    store.append(batch(0, 3, snapshot=at(2)))
    expect.equal(store.get_snapshot(STREAM), at(2), "a snapshot at a version inside its batch")
    store.append(batch(3, 2, snapshot=at(5)))
    expect.equal(store.get_snapshot(STREAM), at(5), "a newer snapshot")
    for older in (1, 2, 4):
        store.append(batch(head_of(store).version, snapshot=at(older)))
        expect.equal(store.get_snapshot(STREAM), at(5), f"the snapshot after one at version {older} came later")
    store.append(batch(8))
    expect.equal(store.get_snapshot(STREAM), at(5), "the snapshot after an append without one")
    store.append(batch(9, snapshot=at(10)))
    expect.equal(store.get_snapshot(STREAM), at(10), "a snapshot at the head")


@check("C9", needs=NEEDS)
def no_snapshot_lies_beyond_the_head(storage: Storage) -> None:
    """A snapshot at a version that there is not yet is `ValueError`, and one of a refused append is not kept."""
    store = storage.open()
    store.append(batch(0, 2, snapshot=at(2)))
    for version in (0, -1, 4, 99):
        what = f"a snapshot at version {version} with an append that ends at 3"
        expect.raised(ValueError, partial(store.append, batch(2, snapshot=at(version))), what)
    expect.raised(
        ValueError, partial(store.append, batch(2, snapshot=at(1, "another"))), "a snapshot of another stream"
    )
    expect.equal(head_of(store).version, 2, "the head after refused appends")
    expect.raised(VersionConflict, partial(store.append, batch(7, snapshot=at(8))), "an append after no such version")
    expect.raised(VersionConflict, partial(store.append, batch(0, 3, snapshot=at(3))), "an append at a stale version")
    expect.equal(store.get_snapshot(STREAM), at(2), "the snapshot after refused appends")


@check("C9", needs=NEEDS)
def each_stream_has_its_own_snapshot(storage: Storage) -> None:
    """The snapshot of one stream is not that of another."""
    store = storage.open()
    store.append(batch(0, 3, snapshot=at(3)))
    store.append(batch(0, 1, stream="another"))
    expect.equal(store.get_snapshot("another"), None, "the snapshot of a stream that has none")
    store.append(batch(1, 1, stream="another", snapshot=at(1, "another")))
    expect.equal(store.get_snapshot("another"), at(1, "another"), "the snapshot of another stream")
    expect.equal(store.get_snapshot(STREAM), at(3), "the snapshot of the first stream")


@check("C9", needs=NEEDS)
def a_repetition_leaves_the_snapshot(storage: Storage) -> None:
    """An act that is there already does not bring its snapshot a second time."""
    store = storage.open()
    first = batch(0, 2, snapshot=at(2), key="key", digest="digest")
    store.append(first)
    spoiled = batch(0, 2, snapshot=Snapshot(STREAM, 2, b"another"), key="key", digest="digest")
    expect.true(store.append(spoiled).replayed, "the act is not recognised by its key")
    expect.equal(store.get_snapshot(STREAM), at(2), "the snapshot after the act was repeated")


@check("C9", Level.SECOND_HANDLE, needs=NEEDS)
def a_handle_that_is_behind_replaces_no_newer_snapshot(storage: Storage) -> None:
    """What another handle wrote counts when it is decided which snapshot is newer."""
    one, two = storage.open(), storage.open()
    one.append(batch(0, 2, snapshot=at(1)))
    expect.equal(two.get_snapshot(STREAM), at(1), "the snapshot that another handle wrote")
    one.append(batch(2, 2, snapshot=at(4)))
    two.append(batch(4, 1, snapshot=at(3)))
    for store in (one, two, storage.open()):
        expect.equal(store.get_snapshot(STREAM), at(4), "the snapshot after an older one from another handle")
