"""What programs read of a blocker: its kind, its facts, what is there and what is needed, to the letter."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from requirement_view import NOW, HandMade, act, blocked, entry, item, title

from stabflow.calendar import Duration
from stabflow.errors import Blocker
from stabflow.requirements import (
    AllOf,
    AnyOf,
    CaseIs,
    IndependentOf,
    ItemsAre,
    PluginAnswers,
    Requirement,
    RolesFilled,
    TimeElapsed,
    ValueIs,
)
from stabflow.text import Text

SUBORDINATE: dict[str, Any] = {
    "roles": {"boss": frozenset({"head"}), "me": frozenset({"clerk"})},
    "subordinates": {"head": frozenset({"clerk"})},
}
TWO = [item(1), item(2, "done", level="low")]


@pytest.mark.parametrize(
    ("requirement", "view", "kind", "facts", "have", "need"),
    [
        (ValueIs(value="people", at_least=1), {}, "unstated", {"unstated": ["people"]}, "not stated", "“people”"),
        (
            ValueIs(value=("a", "b"), times=3, at_most=9),
            {"values": {"a": Decimal("1.5"), "b": Decimal(2)}},
            "value",
            {"value": ["a", "b"], "comparison": "at_most", "have": "10.5", "needed": "9"},
            "10.5",
            "at most 9",
        ),
        (
            ValueIs(value="level", is_="low"),
            {"values": {"level": "high"}},
            "value",
            {"value": ["level"], "comparison": "is", "needed": ["low"]},
            "“high”",
            "“low”",
        ),
        (
            CaseIs(case=("planning", "review_stage")),
            {},
            "case",
            {"state": "voting", "needed": ["planning", "review_stage"]},
            "“voting”",
            "“planning” or “review_stage”",
        ),
        (
            RolesFilled(filled="clerk", at_least=2),
            {},
            "filled",
            {"role": "clerk", "count": 0, "needed": 2},
            "0",
            "at least 2",
        ),
        (
            TimeElapsed(elapsed="2 days", since="asking"),
            {},
            "elapsed",
            {"since": "asking"},
            "",
            "",
        ),
        (
            TimeElapsed(elapsed="2 days", since="asking"),
            {"own_entered": {"asking": entry(1)}},
            "elapsed",
            {"since": "asking", "earliest": "2026-03-03T08:00:00.000000Z"},
            "2026-03-01 08:00 (UTC)",
            "2026-03-03 08:00 (UTC)",
        ),
        (
            ItemsAre(items="risk", at_least=3),
            {"all_items": TWO},
            "items",
            {"kind": "risk", "count": 2, "needed": 3, "items": []},
            "2",
            "at least 3",
        ),
        (
            ItemsAre(items="risk", at_most=0),
            {"all_items": TWO},
            "items",
            {"kind": "risk", "count": 2, "needed": 0, "items": ["risk-1", "risk-2"]},
            "2",
            "none",
        ),
        (
            ItemsAre(items="risk", every="done"),
            {"all_items": TWO},
            "items",
            {"kind": "risk", "items": ["risk-1"]},
            "risk-1 is “open”",
            "“done”",
        ),
        (
            ItemsAre(items="risk", where={"level": "low"}, at_least=2),
            {"all_items": TWO},
            "unstated",
            {"kind": "risk", "items": ["risk-1"], "unstated": ["level"]},
            "not stated",
            "“level”",
        ),
    ],
)
def test_a_program_reads_what_a_person_does(
    requirement: Requirement, view: dict[str, Any], kind: str, facts: object, have: str, need: str
) -> None:
    found = blocked(requirement, HandMade(**view))
    assert (found.kind, dict(found.facts), found.have.en, found.need.en) == (kind, facts, have, need)


@pytest.mark.parametrize(
    ("view", "which", "en", "zh"),
    [
        ({"values": {"owner": "me"}}, "owner", "is the “owner”", "即为“〈owner〉”"),
        ({"values": {"owner": "boss"}, **SUBORDINATE}, "owner", "is below the “owner”", "是“〈owner〉”的下级"),
        ({"done": [act("look", "me", "clerk"), act("add", "me", "clerk")]}, "add", "did “add” here", "曾办理“〈add〉”"),
        (
            {"done": [act("look", "me", "clerk"), act("add", "boss", "head")], **SUBORDINATE},
            "add",
            "is below the “head”, who did “add” here",
            "是“〈head〉”的下级，后者曾办理“〈add〉”",
        ),
    ],
)
def test_who_is_not_independent_is_told_of_what(view: dict[str, Any], which: str, en: str, zh: str) -> None:
    asked = IndependentOf(independent_of=("add", "owner"))
    found = blocked(asked, HandMade(own_fields=frozenset({"owner"}), **view))
    assert (found.kind, dict(found.facts)) == ("independent_of", {"independent_of": which})
    assert found.have == Text(en, zh)
    assert found.need.en == "somebody else as “somebody else”"


def test_a_duration_that_is_over_to_the_moment_is_over() -> None:
    asked = TimeElapsed(elapsed=Duration.parse("2 days"), since="asking")
    view = HandMade(own_entered={"asking": entry(1)})
    over = view.after(NOW, Duration.parse("2 days"))
    assert asked.holds(HandMade(own_entered={"asking": entry(1)}, now=over))
    assert not asked.holds(view)
    assert blocked(asked).text == Text("“asking” has not been entered yet", "尚未进入“〈asking〉”")


def test_several_are_of_the_kind_that_joins_them() -> None:
    people, batches = ValueIs(value="people", at_least=1), ValueIs(value="batches", at_least=1)
    assert blocked(AllOf(all=(people, batches))).kind == "all"
    assert blocked(AnyOf(any=(people, batches))).kind == "any"
    conditions = blocked(CaseIs(case="nowhere", when=(people, batches)))
    assert (conditions.kind, conditions.unstated) == ("unstated", ("people", "batches"))


def test_what_the_act_itself_would_state_stays_pending_under_a_clause_and_from_a_plugin() -> None:
    view = HandMade(pending=frozenset({"people"}))
    assert blocked(ValueIs(value="people", at_least=1, clause="1"), view).pending
    assert not blocked(ValueIs(value="batches", at_least=1, clause="1"), view).pending
    answer = Blocker(kind="budget", text=title("no budget"), unstated=("sum",), pending=True)
    asked = PluginAnswers(plugin="budget", clause=("1",))
    found = blocked(asked, HandMade(plugins={"budget": lambda view, with_: answer}))
    assert (found.pending, found.unstated, found.clause) == (True, ("sum",), ("1",))
