"""What an operator should know about a store and a calendar before something goes wrong: each check says what it found.

Nothing is changed, and of chains only those of cases with a snapshot are followed; `Engine.verify` follows all. A check is data:
who has one more adds it to `CHECKS`.
"""

from __future__ import annotations

import itertools
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import available_timezones

from ..calendar import span_title
from ..case import Case
from ..decision.evolution import replay
from ..errors import StoreError
from ..history.codec import moment_from
from ..history.snapshots import is_ours, is_true
from ..ports.store import Capability, Snapshot
from ..text import Text, listing, same, say
from ..values import moment_text
from . import streams
from .awaiting import UnknownHolidays, in_words, unserved
from .diagnosis import HEALTH_TITLES, Check, Diagnosis, Health, Patient
from .doctor_notices import notices
from .recurring import in_use, recurring
from .shell import CLAMP_TOLERANCE, Shell
from .ticker import last_tick

__all__ = ["CHECKS", "HEALTH_TITLES", "Check", "Diagnosis", "Health", "diagnose", "environment", "title_of", "unusable"]

PACKAGES = ("apsw", "attrs", "chinesecalendar", "holidays", "transitions")
NOTICES_COME = 11
"""The month from which on the notice of holidays for the next year may be missed: until then it is not out."""


TICKS_APART = timedelta(days=1)
"""So long without a tick is worth a word."""


