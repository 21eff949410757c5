"""Procedures with one flaw, drawn at random: what whoever tests a checker, or a reviewer's eye, can be sure to find there.

This module needs Hypothesis.
"""

from __future__ import annotations

import itertools
from typing import Any, Literal, get_args

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...errors import InvalidInput, near_miss
from ...language import Field, Gate, ItemKind, ListEntry, Outcome, Procedure, Role, State, Transition
from ...language.lifecycle import FIVE_STEPS
from ...requirements import CaseIs, ItemsAre, ValueIs
from ...text import Text

Flaw = Literal["five_steps", "ends", "outcomes", "rows", "gate"]
"""What is wrong: by the name of the property under which `check` finds it."""

FLAWS: tuple[Flaw, ...] = get_args(Flaw)
"""Every kind of flaw that can be asked for."""

STATES = ("surveying", "weighing", "planning", "writing", "reviewing")
_MEMO = ItemsAre(items="memo", at_least=1, since=STATES[0])


def flawed_procedures(kind: Flaw) -> SearchStrategy[Procedure]:
    """Procedures in five steps with one flaw, of the sort ``kind``: ``five_steps`` (an outcome without all of them), ``ends`` (a
    case can get stuck), ``outcomes`` (one that no case reaches), ``rows`` (one that nobody can fire), ``gate`` (it never opens).
    `InvalidInput` for any other."""
    if kind not in FLAWS:
        raise InvalidInput.at("kind", f"unknown flaw {kind!r:.60}", near_miss(str(kind), FLAWS))
    return _flawed(kind)


@st.composite
def _flawed(draw: DrawFn, kind: Flaw) -> Procedure:
    sound = draw(_sound(memo_in="approved" if kind in ("outcomes", "rows") else "refused"))
    rows = list(sound.transitions)
    if kind == "five_steps":
        early = draw(st.sampled_from(STATES[:4]))
        rows.append(Transition(trigger="wave_through", source=early, dest="approved", by="head"))
    elif kind == "ends":
        locked = draw(st.sampled_from(STATES))
        asked = ValueIs(value="sealed", is_=False)
        rows = [
            attrs.evolve(row, requires=(*row.requires, asked)) if row.source == (locked,) and row.dest else row
            for row in rows
        ]
    elif kind == "outcomes":
        rows = [attrs.evolve(row, requires=(*row.requires, _MEMO)) if row.dest == "refused" else row for row in rows]
    elif kind == "rows":
        rows.append(Transition(trigger="remind", source=draw(st.sampled_from(STATES)), by="head", requires=_MEMO))
    gate = Gate(in_="approved", requires=_MEMO) if kind == "gate" else sound.gate
    return attrs.evolve(sound, transitions=rows, gate=gate)


@st.composite
def _sound(draw: DrawFn, memo_in: str) -> Procedure:
    """A procedure in five steps in which nothing is wrong."""
    open_: dict[str, Any] = {"accountable": "clerk", "open_ended": True}
    line = [State(step=step, **open_) for step in FIVE_STEPS]
    states = dict(zip(STATES, line, strict=True))
    states |= {
        "approved": State(outcome=Outcome.IMPLEMENT, final=True),
        "refused": State(outcome=Outcome.PROHIBIT, final=True),
    }
    rows = [Transition(trigger="open", dest=STATES[0], by="clerk", set="sealed")]
    rows += [
        Transition(trigger=f"pass_{here}", source=here, dest=there, by=draw(st.sampled_from(["clerk", "head"])))
        for here, there in itertools.pairwise(STATES)
    ]
    rows.append(Transition(trigger="judge", source=STATES[-1], by="head", set="grade"))
    for trigger, dest, grade in (("approve", "approved", "good"), ("refuse", "refused", "bad")):
        asked = ValueIs(value="grade", is_=grade)
        rows.append(Transition(trigger=trigger, source=STATES[-1], dest=dest, by="head", requires=asked))
    if draw(st.booleans()):
        back = draw(st.sampled_from(STATES[:-1]))
        rows.append(Transition(trigger="send_back", source=STATES[-1], dest=back, by="head"))
    memo = ItemKind(
        title=Text("memo", "备忘"),
        states={"filed": State(final=True)},
        transitions=[Transition(trigger="add", dest="filed", by="clerk", requires=CaseIs(case=memo_in))],
    )
    grades = {"good": ListEntry(title=Text("good", "好")), "bad": ListEntry(title=Text("bad", "差"))}
    return Procedure(
        id="flawed",
        version="1",
        title=Text("flawed", "有缺陷"),
        source="drawn",
        timezone="Asia/Shanghai",
        lists={"grade": grades},
        roles={
            "head": Role(title=Text("head", "负责人"), supervises="clerk"),
            "clerk": Role(title=Text("clerk", "文员")),
        },
        facts={"grade": Field(type="choice", of="grade"), "sealed": Field(type="bool")},
        states=states,
        transitions=rows,
        items={"memo": memo},
        gate=draw(st.sampled_from([None, Gate(in_="approved")])),
    )
