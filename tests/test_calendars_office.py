"""The calendar of one office, from a file: what it changes of another calendar, and everything that can be wrong with it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import worlds
from command_line import Run
from hypothesis import given
from hypothesis import strategies as st

import stabflow
from stabflow import InvalidInput
from stabflow.calendar import WEEKENDS, Calendar
from stabflow.calendars.china import china
from stabflow.calendars.office import load
from stabflow.plugins import equip

WHOLE = """
format = 1
id = "bridge-county"
base = "CN"
source = "county order 2026-2 on the days of the dragon fair"
holidays = [2026-03-09, 2026-05-09]
workdays = [2026-03-14, 2026-05-04]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "office.toml"


def read(file: Path, text: str) -> Calendar:
    file.write_text(text, encoding="utf-8")
    return load(file, equip().calendar)


def faults(file: Path, text: str) -> dict[str, str]:
    with pytest.raises(InvalidInput) as error:
        read(file, text)
    assert error.value.what == f"calendar {file}"
    return {fault.path: f"{fault.problem} ({fault.cure})" for fault in error.value.faults}


def test_it_is_another_calendar_with_days_off_and_days_worked_besides(file: Path) -> None:
    office = read(file, WHOLE)
    assert office.id == "bridge-county"
    assert (office.years, office.unsettled) == (china().years, china().unsettled)
    for day, worked in ((9, False), (10, True), (14, True), (15, False)):
        assert office.is_working(date(2026, 3, day)) is worked
    # what the notice has as a make-up workday is off, and one of its holidays is worked
    assert china().is_working(date(2026, 5, 9))
    assert not office.is_working(date(2026, 5, 9))
    assert not china().is_working(date(2026, 5, 4))
    assert office.is_working(date(2026, 5, 4))
    assert not office.is_working(date(2026, 5, 5))
    assert office.digest != china().digest


@given(st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20), st.data())
def test_only_the_days_named_differ(
    tmp_path_factory: pytest.TempPathFactory, days: frozenset[date], data: st.DataObject
) -> None:
    off = {day for day in days if data.draw(st.booleans())}
    lists = [", ".join(day.isoformat() for day in sorted(some)) for some in (off, days - off)]
    file = tmp_path_factory.mktemp("office") / "office.toml"
    office = read(
        file, f'format = 1\nid = "o"\nbase = "CN"\nsource = "s"\nholidays = [{lists[0]}]\nworkdays = [{lists[1]}]\n'
    )
    for number in range(365):
        day = date.fromordinal(date(2026, 1, 1).toordinal() + number)
        assert office.is_working(day) is (day not in off and (day in days or china().is_working(day)))


def test_without_a_notice_its_own_file_may_be_one(file: Path) -> None:
    text = WHOLE.replace('"CN"', '"weekends"')
    assert read(file, text).years == WEEKENDS.years == frozenset()
    assert read(file, text + "years = [2026, 2027]\n").years == {2026, 2027}
    assert read(file, WHOLE + "years = [2027]\n").years == china().years | {2027}


