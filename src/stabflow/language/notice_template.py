"""Templates of notices: words with named fields in braces, ``"{item} is due {due}"``, and nothing else.

There are no expressions, no formats and no attributes: what stands in the braces is one of a closed list of names, which are
those below and the fields of the case or of the item. A brace that is meant as such is doubled. The parser is our own, because
what fills a template is data.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

import attrs

from ..text import Text
from ..values import is_name

FIELDS = (
    "case",
    "matter",
    "matter_title",
    "procedure",
    "kind",
    "item",
    "state",
    "trigger",
    "due",
    "lead",
    "role",
    "by_role",
    "outcome",
)
"""What a template can name besides the fields of the case and of the item."""

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_SHOWN = 40


@attrs.frozen
class Piece:
    """Words as they are, or the name of what stands there."""

    words: str = ""
    field: str = ""


@functools.lru_cache(maxsize=4096)
def pieces(template: str) -> tuple[Piece, ...]:
    """The pieces of a template in which `mistakes` finds nothing."""
    found = []
    for part in _PART.finditer(template):
        if part[1] is not None:
            found.append(Piece(field=part[1]))
        else:
            found.append(Piece(words=part[0][:1] if part[0] in ("{{", "}}") else part[0]))
    return tuple(found)


def mistakes(template: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the form of a template, and how it is cured."""
    for part in _PART.finditer(template):
        if part[0] in ("{", "}"):
            what = "is not closed" if part[0] == "{" else "closes nothing"
            yield f"the brace at {template[part.start() :][:_SHOWN]!r} {what}", "write {name}; {{ and }} are braces"
        elif part[1] is not None and not is_name(part[1]):
            yield f"{part[0][:_SHOWN]!r} is no field", "between braces stands a plain name, such as {due}"


def fields_of(template: str) -> tuple[str, ...]:
    """The names of fields in a template, each once; what is no name is left out."""
    return tuple(dict.fromkeys(one.field for one in pieces(template) if is_name(one.field)))


def fill(template: Text, tell: Callable[[str], Text]) -> Text:
    """``template`` with what ``tell`` says of each field it names, in each language its own, on one line."""
    en = [one.words or _line(tell(one.field).en) for one in pieces(template.en)]
    zh = [one.words or _line(tell(one.field).zh) for one in pieces(template.zh)]
    return Text("".join(en), "".join(zh))


def _line(words: str) -> str:
    return " ".join(words.split())
