"""Values as lists of their fields, for snapshots: short, and quick to read.

A value is the list of its fields in their order, without those at its end that are at their defaults; a table is a list of its
entries, because their order counts. Nothing here is a promise: what was written of another `shape` is not read, the records are.
"""

from __future__ import annotations

import itertools
import operator
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from types import MappingProxyType
from typing import Any

import attrs
import cattrs

from .. import canonical
from ..case import Case, Item, Statement
from ..values import Value, moment_text
from . import codec
from .writing import plain_value

Hook = Callable[..., Any]
"""Makes a value plain, or of a plain one what it was; the converter gives the latter the type as well, and nobody else does."""

_PLAIN = (str, int, bool)


@cache
def shape() -> str:
    """The fingerprint of what the value of a case is made of: of every class in it the fields, their order and their types."""
    return canonical.sha256(canonical.encode(_description(Case, {})))


def _description(type_: Any, seen: dict[str, object]) -> object:
    """What a type is made of; a class is described where it comes first."""
    if not _is_attrs(type_):
        parts = [_description(one, seen) for one in typing.get_args(type_) if one is not Ellipsis]
        return [getattr(typing.get_origin(type_) or type_, "__name__", str(type_)), *parts]
    name = type_.__name__
    if name not in seen:
        seen[name] = None
        seen[name] = [
            [field.name, field.default is attrs.NOTHING, _description(field.type, seen)] for field in _fields(type_)
        ]
        return [name, seen[name]]
    return [name]


# By type, in both directions


def to_plain(type_: Any) -> Hook:
    """What makes a value of this type plain."""
    hook: Hook = _converter().get_unstructure_hook(type_)
    return hook


def from_plain(type_: Any) -> Hook:
    """What makes a value of this type of a plain one; of what is none `snapshot_codec.UNREADABLE` comes."""
    hook: Hook = _converter().get_structure_hook(type_)
    return hook


def _origin(type_: object) -> object:
    return typing.get_origin(type_)


def _is_attrs(type_: object) -> bool:
    return isinstance(type_, type) and attrs.has(type_)


def _fields(type_: Any) -> Sequence[attrs.Attribute[Any]]:
    attrs.resolve_types(type_)
    fields: Sequence[attrs.Attribute[Any]] = attrs.fields(type_)
    return fields


def _is_optional(type_: object) -> bool:
    return _origin(type_) in (typing.Union, types.UnionType)


def _list(plain: object) -> list[Any]:
    if type(plain) is not list:
        raise TypeError(f"{plain!r:.60} is not a list")
    return plain


def _moment(plain: Any, _: object = None) -> datetime:
    moment = datetime.fromisoformat(plain)
    if moment.tzinfo is not UTC:
        raise ValueError(f"{plain!r:.60} is not a time in UTC")
    return moment


def _date(plain: Any, _: object = None) -> date:
    return date.fromisoformat(plain)


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    for plain in _PLAIN:
        converter.register_structure_hook(plain, _exactly(plain))
    converter.register_structure_hook(datetime, _moment)
    converter.register_structure_hook(date, _date)
    converter.register_unstructure_hook(datetime, moment_text)
    converter.register_unstructure_hook(date, date.isoformat)
    hooks: list[tuple[Callable[[Any], bool], Callable[[Any], Hook], Callable[[Any], Hook]]] = [
        (_is_optional, _optional_from, _optional_to),
        (lambda type_: _origin(type_) is tuple, _sequence_from, _sequence_to),
        (lambda type_: _origin(type_) is frozenset, _set_from, _set_to),
        (lambda type_: _origin(type_) is Mapping, _table_from, _table_to),
        (lambda type_: type_ == Mapping[str, Value], _values_from, _values_to),
        (lambda type_: type_ == Mapping[str, Statement], _stated_from, _stated_to),
        (lambda type_: type_ == Mapping[str, Item], _names_from, _names_to),
        (_is_attrs, _class_from, _class_to),
    ]
    for of, structure, unstructure in hooks:
        converter.register_structure_hook_factory(of, structure)
        converter.register_unstructure_hook_factory(of, unstructure)
    return converter


def _exactly(type_: type) -> Hook:
    def structure(plain: object, _: object = None) -> object:
        if type(plain) is not type_:
            raise TypeError(f"{plain!r:.60} is not {type_.__name__}")
        return plain

    return structure


def _optional_from(type_: Any) -> Hook:
    (inner,) = (one for one in typing.get_args(type_) if one is not type(None))
    hook = from_plain(inner)
    return lambda plain, _=None: None if plain is None else hook(plain)


def _optional_to(type_: Any) -> Hook:
    (inner,) = (one for one in typing.get_args(type_) if one is not type(None))
    hook = to_plain(inner)
    return lambda value: None if value is None else hook(value)


