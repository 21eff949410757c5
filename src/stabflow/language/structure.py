"""Plain tables into the values of a draft, strictly, with the path to every fault, and all of them at once.

cattrs finds the hook for each type; the hooks are ours, because a friendly conversion (3.9 to 3, "no" to True) has no place
here. No hook raises: what does not fit is noted, and left out or stood in for, so that the rest can be examined as well.
"""

from __future__ import annotations

import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import attrs

from ..calendar import Duration
from ..errors import Fault, FaultyInput, near_miss, nearest
from ..requirements import KINDS, PluginAnswers, Requirement
from ..requirements.base import Literal
from ..text import BOTH_LANGUAGES, Text
from ..values import MAX_INT, clean_text
from .canonical_form import IDENTITY, canonical_form
from .lifecycle import FieldType
from .notice_rules import Occasion
from .parts import Draft
from .paths import Key
from .reading import Reading

if TYPE_CHECKING:
    import cattrs

MAX_STRING = 4_000
_SHARE = 12


_NEEDED = {
    "states": "add [states.S]: where a case can stand",
    "transitions": "add [[transitions]]: what may be done",
}
"""The tables without which there is no lifecycle, and what to write."""


class _Lost(enum.Enum):
    LOST = "what did not fit"


LOST = _Lost.LOST
_UNREAD = PluginAnswers(plugin="unread")
"""Stands in for a requirement that does not fit."""


@attrs.define
class _Place:
    """A value on its way in: where it stands, in which table of known keys, and where its faults are noted."""

    value: object
    where: tuple[Key, ...]
    table: tuple[Key, ...]
    reading: Reading

    def at(self, key: Key, value: object) -> _Place:
        """A part of this value, where that is a list or a table whose keys the author chose."""
        return _Place(value, (*self.where, key), self.table, self.reading)

    def under(self, key: str, value: object) -> _Place:
        """What stands under a known key of this value."""
        return _Place(value, (*self.where, key), self.where, self.reading)

    def refuse(self, problem: str, cure: str) -> _Lost:
        self.reading.lose(self.where, self.table, self.value, problem, cure)
        return LOST


_Hook = Callable[[_Place, object], Any]


def read(tables: Mapping[str, object], *, stored: bool = False) -> tuple[Draft, Reading]:
    """The draft that ``tables`` describe, as far as they fit, and what was found on the way.

    ``stored``: they are in the canonical form, where tables whose keys the author chose are lists of pairs.
    """
    reading = Reading(stored=stored)
    place = _Place(tables, (), (), reading)
    said = _read_table(place, _document())
    for key in _NEEDED if not stored else ():
        if key not in said and key not in tables:
            place.under(key, None).refuse("is missing", _NEEDED[key])
    return Draft(**said.pop("procedure"), **said), reading


@functools.cache
def _document() -> Mapping[str, _Entry]:
    """The tables of a document: the parts of a draft, and beside them its identity in a table of its own."""
    parts = dict(_entries(Draft))
    identity = {key: parts.pop(key) for key in IDENTITY}

    def structure(place: _Place, _type: object) -> dict[str, Any] | _Lost:
        if not isinstance(place.value, dict):
            return place.refuse(f"is {_what(place.value)}, not a table", "write a table: [procedure]")
        return _read_table(place, identity)

    return {"procedure": _Entry("procedure", dict, structure, _required(identity)), **parts}


def form_faults(draft: Draft) -> tuple[Fault, ...]:
    """What is wrong with the types and texts of a draft that was made in Python."""
    return tuple(read(canonical_form(draft), stored=True)[1].faults)


def _what(value: object) -> str:
    names: dict[type, str] = {
        bool: "true or false",
        int: "a whole number",
        float: "a number with a fraction",
        str: "text",
        list: "a list",
        dict: "a table",
        type(None): "nothing",
    }
    return names.get(type(value), f"a {type(value).__name__}")


# Scalars


def _text(place: _Place, _type: object = None) -> str | _Lost:
    if not isinstance(place.value, str):
        return place.refuse(f"is {_what(place.value)}, not text", "write it in quotes")
    if type(place.value) is not str:  # in a procedure made in Python, where names are written down in ids and titles
        return place.refuse(f"is a {type(place.value).__name__}, not plain text", "give the text itself, as a str")
    try:
        clean = clean_text(place.value, "", max_length=MAX_STRING, one_line=True)
    except FaultyInput as error:
        return place.refuse(error.faults[0].problem, error.faults[0].cure)
    if place.reading.stored and clean != place.value:
        return place.refuse("is not in NFC", "normalise it: unicodedata.normalize('NFC', text)")
    return clean


def _int(place: _Place, _type: object = None) -> int | _Lost:
    if isinstance(place.value, bool) or not isinstance(place.value, int):
        return place.refuse(f"is {_what(place.value)}, not a whole number", "write a whole number without quotes")
    if abs(place.value) > MAX_INT:
        return place.refuse("is beyond ±2⁵³", "no number that is counted is so large")
    return place.value


def _bool(place: _Place, _type: object = None) -> bool | _Lost:
    if not isinstance(place.value, bool):
        return place.refuse(f"is {_what(place.value)}, not true or false", "write true or false without quotes")
    return place.value


