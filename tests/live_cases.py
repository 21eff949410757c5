"""Live cases under one version of a procedure, and everything that they could come to under another, with the real `decide`."""

from __future__ import annotations

import enum
from collections.abc import Iterator

from stabflow.case import Case, with_changes
from stabflow.language import Procedure
from stabflow.reasoning.abstraction import Abstraction
from stabflow.reasoning.ahead import reads_alike
from stabflow.reasoning.cluster import cluster
from stabflow.reasoning.explore import _Search, explore
from stabflow.reasoning.graph import Graph


class Ends(enum.Enum):
    """Whether a case can come to an end; ``UNKNOWN`` where the search hit its bound before it found one."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def live_cases(procedure: Procedure, most: int) -> Iterator[Case]:
    """Cases that stand somewhere and are not over: as many as were searched up to a bound."""
    graph = explore(cluster(procedure, procedure.items), max_states=most)
    yield from (node.case for node in graph.nodes if not procedure.states[node.place.state].final)


def carried_over(case: Case, old: Procedure, new: Procedure) -> Case:
    """``case`` under another version: what that has no name for is left behind."""
    facts = {
        name: value
        for name, value in case.facts.items()
        if name in new.facts and reads_alike(old.facts[name], new.facts[name]) and _known(new, name, value)
    }
    items = {
        name: item
        for name, item in case.items.items()
        if item.kind in new.items and item.state in new.items[item.kind].states
    }
    entered = {name: entry for name, entry in case.entered.items() if name in new.states}
    counters = dict.fromkeys(new.items, 0) | dict(case.counters)
    return with_changes(case, facts=facts, items=items, entered=entered, counters=counters)


def _known(procedure: Procedure, name: str, value: object) -> bool:
    of = procedure.facts[name].of
    return of is None or {*(value if isinstance(value, tuple) else (value,))} <= procedure.lists[of].keys()


def can_end(procedure: Procedure, case: Case, most: int) -> Ends:
    """Whether some acts under ``procedure`` lead from ``case`` to an end."""
    whole = cluster(procedure, procedure.items)
    search = _Search(whole, Abstraction(whole), most)
    search._node(case, None, None)
    graph: Graph = search._graph
    while search._waiting and len(graph.nodes) <= most:
        search._expand(*search._waiting.popleft())
        if any(procedure.states[node.place.state].final for node in graph.nodes):
            return Ends.YES
    return Ends.UNKNOWN if search._waiting else Ends.NO
