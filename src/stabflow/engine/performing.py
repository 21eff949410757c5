"""Acts of people, one at a time. What had lapsed before them is put on record first, so that nothing that is done late is done
unseen, however often time is let pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ..case import Case, vacancy
from ..decision.breaches import CLOCK, Lapsed, lapsed
from ..decision.commands import Amend, Appoint, Command, Fire
from ..decision.events import BreachConfirmed
from ..history.commit import request_digest
from ..history.record import Record
from ..values import utc
from . import streams
from .findings import find_breach, open_findings
from .shell import Shell, present
from .ticker import MOST_APART, last_tick
from .work import Work, clean_key


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
    late = None if before is None else _lateness(shell, before, command, record.occurred_at)
    if before is not None and late is not None:
        work = _after_what_lapsed(
            shell, before, command, record.occurred_at, late, key=key, at=at, pinned=if_version is not None
        )
        record = work.do(command)
    if isinstance(record.event, BreachConfirmed):
        open_findings(work, shell.load(case_id)[0], record.event.duty)
    return work.finish(digest)[0]


def begun(shell: Shell, case_id: str, *, key: str | None, at: datetime | None, if_version: int | None) -> Work:
    """Work on a case that may come to anything, once it is on record what had lapsed by then."""
    work = Work.on(shell, case_id, key=key, at=at, if_version=if_version)
    case = work.case
    assert case is not None, "work on a case finds it"
    moment = present(shell.now(), case, shell.offices.last_seen) if at is None else utc(at, "at")
    late = _lateness(shell, case, None, moment)
    if late is None:
        return work
    return _after_what_lapsed(shell, case, None, moment, late, key=key, at=at, pinned=if_version is not None)


def _lateness(shell: Shell, case: Case, command: Command | None, moment: datetime) -> tuple[str, ...] | None:
    """What makes it doubtful that what ``command`` (``None``: anything) may put an end to had lapsed by then; ``None`` where
    nothing had. That is asked in a store where time is let pass; where the clock is far past the last tick, it may be wrong."""
    if not _may_have_lapsed(case, command, moment):
        return None
    procedure, _ = shell.load(case.id)
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
    if isinstance(command, Fire | Amend) and command.item is not None:
        item = case.items.get(command.item)
        return item is not None and item.due is not None and item.due.at <= moment
    if isinstance(command, Appoint):
        due = case.vacancies.get(command.office)
        return due is not None and due.at <= moment
    if command is not None and not isinstance(command, Fire | Amend):
        return False
    dues = (case.due, *[item.due for item in case.items.values()], *case.vacancies.values())
    return any(due is not None and due.at <= moment for due in dues)


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
        yield len(find_breach(shell, case_id, late[0].duty, late[0].level, moment, doubts))
