"""Receivers that hang, drip, break off or have no end, certificates that do not hold, and names that lead elsewhere."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stabflow_webhook import WebhookNotifier, exchange
from stabflow_webhook.attempt import Deadline, Ended
from stabflow_webhook.lookup import Lookups
from stabflow_webhook.testing import Receiver, response

from stabflow.ports.notifier import Delivered, Message, Rejected, Retry

Receive = Callable[..., Receiver]
Channel = Callable[..., WebhookNotifier]
Messages = Callable[..., Message]

PATH = "/s3cret?said-so"
HEAD = b"HTTP/1.1 200 Fine said-so\r\nContent-Length: 1073741824\r\n"
NOT_IN_TIME = Retry("the receiver did not answer in time", maybe_sent=True)


TRUSTED = "webhook:?allow=hooks.example,127.0.0.1,localhost&ca={}"


@pytest.fixture
def authority(request: pytest.FixtureRequest) -> str:
    return str(request.path.parent / "tls" / "authority.crt")


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is done inside takes no longer, on however busy a machine: each bound stands well above what was asked."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def drip(link: socket.socket, over: threading.Event, once: bytes, ever: bytes) -> None:
    """Sends something, and then a byte at a time, for as long as somebody reads."""
    link.sendall(once)
    for byte in itertools.cycle(ever):
        link.sendall(bytes([byte]))
        if over.wait(0.005):
            return


# Time


@pytest.mark.slow
@pytest.mark.parametrize(
    ("once", "ever"),
    [(b"", b"HTTP/1.1 200 OK"), (HEAD, b"X: said-so\r\n"), (HEAD, b"x"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n")],
    ids=["status", "headers", "one header", "provisional"],
)
def test_an_answer_that_drips(receive: Receive, channel: Channel, message: Messages, once: bytes, ever: bytes) -> None:
    receiver: Receiver = receive(lambda link: drip(link, receiver.over, once, ever))
    with within(3):
        result = channel().send(message(receiver.address(path=PATH)), within=0.5)
    assert result == NOT_IN_TIME


def test_an_answer_that_never_comes(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver: Receiver = receive(lambda link: receiver.over.wait(10))
    with within(3):
        assert channel().send(message(receiver.address(path=PATH)), within=0.19) == NOT_IN_TIME


@pytest.mark.slow
def test_a_body_that_drips_takes_half_a_second(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver: Receiver = receive(lambda link: drip(link, receiver.over, HEAD + b"\r\n", b"said-so"))
    with within(5):
        assert channel().send(message(receiver.address(path=PATH)), within=60) == Delivered("HTTP 200")


@pytest.mark.slow
def test_a_body_that_drips_takes_no_more_than_there_is(
    receive: Receive, channel: Channel, message: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "BODY_SECONDS", 60.0)
    receiver: Receiver = receive(lambda link: drip(link, receiver.over, HEAD + b"\r\n", b"said-so"))
    with within(4):
        assert channel().send(message(receiver.address(path=PATH)), within=1) == Delivered("HTTP 200")


def test_no_time_at_all(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive("200 OK")
    for host in ("127.0.0.1", "localhost"):
        result = channel().send(message(receiver.address(host, PATH)), within=0)
        assert result == Retry("the receiver was not reached in time")
    assert receiver.connections == 0


@pytest.mark.parametrize("ever", [b"", b"\x00"], ids=["never", "drips"])
def test_tls_that_is_not_agreed_on_in_time(channel: Channel, message: Messages, authority: str, ever: bytes) -> None:
    over, greeted = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link, contextlib.suppress(OSError):
                link.recv(1000)
                greeted.set()
                if ever:
                    drip(link, over, b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0", ever)  # a greeting of 16 KB begins
                else:
                    over.wait(10)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with within(3):
            notifier = channel(TRUSTED.format(authority))
            result = notifier.send(message(f"https://127.0.0.1:{server.getsockname()[1]}{PATH}"), within=0.15)
        assert greeted.wait(5)
        over.set()
        thread.join(10)
    assert result == Retry("the receiver was not reached in time")


@contextlib.contextmanager
def deaf(port: int) -> Iterator[str]:
    """An address at which nobody answers a connection."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.7", port), backlog=0))
        for _ in range(4):  # until the queue is full, and the next is not answered
            link = stack.enter_context(socket.socket())
            link.setblocking(False)
            link.connect_ex(server.getsockname())
        yield "127.0.0.7"


