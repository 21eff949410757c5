"""The mechanism of a town, 2013: its dossiers, its proof, its clauses, and its particular rules as refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import towns
from towns import ABOVE, CHAIR, CONGRESS, COORDINATOR, GROUP, HELPER, LAND, OVERSEERS, UNIT, fire, led

import stabflow
from stabflow import Actor, CaseHandle, Engine, Matter, ProcedureError, Refused
from stabflow.dossier import Dossier, Verb, rehearse
from stabflow.language import bundled, loads
from stabflow.language.manifest import manifest

ROOT = Path(__file__).parent.parent
TOWN = bundled("town-2013")
FILE = Path(stabflow.__file__).parent / "procedures" / "town-2013" / "1.toml"
TEXT = FILE.read_text(encoding="utf-8")
DOSSIERS = {
    "town-2013": "completed",
    "town-2013-deferred": "completed",
    "town-2013-prohibited": "not_implemented",
    "town-2013-screened-out": "screened_out",
}
HERE = {("criterion", "find_no_event_risk"), (None, "designate")}
"""Rows that are fired below and in no dossier."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    with stabflow.open("memory:") as opened:
        towns.constitute(opened)
        yield opened


def refused(act: Callable[..., object], *given: Any, **values: Any) -> dict[str, str]:
    """What an act is refused for: the clauses of its reasons, and what each says."""
    with pytest.raises(Refused) as caught:
        act(*given, **values)
    return {", ".join(one.clause) or one.kind: one.sentence().en for one in caught.value.blockers}


# Dossiers


@pytest.mark.parametrize("name", DOSSIERS)
def test_a_dossier_ends_where_it_should(name: str) -> None:
    dossier = Dossier.load(ROOT / "examples" / f"{name}.toml")
    assert dossier.illustrative
    assert dossier.procedure == TOWN
    tried = rehearse(dossier)
    assert tried[-1].case is not None
    assert tried[-1].case.state == DOSSIERS[name]


def test_every_row_is_fired() -> None:
    fired: set[tuple[str | None, str]] = set(HERE)
    for name in DOSSIERS:
        for act in Dossier.load(ROOT / "examples" / f"{name}.toml").accepted():
            trigger = act.what if act.verb is Verb.FIRE else act.trigger or "add"
            fired.add((act.kind, trigger or ""))
    rows = {(kind, row.trigger) for kind, cycle in TOWN.lifecycles() for row in cycle.transitions}
    assert rows - fired == set()


# The proof and the clauses


def test_it_is_proved_and_small() -> None:
    report = stabflow.check(TOWN)
    assert report.proved
    assert report.findings
    assert [one.title.en for one in report.findings if one.status.value != "proved"] == []
    assert report.states <= 3_000


def test_every_row_state_role_and_choice_cites_a_clause() -> None:
    for _, cycle in TOWN.lifecycles():
        parts: dict[str, Any] = {**cycle.fields, **cycle.states, **{row.trigger: row for row in cycle.transitions}}
        assert [name for name, part in parts.items() if not part.clause] == []
    kinds: dict[str, Any] = {
        **TOWN.roles,
        **TOWN.items,
        **{name: one for each in TOWN.lists.values() for name, one in each.items()},
    }
    assert [name for name, part in kinds.items() if not part.clause] == []


def test_the_manifest_follows_the_document() -> None:
    carried = manifest(TOWN)
    parts = list(dict.fromkeys(re.split(r"[.]", one.id)[0] for one in carried))
    assert parts == ["heading", "title", "preamble", "一", "二", "三", "四", "五", "六", "closing", "date", "R"]
    assert [one.id for one in carried if bool(one.carriers) == bool(one.deviation)] == []
    numbers = [one.id for one in carried if re.fullmatch(r"一\.1\.[一二三四五六]([.]1)?", one.id)]
    assert [re.split(r"[.]", one)[2] for one in numbers] == list("一二三四五六")
    assert {one.id for one in carried if one.clause.note is not None} >= {
        *("title", "一.0", "一.1.二.1", "一.1.六", "一.2.四.1", "二.3", "二.4.2", "三.1.3", "三.2.二.2", "三.2.二.4"),
        *("四.1.6", "四.4.2", "四.4.5.3", "四.5.2.4", "四.5.3.4", "五", "closing", "date"),
    }


