"""What the tests of chats share: a message, a server on this machine, and services that are asked there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
import pytest
from stabflow_chat.testing import ChatServer

from stabflow.ports.notifier import Message

MESSAGE = Message(
    id="0f" * 16,
    to="",
    subject="三个工作日后到期",
    text="案件 five-step-1 的报告尚未提交。\n",
    language="zh",
    facts={"case": "five-step-1"},
    created_at="2026-11-23T08:00:00.000000Z",
)


@pytest.fixture
def message() -> Callable[..., Message]:
    """Makes a message; what is given stands in it."""

    def made(**parts: object) -> Message:
        return attrs.evolve(MESSAGE, **parts)

    return made


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as made:
        yield made


@pytest.fixture
def robots(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Addresses of the services whose host nobody can choose, which are asked on this machine instead."""
    from apprise.plugins.dingtalk import NotifyDingTalk
    from apprise.plugins.feishu import NotifyFeishu
    from apprise.plugins.slack import NotifySlack
    from apprise.plugins.wecombot import NotifyWeComBot

    here = f"http://127.0.0.1:{server.port}"
    monkeypatch.setattr(NotifyWeComBot, "notify_url", here + "/cgi-bin/webhook/send?key={key}")
    monkeypatch.setattr(NotifyDingTalk, "notify_url", here + "/robot/send?access_token={token}")
    monkeypatch.setattr(NotifyFeishu, "notify_url", here + "/open-apis/bot/v2/hook/{token}/")
    monkeypatch.setattr(NotifySlack, "webhook_url", here + "/services")
    return {
        "wecombot": "wecombot://geheim-693a91f6",
        "dingtalk": "dingtalk://geheim693a91f6/",
        "feishu": "feishu://geheim-693a91f6",
        "slack": "slack://T1JJ3T3L2/A1BRTD4JD/geheimkdnlazkcOXrIdevi7FQ/",
    }
