"""A company's year of screening: what the document lists, what its dossier shows and refuses, and whole years on a clock that is
set by hand, compared with tables of what is owed that were made from the notices of holidays."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import worlds
from dossier_runs import dossier_run, spelt_out
from lapsing import Hand

import stabflow
from stabflow import Actor, CaseHandle, Engine, Matter, Plugin, Procedure, ProcedureError, Refused, hookimpl
from stabflow.calendar import Calendar
from stabflow.calendars.china import china
from stabflow.decision.events import Added, BreachFound
from stabflow.dossier import Dossier, NotAsExpected, Run, rehearse
from stabflow.language import bundled, loads
from stabflow.language.manifest import manifest
from stabflow.ports.hooks import CalendarSource
from stabflow.reasoning.report import Status
from stabflow.stores.memory import MemoryStore

NAME = "screening-2015"
ROOT = Path(__file__).parent.parent
TEXT = resources.files("stabflow").joinpath("procedures", NAME, "1.toml").read_text(encoding="utf-8")

CLAUSES = """
title preamble.1-4
一 一.1-10
二 二.1 二.2.1-2 二.3-11
三 三.1-11 三.12.1-2 三.13-14
四 四.0 四.1.1-11 四.2.1-14
五 五.1 五.1.1-10 五.1.11.1-2 五.1.12-13 五.2 五.2.1-15 五.3 五.3.1-14
closing.1-5 date
R.1-5
"""
"""Every clause of the document in its order (``1-4`` stands for 1, 2, 3, 4), and last the rules of this library."""

MUST_NOT_BE_BUILT = {"二.7", "三.11", "五.1.1", "五.1.5", "五.2.12"}
NO_RULE = """
title preamble.3 一.1 二.10 三.1-7 三.12.1-2 四.0 四.2.9 五.1.2 五.1.11.1-2 五.2.15 五.3.14 closing.2-4 date
"""
NOTED = """
title preamble.1 preamble.3 二 二.1 二.11 三 四.0 四.1.1 四.2.4 四.2.13 五 五.1 五.1.5 五.1.12 五.2 五.3.2 五.3.4 五.3.10
五.3.13 closing.5 date
"""
HOLIDAYS = {
    "new_year": "元旦",
    "spring_festival": "春节",
    "tomb_sweeping": "清明",
    "labour_day": "五一",
    "dragon_boat": "端午",
    "mid_autumn": "中秋",
    "national_day": "国庆节",
}
LISTED = {
    "topic": {"petitions", "work_safety", "social_stability"},
    "issue": {"hot", "difficult", "emerging"},
    "channel": {"call", "letter", "visit"},
    "meeting_task": {"analysis", "problems", "countermeasures"},
    "attendance": {"departments_attend", "enterprises_attend"},
    "weight": {"major", "hard"},
}
CREATED_BY_TIME = {"begin_year", *(f"{kind}.call" for kind in ("situation_meeting", "screening", "holiday_screening"))}
CREATED_BY_TIME |= {"duty.call", "inspection.call"}


@pytest.fixture(scope="module")
def procedure() -> Procedure:
    return bundled(NAME)


@pytest.fixture(scope="module")
def ended() -> Iterator[tuple[Run, CaseHandle]]:
    """The dossier, run."""
    with dossier_run(NAME) as ran:
        yield ran


# What the document says


def test_every_clause_is_carried_or_says_why_not(procedure: Procedure) -> None:
    carried = manifest(procedure)
    assert [one.id for one in carried] == spelt_out(CLAUSES)
    deviating = {one.id: one.deviation for one in carried if one.deviation is not None}
    assert deviating.keys() == MUST_NOT_BE_BUILT | {*spelt_out(NO_RULE)}
    assert all(one.carriers for one in carried if one.deviation is None)
    assert {name for name, reason in deviating.items() if "must not be built" in reason.en} == MUST_NOT_BE_BUILT
    assert all(("不得建设" in reason.zh) == (name in MUST_NOT_BE_BUILT) for name, reason in deviating.items())
    assert [one.id for one in carried if one.clause.note is not None] == NOTED.split()


def test_every_row_state_role_and_kind_cites_a_clause(procedure: Procedure) -> None:
    for kind, cycle in procedure.lifecycles():
        assert all(row.clause for row in cycle.transitions), kind
        assert all(state.clause for state in cycle.states.values()), kind
    assert all(role.clause for role in procedure.roles.values())
    assert all(kind.clause for kind in procedure.items.values())
    assert all(entry.clause for entries in procedure.lists.values() for entry in entries.values())


def test_what_the_document_lists_is_there(procedure: Procedure) -> None:
    assert {name: entry.title.zh for name, entry in procedure.lists["holiday"].items()} == HOLIDAYS
    assert {name: {*procedure.lists[name]} for name in LISTED} == LISTED
    for kind in ("holiday_screening", "inspection"):
        (row,) = (one for one in procedure.items[kind].transitions if one.every)
        assert [one.value for one in row.every] == [*HOLIDAYS]
    (duty,) = (one for one in procedure.items["duty"].transitions if one.every)
    assert [one.value for one in duty.every] == ["weekend", *HOLIDAYS]


def test_the_top_leader_alone_screens_and_assigns(procedure: Procedure) -> None:
    for kind, trigger in (("screening", "conduct"), ("holiday_screening", "conduct"), ("problem", "assign")):
        rows = [row for row in procedure.items[kind].transitions if row.trigger == trigger]
        assert [row.by for row in rows] == [("top_leader",)]
    assert procedure.roles["top_leader"].holders == 1


@pytest.mark.parametrize("clause", ["closing.1", "closing.5", "四.1.8", "四.1.9", "五.1.9", "四.1.4"])
def test_a_clause_that_nothing_carries_any_more_is_missed(clause: str) -> None:
    gone = re.sub(rf'(clause = (?:\[[^\]]*)?)"{re.escape(clause)}"', r'\1"title"', TEXT)
    with pytest.raises(ProcedureError) as refused:
        loads(gone)
    assert f'clauses."{clause}"' in [fault.path for fault in refused.value.faults]


@pytest.mark.parametrize(
    "asked",
    [
        '{ value = "tasks", is = "countermeasures", clause = "一.10" }',
        '{ value = "dealt_with", is = "timely_measures", clause = "二.9" }',
        '{ value = "attended", is = "enterprises_attend", clause = "五.2.2" }',
        '{ independent_of = ["keep_log"], clause = ["四.1.4", "四.1.5"] }',
    ],
)
def test_the_dossier_misses_what_is_not_asked_any_more(asked: str, tmp_path: Path) -> None:
    assert TEXT.count(asked) == 1
    (tmp_path / "changed.toml").write_text(
        re.sub(rf"{re.escape(asked)},?", "", TEXT).replace('version = "1"', 'version = "2"', 1), encoding="utf-8"
    )
    dossier = (ROOT / "examples" / f"{NAME}.toml").read_text(encoding="utf-8")
    (tmp_path / "dossier.toml").write_text(
        dossier.replace(f'procedure = "{NAME}"', 'procedure = "changed.toml"\nunproved = "allow"'), "utf-8"
    )
    with pytest.raises(NotAsExpected):
        rehearse(Dossier.load(tmp_path / "dossier.toml"))


def test_it_is_proved_and_warns_only_of_what_the_calendar_calls_for(procedure: Procedure) -> None:
    report = stabflow.check(procedure)
    assert report.proved
    assert report.states <= 2_500
    warned = [one for one in report.findings if one.status is Status.WARNING]
    assert {one.property for one in warned} == {"by_time"}
    assert {one.path for one in warned} == {
        f"items.{name.replace('.', '.transitions.')}" for name in CREATED_BY_TIME if "." in name
    }
    five_steps = [one for one in report.findings if one.property == "five_steps"]
    assert [one.status for one in five_steps] == [Status.NOT_APPLICABLE]
    assert procedure.gate is None
    assert not any(state.outcome or state.step for state in procedure.states.values())


# The dossier


def test_the_dossier_closes_its_year(ended: tuple[Run, CaseHandle]) -> None:
    done, case = ended
    assert case.state == "year_closed"
    assert done.dossier.illustrative
    assert not case.duties()


def test_the_dossier_shows_every_row_that_a_person_fires(ended: tuple[Run, CaseHandle], procedure: Procedure) -> None:
    _, case = ended
    fired = set()
    for record in case.history():
        kind = getattr(record.event, "kind", None)
        item = getattr(record.event, "item", None)
        trigger = getattr(record.event, "trigger", None)
        kind = kind or (case.value.items[item].kind if item else None)
        fired.add(f"{kind}.{trigger}" if kind else trigger)
    rows = {
        f"{kind}.{row.trigger}" if kind else row.trigger
        for kind, cycle in procedure.lifecycles()
        for row in cycle.transitions
    }
    assert rows - fired == CREATED_BY_TIME, "the calendar fires these at a tick, not in a dossier"


REFUSED = [
    ("find_wanting", {"四.2.8"}),  # nothing was wanting
    ("assign", set()),  # by a deputy: only the top leader
    ("verify", {"R.3"}),  # who resolved it
    ("conduct", set()),  # by a deputy: the top leader leads
    ("conduct", {"五.3.6"}),  # work safety left out
    ("confirm", {"四.1.4", "四.1.5"}),  # who kept the log
    ("conclude", {"三.14"}),  # unanswered
    ("hold", {"一.10"}),  # no countermeasures
    ("explain_missed", {"R.2"}),  # its time is not over
    ("hold", {"二.9"}),  # no measures
    ("begin", {"五.2.2"}),  # no heads of enterprises
    ("begin_summary", {"preamble.4"}),  # in June
    ("close_year", {"五.3.11", "五.3.2", "三.13", "三.14"}),
    ("conclude", {"五.1.6", "五.1.13"}),  # explained, it says, and it was done
]


def test_what_the_dossier_is_refused_names_its_clause(ended: tuple[Run, CaseHandle]) -> None:
    done, _ = ended
    refused = [
        (one.act.what, {clause for blocker in one.refusal.blockers for clause in blocker.clause})
        for one in done.rehearsal
        if one.refusal is not None
    ]
    assert refused == REFUSED


# A year on a clock that is set by hand

SUPERIOR, LEADER, DEPUTY = Actor("o-1", body="banner"), Actor("o-2", body="company"), Actor("o-3", body="company")
CLERK, PLANT = Actor("o-4", body="office"), Actor("o-5", body="plant")
OFFICES = {
    "superior": SUPERIOR,
    "top_leader": LEADER,
    "deputy": DEPUTY,
    "department": CLERK,
    "enterprise_head": PLANT,
}

Owed = tuple[str, str, str]
"""A kind, the day on which it is called for, and the last day for it."""


def days(first: str, last: str) -> list[date]:
    one, end = date.fromisoformat(first), date.fromisoformat(last)
    return [one + timedelta(days=n) for n in range((end - one).days + 1)]


def as_noticed() -> Calendar:
    """2015 by the notice of holidays for it, and the New Year of 2016 by that for 2016, as they were published: a day off in lieu
    belongs to the holiday, and so does the Sunday between the two."""
    named = {
        "new_year": [*days("2015-01-01", "2015-01-03"), *days("2016-01-01", "2016-01-03")],
        "spring_festival": days("2015-02-18", "2015-02-24"),
        "tomb_sweeping": days("2015-04-05", "2015-04-06"),
        "labour_day": days("2015-05-01", "2015-05-03"),
        "dragon_boat": days("2015-06-20", "2015-06-22"),
        "mid_autumn": days("2015-09-27", "2015-09-27"),
        "national_day": days("2015-10-01", "2015-10-07"),
    }
    names = {day: name for name, off in named.items() for day in off}
    # the seventieth anniversary: off, and none of the seven
    off = {*names, *days("2015-09-03", "2015-09-05")}
    worked = {date(2015, m, d) for m, d in ((1, 4), (2, 15), (2, 28), (9, 6), (10, 10))}
    return Calendar("notices", off, worked, china().years, (), names)


class Notices(Plugin):
    """Brings that calendar."""

    @hookimpl
    def stabflow_calendars(self) -> Iterable[CalendarSource]:
        return [CalendarSource("notices", as_noticed)]


def opened(clock: Hand, store: MemoryStore) -> Engine:
    return worlds.engine_over(store, clock, plugins=[Notices()], calendar="notices")


TABLE_2015: list[Owed] = [
    # Called for on the last day before the quarter, and due by its last (of the fourth, by its last but one).
    ("situation_meeting", "2014-12-31", "2015-03-31"),
    ("situation_meeting", "2015-03-31", "2015-06-30"),
    ("situation_meeting", "2015-06-30", "2015-09-30"),
    ("situation_meeting", "2015-09-30", "2015-12-30"),
    ("screening", "2014-12-31", "2015-03-31"),
    ("screening", "2015-03-31", "2015-06-30"),
    ("screening", "2015-06-30", "2015-09-30"),
    ("screening", "2015-09-30", "2015-12-30"),
    # A week before the first day off: 18 February, 5 April, 1 May, 20 June, 27 September, 1 October, 1 January.
    ("holiday_screening", "2015-02-11", "2015-02-17"),
    ("holiday_screening", "2015-03-29", "2015-04-04"),
    ("holiday_screening", "2015-04-24", "2015-04-30"),
    ("holiday_screening", "2015-06-13", "2015-06-19"),
    ("holiday_screening", "2015-09-20", "2015-09-26"),
    ("holiday_screening", "2015-09-24", "2015-09-30"),
    ("holiday_screening", "2015-12-25", "2015-12-31"),
    # On the first day off, to the end of the third.
    ("inspection", "2015-01-01", "2015-01-03"),
    ("inspection", "2015-02-18", "2015-02-20"),
    ("inspection", "2015-04-05", "2015-04-07"),
    ("inspection", "2015-05-01", "2015-05-03"),
    ("inspection", "2015-06-20", "2015-06-22"),
    ("inspection", "2015-09-27", "2015-09-29"),
    ("inspection", "2015-10-01", "2015-10-03"),
    # Rosters for the holidays; that of 20 June is for a Saturday, and stands below.
    ("duty", "2015-02-11", "2015-02-17"),
    ("duty", "2015-03-29", "2015-04-04"),
    ("duty", "2015-04-24", "2015-04-30"),
    ("duty", "2015-09-20", "2015-09-26"),
    ("duty", "2015-09-24", "2015-09-30"),
    ("duty", "2015-12-25", "2015-12-31"),
]
SATURDAYS_2015 = """
01-10 01-17 01-24 01-31 02-07 02-14 02-21 02-28 03-07 03-14 03-21 03-28 04-04 04-11 04-18 04-25 05-02 05-09 05-16 05-23 05-30
06-06 06-13 06-20 06-27 07-04 07-11 07-18 07-25 08-01 08-08 08-15 08-22 08-29 09-05 09-12 09-19 09-26 10-03 10-10 10-17 10-24
10-31 11-07 11-14 11-21 11-28 12-05 12-12 12-19 12-26
"""
"""From the second on: the roster for 3 January was due before the year began. That for 2 January 2016 is due within it."""


def rosters(saturdays: list[date]) -> list[Owed]:
    return [("duty", f"{day - timedelta(days=7)}", f"{day - timedelta(days=1)}") for day in saturdays]


TABLE_2015 += rosters([*(date.fromisoformat(f"2015-{day}") for day in SATURDAYS_2015.split()), date(2016, 1, 2)])


def local(moment: datetime) -> datetime:
    return moment.astimezone(bundled(NAME).zone)


def last_day(end: datetime) -> str:
    """The day that ends at this moment."""
    return str(local(end - timedelta(seconds=1)).date())


def called_for(case: CaseHandle) -> list[Owed]:
    """What the calendar has called for in a case."""
    return sorted(
        (record.event.kind, str(local(record.occurred_at).date()), last_day(record.event.due.at))
        for record in case.history()
        if isinstance(record.event, Added)
        and f"{record.event.kind}.{record.event.trigger}" in CREATED_BY_TIME
        and record.event.due is not None
    )


def in_office(engine: Engine) -> Engine:
    for role, holder in OFFICES.items():
        engine.constitute(NAME, role, holder, basis="company order 1")
    return engine


def test_the_table_is_that_of_the_official_calendar() -> None:
    """Which days are worked in 2015 is as in the calendar ``CN``, whose names leave out the Sundays within a holiday."""
    ours, cn = as_noticed(), china()
    year = days("2015-01-01", "2015-12-31")
    assert [day for day in year if ours.is_working(day)] == [day for day in year if cn.is_working(day)]
    named = {day: name for day, name in cn.names.items() if day.year == 2015}
    assert named.items() <= ours.names.items()
    assert {day for day in ours.names if day.year == 2015 and day not in named} == {
        *days("2015-05-02", "2015-05-03"),
        date(2015, 6, 21),
    }


STEPS = [timedelta(hours=hours, minutes=7) for hours in (22, 6 * 24 + 23, 5, 90, 0, 31)]


NEXT_YEAR: list[Owed] = [
    ("situation_meeting", "2015-12-31", "2016-03-31"),
    ("screening", "2015-12-31", "2016-03-31"),
    ("inspection", "2016-01-01", "2016-01-03"),
    ("duty", "2016-01-02", "2016-01-08"),
]
"""What 2016 calls for by the first minute of 2 January."""


def test_a_year_in_which_nothing_is_done() -> None:
    """Two machines tick at odd times, each more than once: all is called for once, and falls due on its day."""
    clock, end = Hand(datetime(2014, 12, 20, 1, 0, tzinfo=UTC)), datetime(2016, 1, 1, 16, 0, tzinfo=UTC)
    store = MemoryStore()
    one, other = opened(clock, store), opened(clock, store)
    in_office(one).tick()
    found: list[tuple[str, int, str]] = []
    number = 0
    while clock.now < end:
        before, clock.now = clock.now, min(clock.now + STEPS[number % len(STEPS)], end)
        number += 1
        for engine in (one, other, one)[number % 2 :]:
            tick = engine.tick()
            assert tick.failures == ()
            for record in tick.breaches:
                assert isinstance(record.event, BreachFound)
                late = before < record.event.due.start  # called for and due between two ticks: nobody could have known
                assert set(record.event.doubts) <= ({"too_late"} if late else set())
                if record.stream == f"case/{NAME}-2015":
                    found.append((record.event.duty, record.event.level, last_day(record.event.due.at)))
    case = other.case(f"{NAME}-2015")
    # nobody began its summary, so that what the next year calls for comes to this one too
    assert called_for(case) == sorted(TABLE_2015 + NEXT_YEAR)
    assert called_for(other.case(f"{NAME}-2016")) == sorted(NEXT_YEAR)
    assert len(found) == len({one[:2] for one in found})
    due = Counter((case.value.items[duty].kind, day) for duty, level, day in found if duty != "case" and not level)
    assert due == Counter((kind, day) for kind, _, day in TABLE_2015)
    assert [one for one in found if one[0] == "case"] == [("case", 0, "2015-12-31")]
    one.verify()


SCREENED: dict[str, Any] = {"topics": ["petitions", "work_safety", "social_stability"], "scope": "all"}
SCREENED |= {"hot": "none", "difficult": "none", "emerging": "none"}
IN_ORDER: dict[str, Any] = {
    "unit": "plant",
    "at_post": True,
    "records_kept": True,
    "dealt_with": True,
    "channels_open": True,
}
MINUTES: dict[str, Any] = {"tasks": ["analysis", "problems", "countermeasures"], "minutes": "m"}
SUMMARY: dict[str, Any] = dict.fromkeys(
    ("leadership", "conflicts", "letters_and_visits", "grassroots", "mechanism", "to_improve"), "s"
)
SUMMARY["holidays_covered"] = [*HOLIDAYS]


def meet(case: CaseHandle, day: date) -> None:
    """The departments meet twice, and once with the heads of enterprises."""
    agendas = bundled(NAME).lists
    for _ in range(2):
        item = case.add("department_meeting", by=DEPUTY, basis="notice", day=day)
        case.fire(
            "hold", item=item, by=DEPUTY, basis="minutes", dealt_with=[*agendas["department_agenda"]], minutes="m"
        )
    item = case.add("joint_meeting", by=DEPUTY, basis="notice", day=day)
    there: dict[str, Any] = {
        name: [*agendas[of]] for name, of in (("attended", "attendance"), ("passed_on", "passed_on"))
    }
    case.fire("begin", item=item, by=DEPUTY, basis="notice", **there)
    worked: dict[str, Any] = {"reported": [*agendas["topic"]], "worked_on": [*agendas["joint_agenda"]], "minutes": "m"}
    case.fire("end", item=item, by=DEPUTY, basis="minutes", **worked)


class Attentive:
    """A company in which everything that the calendar calls for is done at once, and duty is kept."""

    def __init__(self, engine: Engine, clock: Hand) -> None:
        self.engine, self.clock = engine, clock
        self.rostered: dict[tuple[str, str], date] = {}
        # the screening before New Year is the last of the year, the inspection on New Year the first
        self.holidays = {"holiday_screening": [*[*HOLIDAYS][1:], "new_year"], "inspection": [*HOLIDAYS]}
        self.quarters = {name: ["q1", "q2", "q3", "q4"] for name in ("situation_meeting", "screening")}

    def tick(self) -> tuple[object, ...]:
        tick = self.engine.tick()
        assert tick.failures == ()
        for one in tick.created:
            case_id, _, item = one.partition("/")
            if item and case_id == f"{NAME}-2015":
                self.do(self.engine.case(case_id), item)
        for (case_id, item), first in [*self.rostered.items()]:
            if local(self.clock.now).date() >= first:
                case = self.engine.case(case_id)
                case.fire("keep_log", item=item, by=CLERK, basis="log", log="quiet")
                case.fire("confirm", item=item, by=DEPUTY, basis="log")
                del self.rostered[case_id, item]
        return tick.breaches

    def do(self, case: CaseHandle, item: str) -> None:
        found = case.value.items[item]
        if found.kind == "duty":
            assert found.due is not None
            first = local(found.due.at).date()
            who: dict[str, Any] = {"on_duty": CLERK.id, "leader": DEPUTY.id, "last_day": first + timedelta(days=1)}
            day = "weekend" if first.weekday() >= 5 else "on_holiday"
            case.fire("roster", item=item, by=DEPUTY, basis="roster", duty_day=day, **who)
            self.rostered[case.id, item] = first
        elif found.kind == "situation_meeting":
            quarter = self.quarters[found.kind].pop(0)
            case.fire("hold", item=item, by=DEPUTY, basis="minutes", quarter=quarter, **MINUTES)
        elif found.kind == "screening":
            quarter = self.quarters[found.kind].pop(0)
            case.fire("conduct", item=item, by=LEADER, basis="screening", quarter=quarter, **SCREENED)
        elif found.kind == "holiday_screening":
            holiday = self.holidays[found.kind].pop(0)
            case.fire("conduct", item=item, by=LEADER, basis="screening", holiday=holiday, **SCREENED)
        else:
            holiday = self.holidays[found.kind].pop(0)
            case.fire("find_in_order", item=item, by=DEPUTY, basis="inspection", holiday=holiday, **IN_ORDER)


def test_a_year_in_which_everything_is_done_in_time_has_no_breach() -> None:
    clock = Hand(datetime(2014, 12, 20, 1, 0, tzinfo=UTC))
    with opened(clock, MemoryStore()) as engine:
        company = Attentive(in_office(engine), clock)
        while local(clock.now).date() < date(2015, 12, 28):
            clock.pass_(days=1)
            assert company.tick() == ()
        case = engine.case(f"{NAME}-2015")
        goal = case.add("target", by=LEADER, basis="plan", topic="work_safety", goal="g", owner=CLERK.id)
        case.fire("account_for", item=goal, by=CLERK, basis="plan", account="a")
        meet(case, local(clock.now).date())
        case.fire("begin_summary", by=LEADER, basis="plan")
        with pytest.raises(Refused) as refused:
            case.fire("close_year", by=LEADER, basis="plan", **SUMMARY)
        assert [(one.kind, one.clause) for one in refused.value.blockers] == [("items", ("四.2.11",))]
        while local(clock.now).date() < date(2016, 1, 2):
            clock.pass_(days=1)
            assert company.tick() == ()
        case.fire("close_year", by=LEADER, basis="plan", **SUMMARY)
        assert called_for(case) == sorted(TABLE_2015)
        assert not any(isinstance(record.event, BreachFound) for record in case.history())
        assert not case.duties()
        engine.verify()


# What must not pass for more than it is


@pytest.fixture
def case() -> Iterator[CaseHandle]:
    """A year that was opened by hand a minute ago."""
    with stabflow.open("memory:", clock=Hand(datetime(2015, 1, 5, 1, 0, tzinfo=UTC))) as engine:
        yield in_office(engine).open_case(NAME, Matter("year", "Year"), by=DEPUTY, basis="plan", trigger="open")


def refusal(case: CaseHandle, trigger: str, by: Actor, item: str | None = None, **values: Any) -> set[str]:
    """The clauses for which firing is refused."""
    with pytest.raises(Refused) as caught:
        case.fire(trigger, item=item, by=by, basis="b", **values)
    return {clause for blocker in caught.value.blockers for clause in blocker.clause}


def answered(case: CaseHandle, by: Actor, explained: bool) -> str:
    raised: dict[str, Any] = {"topic": "petitions", "channel": "letter", "count": 9, "request": "r"}
    item = case.add("intake", by=CLERK, basis="letter", **raised)
    case.fire("find_beyond" if explained else "find_within", item=item, by=CLERK, basis="rules", policy="p")
    if explained:
        case.fire("explain", item=item, by=CLERK, basis="rules", explanation="e", reasons="r")
    else:
        case.fire("act", item=item, by=CLERK, basis="rules", measures="m")
    case.fire("answer", item=item, by=by, basis="reply", reply="r")
    return item


@pytest.mark.parametrize("explained", [False, True])
def test_the_result_is_what_was_done(case: CaseHandle, explained: bool) -> None:
    results = {"done_by_policy": False, "agreed": True, "understood": True, "not_agreed": True}
    for result, after_explaining in results.items():
        item = answered(case, CLERK, explained)
        if after_explaining is explained:
            case.fire("conclude", item=item, by=DEPUTY, basis="reply", result=result)
        else:
            asked = {"五.1.7", "五.1.9", "五.1.10"} if explained else {"五.1.6", "五.1.13"}
            assert refusal(case, "conclude", DEPUTY, item, result=result) == asked


@pytest.mark.parametrize(("explained", "result"), [(False, "done_by_policy"), (True, "not_agreed")])
def test_who_gave_the_answer_does_not_conclude(case: CaseHandle, explained: bool, result: str) -> None:
    item = answered(case, DEPUTY, explained)
    assert refusal(case, "conclude", DEPUTY, item, result=result) == {"R.3"}
    case.fire("conclude", item=item, by=LEADER, basis="reply", result=result)


def test_a_year_is_not_closed_with_one_holiday_for_all_or_without_duty_and_meetings() -> None:
    clock = Hand(datetime(2014, 12, 31, 1, 0, tzinfo=UTC))
    with stabflow.open("memory:", clock=clock) as engine:
        case = in_office(engine).open_case(NAME, Matter("year", "Year"), by=DEPUTY, basis="plan", trigger="open")
        target = case.add("target", by=LEADER, basis="plan", topic="work_safety", goal="g", owner=CLERK.id)
        case.fire("account_for", item=target, by=CLERK, basis="plan", account="a")
        for quarter in ("q1", "q2", "q3", "q4"):
            item = case.add("situation_meeting", trigger="enter", by=DEPUTY, basis="plan")
            case.fire("hold", item=item, by=DEPUTY, basis="minutes", quarter=quarter, **MINUTES)
            item = case.add("screening", trigger="enter", by=DEPUTY, basis="plan")
            case.fire("conduct", item=item, by=LEADER, basis="screening", quarter=quarter, **SCREENED)
        for _ in HOLIDAYS:
            item = case.add("holiday_screening", trigger="enter", by=DEPUTY, basis="plan")
            case.fire("conduct", item=item, by=LEADER, basis="screening", holiday="new_year", **SCREENED)
            item = case.add("inspection", trigger="enter", by=DEPUTY, basis="plan")
            case.fire("find_in_order", item=item, by=DEPUTY, basis="note", holiday="new_year", **IN_ORDER)
        clock.pass_(days=361)
        case.fire("begin_summary", by=LEADER, basis="plan")
        as_it_was = SUMMARY | {"holidays_covered": ["new_year"]}
        never = {"五.3.2", "四.2.8", *(f"四.2.{n}" for n in range(2, 8))}
        assert refusal(case, "close_year", LEADER, **as_it_was) == never | {"二.1", "五.2", "四.1.2", "四.1.3"}
        for _ in range(2):
            for kind in ("department_meeting", "joint_meeting"):
                item = case.add(kind, trigger="call", by=DEPUTY, basis="notice", day=local(clock.now).date())
                case.fire("call_off", item=item, by=DEPUTY, basis="notice", grounds="nothing new")
        assert refusal(case, "close_year", LEADER, **as_it_was) == never | {"二.1", "五.2", "四.1.2", "四.1.3"}
        meet(case, local(clock.now).date())
        assert refusal(case, "close_year", LEADER, **as_it_was) == never | {"四.1.2", "四.1.3"}


# Holidays that meet


def called_in(first: datetime, last: datetime, kinds: Mapping[str, object]) -> list[Owed]:
    """What the calendar ``CN`` calls for in a case opened by hand, ticking day by day."""
    clock = Hand(first)
    with stabflow.open("memory:", clock=clock) as engine:
        in_office(engine).tick()
        case = engine.open_case(NAME, Matter("autumn", "autumn"), by=DEPUTY, basis="plan", trigger="open")
        while clock.now < last:
            clock.pass_(days=1)
            assert engine.tick().failures == ()
        return [owed for owed in called_for(case) if owed[0] in kinds]


def test_two_holidays_that_touch_are_two() -> None:
    """2023: off for Mid-Autumn on 29 September, a Friday, and for National Day from the 30th, a Saturday, to 6 October."""
    called = called_in(
        datetime(2023, 9, 15, 1, 0, tzinfo=UTC),
        datetime(2023, 10, 6, 1, 0, tzinfo=UTC),
        dict.fromkeys(("holiday_screening", "inspection", "duty")),
    )
    assert called == sorted(
        [
            ("holiday_screening", "2023-09-22", "2023-09-28"),
            ("holiday_screening", "2023-09-23", "2023-09-29"),
            ("inspection", "2023-09-29", "2023-10-01"),
            ("inspection", "2023-09-30", "2023-10-02"),
            ("duty", "2023-09-22", "2023-09-28"),
            *rosters([date(2023, 9, 23), date(2023, 9, 30), date(2023, 10, 7)]),
        ]
    )


def test_two_holidays_on_one_day_are_one() -> None:
    """2020: Mid-Autumn fell on 1 October, and the notice has one holiday. That it was held in one is said by hand."""
    called = called_in(
        datetime(2020, 9, 15, 1, 0, tzinfo=UTC),
        datetime(2020, 10, 6, 1, 0, tzinfo=UTC),
        dict.fromkeys(("holiday_screening", "inspection")),
    )
    assert called == [
        ("holiday_screening", "2020-09-24", "2020-09-30"),
        ("inspection", "2020-10-01", "2020-10-03"),
    ]
