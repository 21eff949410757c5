"""What is searched together, what a search must tell apart, and what it says where it stops before its end."""

from __future__ import annotations

import pytest
from flawed.brief import ADD, FINISH, OUTCOME, STEPS, act, drafted, facts, kind, onward, row, states, wanted
from flawed.catalogue import FLAWS, added, made
from test_reasoning_holes import ONE_X, of

from stabflow import Procedure
from stabflow.language import Property
from stabflow.reasoning.check import check
from stabflow.reasoning.cluster import clusters
from stabflow.reasoning.ends import ENDS, ends
from stabflow.reasoning.inquiry import Inquiry
from stabflow.reasoning.report import Finding, Report, Status
from stabflow.requirements import CaseIs, ItemsAre, ValueIs
from stabflow.text import same

# Kinds that are searched together


def some(name: str, at_least: int = 1) -> str:
    return f'{{ items = "{name}", at_least = {at_least} }}'


def none(name: str) -> str:
    return f'{{ items = "{name}", at_most = 0 }}'


def of_kinds(asked: str = "", more: str = "", **adds: str) -> Procedure:
    """From a to the end, if what is ``asked`` holds; kinds of which items are added where this is so."""
    return drafted(
        states("a", final=["ended"]),
        row("open", dest="a"),
        row("end", "a", "ended", asked),
        *(kind(name, act("add", dest="open", requires=asks), FINISH) for name, asks in adds.items()),
        more,
    )


@pytest.mark.parametrize(
    ("procedure", "expected"),
    [
        (of_kinds(), []),
        (of_kinds(x="", y="", z=""), ["x", "y", "z"]),
        (of_kinds(x=some("y"), y="", z=""), ["xy", "z"]),
        (of_kinds(x="", y="", z=some("x")), ["xz", "y"]),
        (of_kinds(x=some("y"), y=some("z"), z=""), ["xyz"]),
        (of_kinds(w=some("x"), x="", y=some("z"), z=""), ["wx", "yz"]),
        (of_kinds(w=some("x"), x=some("y"), y=some("z"), z=""), ["wxyz"]),
        (of_kinds(x=none("x"), y=some("y", 2), z=""), ["x", "y", "z"]),
        (of_kinds(f"{some('x')}, {some('y')}", x="", y="", z=""), ["x", "y", "z"]),
    ],
)
def test_a_kind_is_searched_with_those_that_its_rows_read(procedure: Procedure, expected: list[str]) -> None:
    assert ["".join(sorted(group)) for group in clusters(procedure)] == expected


def test_kinds_that_keep_each_other_out_are_not_both_brought_about() -> None:
    both = f"{some('x')}, {some('y')}"
    report = check(of_kinds(both, x=none("y"), y=none("x")))
    assert of(report, "ends").status is Status.FLAWED
    assert "transitions.end" in [one.path for one in report.flaws if one.property == "rows"]
    assert check(of_kinds(both, x=none("y"), y="")).proved is False, "whoever adds a y first adds no x"
    assert of(check(of_kinds(both, x="", y="")), "ends").status is Status.PROVED


# Where a search stops before its end

TWO = next(flaw for flaw in FLAWS if flaw.name == "both_lost")


def test_kinds_that_are_searched_together_and_not_to_the_end_prove_nothing_and_accuse_nobody() -> None:
    inquiry = Inquiry(TWO.twin, 10_000, corrected=False)
    assert [*ends(inquiry)] == []
    alone = max(len(graph.nodes) for graph in inquiry.graphs if graph not in inquiry.searched)
    together = max(len(graph.nodes) for graph in inquiry.searched)
    assert alone + 1 < together
    for most in range(alone, together - 1):
        inquiry = Inquiry(TWO.twin, most, corrected=False)
        assert inquiry.composition.complete
        (found,) = ends(inquiry)
        assert (found.property, found.title, found.status) == ("ends", ENDS, Status.INCOMPLETE)
        assert f"more than {most} states" in found.text.en


def test_no_more_is_searched_once_a_case_that_is_stuck_was_found() -> None:
    """What is unlike the others needs no search with them: what all together would take is more than is allowed."""
    kinds = [
        kind(name, act("add", dest="open", requires=f'{{ items = "{name}", at_most = 1 }}'), FINISH)
        for name in ("u", "v")
    ]
    procedure = made(TWO.theme, (*TWO.shared, *TWO.planted, added("".join(kinds))))
    inquiry = Inquiry(procedure, 10_000)
    assert [one.status for one in ends(inquiry)] == [Status.FLAWED]
    needed = max(len(graph.nodes) for graph in inquiry.graphs)
    inquiry.joint(range(len(inquiry.composition.groups)))
    assert max(len(graph.nodes) for graph in inquiry.graphs) > needed
    (found,) = ends(Inquiry(procedure, needed))
    assert found.status is Status.FLAWED


