"""Prints what the faults came to, below the tests."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from examples.cluster.running import SHORT
from examples.cluster.trial import Outcome, table, versions

OUTCOMES = pytest.StashKey[list[Outcome]]()
REMARKS = pytest.StashKey[list[str]]()


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> list[Outcome]:
    """What came of each fault, for the table."""
    return request.config.stash.setdefault(OUTCOMES, [])


@pytest.fixture(scope="module")
def remarks(request: pytest.FixtureRequest) -> list[str]:
    """What is to be said besides, a line each."""
    return request.config.stash.setdefault(REMARKS, [])


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """What takes a second cluster is not for CI."""
    return True if SHORT and collection_path.name in ("test_asynchronous.py", "test_backups.py") else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table, what the application met with, and the versions."""
    found = config.stash.get(OUTCOMES, [])
    if not found:
        return
    terminalreporter.section("the cluster under faults")
    terminalreporter.write_line(table(found))
    for one in found:
        met = ", ".join(f"{name} {count}" for name, count in sorted(one.troubles.items())) or "nothing"
        terminalreporter.write_line(
            f"{one.fault.name}: the application met {met}; {one.evidence.breaches} breaches by then"
        )
    for remark in config.stash.get(REMARKS, []):
        terminalreporter.write_line(remark)
    terminalreporter.write_line(f"{time.strftime('%Y-%m-%d')}: {versions()}")
