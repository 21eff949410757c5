"""Making checks, each within its time: a store that hangs fails, and the kit goes on."""

from __future__ import annotations

import platform
import sys
import time
import traceback
from collections.abc import Collection, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from ...errors import Unsupported
from ...ports.store import Capability
from ...text import Text, same
from .. import chance
from ..expectation import ClauseBroken, CutShort, HarnessBroken, NotCovered
from ..harness import StoreHarness, as_harness
from ..patience import GivenUp, Hangs, place, within
from .checks import CHECKS, Check, ordered
from .registry import CLAUSES, LEVELS, Level
from .report import CheckResult, ConformanceReport, Outcome
from .storage import Storage

SECONDS = 60.0
"""How long one check may take."""

UNWORKABLE = Text("the harness does not work", "测试支架无法使用")
STOPPED = Text("the run was to stop at the first failure", "按要求，首次失败后即停止")
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
    tested = as_harness(harness)
    chosen = chosen_checks(levels, only)
    seed = chance.drawn(seed)
    limit = SECONDS if seconds is None else seconds
    capabilities, about, trouble = introduced(tested, seed, limit)
    results: list[CheckResult] = []
    for one in chosen:
        if isinstance(trouble, HarnessBroken):
            results.append(CheckResult(one, Outcome.NOT_RUN, unworkable(trouble), harness_broken=True))
            continue
        if trouble is not None:
            results.append(CheckResult(one, Outcome.FAILED, same(str(trouble))))
            break
        if stop_at_first and any(result.outcome is Outcome.FAILED for result in results):
            results.append(CheckResult(one, Outcome.NOT_RUN, STOPPED))
            continue
        results.append(make(one, tested, capabilities, seed=seed, seconds=limit, effort=effort))
    return ConformanceReport(
        harness=f"{type(tested).__module__}:{type(tested).__qualname__}",
        seed=seed,
        capabilities=tuple(sorted(capabilities, key=lambda one: one.name)),
        versions=_versions() | about,
        results=tuple(results),
        untested=_untested(tested, capabilities, results, chosen),
        chosen=len(chosen) < len(CHECKS),
        broken=next((one.why for one in results if one.harness_broken), None),
    )


def _untested(
    harness: StoreHarness, capabilities: frozenset[Capability], results: Sequence[CheckResult], asked: Sequence[Check]
) -> tuple[Capability, ...]:
    """The capabilities of which no check was made, nor could be, of those that were asked for and need them; and DURABLE, where
    the power could not be cut."""
    unmade = {one.check for one in results if one.outcome is Outcome.NOT_COVERED}
    found = []
    for capability in sorted(capabilities, key=lambda one: one.name):
        needing = [one for one in asked if capability in one.needs <= capabilities]
        made = [one for one in needing if one not in unmade and one.lacking(harness, capabilities) is None]
        by_power = [one for one in needing if one.level is Level.POWER and one.needs == {Capability.DURABLE}]
        if (needing and not made) or (by_power and not set(by_power) & set(made)):
            found.append(capability)
    return tuple(found)


def chosen_checks(levels: Collection[Level | str] | None, only: Sequence[str] | None) -> list[Check]:
    """The checks of these levels and names, in order; `ValueError` for a level, clause or check that there is not."""
    known = {level.value.replace(" ", "-"): level for level in LEVELS}
    wanted = set()
    for level in LEVELS if levels is None else levels:
        found = level if isinstance(level, Level) else known.get(level.replace(" ", "-"))
        if found is None:
            raise ValueError(f"there is no level {level!r}; there are {', '.join(known)}")
        wanted.add(found)
    names = None if only is None else set(only)
    unknown = (names or set()) - {one.name for one in CHECKS} - set(CLAUSES)
    if unknown:
        raise ValueError(f"there is no check and no clause {', '.join(sorted(unknown))}")
    return [
        one for one in ordered() if one.level in wanted and (names is None or one.name in names or one.clause in names)
    ]


def make(
    one: Check,
    harness: StoreHarness,
    capabilities: frozenset[Capability],
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

    began = time.monotonic()
    patience = sys.getswitchinterval()
    error = within(seconds, work)
    sys.setswitchinterval(patience)
    took = time.monotonic() - began
    if error is None:
        return CheckResult(one, Outcome.HELD, seconds=took)
    if isinstance(error, HarnessBroken):
        return CheckResult(one, Outcome.NOT_RUN, unworkable(error), took, harness_broken=True)
    if isinstance(error, NotCovered | CutShort):
        outcome = Outcome.NOT_COVERED if isinstance(error, NotCovered) else Outcome.NOT_RUN
        return CheckResult(one, outcome, error.why, took)
    return CheckResult(one, Outcome.FAILED, same(explained(error)), took)


def explained(error: BaseException) -> str:
    """What went wrong, with the place where it was not the check itself that said so."""
    if isinstance(error, ClauseBroken | Hangs):
        return str(error) + "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    return f"{type(error).__name__}: {error}{notes}{place(traceback.extract_tb(error.__traceback__))}"


def _unsupported(error: BaseException | None) -> bool:
    """Whether it is `Unsupported`, or came of that."""
    return error is not None and (isinstance(error, Unsupported) or _unsupported(error.__cause__))


def unworkable(error: HarnessBroken) -> Text:
    """What to say of a check that the harness did not let be made."""
    why = str(error) if error.__cause__ is None else f"{error}: {explained(error.__cause__)}"
    return Text(f"{UNWORKABLE.en}: {why}", f"{UNWORKABLE.zh}：{why}")


def introduced(
    harness: StoreHarness, seed: int, seconds: float
) -> tuple[frozenset[Capability], dict[str, str], Exception | None]:
    """Open an empty storage once: the capabilities the store declares and what it says about itself, or what went wrong."""
    found: list[tuple[frozenset[Capability], dict[str, str]]] = []

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


def _versions() -> dict[str, str]:
    try:
        ours = version("stabflow")
    except PackageNotFoundError:
        ours = "unknown"
    return {"stabflow": ours, "python": platform.python_version(), "platform": platform.platform()}
