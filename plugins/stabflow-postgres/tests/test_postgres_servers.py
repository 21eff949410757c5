"""The servers that tests are made on: what is said of one that cannot be used, and that none is left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from stabflow_postgres.servers import EmbeddedServer, NoServer
from stabflow_postgres.testing import VARIABLE, PostgresHarness, embedded_server, execute, plain

from stabflow.cli.conformance_command import status_of
from stabflow.testing import check_store

NOBODY = "postgresql://me:geheim@127.0.0.1:1/cases"


def test_a_server_that_runs_is_not_started_again() -> None:
    server = embedded_server()
    assert server.is_running()
    with pytest.raises(NoServer, match="runs already: stop\\(\\) it first"):
        server.start()


def test_a_server_that_cannot_be_reached_is_not_tested_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, NOBODY)
    with pytest.raises(NoServer, match="cannot be reached") as told:
        PostgresHarness().provision()
    assert "geheim" not in str(told.value)
    assert status_of(check_store(PostgresHarness, levels=["sequential"], only=["C1"])) == 4


def test_a_role_that_may_not_make_databases_or_schemas(url: str, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = plain(url).replace("//stabflow@", f"//{role}@")
    monkeypatch.setenv(VARIABLE, alone)
    with pytest.raises(NoServer, match=f"ALTER ROLE {role} CREATEDB"):
        PostgresHarness().provision()
    execute(url, f"ALTER ROLE {role} CREATEDB")
    with pytest.raises(NoServer, match=f"GRANT CREATE ON DATABASE postgres TO {role}"):
        PostgresHarness().provision()
    execute(url, f"GRANT CREATE ON DATABASE postgres TO {role}")
    assert PostgresHarness().provision().startswith(alone)


PROGRAM = "from stabflow_postgres.servers import EmbeddedServer; print(EmbeddedServer().folder)"


@pytest.mark.slow
def test_a_process_leaves_no_server_behind() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert not Path(done.stdout.strip()).exists()
    with EmbeddedServer() as server:
        server.stop()
        assert not server.is_running()
        server.start()
