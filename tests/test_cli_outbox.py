"""`stabflow deliver` and `stabflow outbox`: what they print in both languages and in JSON, and their exit statuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import worlds
from command_line import ROOT
from worlds import CHAIR, CLERK

import stabflow
from stabflow.cli import main
from stabflow.language import loads

NOTICES = """
[[notices]]
name = "late"
on = "due"
of = "*"
to = ["accountable", "chair"]
subject = { en = "Overdue: {state}", zh = "逾期：{state}" }
text = { en = "In case {case} it was due at {due}.", zh = "{case}已于{due}到期。" }
"""
CASE = "small-bridge-1-1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a store, in whose outbox two notices wait, and a directory that has a way for one of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    clock = worlds.FakeClock(datetime.now(UTC) - timedelta(days=40))
    with stabflow.open("sqlite:///stabflow.db", procedures=[loads(worlds.SMALL + NOTICES)], clock=clock) as engine:
        worlds.constituted(engine)
        worlds.opened(engine)
        clock.now = datetime.now(UTC) - timedelta(minutes=5)
        engine.tick(through=clock.now, by=CHAIR, basis="checked")
    directed(tmp_path)
    return tmp_path


def directed(folder: Path, *, channel: str = "file:", bodies: str = "office") -> None:
    """A directory by which the ``bodies`` are reached."""
    url = f"{channel}//{folder}/notices.jsonl" if channel == "file:" else channel
    entries = "".join(f'[bodies.{body}]\nchannels = ["list"]\nlist = "{body}"\n' for body in bodies.split())
    text = f'format = 1\n[channels.list]\nurl = "{url}"\n{entries}'
    (folder / "directory.toml").write_text(text, encoding="utf-8")


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    found = main(list(words))
    out, err = capsys.readouterr()
    assert found == status, err
    return out + err


def test_what_waits_is_shown_and_delivered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(capsys, "outbox")
    assert "clerk" in shown
    assert "Overdue: drafting" in shown
    assert "逾期：起草" in said(capsys, "outbox", "--lang", "zh")
    done = said(capsys, "deliver", "--directory", "directory.toml", status=1)
    assert "1 delivered, 1 given up" in done
    assert "the directory has no way to chair of the body 'council'" in done
    (line,) = (folder / "notices.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["facts"]["role"] == "clerk"
    assert said(capsys, "outbox").strip() == "nothing waits"


def test_what_was_given_up_is_shown_and_tried_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "deliver", "--directory", "directory.toml", status=1)
    (dead,) = json.loads(said(capsys, "outbox", "--dead", "--json"))
    assert (dead["role"], dead["body"], dead["channel"]) == ("chair", "council", "")
    page = said(capsys, "outbox", "--dead")
    assert str(dead["number"]) in page
    assert "no way" in page
    directed(folder, bodies="office council")
    assert "no such dead letter" in said(capsys, "outbox", "--retry", "999", status=1)
    assert said(capsys, "outbox", "--retry", str(dead["number"])).strip() == "to be tried again: 1"
    assert said(capsys, "deliver", "--directory", "directory.toml").strip() == "1 delivered"
    assert said(capsys, "outbox", "--dead", "--lang", "zh").strip() == "没有投递失败的通知"


def test_what_became_of_the_notices_of_a_case(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no notice was sent" in said(capsys, "outbox", "--case", CASE)
    said(capsys, "deliver", "--directory", "directory.toml", status=1)
    page = said(capsys, "outbox", "--case", CASE)
    assert "delivered" in page
    assert "clerk (office, list)" in page
    assert "given up" in page
    assert "已送达" in said(capsys, "outbox", "--case", CASE, "--lang", "zh")
    tags = [one["header"]["tag"] for one in json.loads(said(capsys, "outbox", "--case", CASE, "--json"))]
    assert tags == ["notice.delivered", "notice.given_up"] or tags == ["notice.given_up", "notice.delivered"]
    assert "did you mean" in said(capsys, "outbox", "--case", "small-bridge-1-2", status=2)


def test_nothing_due_is_not_nothing_waiting(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directed(folder, channel="log:?level=debug", bodies="office council")  # which nobody here takes
    failed = said(capsys, "deliver", "--directory", "directory.toml", status=3)
    assert "2 to be tried again" in failed
    assert "× list: " in failed
    assert "nothing was due; resting until the next try, or behind what rests: 2" in said(
        capsys, "deliver", "--directory", "directory.toml"
    )


def test_json_says_how_many_and_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "deliver", "--directory", "directory.toml", "--json", status=1))
    assert {name: found[name] for name in ("addressed", "delivered", "waiting", "given_up")} == {
        "addressed": 2,
        "delivered": 1,
        "waiting": 0,
        "given_up": 1,
    }
    assert list(found["reasons"].values()) == [1]


def test_the_settings_say_where_the_directory_is(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nothing says where notices go" in said(capsys, "deliver", status=2)
    directed(folder, bodies="office council")
    Path("stabflow.toml").write_text('directory = "directory.toml"\n', encoding="utf-8")
    assert said(capsys, "deliver").strip() == "2 delivered"
    Path("stabflow.toml").write_text("directory = 7\n", encoding="utf-8")
    assert "directory: is a number, not a path" in said(capsys, "deliver", status=2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("outbox", "--dead", "--retry", "1"), "ask for one at a time"),
        (("outbox", "--reopen", "list", "office"), "needs who says so"),
        (("outbox", "--by", "u-1"), "needs who says so"),
        (("deliver", "--directory", "none.toml"), "cannot be read"),
        (("deliver", "--directory", "directory.toml", "--watch", "--limit", "1"), "does not go with --watch"),
        (("deliver", "--directory", "directory.toml", "--store", "sqlite:///none.db"), "does not exist"),
    ],
)
def test_what_is_asked_wrongly_is_told(folder: Path, capsys: pytest.CaptureFixture[str], words: Any, told: str) -> None:
    assert told in said(capsys, *words, status=2)


def test_reopening_is_answered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("outbox", "--reopen", "list", "office", "--by", CLERK.id, "--body", "it", "--basis", "mended")
    assert "no such address" in said(capsys, *words, status=1)
    assert json.loads(said(capsys, *words, "--json", status=1)) == {"reopened": False}


def test_doctor_tells_what_waits_for_long_and_what_was_given_up(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def check() -> Any:
        found = json.loads(said(capsys, "doctor", "--json", status=1))
        return next((one for one in found["checks"] if one["check"] == "notices"), None)

    assert check()["health"] == "fine", "they wait for five minutes"
    assert check()["facts"]["waiting"] == 2
    said(capsys, "deliver", "--directory", "directory.toml", status=1)
    assert check()["health"] == "attend"
    assert "stabflow outbox --dead" in check()["cure"]


def test_it_watches_until_it_is_told_to_end(folder: Path) -> None:
    directed(folder, bodies="office council")
    command = [
        sys.executable,
        "-m",
        "stabflow",
        "deliver",
        "--watch",
        "--every",
        "0.1",
        "--directory",
        "directory.toml",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, encoding="utf-8") as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().strip() == "2 delivered"
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(timeout=30) == 0
