"""Which procedures an engine knows: the bundled ones, those it was given, and those that cases of its store run under."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from ..decision.events import Event, Proved, Registered
from ..errors import Corrupt, Fault, ProcedureError, VersionConflict, near_miss
from ..history.chain import GENESIS
from ..history.commit import batch, seal
from ..history.record import Circumstances, Record
from ..language import Procedure, bundled, bundled_names, from_canonical, load
from ..language.loader import by_version
from ..ports.store import MAX_PAGE, CaseQuery, Store, StreamHead
from ..reasoning.check import CHECKER
from . import pages, streams
from .proofs import REMEMBERED, is_released


class Registry:
    """Procedures by name (``id`` or ``id@version``) and, for running cases, by their digest."""

    def __init__(self, store: Store, given: Iterable[Procedure | str | Path]) -> None:
        self._store = store
        self._given: dict[str, Procedure] = {}
        self._read: dict[bytes, Procedure] = {}
        self._in_use: dict[str, Procedure] = {}
        for one in given:
            procedure = one if isinstance(one, Procedure) else load(one)
            self.check_definition(procedure)
            self._given.setdefault(str(procedure), procedure)

    def over(self, store: Store) -> Registry:
        """A registry that knows the same procedures by name, over another store. What was read of this one need not be read
        again: a procedure is known by its digest, and its text by the hash of its record."""
        other = Registry(store, ())
        other._given, other._read, other._in_use = self._given, self._read, self._in_use
        return other

    def check_definition(self, procedure: Procedure) -> None:
        """`ProcedureError` where another definition of this version is known by its name, also a bundled one."""
        name = str(procedure)
        known = self._given.get(name)
        if known is procedure:
            return
        if known is None and name in bundled_names():
            known = bundled(name)
        if known is not None and known.digest != procedure.digest:
            raise _another_definition(procedure, known.digest)

    def names(self) -> tuple[str, ...]:
        """Every procedure known by name, as ``id@version``."""
        return tuple(dict.fromkeys((*bundled_names(), *self._given)))

    def named(self, name: str) -> Procedure:
        """The procedure known as ``name``: an id (its newest version) or ``id@version``."""
        if name in self._given:
            return self._given[name]
        names = self.names()
        matching = sorted((full for full in names if name in (full, full.partition("@")[0])), key=by_version)
        if not matching:
            known = {*names, *(full.partition("@")[0] for full in names)}
            raise ProcedureError(
                [Fault(name, "no such procedure", near_miss(name, known))], what="the name of a procedure"
            )
        return self._given.get(matching[-1]) or bundled(matching[-1])

    def of_case(self, id_: str, version: str, digest: str) -> Procedure:
        """The procedure with this digest that a case runs under, from the store's own copy where need be."""
        found = self._in_use.get(digest)
        if found is None:
            given = self._given.get(f"{id_}@{version}")
            found = given if given is not None and given.digest == digest else self._kept(id_, version)
            if found is None or (str(found), found.digest) != (f"{id_}@{version}", digest):
                raise Corrupt(
                    f"the store does not keep {id_}@{version} with digest {digest}, under which it has a case"
                )
            self._in_use[digest] = found
        return found

    def versions_of(self, procedure: Procedure) -> tuple[Procedure, ...]:
        """``procedure``, and every other version of it that is known by name or that a case of the store runs under."""
        found = {procedure.digest: procedure}
        for name in self.names():
            if name.partition("@")[0] == procedure.id:
                known = self.named(name)
                found.setdefault(known.digest, known)
        rows = pages.cases(self._store, CaseQuery(procedure=procedure.id, limit=MAX_PAGE))
        for row in {(row.procedure_version, row.digest) for row in rows}:
            if row[1] not in found:
                found[row[1]] = self.of_case(procedure.id, *row)
        return tuple(found.values())

    def _kept(self, id_: str, version: str) -> Procedure | None:
        """The procedure whose text the store keeps, looked up each time: a store may be put back to an older state."""
        stream = streams.procedure_stream(id_, version)
        page = self._store.read_stream(stream, limit=1)
        if not page:
            return None
        if page[0].hash not in self._read:
            self._read[page[0].hash] = _text_of(next(streams.read(self._store, stream)))
        return self._read[page[0].hash]

    def check_usable(self, procedure: Procedure) -> bool:
        """Whether the store keeps ``procedure`` already; `ProcedureError` when it keeps another definition of that version."""
        kept = self._kept(procedure.id, procedure.version)
        if kept is None:
            return False
        if kept.digest != procedure.digest:
            raise _another_definition(procedure, kept.digest)
        return True

    def is_proved(self, procedure: Procedure) -> bool:
        """Whether ``procedure`` was proved by the present rules, and that is known without proving it again."""
        return is_released(procedure) or any(_is_proof(one, procedure) for one in self._records(procedure))

    def _records(self, procedure: Procedure) -> list[Record]:
        return list(streams.read(self._store, _stream_of(procedure)))

    def keep(self, procedure: Procedure, opening: Record, *, proved: bool, offices: StreamHead) -> None:
        """Store the text of ``procedure`` for ever, and that it is ``proved``, where that is not on record yet, as the act of who
        opens a case under it; `VersionConflict` where the ``offices`` are no longer those on which that was decided."""
        while True:
            self.check_usable(procedure)
            present = self._records(procedure)
            missing = _missing(procedure, present, proved=proved)
            if not missing:
                return
            circumstances = Circumstances(
                actor=opening.actor,
                role=opening.role,
                basis=opening.basis,
                mandate=opening.mandate,
                occurred_at=opening.occurred_at,
                recorded_at=max([opening.recorded_at, *(record.recorded_at for record in present[-1:])]),
                procedure=procedure.digest,
            )
            version, head = (present[-1].version, present[-1].hash) if present else (0, GENESIS)
            new: list[Record] = []
            for event in missing:
                new.append(seal(_stream_of(procedure), version + len(new) + 1, head, event, circumstances))
                head = new[-1].hash
            try:
                self._store.append(batch(new, expected_version=version, relies_on=[offices]))
            except VersionConflict as conflict:
                if conflict.stream == offices.stream:
                    raise
                continue
            return


