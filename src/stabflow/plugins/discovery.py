"""Which plugins are installed: the entry points of group ``stabflow``, read from the metadata of the distributions.

Reading imports nothing. What is wanted is picked by its name, and imported alone: one that fails harms no other.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Iterator, Sequence
from importlib import metadata

import attrs

from ..errors import PluginError, near_miss
from ..ports.hooks import Plugin
from ..values import visible
from .blame import blaming, with_article
from .built_ins import BUILT_INS

GROUP = "stabflow"
_log = logging.getLogger(__name__)
_VALUE = re.compile(r"(?P<module>\w+(\.\w+)*)\s*:\s*(?P<attribute>\w+(\.\w+)*)\s*(\[.*\])?")


@attrs.frozen(order=True)
class Installed:
    """An entry point as it stands in the metadata: its name is the plugin's, its value says where the plugin is."""

    name: str
    distribution: str
    version: str
    value: str

    def label(self) -> str:
        """The distribution with its version."""
        return f"{self.distribution} {self.version}".rstrip()

    def error(self, problem: str) -> PluginError:
        """What is wrong with it."""
        return PluginError(self.name, visible(problem), distribution=self.distribution, version=self.version)


def installed() -> tuple[Installed, ...]:
    """Every entry point of group ``stabflow``, by name. Of a distribution that lies on the path twice, the one that Python
    imports."""
    found: set[Installed] = set()
    for distribution in metadata.distributions():
        if any(_written(distribution)):
            name, _ = _identity(distribution)
            found |= set(_entries(_first(name) or distribution))
    return tuple(sorted(found))


def clash(one: Installed, among: Sequence[Installed]) -> str:
    """Why nobody can tell by its name that ``one`` is meant, or nothing."""
    if one.name in BUILT_INS:
        return f"its name {one.name!r} is that of a built-in, which stays: its entry point must be called otherwise"
    others = [other for other in among if other.name == one.name and other != one]
    if not others:
        return ""
    if all(other.distribution == one.distribution for other in others):
        values = " and ".join(repr(other.value) for other in sorted([one, *others]))
        return f"{one.label()} calls several entry points {one.name!r}: {values}; only one can have the name"
    labels = " and ".join(dict.fromkeys(other.label() for other in sorted([one, *others])))
    return f"{labels} each bring a plugin {one.name!r}: uninstall one of them"


def overtaken(scheme: str, distribution: str, among: Sequence[Installed]) -> str:
    """Why nobody can tell that a URL of ``scheme`` is meant for the plugin of ``distribution``, or nothing: another one is called
    so. Metadata tells that; nothing is imported."""
    others = [one.label() for one in among if one.name == scheme and one.distribution != distribution]
    if not others:
        return ""
    return (
        f"it brings the scheme {scheme!r}, which is the name of a plugin of {' and of '.join(dict.fromkeys(others))}: uninstall"
        " one of the two, or leave this one out"
    )


def pick(name: str, among: Sequence[Installed]) -> Installed | None:
    """The installed plugin of that name, if there is one; `PluginError` where the name does not tell which one is meant. Nothing
    is imported."""
    found = next((one for one in among if one.name == name), None)
    if found is not None and (problem := clash(found, among)):
        raise found.error(problem)
    return found


def load(one: Installed) -> Plugin:
    """Import the plugin; whatever that raises, or what is there instead, is a `PluginError`."""
    place = _VALUE.fullmatch(one.value)
    if place is None:
        raise one.error(f"its entry point says {one.value!r:.80}, which is no module:attribute")
    module = place["module"]
    with blaming(one.error, f"importing {module}", module):
        target: object = importlib.import_module(module)
    with blaming(one.error, f"looking up {one.value!r}", module):
        target, missing = _looked_up(target, place["attribute"])
        is_class = not missing and isinstance(target, type) and issubclass(target, Plugin)
    if missing:
        raise one.error(f"its entry point says {one.value!r}, and there is no {missing}")
    if is_class:
        cure = "; an entry point may name an object as well"
        with blaming(one.error, f"making a {one.value} without arguments", module, cure):
            target = target()  # type: ignore[operator]
    with blaming(one.error, f"looking at {one.value!r}", module):
        if isinstance(target, Plugin):
            return target
        what = f"the class {target.__qualname__}" if isinstance(target, type) else with_article(type(target).__name__)
    raise one.error(f"its entry point names {what}, which is no stabflow.Plugin")


def _looked_up(target: object, path: str) -> tuple[object, str]:
    """What stands at the path, or the part that is not there with the cure for that."""
    for part in path.split("."):
        try:
            target = getattr(target, part)
        except AttributeError:
            known = [name for name in map(str, dir(target)) if not name.startswith("_")]
            return None, f"{part!r}; {near_miss(part, known, none='it is empty')}"
    return target, ""


def _first(name: str) -> metadata.Distribution | None:
    """The distribution of that name that comes first on the path."""
    try:
        return metadata.distribution(name)
    except Exception:  # noqa: BLE001 - metadata without a name, or of a name that cannot be looked up
        return None


def _identity(distribution: metadata.Distribution) -> tuple[str, str]:
    """The name and the version of a distribution; where its metadata has no name, that of its folder."""
    folder = getattr(distribution, "_path", None)
    name = _field(distribution, "Name") or str(getattr(folder, "name", "")) or "unknown"
    return name, _field(distribution, "Version")


def _field(distribution: metadata.Distribution, name: str) -> str:
    try:
        return str((distribution.metadata.get_all(name) or [""])[0])
    except Exception:  # noqa: BLE001 - metadata that is missing or damaged
        return ""


def _written(distribution: metadata.Distribution) -> Iterator[tuple[str, str]]:
    """The lines of group ``stabflow``: name and value. A line that is neither has no value, and harms no other."""
    try:
        text = distribution.read_text("entry_points.txt") or ""
    except (OSError, ValueError):
        _log.warning("entry_points.txt of %s cannot be read", visible(_identity(distribution)[0]), exc_info=True)
        return
    group = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif group == GROUP and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()


def _entries(distribution: metadata.Distribution) -> Iterator[Installed]:
    """Its entry points, as a terminal may show them: what metadata says is anyone's word."""
    distribution_name, version = (" ".join(visible(one).split()) for one in _identity(distribution))
    for name, value in _written(distribution):
        yield Installed(visible(name), distribution_name, version, visible(value))
