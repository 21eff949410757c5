"""Making the checks of the notifier contract, each on a channel of its own."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from contextlib import suppress

from ..conformance.registry import Check, Level
from ..conformance.report import CheckResult, ConformanceReport, Outcome
from ..conformance.running import SECONDS, Introduction, concluded, conducted, explained
from ..expectation import ClauseBroken, HarnessBroken
from ..harness import made_of
from ..patience import GivenUp, within
from . import checks  # noqa: F401 - importing them registers them
from .channel import Channel
from .harness import NotifierHarness
from .registry import KIT, Declares


def check_notifier(
    harness: NotifierHarness | type[NotifierHarness],
    *,
    levels: Collection[Level | str] | None = None,
    seed: int | None = None,
    seconds: float | None = None,
    effort: int = 1,
    stop_at_first: bool = False,
    only: Sequence[str] | None = None,
) -> ConformanceReport:
    """Make every check of the contract on the notifier behind ``harness``, and report what came of each.

    ``levels`` are the ones to run, by default all; ``only`` names clauses ("N3") or checks to be made alone; ``seed`` repeats the
    chance of an earlier run; ``seconds`` is the most that one check may take (by default 60); ``effort`` multiplies the random
    texts and the rounds of threads. With ``stop_at_first`` the first failure ends the run.

    Raises `TypeError` when ``harness`` is none, `ValueError` when a level or a check is not known.
    """
    return conducted(
        KIT,
        made_of(harness, NotifierHarness),
        introduced,
        make,
        levels=levels,
        only=only,
        seed=seed,
        seconds=seconds,
        effort=effort,
        stop_at_first=stop_at_first,
    )


def make(
    one: Check,
    harness: NotifierHarness,
    capabilities: frozenset[enum.Enum],
    *,
    seed: int,
    seconds: float = SECONDS,
    effort: int = 1,
) -> CheckResult:
    """Make one check on a channel of its own."""
    why = one.lacking(harness, capabilities)
    if why is not None:
        return CheckResult(one, Outcome.NOT_COVERED, why)

    def work() -> None:
        channel = Channel(harness, seed=seed, effort=effort, seconds=seconds)
        try:
            one.run(channel)
        except BaseException as error:
            channel.in_use |= isinstance(error, GivenUp)
            with suppress(Exception):  # what came first is what is told
                channel.close()
            raise
        channel.close()

    return concluded(one, seconds, work)


def introduced(harness: NotifierHarness, seed: int, seconds: float) -> Introduction:
    """Open a notifier once: what it declares, or what went wrong."""
    found: list[frozenset[enum.Enum]] = []

    def look() -> None:
        channel = Channel(harness, seed=seed, seconds=seconds)
        try:
            deduplicates = channel.open().deduplicates
            if not isinstance(deduplicates, bool):
                raise ClauseBroken(f"deduplicates is {deduplicates!r:.40}; it must be True or False")
            found.append(frozenset({Declares.DEDUPLICATES} if deduplicates else set()))
        finally:
            channel.close()

    error = within(seconds, look)
    if isinstance(error, HarnessBroken):
        return frozenset(), {}, error
    if error is not None:
        return frozenset(), {}, ClauseBroken(f"a notifier could not be opened and closed: {explained(error)}")
    return found[0], {}, None
