"""What is asked of the procedure itself, without a search: who is above whom, and of which round evidence is."""

from __future__ import annotations

from collections.abc import Iterator

from ..language import Procedure
from ..requirements import ItemsAre
from ..text import Text, say
from .reaching import comes_back
from .report import Finding, Status

ESCALATION = Text("escalation reaches somebody from everywhere", "任何一级均有上级可报")
CLOCKS = Text("nobody stops the clock of what they owe", "无人可中止自身职责的期限")
BY_TIME = Text("what time calls for comes about", "期限触发的均会产生")
SINCE = Text("what a round counts is of this round", "每轮次只计本轮次的事项要素")


def escalation(procedure: Procedure) -> Iterator[Finding]:
    """Whether somebody is above everybody who is accountable."""
    accountable = {
        state.accountable: f"{'' if own is None else f'items.{own}.'}states.{name}"
        for own, cycle in procedure.lifecycles()
        for name, state in cycle.states.items()
        if state.accountable in procedure.roles
    }
    for role, path in accountable.items():
        above = [name for name, below in procedure.subordinates.items() if role in below]
        if role is not None and not above and not procedure.roles[role].supervises:
            text = say(
                "nobody supervises “{role}”: name it in the `supervises` of another role",
                "“{role}”无人督导：请在其他角色的`supervises`中列明",
                role=procedure.role_title(role),
            )
            yield Finding("escalation", ESCALATION, Status.FLAWED, text, path, procedure.roles[role].clause)


def clocks(procedure: Procedure) -> Iterator[Finding]:
    """Where whoever owes something may stop its clock, and nobody else need resume it, it may never fall due."""
    for own, cycle in procedure.lifecycles():
        for name, state in cycle.states.items():
            if state.accountable in procedure.roles and state.accountable in state.clock_stopped_by:
                text = say(
                    "“{role}” owes what is due here, and stops its clock: let another role do that, or mean it",
                    "“{role}”既承担该职责又可中止其期限：请改由其他角色中止，或确认如此",
                    role=procedure.role_title(state.accountable or ""),
                )
                path = f"{'' if own is None else f'items.{own}.'}states.{name}.clock_stopped_by"
                yield Finding("clocks", CLOCKS, Status.WARNING, text, path, state.clause)


def by_time(procedure: Procedure) -> Iterator[Finding]:
    """Where what time creates asks for anything, or may meet its like, it may not come about, and nobody is told."""
    for own, cycle in procedure.lifecycles():
        unique = () if own is None else procedure.items[own].unique
        for row in cycle.creating():
            if row.by_time and (row.requires or unique):
                text = say(
                    "“{act}” is fired by time, and does not come about where what is asked does not hold: ask it of what"
                    " people do, or mean it",
                    "“{act}”由期限触发，所附条件不满足时将不会产生：请将条件置于人员办理的行，或确认如此",
                    act=procedure.trigger_title(row.trigger, own),
                )
                path = f"{'' if own is None else f'items.{own}.'}transitions.{row.trigger}"
                yield Finding("by_time", BY_TIME, Status.WARNING, text, path, row.clause)


def since(procedure: Procedure) -> Iterator[Finding]:
    """Where a state can be entered again, evidence that counts in it should say of which round it is."""
    again = {name for name in procedure.states if comes_back(procedure.case, name)}
    for row in procedure.transitions:
        if again.isdisjoint(procedure.case.sources(row)):
            continue
        for number, requirement in enumerate(row.requires):
            for path, part in requirement.walk(f"transitions.{row.trigger}.requires[{number}]"):
                counts = isinstance(part, ItemsAre) and (part.at_least is not None or part.over is not None)
                if isinstance(part, ItemsAre) and counts and part.since is None:
                    text = say(
                        "“{act}” counts {kind} of earlier rounds too: say `since`, or mean it",
                        "“{act}”也计入以往轮次的{kind}：请用`since`限定，或确认如此",
                        act=procedure.trigger_title(row.trigger),
                        kind=procedure.kind_title(part.items),
                    )
                    clause = part.clause or row.clause
                    yield Finding("since", SINCE, Status.WARNING, text, path, clause)
