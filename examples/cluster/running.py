"""A cluster, and the application on it, for as long as a test takes; afterwards nothing of them is left."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

from .cluster import Cluster, check_disk, why_not
from .layout import ClusterError, claimed
from .load import ROOT, Load

SHORT = os.environ.get("STABFLOW_SHORT") == "1"
LEFT_OUT = "To leave the cluster out of CI on this machine, say so: STABFLOW_WITHOUT_CLUSTER=1"


@contextlib.contextmanager
def running(name: str, *, synchronous: bool = True) -> Iterator[Cluster]:
    """A whole cluster in a folder of this checkout; what an earlier run has left there is stopped first."""
    if reason := why_not():
        raise ClusterError(f"{reason}. {LEFT_OUT}")
    run = ROOT / f".cluster-of-test-{name}"
    with claimed(run):
        if (run / "cluster.json").exists():
            Cluster.there(run).stop()
            shutil.rmtree(run)
        cluster = Cluster.new(run, synchronous=synchronous)
        check_disk(run)
        try:
            cluster.start()
            yield cluster
        finally:
            killed = cluster.stop()
        if killed:
            raise ClusterError(f"these did not stop by themselves: {', '.join(killed)}")
        shutil.rmtree(run)


@contextlib.contextmanager
def loaded(cluster: Cluster) -> Iterator[Load]:
    """The application on the cluster, ended in the end, however the test went."""
    load = Load(cluster)
    try:
        load.start()
        yield load
    finally:
        load.kill()
