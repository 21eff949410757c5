"""What every kind of requirement has in common, and what it may ask of its surroundings.

A requirement is a guard as data. It is judged by `Requirement.shortfall`: ``None`` when it holds, else what is lacking, which
`Requirement.blocker` puts in words. It sees the case through a `View`, *as it would be* with the values of the act at hand,
before any state changes; and it is examined once, against a `Scope`, when its procedure is made.
"""

from __future__ import annotations

import abc
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol

import attrs

from ..calendar import Duration
from ..case import Act, Entry, Item, frozen
from ..errors import Blocker, Cure, Fault, InvalidInput, near_miss
from ..text import AND, Text, listing, quoted, say
from ..values import Value, is_name
from .shortfall import AND_ALSO, Shortfall, cures, together

PluginRequirement = Callable[["View", Mapping[str, object]], Blocker | None]
"""What a plugin brings under a name: the blocker, or ``None`` when its requirement holds."""

Literal = bool | int | str
"""What a value can be compared with."""


class View(Protocol):
    """The case as a requirement sees it, with the acting person and the moment."""

    @property
    def actor(self) -> str: ...
    @property
    def actor_roles(self) -> frozenset[str]: ...
    @property
    def persons(self) -> tuple[str, ...]: ...
    @property
    def served(self) -> frozenset[str]: ...
    @property
    def now(self) -> datetime: ...
    @property
    def case_state(self) -> str: ...
    @property
    def case_step(self) -> str: ...
    @property
    def own_id(self) -> str: ...
    @property
    def stopped_at(self) -> datetime | None: ...

    def value(self, name: str) -> Value | None: ...
    def number_name(self, name: str) -> Text: ...
    def is_pending(self, name: str) -> bool: ...
    def items(self, kind: str) -> Sequence[Item]: ...
    def entered_case_state(self, state: str) -> Entry | None: ...
    def entered_own_state(self, state: str) -> Entry | None: ...
    def acts(self) -> Sequence[Act]: ...
    def own_field(self, name: str) -> Value | None: ...
    def owed_by(self) -> Sequence[str]: ...
    def holders(self, role: str) -> Sequence[str]: ...
    def roles_of(self, actor: str) -> frozenset[str]: ...
    def ever_held(self, actor: str) -> frozenset[str]: ...
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
    def who_lets_in(
        self, kind: str, waiting: Sequence[Item], states: Collection[str], where: Mapping[str, tuple[Literal, ...]]
    ) -> tuple[Cure, ...]: ...
    def who_lets_off(
        self,
        kind: str,
        items: Sequence[Item],
        fields: Collection[str],
        *,
        out_of: Collection[str],
        into: Collection[str],
    ) -> tuple[Cure, ...]: ...
    def who_enters(self, states: Sequence[str]) -> tuple[Cure, ...]: ...
    def who_appoints(self, role: str) -> tuple[Cure, ...]: ...
    def who_else(self) -> tuple[Cure, ...]: ...


class Scope(Protocol):
    """The names a requirement may use where it stands. ``choices`` are ``None`` where the field's own list is at fault."""

    def value_type(self, name: str) -> str | None: ...
    def choices(self, name: str) -> frozenset[str] | None: ...
    def value_names(self) -> frozenset[str]: ...
    def parameter(self, name: str) -> int | Duration | None: ...
    def parameter_names(self) -> frozenset[str]: ...
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


def names(value: str | Iterable[str]) -> tuple[str, ...]:
    """A list of names; a list of one may be written as the bare name."""
    return (value,) if isinstance(value, str) else tuple(value)


def literals(value: Literal | Iterable[Literal]) -> tuple[Literal, ...]:
    """A list of literals; a list of one may be written as the bare value."""
    return (value,) if isinstance(value, bool | int | str) else tuple(value)


