"""The checks of a contract: each shows one thing about one clause, at one level."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import attrs

from ...text import Text, listing, same, say

Registered = TypeVar("Registered", bound=Callable[[Any], None])


class Level(enum.Enum):
    """How much a check sets in motion; each level finds faults that the ones before it cannot."""

    SEQUENTIAL = "sequential"
    SECOND_HANDLE = "second handle"
    THREADS = "threads"
    KILL = "kill"
    POWER = "power"
    MACHINE = "machine"


LEVELS = tuple(Level)


@attrs.frozen
class Check:
    """One check: it holds if ``run`` returns. ``shows`` says in one sentence what it shows; it is made where the plugin declares
    what it ``needs``, and the harness has what it ``offers``."""

    name: str
    clause: str
    level: Level
    needs: frozenset[enum.Enum]
    offers: frozenset[enum.Enum]
    shows: str
    run: Callable[[Any], None]
    kit: Kit = attrs.field(repr=False)

    def lacking(self, harness: object, capabilities: Collection[enum.Enum]) -> Text | None:
        """Why it cannot be made, if it cannot."""
        missing = sorted(one.name for one in self.needs - set(capabilities))
        if missing:
            listed = listing([same(one) for one in missing])
            thing = self.kit.thing
            return say(
                "the {thing} does not declare {missing}", "该{thing}未声明{missing}", thing=thing, missing=listed
            )
        if self.level is Level.SECOND_HANDLE and getattr(harness, "one_handle", False):
            return Text("the harness says that its storage has one handle", "测试支架声明该存储只有一个句柄")
        absent = sorted(one.value for one in self.offers if not self.kit.is_offered(harness, one.value))
        if not absent:
            return None
        named = listing([same(one) for one in absent])
        return say("the harness offers no {absent}", "测试支架未提供{absent}", absent=named)


@attrs.frozen(eq=False)
class Kit:
    """All checks of one contract: of what ``thing``, with which clauses, and the class from which its harnesses derive, whose
    methods that may be left out do nothing."""

    thing: Text
    clauses: tuple[str, ...]
    harness: type
    checks: list[Check] = attrs.field(factory=list, repr=False)

    def check(
        self,
        clause: str,
        level: Level = Level.SEQUENTIAL,
        *,
        needs: Sequence[enum.Enum] = (),
        offers: Sequence[enum.Enum] = (),
    ) -> Callable[[Registered], Registered]:
        """Register a check, named for its clause and its function, whose docstring is what it shows."""

        def registered(body: Registered) -> Registered:
            shows = " ".join((inspect.getdoc(body) or "").split())
            name = f"{clause.lower()}_{body.__name__}"
            self.checks.append(Check(name, clause, level, frozenset(needs), frozenset(offers), shows, body, self))
            return body

        return registered

    def is_offered(self, harness: object, name: str) -> bool:
        """Whether the harness has more than the empty method, or attribute, that every harness has."""
        empty = getattr(self.harness, name)
        if not callable(empty):
            return getattr(harness, name) is not empty
        return getattr(type(harness), name) is not empty

    def ordered(self) -> list[Check]:
        """All checks by level, then by clause."""
        return sorted(self.checks, key=lambda one: (LEVELS.index(one.level), self.clauses.index(one.clause)))

    def chosen(self, levels: Collection[Level | str] | None, only: Sequence[str] | None) -> list[Check]:
        """The checks of these levels and names, in order; `ValueError` for a level, clause or check that there is not."""
        known = {level.value.replace(" ", "-"): level for level in LEVELS}
        wanted = set()
        for level in LEVELS if levels is None else levels:
            found = level if isinstance(level, Level) else known.get(level.replace(" ", "-"))
            if found is None:
                raise ValueError(f"there is no level {level!r}; there are {', '.join(known)}")
            wanted.add(found)
        names = None if only is None else set(only)
        unknown = (names or set()) - {one.name for one in self.checks} - set(self.clauses)
        if unknown:
            raise ValueError(f"there is no check and no clause {', '.join(sorted(unknown))}")
        return [
            one
            for one in self.ordered()
            if one.level in wanted and (names is None or one.name in names or one.clause in names)
        ]
