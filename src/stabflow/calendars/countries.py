"""Working days of other countries, and of parts of them, from the package holidays, which is installed apart.

A year is known if the package does not guess in it: where it marks a holiday as estimated (a new moon is still to be seen), and
where a government shifts working days by yearly orders and the package has none of that year yet, due times are estimated. So
are they in years of which it warns that it does not have them all.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

from ..calendar import SATURDAY, Calendar
from ..errors import InvalidInput, PluginError, near_miss

FIRST, LAST = 2000, 2040
"""The years that are looked up: no limit reaches further."""

_DAY = timedelta(days=1)


@cache
def country(name: str) -> Calendar:
    """The calendar ``holidays:DE``, or ``holidays:DE-BY`` for a part of the country, ``name`` being what follows the colon.

    `InvalidInput` when there is none of that name, `PluginError` when the package is not installed.
    """
    try:
        import holidays
    except ModuleNotFoundError as error:
        if error.name != "holidays":
            raise
        problem = f"the calendar holidays:{name} needs it, and it is not installed: pip install 'stabflow[holidays]'"
        raise PluginError("holidays", problem) from error
    code, dash, part = name.partition("-")
    parts = holidays.list_supported_countries(include_aliases=True)
    if code not in parts:
        raise InvalidInput.at("calendar", f"the package holidays has no country {code!r}", near_miss(code, parts))
    found = holidays.country_holidays(code)
    if dash and part not in found.subdivisions:
        cure = near_miss(part, found.subdivisions, none=f"it has no parts: write holidays:{code}")
        raise InvalidInput.at("calendar", f"the package holidays has no part {part!r} of {code}", cure)
    years = range(max(FIRST, found.start_year), min(LAST, found.end_year) + 1)
    ordered = _ordered(found)
    off, worked, known = set[date](), set[date](), set[int]()
    for year in years:
        with warnings.catch_warnings(record=True) as doubts:
            warnings.simplefilter("always")
            days = holidays.country_holidays(  # in its own language: else titles are in that of the machine
                code, subdiv=part or None, years=year, expand=False, language=found.default_language
            )
        if not (doubts or year > ordered or any(_is_estimated(days, title) for title in days.values())):
            known.add(year)
        for day in _days_of(year):
            working, weekend = days.is_working_day(day), day.weekday() >= SATURDAY
            if weekend and working:
                worked.add(day)
            elif not weekend and not working:
                off.add(day)
    unsettled = [date(ordered, 12, day) for day in (29, 30, 31)] if ordered in known else []
    return Calendar(f"holidays:{name}", off, worked, known, unsettled)


def _ordered(days: Any) -> int:
    """The last year of which the package has the orders by which working days are shifted; far off, where none are given."""
    if not days.has_substituted_holidays:
        return LAST + 1
    orders = [year for name in dir(days) if re.fullmatch(r"special_.*holidays", name) for year in getattr(days, name)]
    return max(orders, default=FIRST - 1)


def _is_estimated(days: Any, title: str) -> bool:
    """Whether a holiday's title says that its day is a guess."""
    labels = [getattr(days, label, None) for label in ("estimated_label", "observed_estimated_label")]
    patterns = [".*".join(map(re.escape, label.split("%s"))) for label in labels if label]
    return any(re.fullmatch(pattern, one) for pattern in patterns for one in title.split("; "))


def _days_of(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += _DAY
