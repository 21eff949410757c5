"""Whatever is proved of a procedure holds of every case that walks about under it; whatever is called a flaw is one.

The procedures and the walks are drawn; what is proved is compared with an engine, and with trying out act by act what can become
of a case.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from random import Random

import pytest
from flawed.drawn import procedures
from flawed.live import Live, acts, comes_to, everybody, fitting
from hypothesis import currently_in_test_context, event, given, settings
from hypothesis import strategies as st

import stabflow
from stabflow import Procedure, Refused
from stabflow.case import Case
from stabflow.errors import Blocker, InvalidInput
from stabflow.language import FieldType, Property, Step, Transition
from stabflow.language.lifecycle import FIVE_STEPS
from stabflow.plugins import Plugin
from stabflow.ports.hooks import NamedRequirement, hookimpl
from stabflow.reasoning.check import check
from stabflow.reasoning.relaxation import Relaxation
from stabflow.reasoning.report import Finding, Report, Status
from stabflow.reasoning.statements import entries_of
from stabflow.requirements import Requirement, View
from stabflow.text import same

SHORT = os.environ.get("STABFLOW_SHORT") == "1"
MOST = 60
"""So many cases are tried out from where a walk ends: a few are left undecided."""


def noted(what: str) -> None:
    """An event for the statistics of Hypothesis, where it is at work."""
    if currently_in_test_context():
        event(what)


def statuses(report: Report) -> dict[str, Status]:
    """How each built-in property stands."""
    return {one.property: one.status for one in report.findings if one.status is not Status.WARNING}


class Mood(Plugin):
    """Says yes or no by chance."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    @hookimpl
    def stabflow_requirements(self) -> Sequence[NamedRequirement]:
        def answer(view: View, asked: Mapping[str, object]) -> Blocker | None:
            return None if self.chance.randrange(2) else Blocker(kind="plugin", text=same("not now"))

        return [NamedRequirement("mood", answer)]


class Walk:
    """A case that does whatever can be done, by chance, and what must hold of it at every record."""

    def __init__(self, procedure: Procedure, report: Report, seed: int) -> None:
        self.procedure = procedure
        self.report = report
        self.proved = statuses(report)
        self.chance = Random(seed)
        self.live = Live(procedure, plugins=[Mood(self.chance)])
        self.stage = everybody(procedure)
        self.behind: list[object] = []
        self.was_behind: dict[str, list[object]] = {}
        self.began: set[int] = set()
        self.corrects = not any("correction" in text.en for text in report.assumed)
        self.tries_out_the_end = True

    def go(self, steps: int) -> None:
        with self.live as live:
            opening = self.chance.choice(self.procedure.case.creating())
            live.do(opening, None, None, fitting(self.procedure, None, opening, {}))
            self.holds(live.case)
            for _ in range(steps):
                before = live.case
                if self.corrects and not self.chance.randrange(4) and self.corrected():
                    self.holds(live.case)
                    continue
                options = list(acts(self.procedure, before))
                self.chance.shuffle(options)
                # rather what moves the case or an item than another fact stated or another item added
                options.sort(key=lambda one: one[2].dest is None or one[2].creates)
                for kind, item, row, values in options if self.chance.randrange(3) else reversed(options):
                    try:
                        live.do(row, kind, item, values)
                    except Refused:
                        continue
                    assert self.fired_as_proved(kind, row)
                    self.holds(live.case)
                    break
                else:
                    break
            if self.tries_out_the_end:
                self.can_end(live.case)

    def holds(self, case: Case) -> None:
        """What is proved of every state, and of the way to it, holds of this one."""
        state = self.procedure.states[case.state]
        entered = case.entered[case.state].version == case.version
        if state.step in FIVE_STEPS:
            place = FIVE_STEPS.index(state.step)
            self.behind = [*(one for one in self.behind if one in FIVE_STEPS[:place]), state.step]
        elif entered and case.state in self.was_behind and case.round_began == case.version:
            self.behind = [one for one in self.behind if one in self.was_behind[case.state]]
        if state.step is Step.SCOPE:
            self.behind = []
        self.was_behind.setdefault(case.state, self.behind)
        if state.outcome is not None and self.proved["five_steps"] is Status.PROVED:
            assert tuple(self.behind) == FIVE_STEPS
        for number, wanted in enumerate(self.procedure.properties):
            if self.of_author(number).status is Status.PROVED:
                self.holds_of_author(case, number, wanted)

    def holds_of_author(self, case: Case, number: int, wanted: Property) -> None:
        """What an author wants, and is proved."""

        def is_so(asked: Sequence[Requirement], one: Case = case) -> bool:
            return self.stage.holds(asked, one, None, None, Transition(trigger="ask"), {})

        if wanted.never or wanted.always:
            assert is_so(wanted.never or wanted.always) is bool(wanted.always), wanted
        elif wanted.before:
            if is_so(wanted.before[0]):
                self.began.add(number)
            assert number in self.began or not is_so(wanted.before[1]), wanted
        elif self.chance.randrange(4) == 0 and is_so(wanted.leads_to[0]):
            second = wanted.leads_to[1]
            became = comes_to(self.procedure, case, lambda one: is_so(second, one), most=MOST, adding=3)
            noted(f"it is led to: {became}")
            assert became is not False, wanted

    def corrected(self) -> bool:
        """Whether somebody has corrected something."""
        case = self.live.case
        ones = [(None, case.facts), *((item.id, item.fields) for item in case.items.values())]
        item, values = self.chance.choice(ones)
        kind = None if item is None else case.items[item].kind
        fields = self.procedure.lifecycle(kind).fields
        told = [name for name in values if fields[name].type in (FieldType.BOOL, FieldType.CHOICE)]
        if not told:
            return False
        name = self.chance.choice(told)
        said = {name: self.chance.choice([*entries_of(self.procedure, fields[name])])}
        try:
            self.live.amend(item, said)
        except (Refused, InvalidInput):
            return False
        noted("something is corrected")
        return True

    def of_author(self, number: int) -> Finding:
        return next(one for one in self.report.findings if one.path == f"properties[{number}]")

    def fired_as_proved(self, kind: str | None, row: Transition) -> bool:
        """Whether the row is not one that was said never to be fired."""
        path = f"transitions.{row.trigger}" if kind is None else f"items.{kind}.transitions.{row.trigger}"
        sources = {one.source for one in self.procedure.lifecycle(kind).transitions if one.trigger == row.trigger}
        return len(sources) > 1 or not any(one.property == "rows" and one.path == path for one in self.report.flaws)

    def can_end(self, case: Case) -> None:
        """Where it is proved, an end can be reached from here."""
        if self.proved["ends"] is Status.PROVED:
            ends = {name for name, state in self.procedure.states.items() if state.final}
            became = comes_to(self.procedure, case, lambda one: one.state in ends, most=MOST, adding=3)
            noted(f"an end is reached: {became}")
            assert became is not False


