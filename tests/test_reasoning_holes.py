"""What a proof must not overlook, and what must not be accused: each a case that the engine does, or cannot do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from flawed.brief import FINISH, act, assessment, facts, kind, row
from flawed.live import Live, fitting

from stabflow import Procedure
from stabflow.errors import Blocker
from stabflow.plugins import Plugin
from stabflow.ports.hooks import NamedRequirement, hookimpl
from stabflow.reasoning.check import check
from stabflow.reasoning.report import Finding, Report, Status
from stabflow.requirements import View
from stabflow.text import same

Said = Mapping[str, Any]


def of(report: Report, property_: str) -> Finding:
    """What is found of a property; the worst of it."""
    worst = [Status.FLAWED, Status.INCOMPLETE, Status.PROVED]
    found = [one for one in report.findings if one.property == property_ and one.status in worst]
    return min(found, key=lambda one: worst.index(one.status))


def done(procedure: Procedure, *acts: str | tuple[str, Said], plugins: Sequence[Plugin] = ()) -> Live:
    """A live case that has done the acts: a trigger, one on an item as ``finish note-1``, a kind added as ``+note``."""
    live = Live(procedure, plugins=plugins)
    for one in acts:
        name, said = (one, {}) if isinstance(one, str) else one
        trigger, _, item = name.partition(" ")
        kind_ = item.partition("-")[0] or None
        if trigger.startswith("+"):
            kind_, trigger = trigger[1:], "add"
        state = "" if live.handle is None else live.case.items[item].state if item else live.case.state
        cycle = procedure.lifecycle(kind_)
        (row_,) = [
            one
            for one in cycle.transitions
            if one.trigger == trigger
            and (one.creates if kind_ and not item else state in cycle.sources(one) or one.creates)
        ]
        live.do(row_, kind_, item or None, fitting(procedure, kind_, row_, said))
    return live


# Conditions that no search follows


class Strict(Plugin):
    """Never met."""

    @hookimpl
    def stabflow_requirements(self) -> Sequence[NamedRequirement]:
        def answer(view: View, asked: Mapping[str, object]) -> Blocker | None:
            return Blocker(kind="plugin", text=same("no"))

        return [NamedRequirement("strict_mode", answer)]


SEEN = '{ value = "seen", is = true }'
EARLY = (
    row("hold", "in_plan", "held", '{ value = "seen", is = false }', "seen"),
    row("sign", "in_review", "signed", SEEN, "seen"),
    row("resume", ["held", "signed"], "in_plan"),
)


def early(condition: str, opens: str = "", **more: str) -> Procedure:
    """Whoever is held in the planning may be approved at once, if ``condition`` does not hold."""
    asked = SEEN.replace("{ value", f"{{ when = {condition}, value")
    return assessment(
        facts(seen='"bool"', **more),
        *EARLY,
        row("approve", ["held", "signed"], "decided_so", asked),
        more_states=["held", "signed"],
        opens=opens,
    )


TO_PLAN = ("to_in_analyze", "to_in_plan")


def test_what_is_not_asked_until_a_time_has_passed_keeps_nobody_before_it() -> None:
    procedure = early('{ elapsed = "300 days", since = "in_plan" }')
    assert of(check(procedure), "five_steps").status is Status.FLAWED
    with done(procedure, "open", *TO_PLAN, ("hold", {"seen": False}), "approve") as live:
        assert live.case.state == "decided_so"


def test_what_is_asked_if_a_plugin_says_so_keeps_nobody_otherwise() -> None:
    procedure = early('{ plugin = "strict_mode" }')
    report = check(procedure)
    assert of(report, "five_steps").status is Status.FLAWED
    assert "what the plugin “strict_mode” asks" in [text.en for text in report.assumed]
    with done(procedure, "open", *TO_PLAN, ("hold", {"seen": False}), "approve", plugins=[Strict()]) as live:
        assert live.case.state == "decided_so"


NUMBERS = '{ any = [{ value = "people", at_least = 5 }, { value = "houses", at_least = 3 }] }'


def test_what_hangs_on_one_of_two_numbers_keeps_nobody_where_neither_is_so() -> None:
    procedure = early(NUMBERS, "people houses", people='"int"', houses='"int"')
    assert of(check(procedure), "five_steps").status is Status.FLAWED
    said = {"people": 1, "houses": 1}
    with done(procedure, ("open", said), *TO_PLAN, ("hold", {"seen": False}), "approve") as live:
        assert live.case.state == "decided_so"


@pytest.mark.parametrize(("both", "status"), [("any", Status.PROVED), ("all", Status.PROVED), ("", Status.FLAWED)])
def test_what_is_asked_of_numbers_that_nobody_has_stated_passes_nobody(both: str, status: Status) -> None:
    """They are stated only where a case is signed, which never goes back; ``""``: they are stated when it opens."""
    condition = NUMBERS.replace("any", both or "any")
    procedure = assessment(
        facts(seen='"bool"', people='"int"', houses='"int"'),
        EARLY[0],
        row("sign", "in_review", "signed", SEEN, "seen"),
        row("resume", "held", "in_plan"),
        row("tell", "signed", sets="people houses"),
        row("approve", ["held", "signed"], "decided_so", SEEN.replace("{ value", f"{{ when = {condition}, value")),
        more_states=["held", "signed"],
        opens="" if both else "people houses",
    )
    assert of(check(procedure), "five_steps").status is status


SHARE = '{ items = "note", in = "done", over = "1/2" }'


def test_what_hangs_on_a_share_keeps_nobody_where_it_is_not_reached() -> None:
    procedure = assessment(
        facts(seen='"bool"'),
        *EARLY,
        row(
            "approve",
            ["held", "signed"],
            "decided_so",
            f'{{ when = {SHARE}, items = "note", in = "open", at_least = 1 }}',
        ),
        kind("note", act("add", dest="open", requires='{ case = ["signed"] }'), FINISH),
        more_states=["held", "signed"],
    )
    assert of(check(procedure), "five_steps").status is Status.FLAWED


def rushed(condition: str, **more: str) -> Procedure:
    """Approved while planned, where a note is there that can be added only later, if ``condition`` holds."""
    return assessment(
        facts(**more) if more else "",
        row("rush", "in_plan", "decided_so", f'{{ when = {condition}, items = "note", at_least = 1 }}'),
        kind("note", act("add", dest="open", requires='{ case = ["in_review"] }'), FINISH),
        opens=" ".join(more),
    )


@pytest.mark.parametrize(
    ("condition", "more"),
    [
        ('{ elapsed = "3 days", since = "in_plan" }', {}),
        ('{ plugin = "strict_mode" }', {}),
        (NUMBERS, {"people": '"int"', "houses": '"int"'}),
    ],
)
def test_a_row_that_is_open_where_its_condition_does_not_hold_is_no_dead_row(condition: str, more: Said) -> None:
    report = check(rushed(condition, **more))
    assert of(report, "rows").status is Status.PROVED
    assert of(report, "five_steps").status is Status.FLAWED
