"""A procedure with its corrections as rows, for a search: what a row stated is stated anew, wherever that may be lawful.

Whether it is lawful hangs on what has been done since, which no search remembers: a row here may be fired wherever no more can be
ruled out from the rows alone. So what cannot be reached with these rows cannot be reached by correcting things either; a way that
takes one of them must be rehearsed with the real `decide`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import attrs

from ..decision.amendment import waited_for
from ..language import Lifecycle, Procedure, Transition
from ..requirements import CaseIs
from .asked import backward, before
from .cluster import unexamined
from .relaxation import FOLLOWED
from .stated import Stated

Spot = tuple[str | None, str, str]
"""A correction that was refused: of which kind, its trigger, and where the case stood."""


@attrs.frozen(kw_only=True)
class Correction(Transition):
    """States anew what the row ``of`` stated."""

    of: Transition


def with_corrections(procedure: Procedure, refused: Collection[Spot] = (), *, unlike: bool = False) -> Procedure:
    """``procedure`` with a staying row for each row that states what can be corrected, and a search follows; but for those that
    were ``refused``. With ``unlike`` also that in which items must differ: a search then no longer follows that they do."""
    open_ = [name for name, state in procedure.states.items() if not state.final]
    closed: dict[tuple[str | None, str], set[str]] = {}
    for own, trigger, state in refused:
        closed.setdefault((own, trigger), set()).add(state)
    rows: dict[str | None, list[Transition]] = {}
    for own, cycle in procedure.lifecycles():
        rows[own] = [*cycle.transitions]
        for number, row in enumerate(cycle.transitions):
            names = _correctable(procedure, own, row, unlike=unlike)
            trigger = f"correct {number} {row.trigger}"
            left = [state for state in open_ if state not in closed.get((own, trigger), ())]
            places = _standing(cycle, row)
            if own is None:
                places = [state for state in places if state in left]
            if not names or not places or not left:
                continue
            asks = [*row.requires, *(Stated(stated=name, before=True) for name in _surely(cycle, names))]
            if own is not None:
                asks.append(CaseIs(case=left))
            rows[own].append(Correction(trigger=trigger, source=places, by=row.by, set=names, requires=asks, of=row))
    items = {name: attrs.evolve(kind, transitions=rows[name]) for name, kind in procedure.items.items()}
    return unexamined(procedure, transitions=tuple(rows[None]), items=items)


def tells_unlike(procedure: Procedure) -> bool:
    """Whether in some kind items must differ in what could be corrected."""
    return any(
        name in _correctable(procedure, own, row, unlike=True)
        for own, kind in procedure.items.items()
        for row in kind.transitions
        for name in kind.unique
    )


def _correctable(procedure: Procedure, own: str | None, row: Transition, *, unlike: bool) -> tuple[str, ...]:
    """What of all that ``row`` states a search follows, and could ever be corrected."""
    unique = () if own is None else procedure.items[own].unique
    if row.by_time or "actor" in unique:
        return ()
    fields = procedure.lifecycle(own).fields
    followed = [name for name in row.set if fields[name].type in FOLLOWED and (unlike or name not in unique)]
    return tuple(name for name in followed if next(waited_for(procedure, own, (name,)), None) is None)


def _surely(cycle: Lifecycle, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if not cycle.fields[name].optional)


def _standing(cycle: Lifecycle, row: Transition) -> list[str]:
    """The states in which what ``row`` stated may stand corrected: where it led, and whatever lies before it, by a return; what
    lies behind has relied on it."""
    found = {row.dest} if row.dest is not None else set[str | None]()
    if not row.creates:
        found |= before(backward(cycle), cycle.sources(row), lambda _: True)
    return [state for state in cycle.states if state in found]
