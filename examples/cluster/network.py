"""How the hosts of a cluster reach one another: network namespaces where the machine allows them, else the loopback.

With namespaces every host has its own interface on a bridge that lies in a namespace too, so that the interfaces of the machine
are untouched, and a host can be cut off by taking its link down.
"""

from __future__ import annotations

import abc
import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from .layout import CLIENT, ClusterError, Layout

_SECONDS = 20
_CLONE_NEWNET = 0x40000000


class Network(abc.ABC):
    """The network of one cluster."""

    can_cut = False

    @abc.abstractmethod
    def build(self) -> None:
        """Make it, if it is not there."""

    @abc.abstractmethod
    def remove(self) -> None:
        """Take it away, if it is there."""

    @abc.abstractmethod
    def on(self, host: str) -> list[str]:
        """What stands before a command that is to run on ``host``."""

    @abc.abstractmethod
    def entered(self) -> contextlib.AbstractContextManager[None]:
        """Within it this thread makes its connections from the host of the applications."""

    def cut(self, host: str) -> None:
        """Cut ``host`` off from every other."""
        raise ClusterError("a node can be cut off only where each has a network namespace, which takes root")

    def isolate(self, host: str, peers: Iterable[str]) -> None:
        """Cut ``host`` off from its peers alone: the applications still reach it, and it does not reach them to ask."""
        self.cut(host)

    def heal(self, host: str) -> None:
        """Let ``host`` reach the others again."""
        self.cut(host)


class Loopback(Network):
    """All hosts are addresses of this machine, which Linux answers without being told to."""

    def build(self) -> None:
        pass

    def remove(self) -> None:
        pass

    def on(self, host: str) -> list[str]:
        return []

    def entered(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


class Namespaces(Network):
    """Every host is a network namespace."""

    can_cut = True

    def __init__(self, layout: Layout) -> None:
        self._hosts = layout.hosts
        self._mark = layout.mark

    def build(self) -> None:
        there = _namespaces()
        switch = self._name("sw")
        if switch not in there:
            _ip("netns", "add", switch)
            _ip("-n", switch, "link", "add", "br0", "type", "bridge")
            _ip("-n", switch, "link", "set", "br0", "up")
        for host, address in self._hosts.items():
            name, port = self._name(host), f"p-{host}"
            if name in there:
                self.heal(host)
                continue
            _ip("netns", "add", name)
            _ip("-n", switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("-n", switch, "link", "set", port, "master", "br0", "up")
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")

    def remove(self) -> None:
        there = _namespaces()
        for name in map(self._name, (*self._hosts, "sw")):
            if name in there:
                _ip("netns", "del", name)

    def on(self, host: str) -> list[str]:
        return ["ip", "netns", "exec", self._name(host)]

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        path = Path("/run/netns", self._name(CLIENT))
        if not path.exists():
            raise ClusterError(f"there is no network namespace {path.name}: the cluster is stopped; start it")
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            there = os.open(path, os.O_RDONLY)
            try:
                _enter(there)
            finally:
                os.close(there)
            try:
                yield
            finally:
                _enter(here)
        finally:
            os.close(here)

    def cut(self, host: str) -> None:
        _ip("-n", self._name("sw"), "link", "set", f"p-{host}", "down")

    def isolate(self, host: str, peers: Iterable[str]) -> None:
        for peer in peers:
            _ip("-n", self._name(host), "route", "replace", "blackhole", f"{self._hosts[peer]}/32")

    def heal(self, host: str) -> None:
        _ip("-n", self._name("sw"), "link", "set", f"p-{host}", "up")
        _ip("-n", self._name(host), "route", "flush", "type", "blackhole")

    def _name(self, host: str) -> str:
        return f"stabflow-{self._mark}-{host}"


def network_of(layout: Layout) -> Network:
    """The network that ``layout`` asks for."""
    return Namespaces(layout) if layout.namespaces else Loopback()


def why_no_namespaces() -> str | None:
    """Why the hosts cannot have network namespaces here; ``None`` where they can."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    name = f"stabflow-probe-{os.getpid()}"
    try:
        _ip("netns", "add", name)
        try:
            _ip("-n", name, "link", "add", "br0", "type", "bridge")
            _ip("-n", name, "link", "add", "p", "type", "veth", "peer", "name", "q")
        finally:
            _ip("netns", "del", name)
    except ClusterError as error:
        return str(error)
    return None


def _namespaces() -> set[str]:
    return {line.split()[0] for line in _ip("netns", "list").splitlines() if line.strip()}


def _ip(*words: str) -> str:
    try:
        done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except FileNotFoundError:
        raise ClusterError("there is no program ip; on Debian and Ubuntu: apt install iproute2") from None
    if done.returncode:
        raise ClusterError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)  # os.setns came with Python 3.12
    if libc.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
