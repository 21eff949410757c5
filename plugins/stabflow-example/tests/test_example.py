"""Each of the examples on the real engine, in memory and in a file."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import stabflow_example
from stabflow_example import BreachList, Journal, RefusalsByKind, SecondPerson

import stabflow
from stabflow import Actor, CaseHandle, Engine, Matter, Plugin, Refused

RULES = """
[procedure]
id = "permit"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "Permit", zh = "许可" }
source = "town rules"

[roles.mayor]
title = { en = "mayor", zh = "镇长" }
supervises = ["office"]

[roles.office]
title = { en = "permit office", zh = "许可部门" }

[states]
checking = { accountable = "office", within = "5 working days", title = { en = "being checked", zh = "核查中" } }
checked = { accountable = "office", within = "5 working days", title = { en = "checked", zh = "已核查" } }
granted = { final = true, title = { en = "granted", zh = "已许可" } }

[[transitions]]
trigger = "apply"
dest = "checking"
by = ["office"]

[[transitions]]
trigger = "check"
source = "checking"
dest = "checked"
by = ["office"]

[[transitions]]
trigger = "grant"
source = "checked"
dest = "granted"
by = ["office"]
"""

ONE, OTHER = Actor("o-1", body="town"), Actor("o-2", body="town")


@pytest.fixture(params=["memory:", "sqlite:///store.db"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("permit.toml").write_text(RULES, encoding="utf-8")
    return str(request.param)


def opened(url: str, *plugins: Plugin, **more: Any) -> tuple[Engine, CaseHandle]:
    engine = stabflow.open(url, plugins=plugins, procedures=["permit.toml"], **more)
    for holder in (ONE, OTHER):
        engine.constitute("permit", "office", holder, basis="order 1")
    return engine, engine.open_case("permit", Matter("stall-7", "Stall 7"), by=ONE, basis="letter 7")


def test_a_second_person_grants(url: str) -> None:
    engine, case = opened(url, SecondPerson({"grant"}))
    with engine:
        case.fire("check", by=ONE, basis="visit 8")
        with pytest.raises(Refused) as refusal:
            case.fire("grant", by=ONE, basis="visit 8")
        (blocker,) = refusal.value.blockers
        assert blocker.facts == {
            "plugin": "stabflow_example.second_person.SecondPerson",
            "kind": "second_person",
            "version": 2,
        }
        assert case.state == "checked"
        assert [option.trigger for option in case.available(OTHER)] == ["grant"]
        assert case.available(ONE) == ()
        case.fire("grant", by=OTHER, basis="visit 8")
        assert engine.plugin_failures() == ()


def test_the_journal_has_every_act_in_its_chain(url: str) -> None:
    engine, case = opened(url, Journal("journal.jsonl"))
    with engine:
        case.fire("check", by=ONE, basis="visit 8")
        with case.acting(OTHER, basis="踏勘8") as act:
            act.fire("grant")
        with pytest.raises(Refused):
            case.fire("grant", by=ONE, basis="again")
        lines = [json.loads(line) for line in Path("journal.jsonl").read_text("utf-8").splitlines()]
        assert [line["hash"] for line in lines] == [record.hash for record in case.history()]
        assert [line["event"] for line in lines] == [record.as_dict()["event"] for record in case.history()]
        assert engine.plugin_failures() == ()
    head = bytes(32)
    for line in lines:
        parts = [
            json.dumps(line[name], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
            for name in ("header", "event")
        ]
        head = hashlib.sha256(head + b"".join(parts)).digest()
        assert head.hex() == line["hash"]


def test_a_journal_that_cannot_be_written_stops_no_act(url: str) -> None:
    refusals = RefusalsByKind()
    engine, case = opened(url, Journal("no-such-folder/journal.jsonl"), refusals)
    with engine:
        case.fire("check", by=ONE, basis="visit 8")
        assert case.state == "checked"
        assert len(engine.plugin_failures()) == 2
        engine.verify()


def test_refusals_are_counted_by_kind(url: str) -> None:
    refusals = RefusalsByKind()
    engine, case = opened(url, refusals)
    with engine:
        for trigger, by in (
            ("check", Actor("o-9", body="elsewhere")),
            ("grant", ONE),
            ("check", ONE),
            ("check", OTHER),
        ):
            with contextlib.suppress(Refused):
                case.fire(trigger, by=by, basis="visit 8")
        assert case.state == "checked"
    assert list(refusals.counts.items()) == [("state", 2), ("role", 1)]


def test_breaches_are_listed_by_role_without_names(url: str) -> None:
    times = [datetime(2026, 3, 2, 1, tzinfo=UTC)]
    engine, case = opened(url, BreachList("breaches.txt"), clock=lambda: times[-1])
    with engine:
        due = case.value.due
        assert due is not None
        times.append(times[0] + timedelta(days=8))
        assert len(engine.tick().breaches) == 1
        engine.tick()
        assert engine.plugin_failures() == ()
    line = Path("breaches.txt").read_text("utf-8")
    assert line == f"stall-7\t{case.id}\tcase\tchecking\toffice\toverdue\t{due.at.isoformat()}\n"
    assert "o-1" not in line


def test_each_example_is_short() -> None:
    for path in Path(stabflow_example.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno < 40, f"{node.name} is too long to be an example"


def test_the_entry_point_names_a_plugin() -> None:
    (found,) = entry_points(group="stabflow", name="example")
    assert isinstance(found.load(), Plugin)
    assert isinstance(found.load().contract, int)
    with stabflow.open("memory:", plugins=["example"]) as engine:
        engine.constitute("five-step", "decision_body", ONE, basis="order 1")
