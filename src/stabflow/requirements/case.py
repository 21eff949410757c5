"""``case``: the case stands in one of these states or steps."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import ClassVar

import attrs

from ..errors import Blocker, Fault, near_miss
from ..text import Text, either, quoted, say
from .base import Reads, Requirement, Scope, View, names
from .shortfall import Shortfall

_ELSEWHERE = Text("the case must be in {need}, but is in {have}", "案件应处于{need}，现处于{have}")
_NOWHERE = Text("the case must be in {need}, but is {have}", "案件应处于{need}，{have}")


@attrs.frozen(kw_only=True)
class CaseIs(Requirement):
    """The case stands in one of the states, or in one of the steps, named in ``case``."""

    kind: ClassVar[str] = "case"

    case: tuple[str, ...] = attrs.field(converter=names)

    def unmet(self, view: View) -> Shortfall | None:
        if self.names(view.case_state, view.case_step):
            return None
        return Shortfall(functools.partial(self._tell, view))

    def names(self, state: str, step: str) -> bool:
        """Whether a case in ``state``, which belongs to ``step``, stands where it should."""
        return state in self.case or step in self.case

    def _tell(self, view: View) -> Blocker:
        here = view.case_state
        have = quoted(view.title_of_state(here)) if here else Text("not open yet", "尚未启动")
        shown = _ELSEWHERE if here else _NOWHERE
        need = either([view.title_of_state(name) for name in self.case])
        return Blocker(
            kind=self.kind,
            text=say(shown.en, shown.zh, need=need, have=have),
            have=have,
            need=need,
            cure=view.who_enters(self.case),
            facts={"state": here, "needed": list(self.case)},
        )

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        known = scope.case_states() | scope.steps()
        if not self.case:
            yield Fault("case", "names no state", "name states or steps of the case")
        for name in self.case:
            if name not in known:
                yield Fault("case", f"unknown state or step {name!r}", near_miss(name, known))

    def own_reads(self) -> Reads:
        return Reads()

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (cls(case=("deciding",)), cls(case=("investigate", "analyze")))
