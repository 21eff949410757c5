"""What is planned arrives, and what is said to be impossible is: many items, shares, corrections, drawn procedures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import worlds
from flawed.drawn import procedures
from flawed.live import Live, acts, comes_to, everybody, fitting
from hypothesis import event, given, settings
from hypothesis import strategies as st
from worlds import BASIS, CHAIR, CLERK

import stabflow
from stabflow import CaseHandle, InvalidInput, Matter, Refused
from stabflow.case import Case
from stabflow.language import Procedure, loads
from stabflow.plugins import Plugin
from stabflow.ports.hooks import NamedRequirement, hookimpl
from stabflow.reasoning.planned import Plan, PlannedAct, Prospect
from stabflow.reasoning.relaxation import FOLLOWED
from stabflow.reasoning.statements import entries_of, filler

HEAD = """
[procedure]
format = 1
id = "tried"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "tried", zh = "试" }
source = "for tests"
[roles.head]
title = { en = "head", zh = "负责人" }
supervises = ["officer"]
[roles.officer]
title = { en = "officer", zh = "经办" }
"""


def states(*open_: str, ended: tuple[str, ...] = ("yes", "no")) -> str:
    """States that stay open, and those in which a case ends."""
    made = [f'{name} = {{ accountable = "officer", open_ended = true }}' for name in open_]
    return "\n".join(["[states]", *made, *(f"{name} = {{ final = true }}" for name in ended), ""])


def row(trigger: str, source: str, dest: str, more: str = "", *, by: str = "officer") -> str:
    """A row of the case."""
    places = f'source = "{source}"\n' * bool(source) + f'dest = "{dest}"\n' * bool(dest)
    return f'[[transitions]]\ntrigger = "{trigger}"\n{places}by = ["{by}"]\n{more}\n'


def tried(*parts: str) -> Procedure:
    return loads("\n".join((HEAD, *parts)).encode())


def case_of(procedure: Procedure, **values: object) -> CaseHandle:
    engine = stabflow.open("memory:", clock=worlds.FakeClock(step=timedelta(hours=1)), procedures=[procedure])
    engine.constitute("tried", "officer", CLERK, basis=BASIS)
    engine.constitute("tried", "head", CHAIR, basis=BASIS)
    return engine.open_case("tried", Matter("m", "M"), by=CLERK, basis=BASIS, unproved="allow", **values)


# As many as there are


TOKENS = """
[items.tok]
title = { en = "token", zh = "凭证" }
states.open = { accountable = "officer", open_ended = true }
states.used = { final = true }
transitions = [
  { trigger = "add", dest = "open", by = ["officer"], requires = [{ items = "tok", at_most = MOST }] },
  { trigger = "use", source = "open", dest = "used", by = ["officer"] },
]
"""
BOTH = 'requires = [{ items = "tok", in = ["open"], at_least = 2 }, { items = "tok", in = ["used"], at_least = 1 }]'


def tokens(most: int) -> Procedure:
    """It takes two open and one used; there may be ``most`` when the last is added."""
    return tried(
        states("a"),
        TOKENS.replace("MOST", str(most)),
        row("open", "", "a"),
        row("approve", "a", "yes", BOTH),
        row("refuse", "a", "no"),
    )


@pytest.mark.parametrize(("had", "most", "planned"), [
    (2, 1, None),
    (3, 2, ["use", "approve"]),
    (2, 2, ["use", "add", "approve"]),
    (5, 5, ["use", "approve"]),
])  # fmt: skip
def test_a_plan_counts_what_there_is(had: int, most: int, planned: list[str] | None) -> None:
    """Two tokens look like many to who asks for two: using one of two does not leave two."""
    case = case_of(tokens(most))
    for _ in range(had):
        case.add("tok", by=CLERK, basis=BASIS)
    found = case.plan("yes")
    if planned is None:
        assert found.prospect is Prospect.NONE, [act.trigger for act in found.acts]
        return
    assert sorted(act.trigger for act in found.acts) == sorted(planned)
    for act in found.acts:
        do(case, act)
    assert case.state == "yes"


def do(case: CaseHandle, act: PlannedAct) -> None:
    """By whoever may."""
    values: dict[str, Any] = {name: options[0] for name, options in act.given.items()}
    by = CLERK if "officer" in act.roles else CHAIR
    if act.amends:
        case.amend(act.item, by=by, basis=BASIS, reason="stated wrongly", **values)
    elif act.item is not None and act.item not in case.value.items:
        assert case.add(act.kind or "", by=by, basis=BASIS, trigger=act.trigger, **values) == act.item
    else:
        case.fire(act.trigger, by=by, basis=BASIS, item=act.item, **values)


# Shares


VOTES = """
[lists.position]
yes = { title = { en = "for", zh = "赞成" } }
no = { title = { en = "against", zh = "反对" } }
[items.vote]
title = { en = "vote", zh = "表决" }
fields.position = { type = "choice", of = "position", title = { en = "position", zh = "意见" } }
states.cast = { final = true }
transitions = [{ trigger = "add", dest = "cast", by = ["officer"], set = ["position"] }]
"""
SHARE = """requires = [
  { items = "vote", at_least = 3 },
  { items = "vote", where = { position = "SIDE" }, over = "1/2" },
]"""


@pytest.mark.parametrize(("cast", "side", "planned"), [
    ([], "yes", [{}, {"position": ("yes",)}, {"position": ("yes",)}]),
    ([], "no", [{}, {"position": ("no",)}, {"position": ("no",)}]),
    (["yes"], "no", [{"position": ("no",)}] * 2),
    (["yes", "yes", "yes"], "no", [{"position": ("no",)}] * 4),
    (["no", "yes", "no"], "no", []),
])  # fmt: skip
def test_a_share_is_planned_for(cast: list[str], side: str, planned: list[dict[str, object]]) -> None:
    """As many are planned as it takes, and said to be what they must be; those that may be anything are said to be free."""
    voting = tried(
        states("a"),
        VOTES,
        row("open", "", "a"),
        row("approve", "a", "yes", SHARE.replace("SIDE", side)),
        row("refuse", "a", "no"),
    )
    case = case_of(voting)
    for position in cast:
        case.add("vote", by=CLERK, basis=BASIS, position=position)
    found = case.plan("yes")
    *votes, last = found.acts
    assert [act.given for act in votes] == planned
    assert "more than half" in " ".join(text.en for text in last.asks)
    for act in votes:
        case.add("vote", by=CLERK, basis=BASIS, **{"position": {"yes": "no", "no": "yes"}[side]} if not act.given else
                 {name: values[0] for name, values in act.given.items()})  # fmt: skip
    do(case, last)
    assert case.state == "yes"


# What was stated wrongly


FLAG = '[facts]\nflag = { type = "bool", title = { en = "flag", zh = "标志" } }\n'
SET = 'set = ["flag"]'
IS_SET = 'requires = [{ value = "flag", is = true }]'


def corrected() -> Procedure:
    """The flag is stated at the opening, and read by the decision alone."""
    return tried(
        FLAG,
        states("a", "b"),
        row("open", "", "a", SET),
        row("go", "a", "b"),
        row("back", "b", "a"),
        row("approve", "b", "yes", IS_SET),
        row("refuse", "b", "no"),
    )


def test_what_was_stated_wrongly_is_planned_to_be_corrected() -> None:
    case = case_of(corrected(), flag=False)
    found = case.plan("yes")
    assert [(act.trigger, act.amends) for act in found.acts] == [("open", True), ("go", False), ("approve", False)]
    first = found.acts[0]
    assert (first.given, first.fields, first.roles) == ({"flag": (True,)}, (), ("officer",))
    assert first.title == stabflow.text.Text("correct what “open” stated", "更正“open”所填")
    assert first.conditions[0].zh == "标志：“是”"
    for act in found.acts:
        do(case, act)
    assert case.state == "yes"


def test_what_has_been_relied_on_is_planned_to_be_corrected_after_a_return() -> None:
    case = case_of(corrected(), flag=False)
    case.fire("go", by=CLERK, basis=BASIS)
    found = case.plan("yes")
    assert [act.trigger for act in found.acts] == ["back", "open", "go", "approve"]
    for act in found.acts:
        do(case, act)
    assert case.state == "yes"


def test_nothing_is_impossible_that_a_correction_opens_and_nothing_possible_that_none_may() -> None:
    """Without a return, what has been relied on stays; nor is it said to be possible to correct what a wait hangs on."""
    without = tried(
        FLAG,
        states("a", "b"),
        row("open", "", "a", SET),
        row("go", "a", "b"),
        row("approve", "b", "yes", IS_SET),
        row("refuse", "b", "no"),
    )
    case = case_of(without, flag=False)
    assert case.plan("yes").acts[0].amends
    case.fire("go", by=CLERK, basis=BASIS)
    found = case.plan("yes")
    assert found.prospect is Prospect.NONE
    assert [blocker.sentence().en for blocker in found.blockers]
    with pytest.raises(Refused):
        case.amend(None, by=CLERK, basis=BASIS, reason="r", flag=True)


def test_where_corrections_are_too_many_to_search_it_is_open_and_what_is_in_the_way_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stabflow.reasoning.plan.MAX_CORRECTED", 1)
    case = case_of(corrected(), flag=False)
    case.fire("go", by=CLERK, basis=BASIS)
    found = case.plan("yes")
    assert (found.prospect, found.acts) == (Prospect.OPEN, ())
    assert "can still be corrected" in found.reason.en
    assert any("flag" in blocker.sentence().en for blocker in found.blockers)


def test_a_correction_for_which_a_plugin_is_asked_is_planned_and_the_asking_told() -> None:
    asked = tried(
        FLAG,
        states("a"),
        row("open", "", "a", SET + '\nrequires = [{ plugin = "mood" }]'),
        row("approve", "a", "yes", IS_SET),
        row("refuse", "a", "no"),
    )
    engine = stabflow.open("memory:", clock=worlds.FakeClock(), procedures=[asked], plugins=[Willing()])
    engine.constitute("tried", "officer", CLERK, basis=BASIS)
    case = engine.open_case("tried", Matter("m", "M"), by=CLERK, basis=BASIS, unproved="allow", flag=False)
    first, _ = case.plan("yes").acts
    assert (first.amends, first.given) == (True, {"flag": (True,)})
    assert "mood" in " ".join(text.en for text in first.asks)


def test_a_correction_of_an_item_is_planned_in_the_role_that_stated_it() -> None:
    risk = """
