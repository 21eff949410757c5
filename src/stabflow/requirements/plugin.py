"""``plugin``: what code outside the procedure answers. The proof can only assume that it can be met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import attrs

from ..errors import ANY_VALUE, Fault
from ..values import NAME_CURE, is_name
from .base import Literal, Reads, Requirement, Scope, View, by_key
from .shortfall import Shortfall


@attrs.frozen(kw_only=True)
class PluginAnswers(Requirement):
    """The requirement that a plugin brought under the name ``plugin`` holds, asked with the table ``with``."""

    kind: ClassVar[str] = "plugin"

    plugin: str
    with_: Mapping[str, Literal] = attrs.field(factory=dict, converter=by_key, hash=False)

    def unmet(self, view: View) -> Shortfall | None:
        blocker = view.plugin(self.plugin)(view, self.with_)
        if blocker is None:
            return None
        told = attrs.evolve(blocker, compares=(ANY_VALUE,))
        return Shortfall(lambda: told, told.unstated, told.pending)

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        if not is_name(self.plugin):
            yield Fault("plugin", f"{self.plugin!r} is not a name", NAME_CURE)
        for key in self.with_:
            if not is_name(key):
                yield Fault("with", f"{key!r} is not a name", NAME_CURE)

    def own_reads(self) -> Reads:
        return Reads()

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (cls(plugin="budget_approved"), cls(plugin="budget_approved", with_={"year": 2026}))
