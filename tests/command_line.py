"""What tests of the command line share: the examples, a small procedure, and the program as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLAIN = ROOT / "examples" / "plain.toml"
BRIDGE = ROOT / "examples" / "county-bridge.toml"
CASE = "five-step-market-hall-1"
GRANT = ROOT / "tests" / "grants" / "small-grant.toml"
CHOIR = ROOT / "tests" / "grants" / "choir.toml"
Run = Callable[..., tuple[int, str, str]]


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