def test_a_stuck_case_that_cannot_be_shown_hides_no_other() -> None:
    """In p and in q a note is wanted, and none can be added; to p leads only a number that nobody may have stated."""
    procedure = drafted(
        facts(n='"int"'),
        states("a", "b", "p", "q", final=["ended"]),
        row("open", dest="a"),
        row("state", "a", "b", '{ value = "n", at_most = 3 }', "n"),
        row("to_p", "b", "p", '{ value = "n", at_least = 5 }'),
        row("to_q", "b", "q"),
        row("end", ["p", "q"], "ended", '{ items = "note", at_least = 1 }'),
        kind("note", act("add", dest="open", requires='{ case = ["a", "b"] }'), FINISH),
    )
    flaw = of(check(procedure), "ends")
    assert flaw.status is Status.FLAWED
    assert flaw.path == "states.q"
    assert flaw.title == ENDS
    assert [one.trigger for one in flaw.trace] == ["open", "state", "to_q"]


def test_what_hangs_on_what_is_not_followed_says_where() -> None:
    finish = act("finish", "open", "done", some("late"))
    late = '{ trigger = "add", dest = "open", on = ["overdue"] }'
    procedure = of_kinds('{ items = "x", every = ["done"] }', kind("x", ADD, finish) + kind("late", late, FINISH))
    found = of(check(procedure), "ends")
    assert (found.property, found.title, found.status, found.path) == ("ends", ENDS, Status.INCOMPLETE, "states.a")


# What is told apart of items


def stuck_in(procedure: Procedure) -> list[str]:
    """The acts of the case that is shown to be stuck."""
    flaw = of(check(procedure), "ends")
    assert flaw.status is Status.FLAWED, flaw
    return [one.trigger for one in flaw.trace]


ALL_DONE = '{ items = "note", every = ["done"] }'
MARK = 'fields.mark = { type = "choice", of = "grade" }'


def noted(*acts: str, more: str = "", stands: str = "open", asked: str = ALL_DONE) -> Procedure:
    """From a to the end when all notes are done."""
    return drafted(
        states("a", final=["ended"]),
        row("open", dest="a"),
        row("end", "a", "ended", asked),
        kind("note", *acts, more=more, stands=stands),
    )


def marked(*grades: str) -> str:
    each = [f'{{ value = "mark", is = "{one}" }}' for one in grades]
    return each[0] if len(each) == 1 else f"{{ any = [{', '.join(each)}] }}"


def test_a_value_is_told_apart_wherever_a_row_ahead_asks_for_it() -> None:
    """Left only what is good comes through; right everything does."""
    to_sides = [act(f"to_{side}", "open", side) for side in ("left", "right")]
    through = [act(f"from_{side}", side, "done", marked(*ones)) for side, ones in WAYS.items()]
    for acts in ([*through, *to_sides], [*to_sides, *reversed(through)]):
        found = noted(act("add", dest="open", sets="mark"), *acts, more=MARK, stands="open left right")
        assert stuck_in(found) == ["open", "add", "to_left"]


WAYS = {"left": ("good",), "right": ("good", "fair", "bad")}


def test_whether_an_item_was_in_a_state_is_told_apart_until_it_is_asked() -> None:
    """Where it was held it can be finished; on the longer way there it never was."""
    found = noted(
        ADD,
        act("hold", "open", "held"),
        act("let_go", "held", "last"),
        act("turn", "open", "second"),
        act("on", "second", "third"),
        act("in", "third", "last"),
        act("finish", "last", "done", '{ elapsed = "1 days", since = "held" }'),
        stands="open held second third last",
    )
    assert stuck_in(found) == ["open", "add", "turn"]


def test_what_an_item_may_do_in_one_state_of_the_case_it_may_not_do_in_another() -> None:
    """Though nothing else that is asked has changed: in b only what is flagged can be finished."""
    procedure = drafted(
        facts(flag='"bool"'),
        states("a", "b", final=["ended"]),
        row("open", dest="a", sets="flag"),
        row("go", "a", "b"),
        row("end", "b", "ended", ALL_DONE),
        kind("note", ADD, act("finish", "open", "done", f"{{ any = [{IN_A}, {FLAG}] }}")),
    )
    flaw = of(check(procedure), "ends")
    assert flaw.status is Status.FLAWED
    assert flaw.path == "states.b"
    assert flaw.trace[0].values == {"flag": False}


