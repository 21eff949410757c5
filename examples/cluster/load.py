"""The processes of the application on a cluster, and what their journals say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from .cluster import Cluster
from .layout import CLIENT, ClusterError

ROOT = Path(__file__).resolve().parents[2]
PARTS = {"worker": 3, "ticker": 2, "follower": 1, "sender": 1, "courier": 2}
"""How many processes there are of each part of the application."""
DEADLINE = "3"
"""Seconds after which the store gives up waiting for an answer, and asks again on another connection."""
BEGIN_SECONDS, STOP_SECONDS = 90.0, 40.0


@attrs.frozen
class Event:
    """A line of a journal: when, what, and the facts; ``process`` wrote it."""

    at: float
    what: str
    process: str
    facts: dict[str, Any]


class Load:
    """The application, while it runs."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._folder = cluster.layout.run / "application"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start every process, and wait until each has begun."""
        self._folder.mkdir(exist_ok=True)
        began = self._folder / "began"
        if not began.exists():
            began.write_text(str(time.time()))
        names = [(part, f"{part}{n}") for part, count in PARTS.items() for n in range(1, count + 1)]
        already = {name: sum(one.what == "began" for one in self._journal(name)) for _, name in names}
        for part, name in names:
            self._start(part, name, began.read_text())
        until = time.monotonic() + BEGIN_SECONDS
        while any(sum(one.what == "began" for one in self._journal(name)) == already[name] for _, name in names):
            self.check_alive()
            if time.monotonic() > until:
                raise ClusterError(f"not every process has begun after {BEGIN_SECONDS:.0f} s: see {self._folder}")
            time.sleep(0.2)

    def _start(self, part: str, name: str, began: str) -> None:
        cluster = self._cluster
        url = cluster.layout.url(deadline=DEADLINE, connections="2", application_name=name)
        command = [sys.executable, "-m", "examples.cluster.application"]
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [*cluster.network.on(CLIENT), *command, part, name, url, str(self._folder / f"{name}.jsonl"), began],
                cwd=ROOT,
                env={**os.environ, "PGPASSFILE": str(cluster.layout.passfile)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def check_alive(self) -> None:
        """Every process must live through everything."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                said = (self._folder / f"{name}.log").read_text()[-2_000:]
                raise ClusterError(f"{name} ended with status {process.returncode}:\n{said}")

    def stop(self, *parts: str) -> None:
        """Stop the processes of some parts, or all, each when it has its answer."""
        chosen = {name: one for name, one in self._processes.items() if not parts or name.startswith(parts)}
        for process in chosen.values():
            process.send_signal(signal.SIGTERM)
        for name, process in chosen.items():
            try:
                status = process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise ClusterError(f"{name} did not stop within {STOP_SECONDS:.0f} s") from None
            finally:
                del self._processes[name]
            if status:
                raise ClusterError(f"{name} ended with status {status}: see {self._folder / name}.log")

    def kill(self) -> None:
        """End every process at once, as one does when something else has failed already."""
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._processes.clear()

    def events(self) -> list[Event]:
        """Everything in the journals so far, in its order."""
        found = [one for path in self._folder.glob("*.jsonl") for one in self._journal(path.stem)]
        return sorted(found, key=lambda one: one.at)

    def acknowledged(self) -> list[Event]:
        """The acts that were acknowledged so far."""
        return [one for one in self.events() if one.what == "acknowledged"]

    def _journal(self, name: str) -> Iterator[Event]:
        path = self._folder / f"{name}.jsonl"
        if path.exists():
            for line in path.read_text().splitlines():
                facts = json.loads(line)
                yield Event(facts.pop("at"), facts.pop("what"), name, facts)
