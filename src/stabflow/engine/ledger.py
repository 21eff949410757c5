"""Streams that are no case's: one record more, by whoever the host or the engine vouches for, decided anew after a lost race."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..decision.events import Event
from ..errors import VersionConflict
from ..history.chain import GENESIS
from ..history.commit import batch, seal
from ..history.record import Circumstances, Record
from ..values import Actor, Basis
from . import streams
from .shell import RETRIES, Shell, claimed, recorded


def put(
    shell: Shell,
    stream: str,
    decide: Callable[[Record | None], Event | None],
    *,
    by: Actor,
    role: str,
    basis: Basis,
    at: datetime | None = None,
    key: str | None = None,
    digest: str | None = None,
    tries: int = RETRIES + 1,
    seen: Record | None = None,
) -> Record | None:
    """The record of what ``decide`` makes of the last one of ``stream``; ``None`` where it makes nothing of it. ``by`` acts in
    ``role``, outside every mandate. Under a ``key`` that was used meanwhile it is the record of that. ``seen`` is the last one as
    far as the caller knows: it is read where there is none, or another has come."""
    for left in reversed(range(tries)):
        before, seen = seen or streams.last(shell.store, stream), None
        event = decide(before)
        if event is None:
            return None
        version, head = (0, GENESIS) if before is None else (before.version, before.hash)
        now = shell.now()
        recorded_at, clamped = recorded(now, None if before is None else before.recorded_at)
        said = Circumstances(
            actor=by,
            role=role,
            basis=basis,
            mandate="",
            occurred_at=claimed(at, now, None, shell.late_entry),
            recorded_at=recorded_at,
            clamped=clamped,
            key=key,
        )
        record = seal(stream, version + 1, head, event, said)
        try:
            result = shell.store.append(batch([record], expected_version=version, key=key, digest=digest))
        except VersionConflict:
            if not left:
                raise
            continue
        return shell.records(stream, result, key)[0] if result.replayed else record
    raise AssertionError("the last try returns or raises")
