"""A base backup of the cluster, and putting it back to a moment, as docs/how-to/back-up-postgresql.md tells an operator."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from . import processes
from .cluster import Cluster
from .layout import CLIENT, REPLICATOR, ClusterError
from .processes import tail
from .settings import postgres_programs

SCOPE = "stabflow"


def back_up(cluster: Cluster) -> Path:
    """Take a base backup from the leader in place of the last one; where it is."""
    leader, folder = cluster.leader(), cluster.layout.backup / "base"
    if leader is None:
        raise ClusterError("no node leads, or more than one says so; wait until the cluster is whole")
    shutil.rmtree(folder, ignore_errors=True)
    program = str(postgres_programs() / "pg_basebackup")
    where = ["--host", leader.address, "--username", REPLICATOR]
    _run(cluster, [*processes.as_nobody(), program, *where, f"--pgdata={folder}", "--checkpoint=fast"])
    return folder


def put_back(cluster: Cluster, moment: str, *, now: datetime) -> float:
    """Put the cluster back to a moment; how many seconds it took until it was whole. The old data are in ``before`` of each
    node. `ClusterError`, and nothing was stopped, when ``moment`` is none, later than ``now`` or before the backup's end."""
    _check_moment(moment, now, cluster.layout.backup)
    if not cluster.network.can_cut:
        raise ClusterError(
            "on the loopback Patroni cannot reach a server that it restores; it takes network namespaces"
        )
    if killed := cluster.stop():
        raise ClusterError(f"these did not stop by themselves: {', '.join(killed)}")
    for node in cluster.layout.nodes:
        if node.data.exists():
            node.data.rename(_free(node.folder / "before"))
    cluster.start_all_etcd()
    settings = str(cluster.layout.nodes[0].settings)
    patronictl = str(Path(sys.executable).with_name("patronictl"))
    _run(cluster, [patronictl, "-c", settings, "remove", SCOPE], said=f"{SCOPE}\nYes I am aware\n")
    for node in cluster.layout.nodes:
        cluster.start_patroni(node, moment=moment)
    try:
        return cluster.wait_whole()
    except ClusterError as error:
        fatal = [line for node in cluster.layout.nodes for line in _fatal(node.patroni_log)]
        logs = ", ".join(str(node.patroni_log) for node in cluster.layout.nodes)
        raise ClusterError(
            "\n".join([str(error).partition("\n")[0], *fatal, f"the logs: {logs}"])
            + f"\nIt was not put back to {moment}: it takes a moment after which something was still written. Give an"
            " earlier one; the old data are in the folders called before."
        ) from error


def _check_moment(text: str, now: datetime, backup: Path) -> None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ClusterError(f"{text!r} is no moment: write it like '2026-11-29 14:05:00+08'")
    if moment > now:
        raise ClusterError(f"{text} is still to come: give a moment before the last act")
    manifest = backup / "base" / "backup_manifest"  # which is written last
    if not manifest.exists():
        raise ClusterError(f"there is no backup in {backup}; take one first")
    ended = datetime.fromtimestamp(manifest.stat().st_mtime, UTC)
    if moment < ended:
        raise ClusterError(f"{text} is before the end of the backup, {ended.isoformat(sep=' ')}: give a later moment")


def _fatal(log: Path) -> list[str]:
    """The last line in which a server says why it did not start."""
    return [line for line in tail(log, 200).splitlines() if "FATAL" in line][-1:]


def _free(path: Path) -> Path:
    """This path, or one with a number behind it that nothing has yet."""
    return next(one for n in itertools.count(1) if not (one := path if n == 1 else Path(f"{path}-{n}")).exists())


def _run(cluster: Cluster, command: list[str], said: str = "") -> None:
    done = subprocess.run(
        [*cluster.network.on(CLIENT), *command],
        input=said,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PGPASSFILE": str(cluster.layout.passfile)},
    )
    if done.returncode:
        raise ClusterError(f"{Path(command[0]).name}: {done.stdout.strip()} {done.stderr.strip()}")
