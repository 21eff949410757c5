"""The kit of notifiers as a class for pytest: one test for each check."""

from __future__ import annotations

from typing import ClassVar

from ..conformance.contract import Contract, add_tests
from ..conformance.running import SECONDS
from .harness import NotifierHarness
from .registry import KIT
from .running import introduced, make


class NotifierContract(Contract):
    """Derive a class whose name begins with ``Test`` and give it a ``harness``; pytest then makes every check of the contract, a
    test for each. What the notifier does not declare, or the harness does not offer, is skipped with the reason.

    ``seconds`` is the most that one check may take; ``effort`` multiplies the random texts and the rounds of threads; ``seed``
    repeats the chance of an earlier run, whose failures name it; without it pytest's ``--stabflow-seed`` does.
    """

    harness: ClassVar[NotifierHarness | type[NotifierHarness]]
    seconds: ClassVar[float] = SECONDS
    effort: ClassVar[int] = 1
    seed: ClassVar[int | None] = None


add_tests(NotifierContract, KIT, introduced, make)
