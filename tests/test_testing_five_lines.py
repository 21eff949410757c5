"""The five lines of a user, run by pytest in a process of its own, on an engine that was broken: they fail, and what they print
is a dossier on which `stabflow run` fails until the engine is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutated.catalogue import TEXT

ROOT = Path(__file__).parent.parent

FIVE_LINES = """
from pathlib import Path

from stabflow.testing import check, procedure_machine

MY_PROCEDURE = Path("mine.toml")


def test_procedure(): check(MY_PROCEDURE).raise_for_failures()
TestMyProcedure = procedure_machine(MY_PROCEDURE).TestCase
"""

BROKEN = """
from stabflow.decision import rows
from stabflow.decision.permission import Permission, permission


def anybody(*arguments, **more):
    found, parties, context = permission(*arguments, **more), arguments[2], arguments[5]
    if found.blocker is None:
        return found
    mandate = next((held.mandate for held in context.offices if held.role == parties[0]), "f" * 64)
    return Permission(parties[0], mandate, None)


rows.permission = anybody
"""

SOON = """
from stabflow.testing.procedures import found

found.SHRINKING = 2.0
"""

RUN = "import sys; from stabflow.cli import main; sys.exit(main(sys.argv[1:]))"

NEVER = """
from pathlib import Path

import stabflow
from stabflow.testing import procedure_machine
from stabflow.text import Text


class Never(stabflow.Plugin):
    contract = 1

    @stabflow.hookimpl
    def stabflow_check_command(self, case, command, now):
        return stabflow.Blocker(kind="never", text=Text("the house is closed", "停止办公"))


TestMyProcedure = procedure_machine(Path("mine.toml"), plugins=[Never()]).TestCase
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.toml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "broken.py").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "test_mine.py").write_text(FIVE_LINES, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(SOON, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    return tmp_path


def done(folder: Path, *words: str) -> tuple[int, str]:
    """The status of a Python process, and all that it said."""
    path = os.pathsep.join([str(folder), str(ROOT / "src"), *sys.path])
    ran = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTEST_ADDOPTS": "", "COLUMNS": "200"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


def ran_by_pytest(folder: Path, *words: str) -> tuple[int, str]:
    return done(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--stabflow-seed", "1", *words)


def dossier_in(said: str) -> str:
    """The dossier as it stands in what pytest printed."""
    lines = [line.removeprefix("E ").strip() for line in said.splitlines()]
    start, end = lines.index("[dossier]"), next(n for n, line in enumerate(lines) if "--stabflow-seed 1" in line)
    return "\n".join(lines[start:end]) + "\n"


@pytest.mark.slow
def test_without_role_checks_the_five_lines_fail_and_the_dossier_does_it_again(folder: Path) -> None:
    status, said = ran_by_pytest(folder, "-p", "broken")
    assert status == 1, said
    assert "1 failed, 1 passed" in said
    found = folder / "found.toml"
    found.write_text(dossier_in(said), encoding="utf-8")
    assert 'expect = "refused"' in found.read_text(encoding="utf-8")
    status, said = done(folder, "-c", "import broken; " + RUN, "run", "found.toml", "--store", "sqlite:///broken.db")
    assert status == 2, said
    assert "is marked as refused and was accepted" in said
    status, said = done(folder, "-c", RUN, "run", "found.toml", "--store", "sqlite:///whole.db")
    assert status == 0, said


@pytest.mark.slow
def test_a_dead_end_is_called_one_and_is_no_pass(folder: Path) -> None:
    stuck = TEXT.replace('trigger = "send_back"\nsource = "reviewing"', 'trigger = "send_back"\nsource = "planning"')
    stuck = stuck.replace('set = ["grade"]\n', 'set = ["grade"]\nrequires = [{ value = "urgent", is = false }]\n')
    (folder / "mine.toml").write_text(stuck, encoding="utf-8")
    status, said = ran_by_pytest(folder, "-k", "MyProcedure")
    assert status == 1, said
    assert "dead end: from " in said
    assert "InvalidDefinition" not in said
    assert "[dossier]" in said


@pytest.mark.slow
def test_where_no_step_was_done_that_is_a_failure(folder: Path) -> None:
    (folder / "test_mine.py").write_text(NEVER, encoding="utf-8")
    status, said = ran_by_pytest(folder)
    assert status == 1, said
    assert "no act was done in any run of mutated@1, so nothing was tested" in said
    assert "the house is closed" in said
