"""What an act, or time, lets offices know: the notices of one transaction, from the procedure, the case and the records alone.

A notice is to a role, or to a body where an actor field says whose something is: never to a person. Who holds the role, and where
the body is reached, is found when the notice is delivered. Its words are rendered here, in both languages, so that it tells what
was so when it came about.

On what the rules of a procedure call ``due`` and ``escalated``: the first is told when it is on record that the limit of a duty
has passed undone, to those whose duty it was; the second whenever that goes up, also the first time, to those to whom it has
gone. Of a breach that is only possible nothing is told: a doubt accuses nobody. Once somebody has confirmed it, it is as any
other, unless what was owed has been done by then.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from .. import canonical
from ..calendar import DueTime
from ..case import CASE, Appointment, Case, frozen, kind_of_duty, office_of
from ..language import ACCOUNTABLE, NoticeRule, Occasion, Procedure
from ..language.notice_template import fill
from ..text import Text, joined
from .breaches import NO_BODY
from .duties import VACANT, breach_of
from .events import Added, BreachConfirmed, BreachFound, Event, ItemMoved, LaidOut, Moved, Opened, Stamp
from .evolution import evolve
from .told import Told, facts, tell

_LINE = Text("\n", "\n")


@attrs.frozen(kw_only=True)
class Notice:
    """What one recipient is to know. With a ``body`` it is for that body, and ``role`` names the actor field that says so;
    without one it is for whoever holds the ``role``. ``about`` is the duty it speaks of: "case", an item, a vacancy. ``origin``
    is the hash of the record it came with, or the key under which it came. ``facts`` say the same to programs."""

    name: str
    role: str
    body: str
    case: str
    about: str
    origin: str
    created_at: datetime
    subject: Text
    text: Text
    facts: Mapping[str, str] = attrs.field(converter=frozen, hash=False)

    @functools.cached_property
    def id(self) -> str:
        """64 hexadecimal digits that are this notice's alone, wherever it is read."""
        parts = [self.case, self.origin, self.name, self.about, self.role, self.body]
        return canonical.sha256(canonical.encode(parts))


def notices_of(
    procedure: Procedure,
    before: Case | None,
    history: Sequence[tuple[Event, Stamp]],
    offices: Iterable[Appointment] = (),
) -> tuple[Notice, ...]:
    """What is to be told of ``history``, one transaction on the case as it was ``before``; ``offices`` are the standing ones in
    force, which tell for which body somebody acts who is named."""
    found: list[Notice] = []
    if not any(_may_tell(procedure, event) for event, _ in history):
        return ()
    case = before
    for event, stamp in history:
        after = evolve(case, event, stamp)
        for rule, told in _told(procedure, case, after, event, stamp, offices):
            found += rendered(procedure, rule, told, origin=stamp.hash, created_at=stamp.recorded_at)
        case = after
    return tuple(found)


def rendered(
    procedure: Procedure, rule: NoticeRule, told: Told, *, origin: str, created_at: datetime
) -> Iterator[Notice]:
    """The notices of one rule, one for each recipient."""
    said = facts(procedure, rule, told)
    words: tuple[Text, Text] | None = None
    for role, body in _recipients(procedure, rule, told):
        if words is None or rule.names_reader:
            telling = functools.cache(functools.partial(tell, procedure, told, role))
            words = fill(rule.subject, telling), joined([fill(one, telling) for one in rule.text], _LINE)
        yield Notice(
            name=rule.name,
            role=role,
            body=body,
            case=told.case.id,
            about=told.about,
            origin=origin,
            created_at=created_at,
            subject=words[0],
            text=words[1],
            facts=said,
        )


# What has happened, as rules speak of it


def _may_tell(procedure: Procedure, event: Event) -> bool:
    """Whether any rule may speak of an event: most acts are over here."""
    if isinstance(event, BreachFound | BreachConfirmed):
        return True
    if not isinstance(event, Opened | Moved | Added | ItemMoved):
        return False
    on, kind = procedure.notices_on, kind_of_duty(event.item) if isinstance(event, Added | ItemMoved) else None
    dest = event.dest if isinstance(event, Moved | ItemMoved) else event.state
    return (
        any(event.trigger in rule.triggers for rule in on.get((Occasion.FIRED, kind), ()))
        or any(dest in rule.in_ for rule in on.get((Occasion.ENTERED, kind), ()))
        or (isinstance(event, Opened | Moved) and any((Occasion.ENTERED, one.kind) in on for one in event.laid_out))
    )


def _told(
    procedure: Procedure,
    before: Case | None,
    after: Case,
    event: Event,
    stamp: Stamp,
    offices: Iterable[Appointment],
) -> Iterator[tuple[NoticeRule, Told]]:
    if isinstance(event, BreachFound):
        if not event.doubts:
            yield from _breached(procedure, after, event.duty, offices)
    elif isinstance(event, BreachConfirmed):
        if before is not None and breach_of(before, event.duty, _owed(before, event.duty)) is not None:
            yield from _breached(procedure, after, event.duty, offices)
    elif isinstance(event, Opened | Moved | Added | ItemMoved):
        yield from _moved(procedure, after, event, stamp, offices)


def _owed(case: Case, duty: str) -> DueTime | None:
    try:
        return case.due_of(duty)
    except KeyError:
        return None


