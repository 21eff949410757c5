"""Acts of people, one at a time. What had lapsed before them is put on record first, so that nothing that is done late is done
unseen, however often time is let pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ..calendar import DueTime
from ..case import CASE, Case, kind_of, vacancy
from ..decision.breaches import CLOCK, Lapsed, lapsed
from ..decision.commands import Amend, Appoint, Command, Fire, Recuse, Relieve
from ..decision.duties import breach_of
from ..decision.events import BreachConfirmed, ItemMoved, Moved
from ..history.commit import request_digest
from ..history.record import Record
from ..language import FieldType, Procedure
from ..values import utc
from . import streams
from .findings import find_breach, open_findings
from .shell import Shell, present
from .ticker import MOST_APART, last_tick
from .work import Work, clean_key

_CHANGES_WHO_OWES = (Amend, Relieve, Recuse, Appoint)
_MAY_BE_LATE = (Fire, Amend, Relieve, Recuse)


def perform(
    shell: Shell, case_id: str, command: Command, *, key: str | None, if_version: int | None, at: datetime | None
) -> Record:
    """Do ``command`` on a case, and return its record; with what it has the system open, as one transaction."""
    digest = None
    if key is not None:
        stream, key = streams.case_stream(case_id), clean_key(key)
        digest = request_digest([command])
        if (found := shell.recall(stream, key, digest)) is not None:
            return shell.records(stream, found, key)[0]
    work = Work.on(shell, case_id, key=key, at=at, if_version=if_version)
    before = work.case
    record = work.do(command)
    moment = _asked_at(work.procedure, command, record)
    late = None if before is None else _lateness(shell, work.procedure, before, command, moment)
    if before is not None and late is not None:
        work = _after_what_lapsed(shell, before, command, moment, late, key=key, at=at, pinned=if_version is not None)
        record = work.do(command)
    if isinstance(record.event, BreachConfirmed):
        open_findings(work, record.event.duty)
    return work.finish(digest)[0]


def _asked_at(procedure: Procedure, command: Command, record: Record) -> datetime:
    """Up to when what had lapsed comes before an act. Who did in time what was owed is not late, whenever it is entered; but who
    changes by when it is owed, or by whom, does so from now on, whatever time is claimed."""
    event = record.event
    changes = isinstance(command, _CHANGES_WHO_OWES)
    if isinstance(event, (Moved, ItemMoved)) and event.dest in (None, event.source):
        fields = procedure.lifecycle(kind_of(event.item) if isinstance(event, ItemMoved) else None).fields
        changes = any(fields[name].type in (FieldType.DATE, FieldType.ACTOR) for name in event.values)
    return record.recorded_at if changes else record.occurred_at


def caught_up(shell: Shell, work: Work, at: datetime | None) -> Work:
    """Several acts that are about to be stored, again after what had lapsed before them is on record; they happen ``at`` that
    time, or now."""
    before = work.before
    if before is None or not work.done:
        return work
    moment = present(shell.now(), before, shell.offices.last_seen) if at is None else utc(at, "at")
    late = _lateness(shell, work.procedure, before, None, moment)
    return work if late is None else work.anew(sum(_found(shell, before.id, None, moment, late)))


def _lateness(
    shell: Shell, procedure: Procedure, case: Case, command: Command | None, moment: datetime
) -> tuple[str, ...] | None:
    """What makes it doubtful that what ``command`` (``None``: anything) may put an end to had lapsed by then; ``None`` where
    nothing had. That is asked in a store where time is let pass; where the clock is far past the last tick, it may be wrong."""
    if not _may_have_lapsed(case, command, moment):
        return None
    ticked = last_tick(shell) if any(_ends(one, command) for one in lapsed(procedure, case, moment)) else None
    if ticked is None:
        return None
    return () if abs(shell.now() - ticked.until) <= MOST_APART else (CLOCK,)


def _after_what_lapsed(
    shell: Shell,
    case: Case,
    command: Command | None,
    moment: datetime,
    doubts: tuple[str, ...],
    *,
    key: str | None,
    at: datetime | None,
    pinned: bool,
) -> Work:
    """Work on the case after what had lapsed by ``moment`` is on record; ``pinned``: `VersionConflict` where anything else
    happened since."""
    version = case.version + sum(_found(shell, case.id, command, moment, doubts))
    return Work.on(shell, case.id, key=key, at=at, if_version=version if pinned else None)


def _may_have_lapsed(case: Case, command: Command | None, moment: datetime) -> bool:
    """A first look, which costs an act next to nothing: whether there is anything that ``command`` could be late for."""
    if isinstance(command, (Fire, Amend)) and command.item is not None:
        item = case.items.get(command.item)
        return item is not None and _has_passed(case, item.id, item.due, moment)
    if isinstance(command, Appoint):
        return _has_passed(case, vacancy(command.office), case.vacancies.get(command.office), moment)
    if command is not None and not isinstance(command, _MAY_BE_LATE):
        return False
    if _has_passed(case, CASE, case.due, moment):
        return True
    for name, item in case.items.items():
        if item.due is not None and _has_passed(case, name, item.due, moment):
            return True
    return any(_has_passed(case, vacancy(office), due, moment) for office, due in case.vacancies.items())


def _has_passed(case: Case, duty: str, due: DueTime | None, moment: datetime) -> bool:
    """Whether a limit has passed, or that of an answer for it, without that being on record."""
    if due is None or due.at > moment:
        return False
    found = breach_of(case, duty, due)
    return found is None or (found.respond is not None and found.respond.at <= moment)


def _ends(one: Lapsed, command: Command | None) -> bool:
    """Whether ``command`` may put an end to a duty: that of the case may be the last of all."""
    if isinstance(command, Fire | Amend) and command.item is not None:
        return one.duty == command.item
    if isinstance(command, Appoint):
        return one.duty == vacancy(command.office)
    return True


def _found(
    shell: Shell, case_id: str, command: Command | None, moment: datetime, doubts: tuple[str, ...]
) -> Iterator[int]:
    """Put on record what has lapsed, and what that has come to, as far as ``command`` may end it; how many records it took."""
    tried: set[tuple[str, int]] = set()
    while True:
        procedure, case = shell.load(case_id)
        late = [
            one for one in lapsed(procedure, case, moment) if _ends(one, command) and (one.duty, one.level) not in tried
        ]
        if not late:
            return
        tried.add((late[0].duty, late[0].level))
        yield len(find_breach(shell, case_id, late[0].duty, late[0].level, moment, doubts=doubts))
