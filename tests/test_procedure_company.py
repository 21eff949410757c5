"""The company's mechanism of six aspects: what its document lists is there, and what it asks for is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest

import stabflow
from stabflow import Actor, CaseHandle, Engine, Matter, ProcedureError, Record, Refused
from stabflow.decision.events import Added, ItemMoved, Moved, Opened
from stabflow.dossier import Dossier, Run, run
from stabflow.language import Procedure, bundled, loads
from stabflow.language.manifest import manifest
from stabflow.reasoning.check import check
from stabflow.reasoning.report import Status
from stabflow.requirements import CaseIs, ItemsAre
from stabflow.values import File

NAME = "company-six-aspects"
ROOT = Path(__file__).parent.parent
TEXT = (Path(stabflow.__file__).parent / "procedures" / NAME / "1.toml").read_text(encoding="utf-8")
ENDS = {
    "company-six-aspects.toml": ("concluded", 17),
    "company-six-aspects-no-plan.toml": ("concluded", 2),
    "company-six-aspects-not-major.toml": ("not_major", 0),
}

SIX_ASPECTS = {
    "legality": ["law_and_policy", "objects_defined", "basis_sufficient"],
    "reasonableness": ["interests", "tolerance", "support", "collective_incident"],
    "preconditions": ["approvals", "study", "timing"],
    "environment_safety": ["pollution", "safety_hazards", "appraisal"],
    "public_security": ["instability", "emergency_plan"],
    "other": ["other_problem"],
}
"""The six aspects and what is tested under each, sixteen in all, as the document has them."""

HEAD, DEPUTY, MEMBER = (Actor(f"group-{n}", body="company") for n in range(3))
DEPARTMENT = Actor("personnel-1", body="personnel")
UNIT = Actor("operations-1", body="operations")
SUPERIOR, OTHER_SUPERIOR = (Actor(f"superior-{n}", body="group") for n in range(2))
PAPER = File("报告", "application/pdf", "ab" * 32)
PLAN_PARTS = ["leadership", "duties", "liaison", "prevention", "handling", "appraisal_rules", "accountability_method"]
QUALITIES = ["thorough", "specific", "clear", "workable"]
REPORT_PARTS = ["facts", "assessment", "plan", "evaluation"]
ANSWERS = {"asked": 30, "answered": 20, "in_favour": 12, "against": 5, "undecided": 3}
ASKED: dict[str, Any] = {"topic": "改革方案", "sides": 2, **ANSWERS}
MEASURE: dict[str, Any] = {
    "purpose": "prevention",
    "target": "timing",
    "description": "推迟",
    "due": "before_start",
    "owner": UNIT,
}
ACCEPT = [f"{NAME}@1"]


class Clock:
    """Stands still until it is told to go on."""

    now = datetime(2025, 3, 3, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@attrs.define
class Walk:
    """A case led through the steps by those who may, with as little as each of them asks for."""

    engine: Engine
    clock: Clock
    case: CaseHandle

    def fire(self, trigger: str, by: Actor = HEAD, **more: Any) -> Record:
        return self.case.fire(trigger, by=by, basis="纪要", **more)

    def add(self, what: str, /, by: Actor = DEPARTMENT, **more: Any) -> str:
        return self.case.add(what, by=by, basis="纪要", **more)

    def appoint(self) -> None:
        for role, actor in (("department", DEPARTMENT), ("responsible_unit", UNIT)):
            self.case.appoint(role, actor, by=HEAD, basis="任命")

    def determine(self) -> None:
        self.fire("determine", subject="改制方案", matter_kinds=["reform"], determination_reasons="涉及全体职工")

    def evidence(self, without: str = "") -> None:
        for source in ("research", "documents"):
            if source != without:
                self.add("material", source=source, account="情况", file=PAPER)
        for method in ("experts", "symposium", "questionnaire"):
            if method != without:
                self.add("consultation", method=method, **ASKED)

    def investigate(self) -> None:
        self.evidence()
        self.fire("complete_investigation", basic_facts="情况")

    def assess(self, *, larger: bool = False, without: str = "") -> None:
        for item in self.open_tests():
            test = str(item.fields["test"])
            if test != without:
                points = {"points": ["near_term", "longer_term"]} if test == "instability" else {}
                values: dict[str, Any] = {"factors": "无", "grounds": "问卷", "larger": larger and test == "timing"}
                self.fire("assess", DEPARTMENT, item=item.id, **values, **points)

    def open_tests(self) -> list[Any]:
        return [item for item in self.case.value.of_kind("test") if item.state == "open"]

    def analyze(self, *, larger: bool = False) -> None:
        self.assess(larger=larger)
        self.conclude_analysis(larger=larger)

    def conclude_analysis(self, *, larger: bool, meeting: bool = False) -> None:
        values: dict[str, Any] = {"meeting_needed": meeting, "meeting_reasons": "理由", "harm_account": "无"}
        self.fire("complete_analysis", larger_hazards=larger, **values)

    def draft(self, parts: list[str] = PLAN_PARTS) -> None:
        self.add("contingency_plan", file=PAPER, hazards="时机", plan_parts=parts)

    def adopt(self, qualities: list[str] = QUALITIES) -> None:
        (drafted,) = [item.id for item in self.case.value.of_kind("contingency_plan") if item.state == "drafted"]
        self.fire("adopt", item=drafted, qualities=qualities, grounds="可行")

    def plan(self, *, larger: bool = False) -> None:
        if larger:
            self.draft()
            self.adopt()
            self.add("measure", **MEASURE)
        self.fire("complete_plan")

    def report(self) -> None:
        self.add("assessment_report", file=PAPER, report_parts=REPORT_PARTS)
        self.fire("submit_report", recipients="上级公司")

    def to_monitoring(self, *, larger: bool = False) -> None:
        self.appoint()
        self.determine()
        self.investigate()
        self.analyze(larger=larger)
        self.plan(larger=larger)
        self.report()

    def reasons(self) -> list[str]:
        return [reason.kind for reason in self.engine.gate(self.case.value.matter.key, accept=ACCEPT).ask().reasons]


def offices() -> Iterator[tuple[str, Actor]]:
    yield from (("head", HEAD), ("deputy_head", DEPUTY), ("member", MEMBER))
    yield from (("superior", SUPERIOR), ("superior", OTHER_SUPERIOR))


def walk_without(*vacant: str) -> Walk:
    clock = Clock()
    engine = stabflow.open("memory:", clock=clock)
    for role, actor in offices():
        if role not in vacant:
            engine.constitute(NAME, role, actor, basis="公司文件")
    return Walk(engine, clock, engine.open_case(NAME, Matter("merger", "合并"), by=HEAD, basis="草案"))


@pytest.fixture
def walk() -> Walk:
    return walk_without()


@pytest.fixture(scope="module")
def procedure() -> Procedure:
    return bundled(NAME)


@cache
def dossier_of(name: str) -> Dossier:
    return Dossier.load(ROOT / "examples" / name)


@cache
def ran(name: str) -> tuple[Run, CaseHandle]:
    engine = stabflow.open("memory:", late_entry=None)
    done = run(dossier_of(name), engine)
    return done, engine.case(done.case_id)


def refused_for(act: Callable[[], object]) -> set[str]:
    """The clauses for which ``act`` is refused."""
    with pytest.raises(Refused) as refusal:
        act()
    return {clause for blocker in refusal.value.blockers for clause in blocker.clause}


# The dossiers


@pytest.mark.parametrize("name", ENDS)
def test_the_dossiers_run_to_their_ends(name: str) -> None:
    done, case = ran(name)
    end, refusals = ENDS[name]
    assert case.state == end
    assert sum(tried.refusal is not None for tried in done.rehearsal) == refusals
    assert dossier_of(name).illustrative


def rows_of(case: CaseHandle) -> Iterator[tuple[str | None, str]]:
    for record in case.history():
        match record.event:
            case Opened() | Moved() as event:
                yield None, event.trigger
            case Added() as event:
                yield event.kind, event.trigger
            case ItemMoved() as event:
                yield case.value.items[event.item].kind, event.trigger
            case _:
                pass


def test_every_row_is_fired_in_some_dossier(procedure: Procedure) -> None:
    fired = {row for name in ENDS for row in rows_of(ran(name)[1])}
    assert fired == {(kind, row.trigger) for kind, cycle in procedure.lifecycles() for row in cycle.transitions}


def test_the_two_rounds_of_re_assessment_begin_where_they_say() -> None:
    events = [record.event for record in ran("company-six-aspects.toml")[1].history()]
    back = [(one.trigger, one.dest) for one in events if isinstance(one, Moved) and one.trigger.startswith("rea")]
    assert back == [("reassess", "investigating"), ("reanalyze", "analyzing")]
    assert sum(len(one.laid_out) for one in events if isinstance(one, Moved)) == 4 * 16


# The document


def test_the_six_aspects_have_their_sixteen_tests(procedure: Procedure) -> None:
    found: dict[str, list[str]] = {}
    for name, entry in procedure.lists["test"].items():
        assert entry.of is not None
        found.setdefault(entry.of.removeprefix("aspect."), []).append(name)
    assert found == SIX_ASPECTS
    assert list(procedure.lists["aspect"]) == list(SIX_ASPECTS)
    numbers = [clause for entry in procedure.lists["test"].values() for clause in entry.clause]
    sizes = enumerate(map(len, SIX_ASPECTS.values()), 1)
    assert numbers == [f"三.{aspect}.{test}" for aspect, size in sizes for test in range(1, size + 1)]


def test_the_manifest_follows_the_numbers_of_the_document(procedure: Procedure) -> None:
    clauses = list(procedure.clauses)
    heads = [clause for clause in clauses if re.fullmatch("[一二三四五六]", clause)]
    assert heads == list("一二三四五六")
    for number, below in {"五": 4, "六": 4}.items():
        assert {f"{number}.{n}" for n in range(1, below + 1)} <= set(clauses)
    parts = [clause for clause in clauses if re.fullmatch(r"五\.[34]\.\d", clause)]
    assert parts == [f"五.3.{n}" for n in (1, 2, 3)] + [f"五.4.{n}" for n in (1, 2, 3, 4)]
    for clause in clauses:  # every number has its predecessor, and what it stands under, before it
        above, _, last = clause.rpartition(".")
        if last.isdigit() and above != "R":
            before = above if last == "1" else f"{above}.{int(last) - 1}"
            assert last == "1" or clauses.index(before) < clauses.index(clause), clause
            assert above in clauses or above.endswith("preamble") or above == "title", clause


def test_every_clause_is_carried_or_says_why_not(procedure: Procedure) -> None:
    entries = manifest(procedure)
    assert all(bool(one.carriers) != bool(one.deviation) for one in entries)
    busiest = max(sum(place in [c.path for c in one.carriers] for one in entries) for place in paths(procedure))
    assert busiest <= 4, "nobody carries half of the document"


def paths(procedure: Procedure) -> set[str]:
    return {carrier.path for one in manifest(procedure) for carrier in one.carriers}


def test_what_the_document_leaves_open_is_told(procedure: Procedure) -> None:
    noted = {one.id for one in manifest(procedure) if one.clause.note}
    blanks, mixed, misprint, empty = {"二.3", "二.4", "二.5"}, {"一.20", "一.22"}, {"五.1.14"}, {"六.2", "六.4"}
    assert blanks | mixed | misprint | empty <= noted
    assert {"六.3.10", "五.4.3", "五.4.4", "五.4.preamble.1", "R.end"} <= noted


def test_every_row_and_state_cites_a_clause(procedure: Procedure) -> None:
    for kind, cycle in procedure.lifecycles():
        assert all(row.clause for row in cycle.transitions), kind
        assert all(state.clause for state in cycle.states.values()), kind
    assert all(role.clause for role in procedure.roles.values())
    assert all(entry.clause for entries in procedure.lists.values() for entry in entries.values())


def test_nothing_is_invented(procedure: Procedure) -> None:
    """No outcomes, no levels, and no time limit but those of the right of reply."""
    assert all(state.outcome is None for state in procedure.states.values())
    assert all(state.open_ended or state.final for state in procedure.states.values())
    assert {clause for one in procedure.parameters.values() for clause in one.clause} == {"R.11"}
    assert not any(one.verified for one in procedure.parameters.values())
    assert "level" not in procedure.lists


def test_counts_of_people_are_suppressed_when_small(procedure: Procedure) -> None:
    counts = {"asked", "answered", "in_favour", "against", "undecided"}
    fields = {**procedure.items["consultation"].fields, **procedure.items["meeting"].fields}
    assert {name for name, field in fields.items() if field.suppress_below == 5} == {*counts, "attended"}


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("lists.test", "other_problem"),
        ("lists.aspect", "public_security"),
        ("lists.point", "longer_term"),
        ("lists.plan_content", "organisation"),
        ("lists.plan_part", "liaison"),
        ("lists.method", "owners"),
        ("lists.method", "other"),
        ("lists.report_part", "evaluation"),
        ("lists.matter_kind", "policy"),
        ("lists.matter_kind", "other"),
        ("lists.invited", "scholars"),
        ("facts", "use_of_results"),
        ("clauses", '"六.3.16"'),
        ("items.measure", "fields.effect"),
        ("items.measure", '  { trigger = "revise"'),
    ],
)
def test_without_what_carries_a_clause_it_does_not_load(table: str, line: str) -> None:
    before, head, rest = TEXT.partition(f"\n[{table}]")
    body, end, after = rest.partition("\n[")
    (carrier,) = re.findall(rf"\n{re.escape(line)}[ ,].*", body)
    with pytest.raises(ProcedureError):
        loads(before + head + body.replace(carrier, "") + end + after)


def test_it_is_proved_and_each_warning_is_meant() -> None:
    report = check(NAME)
    found: dict[Status, set[str]] = {}
    for one in report.findings:
        found.setdefault(one.status, set()).add(one.path if one.status is Status.WARNING else one.property)
    assert set(found) <= {Status.PROVED, Status.NOT_APPLICABLE, Status.WARNING}
    assert {"five_steps", "gate"} <= found[Status.PROVED]
    assert found[Status.NOT_APPLICABLE] == {"outcomes"}
    assert found[Status.WARNING] == {
        "transitions.complete_plan.requires[1]",  # a measure that waits counts whichever round planned it
        "transitions.conclude.requires[0]",  # the making of a matter is seen once
    }
    assert report.states <= 1_000


# What it asks for


def test_the_leading_group_must_be_there_and_names_who_takes_part() -> None:
    walk = walk_without("deputy_head", "member")
    assert refused_for(walk.determine) == {"二.1", "二.2", "三.preamble.3", "四.1"}


@pytest.mark.parametrize(
    ("without", "clause"),
    [
        ("research", "五.1.2"),
        ("documents", "五.1.3"),
        ("experts", "五.1.4"),
        ("symposium", "五.1.7"),
        ("questionnaire", "五.1.8"),
    ],
)
def test_each_way_of_finding_out_is_asked_for(walk: Walk, without: str, clause: str) -> None:
    walk.appoint()
    walk.determine()
    walk.evidence(without)
    assert clause in refused_for(lambda: walk.fire("complete_investigation", basic_facts="情况"))


def test_another_way_may_take_the_place_of_a_survey_only(walk: Walk) -> None:
    walk.appoint()
    walk.determine()
    walk.evidence("questionnaire")
    walk.add("consultation", method="other", **ASKED)
    walk.fire("complete_investigation", basic_facts="情况")
    walk.fire("return_to_investigation", return_reasons="未向业主了解")
    walk.evidence("experts")
    walk.add("consultation", method="other", **ASKED)
    clauses = refused_for(lambda: walk.fire("complete_investigation", basic_facts="情况"))
    assert clauses == {"五.1.4", "五.1.5", "五.1.6", "五.1.16"}


def test_answers_add_up(walk: Walk) -> None:
    walk.appoint()
    walk.determine()
    for wrong in ({"against": 6}, {"answered": 31, "in_favour": 23}):
        clauses = refused_for(lambda wrong=wrong: walk.add("consultation", method="owners", **ASKED | wrong))  # type: ignore[misc]
        assert clauses == {"三.preamble.5", "五.1.17"}


def test_no_test_may_be_missing(walk: Walk) -> None:
    walk.appoint()
    walk.determine()
    walk.investigate()
    assert len(walk.open_tests()) == 16
    assert {"五.2.2", "三.preamble.8"} <= refused_for(lambda: walk.conclude_analysis(larger=False))
    walk.assess(without="other_problem")
    assert refused_for(lambda: walk.conclude_analysis(larger=False)) >= {"三.preamble.8", "五.2.8"}


@pytest.mark.parametrize(("seen", "clause"), [("near_term", "三.5.1.2"), ("longer_term", "三.5.1.1")])
def test_instability_is_looked_at_in_both_terms(walk: Walk, seen: str, clause: str) -> None:
    walk.appoint()
    walk.determine()
    walk.investigate()
    (item,) = [one.id for one in walk.open_tests() if one.fields["test"] == "instability"]
    values = {"points": [seen], "factors": "无", "larger": False, "grounds": "问卷"}
    assert refused_for(lambda: walk.fire("assess", DEPARTMENT, item=item, **values)) == {clause}


def test_a_test_waits_while_the_facts_are_looked_into(walk: Walk) -> None:
    walk.appoint()
    walk.determine()
    walk.investigate()
    walk.fire("return_to_investigation", return_reasons="夜班情况不明")
    assert refused_for(walk.assess) == {"一.17", "五.2.8"}


def test_the_conclusion_is_not_milder_than_a_test_and_experts_are_heard_where_necessary(walk: Walk) -> None:
    walk.appoint()
    walk.determine()
    walk.investigate()
    walk.assess(larger=True)
    clauses = refused_for(lambda: walk.conclude_analysis(larger=False, meeting=True))
    assert clauses == {"三.preamble.6", "五.3.preamble.1", "五.2.10"}
    walk.add("meeting", kind="hearing", guests=["scholars"], attended=9, account="意见")
    walk.conclude_analysis(larger=True, meeting=True)
    assert walk.case.state == "planning"


def test_a_plan_is_asked_for_where_hazards_are_larger_and_the_gate_stays_closed_without(walk: Walk) -> None:
    walk.appoint()
    walk.determine()
    walk.investigate()
    walk.analyze(larger=True)
    clauses = refused_for(lambda: walk.fire("complete_plan"))
    assert clauses == {"五.3", "五.3.preamble.1", "五.3.preamble.2", "R.7"}
    walk.draft()
    walk.add("measure", **MEASURE | {"target": "information"})
    assert refused_for(lambda: walk.fire("complete_plan")) == clauses, "a draft, and publicity alone, are not enough"
    assert walk.reasons() == ["unfinished"]
    walk.adopt()
    walk.add("measure", **MEASURE)
    walk.fire("complete_plan")


@pytest.mark.parametrize(
    ("part", "clause"),
    [
        ("leadership", "五.3.1.1"),
        ("duties", "五.3.1.2"),
        ("liaison", "五.3.1.3"),
        ("prevention", "五.3.2.1"),
        ("handling", "五.3.2.2"),
        ("appraisal_rules", "五.3.3.1"),
        ("accountability_method", "五.3.3.2"),
    ],
)
def test_a_plan_lacks_none_of_its_contents(planned: Walk, part: str, clause: str) -> None:
    assert refused_for(lambda: planned.draft([one for one in PLAN_PARTS if one != part])) == {clause}


@pytest.mark.parametrize("number", range(4))
def test_a_plan_has_its_four_qualities(planned: Walk, number: int) -> None:
    if not planned.case.value.of_kind("contingency_plan"):
        planned.draft()
    lacking = [one for one in QUALITIES if one != QUALITIES[number]]
    assert refused_for(lambda: planned.adopt(lacking)) == {f"五.3.preamble.{number + 3}"}


@pytest.fixture(scope="module")
def planned() -> Walk:
    walk = walk_without()
    walk.appoint()
    walk.determine()
    walk.investigate()
    walk.analyze(larger=True)
    return walk


@pytest.mark.parametrize("number", range(4))
def test_a_report_lacks_none_of_its_four_contents(written: Walk, number: int) -> None:
    lacking = [one for one in REPORT_PARTS if one != REPORT_PARTS[number]]
    clauses = refused_for(lambda: written.add("assessment_report", file=PAPER, report_parts=lacking))
    assert clauses == {f"五.4.{number + 1}"}


@pytest.fixture(scope="module")
def written() -> Walk:
    walk = walk_without("superior")
    walk.appoint()
    walk.determine()
    walk.investigate()
    walk.analyze()
    walk.plan()
    return walk


def test_a_report_is_submitted_to_somebody(written: Walk) -> None:
    clauses = refused_for(lambda: written.fire("submit_report", recipients="上级公司"))
    assert clauses == {"五.4.preamble.2", "五.4.preamble.3", "五.4.preamble.1"}


# The gate: assessment comes first, and nothing goes ahead without it


def test_the_gate_asks_for_report_plan_measures_and_what_is_new(procedure: Procedure) -> None:
    """The first two are asked for on the way too, and again here, because it is what the gate stands for."""
    asked = [carried.id for carried in manifest(procedure) for one in carried.carriers if one.path.startswith("gate.")]
    assert asked == ["一.18", "五.3.preamble.1", "五.4.preamble.3", "六.3.11", "六.3.14", "六.3.16"]
    (whole,) = {tuple(one.id for one in manifest(procedure) if any(c.path == "gate" for c in one.carriers))}
    assert whole == ("一.14", "一.15", "三.preamble.1", "六.3.8")
    assert procedure.gate is not None
    rounds = {one.items: one.since for one in procedure.gate.requires if isinstance(one, ItemsAre) and one.since}
    assert rounds == {"assessment_report": "reporting", "contingency_plan": "planning"}


def test_without_larger_hazards_the_gate_opens_in_monitoring_and_no_earlier(walk: Walk) -> None:
    seen = []
    for step in (walk.appoint, walk.determine, walk.investigate, walk.analyze, walk.plan):
        seen.append(walk.reasons())
        step()
    assert [*seen, walk.reasons()] == [["unfinished"]] * 6
    walk.report()
    assert walk.case.state == "monitoring"
    assert walk.reasons() == []


def test_what_is_due_before_keeps_the_gate_closed(walk: Walk) -> None:
    walk.to_monitoring(larger=True)
    (reason,) = walk.engine.gate("merger", accept=ACCEPT).ask().reasons
    assert (reason.kind, reason.clause) == ("items", ("一.18", "六.3.11"))
    walk.fire("carry_out", UNIT, item="measure-1", effect="已推迟")
    assert walk.reasons() == []


@pytest.mark.parametrize(("back", "state"), [("reassess", "investigating"), ("reanalyze", "analyzing")])
def test_what_is_new_closes_the_gate_until_it_is_assessed(walk: Walk, back: str, state: str) -> None:
    walk.to_monitoring()
    assert refused_for(lambda: walk.fire(back, UNIT, reassessment_reasons="无")) == {"六.3.12", "六.3.13"}
    walk.add("development", UNIT, novelty="problem", account="线路停运")
    assert walk.reasons() == ["items"]
    walk.fire(back, UNIT, reassessment_reasons="线路停运")
    assert walk.case.state == state
    assert len(walk.reasons()) == 1
    if back == "reassess":
        assert "五.1.2" in refused_for(lambda: walk.fire("complete_investigation", basic_facts="情况"))
        walk.investigate()
    walk.assess()
    assert refused_for(lambda: walk.conclude_analysis(larger=False)) == {"六.3.14", "六.3.16"}
    walk.fire("assess", DEPARTMENT, item="development-1", assessment="可控")
    walk.conclude_analysis(larger=False)
    walk.plan()
    assert len(walk.reasons()) == 1
    walk.report()
    assert walk.reasons() == []


def test_a_new_round_needs_a_new_plan_and_a_measure_that_still_waits(walk: Walk) -> None:
    walk.to_monitoring(larger=True)
    walk.fire("carry_out", UNIT, item="measure-1", effect="已推迟")
    walk.add("development", UNIT, novelty="circumstance", account="线路停运")
    walk.fire("reanalyze", UNIT, reassessment_reasons="线路停运")
    walk.fire("assess", DEPARTMENT, item="development-1", assessment="隐患仍在")
    walk.analyze(larger=True)
    assert refused_for(lambda: walk.fire("complete_plan")) == {"五.3", "五.3.preamble.1", "五.3.preamble.2", "R.7"}
    walk.plan(larger=True)
    walk.report()
    assert walk.reasons() == ["items"]


def test_a_development_noticed_late_leads_back_before_the_report_is_submitted(walk: Walk) -> None:
    walk.appoint()
    walk.determine()
    walk.investigate()
    walk.analyze()
    walk.plan()
    walk.add("development", UNIT, novelty="circumstance", account="线路停运")
    assert refused_for(walk.report) == {"六.3.14", "六.3.16"}
    walk.fire("return_to_analysis", DEPUTY, return_reasons="线路停运")
    assert walk.case.state == "analyzing"


WHERE = {
    ("material", "add"): ["investigating"],
    ("consultation", "add"): ["investigating"],
    ("test", "assess"): ["analyzing"],
    ("meeting", "add"): ["analyzing"],
    ("contingency_plan", "add"): ["planning"],
    ("contingency_plan", "adopt"): ["planning"],
    ("measure", "add"): ["planning"],
    ("measure", "revise"): ["planning"],
    ("measure", "carry_out"): ["investigate", "analyze", "report", "review"],
    ("assessment_report", "add"): ["reporting"],
    ("monitoring_record", "add"): ["monitoring"],
    ("development", "add"): ["investigate", "analyze", "plan", "report", "review"],
    ("development", "assess"): ["analyzing"],
    ("finding", "add"): ["investigate", "analyze", "plan", "report", "review"],
}
"""Where the case stands when each of these is done."""


def test_each_piece_of_work_belongs_to_its_step(procedure: Procedure) -> None:
    rows = [(kind, row) for kind, cycle in procedure.lifecycles() if kind for row in cycle.transitions]
    asked = {(kind, row.trigger): [*one.case] for kind, row in rows for one in row.requires if isinstance(one, CaseIs)}
    assert asked == WHERE


def test_what_nobody_answered_is_no_evidence(walk: Walk) -> None:
    walk.appoint()
    walk.determine()
    nobody = dict.fromkeys(ANSWERS, 0) | {"asked": 30}
    assert refused_for(lambda: walk.add("consultation", method="owners", **ASKED | nobody)) == {"五.1.17"}


# The end, and accountability


def test_a_matter_is_concluded_when_it_was_monitored_and_nothing_stands_open(walk: Walk) -> None:
    walk.to_monitoring(larger=True)
    walk.add("finding", SUPERIOR, breach="poor_work", account="未落实")
    clauses = refused_for(lambda: walk.fire("conclude", use_of_results="已采纳", closing_account="完毕"))
    assert clauses == {"六.3.9", "六.3.10", "五.3", "六.1.5", "六.4.2"}


def notified(walk: Walk, concerned: Actor = UNIT) -> None:
    walk.to_monitoring()
    walk.add("finding", MEMBER, breach="insufficient_attention", account="未落实")
    walk.fire("notify", SUPERIOR, item="finding-1", concerned=concerned)


def test_nobody_is_held_to_account_unless_a_major_problem_came_of_the_breach(walk: Walk) -> None:
    notified(walk)
    walk.fire("reply", UNIT, item="finding-1", defence="已落实")
    grounds = {"item": "finding-1", "grounds": "属实"}
    no_problem = refused_for(lambda: walk.fire("uphold", OTHER_SUPERIOR, problem_followed=False, **grounds))
    assert no_problem == {"五.3.3.5"}
    for judge in (SUPERIOR, UNIT, HEAD):
        assert refused_for(lambda judge=judge: walk.fire("uphold", judge, problem_followed=True, **grounds)) <= {"R.11"}  # type: ignore[misc]
    walk.fire("uphold", OTHER_SUPERIOR, problem_followed=True, **grounds)
    assert walk.case.value.items["finding-1"].state == "upheld"


@pytest.mark.parametrize("role", ["head", "deputy_head", "member"])
def test_nobody_of_the_group_is_the_superior(role: str) -> None:
    engine = stabflow.open("memory:")
    engine.constitute(NAME, "superior", SUPERIOR, basis="公司文件")
    assert refused_for(lambda: engine.constitute(NAME, role, SUPERIOR, basis="公司文件")) == {"R.11"}


def test_nobody_who_works_on_the_matter_is_the_superior(walk: Walk) -> None:
    for role in ("department", "responsible_unit"):
        refused = refused_for(lambda role=role: walk.case.appoint(role, SUPERIOR, by=HEAD, basis="任命"))  # type: ignore[misc]
        assert refused == {"R.11"}


def test_silence_is_noted_only_when_the_time_to_reply_is_over(walk: Walk) -> None:
    notified(walk, HEAD)
    assert refused_for(lambda: walk.fire("note_silence", SUPERIOR, item="finding-1")) == {"R.11"}
    walk.clock.now += timedelta(days=15)
    walk.fire("note_silence", SUPERIOR, item="finding-1")
    assert refused_for(lambda: walk.fire("dismiss", SUPERIOR, item="finding-1", grounds="不成立")) == {"R.11"}
    walk.fire("dismiss", OTHER_SUPERIOR, item="finding-1", grounds="不成立")


def test_nobody_confirms_their_own_remedy(walk: Walk) -> None:
    notified(walk, SUPERIOR)
    walk.fire("reply", SUPERIOR, item="finding-1", defence="已转办")
    walk.fire("uphold", OTHER_SUPERIOR, item="finding-1", problem_followed=True, grounds="属实")
    assert refused_for(lambda: walk.fire("confirm_remedy", SUPERIOR, item="finding-1", remedy="已整改")) == {"R.11"}
    walk.fire("confirm_remedy", OTHER_SUPERIOR, item="finding-1", remedy="已整改")


def test_who_is_no_leader_of_the_group_determines_nothing(walk: Walk) -> None:
    walk.appoint()
    for actor in (DEPARTMENT, UNIT, SUPERIOR):
        with pytest.raises(Refused):
            walk.fire("find_not_major", actor, determination_reasons="无")
    walk.fire("find_not_major", MEMBER, determination_reasons="日常采购")
    assert walk.reasons() == ["screened_out"]
