"""What tests of the command line share: the examples, a small procedure, and the program as a process."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import stabflow
from stabflow.dossier import Dossier, run

ROOT = Path(__file__).parent.parent
PLAIN = ROOT / "examples" / "plain.toml"
BRIDGE = ROOT / "examples" / "county-bridge.toml"
CASE = "five-step-market-hall-1"
GRANT = ROOT / "tests" / "grants" / "small-grant.toml"
CHOIR = ROOT / "tests" / "grants" / "choir.toml"
Run = Callable[..., tuple[int, str, str]]


def written(dossier: Path, file: str = "stabflow.db") -> None:
    """Lay a store down in the present folder in which ``dossier`` was run, as ``stabflow run`` leaves it."""
    Path(file).write_bytes(_store_of(dossier))


@functools.cache
def _store_of(dossier: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "stabflow.db")
        with stabflow.open(f"sqlite:///{file}", late_entry=None) as engine:
            run(Dossier.load(dossier), engine)
        assert [one.name for one in Path(folder).iterdir()] == [file.name], "all of it lies in one file"
        return file.read_bytes()


def program(
    *words: str | Path, folder: Path, streams: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own; ``streams`` are redirections of the shell."""
    env = {
        name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_MESSAGES", "LANG", "COLUMNS")
    }
    env |= {"PYTHONPATH": str(ROOT / "src"), **environment}
    command = [sys.executable, "-m", "stabflow", *map(str, words)]
    if streams:
        command = ["sh", "-c", f'exec "$@" {streams}', "sh", *command]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False, timeout=60)
