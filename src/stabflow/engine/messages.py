"""Messages as they wait in the outbox: a notice on its way to one body, by one channel, at one place of the directory.

Where the directory shows no way, the message waits without a channel, and is sent on its way when one is looked for again.
"""

from __future__ import annotations

import hashlib
from typing import Any

import attrs

from .. import canonical
from ..decision.notices import Notice
from ..errors import Corrupt
from ..history import notice_codec
from ..ports.notifier import Message
from ..ports.store import NewNotice
from ..text import Language, Text, say
from ..values import moment_text

FORM = "message/1"
_ID_LENGTH = 40
_KEYS = {"form", "notice", "role", "role_title", "instead_of", "instead_of_title", "body", "channel", "place"}


@attrs.frozen(kw_only=True)
class Outgoing:
    """``notice`` on its way to ``role`` of ``body``, ``instead_of`` a role that nobody holds ("": of none), at the address in
    ``place`` of ``channel`` ("": none is known)."""

    notice: Notice
    role: str
    role_title: Text
    instead_of: str = ""
    instead_of_title: Text = Text("", "")
    body: str
    channel: str = ""
    place: int = 0

    @property
    def id(self) -> str:
        """The same however often it is sent, and by whom."""
        parts = (self.notice.id, self.role, self.body, self.channel, str(self.place))
        return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()[:_ID_LENGTH]

    @property
    def target(self) -> tuple[str, str, str, int]:
        """Where it goes: what all messages to the same address have in common."""
        return self.channel, self.body, self.role, self.place

    def by(self, channel: str, place: int = 0) -> Outgoing:
        """The same by another channel."""
        return attrs.evolve(self, channel=channel, place=place)

    def as_message(self, to: str, language: Language | None, attempt: int) -> Message:
        """What a notifier is given, in ``language``, or (``None``) in both, Chinese first as the documents are."""
        subject, text = self.notice.subject, self._text()
        both = language is None
        facts = {**self.notice.facts, "role": self.role, "body": self.body}
        if self.instead_of:
            facts["instead_of"] = self.instead_of
        return Message(
            id=self.id,
            to=to,
            subject=f"{subject.zh} · {subject.en}"
            if both and subject.zh != subject.en
            else subject.get(language or "zh"),
            text=f"{text.zh}\n\n{text.en}" if both and text.zh != text.en else text.get(language or "zh"),
            language=language or "zh",
            facts=facts,
            created_at=moment_text(self.notice.created_at),
            attempt=attempt,
        )

    def _text(self) -> Text:
        if not self.instead_of:
            return self.notice.text
        return say(
            "To {role}: nobody holds {vacant}, to whom this is addressed.\n\n{text}",
            "致{role}：本通知原应发给{vacant}，现该职务无人担任。\n\n{text}",
            role=self.role_title,
            vacant=self.instead_of_title,
            text=self.notice.text,
        )


def encode(outgoing: Outgoing) -> NewNotice:
    """The message for the outbox, in the lane of its recipient and channel: its canonical payload, written by hand."""
    one, text, words = outgoing, canonical.text_of, notice_codec.words_text
    payload = (
        f'{{"body":{text(one.body)},"channel":{text(one.channel)},"form":"{FORM}","instead_of":{text(one.instead_of)},'
        f'"instead_of_title":{words(one.instead_of_title)},"notice":{notice_codec.notice_text(one.notice)},'
        f'"place":{one.place},"role":{text(one.role)},"role_title":{words(one.role_title)}}}'
    )
    lane = notice_codec.lane(one.notice.case, one.role, one.body, one.channel, str(one.place))
    return NewNotice(lane, payload.encode())


def decode(payload: bytes) -> Outgoing | Notice:
    """What waits in the outbox: a notice that is still to be addressed, or a message; `Corrupt` where it is neither."""
    held: Any = canonical.decode(payload)
    if not isinstance(held, dict) or held.get("form") != FORM:
        return notice_codec.notice_from(held)
    if held.keys() != _KEYS:
        raise Corrupt("the payload is no message: its keys are others")
    words = {name: held[name] for name in ("role", "instead_of", "body", "channel")}
    if not all(isinstance(one, str) for one in words.values()) or type(held["place"]) is not int:
        raise Corrupt("the payload is no message: it has values of other types")
    return Outgoing(
        notice=notice_codec.notice_from(held["notice"]),
        role_title=notice_codec.words_from(held["role_title"]),
        instead_of_title=notice_codec.words_from(held["instead_of_title"]),
        place=held["place"],
        **words,
    )
