"""What a procedure lets an office know: on which occasion, whom, in which words."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable

import attrs

from ..calendar import Duration
from ..requirements.base import duration_or_name, names
from ..text import Text
from .notice_template import fields_of

ACCOUNTABLE = "accountable"
"""Among those to whom a notice goes: whoever owes what it speaks of; where that has gone up, those to whom it has gone."""

EVERY_KIND = "*"
"""In place of kinds of item: whatever can be owed, of the case, of its items, and to fill its offices."""


class Occasion(enum.Enum):
    """What a notice tells of. The first three are of what is owed: that it falls due in so long, that its limit has passed, that
    it has gone to those above; then that a state was entered, and that a row was fired."""

    __hash__ = object.__hash__  # a member is only ever the same as itself

    BEFORE_DUE = "before_due"
    DUE = "due"
    ESCALATED = "escalated"
    ENTERED = "entered"
    FIRED = "fired"


OF_DUTIES = frozenset({Occasion.BEFORE_DUE, Occasion.DUE, Occasion.ESCALATED})


def _leads(value: Duration | str | Iterable[Duration | str]) -> tuple[Duration | str | None, ...]:
    return tuple(duration_or_name(one) for one in ((value,) if isinstance(value, Duration | str) else value))


def _paragraphs(value: Text | Iterable[Text]) -> tuple[Text, ...]:
    return (value,) if isinstance(value, Text) else tuple(value)


@attrs.frozen(kw_only=True)
class NoticeRule:
    """That a notice goes ``to`` roles, or to those accountable (`ACCOUNTABLE`), on an occasion: ``of`` the case (nothing), of
    kinds of item, or of whatever can be owed (`EVERY_KIND`); ``in_`` these states, by one of ``triggers``, so long before a due
    time (``lead``). ``subject`` and the paragraphs of ``text`` are templates (`stabflow.language.notice_template`)."""

    name: str
    on: Occasion = attrs.field(converter=Occasion)
    to: tuple[str, ...] = attrs.field(converter=names)
    subject: Text
    text: tuple[Text, ...] = attrs.field(converter=_paragraphs)
    of: tuple[str, ...] = attrs.field(default=(), converter=names)
    in_: tuple[str, ...] = attrs.field(default=(), converter=names)
    triggers: tuple[str, ...] = attrs.field(default=(), converter=names)
    lead: tuple[Duration | str, ...] = attrs.field(default=(), converter=_leads)
    title: Text | None = None
    clause: tuple[str, ...] = attrs.field(default=(), converter=names)

    @property
    def of_everything(self) -> bool:
        """Whether it speaks of whatever can be owed."""
        return self.of == (EVERY_KIND,)

    def speaks_of(self, kind: str | None) -> bool:
        """Whether it speaks of what happens to ``kind`` (``None``: to the case)."""
        return self.of_everything or (kind in self.of if self.of else kind is None)

    @functools.cached_property
    def names_reader(self) -> bool:
        """Whether its words name the role to which it goes, and are others for each."""
        said = (self.subject, *self.text)
        return any("role" in fields_of(words) for text in said for words in (text.en, text.zh))
