"""Faults in the outbox and its leases (C10), each seen by one handle used in order."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from stabflow.errors import LeaseLost
from stabflow.ports import store_rules as rules
from stabflow.ports.store import MAX_PAGE, AppendBatch, AppendResult, Claim, Clock, DeadLetter, WaitingNotice

from .shared import Core


class NotLeased(Core):
    """Reads what is due, and marks nothing: whoever asks next gets the same."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        claims = super().claim(owner, limit=limit, lease_for=lease_for)
        with self._held():
            for claim in claims:
                self._lanes[claim.lane][claim.notice].ready = rules.ticks(self._clock)
        return claims


class NoFencing(Core):
    """Acknowledges by the number of the notice alone."""

    def ack(self, claim: Claim) -> None:
        with self._held():
            notice = self._lanes.get(claim.lane, {}).get(claim.notice)
            if notice is None:
                raise LeaseLost(claim.notice, claim.token)
            self._settle(notice)


class ReleaseNotFenced(Core):
    """Fences `ack`, and forgets `release`."""

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        notice = self._lanes.get(claim.lane, {}).get(claim.notice)
        super().release(attrs.evolve(claim, token=notice.token if notice else 0), retry_after=retry_after, error=error)


class AckTwiceIsHarmless(Core):
    """Says nothing when there is no such notice any more."""

    def ack(self, claim: Claim) -> None:
        if claim.notice in self._lanes.get(claim.lane, {}):
            super().ack(claim)


class ExpiredMayNotAck(Core):
    """Refuses an `ack` after the lease has run out, though nobody has taken the notice over."""

    def ack(self, claim: Claim) -> None:
        notice = self._lanes.get(claim.lane, {}).get(claim.notice)
        if notice is not None and notice.ready <= rules.ticks(self._clock):
            raise LeaseLost(claim.notice, claim.token)
        super().ack(claim)


class ClaimsNeverExpire(Core):
    """Marks a notice as taken, for good."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        return super().claim(owner, limit=limit, lease_for=1e9)


class OwnClock(Core):
    """Goes by the system's clock, whatever clock it was opened with."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        given, self._clock = self._clock, rules.system_clock
        try:
            return super().claim(owner, limit=limit, lease_for=lease_for)
        finally:
            self._clock = given


class LaneOrderBroken(Core):
    """Claims whatever is due, several notices of a lane at once."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        rules.check_lease(limit, lease_for)
        with self._held():
            now, until = rules.ticks(self._clock), rules.ticks(self._clock, lease_for)
            every = [one for lane in self._lanes.values() for one in lane.values()]
            due = sorted((one for one in every if one.ready <= now), key=lambda one: (one.ready, one.number))
            claims = []
            for one in due[:limit]:
                self._token += 1
                one.ready, one.token, one.attempts = until, self._token, one.attempts + 1
                claims.append(Claim(one.number, one.lane, one.payload, one.token, one.attempts))
            return tuple(claims)


class RetriedGoesToTheBack(Core):
    """Puts a notice that is to be tried again at the end of its lane, as a queue does."""

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        super().release(claim, retry_after=retry_after, error=error)
        if retry_after is not None:
            with self._held():
                lane = self._lanes[claim.lane]
                lane[claim.notice] = lane.pop(claim.notice)


class WaitingLetsOthersPass(Core):
    """Skips a notice whose time has not come, and takes the next one of its lane."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        now = rules.ticks(self._clock)
        with self._held():
            lanes = self._lanes
            ready = {
                name: {n: one for n, one in lane.items() if one.token or one.ready <= now}
                for name, lane in lanes.items()
            }
            self._lanes = {name: lane for name, lane in ready.items() if lane}
        try:
            return super().claim(owner, limit=limit, lease_for=lease_for)
        finally:
            self._lanes = lanes


