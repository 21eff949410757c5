"""What recurs at a holiday of which the calendar does not say when it is. No day is guessed: that is told once, kept on record
with the ticks, and made up for as soon as a calendar knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import attrs

from ..calendar import Calendar
from ..decision.events import Awaited
from ..decision.recurrence import is_known, unknown_holidays
from ..language import Procedure, Recurrence
from ..language.lifecycle import HOLIDAY_TITLES
from ..text import Language, Text, listing, same, say
from .recurring import in_force
from .shell import Shell

_ANY = Text("the holidays of", "各法定节假日")


@attrs.frozen(kw_only=True)
class UnknownHolidays:
    """That a row of a procedure calls for something at ``holidays`` of ``year``, and the calendar does not say when they are.
    ``kind`` is that of the item, "" where it is a case; ``noticed``: the calendar has an official notice for the year."""

    procedure: str
    row: Text
    kind: str
    trigger: str
    holidays: tuple[Recurrence, ...]
    year: int
    calendar: str
    noticed: bool

    @property
    def text(self) -> Text:
        """What is not known, and what it is wanted for."""
        if not self.noticed:
            why = Text("it has no official notice for that year", "尚无该年放假安排")
        elif Recurrence.HOLIDAY in self.holidays:
            why = Text("it has no holidays in that year", "该年无节假日")
        else:
            why = Text("no day of that year bears the name there", "该年未标明节日名称")
        return say(
            "{procedure}: “{row}” is called for at {holidays} {year}; the calendar {calendar} does not say when that is: {why}",
            "{procedure}：“{row}”应于{year}年{holidays}办理，而工作日历{calendar}{why}，日期无从确定",
            procedure=self.procedure,
            row=self.row,
            holidays=listing([HOLIDAY_TITLES.get(one, _ANY) for one in self.holidays]),
            year=self.year,
            calendar=self.calendar,
            why=why,
        )

    @property
    def cure(self) -> Text:
        """What to do so that it is known."""
        named = [one.value for one in self.holidays if one is not Recurrence.HOLIDAY]
        wanted = [same(f"names.{name} = […]") for name in named]
        if len(named) < len(self.holidays):
            wanted += [same("holidays = […]"), same(f"years = [{self.year}]")]
        return say(
            "update the calendar, or give an office calendar file with {wanted}; what was missed is made up for at the next tick",
            "请更新工作日历，或提供写明{wanted}的单位工作日历文件；遗漏的在下次计时补建",
            wanted=listing(wanted),
        )

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """It as plain JSON values, its sentences in ``language``."""
        return {
            "procedure": self.procedure,
            "kind": self.kind or None,
            "trigger": self.trigger,
            "holidays": [one.value for one in self.holidays],
            "year": self.year,
            "calendar": self.calendar,
            "text": self.text.get(language),
            "cure": self.cure.get(language),
        }


def unserved(
    shell: Shell, procedure: Procedure, since: datetime | None, until: datetime, before: Sequence[Awaited]
) -> Iterator[Awaited]:
    """What the procedure calls for ``until`` then and cannot have for want of a calendar: of what it could not have ``before``,
    what is not known still, for a year after its own; and what has come up after ``since``."""
    waiting = {_key(one): one for one in before if not is_served(one, shell.calendar) and one.year >= until.year - 1}
    yield from waiting.values()
    began = in_force(procedure, shell.offices.current())
    if began is None:
        return
    after = max(began, since or began)
    for kind, cycle in procedure.lifecycles():
        for row in cycle.creating():
            for holiday, year in unknown_holidays(procedure, row, after=after, until=until, calendar=shell.calendar):
                one = Awaited(
                    procedure=procedure.id,
                    trigger=row.trigger,
                    holiday=holiday.value,
                    year=year,
                    since=after,
                    kind=kind or "",
                )
                if _key(one) not in waiting:
                    yield one


def is_served(one: Awaited, calendar: Calendar) -> bool:
    """Whether the calendar says when it is."""
    return is_known(Recurrence(one.holiday), one.year, calendar)


def news(now: Sequence[Awaited], before: Sequence[Awaited]) -> Iterator[Awaited]:
    """What is awaited now, and was not before."""
    told = {_key(one) for one in before}
    return (one for one in now if _key(one) not in told)


def in_words(shell: Shell, procedure: Procedure, waiting: Iterable[Awaited]) -> Iterator[UnknownHolidays]:
    """What is awaited under a procedure, as people are told: once for each row and year."""
    rows: dict[tuple[str, str, int], list[Recurrence]] = {}
    for one in waiting:
        rows.setdefault((one.kind, one.trigger, one.year), []).append(Recurrence(one.holiday))
    for (kind, trigger, year), holidays in rows.items():
        yield UnknownHolidays(
            procedure=str(procedure),
            row=_row(procedure, kind, trigger),
            kind=kind,
            trigger=trigger,
            holidays=tuple(holidays),
            year=year,
            calendar=shell.calendar.id,
            noticed=year in shell.calendar.years,
        )


def _row(procedure: Procedure, kind: str, trigger: str) -> Text:
    row = procedure.trigger_title(trigger, kind or None)
    return say("{kind}: {row}", "{kind}：{row}", kind=procedure.kind_title(kind), row=row) if kind else row


def _key(one: Awaited) -> tuple[str, str, str, str, int]:
    return one.procedure, one.kind, one.trigger, one.holiday, one.year
