"""N3: the id is carried, stays the same, and keeps a message from being seen twice where the channel can tell."""

from __future__ import annotations

from ....ports.notifier import Delivered
from ....text import Text
from ... import expectation as expect
from ..channel import Channel
from ..registry import Declares, check


@check("N3")
def the_id_is_carried_and_stays_the_same(channel: Channel) -> None:
    """Every message comes out with its id, the same at each attempt, from each notifier."""
    for number in range(3):
        found = set()
        for attempt in (1, 2):
            sent = channel.message(number, attempt=attempt)
            result = channel.send(channel.open(), sent)
            expect.true(isinstance(result, Delivered), "a message must be delivered", result)
            found |= {one.id for one in channel.fresh()}
        if found == {None}:
            raise expect.NotCovered(Text("the channel carries no ids", "该渠道不传递消息编号"))
        expect.equal(found, {sent.id}, "the ids with which a message came out, at two attempts")


@check("N3", needs=[Declares.DEDUPLICATES])
def the_same_id_twice_is_seen_once(channel: Channel) -> None:
    """A message that is sent twice under one id is seen once, also by way of another notifier; both times it is delivered."""
    notifier = channel.open()
    for attempt, through in enumerate((notifier, notifier, channel.open()), start=1):
        result = channel.send(through, channel.message(1, attempt=attempt))
        expect.true(isinstance(result, Delivered), f"attempt {attempt} under one id: it must be delivered", result)
    expect.equal(len(channel.fresh()), 1, "how many are seen of three attempts under one id")


@check("N3")
def other_ids_are_other_messages(channel: Channel) -> None:
    """Messages that are alike but for their ids are all seen."""
    notifier = channel.open()
    for number in range(4):
        result = channel.send(notifier, channel.message(number * 2))
        expect.true(isinstance(result, Delivered), "a message must be delivered", result)
    expect.equal(len(channel.fresh()), 4, "how many are seen of four messages that are alike")
