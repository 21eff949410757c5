"""Told after: a journal that only grows."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from stabflow import Plugin, hookimpl
from stabflow.ports.hooks import Case, Record


class Journal(Plugin):
    """Appends every record, as one line of JSON, to the file at ``path``, which another body may keep.

    A process that ends between an act and its line leaves the line out; ``hash`` and ``version`` of the next one show that.
    """

    contract = 1

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @hookimpl
    def stabflow_recorded(self, case: Case, records: Sequence[Record]) -> None:
        lines = "".join(json.dumps(record.as_dict(), ensure_ascii=False) + "\n" for record in records)
        # One write at the end of the file, so that the lines of several processes do not mix.
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, lines.encode("utf-8"))
            os.fsync(file)
        finally:
            os.close(file)
