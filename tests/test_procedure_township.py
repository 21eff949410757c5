"""The ten articles of a township of 2010: no levels, no outcomes, a group that is led by the unit whose matter it is, consent
where a chain reaction threatens, and three breaches that count where they caused something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from worlds import BASIS, FakeClock

import stabflow
from stabflow import Actor, CaseHandle, Engine, Matter, ProcedureError, Refused
from stabflow.case import Case
from stabflow.dossier import Dossier, Tried, Verb, rehearse
from stabflow.language import Procedure, loads
from stabflow.language.manifest import manifest
from stabflow.values import File

ROOT = Path(__file__).parent.parent
NAME = "township-2010"
ACCEPT = [f"{NAME}@1"]
TEXT = resources.files("stabflow").joinpath("procedures", NAME, "1.toml").read_text(encoding="utf-8")

UNIT = Actor("o-11", body="village-construction-office")
PETITIONS = Actor("o-21", body="petition_department")
STABILITY = Actor("o-22", body="stability_department")
BUSINESS = Actor("o-23", body="land-office")
OFFICER = Actor("o-31", body="office")
LEADER = Actor("o-41", body="leading_group")
TOWNSHIP = Actor("o-51", body="party_government")
ADVISER = Actor("o-61", body="mediation_centre")
DECIDER = Actor("o-71", body="township-government")
OFFICES = {
    "reporting_unit": UNIT,
    "office": OFFICER,
    "leading_group": LEADER,
    "party_government": TOWNSHIP,
    "advisory_centre": ADVISER,
}
GROUP = {
    "responsible_unit": UNIT,
    "petition_member": PETITIONS,
    "stability_member": STABILITY,
    "business_member": BUSINESS,
}
PAPER = File("Paper", "application/pdf", "0" * 64)
CAUSED = {"improper_decision": True, "petition_problems": True, "stability_affected": True}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(clock: FakeClock) -> Engine:
    engine = stabflow.open("memory:", clock=clock)
    for role, holder in OFFICES.items():
        engine.constitute(NAME, role, holder, basis=BASIS)
    return engine


class Road:
    """A matter on its way through the articles."""

    def __init__(self, engine: Engine, *, trigger: str = "report_matter", by: Actor = UNIT, **facts: Any) -> None:
        said: dict[str, Any] = {"occasion": "project", "origin": "listed", "matter_account": "A road."} | facts
        self.case: CaseHandle = engine.open_case(
            NAME, Matter("road", "A road"), by=by, basis=BASIS, trigger=trigger, **said
        )

    def fire(self, trigger: str, by: Actor, item: str | None = None, **said: Any) -> None:
        self.case.fire(trigger, by=by, basis=BASIS, item=item, **said)

    def add(self, what: str, by: Actor, trigger: str | None = None, /, **said: Any) -> str:
        self.case.add(what, by=by, basis=BASIS, trigger=trigger, **said)
        return self.case.value.of_kind(what)[-1].id

    def refused(self, trigger: str, by: Actor, item: str | None = None, **said: Any) -> set[str]:
        """The clauses under which it is refused."""
        with pytest.raises(Refused) as caught:
            self.fire(trigger, by, item, **said)
        return clauses(caught.value)

    def screened_in(self) -> Road:
        said: dict[str, Any] = {"application": "put_to_government", "scope_items": ["land_taking"]}
        self.fire("screen_in", OFFICER, **said, interests_touched="Fields.", scope_reasons="Item (5).")
        return self

    def formed(self) -> Road:
        for role, holder in GROUP.items():
            self.case.appoint(role, holder, by=OFFICER, basis=BASIS)
        self.fire("form_group", OFFICER, decider="township", within_jurisdiction=True)
        return self

    def asked(self, *forms: str) -> Road:
        for form in forms or ("public_participation", "expert_argument"):
            item = self.add("consultation", UNIT, form=form, topic="The line.")
            self.fire("record", UNIT, item, people=7, needs="A footpath.")
        return self

    def assessed(self) -> Road:
        self.asked().fire("complete_investigation", UNIT)
        for item in self.case.value.of_kind("examination"):
            if item.state == "open":
                self.fire("examine", BUSINESS, item.id, grounds="Looked at.")
        self.fire("complete_analysis", UNIT, feasibility="Feasible.")
        return self

    def planned(self) -> Road:
        said: dict[str, Any] = {"kind": "stability_plan", "targets": ["design"], "file": PAPER}
        self.add("document", UNIT, "submit_plan", **said)
        self.fire("complete_plan", UNIT)
        return self

    def submitted(self) -> Road:
        self.add("document", UNIT, "add", kind="report", file=PAPER)
        self.fire("submit", UNIT, conclusion="Can be done.", effects_on_people="Fields.")
        return self

    def put_to_group(self, *, chain: bool = False, special: bool = False, exemption: str = "none") -> Road:
        self.add("opinion", OFFICER, nature="opinion", wording="Complete.")
        for item in self.case.value.of_kind("document"):
            if item.state == "submitted":
                self.fire("file_away", OFFICER, item.id)
        said: dict[str, Any] = {"chain_reaction": chain, "specially_important": special, "exemption": exemption}
        self.fire("put_to_group", OFFICER, **said, exemption_grounds="See the file.")
        return self

    def reviewed(self, **facts: Any) -> Road:
        return self.screened_in().formed().assessed().planned().submitted().put_to_group(**facts)

    def handed_over(self) -> Road:
        self.case.appoint("decision_body", DECIDER, by=LEADER, basis=BASIS)
        self.fire("hand_over", LEADER)
        return self

    def decided(self, adopted: bool = True) -> Road:
        self.fire("record_decision", DECIDER, decision_taken="So.", conclusion_adopted=adopted)
        return self

    def withheld(self) -> Road:
        self.add("refusal", TOWNSHIP, refusal_grounds="Say more.")
        self.fire("withhold_consent", TOWNSHIP, return_reasons="Say more.")
        return self

    def finding(self, breach: str, *, concerned: Actor = UNIT) -> str:
        """One that was replied to."""
        item = self.add("finding", OFFICER, breach=breach, account="See the file.")
        self.fire("notify", OFFICER, item, concerned=concerned.id)
        self.fire("reply", concerned, item, defence="It was not so.")
        return item


def clauses(refusal: Refused) -> set[str]:
    return {clause for blocker in refusal.blockers for clause in blocker.clause}


def settled(engine: Engine, **facts: Any) -> Road:
    road = Road(engine).reviewed(**facts)
    road.fire("settle", LEADER, settlement="Settled.")
    return road


# The dossiers


def dossiers() -> Iterator[tuple[str, tuple[Tried, ...]]]:
    for path in sorted((ROOT / "examples").glob(f"{NAME}*.toml")):
        dossier = Dossier.load(path)
        assert dossier.illustrative
        yield path.stem, rehearse(dossier)


@pytest.fixture(scope="module")
def tried() -> dict[str, tuple[Tried, ...]]:
    return dict(dossiers())


def test_the_dossiers_end_where_they_should(tried: dict[str, tuple[Tried, ...]]) -> None:
    ends = {name: acts[-1].case.state for name, acts in tried.items() if acts[-1].case is not None}
    assert ends == {
        "township-2010": "concluded",
        "township-2010-exempt": "concluded",
        "township-2010-screened-out": "not_in_scope",
    }


ONLY_AFTER_A_TICK = {("inspection", "carry_out", "due")}
"""What only time lays out: a dossier has no tick. `test_an_inspection_falls_due_each_half_year` fires it."""


def test_every_row_that_a_person_fires_is_fired_in_a_dossier(tried: dict[str, tuple[Tried, ...]]) -> None:
    procedure = stabflow.procedure(NAME)
    fired: set[tuple[str | None, str, str | None]] = set()
    for acts in tried.values():
        before = None
        for act in acts:
            if act.refusal is None and act.act.verb in (Verb.OPEN, Verb.ADD, Verb.FIRE):
                fired.add(_row(procedure, act, before))
            before = act.case if act.refusal is None else before
    rows = {
        (kind, row.trigger, source)
        for kind, cycle in procedure.lifecycles()
        for row in cycle.transitions
        if row.by
        for source in (row.source or [None])
    }
    assert rows - fired == ONLY_AFTER_A_TICK
    assert fired <= rows


def _row(procedure: Procedure, act: Tried, before: Case | None) -> tuple[str | None, str, str | None]:
    planned, what = act.act, str(act.act.what)
    if planned.verb is Verb.OPEN:
        return None, str(planned.trigger), None
    if planned.verb is Verb.ADD:
        creating = [row.trigger for row in procedure.items[what].transitions if row.by and not row.source]
        return what, planned.trigger or ("add" if "add" in creating else creating[0]), None
    assert before is not None
    if planned.item is None:
        return None, what, before.state
    item = before.items[planned.item]
    return item.kind, what, item.state


# The manifest


def test_it_is_proved_and_has_no_outcomes() -> None:
    report = stabflow.check(stabflow.procedure(NAME))
    assert report.proved
    assert {finding.status.value for finding in report.findings} == {"proved", "not applicable"}
    assert report.states <= 2_500


def test_every_row_state_and_role_cites_a_clause() -> None:
    procedure = stabflow.procedure(NAME)
    rows = [row for _, cycle in procedure.lifecycles() for row in cycle.transitions]
    assert [row.trigger for row in rows if not row.clause] == []
    assert [name for name, role in procedure.roles.items() if not role.clause] == []
    assert [name for name, state in procedure.states.items() if not state.clause] == []
    assert [name for entries in procedure.lists.values() for name, entry in entries.items() if not entry.clause] == []


ARTICLES = "一二三四五六七八九十"
HOW_MANY = {"一": 19, "二": 4, "三": 28, "四": 36, "五": 17, "六": 6, "七": 12, "八": 22, "九": 2, "十": 1}
"""Clauses of each article, counted by hand in the document."""


def test_the_manifest_has_every_clause_in_order() -> None:
    found = list(stabflow.procedure(NAME).clauses)
    articles = [clause for clause in found if clause[0] in ARTICLES]
    assert {one: sum(clause[0] == one for clause in articles) for one in ARTICLES} == HOW_MANY
    assert articles == sorted(articles, key=_order)
    assert found.index("heading") == 0
    assert all(clause.startswith("R.") for clause in found[found.index("十") + 1 :])
    scope = [clause for clause in found if re.fullmatch(r"四\.\d", clause)]
    assert scope == [f"四.{number}" for number in range(1, 8)]


def _order(clause: str) -> tuple[int, ...]:
    return (ARTICLES.index(clause[0]), *(int(part) for part in clause.split(".")[1:]))


def test_what_nothing_carries_says_why_and_what_contradicts_itself_is_told() -> None:
    by_name = {one.id: one for one in manifest(stabflow.procedure(NAME))}
    assert all(bool(one.carriers) != (one.deviation is not None) for one in by_name.values())
    for clause in ("一.3", "二", "四", "五.1.4", "七.4", "七.9", "八.3.3", "八.3.4", "九.1", "date"):
        assert by_name[clause].clause.note is not None, clause
    assert by_name["八.1.3"].deviation is not None


ALONE = ["一.3", "一.8", "四.1.5", "四.4.3", "三.1.2", "三.4.7", "四.3.2", "四.5.9", "五.2.3", "八.2.4", "八.3.11"]


@pytest.mark.parametrize("clause", ALONE)
def test_a_carrier_that_is_taken_away_is_missed(clause: str) -> None:
    """Each of these is carried by one entry of a list: without that line, the loader refuses the procedure."""
    lines = TEXT.splitlines()
    (line,) = [one for one in lines if re.search(rf'clause = \[?"{re.escape(clause)}"', one)]
    lines.remove(line)
    with pytest.raises(ProcedureError) as caught:
        loads("\n".join(lines))
    assert any(clause in fault.path for fault in caught.value.faults)


def test_every_list_is_read_by_something() -> None:
    """Each list is one that a field takes its values from, or the parent of such a list: what a list carries can be chosen."""
    procedure = stabflow.procedure(NAME)
    used = {field.of for _, cycle in procedure.lifecycles() for field in cycle.fields.values() if field.of}
    used |= {kind.preset.from_ for kind in procedure.items.values() if kind.preset is not None}
    used |= {entry.of.partition(".")[0] for name in used for entry in procedure.lists[name].values() if entry.of}
    used |= {role.body.partition(".")[0] for role in procedure.roles.values() if role.body}
    assert set(procedure.lists) == used


# Articles 4 and 5: reporting, screening, the group


def test_what_was_arranged_cannot_be_out_of_scope_and_all_seven_items_are_looked_at(engine: Engine) -> None:
    road = Road(engine, origin="arranged")
    all_but_one = ["plans", "emergency_decisions", "investment", "rural", "livelihood", "other"]
    assert road.refused("screen_out", OFFICER, considered_items=all_but_one, scope_reasons="None.") == {"四.7"}
    said: dict[str, Any] = {"application": "article_1_only", "interests_touched": "-", "scope_reasons": "-"}
    assert road.refused("screen_in", OFFICER, scope_items=["land_taking"], **said) == {"四.7"}
    road.fire("screen_in", OFFICER, scope_items=["land_taking", "named_matter"], **said)


def test_the_unit_does_not_screen_and_each_acts_for_the_body_of_the_document(engine: Engine) -> None:
    road = Road(engine)
    said: dict[str, Any] = {"application": "put_to_government", "interests_touched": "-", "scope_reasons": "-"}
    road.refused("screen_in", UNIT, scope_items=["land_taking"], **said)
    road.screened_in()
    with pytest.raises(Refused):
        road.case.appoint("petition_member", BUSINESS, by=OFFICER, basis=BASIS)
    with pytest.raises(Refused):
        engine.constitute(NAME, "leading_group", Actor("o-9", body="office"), basis=BASIS)
    missing = road.refused("form_group", OFFICER, decider="village", within_jurisdiction=False)
    assert missing == {"五.1.2", "五.1.7", "五.1.8", "五.1.9", "五.1.10", "五.1.11"}


def test_who_assesses_does_not_review(engine: Engine) -> None:
    road = Road(engine).screened_in()
    with pytest.raises(Refused) as caught:
        road.case.appoint("business_member", Actor(OFFICER.id, body="land-office"), by=OFFICER, basis=BASIS)
    assert clauses(caught.value) == {"R.4"}


# Article 3: the principles


def test_who_assesses_does_not_consent(engine: Engine) -> None:
    road = Road(engine).screened_in()
    with pytest.raises(Refused) as caught:
        road.case.appoint("responsible_unit", Actor(TOWNSHIP.id, body="land-office"), by=OFFICER, basis=BASIS)
    assert clauses(caught.value) == {"R.4"}


def test_people_and_experts_are_asked_and_every_test_is_looked_at(engine: Engine) -> None:
    road = Road(engine).screened_in().formed()
    assert road.refused("complete_investigation", UNIT) == {"三.2.3", "三.2.4"}
    advice = road.asked("public_participation").add("advice", UNIT, kind_of_advice="law", question="?")
    assert road.refused("complete_investigation", UNIT) == {"三.2.4", "五.2"}
    road.fire("give", ADVISER, advice, answer="So.")
    road.asked("expert_argument").fire("complete_investigation", UNIT)
    tests = [item.fields["test"] for item in road.case.value.of_kind("examination")]
    assert tests == list(stabflow.procedure(NAME).lists["test"])
    assert road.refused("complete_analysis", UNIT, feasibility="-") == {"三"}


def test_a_plan_is_not_publicity_alone(engine: Engine) -> None:
    road = Road(engine).screened_in().formed().assessed()
    with pytest.raises(Refused) as caught:
        road.add("document", UNIT, "submit_plan", kind="stability_plan", targets=["information"], file=PAPER)
    assert clauses(caught.value) == {"R.8"}


# Articles 6 and 7: review, settlement, consent, handing over, and the gate


def test_the_office_gives_its_opinion_and_files_before_it_goes_on(engine: Engine) -> None:
    road = Road(engine).screened_in().formed().assessed().planned().submitted()
    said: dict[str, Any] = {
        "chain_reaction": False,
        "specially_important": False,
        "exemption": "none",
        "exemption_grounds": "-",
    }
    assert road.refused("put_to_group", OFFICER, **said) == {"七.2", "七.3", "六.2.2"}


@pytest.mark.parametrize("ground", ["chain", "special"])
def test_no_gate_before_consent_handing_over_and_publication(engine: Engine, ground: str) -> None:
    gate = engine.gate("road", accept=ACCEPT)
    assert {reason.kind for reason in gate.ask().reasons} == {"never_assessed"}
    road = Road(engine).reviewed(**{ground: True})
    article = {"chain": "七.7", "special": "七.8"}[ground]
    assert road.refused("settle", LEADER, settlement="-") == {article}
    road.fire("settle_for_consent", LEADER, settlement="-")
    road.refused("hand_over", LEADER)
    road.withheld()
    road.refused("consent", TOWNSHIP, consent="-")
    road.fire("settle_for_consent", LEADER, settlement="-")
    assert {reason.kind for reason in gate.ask().reasons} == {"unfinished"}
    road.fire("consent", TOWNSHIP, consent="Consented.")
    assert road.refused("hand_over", LEADER) == {"七.6.1"}
    assert not gate.cleared
    road.handed_over().decided()
    road.add("publication", UNIT, medium="news_media", what="A piece.")
    assert {clause for reason in gate.ask().reasons for clause in reason.clause} == {"三.4.4"}
    road.add("publication", UNIT, medium="radio", what="The decision.")
    assert gate.cleared


def test_restating_the_matter_as_harmless_does_not_lead_past_a_refusal(engine: Engine) -> None:
    road = Road(engine).reviewed(chain=True)
    road.fire("settle_for_consent", LEADER, settlement="-")
    assert road.refused("withhold_consent", TOWNSHIP, return_reasons="-") == {"七.10"}
    road.withheld().fire("return_to_office", LEADER, return_reasons="Is it so?")
    road.put_to_group(chain=False)
    assert road.refused("settle", LEADER, settlement="-") == {"七.10"}
    road.fire("settle_for_consent", LEADER, settlement="-")
    road.withheld().fire("return_to_office", LEADER, return_reasons="Assess it anew.")
    road.fire("return_assessment", OFFICER, return_reasons="Another line.")
    road.assessed().planned().submitted().put_to_group(chain=False)
    road.fire("settle", LEADER, settlement="Another matter, assessed anew.")


@pytest.mark.parametrize("adopted", [True, False])
def test_the_gate_asks_for_a_decision_on_record_and_not_for_adoption(engine: Engine, adopted: bool) -> None:
    road = settled(engine, exemption="state_secret").handed_over()
    gate = engine.gate("road", accept=ACCEPT)
    assert {clause for reason in gate.ask().reasons for clause in reason.clause} == {"三.2.5", "七.6.1"}
    road.decided(adopted)
    assert gate.cleared


def test_without_need_of_consent_nobody_is_asked_and_an_exempt_matter_is_not_published(engine: Engine) -> None:
    road = Road(engine).reviewed(exemption="privacy")
    assert road.refused("settle_for_consent", LEADER, settlement="-") == {"七.7", "七.8", "七.10"}
    road.fire("settle", LEADER, settlement="-")
    gate = engine.gate("road", accept=ACCEPT)
    assert not gate.cleared
    road.handed_over().decided()
    assert gate.cleared
    road.fire("close", OFFICER, closing_account="Done.")
    assert {reason.kind for reason in gate.ask().reasons} == {"over"}


@pytest.mark.parametrize("exemption", ["state_secret", "business_secret", "privacy", "none"])
def test_three_exemptions_and_no_fourth(engine: Engine, exemption: str) -> None:
    settled(engine, exemption=exemption).handed_over().decided()
    assert engine.gate("road", accept=ACCEPT).cleared is (exemption != "none")


def test_what_is_returned_is_done_anew(engine: Engine) -> None:
    road = Road(engine).screened_in().formed().assessed().planned().submitted()
    road.fire("return_material", OFFICER, return_reasons="No dates.")
    assert road.refused("complete_plan", UNIT) == {"六.1.2"}
    road.planned()
    assert road.refused("submit", UNIT, conclusion="-", effects_on_people="-") == {"六.1.1"}
    road.submitted().fire("return_assessment", OFFICER, return_reasons="Nobody asked.")
    assert road.refused("complete_investigation", UNIT) == {"三.2.3", "三.2.4"}
    road.assessed().planned().submitted().put_to_group()
    road.fire("return_to_office", LEADER, return_reasons="Which villages?")
    said: dict[str, Any] = {
        "chain_reaction": False,
        "specially_important": False,
        "exemption": "none",
        "exemption_grounds": "-",
    }
    assert road.refused("put_to_group", OFFICER, **said) == {"七.2", "七.3"}


# Article 8: inspections and the three breaches


def test_an_inspection_falls_due_each_half_year(engine: Engine, clock: FakeClock) -> None:
    road = Road(engine)
    clock.now += timedelta(days=130)
    engine.tick(through=clock.now, by=OFFICER, basis=BASIS)
    (due,) = road.case.value.of_kind("inspection")
    assert (due.state, due.fields) == ("due", {})
    all_seven = list(stabflow.procedure(NAME).lists["scope"])
    out: dict[str, Any] = {"considered_items": all_seven, "scope_reasons": "None."}
    assert road.refused("screen_out", OFFICER, **out) == {"R.5"}
    road.fire("carry_out", LEADER, due.id, way="inspection", seen="In order.")
    road.fire("circulate", LEADER, due.id, circular="In order.")
    road.fire("screen_out", OFFICER, **out)


def test_who_supervises_opens_the_case_of_what_went_ahead_unassessed(engine: Engine) -> None:
    with pytest.raises(Refused):
        Road(engine, trigger="open_unassessed", by=UNIT, going_ahead_account="Built in May.")
    road = Road(engine, trigger="open_unassessed", by=LEADER, going_ahead_account="Built in May.")
    item = road.finding("not_assessed")
    said: dict[str, Any] = CAUSED | {"bad_effect": False, "grounds": "-"}
    refused = road.refused("uphold", TOWNSHIP, item, **said)
    assert refused == {"四"}, "whether it had to be assessed is not found yet"
    road.screened_in()
    road.fire("uphold", TOWNSHIP, item, **CAUSED, bad_effect=False, grounds="So it was.")
    assert road.case.value.items[item].state == "upheld"


def test_not_assessed_is_found_before_the_handing_over_and_not_adopted_after_it(engine: Engine) -> None:
    road = settled(engine, exemption="privacy")
    with pytest.raises(Refused) as early:
        road.finding("conclusion_not_adopted")
    assert clauses(early.value) == {"八.3.3"}
    road.handed_over()
    with pytest.raises(Refused) as late:
        road.finding("not_assessed")
    assert clauses(late.value) == {"八.3.1"}
    road.fire("record_decision", DECIDER, decision_taken="Otherwise.", conclusion_adopted=False)
    item = road.finding("conclusion_not_adopted", concerned=DECIDER)
    assert road.refused("close", OFFICER, closing_account="-") == {"R.5"}
    road.fire("uphold", TOWNSHIP, item, **CAUSED, bad_effect=False, grounds="So it was.")


@pytest.mark.parametrize(
    ("lacking", "clause"),
    [("improper_decision", "八.3.4"), ("petition_problems", "八.3.5"), ("stability_affected", "八.3.6")],
)
def test_a_breach_counts_only_where_it_caused_what_the_document_names(
    engine: Engine, lacking: str, clause: str
) -> None:
    road = Road(engine).screened_in()
    item = road.finding("procedure_not_followed")
    said = CAUSED | {lacking: False}
    assert road.refused("uphold", TOWNSHIP, item, **said, bad_effect=False, grounds="-") == {clause}
    more: dict[str, Any] = {"bad_effect": True, "provision": "-", "answerable": ["units"], "grounds": "-"}
    assert road.refused("uphold_aggravated", TOWNSHIP, item, **said, **more) == {clause}
    road.fire("dismiss", TOWNSHIP, item, grounds="Nothing came of it.")


def test_it_weighs_more_where_the_effect_was_bad_and_only_there(engine: Engine) -> None:
    road = Road(engine).screened_in()
    item = road.finding("procedure_not_followed")
    more: dict[str, Any] = {"provision": "-", "answerable": ["units", "office_holders"], "grounds": "-"}
    assert road.refused("uphold", TOWNSHIP, item, **CAUSED, bad_effect=True, grounds="-") == {"八.3.8"}
    assert road.refused("uphold_aggravated", TOWNSHIP, item, **CAUSED, bad_effect=False, **more) == {"八.3.8"}
    road.fire("uphold_aggravated", TOWNSHIP, item, **CAUSED, bad_effect=True, **more)
    road.fire("confirm_remedy", TOWNSHIP, item, remedy="Done.")


def test_who_raised_a_finding_or_is_concerned_does_not_judge_it_and_silence_takes_its_time(
    engine: Engine, clock: FakeClock
) -> None:
    road = Road(engine).screened_in()
    item = road.add("finding", LEADER, breach="procedure_not_followed", account="-")
    road.fire("notify", LEADER, item, concerned=UNIT.id)
    assert road.refused("note_silence", LEADER, item) == {"R.2"}
    clock.now += timedelta(days=30)
    road.fire("note_silence", LEADER, item)
    assert road.refused("uphold", LEADER, item, **CAUSED, bad_effect=False, grounds="-") == {"R.3"}
    road.fire("uphold", TOWNSHIP, item, **CAUSED, bad_effect=False, grounds="-")
