"""What recusals and delegations make of a case, and for whom an act was done. As in all of `evolve`, nothing here reads a
procedure or a clock."""

from __future__ import annotations

from ..case import Case, Delegation, Recusal, with_changes, with_entries
from .changes import Changes, impossible, with_one
from .events import Delegated, DelegationEnded, Event, Recused, Stamp


def for_somebody(case: Case, stamp: Stamp) -> Stamp:
    """``stamp`` with for whom it was done, where its mandate is a delegation."""
    lent = next((one for one in case.delegations if one.mandate == stamp.mandate), None)
    return stamp if lent is None else with_changes(stamp, principal=lent.holder)


def lays_down(event: Event, stamp: Stamp) -> bool:
    """Whether somebody only gives up what they could do: that is no act in the role which they give up."""
    if isinstance(event, Recused):
        return (event.who.id, event.office) == (stamp.actor.id, stamp.role)
    return isinstance(event, DelegationEnded) and (event.delegate.id, event.office) == (stamp.actor.id, stamp.role)


def used(delegations: tuple[Delegation, ...], mandate: str) -> tuple[Delegation, ...]:
    """``delegations``, that under which something was done marked so."""
    return tuple(with_changes(one, used=True) if one.mandate == mandate else one for one in delegations)


def recused(case: Case, event: Recused, stamp: Stamp) -> Changes:
    """Every role of the case that they held is free, and no delegation from or to them is in force any more."""
    who = event.who.id
    if who in case.recused:
        raise impossible(case, event, stamp, f"recuses {who} a second time")
    recusal = Recusal(event.office, event.reason, stamp.version)
    changes: Changes = {
        "recused": with_entries(case.recused, {who: recusal}),
        "bodies": with_one(case.bodies, who, event.who.body),
    }
    held = frozenset(one.role for one in case.appointments if one.actor == who)
    if held:
        changes["appointments"] = tuple(one for one in case.appointments if one.actor != who)
        changes["former"] = with_entries(case.former, {who: case.former.get(who, frozenset()) | held})
    if event.vacancies:
        begun = {one.office: one.due for one in event.vacancies}
        changes["vacancies"] = with_entries(case.vacancies, begun)
    if any(who in (one.holder, one.delegate) for one in case.delegations):
        changes["delegations"] = tuple(
            with_changes(one, ended=True) if who in (one.holder, one.delegate) else one for one in case.delegations
        )
    return changes


def delegated(case: Case, event: Delegated, stamp: Stamp) -> Changes:
    """One delegation more."""
    lent = Delegation(
        office=event.office,
        holder=stamp.actor.id,
        delegate=event.delegate.id,
        body=event.delegate.body,
        since=event.since or stamp.occurred_at,
        until=event.until,
        under=stamp.mandate,
        mandate=stamp.hash,
    )
    return {"delegations": (*case.delegations, lent)}


def delegation_ended(case: Case, event: DelegationEnded, stamp: Stamp) -> Changes:
    """The newest delegation of that office to them is in force no more."""
    named = (event.office, event.delegate.id, event.delegate.body)
    last = max((n for n, one in enumerate(case.delegations) if _named(one) == named and not one.ended), default=None)
    if last is None:
        raise impossible(case, event, stamp, f"ends a delegation that {event.delegate.id} does not have")
    ended = with_changes(case.delegations[last], ended=True)
    return {"delegations": (*case.delegations[:last], ended, *case.delegations[last + 1 :])}


def _named(one: Delegation) -> tuple[str, str, str]:
    return one.office, one.delegate, one.body
