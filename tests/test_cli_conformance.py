"""`stabflow conformance`: in words, in JSON, and by its exit status."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from command_line import Run, program

from stabflow.cli.conformance_command import LEVELS
from stabflow.cli.conformance_page import CLAUSE_TITLES, LEVEL_TITLES
from stabflow.testing import Level
from stabflow.testing.notifiers.registry import CLAUSES as NOTIFIER_CLAUSES
from stabflow.testing.stores.checks import processes
from stabflow.testing.stores.registry import CLAUSES

PLUGIN = """
from stabflow.ports.store import Capability
from stabflow.stores.memory import MemoryStore
from stabflow.testing import MemoryHarness, StoreHarness


class Forgetful(MemoryStore):
    def lookup(self, stream, key):
        return None


class Boastful(MemoryStore):
    capabilities = MemoryStore.capabilities | {Capability.DURABLE}


class Faulty(MemoryHarness):
    def open(self, config, clock):
        return Forgetful(clock)


class Untested(MemoryHarness):
    child = None

    def open(self, config, clock):
        return Boastful(clock)


class Down(MemoryHarness):
    def provision(self):
        raise ConnectionError("no server")


class Childless(MemoryHarness):
    child = "no_such_package:open"


class Broken(MemoryStore):
    def heads(self, streams):
        raise KeyError("a row that is not there, said in a sentence that goes beyond eighty columns")


class Breaking(MemoryHarness):
    def open(self, config, clock):
        return Broken(clock)


class Half(StoreHarness):
    def provision(self):
        pass


