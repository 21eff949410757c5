"""What a run of the kit came to: each check, with its outcome; for people as a table, for programs as plain values."""

from __future__ import annotations

import enum
import textwrap
from collections.abc import Mapping

import attrs

from .registry import Check


class Outcome(enum.Enum):
    """How a check ended: it held, it failed, the store or the harness has nothing to make it on, or it was not got round to."""

    HELD = "held"
    FAILED = "failed"
    NOT_COVERED = "not covered"
    NOT_RUN = "not run"


@attrs.frozen
class CheckResult:
    """The outcome of one check; ``explanation`` says what was expected and found, or why it is not covered."""

    check: Check
    outcome: Outcome
    explanation: str = ""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """The result as plain JSON values; ``seconds`` is how long it took."""
        return {
            "check": self.check.name,
            "clause": self.check.clause,
            "level": self.check.level.value,
            "shows": self.check.shows,
            "outcome": self.outcome.value,
            "explanation": self.explanation,
            "seconds": round(self.seconds, 3),
        }

    def sentence(self) -> str:
        """The clause, the check, and the explanation."""
        return f"{self.check.clause} {self.check.name}: {self.check.shows}\n{textwrap.indent(self.explanation, '  ')}"


class ConformanceFailed(AssertionError):
    """A store does not keep its contract, or nothing was tested that every store must keep; ``report`` has all results."""

    def __init__(self, report: ConformanceReport, problem: str) -> None:
        self.report = report
        super().__init__(problem)


@attrs.frozen
class ConformanceReport:
    """All results of one run, with what repeats it (``seed``) and what it ran on (``versions``)."""

    harness: str
    seed: int
    capabilities: tuple[str, ...]
    versions: Mapping[str, str]
    results: tuple[CheckResult, ...]

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
        """Whether at least one check ran of a clause that every store keeps."""
        return any(not one.check.needs for one in self.covered)

    @property
    def complete(self) -> bool:
        """Whether everything ran that was asked for and that this store and its harness allow, and at least something of what
        every store keeps."""
        return self.required_ran and not self._with(Outcome.NOT_RUN)

    def raise_for_failures(self) -> None:
        """Raise `ConformanceFailed` if a check failed, or if nothing ran that every store must keep."""
        if self.failures:
            said = "\n".join(one.sentence() for one in self.failures)
            many = len(self.failures)
            raise ConformanceFailed(self, f"{many} of {len(self.covered)} checks failed (seed {self.seed})\n{said}")
        if not self.required_ran:
            raise ConformanceFailed(
                self, "no check ran of a clause that every store must keep: nothing is known of this store"
            )

    def as_dict(self) -> dict[str, object]:
        """The report as plain JSON values."""
        return {
            "harness": self.harness,
            "seed": self.seed,
            "capabilities": list(self.capabilities),
            "versions": dict(self.versions),
            "complete": self.complete,
            "results": [one.as_dict() for one in self.results],
        }

    def __str__(self) -> str:
        """A table of all checks, the failures explained below it."""
        width = max((len(one.check.name) for one in self.results), default=0)
        lines = [f"{self.harness}: {', '.join(self.capabilities) or 'no capabilities'}", ""]
        for one in self.results:
            why = f"  {one.explanation}" if one.outcome in {Outcome.NOT_COVERED, Outcome.NOT_RUN} else ""
            line = f"{one.check.clause:<4}  {one.check.level.value:<13}  {one.check.name:<{width}}  {one.outcome.value}{why}"
            lines.append(line)
        lines += ["", f"{len(self.covered)} made, {len(self.failures)} failed, {len(self.not_covered)} not covered"]
        lines += [", ".join(f"{name} {value}" for name, value in self.versions.items()), f"seed {self.seed}"]
        lines += [f"\n{one.sentence()}" for one in self.failures]
        return "\n".join(lines)
