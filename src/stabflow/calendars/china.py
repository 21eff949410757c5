"""The working days of mainland China: statutory holidays and the weekend days worked to make up for them.

The data are those of the package chinesecalendar, which follows the yearly notices of the General Office of the State
Council (国务院办公厅). A year that they do not carry has no official notice yet: due times in it are estimated. So are those that
count past one of the last three days of the year before: a notice settles the New Year too, and those for 2007, 2008, 2012 and
2019 changed which of these days were worked.
"""

from __future__ import annotations

from datetime import date
from functools import cache

from ..calendar import Calendar

_NAMES = {
    "New Year's Day": "new_year",
    "Spring Festival": "spring_festival",
    "Tomb-sweeping Day": "tomb_sweeping",
    "Labour Day": "labour_day",
    "Dragon Boat Festival": "dragon_boat",
    "Mid-autumn Festival": "mid_autumn",
    "National Day": "national_day",
}
"""What the package calls a holiday, and what a procedure does."""


@cache
def china() -> Calendar:
    """The calendar ``CN``, for all years whose notice the installed data carry."""
    from chinese_calendar.constants import holidays, workdays

    years = {day.year for day in holidays}
    unsettled = [date(year, 12, day) for year in years if year + 1 not in years for day in (29, 30, 31)]
    named = {day: _NAMES[name] for day, name in holidays.items() if name in _NAMES}
    return Calendar("CN", holidays, workdays, years, unsettled, named)
