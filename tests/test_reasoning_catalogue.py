"""Every flaw of the catalogue is found, with acts that a real case does; no repaired twin is accused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flawed.catalogue import FLAWS, SOUND, Flaw
from flawed.live import Live, comes_to, fitting

from stabflow.language import Procedure
from stabflow.reasoning.check import check
from stabflow.reasoning.report import Finding, Report, Status, TracedAct

by_name = pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name)


def found(flaw: Flaw, report: Report) -> list[Finding]:
    return [one for one in report.findings if one.property == flaw.property and one.status is flaw.status]


def triggers(trace: Sequence[TracedAct]) -> tuple[str, ...]:
    return tuple(act.trigger if act.kind is None else f"{act.trigger} {act.kind}" for act in trace)


def walked(procedure: Procedure, trace: Sequence[TracedAct], live: Live) -> None:
    """Do what a trace says, and nothing else."""
    for act in trace:
        state = live.case.state if live.handle is not None else ""
        item = act.item if live.handle is not None and act.item in live.case.items else None
        if act.amends:
            live.amend(item, act.values)
            continue
        if item is not None:
            state = live.case.items[item].state
        cycle = procedure.lifecycle(act.kind)
        rows = [row for row in cycle.transitions if row.trigger == act.trigger]
        (row,) = [row for row in rows if state in cycle.sources(row) or row.creates]
        live.do(row, act.kind, item, fitting(procedure, act.kind, row, act.values))


def test_the_catalogue_is_large_enough() -> None:
    assert len(FLAWS) >= 25
    assert len({flaw.name for flaw in FLAWS}) == len(FLAWS)
    assert all(flaw.flawed != flaw.twin for flaw in FLAWS)


@by_name
def test_the_flaw_is_found_with_acts_that_a_real_case_does(flaw: Flaw) -> None:
    report = check(flaw.flawed)
    assert report.status is (Status.PROVED if flaw.status is Status.WARNING else flaw.status)
    finding = found(flaw, report)[0]
    assert triggers(finding.trace) == flaw.trace
    said = {(name, value) for act in finding.trace for name, value in act.values.items()}
    assert said >= set(flaw.stated)
    assert finding.text.en
    assert finding.text.zh != finding.text.en
    if not flaw.trace:
        return
    with Live(flaw.flawed) as live:
        walked(flaw.flawed, finding.trace, live)
        if flaw.stuck:
            ends = {name for name, state in flaw.flawed.states.items() if state.final}
            became = comes_to(flaw.flawed, live.case, lambda case: case.state in ends, most=500, adding=4)
            assert not became, "the case that was said to be stuck came to an end"


@by_name
def test_the_repaired_twin_is_not_accused(flaw: Flaw) -> None:
    report = check(flaw.twin)
    assert report.proved, [one.as_dict() for one in report.findings if one.status is not Status.PROVED]
    assert not found(flaw, report)


@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_is_proved(name: str) -> None:
    report = check(SOUND[name])
    assert report.status is Status.PROVED, [one.as_dict() for one in report.findings]
    assert report.states < 200
