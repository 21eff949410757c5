"""So long before a due time: counted backwards as due times are counted forwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lapsing import INSPECTION
from notified import NOTIFIED

from stabflow.calendar import WEEKENDS, Calendar, Duration, Unit, due_on, due_time
from stabflow.case import CASE, vacancy
from stabflow.decision.leads import horizon, lead_time, limit_began, passed
from stabflow.language import Procedure, loads
from stabflow.zones import end_of

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
FESTIVAL = Calendar(
    "festival",
    holidays=[date(2026, 2, day) for day in range(16, 21)],
    workdays=[date(2026, 2, 14), date(2026, 2, 28)],
    years=[2026],
)
ZONES = st.sampled_from([SHANGHAI, NEW_YORK, ZoneInfo("UTC")])
CALENDARS = st.sampled_from([WEEKENDS, FESTIVAL])
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("due", "lead", "expected"),
    [
        ("2026-03-07T00:00", "1 working days", "2026-03-06T00:00"),  # Friday at 24:00: from its beginning
        ("2026-03-07T00:00", "3 working days", "2026-03-04T00:00"),
        ("2026-03-10T00:00", "1 working days", "2026-03-09T00:00"),  # Monday at 24:00
        ("2026-03-10T00:00", "3 working days", "2026-03-05T00:00"),  # over a weekend
        ("2026-03-09T00:00", "1 working days", "2026-03-06T00:00"),  # Sunday at 24:00: what is left is Friday
        ("2026-02-24T00:00", "3 working days", "2026-02-13T00:00"),  # 14th worked in exchange, 16th to 20th off
        ("2026-03-10T00:00", "3 days", "2026-03-07T00:00"),
        ("2026-03-10T15:30", "1 days", "2026-03-09T15:30"),
        ("2026-03-09T15:30", "1 working days", "2026-03-06T15:30"),
        ("2026-03-08T15:30", "1 working days", "2026-03-06T15:30"),
        ("2026-03-10T15:30", "36 hours", "2026-03-09T03:30"),
        ("2026-04-01T00:00", "1 months", "2026-03-01T00:00"),  # the end of 31 March: of 28 February
        ("2026-03-10T08:00", "2 months", "2026-01-10T08:00"),
        ("2026-03-31T08:00", "1 months", "2026-02-28T08:00"),
    ],
)
def test_so_long_before(due: str, lead: str, expected: str) -> None:
    assert lead_time(at(due).astimezone(UTC), Duration.parse(lead), SHANGHAI, FESTIVAL) == at(expected)


def _days(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[date]:
    """The days that lie within, whole."""
    day = (begin - INSTANT).astimezone(zone).date() + DAY
    while end_of(day, zone) <= end:
        yield day
        day += DAY


@given(DAYS, st.integers(1, 40), ZONES, CALENDARS)
def test_so_many_working_days_are_left_and_the_first_of_them_begins(
    last: date, amount: int, zone: ZoneInfo, calendar: Calendar
) -> None:
    due = end_of(last, zone)
    found = lead_time(due, Duration(amount, Unit.WORKING_DAYS), zone, calendar)
    left = list(_days(found, due, zone))
    assert sum(map(calendar.is_working, left)) == amount
    assert calendar.is_working(left[0])


@given(DAYS, st.integers(1, 40), ZONES, CALENDARS, st.sampled_from([Unit.DAYS, Unit.WORKING_DAYS]))
def test_a_limit_that_began_just_before_ends_when_it_is_due(
    last: date, amount: int, zone: ZoneInfo, calendar: Calendar, unit: Unit
) -> None:
    while not calendar.is_working(last):
        last += DAY
    due, lead = end_of(last, zone), Duration(amount, unit)
    assert due_time(lead_time(due, lead, zone, calendar) - INSTANT, lead, zone, calendar).at == due


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
    st.integers(1, 60),
    st.integers(1, 60),
    st.sampled_from(Unit),
    ZONES,
    CALENDARS,
)
def test_longer_is_earlier_and_never_after(
    due: datetime, one: int, other: int, unit: Unit, zone: ZoneInfo, calendar: Calendar
) -> None:
    short, long = sorted((one, other))
    first = lead_time(due, Duration(long, unit), zone, calendar)
    second = lead_time(due, Duration(short, unit), zone, calendar)
    assert first <= second < due
    assert (first < second) or long == short or unit is Unit.MONTHS


LENGTHS = ("1 hours", "50 hours", "1 days", "30 days", "1 working days", "9 working days", "2 months")
REMINDING = [
    (Duration.parse(long), loads(NOTIFIED.replace('lead = ["3 working days", "1 working day"]', f'lead = ["{long}"]')))
    for long in LENGTHS
]


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
    st.sampled_from(REMINDING),
    st.integers(-70, 10),
    CALENDARS,
)
def test_nothing_of_which_is_to_be_reminded_lies_beyond_the_horizon(
    due: datetime, reminding: tuple[Duration, Procedure], days: int, calendar: Calendar
) -> None:
    lead, procedure = reminding
    now = due + timedelta(days=days)
    end = horizon([procedure], now, calendar)
    assert end is not None
    if lead_time(due, lead, SHANGHAI, calendar) <= now:
        assert due < end


def test_where_there_are_no_leads_there_is_no_horizon() -> None:
    assert horizon([loads(INSPECTION)], datetime(2026, 1, 1, tzinfo=UTC), WEEKENDS) is None


def test_of_the_leads_that_have_begun_the_shortest_is_sent() -> None:
    procedure = loads(NOTIFIED)
    due = at("2026-03-10T00:00").astimezone(UTC)

    def found(now: str, duty: str = CASE, state: str = "checking") -> list[tuple[str, str]]:
        moment = at(now).astimezone(UTC)
        return [(one.rule.name, str(one.long)) for one in passed(procedure, duty, state, due, moment, WEEKENDS)]

    assert found("2026-03-04T23:59") == []
    assert found("2026-03-05T00:00") == [("soon", "3 working days")]
    assert found("2026-03-08T23:59") == [("soon", "3 working days")]
    assert found("2026-03-09T00:00") == [("soon", "1 working days")]
    assert found("2026-03-09T23:59") == [("soon", "1 working days")]
    assert found("2026-03-10T00:00") == []
    assert found("2026-03-11T00:00") == []
    assert found("2026-03-09T12:00", vacancy("helper"), "vacant") == [("soon", "1 working days")]
    assert found("2026-03-09T12:00", "hazard-1", "assigned") == [("soon", "1 working days")]


def test_a_lead_that_is_longer_than_the_limit_is_never_sent() -> None:
    procedure = loads(NOTIFIED)
    due = at("2026-01-07T00:00").astimezone(UTC)

    def found(duty: str, state: str, began: datetime | None) -> list[str]:
        sent = passed(procedure, duty, state, due, due - timedelta(hours=1), WEEKENDS, began)
        return [str(one.long) for one in sent]

    # Two working days for a hazard that was found: three are longer, whenever that was.
    assert found("hazard-1", "found", None) == ["1 working days"]
    assert found("hazard-1", "found", at("2026-01-05T09:00")) == ["1 working days"]
    assert found("round-1", "owed", at("2026-01-06T00:00")) == ["1 working days"]
    assert found("round-1", "owed", at("2026-01-06T00:01")) == []
    day = due_on(date(2026, 1, 6), at("2026-01-06T09:00"), SHANGHAI)
    assert limit_began(day) is None
    assert limit_began(due_time(day.start, Duration.parse("2 days"), SHANGHAI, WEEKENDS)) == day.start


def test_what_a_rule_does_not_speak_of_it_does_not_remind_of() -> None:
    now, due = at("2026-03-09T12:00"), at("2026-03-10T00:00")
    of_hazards = loads(
        NOTIFIED.replace('on = "before_due"\nof = "*"', 'on = "before_due"\nof = "hazard"\nin = "assigned"')
    )

    def reminds(duty: str, state: str) -> bool:
        return bool(list(passed(of_hazards, duty, state, due, now, WEEKENDS)))

    assert reminds("hazard-1", "assigned")
    assert not reminds("hazard-1", "found")
    assert not reminds(CASE, "checking")
    assert not reminds("round-1", "owed")
    assert not reminds(vacancy("helper"), "vacant")


def test_a_lead_longer_than_time_has_been_has_not_begun() -> None:
    procedure = loads(NOTIFIED.replace('"3 working days", "1 working day"', '"10000 months", "1 day"'))
    due = datetime(300, 1, 2, tzinfo=UTC)
    found = passed(procedure, "hazard-1", "assigned", due, datetime(300, 1, 1, 12, tzinfo=UTC), WEEKENDS)
    assert [str(one.long) for one in found] == ["1 days"]
