"""Two parts compared key by key: whatever a part of the language holds is looked at, whether it is named here or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from ..calendar import Duration
from ..language import NoticeRule, State
from ..language.canonical_form import plain
from ..requirements import Requirement
from ..text import Text, quoted, same, say
from .diff_parts import LIMIT, Place
from .diff_requirements import by_more, by_size, forms, put_in, requirement_changes
from .diff_words import Side, label
from .difference import Aspect, Change, ChangeKind, Direction

Pairs = tuple[tuple[Requirement, ...], ...]

_WORDING = {"title", "aliases", "source", "version", "note", "subject", "text"}
_DURATIONS = {"lead", "responds_within", "vacant_within"}

_MORE_IS_LOOSER = {"by", "clock_stopped_by", "in"}
_HIGHER_IS_STRICTER = {"min"}
_LOWER_IS_STRICTER = {"max", "max_length", "holders", "vacant_within", "responds_within"}
_YES_IS_STRICTER, _NO_IS_STRICTER = {"material"}, {"delegable", "optional"}
_UNBOUNDED = _HIGHER_IS_STRICTER | _LOWER_IS_STRICTER - {"responds_within"}
"""Keys that bound nothing where they are left out."""

_IN_ORDER = {"by"}
"""Lists whose order means something: an actor who holds several of these roles acts in the first."""


def keys(place: Place, old: Any, new: Any, leave: frozenset[str] = frozenset()) -> Iterator[Change]:
    """Every key of a part that both versions have, those in ``leave`` excepted."""
    if isinstance(new, State):
        yield from _limit(place, old, new)
        leave |= {*LIMIT}
    for field in attrs.fields(type(new)):
        if field.init and field.name not in leave:
            key = field.name.rstrip("_")
            yield from key_changes(place, type(new), key, getattr(old, field.name), getattr(new, field.name))


def key_changes(place: Place, type_: type, key: str, before: Any, after: Any) -> Iterator[Change]:
    """What changed under one key of a part of this type."""
    if key in ("requires", "never", "always"):
        yield from _requirements(place, key, before, after)
    elif key in ("before", "leads_to"):
        yield from _pairs(place, type_, key, before, after)
    elif before == after:
        return
    elif isinstance(after, tuple) and {*before} == {*after} and key not in _IN_ORDER:
        text = say("{t}, {k}: in another order", "{t}：{k}的次序有变", t=place.thing, k=label(type_, key))
        yield place.rearranged(key, text=text, before=plain(before), after=plain(after))
    elif isinstance(after, tuple):
        yield _list(place, type_, key, before, after)
    else:
        yield _single(place, type_, key, before, after)


def _list(place: Place, type_: type, key: str, before: tuple[Any, ...], after: tuple[Any, ...]) -> Change:
    come_, gone_ = [one for one in after if one not in before], [one for one in before if one not in after]
    more, less = place.new.shown(key, tuple(come_)), place.old.shown(key, tuple(gone_))
    facts = {"t": place.thing, "k": label(type_, key), "more": more, "less": less}
    if come_ and gone_:
        text = say("{t}, {k}: now {more}, no longer {less}", "{t}：{k}增加{more}，不再包括{less}", **facts)
    elif come_:
        text = say("{t}, {k}: now also {more}", "{t}：{k}增加{more}", **facts)
    elif gone_:
        text = say("{t}, {k}: no longer {less}", "{t}：{k}不再包括{less}", **facts)
    else:
        facts |= {"now": place.new.shown(key, after)}
        text = say("{t}, {k}: in this order now: {now}", "{t}：{k}的次序改为{now}", **facts)
    return place.change(
        ChangeKind.CHANGED,
        key,
        text=text,
        before=plain(before),
        after=plain(after),
        aspect=Aspect.WORDING if key in _WORDING else Aspect.MEANING,
        direction=Direction.NEITHER
        if type_ is NoticeRule
        else _list_direction(place, key, come_, gone_, before, after),
    )


def _list_direction(
    place: Place, key: str, come_: list[Any], gone_: list[Any], before: tuple[Any, ...], after: tuple[Any, ...]
) -> Direction:
    if key in _MORE_IS_LOOSER:
        return by_more({*come_}, {*gone_}, Direction.LOOSER)
    if key == "unique":  # the more must be the same, the fewer are refused; and nothing said refuses none
        every = by_more({*come_}, {*gone_}, Direction.LOOSER)
        return every if before and after else by_more({*come_}, {*gone_}, Direction.STRICTER)
    if key == "set":
        needed, dropped = (
            {name for name in names if not side.procedure.lifecycle(side.kind).fields[name].optional}
            for side, names in ((place.new, come_), (place.old, gone_))
        )
        may = len(come_) + len(gone_) == len(needed) + len(dropped)
        return by_more(needed, dropped, Direction.STRICTER) if may else Direction.NEITHER
    return Direction.NEITHER


def _single(place: Place, type_: type, key: str, before: Any, after: Any) -> Change:
    was, now = _value_texts(place, key, before, after)
    facts = {"t": place.thing, "k": label(type_, key), "was": was, "now": now}
    told = place.change
    held = {"before": plain(before), "after": plain(after)}
    if key in _DURATIONS:
        before, after = (
            None if limit is None else side.resolved(limit) for side, limit in ((place.old, before), (place.new, after))
        )
        if before == after:
            text = say("{t}: {k} {now}, written otherwise", "{t}：{k}{now}，写法有变", **facts)
            return place.rearranged(key, text=text, **held)
        held = {"before": plain(before), "after": plain(after)}
    if key == "deviation" and after is None:
        text = say("{t} is carried out now; before it was not: {was}", "{t}现已落实（原偏离说明：{was}）", **facts)
    elif key == "deviation" and before is None:
        text = say("{t} is not carried out any more: {now}", "{t}不再落实：{now}", **facts)
    elif key == "dest" or (before is not None and after is not None):
        text = say("{t}: {k} was {was}, is now {now}", "{t}：{k}由{was}改为{now}", **facts)
    elif after is not None:
        text = say("{t}: {k} is now {now}; there was none", "{t}：新增{k}{now}", **facts)
    else:
        text = say("{t}: {k} was {was}; now there is none", "{t}：取消{k}（原为{was}）", **facts)
    words_only = key in _WORDING or (key == "deviation" and None not in (before, after))
    aspect = Aspect.WORDING if words_only else Aspect.MEANING
    return told(ChangeKind.CHANGED, key, text=text, aspect=aspect, direction=_way(key, before, after), **held)


def _value_texts(place: Place, key: str, before: Any, after: Any) -> tuple[Text, Text]:
    was, now = place.old.shown(key, before), place.new.shown(key, after)
    if isinstance(before, Text) and isinstance(after, Text) and (was.en == now.en or was.zh == now.zh):
        return quoted(same(f"{before.en} / {before.zh}")), quoted(same(f"{after.en} / {after.zh}"))
    return was, now


def _way(key: str, before: Any, after: Any) -> Direction:
    if key in _YES_IS_STRICTER | _NO_IS_STRICTER:
        return Direction.STRICTER if after == (key in _YES_IS_STRICTER) else Direction.LOOSER
    if key in _UNBOUNDED and None in (before, after):
        return Direction.STRICTER if before is None else Direction.LOOSER
    grown = by_size(before, after)
    if grown is None or key not in _HIGHER_IS_STRICTER | _LOWER_IS_STRICTER:
        return Direction.NEITHER
    return Direction.STRICTER if grown == (key in _HIGHER_IS_STRICTER) else Direction.LOOSER


# Limits and requirements


def _limit(place: Place, old: State, new: State) -> Iterator[Change]:
    """``within``, ``until`` and ``open_ended`` are one thing: the limit."""
    was, now = _limit_of(place.old, old), _limit_of(place.new, new)
    key = next((key for key in LIMIT if getattr(new, key)), next((key for key in LIMIT if getattr(old, key)), ""))
    held = {"before": plain(was), "after": plain(now)}
    facts = {"t": place.thing, "was": place.old.limit(old), "now": place.new.limit(new)}
    if was != now:
        text = say("{t}: limit was {was}, is now {now}", "{t}：期限由{was}改为{now}", **facts)
        direction = _limit_direction(was, now)
        yield place.change(ChangeKind.CHANGED, key, text=text, direction=direction, **held)
    elif old.within != new.within:
        text = say("{t}: limit {now}, written otherwise", "{t}：期限{now}，写法有变", **facts)
        held = {"before": plain(old.within), "after": plain(new.within)}
        yield place.rearranged(key, text=text, **held)


def _limit_of(side: Side, state: State) -> Duration | str | bool | None:
    if state.within is not None:
        return side.resolved(state.within)
    return state.until if state.until is not None else state.open_ended or None


def _limit_direction(was: object, now: object) -> Direction:
    if None in (was, now):
        return Direction.NEITHER
    if True in (was, now):
        return Direction.STRICTER if was is True else Direction.LOOSER
    grown = by_size(was, now)
    return Direction.NEITHER if grown is None else Direction.LOOSER if grown else Direction.STRICTER


def _requirements(
    place: Place, key: str, before: tuple[Requirement, ...], after: tuple[Requirement, ...]
) -> Iterator[Change]:
    """Those of a row or the gate must be met; those of a property are what it says, and neither stricter nor looser."""

    def emit(kind: ChangeKind, **facts: Any) -> Change:
        if key != "requires":
            facts["direction"] = Direction.NEITHER
        return place.change(kind, key, **facts)

    found = list(requirement_changes(place.old, place.new, place.thing, before, after, emit))
    yield from found
    if not found and plain(before) != plain(after):
        text = say("{t}: {k}, written otherwise", "{t}：{k}的写法有变", t=place.thing, k=label(Requirement, key))
        yield place.rearranged(key, text=text, before=plain(before), after=plain(after))


def _pairs(place: Place, type_: type, key: str, before: Pairs, after: Pairs) -> Iterator[Change]:
    """Two lists of requirements, the first and the second."""
    facts = {"t": place.thing, "k": label(type_, key)}
    held = {"before": plain(_put_in(place.old, before)), "after": plain(_put_in(place.new, after))}
    for without, aspect, en, zh in (
        (frozenset({"title"}), Aspect.MEANING, "{t}: {k} says something else", "{t}：{k}的内容有变"),
        (frozenset({"clause"}), Aspect.WORDING, "{t}: {k} says it in other words", "{t}：{k}的表述有变"),
    ):
        if [forms(place.old, part, without) for part in before] != [forms(place.new, part, without) for part in after]:
            yield place.change(ChangeKind.CHANGED, key, text=say(en, zh, **facts), aspect=aspect, **held)
            return
    if plain(before) != plain(after):
        yield place.rearranged(key, text=say("{t}: {k}, written otherwise", "{t}：{k}的写法有变", **facts), **held)


def _put_in(side: Side, pairs: Pairs) -> Pairs:
    return tuple(tuple(put_in(side, one) for one in part) for part in pairs)
