"""Whether an `independent_of` leaves somebody who may act, as far as the roles tell, and who is named in a field."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ..errors import Fault
from ..requirements import AllOf, IndependentOf, Requirement
from .lifecycle import Lifecycle, Transition
from .parts import Draft
from .static_roles import below

MAX_COMBINATIONS = 1_000


def independence_faults(draft: Draft, kind: str | None, row: Transition) -> Iterator[Fault]:
    """What is wrong with what ``row`` of ``kind`` asks outright of independence."""
    for index, requirement in enumerate(row.requires):
        for path, part in asked_outright(requirement, f"requires[{index}]"):
            if isinstance(part, IndependentOf):
                found = nobody_left(draft, kind, row, part)
                if found is not None:
                    yield Fault(f"{path}.independent_of", *found)


def asked_outright(requirement: Requirement, path: str = "") -> Iterator[tuple[str, Requirement]]:
    """``requirement`` and those parts of it that nothing else can stand in for."""
    yield path, requirement
    if isinstance(requirement, AllOf):
        for index, part in enumerate(requirement.all):
            yield from asked_outright(part, f"{path}.all[{index}]")


def nobody_left(draft: Draft, kind: str | None, row: Transition, asked: IndependentOf) -> tuple[str, str] | None:
    """How it can come that nobody in `by` of ``row`` is independent, and the cure; ``None`` where somebody always is."""
    cycle = draft.lifecycle(kind)
    named = [party for party in row.by if party in cycle.fields]
    if not row.by or any(party not in draft.roles and party not in cycle.fields for party in row.by):
        return None  # who else may act is at fault, and told
    doers: list[list[tuple[str, str]]] = []
    for trigger in dict.fromkeys(asked.independent_of):
        parties = {party for other in cycle.transitions if other.trigger == trigger for party in other.by}
        known = parties & {*draft.roles, *(named and cycle.fields)}
        if known:
            doers.append([(trigger, party) for party in sorted(known)])
    if not doers or (named and any(_can_name_another(draft, cycle, row, field, asked) for field in named)):
        return None
    for did in itertools.islice(itertools.product(*doers), MAX_COMBINATIONS):
        roles = [party for _, party in did if party in draft.roles]
        if not any(party in draft.roles and _is_independent(draft, party, roles) for party in row.by):
            return _told(draft, row, did, named)
    return None


def _told(draft: Draft, row: Transition, did: tuple[tuple[str, str], ...], named: list[str]) -> tuple[str, str]:
    if named:
        acts = " or ".join(repr(trigger) for trigger, _ in did)
        who = f"who did {acts}, or somebody below them"
        if _lends(draft):
            who += " or to whom they delegated a role"
        problem = f"{who}, may be named in {named[0]!r}, and then nobody is independent"
        return problem, f'let a row that stays name another: set = ["{named[0]}"], or add a role to `by`'
    acts = " and ".join(f"{party!r} did {trigger!r}" for trigger, party in did)
    problem = f"when {acts}, nobody in {', '.join(row.by)} is independent"
    return problem, "add a role that is not below it, or a second seat"


def _is_independent(draft: Draft, party: str, doers: list[str]) -> bool:
    """Whether somebody in the role ``party`` can be independent of office-holders in ``doers``."""
    only_seat = draft.roles[party].holders == 1
    return not any(party in below(draft, role) or (party == role and only_seat) for role in doers)


def _can_name_another(draft: Draft, cycle: Lifecycle, row: Transition, field: str, asked: IndependentOf) -> bool:
    """Whether somebody independent can be named in ``field`` where ``row`` starts, or whoever is named there always is."""
    sources = {*cycle.sources(row)}
    for other in cycle.rows_setting(field):
        if other.dest is None and sources <= {*cycle.sources(other)} and other.trigger not in asked.independent_of:
            return True
    doing = [other for other in cycle.transitions if other.trigger in asked.independent_of]
    return all(_names_nobody_of_theirs(draft, cycle, other, field) for other in doing)


def _names_nobody_of_theirs(draft: Draft, cycle: Lifecycle, row: Transition, field: str) -> bool:
    """Whether who fires ``row``, which alone states ``field``, can name neither themselves there nor anybody below them, nor
    anybody who may come to act for them."""
    guarded = any(
        isinstance(part, IndependentOf) and not part.when and field in part.independent_of
        for requirement in row.requires
        if not requirement.when
        for _, part in asked_outright(requirement)
    )
    nobody_below = all(party in draft.roles and not below(draft, party) for party in row.by)
    return (
        guarded
        and nobody_below
        and not _lends(draft)
        and cycle.rows_setting(field) == (row,)
        and not cycle.fields[field].optional
    )


def _lends(draft: Draft) -> bool:
    """Whether somebody may come to act for somebody else: who does is not independent of them, whatever the role is."""
    return any(role.delegable for role in draft.roles.values())
