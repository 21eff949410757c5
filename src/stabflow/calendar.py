"""When something is due: durations, working days, and the derivation that goes into the record.

Nothing here reads a clock or a file. Which days are working days is data, a `Calendar`, passed in; a due time is
computed once and recorded with everything its explanation needs, so that replay never asks a calendar again.
"""

from __future__ import annotations

import calendar as months_of
import enum
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import MAXYEAR, date, datetime, timedelta, tzinfo
from difflib import get_close_matches
from functools import cached_property, lru_cache
from types import MappingProxyType

import attrs

from .canonical import encode, sha256
from .errors import Fault, InvalidInput
from .making import maker
from .text import Text, joined, listing, same, say
from .values import clean_id, clean_text, utc
from .zones import end_of

MAX_AMOUNT = 10_000

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
SATURDAY = 5
UNTIL = "until "
_ADVICE = 'write a whole number and hours, days, working days or months, such as "10 working days"'
_DURATION = re.compile(r"([1-9][0-9]*) (hours|days|working days|months)\Z")
_SINGLE = re.compile(r"1 (hour|day|working day|month)\Z")
_LOOSE = re.compile(r"\s*([0-9]+)[\s_-]*(\D.*?)\s*\Z", re.DOTALL)
_CLOCK_CHANGE = 3
"""Hours by which changes of the clocks can lengthen or shorten a span of days."""


class Unit(enum.Enum):
    """What a duration is counted in."""

    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working days"
    MONTHS = "months"


_TITLES = {Unit.HOURS: "小时", Unit.DAYS: "日", Unit.WORKING_DAYS: "个工作日", Unit.MONTHS: "个月"}

_MEANT = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "小时", "个小时"), (1, Unit.HOURS)),
    **dict.fromkeys(("d", "day", "days", "calendar days", "natural days", "天", "日", "自然日"), (1, Unit.DAYS)),
    **dict.fromkeys(("week", "weeks", "周"), (7, Unit.DAYS)),
    **dict.fromkeys(("wd", "workday", "workdays", "work days", "working day", "working days"), (1, Unit.WORKING_DAYS)),
    **dict.fromkeys(("workingdays", "business days", "weekdays", "工作日", "个工作日"), (1, Unit.WORKING_DAYS)),
    **dict.fromkeys(("month", "months", "calendar months", "月", "个月"), (1, Unit.MONTHS)),
    **dict.fromkeys(("year", "years", "年"), (12, Unit.MONTHS)),
}
"""What people write for a unit, and what they mean: how many of which unit."""


