"""A year of two procedures on a clock that is set from day to day, compared with calendars of what is due that were made by hand
from the notice of holidays for 2026.

The holidays: 15 to 23 February, 4 to 6 April, 1 to 5 May, 19 to 21 June, 25 to 27 September, 1 to 7 October. Worked in
exchange: 14 and 28 February, 9 May, 20 September, 10 October.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import five_steps
import lapsing
import pytest
from five_steps import APPOINTED, ASSESSOR, CHIEF, HIGHER, REVIEWERS
from lapsing import HEAD, INSPECTOR, Hand

import stabflow
from stabflow import Engine, Matter
from stabflow.decision.events import BreachFound
from stabflow.language import loads

ROTA = """
[procedure]
format = 1
timezone = "Asia/Shanghai"
id = "rota"
version = "1"
title = { en = "Duty rota", zh = "值班" }
source = "house rules 2026"

[clauses]
"1" = {}

[roles.inspector]
title = { en = "inspector", zh = "值班人" }
[roles.head]
title = { en = "head", zh = "负责人" }
supervises = ["inspector"]

[states]
open = { title = { en = "open", zh = "进行中" }, accountable = "inspector", within = "10 working days", clause = "1" }
ended = { title = { en = "ended", zh = "办结" }, final = true }

[[transitions]]
trigger = "begin"
dest = "open"
every = "quarter"

[[transitions]]
trigger = "close"
source = "open"
dest = "ended"
by = ["inspector"]
requires = [{ items = "watch", every = ["kept"] }]