def _stream_of(procedure: Procedure) -> str:
    return streams.procedure_stream(procedure.id, procedure.version)


def _is_proof(record: Record, procedure: Procedure) -> bool:
    event = record.event
    return isinstance(event, Proved) and (event.digest, event.checker) == (procedure.digest, CHECKER)


def _missing(procedure: Procedure, present: Sequence[Record], *, proved: bool) -> list[Event]:
    """What is still to be recorded of ``procedure``."""
    named = {"procedure": procedure.id, "procedure_version": procedure.version, "digest": procedure.digest}
    missing: list[Event] = []
    if not present:
        missing.append(Registered(**named, text=procedure.canonical.decode("utf-8")))
    if proved and not any(_is_proof(record, procedure) for record in present):
        missing.append(Proved(**named, checker=CHECKER))
    return missing


@lru_cache(maxsize=REMEMBERED)
def _written(text: str) -> Procedure:
    """The procedure whose canonical form is ``text``: examined once in a process, not once for every store that keeps it."""
    return from_canonical(text.encode("utf-8"))


def _text_of(record: Record) -> Procedure:
    """The procedure that a record keeps; `Corrupt` when it is not the one it says."""
    event = record.event
    if not isinstance(event, Registered):
        raise Corrupt(f"{record.stream} version {record.version} is {record.tag}, which keeps no procedure")
    kept = _written(event.text)
    said = (event.procedure, event.procedure_version, event.digest)
    if (kept.id, kept.version, kept.digest) != said or record.stream != streams.procedure_stream(kept.id, kept.version):
        raise Corrupt(f"the text that {record.stream} keeps is not that of the procedure recorded with it")
    return kept


def _another_definition(procedure: Procedure, digest: str) -> ProcedureError:
    return ProcedureError(
        [
            Fault(
                "procedure.version",
                f"{procedure} is known with another definition (digest {digest[:12]}, this one has {procedure.digest[:12]})",
                "give the changed procedure a new version",
            )
        ],
        what=f"procedure {procedure}",
    )
