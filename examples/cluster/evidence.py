"""What the nodes hold, compared with one another and with what was acknowledged.

Each node is asked by itself, in SQL, so that nothing rests on the store that is tested.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import attrs
import psycopg

from .cluster import Cluster
from .layout import DATABASE, SUPERUSER, ClusterError, Node
from .load import Event

CATCH_UP_SECONDS = 60.0
_ACT = 20
"""A record's position is the number of its transaction, and its place in that: so many bits."""

_SETTLED = """
SELECT pg_current_wal_lsn()::text, (
  (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + (SELECT shift FROM stabflow.epochs ORDER BY epoch DESC LIMIT 1)) << 20
)
"""
_RECORDS = "SELECT position, stream, version, tag, header, payload, hash FROM stabflow.records ORDER BY stream, version"


@attrs.frozen
class Row:
    """A record as a node has it."""

    position: int
    stream: str
    version: int
    tag: str
    header: bytes
    payload: bytes
    hash: bytes


@attrs.frozen
class Evidence:
    """What was found on all nodes: where each stream ends, and so on. Every list is of what is wrong, and ought to be empty."""

    heads: Mapping[str, int]
    breaches: int
    acknowledged: int
    lost: list[str]
    forks: list[str]
    twice: list[str]
    digests: Mapping[str, str]

    @property
    def wrong(self) -> list[str]:
        """Everything that is wrong, in words."""
        found = [*self.lost, *self.forks, *self.twice]
        if len(set(self.digests.values())) != 1:
            found.append(f"the nodes differ: {dict(self.digests)}")
        return found


def gather(cluster: Cluster, acknowledged: Sequence[Event]) -> Evidence:
    """Read every node, once it has all that the leader had committed, while the load goes on."""
    leader = cluster.leader()
    if leader is None:
        raise ClusterError("no node leads, or more than one says so")
    with cluster.connected(leader) as server:
        reached, horizon = server.execute(_SETTLED).fetchone() or ("", 0)
    held = {node.name: _records(cluster, node, reached) for node in cluster.layout.nodes}
    settled = {name: [row for row in rows if row.position < horizon] for name, rows in held.items()}
    return Evidence(
        heads={row.stream: row.version for row in settled[leader.name]},
        breaches=sum(row.tag == "breach.found" for row in settled[leader.name]),
        acknowledged=len(acknowledged),
        lost=[one for name, rows in held.items() for one in _lost(name, rows, acknowledged)],
        forks=[one for name, rows in settled.items() for one in _broken(name, rows)],
        twice=[*_keys_twice(settled[leader.name]), *_breaches_twice(settled[leader.name])],
        digests={name: _digest(rows) for name, rows in settled.items()},
    )


def _records(cluster: Cluster, node: Node, reached: str) -> list[Row]:
    """All records of a node that has replayed the log up to ``reached``."""
    until = time.monotonic() + CATCH_UP_SECONDS
    with cluster.connected(node, user=SUPERUSER, database=DATABASE) as server:
        while not _has_reached(server, reached):
            if time.monotonic() > until:
                raise ClusterError(f"{node.name} has not caught up after {CATCH_UP_SECONDS:.0f} s")
            time.sleep(0.1)
        return [Row(*row) for row in server.execute(_RECORDS, binary=True)]


def _has_reached(server: psycopg.Connection, reached: str) -> bool:
    ask = "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= %s::pg_lsn"
    return bool((server.execute(ask, [reached]).fetchone() or [False])[0])


def _lost(node: str, rows: Iterable[Row], acknowledged: Sequence[Event]) -> list[str]:
    """The acts that were acknowledged, and are not on the node as they were."""
    there = {(row.stream, row.version): row.hash.hex() for row in rows}
    return [
        f"{node}: {one.facts['stream']} version {one.facts['version']} was acknowledged, and is not there"
        for one in acknowledged
        if there.get((one.facts["stream"], one.facts["version"])) != one.facts["hash"]
    ]


def _broken(node: str, rows: Iterable[Row]) -> list[str]:
    """Where the records of a stream do not follow from each other: versions from 1 on, each hash from the one before."""
    found, heads = [], defaultdict[str, tuple[int, bytes]](lambda: (0, bytes(32)))
    for row in rows:
        version, before = heads[row.stream]
        if row.version != version + 1 or hashlib.sha256(before + row.header + row.payload).digest() != row.hash:
            found.append(f"{node}: {row.stream} version {row.version} does not follow from version {version}")
        heads[row.stream] = row.version, row.hash
    return found


def _keys_twice(rows: Iterable[Row]) -> list[str]:
    """The keys under which more than one append was stored."""
    appends = defaultdict[tuple[str, str], set[int]](set)
    for row in rows:
        if (key := json.loads(row.header).get("key")) is not None:
            appends[row.stream, key].add(row.position >> _ACT)
    return [
        f"key {key} of {stream} was stored {len(found)} times"
        for (stream, key), found in appends.items()
        if len(found) > 1
    ]


def _breaches_twice(rows: Iterable[Row]) -> list[str]:
    """The breaches that were found more than once."""
    times = defaultdict[tuple[str, str, int, str], int](int)
    for row in rows:
        if row.tag == "breach.found":
            event = json.loads(row.payload)
            times[row.stream, event["duty"], event.get("level", 0), json.dumps(event["due"], sort_keys=True)] += 1
    return [
        f"the breach of {what[1]} in {what[0]} was found {count} times" for what, count in times.items() if count > 1
    ]


def _digest(rows: Iterable[Row]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(
            f"{row.position} {row.stream} {row.version} {row.tag} ".encode() + row.header + row.payload + row.hash
        )
    return digest.hexdigest()[:16]
