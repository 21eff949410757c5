"""What is decided becomes what is stored. Here alone events are encoded, chained, summarised for the index and for snapshots, and
addressed."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import attrs

from .. import canonical
from ..case import Appointment, Case
from ..decision.commands import Command
from ..decision.events import Event
from ..decision.notices import Notice, notices_of
from ..errors import InvalidInput
from ..language import Procedure
from ..ports.store import AppendBatch, NewNotice, NewRecord, StreamHead
from ..values import Actor, Basis, File, Matter, moment_text, utc
from . import chain, codec, index, notice_codec
from .record import Circumstances, Record, header_bytes, make
from .snapshots import Snapshots
from .writing import plain_value


def seal(stream: str, version: int, previous: str, event: Event, said: Circumstances) -> Record:
    """The record that ``event`` becomes as ``version`` of ``stream``, chained to ``previous``; the store gives its position."""
    header = header_bytes(stream, version, event, said)
    payload = codec.encode(event)
    hash_ = chain.link(previous, header, payload).hex()
    return make(0, stream, version, event, said, header=header, payload=payload, hash_=hash_)


def batch(
    records: Sequence[Record],
    *,
    expected_version: int,
    procedure: Procedure | None = None,
    before: Case | None = None,
    after: Case | None = None,
    onto: Procedure | None = None,
    key: str | None = None,
    digest: str | None = None,
    relies_on: Sequence[StreamHead] = (),
    snapshots: Snapshots | None = None,
    offices: Sequence[Appointment] | None = None,
) -> AppendBatch:
    """The transaction that stores ``records`` of one stream, with the change of the index where a case changed (``onto``: it goes
    on under that version), if the streams relied on still end where they did; and with a snapshot of the case, where it is time
    for one. ``after`` must be what the records give, and rest on no snapshot itself. With the standing ``offices`` in force, the
    notices of the procedure go with it; without them, as where the store keeps none, there are none."""
    stream, changed = records[0].stream, None
    if procedure is not None and after is not None:
        if onto is None or before is None:
            changed = index.change(procedure, before, after, [record.event for record in records])
        else:
            changed = index.migrated(procedure, before, onto, after)
    taken = None if snapshots is None or after is None else snapshots.taken(stream, expected_version, after)
    told: tuple[NewNotice, ...] = ()
    if offices is not None and procedure is not None and procedure.notices and onto is None:
        history = [(record.event, record.stamp) for record in records]
        told = tuple(map(notice_codec.encode, notices_of(procedure, before, history, offices)))
    return AppendBatch(
        stream=stream,
        expected_version=expected_version,
        records=tuple(
            [NewRecord(record.tag, record.header, record.payload, bytes.fromhex(record.hash)) for record in records]
        ),
        index=changed,
        outbox=told,
        snapshot=taken,
        key=key,
        digest=digest if key is not None else None,
        relies_on=tuple(relies_on),
    )


def reminder(stream: str, version: int, hash_: str, notices: Sequence[Notice], key: str) -> AppendBatch:
    """The transaction that puts ``notices`` of no record into the outbox, once under this ``key``, if ``stream`` still ends where
    it did."""
    return AppendBatch(
        stream=stream,
        expected_version=version,
        records=(),
        outbox=tuple(map(notice_codec.encode, notices)),
        key=key,
        digest=canonical.sha256(key.encode()),
        relies_on=(head(stream, version, hash_),),
    )


def head(stream: str, version: int, hash_: str) -> StreamHead:
    """Where ``stream`` ends, for a store to compare."""
    return StreamHead(stream, version, bytes.fromhex(hash_))


def request_digest(asked: Sequence[Command | Mapping[str, object]]) -> str:
    """The digest that an idempotency key stands for: what was asked, with which arguments, by whom, in which role, on what
    basis; never when, nor at which version. `InvalidInput` when a value could not be stated anyway."""
    try:
        return canonical.sha256(canonical.encode([_plain(one) for one in asked]))
    except UnicodeEncodeError as error:
        raise InvalidInput.at("values", "a text has lone surrogates", "remove them") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput.at("values", "a value is without end", "give values of bounded size and depth") from error


def _plain_part(value: object) -> object:
    """A part of a command, which may be a time, as no value of a field is."""
    return moment_text(utc(value, "time")) if isinstance(value, datetime) else _plain(value)


def _plain(value: object) -> object:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)  # as it is stored: a retry may come in another form
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    if isinstance(value, datetime):
        raise InvalidInput.at("values", f"{value} is a date with a time", "give a date without a time")
    if isinstance(value, Decimal | date | File):
        return plain_value(value)
    if isinstance(value, Command | Event | Actor | Basis | Matter):
        held = {name: _plain_part(part) for name, part in attrs.asdict(value, recurse=False).items()}
        return {"type": type(value).__name__, **held}
    raise InvalidInput.at(
        "values", f"a {type(value).__name__} cannot be stated", "give text, numbers, dates, yes or no, files"
    )
