"""Each kind of requirement on its own: when it holds, what it tells when not, who can cure it. Those on items stand apart."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest
from requirement_view import NOW, HandMade, act, blocked, entry, roles, title

from stabflow.errors import Blocker
from stabflow.requirements import CaseIs, IndependentOf, PluginAnswers, RolesFilled, TimeElapsed, ValueIs, View
from stabflow.text import Text, either, quoted
from stabflow.values import Value

# value


@pytest.mark.parametrize(
    ("comparison", "bound", "holding", "failing"),
    [
        ("at_least", 3, [3, 4, Decimal("3.0")], [2, Decimal("2.999"), -3]),
        ("at_most", 3, [3, 2, -9], [4, Decimal("3.001")]),
        ("equals", 3, [3, Decimal("3.00")], [2, 4, Decimal("3.5")]),
    ],
)
def test_a_number_compares_at_its_boundary(
    comparison: str, bound: int, holding: list[Value], failing: list[Value]
) -> None:
    for by_name in (False, True):
        requirement = ValueIs(value="people", **{comparison: "limit" if by_name else bound})
        for value in holding:
            assert requirement.blocker(HandMade(values={"people": value, "limit": bound})) is None
        for value in failing:
            blocker = blocked(requirement, HandMade(values={"people": value, "limit": bound}))
            assert blocker.kind == "value"
            assert blocker.have.en == f"{Decimal(value):f}"  # type: ignore[arg-type]
            assert roles(blocker) == (["states people", "states limit"] if by_name else ["states people"])
            assert not blocker.unstated


def test_numbers_read_well() -> None:
    view = HandMade(values={"support": 3, "oppose": 2, "other": 1, "responded": 7, "batches": 2, "people": 50})
    adds_up = blocked(ValueIs(value=["support", "oppose", "other"], equals="responded"), view)
    assert adds_up.text == Text(
        "“support” + “oppose” + “other” must be exactly “responded” (7), but is 6",
        "“〈support〉”+“〈oppose〉”+“〈other〉”应等于“〈responded〉”（7），现为6",
    )
    assert adds_up.facts == {
        "value": ["support", "oppose", "other"],
        "comparison": "equals",
        "have": "6",
        "needed": "7",
    }
    times = blocked(ValueIs(value="batches", times=30, at_most="people"), view)
    assert times.text == Text(
        "“batches” × 30 must be at most “people” (50), but is 60", "“〈batches〉”×30应不多于“〈people〉”（50），现为60"
    )
    both = blocked(ValueIs(value=["batches", "other"], times=2, at_least=9), view)
    assert both.text == Text(
        "(“batches” + “other”) × 2 must be at least 9, but is 6", "（“〈batches〉”+“〈other〉”）×2应不少于9，现为6"
    )


def test_sums_are_exact() -> None:
    large, small = Decimal(10) ** 30, Decimal(10) ** -30
    view = HandMade(values={"a": large, "b": small, "limit": large})
    assert ValueIs(value="a", at_most="limit").blocker(view) is None
    blocked(ValueIs(value=["a", "b"], at_most="limit"), view)
    assert ValueIs(value=["a", "b", "b"], at_least="limit").blocker(view) is None


@pytest.mark.parametrize(
    ("value", "accepted", "holds"),
    [
        (True, True, True),
        (False, True, False),
        ("low", ["low", "medium"], True),
        ("high", ["low", "medium"], False),
        (("law", "money"), "money", True),
        (("law",), ["money", "law"], True),
        (("law",), "money", False),
        (3, [1, 3], True),
        (2, [1, 3], False),
        (1, True, False),
        (True, 1, False),
        (0, False, False),
    ],
)
def test_a_value_is_one_of_those_accepted_and_of_their_type(value: Value, accepted: Any, holds: bool) -> None:
    requirement = ValueIs(value="level", is_=accepted)
    view = HandMade(values={"level": value})
    if holds:
        assert requirement.blocker(view) is None
        return
    blocker = blocked(requirement, view)
    accepted = list(accepted) if isinstance(accepted, list) else [accepted]
    assert blocker.need == either([title(str(one)) for one in accepted])
    if isinstance(value, tuple):
        assert blocker.have == quoted(title(value[0]))
        assert blocker.text.en == f"“level” must include {blocker.need}, but names only {blocker.have}"
        assert blocker.text.zh == f"“〈level〉”应包含{blocker.need.zh}，现仅有{blocker.have.zh}"
    else:
        assert blocker.have == quoted(title(str(value)))
        assert blocker.text.en == f"“level” must be {blocker.need}, but is {blocker.have}"
        assert blocker.text.zh == f"“〈level〉”应为{blocker.need.zh}，现为{blocker.have.zh}"
    assert roles(blocker) == ["states level"]
    assert blocker.facts["value"] == ["level"]


def test_what_is_unstated_is_told_all_at_once() -> None:
    requirement = ValueIs(value=["support", "oppose"], equals="responded")
    blocker = blocked(requirement, HandMade(values={"support": 3}))
    assert blocker.kind == "unstated"
    assert blocker.unstated == ("oppose", "responded")
    assert blocker.text == Text("state “oppose” and “responded” first", "请先填报“〈oppose〉”、“〈responded〉”")
    assert roles(blocker) == ["states oppose", "states responded"]
    assert not blocker.pending


def test_what_the_act_itself_would_state_is_pending() -> None:
    requirement = ValueIs(value="support", equals="responded")
    assert blocked(requirement, HandMade(pending=frozenset({"support", "responded"}))).pending
    assert not blocked(requirement, HandMade(pending=frozenset({"support"}))).pending
    assert not blocked(requirement, HandMade(values={"support": 1, "responded": 2})).pending


def test_zero_and_false_are_stated() -> None:
    assert ValueIs(value="people", at_most=0).blocker(HandMade(values={"people": 0})) is None
    assert ValueIs(value="contested", is_=False).blocker(HandMade(values={"contested": False})) is None


# case


def test_the_case_stands_in_a_state_or_a_step() -> None:
    view = HandMade(case_state="voting", case_step="review")
    assert CaseIs(case=["asking", "voting"]).blocker(view) is None
    assert CaseIs(case="review").blocker(view) is None
    blocker = blocked(CaseIs(case=["asking", "plan"]), view)
    assert blocker.text == Text(
        "the case must be in “asking” or “plan”, but is in “voting”",
        "案件应处于“〈asking〉”或“〈plan〉”，现处于“〈voting〉”",
    )
    assert (blocker.have, blocker.need) == (
        quoted(title("voting")),
        Text("“asking” or “plan”", "“〈asking〉”或“〈plan〉”"),
    )
    assert roles(blocker) == ["enters asking plan"]
    assert not blocker.unstated


def test_a_case_that_is_not_open_yet_stands_nowhere() -> None:
    blocker = blocked(CaseIs(case="asking"), HandMade(case_state="", case_step=""))
    assert blocker.text == Text("the case must be in “asking”, but is not open yet", "案件应处于“〈asking〉”，尚未启动")


# filled


def test_each_role_has_so_many_holders() -> None:
    view = HandMade(roles={"a": frozenset({"member"}), "b": frozenset({"member", "chair"})}, values={"quorum": 2})
    assert RolesFilled(filled=["member", "chair"]).blocker(view) is None
    assert RolesFilled(filled="member", at_least=2).blocker(view) is None
    assert RolesFilled(filled="member", at_least="quorum").blocker(view) is None
    blocker = blocked(RolesFilled(filled="member", at_least=3), view)
    assert blocker.text == Text(
        "member: at least 3 holders needed, 2 there", "〈member〉：至少需有3人任职，现有2人"
    )  # fmt: skip
    assert (blocker.have, blocker.need) == (Text("2", "2人"), Text("at least 3", "至少3人"))
    assert blocker.facts == {"role": "member", "count": 2, "needed": 3}
    assert roles(blocker) == ["appoints member"]
    by_name = blocked(RolesFilled(filled="chair", at_least="quorum"), view)
    assert by_name.text == Text(
        "chair: at least 2 holders needed (“quorum”), 1 there", "〈chair〉：至少需有2人任职（“〈quorum〉”），现有1人"
    )


def test_every_vacant_role_is_told() -> None:
    blocker = blocked(RolesFilled(filled=["member", "chair", "clerk"]), HandMade(roles={"a": frozenset({"chair"})}))
    assert blocker.text == Text(
        "member: at least 1 holder needed, none there; clerk: at least 1 holder needed, none there",
        "〈member〉：至少需有1人任职，现无人任职；〈clerk〉：至少需有1人任职，现无人任职",
    )
    assert roles(blocker) == ["appoints member", "appoints clerk"]
    assert blocker.kind == "filled"


# independent_of

STAFF = {
    "me": frozenset({"inspector"}),
    "boss": frozenset({"head"}),
    "peer": frozenset({"inspector"}),
    "both": frozenset({"inspector", "head"}),
    "outsider": frozenset({"auditor"}),
}
BELOW = {"head": frozenset({"inspector"})}


def independence(**keys: Any) -> HandMade:
    return HandMade(roles=STAFF, subordinates=BELOW, **keys)


@pytest.mark.parametrize(
    ("done", "why"),
    [
        ([], None),
        ([act("add", "peer", "inspector")], None),
        ([act("add", "outsider", "auditor")], None),
        ([act("other", "me", "inspector")], None),
        ([act("add", "me", "inspector")], "did “add” here"),
        ([act("add", "boss", "head")], "is below the “head”, who did “add” here"),
        ([act("add", "peer", "inspector"), act("add", "me", "inspector")], "did “add” here"),
        ([act("add", "both", "inspector")], "is below the “head”, who did “add” here"),
        ([act("add", "boss", "owner")], "is below the “head”, who did “add” here"),
        ([act("add", "gone", "head")], "is below the “head”, who did “add” here"),
        ([act("add", "gone", "owner")], None),
    ],
)
def test_nobody_judges_their_own_work_nor_their_superiors(done: list[Any], why: str | None) -> None:
    requirement = IndependentOf(independent_of="add")
    if why is None:
        assert requirement.blocker(independence(done=done)) is None
        return
    blocker = blocked(requirement, independence(done=done))
    assert blocker.have.en == why
    assert blocker.text.en == f"somebody independent must do this: the actor {why}"
    assert blocker.text.zh == f"应由独立人员办理：该办理人{blocker.have.zh}"
    assert blocker.need == Text("somebody else as “somebody else”", "由其他人员以“〈somebody else〉”身份办理")
    assert roles(blocker) == ["somebody else"]
    assert blocker.facts == {"independent_of": "add"}
    assert not blocker.unstated


@pytest.mark.parametrize(
    ("holder", "why"),
    [
        ("me", "is the “owner”"),
        ("boss", "is below the “owner”"),
        ("peer", None),
        ("outsider", None),
        (None, None),
    ],
)
def test_nor_what_concerns_them(holder: str | None, why: str | None) -> None:
    values: dict[str, Value] = {} if holder is None else {"owner": holder}
    view = independence(values=values, own_fields=frozenset({"owner"}))
    blocker = IndependentOf(independent_of=["add", "owner"]).blocker(view)
    assert (None if blocker is None else blocker.have.en) == why


# elapsed


def test_time_runs_out_at_its_last_instant() -> None:
    requirement = TimeElapsed(elapsed="3 days", since="asking")
    view = HandMade(own_entered={"asking": entry(1, NOW)}, now=NOW + timedelta(days=3))
    assert requirement.blocker(view) is None
    blocker = blocked(requirement, attrs.evolve(view, now=view.now - timedelta(microseconds=1)))
    assert blocker.text == Text(
        "not possible before 2026-03-04 08:00 (UTC): the time since “asking” was entered has not run out yet",
        "2026年3月4日08:00（UTC）之前不可办理：自进入“〈asking〉”起的期限尚未届满",
    )
    assert (blocker.have.en, blocker.need.en) == ("2026-03-04 07:59:59 (UTC)", "2026-03-04 08:00 (UTC)")
    assert blocker.facts == {"since": "asking", "earliest": "2026-03-04T08:00:00.000000Z"}
    assert blocker.cure == ()
    assert not blocker.unstated
    by_name = TimeElapsed(elapsed="pause", since="asking")
    assert by_name.blocker(view) is None
    blocked(by_name, attrs.evolve(view, now=NOW))


def test_time_does_not_run_in_a_state_never_entered() -> None:
    blocker = blocked(TimeElapsed(elapsed="3 days", since="asking"), HandMade(entered={"asking": entry(1)}))
    assert blocker.text.en == "“asking” has not been entered yet"


# plugin


def test_a_plugin_is_asked_with_its_table_and_answers_for_itself() -> None:
    asked: list[tuple[object, object]] = []

    def budget(view: View, table: object) -> Blocker | None:
        asked.append((view, table))
        return None if len(asked) == 1 else Blocker("budget", Text("no money", "无预算"), clause=("9",))

    view = HandMade(plugins={"budget": budget})
    requirement = PluginAnswers(plugin="budget", with_={"year": 2026}, clause="5")
    assert requirement.blocker(view) is None
    blocker = blocked(requirement, view)
    assert blocker.text.en == "no money"
    assert blocker.clause == ("5",)
    assert blocked(attrs.evolve(requirement, clause=()), view).clause == ("9",)
    assert asked[0] == (view, {"year": 2026})
    with pytest.raises(TypeError):
        asked[0][1]["year"] = 2027  # type: ignore[index]
