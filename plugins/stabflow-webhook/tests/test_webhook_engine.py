"""Notices of a case, delivered by webhook: what arrives, what stands on record, and what an address that is gone costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import standardwebhooks
from stabflow_webhook.testing import KEY, Receiver

import stabflow
from stabflow import Actor, Engine, Matter

Receive = Callable[..., Receiver]

PROCEDURE = """
[procedure]
format = 1
id = "to-and-fro"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "To and fro", zh = "往返" }
source = "tests"

[clauses]
"1" = {}

[roles]
chair = { title = { en = "chair", zh = "主席" }, clause = "1" }

[states]
here = { accountable = "chair", open_ended = true, title = { en = "here", zh = "此" }, clause = "1" }
there = { final = true, title = { en = "there", zh = "彼" }, clause = "1" }

[[transitions]]
trigger = "open"
dest = "here"
by = ["chair"]
clause = "1"

[[transitions]]
trigger = "go"
source = "here"
dest = "there"
by = ["chair"]
clause = "1"

[[notices]]
name = "gone"
on = "entered"
in = ["there"]
to = "chair"
subject = { en = "{matter_title} is {state}", zh = "{matter_title}：{state}" }
text = { en = "See {case}.", zh = "见{case}。" }
"""
DIRECTORY = """
format = 1

[channels.registry]
url = "webhook:?source=urn:office&allow=127.0.0.1"
secrets.signing = {{ env = "SIGNING" }}

[bodies.county]
channels = ["registry"]
language = "zh"
registry = {address}
"""
CHAIR = Actor("o-1", body="county")


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Receiver], Engine]:
    """Opens an engine whose notices go to a receiver."""
    monkeypatch.setenv("SIGNING", KEY)
    (tmp_path / "to-and-fro.toml").write_text(PROCEDURE, encoding="utf-8")

    def open_(receiver: Receiver) -> Engine:
        directory = tmp_path / "directory.toml"
        address = json.dumps(receiver.address(path="/s3cret"))
        directory.write_text(DIRECTORY.format(address=address), encoding="utf-8")
        engine = stabflow.open("memory:", procedures=[tmp_path / "to-and-fro.toml"], directory=directory)
        engine.constitute("to-and-fro", "chair", CHAIR, basis="order 1")
        return engine

    return open_


def told(engine: Engine) -> str:
    """All that is kept of whatever happened, and of what waits."""
    feed = "".join(repr(record) for record in engine.feed().records)
    return feed + repr(list(engine.outbox.waiting())) + repr(list(engine.outbox.dead_letters()))


def test_a_notice_arrives_signed(receive: Receive, opened: Callable[[Receiver], Engine]) -> None:
    receiver = receive("204 No Content")
    with opened(receiver) as engine:
        case = engine.open_case("to-and-fro", Matter("bridge", "桥"), by=CHAIR, basis="plan 3", unproved="allow")
        case.fire("go", by=CHAIR, basis="minutes 1")
        assert engine.deliver().delivered == 1
        assert engine.deliver().delivered == 0
        (request,) = receiver.requests
        event = standardwebhooks.Webhook(KEY).verify(request.body, request.headers)
        assert (event["type"], event["source"]) == ("org.stabflow.notice.gone", "urn:office")
        assert (event["subject"], event["data"]["subject"]) == (case.id, "桥：彼")
        assert event["data"]["facts"]["body"] == "county"
        assert "s3cret" not in told(engine)
        assert KEY not in told(engine)


def test_an_address_that_is_gone_is_used_no_more(receive: Receive, opened: Callable[[Receiver], Engine]) -> None:
    receiver = receive("410 Gone")
    with opened(receiver) as engine:
        for number in range(2):
            matter = Matter(f"bridge-{number}", "桥")
            case = engine.open_case("to-and-fro", matter, by=CHAIR, basis="plan 3", unproved="allow")
            case.fire("go", by=CHAIR, basis="minutes 1")
            assert engine.deliver().given_up == 1
        assert len(receiver.requests) == 1
        assert "registry" in told(engine)
        assert "s3cret" not in told(engine)