def environment(of: str) -> Iterator[Diagnosis]:
    """What shows without any store: versions (``of`` is that of stabflow), and whether there is a time zone database."""
    found: dict[str, object] = {"stabflow": of, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    told = [same(f"{name} {one}") for name, one in found.items() if one is not None]
    yield Diagnosis(check="versions", health=Health.FINE, text=listing(told), facts=found)
    zones = len(available_timezones())
    if zones:
        text = say("the time zone database has {n} zones", "时区数据库共{n}个时区", n=zones)
        yield Diagnosis(check="timezones", health=Health.FINE, text=text, facts={"zones": zones})
    else:
        yield Diagnosis(
            check="timezones",
            health=Health.FAILED,
            text=Text("there is no time zone database", "没有时区数据库"),
            cure=Text("install the package tzdata", "请安装tzdata"),
            facts={"zones": 0},
        )


def unusable(check: str, problem: object) -> Diagnosis:
    """What could not be looked at, for a ``problem`` of the storage or of the surroundings."""
    return Diagnosis(check=check, health=Health.FAILED, text=same(problem), facts={"error": type(problem).__name__})


def diagnose(shell: Shell, checks: Iterable[Check] | None = None) -> Iterator[Diagnosis]:
    """What each of ``checks`` (by default `CHECKS`) finds, in order; one that the store fails says so, and the others go on."""
    patient = Patient(shell)
    for check in CHECKS if checks is None else checks:
        try:
            yield from tuple(check.run(patient))
        except StoreError as error:
            yield unusable(check.name, error)


# The checks


def _store(patient: Patient) -> Iterator[Diagnosis]:
    store = patient.shell.store
    about = dict(store.about())
    said = [same(f"{name} {one}") for name, one in about.items()]
    facts = {**about, "capabilities": sorted(one.value for one in store.capabilities)}
    if Capability.DURABLE in store.capabilities:
        text = say("opens, and is durable: {said}", "可打开，写入即持久：{said}", said=listing(said, none=same("-")))
        yield Diagnosis(check="store", health=Health.FINE, text=text, facts=facts)
    else:
        yield Diagnosis(
            check="store",
            health=Health.ATTEND,
            text=Text(
                "opens, and is not durable: what was acknowledged may be lost when the power fails",
                "可打开，但不持久：断电时已确认的记录可能丢失",
            ),
            cure=Text("use a durable store, such as sqlite:///cases.db", "请使用持久的存储，例如sqlite:///cases.db"),
            facts=facts,
        )


def _observed(patient: Patient) -> Iterator[Diagnosis]:
    """What the store sees of itself."""
    for one in patient.shell.store.observe():
        health = Health.FINE if one.cure is None else Health.ATTEND
        yield Diagnosis(
            check=one.name, health=health, text=one.text, title=one.title, cure=one.cure, facts=dict(one.facts)
        )


def _calendar(patient: Patient) -> Iterator[Diagnosis]:
    calendar, year = patient.shell.calendar, patient.now.year
    facts = {
        "id": calendar.id,
        "digest": calendar.digest,
        "years": sorted(calendar.years),
        "this_year": year in calendar.years,
        "next_year": year + 1 in calendar.years,
    }
    known = _spans(sorted(calendar.years))
    missing = [one for one in (year, year + 1) if one not in calendar.years]
    if not missing:
        text = say(
            "{id}: official notices for {years}", "{id}：已有正式放假安排的年份：{years}", id=calendar.id, years=known
        )
        yield Diagnosis(check="calendar", health=Health.FINE, text=text, facts=facts)
        return
    text = say(
        "{id}: official notices for {years}; none for {missing}: due times there are estimated",
        "{id}：已有正式放假安排的年份：{years}；{missing}年尚无，相关期限为暂估",
        id=calendar.id,
        years=known,
        missing=listing([same(one) for one in missing]),
    )
    cure = Text(
        "when the notice is out, update the calendar (chinesecalendar, holidays, or your file) and run stabflow recalendar",
        "通知发布后，请更新工作日历（chinesecalendar、holidays或自备文件），并运行stabflow recalendar",
    )
    is_late = year in missing or patient.now.month >= NOTICES_COME
    yield Diagnosis(
        check="calendar", health=Health.ATTEND if is_late else Health.FINE, text=text, cure=cure, facts=facts
    )


def _spans(years: Sequence[int]) -> Text:
    """Years, those that follow one another as a range."""
    spans: list[list[int]] = []
    for year in years:
        if spans and year == spans[-1][-1] + 1:
            spans[-1][1:] = [year]
        else:
            spans.append([year])
    return listing([same("–".join(map(str, span))) for span in spans], none=Text("no year", "无"))


def _due_times(patient: Patient) -> Iterator[Diagnosis]:
    estimated = len({(row.case_id, row.duty) for row in patient.duties if row.estimated})
    moves = sum(len(one.event.recounted) for one in patient.recounted if one.event is not None)
    kept = sum(len(one.kept) for one in patient.recounted)
    facts = {"estimated": estimated, "to_recount": moves, "kept": kept}
    text = say("due times that are estimated: {n}", "暂估的期限：{n}个", n=estimated)
    if moves:
        text = say(
            "{text}; to be counted anew, being by another calendar or now settled: {n}",
            "{text}；按其他工作日历计算或现可确定、应重新计算的：{n}个",
            text=text,
            n=moves,
        )
    yield Diagnosis(
        check="due_times",
        health=Health.ATTEND if moves else Health.FINE,
        text=text,
        cure=Text("run stabflow recalendar", "请运行stabflow recalendar") if moves else None,
        facts=facts,
    )


def _procedures(patient: Patient) -> Iterator[Diagnosis]:
    under = Counter((row.procedure, row.procedure_version, row.digest) for row in patient.cases)
    for id_, version_, digest in under:
        patient.shell.registry.of_case(id_, version_, digest)  # `Corrupt` where the store does not keep it
    unproved = sorted(case.id for _, case in patient.owing if case.unproved)
    said = [
        say("{name}, cases: {n}", "{name}（{n}项案件）", name=f"{id_}@{version_}", n=count)
        for (id_, version_, _), count in sorted(under.items())
    ]
    text = say("procedures in use: {said}", "使用中的程序：{said}", said=listing(said, none=Text("none", "无")))
    cure = None
    if unproved:
        text = say(
            "{text}; cases that owe something under one that nobody proved: {n}",
            "{text}；所依程序未经证明的在办案件：{n}项",
            text=text,
            n=len(unproved),
        )
        cure = Text("no gate opens for them: see stabflow check", "任何实施关口均不对其开放：见stabflow check")
    yield Diagnosis(
        check="procedures",
        health=Health.ATTEND if unproved else Health.FINE,
        text=text,
        cure=cure,
        facts={"in_use": {f"{one[0]}@{one[1]}": count for one, count in sorted(under.items())}, "unproved": unproved},
    )


def _clock(patient: Patient) -> Iterator[Diagnosis]:
    found = [moment_from(row.updated_at) for row in patient.cases]
    found += [case.recorded_at for _, case in patient.owing]
    offices = patient.shell.offices.current().recorded_at
    found += [] if offices is None else [offices]
    now, newest = patient.now, max(found, default=None)
    facts = {"now": moment_text(now), "newest": None if newest is None else moment_text(newest)}
    ahead = None if newest is None else newest - now
    if ahead is not None and ahead > CLAMP_TOLERANCE:
        yield Diagnosis(
            check="clock",
            health=Health.ATTEND,
            text=say(
                "the clock stands {span} behind the newest record: one of the two is wrong",
                "时钟比最新记录慢{span}：二者必有一误",
                span=span_title(ahead),
            ),
            cure=Text(
                "set the clocks of all machines by the same time server",
                "请用同一时间服务器校准所有机器的时钟",
            ),
            facts=facts,
        )
    else:
        text = Text("the clock is not behind what was recorded", "时钟不落后于已有记录")
        yield Diagnosis(check="clock", health=Health.FINE, text=text, facts=facts)


def _recurrence(patient: Patient) -> Iterator[Diagnosis]:
    """What recurs at a holiday of which the calendar does not say when it is: nothing is created for it."""
    shell, now, last = patient.shell, patient.now, last_tick(patient.shell)
    found: list[UnknownHolidays] = []
    for procedure, *_ in recurring(in_use(shell)):
        before = () if last is None else [one for one in last.awaited if one.procedure == procedure.id]
        found += in_words(shell, procedure, unserved(shell, procedure, now, now, before))
    if not found:
        text = Text("the calendar knows every holiday that is called for", "所需节日的日期在工作日历中均已确定")
        yield Diagnosis(check="recurrence", health=Health.FINE, text=text, facts={"unknown": []})
    for one in found:
        facts = {"unknown": [one.as_dict()]}
        yield Diagnosis(check="recurrence", health=Health.ATTEND, text=one.text, cure=one.cure, facts=facts)


_TICK = Text("run stabflow tick from a timer, every few minutes", "请用定时任务每隔数分钟运行stabflow tick")


def _ticks(patient: Patient) -> Iterator[Diagnosis]:
    """Where nobody lets time pass, nothing that falls due is found; where somebody does, it should be done often."""
    last, now = last_tick(patient.shell), patient.now
    lapsed = {
        (row.case_id, row.duty, row.level)
        for row in patient.duties
        if row.due_at and not row.breached and moment_from(row.due_at) <= now
    }
    facts = {"last": None if last is None else moment_text(last.until), "lapsed": len(lapsed)}
    if last is None:
        text = Text("time has not been let pass here", "尚未执行过计时")
    else:
        span = span_title(max(now - last.until, timedelta()))
        text = say("time was last let pass {span} ago", "距上次计时{span}", span=span)
    if lapsed:
        text = say(
            "{text}; duties that have fallen due since, and are not on record: {n}",
            "{text}；此后到期且未记录的职责：{n}项",
            text=text,
            n=len(lapsed),
        )
    is_late = bool(lapsed) if last is None else now - last.until > TICKS_APART
    yield Diagnosis(
        check="ticks",
        health=Health.ATTEND if is_late else Health.FINE,
        text=text,
        cure=_TICK if is_late else None,
        facts=facts,
    )


def _snapshots(patient: Patient) -> Iterator[Diagnosis]:
    """Every snapshot that would be read, beside what the records give at its version."""
    shell, looked_at, others, false = patient.shell, 0, 0, list[str]()
    for row in patient.cases if shell.snapshots is not None else ():
        taken = shell.store.get_snapshot(streams.case_stream(row.case_id))
        if taken is None:
            continue
        if not is_ours(taken):
            others += 1
            continue
        looked_at += 1
        if not is_true(taken, _case_at(shell, taken)):
            false.append(row.case_id)
    facts = {"snapshots": looked_at, "others": others, "false": false}
    if false:
        yield Diagnosis(
            check="snapshots",
            health=Health.FAILED,
            text=say(
                "snapshots that are not what the records give, of {cases}",
                "与记录不符的快照，所属案件：{cases}",
                cases=listing([same(one) for one in false]),
            ),
            cure=Text(
                "nothing was decided on them, but what was shown of these cases may be false: find out who else writes to the"
                " storage, and compare it with a backup",
                "未据此作出任何决定，但所展示的案件情况可能有误：请查明还有谁写入该存储，并与备份核对",
            ),
            facts=facts,
        )
        return
    text = say("snapshots that are what the records give: {n}", "与记录相符的快照：{n}个", n=looked_at)
    if others:
        text = say(
            "{text}; of another version of stabflow, and not read: {n}",
            "{text}；由其他版本的stabflow写入而不予读取的：{n}个",
            text=text,
            n=others,
        )
    yield Diagnosis(check="snapshots", health=Health.FINE, text=text, facts=facts)


def _case_at(shell: Shell, taken: Snapshot) -> Case | None:
    """The case as its records give it at the version of a snapshot; ``None`` where they do not come as far."""
    history = streams.read(shell.store, taken.stream)
    upto = itertools.takewhile(lambda record: record.version <= taken.version, history)
    case = replay((record.event, record.stamp) for record in upto)
    return case if case is not None and case.version == taken.version else None


CHECKS: list[Check] = [
    Check("store", Text("store", "存储"), _store),
    Check("observed", Text("what the store sees", "存储自述"), _observed),
    Check("calendar", Text("calendar", "工作日历"), _calendar),
    Check("due_times", Text("due times", "期限"), _due_times),
    Check("procedures", Text("procedures", "程序"), _procedures),
    Check("notices", Text("notices", "通知"), notices),
    Check("clock", Text("clock", "时钟"), _clock),
    Check("recurrence", Text("what recurs", "周期性办理"), _recurrence),
    Check("ticks", Text("ticks", "计时"), _ticks),
    Check("snapshots", Text("snapshots", "快照"), _snapshots),
]
"""What is looked at, in this order."""

_ENVIRONMENT_TITLES = {
    "versions": Text("versions", "版本"),
    "timezones": Text("time zones", "时区"),
    "plugins": Text("plugins", "插件"),
}


def title_of(check: str) -> Text:
    """The title of the check of this name."""
    titles = _ENVIRONMENT_TITLES | {one.name: one.title for one in CHECKS}
    return titles.get(check, same(check))
