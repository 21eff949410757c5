"""`stabflow tick`: what is found and created, in words and in JSON; a clock in doubt; breaches in the other commands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lapsing
import pytest
from lapsing import HEAD, INSPECTION, INSPECTOR, Hand

from stabflow import Matter
from stabflow.cli import main

CASE = "inspection-plant-1"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store whose clock stood some days ago, as the command line's own clock is the machine's."""
    url = f"sqlite:///{tmp_path}/store.db"
    clock = Hand(datetime.now(UTC) - timedelta(days=4))
    with lapsing.opened(clock, url) as engine:
        engine.tick()
        case = lapsing.a_case(engine, helped=False)
        hazard = case.add("hazard", by=INSPECTOR, basis="seen")
        overdue = (clock.now + timedelta(days=1)).date()
        case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=INSPECTOR.id, deadline=overdue)
    return url


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_what_is_found_is_told_with_where_it_has_gone(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    page = said(capsys, "tick", "--store", url)
    assert "not done in time: hazard-1" in page
    assert "head of the unit" in page
    assert said(capsys, "tick", "--store", url).strip() == "nothing has fallen due"
    assert said(capsys, "tick", "--store", url, "--lang", "zh").strip() == "无逾期"
    shown = said(capsys, "show", CASE, "--store", url)
    assert "late, on record: due by" in shown
    assert "answer for: hazard-1: assigned" in shown
    assert "office of helper: to be filled" in shown
    assert "not done in time: hazard-1" in said(capsys, "history", CASE, "--store", url)
    assert "逾期未办：隐患hazard-1" in said(capsys, "history", CASE, "--store", url, "--lang", "zh")
    assert " late, on record " in said(capsys, "duties", "--store", url)


def test_json_has_the_records_and_what_was_created(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "inspection.toml"
    file.write_text(INSPECTION, encoding="utf-8")
    found = json.loads(said(capsys, "tick", "--store", url, "--procedure", str(file), "--json"))
    assert {record["event"]["duty"] for record in found["breaches"]} >= {"hazard-1"}
    assert found["failures"] == []
    assert all(one.startswith(f"{CASE}/round-") for one in found["created"])
    again = json.loads(said(capsys, "tick", "--store", url, "--procedure", str(file), "--json"))
    assert (again["breaches"], again["created"]) == ([], [])


def test_a_clock_in_doubt_is_the_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    clock = Hand(datetime.now(UTC) - timedelta(days=30))
    with lapsing.opened(clock, url) as engine:
        engine.tick()
        lapsing.a_case(engine)
    assert main(["tick", "--store", url]) == 4
    assert "if the clock is right, say so" in capsys.readouterr().err
    assert main(["tick", "--store", url, "--lang", "zh"]) == 4
    assert "如时钟无误" in capsys.readouterr().err
    assert main(["tick", "--store", url, "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["error"] == "ClockInDoubt"
    through = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    assert main(["tick", "--store", url, "--through", through]) == 2
    vouched = ["--through", through, "--by", "ops-1", "--body", "centre", "--basis", "outage report"]
    assert main(["tick", "--store", url, *vouched]) == 0
    assert main(["tick", "--store", url]) == 0


def test_what_a_calendar_does_not_know_is_told_and_what_was_opened_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    now = datetime.now(UTC)
    text = INSPECTION.replace('every = "quarter"', 'every = ["week", "mid_autumn"]', 1)
    url, file = f"sqlite:///{tmp_path}/other.db", tmp_path / "inspection.toml"
    file.write_text(text, encoding="utf-8")
    clock = Hand(now - timedelta(days=7))
    with lapsing.opened(clock, url, text) as engine:
        engine.tick()
        monday = (now + timedelta(hours=8)).date()
        year, week, _ = monday.isocalendar()
        name = f"inspection-{year}-W{week:02}"
        matter = Matter(name, "x")
        engine.open_case("inspection", matter, by=INSPECTOR, basis="x", trigger="open", case_id=name)
    asked = ("tick", "--store", url, "--procedure", str(file), "--calendar", "weekends")
    vouched = ("--through", now.isoformat(), "--by", "ops-1", "--body", "centre", "--basis", "checked")
    page = said(capsys, *asked, *vouched)
    assert "opened by hand already" in page
    assert name in page
    told = json.loads(said(capsys, *asked, "--json"))
    assert (told["unknown"], told["by_hand"]) == ([], []), "both are told once"
    assert main(["doctor", "--store", url, "--calendar", "weekends"]) == 1
    page = capsys.readouterr().out
    assert "“open quarter” is called for at Mid-Autumn Festival" in page
    assert "names.mid_autumn = […]" in page


def test_what_a_calendar_does_not_know_in_words_and_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    text = INSPECTION.replace('every = "quarter"', 'every = "mid_autumn"', 1)
    file = tmp_path / "inspection.toml"
    file.write_text(text, encoding="utf-8")
    for form in ("en", "zh", "json"):
        url = f"sqlite:///{tmp_path}/{form}.db"
        lapsing.opened(Hand(datetime.now(UTC) - timedelta(days=1)), url, text).close()
        asked = ("tick", "--store", url, "--procedure", str(file), "--calendar", "weekends")
        page = said(capsys, *asked, *(("--json",) if form == "json" else ("--lang", form)))
        if form == "json":
            assert json.loads(page)["unknown"][0]["holidays"] == ["mid_autumn"]
        else:
            assert {"en": "at holidays that the calendar does not know", "zh": "应于"}[form] in page
            assert "names.mid_autumn" in page
