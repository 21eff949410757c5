"""Which corrections a search would have to follow, and does not: those after which a case may stand where none does in which the
same had been stated at once.

What nobody has read yet, and what its own row alone asks about, may be stated so or so: a correction is then no new way. It may
be one where a return has undone who read it, or where its row asks for more than what it states.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..decision.amendment import waited_for
from ..language import Lifecycle, Procedure, Transition
from ..requirements import CaseIs, ItemsAre, PluginAnswers, Requirement
from ..text import Text, listing, quoted, say
from .reaching import comes_back
from .relaxation import FOLLOWED


def assumed_of_corrections(procedure: Procedure, told: Collection[str]) -> tuple[Text, ...]:
    """What a proof takes for granted of them, where ``told`` are the fields whose values it tells apart."""
    found = dict.fromkeys(name for name in _unfollowed(procedure) if name[1] in told)
    if not found:
        return ()
    names = listing([quoted(procedure.field_title(name, own)) for own, name in found])
    return (
        say(
            "that no correction of {names} leads where it would not have led to state the same at once",
            "对{names}的更正不会导致当初如此填报时不会出现的情形",
            names=names,
        ),
    )


def _unfollowed(procedure: Procedure) -> Iterator[tuple[str | None, str]]:
    """The fields of which a correction may be a way of its own, each with the kind it is of."""
    returns = _has_returns(procedure.case)
    for own, cycle in procedure.lifecycles():
        if own is not None and "actor" in procedure.items[own].unique:
            continue  # what is one person's own is never amended
        for row in cycle.transitions:
            for name in () if row.by_time else row.set:
                if cycle.fields[name].type not in FOLLOWED or any(waited_for(procedure, own, (name,))):
                    continue
                if returns or _has_returns(cycle) or any(_asks_more(one, row, name) for one in row.requires):
                    yield own, name


def _has_returns(cycle: Lifecycle) -> bool:
    return any(comes_back(cycle, state) for state in cycle.states)


def _asks_more(requirement: Requirement, row: Transition, name: str) -> bool:
    """Whether it asks about ``name`` together with what may have changed since ``row`` stated it."""
    reads = requirement.reads()
    parts = [part for _, part in requirement.walk()]
    of_name = name in reads.names or any(isinstance(part, PluginAnswers) for part in parts)
    of_item = any(isinstance(part, ItemsAre) and name in part.where for part in parts)
    alone = reads.names <= {*row.set} and not any(isinstance(part, CaseIs | ItemsAre | PluginAnswers) for part in parts)
    return (of_name or of_item) and not alone