class ParkedBlocksItsLane(Core):
    """Leaves a notice that was given up at the head of its lane."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        with self._held():
            blocked = {dead.lane for dead in self._dead.values()}
            lanes = self._lanes
            self._lanes = {name: lane for name, lane in lanes.items() if name not in blocked}
        try:
            return super().claim(owner, limit=limit, lease_for=lease_for)
        finally:
            self._lanes = lanes


class GivenUpIsLost(Core):
    """Deletes what is given up."""

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        super().release(claim, retry_after=retry_after, error=error)
        if retry_after is None:
            self._dead.pop(claim.notice)


class ErrorNotKept(Core):
    """Keeps what was given up, but not why."""

    def dead_letters(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[DeadLetter]:
        return tuple(attrs.evolve(one, error="") for one in super().dead_letters(after=after, limit=limit))


class DeadLettersInclusive(Core):
    """Reads dead letters from ``after`` by >=."""

    def dead_letters(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[DeadLetter]:
        return super().dead_letters(after=max(after - 1, 0), limit=limit)


class LeasedDoNotWait(Core):
    """Does not tell of what is leased when asked what waits."""

    def waiting(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[WaitingNotice]:
        return tuple(one for one in super().waiting(after=after, limit=limit) if not one.attempts)


class WaitingInclusive(Core):
    """Reads what waits from ``after`` by >=."""

    def waiting(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[WaitingNotice]:
        return super().waiting(after=max(after - 1, 0), limit=limit)


class RetryAfterIgnored(Core):
    """Lets a notice be claimed again at once."""

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        super().release(claim, retry_after=None if retry_after is None else 0.0, error=error)


class ReleasedKeepsItsLease(Core):
    """Waits for the lease to run out as well, before a notice that was released may be claimed."""

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        notice = self._lanes.get(claim.lane, {}).get(claim.notice)
        until = 0 if notice is None else notice.ready
        super().release(claim, retry_after=retry_after, error=error)
        if notice is not None:
            notice.ready = max(until, notice.ready)


class TokensPerNotice(Core):
    """Takes the number of attempts for a token, which rises for each notice alone."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        claims = super().claim(owner, limit=limit, lease_for=lease_for)
        with self._held():
            for claim in claims:
                self._lanes[claim.lane][claim.notice].token = claim.attempts
        return tuple(attrs.evolve(claim, token=claim.attempts) for claim in claims)


class AttemptsNotCounted(Core):
    """Counts a claim only when it is released, so that a worker that dies tries for ever."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        claims = super().claim(owner, limit=limit, lease_for=lease_for)
        with self._held():
            for claim in claims:
                self._lanes[claim.lane][claim.notice].attempts -= 1
        return claims

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        notice = self._lanes.get(claim.lane, {}).get(claim.notice)
        if notice is not None:
            notice.attempts += 1
        super().release(claim, retry_after=retry_after, error=error)


class ClaimIgnoresLimit(Core):
    """Claims all that is due."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        rules.check_lease(limit, lease_for)
        return super().claim(owner, limit=MAX_PAGE, lease_for=lease_for)


class LeasedUseUpTheLimit(Core):
    """Takes the first so many lanes, and only then looks which of them are free: full of leases, it gives nothing."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        with self._held():
            lanes = self._lanes
            by_number = sorted(lanes.items(), key=lambda lane: next(iter(lane[1])))
            self._lanes = dict(by_number[:limit])
        try:
            return super().claim(owner, limit=limit, lease_for=lease_for)
        finally:
            self._lanes = lanes


class RevivedAtTheBack(Core):
    """Puts a notice that is revived behind those that came after it."""

    def revive(self, notice: int) -> bool:
        dead = self._dead.get(notice)
        revived = super().revive(notice)
        if revived and dead is not None:
            with self._held():
                lane = self._lanes[dead.lane]
                lane[notice] = lane.pop(notice)
        return revived


class RevivedKeepsItsAttempts(Core):
    """Counts on where it had stopped, so that a revived notice is given up again at once."""

    def revive(self, notice: int) -> bool:
        dead = self._dead.get(notice)
        revived = super().revive(notice)
        if revived and dead is not None:
            self._lanes[dead.lane][notice].attempts = dead.attempts
        return revived


class RevivesWhatIsNot(Core):
    """Does not look whether there was such a dead letter."""

    def revive(self, notice: int) -> bool:
        return super().revive(notice) or True


class RevivedStaysDead(Core):
    """Puts the notice back, and leaves the dead letter where it is."""

    def revive(self, notice: int) -> bool:
        dead = self._dead.get(notice)
        revived = super().revive(notice)
        if revived and dead is not None:
            self._dead[notice] = dead
        return revived


class NoticesWithoutRecordsDropped(Core):
    """Writes the notices with the last record, and so drops them where there is none."""

    def append(self, batch: AppendBatch) -> AppendResult:
        result = super().append(batch)
        if not batch.records and not result.replayed:
            with self._held():
                for _ in batch.outbox:
                    lane = next(lane for lane in self._lanes.values() if self._notices in lane)
                    self._settle(lane[self._notices])
                    self._notices -= 1
        return result


class TokensOfTheStart(Core):
    """Begins to count tokens anew when the storage is empty of notices (and reuses their numbers, too)."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        with self._held():
            if not any(one.token for lane in self._lanes.values() for one in lane.values()):
                self._token = 0
        return super().claim(owner, limit=limit, lease_for=lease_for)
