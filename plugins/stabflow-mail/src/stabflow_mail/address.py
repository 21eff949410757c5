"""The URL of a mail channel: which server, in whose name, and how it is known to be the right one."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Sequence
from typing import Literal, NoReturn
from urllib.parse import unquote, urlsplit

import attrs

from stabflow.errors import InvalidInput, near_miss
from stabflow.ports.notifier import Secret, Secrets, only

from .line import tls_context
from .mailbox import Mailbox, NotAMailbox, ascii_host, read_mailbox

Encryption = Literal["starttls", "implicit", "none"]

_FORM = "write smtp://mail.example.org:587?from=notices@example.org&user=notices"
_KNOWN = ("from", "user", "tls", "ca", "hello")
_PORTS = {"smtp": 587, "smtps": 465}


@attrs.frozen
class Account:
    """A mail server, and how messages are handed to it.

    ``encryption`` is ``starttls``, ``implicit`` (from the first byte) or ``none``; with the first two ``context`` checks the
    certificate. ``passwords``: the one in use first. ``hello`` is by what name the server is greeted; empty: the own address.
    """

    host: str
    port: int
    sender: Mailbox
    encryption: Encryption
    context: ssl.SSLContext | None = attrs.field(repr=False, eq=False)
    user: str = attrs.field(repr=False)
    passwords: Sequence[Secret]
    hello: str


def read_account(url: str, secrets: Secrets) -> Account:
    """What a URL and its secrets say; `InvalidInput`, which repeats nothing that may be secret, where either is wrong."""
    only(secrets, "password")
    scheme, host, port, options = _parts(url)
    sender = _sender(options)
    encryption = _encryption(scheme, options.get("tls"))
    user, passwords = options.get("user", ""), tuple(secrets.get("password", ()))
    _check_login(user, passwords)
    if user and encryption == "none" and not is_loopback(host):
        _refuse("would send the password unencrypted", "leave tls=none out, or leave user= and secrets.password out")
    context = None if encryption == "none" else _context(options.get("ca"))
    if context is None and "ca" in options:
        _refuse("has ca= and tls=none", "leave one of them out")
    return Account(host, port, sender, encryption, context, user, passwords, _hello(options))


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, by what is written there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parts(url: str) -> tuple[str, str, int, dict[str, str]]:
    base, _, query = url.partition("?")
    try:
        split = urlsplit(base)
        scheme, given, port = split.scheme, split.hostname or "", split.port
    except ValueError:
        _refuse("cannot be read", _FORM)
    if scheme not in _PORTS or not given or port == 0:
        _refuse("does not name a mail server", _FORM)
    if "@" in split.netloc:
        _refuse("has a user or a password before the host", f"{_FORM}, and the password as secrets.password")
    if split.path not in ("", "/") or "#" in url:
        _refuse("has something behind the host that means nothing", f"{_FORM}; # is written %23")
    return scheme, _host(given), port or _PORTS[scheme], _options(query)


def _host(given: str) -> str:
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        pass
    try:
        return ascii_host(given)
    except NotAMailbox as error:
        _refuse(error.problem, error.cure)


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for option in filter(None, query.split("&")):
        name, _, value = option.partition("=")
        if name not in _KNOWN:
            plain = re.fullmatch(r"[a-z_]{1,20}", name)
            if name in ("password", "pass", "secret"):
                _refuse("has a password in it", "give it as secrets.password")
            _refuse(
                f"has the parameter {name!r}, which nobody knows" if plain else "has a parameter that nobody knows",
                near_miss(name, _KNOWN) + "; & in a value is written %26",
            )
        if name in options:
            _refuse(f"has {name}= twice", "leave one of them out")
        options[name] = unquote(value)
    return options


def _sender(options: dict[str, str]) -> Mailbox:
    if not options.get("from"):
        _refuse("does not say from whom messages are", f"{_FORM}: with from=")
    try:
        return read_mailbox(options["from"])
    except NotAMailbox as error:
        _refuse(f"has a from= that {error.problem}", error.cure)


def _encryption(scheme: str, said: str | None) -> Encryption:
    if said not in (None, "required", "none"):
        _refuse("has a tls= that is neither required nor none", "leave it out: it is required")
    if scheme == "smtps":
        if said == "none":
            _refuse("has tls=none, and smtps is encrypted from the first byte", "write smtp:// if you mean it")
        return "implicit"
    return "none" if said == "none" else "starttls"


def _check_login(user: str, passwords: Sequence[Secret]) -> None:
    if user and not passwords:
        raise InvalidInput.at("secrets.password", "is missing, and the URL has user=", "give it, or leave user= out")
    if passwords and not user:
        raise InvalidInput.at("url", "has no user=, and there is secrets.password", "give it, or leave the secret out")
    if "\0" in user or any(not secret.value or "\0" in secret.value for secret in passwords):
        raise InvalidInput.at("secrets.password", "the user or a password is empty or has NUL in it", "correct it")


def _context(authorities: str | None) -> ssl.SSLContext:
    try:
        return tls_context(authorities)
    except (OSError, ValueError):
        _refuse("has a ca= that is no file of certificates which can be read", "name a file in PEM format")


def _hello(options: dict[str, str]) -> str:
    if not options.get("hello"):
        return ""
    try:
        return ascii_host(options["hello"])
    except NotAMailbox as error:
        _refuse(f"has a hello= that {error.problem}", error.cure)


def _refuse(problem: str, cure: str) -> NoReturn:
    raise InvalidInput.at("url", f"the URL of a mail channel {problem}", cure)
