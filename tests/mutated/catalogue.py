"""The mutants: edits of the good procedure, and guards of the engine switched off, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from stabflow import Procedure
from stabflow.calendar import DueTime
from stabflow.decision import amendment, appointment, decider, permission, rows, stopping
from stabflow.decision.events import Moved, Recused
from stabflow.decision.examination import Examination
from stabflow.decision.permission import Permission
from stabflow.engine import gate, handle, offices, performing, shell, ticker, work
from stabflow.history import index
from stabflow.language import loads
from stabflow.testing import ActProperty, ShownAct
from stabflow.testing.procedures.own_properties import OwnProperty
from stabflow.text import Text

LONG_AGO = datetime(2024, 1, 8, 1, tzinfo=UTC)
_CASE_ROW, _CHANGE = index.case_row, index.change

TEXT = (Path(__file__).parent / "good.toml").read_text(encoding="utf-8")
END = "[items.note]"
"""Before it rows of the case are added."""


def _role_of(shown: ShownAct, trigger: str) -> str | None:
    return shown.record.role if getattr(shown.record.event, "trigger", None) == trigger else None


def _within(shown: ShownAct, state: str, limit: str) -> bool:
    due = shown.after.due
    return shown.after.state != state or due is None or due.limit == limit


def _only(trigger: str, *roles: str) -> OwnProperty:
    named = " ".join(roles)
    return ActProperty(
        title=Text(f"only {named} may {trigger}", f"{trigger}仅限{named}"),
        always=lambda shown: _role_of(shown, trigger) in (None, *roles),
    )


def _apart(shown: ShownAct) -> bool:
    acted = shown.after.acted.get(shown.record.actor.id, frozenset())
    return not {"clerk", "reviewer"} <= acted


def _counted(shown: ShownAct) -> bool:
    event, facts = shown.record.event, shown.after.facts
    return not (isinstance(event, Moved) and event.trigger == "weigh") or (
        facts["asked"] == int(str(facts["answered"])) + int(str(facts["silent"])) and int(str(facts["asked"])) >= 3
    )


def _assessed(shown: ShownAct) -> bool:
    event = shown.record.event
    is_planned = isinstance(event, Moved) and event.trigger == "plan"
    criteria = [one.state for one in shown.after.of_kind("criterion") if not one.superseded]
    return not is_planned or (criteria[-2:] == ["assessed", "assessed"])


def _opinions(shown: ShownAct) -> bool:
    event, after = shown.record.event, shown.after
    if not isinstance(event, Moved) or event.trigger not in ("approve", "refuse"):
        return True
    since = after.entered["reviewing"].version
    return len({one.adder for one in after.of_kind("opinion") if one.added > since}) >= 2


def _waited(shown: ShownAct) -> bool:
    event, after = shown.record.event, shown.after
    if not isinstance(event, Moved) or event.trigger != "submit" or after.facts.get("urgent") is True:
        return True
    return shown.record.occurred_at - after.entered["writing"].at >= timedelta(days=2)


def _always(en: str, zh: str, holds: Callable[[ShownAct], bool]) -> OwnProperty:
    return ActProperty(title=Text(en, zh), always=holds)


def _returned(shown: ShownAct) -> bool:
    return getattr(shown.record.event, "trigger", None) != "report_news" or shown.after.state == "surveying"


EXTRA: tuple[OwnProperty, ...] = (
    _always("news is surveyed", "新情况应重新调查", _returned),
    _only("weigh", "clerk"),
    _only("approve", "head"),
    _only("refuse", "head"),
    _only("judge", "head"),
    _only("assess", "clerk"),
    _always("clerks do not review", "文员不得审查", _apart),
    _always("who was asked is counted", "征求意见人数应计入", _counted),
    _always("every criterion is assessed first", "要点应全部评估", _assessed),
    _always("two reviewers speak in each round", "每轮应有两名审查人发表意见", _opinions),
    _always("a report that is not urgent lies two days", "非紧急报告应放置两日", _waited),
    _always("a survey lasts ten days", "调查期限十日", lambda shown: _within(shown, "surveying", "10 days")),
    _always("a review lasts twenty days", "审查期限二十日", lambda shown: _within(shown, "reviewing", "20 days")),
)
"""What the author of the good procedure says of it besides the properties in its file."""


@attrs.frozen
class Mutant:
    """A change of the procedure, and by which it is found first: "loading" it, "check", or the "machine"."""

    name: str
    by: str
    edits: tuple[tuple[str, str], ...]

    def procedure(self) -> Procedure:
        text = TEXT
        for old, new in self.edits:
            assert text.count(old) == 1, f"{self.name}: {old!r} stands {text.count(old)} times"
            text = text.replace(old, new)
        return loads(text)


def _row(trigger: str, source: str, dest: str, by: str = "clerk") -> tuple[str, str]:
    row = f'[[transitions]]\ntrigger = "{trigger}"\nsource = "{source}"\ndest = "{dest}"\nby = ["{by}"]\n\n'
    return END, row + END


def _of_row(trigger: str) -> str:
    """The text of a row of the case."""
    start = TEXT.index(f'[[transitions]]\ntrigger = "{trigger}"')
    return TEXT[start : TEXT.index("\n\n", start) + 2]


def _changed(trigger: str, old: str, new: str) -> tuple[str, str]:
    row = _of_row(trigger)
    assert old in row
    return row, row.replace(old, new)


TWO = '{ items = "opinion", since = "reviewing", at_least = 2 }'
OWN_REVIEW = 'states.given = { final = true }\nunique = "actor"'

MUTANTS = (
    Mutant("row_removed_finish", "loading", ((_of_row("finish"), ""), (_of_row("report_news"), ""))),
    Mutant("row_removed_refuse", "loading", ((_of_row("refuse"), ""),)),
    Mutant("row_removed_judge", "loading", ((_of_row("judge"), ""),)),
    Mutant(
        "row_removed_answer",
        "loading",
        (('  { trigger = "answer", source = "raised", dest = "answered", by = ["owner"], set = ["reply"] },\n', ""),),
    ),
    Mutant(
        "row_removed_assess",
        "loading",
        (
            (
                'transitions = [{ trigger = "assess", source = "open", dest = "assessed", by = ["clerk"], set = ["grounds"] }]',
                "transitions = []",
            ),
        ),
    ),
    Mutant("outcome_early_from_writing", "check", (_row("wave_through", "writing", "underway"),)),
    Mutant("outcome_early_from_surveying", "check", (_row("reject", "surveying", "refused", "head"),)),
    Mutant("plan_skipped", "check", (_changed("write", 'source = "planning"', 'source = ["weighing", "planning"]'),)),
    Mutant("news_reopens_nothing", "check", (_changed("report_news", 'dest = "surveying"\n', ""),)),
    Mutant("return_lost_to_review", "machine", (_changed("report_news", '"surveying"', '"reviewing"'),)),
    Mutant(
        "gate_open_in_writing", "check", (('in = ["underway"]\nrequires', 'in = ["underway", "writing"]\nrequires'),)
    ),
    Mutant("grade_dropped", "check", (_changed("approve", '{ value = "grade", is = "good" }, ', ""),)),
    Mutant("grade_inverted", "check", (_changed("approve", '"good"', '"bad"'),)),
    Mutant("grade_widened", "check", (_changed("approve", '"good"', '["good", "bad"]'),)),
    Mutant("opinions_dropped", "check", (_changed("approve", f", {TWO}", ""),)),
    Mutant("opinions_halved", "check", (_changed("refuse", "at_least = 2", "at_least = 1"),)),
    Mutant("opinions_inverted", "check", (_changed("approve", "at_least = 2", "at_most = 1"),)),
    Mutant("opinions_of_any_round", "machine", (_changed("approve", ', since = "reviewing"', ""),)),
    Mutant(
        "objections_dropped",
        "check",
        (_changed("write", '\nrequires = [{ items = "objection", every = ["answered"] }]', ""),),
    ),
    Mutant("objections_inverted", "check", (_changed("write", 'every = ["answered"]', 'every = ["raised"]'),)),
    Mutant(
        "objections_late", "check", (('"surveying", "weighing", "planning"]', '"surveying", "planning", "writing"]'),)
    ),
    Mutant(
        "criteria_dropped",
        "machine",
        (_changed("plan", '\nrequires = [{ items = "criterion", every = ["assessed"] }]', ""),),
    ),
    Mutant("asked_fewer", "machine", (_changed("weigh", "at_least = 3", "at_least = 1"),)),
    Mutant(
        "sum_dropped", "machine", (_changed("weigh", '  { value = ["answered", "silent"], equals = "asked" },\n', ""),)
    ),
    Mutant("wait_shortened", "machine", (_changed("submit", '"2 days"', '"1 hours"'),)),
    Mutant("role_widened_weigh", "machine", (_changed("weigh", '["clerk"]', '["clerk", "head"]'),)),
    Mutant("role_widened_approve", "machine", (_changed("approve", '["head"]', '["head", "clerk"]'),)),
    Mutant("role_widened_judge", "machine", (_changed("judge", '["head"]', '["head", "reviewer"]'),)),
    Mutant("role_exchanged_refuse", "machine", (_changed("refuse", '["head"]', '["reviewer"]'),)),
    Mutant("separation_removed", "machine", (('[[separations]]\nroles = ["clerk", "reviewer"]\n\n', ""),)),
    Mutant("limit_doubled_survey", "machine", (('within = "10 days"', 'within = "20 days"'),)),
    Mutant("limit_halved_review", "machine", (('within = "20 days"', 'within = "10 days"'),)),
    Mutant("several_opinions_each", "machine", ((OWN_REVIEW, "states.given = { final = true }"),)),
)


# The guards of the engine


Patch = pytest.MonkeyPatch


@attrs.frozen
class EngineMutant:
    """A guard of the engine that is switched off."""

    name: str
    plant: Callable[[Patch], None]


def _may_always(*arguments: Any, **_more: Any) -> Permission:
    parties = arguments[2]
    return Permission(parties[0] if parties else "", "f" * 64, None)


def _any_role(
    procedure: Procedure, case: Any, parties: Any, fields: Any, command: Any, context: Any, stating: Any = None
) -> Permission:
    return permission.permission(
        procedure, case, tuple(dict.fromkeys((*parties, *procedure.roles))), fields, command, context, stating
    )


def _without_mandate(*arguments: Any, **more: Any) -> Permission:
    return attrs.evolve(permission.permission(*arguments, **more), mandate="")


def _nothing(*_arguments: Any, **_more: Any) -> Iterator[Any]:
    return iter(())


def _none(*_arguments: Any, **_more: Any) -> None:
    return None


def _empty(*_arguments: Any, **_more: Any) -> tuple[()]:
    return ()


def _doubled(*arguments: Any, **more: Any) -> DueTime | None:
    from stabflow.decision.duties import due_for

    due = due_for(*arguments, **more)
    return None if due is None else attrs.evolve(due, at=due.at + (due.at - due.start))


def _never_due(*_arguments: Any, **_more: Any) -> None:
    return None


def _decided_anyway(self: Examination) -> Any:
    from stabflow.decision.events import Decided

    return Decided(self.event, self.allowed.role or "clerk", self.allowed.mandate or "f" * 64)


def _lent_for_ever(procedure: Procedure, case: Any, actor: Any, context: Any) -> dict[str, Any]:
    if case is None:
        return {}
    return {one.office: one for one in case.delegations if (one.delegate, one.body) == (actor.id, actor.body)}


def _everybody_holds(case: Any, context: Any) -> tuple[Any, ...]:
    return context.offices if case is None else case.appointments + context.offices


def _early(now: Any, *_before: Any) -> tuple[Any, bool]:
    return now - timedelta(days=1), False


def _claimed(*, ahead: bool = True, in_order: bool = True, bounded: bool = True) -> Callable[..., Any]:
    """What stands against a claimed time, without some of it."""

    def claimed(at: Any, now: Any, previous: Any, late_entry: Any) -> Any:
        last = now if ahead or at is None else max(now, at)
        return shell.claimed(at, last, previous if in_order else None, late_entry if bounded else None)

    return claimed


def _unlinked(stream: str, version: int, _previous: str, event: Any, said: Any) -> Any:
    from stabflow.history.chain import GENESIS
    from stabflow.history.commit import seal

    return seal(stream, version, GENESIS, event, said)


def _row_elsewhere(procedure: Procedure, case: Any) -> Any:
    return attrs.evolve(_CASE_ROW(procedure, case), state=next(iter(procedure.states)))


def _uncleared(*arguments: Any) -> Any:
    return attrs.evolve(_CHANGE(*arguments), cleared=())


def _nothing_found(*_arguments: Any, **_more: Any) -> list[Any]:
    return []


def _recused_in_vain(case: Any, event: Any, stamp: Any) -> Any:
    from stabflow.decision.evolution import evolve

    after = evolve(case, event, stamp)
    return attrs.evolve(after, recused=case.recused) if case is not None and isinstance(event, Recused) else after


def _always_now(_at: Any, now: Any, *_rest: Any) -> Any:
    return now


def _forgetful_evolve(case: Any, event: Any, stamp: Any) -> Any:
    from stabflow.decision.evolution import evolve

    after = evolve(case, event, stamp)
    if case is not None and isinstance(event, Moved) and event.dest in case.entered:
        return attrs.evolve(after, entered={**after.entered, event.dest: case.entered[event.dest]})
    return after


def _everything_set(procedure: Any, kind: Any, expected: Any, given: Any, _due: Any) -> Any:
    from stabflow.decision.fields import stated

    return stated(procedure, kind, expected, given, ())


def _at_any_version(*arguments: Any, **more: Any) -> Any:
    return performing.perform(*arguments, **{**more, "if_version": None})


def _patch(target: object, name: str, value: object) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(target, name, value)


def _in_both(*patches: Callable[[Patch], None]) -> Callable[[Patch], None]:
    def plant(patch: Patch) -> None:
        for one in patches:
            one(patch)

    return plant


ENGINE_MUTANTS = (
    EngineMutant("role_checks_skipped", _patch(rows, "permission", _may_always)),
    EngineMutant("roles_of_others_count", _patch(rows, "permission", _any_role)),
    EngineMutant("mandates_lost", _patch(rows, "permission", _without_mandate)),
    EngineMutant("appointments_by_anybody", _patch(appointment, "permission", _may_always)),
    EngineMutant("clocks_stopped_by_anybody", _patch(stopping, "permission", _may_always)),
    EngineMutant("corrections_by_anybody", _patch(amendment, "permission", _may_always)),
    EngineMutant(
        "corrections_in_any_role", _patch(amendment, "_in_the_same_role", lambda row, *_rest: ("head", *row.by))
    ),
    EngineMutant("requirements_not_asked", _patch(rows, "unmet", _empty)),
    EngineMutant("separations_not_asked", _patch(permission, "_separations", _nothing)),
    EngineMutant("twins_not_asked", _patch(rows, "twin", _none)),
    EngineMutant("strangers_may_be_named", _patch(rows, "not_in_office", _nothing)),
    EngineMutant("nothing_against_appointees", _patch(appointment, "against_holding", _nothing)),
    EngineMutant("limits_doubled", _patch(rows, "due_for", _doubled)),
    EngineMutant("limits_lost", _patch(rows, "due_for", _never_due)),
    EngineMutant("what_is_over_goes_on", _patch(rows, "_refuse_if_closed", _none)),
    EngineMutant("nothing_laid_out", _patch(rows, "_laid_out", _empty)),
    EngineMutant("blockers_ignored", _patch(Examination, "decided", _decided_anyway)),
    EngineMutant(
        "delegations_never_end",
        _in_both(_patch(permission, "lent_to", _lent_for_ever), _patch(decider, "lent_to", _lent_for_ever)),
    ),
    EngineMutant("recusals_ignored", _patch(permission, "holdings", _everybody_holds)),
    EngineMutant("returns_lost", _patch(work, "evolve", _forgetful_evolve)),
    EngineMutant("fields_may_be_left_out", _patch(rows, "stated", _everything_set)),
    EngineMutant("recorded_too_early", _patch(work, "recorded", _early)),
    EngineMutant("future_times_claimed", _patch(work, "claimed", _claimed(ahead=False))),
    EngineMutant("times_claimed_out_of_order", _patch(work, "claimed", _claimed(in_order=False))),
    EngineMutant("times_claimed_long_past", _patch(work, "claimed", _claimed(bounded=False))),
    EngineMutant("claimed_times_ignored", _patch(work, "claimed", _always_now)),
    EngineMutant("clock_ignored", _patch(shell.Shell, "now", lambda _: LONG_AGO)),
    EngineMutant("keys_not_looked_up", _patch(shell.Shell, "recall", _none)),
    EngineMutant("chain_not_linked", _patch(work, "seal", _unlinked)),
    EngineMutant("index_row_elsewhere", _patch(index, "case_row", _row_elsewhere)),
    EngineMutant("duties_not_cleared", _patch(index, "change", _uncleared)),
    EngineMutant("breaches_not_found", _patch(ticker, "find_breach", _nothing_found)),
    EngineMutant("late_acts_not_seen", _patch(performing, "_lateness", _none)),
    EngineMutant("versions_not_asked", _patch(handle, "perform", _at_any_version)),
    EngineMutant("nobody_recused_in_effect", _patch(work, "evolve", _recused_in_vain)),
    EngineMutant("gate_always_open", _patch(gate, "uncleared", _nothing)),
    EngineMutant("available_lists_nothing", _patch(handle.CaseHandle, "available", _empty)),
    EngineMutant("offices_given_to_anybody", _patch(offices, "against_holding", _nothing)),
)
