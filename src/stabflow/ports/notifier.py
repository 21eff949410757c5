"""The notifier contract: what every notification plugin promises, as one typed file.

A notifier hands one message to one address and says honestly what became of it. It never sees a case, a store or a directory of
addresses. Clause numbers (N1 …) are those of ``docs/reference/notifier-contract.md``.

A message has an id that stays the same however often it is sent, on whatever machine: where the channel can tell by it that it
has the message already, the notifier hands it over in the form in which the channel does.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import attrs

from ..errors import InvalidInput
from ..text import Language

CONTRACT = 1
"""The version of this contract; a plugin states the one it was written for."""


@attrs.frozen(repr=False)
class Secret:
    """What nobody may read: a password, a signing key, an address with a token in it. It shows itself to nobody but who asks."""

    value: str = attrs.field(validator=attrs.validators.instance_of(str))

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


def _seconds(result: object, field: attrs.Attribute[float | None], value: object) -> None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    if value is not None and not fits:
        raise ValueError(f"{field.name} is {value!r:.40}: give seconds, 0 or more, or None")


_WORDS = attrs.validators.instance_of(str)
_FLAG = attrs.validators.instance_of(bool)

Secrets = Mapping[str, Sequence[Secret]]
"""By name, the one in use first, then those that are still, or already, good beside it."""


@attrs.frozen(kw_only=True)
class Message:
    """One message for one address.

    ``id`` (ASCII, without blanks, at most 64 characters) is the same at every attempt (N3). ``to`` is the address, as the
    directory has it; it goes nowhere but to the channel (N5). ``subject`` is one line, ``text`` several, in ``language``.
    ``facts`` say the same to programs: ``notice``, ``case``, ``matter``, ``procedure``, ``role``, ``body``, and what else the
    notice speaks of; all of it text. ``created_at`` is when it came about (``2026-11-23T08:00:00.000000Z``); ``attempt``
    counts from 1.
    """

    id: str
    to: str = attrs.field(repr=False)
    subject: str
    text: str
    language: Language
    facts: Mapping[str, str]
    created_at: str
    attempt: int = 1


@attrs.frozen
class Delivered:
    """The channel has taken the message over, or had it already. ``detail`` is what it said of it, such as a number of its own;
    without addresses and secrets (N5)."""

    detail: str = attrs.field(default="", validator=_WORDS)


@attrs.frozen
class Retry:
    """It was not delivered, as far as is known, and may be later: ``reason`` is why, without addresses and secrets (N5).
    ``after`` are the seconds for which the channel asked, if it did (N6). ``maybe_sent``: the channel may have taken it over all
    the same."""

    reason: str = attrs.field(validator=_WORDS)
    after: float | None = attrs.field(default=None, validator=_seconds)
    maybe_sent: bool = attrs.field(default=False, validator=_FLAG)


@attrs.frozen
class Rejected:
    """The channel will never take this message for this address: ``reason`` is why, without addresses and secrets (N5). ``gone``:
    nor any other message; the address is to be used no more."""

    reason: str = attrs.field(validator=_WORDS)
    gone: bool = attrs.field(default=False, validator=_FLAG)


Result = Delivered | Retry | Rejected


class Notifier(abc.ABC):
    """A way to hand over messages: a mail server, a webhook, a chat. It may be used by several threads at once (N8).

    What `send` raises counts as `Retry`, in the words of its class alone; what it does not answer in time, as one that may have
    been sent.
    """

    contract: ClassVar[int] = CONTRACT
    deduplicates: bool = False
    """Whether whoever receives a message twice under one id can be told to take it once (N3)."""

    @abc.abstractmethod
    def check_address(self, address: str) -> None:
        """`InvalidInput` unless ``address`` can be one of this channel, in words that do not quote it (N7); nothing is
        connected to."""

    @abc.abstractmethod
    def send(self, message: Message, *, within: float) -> Result:
        """Hand ``message`` over, and tell what became of it, in ``within`` seconds all told (N4)."""

    def close(self) -> None:  # noqa: B027 - nothing, where nothing is kept open
        """Let go of connections. Closing twice is harmless; what is sent afterwards is `Retry`."""


OpenNotifier = Callable[[str, Secrets], Notifier]
"""Makes a notifier of a URL and secrets; `InvalidInput` when either is wrong. Nothing is connected to."""


def only(secrets: Secrets, *known: str) -> None:
    """`InvalidInput` where ``secrets`` has a name that is not among ``known``."""
    for name in secrets:
        if name not in known:
            cure = f"it knows {', '.join(known)}" if known else "leave it out: this channel has no secrets"
            raise InvalidInput.at(f"secrets.{name}", "this channel knows no such secret", cure)
