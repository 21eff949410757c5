"""Searching random histories for one that goes otherwise than it must, within its time. This module needs Hypothesis."""

from __future__ import annotations

import time

import attrs
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from ...text import say
from ..expectation import ClauseBroken, CutShort
from ..harness import StoreHarness
from .storage import Storage

HISTORIES, STEPS, MOST_STEPS = 24, 25, 60
"""How many histories are tried, and how many steps each has at most, both times the effort; the steps up to a bound."""

SHRINKING = 2.0
"""Seconds that may go into making a history that failed shorter."""


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


def search_for_a_difference(storage: Storage, histories: type[RuleBasedStateMachine]) -> None:
    """Try ``histories``, which are given the ``search``, until there were enough; raise what the shortest that failed came to."""
    most = HISTORIES * storage.effort
    search = Search(storage.harness, storage.seed, time.monotonic() + 0.8 * storage.left())
    machine = type(histories.__name__, (histories,), {"search": search})
    seed(storage.seed)(machine)
    chosen = settings(
        max_examples=most,
        stateful_step_count=min(MOST_STEPS, STEPS * storage.effort),
        deadline=None,
        database=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    error: BaseException | None = None
    try:
        run_state_machine_as_test(machine, settings=chosen)
    except (Exception, Enough) as caught:  # noqa: BLE001 - raised below, with the steps if they are known
        error = caught
    if search.steps is not None:
        steps = "\n".join(f"    {number}. {step}" for number, step in enumerate(search.steps, 1))
        raise ClauseBroken(f"{search.problem}\n  the steps:\n{steps}") from error
    if error is not None and search.is_over:  # Hypothesis may call it flaky that a history was broken off
        raise CutShort(
            say(
                "the time was over after {n} of {whole} random histories, none of which failed",
                "{whole}段随机历史中完成{n}段后时间已到，均未失败",
                n=search.tried,
                whole=most,
            )
        )
    if error is not None:
        raise error
