"""A rule machine of acts, amended dates, comings and goings and ticks: every reminder that is due is sent once, and no other."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import lapsing
import pytest
from conftest import SHORT
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test
from notified import NOTIFIED, waiting
from passing import Passing

from stabflow import Engine
from stabflow.calendar import DueTime, day_ended

SHANGHAI = ZoneInfo("Asia/Shanghai")
LEADS = (1, 3)
"""The leads of the reminders, in working days."""

Sent = tuple[str, str, str, int]
"""A case, a duty, its due time and a lead."""


class Reminded(Passing):
    """The same passings, with reminders."""

    @initialize()
    def begin(self) -> None:
        self.sent: dict[Sent, set[str]] = {}
        self.read = 0
        super().begin()

    def opened(self) -> Engine:
        return lapsing.opened(self.clock, text=NOTIFIED)

    @rule(again=st.booleans())
    def tick(self, again: bool = False) -> None:
        if again:  # another machine, which knows of nothing that was sent
            self.engine._shell.reminded.clear()
        super().tick()
        self.look()

    def look(self) -> None:
        """What is in the outbox since the last look is what is due, worked out by days, and was not sent before."""
        expected: set[tuple[Sent, str]] = set()
        for one in {row.case_id for row in self.engine.cases()}:
            for duty in self.engine.case(one).duties():
                if duty.level or duty.due is None or duty.breached or duty.due.at <= self.clock.now:
                    continue
                lead = self.begun(duty.due)
                named = duty.holders[0][0] if duty.role in ("owner", "concerned") and duty.holders else ""
                if lead is not None:
                    expected.add(((one, duty.duty, f"{duty.due.at:%Y-%m-%dT%H:%M:%S}", lead), named))
        missing = {(what, named) for what, named in expected if named not in self.sent.get(what, ())}
        found = waiting(self.engine)
        new = [
            (one.case, one.about, one.facts["due"][:19], int(one.facts["lead"].split()[0]))
            for one in found[self.read :]
            if one.name == "soon"
        ]
        assert sorted(new) == sorted(what for what, _ in missing)
        for what, named in missing:
            self.sent.setdefault(what, set()).add(named)
        assert len({one.id for one in found}) == len(found)
        self.read = len(found)

    def begun(self, due: DueTime) -> int | None:
        """The shortest lead that has begun, and is no longer than the limit: so many working days, counted day by day."""
        now, last = self.clock.now, day_ended(due.at, SHANGHAI)
        for amount in LEADS:
            if last is not None:
                at = datetime.combine(self.back(last + timedelta(days=1), amount), datetime.min.time(), tzinfo=SHANGHAI)
            else:
                local = due.at.astimezone(SHANGHAI)
                at = datetime.combine(self.back(local.date(), amount), local.time(), tzinfo=SHANGHAI)
            if at <= now and (due.limit.startswith("until") or at >= due.start):
                return amount
        return None

    def back(self, day: date, amount: int) -> date:
        before = [day - timedelta(days=n) for n in range(1, 40)]
        return [one for one in before if self.engine._shell.calendar.is_working(one)][amount - 1]


TestReminded = Reminded.TestCase
TestReminded.settings = settings(max_examples=3, stateful_step_count=20, deadline=None)


@pytest.mark.slow
def test_many_passings_with_reminders() -> None:
    long = settings(max_examples=20 if SHORT else 300, stateful_step_count=50, deadline=None)
    run_state_machine_as_test(Reminded, settings=long)  # type: ignore[no-untyped-call]
