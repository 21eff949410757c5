"""The notifier: a message as a signed request to a checked address, and what its answer means."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from stabflow.errors import InvalidInput
from stabflow.ports.notifier import Message, Notifier, Rejected, Result, Retry, Secrets

from . import exchange, signing
from .address import Target, read_address
from .answers import result_of
from .attempt import Deadline, Ended
from .event import MEDIA_TYPE, event
from .lookup import Lookups, Resolve, look_up
from .networks import Reach, reach
from .settings import read_url

MOST_ADDRESSES = 4
"""So many of a name's addresses are tried at one attempt; all of them are checked."""

_ID = re.compile(r"[!-~]{1,64}")


def _system_time() -> datetime:
    return datetime.now(UTC)


class WebhookNotifier(Notifier):
    """Sends each message in a request of its own, over a connection of its own.

    ``url`` is the channel's (see `settings`), ``secrets`` has the keys to sign with as ``signing``. A name is looked up once, by
    ``resolve``, at each attempt; each of its addresses is checked, and the connection goes to one of those that were. ``now``
    is the time of which the receiver is told.
    """

    contract = 1
    deduplicates = True

    def __init__(
        self, url: str, secrets: Secrets, *, resolve: Resolve = look_up, now: Callable[[], datetime] = _system_time
    ) -> None:
        self._settings = read_url(url)
        self._keys = signing.read_secrets(secrets)
        self._lookups = Lookups(resolve)
        self._now = now
        self._closed = False

    def check_address(self, address: str) -> None:
        read_address(address, self._settings.allow)

    def send(self, message: Message, *, within: float) -> Result:
        if self._closed:
            return Retry("the channel is closed here")
        deadline = Deadline(within)
        try:
            target = read_address(message.to, self._settings.allow)
            data = self._request(message, target)
        except InvalidInput as error:
            return Rejected(f"the address cannot be used: {error.faults[0].problem}")
        except Ended as end:
            return Rejected(end.reason)
        try:
            tls = self._settings.tls if target.secure else None
            link = exchange.connect(self._addresses(target, deadline), target, tls, deadline)
        except Ended as end:
            return Rejected(end.reason) if end.for_good else Retry(end.reason)
        except TimeoutError:
            return Retry("the receiver was not reached in time")
        with link:
            try:
                exchange.send(link, data, deadline)
                status, retry_after = exchange.read_answer(link, deadline)
            except Ended as end:
                return Retry(end.reason, maybe_sent=True)
            except TimeoutError:
                return Retry("the receiver did not answer in time", maybe_sent=True)
            except OSError:
                return Retry("the connection broke before there was an answer", maybe_sent=True)
        return result_of(status, retry_after, self._now())

    def close(self) -> None:
        self._closed = True

    def _request(self, message: Message, target: Target) -> bytes:
        if not _ID.fullmatch(message.id):
            raise Ended("the id of the message cannot stand in a header")
        try:
            body = event(message, self._settings.source)
        except UnicodeEncodeError:
            body = b""
        if not body:
            raise Ended("the message has characters that no text can have")
        signed = signing.headers(self._keys, message.id, int(self._now().timestamp()), body)
        return exchange.request(target, {"Content-Type": MEDIA_TYPE, **signed}, body)

    def _addresses(self, target: Target, deadline: Deadline) -> list[str]:
        """The addresses to connect to, every one of them checked; `Ended` where one may not be."""
        if not target.is_name:
            return [target.host]
        found = self._lookups.addresses(target.host, target.port, deadline.left())
        leads = {reach(address) for address in found}
        if Reach.NOWHERE in leads:
            raise Ended("the name leads to an address that is no single machine", for_good=True)
        if Reach.INSIDE in leads and target.host not in self._settings.allow:
            reason = "the name leads inside (private, loopback, link-local or the like); allow= in the channel's URL lacks it"
            raise Ended(reason, for_good=True)
        return found[:MOST_ADDRESSES]
