"""The stores, notifiers and calendars that come with stabflow, as plugins; each is imported when it is used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..calendar import WEEKENDS, Calendar
from ..ports.hooks import CalendarSource, NotifierScheme, Plugin, StoreScheme, hookimpl
from ..ports.notifier import Notifier, Secrets
from ..ports.store import Capability, Clock, Store

_KEPT = frozenset({Capability.FEED, Capability.OUTBOX, Capability.SNAPSHOTS})
_ON_DISK = _KEPT | {Capability.DURABLE, Capability.MULTI_PROCESS}


class Memory(Plugin):
    """The store that lives as long as its handle."""

    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return (StoreScheme("memory", _open_memory, _KEPT),)


class Sqlite(Plugin):
    """The store in a file of SQLite."""

    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return (StoreScheme("sqlite", _open_sqlite, _ON_DISK),)


class Log(Plugin):
    """The notifier that writes to Python's log."""

    @hookimpl
    def stabflow_notifiers(self) -> Iterable[NotifierScheme]:
        return (NotifierScheme("log", _open_log),)


class File(Plugin):
    """The notifier that writes to a file of JSON lines."""

    @hookimpl
    def stabflow_notifiers(self) -> Iterable[NotifierScheme]:
        return (NotifierScheme("file", _open_file),)


class Calendars(Plugin):
    """The calendars that need no other package."""

    @hookimpl
    def stabflow_calendars(self) -> Iterable[CalendarSource]:
        return (CalendarSource("CN", _china), CalendarSource(WEEKENDS.id, lambda: WEEKENDS))


BUILT_INS: Mapping[str, Plugin] = {
    "memory": Memory(),
    "sqlite": Sqlite(),
    "log": Log(),
    "file": File(),
    "calendars": Calendars(),
}
"""Every engine has them. Their names are taken: what is installed under one of them is never imported."""


def _open_memory(url: str, clock: Clock | None) -> Store:
    from ..stores.memory import MemoryStore

    return MemoryStore.from_url(url, clock)


def _open_sqlite(url: str, clock: Clock | None) -> Store:
    from ..stores.sqlite import SqliteStore

    return SqliteStore.from_url(url, clock)


def _open_log(url: str, secrets: Secrets) -> Notifier:
    from ..notifiers.log import LogNotifier

    return LogNotifier.from_url(url, secrets)


def _open_file(url: str, secrets: Secrets) -> Notifier:
    from ..notifiers.file import FileNotifier

    return FileNotifier.from_url(url, secrets)


def _china() -> Calendar:
    from ..calendars.china import china

    return china()
