"""Bilingual text: everything a person reads is said in English and in Chinese at once."""

from __future__ import annotations

from typing import Literal

import attrs

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


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


def say(en: str, zh: str, /, **facts: object) -> Text:
    """Both sentences with ``facts`` filled in; a fact that is a `Text` is filled in in its own language."""

    def filled(pattern: str, language: Language) -> str:
        return pattern.format_map(
            {name: fact.get(language) if isinstance(fact, Text) else fact for name, fact in facts.items()}
        )

    return Text(filled(en, "en"), filled(zh, "zh"))


def listing(parts: list[Text] | tuple[Text, ...], *, none: Text | None = None) -> Text:
    """``parts`` one after the other, parted as each language does it."""
    if not parts and none is not None:
        return none
    return Text(", ".join(part.en for part in parts), "、".join(part.zh for part in parts))