def _sequence_from(type_: Any) -> Hook:
    hook = from_plain(typing.get_args(type_)[0])
    return lambda plain, _=None: tuple([hook(one) for one in _list(plain)])


def _sequence_to(type_: Any) -> Hook:
    hook = to_plain(typing.get_args(type_)[0])
    return lambda values: [hook(one) for one in values]


def _set_from(type_: Any) -> Hook:
    hook = from_plain(typing.get_args(type_)[0])
    return lambda plain, _=None: frozenset([hook(one) for one in _list(plain)])


def _set_to(_type: Any) -> Hook:
    return sorted


def _table(entries: Sequence[tuple[Any, Any]]) -> Mapping[str, Any]:
    table = dict(entries)
    if len(table) != len(entries) or not {*map(type, table)} <= {str}:
        raise ValueError("a table has a name twice, or one that is no text")
    return MappingProxyType(table)


def _table_from(type_: Any) -> Hook:
    hook = from_plain(typing.get_args(type_)[1])
    return lambda plain, _=None: _table([(name, hook(held)) for name, held in _list(plain)])


def _table_to(type_: Any) -> Hook:
    hook = to_plain(typing.get_args(type_)[1])
    return lambda table: [[name, hook(held)] for name, held in table.items()]


def _values_from(_type: Any) -> Hook:
    """Names and values by turns."""

    def structure(plain: object, _: object = None) -> Mapping[str, Value]:
        flat = _list(plain)
        return _table(list(zip(flat[::2], map(codec.value_from, flat[1::2]), strict=True)))

    return structure


def _values_to(_type: Any) -> Hook:
    return lambda table: [part for name, held in table.items() for part in (name, plain_value(held))]


def _stated_from(_type: Any) -> Hook:
    """The names of what one act has stated in a row stand behind it."""
    hook = from_plain(Statement)

    def structure(plain: object, _: object = None) -> Mapping[str, Statement]:
        entries: list[tuple[str, Statement]] = []
        for act, *names in _list(plain):
            entries.extend(zip(names, itertools.repeat(hook(act))))
        return _table(entries)

    return structure


def _stated_to(_type: Any) -> Hook:
    hook = to_plain(Statement)

    def unstructure(table: Mapping[str, Statement]) -> list[list[object]]:
        found: list[list[object]] = []
        last: Statement | None = None
        for name, one in table.items():
            if one is not last and one != last:
                found.append([hook(one)])
            found[-1].append(name)
            last = one
        return found

    return unstructure


def _names_from(_type: Any) -> Hook:
    return lambda plain, _=None: _table([(name, None) for name in _list(plain)])


def _names_to(_type: Any) -> Hook:
    return list


def _class_from(type_: Any) -> Hook:
    fields = _fields(type_)
    names = [field.name for field in fields]
    by_length = {count: _parts_from(fields[:count]) for count in range(len(fields) + 1)}
    by_name = any(field.kw_only for field in fields)

    def structure(plain: object, _: object = None) -> object:
        parts = _list(plain)
        known = by_length.get(len(parts))
        if known is None:
            raise ValueError(f"{len(parts)} fields are not those of {type_.__name__}")
        plain_of, wanted, others = known
        if tuple(map(type, plain_of(parts))) != wanted:
            raise TypeError(f"a field of {type_.__name__} is of the wrong type: {plain!r:.60}")
        for place, hook in others:
            parts[place] = hook(parts[place])
        return type_(**dict(zip(names, parts, strict=False))) if by_name else type_(*parts)

    return structure


def _parts_from(fields: Sequence[attrs.Attribute[Any]]) -> tuple[Hook, tuple[Any, ...], list[tuple[int, Hook]]]:
    """What gives the texts, numbers and truths among so many fields, their types, and the hooks of the others by their places."""
    plain = [place for place, field in enumerate(fields) if field.type in _PLAIN]
    others = [(place, from_plain(field.type)) for place, field in enumerate(fields) if field.type not in _PLAIN]
    if not plain:
        return lambda parts: (), (), others
    first, *more = plain
    twice = (first, first, *more)  # so that there are always several, and it gives a tuple
    return operator.itemgetter(*twice), tuple(fields[place].type for place in twice), others


def _class_to(type_: Any) -> Hook:
    fields = _fields(type_)
    parts_of = operator.attrgetter(*[field.name for field in fields])
    others = [(place, to_plain(field.type)) for place, field in enumerate(fields) if field.type not in _PLAIN]
    defaults = [_default(field) for field in fields]

    def unstructure(value: object) -> list[object]:
        parts = list(parts_of(value))
        count = len(parts)
        while count and parts[count - 1] == defaults[count - 1]:
            count -= 1
        del parts[count:]
        for place, hook in others:
            if place >= count:
                break
            parts[place] = hook(parts[place])
        return parts

    return unstructure


def _default(field: attrs.Attribute[Any]) -> object:
    default: Any = field.default
    return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]
