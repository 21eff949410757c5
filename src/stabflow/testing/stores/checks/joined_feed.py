"""EXTERNAL_TX and the feed: where in it that stands which a host commits last, whoever reads meanwhile."""

from __future__ import annotations

from ....ports.store import Capability, Store, StoredRecord
from ... import expectation as expect
from ..hosts import FIRST, begun, committed, joined_check
from ..material import OFFICES, STREAM, batch, feed_from, head_of, place
from ..meanwhile import at_once, meanwhile
from ..registry import Level
from ..storage import Storage

FEED = (Capability.FEED,)


class Reader:
    """One who follows the feed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cursor: str | None = None
        self.seen: list[StoredRecord] = []

    def read_on(self) -> None:
        """Whatever is new."""
        found, self._cursor = feed_from(self._store, self._cursor)
        self.seen += found

    def is_through(self, *streams: str) -> None:
        """Read the rest: what was read piece by piece must be the whole feed, and along a stream positions rise with versions."""
        self.read_on()
        whole, _ = feed_from(self._store)
        expect.equal(self.seen, whole, "what was read on, piece by piece, and the whole feed")
        for stream in (FIRST, *streams):
            along = [one.version for one in whole if one.stream == stream]
            expect.equal(along, list(range(1, head_of(self._store, stream).version + 1)), f"{stream} along the feed")


@joined_check("C6", Level.SECOND_HANDLE, needs=FEED)
def who_commits_last_comes_last(storage: Storage) -> None:
    """What a host appends comes in the feed after what others had appended to the same stream since the host began and wrote, and
    before what comes later; no reader, whenever he read, misses it or finds it below where he had been."""
    store, host, joined = begun(storage)
    store.append(batch())
    reader = Reader(store)
    reader.read_on()
    for turn in range(3):
        head = head_of(store).version
        host.change(f"{turn}")
        at_once(storage, host, batch(head, 2), batch(turn, stream=OFFICES))
        reader.read_on()
        joined.append(batch(head + 2, 2))
        joined.append(batch(turn, stream="case/of the host"))
        reader.read_on()
        joined.append(batch(head + 4))
        host.commit()
        own = place(store, "case/of the host", turn + 1)
        what = "what a host appended first and last in one transaction, and the places between"
        expect.true(place(store, STREAM, head + 4) < own < place(store, STREAM, head + 5), what)
        expect.true(own > place(store, OFFICES, turn + 1), "what a host appended stands below what was there before")
        if turn:
            reader.read_on()
    reader.is_through(STREAM, OFFICES, "case/of the host")


@joined_check("C6", Level.SECOND_HANDLE, needs=FEED)
def a_place_is_above_what_was_relied_on(storage: Storage) -> None:
    """An act stands in the feed above the records it relies on, and below what is appended to that stream later: also where it,
    or the later one, is a host's that began and wrote before the other was there."""
    store, host, joined = begun(storage)
    reader = Reader(store)
    host.change("relying")
    at_once(storage, host, batch(stream=OFFICES))
    reader.read_on()
    joined.append(batch(relies_on=(head_of(joined, OFFICES),)))
    host.commit()
    above = place(store, STREAM, 1) > place(store, OFFICES, 1)
    expect.true(above, "an act of a host stands below what it relies on")
    host.change("ending")
    at_once(storage, host, batch(1, relies_on=(head_of(store, OFFICES),)))
    joined.append(batch(1, stream=OFFICES))
    reader.read_on()
    joined.append(batch(2, relies_on=(head_of(joined, OFFICES),)))
    host.commit()
    told = "positions of an act, of the end of what it relied on, and of an act that relies on that"
    found = [place(store, STREAM, 2), place(store, OFFICES, 2), place(store, STREAM, 3)]
    expect.equal(found, sorted(found), told)
    reader.is_through(STREAM, OFFICES)
    committed(host, "relying", "ending")


@joined_check("C6", Level.SECOND_HANDLE, needs=FEED)
def nothing_is_missed_while_a_host_is_at_work(storage: Storage) -> None:
    """Others append elsewhere while a host has appended and not committed: whoever follows the feed meanwhile misses nothing,
    gets nothing twice and nothing that was rolled back."""
    store, host, joined = begun(storage)
    early, late = Reader(store), Reader(store)
    versions = {"commit": 0, "rollback": 0}
    for turn, end in enumerate(["commit", "rollback", "commit"]):
        late.read_on()
        joined.begin()
        joined.append(batch(versions["commit"]))
        with meanwhile(storage, host, batch(turn, stream=OFFICES)) as other:
            early.read_on()
            getattr(host, end)()
            versions[end] += 1
            if other.result() is None:  # it was refused while the host was at work
                store.append(batch(turn, stream=OFFICES))
        early.read_on()
    for reader in (early, late):
        reader.is_through(STREAM, OFFICES)
    expect.equal(head_of(store).version, versions["commit"], "the version of the host's stream")
