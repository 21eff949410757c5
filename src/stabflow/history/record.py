"""A record: an event as stored, with who did it, in which role, for which body, on what basis, when, and its place in the chain."""

from __future__ import annotations

from datetime import datetime

import attrs

from .. import canonical
from ..decision.events import Event, Stamp
from ..errors import Corrupt, FaultyInput
from ..ports.store import StoredRecord
from ..values import Actor, Basis
from . import codec


@attrs.frozen(kw_only=True)
class Record:
    """An event as stored.

    ``occurred_at`` is the time claimed for the act, ``recorded_at`` when it was recorded (``clamped``: the clock stood more than
    five seconds behind the record before). ``mandate`` is the hash of the record that appointed the actor, ``procedure`` the
    digest of the procedure it was decided under, ``plugins`` those that had a say. ``hash`` chains it to the record before.
    """

    position: int
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
    header: bytes
    payload: bytes
    hash: str

    @property
    def stamp(self) -> Stamp:
        """What the record adds to its event."""
        return Stamp(
            self.version,
            self.occurred_at,
            self.recorded_at,
            self.actor,
            self.role,
            self.basis,
            self.mandate,
            self.hash,
        )

    def as_dict(self) -> dict[str, object]:
        """The record as plain JSON values: its place, its header, its event and its hash."""
        return {
            "position": self.position,
            "header": canonical.decode(self.header),
            "event": canonical.decode(self.payload),
            "hash": self.hash,
        }


def header_bytes(
    *,
    stream: str,
    version: int,
    event: Event,
    occurred_at: datetime,
    recorded_at: datetime,
    clamped: bool,
    actor: Actor,
    role: str,
    basis: Basis,
    key: str | None,
    mandate: str,
    procedure: str,
    plugins: tuple[str, ...],
) -> bytes:
    """The canonical header of a record; what is absent or empty is left out."""
    header: dict[str, object] = {
        "stream": stream,
        "version": version,
        "tag": event.tag,
        "tag_version": event.tag_version,
        "occurred_at": codec.moment_text(occurred_at),
        "recorded_at": codec.moment_text(recorded_at),
        "actor": actor.id,
        "body": actor.body,
        "role": role,
        "basis": basis.text,
        "mandate": mandate,
        "procedure": procedure,
    }
    if clamped:
        header["clamped"] = True
    if basis.digest is not None:
        header["basis_digest"] = basis.digest
    if key is not None:
        header["key"] = key
    if plugins:
        header["plugins"] = list(plugins)
    return canonical.encode(header)


_REQUIRED = {
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


def from_stored(stored: StoredRecord) -> Record:
    """The record behind what a store gives back; `Corrupt` when header, payload and place do not agree."""
    place = f"{stored.stream} version {stored.version}"
    header = canonical.decode(stored.header)
    if not isinstance(header, dict):
        raise Corrupt(f"{place}: the header is no table")
    for key, type_ in _REQUIRED.items():
        if type(header.get(key)) is not type_:
            raise Corrupt(f"{place}: the header's {key} is missing or of the wrong type")
    for key, value in header.items():
        if key not in _REQUIRED and type(value) is not _OPTIONAL.get(key):
            raise Corrupt(f"{place}: the header's {key} is unknown or of the wrong type")
    if (header["stream"], header["version"], header["tag"]) != (stored.stream, stored.version, stored.tag):
        raise Corrupt(f"{place}: the header belongs to {header['stream']} version {header['version']}")
    try:
        return Record(
            position=stored.position,
            stream=stored.stream,
            version=stored.version,
            tag=stored.tag,
            tag_version=header["tag_version"],
            occurred_at=codec.moment_from(header["occurred_at"]),
            recorded_at=codec.moment_from(header["recorded_at"]),
            clamped=header.get("clamped", False),
            actor=Actor(header["actor"], body=header["body"]),
            role=header["role"],
            basis=Basis(header["basis"], header.get("basis_digest")),
            key=header.get("key"),
            mandate=header["mandate"],
            procedure=header["procedure"],
            plugins=tuple(header.get("plugins", ())),
            event=codec.decode(stored.tag, header["tag_version"], stored.payload),
            header=stored.header,
            payload=stored.payload,
            hash=stored.hash.hex(),
        )
    except (ValueError, FaultyInput) as error:
        raise Corrupt(f"{place}: {error}") from error