IN_A = '{ case = ["a"] }'
FLAG = '{ value = "flag", is = true }'


def test_what_asks_for_an_item_since_a_state_that_was_never_entered_is_not_met() -> None:
    procedure = drafted(
        states("a", "b", "p", final=["ended"]),
        row("open", dest="a"),
        row("go", "a", "p"),
        row("aside", "a", "b"),
        row("leave", "b", "ended"),
        row("end", "p", "ended", '{ items = "note", since = "b", at_least = 1 }'),
        kind("note", ADD, FINISH),
    )
    assert stuck_in(procedure) == ["open", "go"]


def spoilt(many: str, at_least: int, where: str = "") -> Procedure:
    """So many votes are wanted, each of another seat; a vote that is spoilt keeps its seat."""
    more = f'unique = ["seat"]\nfields.seat = {{ type = "choice", of = "seat"{many} }}'
    return drafted(
        "[lists.seat]\n" + "".join(f'{one} = {{ title = {{ en = "{one}", zh = "席" }} }}\n' for one in ("one", "two")),
        states("a", final=["ended"]),
        row("open", dest="a"),
        row("end", "a", "ended", f'{{ items = "vote", in = ["cast"]{where}, at_least = {at_least} }}'),
        kind(
            "vote",
            act("add", dest="cast", sets="seat"),
            act("spoil", "cast", "spoilt"),
            more=more,
            stands="cast",
            final="spoilt",
        ),
    )


@pytest.mark.parametrize(
    ("procedure", "acts"),
    [
        (spoilt("", 1), ["add", "add", "spoil", "spoil"]),
        (spoilt("", 2), ["add", "spoil"]),
        (spoilt("", 3), []),
        (spoilt(", many = true", 3), ["add", "spoil"]),
        (spoilt(", many = true", 2), ["add", "add", "spoil", "spoil"]),
        (spoilt(", many = true", 4), []),
        (spoilt("", 1, ', where = { seat = "one" }'), ["add", "spoil"]),
    ],
)
def test_a_value_that_is_taken_for_good_leaves_no_room(procedure: Procedure, acts: list[str]) -> None:
    found = stuck_in(procedure)
    assert found[0] == "open"
    assert sorted(found[1:]) == acts


def test_an_item_of_which_nothing_was_stated_is_not_one_of_another_value() -> None:
    """None may be bad: of one that was done without a grade nobody can say so any more."""
    found = noted(
        ADD,
        act("judge", "open", sets="mark"),
        FINISH,
        more=MARK,
        asked='{ items = "note", where = { mark = "bad" }, at_most = 0 }',
    )
    assert stuck_in(found) == ["open", "add", "finish"]


def test_a_condition_on_what_was_never_stated_of_an_item_lets_nobody_pass() -> None:
    """Nothing is ever bad, and of a note that was done without a mark nobody can say so."""
    found = noted(
        ADD,
        act("judge", "open", requires='{ value = "mark", is = "good" }', sets="mark"),
        FINISH,
        more=MARK,
        asked='{ when = { items = "note", where = { mark = "bad" }, at_most = 0 }, plugin = "p" }',
    )
    assert stuck_in(found) == ["open", "add", "finish"]


def test_where_one_of_a_round_must_be_done_another_of_it_is_not_enough() -> None:
    procedure = drafted(
        states("a", "p", final=["ended"]),
        row("open", dest="a"),
        row("go", "a", "p"),
        row("end", "p", "ended", '{ items = "note", since = "p", in = ["done"], at_least = 1 }'),
        kind(
            "note",
            act("add", dest="open", requires=f'{{ case = ["p"] }}, {none("note")}'),
            act("lose", "open", "lost"),
            FINISH,
            final="done lost",
        ),
    )
    assert stuck_in(procedure) == ["open", "go", "add", "lose"]


# What a creating row asks


