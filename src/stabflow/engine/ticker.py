"""The tick: what has fallen due is put on record, what the calendar calls for is created. Each thing once, however often and on
however many machines it runs, and also where it was killed half way: what is on record is not done again, and the rest is."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from ..decision.events import Awaited, BreachFound, Recurred, Ticked
from ..errors import (
    ClockInDoubt,
    CommitUnknown,
    Corrupt,
    InvalidInput,
    StabflowError,
    StoreUnavailable,
)
from ..history.codec import moment_from
from ..history.record import Record
from ..language import Procedure
from ..ports.store import MAX_PAGE, DutyQuery, DutyRow
from ..values import Actor, Basis, moment_text
from . import pages, streams
from .attempts import HOST_SYSTEM
from .awaiting import UnknownHolidays, in_words, is_served, news, unserved
from .findings import find_breach
from .ledger import put
from .recurring import Call, Calling, in_use, recurring
from .reminders import Reminding
from .shell import Shell

MOST_APART = timedelta(days=7)
"""A clock that is so far past the last tick is believed only on somebody's word."""

KEPT = 16
"""Of so many cases the records are kept."""

EVERY = timedelta(hours=1)
"""A tick that found nothing is put on record once in so long."""

Key = tuple[str, str, int, str]


@attrs.frozen
class Tick:
    """What one tick did: ``breaches`` are the records of those it found, the first due first; ``created`` the ids of the cases
    and (as ``case/item``) of the items that the calendar called for, ``by_hand`` those of the cases that somebody had opened
    already for their period; ``failures`` are the cases, or procedures, that it could not deal with, and why: the next tick tries
    again. ``unknown`` are the holidays that a procedure calls for, and of which the calendar does not say when they are: each is
    told once, and what is missed is made up for when it is known. ``reminders`` counts the notices before a due time that it has
    put into the outbox."""

    until: datetime
    breaches: tuple[Record, ...] = ()
    created: tuple[str, ...] = ()
    failures: tuple[tuple[str, StabflowError], ...] = ()
    by_hand: tuple[str, ...] = ()
    unknown: tuple[UnknownHolidays, ...] = ()
    reminders: int = 0


@attrs.define
class _Progress:
    breaches: list[Record] = attrs.field(factory=list)
    created: list[str] = attrs.field(factory=list)
    by_hand: list[str] = attrs.field(factory=list)
    unknown: list[UnknownHolidays] = attrs.field(factory=list)
    failures: list[tuple[str, StabflowError]] = attrs.field(factory=list)
    seen: dict[str, list[Record]] = attrs.field(factory=dict)
    """The records of the cases looked at last, so that what has many duties is read once."""

    def trying(self, what: str, do: Callable[[], None]) -> bool:
        """Do something about one case, and tell whether that went well: what is wrong with that one keeps no other from its turn;
        a store that is away does."""
        try:
            do()
        except (StoreUnavailable, CommitUnknown):
            raise
        except StabflowError as error:
            self.failures.append((what, error))
            return False
        return True


def tick(shell: Shell, *, through: datetime | None, by: Actor, basis: Basis | None) -> Tick:
    """See `Engine.tick`."""
    now, last = shell.now(), last_tick(shell)
    until = now if through is None else through
    if until > now:
        raise InvalidInput.at(
            "through", f"{until.isoformat()} lies ahead of the clock, {now.isoformat()}", "give a time that has passed"
        )
    progress = _Progress()
    used = tuple(in_use(shell))
    callings = _callings(shell, used, last, until, progress)
    calls = sorted((call for one in callings for call in one.calls()), key=lambda call: call.at)
    if through is None:
        _check_apart(shell, last, now, calls)
    _create(shell, calls, progress)
    served, awaited = _served(shell, last, until, callings, progress)
    _find_breaches(shell, until, progress)
    reminding = Reminding(shell, until, progress.trying)
    for versions in used:
        reminding.of(versions)
    found = Tick(
        until,
        tuple(progress.breaches),
        tuple(progress.created),
        tuple(progress.failures),
        tuple(progress.by_hand),
        tuple(progress.unknown),
        reminding.count,
    )
    if _is_worth_recording(found, last):
        _record(shell, found, served, awaited, by, basis or Basis("clock · 时钟"))
    return found


def _callings(
    shell: Shell, used: Sequence[tuple[Procedure, ...]], last: Ticked | None, until: datetime, progress: _Progress
) -> list[Calling]:
    """What the calendar calls for under each procedure, from where it was served last, or from the beginning."""
    served = {} if last is None else {one.procedure: one.until for one in last.recurred}
    awaited = () if last is None else last.awaited
    return [
        Calling(
            shell,
            versions,
            since=served.get(versions[0].id),
            until=until,
            awaited=[one for one in awaited if one.procedure == versions[0].id and is_served(one, shell.calendar)],
            trying=progress.trying,
            created=progress.created,
            by_hand=progress.by_hand,
        )
        for versions in recurring(used)
    ]


