"""The half-year report of a government compound: the document's own numbers, what it cross-checks, and that it recurs."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from dossier_runs import dossier_run, spelt_out

import stabflow
from stabflow import Actor, Case, CaseHandle, Engine, Matter, Procedure, ProcedureError, Refused
from stabflow.decision.events import Added, BreachFound, ItemMoved, Moved, Opened
from stabflow.dossier import Dossier, Run, run
from stabflow.language import bundled, loads
from stabflow.language.manifest import manifest
from stabflow.reasoning.report import Report, Status

NAME = "facility-2012"
TEXT = resources.files("stabflow").joinpath("procedures", NAME, "1.toml").read_text(encoding="utf-8")

CITY, DIRECTOR, DEPUTY = Actor("c", body="city"), Actor("d", body="bureau"), Actor("e", body="bureau")
MEMBER, OTHER_MEMBER = Actor("m", body="general-section"), Actor("n", body="housing-section")
OFFICE, GUARD = Actor("s", body="security_section"), Actor("g", body="security_section")
HELD = [
    ("higher_body", CITY),
    ("head", DIRECTOR),
    ("deputy_head", DEPUTY),
    ("member", MEMBER),
    ("member", OTHER_MEMBER),
    ("office", OFFICE),
    ("guard", GUARD),
]

# Written from the document by hand, in its order.

INVENTORY = [
    ("guards", 65, "people", "一.1"),
    ("zones", 4, "zones", "一.2"),
    ("area", 260_000, "square_metres", "一.3"),
    ("sentry_box", 5, "pieces", "一.5.1"),
    ("walkie_talkie", 17, "sets", "一.5.2"),
    ("baton", 12, "sticks", "一.5.3"),
    ("torch", 3, "handles", "一.5.4"),
    ("umbrella", 9, "handles", "一.5.5"),
    ("rubber_boots", 7, "pairs", "一.5.6"),
    ("fan", 4, "sets", "一.5.7"),
    ("water_dispenser", 1, "sets", "一.5.8"),
    ("steel_tube", 7, "sticks", "一.5.9"),
    ("fire_extinguisher", 1, "pieces", "一.5.10"),
    ("stop_sign", 1, "handles", "一.5.11"),
    ("warning_tape", 3, "rolls", "一.5.12"),
    ("camera", 90, "pieces", "三.(六).2.1"),
]

COUNTS = {
    "meetings": 4,
    "party_meetings": 3,
    "batches": 27,
    "batches_of_30": 19,
    "people": 2394,
    "adverse_outcomes": 0,
}

PLANS = {"mass_petition_plan", "security_plan"}
SECTIONS = ["一", "二", "三.1", "三.2", "三.3", "三.(四)", "三.(五)", "三.(六)", "六"]

CLAUSES = """
title preamble.1 preamble.2 preamble.3 preamble.3.1-3 preamble.4-13
一 一.1-2 一.2.1-4 一.3 一.4.1-2 一.5 一.5.1-12
二 二.1 二.1.1-2 二.2-8 二.8.1-2
三 三.1 三.1.1-6 三.2 三.2.1-9 三.3 三.3.1 三.3.2.1-2 三.3.3-16 三.3.17.1-2 三.3.18-22
三.(四) 三.(四).1-4 三.(四).4.1-5 三.(四).5 三.(四).5.1-3 三.(四).6-7
三.(五) 三.(五).1-6
三.(六) 三.(六).1 三.(六).1.1-8 三.(六).2 三.(六).2.1-4 三.(六).3 三.(六).3.1-2
六 六.(一) 六.(一).1-4 六.(二) 六.(二).1-3 六.(二).4.1-4 六.(二).5-6 六.(三) 六.(三).1-10
signature date
R.2 R.11 R.13-16
"""
"""Every clause of the document in its order (``1-3`` stands for 1, 2, 3), and last the rules of this library."""

MUST_NOT_BE_BUILT = {
    "preamble.10",  # strikes at crime
    *(f"三.3.{n}" for n in (14, 15, 16, 18, 19)),  # registers, questioning, sweeps
    *("三.(六).1", *(f"三.(六).1.{n}" for n in (1, 3, 4, 5, 6))),  # the posture of striking hard
    "三.(六).3.1",  # screening of people
    "六.(二).3",  # early signs of petitions
    *("六.(三).8", "六.(三).9"),  # speech
}


@pytest.fixture(scope="module")
def procedure() -> Procedure:
    return bundled(NAME)


@pytest.fixture(scope="module")
def ended() -> Iterator[tuple[Run, CaseHandle]]:
    """The dossier, run."""
    with dossier_run(NAME) as ran:
        yield ran


@pytest.fixture(scope="module")
def report(procedure: Procedure) -> Report:
    return stabflow.check(procedure)


def in_force(engine: Engine) -> Engine:
    for role, holder in HELD:
        engine.constitute(NAME, role, holder, basis="founding order")
    return engine


@pytest.fixture
def case() -> Iterator[CaseHandle]:
    """A case that has just been opened by hand."""
    now = datetime(2012, 3, 5, 1, 0, tzinfo=UTC)
    with in_force(stabflow.open("memory:", clock=lambda: now)) as engine:
        yield engine.open_case(NAME, Matter("compound", "Compound"), by=OFFICE, basis="b", trigger="open")


def refusal(case: CaseHandle, trigger: str, by: Actor, item: str | None = None, **values: Any) -> set[str]:
    """The clauses for which firing is refused."""
    with pytest.raises(Refused) as caught:
        case.fire(trigger, item=item, by=by, basis="b", **values)
    return {clause for blocker in caught.value.blockers for clause in blocker.clause}


# The clauses


def test_every_clause_of_the_document_stands_in_its_order(procedure: Procedure) -> None:
    assert list(procedure.clauses) == spelt_out(CLAUSES)
    assert all(clause.title is not None for clause in procedure.clauses.values())


def test_each_clause_is_carried_or_says_why_not(procedure: Procedure) -> None:
    for one in manifest(procedure):
        assert bool(one.carriers) != (one.deviation is not None), one.id
        assert not isinstance(one.clause.deviation, str), f"{one.id}: in both languages"


def test_what_must_not_be_built_is_declared(procedure: Procedure) -> None:
    said = {
        one.id: one.deviation
        for one in manifest(procedure)
        if one.deviation and "must not be built" in one.deviation.en
    }
    assert set(said) == MUST_NOT_BE_BUILT
    assert all("不得建设" in reason.zh for reason in said.values())


def test_every_row_and_state_cites_a_clause(procedure: Procedure) -> None:
    for kind, cycle in procedure.lifecycles():
        assert all(row.clause for row in cycle.transitions), kind
        assert all(state.clause for state in cycle.states.values()), kind
    assert all(role.clause for role in procedure.roles.values())
    assert all(kind.clause for kind in procedure.items.values())


def test_where_the_document_errs_a_note_says_so(procedure: Procedure) -> None:
    noted = {name for name, clause in procedure.clauses.items() if clause.note is not None}
    assert noted >= {"二.8.1", "三", "三.3.20", "三.(四)", "三.(四).7", "三.(六).2.2", "六", "六.(三).10", "date"}
    note = procedure.clauses["二.8.1"].note
    assert note is not None
    assert "上防" in note.zh


def cited(table: Any) -> Iterator[tuple[Any, str]]:
    """Every table with a `clause`, and the clause."""
    if isinstance(table, dict):
        for clause in [table["clause"]] if isinstance(table.get("clause"), str) else table.get("clause", []):
            yield table, clause
        for one in table.values():
            yield from cited(one)
    elif isinstance(table, list):
        for one in table:
            yield from cited(one)


@pytest.mark.parametrize("clause", ["一.5.7", "三.(四).4.2", "三.3.11", "六.(二).4.1"])
def test_a_clause_whose_only_carrier_is_gone_is_refused(clause: str) -> None:
    draft = tomllib.loads(TEXT)
    carriers = [
        table for table, name in cited({key: one for key, one in draft.items() if key != "clauses"}) if name == clause
    ]
    (carrier,) = carriers
    gone = copy.deepcopy(draft)
    for table, name in cited({key: one for key, one in gone.items() if key != "clauses"}):
        if name == clause:
            del table["clause"]
    with pytest.raises(ProcedureError, match=re.escape(clause)) as caught:
        loads(as_toml(gone))
    assert "nothing carries it" in str(caught.value)
    assert loads(as_toml(draft)) == bundled(NAME)
    assert carrier["title"]


def as_toml(draft: dict[str, Any]) -> str:
    """``draft`` as TOML, each table inline: good enough to be read again."""

    def value(one: Any) -> str:
        if isinstance(one, bool):
            return str(one).lower()
        if isinstance(one, int):
            return str(one)
        if isinstance(one, str):
            return '"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if isinstance(one, list):
            return "[" + ", ".join(map(value, one)) + "]"
        return "{" + ", ".join(f"{value(key)} = {value(part)}" for key, part in one.items()) + "}"

    return "\n".join(f"{value(key)} = {value(one)}" for key, one in draft.items())


# What the checker says


def test_all_that_applies_is_proved(report: Report) -> None:
    assert report.proved
    status = {finding.property: finding.status for finding in report.findings}
    assert {status[name] for name in ("five_steps", "gate", "outcomes")} == {Status.NOT_APPLICABLE}
    assert {finding.status for finding in report.findings} == {Status.PROVED, Status.NOT_APPLICABLE}
    assert report.states <= 2_500


def test_it_decides_on_nothing(procedure: Procedure) -> None:
    assert procedure.gate is None
    assert all(state.step is None and state.outcome is None for state in procedure.states.values())


# The dossier


def test_the_case_holds_the_numbers_of_the_document(ended: tuple[Run, CaseHandle], procedure: Procedure) -> None:
    case = ended[1].value
    assert case.state == "filed"
    held = [(one.fields["line"], one.fields["count"], one.fields["unit"]) for one in case.of_kind("resource")]
    assert held == [line[:3] for line in INVENTORY]
    assert [entry.clause for entry in procedure.lists["resource"].values()] == [(line[3],) for line in INVENTORY]
    assert {name: value for name, value in case.facts.items() if isinstance(value, int)} == COUNTS
    assert case.facts["report_date"] == date(2012, 5, 30)
    assert case.facts["half"] == "first"
    assert len(case.of_kind("zone")) == 4


def test_the_case_holds_what_the_document_lists(ended: tuple[Run, CaseHandle], procedure: Procedure) -> None:
    case = ended[1].value
    sections = procedure.lists["section"]
    assert [sections[str(one.fields["section_key"])].clause for one in case.of_kind("section")] == [
        (clause,) for clause in SECTIONS
    ]
    assert {one.fields["plan_key"] for one in case.of_kind("plan")} == PLANS
    assert all(set(chosen(case, one, "made_for")) == {"two_sessions", "holiday"} for one in ids(case, "plan"))
    first, second = case.of_kind("meeting")
    assert (first.fields["held_on"], second.fields["held_on"]) == (date(2012, 4, 8), date(2012, 5, 4))
    assert [first.fields["of_party_committee"], second.fields["of_party_committee"]] == [False, True]
    assert len(chosen(case, first.id, "passed_on")) == 3
    assert len(chosen(case, second.id, "arranged")) == 3
    (training,) = case.of_kind("training")
    assert training.fields["month"] == 3
    assert len(procedure.lists["hazard_kind"]) == 6
    assert set(chosen(case, None, "guided_by")) == set(procedure.lists["guidance"])


def ids(case: Case, kind: str) -> list[str]:
    return [one.id for one in case.of_kind(kind)]


def chosen(case: Case, item: str | None, field: str) -> tuple[str, ...]:
    value = (case.facts if item is None else case.items[item].fields)[field]
    assert isinstance(value, tuple)
    return tuple(map(str, value))


def test_the_dossier_goes_back_once_and_everything_ends(ended: tuple[Run, CaseHandle], procedure: Procedure) -> None:
    done, handle = ended
    assert [
        record.event.dest for record in handle.history() if isinstance(record.event, Moved) and record.event.dest
    ] == [
        "compiled",
        "completing",
        "compiled",
        "signed",
        "filed",
    ]
    for item in handle.value.items.values():
        assert procedure.state_of(item.state, item.kind).final, item
    assert sum(tried.refusal is not None for tried in done.rehearsal) == 14


CROSS_CHECKS = {
    ("state_meetings", ("party_meetings", 4)): "三.(四).7",
    ("state_reception", ("batches_of_30", 28)): "三.(五).3",
    ("state_reception", ("people", 569)): "三.(五).4",
}


def test_each_cross_check_refuses_in_the_dossier_and_names_its_clause(ended: tuple[Run, CaseHandle]) -> None:
    done, _ = ended
    for (trigger, stated), clause in CROSS_CHECKS.items():
        (refused,) = [
            tried.refusal
            for tried in done.rehearsal
            if tried.refusal is not None and tried.act.what == trigger and stated in tried.act.values.items()
        ]
        (blocker,) = refused.blockers
        assert clause in blocker.clause


NOT_FIRED = {
    (None, "open_half_year"): "by the calendar",
    ("inspection", "call"): "by the calendar",
    ("duty", "call"): "by the calendar",
}


def test_every_row_is_fired_in_the_dossier(ended: tuple[Run, CaseHandle], procedure: Procedure) -> None:
    case = ended[1].value
    fired: set[tuple[str | None, str]] = set()
    for record in ended[1].history():
        match record.event:
            case Opened(trigger=trigger) | Moved(trigger=trigger):
                fired.add((None, trigger))
            case Added(kind=kind, trigger=trigger):
                fired.add((kind, trigger))
            case ItemMoved(item=item, trigger=trigger):
                fired.add((case.items[item].kind, trigger))
            case _:
                pass
    rows = {(kind, row.trigger) for kind, cycle in procedure.lifecycles() for row in cycle.transitions}
    assert rows - fired == set(NOT_FIRED)


# Its rules, one by one

RECEPTION: dict[str, Any] = {
    "receiving": "petitions_department",
    "batches": 27,
    "batches_of_30": 19,
    "people": 2394,
    "adverse_outcomes": 0,
}


@pytest.mark.parametrize(
    ("changed", "clause"),
    [
        ({"batches_of_30": 28}, "三.(五).3"),
        ({"people": 569}, "三.(五).4"),
        ({"receiving": "leaders"}, "三.(五).1"),
        ({"batches_of_30": 0, "people": 26}, "三.(五).2"),
    ],
)
def test_a_reception_that_does_not_add_up_is_refused(case: CaseHandle, changed: dict[str, Any], clause: str) -> None:
    assert clause in refusal(case, "state_reception", OFFICE, **RECEPTION | changed)


def test_a_reception_that_just_adds_up_is_taken(case: CaseHandle) -> None:
    case.fire("state_reception", by=OFFICE, basis="b", **RECEPTION | {"batches_of_30": 27, "people": 810})
    assert case.value.facts["people"] == 810


def test_counts_of_a_report_that_came_back_can_be_put_right(tmp_path: Path) -> None:
    """They are checked there as they were at first."""
    text = (Path(__file__).parent.parent / "examples" / f"{NAME}.toml").read_text(encoding="utf-8")
    point = text.index("[[acts]]\nat = 2012-05-29T10:00:00+08:00")
    act = """[[acts]]
