"""The application on a real cluster while faults strike: `python3 dev.py test cluster`, briefly under STABFLOW_SHORT=1.

One cluster and one set of processes live through all faults, one after the other; after each, every node is read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

import stabflow
from examples.cluster import evidence
from examples.cluster.application import PROCEDURE, Clock
from examples.cluster.cluster import Cluster
from examples.cluster.faults import FAULTS, Fault
from examples.cluster.load import Load
from examples.cluster.running import LEFT_OUT, SHORT, loaded, running
from examples.cluster.trial import Outcome, deliveries, following_wrong, notices_wrong, try_fault

DRAIN_SECONDS = 60.0

CHOSEN = [fault for fault in FAULTS if not SHORT or fault.name == "kill-leader"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running("cluster") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def load(cluster: Cluster) -> Iterator[Load]:
    with loaded(cluster) as load:
        yield load


@pytest.mark.parametrize("fault", CHOSEN, ids=lambda fault: fault.name)
def test_what_was_acknowledged_outlives(cluster: Cluster, load: Load, outcomes: list[Outcome], fault: Fault) -> None:
    if fault.needs_namespaces and not cluster.network.can_cut:
        pytest.fail(
            f"{fault.title}: this machine allows no network namespaces. To leave the cluster out, say so: {LEFT_OUT}=1"
        )
    outcome = try_fault(cluster, load, fault)
    outcomes.append(outcome)
    assert outcome.evidence.wrong == []
    assert outcome.acknowledged > 100
    assert outcome.gap < 60


def test_in_the_end_all_is_delivered_and_verified(remarks: list[str], cluster: Cluster, load: Load) -> None:
    load.stop("worker", "sender")
    wait_until_delivered(load)
    time.sleep(8)  # an hour of the run and more: what is still open lapses, and is found
    load.stop("ticker")
    time.sleep(2)  # the follower looks ten times a second
    load.stop()
    events = load.events()
    remarks.append(deliveries(events))
    assert notices_wrong(events) == []
    assert [one.facts for one in events if one.what == "failed"] == []
    assert following_wrong(events, evidence.gather(cluster, load.acknowledged()).heads) == []
    began = float((cluster.layout.run / "application" / "began").read_text())
    with cluster.network.entered():
        os.environ["PGPASSFILE"] = str(cluster.layout.passfile)
        with stabflow.open(cluster.layout.url(deadline="60"), clock=Clock(began), procedures=[PROCEDURE]) as engine:
            breaches = list(engine.tick().breaches)
            verified = engine.verify()
            overdue = [row for row in engine.duties(overdue=True) if not row.breached]
    assert (breaches, overdue) == ([], [])
    assert verified.records >= len(load.acknowledged())


def wait_until_delivered(load: Load) -> None:
    until = time.monotonic() + DRAIN_SECONDS
    while True:
        events = load.events()
        sent = {one.facts["notice"] for one in events if one.what == "sent"}
        done = {one.facts["notice"] for one in events if one.what in ("settled", "lease lost")}
        if sent <= done:
            return
        assert time.monotonic() < until, f"{len(sent - done)} notices are not delivered after {DRAIN_SECONDS:.0f} s"
        time.sleep(0.5)
