"""The checks of the store contract, and what they need of a harness."""

from __future__ import annotations

import enum
from collections.abc import Callable

from ...text import Text
from ..conformance.registry import LEVELS, Check, Kit, Level
from ..harness import StoreHarness
from .storage import Storage

__all__ = ["CHECKS", "CLAUSES", "KIT", "LEVELS", "Body", "Check", "Level", "Offer", "check", "ordered"]

CLAUSES = ("Port", *(f"C{number}" for number in range(1, 15)), "All")
"""The clauses of the store contract; ``Port`` is what its methods promise beside them, ``All`` is every clause at once."""


class Offer(enum.Enum):
    """What a check needs of the harness."""

    CHILD = "child"
    COPY = "copy"
    CUT_POWER = "cut_power"
    FAULT = "fault"
    HOST = "host"
    NEWER = "newer"
    RESTORE = "restore"


KIT = Kit(Text("store", "存储"), CLAUSES, StoreHarness)
CHECKS = KIT.checks
check = KIT.check

Body = Callable[[Storage], None]
ordered = KIT.ordered
