"""What the calendar calls for: cases of a recurring procedure, and items of the cases that are open; each once for its period."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

import attrs

from ..decision.commands import Add, Open
from ..decision.events import Added, Awaited, Opened
from ..decision.permission import TICK
from ..decision.recurrence import Occurrence, occurrences
from ..errors import InvalidInput, Refused, VersionConflict
from ..history.codec import moment_from
from ..history.commit import request_digest
from ..history.record import Record
from ..language import Procedure, Transition
from ..ports.store import MAX_PAGE, CaseQuery, CaseRow
from ..values import MAX_TITLE, Matter
from . import pages, streams
from .admission import admit
from .findings import basis_of
from .offices import Offices
from .shell import RETRIES, Shell
from .work import OF_TIME, Work

CALENDAR = "calendar · 日历"
Trying = Callable[[str, Callable[[], None]], bool]
"""Does something about what is named; whether that went well."""


@attrs.frozen
class Call:
    """What the calendar calls for ``at`` a moment: `answer` creates it, where it is not there yet."""

    at: datetime
    answer: Callable[[], None]


def in_use(shell: Shell) -> Iterator[tuple[Procedure, ...]]:
    """The procedures that are or were in force here, each with all its versions. First stands the newest that is known by name;
    where none is, the one of the case opened last."""
    known = {name.partition("@")[0] for name in shell.registry.names()}
    for id_ in shell.offices.current().began:
        if id_ in known:
            newest = shell.registry.named(id_)
        else:
            rows = shell.store.find_cases(CaseQuery(procedure=id_, limit=MAX_PAGE)).rows
            if not rows:
                continue
            last = max(rows, key=lambda row: row.opened_at)
            newest = shell.registry.of_case(last.procedure, last.procedure_version, last.digest)
        yield shell.registry.versions_of(newest)


def recurring(used: Iterable[tuple[Procedure, ...]]) -> Iterator[tuple[Procedure, ...]]:
    """Those of the procedures ``used`` under any version of which the calendar calls for anything."""
    return (versions for versions in used if any(map(_is_calling, versions)))


def _is_calling(procedure: Procedure) -> bool:
    return any(row.every for _, cycle in procedure.lifecycles() for row in cycle.transitions)


@attrs.define
class Calling:
    """What the calendar calls for under the ``versions`` of one procedure ``until`` a time: after ``since`` (``None``: since
    it is in force), and for what was ``awaited`` and is known now, since that was. What comes of it goes to ``created`` and
    ``by_hand``; each thing is tried on its own (``trying``), and ``failed`` says whether any was in vain."""

    shell: Shell
    versions: tuple[Procedure, ...]
    since: datetime | None
    until: datetime
    awaited: Sequence[Awaited]
    trying: Trying
    created: list[str]
    by_hand: list[str]
    failed: bool = False

    @property
    def procedure(self) -> Procedure:
        """The version under which cases are opened."""
        return self.versions[0]

    def calls(self) -> Iterator[Call]:
        """Everything that is called for, cases before what is to be added to them."""
        yield from self._cases()
        yield from self._items()

    def _try(self, what: str, do: Callable[[], None]) -> None:
        if not self.trying(what, do):
            self.failed = True

    def _cases(self) -> Iterator[Call]:
        """The cases to be opened. A procedure recurs from when somebody first held a standing office of it, as long as somebody
        does: where nobody does, nobody could act."""
        shell, procedure = self.shell, self.procedure
        began = in_force(procedure, shell.offices.current())
        if began is None:
            return
        for row in procedure.case.creating():
            after = max(began, self._after("", row) or began)
            for one in occurrences(procedure, row, after=after, until=self.until, calendar=shell.calendar):
                yield Call(one.at, partial(self._try, str(procedure), partial(self._case, row, one)))

    def _case(self, row: Transition, one: Occurrence) -> None:
        """Open the case of a period, under the id of that. Where somebody has opened one under this procedure and that id, the
        period is served; a case of another procedure leaves it the next id that is free."""
        several = sum(bool(other.every) for other in self.procedure.case.creating()) > 1
        wanted = f"{self.procedure.id}-{row.trigger}-{one.label}" if several else f"{self.procedure.id}-{one.label}"
        key = f"{OF_TIME}every:{row.trigger}:{one.label}"
        for number in itertools.count(1):
            case_id = wanted if number == 1 else f"{wanted}-{number}"
            first = self._first(case_id) or self._open(case_id, wanted, key, row, one)
            if first is None:
                return
            event = first.event
            if isinstance(event, Opened) and event.procedure == self.procedure.id:
                if first.actor != TICK:
                    self.by_hand.append(case_id)
                return

    def _first(self, case_id: str) -> Record | None:
        return streams.first(self.shell.store, streams.case_stream(case_id))

    def _open(self, case_id: str, matter: str, key: str, row: Transition, one: Occurrence) -> Record | None:
        """Open the case; the record that was there a moment before, if the id is not free any more."""
        procedure = self.procedure
        command = Open(
            actor=TICK,
            basis=basis_of(row.clause, CALENDAR),
            case_id=case_id,
            matter=Matter(matter, f"{procedure.title.zh} {procedure.title.en} {one.label}"[:MAX_TITLE]),
            values={},
            trigger=row.trigger,
        )
        digest = request_digest([{"every": row.trigger, "label": one.label}])
        try:
            opened, is_new = admit(
                self.shell, procedure, command, key=key, digest=digest, at=None, unproved="refuse", as_of=one.at
            )
        except InvalidInput:
            first = self._first(case_id)
            if first is None:
                raise
            return first
        if is_new:
            self.created.append(opened)
        return None

    def _items(self) -> Iterator[Call]:
        """The items to be added in the cases that are open by then and are open still, each case under its own version."""
        shell, procedure = self.shell, self.procedure
        began = self.since or in_force(procedure, shell.offices.current())
        if began is None:
            return
        for version in self.versions:
            called: dict[datetime, list[tuple[str, Transition, Occurrence]]] = {}
            for kind, row, one in self._called(version, began):
                called.setdefault(one.at, []).append((kind, row, one))
            for at, wanted in called.items():
                yield Call(at, partial(self._add, version, at, wanted))

    def _open_cases(self) -> Iterator[CaseRow]:
        for case in pages.cases(self.shell.store, CaseQuery(procedure=self.procedure.id, limit=MAX_PAGE)):
            version = self.shell.registry.of_case(case.procedure, case.procedure_version, case.digest)
            if not version.states[case.state].final:
                yield case

    def _add(self, version: Procedure, at: datetime, wanted: Sequence[tuple[str, Transition, Occurrence]]) -> None:
        """Add what is ``wanted`` ``at`` a moment to every case under ``version`` that was open by then."""
        for case in self._open_cases():
            if case.digest == version.digest and moment_from(case.opened_at) <= at:
                for kind, row, one in wanted:
                    self._try(case.case_id, partial(self._item, case.case_id, kind, row, one))

    def _item(self, case_id: str, kind: str, row: Transition, one: Occurrence) -> None:
        """Add an item for a period, unless the case has it; where the row asks for more than the time, nothing is added."""
        shell, stream = self.shell, streams.case_stream(case_id)
        key = f"{OF_TIME}every:{kind}:{row.trigger}:{one.label}"
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
                self.created.append(f"{case_id}/{record.event.item}")
            return

    def _called(self, procedure: Procedure, began: datetime) -> Iterator[tuple[str, Transition, Occurrence]]:
        for kind, item in procedure.items.items():
            for row in item.creating():
                after = self._after(kind, row) or began
                calendar = self.shell.calendar
                for one in occurrences(procedure, row, after=after, until=self.until, calendar=calendar):
                    yield kind, row, one

    def _after(self, kind: str, row: Transition) -> datetime | None:
        """After when a row is to be served."""
        if self.since is None:
            return None
        late = [one.since for one in self.awaited if (one.kind, one.trigger) == (kind, row.trigger)]
        return min([self.since, *late])


def in_force(procedure: Procedure, offices: Offices) -> datetime | None:
    """Since when it is on record that the procedure has had office-holders, whoever they were; ``None`` where it has none now."""
    return offices.began.get(procedure.id) if offices.of(procedure) else None
