"""The shell around the decision: the only place that knows the time, and that reads and writes a store."""

from .acts import Acts
from .engine import Engine
from .handle import CaseHandle
from .opening import open_engine

__all__ = ["Acts", "CaseHandle", "Engine", "open_engine"]
