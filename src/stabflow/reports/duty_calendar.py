"""What is owed as a calendar (RFC 5545), for programs that show days: one entry for each duty.

It tells what is owed by which role. Who holds the role stands in it by opaque id, as in the index; nothing is counted or grouped
by person.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from ..calendar import day_ended, end_text
from ..engine import Engine
from ..errors import InvalidInput
from ..history.codec import moment_from
from ..ports.store import DutyRow
from ..text import LANGUAGES, Language, Text, listing, say
from ..values import utc
from .duty_words import STANDS, DutyWords, holder

if TYPE_CHECKING:
    from icalendar import Event, Todo

_NAME = Text("Duties", "待履行职责")
_VACANT = Text("vacant", "空缺")
_OPEN = Text("open-ended", "不设期限")


def duty_calendar(
    engine: Engine,
    rows: Iterable[DutyRow],
    *,
    now: datetime,
    language: Language | None = None,
    domain: str = "stabflow",
) -> bytes:
    """The duties ``rows``, as `Engine.duties` gives them, as a calendar written at ``now``; in one ``language``, or in both.

    A duty that falls due at the end of a day is an event of that day, another one of its moment; what has no limit is a to-do
    without a day. An estimated due time is tentative. The uid of an entry is ``duty.case@domain`` as long as the duty is owed
    (``duty+n.case@domain`` for its n-th escalation), so that a reader who fetches the calendar again finds it moved, not doubled;
    who merges the calendars of several stores gives each a ``domain``. `InvalidInput` where the package icalendar is not
    installed.
    """
    try:
        from icalendar import Calendar
    except ModuleNotFoundError as error:
        cure = "install it with the extra: pip install 'stabflow[ics]'"
        raise InvalidInput.at("ics", "a calendar takes the package icalendar, which is not installed", cure) from error
    if language is not None and language not in LANGUAGES:
        raise InvalidInput.at("language", f"{language!r:.60} is not known", f"write one of {', '.join(LANGUAGES)}")
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//stabflow//duties//EN")
    calendar.add("x-wr-calname", _told(_NAME, language))
    words, stamp = DutyWords(engine), utc(now, "now").replace(microsecond=0)
    duties: dict[tuple[str, str, int], list[DutyRow]] = {}
    for row in rows:
        duties.setdefault((row.case_id, row.duty, row.level), []).append(row)
    for (case_id, duty, level), several in duties.items():
        entry = _entry(words, several, language)
        entry.add("uid", f"{duty}+{level}.{case_id}@{domain}" if level else f"{duty}.{case_id}@{domain}")
        entry.add("dtstamp", stamp)
        calendar.add_component(entry)
    return bytes(calendar.to_ical())


def _entry(words: DutyWords, rows: list[DutyRow], language: Language | None) -> Event | Todo:
    """One duty, which ``rows`` give for each who owes it."""
    from icalendar import Event, Todo

    first = rows[0]
    zone = words.procedure(first).zone
    roles = listing(list(dict.fromkeys(words.role(row) for row in rows)))
    holders = [holder(row) for row in rows if row.actor]
    due = STANDS if words.stands(first) else _OPEN
    entry: Event | Todo
    if first.due_at:
        entry, moment = Event(), moment_from(first.due_at)
        day, due = day_ended(moment, zone), end_text(moment, zone)
        entry.add("dtstart", moment if day is None else day)
        entry.add("transp", "TRANSPARENT")
        entry.add("status", "TENTATIVE" if first.estimated else "CONFIRMED")
        if first.estimated:
            due = say("{due} (estimated)", "{due}（暂估）", due=due)
        if first.breached:
            due = say("{due}, late, on record", "{due}，已逾期（已记录）", due=due)
    else:
        entry = Todo()
    summary = say(
        "{what} — {roles} · {case}", "{what}——{roles} · {case}", what=words.what(first), roles=roles, case=first.case_id
    )
    description = say(
        "case: {case}\ndue: {due}\nowed by: {roles}: {holders}",
        "案件：{case}\n期限：{due}\n责任人：{roles}：{holders}",
        case=first.case_id,
        due=due,
        roles=roles,
        holders=listing(holders, none=_VACANT),
    )
    parameters: dict[str, str] = {} if language is None else {"LANGUAGE": language}
    entry.add("summary", _told(summary, language), parameters=parameters)
    entry.add("description", _told(description, language, joint="\n\n"), parameters=parameters)
    entry.add("categories", [first.procedure])
    return entry


def _told(text: Text, language: Language | None, joint: str = " / ") -> str:
    return f"{text.en}{joint}{text.zh}" if language is None else text.get(language)
