"""Counting anew by the engine's calendar what is owed, case by case, each a recorded act of its own."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..calendar import DueTime
from ..decision.events import Recount
from ..decision.evolution import evolve
from ..decision.recalendaring import CALENDAR_AUTHORITY, Kept, recount
from ..errors import VersionConflict
from ..history.commit import batch, head, seal
from ..history.record import Circumstances, Record
from ..ports.store import MAX_PAGE, DutyQuery
from ..text import Language
from ..values import Actor, Basis, moment_text
from . import observers, pages, streams
from .shell import RETRIES, Shell, present, recorded


@attrs.frozen(kw_only=True)
class Recalendaring:
    """What became of the due times of a case, or would: those ``recounted``, those ``kept`` as they were, and why; ``record`` is
    there where it was done."""

    case_id: str
    recounted: tuple[Recount, ...] = ()
    kept: tuple[Kept, ...] = ()
    record: Record | None = None

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The same as plain JSON values, its sentences in ``language``."""
        return {
            "case": self.case_id,
            "recounted": [
                {"duty": one.duty, "level": one.level, "old": _plain(one.old), "new": _plain(one.new)}
                for one in self.recounted
            ],
            "kept": [
                {"duty": one.duty, "level": one.level, "due": _plain(one.due), "reason": one.reason.get(language)}
                for one in self.kept
            ],
            "version": None if self.record is None else self.record.version,
        }


def _plain(due: DueTime) -> dict[str, object]:
    return {"due": moment_text(due.at), "estimated": due.estimated, "calendar": due.calendar}


def recalendar(shell: Shell, by: Actor, basis: Basis, *, dry_run: bool) -> Iterator[Recalendaring]:
    """Every case that owes something, one after the other; only those are told in which something moves or is kept. What was
    counted anew once is not counted again, so that whoever breaks it off and begins again goes on with what is left."""
    query = DutyQuery(limit=MAX_PAGE)
    for case_id in list(dict.fromkeys(row.case_id for row in pages.duties(shell.store, query))):
        done = _recalendared(shell, case_id, by, basis, dry_run=dry_run)
        if done.recounted or done.kept:
            yield done


def _recalendared(shell: Shell, case_id: str, by: Actor, basis: Basis, *, dry_run: bool) -> Recalendaring:
    for attempt in range(RETRIES + 1):
        procedure, case, offices = shell.standing(case_id)
        now = shell.now()
        at = present(now, case, offices)
        found = recount(procedure, case, shell.context(procedure, at, offices, ()))
        told = Recalendaring(
            case_id=case_id, recounted=() if found.event is None else found.event.recounted, kept=found.kept
        )
        if found.event is None or dry_run:
            return told
        recorded_at, clamped = recorded(now, case.recorded_at, at)
        circumstances = Circumstances(
            actor=by,
            role=CALENDAR_AUTHORITY,
            basis=basis,
            mandate="",
            occurred_at=at,
            recorded_at=recorded_at,
            clamped=clamped,
            procedure=procedure.digest,
            plugins=shell.plugin_names,
        )
        stream = streams.case_stream(case_id)
        record = seal(stream, case.version + 1, case.head, found.event, circumstances)
        after = evolve(case, record.event, record.stamp)
        wanted = batch(
            [record],
            expected_version=case.version,
            procedure=procedure,
            before=case,
            after=after,
            relies_on=(head(stream, case.version, case.head),),
            snapshots=shell.snapshots,
        )
        try:
            shell.store.append(wanted)
        except VersionConflict:
            if attempt == RETRIES:
                raise
            continue
        shell.remember(after)
        observers.recorded(shell, after, (record,))
        return attrs.evolve(told, record=record)
    raise AssertionError("the last attempt returns or raises")
