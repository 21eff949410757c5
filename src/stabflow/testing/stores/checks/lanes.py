"""C10, lanes and dead letters: in order within a lane, and nothing parked stands in the way."""

from __future__ import annotations

from functools import partial

from ....errors import LeaseLost
from ... import expectation as expect
from ..material import batch, notices
from ..registry import check
from ..storage import Storage
from .leases import NEEDS, put, take, take_one


@check("C10", needs=NEEDS)
def a_lane_keeps_its_order(storage: Storage) -> None:
    """Of each lane one notice is out at a time, in the order in which they were appended, over acts and streams."""
    store = storage.open()
    put(store, "1", "2")
    store.append(batch(stream="another", outbox=notices("3", lane="lane")))
    put(store, "4")
    delivered = []
    for number in range(1, 5):
        claim = take_one(store, str(number), f"claim {number} of the lane")
        expect.equal(take(store), [], "what can be claimed while one of the lane is out")
        if number == 2:  # it is not delivered at once, which changes nothing
            store.release(claim, retry_after=5.0, error="later")
            expect.equal(take(store), [], "what can be claimed while the first of the lane waits")
            storage.clock.advance(6)
            claim = take_one(store, "2", "the one that waited")
        store.ack(claim)
        delivered.append(claim.notice)
    expect.equal(take(store), [], "what is left of the lane")
    expect.equal(delivered, sorted(set(delivered)), "the numbers of the notices, in the order of the lane")


@check("C10", needs=NEEDS)
def lanes_do_not_wait_for_each_other(storage: Storage) -> None:
    """A lane whose first notice is out, or waits, holds up no other lane."""
    store = storage.open()
    mixed = (*notices("a1", "a2", lane="a"), *notices("b1", "b2", lane="b"), *notices("a3", lane="a"))
    store.append(batch(outbox=mixed))
    first = take(store)
    expect.equal(sorted(one.payload for one in first), [b"a1", b"b1"], "the first claim: one of each lane")
    a, b = sorted(first, key=lambda one: one.payload)
    store.release(a, retry_after=600.0, error="later")
    store.ack(b)
    b = take_one(store, "b2", "lane b while lane a waits")
    store.ack(b)
    expect.equal(take(store), [], "what is left while lane a waits")
    storage.clock.advance(601)
    store.ack(take_one(store, "a1", "lane a after its wait"))
    store.ack(take_one(store, "a2", "lane a"))
    store.ack(take_one(store, "a3", "lane a"))


@check("C10", needs=NEEDS)
def a_parked_notice_frees_its_lane(storage: Storage) -> None:
    """A notice given up becomes a dead letter with its attempts and last error; the next of its lane can be claimed at once."""
    store = storage.open()
    put(store, "bad", "good")
    claim = take_one(store, "bad", "the first claim")
    store.release(claim, retry_after=0.0, error="first error")
    claim = take_one(store, "bad", "the second claim")
    store.release(claim, retry_after=None, error="last error")
    (dead,) = store.dead_letters()
    told = (dead.notice, dead.lane, dead.payload, dead.attempts, dead.error)
    expect.equal(told, (claim.notice, "lane", b"bad", 2, "last error"), "the dead letter")
    expect.raised(LeaseLost, partial(store.ack, claim), "acknowledging what was given up")
    good = take_one(store, "good", "the next of the lane, at once")
    store.ack(good)
    storage.clock.advance(10_000)
    expect.equal(take(store), [], "what can be claimed of a lane with a dead letter alone")
    expect.equal([one.notice for one in store.dead_letters()], [claim.notice], "the dead letters in the end")