def is_really_stuck(procedure: Procedure, report: Report) -> None:
    """The case that is said to be stuck is: whatever is tried out does not end it."""
    ends = {name for name, one in procedure.states.items() if one.final}
    for flaw in report.flaws:
        if flaw.property == "ends":
            with Live(procedure, plugins=[Mood(Random(1))]) as live:
                for act in flaw.trace:
                    item = act.item if live.handle is not None and act.item in live.case.items else None
                    if act.amends:
                        live.amend(item, act.values)
                        continue
                    state = (
                        "" if live.handle is None else live.case.state if item is None else live.case.items[item].state
                    )
                    cycle = procedure.lifecycle(act.kind)
                    (row,) = [
                        row
                        for row in cycle.transitions
                        if row.trigger == act.trigger and (row.creates or state in cycle.sources(row))
                    ]
                    try:
                        live.do(row, act.kind, item, fitting(procedure, act.kind, row, act.values))
                    except Refused:  # a number that fits must be found for what the search does not follow
                        followed = Relaxation(procedure, procedure.items).is_followed
                        assert not all(followed(one, act.kind) for one in row.requires), act
                        noted("the trace asks for a number")
                        return
                assert not comes_to(procedure, live.case, lambda case: case.state in ends, most=MOST, adding=3)


def judged(procedure: Procedure, seed: int, steps: int) -> None:
    report = check(procedure, max_states=1_500)
    noted(f"ends: {statuses(report)['ends'].value}")
    is_really_stuck(procedure, report)
    Walk(procedure, report, seed).go(steps)


@settings(max_examples=10)
@given(procedures(), st.integers(0, 2**32))
def test_what_is_proved_holds_of_every_walk(procedure: Procedure, seed: int) -> None:
    judged(procedure, seed, 8)


@pytest.mark.slow
@settings(max_examples=100 if SHORT else 1_000)
@given(procedures(), st.integers(0, 2**32))
def test_what_is_proved_holds_of_a_thousand_long_walks(procedure: Procedure, seed: int) -> None:
    judged(procedure, seed, 25)


@pytest.fixture(scope="module")
def five_step_report() -> Report:
    return check(stabflow.procedure("five-step"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10 if SHORT else 60))
def test_what_is_proved_of_the_five_steps_holds_of_every_walk(seed: int, five_step_report: Report) -> None:
    walk = Walk(stabflow.procedure("five-step"), five_step_report, seed)
    walk.tries_out_the_end = False  # what can become of so large a case takes too long to try out
    walk.go(120)
