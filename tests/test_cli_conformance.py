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
from stabflow.testing.registry import CLAUSES

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


def test_all_that_is_declared_holds(stab: Run) -> None:
    status, said, _ = stab("conformance", MEMORY, "--only", "C3", "--only", "C10", "--seed", "7", columns=120)
    assert status == 0
    lines = said.splitlines()
    assert lines[0] == "stabflow.testing.ready:MemoryHarness"
    assert re.fullmatch(r"all \d\d checks held", lines[1])
    assert lines[2] == "declares FEED, OUTBOX, SNAPSHOTS"
    assert "  C3   idempotency  6         –              1" in lines
    assert "  -  the harness says that its storage has one handle:" in lines
    assert lines[-1] == "seed 7"
    status, said, _ = stab("conformance", MEMORY, "--only", "C3", "--lang", "zh")
    assert status == 0
    assert "7项检查均符合" in said
    assert "测试支架声明该存储只有一个句柄" in said


def test_a_failure_is_told_first(plugin: Run) -> None:
    for name in ("Faulty", "made"):
        status, said, _ = plugin(
            "conformance", f"my_stores:{name}", "--level", "sequential", "--only", "C3", columns=120
        )
        assert status == 1
        assert said.splitlines()[:2] == ["my_stores:Faulty", "2 of 6 checks failed"]
        assert said.index("What failed") < said.index("Checks that held")
        assert "  ✗  C3  c3_the_same_act_again_gives_the_first_result" in said
        assert "expected: ('digest', AppendResult" in said
        assert "  C3  idempotency  4/6" in said
    assert (
        "6项检查中2项不符合"
        in plugin("conformance", "my_stores:made", "--level", "sequential", "--only", "C3", "--lang", "zh")[1]
    )


def test_too_little_was_checked(plugin: Run) -> None:
    status, said, _ = plugin("conformance", MEMORY, "--level", "power")
    assert (status, "nothing is known of this store" in said) == (3, True)
    asked = ("conformance", "my_stores:Untested", "--level", "sequential", "--level", "kill", "--level", "power")
    status, said, _ = plugin(*asked, columns=120)
    assert status == 3
    assert "checks held, but they are not enough" in said
    assert "declared, but the harness offers nothing to test it with: DURABLE" in said
    status, said, _ = plugin(*asked, "--lang", "zh")
    assert (status, "已声明，但测试支架未提供检验手段：DURABLE" in said) == (3, True)


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
    assert {one["explanation"] for one in told["results"]} == {"测试支架声明该存储只有一个句柄"}


@pytest.mark.parametrize(
    ("harness", "problem"),
    [
        ("my_stores", "'my_stores' is no MODULE:HARNESS (write for example my_package.testing:MyHarness)"),
        (":Faulty", "is no MODULE:HARNESS"),
        ("my_store:Faulty", "there is no module my_store (install it, or go to its folder)"),
        ("my_stores.deeper:Faulty", "there is no module my_stores.deeper"),
        ("my_stores:Fauly", "my_stores has no 'Fauly' (did you mean 'Faulty'?)"),
        ("my_stores:number", "my_stores:number is no StoreHarness (derive it from stabflow.testing.StoreHarness)"),
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


def test_from_a_folder_as_a_program(tmp_path: Path) -> None:
    (tmp_path / "my_stores.py").write_text(PLUGIN, encoding="utf-8")
    done = program("conformance", "my_stores:made", "--only", "C1", "--json", folder=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["complete"]) == (0, True), done.stderr


def test_every_level_and_clause_has_its_words() -> None:
    assert [level.replace("-", " ") for level in LEVELS] == [level.value for level in Level]
    assert {*LEVEL_TITLES} == {*Level}
    assert {*CLAUSE_TITLES} == {*CLAUSES}
