"""What mypy --strict reports of a plugin: each hook that is overridden wrongly, and nothing of what is right."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RIGHT = ROOT / "tests" / "typing" / "a_plugin.py"

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
def test_mypy_reports_every_wrong_override(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong_plugin.py"
    wrong.write_text(WRONG, encoding="utf-8")
    expected = [
        (number, code)
        for number, line in enumerate(WRONG.splitlines(), start=1)
        if "  # " in line
        for code in line.partition("  # ")[2].split()
    ]
    found = mypy(wrong, tmp_path / "cache")
    assert sorted(set(found)) == sorted(expected)
    assert mypy(RIGHT, tmp_path / "cache") == []