@pytest.mark.slow
def test_of_two_addresses_one_takes_no_connection(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive("200 OK")
    address = receiver.address("hooks.example", PATH)
    with deaf(receiver.port) as nobody:
        both = channel(resolve=lambda name, port: [nobody, "127.0.0.1"])
        with within(6):
            assert both.send(message(address), within=2) == Delivered("HTTP 200")
            one = channel(resolve=lambda name, port: [nobody])
            assert one.send(message(address), within=0.1) == Retry("the receiver was not reached in time")


def test_of_several_addresses_some_refuse(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive("200 OK")
    address = receiver.address("hooks.example", PATH)
    refusing = channel(resolve=lambda name, port: [*(["127.0.0.8"] * 3), "127.0.0.1"])
    assert refusing.send(message(address), within=5) == Delivered("HTTP 200")
    many = channel(resolve=lambda name, port: [*(["127.0.0.8"] * 4), "127.0.0.1"])
    assert many.send(message(address), within=5) == Retry("nothing listens where the receiver should")


class Reluctant:
    """A connection that notes how long it may take for each byte that it brings."""

    def __init__(self, brings: bytes) -> None:
        self.rest = brings
        self.patience: list[float] = []

    def settimeout(self, seconds: float) -> None:
        self.patience.append(seconds)

    def recv_into(self, into: memoryview) -> int:
        into[:1], self.rest = self.rest[:1], self.rest[1:]
        return 1


def test_every_read_has_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    link = Reluctant(b"HTTP/1.1 204 No\n\n")
    assert exchange.read_answer(link, Deadline(100)) == (204, None)  # type: ignore[arg-type]
    assert link.patience[:17] == list(range(99, 82, -1))
    with pytest.raises(TimeoutError):
        exchange.read_answer(Reluctant(b"HTTP/1.1 204 No\n\n"), Deadline(10))  # type: ignore[arg-type]


# Size


@pytest.mark.parametrize(
    ("once", "ever"),
    [(HEAD, b"X: said-so\r\n" * 1000), (HEAD, b"x" * 10_000), (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 400)],
    ids=["headers", "one header", "provisional"],
)
def test_a_head_without_end(receive: Receive, channel: Channel, message: Messages, once: bytes, ever: bytes) -> None:
    def answer(link: socket.socket) -> None:
        link.sendall(once)
        while True:
            link.sendall(ever)

    receiver = receive(answer)
    result = channel().send(message(receiver.address(path=PATH)), within=30)
    assert result == Retry("the receiver's answer has no end", maybe_sent=True)


def test_a_body_of_a_gigabyte_is_not_read(receive: Receive, channel: Channel, message: Messages) -> None:
    sent = 0

    def answer(link: socket.socket) -> None:
        nonlocal sent
        link.sendall(HEAD + b"\r\n")
        block = b"said-so." * 8192
        while sent < 2**30:
            sent += link.send(block)

    receiver = receive(answer)
    result = channel().send(message(receiver.address(path=PATH)), within=30)
    receiver.close()
    assert result == Delivered("HTTP 200")
    assert sent < 64 * 2**20  # what lies in the buffers of the system


# What breaks


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "the receiver answered with something that is not HTTP"),
        (b"\x16\x03\x01said-so", "the receiver answered with something that is not HTTP"),
        (b"HTTP/2 200\r\n\r\n", "the receiver answered with something that is not HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "the receiver answered with something that is not HTTP"),
        (b"HTTP/1.1 099 OK\r\n\r\n", "the receiver answered with something that is not HTTP"),
        (b"HTTP/1.1 200OK\r\n\r\n", "the receiver answered with something that is not HTTP"),
        (b"HTTP/1.1 200 OK", "the receiver answered with something that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n", "the receiver broke off in its answer"),
        (b"HTTP/1.1 200 OK\r\nX: said-so", "the receiver broke off in its answer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "the receiver answered with something that is not HTTP"),
    ],
)
def test_what_is_no_answer(receive: Receive, channel: Channel, message: Messages, said: bytes, reason: str) -> None:
    receiver = receive(lambda link: link.sendall(said))
    result = channel().send(message(receiver.address(path=PATH)), within=5)
    assert result == Retry(reason, maybe_sent=True)


@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from([b"HTTP/1.1 200 ", b"\r\n", b"\n", b"Retry-After: 5", b"HTTP/1.1 100 "])
    )
)
@example([b"HTTP/1.1 200 \r\n\r\n"])
@example([b"HTTP/1.1 200\r\n\r\n"])
def test_whatever_comes_is_an_answer_or_is_none(said: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(b"".join(said))
        try:
            status, _ = exchange.read_answer(ours, Deadline(5))
        except Ended:
            return
    assert 101 <= status <= 999


def test_a_connection_that_is_reset(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive(lambda link: link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"))
    result = channel().send(message(receiver.address(path=PATH)), within=5)
    assert result == Retry("the connection broke before there was an answer", maybe_sent=True)


def test_nobody_listens(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive("200 OK")
    receiver.close()
    for host in ("127.0.0.1", "localhost"):
        result = channel().send(message(receiver.address(host, PATH)), within=5)
        assert result == Retry("nothing listens where the receiver should")


def test_an_answer_before_all_was_heard(channel: Channel, message: Messages) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link:
                link.recv(1024)
                link.sendall(b"HTTP/1.1 413 Too much said-so\r\n\r\n")  # and hears no more of it

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        large = message(f"http://127.0.0.1:{server.getsockname()[1]}{PATH}", text="长" * 2_000_000)
        result = channel().send(large, within=30)
        thread.join(10)
    assert result == Rejected("HTTP 413: the receiver does not take such a message")


# Certificates


def test_a_certificate_that_holds(receive: Receive, channel: Channel, message: Messages, authority: str) -> None:
    receiver = receive("200 OK", certificate="server.pem")
    notifier = channel(TRUSTED.format(authority), resolve=lambda name, port: ["127.0.0.1"])
    for host in ("hooks.example", "127.0.0.1"):
        assert notifier.send(message(receiver.address(host, PATH)), within=10) == Delivered("HTTP 200")


@pytest.mark.parametrize(
    ("certificate", "host", "trusted", "why"),
    [
        ("server.pem", "localhost", True, "is for another name"),
        ("server.pem", "127.0.0.7", True, "is for another address"),
        ("expired.pem", "hooks.example", True, "has run out"),
        ("server.pem", "hooks.example", False, "is of an authority that is not trusted here; ca= names another"),
    ],
)
def test_a_certificate_that_does_not_hold(
    receive: Receive,
    channel: Channel,
    message: Messages,
    authority: str,
    certificate: str,
    host: str,
    trusted: bool,
    why: str,
) -> None:
    receiver = receive("200 OK", certificate=certificate, host=host if host.startswith("127") else "127.0.0.1")
    url = "webhook:?allow=hooks.example,127.0.0.7,localhost" + (f"&ca={authority}" if trusted else "")
    notifier = channel(url, resolve=lambda name, port: ["127.0.0.1"])
    result = notifier.send(message(receiver.address(host, PATH)), within=10)
    assert result == Retry(f"the receiver's certificate {why}")
    assert receiver.requests == []


def test_no_tls_where_there_should_be(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive("200 OK")
    address = receiver.address(path=PATH).replace("http:", "https:")
    result = channel().send(message(address), within=5)
    assert isinstance(result, Retry)
    assert not result.maybe_sent


# Names


def test_a_name_is_looked_up_once_and_the_checked_address_is_connected_to(
    receive: Receive, channel: Channel, message: Messages
) -> None:
    first, other = receive("200 OK"), receive("200 OK", host="127.0.0.2")
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    notifier = channel(resolve=lambda name, port: next(answers))
    assert notifier.send(message(first.address("hooks.example", PATH)), within=5) == Delivered("HTTP 200")
    assert (first.connections, other.connections, next(answers)) == (1, 0, ["127.0.0.2"])
    assert first.requests[0].headers["host"] == f"hooks.example:{first.port}"


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["169.254.169.254"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%lo"],
    ],
)
def test_a_name_that_leads_inside(
    channel: Channel, message: Messages, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "connect", None)
    notifier = channel("webhook:?allow=other.example", resolve=lambda name, port: found)
    result = notifier.send(message(f"https://hooks.example:8443{PATH}"), within=5)
    assert isinstance(result, Rejected)
    assert result.reason.startswith("the name leads inside")
    assert not result.gone


def test_a_name_that_changes_between_two_attempts(
    channel: Channel, message: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def connect(addresses: list[str], *_: object) -> socket.socket:
        tried.extend(addresses)
        raise Ended("no matter")

    monkeypatch.setattr(exchange, "connect", connect)
    answers = iter([["8.8.8.8", "2606:4700::1111"], ["10.0.0.1"]])
    notifier = channel("webhook:", resolve=lambda name, port: next(answers))
    to = message(f"https://hooks.example{PATH}")
    assert notifier.send(to, within=5) == Retry("no matter")
    assert isinstance(notifier.send(to, within=5), Rejected)
    assert tried == ["8.8.8.8", "2606:4700::1111"]


@pytest.mark.parametrize("found", [["0.0.0.0"], ["127.0.0.1", "::"], ["224.0.0.1"], ["::ffff:0.0.0.0"], ["s3cret"]])
def test_a_name_that_leads_nowhere_though_it_is_allowed(channel: Channel, message: Messages, found: list[str]) -> None:
    notifier = channel(resolve=lambda name, port: found)
    result = notifier.send(message(f"http://hooks.example{PATH}"), within=5)
    assert result == Rejected("the name leads to an address that is no single machine")


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "hooks. s3cret"), UnicodeError("hooks. s3cret"), OSError("s3cret"), None]
)
def test_a_name_that_nobody_knows(channel: Channel, message: Messages, error: Exception | None) -> None:
    def resolve(name: str, port: int) -> list[str]:
        if error:
            raise error
        return []

    result = channel(resolve=resolve).send(message(f"http://hooks.example{PATH}"), within=5)
    assert result == Retry("the name of the receiver could not be looked up")


def test_looking_up_that_hangs(channel: Channel, message: Messages) -> None:
    over, asked = threading.Event(), threading.Semaphore(0)

    def resolve(name: str, port: int) -> list[str]:
        asked.release()
        over.wait(10)
        return ["127.0.0.1"]

    notifier = channel(resolve=resolve)
    with within(5):
        for _ in range(18):
            result = notifier.send(message(f"http://hooks.example{PATH}"), within=0.005)
            assert result == Retry("the receiver was not reached in time")
    assert all(asked.acquire(timeout=5) for _ in range(16))
    assert not asked.acquire(blocking=False)
    over.set()


def test_whoever_has_looked_up_makes_room() -> None:
    lookups = Lookups(lambda name, port: ["127.0.0.1"] if port == 443 else [], at_once=2)
    for _ in range(5):
        assert lookups.addresses("hooks.example", 443, within=5) == ["127.0.0.1"]
        with pytest.raises(Ended):
            lookups.addresses("hooks.example", 444, within=5)


def test_the_system_looks_up(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive("200 OK")
    assert channel().send(message(receiver.address("localhost", PATH)), within=5) == Delivered("HTTP 200")


# Around it


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_no_proxy_of_the_environment(
    receive: Receive, channel: Channel, message: Messages, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    proxy, receiver = receive("200 OK"), receive("200 OK")
    monkeypatch.setenv(name, proxy.address())
    assert channel().send(message(receiver.address(path=PATH)), within=5) == Delivered("HTTP 200")
    assert (proxy.connections, receiver.connections) == (0, 1)


def test_several_threads_send_at_once(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive(response("200 OK"))
    notifier = channel()
    results: list[object] = []

    def send(number: int) -> None:
        results.append(notifier.send(message(receiver.address(path=PATH), id=f"message-{number}"), within=10))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert results == [Delivered("HTTP 200")] * 8
    assert {one.headers["webhook-id"] for one in receiver.requests} == {f"message-{number}" for number in range(8)}


def test_a_closed_channel(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive("200 OK")
    notifier = channel()
    notifier.close()
    notifier.close()
    assert notifier.send(message(receiver.address(path=PATH)), within=5) == Retry("the channel is closed here")
    assert receiver.connections == 0