[items.watch]
title = { en = "watch", zh = "值守" }
states.owed = { accountable = "inspector", within = "2 days" }
states.kept = { final = true }
transitions = [
  { trigger = "call", dest = "owed", every = ["weekend", "holiday"], lead = "2 days" },
  { trigger = "keep", source = "owed", dest = "kept", by = ["inspector"] },
]
"""
MIDNIGHT = 16  # 24:00 in Shanghai, by UTC


def due(found: BreachFound) -> tuple[str, int, date]:
    """What was not done, at which level, and the last day for it."""
    assert found.due.at.hour == MIDNIGHT
    return found.duty, found.level, found.due.at.date()


def test_a_year_of_a_recurring_procedure() -> None:
    clock = Hand(datetime(2026, 1, 5, 1, 0, tzinfo=UTC))
    with stabflow.open("memory:", clock=clock, procedures=[loads(ROTA)]) as engine:
        engine.constitute("rota", "inspector", INSPECTOR, basis="order 1")
        engine.constitute("rota", "head", HEAD, basis="order 1")
        created: dict[str, list[date]] = {}
        breaches: list[tuple[str, str, int, date]] = []
        while clock.now.year == 2026:
            tick = engine.tick()
            assert tick.failures == ()
            for one in tick.created:
                case_id = one.partition("/")[0]
                kind = "case" if case_id == one else "watch"
                created.setdefault(kind, []).append((clock.now + timedelta(hours=8)).date())
                if kind == "watch":
                    engine.case(case_id).fire("keep", item=one.partition("/")[2], by=INSPECTOR, basis="rota")
            for record in tick.breaches:
                assert isinstance(record.event, BreachFound)
                breaches.append((record.stream.removeprefix("case/"), *due(record.event)))
            if clock.now.month == 11 and clock.now.day == 2:
                engine.case("rota-2026-Q4").fire("close", by=INSPECTOR, basis="rota")
            clock.pass_(days=1)
        # The office was taken on 5 January: the first quarter had begun.
        assert created["case"] == [date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1)]
        # Watches are called two days ahead, in each case that is open by then: of the second quarter (from 1 April), and so on.
        begun = {"Q2": date(2026, 4, 1), "Q3": date(2026, 7, 1), "Q4": date(2026, 10, 1)}
        saturdays = {date(2026, 1, 3) + timedelta(weeks=n) for n in range(53)}
        holidays = {date(2026, m, d) for m, d in ((2, 15), (4, 4), (5, 1), (6, 19), (9, 25), (10, 1))}
        watches = [
            day - timedelta(days=2)
            for quarter, first in begun.items()
            for day in sorted(saturdays | holidays)
            if first <= day - timedelta(days=2) <= (date(2026, 11, 2) if quarter == "Q4" else date(2026, 12, 31))
        ]
        assert sorted(created["watch"]) == sorted(watches)
        # Ten working days. Q2: 2, 3, 7 to 10, 13 to 16 April. Q3: 2, 3, 6 to 10, 13 to 15 July. Q4: 8, 9, 10 (Saturday), 12 to
        # 16, 19 and 20 October. Nobody closes them in time; the head has no time to respond, so that it goes no higher.
        assert breaches == [
            ("rota-2026-Q2", "case", 0, date(2026, 4, 16)),
            ("rota-2026-Q3", "case", 0, date(2026, 7, 15)),
            ("rota-2026-Q4", "case", 0, date(2026, 10, 20)),
        ]
        engine.verify()


def five_step_year(engine: Engine, clock: Hand, step: timedelta) -> list[tuple[str, int, date]]:
    """A case that is neglected: what is found from January to December, ticking every ``step``."""
    five_steps.constitute(engine)
    engine.tick()
    case = engine.open_case("five-step", Matter("road", "Ring road"), by=CHIEF, basis="plan")
    for role, holder in APPOINTED.items():
        case.appoint(role, holder, by=CHIEF, basis="plan")
    found: list[tuple[str, int, date]] = []

    def until(month: int, day: int) -> None:
        moment = datetime(2026, month, day, 1, 0, tzinfo=UTC)
        while clock.now < moment:
            clock.now = min(clock.now + step, moment)
            tick = engine.tick()
            assert tick.failures == ()
            found.extend(due(record.event) for record in tick.breaches if isinstance(record.event, BreachFound))
            for item in case.value.of_kind("finding"):
                if item.state == "raised":  # each is dealt with at once: here it is about what opens them
                    case.fire("dismiss", item=item.id, by=HIGHER, basis="plan", grounds="known")

    until(1, 12)
    scope = {"scope_items": ["construction"], "scope_reasons": "r", "exemption": "none"}
    case.fire("screen_in", by=REVIEWERS[0], basis="plan", **scope)
    until(1, 13)
    survey = case.add("consultation", by=ASSESSOR, basis="plan", method="questionnaire", invited=100)
    until(4, 10)
    counts = {"responded": 80, "support": 60, "oppose": 10, "other": 10}
    case.fire("end", item=survey, by=ASSESSOR, basis="plan", **counts)
    until(6, 1)
    case.fire("complete_investigation", by=ASSESSOR, basis="plan", contested=False, specialised=False)
    until(12, 31)
    engine.verify()
    opened = [(item.fields["breach"], "concerned" in item.fields) for item in case.value.of_kind("finding")]
    assert opened == [("overdue", False)] * len([level for _, level, _ in found if not level])
    return found


NEGLECTED = [
    # 60 days from 13 January; then the decision body, five working days from 15 March (16 to 20); then the higher body (to 27).
    ("consultation-1", 0, date(2026, 3, 14)),
    ("consultation-1", 1, date(2026, 3, 20)),
    ("consultation-1", 2, date(2026, 3, 27)),
    # Four months from 12 January; 14, 15, 18, 19, 20 May; 22, 25 to 28 May.
    ("case", 0, date(2026, 5, 12)),
    ("case", 1, date(2026, 5, 20)),
    ("case", 2, date(2026, 5, 28)),
    # Thirty working days from 1 June, without the 19th: to 14 July; 16, 17, 20 to 22 July; 24, 27 to 30 July.
    ("case", 0, date(2026, 7, 14)),
    *((f"criterion-{n}", 0, date(2026, 7, 14)) for n in range(1, 9)),
    ("case", 1, date(2026, 7, 22)),
    *((f"criterion-{n}", 1, date(2026, 7, 22)) for n in range(1, 9)),
    ("case", 2, date(2026, 7, 30)),
    *((f"criterion-{n}", 2, date(2026, 7, 30)) for n in range(1, 9)),
]


@pytest.mark.parametrize("step", [timedelta(days=1), timedelta(hours=7), timedelta(days=6, hours=23)], ids=str)
def test_a_year_of_a_neglected_case(step: timedelta) -> None:
    """How often it ticks makes no difference, as long as it does within a week."""
    clock = Hand(datetime(2026, 1, 5, 1, 0, tzinfo=UTC))
    with stabflow.open("memory:", clock=clock) as engine:
        assert sorted(five_step_year(engine, clock, step), key=lambda one: (one[2], one[0])) == sorted(
            NEGLECTED, key=lambda one: (one[2], one[0])
        )


def test_an_attentive_year_is_without_a_breach() -> None:
    clock = Hand()
    with lapsing.opened(clock) as engine:
        engine.tick()
        case = lapsing.a_case(engine)
        for _ in range(52):
            clock.pass_(days=7)
            for one in engine.tick().created:
                owner, _, item = one.partition("/")
                engine.case(owner).fire("walk", item=item, by=INSPECTOR, basis="rota") if item else None
            case.fire("hand_in", by=INSPECTOR, basis="rota")
            case.fire("hand_back", by=HEAD, basis="rota")
        found = [record for record in case.history() if isinstance(record.event, BreachFound)]
        # Rounds are called on Saturdays for 48 hours, and ticks run on Mondays: what was called too late to be met is in doubt.
        assert {record.event.doubts for record in found} <= {("too_late",)}  # type: ignore[attr-defined]
        engine.verify()
