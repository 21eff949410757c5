"""The calendar of mainland China against the notices of the General Office of the State Council, typed in by hand.

2025: 国务院办公厅关于2025年部分节假日安排的通知 (国办发明电〔2024〕12号, 2024-11-12)
2026: 国务院办公厅关于2026年部分节假日安排的通知 (2025-11-04)
"""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from stabflow.calendar import DueTime, Duration, due_time
from stabflow.calendars.china import china
from stabflow.zones import zone

SHANGHAI = zone("Asia/Shanghai")

# first and last day off of each holiday, as the notices have them
DAYS_OFF = [
    ("2025-01-01", "2025-01-01"),
    ("2025-01-28", "2025-02-04"),
    ("2025-04-04", "2025-04-06"),
    ("2025-05-01", "2025-05-05"),
    ("2025-05-31", "2025-06-02"),
    ("2025-10-01", "2025-10-08"),
    ("2026-01-01", "2026-01-03"),
    ("2026-02-15", "2026-02-23"),
    ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"),
    ("2026-06-19", "2026-06-21"),
    ("2026-09-25", "2026-09-27"),
    ("2026-10-01", "2026-10-07"),
]
MAKE_UP = [
    *("2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"),
    *("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"),
]


def due(start: str, working_days: int) -> DueTime:
    begun = datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)
    return due_time(begun, Duration.parse(f"{working_days} working days"), SHANGHAI, china())


def test_every_day_of_both_years_is_as_the_notices_have_it() -> None:
    off = set()
    for first, last in DAYS_OFF:
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            off.add(day)
            day += timedelta(days=1)
    make_up = {date.fromisoformat(day) for day in MAKE_UP}
    assert all(day.weekday() >= 5 for day in make_up)
    day = date(2025, 1, 1)
    while day <= date(2026, 12, 31):
        working = day in make_up or (day.weekday() < 5 and day not in off)
        assert china().is_working(day) is working, day
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("start", "working_days", "last"),
    [
        # New Year 2025: the Wednesday is off
        ("2024-12-31T09:00", 1, "2025-01-02"),
        # Spring Festival 2025: Sunday 01-26 and Saturday 02-08 are worked, 01-28 to 02-04 off
        ("2025-01-24T09:00", 1, "2025-01-26"),
        ("2025-01-24T09:00", 3, "2025-02-05"),
        ("2025-01-24T09:00", 10, "2025-02-13"),
        ("2025-01-28T09:00", 1, "2025-02-05"),
        ("2025-02-07T23:59", 1, "2025-02-08"),
        ("2025-02-08T09:00", 1, "2025-02-10"),
        # Tomb-sweeping 2025: Friday to Sunday
        ("2025-04-03T09:00", 1, "2025-04-07"),
        # May Day 2025: Sunday 04-27 is worked, 05-01 to 05-05 off
        ("2025-04-25T09:00", 5, "2025-05-06"),
        ("2025-04-30T09:00", 1, "2025-05-06"),
        ("2025-04-30T09:00", 10, "2025-05-19"),
        # Dragon Boat 2025: Saturday to Monday
        ("2025-05-30T09:00", 1, "2025-06-03"),
        # National Day 2025: Sunday 09-28 and Saturday 10-11 are worked, 10-01 to 10-08 off
        ("2025-09-26T09:00", 4, "2025-10-09"),
        ("2025-09-30T00:00", 3, "2025-10-11"),
        ("2025-09-30T09:00", 5, "2025-10-14"),
        # New Year 2026: Sunday 01-04 is worked, 01-01 to 01-03 off
        ("2025-12-31T09:00", 1, "2026-01-04"),
        ("2025-12-31T09:00", 5, "2026-01-08"),
        # Spring Festival 2026: Saturdays 02-14 and 02-28 are worked, 02-15 to 02-23 off
        ("2026-02-13T09:00", 1, "2026-02-14"),
        ("2026-02-13T09:00", 2, "2026-02-24"),
        ("2026-02-13T09:00", 6, "2026-02-28"),
        ("2026-02-13T09:00", 10, "2026-03-05"),
        # Tomb-sweeping 2026: Saturday to Monday
        ("2026-04-03T09:00", 1, "2026-04-07"),
        # May Day 2026: Saturday 05-09 is worked, 05-01 to 05-05 off
        ("2026-04-30T09:00", 4, "2026-05-09"),
        ("2026-04-30T09:00", 5, "2026-05-11"),
        # Dragon Boat 2026: Friday to Sunday
        ("2026-06-18T09:00", 1, "2026-06-22"),
        # Mid-autumn 2026: 09-25 to 09-27 off; for National Day Sunday 09-20 is worked
        ("2026-09-18T09:00", 5, "2026-09-24"),
        ("2026-09-18T09:00", 6, "2026-09-28"),
        # National Day 2026: 10-01 to 10-07 off, Saturday 10-10 is worked
        ("2026-09-30T09:00", 3, "2026-10-10"),
        ("2026-09-30T09:00", 10, "2026-10-20"),
        # the last working day that no notice still to come can move
        ("2026-12-21T09:00", 5, "2026-12-28"),
    ],
)
def test_due_dates_by_hand(start: str, working_days: int, last: str) -> None:
    found = due(start, working_days)
    end = date.fromisoformat(last) + timedelta(days=1)
    assert found.at == datetime(end.year, end.month, end.day, tzinfo=SHANGHAI).astimezone(UTC)
    assert found.at.hour == 16
    assert not found.estimated
    assert found.calendar == china().digest


