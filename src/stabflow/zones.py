"""Time zones by name, those of places and nothing that differs from machine to machine; and when a day ends in one."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from .errors import InvalidInput
from .values import clean_text

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*\Z")
_NOT_A_PLACE = frozenset({"localtime", "posixrules", "Factory", "posix", "right"})
"""Entries of a time zone database that differ from machine to machine or count leap seconds."""


def zone(name: str) -> ZoneInfo:
    """The time zone called ``name``, or `InvalidInput` with names that come close."""
    clean = clean_text(name, "timezone", max_length=100)
    if _ZONE.match(clean) and clean.split("/")[0] not in _NOT_A_PLACE:
        try:
            return ZoneInfo(clean)
        except (KeyError, ValueError, OSError):
            pass
    raise InvalidInput.at("timezone", f"{clean!r} is not a time zone", _zone_advice(clean))


def _zone_advice(name: str) -> str:
    known = {each.lower(): each for each in available_timezones() - _NOT_A_PLACE}
    if not known:
        return "this machine has no time zone database: install the package tzdata"
    if "beijing" in name.lower():
        return 'did you mean "Asia/Shanghai"?'
    near = get_close_matches(name.lower(), known, n=3, cutoff=0.75)
    places = " or ".join(f'"{known[each]}"' for each in near)
    return f"did you mean {places}?" if near else 'give a name such as "Asia/Shanghai"'


_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@lru_cache(maxsize=4096)
def end_of(day: date, zone: tzinfo) -> datetime:
    """24:00 of ``day``: the instant from which on no clock in ``zone`` shows this day or an earlier one."""
    midnight = datetime.combine(day + _DAY, time(), tzinfo=zone)
    # Where the clocks change at midnight it comes twice or never. The later reading counts if ``day`` lasts until then:
    # it was left out, or the clocks went back into ``day``; else they went back within the next day.
    early, late = sorted(midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if early == late or (late - _INSTANT).astimezone(zone).date() <= day:
        return late
    return early
