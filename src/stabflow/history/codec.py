"""Events to canonical payloads and back, strictly: a risk record is not the place for friendly conversions.

Values that JSON has no word for say what they are: ``{"decimal": "3.5"}``, ``{"date": "2026-01-31"}``, ``{"file": {…}}``.
Fields at their defaults are left out, so that an event can gain a field without changing what is stored. An unknown tag, an
extra key, a wrong type is `Corrupt`; so is anything that would be written otherwise than it stands there.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn

from .. import canonical
from ..decision.event_forms import EVENTS
from ..decision.events import Event
from ..errors import Corrupt, FaultyInput
from ..values import File, Value, moment_text
from .writing import decimal_text, event_text


def moment_from(text: object) -> datetime:
    """The moment behind `moment_text`; `ValueError` for any other form."""
    if not isinstance(text, str) or len(text) != 27 or text[26] != "Z":
        raise ValueError(f"{text!r} is not a time")
    moment = datetime.fromisoformat(text[:26]).replace(tzinfo=UTC)
    if moment_text(moment) != text:
        raise ValueError(f"{text!r} is not a time in its one form")
    return moment


def _date(value: object, _type: object = None) -> date:
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError(f"{value!r} is not a date")
    return date.fromisoformat(value)


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or decimal_text(number) != text:
        raise ValueError(f"{text!r} is not a decimal number in its one form")
    return number


def value_from(plain: object) -> Value:
    """The field's value behind `plain_value`; `ValueError` for anything else."""
    if type(plain) is str or type(plain) is int or type(plain) is bool:
        return plain
    if isinstance(plain, list) and all(isinstance(one, str) for one in plain):
        return tuple(plain)
    if isinstance(plain, dict) and len(plain) == 1:
        ((mark, held),) = plain.items()
        if mark == "decimal" and isinstance(held, str):
            return _decimal(held)
        if mark == "date":
            return _date(held)
        if mark == "file" and isinstance(held, dict) and set(held) == {"title", "media_type", "sha256"}:
            return File(**held)
    raise ValueError(f"{plain!r} is no value of a field")


def _values_from(plain: object, _type: object = None) -> Mapping[str, Value]:
    if not isinstance(plain, dict):
        raise TypeError(f"{plain!r} is no table of values")
    return {name: value_from(held) for name, held in plain.items()}


def _exactly(type_: type) -> Any:
    def structure(value: object, _type: object = None) -> object:
        if type(value) is not type_:
            raise TypeError(f"{value!r} is not {type_.__name__}")
        return value

    return structure


def _optional_hook(type_: Any) -> Any:
    (inner,) = (one for one in typing.get_args(type_) if one is not type(None))
    hook = _converter().get_structure_hook(inner)
    return lambda value, _type: None if value is None else hook(value, inner)


def _sequence_hook(type_: Any) -> Any:
    element = typing.get_args(type_)[0]
    hook = _converter().get_structure_hook(element)

    def structure(value: object, _type: object = None) -> tuple[object, ...]:
        if not isinstance(value, list):
            raise TypeError(f"{value!r} is not a list")
        return tuple(hook(one, element) for one in value)

    return structure


def _origin(type_: object) -> object:
    return typing.get_origin(type_)


def _is_attrs(type_: object) -> bool:
    return isinstance(type_, type) and attrs.has(type_)


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False, forbid_extra_keys=True)
    for type_ in (str, int, bool):
        converter.register_structure_hook(type_, _exactly(type_))
    converter.register_structure_hook(datetime, lambda value, _: moment_from(value))
    converter.register_structure_hook(date, _date)
    converter.register_structure_hook_func(lambda type_: _origin(type_) is Mapping, _values_from)
    converter.register_structure_hook_factory(
        lambda type_: _origin(type_) in (typing.Union, types.UnionType), _optional_hook
    )
    converter.register_structure_hook_factory(lambda type_: _origin(type_) is tuple, _sequence_hook)
    converter.register_structure_hook_factory(_is_attrs, _structure_class)
    return converter


def _structure_class(type_: Any) -> Any:
    attrs.resolve_types(type_)
    generated = make_dict_structure_fn(
        type_, _converter(), _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=False
    )

    def structure(value: object, _type: object = None) -> object:
        if not isinstance(value, dict):
            raise TypeError(f"{value!r} is not a table")
        return generated(value, type_)

    return structure


def encode(event: Event) -> bytes:
    """The canonical payload of ``event``."""
    return event_text(event).encode("utf-8")


def decode(tag: str, tag_version: int, payload: bytes) -> Event:
    """The event behind a payload; `Corrupt` when it is not exactly one of that tag."""
    type_ = EVENTS.get((tag, tag_version))
    if type_ is None:
        known = ", ".join(sorted({name for name, _ in EVENTS}))
        raise Corrupt(
            f"a record has the unknown tag {tag!r} version {tag_version}; this version of stabflow knows {known}"
        )
    document = canonical.decode(payload)
    try:
        event: Event = _converter().structure(document, type_)
    except (ValueError, TypeError, KeyError, ArithmeticError, FaultyInput) as error:
        raise Corrupt(f"the payload is no {tag}: {error}") from error
    except cattrs.ForbiddenExtraKeysError as error:
        raise Corrupt(f"the payload of {tag} has extra keys: {', '.join(sorted(error.extra_fields))}") from error
    if encode(event) != payload:
        raise Corrupt(f"the payload of {tag} says something in another than its one form")
    return event
