"""``value``: a stated value, or the sum of several, compares as it should."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, localcontext
from typing import ClassVar

import attrs

from ..errors import Blocker, Fault, near_miss
from ..text import AND, Text, either, joined, listing, quoted, same, say
from ..values import Value
from .base import Literal, Reads, Requirement, Scope, View, literals, names, unstated
from .shortfall import Shortfall, cures

NUMBERS = frozenset({"int", "decimal"})
COMPARISONS = ("is_", "at_least", "at_most", "equals")
_EXACT = 200
"""Digits that hold any sum of stated numbers without rounding."""
_MUST_BE = Text("{name} must be {need}, but is {have}", "{name}应为{need}，现为{have}")
_MUST_INCLUDE = Text("{name} must include {need}, but names only {have}", "{name}应包含{need}，现仅有{have}")
_COMPARES = {"at_least": operator.ge, "at_most": operator.le, "equals": operator.eq}
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

    value: tuple[str, ...] = attrs.field(converter=names)
    times: int = 1
    is_: tuple[Literal, ...] | None = attrs.field(default=None, converter=attrs.converters.optional(literals))
    at_least: int | str | None = None
    at_most: int | str | None = None
    equals: int | str | None = None

    @functools.cached_property
    def comparison(self) -> tuple[str, int | str]:
        """The numeric comparison and its bound."""
        found = next(name for name in COMPARISONS[1:] if getattr(self, name) is not None)
        return found, getattr(self, found)

    @functools.cached_property
    def _holds(self) -> Callable[[int | Decimal, int | Decimal], bool]:
        return _COMPARES[self.comparison[0]]

    @functools.cached_property
    def _bound(self) -> int | None:
        """The bound of the numeric comparison, unless it is a name."""
        bound = self.comparison[1]
        return bound if isinstance(bound, int) else None

    @functools.cached_property
    def _names(self) -> tuple[str, ...]:
        """Every name that is read: the values, and the bounds that are names."""
        bounds = (getattr(self, name) for name in COMPARISONS[1:])
        return (*self.value, *(bound for bound in bounds if isinstance(bound, str)))

    def unmet(self, view: View) -> Shortfall | None:
        stated = []
        for name in self._names:
            value = view.value(name)
            if value is None:
                return unstated(view, [name for name in self._names if view.value(name) is None])
            stated.append(value)
        if self.is_ is None:
            return self._unmet_number(view, stated)
        (value,) = stated
        if is_one_of(value, self.is_):
            return None
        return Shortfall(functools.partial(self._tell_choice, view, value, self.is_))

    def _tell_choice(self, view: View, value: Value, accepted: tuple[Literal, ...]) -> Blocker:
        (name,) = self.value
        have = listing([quoted(view.title_of_value(name, one)) for one in _held(value)], last=AND)
        need = either([view.title_of_value(name, one) for one in accepted])
        shown = _MUST_INCLUDE if isinstance(value, tuple) else _MUST_BE
        return Blocker(
            kind=self.kind,
            text=say(
                shown.en,
                shown.zh,
                name=quoted(view.number_name(name)),
                need=need,
                have=have,
            ),
            have=have,
            need=need,
            cure=view.who_states(name),
            facts={"value": [name], "comparison": "is", "needed": list(accepted)},
            compares=self._names,
        )

    def _unmet_number(self, view: View, stated: list[Value]) -> Shortfall | None:
        need: int | Decimal | None = self._bound
        if need is None:
            need = _number(stated.pop())
        have = _total(stated, self.times)
        if self._holds(have, need):
            return None
        return Shortfall(functools.partial(self._tell_number, view, Decimal(have), Decimal(need)))

    def _tell_number(self, view: View, have: Decimal, need: Decimal) -> Blocker:
        comparison, bound = self.comparison
        what = joined([quoted(view.number_name(name)) for name in self.value], Text(" + ", "+"))
        if self.times != 1:
            if len(self.value) > 1:
                what = say("({what})", "（{what}）", what=what)
            what = say("{what} × {times}", "{what}×{times}", what=what, times=self.times)
        bound_shown = same(f"{need:f}")
        if isinstance(bound, str):
            bound_shown = say("{name} ({n})", "{name}（{n}）", name=quoted(view.number_name(bound)), n=f"{need:f}")
        need_shown = say(_SIGNS[comparison].en, _SIGNS[comparison].zh, n=bound_shown)
        return Blocker(
            kind=self.kind,
            text=say(
                "{what} must be {need}, but is {have}",
                "{what}应{need}，现为{have}",
                what=what,
                need=need_shown,
                have=f"{have:f}",
            ),
            have=same(f"{have:f}"),
            need=need_shown,
            cure=cures(cure for name in self._names for cure in view.who_states(name)),
            facts={"value": list(self.value), "comparison": comparison, "have": f"{have:f}", "needed": f"{need:f}"},
            compares=self._names,
        )

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        given = [name for name in COMPARISONS if getattr(self, name) is not None]
        if len(given) != 1:
            shown = " and ".join(name.rstrip("_") for name in given) or "none"
            yield Fault(
                "",
                f"a value needs exactly one comparison, and has {shown}",
                "give one of is, at_least, at_most, equals",
            )
        if not self.value:
            yield Fault("value", "names nothing", "name a field, fact or parameter")
        unknown = [name for name in self.value if scope.value_type(name) is None]
        for name in unknown:
            yield Fault("value", f"unknown name {name!r}", near_miss(name, scope.value_names()))
        if self.times < 1:
            yield Fault("times", f"{self.times} is no factor", "give a whole number from 1")
        for comparison in COMPARISONS[1:]:
            yield from self._bound_faults(scope, comparison, getattr(self, comparison))
        if len(given) == 1 and self.value and not unknown:
            yield from self._type_faults(scope)

    def _bound_faults(self, scope: Scope, comparison: str, bound: int | str | None) -> Iterator[Fault]:
        if not isinstance(bound, str):
            return
        found = scope.value_type(bound)
        if found is None:
            cure = "write the number without quotes" if bound.isdecimal() else near_miss(bound, scope.value_names())
            yield Fault(comparison, f"unknown name {bound!r}", cure)
        elif found not in NUMBERS:
            yield Fault(comparison, f"{bound!r} is a {found}, not a number", "name an int or a decimal")

    def _type_faults(self, scope: Scope) -> Iterator[Fault]:
        if self.is_ is None:
            for name in self.value:
                found = scope.value_type(name) or ""
                if found not in NUMBERS:
                    cure = "compare it with `is`" if found in COMPARABLE else "compare an int or a decimal"
                    yield Fault("value", f"{name!r} is a {found}, not a number", cure)
        elif len(self.value) != 1 or self.times != 1:
            yield Fault(
                "is", "several values or a factor cannot be compared with `is`", "use at_least, at_most or equals"
            )
        else:
            (name,) = self.value
            yield from literal_faults("is", name, self.is_, scope.value_type(name) or "", scope.choices(name))

    def own_reads(self) -> Reads:
        return Reads(names=frozenset(self._names))

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (
            cls(value="contested", is_=True),
            cls(value="overall_level", is_=("low", "medium")),
            cls(value=("support", "oppose", "other"), equals="responded"),
            cls(value="batches_of_30", times=30, at_most="people"),
            cls(value="invited", at_least=1),
        )


def is_one_of(value: Value, accepted: tuple[Literal, ...]) -> bool:
    """Whether ``value`` is among ``accepted``; of a choice of many, whether one of them is."""
    if isinstance(value, tuple):
        return any(is_one_of(one, accepted) for one in value)
    type_ = type(value)  # True is not 1
    for candidate in accepted:  # noqa: SIM110 - asked by the hundred thousand, and a generator takes three times as long
        if type(candidate) is type_ and candidate == value:
            return True
    return False


def _held(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)


def in_brackets(view: View, bound: int | str) -> Text:
    """The name of the number that ``bound`` is, in brackets; nothing where it has none."""
    return say(" ({name})", "（{name}）", name=quoted(view.number_name(bound))) if isinstance(bound, str) else same("")


COMPARABLE = {
    "bool": ("true or false", "write true or false without quotes"),
    "int": ("a whole number", "write a whole number without quotes"),
    "choice": ("one of the list", ""),
}
"""The types whose values can be compared with literals, what a literal must then be, and how to write it."""


def literal_faults(
    path: str, name: str, accepted: tuple[Literal, ...], type_: str, choices: frozenset[str] | None
) -> Iterator[Fault]:
    """What is wrong with ``accepted`` as values of the field ``name``, which is of ``type_``."""
    if not accepted:
        yield Fault(path, "no value is named", "name at least one")
    if type_ not in COMPARABLE:
        cure = "test a bool, a choice or a whole number"
        yield Fault(path, f"{name!r} is a {type_}, which cannot be compared with literals", cure)
        return
    for literal in accepted:
        if type_ == "choice":
            if choices is not None and literal not in choices:
                yield Fault(path, f"unknown choice {literal!r} of {name!r}", near_miss(str(literal), choices))
        elif type(literal).__name__ != type_:
            wanted, cure = COMPARABLE[type_]
            yield Fault(path, f"{literal!r} is not {wanted}", cure)


def _total(values: Sequence[Value], times: int) -> int | Decimal:
    first = values[0]
    if len(values) == 1 and type(first) is int:
        return first * times
    numbers = [_number(value) for value in values]
    if {*map(type, numbers)} == {int}:
        return sum(numbers) * times
    with localcontext(prec=_EXACT):
        return sum(numbers, Decimal(0)) * times


def _number(value: Value) -> int | Decimal:
    if type(value) is int:
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise AssertionError(f"{value!r} is no number; the loader and the field's type see to that")
    return value
