from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from stabflow_chat import plugin
from stabflow_chat.notifier import ChatNotifier
from stabflow_chat.services import DEFAULT
from stabflow_chat.testing import Answer, ChatServer

from stabflow import InvalidInput
from stabflow.plugins import equip
from stabflow.ports.notifier import Delivered, Message, Rejected, Secret

Make = Callable[..., Message]
CHANNEL = ChatNotifier.from_url("chat:", {})


def test_the_plugin_brings_the_scheme() -> None:
    (scheme,) = plugin.stabflow_notifiers()
    channel = scheme.open("chat:", {})
    assert scheme.scheme == "chat"
    assert isinstance(channel, ChatNotifier)
    assert channel.allowed == DEFAULT
    assert (plugin.contract, channel.contract, channel.deduplicates) == (1, 1, False)


def test_stabflow_finds_it_by_the_scheme(server: ChatServer, message: Make) -> None:
    channel = equip(channels=["chat:?allow=json"]).open_notifier("chat:?allow=json")
    assert channel.send(message(to=server.address), within=5) == Delivered("JSON: HTTP 200")
    with pytest.raises(InvalidInput, match="NOMATCH"):
        channel.check_address("foo://geheim")


@pytest.mark.parametrize("url", ["chat:", "chat://", "chat:?allow=slack,wecombot", "chat://?allow=json"])
def test_a_url(url: str) -> None:
    assert ChatNotifier.from_url(url, {}).allowed == (
        tuple(url.partition("=")[2].split(",")) if "=" in url else DEFAULT
    )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("chat:slack", "more in it than allow="),
        ("chat://geheim", "more in it than allow="),
        ("chat:?geheim=1", "more in it than allow="),
        ("chat:?allow=slak", "'slak', which apprise does not know"),
        ("chat:?allow=", "something that apprise does not know"),
        ("chat:?allow=slack,", "something that apprise does not know"),
        ("chat:?allow=slack&allow=json", "something that apprise does not know"),
        ("chat:?allow=file", "'file', which apprise does not know"),
        ("chat:?allow=exec", "'exec', which apprise does not know"),
        ("chat:?allow=syslog", "whose answers cannot be seen"),
        ("chat:?allow=dbus", "whose answers cannot be seen"),
        ("chat:?allow=glib", "whose answers cannot be seen"),
        ("chat:?allow=gnome", "whose answers cannot be seen"),
        ("chat:?allow=macosx", "whose answers cannot be seen"),
        ("chat:?allow=windows", "whose answers cannot be seen"),
        ("chat:?allow=blink1", "whose answers cannot be seen"),
        ("chat:?allow=mailto", "whose answers cannot be seen"),
        ("chat:?allow=mqtt", "whose answers cannot be seen"),
        ("chat:?allow=xmpp", "whose answers cannot be seen"),
        ("chat:?allow=irc", "whose answers cannot be seen"),
    ],
)
def test_what_is_wrong_with_a_url(url: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        ChatNotifier.from_url(url, {})
    assert "geheim" not in str(caught.value)
    assert caught.value.faults[0].cure


def test_a_channel_has_no_secrets() -> None:
    with pytest.raises(InvalidInput, match="no such secret"):
        ChatNotifier.from_url("chat:", {"token": (Secret("geheim"),)})


@pytest.mark.parametrize(
    "address",
    [
        "wecombot://693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa",
        "dingtalk://a6e5b9a5c4d3/",
        "dingtalk://secret123@a6e5b9a5c4d3/",
        "feishu://2c3e9b1d-xxxx",
        "lark://2c3e9b1d-xxxx",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "mmosts://chat.example.org/3ccdd113474722377935511fc85d3dd4",
    ],
)
def test_an_address(address: str) -> None:
    CHANNEL.check_address(address)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "NOMATCH"),
        ("geheim", "NOMATCH"),
        ("geheim@example.org", "NOMATCH"),
        ("foo://geheim", "NOMATCH"),
        ("file:///etc/geheim", "NOMATCH"),
        ("exec://geheim", "NOMATCH"),
        ("https://example.org/geheim", "NOMATCH"),
        ("wecombot://geheim\r\nHost: x", "NOMATCH"),
        ("syslog://geheim", "is of syslog, which this channel does not allow"),
        ("dbus://geheim", "is of dbus, which this channel does not allow"),
        ("mailto://geheim:pw@example.org", "is of mailto, which this channel does not allow"),
        ("json://127.0.0.1/geheim", "is of json, which this channel does not allow"),
        ("mmost://chat.example.org/3ccdd113474722377935511fc85d3dd4", "is of mmost, which this channel does not allow"),
        ("tgram://123456789:geheim/12315544/", "is of tgram, which this channel does not allow"),
        ("wecombot://", "NOMATCH|not complete"),
        ("wecombot://geheim%21", "not complete or not right"),
        ("slack://geheim", "not complete or not right"),
        ("dingtalk://geheim/?verify=no", "leaves certificates unchecked"),
        ("dingtalk://geheim/?format=markdown", "has format="),
        ("dingtalk://geheim/?overflow=split", "has format="),
        ("dingtalk://geheim/?retry=5", "has format="),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#geheim/#b", "several targets"),
        ("dingtalk://geheim/13800138000/13900139000", "several targets"),
    ],
)
def test_what_is_none(address: str, said: str, message: Make) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        CHANNEL.check_address(address)
    (fault,) = caught.value.faults
    assert fault.path == "address"
    assert fault.cure
    assert caught.value.__cause__ is None
    assert "geheim" not in str(caught.value)
    became = CHANNEL.send(message(to=address), within=5)
    assert became == Rejected(f"the address: {fault.problem}")


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that anybody logs, at every level."""
    caplog.set_level(1)
    for name in ("apprise", "urllib3", "urllib3.connectionpool", "requests"):
        caplog.set_level(1, logger=name)
    return lambda: "\n".join(f"{one.name} {one.getMessage()}" for one in caplog.records)


@pytest.mark.parametrize("status", [200, 404, 429, 500, 0])
def test_no_log_has_an_address(
    server: ChatServer, robots: dict[str, str], message: Make, heard: Callable[[], str], status: int
) -> None:
    for address in robots.values():
        server.answers = [Answer(status, b"geheim")]
        CHANNEL.send(message(to=address), within=5)
        CHANNEL.check_address(address)
    assert len(server.asked) == len(robots)
    assert "geheim" not in heard()
    assert "five-step-1" not in heard()


def test_no_log_has_what_is_wrong(heard: Callable[[], str]) -> None:
    CHANNEL.check_address("dingtalk://abc/geheim?rto=geheim")  # of which apprise drops something with a warning
    for address in ("wecombot://geheim%21", "foo://geheim", "slack://geheim"):
        with pytest.raises(InvalidInput):
            CHANNEL.check_address(address)
    assert "geheim" not in heard()


def test_the_same_is_heard_without_us(server: ChatServer, robots: dict[str, str], heard: Callable[[], str]) -> None:
    """What is silenced would be heard; and what others log, still is."""
    import apprise

    CHANNEL.check_address(robots["wecombot"])
    service = apprise.Apprise.instantiate(robots["wecombot"])
    assert service is not None
    service.notify(body="x")
    assert "geheim" in heard()
    logging.getLogger("urllib3.connectionpool").debug("of somebody else")
    assert "of somebody else" in heard()
