"""A whole run of the town's mechanism on a clock that is set from day to day, compared with a table of duties made by hand.

The table says who owes what from which day on, when it was done, and by when it was due, worked out from the notice of holidays
for 2026: 4 to 6 April, 1 to 5 May, 19 to 21 June, 25 to 27 September, 1 to 7 October; worked in exchange: 9 May, 20 September,
10 October.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import towns
from lapsing import Hand
from towns import CHAIR, GROUP, OTHER_OVERSEER, OVERSEER, UNIT, fire

import stabflow
from stabflow import CaseHandle, Engine
from stabflow.decision.events import BreachFound

FIRST, LAST = date(2026, 3, 2), date(2026, 12, 31)
NEVER = date(2027, 1, 1)


def day(text: str) -> date:
    """A day of 2026, as month-day; ``…`` is none of it."""
    return NEVER if text == "…" else date.fromisoformat(f"2026-{text}")


# duty | who owes it | level | from | done | due
TABLE = """
case           | leading_group    | 0 | 03-02 | 03-11 | 2026-03-09 | five working days: 3 to 6, 9 March
case           | decision_body    | 1 | 03-10 | 03-11 | 2026-03-17 | found on the 10th: 11 to 13, 16, 17 March
case           | decision_body    | 0 | 03-11 | 03-12 | 2026-03-18 | 12, 13, 16 to 18 March
case           | assessment_unit  | 0 | 03-12 | 04-28 | 2026-05-12 | two months
consultation-1 | assessment_unit  | 0 | 03-12 | 03-30 | 2026-04-11 | 30 days: 19 of March, 11 of April
consultation-2 | assessment_unit  | 0 | 03-16 | 04-27 | 2026-04-15 | 15 of March, 15 of April
consultation-2 | decision_body    | 1 | 04-16 | 04-24 | 2026-04-23 | 17, 20 to 23 April; not answered, it goes higher
consultation-2 | oversight        | 1 | 04-16 | 04-24 | 2026-04-23 | as well: both are above the unit
consultation-2 | higher_oversight | 2 | 04-24 | 04-27 | 2026-05-06 | 27 to 30 April, 6 May
warning-1      | assessment_unit  | 0 | 03-16 | 03-20 | 2026-03-23 | 17 to 20, 23 March
hearing-1      | assessment_unit  | 0 | 03-30 | 04-20 | 2026-04-29 | 1 of March, 29 of April
request-1      | assessment_unit  | 0 | 04-20 | 05-12 | 2026-05-13 | 21 to 24, 27 to 30 April; 6 to 9, 11 to 13 May
case           | assessment_unit  | 0 | 04-28 | 05-20 | 2026-05-21 | 29, 30 April; 6 to 9, 11 to 15, 18 to 21 May
criterion-1    | assessment_unit  | 0 | 04-28 | 05-20 | 2026-05-21 | the same
criterion-2    | assessment_unit  | 0 | 04-28 | 05-20 | 2026-05-21 | the same
criterion-3    | assessment_unit  | 0 | 04-28 | 05-20 | 2026-05-21 | the same
criterion-4    | assessment_unit  | 0 | 04-28 | 05-20 | 2026-05-21 | the same
criterion-5    | assessment_unit  | 0 | 04-28 | 05-20 | 2026-05-21 | the same
criterion-6    | assessment_unit  | 0 | 04-28 | 05-20 | 2026-05-21 | the same
forecast-1     | assessment_unit  | 0 | 04-28 | 05-20 | 2026-05-21 | the same
forecast-2     | assessment_unit  | 0 | 04-28 | 05-20 | 2026-05-21 | the same
forecast-3     | assessment_unit  | 0 | 04-28 | 05-20 | 2026-05-21 | the same
forecast-4     | assessment_unit  | 0 | 04-28 | 05-20 | 2026-05-21 | the same
conflict-1     | assessment_unit  | 0 | 05-20 | 09-10 | open-ended | until it is resolved
case           | assessment_unit  | 0 | 05-20 | 06-02 | 2026-06-03 | 21, 22, 25 to 29 May; 1 to 3 June
case           | assessment_unit  | 0 | 06-02 | 06-17 | 2026-06-16 | 3 to 5, 8 to 12, 15, 16 June
case           | decision_body    | 1 | 06-17 | 06-17 | 2026-06-25 | found and sent on one day
case           | leading_group    | 0 | 06-17 | 07-01 | 2026-07-02 | 18, 22 to 26, 29, 30 June; 1, 2 July
case           | assessment_unit  | 0 | 07-01 | 07-06 | 2026-07-08 | 2, 3, 6 to 8 July
case           | decision_body    | 0 | 07-06 | 07-24 | 2026-07-27 | 7 to 10, 13 to 17, 20 to 24, 27 July
case           | assessment_unit  | 0 | 07-24 | 09-11 | 2027-01-24 | six months
measure-1      | owner            | 0 | 07-27 | 09-03 | 2026-08-31 | its own date
measure-1      | decision_body    | 1 | 09-01 | 09-03 | 2026-09-08 | 2 to 4, 7, 8 September
measure-1      | oversight        | 1 | 09-01 | 09-03 | 2026-09-08 | as well
measure-1      | oversight        | 0 | 09-03 | 09-10 | 2026-09-17 | 4, 7 to 11, 14 to 17 September
case           | decision_body    | 0 | 09-11 | 09-30 | 2026-10-09 | 14 to 18, 20 to 24, 28 to 30 September; 8, 9 October
case           | assessment_unit  | 0 | 09-30 | 10-09 | 2027-03-30 | six months
measure-2      | owner            | 0 | 10-08 | 11-25 | 2026-11-30 | its own date
case           | assessment_unit  | 0 | 10-09 | 12-22 | 2028-10-09 | twenty-four months
finding-1      | oversight        | 0 | 10-12 | 10-14 | 2026-10-19 | 13 to 16, 19 October
finding-1      | concerned        | 0 | 10-14 | 10-29 | 2026-10-28 | 15, 16, 19 to 23, 26 to 28 October
finding-1      | higher_oversight | 0 | 10-29 | 11-10 | 2026-11-19 | 30 October; 2 to 6, 9 to 13, 16 to 19 November
finding-1      | concerned        | 0 | 11-10 | 12-21 | 2026-12-22 | 11 to 30 November without weekends: 14; 16 of December
measure-2      | oversight        | 0 | 11-25 | 11-27 | 2026-12-09 | 26, 27, 30 November; 1 to 4, 7 to 9 December
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
BREACHES = [
    ("case", 0, "2026-03-09", {"leading_group"}),
    ("consultation-2", 0, "2026-04-15", {"assessment_unit"}),
    ("consultation-2", 1, "2026-04-23", {"decision_body", "oversight"}),
    ("case", 0, "2026-06-16", {"assessment_unit"}),
    ("measure-1", 0, "2026-08-31", {"owner"}),
    ("finding-1", 0, "2026-10-28", {"concerned"}),
]
OPEN = ("10-09", "12-22")
"""The days between which the gate is open: the plan is made first, and the case is completed."""


