"""``any`` and ``all``: one, or every one, of several requirements holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import attrs

from ..errors import Blocker, Cure, Fault
from ..text import Text
from .base import Reads, Requirement, Scope, View


@attrs.frozen(kw_only=True)
class AnyOf(Requirement):
    """At least one of ``any`` holds."""

    kind: ClassVar[str] = "any"

    any: tuple[Requirement, ...]

    def unmet(self, view: View) -> Blocker | None:
        blockers: list[Blocker] = []
        for alternative in self.any:
            blocker = alternative.blocker(view)
            if blocker is None:
                return None
            blockers.append(blocker)
        return _together(self.kind, blockers, Text(" – or: ", ";或者:"))

    def parts(self) -> tuple[Requirement, ...]:
        return self.any

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        yield from _part_faults(self, "any", scope)

    def own_reads(self) -> Reads:
        return Reads()

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        from .items import ItemsAre
        from .value import ValueIs

        return (cls(any=(ValueIs(value=("larger_hazards",), is_=(True,)), ItemsAre(items="risk", at_most=0))),)


@attrs.frozen(kw_only=True)
class AllOf(Requirement):
    """Every one of ``all`` holds."""

    kind: ClassVar[str] = "all"

    all: tuple[Requirement, ...]

    def unmet(self, view: View) -> Blocker | None:
        blockers = [blocker for part in self.all if (blocker := part.blocker(view)) is not None]
        return _together(self.kind, blockers, Text("; and: ", ";并且:")) if blockers else None

    def parts(self) -> tuple[Requirement, ...]:
        return self.all

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        yield from _part_faults(self, "all", scope)

    def own_reads(self) -> Reads:
        return Reads()

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        from .case import CaseIs
        from .value import ValueIs

        return (cls(all=(ValueIs(value=("contested",), is_=(False,)), CaseIs(case=("deciding",)))),)


def _together(kind: str, blockers: list[Blocker], joint: Text) -> Blocker:
    if len(blockers) == 1:
        return blockers[0]
    cures: dict[str, Cure] = {cure.role: cure for blocker in blockers for cure in blocker.cure}
    return Blocker(
        kind=kind,
        text=_joined([blocker.text for blocker in blockers], joint),
        have=_joined([blocker.have for blocker in blockers], Text("; ", ";")),
        need=_joined([blocker.need for blocker in blockers], joint),
        cure=tuple(cures.values()),
        facts={"parts": [dict(blocker.facts) for blocker in blockers]},
        unstated=tuple(dict.fromkeys(name for blocker in blockers for name in blocker.unstated)),
        pending=any(blocker.pending for blocker in blockers) if kind == "any" else all(b.pending for b in blockers),
    )


def _joined(texts: list[Text], joint: Text) -> Text:
    said = [text for text in texts if text.en]
    return Text(joint.en.join(text.en for text in said), joint.zh.join(text.zh for text in said))


def _part_faults(requirement: Requirement, key: str, scope: Scope) -> Iterator[Fault]:
    if len(requirement.parts()) < 2:
        yield Fault(key, "needs at least two requirements", "write the one directly")
    for index, part in enumerate(requirement.parts()):
        for fault in part.faults(scope):
            yield fault.under(f"{key}[{index}]")
