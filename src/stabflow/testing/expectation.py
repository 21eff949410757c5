"""How a check says what it expected and what it found, readable without pytest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..text import Text, same

E = TypeVar("E", bound=BaseException)

LONGEST = 400


class ClauseBroken(AssertionError):
    """A store did something else than the contract says."""


class _Unmade(Exception):
    """A check says why nothing can be said."""

    def __init__(self, why: Text | str) -> None:
        self.why = why if isinstance(why, Text) else same(why)
        super().__init__(str(self.why))


class NotCovered(_Unmade):
    """A check found that it cannot be made here."""


class CutShort(_Unmade):
    """A check was not got through in its time, though nothing had failed by then."""


def shown(value: object) -> str:
    """``value`` in words, cut where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 60]} … ({len(text)} characters) … {text[-40:]}"


def equal(found: object, expected: object, what: str) -> None:
    """``found`` must equal ``expected``; of long values the first difference is told."""
    if found == expected:
        return
    where = ""
    if isinstance(found, dict) and isinstance(expected, dict):
        key = next(key for key in (*expected, *found) if found.get(key) != expected.get(key))
        where, found, expected = f", at {key!r}", found.get(key), expected.get(key)
    lines = [f"{what}{where}", f"  expected: {shown(expected)}", f"  found:    {shown(found)}"]
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple) and len(repr(found)) > LONGEST:
        pairs = enumerate(zip(found, expected, strict=False))
        first = next(((number, *pair) for number, pair in pairs if pair[0] != pair[1]), None)
        if len(found) != len(expected):
            lines.append(f"  there are {len(found)} instead of {len(expected)}")
        if first is not None:
            lines.append(f"  at {first[0]}: expected {shown(first[2])}\n  and found {shown(first[1])}")
    raise ClauseBroken("\n".join(lines))


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
