"""N1: one message, one send, and it comes out as it went in."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ....ports.notifier import Delivered, Message, Notifier, Rejected
from ... import expectation as expect
from ..channel import Channel
from ..harness import Received
from ..material import FORGED, INJECTIONS, LONG, SUBJECTS, TEXTS, UNWRITABLE, any_text
from ..registry import check


def arrives(channel: Channel, notifier: Notifier, sent: Message, what: str) -> Received:
    """The message must be delivered, and come out once, whole, at its own address."""
    result = channel.send(notifier, sent)
    expect.true(isinstance(result, Delivered), f"{what}: it must be delivered", result)
    received = channel.fresh()
    expect.equal(len(received), 1, f"{what}: how many messages came out of one")
    is_whole(received[0], sent, what)
    return received[0]


def is_whole(received: Received, sent: Message, what: str) -> None:
    """What came out must be what was sent, word for word, but for ends of lines at the very end."""
    expect.equal(received.to, sent.to, f"{what}: the address at which it came out")
    if received.subject is None:
        expect.true(sent.subject in received.text, f"{what}: the subject must stand in the text", received.text)
        expect.true(sent.text in received.text, f"{what}: the text must stand in what came out", received.text)
    else:
        expect.equal(received.subject, sent.subject, f"{what}: the subject")
        expect.equal(received.text.rstrip("\n"), sent.text.rstrip("\n"), f"{what}: the text")
    if received.facts is not None:
        expect.equal(dict(received.facts), dict(sent.facts), f"{what}: the facts")


def fitting(channel: Channel, text: str) -> str:
    """As much of ``text`` as the channel takes."""
    longest = channel.harness.longest
    return text if longest is None else text[:longest].rstrip()


@check("N1")
def a_text_comes_out_as_it_went_in(channel: Channel) -> None:
    """Chinese, combining, bidirectional and rare characters, dots, tags and long lines come out as they went in, once each."""
    notifier = channel.open()
    for number, (name, text) in enumerate(TEXTS.items()):
        arrives(channel, notifier, channel.message(number, text=fitting(channel, text)), f"a text with {name}")


@check("N1")
def a_subject_comes_out_as_it_went_in(channel: Channel) -> None:
    """Subjects in Chinese, long ones, and those with what means something elsewhere come out as they went in."""
    notifier = channel.open()
    for number, (name, subject) in enumerate(SUBJECTS.items()):
        arrives(channel, notifier, channel.message(number, subject=subject), f"a subject ({name})")


@check("N1")
def any_text_comes_out_as_it_went_in(channel: Channel) -> None:
    """Texts and subjects drawn at random come out as they went in."""
    notifier = channel.open()
    for number in range(12 * channel.effort):
        text = fitting(channel, any_text(channel.random, channel.random.choice([1, 5, 60, 900])))
        subject = " ".join(any_text(channel.random, channel.random.choice([1, 8, 90])).split())
        arrives(channel, notifier, channel.message(number, text=text, subject=subject), "a text drawn at random")


@check("N1")
def a_long_text_is_not_cut(channel: Channel) -> None:
    """The longest text that the channel takes comes out whole; a longer one is rejected or comes out whole, and is never cut."""
    notifier = channel.open()
    longest = channel.harness.longest or LONG
    lines = "\n".join(f"{number} 关于答复期限的通知" for number in range(longest))
    arrives(channel, notifier, channel.message(1, text=lines[:longest].rstrip()), f"a text of {longest} characters")
    for number, factor in enumerate((2, 20), start=2):
        sent = channel.message(number, text=lines[: longest * factor].rstrip())
        result = channel.send(notifier, sent)
        what = f"a text of {len(sent.text)} characters"
        received = channel.fresh()
        if isinstance(result, Delivered):
            expect.equal(len(received), 1, f"{what}: how many messages came out of one")
            is_whole(received[0], sent, what)
        else:
            expect.true(isinstance(result, Rejected), f"{what}: it must be delivered or rejected", result)
            nothing(received, what)


@check("N1")
def next_to_nothing_does_no_harm(channel: Channel) -> None:
    """A message without a text or a subject is delivered so or rejected; it is not tried for ever."""
    notifier = channel.open()
    for number, (subject, text) in enumerate([("", ""), ("Due", ""), ("", "Due"), (" ", " \n \n"), (".", ".")]):
        what = f"a message with the subject {subject!r} and the text {text!r}"
        sent = channel.message(number, subject=subject, text=text)
        result, received = channel.send(notifier, sent), channel.fresh()
        if isinstance(result, Delivered):
            expect.equal(len(received), 1, f"{what}: how many messages came out of one")
            expect.true(text.strip() in received[0].text, f"{what}: the text", received[0].text)
        else:
            expect.true(isinstance(result, Rejected), f"{what}: it must be delivered or rejected", result)
            nothing(received, what)


def given(channel: Channel, number: int, where: str, words: str) -> Message:
    """A message with these words in its subject, its text or among its facts."""
    if where == "more":
        return channel.message(number, more=words)
    return channel.message(number, subject=words) if where == "subject" else channel.message(number, text=words)


@check("N1")
def nobody_forges_a_line(channel: Channel) -> None:
    """Ends of lines in a subject or among the facts forge no header, no recipient and no text: the message is rejected, or its
    subject comes out in one line."""
    notifier = channel.open()
    for number, (name, words) in enumerate(INJECTIONS.items()):
        for place, where in enumerate(("subject", "more")):
            what = f"{name} in {'the subject' if where == 'subject' else 'a fact'}"
            sent = given(channel, number * 10 + place, where, words)
            result, received = channel.send(notifier, sent), channel.fresh()
            if not isinstance(result, Delivered):
                expect.true(isinstance(result, Rejected), f"{what}: it must be delivered or rejected", result)
                nothing(received, what)
                continue
            expect.equal([one.to for one in received], [sent.to], f"{what}: the addresses of what came out")
            unforged(received[0], sent, what)


def unforged(received: Received, sent: Message, what: str) -> None:
    """Nothing but the text has more than one line, and there is no header that nobody gave."""
    expect.true(FORGED not in {name.lower() for name in received.more}, f"{what}: a header was forged", received.more)
    if received.subject is not None:
        lines = received.subject.splitlines()
        expect.true(len(lines) <= 1, f"{what}: the subject must be one line", received.subject)
        expect.equal(received.text.rstrip("\n"), sent.text, f"{what}: the text")
    if received.facts is not None:
        expect.equal(set(received.facts), set(sent.facts), f"{what}: the names of the facts")


@check("N1")
def what_cannot_be_written_is_not_tried_for_ever(channel: Channel) -> None:
    """NUL, control characters and halves of characters are escaped, left out, or the message is rejected; it is neither torn nor
    tried for ever."""
    notifier = channel.open()
    for number, (name, words) in enumerate(UNWRITABLE.items()):
        for place, where in enumerate(("subject", "text", "more")):
            what = f"{name} in the {'facts' if where == 'more' else where}"
            sent = given(channel, number * 10 + place, where, words)
            result, received = channel.send(notifier, sent), channel.fresh()
            if not isinstance(result, Delivered):
                expect.true(isinstance(result, Rejected), f"{what}: it must be delivered or rejected", result)
                nothing(received, what)
                continue
            expect.equal(len(received), 1, f"{what}: how many messages came out of one")
            said = received[0].text if where == "text" or received[0].subject is None else received[0].subject
            if where != "more":
                expect.true("before" in said and "after" in said, f"{what}: what stands around it", said)


@check("N1")
def each_message_goes_to_its_own_address(channel: Channel) -> None:
    """Messages for several addresses come out at their own, and nowhere else."""
    notifier = channel.open()
    for number in range(8):
        sent = channel.message(number, number % 3, text=f"for the address {number % 3}")
        arrives(channel, notifier, sent, f"the message {number}, for the address {number % 3}")
        arrives(
            channel,
            notifier,
            attrs.evolve(sent, id=f"again-{number}"),
            "the same for the same address, under another id",
        )


def nothing(received: Iterable[Received], what: str) -> None:
    """Nothing may have come out."""
    expect.equal([one.subject or one.text[:40] for one in received], [], f"{what}: what came out")