def _create(shell: Shell, calls: Sequence[Call], progress: _Progress) -> None:
    """Create what the calendar calls for, each thing after what had lapsed by then, so that no due time hangs on when the tick
    came."""
    for at, together in itertools.groupby(calls, key=lambda call: call.at):
        _find_breaches(shell, at, progress)
        for call in together:
            call.answer()


def _served(
    shell: Shell, last: Ticked | None, until: datetime, callings: Sequence[Calling], progress: _Progress
) -> tuple[Mapping[str, datetime], Mapping[str, Sequence[Awaited]]]:
    """Up to when each procedure is served now, and what each awaits of a calendar. One for which anything failed stays where it
    was: what recurs is known by that alone, while breaches that could not be dealt with are still in the index."""
    served = {} if last is None else {one.procedure: one.until for one in last.recurred}
    awaited: dict[str, Sequence[Awaited]] = {}
    for one in () if last is None else last.awaited:
        awaited[one.procedure] = (*awaited.get(one.procedure, ()), one)
    for calling in callings:
        procedure = calling.procedure
        before = awaited.get(procedure.id, ())
        now = tuple(unserved(shell, procedure, calling.since, until, before))
        progress.unknown += in_words(shell, procedure, news(now, before))
        if not calling.failed:
            served[procedure.id] = max(until, served.get(procedure.id, until))
            awaited[procedure.id] = now
        else:
            awaited[procedure.id] = (*before, *news(now, before))
    return served, awaited


def last_tick(shell: Shell) -> Ticked | None:
    """The newest tick on record."""
    record = streams.last(shell.store, streams.TICKS)
    if record is None:
        return None
    if not isinstance(record.event, Ticked):
        raise Corrupt(f"{record.stream} version {record.version} is {record.tag}, which is no tick")
    return record.event


def _check_apart(shell: Shell, last: Ticked | None, now: datetime, calls: Sequence[Call]) -> None:
    """Refuse where the clock is far past the last tick or, where there was none, past what would be found or created first."""
    since = None if last is None else last.until
    if since is None:
        page = shell.store.find_duties(DutyQuery(breached=False, due_before=moment_text(now), limit=1))
        since = min([now, *(moment_from(row.due_at) for row in page.rows), *(call.at for call in calls[:1])])
    if now - since > MOST_APART:
        raise ClockInDoubt(since, now, MOST_APART)


def _find_breaches(shell: Shell, until: datetime, progress: _Progress) -> None:
    """Put on record what lapsed, and what that comes to if it has lapsed in turn."""
    seen: set[Key] = set()
    while new := [row for row in _lapsed(shell, until) if _key(row) not in seen]:
        for row in new:
            if _key(row) in seen:
                continue  # the same duty of another holder
            seen.add(_key(row))
            progress.trying(row.case_id, functools.partial(_find, shell, row, until, progress))


def _key(row: DutyRow) -> Key:
    return row.case_id, row.duty, row.level, row.due_at


def _lapsed(shell: Shell, until: datetime) -> Iterator[DutyRow]:
    """The duties that have lapsed and are not found yet, the first due first."""
    before = moment_text(until + timedelta(microseconds=1))
    return pages.duties(shell.store, DutyQuery(breached=False, due_before=before, limit=MAX_PAGE))


def _find(shell: Shell, row: DutyRow, until: datetime, progress: _Progress) -> None:
    seen = progress.seen.pop(row.case_id, [])
    while len(progress.seen) >= KEPT:
        progress.seen.pop(next(iter(progress.seen)))
    progress.seen[row.case_id] = seen
    for record in find_breach(shell, row.case_id, row.duty, row.level, until, seen=seen):
        if isinstance(record.event, BreachFound):
            progress.breaches.append(record)


def _is_worth_recording(found: Tick, last: Ticked | None) -> bool:
    if last is None:
        return True
    return found.until > last.until and bool(
        found.breaches or found.created or found.unknown or found.reminders or found.until - last.until >= EVERY
    )


def _record(
    shell: Shell,
    found: Tick,
    served: Mapping[str, datetime],
    awaited: Mapping[str, Sequence[Awaited]],
    by: Actor,
    basis: Basis,
) -> None:
    """Put the tick on record, unless another machine was there first."""

    def ticked(before: Record | None) -> Ticked | None:
        if before is not None and isinstance(before.event, Ticked) and before.event.until >= found.until:
            return None
        return Ticked(
            until=found.until,
            breaches=len(found.breaches),
            created=len(found.created),
            reminders=found.reminders,
            recurred=tuple(Recurred(procedure=name, until=to) for name, to in sorted(served.items())),
            awaited=tuple(one for _, several in sorted(awaited.items()) for one in several),
        )

    put(shell, streams.TICKS, ticked, by=by, role=HOST_SYSTEM, basis=basis)
