"""What a new version says to the cases that live under the old one: whether they could go on, and what stands in the way."""

from __future__ import annotations

import pytest
from flawed.brief import ADD, FINISH, act, drafted, facts, kind, row, states

from stabflow import Procedure
from stabflow.reasoning.continuation import continuations
from stabflow.reasoning.difference import Continuation

GRADE = 'fields.grade = { type = "choice", of = "grade" }'
NOTE = kind("note", act("add", dest="open", sets="grade", requires='{ case = ["a"] }'), FINISH, more=GRADE)
ASKED = '{ value = "flag", is = true }'


def version(
    *more: str,
    known: str = 'type = "bool"',
    go: str = "",
    end: str = "",
    items: str = NOTE,
    b: bool = True,
    tell: str = "a",
) -> Procedure:
    """From a to b and to the end; ``flag`` is told in a, a fact of type ``known`` stated where it opens."""
    names = ["a", "b"] if b else ["a"]
    return drafted(
        f"[facts.known]\n{known}\n" + facts(flag='"bool"'),
        states(*names, final=["ended", *([] if b else ["b"])]),
        row("open", dest="a", sets="known"),
        row("tell", tell, sets="flag"),
        row("go", "a", "b", go),
        row("end", "b" if b else "a", "ended", end),
        items,
        *more,
    )


OLD = version()


def under(new: Procedure, old: Procedure = OLD) -> dict[str, Continuation]:
    return {one.state: one for one in continuations(old, new)}


def said(one: Continuation) -> list[tuple[str, bool]]:
    return [(reason.kind, reason.certain) for reason in one.reasons]


def test_nothing_stands_in_the_way_of_the_same() -> None:
    found = under(OLD)
    assert list(found) == ["a", "b"], "a case that is over goes nowhere"
    assert all(one.possible and not one.reasons for one in found.values())
    assert [one.title.en for one in found.values()] == ["a", "b"]


def test_a_state_that_is_gone_or_final_holds_every_case_in_it() -> None:
    gone = drafted(
        "[facts.known]\ntype = 'bool'\n" + facts(flag='"bool"'),
        states("a", final=["ended"]),
        row("open", dest="a", sets="known"),
        row("tell", "a", sets="flag"),
        row("go", "a", "ended"),
        NOTE,
    )
    assert said(under(gone)["b"]) == [("state_gone", True)]
    assert under(gone)["b"].reasons[0].text.en == "the state is gone"
    assert not under(gone)["b"].possible
    assert said(under(gone)["a"]) == []
    assert said(under(version(b=False))["b"]) == [("state_final", True)]


@pytest.mark.parametrize(
    ("new", "state", "reasons"),
    [
        # in b the flag can no longer be told; some cases have told it
        (version(end=ASKED), "b", [("row_closed", False)]),
        (version(end=ASKED), "a", []),
        (version(end=ASKED, tell="b"), "b", []),
        # nobody who stands there can have entered c
        (
            version(
                row("aside", "a", "c"), row("out", "c", "ended"), states("c"), end='{ elapsed = "1 days", since = "c" }'
            ),
            "b",
            [("row_closed", True)],
        ),
        (
            version(
                row("aside", "a", "c"),
                row("out", "c", "ended"),
                row("leave", "b", "ended"),
                states("c"),
                end='{ elapsed = "1 days", since = "c" }',
            ),
            "b",
            [("row_closed", False)],
        ),
        # the case may have a note, and may not: none is added in b
        (version(end='{ items = "note", at_least = 1 }'), "b", [("row_closed", False)]),
        (version(end='{ items = "note", at_most = 0 }'), "b", [("row_closed", False)]),
        (version(end='{ items = "note", every = ["done"] }'), "b", []),
        # no way on from a: its row asks for where it does not stand
        (
            version(
                row("late", "b", "a"),
                go='{ value = "later", is = true }',
                items=NOTE + '[facts.later]\ntype = "bool"\n' + row("state", "b", sets="later"),
            ),
            "a",
            [("row_closed", True)],
        ),
    ],
)
def test_a_row_that_asks_what_cases_may_not_be_able_to_do_is_told(
    new: Procedure, state: str, reasons: list[tuple[str, bool]]
) -> None:
    assert said(under(new)[state]) == reasons


def test_what_was_closed_before_is_no_fault_of_the_revision() -> None:
    strict = version(end=ASKED)
    assert said(under(strict, strict)["b"]) == []
    also = version(end=f"{ASKED}, {{ items = 'note', at_least = 1 }}")
    (reason,) = under(also, strict)["b"].reasons
    assert "note" in reason.text.en
    assert "“end” requires" in reason.text.en
    assert reason.text.en.endswith("a case that does not meet it already may not be able to any more")


def test_what_no_case_can_do_says_so() -> None:
    new = version(
        row("aside", "a", "c"), row("out", "c", "ended"), states("c"), end='{ elapsed = "1 days", since = "c" }'
    )
    (reason,) = under(new)["b"].reasons
    assert reason.text.en.endswith("no case that stands there can meet that any more")
    assert "均已无法满足" in reason.text.zh


def test_where_only_what_was_closed_before_is_left_there_is_no_way_out() -> None:
    aside = (row("aside", "a", "c"), row("leave", "c", "ended"), states("c"))
    closed = '{ elapsed = "1 days", since = "c" }'
    found = under(version(*aside, end=closed), version(*aside, row("out", "b", "ended"), end=closed))
    assert said(found["b"]) == [("no_way_out", True)]
    assert found["b"].reasons[0].text.en == "no row leads to an end from there"
    assert not found["b"].possible
    assert said(found["a"]) == []


