"""What tests are made with: the conformance kit of stores, a clock to turn, stores that fail, crashes, and tampering.

The author of a store derives a class from `StoreHarness` that makes storages and opens them. Then
``check_store(Harness).raise_for_failures()``, or a class derived from `StoreContract` for pytest, or ``stabflow conformance
MODULE:HARNESS``. `FakeClock`, `FaultyStore`, `crash_points` and `tamper` are for everybody's tests, over an `engine_over` a store
of their own. All can be imported without pytest and without Hypothesis; random histories need the latter.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clock import FakeClock as FakeClock
    from .contract import StoreContract as StoreContract
    from .crashes import CrashFailed as CrashFailed
    from .crashes import CrashPoint as CrashPoint
    from .crashes import CrashReport as CrashReport
    from .crashes import Left as Left
    from .crashes import crash_points as crash_points
    from .faulty_store import FaultyStore as FaultyStore
    from .faulty_store import Trouble as Trouble
    from .faulty_store import TroubleKind as TroubleKind
    from .harness import FAULT_KINDS as FAULT_KINDS
    from .harness import FaultKind as FaultKind
    from .harness import Host as Host
    from .harness import StoreHarness as StoreHarness
    from .over import engine_over as engine_over
    from .ready import MemoryHarness as MemoryHarness
    from .ready import SqliteHarness as SqliteHarness
    from .registry import Check as Check
    from .registry import Level as Level
    from .report import CheckResult as CheckResult
    from .report import ConformanceFailed as ConformanceFailed
    from .report import ConformanceReport as ConformanceReport
    from .report import Outcome as Outcome
    from .running import check_store as check_store
    from .tampering import Tampering as Tampering
    from .tampering import tamper as tamper

# Each name is loaded when it is asked for, so that a child process, which needs few of them, starts at once.
_HOMES = {
    "clock": ("FakeClock",),
    "contract": ("StoreContract",),
    "crashes": ("CrashFailed", "CrashPoint", "CrashReport", "Left", "crash_points"),
    "faulty_store": ("FaultyStore", "Trouble", "TroubleKind"),
    "harness": ("FAULT_KINDS", "FaultKind", "Host", "StoreHarness"),
    "over": ("engine_over",),
    "ready": ("MemoryHarness", "SqliteHarness"),
    "registry": ("Check", "Level"),
    "report": ("CheckResult", "ConformanceFailed", "ConformanceReport", "Outcome"),
    "running": ("check_store",),
    "tampering": ("Tampering", "tamper"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "FAULT_KINDS",
    "Check",
    "CheckResult",
    "ConformanceFailed",
    "ConformanceReport",
    "CrashFailed",
    "CrashPoint",
    "CrashReport",
    "FakeClock",
    "FaultKind",
    "FaultyStore",
    "Host",
    "Left",
    "Level",
    "MemoryHarness",
    "Outcome",
    "SqliteHarness",
    "StoreContract",
    "StoreHarness",
    "Tampering",
    "Trouble",
    "TroubleKind",
    "check_store",
    "crash_points",
    "engine_over",
    "tamper",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
