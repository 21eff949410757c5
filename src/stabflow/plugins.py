"""Which plugins an engine has, and what they bring. Built-ins come in through the same hooks as anyone's.

There is no global plugin manager and nothing is found by being installed: an engine has the built-ins and what it was given.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import attrs
import pluggy

from .calendar import WEEKENDS, Calendar
from .decision.checks import CHECK_HOOK, RAISED, Check
from .errors import Blocker, InvalidInput, PluginError, StabflowError, near_miss
from .language import Procedure
from .ports.hooks import CONTRACT, PROJECT, CalendarSource, NamedRequirement, Plugin, StoreScheme, hookimpl
from .ports.store import CONTRACT as STORE_CONTRACT
from .ports.store import Capability, Clock, Store
from .requirements import PluginRequirement, View

_log = logging.getLogger(__name__)

_T = TypeVar("_T")
COUNTRIES = "holidays:"
"""With what the names of the calendars begin that the package holidays knows."""
_HOOKS = tuple(name for name in vars(Plugin) if name.startswith(f"{PROJECT}_"))


class BuiltIns(Plugin):
    """The stores and calendars that come with stabflow; each is imported when it is used."""

    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        kept = frozenset({Capability.FEED, Capability.OUTBOX, Capability.SNAPSHOTS})
        on_disk = kept | {Capability.DURABLE, Capability.MULTI_PROCESS}
        return (StoreScheme("memory", _open_memory, kept), StoreScheme("sqlite", _open_sqlite, on_disk))

    @hookimpl
    def stabflow_calendars(self) -> Iterable[CalendarSource]:
        return (CalendarSource("CN", _china), CalendarSource(WEEKENDS.id, lambda: WEEKENDS))


def _open_memory(url: str, clock: Clock | None) -> Store:
    from .stores.memory import MemoryStore

    return MemoryStore.from_url(url, clock)


def _open_sqlite(url: str, clock: Clock | None) -> Store:
    from .stores.sqlite import SqliteStore

    return SqliteStore.from_url(url, clock)


def _office(path: str, base_of: Callable[[str], Calendar]) -> Calendar:
    from .calendars.office import load

    return load(path, base_of)


def _country(name: str) -> Calendar:
    from .calendars.countries import country

    return country(name)


def _china() -> Calendar:
    from .calendars.china import china

    return china()


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
    procedures: tuple[Procedure, ...]
    requirements: Mapping[str, PluginRequirement]
    calendars: Mapping[str, CalendarSource]
    names: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    watching: Watching = attrs.field(factory=Watching)

    def open_store(self, url: str, clock: Clock | None = None) -> Store:
        """The store behind ``url``; its scheme names the plugin. Its leases run by ``clock``, if one is given."""
        scheme, colon, _ = url.partition(":")
        found = self.stores.get(scheme.lower()) if colon else None
        if found is None:
            schemes = [f"{one}:" for one in self.stores]
            file = url.strip() or "cases.db"
            cure = near_miss(scheme, schemes) if colon else f"for a file in SQLite, write sqlite:///{file}"
            raise InvalidInput.at("store", f"no store serves {url!r}", cure)
        return found.open(url, clock)

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


def equip(plugins: Sequence[Plugin] = ()) -> Equipment:
    """What the built-ins and ``plugins`` bring; `PluginError` names the plugin that is wrong."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Plugin)
    for plugin in (BuiltIns(), *plugins):
        _register(manager, plugin)
    return Equipment(
        stores={
            scheme: attrs.evolve(one, open=_opener(owner, one.open))
            for scheme, (owner, one) in _by_name(
                manager, "stabflow_stores", StoreScheme, lambda one: one.scheme
            ).items()
        },
        procedures=tuple(procedure for _, procedure in _brought(manager, "stabflow_procedures", Procedure)),
        requirements={
            name: _guarded(owner, one)
            for name, (owner, one) in _by_name(
                manager, "stabflow_requirements", NamedRequirement, lambda one: one.name
            ).items()
        },
        calendars={
            id_: CalendarSource(id_, _loader(owner, one))
            for id_, (owner, one) in _by_name(manager, "stabflow_calendars", CalendarSource, lambda one: one.id).items()
        },
        names=tuple(_name(plugin) for plugin in plugins),
        checks=tuple(Check(owner, ask) for owner, ask in _implementing(manager, CHECK_HOOK)),
        watching=Watching(
            **{
                field.name: tuple(Watcher(*one) for one in _implementing(manager, f"{PROJECT}_{field.name}"))
                for field in attrs.fields(Watching)
            }
        ),
    )


def _implementing(manager: pluggy.PluginManager, hook: str) -> list[tuple[str, Callable[..., object]]]:
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
    names = [*inspect.signature(getattr(Plugin, hook)).parameters][1:]
    wanted = [name for name in inspect.signature(function).parameters if name in names]
    if wanted == names:
        return function
    places = [names.index(name) for name in wanted]
    return lambda *arguments: function(*(arguments[place] for place in places))


