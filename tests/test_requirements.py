"""What all requirements have in common: how they are written and kept, conditions, alternatives, what is unstated."""

from __future__ import annotations

import inspect
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from language_kit import load_tables, tables
from requirement_view import HandMade, blocked, item, muted, roles

from stabflow.calendar import Duration
from stabflow.language import from_canonical
from stabflow.language.canonical_form import canonical_bytes, plain
from stabflow.requirements import (
    KINDS,
    AllOf,
    AnyOf,
    CaseIs,
    IndependentOf,
    ItemsAre,
    PluginAnswers,
    Reads,
    Requirement,
    RolesFilled,
    TimeElapsed,
    ValueIs,
    View,
)
from stabflow.text import Text

SAMPLES = [sample for kind in KINDS.values() for sample in kind.samples()]
HOLDS = CaseIs(case="voting")
FAILS = CaseIs(case="asking")
UNKNOWN = ValueIs(value="unknown", is_=True)


# What is common to all


def test_the_list_is_closed_and_each_kind_is_marked_by_a_key_of_its_own() -> None:
    assert list(KINDS) == [
        "value", "items", "case", "filled", "independent_of", "elapsed", "any", "all", "plugin",
    ]  # fmt: skip
    for key, kind in KINDS.items():
        assert kind.kind == key
        assert key in {field.name.rstrip("_") for field in attrs.fields(kind)}
        assert not inspect.isabstract(kind)
        assert kind.samples()
        assert all(type(sample) is kind for sample in kind.samples())


def test_the_view_made_by_hand_answers_whatever_a_view_must() -> None:
    asked = {name for name in vars(View) if not name.startswith("_")}
    assert asked <= {*dir(HandMade), *(field.name for field in attrs.fields(HandMade))}


# A procedure in which every name that the samples use means something.
NAMES = """
[procedure]
id = "samples"
version = "1"
timezone = "UTC"
title = { en = "samples", zh = "样例" }
source = "tests"
[lists.choice]
low = { title = { en = "low", zh = "低" } }
medium = { title = { en = "medium", zh = "中" } }
high = { title = { en = "high", zh = "高" } }
implement = { title = { en = "implement", zh = "实施" } }
[parameters]
quorum = { value = 2, verified = true }
comment_period = { value = "3 days", verified = true }
[roles]
member = { title = { en = "member", zh = "成员" } }
chair = { title = { en = "chair", zh = "主席" } }
assessment_unit = { title = { en = "unit", zh = "评估主体" } }
[facts]
support = { type = "int" }
oppose = { type = "int" }
other = { type = "int" }
responded = { type = "int" }
invited = { type = "int" }
people = { type = "int" }
batches_of_30 = { type = "int" }
contested = { type = "bool" }
larger_hazards = { type = "bool" }
overall_level = { type = "choice", of = "choice" }
concerned = { type = "actor" }
[states]
published = { step = "plan", accountable = "member", open_ended = true }
deciding = { accountable = "member", open_ended = true }
done = { final = true }
[[transitions]]
trigger = "add"
dest = "published"
by = "chair"
[[transitions]]
trigger = "state"
source = "*"
by = "member"
set = ["support", "oppose", "other", "responded", "invited", "people", "batches_of_30", "contested", "larger_hazards",
  "overall_level", "concerned"]
[[transitions]]
trigger = "go"
source = "published"
dest = "deciding"
by = "member"
[[transitions]]
trigger = "end"
source = "deciding"
dest = "done"
by = ["member", "concerned"]
"""
KIND = """
[items.{0}]
title = {{ en = "{0}", zh = "某" }}
fields.{1} = {{ type = "choice", of = "choice" }}
states.rated = {{ accountable = "member", open_ended = true }}
states.answered = {{ final = true }}
transitions = [
  {{ trigger = "add", dest = "rated", by = "member", set = "{1}" }},
  {{ trigger = "end", source = "rated", dest = "answered", by = "member" }},
]
"""
KINDS_OF_ITEM = {"consultation": "method", "objection": "topic", "vote": "position", "risk": "level"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: f"{one.kind}: {plain(one)!r:.50}")
def test_samples_go_through_the_loader_and_through_the_store(sample: Requirement) -> None:
    content = tables(NAMES + "".join(KIND.format(*pair) for pair in KINDS_OF_ITEM.items()))
    load_tables(content)
    content["transitions"][-1]["requires"] = as_toml(plain(sample))
    procedure = load_tables(content)
    (found,) = procedure.case.transitions[-1].requires
    assert found == sample
    assert type(found) is type(sample)
    assert from_canonical(canonical_bytes(procedure)).case.transitions[-1].requires == (sample,)


