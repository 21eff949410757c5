"""Requirements compared as values: the order of anything in them means nothing, and a parameter is what it holds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import attrs

from ..calendar import Duration
from ..language.canonical_form import plain
from ..language.requirement_text import content_text, requirement_text
from ..requirements import ItemsAre, Requirement, ValueIs
from ..text import Text, quoted, say
from .diff_words import Side
from .difference import Aspect, Change, ChangeKind, Direction

Form = Hashable
Emit = Callable[..., Change]

_MEANING = frozenset({"clause", "title"})
"""The keys to leave out where only what is required counts."""

_PARAMETERS = {"value", "at_least", "at_most", "equals", "elapsed"}
"""The keys under which a parameter may be named."""

_HIGHER_IS_STRICTER = {"at_least", "over", "elapsed"}
_LOWER_IS_STRICTER = {"at_most"}
_MORE_IS_LOOSER = {"is_", "every", "case"}
_MORE_IS_STRICTER = {"independent_of", "filled"}
_FILTERS = frozenset({"in_", "where", "since", "times"})
"""Which of what is counted; the fewer pass, the harder is a least number to come by, and the easier a greatest one."""
_BOUNDS = {"equals", "with_"} | _HIGHER_IS_STRICTER | _LOWER_IS_STRICTER | _MORE_IS_LOOSER | _MORE_IS_STRICTER
"""How much is asked; every other key says of what."""


def form(side: Side, one: Requirement, without: frozenset[str] = _MEANING) -> Form:
    """``one`` so that two requirements say the same, the keys ``without`` left aside, where their forms are the same."""
    inner = without - {"when"}
    keys = [field.name for field in attrs.fields(type(one)) if field.name not in without]
    return (one.kind, *((key, _form(side, key, getattr(one, key), inner)) for key in keys))


def forms(side: Side, ones: Sequence[Requirement], without: frozenset[str] = _MEANING) -> Form:
    """The forms of several that must all hold, in an order of their own."""
    return tuple(sorted((form(side, one, without) for one in ones), key=repr))


def _form(side: Side, key: str, value: object, without: frozenset[str]) -> Form:
    if isinstance(value, Requirement):
        return form(side, value, without)
    if isinstance(value, tuple):
        return tuple(sorted((_form(side, key, one, without) for one in value), key=repr))
    if isinstance(value, Mapping):
        return tuple((name, _form(side, key, one, without)) for name, one in value.items())
    if isinstance(value, Text):
        return value.en, value.zh
    value = _resolved(side, key, value)
    return type(value).__name__, str(value)  # True is not 1


def _resolved(side: Side, key: str, value: object) -> object:
    if key in _PARAMETERS and isinstance(value, str) and value in side.procedure.parameters:
        return side.procedure.parameters[value].value
    return value


def _asked(side: Side, one: Requirement, without: frozenset[str] = _MEANING) -> Form:
    """What a requirement reads and how it compares, whatever the bounds are."""
    parts = tuple(sorted((_asked(side, part, without - {"when"}) for part in one.parts()), key=repr))
    keys = [
        field.name
        for field in attrs.fields(type(one))
        if field.name not in without and not (parts and field.name == one.kind) and getattr(one, field.name) is not None
    ]
    return (
        one.kind,
        parts,
        *((key, key in _BOUNDS or _form(side, key, getattr(one, key), _MEANING)) for key in keys),
    )


def requirement_changes(
    old: Side, new: Side, thing: Text, before: Sequence[Requirement], after: Sequence[Requirement], emit: Emit
) -> Iterator[Change]:
    """What was added to a list of requirements that must all hold, what was removed, what is asked to another degree.

    Of the same kind and asking about the same, one has changed where its bound is another or its condition; else one went and
    another came. ``emit`` makes a change of where the list stands.
    """
    gone, come = list(before), list(after)
    for alike in (_to_the_letter, form, _asked, _whatever_the_condition, _about_the_same):
        for one in list(gone):
            wanted = alike(old, one)
            other = next((other for other in come if alike(new, other) == wanted), None)
            if other is not None:
                gone.remove(one)
                come.remove(other)
                yield from _changed(old, new, thing, one, other, emit)
    for one in gone:
        yield emit(
            ChangeKind.REMOVED,
            text=say("{thing} no longer requires: {r}", "{thing}不再要求：{r}", thing=thing, r=_titled(old, one)),
            before=plain(put_in(old, one)),
            clauses=one.clause,
            direction=Direction.LOOSER,
        )
    for other in come:
        yield emit(
            ChangeKind.ADDED,
            text=say("{thing} now also requires: {r}", "{thing}新增要求：{r}", thing=thing, r=_titled(new, other)),
            after=plain(put_in(new, other)),
            clauses=other.clause,
            direction=Direction.STRICTER,
        )


def _to_the_letter(side: Side, one: Requirement) -> Form:
    return form(side, one, frozenset())


def _whatever_the_condition(side: Side, one: Requirement) -> Form:
    return form(side, one, _MEANING | {"when"})


def _about_the_same(side: Side, one: Requirement) -> Form:
    return _asked(side, one, _MEANING | _FILTERS | {"when"})


def _changed(old: Side, new: Side, thing: Text, one: Requirement, other: Requirement, emit: Emit) -> Iterator[Change]:
    held = {
        "before": plain(put_in(old, one)),
        "after": plain(put_in(new, other)),
        "clauses": other.clause or one.clause,
    }
    was, now = quoted(_words(old, one)), quoted(_words(new, other))
    means_the_same = form(old, one) == form(new, other)
    if not means_the_same:
        text = say("{t} required {was}, and now {now}", "{t}原要求{was}，现要求{now}", t=thing, was=was, now=now)
        yield emit(ChangeKind.CHANGED, text=text, direction=_direction(old, new, one, other), **held)
    for key, en, zh, aspect in _NOTES:
        if means_the_same:
            kept = _MEANING - {key}
            noted = form(old, one, kept) != form(new, other, kept)
        else:
            noted = _notes(old, one, key) != _notes(new, other, key)
        if noted:
            yield emit(ChangeKind.CHANGED, text=say(en, zh, t=thing, now=now), aspect=aspect, **held)


_NOTES = (
    ("clause", "{t} requires under other clauses {now}", "{t}要求{now}所依据的条款有变", Aspect.MEANING),
    ("title", "{t} says in other words that it requires {now}", "{t}要求{now}，表述有变", Aspect.WORDING),
)


def _notes(side: Side, one: Requirement, key: str) -> list[tuple[str, str]]:
    """What stands under ``key`` of each part, by what the part asks."""
    parts = [part for _, part in one.walk() if getattr(part, key)]
    return sorted(
        (repr(_about_the_same(side, part)), repr(_form(side, key, getattr(part, key), _MEANING))) for part in parts
    )


# Which way


def _direction(old: Side, new: Side, one: Requirement, other: Requirement) -> Direction:
    found = set(_directions(old, new, one, other))
    return found.pop() if len(found) == 1 else Direction.NEITHER


def _directions(old: Side, new: Side, one: Requirement, other: Requirement) -> Iterator[Direction]:
    """Which way each of the differences between two requirements goes; the parts of ``any`` and ``all`` weigh like the whole."""
    when, now = ({form(side, part) for part in whole.when} for side, whole in ((old, one), (new, other)))
    if when != now:
        yield by_more(now - when, when - now, Direction.LOOSER)  # the more conditions, the less often it is asked
    for key in [field.name for field in attrs.fields(type(one)) if field.name in _BOUNDS]:
        was, is_ = (_resolved(side, key, getattr(whole, key)) for side, whole in ((old, one), (new, other)))
        if _form(old, key, was, _MEANING) != _form(new, key, is_, _MEANING):
            yield _way(key, was, is_)
    if isinstance(one, ItemsAre) and isinstance(other, ItemsAre):
        yield from _filter_directions(one, other)
    elif isinstance(one, ValueIs) and isinstance(other, ValueIs) and one.times != other.times:
        yield Direction.NEITHER
    parts = zip(_in_order(old, one), _in_order(new, other), strict=True)
    for part, counterpart in parts:
        yield from _directions(old, new, part, counterpart)


def _filter_directions(one: ItemsAre, other: ItemsAre) -> Iterator[Direction]:
    """Which way it goes that other items are counted: a least number is easier to come by where more are."""
    more = Direction.NEITHER
    if other.equals is None:
        more = Direction.LOOSER if other.at_least is not None or other.over is not None else Direction.STRICTER
    everything = {name: frozenset[object]() for name in (*one.where, *other.where, "in", "since")}
    was, now = (
        everything
        | {name: frozenset(accepted) for name, accepted in whole.where.items()}
        | {"in": frozenset(whole.in_), "since": frozenset({whole.since} - {None})}
        for whole in (one, other)
    )
    for name in [name for name in everything if was[name] != now[name]]:
        if not (was[name] and now[name]):  # no filter lets everything pass
            yield by_more({*was[name]}, {*now[name]}, more)
        else:
            yield by_more({*(now[name] - was[name])}, {*(was[name] - now[name])}, more)


def _in_order(side: Side, one: Requirement) -> list[Requirement]:
    return sorted(one.parts(), key=lambda part: (repr(_about_the_same(side, part)), repr(form(side, part))))


def _way(key: str, was: object, now: object) -> Direction:
    if isinstance(was, tuple) and isinstance(now, tuple):
        more = Direction.LOOSER if key in _MORE_IS_LOOSER else Direction.STRICTER
        return by_more(set(now) - set(was), set(was) - set(now), more)
    way = by_size(was, now)
    if way is None or key not in _HIGHER_IS_STRICTER | _LOWER_IS_STRICTER:
        return Direction.NEITHER
    return Direction.STRICTER if way == (key in _HIGHER_IS_STRICTER) else Direction.LOOSER


def by_size(was: object, now: object) -> bool | None:
    """Whether a number or duration has grown; ``None`` where that cannot be said."""
    if isinstance(was, Duration) and isinstance(now, Duration):
        return True if now.surely_longer_than(was) else False if was.surely_longer_than(now) else None
    if isinstance(was, int | Fraction) and isinstance(now, int | Fraction) and was != now:
        return now > was
    return None


def by_more(come: set[object], gone: set[object], more: Direction) -> Direction:
    """``more`` where something came and nothing went, the other way where something went and nothing came."""
    if bool(come) == bool(gone):
        return Direction.NEITHER
    other = {Direction.LOOSER: Direction.STRICTER, Direction.STRICTER: Direction.LOOSER}
    return more if come else other.get(more, more)


# In words, and for programs


def _titled(side: Side, one: Requirement) -> Text:
    return requirement_text(side.spoken, side.kind, one)


def _words(side: Side, one: Requirement) -> Text:
    return content_text(side.spoken, side.kind, one)


def put_in(side: Side, one: Requirement) -> Requirement:
    """``one`` with what its parameters hold."""
    changes: dict[str, Any] = {"when": tuple(put_in(side, part) for part in one.when)}
    if one.parts():
        changes[one.kind] = tuple(put_in(side, part) for part in one.parts())
    for field in attrs.fields(type(one)):
        if field.name in _PARAMETERS - {"value"}:
            changes[field.name] = _resolved(side, field.name, getattr(one, field.name))
    return attrs.evolve(one, **changes)