at = 2012-05-29T09:{minute}:00+08:00
by = "security"
basis = "figures of the petitions department, second letter"
fire = "state_reception"
with = {{ receiving = "petitions_department", batches = 27, batches_of_30 = 19, people = {people}, adverse_outcomes = 1 }}
{expect}
"""
    refused, stated = (
        act.format(minute=10, people=569, expect='expect = "refused"'),
        act.format(minute=20, people=2400, expect=""),
    )
    (tmp_path / "again.toml").write_text(text[:point] + refused + stated + text[point:], encoding="utf-8")
    with stabflow.open("memory:", late_entry=None) as engine:
        done = run(Dossier.load(tmp_path / "again.toml"), engine)
        facts = engine.case(done.case_id).value.facts
    assert (facts["people"], facts["adverse_outcomes"]) == (2400, 1)


def test_no_more_meetings_of_the_party_committee_than_meetings(case: CaseHandle) -> None:
    assert refusal(case, "state_meetings", OFFICE, meetings=3, party_meetings=4) == {"三.(四).7"}
    case.fire("state_meetings", by=OFFICE, basis="b", meetings=3, party_meetings=3)


def test_a_report_is_not_compiled_with_anything_missing(case: CaseHandle) -> None:
    lacking = refusal(case, "compile", OFFICE, half="first", guided_by=["order_regulation"])
    assert lacking == {
        *("一", "二", "三", "六"),
        *("一.5", "三.(六).2.1", "三.3.9", "二.8", "三.2.1", "三.2.2", "三.(四).6", "三.(五).4", "三.(四).1"),
    }
    assert "三.(四).1" not in refusal(case, "compile", OFFICE, half="second", guided_by=["order_regulation"])


def test_a_report_is_not_compiled_without_the_leading_group() -> None:
    now = datetime(2012, 3, 5, 1, 0, tzinfo=UTC)
    with stabflow.open("memory:", clock=lambda: now) as engine:
        engine.constitute(NAME, "office", OFFICE, basis="b")
        case = engine.open_case(NAME, Matter("compound", "Compound"), by=OFFICE, basis="b", trigger="open")
        assert "三.1.1" in refusal(case, "compile", OFFICE, half="second", guided_by=["order_regulation"])


def test_the_office_of_the_leading_group_is_in_the_security_section() -> None:
    with stabflow.open("memory:") as engine, pytest.raises(Refused):
        engine.constitute(NAME, "office", Actor("s", body="general-section"), basis="b")


def test_a_zone_reports_duty_and_patrols_and_its_guard_can_be_exchanged(case: CaseHandle) -> None:
    case.fire("assign", item="zone-1", by=OFFICE, basis="b", responsible=OFFICE.id)
    case.fire("exchange", item="zone-1", by=OFFICE, basis="b", responsible=GUARD.id)
    assert refusal(case, "report", GUARD, "zone-1", tasks=["goods"]) == {"三.3.7", "三.3.8", "三.3.10"}
    case.fire("report", item="zone-1", by=GUARD, basis="b", tasks=["duty", "patrol"])


def test_a_hazard_is_verified_by_who_neither_found_nor_rectified_it(case: CaseHandle) -> None:
    hazard = case.add("hazard", by=MEMBER, basis="b", kind="gas", site="living_area", description="A leak.")
    case.fire("assign", item=hazard, by=DEPUTY, basis="b", owner=OTHER_MEMBER.id, deadline=date(2012, 3, 9))
    case.fire("rectify", item=hazard, by=OTHER_MEMBER, basis="b", account="Sealed.")
    assert refusal(case, "verify", MEMBER, hazard) == {"R.13"}
    assert refusal(case, "verify", OTHER_MEMBER, hazard) == {"R.13"}
    case.fire("verify", item=hazard, by=DEPUTY, basis="b")


def test_an_incident_needs_a_plan_that_has_been_made(case: CaseHandle) -> None:
    incident = case.add("incident", by=GUARD, basis="b", event="mass_fight", time_of_event="holiday", situation="s")
    told: dict[str, Any] = {"plan_used": "security_plan", "situation": "s", "reported_to": ["leaders"]}
    made: dict[str, Any] = {
        "plan_file": {"title": "p", "media_type": "text/plain", "sha256": "0" * 64},
        "made_for": ["two_sessions", "holiday"],
    }
    for plan in ("plan-1", "plan-2"):  # not the other one alone either
        assert refusal(case, "activate", OFFICE, incident, **told) == {"六.(一).2"}
        case.fire("make", item=plan, by=OFFICE, basis="b", **made)
    assert refusal(case, "activate", OFFICE, incident, **told | {"reported_to": ["superiors"]}) == {"六.(一).4"}
    case.fire("activate", item=incident, by=OFFICE, basis="b", **told)
    case.fire("arrive", item=incident, by=DIRECTOR, basis="b")
    assert refusal(case, "contain", DIRECTOR, incident, measures="m", reported_to=["leaders"]) == {"六.(二).6"}
    case.fire("contain", item=incident, by=DIRECTOR, basis="b", measures="m", reported_to=["departments"])
    assert refusal(case, "log_duty", GUARD, incident, log="l", reported_to=["leaders"]) == {"六.(三).7"}


def test_a_roster_is_round_the_clock_and_a_log_says_all_was_reported(case: CaseHandle) -> None:
    duty = case.add("duty", trigger="add", by=OFFICE, basis="b")
    roster: dict[str, Any] = {"on_duty": GUARD.id, "first_day": date(2012, 3, 5), "last_day": date(2012, 3, 14)}
    unfit = roster | {"duty_for": "ordinary_day", "round_the_clock": False}
    assert refusal(case, "roster", OFFICE, duty, **unfit) == {"六.(三).1", "六.(三).2", "六.(三).3"}
    case.fire("roster", item=duty, by=OFFICE, basis="b", **roster, duty_for="two_sessions", round_the_clock=True)
    log: dict[str, Any] = {"at_post": False, "reachable": False, "duty_log": "l", "matters": 2, "matters_open": 1}
    assert refusal(case, "keep", GUARD, duty, **log) == {"六.(三).4", "六.(三).5", "六.(三).7"}
    assert refusal(case, "keep_with_gaps", GUARD, duty, **log | {"matters_open": 3}) == {"六.(三).7"}
    gapless = log | {"at_post": True, "reachable": True, "matters_open": 0}
    assert refusal(case, "keep_with_gaps", GUARD, duty, **gapless) == {"六.(三).4", "六.(三).5", "六.(三).7"}
    case.fire("keep_with_gaps", item=duty, by=GUARD, basis="b", **log)


def test_a_finding_is_judged_by_somebody_else_and_only_for_what_happened_on_duty(case: CaseHandle) -> None:
    finding = case.add("finding", by=OFFICE, basis="b", breach="not_reported", facts_of_it="f")
    case.fire("notify", item=finding, by=DIRECTOR, basis="b", concerned=GUARD.id)
    case.fire("reply", item=finding, by=GUARD, basis="b", defence="d")
    judged: dict[str, Any] = {"occurred_on_duty": True, "went_unreported": True, "reasons": "r"}
    assert refusal(case, "uphold", DIRECTOR, finding, **judged) == {"R.11"}
    assert refusal(case, "uphold", CITY, finding, **judged | {"occurred_on_duty": False}) == {"六.(三).7"}
    assert refusal(case, "uphold", CITY, finding, **judged | {"went_unreported": False}) == {"六.(三).10"}
    case.fire("uphold", item=finding, by=CITY, basis="b", **judged)


def test_a_deputy_head_who_is_concerned_cannot_hold_a_finding_up_by_silence() -> None:
    now = [datetime(2012, 3, 5, 1, 0, tzinfo=UTC)]
    with in_force(stabflow.open("memory:", clock=lambda: now[0])) as engine:
        case = engine.open_case(NAME, Matter("compound", "Compound"), by=OFFICE, basis="b", trigger="open")
        finding = case.add("finding", by=OFFICE, basis="b", breach="not_reported", facts_of_it="f")
        case.fire("notify", item=finding, by=DIRECTOR, basis="b", concerned=DEPUTY.id)
        assert refusal(case, "note_silence", DIRECTOR, finding) == {"R.11"}
        now[0] += timedelta(days=30)
        case.fire("note_silence", item=finding, by=DIRECTOR, basis="b")
        assert refusal(case, "dismiss", DIRECTOR, finding, reasons="r") == {"R.11"}  # who notified it
        case.fire("dismiss", item=finding, by=CITY, basis="b", reasons="r")


def test_there_are_as_many_zones_as_the_report_lists(case: CaseHandle) -> None:
    assert refusal(case, "take_stock", OFFICE, "resource-2", count=5, unit="zones") == {"一.2"}
    case.fire("take_stock", item="resource-2", by=OFFICE, basis="b", count=4, unit="zones")
    case.fire("take_stock", item="resource-1", by=OFFICE, basis="b", count=70, unit="people")


def test_a_report_tells_of_fire_safety_and_of_key_sites(case: CaseHandle) -> None:
    stated: dict[str, Any] = {"half": "second", "guided_by": ["order_regulation"]}
    asked = {"三.2.1", "三.2.2"}
    for looked_at, left in (("gas", asked), ("key_sites", {"三.2.1"}), ("fire_safety", set())):
        case.add("inspection", trigger="add", by=OFFICE, basis="b", looked_at=[looked_at], sites=["whole_compound"])
        assert refusal(case, "compile", OFFICE, **stated) & asked == left


def test_people_are_counts_and_small_counts_are_suppressed(procedure: Procedure) -> None:
    of_people = ("batches", "batches_of_30", "people", "adverse_outcomes")
    assert {name: procedure.facts[name].suppress_below for name in of_people} == dict.fromkeys(of_people, 5)


# Time


class Hand:
    """A clock that is set by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def test_a_half_year_is_opened_once_by_however_many_machines(tmp_path: Path) -> None:
    clock = Hand(datetime(2011, 12, 30, 1, 0, tzinfo=UTC))
    url = f"sqlite:///{tmp_path}/s.db?synchronous=normal"
    with in_force(stabflow.open(url, clock=clock)) as engine, stabflow.open(url, clock=clock) as other:
        assert engine.tick().created == ()
        clock.now = datetime(2011, 12, 31, 16, 0, tzinfo=UTC)  # midnight in Shanghai
        assert engine.tick().created == ("facility-2012-2012-H1",)
        assert engine.tick().created == ()
        assert other.tick().created == ()
        clock.now = datetime(2012, 7, 2, 1, 0, tzinfo=UTC)
        opened = [
            one
            for engine in (other, engine, other)
            for one in engine.tick(through=clock.now, basis="the machine stood still").created
            if "/" not in one
        ]
        assert opened == ["facility-2012-2012-H2"]
        assert sorted(one.case_id for one in engine.cases()) == ["facility-2012-2012-H1", "facility-2012-2012-H2"]
        case = engine.case("facility-2012-2012-H1")
        assert (case.state, len(case.value.of_kind("resource"))) == ("collecting", len(INVENTORY))


