"""A message as the bytes of a mail."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from stabflow.ports.notifier import Message

from .mailbox import Mailbox

_ATOMS = re.compile(r"[A-Za-z0-9_+=-]+(\.[A-Za-z0-9_+=-]+)*")
_LINE_ENDS = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_UNFIT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_MOST_PLAIN = 60
_MOST_ENCODED = 42
"""Characters, and bytes, that stand in one line with the name of a header before them."""


def letter(message: Message, sender: Mailbox, recipient: Mailbox) -> bytes:
    """The mail: plain text, in ASCII apart from addresses that cannot be; the same bytes at every attempt. `ValueError` where the
    message is not as the contract has it."""
    utf8 = sender.needs_utf8 or recipient.needs_utf8
    mail = EmailMessage(policy=SMTP.clone(utf8=utf8, cte_type="7bit", refold_source="none"))
    headers = {
        "From": _address(sender),
        "To": _address(recipient),
        "Subject": header_text(message.subject),
        "Date": format_datetime(moment(message.created_at)),
        "Message-ID": message_id(message.id, sender.domain),
        "Auto-Submitted": "auto-generated",
    }
    for name, value in headers.items():
        mail.set_raw(name, value)  # already as it is sent: what email reads in it, it would change
    text = _readable(message.text.replace("\r\n", "\n").replace("\r", "\n"))
    mail.set_content(text.rstrip("\n") + "\n", charset="utf-8")
    mail.set_raw("Content-Language", message.language)
    return mail.as_bytes()


def header_text(words: str) -> str:
    """Words as a header has them: one line for who reads them, whatever is in them."""
    line = " ".join(_readable(_LINE_ENDS.sub(" ", words)).split())
    if line.isascii() and line.isprintable() and "=?" not in line and len(line) <= _MOST_PLAIN:
        return line
    return "\n ".join(f"=?utf-8?b?{b64encode(part).decode('ascii')}?=" for part in _parts(line))


def _parts(line: str) -> Iterator[bytes]:
    """The line in pieces that an encoded word has room for, no character cut in two."""
    part = b""
    for character in line:
        more = character.encode()
        if len(part) + len(more) > _MOST_ENCODED:
            yield part
            part = b""
        part += more
    yield part


def _address(mailbox: Mailbox) -> str:
    if not mailbox.name:
        return mailbox.written
    name = header_text(mailbox.name)
    return f"{name}\n <{mailbox.written}>" if name.startswith("=?") else f'"{name}" <{mailbox.written}>'


def message_id(id: str, domain: str) -> str:
    """By what mail servers and readers know a message again."""
    return f"<{id if _ATOMS.fullmatch(id) else 'x.' + id.encode().hex()}@{domain}>"


def moment(created_at: str) -> datetime:
    """When a message came about; `ValueError` where that is not told as the contract says."""
    return datetime.strptime(created_at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _readable(words: str) -> str:
    """The words without characters that no mail may have in it."""
    return _UNFIT.sub("\ufffd", words)
