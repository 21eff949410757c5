"""``elapsed``: so much time has passed since a state was entered."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

import attrs

from ..calendar import Duration
from ..errors import Blocker, Fault, near_miss
from ..text import Text, quoted, say
from ..values import moment_text
from .base import Reads, Requirement, Scope, View, duration_faults, duration_or_name
from .shortfall import Shortfall


@attrs.frozen(kw_only=True)
class TimeElapsed(Requirement):
    """``elapsed`` (a duration or a parameter) has passed since ``since``, a state of this lifecycle, was last entered, without
    the time during which its clock stood."""

    kind: ClassVar[str] = "elapsed"

    elapsed: Duration | str = attrs.field(converter=duration_or_name)
    since: str

    def unmet(self, view: View) -> Shortfall | None:
        entry = view.entered_own_state(self.since)
        if entry is None:
            return Shortfall(functools.partial(self._never_entered, view))
        earliest = view.after(entry.at, self.elapsed)
        return None if view.now >= earliest else Shortfall(functools.partial(self._too_early, view, earliest))

    def _never_entered(self, view: View) -> Blocker:
        return Blocker(
            kind=self.kind,
            text=say("{state} has not been entered yet", "尚未进入{state}", state=self._state(view)),
            facts={"since": self.since},
        )

    def _too_early(self, view: View, earliest: datetime) -> Blocker:
        if view.stopped_at is not None:
            since = _moment(view.stopped_at.astimezone(earliest.tzinfo))
            return Blocker(
                kind=self.kind,
                text=say(
                    "the clock stands since {since}: the time since {state} was entered goes on when it is resumed",
                    "计时自{since}起中止：进入{state}后的期限待恢复计时后继续计算",
                    since=since,
                    state=self._state(view),
                ),
                have=since,
                need=Text("the clock running again, and the rest of the time", "恢复计时并届满剩余期限"),
                facts={"since": self.since, "stopped_at": moment_text(view.stopped_at)},
            )
        return Blocker(
            kind=self.kind,
            text=say(
                "not possible before {earliest}: the time since {state} was entered has not run out yet",
                "{earliest}之前不可办理：自进入{state}起的期限尚未届满",
                earliest=_moment(earliest),
                state=self._state(view),
            ),
            have=_moment(view.now.astimezone(earliest.tzinfo)),
            need=_moment(earliest),
            facts={"since": self.since, "earliest": moment_text(earliest)},
        )

    def _state(self, view: View) -> Text:
        return quoted(view.title_of_state(self.since, view.own_id or None))

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


def _moment(at: datetime) -> Text:
    clock = f"{at:%H:%M:%S}" if at.second or at.microsecond else f"{at:%H:%M}"
    return say(
        "{day} {clock} ({zone})",
        "{year}年{month}月{number}日{clock}（{zone}）",
        day=at.date().isoformat(),
        year=at.year,
        month=at.month,
        number=at.day,
        clock=clock,
        zone=at.tzinfo,
    )
