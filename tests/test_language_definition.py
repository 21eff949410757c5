"""A procedure as a value: the same written in TOML and in Python, never changed, and what it knows of itself."""

from __future__ import annotations

import copy
from typing import Any

import attrs
import pytest
from language_kit import BOARD, SITE, SITE_DIGEST, changed, drop, load_tables, put, same_parts, tables

from stabflow.calendar import Duration
from stabflow.errors import Cure, InvalidInput, ProcedureError
from stabflow.language import (
    Clause,
    Field,
    Gate,
    ItemKind,
    ListEntry,
    Parameter,
    Procedure,
    Property,
    Role,
    Separation,
    State,
    Transition,
    loads,
)
from stabflow.language.parts import Draft
from stabflow.requirements import CaseIs, IndependentOf, ItemsAre
from stabflow.text import Text

# In Python


def site_in_python() -> Procedure:
    return Procedure(
        id="site-inspection",
        version="1",
        title=Text("Quarterly site inspection", "季度排查"),
        source="house rules 2026",
        timezone="Asia/Shanghai",
        clauses={"1": Clause(), "2": Clause(), "3": Clause(), "4": Clause(deviation="exhortation, no rule")},
        lists={
            "kind": {
                "fire": ListEntry(title=Text("fire", "消防"), clause="2"),
                "electricity": ListEntry(title=Text("electricity", "用电"), clause=["2"]),
            }
        },
        roles={
            "inspector": Role(title=Text("inspector", "排查人")),
            "head": Role(title=Text("head of the unit", "主要负责人"), supervises="inspector"),
        },
        separations=[Separation(roles=["inspector", "head"])],
        facts={"summary": Field(type="text", max_length=4000)},
        states={
            "checking": State(
                title=Text("checking", "排查中"), accountable="inspector", within="10 working days", clause="1"
            ),
            "finished": State(title=Text("closed", "办结"), final=True),
        },
        transitions=[
            Transition(trigger="open", dest="checking", every="quarter", clause="1"),
            Transition(
                trigger="sign_off",
                source="checking",
                dest="finished",
                by="head",
                set="summary",
                requires=ItemsAre(items="hazard", every="resolved"),
                clause="3",
            ),
        ],
        items={
            "hazard": ItemKind(
                title=Text("hazard", "隐患"),
                clause="2",
                fields={"kind": Field(type="choice", of="kind"), "owner": Field(type="actor"), "deadline": Field(type="date")},
                states={
                    "found": State(accountable="inspector", within=Duration.parse("2 working days")),
                    "assigned": State(accountable="owner", until="deadline"),
                    "resolved": State(final=True),
                },
                transitions=[
                    Transition(trigger="add", dest="found", by="inspector", set="kind"),
                    Transition(trigger="assign", source="found", dest="assigned", by=["head"], set=["owner", "deadline"]),
                    Transition(
                        trigger="resolve",
                        source=["assigned"],
                        dest="resolved",
                        by="inspector",
                        requires=[IndependentOf(independent_of="add")],
                    ),
                ],
            )
        },
        properties=[
            Property(
                title=Text("nothing is signed off with a hazard open", "隐患未消除不得办结"),
                never=[CaseIs(case="finished"), ItemsAre(items="hazard", in_=["found", "assigned"], at_least=1)],
            )
        ],
    )  # fmt: skip


def test_the_same_procedure_written_in_python_equals_the_one_in_toml() -> None:
    assert site_in_python() == loads(SITE)
    assert same_parts(site_in_python(), loads(SITE))
    assert site_in_python().digest == SITE_DIGEST


