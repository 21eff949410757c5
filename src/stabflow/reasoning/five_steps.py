"""No outcome, and no open gate, without the five steps in order: since the last return, and since the matter last changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import attrs

from ..language.lifecycle import FIVE_STEPS, STEP_TITLES
from ..text import Text, listing, quoted, say
from .behind import Behind, Folding
from .graph import Act, Refused
from .inquiry import MAX_TRIES, Inquiry
from .report import Finding, Status
from .witness import Shown

STEPS = Text(
    "no outcome and no open gate without the five steps, in order",
    "未依次经过五个步骤，不得有决定结果，实施关口不得开放",
)
GATE = Text("the gate can be opened", "实施关口能够开放")


@attrs.frozen
class _ShortCut:
    """A path to a place where all of the five steps should be behind a case, and those that are."""

    path: tuple[Act, ...]
    place: int
    behind: Behind


def five_steps(inquiry: Inquiry) -> Iterator[Finding]:
    """What is found of the five steps."""
    states = inquiry.procedure.states.values()
    if inquiry.procedure.gate is None and all(state.outcome is None for state in states):
        text = Text("it has neither outcomes nor a gate", "既无决定结果，也无实施关口")
        yield Finding("five_steps", STEPS, Status.NOT_APPLICABLE, text)
        return
    blocked: list[Finding] = []
    for short_cut in _short_cuts(inquiry):
        finding = _shown(inquiry, short_cut)
        if finding.status is Status.FLAWED:
            yield finding
            return
        blocked.append(finding)
        if len(blocked) >= MAX_TRIES:
            break
    yield from blocked[:1]


def gate(inquiry: Inquiry) -> Iterator[Finding]:
    """Whether the gate can be opened at all."""
    if inquiry.procedure.gate is None:
        yield Finding("gate", GATE, Status.NOT_APPLICABLE, Text("it has no gate", "无实施关口"))
        return
    shown = inquiry.witnesses.gate()
    if shown is not Shown.YES:
        text = Text("what it asks never holds where it is", "其要求在所列状态下从不满足")
        yield inquiry.lacking(Finding("gate", GATE, Status.FLAWED, text, "gate", inquiry.procedure.gate.clause), shown)


def _shown(inquiry: Inquiry, found: _ShortCut) -> Finding:
    state = inquiry.state_at(found.place)
    steps = listing([quoted(STEP_TITLES[step]) for step in found.behind.missing])
    has_outcome = inquiry.procedure.states[state].outcome is not None
    text = say(
        "a case can come to “{state}” without {steps} since it was last returned or the matter last changed"
        if has_outcome
        else "the gate can stand open in “{state}” without {steps} since the case was last returned or the matter last changed",
        "自最近一次退回或情况变更后，未经{steps}即可处于“{state}”"
        if has_outcome
        else "自最近一次退回或情况变更后，未经{steps}，实施关口即可在“{state}”开放",
        state=inquiry.procedure.state_title(state),
        steps=steps,
    )
    if all(one.step not in FIVE_STEPS for one in inquiry.procedure.states.values()):
        text = say(
            "{text}; no state belongs to any of them: give its states a `step`, or leave the outcomes and the gate out",
            "{text}；尚无状态属于上述步骤：请为状态填写`step`，或不设决定结果和实施关口",
            text=text,
        )
    at = None if has_outcome else found.place

    def around(refused: Refused) -> tuple[Act, ...] | None:
        return next((one.path for one in _short_cuts(inquiry, refused) if one.place == found.place), None)

    path_in = f"states.{state}"
    return inquiry.shown("five_steps", STEPS, text, found.path, path_in=path_in, around=around, gate_at=at)


def _short_cuts(inquiry: Inquiry, refused: Refused = ()) -> Iterator[_ShortCut]:
    """The shortest paths to where all of the five steps should be behind a case, and are not, without what is ``refused``."""
    composition = inquiry.composition
    guarded = {index for index in composition.reached if _is_guarded(inquiry, index)}
    folding = Folding(inquiry.procedure)
    start: list[tuple[int, Behind]] = []
    for root in composition.places.roots:
        opening = composition.places.nodes[root].by
        assert opening is not None
        start.append((root, folding.after(Behind(), None, opening.row)))
    before: dict[tuple[int, Behind], tuple[tuple[int, Behind], Act] | None] = dict.fromkeys(start)
    waiting = deque(start)
    while waiting:
        here = waiting.popleft()
        index, behind = here
        if index in guarded and not behind.all:
            acts: list[Act] = []
            at = here
            while (link := before[at]) is not None:
                at, act = link
                acts.append(act)
            opening = composition.places.nodes[at[0]].by
            path = (*((opening,) if opening is not None else ()), *reversed(acts))
            yield _ShortCut(path, index, behind)
            continue
        for step in composition.ahead.get(index, ()):
            there = (step.target, folding.after_act(behind, inquiry.state_at(index), step.act))
            if there not in before and (index, step.act) not in refused:
                before[there] = (here, step.act)
                waiting.append(there)


def _is_guarded(inquiry: Inquiry, place: int) -> bool:
    state = inquiry.procedure.states[inquiry.state_at(place)]
    return state.outcome is not None or inquiry.composition.gate_opens(place)