# Holidays of the notice for 2012 that begin before the report is signed, each with what is called for ten days ahead: the Spring
# Festival (22 January), Tomb-sweeping Day (2 April), Labour Day (29 April). For New Year's Day the case was opened too late.
CALLED = [date(2012, 1, 12), date(2012, 3, 23), date(2012, 4, 19)]

# The eve of the holiday for each; then the deputy head, the head and the city, five working days each, from the day after the one
# on which it came to them.
FOUND = [
    (1, 0, date(2012, 1, 21)),
    (1, 1, date(2012, 2, 2)),  # 29 (a Sunday, worked), 30, 31 January, 1, 2 February
    (1, 2, date(2012, 2, 10)),  # 6 to 10
    (1, 3, date(2012, 2, 17)),  # 13 to 17
    (2, 0, date(2012, 4, 1)),
    (2, 1, date(2012, 4, 11)),  # 5, 6, 9, 10, 11
    (2, 2, date(2012, 4, 19)),  # 13, 16 to 19
    (2, 3, date(2012, 4, 27)),  # 23 to 27
    (3, 0, date(2012, 4, 28)),
    (3, 1, date(2012, 5, 8)),  # 2, 3, 4, 7, 8
    (3, 2, date(2012, 5, 16)),  # 10, 11, 14, 15, 16
    (3, 3, date(2012, 5, 24)),  # 18, 21 to 24
]


def test_what_is_neglected_until_the_day_of_the_report_against_a_calendar_made_by_hand() -> None:
    clock = Hand(datetime(2011, 12, 28, 16, 0, tzinfo=UTC))
    called: dict[str, list[date]] = {"inspection": [], "duty": []}
    found: list[tuple[str, int, date]] = []
    with in_force(stabflow.open("memory:", clock=clock)) as engine:
        while clock.now < datetime(2012, 5, 30, 16, 0, tzinfo=UTC):
            tick = engine.tick()
            assert tick.failures == ()
            for one in tick.created:
                if "/" in one:
                    kind = one.partition("/")[2].partition("-")[0]
                    called[kind].append((clock.now + timedelta(hours=8)).date())
            for record in tick.breaches:
                assert isinstance(record.event, BreachFound)
                found.append((record.event.duty, record.event.level, record.event.due.at.date()))
            clock.now += timedelta(days=1)
        engine.verify()
    assert called == {"inspection": CALLED, "duty": CALLED}
    # Of the report, its sections and its inventory nothing is overdue: they have until the half-year is over.
    assert sorted(found) == sorted((f"{kind}-{number}", *when) for kind in called for number, *when in FOUND)
