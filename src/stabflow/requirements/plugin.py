"""``plugin``: what code outside the procedure answers. The proof can only assume that it can be met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import attrs

from ..case import frozen
from ..errors import Blocker, Fault
from ..values import is_name
from .base import Reads, Requirement, Scope, View


@attrs.frozen(kw_only=True)
class PluginAnswers(Requirement):
    """The requirement that a plugin brought under the name ``plugin`` holds, asked with the table ``with``."""

    kind: ClassVar[str] = "plugin"

    plugin: str
    with_: Mapping[str, bool | int | str] = attrs.field(factory=dict, converter=frozen, hash=False)

    def unmet(self, view: View) -> Blocker | None:
        return view.plugin(self.plugin)(view, self.with_)

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        if not is_name(self.plugin):
            yield Fault("plugin", f"{self.plugin!r} is not a name", "use small letters, digits and _")

    def own_reads(self) -> Reads:
        return Reads()

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (cls(plugin="budget_approved"), cls(plugin="budget_approved", with_={"year": 2026}))