made = Faulty()
number = 7
"""
MEMORY = "stabflow.testing:MemoryHarness"


@pytest.fixture
def plugin(stab: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "my_stores.py").write_text(PLUGIN, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "my_stores", raising=False)
    return stab


@pytest.mark.slow
def test_all_that_is_declared_holds(stab: Run) -> None:
    status, said, _ = stab("conformance", MEMORY, "--only", "C3", "--only", "C10", "--seed", "7", columns=120)
    assert status == 0
    lines = said.splitlines()
    assert lines[0] == "stabflow.testing.ready:MemoryHarness"
    assert re.fullmatch(r"\d\d of the \d\d checks asked for held", lines[1])
    assert lines[2] == "declares FEED, OUTBOX, SNAPSHOTS"
    assert "  C3   idempotency  7         –              1" in lines
    assert "  -  the harness says that its storage has one handle:" in lines
    assert lines[-1] == "seed 7"
    status, said, _ = stab("conformance", MEMORY, "--only", "C3", "--lang", "zh")
    assert status == 0
    assert re.search(r"所要求的\d\d?项检查中8项符合", said)
    assert "测试支架声明该存储只有一个句柄" in said


def test_a_failure_is_told_first(plugin: Run) -> None:
    for name in ("Faulty", "made"):
        status, said, _ = plugin(
            "conformance", f"my_stores:{name}", "--level", "sequential", "--only", "C3", columns=120
        )
        assert status == 1
        assert said.splitlines()[:2] == ["my_stores:Faulty", "3 of 7 checks failed"]
        assert said.index("What failed") < said.index("Checks that held")
        assert "  ✗  C3  c3_the_same_act_again_gives_the_first_result" in said
        assert "expected: ('digest', AppendResult" in said
        assert "  C3  idempotency  4/7" in said
    assert (
        "7项检查中3项不符合"
        in plugin("conformance", "my_stores:made", "--level", "sequential", "--only", "C3", "--lang", "zh")[1]
    )


def test_too_little_was_checked(plugin: Run) -> None:
    status, said, _ = plugin("conformance", MEMORY, "--level", "power")
    assert (status, "none of the 2 checks asked for could be made" in said) == (3, True)
    asked = ("conformance", "my_stores:Untested", "--level", "sequential", "--level", "kill", "--level", "power")
    status, said, _ = plugin(*asked, columns=120)
    assert status == 3
    assert re.search(r"\d\d of the \d{3} checks asked for held", said)
    assert "declared, but the harness offers nothing to test it with: DURABLE" in said
    status, said, _ = plugin(*asked, "--lang", "zh")
    assert (status, "已声明，但测试支架未提供检验手段：DURABLE" in said) == (3, True)


def test_the_power_was_not_cut(stab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "KILLS", 1)
    asked = ("conformance", "stabflow.testing:SqliteHarness", "--only", "C4")
    status, said, _ = stab(*asked, columns=140)
    assert (status, said.splitlines()[1]) == (0, "1 of the 2 checks asked for held; the power was not cut")
    assert "Give the harness cut_power" in said
    assert "未切断电源" in stab(*asked, "--lang", "zh")[1]


@pytest.mark.parametrize(("name", "left"), [("Down", r"(\d+) of \1"), ("Childless", r"1 of \d+")])
def test_a_harness_that_does_not_work_says_nothing_about_the_store(plugin: Run, name: str, left: str) -> None:
    status, said, _ = plugin("conformance", f"my_stores:{name}", "--only", "C12", "--only", "C3", columns=140)
    assert status == 4
    assert re.match(
        f"the harness does not work: {left} checks could not be made, which says nothing", said.splitlines()[1]
    )
    assert ("no server" in said) or ("No module named 'no_such_package'" in said)
    status, said, _ = plugin("conformance", f"my_stores:{name}", "--only", "C12", "--json", "--lang", "zh")
    assert (status, json.loads(said)["broken"].startswith("测试支架无法使用：")) == (4, True)


def test_the_place_of_an_error_stands_in_one_line(plugin: Run) -> None:
    asked = ("--level", "sequential", "--only", "C1", "--only", "C2", "--only", "C3")
    status, said, _ = plugin("conformance", "my_stores:Breaking", *asked, columns=80)
    assert status == 1
    assert "Begin with the first" in said
    frames = [line for line in said.splitlines() if line.lstrip().startswith("File ")]
    assert frames
    assert all("in heads: raise KeyError" in line and line.endswith('columns")') for line in frames)
    assert "^^" not in said
    assert "testing/" not in "".join(frames)


def test_json_for_programs(plugin: Run) -> None:
    asked = (
        "conformance",
        "my_stores:Faulty",
        "--only",
        "c3_the_same_act_again_gives_the_first_result",
        "--seed",
        "1",
        "--json",
    )
    status, said, _ = plugin(*asked)
    told = json.loads(said)
    assert (status, told["status"], told["seed"], told["harness"]) == (1, 1, 1, "my_stores:Faulty")
    (result,) = told["results"]
    assert (result["outcome"], "expected" in result["explanation"]) == ("failed", True)
    status, said, _ = plugin("conformance", MEMORY, "--level", "second-handle", "--json", "--lang", "zh")
    told = json.loads(said)
    assert (status, told["complete"]) == (3, False)
    why = {one["explanation"] for one in told["results"]}
    assert why == {"测试支架声明该存储只有一个句柄", "该存储未声明EXTERNAL_TX"}


@pytest.mark.parametrize(
    ("harness", "problem"),
    [
        ("my_stores", "'my_stores' is no MODULE:HARNESS (write for example my_package.testing:MyHarness)"),
        (":Faulty", "is no MODULE:HARNESS"),
        ("my_store:Faulty", "there is no module my_store (install it, or go to its folder)"),
        ("my_stores.deeper:Faulty", "there is no module my_stores.deeper"),
        ("my_stores:Fauly", "my_stores has no 'Fauly' (did you mean 'Faulty'?)"),
        (
            "my_stores:number",
            "my_stores:number is no StoreHarness and no NotifierHarness (derive it from StoreHarness or NotifierHarness of",
        ),
        ("my_stores:Forgetful", "my_stores:Forgetful is no StoreHarness"),
        ("my_stores:Half", "my_stores:Half is not complete (it needs open)"),
        ("broken:Faulty", "broken cannot be imported: ZeroDivisionError: division by zero"),
        ("unmet:Faulty", "unmet cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        ("leaving:Faulty", "leaving cannot be imported: SystemExit: 3"),
    ],
)
def test_a_harness_that_cannot_be_used(plugin: Run, tmp_path: Path, harness: str, problem: str) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    (tmp_path / "unmet.py").write_text("import nowhere\n", encoding="utf-8")
    (tmp_path / "leaving.py").write_text("raise SystemExit(3)\n", encoding="utf-8")
    status, said, errors = plugin("conformance", harness)
    assert (status, said) == (2, "")
    assert problem in errors


def test_other_bad_input(stab: Run) -> None:
    status, _, errors = stab("conformance", MEMORY, "--only", "C15")
    assert (status, "there is no check and no clause C15" in errors) == (2, True)
    assert stab("conformance", MEMORY, "--level", "fast")[0] == 2
    assert stab("conformance", MEMORY, "--effort", "0")[0] == 2
    assert stab("conformance", MEMORY, "--seconds", "0")[0] == 2
    assert stab("conformance")[0] == 2


@pytest.mark.slow
def test_from_a_folder_as_a_program(tmp_path: Path) -> None:
    (tmp_path / "my_stores.py").write_text(PLUGIN, encoding="utf-8")
    done = program("conformance", "my_stores:made", "--only", "C1", "--json", folder=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["complete"]) == (0, True), done.stderr


def test_every_level_and_clause_has_its_words() -> None:
    assert [level.replace("-", " ") for level in LEVELS] == [level.value for level in Level]
    assert {*LEVEL_TITLES} == {*Level}
    assert {*CLAUSE_TITLES} == {*CLAUSES, *NOTIFIER_CLAUSES}
