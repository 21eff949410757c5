"""The address of a receiver, ``https://host:port/path?query``, and the host names in it and in the channel's URL."""

from __future__ import annotations

import re
from collections.abc import Container
from ipaddress import IPv4Address, IPv6Address
from typing import NoReturn

import attrs

from stabflow.errors import InvalidInput

from .networks import Reach, reach

LONGEST = 2048
_FORM = "write https://host/path"
_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?")
_PLACE = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_REQUESTED = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?\[\]-]|%[0-9A-Fa-f]{2})*")
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_READ_DIFFERENTLY = "ßς\u200c\u200d"
"""Characters that two editions of the rules for international names turn into two different hosts."""


@attrs.frozen(repr=False)
class Target:
    """Where a request goes. It shows nothing of itself: the path of many a webhook is a password."""

    secure: bool
    host: str
    """A name in small ASCII letters, or an address."""
    is_name: bool
    port: int
    requested: str
    """Path and query, as they stand in the request."""

    @property
    def authority(self) -> str:
        """What the request says as ``Host``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def read_address(address: str, allowed: Container[str]) -> Target:
    """Where ``address`` leads; `InvalidInput`, which quotes nothing of it, when it can be none.

    ``allowed`` are the hosts that may be inside, without TLS, and at any port.
    """
    if len(address) > LONGEST or not address.isprintable() or " " in address or "\\" in address:
        _refuse(f"has blanks, control characters, backslashes or more than {LONGEST} characters", _FORM)
    parts = _PARTS.fullmatch(address)
    scheme = parts[1].lower() if parts else ""
    if parts is None or scheme not in ("https", "http"):
        _refuse("is no web address", _FORM)
    if "@" in parts[2]:
        _refuse("has a user or a password before its host", "leave them out: the receiver knows us by the signature")
    if parts[5] is not None:
        _refuse("has a part after #, which no receiver would see", "leave it out")
    if not _REQUESTED.fullmatch(parts[3] + (parts[4] or "")):
        _refuse("has characters in its path or query that cannot stand there", "write them as % and two digits")
    place = _PLACE.fullmatch(parts[2])
    host, is_name = read_host(place[1] if place else "")
    port = int(place[2]) if place and place[2] else 443 if scheme == "https" else 80
    if not 1 <= port <= 65535:
        _refuse("has a port that cannot be one", "write a number from 1 to 65535")
    if host not in allowed:
        _check_public(scheme == "https", host, is_name, port)
    if not is_name and reach(host) is Reach.NOWHERE:
        _refuse("has a host that is no single machine", "name the receiver's own")
    requested = (parts[3] or "/") + (parts[4] or "")
    return Target(secure=scheme == "https", host=host, is_name=is_name, port=port, requested=requested)


def _check_public(secure: bool, host: str, is_name: bool, port: int) -> None:
    """Refuse what only a host may have that is allowed by name."""
    cure = "or allow the host by name, with allow=HOST in the channel's URL"
    if not secure:
        _refuse("goes without TLS", f"write https://, {cure}")
    if port != 443 and port < 1024:
        _refuse("has a port at which other services than web servers listen", f"take 443, or one from 1024 on, {cure}")
    if not is_name and reach(host) is not Reach.PUBLIC:
        _refuse("leads inside (private, loopback, link-local or the like)", f"take one out in public, {cure}")


def read_host(host: str, path: str = "address") -> tuple[str, bool]:
    """A host as it is compared and connected to, and whether it is a name; `InvalidInput` at ``path`` when it can be none."""
    if host.startswith("[") and host.endswith("]"):
        if "%" in host or not (written := _read(IPv6Address, host[1:-1])):
            _refuse("has something in brackets that is no address of IPv6 (nor may it have a zone)", _FORM, path)
        return written, False
    name = _ascii_name(host)
    if name is None:
        _refuse("has a host that can be none", f"{_FORM}; a name that is not ASCII may be written xn--…", path)
    if not _NUMBER.fullmatch(name.rpartition(".")[2]):
        return name, True
    if not (written := _read(IPv4Address, name)):
        _refuse("has a host in digits that is written unlike 192.0.2.1", "write four numbers from 0 to 255", path)
    return written, False


def _read(kind: type[IPv4Address | IPv6Address], host: str) -> str | None:
    """The address that ``host`` is; what Python raises where it is none would quote it."""
    try:
        return str(kind(host))
    except ValueError:
        return None


def _ascii_name(host: str) -> str | None:
    if not host.isascii():
        if any(sign in host for sign in _READ_DIFFERENTLY):
            return None
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    name = host.lower().removesuffix(".")
    return name if len(name) <= 253 and _NAME.fullmatch(name) else None


def _refuse(problem: str, cure: str, path: str = "address") -> NoReturn:
    raise InvalidInput.at(path, f"it {problem}", cure, what="the channel")
