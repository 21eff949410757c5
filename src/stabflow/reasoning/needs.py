"""Every outcome, state and row can be reached; every requirement can hold somewhere, and keeps somebody from something."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..language import Outcome, Transition
from ..language.lifecycle import OUTCOME_TITLES
from ..language.requirement_text import requirement_text
from ..requirements import AllOf, AnyOf, CaseIs, Requirement
from ..text import Text, either, say
from .asked import asked_in, parts_of
from .cluster import rows
from .explore import answers
from .graph import Graph, RowKey
from .inquiry import Inquiry
from .relaxation import Relaxation
from .report import Finding, Status
from .witness import Shown

OUTCOMES = Text("every outcome can be reached", "每种决定结果均可达到")
ROWS = Text("every row can be fired", "每条流转规则均可适用")
REQUIREMENTS = Text("everything that is asked can be so", "每项要求及其条件均有可能成立")
NEEDLESS = Text("every requirement keeps somebody from something", "每项要求均有作用")


def outcomes(inquiry: Inquiry) -> Iterator[Finding]:
    """What is found of the outcomes."""
    states: dict[Outcome, list[str]] = {}
    for name, state in inquiry.procedure.states.items():
        if state.outcome is not None:
            states.setdefault(state.outcome, []).append(name)
    if not states:
        yield Finding("outcomes", OUTCOMES, Status.NOT_APPLICABLE, Text("it has no outcomes", "没有决定结果"))
    reached = {inquiry.state_at(place) for place in inquiry.composition.reached}
    for outcome in Outcome:
        if outcome not in states:
            continue
        shown = inquiry.witnesses.states(states[outcome]) if reached & {*states[outcome]} else Shown.NEVER
        if shown is not Shown.YES:
            text = say("“{outcome}” cannot be reached", "“{outcome}”无法达到", outcome=OUTCOME_TITLES[outcome])
            yield inquiry.lacking(Finding("outcomes", OUTCOMES, Status.FLAWED, text), shown)


def all_rows(inquiry: Inquiry) -> Iterator[Finding]:
    """What is found of the rows and states."""
    procedure, composition = inquiry.procedure, inquiry.composition
    stood_in = {inquiry.state_at(place) for place in composition.reached}
    fired = inquiry.witnesses.rows(_fired(inquiry))
    for own, row in rows(procedure):
        is_late = own is None and bool(row.source) and stood_in.isdisjoint(procedure.case.sources(row))
        shown = fired.get((own, row.trigger, row.source), Shown.NEVER)
        if shown is Shown.YES or is_late or _is_unseen(inquiry, own, row):
            continue
        title = procedure.trigger_title(row.trigger, own)
        text = say(
            "“{title}” can never be done{why}", "“{title}”永远无法办理{why}", title=title, why=_why(inquiry, own, row)
        )
        yield inquiry.lacking(Finding("rows", ROWS, Status.FLAWED, text, _path(own, row), row.clause), shown)
    unreached = [state for state in procedure.states if state not in stood_in]
    if unreached:
        titles = either([procedure.state_title(state) for state in unreached])
        text = say("no case ever comes to {states}", "任何案件均无法进入{states}", states=titles)
        yield inquiry.unless_bound(Finding("rows", ROWS, Status.FLAWED, text, f"states.{unreached[0]}"))


def _fired(inquiry: Inquiry) -> set[RowKey]:
    """The rows that a search fires."""
    composition = inquiry.composition
    passed = [step.act for step in composition.steps if step.source in composition.reached and not step.act.amends]
    openings = (act for act, _ in composition.places.openings)
    of_case = {act.row_key for act in (*openings, *passed)}
    return of_case.union(*(graph.fired for graph in composition.graphs))


def _path(own: str | None, row: Transition) -> str:
    return f"transitions.{row.trigger}" if own is None else f"items.{own}.transitions.{row.trigger}"


def _is_unseen(inquiry: Inquiry, own: str | None, row: Transition) -> bool:
    """Whether the search forgot the items on which the row is fired, because nothing ever counts them."""
    if own is None:
        return False
    graph = next(graph for graph in inquiry.composition.graphs if own in graph.cluster.kinds)
    wanted = asked_in(inquiry.procedure, own, row) & {node.place.state for node in graph.nodes}
    return any(not graph.abstraction.looks_at(own, state) for state in wanted)


def _why(inquiry: Inquiry, own: str | None, row: Transition) -> Text:
    """Which of the requirements of a row no search ever found met; nothing where that is not one of them alone."""
    for requirement in row.requires:
        if _is_always(False, _answers(inquiry, own, row, requirement)):
            sentence = requirement_text(inquiry.procedure, own, requirement)
            return say(": it is never so that {sentence}", "：从未满足“{sentence}”", sentence=sentence)
    return Text("", "")


def _answers(inquiry: Inquiry, own: str | None, row: Transition, requirement: Requirement) -> Iterator[bool]:
    """Whether the requirement holds, wherever a search could ask it; once yes where no search follows it."""
    kinds = requirement.reads().kinds | ({own} if own is not None else frozenset())
    graphs = inquiry.composition.graphs if kinds else (inquiry.composition.places,)
    for graph in graphs:
        if kinds <= graph.cluster.kinds:
            read = Relaxation(inquiry.procedure, graph.cluster.kinds).of(requirement, own).loose
            if read is None:
                yield True
            elif _tells(graph, read):
                for answer in answers(graph, own, row, read):
                    inquiry.deadline.check()
                    yield answer


def _tells(graph: Graph, read: Requirement) -> bool:
    """Whether the search told cases apart by what is read: not by what stands beside something that is settled anyway."""
    asked = {_bare(part) for _, _, part in parts_of(graph.cluster)}
    return all(isinstance(part, AnyOf | AllOf | CaseIs) or _bare(part) in asked for _, part in read.walk())


def _bare(requirement: Requirement) -> Requirement:
    return attrs.evolve(requirement, when=(), clause=(), title=None)


def _is_always(answer: bool, found: Iterator[bool]) -> bool:
    """Whether it is asked anywhere, and the answer always this one."""
    first = next(found, None)
    return first is answer and all(one is answer for one in found)


def requirements(inquiry: Inquiry) -> Iterator[Finding]:
    """What is asked within another requirement, and is never so: an alternative that is none, a condition never met."""
    relaxation = Relaxation(inquiry.procedure, inquiry.procedure.items)
    for own, row in rows(inquiry.procedure):
        for number, requirement in enumerate(row.requires):
            for path, part in requirement.walk(f"{_path(own, row)}.requires[{number}]"):
                if part is requirement or not relaxation.is_followed(part, own):
                    continue
                if _is_always(False, _answers(inquiry, own, row, part)):
                    text = say(
                        "it is never so that {sentence}",
                        "从未满足“{sentence}”",
                        sentence=requirement_text(inquiry.procedure, own, part),
                    )
                    clause = part.clause or requirement.clause or row.clause
                    yield inquiry.unless_bound(Finding("requirements", REQUIREMENTS, Status.FLAWED, text, path, clause))


def needless(inquiry: Inquiry) -> Iterator[Finding]:
    """Requirements that hold wherever they are asked: they keep nobody from anything, which their author may not know."""
    relaxation = Relaxation(inquiry.procedure, inquiry.procedure.items)
    for own, row in rows(inquiry.procedure):
        for number, requirement in enumerate(row.requires):
            if not relaxation.is_followed(requirement, own) or _is_of_those_left_behind(inquiry, own, requirement):
                continue
            if _is_always(True, _answers(inquiry, own, row, requirement)):
                text = say(
                    "it always holds where it is asked: {sentence}",
                    "凡要求之处均已满足：{sentence}",
                    sentence=requirement_text(inquiry.procedure, own, requirement),
                )
                path = f"{_path(own, row)}.requires[{number}]"
                yield Finding("needless", NEEDLESS, Status.WARNING, text, path, requirement.clause or row.clause)


def _is_of_those_left_behind(inquiry: Inquiry, own: str | None, requirement: Requirement) -> bool:
    """Whether it asks where the case stands of items that are laid out: a search forgets the unfinished ones where the case goes
    on without them, because they are superseded when it comes back, so that it cannot tell who is kept from anything there."""
    return own is not None and inquiry.procedure.items[own].preset is not None and isinstance(requirement, CaseIs)
