"""What real services of apprise make of what a server on this machine answers."""

from __future__ import annotations

import gzip
import json
import threading
import time
import tracemalloc
from collections.abc import Callable

import apprise
import pytest
import requests
from stabflow_chat.answers import result
from stabflow_chat.exchange import Exchange
from stabflow_chat.notifier import ChatNotifier
from stabflow_chat.testing import Answer, ChatServer

from stabflow.ports.notifier import Delivered, Message, Rejected, Result, Retry

Make = Callable[..., Message]
CHANNEL = ChatNotifier.from_url("chat:", {})
WITH_JSON = ChatNotifier.from_url("chat:?allow=json", {})


def said(**parts: object) -> bytes:
    return json.dumps(parts).encode()


def test_a_message_in_each_service(server: ChatServer, robots: dict[str, str], message: Make) -> None:
    for name, address in robots.items():
        server.answers = [Answer(body=b"ok" if name == "slack" else said(errcode=0, code=0, errmsg="ok"))]
        became = CHANNEL.send(message(to=address), within=5)
        assert isinstance(became, Delivered), (name, became)
        assert became.detail.endswith(": HTTP 200")
        asked = server.asked.pop()
        assert server.asked == []
        assert "geheim" in asked.path
        written = json.dumps(json.loads(asked.body), ensure_ascii=False)
        assert "三个工作日后到期" in written
        assert "案件 five-step-1 的报告尚未提交。" in written


@pytest.mark.parametrize(
    ("name", "body", "became"),
    [
        (
            "wecombot",
            said(errcode=93000, errmsg="invalid webhook url geheim"),
            Rejected("WeCom Bot: errcode 93000: it knows no such robot", gone=True),
        ),
        (
            "wecombot",
            said(errcode=45009, errmsg="api freq out of limit"),
            Retry("WeCom Bot: errcode 45009: it takes no more messages at present"),
        ),
        ("wecombot", said(errcode=-1, errmsg="system busy"), Retry("WeCom Bot: errcode -1: it is busy")),
        ("wecombot", said(errcode=40058, errmsg="geheim"), Retry("WeCom Bot: errcode 40058: it did not take it")),
        (
            "dingtalk",
            said(errcode=300001, errmsg="token is not exist"),
            Rejected("DingTalk: errcode 300001: it knows no such robot", gone=True),
        ),
        (
            "dingtalk",
            said(errcode=130101, errmsg="send too fast, exceed 20 times per minute"),
            Retry("DingTalk: errcode 130101: it takes no more messages at present"),
        ),
        (
            "dingtalk",
            said(errcode=310000, errmsg="keywords not in content"),
            Rejected(
                "DingTalk: errcode 310000: the robot's settings (keyword, signature or allowed addresses) do not admit it"
            ),
        ),
        (
            "feishu",
            said(code=19024, msg="Key Words Not Found"),
            Rejected(
                "Feishu: code 19024: the robot's settings (keyword, signature or allowed addresses) do not admit it"
            ),
        ),
        ("feishu", said(code=9499, msg="Bad Request"), Retry("Feishu: code 9499: it did not take it")),
        ("slack", said(ok=False, error="channel_not_found"), Rejected("Slack: channel_not_found")),
        ("slack", said(ok=False, error="geheim"), Retry("Slack did not take it")),
    ],
)
def test_a_no_that_looks_like_a_yes(
    server: ChatServer, robots: dict[str, str], message: Make, name: str, body: bytes, became: Result
) -> None:
    """All of these are HTTP 200."""
    server.answers = [Answer(body=body)]
    assert CHANNEL.send(message(to=robots[name]), within=5) == became


def test_apprise_alone_takes_it_for_a_yes(server: ChatServer, robots: dict[str, str]) -> None:
    """If this fails, apprise reads the answer itself, and less is left to do here."""
    server.answers = [Answer(body=said(errcode=93000)), Answer(body=said(errcode=310000))]
    for name in ("wecombot", "dingtalk"):
        service = apprise.Apprise.instantiate(robots[name])
        assert service is not None
        assert service.notify(body="x")


