"""Breaches put on record, with the findings that the procedure has opened for them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime

from ..case import Case, kind_of_duty, office_of
from ..decision.breaches import CLOCK, NO_BODY, TOO_LATE, Lapsed, lapsed_at
from ..decision.commands import Add, FindBreach
from ..decision.duties import limits_begun, owed_called
from ..decision.events import BreachConfirmed, BreachFound
from ..decision.evolution import evolve
from ..decision.permission import TICK
from ..errors import Refused, VersionConflict
from ..history.chain import GENESIS
from ..history.commit import request_digest
from ..history.record import Record
from ..language import Breach as Kind
from ..language import Procedure, Transition
from ..values import Actor, Basis, moment_text
from . import streams
from .offices import Offices
from .shell import CLAMP_TOLERANCE, RETRIES, Shell
from .work import OF_TIME, Work

LIMIT = "time limit · 期限"


def find_breach(
    shell: Shell,
    case_id: str,
    duty: str,
    level: int,
    until: datetime,
    *,
    doubts: Sequence[str] = (),
    seen: list[Record] | None = None,
) -> tuple[Record, ...]:
    """Put on record that a duty of the case had lapsed by ``until``, with the finding it leads to, as one transaction; nothing
    where that is not so, or not so any more. ``doubts`` are there besides those that the case itself shows; ``seen``
    are the records of the case that were read before, to which those are added that are new."""
    for attempt in range(RETRIES + 1):
        procedure, case, offices = shell.standing(case_id)
        one = lapsed_at(procedure, case, duty, level, until)
        if one is None:
            return ()
        named = {"breach": duty, "began": moment_text(one.due.start), "due": moment_text(one.due.at), "level": level}
        key = OF_TIME + ":".join(str(part) for part in ("breach", duty, named["began"], named["due"], level))
        work = Work(shell, procedure, case_id, case, offices, key=key, at=None, as_of=one.due.at)
        history = _caught_up(shell, case_id, seen)
        command = FindBreach(
            actor=TICK,
            basis=basis_of(_clause(procedure, one), LIMIT),
            duty=duty,
            level=level,
            holders=_holders_then(shell, case, one, history, offices),
            doubts=(*doubts, *_doubts(shell, case, offices, one, history)),
        )
        record = work.do(command)
        if isinstance(record.event, BreachFound) and not record.event.doubts:
            open_findings(work, duty)
        try:
            stored = work.commit(request_digest([named]))
        except VersionConflict:
            if attempt == RETRIES:
                raise
        else:
            return stored if stored == tuple(work.done) else ()  # else another machine found it a moment before
    raise AssertionError("the last attempt returns or raises")


def _caught_up(shell: Shell, case_id: str, seen: list[Record] | None) -> list[Record]:
    history = [] if seen is None else seen
    after, head = (history[-1].version, history[-1].hash) if history else (0, GENESIS)
    history += streams.read(shell.store, streams.case_stream(case_id), after=after, head=head)
    return history


def open_findings(work: Work, duty: str) -> None:
    """Add what the procedure has for the breach of ``duty``: once, however high it goes. A finding that is itself late escalates,
    and breeds no further one."""
    assert work.case is not None, "a breach is found in a case"
    breach = work.case.breaches[duty]
    rows = list(_rows_for(work.procedure, Kind(breach.kind)))
    if breach.level or any(kind == kind_of_duty(breach.duty) for kind, _ in rows):
        return
    for kind, row in rows:
        values: dict[str, object] = {"breach": breach.kind} if "breach" in row.set else {}
        if "concerned" in row.set and len(breach.holders) == 1:
            values["concerned"] = breach.holders[0].id
        for stating in (values, {name: value for name, value in values.items() if name != "concerned"}):
            try:  # whoever has left every office since is not named by the system: a body may
                work.do(
                    Add(
                        actor=TICK,
                        basis=basis_of(row.clause, LIMIT),
                        kind=kind,
                        trigger=row.trigger,
                        values=stating,
                        owed_by=breach.holders,
                    )
                )
            except Refused:
                continue
            break


def _rows_for(procedure: Procedure, kind: Kind) -> Iterator[tuple[str, Transition]]:
    for name, item in procedure.items.items():
        for row in item.creating():
            if kind in row.on:
                yield name, row


def _clause(procedure: Procedure, one: Lapsed) -> tuple[str, ...]:
    office = office_of(one.duty)
    if office is not None:
        return procedure.roles[office].clause
    kind = kind_of_duty(one.duty)
    return procedure.state_of(one.state, kind).clause or (() if kind is None else procedure.items[kind].clause)


def basis_of(clause: tuple[str, ...], otherwise: str) -> Basis:
    """The clause as the basis on which time acts, or in words where there is none."""
    return Basis(", ".join(clause) or otherwise)


def _holders_then(shell: Shell, case: Case, one: Lapsed, history: list[Record], offices: Offices) -> tuple[Actor, ...]:
    """Who held the duty as its limit passed, as it was on record then: not by what was dated back since."""
    moment = one.due.at
    then: Case | None = case
    since = itertools.takewhile(lambda record: record.recorded_at > moment, reversed(history))
    if any(record.actor != TICK for record in since):
        then = None
        for record in history:
            if record.recorded_at > moment:
                break
            then = evolve(then, record.event, record.stamp)
    if offices.recorded_at is not None and offices.recorded_at > moment:
        offices = Offices()
        for record in streams.read(shell.store, streams.OFFICES):
            if record.recorded_at <= moment:
                offices = offices.after(record)
    for at in filter(None, (then, case)):
        procedure = shell.registry.of_case(at.procedure, at.procedure_version, at.digest)
        owed = [d for d in owed_called(procedure, at, one.duty, offices.of(procedure)) if d.level == one.level]
        if owed:
            held = dict.fromkeys(holder for duty in owed for holder in duty.holders)
            return tuple(Actor(actor, body=body or _body(at, offices, actor)) for actor, body in held)
    return ()


def _body(case: Case, offices: Offices, actor: str) -> str:
    """The body of somebody who is only named: that of an office they hold, else one they have acted for here."""
    standing = [one.body for one in offices.holders.get(case.procedure, ()) if one.actor == actor]
    return next(iter((*standing, *sorted(case.bodies.get(actor, ())))), NO_BODY)


def _doubts(shell: Shell, case: Case, offices: Offices, one: Lapsed, history: list[Record]) -> Iterator[str]:
    """What makes it doubtful, besides an estimated due time: a clock that stood wrong as the limit began, or stands wrong now; a
    limit that had passed before what began it was on record, so that nobody could have been told."""
    began = _began(one, history)
    seen = [moment for moment in (case.recorded_at, offices.recorded_at) if moment is not None]
    behind = any(moment - shell.now() > CLAMP_TOLERANCE for moment in seen)
    if behind or (began is not None and began.clamped):
        yield CLOCK
    if began is not None and began.recorded_at >= one.due.at:
        yield TOO_LATE


def _began(one: Lapsed, history: list[Record]) -> Record | None:
    """The record that began the limit."""
    if one.level:
        about = (record for record in reversed(history) if _is_about(record, one.duty))
        return next(about, None)
    return next((record for record in reversed(history) if (one.duty, one.due) in limits_begun(record.event)), None)


def _is_about(record: Record, duty: str) -> bool:
    return isinstance(record.event, BreachFound | BreachConfirmed) and record.event.duty == duty
