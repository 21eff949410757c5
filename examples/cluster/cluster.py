"""The cluster as a whole: start it, wait until it is whole, ask how it is, stop it."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import psutil
import psycopg
from psycopg import sql

from . import processes
from .layout import APPLICATION, CLIENT, DATABASE, ETCD, REST, SUPERUSER, ClusterError, Layout, Node
from .network import Network, network_of, why_no_namespaces
from .settings import etcd_command, etcd_program, patroni_command, write_patroni_settings

NEEDED_MEMORY, NEEDED_DISK = 1_500_000_000, 2_000_000_000
"""Bytes that must be free: the nodes take 0.75 GB of memory together, and room to write."""
ETCD_SECONDS, WHOLE_SECONDS, STOP_SECONDS = 30.0, 120.0, 40.0
AFTER_SECONDS = 10.0
"""So long a Patroni that is being started need not be seen yet."""


@attrs.frozen
class Standing:
    """What a node says of itself: ``role`` is primary, replica, or empty where it does not answer."""

    node: str
    role: str = ""
    state: str = ""
    streaming: bool = False
    counts: bool = False
    """Whether the leader waits for this standby, or for others like it."""
    timeline: int = 0


@attrs.frozen
class Cluster:
    """A cluster of three nodes in one folder."""

    layout: Layout
    network: Network

    @classmethod
    def new(cls, run: Path, *, namespaces: bool | None = None, synchronous: bool = True) -> Cluster:
        """A cluster to be started in ``run``; in network namespaces if they are asked for, or possible where nothing is asked."""
        if reason := why_not():
            raise ClusterError(reason)
        if namespaces is None:
            namespaces = why_no_namespaces() is None
        elif namespaces and (reason := why_no_namespaces()):
            raise ClusterError(f"no network namespaces: {reason}")
        _clear(run)
        layout = Layout.made(run, namespaces=namespaces, synchronous=synchronous)
        return cls(layout, network_of(layout))

    @classmethod
    def there(cls, run: Path) -> Cluster:
        """The cluster that was started in ``run``."""
        layout = Layout.found(run)
        return cls(layout, network_of(layout))

    # Starting and stopping

    def start(self) -> float:
        """Start whatever is not running and wait until the cluster is whole; how many seconds that took."""
        began = time.monotonic()
        self.start_all_etcd()
        for node in self.layout.nodes:
            self.start_patroni(node)
        self.wait_whole()
        self._make_database()
        return time.monotonic() - began

    def start_all_etcd(self) -> None:
        """Start every etcd member that does not run, and the network, and wait until they are healthy."""
        self.network.build()
        for node in self.layout.nodes:
            self.start_etcd(node)
        self._wait_for_etcd()

    def start_etcd(self, node: Node) -> None:
        """Start a node's etcd member, unless it runs."""
        if not any(map(processes.is_etcd, processes.servers_in(node.folder))):
            self._launch(node, etcd_command(self.layout, node), node.etcd_log)

    def start_patroni(self, node: Node, *, moment: str | None = None) -> None:
        """Start a node's Patroni, unless it runs; it starts PostgreSQL, with the backup at ``moment`` if one is given."""
        if not any(map(processes.is_patroni, processes.servers_in(node.folder))):
            write_patroni_settings(self.layout, node, moment=moment)
            self._launch(node, patroni_command(node), node.patroni_log)

    def _launch(self, node: Node, command: list[str], log: Path) -> None:
        processes.launch([*self.network.on(node.name), *processes.as_nobody(), *command], folder=node.folder, log=log)

    def _wait_for_etcd(self) -> None:
        endpoints = ",".join(f"{node.address}:{ETCD}" for node in self.layout.nodes)
        ask = [
            *self.network.on(CLIENT),
            etcd_program("etcdctl"),
            f"--endpoints={endpoints}",
            "endpoint",
            "health",
            "--cluster",
        ]
        until = time.monotonic() + ETCD_SECONDS
        while True:
            done = subprocess.run(ask, capture_output=True, text=True, timeout=20, check=False)
            if done.returncode == 0:
                return
            if time.monotonic() > until:
                logs = "\n".join(processes.tail(node.etcd_log, 5) for node in self.layout.nodes)
                raise ClusterError(f"etcd is not healthy after {ETCD_SECONDS:.0f} s: {done.stderr}\n{logs}")
            time.sleep(0.2)

    def stop(self) -> list[str]:
        """Stop everything, the leader last to lose its standbys, and take the network away; what had to be killed."""
        killed = []
        for node in self.layout.nodes:
            there = processes.servers_in(node.folder)
            processes.send(there, signal.SIGCONT)
            processes.send(filter(processes.is_patroni, there), signal.SIGTERM)
        for node in self.layout.nodes:
            etcd = [one for one in processes.servers_in(node.folder) if processes.is_etcd(one)]
            left = processes.wait_gone(node.folder, STOP_SECONDS, but=etcd)
            killed += self._killed(node, left)
        for node in self.layout.nodes:
            processes.send(processes.servers_in(node.folder), signal.SIGTERM)
        for node in self.layout.nodes:
            killed += self._killed(node, processes.wait_gone(node.folder, STOP_SECONDS))
        self.network.remove()
        return killed

    def _killed(self, node: Node, left: list[psutil.Process]) -> list[str]:
        names = []
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                names.append(f"{node.name}: {process.name()} {process.pid}")
        processes.send(left, signal.SIGKILL)
        if left and processes.wait_gone(node.folder, 5):
            raise ClusterError(f"processes of {node.name} outlive SIGKILL: {', '.join(names)}")
        return names

    # How it is

    def standings(self) -> list[Standing]:
        """What each node says of itself."""
        with self.network.entered():
            return [_ask(node) for node in self.layout.nodes]

    def leader(self) -> Node | None:
        """The node that leads, if exactly one says that it does."""
        leading = [one.node for one in self.standings() if one.role == "primary"]
        return self.layout.node(leading[0]) if len(leading) == 1 else None

    def is_whole(self) -> bool:
        """Whether one node leads and both others follow it, each such that the leader may wait for it."""
        standings = self.standings()
        leads = [one for one in standings if one.role == "primary"]
        follows = [
            one
            for one in standings
            if one.role == "replica" and one.streaming and one.counts is self.layout.synchronous
        ]
        return len(leads) == 1 and len(follows) == len(standings) - 1

    def wait_whole(self, seconds: float = WHOLE_SECONDS) -> float:
        """Wait until the cluster is whole, its etcd too; how many seconds that took."""
        began = time.monotonic()
        self._wait_for_etcd()
        while not self.is_whole():
            passed = time.monotonic() - began
            if passed > AFTER_SECONDS and not self._has_patroni():
                raise ClusterError(f"Patroni ended on every node within {passed:.0f} s")
            if passed > seconds:
                said = "\n".join(str(one) for one in self.standings())
                logs = "\n".join(
                    f"{node.patroni_log}:\n{processes.tail(node.patroni_log)}" for node in self.layout.nodes
                )
                raise ClusterError(f"the cluster is not whole after {seconds:.0f} s:\n{said}\n{logs}")
            time.sleep(0.2)
        return time.monotonic() - began

    def _has_patroni(self) -> bool:
        return any(processes.is_patroni(one) for node in self.layout.nodes for one in processes.servers_in(node.folder))

    @contextlib.contextmanager
    def connected(
        self, node: Node, *, user: str = APPLICATION, database: str = DATABASE
    ) -> Iterator[psycopg.Connection]:
        """A connection to one node, whatever its part is."""
        with self.network.entered():
            connection = psycopg.connect(self.layout.conninfo(node, user=user, database=database), autocommit=True)
        try:
            yield connection
        finally:
            connection.close()

    def _make_database(self) -> None:
        """Make the role and the database of the applications, unless they are there."""
        leader = self.leader()
        if leader is None:
            raise ClusterError("the leader changed while the database was to be made; start again")
        with self.connected(leader, user=SUPERUSER, database="postgres") as server:
            role, database = sql.Identifier(APPLICATION), sql.Identifier(DATABASE)
            if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION]).fetchone():
                password = sql.Literal(self.layout.passwords[APPLICATION])
                server.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
            if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))


