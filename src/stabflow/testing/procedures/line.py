"""A case of a run, and everything that judges it, record by record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from ...case import Case
from ...decision.events import Moved, Opened
from ...decision.evolution import evolve
from ...decision.view import Context
from ...history.chain import GENESIS
from ...history.record import Record
from ...reasoning.behind import Behind
from ...text import Text, listing, quoted, same, say
from .effects import effects
from .judging import judged
from .limits import Limits
from .sameness import Sameness
from .setting import Setting
from .sides import Sides
from .standing import Broken, Standing


class Line:
    """A case: its value as it was judged last (``None`` before its first record), and which of the five steps are behind it."""

    def __init__(self, setting: Setting, case_id: str) -> None:
        self.id = case_id
        self.behind = Behind()
        self.sides = Sides(setting.procedure)
        self.limits = Limits(setting.procedure)
        self._setting = setting
        self._watch = setting.properties.watch()
        self._seen = Sameness(), Sameness()
        self._value: Case | None = None

    @classmethod
    def at(cls, setting: Setting, case: Case) -> Line:
        """A line that is as far as ``case``; what was judged before is not known."""
        line = cls(setting, case.id)
        line._value = case
        return line

    @property
    def end(self) -> tuple[int, str]:
        """Its version, and the hash of its last record."""
        return (0, GENESIS) if self._value is None else (self._value.version, self._value.head)

    @property
    def value(self) -> Case:
        """The case as its records so far make it."""
        assert self._value is not None, "a line begins with the record that opens its case"
        return self._value

    def is_seen(self, engine: int, case: Case) -> bool:
        """Whether one of the two engines has the case as it was judged."""
        return self._seen[engine].holds(self.value, case)

    def judged(
        self,
        record: Record,
        context_at: Callable[[Record, Case | None], Context],
        elsewhere: Mapping[str, Collection[str]],
        *,
        ticked: bool,
    ) -> Iterator[Broken]:
        """Take in the next record: everything that does not hold of it. ``context_at`` tells what a decision could know then,
        ``elsewhere`` in which roles people have acted in the other cases, ``ticked`` whether time was let pass before."""
        before = self._value
        if record.version != (0 if before is None else before.version) + 1:
            yield Broken("versions", Text("the versions are not contiguous", "版本号不连续"))
        context = context_at(record, before)
        standing = Standing(procedure=self._setting.procedure, before=before, context=context)
        yield from judged(record, standing)
        after = evolve(before, record.event, record.stamp)
        yield from effects(record, standing, after)
        yield from self.sides.broken(record, elsewhere)
        yield from self.limits.broken(record, before, after, ticked=ticked)
        yield from self._five_steps(record, standing)
        self._setting.coverage.recorded(record, standing)
        if before is None:
            context = context_at(record, after)
        yield from self._watch.broken(record, before, after, context)
        self._value = after

    def _five_steps(self, record: Record, standing: Standing) -> Iterator[Broken]:
        event, procedure = record.event, self._setting.procedure
        row = standing.row_of(event) if isinstance(event, Opened | Moved) else None
        if row is None or not isinstance(event, Opened | Moved):
            return
        source = event.source if isinstance(event, Moved) else None
        self.behind = self._setting.folding.after(self.behind, source, row)
        state = event.dest if isinstance(event, Moved) else event.state
        if state is not None and procedure.states[state].outcome is not None and not self.behind.all:
            text = say(
                "it came to {state} without {steps} since it was last returned",
                "自最近一次退回后，未经{steps}即进入{state}",
                state=quoted(procedure.state_title(state)),
                steps=listing([same(step.value) for step in self.behind.missing]),
            )
            yield Broken("five_steps", text, refusable=True)