def _guarded(owner: str, requirement: NamedRequirement) -> PluginRequirement:
    """The requirement, failing closed: what is neither a blocker nor ``None`` is the plugin's error, and nothing happens."""

    def check(view: View, table: Mapping[str, object]) -> Blocker | None:
        try:
            answer: object = requirement.check(view, table)
        except Exception as error:
            raise PluginError(owner, f"its requirement {requirement.name!r} failed: {error!r}") from error
        if answer is None or isinstance(answer, Blocker):
            return answer
        raise PluginError(
            owner, f"its requirement {requirement.name!r} answered a {type(answer).__name__}, not a Blocker or None"
        )

    return check


def _opener(owner: str, open_: Callable[[str, Clock | None], Store]) -> Callable[[str, Clock | None], Store]:
    def opened(url: str, clock: Clock | None) -> Store:
        store: object = _or_blame(owner, f"opening {url!r}", lambda: open_(url, clock))
        if not isinstance(store, Store):
            raise PluginError(owner, f"opening {url!r} gave a {type(store).__name__}, not a Store")
        if store.contract != STORE_CONTRACT:
            store.close()
            raise PluginError(owner, f"its store keeps contract {store.contract}, this stabflow needs {STORE_CONTRACT}")
        return store

    return opened


def _loader(owner: str, source: CalendarSource) -> Callable[[], Calendar]:
    def loaded() -> Calendar:
        calendar: object = _or_blame(owner, f"loading calendar {source.id!r}", source.load)
        if not isinstance(calendar, Calendar):
            raise PluginError(owner, f"loading calendar {source.id!r} gave a {type(calendar).__name__}, not a Calendar")
        return calendar

    return loaded


def _or_blame(owner: str, what: str, act: Callable[[], _T]) -> _T:
    try:
        return act()
    except StabflowError:
        raise
    except Exception as error:
        raise PluginError(owner, f"{what} failed: {error!r}") from error


def _name(plugin: object) -> str:
    return f"{type(plugin).__module__}.{type(plugin).__qualname__}"


def _register(manager: pluggy.PluginManager, plugin: Plugin) -> None:
    name = _name(plugin)
    if not isinstance(plugin, Plugin):
        raise PluginError(name, "it does not derive from stabflow.Plugin; give an instance of a class that does")
    if plugin.contract != CONTRACT:
        raise PluginError(name, f"it was written for contract {plugin.contract}, this stabflow has {CONTRACT}")
    for attribute in dir(type(plugin)):
        found = getattr(type(plugin), attribute)
        options = getattr(found, f"{PROJECT}_impl", None)
        if options is None and not attribute.startswith(f"{PROJECT}_"):
            continue
        if attribute not in _HOOKS:
            raise PluginError(name, f"{attribute} is no hook; {near_miss(attribute, _HOOKS)}")
        if options is None and found is not getattr(Plugin, attribute):
            raise PluginError(name, f"{attribute} is not marked with @stabflow.hookimpl, so it would never be called")
        if inspect.iscoroutinefunction(found) or inspect.isasyncgenfunction(found):
            raise PluginError(name, f"{attribute} is a coroutine; hooks are plain functions")
        if options is not None and (options.get("wrapper") or options.get("hookwrapper")):
            raise PluginError(name, f"{attribute} is a wrapper; hooks cannot wrap one another")
    try:
        manager.register(plugin, name=name)
    except pluggy.PluginValidationError as error:
        raise PluginError(name, str(error)) from error
    except ValueError as error:
        raise PluginError(name, "it is given twice") from error


def _brought(manager: pluggy.PluginManager, hook: str, type_: type[_T]) -> list[tuple[str, _T]]:
    found: list[tuple[str, _T]] = []
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        try:
            things = tuple(implementation.function())
        except Exception as error:
            raise PluginError(implementation.plugin_name, f"{hook} failed: {error!r}") from error
        for thing in things:
            if not isinstance(thing, type_):
                raise PluginError(
                    implementation.plugin_name, f"{hook} brought a {type(thing).__name__}, not a {type_.__name__}"
                )
            found.append((implementation.plugin_name, thing))
    return found


def _by_name(
    manager: pluggy.PluginManager, hook: str, type_: type[_T], name_of: Callable[[_T], str]
) -> dict[str, tuple[str, _T]]:
    """What the plugins brought by its name, each with its owner."""
    named: dict[str, tuple[str, _T]] = {}
    for owner, thing in _brought(manager, hook, type_):
        name = name_of(thing)
        if name in named:
            raise PluginError(owner, f"{name!r} comes from {named[name][0]} already; leave one of them out")
        named[name] = (owner, thing)
    return named
