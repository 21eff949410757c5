"""Faults that show only where somebody asks for what is seldom asked: twice the same, very many, less than nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from stabflow.errors import LeaseLost, VersionConflict
from stabflow.ports import store_rules as rules
from stabflow.ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    CasePage,
    CaseQuery,
    Claim,
    Clock,
    DeadLetter,
    DutyPage,
    DutyQuery,
    IndexChange,
    StoredRecord,
    StreamHead,
)

from .shared import Core


class NegativeAfterReadsTheEnd(Core):
    """Cuts a list from ``after`` on, which for -1 is its end."""

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        rules.check_page(limit)
        with self._held():
            return tuple(self._records.get(stream, ())[after:][:limit])


class HeadsOfASet(Core):
    """Asks for each stream once, and answers once, though it was asked for twice."""

    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        return super().heads(list(dict.fromkeys(streams)))


class HeadsAsTheyCome(Core):
    """Answers in the order of the database, not in that of the question."""

    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        return sorted(super().heads(streams), key=lambda head: head.stream)


class OnlyTenHeadsCompared(Core):
    """Has room for ten heads in its statement, and takes no notice of the others."""

    def are_heads(self, heads: Sequence[StreamHead]) -> bool:
        return super().are_heads(heads[:10])


class ReliesOnFirstTen(Core):
    """Has room for ten heads in its statement, and writes an act that relied on more without asking for the others."""

    def append(self, batch: AppendBatch) -> AppendResult:
        return super().append(attrs.evolve(batch, relies_on=batch.relies_on[:10]))


class ReliesOnLastOfEach(Core):
    """Takes the heads relied on by their streams: of two that contradict each other, one is right."""

    def append(self, batch: AppendBatch) -> AppendResult:
        by_stream = {head.stream: head for head in batch.relies_on}
        return super().append(attrs.evolve(batch, relies_on=tuple(by_stream.values())))


class ConflictNamesTheBatch(Core):
    """Names the batch's own stream in every conflict, so that the wrong one is read again."""

    def append(self, batch: AppendBatch) -> AppendResult:
        try:
            return super().append(batch)
        except VersionConflict as conflict:
            raise VersionConflict(batch.stream, conflict.expected, conflict.actual) from conflict


class LookupNotReplayed(Core):
    """Gives the stored result by its key as if it had been written just now."""

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        found = super().lookup(stream, key)
        return None if found is None else (found[0], attrs.evolve(found[1], replayed=False))


class NoRecordsNoVersions(Core):
    """Tells the version of the stream as the first and the last one, where no record was written."""

    def append(self, batch: AppendBatch) -> AppendResult:
        result = super().append(batch)
        return result if batch.records else attrs.evolve(result, first_version=result.last_version)


class WholeSeconds(Core):
    """Keeps times in whole seconds: a lease of half a second has run out when it begins."""

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        claims = super().claim(owner, limit=limit, lease_for=lease_for)
        with self._held():
            for claim in claims:
                self._lanes[claim.lane][claim.notice].ready = rules.ticks(self._clock, int(lease_for))
        return claims

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        rules.check_retry(retry_after)
        super().release(claim, retry_after=None if retry_after is None else float(int(retry_after)), error=error)


class DeadLettersAsTheyCame(Core):
    """Lists dead letters as they were given up, not by their number: a reader that goes on misses some."""

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        before = dict(self._dead)
        super().release(claim, retry_after=retry_after, error=error)
        self._dead = before | self._dead


