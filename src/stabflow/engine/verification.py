"""Verifying a store: every chain, every replay, every mandate, and the index against all of them."""

from __future__ import annotations

import attrs

from .. import canonical
from ..case import Case
from ..decision.events import Added, ItemMoved, Moved, Opened, Proved, Registered
from ..decision.evolution import evolve
from ..errors import Corrupt
from ..history.index import all_rows
from ..history.record import Record
from ..language.machine import NEW
from ..ports.store import CaseQuery, CaseRow, DutyQuery, Store
from . import pages, streams
from .offices import Offices
from .registry import Registry

_LOOKS = 5
"""How often a case is looked at again because somebody acted on it between two looks."""


@attrs.frozen
class Verified:
    """What `Engine.verify` went through without finding anything wrong."""

    cases: int
    records: int


class Verifier:
    """One verification of a store; it believes nothing that was read before."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self._procedures: dict[str, tuple[str, bool]] = {}
        self._mandates: set[str] = set()
        self._records = 0

    def run(self) -> Verified:
        """Verify everything; `Corrupt` names the first thing that is wrong."""
        self._records = self._read_offices()
        cases = 0
        for row in pages.cases(self._store, CaseQuery()):
            self._case(row)
            cases += 1
        return Verified(cases, self._records)

    def _read_offices(self) -> int:
        offices = Offices()
        for record in streams.read(self._store, streams.OFFICES):
            offices = offices.after(record)
        self._mandates = set(offices.since)
        return offices.version

    def _was_given(self, mandate: str) -> bool:
        """Whether an office was filled by the record of that hash, if need be only a moment ago."""
        if mandate not in self._mandates:
            self._read_offices()
        return mandate in self._mandates

    def _case(self, row: CaseRow) -> None:
        for _ in range(_LOOKS):
            case = self._replayed(row.case_id)
            self._check_procedure(case)
            procedure = self._registry.of_case(case.procedure, case.procedure_version, case.digest)
            wanted, duties = all_rows(procedure, case)
            indexed = set(pages.duties(self._store, DutyQuery(case_id=row.case_id)))
            if row == wanted and indexed == set(duties):
                self._records += case.version
                return
            again = next(
                (one for one in pages.cases(self._store, CaseQuery(matter=row.matter)) if one.case_id == row.case_id),
                row,
            )
            if again.version == row.version == case.version:
                what = "index row" if row != wanted else "list of duties"
                raise Corrupt(f"the {what} of case {row.case_id!r} in the index is not what its records give")
            row = again
        raise Corrupt(f"the index and the records of case {row.case_id!r} are never at the same version")

    def _replayed(self, case_id: str) -> Case:
        case: Case | None = None
        mandates = set[str]()
        for record in streams.read(self._store, streams.case_stream(case_id)):
            if record.mandate not in mandates and not self._was_given(record.mandate):
                raise Corrupt(f"{record.stream} version {record.version} was done under a mandate that nobody gave")
            self._check_row(case, record)
            case = evolve(case, record.event, record.stamp)
            mandates.add(record.hash)
        if case is None:
            raise Corrupt(f"the index has case {case_id!r}, of which there is no record")
        if case.id != case_id:
            raise Corrupt(f"the stream of case {case_id!r} holds case {case.id!r}")
        return case

    def _check_row(self, case: Case | None, record: Record) -> None:
        """A row of the procedure leads where the record says, and the record's role may fire it. Whether its requirements held
        is not decided again."""
        event = record.event
        kind: str | None = None
        dest: str | None
        if isinstance(event, Opened):
            procedure = self._registry.of_case(event.procedure, event.procedure_version, event.digest)
            source, dest = NEW, event.state
        elif case is not None and isinstance(event, Moved | Added | ItemMoved):
            procedure = self._registry.of_case(case.procedure, case.procedure_version, case.digest)
            source, dest = (NEW, event.state) if isinstance(event, Added) else (event.source, event.dest)
            if not isinstance(event, Moved):
                kind = event.kind if isinstance(event, Added) else case.items[event.item].kind
        else:
            return
        move = procedure.tables.get(kind, {}).get(source, {}).get(event.trigger)
        if move is None or move.dest != dest or record.role not in move.row.by:
            raise Corrupt(
                f"{record.stream} version {record.version} does what no row of {procedure} allows a {record.role!r} to do: "
                "stop, keep the file, compare it with a backup"
            )

    def _check_procedure(self, case: Case) -> None:
        stream = streams.procedure_stream(case.procedure, case.procedure_version)
        if stream not in self._procedures:
            self._procedures[stream] = self._kept(stream)
        digest, proved = self._procedures[stream]
        if digest != case.digest:
            raise Corrupt(f"{stream} does not keep the procedure that case {case.id!r} runs under")
        if not (proved or case.unproved):
            raise Corrupt(f"case {case.id!r} was opened as under a proved procedure, and {stream} has no proof of it")

    def _kept(self, stream: str) -> tuple[str, bool]:
        """The digest of the procedure whose text ``stream`` keeps, and whether it was proved."""
        digest, proved = "", False
        for record in streams.read(self._store, stream):
            self._records += 1
            event = record.event
            if record.version == 1 and isinstance(event, Registered):
                if canonical.sha256(event.text.encode("utf-8")) != event.digest:
                    raise Corrupt(f"the text that {stream} keeps is not that of the procedure recorded with it")
                digest = event.digest
            elif isinstance(event, Proved) and event.digest == digest:
                proved = True
            else:
                raise Corrupt(f"{stream} version {record.version} has no place in the stream of a procedure")
        return digest, proved
