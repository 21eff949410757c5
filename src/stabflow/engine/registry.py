"""Which procedures an engine knows: the bundled ones, those it was given, and those that cases of its store run under."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from ..decision.events import Registered
from ..errors import Corrupt, Fault, ProcedureError, VersionConflict, near_miss
from ..history.chain import GENESIS
from ..history.commit import batch, seal
from ..history.record import Circumstances, Record
from ..language import Procedure, bundled, bundled_names, from_canonical, load
from ..language.canonical_form import canonical_bytes
from ..ports.store import Store
from ..values import Actor, Basis
from . import streams


class Registry:
    """Procedures by name (``id`` or ``id@version``) and, for running cases, by their digest."""

    def __init__(self, store: Store, given: Iterable[Procedure | str | Path]) -> None:
        self._store = store
        self._given: dict[str, Procedure] = {}
        self._read: dict[bytes, Procedure] = {}
        self._in_use: dict[str, Procedure] = {}
        for one in given:
            self.add(one if isinstance(one, Procedure) else load(one))

    def over(self, store: Store) -> Registry:
        """A registry that knows the same procedures by name, over another store."""
        return Registry(store, self._given.values())

    def add(self, procedure: Procedure) -> None:
        """Make ``procedure`` known by its name; another definition of the same version is refused, also of a bundled one."""
        name = str(procedure)
        known = self._given.get(name)
        if known is procedure:
            return
        if known is None and name in bundled_names():
            known = bundled(name)
        if known is not None and known.digest != procedure.digest:
            raise _another_definition(procedure, known.digest)
        self._given.setdefault(name, procedure)

    def names(self) -> tuple[str, ...]:
        """Every procedure known by name, as ``id@version``."""
        return tuple(dict.fromkeys((*bundled_names(), *self._given)))

    def named(self, name: str) -> Procedure:
        """The procedure known as ``name``: an id (its newest version) or ``id@version``; given ones before bundled ones."""
        matching = [known for full, known in self._given.items() if name in (full, known.id)]
        if matching:
            return matching[-1]
        known = {*self.names(), *(full.partition("@")[0] for full in self.names())}
        if name not in known:
            raise ProcedureError(
                [Fault(name, "no such procedure", near_miss(name, known))], what="the name of a procedure"
            )
        return bundled(name)

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

    def keep(self, procedure: Procedure, *, actor: Actor, role: str, basis: Basis, mandate: str, now: datetime) -> None:
        """Store the text of ``procedure`` for ever, if it is not kept yet."""
        if self.check_usable(procedure):
            return
        event = Registered(
            procedure=procedure.id,
            procedure_version=procedure.version,
            digest=procedure.digest,
            text=canonical_bytes(procedure).decode("utf-8"),
        )
        circumstances = Circumstances(
            actor=actor,
            role=role,
            basis=basis,
            mandate=mandate,
            occurred_at=now,
            recorded_at=now,
            procedure=procedure.digest,
        )
        record = seal(streams.procedure_stream(procedure.id, procedure.version), 1, GENESIS, event, circumstances)
        try:
            self._store.append(batch([record], expected_version=0))
        except VersionConflict:
            if not self.check_usable(procedure):
                raise


def _text_of(record: Record) -> Procedure:
    """The procedure that a record keeps; `Corrupt` when it is not the one it says."""
    event = record.event
    if not isinstance(event, Registered):
        raise Corrupt(f"{record.stream} version {record.version} is {record.tag}, which keeps no procedure")
    kept = from_canonical(event.text.encode("utf-8"))
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