def test_what_was_skipped_is_recorded() -> None:
    found = due("2026-02-13T09:00", 10)
    assert found.weekend_days == 4  # 02-15, 02-21, 02-22, 03-01
    assert found.holidays == (*(date(2026, 2, day) for day in (16, 17, 18, 19, 20)), date(2026, 2, 23))
    assert found.workdays == (date(2026, 2, 14), date(2026, 2, 28))


def all_until(year: int, day: int) -> DueTime:
    """As many working days as there are from 2 December to that day."""
    return due(f"{year}-12-01T09:00", sum(china().is_working(date(year, 12, each)) for each in range(2, day + 1)))


def test_years_without_a_notice_are_estimated() -> None:
    last = max(china().years)
    assert not due(f"{last}-12-20T09:00", 3).estimated
    assert china().unsettled == {date(last, 12, day) for day in (29, 30, 31)}
    assert not all_until(last, 28).estimated
    assert all_until(last, 31).estimated
    assert not all_until(last - 1, 31).estimated
    assert due(f"{last}-12-31T09:00", 1).estimated
    assert due(f"{last}-12-21T09:00", 20).estimated  # begins in a known year, runs into an unknown one
    assert due(f"{last + 1}-03-01T09:00", 1).estimated
    assert "estimated" in due(f"{last + 1}-03-01T09:00", 1).derivation(SHANGHAI).en


def test_2027_is_estimated_until_its_notice_is_in_the_data() -> None:
    published = any(day.year == 2027 for day in china().holidays)
    assert due("2027-03-01T09:00", 1).estimated is not published
    assert due("2026-12-21T09:00", 8).estimated is not published
    assert due("2026-12-28T09:00", 1).estimated is not published
    assert not due("2026-12-21T09:00", 5).estimated


@pytest.mark.parametrize("limit", ["1 days", "400 days", "9000 hours", "36 months"])
def test_other_limits_are_never_estimated(limit: str) -> None:
    start = datetime(2026, 12, 21, 9, tzinfo=SHANGHAI)
    found = due_time(start, Duration.parse(limit), SHANGHAI, china())
    assert not found.estimated
    assert not found.calendar


def test_the_calendar() -> None:
    assert china().id == "CN"
    assert china() is china()
    assert {2004, 2025, 2026} <= china().years
    assert {day.year for day in china().holidays} == china().years
    assert all(day.weekday() >= 5 for day in china().workdays)


def test_data_are_read_only_when_asked_for() -> None:
    code = (
        "import sys, stabflow.calendar, stabflow.calendars.china as module\n"
        "assert 'chinese_calendar' not in sys.modules\n"
        "module.china()\n"
        "assert 'chinese_calendar' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
