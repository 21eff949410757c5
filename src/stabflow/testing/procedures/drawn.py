"""Valid procedures, drawn at random: modest in size, but with every table, every type of field and every kind of requirement.

Valid is what can be read; most could not be proved. This module needs Hypothesis.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from ...calendar import Duration, Unit
from ...errors import ProcedureError
from ...language import (
    ACCOUNTABLE,
    Clause,
    Field,
    FieldType,
    Gate,
    ItemKind,
    ListEntry,
    NoticeRule,
    Occasion,
    Outcome,
    Parameter,
    Preset,
    Procedure,
    Property,
    Recurrence,
    Role,
    Separation,
    State,
    Step,
    Transition,
)
from ...requirements import (
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
from ...text import Text

ROLES = ("chair", "unit", "panel")
CLAUSES = ("一.1", "2", "A")

durations = st.builds(Duration, st.integers(1, 99), st.sampled_from(Unit))
wordings = st.text(st.sampled_from("abcé 风险评估，.“”\"'\\{}%#="), min_size=1, max_size=12).filter(str.strip)
titles = st.builds(Text, wordings, wordings)
clauses = st.lists(st.sampled_from(CLAUSES), max_size=2, unique=True).map(tuple)
by = st.lists(st.sampled_from(ROLES), min_size=1, max_size=2, unique=True)

FACTS = {
    "contested": FieldType.BOOL,
    "people": FieldType.INT,
    "cost": FieldType.DECIMAL,
    "grounds": FieldType.TEXT,
    "level": FieldType.CHOICE,
    "start": FieldType.DATE,
    "lead": FieldType.ACTOR,
    "paper": FieldType.FILE,
}


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What ``strategy`` draws, or nothing."""
    return st.none() | strategy


@st.composite
def fields(draw: st.DrawFn, type_: FieldType, *, of_case: bool) -> Field:
    """A field of a type: of the case, or of a kind of item."""
    number = type_ in (FieldType.INT, FieldType.DECIMAL)
    return Field(
        type=type_,
        title=draw(maybe(titles)),
        clause=draw(clauses),
        of="level" if type_ is FieldType.CHOICE else None,
        min=draw(maybe(st.integers(-9, 0))) if number else None,
        max=draw(maybe(st.integers(1, 2**53 - 1))) if number else None,
        max_length=draw(st.integers(1, 99)) if type_ is FieldType.TEXT else None,
        optional=draw(st.booleans()),
        material=of_case and draw(st.booleans()),
        suppress_below=draw(maybe(st.integers(1, 9))) if type_ is FieldType.INT else None,
    )


def leaves(states: list[str]) -> st.SearchStrategy[Requirement]:
    """Requirements without parts, on the lifecycle of the case; those on items all of one kind."""
    common: dict[str, Any] = {"clause": clauses, "title": maybe(titles)}
    bounds = st.integers(1, 9) | st.just("quorum")
    where = st.fixed_dictionaries(
        {}, optional={"verdict": st.sampled_from(["low", ("low", "high")]), "sure": st.booleans()}
    )
    items: dict[str, Any] = {
        "items": st.just("test"),
        "where": where,
        "since": maybe(st.sampled_from(states)),
        **common,
    }
    return st.one_of(
        st.builds(ValueIs, value=st.just("contested"), is_=st.booleans(), **common),
        st.builds(ValueIs, value=st.just("level"), is_=st.sampled_from(["low", ("low", "high")]), **common),
        st.builds(ValueIs, value=st.just("people"), is_=st.integers(-9, 9), **common),
        st.builds(ValueIs, value=st.just(("people", "cost")), times=st.integers(1, 9), at_most=bounds, **common),
        st.builds(ValueIs, value=st.just("people"), equals=bounds | st.just("cost"), **common),
        st.builds(ItemsAre, at_least=bounds, in_=st.just(()) | st.just("open"), **items),
        st.builds(ItemsAre, equals=st.integers(0, 9), **items),
        st.builds(ItemsAre, over=st.fractions(Fraction(1, 99), Fraction(98, 99), max_denominator=99), **items),
        st.builds(ItemsAre, every=st.sampled_from(["done", ("open", "done")]), **items),
        st.builds(CaseIs, case=st.lists(st.sampled_from([*states, "analyze"]), min_size=1, max_size=2), **common),
        st.builds(RolesFilled, filled=by, at_least=st.just(1) | st.just("quorum"), **common),
        st.builds(TimeElapsed, elapsed=st.sampled_from(["1 hours", "pause"]), since=st.sampled_from(states), **common),
        st.builds(
            PluginAnswers,
            plugin=st.just("budget"),
            with_=st.dictionaries(st.sampled_from("abc"), st.booleans() | st.integers(-9, 9) | wordings),
            **common,
        ),
    )


