"""A notifier that sends nothing: it records what it is given, and answers as a test tells it to."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from ...errors import InvalidInput
from ...ports.hooks import NotifierScheme, Plugin, hookimpl
from ...ports.notifier import CONTRACT, Delivered, Message, Notifier, Result, Retry, Secrets

HANG: Literal["hang"] = "hang"

Answer = Result | BaseException | type[BaseException] | Literal["hang"] | Callable[[Message], object]
"""What a `RecordingNotifier` does with a message: answer a result, raise, ``"hang"`` until it is let go, or call a function,
whose value it answers, whatever it is."""


class RecordingNotifier(Notifier):
    """Records every message, then does what it was told: what was planned for the next ones, what is to be done for its address,
    else its ``answer``. It may be used by several threads at once.

    With ``deduplicates`` no id is twice in `delivered`. ``addresses`` are those that `check_address` takes; all, unless they
    are given.
    """

    contract = CONTRACT

    def __init__(
        self,
        answer: Answer = Delivered(),  # noqa: B008 - frozen
        *,
        to: Mapping[str, Answer] | None = None,
        deduplicates: bool = False,
        addresses: Iterable[str] | None = None,
    ) -> None:
        self.answer = answer
        """What it does where nothing else is planned."""
        self.to = dict(to or {})
        """By address, what it does there."""
        self.deduplicates = deduplicates
        self.opened: tuple[tuple[str, Secrets], ...] = ()
        """The URLs and secrets with which its `plugin` was asked for it."""
        self._addresses = None if addresses is None else frozenset(addresses)
        self._lock = threading.Lock()
        self._planned: deque[Answer] = deque()
        self._messages: list[Message] = []
        self._delivered: list[Message] = []
        self._hanging = 0
        self._times_let_go = 0
        self._free = threading.Condition(self._lock)
        self._closed = False

    @property
    def messages(self) -> tuple[Message, ...]:
        """Every message that it was given, in that order, also those that it did not take."""
        with self._lock:
            return tuple(self._messages)

    @property
    def delivered(self) -> tuple[Message, ...]:
        """The messages for which it answered `Delivered`; where it ``deduplicates``, each id once."""
        with self._lock:
            return tuple(self._delivered)

    @property
    def left(self) -> tuple[Answer, ...]:
        """What is planned and has not happened."""
        with self._lock:
            return tuple(self._planned)

    @property
    def hanging(self) -> int:
        """How many calls of `send` hang at this moment."""
        with self._lock:
            return self._hanging

    def plan(self, *answers: Answer) -> None:
        """Do each of ``answers`` with one of the next messages, whatever its address."""
        with self._lock:
            self._planned.extend(answers)

    def let_go(self) -> None:
        """End every call that hangs at this moment; it answers `Retry`."""
        with self._free:
            self._times_let_go += 1
            self._free.notify_all()

    def plugin(self, scheme: str = "recording") -> Plugin:
        """A plugin that brings it: a URL of ``scheme`` opens it, and opens it again after it was closed."""

        def opened(url: str, secrets: Secrets) -> Notifier:
            with self._lock:
                self.opened += ((url, secrets),)
                self._closed = False
            return self

        class Recording(Plugin):
            @hookimpl
            def stabflow_notifiers(self) -> tuple[NotifierScheme, ...]:
                return (NotifierScheme(scheme, opened),)

        Recording.__qualname__ = f"Recording[{scheme}]"  # a test may want several, each a plugin of its own
        return Recording()

    def check_address(self, address: str) -> None:
        """See `Notifier.check_address`."""
        if self._addresses is not None and address not in self._addresses:
            raise InvalidInput.at("address", "it is none of those that this notifier knows", "give it with addresses=")

    def send(self, message: Message, *, within: float) -> Result:
        """Record ``message``, and do what was told."""
        with self._lock:
            if self._closed:
                return Retry("the notifier is closed")
            self._messages.append(message)
            answer = self._planned.popleft() if self._planned else self.to.get(message.to, self.answer)
        result = self._done(answer, message)
        if isinstance(result, Delivered):
            with self._lock:
                if not (self.deduplicates and any(one.id == message.id for one in self._delivered)):
                    self._delivered.append(message)
        return result

    def _done(self, answer: Answer, message: Message) -> Result:
        if answer == HANG:
            with self._free:
                self._hanging += 1
                before = self._times_let_go
                while self._times_let_go == before:
                    self._free.wait()
                self._hanging -= 1
            return Retry("it hung, and was let go", maybe_sent=True)
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, type):
            raise answer()
        if callable(answer):
            return answer(message)  # type: ignore[return-value]
        return answer

    def close(self) -> None:
        """Let go of what hangs; what is sent afterwards is `Retry`."""
        with self._lock:
            self._closed = True
        self.let_go()
