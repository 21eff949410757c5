"""What a config holds may be anything: nothing of it is called, compared, asked or looked up, wherever it stands."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from skeletons import PERMIT, Config, machine

from stabflow.errors import ProcedureError
from stabflow.language import from_transitions


class Called(Exception):
    """Something in a config was used."""


def raising(*_: object, **__: object) -> Any:
    raise Called


class HostileType(type):
    __getattribute__ = __eq__ = __instancecheck__ = __subclasscheck__ = raising
    __hash__ = raising  # type: ignore[assignment]


HOSTILE = dict.fromkeys(
    [
        *(
            "__getattr__",
            "__getattribute__",
            "__call__",
            "__repr__",
            "__str__",
            "__eq__",
            "__ne__",
            "__hash__",
            "__bool__",
        ),
        *("__len__", "__iter__", "__contains__", "__getitem__", "__format__", "__index__", "__lt__", "__class__"),
    ],
    raising,
)
Hostile = HostileType("Hostile", (), {**HOSTILE, "__class__": property(raising)})
HostileText = type("HostileText", (str,), {name: raising for name in HOSTILE if name != "__class__"})
HostileList = type("HostileList", (list,), {name: raising for name in HOSTILE if name != "__class__"})
HostileDict = type(
    "HostileDict", (dict,), {name: raising for name in (*HOSTILE, "items", "keys", "get") if name != "__class__"}
)


def places(config: Any, wrap: Callable[[Any], Any]) -> Iterator[Any]:
    """``config`` with each of its parts in turn replaced by what ``wrap`` makes of it."""
    yield wrap(config)
    if isinstance(config, dict):
        for key, value in config.items():
            for changed in places(value, wrap):
                yield {**config, key: changed}
    elif isinstance(config, list):
        for index, value in enumerate(config):
            for changed in places(value, wrap):
                yield [*config[:index], changed, *config[index + 1 :]]


FULL: Config = PERMIT | {
    "send_event": True,
    "model": "self",
    "before_state_change": ["log_it"],
    "ordered_transitions": False,
    "auto_transitions": True,
    "ignore_invalid_triggers": False,
}


def test_a_hostile_object_is_never_used_wherever_it_stands() -> None:
    hostile = Hostile()
    for one in (
        lambda: hostile.x,
        lambda: hostile == 1,
        hostile,
        lambda: f"{hostile}",
        lambda: bool(hostile),
    ):
        with pytest.raises(Called):
            one()
    tried = list(places(FULL, lambda _: hostile))
    assert len(tried) > 50
    told = 0
    for config in tried:
        try:
            assert from_transitions(config).toml
        except ProcedureError as error:
            told += 1
            assert "Hostile" in str(error)
    assert 20 < told < len(tried)


def test_texts_and_lists_of_others_types_are_read_for_what_they_hold() -> None:
    def wrap(value: Any) -> Any:
        for type_, hostile in ((str, HostileText), (list, HostileList), (dict, HostileDict)):
            if isinstance(value, type_):
                return hostile(value)
        return value

    expected = from_transitions(FULL)
    for config in places(FULL, wrap):
        assert from_transitions(config) == expected


def explode() -> bool:
    raise Called


class Office:
    def may(self) -> bool:
        raise Called

    def __call__(self) -> bool:
        raise Called


@pytest.mark.parametrize(
    ("callback", "name"),
    [
        (explode, "explode"),
        (lambda: 1 / 0, "<lambda>"),
        (Office().may, "Office.may"),
        (Office.may, "Office.may"),
        (Office, "Office"),
        (Office(), "an object of Office"),
        (functools.partial(explode), "partial of explode"),
        (print, "print"),
        ("os.system", "os.system"),
        ("stabflow.no_such_module.explode", "stabflow.no_such_module.explode"),
        ("line one\nline two\x07\u202e\ud800", "line one\\nline two\\x07\\u202e\\ud800"),
    ],
)
def test_callbacks_are_carried_by_name(callback: Any, name: str) -> None:
    config = machine(
        states=["a", {"name": "b", "on_enter": callback, "on_exit": [callback]}, "c"],
        transitions=[["go", "a", "b", callback, callback, callback, callback, callback], ["end", "b", "c"]],
        after_state_change=callback,
        on_exception=[callback, callback],
    )
    skeleton = from_transitions(config)
    row = tomllib.loads(skeleton.toml)["transitions"][1]
    assert row["requires"] == [{"value": f"TODO: {name}", "is": True}, {"value": f"TODO: {name}", "is": False}]
    named = [note for note in skeleton.notes if f"{name}'" in note.replace("\\\\", "\\")]
    assert len(named) == 3 + 2 + 5


def test_a_planted_call_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from stabflow.language import config_parts, foreign

    def careless(value: Any) -> foreign.Callback | None:
        return foreign.Callback(str(getattr(value, "__qualname__", value)), value)

    monkeypatch.setattr(config_parts, "callback_of", careless)
    with pytest.raises(Called):
        test_a_hostile_object_is_never_used_wherever_it_stands()
