"""Processes that use a storage: started, listened to within the time there is, and killed."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from .expectation import ClauseBroken, HarnessBroken, shown

_END = object()


class Process:
    """A process that tells what it does line by line; a context that kills it in the end. ``left`` says how many seconds there
    are, ``job`` what it does."""

    def __init__(self, command: Sequence[str], *, job: str, left: Callable[[], float]) -> None:
        self._job = job
        self._left = left
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(Path.cwd()), *sys.path]))},
            start_new_session=True,
        )
        self._lines: queue.Queue[object] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):  # the last one may have been cut off by the kill
                self._lines.put(json.loads(line))
        self._lines.put(_END)

    def hear(self) -> Any:
        """The next thing it tells; fails when it ends or falls silent instead."""
        try:
            heard = self._lines.get(timeout=max(0.01, self._left()))
        except queue.Empty:
            raise ClauseBroken(f"the child process ({self._job}) told nothing for too long") from None
        if heard is _END:
            self._process.wait(timeout=10)
            raise self.ended()
        return heard

    def ended(self) -> ClauseBroken:
        """The error for a process that ended on its own, with what it left on standard error."""
        return ClauseBroken(f"the child process ({self._job}) ended before it was killed:\n{self.errors()}")

    def errors(self) -> str:
        """The end of what it left on standard error."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-2_000:].strip()

    def alive(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def say(self, what: object = "go") -> None:
        """Say something to a child that waits for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()

    def kill(self) -> list[Any]:
        """Kill it (and what it started) without warning; what it had told and nobody had heard yet."""
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait(timeout=10)
        self._listener.join(10)
        heard: list[Any] = []
        with suppress(queue.Empty):
            while (line := self._lines.get_nowait()) is not _END:
                heard.append(line)
        return heard

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with suppress(OSError):  # what was not flushed has no reader any more
                    stream.close()


def said_in_json(config: Any) -> str:
    """A configuration as it goes to another process; `HarnessBroken` when it cannot."""
    try:
        return json.dumps(config)
    except (TypeError, ValueError) as error:
        what = "a harness with a child has configurations that JSON can say, since they go to another process"
        raise HarnessBroken(f"{what}; this one is {shown(config)}") from error
