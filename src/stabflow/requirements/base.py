"""What every kind of requirement has in common, and what it may ask of its surroundings.

A requirement is a guard as data. It answers `Requirement.blocker`: ``None`` when it holds, else why not. It sees the case
through a `View`, *as it would be* with the values of the act at hand, before any state changes; and it is examined once,
against a `Scope`, when its procedure is made.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol

import attrs

from ..calendar import Duration
from ..case import Act, Entry, Item, frozen
from ..errors import Blocker, Cure, Fault, InvalidInput, near_miss
from ..text import Text, listing, say
from ..values import Value, is_name

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
    def unmet(self, view: View) -> Blocker | None:
        """Why the requirement itself does not hold, its conditions left aside."""

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

    def blocker(self, view: View) -> Blocker | None:
        """``None`` when the requirement holds or is not asked; else why not. What is unstated never passes."""
        unmet = [blocker for condition in self.when if (blocker := condition.blocker(view)) is not None]
        if any(blocker.unstated for blocker in unmet):
            open_ = [question for condition in self.when for question in condition.questions(view)]
            found = together("unstated", open_, AND)
            return attrs.evolve(found, clause=found.clause or self.clause)
        if unmet:
            return None
        blocker = self.unmet(view)
        if blocker is None:
            return None
        return attrs.evolve(
            blocker,
            clause=self.clause or blocker.clause,
            text=blocker.text if self.title is None or blocker.unstated else self.title,
        )

    def questions(self, view: View) -> list[Blocker]:
        """What must be stated before it can be said whether the requirement holds."""
        found = self.blocker(view)
        if found is None or not found.unstated:
            return []
        inner = [question for part in (*self.when, *self.parts()) for question in part.questions(view)]
        return inner or [found]

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


AND, OR = Text("; and: ", "；并且："), Text(" – or: ", "；或者：")


def together(kind: str, blockers: Sequence[Blocker], joint: Text, *, pending: bool | None = None) -> Blocker:
    """Several blockers as one, their sentences joined by ``joint``; ``pending`` where all of them are, unless it is given."""
    if len(blockers) == 1:
        return blockers[0]
    return Blocker(
        kind=kind,
        text=_joined([blocker.text for blocker in blockers], joint),
        have=_joined([blocker.have for blocker in blockers], Text("; ", "；")),
        need=_joined([blocker.need for blocker in blockers], joint),
        clause=tuple(dict.fromkeys(clause for blocker in blockers for clause in blocker.clause)),
        cure=cures(cure for blocker in blockers for cure in blocker.cure),
        facts={"parts": [dict(blocker.facts) for blocker in blockers]},
        unstated=tuple(dict.fromkeys(name for blocker in blockers for name in blocker.unstated)),
        pending=all(blocker.pending for blocker in blockers) if pending is None else pending,
    )


def _joined(texts: list[Text], joint: Text) -> Text:
    said = [text for text in dict.fromkeys(texts) if text.en]
    return Text(joint.en.join(text.en for text in said), joint.zh.join(text.zh for text in said))


def cures(found: Iterable[Cure]) -> tuple[Cure, ...]:
    """Each of those who can cure something once."""
    return tuple({cure.role: cure for cure in found}.values())


def unstated(view: View, missing: Sequence[str]) -> Blocker:
    """The blocker for values that nobody has stated yet."""
    what = listing([view.number_name(name) for name in missing])
    return Blocker(
        kind="unstated",
        text=say("state {what} first", "请先填报{what}", what=what),
        have=Text("not stated", "未填报"),
        need=what,
        cure=cures(cure for name in missing for cure in view.who_states(name)),
        facts={"unstated": list(missing)},
        unstated=tuple(missing),
        pending=all(view.is_pending(name) for name in missing),
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