def as_toml(said: Any) -> Any:
    """A requirement's canonical form as TOML tables: ``where`` and ``with`` are lists of pairs there."""
    if isinstance(said, dict):
        return {key: dict(one) if key in ("where", "with") else as_toml(one) for key, one in said.items()}
    return [as_toml(one) for one in said] if isinstance(said, list) else said


def test_a_list_of_one_may_be_bare_in_python_too() -> None:
    assert ValueIs(value="a", is_=True) == ValueIs(value=["a"], is_=(True,))
    assert ValueIs(value="a", is_="word").is_ == ("word",)
    assert ItemsAre(items="a", in_="b", where={"c": "d"}, every="e") == ItemsAre(
        items="a", in_=["b"], where={"c": ["d"]}, every=["e"]
    )
    assert CaseIs(case="deciding").case == ("deciding",)
    assert RolesFilled(filled="chair").filled == ("chair",)
    assert IndependentOf(independent_of="add").independent_of == ("add",)
    assert CaseIs(case="a", when=HOLDS, clause="1") == CaseIs(case="a", when=[HOLDS], clause=["1"])
    assert TimeElapsed(elapsed="3 days", since="a").elapsed == Duration.parse("3 days")
    assert TimeElapsed(elapsed="pause", since="a").elapsed == "pause"


def test_what_is_read() -> None:
    nested = AnyOf(
        any=[ValueIs(value=["a", "b"], at_most="bound"), AllOf(all=[HOLDS, ItemsAre(items="vote", at_least="quorum")])],
        when=[ValueIs(value="asked", is_=True), RolesFilled(filled="chair", at_least="seats")],
    )
    assert nested.reads() == Reads(frozenset({"a", "b", "bound", "quorum", "asked", "seats"}), frozenset({"vote"}))
    assert ItemsAre(items="risk", where={"level": "high"}, at_most=0).reads() == Reads(kinds=frozenset({"risk"}))
    assert IndependentOf(independent_of=["add", "owner"]).reads() == Reads(frozenset({"add", "owner"}))
    assert TimeElapsed(elapsed="pause", since="a").reads() == PluginAnswers(plugin="p").reads() == Reads()


def test_depth_size_and_paths() -> None:
    nested = AnyOf(any=[HOLDS, AllOf(all=[HOLDS, FAILS], when=UNKNOWN)], when=[HOLDS])
    assert nested.depth() == 3
    assert nested.size() == 7
    assert [path for path, _ in nested.walk("requires[0]")] == [
        "requires[0]",
        "requires[0].when[0]",
        "requires[0].any[0]",
        "requires[0].any[1]",
        "requires[0].any[1].when[0]",
        "requires[0].any[1].all[0]",
        "requires[0].any[1].all[1]",
    ]
    assert next(iter(nested.walk()))[0] == ""
    assert [path for path, _ in nested.walk()][1] == "when[0]"


def test_clause_and_title_are_those_of_the_requirement() -> None:
    said = CaseIs(case="asking", clause="四.1", title=Text("ask first", "先征求意见"))
    blocker = blocked(said)
    assert blocker.clause == ("四.1",)
    assert blocker.text == Text("ask first", "先征求意见")
    assert blocker.sentence().en == "ask first [clause 四.1] — can be cured by: enters asking"
    assert blocked(FAILS).text.en == "the case must be in “asking”, but is in “voting”"


def test_the_title_does_not_hide_what_must_be_stated() -> None:
    blocker = blocked(attrs.evolve(UNKNOWN, title=Text("it must be so", "须如此"), clause="1"))
    assert blocker.text.en == "state “unknown” first"
    assert blocker.clause == ("1",)


# Judged without a word


