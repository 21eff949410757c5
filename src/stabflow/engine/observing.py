"""What stands out about a matter: plain facts, each with the records that it rests on. Nobody is judged, counted or ranked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import attrs

from ..decision.disclosure import Audience
from ..language import Step
from ..text import Text, listing, quoted, same, say
from .matters import Attempt, CaseOnMatter, MatterOverview, Observation, OnRecord, everything_on
from .shell import Shell

_REFUSED = {"deferred", "prohibited"}


def overview(shell: Shell, matter: str, audience: Audience = "official") -> MatterOverview:
    """See `Engine.matter`."""
    found = everything_on(shell, matter, audience)
    return attrs.evolve(found, observations=tuple(_observed(found)))


def _observed(found: MatterOverview) -> Iterator[Observation]:
    for attempt in found.attempts:
        yield _went_ahead(attempt, found)
    for out in found.screened_out:
        for other in found.cases:
            yield from _screened_and_assessed(out, other)
    yield from _several_procedures(found)
    for refusing, clearing in itertools.product(found.cases, found.cases):
        if refusing.refusing and clearing.gate_open:
            yield _refused_and_cleared(refusing, clearing)


def _went_ahead(attempt: Attempt, found: MatterOverview) -> Observation:
    """Somebody went ahead: with what nobody had assessed, with what was refused or screened out, or with what was not cleared for
    another reason."""
    out = [
        one.screened_out.record
        for one in found.screened_out
        if one.screened_out is not None and one.screened_out.record.version <= attempt.seen.get(one.case_id, 0)
    ]
    since = [one for one in found.cases if one.case_id in attempt.opened_since]
    records = (attempt.record, *out, *(one.opened.record for one in since))
    day = f"{attempt.record.occurred_at.astimezone(found.zone):%Y-%m-%d}{'' if found.cases else ' (UTC)'}"
    if not attempt.seen:
        kind, how = "went_ahead_unassessed", Text("although it had never been assessed", "未经评估即行实施")
    elif not _REFUSED.isdisjoint(attempt.reasons):
        kind, how = "went_ahead_refused", Text("although the decision was against it", "违反暂缓或不得实施的决定")
    elif out:
        kind, how = "went_ahead_screened_out", Text("after it had been screened out", "认定不属评估范围后即行实施")
    else:
        kind, how = "went_ahead_uncleared", Text("while it was not cleared", "未经放行即行实施")
    text = say("on {day} somebody went ahead with it {how}", "{day}{how}", day=day, how=how)
    if kind in ("went_ahead_unassessed", "went_ahead_screened_out"):
        cases = listing([same(one.case_id) for one in since], none=Text("none", "无"))
        text = say("{text}; cases opened since: {cases}", "{text}；此后启动的评估案件：{cases}", text=text, cases=cases)
    return Observation(kind=kind, text=text, records=records)


def _screened_and_assessed(out: CaseOnMatter, other: CaseOnMatter) -> Iterator[Observation]:
    """The matter was screened out in one case, and assessed, or is screened again, in another."""
    screening = out.screened_out
    assert screening is not None, "asked of those that were screened out"
    if other is out:
        return
    named = {"out": out.case_id, "day": _day(out, screening), "other": other.case_id}
    if other.assessed is not None:
        text, kind = _ORDER[_moment(other.assessed) >= _moment(screening)]
        said = say(text.en, text.zh, **named, since=_day(other, other.assessed))
        yield Observation(kind=kind, text=said, records=(screening.record, other.assessed.record))
    elif other.step is Step.SCOPE and not other.over and _moment(other.opened) >= _moment(screening):
        said = say(
            "{out} screened it out on {day}; {other}, opened on {since}, has not come out of the scope yet",
            "{out}于{day}认定不属评估范围；{since}启动的{other}尚处于界定步骤",
            **named,
            since=_day(other, other.opened),
        )
        yield Observation(kind="screened_again", text=said, records=(screening.record, other.opened.record))


_ORDER = {
    True: (
        Text(
            "{out} screened it out on {day}; later it was found in scope: {other} assesses it since {since}",
            "{out}于{day}认定不属评估范围；其后又认定属评估范围：{other}自{since}起评估",
        ),
        "screened_out_then_in_scope",
    ),
    False: (
        Text(
            "{out} screened it out on {day}, although it was found in scope before: {other} assesses it since {since}",
            "{out}于{day}认定不属评估范围，而此前已认定属评估范围：{other}自{since}起评估",
        ),
        "in_scope_then_screened_out",
    ),
}


def _several_procedures(found: MatterOverview) -> Iterator[Observation]:
    first: dict[str, OnRecord] = {}
    for one in found.cases:
        if one.assessed is not None:
            first.setdefault(one.procedure.id, one.assessed)
    if len(first) > 1:
        yield Observation(
            kind="several_procedures",
            text=say(
                "it is assessed under several procedures: {names}",
                "依多个程序评估：{names}",
                names=listing([same(name) for name in first]),
            ),
            records=tuple(one.record for one in first.values()),
        )


def _refused_and_cleared(refusing: CaseOnMatter, clearing: CaseOnMatter) -> Observation:
    return Observation(
        kind="refused_and_cleared",
        text=say(
            "{no} stands against it ({state}), while {yes} alone would clear it: the refusal wins",
            "{no}的决定为{state}，而仅就{yes}而言可予放行：以不予实施的决定为准",
            no=refusing.case_id,
            state=quoted(refusing.procedure.state_title(refusing.state)),
            yes=clearing.case_id,
        ),
        records=(refusing.moved.record, clearing.moved.record),
    )


def _moment(act: OnRecord) -> tuple[object, object]:
    return act.record.occurred_at, act.record.recorded_at


def _day(of: CaseOnMatter, act: OnRecord) -> str:
    """The day of an act by the clock of its procedure."""
    return f"{act.record.occurred_at.astimezone(of.procedure.zone):%Y-%m-%d}"
