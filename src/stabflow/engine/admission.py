"""How a case is opened: under an id that is free, a procedure that is proved, and once under a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import attrs

from ..decision.commands import Open
from ..decision.permission import TICK
from ..errors import IdempotencyMismatch, InvalidInput, VersionConflict
from ..history.record import Record
from ..language import Procedure
from ..ports.store import CaseQuery
from ..values import Matter
from . import pages, streams
from .proofs import Unproved, prove
from .shell import RETRIES, Shell
from .work import Work

MAX_PASSED = 1_000
"""So many taken ids are passed over to find a free one."""


def admit(
    shell: Shell,
    procedure: Procedure,
    command: Open,
    *,
    key: str | None,
    digest: str | None,
    at: datetime | None,
    unproved: Unproved,
    as_of: datetime | None = None,
) -> tuple[str, bool]:
    """The id of the case that ``command`` opens, or has opened under ``key`` before, and whether it was opened now; the command
    names an id, or leaves it empty."""
    if command.case_id and _is_there(shell, [command.case_id])[0]:
        if _is_opened(shell, command.case_id, key, digest):
            return command.case_id, False
        raise _taken(shell, command.case_id)
    on_matter = _cases_on(shell, procedure, command.matter) if key is not None or not command.case_id else ()
    for one in on_matter:
        if _is_opened(shell, one, key, digest):
            return one, False
    proved = _is_proved(shell, procedure, allow=unproved == "allow")
    lost = 0
    for one, is_taken in _ids(shell, procedure, command, len(on_matter) + 1):
        wanted = attrs.evolve(command, case_id=one, unproved=not proved)
        opened = None if is_taken else _opens(shell, procedure, wanted, key, digest, at, as_of)
        if opened is not None:
            return one, not opened.position  # what the key answered with has one: it was read back
        if _is_opened(shell, one, key, digest):
            return one, False
        if command.case_id:
            raise _taken(shell, one)
        lost += not is_taken
        if lost > RETRIES:  # others were opening cases on this matter all the while
            raise VersionConflict(streams.case_stream(one), 0, 1)
    first = f"{procedure.id}-{command.matter.key}-{len(on_matter) + 1}"
    raise InvalidInput.at(
        "case_id", f"{first} and the next {MAX_PASSED} ids are taken by other cases", "give the case an id of its own"
    )


def _opens(
    shell: Shell,
    procedure: Procedure,
    command: Open,
    key: str | None,
    digest: str | None,
    at: datetime | None,
    as_of: datetime | None,
) -> Record | None:
    """Open the case; its record, or what the key answered with, or ``None`` where the id is not free any more."""
    stream = streams.case_stream(command.case_id)
    for attempt in range(RETRIES + 1):
        offices = shell.offices.current()
        work = Work(shell, procedure, command.case_id, None, offices, key=key, at=at, as_of=as_of)
        record = work.do(command)
        try:
            shell.registry.keep(procedure, record, proved=not command.unproved, offices=work.offices_head)
            (opened,) = work.finish(digest)
        except VersionConflict as conflict:
            if conflict.stream == stream:
                return None
            if attempt == RETRIES:
                raise
        except IdempotencyMismatch:  # others have opened a case under this id meanwhile, and used the key in it
            return None
        else:
            return opened
    raise AssertionError("the last attempt returns or raises")


def _taken(shell: Shell, case_id: str) -> InvalidInput:
    opened = streams.first(shell.store, streams.case_stream(case_id))
    if opened is not None and opened.actor == TICK:
        problem = f"{case_id!r} is there: the calendar opened it for its period, on {opened.recorded_at.date()}"
        return InvalidInput.at("case_id", problem, f"go on with it: engine.case({case_id!r})")
    return InvalidInput.at("case_id", f"{case_id!r} is taken", "choose another id")


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


def _cases_on(shell: Shell, procedure: Procedure, matter: Matter) -> Sequence[str]:
    """The ids of the cases on ``matter`` that the index has."""
    query = CaseQuery(matter=matter.key, procedure=procedure.id)
    return [row.case_id for row in pages.cases(shell.store, query)]


def _is_there(shell: Shell, ids: Sequence[str]) -> Sequence[bool]:
    return [one.version > 0 for one in shell.store.heads([streams.case_stream(id_) for id_ in ids])]


def _ids(shell: Shell, procedure: Procedure, command: Open, first: int) -> Iterator[tuple[str, bool]]:
    """The ids that the new case could have, in turn, and whether each was taken at the last look: a case on another matter may
    have been given any id."""
    if command.case_id:
        yield command.case_id, False
        return
    passed, size = 0, 1
    while passed < MAX_PASSED:
        start = first + passed
        ids = [f"{procedure.id}-{command.matter.key}-{n}" for n in range(start, start + size)]
        yield from zip(ids, _is_there(shell, ids), strict=True)
        passed += size
        size = min(4 * size, MAX_PASSED - passed)