def _literal(place: _Place, _type: object) -> Literal | _Lost:
    if isinstance(place.value, bool):
        return place.value
    if isinstance(place.value, int):
        return _int(place)
    if isinstance(place.value, str):
        return _text(place)
    return place.refuse(
        f"is {_what(place.value)}, not a literal", "write text in quotes, a whole number, or true or false"
    )


def _int_or_name(place: _Place, _type: object) -> int | str | _Lost:
    if isinstance(place.value, str):
        return _text(place)
    if isinstance(place.value, int) and not isinstance(place.value, bool):
        return _int(place)
    return place.refuse(
        f"is {_what(place.value)}, neither a whole number nor a name", "write a whole number, or the name of a value"
    )


def _int_or_duration(place: _Place, _type: object) -> int | Duration | _Lost:
    if not isinstance(place.value, str):
        return _int(place)
    try:
        return Duration.parse(place.value)
    except FaultyInput as error:
        return place.refuse(error.faults[0].problem, error.faults[0].cure)


def _duration_or_name(place: _Place, _type: object) -> str | _Lost:
    if not isinstance(place.value, str):
        return place.refuse(
            f"is {_what(place.value)}, not a duration", 'write it in quotes, such as "10 days", or name a parameter'
        )
    return _text(place)


def _share(place: _Place, _type: object) -> Fraction | _Lost:
    over, _, under = place.value.partition("/") if isinstance(place.value, str) else ("", "", "")
    if len(over + under) > _SHARE or not all(part.isascii() and part.isdecimal() for part in (over, under)):
        return place.refuse(f"is no share: {place.value!r:.40}", 'write it as text, such as "1/2"')
    if int(under) == 0:
        return place.refuse("is a share of nothing", 'such as "1/2"')
    return Fraction(int(over), int(under))


def _word(place: _Place, type_: Any) -> enum.Enum | _Lost:
    known = [one.value for one in type_]
    if not isinstance(place.value, str):
        return place.refuse(f"is {_what(place.value)}, not a word", f"write one in quotes: {', '.join(known)}")
    if place.value not in known:
        return place.refuse(f"unknown word {place.value!r:.60}", near_miss(place.value, known))
    return typing.cast(enum.Enum, type_(place.value))


def _text_or_title(place: _Place, _type: object) -> object:
    return _text(place) if isinstance(place.value, str) else _hook(Text)(place, Text)


_UNIONS: dict[frozenset[object], _Hook] = {
    frozenset({str, Text}): _text_or_title,
    frozenset({int, str}): _int_or_name,
    frozenset({bool, int, str}): _literal,
    frozenset({Duration, str}): _duration_or_name,
    frozenset({int, Duration}): _int_or_duration,
}


# Containers


def _sequence_hook(type_: Any) -> _Hook:
    (element, _) = typing.get_args(type_)
    inner = _hook(element)
    of_sequences = typing.get_origin(element) is tuple
    stand_in = _required(_entries(element)) if attrs.has(element) and element is not Requirement else None

    def structure(place: _Place, _type: object) -> tuple[object, ...] | _Lost:
        if not isinstance(place.value, list):
            if of_sequences:
                return place.refuse(f"is {_what(place.value)}, not a list", "write it in [ ]")
            one = inner(place, element)  # a list of one may be written as the bare value
            return LOST if one is LOST else (one,)
        found = [inner(place.at(index, one), element) for index, one in enumerate(place.value)]
        if stand_in is None:
            return tuple(one for one in found if one is not LOST)
        return tuple(element(**stand_in) if one is LOST else one for one in found)  # later ones keep their places

    return structure


def _mapping_hook(type_: Any) -> _Hook:
    (_, held) = typing.get_args(type_)
    inner = _hook(held)

    def structure(place: _Place, _type: object) -> Mapping[str, object] | _Lost:
        pairs = _pairs(place)
        if pairs is None:
            return place.refuse(f"is {_what(place.value)}, not a table", "write a table")
        found: dict[str, object] = {}
        for key, value in pairs:
            shown = str.__str__(key) if isinstance(key, str) else str(key)
            name = _text(_Place(key, (*place.where, shown), place.table, place.reading))
            if name is LOST:
                continue
            entry = place.at(name, value)
            if name in found:
                entry.refuse("stands here twice", "keep one of them")
                continue
            one = inner(entry, held)
            if one is not LOST:
                found[name] = one
        return found

    return structure


def _pairs(place: _Place) -> list[tuple[object, object]] | None:
    if not place.reading.stored:
        return list(place.value.items()) if isinstance(place.value, dict) else None
    if not isinstance(place.value, list) or not all(isinstance(one, list) and len(one) == 2 for one in place.value):
        return None
    return [(key, value) for key, value in place.value]


@attrs.define
class _Entry:
    """A key of a table: the attribute it goes to, the hook that reads it, and, where it is required, what stands in for it."""

    name: str
    type: Any
    hook: _Hook
    stand_in: object = None


