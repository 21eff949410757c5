"""The transitions of a ``transitions`` config, its ``*`` and ``=`` and its ordered ones written out as what they mean."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import near_miss
from .config_parts import DRAWING, FLATTEN, ForeignRow, Note, Reader, States, Where
from .foreign import list_of, shown, table_of, trigger_of, what
from .paths import path_text

ANY, SAME = "*", "="
NEXT = "next_state"
"""The trigger of ordered transitions."""

_ORDER = ("trigger", "source", "dest", "conditions", "unless", "before", "after", "prepare")
_REQUIRED = _ORDER[:3]
_CALLBACKS = ("before", "after", "prepare")
_KEYS = (*_ORDER, "label")


def read_rows(reader: Reader, value: object, states: States) -> list[ForeignRow]:
    """The rows that ``value`` lists, as far as they fit."""
    listed = list_of(value)
    if listed is None:
        listed = [] if value is None else [value]
    found = [_row(reader, ("transitions", index), one, states) for index, one in enumerate(listed)]
    return [row for row in found if row is not None]


def _row(reader: Reader, where: Where, value: object, states: States) -> ForeignRow | None:
    said, places = _parts(reader, where, value)
    missing = [key for key in _REQUIRED if key not in said]
    for key in missing if said else ():
        reader.refuse((*where, key), "is missing", "add it; None stays" if key == "dest" else "add it")
    if missing:
        return None
    notes: list[Note] = []
    for key in _CALLBACKS:
        notes += reader.unheard(places[key], said.get(key))
    if said.get("label") is not None:
        notes.append(Note(path_text(*places["label"]), f"{shown(said['label'])} {DRAWING}; a row can have a title"))
    conditions = reader.callbacks(places["conditions"], said.get("conditions"))
    unless = reader.callbacks(places["unless"], said.get("unless"))
    for holds, guards in (("hold", conditions), ("not hold", unless)):
        for place, guard in guards:
            notes.append(
                Note(place, f"{guard} must {holds}: it is not asked here, and a gap in `requires` stands for it")
            )
    trigger = _trigger(reader, places["trigger"], said["trigger"])
    sources = _sources(reader, places["source"], said["source"], states)
    moves = _moves(reader, places["dest"], said["dest"], sources, states)
    if trigger is None or moves is None:
        return None
    return ForeignRow(
        trigger=trigger,
        place=path_text(*where),
        moves=moves,
        from_any=trigger_of(said["source"]) == ANY,
        conditions=tuple(guard for _, guard in conditions),
        unless=tuple(guard for _, guard in unless),
        notes=tuple(notes),
    )


def _parts(reader: Reader, where: Where, value: object) -> tuple[Mapping[str, object], Mapping[str, Where]]:
    """The parts of a row by their keys, and where each stands."""
    listed = list_of(value)
    if listed is not None:
        if len(listed) > len(_ORDER):
            reader.refuse(where, f"has {len(listed)} parts", f"at most these, in this order: {', '.join(_ORDER)}")
            return {}, {}
        if not listed:
            reader.refuse(where, "is empty", "write trigger, source and dest")
        return dict(zip(_ORDER, listed, strict=False)), {key: (*where, index) for index, key in enumerate(_ORDER)}
    table = table_of(value)
    if not table:
        problem = "is empty" if table is not None else f"is {what(value)}, neither a dict nor a list"
        reader.refuse(where, problem, "write trigger, source and dest")
        return {}, {}
    for key in table:
        if key not in _KEYS:
            reader.refuse((*where, key), "unknown key", near_miss(key, _KEYS))
    return table, {key: (*where, key) for key in _KEYS}


def _trigger(reader: Reader, where: Where, value: object) -> str | None:
    text = trigger_of(value)
    if text is None:
        reader.refuse(where, f"is {what(value)}, not the name of a trigger", "write it as text")
        return None
    return reader.text(where, text)


def _sources(reader: Reader, where: Where, value: object, states: States) -> tuple[str, ...] | None:
    if trigger_of(value) == ANY:
        return tuple(states)
    listed = list_of(value)
    if listed is None:
        name = reader.known_state(where, value, states)
        return None if name is None else (name,)
    if not listed:
        reader.refuse(where, "names no state", "name the states from which it leads")
    names = [reader.known_state((*where, index), one, states) for index, one in enumerate(listed)]
    known = dict.fromkeys(name for name in names if name is not None)
    return tuple(known) if known and None not in names else None


def _moves(
    reader: Reader, where: Where, value: object, sources: tuple[str, ...] | None, states: States
) -> dict[str, str | None] | None:
    if value is None:
        return None if sources is None else dict.fromkeys(sources)
    if trigger_of(value) == SAME:
        return None if sources is None else {source: source for source in sources}
    if list_of(value) is not None:
        reader.refuse(where, "leads into several states at once", FLATTEN)
        return None
    dest = reader.known_state(where, value, states)
    return None if dest is None or sources is None else dict.fromkeys(sources, dest)


def ordered_rows(reader: Reader, states: States, initial: str) -> list[ForeignRow]:
    """The rows of ``ordered_transitions``: from each state to the next, beginning with ``initial``, and round again."""
    place = "ordered_transitions"
    if initial not in states:
        return []
    if len(states) < 2:
        reader.refuse((place,), "there are fewer than two states to lead through", "leave it out, or add states")
        return []
    names = [*states]
    start = names.index(initial)
    names = names[start:] + names[:start]
    notes = {
        names[0]: Note(place, f"is written out as rows of the trigger {NEXT!r}, one for each state"),
        names[-1]: Note(
            place, "this row leads from the last state back to the first; take it out if the case ends there"
        ),
    }
    return [
        ForeignRow(trigger=NEXT, place=place, moves={source: dest}, notes=(notes[source],) if source in notes else ())
        for source, dest in zip(names, [*names[1:], names[0]], strict=True)
    ]
