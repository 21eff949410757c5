"""Small procedures drawn at random, most of which can be proved: a line of states with ways back, facts, two kinds of item."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import attrs
from hypothesis import strategies as st

from stabflow.language import (
    Field,
    ItemKind,
    ListEntry,
    Outcome,
    Preset,
    Procedure,
    Property,
    Role,
    State,
    Step,
    Transition,
)
from stabflow.language.lifecycle import FIVE_STEPS
from stabflow.requirements import AllOf, AnyOf, CaseIs, ItemsAre, PluginAnswers, Requirement, TimeElapsed, ValueIs
from stabflow.text import Text, same

OPEN: dict[str, Any] = {"accountable": "clerk", "open_ended": True}
LEVELS = ("low", "high")
STEPS = (*FIVE_STEPS,)


def facts() -> st.SearchStrategy[Requirement]:
    """Requirements on facts, of which some are optional and one is a number."""
    return st.one_of(
        st.builds(ValueIs, value=st.just("urgent"), is_=st.booleans()),
        st.builds(ValueIs, value=st.just("level"), is_=st.sampled_from(LEVELS)),
        st.builds(ValueIs, value=st.just("people"), at_most=st.just(9)),
    )


def items(states: list[str]) -> st.SearchStrategy[Requirement]:
    """Requirements on notes, or on votes, never on both."""
    since = st.none() | st.sampled_from(states)
    where = st.sampled_from([{}, {"verdict": "low"}, {"verdict": "high"}])
    in_ = st.sampled_from([(), "open", "done"])
    return st.one_of(
        st.builds(ItemsAre, items=st.just("note"), in_=in_, where=where, since=since, at_least=st.integers(1, 2)),
        st.builds(ItemsAre, items=st.just("note"), in_=in_, where=where, since=since, at_most=st.integers(0, 1)),
        st.builds(ItemsAre, items=st.just("note"), since=since, every=st.just("done")),
        st.builds(ItemsAre, items=st.just("vote"), since=since, at_least=st.integers(1, 3)),
        st.builds(ItemsAre, items=st.just("vote"), since=since, equals=st.integers(1, 2)),
    )


def conditions(states: list[str]) -> st.SearchStrategy[Requirement]:
    """Conditions of every kind, followed or not."""
    many = st.builds(ValueIs, value=st.just("people"), at_least=st.just(5))
    return st.one_of(
        facts(),
        many,
        items(states),
        st.builds(ItemsAre, items=st.just("note"), in_=st.sampled_from(["open", "done"]), over=st.just(Fraction(1, 2))),
        st.builds(TimeElapsed, elapsed=st.sampled_from(["1 days", "2000 days"]), since=st.sampled_from(states)),
        st.builds(PluginAnswers, plugin=st.just("mood")),
        st.builds(CaseIs, case=st.sampled_from(states)),
        st.tuples(many, facts()).map(lambda two: AnyOf(any=two)),
        st.tuples(many, facts()).map(lambda two: AllOf(all=two)),
    )


def guarded(states: list[str]) -> st.SearchStrategy[Requirement]:
    """Something that is asked on one or two conditions."""
    asked = st.one_of(facts(), items(states), st.builds(CaseIs, case=st.sampled_from(states)))
    when = st.lists(conditions(states), min_size=1, max_size=2)
    found = st.tuples(asked, when).map(lambda two: attrs.evolve(two[0], when=tuple(two[1])))
    return found.filter(lambda one: len(one.reads().kinds) <= 1)


def requirements(states: list[str]) -> st.SearchStrategy[Requirement]:
    """Requirements on rows of the case."""
    fact, item = facts(), items(states)
    return st.one_of(
        fact,
        item,
        item,
        st.builds(TimeElapsed, elapsed=st.just("1 days"), since=st.sampled_from(states)),
        st.tuples(fact, item).map(lambda two: AnyOf(any=two)),
        st.tuples(fact, fact).map(lambda two: AnyOf(any=two)),
        st.builds(ItemsAre, when=fact, items=st.just("note"), at_least=st.just(1)),
        guarded(states),
        guarded(states),
        st.builds(
            ItemsAre, when=item.filter(lambda one: one.items == "note"), items=st.just("note"), every=st.just("done")
        ),
    )


@st.composite
def procedures(draw: st.DrawFn) -> Procedure:
    """A procedure with or without the five steps."""
    steps, holds = draw(st.booleans()), draw(st.booleans())
    count = 5 if steps else draw(st.integers(1, 3))
    states = [f"state_{number}" for number in range(count)]
    asked = requirements(states)
    chance = st.integers(0, 3).map(bool)
    made = {name: State(**OPEN, step=STEPS[number] if steps else None) for number, name in enumerate(states)}
    made["ended"] = State(final=True, outcome=Outcome.IMPLEMENT if steps else None)
    line = [*states, "ended"]
    if holds:
        made["held"] = State(**OPEN, step=draw(st.sampled_from([None, Step.SCOPE])) if steps else None)
    all_facts = ("urgent", "level", "people")
    some_facts = st.lists(st.sampled_from(all_facts), unique=True, max_size=2)
    rows = [Transition(trigger="open", dest=line[0], by="clerk", set=draw(some_facts))]
    rows += [
        Transition(
            trigger="go",
            source=here,
            dest=there,
            by="head",
            set=draw(some_facts),
            requires=draw(st.lists(asked, max_size=1 if steps else 2)),
        )
        for here, there in itertools.pairwise(line)
    ]
    tell_in = draw(st.just("*") | st.sampled_from(states).map(lambda one: (one,)))
    rows.append(Transition(trigger="tell", source=tell_in, by="clerk", set=all_facts))
    if count > 1 and draw(chance):
        rows.append(Transition(trigger="back", source=draw(st.sampled_from(states[1:])), dest=states[0], by="head"))
    if draw(st.booleans()) and draw(st.booleans()):
        rows.append(
            Transition(
                trigger="jump", source=draw(st.sampled_from(states)), dest="ended", by="head", requires=draw(facts())
            )
        )
    if holds:
        rows += [
            Transition(
                trigger="hold",
                source=draw(st.lists(st.sampled_from(states), min_size=1, unique=True)),
                dest="held",
                by="clerk",
                set=draw(some_facts),
            ),
            Transition(trigger="resume", source="held", dest=draw(st.sampled_from(states)), by="head"),
        ]
    if holds and draw(st.booleans()):
        asked_then = draw(st.lists(st.one_of(facts(), guarded(states)), min_size=1, max_size=2))
        rows.append(Transition(trigger="let_through", source="held", dest="ended", by="head", requires=asked_then))
    place = st.sampled_from(states)
    only_in = st.sampled_from([(), ()]) | st.lists(place, min_size=1, unique=True).map(lambda one: (CaseIs(case=one),))
    note = ItemKind(
        title=same("note"),
        fields={
            "verdict": Field(type="choice", of="level", optional=draw(st.booleans())),
            "owner": Field(type="actor"),
        },
        states={"open": State(**OPEN), "done": State(final=True)},
        transitions=[
            Transition(trigger="add", dest="open", by="clerk", set="owner", requires=draw(only_in)),
            Transition(
                trigger="do",
                source="open",
                dest="done",
                by=draw(st.sampled_from(["head", "owner"])),
                set="verdict",
                requires=[*draw(only_in), *draw(st.lists(facts(), max_size=1) if draw(st.booleans()) else st.just([]))],
            ),
        ],
    )
    vote = ItemKind(
        title=same("vote"),
        fields={"seat": Field(type="choice", of="seat")},
        states={"cast": State(final=True)},
        unique=draw(st.sampled_from([(), "seat"])),
        transitions=[Transition(trigger="add", dest="cast", by="head", set="seat", requires=draw(only_in))],
    )
    point = ItemKind(
        title=same("point"),
        fields={"seat": Field(type="choice", of="seat")},
        states={"open": State(**OPEN), "done": State(final=True)},
        preset=Preset(field="seat", from_="seat", dest="open", at=draw(st.lists(place, min_size=1, unique=True))),
        transitions=[
            Transition(trigger="meet", source="open", dest="done", by="clerk", requires=draw(only_in)),
            *(
                [Transition(trigger="add", dest="open", by="clerk", set="seat", requires=draw(only_in))]
                if draw(st.booleans())
                else []
            ),
        ],
    )
    kinds = {"note": note, "vote": vote} | ({"point": point} if draw(chance) else {})
    if "point" in kinds:
        asked_of = draw(
            st.one_of(
                st.builds(ItemsAre, items=st.just("point"), every=st.just("done")),
                st.builds(ItemsAre, items=st.just("point"), in_=st.just("open"), at_most=st.integers(0, 3)),
                st.builds(ItemsAre, items=st.just("point"), in_=st.just("done"), at_least=st.integers(1, 3)),
            )
        )
        number = draw(st.integers(1, count))
        rows[number] = attrs.evolve(rows[number], requires=(*rows[number].requires, asked_of))
    state_of = st.sampled_from([*line]).map(lambda one: CaseIs(case=one))
    wanted = st.one_of(
        st.builds(Property, title=st.just(same("never")), never=st.tuples(state_of, items(states))),
        st.builds(Property, title=st.just(same("always")), always=items(states).map(lambda one: (one,))),
        st.builds(
            Property,
            title=st.just(same("leads to")),
            leads_to=st.tuples(state_of, st.one_of(state_of, items(states))).map(
                lambda two: tuple((one,) for one in two)
            ),
        ),
        st.builds(
            Property,
            title=st.just(same("before")),
            before=st.tuples(st.one_of(state_of, items(states)), state_of).map(
                lambda two: tuple((one,) for one in two)
            ),
        ),
    )
    return Procedure(
        id="drawn",
        version="1",
        timezone="Asia/Shanghai",
        title=same("drawn"),
        source="for tests",
        lists={
            "level": {name: ListEntry(title=same(name)) for name in LEVELS},
            "seat": {name: ListEntry(title=same(name)) for name in ("first", "second")},
        },
        roles={
            "head": Role(title=Text("head", "负责人"), supervises=["clerk"]),
            "clerk": Role(title=Text("clerk", "文员")),
        },
        facts={
            "urgent": Field(type="bool"),
            "level": Field(type="choice", of="level", optional=draw(st.booleans())),
            "people": Field(type="int", min=1, optional=draw(st.booleans())),
        },
        states=made,
        transitions=rows,
        items=kinds,
        properties=draw(st.lists(wanted, max_size=1)),
    )
