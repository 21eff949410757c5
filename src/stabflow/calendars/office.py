"""The calendar of one office, from a file: another calendar, with the days that are off and the days that are worked besides.

Such as a local holiday, or a weekend on which a county works. The file says on what order it rests; it is refused with all its
faults and their places.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import MAXYEAR, date, datetime
from pathlib import Path

from ..calendar import Calendar
from ..errors import Fault, InvalidInput, near_miss
from ..language.lifecycle import HOLIDAY_TITLES
from ..language.tables import read_file, tables_of
from ..values import clean_id, clean_text

FORMAT = 1
MAX_SOURCE = 1_000
_REQUIRED = ("format", "id", "base", "source")
_KEYS = (*_REQUIRED, "holidays", "workdays", "years", "names")
_HOLIDAYS = [one.value for one in HOLIDAY_TITLES]
_A_DAY = "write days without quotes: [2026-03-09, 2026-03-10]"


def load(path: str | Path, base_of: Callable[[str], Calendar]) -> Calendar:
    """The calendar in the TOML file at ``path``; ``base_of`` gives the one it is based on. `InvalidInput` with every fault."""
    what = f"calendar {path}"
    tables = tables_of(read_file(path, error=InvalidInput), what=what, error=InvalidInput)
    reading = _Reading(tables)
    base = reading.base(base_of)
    id_ = reading.id()
    holidays, workdays = (reading.days(key, tables.get(key, [])) for key in ("holidays", "workdays"))
    for day in sorted(holidays.keys() & workdays.keys()):
        place = f"workdays[{workdays[day]}]"
        reading.fault(place, f"{day.isoformat()} is both a holiday and a workday", "strike it from one")
    years, names = reading.years(), reading.names()
    if reading.faults or base is None or id_ is None:
        raise InvalidInput(reading.faults, what=what)
    return Calendar(
        id_,
        (base.holidays - workdays.keys()) | holidays.keys(),
        (base.workdays - holidays.keys()) | workdays.keys(),
        base.years | years,
        base.unsettled,
        _named(base, names, workdays),
    )


def _named(base: Calendar, names: Mapping[date, str], workdays: Collection[date]) -> dict[date, str]:
    """Which holiday each day belongs to: where the file names the days of one in a year, these are all of them."""
    settled = {(name, day.year) for day, name in names.items()}
    kept = {day: name for day, name in base.names.items() if day not in workdays and (name, day.year) not in settled}
    return {**kept, **names}


class _Reading:
    """One reading of one file."""

    def __init__(self, tables: Mapping[str, object]) -> None:
        self.tables = tables
        self.faults: list[Fault] = []
        for key in tables:
            if key not in _KEYS:
                self.fault(key, "is not known here", near_miss(key, _KEYS))
        for key in _REQUIRED:
            if key not in tables:
                self.fault(key, "is missing", f"write {key} = …")
        if "format" in tables and (tables["format"] != FORMAT or isinstance(tables["format"], bool)):
            self.fault("format", f"{tables['format']!r:.60} is not a format this stabflow reads", "write format = 1")
        if "source" in tables:
            self._cleaned("source", lambda value: clean_text(value, "source", max_length=MAX_SOURCE))

    def fault(self, path: str, problem: str, cure: str) -> None:
        self.faults.append(Fault(path, problem, cure))

    def _cleaned(self, key: str, clean: Callable[[object], str]) -> str | None:
        try:
            return clean(self.tables[key])
        except InvalidInput as error:
            self.faults += error.faults
            return None

    def id(self) -> str | None:
        return self._cleaned("id", lambda value: clean_id(value, "id")) if "id" in self.tables else None

    def base(self, base_of: Callable[[str], Calendar]) -> Calendar | None:
        if "base" not in self.tables:
            return None
        name = self._cleaned("base", lambda value: clean_text(value, "base", max_length=200))
        if name is None:
            return None
        if name.endswith(".toml"):
            self.fault("base", f"{name!r} is a file itself", "base it on a calendar by its id, such as CN")
            return None
        try:
            return base_of(name)
        except InvalidInput as error:
            self.faults += [Fault("base", fault.problem, fault.cure) for fault in error.faults]
            return None

    def _list(self, place: str, given: object, cure: str) -> list[object]:
        if isinstance(given, list):
            return given
        self.fault(place, "is not a list", cure)
        return []

    def names(self) -> dict[date, str]:
        """Days with the name of the holiday that they belong to."""
        given = self.tables.get("names", {})
        if not isinstance(given, Mapping):
            self.fault("names", "is no table", "write names.spring_festival = [2027-02-06, 2027-02-07]")
            return {}
        found: dict[date, str] = {}
        for name, days in given.items():
            place = f"names.{name}"
            if name not in _HOLIDAYS:
                self.fault(place, "is no holiday by that name", near_miss(name, _HOLIDAYS))
            else:
                for day, number in self.days(place, days).items():
                    if day in found:
                        self.fault(f"{place}[{number}]", f"{day.isoformat()} is named twice", "strike it from one")
                    found[day] = name
        return found

    def days(self, key: str, given: object) -> dict[date, int]:
        """The days in the list ``given`` under ``key``, with their places."""
        found: dict[date, int] = {}
        for number, day in enumerate(self._list(key, given, _A_DAY)):
            place = f"{key}[{number}]"
            if isinstance(day, datetime) or not isinstance(day, date):
                self.fault(place, f"{day!s:.60} is not a day", _A_DAY)
            elif day in found:
                self.fault(place, f"{day.isoformat()} is given twice", f"strike it: {key}[{found[day]}] is the first")
            else:
                found[day] = number
        return found

    def years(self) -> frozenset[int]:
        found = set[int]()
        for number, year in enumerate(self._list("years", self.tables.get("years", []), "write years = [2026]")):
            if isinstance(year, bool) or not isinstance(year, int) or not 1 <= year <= MAXYEAR:
                self.fault(f"years[{number}]", f"{year!r:.60} is not a year", "such as 2026")
            else:
                found.add(year)
        return frozenset(found)
