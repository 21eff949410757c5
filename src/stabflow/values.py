"""The values everything else is made of: who acts, for which body, on what basis, about which matter.

Text that enters is checked once, here: it is normalised to NFC; control characters, lone surrogates, bidirectional controls,
separators of lines and tags are refused (they make a history read differently from what was decided); sizes are bounded. What
is printed within a line has none of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import attrs

from .errors import Fault, InvalidInput

MAX_NAME = 64
MAX_ID = 120
MAX_TITLE = 500
MAX_BASIS = 2_000
MAX_INT = 2**53 - 1

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a pattern that have nothing to show
_ID = re.compile(rf"(?!.*[{_BLANK}])\w[\w.:@-]*\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\Z")
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)
_BREAK = re.compile("[\t\n]")

A_TIME = "give a date and time with its zone: datetime(2026, 3, 2, 9, tzinfo=UTC)"
NAME_CURE = f"use small letters, digits and _, beginning with a letter, at most {MAX_NAME}"


def is_name(text: str) -> bool:
    """Whether ``text`` can name something in a procedure: ``[a-z][a-z0-9_]*``, at most `MAX_NAME` characters."""
    return _NAME.match(text) is not None


def clean_text(text: object, path: str, *, max_length: int, required: bool = True, one_line: bool = False) -> str:
    """``text`` in NFC and with plain ends of lines; `InvalidInput` naming ``path`` when it is no text, too long or has forbidden
    characters. ``one_line``: it is printed as part of a line, which it must not end."""
    if not isinstance(text, str):
        raise InvalidInput.at(path, f"{_shown(text)} is not text", "give text in quotes")
    text = str.__str__(text)  # never a subclass, which could claim to equal anything
    if text.isascii() and text.isprintable() and 0 < len(text) <= max_length and not text.isspace():
        return text  # as nearly every id, and no rule below could change or refuse it
    text = text.replace("\r\n", "\n")
    found = _UNWANTED.search(text)
    if found:
        raise InvalidInput.at(
            path,
            f"character U+{ord(found.group()):04X} at position {found.start()} is not allowed",
            "remove control, surrogate, bidirectional, separator and tag characters",
        )
    normal = unicodedata.normalize("NFC", text)
    if len(normal) > max_length:
        raise InvalidInput.at(path, f"text of {len(normal)} characters", f"at most {max_length} are allowed")
    if required and all(map(_is_invisible, normal)):
        problem = "text has nothing that can be seen" if normal.strip() else "text is empty"
        raise InvalidInput.at(path, problem, "say something")
    if one_line and (found := _BREAK.search(normal)):
        raise InvalidInput.at(
            path,
            f"character U+{ord(found.group()):04X} at position {found.start()} is not allowed here",
            "write it on one line, with blanks only",
        )
    return normal


def visible(words: str, write: Callable[[str], str] = lambda one: ascii(one)[1:-1]) -> str:
    """``words`` with every character that `clean_text` refuses written out, as ``\\x1b``: what others wrote, before a terminal
    reads it. Ends of lines stay."""
    return _UNWANTED.sub(lambda found: write(found.group()), words)


def _is_invisible(character: str) -> bool:
    return character.isspace() or character in _BLANK or unicodedata.category(character) == "Cf"


def clean_id(text: object, path: str) -> str:
    """``text`` as an opaque id: letters, digits and ``_ . : @ -``, at most 120 characters."""
    normal = clean_text(text, path, max_length=MAX_ID)
    if not _ID.match(normal):
        raise InvalidInput.at(
            path,
            f"{normal!r} is not an id",
            "use letters, digits and _ . : @ - only, and begin with a letter, a digit or _",
        )
    return normal


def clean_sha256(text: object, path: str) -> str:
    """``text`` as the 64 hexadecimal digits of a SHA-256."""
    normal = clean_text(text, path, max_length=64).lower()
    if not _SHA256.match(normal):
        raise InvalidInput.at(path, f"{normal!r} is not a SHA-256", "give its 64 hexadecimal digits")
    return normal


def utc(moment: object, path: str) -> datetime:
    """``moment`` in UTC, or `InvalidInput` when it is no time or has no time zone."""
    if not isinstance(moment, datetime):
        raise InvalidInput.at(path, f"{_shown(moment)} is not a time", A_TIME)
    if moment.tzinfo is UTC and type(moment) is datetime:
        return moment
    if type(moment) is not datetime:  # a subclass could compare and convert as it likes
        moment = datetime.fromisoformat(datetime.isoformat(moment))
    if moment.utcoffset() is None:
        raise InvalidInput.at(path, f"{moment.isoformat()} has no time zone", "add one, such as +08:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidInput.at(
            path, f"{moment.isoformat()} lies outside the years 1 to 9999 in UTC", "give another time"
        ) from None


_MOMENTS = 1024
_moment_texts: dict[datetime, str] = {}
"""Those written last. An act writes its own time four times, and no other act has it, so that a cache that keeps an order among
its entries costs more than it saves."""


def moment_text(moment: datetime) -> str:
    """A moment as records and every JSON have it, in a form that sorts as it runs: ``2026-11-23T08:00:00.000000Z``."""
    text = _moment_texts.get(moment)
    if text is None:
        at = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
        text = at.isoformat(timespec="microseconds")[:26] + "Z"
        if len(_moment_texts) >= _MOMENTS:
            _moment_texts.clear()
        _moment_texts[moment] = text
    return text


def _shown(thing: object) -> str:
    try:
        text = repr(thing)
    except ValueError:  # a whole number of more digits than Python writes out
        text = "a huge number"
    return text if len(text) <= 60 else text[:57] + "..."


def _actor_id(text: object) -> str:
    return clean_id(text, "actor.id")


def _actor_body(text: object) -> str:
    return clean_id(text, "actor.body")


def _basis_text(text: object) -> str:
    return clean_text(text, "basis", max_length=MAX_BASIS)


def _basis_digest(text: object) -> str | None:
    return None if text is None else clean_sha256(text, "basis.digest")


def _matter_key(text: object) -> str:
    return clean_id(text, "matter.key")


def _matter_title(text: object) -> str:
    return clean_text(text, "matter.title", max_length=MAX_TITLE, one_line=True)


def _file_title(text: object) -> str:
    return clean_text(text, "title", max_length=MAX_TITLE, one_line=True)


def _file_sha256(text: object) -> str:
    return clean_sha256(text, "sha256")


@attrs.frozen
class Actor:
    """An office-holder, by an opaque id of the host's choosing, and the body they act for. Never a member of the public."""

    id: str = attrs.field(converter=_actor_id)
    body: str = attrs.field(converter=_actor_body, kw_only=True)

    def __str__(self) -> str:
        return f"{self.id} ({self.body})"


