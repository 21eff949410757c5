"""Plain tables into the values of a draft, strictly, with the path to every fault.

cattrs does the walking; its friendly conversions (3.9 to 3, "no" to True) are replaced by refusals.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import attrs
import cattrs
from cattrs.errors import ClassValidationError, IterableValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from ..calendar import Duration
from ..errors import Fault, FaultyInput, near_miss
from ..requirements import KINDS, Requirement
from ..values import clean_text
from .parts import Draft

MAX_STRING = 20_000
Key = str | int


class _Bad(Exception):
    """A value that does not fit; the path is added on the way out."""

    def __init__(self, problem: str, cure: str) -> None:
        self.problem, self.cure = problem, cure
        super().__init__(problem)


class _Unknown(Exception):
    """Keys that nothing reads, each with the known keys beside it."""

    def __init__(self, keys: tuple[str, ...], known: tuple[str, ...]) -> None:
        self.keys, self.known = keys, known
        super().__init__(", ".join(keys))


@attrs.frozen
class Misfit:
    """A fault of form: where it stands in the tables, what is wrong, and the key that was probably meant."""

    where: tuple[Key, ...]
    problem: str
    cure: str
    meant: str | None = None
    unknown_key: bool = False

    def fault(self) -> Fault:
        """The fault with its path as text."""
        return Fault(path_text(self.where), self.problem, self.cure)


def path_text(where: tuple[Key, ...]) -> str:
    """``where`` as one text: ``items.hazard.transitions[2].by``."""
    text = ""
    for key in where:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            shown = key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else f'"{key}"'
            text += f".{shown}" if text else shown
    return text or "(file)"


def _what(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a whole number",
        float: "a number with a fraction",
        str: "text",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), f"a {type(value).__name__}")


def _text(value: object, _type: object = None) -> str:
    if not isinstance(value, str):
        raise _Bad(f"is {_what(value)}, not text", "write it in quotes")
    return clean_text(value, "", max_length=MAX_STRING, required=False)


def _int(value: object, _type: object = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Bad(f"is {_what(value)}, not a whole number", "write a whole number without quotes")
    return value


def _bool(value: object, _type: object = None) -> bool:
    if not isinstance(value, bool):
        raise _Bad(f"is {_what(value)}, not true or false", "write true or false without quotes")
    return value


def _scalar(value: object, _type: object = None) -> bool | int | str:
    if isinstance(value, bool | int):
        return value
    return _text(value)


def _int_or_text(value: object, _type: object = None) -> int | str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Bad(
            f"is {_what(value)}, neither a whole number nor a name", "write a whole number, or the name of a value"
        )
    return value


def _duration_or_text(value: object, _type: object = None) -> str:
    return _text(value)


def _int_or_duration(value: object, _type: object = None) -> int | Duration:
    return Duration.parse(_text(value)) if isinstance(value, str) else _int(value)


def _share(value: object, _type: object = None) -> Fraction:
    try:
        return Fraction(_text(value))
    except (ValueError, ZeroDivisionError):
        raise _Bad(f"{value!r} is not a share", 'write it as "1/2"') from None


def _enum(value: object, type_: type[enum.Enum]) -> enum.Enum:
    known = [one.value for one in type_]
    if value not in known:
        raise _Bad(f"unknown word {value!r}", near_miss(str(value), known))
    return type_(value)


def _requirement(value: object, type_: object = None) -> Requirement:
    if not isinstance(value, Mapping):
        raise _Bad(
            f"is {_what(value)}, not a requirement", 'write a table such as { items = "objection", every = "answered" }'
        )
    marks = [kind for kind in KINDS if kind in value]
    if len(marks) != 1:
        shown = " and ".join(marks) or "no kind"
        raise _Bad(
            f"a requirement of exactly one kind is needed, and this has {shown}", f"give one of {', '.join(KINDS)}"
        )
    found: Requirement = _CONVERTER.structure(value, KINDS[marks[0]])
    return found


_UNIONS: dict[frozenset[object], Callable[[object, object], object]] = {
    frozenset({int, str}): _int_or_text,
    frozenset({bool, int, str}): _scalar,
    frozenset({Duration, str}): _duration_or_text,
    frozenset({int, Duration}): _int_or_duration,
}


def _origin(type_: object) -> object:
    return typing.get_origin(type_)


def _members(type_: object) -> frozenset[object] | None:
    if typing.get_origin(type_) in (typing.Union, types.UnionType):
        return frozenset(typing.get_args(type_)) - {type(None)}
    return None


def _union_hook(type_: object) -> Callable[[object, object], object]:
    members = _members(type_) or frozenset()
    if len(members) == 1:
        (only,) = members
        return lambda value, _: _CONVERTER.structure(value, typing.cast("Any", only))
    return _UNIONS[members]


def _sequence_hook(type_: Any) -> Callable[[object, object], tuple[object, ...]]:
    (element, _) = typing.get_args(type_)
    of_sequences = typing.get_origin(element) is tuple
    inner = list[element]  # type: ignore[valid-type]

    def structure(value: object, _type: object) -> tuple[object, ...]:
        if not isinstance(value, list) and not of_sequences:
            return (_CONVERTER.structure(value, element),)
        if not isinstance(value, list):
            raise _Bad(f"is {_what(value)}, not a list", "write it in [ ]")
        return tuple(_CONVERTER.structure(value, inner))

    return structure


def _mapping_hook(type_: Any) -> Callable[[object, object], Mapping[str, object]]:
    (_, held) = typing.get_args(type_)
    inner = dict[str, held]  # type: ignore[valid-type]

    def structure(value: object, _type: object) -> Mapping[str, object]:
        if isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value):
            value = dict(value)  # the canonical form keeps tables as lists of pairs
        if not isinstance(value, dict):
            raise _Bad(f"is {_what(value)}, not a table", "write a table")
        found: Mapping[str, object] = _CONVERTER.structure(value, inner)
        return found

    return structure


def _class_hook(type_: Any) -> Callable[[object, object], object]:
    attrs.resolve_types(type_)
    keys = {field.name: field.name.rstrip("_") for field in attrs.fields(type_) if field.init}
    renames: dict[str, Any] = {name: override(rename=key) for name, key in keys.items() if name != key}
    generated = make_dict_structure_fn(
        type_, _CONVERTER, _cattrs_forbid_extra_keys=False, _cattrs_detailed_validation=True, **renames
    )
    known = tuple(keys.values())

    def structure(value: object, _type: object) -> object:
        if not isinstance(value, dict):
            raise _Bad(f"is {_what(value)}, not a table", f"write a table with {', '.join(known[:4])} …")
        errors: list[Exception] = []
        unknown = tuple(key for key in value if key not in known)
        if unknown:
            errors.append(_Unknown(unknown, known))
        try:
            made = generated(value, type_)
        except ClassValidationError as error:
            errors += error.exceptions
        except FaultyInput as error:
            errors.append(error)
        if errors:
            raise ClassValidationError("", errors, type_)
        return made

    return structure


def _make_converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=True)
    for type_, hook in ((str, _text), (int, _int), (bool, _bool), (Fraction, _share)):
        converter.register_structure_hook(type_, typing.cast("Any", hook))
    converter.register_structure_hook_func(
        lambda type_: isinstance(type_, type) and issubclass(type_, enum.Enum), _enum
    )
    converter.register_structure_hook_func(lambda type_: type_ is Requirement, _requirement)
    converter.register_structure_hook_factory(lambda type_: _members(type_) is not None, _union_hook)
    converter.register_structure_hook_factory(lambda type_: _origin(type_) is tuple, _sequence_hook)
    converter.register_structure_hook_factory(lambda type_: _origin(type_) is Mapping, _mapping_hook)
    converter.register_structure_hook_factory(
        lambda type_: isinstance(type_, type) and attrs.has(type_) and type_ is not Requirement, _class_hook
    )
    return converter


_CONVERTER = _make_converter()


def structure(tables: Mapping[str, object]) -> tuple[Draft | None, tuple[Misfit, ...]]:
    """The draft that ``tables`` describe, or ``None`` and every fault of form."""
    try:
        return _CONVERTER.structure(tables, Draft), ()
    except ClassValidationError as error:
        return None, tuple(_misfits(error, ()))


def _misfits(error: Exception, where: tuple[Key, ...]) -> Iterator[Misfit]:
    if isinstance(error, ClassValidationError | IterableValidationError):
        for inner, note in error.group_exceptions()[0]:
            key: Key = note.index if isinstance(note, IterableValidationNote) else note.name
            yield from _misfits(inner, (*where, key.rstrip("_") if isinstance(key, str) else key))
        for inner in error.group_exceptions()[1]:
            yield from _misfits(inner, where)
    elif isinstance(error, _Unknown):
        for key in error.keys:
            cure = near_miss(key, error.known)
            meant = cure.split("'")[1] if cure.startswith("did you mean") else None
            yield Misfit((*where, key), "unknown key", cure, meant, unknown_key=True)
    elif isinstance(error, _Bad):
        yield Misfit(where, error.problem, error.cure)
    elif isinstance(error, FaultyInput):
        for fault in error.faults:
            yield Misfit(where, fault.problem, fault.cure)
    elif isinstance(error, KeyError):
        yield Misfit((*where, str(error.args[0])), "is missing", "add it")
    else:
        yield Misfit(where, str(error) or type(error).__name__, "")