def test_what_a_row_that_adds_items_asks_is_examined_too() -> None:
    flag = '{ value = "flag", is = true }'

    def asking(asked: str) -> list[tuple[str, Status, str]]:
        procedure = drafted(
            facts(flag='"bool"'),
            states("a", final=["ended"]),
            row("open", dest="a", requires=flag, sets="flag"),
            row("end", "a", "ended", some("note")),
            kind("note", act("add", dest="open", requires=asked), FINISH),
        )
        found = [one for one in check(procedure).findings if one.path.startswith("items.note.transitions.add")]
        return [(one.property, one.status, one.path.rpartition(".")[2]) for one in found]

    assert asking(flag) == [("needless", Status.WARNING, "requires[0]")]
    assert asking("") == []
    either = f'{{ any = [{{ value = "flag", is = false }}, {none("note")}] }}'
    assert ("requirements", Status.FLAWED, "any[0]") in asking(either)


def test_of_several_who_may_act_one_that_was_named_is_enough() -> None:
    procedure = drafted(
        facts(owner='"actor"', boss='"actor"'),
        states("a", "b", final=["ended"]),
        row("open", dest="a", sets="boss"),
        row("end", "a", "ended", by="owner boss"),
        row("aside", "a", "b", sets="owner"),
        row("leave", "b", "ended", by="boss owner"),
    )
    report = check(procedure)
    assert of(report, "ends").status is of(report, "rows").status is Status.PROVED
    alone = drafted(
        facts(owner='"actor"', boss='"actor"'),
        states("a", "b", final=["ended"]),
        row("open", dest="a", sets="boss"),
        row("end", "a", "ended", by="owner"),
        row("aside", "a", "b", sets="owner"),
        row("leave", "b", "ended", by="boss owner"),
    )
    assert [one.path for one in check(alone).flaws if one.property == "rows"] == ["transitions.end"]


@pytest.mark.parametrize(
    ("day", "sets", "flaws"),
    [
        ("", "", ["transitions.go"]),
        ("", "day", []),
        ("\noptional = true", "day", []),
        ("\noptional = true", "", ["transitions.go"]),
    ],
)
def test_what_ends_at_a_date_is_entered_where_the_date_is_stated(day: str, sets: str, flaws: list[str]) -> None:
    """Else only on the other way, which never leads here."""
    procedure = drafted(
        facts(day=f'"date"{day}'),
        states("a", "c", final=["ended"]),
        '[states.b]\naccountable = "clerk"\nuntil = "day"\n',
        row("open", dest="a"),
        row("go", "a", "b", sets=sets),
        row("aside", "a", "c"),
        row("state", "c", "ended", sets="day"),
        row("end", "b", "ended"),
    )
    found = check(procedure)
    assert [one.path for one in found.flaws if one.path.startswith("transitions.go")] == flaws
    assert of(found, "ends").status is Status.PROVED


# What is not followed


def told(report: Report) -> list[str]:
    return [text.en for text in report.assumed]


def test_a_condition_on_which_something_open_is_asked_must_be_stated() -> None:
    """Only on the other way is the flag stated, so that nobody gets through here."""
    procedure = drafted(
        facts(flag='"bool"'),
        states("a", "b", final=["ended"]),
        row("open", dest="a"),
        row("go", "a", "b"),
        row("on", "b", "ended", sets="flag"),
        row("end", "a", "ended", '{ when = { value = "flag", is = true }, plugin = "p" }'),
    )
    report = check(procedure)
    assert [one.path for one in report.flaws if one.property == "rows"] == ["transitions.end"]
    assert told(report) == ["what the plugin “p” asks"]


def test_what_an_item_must_state_for_a_number_must_have_been_stated() -> None:
    price = "fields.price = { type = 'int' }"
    low = act("approve", "open", "done", '{ value = "price", at_most = 5 }')
    early = noted(act("add", dest="open", sets="price"), low, more=price)
    assert of(check(early), "rows").status is Status.PROVED
    late = noted(ADD, low, act("finish", "open", "done", sets="price"), more=price)
    assert [one.path for one in check(late).flaws if one.property == "rows"] == ["items.note.transitions.approve"]


def test_of_alternatives_every_one_that_must_be_assumed_is_named() -> None:
    numbers = ("m", "n")
    asks = ", ".join(f'{{ value = "{one}", at_least = 3 }}' for one in numbers)
    procedure = drafted(
        facts(m='"int"', n='"int"'),
        states("a", final=["ended"]),
        row("open", dest="a", sets="m n"),
        row("end", "a", "ended", f"{{ any = [{asks}] }}"),
    )
    report = check(procedure)
    assert report.proved
    assert told(report) == ["what is asked of m", "what is asked of n"]
    with_plugin = of_kinds('{ any = [{ plugin = "p" }, { plugin = "q" }] }')
    assert told(check(with_plugin)) == ["what the plugin “p” asks", "what the plugin “q” asks"]


