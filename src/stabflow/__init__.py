"""Decisions that must be assessed before they are made: investigate → analyze → plan → report → review, on record.

The names below are loaded when they are first used, so that `import stabflow` costs a program next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .case import Case as Case
    from .engine import CaseHandle as CaseHandle
    from .engine import Engine as Engine
    from .engine import open_engine as open
    from .errors import Blocker as Blocker
    from .errors import InvalidInput as InvalidInput
    from .errors import NotCleared as NotCleared
    from .errors import ProcedureError as ProcedureError
    from .errors import Refused as Refused
    from .errors import StoreError as StoreError
    from .history.record import Record as Record
    from .language import Procedure as Procedure
    from .language import from_transitions as from_transitions
    from .language import procedure as procedure
    from .ports.hooks import Plugin as Plugin
    from .ports.hooks import hookimpl as hookimpl
    from .reasoning.check import check as check
    from .reasoning.diff import diff as diff
    from .requirements import Requirement as Requirement
    from .values import Actor as Actor
    from .values import Basis as Basis
    from .values import Matter as Matter

__version__ = "0.1.0"

__all__ = [
    "Actor",
    "Basis",
    "Blocker",
    "Case",
    "CaseHandle",
    "Engine",
    "InvalidInput",
    "Matter",
    "NotCleared",
    "Plugin",
    "Procedure",
    "ProcedureError",
    "Record",
    "Refused",
    "Requirement",
    "StoreError",
    "check",
    "diff",
    "from_transitions",
    "hookimpl",
    "open",
    "procedure",
]

_HOMES = {
    "Actor": "values",
    "Basis": "values",
    "Blocker": "errors",
    "Case": "case",
    "CaseHandle": "engine",
    "Engine": "engine",
    "InvalidInput": "errors",
    "Matter": "values",
    "NotCleared": "errors",
    "Plugin": "ports.hooks",
    "Procedure": "language",
    "ProcedureError": "errors",
    "Record": "history.record",
    "Refused": "errors",
    "Requirement": "requirements",
    "StoreError": "errors",
    "check": "reasoning.check",
    "diff": "reasoning.diff",
    "from_transitions": "language",
    "hookimpl": "ports.hooks",
    "open": "engine",
    "procedure": "language",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'stabflow' has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f".{home}", __name__), "open_engine" if name == "open" else name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
