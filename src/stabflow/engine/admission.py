"""How a case is opened: under an id that is free, a procedure that is proved, and once under a key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from ..decision.commands import Open
from ..errors import IdempotencyMismatch, InvalidInput, VersionConflict
from ..language import Procedure
from ..ports.store import CaseQuery
from ..values import Matter
from . import pages, streams
from .proofs import Unproved, prove
from .shell import Shell
from .work import RETRIES, Work


def admit(
    shell: Shell,
    procedure: Procedure,
    command: Open,
    *,
    key: str | None,
    digest: str | None,
    at: datetime | None,
    unproved: Unproved,
) -> str:
    """The id of the case that ``command`` opens, or has opened under ``key`` before; it names an id, or leaves it empty."""
    taken, fresh = _case_ids(shell, procedure, command.matter, command.case_id)
    for one in (*taken, *fresh):
        if _is_opened(shell, one, key, digest):
            return one
    proved = _is_proved(shell, procedure, allow=unproved == "allow")
    for one in fresh:
        if shell.store.read_stream(streams.case_stream(one), limit=1):
            if _is_opened(shell, one, key, digest):
                return one
            continue
        work = Work(shell, procedure, one, None, shell.offices.current(), key=key, at=at)
        record = work.do(attrs.evolve(command, case_id=one, unproved=not proved))
        shell.registry.keep(
            procedure,
            proved=proved,
            actor=record.actor,
            role=record.role,
            basis=record.basis,
            mandate=record.mandate,
            now=record.recorded_at,
        )
        try:
            work.finish(digest)
        except VersionConflict:
            continue
        except IdempotencyMismatch:  # others have opened a case under this id meanwhile, and used the key in it
            _is_opened(shell, one, key, digest)
            continue
        return one
    if not command.case_id:  # others were opening cases on this matter all the while
        raise VersionConflict(streams.case_stream(fresh[-1]), 0, 1)
    raise InvalidInput.at("case_id", f"{command.case_id!r} is taken", "choose another id")


def _is_proved(shell: Shell, procedure: Procedure, *, allow: bool) -> bool:
    """Whether ``procedure``, of which the store must know no other definition, is proved; where that is not on record it is
    proved now, unless cases may be opened without (``allow``)."""
    shell.registry.check_usable(procedure)
    if shell.registry.is_proved(procedure):
        return True
    if not allow:
        prove(procedure)
    return not allow


def _is_opened(shell: Shell, case_id: str, key: str | None, digest: str | None) -> bool:
    """Whether the case was opened under ``key``, by this same request; `IdempotencyMismatch` where it was by another request.
    What else was done in the case under that key is no matter."""
    stream = streams.case_stream(case_id)
    found = None if key is None else shell.store.lookup(stream, key)
    if key is None or found is None or found[1].first_version != 1:
        return False
    if found[0] != digest:
        raise IdempotencyMismatch(stream, key)
    return True


def _case_ids(shell: Shell, procedure: Procedure, matter: Matter, case_id: str) -> tuple[Sequence[str], Sequence[str]]:
    """The ids of the cases that are there, and those that the new one could have."""
    if case_id:
        return (), (case_id,)
    query = CaseQuery(matter=matter.key, procedure=procedure.id)
    taken = [row.case_id for row in pages.cases(shell.store, query)]
    first = len(taken) + 1
    return taken, [f"{procedure.id}-{matter.key}-{n}" for n in range(first, first + RETRIES + 1)]
