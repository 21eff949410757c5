"""Notices as what stands in the outbox, and back. Writer and reader stand side by side, and nothing else knows the form.

The payload is canonical JSON of a fixed shape::

    {"about": "case" | an item's id | "vacancy:<role>",
     "body": "" | a body,
     "case": the case's id,
     "created_at": "2026-11-23T08:00:00.000000Z",
     "facts": {a name: a text, …},
     "form": "notice/1",
     "name": the name of the rule,
     "origin": the hash of the record, or the key under which a reminder came,
     "role": a role, or with a body the actor field that says so,
     "subject": {"en": …, "zh": …},
     "text": {"en": …, "zh": …}}
"""

from __future__ import annotations

from typing import Any

from .. import canonical
from ..decision.notices import Notice
from ..errors import Corrupt
from ..ports.store import NewNotice
from ..text import Text
from ..values import moment_text
from .codec import moment_from

FORM = "notice/1"

_TEXTS = ("about", "body", "case", "created_at", "form", "name", "origin", "role")
_WORDS = ("subject", "text")
_KEYS = frozenset((*_TEXTS, *_WORDS, "facts"))


def lane(case: str, role: str, body: str, *more: str) -> str:
    """The lane of what goes to one recipient about one case: no other parts make the same one."""
    return canonical.text([case, role, body, *more])


def encode(notice: Notice) -> NewNotice:
    """``notice`` for the outbox."""
    return NewNotice(lane(notice.case, notice.role, notice.body), notice_text(notice).encode())


def notice_text(notice: Notice) -> str:
    """``notice`` as canonical text, written by hand."""
    text = canonical.text_of
    return (
        f'{{"about":{text(notice.about)},"body":{text(notice.body)},"case":{text(notice.case)},'
        f'"created_at":"{moment_text(notice.created_at)}","facts":{canonical.text(dict(notice.facts))},"form":"{FORM}",'
        f'"name":{text(notice.name)},"origin":{text(notice.origin)},"role":{text(notice.role)},'
        f'"subject":{words_text(notice.subject)},"text":{words_text(notice.text)}}}'
    )


def words_text(words: Text) -> str:
    """Words in both languages as canonical text."""
    return f'{{"en":{canonical.text_of(words.en)},"zh":{canonical.text_of(words.zh)}}}'


def decode(payload: bytes) -> Notice:
    """The notice behind a payload; `Corrupt` for anything that `encode` does not write."""
    return notice_from(canonical.decode(payload))


def notice_from(held: Any) -> Notice:
    """The notice behind the document of a payload."""
    if not isinstance(held, dict) or held.keys() != _KEYS:
        raise Corrupt("the payload is no notice: its keys are others")
    if not all(isinstance(held[key], str) for key in _TEXTS) or held["form"] != FORM:
        raise Corrupt(f"the payload is no notice of the form {FORM}")
    facts = held["facts"]
    if not isinstance(facts, dict) or not all(isinstance(one, str) for one in facts.values()):
        raise Corrupt("the payload is no notice: its facts are not texts")
    try:
        created_at = moment_from(held["created_at"])
    except ValueError as error:
        raise Corrupt(f"the payload is no notice: {error}") from error
    return Notice(
        name=held["name"],
        role=held["role"],
        body=held["body"],
        case=held["case"],
        about=held["about"],
        origin=held["origin"],
        created_at=created_at,
        subject=words_from(held["subject"]),
        text=words_from(held["text"]),
        facts=facts,
    )


def words_from(held: Any) -> Text:
    """The words behind `words_text`."""
    if (
        not isinstance(held, dict)
        or held.keys() != {"en", "zh"}
        or not all(isinstance(one, str) for one in held.values())
    ):
        raise Corrupt("the payload is no notice: its words are not in both languages")
    return Text(held["en"], held["zh"])
