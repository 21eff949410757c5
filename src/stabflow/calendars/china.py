"""The working days of mainland China: statutory holidays and the weekend days worked to make up for them.

The data are those of the package chinesecalendar, which follows the yearly notices of the General Office of the State
Council (国务院办公厅). A year it does not carry has no official notice yet: due times in it are estimated.
"""

from __future__ import annotations

from functools import cache

from ..calendar import Calendar


@cache
def china() -> Calendar:
    """The calendar ``CN``, for all years whose notice the installed data carry."""
    from chinese_calendar.constants import holidays, workdays

    years = {day.year for day in holidays}
    return Calendar("CN", holidays, workdays, years)