@pytest.mark.parametrize(
    "open_",
    [
        '{ all = [{ plugin = "p" }, { value = "flag", is = true }] }',
        '{ all = [{ value = "flag", is = true }, { plugin = "p" }] }',
        '{ any = [{ plugin = "p" }, { all = [{ value = "flag", is = true }, { plugin = "p" }] }] }',
        '{ when = { plugin = "p" }, all = [{ value = "flag", is = true }, { case = ["a"] }] }',
        '{ when = { plugin = "p" }, filled = "clerk" }',
    ],
)
def test_an_alternative_that_is_sure_is_not_left_for_one_that_must_be_assumed(open_: str) -> None:
    """Where the flag is set the way out hangs on what the plugin says; a way to and fro changes nothing."""
    procedure = drafted(
        facts(flag='"bool"'),
        states("a", "b", final=["ended"]),
        row("open", dest="a", sets="flag"),
        row("end", "a", "ended", f'{{ any = [{open_}, {{ value = "flag", is = false }}] }}'),
        row("go", "a", "b"),
        row("back", "b", "a"),
        wanted('leads_to = [[{ case = ["a"] }], [{ case = ["ended"] }]]'),
    )
    report = check(procedure)
    assert of(report, "ends").status is Status.INCOMPLETE
    assert [(one.status, one.path) for one in authors(report)] == [(Status.INCOMPLETE, "properties[0]")]
    assert not report.flaws


def test_a_row_to_which_no_case_with_such_numbers_comes_is_not_called_dead() -> None:
    procedure = drafted(
        facts(n='"int"'),
        states("a", "b", final=["ended"]),
        row("open", dest="a"),
        row("state", "a", "b", '{ value = "n", at_most = 3 }', "n"),
        row("much", "b", "ended", '{ value = "n", at_least = 5 }'),
        row("end", "b", "ended"),
    )
    rows = [one for one in check(procedure).findings if one.property == "rows"]
    assert [(one.status, one.path) for one in rows] == [(Status.INCOMPLETE, "transitions.much")]


SMALL = row("open", dest="in_investigate", requires='{ value = "n", at_most = 3 }', sets="n")
LARGE = '{ value = "n", at_least = 5 }'


def five_steps(*parts: str) -> Finding:
    """What is found of the five steps in their order, where ``n`` is small from the beginning."""
    procedure = drafted(
        facts(n='"int"'), states(*STEPS, final=["decided_so"], **STEPS, decided_so=OUTCOME), SMALL, *onward(), *parts
    )
    return of(check(procedure), "five_steps")


def test_a_short_cut_that_only_numbers_keep_from_being_gone_is_not_proved_to_be_none() -> None:
    assert five_steps().status is Status.PROVED
    found = five_steps(row("cut", "in_plan", "decided_so", LARGE))
    assert (found.status, found.path) == (Status.INCOMPLETE, "states.decided_so")
    assert five_steps(row("cut", "in_plan", "decided_so", '{ value = "n", at_most = 2 }')).status is Status.FLAWED


@pytest.mark.parametrize(
    ("asks", "status"), [(LARGE, Status.INCOMPLETE), ('{ value = "n", at_most = 2 }', Status.FLAWED)]
)
def test_a_gate_that_only_numbers_keep_shut_is_not_shown_open(asks: str, status: Status) -> None:
    found = five_steps(f'[gate]\nin = ["in_plan", "decided_so"]\nrequires = [{asks}]\n')
    assert (found.status, found.path) == (status, "states.in_plan")


# Properties of the author's


def authors(report: Report) -> list[Finding]:
    return [one for one in report.findings if one.property == "authors"]


