"""The notifier: a message goes to a chat by apprise, and what was answered becomes a result."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Sequence

import apprise

from stabflow.errors import InvalidInput
from stabflow.ports.notifier import Message, Notifier, Rejected, Result, Retry, Secrets, only

from .answers import result
from .exchange import Exchange, watching
from .quiet import quiet
from .services import read_allowed, recognise

_PART = 0.9
"""Of the time that is given, so that the answer is there before it is over."""

_ROOM = 16
"""Bytes that apprise may put between subject and text."""

_MOST_HUNG = 8
"""Threads of messages that were given up, after which nothing more is begun until one of them ends."""


class ChatNotifier(Notifier):
    """Hands messages to the chats that addresses of apprise name, if their service is ``allowed``."""

    contract = 1

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = tuple(allowed)
        self._closed = False
        self._lock = threading.Lock()
        self._hung = 0

    @classmethod
    def from_url(cls, url: str, secrets: Secrets) -> ChatNotifier:
        """For ``chat:`` or ``chat:?allow=wecombot,dingtalk``, without secrets, which are in the addresses; `InvalidInput` for
        anything else."""
        only(secrets)
        return cls(read_allowed(url))

    def check_address(self, address: str) -> None:
        """`InvalidInput` unless ``address`` is apprise's of one target of a service that is allowed."""
        recognise(address, self.allowed)

    def send(self, message: Message, *, within: float) -> Result:
        """Hand the message over by apprise, in a thread of its own, which is left to itself where it does not end in time."""
        if self._closed:
            return Retry("the channel is closed")
        if self._hung >= _MOST_HUNG:
            return Retry(f"{self._hung} earlier messages have not come to an end")
        ends = time.monotonic() + within * _PART
        try:
            service = recognise(message.to, self.allowed)
        except InvalidInput as error:
            return Rejected(f"the address: {error.faults[0].problem}")
        label = str(service.service_name)
        words = _written(message)
        if not any(map(str.strip, words)):
            return Rejected("the message is empty")
        most = int(service.body_maxlen) - _ROOM
        if sum(len(one.encode()) for one in words) > most:
            return Rejected(f"the message is longer than the {most} bytes that {label} takes")
        exchanges: list[Exchange] = []
        answers: queue.SimpleQueue[Result] = queue.SimpleQueue()
        thread = threading.Thread(
            target=lambda: answers.put(_handed_over(service, label, words, exchanges, ends)),
            name="stabflow-chat",
            daemon=True,
        )
        thread.start()
        try:
            return answers.get(timeout=max(ends - time.monotonic(), 0.0))
        except queue.Empty:
            self._abandon(thread)
            return Retry(f"{label} did not answer in time", maybe_sent=bool(exchanges))

    def _abandon(self, thread: threading.Thread) -> None:
        with self._lock:
            self._hung += 1

        def wait() -> None:
            thread.join()
            with self._lock:
                self._hung -= 1

        threading.Thread(target=wait, name="stabflow-chat-hung", daemon=True).start()

    def close(self) -> None:
        """Nothing is kept open between messages; what is sent afterwards is `Retry`."""
        self._closed = True


def _handed_over(
    service: apprise.NotifyBase, label: str, words: tuple[str, str], exchanges: list[Exchange], ends: float
) -> Result:
    subject, text = words
    with quiet(), watching(exchanges, ends):
        try:
            accepted = service.notify(
                body=text or subject,
                title=subject if text else "",
                body_format=apprise.NotifyFormat.TEXT,
                overflow=apprise.OverflowMode.UPSTREAM,
            )
        except Exception as error:  # noqa: BLE001 - what it says may have the address in it
            return Retry(f"{label}: apprise raised {type(error).__name__}", maybe_sent=bool(exchanges))
    return result(label, bool(accepted), exchanges)


def _written(message: Message) -> tuple[str, str]:
    """Subject and text as a chat can have them."""
    return " ".join(_encodable(message.subject).split()), _encodable(message.text).rstrip("\n")


def _encodable(words: str) -> str:
    return re.sub("[\ud800-\udfff]", "\ufffd", words)
