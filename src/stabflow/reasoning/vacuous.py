"""Properties that hold only because they say nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from ..language import Procedure, Property
from ..requirements import CaseIs, Requirement, ValueIs
from ..text import Text, say
from .graph import Graph, Node

Holds = Callable[[Sequence[Requirement], Node], bool]

_FIRST = Text("it is so only because the first never holds", "仅因前者从未成立而成立")
_SECOND = Text("it is so only because the second never holds", "仅因后者从未成立而成立")


def why_vacuous(one: Property, graph: Graph, holds: Holds) -> Text | None:
    """Why a property that was found to hold says nothing; ``None`` where it may say something."""

    def is_nowhere(asked: Sequence[Requirement]) -> bool:
        return not any(holds(asked, node) for node in graph.nodes)

    if one.leads_to:
        return _FIRST if is_nowhere(one.leads_to[0]) else None
    if one.before:
        return _SECOND if is_nowhere(one.before[1]) else None
    if len(one.never) < 2:
        return None
    for number, part in enumerate(one.never):
        if is_nowhere((part,)):
            return say("it is so only because never[{n}] never holds", "仅因never[{n}]从未成立而成立", n=number)
    for (n, part), (m, other) in itertools.combinations(enumerate(one.never), 2):
        if _exclude_one_another(graph.cluster.procedure, part, other):
            return say(
                "it is so only because never[{n}] and never[{m}] can nowhere hold at once; a list asks for all of them",
                "仅因never[{n}]与never[{m}]不可能同时成立而成立；列表要求全部成立",
                n=n,
                m=m,
            )
    return None


def _exclude_one_another(procedure: Procedure, one: Requirement, other: Requirement) -> bool:
    """Whether two requirements can hold in no case at once, whatever its rows: another state, another value."""
    if one.when or other.when:
        return False
    if isinstance(one, CaseIs) and isinstance(other, CaseIs):
        return not any(
            procedure.is_named(one, state) and procedure.is_named(other, state) for state in procedure.states
        )
    if isinstance(one, ValueIs) and isinstance(other, ValueIs) and one.is_ is not None and other.is_ is not None:
        field = procedure.facts.get(one.value[0])
        alike = one.value == other.value and field is not None and not field.many
        return alike and {*one.is_}.isdisjoint(other.is_)
    return False
