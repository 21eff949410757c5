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
from ..ports.hooks import PROJECT, SCHEME, CalendarSource, NotifierScheme, Plugin, StoreScheme
from ..ports.notifier import Notifier, Secrets
from ..ports.store import Clock, Store
from ..requirements import PluginRequirement
from .blame import Owner
from .built_ins import BUILT_INS
from .discovery import Installed, installed, overtaken, pick
from .discretion import public
from .guards import guarded, loader, opener
from .kits import Kit, built_in_kits, given_kit, installed_kit
from .notifying import notifier_opener
from .rules import arguments_of

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
    module: str


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
    notifiers: Mapping[str, NotifierScheme]
    procedures: tuple[Procedure, ...]
    requirements: Mapping[str, PluginRequirement]
    calendars: Mapping[str, CalendarSource]
    names: tuple[str, ...]
    """Every plugin but the built-ins."""
    having_say: tuple[str, ...] = ()
    """Those of them whose word may decide an act: that are asked before it, or bring requirements."""
    checks: tuple[Check, ...] = ()
    watching: Watching = attrs.field(factory=Watching)

    def open_store(self, url: str, clock: Clock | None = None) -> Store:
        """The store behind ``url``; its scheme names the plugin. Its leases run by ``clock``, if one is given."""
        scheme = scheme_of(url)
        found = self.stores.get(scheme)
        if found is None:
            if ":" not in url:
                file = "cases.db" if "@" in url else url.strip() or "cases.db"
                cure = f"for a file in SQLite, write sqlite:///{file}"
            else:
                cure = _cure(scheme, self.stores)
            raise InvalidInput.at("store", f"no store serves {public(url)!r}", cure)
        return found.open(url, clock)

    def open_notifier(self, url: str, secrets: Secrets | None = None) -> Notifier:
        """The notifier behind ``url``, made with ``secrets``; its scheme names the plugin. Nothing is connected to.

        Raises `InvalidInput` when no plugin serves the scheme, or the URL or the secrets are wrong; `PluginError` when the
        plugin is. Neither tells a secret.
        """
        scheme = scheme_of(url)
        found = self.notifiers.get(scheme)
        if found is None:
            cure = _cure(scheme, self.notifiers) if ":" in url else "write file:///path/notices.jsonl, or log:"
            raise InvalidInput.at("url", f"no notifier serves {public(url)!r}", cure)
        return found.open(url, secrets or {})

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


def _cure(scheme: str, served: Iterable[str]) -> str:
    """The scheme that was meant, of those that are ``served`` and of what is installed; else those, and that one is missing."""
    there = list(served)
    others = [one.name for one in installed() if SCHEME.fullmatch(one.name) and one.name not in there]
    meant = nearest(scheme, [*there, *others])
    if meant is not None:
        return f"did you mean {f'{meant}:'!r}?"
    cure = f"known: {_few(f'{one}:' for one in there)}"
    if others:
        cure += f"; installed plugins: {_few(others)}"
    if SCHEME.fullmatch(scheme):
        cure += f"; for this one install a distribution with a plugin {scheme!r}"
    return cure


def _few(names: Iterable[str]) -> str:
    """The names in order, of many the first."""
    every = sorted(set(names))
    return ", ".join(every[:12]) + (", …" if len(every) > 12 else "")


def scheme_of(url: str) -> str:
    """The scheme of ``url``, in small letters; empty where it has none."""
    scheme, colon, _ = url.partition(":")
    return scheme.lower() if colon else ""


def equip(plugins: Iterable[Plugin | str] = (), *, url: str = "", channels: Iterable[str] = ()) -> Equipment:
    """What the built-ins and ``plugins`` bring, objects or names of installed ones; and the installed ones that serve ``url``
    with a store, and each URL of ``channels`` with a notifier, where none of these does. `PluginError` names the plugin that is
    wrong, `InvalidInput` a name that is unknown."""
    kits = given(plugins)
    for port, scheme in dict.fromkeys([(STORES, scheme_of(url)), *((NOTIFIERS, scheme_of(one)) for one in channels)]):
        serving = [kit for kit in [*built_in_kits().values(), *kits] if scheme in port.schemes(kit)]
        for owner in (kit.owner for kit in serving if kit.owner.distribution):
            if problem := overtaken(scheme, owner.distribution, installed()):
                raise owner.error(problem)
        if not serving and scheme and (found := pick(scheme, installed())):
            kits.append(_serving(port, scheme, found, kits))
    return equipped(kits)


@attrs.frozen
class _Port:
    """What a URL opens."""

    thing: str
    example: str
    schemes: Callable[[Kit], tuple[str, ...]]


