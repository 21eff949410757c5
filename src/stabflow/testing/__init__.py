"""The conformance kit: what the author of a store runs to know whether histories are safe in it.

Derive a class from `StoreHarness` that makes storages and opens them. Then ``check_store(Harness).raise_for_failures()``, or a
class derived from `StoreContract` for pytest, or ``stabflow conformance MODULE:HARNESS``. It can be imported without pytest and
without Hypothesis; random histories need the latter.
"""

from __future__ import annotations

from .checks import Level, check_store
from .harness import FAULT_KINDS, FakeClock, FaultKind, StoreHarness
from .ready import MemoryHarness, SqliteHarness
from .registry import Check
from .report import CheckResult, ConformanceFailed, ConformanceReport, Outcome

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
    "StoreHarness",
    "check_store",
]
