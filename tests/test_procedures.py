"""The bundled procedures: each loads, and a released version never changes."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from stabflow.language import Step, bundled, bundled_names, from_canonical
from stabflow.language.canonical_form import canonical_bytes
from stabflow.language.lifecycle import FIVE_STEPS, Outcome
from stabflow.text import Text

LOCK = resources.files("stabflow").joinpath("procedures", "digests.lock")


def locked() -> dict[str, str]:
    lines = [
        line.split() for line in LOCK.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    return dict(lines)


def test_every_bundled_procedure_is_locked_and_unchanged() -> None:
    assert {name: bundled(name).digest for name in bundled_names()} == locked(), (
        "a released procedure never changes: give the changed one a new version, or, before its release, "
        "write its digest into digests.lock"
    )


@pytest.mark.parametrize("name", bundled_names())
def test_the_canonical_form_gives_the_procedure_back(name: str) -> None:
    procedure = bundled(name)
    assert from_canonical(canonical_bytes(procedure)) == procedure


def test_five_step_has_the_five_steps_and_all_outcomes() -> None:
    procedure = bundled("five-step")
    steps = [state.step for state in procedure.states.values()]
    assert [step for step in dict.fromkeys(steps) if step in FIVE_STEPS] == list(FIVE_STEPS)
    assert {state.outcome for state in procedure.states.values()} - {None} == set(Outcome)
    kinds = {
        "consultation",
        "criterion",
        "risk",
        "objection",
        "measure",
        "opinion",
        "vote",
        "condition",
        "finding",
        "document",
    }
    assert kinds <= set(procedure.items)
    for state in procedure.states.values():
        if state.step in FIVE_STEPS:
            assert state.accountable in procedure.roles
            assert state.within is not None


def test_review_can_return_the_case_to_every_earlier_step() -> None:
    procedure = bundled("five-step")
    moves = procedure.tables[None]["reviewing"].values()
    reached = {procedure.states[move.dest].step for move in moves if move.dest}
    assert {Step.INVESTIGATE, Step.ANALYZE, Step.PLAN, Step.REPORT} <= reached


@pytest.mark.parametrize("name", bundled_names())
def test_the_title_of_a_requirement_says_what_is_asked(name: str) -> None:
    """It is shown both where the requirement is unmet and where it only lies ahead."""
    procedure = bundled(name)
    rows = [row for _, cycle in procedure.lifecycles() for row in cycle.transitions]
    titles = {one.title for row in rows for top in row.requires for _, one in top.walk() if one.title is not None}
    accusing = re.compile(r": (state|end|so|the|contingency)\b|^nobody\b|^more\b")
    assert {title for title in titles if accusing.search(title.en) or "：应" in title.zh} <= {ONLY_MINUTES}


ONLY_MINUTES = Text(
    "only minutes are filed in this way: a report by file_report, a plan by file_plan, and so on, by those whom it concerns",
    "此处仅存档会议纪要：报告、预案等应由相关主体分别办理存档（file_report、file_plan等）",
)
