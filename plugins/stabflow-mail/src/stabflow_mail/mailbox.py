"""Mail addresses: what is one, and how it is written for servers that know ASCII only."""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

import attrs

_FORM = "write unit@example.org, or Name <unit@example.org>"
_WRITTEN = re.compile(
    r'(?:"(?P<quoted>[^"\\<>]*)"|(?P<name>[^"\\<>]*?))\s*<(?P<within>[^<>\s]+)>|(?P<bare>[^<>\s"\\]+)'
)
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_UNLIKE = "ßς"
"""Letters that the two standards for names of hosts write differently, so that a message could go to somebody else."""
_MOST_LOCAL, _MOST_DOMAIN, _MOST_NAME = 64, 253, 200


class NotAMailbox(Exception):
    """Why something is no mail address, and what to do; it is not quoted."""

    def __init__(self, problem: str, cure: str = _FORM) -> None:
        super().__init__(problem)
        self.problem, self.cure = problem, cure


@attrs.frozen
class Mailbox:
    """One mail address. ``name`` is for people to read, or empty; ``domain`` is ASCII, whatever it looks like to people."""

    name: str = attrs.field(repr=False)
    local: str = attrs.field(repr=False)
    domain: str

    @property
    def written(self) -> str:
        """The address as the dialogue with a server has it."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 can take it."""
        return not self.local.isascii()


def read_mailbox(text: str) -> Mailbox:
    """The one address in ``text``; `NotAMailbox` where there is none, or several."""
    text = unicodedata.normalize("NFC", text).strip(" ")
    if any(unicodedata.category(character) in _UNSEEN for character in text):
        raise NotAMailbox("has characters in it that nobody can see, such as the end of a line", "leave them out")
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise NotAMailbox("is no mail address")
    name = (found["quoted"] or found["name"] or "").strip()
    if "@" in name or (not found["quoted"] and re.search("[,;]", name)):
        raise NotAMailbox("is more than one mail address", f"{_FORM}; of several, make a list")
    if len(name) > _MOST_NAME:
        raise NotAMailbox(f"has a name of more than {_MOST_NAME} characters", "shorten it")
    local, at, domain = (found["within"] or found["bare"]).rpartition("@")
    if not at or not domain:
        raise NotAMailbox("is no mail address: it has no @, or nothing behind it")
    _check_local(local)
    return Mailbox(name, local, ascii_host(domain))


_UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")


def _check_local(local: str) -> None:
    if not all(_ATOM.fullmatch(atom) for atom in local.split(".")):
        raise NotAMailbox(
            "has something before the @ that many servers do not take",
            "write letters, digits and !#$%&'*+/=?^_`{|}~- there, with single dots between them, without quotes",
        )
    if len(local.encode()) > _MOST_LOCAL:
        raise NotAMailbox(f"has more than {_MOST_LOCAL} bytes before the @", "shorten it")


def ascii_host(host: str) -> str:
    """The name of a host or a domain in ASCII (``xn--…``) and in small letters; `NotAMailbox` where it is none."""
    if any(letter in host for letter in _UNLIKE):
        _no_host("has ß or ς in the name of the host, which not everybody writes alike", "write that name as xn--…")
    try:
        written = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        _no_host("has a name of the host that cannot be one")
    labels = written.split(".")
    if len(written) > _MOST_DOMAIN or labels[-1].isdigit() or not all(map(_LABEL.fullmatch, labels)):
        _no_host("has a name of the host that cannot be one")
    return written


def _no_host(problem: str, cure: str = "write a name such as mail.example.org there, no number") -> NoReturn:
    raise NotAMailbox(problem, cure)
