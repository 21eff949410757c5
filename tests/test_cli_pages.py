"""What the pages say in words: every value with its name, every rule of a procedure, refusals with what to do next."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import BRIDGE, CHOIR, GRANT, PLAIN, Run, written

import stabflow
from stabflow import Actor
from stabflow.errors import StoreUnavailable


def flat(out: str) -> str:
    return " ".join(out.split())


# Cases


def test_every_value_of_an_item_has_its_name(stab: Run) -> None:
    written(BRIDGE)
    out = flat(stab("show", "five-step-county-bridge-1", columns=140)[1])
    zh = re.sub(r"\s+", "", stab("show", "five-step-county-bridge-1", "--lang", "zh", columns=140)[1])
    with stabflow.open("sqlite:///stabflow.db") as engine:
        handle = engine.case("five-step-county-bridge-1")
        procedure, items = handle.procedure, handle.value.items.values()
    for item in items:
        for name in item.fields:
            title = procedure.field_title(name, item.kind)
            assert f"{title.en}: " in out, (item.id, name)
            assert f"{re.sub(chr(92) + 's', '', title.zh)}：" in zh, (item.id, name)
    assert out.count("what is asked for: ") == len([one for one in items if one.kind == "objection"])


def test_several_choices_are_parted_by_what_does_not_occur_in_them(stab: Run) -> None:
    written(BRIDGE)
    procedure = stabflow.procedure("five-step")
    field = procedure.lifecycle("document").fields["report_parts"]
    parts = [procedure.choice_title(field, one) for one in procedure.lists["report_part"]]
    whole = procedure.choice_title(field, tuple(procedure.lists["report_part"]))
    assert whole.en == "; ".join(one.en for one in parts)
    assert whole.zh == "；".join(one.zh for one in parts)


def test_a_store_without_cases_says_so(stab: Run, tmp_path: Path) -> None:
    with stabflow.open("sqlite:///stabflow.db") as engine:
        engine.constitute("five-step", "decision_body", Actor("o-1", body="town"), basis="order 1")
    assert stab("show") == (0, "This store has no cases.\n", "")
    assert stab("show", "--lang", "zh") == (0, "该存储中没有案件。\n", "")
    assert stab("show", "--json") == (0, "[]\n", "")


# Runs


def test_what_is_not_printed_of_refusals_says_how_to_read_it(stab: Run) -> None:
    few = flat(stab("run", CHOIR, "--store", "memory:")[1])
    assert "The reasons of 1 more refusal are printed with: --refusals --store memory:" in few
    assert "另有1项拒绝的理由，可加 --refusals --store memory: 查看" in stab("run", CHOIR, "--lang", "zh")[1]
    every = flat(stab("run", CHOIR, "--refusals", "--store", "memory:")[1])
    assert "opinion (since “under appraisal” was last entered): at least 2 needed" in every
    assert "more refusal" not in every
    assert "more refusal" not in flat(stab("run", PLAIN, "--store", "memory:")[1])


def test_a_procedure_without_steps_has_none_in_its_headings(stab: Run) -> None:
    out = stab("run", CHOIR, "--store", "memory:")[1]
    assert "no step" not in out
    assert "\n  2026-02-02 to 2026-02-10  11 acts, 2 refused\n" in out
    zh = stab("run", CHOIR, "--store", "memory:", "--lang", "zh")[1]
    assert "  small-grant-choir-2026-1：已拨付\n" in zh
    assert "\n  2026-02-02至2026-02-10  11项办理，拒绝2项\n" in zh


@pytest.mark.parametrize(("language", "said"), [("en", "nothing was written"), ("zh", "未写入任何内容")])
def test_a_run_that_fails_tells_programs_why(stab: Run, tmp_path: Path, language: str, said: str) -> None:
    text = PLAIN.read_text(encoding="utf-8").replace("support = 25", "support = 24")
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    status, out, err = stab("run", "bad.toml", "--json", "--lang", language)
    told = json.loads(out)
    assert (status, told["status"], told["error"], told["act"]) == (2, 2, "NotAsExpected", 7)
    assert said in told["text"]
    assert told["text"] in err
    (blocker,) = told["refusal"]["blockers"]
    assert (blocker["kind"], blocker["facts"]["needed"]) == ("value", "36")
    assert [fault["path"] for fault in told["faults"]] == ["acts[6]"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("show", "nothing"), "InvalidInput"),
        (("procedures", "nothing"), "ProcedureError"),
        (("check", "nothing"), "ProcedureError"),
        (("history", "x", "--store", "sqlite:///none.db"), "InvalidInput"),
    ],
)
def test_every_failure_is_told_to_programs(stab: Run, words: tuple[str, ...], error: str) -> None:
    assert stab("run", PLAIN)[0] == 0
    status, out, err = stab(*words, "--json")
    told = json.loads(out)
    assert (status, told["error"], told["status"]) == (2, error, 2)
    assert told["faults"]
    assert err.startswith("stabflow: ")
    assert stab(*words)[1] == ""


def test_a_run_that_breaks_off_tells_programs_how_far_it_came(stab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write = stabflow.CaseHandle.acting
    acts = iter(range(5))

    def acting(*words: object, **named: object) -> object:
        if named["key"] is not None and next(acts, None) is None:
            raise StoreUnavailable("x.db is on a full disk")
        return write(*words, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(stabflow.CaseHandle, "acting", acting)
    status, out, _ = stab("run", PLAIN, "--json")
    told = json.loads(out)
    assert (status, told["error"], told["written"], told["of"]) == (2, "StoreUnavailable", 12, 38)


def test_a_procedure_that_is_not_proved_is_said_in_chinese(stab: Run, tmp_path: Path) -> None:
    asked = '{ value = "complete", is = true }'
    never = '{ value = "complete", is = false }'
    text = GRANT.read_text(encoding="utf-8").replace(asked, f"{asked}, {never}")
    (tmp_path / "small-grant.toml").write_text(text, encoding="utf-8")
    (tmp_path / "choir.toml").write_bytes(CHOIR.read_bytes())
    status, _, err = stab("run", "choir.toml", "--lang", "zh")
    assert status == 2
    assert re.match(r"stabflow: 程序small-grant@1未通过证明，有\d+处缺陷：\n", err), err
    assert "procedure small-grant@1 is not proved: it has" in stab("run", "choir.toml")[2]
