"""``filled``: roles have the holders they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import attrs

from ..errors import Blocker, Fault, near_miss
from ..text import same, say
from .base import Reads, Requirement, Scope, View


@attrs.frozen(kw_only=True)
class RolesFilled(Requirement):
    """Each role in ``filled`` has at least ``at_least`` holders."""

    kind: ClassVar[str] = "filled"

    filled: tuple[str, ...]
    at_least: int | str = 1

    def unmet(self, view: View) -> Blocker | None:
        need = self.at_least if isinstance(self.at_least, int) else view.value(self.at_least)
        assert isinstance(need, int), "the loader sees to it that at_least is a whole number"
        for role in self.filled:
            have = len(view.holders(role))
            if have < need:
                return Blocker(
                    kind=self.kind,
                    text=say(
                        "{role} needs {need} holder(s), and has {have}",
                        "{role}需有{need}人任职,现有{have}人",
                        role=view.title_of_role(role),
                        need=need,
                        have=have,
                    ),
                    have=same(have),
                    need=same(need),
                    cure=view.who_appoints(role),
                    facts={"role": role, "count": have, "needed": need},
                )
        return None

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        if not self.filled:
            yield Fault("filled", "names no role", "name the roles that must have a holder")
        if isinstance(self.at_least, str) and scope.value_type(self.at_least) != "int":
            yield Fault(
                "at_least",
                f"{self.at_least!r} is no parameter with a whole number",
                near_miss(self.at_least, scope.value_names()),
            )
        if isinstance(self.at_least, int) and self.at_least < 1:
            yield Fault("at_least", f"{self.at_least} holders always are there", "give a whole number from 1")
        for role in self.filled:
            if role not in scope.roles():
                yield Fault("filled", f"unknown role {role!r}", near_miss(role, scope.roles()))
                continue
            seats = scope.holders(role)
            if seats is not None and isinstance(self.at_least, int) and self.at_least > seats:
                yield Fault(
                    "at_least",
                    f"{role!r} has {seats} seats, {self.at_least} holders can never be there",
                    "ask for fewer, or add seats",
                )

    def own_reads(self) -> Reads:
        return Reads(names=frozenset({self.at_least}) if isinstance(self.at_least, str) else frozenset())

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (cls(filled=("assessment_unit",)), cls(filled=("member",), at_least=3))
