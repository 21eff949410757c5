"""What `stabflow` offers, to the name; and that nothing it offers ranks or groups what people did."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping

import pytest

import stabflow

NAMES = {
    "Actor",
    "Basis",
    "Blocker",
    "Case",
    "CaseHandle",
    "Engine",
    "InvalidInput",
    "Matter",
    "NotCleared",
    "Plugin",
    "Procedure",
    "ProcedureError",
    "Record",
    "Refused",
    "Requirement",
    "StoreError",
    "check",
    "diff",
    "from_transitions",
    "hookimpl",
    "open",
    "procedure",
}

# Decisions are assessed, never people: nothing groups, counts, orders or scores by who acted.
KEYING = re.compile(
    r"group_?by|count_?by|order_?by|sort_?by|(^|_)rank(ing|ed|s)?($|_)|leaderboard|(^|_)score|(by|per|each)_(actor|person|officer)"
)
KEYED_BY_ACTOR = re.compile(r"(dict|Mapping|Counter|defaultdict)\[\W*(\w+\.)*(Actor|ActorId)\b")


def test_the_names_are_these() -> None:
    assert set(stabflow.__all__) == NAMES
    assert len(stabflow.__all__) == len(NAMES) <= 25


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_can_be_imported(name: str) -> None:
    assert getattr(stabflow, name) is not None
    assert name in dir(stabflow)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        stabflow.no_such_name  # noqa: B018


def offered() -> dict[str, object]:
    """Every public function and class of every public module, by its full name."""
    found: dict[str, object] = {}
    modules = [stabflow.__name__] + [
        module.name for module in pkgutil.walk_packages(stabflow.__path__, "stabflow.") if "._" not in module.name
    ]
    for name in modules:
        module = importlib.import_module(name)
        for member, value in vars(module).items():
            if not member.startswith("_") and getattr(value, "__module__", None) == name:
                found[f"{name}.{member}"] = value
    return found


def callables(things: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The things that can be called, and the public methods of those that are classes."""
    for name, thing in things.items():
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                plain = value.__func__ if isinstance(value, classmethod | staticmethod) else value
                if inspect.isfunction(plain) and (member == "__init__" or not member.startswith("_")):
                    yield f"{name}.{member}", plain
        elif callable(thing):
            yield name, thing


def keyed(things: Mapping[str, object]) -> list[str]:
    """The callables whose name, parameters or answer are keyed by who acted."""
    found = []
    for name, function in callables(things):
        signature = inspect.signature(function)  # type: ignore[arg-type]
        words = [name.rpartition(".")[2], *signature.parameters]
        if any(KEYING.search(word) for word in words) or KEYED_BY_ACTOR.search(str(signature.return_annotation)):
            found.append(f"{name}{signature}")
    return found


def test_nothing_is_keyed_by_actor() -> None:
    things = offered()
    assert len(list(callables(things))) > 100, "the walk sees the library"
    assert keyed(things) == []


def test_keying_would_be_seen() -> None:
    class Planted:
        def duties(self, group_by: str) -> None: ...
        def rank(self) -> None: ...
        def refusals_per_actor(self) -> None: ...
        def overdue(self) -> dict[stabflow.Actor, int]: ...
        def owed(self, actor: str) -> None: ...

    assert [line.partition("(")[0] for line in keyed({"Planted": Planted})] == [
        "Planted.duties",
        "Planted.rank",
        "Planted.refusals_per_actor",
        "Planted.overdue",
    ]
