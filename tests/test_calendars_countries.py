"""Working days of other countries: against days known for certain and our own calendar; never is a guess taken for a notice."""

from __future__ import annotations

import subprocess
import sys
import warnings
from datetime import date, timedelta
from typing import Any

import holidays
import pytest
import worlds

import stabflow
from stabflow import InvalidInput
from stabflow.calendar import Duration, due_time
from stabflow.calendars.china import china
from stabflow.calendars.countries import country
from stabflow.errors import PluginError
from stabflow.plugins import equip
from stabflow.zones import zone

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "day", "worked"),
    [
        ("DE", "2026-10-03", False),  # a Saturday
        ("DE", "2026-05-01", False),
        ("DE", "2026-01-06", True),
        ("DE-BY", "2026-01-06", False),  # Epiphany, in Bavaria and not in all of Germany
        ("DE-BY", "2026-01-07", True),
        ("US", "2026-07-03", False),  # Independence Day falls on a Saturday
        ("US", "2026-11-26", False),
        ("US", "2026-11-27", True),
        ("US-CA", "2026-11-27", False),
        ("IL", "2026-03-01", True),  # a Sunday
        ("IL", "2026-03-06", False),  # a Friday
        ("JP", "2026-02-11", False),
    ],
)
def test_days_that_are_known(name: str, day: str, worked: bool) -> None:
    assert country(name).is_working(date.fromisoformat(day)) is worked


def test_china_by_the_package_is_china_by_our_own_data() -> None:
    """Two packages, kept by different people, agree on every day for twenty years; and neither knows a year without a notice."""
    day, theirs, ours = date(2007, 1, 1), country("CN"), china()
    last = min(max(theirs.years), max(ours.years))
    assert last >= 2026
    while day.year <= last:
        assert theirs.is_working(day) is ours.is_working(day), day
        day += DAY
    assert theirs.unsettled == {date(max(theirs.years), 12, day) for day in (29, 30, 31)}


@pytest.mark.parametrize(("name", "last"), [("CN", 2028), ("AE", 2030), ("TR", 2035), ("IN", 2036)])
def test_a_year_that_is_guessed_is_not_known(name: str, last: int) -> None:
    """By order of a government, by the moon, or beyond what the package says it has."""
    calendar = country(name)
    assert 2025 in calendar.years
    assert not {year for year in calendar.years if year >= last}
    start = worlds.START.replace(year=last)
    assert due_time(start, Duration.parse("5 working days"), zone("UTC"), calendar).estimated


def test_a_year_of_which_the_package_warns_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    real = holidays.country_holidays

    def warning(code: str, **more: Any) -> Any:
        if more.get("years") == 2030:
            warnings.warn("Requested Holidays are available only from 2001 to 2029.", stacklevel=2)
        return real(code, **more)

    country.cache_clear()
    monkeypatch.setattr(holidays, "country_holidays", warning)
    known = country("DE").years
    country.cache_clear()
    assert set(range(2000, 2041)) - known == {2030}


def test_where_the_law_says_it_all_years_are_known() -> None:
    assert set(range(2000, 2041)) <= country("DE").years
    assert 2041 not in country("DE").years


def test_an_engine_is_opened_with_it() -> None:
    with worlds.engine_on("memory:", calendar="holidays:DE-BY") as engine:
        due = worlds.opened(worlds.constituted(engine)).value.due
        assert due is not None
        assert (due.calendar, due.estimated) == (country("DE-BY").digest, False)
    assert equip().calendar("holidays:DE-BY").id == "holidays:DE-BY"
    assert country("DE").digest != country("DE-BY").digest


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("DX", "no country 'DX'"),
        ("DE-XX", "no part 'XX' of DE"),
        ("DE-", "no part '' of DE"),
        ("", "no country ''"),
        ("VA-X", "it has no parts: write holidays:VA"),
    ],
)
def test_unknown_ones_are_refused(name: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as error:
        stabflow.open("memory:", calendar=f"holidays:{name}")
    assert problem in str(error.value)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    country.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(PluginError, match=r"pip install 'stabflow\[holidays\]'"):
        stabflow.open("memory:", calendar="holidays:DE")
    stabflow.open("memory:").close()


def test_a_package_that_is_broken_is_not_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "holidays":
                raise ModuleNotFoundError("No module named 'dateutil'", name="dateutil")

    country.cache_clear()
    monkeypatch.delitem(sys.modules, "holidays", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError, match="dateutil"):
        country("DE")


def test_the_package_is_read_only_when_asked_for() -> None:
    code = (
        "import sys, stabflow\n"
        "stabflow.open('memory:').close()\n"
        "assert 'holidays' not in sys.modules\n"
        "stabflow.open('memory:', calendar='holidays:DE').close()\n"
        "assert 'holidays' in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
