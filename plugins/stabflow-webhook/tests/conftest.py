"""What the tests of webhooks share: receivers on loopback, channels that lead to them, and messages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from stabflow_webhook import WebhookNotifier
from stabflow_webhook.testing import Answer, Receiver, response

from stabflow.ports.notifier import Message, Result, Secret

KEY = "whsec_" + base64.b64encode(b"the key that is in use by now").decode()
SECRET = ("s3cret", "said-so", "hooks.", "localhost", "127.0.0", KEY, "the key", KEY.removeprefix("whsec_"))
"""Hosts, paths, keys, and what receivers say, which stand in no result, log or sign of life of a notifier."""


class Watched(WebhookNotifier):
    """Lets no result pass in which there is something secret."""

    def send(self, message: Message, *, within: float) -> Result:
        result = super().send(message, within=within)
        assert [one for one in (message.to or "s3cret", *SECRET) if one in repr(result)] == []
        return result


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    """Starts receivers, and stops them."""
    with ExitStack() as stack:

        def start(answer: Answer | str, *, certificate: str | None = None, host: str = "127.0.0.1") -> Receiver:
            file = Path(__file__).parent / "tls" / certificate if certificate else None
            given = response(answer) if isinstance(answer, str) else answer
            return stack.enter_context(Receiver(given, certificate=file, host=host))

        yield start


@pytest.fixture
def channel(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., WebhookNotifier]]:
    """Makes notifiers that are watched; what the tests listen at is allowed by name unless they say otherwise."""
    caplog.set_level(0)
    made: list[WebhookNotifier] = []

    def make(
        url: str = "webhook:?allow=127.0.0.1,localhost,hooks.example", *keys: str, **more: object
    ) -> WebhookNotifier:
        made.append(Watched(url, {"signing": [Secret(key) for key in keys or [KEY]]}, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    seen = "".join([caplog.text, *capfd.readouterr(), *map(repr, made)])
    assert [one for one in SECRET if one in seen] == []


@pytest.fixture
def message() -> Callable[..., Message]:
    """Makes messages."""

    def make(to: str, **more: object) -> Message:
        given: dict[str, object] = {
            "id": "5f0c" * 16,
            "to": to,
            "subject": "材料已退回",
            "text": "The material was returned.\n材料已退回，请补正。",
            "language": "zh",
            "facts": {"notice": "returned", "case": "five-step-bridge-1", "role": "assessment_unit"},
            "created_at": "2026-11-23T08:00:00.000000Z",
        }
        return Message(**given | more)  # type: ignore[arg-type]

    return make
