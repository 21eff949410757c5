"""N5: neither an address nor a secret is told to anybody but the channel."""

from __future__ import annotations

import logging
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import attrs

from ....ports.notifier import Delivered
from ... import expectation as expect
from ..channel import Channel
from ..harness import NOTIFIER_FAULTS, NotifierFault
from ..registry import Offer, check
from .answers import SHORT

TELLING = 7
"""A text that is shorter may well stand in the cure, such as a scheme."""


class _Overhearing(logging.Handler):
    """Hears whatever is logged, formatted as a file would have it."""

    def __init__(self) -> None:
        super().__init__(level=1)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(logging.Formatter("%(name)s %(message)s").format(record))


@contextmanager
def overhearing() -> Iterator[list[str]]:
    """All that is logged, at whatever level, and warned of meanwhile."""
    handler, root = _Overhearing(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(1)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            yield handler.heard
            handler.heard += [str(one.message) for one in warned]
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def untold(channel: Channel, words: str, where: str, address: str) -> None:
    """Neither the address nor a secret may stand in ``words``."""
    for name, hidden in (
        ("the address", address),
        *(("a secret", one) for one in channel.harness.secrets(channel.config)),
    ):
        if hidden:
            expect.true(hidden.lower() not in words.lower(), f"{name} is told in {where}", words)


def told(send: Callable[[], object]) -> str:
    """What a call tells: by its answer, or by what it raises and whatever that came of."""
    try:
        result = send()
    except Exception as error:  # noqa: BLE001 - whatever it is
        return "".join(traceback.format_exception_only(error)) + repr(error.__cause__) + repr(error.__context__)
    return f"{result!r} {result}"


def discreet(channel: Channel, kind: NotifierFault | None, number: int) -> None:
    """Nothing that is answered, raised or logged may tell the address or a secret."""
    sent = channel.message(number)
    with overhearing() as heard:
        notifier = channel.open()
        what = told(partial(notifier.send, sent, within=SHORT if kind else 10.0))
        shown = f"{notifier!r} {notifier}"
    where = "a channel that works" if kind is None else f"a channel that fails as {kind}"
    untold(channel, what, f"the answer, of {where}", sent.to)
    untold(channel, "\n".join(heard), f"the log, of {where}", sent.to)
    untold(channel, shown, f"the repr or str of the notifier, of {where}", sent.to)


@check("N5")
def a_delivery_tells_no_address_and_no_secret(channel: Channel) -> None:
    """Where all goes well neither the answer, the log nor the notifier's own name tells the address or a secret."""
    discreet(channel, None, 1)


@check("N5", offers=[Offer.FAULT])
def a_channel_that_quotes_is_not_repeated(channel: Channel) -> None:
    """Where the answer of the channel quotes the address and the secrets, nothing repeats them."""
    with channel.fault("quoting"):
        discreet(channel, "quoting", 1)
    result = channel.send(channel.open(), channel.message(2))
    expect.true(isinstance(result, Delivered), "once the channel works: Delivered", result)


@check("N5", offers=[Offer.FAULT])
def no_failure_tells_an_address_or_a_secret(channel: Channel) -> None:
    """However the channel fails, neither the answer, an error nor the log tells the address or a secret."""
    made: list[NotifierFault] = [
        one for one in NOTIFIER_FAULTS if channel.harness.fault(channel.config, one) is not None
    ]
    if not made:
        with channel.fault("busy"):
            """It says why it is not covered."""
    for number, kind in enumerate(made):
        with channel.fault(kind):
            discreet(channel, kind, number)


@check("N5")
def a_wrong_address_is_not_quoted_by_send(channel: Channel) -> None:
    """A message for an address that can be none of the channel is answered, or refused, without quoting it."""
    notifier = channel.open()
    for wrong in channel.harness.wrong_addresses:
        if len(wrong.strip()) < TELLING:
            continue
        sent = attrs.evolve(channel.message(1), to=wrong)
        with overhearing() as heard:
            what = told(partial(notifier.send, sent, within=SHORT))
        untold(channel, what + "\n".join(heard), "the answer, or the log, for a wrong address", wrong)
