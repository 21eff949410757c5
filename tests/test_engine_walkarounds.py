"""Ways to walk around: every one that was thought of is tried, and none of them leaves a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import five_steps
import pytest
import worlds
from five_steps import ASSESSOR, CHIEF
from worlds import AUDITOR, BASIS, BRIDGE, CHAIR, CLERK, NOTE, OUTSIDER

import stabflow
from stabflow import Actor, Basis, CaseHandle, Engine, InvalidInput, Matter, Refused
from stabflow.decision.events import Moved
from stabflow.engine.engine import HOST
from stabflow.errors import Corrupt, NotPermitted, NotYourRole, StabflowError, Unmet
from stabflow.history.commit import Circumstances, batch, seal
from stabflow.language import bundled
from stabflow.stores.memory import MemoryStore

OTHER_BODY = Actor(CLERK.id, body="depot")
PRETENDER = Actor(CHAIR.id, body="elsewhere")


@pytest.fixture
def engine() -> Engine:
    return worlds.constituted(worlds.engine_over(MemoryStore()))


@pytest.fixture
def case(engine: Engine) -> Iterator[CaseHandle]:
    case = worlds.opened(engine)
    worlds.noted(case)
    yield case
    assert engine.verify().cases >= 1


def refused(case: CaseHandle, *acts: Callable[[], object], error: type[StabflowError] = Refused) -> None:
    """Every act is refused and leaves the case as it was."""
    before, history = case.value, case.history()
    for act in acts:
        with pytest.raises(error):
            act()
        assert (case.value, case.history()) == (before, history)


# Who is nobody here

NOBODIES = [OUTSIDER, OTHER_BODY, PRETENDER, Actor("Clerk-1", body="office"), Actor("clerk-10", body="office")]


@pytest.mark.parametrize("who", NOBODIES, ids=str)
def test_who_holds_no_office_does_nothing_at_all(engine: Engine, case: CaseHandle, who: Actor) -> None:
    by: dict[str, Any] = {"by": who, "basis": BASIS}
    refused(
        case,
        lambda: engine.open_case("small", Matter("road", "Road"), **by),
        lambda: engine.open_case("small", Matter("road", "Road"), role="chair", **by),
        lambda: case.appoint("clerk", who, **by),
        lambda: case.appoint("clerk", OUTSIDER if who is not OUTSIDER else AUDITOR, **by),
        lambda: case.relieve("clerk", CLERK, **by),
        lambda: case.add("note", **by, **NOTE),
        lambda: case.add("note", role="clerk", **by, **NOTE),
        lambda: case.fire("submit", urgent=True, **by),
        lambda: case.fire("submit", urgent=True, role="clerk", **by),
        lambda: case.amend("note-1", reason="r", words="w", **by),
    )
    assert [row.case_id for row in engine.cases()] == [case.id]
    assert case.available(who) == ()
    for method in (case.add, case.fire):
        with pytest.raises(Refused), case.acting(who, basis=BASIS) as act:
            act.add("note", **NOTE) if method == case.add else act.fire("submit", urgent=True)


NO_HOLDERS: list[Any] = [HOST, Actor("host:x", body="office"), Actor("system:tick", body="system"), "clerk-1", None]


@pytest.mark.parametrize("who", NO_HOLDERS, ids=str)
def test_who_is_no_office_holder_opens_nothing_and_is_given_no_office(
    engine: Engine, case: CaseHandle, who: Any
) -> None:
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    refused(
        case,
        lambda: engine.constitute("small", "chair", who, basis=BASIS, by=OUTSIDER),
        lambda: engine.open_case("small", Matter("road", "Road"), by=who, basis=BASIS),
        lambda: engine.open_case("small", Matter("road", "Road"), by=who, basis=BASIS, key="k"),
        lambda: case.appoint("clerk", who, by=CHAIR, basis=BASIS),
        error=InvalidInput,
    )
    assert engine.offices("small") == ()
    engine.constitute("small", "chair", CHAIR, basis=BASIS)
    refused(case, lambda: case.appoint("clerk", who, by=CHAIR, basis=BASIS), error=InvalidInput)
    by: dict[str, Any] = {"by": who, "basis": BASIS}
    acts: list[Callable[[], object]] = [
        lambda: case.fire("submit", urgent=True, **by),
        lambda: case.fire("submit", urgent=True, key="k", **by),
        lambda: case.fire("do", item="note-1", **by),
        lambda: case.add("note", **by, **NOTE),
        lambda: case.amend("note-1", reason="r", words="w", **by),
        lambda: case.appoint("auditor", OUTSIDER, **by),
        lambda: case.relieve("clerk", CLERK, **by),
        lambda: case.acting(who, basis=BASIS),
        lambda: case.acting(who, basis=BASIS, key="k"),
        lambda: case.blockers("submit", by=who),
        lambda: case.add_blockers("note", by=who),
        lambda: case.available(who),
    ]
    refused(case, *acts, error=InvalidInput)
    for act in acts:
        with pytest.raises(InvalidInput) as caught:
            act()
        assert [fault.path for fault in caught.value.faults] in (
            [["by"]] if isinstance(who, Actor) else [["by"], ["actor"]]
        )


def test_a_role_held_is_no_other_role(case: CaseHandle) -> None:
    refused(
        case,
        lambda: case.fire("submit", by=CHAIR, basis=BASIS, urgent=True),
        lambda: case.fire("submit", by=AUDITOR, basis=BASIS, urgent=True),
        lambda: case.fire("submit", by=CLERK, role="chair", basis=BASIS, urgent=True),
        lambda: case.add("note", by=AUDITOR, basis=BASIS, **NOTE),
        lambda: case.appoint("clerk", OUTSIDER, by=CLERK, basis=BASIS),
        error=NotYourRole,
    )
    for role in ("founding_authority", "host", ""):
        refused(
            case,
            lambda role=role: case.fire("submit", by=CLERK, role=role, basis=BASIS, urgent=True),  # type: ignore[misc]
            error=InvalidInput,
        )


def test_nobody_appoints_themselves_nor_fills_a_standing_office_within_a_case(case: CaseHandle) -> None:
    refused(
        case,
        lambda: case.appoint("clerk", CHAIR, by=CHAIR, basis=BASIS),
        lambda: case.appoint("clerk", PRETENDER, by=CHAIR, basis=BASIS),
        lambda: case.appoint("auditor", CLERK, by=CHAIR, basis=BASIS),
        lambda: case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS),
    )
    refused(
        case,
        lambda: case.appoint("chair", OUTSIDER, by=CHAIR, basis=BASIS),
        lambda: case.relieve("chair", CHAIR, by=CHAIR, basis=BASIS),
        lambda: case.appoint("owner", OUTSIDER, by=CHAIR, basis=BASIS),
        lambda: case.appoint("founding_authority", OUTSIDER, by=CHAIR, basis=BASIS),
        error=InvalidInput,
    )


def test_who_has_done_one_thing_does_not_do_the_other_after_changing_hats(case: CaseHandle) -> None:
    case.relieve("clerk", CLERK, by=CHAIR, basis=BASIS)
    refused(case, lambda: case.appoint("auditor", CLERK, by=CHAIR, basis=BASIS), error=Unmet)
    assert CLERK.id in case.value.acted


def test_roles_that_are_kept_apart_twice_give_one_reason_with_every_clause() -> None:
    one = '[[separations]]\nroles = ["clerk", "auditor"]\n'
    apart = f'{one}clause = "1"\n{one}clause = ["2", "1"]\n[clauses]\n"1" = {{}}\n"2" = {{}}\n'
    engine = worlds.engine_over(MemoryStore(), procedures=[worlds.small(find=one, put=apart)])
    case = worlds.opened(worlds.constituted(engine))
    with pytest.raises(Unmet) as caught:
        case.appoint("auditor", CLERK, by=CHAIR, basis=BASIS)
    (blocker,) = caught.value.blockers
    assert (blocker.kind, blocker.clause) == ("separation", ("1", "2"))


# What no row allows


@pytest.mark.parametrize(
    "trigger",
    ["to_settled", "to_drafting", "may_submit", "is_settled", "initialise", "(new)", "", "open", "submit ", "Submit",
     "send_back.settle", "__init__", "state", "case.moved"],
)  # fmt: skip
def test_triggers_that_no_row_names_do_nothing(case: CaseHandle, trigger: str) -> None:
    for who in (CHAIR, CLERK):
        refused(
            case,
            lambda who=who: case.fire(trigger, by=who, basis=BASIS),  # type: ignore[misc]
            lambda who=who: case.fire(trigger, item="note-1", by=who, basis=BASIS),  # type: ignore[misc]
            lambda who=who: case.add("note", trigger=trigger or "x", by=who, basis=BASIS, **NOTE),  # type: ignore[misc]
            error=StabflowError,
        )


def test_a_step_is_not_skipped_nor_taken_twice(case: CaseHandle) -> None:
    refused(case, lambda: case.fire("settle", by=CHAIR, basis=BASIS), error=NotPermitted)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    refused(case, lambda: case.fire("submit", by=CLERK, basis=BASIS, urgent=True), error=NotPermitted)
    refused(case, lambda: case.fire("settle", by=CHAIR, basis=BASIS), error=Unmet)
    case.fire("pass", item="check-1", by=AUDITOR, basis=BASIS)
    case.fire("send_back", by=CHAIR, basis=BASIS, reasons="r")
    refused(case, lambda: case.fire("submit", by=CLERK, basis=BASIS, urgent=True), error=Unmet)
    refused(case, lambda: case.fire("pass", item="check-2", by=CLERK, basis=BASIS), error=NotYourRole)
    worlds.noted(case)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    refused(case, lambda: case.fire("settle", by=CHAIR, basis=BASIS), error=Unmet)
    refused(case, lambda: case.fire("pass", item="check-2", by=AUDITOR, basis=BASIS), error=Unmet)
    case.fire("pass", item="check-3", by=AUDITOR, basis=BASIS)
    case.fire("settle", by=CHAIR, basis=BASIS)


def test_a_case_that_is_over_is_over(case: CaseHandle) -> None:
    open_note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    case.fire("pass", item="check-1", by=AUDITOR, basis=BASIS)
    case.fire("settle", by=CHAIR, basis=BASIS)
    refused(
        case,
        lambda: case.fire("send_back", by=CHAIR, basis=BASIS, reasons="r"),
        lambda: case.fire("do", item=open_note, by=CLERK, basis=BASIS),
        lambda: case.fire("pass", item="check-2", by=AUDITOR, basis=BASIS),
        lambda: case.add("note", by=CLERK, basis=BASIS, **NOTE),
        lambda: case.amend("note-1", by=CLERK, basis=BASIS, reason="r", words="w"),
        lambda: case.appoint("clerk", OUTSIDER, by=CHAIR, basis=BASIS),
    )
    assert case.available(CHAIR) == ()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"urgent": None},
        {"urgent": "yes"},
        {"urgent": 1},
        {"urgent": True, "reasons": "smuggled in"},
        {"urgent": True, "state": "settled"},
        {"urgent": True, "dest": "settled"},
        {"urgent": True, "items": {}},
    ],
    ids=str,
)
def test_an_act_states_what_its_row_sets_and_nothing_else(case: CaseHandle, values: dict[str, Any]) -> None:
    refused(case, lambda: case.fire("submit", by=CLERK, basis=BASIS, **values), error=InvalidInput)


def test_what_is_laid_out_or_names_somebody_is_not_amended(case: CaseHandle) -> None:
    refused(
        case,
        lambda: case.amend("note-1", by=CLERK, basis=BASIS, reason="r", owner=OUTSIDER),
        lambda: case.amend("note-1", by=CLERK, basis=BASIS, reason="r"),
        lambda: case.amend("note-1", by=CLERK, basis=BASIS, reason="", words="w"),
        lambda: case.amend("note-9", by=CLERK, basis=BASIS, reason="r", words="w"),
        lambda: case.amend(None, by=CLERK, basis=BASIS, reason="r", urgent=True),
        error=InvalidInput,
    )
    case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    refused(case, lambda: case.amend("check-1", by=AUDITOR, basis=BASIS, reason="r", point="form"), error=InvalidInput)
    refused(
        case,
        lambda: case.amend("note-1", by=CLERK, basis=BASIS, reason="r", words="w"),
        lambda: case.amend("note-1", by=CLERK, basis=BASIS, reason="r", deadline=date(2030, 1, 1)),
        error=Unmet,
    )


def test_what_was_read_stays_as_it_was_in_a_second_round_too(case: CaseHandle) -> None:
    case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    case.fire("send_back", by=CHAIR, basis=BASIS, reasons="r")
    note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    case.amend(note, by=CLERK, basis=BASIS, reason="r", words="before it is read")
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    refused(case, lambda: case.amend(note, by=CLERK, basis=BASIS, reason="r", words="after"), error=Unmet)


def test_an_item_of_another_case_is_no_item_here(engine: Engine, case: CaseHandle) -> None:
    other = worlds.opened(engine, Matter("road", "Road"))
    refused(
        other,
        lambda: other.fire("do", item="note-1", by=CLERK, basis=BASIS),
        lambda: other.amend("note-1", by=CLERK, basis=BASIS, reason="r", words="w"),
        error=InvalidInput,
    )
    assert case.value.items["note-1"].state == "done"


@pytest.mark.parametrize(
    "case_id",
    ["", "a b", "a/b", "../system", "system/offices", "case/x", "x\n", "\u202ex", "-x", "x" * 121, 7, None.__class__],
    ids=repr,
)
def test_a_case_id_names_no_other_stream(engine: Engine, case_id: Any) -> None:
    with pytest.raises(InvalidInput):
        engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, case_id=case_id)


@pytest.mark.parametrize("basis", ["", "  ", "\u202e", "a\0b", None, 7, "x" * 2001], ids=repr)
def test_nothing_is_done_without_a_basis(engine: Engine, case: CaseHandle, basis: Any) -> None:
    refused(
        case,
        lambda: case.add("note", by=CLERK, basis=basis, **NOTE),
        lambda: case.fire("submit", by=CLERK, basis=basis, urgent=True),
        lambda: case.appoint("clerk", OUTSIDER, by=CHAIR, basis=basis),
        lambda: case.acting(CLERK, basis=basis),
        lambda: engine.open_case("small", BRIDGE, by=CHAIR, basis=basis),
        lambda: engine.withdraw("small", "chair", CHAIR, basis=basis),
        error=InvalidInput,
    )


# What is handed out cannot be written on


def test_what_is_handed_out_is_read_only(case: CaseHandle) -> None:
    value, record = case.value, case.history()[-2]
    for mapping in (value.facts, value.items, value.stated, value.entered, value.counters, value.acted):
        with pytest.raises(TypeError):
            mapping["x"] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        value.items["note-1"].fields["words"] = "other"  # type: ignore[index]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        value.state = "settled"  # type: ignore[misc]
    with pytest.raises(TypeError):
        record.event.values["words"] = "other"  # type: ignore[attr-defined]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        record.role = "chair"  # type: ignore[misc]


def test_what_was_handed_in_may_change_afterwards(case: CaseHandle) -> None:
    paper = {"title": "t", "media_type": "text/plain", "sha256": "ab" * 32}
    note = case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "paper": paper})
    before = case.value.items[note]
    paper["title"] = "another"
    assert case.value.items[note] == before
    assert case.history()[-1].event.values["paper"].title == "t"  # type: ignore[attr-defined]


# The five steps


def test_each_door_to_a_decision_is_shut_until_all_steps_are_done() -> None:
    """At every stage of a lawful walk everybody tries every trigger that decides, in every role."""
    with stabflow.open("memory:", clock=worlds.FakeClock()) as engine:
        five_steps.constitute(engine)
        case = engine.open_case("five-step", Matter("m", "Matter"), by=CHIEF, basis="plan")
        deciding = {
            "implement": {"decision_reasons": "r", "plan_first": True},
            "defer": {"decision_reasons": "r", "deferral_causes": "c"},
            "prohibit": {"decision_reasons": "r"},
        }
        tries = 0
        while (step := five_steps.toward(case.value, "approved")) is not None:
            before = case.value
            for trigger, values in deciding.items():
                for who in five_steps.EVERYBODY:
                    if trigger == step.what and who == step.by:
                        continue
                    for role in (None, "decision_body"):
                        with pytest.raises(Refused):
                            case.fire(trigger, by=who, role=role, basis="now or never", **values)
                        tries += 1
            assert case.value is before
            step.take(case)
        assert case.state == "approved"
        assert tries > 2_000
        assert engine.verify().cases == 1


def test_an_outcome_does_not_carry_over_into_a_new_round() -> None:
    with stabflow.open("memory:", clock=worlds.FakeClock()) as engine:
        five_steps.constitute(engine)
        case = engine.open_case("five-step", Matter("m", "Matter"), by=CHIEF, basis="plan")
        while (step := five_steps.toward(case.value, "approved")) is not None:
            step.take(case)
        five_steps.toward(case.value, "prohibited").take(case)  # type: ignore[union-attr]
        assert case.state == "investigating"
        triggers = ["complete_investigation", "complete_analysis", "complete_plan", "submit_report", "pass_review"]
        values: list[dict[str, Any]] = [
            {"contested": False, "specialised": False}, {"risks_found": True, "larger_hazards": False}, {},
            {"level_before": "low", "level_after": "low", "facts_confirmed": True}, {"review_conclusion": "favourable"},
        ]  # fmt: skip
        refused(
            case,
            *[
                lambda trigger=trigger, said=said, who=who: case.fire(trigger, by=who, basis=Basis("again"), **said)  # type: ignore[misc]
                for trigger, said in zip(triggers, values, strict=True)
                for who in five_steps.EVERYBODY
            ],
        )


AREAS = [*bundled("five-step").lists["area"]]


def criteria_assessed(engine: Engine, hazard: str = "none") -> CaseHandle:
    """A five-step case under analysis, every criterion of which is assessed."""
    five_steps.constitute(engine)
    case = engine.open_case("five-step", Matter("m", "Matter"), by=CHIEF, basis="plan")
    while case.state != "analyzing":
        five_steps.toward(case.value, "approved").take(case)  # type: ignore[union-attr]
    for one in case.value.of_kind("criterion"):
        told = {"tests": ["daily_life"], "verdict": "not_applicable", "hazard": hazard, "grounds": "-"}
        case.fire("assess", item=one.id, by=ASSESSOR, basis="study", **told)
    return case


def against_leaving(case: CaseHandle, *, risks_found: bool) -> list[object]:
    found = case.blockers("complete_analysis", by=ASSESSOR, risks_found=risks_found, larger_hazards=False)
    return [(one.facts["kind"], [cure.role for cure in one.cure]) for one in found]


def test_a_placeholder_does_not_lead_out_of_the_analysis(engine: Engine) -> None:
    case = criteria_assessed(engine)
    risk = case.add("risk", by=ASSESSOR, basis="study", area="livelihood", description="placeholder")
    case.fire("retire", item=risk, by=ASSESSOR, basis="study", grounds="none")
    assert [kind for kind, _ in against_leaving(case, risks_found=True)] == ["risk"]  # type: ignore[misc]
    assert [kind for kind, _ in against_leaving(case, risks_found=False)] == ["no_risk"]  # type: ignore[misc]
    assert [act.trigger for act in case.plan("planning").acts] == ["add", "rate", "complete_analysis"]


def test_that_no_risk_was_found_is_stated_examined_confirmed_and_looked_at_again(engine: Engine) -> None:
    case = criteria_assessed(engine)
    overseer, asked = five_steps.OVERSEERS[0], {"by": ASSESSOR, "basis": "study"}
    with pytest.raises(Unmet):
        case.add("no_risk", **asked, areas=AREAS[1:], grounds="g")
    none = case.add("no_risk", **asked, areas=AREAS, grounds="Nobody is touched.")
    refused(case, lambda: case.fire("confirm", item=none, by=overseer, basis="b", confirmation="c"))
    case.fire("file_opinion", item=none, **asked, opinion=five_steps.PAPER)
    assert against_leaving(case, risks_found=False) != []
    refused(case, lambda: case.fire("confirm", item=none, **asked, confirmation="c"))
    case.fire("confirm", item=none, by=overseer, basis="b", confirmation="The study bears it out.")
    assert [kind for kind, _ in against_leaving(case, risks_found=True)] == ["risk", "no_risk"]  # type: ignore[misc]
    assert against_leaving(case, risks_found=False) == []
    risk = case.add("risk", **asked, area="livelihood", description="d")
    assert len(against_leaving(case, risks_found=False)) == 1, "a risk that is not rated"
    rating = {"likelihood": "rare", "impact": "small", "harm": "none", "unrest": "rare", "before": "low"}
    case.fire("rate", item=risk, **asked, **rating)
    assert [kind for kind, _ in against_leaving(case, risks_found=False)] == ["risk"]  # type: ignore[misc]
    case.fire("retire", item=risk, **asked, grounds="The plan was misread.")
    case.fire("complete_analysis", **asked, risks_found=False, larger_hazards=False)
    case.add("document", trigger="file_plan", **asked, kind="measure_plan", file=five_steps.PAPER)
    refused(case, lambda: case.fire("complete_plan", **asked))
    case.fire("uphold", item=none, **asked, grounds="The measures bring none either.")
    case.fire("complete_plan", **asked)
    assert (case.state, case.value.facts["risks_found"], case.value.items[none].state) == ("reporting", False, "upheld")


def test_where_a_criterion_shows_a_hazard_some_risk_was_found(engine: Engine) -> None:
    case = criteria_assessed(engine, hazard="smaller")
    assert [kind for kind, _ in against_leaving(case, risks_found=False)] == ["criterion", "no_risk"]  # type: ignore[misc]


class Anybody(str):
    """An id that claims to equal every other."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("chief")


