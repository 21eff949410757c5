"""Attempts to go ahead with a matter that is not cleared, put on record in the stream of the matter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..decision.events import Attempted
from ..errors import Corrupt, InvalidInput, VersionConflict
from ..history.chain import GENESIS
from ..history.commit import batch, request_digest, seal
from ..history.record import Circumstances, Record
from ..values import Actor, Basis
from . import streams
from .shell import Shell, recorded
from .work import RETRIES, claimed, clean_key

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
    for attempt in range(RETRIES + 1):
        before = attempts(shell, event.matter)
        version, head = (before[-1].version, before[-1].hash) if before else (0, GENESIS)
        now = shell.now()
        recorded_at, clamped = recorded(now, before[-1].recorded_at if before else None)
        circumstances = Circumstances(
            actor=by,
            role=HOST_SYSTEM,
            basis=basis,
            mandate="",
            occurred_at=claimed(at, now, None, shell.late_entry),
            recorded_at=recorded_at,
            clamped=clamped,
            key=key,
        )
        record = seal(stream, version + 1, head, event, circumstances)
        try:
            result = shell.store.append(batch([record], expected_version=version, key=key, digest=digest))
        except VersionConflict:
            if attempt == RETRIES:
                raise
            continue
        return shell.records(stream, result, key)[0] if result.replayed else record
    raise AssertionError("the last attempt returns or raises")


def attempts(shell: Shell, matter: str) -> Sequence[Record]:
    """The attempts on record for a matter, in order; `Corrupt` where its stream holds anything else."""
    found = list(streams.read(shell.store, streams.matter_stream(matter)))
    for record in found:
        if not isinstance(record.event, Attempted) or record.event.matter != matter:
            raise Corrupt(f"{record.stream} version {record.version} is no attempt on this matter")
    return found