@check("C10", needs=NEEDS)
def what_waits_is_told_and_not_taken(storage: Storage) -> None:
    """What is neither delivered nor given up is told by number, leased or not, with its attempts; looking takes nothing."""
    store = storage.open()
    mixed = (*notices("a1", "a2", lane="a"), *notices("b1", lane="b"), *notices("c1", lane="c"))
    store.append(batch(outbox=mixed))
    told = [(one.lane, one.payload, one.attempts) for one in store.waiting()]
    expect.equal(told, [("a", b"a1", 0), ("a", b"a2", 0), ("b", b"b1", 0), ("c", b"c1", 0)], "what waits")
    a, b, c = sorted(take(store), key=lambda one: one.payload)
    told = [(one.lane, one.payload, one.attempts) for one in store.waiting()]
    expect.equal(
        told, [("a", b"a1", 1), ("a", b"a2", 0), ("b", b"b1", 1), ("c", b"c1", 1)], "what waits while three are out"
    )
    numbers = [one.notice for one in store.waiting()]
    expect.equal(sorted(numbers), numbers, "the order of what waits")
    expect.equal([one.notice for one in store.waiting(limit=3)], numbers[:3], "the first three")
    expect.equal([one.notice for one in store.waiting(after=numbers[2], limit=3)], numbers[3:], "those above the third")
    store.ack(a)
    store.release(b, retry_after=None, error="gone")
    store.release(c, retry_after=600.0, error="later")
    expect.equal([one.payload for one in store.waiting()], [b"a2", b"c1"], "what waits in the end")
    take_one(store, "a2", "what can be claimed after so many looks")


@check("C10", needs=NEEDS)
def dead_letters_come_in_pages(storage: Storage) -> None:
    """Dead letters are told by number, those above ``after``, at most ``limit``."""
    store = storage.open()
    for lane in ("c", "a", "b", "d", "e"):
        put(store, lane, lane=lane)
    claims = sorted(take(store), key=lambda one: one.lane)
    for claim in claims:
        store.release(claim, retry_after=None, error=f"error {claim.lane}")
    numbers = sorted(one.notice for one in claims)
    expect.equal([one.notice for one in store.dead_letters()], numbers, "all dead letters")
    expect.equal([one.notice for one in store.dead_letters(limit=2)], numbers[:2], "the first two")
    expect.equal([one.notice for one in store.dead_letters(after=numbers[1], limit=2)], numbers[2:4], "the next two")
    expect.equal([one.notice for one in store.dead_letters(after=numbers[3], limit=2)], numbers[4:], "the last")
    expect.equal(list(store.dead_letters(after=numbers[4])), [], "those after the last")
    for notice in (numbers[0], numbers[2]):
        store.revive(notice)
    put(store, "f", lane="f")
    expect.equal(
        [one.notice for one in store.dead_letters()], [numbers[1], *numbers[3:]], "those left after two were revived"
    )
    for after, right in (
        (numbers[0], numbers[1]),
        (numbers[1], numbers[3]),
        (numbers[2], numbers[3]),
        (numbers[3], numbers[4]),
    ):
        found = [one.notice for one in store.dead_letters(after=after, limit=1)]
        expect.equal(found, [right], f"the first dead letter after number {after}, of {[numbers[1], *numbers[3:]]}")


@check("C10", needs=NEEDS)
def a_revived_notice_goes_ahead_of_its_lane(storage: Storage) -> None:
    """A dead letter that is revived is claimed before the rest of its lane, its attempts counted anew."""
    store = storage.open()
    put(store, "1", "2", "3")
    claim = take_one(store, "1", "the first claim")
    store.release(claim, retry_after=None, error="gone")
    expect.equal(store.revive(claim.notice), True, "reviving a dead letter")
    expect.equal(store.revive(claim.notice), False, "reviving it twice")
    expect.equal(store.revive(claim.notice + 999), False, "reviving what is not there")
    expect.equal(list(store.dead_letters()), [], "dead letters after it was revived")
    again = take_one(store, "1", "what was revived, ahead of its lane")
    expect.equal((again.notice, again.attempts), (claim.notice, 1), "its number, and its attempts counted anew")
    expect.true(again.token > claim.token, "its token is not higher than before", (claim.token, again.token))
    expect.raised(LeaseLost, partial(store.ack, claim), "acknowledging with the token from before")
    store.ack(again)
    expect.equal(store.revive(claim.notice), False, "reviving what was delivered")
    two = take_one(store, "2", "the next of the lane")
    expect.equal(store.revive(two.notice), False, "reviving what is leased")


