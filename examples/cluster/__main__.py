"""The command line: start a cluster, look at it, break it, stop it."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from .backups import back_up, put_back
from .cluster import Cluster, check_disk
from .faults import FAULTS, fault_named
from .layout import CLIENT, ClusterError, claimed

RUN = Path(".cluster")


def _start(arguments: argparse.Namespace) -> int:
    namespaces = {"auto": None, "namespaces": True, "loopback": False}[arguments.network]
    cluster = Cluster.new(arguments.run, namespaces=namespaces)
    check_disk(arguments.run)
    seconds = cluster.start()
    kind = "network namespaces" if cluster.layout.namespaces else f"the loopback, {cluster.layout.subnet}.1 to 3"
    print(f"whole after {seconds:.1f} s, in {kind}\n{cluster.layout.url()}")
    print(" ".join([f"PGPASSFILE={cluster.layout.passfile}", *cluster.network.on(CLIENT), "..."]))
    return _status(arguments)


def _status(arguments: argparse.Namespace) -> int:
    cluster = Cluster.there(arguments.run)
    for one in cluster.standings():
        part = "leads" if one.role == "primary" else "follows" if one.streaming else one.role or "does not answer"
        waited = ", waited for" if one.counts else ""
        print(
            f"{one.node}  {cluster.layout.node(one.node).address}  {part}{waited}  {one.state} timeline {one.timeline}"
        )
    return 0 if cluster.is_whole() else 1


def _break(arguments: argparse.Namespace) -> int:
    cluster, fault = Cluster.there(arguments.run), fault_named(arguments.fault)
    struck = fault.strike(cluster)
    print(f"{fault.title}: {', '.join(node.name for node in struck)}", flush=True)
    try:
        time.sleep(fault.seconds if arguments.seconds is None else arguments.seconds)
    finally:
        fault.mend(cluster, struck)
    print(f"made good; whole again after {cluster.wait_whole():.1f} s")
    return _status(arguments)


def _backup(arguments: argparse.Namespace) -> int:
    print(back_up(Cluster.there(arguments.run)))
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    seconds = put_back(Cluster.there(arguments.run), arguments.moment, now=datetime.now(UTC))
    print(f"put back to {arguments.moment}; whole after {seconds:.1f} s")
    return _status(arguments)


def _stop(arguments: argparse.Namespace) -> int:
    killed = Cluster.there(arguments.run).stop()
    print("stopped" + "".join(f"\nhad to be killed: {one}" for one in killed))
    return 1 if killed else 0


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python3 dev.py cluster", description=__doc__)
    parser.add_argument("--run", type=Path, default=RUN, help="the folder of the cluster (default: %(default)s)")
    commands = parser.add_subparsers(required=True)
    start = commands.add_parser("start", help="start it and wait until it is whole")
    start.add_argument("--network", choices=["auto", "namespaces", "loopback"], default="auto")
    start.set_defaults(do=_start)
    commands.add_parser("status", help="who leads, who follows").set_defaults(do=_status)
    broken = commands.add_parser("break", help="let a fault strike, and make it good again")
    broken.add_argument("fault", choices=[fault.name for fault in FAULTS])
    broken.add_argument("--seconds", type=float, help="how long it lasts")
    broken.set_defaults(do=_break)
    commands.add_parser("backup", help="take a base backup, beside the archived log").set_defaults(do=_backup)
    restore = commands.add_parser("restore", help="put the cluster back to a moment")
    restore.add_argument("moment", help="such as '2026-11-29 14:05:00+08'; after the backup, before the last act")
    restore.set_defaults(do=_restore)
    commands.add_parser("stop", help="stop it; its data stays in the folder").set_defaults(do=_stop)
    arguments = parser.parse_args()
    try:
        asks_only = arguments.do is _status
        with contextlib.nullcontext() if asks_only else claimed(arguments.run):
            return int(arguments.do(arguments))
    except (ClusterError, OSError) as error:
        print(error, file=sys.stderr)
        return 4


if __name__ == "__main__":
    sys.exit(main())
