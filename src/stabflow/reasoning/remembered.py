"""Answers that a search asks for again and again, kept with whoever gives them and no longer than that."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")


def remembered(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """``method``, which answers the same question of one object once. `functools.cache` would keep every object for ever."""
    name = f"_remembered_{method.__name__}"

    @functools.wraps(method)
    def answer(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        known: dict[object, R] = vars(self).setdefault(name, {})
        try:
            return known[args]
        except KeyError:
            return known.setdefault(args, method(self, *args, **kwargs))

    return answer