def test_an_id_is_exact_text_and_equals_only_itself() -> None:
    impostor = Actor(Anybody("impostor"), body="county")
    assert type(impostor.id) is str
    assert impostor != Actor("chief", body="county")


def test_verify_sees_a_record_that_no_row_allows() -> None:
    engine = worlds.constituted(worlds.engine_on("memory:"))
    case = worlds.opened(engine)
    engine.verify()
    value, last = case.value, case.history()[-1]
    leap = Moved(trigger="sign", source=value.state, dest="no_such_state")
    said = Circumstances(
        actor=last.actor,
        role=last.role,
        basis=last.basis,
        mandate=last.mandate,
        occurred_at=last.occurred_at,
        recorded_at=last.recorded_at,
        procedure=last.procedure,
    )
    forged = seal(f"case/{case.id}", value.version + 1, value.head, leap, said)
    engine._shell.store.append(batch([forged], expected_version=value.version))
    with pytest.raises(Corrupt, match="no row"):
        engine.verify()


# Offices that change hands while an act is on its way


@pytest.mark.parametrize("url", ["memory:", "sqlite"])
@pytest.mark.parametrize("opening", [False, True])
def test_nothing_is_stored_under_an_office_that_was_just_taken_away(url: str, opening: bool, tmp_path: Path) -> None:
    store = worlds.wrapped(url if url == "memory:" else f"sqlite:///{tmp_path}/store.db?synchronous=normal")
    engine = worlds.constituted(worlds.engine_over(store))
    elsewhere = worlds.engine_over(store)
    case = worlds.opened(engine)

    def act() -> object:
        if opening:
            return engine.open_case("small", Matter("road", "Road"), by=CHAIR, basis=BASIS)
        return case.appoint("clerk", Actor("clerk-2", body=CLERK.body), by=CHAIR, basis=BASIS)

    store.interleave(lambda: elsewhere.withdraw("small", "chair", CHAIR, basis="recalled"))
    with pytest.raises(NotYourRole):
        act()
    assert len(list(engine.cases())) == 1
    assert case.value.version == 3
    elsewhere.constitute("small", "chair", CHAIR, basis="again")
    # Taken away and given again while the act is on its way: it is done, under the mandate that is in force.
    mandates = []

    def change_hands() -> None:
        elsewhere.withdraw("small", "chair", CHAIR, basis="recalled")
        mandates.append(elsewhere.constitute("small", "chair", CHAIR, basis="and again").hash)

    store.interleave(change_hands)
    act()
    last = engine.case("small-road-1").history()[-1] if opening else case.history()[-1]
    assert last.mandate == mandates[0]
    assert engine.verify().cases == 1 + opening


