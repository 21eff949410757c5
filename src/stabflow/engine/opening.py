"""Opening an engine: the store at a URL, with what the plugins bring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..errors import InvalidInput
from ..language import Procedure
from ..plugins import equip
from ..ports.hooks import Plugin
from .engine import Engine
from .offices import OfficeBook
from .registry import Registry
from .shell import Clock, Shell

LATE_ENTRY = timedelta(days=1)
"""Minutes are written up the next day; whatever is older than that is the entry of a matter of the past."""


def _now() -> datetime:
    return datetime.now(UTC)


def open_engine(
    url: str,
    *,
    plugins: Sequence[Plugin] = (),
    clock: Clock | None = None,
    procedures: Iterable[Procedure | str | Path] = (),
    calendar: str = "CN",
    late_entry: timedelta | None = LATE_ENTRY,
) -> Engine:
    """An engine over the store at ``url`` (``sqlite:///file.db``, ``memory:``, or what ``plugins`` serve).

    ``procedures`` are known besides the bundled ones (values, or paths of TOML files); ``clock`` tells the time (aware; the
    system's by default); ``calendar`` is the id of the calendar of working days. ``late_entry`` bounds how long ago an act may
    claim to have happened (``at=``), because waits and due times count from what is claimed: a comment period begun yesterday
    must not be said to have begun last month. ``None``, to enter matters of the past, sets no bound. Raises `InvalidInput`,
    `ProcedureError`, `PluginError` and `StoreError`; nothing is created before the first act.
    """
    if not isinstance(url, str):
        raise InvalidInput.at("store", f"{url!r:.60} is not a URL", 'write it as text, such as "sqlite:///file.db"')
    equipment = equip(plugins)
    loaded = equipment.calendar(calendar)
    store = equipment.open_store(url)
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
            plugin_names=equipment.names,
            late_entry=late_entry,
        )
    )
