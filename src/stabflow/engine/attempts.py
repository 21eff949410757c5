"""Attempts to go ahead with a matter that is not cleared, put on record in the stream of the matter."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

import attrs

from ..decision.clearance import OF_STANDING
from ..decision.disclosure import NOT_TOLD, STANDS_FOR
from ..decision.events import Attempted
from ..errors import Corrupt, InvalidInput
from ..history import codec
from ..history.commit import request_digest
from ..history.record import Record
from ..personal import refuse_personal
from ..values import Actor, Basis
from . import streams
from .conformity import STOP
from .ledger import put
from .shell import Shell
from .work import clean_key

HOST_SYSTEM = "host_system"
"""The role in which an attempt is put on record: the system that asked the gate, which vouches for who it was."""

_SEEN = re.compile(r"\S+ [1-9][0-9]*")


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
    refuse_personal({"by": by, "basis": basis, "matter": event.matter})
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
        check_attempt(record, matter)
    return found


def for_public(records: Iterable[Record], withholding: Collection[str]) -> Iterator[Record]:
    """Attempts as they may be shown to the public, where the cases ``withholding`` have numbers that are not shown: what stood
    against going ahead could tell one, and so could the hash of such a record and of all after it."""
    is_told = True
    for record in records:
        event = record.event
        assert isinstance(event, Attempted), "`attempts` gives nothing else"
        is_told = is_told and cases_seen(event).keys().isdisjoint(withholding)
        if is_told:
            yield record
            continue
        told = tuple(reason for reason in event.reasons if reason in _SURELY_TOLD)
        event = attrs.evolve(event, reasons=told if len(told) == len(event.reasons) else (*told, NOT_TOLD))
        yield attrs.evolve(record, event=event, payload=codec.encode(event), hash=f"{STANDS_FOR}{record.version}")


_SURELY_TOLD = {*OF_STANDING, "not_accepted", "never_assessed", "case", "filled", "elapsed", "independent_of"}


def check_attempt(record: Record, matter: str) -> Attempted:
    """What was attempted; `Corrupt` where the record is none of an attempt on ``matter`` that a host system put there."""
    event, place = record.event, f"{record.stream} version {record.version}"
    if not isinstance(event, Attempted) or event.matter != matter:
        raise Corrupt(f"{place} is no attempt on this matter: {STOP}")
    if (record.role, record.mandate) != (HOST_SYSTEM, ""):
        raise Corrupt(f"{place} was not put on record by a host system: {STOP}")
    if not all(_SEEN.fullmatch(one) for one in event.cases):
        raise Corrupt(f"{place} does not say which cases there were: {STOP}")
    return event


def cases_seen(event: Attempted) -> dict[str, int]:
    """The cases that there were when somebody went ahead, each with its version."""
    return {case_id: int(version) for case_id, _, version in (one.rpartition(" ") for one in event.cases)}
