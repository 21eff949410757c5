"""`stabflow history --plugins`: which plugins failed, in words and in JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
import worlds
from worlds import BASIS, CHAIR

from stabflow import Blocker, Case, Matter, Plugin, Record, Refused, hookimpl
from stabflow.cli import main
from stabflow.ports.hooks import Command


class Broken(Plugin):
    @hookimpl
    def stabflow_check_command(self, case: Case | None, command: Command, now: datetime) -> Blocker | None:
        if getattr(command, "trigger", "") == "restart":
            raise LookupError("secret")
        return None

    @hookimpl
    def stabflow_recorded(self, case: Case, records: Sequence[Record]) -> None:
        if case.version == 1:
            raise OSError("secret")


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    with worlds.engine_on(url, plugins=[Broken()]) as engine:
        worlds.opened(worlds.constituted(engine))
        other = worlds.opened(engine, Matter("road-2", "Road"))
        with pytest.raises(Refused):
            other.fire("restart", by=CHAIR, basis=BASIS)
    return url


def test_failures_are_printed(url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["history", "--plugins", "--store", url]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("OSError") == 2
    assert said.count("LookupError") == 1
    assert "the act stands" in said
    assert "secret" not in said
    assert main(["history", "small-bridge-1-1", "--plugins", "--store", url, "--lang", "zh"]) == 0
    said = capsys.readouterr().out
    assert "LookupError" not in said
    assert "办理有效" in "".join(said.split())
    assert main(["history", "small-road-2-1", "--plugins", "--store", url, "--json"]) == 0
    events = [one["event"] for one in json.loads(capsys.readouterr().out)["failures"]]
    assert [(one["error"], one["version"]) for one in events] == [("OSError", 1), ("LookupError", 3)]


def test_where_none_failed_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with worlds.engine_on(url) as engine:
        worlds.constituted(engine)
    assert main(["history", "--plugins", "--store", url]) == 0
    assert "no plugin has failed" in capsys.readouterr().out
    assert main(["history", "--plugins", "--store", url, "--lang", "zh"]) == 0
    assert "没有插件失败的记录" in capsys.readouterr().out
    assert main(["history", "nothing", "--plugins", "--store", url]) == 2
    assert main(["history", "--store", url]) == 2
    assert "CASE" in capsys.readouterr().err
