"""Who acts for whom and who was recused: on the page of a case, in its history, and in JSON; in both languages."""

from __future__ import annotations

import json
from datetime import date

import worlds
from command_line import Run
from test_engine_delegation import CHAIRS_DEPUTY, DEPUTY, LENDING
from worlds import AUDITOR, BASIS, CHAIR, CLERK, NOTE

import stabflow
from stabflow import Actor
from stabflow.cli.words import act_title
from stabflow.decision.events import Delegated, DelegationEnded, Recused
from stabflow.text import Text

URL = "sqlite:///stabflow.db"
FAR = date(2100, 1, 31)


def begun() -> str:
    with stabflow.open(URL, procedures=[LENDING]) as engine:
        case = worlds.opened(worlds.constituted(engine))
        case.delegate("clerk", DEPUTY, by=CLERK, basis=BASIS, until=FAR, reason="on a course")
        case.delegate("chair", CHAIRS_DEPUTY, by=CHAIR, basis=BASIS, until=FAR, since=date(2100, 1, 1), reason="leave")
        case.add("note", by=DEPUTY, basis=BASIS, **NOTE)
        case.recuse("auditor", AUDITOR, by=CHAIR, basis=BASIS, reason="kin of the builder")
        return case.id


def test_the_page_of_a_case_says_who_acts_for_whom_and_who_was_recused(stab: Run) -> None:
    case = begun()
    status, said, _ = stab("show", case, columns=140)
    assert status == 0
    for line in (
        "Delegations",
        "deputy-1 for clerk-1",
        "until 24:00 of 2100-01-31",
        "from 2100-01-01 00:00 until",
    ):
        assert line in said
    assert "clerk: clerk-1, for them deputy-1" in said
    assert "Recused" in said
    assert "kin of the builder" in said
    said = stab("show", case, "--lang", "zh", columns=140)[1]
    for line in ("委托代行", "deputy-1代clerk-1", "至2100年1月31日24时止", "已回避", "deputy-1（受托）"):
        assert line in said
    told = json.loads(stab("show", case, "--json")[1])
    assert told["recused"] == [{"actor": AUDITOR.id, "office": "auditor", "reason": "kin of the builder", "version": 7}]
    assert told["delegations"][0] == {
        "role": "clerk",
        "holder": CLERK.id,
        "delegate": DEPUTY.id,
        "body": CLERK.body,
        "since": told["delegations"][0]["since"],
        "until": "2100-01-31T16:00:00.000000Z",
    }
    assert told["duties"][0]["delegates"] == [{"actor": DEPUTY.id, "body": CLERK.body}]
    assert {one["role"] for one in told["roles"]} == {"chair", "clerk"}


def test_the_history_says_for_whom_it_was_done(stab: Run) -> None:
    case = begun()
    for word in ("deputy-1", "clerk-1,"):  # one below the other where room is scarce
        assert any(
            line.rstrip().endswith((word, f"{word}   order 7")) for line in stab("history", case)[1].splitlines()
        )
    said = " ".join(stab("history", case, columns=140)[1].split())
    assert "deputy-1 for clerk-1" in said
    assert "delegate clerk to deputy-1, until 24:00 of 2100-01-31: on a course" in said
    assert "recuse auditor-1 (auditor): kin of the builder" in said
    said = stab("history", case, "--lang", "zh", columns=140)[1]
    assert "deputy-1代clerk-1" in said


def test_every_such_act_can_be_said() -> None:
    until = worlds.START
    said = act_title(LENDING, Delegated(office="clerk", delegate=DEPUTY, since=until, until=until, reason="外出"))
    assert said == Text(
        "delegate clerk to deputy-1, from 2026-03-02 09:00 until 2026-03-02 09:00: 外出",
        "委托deputy-1代行文员，自2026-03-02 09:00起至2026年3月2日09:00止：外出",
    )
    assert act_title(LENDING, DelegationEnded(office="clerk", delegate=DEPUTY)) == Text(
        "end the delegation of clerk to deputy-1", "终止对deputy-1代行文员的委托"
    )
    assert act_title(LENDING, Recused(office="clerk", who=Actor("x", body="y"), reason="亲属")) == Text(
        "recuse x (clerk): 亲属", "x（文员）回避：亲属"
    )