def owed(on: date) -> set[tuple[str, ...]]:
    """What the table says of the evening of a day."""
    return {(*row[:3], row[5]) for row in ROWS if day(row[3]) <= on < day(row[4])}


def found(case: CaseHandle) -> set[tuple[str, ...]]:
    zone = case.procedure.zone
    return {
        (one.duty, one.role, str(one.level), last_day(one.due.at.astimezone(zone)) if one.due else "open-ended")
        for one in case.duties()
    }


def last_day(moment: datetime) -> str:
    """The day at whose 24:00 something is due."""
    assert (moment.hour, moment.minute) == (0, 0)
    return (moment.date() - timedelta(days=1)).isoformat()


def consult(case: CaseHandle, audience: str) -> None:
    towns.add(case, "consultation", UNIT, method="symposium", audience=audience, invited=40)


def hold_hearing(case: CaseHandle) -> None:
    fire(case, "hold_hearing", UNIT, item="hearing-1", representatives=9, experts=2, conclusion="c")


def end_preparation(case: CaseHandle) -> None:
    fire(case, "complete_preparation", UNIT, contested=True, specialised=False, material=towns.PAPER)


def defer(case: CaseHandle) -> None:
    towns.decided(case, "defer")


def resolve_request(case: CaseHandle) -> None:
    fire(case, "resolve", UNIT, item="request-1", basis_of_request="grounded", remedy_by_law="l")


def verify_countermeasure(case: CaseHandle) -> None:
    fire(case, "verify", OVERSEER, item="measure-1")
    fire(case, "confirm_resolved", OVERSEER, item="conflict-1", settlement="s")


def find_ripe(case: CaseHandle) -> None:
    towns.vote(case, *["implement"] * 3)
    mode: dict[str, Any] = {"urgent": True, "conflict_prone": True, "lawful": True}
    fire(case, "find_ripe", CHAIR, ripeness="r", statutory_procedure="s", **mode)


def plan_first(case: CaseHandle) -> None:
    case.add("plan", trigger="make_ahead", by=UNIT, basis="b", file=towns.PAPER, targeted_work="t")
    fire(case, "start", UNIT)


def uphold(case: CaseHandle) -> None:
    values: dict[str, Any] = {"event": "large_petition", "grounds": "g"}
    fire(case, "uphold", OTHER_OVERSEER, item="finding-1", **values)


