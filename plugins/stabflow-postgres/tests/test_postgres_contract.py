"""The conformance kit on a real server: one check of each clause at once, all of them with the slow tests."""

from __future__ import annotations

import os

import pytest
from stabflow_postgres import servers
from stabflow_postgres.testing import VARIABLE, PostgresHarness, SqlalchemyHarness

from stabflow.ports.store import Capability
from stabflow.testing import Level, check_store
from stabflow.testing.stores.checks import CHECKS, ordered

NOT_COVERED = {"port_what_is_not_declared_is_refused"}  # all that this asks for is declared
"""What the kit cannot check on this store; of whatever else it cannot check, it says so by a failure here."""

if os.environ.get(VARIABLE):
    NOT_COVERED |= {  # take a server of our own: one whose standby is missing, and its programs
        "c5_a_lost_answer_is_an_unknown_outcome",
        "c6_a_restored_storage_has_another_past",
    }


def check(*levels: Level, harness: type[PostgresHarness] = PostgresHarness, only: list[str] | None = None) -> None:
    report = check_store(harness, levels=levels, only=only)
    report.raise_for_failures()
    left = {one.check.name for one in report.not_covered}
    assert left <= NOT_COVERED, report
    assert Capability.DURABLE in report.capabilities


def test_each_clause() -> None:
    first = {one.clause: one.name for one in reversed([*ordered()]) if one.level is Level.SEQUENTIAL}
    assert len(first) > 12
    check(Level.SEQUENTIAL, only=[*first.values()])


@pytest.mark.slow
def test_in_order() -> None:
    check(Level.SEQUENTIAL)


@pytest.mark.slow
@pytest.mark.parametrize(
    "level", [Level.SECOND_HANDLE, Level.THREADS, Level.KILL, Level.MACHINE], ids=lambda level: level.value
)
def test_with_handles_threads_kills_and_random_histories(level: Level) -> None:
    check(level)


@pytest.mark.slow
def test_with_hosts_that_have_sessions_of_sqlalchemy() -> None:
    with_hosts = [one.name for one in CHECKS if Capability.EXTERNAL_TX in one.needs]
    check(*Level, harness=SqlalchemyHarness, only=with_hosts)


def test_where_the_wheel_is_missing_that_is_an_error_which_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "find_spec", lambda name: None)
    with pytest.raises(
        servers.NoServer, match=r"pip install 'stabflow-postgres\[testing\]', or set STABFLOW_TEST_POSTGRES"
    ):
        servers.EmbeddedServer()