def test_everything_that_is_wrong_is_told_at_once(file: Path) -> None:
    text = """
format = 2
id = "bridge county"
base = "CM"
source = ""
holiday = [2026-03-09]
holidays = [2026-03-09, "2026-03-10", 2026-03-11T09:00:00, 2026-03-09, 2026-04-01]
workdays = [2026-03-14, 2026-04-01, 7]
years = [2026, 1.5, true]
"""
    found = faults(file, text)
    assert found.keys() == {
        "format",
        "id",
        "base",
        "source",
        "holiday",
        "holidays[1]",
        "holidays[2]",
        "holidays[3]",
        "workdays[1]",
        "workdays[2]",
        "years[1]",
        "years[2]",
    }
    assert found["workdays[1]"] == "2026-04-01 is both a holiday and a workday (strike it from one)"
    assert found["holidays[3]"] == "2026-03-09 is given twice (strike it: holidays[0] is the first)"
    assert found["holiday"] == "is not known here (did you mean 'holidays'?)"
    assert found["base"] == "unknown calendar 'CM' (known: CN, holidays:DE, weekends)"
    assert "without quotes" in found["holidays[1]"]


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        ("", "format", "is missing"),
        (WHOLE.replace("format = 1", "format = true"), "format", "is not a format"),
        (WHOLE.replace('source = "', 'source = 7 # "'), "source", "text"),
        (WHOLE.replace("base =", "# base ="), "base", "is missing"),
        (WHOLE.replace('"CN"', '"other.toml"'), "base", "is a file itself"),
        (WHOLE.replace("holidays = [2026-03-09, 2026-05-09]", "holidays = 2026-03-09"), "holidays", "is not a list"),
        (WHOLE + "[calendar]\n", "calendar", "is not known here"),
        ("format = ", "(file)", "is not TOML"),
        ("\ufffe", "(file)", "is not TOML"),
    ],
)
def test_what_is_wrong(file: Path, text: str, path: str, problem: str) -> None:
    assert problem in faults(file, text)[path]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(InvalidInput, match="cannot be read"):
            load(path, equip().calendar)


def test_an_engine_is_opened_with_it(file: Path) -> None:
    read(file, WHOLE)
    for name in (str(file), file):
        with worlds.engine_on("memory:", calendar=name) as engine:
            due = worlds.opened(worlds.constituted(engine)).value.due
            assert due is not None
            assert due.calendar == load(file, equip().calendar).digest
            assert due.holidays == (date(2026, 3, 9),)
    file.write_text(WHOLE.replace("2026-03-14", "2026-03-09"), encoding="utf-8")
    with pytest.raises(InvalidInput, match="is both a holiday and a workday"):
        stabflow.open("memory:", calendar=str(file))


def test_the_command_line_says_it_in_both_languages(stab: Run, tmp_path: Path) -> None:
    (tmp_path / "office.toml").write_text(WHOLE.replace("2026-03-14", "2026-03-09"), encoding="utf-8")
    asked = ("recalendar", "--basis", "b", "--calendar", "office.toml", "--store", "memory:")
    status, _, said = stab(*asked)
    assert status == 2
    assert "calendar.workdays[0]: 2026-03-09 is both a holiday and a workday" in said
    assert "有1处缺陷" in stab(*asked, "--lang", "zh")[2]


def test_it_names_holidays_for_what_recurs_at_them(file: Path) -> None:
    names = "names.spring_festival = [2027-02-06, 2027-02-07]\nnames.labour_day = [2026-05-02]\n"
    bare = read(file, WHOLE.replace('"CN"', '"weekends"') + names)
    assert bare.names == {
        date(2026, 5, 2): "labour_day",
        date(2027, 2, 6): "spring_festival",
        date(2027, 2, 7): "spring_festival",
    }
    office = read(file, WHOLE + names)
    assert [day for day, name in office.names.items() if name == "labour_day" and day.year == 2026] == [
        date(2026, 5, 2)
    ]
    others = {day: name for day, name in china().names.items() if (name, day.year) != ("labour_day", 2026)}
    assert others.items() <= office.names.items(), "what the file does not name is as it was"
    assert bare.digest == read(file, WHOLE.replace('"CN"', '"weekends"')).digest, "no due time hangs on it"


def test_what_is_wrong_with_the_names(file: Path) -> None:
    names = """
[names]
spring_festivals = []
labour_day = [2026-05-02, 2026-05-02]
new_year = 7
national_day = [2026-05-02, "x"]
"""
    found = faults(file, WHOLE + names)
    assert found.keys() == {
        "names.spring_festivals",
        "names.labour_day[1]",
        "names.new_year",
        "names.national_day[0]",
        "names.national_day[1]",
    }
    assert "did you mean 'spring_festival'?" in found["names.spring_festivals"]
    assert "named twice" in found["names.national_day[0]"]
    assert faults(file, WHOLE + "names = 7\n").keys() == {"names"}
