"""What is left of a requirement whose values a search does not follow: that they have been stated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import attrs

from ..decision.view import CaseView
from ..errors import Fault
from ..requirements import Requirement, Scope, View
from ..requirements.base import Reads, names, unstated
from ..requirements.shortfall import Shortfall


@attrs.frozen(kw_only=True)
class Stated(Requirement):
    """Everything named in ``stated`` has a value: what nobody has stated never passes, whatever is asked of it. No procedure
    says this; a search reads requirements so. ``before``: this act does not do it."""

    kind: ClassVar[str] = "stated"

    stated: tuple[str, ...] = attrs.field(converter=names)
    before: bool = False

    def unmet(self, view: View) -> Shortfall | None:
        if self.before and isinstance(view, CaseView):
            view = attrs.evolve(view, values={})
        missing = [name for name in self.stated if view.value(name) is None]
        return unstated(view, missing) if missing else None

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        return iter(())

    def own_reads(self) -> Reads:
        return Reads(names=frozenset(self.stated))

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (cls(stated="people"),)
