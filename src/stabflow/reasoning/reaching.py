"""What arrows lead to, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ..language import Lifecycle

T = TypeVar("T")


def closure(start: Iterable[T], ahead: Callable[[T], Iterable[T]]) -> frozenset[T]:
    """``start``, and all that ``ahead`` leads to from there."""
    found = set(start)
    waiting = list(found)
    while waiting:
        for one in ahead(waiting.pop()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return frozenset(found)


def comes_back(cycle: Lifecycle, state: str) -> bool:
    """Whether what stands in ``state`` can come to stand in it again."""

    def ahead(at: str) -> list[str]:
        return [row.dest for row in cycle.transitions if row.dest is not None and at in cycle.sources(row)]

    return state in closure(ahead(state), ahead)