def test_after_a_property_that_is_not_followed_the_others_are_judged_too() -> None:
    procedure = drafted(
        facts(n='"int"'),
        states("a", final=["ended"]),
        row("open", dest="a", sets="n"),
        row("end", "a", "ended"),
        wanted('never = [{ value = "n", at_least = 3 }]'),
        wanted('leads_to = [[{ case = ["a"] }], [{ case = ["ended"] }]]'),
        wanted('never = [{ case = ["ended"] }]'),
    )
    found = authors(check(procedure))
    assert [one.status for one in found] == [Status.INCOMPLETE, Status.PROVED, Status.FLAWED]
    assert [one.path for one in found] == [f"properties[{number}]" for number in range(3)]


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ('{ items = "x", in = "bad", at_least = 1 }', '{ items = "x", in = "good", at_least = 1 }', Status.FLAWED),
        (
            '{ case = ["a"] }, { items = "x", in = "open", at_least = 1 }',
            '{ items = "x", in = "good", at_least = 1 }',
            Status.PROVED,
        ),
        ('{ value = "flag", is = true }', '{ case = ["ended"] }', Status.PROVED),
        ('{ value = "flag", is = true }', '{ value = "flag", is = false }', Status.FLAWED),
        ('{ value = "flag", is = true }', '{ value = "sort", is = "bad" }', Status.FLAWED),
        ('{ case = ["a"] }', '{ value = "sort", is = "bad" }', Status.FLAWED),
        ('{ items = "x", since = "b", at_least = 1 }', '{ case = ["ended"] }', Status.PROVED),
        ('{ case = ["b"] }', '{ items = "y", since = "b", at_least = 1 }', Status.PROVED),
        ('{ case = ["b"] }', '{ items = "x", since = "b", at_least = 1 }', Status.FLAWED),
    ],
)
def test_what_no_row_asks_for_is_told_apart_where_a_property_does(first: str, second: str, status: Status) -> None:
    """There is one x, which may be added before b is entered; of the sort the row to b asks only whether it is good."""
    procedure = drafted(
        facts(flag='"bool"', sort='"choice"\nof = "grade"'),
        states("a", "b", final=["ended"]),
        row("open", dest="a", sets="flag sort"),
        row("go", "a", "b"),
        row("short", "a", "ended", '{ value = "sort", is = "good" }'),
        row("end", "b", "ended"),
        ONE_X,
        kind("y", ADD, FINISH),
        wanted(f"leads_to = [[{first}], [{second}]]"),
    )
    (found,) = authors(check(procedure))
    assert found.status is status, found


@pytest.mark.parametrize(
    ("one", "other", "is_vacuous"),
    [
        (ValueIs(value="paid", is_=True), ValueIs(value="paid", is_=False), True),
        (ValueIs(value="paid", is_=True), ValueIs(value="urgent", is_=False), False),
        (ValueIs(value="paid", is_=True), ItemsAre(items="note", at_least=1), False),
        (ValueIs(value="paid", is_=True), CaseIs(case="b"), False),
        (ValueIs(value="one", is_="good"), ValueIs(value="one", is_=("fair", "bad")), True),
        (ValueIs(value="one", is_=("good", "fair")), ValueIs(value="one", is_=("fair", "bad")), False),
        (ValueIs(value="several", is_="good"), ValueIs(value="several", is_="bad"), False),
    ],
)
def test_two_values_that_exclude_each_other_never_come_together(
    one: ValueIs, other: ValueIs | ItemsAre | CaseIs, is_vacuous: bool
) -> None:
    """Each of them holds somewhere; in b nothing is paid, and the rest is stated there: what can come together is a flaw."""
    choices = 'type = "choice"\nof = "grade"\n'
    procedure = drafted(
        facts(paid='"bool"', urgent='"bool"'),
        f"[facts.one]\n{choices}[facts.several]\n{choices}many = true\n",
        states("a", "b", final=["ended"]),
        row("open", dest="a", sets="paid"),
        row("go", "a", "b", '{ value = "paid", is = false }'),
        row("state", "b", sets="urgent one several"),
        row("end", ["a", "b"], "ended"),
        kind("note", act("add", dest="open", requires='{ case = ["b"] }'), FINISH),
    )
    (found,) = authors(check(procedure, properties=[Property(title=same("p"), never=(one, other))]))
    assert (found.status is Status.WARNING) is is_vacuous, found


# What it is taken for granted that corrections do not do


@pytest.mark.parametrize("back", ["", row("back", "b", "a")])
def test_nothing_is_taken_for_granted_of_corrections_that_are_searched(back: str) -> None:
    choices = 'type = "choice"\nof = "grade"\n'
    asks = '{ value = "level", is = ["bad", "good"] }'
    procedure = drafted(
        f"[facts.level]\n{choices}[facts.other]\n{choices}",
        facts(number='"int"'),
        states("a", "b", "c", final=["ended"]),
        row("open", dest="a"),
        row("go", "a", "b", asks, "level"),
        back,
        row("on", "b", "c", sets="other number"),
        row("end", "c", "ended"),
    )
    assert told(check(procedure)) == []
