"""Whether a procedure is proved: by the release it came with, by a record of the store, else by proving it now."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Literal

from ..errors import Fault, ProcedureNotProved
from ..language import Procedure
from ..language.loader import bundled_digests
from ..reasoning.check import check
from ..reasoning.report import Finding, Report, Status

Unproved = Literal["refuse", "allow"]
"""Whether a case may be opened under a procedure that nobody has proved."""

PATIENCE = 120.0
"""So many seconds of the processor a case that is to be opened waits for a proof: what takes longer is not proved."""

REMEMBERED = 64
"""So many procedures are proved once in a process, not once for every store."""


@lru_cache(maxsize=REMEMBERED)
def report_of(procedure: Procedure) -> Report:
    """What `check` says of ``procedure``."""
    return check(procedure, seconds=PATIENCE, clock=time.process_time)


def is_released(procedure: Procedure) -> bool:
    """Whether ``procedure`` came with stabflow, and was therefore proved when that was released."""
    return bundled_digests().get(str(procedure)) == procedure.digest


def prove(procedure: Procedure) -> None:
    """`ProcedureNotProved`, with what stands against it, unless ``procedure`` can be proved."""
    report = report_of(procedure)
    if report.proved:
        return
    open_ = [one for one in report.findings if one.status in (Status.FLAWED, Status.INCOMPLETE)]
    raise ProcedureNotProved(map(_fault, open_), procedure=str(procedure), digest=procedure.digest)


def _fault(finding: Finding) -> Fault:
    cure = (
        "mend the procedure; `stabflow check` shows the acts that lead there" if finding.trace else "mend the procedure"
    )
    if finding.status is Status.INCOMPLETE:
        cure = 'simplify it, or open the case with unproved="allow": that is on record, and no gate opens for it'
    return Fault(finding.path or finding.property, f"{finding.status.value}: {finding.text.en}", cure)