class DeadLettersByPlace(Core):
    """Takes ``after`` for a place in the list."""

    def dead_letters(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[DeadLetter]:
        rules.check_page(limit)
        return tuple(super().dead_letters()[after:][:limit])


class RevivedOvertakesTheLeased(Core):
    """Puts a revived notice before the one of its lane that is leased just now: two of a lane are out at once."""

    def revive(self, notice: int) -> bool:
        dead = self._dead.get(notice)
        revived = super().revive(notice)
        if revived and dead is not None:
            with self._held():
                self._lanes[dead.lane] = dict(sorted(self._lanes[dead.lane].items()))
        return revived


class ReleasedAfterItRanOut(Core):
    """Refuses a `release` after the lease has run out, though nobody has taken the notice over."""

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        notice = self._lanes.get(claim.lane, {}).get(claim.notice)
        if notice is not None and notice.token and notice.ready <= rules.ticks(self._clock):
            raise LeaseLost(claim.notice, claim.token)
        super().release(claim, retry_after=retry_after, error=error)


class ReleasedStaysClaimed(Core):
    """Leaves the token with a notice that was released: its old worker may still acknowledge it."""

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        super().release(claim, retry_after=retry_after, error=error)
        notice = self._lanes.get(claim.lane, {}).get(claim.notice)
        if notice is not None:
            notice.token = claim.token


class SortedWithoutCase(Core):
    """Puts cases in an order in which capitals are small letters, and goes on after the cursor in another."""

    def find_cases(self, query: CaseQuery) -> CasePage:
        rules.check_page(query.limit)
        rows = super().find_cases(attrs.evolve(query, limit=MAX_PAGE)).rows
        return rules.case_page(sorted(rows, key=lambda row: (row.case_id.lower(), row.case_id)), query.limit)


class RevivingWakesTheLane(Core):
    """Makes the whole lane due when it revives a notice, also the one that was to wait."""

    def revive(self, notice: int) -> bool:
        dead = self._dead.get(notice)
        revived = super().revive(notice)
        if revived and dead is not None:
            with self._held():
                for one in self._lanes[dead.lane].values():
                    if not one.token:
                        one.ready = min(one.ready, rules.ticks(self._clock))
        return revived


class BreachedForGood(Core):
    """Keeps a duty breached that once was, though the row that comes says otherwise."""

    def _change_index(self, change: IndexChange) -> None:
        before = {rules.duty_key(row)[1:]: row for row in self._duties.get(change.case.case_id, {}).values()}
        super()._change_index(change)
        rows = self._duties[change.case.case_id]
        for key, row in rows.items():
            old = before.get(rules.duty_key(row)[1:])
            if old is not None and old.breached and row.due_at == old.due_at:
                rows[key] = attrs.evolve(row, breached=True)


class BackToAnEarlierState(Core):
    """Has an index of states that a case which comes back to one of its states does not enter again."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._left: set[tuple[str, str]] = set()

    def _change_index(self, change: IndexChange) -> None:
        old = self._cases.get(change.case.case_id)
        super()._change_index(change)
        if old is not None and old.state != change.case.state:
            self._left.add((old.case_id, old.state))

    def find_cases(self, query: CaseQuery) -> CasePage:
        page = super().find_cases(query)
        if query.state is None:
            return page
        return CasePage(tuple(row for row in page.rows if (row.case_id, row.state) not in self._left), page.next)


class ClearedOnceForAll(Core):
    """Keeps a list of what was cleared, so that a duty which comes back is not found."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._gone: set[tuple[str, str, str]] = set()

    def _change_index(self, change: IndexChange) -> None:
        before = self._duties.get(change.case.case_id, {}).values()
        self._gone |= {(row.case_id, row.duty, row.role) for row in before if row.duty in change.cleared}
        super()._change_index(change)

    def find_duties(self, query: DutyQuery) -> DutyPage:
        page = super().find_duties(query)
        rows = tuple(row for row in page.rows if (row.case_id, row.duty, row.role) not in self._gone)
        return DutyPage(rows, page.next)


class RevivedOnlyOnce(Core):
    """Marks a dead letter as revived, and does not take the mark away when it is given up again."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._revived: set[int] = set()

    def revive(self, notice: int) -> bool:
        if notice in self._revived or not super().revive(notice):
            return False
        self._revived.add(notice)
        return True


class TwoFiltersAtMost(Core):
    """Has indexes for two filters together, and forgets a third."""

    def find_duties(self, query: DutyQuery) -> DutyPage:
        third: dict[str, Any] = dict.fromkeys(list(rules.given(query, rules.DUTY_FILTERS))[2:])
        return super().find_duties(attrs.evolve(query, **third))


class KeyOfTheFirstRecord(Core):
    """Makes out from the version whether an act is there already, and takes the key for an afterthought: an act with a fresh
    key, whose records are there word for word, is "replayed"."""

    def append(self, batch: AppendBatch) -> AppendResult:
        there = super().read_stream(batch.stream, after=max(batch.expected_version, 0), limit=MAX_PAGE)
        written = [(one.tag, one.payload) for one in there[: len(batch.records)]]
        if batch.records and batch.key and written == [(new.tag, new.payload) for new in batch.records]:
            return AppendResult(batch.expected_version + 1, batch.expected_version + len(batch.records), replayed=True)
        return super().append(batch)
