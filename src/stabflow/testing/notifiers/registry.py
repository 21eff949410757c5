"""The checks of the notifier contract, and what they need of a harness."""

from __future__ import annotations

import enum
from collections.abc import Callable

from ...text import Text
from ..conformance.registry import Check, Kit, Level
from .channel import Channel
from .harness import NotifierHarness

__all__ = ["CLAUSES", "KIT", "Body", "Check", "Declares", "Level", "Offer", "check"]

CLAUSES = tuple(f"N{number}" for number in range(1, 11))
"""The clauses of the notifier contract."""


class Declares(enum.Enum):
    """What a notifier may declare."""

    DEDUPLICATES = "deduplicates"


class Offer(enum.Enum):
    """What a check needs of the harness."""

    CONTACTS = "contacts"
    FAULT = "fault"


KIT = Kit(Text("notifier", "通知渠道"), CLAUSES, NotifierHarness)
check = KIT.check

Body = Callable[[Channel], None]
