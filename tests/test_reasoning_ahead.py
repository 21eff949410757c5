"""What a live case could still do under a new version: the rows that may open to it, and those that are sure to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flawed.brief import ADD, FINISH, act, drafted, facts, kind, row, states

from stabflow import Procedure
from stabflow.reasoning.ahead import Ahead, ahead
from stabflow.reasoning.past import Past, pasts

# What a row asks for: hopefully it may hold, cautiously it is sure to be possible.

IN_A, IN_C = '{ case = ["a"] }', '{ case = ["c"] }'
GRADE = 'fields.grade = { type = "choice", of = "grade" }'

HEAD = (
    "[parameters]\nnone = { value = 0, verified = true }\ntwo = { value = 2, verified = true }\n"
    + facts(early='"bool"', told='"bool"', late='"bool"', number='"int"', owner='"actor"', day='"date"', boss='"actor"')
    + facts(unit='"choice"\nof = "grade"', firm='"choice"\nof = "grade"')
    + "".join(
        f'[roles.of_{one}]\ntitle = {{ en = "{one} member", zh = "成员" }}\n{more}\n'
        for one, more in {"unit": 'body = "unit"', "firm": 'body = "firm"', "none": ""}.items()
    )
)
KINDS = (
    kind("note", act("add", dest="open", requires=IN_A), FINISH),
    kind("draft", act("add", dest="open", requires=IN_A), act("lose", "open", "lost"), FINISH, final="done lost"),
    kind("graded", act("add", dest="open"), act("grade", "open", sets="grade", requires=IN_C), FINISH, more=GRADE),
    kind("marked", act("add", dest="open", sets="grade"), act("finish", "open", "done", IN_C), more=GRADE),
    kind("late_one", act("add", dest="open", requires=IN_C), FINISH),
    kind(
        "rated",
        act("add", dest="open"),
        act("rate", "open", sets="grade"),
        act("finish", "open", "done", IN_C),
        more=GRADE,
    ),
    kind(
        "chained",
        act("add", dest="open"),
        act("on", "open", "mid", IN_C),
        act("finish", "mid", "done"),
        stands="open mid",
    ),
)


def asking(requires: str = "", *, sets: str = "", by: str = "clerk", until: str = "") -> Procedure:
    """From a to b, where ``requires`` is asked; from there to c, where the rest is stated, and to the end."""
    return drafted(
        HEAD,
        states("a", "c", final=["ended"]),
        f'[states.b]\naccountable = "clerk"\nuntil = "{until}"\n' if until else states("b"),
        row("open", dest="a", sets="early number"),
        row("tell", "a", sets="told boss firm"),
        row("go", "a", "b", requires, sets, by),
        row("on", "b", "c"),
        row("state", "c", sets="late owner day unit"),
        row("end", "c", "ended"),
        *KINDS,
    )


def looked(new: Procedure, state: str = "a", old: Procedure | None = None, *, hopeful: bool) -> Ahead:
    old = new if old is None else old
    return ahead(old, new, state, pasts(old)[state], hopeful=hopeful)


def opens(new: Procedure, trigger: str = "go", state: str = "a", old: Procedure | None = None) -> tuple[bool, bool]:
    """Whether a row may open to a case that stands in ``state``, and whether it is sure to."""
    found = []
    for hopeful in (True, False):
        one = looked(new, state, old, hopeful=hopeful)
        is_open = trigger in {name for _, name in one.opened}
        assert is_open is (trigger not in {name for _, name in one.closed}), "what it comes to is open or closed"
        found.append(is_open)
    assert found[0] or not found[1], "what is sure may be"
    return found[0], found[1]


BOTH, MAYBE, NEVER = (True, True), (True, False), (False, False)


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        ("", BOTH),
        # facts: stated when it was opened, perhaps otherwise; here; only later
        ('{ value = "early", is = true }', MAYBE),
        ('{ value = "told", is = true }', BOTH),
        ('{ value = "late", is = true }', NEVER),
        ('{ value = "number", at_least = 3 }', MAYBE),
        ('{ value = "number", at_least = "two" }', MAYBE),
        # where the case stands, and what it has waited for
        (IN_A, BOTH),
        ('{ case = ["b"] }', NEVER),
        ('{ elapsed = "1 days", since = "a" }', BOTH),
        ('{ elapsed = "1 days", since = "c" }', NEVER),
        ('{ plugin = "anything" }', MAYBE),
        ('{ filled = "head" }', BOTH),
        # several
        ('{ any = [{ value = "late", is = true }, { value = "told", is = true }] }', BOTH),
        ('{ any = [{ value = "late", is = true }, { case = ["b"] }] }', NEVER),
        ('{ all = [{ value = "late", is = true }, { value = "told", is = true }] }', NEVER),
        ('{ all = [{ value = "told", is = true }, { case = ["a"] }] }', BOTH),
        # conditions: what is unstated never passes; what is stated may come out either way
        ('{ when = { value = "late", is = true }, value = "told", is = true }', NEVER),
        ('{ when = { value = "early", is = true }, value = "told", is = true }', MAYBE),
        ('{ when = { value = "early", is = true }, value = "late", is = true }', MAYBE),
        ('{ when = { plugin = "anything" }, value = "told", is = true }', BOTH),
        # items: added here, with what they need; perhaps brought along; only later
        ('{ items = "note", at_least = 1 }', BOTH),
        ('{ items = "note", in = ["done"], at_least = 1 }', BOTH),
        ('{ items = "note", in = ["done"], at_least = "two" }', BOTH),
        ('{ items = "note", over = "1/2", in = ["done"] }', BOTH),
        ('{ items = "note", since = "a", at_least = 1 }', BOTH),
        ('{ items = "note", since = "c", at_least = 1 }', NEVER),
        ('{ items = "marked", where = { grade = "good" }, at_least = 1 }', BOTH),
        ('{ items = "graded", where = { grade = "good" }, at_least = 1 }', MAYBE),
        ('{ items = "marked", in = ["done"], at_least = 1 }', MAYBE),
        ('{ items = "rated", in = ["open"], where = { grade = "good" }, at_least = 1 }', BOTH),
        ('{ items = "rated", in = ["done"], at_least = 1 }', MAYBE),
        ('{ items = "chained", in = ["done"], at_least = 1 }', MAYBE),
        ('{ items = "late_one", at_least = 1 }', NEVER),
        ('{ items = "late_one", over = "1/2", in = ["done"] }', NEVER),
        ('{ items = "late_one", at_least = "two" }', NEVER),
        ('{ items = "late_one", equals = "two" }', NEVER),
        ('{ items = "late_one", equals = "none" }', BOTH),
        # so many and no more: there may be others already
        ('{ items = "note", at_most = 0 }', MAYBE),
        ('{ items = "note", equals = 0 }', MAYBE),
        ('{ items = "note", equals = 1 }', MAYBE),
        ('{ items = "late_one", at_most = 0 }', BOTH),
        ('{ items = "late_one", equals = 0 }', BOTH),
        # every one of them: brought there from wherever it stands
        ('{ items = "note", every = ["done"] }', BOTH),
        ('{ items = "draft", every = ["done"] }', MAYBE),
        ('{ items = "draft", every = ["done", "lost"] }', BOTH),
        ('{ items = "late_one", every = ["open"] }', BOTH),
        ('{ items = "chained", every = ["done"] }', BOTH),
        ('{ items = "draft", every = ["open", "done"] }', MAYBE),
    ],
)
def test_a_row_opens_where_what_it_asks_may_hold(requires: str, expected: tuple[bool, bool]) -> None:
    assert opens(asking(requires)) == expected


def test_what_a_row_states_itself_it_has() -> None:
    assert opens(asking('{ value = "late", is = true }', sets="late")) == BOTH


@pytest.mark.parametrize(("sets", "expected"), [("", NEVER), ("day", BOTH)])
def test_a_limit_is_stated_before_it_runs(sets: str, expected: tuple[bool, bool]) -> None:
    procedure = asking(sets=sets, until="day")
    assert opens(procedure) == expected
    if not sets:
        (lacking,) = looked(procedure, hopeful=True).closed["a", "go"].values()
        assert lacking.en == "that “day” is stated"


def test_who_is_named_by_a_fact_must_be_known() -> None:
    procedure = asking(by="owner")
    assert opens(procedure) == NEVER
    (lacking,) = looked(procedure, hopeful=True).closed["a", "go"].values()
    assert lacking.en.startswith("that ")
    assert lacking.en.endswith(" is known")
    assert opens(asking(by="owner head")) == BOTH
    assert opens(asking(by="boss")) == BOTH, "who can be named here"


@pytest.mark.parametrize(("body", "expected"), [("unit", NEVER), ("firm", BOTH), ("", BOTH)])
def test_of_a_role_whose_body_a_fact_names_the_body_must_be_known(body: str, expected: tuple[bool, bool]) -> None:
    assert opens(asking(by=f"of_{body or 'none'}")) == expected


# The way there


def looping(asked: str, *more: str, told: str = "b") -> Procedure:
    """From a to b and back, and from b on to c; ``told`` is where a fact is stated."""
    return drafted(
        facts(told='"bool"'),
        states("a", "b", "c", "d", final=["ended"]),
        row("open", dest="a"),
        row("go", "a", "b"),
        row("back", "b", "a"),
        row("on", "b", "c", asked),
        row("aside", "a", "d"),
        row("tell", told, sets="told"),
        row("end", ["c", "d"], "ended"),
        kind("note", act("add", dest="open", requires=IN_A), FINISH),
        kind("deed", act("add", dest="open", requires='{ case = ["b"] }'), FINISH),
        kind("far", act("add", dest="open", requires='{ case = ["d"] }'), FINISH),
        *more,
    )


LAID_OUT = kind(
    "point",
    act("finish", "open", "done"),
    more='preset = { field = "grade", from = "grade", dest = "open", at = ["AT"] }\n' + GRADE,
)
"""Laid out in the state AT."""


@pytest.mark.parametrize(
    ("asked", "told", "expected"),
    [
        ('{ value = "told", is = true }', "a", BOTH),
        ('{ value = "told", is = true }', "b", BOTH),
        ('{ value = "told", is = true }', "c", NEVER),
        ('{ value = "told", is = true }', "d", MAYBE),  # stated on another way, from which none leads here
        ('{ elapsed = "1 days", since = "b" }', "a", BOTH),
        ('{ elapsed = "1 days", since = "d" }', "a", MAYBE),
        ('{ items = "note", at_least = 1 }', "a", BOTH),
        ('{ items = "note", since = "a", at_least = 1 }', "a", BOTH),
        ('{ items = "note", since = "b", at_least = 1 }', "a", MAYBE),  # what is added before is too early
        ('{ items = "deed", since = "b", at_least = 1 }', "a", BOTH),
        ('{ items = "deed", since = "a", at_least = 1 }', "a", BOTH),
        ('{ items = "deed", since = "d", at_least = 1 }', "a", MAYBE),
        ('{ items = "far", at_least = 1 }', "a", MAYBE),
    ],
)
def test_what_is_asked_must_be_possible_on_a_way_that_leads_there(
    asked: str, told: str, expected: tuple[bool, bool]
) -> None:
    assert opens(looping(asked, told=told), "on") == expected


@pytest.mark.parametrize(
    ("at", "asked", "expected"),
    [
        ("b", '{ items = "point", at_least = 1 }', BOTH),
        ("b", '{ items = "point", where = { grade = "good" }, in = ["done"], at_least = 1 }', BOTH),
        ("d", '{ items = "point", at_least = 1 }', MAYBE),
        ("c", '{ items = "point", at_least = 1 }', NEVER),
        ("c", '{ items = "point", at_most = 0 }', BOTH),
        ("a", '{ items = "point", at_most = 0 }', MAYBE),  # the case stands there: it has them
    ],
)
def test_what_is_laid_out_on_the_way_is_there(at: str, asked: str, expected: tuple[bool, bool]) -> None:
    assert opens(looping(asked, LAID_OUT.replace("AT", at)), "on") == expected


def test_it_ends_where_an_end_is_among_what_opens() -> None:
    closed = drafted(
        states("a", "b", "c", final=["ended"]),
        row("open", dest="a"),
        row("go", "a", "b"),
        row("stay", "b"),
        row("end", "c", "ended"),
        row("on", "b", "c", '{ case = ["c"] }'),
    )
    for hopeful in (True, False):
        one = looked(closed, hopeful=hopeful)
        assert not one.ends
        assert one.opened == {("a", "go"), ("b", "stay")}
        assert one.closed.keys() == {("b", "on")}
        assert looked(closed, "c", hopeful=hopeful).ends


def test_what_is_stated_some_states_before_is_stated() -> None:
    procedure = drafted(
        facts(told='"bool"'),
        states("a", "b", "c", "d", final=["ended"]),
        row("open", dest="a"),
        row("tell", "a", sets="told"),
        row("to_b", "a", "b"),
        row("to_c", "b", "c"),
        row("to_d", "c", "d", '{ value = "told", is = true }'),
        row("end", "d", "ended"),
    )
    assert opens(procedure, "to_d") == BOTH


@pytest.mark.parametrize(("state", "expected"), [("c", MAYBE), ("b", BOTH), ("d", NEVER)])
def test_where_some_cases_have_been_is_sure_for_none(state: str, expected: tuple[bool, bool]) -> None:
    """From a to c directly, or by b; to d only directly."""
    procedure = drafted(
        states("a", "b", "c", "d", final=["ended"]),
        row("open", dest="a"),
        row("long", "a", "b"),
        row("short", "a", "c"),
        row("on", "b", "c"),
        row("aside", "a", "d"),
        row("end", ["b", "c", "d"], "ended", '{ elapsed = "1 days", since = "b" }'),
    )
    assert opens(procedure, "end", state) == expected


# What was stated under the other version


def under(*rows: str, more: str = "", fact: str = 'type = "bool"', kinds: Sequence[str] = ()) -> Procedure:
    """With a fact that is stated where it opens, and a kind of item, of two versions in turn."""
    return drafted(
        f"[facts.known]\n{fact}\n[facts.later]\ntype = 'bool'\n{more}\n",
        states("a", "b", final=["ended"]),
        row("open", dest="a", sets="known"),
        *rows,
        row("end", "b", "ended", sets="later"),
        *(kinds or [kind("note", act("add", dest="open", sets="grade"), FINISH, more=GRADE)]),
    )


ASKS_KNOWN = row("go", "a", "b", '{ value = "known", is = true }')
GO = row("go", "a", "b")
CHOICE = 'type = "choice"\nof = "grade"'


@pytest.mark.parametrize(
    ("was", "expected"),
    [('type = "bool"', True), (CHOICE, False), (f"{CHOICE}\nmany = true", False), ('type = "int"', False)],
)
def test_only_what_reads_alike_counts_as_stated(was: str, expected: bool) -> None:
    assert opens(under(ASKS_KNOWN), old=under(GO, fact=was)) == (expected, False)


def test_a_choice_of_many_is_not_read_as_one() -> None:
    one = row("go", "a", "b", '{ value = "known", is = "good" }')
    assert opens(under(one, fact=CHOICE), old=under(GO, fact=f"{CHOICE}\nmany = true")) == NEVER
    assert opens(under(one, fact=CHOICE), old=under(GO, fact=CHOICE)) == MAYBE


def test_what_the_other_version_stated_on_all_ways_is_sure_to_be_stated() -> None:
    """An `elapsed` since a state, or a party, asks for what is behind a case; a condition for what is stated."""
    asked = '{ when = { value = "known", is = true }, elapsed = "1 days", since = "a" }'
    assert opens(under(row("go", "a", "b", asked))) == BOTH
    told_sometimes = under(row("tell", "a", sets="later"), GO)
    waits = under(row("go", "a", "b", asked.replace("known", "later")))
    assert opens(waits) == NEVER
    assert opens(waits, old=told_sometimes) == MAYBE


ASKS_NOTE = row("go", "a", "b", '{ items = "note", where = { grade = "good" }, in = ["done"], at_least = 1 }')


def noted(grade: str = 'type = "choice", of = "grade"', add: str = "", name: str = "note") -> str:
    return kind(name, act("add", dest="open", sets="grade", requires=add), FINISH, more=f"fields.grade = {{ {grade} }}")


@pytest.mark.parametrize(
    ("was", "expected"),
    [
        (noted(), True),
        (noted('type = "choice", of = "narrow"'), False),
        (noted('type = "text", max_length = 9'), False),
        (noted('type = "choice", of = "other"'), False),
        (noted(name="paper"), False),
        (noted(add='{ case = ["b"] }'), False),
        (kind("note", ADD, FINISH), False),
    ],
)
def test_items_that_a_case_brings_along_count_where_their_values_can(was: str, expected: bool) -> None:
    """No more of them are added under the new version where it asks for them."""
    other = '[lists.other]\nfair = { title = { en = "fair", zh = "中" } }\n'
    narrow = '[lists.narrow]\nfair = { title = { en = "fair", zh = "中" } }\n'
    new = under(ASKS_NOTE, kinds=[noted(add='{ case = ["b"] }')])
    assert opens(new, old=under(GO, more=other + narrow, kinds=[was])) == (expected, False)


def test_one_of_several_values_that_can_be_brought_along_is_enough() -> None:
    new_too = (
        '[lists.grade2]\nfair = { title = { en = "fair", zh = "中" } }\nnew = { title = { en = "new", zh = "新" } }\n'
    )
    of = 'type = "choice", of = "grade2"'
    asks = ASKS_NOTE.replace('"good"', '["fair", "new"]')
    old_list = new_too.replace('new = { title = { en = "new", zh = "新" } }\n', "")
    new = under(asks, more=new_too, kinds=[noted(of, add='{ case = ["b"] }')])
    assert opens(new, old=under(GO, more=old_list, kinds=[noted(of)])) == MAYBE
    since = under(asks.replace("where", 'since = "a", where'), more=new_too, kinds=[noted(of, add='{ case = ["b"] }')])
    assert opens(since, old=under(GO, more=old_list, kinds=[noted(of)])) == MAYBE
    checked = under(ASKS_NOTE.replace('"good"', "true"), kinds=[noted('type = "bool"', add='{ case = ["b"] }')])
    assert opens(checked, old=under(GO, kinds=[noted('type = "bool"')])) == MAYBE


def test_what_only_the_other_version_knows_is_left_aside() -> None:
    assert opens(under(GO), old=under(GO, row("tell", "a", sets="gone"), more="[facts.gone]\ntype = 'bool'\n")) == BOTH


def test_a_case_that_may_have_items_already_may_have_too_many() -> None:
    none = row("go", "a", "b", '{ items = "note", at_most = 0 }')
    later = noted(add='{ case = ["b"] }')
    assert opens(under(none, kinds=[later]), old=under(GO, kinds=[later])) == BOTH
    assert opens(under(none, kinds=[later]), old=under(GO, kinds=[noted()])) == MAYBE
    assert opens(under(none, kinds=[later]), old=under(GO, kinds=[noted(name="paper")])) == BOTH


# What lies behind a case


def test_what_lies_behind_is_what_all_ways_passed_and_what_some_did() -> None:
    procedure = drafted(
        facts(first='"bool"', second='"bool"', maybe='"bool"\noptional = true', asked='"int"', boss='"actor"'),
        states("a", "b", "c", "d", final=["ended"]),
        row("open", dest="a", sets="first"),
        row("tell", "a", sets="second asked boss"),
        row("short", "a", "c", sets="maybe"),
        row("long", "a", "b", '{ value = "asked", at_least = 1 }'),
        row("on", "b", "c", by="boss"),
        row("go", "c", "d", '{ any = [{ value = "second", is = true }, { value = "second", is = false }] }'),
        row("end", "d", "ended", '{ when = { value = "asked", is = 1 }, value = "maybe", is = true }'),
    )
    behind = pasts(procedure)

    def past(state: str) -> tuple[set[str], set[str], set[str], set[str]]:
        one: Past = behind[state]
        return {*one.stated_surely}, {*one.stated_maybe}, {*one.entered_surely}, {*one.entered_maybe}

    told = {"first", "second", "asked", "boss"}
    assert past("a") == ({"first"}, told, {"a"}, {"a"})
    assert past("b") == ({"first", "asked"}, told, {"a", "b"}, {"a", "b"})
    assert past("c") == ({"first"}, told | {"maybe"}, {"a", "c"}, {"a", "b", "c"})
    assert past("d") == ({"first", "second"}, told | {"maybe"}, {"a", "c", "d"}, {"a", "b", "c", "d"})
    assert past("ended")[0] == {"first", "second", "asked"}
    assert behind.keys() == {"a", "b", "c", "d", "ended"}


def test_what_lies_behind_does_not_hang_on_the_order_in_which_it_is_written() -> None:
    procedure = drafted(
        facts(opt='"bool"\noptional = true', rich='"bool"', more='"bool"'),
        states("e", "d", "c", "b", "a", "f", final=["ended"]),
        row("open", dest="a", sets="opt"),
        row("by_b", "a", "b"),
        row("by_f", "a", "f"),
        row("from_b", "b", "c", sets="rich"),
        row("bare", "b", "c"),
        row("from_f", "f", "c", sets="more"),
        row("on", "c", "d"),
        row("to_e", "d", "e"),
        row("end", "e", "ended"),
    )
    behind = pasts(procedure)
    for state, passed in (("c", {"a", "c"}), ("d", {"a", "c", "d"}), ("e", {"a", "c", "d", "e"})):
        assert behind[state].stated_surely == set()
        assert behind[state].stated_maybe == {"opt", "rich", "more"}
        assert behind[state].entered_surely == passed
        assert behind[state].entered_maybe == passed | {"b", "f"}


@pytest.mark.parametrize(
    ("asked", "by", "stated"),
    [
        ('{ all = [{ value = "m", is = 1 }, { value = "n", at_most = "k" }] }', "clerk", {"m", "n", "k"}),
        ('{ any = [{ value = "m", is = 1 }, { value = ["m", "n"], equals = 2 }] }', "clerk", {"m"}),
        ('{ when = [{ value = "m", is = 1 }, { value = "k", is = 1 }], value = "n", is = 1 }', "clerk", {"m", "k"}),
        ('{ value = ["n", "m"], times = 2, at_least = 3 }', "clerk", {"m", "n"}),
        ('{ value = "m", at_least = "two" }', "clerk", {"m"}),
        ('{ value = "m", is = 1 }, { value = "n", is = 1 }, { case = ["a"] }', "boss", {"m", "n", "boss"}),
        ("", "boss", {"boss"}),
        ("", "boss clerk", set()),
        ("", "boss other", set()),
    ],
)
def test_who_passed_a_row_has_stated_what_it_reads(asked: str, by: str, stated: set[str]) -> None:
    procedure = drafted(
        "[parameters]\ntwo = { value = 2, verified = true }\n",
        facts(m='"int"', n='"int"', k='"int"', boss='"actor"', other='"actor"'),
        states("a", "b", final=["ended"]),
        row("open", dest="a"),
        row("tell", "a", sets="m n k boss other"),
        row("go", "a", "b", asked, by=by),
        row("end", "b", "ended"),
    )
    assert pasts(procedure)["b"].stated_surely == stated
