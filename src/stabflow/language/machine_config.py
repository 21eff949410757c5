"""A config of the ``transitions`` library, read strictly into frozen values: every fault at once, each with its place.

Everything in it is carried, noted or refused; nothing is left out in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ProcedureError, near_miss
from .config_parts import DRAWING, FLATTEN, ForeignState, MachineConfig, Note, Reader, States, Where
from .config_rows import ordered_rows, read_rows
from .foreign import list_of, shown, table_of, trigger_of, what
from .paths import path_text

_REFUSING = "is dropped: what no row allows is refused here, and never ignored"
_STATELESS = "is dropped: a case is the list of its records, and no object has a state of its own"
_OBJECTLESS = "is dropped: a state holds no objects"

_MACHINE_CALLBACKS = (
    "before_state_change",
    "after_state_change",
    "prepare_event",
    "finalize_event",
    "on_exception",
    "on_final",
)
_MACHINE_FLAGS = {
    "ignore_invalid_triggers": _REFUSING,
    "machine_context": "is dropped: the store keeps acts apart",
    "model": _STATELESS,
    "model_attribute": _STATELESS,
    "model_override": _STATELESS,
    "models": _STATELESS,
    "queued": "is dropped: acts are recorded one after the other",
    "send_event": "is dropped: there is nothing that an event could be sent to",
    "auto_transitions_markup": DRAWING,
    "graph_engine": DRAWING,
    "show_auto_transitions": DRAWING,
    "show_conditions": DRAWING,
    "show_state_attributes": DRAWING,
    "title": DRAWING,
    "use_pygraphviz": DRAWING,
}
_MACHINE_KEYS = (
    *("states", "transitions", "initial", "name", "auto_transitions", "ordered_transitions"),
    *_MACHINE_CALLBACKS,
    *_MACHINE_FLAGS,
)
_STATE_CALLBACKS = ("on_enter", "on_exit", "on_timeout", "on_failure")
_STATE_FLAGS = {
    "accepted": "is dropped: the states in which a case ends are marked as final",
    "hook": _OBJECTLESS,
    "ignore_invalid_triggers": _REFUSING,
    "label": f"{DRAWING}; a state can have a title",
    "retries": "is dropped: a case comes back to a state as often as its rows allow",
    "tags": "is dropped: a state has a title, and in an assessment a step",
    "timeout": "(seconds) is dropped: time moves nothing here; what is owed in a state, and until when, is said with "
    "`accountable` and `within`",
    "volatile": _OBJECTLESS,
}
_STATE_KEYS = ("name", "final", *_STATE_CALLBACKS, *_STATE_FLAGS)
_NESTED = ("children", "states", "initial", "parallel", "transitions", "remap")


def read_config(config: dict[str, Any]) -> MachineConfig:
    """What ``config`` says; `ProcedureError` with everything in it that is wrong, or that no procedure can say."""
    reader = Reader()
    found = _machine(reader, config)
    if found is None or reader.faults:
        raise ProcedureError(reader.faults, what="the config")
    return found


def _machine(reader: Reader, config: object) -> MachineConfig | None:
    given = table_of(config)
    if given is None:
        cure = "give the arguments of Machine(…) as a dict, or the markup of a MarkupMachine"
        reader.refuse(("config",), f"is {what(config)}, not a dict", cure)
        return None
    notes: list[Note] = []
    for key, value in given.items():
        if key in _MACHINE_CALLBACKS:
            notes += reader.unheard((key,), value)
        elif key in _MACHINE_FLAGS:
            notes += [Note(key, f"{shown(value)} {_MACHINE_FLAGS[key]}")] if value is not None else []
        elif key not in _MACHINE_KEYS:
            reader.refuse((key,), "unknown key", near_miss(key, _MACHINE_KEYS))
    name = given.get("name")
    title = None if name is None or trigger_of(name) == "" else reader.text(("name",), name)
    states = _states(reader, given.get("states"))
    initial = _initial(reader, given, states)
    rows = read_rows(reader, given.get("transitions"), states)
    if reader.flag(("ordered_transitions",), given.get("ordered_transitions", False)):
        rows += ordered_rows(reader, states, initial)
    auto = _auto_triggers(reader, given, states)
    if auto:
        some = ", ".join([*auto][:3]) + (", …" if len(auto) > 3 else "")
        notes.append(Note("auto_transitions", f"{some} are not carried: they lead from everywhere, past every row"))
    return MachineConfig(
        name=title, initial=initial, states=states, rows=tuple(rows), auto_triggers=auto, notes=tuple(notes)
    )


def _initial(reader: Reader, given: Mapping[str, object], states: States) -> str:
    where = ("initial",)
    value = given.get("initial", "initial")
    if value is None or ("initial" not in given and "initial" not in states):
        reader.refuse(where, "no state is named in which it begins", "name one of the states")
    elif list_of(value) is not None:
        reader.refuse(where, "begins in several states at once", FLATTEN)
    else:
        return reader.known_state(where, value, states) or ""
    return ""


def _auto_triggers(reader: Reader, given: Mapping[str, object], states: States) -> dict[str, str]:
    if not reader.flag(("auto_transitions",), given.get("auto_transitions", True)):
        return {}
    attribute = trigger_of(given.get("model_attribute", "state"))
    prefix = "to_" if attribute == "state" else f"to_{attribute}_"
    return {f"{prefix}{name}": name for name in states}


def _states(reader: Reader, value: object) -> dict[str, ForeignState]:
    listed = list_of(value)
    if listed is None:
        table = table_of(value)
        if table and "name" not in table:
            reader.refuse(("states",), "is a dict of states", 'write a list: ["a", {"name": "b", "final": True}]')
            return {}
        listed = [] if value is None else [value]
    if not listed:
        reader.refuse(("states",), "names no state", "name the states in which a case can stand")
    found: dict[str, ForeignState] = {}
    for index, one in enumerate(listed):
        state = _state(reader, ("states", index), one)
        if state is None:
            reader.lost_states = True
            continue
        first = found.setdefault(state.name, state)
        if first is not state:
            reader.refuse(("states", index), f"is a second {state.name!r:.60}", f"{first.place} is the first; keep one")
    return found


def _state(reader: Reader, where: Where, value: object) -> ForeignState | None:
    table = table_of(value)
    if table is None:
        name = reader.text(where, value, 'write its name, or a dict such as {"name": "draft", "on_enter": "notify"}')
        return None if name is None else ForeignState(name=name, place=path_text(*where))
    notes: list[Note] = []
    for key, one in table.items():
        here = (*where, key)
        if key in _STATE_CALLBACKS:
            notes += reader.unheard(here, one)
        elif key in _STATE_FLAGS:
            notes += [Note(path_text(*here), f"{shown(one)} {_STATE_FLAGS[key]}")] if one is not None else []
        elif key in _NESTED:
            _refuse_nested(reader, here, one)
        elif key not in _STATE_KEYS:
            reader.refuse(here, "unknown key", near_miss(key, _STATE_KEYS))
    final = reader.flag((*where, "final"), table.get("final", False))
    if "name" not in table:
        reader.refuse((*where, "name"), "is missing", "add it")
        return None
    name = reader.text((*where, "name"), table["name"])
    return None if name is None else ForeignState(name=name, place=path_text(*where), final=final, notes=tuple(notes))


def _refuse_nested(reader: Reader, where: Where, value: object) -> None:
    if value is not None and list_of(value) != []:
        reader.lost_states = True
        problem = "states beside each other" if where[-1] == "parallel" else "states within a state"
        reader.refuse(where, f"{problem}: a procedure is flat", FLATTEN)
