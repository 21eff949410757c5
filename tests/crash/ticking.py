"""Processes that tick on one store until they are killed: run as a child, ``python -m crash.ticking URL TIME``."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import lapsing

import stabflow
from stabflow.errors import CommitUnknown, StoreUnavailable, VersionConflict

from .child import environment

WEEK = timedelta(days=7)


def start(where: str, now: datetime) -> subprocess.Popen[str]:
    """A process that ticks by a clock that stands at ``now``; it says "ready" when it begins, and ends when there is no more."""
    command = [sys.executable, "-m", "crash.ticking", where, now.isoformat()]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, encoding="utf-8")


def url(path: Path) -> str:
    """The store, which need not survive a power cut: it is processes that die here."""
    return f"sqlite:///{path}?synchronous=normal"


def tick(where: str, now: datetime) -> int:
    """Tick until nothing is left to be found; what others were doing at the same time is tried again. How much was found."""
    found = 0
    with stabflow.open(where, clock=lambda: now, procedures=[lapsing.known()]) as engine:
        while True:
            try:
                done = engine.tick()
            except (VersionConflict, StoreUnavailable, CommitUnknown):
                continue
            found += len(done.breaches) + len(done.created)
            if not done.breaches and not done.created and not done.failures:
                return found


if __name__ == "__main__":
    print("ready", flush=True)
    print(tick(sys.argv[1], datetime.fromisoformat(sys.argv[2])), flush=True)