# Corrections that would be something else


def in_the_five_steps(state: str, clock: worlds.FakeClock) -> tuple[Engine, CaseHandle]:
    """A matter on its way to ``approved``, as far as ``state``."""
    engine = worlds.engine_on("memory:", clock)
    five_steps.constitute(engine)
    case = engine.open_case("five-step", Matter("m", "M"), by=CHIEF, basis=BASIS)
    while case.state != state or len(case.value.appointments) < len(five_steps.APPOINTED):
        step = five_steps.toward(case.value, "approved")
        assert step is not None
        if step.verb == "wait":
            clock.now += step.wait
        else:
            step.take(case)
    return engine, case


def test_who_owes_a_measure_does_not_put_it_off_by_correcting_its_deadline() -> None:
    clock = worlds.FakeClock()
    _, case = in_the_five_steps("approved", clock)
    builder = five_steps.IMPLEMENTER
    measure = case.add(
        "measure",
        by=builder,
        basis=BASIS,
        target="design",
        description="d",
        owner=builder,
        deadline=(clock.now.date()),
    )
    due = case.value.items[measure].due
    refused(
        case,
        lambda: case.amend(measure, by=builder, basis=BASIS, reason="r", deadline=date(2030, 1, 1)),
        lambda: case.amend(measure, by=builder, basis=BASIS, reason="r", deadline=date(2030, 1, 1), description="e"),
        error=Unmet,
    )
    with pytest.raises(Unmet) as told:
        case.amend(measure, by=builder, basis=BASIS, reason="r", deadline=date(2030, 1, 1))
    (blocker,) = told.value.blockers
    assert blocker.text.en == "“deadline” is set anew by “change owner or deadline”, not by a correction"
    assert [cure.role for cure in blocker.cure] == ["decision_body"]
    assert case.value.items[measure].due == due
    case.amend(measure, by=builder, basis=BASIS, reason="r", description="as it was meant")
    case.fire("reschedule", item=measure, by=CHIEF, basis=BASIS, owner=builder, deadline=date(2030, 1, 1))


