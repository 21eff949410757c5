"""Making a counterexample small by leaving steps out, after Hypothesis has made its choices small."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import attrs

from ..coverage import Coverage
from .counterexamples import Counterexample
from .replaying import done_again
from .setting import Setting
from .steps import Came, Step, Verb


def shortened(found: Counterexample, setting: Setting, *, seconds: float) -> Counterexample:
    """``found`` without the steps that it does without, as far as ``seconds`` of the processor go; itself where doing its steps
    once more does not show the same. Who holds the standing offices stays as it was."""
    until = time.process_time() + seconds
    setting = attrs.evolve(setting, coverage=Coverage(setting.procedure))
    shortest = _again(found, setting, found.steps)
    if shortest is None:
        return found
    size = len(shortest.steps)
    while size:
        for steps in _with_gaps(shortest.steps, size):
            if time.process_time() > until:
                return shortest
            less = _again(found, setting, steps)
            if less is not None:
                shortest = less
                break
        else:
            size //= 2
    return shortest


def _again(found: Counterexample, setting: Setting, steps: Sequence[Step]) -> Counterexample | None:
    """What ``steps`` come to, where that is the same as was ``found``."""
    try:
        done_again(setting, steps, [None] * len(steps))
    except Counterexample as again:
        return again if again.broken == found.broken else None
    except Exception:  # noqa: BLE001 - without some steps others may mean nothing
        return None
    return None


def _with_gaps(steps: Sequence[Step], size: int) -> Iterator[tuple[Step, ...]]:
    """``steps`` without what came to nothing, and without each ``size`` of them in a row, the last ones first."""
    done = tuple(one for one in steps[:-1] if one.came is Came.DONE) + tuple(steps[-1:])
    if len(done) < len(steps):
        yield done
    first = next((n for n, one in enumerate(steps) if one.verb is not Verb.CONSTITUTE), len(steps))
    for start in range(len(steps) - size, first - 1, -size):
        yield (*steps[:start], *steps[start + size :])
