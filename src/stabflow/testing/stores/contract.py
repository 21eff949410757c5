"""The kit of stores as a class for pytest: one test for each check."""

from __future__ import annotations

from typing import ClassVar

from ..conformance.contract import Contract, add_tests
from ..conformance.running import SECONDS
from ..harness import StoreHarness
from . import checks  # noqa: F401 - importing them registers them
from .registry import KIT
from .running import introduced, make


class StoreContract(Contract):
    """Derive a class whose name begins with ``Test`` and give it a ``harness``; pytest then makes every check of the contract, a
    test for each. What the store does not declare, or the harness does not offer, is skipped with the reason.

    ``seconds`` is the most that one check may take; ``effort`` multiplies the rounds of races, kills and random histories;
    ``seed`` repeats the chance of an earlier run, whose failures name it; without it pytest's ``--stabflow-seed`` does.
    """

    harness: ClassVar[StoreHarness | type[StoreHarness]]
    seconds: ClassVar[float] = SECONDS
    effort: ClassVar[int] = 1
    seed: ClassVar[int | None] = None


add_tests(StoreContract, KIT, introduced, make)
