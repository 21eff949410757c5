"""A plan is what the real engine then accepts, is as short as can be, and says when; where there is none, that is proved."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import five_steps
import pytest
import worlds
from five_steps import CHIEF, STANDING
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import AUDITOR, BASIS, CHAIR, CLERK

import stabflow
from stabflow import Actor, CaseHandle, InvalidInput, Matter, Refused
from stabflow.cli import main
from stabflow.language import FieldType, Procedure, loads
from stabflow.reasoning.plan import plan
from stabflow.reasoning.planned import Plan, PlannedAct, Prospect
from stabflow.values import File

PAPER = File("纪要", "application/pdf", "ab" * 32)
Said = Mapping[tuple[str | None, str], Mapping[str, object]]


class Doing:
    """Does what a plan says on the real engine: by whom it is let, at the time the plan gives."""

    def __init__(
        self, case: CaseHandle, clock: worlds.FakeClock, people: Sequence[Actor], said: Said | None = None
    ) -> None:
        self.case, self.clock, self.people, self.said = case, clock, people, said or {}
        self.clock.step = timedelta(0)

    def follow(self, found: Plan) -> None:
        for act in found.acts:
            self.clock.now = max(self.clock.now, act.earliest)
            self.do(act)

    def do(self, act: PlannedAct) -> None:
        values = self.values(act)
        refusals = []
        for who in self.people:
            try:
                if act.item is not None and act.item not in self.case.value.items:
                    added = self.case.add(act.kind or "", by=who, basis=BASIS, trigger=act.trigger, **values)
                    assert added == act.item
                else:
                    self.case.fire(act.trigger, by=who, basis=BASIS, item=act.item, **values)
            except Refused as refusal:
                refusals.append(refusal)
                continue
            assert self.case.history()[-1].role in act.roles
            return
        raise AssertionError(f"nobody may: {act.trigger} of {act.kind}: {[str(one) for one in refusals]}")

    def values(self, act: PlannedAct) -> dict[str, Any]:
        values: dict[str, Any] = {name: options[0] for name, options in act.given.items()}
        procedure = self.case.procedure
        fields = procedure.lifecycle(act.kind).fields
        values |= {name: self.filled(procedure, fields[name]) for name in act.fields if not fields[name].optional}
        return values | {k: v for k, v in self.said.get((act.kind, act.trigger), {}).items() if k not in act.given}

    def filled(self, procedure: Procedure, field: Any) -> object:
        if field.type is FieldType.CHOICE:
            entry = next(iter(procedure.lists[field.of]))
            return (entry,) if field.many else entry
        plain = {
            FieldType.BOOL: False,
            FieldType.INT: 12,
            FieldType.DECIMAL: 1,
            FieldType.TEXT: "words",
            FieldType.DATE: self.clock.now.date() + timedelta(days=40),
            FieldType.FILE: PAPER,
            FieldType.ACTOR: self.people[0],
        }
        return plain[field.type]


# A small procedure: every plan is done, and none could be shorter


def small_case() -> tuple[CaseHandle, worlds.FakeClock]:
    clock = worlds.FakeClock()
    engine = worlds.constituted(worlds.engine_on("memory:", clock))
    return worlds.opened(engine), clock


PEOPLE = [CHAIR, CLERK, AUDITOR]
GOALS = ["drafting", "deciding", "settled"]


def some_act(case: CaseHandle, number: int) -> None:
    """One of the acts that somebody could do now, if there is any."""
    ways = [(who, option) for who in PEOPLE for option in case.available(who)]
    if not ways:
        return
    who, option = ways[number % len(ways)]
    values: dict[str, Any] = {}
    if option.kind == "note" and option.item is None:
        values = dict(worlds.NOTE)
    elif option.row.set:
        values = {"urgent": bool(number % 2), "reasons": "r"}
        values = {name: values[name] for name in option.row.set}
    if option.kind is not None and option.item is None:
        case.add(option.kind, by=who, basis=BASIS, trigger=option.trigger, **values)
    else:
        case.fire(option.trigger, by=who, basis=BASIS, item=option.item, **values)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 99), max_size=12), st.sampled_from(GOALS))
def test_the_engine_accepts_what_was_planned(acts: list[int], goal: str) -> None:
    case, clock = small_case()
    for number in acts:
        some_act(case, number)
    found = case.plan(goal)
    if case.state == goal:
        assert (found.prospect, found.acts) == (Prospect.FOUND, ())
    elif case.state == "settled":
        assert found.prospect is Prospect.NONE
    else:
        assert found.prospect is Prospect.FOUND
        assert found.version == case.value.version
        Doing(case, clock, PEOPLE).follow(found)
        assert case.state == goal
        assert len(case.history()) == found.version + len(found.acts)


@settings(max_examples=15)
@given(st.lists(st.integers(0, 99), max_size=8))
def test_no_way_is_shorter(acts: list[int]) -> None:
    case, _ = small_case()
    for number in acts:
        some_act(case, number)
    if case.state == "settled":
        return
    length = len(case.plan("settled").acts)
    assert length - 1 not in {depth for depth, state in everything_within(case, length - 1) if state == "settled"}


def everything_within(case: CaseHandle, depth: int) -> list[tuple[int, str]]:
    """How few acts lead to each state: by trying all that anybody could do, on the real decide."""
    from stabflow.decision.commands import Add, Fire
    from stabflow.decision.decider import available, decide
    from stabflow.decision.events import Stamp
    from stabflow.decision.evolution import evolve
    from stabflow.values import Basis

    procedure = case.procedure
    _, _, context = case._shell.asked(case.id)
    level, found = [case.value], []
    for number in range(depth + 1):
        found += [(number, one.state) for one in level]
        ahead = {}
        for one in level:
            for who in PEOPLE:
                for option in available(procedure, one, who, None, context):
                    values: dict[str, object] = {name: True if name == "urgent" else "r" for name in option.row.set}
                    both = {"actor": who, "basis": Basis(BASIS), "trigger": option.trigger}
                    if option.item is None and option.kind is not None:
                        command: Any = Add(**both, kind=option.kind, values=worlds.NOTE)
                    else:
                        command = Fire(**both, item=option.item, values=values)
                    decided = decide(procedure, one, command, context)
                    stamp = Stamp(
                        one.version + 1,
                        context.now,
                        context.now,
                        who,
                        decided.role,
                        both["basis"],
                        decided.mandate,
                        "h",
                    )
                    after = evolve(one, decided.event, stamp)
                    looks = sorted(
                        (i.kind, i.state, i.added >= after.entered["drafting"].version) for i in after.items.values()
                    )
                    ahead[after.state, str(looks), after.round] = after
        level = list(ahead.values())
    return found


# When


WAITING = """
[procedure]
format = 1
id = "waiting"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "Waiting", zh = "等待" }
source = "for tests"
[clauses]
"1" = {}
[lists.kind]
short = { title = { en = "short", zh = "短期" } }
long = { title = { en = "long", zh = "长期" } }
other = { title = { en = "other", zh = "其他" } }
[parameters]
comment_period = { value = "30 days", verified = true, clause = "1" }
[roles.head]
title = { en = "head", zh = "负责人" }
supervises = ["clerk"]
[roles.clerk]
title = { en = "clerk", zh = "文员" }
appointed_by = ["head"]
[facts]
kind = { type = "choice", of = "kind", title = { en = "kind", zh = "种类" } }
heavy = { type = "bool", title = { en = "heavy", zh = "重大" } }
[states]
open = { accountable = "clerk", open_ended = true, title = { en = "open", zh = "公示中" } }
shut = { final = true, title = { en = "shut", zh = "办结" } }
lost = { final = true, title = { en = "lost", zh = "撤销" } }
[[transitions]]
trigger = "begin"
title = { en = "begin", zh = "启动" }
dest = "open"
by = ["head"]
set = ["kind"]
clause = "1"
[[transitions]]
trigger = "drop"
source = "open"
dest = "lost"
by = ["head"]
requires = [{ value = "kind", is = "other" }]
[[transitions]]
trigger = "finish"
title = { en = "finish", zh = "办结" }
source = "open"
dest = "shut"
by = ["clerk"]
set = ["heavy"]
requires = [
  { when = { value = "kind", is = ["long", "other"] }, elapsed = "comment_period", since = "open" },
  { when = { value = "kind", is = "other" }, value = "heavy", is = false },
]
"""
WAITS = loads(WAITING.encode())


def waiting(kind: str, now: datetime) -> tuple[CaseHandle, worlds.FakeClock]:
    clock = worlds.FakeClock(now, step=timedelta(0))
    engine = stabflow.open("memory:", clock=clock, procedures=[WAITS])
    engine.constitute("waiting", "head", CHAIR, basis=BASIS)
    return engine.open_case("waiting", Matter("m", "M"), by=CHAIR, basis=BASIS, kind=kind), clock


FRIDAY = datetime(2026, 9, 4, 2, tzinfo=UTC)
SATURDAY = datetime(2026, 9, 5, 2, tzinfo=UTC)


def test_an_act_waits_for_its_term_and_for_a_working_day() -> None:
    """30 days from the 4th of September 2026 end on the 4th of October, in the holidays of the National Day until the 7th."""
    case, clock = waiting("long", FRIDAY)
    (act,) = case.plan("shut").acts
    assert act.earliest.astimezone(WAITS.zone).date() == date(2026, 10, 8)
    assert act.waits is not None
    assert act.waits.zh == "若“种类”为“长期”或“其他”：自“公示中”起满30日"
    assert act.vacant
    case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
    assert not case.plan("shut").acts[0].vacant
    end = case.blockers("finish", by=CLERK)[0].facts["earliest"]
    clock.now = datetime.fromisoformat(str(end)) - timedelta(seconds=1)
    with pytest.raises(Refused):
        case.fire("finish", by=CLERK, basis=BASIS, heavy=True)
    Doing(case, clock, [CLERK]).follow(case.plan("shut"))
    assert case.state == "shut"


@pytest.mark.parametrize(("now", "day"), [(FRIDAY, date(2026, 9, 4)), (SATURDAY, date(2026, 9, 7))])
def test_what_need_not_wait_is_planned_for_the_next_working_day(now: datetime, day: date) -> None:
    case, _ = waiting("short", now)
    (act,) = case.plan("shut").acts
    assert act.earliest.astimezone(WAITS.zone).date() == day
    assert (act.waits, act.earliest == now) == (None, day == now.date())


# What has to be found on the way


def test_only_what_matters_is_given_and_everything_that_would_do() -> None:
    (act,) = waiting("short", FRIDAY)[0].plan("shut").acts
    assert (act.given, act.conditions, act.fields) == ({}, (), ("heavy",))
    (act,) = waiting("other", FRIDAY)[0].plan("shut").acts
    assert act.given == {"heavy": (False,)}
    assert act.conditions[0].en == "heavy: “no”"
    engine = worlds.engine_on("memory:")
    five_steps.constitute(engine)
    case = engine.open_case("five-step", Matter("m", "M"), by=CHIEF, basis=BASIS)
    planned = case.plan("implement").acts
    acts = {(one.kind, one.trigger): one for one in planned}
    assert acts["criterion", "assess"].given == {"hazard": ("none", "smaller")}
    votes = [one.given for one in planned if (one.kind, one.trigger) == ("vote", "add")]
    assert votes == [{}, {"position": ("implement",)}, {"position": ("implement",)}], "more than half of three"
    assert [text.en for text in acts["vote", "add"].asks] == ["each by another office-holder"]
    assert acts[None, "implement"].vacant is False
    assert acts[None, "implement"].clause == ("D5.四.4", "D3.7")


# None, and not decided


def test_that_there_is_no_way_is_proved_and_what_is_in_the_way_named() -> None:
    case, _ = waiting("short", FRIDAY)
    found = case.plan("lost")
    assert (found.prospect, found.acts) == (Prospect.NONE, ())
    assert found.reason == stabflow.text.say(
        "no lawful way leads from {a} to {b}", "自{a}起无法依规到达{b}",
        a=stabflow.text.Text("“open”", "“公示中”"), b=stabflow.text.Text("“lost”", "“撤销”"),
    )  # fmt: skip
    (blocker,) = found.blockers
    assert "kind" in blocker.sentence().en
    assert waiting("other", FRIDAY)[0].plan("lost").prospect is Prospect.FOUND


def test_what_the_bound_stops_is_not_decided() -> None:
    case, _ = small_case()
    found = plan(case.procedure, case.value, "settled", now=worlds.START, calendar=five_calendar(case), max_states=1)
    assert (found.prospect, found.acts) == (Prospect.OPEN, ())


def five_calendar(case: CaseHandle) -> Any:
    return case._shell.calendar


@pytest.mark.parametrize("goal", ["draftin", "", "implement", "scope", 3, None, ["drafting"], {}])
def test_a_goal_must_be_one_of_the_procedure(goal: Any) -> None:
    case, _ = small_case()
    with pytest.raises(InvalidInput, match="goal: ") as told:
        case.plan(goal)
    if goal == "draftin":
        assert "did you mean 'drafting'" in str(told.value) or "drafting" in str(told.value)


# The five steps


SAID: dict[tuple[str | None, str], Mapping[str, object]] = {
    ("consultation", "add"): {"invited": 12},
    ("consultation", "end"): {"responded": 12, "support": 12, "oppose": 0, "other": 0},
}
WAYS: list[tuple[str, int, str]] = [
    ("approved", 0, "implement"),
    ("approved", 9, "out_of_scope"),
    ("approved", 24, "review"),
]
LONG_WAYS: list[tuple[str, int, str]] = [
    ("approved", 0, "defer"),
    ("approved", 0, "prohibit"),
    ("approved", 44, "analyze"),
    ("deferred", 99, "implement"),
    ("approved", 99, "completed"),
]


@pytest.mark.parametrize(
    ("toward", "acts", "goal"), [*WAYS, *(pytest.param(*way, marks=pytest.mark.slow) for way in LONG_WAYS)]
)
def test_a_matter_of_the_five_steps_goes_as_planned(toward: str, acts: int, goal: str) -> None:
    clock = worlds.FakeClock()
    engine = worlds.engine_on("memory:", clock)
    five_steps.constitute(engine)
    case = engine.open_case("five-step", Matter("m", "M"), by=CHIEF, basis=BASIS)
    for role, holder in five_steps.APPOINTED.items():
        case.appoint(role, holder, by=CHIEF, basis=BASIS)
    for _ in range(acts):
        step = five_steps.toward(case.value, toward)
        if step is None:
            break
        if step.verb == "wait":
            clock.now += step.wait
        else:
            step.take(case)
    found = case.plan(goal)
    if goal == "out_of_scope":
        assert found.prospect is Prospect.NONE
        return
    assert found.prospect is Prospect.FOUND, found.reason.en
    Doing(case, clock, five_steps.PEOPLE, SAID).follow(found)
    state = case.procedure.states[case.state]
    assert goal in (case.state, state.step and state.step.value, state.outcome and state.outcome.value)
    assert engine.verify().cases == 1


# The command


def stored(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/plan.db"
    with stabflow.open(url) as engine:
        five_steps.constitute(engine)
        engine.open_case("five-step", Matter("m", "M"), by=CHIEF, basis=BASIS)
    return url


@pytest.mark.slow
def test_the_command_prints_it_in_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    url = stored(tmp_path)
    assert main(["plan", "five-step-m-1", "investigate", "--store", url]) == 0
    shown = capsys.readouterr().out
    assert "five-step-m-1: from “screening” to “investigate”" in shown
    assert "1  find that it must be assessed — review group [D5.一.1, D3.4]" in shown
    assert main(["plan", "five-step-m-1", "decided", "--store", url, "--lang", "zh"]) == 0
    shown = capsys.readouterr().out
    assert "5–12  评估（评估项criterion-1、criterion-2" in shown
    assert "前提：隐患：“无隐患”或“一般隐患”" in shown
    assert main(["plan", "five-step-m-1", "implement", "--store", url, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["prospect"], told["case"], len(told["acts"])) == ("found", "five-step-m-1", 28)
    assert told["acts"][3]["given"] == {"contested": [False], "specialised": [False]}
    assert main(["plan", "five-step-m-1", "nowhere", "--store", url]) == 2
    assert main(["plan", "five-step-m-2", "implement", "--store", url]) == 2


def test_the_command_says_no(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = stored(tmp_path)
    with stabflow.open(url) as engine:
        case = engine.case("five-step-m-1")
        case.fire(
            "screen_out", by=STANDING["review_group"][0], basis=BASIS, scope_reasons="r", **screened_out(case.procedure)
        )
    assert main(["plan", "five-step-m-1", "out_of_scope", "--store", url]) == 0
    capsys.readouterr()
    assert main(["plan", "five-step-m-1", "implement", "--store", url]) == 1
    assert "the case is over: it has ended in “out of scope”" in capsys.readouterr().out


def screened_out(procedure: Procedure) -> dict[str, Any]:
    row = next(one for one in procedure.transitions if one.trigger == "screen_out")
    return {name: ["construction"] for name in row.set if name == "considered_items"}


def test_every_json_has_its_times_in_one_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url, found = stored(tmp_path), []
    for command in (
        ["plan", "five-step-m-1", "investigate"],
        ["show", "five-step-m-1"],
        ["show"],
        ["history", "five-step-m-1"],
    ):
        assert main([*command, "--store", url, "--json"]) == 0
        found += re.findall(r'"(\d{4}-\d\d-\d\dT[^"]*)"', capsys.readouterr().out)
    assert len(found) >= 5
    assert [one for one in found if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", one)] == []


@pytest.mark.slow
def test_who_appoints_first_is_said_where_nobody_holds_a_role(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = stored(tmp_path)
    assert main(["plan", "five-step-m-1", "analyze", "--store", url]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "vacant: to be appointed by “decision body (chair)” or “higher body” first" in shown
    assert main(["plan", "five-step-m-1", "analyze", "--store", url, "--lang", "zh"]) == 0
    assert "目前无人任职：须先由" in capsys.readouterr().out
    assert main(["plan", "five-step-m-1", "analyze", "--store", url, "--json"]) == 0
    acts = json.loads(capsys.readouterr().out)["acts"]
    assert [act["appointed_by"] for act in acts if act["trigger"] == "complete_investigation"] == [
        ["decision_body", "higher_body"]
    ]
