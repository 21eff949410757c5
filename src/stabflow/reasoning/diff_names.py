"""Things of two versions that are titled the same: told apart by their names, and those that were perhaps only renamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from ..errors import ProcedureError
from ..language import Lifecycle, Procedure
from ..language.parts import titled
from ..text import Text, say

Path = tuple[str, ...]


def told_apart(old: Procedure, new: Procedure) -> tuple[Procedure, Procedure]:
    """Both versions so that a reader can tell their things apart: where different names bear the same title, in one version or in
    both, each stands behind its title. Only for words: what the versions say is to be compared as they are."""
    alike = {path: _alike(titles) for path, titles in _tables(old, new)}
    if not any(alike.values()):
        return old, new
    try:
        return _retitled(old, alike), _retitled(new, alike)
    except ProcedureError:  # a title may be too long with its name
        return old, new


def renamings(old: Procedure, new: Procedure) -> Mapping[str, str]:
    """What is gone under one name and has come under another with the same title, by path: what `Engine.migrate` may be told in
    its ``mapping``, if it is the same thing."""
    found: dict[str, str] = {}
    for (path, was), (_, now) in zip(_named(old), _named_like(old, new), strict=True):
        gone, come = ({**one} for one in (was, now))
        for name in was.keys() & now.keys():
            del gone[name], come[name]
        for name, title in gone.items():
            same = [other for other, its in come.items() if its == title]
            if len(same) == 1 and list(gone.values()).count(title) == 1:
                found[".".join((*path, name))] = same[0]
    return found


Titles = Mapping[str, Text]


def _named(procedure: Procedure) -> Iterator[tuple[Path, Titles]]:
    """Every table of things that can be called otherwise in another version."""
    yield ("roles",), {name: role.title for name, role in procedure.roles.items()}
    yield from _named_of(procedure.case, (), "facts")
    for kind, cycle in procedure.items.items():
        yield from _named_of(cycle, ("items", kind), "fields")


def _named_like(old: Procedure, new: Procedure) -> Iterator[tuple[Path, Titles]]:
    """The same tables of ``new`` as ``old`` has, empty where it has no such kind."""
    tables = dict(_named(new))
    return ((path, tables.get(path, {})) for path, _ in _named(old))


def _named_of(cycle: Lifecycle, path: Path, fields: str) -> Iterator[tuple[Path, Titles]]:
    yield (*path, fields), {name: titled(name, one.title) for name, one in cycle.fields.items()}
    yield (*path, "states"), {name: titled(name, one.title) for name, one in cycle.states.items()}
    yield (*path, "transitions"), {row.trigger: titled(row.trigger, row.title) for row in reversed(cycle.transitions)}


def _others(procedure: Procedure) -> Iterator[tuple[Path, Titles]]:
    """Tables of things that have a title and cannot be renamed."""
    yield ("items",), {kind: cycle.title for kind, cycle in procedure.items.items()}
    yield ("parameters",), {name: titled(name, one.title) for name, one in procedure.parameters.items()}
    for name, entries in procedure.lists.items():
        yield ("lists", name), {entry: one.title for entry, one in entries.items()}


def _tables(old: Procedure, new: Procedure) -> Iterator[tuple[Path, list[tuple[str, Text]]]]:
    """Every table of things that have titles, as both versions have them."""
    found: dict[Path, list[tuple[str, Text]]] = {}
    for procedure in (old, new):
        for path, titles in (*_named(procedure), *_others(procedure)):
            found.setdefault(path, []).extend(titles.items())
    yield from found.items()


def _alike(titles: list[tuple[str, Text]]) -> frozenset[str]:
    """The names whose title another name has too."""
    bearers: dict[tuple[str, str], set[str]] = {}
    for name, title in titles:
        bearers.setdefault(("en", title.en), set()).add(name)
        bearers.setdefault(("zh", title.zh), set()).add(name)
    return frozenset(name for names in bearers.values() if len(names) > 1 for name in names)


def _retitled(procedure: Procedure, alike: Mapping[Path, frozenset[str]]) -> Procedure:
    def table(path: Path, parts: Mapping[str, Any]) -> dict[str, Any]:
        names = alike.get(path, frozenset())
        return {name: _with_name(name, one) if name in names else one for name, one in parts.items()}

    def cycle(one: Lifecycle, path: Path, fields: str) -> dict[str, Any]:
        triggers = alike.get((*path, "transitions"), frozenset())
        return {
            fields: table((*path, fields), one.fields),
            "states": table((*path, "states"), one.states),
            "transitions": tuple(
                _with_name(row.trigger, row) if row.trigger in triggers else row for row in one.transitions
            ),
        }

    kinds = {kind: attrs.evolve(one, **cycle(one, ("items", kind), "fields")) for kind, one in procedure.items.items()}
    return attrs.evolve(
        procedure,
        roles=table(("roles",), procedure.roles),
        parameters=table(("parameters",), procedure.parameters),
        lists={name: table(("lists", name), entries) for name, entries in procedure.lists.items()},
        items=table(("items",), kinds),
        **cycle(procedure.case, (), "facts"),
    )


def _with_name(name: str, one: Any) -> Any:
    title = titled(name, one.title)
    return attrs.evolve(one, title=say("{title} ({name})", "{title}（{name}）", title=title, name=name))
