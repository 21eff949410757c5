"""What the requirements of a procedure tell about the numbers of a case: how they compare, where they do."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from decimal import Decimal

import attrs

from ..language import Procedure
from ..requirements import Requirement, ValueIs

Number = int | Decimal


@attrs.frozen
class Compared:
    """A weighted sum of names, and what is to be added: at most 0, or exactly that. ``one_of``: instead, the only name is one
    of these."""

    weights: tuple[tuple[str, int], ...]
    added: int = 0
    exact: bool = False
    one_of: tuple[int, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names that it reads."""
        return frozenset(name for name, _ in self.weights)


@functools.lru_cache(maxsize=256)
def comparisons(procedure: Procedure, kind: str | None) -> Mapping[Compared, frozenset[str]]:
    """Everything that the rows of ``kind`` (``None``: of the case, with the gate) compare, and the triggers of those that do."""
    found: dict[Compared, frozenset[str]] = {}
    asked = [(row.trigger, one) for row in procedure.lifecycle(kind).transitions for one in row.requires]
    if kind is None and procedure.gate is not None:
        asked += [("", one) for one in procedure.gate.requires]
    for trigger, requirement in asked:
        for _, part in requirement.walk():
            for one in _of_values(procedure, kind, part):
                found[one] = found.get(one, frozenset()) | {trigger}
    return found


def _of_values(procedure: Procedure, kind: str | None, one: Requirement) -> Iterator[Compared]:
    if not isinstance(one, ValueIs):
        return
    if one.is_ is not None:
        numbers = tuple(literal for literal in one.is_ if type(literal) is int)
        if numbers:
            yield Compared(((one.value[0], 1),), one_of=numbers)
        return
    comparison, bound = one.comparison
    weights: dict[str, int] = {}
    for name in one.value:
        weights[name] = weights.get(name, 0) + one.times
    added = 0
    if isinstance(bound, str):
        weights[bound] = weights.get(bound, 0) - 1
    else:
        added = -bound
    for name in [*weights]:
        constant = _constant(procedure, kind, name)
        if constant is not None:
            added += weights.pop(name) * constant
    sign = -1 if comparison == "at_least" else 1
    signed = tuple((name, sign * weight) for name, weight in weights.items() if weight)
    if signed:
        yield Compared(signed, sign * added, exact=comparison == "equals")


def _constant(procedure: Procedure, kind: str | None, name: str) -> int | None:
    """The number of a parameter, where no field or fact bears its name."""
    if name in procedure.lifecycle(kind).fields or name in procedure.facts or name not in procedure.parameters:
        return None
    value = procedure.parameters[name].value
    return value if isinstance(value, int) else 0


@functools.lru_cache(maxsize=256)
def counts_of_people(procedure: Procedure, kind: str | None) -> frozenset[str]:
    """The names of a lifecycle that count people, and all that are compared with them, or with what is, and so on."""
    known, fields = comparisons(procedure, kind), {**procedure.facts, **procedure.lifecycle(kind).fields}
    found = {name for name, field in fields.items() if field.suppress_below is not None}
    while True:
        more = {name for one in known if not found.isdisjoint(one.names) for name in one.names} - found
        if not more:
            return frozenset(found)
        found |= more
