"""Decisions that must be assessed before they are made: investigate → analyze → plan → report → review, on record."""

from pathlib import Path

from .case import Case
from .engine import CaseHandle, Engine
from .engine import open_engine as open
from .errors import Blocker, InvalidInput, ProcedureError, Refused, StoreError
from .history.record import Record
from .language import Procedure, bundled, load
from .ports.hooks import Plugin, hookimpl
from .requirements import Requirement
from .values import Actor, Basis, Matter

__version__ = "0.1.0"


def procedure(source: str | Path) -> Procedure:
    """A procedure: a bundled one by name (``"five-step"`` or ``"five-step@1"``), or the TOML file at a path.

    Text that ends in ``.toml`` is a path. Raises `ProcedureError` with every fault.
    """
    if isinstance(source, Path) or source.endswith(".toml"):
        return load(source)
    return bundled(source)


__all__ = [
    "Actor",
    "Basis",
    "Blocker",
    "Case",
    "CaseHandle",
    "Engine",
    "InvalidInput",
    "Matter",
    "Plugin",
    "Procedure",
    "ProcedureError",
    "Record",
    "Refused",
    "Requirement",
    "StoreError",
    "hookimpl",
    "open",
    "procedure",
]
