"""A real process is killed, or refused, at its K-th system call of a kind, by strace; then the store is opened and looked at."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from stabflow.errors import StoreError

from . import scripts, traced
from .child import environment
from .disk import lay_out
from .ends import NAME
from .files import opened, unsound
from .script import Expected, Hands, Step, keys_of, look
from .tally import NotTried, Tally

AT = 1_000
"""The call of each process at which strace strikes; more than any script makes."""

PATIENCE = 120.0

KILLING = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "link")


@attrs.frozen
class Strike:
    """What befalls the call: "kill", or the name of an error. ``only_index`` strikes calls on the index of the log alone."""

    call: str
    what: str
    only_index: bool = False
    also_called: tuple[str, ...] = ()

    def options(self, tmp: Path) -> list[str]:
        effect = "signal=SIGKILL" if self.what == "kill" else f"error={self.what}"
        # Newer processors have only the second of these calls.
        calls = {"unlink": "?unlink,unlinkat", "link": "?link,linkat"}.get(self.call, self.call)
        paths = [tmp / "run" / f"{NAME}-shm", tmp / traced.BURNER] if self.only_index else []
        return [
            *(word for path in paths for word in ("-P", str(path))),
            *("-e", f"trace={calls}", "-e", f"inject={calls}:{effect}:when={AT}"),
        ]


ERRORS = (
    Strike("pread64", "EIO", also_called=("Corrupt",)),  # as SQLite itself calls it: the file system is damaged
    Strike("pwrite64", "EIO"),
    Strike("pwrite64", "ENOSPC"),
    Strike("fdatasync", "EIO"),
    Strike("fsync", "EIO"),
    Strike("ftruncate", "EIO"),
    Strike("unlink", "EIO"),
    Strike("link", "EIO"),
    Strike("link", "ENOSPC"),
    Strike("fcntl", "EIO"),
    Strike("fcntl", "ENOLCK", only_index=True),
    Strike("mmap", "ENOMEM", only_index=True),
    Strike("pwrite64", "ENOSPC", only_index=True),
)


def missing() -> NotTried | None:
    """Why nothing can be struck here, if so."""
    strace = shutil.which("strace")
    if sys.platform != "linux" or strace is None:
        return NotTried("there is no strace")
    done = subprocess.run(
        [strace, "-f", "-qq", "-o", "/dev/null", "true"], check=False, capture_output=True, timeout=60
    )
    return NotTried("strace may not trace") if done.returncode else None


class Server:
    """A process under strace to which work is given."""

    def __init__(self, tmp: Path, strike: Strike) -> None:
        self._tmp = tmp
        self._strike = strike
        line = ["strace", "-f", "-qq", "-o", "/dev/null", *strike.options(tmp)]
        self.process = subprocess.Popen(
            [*line, sys.executable, "-m", "crash.traced"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,
        )
        assert self._read() == ["ready"]

    def _read(self) -> list[object]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.endswith("\n"), "the process under strace ended"
        return list(json.loads(line))

    def work(self, script: str, number: int) -> Iterator[list[object]]:
        """Do the script, struck at the call with this number; what was told of it."""
        assert self.process.stdin is not None
        order = [str(self._tmp / "run"), script, self._strike.call, AT - number]
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        patience = threading.Timer(PATIENCE, os.killpg, (self.process.pid, signal.SIGKILL))
        patience.start()
        try:
            while True:
                told = self._read()
                yield told
                if told[0] == "end":
                    return
        finally:
            patience.cancel()


@contextmanager
def serving(tmp: Path, strike: Strike) -> Iterator[Server]:
    server = Server(tmp, strike)
    try:
        yield server
    finally:
        server.process.communicate(timeout=60)


CALLS = (*KILLING, "pread64", "fcntl", "mmap")


@functools.cache
def calls_in(script: str) -> Counter[tuple[str, bool]]:
    """How many calls of each kind the script makes, and how many of them on the index of the log alone."""
    with tempfile.TemporaryDirectory() as folder:
        tmp = Path(folder)
        lay_out(tmp / "run", scripts.files_of(script))
        calls = ",".join(f"?{call}" for call in (*CALLS, "unlinkat", "linkat"))
        line = ["strace", "-f", "-y", "-qq", "-o", str(tmp / "log"), "-e", f"trace={calls}"]
        order = json.dumps([str(tmp / "run"), script, "pwrite64", 0])
        done = subprocess.run(
            [*line, sys.executable, "-m", "crash.traced"], input=f"{order}\n", stdout=subprocess.PIPE, text=True, check=True,
            env=environment(), timeout=120,
        )  # fmt: skip
        assert json.loads(done.stdout.splitlines()[-1]) == ["end", 0]
        log = (tmp / "log").read_text(encoding="utf-8", errors="replace").splitlines()
    server = log[0].split()[0]
    found: Counter[tuple[str, bool]] = Counter()
    for line_ in log:
        process, _, rest = line_.partition(" ")
        call = rest.strip().partition("(")[0].removesuffix("at")
        if process != server and call in CALLS and traced.BURNER not in rest:
            found[call, False] += 1
            found[call, True] += f"{NAME}-shm" in rest
    return found


def strike_everywhere(
    tmp: Path, strike: Strike, script: str, *, stride: int = 1, told_as: Sequence[Step] | None = None
) -> Tally:
    """Strike at every ``stride``-th call of the kind, in one run of the script each; then open the store and look. What it
    says it has done are the steps ``told_as``, or those of the script."""
    steps, before = scripts.named(script)
    steps = told_as or steps
    files = scripts.files_of(script)
    expected, tally = Expected(steps), Tally()
    folder = tmp / "run"
    last = calls_in(script)[strike.call, strike.only_index]
    assert last, f"the script makes no {strike.call}"
    with serving(tmp, strike) as server:
        for number in range(1, last + 1, stride):
            lay_out(folder, files)
            hands, done = Hands(), before
            error, text, status = "", "", 0
            for told in server.work(script, number):
                match told:
                    case ["done", int(done), list(found)]:
                        hands = traced.from_json(found)
                    case ["error", str(error), str(text)]:
                        pass
                    case ["end", int(status)]:
                        pass
            place = f"{strike.call} {number} of {last}, {strike.what}, {error or status} {text}"
            if error not in {"", "StoreUnavailable", "CommitUnknown", *strike.also_called}:
                tally.misreport(place)
            if strike.what == "kill":
                if status == 0 and number == last:
                    shutil.rmtree(folder)
                    continue  # the last call of its kind is not made each time
                assert status == 9, place
            else:
                assert status == 0, place
                assert error or done == len(steps), place
            there: object
            try:
                with opened(folder / NAME, clock=hands.clock) as store:
                    there = look(store, hands, keys_of(steps))
                if (folder / NAME).exists() and (wrong := unsound(folder / NAME)):
                    there = {"integrity": wrong}
            except StoreError as trouble:
                there = {"open": repr(trouble)}
            tally.points += 1
            tally.look(expected, done, there, place, certain=error not in {"", "CommitUnknown"})
            shutil.rmtree(folder)
    return tally
