"""N7: addresses are checked without connecting, and not quoted."""

from __future__ import annotations

from functools import partial

import attrs

from ....errors import InvalidInput
from ....ports.notifier import Delivered, Rejected
from ... import expectation as expect
from ..channel import Channel
from ..registry import Offer, check
from .discretion import TELLING, overhearing, untold
from .intact import nothing


def wrong_addresses(channel: Channel) -> dict[str, str]:
    """Texts that can be no address of any channel, or not of this one."""
    right = channel.address()
    found = {
        "nothing": "",
        "blanks": "   ",
        "an end of a line": f"{right}\n",
        "a line behind it": f"{right}\r\nX-Forged: yes",
        "a NUL": f"{right}\0",
        "what steers a terminal": f"\x1b[31m{right}",
        "half a character": f"{right}\ud800",
        "no end": right + "x" * 10_000,
    }
    return found | {f"{one!r:.60}": one for one in channel.harness.wrong_addresses}


@check("N7")
def right_addresses_are_taken(channel: Channel) -> None:
    """An address of the channel passes the check, and messages for it are delivered."""
    notifier = channel.open()
    for number in range(3):
        notifier.check_address(channel.address(number))
        result = channel.send(notifier, channel.message(number, number))
        expect.true(isinstance(result, Delivered), "a message for an address that passed the check", result)


@check("N7")
def wrong_addresses_are_refused_and_not_quoted(channel: Channel) -> None:
    """What can be no address is `InvalidInput` with a cure, in words that do not quote it."""
    notifier = channel.open()
    for name, wrong in wrong_addresses(channel).items():
        what = f"checking an address with {name}"
        with overhearing() as heard:
            error = expect.raised(InvalidInput, partial(notifier.check_address, wrong), what)
        expect.true(all(one.cure for one in error.faults), f"{what}: each fault has a cure", error.faults)
        if len(wrong.strip()) >= TELLING:
            untold(channel, f"{error} {error!r}" + "\n".join(heard), what, wrong.strip())


@check("N7")
def nothing_is_sent_to_a_wrong_address(channel: Channel) -> None:
    """A message for what can be no address is rejected, and nothing comes out."""
    notifier = channel.open()
    for number, (name, wrong) in enumerate(wrong_addresses(channel).items()):
        result = channel.send(notifier, attrs.evolve(channel.message(number), to=wrong))
        expect.true(isinstance(result, Rejected), f"a message for an address with {name}: Rejected", result)
        nothing(channel.fresh(), f"a message for an address with {name}")
    channel.delivers(notifier, 50, "after messages for wrong addresses")


@check("N7", offers=[Offer.CONTACTS])
def nobody_is_connected_to_before_a_message(channel: Channel) -> None:
    """Opening, checking addresses and closing get in touch with nobody."""

    def contacts() -> int:
        return channel.harness.contacts(channel.config) or 0

    before = contacts()
    channel.delivers(channel.open(), 1, "a new notifier")
    needed = contacts() - before
    if needed < 1:
        raise expect.HarnessBroken("contacts() does not count what a message needs")
    before = contacts()
    notifier = channel.open()
    notifier.check_address(channel.address())
    for wrong in wrong_addresses(channel).values():
        expect.raised(InvalidInput, partial(notifier.check_address, wrong), "checking a wrong address")
    notifier.close()
    channel.delivers(channel.open(), 2, "a new notifier")  # behind which whoever came before has been counted
    what = "how often the channel was got in touch with for one message, another notifier, and checked addresses"
    expect.equal(contacts() - before, needed, what)
