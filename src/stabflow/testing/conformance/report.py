"""What a run of the kit came to: each check, with its outcome; for people as a table, for programs as plain values."""

from __future__ import annotations

import enum
import textwrap
from collections.abc import Mapping

import attrs

from ...ports.store import Capability
from ...text import Language, Text, same
from .registry import Check

FEW = 3
"""Where more than so many checks failed, one mistake may well be behind them all."""


class Outcome(enum.Enum):
    """How a check ended: it held, it failed, the plugin or the harness has nothing to make it on, or it was not got through."""

    HELD = "held"
    FAILED = "failed"
    NOT_COVERED = "not covered"
    NOT_RUN = "not run"


@attrs.frozen
class CheckResult:
    """The outcome of one check, and how many seconds it took; ``harness_broken`` where it was not made because the harness
    does not work."""

    check: Check
    outcome: Outcome
    why: Text = same("")
    seconds: float = 0.0
    harness_broken: bool = False

    @property
    def explanation(self) -> str:
        """What was expected and found, or why the check was not made; empty where it held."""
        return self.why.en

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The result as plain JSON values; ``seconds`` is how long it took."""
        return {
            "check": self.check.name,
            "clause": self.check.clause,
            "level": self.check.level.value,
            "shows": self.check.shows,
            "outcome": self.outcome.value,
            "explanation": self.why.get(language),
            "seconds": round(self.seconds, 3),
        }

    def sentence(self) -> str:
        """The clause, the check, what it shows, and the explanation."""
        return f"{self.check.clause} {self.check.name}: {self.check.shows}\n{textwrap.indent(self.explanation, '  ')}"


class ConformanceFailed(AssertionError):
    """A plugin does not keep its contract, or nothing was tested that every one of its kind must keep; ``report`` has all
    results."""

    def __init__(self, report: ConformanceReport, problem: str) -> None:
        self.report = report
        super().__init__(problem)


@attrs.frozen
class ConformanceReport:
    """All results of one run, with what repeats it (``seed``) and what it ran on (``versions``)."""

    harness: str
    seed: int
    capabilities: tuple[enum.Enum, ...]
    versions: Mapping[str, str]
    results: tuple[CheckResult, ...]
    untested: tuple[enum.Enum, ...] = ()
    """What the plugin declares and no check can be made of, because the harness offers too little. DURABLE is among them also
    where a process was killed, but the power not cut."""
    chosen: bool = False
    """Whether some levels or checks alone were asked for."""
    broken: Text | None = None
    """Why the harness does not work, if it does not: then it is not known whether the plugin does."""
    thing: Text = Text("store", "存储")
    """Of what it is the contract."""

    def _with(self, *outcomes: Outcome) -> tuple[CheckResult, ...]:
        return tuple(one for one in self.results if one.outcome in outcomes)

    @property
    def covered(self) -> tuple[CheckResult, ...]:
        """The checks that were made, whatever came of them."""
        return self._with(Outcome.HELD, Outcome.FAILED)

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The checks that failed."""
        return self._with(Outcome.FAILED)

    @property
    def not_covered(self) -> tuple[CheckResult, ...]:
        """The checks that were not made, each with the reason."""
        return self._with(Outcome.NOT_COVERED, Outcome.NOT_RUN)

    @property
    def required_ran(self) -> bool:
        """Whether at least one check ran of a clause that every plugin of its kind keeps."""
        return any(not one.check.needs for one in self.covered)

    @property
    def power_not_cut(self) -> bool:
        """Whether a store declares DURABLE, and held against ``kill -9`` alone, which does not show that it syncs."""
        made = any(Capability.DURABLE in one.check.needs for one in self.covered)
        return made and Capability.DURABLE in self.untested

    @property
    def complete(self) -> bool:
        """Whether all that was asked for could be said: something ran of what every plugin of its kind keeps (or, where some
        checks alone were asked for, of those), nothing was cut short, and nothing that it declares went untested; but that the
        power was not cut is told by ``untested`` alone, because of a database on a server no harness can cut it."""
        ran = bool(self.covered) if self.chosen else self.required_ran
        left = [one for one in self.untested if not (one is Capability.DURABLE and self.power_not_cut)]
        return ran and not self._with(Outcome.NOT_RUN) and not left

    def raise_for_failures(self) -> None:
        """Raise `ConformanceFailed` if a check failed, if the harness does not work, or if nothing ran that every plugin of
        its kind must keep; where some checks alone were asked for, if none of them could be made."""
        if self.failures:
            said = "\n".join(one.sentence() for one in self.failures)
            many = len(self.failures)
            first = "; begin with the first" if many > FEW else ""
            raise ConformanceFailed(
                self, f"{many} of {len(self.covered)} checks failed (seed {self.seed}){first}\n{said}"
            )
        if self.broken is not None:
            raise ConformanceFailed(self, self.broken.en)
        if self.chosen and not self.covered:
            raise ConformanceFailed(self, f"none of the {len(self.results)} checks asked for could be made")
        if not self.chosen and not self.required_ran:
            problem = f"no check ran of what every {self.thing} must keep: nothing is known of this {self.thing}"
            raise ConformanceFailed(self, problem)

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The report as plain JSON values; reasons why something is not covered are in ``language``."""
        return {
            "harness": self.harness,
            "seed": self.seed,
            "capabilities": [one.name for one in self.capabilities],
            "untested": [one.name for one in self.untested],
            "versions": dict(self.versions),
            "complete": self.complete,
            "power_not_cut": self.power_not_cut,
            "broken": None if self.broken is None else self.broken.get(language),
            "results": [one.as_dict(language) for one in self.results],
        }

    def __str__(self) -> str:
        """A table of all checks, the failures explained below it."""
        width = max((len(one.check.name) for one in self.results), default=0)
        names = [one.name for one in self.capabilities]
        lines = [self.harness, f"declares {', '.join(names) or 'no capabilities'}", ""]
        for one in self.results:
            why = f"  {one.explanation}" if one.outcome in {Outcome.NOT_COVERED, Outcome.NOT_RUN} else ""
            line = f"{one.check.clause:<4}  {one.check.level.value:<13}  {one.check.name:<{width}}  {one.outcome.value}"
            lines.append(line + why)
        made, failed, left = len(self.covered), len(self.failures), len(self.not_covered)
        whole = "" if self.complete else "; this is not all that should be known"
        lines += ["", f"{made} checks made, {failed} failed, {left} not covered{whole}"]
        if self.untested:
            lines.append(f"declared, and not tested: {', '.join(one.name for one in self.untested)}")
        if self.power_not_cut:
            lines.append("durable against kill -9; the power was not cut")
        if self.broken is not None:
            lines.append(self.broken.en)
        if failed > FEW:
            lines.append("begin with the first that failed")
        lines += [", ".join(f"{name} {value}" for name, value in self.versions.items()), f"seed {self.seed}"]
        lines += [f"\n{one.sentence()}" for one in self.failures]
        return "\n".join(lines)
