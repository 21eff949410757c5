"""N4: the time there is is kept, whatever the channel does."""

from __future__ import annotations

import time
import tracemalloc

from ....ports.notifier import Retry
from ... import expectation as expect
from ..channel import Channel
from ..harness import NotifierFault
from ..registry import Offer, check
from .answers import recovers

GRACE = 1.5
"""How many seconds more than it had a message may take, on a machine that is busy."""
MOST = 32 * 2**20
"""How many bytes of memory an answer may take that never comes to an end."""


def in_time(channel: Channel, kind: NotifierFault) -> None:
    """While the channel fails `send` must answer in its time; later it delivers."""
    notifier = channel.open()
    for number, within in enumerate((0.2, 0.8)):
        with channel.fault(kind):
            began = time.monotonic()
            result = channel.send(notifier, channel.message(number), within=within)
            took = time.monotonic() - began
        expect.true(
            took <= within + GRACE, f"a channel that fails as {kind}: it had {within:g} seconds and took {took:.1f}"
        )
        if kind != "flood":  # which may have begun with an answer
            expect.true(isinstance(result, Retry), f"a channel that fails as {kind}: Retry", result)
    channel.fresh()
    recovers(channel, notifier, kind)


@check("N4", offers=[Offer.FAULT])
def a_channel_that_never_answers_is_given_up(channel: Channel) -> None:
    """Where the channel never answers, `send` does, within the time it was given."""
    in_time(channel, "silent")


@check("N4", offers=[Offer.FAULT])
def a_channel_that_answers_bit_by_bit_is_given_up(channel: Channel) -> None:
    """Where the channel goes on answering a little at a time, `send` answers within the time it was given for all of it."""
    in_time(channel, "slow")


@check("N4", offers=[Offer.FAULT])
def an_answer_without_end_is_not_read_to_its_end(channel: Channel) -> None:
    """Where the answer never comes to an end, `send` answers within its time, and does not keep all of it."""
    traced = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        in_time(channel, "flood")
        took = tracemalloc.get_traced_memory()[1] - before
    finally:
        if not traced:
            tracemalloc.stop()
    expect.true(took <= MOST, f"it took {took // 2**20} MiB of memory to read an answer without end")