def check_office_holder(actor: object, path: str, *, reserved: tuple[str, ...] = ("system:", "host:")) -> None:
    """`InvalidInput` naming ``path`` unless ``actor`` is an Actor whose id may hold an office and act.

    Under ids that begin with ``system:`` stabflow acts itself. Those that begin with ``host:`` are the operator's, who fills
    and ends offices and holds none. Records bear both, so that only the doors for acts from outside ask, never `Actor`.
    """
    if not isinstance(actor, Actor):
        raise InvalidInput.at(path, f"{_shown(actor)} is not an Actor", 'give one, such as Actor("o-1", body="county")')
    if actor.id.isascii() and ":" not in actor.id:
        return
    read = unicodedata.normalize("NFKC", actor.id).casefold()  # nobody comes near a reserved id by how it is written
    if read.startswith(reserved):
        prefix = read.partition(":")[0]
        problem = f"{actor.id!r} is no office-holder: ids that begin with {prefix}: are reserved"
        raise InvalidInput.at(path, problem, "give the id of an office-holder, which begins otherwise")


@attrs.frozen
class Basis:
    """Why an act may be done: a text and, where there is one, the SHA-256 of a document."""

    text: str = attrs.field(converter=_basis_text)
    digest: str | None = attrs.field(default=None, converter=_basis_digest)

    @classmethod
    def of(cls, basis: Basis | str) -> Basis:
        """``basis`` itself, or the basis with this text."""
        return basis if isinstance(basis, Basis) else cls(basis)


@attrs.frozen
class Matter:
    """What is being assessed: a decision, policy, project or reform, by a key that other systems know it by."""

    key: str = attrs.field(converter=_matter_key)
    title: str = attrs.field(converter=_matter_title)


@attrs.frozen
class File:
    """A document on file: what it is called, its media type and the SHA-256 of its bytes. The bytes stay with the host."""

    title: str = attrs.field(converter=_file_title)
    media_type: str = attrs.field()
    sha256: str = attrs.field(converter=_file_sha256)

    @media_type.validator
    def _check_media_type(self, _attribute: object, value: object) -> None:
        if not isinstance(value, str) or not _MEDIA_TYPE.match(value):
            raise InvalidInput([Fault("media_type", f"{_shown(value)} is not a media type", "such as application/pdf")])


@attrs.frozen
class Withheld:
    """What stands for a number that is not for the public: fewer than ``below``, or (``None``) one by which such a number could
    be computed. Nobody states it and no record has it."""

    below: int | None = None


Value = bool | int | Decimal | str | tuple[str, ...] | date | File | Withheld
"""What a field can hold; the procedure's field type says which."""
