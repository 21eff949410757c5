"""The properties that a procedure's author wants proved: ``never``, ``always``, ``before``, ``leads_to``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence

from ..language import Procedure, Property, Transition
from ..requirements import Requirement
from ..text import Text
from .cluster import cluster
from .composition import Composition
from .explore import Graph, Node, Stage, explore
from .relaxation import Relaxation
from .report import Finding, Status

Shown = Callable[..., Finding]

_ASKING = Transition(trigger="ask")


def authors_findings(
    procedure: Procedure, composition: Composition, max_states: int, searched: list[Graph], shown: Shown
) -> Iterator[Finding]:
    """What is found of each property of the file; the searches made for them are added to ``searched``."""
    relaxation = Relaxation(procedure, procedure.items)
    graphs: dict[frozenset[str], Graph] = {}
    wanted = {
        number: _kinds(composition, _asked(one))
        for number, one in enumerate(procedure.properties)
        if all(map(relaxation.is_followed, _asked(one)))
    }
    for number, property_ in enumerate(procedure.properties):
        path = f"properties[{number}]"
        if number not in wanted:
            text = Text("it asks for what a search does not follow", "其内容超出搜索可跟踪的范围")
            yield Finding("authors", property_.title, Status.INCOMPLETE, text, path, property_.clause)
            continue
        kinds = wanted[number]
        if kinds not in graphs:  # one search for all the properties of the same kinds
            besides = [one for n in wanted if wanted[n] == kinds for one in _asked(procedure.properties[n])]
            graphs[kinds] = explore(cluster(procedure, kinds), besides=besides, max_states=max_states)
            searched.append(graphs[kinds])
        yield _found(property_, path, graphs[kinds], shown)


def _kinds(composition: Composition, asked: Sequence[Requirement]) -> frozenset[str]:
    """The kinds that must be searched together for what is asked."""
    kinds = frozenset[str]().union(*(one.reads().kinds for one in asked))
    return frozenset[str]().union(*(group for group in composition.groups if group & kinds))


def _asked(property_: Property) -> tuple[Requirement, ...]:
    sides = (*property_.before, *property_.leads_to)
    return (*property_.never, *property_.always, *(one for side in sides for one in side))


def _found(property_: Property, path: str, graph: Graph, shown: Shown) -> Finding:
    judge = _Judge(graph)
    text, witness = _violation(property_, graph, judge)
    if witness is not None:
        found: Finding = shown("authors", property_.title, text, graph.path(witness), graph, path_in=path)
        return found
    status = Status.PROVED if graph.complete else Status.INCOMPLETE
    bound = Text("", "") if graph.complete else Text("the search hit its bound", "搜索达到上限")
    return Finding("authors", property_.title, status, bound, path, property_.clause)


class _Judge:
    """Whether requirements hold of the case at a node, nobody acting."""

    def __init__(self, graph: Graph) -> None:
        self._stage = Stage(graph.cluster.procedure)

    def holds(self, requires: Sequence[Requirement], node: Node) -> bool:
        return self._stage.holds(requires, node.case, None, None, _ASKING, {})


def _violation(property_: Property, graph: Graph, judge: _Judge) -> tuple[Text, int | None]:
    nodes = graph.nodes
    if property_.never:
        text = Text("it can happen", "有可能发生")
        return text, next((n for n, node in enumerate(nodes) if judge.holds(property_.never, node)), None)
    if property_.always:
        text = Text("it does not always hold", "并非始终成立")
        return text, next((n for n, node in enumerate(nodes) if not judge.holds(property_.always, node)), None)
    if property_.before:
        first, second = property_.before
        text = Text("the second can hold though the first never did", "前者从未成立，后者即可成立")
        return text, _before(graph, judge, first, second)
    first, second = property_.leads_to
    text = Text("the first can hold where the second can no longer be reached", "前者成立时，后者可能已无法达到")
    able = _able(graph, [n for n, node in enumerate(nodes) if judge.holds(second, node)])
    return text, next((n for n, node in enumerate(nodes) if n not in able and judge.holds(first, node)), None)


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


def _able(graph: Graph, targets: Collection[int]) -> frozenset[int]:
    back: dict[int, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        for edge in node.edges:
            if edge.sure:
                back.setdefault(edge.target, []).append(index)
    found = set(targets)
    waiting = list(found)
    while waiting:
        for source in back.get(waiting.pop(), ()):
            if source not in found:
                found.add(source)
                waiting.append(source)
    return frozenset(found)
