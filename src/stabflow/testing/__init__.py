"""The conformance kit: what the author of a store runs to know whether histories are safe in it.

Derive a class from `StoreHarness` that makes storages and opens them. Then ``check_store(Harness).raise_for_failures()``, or a
class derived from `StoreContract` for pytest, or ``stabflow conformance MODULE:HARNESS``. It can be imported without pytest and
without Hypothesis; random histories need the latter.
"""

from __future__ import annotations

from .contract import StoreContract
from .harness import FAULT_KINDS, FakeClock, FaultKind, StoreHarness
from .ready import MemoryHarness, SqliteHarness
from .registry import Check, Level
from .report import CheckResult, ConformanceFailed, ConformanceReport, Outcome
from .running import check_store

__all__ = [
    "FAULT_KINDS",
    "Check",
    "CheckResult",
    "ConformanceFailed",
    "ConformanceReport",
    "FakeClock",
    "FaultKind",
    "Level",
    "MemoryHarness",
    "Outcome",
    "SqliteHarness",
    "StoreContract",
    "StoreHarness",
    "check_store",
]
