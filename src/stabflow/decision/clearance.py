"""What stands against going ahead with a matter: the gate of a procedure, as one case has it."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..case import Case
from ..errors import Blocker
from ..language import Gate, Outcome, Procedure, State, Transition
from ..language.lifecycle import FIVE_STEPS, Step
from ..text import Text, either, quoted, say
from .asking import unmet
from .curing import who_enters
from .view import CaseView, Context

GO_AHEAD = "go_ahead"
"""What the gate is asked for, as if a row were fired."""


def uncleared(procedure: Procedure, case: Case, context: Context) -> tuple[Blocker, ...]:
    """Everything that keeps another system from going ahead on the strength of ``case``, as it stands; none where its gate is
    open. Each names the case in its ``facts``."""
    found = tuple(_uncleared(procedure, case, context))
    return tuple(attrs.evolve(one, facts={**one.facts, "case": case.id}) for one in found)


def _uncleared(procedure: Procedure, case: Case, context: Context) -> Iterator[Blocker]:
    if case.unproved:
        yield _unproved(procedure)
    gate, state = procedure.gate, procedure.states[case.state]
    if gate is None:
        yield _without_gate(procedure)
        return
    if case.state not in gate.in_:
        yield _standing(procedure, gate, case, state)
        return
    row = gate_row(gate)
    view = CaseView(procedure=procedure, case=case, kind=None, item=None, row=row, values={}, actor="", context=context)
    for blocker in (lacking.tell() for lacking in unmet(view)):
        yield blocker if blocker.clause else attrs.evolve(blocker, clause=gate.clause)


def gate_row(gate: Gate) -> Transition:
    """What the gate asks for, as a row asks for it."""
    return Transition(trigger=GO_AHEAD, source=gate.in_, requires=gate.requires, clause=gate.clause)


def is_refusing(procedure: Procedure, case: Case) -> bool:
    """Whether the case stands in a decision against going ahead now: deferred or prohibited."""
    return procedure.states[case.state].outcome in (Outcome.DEFER, Outcome.PROHIBIT)


def is_over(procedure: Procedure, case: Case) -> bool:
    """Whether the case has ended, neither by a decision against going ahead nor where its gate is: out of scope, or implemented.
    It clears nothing any more, and stands in the way of no other case on the matter."""
    at_gate = procedure.gate is not None and case.state in procedure.gate.in_
    return procedure.states[case.state].final and not at_gate and not is_refusing(procedure, case)


def _unproved(procedure: Procedure) -> Blocker:
    return Blocker(
        kind="unproved",
        text=say(
            "the case was opened although {procedure} was not proved: no gate opens for it",
            "评估案件启动时，{procedure}未通过证明，不得据以放行",
            procedure=procedure,
        ),
        need=Text("a case under a proved procedure", "依通过证明的程序办理的评估案件"),
        facts={"procedure": str(procedure)},
    )


def _without_gate(procedure: Procedure) -> Blocker:
    return Blocker(
        kind="no_gate",
        text=say(
            "{procedure} clears nothing: it has no gate", "{procedure}未设实施关口，不作放行", procedure=procedure
        ),
        need=Text("a case under a procedure with a gate", "依设有实施关口的程序办理的评估案件"),
        facts={"procedure": str(procedure)},
    )


def _standing(procedure: Procedure, gate: Gate, case: Case, state: State) -> Blocker:
    """Why nothing may go ahead where the case stands."""
    kind, sentence = _why(procedure, gate, case, state)
    have = quoted(procedure.state_title(case.state))
    need = either([quoted(procedure.state_title(one)) for one in gate.in_])
    return Blocker(
        kind=kind,
        text=say(sentence.en, sentence.zh, have=have),
        have=have,
        need=need,
        clause=gate.clause,
        cure=() if state.final else who_enters(procedure, gate.in_, case.state),
        facts={"state": case.state},
    )


_STANDING = {
    "deferred": Text("the decision is to defer: {have}", "决定暂缓实施：{have}"),
    "prohibited": Text("the decision is not to implement: {have}", "决定不得实施：{have}"),
    "screened_out": Text(
        "the matter was found not to need this assessment, which clears nothing: {have}",
        "认定不属评估范围，不构成放行：{have}",
    ),
    "over": Text("the case is over, and its gate is closed: {have}", "评估案件已终结，实施关口已关闭：{have}"),
    "stale": Text(
        "what the assessment came to no longer holds, the matter is being assessed anew: {have}",
        "原评估已不适用，正在重新评估：{have}",
    ),
    "unfinished": Text("the assessment is not finished: {have}", "评估尚未完成：{have}"),
}


OF_STANDING = frozenset({*_STANDING, "unproved", "no_gate"})
"""The kinds of blockers that tell where a case stands or under what it runs, and nothing that was stated."""


def _why(procedure: Procedure, gate: Gate, case: Case, state: State) -> tuple[str, Text]:
    outcomes = {name for name, one in procedure.states.items() if one.outcome}
    settled_before = not outcomes.union(gate.in_).isdisjoint(case.entered)
    if state.outcome is Outcome.DEFER:
        kind = "deferred"
    elif state.outcome is Outcome.PROHIBIT:
        kind = "prohibited"
    elif state.final:
        kind = "screened_out" if state.step is Step.SCOPE else "over"
    elif settled_before and (state.step is Step.SCOPE or state.step in FIVE_STEPS):
        kind = "stale"
    else:
        kind = "unfinished"
    return kind, _STANDING[kind]
