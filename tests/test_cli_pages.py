"""What the pages say in words: every value with its name, every rule of a procedure, refusals with what to do next."""

from __future__ import annotations

import re
from pathlib import Path

from command_line import BRIDGE, Run

import stabflow
from stabflow import Actor


def flat(out: str) -> str:
    return " ".join(out.split())


# Cases


def test_every_value_of_an_item_has_its_name(stab: Run) -> None:
    stab("run", BRIDGE)
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
    stab("run", BRIDGE)
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
