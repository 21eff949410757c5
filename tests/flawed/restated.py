"""Small procedures drawn at random in which much may be corrected: facts stated on the way and beside it, items that are rated,
go back and end, returns of the case to whatever it passed."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
from hypothesis import strategies as st

from stabflow.language import Field, ItemKind, ListEntry, Procedure, Role, State, Transition
from stabflow.requirements import AllOf, AnyOf, CaseIs, ItemsAre, Requirement, ValueIs
from stabflow.text import Text, same

OPEN: dict[str, Any] = {"accountable": "clerk", "open_ended": True}
LEVELS = ("low", "high")
ROWS: dict[str, Any] = {"by": "clerk"}


def facts() -> st.SearchStrategy[Requirement]:
    """What is asked of facts."""
    return st.one_of(
        st.builds(ValueIs, value=st.just("one"), is_=st.booleans()),
        st.builds(ValueIs, value=st.just("grade"), is_=st.sampled_from(LEVELS)),
    )


def items(states: list[str]) -> st.SearchStrategy[Requirement]:
    """What is asked of items, by what is stated of them."""
    where = st.sampled_from(LEVELS).map(lambda one: {"level": one})
    since = st.sampled_from([None, None, *states])
    in_ = st.sampled_from([(), (), "done"])
    common: dict[str, Any] = {"items": st.just("risk"), "where": where, "since": since}
    return st.one_of(
        st.builds(ItemsAre, **common, in_=in_, at_least=st.just(1)),
        st.builds(ItemsAre, **common, in_=in_, at_most=st.just(0)),
        st.builds(ItemsAre, items=st.just("risk"), every=st.just("done")),
    )


@st.composite
def asked(draw: st.DrawFn, states: list[str]) -> Requirement:
    """A requirement on a fact or on items, or on both."""
    first, other = draw(st.one_of(st.tuples(facts(), items(states)), st.tuples(items(states), facts())))
    match draw(st.integers(0, 4)):
        case 0:
            return AnyOf(any=(first, other))
        case 1:
            return AllOf(all=(first, other))
        case 2:
            return attrs.evolve(first, when=(draw(facts()),))
    return first


@st.composite
def restated(draw: st.DrawFn) -> Procedure:
    """A procedure."""
    states = [f"s{number}" for number in range(draw(st.integers(2, 3)))]
    often = st.lists(asked(states), min_size=1, max_size=2) | st.just([])
    told = st.sampled_from([(), ("one",), ("grade",), ("one", "grade")])
    rows = [
        Transition(
            trigger="open",
            dest="s0",
            set=draw(told),
            requires=draw(st.just([]) | facts().map(lambda one: [one])),
            **ROWS,
        )
    ]
    for here, there in itertools.pairwise([*states, "ended"]):
        rows.append(Transition(trigger="go", source=here, dest=there, set=draw(told), requires=draw(often), **ROWS))
    here = draw(st.integers(1, len(states) - 1))
    there = draw(st.integers(0, here - 1))
    rows.append(
        Transition(
            trigger="back", source=states[here], dest=states[there], set=draw(told), requires=draw(often), **ROWS
        )
    )
    where = draw(st.sampled_from(states))
    rows.append(Transition(trigger="leave", source=where, dest="ended", requires=draw(often), **ROWS))
    missing = {"one", "grade"} - {name for row in rows for name in row.set}
    if missing or draw(st.booleans()):
        rows.append(
            Transition(trigger="tell", source=where, set=sorted(missing) or ["one"], requires=draw(often), **ROWS)
        )
    at_first, later = draw(st.sampled_from([((), ("level",)), (("level",), ())]))
    goes_back = draw(st.booleans())

    def row(trigger: str, source: str, dest: str, names: tuple[str, ...], known: tuple[str, ...]) -> Transition:
        asks = []
        if draw(st.booleans()):
            asks.append(CaseIs(case=draw(st.lists(st.sampled_from(states), min_size=1, max_size=2, unique=True))))
        own = st.one_of(
            st.builds(ValueIs, value=st.just("level"), is_=st.sampled_from(LEVELS)),
            items(states),
        ).filter(lambda one: one.reads().names <= {*names, *known})
        if draw(st.booleans()):
            one = draw(own)
            asks.append(attrs.evolve(one, when=(draw(facts()),)) if draw(st.booleans()) else one)
        return Transition(trigger=trigger, source=source or (), dest=dest, set=names, requires=asks, **ROWS)

    risk = ItemKind(
        title=same("risk"),
        fields={"level": Field(type="choice", of="level")},
        states={"open": State(**OPEN), "rated": State(**OPEN), "done": State(final=True)},
        transitions=[
            row("add", "", "open", at_first, ()),
            row("rate", "open", "rated", later, at_first),
            row("close", "rated", "done", (), ("level",)),
            *([row("again", "rated", "open", (), ("level",))] if goes_back else []),
        ],
    )
    return Procedure(
        id="drawn",
        version="1",
        timezone="Asia/Shanghai",
        title=same("drawn"),
        source="for tests",
        lists={"level": {name: ListEntry(title=same(name)) for name in LEVELS}},
        roles={
            "head": Role(title=Text("head", "负责人"), supervises=["clerk"]),
            "clerk": Role(title=Text("clerk", "文员")),
        },
        facts={"one": Field(type="bool"), "grade": Field(type="choice", of="level")},
        states={**{name: State(**OPEN) for name in states}, "ended": State(final=True)},
        transitions=rows,
        items={"risk": risk},
    )