def test_what_is_thrown_away_is_never_put_in_words() -> None:
    view = HandMade(all_items=[item(1), item(2, level="low")], values={"people": 2})
    mute = muted(view)
    lacking = [
        FAILS,
        UNKNOWN,
        ValueIs(value="people", equals=3),
        ValueIs(value="people", is_=3),
        ItemsAre(items="risk", at_least=3),
        ItemsAre(items="risk", every="done"),
        ItemsAre(items="risk", over=Fraction(1, 2), in_="done"),
        ItemsAre(items="risk", where={"level": "high"}, at_most=0),
        RolesFilled(filled="chair"),
        TimeElapsed(elapsed="3 days", since="asking"),
    ]
    for one in lacking:
        assert not one.holds(mute)
        assert AnyOf(any=[one, HOLDS]).holds(mute)
        assert not AllOf(all=[one, HOLDS], title=Text("both", "均须"), clause="1").holds(mute)
        assert attrs.evolve(FAILS, when=[one]).holds(mute) == (not blocked(one, view).unstated)


# Conditions


def test_what_is_not_asked_holds() -> None:
    assert attrs.evolve(FAILS, when=[FAILS]).blocker(HandMade()) is None
    assert attrs.evolve(FAILS, when=[HOLDS, FAILS]).blocker(HandMade()) is None
    assert attrs.evolve(HOLDS, when=[HOLDS]).blocker(HandMade()) is None
    assert blocked(attrs.evolve(FAILS, when=[HOLDS])).facts == {"state": "voting", "needed": ["asking"]}


@pytest.mark.parametrize("when", [[UNKNOWN], [HOLDS, UNKNOWN], [FAILS, UNKNOWN], [UNKNOWN, FAILS]])
@pytest.mark.parametrize("asked", [HOLDS, FAILS], ids=["holds", "fails"])
def test_an_unstated_condition_never_passes(asked: Requirement, when: list[Requirement]) -> None:
    blocker = blocked(attrs.evolve(asked, when=when, clause="2"))
    assert blocker.kind == "unstated"
    assert blocker.unstated == ("unknown",)
    assert blocker.text == Text("state “unknown” first", "请先填报“〈unknown〉”")
    assert blocker.clause == ("2",)
    assert roles(blocker) == ["states unknown"]


def test_every_unstated_condition_is_told() -> None:
    other = ValueIs(value="other", is_=True, clause="9")
    blocker = blocked(attrs.evolve(HOLDS, when=[UNKNOWN, other]))
    assert blocker.unstated == ("unknown", "other")
    assert blocker.text.en == "state “unknown” first; and: state “other” first"
    assert roles(blocker) == ["states unknown", "states other"]
    assert blocker.clause == ("9",)


def test_only_what_is_unstated_is_told_of_a_condition() -> None:
    blocker = blocked(attrs.evolve(HOLDS, when=AnyOf(any=[FAILS, AllOf(all=[FAILS, UNKNOWN])])))
    assert blocker.text.en == "state “unknown” first"
    assert roles(blocker) == ["states unknown"]


@pytest.mark.parametrize(
    "condition",
    [
        ItemsAre(items="risk", where={"level": "high"}, at_least=1),
        ItemsAre(items="risk", where={"level": "high"}, at_most=0),
        ItemsAre(items="risk", where={"level": "high"}, equals=1),
        ItemsAre(items="risk", where={"level": "high"}, over=Fraction(1, 2)),
        ItemsAre(items="risk", where={"level": "high"}, every="done"),
    ],
    ids=lambda one: next(key for key in ("at_least", "at_most", "equals", "over", "every") if getattr(one, key) is not None),
)  # fmt: skip
def test_an_item_that_would_decide_a_condition_must_be_stated_first(condition: ItemsAre) -> None:
    view = HandMade(all_items=[item(1)])
    blocker = blocked(attrs.evolve(HOLDS, when=condition), view)
    assert blocker.unstated == ("level",)
    assert blocker.text.en == "state “level” of risk-1 first"


# any, all


