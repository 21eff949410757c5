"""What may be shown of a URL, and the words of others without what nobody may read in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

_SECRET = re.compile(r"(?<=[?&;])([^=&;]*(?:pass|pwd|secret|token|key|cred|auth)[^=&;]*=)([^&;#]+)", re.IGNORECASE)
"""A parameter of a URL that is called like a secret, and its value."""
_PART = re.compile(r"[^\s@:/?#&=;,<>\[\]()\"']{6,}")
_SHORT = 6


def public(url: str) -> str:
    """``url`` as it may be shown: where an ``@`` is in it, a password may be too, so that only the scheme is left; otherwise
    without the values of parameters that are called like secrets."""
    if "@" not in url:
        return _SECRET.sub(r"\1…", url)
    scheme, colon, rest = url.partition(":")
    if not colon or "@" in scheme:
        return "…"
    return f"{scheme}://…" if rest.startswith("//") else f"{scheme}:…"


def secrets_in(url: str) -> set[str]:
    """What may be a secret in ``url``, and the whole of it where it has a password."""
    secrets = {value for _, value in _SECRET.findall(url)}
    secrets |= {unquote(value) for value in secrets}
    if "@" in url:
        rest = url.partition(":")[2].lstrip("/")
        user = rest.rpartition("@")[0]
        secrets |= {url, rest, user, unquote(user), user.partition(":")[2], unquote(user.partition(":")[2])}
    return secrets - {""}


def parts_of(address: str) -> set[str]:
    """An address, and those of its parts by which it could be told: before and behind an ``@``, a host, a path."""
    rest = re.sub(r"\A[a-z][a-z0-9+.-]*:", "", address, flags=re.IGNORECASE)
    return {address, rest, *_PART.findall(rest)} - {""}


def without(words: str, hidden: Iterable[str]) -> str:
    """``words`` with ``…`` for whatever is ``hidden``, also where it is written as in a URL; what is short, only where it stands
    alone."""
    if not words:
        return words
    every = {form for one in hidden for form in _forms(one)}
    for one in sorted(every - {""}, key=len, reverse=True):
        if len(one) < _SHORT:
            words = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", "…", words)
        else:
            words = re.sub(re.escape(one), "…", words, flags=re.IGNORECASE)
    return words


def _forms(words: str) -> tuple[str, ...]:
    """``words`` as errors may quote them."""
    in_url = (quote(words, safe=safe, errors="replace") for safe in ("", "/"))
    return (words, unquote(words), *in_url, ascii(words)[1:-1])
