"""Opening an engine: the store at a URL, with what the plugins bring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import attrs

from ..calendar import span_title
from ..errors import Fault, InvalidInput
from ..language import Procedure
from ..plugins import Equipment, equip
from ..ports.hooks import Plugin
from ..ports.store import Clock, Store
from ..ports.store_rules import examine_store
from .directory import read_directory
from .engine import Engine
from .offices import OfficeBook
from .posts import Post
from .registry import Registry
from .shell import Shell

T = TypeVar("T")

LATE_ENTRY = timedelta(days=1)
"""Minutes are written up the next day; whatever is older than that is the entry of a matter of the past."""


_FILES = ("calendar", "directory")


def _now() -> datetime:
    return datetime.now(UTC)


def _faults(
    url: object,
    plugins: object,
    clock: object,
    procedures: object,
    calendar: object,
    late_entry: object,
    directory: object,
) -> Iterator[Fault]:
    """What is wrong with the arguments, as far as it shows without opening anything."""
    if not isinstance(url, str):
        yield Fault("store", f"{url!r:.60} is not a URL", 'write it as text, such as "sqlite:///file.db"')
    if isinstance(plugins, str | Plugin) or not isinstance(plugins, Iterable):
        yield Fault("plugins", f"{plugins!r:.60} is not a list of plugins", 'give them in a list: plugins=["name", …]')
    if clock is not None and not callable(clock):
        cure = "give a function that tells the time with its zone, such as lambda: datetime.now(UTC)"
        yield Fault("clock", f"{clock!r:.60} is not a function", cure)
    if isinstance(procedures, str | Path | Procedure) or not isinstance(procedures, Iterable):
        yield Fault("procedures", f"{procedures!s:.60} is not a list", "give them in a list: procedures=[…]")
    elif isinstance(procedures, Sequence):
        for index, one in enumerate(procedures):
            if not isinstance(one, str | Path | Procedure):
                cure = "give a Procedure, or the path of its file"
                yield Fault(f"procedures[{index}]", f"{one!r:.60} is no procedure", cure)
    if not isinstance(calendar, str | Path):
        cure = 'give the name of a calendar, such as "CN", or the path of a file'
        yield Fault("calendar", f"{calendar!r:.60} names no calendar", cure)
    if directory is not None and not isinstance(directory, str | Path):
        yield Fault("directory", f"{directory!r:.60} is no path", 'give the path of a file, such as "directory.toml"')
    if late_entry is None:
        return
    if not isinstance(late_entry, timedelta):
        cure = "give a timedelta, such as timedelta(days=3), or None to set no bound"
        yield Fault("late_entry", f"{late_entry!r:.60} is not a length of time", cure)
    elif late_entry < timedelta():
        cure = "give timedelta() or longer, or None to set no bound"
        yield Fault("late_entry", f"{span_title(late_entry)} is a negative length of time", cure)


def _noting(faults: list[Fault], open_: Callable[[str], T], name: str) -> T | None:
    """What ``open_`` makes of ``name``; what is wrong with that goes to the other ``faults``."""
    try:
        return open_(name)
    except InvalidInput as error:
        file = error.what.partition(" ")[0]  # which has faults at its own places
        place = f"{file}." if file in _FILES else ""
        faults += [attrs.evolve(fault, path=place + fault.path) for fault in error.faults]
        return None


def open_engine(
    url: str,
    *,
    plugins: Iterable[Plugin | str] = (),
    clock: Clock | None = None,
    procedures: Iterable[Procedure | str | Path] = (),
    calendar: str | Path = "CN",
    late_entry: timedelta | None = LATE_ENTRY,
    directory: str | Path | None = None,
) -> Engine:
    """An engine over the store at ``url`` (``sqlite:///file.db``, ``memory:``, or what a plugin serves).

    ``plugins`` are objects, or names of installed ones (entry points of group ``stabflow``), which are imported then. A scheme
    that none of them serves is the name of the installed plugin that does; nothing else is imported. ``procedures`` are known
    besides the bundled ones (values, or paths of TOML files); ``clock`` tells the time (aware; the system's by default);
    ``calendar`` names the calendar of working days: ``CN``, ``weekends``, one that a plugin brings, the path of a file
    (``….toml``), or ``holidays:DE-BY`` by the package holidays. ``late_entry`` bounds how long ago an act may claim to have
    happened (``at=``), because waits and due times count from what is claimed: a comment period begun yesterday must not be said
    to have begun last month. ``None``, to enter matters of the past, sets no bound; offices are filled and ended without it.
    ``directory`` is the path of the file that says where notices go (`Engine.deliver`); the plugins that its channels name are
    imported when they are used first. Raises `InvalidInput`, `ProcedureError`, `PluginError` and `StoreError`; nothing is
    created before the first act.
    """
    return _opened(
        url,
        lambda equipment: equipment.open_store(url, clock),
        plugins,
        clock,
        procedures,
        calendar,
        late_entry,
        directory,
    )


def engine_over(
    store: Store,
    *,
    plugins: Iterable[Plugin | str] = (),
    clock: Clock | None = None,
    procedures: Iterable[Procedure | str | Path] = (),
    calendar: str | Path = "CN",
    late_entry: timedelta | None = LATE_ENTRY,
    directory: str | Path | None = None,
) -> Engine:
    """An engine over ``store``, otherwise as `open_engine` makes it and with its errors. Closing it closes the store, also for
    other engines over it; the leases of the store run by the store's own clock. `InvalidInput` where it is no store."""
    examine_store(store)
    return _opened("", lambda _: store, plugins, clock, procedures, calendar, late_entry, directory)


def _opened(
    url: str,
    open_store: Callable[[Equipment], Store],
    plugins: Iterable[Plugin | str],
    clock: Clock | None,
    procedures: Iterable[Procedure | str | Path],
    calendar: str | Path,
    late_entry: timedelta | None,
    directory: str | Path | None,
) -> Engine:
    faults = list(_faults(url, plugins, clock, procedures, calendar, late_entry, directory))
    wrong = {fault.path for fault in faults}
    if "plugins" in wrong:  # which calendars and stores there are, nobody knows
        raise InvalidInput(faults, what="stabflow.open")
    plugins = tuple(plugins)
    try:
        equipment = equip(plugins, url="" if "store" in wrong else url)
    except InvalidInput as error:
        raise InvalidInput([*faults, *error.faults], what="stabflow.open") from error
    if directory is not None and "directory" not in wrong:
        _noting(faults, read_directory, str(directory))
    loaded = None if "calendar" in wrong else _noting(faults, equipment.calendar, str(calendar))
    store = None if "store" in wrong else _noting(faults, lambda _: open_store(equipment), url)
    if store is None or loaded is None or faults:
        if store is not None:
            store.close()
        in_file = bool(faults) and all(fault.path.startswith("directory.") for fault in faults)
        raise InvalidInput(faults, what=str(directory) if in_file else "stabflow.open")
    try:
        registry = Registry(store, (*equipment.procedures, *procedures))
    except BaseException:
        store.close()
        raise
    return Engine(
        Shell(
            store=store,
            registry=registry,
            offices=OfficeBook(store),
            calendar=loaded,
            clock=clock or _now,
            requirements=equipment.requirements,
            plugin_names=equipment.having_say,
            late_entry=late_entry,
            checks=equipment.checks,
            watching=equipment.watching,
        ),
        None if directory is None else Post(directory, lambda urls: equip(plugins, channels=urls).open_notifier),
    )
