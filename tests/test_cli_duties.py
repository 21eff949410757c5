"""`stabflow duties`: one line for each act that is owed, in words and in JSON."""

from __future__ import annotations

import json
from pathlib import Path

import five_steps
import pytest
import worlds
from five_steps import APPOINTED, CHIEF, REVIEWERS
from worlds import BASIS

import stabflow
from stabflow import Matter
from stabflow.cli import main


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    with stabflow.open(url, clock=worlds.FakeClock(), procedures=[worlds.small()]) as engine:
        five_steps.constitute(engine)
        engine.open_case("five-step", Matter("ring-road", "Ring road"), by=CHIEF, basis=BASIS)
        case = engine.open_case("five-step", Matter("bridge", "Bridge"), by=CHIEF, basis=BASIS)
        for role, holder in APPOINTED.items():
            case.appoint(role, holder, by=CHIEF, basis=BASIS)
        scope = {"scope_items": ["construction"], "scope_reasons": "r", "exemption": "none"}
        case.fire("screen_in", by=REVIEWERS[0], basis=BASIS, **scope)
        worlds.opened(worlds.constituted(engine))
    return url


def test_each_act_is_one_line_with_all_who_owe_it(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    assert main(["duties", "--store", url]) == 0
    said = capsys.readouterr().out
    assert len([line for line in said.splitlines() if line.strip()[:2].isdigit()]) == 3
    assert "24:00 of 2026-03-16 overdue  review group: reviewer-0 (office), reviewer-1 (office)" in said
    # Nobody has given the small procedure a name here: what is stored must do.
    assert "clerk: clerk-1 (office)" in said
    assert main(["duties", "--store", url, "--lang", "zh", "--role", "review_group"]) == 0
    said = capsys.readouterr().out
    assert "2026年3月16日24时 已逾期" in said
    assert "审查小组：reviewer-0" in said


def test_json_is_the_rows_of_the_index(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["duties", "--store", url, "--actor", "assessor", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["case_id"], row["duty"], row["role"], row["actor"]) == (
        "five-step-bridge-1",
        "case",
        "assessment_unit",
        "assessor",
    )


def test_filters_narrow_and_nothing_is_said_to_be_nothing(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["duties", "--store", url, "--before", "2026-03-10", "--json"]) == 0
    assert [row["case_id"] for row in json.loads(capsys.readouterr().out)] == ["small-bridge-1-1"]
    assert main(["duties", "--store", url, "--body", "nowhere"]) == 0
    assert capsys.readouterr().out.strip() == "nothing is owed"
    for wrong in ("soon", "2026-13-01"):
        assert main(["duties", "--store", url, "--before", wrong]) == 2
        assert "--before" in capsys.readouterr().err
