"""Choosing by Hypothesis. This module needs it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from .choosing import Chooser

_NUMBERS: dict[int, SearchStrategy[int]] = {}


class Drawing(Chooser):
    """Chooses by Hypothesis."""

    def __init__(self, draw: DrawFn) -> None:
        self._draw = draw

    def __repr__(self) -> str:
        return "…"

    def number(self, most: int) -> int:
        """A whole number from 0 to ``most``."""
        if most not in _NUMBERS:
            _NUMBERS[most] = st.integers(0, most)
        return self._draw(_NUMBERS[most])

    def example(self, strategy: SearchStrategy[Any]) -> Any:
        """An example of ``strategy``."""
        return self._draw(strategy)


@st.composite
def _choosers(draw: DrawFn) -> Drawing:
    return Drawing(draw)


CHOOSERS: SearchStrategy[Drawing] = _choosers()
"""What each rule draws: it makes every choice of the step from then on."""
