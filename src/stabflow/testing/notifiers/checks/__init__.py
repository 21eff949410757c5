"""All checks together: importing this registers them."""

from __future__ import annotations

from ..registry import KIT
from . import addresses, answers, closing, discretion, identity, intact, threads, timing

MODULES = (intact, answers, identity, timing, discretion, addresses, threads, closing)
"""Where the checks are."""

CHECKS = KIT.checks

__all__ = ["CHECKS", "MODULES"]
