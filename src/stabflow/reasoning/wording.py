"""A way in words: each act by what it is called, who may do it, what has to be found, what is asked besides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ..errors import Cure
from ..language import Procedure, Transition
from ..language.requirement_text import requirement_text
from ..requirements import TimeElapsed
from ..text import Text, either, listing, quoted, say
from ..values import Value
from .corrections import Correction
from .leeway import Given
from .planned import PlannedAct
from .rehearsal import Gone
from .relaxation import Relaxation


class Wording:
    """Says the acts of a way under ``procedure``; ``held`` are the roles that somebody holds."""

    def __init__(self, procedure: Procedure, held: Collection[str]) -> None:
        self._procedure = procedure
        self._held = held
        self._relaxation = Relaxation(procedure, procedure.items)

    def planned(self, gone: Gone, findings: Given) -> PlannedAct:
        """The act; ``findings`` are what it has to state."""
        act, row = gone.taken.act, gone.taken.row
        given = {name: values for name, values in findings.items() if values}
        roles, trigger, fields = row.by, act.trigger, tuple(field for field in row.set if field not in given)
        if isinstance(row, Correction):
            roles, trigger, fields = (gone.role,), row.of.trigger, ()
        title = self._procedure.trigger_title(trigger, act.kind)
        if isinstance(row, Correction):
            title = say("correct what {act} stated", "更正{act}所填", act=quoted(title))
        vacant = bool(roles) and all(party in self._procedure.roles and party not in self._held for party in roles)
        return PlannedAct(
            trigger=trigger,
            kind=act.kind,
            item=gone.item,
            amends=isinstance(row, Correction),
            roles=roles,
            clause=row.clause,
            title=title,
            who=listing([self._procedure.role_title(party) for party in roles], none=Text("time", "期限届至")),
            given=given,
            conditions=tuple(self._condition(act.kind, field, values) for field, values in findings.items()),
            fields=fields,
            stated=tuple(name for name in findings if name not in given),
            asks=tuple(self._asks(act.kind, row)),
            earliest=gone.taken.then,
            waits=gone.waits,
            vacant=vacant,
            appointed_by=self._appointing(roles) if vacant else (),
        )

    def _appointing(self, roles: Sequence[str]) -> tuple[Cure, ...]:
        """Who appoints to one of these; nobody in the case for a standing office."""
        return self._procedure.cures([by for role in roles for by in self._procedure.roles[role].appointed_by])

    def _condition(self, kind: str | None, name: str, values: Sequence[Value]) -> Text:
        field = self._procedure.field_of(name, kind)
        title = self._procedure.field_title(name, kind)
        if not values:
            return say("{title} is stated", "填报{title}", title=quoted(title))
        if field is not None and field.many:
            (needed,) = values
            assert isinstance(needed, tuple), "a field of several values holds a tuple"
            words = listing([quoted(self._procedure.choice_title(field, one)) for one in needed])
        else:
            words = either([self._procedure.choice_title(field, one) for one in values])
        return say("{title}: {words}", "{title}：{words}", title=title, words=words)

    def _asks(self, kind: str | None, row: Transition) -> Iterator[Text]:
        for requirement in row.requires:
            followed = self._relaxation.is_followed(requirement, kind)
            if not followed and not any(isinstance(part, TimeElapsed) for _, part in requirement.walk()):
                yield requirement_text(self._procedure, kind, requirement)
        unique = self._procedure.items[kind].unique if kind is not None and row.creates else ()
        if "actor" in unique:
            yield Text("each by another office-holder", "每人限一次")
        names = [quoted(self._procedure.field_title(name, kind)) for name in unique if name != "actor"]
        if names:
            yield say("each with another {names} than the others", "{names}与其他各项不得相同", names=listing(names))