@pytest.mark.parametrize(
    ("carrier", "clause"),
    [
        (r"focus_visits = .*\n", "四.1.4"),
        (r"fields\.intensity = .*\n", "四.2.7.3"),
        (r"labour_protection = .*\n", "二.3.3.2"),
        (r"direct = .*\n", "五.4.3"),
        (r"statutory_procedure = .*\n", "四.4.1"),
        (r"party_committee = .*\n", "四.4.4.1"),
        (r"  \{ value = \"sides\", is = \"law\", clause = \"[^\"]*\" \},\n|\nlaw = .*", "四.3.3.2"),
        (r"material = \{.*\n", "四.1.11"),
    ],
)
def test_a_carrier_that_is_taken_out_is_missed(carrier: str, clause: str) -> None:
    without, times = re.subn(carrier, "\n", TEXT)
    assert times
    try:
        loads(without)
    except ProcedureError as error:
        assert error.faults
    else:
        pytest.fail(f"nobody misses {clause}")


def test_there_is_no_level_and_no_score() -> None:
    assert not {"level", "likelihood", "impact", "weight"} & set(TOWN.lists)
    numbers = {name for kind in TOWN.items.values() for name, field in kind.fields.items() if field.type.value == "int"}
    counted = {
        "invited",
        "responded",
        "support",
        "oppose",
        "other",
        "representatives",
        "experts",
        "affected",
        "present",
    }
    assert numbers == counted
    fields = [field for kind in TOWN.items.values() for name, field in kind.fields.items() if name in counted]
    assert {field.suppress_below for field in fields} == {5}


# Who assesses


def test_the_map_of_sectors_names_the_body(engine: Engine) -> None:
    mapped = {name: entry.of for name, entry in TOWN.lists["sector"].items() if entry.of not in (None, "*")}
    assert set(TOWN.lists["sector"]) - set(mapped) == {"unmapped"}
    for sector, of in mapped.items():
        body = (of or "").removeprefix("body.")
        case = towns.opened(engine, sector)
        towns.screen_in(case, sector)
        for name in [name for name in TOWN.lists["body"] if name != body]:
            with pytest.raises(Refused) as caught:
                case.appoint("assessment_unit", Actor("somebody", body=name), by=CHAIR, basis="b")
            assert [blocker.kind for blocker in caught.value.blockers] == ["body"]
        case.appoint("assessment_unit", Actor("somebody", body=body), by=CHAIR, basis="b")


def test_where_the_map_names_no_body_any_department_that_drafts_assesses(engine: Engine) -> None:
    case = towns.opened(engine, "unmapped")
    towns.screen_in(case, "unmapped")
    case.appoint("assessment_unit", Actor("somebody", body="culture-station"), by=CHAIR, basis="b")
    (held,) = [one for one in case.value.appointments if one.role == "assessment_unit"]
    assert held.body == "culture-station"


def test_whoever_is_named_for_a_sector_found_wrong_can_no_longer_act(engine: Engine) -> None:
    case = towns.opened(engine)
    towns.screen_in(case, "demolition")
    case.appoint("assessment_unit", LAND, by=CHAIR, basis="b")
    fire(case, "screen_again", CHAIR, return_reasons="water works")
    towns.screen_in(case, "water_works")
    case.relieve("assessment_unit", LAND, by=CHAIR, basis="b")
    towns.name_unit(case)
    values: dict[str, Any] = {"method": "symposium", "audience": "circles", "invited": 9}
    with pytest.raises(Refused):
        case.add("consultation", by=LAND, basis="b", **values)


def test_the_congress_names_the_unit_of_its_own_matters_only(engine: Engine) -> None:
    case = led(engine, "naming")
    case.appoint("assessment_unit", UNIT, by=CONGRESS, basis="b")
    assert "二.2.2.1" in refused(fire, case, "name_unit_by_congress", CONGRESS, unit_ground="drafts")
    only_others = refused(fire, case, "name_unit", CHAIR, unit_ground="named_by_congress")
    assert list(only_others) == ["二.2.1, 二.2.2.2, 二.2.3"]
    fire(case, "name_unit_by_congress", CONGRESS, unit_ground="named_by_congress")


