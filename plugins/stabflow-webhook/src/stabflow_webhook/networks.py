"""Which addresses are out in public, and which a notice goes to only where somebody allowed it by name.

The tables are those of the IANA registries of special-purpose addresses, written out: what Python calls private or global differs
from version to version.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address


class Reach(enum.Enum):
    """Where an address leads: out in public, somewhere inside, or to no host at all."""

    PUBLIC = enum.auto()
    INSIDE = enum.auto()
    NOWHERE = enum.auto()


_NOWHERE_4 = [IPv4Network(net) for net in ("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4")]

_INSIDE_4 = [
    IPv4Network(net)
    for net in (
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by the customers of a carrier
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, with the metadata of clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
    )
]

_NOWHERE_6 = [IPv6Network(net) for net in ("::/128", "ff00::/8")]

_PUBLIC_6 = IPv6Network("2000::/3")
"""All that is given out as global; mapped, translated, local, link-local and multicast forms lie outside it."""

_INSIDE_6 = [
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocols, with Teredo
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
]

_CARRIERS = [
    (IPv6Network("::/96"), 0),
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("64:ff9b:1::/48"), 0),
    (IPv6Network("2002::/16"), 80),
]
"""Networks whose addresses carry one of IPv4, and by how many bits it is shifted."""


def reach(address: str) -> Reach:
    """Where ``address``, as a resolver answers it, leads; what is no address leads nowhere.

    One of IPv6 that carries one of IPv4 (mapped, NAT64, 6to4, Teredo) never counts as public, since what is behind it is for the
    translator to say; it leads nowhere where the one it carries does.
    """
    try:
        known = ip_address(address)
    except ValueError:
        return Reach.NOWHERE
    if isinstance(known, IPv4Address):
        return _reach_4(known)
    known = IPv6Address(int(known))  # without its zone
    if _among(known, _NOWHERE_6) or any(_reach_4(carried) is Reach.NOWHERE for carried in _carried(known)):
        return Reach.NOWHERE
    return Reach.PUBLIC if known in _PUBLIC_6 and not _among(known, _INSIDE_6) else Reach.INSIDE


def _reach_4(address: IPv4Address) -> Reach:
    if any(address in net for net in _NOWHERE_4):
        return Reach.NOWHERE
    return Reach.INSIDE if any(address in net for net in _INSIDE_4) else Reach.PUBLIC


def _among(address: IPv6Address, networks: Iterable[IPv6Network]) -> bool:
    return any(address in net for net in networks)


def _carried(address: IPv6Address) -> Iterable[IPv4Address]:
    if int(address) == 1:  # ::1 is the loopback, and carries nothing
        return
    for net, shift in _CARRIERS:
        if address in net:
            yield IPv4Address(int(address) >> shift & 0xFFFFFFFF)
    if address.teredo:
        yield address.teredo[1]
