"""What the calendar calls for: cases of a recurring procedure, and items of the cases that are open; each once for its period."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from ..decision.commands import Add, Open
from ..decision.events import Added
from ..decision.permission import TICK
from ..decision.recurrence import Occurrence, occurrences
from ..errors import InvalidInput, Refused, VersionConflict
from ..history.codec import moment_from
from ..history.commit import request_digest
from ..history.record import from_stored
from ..language import Procedure, Transition
from ..ports.store import MAX_PAGE, CaseQuery
from ..values import MAX_TITLE, Matter
from . import pages, streams
from .admission import admit
from .findings import basis_of
from .offices import Offices
from .shell import RETRIES, Shell
from .work import OF_TIME, Work

CALENDAR = "calendar · 日历"
Trying = Callable[[str, Callable[[], None]], None]


def recurring(shell: Shell) -> Iterator[Procedure]:
    """The procedures under which the calendar calls for anything: the newest version of each that is known by name; of one that
    is not, and is in force here, the text that the store keeps for the case opened last."""
    known = dict.fromkeys(procedure.id for procedure in _known(shell))
    for id_ in known:
        yield from _calling(shell.registry.named(id_))
    for id_ in shell.offices.current().holders:
        if id_ not in known:
            rows = shell.store.find_cases(CaseQuery(procedure=id_, limit=MAX_PAGE)).rows
            if rows:
                last = max(rows, key=lambda row: row.opened_at)
                yield from _calling(shell.registry.of_case(last.procedure, last.procedure_version, last.digest))


def _calling(procedure: Procedure) -> Iterator[Procedure]:
    if any(row.every for _, cycle in procedure.lifecycles() for row in cycle.transitions):
        yield procedure


def create_cases(
    shell: Shell, procedure: Procedure, since: datetime | None, until: datetime, created: list[str], trying: Trying
) -> None:
    """Open the cases that the calendar calls for after ``since``. A procedure recurs from when somebody first held a standing
    office of it, as long as somebody does: where nobody does, nobody could act."""
    began = _in_force(procedure, shell.offices.current())
    if began is None:
        return
    after = began if since is None else max(began, since)
    for row in procedure.case.creating():
        for one in occurrences(procedure, row, after=after, until=until, calendar=shell.calendar):
            trying(str(procedure), partial(_create_case, shell, procedure, row, one, created))


def _create_case(shell: Shell, procedure: Procedure, row: Transition, one: Occurrence, created: list[str]) -> None:
    several = sum(bool(one.every) for one in procedure.case.creating()) > 1
    case_id = f"{procedure.id}-{row.trigger}-{one.label}" if several else f"{procedure.id}-{one.label}"
    key = f"{OF_TIME}every:{row.trigger}:{one.label}"
    first = next(iter(shell.store.read_stream(streams.case_stream(case_id), limit=1)), None)
    if first is not None:
        if from_stored(first).key != key:
            raise InvalidInput.at(
                "case_id", f"{case_id!r} was opened by hand, and is the id of what recurs", "put that right by hand"
            )
        return
    title = f"{procedure.title.zh} {procedure.title.en} {one.label}"[:MAX_TITLE]
    command = Open(
        actor=TICK,
        basis=basis_of(row.clause, CALENDAR),
        case_id=case_id,
        matter=Matter(case_id, title),
        values={},
        trigger=row.trigger,
    )
    opened, is_new = admit(
        shell,
        procedure,
        command,
        key=key,
        digest=request_digest([{"every": row.trigger, "label": one.label}]),
        at=None,
        unproved="refuse",
        as_of=one.at,
    )
    if is_new:
        created.append(opened)


def create_items(
    shell: Shell, procedure: Procedure, since: datetime | None, until: datetime, created: list[str], trying: Trying
) -> None:
    """Add the items that the calendar calls for after ``since``, in the cases of the procedure that were open then and are open
    still, each under its own version."""
    after = since or _in_force(procedure, shell.offices.current())
    if after is None or not any(True for _ in _called(shell, procedure, after, until)):
        return
    called: dict[str, list[tuple[str, Transition, Occurrence]]] = {}
    for case in pages.cases(shell.store, CaseQuery(procedure=procedure.id, limit=MAX_PAGE)):
        version = shell.registry.of_case(case.procedure, case.procedure_version, case.digest)
        if version.states[case.state].final:
            continue
        if case.digest not in called:
            called[case.digest] = list(_called(shell, version, after, until))
        opened = moment_from(case.opened_at)
        for kind, row, one in called[case.digest]:
            if opened < one.at:
                trying(case.case_id, partial(_create_item, shell, case.case_id, kind, row, one, created))


def _called(
    shell: Shell, procedure: Procedure, after: datetime, until: datetime
) -> Iterator[tuple[str, Transition, Occurrence]]:
    for kind, item in procedure.items.items():
        for row in item.creating():
            for one in occurrences(procedure, row, after=after, until=until, calendar=shell.calendar):
                yield kind, row, one


def _create_item(shell: Shell, case_id: str, kind: str, row: Transition, one: Occurrence, created: list[str]) -> None:
    key = f"{OF_TIME}every:{kind}:{row.trigger}:{one.label}"
    stream = streams.case_stream(case_id)
    for attempt in range(RETRIES + 1):
        if shell.store.lookup(stream, key) is not None:
            return
        procedure, case, offices = shell.standing(case_id)
        work = Work(shell, procedure, case_id, case, offices, key=key, at=None, as_of=one.at)
        try:
            record = work.do(Add(actor=TICK, basis=basis_of(row.clause, CALENDAR), kind=kind, trigger=row.trigger))
        except Refused:  # the row asks for more than the time, or the case has ended meanwhile
            return
        try:
            work.commit(request_digest([{"every": row.trigger, "kind": kind, "label": one.label}]))
        except VersionConflict:
            if attempt == RETRIES:
                raise
            continue
        if isinstance(record.event, Added):
            created.append(f"{case_id}/{record.event.item}")
        return


def _known(shell: Shell) -> Iterator[Procedure]:
    for name in shell.registry.names():
        yield shell.registry.named(name)


def _in_force(procedure: Procedure, offices: Offices) -> datetime | None:
    """Since when the procedure has had office-holders, whoever they were; ``None`` where it has none now."""
    return offices.began.get(procedure.id) if offices.of(procedure) else None
