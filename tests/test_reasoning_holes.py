"""What a proof must not overlook, and what must not be accused: each a case that the engine does, or cannot do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from flawed.brief import ADD, FINISH, OUTCOME, STEPS, act, assessment, drafted, facts, kind, onward, row, states, wanted
from flawed.live import Live, fitting

from stabflow import Procedure, Refused
from stabflow.errors import Blocker
from stabflow.plugins import Plugin
from stabflow.ports.hooks import NamedRequirement, hookimpl
from stabflow.reasoning.check import check
from stabflow.reasoning.report import Finding, Report, Status
from stabflow.requirements import View
from stabflow.text import same

Said = Mapping[str, Any]


def of(report: Report, property_: str) -> Finding:
    """What is found of a property; the worst of it."""
    worst = [Status.FLAWED, Status.INCOMPLETE, Status.PROVED]
    found = [one for one in report.findings if one.property == property_ and one.status in worst]
    return min(found, key=lambda one: worst.index(one.status))


def done(procedure: Procedure, *acts: str | tuple[str, Said], plugins: Sequence[Plugin] = ()) -> Live:
    """A live case that has done the acts: a trigger, one on an item as ``finish note-1``, a kind added as ``+note``."""
    live = Live(procedure, plugins=plugins)
    for one in acts:
        again(live, one)
    return live


def again(live: Live, one: str | tuple[str, Said]) -> None:
    """One act more."""
    name, said = (one, {}) if isinstance(one, str) else one
    trigger, _, item = name.partition(" ")
    kind_ = item.partition("-")[0] or None
    if trigger.startswith("+"):
        kind_, trigger = trigger[1:], "add"
    state = "" if live.handle is None else live.case.items[item].state if item else live.case.state
    cycle = live.procedure.lifecycle(kind_)
    found = [one for one in cycle.transitions if one.trigger == trigger]
    (row_,) = [one for one in found if one.creates or state in cycle.sources(one)]
    live.do(row_, kind_, item or None, fitting(live.procedure, kind_, row_, said))


# Conditions that no search follows


class Strict(Plugin):
    """Never met."""

    @hookimpl
    def stabflow_requirements(self) -> Sequence[NamedRequirement]:
        def answer(view: View, asked: Mapping[str, object]) -> Blocker | None:
            return Blocker(kind="plugin", text=same("no"))

        return [NamedRequirement("strict_mode", answer)]


SEEN = '{ value = "seen", is = true }'
EARLY = (
    row("hold", "in_plan", "held", '{ value = "seen", is = false }', "seen"),
    row("sign", "in_review", "signed", SEEN, "seen"),
    row("resume", ["held", "signed"], "in_plan"),
)


def early(condition: str, opens: str = "", **more: str) -> Procedure:
    """Whoever is held in the planning may be approved at once, if ``condition`` does not hold."""
    asked = SEEN.replace("{ value", f"{{ when = {condition}, value")
    return assessment(
        facts(seen='"bool"', **more),
        *EARLY,
        row("approve", ["held", "signed"], "decided_so", asked),
        more_states=["held", "signed"],
        opens=opens,
    )


TO_PLAN = ("to_in_analyze", "to_in_plan")


def test_what_is_not_asked_until_a_time_has_passed_keeps_nobody_before_it() -> None:
    procedure = early('{ elapsed = "300 days", since = "in_plan" }')
    assert of(check(procedure), "five_steps").status is Status.FLAWED
    with done(procedure, "open", *TO_PLAN, ("hold", {"seen": False}), "approve") as live:
        assert live.case.state == "decided_so"


def test_what_is_asked_if_a_plugin_says_so_keeps_nobody_otherwise() -> None:
    procedure = early('{ plugin = "strict_mode" }')
    report = check(procedure)
    assert of(report, "five_steps").status is Status.FLAWED
    assert "what the plugin “strict_mode” asks" in [text.en for text in report.assumed]
    with done(procedure, "open", *TO_PLAN, ("hold", {"seen": False}), "approve", plugins=[Strict()]) as live:
        assert live.case.state == "decided_so"


NUMBERS = '{ any = [{ value = "people", at_least = 5 }, { value = "houses", at_least = 3 }] }'


def test_what_hangs_on_one_of_two_numbers_keeps_nobody_where_neither_is_so() -> None:
    procedure = early(NUMBERS, "people houses", people='"int"', houses='"int"')
    assert of(check(procedure), "five_steps").status is Status.FLAWED
    said = {"people": 1, "houses": 1}
    with done(procedure, ("open", said), *TO_PLAN, ("hold", {"seen": False}), "approve") as live:
        assert live.case.state == "decided_so"


@pytest.mark.parametrize(("both", "status"), [("any", Status.PROVED), ("all", Status.PROVED), ("", Status.FLAWED)])
def test_what_is_asked_of_numbers_that_nobody_has_stated_passes_nobody(both: str, status: Status) -> None:
    """They are stated only where a case is signed, which never goes back; ``""``: they are stated when it opens."""
    condition = NUMBERS.replace("any", both or "any")
    procedure = assessment(
        facts(seen='"bool"', people='"int"', houses='"int"'),
        EARLY[0],
        row("sign", "in_review", "signed", SEEN, "seen"),
        row("resume", "held", "in_plan"),
        row("tell", "signed", sets="people houses"),
        row("approve", ["held", "signed"], "decided_so", SEEN.replace("{ value", f"{{ when = {condition}, value")),
        more_states=["held", "signed"],
        opens="" if both else "people houses",
    )
    assert of(check(procedure), "five_steps").status is status


SHARE = '{ items = "note", in = "done", over = "1/2" }'


def test_what_hangs_on_a_share_keeps_nobody_where_it_is_not_reached() -> None:
    procedure = assessment(
        facts(seen='"bool"'),
        *EARLY,
        row(
            "approve",
            ["held", "signed"],
            "decided_so",
            f'{{ when = {SHARE}, items = "note", in = "open", at_least = 1 }}',
        ),
        kind("note", act("add", dest="open", requires='{ case = ["signed"] }'), FINISH),
        more_states=["held", "signed"],
    )
    assert of(check(procedure), "five_steps").status is Status.FLAWED


def rushed(condition: str, **more: str) -> Procedure:
    """Approved while planned, where a note is there that can be added only later, if ``condition`` holds."""
    return assessment(
        facts(**more) if more else "",
        row("rush", "in_plan", "decided_so", f'{{ when = {condition}, items = "note", at_least = 1 }}'),
        kind("note", act("add", dest="open", requires='{ case = ["in_review"] }'), FINISH),
        opens=" ".join(more),
    )


@pytest.mark.parametrize(
    ("condition", "more"),
    [
        ('{ elapsed = "3 days", since = "in_plan" }', {}),
        ('{ plugin = "strict_mode" }', {}),
        (NUMBERS, {"people": '"int"', "houses": '"int"'}),
    ],
)
def test_a_row_that_is_open_where_its_condition_does_not_hold_is_no_dead_row(condition: str, more: Said) -> None:
    report = check(rushed(condition, **more))
    assert of(report, "rows").status is Status.PROVED
    assert of(report, "five_steps").status is Status.FLAWED


# Clusters that must help each other


FLAGGED = '{ when = { value = "flag", is = true }, items = "y", at_least = 1 }'
ONE_X = kind(
    "x",
    act("add", dest="open", requires='{ items = "x", at_most = 0 }'),
    act("pass", "open", "good"),
    act("fail", "open", "bad"),
    final="good bad",
)


def escaping(*more: str) -> Procedure:
    """What is flagged is finished with a y, and none can be added there; or it escapes with a good x, of which there is one."""
    return drafted(
        facts(flag='"bool"'),
        states("s", final=["ended"]),
        row("open", dest="s", sets="flag"),
        row("finish", "s", "ended", FLAGGED),
        row("escape", "s", "ended", '{ items = "x", in = "good", at_least = 1 }'),
        *more,
        kind("y", act("add", dest="open", requires='{ value = "flag", is = false }'), FINISH),
        ONE_X,
    )


def test_what_another_cluster_cannot_bring_about_at_a_place_that_looks_alike_is_no_way_out() -> None:
    report = check(escaping())
    assert of(report, "ends").status is Status.FLAWED
    with done(escaping(), ("open", {"flag": True}), "+x", "fail x-1") as live:
        for act_ in ("finish", "escape", "+x", "+y"):
            with pytest.raises(Refused):
                again(live, act_)
    sound = escaping(row("unflag", "s", requires='{ value = "flag", is = false }', sets="flag"))
    assert of(check(sound), "ends").status is Status.PROVED


# What a return and a material change put before a case again


WAY = ("to_in_analyze", "to_in_plan", "to_in_report", "to_in_review")


@pytest.mark.parametrize("step", ['step = "scope"', ""])
def test_a_return_behind_all_of_the_steps_leaves_none_of_them_done(step: str) -> None:
    procedure = drafted(
        facts(again='"bool"'),
        states("first", *STEPS, final=["decided_so"], first=step, **STEPS, decided_so=OUTCOME),
        row("open", dest="first"),
        row("start", "first", "in_investigate"),
        *onward(),
        row("return", "in_review", "first", sets="again"),
        row("cut", "first", "decided_so", '{ value = "again", is = true }'),
    )
    flaw = of(check(procedure), "five_steps")
    assert flaw.status is Status.FLAWED
    assert [act_.trigger for act_ in flaw.trace] == ["open", "start", *WAY, "return", "cut"]
    with done(procedure, "open", "start", *WAY, ("return", {"again": True}), "cut") as live:
        assert live.case.state == "decided_so"
        assert live.case.round == 2


HELD = (row("hold", ["in_plan", "in_review"], "held"), row("resume", "held", "in_plan"))


def test_who_is_held_and_goes_on_from_there_loses_nothing_that_came_before() -> None:
    assert of(check(assessment(*HELD, more_states=["held"])), "five_steps").status is Status.PROVED


def test_who_is_held_again_may_not_be_let_through_from_there() -> None:
    """Held in the planning, and later for signing: the second time is a return, whatever it is called."""
    seen = (row("hold", "in_plan", "held", '{ value = "seen", is = false }', "seen"), HELD[1])
    sign, approve = row("sign", "in_review", "held", SEEN, "seen"), row("approve", "held", "decided_so", SEEN)
    procedure = assessment(facts(seen='"bool"'), *seen, sign, approve, more_states=["held"])
    flaw = of(check(procedure), "five_steps")
    assert flaw.status is Status.FLAWED
    assert flaw.trace[-1].trigger == "approve"
    apart = assessment(
        facts(seen='"bool"'),
        *EARLY[:2],
        row("resume", "held", "in_plan"),
        approve.replace("held", "signed"),
        more_states=["held", "signed"],
    )
    assert of(check(apart), "five_steps").status is Status.PROVED


def test_who_is_held_on_a_way_that_was_gone_before_is_not_returned() -> None:
    """Once reviewed and sent back, it is held in a second planning, and after the second review for signing: no new round."""
    procedure = assessment(
        facts(seen='"bool"'),
        row("send_back", "in_review", "planned_anew"),
        row("hold", "planned_anew", "held", '{ value = "seen", is = false }', "seen"),
        row("resume", "held", "planned_anew"),
        row("report_anew", "planned_anew", "in_report"),
        row("sign", "in_review", "held", SEEN, "seen"),
        row("approve", "held", "decided_so", SEEN),
        more_states=["planned_anew", "held"],
        planned_anew='step = "plan"',
    )
    assert of(check(procedure), "five_steps").status is Status.PROVED
    again_ = ("send_back", ("hold", {"seen": False}), "resume", "report_anew", "to_in_review")
    with done(procedure, "open", *WAY, *again_) as live:
        before = live.case.round
        again(live, ("sign", {"seen": True}))
        assert live.case.round == before
        again(live, "approve")


def test_who_returns_to_where_all_was_done_has_no_more_done_than_before() -> None:
    """Signed after the review, then planned elsewhere, and from there brought back to where it was signed."""
    procedure = assessment(
        row("sign", "in_review", "signed"),
        row("resume", "signed", "planned_anew"),
        row("bring_back", "planned_anew", "signed"),
        row("approve", "signed", "decided_so"),
        more_states=["signed", "planned_anew"],
        planned_anew='step = "plan"',
    )
    flaw = of(check(procedure), "five_steps")
    assert flaw.status is Status.FLAWED
    assert [act_.trigger for act_ in flaw.trace][-4:] == ["sign", "resume", "bring_back", "approve"]
    assert "without “report”, “review” since" in flaw.text.en


def test_a_step_that_was_jumped_over_is_told_and_no_other() -> None:
    procedure = assessment(row("jump", "in_investigate", "in_plan"), row("cut", "in_plan", "decided_so"))
    flaw = of(check(procedure), "five_steps")
    assert [act_.trigger for act_ in flaw.trace] == ["open", "jump", "cut"]
    assert "without “analyze”, “report”, “review” since" in flaw.text.en


@pytest.mark.parametrize("step", ['step = "scope"', ""])
def test_after_a_return_behind_the_first_step_it_may_not_be_left_out(step: str) -> None:
    procedure = drafted(
        facts(again='"bool"'),
        states("first", *STEPS, final=["decided_so"], first=step, **STEPS, decided_so=OUTCOME),
        row("open", dest="first"),
        row("start", "first", "in_investigate"),
        *onward(),
        row("return", "in_review", "first", sets="again"),
        row("skip", "first", "in_analyze", '{ value = "again", is = true }'),
    )
    flaw = of(check(procedure), "five_steps")
    assert flaw.status is Status.FLAWED
    assert [act_.trigger for act_ in flaw.trace] == ["open", "start", *WAY, "return", "skip", *WAY[1:], "decide"]


NEWS = facts(news='"bool"\nmaterial = true')


def test_after_news_in_no_step_the_first_may_not_be_left_out() -> None:
    procedure = assessment(
        NEWS,
        row("pause", "in_review", "paused"),
        row("tell", "paused", sets="news"),
        row("go_on", "paused", "in_analyze"),
        more_states=["paused"],
    )
    flaw = of(check(procedure), "five_steps")
    assert [act_.trigger for act_ in flaw.trace][-7:] == ["pause", "tell", "go_on", *WAY[1:], "decide"]
    told_early = assessment(
        NEWS,
        row("tell", "in_investigate", sets="news"),
        row("pause", "in_review", "paused"),
        row("go_on", "paused", "in_analyze"),
        more_states=["paused"],
    )
    assert of(check(told_early), "five_steps").status is Status.PROVED


def test_what_changes_the_matter_with_the_decision_is_not_decided_after_the_steps() -> None:
    with_it = assessment(NEWS, row("decide_news", "in_review", "decided_so", sets="news"))
    assert of(check(with_it), "five_steps").status is Status.FLAWED
    within = assessment(NEWS, row("tell", "in_review", sets="news"))
    assert of(check(within), "five_steps").status is Status.PROVED, "the review has it before it"


# Items laid out anew, and such as were added


def checklist(add: str) -> Procedure:
    """A point laid out in each of two states, one more that may be added in the first; at most one may be open in the end."""
    point = 'fields.point = { type = "choice", of = "one" }'
    laid_out = 'preset = { field = "point", from = "one", dest = "open", at = ["p", "c"] }'
    return drafted(
        '[lists.one]\nonly = { title = { en = "only", zh = "仅此" } }\n',
        states("p", "c", final=["ended"]),
        row("open", dest="p"),
        row("go", "p", "c", '{ items = "point", in = "done", at_least = 1 }'),
        row("end", "c", "ended", '{ items = "point", in = "open", at_most = 1 }'),
        kind(
            "point",
            act(
                "add", dest="open", requires=f'{{ case = ["p"] }}, {{ items = "point", at_most = {add} }}', sets="point"
            ),
            act("finish", "open", "done", '{ case = ["p"] }'),
            more=f"{laid_out}\n{point}",
        ),
    )


def test_what_was_added_by_hand_is_not_superseded_with_what_was_laid_out() -> None:
    stuck = checklist("1")
    flaw = of(check(stuck), "ends")
    assert flaw.status is Status.FLAWED
    assert [act_.trigger for act_ in flaw.trace] == ["open", "add", "finish", "go"]
    with done(stuck, "open", "finish point-1", "+point", "go") as live, pytest.raises(Refused):
        again(live, "end")


# Where rows of items may be fired


def after_the_end(named: str) -> Procedure:
    return drafted(
        facts(people='"int"'),
        states("a", final=["ended"]),
        row("open", dest="a", sets="people"),
        row("end", "a", "ended", '{ items = "note", every = "done" }'),
        kind(
            "note",
            act("add", dest="open", requires=f'{{ when = {{ value = "people", at_least = 10 }}, case = {named} }}'),
            FINISH,
        ),
        wanted('never = [{ case = ["ended"] }, { items = "note", in = "open", at_least = 1 }]'),
    )


def test_a_row_that_names_a_final_state_on_a_condition_goes_on_there() -> None:
    procedure = after_the_end('["a", "ended"]')
    flaw = of(check(procedure), "authors")
    assert flaw.status is Status.FLAWED
    assert [act_.trigger for act_ in flaw.trace] == ["open", "end", "add"]
    with done(procedure, ("open", {"people": 10}), "end", "+note") as live:
        assert live.case.items["note-1"].state == "open"
    assert of(check(after_the_end('["a"]')), "authors").status is Status.PROVED


# What an author wants of whole paths


def led(*more: str) -> Procedure:
    """Approved with a good x, of which there is one; or refused, at any time."""
    return drafted(
        states("a", final=["granted", "refused"]),
        row("open", dest="a"),
        row("approve", "a", "granted", '{ items = "x", in = "good", at_least = 1 }'),
        row("refuse", "a", "refused"),
        *more,
        wanted('leads_to = [[{ case = ["a"] }], [{ case = ["granted"] }]]'),
    )


def test_what_is_to_be_reached_hangs_on_kinds_that_the_property_does_not_name() -> None:
    flaw = of(check(led(ONE_X)), "authors")
    assert flaw.status is Status.FLAWED
    assert [act_.trigger for act_ in flaw.trace] == ["open", "add", "fail"]
    sound = led(ONE_X.replace(', requires = [{ items = "x", at_most = 0 }]', ""))
    assert sound.items["x"].transitions[0].requires == ()
    assert of(check(sound), "authors").status is Status.PROVED


def test_what_is_never_to_come_first_is_shown_by_a_way_on_which_it_does() -> None:
    procedure = drafted(
        states("s", "a", "b", "c", "d", final=["ended"]),
        row("open", dest="s"),
        *(row(f"to_{there}", here, there) for here, there in ("sa", "ad", "sb", "bc", "cd")),
        row("end", "d", "ended"),
        wanted('before = [[{ case = ["a"] }], [{ case = ["d"] }]]'),
    )
    flaw = of(check(procedure), "authors")
    assert [act_.trigger for act_ in flaw.trace] == ["open", "to_b", "to_c", "to_d"]


def test_what_one_search_cannot_show_is_searched_with_everything() -> None:
    """Whether it is asked hangs on a share of the notes, which the property does not name."""
    procedure = drafted(
        facts(flag='"bool"'),
        states("a", "b", final=["ended"]),
        row("open", dest="a"),
        row("go", "a", "b", f'{{ when = {SHARE}, value = "flag", is = true }}', "flag"),
        row("end", "b", "ended"),
        kind("note", ADD, FINISH),
        wanted('never = [{ case = ["b"] }, { value = "flag", is = false }]'),
    )
    assert of(check(procedure), "authors").status is Status.FLAWED


# What a search comes to, and no case does


def tokens(most: int) -> Procedure:
    """Approved with two tokens and a used one; no more are added once there are more than ``most``."""
    return drafted(
        states("a", final=["granted", "refused"]),
        row("open", dest="a"),
        row(
            "approve",
            "a",
            "granted",
            '{ items = "t", in = "open", at_least = 2 }, { items = "t", in = "used", at_least = 1 }',
        ),
        row("refuse", "a", "refused"),
        kind(
            "t",
            act("add", dest="open", requires=f'{{ items = "t", at_most = {most} }}'),
            act("use", "open", "used"),
            final="used",
        ),
    )


def two_kinds(first: str) -> Procedure:
    """The way by which both kinds would be there asks that one of them is not."""
    add = act("add", dest="open", requires='{ case = ["a"] }')
    some, none = (f'{{{{ items = "{{}}", {one} }}}}' for one in ("at_least = 1", "at_most = 0"))
    return drafted(
        states("a", "p", final=["granted", "refused"]),
        row("open", dest="a"),
        row("go_x", "a", "p", f"{some.format('x')}, {first.format('y')}"),
        row("go_y", "a", "p", f"{some.format('y')}, {none.format('x')}"),
        row("grant", "p", "granted", f"{some.format('x')}, {some.format('y')}"),
        row("refuse", ["a", "p"], "refused"),
        kind("x", add, FINISH),
        kind("y", add, FINISH),
    )


@pytest.mark.parametrize(
    ("dead", "alive", "trigger"),
    [
        (tokens(1), tokens(2), "approve"),
        (two_kinds('{{ items = "{}", at_most = 0 }}'), two_kinds('{{ items = "{}", at_most = 1 }}'), "grant"),
    ],
)
def test_a_row_that_only_the_search_can_fire_is_dead(dead: Procedure, alive: Procedure, trigger: str) -> None:
    report = check(dead)
    assert [one.path for one in report.flaws] == [f"transitions.{trigger}"]
    assert check(alive).proved


def test_a_row_of_an_item_that_waits_for_what_never_comes_together_is_dead() -> None:
    """Both facts are wanted; the one asks for a note, the other that there is none."""
    asked = '{ case = ["c"] }, { value = "one", is = true }, { value = "two", is = true }'
    when = '{{ when = {{ value = "{}", is = true }}, items = "note", {} }}'
    procedure = drafted(
        facts(one='"bool"', two='"bool"'),
        states("a", "b", "c", final=["ended"]),
        row("open", dest="a"),
        row("go", "a", "b", when.format("one", "at_least = 1"), "one"),
        row("on", "b", "c", when.format("two", "at_most = 0"), "two"),
        row("end", "c", "ended", '{ items = "x", every = "done" }'),
        kind("note", act("add", dest="open", requires='{ case = ["a"] }'), FINISH),
        kind("x", act("add", dest="open", requires=asked), FINISH),
    )
    assert {one.path for one in check(procedure).flaws} == {f"items.x.transitions.{name}" for name in ("add", "finish")}


def test_an_outcome_and_a_gate_that_only_the_search_comes_to_are_none() -> None:
    both = '{ items = "t", in = "open", at_least = 2 }, { items = "t", in = "used", at_least = 1 }'
    procedure = assessment(
        row("refuse", "in_review", "refused_so", both),
        kind(
            "t",
            act("add", dest="open", requires='{ items = "t", at_most = 1 }'),
            act("use", "open", "used"),
            final="used",
        ),
        '[states.refused_so]\nfinal = true\nstep = "decided"\noutcome = "prohibit"\n',
        f'[gate]\nin = ["in_review"]\nrequires = [{both}]\n',
    )
    assert {one.property for one in check(procedure).flaws} >= {"outcomes", "gate", "rows"}


# Corrections


def test_where_nothing_goes_back_and_each_row_asks_only_about_what_it_states_corrections_change_nothing() -> None:
    asks = '{ value = "level", is = ["bad", "good"] }'
    straight = drafted(
        states("a", "b", final=["ended"]),
        row("open", dest="a"),
        row("go", "a", "b", asks, "level"),
        row("end", "b", "ended", '{ value = "level", is = "bad" }'),
        row("drop", "b", "ended", '{ value = "level", is = "good" }'),
        '[facts.level]\ntype = "choice"\nof = "grade"\n',
    )
    report = check(straight)
    assert (report.status, report.assumed) == (Status.PROVED, ())