def python_faults(**changes: Any) -> list[str]:
    parts = {field.name: getattr(loads(SITE), field.name) for field in attrs.fields(Draft) if field.init}
    with pytest.raises(ProcedureError) as caught:
        Procedure(**{**parts, **changes})
    assert caught.value.what.startswith("procedure ")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"title": "Inspection"}, 'procedure.title: is text, not a table (write { en = "…", zh = "…" })'),
        ({"title": Text("Site", "e\u0301")}, "procedure.title.zh: is not in NFC (normalise it"),
        ({"source": "x\u202e"}, "procedure.source: character U+202E at position 1 is not allowed"),
        ({"version": 1.2}, "procedure.version: is a number with a fraction, not text"),
        ({"version": None}, "procedure.version: is nothing, not text"),
        ({"facts": {"summary": Field(type="text", max_length=4000.5)}}, "facts.summary.max_length: is a number with a fraction"),
        ({"facts": {"summary": Field(type="text", max_length=2**60)}}, "facts.summary.max_length: is beyond ±2⁵³"),
        ({"roles": {"head": "head"}}, "roles.head: is text, not a table"),
        ({"roles": {1: Role(title=Text("x", "某"))}}, "roles.1: is a whole number, not text"),
        ({"separations": [Separation(roles=["inspector", "head"], clause=[3])]}, "separations[0].clause[0]: is a whole number"),
        ({"clauses": {"1": {"deviation": {"x"}}}}, "clauses.1: is a list, not a table"),
        ({"clauses": {"e\u0301": Clause(deviation="x")}}, 'clauses."e\u0301": is not in NFC'),
        ({"transitions": [State(final=True)]}, "transitions[0].final: unknown key (known: by, clause"),
        ({"gate": Gate(in_="finished", requires=[State()])}, "gate.requires[0]: a requirement is of exactly one kind"),
        ({"states": {"checking": State(accountable=frozenset())}}, "states.checking.accountable: is a frozenset, not text"),
    ],
)  # fmt: skip
def test_what_python_lets_through_is_refused_where_it_stands(changes: dict[str, Any], expected: str) -> None:
    found = python_faults(**changes)
    assert found[0].startswith(expected), found


def test_static_faults_are_refused_in_python_too() -> None:
    none = "none is known here: declare it first, or leave it out"
    assert f"transitions[1].by: unknown role or actor field 'head' ({none})" in python_faults(roles={})
    without = {name: row for name, row in loads(SITE).states.items() if name != "finished"}
    assert "gate.in: unknown state 'finished' (known: checking)" in python_faults(
        states=without, gate=Gate(in_="finished")
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: Field(type="txt"),
        lambda: State(step="reviewing"),
        lambda: State(outcome="approve"),
        lambda: Transition(trigger="x", every="fortnight"),
        lambda: Transition(trigger="x", on="late"),
        lambda: Parameter(value="2 fortnights", verified=True),
    ],
)
def test_a_word_outside_its_list_cannot_even_be_made(make: Any) -> None:
    with pytest.raises((ValueError, InvalidInput)):
        make()


def test_a_procedure_cannot_be_changed() -> None:
    procedure = site_in_python()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        procedure.version = "2"  # type: ignore[misc]
    with pytest.raises(TypeError):
        procedure.roles["x"] = procedure.roles["head"]  # type: ignore[index]
    with pytest.raises(TypeError):
        procedure.lists["kind"]["x"] = procedure.lists["kind"]["fire"]  # type: ignore[index]
    with pytest.raises(TypeError):
        procedure.items["hazard"].states["x"] = State()  # type: ignore[index]


def test_it_does_not_follow_the_tables_it_was_made_of() -> None:
    roles = {"inspector": Role(title=Text("a", "甲")), "head": Role(title=Text("b", "乙"), supervises=["inspector"])}
    procedure = attrs.evolve(loads(SITE), roles=roles)
    before = procedure.digest
    roles["x"] = Role(title=Text("c", "丙"))
    assert set(procedure.roles) == {"inspector", "head"}
    assert attrs.evolve(procedure).digest == before


def test_it_can_be_copied() -> None:
    procedure = loads(SITE)
    assert copy.copy(procedure) == procedure


# What it knows of itself


def test_subordinates_reach_through_others() -> None:
    content = changed(tables(), put("roles/boss", {"title": {"en": "boss", "zh": "上级"}, "supervises": ["head"]}))
    subordinates = load_tables(content).subordinates
    assert subordinates["boss"] == {"head", "inspector"}
    assert subordinates["head"] == {"inspector"}
    assert subordinates["inspector"] == frozenset()


def test_separations_are_read_from_either_side() -> None:
    separated = loads(BOARD).separated
    assert separated["unit"] == (("auditor", "matter", ("二.1",)),)
    assert separated["auditor"] == (("unit", "matter", ("二.1",)),)
    assert separated["chair"] == ()


