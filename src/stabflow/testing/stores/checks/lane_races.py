"""C10, threads that meet in one lane: acts on different streams, and whoever settles or revives a notice of it meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from ....ports.store import Claim, Store
from ... import expectation as expect
from ..material import STREAM, batch, head_of, notices
from ..racing import Handles, Meeting, together, ways
from ..registry import Level, check
from ..storage import Storage
from .leases import NEEDS, take, take_one

LANE = "lane"
WRITERS = ("a", "b")


@check("C10", Level.THREADS, needs=NEEDS)
def acts_that_meet_in_a_lane_keep_its_order(storage: Storage) -> None:
    """Acts on two streams put a notice into one lane at once, while it is empty, or its first is acknowledged, given up or
    revived: of the lane one is out at a time, none is forgotten, and they come in the order of their numbers."""
    for handles in ways(storage):
        _meet_in_a_lane(storage, handles, rounds=storage.rounds(40))


def _meet_in_a_lane(storage: Storage, handles: Handles, rounds: int) -> None:
    parties = len(WRITERS) + 1
    meeting, written = Meeting(storage, parties, rounds), threading.Barrier(parties)

    def write(name: str, store: Store) -> None:
        for number in meeting.rounds_together():
            store.append(batch(number, stream=f"case/{name}", outbox=notices(f"{name} {number}", lane=LANE)))
            written.wait(storage.left())

    def settle(store: Store) -> None:
        act, meanwhile, more = _EMPTY
        for number in meeting.rounds_together():
            act()
            written.wait(storage.left())
            right = [*(f"{name} {number}" for name in WRITERS), *more]
            _expect_one_by_one(store, right, f"{handles.title}: round {number}, {meanwhile}")
            act, meanwhile, more = _prepared(store, number + 1)

    together(storage, handles, *(partial(write, name) for name in WRITERS), settle, meetings=[meeting, written])
    handles.leave()


Prepared = tuple[Callable[[], object], str, tuple[str, ...]]
"""What is done while the others write, what that is called, and which notice it adds to the lane."""

_EMPTY: Prepared = (lambda: None, "in an empty lane", ())


def _prepared(store: Store, number: int) -> Prepared:
    if number % 4 == 0:
        return _EMPTY
    payload = f"first {number}"
    store.append(batch(head_of(store, STREAM).version, outbox=notices(payload, lane=LANE)))
    claim: Claim = take_one(store, payload, f"what is claimed before round {number}")
    if number % 4 == 1:
        return partial(store.ack, claim), "while the first of the lane was acknowledged", ()
    give_up = partial(store.release, claim, retry_after=None, error="given up")
    if number % 4 == 2:
        return give_up, "while the first of the lane was given up", ()
    give_up()
    return partial(store.revive, claim.notice), "while a dead letter of the lane was revived", (payload,)


def _expect_one_by_one(store: Store, right: list[str], when: str) -> None:
    """Claim and acknowledge what is in the lane, which must be these notices."""
    found: list[Claim] = []
    while claims := take(store):
        expect.equal(len(claims), 1, f"{when}: notices of the lane that are out at once")
        expect.true(len(found) < len(right), f"{when}: more notices come than there are", claims[0].payload)
        store.ack(claims[0])
        found += claims
    told = sorted(one.payload.decode() for one in found)
    expect.equal(told, sorted(right), f"{when}: the notices that can be claimed")
    numbers = [one.notice for one in found]
    expect.equal(numbers, sorted(numbers), f"{when}: the numbers of the notices, in the order of the lane")
