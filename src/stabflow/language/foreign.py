"""Plain values out of objects of others, told by their types and never asked of the objects: what a config holds may be anything,
and reading it resolves, compares and calls nothing of it."""

from __future__ import annotations

import functools
import types
import typing
from enum import Enum, EnumMeta

import attrs

MAX_SHOWN = 200


@attrs.frozen
class Callback:
    """Something that a config would have called, by its name. Two are the same where the ``key`` is: the name of what was to be
    looked up, the identity of what was given."""

    name: str
    key: object = attrs.field(repr=False)

    def __str__(self) -> str:
        return shown(self.name)


def text_of(value: object) -> str | None:
    """The text that ``value`` is, the name of the Enum member that it is, or ``None``."""
    type_ = type(value)
    if issubclass(type_, Enum):
        name = object.__getattribute__(value, "_name_")
        return name if type(name) is str else None
    return _plain_text(value) if issubclass(type_, str) else None


def trigger_of(value: object) -> str | None:
    """The text that ``value`` is: here a member of a textual Enum is its value, as it is for ``transitions``."""
    return _plain_text(value) if issubclass(type(value), str) else None


def _plain_text(value: object) -> str:
    return str.__str__(typing.cast(str, value))  # never a subclass, which could claim to equal anything


def list_of(value: object) -> list[object] | None:
    """What stands in the list, the tuple or the Enum class that ``value`` is, or ``None``."""
    type_ = type(value)
    if issubclass(type_, list):
        return [*list.__iter__(typing.cast(list[object], value))]
    if issubclass(type_, tuple):
        return [*tuple.__iter__(typing.cast(tuple[object, ...], value))]
    if issubclass(type_, EnumMeta):
        return [*type.__getattribute__(typing.cast(type, value), "_member_names_")]
    return None


def table_of(value: object) -> dict[str, object] | None:
    """What stands in the dict that ``value`` is, or ``None``; keys that are no text are shown as what they are."""
    if not issubclass(type(value), dict):
        return None
    items = dict.items(typing.cast(dict[object, object], value))
    return {shown(key) if (text := trigger_of(key)) is None else text: one for key, one in items}


def callback_of(value: object) -> Callback | None:
    """The name of the callback that ``value`` is: a text as it stands, what can be called by its qualified name, or ``None``."""
    text = trigger_of(value)
    if text is not None:
        return Callback(text, text)
    if type(value) is types.MethodType:  # made anew each time it is read off its object
        return Callback(_qualified_name(value), (id(value.__self__), id(value.__func__)))
    # `callable` looks at the type alone
    return Callback(_qualified_name(value), id(value)) if callable(value) else None


def _qualified_name(value: object) -> str:
    prefix = ""
    for _ in range(9):  # what wraps what: only of types that no class can pretend to be
        if type(value) is types.MethodType:
            value = value.__func__
        elif type(value) is functools.partial:
            prefix, value = "partial of ", value.func
        else:
            break
    if type(value) is types.FunctionType:
        return prefix + _plain_text(value.__qualname__)
    if type(value) is types.BuiltinFunctionType:
        return prefix + _plain_text(value.__name__)
    if issubclass(type(value), type):
        return prefix + _type_name(typing.cast(type, value))
    return f"{prefix}an object of {_type_name(type(value))}"


def _type_name(type_: type) -> str:
    name: str = type.__dict__["__qualname__"].__get__(type_)  # not by way of its metaclass, which is anybody's
    return _plain_text(name)


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (dict, "a dict"),
    (list, "a list"),
    (tuple, "a tuple"),
    (str, "text"),
    (type(None), "None"),
)
_PLAIN = (bool, int, float, type(None))


def what(value: object) -> str:
    """What kind of thing ``value`` is, for a sentence about what it should have been."""
    type_ = type(value)  # asked by identity: how types compare and hash, too, is up to their metaclasses
    return next((words for one, words in _KINDS if one is type_), None) or f"of type {_type_name(type_)}"


def shown(value: object) -> str:
    """``value`` on one line and in bounds: plain values as Python writes them, everything else by its type."""
    type_ = type(value)
    text = text_of(value)
    if text is None and not any(one is type_ for one in _PLAIN):
        return what(value)
    if type_ is int and typing.cast(int, value).bit_length() > MAX_SHOWN:
        return "a huge number"
    line = repr(value if text is None else text)
    return line if len(line) <= MAX_SHOWN else f"{line[: MAX_SHOWN - 1]}…"