def test_who_assesses_neither_reviews_nor_votes_nor_oversees(engine: Engine) -> None:
    case = led(engine, "naming")
    for holder in (GROUP[0], CHAIR, OVERSEERS[0]):
        with pytest.raises(Refused) as caught:
            case.appoint("assisting_unit", holder, by=CHAIR if holder != CHAIR else CONGRESS, basis="b")
        assert caught.value.blockers
    as_unit = Actor(GROUP[0].id, body="water")
    with pytest.raises(Refused) as caught:
        case.appoint("assessment_unit", as_unit, by=CHAIR, basis="b")
    assert [one.clause for one in caught.value.blockers] == [("三.1.3", "R.separation")]


def test_nobody_who_reviews_names_or_oversees_is_the_assessing_unit(engine: Engine) -> None:
    case = led(engine, "naming")
    for holder in (ABOVE, COORDINATOR, CONGRESS, *GROUP, *OVERSEERS):
        with pytest.raises(Refused) as caught:
            case.appoint("assessment_unit", Actor(holder.id, body="water"), by=CHAIR, basis="b")
        assert "R.separation" in caught.value.blockers[0].clause


def test_oversight_takes_up_what_went_ahead_unassessed(engine: Engine) -> None:
    values: dict[str, Any] = {"unassessed_account": "works were seen"}
    matter = Matter("road", "Road")
    with pytest.raises(Refused):
        engine.open_case("town-2013", matter, by=GROUP[0], basis="b", trigger="open_unassessed", **values)
    case = engine.open_case("town-2013", matter, by=OVERSEERS[0], basis="b", trigger="open_unassessed", **values)
    towns.add(case, "finding", OVERSEERS[0], breach="not_assessed", account="a")
    out: dict[str, Any] = {"considered_items": list(TOWN.lists["scope"]), "scope_reasons": "r"}
    assert list(refused(fire, case, "screen_out", GROUP[0], **out)) == ["五"]


def test_party_committee_and_government_name_a_matter_and_the_group_does_not_find_it_out(engine: Engine) -> None:
    matter = Matter("road", "Road")
    values: dict[str, Any] = {"scope_reasons": "r", "sector": "unmapped"}

    def designate(by: Actor, items: list[str]) -> CaseHandle:
        return engine.open_case("town-2013", matter, by=by, basis="b", trigger="designate", scope_items=items, **values)

    assert refused(designate, GROUP[0], ["designated"])
    assert list(refused(designate, CHAIR, ["public_interest"])) == ["一.1.六"]
    case = designate(CHAIR, ["designated", "public_interest"])
    assert case.state == "naming"
    out: dict[str, Any] = {"considered_items": list(TOWN.lists["scope"]), "scope_reasons": "r"}
    assert refused(fire, case, "screen_out", GROUP[0], **out)


def test_nothing_is_found_out_of_scope_before_every_item_of_the_scope_is_considered(engine: Engine) -> None:
    case = towns.opened(engine)
    items = list(TOWN.lists["scope"])
    few = refused(fire, case, "screen_out", GROUP[0], considered_items=items[:1], scope_reasons="r")
    assert list(few) == ["一.1.二.1, 一.1.二.2", "一.1.三.1, 一.1.三.2", "一.1.四", "一.1.五", "一.1.六"]
    fire(case, "screen_out", GROUP[0], considered_items=items, scope_reasons="r")


# The stages


def test_both_sides_are_asked_and_what_is_contested_is_heard(engine: Engine) -> None:
    case = led(engine, "preparing")
    done: dict[str, Any] = {"material": towns.PAPER, "specialised": False}
    nobody = refused(fire, case, "complete_preparation", UNIT, contested=False, **done)
    assert set(nobody) == {"四.1.5.1", "四.1.5.2"}
    case.appoint("assisting_unit", HELPER, by=CHAIR, basis="b")
    towns.consult(case)
    item = towns.add(case, "consultation", HELPER, method="questionnaire", audience="grassroots", invited=40)
    milder = refused(lambda: towns.end_consultation(case, item, support=5, oppose=20))
    assert "no more oppose than support" in milder["四.1.5.1"]
    towns.end_consultation(case, item, support=5, oppose=20, trigger="end_divided")
    assert list(refused(fire, case, "complete_preparation", UNIT, contested=False, **done)) == ["四.1.6, R.evidence"]
    assert list(refused(fire, case, "complete_preparation", UNIT, contested=True, **done)) == ["四.1.6"]
    special = {**done, "specialised": True}
    assert set(refused(fire, case, "complete_preparation", UNIT, contested=True, **special)) == {"四.1.6", "四.1.7"}
    item = towns.add(case, "hearing", HELPER, form="hearing", legal_basis="rules")
    held: dict[str, Any] = {"experts": 0, "conclusion": "c"}
    assert "四.1.9.1" in refused(fire, case, "hold_hearing", HELPER, item=item, representatives=0, **held)
    fire(case, "hold_hearing", HELPER, item=item, representatives=8, **held)
    fire(case, "complete_preparation", UNIT, contested=True, **done)


