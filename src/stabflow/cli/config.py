"""What `stabflow.toml` says: the settings of the command line in the folder where it is run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs

from ..errors import Fault, InvalidInput, near_miss
from ..language.tables import read_file, tables_of

FILE = "stabflow.toml"
VARIABLE = "STABFLOW_CONFIG"
KEYS = ("plugins",)


@attrs.frozen
class Config:
    """The settings, and the file that they stand in, if there is one. ``plugins`` are names of installed plugins, in the order in
    which they are asked and told."""

    path: Path | None = None
    plugins: tuple[str, ...] = ()


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
    return Config(path.absolute(), tuple(plugins))


def _faults(tables: dict[str, object]) -> Iterator[Fault]:
    for key in tables:
        if key not in KEYS:
            yield Fault(key, "is no setting", near_miss(key, KEYS))
    plugins = tables.get("plugins", [])
    if not isinstance(plugins, list):
        yield Fault("plugins", f"{plugins!r:.60} is not a list", 'write plugins = ["name", …]')
        return
    for index, name in enumerate(plugins):
        if not isinstance(name, str):
            cure = 'write the name of an installed plugin in quotes; "stabflow plugins" lists them'
            yield Fault(f"plugins[{index}]", f"{name!r:.60} is no name", cure)
        elif name in plugins[:index]:
            yield Fault(f"plugins[{index}]", f"{name!r:.60} is listed twice", "leave one of them out")
