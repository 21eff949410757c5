"""What things of a case are called under another version of its procedure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from ..case import (
    Act,
    Breach,
    Case,
    Entry,
    Item,
    Statement,
    frozen,
    kind_of_duty,
    office_of,
    vacancy,
    with_changes,
)

V = TypeVar("V")
DROPPED = ""
"""The new name of a fact or a field that the other version does not have."""


@attrs.frozen
class Renaming:
    """New names by path, such as ``states.planning``, ``facts.level``, ``roles.clerk``, ``transitions.submit`` or, of a kind of
    item, ``items.risk.states.rated``; whatever is not named keeps its name."""

    names: Mapping[str, str] = attrs.field(factory=dict, converter=frozen, hash=False)

    def of(self, section: str, name: str, kind: str | None = None) -> str:
        """The new name of ``name`` among the ``section`` of ``kind`` (``None``: of the case)."""
        return self.names.get(path(section, name, kind), name)

    def changes(self, case: Case) -> dict[str, Any]:
        """What of ``case`` is called otherwise."""
        return {
            "state": self.of("states", case.state),
            "entered": self._entered(case.entered, None),
            "facts": self._values(case.facts, None),
            "stated": self._stated(case.stated, None),
            "acts": self._acts(case.acts, None),
            "appointments": tuple(with_changes(held, role=self.of("roles", held.role)) for held in case.appointments),
            "acted": frozen({who: frozenset(self.role(role) for role in roles) for who, roles in case.acted.items()}),
            "former": frozen({who: frozenset(self.role(role) for role in roles) for who, roles in case.former.items()}),
            "recused": frozen(
                {who: with_changes(one, office=self.of("roles", one.office)) for who, one in case.recused.items()}
            ),
            "delegations": tuple(with_changes(one, office=self.of("roles", one.office)) for one in case.delegations),
            "items": frozen({name: self._item(item) for name, item in case.items.items()}),
            "breaches": frozen({one.duty: one for one in map(self._breach, case.breaches.values())}),
            "vacancies": frozen({self.role(office): due for office, due in case.vacancies.items()}),
            "filled": frozen({self.role(office): due for office, due in case.filled.items()}),
        }

    def _breach(self, breach: Breach) -> Breach:
        office = office_of(breach.duty)
        kind = kind_of_duty(breach.duty)
        return with_changes(
            breach,
            duty=breach.duty if office is None else vacancy(self.role(office)),
            state=breach.state if office is not None else self.of("states", breach.state, kind),
            roles=tuple(self.role(role, kind) for role in breach.roles),
            above=tuple(self.role(role) for role in breach.above),
        )

    def _item(self, item: Item) -> Item:
        kind = item.kind
        return with_changes(
            item,
            state=self.of("states", item.state, kind),
            entered=self._entered(item.entered, kind),
            fields=self._values(item.fields, kind),
            stated=self._stated(item.stated, kind),
            acts=self._acts(item.acts, kind),
        )

    def _entered(self, entered: Mapping[str, Entry], kind: str | None) -> Mapping[str, Entry]:
        return frozen({self.of("states", name, kind): entry for name, entry in entered.items()})

    def _values(self, values: Mapping[str, V], kind: str | None) -> Mapping[str, V]:
        """``values`` by their new names, without those that the other version does not have."""
        section = "facts" if kind is None else "fields"
        renamed = ((self.of(section, name, kind), value) for name, value in values.items())
        return frozen({name: value for name, value in renamed if name != DROPPED})

    def _stated(self, stated: Mapping[str, Statement], kind: str | None) -> Mapping[str, Statement]:
        moved = {
            name: with_changes(
                one,
                source=self.of("states", one.source, kind),
                trigger=self.of("transitions", one.trigger, kind),
            )
            for name, one in stated.items()
        }
        return self._values(moved, kind)

    def _acts(self, acts: tuple[Act, ...], kind: str | None) -> tuple[Act, ...]:
        return tuple(
            with_changes(
                act,
                source=self.of("states", act.source, kind),
                trigger=self.of("transitions", act.trigger, kind),
                role=self.role(act.role, kind),
            )
            for act in acts
        )

    def role(self, role: str, kind: str | None = None) -> str:
        """A role, or the actor field as which somebody acted."""
        named = self.of("roles", role)
        return named if named != role else self.of("facts" if kind is None else "fields", role, kind)


def path(section: str, name: str, kind: str | None = None) -> str:
    """Where a name stands in a procedure."""
    return f"{section}.{name}" if kind is None else f"items.{kind}.{section}.{name}"
