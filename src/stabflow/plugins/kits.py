"""What one plugin brings, asked for once: no other plugin is harmed by what it answers another time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar

import attrs

from ..language import Procedure
from ..ports.hooks import CalendarSource, NamedRequirement, NotifierScheme, Plugin, StoreScheme
from .blame import Owner, blaming, with_article
from .built_ins import BUILT_INS
from .discovery import Installed, load
from .rules import admit

_T = TypeVar("_T")
_Calls = Mapping[str, Callable[..., object]]


@attrs.frozen
class Kit:
    """A plugin that was looked at, the contract that it stated, what to call for each of its hooks, and what it brings."""

    plugin: object
    owner: Owner
    contract: int
    calls: _Calls
    stores: tuple[StoreScheme, ...]
    notifiers: tuple[NotifierScheme, ...]
    procedures: tuple[Procedure, ...]
    requirements: tuple[NamedRequirement, ...]
    calendars: tuple[CalendarSource, ...]

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks that it implements."""
        return tuple(self.calls)

    @property
    def schemes(self) -> tuple[str, ...]:
        """The URL schemes that its stores serve."""
        return tuple(one.scheme for one in self.stores)

    @property
    def channels(self) -> tuple[str, ...]:
        """The URL schemes that its notifiers serve."""
        return tuple(one.scheme for one in self.notifiers)

    def is_same(self, other: Kit) -> bool:
        """Whether it is the same plugin, or another object of its class."""
        where = (self.owner.module, self.owner.class_name)
        return self.plugin is other.plugin or where == (other.owner.module, other.owner.class_name)


def unpacked(plugin: object, owner: Owner) -> Kit:
    """The plugin with what it brings; `PluginError` where it is none, or fails."""
    contract, calls = admit(plugin, owner)
    return Kit(
        plugin=plugin,
        owner=owner,
        contract=contract,
        calls=calls,
        stores=_brought(owner, calls, "stabflow_stores", StoreScheme),
        notifiers=_brought(owner, calls, "stabflow_notifiers", NotifierScheme),
        procedures=_brought(owner, calls, "stabflow_procedures", Procedure),
        requirements=_brought(owner, calls, "stabflow_requirements", NamedRequirement),
        calendars=_brought(owner, calls, "stabflow_calendars", CalendarSource),
    )


def installed_kit(one: Installed) -> Kit:
    """The installed plugin, imported, under the name of its entry point."""
    plugin = load(one)
    return unpacked(plugin, Owner.of(plugin, one.name, one.distribution, one.version))


@cache
def built_in_kits() -> Mapping[str, Kit]:
    """What comes with stabflow, by name."""
    return {name: unpacked(plugin, Owner.of(plugin)) for name, plugin in BUILT_INS.items()}


def given_kit(plugin: Plugin) -> Kit:
    """A plugin that was given as an object."""
    return unpacked(plugin, Owner.of(plugin))


def _brought(owner: Owner, calls: _Calls, hook: str, type_: type[_T]) -> tuple[_T, ...]:
    if hook not in calls:
        return ()
    with blaming(owner.error, hook, owner.module):
        things: tuple[object, ...] = tuple(calls[hook]())  # type: ignore[arg-type]
        wrong = next((type(thing).__name__ for thing in things if type(thing) is not type_), None)
    if wrong is not None:
        raise owner.error(f"{hook} brought {with_article(wrong)}, not a {type_.__name__}")
    return things  # type: ignore[return-value]
