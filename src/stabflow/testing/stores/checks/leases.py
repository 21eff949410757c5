"""C10, leases: who has a notice, for how long, and who comes too late."""

from __future__ import annotations

from functools import partial

import attrs

from ....errors import LeaseLost
from ....ports.store import Capability, Claim, Store
from ... import expectation as expect
from ..material import batch, head_of, notices
from ..registry import Level, check
from ..storage import Storage

NEEDS = (Capability.OUTBOX,)


def put(store: Store, *payloads: str, lane: str = "lane") -> None:
    """Append an act with these notices."""
    store.append(batch(head_of(store).version, outbox=notices(*payloads, lane=lane)))


def take(store: Store, *, limit: int = 100, lease_for: float = 60) -> list[Claim]:
    """Claim what there is."""
    return list(store.claim("worker", limit=limit, lease_for=lease_for))


def take_one(store: Store, payload: str, what: str) -> Claim:
    """Claim what must be one notice with this payload."""
    found = take(store)
    expect.equal([one.payload.decode() for one in found], [payload], what)
    return found[0]


@check("C10", needs=NEEDS)
def a_claim_is_exclusive_until_it_runs_out(storage: Storage) -> None:
    """A claimed notice is nobody else's until the lease is over; then the next claim has a higher token and counts one more."""
    store = storage.open()
    put(store, "notice")
    first = take_one(store, "notice", "the first claim")
    expect.equal((first.lane, first.attempts), ("lane", 1), "lane and attempts of the first claim")
    expect.equal(take(store), [], "what can be claimed while it is leased")
    storage.clock.advance(59.9)
    expect.equal(take(store), [], "what can be claimed after 59.9 seconds of a lease of 60")
    storage.clock.advance(0.2)
    second = take_one(store, "notice", "the claim after the lease ran out")
    expect.equal((second.notice, second.attempts), (first.notice, 2), "notice and attempts of the second claim")
    expect.true(second.token > first.token, "the token of the second claim is not higher", (first.token, second.token))
    expect.equal(take(store), [], "what can be claimed while it is leased again")


@check("C10", needs=NEEDS)
def times_have_fractions(storage: Storage) -> None:
    """A lease, and a wait, of half a second are over after half a second, not before and not later."""
    store = storage.open()
    storage.clock.advance(0.3)
    put(store, "notice")
    take_one(store, "notice", "a notice appended at this very moment")
    storage.clock.advance(60)
    for turn in range(2):
        (claim,) = take(store, lease_for=0.5)
        storage.clock.advance(0.4)
        expect.equal(take(store), [], f"what can be claimed after 0.4 seconds of a lease of 0.5 (turn {turn})")
        storage.clock.advance(0.11)
        claim = take_one(store, "notice", f"the claim after a lease of 0.5 seconds (turn {turn})")
        store.release(claim, retry_after=0.5, error="busy")
        storage.clock.advance(0.4)
        expect.equal(take(store), [], f"what can be claimed after 0.4 of 0.5 seconds to wait (turn {turn})")
        storage.clock.advance(0.11)
        claim = take_one(store, "notice", f"the claim after half a second's wait (turn {turn})")
        store.release(claim, retry_after=0.0, error="busy")


@check("C10", needs=NEEDS)
def a_late_ack_is_refused(storage: Storage) -> None:
    """Once another worker took the notice over, the first one's `ack` and `release` are `LeaseLost`, and change nothing."""
    store = storage.open()
    put(store, "notice", "next")
    first = take_one(store, "notice", "the first claim")
    storage.clock.advance(61)
    second = take_one(store, "notice", "the claim after the lease ran out")
    late = {
        "ack": partial(store.ack, first),
        "release for later": partial(store.release, first, retry_after=0.0, error="late"),
        "release for good": partial(store.release, first, retry_after=None, error="late"),
    }
    for name, call in late.items():
        what = f"{name} by the worker whose notice was taken over"
        expect.raised(LeaseLost, call, what, notice=first.notice, token=first.token)
    expect.equal(list(store.dead_letters()), [], "dead letters after a late release")
    expect.equal(take(store), [], "what can be claimed after late answers: the second lease still runs")
    store.ack(second)
    take_one(store, "next", "the next of the lane")
    for name, call in late.items():
        expect.raised(LeaseLost, call, f"{name} after another worker delivered the notice")
    expect.raised(LeaseLost, partial(store.ack, second), "acknowledging twice")


@check("C10", needs=NEEDS)
def a_lease_that_ran_out_counts_until_it_is_taken_over(storage: Storage) -> None:
    """A slow worker whose notice nobody took over may still acknowledge it, or release it."""
    store = storage.open()
    put(store, "one", "two", "three")
    slow = take_one(store, "one", "the first claim")
    storage.clock.advance(600)
    store.ack(slow)
    slow = take_one(store, "two", "the next of the lane")
    storage.clock.advance(600)
    store.release(slow, retry_after=None, error="slow")
    expect.equal([one.payload for one in store.dead_letters()], [b"two"], "dead letters")
    take_one(store, "three", "the next of the lane")


