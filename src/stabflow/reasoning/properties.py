"""The properties of single states and of paths: those of the file, those given in Python, and what the procedure itself says must
be concluded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence

import attrs

from ..errors import InvalidInput, ProcedureError
from ..language import Procedure, Property, Transition
from ..requirements import CaseIs, ItemsAre, Requirement
from ..text import Text, say
from .cluster import cluster
from .explore import explore
from .graph import Edge, Graph, Node, leading
from .inquiry import BOUND, Inquiry
from .predicates import StateProperty
from .relaxation import Relaxation
from .report import Finding, Status
from .stage import Stage

AnyProperty = Property | StateProperty

CONCLUDED = Text(
    "what one end asks to be concluded, no other end leaves open", "一处办结要求了结的，其他办结之处均不遗留"
)

_ASKING = Transition(trigger="ask")


@attrs.frozen(kw_only=True)
class _Wanted:
    """Something to be proved, and how it is told that it does not hold."""

    name: str
    title: Text
    path: str
    clause: tuple[str, ...]
    asked: tuple[Requirement, ...]
    violation: Callable[[Graph, _Judge], tuple[Text, int | None]]
    status: Status = Status.FLAWED


def examine(procedure: Procedure, properties: Sequence[AnyProperty]) -> None:
    """`InvalidInput` with every name in ``properties`` that ``procedure`` does not know, and whatever else is wrong with them."""
    found = []
    for number, one in enumerate(properties):
        if isinstance(one, StateProperty):
            found += [fault.under(f"properties[{number}]") for fault in one.faults(procedure)]
    if not found:
        own = len(procedure.properties)
        asked = [
            Property(title=one.title, never=tuple(one.asked(procedure)) or CaseIs(case=tuple(procedure.states)))
            if isinstance(one, StateProperty)
            else one
            for one in properties
        ]
        try:
            attrs.evolve(procedure, properties=(*procedure.properties, *asked))
        except ProcedureError as error:
            for fault in error.faults:
                place, _, rest = fault.path.removeprefix("properties[").partition("]")
                path = f"properties[{int(place) - own}]{rest}" if place.isdecimal() else fault.path
                found.append(attrs.evolve(fault, path=path))
    if found:
        raise InvalidInput(found, what="the properties")


def properties_findings(inquiry: Inquiry, properties: Sequence[AnyProperty]) -> Iterator[Finding]:
    """What is found of each property of the file and of ``properties``, and of what must be concluded."""
    procedure = inquiry.procedure
    relaxation = Relaxation(procedure, procedure.items)
    named = [(f"properties[{number}]", one) for number, one in enumerate(procedure.properties)]
    wanted = [
        *_concluded(procedure),
        *(_of(path, one, procedure) for path, one in (*named, *(("", one) for one in properties))),
    ]
    graphs: dict[frozenset[str], Graph] = {}
    for one in wanted:
        if not all(map(relaxation.is_followed, one.asked)):
            text = Text("it asks for what a search does not follow", "其内容超出搜索可跟踪的范围")
            yield Finding(one.name, one.title, Status.INCOMPLETE, text, one.path, one.clause)
            continue
        kinds = _kinds(inquiry, one.asked)
        if kinds not in graphs:  # one search for all that is asked of the same kinds
            besides = [
                part
                for other in wanted
                if _kinds(inquiry, other.asked) == kinds
                for part in other.asked
                if relaxation.is_followed(part)
            ]
            graphs[kinds] = explore(cluster(procedure, kinds), besides=besides, max_states=inquiry.max_states)
            inquiry.searched.append(graphs[kinds])
        yield _found(inquiry, one, graphs[kinds])


def _kinds(inquiry: Inquiry, asked: Sequence[Requirement]) -> frozenset[str]:
    """The kinds that must be searched together for what is asked."""
    kinds = frozenset[str]().union(*(one.reads().kinds for one in asked))
    return frozenset[str]().union(*(group for group in inquiry.composition.groups if group & kinds))


def _found(inquiry: Inquiry, wanted: _Wanted, graph: Graph) -> Finding:
    text, witness = wanted.violation(graph, _Judge(graph))
    if witness is not None:
        path = graph.path(witness)
        return inquiry.shown(
            wanted.name,
            wanted.title,
            text,
            path,
            graph,
            path_in=wanted.path or (f"transitions.{path[-1].trigger}" if wanted.status is Status.WARNING else ""),
            clause=wanted.clause,
            status=wanted.status,
        )
    status = Status.PROVED if graph.complete else Status.INCOMPLETE
    bound = Text("", "") if graph.complete else BOUND
    return Finding(wanted.name, wanted.title, status, bound, wanted.path, wanted.clause)


class _Judge:
    """Whether requirements hold of the case at a node, nobody acting."""

    def __init__(self, graph: Graph) -> None:
        self._stage = Stage(graph.cluster.procedure)

    def holds(self, requires: Sequence[Requirement], node: Node) -> bool:
        return self._stage.holds(requires, node.case, None, None, _ASKING, {})


# What must be concluded


def _concluded(procedure: Procedure) -> Iterator[_Wanted]:
    """Where one end of a case asks that all items of a kind stand in certain states, no other end should leave any elsewhere."""
    finals = {name for name, state in procedure.states.items() if state.final}
    ending = [row for row in procedure.transitions if row.dest in finals]
    asked = {(one.items, frozenset(one.every or ()), row.trigger) for row in ending for one in _concluding(row)}
    for kind, states in dict.fromkeys((kind, states) for kind, states, _ in sorted(asked, key=str)):
        careless = [
            row
            for row in ending
            if not any(one.items == kind and states >= {*(one.every or ())} for one in _concluding(row))
        ]
        ends = tuple(dict.fromkeys(row.dest for row in careless if row.dest is not None))
        open_ = tuple(name for name in procedure.items[kind].states if name not in states)
        if not ends or not open_:
            continue
        text = say(
            "{kind} can be left open by an end that does not ask for it, as another does: ask it there too, or mean it",
            "另一处办结要求{kind}均已了结，而此处办结未作要求，可能遗留：请同样要求，或确认如此",
            kind=procedure.kind_title(kind),
        )
        never = (CaseIs(case=ends), ItemsAre(items=kind, in_=open_, at_least=1))
        yield _Wanted(
            name="concluded",
            title=CONCLUDED,
            path="",
            clause=(),
            asked=never,
            violation=_whenever(text, never),
            status=Status.WARNING,
        )


def _concluding(row: Transition) -> Iterator[ItemsAre]:
    """The requirements of a row that all items of a kind stand in certain states."""
    for one in row.requires:
        if isinstance(one, ItemsAre) and one.every and not (one.when or one.in_ or one.where or one.since):
            yield one


def _whenever(text: Text, never: Sequence[Requirement]) -> Callable[[Graph, _Judge], tuple[Text, int | None]]:
    return lambda graph, judge: (text, _first(graph, lambda node: judge.holds(never, node)))


# Properties that are given


def _of(path: str, one: AnyProperty, procedure: Procedure) -> _Wanted:
    if isinstance(one, StateProperty):
        asked = tuple(one.asked(procedure))
        return _Wanted(name="authors", title=one.title, path=path, clause=(), asked=asked, violation=_by_predicate(one))
    sides = (*one.before, *one.leads_to)
    asked = (*one.never, *one.always, *(part for side in sides for part in side))
    return _Wanted(
        name="authors",
        title=one.title,
        path=path,
        clause=one.clause,
        asked=asked,
        violation=lambda graph, judge: _violation(one, graph, judge),
    )


_NEVER = Text("it can happen", "有可能发生")
_ALWAYS = Text("it does not always hold", "并非始终成立")


def _by_predicate(one: StateProperty) -> Callable[[Graph, _Judge], tuple[Text, int | None]]:
    def violation(graph: Graph, judge: _Judge) -> tuple[Text, int | None]:
        def is_violated(node: Node) -> bool:
            return one.is_violated(graph.cluster.procedure, node.case, lambda asked: judge.holds(asked, node))

        return _NEVER if one.never is not None else _ALWAYS, _first(graph, is_violated)

    return violation


def _violation(one: Property, graph: Graph, judge: _Judge) -> tuple[Text, int | None]:
    if one.never:
        return _NEVER, _first(graph, lambda node: judge.holds(one.never, node))
    if one.always:
        return _ALWAYS, _first(graph, lambda node: not judge.holds(one.always, node))
    if one.before:
        text = Text("the second can hold though the first never did", "前者从未成立，后者即可成立")
        return text, _before(graph, judge, *one.before)
    first, second = one.leads_to
    text = Text("the first can hold where the second can no longer be reached", "前者成立时，后者可能已无法达到")
    able = _able(graph, [n for n, node in enumerate(graph.nodes) if judge.holds(second, node)])
    return text, next((n for n, node in enumerate(graph.nodes) if n not in able and judge.holds(first, node)), None)


def _first(graph: Graph, is_so: Callable[[Node], bool]) -> int | None:
    return next((number for number, node in enumerate(graph.nodes) if is_so(node)), None)


def _before(graph: Graph, judge: _Judge, first: Sequence[Requirement], second: Sequence[Requirement]) -> int | None:
    seen = set(graph.roots)
    waiting = deque(graph.roots)
    while waiting:
        index = waiting.popleft()
        if judge.holds(first, graph.nodes[index]):
            continue
        if judge.holds(second, graph.nodes[index]):
            return index
        for edge in graph.nodes[index].edges:
            if edge.target not in seen:
                seen.add(edge.target)
                waiting.append(edge.target)
    return None


def _able(graph: Graph, targets: Collection[int]) -> Collection[int]:
    def sure(index: int) -> Iterator[Edge]:
        return (edge for edge in graph.nodes[index].edges if edge.sure)

    return leading(range(len(graph.nodes)), targets, sure)
