"""Whether anybody stood on both sides, told from the records alone and by nothing that decides: for tests to hold against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from stabflow import Procedure, Record
from stabflow.case import kind_of
from stabflow.decision.events import Added, Amended, Delegated, DelegationEnded, ItemMoved, Moved, Opened, Recused
from stabflow.language.machine import NEW
from stabflow.requirements import IndependentOf

Persons = frozenset[str]


def conflicts(procedure: Procedure, records: Sequence[Record]) -> list[str]:
    """Everything by which somebody judged themselves, acted on two sides, had two votes, or acted although they were recused or
    their delegation was none. What somebody does, and what is done for them, is theirs."""
    watch = _Watch(procedure)
    found = [f"version {record.version}: {why}" for record in records for why in watch.see(record)]
    return found + list(watch.both_sides())


def acted(procedure: Procedure, records: Sequence[Record]) -> dict[str, set[str]]:
    """The roles in which each has acted, or somebody for them."""
    watch = _Watch(procedure)
    assert not [why for record in records for why in watch.see(record)]
    return watch.acted


class _Watch:
    def __init__(self, procedure: Procedure) -> None:
        self.procedure = procedure
        self.lent: dict[str, Record] = {}
        self.ended: set[str] = set()
        self.recused: set[str] = set()
        self.acted: dict[str, set[str]] = {}
        self.acts: dict[str | None, list[tuple[str, Persons]]] = {}
        self.values: dict[str | None, dict[str, object]] = {}
        self.votes: dict[str, list[Persons]] = {}

    def see(self, record: Record) -> Iterator[str]:
        event: Any = record.event
        delegation = self.lent.get(record.mandate)
        persons = frozenset({record.actor.id} if delegation is None else {record.actor.id, delegation.actor.id})
        if not _lays_down(record):
            if delegation is not None:
                yield from self._wrong_delegation(record, delegation)
            if record.role in self.procedure.roles:
                if persons & self.recused:
                    yield f"{set(persons & self.recused)} acted as {record.role} although recused"
                for person in persons:
                    self.acted.setdefault(person, set()).add(record.role)
        yield from self._judged(event, persons)
        yield from self._voted(event, persons)
        subject = _subject(event)
        for trigger in self._triggers(event):
            self.acts.setdefault(subject, []).append((trigger, persons))
        self.values.setdefault(subject, {}).update(getattr(event, "values", {}))
        if isinstance(event, Delegated):
            self.lent[record.hash] = record
        elif isinstance(event, DelegationEnded):
            named = (event.office, event.delegate)
            self.ended |= {one.hash for one in self.lent.values() if _lent(one) == named}
        elif isinstance(event, Recused):
            self.recused.add(event.who.id)

    def both_sides(self) -> Iterator[str]:
        for person, roles in self.acted.items():
            for one, other in combinations(sorted(roles), 2):
                if any({one, other} <= {*separation.roles} for separation in self.procedure.separations):
                    yield f"{person} acted as {one} and as {other}"

    def _wrong_delegation(self, record: Record, delegation: Record) -> Iterator[str]:
        event: Any = delegation.event
        if delegation.hash in self.ended:
            yield "acted under a delegation that was ended"
        if not (event.since or delegation.occurred_at) <= record.occurred_at < event.until:
            yield "acted under a delegation out of its time"
        if (record.role, record.actor) != _lent(delegation):
            yield "acted under a delegation to somebody else"
        if isinstance(record.event, Delegated):
            yield "delegated on what was delegated"

    def _judged(self, event: Any, persons: Persons) -> Iterator[str]:
        """Of what the act had to be independent, and was not."""
        if not isinstance(event, Added | ItemMoved | Moved):
            return
        subject = _subject(event)
        source = NEW if isinstance(event, Added) else event.source
        row = self.procedure.tables[None if subject is None else kind_of(subject)][source][event.trigger].row
        before = self.values.get(subject, {})
        for name in (one for asked in row.requires if isinstance(asked, IndependentOf) for one in asked.independent_of):
            named = {str(one[name]) for one in (before, event.values) if name in one}
            done = (whose for trigger, whose in self.acts.get(subject, []) if trigger == name)
            if both := persons & named.union(*done):
                yield f"{set(both)} judged {name} of {subject or 'the case'}"

    def _voted(self, event: Any, persons: Persons) -> Iterator[str]:
        if isinstance(event, Moved) and event.dest is not None:
            self.votes.clear()
        if isinstance(event, Added) and "actor" in self.procedure.items[event.kind].unique:
            cast = self.votes.setdefault(event.kind, [])
            if any(persons & others for others in cast):
                yield f"{set(persons)} had a second {event.kind}"
            cast.append(persons)

    def _triggers(self, event: Any) -> list[str]:
        """The triggers of which the act is one; a correction is one of every row that states what it corrects."""
        if isinstance(event, Opened | Added | ItemMoved | Moved):
            return [event.trigger]
        if not isinstance(event, Amended):
            return []
        rows = self.procedure.lifecycle(None if event.item is None else kind_of(event.item)).transitions
        fired = {trigger for trigger, _ in self.acts.get(event.item, [])}
        return [row.trigger for row in rows if row.trigger in fired and not event.values.keys().isdisjoint(row.set)]


def _subject(event: object) -> str | None:
    return event.item if isinstance(event, Added | ItemMoved | Amended) else None


def _lent(delegation: Record) -> tuple[str, object]:
    event: Any = delegation.event
    return event.office, event.delegate


def _lays_down(record: Record) -> bool:
    event: Any = record.event
    if isinstance(event, Recused):
        return (event.who.id, event.office) == (record.actor.id, record.role)
    return isinstance(event, DelegationEnded) and (event.delegate.id, event.office) == (record.actor.id, record.role)