def by_key(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A read-only table in the order of its keys, which then means nothing."""
    return frozen(dict(sorted(value.items())))


def requirements(value: Requirement | Iterable[Requirement]) -> tuple[Requirement, ...]:
    """A list of requirements; a list of one may be written as the bare requirement."""
    return (value,) if isinstance(value, Requirement) else tuple(value)


def duration_or_name(value: Duration | str | None) -> Duration | str | None:
    """A duration, also written as text; any other text is the name of a parameter."""
    if not isinstance(value, str):
        return value
    try:
        return Duration.parse(value)
    except InvalidInput:
        return value


@attrs.frozen
class Reads:
    """What a requirement reads: values by name, and kinds of item."""

    names: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def __or__(self, other: Reads) -> Reads:
        return Reads(self.names | other.names, self.kinds | other.kinds)


@attrs.frozen(kw_only=True)
class Requirement(abc.ABC):
    """A guard as data. ``when``: asked only where all of these hold; ``clause``: where the source says so; ``title``: the
    sentence shown instead of the one made from the data."""

    kind: ClassVar[str]

    when: tuple[Requirement, ...] = attrs.field(default=(), converter=requirements)
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)
    title: Text | None = None

    @abc.abstractmethod
    def unmet(self, view: View) -> Shortfall | None:
        """Why the requirement itself does not hold, its conditions left aside. Words are for the shortfall's ``tell``."""

    @abc.abstractmethod
    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        """What is statically wrong with the requirement itself, paths beginning at it; its parts are asked on their own."""

    @abc.abstractmethod
    def own_reads(self) -> Reads:
        """What the requirement itself reads."""

    @classmethod
    @abc.abstractmethod
    def samples(cls) -> tuple[Requirement, ...]:
        """Examples of the kind, each using other keys of it; tests round-trip and document them."""

    def parts(self) -> tuple[Requirement, ...]:
        """The requirements this one is made of, its conditions left aside; they stand under the key that marks the kind."""
        return ()

    def shortfall(self, view: View) -> Shortfall | None:
        """``None`` when the requirement holds or is not asked; else what is lacking. What is unstated never passes."""
        if self.when:
            unmet = [(one, found) for one in self.when if (found := one.shortfall(view)) is not None]
            if unmet and any(found.unstated for _, found in unmet):
                open_ = [question for one, found in unmet for question in one._questions(view, found)]
                return self._reworded(together("unstated", open_, AND_ALSO), self._told_first)
            if unmet:
                return None
        found = self.unmet(view)
        return None if found is None else self._reworded(found, self._told)

    def _reworded(self, found: Shortfall, tell: Callable[[Shortfall], Blocker]) -> Shortfall:
        if not self.clause and self.title is None:
            return found
        return Shortfall(functools.partial(tell, found), found.unstated, found.pending)

    def _told_first(self, found: Shortfall) -> Blocker:
        blocker = found.tell()
        return attrs.evolve(blocker, clause=blocker.clause or self.clause)

    def _told(self, found: Shortfall) -> Blocker:
        blocker = found.tell()
        text = blocker.text if self.title is None or found.unstated else self.title
        return attrs.evolve(blocker, clause=self.clause or blocker.clause, text=text)

    def holds(self, view: View) -> bool:
        """Whether the requirement holds, or is not asked."""
        return self.shortfall(view) is None

    def blocker(self, view: View) -> Blocker | None:
        """``None`` when the requirement holds or is not asked; else why not, in words."""
        found = self.shortfall(view)
        return None if found is None else found.tell()

    def questions(self, view: View) -> list[Shortfall]:
        """What must be stated before it can be said whether the requirement holds."""
        found = self.shortfall(view)
        return [] if found is None else self._questions(view, found)

    def _questions(self, view: View, found: Shortfall) -> list[Shortfall]:
        if not found.unstated:
            return []
        return [question for part in (*self.when, *self.parts()) for question in part.questions(view)] or [found]

    def walk(self, path: str = "") -> Iterator[tuple[str, Requirement]]:
        """This requirement, its conditions and its parts, each with its path, which continues ``path``."""
        yield path, self
        joint = "." if path else ""
        for key, inner in (("when", self.when), (self.kind, self.parts())):
            for index, part in enumerate(inner):
                yield from part.walk(f"{path}{joint}{key}[{index}]")

    def faults(self, scope: Scope) -> Iterator[Fault]:
        """Everything statically wrong with the requirement and with what it is made of."""
        for path, part in self.walk():
            for fault in part.own_faults(scope):
                yield fault.under(path)

    def reads(self) -> Reads:
        """What the requirement, its conditions and its parts read."""
        return self._reads

    @functools.cached_property
    def _reads(self) -> Reads:
        found = Reads()
        for _, part in self.walk():
            found |= part.own_reads()
        return found

    def depth(self) -> int:
        """How deep requirements stand in one another, this one counted."""
        return 1 + max((part.depth() for part in (*self.when, *self.parts())), default=0)

    def size(self) -> int:
        """How many requirements stand in this one, itself counted."""
        return sum(1 for _ in self.walk())


def unstated(view: View, missing: Sequence[str]) -> Shortfall:
    """What is lacking where values have not been stated by anybody yet."""
    pending = all(view.is_pending(name) for name in missing)
    return Shortfall(functools.partial(_state_first, view, missing, pending), tuple(missing), pending)


def _state_first(view: View, missing: Sequence[str], pending: bool) -> Blocker:
    what = listing([quoted(view.number_name(name)) for name in missing], last=AND)
    return Blocker(
        kind="unstated",
        text=say("state {what} first", "请先填报{what}", what=what),
        have=Text("not stated", "未填报"),
        need=what,
        cure=cures(cure for name in missing for cure in view.who_states(name)),
        facts={"unstated": list(missing)},
        unstated=tuple(missing),
        pending=pending,
    )


def number_of(scope: Scope, bound: int | str | None) -> int | None:
    """The whole number that ``bound`` is, or that the parameter of this name holds."""
    found = scope.parameter(bound) if isinstance(bound, str) else bound
    return found if isinstance(found, int) else None


def number_faults(scope: Scope, path: str, bound: int | str) -> Iterator[Fault]:
    """What is wrong with ``bound`` as a whole number or as the name of a parameter that holds one."""
    if number_of(scope, bound) is None:
        numbers = [name for name in scope.parameter_names() if isinstance(scope.parameter(name), int)]
        yield Fault(path, f"{bound!r} is no parameter with a whole number", near_miss(str(bound), numbers))


def duration_faults(scope: Scope, path: str, limit: Duration | str) -> Iterator[Fault]:
    """What is wrong with ``limit`` as a duration or as the name of a parameter that holds one."""
    if isinstance(limit, Duration) or isinstance(scope.parameter(limit), Duration):
        return
    if is_name(limit):
        durations = [name for name in scope.parameter_names() if isinstance(scope.parameter(name), Duration)]
        found = "is a whole number, no duration" if limit in scope.parameter_names() else "is no parameter"
        yield Fault(path, f"{limit!r} {found}", near_miss(limit, durations) if durations else 'such as "10 days"')
        return
    try:
        Duration.parse(limit, path)
    except InvalidInput as error:
        yield from error.faults
