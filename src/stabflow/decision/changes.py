"""What a case becomes by an event is said in changes of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..case import Case, with_entries
from ..errors import Corrupt
from .events import Event, Stamp

Changes = dict[str, Any]


def impossible(case: Case, event: Event, stamp: Stamp, why: str) -> Corrupt:
    """That ``event`` cannot follow on ``case``, and why."""
    return Corrupt(f"case {case.id}: {event.tag} at version {stamp.version} {why}")


def with_one(sets: Mapping[str, frozenset[str]], actor: str, one: str) -> Mapping[str, frozenset[str]]:
    """``sets`` with ``one`` in that of ``actor``."""
    held = sets.get(actor, frozenset())
    return sets if one in held else with_entries(sets, {actor: held | {one}})
