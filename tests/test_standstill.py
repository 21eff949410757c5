"""What a stopped clock does to a due time: against a count of the ends of days, one by one, and against cases done by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_calendar import SHANGHAI, calendars, durations, last_day, local, near_starts

from stabflow.calendar import WEEKENDS, Calendar, DueTime, Duration, Stop, Unit, due_on, due_time
from stabflow.calendars.china import china
from stabflow.standstill import adds_up, recounted, resumed, since
from stabflow.zones import end_of

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
zones = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]).map(ZoneInfo)
parts = st.tuples(st.floats(0, 0.999), st.integers(0, 20 * 24 * 60))
"""When a clock is stopped, as a share of what is left, and for how many minutes it stands."""
drawn_stops = st.lists(parts, max_size=4)


def stopped_and_resumed(
    due: DueTime, drawn: list[tuple[float, int]], where: tzinfo, calendar: Calendar
) -> list[DueTime]:
    """``due`` and what becomes of it by each stop, every one before it falls due."""
    found, at = [due], due.start
    for share, minutes in drawn:
        at += (found[-1].at - at) * share
        stop = Stop(at, at + minutes * MINUTE)
        found.append(resumed(found[-1], stop, where, calendar))
        at = stop.until
    return found


def ran_at(stops: tuple[Stop, ...], moment: datetime) -> bool:
    return not any(one.since < moment <= one.until for one in stops)


def begun(due: DueTime, where: tzinfo) -> date:
    """The first day that ended while the clock ran."""
    day = due.start.astimezone(where).date()
    while not ran_at(due.stops, end_of(day, where)):
        day += DAY
    return day


def days_used(due: DueTime, where: tzinfo, calendar: Calendar | None) -> int:
    """How many days (by ``calendar``: working days) ended while the clock ran, after the first that did."""
    day, used = begun(due, where) + DAY, 0
    while (end := end_of(day, where)) <= due.at:
        used += ran_at(due.stops, end) and (calendar is None or calendar.is_working(day))
        day += DAY
    return used


def by_elapsed(due: DueTime) -> timedelta:
    return due.at - due.start - sum((one.until - one.since for one in due.stops), timedelta())


@given(near_starts, durations, zones, calendars(), drawn_stops)
def test_the_time_run_is_the_limit_and_never_more(
    start: datetime, limit: Duration, where: tzinfo, calendar: Calendar, drawn: list[tuple[float, int]]
) -> None:
    due = stopped_and_resumed(due_time(start, limit, where, calendar), drawn, where, calendar)[-1]
    assert len(due.stops) == len(drawn)
    if limit.unit is Unit.HOURS:
        assert by_elapsed(due) == timedelta(hours=limit.amount)
        return
    last_day(due, where)
    used = days_used(due, where, calendar if limit.unit is Unit.WORKING_DAYS else None)
    if limit.unit is Unit.MONTHS:
        plain = due_time(end_of(begun(due, where), where) - MINUTE, limit, where, calendar)
        assert used == days_used(plain, where, None)
    else:
        assert used == limit.amount


@given(near_starts, durations, zones, calendars(), drawn_stops)
def test_it_comes_out_the_same_counted_stop_by_stop_or_from_the_beginning(
    start: datetime, limit: Duration, where: tzinfo, calendar: Calendar, drawn: list[tuple[float, int]]
) -> None:
    due = stopped_and_resumed(due_time(start, limit, where, calendar), drawn, where, calendar)[-1]
    assert recounted(due, where, calendar) == due == due_time(start, limit, where, calendar, due.stops)


@given(near_starts, durations, zones, calendars(), calendars(), drawn_stops, st.floats(0, 0.999))
def test_stopping_and_resuming_at_once_changes_nothing(
    start: datetime,
    limit: Duration,
    where: tzinfo,
    calendar: Calendar,
    other: Calendar,
    drawn: list[tuple[float, int]],
    share: float,
) -> None:
    """Also where the engine has another calendar by then: only `recalendar` may move a due time for that."""
    due = stopped_and_resumed(due_time(start, limit, where, calendar), drawn, where, calendar)[-1]
    at = due.stops[-1].until if due.stops else start
    at += (due.at - at) * share
    assert attrs.evolve(resumed(due, Stop(at, at), where, other), stops=due.stops) == due


@given(near_starts, durations, zones, calendars(), calendars(), drawn_stops)
def test_nothing_falls_due_while_the_clock_stands_nor_before_it_would_have(
    start: datetime,
    limit: Duration,
    where: tzinfo,
    calendar: Calendar,
    other: Calendar,
    drawn: list[tuple[float, int]],
) -> None:
    before = due_time(start, limit, where, calendar)
    for due in stopped_and_resumed(before, drawn, where, calendar)[1:]:
        assert due.at >= before.at
        assert due.at > due.stops[-1].until or due.at == due.start
        assert due.limit == before.limit
        before = due
    if drawn:
        mixed = stopped_and_resumed(due_time(start, limit, where, calendar), drawn, where, other)[-1]
        assert mixed.at > mixed.stops[-1].until
        assert adds_up(mixed, where)


@given(near_starts, st.integers(0, 60), zones, drawn_stops)
def test_a_named_day_moves_on_by_the_days_that_ended_meanwhile(
    start: datetime, days: int, where: tzinfo, drawn: list[tuple[float, int]]
) -> None:
    day = start.astimezone(where).date() + days * DAY
    plain = due_on(day, start, where)
    due = stopped_and_resumed(plain, drawn, where, WEEKENDS)[-1]
    first = start.astimezone(where).date()
    ends = [end_of(first + n * DAY, where) for n in range((last_day(due, where) - first).days + 1)]
    assert sum(ran_at(due.stops, end) for end in ends) == days + 1
    assert recounted(due, where, china()) == due
    assert adds_up(due, where)


@given(near_starts, durations, zones, calendars(), drawn_stops, st.integers(0, 4))
@example(datetime(2026, 3, 2, tzinfo=UTC), Duration.parse("5 working days"), SHANGHAI, china(), [], 0)
def test_a_record_that_does_not_add_up_is_seen(
    start: datetime, limit: Duration, where: tzinfo, calendar: Calendar, drawn: list[tuple[float, int]], wrong: int
) -> None:
    due = stopped_and_resumed(due_time(start, limit, where, calendar), drawn, where, calendar)[-1]
    assert adds_up(due, where)
    last = last_day(due, where) if limit.unit is not Unit.HOURS else start.date()
    forged = [
        attrs.evolve(due, at=due.at + DAY),
        attrs.evolve(due, at=due.at - timedelta(microseconds=1)),
        attrs.evolve(due, weekend_days=due.weekend_days + 1),
        attrs.evolve(due, holidays=(*due.holidays, last)),
        attrs.evolve(due, start=due.start + 400 * DAY),
    ][wrong]
    assert not adds_up(forged, where)


# By hand: a Monday, 2 March 2026, 09:00 in Shanghai; 5 working days end with Monday the 9th.

START = local("2026-03-02T09:00")


@pytest.mark.parametrize(
    ("limit", "stops", "last"),
    [
        ("5 working days", [], "2026-03-09"),
        ("5 working days", ["2026-03-04T10:00/2026-03-04T16:00"], "2026-03-09"),
        ("5 working days", ["2026-03-04T10:00/2026-03-05T09:00"], "2026-03-10"),
        # stopped on a Wednesday, resumed on the Wednesday after: that day is the second of the five
        ("5 working days", ["2026-03-04T10:00/2026-03-11T09:00"], "2026-03-16"),
        # over a weekend, which would not have counted anyway
        ("5 working days", ["2026-03-06T17:00/2026-03-08T12:00"], "2026-03-10"),
        # on the very last day: there is that day left
        ("5 working days", ["2026-03-09T23:59/2026-03-20T09:00"], "2026-03-20"),
        ("5 working days", ["2026-03-09T23:59/2026-03-21T09:00"], "2026-03-23"),
        ("5 working days", ["2026-03-03T10:00/2026-03-04T09:00", "2026-03-05T10:00/2026-03-09T09:00"], "2026-03-12"),
        # on the day on which it began: as if it had begun on the day on which it is resumed
        ("5 working days", ["2026-03-02T10:00/2026-03-03T09:00"], "2026-03-10"),
        ("5 working days", ["2026-03-02T10:00/2026-03-07T09:00"], "2026-03-13"),
        ("5 working days", ["2026-03-02T10:00/2026-03-07T09:00", "2026-03-07T10:00/2026-03-10T09:00"], "2026-03-17"),
        ("5 days", ["2026-03-02T10:00/2026-03-07T09:00"], "2026-03-12"),
        ("1 months", ["2026-03-02T10:00/2026-03-07T09:00"], "2026-04-07"),
        ("10 days", ["2026-03-04T10:00/2026-03-14T09:00"], "2026-03-22"),
        ("1 months", ["2026-03-04T10:00/2026-03-14T09:00"], "2026-04-12"),
    ],
)
def test_by_hand(limit: str, stops: list[str], last: str) -> None:
    due = due_time(START, Duration.parse(limit), SHANGHAI, china())
    for text in stops:
        stopped, ended = map(local, text.split("/"))
        due = resumed(due, Stop(stopped.astimezone(UTC), ended.astimezone(UTC)), SHANGHAI, china())
    assert last_day(due, SHANGHAI) == date.fromisoformat(last)


def test_hours_are_carried_over_to_the_second() -> None:
    due = due_time(START, Duration.parse("48 hours"), SHANGHAI, WEEKENDS)
    stop = Stop(START + timedelta(hours=47, minutes=59), START + timedelta(days=30, seconds=7))
    assert resumed(due, stop, SHANGHAI, WEEKENDS).at == stop.until + MINUTE


def test_used_days_are_those_on_the_record_and_what_is_left_is_counted_by_the_calendar_of_today() -> None:
    """By the new calendar Thursday the 5th was no working day; it was one when it was used up. Thursday the 12th is a holiday."""
    due = due_time(START, Duration.parse("5 working days"), SHANGHAI, china())
    other = Calendar("other", [date(2026, 3, 5), date(2026, 3, 12)], years=[2026])
    stopped, ended = local("2026-03-06T09:00").astimezone(UTC), local("2026-03-10T09:00").astimezone(UTC)
    after = resumed(due, Stop(stopped, ended), SHANGHAI, other)
    assert last_day(after, SHANGHAI) == date(2026, 3, 11)
    assert (after.calendar, after.estimated, after.holidays) == (other.digest, False, ())
    longer = due_time(START, Duration.parse("6 working days"), SHANGHAI, china())
    after = resumed(longer, Stop(stopped, ended), SHANGHAI, other)
    assert (last_day(after, SHANGHAI), after.holidays) == (date(2026, 3, 13), (date(2026, 3, 12),))


def test_what_was_estimated_by_another_calendar_stays_so() -> None:
    due = due_time(START, Duration.parse("5 working days"), SHANGHAI, WEEKENDS)
    stop = Stop(local("2026-03-04T09:00").astimezone(UTC), local("2026-03-05T09:00").astimezone(UTC))
    assert due.estimated
    assert resumed(due, stop, SHANGHAI, china()).estimated
    assert not recounted(resumed(due, stop, SHANGHAI, china()), SHANGHAI, china()).estimated


def test_a_stop_after_it_was_over_is_no_matter() -> None:
    """A wait that had run out before the clock was stopped has run out."""
    for limit in ("2 days", "2 working days", "48 hours", "1 months"):
        plain = due_time(START, Duration.parse(limit), SHANGHAI, china())
        late = Stop(plain.at, plain.at + 30 * DAY)
        assert due_time(START, Duration.parse(limit), SHANGHAI, china(), (late,)).at == plain.at


def test_only_what_lies_after_the_start_counts() -> None:
    a, b, c = (START + n * DAY for n in range(3))
    assert since((Stop(a, b),), b) == ()
    assert since((Stop(a, c),), b) == (Stop(b, c),)
    assert since((Stop(b, c),), a) == (Stop(b, c),)
    due = due_on(date(2026, 3, 20), c, SHANGHAI)  # the day was stated while the clock stood already
    after = resumed(due, Stop(a, c + 2 * DAY), SHANGHAI, WEEKENDS)
    assert (last_day(after, SHANGHAI), after.stops) == (date(2026, 3, 22), (Stop(c, c + 2 * DAY),))


@pytest.mark.parametrize(
    ("limit", "en", "zh"),
    [
        (
            "5 working days",
            "5 working days counted from the day after 2026-03-02; skipped: 2 weekend days; the clock stood from "
            "2026-03-04 10:00 to 2026-03-11 09:00; ends at 24:00 of 2026-03-16 (Asia/Shanghai)",
            "5个工作日，自2026年3月2日的次日起算；跳过：周末2天；计时中止：2026年3月4日10:00至2026年3月11日09:00；"
            "至2026年3月16日24时止（Asia/Shanghai）",
        ),
        (
            "72 hours",
            "the clock stood from 2026-03-04 10:00 to 2026-03-11 09:00; 72 hours from 2026-03-02 09:00, to 2026-03-12 08:00 "
            "(Asia/Shanghai)",
            "计时中止：2026年3月4日10:00至2026年3月11日09:00；自2026年3月2日09:00起72小时，至2026年3月12日08:00止"
            "（Asia/Shanghai）",
        ),
    ],
)
def test_it_explains_itself(limit: str, en: str, zh: str) -> None:
    stop = Stop(local("2026-03-04T10:00").astimezone(UTC), local("2026-03-11T09:00").astimezone(UTC))
    due = resumed(due_time(START, Duration.parse(limit), SHANGHAI, china()), stop, SHANGHAI, china())
    assert due.derivation(SHANGHAI).en == en
    assert due.derivation(SHANGHAI).zh == zh


def test_it_says_from_which_day_it_counts() -> None:
    stop = Stop(START.astimezone(UTC), local("2026-03-07T09:00").astimezone(UTC))
    due = resumed(due_time(START, Duration.parse("5 working days"), SHANGHAI, china()), stop, SHANGHAI, china())
    assert "counted from the day after 2026-03-07" in due.derivation(SHANGHAI).en
