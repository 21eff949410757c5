"""What a plugin author writes so that the kit can test a notifier: a real channel on this machine, and what came out of it."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Literal

import attrs

from ...ports.notifier import Notifier

NotifierFault = Literal[
    "refused", "busy", "wait", "rejected", "gone", "quoting", "garbled", "silent", "slow", "flood", "cut", "torn"
]
"""How the channel fails at every message:

- ``refused``: nobody is there: no connection, no folder;
- ``busy``: it says that it does not take the message now;
- ``wait``: it says so, and asks to be left alone for `WAIT` seconds;
- ``rejected``: it says that it will never take this message;
- ``gone``: it says that the address is to be used no more;
- ``quoting``: it takes nothing, and its answer quotes all it was given, the address and the secrets too;
- ``garbled``: it takes nothing, and what it answers is no answer;
- ``silent``: it takes the connection, or lets one wait for it, and never answers;
- ``slow``: it answers a little at a time, each soon after the one before, and never comes to an end;
- ``flood``: its answer never comes to an end, as fast as it can be read;
- ``cut``: it takes the message over, and breaks the connection off before it answers;
- ``torn``: it breaks the connection off in the middle of the message, which is lost.
"""

NOTIFIER_FAULTS: tuple[NotifierFault, ...] = (
    "refused", "busy", "wait", "rejected", "gone", "quoting", "garbled", "silent", "slow", "flood", "cut", "torn",
)  # fmt: skip

WAIT = 120
"""For how many seconds the channel asks to be left alone in the fault ``wait``."""


@attrs.frozen(kw_only=True)
class Received:
    """A message as whoever reads the channel sees it.

    ``to`` is the address, as `NotifierHarness.address` gives it, to which it came. ``id`` is that by which the reader tells that
    he has it already, ``None`` where the channel carries none. ``subject`` is ``None`` where the channel has none, and its words
    stand in ``text``. Ends of lines are ``\\n``. ``facts`` are those for programs, ``None`` where they are not carried. ``more``
    is what else came with it by name, such as the headers of a mail, the names in small letters.
    """

    to: str
    text: str
    id: str | None = None
    subject: str | None = None
    facts: Mapping[str, str] | None = None
    more: Mapping[str, str] = attrs.field(factory=dict)


class NotifierHarness(abc.ABC):
    """How the kit gets at a notifier. Derive from it and give `provision`, `open`, `address` and `received`; the rest is
    optional, and what is left out is reported as not covered.

    A *configuration* is whatever the others need, such as an object with the server in it, or a path.
    """

    longest: ClassVar[int | None] = None
    """The most characters of a text, of whatever kind, that the channel takes, where these are fewer than 20,000."""

    wrong_addresses: ClassVar[Sequence[str]] = ()
    """Texts that can be no address of this channel; the kit has some of its own, such as an empty one."""

    @abc.abstractmethod
    def provision(self) -> Any:
        """Make a channel that nobody else uses, such as a server on this machine, and return its configuration."""

    @abc.abstractmethod
    def open(self, config: Any) -> Notifier:
        """A new notifier for that channel, with the secrets that it needs."""

    @abc.abstractmethod
    def address(self, config: Any, number: int) -> str:
        """An address of the channel, for each ``number`` another; at least five can be had."""

    @abc.abstractmethod
    def received(self, config: Any) -> Sequence[Received]:
        """All messages that came out so far, in that order, as their readers see them: where the notifier declares that it
        deduplicates, as a reader who goes by the ids."""

    def secrets(self, config: Any) -> Sequence[str]:
        """What may be told nowhere: passwords, keys, tokens."""
        return ()

    def contacts(self, config: Any) -> int | None:
        """How often somebody has got in touch with the channel so far, such as by a connection."""
        return None

    def fault(self, config: Any, kind: NotifierFault) -> AbstractContextManager[None] | None:
        """While the returned context is entered, the channel fails in the way of ``kind``; afterwards it works again, also for
        notifiers that are open. None for a kind that cannot be made."""
        return None

    def destroy(self, config: Any) -> None:  # noqa: B027 - optional
        """Take the channel away; all notifiers are closed by then."""
