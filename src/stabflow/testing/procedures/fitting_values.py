"""Values for the fields of a procedure: those that its requirements tell apart, and some that fit no field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ...case import Case, Item
from ...errors import Fault, InvalidInput, near_miss
from ...language import Field, FieldType, Procedure, Transition
from ...requirements import Requirement, ValueIs
from ...values import File
from .cast import Cast
from .choosing import Chooser

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

PAPER = File("paper 文件", "application/pdf", "ab" * 32)
WORDS = ("reasons", "理由", "é 𠀀 e\u0301")
DAYS = (30, 0, 1, 400)
WRONG: tuple[Any, ...] = (3.9, None, -1, "no such thing", "\u202e", "", "\x00", [], True, date(2026, 5, 1), 2**60)
"""Each fits hardly any field."""

Preferred = Mapping[tuple[str | None, str], Sequence[Any]]
"""For fields, by kind and name, what a later act asks them to be."""

Examples = Mapping[str, "SearchStrategy[Any]"]
"""Strategies for fields: by ``kind.field``, by the name of a field, or by the name of its type."""


class FittingValues:
    """Makes the values that acts state."""

    def __init__(self, procedure: Procedure, cast: Cast, examples: Examples | None = None) -> None:
        self._procedure = procedure
        self._cast = cast
        self._examples = examples or {}
        _examine(procedure, self._examples)
        self._numbers: dict[str, tuple[int, ...]] = {}
        self._found: dict[tuple[str | None, str], tuple[Any, ...]] = {}
        for name, bound in _bounds(procedure):
            self._numbers[name] = (*self._numbers.get(name, ()), bound - 1, bound, bound + 1)

    def of(
        self,
        chooser: Chooser,
        kind: str | None,
        names: Sequence[str],
        now: datetime,
        preferred: Preferred | None = None,
    ) -> dict[str, Any]:
        """Fitting values for the fields ``names`` of ``kind`` (``None``: of the case). Some that may be left out are."""
        fields = self._procedure.lifecycle(kind).fields
        found: dict[str, Any] = {}
        for name in names:
            wanted = None if preferred is None else preferred.get((kind, name))
            if fields[name].optional and wanted is None and chooser.seldom(3):
                continue
            found[name] = self._value(chooser, kind, name, fields[name], now, wanted)
        return found

    def _value(
        self, chooser: Chooser, kind: str | None, name: str, field: Field, now: datetime, wanted: Sequence[Any] | None
    ) -> Any:
        given = self._given(kind, name, field)
        if given is not None:
            return chooser.example(given)
        if wanted and not chooser.seldom(8):
            one = chooser.one(wanted)
            return [one] if field.many else one
        if field.type is FieldType.DATE:
            return now.date() + timedelta(days=chooser.one(DAYS))
        key = (kind, name)
        if key not in self._found:
            self._found[key] = tuple(self._possible(name, field))
        one = chooser.one(self._found[key])
        if field.many:
            return list(self._found[key]) if chooser.seldom(3) else [one]
        return one

    def _given(self, kind: str | None, name: str, field: Field) -> SearchStrategy[Any] | None:
        """The strategy that somebody gave for a field."""
        keys = (f"{kind or 'case'}.{name}", name, field.type.value)
        return next((self._examples[key] for key in keys if key in self._examples), None)

    def _possible(self, name: str, field: Field) -> Iterator[Any]:
        match field.type:
            case FieldType.BOOL:
                yield from (True, False)
            case FieldType.CHOICE:
                yield from self._procedure.lists[field.of or ""]
            case FieldType.TEXT:
                longest = field.max_length or len(WORDS[0])
                yield from dict.fromkeys(word[:longest].strip() or "-" for word in WORDS)
            case FieldType.ACTOR:
                yield from (one.id for one in self._cast.people)
            case FieldType.FILE:
                yield PAPER
            case FieldType.INT | FieldType.DECIMAL:
                yield from self._in_range(name, field)
            case FieldType.DATE:
                yield from ()

    def _in_range(self, name: str, field: Field) -> Iterator[Any]:
        least, most = field.min, field.max
        tried = (0, 1, 2, *self._numbers.get(name, ()), 10, *((least,) if least is not None else ()))
        fitting = [
            one for one in dict.fromkeys(tried) if (least is None or one >= least) and (most is None or one <= most)
        ]
        numbers = fitting or [one for one in (least, most) if one is not None]
        yield from numbers if field.type is FieldType.INT else (Decimal(one) for one in numbers)

    def repaired(
        self, values: Mapping[str, Any], kind: str | None, row: Transition, stated: Mapping[str, Any]
    ) -> dict[str, Any]:
        """``values`` in which numbers compare as ``row`` asks, as far as one number set for each does it."""
        found = dict(values)
        for requirement in row.requires:
            for _, part in requirement.walk():
                if isinstance(part, ValueIs) and part.is_ is None:
                    self._compare(found, kind, part, stated)
        return found

    def _compare(self, found: dict[str, Any], kind: str | None, asked: ValueIs, stated: Mapping[str, Any]) -> None:
        """Set one of the numbers in ``found`` so that ``asked`` holds, where it does not."""
        how, bound = asked.comparison
        named = isinstance(bound, str)
        known = {**{name: one.value for name, one in self._procedure.parameters.items()}, **stated, **found}
        wanted = known.get(str(bound)) if named else bound
        terms = [known.get(name) for name in asked.value]
        if any(isinstance(one, bool) or not isinstance(one, int | Decimal) for one in [*terms, wanted]):
            return
        total = sum(int(one) for one in terms if one is not None) * asked.times
        target = int(wanted)  # type: ignore[arg-type]
        if {"equals": total == target, "at_least": total >= target, "at_most": total <= target}[how]:
            return
        fields = self._procedure.lifecycle(kind).fields
        free = [name for name in found if name in fields and self._given(kind, name, fields[name]) is None]
        if named and str(bound) in free:
            self._put(found, kind, str(bound), total)
            return
        mine = [name for name in asked.value if name in free]
        if mine:
            others = sum(int(known[name]) for name in asked.value if name != mine[0])
            self._put(found, kind, mine[0], -(-target // asked.times) - others)

    def _put(self, found: dict[str, Any], kind: str | None, name: str, number: int) -> None:
        field = self._procedure.lifecycle(kind).fields[name]
        least = number if field.min is None else max(number, field.min)
        fitting = least if field.max is None else min(least, field.max)
        found[name] = fitting if field.type is FieldType.INT else Decimal(fitting)

    def spoilt(self, chooser: Chooser, kind: str | None, values: Mapping[str, Any]) -> dict[str, Any]:
        """``values`` with one left out, one that does not fit, or one too many."""
        found = dict(values)
        how = chooser.one(("drop", "wrong", "more"))
        fields = sorted(self._procedure.lifecycle(kind).fields)
        if how == "drop" and found:
            del found[chooser.one(sorted(found))]
        elif how == "wrong" and found:
            found[chooser.one(sorted(found))] = chooser.one(WRONG)
        else:
            found[chooser.one([*fields, "unheard_of"])] = chooser.one(WRONG)
        return found


def _examine(procedure: Procedure, examples: object) -> None:
    """`InvalidInput` where ``examples`` name no field or field type, or have something else than strategies."""
    if not isinstance(examples, Mapping):
        problem = f"{type(examples).__name__} is no table of strategies"
        raise InvalidInput.at("examples_of", problem, 'write {"case.FIELD": STRATEGY}')
    fields = {f"{kind or 'case'}.{name}": name for kind, cycle in procedure.lifecycles() for name in cycle.fields}
    known = [*fields, *dict.fromkeys(fields.values()), *(one.value for one in FieldType)]
    found = []
    for key, strategy in examples.items():
        if key not in known:
            found.append(Fault(f"examples_of[{key!r}]", "names no field and no field type", near_miss(str(key), known)))
        elif not callable(getattr(strategy, "filter", None)):
            problem = f"{type(strategy).__name__} is no strategy"
            found.append(Fault(f"examples_of[{key!r}]", problem, "give one of hypothesis.strategies, such as just(3)"))
    if found:
        raise InvalidInput(found, what="procedure_machine")


def asked_of(requirements: Sequence[Requirement], kind: str | None) -> dict[tuple[str | None, str], Sequence[Any]]:
    """What ``requirements`` of one row ask its own values to be, where they name that outright."""
    found: dict[tuple[str | None, str], Sequence[Any]] = {}
    for requirement in requirements:
        for _, part in requirement.walk():
            if isinstance(part, ValueIs) and part.is_ is not None:
                found.setdefault((kind, part.value[0]), part.is_)
    return found


def is_complete(row: Transition, values: Mapping[str, Any]) -> bool:
    """Whether ``values`` has everything that ``row`` states, also what may be left out."""
    return set(row.set) <= values.keys()


def stated_of(case: Case, item: Item | None) -> list[str]:
    """The names of what is stated of ``item`` (``None``: of the case)."""
    return sorted(case.facts if item is None else item.fields)


def _bounds(procedure: Procedure) -> Iterator[tuple[str, int]]:
    """The numbers with which requirements compare values, by the name of the value."""
    for requirement in _requirements(procedure):
        for _, part in requirement.walk():
            if not isinstance(part, ValueIs) or part.is_ is not None:
                continue
            _, bound = part.comparison
            number = bound if isinstance(bound, int) else _parameter(procedure, bound)
            if isinstance(number, int):
                for name in part.value:
                    yield name, -(-number // part.times)


def _parameter(procedure: Procedure, name: str) -> object:
    return procedure.parameters[name].value if name in procedure.parameters else None


def _requirements(procedure: Procedure) -> Iterator[Requirement]:
    for _, cycle in procedure.lifecycles():
        for row in cycle.transitions:
            yield from row.requires
    if procedure.gate is not None:
        yield from procedure.gate.requires
