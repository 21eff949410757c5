"""A kit as a class for pytest: one test for each check."""

from __future__ import annotations

import enum
import unittest
from collections.abc import Callable
from typing import Any, ClassVar

from .. import chance
from ..expectation import ClauseBroken, HarnessBroken
from ..harness import made_of
from .registry import Check, Kit
from .report import Outcome
from .running import SECONDS, Introduction, Make


class Contract:
    """What the classes of all kits have in common."""

    harness: ClassVar[Any]
    seconds: ClassVar[float] = SECONDS
    effort: ClassVar[int] = 1
    seed: ClassVar[int | None] = None

    _kit: ClassVar[Kit]
    _introduce: ClassVar[Callable[[Any, int, float], Introduction]]
    _make: ClassVar[Make]
    _known: ClassVar[tuple[Any, int, frozenset[enum.Enum]] | None] = None

    @classmethod
    def _introduced(cls) -> tuple[Any, int, frozenset[enum.Enum]]:
        """The harness, the seed, and what the plugin declares; found once for each class."""
        if "_known" not in cls.__dict__ or cls._known is None:
            given = getattr(cls, "harness", None)
            if given is None:
                raise TypeError(f"{cls.__name__} has no harness: write harness = Your{cls._kit.harness.__name__} in it")
            tested = made_of(given, cls._kit.harness)
            seed = chance.drawn(cls.seed)
            capabilities, _, trouble = cls._introduce(tested, seed, cls.seconds)
            if trouble is not None:
                raise trouble
            cls._known = (tested, seed, capabilities)
        return cls._known


def add_tests(
    contract: type[Contract], kit: Kit, introduce: Callable[[Any, int, float], Introduction], make: Make
) -> None:
    """Give the class a test for each check of ``kit``."""
    contract._kit, contract._introduce, contract._make = kit, staticmethod(introduce), staticmethod(make)
    for one in kit.ordered():
        setattr(contract, f"test_{one.name}", _method(contract.__name__, one))


def _method(contract: str, one: Check) -> Callable[[Contract], None]:
    def test(self: Contract) -> None:
        __tracebackhide__ = True
        tested, seed, capabilities = self._introduced()
        result = self._make(one, tested, capabilities, seed=seed, seconds=self.seconds, effort=self.effort)
        if result.harness_broken:
            raise HarnessBroken(result.explanation)
        if result.outcome is Outcome.FAILED:
            raise ClauseBroken(f"{result.sentence()}\nseed {seed}")
        if result.outcome is not Outcome.HELD:
            raise unittest.SkipTest(f"{one.clause} is not covered: {result.explanation}")

    test.__name__ = f"test_{one.name}"
    test.__qualname__ = f"{contract}.{test.__name__}"
    test.__doc__ = one.shows
    return test
