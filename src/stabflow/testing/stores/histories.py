"""What random histories are made of, and what a search through them remembers. This module needs Hypothesis."""

from __future__ import annotations

import time
from typing import Any

import attrs
from hypothesis import strategies as st

from ..harness import StoreHarness
from .material import duty_row, record

HISTORIES, STEPS, MOST_STEPS = 24, 25, 60
"""How many histories are tried, and how many steps each has at most, both times the effort; the steps up to a bound."""

STEP = 0.3
"""Seconds that a step takes."""

SHRINKING = 2.0
"""Seconds that may go into making a history that failed shorter."""

CASES = ("bridge-1", "bridge-2", "Dam", "大桥")
LANES = ("letters", "mail")
STREAMS = (*(f"case/{case}" for case in CASES), "system/offices")
KEYS = ("k1", "k2")
streams = st.sampled_from([*STREAMS, *STREAMS[:1] * 3])  # one of them is longer than the others
WORDS = ("", "a", "b", "大")
CASE_VALUES: dict[str, tuple[Any, ...]] = dict.fromkeys(
    ("matter", "procedure", "state", "step", "outcome", "body"), WORDS
)
DUTY_VALUES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("role", "body", "actor"), WORDS),
    "case_id": CASES,
    "level": (0, 1, 2),
    "breached": (False, True),
}
words = st.sampled_from(WORDS)
filtered = st.sampled_from([None, None, None, None, *WORDS])  # with many filters at once nothing is found
dues = st.sampled_from(["", "2026-12-01T08:00:00.000000Z", "2026-12-02T08:00:00.000000Z"])
keys = st.sampled_from(KEYS)
digests = st.sampled_from(["d1", "d1", "d1", "d2"])
records = st.lists(st.builds(record, st.text("ab大", max_size=4), st.integers(0, 5_000)), min_size=1, max_size=3)
duties = st.lists(
    st.builds(
        duty_row,
        st.just(""),
        st.sampled_from(["case", "item-1", "item-2"]),
        role=words,
        body=words,
        actor=words,
        level=st.integers(0, 2),
        breached=st.booleans(),
        due_at=dues,
        estimated=st.booleans(),
    ),
    max_size=4,
)
filters = dict.fromkeys(CASE_VALUES, filtered)
handles = st.integers(0, 1)
acts = st.fixed_dictionaries(
    {
        "stream": streams,
        "off": st.sampled_from([0] * 8 + [-1, 1]),
        "records": records,
        "case": st.fixed_dictionaries(
            dict.fromkeys(CASE_VALUES, words) | {"round": st.integers(1, 3), "title": st.text(max_size=5)}
        ),
        "duties": duties,
        "cleared": st.sets(st.sampled_from(["case", "item-1", "item-2"])),
        "key": st.none() | st.tuples(keys, digests),
        "relied_on": st.none() | st.tuples(streams, st.sampled_from([0, 0, 0, -1, 1])),
        "snapshot": st.sampled_from([None, None, None, 0, 0, -1, -2, -2, 1]),
        "outbox": st.tuples(st.sampled_from(LANES), st.integers(0, 2)),
        "reminder": st.sampled_from([False] * 6 + [True]),
    }
)


class Enough(BaseException):
    """The time is over; not an `Exception`, so that it ends the whole search."""


@attrs.define
class Search:
    """What the histories of one search share: how long they may take, how many there were, and the shortest that failed."""

    harness: StoreHarness
    seed: int
    until: float
    tried: int = 0
    is_over: bool = False
    failed_at: float | None = None
    steps: list[str] | None = None
    problem: str = ""

    def go_on(self) -> None:
        """Raise `Enough` when the time is over, or so much of it has gone into making a failure shorter."""
        now = time.monotonic()
        if now > self.until or (self.failed_at is not None and now > self.failed_at + SHRINKING):
            self.is_over = True
            raise Enough

    def remember(self, steps: list[str], problem: str) -> None:
        """Keep a history that failed if it is the shortest so far."""
        if self.failed_at is None:
            self.failed_at = time.monotonic()
        if self.steps is None or len(steps) < len(self.steps):
            self.steps, self.problem = list(steps), problem