def _moved(
    procedure: Procedure,
    after: Case,
    event: Opened | Moved | Added | ItemMoved,
    stamp: Stamp,
    offices: Iterable[Appointment],
) -> Iterator[tuple[NoticeRule, Told]]:
    about = event.item if isinstance(event, Added | ItemMoved) else CASE
    dest = event.dest if isinstance(event, Moved | ItemMoved) else event.state
    source = event.source if isinstance(event, Moved | ItemMoved) else ""
    kind = kind_of_duty(about)
    rules = [rule for rule in procedure.notices_on.get((Occasion.FIRED, kind), ()) if event.trigger in rule.triggers]
    if dest is not None:
        rules += [rule for rule in procedure.notices_on.get((Occasion.ENTERED, kind), ()) if dest in rule.in_]
    if rules:
        told = of_duty(procedure, after, about, dest or source, offices, trigger=event.trigger, by_role=stamp.role)
        yield from ((rule, told) for rule in rules)
    for one in event.laid_out if isinstance(event, Opened | Moved) else ():
        yield from _laid_out(procedure, after, one, event.trigger, stamp, offices)


def _laid_out(
    procedure: Procedure, after: Case, one: LaidOut, trigger: str, stamp: Stamp, offices: Iterable[Appointment]
) -> Iterator[tuple[NoticeRule, Told]]:
    for rule in procedure.notices_on.get((Occasion.ENTERED, one.kind), ()):
        if one.state in rule.in_:
            yield (
                rule,
                of_duty(
                    procedure,
                    after,
                    one.item,
                    one.state,
                    offices,
                    trigger=trigger,
                    by_role=stamp.role,
                    laid_out=True,
                ),
            )


def of_duty(
    procedure: Procedure, case: Case, duty: str, state: str, offices: Iterable[Appointment], **more: Any
) -> Told:
    """What is owed in ``state``, as a notice speaks of it."""
    office = office_of(duty)
    if office is not None:
        by = procedure.roles[office].appointed_by[:1] if office in procedure.roles else ()
        filled = case.vacancies.get(office)
        at = None if filled is None else filled.at
        return Told(case=case, about=duty, state=VACANT, parties=by, due=at, **more)
    owing = case if duty == CASE else case.items[duty]
    values = case.facts if duty == CASE else case.items[duty].fields
    party = procedure.state_of(state, kind_of_duty(duty)).accountable
    ended = procedure.states[case.state].final or (duty != CASE and case.items[duty].superseded)
    named = values.get(party or "")
    bodies = {party: _bodies(case, offices, named)} if party is not None and isinstance(named, str) else {}
    at = None if owing.due is None or owing.stopped_at is not None else owing.due.at
    parties = () if party is None or ended else (party,)
    return Told(case=case, about=duty, state=state, parties=parties, bodies=bodies, due=at, **more)


def _breached(
    procedure: Procedure, after: Case, duty: str, offices: Iterable[Appointment]
) -> Iterator[tuple[NoticeRule, Told]]:
    breach = after.breaches[duty]
    kind = kind_of_duty(duty)
    held_for = tuple(dict.fromkeys(held.body for held in breach.holders if held.body != NO_BODY))
    told = Told(
        case=after,
        about=duty,
        state=breach.state,
        parties=breach.roles,
        bodies={party: held_for for party in breach.roles if party not in procedure.roles},
        due=breach.due.at,
        level=breach.level,
    )
    if not breach.level:
        for rule in procedure.notices_on.get((Occasion.DUE, kind), ()):
            if is_meant(rule, duty, breach.state):
                yield rule, told
    if breach.above:
        above = attrs.evolve(
            told, parties=breach.above, bodies={}, due=None if breach.respond is None else breach.respond.at
        )
        for rule in procedure.notices_on.get((Occasion.ESCALATED, kind), ()):
            if is_meant(rule, duty, breach.state):
                yield rule, attrs.evolve(above, level=breach.level + 1)


def is_meant(rule: NoticeRule, duty: str, state: str) -> bool:
    """Whether a rule on duties speaks of this one: of a vacant office only where it speaks of everything."""
    if office_of(duty) is not None:
        return rule.of_everything and not rule.in_
    return not rule.in_ or state in rule.in_


# To whom


def _recipients(procedure: Procedure, rule: NoticeRule, told: Told) -> Iterator[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for party in rule.to:
        for one in told.parties if party == ACCOUNTABLE else (party,):
            if one in procedure.roles:
                found[one, ""] = None
                continue
            bodies = told.bodies.get(one, ())
            found |= dict.fromkeys((one, body) for body in bodies) if bodies else dict.fromkeys(_topmost(procedure))
    yield from found


def _topmost(procedure: Procedure) -> Iterator[tuple[str, str]]:
    """Those whom nobody supervises: they hear what is for somebody of whom no body is known."""
    below = {name for role in procedure.roles.values() for name in role.supervises}
    return ((name, "") for name, role in procedure.roles.items() if role.supervises and name not in below)


def _bodies(case: Case, offices: Iterable[Appointment], actor: str) -> tuple[str, ...]:
    """The body for which somebody acts who is named: as appointed in the case, else by a standing office, else for which they
    have acted here."""
    here = [held.body for held in (*case.appointments, *offices) if held.actor == actor]
    return tuple((*here, *sorted(case.bodies.get(actor, ())))[:1])
