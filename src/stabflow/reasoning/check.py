"""`check`: what is proved of a procedure before it runs."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from ..language import Outcome, Procedure, Transition
from ..language.lifecycle import FIVE_STEPS, OUTCOME_TITLES, STEP_TITLES
from ..language.requirement_text import requirement_text
from ..requirements import ItemsAre, Requirement
from ..text import Text, either, listing, quoted, say
from .abstraction import asked_in
from .cluster import rows
from .composition import Composition
from .composition import Step as Pass
from .explore import MAX_STATES, Act, Graph, answers
from .properties import authors_findings
from .relaxation import Relaxation
from .report import Finding, Report, Status, traced
from .walk import Blocked, Walker

CHECKER = 1
"""The edition of these rules. A checker that is mended because it proved too much gets a new one, and proves all anew."""

MAX_TRIES = 20
"""So many paths are tried before a flaw that none of them shows is reported as not decided."""


def check(procedure: Procedure, *, max_states: int = MAX_STATES) -> Report:
    """What can be proved of ``procedure``, with the shortest counterexample for what cannot.

    No search looks at more than ``max_states`` states; where one hits that bound the answer is ``INCOMPLETE``, never a pass.
    Anybody may hold any role in a search: that roles can be filled, and that somebody independent is left, was examined when the
    procedure was made. What is asked of numbers, dates, texts, shares and plugins is taken to be possible, and listed.
    """
    composition = Composition(procedure, max_states=max_states)
    checker = _Checker(procedure, composition, max_states)
    findings = tuple(checker.findings())
    graphs = [composition.places, *composition.graphs, *checker.searched]
    assumed = dict.fromkeys(text for graph in graphs for text in graph.cluster.assumed)
    return Report(
        procedure=str(procedure),
        digest=procedure.digest,
        findings=findings,
        states=sum(len(graph.nodes) for graph in graphs),
        edges=sum(graph.edges for graph in graphs),
        assumed=tuple(assumed),
    )


_ALL = (1 << len(FIVE_STEPS)) - 1
_BOUND = Text("the search hit its bound", "搜索达到上限")
_ENDS = Text("every case can come to an end", "每个事项均可办结")
_STEPS = Text("no outcome and no open gate without the five steps, in order", "未依次经过五个步骤不得有结论或放行")
_OUTCOMES = Text("every outcome can be reached", "每种结论均可达到")
_ROWS = Text("every row can be fired", "每项办理均有可能发生")
_NEEDLESS = Text("every requirement keeps somebody from something", "每项要求均有作用")
_ESCALATION = Text("escalation reaches somebody from everywhere", "任何一级均有上级可报")
_DUTIES = Text("every duty has somebody accountable, and a limit", "每项职责均有责任人和期限")
_SINCE = Text("what a round counts is of this round", "每轮次只计本轮次事项")


class _Checker:
    def __init__(self, procedure: Procedure, composition: Composition, max_states: int) -> None:
        self._procedure = procedure
        self._composition = composition
        self._max_states = max_states
        self.searched: list[Graph] = []

    def findings(self) -> Iterator[Finding]:
        if not self._composition.complete:
            yield Finding("search", Text("the search", "搜索"), Status.INCOMPLETE, _BOUND)
        for property_, title, find in (
            ("five_steps", _STEPS, self._five_steps),
            ("ends", _ENDS, self._ends),
            ("outcomes", _OUTCOMES, self._outcomes),
            ("rows", _ROWS, self._rows),
            ("needless", _NEEDLESS, self._needless),
            ("duties", _DUTIES, lambda: iter(())),
            ("escalation", _ESCALATION, self._escalation),
            ("since", _SINCE, self._since),
        ):
            yield from self._or_proved(property_, title, find)
        yield from authors_findings(self._procedure, self._composition, self._max_states, self.searched, self._shown)

    def _or_proved(self, property_: str, title: Text, find: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        found = list(find())
        yield from found
        if not any(one.status is not Status.WARNING for one in found):
            # What was not searched to the end may be seen to fail, never to hold.
            whole = self._composition.complete or property_ in ("duties", "escalation", "since")
            yield Finding(
                property_, title, Status.PROVED if whole else Status.INCOMPLETE, Text("", "") if whole else _BOUND
            )

    # The five steps

    def _five_steps(self) -> Iterator[Finding]:
        procedure = self._procedure
        gate = () if procedure.gate is None else procedure.gate.in_
        guarded = {name for name, state in procedure.states.items() if state.outcome is not None or name in gate}
        if not guarded:
            text = Text("it has neither outcomes nor a gate", "既无结论也无放行")
            yield Finding("five_steps", _STEPS, Status.NOT_APPLICABLE, text)
            return
        blocked: list[Finding] = []
        for path, index, passed in self._short_cuts(guarded):
            state = self._composition.places.nodes[index].place.state
            missing = [step for number, step in enumerate(FIVE_STEPS) if not passed >> number & 1]
            text = say(
                "“{state}” can be entered without {steps}",
                "未经{steps}即可进入“{state}”",
                state=self._title(state),
                steps=listing([quoted(STEP_TITLES[step]) for step in missing]),
            )
            finding = self._shown("five_steps", _STEPS, text, path, path_in=f"states.{state}")
            if finding.status is Status.FLAWED:
                yield finding
                return
            blocked.append(finding)
            if len(blocked) >= MAX_TRIES:
                break
        yield from blocked[:1]

    def _short_cuts(self, guarded: set[str]) -> Iterator[tuple[Sequence[Act], int, int]]:
        """The shortest paths into a guarded state without all of the five steps behind them, and those that are (as bits)."""
        composition = self._composition
        ahead: dict[int, list[Pass]] = {}
        for step in composition.steps:
            ahead.setdefault(step.source, []).append(step)
        start = [(root, self._passed(0, root)) for root in composition.places.roots]
        before: dict[tuple[int, int], tuple[tuple[int, int], Act] | None] = dict.fromkeys(start)
        waiting = deque(start)
        while waiting:
            here = waiting.popleft()
            index, passed = here
            if composition.places.nodes[index].place.state in guarded and passed != _ALL:
                acts: list[Act] = []
                at = here
                while (link := before[at]) is not None:
                    at, act = link
                    acts.append(act)
                opening = composition.places.nodes[at[0]].by
                yield (*((opening,) if opening is not None else ()), *reversed(acts)), index, passed
                continue
            for step in ahead.get(index, ()):
                there = (step.target, self._passed(passed, step.target))
                if there not in before:
                    before[there] = (here, step.act)
                    waiting.append(there)

    def _passed(self, passed: int, index: int) -> int:
        """Which of the five steps are behind a case that comes to a place: who returns to one has those after it before them."""
        step = self._procedure.states[self._composition.places.nodes[index].place.state].step
        if step not in FIVE_STEPS:
            return passed
        bit = 1 << FIVE_STEPS.index(step)
        return passed & (bit - 1) | bit

    # Ends

    def _ends(self) -> Iterator[Finding]:
        composition = self._composition
        if not composition.complete:  # an end that was not found may lie behind the bound
            yield Finding("ends", _ENDS, Status.INCOMPLETE, _BOUND)
            return
        culprits = list(composition.culprits())
        for index, groups in culprits:
            if not groups:
                state = composition.places.nodes[index].place.state
                text = say("from “{state}” no end can be reached", "自“{state}”起无法办结", state=self._title(state))
                yield self._shown("ends", _ENDS, text, composition.path(index), path_in=f"states.{state}")
                return
        if not culprits:
            return
        doubtful = False
        for groups in dict.fromkeys(groups for _, groups in culprits):
            found = self._stuck(self._joint(groups))
            if found is not None and found.status is Status.FLAWED:
                yield found
                return
            doubtful = doubtful or found is not None
        every = tuple(sorted({number for _, groups in culprits for number in groups}))
        if doubtful and (found := self._stuck(self._joint(every))) is not None:
            yield found

    def _joint(self, groups: tuple[int, ...]) -> tuple[Composition, int]:
        """The composition in which these groups are searched together, and which of its groups that is."""
        composition = self._composition
        if len(groups) == 1:
            return composition, groups[0]
        merged = frozenset[str]().union(*(composition.groups[number] for number in groups))
        others = [group for number, group in enumerate(composition.groups) if number not in groups]
        joint = Composition(self._procedure, [merged, *others], max_states=self._max_states)
        self.searched.append(joint.graphs[0])
        return joint, 0

    def _stuck(self, joint: tuple[Composition, int]) -> Finding | None:
        """A case that cannot come to an end, seen by the search of one group; ``None`` where it proves that there is none."""
        composition, group = joint
        graph = composition.graphs[group]
        if not graph.complete:
            return Finding("ends", _ENDS, Status.INCOMPLETE, _BOUND)
        doubtful = composition.stuck_nodes(group, sure=True)
        for index in composition.stuck_nodes(group, sure=False)[:MAX_TRIES]:
            state = graph.nodes[index].place.state
            text = say(
                "from “{state}” no end can be reached, whatever is done",
                "自“{state}”起，无论如何办理均无法办结",
                state=self._title(state),
            )
            finding = self._shown("ends", _ENDS, text, graph.path(index), graph, path_in=f"states.{state}")
            if finding.status is Status.FLAWED:
                return finding
        if not doubtful:
            return None
        state = graph.nodes[doubtful[0]].place.state
        text = say(
            "it hangs on what the search does not follow whether a case comes out of “{state}”",
            "能否离开“{state}”取决于搜索未跟踪的内容",
            state=self._title(state),
        )
        return Finding("ends", _ENDS, Status.INCOMPLETE, text, f"states.{state}")

    # Outcomes and rows

    def _outcomes(self) -> Iterator[Finding]:
        states = self._procedure.states
        declared = {state.outcome for state in states.values() if state.outcome is not None}
        if not declared:
            text = Text("it has no outcomes", "没有结论")
            yield Finding("outcomes", _OUTCOMES, Status.NOT_APPLICABLE, text)
        reached = {
            states[self._composition.places.nodes[index].place.state].outcome for index in self._composition.reached
        }
        for outcome in Outcome:
            if outcome in declared and outcome not in reached:
                text = say("“{outcome}” cannot be reached", "“{outcome}”无法达到", outcome=OUTCOME_TITLES[outcome])
                yield self._unless_bound(Finding("outcomes", _OUTCOMES, Status.FLAWED, text))

    def _rows(self) -> Iterator[Finding]:
        composition = self._composition
        passed = [step.act for step in composition.steps if step.source in composition.reached]
        fired: set[tuple[str | None, str, tuple[str, ...]]] = {
            (None, act.row.trigger, act.row.source) for act in (*composition.places.openings, *passed)
        }
        for graph in composition.graphs:
            for node in graph.nodes:
                fired |= {
                    (edge.act.kind, edge.act.row.trigger, edge.act.row.source) for edge in node.edges if edge.act.kind
                }
                if node.by is not None and node.by.kind:
                    fired.add((node.by.kind, node.by.row.trigger, node.by.row.source))
        stood_in = {composition.places.nodes[index].place.state for index in composition.reached}
        for own, row in rows(self._procedure):
            is_late = own is None and bool(row.source) and stood_in.isdisjoint(self._procedure.case.sources(row))
            if (own, row.trigger, row.source) in fired or is_late or self._is_unseen(own, row):
                continue
            title = self._procedure.trigger_title(row.trigger, own)
            why = self._never_met(own, row)
            text = say("“{title}” can never be done{why}", "“{title}”永远无法办理{why}", title=title, why=why)
            where = f"transitions.{row.trigger}" if own is None else f"items.{own}.transitions.{row.trigger}"
            yield self._unless_bound(Finding("rows", _ROWS, Status.FLAWED, text, where, row.clause))
        unreached = [state for state in self._procedure.states if state not in stood_in]
        if unreached:
            titles = either([self._title(state) for state in unreached])
            text = say("no case ever comes to {states}", "任何事项均无法进入{states}", states=titles)
            yield self._unless_bound(Finding("rows", _ROWS, Status.FLAWED, text, f"states.{unreached[0]}"))

    def _never_met(self, own: str | None, row: Transition) -> Text:
        """Which of the requirements of a row no search ever found met; nothing where that is not one of them alone."""
        for requirement in row.requires:
            if not any(self._answers(own, row, requirement)):
                sentence = requirement_text(self._procedure, own, requirement)
                return say(": it is never so that {sentence}", "：从未满足“{sentence}”", sentence=sentence)
        return Text("", "")

    def _answers(self, own: str | None, row: Transition, requirement: Requirement) -> Iterator[bool]:
        """Whether the requirement holds, wherever a search could ask it; once yes where no search follows it."""
        kinds = requirement.reads().kinds | ({own} if own is not None else frozenset())
        graphs = self._composition.graphs if kinds else (self._composition.places,)
        for graph in graphs:
            if kinds <= graph.cluster.kinds:
                read = Relaxation(self._procedure, graph.cluster.kinds).of(requirement, own).loose
                yield from (True,) if read is None else answers(graph, own, row, read)

    def _needless(self) -> Iterator[Finding]:
        """Requirements that hold wherever they are asked: they keep nobody from anything, which their author may not know."""
        relaxation = Relaxation(self._procedure, self._procedure.items)
        for own, row in rows(self._procedure):
            for number, requirement in enumerate(row.requires):
                if not relaxation.is_followed(requirement, own):
                    continue
                found = list(itertools.islice(self._answers(own, row, requirement), 1))
                if found and all(self._answers(own, row, requirement)):
                    where = "" if own is None else f"items.{own}."
                    text = say(
                        "it always holds where it is asked: {sentence}",
                        "凡要求之处均已满足：{sentence}",
                        sentence=requirement_text(self._procedure, own, requirement),
                    )
                    path = f"{where}transitions.{row.trigger}.requires[{number}]"
                    clause = requirement.clause or row.clause
                    yield Finding("needless", _NEEDLESS, Status.WARNING, text, path, clause)

    def _is_unseen(self, own: str | None, row: Transition) -> bool:
        """Whether the search forgot the items on which the row is fired, because nothing ever counts them."""
        if own is None:
            return False
        graph = next(graph for graph in self._composition.graphs if own in graph.cluster.kinds)
        wanted = asked_in(self._procedure, own, row) & {node.place.state for node in graph.nodes}
        return any(not graph.abstraction.looks_at(own, state) for state in wanted)

    # Who

    def _escalation(self) -> Iterator[Finding]:
        procedure = self._procedure
        accountable = {
            state.accountable: f"{'' if own is None else f'items.{own}.'}states.{name}"
            for own, cycle in procedure.lifecycles()
            for name, state in cycle.states.items()
            if state.accountable in procedure.roles
        }
        for role, path in accountable.items():
            above = [name for name, below in procedure.subordinates.items() if role in below]
            if role is not None and not above and not procedure.roles[role].supervises:
                text = say(
                    "nobody supervises “{role}”: name it in the `supervises` of another role",
                    "“{role}”无人督导：请在其他角色的`supervises`中列明",
                    role=procedure.role_title(role),
                )
                yield Finding("escalation", _ESCALATION, Status.FLAWED, text, path, procedure.roles[role].clause)

    def _since(self) -> Iterator[Finding]:
        """Where a state can be entered again, evidence that counts in it should say of which round it is."""
        again = {name for name in self._procedure.states if self._comes_back(name)}
        for row in self._procedure.transitions:
            if again.isdisjoint(self._procedure.case.sources(row)):
                continue
            for requirement in row.requires:
                for _, part in requirement.walk():
                    counts = isinstance(part, ItemsAre) and (part.at_least is not None or part.over is not None)
                    if isinstance(part, ItemsAre) and counts and part.since is None:
                        text = say(
                            "“{act}” counts {kind} of earlier rounds too: say `since`, or mean it",
                            "“{act}”也计入以往轮次的{kind}：请用`since`限定，或确认如此",
                            act=self._procedure.trigger_title(row.trigger),
                            kind=self._procedure.kind_title(part.items),
                        )
                        clause = part.clause or row.clause
                        yield Finding("since", _SINCE, Status.WARNING, text, f"transitions.{row.trigger}", clause)

    def _comes_back(self, state: str) -> bool:
        """Whether a case that stands in ``state`` can come to stand in it again."""
        cycle = self._procedure.case
        seen: set[str] = set()
        waiting = [state]
        while waiting:
            here = waiting.pop()
            for row in cycle.transitions:
                if row.dest is not None and row.dest not in seen and here in cycle.sources(row):
                    seen.add(row.dest)
                    waiting.append(row.dest)
        return state in seen

    # Words

    def _title(self, state: str) -> Text:
        return self._procedure.state_title(state)

    def _unless_bound(self, finding: Finding) -> Finding:
        if self._composition.complete:
            return finding
        return Finding(finding.property, finding.title, Status.INCOMPLETE, _BOUND, finding.path)

    def _shown(
        self,
        property_: str,
        title: Text,
        text: Text,
        path: Sequence[Act],
        graph: Graph | None = None,
        *,
        path_in: str = "",
    ) -> Finding:
        """A flaw, if the path that shows it can be walked; else the answer is open."""
        walker = Walker(self._composition)
        try:
            walker.walk(path, graph)
        except Blocked as why:  # the path may be one that only the search can go
            doubt = say(
                "{text}, as far as the search can tell; but no case was found that does so ({why})",
                "就搜索所知，{text}；但未找到实际如此的事项（{why}）",
                text=text,
                why=str(why),
            )
            return Finding(property_, title, Status.INCOMPLETE, doubt, path_in)
        named = self._composition.told_fields
        trace = traced(self._procedure, walker.done, [named for _ in walker.done])
        return Finding(property_, title, Status.FLAWED, text, path_in, trace=trace)
