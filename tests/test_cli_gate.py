"""`stabflow gate`: the answer in words and in JSON, with an exit status that never mistakes a failure for a no."""

from __future__ import annotations

import json
from pathlib import Path

import five_steps
import pytest
from five_steps import CHIEF
from worlds import BASIS

import stabflow
from stabflow import Matter
from stabflow.cli import main


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    with stabflow.open(url) as engine:
        five_steps.constitute(engine)
        engine.open_case("five-step", Matter("ring-road", "Ring road"), by=CHIEF, basis=BASIS)
    return url


def test_no_is_1_with_every_reason(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", "ring-road", "--accept", "five-step@1", "--store", url]) == 1
    said = capsys.readouterr().out
    assert "not cleared" in said
    assert "the assessment is not finished: “screening”" in said
    assert main(["gate", "ring-road", "--accept", "five-step@1", "--store", url, "--lang", "zh"]) == 1
    assert "不予放行" in capsys.readouterr().out


def test_json_is_the_answer(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", "ring-road", "--accept", "five-step", "--store", url, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["cleared"] is False
    assert [reason["kind"] for reason in answer["reasons"]] == ["unfinished"]
    assert [ground["state"] for ground in answer["grounds"]] == ["screening"]


def test_an_attempt_is_put_on_record(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    who = ["--attempt-by", "o-9", "--body", "works", "--basis", "site visit"]
    asked = ["gate", "ring-road", "--accept", "five-step@1", "--store", url]
    assert main([*asked, *who, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["attempt"]["header"]["actor"] == "o-9"
    assert main(asked) == 1
    assert "o-9 (works); site visit" in capsys.readouterr().out
    assert main([*asked, *who[:2]]) == 2
    assert "--attempt-by" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["gate", "ring-road", "--accept", "five-step@1", "--store", "sqlite:///nowhere.db"],
        ["gate", "ring-road"],
        ["gate", "ring road", "--accept", "five-step@1"],
        ["gate", "ring-road", "--accept", "five step"],
    ],
)
def test_what_cannot_be_answered_is_not_1(url: str, arguments: list[str]) -> None:
    assert main(arguments if "--store" in arguments else [*arguments, "--store", url]) == 2
