"""Processes that tick on one store until they are killed: run as a child, ``python -m crash.ticking URL TIME``.
With a third word the procedure has notices."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import lapsing
from notified import NOTIFIED

import stabflow
from stabflow.errors import CommitUnknown, StoreUnavailable, VersionConflict

from .child import environment

WEEK = timedelta(days=7)


def start(where: str, now: datetime, *, notified: bool = False) -> subprocess.Popen[str]:
    """A process that ticks by a clock that stands at ``now``; it says "ready" when it begins, and ends when there is no more."""
    command = [sys.executable, "-m", "crash.ticking", where, now.isoformat(), *(["notified"] if notified else [])]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, encoding="utf-8")


def url(path: Path) -> str:
    """The store, which need not survive a power cut: it is processes that die here."""
    return f"sqlite:///{path}?synchronous=normal"


def tick(where: str, now: datetime, *, notified: bool = False) -> int:
    """Tick until nothing is left to be found; what others were doing at the same time is tried again. How much was found."""
    found, known = 0, lapsing.known(NOTIFIED) if notified else lapsing.known()
    with stabflow.open(where, clock=lambda: now, procedures=[known]) as engine:
        while True:
            try:
                done = engine.tick()
            except (VersionConflict, StoreUnavailable, CommitUnknown):
                continue
            found += len(done.breaches) + len(done.created) + done.reminders
            if not done.breaches and not done.created and not done.reminders and not done.failures:
                return found


if __name__ == "__main__":
    print("ready", flush=True)
    print(tick(sys.argv[1], datetime.fromisoformat(sys.argv[2]), notified=len(sys.argv) > 3), flush=True)
