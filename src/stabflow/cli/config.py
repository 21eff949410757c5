"""What `stabflow.toml` says: the settings of the command line in the folder where it is run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs

from ..errors import Fault, InvalidInput, near_miss
from ..language.paths import path_text
from ..language.tables import read_file, tables_of
from ..text import Text, say

FILE = "stabflow.toml"
VARIABLE = "STABFLOW_CONFIG"
KEYS = ("plugins", "directory")


@attrs.frozen
class Config:
    """The settings, and the file that they stand in, if there is one. ``plugins`` are names of installed plugins, in the order in
    which they are asked and told; ``directory`` is the path of the file that says where notices go."""

    path: Path | None = None
    plugins: tuple[str, ...] = ()
    directory: Path | None = None


def configuration() -> Config:
    """The settings in the file that STABFLOW_CONFIG names, else in `stabflow.toml` of the current folder, else none.

    Raises `InvalidInput` with every fault of the file, or where the file that is named cannot be read.
    """
    named = os.environ.get(VARIABLE)
    path = Path(named or FILE)
    if not named and not path.exists():
        return Config()
    what = str(path)
    tables = tables_of(read_file(path, error=InvalidInput), what=what, error=InvalidInput)
    faults = [*_faults(tables)]
    if faults:
        raise InvalidInput(faults, what=what)
    plugins = tables.get("plugins", [])
    assert isinstance(plugins, list), "its faults were looked for"
    directory = tables.get("directory")
    at = None if directory is None else path.absolute().parent / str(directory)
    return Config(path.absolute(), tuple(plugins), at)


def mend(config: Path) -> Text:
    """What the operator does about a plugin that ``config`` lists and that does not work."""
    return say("mend it, or take it out of {file}", "请修复该插件，或将其从{file}中移除", file=config)


def mending(plugin: str) -> Text | None:
    """What the operator does about this plugin, where the settings list it."""
    try:
        config = configuration()
    except InvalidInput:
        return None
    return mend(config.path) if config.path is not None and plugin in config.plugins else None


def _faults(tables: dict[str, object]) -> Iterator[Fault]:
    for key in tables:
        if key not in KEYS:
            yield Fault(path_text(key), "is no setting", near_miss(key, KEYS))
    if "directory" in tables and not isinstance(tables["directory"], str):
        cure = 'write the path of the file in quotes, such as directory = "directory.toml"'
        yield Fault("directory", f"is {_kind(tables['directory'])}, not a path", cure)
    plugins = tables.get("plugins", [])
    if not isinstance(plugins, list):
        name = plugins if isinstance(plugins, str) and plugins.isprintable() and len(plugins) < _LONGEST else "name"
        yield Fault("plugins", f"is {_kind(plugins)}, not a list", f'write plugins = ["{name}"]')
        return
    for index, name in enumerate(plugins):
        place = f"plugins[{index}]"
        if not isinstance(name, str):
            cure = 'write the name of an installed plugin in quotes; "stabflow plugins" lists them'
            yield Fault(place, f"is {_kind(name)}, not a name", cure)
        elif not name.isprintable():
            yield Fault(place, "has a character that cannot be shown", "write the name as 'stabflow plugins' lists it")
        elif name in plugins[:index]:
            yield Fault(place, f'"{name:.60}" is listed twice', "leave one of them out")


_LONGEST = 60
_KINDS = ((bool, "true or false"), (str, "text"), (int | float, "a number"), (list, "a list"), (dict, "a table"))


def _kind(value: object) -> str:
    """What a value in TOML is."""
    return next((words for type_, words in _KINDS if isinstance(value, type_)), "a time")
