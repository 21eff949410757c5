"""`StoreContract` under pytest, as the author of a plugin uses it: collected, named, skipped and failed check by check."""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
from pathlib import Path

import pytest
from crash.child import environment

from stabflow.stores.memory import MemoryStore
from stabflow.testing import MemoryHarness, StoreContract
from stabflow.testing.expectation import HarnessBroken
from stabflow.testing.stores.checks import CHECKS

PLUGIN = """
from stabflow.stores.memory import MemoryStore
from stabflow.testing import MemoryHarness, StoreContract


class Forgetful(MemoryStore):
    def lookup(self, stream, key):
        return None


class Harness(MemoryHarness):
    def open(self, config, clock):
        return Forgetful(clock)


class TestForgetful(StoreContract):
    harness = Harness
    seed = 5
"""


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_a_plugin_is_tested_check_by_check(tmp_path: Path, mode: str) -> None:
    (tmp_path / "test_plugin.py").write_text(PLUGIN, encoding="utf-8")
    asked = ["-k", "c3_ and not random", "-W", "error", "-rs", "-v", f"--import-mode={mode}", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", str(tmp_path), *asked, str(tmp_path)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stdout
    assert "TestForgetful::test_c3_reminders_have_a_key_and_no_records PASSED" in said
    assert "TestForgetful::test_c3_the_same_act_again_gives_the_first_result FAILED" in said
    assert "C3 c3_the_same_act_again_gives_the_first_result: The same key and digest give the first result" in said
    assert "looking the key up" in said
    assert "seed 5" in said
    assert "C3 is not covered: the harness says that its storage has one handle" in said
    assert "StoreContract::" not in said  # the base class itself is no test
    counted = re.search(r"(\d+) failed, (\d+) passed, (\d+) skipped", said)
    assert counted is not None
    assert sum(map(int, counted.groups())) == sum(one.clause == "C3" for one in CHECKS)


def test_there_is_a_test_for_each_check() -> None:
    methods = {name for name in vars(StoreContract) if name.startswith("test_")}
    assert methods == {f"test_{one.name}" for one in CHECKS}
    assert not StoreContract.__name__.startswith("Test")
    test = StoreContract.test_c3_a_key_belongs_to_its_stream  # type: ignore[attr-defined]
    assert test.__doc__ == "A key used on one stream is fresh on another."


def test_without_a_harness_each_test_says_so() -> None:
    class Nothing(StoreContract):
        pass

    with pytest.raises(TypeError, match="Nothing has no harness: write harness = YourStoreHarness in it"):
        Nothing().test_c3_a_key_belongs_to_its_stream()  # type: ignore[attr-defined]


def test_a_store_that_cannot_be_opened_fails_each_test() -> None:
    class Down(MemoryHarness):
        def open(self, config: None, clock: object) -> MemoryStore:
            raise ConnectionError("no server")

    class Contract(StoreContract):
        harness = Down

    with pytest.raises(AssertionError, match=r"(?s)could not be opened and closed: ConnectionError"):
        Contract().test_c3_a_key_belongs_to_its_stream()  # type: ignore[attr-defined]


def test_a_harness_that_does_not_work_is_no_broken_clause() -> None:
    class Lost(MemoryHarness):
        child = "no_such_package:open"

    class Down(MemoryHarness):
        def provision(self) -> None:
            raise ConnectionError("no server")

    class One(StoreContract):
        harness = Lost

    class Two(StoreContract):
        harness = Down

    One().test_c3_a_key_belongs_to_its_stream()  # type: ignore[attr-defined]
    with pytest.raises(HarnessBroken, match=r"the harness does not work: its child no_such_package:open cannot"):
        One().test_c12_a_handle_refuses_after_a_fork()  # type: ignore[attr-defined]
    with pytest.raises(HarnessBroken, match="no empty storage could be provisioned"):
        Two().test_c3_a_key_belongs_to_its_stream()  # type: ignore[attr-defined]


def test_each_class_has_its_own_harness() -> None:
    class One(StoreContract):
        harness = MemoryHarness

    class Two(One):
        harness = MemoryHarness()

    One().test_c3_a_key_belongs_to_its_stream()  # type: ignore[attr-defined]
    Two().test_c3_a_key_belongs_to_its_stream()  # type: ignore[attr-defined]
    assert One._introduced()[0] is not Two._introduced()[0] is Two.harness
    with pytest.raises(unittest.SkipTest, match="C4 is not covered: the store does not declare DURABLE"):
        One().test_c4_a_killed_process_loses_nothing_acknowledged()  # type: ignore[attr-defined]
