"""Which of the five steps are behind a case: in their order, since it was last returned, and since the matter last changed.

Act by act, as a case does them or as a search does.
"""

from __future__ import annotations

import attrs

from ..language import Procedure, Step, Transition
from ..language.lifecycle import FIVE_STEPS
from .graph import Act
from .reaching import comes_back

_ALL = (1 << len(FIVE_STEPS)) - 1


@attrs.frozen
class Mark:
    """What was behind a case when it first entered a state of no step, and what it had entered before."""

    state: str
    bits: int
    before: frozenset[str]


@attrs.frozen
class Behind:
    """The steps that are behind a case, as ``bits``. ``entered`` and ``marks``: where it was before, as far as a return may
    lead there."""

    bits: int = 0
    entered: frozenset[str] = frozenset()
    marks: tuple[Mark, ...] = ()

    @property
    def all(self) -> bool:
        """Whether all of the steps are behind it."""
        return self.bits == _ALL

    @property
    def missing(self) -> tuple[Step, ...]:
        """Those that are not."""
        return tuple(step for number, step in enumerate(FIVE_STEPS) if not self.bits >> number & 1)


class Folding:
    """What an act does to the steps that are behind a case.

    Who returns to one of them has it and those after it before them again; who returns to a state of no step, all that was not
    behind them when they first entered it; in the scope, all. When the matter changes all are before the case again, unless it is
    in one of the steps, or is led into one: then that one and those after it are.
    """

    def __init__(self, procedure: Procedure) -> None:
        self._procedure = procedure
        self._watched = {name for name in procedure.states if self._is_watched(name)}

    def _is_watched(self, name: str) -> bool:
        """Whether it may be returned to, and does not tell by itself what is behind a case. What has an outcome is entered with
        all of the steps behind, or is at fault."""
        state = self._procedure.states[name]
        if state.step in FIVE_STEPS or state.step is Step.SCOPE or state.outcome is not None:
            return False
        return comes_back(self._procedure.case, name)

    def after(self, behind: Behind, source: str | None, row: Transition) -> Behind:
        """What is behind a case after ``row`` was fired where it stood in ``source`` (``None``: it was opened)."""
        into = source if row.dest is None else row.dest
        assert into is not None, "who creates enters"
        changed = any(self._procedure.facts[name].material for name in row.set)
        if changed and self._procedure.states[into].step not in FIVE_STEPS:
            behind = attrs.evolve(behind, bits=0)
        return behind if row.dest is None else self._entering(behind, source, row.dest)

    def after_act(self, behind: Behind, source: str, act: Act) -> Behind:
        """The same of an act on the case that a search found. What is corrected counts as if it had been stated so at once: no
        step is undone by that."""
        return behind if act.amends else self.after(behind, source, act.row)

    def _entering(self, behind: Behind, source: str | None, state: str) -> Behind:
        step = self._procedure.states[state].step
        bits, marks = behind.bits, behind.marks
        mark = next((one for one in marks if one.state == state), None)
        if step in FIVE_STEPS:
            bit = 1 << FIVE_STEPS.index(step)
            bits = bits & (bit - 1) | bit
        elif step is Step.SCOPE:
            bits = 0
        elif mark is not None and source not in mark.before:
            bits &= mark.bits
        if not self._watched:
            return Behind(bits)
        if state in self._watched and mark is None:
            marks = (*marks, Mark(state, bits, behind.entered))
        return Behind(bits, behind.entered | {state}, marks)
