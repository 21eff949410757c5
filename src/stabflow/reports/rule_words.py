"""Words for what a procedure asks for and proves: its requirements, its gate, and the properties that its author wants proved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from ..language import Gate, Procedure, Property
from ..language.requirement_text import requirement_text, untitled, with_parts
from ..requirements import Requirement
from ..text import Text, either, joined, quoted, say
from .procedure_words import with_clause


def requirement_rules(procedure: Procedure, kind: str | None, requires: Sequence[Requirement]) -> Iterator[Text]:
    """Each requirement: how its author puts it, what it asks for, and the clauses of it and of its parts."""
    for one in requires:
        text = requirement_text(procedure, kind, _with_clauses_inside(procedure, kind, one))
        inside = _with_clauses_inside(procedure, kind, attrs.evolve(untitled(one), when=()))
        content = requirement_text(procedure, kind, inside)
        if one.title is not None or _has_titled_part(one):
            text = say("{text} — {content}", "{text}——{content}", text=text, content=content)
        yield with_clause(text, one.clause)


def _has_titled_part(one: Requirement) -> bool:
    """Whether a part or a condition of ``one`` has a title, behind which it does not say what it asks for."""
    return any(part.title is not None for _, part in one.walk() if part is not one)


def _with_clauses_inside(procedure: Procedure, kind: str | None, one: Requirement) -> Requirement:
    """``one`` with parts that have their clauses behind their titles."""

    def cited_part(part: Requirement) -> Requirement:
        part = _with_clauses_inside(procedure, kind, part)
        if not part.clause:
            return part
        return attrs.evolve(part, title=with_clause(requirement_text(procedure, kind, part), part.clause), when=())

    return with_parts(one, cited_part)


def gate_rules(procedure: Procedure, gate: Gate) -> Iterator[Text]:
    """When another system may go ahead."""
    states = either([procedure.state_title(one) for one in gate.in_])
    yield with_clause(
        say("another system may go ahead only in {states}", "仅在{states}时，其他系统方可实施", states=states),
        gate.clause,
    )
    yield from requirement_rules(procedure, None, gate.requires)


def property_text(procedure: Procedure, one: Property) -> Text:
    """What the author wants proved: its title, then what it says."""

    def holds(requires: Sequence[Requirement]) -> Text:
        return joined([quoted(rule) for rule in requirement_rules(procedure, None, requires)], Text(" and ", "且"))

    if one.never:
        said = say("never: {what}", "任何时候均不得：{what}", what=holds(one.never))
    elif one.always:
        said = say("always: {what}", "任何时候均应：{what}", what=holds(one.always))
    elif one.before:
        first, second = map(holds, one.before)
        said = say("not before {first}: {second}", "先有{first}，方可{second}", first=first, second=second)
    else:
        first, second = map(holds, one.leads_to)
        said = say(
            "wherever {first}, it can still come to {second}",
            "凡{first}的，仍可达到{second}",
            first=first,
            second=second,
        )
    return with_clause(say("{title} — {said}", "{title}——{said}", title=one.title, said=said), one.clause)
