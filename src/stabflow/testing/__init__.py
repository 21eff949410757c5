"""The test kit: for the author of a procedure, a plugin or a host, who tests it with what must hold of every one.

``check(PROCEDURE).raise_for_failures()`` proves what can be proved; ``procedure_machine(PROCEDURE).TestCase`` acts on cases over
the real engine, and prints a dossier of what it finds, which `replay_trace` does again.

The author of a store derives a class from `StoreHarness` that makes storages and opens them. Then
``check_store(Harness).raise_for_failures()``, or a class derived from `StoreContract` for pytest, or ``stabflow conformance
MODULE:HARNESS``.

`FakeClock`, `FaultyStore`, `RecordingNotifier`, `crash_points` and `tamper` are for everybody's tests, over an `engine_over` a
store of their own.

All of it can be imported without pytest and without Hypothesis; what draws at random needs the latter.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..engine.opening import engine_over as engine_over
    from ..reasoning.check import check as check
    from ..reasoning.predicates import Count as Count
    from ..reasoning.predicates import SearchedState as SearchedState
    from ..reasoning.predicates import StateProperty as StateProperty
    from ..reasoning.report import NotProved as NotProved
    from .clock import FakeClock as FakeClock
    from .conformance.registry import Check as Check
    from .conformance.registry import Level as Level
    from .conformance.report import CheckResult as CheckResult
    from .conformance.report import ConformanceFailed as ConformanceFailed
    from .conformance.report import ConformanceReport as ConformanceReport
    from .conformance.report import Outcome as Outcome
    from .coverage import Coverage as Coverage
    from .coverage import TooLittleCovered as TooLittleCovered
    from .faults.crashes import CrashFailed as CrashFailed
    from .faults.crashes import CrashPoint as CrashPoint
    from .faults.crashes import CrashReport as CrashReport
    from .faults.crashes import Left as Left
    from .faults.crashes import crash_points as crash_points
    from .faults.faulty_store import FaultyStore as FaultyStore
    from .faults.tampering import Tampering as Tampering
    from .faults.tampering import tamper as tamper
    from .faults.troubles import Trouble as Trouble
    from .faults.troubles import TroubleKind as TroubleKind
    from .harness import FAULT_KINDS as FAULT_KINDS
    from .harness import FaultKind as FaultKind
    from .harness import Host as Host
    from .harness import StoreHarness as StoreHarness
    from .notifiers.contract import NotifierContract as NotifierContract
    from .notifiers.harness import NOTIFIER_FAULTS as NOTIFIER_FAULTS
    from .notifiers.harness import WAIT as WAIT
    from .notifiers.harness import NotifierFault as NotifierFault
    from .notifiers.harness import NotifierHarness as NotifierHarness
    from .notifiers.harness import Received as Received
    from .notifiers.ready import FileNotifierHarness as FileNotifierHarness
    from .notifiers.recording import RecordingNotifier as RecordingNotifier
    from .notifiers.running import check_notifier as check_notifier
    from .procedures.counterexamples import Counterexample as Counterexample
    from .procedures.making import NothingHappened as NothingHappened
    from .procedures.making import procedure_machine as procedure_machine
    from .procedures.own_properties import ActProperty as ActProperty
    from .procedures.own_properties import OwnProperty as OwnProperty
    from .procedures.own_properties import ShownAct as ShownAct
    from .procedures.replaying import replay_trace as replay_trace
    from .ready import MemoryHarness as MemoryHarness
    from .ready import SqliteHarness as SqliteHarness
    from .stores.contract import StoreContract as StoreContract
    from .stores.running import check_store as check_store

# Each name is loaded when it is asked for, so that a child process, which needs few of them, starts at once.
_HOMES = {
    "..engine.opening": ("engine_over",),
    "..reasoning.check": ("check",),
    "..reasoning.predicates": ("Count", "SearchedState", "StateProperty"),
    "..reasoning.report": ("NotProved",),
    "clock": ("FakeClock",),
    "conformance.registry": ("Check", "Level"),
    "conformance.report": ("CheckResult", "ConformanceFailed", "ConformanceReport", "Outcome"),
    "coverage": ("Coverage", "TooLittleCovered"),
    "faults.crashes": ("CrashFailed", "CrashPoint", "CrashReport", "Left", "crash_points"),
    "faults.faulty_store": ("FaultyStore",),
    "faults.tampering": ("Tampering", "tamper"),
    "faults.troubles": ("Trouble", "TroubleKind"),
    "harness": ("FAULT_KINDS", "FaultKind", "Host", "StoreHarness"),
    "notifiers.contract": ("NotifierContract",),
    "notifiers.harness": ("NOTIFIER_FAULTS", "NotifierFault", "NotifierHarness", "Received", "WAIT"),
    "notifiers.ready": ("FileNotifierHarness",),
    "notifiers.recording": ("RecordingNotifier",),
    "notifiers.running": ("check_notifier",),
    "procedures.counterexamples": ("Counterexample",),
    "procedures.making": ("NothingHappened", "procedure_machine"),
    "procedures.own_properties": ("ActProperty", "OwnProperty", "ShownAct"),
    "procedures.replaying": ("replay_trace",),
    "ready": ("MemoryHarness", "SqliteHarness"),
    "stores.contract": ("StoreContract",),
    "stores.running": ("check_store",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "FAULT_KINDS",
    "NOTIFIER_FAULTS",
    "WAIT",
    "ActProperty",
    "Check",
    "CheckResult",
    "ConformanceFailed",
    "ConformanceReport",
    "Count",
    "Counterexample",
    "Coverage",
    "CrashFailed",
    "CrashPoint",
    "CrashReport",
    "FakeClock",
    "FaultKind",
    "FaultyStore",
    "FileNotifierHarness",
    "Host",
    "Left",
    "Level",
    "MemoryHarness",
    "NotProved",
    "NothingHappened",
    "NotifierContract",
    "NotifierFault",
    "NotifierHarness",
    "Outcome",
    "OwnProperty",
    "Received",
    "RecordingNotifier",
    "SearchedState",
    "ShownAct",
    "SqliteHarness",
    "StateProperty",
    "StoreContract",
    "StoreHarness",
    "Tampering",
    "TooLittleCovered",
    "Trouble",
    "TroubleKind",
    "check",
    "check_notifier",
    "check_store",
    "crash_points",
    "engine_over",
    "procedure_machine",
    "replay_trace",
    "tamper",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOME_OF[name]
    try:
        module = import_module(home if home.startswith(".") else f".{home}", __name__)
    except ModuleNotFoundError as missing:
        if missing.name != "hypothesis":
            raise
        words = f"{name} draws at random, which needs Hypothesis: pip install 'stabflow[testing]'"
        raise ModuleNotFoundError(words, name=missing.name) from missing
    value: object = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
