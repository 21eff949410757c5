"""What the calendar calls for: labels, days and moments, checked against the calendar itself and against hand-made lists."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta

import lapsing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stabflow.calendar import Calendar, Duration
from stabflow.calendars.china import china
from stabflow.decision.recurrence import Occurrence, occurrences
from stabflow.language import Recurrence, Transition

PROCEDURE = lapsing.known()
ZONE = PROCEDURE.zone


def local(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZONE)


def of(
    *every: Recurrence, after: date, until: date, lead: str | None = None, calendar: Calendar | None = None
) -> list[Occurrence]:
    row = Transition(trigger="call", dest="owed", every=every, lead=None if lead is None else Duration.parse(lead))
    found = occurrences(PROCEDURE, row, after=local(after), until=local(until), calendar=calendar or china())
    return list(found)


@pytest.mark.parametrize(
    ("recurrence", "labels"),
    [
        (Recurrence.YEAR, ["2026"]),
        (Recurrence.HALF_YEAR, ["2026-H1", "2026-H2"]),
        (Recurrence.QUARTER, ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]),
        (Recurrence.MONTH, [f"2026-{month:02}" for month in range(1, 13)]),
        # The notice for 2026: the first day of each holiday.
        (
            Recurrence.HOLIDAY,
            ["2026-01-01", "2026-02-15", "2026-04-04", "2026-05-01", "2026-06-19", "2026-09-25", "2026-10-01"],
        ),
        (Recurrence.NEW_YEAR, ["2026-01-01"]),
        (Recurrence.SPRING_FESTIVAL, ["2026-02-15"]),
        (Recurrence.TOMB_SWEEPING, ["2026-04-04"]),
        (Recurrence.LABOUR_DAY, ["2026-05-01"]),
        (Recurrence.DRAGON_BOAT, ["2026-06-19"]),
        (Recurrence.MID_AUTUMN, ["2026-09-25"]),
        (Recurrence.NATIONAL_DAY, ["2026-10-01"]),
    ],
)
def test_a_year(recurrence: Recurrence, labels: list[str]) -> None:
    found = of(recurrence, after=date(2025, 12, 31), until=date(2026, 12, 31))
    assert [one.label for one in found] == labels
    assert [one.at for one in found] == [local(one.day).astimezone(UTC) for one in found]


def test_weeks_and_weekends() -> None:
    weeks = of(Recurrence.WEEK, after=date(2026, 1, 1), until=date(2026, 12, 31))
    assert [one.label for one in weeks] == [f"2026-W{week:02}" for week in range(2, 54)]
    assert {one.day.weekday() for one in weeks} == {0}
    weekends = of(Recurrence.WEEKEND, after=date(2026, 1, 1), until=date(2026, 1, 31))
    assert [one.label for one in weekends] == ["2026-01-03", "2026-01-10", "2026-01-17", "2026-01-24", "2026-01-31"]


def test_a_weekend_that_begins_a_holiday_is_called_for_once() -> None:
    found = of(Recurrence.WEEKEND, Recurrence.HOLIDAY, after=date(2026, 4, 1), until=date(2026, 4, 10))
    assert [one.label for one in found] == ["2026-04-04"]


@pytest.mark.parametrize(
    ("lead", "day"),
    [
        ("36 hours", datetime(2026, 9, 29, 12, 0)),
        ("10 days", datetime(2026, 9, 21)),
        ("3 working days", datetime(2026, 9, 28)),
        # 25 to 27 September is the Mid-autumn holiday; Sunday 20 September is worked in exchange.
        ("9 working days", datetime(2026, 9, 18)),
        ("1 months", datetime(2026, 9, 1)),
    ],
)
def test_so_much_before(lead: str, day: datetime) -> None:
    (one,) = of(Recurrence.NATIONAL_DAY, after=date(2026, 8, 1), until=date(2026, 10, 1), lead=lead)
    assert (one.label, one.day, one.at) == ("2026-10-01", date(2026, 10, 1), day.replace(tzinfo=ZONE).astimezone(UTC))


def test_a_year_without_a_notice_has_no_holidays() -> None:
    assert of(Recurrence.HOLIDAY, Recurrence.SPRING_FESTIVAL, after=date(2040, 1, 1), until=date(2040, 12, 31)) == []
    bare = Calendar("bare")
    assert of(Recurrence.HOLIDAY, after=date(2026, 1, 1), until=date(2026, 12, 31), calendar=bare) == []


LEADS = st.none() | st.sampled_from(["5 hours", "1 days", "40 days", "2 working days", "25 working days", "3 months"])


@given(
    every=st.lists(st.sampled_from(Recurrence), min_size=1, max_size=3, unique=True),
    cuts=st.lists(st.integers(0, 700), min_size=2, max_size=6),
    lead=LEADS,
)
def test_ticks_in_pieces_call_for_the_same_as_one(every: list[Recurrence], cuts: list[int], lead: str | None) -> None:
    days = [date(2025, 2, 1) + timedelta(days=cut) for cut in sorted(cuts)]
    whole = of(*every, after=days[0], until=days[-1], lead=lead)
    pieces = [one for first, last in itertools.pairwise(days) for one in of(*every, after=first, until=last, lead=lead)]
    assert [(one.label, one.at) for one in pieces] == [(one.label, one.at) for one in whole]
    assert len({one.label for one in whole}) == len(whole)
    assert [one.at for one in whole] == sorted(one.at for one in whole)
