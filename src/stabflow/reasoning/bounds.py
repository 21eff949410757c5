"""The bounds of a search: what is said where one is hit, and what to do next; and how long a check may take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TypedDict

import attrs

from ..text import Text, joined, say

Clock = Callable[[], float]
"""Seconds since some moment, never fewer than before."""


class OutOfTime(Exception):
    """The time that a check may take is over."""


@attrs.frozen(eq=False)
class Deadline:
    """When ``seconds`` are over, by ``clock``."""

    seconds: float = math.inf
    clock: Clock = time.monotonic
    _end: float = attrs.field(init=False)

    @_end.default
    def _from_now(self) -> float:
        return self.clock() + self.seconds if math.isfinite(self.seconds) else math.inf

    @property
    def is_over(self) -> bool:
        """Whether it is."""
        return math.isfinite(self._end) and self.clock() >= self._end

    def check(self) -> None:
        """`OutOfTime` where it is over."""
        if self.is_over:
            raise OutOfTime

    def hit(self) -> Text:
        """What is said where it is over."""
        return say(
            "the {n} seconds that it may take were over: give it more (seconds), or let fewer things be asked for at once",
            "规定的{n}秒已用完：请延长时间（seconds），或减少同时要求的内容",
            n=f"{self.seconds:g}",
        )


UNBOUNDED = Deadline()


class Bounds(TypedDict):
    """What every search is given."""

    corrected: bool
    max_states: int
    deadline: Deadline


def too_many_states(number: int) -> Text:
    """What is said where a search came to more states than it may."""
    return say(
        "a search came to more than {n} states: give it more (max_states), or state a conclusion as a fact where much is counted",
        "搜索的状态超过{n}个：请提高上限（max_states），或将需多项计数才能作出的判断填报为事实",
        n=number,
    )


def too_many_ways(title: Text, number: int) -> Text:
    """What is said where an act may state what it states in more ways than are tried."""
    return say(
        "“{act}” may state in more than {n} ways what is asked for: state it in several acts, or ask for less of it",
        "“{act}”所填报的被要求内容超过{n}种组合：请分多次填报，或减少要求",
        act=title,
        n=number,
    )


def all_hit(hit: Sequence[Text]) -> Text:
    """Several bounds in one text."""
    return joined(list(dict.fromkeys(hit)), Text("; ", "；"))
