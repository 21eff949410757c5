"""Choosing by Hypothesis. This module needs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from .choosing import Chooser

AT_ONCE = 16
"""So many choices are drawn together, a byte each: that takes as long as to draw one of them alone, and each is made small by
itself all the same."""

_SOME = st.binary(min_size=AT_ONCE, max_size=AT_ONCE)
_BYTE = 256


class Drawing(Chooser):
    """Chooses by Hypothesis."""

    def __init__(self, draw: DrawFn) -> None:
        self._draw = draw
        self._drawn: Iterator[int] = iter(())

    def __repr__(self) -> str:
        return "…"

    def number(self, most: int) -> int:
        """A whole number from 0 to ``most``."""
        if most >= _BYTE:
            return self._draw(st.integers(0, most))
        drawn = next(self._drawn, None)
        if drawn is None:
            self._drawn = iter(self._draw(_SOME))
            drawn = next(self._drawn)
        return drawn % (most + 1)

    def example(self, strategy: SearchStrategy[Any]) -> Any:
        """An example of ``strategy``."""
        return self._draw(strategy)


@st.composite
def _choosers(draw: DrawFn) -> Drawing:
    return Drawing(draw)


CHOOSERS: SearchStrategy[Drawing] = _choosers()
"""What each rule draws: it makes every choice of the step from then on."""