Act = Callable[[CaseHandle], object]
ACTS: list[tuple[str, Act]] = [
    ("03-11", towns.screen_in),
    ("03-12", towns.name_unit),
    ("03-12", lambda case: consult(case, "grassroots")),
    ("03-16", lambda case: consult(case, "circles")),
    ("03-16", lambda case: towns.add(case, "warning", GROUP[0], dispute="d", demand="w")),
    ("03-20", lambda case: fire(case, "act_on", UNIT, item="warning-1", response="r")),
    ("03-30", lambda case: towns.end_consultation(case, "consultation-1", 5, 20, "end_divided")),
    ("03-30", lambda case: towns.add(case, "hearing", UNIT, form="hearing", legal_basis="l")),
    ("04-20", hold_hearing),
    ("04-20", lambda case: towns.add(case, "request", OVERSEER, topic="t", wording="w")),
    ("04-27", lambda case: towns.end_consultation(case, "consultation-2")),
    ("04-28", end_preparation),
    ("05-12", resolve_request),
    ("05-20", towns.advance),
    ("06-02", towns.advance),
    ("06-17", towns.advance),
    ("07-01", towns.advance),
    ("07-06", towns.advance),
    ("07-24", defer),
    ("07-27", lambda case: towns.measure(case, day("08-31"), purpose="countermeasure")),
    ("09-03", lambda case: fire(case, "carry_out", UNIT, item="measure-1", account="a")),
    ("09-10", verify_countermeasure),
    ("09-11", lambda case: fire(case, "report_resolved", UNIT, causes_resolved="c")),
    ("09-30", find_ripe),
    ("10-08", lambda case: towns.measure(case, day("11-30"))),
    ("10-09", plan_first),
    ("10-12", lambda case: towns.add(case, "finding", OVERSEER, breach="poorly_done", account="a")),
    ("10-14", lambda case: fire(case, "notify", OVERSEER, item="finding-1", concerned=UNIT, responsible="unit")),
    ("10-29", lambda case: fire(case, "note_silence", OVERSEER, item="finding-1")),
    ("11-10", uphold),
    ("11-25", lambda case: fire(case, "carry_out", UNIT, item="measure-2", account="a")),
    ("11-27", lambda case: fire(case, "verify", OVERSEER, item="measure-2")),
    ("12-21", lambda case: fire(case, "confirm_remedy", OTHER_OVERSEER, item="finding-1", remedy="r")),
    ("12-22", lambda case: fire(case, "complete", CHAIR, closing_account="c")),
]


def run(engine: Engine, clock: Hand) -> tuple[list[tuple[str, int, str, set[str]]], CaseHandle]:
    """The whole run: each day time passes, then what is done that day is done, then everybody's duties are as the table has
    them, and the gate is open when it should be."""
    towns.constitute(engine)
    case = towns.opened(engine)
    breaches: list[tuple[str, int, str, set[str]]] = []
    today = FIRST
    while today <= LAST:
        clock.now = datetime(today.year, today.month, today.day, 1, 0, tzinfo=UTC)
        tick = engine.tick()
        assert (tick.failures, tick.created) == ((), ())
        for record in tick.breaches:
            event = record.event
            assert isinstance(event, BreachFound)
            assert not event.doubts
            due = last_day(event.due.at.astimezone(case.procedure.zone))
            breaches.append((event.duty, event.level, due, set(event.roles)))
        for when, act in ACTS:
            if day(when) == today:
                act(case)
        assert found(case) == owed(today), today
        cleared = engine.gate("dam", accept=["town-2013@1"]).cleared
        assert cleared == (day(OPEN[0]) <= today < day(OPEN[1])), today
        today += timedelta(days=1)
    return breaches, case


def test_a_whole_run_owes_what_the_table_says_and_breaches_where_something_is_late() -> None:
    clock = Hand(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    with stabflow.open("memory:", clock=clock) as engine:
        breaches, case = run(engine, clock)
        assert breaches == BREACHES
        assert case.state == "completed"
        assert [row for row in ROWS if day(row[4]) > LAST] == []
        engine.verify()


def test_nothing_follows_from_lateness_alone() -> None:
    """The document holds to account for a breach *and* an event: what is late is on record and opens no finding."""
    clock = Hand(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    with stabflow.open("memory:", clock=clock) as engine:
        towns.constitute(engine)
        case = towns.opened(engine)
        clock.pass_(days=6)
        assert engine.tick().breaches == ()
        clock.pass_(days=2)
        (record,) = engine.tick().breaches
        assert isinstance(record.event, BreachFound)
        assert record.event.above == ("decision_body",)
        assert not case.value.of_kind("finding")
