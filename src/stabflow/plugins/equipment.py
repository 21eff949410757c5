"""What the plugins of one engine bring: each thing under its one name, with whoever brought it to blame."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import attrs

from ..calendar import Calendar
from ..decision.checks import CHECK_HOOK, RAISED, Check
from ..errors import Fault, InvalidInput, near_miss, nearest
from ..language import Procedure
from ..ports.hooks import PROJECT, SCHEME, CalendarSource, NamedRequirement, Plugin, StoreScheme
from ..ports.store import Clock, Store
from ..requirements import PluginRequirement
from .built_ins import BUILT_INS
from .discovery import Installed, installed, load, pick
from .guards import guarded, loader, opener
from .rules import Manager, Owner, arguments_of, said

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
COUNTRIES = "holidays:"
"""With what the names of the calendars begin that the package holidays knows."""


def _office(path: str, base_of: Callable[[str], Calendar]) -> Calendar:
    from ..calendars.office import load

    return load(path, base_of)


def _country(name: str) -> Calendar:
    from ..calendars.countries import country

    return country(name)


@attrs.frozen
class Watcher:
    """A plugin that is told of something."""

    plugin: str
    tell: Callable[..., object]


@attrs.frozen
class Watching:
    """Who is told of what, in the order in which the plugins were given."""

    recorded: tuple[Watcher, ...] = ()
    refused: tuple[Watcher, ...] = ()
    breach_found: tuple[Watcher, ...] = ()


@attrs.frozen
class Equipment:
    """What the plugins of one engine bring, each thing under its one name; what they check, and what they are told."""

    stores: Mapping[str, StoreScheme]
    brought_by: Mapping[str, str]
    """The plugin that brought each scheme."""
    procedures: tuple[Procedure, ...]
    requirements: Mapping[str, PluginRequirement]
    calendars: Mapping[str, CalendarSource]
    names: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    watching: Watching = attrs.field(factory=Watching)

    def open_store(self, url: str, clock: Clock | None = None) -> Store:
        """The store behind ``url``; its scheme names the plugin. Its leases run by ``clock``, if one is given."""
        scheme = scheme_of(url)
        found = self.stores.get(scheme)
        if found is None:
            file = url.strip() or "cases.db"
            cure = self._near(scheme) if ":" in url else f"for a file in SQLite, write sqlite:///{file}"
            raise InvalidInput.at("store", f"no store serves {url!r}", cure)
        return found.open(url, clock)

    def _near(self, scheme: str) -> str:
        """The scheme that was meant, of those that are there and of what is installed; else those that are there."""
        meant = nearest(scheme, [*self.stores, *(one.name for one in installed() if SCHEME.fullmatch(one.name))])
        if meant is not None:
            return f"did you mean {f'{meant}:'!r}?"
        return near_miss(f"{scheme}:", [f"{one}:" for one in self.stores])

    def calendar(self, name: str) -> Calendar:
        """The calendar of that id, else the one in the file of that name (``….toml``), or of a country: ``holidays:DE-BY``."""
        if name in self.calendars:
            return self.calendars[name].load()
        if name.endswith(".toml"):
            return _office(name, self.calendar)
        if name.startswith(COUNTRIES):
            return _country(name.removeprefix(COUNTRIES))
        known = (*self.calendars, f"{COUNTRIES}DE")
        raise InvalidInput.at("calendar", f"unknown calendar {name!r}", near_miss(name, known))


def scheme_of(url: str) -> str:
    """The scheme of ``url``, in small letters; empty where it has none."""
    scheme, colon, _ = url.partition(":")
    return scheme.lower() if colon else ""


def equip(plugins: Iterable[Plugin | str] = (), *, url: str = "") -> Equipment:
    """What the built-ins and ``plugins`` bring, objects or names of installed ones; and the installed one that serves ``url``,
    where none of these does. `PluginError` names the plugin that is wrong, `InvalidInput` a name that is unknown."""
    return equip_with(given(plugins), url=url)


def equip_with(members: Sequence[tuple[Plugin, Owner]], *, url: str = "") -> Equipment:
    """What the built-ins and ``members`` bring, each with the owner to blame."""
    manager = Manager()
    for plugin in BUILT_INS.values():
        manager.admit(plugin, Owner.of(plugin))
    for plugin, owner in members:
        manager.admit(plugin, owner)
    stores = _by_name(manager, "stabflow_stores", StoreScheme, lambda one: one.scheme)
    if (scheme := scheme_of(url)) and scheme not in stores and (found := pick(scheme, installed())):
        served = _serving(scheme, found, manager)
        members = [*members, served]
        stores = _by_name(manager, "stabflow_stores", StoreScheme, lambda one: one.scheme, known=stores, of=served[1])
        if scheme not in stores:
            raise found.error(f"its name is the scheme {scheme!r}, and it brings no store for it")
    requirements = _by_name(manager, "stabflow_requirements", NamedRequirement, lambda one: one.name)
    calendars = _by_name(manager, "stabflow_calendars", CalendarSource, lambda one: one.id)
    return Equipment(
        stores={scheme: attrs.evolve(one, open=opener(owner, one.open)) for scheme, (owner, one) in stores.items()},
        brought_by={scheme: owner.name for scheme, (owner, _) in stores.items()},
        procedures=tuple(procedure for _, procedure in _brought(manager, "stabflow_procedures", Procedure)),
        requirements={name: guarded(owner, one) for name, (owner, one) in requirements.items()},
        calendars={id_: CalendarSource(id_, loader(owner, one)) for id_, (owner, one) in calendars.items()},
        names=tuple(owner.name for _, owner in members),
        checks=tuple(Check(owner, ask) for owner, ask in _implementing(manager, CHECK_HOOK)),
        watching=Watching(
            **{
                field.name: tuple(Watcher(*one) for one in _implementing(manager, f"{PROJECT}_{field.name}"))
                for field in attrs.fields(Watching)
            }
        ),
    )


def given(plugins: Iterable[Plugin | str]) -> list[tuple[Plugin, Owner]]:
    """Each of ``plugins`` with its owner. All names are looked up before anything is imported; two names of one entry point's
    value are one plugin."""
    listed = list(plugins)
    here = installed() if any(isinstance(one, str) for one in listed) else ()
    faults: list[Fault] = []
    picked: list[Plugin | Installed] = []
    for index, one in enumerate(listed):
        place = f"plugins[{index}]"
        if not isinstance(one, str):
            picked.append(one)
        elif one in [other for other in listed[:index] if isinstance(other, str)]:
            faults.append(Fault(place, f"{one!r:.60} is listed twice", "leave one of them out"))
        elif (found := pick(one, here)) is not None:
            picked.append(found)
        else:
            faults.append(unknown(one, place, here))
    if faults:
        raise InvalidInput(faults, what="the list of plugins")
    members: list[tuple[Plugin, Owner]] = []
    values: set[tuple[str, str]] = set()
    for each in picked:
        if not isinstance(each, Installed):
            members.append((each, Owner.of(each)))
        elif (each.distribution, each.value) not in values:
            values.add((each.distribution, each.value))
            members.append(loaded(each))
    return members


def loaded(one: Installed) -> tuple[Plugin, Owner]:
    """The installed plugin, imported, with its owner."""
    plugin = load(one)
    return plugin, Owner.of(plugin, one.distribution, one.version)


def unknown(name: str, place: str, here: Sequence[Installed]) -> Fault:
    """That no plugin of that name is installed, and which one may be meant."""
    if name in BUILT_INS:
        return Fault(place, f"{name!r} is built in", "leave it out: every engine has it")
    cure = near_miss(name, [one.name for one in here], none="install the distribution that brings it")
    return Fault(place, f"no plugin {name!r:.60} is installed", cure)


def _serving(scheme: str, found: Installed, manager: Manager) -> tuple[Plugin, Owner]:
    """The installed plugin called like the scheme, admitted as if it had been listed."""
    plugin, owner = loaded(found)
    if owner.name in manager.owners:
        raise found.error(f"its name is the scheme {scheme!r}, and it brings no store for it")
    manager.admit(plugin, owner)
    return plugin, owner


def _implementing(manager: Manager, hook: str) -> list[tuple[str, Callable[..., object]]]:
    """The plugins that implement ``hook``, in the order in which they were given, each with what to call. An implementation may
    leave out arguments that it does not need, as pluggy lets it."""
    given = [name for name, _ in manager.list_name_plugin()]
    found = sorted(getattr(manager.hook, hook).get_hookimpls(), key=lambda one: given.index(one.plugin_name))
    return [(one.plugin_name, _logged(one.plugin_name, hook, _taking(one.function, hook))) for one in found]


def _logged(owner: str, hook: str, function: Callable[..., object]) -> Callable[..., object]:
    """``function``, whose errors go to the log as they are. What is put on record of them is less: it stays for ever."""

    def called(*arguments: object) -> object:
        try:
            return function(*arguments)
        except RAISED:
            _log.warning("plugin %s failed in %s", owner, hook, exc_info=True)
            raise

    return called


def _taking(function: Callable[..., object], hook: str) -> Callable[..., object]:
    """``function``, to be called with all arguments of ``hook``, of which it takes those that it names."""
    names = [*arguments_of(hook)]
    wanted = [name for name in inspect.signature(function).parameters if name in names]
    if wanted == names:
        return function
    places = [names.index(name) for name in wanted]
    return lambda *arguments: function(*(arguments[place] for place in places))


def _brought(manager: Manager, hook: str, type_: type[_T], of: Owner | None = None) -> list[tuple[Owner, _T]]:
    """What the plugins answer to ``hook``, or one of them alone."""
    found: list[tuple[Owner, _T]] = []
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        owner = manager.owners[implementation.plugin_name]
        if of not in (None, owner):
            continue
        try:
            things: tuple[object, ...] = tuple(implementation.function())
        except RAISED as error:
            raise owner.error(f"{hook} failed: {said(error)}") from error
        for thing in things:
            if not isinstance(thing, type_):
                raise owner.error(f"{hook} brought a {type(thing).__name__}, not a {type_.__name__}")
            found.append((owner, thing))
    return found


def _by_name(
    manager: Manager,
    hook: str,
    type_: type[_T],
    name_of: Callable[[_T], str],
    *,
    known: Mapping[str, tuple[Owner, _T]] | None = None,
    of: Owner | None = None,
) -> dict[str, tuple[Owner, _T]]:
    """What the plugins brought by its name, each with its owner, besides what is ``known`` already."""
    named = dict(known or {})
    for owner, thing in _brought(manager, hook, type_, of):
        name = name_of(thing)
        if name in named:
            raise owner.error(f"{name!r} comes from {named[name][0].label()} already; leave one of them out")
        named[name] = (owner, thing)
    return named