def why_not() -> str | None:
    """Why no cluster can be started on this machine; ``None`` where one can."""
    if not Path("/proc/self").exists():
        return "the cluster needs Linux"
    free = psutil.virtual_memory().available
    if free < NEEDED_MEMORY:
        return f"the cluster needs {NEEDED_MEMORY / 1e9:.1f} GB of memory, and {free / 1e9:.1f} are free"
    return processes.why_no_user()


def _clear(run: Path) -> None:
    """Kill what runs in a folder that was removed under it; nobody can stop it any more."""
    folder = run.resolve()
    if not Layout.is_in(folder):
        processes.send(processes.servers_in(folder), signal.SIGKILL)
        processes.wait_gone(folder, 5)


def check_disk(run: Path) -> None:
    """Refuse to start where the disk is almost full."""
    free = shutil.disk_usage(run).free
    if free < NEEDED_DISK:
        raise ClusterError(f"the cluster needs {NEEDED_DISK / 1e9:.0f} GB in {run}, and {free / 1e9:.1f} are free")


def _ask(node: Node) -> Standing:
    connection = http.client.HTTPConnection(node.address, REST, timeout=2)
    try:
        connection.request("GET", "/patroni")
        said = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return Standing(node.name)
    finally:
        connection.close()
    return Standing(
        node=node.name,
        role=said.get("role", ""),
        state=said.get("state", ""),
        streaming=said.get("replication_state") == "streaming",
        counts=bool(said.get("quorum_standby") or said.get("sync_standby")),
        timeline=said.get("timeline", 0),
    )
