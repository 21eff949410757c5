"""What of a requirement a search follows, and what it leaves open.

A search cannot follow numbers, text, dates, shares, plugins: such a requirement may hold or not, once what it reads is stated.
So every requirement is read twice. *Loosely* it holds wherever it may hold: what cannot be reached so cannot be reached at all
(safety). *Strictly* it holds only where it is sure to, or can be made to hold by what the proof names as an assumption
(liveness). Who acts is left aside too: that somebody can is settled by the roles, when the procedure is made. Waiting ends every
wait that has begun.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator

import attrs

from ..language import FieldType, Procedure
from ..requirements import (
    AllOf,
    AnyOf,
    CaseIs,
    IndependentOf,
    ItemsAre,
    PluginAnswers,
    Requirement,
    RolesFilled,
    TimeElapsed,
    ValueIs,
)
from ..text import Text, same, say
from .stated import Stated


class Left(enum.Enum):
    """What a search does not follow: ``SETTLED`` holds by the roles, ``OPEN`` may hold or not."""

    SETTLED = "settled"
    OPEN = "open"


@attrs.frozen
class Relaxed:
    """A requirement, read loosely and strictly (``None``: it is not asked then), and what the strict reading assumes."""

    loose: Requirement | None
    strict: Requirement | None
    assumed: tuple[Text, ...] = ()


FOLLOWED = frozenset({FieldType.BOOL, FieldType.CHOICE})


class Relaxation:
    """How the requirements of a procedure are read where only the items of ``kinds`` are looked at."""

    def __init__(self, procedure: Procedure, kinds: Collection[str]) -> None:
        self._procedure = procedure
        self._kinds = frozenset(kinds)

    def of(self, requirement: Requirement, own: str | None) -> Relaxed:
        """``requirement`` on a row of ``own`` (a kind, or ``None``: the case). One that reads other kinds is not asked."""
        if not requirement.reads().kinds <= self._kinds:
            return Relaxed(None, None)
        assumed: list[Text] = []
        loose = self._read(requirement, own, strictly=False, assumed=[])
        strict = self._read(requirement, own, strictly=True, assumed=assumed)
        return Relaxed(
            None if isinstance(loose, Left) else loose,
            None if isinstance(strict, Left) else strict,
            tuple(dict.fromkeys(assumed)),
        )

    def is_followed(self, requirement: Requirement, own: str | None = None) -> bool:
        """Whether a search follows everything in ``requirement``."""
        inner = (*requirement.when, *requirement.parts())
        here = isinstance(requirement, AnyOf | AllOf) or self._follows(requirement, own)
        return here and all(self.is_followed(part, own) for part in inner)

    def _read(
        self, requirement: Requirement, own: str | None, *, strictly: bool, assumed: list[Text]
    ) -> Requirement | Left:
        inner = self._own(requirement, own, strictly=strictly, assumed=assumed)
        if not requirement.when:
            return inner
        followed = tuple(one for one in requirement.when if self.is_followed(one, own))
        others = [one for one in requirement.when if not self.is_followed(one, own)]
        assumed.extend(text for one in others for text in self._doubts(one, own))
        read: list[Requirement] = []
        if strictly:  # it is asked, whether the others hold or not, so long as it can be said whether they do
            named = tuple(dict.fromkeys(name for one in others for name in self._all_names(one, own)))
            read += [Stated(stated=named)] if named else []
        else:
            read += [known for one in others if (known := self._known(one, own)) is not None]
        if isinstance(inner, Left) or (others and not strictly):  # it may hold, or may not be asked at all
            asking = tuple(one for one in followed if self._may_be_unstated(one, own))
            read += [Stated(stated=(), when=asking)] if asking else []
            if not read:
                return inner if isinstance(inner, Left) else Left.OPEN
        else:
            read.append(attrs.evolve(inner, when=followed, clause=requirement.clause, title=requirement.title))
        return read[0] if len(read) == 1 else AllOf(all=tuple(read))

    def _known(self, condition: Requirement, own: str | None) -> Requirement | None:
        """What fails only where the condition is sure to ask for what nobody has stated yet; ``None`` where it may always be said
        whether it holds."""
        if condition.when:
            return None
        if isinstance(condition, ValueIs):
            named = self._names(condition, own)
            return Stated(stated=named) if named else None
        if isinstance(condition, AllOf):
            parts = [known for part in condition.all if (known := self._known(part, own)) is not None]
            return AllOf(all=tuple(parts)) if parts else None
        if isinstance(condition, AnyOf):
            each = [(self._known(part, own), part) for part in condition.any]
            if all(known is None for known, _ in each):
                return None
            read = [known or self._read(part, own, strictly=False, assumed=[]) for known, part in each]
            kept = tuple(one for one in read if not isinstance(one, Left))
            return AnyOf(any=kept) if len(kept) == len(read) else None
        return None

    def _all_names(self, condition: Requirement, own: str | None) -> Iterator[str]:
        """Every fact and field that is asked about in the condition."""
        for _, part in condition.walk():
            if isinstance(part, ValueIs):
                yield from self._names(part, own)

    def _may_be_unstated(self, condition: Requirement, own: str | None) -> bool:
        """Whether the condition may ask for what nobody has stated yet, so that nothing passes."""
        parts = [part for _, part in condition.walk()]
        counts = any(isinstance(part, ItemsAre) and part.where for part in parts)
        return counts or next(self._all_names(condition, own), None) is not None

    def _doubts(self, condition: Requirement, own: str | None) -> Iterator[Text]:
        """What in the condition may come out either way. Waiting is none: it ends."""
        for _, part in condition.walk():
            is_whole = isinstance(part, AnyOf | AllOf | TimeElapsed | RolesFilled | IndependentOf)
            if not is_whole and not self._follows(part, own):
                yield self._assumption(part, own)

    def _names(self, requirement: ValueIs, own: str | None) -> tuple[str, ...]:
        """The facts and fields that it reads."""
        own_fields = self._procedure.lifecycle(own).fields
        return tuple(
            sorted(one for one in requirement.own_reads().names if one in own_fields or one in self._procedure.facts)
        )

    def _own(
        self, requirement: Requirement, own: str | None, *, strictly: bool, assumed: list[Text]
    ) -> Requirement | Left:
        """The requirement without its conditions."""
        if isinstance(requirement, RolesFilled | IndependentOf):
            return Left.SETTLED
        if isinstance(requirement, AnyOf):
            return self._any(requirement, own, strictly=strictly, assumed=assumed)
        if isinstance(requirement, AllOf):
            parts = [self._read(part, own, strictly=strictly, assumed=assumed) for part in requirement.all]
            kept = tuple(part for part in parts if not isinstance(part, Left))
            if not kept:
                return Left.OPEN if Left.OPEN in parts else Left.SETTLED
            return attrs.evolve(requirement, all=kept, when=())
        if self._follows(requirement, own) or isinstance(requirement, TimeElapsed):
            return attrs.evolve(requirement, when=())
        assumed.append(self._assumption(requirement, own))
        if isinstance(requirement, ValueIs) and (named := self._names(requirement, own)):
            return Stated(stated=named)
        if isinstance(requirement, ItemsAre) and requirement.over is not None and self._follows_filters(requirement):
            return attrs.evolve(requirement, over=None, at_least=1, when=())  # none at all is no share
        return Left.OPEN

    def _any(self, requirement: AnyOf, own: str | None, *, strictly: bool, assumed: list[Text]) -> Requirement | Left:
        """One of several. Strictly, what is sure to hold or not is preferred to what must be assumed."""
        parts = requirement.any
        if strictly:
            parts = tuple(part for part in parts if self._is_sure(part, own)) or parts
        new: list[Text] = []
        read = [self._read(part, own, strictly=strictly, assumed=new) for part in parts]
        for left in (Left.SETTLED, Left.OPEN):
            if left in read:
                assumed += new if left is Left.OPEN else ()
                return left
        assumed += new
        return attrs.evolve(requirement, any=tuple(part for part in read if not isinstance(part, Left)), when=())

    def _is_sure(self, requirement: Requirement, own: str | None) -> bool:
        """Whether nothing in it must be assumed."""
        if isinstance(requirement, RolesFilled | IndependentOf | TimeElapsed):
            return all(self.is_followed(one, own) for one in requirement.when)
        if isinstance(requirement, AnyOf | AllOf):
            parts = [self._is_sure(part, own) for part in requirement.parts()]
            return all(self.is_followed(one, own) for one in requirement.when) and all(parts)
        return self.is_followed(requirement, own)

    def _follows(self, requirement: Requirement, own: str | None) -> bool:
        """Whether a search follows the requirement itself."""
        if isinstance(requirement, CaseIs | Stated):
            return True
        if isinstance(requirement, ValueIs):
            return requirement.is_ is not None and is_followed(self._procedure, requirement.value[0], own)
        return isinstance(requirement, ItemsAre) and requirement.over is None and self._follows_filters(requirement)

    def _follows_filters(self, requirement: ItemsAre) -> bool:
        fields = self._procedure.items[requirement.items].fields
        return all(fields[name].type in FOLLOWED for name in requirement.where)

    def _assumption(self, requirement: Requirement, own: str | None) -> Text:
        if requirement.title is not None:
            return requirement.title
        if isinstance(requirement, PluginAnswers):
            return say("what the plugin “{name}” asks", "插件“{name}”的要求", name=requirement.plugin)
        if isinstance(requirement, ItemsAre):
            kind = self._procedure.kind_title(requirement.items)
            return say("the share of {kind} that is needed", "{kind}所需的比例", kind=kind)
        named = sorted(requirement.reads().names)
        titles = [self._procedure.field_title(name, own) for name in named]
        text = Text(", ".join(title.en for title in titles), "、".join(title.zh for title in titles))
        return say("what is asked of {names}", "对{names}的要求", names=text) if named else same(requirement.kind)


def is_followed(procedure: Procedure, name: str, own: str | None) -> bool:
    """Whether a search follows the values of ``name``, a fact or a field of ``own``."""
    for kind in dict.fromkeys((own, None)):
        field = procedure.lifecycle(kind).fields.get(name)
        if field is not None:
            return field.type in FOLLOWED
    return False
