"""One plugin for each accountability hook of stabflow, to be read and copied."""

from __future__ import annotations

from .breaches import BreachList
from .journal import Journal
from .refusals import RefusalsByKind
from .second_person import SecondPerson

__all__ = ["BreachList", "Journal", "RefusalsByKind", "SecondPerson", "plugin"]

plugin = RefusalsByKind()
"""What the entry point names: the one that needs to be told nothing."""