def test_what_need_not_wait_does_not_become_what_must_by_a_correction() -> None:
    clock = worlds.FakeClock()
    _, case = in_the_five_steps("investigating", clock)
    assessor = five_steps.ASSESSOR
    asked = case.add("consultation", by=assessor, basis=BASIS, method="questionnaire", invited=3)
    clock.now += timedelta(days=40)
    with pytest.raises(Unmet) as told:
        case.amend(asked, by=assessor, basis=BASIS, reason="r", method="publication")
    assert told.value.blockers[0].text.en == (
        "the time to wait before “end” hangs on “method”: begin anew instead of correcting it"
    )
    case.amend(asked, by=assessor, basis=BASIS, reason="r", invited=4)


RELIEF = """
[procedure]
format = 1
id = "relief"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "Relief", zh = "免职" }
source = "for tests"
[roles.head]
title = { en = "head", zh = "主管" }
supervises = ["clerk", "auditor_office"]
[roles.clerk]
title = { en = "clerk", zh = "文员" }
appointed_by = ["head"]
[roles.auditor]
title = { en = "auditor", zh = "审计" }
[roles.auditor_office]
title = { en = "office of the auditor", zh = "审计办" }
[states]
begun = { accountable = "head", open_ended = true }
ended = { final = true }
[[transitions]]
trigger = "start"
dest = "begun"
by = ["head"]
[[transitions]]
trigger = "finish"
source = "begun"
dest = "ended"
by = ["head"]
[items.paper]
title = { en = "paper", zh = "文" }
states.there = { accountable = "head", open_ended = true }
states.judged = { final = true }
transitions = [
  { trigger = "add", dest = "there", by = ["head"] },
  { trigger = "judge", source = "there", dest = "judged", by = ["auditor"], requires = [{ independent_of = ["add"] }] },
]
"""


