"""The properties of single states and of paths: those of the file, those given in Python, and what the procedure itself says must
be concluded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from ..errors import Fault, InvalidInput, ProcedureError
from ..language import Procedure, Property, Transition
from ..requirements import CaseIs, ItemsAre, Requirement
from ..text import Text, say
from .bounds import all_hit
from .cluster import cluster
from .explore import explore
from .graph import Act, Graph, Node, Refused, shortest
from .inquiry import MAX_TRIES, Inquiry
from .predicates import StateProperty
from .relaxation import Relaxation
from .report import Finding, Status
from .stage import Stage
from .vacuous import why_vacuous

AnyProperty = Property | StateProperty

CONCLUDED = Text(
    "what one end asks to be concluded, no other end leaves open", "一处办结要求了结的，其他办结之处均不遗留"
)

_ASKING = Transition(trigger="ask")


Path = tuple[Act, ...]

_Violation = Callable[["Graph", "_Judge", "Refused"], tuple["Text", "Path | None"]]
"""What does not hold, and the shortest path that shows it, without what is refused."""


@attrs.frozen(kw_only=True)
class _Wanted:
    """Something to be proved, and how it is told that it does not hold: by ``violation`` in one graph, or by ``leads_to``, whose
    first must always lead to its second."""

    name: str
    title: Text
    path: str
    clause: tuple[str, ...]
    asked: tuple[Requirement, ...]
    violation: _Violation | None = None
    leads_to: tuple[Sequence[Requirement], Sequence[Requirement]] | None = None
    status: Status = Status.FLAWED
    vacuous: Callable[[Graph, _Judge], Text | None] = lambda graph, judge: None


def examine(procedure: Procedure, properties: object) -> None:
    """`InvalidInput` with what in ``properties`` is none, with every name that ``procedure`` does not know, and whatever else is
    wrong with them."""
    found = []
    cure = "give a list of Property or StateProperty"
    if not isinstance(properties, Sequence) or isinstance(properties, str | bytes):
        raise InvalidInput.at("properties", f"a {type(properties).__name__} is no list of properties", cure)
    for number, one in enumerate(properties):
        if not isinstance(one, Property | StateProperty):
            found.append(Fault(f"properties[{number}]", f"a {type(one).__name__} is no property", cure))
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
                number = int(place) - own if place.isdecimal() else -1
                path = (
                    fault.path if number < 0 else f"properties[{number}]{_placed(properties[number], procedure, rest)}"
                )
                found.append(attrs.evolve(fault, path=path))
    if found:
        raise InvalidInput(found, what="the properties")


def _placed(one: AnyProperty, procedure: Procedure, rest: str) -> str:
    """The place ``rest`` in what stands for a property, as its author wrote it: a `StateProperty` counts by names."""
    asked, _, within = rest.removeprefix(".never[").partition("]")
    if not isinstance(one, StateProperty) or not asked.isdecimal():
        return rest
    counted = int(asked) - (sum(1 for _ in one.asked(procedure)) - len(one.counts))
    return rest if counted < 0 else f".counts[{list(one.counts)[counted]!r}]{within}"


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
        if one.leads_to is not None:
            yield _led(inquiry, one, *one.leads_to)
            continue
        kinds = _kinds(inquiry, one.asked)
        everything = frozenset(procedure.items)
        for together in dict.fromkeys((kinds, everything)):
            if together not in graphs:  # one search for all that is asked of the same kinds
                besides = [
                    part
                    for other in wanted
                    if together == everything or _kinds(inquiry, other.asked) == together
                    for part in other.asked
                    if relaxation.is_followed(part)
                ]
                graphs[together] = explore(cluster(procedure, together), besides=besides, **inquiry.bounds)
                inquiry.searched.append(graphs[together])
            found = _found(inquiry, one, graphs[together])
            if found.status is not Status.INCOMPLETE or not graphs[together].complete:
                break
        yield found


def _kinds(inquiry: Inquiry, asked: Sequence[Requirement]) -> frozenset[str]:
    """The kinds that must be searched together for what is asked."""
    kinds = frozenset[str]().union(*(one.reads().kinds for one in asked))
    return frozenset[str]().union(*(group for group in inquiry.composition.groups if group & kinds))


def _found(inquiry: Inquiry, wanted: _Wanted, graph: Graph) -> Finding:
    assert wanted.violation is not None
    violation, judge = wanted.violation, _Judge(graph)
    text, path = violation(graph, judge, ())
    if path is not None:
        return _shown(inquiry, wanted, text, path, graph, lambda refused: violation(graph, judge, refused)[1])
    return _proved(wanted, graph, tuple(graph.hit))


def _shown(
    inquiry: Inquiry,
    wanted: _Wanted,
    text: Text,
    path: Path,
    graph: Graph,
    around: Callable[[Refused], Path | None] | None = None,
) -> Finding:
    return inquiry.shown(
        wanted.name,
        wanted.title,
        text,
        path,
        graph,
        path_in=wanted.path or (f"transitions.{path[-1].trigger}" if wanted.status is Status.WARNING else ""),
        clause=wanted.clause,
        around=around,
        status=wanted.status,
    )


def _proved(wanted: _Wanted, graph: Graph, hit: Sequence[Text]) -> Finding:
    """That it holds, unless the search ``hit`` a bound, or it says nothing."""
    why = None if hit else wanted.vacuous(graph, _Judge(graph))
    if why is not None:
        return Finding(wanted.name, wanted.title, Status.WARNING, why, wanted.path, wanted.clause)
    status = Status.INCOMPLETE if hit else Status.PROVED
    return Finding(wanted.name, wanted.title, status, all_hit(hit), wanted.path, wanted.clause)


def _led(inquiry: Inquiry, wanted: _Wanted, first: Sequence[Requirement], second: Sequence[Requirement]) -> Finding:
    """Whether a case in which ``first`` holds can always come to where ``second`` does: with what is asked of some kinds only,
    the others must let it pass; where that cannot be shown so, everything is searched together."""
    found: Finding | None = None
    for kinds in dict.fromkeys((_kinds(inquiry, wanted.asked), frozenset(inquiry.procedure.items))):
        composition = inquiry.together(kinds, wanted.asked)
        graph = composition.graphs[0]
        if not composition.complete:
            return _proved(wanted, graph, composition.hit)
        judge = _Judge(graph)
        goal = [index for index, node in enumerate(graph.nodes) if judge.holds(second, node)]
        begun = {index for index, node in enumerate(graph.nodes) if judge.holds(first, node)}
        for index in [one for one in composition.unable(0, goal, sure=False) if one in begun][:MAX_TRIES]:
            text = Text(
                "the first can hold where the second can no longer be reached", "前者成立时，后者可能已无法达到"
            )
            found = _shown(inquiry, wanted, text, graph.path(index), graph)
            if found.status is Status.FLAWED:
                return found
        doubtful = [one for one in composition.unable(0, goal, sure=True) if one in begun]
        if not doubtful:
            return _proved(wanted, graph, ())
        text = say(
            "it hangs on what the search does not follow whether the second can be reached from “{state}”",
            "自“{state}”起能否达到后者，取决于搜索未跟踪的内容",
            state=inquiry.procedure.state_title(graph.nodes[doubtful[0]].place.state),
        )
        found = Finding(wanted.name, wanted.title, Status.INCOMPLETE, text, wanted.path, wanted.clause)
    assert found is not None, "something is searched"
    return found


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


def _whenever(text: Text, never: Sequence[Requirement]) -> _Violation:
    return lambda graph, judge, refused: (text, _first(graph, lambda node: judge.holds(never, node), refused))


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
        violation=None if one.leads_to else lambda graph, judge, refused: _violation(one, graph, judge, refused),
        leads_to=(one.leads_to[0], one.leads_to[1]) if one.leads_to else None,
        vacuous=lambda graph, judge: why_vacuous(one, graph, judge.holds),
    )


_NEVER = Text("it can happen", "有可能发生")
_ALWAYS = Text("it does not always hold", "并非始终成立")


def _by_predicate(one: StateProperty) -> _Violation:
    def violation(graph: Graph, judge: _Judge, refused: Refused) -> tuple[Text, Path | None]:
        def is_violated(node: Node) -> bool:
            return one.is_violated(graph.cluster.procedure, node.case, lambda asked: judge.holds(asked, node))

        return _NEVER if one.never is not None else _ALWAYS, _first(graph, is_violated, refused)

    return violation


def _violation(one: Property, graph: Graph, judge: _Judge, refused: Refused) -> tuple[Text, Path | None]:
    if one.never:
        return _NEVER, _first(graph, lambda node: judge.holds(one.never, node), refused)
    if one.always:
        return _ALWAYS, _first(graph, lambda node: not judge.holds(one.always, node), refused)
    text = Text("the second can hold though the first never did", "前者从未成立，后者即可成立")
    first, second = one.before
    return text, shortest(
        graph,
        lambda index: judge.holds(second, graph.nodes[index]),
        refused,
        ends_at=lambda index: judge.holds(first, graph.nodes[index]),
    )


def _first(graph: Graph, is_so: Callable[[Node], bool], refused: Refused) -> Path | None:
    """The shortest way to where it is so."""
    if refused:
        return shortest(graph, lambda index: is_so(graph.nodes[index]), refused)
    return next((graph.path(number) for number, node in enumerate(graph.nodes) if is_so(node)), None)
