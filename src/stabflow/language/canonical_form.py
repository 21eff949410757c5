"""A draft as plain JSON values in one canonical way: what the digest is taken of, and what a store keeps for ever.

Keys left at their defaults are omitted, so that a key which the language gains later changes no digest. Tables whose keys the
author chose become lists of ``[key, value]``, so that their order counts and clause ids need not be ASCII.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from fractions import Fraction

import attrs

from .. import canonical
from ..calendar import Duration
from .parts import Draft

_AS_IT_IS = frozenset({str, int, bool, type(None)})
IDENTITY = ("format", "id", "version", "title", "source", "timezone")


def plain(value: object) -> object:
    """``value`` (an attrs value, mapping, sequence, enum, duration or share) as plain JSON values; what has no place in a
    procedure stays as it is, for `stabflow.language.structure.form_faults` to name."""
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, enum.Enum) and not isinstance(value, str):
        return value.value
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if attrs.has(type(value)):
        return _fields(value)
    if isinstance(value, Mapping):
        return [[key, plain(one)] for key, one in value.items()]
    return value


def _fields(value: object) -> dict[str, object]:
    said: dict[str, object] = {}
    type_: type = type(value)
    for name, key, default in said_fields(type_):
        held = getattr(value, name)
        if default is attrs.NOTHING or (held is not None and held != default):
            said[key] = plain(held)
    return said


@functools.cache
def said_fields(type_: type) -> tuple[tuple[str, str, object], ...]:
    """The attributes of a part of the language: under which key each is said, and the value at which it is left out."""
    return tuple(
        (
            field.name,
            field.name.rstrip("_"),
            field.default.factory() if isinstance(field.default, attrs.Factory) else field.default,  # type: ignore[arg-type]
        )
        for field in attrs.fields(type_)
        if field.init
    )


def canonical_form(draft: Draft) -> dict[str, object]:
    """``draft`` as plain JSON values; `stabflow.language.from_canonical` reads them back."""
    said = _fields(draft)
    said["format"] = draft.format
    identity = {key: said.pop(key) for key in IDENTITY if key in said}
    return {"procedure": identity, **said}


def canonical_bytes(draft: Draft) -> bytes:
    """The canonical form in canonical bytes."""
    return canonical.encode(canonical_form(draft))
