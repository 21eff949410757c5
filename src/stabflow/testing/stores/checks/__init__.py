"""All checks together: importing this registers them."""

from __future__ import annotations

from ..registry import CHECKS, Check, ordered
from . import (
    case_index,
    concurrency,
    duty_index,
    faults,
    feed,
    idempotency,
    isolation,
    joined,
    joined_feed,
    joined_order,
    joined_port,
    lane_races,
    lanes,
    leases,
    long_names,
    port,
    processes,
    races,
    random_histories,
    roundtrip,
    snapshots,
    types,
    visibility,
    watching,
)

MODULES = (
    port,
    concurrency,
    idempotency,
    faults,
    feed,
    visibility,
    roundtrip,
    types,
    long_names,
    snapshots,
    leases,
    lanes,
    isolation,
    case_index,
    duty_index,
    races,
    lane_races,
    watching,
    joined_port,
    joined,
    joined_order,
    joined_feed,
    processes,
    random_histories,
)
"""Where the checks are."""

__all__ = ["CHECKS", "MODULES", "Check", "ordered"]
