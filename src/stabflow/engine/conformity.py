"""Whether a record is one that its procedure allows: by a row of it, in a role that the mandate gave this actor, in its turn.

Whether the requirements of the row held is not decided again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from ..calendar import Stop
from ..case import CASE, Act, Appointment, Case, Delegation, Statement, item_id, office_of
from ..decision.breaches import CLOCK, ESTIMATED, TOO_LATE, kind_of_breach, lapsed_at
from ..decision.duties import supervisors
from ..decision.events import (
    Added,
    Amended,
    Appointed,
    BreachConfirmed,
    BreachFound,
    BreachVoided,
    ClockResumed,
    ClockStopped,
    Delegated,
    DelegationEnded,
    Event,
    ItemMoved,
    Migrated,
    Moved,
    Opened,
    Recalendared,
    Recused,
    Relieved,
)
from ..decision.permission import BY_TIME, TICK
from ..decision.recalendaring import CALENDAR_AUTHORITY
from ..decision.rows import to_lay_out
from ..errors import Corrupt
from ..history.record import Record
from ..language import Procedure, Transition
from ..language.machine import NEW
from ..standstill import adds_up
from ..values import Value
from .offices import Tenures

STOP = "stop, keep the file, compare it with a backup"


def check_record(procedure: Procedure, case: Case | None, record: Record, tenures: Tenures) -> None:
    """`Corrupt` unless ``record`` can follow on ``case``; ``tenures`` are those of the standing offices, at least up to then."""
    if wrong := _wrong(procedure, case, record, tenures):
        raise Corrupt(f"{record.stream} version {record.version} {wrong}: {STOP}")


def check_times(record: Record, before: Record | None) -> None:
    """`Corrupt` where the times of ``record`` go back behind those ``before`` it, or it claims a time after it was recorded."""
    if record.occurred_at > record.recorded_at or (before is not None and record.recorded_at < before.recorded_at):
        raise Corrupt(f"{record.stream} version {record.version} bears times that go backwards: {STOP}")


def _wrong(procedure: Procedure, case: Case | None, record: Record, tenures: Tenures) -> str:
    event, role = record.event, record.role
    if record.procedure != procedure.digest:
        return f"was decided under another procedure than {procedure}"
    if case is not None and record.occurred_at < case.updated_at:
        return "bears times that go backwards"
    if BY_TIME in (role, record.actor.id):
        return _wrong_by_time(procedure, case, record, tenures)
    if isinstance(event, Recalendared):
        right = case is not None and _is_recount(procedure, case, event, record)
        return "" if right else "counts due times anew wrongly"
    if not _has_mandate(procedure, case, record, tenures):
        return f"was done under a mandate that did not make {record.actor} {role!r}"
    if isinstance(event, Appointed | Relieved):
        wanted = procedure.roles.get(event.office)
        named = wanted is not None and not wanted.standing and role in wanted.appointed_by
        oneself = isinstance(event, Appointed) and event.appointee.id == record.actor.id
        return "" if named and not oneself else f"fills or ends an office that no {role!r} of {procedure} may"
    if isinstance(event, BreachConfirmed | BreachVoided):
        return _wrong_judgement(procedure, case, event, record)
    if case is not None and isinstance(event, Recused | Delegated | DelegationEnded):
        return _wrong_deputy(procedure, case, record, event)
    if isinstance(event, Migrated):
        openers = {party for row in procedure.case.creating() for party in row.by}
        return "" if role in openers else _no_row(procedure, role)
    if isinstance(event, Amended):
        return "" if case is not None and _may_amend(procedure, case, event, role) else _no_row(procedure, role)
    if isinstance(event, ClockStopped | ClockResumed):
        return "" if case is None else _wrong_clock(procedure, case, event, record)
    row = _row(procedure, case, event)
    if row is None or role not in row.by:
        return _no_row(procedure, role)
    values: Mapping[str, Value] = getattr(event, "values", {})
    if not values.keys() <= set(row.set):
        return f"states what the row {row.trigger!r} of {procedure} does not: {', '.join(values.keys() - set(row.set))}"
    return _wrong_items(procedure, case, event)


def _wrong_by_time(procedure: Procedure, case: Case | None, record: Record, tenures: Tenures) -> str:
    """What is wrong with a record that time made: it finds what had lapsed then, or creates by a row that it fires."""
    event = record.event
    if (record.role, record.actor, record.mandate) != (BY_TIME, TICK, ""):
        return "was done in the name of time by somebody"
    if isinstance(event, BreachFound):
        one = None if case is None else lapsed_at(procedure, case, event.duty, event.level, record.occurred_at)
        if case is None or one is None or (one.state, one.roles, one.due) != (event.state, event.roles, event.due):
            return f"finds a breach of {event.duty} where none was"
        return _wrong_breach(procedure, case, event, tenures)
    row = _row(procedure, case, event)
    if row is None or not row.by_time or not isinstance(event, Opened | Added):
        return f"does what no row of {procedure} has time do"
    if not event.values.keys() <= set(row.set):
        return f"states what the row {row.trigger!r} does not"
    if row.on and isinstance(event, Added) and case is not None and not _has_breach(case, row, event):
        return "is about a breach that is not on record"
    state = procedure.state_of(event.state, event.kind if isinstance(event, Added) else None)
    limit = None if state.within is None else str(procedure.duration(state.within))
    if limit is not None and (event.due is None or (event.due.limit, event.due.start) != (limit, record.occurred_at)):
        return f"does not begin the limit of {event.state!r}"
    return _wrong_items(procedure, case, event)


def _has_breach(case: Case, row: Transition, event: Added) -> bool:
    """Whether there is a breach for which time fires the row: a certain one of the duty itself, which bears these holders."""
    kinds = {one.value for one in row.on}
    return any(
        one.kind in kinds
        and one.kind == event.values.get("breach", one.kind)
        and one.holders == event.owed_by
        and not (one.level or one.possible or one.voided)
        for one in case.breaches.values()
    )


def _wrong_breach(procedure: Procedure, case: Case, event: BreachFound, tenures: Tenures) -> str:
    """What is wrong with a breach that is one: its kind, its doubts, whom it names, whom it has come to."""
    if event.kind != kind_of_breach(event.duty).value or not set(event.doubts) <= {ESTIMATED, CLOCK, TOO_LATE}:
        return f"finds a breach of a kind, or with a doubt, that there is not: {event.kind}, {', '.join(event.doubts)}"
    if (ESTIMATED in event.doubts) is not event.due.estimated:
        return "says otherwise than the due time whether that was estimated"
    named = case.facts if event.duty == CASE else case.items[event.duty].fields if event.duty in case.items else {}
    for holder in event.holders:
        known = holder.id in case.bodies or tenures.of(procedure.id, holder.id) or holder.id in named.values()
        if not known:
            return f"names as holder {holder.id!r}, who holds nothing here"
    return _wrong_escalation(procedure, event, event.roles, event.due.at)


def _wrong_escalation(
    procedure: Procedure, event: BreachFound | BreachConfirmed, roles: Sequence[str], start: datetime
) -> str:
    """What is wrong with where a breach has come to: the roles above, with the longest of their times to answer; none where there
    is a doubt."""
    if isinstance(event, BreachFound) and event.doubts:
        return "escalates what is only possible" if event.above or event.respond else ""
    if all(role in procedure.roles for role in roles) and event.above != supervisors(procedure, roles):
        return "has not come to those above"
    limits = {
        str(procedure.duration(limit))
        for limit in (procedure.roles[role].responds_within for role in event.above if role in procedure.roles)
        if limit is not None
    }
    if event.respond is None:
        return "gives those above no limit" if limits else ""
    return "" if event.respond.limit in limits and event.respond.start == start else "gives those above another limit"


def _wrong_judgement(
    procedure: Procedure, case: Case | None, event: BreachConfirmed | BreachVoided, record: Record
) -> str:
    """What is wrong with the confirmation or voiding of a breach: it takes a role above, and none who held the duty."""
    breach = None if case is None else case.breaches.get(event.duty)
    if breach is None or breach.version != event.breach:
        return f"is about a breach of {event.duty} that is not on record"
    if isinstance(event, BreachConfirmed) and not breach.possible:
        return "confirms what is not in doubt"
    above = {name for name, below in procedure.subordinates.items() if not below.isdisjoint(breach.roles)}
    named = all(role in procedure.roles for role in breach.roles)
    lent = None if case is None else _lent(case, record.mandate)
    persons = (record.actor.id, "" if lent is None else lent.holder)
    held = not breach.concerned.isdisjoint(persons)
    if held or (named and record.role not in above) or record.role not in procedure.roles:
        return f"judges a breach as {record.role!r}, who may not"
    if isinstance(event, BreachVoided):
        return ""
    return _wrong_escalation(procedure, event, breach.roles, record.occurred_at)


def _wrong_deputy(
    procedure: Procedure, case: Case, record: Record, event: Recused | Delegated | DelegationEnded
) -> str:
    """What is wrong with a recusal, a delegation or the end of one: who may do it, and to whom it may be done."""
    office, actor = procedure.roles.get(event.office), record.actor
    if office is None:
        return _no_row(procedure, record.role)
    in_it = record.role == event.office
    if isinstance(event, Recused):
        above = record.role in office.appointed_by or event.office in procedure.subordinates.get(record.role, ())
        may = (in_it and actor == event.who) or above
        return "" if may else f"recuses {event.who} as no {record.role!r} of {procedure} may"
    if isinstance(event, DelegationEnded):
        lent = [one for one in case.delegations if (one.office, one.delegate) == (event.office, event.delegate.id)]
        theirs = in_it and any(actor.id in (one.holder, one.delegate) for one in lent)
        may = theirs or record.role in office.appointed_by
        return "" if may else f"ends a delegation as no {record.role!r} of {procedure} may"
    to, since = event.delegate, event.since or record.occurred_at
    is_own = to.id != actor.id and to.body == actor.body and _lent(case, record.mandate) is None
    is_dated = record.occurred_at <= since < event.until
    if in_it and office.delegable and is_own and is_dated and to.id not in case.recused:
        return ""
    return f"delegates {event.office!r} as {procedure} does not allow"


def _lent(case: Case, mandate: str) -> Delegation | None:
    """The delegation that the record of this hash is."""
    return next((one for one in case.delegations if one.mandate == mandate), None)


def _no_row(procedure: Procedure, role: str) -> str:
    return f"does what no row of {procedure} allows a {role!r} to do"


def _has_mandate(procedure: Procedure, case: Case | None, record: Record, tenures: Tenures) -> bool:
    actor, declared = record.actor, procedure.roles.get(record.role)
    if declared is None:  # an actor field, and the record that named this actor in it
        if case is None:
            return False
        _, values, statements, _ = _subject(case, record.event)
        named = statements.get(record.role)
        is_named = named is not None and (named.hash, values.get(record.role)) == (record.mandate, actor.id)
        return is_named and actor.body in _bodies(procedure, case, record, tenures)
    if case is not None and actor.id in case.recused:
        return False
    held = Appointment(record.role, actor.id, actor.body, record.mandate)
    lent = None if case is None else _lent(case, record.mandate)
    if lent is None:
        return _is_held(procedure, case, held, record, tenures)
    is_theirs = (lent.office, lent.delegate, lent.body) == (held.role, held.actor, held.body) and not lent.ended
    principal = Appointment(lent.office, lent.holder, lent.body, lent.under)
    is_dated = lent.since <= record.occurred_at or isinstance(record.event, Recused | DelegationEnded)
    in_force = declared.delegable and is_dated and record.occurred_at < lent.until
    return is_theirs and in_force and _is_held(procedure, case, principal, record, tenures)


def _is_held(procedure: Procedure, case: Case | None, held: Appointment, record: Record, tenures: Tenures) -> bool:
    """Whether a role was held as ``held`` says when ``record`` was stored."""
    if not procedure.roles[held.role].standing:
        return case is not None and held in case.appointments
    office = tenures.by(held.mandate)
    fits = office is not None and (office.procedure, office.held) == (procedure.id, held)
    return fits and office is not None and office.covers(record) and record.occurred_at >= office.since


def _bodies(procedure: Procedure, case: Case, record: Record, tenures: Tenures) -> frozenset[str]:
    """The bodies for which whoever stands in an actor field could act then, as the decision has it: those of the roles they held;
    where they held none any more, those of all they had held or done."""
    who = record.actor.id
    here = [held.body for held in case.appointments if held.actor == who]
    offices = [one for one in tenures.of(procedure.id, who) if one.began < record.position]
    present = [one for one in offices if one.covers(record) and who not in case.recused]
    standing = [one.held for one in present if one.held.role in procedure.roles]
    there = [held.body for held in standing if procedure.roles[held.role].standing]
    before = case.bodies.get(who, frozenset()) | {one.held.body for one in offices}
    return frozenset((*here, *there)) or before


def _subject(
    case: Case, event: Event
) -> tuple[str | None, Mapping[str, Value], Mapping[str, Statement], tuple[Act, ...]]:
    """What the event is about, an item or the case: its kind, its values, who stated them, what was done with it."""
    name = event.item if isinstance(event, ItemMoved | Amended) else None
    item = None if name is None else case.items.get(name)
    if item is not None:
        return item.kind, item.fields, item.stated, item.acts
    return (None, case.facts, case.stated, case.acts) if isinstance(event, Moved | Amended) else (None, {}, {}, ())


def _may_amend(procedure: Procedure, case: Case, event: Amended, role: str) -> bool:
    """Whether ``role`` is one in which every amended value was stated, by a row that states it."""
    kind, _, statements, acts = _subject(case, event)
    for name in event.values:
        stated = statements.get(name)
        if stated is None:
            return False
        move = procedure.tables.get(kind, {}).get(stated.source or NEW, {}).get(stated.trigger)
        if move is None or name not in move.row.set or role not in move.row.by:
            return False
        if not any((act.version, act.role) == (stated.version, role) for act in acts):
            return False
    return bool(event.values)


def _wrong_clock(procedure: Procedure, case: Case, event: ClockStopped | ClockResumed, record: Record) -> str:
    """What is wrong with a clock that was stopped or resumed: by whom, and with what is due then."""
    clock = case if event.item is None else case.items.get(event.item)
    if clock is None:
        return "names an item that is not there"
    kind = None if isinstance(clock, Case) else clock.kind
    state = procedure.state_of(clock.state, kind)
    if record.role not in state.clock_stopped_by or procedure.states[case.state].final:
        return f"stops or resumes a clock that no {record.role!r} of {procedure} may"
    due = clock.due
    if isinstance(event, ClockStopped):
        is_over = due is not None and record.occurred_at >= due.at
        return "stops a clock that had run out" if is_over else ""
    if due is None or event.due is None or clock.stopped_at is None:
        return ""
    stop = Stop(max(clock.stopped_at, due.start), record.occurred_at)
    kept = (event.due.limit, event.due.start, event.due.stops) == (due.limit, due.start, (*due.stops, stop))
    if kept and event.due.at > record.occurred_at and adds_up(event.due, procedure.zone):
        return ""
    return "resumes a clock with another time than was left"


def _is_recount(procedure: Procedure, case: Case, event: Recalendared, record: Record) -> bool:
    """Whether an authority outside the case counted anew what was still to fall due, each as its own days give."""
    if (record.role, record.mandate) != (CALENDAR_AUTHORITY, "") or not event.recounted:
        return False
    for one in event.recounted:
        if one.level:
            clock, known = None, one.duty in case.breaches
        elif office_of(one.duty) is not None:
            clock, known = None, office_of(one.duty) in case.vacancies
        else:
            clock = case if one.duty == CASE else case.items.get(one.duty)
            known = clock is not None
        if not known or case.due_of(one.duty, one.level) != one.old or one.new.calendar != event.digest:
            return False
        kept = [(due.limit, due.start, due.stops) for due in (one.old, one.new)]
        until = (None if clock is None else clock.stopped_at) or record.occurred_at
        if kept[0] != kept[1] or min(one.old.at, one.new.at) <= until or not adds_up(one.new, procedure.zone):
            return False
    return True


def _row(procedure: Procedure, case: Case | None, event: Event) -> Transition | None:
    """The row that leads where the event says, if there is one."""
    kind: str | None = None
    if isinstance(event, Opened | Added):
        source, dest = NEW, event.state
        kind = event.kind if isinstance(event, Added) else None
    elif case is not None and isinstance(event, Moved | ItemMoved):
        source, dest = event.source, event.dest or ""
        if isinstance(event, ItemMoved):
            if event.item not in case.items:
                return None
            kind = case.items[event.item].kind
    else:
        return None
    move = procedure.tables.get(kind, {}).get(source, {}).get(event.trigger)
    return move.row if move is not None and (move.dest or "") == dest else None


def _wrong_items(procedure: Procedure, case: Case | None, event: Event) -> str:
    """What is wrong with the items that come and go: ids follow the case's counter, and what is laid out is what the procedure
    lays out as the case enters the state."""
    counters = {} if case is None else case.counters
    if isinstance(event, Added):
        due = item_id(event.kind, counters.get(event.kind, 0) + 1)
        return "" if event.item == due else f"adds {event.item} where {due} is due"
    if not isinstance(event, Opened | Moved):
        return ""
    entered = (event.state if isinstance(event, Opened) else event.dest) or ""
    expected = list(to_lay_out(procedure, counters, entered))
    if [attrs.evolve(one, due=None) for one in event.laid_out] != expected:
        return f"lays out other items than {procedure} does"
    anew = {kind for kind, _ in procedure.presets.get(entered, ())}
    gone = [] if case is None or isinstance(event, Opened) else [case.items.get(name) for name in event.superseded]
    if any(one is None or one.kind not in anew or not one.laid_out for one in gone):
        return "supersedes items that no others take the place of"
    return ""
