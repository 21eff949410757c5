"""``elapsed``: so much time has passed since a state was entered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import attrs

from ..calendar import Duration
from ..errors import Blocker, Fault, near_miss
from ..text import same, say
from .base import Reads, Requirement, Scope, View, duration_faults, duration_or_name


@attrs.frozen(kw_only=True)
class TimeElapsed(Requirement):
    """``elapsed`` (a duration or a parameter) has passed since ``since``, a state of this lifecycle, was last entered."""

    kind: ClassVar[str] = "elapsed"

    elapsed: Duration | str = attrs.field(converter=duration_or_name)
    since: str

    def unmet(self, view: View) -> Blocker | None:
        state = view.title_of_state(self.since, view.own_id or None)
        entry = view.entered_own_state(self.since)
        if entry is None:
            return Blocker(
                kind=self.kind,
                text=say("“{state}” has not been entered yet", "尚未进入“{state}”", state=state),
                facts={"since": self.since},
            )
        earliest = view.after(entry.at, self.elapsed)
        if view.now >= earliest:
            return None
        return Blocker(
            kind=self.kind,
            text=say(
                "not before {earliest}: the time since “{state}” has not run out yet",
                "须待{earliest}：自“{state}”起的期限尚未届满",
                earliest=earliest.isoformat(timespec="minutes"),
                state=state,
            ),
            have=same(view.now.astimezone(earliest.tzinfo).isoformat(timespec="minutes")),
            need=same(earliest.isoformat(timespec="minutes")),
            facts={"since": self.since, "earliest": earliest.isoformat()},
        )

    def own_faults(self, scope: Scope) -> Iterator[Fault]:
        yield from duration_faults(scope, "elapsed", self.elapsed)
        if self.since not in scope.own_states():
            yield Fault("since", f"unknown state {self.since!r}", near_miss(self.since, scope.own_states()))

    def own_reads(self) -> Reads:
        return Reads()

    @classmethod
    def samples(cls) -> tuple[Requirement, ...]:
        return (
            cls(elapsed="30 days", since="published"),
            cls(elapsed="comment_period", since="published"),
        )
