"""Bilingual text: everything a person reads is said in English and in Chinese at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
BOTH_LANGUAGES = 'write { en = "…", zh = "…" }'
"""How a text is written in a file."""


@attrs.frozen(slots=True)
class Text:
    """The same words in English and in Chinese."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en

    def get(self, language: Language = "en") -> str:
        """The words in ``language`` (``"en"`` or ``"zh"``)."""
        return self.zh if language == "zh" else self.en


def same(words: object) -> Text:
    """Text that reads alike in both languages: an id, a number, a quotation."""
    return Text(str(words), str(words))


def worded(words: Text | str) -> Text:
    """``words`` in both languages; what was said in one only reads alike in both."""
    return words if isinstance(words, Text) else same(words)


def say(en: str, zh: str, /, **facts: object) -> Text:
    """Both sentences with ``facts`` filled in; a fact that is a `Text` is filled in in its own language."""
    facts_en = {name: fact.en if isinstance(fact, Text) else fact for name, fact in facts.items()}
    facts_zh = {name: fact.zh if isinstance(fact, Text) else fact for name, fact in facts.items()}
    return Text(en.format_map(facts_en), zh.format_map(facts_zh))


_COMMA = Text(", ", "、")
AND, OR = Text(" and ", "、"), Text(" or ", "或")
_INNER = str.maketrans("“”", "‘’")


def joined(parts: Sequence[Text], joint: Text) -> Text:
    """``parts`` one after the other, with ``joint`` between them."""
    return Text(joint.en.join([part.en for part in parts]), joint.zh.join([part.zh for part in parts]))


def listing(parts: Sequence[Text], *, last: Text | None = None, none: Text | None = None) -> Text:
    """``parts`` one after the other, parted as each language does it; before the last stands ``last``, if it is given."""
    if len(parts) == 1:
        return parts[0]
    if not parts and none is not None:
        return none
    if parts and last is not None:
        return joined([listing(parts[:-1]), parts[-1]], last)
    return joined(parts, _COMMA)


def quoted(words: Text) -> Text:
    """``words`` in quotes; quotes within them become inner ones."""
    en, zh = words.en, words.zh
    if "“" in en or "“" in zh:
        en, zh = en.translate(_INNER), zh.translate(_INNER)
    return Text(f"“{en}”", f"“{zh}”")


def either(parts: Sequence[Text], *, none: Text | None = None) -> Text:
    """Each of ``parts`` in quotes, any one of which will do."""
    return listing([quoted(part) for part in parts], last=OR, none=none)
