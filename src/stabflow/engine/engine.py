"""The engine: procedures, offices and cases in one store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import attrs

from ..case import Appointment
from ..decision.commands import Open
from ..decision.events import Constituted, Event, Withdrawn
from ..decision.evolution import replay
from ..errors import Corrupt, InvalidInput, VersionConflict
from ..history.commit import Circumstances, batch, request_digest, seal
from ..history.index import all_rows
from ..history.record import Record
from ..language import Procedure
from ..plugins import equip
from ..ports.hooks import Plugin
from ..ports.store import CaseQuery, CaseRow, DutyQuery, DutyRow
from ..values import Actor, Basis, Matter, clean_id
from . import streams
from .handle import CaseHandle
from .offices import FOUNDING, OfficeBook, check_constitution, standing
from .registry import Registry
from .shell import RETRIES, Clock, Shell, Work, claimed

HOST = Actor("host:operator", body="host")
"""Who constitutes offices where the host does not say: the operator of the system stabflow runs in."""


@attrs.frozen
class Verified:
    """What `Engine.verify` went through without finding anything wrong."""

    cases: int
    records: int


class Engine:
    """Opens cases, finds them, and keeps the offices. Safe to use from several threads; close it, or use it in ``with``."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store."""
        self._shell.store.close()

    # Procedures

    def procedures(self) -> tuple[str, ...]:
        """The procedures known by name, as ``id@version``."""
        return self._shell.registry.names()

    def procedure(self, name: str) -> Procedure:
        """The procedure known as ``name``: an id (its newest version) or ``id@version``."""
        return self._shell.registry.named(name)

    # Offices

    def constitute(
        self,
        procedure: str | Procedure,
        office: str,
        holder: Actor,
        /,
        basis: Basis | str,
        *,
        by: Actor = HOST,
        key: str | None = None,
        at: datetime | None = None,
    ) -> Record:
        """Fill a standing office of ``procedure``, in every case that runs under any version of it. The authority lies outside
        stabflow: the host vouches for ``by`` and for ``basis``."""
        known = self._known(procedure)
        standing(known, office)
        event = Constituted(procedure=known.id, office=office, holder=holder)
        return self._record_office(known, event, by, Basis.of(basis), key, at)

    def withdraw(
        self,
        procedure: str | Procedure,
        office: str,
        holder: Actor,
        /,
        basis: Basis | str,
        *,
        by: Actor = HOST,
        key: str | None = None,
        at: datetime | None = None,
    ) -> Record:
        """End the tenure of the holder of a standing office, from the next act on."""
        known = self._known(procedure)
        standing(known, office)
        event = Withdrawn(procedure=known.id, office=office, holder=holder)
        return self._record_office(known, event, by, Basis.of(basis), key, at)

    def _record_office(
        self,
        procedure: Procedure,
        event: Constituted | Withdrawn,
        by: Actor,
        basis: Basis,
        key: str | None,
        at: datetime | None,
    ) -> Record:
        shell = self._shell
        digest = None if key is None else request_digest([{"event": event, "by": by, "basis": basis}])
        if key is not None and (found := shell.recall(streams.OFFICES, key, digest)) is not None:
            return shell.records(streams.OFFICES, found)[0]
        for attempt in range(RETRIES + 1):
            offices = shell.offices.current()
            _check_office(procedure, offices.of(procedure.id), event)
            if isinstance(event, Constituted):
                check_constitution(procedure, offices, event.office, event.holder)
            recorded_at, clamped = shell.moment(offices.recorded_at)
            circumstances = Circumstances(
                actor=by,
                role=FOUNDING,
                basis=basis,
                mandate="",
                occurred_at=claimed(at, recorded_at, None),
                recorded_at=recorded_at,
                clamped=clamped,
                key=key,
                procedure=procedure.digest,
            )
            record = seal(streams.OFFICES, offices.version + 1, offices.head, event, circumstances)
            try:
                shell.store.append(batch([record], expected_version=offices.version, key=key, digest=digest))
            except VersionConflict:
                if attempt == RETRIES:
                    raise
                continue
            return record
        raise AssertionError("the last attempt returns or raises")

    def offices(self, procedure: str | Procedure) -> tuple[Appointment, ...]:
        """Who holds the standing offices of ``procedure`` now."""
        return self._shell.offices.current().of(self._known(procedure).id)

    # Cases

    def open_case(
        self,
        procedure: str | Procedure,
        matter: Matter,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        role: str | None = None,
        trigger: str | None = None,
        case_id: str | None = None,
        key: str | None = None,
        at: datetime | None = None,
        **values: object,
    ) -> CaseHandle:
        """Open a case on ``matter``. Its id is ``<procedure>-<matter>-<n>`` unless ``case_id`` is given; ``values`` are the fields of
        the creating row's ``set``. Raises `Refused`, `InvalidInput`, `ProcedureError` and `StoreError`."""
        known = self._known(procedure)
        asked = {
            "procedure": str(known),
            "matter": matter,
            "case_id": case_id,
            "actor": by,
            "role": role,
            "trigger": trigger,
            "basis": Basis.of(basis),
            "values": values,
        }
        digest = None if key is None else request_digest([asked])
        ids: Iterable[str]
        if case_id is not None:
            ids = (clean_id(case_id, "case_id"),)
        else:
            taken = [row.case_id for row in self.cases(matter=matter.key, procedure=known.id)]
            first = len(taken) + 1
            fresh = [f"{known.id}-{matter.key}-{number}" for number in range(first, first + RETRIES + 1)]
            ids = fresh if key is None else [*taken, *fresh]
        if key is not None:
            for one in ids:
                if self._shell.recall(streams.case_stream(one), key, digest) is not None:
                    return CaseHandle(self._shell, one)
        self._shell.registry.check_usable(known)
        for one in ids:
            if self._shell.store.read_stream(streams.case_stream(one), limit=1):
                continue
            command = Open(
                actor=by, basis=Basis.of(basis), role=role, case_id=one, matter=matter, values=values, trigger=trigger
            )
            work = Work(self._shell, known, one, None)
            record = work.do(command, key=key, at=at, matter=matter.key)
            self._shell.registry.keep(
                known, actor=by, role=record.role, basis=record.basis, mandate=record.mandate, now=record.recorded_at
            )
            try:
                work.commit(key=key, digest=digest)
            except VersionConflict:
                continue
            return CaseHandle(self._shell, one)
        raise InvalidInput.at("case_id", f"{case_id or matter.key!r} is taken", "choose another id")

    def case(self, case_id: str) -> CaseHandle:
        """The handle of a case; `InvalidInput` when the store has none of that id."""
        handle = CaseHandle(self._shell, case_id)
        self._shell.load(case_id)
        return handle

    def cases(
        self,
        *,
        matter: str | None = None,
        procedure: str | None = None,
        state: str | None = None,
        step: str | None = None,
        outcome: str | None = None,
        body: str | None = None,
    ) -> Iterator[CaseRow]:
        """The index rows of the cases that match every filter given, by case id."""
        after: str | None = None
        while True:
            page = self._shell.store.find_cases(
                CaseQuery(
                    matter=matter, procedure=procedure, state=state, step=step, outcome=outcome, body=body, after=after
                )
            )
            yield from page.rows
            after = page.next
            if after is None:
                return

    # Proof

    def verify(self) -> Verified:
        """Check every case of the store: its chain, that its records replay, and that the index says the same. `Corrupt` names the
        first thing that is wrong."""
        cases = 0
        records = sum(1 for _ in streams.read(self._shell.store, streams.OFFICES))
        for row in self.cases():
            history = tuple(streams.read(self._shell.store, streams.case_stream(row.case_id)))
            case = replay((record.event, record.stamp) for record in history)
            if case is None:
                raise Corrupt(f"the index has case {row.case_id!r}, of which there is no record")
            procedure = self._shell.registry.of_case(case.procedure, case.procedure_version, case.digest)
            wanted_row, wanted_duties = all_rows(procedure, case)
            if row != wanted_row:
                raise Corrupt(f"the index row of case {row.case_id!r} is not what its records give")
            if sorted(self._duty_rows(row.case_id), key=_order) != sorted(wanted_duties, key=_order):
                raise Corrupt(f"the duties indexed for case {row.case_id!r} are not what its records give")
            cases += 1
            records += len(history)
        return Verified(cases, records)

    def _duty_rows(self, case_id: str) -> Iterator[DutyRow]:
        after: str | None = None
        while True:
            page = self._shell.store.find_duties(DutyQuery(case_id=case_id, after=after))
            yield from page.rows
            after = page.next
            if after is None:
                return

    def _known(self, procedure: str | Procedure) -> Procedure:
        if isinstance(procedure, Procedure):
            self._shell.registry.add(procedure)
            return procedure
        return self._shell.registry.named(procedure)


