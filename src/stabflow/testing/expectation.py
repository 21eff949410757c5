"""How a check says what it expected and what it found, readable without pytest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

E = TypeVar("E", bound=BaseException)

LONGEST = 400


class ClauseBroken(AssertionError):
    """A store did something else than the contract says."""


class NotCovered(Exception):
    """A check found that it cannot be made here; the text says why."""


class CutShort(Exception):
    """A check was not got through in its time, though nothing had failed by then; the text says how far it came."""


def shown(value: object) -> str:
    """``value`` in words, cut where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 60]} … ({len(text)} characters) … {text[-40:]}"


def equal(found: object, expected: object, what: str) -> None:
    """``found`` must equal ``expected``."""
    if found != expected:
        where = _first_difference(found, expected)
        raise ClauseBroken(f"{what}\n  expected: {shown(expected)}\n  found:    {shown(found)}{where}")


def true(condition: object, what: str, found: object = None) -> None:
    """``condition`` must hold."""
    if not condition:
        raise ClauseBroken(what if found is None else f"{what}\n  found: {shown(found)}")


def raised(error: type[E], call: Callable[[], object], what: str, **facts: object) -> E:
    """``call`` must raise ``error``, with these attributes; returns it."""
    try:
        answer = call()
    except error as caught:
        for name, value in facts.items():
            equal(getattr(caught, name, None), value, f"{what}: {error.__name__}.{name}")
        return caught
    except Exception as other:
        raise ClauseBroken(
            f"{what}\n  expected: {error.__name__}\n  found:    {type(other).__name__}: {shown(str(other))}"
        ) from other
    raise ClauseBroken(f"{what}\n  expected: {error.__name__}\n  found:    the answer {shown(answer)}")


def _first_difference(found: object, expected: object) -> str:
    """Where two long values first differ."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in expected:
            if found.get(key) != expected[key]:
                return f"\n  at {key!r}: expected {shown(expected[key])}, found {shown(found.get(key))}"
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple) and len(repr(found)) > LONGEST:
        if len(found) != len(expected):
            return f"\n  of {len(expected)} there are {len(found)}"
        for number, (one, right) in enumerate(zip(found, expected, strict=True)):
            if one != right:
                return f"\n  at {number}: expected {shown(right)}, found {shown(one)}"
    return ""
