"""What a case could still do from a state on, row by row: which rows it can fire, and what the others ask for in vain.

Asked twice. *Hopefully*: whatever may hold holds, and what one way gains counts on every other; so a row that stays closed is
closed to every such case. *Cautiously*: of what lies behind only what every case has counts, and that not always, for it may have
been stated otherwise; so a row that opens is open to every such case, as far as rows alone can tell.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping

import attrs

from ..language import Field, ItemKind, Procedure, Transition
from ..language.requirement_text import requirement_text
from ..requirements import AllOf, AnyOf, CaseIs, ItemsAre, PluginAnswers, Requirement, TimeElapsed, ValueIs
from ..text import Text, either, quoted, say
from .diff_requirements import form
from .diff_words import Side
from .past import Past

Lacks = Mapping[Hashable, Text]
"""What a row asks for in vain, each with the words for it."""


@attrs.frozen(kw_only=True)
class Ahead:
    """``opened``: the rows that such a case can fire, after the state it fires them in; ``closed``: those that it comes to and
    cannot fire, with what is lacking; ``ends``: whether it can come to an end."""

    opened: frozenset[tuple[str, str]]
    closed: Mapping[tuple[str, str], Lacks]
    ends: bool


def ahead(old: Procedure, new: Procedure, state: str, past: Past, *, hopeful: bool) -> Ahead:
    """What a case could do under ``new`` that stands in ``state`` and has ``past`` behind it under ``old``."""
    return _Looking(old, new, state, past, hopeful=hopeful).ahead()


class _Looking:
    def __init__(self, old: Procedure, new: Procedure, state: str, past: Past, *, hopeful: bool) -> None:
        self._old, self._new, self._past, self._hopeful = old, new, past, hopeful
        known = {name for name in old.facts if name in new.facts and reads_alike(old.facts[name], new.facts[name])}
        self._stated = known & (past.stated_maybe if hopeful else past.stated_surely)
        self._entered = {*(past.entered_maybe if hopeful else past.entered_surely)}
        self._arrows: dict[tuple[str, str], str] = {}
        self._visited = {state}

    def ahead(self) -> Ahead:
        """Open row after row, until none opens any more."""
        opening = True
        closed: dict[tuple[str, str], Lacks] = {}
        while opening:
            opening = False
            closed = {}
            for source in sorted(self._visited):
                for trigger, move in self._new.tables[None][source].items():
                    if (source, trigger) in self._arrows:
                        continue
                    lacks = dict(self._lacks(move.row, source))
                    if lacks:
                        closed[source, trigger] = lacks
                        continue
                    self._arrows[source, trigger] = move.dest or source
                    self._visited.add(move.dest or source)
                    opening = True
        ends = any(self._new.states[name].final for name in self._visited)
        return Ahead(opened=frozenset(self._arrows), closed=closed, ends=ends)

    # What a row asks for

    def _lacks(self, row: Transition, source: str) -> Iterator[tuple[Hashable, Text]]:
        new = self._new
        for one in row.requires:
            if not self._may_hold(one, row, source):
                yield form(Side(new), one), requirement_text(new, None, one)
        if not any(self._may_act(party, row, source) for party in row.by):
            who = either([new.role_title(party) for party in row.by])
            yield ("by", row.by), say("that {who} is known", "已明确{who}", who=who)
        until = None if row.dest is None else new.states[row.dest].until
        if until is not None and not self._has(until, row, source):
            yield ("until", until), say("that {field} is stated", "已填报{field}", field=quoted(new.field_title(until)))

    def _may_act(self, party: str, row: Transition, source: str) -> bool:
        role = self._new.roles.get(party)
        if role is None:
            return self._has(party, row, source)
        return role.body is None or "." in role.body or self._has(role.body, row, source)

    def _may_hold(self, one: Requirement, row: Transition, source: str) -> bool:
        if one.when:
            if not all(self._has(name, row, source) for part in one.when for name in self._facts(part)):
                return False  # what is unstated never passes
            if self._hopeful:
                return True
        match one:
            case ValueIs():
                has = self._has if self._hopeful else self._can_state
                return all(has(name, row, source) for name in self._facts(one))
            case ItemsAre():
                return self._may_count(one, source)
            case CaseIs():
                return self._new.is_named(one, source)
            case TimeElapsed():
                return one.since in self._entered or self._comes_by(one.since, source)
            case AnyOf():
                return any(self._may_hold(part, row, source) for part in one.any)
            case AllOf():
                return all(self._may_hold(part, row, source) for part in one.all)
            case PluginAnswers():
                return self._hopeful
        return True

    def _facts(self, one: Requirement) -> Collection[str]:
        """The facts that a requirement, which is no ``any``, reads."""
        return one.reads().names & self._new.facts.keys()

    def _has(self, fact: str, row: Transition, source: str) -> bool:
        """Whether a fact has a value when the row is fired, or may have one."""
        return fact in self._stated or self._can_state(fact, row, source)

    def _can_state(self, fact: str, row: Transition, source: str) -> bool:
        """Whether a fact can be stated with the row, or on the way to it."""
        if fact in row.set:
            return True
        table = self._new.tables[None]
        setting = [(at, dest) for (at, by), dest in self._arrows.items() if fact in table[at][by].row.set]
        return bool(setting) if self._hopeful else any(self._reaches(dest, source) for _, dest in setting)

    def _comes_by(self, state: str, source: str) -> bool:
        """Whether a case enters ``state`` on its way to ``source``, or may."""
        if self._hopeful:
            return state in self._arrows.values()
        table = self._new.tables[None]
        entered = {dest for (at, by), dest in self._arrows.items() if table[at][by].dest is not None}
        return state in entered and self._reaches(state, source)

    def _reaches(self, start: str, goal: str, without: str | None = None) -> bool:
        """Whether open rows lead from one state to the other, without entering a third."""
        found, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            for (at, _), dest in self._arrows.items():
                if at == here and dest not in found and dest != without:
                    found.add(dest)
                    waiting.append(dest)
        return goal in found

    # Items

    def _may_count(self, one: ItemsAre, source: str) -> bool:
        """Whether the items can be as many as they have to be, or the way they have to be."""
        if self._needs_some(one):
            few = self._can_add(one, source) or (self._hopeful and self._may_have(one))
            return few and (self._hopeful or one.equals is None or not self._may_have_any(one.items))
        if self._hopeful or not self._may_have_any(one.items):
            return True
        return one.every is not None and self._all_lead_to(one.items, {*one.every})

    def _needs_some(self, one: ItemsAre) -> bool:
        bound = one.at_least if one.at_least is not None else one.equals
        value = self._new.parameters[bound].value if isinstance(bound, str) else bound
        return one.over is not None or (value is not None and value != 0)

    def _may_have_any(self, kind: str) -> bool:
        was = self._old.items.get(kind)
        return was is not None and can_come_to_be(self._old, was, self._past.entered_maybe)

    def _may_have(self, one: ItemsAre) -> bool:
        """Whether a case may have brought such items along."""
        if not self._may_have_any(one.items) or (one.since is not None and one.since not in self._past.entered_maybe):
            return False
        was, now = self._old.items[one.items], self._new.items[one.items]
        for name, accepted in one.where.items():
            field = was.fields.get(name)
            if field is None or field.type is not now.fields[name].type:
                return False
            if field.of is not None and not any(choice in self._old.lists[field.of] for choice in accepted):
                return False
        return True

    def _can_add(self, one: ItemsAre, source: str) -> bool:
        """Whether items that count can come to be now, or on the way to ``source``, and none too early."""
        if one.since is not None and one.since not in self._entered and not self._comes_by(one.since, source):
            return False
        kind = self._new.items[one.items]
        rows = [row for row in kind.transitions if self._can_fire(row, source, one.since)]
        waiting = [(row.dest, frozenset(row.set)) for row in rows if row.creates]
        if kind.preset is not None and any(self._comes_by(state, source) for state in kind.preset.at):
            waiting.append((kind.preset.dest, frozenset({kind.preset.field})))
        known = {*waiting}
        while waiting:
            state, stated = waiting.pop()
            if (not one.in_ or state in one.in_) and stated >= one.where.keys():
                return True
            for row in rows:
                there = (row.dest or state, stated | {*row.set})
                if state in kind.sources(row) and there not in known:
                    known.add(there)
                    waiting.append(there)
        return False

    def _can_fire(self, row: Transition, source: str, since: str | None) -> bool:
        """Whether a row of a kind can be fired on the way to ``source`` without entering ``since`` after that."""
        states = [state for state in self._visited if self._new.may_fire_in(row, state)]
        return any(self._hopeful or self._reaches(state, source, since) for state in states)

    def _all_lead_to(self, kind: str, goals: set[str]) -> bool:
        """Whether every item, wherever it stands, can be brought to one of ``goals``: from everywhere rows lead to an end."""
        return goals >= {name for name, state in self._new.items[kind].states.items() if state.final}


# Of procedures


def reads_alike(was: Field, now: Field) -> bool:
    """Whether what was stated in the one field can be read as the other."""
    return (was.type, was.of, was.many) == (now.type, now.of, now.many)


def can_come_to_be(procedure: Procedure, kind: ItemKind, states: Collection[str]) -> bool:
    """Whether a case that has been in ``states`` may have items of ``kind``."""
    if kind.preset is not None and not {*states}.isdisjoint(kind.preset.at):
        return True
    return any(procedure.may_fire_in(row, state) for row in kind.creating() for state in states)
