"""What the other tests would see: a cluster that acknowledges before another node has it loses what it has acknowledged."""

from __future__ import annotations

import time

import pytest

from examples.cluster.evidence import gather
from examples.cluster.faults import fault_named
from examples.cluster.running import loaded, running


def test_without_synchronous_standbys_what_was_acknowledged_is_lost(remarks: list[str]) -> None:
    fault = fault_named("isolate-leader")
    with running("asynchronous", synchronous=False) as cluster:
        if not cluster.network.can_cut:
            pytest.fail("this machine allows no network namespaces, so that a leader cannot be cut off")
        with loaded(cluster) as load:
            time.sleep(5)
            struck = fault.strike(cluster)
            time.sleep(fault.seconds)
            fault.mend(cluster, struck)
            cluster.wait_whole()
            acknowledged = load.acknowledged()  # a worker whose case is gone has ended by now, and rightly so
        seen = gather(cluster, acknowledged)
    lost = {one.partition(": ")[2] for one in seen.lost}
    remarks.append(f"asynchronous, {fault.name}: {len(lost)} of {len(acknowledged)} acknowledged acts are lost")
    assert lost
    assert len(set(seen.digests.values())) == 1
