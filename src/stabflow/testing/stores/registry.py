"""The checks: each shows one thing about one clause, at one level."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Iterator, Sequence

import attrs

from ...ports.store import Capability
from ...text import Text, listing, same, say
from ..harness import StoreHarness
from .storage import Storage

CLAUSES = ("Port", *(f"C{number}" for number in range(1, 15)), "All")
"""The clauses of the store contract; ``Port`` is what its methods promise beside them, ``All`` is every clause at once."""


class Level(enum.Enum):
    """How much a check sets in motion; each level finds faults that the ones before it cannot."""

    SEQUENTIAL = "sequential"
    SECOND_HANDLE = "second handle"
    THREADS = "threads"
    KILL = "kill"
    POWER = "power"
    MACHINE = "machine"


LEVELS = tuple(Level)


class Offer(enum.Enum):
    """What a check needs of the harness."""

    CHILD = "child"
    COPY = "copy"
    CUT_POWER = "cut_power"
    FAULT = "fault"
    HOST = "host"
    NEWER = "newer"
    RESTORE = "restore"


@attrs.frozen
class Check:
    """One check: it holds if ``run`` returns. ``shows`` says in one sentence what it shows."""

    name: str
    clause: str
    level: Level
    needs: frozenset[Capability]
    offers: frozenset[Offer]
    shows: str
    run: Callable[[Storage], None]

    def lacking(self, harness: StoreHarness, capabilities: frozenset[Capability]) -> Text | None:
        """Why it cannot be made on this store, if it cannot."""
        missing = sorted(one.name for one in self.needs - capabilities)
        if missing:
            listed = listing([same(one) for one in missing])
            return say("the store does not declare {missing}", "该存储未声明{missing}", missing=listed)
        if self.level is Level.SECOND_HANDLE and harness.one_handle:
            return Text("the harness says that its storage has one handle", "测试支架声明该存储只有一个句柄")
        absent = sorted(one.value for one in self.offers if not offered(harness, one))
        if not absent:
            return None
        named = listing([same(one) for one in absent])
        return say("the harness offers no {absent}", "测试支架未提供{absent}", absent=named)


def offered(harness: StoreHarness, offer: Offer) -> bool:
    """Whether the harness has more than the empty method, or attribute, that every harness has."""
    if offer is Offer.CHILD:
        return harness.child is not None
    return getattr(type(harness), offer.value) is not getattr(StoreHarness, offer.value)


CHECKS: list[Check] = []

Body = Callable[[Storage], None]


def check(
    clause: str, level: Level = Level.SEQUENTIAL, *, needs: Sequence[Capability] = (), offers: Sequence[Offer] = ()
) -> Callable[[Body], Body]:
    """Register a check, named for its clause and its function, whose docstring is what it shows."""

    def registered(body: Body) -> Body:
        shows = " ".join((inspect.getdoc(body) or "").split())
        name = f"{clause.lower()}_{body.__name__}"
        CHECKS.append(Check(name, clause, level, frozenset(needs), frozenset(offers), shows, body))
        return body

    return registered


def ordered() -> Iterator[Check]:
    """All checks by level, then by clause."""
    yield from sorted(CHECKS, key=lambda one: (LEVELS.index(one.level), CLAUSES.index(one.clause)))
