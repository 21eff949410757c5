"""What of a requirement a search follows, and what it leaves open.

A search cannot follow numbers, text, dates, shares, plugins: such a requirement may hold or not. So every requirement is read
twice. *Loosely* it holds wherever it may hold: what cannot be reached so cannot be reached at all (safety). *Strictly* it holds
only where it is sure to, or can be made to hold by what the proof names as an assumption (liveness). Who acts is left aside too:
that somebody can is settled by the roles, when the procedure is made; and waiting ends every wait.
"""

from __future__ import annotations

import enum
from collections.abc import Collection

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


class Left(enum.Enum):
    """What a search does not follow: ``SETTLED`` holds by the roles or by waiting, ``OPEN`` may hold or not."""

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
        return self._is_exact(requirement, own)

    def _read(
        self, requirement: Requirement, own: str | None, *, strictly: bool, assumed: list[Text]
    ) -> Requirement | Left:
        inner = self._own(requirement, own, strictly=strictly, assumed=assumed)
        if not requirement.when:
            return inner
        conditions: list[Requirement] = []
        for condition in requirement.when:
            if not strictly and not self._is_exact(condition, own):
                return Left.OPEN  # it may not be asked at all
            read = self._read(condition, own, strictly=False, assumed=[])
            if not isinstance(read, Left):
                conditions.append(read)
        if isinstance(inner, Left):
            if not conditions:
                return inner
            # What is left of it is that its conditions must have been stated.
            inner = CaseIs(case=tuple(self._procedure.states))
        return attrs.evolve(inner, when=tuple(conditions), clause=requirement.clause, title=requirement.title)

    def _own(
        self, requirement: Requirement, own: str | None, *, strictly: bool, assumed: list[Text]
    ) -> Requirement | Left:
        """The requirement without its conditions."""
        if isinstance(requirement, RolesFilled | IndependentOf | TimeElapsed):
            return Left.SETTLED
        if isinstance(requirement, AnyOf | AllOf):
            parts = [
                self._read(part, own, strictly=strictly, assumed=[] if isinstance(requirement, AnyOf) else assumed)
                for part in requirement.parts()
            ]
            kept = tuple(part for part in parts if not isinstance(part, Left))
            if isinstance(requirement, AllOf):
                return Left.OPEN if not kept else attrs.evolve(requirement, all=kept, when=())
            if Left.SETTLED in parts or (Left.OPEN in parts and not strictly):
                return Left.SETTLED if Left.SETTLED in parts else Left.OPEN
            if not kept:
                assumed += [self._assumption(part, own) for part in requirement.parts()]
                return Left.OPEN
            return attrs.evolve(requirement, any=kept, when=())
        if self._is_followed(requirement, own):
            return attrs.evolve(requirement, when=())
        assumed.append(self._assumption(requirement, own))
        return Left.OPEN

    def _is_exact(self, requirement: Requirement, own: str | None) -> bool:
        """Whether nothing in it is left open."""
        inner = (*requirement.when, *requirement.parts())
        here = isinstance(requirement, AnyOf | AllOf) or self._is_followed(requirement, own)
        return here and all(self._is_exact(part, own) for part in inner)

    def _is_followed(self, requirement: Requirement, own: str | None) -> bool:
        if isinstance(requirement, CaseIs):
            return True
        if isinstance(requirement, ValueIs):
            return requirement.is_ is not None and is_followed(self._procedure, requirement.value[0], own)
        if isinstance(requirement, ItemsAre):
            fields = self._procedure.items[requirement.items].fields
            return requirement.over is None and all(fields[name].type in FOLLOWED for name in requirement.where)
        return False

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
