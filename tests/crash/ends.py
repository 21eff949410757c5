"""How a run may end, and what a store holds that is opened on what is left."""

from __future__ import annotations

import shutil
from pathlib import Path

from stabflow.stores.sqlite import SqliteStore

from .acts import holdings
from .disk import Choice, Folder, Names, everything, last_torn, lay_out, nothing, only_the_last, torn

NAME = "acts.db"
ALL_ENDS: list[tuple[Names, Choice]] = [
    ("synced", nothing),
    ("synced", everything),
    ("synced", torn(1)),
    ("all", nothing),
    ("all", everything),
    ("all", last_torn),
    ("all", only_the_last),
    ("all", torn(2)),
    ("all", torn(3)),
]


def after_the_cut(files: Folder, scratch: Path, count: int) -> object:
    """What a store holds that is opened on these files, by the ordinary VFS."""
    folder = lay_out(scratch, files)
    try:
        store = SqliteStore.open(folder / NAME)
        try:
            found = holdings(store, range(count))
            if store._reader is not None:
                assert store._reader.connection.pragma("integrity_check") == "ok"
        finally:
            store.close()
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(folder)
    return found
