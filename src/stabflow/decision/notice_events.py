"""What became of notices, and of the addresses that they went to. No event has an address in it."""

from __future__ import annotations

import attrs

from .events import Event


@attrs.frozen(kw_only=True)
class Addressed(Event):
    """Something that became of a notice, or of the message made of it for one address: of the notice called ``notice`` about the
    case or an item of it (``about``), which came of ``origin`` (the hash of a record, or the key of a reminder). It was for
    ``role`` of ``body``, ``instead_of`` a role that nobody held, by ``channel``, at the address that stands there in that
    ``place``; never at which."""

    notice: str
    origin: str
    about: str
    role: str
    body: str = ""
    instead_of: str = ""
    channel: str = ""
    place: int = 0
    message: str = ""
    attempt: int = 1


@attrs.frozen(kw_only=True)
class NoticeDelivered(Addressed):
    """A channel took the message over; ``detail`` is what it said of it."""

    tag = "notice.delivered"

    detail: str = ""


@attrs.frozen(kw_only=True)
class NoticeRejected(Addressed):
    """A channel will never take the message for that address; ``gone``: nor any other, so that the address is used no more."""

    tag = "notice.rejected"

    reason: str
    gone: bool = False


@attrs.frozen(kw_only=True)
class NoticeGivenUp(Addressed):
    """Nobody was reached, and it is a dead letter, which somebody may have tried again."""

    tag = "notice.given_up"

    reason: str


@attrs.frozen(kw_only=True)
class AddressGone(Event):
    """What stands in ``place`` in the directory, as an address of ``body`` (of ``role``) in ``channel``, is used no more, because
    the channel said so of the message ``message``."""

    tag = "address.gone"

    channel: str
    body: str
    role: str
    place: int
    message: str


@attrs.frozen(kw_only=True)
class AddressesReopened(Event):
    """The addresses of ``body`` in ``channel`` are used again."""

    tag = "addresses.reopened"

    channel: str
    body: str
