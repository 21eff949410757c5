"""Who can cure what is blocked, from where the case and its items stand: those whose next act leads to the cure, nobody else.

What an act asks besides (its requirements, who holds the role) is left aside: whoever is named may be blocked in turn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import attrs

from ..case import Act, Case, Item, Statement, frozen
from ..errors import Cure
from ..language import FieldType, Lifecycle, Procedure, Transition
from ..language.machine import NEW
from ..requirements import CaseIs, ValueIs
from ..requirements.base import Literal
from ..requirements.value import is_one_of

Where = Mapping[str, tuple[Literal, ...]]
NOTHING: Where = frozen({})


@attrs.frozen
class Cures:
    """Asked with what must change, answers with the roles whose next act that is. Before the case is open nobody acts in it."""

    procedure: Procedure
    case: Case | None

    def entering(self, names: Collection[str]) -> tuple[Cure, ...]:
        """Who does the next act on a shortest way of the case into one of these states or steps."""
        return () if self.case is None else who_enters(self.procedure, names, self.case.state)

    def stating(self, name: str, kind: str | None, item: Item | None) -> tuple[Cure, ...]:
        """Who can state a fact of the case, or a field of the item of ``kind``, anew."""
        if self.case is None or (kind is not None and item is None):
            return ()
        cycle = self.procedure.lifecycle(kind)
        correcting = self._correcting(kind, item, name)
        if item is not None:
            return self._acting(_restating(cycle, item.state, name), correcting)
        rows, here = cycle.rows_setting(name), self.case.state
        now = [row for row in rows if here in cycle.sources(row) and here in reachable(cycle, [row.dest or here])]
        found = self.procedure.cures([*_parties(now), *correcting])
        return found or self.entering({state for row in rows for state in cycle.sources(row)})

    def letting_in(self, kind: str, waiting: Sequence[Item], states: Collection[str], where: Where) -> tuple[Cure, ...]:
        """Who can let one more item of ``kind`` count, which must stand in ``states`` (in any, if empty) and match ``where``: by
        adding it, or by moving on or restating one of those ``waiting``."""
        cycle = self.procedure.items[kind]
        room = {name: accepted for name, accepted in where.items() if not cycle.fields[name].many}
        rows = [
            row
            for row in cycle.creating()
            if _may_state(row, room) and (not states or not reachable(cycle, [row.dest or ""]).isdisjoint(states))
        ]
        correcting: list[str] = []
        for item in waiting:
            if states and item.state not in states:
                rows += _onward(cycle, item.state, states)
            for name, accepted in where.items():
                if name not in item.fields or not is_one_of(item.fields[name], accepted):
                    rows += [row for row in _restating(cycle, item.state, name) if _may_state(row, room)]
                    correcting += self._correcting(kind, item, name, room)
        return self._acting(rows, correcting)

    def letting_off(
        self,
        kind: str,
        items: Sequence[Item],
        fields: Collection[str],
        *,
        out_of: Collection[str],
        into: Collection[str],
    ) -> tuple[Cure, ...]:
        """Who can let ``items`` of ``kind`` stand in the way no longer: by moving them on ``out_of`` these states (where any are
        named) or ``into`` those, or by stating one of ``fields`` anew."""
        cycle = self.procedure.items[kind]
        states = {*into, *(cycle.states.keys() - {*out_of} if out_of else ())}
        rows: list[Transition] = []
        correcting: list[str] = []
        for item in items:
            rows += _onward(cycle, item.state, states)
            for name in fields:
                rows += _restating(cycle, item.state, name)
                correcting += self._correcting(kind, item, name)
        return self._acting(rows, correcting)

    def _acting(self, rows: Iterable[Transition], correcting: Iterable[str]) -> tuple[Cure, ...]:
        """Who can fire one of these rows of items where the case stands, and who corrects; where nobody can, who does the next
        act on a way of the case to where one of them can be fired."""
        if self.case is None:
            return ()
        open_in = [(row, self._open_in(row)) for row in rows]
        here = [row for row, states in open_in if self.case.state in states]
        found = self.procedure.cures([*_parties(here), *correcting])
        return found or self.entering({state for _, states in open_in for state in states})

    def _open_in(self, row: Transition) -> frozenset[str]:
        """The states of the case in which a row of an item can be fired."""
        named = [_states(self.procedure, one.case) for one in row.requires if isinstance(one, CaseIs) and not one.when]
        if named:
            return frozenset.intersection(*named)
        return frozenset(name for name, state in self.procedure.states.items() if not state.final)

    def _correcting(self, kind: str | None, item: Item | None, name: str, room: Where = NOTHING) -> Iterator[str]:
        """The role that stated it, as long as it can still amend that: nothing has moved on since, it is nobody's own, and the
        row that stated it leaves ``room``."""
        assert self.case is not None, "nothing is stated before the case is open"
        values: Case | Item = self.case if item is None else item
        statement: Statement | None = values.stated.get(name)
        if statement is None or not statement.trigger or statement.version < _entered(self.case):
            return
        is_own = item is not None and ("actor" in self.procedure.items[item.kind].unique or item.superseded)
        names_somebody = self.procedure.lifecycle(kind).fields[name].type is FieldType.ACTOR
        row = self.procedure.tables[kind][statement.source or NEW][statement.trigger].row
        if is_own or names_somebody or statement.version < _entered(values) or not _may_state(row, room):
            return
        acts: tuple[Act, ...] = values.acts
        yield from (act.role for act in acts if act.version == statement.version)


def who_enters(procedure: Procedure, names: Collection[str], state: str) -> tuple[Cure, ...]:
    """Who does the next act on a shortest way of the case from ``state`` into one of these states or steps."""
    return procedure.cures(_parties(_first_rows(procedure.case, state, _states(procedure, names))))


def _entered(value: Case | Item) -> int:
    return value.entered[value.state].version


def _states(procedure: Procedure, names: Collection[str]) -> frozenset[str]:
    """The states of the case that these states and steps are."""
    steps = ((name, state.step_word) for name, state in procedure.states.items())
    return frozenset(name for name, step in steps if name in names or step in names)


def _parties(rows: Iterable[Transition]) -> list[str]:
    return [party for row in rows for party in row.by]


def _may_state(row: Transition, where: Where) -> bool:
    """Whether what a row requires outright leaves room for values that match ``where``."""
    return not any(
        isinstance(one, ValueIs) and one.value == (name,) and one.is_ is not None and set(one.is_).isdisjoint(accepted)
        for one in row.requires
        if not one.when
        for name, accepted in where.items()
    )


def reachable(cycle: Lifecycle, states: Collection[str], *, without: str | None = None) -> frozenset[str]:
    """``states`` and all that rows lead to from there, without passing ``without``."""
    found, waiting = set(states), list(states)
    while waiting:
        state = waiting.pop()
        further = {row.dest for row in cycle.transitions if row.dest and state in cycle.sources(row)} - found
        further.discard(without or "")
        found |= further
        waiting += further
    return frozenset(found)


def _onward(cycle: Lifecycle, state: str, wanted: Collection[str]) -> list[Transition]:
    """The rows out of ``state`` from which a way leads on into one of the states ``wanted`` without coming back."""
    return [
        row
        for row in cycle.transitions
        if row.dest
        and row.dest != state
        and state in cycle.sources(row)
        and not reachable(cycle, [row.dest], without=state).isdisjoint(wanted)
    ]


def _restating(cycle: Lifecycle, state: str, name: str) -> list[Transition]:
    """The rows that state ``name`` of an item in ``state``; where none does, those that lead on to where one does."""
    rows = cycle.rows_setting(name)
    here = [row for row in rows if state in cycle.sources(row)]
    return here or _onward(cycle, state, {source for row in rows for source in cycle.sources(row)})


def _first_rows(cycle: Lifecycle, state: str, wanted: Collection[str]) -> list[Transition]:
    """The rows that begin a shortest way from ``state`` into one of the states ``wanted``."""
    nearer: Collection[str] = wanted
    seen = set(wanted)
    while nearer:
        before = [row for row in cycle.transitions if row.dest in nearer]
        if found := [row for row in before if state in cycle.sources(row) and row.dest != state]:
            return found
        nearer = {source for row in before for source in cycle.sources(row)} - seen
        seen |= nearer
    return []