def test_overlapping_separations_keep_a_pair_apart_once_for_what_they_are_across() -> None:
    overlapping = [
        {"roles": ["unit", "auditor", "chair"], "clause": ["二.1"]},
        {"roles": ["auditor", "unit"], "across": "matter", "clause": ["一", "二.1"]},
        {"roles": ["unit", "auditor"], "clause": ["二.2", "二.1"]},
        {"roles": ["chair", "unit"]},
        {"roles": ["unit", "auditor"], "across": "matter", "clause": ["二.1", "二.2"]},
    ]
    content = changed(tables(BOARD), put("clauses/二.2", {}), put("separations", overlapping))
    separated = load_tables(content).separated
    assert separated["unit"] == (
        ("auditor", "case", ("二.1", "二.2")),
        ("chair", "case", ("二.1",)),
        ("auditor", "matter", ("一", "二.1", "二.2")),
    )
    assert separated["auditor"] == (
        ("unit", "case", ("二.1", "二.2")),
        ("chair", "case", ("二.1",)),
        ("unit", "matter", ("一", "二.1", "二.2")),
    )
    assert separated["chair"] == (("unit", "case", ("二.1",)), ("auditor", "case", ("二.1",)))


def test_durations_are_read_through_parameters() -> None:
    procedure = loads(BOARD)
    assert procedure.duration("comment_period") == Duration.parse("30 days")
    assert procedure.duration(Duration.parse("1 days")) == Duration.parse("1 days")
    with pytest.raises(InvalidInput, match=r"parameters\.quorum\.value: 2 is not a duration"):
        procedure.duration("quorum")


def test_a_row_from_everywhere_leads_from_every_state_that_is_not_final() -> None:
    case = loads(BOARD).case
    row = next(row for row in case.transitions if row.trigger == "drop")
    assert case.sources(row) == ("scoping", "asking", "weighing", "voting", "agreed")
    assert [row.trigger for row in case.creating()] == ["open"]
    assert [row.trigger for row in case.rows_setting("lead")] == ["begin"]


def test_zone_is_utc_where_nothing_has_a_limit() -> None:
    assert str(loads(BOARD).zone) == "Asia/Shanghai"
    untimed = changed(
        tables(),
        drop("procedure/timezone"),
        put("states/checking", {"accountable": "head", "open_ended": True}),
        put("transitions/0", {"trigger": "open", "dest": "checking", "by": "head", "clause": "1"}),
        put("items/hazard/states/found", {"accountable": "head", "open_ended": True}),
        put("items/hazard/states/assigned", {"accountable": "owner", "open_ended": True}),
    )
    assert str(load_tables(untimed).zone) == "UTC"


def test_titles_are_the_authors_or_the_name_made_readable() -> None:
    procedure = loads(BOARD)
    assert procedure.role_title("chair") == Text("chair", "主席")
    assert procedure.role_title("concerned") == Text("concerned", "concerned")
    assert procedure.role_title("nobody_known") == Text("nobody known", "nobody known")
    assert procedure.kind_title("risk") == Text("risk", "风险")
    assert procedure.state_title("finished") == Text("finished", "办结")
    assert procedure.state_title("investigate") == Text("investigate", "调查")
    assert procedure.state_title("named", "risk") == Text("named", "named")
    assert procedure.trigger_title("drop") == Text("drop", "终止")
    assert procedure.trigger_title("fall_due", "finding") == Text("fall due", "fall due")
    assert procedure.field_title("aspect") == Text("aspect", "方面")
    assert procedure.field_title("comment_period") == Text("time for comments", "征求意见期限")
    assert procedure.field_title("score", "risk") == Text("score", "score")


def test_values_read_as_people_say_them() -> None:
    procedure = loads(BOARD)
    aspect, areas = procedure.facts["aspect"], procedure.facts["areas"]
    assert procedure.choice_title(aspect, "law") == Text("law", "合法性")
    assert procedure.choice_title(areas, ("law", "money")) == Text("law; money", "合法性；资金")
    assert procedure.choice_title(None, True) == Text("yes", "是")
    assert procedure.choice_title(None, False) == Text("no", "否")
    assert procedure.choice_title(procedure.facts["people"], 12) == Text("12", "12")
    assert procedure.cures(["chair", "lead", "chair"]) == (
        Cure("chair", Text("chair", "主席")),
        Cure("lead", Text("lead", "lead")),
    )
