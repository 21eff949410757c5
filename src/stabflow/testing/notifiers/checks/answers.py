"""N2, N6, N10: the answer is honest, whatever the channel does."""

from __future__ import annotations

from ....ports.notifier import Delivered, Notifier, Rejected, Result, Retry
from ... import expectation as expect
from ..channel import Channel
from ..harness import WAIT, NotifierFault
from ..registry import Offer, check
from .intact import nothing

SHORT = 0.5
"""How long a message may take where the channel never answers."""


def failing(channel: Channel, notifier: Notifier, kind: NotifierFault, number: int = 1) -> Result:
    """What is answered while the channel fails: honest in any case."""
    sent = channel.message(number)
    with channel.fault(kind):
        result = channel.send(notifier, sent, within=SHORT if kind in {"silent", "slow", "flood"} else 5.0)
        received = channel.fresh()
    if isinstance(result, Delivered):
        expect.equal(len(received), 1, f"it answered {result} ({kind}): how many messages came out")
    elif isinstance(result, Rejected) or not result.maybe_sent:
        nothing(received, f"it answered {result} ({kind})")
    return result


def recovers(channel: Channel, notifier: Notifier, kind: NotifierFault) -> None:
    """Once the channel works again, so does the notifier that was open meanwhile."""
    channel.delivers(notifier, 50, f"after a channel that failed as {kind}")


def a_retry(channel: Channel, kind: NotifierFault, *, certain: bool) -> None:
    """While the channel fails the answer must be `Retry`, where it is ``certain`` of what was not sent; later it delivers."""
    notifier = channel.open()
    for number in (1, 2):
        result = failing(channel, notifier, kind, number)
        expect.true(isinstance(result, Retry), f"a channel that fails as {kind}: Retry", result)
        if certain and isinstance(result, Retry):
            expect.equal(result.maybe_sent, False, f"a channel that fails as {kind}: whether it may have been sent")
    recovers(channel, notifier, kind)


@check("N2", offers=[Offer.FAULT])
def where_nobody_is_there_it_is_retried(channel: Channel) -> None:
    """Where nobody takes the connection the answer is `Retry`, of what was certainly not sent; later it is delivered."""
    a_retry(channel, "refused", certain=True)


@check("N2", offers=[Offer.FAULT])
def not_now_is_a_retry(channel: Channel) -> None:
    """A channel that says that it does not take the message now is a `Retry`, of what was certainly not sent."""
    a_retry(channel, "busy", certain=True)


@check("N2", offers=[Offer.FAULT])
def never_is_a_rejection(channel: Channel) -> None:
    """A channel that says that it will never take the message is `Rejected`; the address stays in use."""
    notifier = channel.open()
    result = failing(channel, notifier, "rejected")
    expect.true(isinstance(result, Rejected), "a channel that rejects: Rejected", result)
    expect.equal(result, Rejected(getattr(result, "reason", "")), "a channel that rejects this message: gone")
    recovers(channel, notifier, "rejected")


@check("N2", offers=[Offer.FAULT])
def an_address_that_is_gone_is_told(channel: Channel) -> None:
    """A channel that says that the address is to be used no more is `Rejected`, with ``gone``."""
    notifier = channel.open()
    result = failing(channel, notifier, "gone")
    expect.equal(result, Rejected(getattr(result, "reason", ""), gone=True), "a channel that says the address is gone")
    recovers(channel, notifier, "gone")


@check("N2", offers=[Offer.FAULT])
def what_is_no_answer_is_a_retry(channel: Channel) -> None:
    """An answer that is none is a `Retry`: neither delivered nor rejected."""
    a_retry(channel, "garbled", certain=False)


@check("N2", offers=[Offer.FAULT])
def a_refusal_has_a_reason(channel: Channel) -> None:
    """What is not delivered has a reason in one line, that a person can read."""
    tried = 0
    for number, kind in enumerate(_REFUSING):
        if channel.harness.fault(channel.config, kind) is None:
            continue
        tried += 1
        result = failing(channel, channel.open(), kind, number)
        reason = result.detail if isinstance(result, Delivered) else result.reason
        expect.true(reason.strip() and reason.isprintable(), f"the reason of a channel that fails as {kind}", reason)
    if not tried:
        with channel.fault("busy"):
            """It says why it is not covered."""


_REFUSING: tuple[NotifierFault, ...] = ("refused", "busy", "rejected", "gone", "garbled")


@check("N6", offers=[Offer.FAULT])
def the_channels_wish_to_wait_is_passed_on(channel: Channel) -> None:
    """Where the channel asks to be left alone for 120 seconds, ``after`` says so; where it does not, ``after`` is ``None``."""
    notifier = channel.open()
    result = failing(channel, notifier, "wait")
    expect.true(isinstance(result, Retry), "a channel that asks to wait: Retry", result)
    after = result.after if isinstance(result, Retry) else None
    expect.true(
        after is not None and WAIT - 5 <= after <= WAIT + 1, f"``after``, where it asks for {WAIT} seconds", result
    )
    recovers(channel, notifier, "wait")
    if channel.harness.fault(channel.config, "busy") is not None:
        plain = failing(channel, notifier, "busy", 2)
        expect.true(isinstance(plain, Retry) and plain.after is None, "``after``, where nothing is asked for", plain)


@check("N10", offers=[Offer.FAULT])
def what_was_cut_off_may_have_been_sent(channel: Channel) -> None:
    """Where the channel took the message over and broke off before it answered, the answer is `Retry` with ``maybe_sent``; sent
    again it is seen once where the notifier deduplicates."""
    notifier = channel.open()
    sent = channel.message(1)
    with channel.fault("cut"):
        result = channel.send(notifier, sent, within=5.0)
    expect.true(isinstance(result, Retry), "a channel that breaks off before it answers: Retry", result)
    expect.equal(getattr(result, "maybe_sent", None), True, "whether it may have been sent")
    expect.equal([one.to for one in channel.fresh()], [sent.to], "what came out when it broke off")
    again = channel.send(notifier, channel.message(1, attempt=2))
    expect.true(isinstance(again, Delivered), "the same message again, once the channel works: Delivered", again)
    seen = [one.to for one in channel.fresh()]
    expect.equal(seen, [] if notifier.deduplicates else [sent.to], "what came out of the second attempt")


@check("N10", offers=[Offer.FAULT])
def what_was_torn_is_not_delivered(channel: Channel) -> None:
    """Where the channel breaks off in the middle of the message, the answer is `Retry`, and it is delivered later."""
    a_retry(channel, "torn", certain=False)
