"""The kit as a class for pytest: one test for each check."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import ClassVar

from ...ports.store import Capability
from .. import chance
from ..expectation import ClauseBroken, HarnessBroken
from ..harness import StoreHarness, as_harness
from .checks import Check, ordered
from .report import Outcome
from .running import SECONDS, introduced, make


class StoreContract:
    """Derive a class whose name begins with ``Test`` and give it a ``harness``; pytest then makes every check of the contract, a
    test for each. What the store does not declare, or the harness does not offer, is skipped with the reason.

    ``seconds`` is the most that one check may take; ``effort`` multiplies the rounds of races, kills and random histories;
    ``seed`` repeats the chance of an earlier run, whose failures name it; without it pytest's ``--stabflow-seed`` does.
    """

    harness: ClassVar[StoreHarness | type[StoreHarness]]
    seconds: ClassVar[float] = SECONDS
    effort: ClassVar[int] = 1
    seed: ClassVar[int | None] = None

    _known: ClassVar[tuple[StoreHarness, int, frozenset[Capability]] | None] = None

    @classmethod
    def _introduced(cls) -> tuple[StoreHarness, int, frozenset[Capability]]:
        """The harness, the seed, and what the store declares; found once for each class."""
        if "_known" not in cls.__dict__ or cls._known is None:
            given = getattr(cls, "harness", None)
            if given is None:
                raise TypeError(f"{cls.__name__} has no harness: write harness = YourStoreHarness in it")
            tested = as_harness(given)
            seed = chance.drawn(cls.seed)
            capabilities, _, trouble = introduced(tested, seed, cls.seconds)
            if trouble is not None:
                raise trouble
            cls._known = (tested, seed, capabilities)
        return cls._known


def _method(one: Check) -> Callable[[StoreContract], None]:
    def test(self: StoreContract) -> None:
        __tracebackhide__ = True
        tested, seed, capabilities = self._introduced()
        result = make(one, tested, capabilities, seed=seed, seconds=self.seconds, effort=self.effort)
        if result.harness_broken:
            raise HarnessBroken(result.explanation)
        if result.outcome is Outcome.FAILED:
            raise ClauseBroken(f"{result.sentence()}\nseed {seed}")
        if result.outcome is not Outcome.HELD:
            raise unittest.SkipTest(f"{one.clause} is not covered: {result.explanation}")

    test.__name__ = f"test_{one.name}"
    test.__qualname__ = f"StoreContract.{test.__name__}"
    test.__doc__ = one.shows
    return test


for _one in ordered():
    setattr(StoreContract, f"test_{_one.name}", _method(_one))
