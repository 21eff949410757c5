"""What a proof takes for granted of corrections: where a search does not follow them, or where nothing can be proved that follows
all that might be made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..language import Procedure
from ..text import Text, listing, quoted, say
from .cluster import unlike
from .composition import Composition
from .graph import Graph
from .relaxation import FOLLOWED

Named = tuple[str | None, str]
"""A field, with the kind it is of (``None``: of the case)."""


def corrected_in(graphs: Iterable[Graph]) -> frozenset[Named]:
    """The fields that were corrected in these searches; where one hit its bound, all that may be."""
    found: set[Named] = set()
    for graph in graphs:
        for one in () if graph.complete else graph.abstraction.correctables:
            found |= {(one.own, name) for names in one.names.values() for name in names}
        for node in graph.nodes:
            for edge in node.edges:
                if edge.act.amends:
                    found |= {(edge.act.kind, name) for name, _ in edge.act.chosen}
    return frozenset(found)


def never_corrected(composition: Composition) -> Iterator[Named]:
    """The fields in which items must be unlike, and of which something is asked besides: no search corrects them."""
    procedure = composition.procedure
    tested = {name for graph in composition.graphs for name, tests in graph.abstraction.tests.items() if tests}
    for own, kind in procedure.items.items():
        if "actor" not in kind.unique:
            for name in unlike(procedure, kind):
                if name in tested and kind.fields[name].type in FOLLOWED:
                    yield own, name


def assumed_of(procedure: Procedure, fields: Collection[Named]) -> tuple[Text, ...]:
    """What is taken for granted of the correction of ``fields``."""
    if not fields:
        return ()
    order = [(own, name) for own, cycle in procedure.lifecycles() for name in cycle.fields]
    names = listing([quoted(procedure.field_title(name, own)) for own, name in order if (own, name) in fields])
    return (
        say(
            "that no correction of {names} leads where it would not have led to state the same at once",
            "对{names}的更正不会导致当初如此填报时不会出现的情形",
            names=names,
        ),
    )
