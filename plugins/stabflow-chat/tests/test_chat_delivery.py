"""Notices of an engine, through a directory, to a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import worlds
from posts import Town
from stabflow_chat.testing import Answer, ChatServer

from stabflow.testing import engine_over

DIRECTORY = """
format = 1

[channels.robot]
url = "chat:?allow=json"

[channels.record]
url = "file:{file}"

[bodies.office]
channels = ["robot", "record"]
language = "zh"
robot = {{ env = "OFFICE_ROBOT" }}
record = "office"
"""


def test_a_robot_that_is_gone_and_what_comes_after_it(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = Town(tmp_path)
    monkeypatch.setenv("OFFICE_ROBOT", server.address)
    file, lines = tmp_path / "office.toml", tmp_path / "notices.jsonl"
    file.write_text(DIRECTORY.format(file=lines), encoding="utf-8")
    engine = engine_over(town.store, procedures=[worlds.small()], clock=town.clock, directory=file)
    town.notify()
    engine.deliver()
    assert json.loads(server.asked[0].body)["title"] == "即将到期"
    assert json.loads(server.asked[0].body)["message"].startswith("第1号。")
    assert not lines.exists()

    server.always = Answer(410, b"geheim-token is no more")
    for _ in range(2):
        town.notify()
        engine.deliver()
    assert len(server.asked) == 2, "an address that is gone is asked no more"
    assert [json.loads(line)["subject"] for line in lines.read_text("utf-8").splitlines()] == ["即将到期"] * 2
    said = repr(engine.outbox.despatches(town.case.id))
    assert "JSON: HTTP 410: the address is no more" in said
    assert "geheim" not in said
    assert "127.0.0.1" not in said
