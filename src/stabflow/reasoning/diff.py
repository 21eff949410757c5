"""How two versions of a procedure differ: by what they say, not by the lines they say it in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import attrs

from ..language import Gate, ItemKind, ListEntry, NoticeRule, Procedure, Property, Separation
from ..language.canonical_form import IDENTITY, plain
from ..language.loader import given
from ..language.parts import Draft, titled
from ..text import Text, listing, quoted, same, say
from .continuation import continuations
from .diff_keys import key_changes, keys
from .diff_names import renamings, told_apart
from .diff_parts import Place, come, gone, order, table
from .diff_requirements import forms
from .diff_rows import row_changes
from .diff_words import LABELS, Side
from .difference import Change, ChangeKind, Difference, Direction, Ways
from .ways import differing_ways, go_the_same_ways


def diff(old: Procedure | str | Path, new: Procedure | str | Path, *, ways: bool = True) -> Difference:
    """How ``new`` differs from ``old``: every change of what may or must be done, with its direction where it has one; which live
    cases could go on under ``new``; and an example of a way that became lawful or unlawful.

    Two procedures of different ids can be compared as well. The examples are searched for only where something that a search sees
    has changed, which takes some seconds for a large procedure; ``ways=False`` leaves them out. Each is a procedure, or
    the name or path of one, as `stabflow.procedure` takes it; nothing is raised of what has been examined.
    """
    old, new = given(old, "old"), given(new, "new")
    was, now = told_apart(old, new)
    found = Difference(
        old=str(old),
        new=str(new),
        changes=tuple(changes(old, new)),
        renamed=renamings(old, new),
        continuations=continuations(was, now),
    )
    if go_the_same_ways(old, new):
        return attrs.evolve(found, ways=Ways.SAME)
    if not ways:
        return found
    no_longer, newly = differing_ways(was, now)
    return attrs.evolve(found, ways=Ways.SEARCHED, no_longer=no_longer, newly=newly)


def changes(old: Procedure, new: Procedure) -> Iterator[Change]:
    """Every difference between what two procedures say, in the order of the file."""
    was, now = told_apart(old, new)
    here = Place(keys=(), old=Side(old, spoken=was), new=Side(new, spoken=now))
    for field in attrs.fields(Draft):
        if not field.init:
            continue
        one, other = getattr(old, field.name), getattr(new, field.name)
        section = _SECTIONS.get(field.name)
        if section is not None:
            yield from section(here.at(field.name), one, other)
        else:
            place = here.at("procedure") if field.name in IDENTITY else here
            yield from key_changes(attrs.evolve(place, thing=_THE_PROCEDURE), Draft, field.name, one, other)


_THE_PROCEDURE = Text("the procedure", "程序")


# Tables of parts


def _clauses(place: Place, old: Any, new: Any) -> Iterator[Change]:
    def thing(_side: Side, name: str, _one: object) -> Text:
        return say("clause {name}", "条款{name}", name=name)

    yield from table(place, old, new, thing, keys, cites=lambda name, _: (name,))


def _titled(
    en: str, zh: str, title_of: Callable[[Procedure, str], Text]
) -> Callable[[Place, Any, Any], Iterator[Change]]:
    """A table of parts that have titles, an entry of which is called so."""

    def thing(side: Side, name: str, _one: object) -> Text:
        return say(f"{en} {{name}}", f"{zh}{{name}}", name=quoted(title_of(side.spoken, name)))

    def section(place: Place, old: Any, new: Any) -> Iterator[Change]:
        yield from table(place, old, new, thing, keys)

    return section


def _lists(place: Place, old: Any, new: Any) -> Iterator[Change]:
    def name_list(_side: Side, name: str, _one: object) -> Text:
        return say("list {name}", "选项{name}", name=quoted(same(name)))

    def inner(here: Place, one: Mapping[str, ListEntry], other: Mapping[str, ListEntry]) -> Iterator[Change]:
        def name_entry(side: Side, name: str, _entry: object) -> Text:
            entry = side.spoken.lists[str(here.keys[-1])][name]
            return say("{entry} of {list}", "{list}中的{entry}", list=here.thing, entry=quoted(entry.title))

        yield from table(here, one, other, name_entry, keys)

    yield from table(place, old, new, name_list, inner)


def _fields(place: Place, old: Any, new: Any) -> Iterator[Change]:
    def thing(side: Side, name: str, _one: object) -> Text:
        title = side.spoken.field_title(name, side.kind)
        return side.of_kind("fact", "事实", title) if side.kind is None else side.of_kind("field", "字段", title)

    yield from table(place, old, new, thing, keys)


def _states(place: Place, old: Any, new: Any) -> Iterator[Change]:
    yield from table(place, old, new, lambda side, name, _: side.state(name), keys)


def _items(place: Place, old: Any, new: Any) -> Iterator[Change]:
    def thing(side: Side, name: str, _one: object) -> Text:
        return say("kind of item {name}", "事项要素{name}", name=quoted(side.spoken.kind_title(name)))

    yield from table(place, old, new, thing, _kind)


def _kind(place: Place, old: ItemKind, new: ItemKind) -> Iterator[Change]:
    name = str(place.keys[-1])
    here = attrs.evolve(place, old=attrs.evolve(place.old, kind=name), new=attrs.evolve(place.new, kind=name))
    yield from keys(here, old, new, leave=frozenset({"fields", "states", "transitions", "preset"}))
    preset = here.at("preset", thing=say("{kind}: {what}", "{kind}：{what}", kind=here.thing, what=LABELS["preset"]))
    yield from _maybe(preset, old.preset, new.preset)
    yield from _fields(here.at("fields", clauses=()), old.fields, new.fields)
    yield from _states(here.at("states", clauses=()), old.states, new.states)
    yield from row_changes(here.at("transitions", clauses=()), old, new)


def _maybe(place: Place, old: Any, new: Any) -> Iterator[Change]:
    """A part that may be missing."""
    if old is None or new is None:
        if new is not None:
            yield come(place, new)
        if old is not None:
            yield gone(place, old)
        return
    yield from keys(place, old, new)


# Parts without a name


def _rows(place: Place, _old: object, _new: object) -> Iterator[Change]:
    yield from row_changes(place, place.old.procedure.case, place.new.procedure.case)


def _gate(place: Place, old: Gate | None, new: Gate | None) -> Iterator[Change]:
    clauses = next((one.clause for one in (new, old) if one is not None), ())
    yield from _maybe(attrs.evolve(place, thing=Text("the gate", "实施关口"), clauses=clauses), old, new)


Apart = Mapping[tuple[str, str], tuple[bool, tuple[str, ...]]]
"""For each two roles that are separated: whether across all cases on a matter, and under which clauses."""


def _apart(procedure: Procedure) -> Apart:
    found: dict[tuple[str, str], tuple[bool, tuple[str, ...]]] = {}
    for one in procedure.separations:
        for pair in combinations(sorted({*one.roles}), 2):
            across, clauses = found.get(pair, (False, ()))
            found[pair] = across or one.across == "matter", tuple(sorted({*clauses, *one.clause}))
    return found


def _separations(place: Place, old: tuple[Separation, ...], new: tuple[Separation, ...]) -> Iterator[Change]:
    """Which two roles nobody may hold together, however they are listed."""
    was, now = _apart(place.old.procedure), _apart(place.new.procedure)
    alike: dict[tuple[object, object], list[tuple[str, str]]] = {}
    for pair in dict.fromkeys((*was, *now)):
        if was.get(pair) != now.get(pair):
            alike.setdefault((was.get(pair), now.get(pair)), []).append(pair)
    for pairs in alike.values():
        yield from _separated(place, was, now, pairs)
    if not alike and plain(old) != plain(new):
        text = Text("the separations are listed otherwise", "岗位分离的列法有变")
        yield place.rearranged(text=text, before=plain(old), after=plain(new))


def _separated(place: Place, was: Apart, now: Apart, pairs: list[tuple[str, str]]) -> Iterator[Change]:
    """Pairs of which the same is to be said, those that share a role together."""
    while pairs:
        role = Counter(role for pair in pairs for role in pair).most_common(1)[0][0]
        mine = [pair for pair in pairs if role in pair]
        pairs = [pair for pair in pairs if pair not in mine]
        others = [one for pair in mine for one in pair if one != role]
        yield _separation(place, was.get(mine[0]), now.get(mine[0]), role, others)


def _separation(
    place: Place,
    was: tuple[bool, tuple[str, ...]] | None,
    now: tuple[bool, tuple[str, ...]] | None,
    role: str,
    others: list[str],
) -> Change:
    side = place.old if now is None else place.new
    who = quoted(side.spoken.role_title(role))
    rest = listing([quoted(side.spoken.role_title(other)) for other in others])
    held: dict[str, Any] = {"before": _apart_plain(was, role, others), "after": _apart_plain(now, role, others)}
    if now is None:
        text = say("{who} may now act together with {rest}", "{who}与{rest}不再分离", who=who, rest=rest)
        direction, clauses, kind = Direction.LOOSER, () if was is None else was[1], ChangeKind.REMOVED
    elif was is None:
        text = say("{who} is now separated from {rest}", "{who}与{rest}现须分离", who=who, rest=rest)
        direction, clauses, kind = Direction.STRICTER, now[1], ChangeKind.ADDED
    else:
        direction, clauses, kind = Direction.NEITHER, now[1], ChangeKind.CHANGED
        text = say(
            "{who} is separated from {rest} under other clauses",
            "{who}与{rest}分离所依据的条款有变",
            who=who,
            rest=rest,
        )
        if was[0] != now[0]:
            direction = Direction.STRICTER if now[0] else Direction.LOOSER
            reach = (
                Text("across all cases on a matter", "同一重大事项的各案件")
                if now[0]
                else Text("in one case", "同一案件")
            )
            text = say(
                "{who} is now separated from {rest} {reach}",
                "{who}与{rest}的分离范围改为{reach}",
                who=who,
                rest=rest,
                reach=reach,
            )
    return place.change(kind, text=text, clauses=clauses, direction=direction, **held)


def _apart_plain(found: tuple[bool, tuple[str, ...]] | None, role: str, others: list[str]) -> object:
    if found is None:
        return None
    return {"role": role, "others": others, "across": "matter" if found[0] else "case", "clause": list(found[1])}


def _properties(place: Place, old: tuple[Property, ...], new: tuple[Property, ...]) -> Iterator[Change]:
    """Those that say the same are one, else those that are titled the same."""
    left, come_ = list(enumerate(old)), list(enumerate(new))
    matched: list[tuple[int, int]] = []
    for alike in (_claim, lambda _side, one: (one.title.en, one.title.zh)):
        for n, one in list(left):
            found = next(((m, other) for m, other in come_ if alike(place.new, other) == alike(place.old, one)), None)
            if found is not None:
                left.remove((n, one))
                come_.remove(found)
                matched.append((n, found[0]))
    matched.sort()
    for n, m in matched:
        yield from keys(_of_property(place, m, new[m]), old[n], new[m])
    for n, one in left:
        yield gone(_of_property(place, n, one), one)
    for m, one in come_:
        yield come(_of_property(place, m, one), one)
    yield from order(place, [str(m) for m in sorted(m for _, m in matched)], [str(m) for _, m in matched])


def _notices(place: Place, old: tuple[NoticeRule, ...], new: tuple[NoticeRule, ...]) -> Iterator[Change]:
    """By name, which no two share."""

    def thing(_side: Side, _name: str, one: NoticeRule) -> Text:
        return say("notice {name}", "通知{name}", name=quoted(titled(one.name, one.title)))

    yield from table(place, {one.name: one for one in old}, {one.name: one for one in new}, thing, keys)


def _of_property(place: Place, index: int, one: Property) -> Place:
    thing = say("property {title}", "性质{title}", title=quoted(one.title))
    return place.at(index, thing=thing, clauses=one.clause)


def _claim(side: Side, one: Property) -> object:
    pairs = [tuple(forms(side, part) for part in parts) for parts in (one.before, one.leads_to)]
    return forms(side, one.never), forms(side, one.always), *pairs


_SECTIONS: Mapping[str, Callable[[Place, Any, Any], Iterator[Change]]] = {
    "clauses": _clauses,
    "lists": _lists,
    "parameters": _titled("parameter", "参数", Procedure.field_title),
    "roles": _titled("role", "角色", Procedure.role_title),
    "separations": _separations,
    "facts": _fields,
    "states": _states,
    "transitions": _rows,
    "items": _items,
    "gate": _gate,
    "properties": _properties,
    "notices": _notices,
}
"""The tables that are more than a key; what the language gains is compared as a key until it has its own."""
