"""Events as canonical text, written straight from their fields: for each type how is found out once.

It is what `canonical.encode` makes of the same event as plain JSON, without making that first.
"""

from __future__ import annotations

import operator
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import attrs

from .. import canonical
from ..decision.event_forms import EVENTS
from ..decision.events import Event
from ..values import File, Value, Withheld, moment_text

Write = Callable[[Any], str]
"""Makes the text of a value of one type."""


def decimal_text(number: Decimal) -> str:
    """The one way to write a number: no exponent, no sign of nothing, no zeros that say nothing."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def plain_value(value: Value) -> object:
    """A field's value as plain JSON."""
    kind = type(value)
    if kind is str or kind is bool or kind is int:
        return value
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Decimal):
        return {"decimal": decimal_text(value)}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, File):
        return {"file": {"title": value.title, "media_type": value.media_type, "sha256": value.sha256}}
    if isinstance(value, Withheld):  # which is printed and never stored: nothing reads it back
        return {"withheld": {} if value.below is None else {"below": value.below}}
    raise AssertionError(f"{kind.__name__} is no type of a field")


def _value(value: Value) -> str:
    kind = type(value)
    if kind is str:
        return canonical.text_of(value)  # type: ignore[arg-type]
    if kind is int:
        return repr(value)
    return canonical.text(plain_value(value))


def _table(values: Mapping[str, Value]) -> str:
    """Values come by name in every event."""
    return "{" + ",".join([f"{canonical.text_of(name)}:{_value(held)}" for name, held in values.items()]) + "}"


def _moment(moment: datetime) -> str:
    return f'"{moment_text(moment)}"'


def _date(day: date) -> str:
    return f'"{day.isoformat()}"'


@cache
def _of_event(tag: str, tag_version: int) -> Write:
    return writer(EVENTS[tag, tag_version])


def event_text(event: Event) -> str:
    """``event`` as canonical text, without the fields that are at their defaults."""
    return _of_event(event.tag, event.tag_version)(event)


def writer(type_: Any) -> Write:
    """What writes values of this type: of attrs classes without the fields that are at their defaults."""
    origin = typing.get_origin(type_)
    if type_ is str:
        return canonical.text_of
    if type_ is datetime:
        return _moment
    if type_ is date:
        return _date
    if origin is Mapping:
        return _table
    if origin in (typing.Union, types.UnionType):
        (inner,) = (writer(one) for one in typing.get_args(type_) if one is not type(None))
        return lambda value: "null" if value is None else inner(value)
    if origin is tuple:
        element = writer(typing.get_args(type_)[0])
        return lambda values: "[" + ",".join(map(element, values)) + "]"
    return _writer_of_fields(type_) if attrs.has(type_) else canonical.text


def _writer_of_fields(type_: Any) -> Write:
    attrs.resolve_types(type_)
    fields = sorted(attrs.fields(type_), key=lambda field: field.name)
    held_by = operator.attrgetter(*[field.name for field in fields])
    ways = [(f'"{field.name}":', writer(field.type), _default(field)) for field in fields]

    def write(value: Any) -> str:
        held = zip(ways, held_by(value), strict=True)
        return "{" + ",".join([lead + way(one) for (lead, way, default), one in held if one != default]) + "}"

    return write


def _default(field: attrs.Attribute[Any]) -> object:
    """What ``field`` holds unless it is given; `attrs.NOTHING`, which equals no value, where it must be."""
    default: Any = field.default
    return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]