def _order(row: DutyRow) -> tuple[object, ...]:
    return attrs.astuple(row)


def _check_office(procedure: Procedure, held: Sequence[Appointment], event: Event) -> None:
    if isinstance(event, Withdrawn) and not any(
        (one.role, one.actor) == (event.office, event.holder.id) for one in held
    ):
        raise InvalidInput.at(
            "holder", f"{event.holder.id!r} does not hold {event.office!r} of {procedure.id}", "see engine.offices(…)"
        )


def _now() -> datetime:
    return datetime.now(UTC)


def open_engine(
    url: str,
    *,
    plugins: Sequence[Plugin] = (),
    clock: Clock | None = None,
    procedures: Iterable[Procedure | str | Path] = (),
    calendar: str = "CN",
) -> Engine:
    """An engine over the store at ``url`` (``sqlite:///file.db``, ``memory:``, or what ``plugins`` serve).

    ``procedures`` are known besides the bundled ones (values, or paths of TOML files); ``clock`` tells the time (aware; the
    system's by default); ``calendar`` is the id of the calendar of working days. Raises `InvalidInput`, `ProcedureError`,
    `PluginError` and `StoreError`; nothing is created before the first act.
    """
    equipment = equip(plugins)
    loaded = equipment.calendar(calendar)
    store = equipment.open_store(url)
    try:
        registry = Registry(store, (*equipment.procedures, *procedures))
    except BaseException:
        store.close()
        raise
    return Engine(
        Shell(
            store=store,
            registry=registry,
            offices=OfficeBook(store),
            calendar=loaded,
            clock=clock or _now,
            requirements=equipment.requirements,
            plugin_names=equipment.names,
        )
    )