def test_no_head_makes_a_subordinate_independent_by_a_relief() -> None:
    procedure = stabflow.language.loads(RELIEF.encode())
    engine = worlds.engine_on("memory:", procedures=[procedure])
    head, clerk, other = (Actor(name, body="b") for name in ("head-1", "clerk-1", "other-1"))
    engine.constitute("relief", "head", head, basis=BASIS)
    for auditor in (clerk, other):
        engine.constitute("relief", "auditor", auditor, basis=BASIS)
    case = engine.open_case("relief", Matter("m", "M"), by=head, basis=BASIS)
    case.appoint("clerk", clerk, by=head, basis=BASIS)
    paper = case.add("paper", by=head, basis=BASIS)
    judging: dict[str, Any] = {"item": paper, "basis": BASIS}
    refused(case, lambda: case.fire("judge", by=clerk, **judging), error=Unmet)
    case.relieve("clerk", clerk, by=head, basis=BASIS)
    assert case.value.former == {clerk.id: {"clerk"}}
    refused(case, lambda: case.fire("judge", by=clerk, **judging), error=Unmet)
    case.fire("judge", by=other, **judging)
    assert engine.verify().cases == 1


# For whom somebody acts


def owed(case: CaseHandle, who: Actor) -> str:
    return case.add("note", by=CHAIR, basis=BASIS, **NOTE | {"owner": who})