@pytest.mark.parametrize(
    ("parts", "any_holds", "all_hold"),
    [
        ([HOLDS, HOLDS], True, True),
        ([HOLDS, FAILS], True, False),
        ([FAILS, HOLDS], True, False),
        ([FAILS, FAILS], False, False),
        ([HOLDS, UNKNOWN], True, False),
        ([FAILS, UNKNOWN], False, False),
        ([UNKNOWN, UNKNOWN], False, False),
    ],
)
def test_one_or_all_of_them_hold(parts: list[Requirement], any_holds: bool, all_hold: bool) -> None:
    view = HandMade()
    assert (AnyOf(any=parts).blocker(view) is None) == any_holds
    assert (AllOf(all=parts).blocker(view) is None) == all_hold
    for combined, holds in ((AnyOf(any=parts), any_holds), (AllOf(all=parts), all_hold)):
        if not holds:
            assert blocked(combined).unstated == (("unknown",) if UNKNOWN in parts else ())


def test_alternatives_are_told_each_with_its_cure() -> None:
    first = CaseIs(case="asking", clause="1")
    second = ValueIs(value="people", at_most=1, clause=["2", "1"])
    view = HandMade(values={"people": 2})
    either = blocked(AnyOf(any=[first, second]), view)
    assert either.text.en == (
        "the case must be in “asking”, but is in “voting” – or: “people” must be at most 1, but is 2"
    )
    assert either.have.en == "“voting”; 2"
    assert either.need.en == "“asking” – or: at most 1"
    assert roles(either) == ["enters asking", "states people"]
    assert either.clause == ("1", "2")
    assert [part.get("value") for part in either.facts["parts"]] == [None, ["people"]]  # type: ignore[attr-defined]
    both = blocked(AllOf(all=[first, second]), view)
    assert both.text.en.count("; and: ") == 1
    assert blocked(AnyOf(any=[first, second], clause="3"), view).clause == ("3",)


def test_only_what_fails_of_all_is_told() -> None:
    blocker = blocked(AllOf(all=[HOLDS, FAILS]))
    assert blocker.text == blocked(FAILS).text
    assert blocker.kind == "case"


def test_any_is_pending_with_one_part_and_all_with_every_part() -> None:
    view = HandMade(pending=frozenset({"unknown"}))
    assert blocked(AnyOf(any=[UNKNOWN, FAILS]), view).pending
    assert not blocked(AllOf(all=[UNKNOWN, FAILS]), view).pending
    assert blocked(AllOf(all=[UNKNOWN, attrs.evolve(UNKNOWN, is_=(False,))]), view).pending


def test_a_part_that_is_not_asked_holds() -> None:
    unasked = attrs.evolve(FAILS, when=[FAILS])
    assert AnyOf(any=[unasked, FAILS]).blocker(HandMade()) is None
    assert AllOf(all=[unasked, HOLDS]).blocker(HandMade()) is None


THREE = {"holds": HOLDS, "fails": FAILS, "unknown": UNKNOWN}


@given(
    st.recursive(
        st.sampled_from(sorted(THREE)).map(THREE.__getitem__),
        lambda inner: (
            st.builds(AnyOf, any=st.lists(inner, min_size=2, max_size=3), when=st.lists(inner, max_size=1))
            | st.builds(AllOf, all=st.lists(inner, min_size=2, max_size=3), when=st.lists(inner, max_size=1))
        ),
        max_leaves=8,
    )
)
def test_what_passes_with_something_unstated_passes_however_it_is_stated(requirement: Requirement) -> None:
    judged = requirement.shortfall(muted(HandMade(pending=frozenset({"unknown"}))))
    blocker = requirement.blocker(HandMade(pending=frozenset({"unknown"})))
    assert requirement.holds(HandMade()) == (judged is None) == (blocker is None)
    if judged is not None and blocker is not None:
        assert (judged.unstated, judged.pending) == (blocker.unstated, blocker.pending)
    answers = [requirement.blocker(HandMade(values={"unknown": value})) for value in (True, False)]
    assert not any(answer.unstated for answer in answers if answer is not None)
    if blocker is None:
        assert answers == [None, None]
    elif not blocker.unstated:
        assert None not in answers
    else:
        assert blocker.unstated == ("unknown",)
        assert all(question.unstated for question in requirement.questions(HandMade()))