def _entries(type_: Any) -> Mapping[str, _Entry]:
    attrs.resolve_types(type_)
    return {
        field.name.rstrip("_"): _Entry(
            field.name,
            field.type,
            _hook(field.type),
            _stand_in(field.type) if field.default is attrs.NOTHING else None,
        )
        for field in attrs.fields(type_)
        if field.init
    }


def _stand_in(type_: Any) -> object:
    if typing.get_origin(type_) is tuple:
        return ()
    stand_ins: dict[object, object] = {
        Text: Text("?", "?"),
        bool: False,
        FieldType: FieldType.TEXT,
        Occasion: Occasion.ENTERED,
    }
    return stand_ins.get(type_, 1 if _members(type_) == {int, Duration} else "?")


def _required(entries: Mapping[str, _Entry]) -> dict[str, Any]:
    """What a table is read as of which nothing fits."""
    return {entry.name: entry.stand_in for entry in entries.values() if entry.stand_in is not None}


def _class_hook(type_: Any) -> _Hook:
    entries = _entries(type_)

    def structure(place: _Place, _type: object) -> object:
        if not isinstance(place.value, dict):
            cure = BOTH_LANGUAGES if type_ is Text else f"write a table with {', '.join(list(entries)[:4])} …"
            return place.refuse(f"is {_what(place.value)}, not a table", cure)
        return type_(**_read_table(place, entries))

    return structure


def _read_table(place: _Place, entries: Mapping[str, _Entry]) -> dict[str, Any]:
    """The attributes that the table at ``place`` gives."""
    table: Mapping[str, object] = place.value  # type: ignore[assignment]
    if not entries.keys() >= table.keys():
        table = _as_meant(place, table, entries)
    said: dict[str, Any] = {}
    for key, value in table.items():
        entry = entries[key]
        found = entry.hook(place.under(key, value), entry.type)
        if found is not LOST:
            said[entry.name] = found
    for key, entry in entries.items():
        if entry.stand_in is not None and entry.name not in said:
            said[entry.name] = entry.stand_in
            if key not in table:
                place.under(key, None).refuse("is missing", "add it")
    return said


def _as_meant(place: _Place, table: Mapping[str, object], entries: Mapping[str, _Entry]) -> Mapping[str, object]:
    """The table without its unknown keys; one that comes close to a known key is read as that, so that what it says is
    examined too."""
    known: dict[str, object] = {key: value for key, value in table.items() if key in entries}
    for key in [key for key in table if key not in entries]:
        meant = nearest(key, entries)
        is_read = meant is not None and meant not in known
        place.reading.ignore(
            (*place.where, key), None if is_read else table[key], "unknown key", near_miss(key, entries)
        )
        if is_read:
            known[str(meant)] = table[key]
    return known


def _requirement(place: _Place, _type: object) -> Requirement:
    if not isinstance(place.value, dict):
        place.refuse(
            f"is {_what(place.value)}, not a requirement",
            'write a table such as { items = "objection", every = "answered" }',
        )
        return _UNREAD
    marks = [kind for kind in KINDS if kind in place.value]
    if not marks:
        meant = {near for key in place.value if (near := nearest(str(key), KINDS)) is not None}
        marks = sorted(meant) if len(meant) == 1 else []
    if len(marks) != 1:
        shown = " and ".join(marks) or "none"
        place.refuse(f"a requirement is of exactly one kind, and this has {shown}", f"give one of {', '.join(KINDS)}")
        return _UNREAD
    kind = KINDS[marks[0]]
    return typing.cast(Requirement, _hook(kind)(place, kind))


# Which hook for which type


def _origin(type_: object) -> object:
    return typing.get_origin(type_)


def _members(type_: object) -> frozenset[object]:
    if typing.get_origin(type_) in (typing.Union, types.UnionType):
        return frozenset(typing.get_args(type_)) - {type(None)}
    return frozenset()


def _union_hook(type_: Any) -> _Hook:
    members = _members(type_)
    if len(members) > 1:
        return _UNIONS[members]
    (only,) = members
    inner = _hook(only)
    return lambda place, _type: inner(place, only)


@functools.cache
def _converter() -> cattrs.Converter:
    import cattrs  # at the first procedure, not at import

    converter = cattrs.Converter()
    for type_, hook in ((str, _text), (int, _int), (bool, _bool), (Fraction, _share)):
        converter.register_structure_hook(type_, typing.cast(Any, hook))
    converter.register_structure_hook_func(
        lambda type_: isinstance(type_, type) and issubclass(type_, enum.Enum), _word
    )
    converter.register_structure_hook_factory(lambda type_: bool(_members(type_)), _union_hook)
    converter.register_structure_hook_factory(lambda type_: _origin(type_) is tuple, _sequence_hook)
    converter.register_structure_hook_factory(lambda type_: _origin(type_) is Mapping, _mapping_hook)
    converter.register_structure_hook_factory(lambda type_: isinstance(type_, type) and attrs.has(type_), _class_hook)
    converter.register_structure_hook_func(lambda type_: type_ is Requirement, _requirement)
    return converter


def _hook(type_: Any) -> _Hook:
    return typing.cast(_Hook, _converter().get_structure_hook(type_))
