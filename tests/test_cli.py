"""The command line: what it prints in both languages, what it prints for programs, and the exit status of every ending."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from command_line import BRIDGE, CASE, PLAIN, ROOT, Run, program, written
from rich.cells import cell_len

import stabflow
from stabflow import Actor, InvalidInput, StoreError
from stabflow.cli import procedure_commands
from stabflow.cli.failures import status_of
from stabflow.cli.page import WIDEST, Column, Page, console, wrap
from stabflow.cli.words import act_title
from stabflow.decision.events import Relieved
from stabflow.errors import (
    CommitUnknown,
    ContractTooNew,
    Corrupt,
    IdempotencyMismatch,
    PluginError,
    ProcedureError,
    Refused,
    StoreUnavailable,
    VersionConflict,
)
from stabflow.language import bundled_names
from stabflow.language.requirement_text import requirement_text
from stabflow.text import Language, Text

# The demonstration


def test_the_demonstration_prints_what_a_person_wants_to_see(stab: Run, tmp_path: Path) -> None:
    status, out, err = stab("demo")
    assert (status, err) == (0, "")
    steps = [
        out.index(f"Step {n} of 5: {step}")
        for n, step in enumerate(("investigate", "analyze", "plan", "report", "review"), 1)
    ]
    assert steps == sorted(steps)
    flat = " ".join(out.split())
    assert flat.index("objection-4 is “raised”") < flat.index("can be cured by: initiating unit, implementing unit")
    assert len(re.findall(r"clauses? D", out)) >= 2
    assert "Decision: defer" in out
    assert "Decision: implement" in out
    assert re.search(r"^ +time +act +role +who, body +basis$", out, re.MULTILINE)
    assert str(tmp_path / "stabflow-demo.db") in out
    assert (tmp_path / "stabflow-demo.db").is_file()


def test_the_second_demonstration_says_that_all_is_there_and_changes_nothing(stab: Run) -> None:
    assert stab("demo")[0] == 0
    read = ("history", "five-step-county-bridge-1", "--store", "sqlite:///stabflow-demo.db", "--json")
    before = stab(*read)[1]
    status, out, _ = stab("demo")
    assert status == 0
    assert "All is there already" in out
    assert stab(*read)[1] == before
    assert "均已存在" in stab("demo", "--lang", "zh")[1]
    assert stab(*read)[1] == before


def test_every_refusal_can_be_read_in_full(stab: Run) -> None:
    few = stab("run", BRIDGE, "--store", "memory:")[1]
    many = stab("run", BRIDGE, "--store", "memory:", "--refusals")[1]
    assert many.count("can be cured by:") > few.count("can be cured by:") > 0
    assert "nobody appoints themselves" in many


def test_a_run_for_programs(stab: Run, tmp_path: Path) -> None:
    status, out, err = stab("run", BRIDGE, "--json", "--store", "sqlite:///x.db")
    assert (status, err) == (0, "")
    said = json.loads(out)
    assert said["case"] == "five-step-county-bridge-1"
    assert said["outcome"] == "implement"
    assert said["database"] == str(tmp_path / "x.db")
    assert (said["written"], said["present"]) == (103, 0)
    refused = [act for act in said["acts"] if act["refusal"] is not None]
    assert [act["act"] for act in refused] == [act["act"] for act in said["acts"] if act["refused"]]
    assert all(act["refusal"]["blockers"] for act in refused)
    again = json.loads(stab("run", BRIDGE, "--json", "--store", "sqlite:///x.db")[1])
    assert (again["written"], again["present"]) == (0, 103)


def test_the_store_can_come_from_the_surroundings(stab: Run, tmp_path: Path) -> None:
    assert stab("run", PLAIN, STABFLOW_STORE="sqlite:///here.db")[0] == 0
    assert (tmp_path / "here.db").exists()
    assert stab("show", CASE, STABFLOW_STORE="sqlite:///here.db")[0] == 0


# Reading


def test_show_and_history_in_both_languages(stab: Run) -> None:
    written(PLAIN)
    english, chinese = stab("show", CASE)[1], stab("show", CASE, "--lang", "zh")[1]
    for said in ("to be implemented · decided · outcome: implement", "Facts", "consultation-1", "Who holds which role"):
        assert said in english
    for said in ("Open duties", "begin implementing", "12 months counted from the day after 2026-03-31", "o-6"):
        assert said in " ".join(english.split())
    for said in (
        "决定实施 · 决定 · 决定结果：实施",
        "事实",
        "任职情况",
        "待履行职责",
        "下一步可办理",
        "自2026年3月31日的次日起算",
    ):
        assert said in re.sub(r"\n +", "", chinese)
    assert "启动评估" in stab("history", CASE, "--lang", "zh")[1]
    assert "open a case" in stab("history", CASE)[1]


def test_what_is_blocked_says_why_and_who_can_cure_it(stab: Run, tmp_path: Path) -> None:
    acts = PLAIN.read_text(encoding="utf-8").split("[[acts]]")
    (tmp_path / "begun.toml").write_text("[[acts]]".join(acts[:9]), encoding="utf-8")
    stab("run", "begun.toml")
    said = " ".join(stab("show", CASE, columns=120)[1].split())
    assert "blocked complete the analysis · complete_analysis — assessment unit" in said
    assert "can be cured by: assessment unit" in said
    assert "ready assess (criterion-1, criterion-2" in said
    assert "vote" not in said.partition("Permitted next")[2]
    told = json.loads(stab("show", CASE, "--json")[1])
    (blocked,) = [one for one in told["next"] if one["trigger"] == "complete_analysis"]
    assert {cure["role"] for blocker in blocked["blockers"] for cure in blocker["cure"]} == {"assessment_unit"}
    assert {duty["role"] for duty in told["duties"]} == {"assessment_unit"}
    assert told["duties"][0]["holders"] == [{"actor": "o-7", "body": "civil-affairs-office"}]


def test_show_prints_what_is_stored(stab: Run, tmp_path: Path) -> None:
    text = PLAIN.read_text(encoding="utf-8").replace(
        "support = 25, oppose = 6, other = 5", "support = 30, oppose = 4, other = 2"
    )
    (tmp_path / "few.toml").write_text(text, encoding="utf-8")
    stab("run", "few.toml")
    out = " ".join(stab("show", CASE, columns=140)[1].split())
    assert "oppose: 4" in out
    fields = [
        one["fields"] for one in json.loads(stab("show", CASE, "--json")[1])["items"] if one["kind"] == "consultation"
    ]
    assert (fields[0]["support"], fields[0]["oppose"]) == (30, 4)


def test_a_value_is_written_for_programs_in_one_way(stab: Run) -> None:
    """A day, a number and a file say what they are, whether the case is asked for or its history."""
    written(BRIDGE)
    (listed,) = json.loads(stab("show", "--json")[1])
    shown = json.loads(stab("show", listed["case_id"], "--json")[1])
    facts: dict[str, Any] = {}
    fields: dict[str, dict[str, Any]] = {item["item"]: {} for item in shown["items"]}
    for record in json.loads(stab("history", listed["case_id"], "--json")[1])["records"]:
        event = record["event"]
        for laid_out in event.get("laid_out", ()):
            fields[laid_out["item"]].update(laid_out["values"])
        (fields[event["item"]] if event.get("item") else facts).update(event.get("values", {}))
    assert shown["facts"] == facts
    assert {item["item"]: item["fields"] for item in shown["items"]} == fields
    kinds = {next(iter(value)) for one in fields.values() for value in one.values() if isinstance(value, dict)}
    assert kinds == {"date", "file"}


def test_the_cases_of_a_store_can_be_listed(stab: Run) -> None:
    written(PLAIN)
    assert CASE in stab("show")[1]
    assert [row["case_id"] for row in json.loads(stab("show", "--json")[1])] == [CASE]


def test_json_is_pure_stable_and_keeps_chinese(stab: Run) -> None:
    written(PLAIN)
    for words in (("show", CASE), ("history", CASE), ("procedures",), ("procedures", "five-step"), ("show",)):
        first, second = stab(*words, "--json"), stab(*words, "--json")
        assert first == second
        assert first[0] == 0
        assert first[2] == ""
        json.loads(first[1])
    assert "农贸市场改造" in stab("show", CASE, "--json")[1]
    history = json.loads(stab("history", CASE, "--json", "--lang", "zh")[1])
    assert [record["header"]["version"] for record in history["records"]] == list(range(1, 33))
    assert all(
        {"actor", "role", "body", "basis", "occurred_at"} <= set(record["header"]) for record in history["records"]
    )


def test_procedures_are_listed_and_printed(stab: Run) -> None:
    digest = stabflow.procedure("five-step").digest
    status, out, _ = stab("procedures")
    assert status == 0
    for said in ("five-step@1", "composed from five documents", "implement, defer, prohibit", digest):
        assert said in " ".join(out.split())
    listed = {one["procedure"]: one for one in json.loads(stab("procedures", "--json")[1])}
    assert set(listed) == {name.partition("@")[0] for name in bundled_names()}
    assert listed["five-step"]["digest"] == digest
    for name in listed:
        assert f"{name}@{listed[name]['version']}" in out
        assert listed[name]["proved"]
        assert listed[name]["source"]["en"][:20] in " ".join(out.split())
    said = json.loads(stab("procedures", "five-step", "--json")[1])
    assert said["definition"]["procedure"]["id"] == "five-step"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("columns", [50, 80, 120])
def test_a_clerk_recognises_the_procedure(stab: Run, language: Language, columns: int) -> None:
    out = stab("procedures", "five-step", "--lang", language, columns=columns)[1]
    flat = re.sub(r"\s+", "", out)
    procedure = stabflow.procedure("five-step")
    for role in procedure.roles.values():
        assert re.sub(r"\s+", "", role.title.get(language)) in flat
    for kind, cycle in procedure.lifecycles():
        for state in cycle.states:
            assert re.sub(r"\s+", "", procedure.state_title(state, kind).get(language)) in flat
        for row in cycle.transitions:
            assert re.sub(r"\s+", "", procedure.trigger_title(row.trigger, kind).get(language)) in flat
    for clause in procedure.clauses:
        assert clause in flat
    assert ("notcarried" if language == "en" else "不予采用") in flat


def test_every_requirement_can_be_said() -> None:
    procedure = stabflow.procedure("five-step")
    for kind, cycle in procedure.lifecycles():
        for row in cycle.transitions:
            for one in row.requires:
                text = requirement_text(procedure, kind, one)
                assert text.en.strip()
                assert text.zh.strip()


def test_chinese_pages_list_and_bracket_as_chinese_does(stab: Run) -> None:
    written(BRIDGE, "b.db")
    pages = {
        "run": stab("run", BRIDGE, "--store", "memory:", "--refusals", "--lang", "zh", columns=200)[1],
        "show": stab("show", "five-step-county-bridge-1", "--store", "sqlite:///b.db", "--lang", "zh", columns=200)[1],
        "procedures": stab("procedures", "five-step", "--lang", "zh", columns=200)[1],
    }
    for out in pages.values():
        assert not re.search(r"\bD\d\.[^\s,]+, D\d", out)
        assert not re.search(r"\[[DM]|\bo-\d+ \(|\bo-\d+ ?, ", out)
    assert "依据条款：D2.五.4、D5.四.2\n" in pages["run"]
    assert "o-201（leading-group）、o-202（leading-group）" in pages["show"]
    assert re.search(r"启动时间 +2011-03-01 \d\d:\d\d，leading-group\n", pages["show"])
    assert "不得兼任：评估主体、决策机关（主持人）〔M.separation〕" in pages["procedures"]
    assert "〔D3.5、D2.一〕" in pages["procedures"]
    assert "所有问题认定均为“不成立”或“已整改”" in pages["procedures"]
    assert (
        "征求意见（“已结束”或“已结束，分歧较大”；方式为“听证”或“专家论证”；自“调查中”起）至少1项" in pages["procedures"]
    )
    assert "审查意见（自“审查中”起）至少2项（“审查意见数”）" in pages["procedures"]
    assert "“支持”+“反对”+“其他”等于“回应数”" in pages["procedures"]
    assert re.search(r"contested +是或否〔D5\.四\.1〕\n", pages["procedures"])
    assert re.search(r"exemption +选项：exemption\n", pages["procedures"])
    assert "方式：问卷调查" in pages["show"]
    assert "领域：征地拆迁补偿" in pages["show"]
    assert "情形：组织实施不力" in pages["show"]
    assert "表决（表决意见为“实施”；自“会审中”起）超过半数" in pages["procedures"]
    assert "结束（征求意见consultation-2）：1项理由" in pages["run"]


def test_clauses_are_counted_in_english(stab: Run) -> None:
    out = stab("run", BRIDGE, "--store", "memory:", "--refusals", columns=200)[1]
    assert "clauses D2.五.4, D5.四.2\n" in out
    assert "clause D4.三\n" in out


# How it looks


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("columns", [50, 72, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(stab: Run, language: Language, columns: int) -> None:
    written(BRIDGE, "b.db")
    case = "five-step-county-bridge-1"
    pages = [
        stab("run", BRIDGE, "--store", "memory:", "--refusals", "--lang", language, columns=columns),
        stab("show", case, "--store", "sqlite:///b.db", "--lang", language, columns=columns),
        stab("history", case, "--store", "sqlite:///b.db", "--lang", language, columns=columns),
        stab("procedures", "five-step", "--lang", language, columns=columns),
    ]
    for status, out, _ in pages:
        assert status == 0
        assert max(cell_len(line) for line in out.splitlines()) <= min(columns, WIDEST)
        assert "\x1b" not in out
        assert "…" not in re.sub(r"[0-9a-f]{12}…", "", out)


@pytest.mark.parametrize("columns", [80, 120])
def test_chinese_columns_line_up(stab: Run, columns: int) -> None:
    written(PLAIN)
    lines = stab("history", CASE, "--lang", "zh", columns=columns)[1].splitlines()
    assert lines[-1].startswith("32项记录中有32项为事后补录，补录最长滞后")
    lines = lines[: lines.index("")]
    starts = [cell_len(lines[1][: found.start()]) for found in re.finditer("─+", lines[1])]
    assert len(starts) == (6 if columns < 110 else 7)
    for line in (lines[0], *lines[2:]):
        for start in starts[1:]:
            if cell_len(line) > start:
                assert _cells(line, start - 2, start) == "  ", line
        begun = [start for start in starts if _cells(line, start, start + 1).strip()]
        assert begun, line


def _cells(line: str, first: int, end: int) -> str:
    found, at = "", 0
    for character in line:
        if first <= at < end:
            found += character
        at += cell_len(character)
    return found


def test_what_is_too_long_is_wrapped_never_cut() -> None:
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("全面掌握情况，逐项分析。", 12) == ["全面掌握情", "况，逐项分", "析。"]
    assert wrap("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert wrap("依据D5.四.2条", 10) == ["依据", "D5.四.2条"]
    assert wrap("county-government", 12) == ["county-", "government"]
    assert wrap("2011-03-25 and on", 10) == ["2011-03-25", "and on"]
    assert wrap("a\n\nb", 10) == ["a", "", "b"]
    assert wrap("", 10) == [""]


def test_a_table_without_rows_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Page(console(sys.stdout), "en").table([Column(Text("a", "甲"))], [])
    assert capsys.readouterr().out == ""


def test_no_colour_where_none_is_wanted(tmp_path: Path) -> None:
    plain = program("procedures", folder=tmp_path)
    assert "\x1b" not in plain.stdout
    forced = program("procedures", folder=tmp_path, FORCE_COLOR="1")
    assert "\x1b[1m" in forced.stdout
    assert not re.search(
        r"\x1b\[[0-9;]*3[0-9]m", program("demo", folder=tmp_path, FORCE_COLOR="1", NO_COLOR="1").stdout
    )


# The language


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "来源"),
        ({"LANG": "en_GB.UTF-8"}, "source"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "zh_TW"}, "来源"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "source"),
        ({}, "source"),
    ],
)
def test_the_language_is_that_of_the_surroundings(stab: Run, environment: dict[str, str], expected: str) -> None:
    assert expected in stab("procedures", **environment)[1]


def test_the_language_can_be_said_before_or_after_the_command(stab: Run) -> None:
    assert "来源" in stab("--lang", "zh", "procedures")[1]
    assert "来源" in stab("procedures", "--lang", "zh")[1]
    assert "source" in stab("procedures", "--lang", "en", LANG="zh_CN")[1]


def test_output_survives_a_poor_locale(tmp_path: Path) -> None:
    done = program("procedures", "--lang", "zh", folder=tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0
    assert "来源" in done.stdout


# Endings


def test_every_error_has_its_status() -> None:
    assert status_of(InvalidInput.at("x", "y")) == 2
    assert status_of(ProcedureError([])) == 2
    assert status_of(Refused(Text("x", "x"), [])) == 1
    assert status_of(StoreUnavailable("x")) == 2
    assert status_of(ContractTooNew("x")) == 2
    assert status_of(VersionConflict("case/1", 3, 5)) == 2  # it was asked for on a stale version
    assert status_of(IdempotencyMismatch("case/1", "k")) == 2  # the key stands for another request
    assert status_of(Corrupt("x")) == 4
    assert status_of(CommitUnknown("x")) == 4
    assert status_of(StoreError("x")) == 4
    assert status_of(PluginError("x", "y")) == 4
    assert status_of(OSError()) == 4
    assert status_of(KeyboardInterrupt()) == 130
    assert status_of(ValueError()) == 70


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["run"],
        ["run", "none.toml"],
        ["run", str(PLAIN), "--lang", "fr"],
        ["run", str(PLAIN), "--store", "postgres://nowhere"],
        ["run", str(PLAIN), "--store", "stabflow.db"],
        ["run", str(PLAIN), "--store", "sqlite:///no/such/folder/x.db"],
        ["run", str(PLAIN), "--store", "sqlite:///."],
        ["show", "x"],
        ["show"],
        ["history"],
        ["history", "x", "--store", "sqlite:///none.db"],
        ["procedures", "five-stop"],
        ["procedures", "none.toml"],
        ["show", "x", "--store", "memory:"],
    ],
)
def test_bad_input_is_status_2_and_leaves_nothing_behind(stab: Run, tmp_path: Path, words: Sequence[str]) -> None:
    status, out, err = stab(*words)
    assert (status, out) == (2, "")
    assert err.strip()
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["", " ", "sqlite:", "sqlite:///"])
def test_a_store_without_a_name_is_told_how_to_name_a_file(stab: Run, url: str) -> None:
    for words in (("show",), ("run", PLAIN)):
        status, _, err = stab(*words, "--store", url)
        assert status == 2
        assert "sqlite:///cases.db" in err or "sqlite:///relative.db" in err
        assert not re.search(r"write sqlite:/// *\)", err)


def test_reading_a_store_that_is_not_there_says_so(stab: Run, tmp_path: Path) -> None:
    _, _, err = stab("history", "x", "--store", "sqlite:///none.db")
    assert "none.db does not exist" in err
    assert not (tmp_path / "none.db").exists()


def test_an_unknown_case_is_told_with_the_nearest(stab: Run) -> None:
    written(PLAIN)
    status, _, err = stab("show", "five-step-market-hal-1")
    assert status == 2
    assert f"did you mean '{CASE}'?" in err
    assert "请求有1处缺陷" in stab("show", "nothing", "--lang", "zh")[2]


def test_one_case_is_asked_for_by_its_id_alone(stab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    written(PLAIN)

    def listed(_engine: object, **_filters: object) -> object:
        raise AssertionError("the whole store is listed")

    monkeypatch.setattr(stabflow.Engine, "cases", listed)
    assert stab("history", CASE)[0] == 0
    assert stab("show", CASE, "--json")[0] == 0


def test_what_can_be_no_id_is_an_unknown_case(stab: Run) -> None:
    written(PLAIN)
    for words in (["history", "\udcff"], ["show", " "], ["show", "x" * 600]):
        status, _, err = stab(*words)
        assert status == 2
        assert "CASE: there is no case" in err


def test_a_bad_dossier_is_status_2_with_every_fault(stab: Run, tmp_path: Path) -> None:
    text = (
        PLAIN.read_text(encoding="utf-8")
        .replace('fire = "screen_in"', 'fire = "sreen_in"')
        .replace('by = "third"', 'by = "thrid"')
    )
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    status, out, err = stab("run", "bad.toml", "--json")
    assert status == 2
    told = json.loads(out)
    assert (told["error"], told["status"], told["what"]) == ("InvalidInput", 2, "dossier bad.toml")
    assert [fault["path"] for fault in told["faults"]] == ["acts[4].fire", "acts[30].by"]
    assert "dossier bad.toml has 2 faults" in err
    assert "acts[4].fire" in err
    assert "acts[30].by" in err
    assert not (tmp_path / "stabflow.db").exists()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_unexpected_refusal_is_status_2_in_both_languages(stab: Run, tmp_path: Path, language: Language) -> None:
    text = PLAIN.read_text(encoding="utf-8").replace("support = 25", "support = 24")
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    status, _, err = stab("run", "bad.toml", "--lang", language)
    assert status == 2
    assert "acts[6]: " in err
    assert ("nothing was written" if language == "en" else "未写入任何内容") in err
    assert ("must be" if language == "en" else "应") in err
    assert not (tmp_path / "stabflow.db").exists()


def test_a_store_file_that_is_not_ours_stays_as_it_is(stab: Run, tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("not a database at all\n" * 100, encoding="utf-8")
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    connection.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name, said in (("text.db", "not a SQLite database"), ("other.db", "of another application")):
        for words in (("run", PLAIN), ("show",), ("history", "x")):
            status, out, err = stab(*words, "--store", f"sqlite:///{name}")
            assert (status, out) == (2, "")
            assert said in err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_store_of_a_newer_schema_stays_as_it_is(stab: Run, tmp_path: Path) -> None:
    written(PLAIN)
    connection = sqlite3.connect(tmp_path / "stabflow.db")
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    before = (tmp_path / "stabflow.db").read_bytes()
    for words in (("run", PLAIN), ("show", CASE)):
        status, _, err = stab(*words)
        assert status == 2
        assert "upgrade stabflow" in err
    assert (tmp_path / "stabflow.db").read_bytes() == before


def test_a_store_that_may_not_be_written_is_told(stab: Run, tmp_path: Path) -> None:
    written(PLAIN, "kept.db")
    folder = tmp_path / "locked"
    folder.mkdir()
    (tmp_path / "kept.db").rename(folder / "kept.db")
    (folder / "kept.db").chmod(0o444)
    folder.chmod(0o555)
    try:
        if os.access(folder, os.W_OK):
            return  # this user is stopped by no rights, so there is nothing to see
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        for name in ("new.db", "kept.db"):
            assert stab("run", BRIDGE, "--store", f"sqlite:///locked/{name}")[0] == 2
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    finally:
        folder.chmod(0o755)


def test_a_damaged_store_is_the_environment(stab: Run, tmp_path: Path) -> None:
    written(PLAIN)
    connection = sqlite3.connect(tmp_path / "stabflow.db")
    (trigger,) = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' LIMIT 1").fetchone()
    connection.execute(f"DROP TRIGGER {trigger}")
    connection.commit()
    connection.close()
    status, _, err = stab("show", CASE)
    assert status == 4
    assert "compare it with a backup" in err


def test_a_bug_is_status_70_and_has_a_traceback_only_on_demand(stab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> tuple[str, ...]:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(procedure_commands, "bundled_names", broken)
    status, out, err = stab("procedures")
    assert (status, out) == (70, "")
    assert "this is a bug in stabflow: ZeroDivisionError: planted" in err
    assert "Traceback" not in err
    assert "程序错误" in stab("procedures", "--lang", "zh")[2]
    assert "Traceback" in stab("procedures", "--debug")[2]
    assert "Traceback" in stab("procedures", STABFLOW_DEBUG="1")[2]


def test_an_interruption_is_status_130(stab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> tuple[str, ...]:
        raise KeyboardInterrupt

    monkeypatch.setattr(procedure_commands, "bundled_names", interrupted)
    assert stab("procedures")[0] == 130


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (StoreUnavailable("x.db is on a full disk"), 2)]
)
def test_a_run_that_breaks_off_says_how_far_it_came(
    stab: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    write = stabflow.CaseHandle.acting
    acts = iter(range(5))

    def acting(*words: object, **named: object) -> object:
        if named["key"] is not None and next(acts, None) is None:
            raise error
        return write(*words, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(stabflow.CaseHandle, "acting", acting)
        ended, out, err = stab("run", PLAIN)
    assert (ended, out) == (status, "")
    assert "12 of 38 are written; run it again to complete it" in err
    assert "There already: 6 acts and 6 offices." in stab("run", PLAIN)[1]


def test_help_and_version(stab: Run) -> None:
    status, out, _ = stab("--help")
    assert status == 0
    for command in ("demo", "run", "show", "history", "procedures"):
        assert command in out
        assert stab(command, "--help")[0] == 0
    assert stabflow.__version__ in stab("--version")[1]


@pytest.mark.slow
def test_a_reader_who_leaves_is_no_error(tmp_path: Path) -> None:
    for words in (["history", CASE], ["history", CASE, "--json"], ["procedures", "five-step"], ["demo"]):
        program("run", PLAIN, folder=tmp_path)
        env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        process = subprocess.Popen(
            [sys.executable, "-m", "stabflow", *words],
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        assert (process.wait(), err) == (0, b"")
    assert (tmp_path / "stabflow-demo.db").exists()


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    "streams", [">&-", *(pytest.param(one, marks=pytest.mark.slow) for one in ("2>/dev/full", "2>&-", "<&- >&- 2>&-"))]
)
def test_streams_that_are_closed_change_neither_status_nor_what_is_done(tmp_path: Path, streams: str) -> None:
    if "/dev/full" in streams and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    for words, status in (
        (["run", str(PLAIN), "--json"], 0),
        (["procedures"], 0),
        (["--help"], 0),
        (["procedures", "nothing"], 2),
        (["nonsense"], 2),
    ):
        done = program(*words, folder=tmp_path, streams=streams)
        assert (done.returncode, "Traceback" in done.stderr, "bug" in done.stderr) == (status, False, False), words
        assert bool(done.stderr) is (status != 0 and streams == ">&-")
        assert bool(done.stdout) is (status == 0 and ">&-" not in streams.replace("2>&-", ""))
    assert json.loads(program("show", "--json", folder=tmp_path).stdout)[0]["case_id"] == CASE


def test_a_reader_of_errors_who_leaves_changes_no_status(tmp_path: Path) -> None:
    for words in (["procedures", "nothing"], ["nonsense"], ["show"]):
        read, write = os.pipe()
        os.close(read)
        try:
            command = [sys.executable, "-m", "stabflow", *words]
            env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
            done = subprocess.run(
                command, cwd=tmp_path, env=env, check=False, stdout=subprocess.PIPE, stderr=write, timeout=60
            )
        finally:
            os.close(write)
        assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "dossier.toml").write_text(
        PLAIN.read_text(encoding="utf-8").replace('procedure = "five-step"', 'procedure = "pipe.toml"'),
        encoding="utf-8",
    )
    for words in (
        ["run", "pipe.toml"],
        ["run", "/dev/zero"],
        ["run", "folder.toml"],
        ["run", "dossier.toml"],
        ["procedures", "pipe.toml"],
    ):
        done = program(*words, folder=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "cannot be read: it is not a regular file (check the path)" in done.stderr


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_its_extra_the_command_says_what_to_install(tmp_path: Path, missing: str) -> None:
    (tmp_path / f"{missing}.py").write_text(f"raise ModuleNotFoundError('no', name={missing!r})\n", encoding="utf-8")
    path = f"{tmp_path}{os.pathsep}{ROOT / 'src'}"
    done = program("demo", folder=tmp_path, PYTHONPATH=path)
    assert done.returncode == 4
    assert "pip install 'stabflow[cli]'" in done.stderr
    assert done.stdout == ""


def test_the_command_is_a_process_like_any_other(tmp_path: Path) -> None:
    done = program("demo", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    read = program(
        "history", "five-step-county-bridge-1", "--store", "sqlite:///stabflow-demo.db", "--json", folder=tmp_path
    )
    assert program("demo", folder=tmp_path).returncode == 0
    again = program(
        "history", "five-step-county-bridge-1", "--store", "sqlite:///stabflow-demo.db", "--json", folder=tmp_path
    )
    assert again.stdout == read.stdout
    assert program("show", "nothing", "--store", "sqlite:///stabflow-demo.db", folder=tmp_path).returncode == 2


def test_every_act_can_be_said(stab: Run) -> None:
    written(BRIDGE)
    with stabflow.open("sqlite:///stabflow.db") as engine:
        handle = engine.case("five-step-county-bridge-1")
        procedure = handle.procedure
        titles = [act_title(procedure, record.event) for record in handle.history()]
    assert all("." not in title.en for title in titles)
    assert any("appoint o-501 as initiating unit" in title.en for title in titles)
    relieved = act_title(procedure, Relieved(office="initiating_unit", appointee=Actor("o-501", body="b")))
    assert relieved == Text("relieve o-501 of the role of initiating unit", "免去o-501的事项责任单位职务")


def test_the_history_names_who_acted(stab: Run) -> None:
    written(PLAIN)
    with stabflow.open("sqlite:///stabflow.db") as engine:
        actors = {record.actor.id for record in engine.case(CASE).history()}
    for columns in (80, 120):
        for language in ("en", "zh"):
            said = stab("history", CASE, "--lang", language, columns=columns)[1]
            assert all(re.search(rf"\b{actor}\b", said) for actor in actors)


def test_a_vacant_role_is_called_vacant(stab: Run, tmp_path: Path) -> None:
    acts = PLAIN.read_text(encoding="utf-8").split("[[acts]]")
    (tmp_path / "begun.toml").write_text("[[acts]]".join(acts[:3]), encoding="utf-8")
    stab("run", "begun.toml")
    for language, vacant in (("en", "nobody holds"), ("zh", "无人任职")):
        said = stab("show", CASE, "--lang", language)[1]
        assert vacant in said
        assert "nobody has" not in said
        assert "nobody:" not in said


def test_a_conflict_of_offices_is_the_stores_and_is_said_once(stab: Run) -> None:
    written(PLAIN)
    for language, said in (("en", "the store, beside dossier"), ("zh", "存储与案卷")):
        status, _, err = stab("run", BRIDGE, "--lang", language)
        assert status == 2
        assert said in err
        faults = [line.partition(" (the store has")[0] for line in err.splitlines()[1:]]
        assert len(faults) == len(set(faults)) > 0


def test_refusals_for_programs_are_in_the_language_asked_for(stab: Run) -> None:
    said = json.loads(stab("run", BRIDGE, "--json", "--lang", "zh", "--store", "memory:")[1])
    texts = [blocker["text"] for act in said["acts"] if act["refusal"] for blocker in act["refusal"]["blockers"]]
    assert texts
    assert all(re.search("[\u4e00-\u9fff]", text) for text in texts)


def test_the_commands_to_go_on_with_can_be_copied(stab: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    assert "  stabflow show five-step" in stab("demo")[1]
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv" / "bin" / "stabflow")])
    assert "  .venv/bin/stabflow show five-step" in stab("demo")[1]
    monkeypatch.setattr(sys, "argv", ["/elsewhere/__main__.py"])
    assert " -m stabflow show five-step" in stab("demo")[1]


def test_a_procedure_shows_the_names_that_one_writes(stab: Run) -> None:
    flat = re.sub(r"\s+", "", stab("procedures", "five-step")[1])
    procedure = stabflow.procedure("five-step")
    names = {
        *procedure.parameters,
        *procedure.lists,
        *(name for entries in procedure.lists.values() for name in entries),
    }
    for _, cycle in procedure.lifecycles():
        names |= {*cycle.fields, *cycle.states, *(row.trigger for row in cycle.transitions)}
    assert [name for name in sorted(names) if name not in flat] == []


def test_cases_are_listed_in_words_and_with_whole_ids(stab: Run) -> None:
    written(BRIDGE)
    said = stab("show", "--lang", "zh")[1]
    for word in ("案件编号", "five-step-county-bridge-1", "实施完毕", "办结"):
        assert word in said
