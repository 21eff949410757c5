"""What an act can state, as far as some requirement tells it apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from ..language import Field, FieldType, Procedure, Transition
from ..requirements.value import is_one_of
from ..values import File, Value
from .asked import Tests
from .cluster import ANYONE

if TYPE_CHECKING:
    from .abstraction import Abstraction

MAX_ASSIGNMENTS = 4_096
"""In so many ways an act may state what it states; where there are more, the search is not complete."""

FEW = 64
"""So many of them are tried then, which may still show a flaw."""

Signature = tuple[bool, ...] | None
"""Which of the tests of a name a value passes; ``None`` for a value that nobody has stated."""

Values = Mapping[str, Value]
Chosen = tuple[tuple[str, Value | None], ...]
"""What an act states of the followed fields; ``None`` where it leaves one out."""

_FILLERS: Mapping[FieldType, Value] = {
    FieldType.BOOL: True,
    FieldType.DATE: date(2000, 1, 2),
    FieldType.TEXT: "-",
    FieldType.ACTOR: ANYONE,
    FieldType.FILE: File("-", "text/plain", "0" * 64),
}


def signature_of(value: Value | None, tests: Tests) -> Signature:
    """Which of ``tests`` the value passes."""
    return None if value is None else tuple([is_one_of(value, accepted) for accepted in tests])  # type: ignore[arg-type]


def assignments(abstraction: Abstraction, kind: str | None, row: Transition) -> Iterator[tuple[Chosen, Values]]:
    """Everything that ``row`` of ``kind`` may state, as far as some requirement tells it apart, with values for the rest; a few
    where there are more than ``MAX_ASSIGNMENTS``."""
    fields = abstraction.procedure.lifecycle(kind).fields
    ways = _ways(abstraction, kind, row)
    rest = {
        name: filler(abstraction.procedure, fields[name])
        for name in row.set
        if name not in ways and not fields[name].optional
    }
    limit = FEW if are_cut(abstraction, kind, row) else MAX_ASSIGNMENTS
    for chosen in itertools.islice(itertools.product(*ways.values()), limit):
        said = tuple(zip(ways, chosen, strict=True))
        yield said, rest | {name: value for name, value in said if value is not None}


def are_cut(abstraction: Abstraction, kind: str | None, row: Transition) -> bool:
    """Whether there are more of them than that, or there may be."""
    ways = _ways(abstraction, kind, row)
    return math.prod(map(len, ways.values())) > MAX_ASSIGNMENTS or any(
        _subsets_of(abstraction, kind, name) > MAX_ASSIGNMENTS for name in ways
    )


def _ways(abstraction: Abstraction, kind: str | None, row: Transition) -> dict[str, list[Value | None]]:
    fields = abstraction.procedure.lifecycle(kind).fields
    return {
        name: [*values_of(abstraction, kind, name), *([None] if fields[name].optional else [])]
        for name in row.set
        if name in abstraction.tests
    }


def values_of(abstraction: Abstraction, own: str | None, name: str) -> Iterator[Value]:
    """One value of the field ``name`` for each class that some requirement tells from the others."""
    procedure = abstraction.procedure
    field, tests = procedure.lifecycle(own).fields[name], abstraction.tests[name]
    if not tests or field.type not in (FieldType.BOOL, FieldType.CHOICE):
        yield filler(procedure, field)
        return
    singles = _told_apart(procedure, field, tests)
    if not field.many:
        yield from singles
        return
    seen: set[Signature] = set()
    limit = FEW if _subsets_of(abstraction, own, name) > MAX_ASSIGNMENTS else MAX_ASSIGNMENTS
    for several in itertools.islice(_subsets([str(entry) for entry in singles]), limit):
        if (told := signature_of(several, tests)) not in seen:
            seen.add(told)
            yield several


def _told_apart(procedure: Procedure, field: Field, tests: Tests) -> tuple[Value, ...]:
    """One entry, or answer, for each class of them that ``tests`` tell from the others."""
    found: dict[Signature, Value] = {}
    for entry in _singles(procedure, field):
        found.setdefault(signature_of(entry, tests), entry)
    return tuple(found.values())


def _subsets_of(abstraction: Abstraction, own: str | None, name: str) -> int:
    """In how many ways several entries of the field ``name`` can be chosen, counted without listing them."""
    procedure, tests = abstraction.procedure, abstraction.tests[name]
    field = procedure.lifecycle(own).fields[name]
    return (1 << len(_told_apart(procedure, field, tests))) - 1 if field.many and tests else 1


def entries_of(procedure: Procedure, field: Field) -> Iterator[Value]:
    """Every value of a field that is chosen from a list, or is yes or no."""
    singles = _singles(procedure, field)
    yield from _subsets([str(entry) for entry in singles]) if field.many else singles


def _singles(procedure: Procedure, field: Field) -> tuple[Value, ...]:
    return (True, False) if field.of is None else tuple(procedure.lists[field.of])


def _subsets(entries: list[str]) -> Iterator[tuple[str, ...]]:
    """All of them first, then each alone."""
    whole = (1 << len(entries)) - 1
    alone = (1 << bit for bit in range(len(entries)))
    for mask in (whole, *(one for one in alone if one != whole)):
        yield tuple(entry for bit, entry in enumerate(entries) if mask >> bit & 1)
    for mask in range(whole - 1, 0, -1):
        if mask.bit_count() > 1:
            yield tuple(entry for bit, entry in enumerate(entries) if mask >> bit & 1)


def filler(procedure: Procedure, field: Field) -> Value:
    """A value of a field of which no requirement that a search follows asks more than that it is stated."""
    if field.type in (FieldType.INT, FieldType.DECIMAL):
        least = field.min if field.min is not None else min(0, field.max if field.max is not None else 0)
        return least if field.type is FieldType.INT else Decimal(least)
    if field.type is FieldType.CHOICE:
        entry = next(iter(procedure.lists[field.of or ""]))
        return (entry,) if field.many else entry
    return _FILLERS[field.type]
