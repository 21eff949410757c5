"""What may befall a cluster: each fault strikes, and is made good again by `mend`."""

from __future__ import annotations

import signal

import attrs

from . import processes
from .cluster import Cluster
from .layout import ClusterError, Node


def _leader(cluster: Cluster) -> Node:
    leader = cluster.leader()
    if leader is None:
        raise ClusterError("no node leads, or more than one says so; wait until the cluster is whole")
    return leader


@attrs.frozen
class Fault:
    """Something that befalls a cluster for some ``seconds``: `strike` does it and names the nodes; `mend` makes it good."""

    name: str
    title: str
    seconds: float
    needs_namespaces: bool = False

    def strike(self, cluster: Cluster) -> tuple[Node, ...]:
        raise NotImplementedError

    def mend(self, cluster: Cluster, nodes: tuple[Node, ...]) -> None:
        """Start again what was killed."""
        for node in nodes:
            cluster.start_etcd(node)
        for node in nodes:
            cluster.start_patroni(node)


@attrs.frozen
class KillLeader(Fault):
    """PostgreSQL and Patroni of the leader, killed together; its etcd member stays."""

    def strike(self, cluster: Cluster) -> tuple[Node, ...]:
        leader = _leader(cluster)
        there = [one for one in processes.servers_in(leader.folder) if not processes.is_etcd(one)]
        processes.send(there, signal.SIGKILL)
        return (leader,)


@attrs.frozen
class PauseLeader(Fault):
    """Every process of the leader is stopped, and goes on later as if nothing had been: a zombie."""

    def strike(self, cluster: Cluster) -> tuple[Node, ...]:
        leader = _leader(cluster)
        processes.send(processes.servers_in(leader.folder), signal.SIGSTOP)
        return (leader,)

    def mend(self, cluster: Cluster, nodes: tuple[Node, ...]) -> None:
        for node in nodes:
            processes.send(processes.servers_in(node.folder), signal.SIGCONT)


@attrs.frozen
class KillEtcd(Fault):
    """Two of the three etcd members are killed, so that nobody can be elected."""

    def strike(self, cluster: Cluster) -> tuple[Node, ...]:
        leader = _leader(cluster)
        others = [node for node in cluster.layout.nodes if node != leader]
        struck = (leader, others[0])
        for node in struck:
            processes.send(filter(processes.is_etcd, processes.servers_in(node.folder)), signal.SIGKILL)
        return struck


@attrs.frozen
class CutLeader(Fault):
    """The leader's link goes down: it reaches nobody, and nobody reaches it."""

    def strike(self, cluster: Cluster) -> tuple[Node, ...]:
        leader = _leader(cluster)
        cluster.network.cut(leader.name)
        return (leader,)

    def mend(self, cluster: Cluster, nodes: tuple[Node, ...]) -> None:
        for node in nodes:
            cluster.network.heal(node.name)


@attrs.frozen
class IsolateLeader(CutLeader):
    """The leader no longer reaches the other nodes, nor they it; the applications still reach all three."""

    def strike(self, cluster: Cluster) -> tuple[Node, ...]:
        leader = _leader(cluster)
        cluster.network.isolate(leader.name, [node.name for node in cluster.layout.nodes if node != leader])
        return (leader,)


@attrs.frozen
class KillAll(Fault):
    """Every server on every node is killed at once."""

    def strike(self, cluster: Cluster) -> tuple[Node, ...]:
        there = [one for node in cluster.layout.nodes for one in processes.servers_in(node.folder)]
        processes.send(there, signal.SIGKILL)
        return cluster.layout.nodes


FAULTS: tuple[Fault, ...] = (
    KillLeader("kill-leader", "kill -9 of the leader's PostgreSQL and Patroni", 30),
    PauseLeader("pause-leader", "SIGSTOP of everything on the leader, then SIGCONT", 30),
    KillEtcd("kill-etcd", "kill -9 of two of three etcd members", 20),
    CutLeader("cut-leader", "the leader's link down, then up", 30, needs_namespaces=True),
    IsolateLeader(
        "isolate-leader", "the leader cut off from its peers, not from the applications", 30, needs_namespaces=True
    ),
    KillAll("kill-all", "kill -9 of every process on all three nodes", 1),
)


def fault_named(name: str) -> Fault:
    """The fault of that name."""
    for fault in FAULTS:
        if fault.name == name:
            return fault
    raise ClusterError(f"there is no fault {name!r}; there are {', '.join(fault.name for fault in FAULTS)}")
