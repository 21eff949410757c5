"""The acts of a dossier as a story: stretch by stretch of one step, what was refused, what the dossier remarks on, what moved;
and what came in between that the dossier does not have."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime

import attrs

from ..case import Case
from ..decision.events import Moved
from ..decision.evolution import evolve
from ..decision.permission import BY_TIME, TIME_TITLE
from ..dossier import Dossier, PlannedAct, Tried
from ..errors import Refused
from ..history.record import Record
from ..language import Procedure, Step
from ..text import Text
from .words import act_title

_ORDER = {step: place for place, step in enumerate(Step)}


@attrs.frozen(kw_only=True)
class Happening:
    """Something worth telling: an act that was refused, that moved the case, or that the dossier remarks on; or what the dossier
    does not have, such as a limit that passed. ``number`` is that of the act in the dossier, 0 where there is none."""

    mark: Text
    at: datetime
    title: Text
    number: int = 0
    note: Text | None = None
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


def stretches(dossier: Dossier, rehearsal: tuple[Tried, ...], history: tuple[Record, ...]) -> Sequence[Stretch]:
    """The acts of ``dossier`` in order, as ``history`` has those that were accepted and ``rehearsal`` those that were refused;
    and what else ``history`` has, such as what time has found."""
    refusals = {tried.act.number: tried.refusal for tried in rehearsal if tried.refusal is not None}
    planned = {dossier.key(act.number) for act in dossier.acts}
    records = {record.key: record for record in history}
    story, waiting = _Story(dossier.procedure), deque(history)
    for act in dossier.acts:
        record = records.get(dossier.key(act.number))
        while waiting and waiting[0] is not record and waiting[0].key not in planned:
            if record is None and waiting[0].occurred_at > act.at:
                break
            story.tell_of(waiting.popleft())
        if record is None:
            story.tell_refused(act, refusals.get(act.number))
        else:
            story.tell_done(act, waiting.popleft())
    for record in waiting:
        story.tell_of(record)
    return [one for one in story.stretches if one.acts or one.happenings]


class _Story:
    """The stretches up to what was told last. Every record of the case must be told, each once and in order."""

    def __init__(self, procedure: Procedure) -> None:
        self._procedure = procedure
        self._case: Case | None = None
        self.stretches: list[Stretch] = []

    def tell_refused(self, act: PlannedAct, refusal: Refused | None) -> None:
        """An act of the dossier that has no record; nothing is told of it but its refusal."""
        stretch = self._stretch(act.at)
        stretch.acts += 1
        if refusal is not None:
            stretch.refused += 1
            title, number = act.title(self._procedure), act.number
            stretch.happenings.append(
                Happening(mark=REFUSED, at=act.at, title=title, number=number, note=act.note, refusal=refusal)
            )

    def tell_done(self, act: PlannedAct, record: Record) -> None:
        """An act of the dossier, and the record of it."""
        before = self._fold(record)
        stretch = self._stretch(act.at, before)
        stretch.acts += 1
        dest = record.event.dest if isinstance(record.event, Moved) else None
        if dest is not None or act.note is not None:
            title, mark = act.title(self._procedure), self._mark(before, dest, NOTED)
            stretch.happenings.append(
                Happening(mark=mark, at=act.at, title=title, number=act.number, note=act.note, dest=dest)
            )
        self._turn(before, act.at)

    def tell_of(self, record: Record) -> None:
        """A record of something that the dossier does not have."""
        before, at = self._fold(record), record.occurred_at
        stretch = self._stretch(at, before)
        dest = record.event.dest if isinstance(record.event, Moved) else None
        mark = self._mark(before, dest, TIME_TITLE if record.role == BY_TIME else NOTED)
        title = act_title(self._procedure, record.event)
        stretch.happenings.append(Happening(mark=mark, at=at, title=title, dest=dest))
        self._turn(before, at)

    def _fold(self, record: Record) -> Case | None:
        """The case before ``record``, which is now behind it."""
        before, self._case = self._case, evolve(self._case, record.event, record.stamp)
        return before

    def _stretch(self, at: datetime, before: Case | None = None) -> Stretch:
        """The stretch in which something happens on a case that stood as ``before``, or stands as it does."""
        if not self.stretches:
            self.stretches.append(Stretch(_step(self._procedure, before or self._case), False, at, at))
        self.stretches[-1].ended = max(self.stretches[-1].ended, at)
        return self.stretches[-1]

    def _turn(self, before: Case | None, at: datetime) -> None:
        """Begin another stretch where the case has come to another step."""
        step = _step(self._procedure, self._case)
        if before is not None and step != _step(self._procedure, before):
            again = any(one.step == step for one in self.stretches)
            self.stretches.append(Stretch(step, again, at, at))

    def _mark(self, before: Case | None, dest: str | None, otherwise: Text) -> Text:
        return otherwise if before is None or dest is None else _mark(self._procedure, before.state, dest)


def _step(procedure: Procedure, case: Case | None) -> Step | None:
    return None if case is None else procedure.states[case.state].step


def _mark(procedure: Procedure, source: str, dest: str) -> Text:
    old, new = procedure.states[source], procedure.states[dest]
    if new.outcome is not None and new.outcome is not old.outcome:
        return DECIDED
    if old.step is not None and new.step is not None and _ORDER[new.step] < _ORDER[old.step]:
        return BACK
    return PASSED if old.step is not new.step else MOVED
