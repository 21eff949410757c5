"""A message in one line of JSON, and what the channels made of lines take for an address."""

from __future__ import annotations

import json
import re

from ..errors import InvalidInput
from ..ports.notifier import Message, Rejected

LONGEST_LABEL = 200

# What ends a line for somebody, steers a terminal, or turns the writing round; JSON itself escapes no more than U+0000 to U+001F.
_UNSAFE = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)


def line_of(message: Message) -> str:
    """All of ``message`` as one JSON object in one line, its subject as one line too; what could end it, or look like another,
    is escaped, and is read from the JSON as it was."""
    fields = {
        "id": message.id,
        "to": message.to,
        "subject": " ".join(message.subject.splitlines()),
        "text": message.text,
        "language": message.language,
        "facts": dict(message.facts),
        "created_at": message.created_at,
        "attempt": message.attempt,
    }
    return _UNSAFE.sub(lambda found: json.dumps(found[0])[1:-1], json.dumps(fields, ensure_ascii=False))


def check_label(address: str) -> None:
    """`InvalidInput` unless ``address`` can be a label: one line that can be read, such as the name of an office."""
    if not 0 < len(address) <= LONGEST_LABEL or not address.isprintable() or address.isspace():
        raise InvalidInput.at(
            "address",
            f"it is no label: empty, longer than {LONGEST_LABEL} characters, or with characters that cannot be read",
            "write a word for whoever reads it, such as transport-bureau",
        )


def rejection(message: Message) -> Rejected | None:
    """Why ``message`` will never be taken, where its address is none."""
    try:
        check_label(message.to)
    except InvalidInput as error:
        return Rejected(f"the address cannot be used: {error.faults[0].problem}")
    return None
