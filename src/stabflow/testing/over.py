"""An engine over a store that is there already, so that several can share it, or one that fails can be put between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

from ..engine import Engine, open_engine
from ..engine.opening import LATE_ENTRY
from ..language import Procedure
from ..ports.hooks import Plugin, StoreScheme, hookimpl
from ..ports.store import Clock, Store


class _Given(Plugin):
    """Brings one store, which is there already, for any URL of the scheme ``given``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @hookimpl
    def stabflow_stores(self) -> Sequence[StoreScheme]:
        """The scheme."""
        return (StoreScheme("given", lambda url, clock: self._store),)


def engine_over(
    store: Store,
    *,
    plugins: Iterable[Plugin | str] = (),
    clock: Clock | None = None,
    procedures: Iterable[Procedure | str | Path] = (),
    calendar: str | Path = "CN",
    late_entry: timedelta | None = LATE_ENTRY,
) -> Engine:
    """An engine over ``store``, otherwise as `stabflow.open` makes it and with its errors. Closing it closes the store, also for
    other engines over it; the leases of the store run by the store's own clock."""
    return open_engine(
        "given:",
        plugins=(_Given(store), *plugins),
        clock=clock,
        procedures=procedures,
        calendar=calendar,
        late_entry=late_entry,
    )
