"""Corrections are searched: whatever the real `decide` lets be corrected leads to where a search has been, and where that is a
way round, it is found."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from random import Random

import pytest
from flawed.brief import act, drafted, facts, kind, row, states, wanted
from flawed.corrected import WAYS, Way
from flawed.drawn import procedures
from flawed.live import Act, Live, acts, everybody
from flawed.restated import restated
from hypothesis import event, given
from hypothesis import strategies as st
from test_reasoning_catalogue import walked

import stabflow
from stabflow import Procedure, Refused
from stabflow.case import Case, with_changes
from stabflow.errors import InvalidInput
from stabflow.language import Transition
from stabflow.reasoning.abstraction import Key
from stabflow.reasoning.check import _findings, check
from stabflow.reasoning.composition import Composition
from stabflow.reasoning.correctable import standing
from stabflow.reasoning.graph import Graph, seen_by
from stabflow.reasoning.inquiry import Inquiry
from stabflow.reasoning.properties import properties_findings
from stabflow.reasoning.relaxation import FOLLOWED
from stabflow.reasoning.report import Finding, Status
from stabflow.reasoning.statements import entries_of, filler
from stabflow.values import Value

MAX_STATES = 1_500


def corrections(procedure: Procedure, case: Case) -> Iterator[tuple[str | None, dict[str, Value]]]:
    """Everything that might be corrected: one or two fields that are stated, each in every way."""
    ones = [(None, None, case.facts), *((one.id, one.kind, one.fields) for one in case.items.values())]
    for item, of, held in ones:
        fields = procedure.lifecycle(of).fields
        told = [name for name in held if fields[name].type in FOLLOWED]
        for count in (1, 2):
            for names in itertools.combinations(told, count):
                for values in itertools.product(*(entries_of(procedure, fields[name]) for name in names)):
                    yield item, dict(zip(names, values, strict=True))


class Known:
    """What the searches of a procedure know of one case, as it walks about."""

    def __init__(self, composition: Composition) -> None:
        self._graphs = (composition.places, *composition.graphs)
        self._forgotten: list[set[str]] = [set() for _ in self._graphs]

    def knows(self, case: Case) -> bool:
        """Whether every search has been where the case is; what one forgets, it never looks at again."""
        return all(self._key(graph, case, gone) in graph.known for graph, gone in self._each())

    def goes_on(self, case: Case) -> None:
        """The case is there now."""
        for graph, gone in self._each():
            seen = self._seen(graph, case, gone)
            kept = graph.abstraction.counted(seen)[0].items
            gone |= {
                name
                for name, item in seen.items.items()
                if name not in kept and graph.abstraction.item_class(seen, item) is None
            }

    def _each(self) -> Iterator[tuple[Graph, set[str]]]:
        return zip(self._graphs, self._forgotten, strict=True)

    def _key(self, graph: Graph, case: Case, gone: set[str]) -> Key:
        return graph.abstraction.counted(self._seen(graph, case, gone))[1]

    def _seen(self, graph: Graph, case: Case, gone: set[str]) -> Case:
        seen = seen_by(graph, case)
        return with_changes(seen, items={name: item for name, item in seen.items.items() if name not in gone})


def follows(procedure: Procedure, seed: int, steps: int) -> int:
    """A case walks about, whatever was stated being corrected on the way; all searches know it wherever it stands. How often
    something could be corrected."""
    composition = Composition(procedure, corrected=True, max_states=MAX_STATES)
    if not composition.complete:
        return 0
    known, stage, chance = Known(composition), everybody(procedure), Random(seed)
    ends = {name for name, state in procedure.states.items() if state.final}
    case: Case | None = None
    corrected = 0
    for _ in range(steps):
        if case is None:
            (opening,) = procedure.case.creating()
            ways: list[Act] = [(None, None, opening, values) for values in stated(procedure, opening)]
        else:
            ways = list(acts(procedure, case))
            for item, values in corrections(procedure, case):
                try:
                    after = stage.corrected(case, None if item is None else case.items[item], values)[0]
                except (Refused, InvalidInput):
                    continue
                assert known.knows(after), ("corrected", item, values)
                corrected += 1
                if not chance.randrange(6):
                    case = after
                    known.goes_on(case)
        chance.shuffle(ways)
        ways.sort(key=lambda one: one[0] is None and one[2].dest in ends)  # rather about than to an end
        for of, item, fired, values in ways:
            try:
                case = stage.after(case, of, None if item is None or case is None else case.items[item], fired, values)
            except Refused:
                continue
            assert known.knows(case), (of, fired.trigger, values)
            known.goes_on(case)
            break
        else:
            break
    return corrected


def stated(procedure: Procedure, row: Transition) -> Iterator[dict[str, Value]]:
    """Everything that the row that opens a case may state."""
    ways = []
    for name in row.set:
        field = procedure.facts[name]
        ways.append([*entries_of(procedure, field)] if field.type in FOLLOWED else [filler(procedure, field)])
    for values in itertools.product(*ways):
        yield dict(zip(row.set, values, strict=True))


# Ways round

by_name = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)


def findings(procedure: Procedure, *, corrected: bool) -> list[Finding]:
    inquiry = Inquiry(procedure, MAX_STATES, corrected=corrected)
    return [one for one in (*_findings(inquiry), *properties_findings(inquiry, ())) if one.status in NOT_PROVED]


NOT_PROVED = (Status.FLAWED, Status.INCOMPLETE)


@by_name
def test_a_way_round_by_a_correction_is_found_and_a_case_goes_it(way: Way) -> None:
    assert findings(way.flawed, corrected=False) == []
    (flaw,) = check(way.flawed).flaws
    assert flaw.property == way.property
    assert [act.trigger for act in flaw.trace if act.amends] == [way.corrected]
    with Live(way.flawed) as live:
        walked(way.flawed, flaw.trace, live)
        assert way.broken(everybody(way.flawed), live.case)


@by_name
def test_where_it_is_closed_that_is_proved_and_nothing_taken_for_granted(way: Way) -> None:
    report = check(way.twin)
    assert (report.status, report.assumed) == (Status.PROVED, ())


def test_corrections_that_nobody_can_make_accuse_nobody() -> None:
    """Nobody goes back to where it was stated, and who comes on has read it."""
    procedure = drafted(
        facts(grade='"choice"\nof = "grade"'),
        states("a", "b", final=["ended"]),
        row("open", dest="a", sets="grade"),
        row("go", "a", "b", '{ value = "grade", is = ["good", "fair"] }'),
        row("quit", "a", "ended", '{ value = "grade", is = "bad" }'),
        row("end", "b", "ended", '{ value = "grade", is = ["good", "fair"] }'),
        kind("note", act("add", dest="done", requires='{ case = ["b"] }'), stands=""),
        wanted('never = [{ value = "grade", is = "bad" }, { items = "note", at_least = 1 }]'),
    )
    report = check(procedure)
    assert (report.status, report.assumed) == (Status.PROVED, ())


def test_what_can_be_corrected_where_is_read_from_the_rows() -> None:
    """Where it was stated, where that was come back to, and before it; not behind what led on, nor once it is stated anew."""
    procedure = stabflow.procedure("five-step")

    def where(own: str | None, trigger: str, name: str) -> frozenset[str]:
        (row_,) = [one for one in procedure.lifecycle(own).transitions if one.trigger == trigger]
        return standing(procedure.lifecycle(own), row_, name)

    assert where(None, "screen_in", "exemption") == {"investigating"}
    assert where(None, "complete_analysis", "risks_found") == {"investigating", "analyzing", "planning"}
    assert where(None, "implement", "plan_first") == {"approved", "investigating"}
    assert where("risk", "rate", "before") == {"rated"}
    assert where("risk", "appraise", "after") == {"rated", "appraised"}
    assert where("document", "file_plan", "kind") == {"filed"}


# Whatever is corrected


@pytest.mark.slow
@by_name
def test_whatever_is_corrected_on_the_way_round_leads_to_where_a_search_has_been(way: Way) -> None:
    assert sum(follows(one, seed, 40) for one in (way.flawed, way.twin) for seed in range(12)) > 0


@pytest.mark.slow
@given(procedures() | restated(), st.integers(0, 2**32))
def test_whatever_is_corrected_leads_to_where_a_search_has_been(procedure: Procedure, seed: int) -> None:
    event(f"something is corrected: {follows(procedure, seed, 12) > 0}")
