"""The plugin contract: what a plugin may bring, and when each hook is called.

Hooks are prefixed ``stabflow_``, collecting and synchronous. A plugin derives from `Plugin`, overrides what it needs and marks
it with `hookimpl`; mypy then sees a wrong override. None is called inside a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
import pluggy

from ..calendar import Calendar
from ..language import Procedure
from ..requirements import PluginRequirement
from .store import Store

PROJECT = "stabflow"
CONTRACT = 1
"""The version of this contract; `Plugin.contract` states the one a plugin was written for."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@attrs.frozen
class StoreScheme:
    """A URL scheme, in small letters, and what opens a store for a URL of it. ``open`` raises `StoreError` when the storage
    cannot be used, `InvalidInput` when the URL is wrong, and creates nothing before the first append."""

    scheme: str = attrs.field(validator=attrs.validators.matches_re(r"[a-z][a-z0-9+.-]*"))
    open: Callable[[str], Store] = attrs.field(validator=attrs.validators.is_callable())


@attrs.frozen
class NamedRequirement:
    """A requirement that procedures use as ``{ plugin = "name" }``: given the view and the table ``with``, it answers a blocker
    or ``None``. It must be pure: the same view, the same answer."""

    name: str = attrs.field(validator=attrs.validators.matches_re(r"[a-z][a-z0-9_]*"))
    check: PluginRequirement = attrs.field(validator=attrs.validators.is_callable())


@attrs.frozen
class CalendarSource:
    """A calendar of working days, by id; ``load`` is called once, when an engine needs it."""

    id: str = attrs.field(validator=attrs.validators.instance_of(str))
    load: Callable[[], Calendar] = attrs.field(validator=attrs.validators.is_callable())


class Plugin:
    """What a plugin may bring. Override the hooks that are needed and mark each with `hookimpl`; pluggy is told of them here."""

    contract: int = CONTRACT

    @hookspec
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        """Called when an engine is opened: the URL schemes this plugin's stores serve."""
        return ()

    @hookspec
    def stabflow_procedures(self) -> Iterable[Procedure]:
        """Called when an engine is opened: procedures known by name besides the bundled ones."""
        return ()

    @hookspec
    def stabflow_requirements(self) -> Iterable[NamedRequirement]:
        """Called when an engine is opened: requirements that procedures may name."""
        return ()

    @hookspec
    def stabflow_calendars(self) -> Iterable[CalendarSource]:
        """Called when an engine is opened: calendars of working days."""
        return ()
