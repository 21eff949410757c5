"""Requirements on items: every comparison at its boundary, this round's items, and items of which too little is stated."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from requirement_view import HandMade, blocked, entry, item, roles

from stabflow.case import Item
from stabflow.requirements import ItemsAre
from stabflow.text import Text


def risks(count: int, state: str = "open", **fields: Any) -> list[Item]:
    return [item(number, state, **fields) for number in range(1, count + 1)]


# Counts


@pytest.mark.parametrize(
    ("comparison", "holding"),
    [("at_least", {2, 3, 4}), ("at_most", {0, 1, 2}), ("equals", {2})],
)
def test_a_count_compares_at_its_boundary(comparison: str, holding: set[int]) -> None:
    for bound in (2, "quorum"):
        requirement = ItemsAre(items="risk", **{comparison: bound})
        for count in range(5):
            view = HandMade(all_items=[*risks(count), item(9, kind="vote")], values={"quorum": 2})
            assert (requirement.blocker(view) is None) == (count in holding), count


def test_what_is_missing_is_cured_by_who_adds_and_what_is_too_much_by_who_moves() -> None:
    few = blocked(ItemsAre(items="risk", at_least=2), HandMade(all_items=risks(1)))
    assert few.text == Text("risk: at least 2 needed, 1 there", "〈risk〉：至少需要2项，现有1项")
    assert (few.have, few.need) == (Text("1", "1项"), Text("at least 2", "至少2项"))
    assert roles(few) == ["lets another risk count"]
    assert few.facts == {"kind": "risk", "count": 1, "needed": 2, "items": []}
    many = blocked(ItemsAre(items="risk", in_="open", at_most=1), HandMade(all_items=risks(2)))
    assert many.text.en == "risk (“open”): at most 1 allowed, 2 there: risk-1, risk-2"
    assert many.text.zh == "〈risk〉（“〈open〉”）：至多允许1项，现有2项：risk-1、risk-2"
    assert many.need == Text("at most 1", "至多1项")
    assert many.facts["items"] == ["risk-1", "risk-2"]
    assert roles(many) == ["lets risk-1 risk-2 out of open"]
    exact = ItemsAre(items="risk", equals=1)
    none = blocked(exact, HandMade())
    assert none.text == Text("risk: exactly 1 needed, none there", "〈risk〉：应恰好有1项，尚无")
    assert (none.have.en, none.need, roles(none)) == ("0", Text("exactly 1", "恰好1项"), ["lets another risk count"])
    assert roles(blocked(exact, HandMade(all_items=risks(2)))) == ["lets risk-1 risk-2"], "out of no state, by no field"
    high = blocked(
        ItemsAre(items="risk", where={"level": "high"}, at_most=0), HandMade(all_items=[item(1, level="high")])
    )
    assert roles(high) == ["lets risk-1 by level"]
    opened = ItemsAre(items="risk", in_="open", where={"level": "high"}, since="voting", at_least=1)
    view = HandMade(all_items=[item(1, "done"), item(2, added=4)], entered={"voting": entry(3)})
    assert roles(blocked(ItemsAre(items="risk", in_="open", at_least=1), HandMade(all_items=[item(1, "done")]))) == [
        "lets risk-1 or another risk count open"
    ]
    assert roles(blocked(opened, view)) == ["lets risk-2 or another risk count open level"], "those of this round"


@pytest.mark.parametrize("comparison", ["at_most", "equals"])
def test_none_allowed_is_said_so(comparison: str) -> None:
    blocker = blocked(ItemsAre(items="risk", **{comparison: 0}), HandMade(all_items=risks(2)))
    assert blocker.text == Text(
        "risk: none allowed, 2 there: risk-1, risk-2", "〈risk〉：不得有，现有2项：risk-1、risk-2"
    )  # fmt: skip
    assert blocker.need == Text("none", "无")


def test_a_number_with_a_name_is_told_with_it() -> None:
    blocker = blocked(ItemsAre(items="vote", at_least="quorum"), HandMade(values={"quorum": 3}))
    assert blocker.text == Text(
        "vote: at least 3 needed (“quorum”), none there", "〈vote〉：至少需要3项（“〈quorum〉”），尚无"
    )  # fmt: skip
    assert blocker.need == Text("at least 3", "至少3项")


def test_a_quorum_that_nobody_knows_is_stated_first() -> None:
    blocker = blocked(ItemsAre(items="vote", at_least="quorum"), HandMade())
    assert blocker.unstated == ("quorum",)


# Filters


def test_only_items_in_the_states_count() -> None:
    view = HandMade(all_items=[item(1, "open"), item(2, "rated"), item(3, "gone")])
    assert ItemsAre(items="risk", in_="rated", equals=1).blocker(view) is None
    assert ItemsAre(items="risk", in_=["open", "rated"], equals=2).blocker(view) is None
    assert ItemsAre(items="risk", in_="lost", equals=0).blocker(view) is None


def test_only_items_with_the_values_count() -> None:
    view = HandMade(
        all_items=[item(1, level="low", sure=True), item(2, level="high", sure=True), item(3, level="high", sure=False)]
    )
    assert ItemsAre(items="risk", where={"level": "high"}, equals=2).blocker(view) is None
    assert ItemsAre(items="risk", where={"level": ["low", "high"]}, equals=3).blocker(view) is None
    assert ItemsAre(items="risk", where={"level": "high", "sure": True}, equals=1).blocker(view) is None
    assert ItemsAre(items="risk", where={"sure": 1}, equals=0).blocker(view) is None
    several = HandMade(all_items=[item(1, areas=("a", "b")), item(2, areas=("c",))])
    assert ItemsAre(items="risk", where={"areas": ["b", "x"]}, equals=1).blocker(several) is None  # fmt: skip


def test_items_of_this_round_are_those_added_in_or_after_the_entering() -> None:
    requirement = ItemsAre(items="risk", since="voting", at_least=1)
    entered = {"voting": entry(7)}
    assert requirement.blocker(HandMade(all_items=[item(1, added=7)], entered=entered)) is None
    assert requirement.blocker(HandMade(all_items=[item(1, added=8)], entered=entered)) is None
    blocker = blocked(requirement, HandMade(all_items=[item(1, added=6)], entered=entered))
    assert blocker.text.en == "risk (since “voting” was last entered): at least 1 needed, none there"
    assert blocker.text.zh == "〈risk〉（自最近一次进入“〈voting〉”起）：至少需要1项，尚无"


def test_all_filters_are_told() -> None:
    where = {"level": ["low", "high"], "sure": True}
    blocker = blocked(ItemsAre(items="risk", in_=["open", "done"], where=where, since="voting", at_least=1))
    assert blocker.text.en == (
        "risk (“open” or “done”; level: “low” or “high”; sure: “True”; since “voting” was last entered):"
        " at least 1 needed, none there"
    )
    assert blocker.text.zh == (
        "〈risk〉（“〈open〉”或“〈done〉”；〈level〉：“〈low〉”或“〈high〉”；〈sure〉：“〈True〉”；"
        "自最近一次进入“〈voting〉”起）：至少需要1项，尚无"
    )


def test_since_a_state_that_was_never_entered_there_are_none() -> None:
    view = HandMade(all_items=risks(3))
    blocked(ItemsAre(items="risk", since="voting", at_least=1), view)
    assert ItemsAre(items="risk", since="voting", at_most=0).blocker(view) is None
    assert ItemsAre(items="risk", since="voting", every="done").blocker(view) is None
    assert blocked(ItemsAre(items="risk", since="voting", over=Fraction(0)), view).facts["of"] == 0


def test_since_narrows_what_every_and_over_look_at() -> None:
    view = HandMade(
        all_items=[item(1, "open", added=1, level="low"), item(2, "done", added=5, level="high")],
        entered={"voting": entry(5)},
    )
    assert ItemsAre(items="risk", since="voting", every="done").blocker(view) is None
    assert blocked(ItemsAre(items="risk", every="done"), view).facts["items"] == ["risk-1"]
    assert ItemsAre(items="risk", since="voting", where={"level": "high"}, over=Fraction(1, 2)).blocker(view) is None
    blocked(ItemsAre(items="risk", where={"level": "high"}, over=Fraction(1, 2)), view)


def test_what_a_newer_round_replaced_counts_for_nothing() -> None:
    view = HandMade(all_items=[item(1, "open", superseded=True), item(2, "done")])
    assert ItemsAre(items="risk", every="done").blocker(view) is None
    assert ItemsAre(items="risk", equals=1).blocker(view) is None
    assert ItemsAre(items="risk", in_="done", over=Fraction(98, 99)).blocker(view) is None


# Shares


@pytest.mark.parametrize(
    ("matching", "others", "holds"),
    [(0, 0, False), (1, 1, False), (2, 1, True), (1, 0, True), (0, 1, False), (2, 2, False), (3, 2, True)],
)
def test_a_majority_is_more_than_half_of_all(matching: int, others: int, holds: bool) -> None:
    votes = [
        item(n, kind="vote", position="for" if n <= matching else "against") for n in range(1, matching + others + 1)
    ]
    requirement = ItemsAre(items="vote", where={"position": "for"}, over=Fraction(1, 2))
    view = HandMade(all_items=votes)
    assert (requirement.blocker(view) is None) == holds
    if not holds:
        blocker = blocked(requirement, view)
        assert blocker.have.en == f"{matching} of {matching + others}"
        assert blocker.need == Text("more than half of all", "超过半数")
        en = f"{blocker.have.en} there" if matching + others else "none there"
        zh = f"现为{blocker.have.zh}" if matching + others else "尚无"
        assert blocker.text == Text(
            f"vote (position: “for”): more than half of all needed, {en}",
            f"〈vote〉（〈position〉：“〈for〉”）：应超过半数，{zh}",
        )
        against = "".join(f"vote-{n} " for n in range(matching + 1, matching + others + 1))
        assert roles(blocker) == [f"lets {against}{'or another' if against else 'another'} vote count position"]


def test_a_share_of_those_in_a_state_is_a_share_of_all() -> None:
    view = HandMade(all_items=[item(1, "done"), item(2, "done"), item(3, "open")])
    assert ItemsAre(items="risk", in_="done", over=Fraction(1, 2)).blocker(view) is None
    blocker = blocked(ItemsAre(items="risk", in_="done", over=Fraction(2, 3)), view)
    assert blocker.facts == {"kind": "risk", "count": 2, "of": 3}
    assert blocker.text == Text(
        "risk (“done”): more than 2/3 of all needed, 2 of 3 there",
        "〈risk〉（“〈done〉”）：应超过总数的2/3，现为3项中的2项",
    )
    assert roles(blocker) == ["lets risk-3 or another risk count done"]


# Every


def test_every_one_stands_where_it_should() -> None:
    requirement = ItemsAre(items="risk", every=["done", "gone"])
    assert requirement.blocker(HandMade()) is None
    assert requirement.blocker(HandMade(all_items=[item(1, "done"), item(2, "gone")])) is None
    blocker = blocked(requirement, HandMade(all_items=[item(1, "done"), item(2, "open"), item(3, "rated")]))
    assert blocker.text == Text(
        "every risk must be “done” or “gone”; risk-2 is “open”, risk-3 is “rated”",
        "所有〈risk〉均应为“〈done〉”或“〈gone〉”；risk-2为“〈open〉”，risk-3为“〈rated〉”",
    )
    assert blocker.facts == {"kind": "risk", "items": ["risk-2", "risk-3"]}
    assert roles(blocker) == ["lets risk-2 risk-3 into done gone"]


def test_those_that_stand_alike_are_told_together() -> None:
    view = HandMade(all_items=[item(1, "open"), item(2, "rated"), item(3, "open"), item(4, "open")])
    blocker = blocked(ItemsAre(items="risk", every="done"), view)
    assert blocker.have == Text(
        "risk-1, risk-3 and risk-4 are “open”, risk-2 is “rated”",
        "risk-1、risk-3、risk-4为“〈open〉”，risk-2为“〈rated〉”",
    )
    assert blocker.facts["items"] == ["risk-1", "risk-2", "risk-3", "risk-4"]


def test_every_looks_only_at_what_the_filters_let_through() -> None:
    view = HandMade(
        all_items=[item(1, "open", level="low"), item(2, "rated", level="high"), item(3, "done", level="high")]
    )
    assert blocked(ItemsAre(items="risk", where={"level": "high"}, every="done"), view).facts["items"] == ["risk-2"]
    assert ItemsAre(items="risk", in_="open", where={"level": "high"}, every="done").blocker(view) is None  # fmt: skip


# What is unstated

HIGH = {"level": "high"}
HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("keys", "items", "expected"),
    [
        ({"at_least": 1}, [item(1)], "state “level” of risk-1 first"),
        ({"at_least": 1}, [item(1), item(2, level="high")], None),
        ({"at_least": 3}, [item(1), item(2, level="high")], "risk (level: “high”): at least 3 needed, 1 there"),
        ({"at_most": 0}, [item(1)], "state “level” of risk-1 first"),
        ({"at_most": 0}, [item(1), item(2, level="high")], "risk (level: “high”): none allowed, 1 there: risk-2"),
        ({"at_most": 2}, [item(1), item(2)], None),
        ({"equals": 1}, [item(1), item(2, level="high")], "state “level” of risk-1 first"),
        ({"equals": 2}, [item(1), item(2)], "state “level” of risk-1 and risk-2 first"),
        ({"equals": 3}, [item(1), item(2)], "risk (level: “high”): exactly 3 needed, none there"),
        ({"equals": 0}, [item(2, level="high"), item(1)], "risk (level: “high”): none allowed, 1 there: risk-2"),
        ({"over": HALF}, [item(1), item(2, level="high")], "state “level” of risk-1 first"),
        ({"over": HALF}, [item(1), *risks(3, level="high")], None),
        ({"over": HALF}, [item(1), *risks(3, level="low")], "risk (level: “high”): more than half of all needed, 0 of 4 there"),
        ({"every": "done"}, [item(1)], "state “level” of risk-1 first"),
        ({"every": "done"}, [item(1, "done")], None),
        ({"every": "done"}, [item(1), item(2, level="high")], "every risk (level: “high”) must be “done”; risk-2 is “open”"),
        ({"every": "done", "in_": "rated"}, [item(1)], None),
    ],
)  # fmt: skip
def test_an_item_whose_field_is_unstated_decides_nothing(
    keys: dict[str, Any], items: list[Item], expected: str | None
) -> None:
    requirement = ItemsAre(items="risk", where=HIGH, **keys)
    view = HandMade(all_items=items)
    if expected is None:
        assert requirement.blocker(view) is None
        return
    blocker = blocked(requirement, view)
    assert blocker.text.en.startswith(expected)
    assert blocker.unstated == (("level",) if expected.startswith("state ") else ())
    assert not blocker.pending


def test_what_is_to_be_stated_is_cured_by_who_states_it_or_where_more_would_do_adds() -> None:
    view = HandMade(all_items=[item(1)])
    blocker = blocked(ItemsAre(items="risk", where=HIGH, at_most=0), view)
    assert blocker.kind == "unstated"
    assert blocker.text == Text("state “level” of risk-1 first", "请先填报risk-1的“〈level〉”")
    assert blocker.facts == {"kind": "risk", "items": ["risk-1"], "unstated": ["level"]}
    assert roles(blocker) == ["lets risk-1 by level"]
    assert roles(blocked(ItemsAre(items="risk", where=HIGH, at_least=1), view)) == [
        "lets risk-1 or another risk count level"
    ]


def test_only_the_fields_that_are_unstated_are_asked_for() -> None:
    requirement = ItemsAre(items="risk", where={"level": "high", "sure": True}, at_most=0)
    blocker = blocked(requirement, HandMade(all_items=[item(1, level="high"), item(2, sure=False)]))
    assert blocker.text.en == "state “sure” of risk-1 first"


# Against a naive reading: it holds when it holds however the unstated is stated

LEVELS = ["low", "medium", "high"]


def naive(requirement: ItemsAre, items: list[Item], entered: int | None) -> bool:
    """Whether it holds where everything is stated, written without looking at the other."""
    of = [one for one in items if not one.superseded]
    if requirement.since:
        of = [one for one in of if entered is not None and not one.added < entered]
    those = [
        one
        for one in of
        if (not requirement.in_ or one.state in requirement.in_)
        and all(one.fields[name] in accepted for name, accepted in requirement.where.items())
    ]
    if requirement.at_least is not None:
        return not len(those) < requirement.at_least  # type: ignore[operator]
    if requirement.at_most is not None:
        return not len(those) > requirement.at_most  # type: ignore[operator]
    if requirement.equals is not None:
        return len(those) == requirement.equals
    if requirement.over is not None:
        return len(those) * requirement.over.denominator > requirement.over.numerator * len(of)
    return all(one.state in (requirement.every or ()) for one in those)


def completions(items: list[Item]) -> Iterator[list[Item]]:
    """The items in every way in which what is unstated could be stated."""
    gaps = [(index, name) for index, one in enumerate(items) for name in ("level", "depth") if name not in one.fields]
    for values in itertools.product(LEVELS, repeat=len(gaps)):
        filled = list(items)
        for (index, name), value in zip(gaps, values, strict=True):
            filled[index] = attrs.evolve(filled[index], fields={**filled[index].fields, name: value})
        yield filled


drawn_fields = st.fixed_dictionaries({}, optional={"level": st.sampled_from(LEVELS), "depth": st.sampled_from(LEVELS)})
drawn_items = st.lists(
    st.builds(
        lambda state, added, superseded, fields: item(1, state, added=added, superseded=superseded, **fields),
        st.sampled_from(["open", "done"]),
        st.integers(1, 3),
        st.booleans(),
        drawn_fields,
    ),
    max_size=3,
)
accepted = st.lists(st.sampled_from(LEVELS), min_size=1, max_size=2, unique=True)
drawn_requirements = st.builds(
    lambda comparison, in_, where, since: ItemsAre(items="risk", in_=in_, where=where, since=since, **comparison),
    st.one_of(
        st.sampled_from(["at_least", "at_most", "equals"]).flatmap(
            lambda name: st.integers(0, 3).map(lambda bound: {name: bound})
        ),
        st.fractions(0, Fraction(9, 10), max_denominator=10).map(lambda share: {"over": share}),
        st.sampled_from([{"every": "done"}, {"every": ("open", "done")}]),
    ),
    st.sampled_from([(), "open", "done"]),
    st.fixed_dictionaries({}, optional={"level": accepted, "depth": accepted}),
    st.sampled_from([None, "voting"]),
)


@given(drawn_requirements, drawn_items, st.none() | st.integers(1, 3))
def test_it_holds_when_it_holds_however_the_unstated_is_stated(
    requirement: ItemsAre, items: list[Item], entered: int | None
) -> None:
    view = HandMade(all_items=items, entered={} if entered is None else {"voting": entry(entered)})
    blocker = requirement.blocker(view)
    answers = {naive(requirement, filled, entered) for filled in completions(items)}
    if answers == {True}:
        assert blocker is None
    else:
        assert blocker is not None
        assert bool(blocker.unstated) == (answers == {True, False})
