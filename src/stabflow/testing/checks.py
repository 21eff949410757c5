"""All checks together: importing this registers them."""

from __future__ import annotations

from . import (
    case_index_checks,
    concurrency_checks,
    duty_index_checks,
    fault_checks,
    feed_checks,
    idempotency_checks,
    isolation_checks,
    joined_checks,
    joined_order_checks,
    joined_port_checks,
    kill_checks,
    lane_checks,
    lane_race_checks,
    lease_checks,
    long_name_checks,
    machine_checks,
    port_checks,
    race_checks,
    roundtrip_checks,
    snapshot_checks,
    type_checks,
    visibility_checks,
    watch_checks,
)
from .registry import CHECKS, Check, ordered

MODULES = (
    port_checks,
    concurrency_checks,
    idempotency_checks,
    fault_checks,
    feed_checks,
    visibility_checks,
    roundtrip_checks,
    type_checks,
    long_name_checks,
    snapshot_checks,
    lease_checks,
    lane_checks,
    isolation_checks,
    case_index_checks,
    duty_index_checks,
    race_checks,
    lane_race_checks,
    watch_checks,
    joined_port_checks,
    joined_checks,
    joined_order_checks,
    kill_checks,
    machine_checks,
)
"""Where the checks are."""

__all__ = ["CHECKS", "MODULES", "Check", "ordered"]
