"""A case with all that is told of it, gathered once: for the page that people read, and as plain values for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from ..case import Appointment, Case, Delegation
from ..decision.decider import Option, moves
from ..decision.disclosure import NOT_TOLD
from ..decision.duties import Duty
from ..engine import Engine
from ..engine.shown import ShownCase
from ..errors import Blocker
from ..history.writing import plain_value
from ..language import Procedure
from ..text import Language, Text, say
from ..values import Actor, moment_text


@attrs.frozen
class Next:
    """Something that rows permit from here: who may do it, to which items, and everything that stands against it."""

    option: Option
    items: tuple[str, ...]
    holders: tuple[Appointment, ...]
    blockers: tuple[Blocker, ...]

    @property
    def is_untold(self) -> bool:
        """Whether nothing is known to stand against it, and whether that is so is not for the public."""
        return bool(self.blockers) and all(one.kind == NOT_TOLD for one in self.blockers)


@attrs.frozen
class CaseReport:
    """A case with all that is told of it, gathered once."""

    procedure: Procedure
    case: Case
    offices: tuple[Appointment, ...]
    duties: tuple[Duty, ...]
    next: tuple[Next, ...]
    delegations: tuple[Delegation, ...] = ()

    @classmethod
    def of(cls, engine: Engine, handle: ShownCase) -> CaseReport:
        """Everything about the case that is shown to whom ``handle`` is for."""
        procedure, case = handle.procedure, handle.value
        offices = tuple(one for one in engine.offices(procedure) if one.actor not in case.recused)
        return cls(
            procedure,
            case,
            offices,
            handle.duties(),
            tuple(_next(procedure, case, handle, case.appointments + offices)),
            handle.delegations(),
        )


def _next(procedure: Procedure, case: Case, handle: ShownCase, held: Sequence[Appointment]) -> Iterator[Next]:
    if procedure.states[case.state].final:
        return
    found: dict[tuple[str | None, str, tuple[str, ...]], Next] = {}
    for option in moves(procedure, case):
        if option.row.by_time:
            continue
        holders = _holders(case, option, held)
        blockers = _fewest(handle, option, holders)
        if option.kind is not None and any(one.kind == "case" for one in blockers):
            continue
        key = (option.kind, option.trigger, tuple(one.sentence().en for one in blockers))
        known = found.get(key)
        if known is not None and option.item is not None and known.items:
            found[key] = attrs.evolve(known, items=(*known.items, option.item))
        else:
            found[key] = Next(option, () if option.item is None else (option.item,), holders, blockers)
    yield from found.values()


def _holders(case: Case, option: Option, held: Sequence[Appointment]) -> tuple[Appointment, ...]:
    values = case.facts if option.item is None else case.items[option.item].fields
    named = [(party, str(values[party])) for party in option.row.by if party in values]
    bodies = {one.actor: one.body for one in held}
    by_field = [Appointment(party, actor, bodies.get(actor, ""), "") for party, actor in named]
    return (*(one for party in option.row.by for one in held if one.role == party), *by_field)


def _fewest(handle: ShownCase, option: Option, holders: Sequence[Appointment]) -> tuple[Blocker, ...]:
    """What stands against ``option`` for whoever of its holders is nearest to it."""
    asked = [_asked(handle, option, Actor(one.actor, body=one.body or "-"), one.role) for one in holders if one.body]
    if not asked:
        asked = [tuple(map(_unnamed, _asked(handle, option, Actor("nobody", body="nobody"), None)))]
    return min(asked, key=len)


def _unnamed(blocker: Blocker) -> Blocker:
    """The blocker without the person we made up to ask: the role is vacant, or nobody is named yet."""
    if blocker.kind != "role" or blocker.facts.get("vacant"):
        return blocker
    text = say("nobody is {who} yet", "尚无{who}", who=blocker.need)
    return attrs.evolve(blocker, text=text, have=Text("nobody", "无人"), cure=())


def _asked(handle: ShownCase, option: Option, by: Actor, role: str | None) -> tuple[Blocker, ...]:
    if option.item is None and option.kind is not None:
        return handle.add_blockers(option.kind, by=by, role=role, trigger=option.trigger)
    return handle.blockers(option.trigger, by=by, role=role, item=option.item)


def case_json(report: CaseReport, language: Language) -> dict[str, object]:
    """The case as plain JSON values; the sentences of blockers in ``language``."""
    procedure, case = report.procedure, report.case
    state = procedure.states[case.state]
    return {
        "case": case.id,
        "matter": {"key": case.matter.key, "title": case.matter.title},
        "procedure": str(procedure),
        "digest": procedure.digest,
        "state": case.state,
        "step": None if state.step is None else state.step.value,
        "outcome": None if state.outcome is None else state.outcome.value,
        "round": case.round,
        "opened_at": moment_text(case.opened_at),
        "updated_at": moment_text(case.updated_at),
        "version": case.version,
        "head": case.head,
        "facts": {name: plain_value(value) for name, value in case.facts.items()},
        "items": [
            {
                "item": item.id,
                "kind": item.kind,
                "state": item.state,
                "superseded": item.superseded,
                "fields": {name: plain_value(value) for name, value in item.fields.items()},
            }
            for item in case.items.values()
        ],
        "roles": [
            {"role": held.role, "actor": held.actor, "body": held.body, "standing": held in report.offices}
            for held in (*case.appointments, *report.offices)
        ],
        "recused": [
            {"actor": who, "office": one.office, "reason": one.reason, "version": one.version}
            for who, one in case.recused.items()
        ],
        "delegations": [
            {
                "role": one.office,
                "holder": one.holder,
                "delegate": one.delegate,
                "body": one.body,
                "since": moment_text(one.since),
                "until": moment_text(one.until),
            }
            for one in report.delegations
        ],
        "duties": [
            {
                "duty": duty.duty,
                "state": duty.state,
                "role": duty.role,
                "holders": [{"actor": actor, "body": body} for actor, body in duty.holders],
                "delegates": [{"actor": actor, "body": body} for actor, body in duty.delegates],
                "due": None if duty.due is None else moment_text(duty.due.at),
                "stopped_at": None if duty.stopped_at is None else moment_text(duty.stopped_at),
                "derivation": None if duty.due is None else duty.due.derivation(procedure.zone).get(language),
            }
            for duty in report.duties
        ],
        "next": [
            {
                "trigger": one.option.trigger,
                "kind": one.option.kind,
                "items": list(one.items),
                "by": list(one.option.row.by),
                "blockers": [blocker.as_dict(language) for blocker in one.blockers],
            }
            for one in report.next
        ],
    }
