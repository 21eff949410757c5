"""Prints what the faults came to, below the tests."""

from __future__ import annotations

import time

import pytest

from examples.cluster.trial import Outcome, table, versions

OUTCOMES = pytest.StashKey[list[Outcome]]()
DELIVERIES = pytest.StashKey[str]()


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> list[Outcome]:
    """What came of each fault, for the table."""
    return request.config.stash.setdefault(OUTCOMES, [])


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
    terminalreporter.write_line(config.stash.get(DELIVERIES, "the notices were not counted"))
    terminalreporter.write_line(f"{time.strftime('%Y-%m-%d')}: {versions()}")
