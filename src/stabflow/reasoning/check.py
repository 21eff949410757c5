"""`check`: what is proved of a procedure before it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..errors import InvalidInput
from ..language import Procedure
from ..language.loader import given
from ..text import Text
from . import five_steps, needs, standing
from .amended import assumed_of, corrected_in, never_corrected
from .bounds import UNBOUNDED, Clock, Deadline, OutOfTime
from .ends import ENDS, ends
from .explore import MAX_STATES
from .inquiry import Inquiry
from .properties import AnyProperty, examine, properties_findings
from .report import Finding, Report, Status

CHECKER = 4
"""The edition of these rules. A checker that is mended because it proved too much gets a new one, and proves all anew."""

_DUTIES = Text("every duty has somebody accountable, and a limit", "每项职责均有责任人和期限")

_NEED_NO_SEARCH = ("duties", "escalation", "clocks", "by_time", "since")


def check(
    procedure: Procedure | str | Path,
    *,
    max_states: int = MAX_STATES,
    seconds: float | None = None,
    clock: Clock = time.monotonic,
    properties: Sequence[AnyProperty] = (),
) -> Report:
    """What can be proved of ``procedure``, or of the one of that name or path, with the shortest counterexample for what cannot.

    No search looks at more than ``max_states`` states, and after ``seconds``, by ``clock``, none begins or goes on; where a bound
    is hit the answer is ``INCOMPLETE``, never a pass, and says which and what to do next.
    Anybody may hold any role in a search: that roles can be filled, and that somebody independent is left, was examined when the
    procedure was made. What is asked of numbers, dates, texts, shares and plugins is taken to be possible, and listed. What was
    stated is corrected too, wherever no more can be ruled out; where that leaves something undecided which is proved without, the
    proof takes for granted that these corrections change nothing, and lists them.

    ``properties`` are proved too: of those that a file can have (`stabflow.language.Property`), or with a predicate in Python
    (`stabflow.reasoning.predicates.StateProperty`). `InvalidInput` where they name what the procedure does not know.
    """
    procedure = given(procedure, "procedure")
    _examine_bounds(max_states=max_states, seconds=seconds)
    examine(procedure, properties)
    deadline = UNBOUNDED if seconds is None else Deadline(seconds, clock)
    inquiry = Inquiry(procedure, max_states, deadline)
    findings = [*_findings(inquiry), *properties_findings(inquiry, properties)]
    graphs = [*inquiry.graphs]
    unfollowed = {*never_corrected(inquiry.composition)}
    if any(one.status is Status.INCOMPLETE for one in findings) and inquiry.corrects:
        without = Inquiry(procedure, max_states, deadline, corrected=False)
        proved = [*_findings(without), *properties_findings(without, properties)]
        better = _taken_from(proved, findings)
        if better != findings:
            findings = better
            unfollowed |= corrected_in(graphs)
        graphs += without.graphs
    return Report(
        procedure=str(procedure),
        digest=procedure.digest,
        findings=tuple(findings),
        states=sum(len(graph.nodes) for graph in graphs),
        edges=sum(graph.edges for graph in graphs),
        assumed=(
            *dict.fromkeys(text for graph in graphs for text in graph.cluster.assumed),
            *assumed_of(procedure, unfollowed),
        ),
    )


def _taken_from(proved: Sequence[Finding], findings: Sequence[Finding]) -> list[Finding]:
    """``findings``, with what is ``proved`` where nothing is corrected, or shown by acts there, in the place of what they leave
    undecided."""
    found: list[Finding] = []
    for asked in dict.fromkeys(map(_asked, findings)):
        mine, theirs = ([one for one in ones if _asked(one) == asked] for ones in (findings, proved))
        statuses = {one.status for one in mine}
        is_open = Status.INCOMPLETE in statuses and Status.FLAWED not in statuses
        decided = all(one.status is not Status.INCOMPLETE for one in theirs)
        shown = all(one.trace for one in theirs if one.status is Status.FLAWED)
        found += theirs if is_open and decided and shown else mine
    return found


def _asked(one: Finding) -> tuple[str, object]:
    """What it answers: a property, of the author's each by itself."""
    return one.property, (one.path, one.title) if one.property == "authors" else None


def _examine_bounds(*, max_states: object, seconds: object) -> None:
    if isinstance(max_states, bool) or not isinstance(max_states, int) or max_states < 1:
        raise InvalidInput.at("max_states", f"{max_states!r:.60} is no number of states", "give a whole number from 1")
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise InvalidInput.at(
            "seconds", f"{seconds!r:.60} is no time", "give a number of seconds above 0, or leave it out"
        )


def _findings(inquiry: Inquiry) -> Iterator[Finding]:
    if not inquiry.composition.complete:
        yield Finding("search", Text("the search", "搜索"), Status.INCOMPLETE, inquiry.bound)
    for property_, title, find in (
        ("five_steps", five_steps.STEPS, five_steps.five_steps),
        ("gate", five_steps.GATE, five_steps.gate),
        ("ends", ENDS, ends),
        ("outcomes", needs.OUTCOMES, needs.outcomes),
        ("rows", needs.ROWS, needs.all_rows),
        ("requirements", needs.REQUIREMENTS, needs.requirements),
        ("needless", needs.NEEDLESS, needs.needless),
        ("duties", _DUTIES, lambda _: iter(())),
        ("escalation", standing.ESCALATION, lambda one: standing.escalation(one.procedure)),
        ("clocks", standing.CLOCKS, lambda one: standing.clocks(one.procedure)),
        ("by_time", standing.BY_TIME, lambda one: standing.by_time(one.procedure)),
        ("since", standing.SINCE, lambda one: standing.since(one.procedure)),
    ):
        yield from _or_proved(inquiry, property_, title, find)


def _or_proved(
    inquiry: Inquiry, property_: str, title: Text, find: Callable[[Inquiry], Iterator[Finding]]
) -> Iterator[Finding]:
    found: list[Finding] = []
    # What was not searched to the end may be seen to fail, never to hold.
    whole = inquiry.composition.complete or property_ in _NEED_NO_SEARCH
    try:
        found.extend(find(inquiry))
    except OutOfTime:
        whole = False
    yield from found
    if not any(one.status is not Status.WARNING for one in found):
        text = Text("", "") if whole else inquiry.bound
        yield Finding(property_, title, Status.PROVED if whole else Status.INCOMPLETE, text)
