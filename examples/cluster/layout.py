"""Where everything of one cluster lies: its nodes, their addresses and folders, and the passwords made for it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

NODES = 3
ETCD, ETCD_PEER, REST, POSTGRES = 2379, 2380, 8008, 5432
CLIENT = "app"
"""The host on which the applications run."""
SUPERUSER, REPLICATOR, APPLICATION = "postgres", "replicator", "stabflow"
DATABASE = "stabflow"

# What a client must say to leave a dead leader behind: see README.md.
CLIENT_OPTIONS = {
    "target_session_attrs": "read-write",
    "load_balance_hosts": "random",
    "connect_timeout": "2",
    "tcp_user_timeout": "3000",
    "keepalives_idle": "1",
    "keepalives_interval": "1",
    "keepalives_count": "3",
}


class ClusterError(Exception):
    """The cluster cannot be started, or did not do what it should; the sentence says what to look at."""


@attrs.frozen
class Node:
    """One host: an etcd member, Patroni, and the PostgreSQL that Patroni runs."""

    name: str
    address: str
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def patroni_log(self) -> Path:
        return self.folder / "patroni.log"

    @property
    def etcd_log(self) -> Path:
        return self.folder / "etcd.log"

    @property
    def settings(self) -> Path:
        return self.folder / "patroni.json"


@attrs.frozen
class Layout:
    """A cluster in the folder ``run``. With ``namespaces`` each node is a host of its own, else all are on the loopback. One that
    is not ``synchronous`` acknowledges what no other node has yet, and is for seeing that it loses that."""

    run: Path
    namespaces: bool
    synchronous: bool = True

    @classmethod
    def made(cls, run: Path, *, namespaces: bool, synchronous: bool = True) -> Layout:
        """The layout of a new cluster, or of the one that was made in ``run`` before."""
        run = run.resolve()
        run.mkdir(parents=True, exist_ok=True)
        layout = cls(run, namespaces, synchronous)
        there = layout._stored()
        if there is None:
            secret = {name: secrets.token_hex(16) for name in (SUPERUSER, REPLICATOR, APPLICATION)}
            kind = {"namespaces": namespaces, "synchronous": synchronous}
            _write_secret(layout._file, json.dumps({**kind, "passwords": secret}))
        elif (there["namespaces"], there["synchronous"]) != (namespaces, synchronous):
            raise ClusterError(f"{run} holds a cluster of another kind; remove the folder, or take another")
        for folder in (*(node.folder for node in layout.nodes), layout.backup / "log"):
            folder.mkdir(parents=True, exist_ok=True)
        layout._write_passfile()
        return layout

    @classmethod
    def found(cls, run: Path) -> Layout:
        """The layout of the cluster that was made in ``run``."""
        layout = cls(run.resolve(), namespaces=False)
        there = layout._stored()
        if there is None:
            raise ClusterError(f"{run} holds no cluster; start one first")
        return attrs.evolve(layout, namespaces=there["namespaces"], synchronous=there["synchronous"])

    @classmethod
    def is_in(cls, run: Path) -> bool:
        """Whether a cluster was made in ``run``."""
        return cls(run.resolve(), namespaces=False)._file.exists()

    @property
    def _file(self) -> Path:
        return self.run / "cluster.json"

    def _stored(self) -> dict[str, Any] | None:
        return dict(json.loads(self._file.read_text())) if self._file.exists() else None

    @property
    def mark(self) -> str:
        """Tells this cluster's namespaces and addresses from those of another on the same machine."""
        return hashlib.sha256(os.fsencode(self.run)).hexdigest()[:4]

    @property
    def subnet(self) -> str:
        return "10.77.0" if self.namespaces else f"127.77.{int(self.mark, 16) % 254 + 1}"

    @property
    def trusted(self) -> str:
        """The addresses from which the servers let themselves be asked."""
        return f"{self.subnet}.0/24" if self.namespaces else "127.0.0.0/8"

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(Node(f"n{i}", f"{self.subnet}.{i}", self.run / f"n{i}") for i in range(1, NODES + 1))

    def node(self, name: str) -> Node:
        for node in self.nodes:
            if node.name == name:
                return node
        raise ClusterError(f"there is no node {name!r}, only {', '.join(node.name for node in self.nodes)}")

    @property
    def hosts(self) -> dict[str, str]:
        """The address of every host, that of the applications too."""
        return {node.name: node.address for node in self.nodes} | {CLIENT: f"{self.subnet}.9"}

    @property
    def passwords(self) -> dict[str, str]:
        there = self._stored()
        assert there is not None, "a layout is stored when it is made"
        return dict(there["passwords"])

    @property
    def passfile(self) -> Path:
        """Where libpq finds the passwords, for ``PGPASSFILE``."""
        return self.run / "passwords"

    @property
    def backup(self) -> Path:
        """Where the base backup lies, in ``base``, and the archived log, in ``log``; in service another machine's disk."""
        return self.run / "backup"

    def _write_passfile(self) -> None:
        lines = [f"*:*:*:{user}:{password}" for user, password in self.passwords.items()]
        _write_secret(self.passfile, "\n".join(lines) + "\n")

    def url(self, **options: str) -> str:
        """The URL under which an application finds whichever node leads."""
        addresses = ",".join(f"{node.address}:{POSTGRES}" for node in self.nodes)
        pairs = "&".join(f"{name}={value}" for name, value in {**CLIENT_OPTIONS, **options}.items())
        return f"postgresql://{APPLICATION}@{addresses}/{DATABASE}?{pairs}"

    def conninfo(self, node: Node, *, user: str = APPLICATION, database: str = DATABASE) -> str:
        """How to connect to one node, whatever its part is."""
        return (
            f"host={node.address} port={POSTGRES} user={user} dbname={database} passfile='{self.passfile}' connect_timeout=2"
            " target_session_attrs=any options='-c statement_timeout=20000'"
        )


@contextlib.contextmanager
def claimed(run: Path) -> Iterator[None]:
    """Within it nobody else may start, break or stop the cluster in ``run``."""
    run.mkdir(parents=True, exist_ok=True)
    folder = os.open(run, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ClusterError(f"somebody else is at work on the cluster in {run}; wait until they are done") from None
        yield
    finally:
        os.close(folder)


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
