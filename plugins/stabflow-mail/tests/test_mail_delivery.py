"""Notices of an engine, through a directory, to a real server."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import worlds
from posts import Town
from stabflow_mail.testing import MailServer

from stabflow import Engine
from stabflow.testing import engine_over

DIRECTORY = """
format = 1

[channels.mail]
url = "{url}&user=notices"
secrets.password = {{ env = "MAIL_PASSWORD" }}

[bodies.office]
channels = ["mail"]
language = "zh"
mail = "评估三处 <unit-3@transport.example.org>"
"""


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def opened(town: Town, tmp_path: Path, server: MailServer) -> Engine:
    file = tmp_path / "office.toml"
    file.write_text(DIRECTORY.format(url=server.url(**{"from": "稳评办 <notices@example.org>"})), encoding="utf-8")
    return engine_over(town.store, procedures=[worlds.small()], clock=town.clock, directory=file)


def test_a_notice_reaches_the_office_in_the_end(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "geheim")
    with MailServer(users={"notices": "geheim"}) as server:
        engine = opened(town, tmp_path, server)
        town.notify()
        server.answers["DATA"] = ["451 4.3.0 not now, unit-3@transport.example.org"]
        engine.deliver()
        assert server.taken == []
        town.later(hours=2)
        engine.deliver()
        (taken,) = server.taken
        assert list(taken.recipients) == ["unit-3@transport.example.org"]
        mail = message_from_bytes(taken.content, policy=default)
        assert mail["Subject"] == "即将到期"
        assert mail["To"] == "评估三处 <unit-3@transport.example.org>"
        body = mail.get_body()
        assert body is not None
        assert body.get_content().startswith("第1号。")
        (despatch,) = engine.outbox.despatches(town.case.id)
        assert "transport" not in repr(despatch)
        assert "geheim" not in repr(despatch)


def test_what_is_rejected_is_put_away_with_its_reason(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "geheim")
    with MailServer(users={"notices": "geheim"}) as server:
        engine = opened(town, tmp_path, server)
        town.notify()
        server.always["RCPT"] = "550 5.1.1 <unit-3@transport.example.org>: unknown"
        engine.deliver()
        said = repr(engine.outbox.despatches(town.case.id)) + repr([*engine.outbox.dead_letters()])
        assert "RCPT 550 5.1.1: there is no such mailbox" in said
        assert "transport.example.org" not in said
