"""What every kind of requirement has in common, and what it may ask of its surroundings.

A requirement is a guard as data. It answers `Requirement.blocker`: ``None`` when it holds, else why not. It sees the case
through a `View`, *as it would be* with the values of the act at hand, before any state changes; and it is examined once,
against a `Scope`, when its procedure is made.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Protocol

import attrs

from ..calendar import Duration
from ..case import Act, Entry, Item
from ..errors import Blocker, Cure, Fault
from ..text import Text, listing, say
from ..values import Value

PluginRequirement = Callable[["View", Mapping[str, object]], Blocker | None]
"""What a plugin brings under a name: the blocker, or ``None`` when its requirement holds."""


class View(Protocol):
    """The case as a requirement sees it, with the acting person and the moment."""

    @property
    def actor(self) -> str: ...
    @property
    def actor_roles(self) -> frozenset[str]: ...
    @property
    def now(self) -> datetime: ...
    @property
    def case_state(self) -> str: ...
    @property
    def case_step(self) -> str: ...
    @property
    def own_id(self) -> str: ...

    def value(self, name: str) -> Value | None: ...
    def number_name(self, name: str) -> Text: ...
    def is_pending(self, name: str) -> bool: ...
    def items(self, kind: str) -> Sequence[Item]: ...
    def entered_case_state(self, state: str) -> Entry | None: ...
    def entered_own_state(self, state: str) -> Entry | None: ...
    def acts(self) -> Sequence[Act]: ...
    def own_field(self, name: str) -> Value | None: ...
    def holders(self, role: str) -> Sequence[str]: ...
    def roles_of(self, actor: str) -> frozenset[str]: ...
    def below(self, role: str) -> frozenset[str]: ...
    def after(self, start: datetime, duration: Duration | str) -> datetime: ...
    def plugin(self, name: str) -> PluginRequirement: ...

    def title_of_value(self, name: str, value: Value) -> Text: ...
    def title_of_item_value(self, kind: str, field: str, value: Value) -> Text: ...
    def title_of_field(self, kind: str, field: str) -> Text: ...
    def title_of_kind(self, kind: str) -> Text: ...
    def title_of_state(self, state: str, kind: str | None = None) -> Text: ...
    def title_of_role(self, role: str) -> Text: ...
    def title_of_trigger(self, trigger: str) -> Text: ...
    def who_states(self, name: str) -> tuple[Cure, ...]: ...
    def who_adds(self, kind: str) -> tuple[Cure, ...]: ...
    def who_moves(self, kind: str) -> tuple[Cure, ...]: ...
    def who_enters(self, states: Sequence[str]) -> tuple[Cure, ...]: ...
    def who_appoints(self, role: str) -> tuple[Cure, ...]: ...
    def who_else(self) -> tuple[Cure, ...]: ...


class Scope(Protocol):
    """The names a requirement may use where it stands."""

    def value_type(self, name: str) -> str | None: ...
    def choices(self, name: str) -> frozenset[str] | None: ...
    def value_names(self) -> frozenset[str]: ...
    def duration(self, name: str) -> Duration | None: ...
    def kinds(self) -> frozenset[str]: ...
    def kind_states(self, kind: str) -> frozenset[str]: ...
    def kind_field_type(self, kind: str, field: str) -> str | None: ...
    def kind_fields(self, kind: str) -> frozenset[str]: ...
    def kind_choices(self, kind: str, field: str) -> frozenset[str] | None: ...
    def case_states(self) -> frozenset[str]: ...
    def steps(self) -> frozenset[str]: ...
    def own_states(self) -> frozenset[str]: ...
    def own_triggers(self) -> frozenset[str]: ...
    def own_actor_fields(self) -> frozenset[str]: ...
    def roles(self) -> frozenset[str]: ...
    def holders(self, role: str) -> int | None: ...


@attrs.frozen
class Reads:
    """What a requirement reads: values by name, kinds of item with the fields tested of them."""

    names: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def __or__(self, other: Reads) -> Reads:
        return Reads(self.names | other.names, self.kinds | other.kinds)


@attrs.frozen(kw_only=True)
class Requirement(abc.ABC):
    """A guard as data. ``when``: asked only where all of these hold; ``clause``: where the source says so; ``title``: the
    sentence shown instead of the one made from the data."""

    kind: ClassVar[str]

    when: tuple[Requirement, ...] = ()
    clause: tuple[str, ...] = ()
    title: Text | None = None

    @abc.abstractmethod
    def unmet(self, view: View) -> Blocker | None:
        """Why the requirement itself does not hold, its conditions left aside."""

    @abc.abstractmethod
    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        """What is statically wrong with the requirement itself, paths beginning at it."""

    @abc.abstractmethod
    def own_reads(self) -> Reads:
        """What the requirement itself reads."""

    @classmethod
    @abc.abstractmethod
    def samples(cls) -> tuple[Requirement, ...]:
        """Examples of the kind, each using other keys of it; tests round-trip and document them."""

    def parts(self) -> tuple[Requirement, ...]:
        """The requirements this one is made of, its conditions left aside."""
        return ()

    def blocker(self, view: View) -> Blocker | None:
        """``None`` when the requirement holds or is not asked; else why not. What is unstated never passes."""
        asked = True
        for condition in self.when:
            unmet = condition.blocker(view)
            if unmet is None:
                continue
            if unmet.unstated:
                return attrs.evolve(unmet, clause=unmet.clause or self.clause)
            asked = False
        if not asked:
            return None
        found = self.unmet(view)
        if found is None:
            return None
        return attrs.evolve(
            found,
            clause=self.clause or found.clause,
            text=found.text if self.title is None or found.unstated else self.title,
        )

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Everything statically wrong with the requirement and with what it is made of."""
        yield from self.own_faults(scope)
        for index, condition in enumerate(self.when):
            for fault in condition.faults(scope):
                yield fault.under(f"when[{index}]")

    def reads(self) -> Reads:
        """What the requirement, its conditions and its parts read."""
        found = self.own_reads()
        for part in (*self.when, *self.parts()):
            found |= part.reads()
        return found

    def depth(self) -> int:
        """How deep requirements stand in one another, this one counted."""
        return 1 + max((part.depth() for part in (*self.when, *self.parts())), default=0)

    def size(self) -> int:
        """How many requirements stand in this one, itself counted."""
        return 1 + sum(part.size() for part in (*self.when, *self.parts()))


def unstated(view: View, names: Sequence[str]) -> Blocker:
    """The blocker for values that nobody has stated yet."""
    what = listing([view.number_name(name) for name in names])
    cures: dict[str, Cure] = {}
    for name in names:
        cures.update({cure.role: cure for cure in view.who_states(name)})
    return Blocker(
        kind="unstated",
        text=say("state {what} first", "请先填报{what}", what=what),
        have=Text("not stated", "未填报"),
        need=say("{what}", "{what}", what=what),
        cure=tuple(cures.values()),
        facts={"unstated": list(names)},
        unstated=tuple(names),
        pending=all(view.is_pending(name) for name in names),
    )
