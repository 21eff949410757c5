"""Durations and due times: against a naive count, day by day, and against cases worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stabflow.calendar import (
    MAX_AMOUNT,
    WEEKENDS,
    Calendar,
    DueTime,
    Duration,
    Unit,
    due_on,
    due_time,
    span_title,
)
from stabflow.errors import InvalidInput
from stabflow.zones import zone

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("span", "en", "zh"),
    [
        (timedelta(days=1), "1 day", "1天"),
        (timedelta(days=2, minutes=30), "2 days and 30 minutes", "2天30分钟"),
        (timedelta(hours=1, seconds=1), "1 hour and 1 second", "1小时1秒"),
        (timedelta(days=-1), "minus 1 day", "负1天"),
        (timedelta(), "less than a second", "不足1秒"),
    ],
)
def test_a_length_of_time_is_said_in_words(span: timedelta, en: str, zh: str) -> None:
    assert (span_title(span).en, span_title(span).zh) == (en, zh)


INSTANT = timedelta(microseconds=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
PLUS_8 = timezone(timedelta(hours=8))

# with clocks that change at 2:00, at midnight forwards and backwards, at 0:01, by half an hour, and not at all
ZONES = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "America/Nuuk",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "UTC",
]
DATE_LINE = {"Pacific/Apia", "Pacific/Kiritimati"}  # once lost a whole day


def days(first: date = date(1990, 1, 1), last: date = date(2040, 12, 31)) -> st.SearchStrategy[date]:
    return st.dates(first, last)


zones = st.sampled_from(ZONES).map(ZoneInfo)
units = st.sampled_from(Unit)
durations = st.builds(Duration, st.integers(1, 80), units)


def instants(first: date, last: date) -> st.SearchStrategy[datetime]:
    seconds = st.integers(0, (last - first) // timedelta(seconds=1))
    return seconds.map(lambda n: datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(seconds=n))


starts = instants(date(1990, 1, 1), date(2040, 1, 1))
near_starts = instants(date(2025, 11, 20), date(2026, 4, 10))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    near = days(date(2025, 12, 1), date(2026, 4, 1))
    holidays = draw(st.frozensets(near, max_size=40))
    workdays = draw(st.frozensets(near, max_size=20)) - holidays
    return Calendar(
        "drawn", holidays, workdays, draw(st.frozensets(st.integers(2025, 2027))), draw(st.frozensets(near))
    )


def local(text: str, where: tzinfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=where)


def last_day(due: DueTime, where: tzinfo) -> date:
    """The day at whose end it is due; fails where it is not due at the end of a day."""
    last = (due.at - INSTANT).astimezone(where).date()
    after = due.at.astimezone(where).date()
    assert last < after
    return last


# Durations


@given(st.builds(Duration, st.integers(1, MAX_AMOUNT), units))
def test_text_of_a_duration_is_read_back(duration: Duration) -> None:
    assert Duration.parse(str(duration)) == duration
    assert hash(Duration.parse(str(duration))) == hash(duration)


def test_singular_is_read_and_plural_is_written() -> None:
    assert str(Duration.parse("1 day")) == "1 days"
    assert Duration.parse("1 working day") == Duration.parse("1 working days") == Duration(1, Unit.WORKING_DAYS)


def test_title() -> None:
    titles = [Duration.parse(text).title() for text in ("10 working days", "1 month", "24 hours", "1 day")]
    assert [title.en for title in titles] == ["10 working days", "1 month", "24 hours", "1 day"]
    assert [title.zh for title in titles] == ["10个工作日", "1个月", "24小时", "1日"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10 workdays", "10 working days"),
        ("10 working day", "10 working days"),
        ("10 wroking days", "10 working days"),
        ("10 Working  Days", "10 working days"),
        ("10 business days", "10 working days"),
        ("10个工作日", "10 working days"),
        ("10-working-days", "10 working days"),
        ("2 day", "2 days"),
        ("10days", "10 days"),
        ("010 days", "10 days"),
        (" 10 days", "10 days"),
        ("15日", "15 days"),
        ("2 weeks", "14 days"),
        ("24h", "24 hours"),
        ("1 year", "12 months"),
        ("3 个月", "3 months"),
    ],
)
def test_near_miss_says_what_was_meant(written: str, meant: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Duration.parse(written)
    [fault] = caught.value.faults
    assert fault.cure == f'did you mean "{meant}"?'
    assert str(Duration.parse(meant)) == meant


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "days", "ten days", "10", "-3 days", "1.5 days", "10 minutes", "0 days", "10 days\n", "１０ days"),
        *("10 days or more", "10001 days", "1000000000000 hours", "9999 weeks", "10 \u202edays", "9" * 70 + " days"),
        *(10, 10.0, True, None, ["10 days"], b"10 days"),
    ],
)
def test_what_is_no_duration_is_refused_with_advice(written: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        Duration.parse(written, "states.checking.within")
    [fault] = caught.value.faults
    assert fault.path == "states.checking.within"
    assert fault.problem
    assert fault.cure


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT + 1, True, 1.0, "1"])
def test_amount_is_bounded(amount: int) -> None:
    with pytest.raises(InvalidInput):
        Duration(amount, Unit.DAYS)


def test_longest_duration_is_counted() -> None:
    for unit in Unit:
        assert due_time(local("2026-01-01"), Duration(MAX_AMOUNT, unit), SHANGHAI, WEEKENDS).at > local("2027-01-01")


@pytest.mark.parametrize(
    ("wait", "limit", "longer"),
    [
        ("11 days", "10 days", True),
        ("10 days", "10 days", False),
        ("11 working days", "10 working days", True),
        ("10 working days", "10 working days", False),
        ("11 working days", "10 days", True),  # a working day is at least a day
        ("10 working days", "10 days", False),
        ("100 days", "10 working days", False),  # holidays may be as long as they like
        ("32 days", "1 months", True),
        ("31 days", "1 months", False),
        ("1 months", "27 days", True),
        ("1 months", "28 days", False),
        ("2 months", "1 months", True),
        ("2 days", "24 hours", True),
        ("1 days", "24 hours", False),  # may be over after 24 hours and an instant
        ("49 hours", "1 days", False),  # a day may last 48 hours from its start, 49 when clocks go back
        ("52 hours", "1 days", True),
        ("25 hours", "24 hours", True),
        ("1000 hours", "1 working days", False),
    ],
)
def test_surely_longer(wait: str, limit: str, longer: bool) -> None:
    assert Duration.parse(wait).surely_longer_than(Duration.parse(limit)) is longer


@given(durations, durations, starts, zones, calendars())
def test_what_is_surely_longer_ends_later(
    wait: Duration, limit: Duration, start: datetime, where: ZoneInfo, calendar: Calendar
) -> None:
    if wait.surely_longer_than(limit) and where.key not in DATE_LINE:
        assert due_time(start, wait, where, calendar).at > due_time(start, limit, where, calendar).at
    assert not (wait.surely_longer_than(limit) and limit.surely_longer_than(wait))


# Calendars


def test_contradictory_days_are_refused_all_at_once() -> None:
    both = [date(2026, 10, 10), date(2026, 2, 14)]
    with pytest.raises(InvalidInput, match="calendar CN has 2 faults") as caught:
        Calendar("CN", holidays=[*both, date(2026, 1, 1)], workdays=both, years=[2026])
    assert [fault.path for fault in caught.value.faults] == ["2026-02-14", "2026-10-10"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"holidays": ["2026-01-01"]},
        {"holidays": [datetime(2026, 1, 1)]},
        {"workdays": [[2026, 1, 1], None]},
        {"years": ["2026"]},
        {"years": [True]},
        {"years": [0]},
        {"id": "no id"},
    ],
)
def test_calendar_of_wrong_values_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        Calendar(**{"id": "CN", **wrong})  # type: ignore[arg-type]


def test_calendars_are_equal_by_content() -> None:
    one = Calendar("CN", [date(2026, 1, 1), date(2026, 1, 2)], [], [2026])
    two = Calendar("CN", {date(2026, 1, 2), date(2026, 1, 1)}, (), {2026})
    assert one == two
    assert hash(one) == hash(two)
    assert one.digest == two.digest
    others = [
        Calendar("office", one.holidays, one.workdays, one.years),
        Calendar("CN", one.holidays | {date(2026, 1, 3)}, one.workdays, one.years),
        Calendar("CN", one.holidays, {date(2026, 1, 4)}, one.years),
        Calendar("CN", one.holidays, one.workdays, {2025, 2026}),
        Calendar("CN", one.holidays, one.workdays, one.years, [date(2026, 12, 31)]),
    ]
    assert len({one.digest, *(other.digest for other in others)}) == 6


def test_digest_is_for_ever() -> None:
    calendar = Calendar("CN", [date(2026, 1, 1)], [date(2026, 1, 4)], [2026])
    assert calendar.digest == "6ffb1a7ad1414d12eb00dfbe06c00d4950b0005dd88b990754149d7e4a3e1727"
    assert WEEKENDS.digest == "9aa648ea45559ffcb4e1493bc19fb263d0f8589bb5ed00fcbe60da55d8171184"
    unsettled = Calendar("CN", calendar.holidays, calendar.workdays, calendar.years, [date(2026, 12, 31)])
    assert unsettled.digest == "f847820b4b27d2e6e0640fa32c02146b0cafeae315c61b1affda3da71ca0d03c"


def test_calendar_knows_its_days() -> None:
    calendar = Calendar("CN", [date(2026, 1, 1)], [date(2026, 1, 4)], [2026])
    assert [calendar.is_working(date(2026, 1, day)) for day in (1, 2, 3, 4, 5)] == [False, True, False, True, True]


# Due times


def naive(start: datetime, limit: Duration, where: tzinfo, calendar: Calendar) -> date:
    """The last day of ``limit``, by walking from day to day."""
    day = start.astimezone(where).date()
    if limit.unit is Unit.MONTHS:
        wanted = day.day
        for _ in range(limit.amount):
            day = day.replace(day=1)
            month = day.month
            while day.month == month:
                day += DAY
        month = day.month
        while day.day < wanted and (day + DAY).month == month:
            day += DAY
        return day
    counted = 0
    while counted < limit.amount:
        day += DAY
        weekend = day.strftime("%a") in {"Sat", "Sun"}
        off = limit.unit is Unit.WORKING_DAYS and (
            (weekend and day not in calendar.workdays) or (day in calendar.holidays)
        )
        counted += not off
    return day


@given(st.one_of(starts, near_starts), durations, zones, calendars())
def test_due_time_agrees_with_a_naive_count(
    start: datetime, limit: Duration, where: ZoneInfo, calendar: Calendar
) -> None:
    due = due_time(start, limit, where, calendar)
    assert (due.start, due.limit) == (start, str(limit))
    assert due.at >= due.start
    assert due.at.tzinfo is due.start.tzinfo is UTC
    if limit.unit is Unit.HOURS:
        assert (due.at - start).total_seconds() == limit.amount * 3600
        return
    last = naive(start, limit, where, calendar)
    assert due.at == due_on(last, start, where).at
    first = start.astimezone(where).date() + DAY
    walked = [first + DAY * n for n in range((last - first).days + 1)]
    if limit.unit is Unit.WORKING_DAYS:
        assert len(walked) == limit.amount + due.weekend_days + len(due.holidays)
        assert sum(day.weekday() >= 5 for day in walked) == due.weekend_days + len(due.workdays)
        assert set(due.holidays) == {day for day in walked if day in calendar.holidays and day.weekday() < 5}
        assert set(due.workdays) == {day for day in walked if day in calendar.workdays and day.weekday() >= 5}
        assert list(due.holidays) == sorted(due.holidays)
        assert list(due.workdays) == sorted(due.workdays)
        doubtful = [day for day in walked if day.year not in calendar.years or day in calendar.unsettled]
        assert due.estimated is bool(doubtful)
        assert due.calendar == calendar.digest
    else:
        assert due == DueTime(due.at, due.limit, due.start)  # no calendar was read


@given(starts, st.integers(1, 80), units, zones, calendars())
def test_a_longer_limit_ends_later(
    start: datetime, amount: int, unit: Unit, where: ZoneInfo, calendar: Calendar
) -> None:
    shorter, longer = (due_time(start, Duration(n, unit), where, calendar).at for n in (amount, amount + 1))
    assert shorter <= longer if where.key in DATE_LINE else shorter < longer


@given(st.one_of(starts, near_starts), near_starts, durations, zones, calendars())
def test_a_later_start_never_ends_earlier(
    one: datetime, two: datetime, limit: Duration, where: ZoneInfo, calendar: Calendar
) -> None:
    first, second = sorted([one, two])
    assert due_time(first, limit, where, calendar).at <= due_time(second, limit, where, calendar).at


@given(days(), zones)
@example(date(2017, 10, 14), ZoneInfo("America/Sao_Paulo"))  # the next day begins at 1:00
@example(date(2018, 2, 17), ZoneInfo("America/Sao_Paulo"))  # its last hour comes twice
@example(date(2026, 10, 31), ZoneInfo("America/Havana"))  # the first hour of the next day comes twice
@example(date(2006, 10, 28), ZoneInfo("America/St_Johns"))  # at 0:01 the clocks go back into this day
@example(date(2006, 4, 1), ZoneInfo("America/St_Johns"))
@example(date(2026, 3, 28), ZoneInfo("America/Nuuk"))  # its last hour is left out
@example(date(2011, 12, 29), ZoneInfo("Pacific/Apia"))  # the next day does not exist
@example(date(2011, 12, 30), ZoneInfo("Pacific/Apia"))
def test_a_day_is_over_when_no_clock_shows_it_again(day: date, where: ZoneInfo) -> None:
    at = due_on(day, datetime(2026, 1, 1, tzinfo=UTC), where).at
    assert (at - INSTANT).astimezone(where).date() <= day
    for minutes in range(0, 26 * 60, 10):
        assert (at + timedelta(minutes=minutes)).astimezone(where).date() > day


@given(days(), zones)
def test_ends_at_local_midnight_where_there_is_one(day: date, where: ZoneInfo) -> None:
    at = due_on(day, datetime(2026, 1, 1, tzinfo=UTC), where).at
    before, after = (at - timedelta(hours=2)).astimezone(where), (at + timedelta(hours=2)).astimezone(where)
    if before.utcoffset() == after.utcoffset():
        assert at.astimezone(where).replace(tzinfo=None) == datetime.fromisoformat(f"{day + DAY}T00:00:00")


@pytest.mark.parametrize(
    ("where", "start", "limit", "due"),
    [
        # 2026-03-29 has 23 hours in Berlin, 2026-10-25 has 25
        ("Europe/Berlin", "2026-03-28T12:00:00+01:00", "1 days", "2026-03-30T00:00:00+02:00"),
        ("Europe/Berlin", "2026-03-28T12:00:00+01:00", "24 hours", "2026-03-29T13:00:00+02:00"),
        ("Europe/Berlin", "2026-10-24T12:00:00+02:00", "1 days", "2026-10-26T00:00:00+01:00"),
        ("Europe/Berlin", "2026-10-24T12:00:00+02:00", "24 hours", "2026-10-25T11:00:00+01:00"),
        ("America/New_York", "2026-03-06T17:00:00-05:00", "1 working days", "2026-03-10T00:00:00-04:00"),
        ("America/New_York", "2026-10-30T17:00:00-04:00", "1 working days", "2026-11-03T00:00:00-05:00"),
        ("Asia/Kathmandu", "2026-02-10T23:59:59+05:45", "1 days", "2026-02-12T00:00:00+05:45"),
        ("Asia/Kathmandu", "2026-02-10T18:15:00+00:00", "1 days", "2026-02-13T00:00:00+05:45"),  # already the 11th
        ("America/Sao_Paulo", "2017-10-13T12:00:00-03:00", "1 days", "2017-10-15T01:00:00-02:00"),
        ("America/Havana", "2026-10-30T12:00:00-04:00", "1 days", "2026-11-01T00:00:00-04:00"),
        ("America/St_Johns", "2006-10-27T12:00:00-02:30", "1 days", "2006-10-29T00:00:00-03:30"),
        ("Asia/Shanghai", "2026-01-31T10:00:00+08:00", "1 months", "2026-03-01T00:00:00+08:00"),
        ("Asia/Shanghai", "2028-01-31T10:00:00+08:00", "1 months", "2028-03-01T00:00:00+08:00"),
        ("Asia/Shanghai", "2028-01-31T10:00:00+08:00", "13 months", "2029-03-01T00:00:00+08:00"),
        ("Asia/Shanghai", "2028-02-29T10:00:00+08:00", "12 months", "2029-03-01T00:00:00+08:00"),
        ("Asia/Shanghai", "2026-05-31T10:00:00+08:00", "1 months", "2026-07-01T00:00:00+08:00"),
        ("Asia/Shanghai", "2026-10-31T10:00:00+08:00", "2 months", "2027-01-01T00:00:00+08:00"),
        ("Asia/Shanghai", "2026-11-30T10:00:00+08:00", "3 months", "2027-03-01T00:00:00+08:00"),
        ("Asia/Shanghai", "2026-12-15T10:00:00+08:00", "1 months", "2027-01-16T00:00:00+08:00"),
        ("Asia/Shanghai", "2026-02-10T00:00:00+08:00", "1 days", "2026-02-12T00:00:00+08:00"),
        ("Asia/Shanghai", "2026-02-10T15:59:59+00:00", "1 days", "2026-02-12T00:00:00+08:00"),
        ("Asia/Shanghai", "2026-02-10T16:00:00+00:00", "1 days", "2026-02-13T00:00:00+08:00"),
    ],
)
def test_due_times_by_hand(where: str, start: str, limit: str, due: str) -> None:
    found = due_time(datetime.fromisoformat(start), Duration.parse(limit), zone(where), WEEKENDS)
    assert found.at == datetime.fromisoformat(due)


@given(starts, st.integers(1, 600), zones)
def test_months_keep_the_day_or_take_the_last(start: datetime, amount: int, where: ZoneInfo) -> None:
    begun = start.astimezone(where).date()
    day = naive(start, Duration(amount, Unit.MONTHS), where, WEEKENDS)
    assert due_time(start, Duration(amount, Unit.MONTHS), where, WEEKENDS).at == due_on(day, start, where).at
    assert (day.year * 12 + day.month) - (begun.year * 12 + begun.month) == amount
    assert day.day == begun.day or (day.day < begun.day and (day + DAY).day == 1)


def test_only_working_days_are_ever_estimated() -> None:
    start = local("2026-02-10T09:00")
    estimated = {unit: due_time(start, Duration(20, unit), SHANGHAI, WEEKENDS).estimated for unit in Unit}
    assert [unit for unit, doubtful in estimated.items() if doubtful] == [Unit.WORKING_DAYS]
    assert not due_on(date(2040, 1, 1), start, SHANGHAI).estimated


@pytest.mark.parametrize(
    ("start", "amount", "years", "estimated"),
    [
        ("2026-12-31T09:00", 1, {2027}, False),  # the day it starts on is not counted
        ("2026-12-30T09:00", 1, {2027}, True),
        ("2026-12-30T09:00", 1, {2026}, False),
        ("2026-12-31T09:00", 1, {2026}, True),
        ("2026-12-30T09:00", 2, {2026}, True),
        ("2026-12-30T09:00", 2, {2026, 2027}, False),
        ("2026-12-30T09:00", 300, {2026, 2028}, True),
    ],
)
def test_estimated_when_any_day_counted_is_in_a_year_without_notice(
    start: str, amount: int, years: set[int], estimated: bool
) -> None:
    calendar = Calendar("CN", years=years)
    assert due_time(local(start), Duration(amount, Unit.WORKING_DAYS), SHANGHAI, calendar).estimated is estimated


@pytest.mark.parametrize(
    ("start", "amount", "estimated"),
    [
        ("2026-12-28T09:00", 1, False),
        ("2026-12-29T09:00", 1, True),
        ("2026-12-28T09:00", 2, True),
        ("2026-12-24T09:00", 2, False),
        ("2026-12-30T09:00", 1, False),  # the day it starts on is not counted
        ("2026-12-01T09:00", 22, True),
    ],
)
def test_estimated_when_it_counts_past_a_day_that_may_still_change(start: str, amount: int, estimated: bool) -> None:
    calendar = Calendar("CN", years=[2026], unsettled=[date(2026, 12, 30)])
    found = due_time(local(start), Duration(amount, Unit.WORKING_DAYS), SHANGHAI, calendar)
    assert found.estimated is estimated
    assert found.calendar == calendar.digest
    settled = due_time(local(start), Duration(amount, Unit.WORKING_DAYS), SHANGHAI, Calendar("CN", years=[2026]))
    assert (settled.at, settled.estimated) == (found.at, False)


def test_named_day() -> None:
    due = due_on(date(2026, 3, 31), local("2026-02-10T09:00"), SHANGHAI)
    assert due == DueTime(local("2026-04-01"), "until 2026-03-31", local("2026-02-10T09:00"))
    assert due_on(date(2026, 2, 1), local("2026-02-10T09:00"), SHANGHAI).at < due.start


def test_times_without_a_zone_are_refused() -> None:
    naked = datetime(2026, 1, 1)
    with pytest.raises(InvalidInput, match="no time zone"):
        due_time(naked, Duration(1, Unit.DAYS), SHANGHAI, WEEKENDS)
    with pytest.raises(InvalidInput, match="no time zone"):
        due_on(date(2026, 1, 1), naked, SHANGHAI)


@pytest.mark.parametrize("text", ["24 hours", "1 days", "1 working days", "1 months", "10000 months"])
@pytest.mark.parametrize("start", ["9999-12-31T12:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_the_end_of_time_is_refused(text: str, start: str) -> None:
    with pytest.raises(InvalidInput, match="outside the years 1 to 9999"):
        due_time(datetime.fromisoformat(start), Duration.parse(text), SHANGHAI, WEEKENDS)


def test_the_last_day_of_all_is_refused() -> None:
    with pytest.raises(InvalidInput, match="outside the years 1 to 9999"):
        due_on(date.max, local("2026-01-01"), SHANGHAI)


@given(instants(date(1992, 1, 1), date(2040, 1, 1)), durations, st.sampled_from([-3.5, 0, 5.75, 14]))
def test_the_zone_a_start_is_written_in_does_not_matter(start: datetime, limit: Duration, offset: float) -> None:
    elsewhere = start.astimezone(timezone(timedelta(hours=offset)))
    assert due_time(elsewhere, limit, PLUS_8, WEEKENDS) == due_time(start, limit, SHANGHAI, WEEKENDS)


# Derivations

EXAMPLE = Calendar(
    "CN",
    holidays=[date(2026, 2, day) for day in range(15, 24)],
    workdays=[date(2026, 2, 14), date(2026, 2, 28)],
    years=[2026],
)


def derived(limit: str, start: str = "2026-02-10T09:00", calendar: Calendar = EXAMPLE) -> list[str]:
    text = due_time(local(start), Duration.parse(limit), SHANGHAI, calendar).derivation(SHANGHAI)
    return [text.en, text.zh]


def test_derivation_of_working_days() -> None:
    en, zh = derived("10 working days")
    assert en == (
        "10 working days counted from the day after 2026-02-10; "
        "skipped: 4 weekend days, holidays 2026-02-16 to 2026-02-20, 2026-02-23; "
        "make-up workdays counted: 2026-02-14, 2026-02-28; ends at 24:00 of 2026-03-02 (Asia/Shanghai)"
    )
    assert zh == (
        "10个工作日，自2026年2月10日的次日起算；跳过：周末4天、节假日2026年2月16日至2026年2月20日、2026年2月23日；"
        "调休上班日计入：2026年2月14日、2026年2月28日；至2026年3月2日24时止（Asia/Shanghai）"
    )
    en, zh = derived("1 working days", "2026-03-13T09:00")
    assert en == (
        "1 working day counted from the day after 2026-03-13; skipped: 2 weekend days; "
        "ends at 24:00 of 2026-03-16 (Asia/Shanghai)"
    )
    assert zh == "1个工作日，自2026年3月13日的次日起算；跳过：周末2天；至2026年3月16日24时止（Asia/Shanghai）"
    assert "no day skipped" in derived("1 working days")[0]


def test_derivation_says_what_is_estimated() -> None:
    en, zh = derived("1 working days", calendar=WEEKENDS)
    assert en.endswith("; estimated: an official notice of holidays for days it touches is still to come")
    assert zh.endswith("；暂估：所涉日期的放假安排尚未全部正式公布")
    assert "estimated" not in derived("1 working days")[0]


def test_derivation_of_other_limits() -> None:
    assert derived("2 hours") == [
        "2 hours from 2026-02-10 09:00, to 2026-02-10 11:00 (Asia/Shanghai)",
        "自2026年2月10日09:00起2小时，至2026年2月10日11:00止（Asia/Shanghai）",
    ]
    assert derived("1 months") == [
        "1 month counted from the day after 2026-02-10; ends at 24:00 of 2026-03-10 (Asia/Shanghai)",
        "1个月，自2026年2月10日的次日起算；至2026年3月10日24时止（Asia/Shanghai）",
    ]
    named = due_on(date(2026, 3, 31), local("2026-02-10"), SHANGHAI)
    assert named.derivation(SHANGHAI).en == "due by 24:00 of 2026-03-31 (Asia/Shanghai)"
    assert named.derivation(SHANGHAI).zh == "截止2026年3月31日24时（Asia/Shanghai）"


def test_derivation_elsewhere_does_not_pretend_it_is_midnight() -> None:
    named = due_on(date(2026, 3, 31), local("2026-02-10"), SHANGHAI)
    assert named.derivation(UTC).en == "due by 2026-03-31 16:00 (UTC)"


@given(starts, durations, zones, calendars(), zones)
def test_every_due_time_can_be_explained(
    start: datetime, limit: Duration, where: ZoneInfo, calendar: Calendar, reader: ZoneInfo
) -> None:
    text = due_time(start, limit, where, calendar).derivation(reader)
    assert limit.title().en in text.en
    assert limit.title().zh in text.zh


# Zones


def test_zone() -> None:
    assert zone("Asia/Shanghai") == SHANGHAI
    assert zone("UTC").key == "UTC"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("Asia/Shanghia", "Asia/Shanghai"),
        ("asia/shanghai", "Asia/Shanghai"),
        ("Asia/Beijing", "Asia/Shanghai"),
        ("Europe/Berln", "Europe/Berlin"),
        ("right/Asia/Shanghai", "Asia/Shanghai"),
        *((name, "such as") for name in ("America", "../etc/passwd", "/etc/localtime", "localtime", "+08:00", "北京")),
        *((name, "") for name in ("", "x\0y", "Asia/Shanghai ", "posixrules", "leapseconds", 8)),
    ],
)
def test_unknown_zone_is_refused_with_advice(name: str, advice: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        zone(name)
    [fault] = caught.value.faults
    assert fault.path == "timezone"
    assert advice in fault.cure


# Speed


def test_a_repeated_call_does_not_count_again() -> None:
    class Counting(Calendar):
        asked = 0

        def is_working(self, day: date) -> bool:
            type(self).asked += 1
            return super().is_working(day)

    calendar = Counting("counting", [], [], [2026])
    for hour in range(24):
        due_time(local("2026-02-10") + timedelta(hours=hour), Duration(5, Unit.WORKING_DAYS), SHANGHAI, calendar)
    assert Counting.asked == 7