def test_six_criteria_and_four_forecasts_in_words(engine: Engine) -> None:
    case = led(engine, "forecasting")
    assert [item.fields["aspect"] for item in case.value.of_kind("criterion")] == list(TOWN.lists["criterion"])
    open_ = refused(fire, case, "complete_forecast", UNIT, conflicts_expected=False)
    assert set(open_) == {"一.2", "四.2.5"}
    wrong = refused(fire, case, "assess_other", UNIT, item="criterion-1", other_aspects="t")
    assert list(wrong) == ["一.2.六"]
    quiet = {"petition_risk": "none", "incident_risk": "none"}
    fire(case, "find_no_event_risk", UNIT, item="criterion-2", **quiet)
    towns.assess(case)
    fire(case, "complete_forecast", UNIT, conflicts_expected=False)


def test_a_risk_of_an_event_is_not_forecast_away(engine: Engine) -> None:
    case = led(engine, "forecasting")
    towns.assess(case)
    assert list(refused(fire, case, "complete_forecast", UNIT, conflicts_expected=False)) == ["一.2.二, R.evidence"]
    assert list(refused(fire, case, "complete_forecast", UNIT, conflicts_expected=True)) == ["四.2.6"]
    towns.foresee(case)
    assert "四.2.6" in refused(fire, case, "complete_forecast", UNIT, conflicts_expected=False)
    fire(case, "complete_forecast", UNIT, conflicts_expected=True)


def test_a_request_is_judged_by_its_basis(engine: Engine) -> None:
    case = led(engine, "forecasting")
    item = towns.add(case, "request", UNIT, topic="t", wording="w")
    words = dict.fromkeys(("explanation", "reasoning", "details", "acceptance"), "e")
    by_law = {"remedy_by_law": "article 1"}
    assert list(refused(fire, case, "resolve", UNIT, item=item, basis_of_request="beyond", **by_law)) == ["R.6"]
    assert list(refused(fire, case, "explain", UNIT, item=item, basis_of_request="grounded", **words)) == ["R.6"]
    towns.assess(case)
    towns.foresee(case)
    open_ = refused(fire, case, "complete_forecast", UNIT, conflicts_expected=True)
    assert list(open_) == ["一.2.三.2, 一.2.四.2"]
    fire(case, "explain", UNIT, item=item, basis_of_request="beyond", **words)
    fire(case, "complete_forecast", UNIT, conflicts_expected=True)


def test_both_plans_then_the_report_whose_facts_the_unit_answers_for(engine: Engine) -> None:
    case = led(engine, "making_plans")
    assert set(refused(fire, case, "complete_plans", UNIT)) == {"四.2.8.1", "四.2.8.2"}
    towns.advance(case)
    assert list(refused(lambda: towns.send_report(case, facts_true=False))) == ["四.3.2"]


def test_an_opinion_is_explicit_on_all_four_sides(engine: Engine) -> None:
    case = led(engine, "first_review")
    told = {"view": "favourable", "discussion": "d", "judgement": "j"}
    missing = refused(lambda: towns.add(case, "opinion", GROUP[0], sides=["policy"], **told))
    assert set(missing) == {"四.3.3.2", "四.3.3.3", "四.3.3.4"}
    given = {"group_view": "favourable", "resolution": "r"}
    assert list(refused(fire, case, "conclude_review", GROUP[0], **given)) == ["四.3.4"]
    milder = refused(lambda: towns.review(case, ("favourable", "unfavourable")))
    assert "so is that of the group" in milder["四.3.4, R.evidence"]
    fire(case, "conclude_review", GROUP[0], group_view="unfavourable", resolution="r")
    for by in (*GROUP, CHAIR, COORDINATOR, ABOVE):
        assert refused(fire, case, "submit", by, deciding_organ="government")
    towns.submit(case)
