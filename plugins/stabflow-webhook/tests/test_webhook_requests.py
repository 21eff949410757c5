"""What a receiver gets: a CloudEvent, signed with every secret in use, the same at every attempt but for the time."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
from stabflow_webhook import WebhookNotifier, signing
from stabflow_webhook.testing import Receiver
from standardwebhooks.webhooks import WebhookVerificationError

from stabflow.ports.notifier import Delivered, Message, Rejected, Secret

Receive = Callable[..., Receiver]
Channel = Callable[..., WebhookNotifier]
Messages = Callable[..., Message]

AT = datetime(2026, 11, 29, 12, 0, 0, 999_999, tzinfo=UTC)


def key(seed: str) -> str:
    return "whsec_" + base64.b64encode(seed.ljust(32, ".").encode()).decode()


def test_the_body_is_a_cloud_event(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive("202 Accepted")
    notifier = channel("webhook:?allow=127.0.0.1&source=https://office.example/stabflow")
    assert notifier.send(message(receiver.address()), within=5) == Delivered("HTTP 202")
    (request,) = receiver.requests
    assert request.line == "POST /notices HTTP/1.1"
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert json.loads(request.body) == {
        "specversion": "1.0",
        "id": "5f0c" * 16,
        "source": "https://office.example/stabflow",
        "type": "org.stabflow.notice.returned",
        "subject": "five-step-bridge-1",
        "time": "2026-11-23T08:00:00.000000Z",
        "datacontenttype": "application/json",
        "data": {
            "subject": "材料已退回",
            "text": "The material was returned.\n材料已退回，请补正。",
            "language": "zh",
            "facts": {"notice": "returned", "case": "five-step-bridge-1", "role": "assessment_unit"},
        },
    }


def test_what_is_not_known_is_left_out_of_the_envelope(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive("200 OK")
    channel().send(message(receiver.address(), facts={}), within=5)
    event = json.loads(receiver.requests[0].body)
    assert (event["type"], event["source"], "subject" in event) == ("org.stabflow.notice", "stabflow", False)


def test_another_attempt_has_the_same_id_and_body(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive("503 Service Unavailable")
    moments = iter([AT, AT, AT + timedelta(hours=1), AT + timedelta(hours=1)])
    notifier = channel(now=lambda: next(moments))
    for attempt in (1, 2):
        notifier.send(message(receiver.address(), attempt=attempt), within=5)
    first, second = receiver.requests
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert first.headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert second.headers["webhook-timestamp"] == str(int(AT.timestamp()) + 3600)
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


def test_the_published_example_of_the_scheme() -> None:
    (found,) = signing.read_secrets({"signing": [Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]})
    headers = signing.headers([found], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_whoever_has_one_of_the_secrets_in_use_can_verify(
    receive: Receive, channel: Channel, message: Messages
) -> None:
    receiver = receive("200 OK")
    url = "webhook:?allow=127.0.0.1"
    channel(url, key("new"), key("old")).send(message(receiver.address()), within=5)
    (request,) = receiver.requests
    for known in (key("new"), key("old")):
        event = standardwebhooks.Webhook(known).verify(request.body, request.headers)
        assert event["id"] == request.headers["webhook-id"]
    assert request.headers["webhook-signature"].count("v1,") == 2
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        standardwebhooks.Webhook(key("other")).verify(request.body, request.headers)
    for changed in (
        {"webhook-id": "f" * 64},
        {"webhook-timestamp": str(int(request.headers["webhook-timestamp"]) + 1)},
    ):
        with pytest.raises(WebhookVerificationError, match="No matching signature"):
            standardwebhooks.Webhook(key("new")).verify(request.body, request.headers | changed)
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        standardwebhooks.Webhook(key("new")).verify(request.body.replace(b"returned", b"accepted"), request.headers)


@pytest.mark.parametrize("id_", ["", "a b", "a\r\nX: y", "é", "a" * 65, "a\x7f"])
def test_an_id_that_cannot_stand_in_a_header(receive: Receive, channel: Channel, message: Messages, id_: str) -> None:
    receiver = receive("200 OK")
    result = channel().send(message(receiver.address(), id=id_), within=5)
    assert result == Rejected("the id of the message cannot stand in a header")
    assert receiver.connections == 0


def test_a_text_that_can_be_none(receive: Receive, channel: Channel, message: Messages) -> None:
    receiver = receive("200 OK")
    result = channel().send(message(receiver.address(), text="\ud800"), within=5)
    assert result == Rejected("the message has characters that no text can have")
    assert receiver.connections == 0
