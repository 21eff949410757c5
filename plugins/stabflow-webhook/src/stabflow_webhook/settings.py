"""The URL of a channel: ``webhook:?source=https://office.example/stabflow&allow=hooks.internal.example&ca=/etc/ssl/office.pem``."""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from functools import cached_property
from typing import NoReturn
from urllib.parse import unquote

import attrs

from stabflow.errors import InvalidInput

from .address import read_host

_KNOWN = ("allow", "ca", "source")
_URI = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]{1,500}")


@attrs.frozen(slots=False)
class Settings:
    """How a channel sends.

    ``source`` is the CloudEvents source of what it sends. ``allow``: the hosts that may be inside, without TLS, and at any port.
    ``trusting`` says which certificates are good, where it is not for the system to say.
    """

    source: str
    allow: frozenset[str]
    trusting: ssl.SSLContext | None

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Which certificates are good. Those of the system are read when they are first needed: that takes 20 ms."""
        return self.trusting or _tls()


def read_url(url: str) -> Settings:
    """What a channel's URL says; `InvalidInput`, which quotes no value of it, when it is none."""
    scheme, _, rest = url.partition(":")
    if scheme.lower() != "webhook" or (rest and not rest.startswith("?")):
        _refuse("has more than its scheme and parameters", "write webhook:?allow=…; addresses stand in the directory")
    given: dict[str, list[str]] = {}
    for option in filter(None, rest[1:].split("&")):
        name, _, value = option.partition("=")
        if name not in _KNOWN:
            _refuse("has a parameter that this channel does not know", f"it knows {', '.join(_KNOWN)}")
        given.setdefault(name, []).append(unquote(value))
    hosts = [host.strip() for value in given.get("allow", []) for host in value.split(",")]
    source = _one(given, "source") or "stabflow"
    if not _URI.fullmatch(source):
        _refuse("has a source that is no URI", "write source=https://office.example/stabflow")
    trusting = _trusting(_one(given, "ca"))
    return Settings(source, frozenset(read_host(_bracketed(host), "url.allow")[0] for host in hosts), trusting)


def _bracketed(host: str) -> str:
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host


def _one(given: dict[str, list[str]], name: str) -> str:
    values = given.get(name, [])
    if len(values) > 1 or values == [""]:
        _refuse(f"has no {name}, or several", f"write {name}= once, with what it is")
    return values[0] if values else ""


def _trusting(authorities: str) -> ssl.SSLContext | None:
    if not authorities:
        return None
    context = None
    with suppress(OSError, ValueError):  # an SSLError is an OSError; none is chained, since it may quote the path
        context = _tls(authorities)
    if context is None:
        _refuse("names with ca= a file that cannot be read as certificates", "name one in PEM")
    return context


def _tls(authorities: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authorities)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _refuse(problem: str, cure: str) -> NoReturn:
    raise InvalidInput.at("url", f"it {problem}", cure, what="the channel")
