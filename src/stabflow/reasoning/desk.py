"""Where a walk corrects things: by the real `decide`, under the procedure itself.

What its rows have read counts as read, also what no search follows; and whatever no search follows holds.
"""

from __future__ import annotations

import attrs

from ..language import Procedure, Transition
from ..requirements import AnyOf, CaseIs, Requirement
from .cluster import played_by_all, unexamined
from .relaxation import Relaxation
from .stage import Stage


def desk(procedure: Procedure) -> Stage:
    """Where somebody who holds every role corrects what was stated under ``procedure``."""
    relaxation = Relaxation(procedure, procedure.items)
    anywhere = CaseIs(case=tuple(procedure.states))

    def read(own: str | None, asked: Requirement) -> Requirement:
        return asked if relaxation.is_followed(asked, own) else AnyOf(any=(anywhere, asked))

    def rows(own: str | None) -> tuple[Transition, ...]:
        cycle = procedure.lifecycle(own)
        return tuple(
            attrs.evolve(row, requires=tuple(read(own, asked) for asked in row.requires)) for row in cycle.transitions
        )

    items = {name: attrs.evolve(kind, transitions=rows(name)) for name, kind in procedure.items.items()}
    return Stage(unexamined(procedure, **played_by_all(procedure), items=items, transitions=rows(None)))
