"""``filled``: roles have the holders they need."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import ClassVar

import attrs

from ..errors import Blocker, Fault, near_miss
from ..text import Text, say
from .base import Reads, Requirement, Scope, View, names, number_faults, number_of
from .shortfall import Shortfall, together
from .value import in_brackets


@attrs.frozen(kw_only=True)
class RolesFilled(Requirement):
    """Each role in ``filled`` has at least ``at_least`` holders."""

    kind: ClassVar[str] = "filled"

    filled: tuple[str, ...] = attrs.field(converter=names)
    at_least: int | str = 1

    def unmet(self, view: View) -> Shortfall | None:
        need = self.at_least if isinstance(self.at_least, int) else view.value(self.at_least)
        assert isinstance(need, int), "the loader sees to it that at_least is a whole number"
        short = [
            Shortfall(functools.partial(self._tell, view, role, have, need))
            for role in self.filled
            if (have := len(view.holders(role))) < need
        ]
        return together(self.kind, short, Text("; ", "；")) if short else None

    def _tell(self, view: View, role: str, have: int, need: int) -> Blocker:
        return Blocker(
            kind=self.kind,
            text=say(
                "{role}: at least {need} holder{many} needed{name}, {have} there",
                "{role}：至少需有{need}人任职{name}，{have}",
                role=view.title_of_role(role),
                need=need,
                many="" if need == 1 else "s",
                name=in_brackets(view, self.at_least),
                have=Text(str(have), f"现有{have}人") if have else Text("none", "现无人任职"),
            ),
            have=Text(str(have), f"{have}人"),
            need=Text(f"at least {need}", f"至少{need}人"),
            cure=view.who_appoints(role),
            facts={"role": role, "count": have, "needed": need},
        )

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        if not self.filled:
            yield Fault("filled", "names no role", "name the roles that must have a holder")
        yield from number_faults(scope, "at_least", self.at_least)
        need = number_of(scope, self.at_least)
        if need is not None and need < 1:
            yield Fault("at_least", f"{need} holders are always there", "give a whole number from 1")
        for role in self.filled:
            if role not in scope.roles():
                yield Fault("filled", f"unknown role {role!r}", near_miss(role, scope.roles()))
                continue
            seats = scope.holders(role)
            if seats is not None and need is not None and need > seats >= 1:
                yield Fault(
                    "at_least",
                    f"{role!r} has {seats} seat(s), so {need} holders can never be there",
                    "ask for fewer, or add seats",
                )

    def own_reads(self) -> Reads:
        return Reads(names=frozenset({self.at_least}) if isinstance(self.at_least, str) else frozenset())

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (
            cls(filled="assessment_unit"),
            cls(filled=("member", "chair"), at_least=3),
            cls(filled="member", at_least="quorum"),
        )