@check("C10", needs=NEEDS)
def a_claim_that_was_never_given_is_refused(storage: Storage) -> None:
    """A made-up token, or that of a notice which is not there, is `LeaseLost`."""
    store = storage.open()
    put(store, "notice")
    claim = take_one(store, "notice", "the claim")
    for false in (
        attrs.evolve(claim, token=claim.token + 1),
        attrs.evolve(claim, token=0),
        attrs.evolve(claim, notice=claim.notice + 99),
    ):
        expect.raised(LeaseLost, partial(store.ack, false), f"acknowledging {false}")
        expect.raised(LeaseLost, partial(store.release, false, retry_after=None, error=""), f"releasing {false}")
    store.ack(claim)
    expect.equal(take(store), [], "what is left")


@check("C10", needs=NEEDS)
def tokens_rise_over_all_claims(storage: Storage) -> None:
    """Every claim has a higher token than every claim before it, of whatever notice."""
    store = storage.open()
    last = 0
    for turn in range(4):
        for lane in ("a", "b", "c"):
            put(store, f"{lane}{turn}", lane=lane)
        claims = take(store)
        expect.equal(len(claims), 3, "claims, one a lane")
        tokens = [claim.token for claim in claims]
        expect.equal(len(set(tokens)), 3, "different tokens among three claims")
        expect.true(min(tokens) > last, "a token is not higher than that of an earlier claim", (last, tokens))
        last = max(tokens)
        for claim in claims:
            if turn % 2:
                store.ack(claim)
            else:
                store.release(claim, retry_after=0.0, error="again")


@check("C10", needs=NEEDS)
def a_released_notice_waits_its_time(storage: Storage) -> None:
    """A notice released for later can be claimed when its time has come, not before, and keeps its lane waiting."""
    store = storage.open()
    put(store, "one", "two")
    claim = take_one(store, "one", "the first claim")
    store.release(claim, retry_after=30.0, error="busy")
    expect.raised(LeaseLost, partial(store.ack, claim), "acknowledging what was released")
    storage.clock.advance(29.9)
    expect.equal(take(store), [], "what can be claimed after 29.9 of 30 seconds: neither it, nor the next of its lane")
    storage.clock.advance(0.2)
    claim = take_one(store, "one", "the claim after 30 seconds")
    expect.equal(claim.attempts, 2, "its attempts")
    store.release(claim, retry_after=0.0, error="busy")
    claim = take_one(store, "one", "the claim right after a release for no time")
    expect.equal(claim.attempts, 3, "its attempts")
    store.ack(claim)
    take_one(store, "two", "the next of the lane")


@check("C10", needs=NEEDS)
def the_longest_due_comes_first(storage: Storage) -> None:
    """A claim of a few takes those that have waited longest, at most as many as it asked for."""
    store = storage.open()
    for lane in ("c", "a", "d", "b"):
        put(store, lane, lane=lane)
        storage.clock.advance(1)
    expect.equal([one.payload for one in take(store, limit=1)], [b"c"], "a claim of one")
    expect.equal([one.payload for one in take(store, limit=2)], [b"a", b"d"], "a claim of two more")
    expect.equal([one.payload for one in take(store, limit=2)], [b"b"], "a claim of two where one is left")
    expect.equal(take(store, limit=2), [], "a claim where none is left")


@check("C10", needs=NEEDS)
def a_lease_has_an_end(storage: Storage) -> None:
    """A lease for no time, for a negative one or without end is `ValueError`, and so is a wait that is none."""
    store = storage.open()
    put(store, "notice")
    for lease_for in (0.0, -1.0, float("inf"), float("nan")):
        asked = partial(store.claim, "worker", limit=1, lease_for=lease_for)
        expect.raised(ValueError, asked, f"a lease for {lease_for} seconds")
    claim = take_one(store, "notice", "the claim after refused ones")
    expect.equal(claim.attempts, 1, "its attempts: refused claims count for nothing")
    for retry_after in (-1.0, float("inf"), float("nan")):
        asked_back = partial(store.release, claim, retry_after=retry_after, error="")
        expect.raised(ValueError, asked_back, f"a release for {retry_after} seconds")
    store.ack(claim)


@check("C10", Level.SECOND_HANDLE, needs=NEEDS)
def a_lease_holds_against_every_handle(storage: Storage) -> None:
    """Leases, tokens and late answers are the storage's, not the handle's; also when it was opened again."""
    one, two = storage.open(), storage.open()
    put(one, "notice", "next")
    first = take_one(one, "notice", "the first claim")
    expect.equal(take(two), [], "what another handle can claim while it is leased")
    storage.clock.advance(61)
    second = take_one(two, "notice", "the claim by another handle after the lease ran out")
    expect.true(second.token > first.token, "the token of a later claim is not higher", (first.token, second.token))
    expect.raised(LeaseLost, partial(one.ack, first), "acknowledging what another handle took over")
    one.close()
    two.close()
    three = storage.open()
    expect.raised(LeaseLost, partial(three.ack, first), "acknowledging late, after the storage was opened again")
    expect.equal(take(three), [], "what can be claimed after the storage was opened again: the lease still runs")
    three.ack(second)
    third = take_one(three, "next", "the next of the lane")
    expect.true(
        third.token > second.token, "a token fell when the storage was opened again", (second.token, third.token)
    )
    three.release(third, retry_after=None, error="gone")
    four = storage.open()
    expect.equal([one.error for one in four.dead_letters()], ["gone"], "the dead letters by another handle")
    expect.equal(four.revive(third.notice), True, "reviving through another handle")
    fourth = take_one(three, "next", "what was revived through another handle")
    expect.true(fourth.token > third.token, "a token fell", (third.token, fourth.token))
