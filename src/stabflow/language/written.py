"""A procedure written down as TOML, as its author might have: what was made in Python, or changed there, as a file."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import attrs

from ..calendar import Duration
from .canonical_form import IDENTITY
from .parts import Draft

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def written(draft: Draft) -> str:
    """``draft`` as the text of a TOML file, which `stabflow.language.loads` reads back as the same procedure."""
    parts = _table(draft)
    identity = {key: parts.pop(key) for key in IDENTITY if key in parts}
    lines = ["[procedure]", *_entries(identity)]
    for key, part in parts.items():
        lines += _part(key, part)
    return "\n".join(lines) + "\n"


def _part(key: str, part: object) -> Iterator[str]:
    """A part of a procedure, each entry of it a line, or a table."""
    if isinstance(part, list):
        for one in part:
            yield from ("", f"[[{key}]]", *_entries(one))
    elif isinstance(part, dict):
        for name, one in part.items():
            if isinstance(one, dict):
                yield from ("", f"[{key}.{_key(name)}]", *_entries(one))
        own = {name: one for name, one in part.items() if not isinstance(one, dict)}
        if own:
            yield from ("", f"[{key}]", *_entries(own))


def _entries(table: Mapping[str, object]) -> Iterator[str]:
    return (f"{_key(name)} = {inline(value)}" for name, value in table.items())


def _table(value: object) -> dict[str, object]:
    """An attrs value as a table, without what stands at its default."""
    said: dict[str, object] = {}
    for field in attrs.fields(type(value)):  # type: ignore[arg-type]
        if not field.init:
            continue
        held, default = getattr(value, field.name), field.default
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
            default = default.factory()
        if default is attrs.NOTHING or (held != default and held is not None):
            said[field.name.rstrip("_")] = _plain(held)
    return said


def _plain(value: object) -> object:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return _table(value) if attrs.has(type(value)) else value


def _key(name: str) -> str:
    return name if _BARE.match(name) else quoted(name)


def quoted(text: str) -> str:
    """``text`` as a basic string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def inline(value: object) -> str:
    """A plain value within a line of TOML: text, a number, yes or no, a list, a table."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(name)} = {inline(one)}" for name, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(inline, value))}]"
    return str(value)