def test_who_is_named_and_holds_no_role_any_more_does_not_choose_for_whom_they_act(engine: Engine) -> None:
    case = worlds.opened(engine)
    note = owed(case, CLERK)
    case.relieve("clerk", CLERK, by=CHAIR, basis=BASIS)
    for body in ("supreme-court", "audit", "council"):
        pretender = Actor(CLERK.id, body=body)
        refused(
            case,
            lambda pretender=pretender: case.fire("do", item=note, by=pretender, basis=BASIS),  # type: ignore[misc]
            error=NotYourRole,
        )
        assert case.available(pretender) == ()
    record = case.fire("do", item=note, by=CLERK, basis=BASIS)
    assert (record.role, record.actor) == ("owner", CLERK)
    assert engine.verify().cases == 1


def test_nor_does_who_has_left_a_standing_office(engine: Engine) -> None:
    case = worlds.opened(engine)
    note, other = owed(case, CHAIR), owed(case, CHAIR)
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    refused(case, lambda: case.fire("do", item=note, by=PRETENDER, basis=BASIS), error=NotYourRole)
    case.fire("do", item=note, by=CHAIR, basis=BASIS)
    engine.constitute("small", "chair", PRETENDER, basis=BASIS)
    refused(case, lambda: case.fire("do", item=other, by=CHAIR, basis=BASIS), error=NotYourRole)
    assert case.fire("do", item=other, by=PRETENDER, basis=BASIS).actor == PRETENDER
    assert engine.verify().cases == 1


def test_who_was_named_in_a_standing_office_and_left_it_before_acting_acts_for_its_body() -> None:
    """Only the records of the offices tell for which body that was, also to an engine that has just begun."""
    store = MemoryStore()
    two = worlds.loads(
        worlds.SMALL.replace(
            "[roles.clerk]", '[roles.adviser]\ntitle = { en = "adviser", zh = "顾问" }\n\n[roles.clerk]'
        )
    )
    engine = worlds.constituted(worlds.engine_over(store, procedures=[two]))
    adviser = Actor("adviser-1", body="institute")
    engine.constitute("small", "adviser", adviser, basis=BASIS)
    case = worlds.opened(engine)
    note = owed(case, adviser)
    engine.withdraw("small", "adviser", adviser, basis=BASIS)
    case = worlds.engine_over(store, procedures=[two]).case(case.id)
    elsewhere = Actor(adviser.id, body="elsewhere")
    refused(case, lambda: case.fire("do", item=note, by=elsewhere, basis=BASIS), error=NotYourRole)
    assert case.fire("do", item=note, by=adviser, basis=BASIS).role == "owner"
    assert engine.verify().cases == 1
