"""What mypy --strict reports of a plugin and of a user's tests: everything that is wrong, and nothing of what is right."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

WRONG = """
from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import stabflow
from stabflow import Blocker, Case, Plugin, Record, Refused, hookimpl
from stabflow.ports.hooks import Breach, CalendarSource, Command, Fire, StoreScheme
from stabflow.ports.store import Store


class Wrong(Plugin):
    contract = "1"  # assignment

    @hookimpl
    def stabflow_stores(self) -> Iterable[CalendarSource]:  # override
        return ()

    @hookimpl
    def stabflow_calendars(self, engine: object) -> Iterable[CalendarSource]:  # override
        return ()

    @hookimpl
    def stabflow_check_command(self, case: Case, command: Command, now: datetime) -> Blocker | None:  # override
        return None

    @hookimpl
    async def stabflow_recorded(self, case: Case, records: Sequence[Record]) -> None:  # override
        return None

    @hookimpl
    def stabflow_refused(self, case: Case | None, refusal: str) -> None:  # override
        return None

    @hookimpl
    def stabflow_breach_found(self, case: Case, breach: Breach) -> Blocker | None:  # override
        return None


class WrongAnswers(Plugin):
    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return ("cellar",)  # return-value

    @hookimpl
    def stabflow_check_command(self, case: Case | None, command: Command, now: datetime) -> Blocker | None:
        return isinstance(command, Fire)  # return-value


def open_store(url: str) -> Store:
    raise NotImplementedError(url)


StoreScheme("cellar", open_store)  # arg-type
stabflow.open("memory:", plugins=[WrongAnswers])  # list-item
stabflow.open("memory:", plugins=[7])  # list-item
"""


WRONG_TEST = """
from __future__ import annotations

from datetime import timedelta

import stabflow
from stabflow.stores.memory import MemoryStore
from stabflow.testing import FakeClock, FaultyStore, Trouble, crash_points, engine_over, tamper

store = FaultyStore(MemoryStore(), [Trouble("broken")])  # arg-type
store.plan("unavailable")  # arg-type
store.plan(Trouble("slow", 3))  # arg-type
FaultyStore("memory:")  # arg-type
engine_over("memory:")  # arg-type
FakeClock("2026-03-02")  # arg-type
FakeClock().advance("an hour")  # arg-type
tamper(store).payload("case/x", 1, b"find", b"put")  # arg-type
tamper(store).remove("case/x")  # call-arg
crash_points(lambda store, note: None, print)  # arg-type
crash_points("my_tests:script", lambda: None)  # arg-type misc
"""

WRONG_MACHINE = """
from __future__ import annotations

from stabflow.testing import ActProperty, ShownAct, procedure_machine, replay_trace
from stabflow.text import Text


def long_ago(shown: ShownAct) -> str:
    return shown.after.state


ActProperty(title=Text("x", "x"), always=long_ago)  # arg-type
procedure_machine(7)  # arg-type
procedure_machine("five-step", harness="memory")  # arg-type
procedure_machine("five-step", extra=[long_ago])  # list-item
procedure_machine("five-step").TestCase.least_coverage = "half"  # assignment
replay_trace(7)  # arg-type
"""


def mypy(file: Path, cache: Path) -> list[tuple[int, str]]:
    """The lines of a file with errors, each with the code of its error."""
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(cache)]
    done = subprocess.run(
        [*command, str(file)], cwd=ROOT, capture_output=True, encoding="utf-8", check=False, timeout=300
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.rstrip().rpartition("\n")[2].startswith(("Success", "Found")), done.stdout
    pattern = rf"{re.escape(file.name)}:(\d+): error: .*\[([a-z-]+)\]$"
    return [(int(line), code) for line, code in re.findall(pattern, done.stdout, re.MULTILINE)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong_text", "right"),
    [
        pytest.param(WRONG, "a_plugin.py", id="a plugin"),
        pytest.param(WRONG_TEST, "testing_with_faults.py", id="a test with faults"),
        pytest.param(WRONG_MACHINE, "testing_a_procedure.py", id="a test of a procedure"),
    ],
)
def test_mypy_reports_everything_wrong_and_nothing_else(wrong_text: str, right: str, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(wrong_text, encoding="utf-8")
    expected = [
        (number, code)
        for number, line in enumerate(wrong_text.splitlines(), start=1)
        if "  # " in line
        for code in line.partition("  # ")[2].split()
    ]
    found = mypy(wrong, tmp_path / "cache")
    assert sorted(set(found)) == sorted(expected)
    assert mypy(ROOT / "tests" / "typing" / right, tmp_path / "cache") == []
