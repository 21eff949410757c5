"""A message as an event of CloudEvents 1.0, in JSON."""

from __future__ import annotations

import json

from stabflow.ports.notifier import Message

MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"
TYPE = "org.stabflow.notice"


def event(message: Message, source: str) -> bytes:
    """``message`` as the body of a request: the same bytes at every attempt. What it is about is the event's subject; its own
    subject and text are among the data."""
    kind = message.facts.get("notice")
    about = message.facts.get("case")
    envelope = {
        "specversion": "1.0",
        "id": message.id,
        "source": source,
        "type": f"{TYPE}.{kind}" if kind else TYPE,
        **({"subject": about} if about else {}),
        "time": message.created_at,
        "datacontenttype": "application/json",
        "data": {
            "subject": " ".join(message.subject.splitlines()),
            "text": message.text,
            "language": message.language,
            "facts": dict(message.facts),
        },
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
