"""What became of notices, on record: in a stream for each case, so that an auditor sees what was sent to whom and when; and which
addresses are used no more. No record has an address in it."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

from ..decision.notice_events import Addressed, AddressesReopened, AddressGone
from ..decision.notices import Notice
from ..errors import Corrupt
from ..history.record import Record
from ..values import Actor, Basis
from . import streams
from .attempts import HOST_SYSTEM
from .conformity import STOP
from .ledger import put
from .messages import Outgoing
from .observers import ENGINE, RUNNING, is_by_engine
from .shell import Shell

BASIS = Basis("notices of the procedure · 程序所定通知")
KEPT = 1_000
"""Of so many streams the last record is remembered."""

_TRIES = 100

E = TypeVar("E", bound=Addressed)


def event_of(type_: type[E], one: Outgoing | Notice, **more: object) -> E:
    """An event of this type about a message, or about a notice that could not be addressed."""
    notice = one.notice if isinstance(one, Outgoing) else one
    told: dict[str, object] = {"notice": notice.name, "origin": notice.origin, "about": notice.about}
    if isinstance(one, Outgoing):
        told |= {"instead_of": one.instead_of, "channel": one.channel, "place": one.place, "message": one.id}
    return type_(role=one.role, body=one.body, **told, **more)  # type: ignore[arg-type]


class Book:
    """Writes what became of notices into the streams of their cases."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._last: OrderedDict[str, Record] = OrderedDict()

    def write(self, case_id: str, event: Addressed, *, key: str | None = None) -> None:
        """Put ``event`` on record, under a ``key`` once."""
        stream = streams.notices_stream(case_id)
        record = put(
            self._shell,
            stream,
            lambda _before: event,
            by=ENGINE,
            role=RUNNING,
            basis=BASIS,
            key=key,
            digest=key,
            tries=_TRIES,
            seen=self._last.pop(stream, None),
        )
        assert record is not None, "there is something to put on record"
        self._last[stream] = record
        if len(self._last) > KEPT:
            self._last.popitem(last=False)

    def has(self, case_id: str, key: str) -> bool:
        """Whether something is on record under ``key``."""
        return self._shell.store.lookup(streams.notices_stream(case_id), key) is not None


def delivered_key(message: str) -> str:
    """The key under which it is on record that a message was delivered."""
    return f"delivered {message}"


def gone(shell: Shell) -> frozenset[tuple[str, str, str, int]]:
    """The addresses that are used no more, by channel, body, role and place."""
    closed: set[tuple[str, str, str, int]] = set()
    for record in streams.read(shell.store, streams.ADDRESSES):
        event = record.event
        if isinstance(event, AddressGone):
            closed.add((event.channel, event.body, event.role, event.place))
        elif isinstance(event, AddressesReopened):
            closed = {one for one in closed if one[:2] != (event.channel, event.body)}
    return frozenset(closed)


def close_address(shell: Shell, one: Outgoing) -> None:
    """Put on record that the address of a message is used no more."""
    event = AddressGone(channel=one.channel, body=one.body, role=one.role, place=one.place, message=one.id)
    put(shell, streams.ADDRESSES, lambda _before: event, by=ENGINE, role=RUNNING, basis=BASIS, tries=_TRIES)


def reopen_addresses(shell: Shell, channel: str, body: str, by: Actor, basis: Basis) -> bool:
    """Put on record that the addresses of a body in a channel are used again; whether any was not."""
    if not any(one[:2] == (channel, body) for one in gone(shell)):
        return False
    event = AddressesReopened(channel=channel, body=body)
    put(shell, streams.ADDRESSES, lambda _before: event, by=by, role=HOST_SYSTEM, basis=basis)
    return True


def check_despatch(record: Record) -> None:
    """`Corrupt` unless ``record`` can stand in the stream of the notices of a case."""
    if not (isinstance(record.event, Addressed) and is_by_engine(record)):
        raise Corrupt(f"{record.stream} version {record.version} says of no notice what became of it: {STOP}")


def check_address(record: Record) -> None:
    """`Corrupt` unless ``record`` can stand in the stream of the addresses."""
    by_host = (record.role, record.mandate) == (HOST_SYSTEM, "")
    by_whom = is_by_engine(record) if isinstance(record.event, AddressGone) else by_host
    if not (by_whom and isinstance(record.event, AddressGone | AddressesReopened)):
        raise Corrupt(f"{record.stream} version {record.version} is about no address: {STOP}")
