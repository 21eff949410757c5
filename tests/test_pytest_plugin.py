"""The pytest plugin, as an installed stabflow brings it: in projects with and without fixtures of the same names."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from stabflow.testing import MemoryHarness, StoreContract, chance, check_store

ROOT = Path(__file__).parent.parent
ENTRIES: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"][
    "pytest11"
]

Project = Callable[..., str]


def _at_a_desk() -> dict[str, str]:
    """The environment, but not as that of a CI, in which Hypothesis draws the same each time and no seed is told."""
    return {name: value for name, value in os.environ.items() if name not in {"CI", "GITHUB_ACTIONS", "TF_BUILD"}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose environment has stabflow and, as a distribution, its entry points for pytest; what its tests print."""
    info = tmp_path / "site" / "stabflow_as_installed-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stabflow-as-installed\nVersion: 0\n")
    (info / "entry_points.txt").write_text("[pytest11]\n" + "".join(f"{n} = {e}\n" for n, e in ENTRIES.items()))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")

    def run(*words: str, fails: bool = False, **files: str) -> str:
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        path = os.pathsep.join([str(info.parent), str(ROOT / "src"), *sys.path])
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *words],
            cwd=folder,
            env={**_at_a_desk(), "PYTHONPATH": path, "PYTEST_ADDOPTS": ""},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == int(fails), done.stdout + done.stderr
        return done.stdout

    return run


def test_the_entry_point_leads_to_the_fixtures() -> None:
    assert ENTRIES == {"stabflow": "stabflow.pytest_plugin"}
    module = import_module(ENTRIES["stabflow"])
    assert {"engine", "fake_clock", "memory_store", "pytest_addoption"} <= set(vars(module))


def test_a_seed_that_is_named_nowhere_else_is_that_of_the_run() -> None:
    class Contract(StoreContract):
        harness = MemoryHarness

    with chance.repeated(7):
        assert chance.drawn() == 7
        assert chance.drawn(8) == 8
        assert check_store(MemoryHarness, levels=[]).seed == 7
        assert check_store(MemoryHarness, levels=[], seed=9).seed == 9
        assert Contract._introduced()[1] == 7
    assert chance.drawn() != chance.drawn()


FIXTURES = """
from datetime import timedelta

from stabflow import Actor, Matter

CHIEF = Actor("u-1", body="county-government")


def test_they_go_together(engine, memory_store, fake_clock):
    began = fake_clock.now
    engine.constitute("five-step", "decision_body", CHIEF, basis="founding order 2026-3")
    fake_clock.advance(timedelta(days=3))
    case = engine.open_case("five-step", Matter("bridge", "Bridge"), by=CHIEF, basis="plan 2026-14")
    assert case.history()[0].recorded_at == began + timedelta(days=3)
    assert memory_store.heads([f"case/{case.id}"])[0].version == 1
    assert engine.verify().cases == 1


def test_each_test_has_its_own(engine, fake_clock, memory_store):
    assert list(engine.cases()) == []
    assert fake_clock().hour == 8
"""

LIGHT = """
import sys


def test_nothing_was_imported_that_nobody_asked_for():
    ours = {name for name in sys.modules if name.partition(".")[0] == "stabflow"}
    assert ours == {"stabflow", "stabflow.pytest_plugin"}
    assert not {"attr", "apsw", "transitions", "click", "hypothesis"} & set(sys.modules)
"""

OWN = """
def test_an_engine_of_ones_own_wins(engine):
    assert engine == "postgresql://"
"""

REWRITTEN = """
import stabflow.testing
import stabflow.testing.stores.material


def test_the_assertions_of_the_kit_explain_themselves():
    assert type(stabflow.testing.stores.material.__loader__).__name__ == "AssertionRewritingHook"
    assert type(stabflow.testing.__loader__).__name__ == "AssertionRewritingHook"
"""

OVER = """
import pytest
from stabflow import Actor, StoreError
from stabflow.stores.memory import MemoryStore
from stabflow.testing import FaultyStore, Trouble


@pytest.fixture
def memory_store(fake_clock):
    return FaultyStore(MemoryStore(fake_clock), [Trouble("unavailable")])


def test_the_engine_is_over_the_store_that_a_project_gives(engine, memory_store):
    with pytest.raises(StoreError):
        engine.constitute("five-step", "decision_body", Actor("u-1", body="county"), basis="order")
    assert memory_store.left == ()
"""

