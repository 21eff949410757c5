"""What the tests of mail share: a message, and channels to servers on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
import pytest
from stabflow_mail import MailNotifier
from stabflow_mail.testing import Certificate, MailServer, Talk, Talker

from stabflow.ports.notifier import Message, Secret

MESSAGE = Message(
    id="0f" * 16,
    to="unit-3@transport.example",
    subject="Due in 3 working days",
    text="The report is due.\n",
    language="en",
    facts={"case": "five-step-ring-road-1"},
    created_at="2026-11-23T08:00:00.000000Z",
)


@pytest.fixture
def message() -> Callable[..., Message]:
    """Makes a message; what is given stands in it."""

    def made(**parts: object) -> Message:
        return attrs.evolve(MESSAGE, **parts)

    return made


Opened = Callable[..., MailNotifier]


@pytest.fixture
def opened() -> Opened:
    """Opens a channel, with passwords where they are given."""

    def made(url: str, *passwords: str) -> MailNotifier:
        return MailNotifier.from_url(url, {"password": [Secret(one) for one in passwords]} if passwords else {})

    return made


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A server that neither encrypts nor asks who somebody is."""
    with MailServer() as made:
        yield made


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for this machine."""
    return Certificate.make(tmp_path_factory.mktemp("tls"), "localhost", "127.0.0.1")


@pytest.fixture
def talking() -> Iterator[Callable[[Talk], Talker]]:
    """Starts servers that talk as a function says."""
    made: list[Talker] = []

    def start(talk: Talk) -> Talker:
        made.append(Talker(talk))
        return made[-1]

    yield start
    for one in made:
        one.close()
