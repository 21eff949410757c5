"""How a run chooses. The run itself knows nothing of Hypothesis, which makes what failed small."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


class Chooser(abc.ABC):
    """Makes the choices of a run. The first of several options is the simplest: what is made small comes down to it."""

    @abc.abstractmethod
    def number(self, most: int) -> int:
        """A whole number from 0 to ``most``."""

    @abc.abstractmethod
    def example(self, strategy: SearchStrategy[Any]) -> Any:
        """An example of ``strategy``, which somebody gave for the values of a field."""

    def one(self, options: Sequence[T]) -> T:
        """One of ``options``."""
        return options[0] if len(options) == 1 else options[self.number(len(options) - 1)]

    def seldom(self, times: int) -> bool:
        """True about once in so many ``times``."""
        return self.number(times - 1) == times - 1

    def mixed(self, options: Sequence[T]) -> list[T]:
        """``options`` begun at some place, then round."""
        if len(options) < 2:
            return list(options)
        start = self.number(len(options) - 1)
        return [*options[start:], *options[:start]]