def requirements(states: list[str]) -> st.SearchStrategy[Requirement]:
    """Requirements at most three deep."""
    leaf = leaves(states)
    pairs = st.lists(leaf, min_size=2, max_size=3)
    return st.one_of(
        leaf,
        st.builds(AnyOf, any=pairs, when=st.lists(leaf, max_size=1)),
        st.builds(AllOf, all=st.tuples(leaf, st.builds(AnyOf, any=pairs, clause=clauses))),
    )


def _within(limit: Duration) -> dict[str, Any]:
    return {"within": limit}


def _escaped(words: str) -> str:
    return words.replace("{", "{{").replace("}", "}}")


def templates(*fields_: str) -> st.SearchStrategy[Text]:
    """Words of notices, in which some of these fields are named."""
    words = st.lists(wordings.map(_escaped) | st.sampled_from(fields_).map("{{{}}}".format), min_size=1, max_size=4)
    return st.builds(Text, words.map(" ".join), words.map("".join))


def notices(states: list[str]) -> st.SearchStrategy[list[NoticeRule]]:
    """Notices on every occasion, each at most once."""
    owed = ("case", "matter_title", "procedure", "item", "state", "due", "role", "level", "contested", "start")
    done = (*owed, "trigger", "by_role")
    to = st.lists(st.sampled_from([*ROLES, ACCOUNTABLE]), min_size=1, max_size=2, unique=True)

    def rule(name: str, *words: str, **keys: Any) -> st.SearchStrategy[NoticeRule]:
        said = {"subject": templates(*words), "text": st.lists(templates(*words), min_size=1, max_size=2)}
        common = {"name": st.just(name), "clause": clauses, "title": maybe(titles)}
        return st.builds(NoticeRule, **{**common, "to": to, **said, **keys})

    one_of_each = (
        rule(
            "soon",
            *owed,
            "lead",
            on=st.just(Occasion.BEFORE_DUE),
            of=st.just("*"),
            lead=st.lists(st.just("pause") | durations, min_size=1, max_size=2, unique_by=str),
        ),
        rule(
            "late", *owed, on=st.just(Occasion.DUE), of=st.just(()) | st.just("*"), in_=st.just(()) | st.just("waiting")
        ),
        rule("up", *owed, "kind", on=st.just(Occasion.ESCALATED), of=st.just(("test", "notice"))),
        rule(
            "come",
            *done,
            on=st.just(Occasion.ENTERED),
            to=by,
            in_=st.lists(st.sampled_from(states), min_size=1, unique=True),
        ),
        rule(
            "done", *done, "verdict", on=st.just(Occasion.FIRED), to=by, of=st.just("test"), triggers=st.just("judge")
        ),
    )
    return st.lists(st.one_of(one_of_each), max_size=3, unique_by=lambda one: one.name)