@attrs.frozen
class Duration:
    """So many hours, days, working days or months; its text is always in the plural: ``1 days``."""

    amount: int = attrs.field()
    unit: Unit = attrs.field(validator=attrs.validators.instance_of(Unit))

    @amount.validator
    def _check_amount(self, _attribute: object, value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_AMOUNT:
            raise InvalidInput.at("duration", f"an amount of {value!r}", f"give a whole number from 1 to {MAX_AMOUNT}")

    @classmethod
    def parse(cls, text: object, path: str = "duration") -> Duration:
        """The duration that ``text`` says, or `InvalidInput` naming ``path`` with what was probably meant."""
        if not isinstance(text, str):
            raise InvalidInput.at(path, f"{text!r:.60} is not a duration", _ADVICE)
        clean = clean_text(text, path, max_length=60)
        if _SINGLE.match(clean):
            clean += "s"
        found = _DURATION.match(clean)
        if found is None:
            raise InvalidInput.at(path, f'"{clean}" is not a duration', _meant(clean))
        amount = int(found[1])
        if amount > MAX_AMOUNT:
            raise InvalidInput.at(path, f'"{clean}" is too long', f"at most {MAX_AMOUNT} {found[2]} are possible")
        return cls(amount, Unit(found[2]))

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        return f"{self.amount} {self.unit.value}"

    def title(self) -> Text:
        """The duration as people say it."""
        en = str(self) if self.amount > 1 else str(self)[:-1]
        return Text(en, f"{self.amount}{_TITLES[self.unit]}")

    def surely_longer_than(self, other: Duration) -> bool:
        """Whether this ends after ``other`` whenever both begin, by whatever calendar.

        Cautious: a working day is at least a day and has no upper bound, a month is 28 to 31 days. Days end at 24:00,
        so that against hours they count as up to one more, give or take a change of the clocks.
        """
        if self.unit is other.unit:
            return self.amount > other.amount
        if other.unit is Unit.WORKING_DAYS:
            return False
        if self.unit is Unit.HOURS:
            return self.amount > (other._most_days() + 1) * 24 + _CLOCK_CHANGE
        if other.unit is Unit.HOURS:
            return self._least_days() * 24 - _CLOCK_CHANGE > other.amount
        return self._least_days() > other._most_days()

    def _least_days(self) -> int:
        return self.amount * 28 if self.unit is Unit.MONTHS else self.amount

    def _most_days(self) -> int:
        return self.amount * 31 if self.unit is Unit.MONTHS else self.amount


_SPANS = (
    (timedelta(days=1), "day", "天"),
    (timedelta(hours=1), "hour", "小时"),
    (timedelta(minutes=1), "minute", "分钟"),
    (timedelta(seconds=1), "second", "秒"),
)


def span_title(span: timedelta) -> Text:
    """A length of time as people say it, to the second: "1 day", "2 days and 30 minutes"."""
    parts, left = [], abs(span)
    for size, en, zh in _SPANS:
        count, left = divmod(left, size)
        if count:
            parts.append(Text(f"{count} {en}{'' if count == 1 else 's'}", f"{count}{zh}"))
    text = joined(parts, Text(" and ", "")) if parts else Text("less than a second", "不足1秒")
    return say("minus {text}", "负{text}", text=text) if span < timedelta() else text


def _meant(text: str) -> str:
    """What the author of ``text`` probably meant, as advice."""
    found = _LOOSE.match(text)
    if found is None:
        return _ADVICE
    amount, unit = int(found[1]), " ".join(re.split(r"[\s_-]+", found[2].lower()))
    near = [unit] if unit in _MEANT else get_close_matches(unit, _MEANT, n=1, cutoff=0.75)
    if not near:
        return _ADVICE
    times, meant = _MEANT[near[0]]
    if not 1 <= amount * times <= MAX_AMOUNT:
        return f"give a whole number from 1 to {MAX_AMOUNT}"
    return f'did you mean "{amount * times} {meant.value}"?'


def _calendar_id(text: str) -> str:
    return clean_id(text, "calendar.id")


def _dates(days: Iterable[date]) -> frozenset[date]:
    given: tuple[object, ...] = tuple(days)
    wrong = [day for day in given if isinstance(day, datetime) or not isinstance(day, date)]
    if wrong:
        raise InvalidInput(
            Fault("calendar", f"{day!r:.60} is not a date", "give a day, without a time") for day in wrong
        )
    return frozenset(day for day in given if isinstance(day, date))


def _years(years: Iterable[int]) -> frozenset[int]:
    given: tuple[object, ...] = tuple(years)
    wrong = [year for year in given if isinstance(year, bool) or not isinstance(year, int) or not 1 <= year <= MAXYEAR]
    if wrong:
        raise InvalidInput(Fault("calendar.years", f"{year!r:.60} is not a year", "such as 2026") for year in wrong)
    return frozenset(year for year in given if isinstance(year, int))


def _named(names: Mapping[date, str]) -> Mapping[date, str]:
    days = _dates(names)
    return MappingProxyType({day: clean_text(names[day], "calendar.names", max_length=60) for day in sorted(days)})


@attrs.frozen
class Calendar:
    """Which days are worked: Monday to Friday except ``holidays``, and ``workdays``, weekend days worked in exchange.

    ``years`` are those with an official notice. In any other year, and where it counts past one of the ``unsettled`` days,
    which a notice still to come may change, a due time in working days is estimated. ``names`` tell which holiday a day belongs
    to, by the words of `every`; no due time hangs on them. Two calendars are equal when their digests are.
    """

    id: str = attrs.field(converter=_calendar_id, eq=False)
    holidays: frozenset[date] = attrs.field(default=frozenset(), converter=_dates, eq=False, repr=False)
    workdays: frozenset[date] = attrs.field(default=frozenset(), converter=_dates, eq=False, repr=False)
    years: frozenset[int] = attrs.field(default=frozenset(), converter=_years, eq=False, repr=False)
    unsettled: frozenset[date] = attrs.field(default=frozenset(), converter=_dates, eq=False, repr=False)
    names: Mapping[date, str] = attrs.field(factory=dict, converter=_named, eq=False, repr=False)
    digest: str = attrs.field(init=False)

    @digest.default
    def _digest(self) -> str:
        form = {
            "format": 1,
            "id": self.id,
            "holidays": [day.isoformat() for day in sorted(self.holidays)],
            "workdays": [day.isoformat() for day in sorted(self.workdays)],
            "years": sorted(self.years),
        }
        if self.unsettled:
            form["unsettled"] = [day.isoformat() for day in sorted(self.unsettled)]
        return sha256(encode(form))

    def __attrs_post_init__(self) -> None:
        both = sorted(self.holidays & self.workdays)
        if both:
            faults = [Fault(day.isoformat(), "is both a holiday and a workday", "strike it from one") for day in both]
            raise InvalidInput(faults, what=f"calendar {self.id}")

    def is_working(self, day: date) -> bool:
        """Whether ``day`` is worked, as far as this calendar knows."""
        return day in self.workdays or (day.weekday() < SATURDAY and day not in self.holidays)


WEEKENDS = Calendar("weekends")
"""Knows Saturdays and Sundays only: every due time in working days that comes from it is estimated."""


@attrs.frozen
class Stop:
    """A span of time during which the clock of a limit stood."""

    since: datetime
    until: datetime


@attrs.frozen(weakref_slot=False)
class DueTime:
    """A due time as it is recorded: when, from what limit and start, and how the days were counted.

    ``limit`` is the text of a duration, or ``until`` and a date. ``weekend_days`` were skipped, ``holidays`` too
    (those that fall on a weekday); ``workdays`` are the weekend days that counted, being worked in exchange.
    ``calendar`` is the digest of the calendar that was read, empty when none was needed. ``stops`` are the spans, in order,
    during which the clock stood.
    """

    at: datetime
    limit: str
    start: datetime
    weekend_days: int = 0
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()
    estimated: bool = False
    calendar: str = ""
    stops: tuple[Stop, ...] = ()

    def derivation(self, zone: tzinfo) -> Text:
        """How the due time came about, in the words of a reader whose clock shows ``zone``."""
        if self.limit.startswith(UNTIL):
            end = say("due by {end} ({zone})", "截止{end}（{zone}）", end=end_text(self.at, zone), zone=zone)
            return _sentence([*self._stood(zone), end])
        limit = Duration.parse(self.limit)
        if limit.unit is Unit.HOURS:
            begun, last = _moment_text(self.start, zone), _moment_text(self.at, zone)
            hours = say(
                "{limit} from {begun}, to {end} ({zone})",
                "自{begun}起{limit}，至{end}止（{zone}）",
                limit=limit.title(),
                begun=begun,
                end=last,
                zone=zone,
            )
            return _sentence([*self._stood(zone), hours])
        begun = _day_text(first_day(self.start, stood_days(self.stops, zone), zone))
        parts = [
            say(
                "{limit} counted from the day after {day}", "{limit}，自{day}的次日起算", limit=limit.title(), day=begun
            )
        ]
        if limit.unit is Unit.WORKING_DAYS:
            parts.append(_skipped(self.weekend_days, self.holidays))
        if self.workdays:
            days = _days_text(self.workdays)
            parts.append(say("make-up workdays counted: {days}", "调休上班日计入：{days}", days=days))
        parts += self._stood(zone)
        parts.append(say("ends at {end} ({zone})", "至{end}止（{zone}）", end=end_text(self.at, zone), zone=zone))
        if self.estimated:
            parts.append(_ESTIMATED)
        return _sentence(parts)

    def _stood(self, zone: tzinfo) -> list[Text]:
        spans = [
            say("from {a} to {b}", "{a}至{b}", a=_moment_text(one.since, zone), b=_moment_text(one.until, zone))
            for one in self.stops
        ]
        return [say("the clock stood {spans}", "计时中止：{spans}", spans=listing(spans))] if spans else []


def _sentence(parts: Sequence[Text]) -> Text:
    return joined(parts, Text("; ", "；"))


_ESTIMATED = Text(
    "estimated: an official notice of holidays for days it touches is still to come",
    "暂估：所涉日期的放假安排尚未全部正式公布",
)


def _skipped(weekend_days: int, holidays: tuple[date, ...]) -> Text:
    parts = []
    if weekend_days:
        many = "" if weekend_days == 1 else "s"
        parts.append(Text(f"{weekend_days} weekend day{many}", f"周末{weekend_days}天"))
    if holidays:
        many = "" if len(holidays) == 1 else "s"
        days = _days_text(holidays)
        parts.append(say("holiday{many} {days}", "节假日{days}", many=many, days=days))
    if not parts:
        return Text("no day skipped", "无跳过的日子")
    return say("skipped: {parts}", "跳过：{parts}", parts=listing(parts))


def _day_text(day: date) -> Text:
    return Text(day.isoformat(), f"{day.year}年{day.month}月{day.day}日")


def _days_text(days: tuple[date, ...]) -> Text:
    """Days in order, those that follow one another as a range."""
    ranges: list[list[date]] = []
    for day in days:
        if ranges and day - ranges[-1][-1] == _DAY:
            ranges[-1][1:] = [day]
        else:
            ranges.append([day])
    texts = []
    for span in ranges:
        first, last = _day_text(span[0]), _day_text(span[-1])
        texts.append(first if len(span) == 1 else say("{first} to {last}", "{first}至{last}", first=first, last=last))
    return listing(texts)


def _moment_text(moment: datetime, zone: tzinfo) -> Text:
    local = moment.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if local.second or local.microsecond else f"{local:%H:%M}"
    return say("{day} {clock}", "{day}{clock}", day=_day_text(local.date()), clock=same(clock))


def end_text(at: datetime, zone: tzinfo) -> Text:
    """``at`` as the end of a day where it is one in ``zone``, else with its time."""
    last = day_ended(at, zone)
    if last is None:
        return _moment_text(at, zone)
    return say("24:00 of {day}", "{day}24时", day=_day_text(last))


def day_ended(at: datetime, zone: tzinfo) -> date | None:
    """The day of which ``at`` is the end in ``zone``; ``None`` where it is the end of none."""
    last = (at - _INSTANT).astimezone(zone).date()
    return last if end_of(last, zone) == at else None


@attrs.frozen
class Count:
    """Working days counted: the last of them, and what was skipped or worked in exchange on the way."""

    last: date
    weekend_days: int
    holidays: tuple[date, ...]
    workdays: tuple[date, ...]
    estimated: bool


@lru_cache(maxsize=4096)
def working_days(begun: date, amount: int, calendar: Calendar, stood: Collection[date] = frozenset()) -> Count:
    """``amount`` working days, counted from the day after ``begun``, without the days ``stood``."""
    day, left, weekend_days = begun, amount, 0
    holidays, workdays = [], []
    while left:
        day += _DAY
        if day in stood:
            continue
        weekend = day.weekday() >= SATURDAY
        if calendar.is_working(day):
            left -= 1
            if weekend:
                workdays.append(day)
        elif weekend:
            weekend_days += 1
        else:
            holidays.append(day)
    touched = range((begun + _DAY).year, day.year + 1)
    estimated = not calendar.years.issuperset(touched) or any(begun < one <= day for one in calendar.unsettled)
    return Count(day, weekend_days, tuple(holidays), tuple(workdays), estimated)


def _months_later(day: date, amount: int) -> date:
    """The same day number ``amount`` months later, or the last of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + amount, 12)
    if not 1 <= year <= MAXYEAR:
        raise OverflowError
    return date(year, month + 1, min(day.day, months_of.monthrange(year, month + 1)[1]))


def months_before(day: date, amount: int) -> date:
    """The same day number ``amount`` months earlier, or the last of that month where it has no such day."""
    return _months_later(day, -amount)


def stood_days(stops: Iterable[Stop], zone: tzinfo) -> frozenset[date]:
    """The days that ended while the clock stood."""
    found = set[date]()
    for one in stops:
        day, end = one.since.astimezone(zone).date(), one.until.astimezone(zone).date()
        while day < end:
            found.add(day)
            day += _DAY
    return frozenset(found)


def first_day(start: datetime, stood: Collection[date], zone: tzinfo) -> date:
    """The day from which days are counted: that of ``start``, or, if the clock stood at its end, the one on which it ran on."""
    day = start.astimezone(zone).date()
    while day in stood:
        day += _DAY
    return day


def _moved_on(last: date, stood: Iterable[date]) -> date:
    """``last``, a day later for each day up to it that ended while the clock stood."""
    for day in sorted(stood):
        if day <= last:
            last += _DAY
    return last


_NONE: frozenset[date] = frozenset()
_due_time = maker(DueTime)


def due_time(start: datetime, limit: Duration, zone: tzinfo, calendar: Calendar, stops: Sequence[Stop] = ()) -> DueTime:
    """When ``limit`` is over, if it began at ``start`` and its clock stood during ``stops``, which are in order.

    Hours are elapsed hours. Days count from the day after ``start`` and end at 24:00 in ``zone``; working days by
    ``calendar``; months end on the same day number, or the month's last day. Hours during which the clock stood do not count,
    nor does a day that ended while it stood; if that was the day of ``start``, days count from the one on which it ran on.
    """
    count = None
    try:
        begun = utc(start, "start")
        if limit.unit is Unit.HOURS:
            at = begun + timedelta(hours=limit.amount)
            for one in stops:
                if one.since < at:
                    at += one.until - one.since
            return DueTime(at, str(limit), begun, stops=tuple(stops))
        stood = stood_days(stops, zone) if stops else _NONE
        local = first_day(begun, stood, zone)
        if stood:
            stood = frozenset(day for day in stood if day > local)
        if limit.unit is Unit.WORKING_DAYS:
            count = working_days(local, limit.amount, calendar, stood)
            last = count.last
        elif limit.unit is Unit.DAYS:
            last = _moved_on(local + timedelta(days=limit.amount), stood)
        else:
            last = _moved_on(_months_later(local, limit.amount), stood)
        at = end_of(last, zone)
    except OverflowError:
        raise _beyond("limit", f"{limit} from {start.isoformat()}") from None
    if count is None:
        return _due_time(at, str(limit), begun, 0, (), (), False, "", tuple(stops))
    return _due_time(
        at,
        str(limit),
        begun,
        count.weekend_days,
        count.holidays,
        count.workdays,
        count.estimated,
        calendar.digest,
        tuple(stops),
    )


def due_on(day: date, start: datetime, zone: tzinfo, stops: Sequence[Stop] = ()) -> DueTime:
    """The end of a named ``day``, a day later for each that ended while the clock stood; it may lie before ``start``, and then is
    overdue at once."""
    try:
        last = _moved_on(day, stood_days(stops, zone))
        return DueTime(end_of(last, zone), f"{UNTIL}{day.isoformat()}", utc(start, "start"), stops=tuple(stops))
    except OverflowError:
        raise _beyond("day", f"the end of {day.isoformat()}") from None


def _beyond(path: str, what: str) -> InvalidInput:
    return InvalidInput.at(path, f"{what} is outside the years 1 to {MAXYEAR}", "choose another time")
