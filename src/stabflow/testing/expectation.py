"""How a check says what it expected and what it found, readable without pytest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast

import attrs

from ..text import Text, same

E = TypeVar("E", bound=BaseException)

LONGEST = 400
AROUND = 20


class ClauseBroken(AssertionError):
    """A store did something else than the contract says."""


class HarnessBroken(Exception):
    """The harness itself does not work: nothing is said about the store."""


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


def alike(found: object, expected: object) -> bool:
    """Whether both are equal and of the same types throughout: 0 is not False, a memoryview no bytes, a list no tuple."""
    if type(found) is not type(expected):
        return False
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(alike, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(alike(found[key], expected[key]) for key in found)
    kind = cast("Any", type(found))
    if (columns := _columns(kind)) is None:
        return found == expected
    ours, theirs = columns(found), columns(expected)
    if [*map(type, ours)] != [*map(type, theirs)]:
        return False
    return all(map(alike, ours, theirs)) if _nested(kind) else ours == theirs


@cache
def _columns(kind: Any) -> Callable[[object], tuple[object, ...]] | None:
    """What takes all attributes of an attrs class at once; there is none for another."""
    names = [one.name for one in attrs.fields(kind)] if attrs.has(kind) else []
    return None if len(names) < 2 else attrgetter(*names)


@cache
def _nested(kind: Any) -> bool:
    """Whether an attrs class has attributes that have parts of their own."""
    return any(
        str(one.type).removesuffix(" | None") not in {"str", "int", "bytes", "bool"} for one in attrs.fields(kind)
    )


def difference(found: object, expected: object, at: str = "") -> tuple[str, object, object] | None:
    """The first place at which ``found`` is not what was expected, with what is there and what should be; None if it is."""
    if found is expected:
        return None
    parts = _parts(found, expected)
    if parts is None:
        return None if type(found) is type(expected) and found == expected else (at, found, expected)
    for place, one, other in parts:
        if (inside := difference(one, other, at + place)) is not None:
            return inside
    return None if found == expected else (at, found, expected)


def _parts(found: object, expected: object) -> Iterable[tuple[str, object, object]] | None:
    """The parts that two values of one shape have at the same places; None where they have none, or another shape."""
    if type(found) is not type(expected):
        return None
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple):
        return [(f"[{n}]", *pair) for n, pair in enumerate(zip(found, expected, strict=False))]
    if isinstance(found, dict) and isinstance(expected, dict):
        return [(f"[{key!r}]", found.get(key), expected.get(key)) for key in (*expected, *found)]
    kind = cast("Any", type(found))
    if attrs.has(kind):
        names = [one.name for one in attrs.fields(kind)]
        return [(f".{name}", getattr(found, name), getattr(expected, name)) for name in names]
    return None


def equal(found: object, expected: object, what: str) -> None:
    """``found`` must equal ``expected``, and be of the same types; of long values the first difference is told."""
    if alike(found, expected):
        return
    first = difference(found, expected) or ("", found, expected)
    where = ""
    if isinstance(found, dict) and isinstance(expected, dict) and first[0].startswith("["):
        key = next(key for key in (*expected, *found) if not alike(found.get(key), expected.get(key)))
        where, found, expected = f", at {key!r}", found.get(key), expected.get(key)
        first = difference(found, expected) or ("", found, expected)
    lines = [f"{what}{where}", f"  expected: {shown(expected)}", f"  found:    {shown(found)}"]
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple) and len(found) != len(expected):
        lines.append(f"  there are {len(found)} instead of {len(expected)}")
    at, one, other = first
    if type(one) is not type(other) and (at or (one is not None and other is not None)):
        lines.append(f"  {at or 'it'} is {_a(one)} and must be {_a(other)}")
    elif max(len(repr(found)), len(repr(expected))) > LONGEST:
        lines += _apart(at, one, other)
    raise ClauseBroken("\n".join(lines))


def _a(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"


def _apart(at: str, found: object, expected: object) -> list[str]:
    """Where two long values differ: of texts and bytes the first character, and what stands around it."""
    spot, of = at, ""
    for kind, unit in ((str, "character"), (bytes, "byte")):
        if isinstance(found, kind) and isinstance(expected, kind):
            n = next((n for n, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b), None)
            n = min(len(found), len(expected)) if n is None else n
            spot = f"{at}{', ' if at else ''}{unit} {n} of {len(expected)}"
            of = f", of {len(found)}"
            found, expected = (one[max(0, n - AROUND) : n + AROUND] for one in (found, expected))
            break
    return [f"  at {spot}: expected {shown(expected)}", f"  and found {shown(found)}{of}"] if spot else []


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
