"""On which side everybody has stood, told from the records of a case alone, and by nothing that decides.

What somebody does, and what is done for them under a delegation, is theirs. Neither the case as it is folded nor a requirement is
asked: whoever forgets there who has acted is found out here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ...case import kind_of
from ...decision.events import (
    Added,
    Amended,
    BreachConfirmed,
    BreachFound,
    BreachVoided,
    Delegated,
    DelegationEnded,
    Event,
    ItemMoved,
    Moved,
    Opened,
    Recused,
)
from ...history.record import Record
from ...language import Procedure
from ...language.machine import NEW
from ...requirements import IndependentOf
from ...text import Text, listing, same, say
from ...values import Actor
from .standing import Broken

Persons = frozenset[str]


class Sides:
    """Judges one case from its beginning: nobody acts in roles that are apart, judges what is theirs, has two votes, or acts
    although they were recused or their delegation was none."""

    def __init__(self, procedure: Procedure) -> None:
        self._procedure = procedure
        self.acted: dict[str, set[str]] = {}
        """The roles in which each has acted, or somebody for them."""
        self._lent: dict[str, tuple[Record, Delegated]] = {}
        self._ended: set[str] = set()
        self._recused: set[str] = set()
        self._acts: dict[str | None, list[tuple[str, Persons]]] = {}
        self._named: dict[str | None, dict[str, object]] = {}
        self._votes: dict[str, list[Persons]] = {}
        self._owed: dict[int, Persons] = {}

    def broken(self, record: Record, elsewhere: Mapping[str, Collection[str]] | None = None) -> Iterator[Broken]:
        """Everything that is wrong with the record that comes next; ``elsewhere`` are the roles in which people have acted in the
        other cases on the matter."""
        event = record.event
        lent = self._lent.get(record.mandate)
        persons = frozenset({record.actor.id} if lent is None else {record.actor.id, lent[0].actor.id})
        if not _lays_down(record):
            if lent is not None:
                yield from self._by_delegation(record, *lent)
            if record.role in self._procedure.roles:
                yield from self._in_role(record.role, persons, elsewhere or {})
        yield from self._judged(event, persons)
        yield from self._voted(event, persons)
        self._note(record, persons)

    def _note(self, record: Record, persons: Persons) -> None:
        event = record.event
        subject = _subject(event)
        self._acts.setdefault(subject, []).extend((trigger, persons) for trigger in self._triggers(event))
        self._named.setdefault(subject, {}).update(getattr(event, "values", {}))
        if isinstance(event, Delegated):
            self._lent[record.hash] = record, event
        elif isinstance(event, DelegationEnded):
            ended = (event.office, event.delegate)
            self._ended |= {hash_ for hash_, (_, one) in self._lent.items() if (one.office, one.delegate) == ended}
        elif isinstance(event, Recused):
            self._recused.add(event.who.id)
        elif isinstance(event, BreachFound):
            self._owed[record.version] = frozenset(one.id for one in event.holders)

    def _in_role(self, role: str, persons: Persons, elsewhere: Mapping[str, Collection[str]]) -> Iterator[Broken]:
        if both := persons & self._recused:
            yield _broken("recused", say("{who} acted although recused", "{who}已回避仍办理", who=_all(both)))
        for person in persons:
            mine = self.acted.setdefault(person, set())
            mine.add(role)
            for one in self._procedure.separations:
                if role not in one.roles:
                    continue
                there = elsewhere.get(person, ()) if one.across == "matter" else ()
                others = [other for other in one.roles if other != role and (other in mine or other in there)]
                if others:
                    text = say(
                        "{who} acted as {role}, having acted as {other}",
                        "{who}曾任{other}，又以{role}身份办理",
                        who=person,
                        role=self._procedure.role_title(role),
                        other=self._procedure.role_title(others[0]),
                    )
                    yield _broken("separation", text)

    def _by_delegation(self, record: Record, lent: Record, delegated: Delegated) -> Iterator[Broken]:
        if lent.hash in self._ended:
            yield _broken("delegation", Text("the delegation had been ended", "该委托已终止"))
        if not (delegated.since or lent.occurred_at) <= record.occurred_at < delegated.until:
            yield _broken("delegation", Text("it was not the time of the delegation", "不在委托期限之内"))
        if (record.role, record.actor) != (delegated.office, delegated.delegate):
            yield _broken("delegation", Text("the delegation is to somebody else", "受委托人另有其人"))
        if isinstance(record.event, Delegated):
            yield _broken("delegation", Text("what was delegated was delegated on", "受委托的职权被转委托"))

    def _judged(self, event: Event, persons: Persons) -> Iterator[Broken]:
        """Of what the act had to be independent, and was not."""
        owed = self._owed.get(event.breach) if isinstance(event, BreachConfirmed | BreachVoided) else None
        if owed is not None and (both := persons & owed):
            text = say("{who} judged a breach of their own", "{who}认定了本人的逾期", who=_all(both))
            yield _broken("independence", text)
        if not isinstance(event, Added | ItemMoved | Moved):
            return
        subject = _subject(event)
        kind = None if subject is None else kind_of(subject)
        source = NEW if isinstance(event, Added) else event.source
        move = self._procedure.tables[kind][source].get(event.trigger)
        asked = () if move is None else (one for one in move.row.requires if isinstance(one, IndependentOf))
        before = self._named.get(subject, {})
        for name in (name for one in asked for name in one.independent_of):
            named = {str(values[name]) for values in (before, event.values) if name in values}
            done = (whose for trigger, whose in self._acts.get(subject, ()) if trigger == name)
            if both := persons & named.union(*done):
                text = say(
                    "{who} judged {what} of {subject}",
                    "{who}认定了{subject}中属于本人的{what}",
                    who=_all(both),
                    what=same(name),
                    subject=Text("the case", "案件") if subject is None else same(subject),
                )
                yield _broken("independence", text)

    def _voted(self, event: Event, persons: Persons) -> Iterator[Broken]:
        if isinstance(event, Moved) and event.dest is not None:
            self._votes.clear()
        if isinstance(event, Added) and tuple(self._procedure.items[event.kind].unique) == ("actor",):
            cast = self._votes.setdefault(event.kind, [])
            if any(persons & others for others in cast):
                kind = self._procedure.kind_title(event.kind)
                text = say("{who} had a second {kind}", "{who}另有一项{kind}", who=_all(persons), kind=kind)
                yield _broken("unique", text)
            cast.append(persons)

    def _triggers(self, event: Event) -> list[str]:
        """The triggers of which the act is one; a correction is one of every row that states what it corrects."""
        if isinstance(event, Opened | Added | ItemMoved | Moved):
            return [event.trigger]
        if not isinstance(event, Amended):
            return []
        rows = self._procedure.lifecycle(None if event.item is None else kind_of(event.item)).transitions
        fired = {trigger for trigger, _ in self._acts.get(event.item, ())}
        return [row.trigger for row in rows if row.trigger in fired and not event.values.keys().isdisjoint(row.set)]


def _subject(event: Event) -> str | None:
    return event.item if isinstance(event, Added | ItemMoved | Amended) else None


def _lays_down(record: Record) -> bool:
    """Whether somebody only gives up what they could do."""
    event = record.event
    if isinstance(event, Recused):
        return _is_own(record, event.who, event.office)
    return isinstance(event, DelegationEnded) and _is_own(record, event.delegate, event.office)


def _is_own(record: Record, who: Actor, office: str) -> bool:
    return (who.id, office) == (record.actor.id, record.role)


def _all(persons: Persons) -> Text:
    return listing([same(one) for one in sorted(persons)])


def _broken(rule: str, text: Text) -> Broken:
    return Broken(rule, text, refusable=True)
