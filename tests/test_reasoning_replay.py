"""What a search says is what the engine does: its paths are done by real cases, which look to it as it says they do.

So a proof is one about this program. Where a kind of requirement answers "met" by a fault, a result or a replay turns red.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest
from flawed.catalogue import FLAWS, SOUND, made
from flawed.live import Live, acts, fitting, of_kinds

import stabflow
from stabflow import Procedure, Refused
from stabflow.case import Case, with_changes
from stabflow.errors import Blocker
from stabflow.plugins import Plugin
from stabflow.ports.hooks import NamedRequirement, hookimpl
from stabflow.reasoning.check import check
from stabflow.reasoning.composition import Composition
from stabflow.reasoning.graph import Edge, Graph
from stabflow.reasoning.report import Status
from stabflow.reasoning.stage import Stage
from stabflow.reasoning.walk import Blocked, Done, Walker, walked
from stabflow.requirements import (
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
    View,
)
from stabflow.text import same
from stabflow.values import Value

MAX_TRIES = 6
MAX_STATES = 60_000

Label = tuple[str | None, str, str]

COUNTS: Mapping[str, Mapping[str, Value]] = {
    "end": {"responded": 1, "support": 1, "oppose": 0, "other": 0},
    "end_divided": {"responded": 1, "support": 0, "oppose": 1, "other": 0},
}
"""Numbers that the consultations of the five steps ask to add up, which no search follows."""


def labelled(graph: Graph, index: int, edge: Edge) -> Label:
    """A row, and the state from which it is fired."""
    case, act = graph.nodes[index].case, edge.act
    state = case.state if act.kind is None else "" if act.item is None else case.items[act.item].state
    return act.kind, act.trigger, state


def deepest_first(graph: Graph) -> list[tuple[int, Edge]]:
    """Every edge, those first that lie furthest away: their paths pass many others."""
    depth: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        depth[index] = 0 if node.parent is None else depth[node.parent] + 1
    edges = [(index, edge) for index, node in enumerate(graph.nodes) for edge in node.edges]
    return sorted(edges, key=lambda one: -depth[one[0]])


class Replay:
    """Paths of one graph, done by cases on the engine."""

    def __init__(self, composition: Composition, graph: Graph, *, looks_ahead: bool) -> None:
        self.looks_ahead = looks_ahead
        self.composition = composition
        self.procedure = composition.procedure
        self.graph = graph
        self.stage = Stage(composition.whole.procedure)
        self.acts = 0
        self.assumed: set[Label] = set()

    def covering(self) -> set[Label]:
        """Replay paths until every row was fired from every state in which the search fires it; those for which none could be."""
        edges = deepest_first(self.graph)
        wanted = {labelled(self.graph, index, edge) for index, edge in edges}
        for ordered in (edges, edges[::-1]):  # long paths pass many others, short ones are easy to walk
            tries: dict[Label, int] = {}
            for index, edge in ordered:
                label = labelled(self.graph, index, edge)
                if label not in wanted or tries.get(label, 0) >= MAX_TRIES:
                    continue
                tries[label] = tries.get(label, 0) + 1
                if self.passes(index, edge):
                    wanted -= self._along(index) | {label}
        return wanted

    def _along(self, index: int) -> set[Label]:
        found: set[Label] = set()
        at: int | None = index
        while at is not None and (parent := self.graph.nodes[at].parent) is not None:
            found |= {
                labelled(self.graph, parent, edge)
                for edge in self.graph.nodes[parent].edges
                if edge.act is self.graph.nodes[at].by
            }
            at = parent
        return found

    def passes(self, index: int, last: Edge) -> bool:
        """Whether a case walks the path to a node and the last edge, and the engine takes every act of it."""
        path = (*self.graph.path(index), last.act)
        try:
            walker = walked(self.composition, path, self.graph)
        except Blocked:
            return False
        with Live(self.procedure) as live:
            try:
                keys = [self._done(live, act, walker.done[number:]) for number, act in enumerate(walker.done)]
            except Refused as refusal:
                assert self._is_assumed(refusal), refusal
                self.assumed.add(labelled(self.graph, index, last))
                return False
            assert keys[-1] in {self.graph.nodes[one].key for one in (last.target, last.other) if one is not None}
            assert [key for key in keys if key not in self.graph.known] == []
            if self.looks_ahead:
                self._knows_what_comes_next(live.case)
        return True

    def _done(self, live: Live, act: Done, ahead: Sequence[Done]) -> object:
        row = next(
            row
            for row in self.procedure.lifecycle(act.kind).transitions
            if (row.trigger, row.source) == (act.row.trigger, act.row.source)
        )
        counts = COUNTS.get(act.trigger, {})
        values = {**act.values, **{name: value for name, value in counts.items() if name in row.set}}
        if (
            "position" in values and "vote" not in self.graph.cluster.kinds
        ):  # a majority is not followed: here it is for what comes
            onward = [one.trigger for one in ahead if one.trigger in ("implement", "defer", "prohibit")]
            values["position"] = onward[0] if onward else "defer"
        is_new = act.kind is not None and (live.handle is None or act.item not in live.case.items)
        live.do(row, act.kind, None if is_new else act.item, values)
        self.acts += 1
        return self.key(live.case)

    def key(self, case: Case) -> object:
        """What a live case is to the search."""
        return self.graph.abstraction.counted(self._seen(case))[1]

    def _seen(self, case: Case) -> Case:
        return with_changes(case, items=of_kinds(case, self.graph.cluster.kinds))

    def _is_assumed(self, refusal: Refused) -> bool:
        """Whether everything that stands in the way is what no search follows: a share."""
        return all(blocker.kind == "items" and "of" in blocker.facts for blocker in refusal.blockers)

    def _knows_what_comes_next(self, case: Case) -> None:
        """Whatever can be done next leads to where an edge leads, or nowhere that matters."""
        index = self.graph.known[self.graph.abstraction.counted(self._seen(case))[1]]
        node = self.graph.nodes[index]
        targets = {index} | {edge.target for edge in node.edges}
        for kind, item, row, values in acts(self.composition.whole.procedure, case):
            try:
                after = self.stage.after(case, kind, None if item is None else case.items[item], row, values)
            except Refused:
                continue
            there = self.graph.known.get(self.graph.abstraction.counted(self._seen(after))[1])
            assert there in targets, (kind, row.trigger, values)


def replayed(procedure: Procedure, *, looks_ahead: bool = True) -> int:
    """Replay every search of ``procedure``; how many acts were done."""
    composition = Composition(procedure, max_states=MAX_STATES)
    done = 0
    for graph in (composition.places, *composition.graphs):
        replay = Replay(composition, graph, looks_ahead=looks_ahead)
        left = replay.covering()
        assert left <= replay.assumed, left - replay.assumed
        assert all(kind is None and graph is not composition.places for kind, _, _ in left), left
        done += replay.acts
    return done


SMALL = {
    **SOUND,
    **{f"{flaw.name}, repaired": flaw.twin for flaw in FLAWS if flaw.shared},
    **{
        name: next(flaw.flawed for flaw in FLAWS if flaw.name == name)
        for name in ("review_skipped_after_a_return", "vote_spoilt_for_good", "one_too_many", "both_lost")
    },
}


@pytest.mark.parametrize("name", SMALL)
def test_small_procedures_are_as_searched(name: str) -> None:
    assert replayed(SMALL[name]) > 5


@pytest.mark.slow
def test_the_five_steps_are_as_searched() -> None:
    assert replayed(stabflow.procedure("five-step"), looks_ahead=False) > 500


# A kind of requirement that answers "met" by a fault

FOUND_BY: Mapping[type[Requirement], str] = {
    ValueIs: "outcome_out_of_reach",
    ItemsAre: "more_votes_than_seats",
    CaseIs: "objection_answered_too_early_only",
    TimeElapsed: "waiting_since_a_state_that_comes_after",
    AnyOf: "neither_alternative_left",
    AllOf: "all_or_nothing",
}


@pytest.mark.parametrize("kind", FOUND_BY, ids=lambda kind: kind.kind)
def test_a_requirement_that_is_always_met_turns_a_verdict(
    kind: type[Requirement], monkeypatch: pytest.MonkeyPatch
) -> None:
    flaw = next(flaw for flaw in FLAWS if flaw.name == FOUND_BY[kind])

    def verdict() -> bool:
        return any(one.property == flaw.property for one in check(flaw.flawed).flaws)

    assert verdict()
    monkeypatch.setattr(kind, "unmet", lambda self, view: None)
    assert not verdict()


class Budget(Plugin):
    """Says no until there is money."""

    money = False

    @hookimpl
    def stabflow_requirements(self) -> Sequence[NamedRequirement]:
        def answer(view: View, asked: Mapping[str, object]) -> Blocker | None:
            return None if self.money else Blocker(kind="plugin", text=same("no money"))

        return [NamedRequirement("budget", answer)]


def guarded() -> Procedure:
    return made(
        "guarded",
        (
            (
                "clerk = { title",
                'keeper = { title = { en = "keeper", zh = "保管人" }, appointed_by = ["head"] }\nclerk = { title',
            ),
        ),
    )


def what_is_left_aside() -> Iterator[str]:
    """The kinds of all that stands between a path of the search and the engine; then that nothing else does."""
    procedure = guarded()
    composition = Composition(procedure, max_states=MAX_STATES)
    (final,) = [n for n, node in enumerate(composition.places.nodes) if procedure.states[node.place.state].final]
    walker = Walker(composition)
    walker.walk(composition.path(final))
    budget = Budget()
    with Live(procedure, plugins=[budget], appointed=False) as live:
        *before, last = walker.done
        for act in before:
            live.do(act.row, act.kind, None, fitting(procedure, act.kind, act.row, act.values))
        drafter = live.case.acts[-1].actor
        assert live.handle is not None
        who = next(one for holders in live.holders.values() for one in holders if one.id == drafter)
        with pytest.raises(Refused) as caught:
            live.handle.fire(last.trigger, by=who, basis="order 2")
        yield from (blocker.kind for blocker in caught.value.blockers)
        live.appoint("keeper")
        budget.money = True
        live.do(last.row, None, None, {})
        assert live.case.state == "adopted"


def test_nothing_but_what_a_search_leaves_aside_stands_between_its_paths_and_the_engine() -> None:
    report = check(guarded())
    assert report.status is Status.PROVED
    assert [text.en for text in report.assumed] == ["what the plugin “budget” asks"]
    assert sorted(what_is_left_aside()) == ["filled", "independent_of", "plugin"]


@pytest.mark.parametrize("kind", [RolesFilled, IndependentOf, PluginAnswers], ids=lambda kind: kind.kind)
def test_what_is_left_aside_and_always_met_is_missed(kind: type[Requirement], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "unmet", lambda self, view: None)
    assert kind.kind not in set(what_is_left_aside())
