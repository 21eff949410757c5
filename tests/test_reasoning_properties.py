"""Properties given in Python: as a file has them, and judged by a function."""

from __future__ import annotations

import itertools

import attrs
import pytest
from flawed.brief import FINISH, act, drafted, facts, kind, row, states
from flawed.catalogue import EVERY, FLAWS, SOUND, made

from stabflow.errors import InvalidInput
from stabflow.language import Property
from stabflow.reasoning.check import check
from stabflow.reasoning.predicates import Count, SearchedState, StateProperty
from stabflow.reasoning.report import Finding, Status
from stabflow.requirements import CaseIs, ItemsAre, ValueIs
from stabflow.text import same

HEARING = SOUND["hearing"]
CARELESS = made("hearing", ((EVERY, ""),))
"""Nothing asks whether objections were answered."""


def asked(procedure: object, one: Property | StateProperty) -> Finding:
    """What is found of a property in Python."""
    report = check(procedure, properties=[one])  # type: ignore[arg-type]
    (found,) = [finding for finding in report.findings if finding.title == one.title]
    return found


@pytest.mark.parametrize("name", ["never", "always", "before", "leads_to"])
def test_a_property_in_python_is_judged_as_one_in_the_file(name: str) -> None:
    flaw = next(flaw for flaw in FLAWS if flaw.name == name)
    for procedure in (flaw.flawed, flaw.twin):
        (written,) = procedure.properties
        bare = attrs.evolve(procedure, properties=())
        in_file = next(one for one in check(procedure).findings if one.property == "authors")
        given = asked(bare, written)
        assert given.status is in_file.status
        assert [act.trigger for act in given.trace] == [act.trigger for act in in_file.trace]


def none_left_open(shown: SearchedState) -> bool:
    return shown.state != "settled" or shown.counts["open"] == 0


OPEN_ENDED = StateProperty(
    title=same("none left open"),
    always=none_left_open,
    counts={"open": Count(items="objection", in_="raised")},
)


def test_a_predicate_is_proved_or_shown_to_fail() -> None:
    assert asked(HEARING, OPEN_ENDED).status is Status.PROVED
    failing = asked(CARELESS, OPEN_ENDED)
    assert failing.status is Status.FLAWED
    assert [act.trigger for act in failing.trace] == ["open", "call_vote", "add", "add", "add", "add", "decide"]


def test_a_predicate_that_is_never_to_hold() -> None:
    too_many = StateProperty(
        title=same("four"),
        never=lambda shown: shown.counts["votes"] >= 4,
        counts={"votes": Count(items="vote", since="voting", up_to=4)},
    )
    assert [act.trigger for act in asked(HEARING, too_many).trace] == ["open", "call_vote", *["add"] * 4]
    five = attrs.evolve(too_many, never=lambda shown: shown.counts["votes"] >= 5)
    assert asked(HEARING, five).status is Status.PROVED, "it is counted up to four, as was asked"
    two = attrs.evolve(
        too_many,
        never=lambda shown: shown.counts["votes"] >= 2,
        counts={"votes": Count(items="vote", since="voting")},
    )
    assert asked(HEARING, two).status is Status.PROVED, "though the search counts three, because a row asks for them"


def test_a_predicate_counts_what_it_asked_for_and_nothing_else() -> None:
    """One note at a time since the case came to a, good or not; back in b, there are those of before."""
    procedure = drafted(
        states("a", "b", final=["ended"]),
        row("open", dest="a"),
        row("go", "a", "b"),
        row("back", "b", "a"),
        row("end", "b", "ended"),
        kind(
            "note",
            act("add", dest="open", requires='{ items = "note", since = "a", at_most = 0 }', sets="grade"),
            FINISH,
            more='fields.grade = { type = "choice", of = "grade" }',
        ),
    )

    def counted(*, where: dict[str, str] | None = None, since: str | None = None) -> set[tuple[str, int, int]]:
        found: set[tuple[str, int, int]] = set()
        counts = {
            "these": Count(items="note", where=where or {}, since=since, up_to=2),
            "all": Count(items="note", up_to=2),
        }
        one = StateProperty(
            title=same("look"),
            never=lambda shown: bool(found.add((shown.state, shown.counts["these"], shown.counts["all"]))),
            counts=counts,
        )
        assert asked(procedure, one).status is Status.PROVED
        return {(these, all_) for state, these, all_ in found if state == "a"}

    assert counted() == {(0, 0), (1, 1), (2, 2)}
    assert counted(since="a") == {(0, 0), (0, 1), (0, 2), (1, 1), (1, 2)}
    assert counted(where={"grade": "good"}) == {(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)}


