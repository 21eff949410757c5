"""The exit status is that of the answer, in whatever moment the reader of the output leaves."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import CASE, CHOIR, GRANT, PLAIN, ROOT, Run

from stabflow.cli import main

CHOIR_CASE = "small-grant-choir-2026-1"
MOVE = ("--by", "d-1", "--body", "culture-office", "--basis", "order 9")


class Leaving:
    """Standard output whose reader leaves after so many writes."""

    encoding = "utf-8"

    def __init__(self, writes: int) -> None:
        self.left = writes
        self.broken = False

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        self._tick()
        return len(text)

    def flush(self) -> None:
        if self.broken:
            raise BrokenPipeError

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def _tick(self) -> None:
        if self.left <= 0:
            self.broken = True
            raise BrokenPipeError
        self.left -= 1


def edited(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    text = GRANT.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.fixture
def commands(stab: Run, tmp_path: Path) -> dict[str, tuple[Sequence[str], int]]:
    """Commands with the status of their answer, in a folder that has what they read."""
    asked = '{ value = "complete", is = true }'
    never = '{ value = "complete", is = false }'
    flawed = edited(tmp_path, "flawed.toml", (asked, f"{asked}, {never}"))
    second = edited(tmp_path, "second.toml", ('version = "1"', 'version = "2"'), ("5 working days", "6 working days"))
    dossier = CHOIR.read_text(encoding="utf-8").partition("[[acts]]\nat = 2026-02-09")[0]
    (tmp_path / "choir.toml").write_text(dossier, encoding="utf-8")
    (tmp_path / "small-grant.toml").write_bytes(GRANT.read_bytes())
    assert stab("run", "choir.toml")[0] == 0
    assert stab("run", PLAIN)[0] == 0
    return {
        "check": (("check", str(flawed)), 1),
        "diff": (("diff", str(GRANT), str(second)), 1),
        "plan": (("plan", CHOIR_CASE, "received"), 1),
        "migrate": (("migrate", str(second), CHOIR_CASE, "--dry-run", "--by", "nobody", *MOVE[2:]), 1),
        "run": (("run", str(PLAIN)), 0),
        "show": (("show", CASE), 0),
        "history": (("history", CASE), 0),
        "procedures": (("procedures", "five-step"), 0),
    }


@pytest.mark.parametrize("as_json", [False, True])
def test_the_status_stays_whenever_the_reader_leaves(
    commands: dict[str, tuple[Sequence[str], int]],
    as_json: bool,
    stab: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for plain, status in commands.values():
        words = (*plain, "--json") if as_json else plain
        assert stab(*words)[0] == status, words
        for writes in (0, 1, 2, 7):
            with monkeypatch.context() as patch:
                patch.setattr(sys, "stdout", Leaving(writes))
                assert main(list(words)) == status, (words, writes)
            assert capsys.readouterr().err == ""


def test_what_is_to_be_written_is_written_though_nobody_reads_of_it(
    stab: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (("run", str(PLAIN), "--json"), ("show",), ("show", "--json")):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", Leaving(0))
            assert main(list(words)) == 0
    assert [row["case_id"] for row in json.loads(stab("show", "--json")[1])] == [CASE]


@pytest.mark.parametrize("lines", [1, *(pytest.param(one, marks=pytest.mark.slow) for one in (0, 3))])
def test_a_pipe_that_breaks_changes_no_status(
    commands: dict[str, tuple[Sequence[str], int]], tmp_path: Path, lines: int
) -> None:
    for name in ("check", "diff"):
        words, status = commands[name]
        for more in ((), ("--json",)):
            process = subprocess.Popen(
                [sys.executable, "-m", "stabflow", *words, *more],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            assert process.stdout is not None
            assert process.stderr is not None
            for _ in range(lines):
                process.stdout.readline()
            process.stdout.close()
            err = process.stderr.read()
            process.stderr.close()
            assert (process.wait(), err) == (status, b""), (words, more)
