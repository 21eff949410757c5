"""The channel a check is made on: provisioned for it alone, with its notifiers and what came out of it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...ports.notifier import Delivered, Message, Notifier, Rejected, Result, Retry
from ...text import say
from .. import expectation as expect
from ..expectation import HarnessBroken, NotCovered
from .harness import NotifierFault, NotifierHarness, Received
from .material import message

WITHIN = 10.0
"""How long a message may take where nothing is wrong."""


class Channel:
    """A channel of the harness, and chance that a seed repeats."""

    def __init__(self, harness: NotifierHarness, *, seed: int, effort: int = 1, seconds: float = 60.0) -> None:
        self.harness = harness
        self.effort = effort
        self.deadline = time.monotonic() + seconds
        self.random = random.Random(seed)
        self.in_use = False
        self._opened: list[Notifier] = []
        self._seen = 0
        try:
            self.config: Any = harness.provision()
        except Exception as error:
            raise HarnessBroken("no channel could be provisioned") from error

    def open(self) -> Notifier:
        """A new notifier; closed at the end."""
        notifier = self.harness.open(self.config)
        self._opened.append(notifier)
        return notifier

    def address(self, number: int = 0) -> str:
        """An address of the channel."""
        return self.harness.address(self.config, number)

    def message(self, number: int, to: int = 0, **more: Any) -> Message:
        """A message for an address of the channel; see `material.message`."""
        return message(number, self.address(to), **more)

    def send(self, notifier: Notifier, sent: Message, *, within: float = WITHIN) -> Result:
        """What comes of a message: what is raised is a `Retry`, as it is for stabflow."""
        try:
            result: object = notifier.send(sent, within=within)
        except Exception as error:  # noqa: BLE001 - whatever it is
            return Retry(f"{type(error).__name__} was raised: {error}", maybe_sent=True)
        if not isinstance(result, Delivered | Retry | Rejected):
            raise expect.ClauseBroken(
                f"send answered {expect.shown(result)}; it must answer Delivered, Retry or Rejected"
            )
        return result

    def fresh(self) -> Sequence[Received]:
        """What has come out of the channel since this was last asked."""
        received = self.harness.received(self.config)
        fresh = list(received[self._seen :])
        self._seen = len(received)
        return fresh

    @contextmanager
    def fault(self, kind: NotifierFault) -> Iterator[None]:
        """The channel fails so while this is entered; `NotCovered` where the harness cannot make that."""
        context = self.harness.fault(self.config, kind)
        if context is None:
            raise NotCovered(
                say("the harness makes no channel fail as {kind}", "测试支架不能制造{kind}类渠道故障", kind=kind)
            )
        try:
            context.__enter__()
        except Exception as error:
            raise HarnessBroken(f"the channel could not be made to fail as {kind}") from error
        try:
            yield
        finally:
            context.__exit__(None, None, None)

    def delivers(self, notifier: Notifier, number: int, what: str) -> None:
        """A plain message must be delivered, and come out once."""
        sent = self.message(number)
        result = self.send(notifier, sent)
        expect.true(isinstance(result, Delivered), f"{what}: a message must be delivered", result)
        expect.equal([one.to for one in self.fresh()], [sent.to], f"{what}: the addresses of what came out")

    def close(self) -> None:
        """Close every notifier, and take the channel away; not while threads that were given up may still be at it."""
        if self.in_use:
            return
        for notifier in reversed(self._opened):
            notifier.close()
        self._opened.clear()
        self.harness.destroy(self.config)
