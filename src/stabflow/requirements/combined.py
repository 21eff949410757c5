"""``any`` and ``all``: one, or every one, of several requirements holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import attrs

from ..errors import Fault
from .base import Reads, Requirement, Scope, View, requirements
from .shortfall import AND_ALSO, OR_ELSE, Shortfall, together


@attrs.frozen(kw_only=True)
class AnyOf(Requirement):
    """At least one of ``any`` holds."""

    kind: ClassVar[str] = "any"

    any: tuple[Requirement, ...] = attrs.field(converter=requirements)

    def unmet(self, view: View) -> Shortfall | None:
        lacking: list[Shortfall] = []
        for alternative in self.any:
            found = alternative.shortfall(view)
            if found is None:
                return None
            lacking.append(found)
        # one alternative that the act itself supplies is enough
        return together(self.kind, lacking, OR_ELSE, pending=max([one.pending for one in lacking]))

    def parts(self) -> tuple[Requirement, ...]:
        return self.any

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        yield from _too_few(self)

    def own_reads(self) -> Reads:
        return Reads()

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        from .items import ItemsAre
        from .value import ValueIs

        return (cls(any=(ValueIs(value="larger_hazards", is_=True), ItemsAre(items="risk", at_most=0))),)


@attrs.frozen(kw_only=True)
class AllOf(Requirement):
    """Every one of ``all`` holds."""

    kind: ClassVar[str] = "all"

    all: tuple[Requirement, ...] = attrs.field(converter=requirements)

    def unmet(self, view: View) -> Shortfall | None:
        lacking = [found for part in self.all if (found := part.shortfall(view)) is not None]
        return together(self.kind, lacking, AND_ALSO) if lacking else None

    def parts(self) -> tuple[Requirement, ...]:
        return self.all

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        yield from _too_few(self)

    def own_reads(self) -> Reads:
        return Reads()

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        from .case import CaseIs
        from .value import ValueIs

        return (
            cls(all=(ValueIs(value="contested", is_=False), CaseIs(case="deciding"))),
            cls(
                all=(ValueIs(value="invited", at_least=1), ValueIs(value="people", at_most=9)), when=CaseIs(case="plan")
            ),
        )


def _too_few(requirement: Requirement) -> Iterator[Fault]:
    if len(requirement.parts()) < 2:
        yield Fault(requirement.kind, "needs at least two requirements", "write the one directly")
