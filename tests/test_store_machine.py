"""Random histories at length: whatever is appended, claimed and asked, by whichever handle, SQLite answers as memory does."""

from __future__ import annotations

import pytest
from conftest import CI, SHORT

from stabflow.testing import SqliteHarness, check_store


@pytest.mark.slow
def test_random_histories_go_as_in_memory() -> None:
    report = check_store(
        SqliteHarness, levels=["machine"], effort=3 if SHORT else 25, seconds=3_000, seed=1 if CI else None
    )
    report.raise_for_failures()
    assert report.complete, str(report)
