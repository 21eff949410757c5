"""The processes of a cluster: started apart from whoever starts them, and found again by the folder in which they work.

PostgreSQL refuses to run as root, so root starts them in a user namespace in which they are `nobody`; outside it they are root's.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from .layout import ClusterError

NOBODY = "65534"
_SERVERS = {"etcd", "postgres", "initdb", "pg_basebackup", "pg_rewind", "pg_ctl", "pg_controldata"}


def why_no_user() -> str | None:
    """Why PostgreSQL cannot be run by whoever this is; ``None`` where it can."""
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            return f"PostgreSQL does not run as a user without a name, such as {os.geteuid()} here; run as another user"
        return None
    done = subprocess.run([*as_nobody(), "true"], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode == 0:
        return None
    return (
        f"PostgreSQL does not run as root, and there are no user namespaces: {done.stderr.strip()}; run as another user"
    )


def as_nobody() -> list[str]:
    """What stands before a command that may not run as root."""
    if os.geteuid() != 0:
        return []
    return ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]


def launch(command: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str] | None = None) -> None:
    """Start ``command`` in ``folder``, in a session of its own and nobody's child, so that it stays when this process goes."""
    if shutil.which("setsid") is None:
        raise ClusterError("there is no program setsid; it comes with util-linux")
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    surroundings |= {"LC_ALL": "C.UTF-8", **(environment or {})}
    with log.open("ab") as output:
        subprocess.run(
            ["setsid", "--fork", *command],
            cwd=folder,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=20,
            check=True,
        )


def servers_in(folder: Path) -> list[psutil.Process]:
    """Every server that works in ``folder`` or below: etcd, Patroni, PostgreSQL and all that these started."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if not Path(process.cwd()).is_relative_to(folder) or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.name() in _SERVERS or "patroni" in process.cmdline():
                found.append(process)
    return found


def is_etcd(process: psutil.Process) -> bool:
    """Whether a server is an etcd member."""
    with contextlib.suppress(psutil.Error):
        return bool(process.name() == "etcd")
    return False


def is_patroni(process: psutil.Process) -> bool:
    """Whether a server is Patroni itself."""
    with contextlib.suppress(psutil.Error):
        return "patroni" in process.cmdline()
    return False


def send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to each that is still there."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def wait_gone(folder: Path, seconds: float, *, but: Sequence[psutil.Process] = ()) -> list[psutil.Process]:
    """Wait until no server works in ``folder`` except those in ``but``; those that still do after so many seconds."""
    until = time.monotonic() + seconds
    while left := [one for one in servers_in(folder) if one not in but]:
        if time.monotonic() > until:
            return left
        time.sleep(0.1)
    return []


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])