@st.composite
def _drawn(draw: st.DrawFn) -> Procedure:
    """A procedure whose case goes through its states in a line and back, with one kind of item of each sort."""
    states = [f"state_{number}" for number in range(draw(st.integers(1, 4)))]
    required = requirements(states)
    periods: list[dict[str, Any]] = [{"within": "period"}, {"open_ended": True}]
    limits = st.sampled_from(periods) | durations.map(_within)
    made = {
        name: State(
            title=draw(maybe(titles)),
            clause=draw(clauses),
            step=draw(maybe(st.sampled_from([Step.INVESTIGATE, Step.REVIEW]))),
            accountable=draw(st.sampled_from([*ROLES, "lead"])),
            clock_stopped_by=draw(st.lists(st.sampled_from(ROLES), max_size=1)),
            **draw(limits),
        )
        for name in states
    }
    made["waiting"] = State(accountable="chair", until="start")
    made["ended"] = State(final=True, step=Step.CLOSED, outcome=draw(maybe(st.sampled_from(Outcome))))
    line = [*states, "waiting", "ended"]
    rows = [
        Transition(
            trigger="open",
            dest=line[0],
            by=draw(st.sampled_from(["chair", ("panel", "chair")])),
            requires=draw(st.lists(required, max_size=1)),
        )
    ]
    rows += [
        Transition(
            trigger="go",
            source=here,
            dest=there,
            by=draw(st.sampled_from(["chair", "lead", ("unit", "lead")])),
            set=draw(st.lists(st.sampled_from(list(FACTS)), max_size=3, unique=True)),
            requires=draw(st.lists(required, max_size=2)),
            title=draw(maybe(titles)),
            clause=draw(clauses),
        )
        for here, there in itertools.pairwise(line)
    ]
    rows.append(Transition(trigger="state", source="*", by=draw(by), set=list(FACTS)))
    if draw(st.booleans()):
        rows.append(Transition(trigger="back", source=line[1:-1], dest=line[0], by=draw(by)))
    test = ItemKind(
        title=draw(titles),
        fields={
            "aspect": draw(fields(FieldType.CHOICE, of_case=False)),
            "verdict": draw(fields(FieldType.CHOICE, of_case=False)),
            "sure": Field(type="bool"),
        },
        states={"open": State(accountable=draw(st.sampled_from(ROLES)), **draw(limits)), "done": State(final=True)},
        transitions=[
            Transition(trigger="judge", source="open", dest="done", by=draw(by), set=["verdict", "sure"]),
            Transition(trigger="add", dest="open", by=draw(by), set="aspect"),
        ],
        preset=draw(maybe(st.just(Preset(field="aspect", from_="level", dest="open", at=line[0])))),
        unique=draw(st.sampled_from([(), "aspect", ("actor", "aspect")])),
    )
    notice = ItemKind(
        title=draw(titles),
        clause=draw(clauses),
        fields={"concerned": Field(type="actor")},
        states={"raised": State(accountable="concerned", within="period"), "settled": State(final=True)},
        transitions=[
            Transition(
                trigger="fall_due",
                dest="raised",
                on=draw(st.sampled_from(["overdue", ("overdue", "vacant")])),
                set="concerned",
            ),
            Transition(
                trigger="come_round",
                dest="raised",
                every=draw(st.sampled_from(Recurrence)),
                lead=draw(maybe(durations)),
            ),
            Transition(
                trigger="settle",
                source="raised",
                dest="settled",
                by="chair",
                requires=IndependentOf(independent_of="concerned"),
            ),
        ],
    )
    pair = st.lists(st.lists(leaves(states), min_size=1, max_size=2), min_size=2, max_size=2)
    return Procedure(
        id="drawn",
        version=draw(st.sampled_from(["1", "1.2.rc3"])),
        title=draw(titles),
        source=draw(wordings | titles),
        timezone="Asia/Shanghai",
        clauses={
            name: Clause(title=draw(maybe(titles)), deviation=draw(wordings | titles), note=draw(maybe(titles)))
            for name in draw(st.permutations(CLAUSES))
        },
        lists={
            "level": {
                "high": ListEntry(title=draw(titles), clause=draw(clauses)),
                "low": ListEntry(title=draw(titles)),
            },
            "sort": {
                "one": ListEntry(title=draw(titles), of="level.low", aliases=draw(st.lists(wordings, max_size=2)))
            },
        },
        parameters={
            "quorum": Parameter(value=draw(st.integers(1, 3)), verified=draw(st.booleans()), clause=draw(clauses)),
            "period": Parameter(
                value=draw(durations), verified=False, source=draw(maybe(wordings)), title=draw(maybe(titles))
            ),
            "pause": Parameter(value="1 hours", verified=True),
        },
        roles={
            "chair": Role(title=draw(titles), supervises=["unit"], responds_within=draw(maybe(durations))),
            "unit": Role(
                title=draw(titles),
                appointed_by=draw(st.just(()) | st.just("panel")),
                body=draw(maybe(st.just("level.low"))),
            ),
            "panel": Role(title=draw(titles), holders=draw(maybe(st.integers(3, 9))), delegable=draw(st.booleans())),
        },
        separations=draw(
            st.lists(
                st.builds(Separation, roles=st.just(("unit", "panel")), across=st.sampled_from(["case", "matter"])),
                max_size=1,
            )
        ),
        facts={name: draw(fields(type_, of_case=True)) for name, type_ in FACTS.items()},
        states=made,
        transitions=rows,
        items={"test": test, "notice": notice},
        gate=draw(
            st.none()
            if made["ended"].outcome in (Outcome.DEFER, Outcome.PROHIBIT)
            else maybe(st.builds(Gate, in_=st.just("ended"), requires=st.lists(required, max_size=1), clause=clauses))
        ),
        properties=draw(
            st.lists(
                st.builds(Property, title=titles, never=st.lists(required, min_size=1, max_size=2), clause=clauses)
                | st.builds(Property, title=titles, leads_to=pair)
                | st.builds(Property, title=titles, before=pair),
                max_size=2,
            )
        ),
        notices=draw(notices([*states, "ended"])),
    )


NUMBERS = ("can never be so", "cannot be so together", "always holds")


@st.composite
def procedures(draw: st.DrawFn) -> Procedure:
    """Valid procedures, small but of every kind; most could not be proved, so open cases with ``unproved="allow"``."""
    try:
        return draw(_drawn())
    except ProcedureError as error:
        if all(fault.problem.startswith(NUMBERS) for fault in error.faults):
            reject()
        raise