STORES = _Port("store", "sqlite:///cases.db", lambda kit: kit.schemes)
NOTIFIERS = _Port("notifier", "file:///path/notices.jsonl", lambda kit: kit.channels)


def equipped(kits: Sequence[Kit]) -> Equipment:
    """What the built-ins and the plugins of ``kits`` bring together; `PluginError` where two bring the same."""
    every = [*built_in_kits().values(), *kits]
    for index, kit in enumerate(every):
        if any(kit.is_same(other) for other in every[:index]):
            raise kit.owner.error("it is given twice")
    stores = _by_name(every, lambda kit: kit.stores, lambda one: one.scheme)
    notifiers = _by_name(every, lambda kit: kit.notifiers, lambda one: one.scheme)
    requirements = _by_name(every, lambda kit: kit.requirements, lambda one: one.name)
    calendars = _by_name(every, lambda kit: kit.calendars, lambda one: one.id)
    return Equipment(
        stores={scheme: attrs.evolve(one, open=opener(owner, one.open)) for scheme, (owner, one) in stores.items()},
        notifiers={
            scheme: attrs.evolve(one, open=notifier_opener(owner, one.open))
            for scheme, (owner, one) in notifiers.items()
        },
        procedures=tuple(procedure for kit in every for procedure in kit.procedures),
        requirements={name: guarded(owner, one) for name, (owner, one) in requirements.items()},
        calendars={id_: CalendarSource(id_, loader(owner, one)) for id_, (owner, one) in calendars.items()},
        names=tuple(kit.owner.name for kit in kits),
        having_say=tuple(kit.owner.name for kit in kits if CHECK_HOOK in kit.calls or kit.requirements),
        checks=tuple(Check(owner.name, ask, owner.module) for owner, ask in _implementing(every, CHECK_HOOK)),
        watching=Watching(
            **{
                field.name: tuple(
                    Watcher(owner.name, tell, owner.module)
                    for owner, tell in _implementing(every, f"{PROJECT}_{field.name}")
                )
                for field in attrs.fields(Watching)
            }
        ),
    )


def given(plugins: Iterable[Plugin | str]) -> list[Kit]:
    """Each of ``plugins`` with what it brings. All names are looked up before anything is imported; two names of one value are
    one plugin."""
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
    kits: list[Kit] = []
    values: set[tuple[str, str]] = set()
    for each in picked:
        if not isinstance(each, Installed):
            kits.append(given_kit(each))
        elif (each.distribution, each.value) not in values:
            values.add((each.distribution, each.value))
            kits.append(installed_kit(each))
    return kits


def unknown(name: str, place: str, here: Sequence[Installed]) -> Fault:
    """That no plugin of that name is installed, and which one may be meant."""
    if name in BUILT_INS:
        return Fault(place, f"{name!r} is built in", "leave it out: every engine has it")
    cure = near_miss(name, [one.name for one in here], none="install the distribution that brings it")
    return Fault(place, f"no plugin {name!r:.60} is installed", cure)


def _serving(port: _Port, scheme: str, found: Installed, kits: Sequence[Kit]) -> Kit:
    """The installed plugin called like the scheme, as if it had been listed; it must bring what the URL is to open."""
    kit = installed_kit(found)
    if any(kit.is_same(other) for other in kits) or scheme not in port.schemes(kit):
        schemes = " or ".join(f"{one}:" for one in port.schemes(kit)) or f"such as {port.example}"
        cure = f"correct the URL ({schemes}); to use the plugin beside another {port.thing}, give its name in the list of plugins"
        raise kit.owner.error(f"its name is the scheme {scheme!r}, and it brings no {port.thing} for it: {cure}")
    return kit


def _implementing(kits: Sequence[Kit], hook: str) -> list[tuple[Owner, Callable[..., object]]]:
    """The plugins that implement ``hook``, in the order in which they were given, each with what to call. An implementation may
    leave out arguments that it does not need, as pluggy lets it."""
    return [
        (kit.owner, _logged(kit.owner.name, hook, _taking(kit.calls[hook], hook))) for kit in kits if hook in kit.calls
    ]


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


def _by_name(
    kits: Sequence[Kit], brought: Callable[[Kit], Iterable[_T]], name_of: Callable[[_T], str]
) -> dict[str, tuple[Owner, _T]]:
    """What the plugins brought by its name, each with its owner."""
    named: dict[str, tuple[Owner, _T]] = {}
    for kit in kits:
        for thing in brought(kit):
            name = name_of(thing)
            if name in named:
                raise kit.owner.error(f"{name!r} comes from {named[name][0].label()} already; leave one of them out")
            named[name] = (kit.owner, thing)
    return named