SEEDED = """
from stabflow.testing import MemoryHarness, check_store


def test_the_seed_is_given():
    assert check_store(MemoryHarness, levels=[]).seed == 7
"""


DRAWN = """
import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stabflow.language import load
from stabflow.testing import procedure_machine
from stabflow.testing import strategies as kit
from stabflow.testing.procedures.machine import ProcedureMachine

GOOD = load("good.toml")
said = []
ended = ProcedureMachine.teardown


def noting(machine):
    said.append([str(step) for step in machine.run.steps])
    ended(machine)


def test_the_machine():
    machine = procedure_machine(GOOD)
    machine.TestCase.settings = settings(machine.TestCase.settings, max_examples=3, stateful_step_count=2)
    ProcedureMachine.teardown = noting
    machine.TestCase("runTest").debug()


@settings(max_examples=5, database=None)
@given(kit.texts, kit.clocks(), kit.actors(GOOD), st.data())
def test_strategies(text, clock, actor, data):
    said.append([repr(text), str(clock.now), str(actor), data.draw(kit.procedures()).digest])


def test_written():
    Path("said.json").write_text(json.dumps(said))
"""


@pytest.mark.slow
def test_a_seed_makes_the_machine_and_the_strategies_draw_the_same(project: Project, tmp_path: Path) -> None:
    drawn = []
    good = ROOT / "tests" / "mutated" / "good.toml"
    (tmp_path / "project" / "good.toml").write_text(good.read_text(encoding="utf-8"), encoding="utf-8")
    for words in (("--stabflow-seed", "7"), ("--stabflow-seed", "7"), ("--stabflow-seed", "8")):
        assert "3 passed" in project(*words, test_drawn=DRAWN)
        drawn.append((tmp_path / "project" / "said.json").read_text())
    assert len(drawn[0]) > 3_000
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


FAILING = """
from hypothesis import settings

from stabflow.testing import ActProperty, procedure_machine
from stabflow.text import Text

never = ActProperty(title=Text("never", "从不"), never=lambda shown: True)
machine = procedure_machine("five-step", extra=[never])
machine.TestCase.settings = settings(machine.TestCase.settings, max_examples=2, stateful_step_count=2)
TestMachine = machine.TestCase
"""


@pytest.mark.slow
def test_a_machine_that_fails_tells_its_seed(project: Project) -> None:
    said = project(fails=True, test_failing=FAILING)
    seed = said.partition("pytest --stabflow-seed ")[2].split()[0]
    assert int(seed) >= 0
    assert f"--stabflow-seed {seed} 可重复" in project("--stabflow-seed", seed, fails=True, test_failing=FAILING)
    assert "--stabflow-seed" not in project("--hypothesis-seed", "7", fails=True, test_failing=FAILING)


@pytest.mark.slow
def test_a_project_has_the_fixtures(project: Project) -> None:
    said = project(test_fixtures=FIXTURES, test_rewritten=REWRITTEN, test_over=OVER)
    assert "4 passed" in said


@pytest.mark.slow
def test_nothing_is_imported_before_it_is_used(project: Project) -> None:
    assert "1 passed" in project(test_light=LIGHT)


@pytest.mark.slow
def test_a_fixture_of_the_project_wins(project: Project) -> None:
    conftest = 'import pytest\n\n@pytest.fixture\ndef engine():\n    return "postgresql://"\n'
    assert "1 passed" in project(conftest=conftest, test_own=OWN)


@pytest.mark.slow
def test_the_plugin_can_be_left_out(project: Project) -> None:
    assert "fixture 'engine' not found" in project("-p", "no:stabflow", fails=True, test_own=OWN)


@pytest.mark.slow
def test_the_seed_of_a_run_is_told_and_used(project: Project) -> None:
    said = project("--stabflow-seed", "7", test_seeded=SEEDED)
    assert "stabflow: seed 7" in said
    assert "1 passed" in project("--stabflow-seed", "7", "-n1", test_seeded=SEEDED)


@pytest.mark.slow
def test_a_kit_that_was_imported_before_is_no_error(project: Project) -> None:
    early = "import stabflow.testing\n"
    assert "2 passed" in project("-p", "early", early=early, test_fixtures=FIXTURES)
