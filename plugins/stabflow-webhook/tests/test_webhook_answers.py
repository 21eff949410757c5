"""What an answer means, each from a server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stabflow_webhook import WebhookNotifier
from stabflow_webhook.answers import LONGEST_WAIT, result_of, seconds
from stabflow_webhook.testing import Receiver, response

from stabflow.ports.notifier import Delivered, Message, Rejected, Retry

Receive = Callable[..., Receiver]
Channel = Callable[..., WebhookNotifier]
Messages = Callable[..., Message]

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_taken(receive: Receive, channel: Channel, message: Messages, status: int) -> None:
    receiver = receive(f"{status} Fine")
    assert channel().send(message(receiver.address()), within=5) == Delivered(f"HTTP {status}")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_a_failure_and_not_followed(
    receive: Receive, channel: Channel, message: Messages, status: int
) -> None:
    elsewhere = receive("200 OK")
    receiver = receive(response(f"{status} Elsewhere", f"Location: {elsewhere.address()}"))
    result = channel().send(message(receiver.address()), within=5)
    assert type(result) is (Retry if status in (302, 307) else Rejected)
    assert "which is not followed" in result.reason
    assert not getattr(result, "gone", False)
    assert elsewhere.connections == 0


@pytest.mark.parametrize("status", [400, 405, 406, 411, 413, 414, 415, 422, 431, 501, 505])
def test_what_is_said_of_the_request_is_for_good(
    receive: Receive, channel: Channel, message: Messages, status: int
) -> None:
    receiver = receive(f"{status} No")
    result = channel().send(message(receiver.address()), within=5)
    assert result == Rejected(f"HTTP {status}: the receiver does not take such a message")


@pytest.mark.parametrize(
    "status", [401, 402, 403, 404, 407, 408, 409, 423, 425, 428, 429, 451, 500, 502, 503, 504, 599, 999]
)
def test_what_may_be_put_right_is_tried_again(
    receive: Receive, channel: Channel, message: Messages, status: int
) -> None:
    receiver = receive(response(f"{status} No", "Retry-After: 120"))
    result = channel().send(message(receiver.address()), within=5)
    assert isinstance(result, Retry)
    assert result.reason.startswith(f"HTTP {status}: ")
    assert (result.after, result.maybe_sent) == (120.0, status in (502, 504))


def test_gone_is_gone(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive(response("410 Gone", "Retry-After: 1"))
    result = channel().send(message(receiver.address()), within=5)
    assert result == Rejected("HTTP 410: the receiver is gone for good", gone=True)


def test_a_date_to_wait_for(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive(response("429 Too Many Requests", "retry-AFTER: \t Sun, 29 Nov 2026 12:01:30 GMT \t"))
    result = channel(now=lambda: NOW).send(message(receiver.address()), within=5)
    assert result == Retry("HTTP 429: the receiver asks to be sent less", after=90.0)


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("0", 0.0),
        ("86400", LONGEST_WAIT),
        ("86401", LONGEST_WAIT),
        ("99999999999999999999", LONGEST_WAIT),
        ("9" * 21, None),
        ("9" * 50_000, None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("٣", None),
        ("²", None),
        ("", None),
        ("soon", None),
        ("Sun, 29 Nov 2026 12:00:00 GMT", 0.0),
        ("Sun, 29 Nov 2026 12:00:10 -0000", 10.0),
        ("Sun, 29 Nov 2026 13:00:10 +0100", 10.0),
        ("Sunday, 29-Nov-26 12:00:10 GMT", 10.0),
        ("Sun Nov 29 12:00:10 2026", 10.0),
        ("Sun, 29 Nov 2026 11:59:59 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        ("Fri, 31 Feb 2026 23:59:59 GMT", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -9999", None),
        ("2026-11-29T12:00:10Z", None),
    ],
)
def test_what_a_wait_may_look_like(said: str, understood: float | None) -> None:
    assert seconds(said, NOW) == understood


@given(st.integers(100, 999), st.none() | st.text(st.characters(max_codepoint=255)))
def test_every_answer_means_something(status: int, retry_after: str | None) -> None:
    result = result_of(status, retry_after, NOW)
    assert isinstance(result, Delivered) == (200 <= status <= 299)
    if isinstance(result, Retry) and result.after is not None:
        assert 0 <= result.after <= LONGEST_WAIT


def test_of_several_waits_the_first_counts(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive(response("503 Busy", "Retry-After: 7", "Retry-After: 9", "X-Retry-After: 11"))
    assert channel().send(message(receiver.address()), within=5).after == 7.0


def test_answers_that_are_only_provisional(receive: Receive, channel: Channel, message: Messages) -> None:
    def answer(link: socket.socket) -> None:
        link.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nRetry-After: 5\r\n\r\n")
        link.sendall(b"HTTP/1.0 503\nServer: old\n\n")

    receiver = receive(answer)
    assert channel().send(message(receiver.address()), within=5) == Retry(
        "HTTP 503: the receiver cannot take the message at present"
    )
    receiver = receive("101 Switching Protocols")
    assert channel().send(message(receiver.address()), within=5) == Retry(
        "HTTP 101: the receiver cannot take the message at present"
    )