def test_a_predicate_is_shown_values_that_no_row_asks_for() -> None:
    lists = '[facts.grades]\ntype = "choice"\nof = "grade"\nmany = true\n'
    procedure = drafted(
        facts(urgent='"bool"') + lists,
        states("a", final=["ended"]),
        row("open", dest="a", sets="urgent grades"),
        row("end", "a", "ended"),
    )
    seen: set[tuple[object, object]] = set()

    def look(shown: SearchedState) -> bool:
        seen.add((shown.facts["urgent"], shown.facts["grades"]))
        return False

    one = StateProperty(title=same("look"), never=look, facts=("urgent", "grades"))
    assert asked(procedure, one).status is Status.PROVED
    assert {urgent for urgent, _ in seen} == {True, False}
    assert {frozenset(some) for _, some in seen if isinstance(some, tuple)} == {
        frozenset(some) for n in (1, 2, 3) for some in itertools.combinations(("good", "fair", "bad"), n)
    }
    never = StateProperty(title=same("never urgent"), never=lambda shown: shown.facts["urgent"] is True, facts="urgent")
    found = asked(procedure, never)
    assert found.status is Status.FLAWED
    assert [act_.values for act_ in found.trace] == [{"urgent": True}]


def test_a_predicate_is_shown_what_it_asked_for_and_every_value_of_it() -> None:
    seen: set[tuple[str, object, object, int]] = set()

    def look(shown: SearchedState) -> bool:
        seen.add((shown.state, shown.step, shown.facts["contested"], shown.counts["good"]))
        assert set(shown.facts) == {"contested"}
        return False

    count = Count(items="paper", where={"grade": "good"}, up_to=2)
    one = StateProperty(title=same("look"), never=look, facts="contested", counts={"good": count})
    assert asked(SOUND["permit"], one).status is Status.PROVED
    assert {fact for state, _, fact, _ in seen if state == "applied"} == {None, True, False}
    assert {fact for state, _, fact, _ in seen if state == "ended"} == {True, False}
    assert {number for *_, number in seen} == {0, 1, 2}


def test_a_predicate_sees_the_step() -> None:
    one = StateProperty(title=same("steps"), always=lambda shown: (shown.step is None) == (shown.state == "underway"))
    assert asked(SOUND["assessment"], one).status is Status.PROVED


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (StateProperty(title=same("a"), never=lambda _: False, facts="unheard_of"), "properties[0].facts"),
        (StateProperty(title=same("b"), never=lambda _: False, facts="fee"), "properties[0].facts"),
        (
            StateProperty(title=same("c"), never=lambda _: False, counts={"n": Count(items="unheard_of")}),
            "properties[0].counts['n'].items",
        ),
        (
            StateProperty(
                title=same("f"),
                never=lambda _: False,
                facts="paid",
                counts={"m": Count(items="paper"), "n": Count(items="paper", in_="unheard_of")},
            ),
            "properties[0].counts['n'].in",
        ),
        (
            StateProperty(title=same("b"), never=lambda _: False, counts={"n": 3}),  # type: ignore[dict-item]
            "properties[0].counts['n']",
        ),
        (Property(title=same("d"), never=CaseIs(case="unheard_of")), "properties[0].never[0].case"),
        (
            Property(title=same("e"), always=(ValueIs(value="paid", is_=True), ItemsAre(items="x", at_least=1))),
            "properties[0].always[1].items",
        ),
    ],
)
def test_what_the_procedure_does_not_know_is_refused(wrong: Property | StateProperty, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(SOUND["permit"], properties=[wrong])
    assert [fault.path for fault in caught.value.faults] == [path]
    assert ("unknown" in str(caught.value)) is (wrong.title.en != "b")


def test_exactly_one_predicate_is_given() -> None:
    for given in ({}, {"never": bool, "always": bool}):
        with pytest.raises(InvalidInput) as caught:
            StateProperty(title=same("x"), **given)  # type: ignore[arg-type]
        assert [fault.path for fault in caught.value.faults] == ["never"]


def test_what_no_search_follows_is_not_decided() -> None:
    one = Property(title=same("fee"), never=ValueIs(value="fee", at_least=10))
    found = asked(SOUND["permit"], one)
    assert found.status is Status.INCOMPLETE
    assert "does not follow" in found.text.en


def test_a_bound_is_no_proof_of_a_property_either() -> None:
    report = check(HEARING, properties=[OPEN_ENDED], max_states=3)
    (found,) = [one for one in report.findings if one.title == OPEN_ENDED.title]
    assert found.status is Status.INCOMPLETE


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        (Property(title=same("p"), never=(CaseIs(case="settled"), CaseIs(case="voting"))), "never[0] and never[1]"),
        (
            Property(title=same("p"), never=(CaseIs(case="settled"), ItemsAre(items="objection", at_least=1))),
            None,
        ),
        (Property(title=same("p"), never=(CaseIs(case="control"), CaseIs(case="voting"))), "never[0]"),
        (Property(title=same("p"), never=CaseIs(case="control")), None),
        (Property(title=same("p"), leads_to=(CaseIs(case="control"), CaseIs(case="settled"))), "the first never holds"),
        (Property(title=same("p"), before=(CaseIs(case="voting"), CaseIs(case="control"))), "the second never holds"),
        (Property(title=same("p"), before=(CaseIs(case="voting"), CaseIs(case="settled"))), None),
    ],
)
def test_what_holds_because_it_says_nothing_is_a_warning(wanted: Property, word: str | None) -> None:
    found = asked(HEARING, wanted)
    assert (found.status is Status.WARNING) is (word is not None), found
    assert word is None or word in found.text.en
