"""Making checks, each within its time: what hangs fails, and the kit goes on."""

from __future__ import annotations

import enum
import platform
import sys
import time
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from ...ports.store import Capability
from ...text import Text, same
from .. import chance
from ..expectation import ClauseBroken, CutShort, HarnessBroken, NotCovered
from ..patience import Hangs, place, within
from .registry import Check, Kit, Level
from .report import CheckResult, ConformanceReport, Outcome

SECONDS = 60.0
"""How long one check may take."""

UNWORKABLE = Text("the harness does not work", "测试支架无法使用")
STOPPED = Text("the run was to stop at the first failure", "按要求，首次失败后即停止")

Introduction = tuple[frozenset[enum.Enum], Mapping[str, str], Exception | None]
"""What a plugin declares, what it says about itself, and what went wrong as it was first opened."""


class Make(Protocol):
    """What makes one check."""

    def __call__(
        self,
        one: Check,
        harness: Any,
        capabilities: frozenset[enum.Enum],
        /,
        *,
        seed: int,
        seconds: float,
        effort: int,
    ) -> CheckResult:
        """What came of the check."""


def conducted(
    kit: Kit,
    harness: Any,
    introduced: Callable[[Any, int, float], Introduction],
    make: Make,
    *,
    levels: Collection[Level | str] | None,
    only: Sequence[str] | None,
    seed: int | None,
    seconds: float | None,
    effort: int,
    stop_at_first: bool,
) -> ConformanceReport:
    """Make the checks of ``kit`` that are asked for, and report what came of each."""
    chosen = kit.chosen(levels, only)
    seed = chance.drawn(seed)
    limit = SECONDS if seconds is None else seconds
    capabilities, about, trouble = introduced(harness, seed, limit)
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
        results.append(make(one, harness, capabilities, seed=seed, seconds=limit, effort=effort))
    return ConformanceReport(
        harness=f"{type(harness).__module__}:{type(harness).__qualname__}",
        seed=seed,
        capabilities=tuple(sorted(capabilities, key=lambda one: one.name)),
        versions=_versions() | dict(about),
        results=tuple(results),
        untested=_untested(harness, capabilities, results, chosen),
        chosen=len(chosen) < len(kit.checks),
        broken=next((one.why for one in results if one.harness_broken), None),
        thing=kit.thing,
    )


def concluded(one: Check, seconds: float, work: Callable[[], None]) -> CheckResult:
    """What comes of the check that ``work`` is, in its time."""
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


def _untested(
    harness: object, capabilities: frozenset[enum.Enum], results: Sequence[CheckResult], asked: Sequence[Check]
) -> tuple[enum.Enum, ...]:
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


def explained(error: BaseException) -> str:
    """What went wrong, with the place where it was not the check itself that said so."""
    if isinstance(error, ClauseBroken | Hangs):
        return str(error) + "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    return f"{type(error).__name__}: {error}{notes}{place(traceback.extract_tb(error.__traceback__))}"


def unworkable(error: HarnessBroken) -> Text:
    """What to say of a check that the harness did not let be made."""
    why = str(error) if error.__cause__ is None else f"{error}: {explained(error.__cause__)}"
    return Text(f"{UNWORKABLE.en}: {why}", f"{UNWORKABLE.zh}：{why}")


def _versions() -> dict[str, str]:
    try:
        ours = version("stabflow")
    except PackageNotFoundError:
        ours = "unknown"
    return {"stabflow": ours, "python": platform.python_version(), "platform": platform.platform()}
