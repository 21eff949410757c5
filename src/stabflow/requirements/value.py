"""``value``: a stated value, or the sum of several, compares as it should."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

import attrs

from ..errors import Blocker, Fault, near_miss
from ..text import Text, listing, same, say
from ..values import Value
from .base import Reads, Requirement, Scope, View, unstated

Literal = bool | int | str
NUMBERS = frozenset({"int", "decimal"})
COMPARISONS = ("is_", "at_least", "at_most", "equals")
_SIGNS = {
    "at_least": Text("at least {n}", "不少于{n}"),
    "at_most": Text("at most {n}", "不多于{n}"),
    "equals": Text("exactly {n}", "等于{n}"),
}


@attrs.frozen(kw_only=True)
class ValueIs(Requirement):
    """``value`` (own field, else fact, else parameter; several are added), times ``times``, compares by exactly one of
    ``is`` (one of these; of a choice of many: one of them is among these), ``at_least``, ``at_most``, ``equals``."""

    kind: ClassVar[str] = "value"

    value: tuple[str, ...]
    times: int = 1
    is_: tuple[Literal, ...] | None = None
    at_least: int | str | None = None
    at_most: int | str | None = None
    equals: int | str | None = None

    @property
    def comparison(self) -> tuple[str, int | str]:
        """The numeric comparison and its bound."""
        for name in COMPARISONS[1:]:
            bound = getattr(self, name)
            if bound is not None:
                return name, bound
        raise AssertionError("a requirement without a comparison is refused when its procedure is made")

    def unmet(self, view: View) -> Blocker | None:
        needed = list(self.value)
        if self.is_ is None:
            bound = self.comparison[1]
            if isinstance(bound, str):
                needed.append(bound)
        missing = [name for name in needed if view.value(name) is None]
        if missing:
            return unstated(view, missing)
        return self._unmet_choice(view) if self.is_ is not None else self._unmet_number(view)

    def _unmet_choice(self, view: View) -> Blocker | None:
        (name,) = self.value
        value = view.value(name)
        accepted = self.is_ or ()
        if value is None or is_one_of(value, accepted):
            return None
        have = view.title_of_value(name, value)
        need = listing([view.title_of_value(name, one) for one in accepted])
        return Blocker(
            kind=self.kind,
            text=say(
                "{name} must be {need}, and is {have}",
                "{name}应为{need},现为{have}",
                name=view.number_name(name),
                need=need,
                have=have,
            ),
            have=have,
            need=need,
            cure=view.who_states(name),
            facts={"value": name},
        )

    def _unmet_number(self, view: View) -> Blocker | None:
        comparison, bound = self.comparison
        have = sum((_number(view.value(name)) for name in self.value), Decimal(0)) * self.times
        need = _number(view.value(bound)) if isinstance(bound, str) else Decimal(bound)
        holds = {"at_least": have >= need, "at_most": have <= need, "equals": have == need}[comparison]
        if holds:
            return None
        what = Text(
            " + ".join(view.number_name(name).en for name in self.value),
            "+".join(view.number_name(name).zh for name in self.value),
        )
        if self.times != 1:
            what = say("{what} × {times}", "{what}×{times}", what=what, times=self.times)
        bound_shown = same(f"{need:f}")
        if isinstance(bound, str):
            bound_shown = say("{name} ({n})", "{name}({n})", name=view.number_name(bound), n=f"{need:f}")
        need_shown = say(_SIGNS[comparison].en, _SIGNS[comparison].zh, n=bound_shown)
        names = [*self.value, *([bound] if isinstance(bound, str) else [])]
        cures = {cure.role: cure for name in names for cure in view.who_states(name)}
        return Blocker(
            kind=self.kind,
            text=say(
                "{what} must be {need}, and is {have}",
                "{what}应{need},现为{have}",
                what=what,
                need=need_shown,
                have=f"{have:f}",
            ),
            have=same(f"{have:f}"),
            need=need_shown,
            cure=tuple(cures.values()),
            facts={"value": list(self.value), "comparison": comparison},
        )

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        given = [name for name in COMPARISONS if getattr(self, name) is not None]
        if len(given) != 1:
            shown = ", ".join(name.rstrip("_") for name in given) or "none"
            yield Fault(
                "",
                f"a value needs exactly one comparison, and has {shown}",
                "give one of is, at_least, at_most, equals",
            )
            return
        if not self.value:
            yield Fault("value", "names nothing", "name a field, fact or parameter")
        for name in self.value:
            if scope.value_type(name) is None:
                yield Fault("value", f"unknown name {name!r}", near_miss(name, scope.value_names()))
        if any(scope.value_type(name) is None for name in self.value):
            return
        if self.is_ is not None:
            yield from self._choice_faults(scope)
        else:
            yield from self._number_faults(scope)

    def _choice_faults(self, scope: Scope) -> Iterator[Fault]:
        if len(self.value) != 1 or self.times != 1:
            yield Fault(
                "is", "several values or a factor cannot be compared with `is`", "use at_least, at_most or equals"
            )
            return
        name = self.value[0]
        yield from literal_faults("is", self.is_ or (), scope.value_type(name) or "", scope.choices(name))

    def _number_faults(self, scope: Scope) -> Iterator[Fault]:
        if self.times < 1:
            yield Fault("times", f"{self.times} is no factor", "give a whole number from 1")
        comparison, bound = self.comparison
        for name in (*self.value, *([bound] if isinstance(bound, str) else [])):
            found = scope.value_type(name)
            if found is None:
                yield Fault(comparison, f"unknown name {name!r}", near_miss(name, scope.value_names()))
            elif found not in NUMBERS:
                yield Fault(comparison, f"{name!r} is a {found}, not a number", "compare it with `is`")

    def own_reads(self) -> Reads:
        bound = None if self.is_ is not None else self.comparison[1]
        return Reads(names=frozenset(self.value) | (frozenset({bound}) if isinstance(bound, str) else frozenset()))

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (
            cls(value=("contested",), is_=(True,)),
            cls(value=("support", "oppose", "other"), equals="responded"),
            cls(value=("batches_of_30",), times=30, at_most="people"),
            cls(value=("invited",), at_least=1),
        )


def is_one_of(value: Value, accepted: tuple[Literal, ...]) -> bool:
    """Whether ``value`` is among ``accepted``; of a choice of many, whether one of them is."""
    held = value if isinstance(value, tuple) else (value,)
    return any(type(one) is type(candidate) and one == candidate for one in held for candidate in accepted)


def literal_faults(
    path: str, literals: tuple[Literal, ...], type_: str, choices: frozenset[str] | None
) -> Iterator[Fault]:
    """What is wrong with ``literals`` as values of a field of ``type_``."""
    if not literals:
        yield Fault(path, "no value is named", "name at least one")
    for literal in literals:
        if type_ == "bool":
            if not isinstance(literal, bool):
                yield Fault(path, f"{literal!r} is not true or false", "write true or false")
        elif type_ == "choice":
            if not isinstance(literal, str) or literal not in (choices or ()):
                yield Fault(path, f"unknown choice {literal!r}", near_miss(str(literal), choices or ()))
        elif type_ == "int":
            if isinstance(literal, bool) or not isinstance(literal, int):
                yield Fault(path, f"{literal!r} is not a whole number", "write a whole number")
        else:
            yield Fault(path, f"a {type_} cannot be compared with literals", "test a bool, a choice or a whole number")


def _number(value: Value | None) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise AssertionError(f"{value!r} is no number; the loader and the field's type see to that")
    return Decimal(value)
