"""Making the checks of the store contract, each on a storage of its own."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec

from ...errors import Unsupported
from ...text import Text
from ..conformance.report import CheckResult, ConformanceReport, Outcome
from ..conformance.running import SECONDS, Introduction, concluded, conducted, explained
from ..expectation import ClauseBroken, HarnessBroken
from ..harness import StoreHarness, as_harness
from ..patience import GivenUp, within
from .checks import Check
from .registry import KIT, Level
from .storage import Storage

NO_HYPOTHESIS = Text(
    "random histories need hypothesis: pip install 'stabflow[testing]'",
    "随机历史需要hypothesis：pip install 'stabflow[testing]'",
)


def check_store(
    harness: StoreHarness | type[StoreHarness],
    *,
    levels: Collection[Level | str] | None = None,
    seed: int | None = None,
    seconds: float | None = None,
    effort: int = 1,
    stop_at_first: bool = False,
    only: Sequence[str] | None = None,
) -> ConformanceReport:
    """Make every check of the contract on the store behind ``harness``, and report what came of each.

    ``levels`` are the ones to run, by default all; ``only`` names clauses ("C3") or checks to be made alone; ``seed`` repeats the
    chance of an earlier run; ``seconds`` is the most that one check may take (by default 60); ``effort`` multiplies the rounds of
    races, kills and random histories. With ``stop_at_first`` the first failure ends the run.

    Raises `TypeError` when ``harness`` is none, `ValueError` when a level or a check is not known.
    """
    return conducted(
        KIT,
        as_harness(harness),
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
    harness: StoreHarness,
    capabilities: frozenset[enum.Enum],
    *,
    seed: int,
    seconds: float = SECONDS,
    effort: int = 1,
) -> CheckResult:
    """Make one check on a storage of its own."""
    why = one.lacking(harness, capabilities)
    if why is not None:
        return CheckResult(one, Outcome.NOT_COVERED, why)
    if one.level is Level.MACHINE:
        if find_spec("hypothesis") is None:
            return CheckResult(one, Outcome.NOT_RUN, NO_HYPOTHESIS)
        import_module(".machine", __package__)  # before the clock runs: loading Hypothesis takes a while

    def work() -> None:
        storage = Storage(harness, seed=seed, effort=effort, seconds=seconds)
        try:
            one.run(storage)
        except BaseException as error:
            storage.in_use |= isinstance(error, GivenUp)
            lacking = storage.not_overridden() if _unsupported(error) else []
            with suppress(Exception):  # what came first is what is told
                storage.close()
            if lacking:
                raise ClauseBroken("; ".join(lacking)) from error
            raise
        storage.close()

    return concluded(one, seconds, work)


def _unsupported(error: BaseException | None) -> bool:
    """Whether it is `Unsupported`, or came of that."""
    return error is not None and (isinstance(error, Unsupported) or _unsupported(error.__cause__))


def introduced(harness: StoreHarness, seed: int, seconds: float) -> Introduction:
    """Open an empty storage once: the capabilities the store declares and what it says about itself, or what went wrong."""
    found: list[tuple[frozenset[enum.Enum], dict[str, str]]] = []

    def look() -> None:
        storage = Storage(harness, seed=seed, seconds=seconds)
        try:
            store = storage.open()
            found.append((frozenset(store.capabilities), {str(k): str(v) for k, v in store.about().items()}))
        finally:
            storage.close()

    error = within(seconds, look)
    if isinstance(error, HarnessBroken):
        return frozenset(), {}, error
    if error is not None:
        return frozenset(), {}, ClauseBroken(f"an empty storage could not be opened and closed: {explained(error)}")
    return (*found[0], None)
