"""What every run of one machine shares."""

from __future__ import annotations

import functools
import time
from datetime import timedelta
from pathlib import Path

import attrs

from ...engine.opening import LATE_ENTRY
from ...engine.proofs import is_released
from ...language import Procedure
from ...ports.hooks import Plugin
from ...reasoning.behind import Folding
from ...reasoning.check import check
from ...values import Matter
from ..coverage import Coverage
from ..harness import StoreHarness
from .cast import Cast
from .own_properties import OwnProperties

PROVING = 2.0
"""So many seconds of the processor go into proving a procedure before it is run; what takes longer is run without."""

MATTER = Matter("matter-1", "Matter 1 重大事项")
"""What all cases of a run are about."""


@attrs.frozen(kw_only=True)
class Setting:
    """A procedure with all that its runs need."""

    procedure: Procedure
    harness: StoreHarness
    cast: Cast
    properties: OwnProperties
    coverage: Coverage
    plugins: tuple[Plugin | str, ...] = ()
    calendar: str | Path = "CN"
    source: str = ""
    late_entry: timedelta | None = LATE_ENTRY

    @functools.cached_property
    def proved(self) -> bool:
        """Whether cases are opened as proved, so that the gate may open: where that is known, or soon found out."""
        procedure = self.procedure
        return is_released(procedure) or check(procedure, seconds=PROVING, clock=time.process_time).proved

    @functools.cached_property
    def appoints(self) -> bool:
        """Whether there are roles that are filled in each case."""
        return any(not one.standing for one in self.procedure.roles.values())

    @functools.cached_property
    def stops_clocks(self) -> bool:
        """Whether any state lets its clock be stopped."""
        cycles = self.procedure.lifecycles()
        return any(state.clock_stopped_by for _, cycle in cycles for state in cycle.states.values())

    @functools.cached_property
    def parties(self) -> frozenset[str]:
        """Whoever may act: roles, and fields that may name somebody."""
        return frozenset(self.procedure.roles).union(*(cycle.fields for _, cycle in self.procedure.lifecycles()))

    @functools.cached_property
    def folding(self) -> Folding:
        """Tells which of the five steps are behind a case."""
        return Folding(self.procedure)