[lists.level]
high = { title = { en = "high", zh = "高" } }
low = { title = { en = "low", zh = "低" } }
[items.risk]
title = { en = "risk", zh = "风险" }
fields.level = { type = "choice", of = "level", title = { en = "level", zh = "等级" } }
states.open = { accountable = "officer", open_ended = true }
states.rated = { final = true }
transitions = [
  { trigger = "add", dest = "open", by = ["officer"] },
  { trigger = "rate", source = "open", dest = "rated", by = ["head"], set = ["level"] },
]
"""
    asks = 'requires = [{ items = "risk", where = { level = "high" }, at_most = 0 }, { items = "risk", at_least = 1 }]'
    procedure = tried(states("a"), risk, row("open", "", "a"), row("approve", "a", "yes", asks), row("end", "a", "no"))
    case = case_of(procedure)
    one = case.add("risk", by=CLERK, basis=BASIS)
    case.fire("rate", item=one, by=CHAIR, basis=BASIS, level="high")
    first, second = case.plan("yes").acts
    assert (first.amends, first.item, first.given, first.roles) == (True, one, {"level": ("low",)}, ("head",))
    do(case, first)
    do(case, second)
    assert case.state == "yes"


# Why not


def test_it_is_said_why_there_is_no_way() -> None:
    case = case_of(corrected(), flag=True)
    for trigger in ("go", "approve"):
        case.fire(trigger, by=CLERK, basis=BASIS)
    assert (
        case.plan("no").reason.en
        == "the case is over: it has ended in “yes”, and “no” can be reached only by a new case"
    )
    oneway = tried(states("a", "b", "c"), row("open", "", "a"), row("go", "a", "b"), row("on", "a", "c"),
                   row("end", "b", "yes"), row("stop", "c", "no"))  # fmt: skip
    case = case_of(oneway)
    case.fire("go", by=CLERK, basis=BASIS)
    assert "no row, and no rows after one another, that lead from “b” to “no”" in case.plan("no").reason.en
    later = tried(
        FLAG,
        states("a", "b"),
        row("open", "", "a", SET + '\nrequires = [{ value = "flag", is = false }]'),
        row("go", "a", "b"),
        row("approve", "b", "yes", IS_SET),
        row("refuse", "b", "no"),
    )
    reason = case_of(later, flag=False).plan("yes").reason
    assert reason.en.endswith("“approve” in “b” asks what can no longer be so all together: “flag” is “yes”"), reason.en
    assert reason.zh


# Whatever the procedure


class Willing(Plugin):
    """Says yes: a plan takes for granted what a plugin asks, and says so."""

    @hookimpl
    def stabflow_requirements(self) -> Sequence[NamedRequirement]:
        return [NamedRequirement("mood", lambda view, asked: None)]


def wander(live: Live, procedure: Procedure, chance: Random, steps: int) -> None:
    """Whatever can be done, by chance."""
    opening = chance.choice(procedure.case.creating())
    live.do(opening, None, None, fitting(procedure, None, opening, {}))
    for _ in range(steps):
        options = list(acts(procedure, live.case))
        chance.shuffle(options)
        for kind, item, row, values in options:
            try:
                live.do(row, kind, item, values)
            except Refused:
                continue
            break


def take(live: Live, procedure: Procedure, act: PlannedAct, chance: Random) -> None:
    """The act on the engine, with any of the values that the plan leaves open."""
    case = live.case
    if act.amends:
        assert live.handle is not None
        values: dict[str, Any] = {name: chance.choice(options) for name, options in act.given.items()}
        holders = (holder for role in act.roles for holder in live.holders[role])
        live.handle.amend(act.item, by=next(holders), basis=BASIS, reason="stated wrongly", **values)
        return
    state = case.state if act.kind is None else "" if act.item not in case.items else case.items[act.item].state
    cycle = procedure.lifecycle(act.kind)
    (row,) = [
        one
        for one in cycle.transitions
        if one.trigger == act.trigger
        and (one.creates if not state else not one.creates and state in cycle.sources(one))
    ]
    stated: dict[str, Any] = {name: chance.choice(options) for name, options in act.given.items()}
    for name in act.fields:
        field = cycle.fields[name]
        if field.type in FOLLOWED:
            ways = [*entries_of(procedure, field), *([None] if field.optional else [])]
            if act.kind is not None and name in procedure.items[act.kind].unique:
                assert act.asks
                since = case.entered[case.state].version
                ways = [
                    way
                    for way in ways
                    if all(one.fields.get(name) != way or one.added < since for one in case.of_kind(act.kind))
                ]
            stated[name] = chance.choice(ways)
        elif name in act.stated or chance.random() < 0.5:
            stated[name] = filler(procedure, field)
    stated = {name: value for name, value in stated.items() if value is not None}
    live.do(row, act.kind, act.item if state and act.kind else None, fitting(procedure, act.kind, row, stated))


def follow(live: Live, procedure: Procedure, found: Plan, chance: Random) -> None:
    for act in found.acts:
        before = live.case.items.keys()
        take(live, procedure, act, chance)
        new = live.case.items.keys() - before
        assert act.item in live.case.items or act.kind is None, (act, new)


def corrections(procedure: Procedure, case: Case) -> Iterator[Case]:
    """The case with one thing that was stated corrected, whatever may be."""
    stage = everybody(procedure)
    for item, kind, fields in ((None, None, case.facts), *((one, one.kind, one.fields) for one in case.items.values())):
        for name, value in fields.items():
            field = procedure.lifecycle(kind).fields[name]
            others = [one for one in entries_of(procedure, field) if one != value] if field.type in FOLLOWED else []
            for other in others:
                with suppress(Refused, InvalidInput):
                    yield stage.corrected(case, item, {name: other}, case.updated_at)[0]


@settings(max_examples=40)
@given(procedures(), st.integers(0, 2**32), st.data())
def test_the_engine_goes_along_whatever_is_planned(procedure: Procedure, seed: int, data: st.DataObject) -> None:
    """And what is said to be impossible is not found by trying everything either."""
    chance = Random(seed)
    goal = data.draw(st.sampled_from(list(procedure.states)))
    with Live(procedure, plugins=[Willing()]) as live:
        wander(live, procedure, chance, chance.randrange(8))
        assert live.handle is not None
        found = live.handle.plan(goal)
        event(found.prospect.value)
        if found.prospect is Prospect.FOUND:
            follow(live, procedure, found, chance)
            assert live.case.state == goal
        elif found.prospect is Prospect.NONE:
            for case in (live.case, *corrections(procedure, live.case)):
                assert not comes_to(procedure, case, lambda case: case.state == goal, most=60)
