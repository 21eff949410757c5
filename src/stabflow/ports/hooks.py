"""The plugin contract: what a plugin may bring, and when each hook is called.

Hooks are prefixed ``stabflow_``, collecting and synchronous. A plugin derives from `Plugin`, overrides what it needs and marks
it with `hookimpl`; mypy then sees a wrong override. None is called inside a transaction.

Some *bring* something when an engine is opened. The others are for accountability: `Plugin.stabflow_check_command` is asked
before an act is done, and the rest are told after it. What they speak of can be imported from here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import attrs
import pluggy

from ..calendar import Calendar
from ..case import Breach, Case
from ..decision.commands import (
    ASKING,
    Add,
    Amend,
    Appoint,
    Command,
    ConfirmBreach,
    Delegate,
    EndDelegation,
    Fire,
    Migrate,
    Open,
    Recuse,
    Relieve,
    ResumeClock,
    StopClock,
    VoidBreach,
)
from ..errors import Blocker, Refused
from ..history.record import Record
from ..language import Procedure
from ..requirements import PluginRequirement
from ..text import Text
from .notifier import OpenNotifier
from .store import Capability, Clock, Store

__all__ = [
    "ASKING",
    "CONTRACT",
    "PROJECT",
    "Add",
    "Amend",
    "Appoint",
    "Blocker",
    "Breach",
    "CalendarSource",
    "Capability",
    "Case",
    "Clock",
    "Command",
    "ConfirmBreach",
    "Delegate",
    "EndDelegation",
    "Fire",
    "Migrate",
    "NamedRequirement",
    "NotifierScheme",
    "Open",
    "Plugin",
    "Record",
    "Recuse",
    "Refused",
    "Relieve",
    "ResumeClock",
    "StopClock",
    "StoreScheme",
    "Text",
    "VoidBreach",
    "hookimpl",
]

PROJECT = "stabflow"
CONTRACT = 1
"""The version of this contract; `Plugin.contract` states the one a plugin was written for."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


@attrs.frozen
class StoreScheme:
    """A URL scheme, in small letters, and what opens a store for a URL of it.

    ``open`` is given the URL and the engine's clock (``None`` where the engine has the system's), by which leases run. It raises
    `StoreError` when the storage cannot be used, `InvalidInput` when the URL is wrong, and creates nothing before the first
    append. ``capabilities`` are those that its stores may declare, for people to read before one is opened.
    """

    scheme: str = attrs.field(validator=attrs.validators.matches_re(SCHEME))
    open: Callable[[str, Clock | None], Store] = attrs.field(validator=attrs.validators.is_callable())
    capabilities: frozenset[Capability] = attrs.field(
        default=frozenset(),
        validator=attrs.validators.deep_iterable(
            attrs.validators.instance_of(Capability), attrs.validators.instance_of(frozenset)
        ),
    )


@attrs.frozen
class NotifierScheme:
    """A URL scheme, in small letters, and what makes a notifier of a URL of it and of secrets; see `OpenNotifier`."""

    scheme: str = attrs.field(validator=attrs.validators.matches_re(SCHEME))
    open: OpenNotifier = attrs.field(validator=attrs.validators.is_callable())


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
    """For which `CONTRACT` it was written. What is installed as a distribution says so itself: ``contract = 1``."""

    @hookspec
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        """Called when an engine is opened: the URL schemes this plugin's stores serve."""
        return ()

    @hookspec
    def stabflow_notifiers(self) -> Iterable[NotifierScheme]:
        """Called when an engine is opened that delivers notices: the URL schemes this plugin's notifiers serve."""
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

    # Accountability

    @hookspec
    def stabflow_check_command(self, case: Case | None, command: Command, now: datetime) -> Blocker | None:
        """Asked before an act is done, whenever a row permits it: what stands against ``command`` at ``now``, or ``None``.

        The blocker stands among those of the rows, as kind ``plugin``, with the plugin's name and its own kind in ``facts``.
        Raising, or answering anything else, refuses too, and is put on record. ``case`` is as the command finds it, ``None``
        while it is opened.

        It is quick and changes nothing: it may be asked any number of times, also by who only asks. ``command.basis`` is `ASKING`
        then, and values may be left out; a blocker that hangs on those is ``pending``. What time puts on record it is not
        asked about.
        """
        return None

    @hookspec
    def stabflow_recorded(self, case: Case, records: Sequence[Record]) -> None:
        """Told after a commit, at most once: the ``records`` of one transaction on a case, and the ``case`` as they leave it.
        What is answered from an idempotency key was told when it was done. Who must miss nothing reads the feed."""

    @hookspec
    def stabflow_refused(self, case: Case | None, refusal: Refused) -> None:
        """Told when an act in a case was refused: the ``case`` as the act found it (inside ``acting`` with the acts before it,
        not stored yet; ``None`` while it is opened). Who only asks is refused nothing."""

    @hookspec
    def stabflow_breach_found(self, case: Case, breach: Breach) -> None:
        """Told after it was put on record that a duty was not done in time, or only possibly so (``breach.possible``): once for
        each duty, limit and level. It accuses nobody; what follows from it, a body decides."""
