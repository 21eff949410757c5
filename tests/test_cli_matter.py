"""`stabflow matter`: what is known of a matter in words and in JSON, and by its exit status whether anything is."""

from __future__ import annotations

import json
from pathlib import Path

import handing_over as ho
import pytest
from command_line import Run
from handing_over import BASIS, OVERSIGHT
from worlds import FakeClock

import stabflow
from stabflow import Actor, Matter

ROAD = Matter("ring-road", "Ring road widening")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Screened out; somebody went ahead; oversight opened another case, in which it was found in scope."""
    url = f"sqlite:///{tmp_path}/m.db"
    with stabflow.open(url, clock=FakeClock(), procedures=[ho.handing_over()]) as engine:
        ho.constitute(engine)
        ho.screened_out(ho.opened(engine, ROAD), "the road keeps its width")
        engine.gate("ring-road", accept=["five-step"]).attempted(by=Actor("b-1", body="works"), basis="works were seen")
        case = ho.opened(engine, ROAD, by=OVERSIGHT, trigger="open_unassessed")
        case.fire("screen_in", by=ho.OFFICE, basis=BASIS, scope_reasons="it is built anew")
        engine.gate("bare-road", accept=["five-step"]).attempted(by=Actor("b-1", body="works"), basis="photographs")
    return url


def test_it_says_what_is_known(stab: Run, url: str) -> None:
    status, said, _ = stab("matter", "ring-road", "--store", url, columns=140)
    assert status == 0
    lines = said.splitlines()
    assert lines[:2] == ["ring-road", "Ring road widening"]
    for one in (
        "What stands out",
        "on 2026-03-02 somebody went ahead with it after it had been screened out; cases opened since: handing-over-ring-road-2",
        "matter/ring-road 1, case/handing-over-ring-road-1 2, case/handing-over-ring-road-2 1",
        "later it was found in scope: handing-over-ring-road-2",
        "out of scope · scope · over · its gate is shut",
        "report the matter: responsible unit, unit-1 (water); order 7",
        "find it out of scope: office, office-1 (office); minutes 4",
        "reasons of the screening: the road keeps its width",
        "open: it went ahead unassessed: oversight, overseer-1 (petitions); order 7",
        "b-1 (works); works were seen",
        "against it then: not assessed under an accepted procedure",
        "opened since: handing-over-ring-road-2 (open: it went ahead unassessed, oversight)",
    ):
        assert one in said, one
    said = stab("matter", "ring-road", "--store", url, "--lang", "zh", columns=140)[1]
    for one in (
        "值得注意的情况",
        "认定不属评估范围后即行实施",
        "筛查理由：the road keeps its width",
        "未依所认可的程序评估",
        "已终结",
    ):
        assert one in said, one


def test_json_is_the_overview(stab: Run, url: str) -> None:
    status, said, _ = stab("matter", "ring-road", "--store", url, "--json", "--lang", "zh")
    told = json.loads(said)
    assert (status, told["known"]) == (0, True)
    assert [one["state"] for one in told["cases"]] == ["out_of_scope", "investigating"]
    assert [one["kind"] for one in told["observations"]] == ["went_ahead_screened_out", "screened_out_then_in_scope"]
    assert told["cases"][0]["screened_out"]["role_title"] == "办公室"
    with stabflow.open(url) as engine:
        mine = engine.matter("ring-road").as_dict("zh")
    assert {**mine, "asked_at": ""} == {**told, "asked_at": ""}


def test_an_attempt_alone_is_something(stab: Run, url: str) -> None:
    status, said, _ = stab("matter", "bare-road", "--store", url, columns=140)
    assert status == 0
    assert "although it had never been assessed; cases opened since: none" in said
    assert "against it then: never assessed" in said


def test_nothing_known_is_1(stab: Run, url: str) -> None:
    status, said, _ = stab("matter", "ring-rood", "--store", url)
    assert (status, said.splitlines()) == (1, ["ring-rood", "nothing is known of it", "did you mean 'ring-road'?"])
    status, said, _ = stab("matter", "zzz", "--store", url, "--lang", "zh")
    assert (status, said.splitlines()) == (1, ["zzz", "无任何记录"])
    status, said, _ = stab("matter", "zzz", "--store", url, "--json")
    assert (status, json.loads(said)["known"]) == (1, False)


def test_what_cannot_be_answered_is_neither(stab: Run, url: str) -> None:
    assert stab("matter", "ring road", "--store", url)[0] == 2
    assert stab("matter", "ring-road", "--store", "sqlite:///nowhere.db")[0] == 2
    assert stab("matter", "--store", url)[0] == 2
