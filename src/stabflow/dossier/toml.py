"""Faults in the words of TOML: values as the file writes them, and cures for who writes the file, not for who calls Python."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time

import attrs

from ..decision.fields import A_DATE, A_DECIMAL
from ..errors import Fault
from ..values import A_TIME

_LONGEST = 60
_CURES = {
    A_TIME: "give a date and time with its zone, without quotes: 2026-03-02T09:00:00+08:00",
    A_DATE: "give a day without a time, without quotes: 2027-03-01",
    A_DECIMAL: 'write it as text, such as "3.5"',
}


def in_toml(value: object) -> str:
    """``value`` as TOML writes it, as far as there is room."""
    text = _written(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if value.isprintable() and not {'"', "\\"} & {*value} else repr(value)
        case date() | time():
            return value.isoformat()
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case Mapping():
            inner = ", ".join(f"{key} = {_written(one)}" for key, one in value.items())
            return f"{{ {inner} }}" if inner else "{}"
    return str(value)


def told_in_toml(fault: Fault, value: object) -> Fault:
    """``fault``, found in ``value``, as its author reads it; one that does not begin with the value stays as it is."""
    shown = repr(value)
    beginnings = (shown, shown[:_LONGEST], shown[: _LONGEST - 3] + "...")
    beginning = next((one for one in beginnings if fault.problem.startswith(f"{one} ")), None)
    problem = fault.problem if beginning is None else in_toml(value) + fault.problem.removeprefix(beginning)
    return attrs.evolve(fault, problem=problem, cure=_CURES.get(fault.cure, fault.cure))