def test_a_row_that_is_gone_is_told_where_without_it_no_end_is_sure() -> None:
    old = version(row("out", "a", "ended"))
    new = version(end='{ plugin = "p" }')
    kinds = [(reason.kind, reason.certain, reason.text.en) for reason in under(new, old)["a"].reasons]
    assert [one[:2] for one in kinds] == [("row_closed", False)]
    same_plugin = version(row("out", "a", "ended"), end='{ plugin = "p" }')
    reasons = under(new, same_plugin)["a"].reasons
    assert [(one.kind, one.certain) for one in reasons] == [("row_gone", False)]
    assert reasons[0].text.en == "“out” in “a” is gone"


@pytest.mark.parametrize(
    ("was", "now", "reasons"),
    [
        ('type = "bool"', 'type = "int"', ["field_changed"]),
        ('type = "choice"\nof = "grade"', 'type = "choice"\nof = "grade"\nmany = true', ["field_changed"]),
        ('type = "choice"\nof = "grade"', 'type = "choice"\nof = "grade"', []),
        ('type = "int"', 'type = "int"\nmin = 3', []),
    ],
)
def test_what_was_stated_and_reads_otherwise_is_told(was: str, now: str, reasons: list[str]) -> None:
    for one in under(version(known=now), version(known=was)).values():
        assert said(one) == [(reason, False) for reason in reasons]
        if reasons:
            assert one.reasons[0].text.en == "“known” may have been stated, and is of another type now"


LISTS = '[lists.kind]\none = { title = { en = "first", zh = "一" } }\n'
TWO = 'two = { title = { en = "second", zh = "二" } }\n'
CHOICE = 'type = "choice"\nof = "kind"'


def test_a_choice_that_is_gone_may_have_been_made() -> None:
    for one in under(version(LISTS, known=CHOICE), version(LISTS + TWO, known=CHOICE)).values():
        assert said(one) == [("choice_gone", False)]
        assert one.reasons[0].text.en == "“known” may be stated as “second”, which is gone"
    for one in under(version(LISTS + TWO, known=CHOICE), version(LISTS, known=CHOICE)).values():
        assert said(one) == []


def test_a_fact_that_cannot_have_been_stated_yet_reads_as_it_may() -> None:
    changed = '"int"'
    old = version(row("more", "b", sets="late"), "[facts.late]\ntype = 'bool'\n")
    new = version(row("more", "b", sets="late"), f"[facts.late]\ntype = {changed}\n")
    assert said(under(new, old)["a"]) == []
    assert said(under(new, old)["b"]) == [("field_changed", False)]


def noted(*rows: str, stands: str = "open", more: str = GRADE) -> str:
    return kind("note", *rows, more=more, stands=stands)


@pytest.mark.parametrize(
    ("now", "reasons"),
    [
        (NOTE, []),
        (NOTE.replace("items.note", "items.paper"), ["kind_gone"]),
        (
            kind(
                "note",
                act("add", dest="begun", sets="grade", requires='{ case = ["a"] }'),
                act("finish", "begun", "done"),
                more=GRADE,
                stands="begun",
            ),
            ["item_state_gone"],
        ),
        (NOTE.replace('type = "choice", of = "grade"', 'type = "bool"'), ["field_changed"]),
        (NOTE.replace("grade", "mark").replace('of = "mark"', 'of = "grade"'), []),
    ],
)
def test_items_that_a_case_may_have_are_still_what_they_were(now: str, reasons: list[str]) -> None:
    for state in ("a", "b"):
        assert said(under(version(items=now))[state]) == [(reason, False) for reason in reasons]


def test_items_that_a_case_cannot_have_yet_may_change() -> None:
    late = noted(act("add", dest="open", sets="grade", requires='{ case = ["b"] }'), FINISH)
    other = late.replace("items.note", "items.paper")
    found = under(version(items=other), version(items=late))
    assert said(found["a"]) == []
    assert said(found["b"]) == [("kind_gone", False)]


def test_every_kind_is_looked_at_and_a_fact_that_is_gone_is_none() -> None:
    """None of the first can be there yet; the second is gone, and of the third the states."""
    late = kind("late", act("add", dest="open", requires='{ case = ["b"] }'), FINISH)
    changed = kind(
        "note", act("add", dest="begun", sets="grade"), act("finish", "begun", "done"), more=GRADE, stands="begun"
    )
    old = version(
        facts(gone='"bool"'), row("tell_it", "a", sets="gone"), items=late + kind("paper", ADD, FINISH) + NOTE
    )
    new = version(items=changed)
    assert said(under(new, old)["a"]) == [("kind_gone", False), ("item_state_gone", False)]
    assert said(under(new, old)["b"]) == [("kind_gone", False), ("kind_gone", False), ("item_state_gone", False)]
    assert [one.text.en for one in under(new, old)["a"].reasons][:1] == [
        "it may have items of “paper”, a kind that is gone"
    ]


def test_where_an_item_stands_and_what_was_stated_of_it_is_named() -> None:
    old = version(
        items=kind("note", ADD, act("hold", "open", "held"), act("finish", "held", "done"), stands="open held")
    )
    new = version(items=kind("note", act("add", dest="begun"), act("finish", "begun", "done"), stands="begun"))
    (reason,) = under(new, old)["a"].reasons
    assert reason.text.en == "its “note” may stand in “open” or “held”, gone now"
    changed = version(items=NOTE.replace('type = "choice", of = "grade"', 'type = "bool"'))
    (reason,) = under(changed)["a"].reasons
    assert reason.text.en == "“grade” of “note” may have been stated, and is of another type now"
