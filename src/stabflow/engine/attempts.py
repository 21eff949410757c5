"""Attempts to go ahead with a matter that is not cleared, put on record in the stream of the matter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..decision.events import Attempted
from ..errors import Corrupt, InvalidInput
from ..history.commit import request_digest
from ..history.record import Record
from ..values import Actor, Basis
from . import streams
from .ledger import put
from .shell import Shell
from .work import clean_key

HOST_SYSTEM = "host_system"
"""The role in which an attempt is put on record: the system that asked the gate, which vouches for who it was."""


def record_attempt(
    shell: Shell, event: Attempted, by: Actor, basis: Basis, *, key: str | None, at: datetime | None
) -> Record:
    """The record of an attempt; the same one again where ``key`` was used for it before."""
    stream, digest = streams.matter_stream(event.matter), None
    if key is not None:
        key = clean_key(key)
        digest = request_digest([{"attempted": event.matter, "accept": event.accept, "by": by, "basis": basis}])
        if (found := shell.recall(stream, key, digest)) is not None:
            return shell.records(stream, found, key)[0]
    if not event.reasons:
        raise InvalidInput.at(
            "matter", f"{event.matter!r} is cleared, so there is nothing to record", "go ahead; the cases say why"
        )
    record = put(
        shell, stream, lambda _before: event, by=by, role=HOST_SYSTEM, basis=basis, at=at, key=key, digest=digest
    )
    assert record is not None, "there is something to put on record"
    return record


def attempts(shell: Shell, matter: str) -> Sequence[Record]:
    """The attempts on record for a matter, in order; `Corrupt` where its stream holds anything else."""
    found = list(streams.read(shell.store, streams.matter_stream(matter)))
    for record in found:
        if not isinstance(record.event, Attempted) or record.event.matter != matter:
            raise Corrupt(f"{record.stream} version {record.version} is no attempt on this matter")
    return found
