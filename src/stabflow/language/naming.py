"""Names from elsewhere, brought into the form of names here: always the same for the same text, and no two into one."""

from __future__ import annotations

import re
import unicodedata

import attrs

from ..errors import Fault
from ..text import Text
from ..values import MAX_NAME, is_name
from .gaps import GAP
from .lifecycle import Step

_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_STEPS = frozenset(step.value for step in Step)


def in_form(text: str, *, numbered: str) -> str:
    """``text`` in small letters, digits and ``_``, or "" where nothing is left of it.

    ``InReview`` becomes ``in_review``; letters lose their accents; of other scripts each letter stands as its code point, so
    that different names stay different; what begins with a digit is put behind ``numbered``.
    """
    if is_name(text):
        return text
    parted = _WORD_ENDS.sub("_", unicodedata.normalize("NFKC", text)).casefold()
    name = re.sub("_+", "_", "".join(_letter(letter) for letter in parted)).strip("_")
    if name and not name[0].isalpha():
        name = f"{numbered}_{name}"
    return name[:MAX_NAME].rstrip("_")


def _letter(letter: str) -> str:
    base = unicodedata.normalize("NFKD", letter)[0]
    for one in (letter, base):
        if one.isascii() and one.isalnum():
            return one
    return f"u{ord(letter):x}" if letter.isalnum() else "_"


def state_in_form(text: str) -> str:
    """The name of the state ``text``, which must not be one of a step."""
    name = in_form(text, numbered="state")
    return f"{name}_stage" if name in _STEPS else name


def trigger_in_form(text: str) -> str:
    """The name of the trigger ``text``."""
    return in_form(text, numbered="trigger")


def id_in_form(text: str) -> str:
    """``text`` as the id of a procedure; a gap where it is not in the letters of one."""
    return in_form(text, numbered="procedure").replace("_", "-").strip("-") or GAP if text.isascii() else GAP


def title_of(text: str) -> Text:
    """``text`` as a title in the language that it seems to be in, with a gap for the other."""
    chinese = any("CJK UNIFIED" in unicodedata.name(letter, "") for letter in text)
    return Text(GAP, text) if chinese else Text(text, GAP)


@attrs.define
class Names:
    """Texts that become names of a kind of thing, with the place where each stands first, and those that cannot."""

    what: str
    names: dict[str, str] = attrs.field(factory=dict)
    places: dict[str, str] = attrs.field(factory=dict)
    faults: list[Fault] = attrs.field(factory=list)
    _texts: dict[str, str] = attrs.field(factory=dict)

    def take(self, place: str, text: str, name: str) -> None:
        """``text``, standing at ``place``, shall be called ``name``."""
        if text in self.names:
            return
        self.names[text], self.places[text] = name, place
        if not is_name(name):
            cure = f"give the {self.what} a name with a letter or a digit in it"
            self.faults.append(Fault(place, f"no name can be made of {text!r:.60}", cure))
            return
        other = self._texts.setdefault(name, text)
        if other != text:
            problem = f"{text!r:.60} becomes {name!r}, and so does {other!r:.60} at {self.places[other]}"
            self.faults.append(Fault(place, problem, "rename one of them"))
