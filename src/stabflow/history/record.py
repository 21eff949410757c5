"""A record: an event as stored, with who did it, in which role, for which body, on what basis, when, and its link."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

import attrs

from .. import canonical
from ..decision.events import Event, Stamp
from ..errors import Corrupt, FaultyInput
from ..making import maker
from ..ports.store import StoredRecord
from ..values import Actor, Basis, moment_text
from . import codec


@attrs.define(kw_only=True)
class Circumstances:
    """What a record says besides its event: who, in which role, why, when, under which mandate and procedure."""

    actor: Actor
    role: str
    basis: Basis
    mandate: str
    occurred_at: datetime
    recorded_at: datetime
    clamped: bool = False
    key: str | None = None
    procedure: str = ""
    plugins: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, weakref_slot=False)
class Record:
    """An event as stored.

    ``occurred_at`` is the time claimed for the act, ``recorded_at`` when it was recorded (``clamped``: the clock stood more than
    five seconds behind the record before). ``mandate`` is the hash of the record that appointed the actor, ``procedure`` the
    digest of the procedure it was decided under, ``plugins`` those that may have a say. ``hash`` chains it to the record before.
    ``position`` is its place among all records of the store; 0 as long as it has not been read back from there.
    """

    position: int = attrs.field(eq=False)
    stream: str
    version: int
    tag: str
    tag_version: int
    occurred_at: datetime
    recorded_at: datetime
    clamped: bool
    actor: Actor
    role: str
    basis: Basis
    key: str | None
    mandate: str
    procedure: str
    plugins: tuple[str, ...]
    event: Event
    header: bytes = attrs.field(repr=False)
    payload: bytes = attrs.field(repr=False)
    hash: str

    @property
    def late(self) -> timedelta:
        """How long after the time it claims the act was recorded."""
        return self.recorded_at - self.occurred_at

    @property
    def stamp(self) -> Stamp:
        """What the record adds to its event."""
        return _stamp(
            self.version,
            self.occurred_at,
            self.recorded_at,
            self.actor,
            self.role,
            self.basis,
            self.mandate,
            self.hash,
            "",
        )

    def as_dict(self) -> dict[str, object]:
        """The record as plain JSON values: its place, its header, its event and its hash."""
        return {
            "position": self.position,
            "header": canonical.decode(self.header),
            "event": canonical.decode(self.payload),
            "hash": self.hash,
        }


REMEMBERED = 2048
"""So many records that were read last need not be examined again when they are read once more, by whichever handle: several
megabytes at most."""

_record, _stamp = maker(Record), maker(Stamp)


def header_bytes(stream: str, version: int, event: Event, said: Circumstances) -> bytes:
    """The canonical header of a record, written by hand, its keys in their order; what is absent or empty is left out."""
    text, actor, basis = canonical.text_of, said.actor, said.basis
    digest = "" if basis.digest is None else f',"basis_digest":{text(basis.digest)}'
    clamped = ',"clamped":true' if said.clamped else ""
    key = "" if said.key is None else f',"key":{text(said.key)}'
    plugins = f'"plugins":{canonical.text(list(said.plugins))},' if said.plugins else ""
    return (
        f'{{"actor":{text(actor.id)},"basis":{text(basis.text)}{digest},"body":{text(actor.body)}{clamped}{key},'
        f'"mandate":{text(said.mandate)},"occurred_at":"{moment_text(said.occurred_at)}",{plugins}'
        f'"procedure":{text(said.procedure)},"recorded_at":"{moment_text(said.recorded_at)}","role":{text(said.role)},'
        f'"stream":{text(stream)},"tag":{text(event.tag)},"tag_version":{event.tag_version},"version":{version}}}'
    ).encode()


_TYPES = {
    "stream": str,
    "version": int,
    "tag": str,
    "tag_version": int,
    "occurred_at": str,
    "recorded_at": str,
    "actor": str,
    "body": str,
    "role": str,
    "basis": str,
    "mandate": str,
    "procedure": str,
}
_OPTIONAL = {"clamped": bool, "basis_digest": str, "key": str, "plugins": list}


def make(
    position: int,
    stream: str,
    version: int,
    event: Event,
    said: Circumstances,
    *,
    header: bytes,
    payload: bytes,
    hash_: str,
) -> Record:
    """The record of an event, from its parts."""
    return _record(
        position,
        stream,
        version,
        event.tag,
        event.tag_version,
        said.occurred_at,
        said.recorded_at,
        said.clamped,
        said.actor,
        said.role,
        said.basis,
        said.key,
        said.mandate,
        said.procedure,
        said.plugins,
        event,
        header,
        payload,
        hash_,
    )


def from_stored(stored: StoredRecord) -> Record:
    """The record behind what a store gives back; `Corrupt` when header, payload and place do not agree."""
    try:
        return _from_stored(stored)
    except (ValueError, FaultyInput, Corrupt) as error:
        raise Corrupt(f"{stored.stream} version {stored.version}: {error}") from error


@lru_cache(maxsize=REMEMBERED)
def _from_stored(stored: StoredRecord) -> Record:
    header = canonical.decode(stored.header)
    if not isinstance(header, dict):
        raise Corrupt("the header is no table")
    for key, type_ in _TYPES.items():
        if type(header.get(key)) is not type_:
            raise Corrupt(f"the header's {key} is missing or of the wrong type")
    for key, value in header.items():
        if key not in _TYPES and type(value) is not _OPTIONAL.get(key):
            raise Corrupt(f"the header's {key} is unknown or of the wrong type")
    if (header["stream"], header["version"], header["tag"]) != (stored.stream, stored.version, stored.tag):
        raise Corrupt(f"the header belongs to {header['stream']} version {header['version']}, a {header['tag']}")
    if not all(isinstance(name, str) for name in header.get("plugins", ())):
        raise Corrupt("the header's plugins are not all names")
    event = codec.decode(stored.tag, header["tag_version"], stored.payload)
    said = Circumstances(
        actor=Actor(header["actor"], body=header["body"]),
        role=header["role"],
        basis=Basis(header["basis"], header.get("basis_digest")),
        mandate=header["mandate"],
        occurred_at=codec.moment_from(header["occurred_at"]),
        recorded_at=codec.moment_from(header["recorded_at"]),
        clamped=header.get("clamped", False),
        key=header.get("key"),
        procedure=header["procedure"],
        plugins=tuple(header.get("plugins", ())),
    )
    if header_bytes(stored.stream, stored.version, event, said) != stored.header:
        raise Corrupt("the header says something in another than its one form")
    return make(
        stored.position,
        stored.stream,
        stored.version,
        event,
        said,
        header=stored.header,
        payload=stored.payload,
        hash_=stored.hash.hex(),
    )
