"""The shell around the decision: the only place that knows the time, and that reads and writes a store."""

from .engine import Engine, open_engine
from .handle import Acts, CaseHandle

__all__ = ["Acts", "CaseHandle", "Engine", "open_engine"]
