"""Distributions for tests, as an installer lays them down: a folder on the path with modules and their ``.dist-info``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

HOUSE = """
from stabflow import Plugin, hookimpl
from stabflow.calendar import WEEKENDS
from stabflow.ports.hooks import CalendarSource


class House(Plugin):
    contract = 1

    @hookimpl
    def stabflow_calendars(self):
        yield CalendarSource("house", lambda: WEEKENDS)


house = House()
"""
"""A plugin that works."""

CELLAR = """
from stabflow import Plugin, hookimpl
from stabflow.ports.hooks import Capability, StoreScheme
from stabflow.stores.memory import MemoryStore


class CellarStore(MemoryStore):
    contract = 1


class Cellar(Plugin):
    contract = 1

    @hookimpl
    def stabflow_stores(self):
        for scheme in ("cellar", "vault"):
            yield StoreScheme(scheme, lambda url, clock: CellarStore(clock), frozenset({Capability.FEED}))
"""
"""A plugin that brings a store, under two schemes."""

MARKED = "from pathlib import Path\nPath(__file__).with_suffix('.imported').touch()\n"
"""What a module begins with that leaves a mark when it is imported."""


class Site:
    """A path for distributions: each lies in a folder of its own."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self._monkeypatch = monkeypatch
        self._before = set(sys.modules)

    def install(
        self,
        name: str,
        modules: Mapping[str, str],
        entry_points: str,
        *,
        version: str = "1.2",
        metadata: str | None = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    ) -> Path:
        """Lay a distribution down at the beginning of the path; its modules leave a mark when they are imported."""
        folder = self.root / f"site-{len(list(self.root.glob('site-*')))}"
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        if metadata is not None:
            (info / "METADATA").write_text(metadata.format(name=name, version=version), encoding="utf-8")
        (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
        for module, source in modules.items():
            (folder / f"{module}.py").write_text(MARKED + source, encoding="utf-8")
        self._monkeypatch.syspath_prepend(str(folder))
        importlib.invalidate_caches()
        return folder

    def imported(self) -> set[str]:
        """The modules that were imported, by their marks."""
        return {path.stem for path in self.root.rglob("*.imported")}

    def forget(self) -> None:
        """Let the modules of the distributions be imported anew."""
        for name in set(sys.modules) - self._before:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(self.root)):
                del sys.modules[name]


def group(*lines: str) -> str:
    """The entry points of group ``stabflow``, among others."""
    return "\n".join(("[console_scripts]", "tool = tool:main", "", "[stabflow]", *lines, ""))
