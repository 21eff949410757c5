"""N9: a notifier that is closed sends nothing, and takes nothing with it."""

from __future__ import annotations

from ....ports.notifier import Retry
from ... import expectation as expect
from ..channel import Channel
from ..registry import check
from .intact import nothing


@check("N9")
def what_is_closed_sends_nothing(channel: Channel) -> None:
    """After closing, a message is `Retry` and does not come out; closing twice is harmless."""
    for used in (False, True):
        notifier = channel.open()
        if used:
            channel.delivers(notifier, 1, "before closing")
        notifier.close()
        notifier.close()
        result = channel.send(notifier, channel.message(2))
        expect.true(isinstance(result, Retry), "a message after closing: Retry", result)
        expect.equal(
            getattr(result, "maybe_sent", None), False, "a message after closing: whether it may have been sent"
        )
        nothing(channel.fresh(), "a message after closing")


@check("N9")
def others_stay_open(channel: Channel) -> None:
    """Closing one notifier leaves another on the same channel as it was."""
    one, other = channel.open(), channel.open()
    channel.delivers(one, 1, "one notifier")
    channel.delivers(other, 2, "another on the same channel")
    one.close()
    channel.delivers(other, 3, "another, after the first was closed")