@pytest.mark.parametrize(
    ("answer", "became"),
    [
        (Answer(200), Delivered("JSON: HTTP 200")),
        (
            Answer(200, headers={"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}),
            Delivered("JSON: HTTP 200"),
        ),
        (Answer(202), Delivered("JSON: HTTP 202")),
        (Answer(204), Delivered("JSON: HTTP 204")),
        (Answer(200, b'{"ok": true, "code": 0}'), Delivered("JSON: HTTP 200")),
        (Answer(200, b"[" * 60_000), Delivered("JSON: HTTP 200")),
        (Answer(200, b"7"), Delivered("JSON: HTTP 200")),
        (Answer(400, b"geheim"), Rejected("JSON: HTTP 400: it does not take this message")),
        (Answer(401), Rejected("JSON: HTTP 401: it does not take this address, or what is secret in it")),
        (Answer(403), Rejected("JSON: HTTP 403: it does not take this address, or what is secret in it")),
        (Answer(404), Rejected("JSON: HTTP 404: it knows no such address")),
        (Answer(410), Rejected("JSON: HTTP 410: the address is no more", gone=True)),
        (Answer(413), Rejected("JSON: HTTP 413: the message is too large for it")),
        (Answer(418), Rejected("JSON: HTTP 418: it does not take it")),
        (Answer(408), Retry("JSON: HTTP 408: it does not take it")),
        (
            Answer(429, headers={"Retry-After": "17"}),
            Retry("JSON: HTTP 429: it takes no more messages at present", after=17.0),
        ),
        (Answer(429, headers={"Retry-After": "soon"}), Retry("JSON: HTTP 429: it takes no more messages at present")),
        (Answer(429, headers={"Retry-After": "-5"}), Retry("JSON: HTTP 429: it takes no more messages at present")),
        (
            Answer(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
            Retry("JSON: HTTP 503: it cannot take it at present", after=0.0),
        ),
        (
            Answer(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 -0000"}),
            Retry("JSON: HTTP 503: it cannot take it at present"),
        ),
        (
            Answer(200, b"x" * 9_000, headers={"Content-Length": "20000"}),
            Retry("JSON: HTTP 200, and the answer broke off", maybe_sent=True),
        ),
        (Answer(500), Retry("JSON: HTTP 500: it cannot take it at present", maybe_sent=True)),
        (Answer(504), Retry("JSON: HTTP 504: it cannot take it at present", maybe_sent=True)),
        (Answer(0), Retry("JSON: the connection broke off", maybe_sent=True)),
        (
            Answer(200, b"half", headers={"Content-Length": "9"}),
            Retry("JSON: HTTP 200, and the answer broke off", maybe_sent=True),
        ),
        (
            Answer(200, b"no gzip", headers={"Content-Encoding": "gzip"}),
            Retry("JSON: HTTP 200, and the answer broke off", maybe_sent=True),
        ),
    ],
)
def test_an_answer(server: ChatServer, message: Make, answer: Answer, became: Result) -> None:
    server.answers = [answer]
    assert WITH_JSON.send(message(to=server.address), within=5) == became
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nothing_is_followed(server: ChatServer, message: Make, status: int) -> None:
    server.answers = [Answer(status, headers={"Location": f"http://127.0.0.1:{server.port}/elsewhere"})]
    became = WITH_JSON.send(message(to=server.address + "?redirect=yes"), within=5)
    assert became == Retry(f"JSON: HTTP {status}: it refers elsewhere, which is not followed")
    assert len(server.asked) == 1


def test_a_no_in_pieces_and_packed(server: ChatServer, robots: dict[str, str], message: Make) -> None:
    body = gzip.compress(said(errcode=93000))
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:9], body[9:])) + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
    server.answers = [Answer(raw=head + pieces)]
    assert CHANNEL.send(message(to=robots["wecombot"]), within=5) == Rejected(
        "WeCom Bot: errcode 93000: it knows no such robot", gone=True
    )


@pytest.mark.slow
def test_a_small_answer_that_becomes_large(server: ChatServer, message: Make) -> None:
    """A megabyte for each kilobyte: no more of it is unpacked than is looked at."""
    body = gzip.compress(b"x" * 40_000_000)
    server.answers = [Answer(200, body, headers={"Content-Encoding": "gzip"})]
    tracemalloc.start()
    became = WITH_JSON.send(message(to=server.address), within=5)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert became == Delivered("JSON: HTTP 200")
    assert most < 20_000_000


def test_an_answer_of_a_gigabyte(server: ChatServer, message: Make) -> None:
    """Only its beginning is read."""
    server.answers = [Answer(200, b"x" * 300_000, headers={"Content-Length": str(1 << 30)})]
    assert WITH_JSON.send(message(to=server.address), within=5) == Delivered("JSON: HTTP 200")


def test_nobody_is_there(message: Make) -> None:
    with ChatServer() as server:
        address = server.address
    assert WITH_JSON.send(message(to=address), within=5) == Retry("JSON cannot be reached")


def test_who_speaks_another_language(server: ChatServer, message: Make) -> None:
    channel = ChatNotifier.from_url("chat:?allow=jsons", {})
    became = channel.send(message(to=server.address.replace("json:", "jsons:")), within=5)
    assert became == Retry("JSON: its certificate does not show that it is the service")


def nobody_is_at_it() -> None:
    """What was given up ends soon, and does not wait for the other side."""
    ends = time.monotonic() + 4
    while any(thread.name == "stabflow-chat" for thread in threading.enumerate()):
        assert time.monotonic() < ends


@pytest.mark.slow
def test_a_server_that_is_slow(server: ChatServer, message: Make) -> None:
    server.answers = [Answer(after=20)]
    began = time.monotonic()
    became = WITH_JSON.send(message(to=server.address), within=0.5)
    assert time.monotonic() - began < 4
    assert became == Retry("JSON did not answer in time", maybe_sent=True)
    nobody_is_at_it()


@pytest.mark.slow
def test_an_answer_that_comes_letter_by_letter(server: ChatServer, message: Make) -> None:
    server.answers = [Answer(body=b"x" * 1000, between=0.05)]
    began = time.monotonic()
    became = WITH_JSON.send(message(to=server.address), within=0.5)
    assert time.monotonic() - began < 4
    assert isinstance(became, Retry)
    assert became.maybe_sent
    nobody_is_at_it()


@pytest.mark.slow
def test_threads_that_hang_are_counted(message: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that does not end whatever is done: nothing more is begun, until it does."""
    over = threading.Event()
    monkeypatch.setattr("apprise.plugins.custom_json.NotifyJSON.send", lambda *_, **__: over.wait(30))
    channel = ChatNotifier.from_url("chat:?allow=json", {})
    one = message(to="json://127.0.0.1:1/x")
    for _ in range(8):
        assert channel.send(one, within=0.05) == Retry("JSON did not answer in time")
    assert channel.send(one, within=0.05) == Retry("8 earlier messages have not come to an end")
    over.set()
    ends = time.monotonic() + 10
    while isinstance(channel.send(one, within=1), Retry):
        assert time.monotonic() < ends


def test_what_apprise_raises(server: ChatServer, message: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> bool:
        raise KeyError(server.address)

    monkeypatch.setattr("apprise.plugins.custom_json.NotifyJSON.send", broken)
    assert WITH_JSON.send(message(to=server.address), within=5) == Retry("JSON: apprise raised KeyError")


@pytest.mark.parametrize(("says", "became"), [(True, Delivered("JSON")), (False, None)])
def test_where_nothing_was_seen(
    message: Make, monkeypatch: pytest.MonkeyPatch, says: bool, became: Result | None
) -> None:
    monkeypatch.setattr("apprise.plugins.custom_json.NotifyJSON.send", lambda *_, **__: says)
    assert WITH_JSON.send(message(to="json://127.0.0.1/x"), within=5) == (
        became or Retry("JSON did not take it, and it is not known why")
    )


def test_a_service_that_is_asked_several_times() -> None:
    """Who signs in first, and out afterwards."""
    fine, refused, busy = Exchange(200, whole=True), Exchange(403, whole=True), Exchange(503, whole=True)
    assert result("X", True, [busy, fine]) == Delivered("X: HTTP 200")
    assert isinstance(result("X", False, [refused, fine]), Rejected)
    assert isinstance(result("X", False, [busy, fine]), Retry)
    assert result("X", False, [fine]) == Retry("X did not take it, and it is not known why", maybe_sent=True)


def test_a_text_that_is_too_long_for_a_robot(server: ChatServer, robots: dict[str, str], message: Make) -> None:
    """Counted in bytes, as the robot does; it is not cut."""
    subject = "到期"
    for text, fits in (("评" * 675, True), ("评" * 676, False), ("x" * 2026, True), ("x" * 2027, False)):
        became = CHANNEL.send(message(to=robots["wecombot"], subject=subject, text=text), within=5)
        if fits:
            assert isinstance(became, Delivered)
            content = json.loads(server.asked.pop().body)["text"]["content"]
            assert len(content.encode()) <= 2048
            assert text in content
        else:
            assert became == Rejected("the message is longer than the 2032 bytes that WeCom Bot takes")
    assert server.asked == []


@pytest.mark.parametrize("text", ["\ud800", "<!channel> & **x** [a](b)", "a\\nb :smile:", "\n  indented\n\n\tlast"])
def test_a_text_is_sent_as_it_is(server: ChatServer, message: Make, text: str) -> None:
    assert isinstance(WITH_JSON.send(message(to=server.address, text=text), within=5), Delivered)
    (asked,) = server.asked
    assert json.loads(asked.body)["message"] == text.replace("\ud800", "\ufffd")
    assert json.loads(asked.body)["title"] == "三个工作日后到期"


def test_next_to_nothing(server: ChatServer, message: Make) -> None:
    assert isinstance(WITH_JSON.send(message(to=server.address, text="\n"), within=5), Delivered)
    assert json.loads(server.asked.pop().body)["message"] == "三个工作日后到期"
    assert WITH_JSON.send(message(to=server.address, subject=" ", text=" \n"), within=5) == Rejected(
        "the message is empty"
    )
    assert server.asked == []


def test_no_markup_reaches_slack(server: ChatServer, robots: dict[str, str], message: Make) -> None:
    CHANNEL.send(message(to=robots["slack"], text="<!channel> *x* & y"), within=5)
    (asked,) = server.asked
    assert "<!channel>" not in asked.body.decode()
    assert "&lt;!channel&gt; *x* &amp; y" in asked.body.decode()
    assert '"mrkdwn": false' in asked.body.decode()


def test_a_closed_channel(server: ChatServer, message: Make) -> None:
    channel = ChatNotifier.from_url("chat:?allow=json", {})
    channel.close()
    channel.close()
    assert channel.send(message(to=server.address), within=5) == Retry("the channel is closed")
    assert server.asked == []


def test_several_threads_at_once(server: ChatServer, message: Make) -> None:
    became: list[Result] = []
    threads = [
        threading.Thread(
            target=lambda n=n: became.append(WITH_JSON.send(message(to=server.address, text=f"{n}"), within=5))
        )
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert became == [Delivered("JSON: HTTP 200")] * 20
    assert sorted(json.loads(one.body)["message"] for one in server.asked) == sorted(map(str, range(20)))


def test_who_else_uses_apprise_is_not_watched(server: ChatServer, message: Make) -> None:
    WITH_JSON.send(message(to=server.address), within=5)
    server.answers = [Answer(302, headers={"Location": f"http://127.0.0.1:{server.port}/elsewhere"})]
    service = apprise.Apprise.instantiate(server.address)
    assert service is not None
    service.notify(body="x")
    assert server.asked[-1].path == "/elsewhere"
    assert requests.post is not vars(apprise.plugins.custom_json)["requests"].post
    assert vars(apprise.plugins.custom_json)["requests"].codes is requests.codes
