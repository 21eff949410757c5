"""The acts of a dossier as a story: stretch by stretch of one step, what was refused, what the dossier remarks on, what moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import attrs

from ..case import Case
from ..decision.events import Moved
from ..decision.evolution import evolve
from ..dossier import Dossier, PlannedAct, Tried
from ..errors import Refused
from ..history.record import Record
from ..language import Procedure, Step
from ..text import Text

_ORDER = {step: place for place, step in enumerate(Step)}


@attrs.frozen
class Happening:
    """Something worth telling: an act that was refused, that moved the case, or that the dossier remarks on."""

    mark: Text
    at: datetime
    act: PlannedAct
    title: Text
    refusal: Refused | None = None
    dest: str | None = None


@attrs.define
class Stretch:
    """What happened while the case stood in one step; ``again`` where it had stood there before."""

    step: Step | None
    again: bool
    began: datetime
    ended: datetime
    acts: int = 0
    refused: int = 0
    happenings: list[Happening] = attrs.field(factory=list)


NOTED = Text("done", "办理")
REFUSED = Text("refused", "拒绝")
PASSED = Text("passed", "通过")
BACK = Text("back", "转回")
DECIDED = Text("decided", "决定")
MOVED = Text("moved", "转入")


def stretches(dossier: Dossier, rehearsal: tuple[Tried, ...], history: tuple[Record, ...]) -> Iterator[Stretch]:
    """The acts of ``dossier`` in order, as ``history`` has those that were accepted and ``rehearsal`` those that were refused."""
    refusals = {tried.act.number: tried.refusal for tried in rehearsal if tried.refusal is not None}
    records: Mapping[str | None, Record] = {record.key: record for record in history}
    procedure = dossier.procedure
    case: Case | None = None
    stretch: Stretch | None = None
    seen: set[Step | None] = set()
    for act in dossier.acts:
        record = records.get(dossier.key(act.number))
        before = case
        if record is not None:
            case = evolve(case, record.event, record.stamp)
        if stretch is None:
            seen.add(_step(procedure, before or case))
            stretch = Stretch(_step(procedure, before or case), False, act.at, act.at)
        stretch.acts += 1
        stretch.ended = act.at
        title = act.title(procedure)
        if record is None:
            if act.number in refusals:
                stretch.refused += 1
                stretch.happenings.append(Happening(REFUSED, act.at, act, title, refusals[act.number]))
            continue
        dest = record.event.dest if isinstance(record.event, Moved) else None
        if dest is not None or act.note is not None:
            mark = NOTED if before is None or dest is None else _mark(procedure, before.state, dest)
            stretch.happenings.append(Happening(mark, act.at, act, title, dest=dest))
        if case is not None and before is not None and _step(procedure, case) != _step(procedure, before):
            yield stretch
            step = _step(procedure, case)
            stretch = Stretch(step, step in seen, act.at, act.at)
            seen.add(step)
    if stretch is not None and stretch.acts:
        yield stretch


def _step(procedure: Procedure, case: Case | None) -> Step | None:
    return None if case is None else procedure.states[case.state].step


def _mark(procedure: Procedure, source: str, dest: str) -> Text:
    old, new = procedure.states[source], procedure.states[dest]
    if new.outcome is not None and new.outcome is not old.outcome:
        return DECIDED
    if old.step is not None and new.step is not None and _ORDER[new.step] < _ORDER[old.step]:
        return BACK
    return PASSED if old.step is not new.step else MOVED
