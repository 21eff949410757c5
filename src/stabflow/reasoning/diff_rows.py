"""The rows of one lifecycle compared: a row is its trigger and one source, however many sources it is written with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from ..language import Lifecycle, Transition
from ..language.canonical_form import plain
from ..language.machine import NEW
from ..text import say
from .diff_keys import keys
from .diff_parts import Place, come, gone, order
from .difference import Change

_Rows = dict[str, Transition]
"""The rows of one trigger by their sources."""


def row_changes(place: Place, old: Lifecycle, new: Lifecycle) -> Iterator[Change]:
    """What changed in the rows of a lifecycle."""
    was, now = _by_trigger(old), _by_trigger(new)
    for trigger in dict.fromkeys((*was, *now)):
        yield from _of_trigger(place.at(trigger), was.get(trigger, {}), now.get(trigger, {}))
    orders = [
        [
            f"{trigger} {source}"
            for trigger, source in _written(cycle)
            if source in was.get(trigger, {}) and source in now.get(trigger, {})
        ]
        for cycle in (old, new)
    ]
    yield from order(place, *orders)


def _written(cycle: Lifecycle) -> Iterator[tuple[str, str]]:
    for row in cycle.transitions:
        for source in cycle.sources(row) or (NEW,):
            yield row.trigger, source


def _by_trigger(cycle: Lifecycle) -> dict[str, _Rows]:
    found: dict[str, _Rows] = {}
    for row in cycle.transitions:
        for source in cycle.sources(row) or (NEW,):
            found.setdefault(row.trigger, {})[source] = row
    return found


def _of_trigger(place: Place, was: _Rows, now: _Rows) -> Iterator[Change]:
    pairs: list[tuple[Transition | None, Transition | None, list[str]]] = []
    for source in dict.fromkeys((*was, *now)):
        one, other = was.get(source), now.get(source)
        alike = next((sources for row, counterpart, sources in pairs if row is one and counterpart is other), None)
        if alike is None:
            pairs.append((one, other, [source]))
        else:
            alike.append(source)
    for one, other, sources in pairs:
        yield from _pair(place, one, other, sources if len(pairs) > 1 else [])
    written = [plain(tuple(row.source for row in dict.fromkeys(rows.values()))) for rows in (was, now)]
    if was.keys() == now.keys() and written[0] != written[1]:
        row = next(iter(now.values()))
        text = say("{row}: sources, written otherwise", "{row}：来源状态的写法有变", row=place.new.row(row, ()))
        yield place.rearranged("source", text=text, before=written[0], after=written[1])


def _pair(place: Place, one: Transition | None, other: Transition | None, sources: Sequence[str]) -> Iterator[Change]:
    """``sources``: those of which this is said, where others of the trigger have something else to them."""
    from_ = tuple(source for source in sources if source != NEW)
    if other is None:
        assert one is not None, "a trigger has a row in one of the versions"
        thing = place.old.row(one, from_)
        yield gone(attrs.evolve(place, thing=thing, sources=tuple(sources), clauses=one.clause), _only(one, from_))
        return
    thing = place.new.row(other, from_)
    here = attrs.evolve(place, thing=thing, sources=tuple(sources), clauses=other.clause)
    if one is None:
        yield come(here, _only(other, from_))
        return
    yield from keys(here, one, other, leave=frozenset({"trigger", "source"}))


def _only(row: Transition, sources: tuple[str, ...]) -> Transition:
    """The row as far as it leads from these sources; all of it where none are given."""
    return attrs.evolve(row, source=sources) if sources else row