@check("C10", needs=NEEDS)
def revived_notices_take_their_old_places(storage: Storage) -> None:
    """Several dead letters of a lane that are revived, in whatever order, are claimed in the order they were appended in."""
    store = storage.open()
    put(store, "1", "2", "3", "4")
    dead = []
    for number in (1, 2, 3):
        claim = take_one(store, str(number), f"claim {number} of the lane")
        store.release(claim, retry_after=None, error="gone")
        dead.append(claim.notice)
    for notice in (dead[0], dead[2], dead[1]):
        expect.equal(store.revive(notice), True, "reviving a dead letter")
    for number in (1, 2, 3, 4):
        store.ack(take_one(store, str(number), f"claim {number} of the lane after three were revived"))


@check("C10", needs=NEEDS)
def a_notice_is_revived_as_often_as_it_was_given_up(storage: Storage) -> None:
    """A notice that was revived and given up once more is a dead letter like any other, and is revived again."""
    store = storage.open()
    put(store, "1", "2")
    number = None
    for turn in range(3):
        claim = take_one(store, "1", f"the claim after it was revived {turn} times")
        expect.equal((claim.notice, claim.attempts), (number or claim.notice, 1), "its number, and its attempts")
        number = claim.notice
        store.release(claim, retry_after=None, error=f"error {turn}")
        dead = [(one.notice, one.attempts, one.error) for one in store.dead_letters()]
        expect.equal(dead, [(number, 1, f"error {turn}")], f"the dead letters after it was given up {turn + 1} times")
        expect.equal(store.revive(number), True, f"reviving it for the {turn + 1}. time")
        expect.equal(list(store.dead_letters()), [], "the dead letters after it was revived")
    store.ack(take_one(store, "1", "the claim in the end"))
    take_one(store, "2", "the next of the lane")


@check("C10", needs=NEEDS)
def reviving_lets_the_others_wait(storage: Storage) -> None:
    """A notice that was released for later waits its time also when one ahead of it is revived and delivered meanwhile."""
    store = storage.open()
    put(store, "1", "2")
    first = take_one(store, "1", "the first claim")
    store.release(first, retry_after=None, error="gone")
    second = take_one(store, "2", "the next of the lane")
    store.release(second, retry_after=60.0, error="busy")
    expect.equal(store.revive(first.notice), True, "reviving a dead letter")
    again = take_one(store, "1", "what was revived, ahead of one that waits")
    expect.equal(take(store), [], "what can be claimed while it is out")
    store.ack(again)
    expect.equal(take(store), [], "what can be claimed of a lane whose next is to wait 60 seconds")
    storage.clock.advance(59.9)
    expect.equal(take(store), [], "what can be claimed after 59.9 seconds")
    storage.clock.advance(0.2)
    claim = take_one(store, "2", "the next of the lane after its wait")
    expect.equal(claim.attempts, 2, "its attempts")


@check("C10", needs=NEEDS)
def a_revived_notice_comes_after_the_one_that_is_out(storage: Storage) -> None:
    """A dead letter that is revived while another of its lane is leased waits for that one alone."""
    store = storage.open()
    put(store, "1", "2", "3")
    dead = take_one(store, "1", "the first claim")
    store.release(dead, retry_after=None, error="gone")
    out = take_one(store, "2", "the next of the lane")
    expect.equal(store.revive(dead.notice), True, "reviving a dead letter")
    expect.equal(take(store), [], "what can be claimed while one of the lane is out")
    store.ack(out)
    store.ack(take_one(store, "1", "what was revived"))
    store.ack(take_one(store, "3", "the last of the lane"))
    expect.equal(take(store), [], "what is left")


@check("C10", needs=NEEDS)
def a_delivered_notice_does_not_come_again(storage: Storage) -> None:
    """What was acknowledged is gone: it is not claimed again, is no dead letter, and frees the next of its lane."""
    store = storage.open()
    for turn in range(3):
        put(store, f"{turn}", lane=f"lane {turn % 2}")
    seen = []
    for _ in range(2):
        claims = take(store)
        seen += [one.payload.decode() for one in claims]
        for claim in claims:
            store.ack(claim)
    expect.equal(sorted(seen), ["0", "1", "2"], "what was claimed and acknowledged")
    storage.clock.advance(100_000)
    expect.equal(take(store), [], "what can be claimed after all was acknowledged")
    expect.equal(list(store.dead_letters()), [], "dead letters")
    put(store, "3")
    take_one(store, "3", "what was appended later")
