"""All checks together: importing this registers them, in the order in which they are made."""

from __future__ import annotations

from . import (
    concurrency_checks,
    fault_checks,
    feed_checks,
    idempotency_checks,
    index_checks,
    isolation_checks,
    kill_checks,
    lane_checks,
    lease_checks,
    machine_checks,
    port_checks,
    race_checks,
    roundtrip_checks,
    snapshot_checks,
    visibility_checks,
    watch_checks,
)
from .registry import Level
from .running import check_store

__all__ = [
    "Level",
    "check_store",
    "concurrency_checks",
    "fault_checks",
    "feed_checks",
    "idempotency_checks",
    "index_checks",
    "isolation_checks",
    "kill_checks",
    "lane_checks",
    "lease_checks",
    "machine_checks",
    "port_checks",
    "race_checks",
    "roundtrip_checks",
    "snapshot_checks",
    "visibility_checks",
    "watch_checks",
]
