"""What a real server answers, and what becomes of the message."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from email.policy import default

import pytest
from stabflow_mail import MailNotifier
from stabflow_mail.replies import Reply, Stage, result
from stabflow_mail.testing import MailServer

from stabflow.ports.notifier import Delivered, Message, Rejected, Result, Retry

Make = Callable[..., Message]
Opened = Callable[..., MailNotifier]


def test_a_mail_arrives(server: MailServer, opened: Opened, message: Make) -> None:
    channel = opened(server.url())
    assert channel.send(message(text="One.\n.\n..two\n"), within=5) == Delivered("250 2.0.0")
    (taken,) = server.taken
    assert (taken.sender, list(taken.recipients)) == ("notices@example.org", ["unit-3@transport.example"])
    assert b"\r\n.\r\n..two\r\n" in taken.content
    assert not any("SMTPUTF8" in option for option in taken.options)
    assert f"SIZE={len(taken.content)}" in taken.options


def test_by_what_name_the_server_is_greeted(server: MailServer, opened: Opened, message: Make) -> None:
    opened(server.url()).send(message(), within=5)
    opened(server.url(hello="app.example.org")).send(message(), within=5)
    assert [one.hello for one in server.taken] == ["[127.0.0.1]", "app.example.org"]


def test_every_recipient_is_alone(server: MailServer, opened: Opened, message: Make) -> None:
    channel = opened(server.url())
    for to in ("a@x.example", "处长 <b@例子.公司>"):
        assert isinstance(channel.send(message(to=to), within=5), Delivered)
    assert [list(one.recipients) for one in server.taken] == [["a@x.example"], ["b@xn--fsqu00a.xn--55qx5d"]]


def test_451_and_then_250(server: MailServer, opened: Opened, message: Make) -> None:
    server.answers["DATA"] = ["451 4.3.0 lookup of unit-3@transport.example failed"]
    channel = opened(server.url())
    assert channel.send(message(), within=5) == Retry(
        "end of the message 451 4.3.0: the mail server does not take this message yet"
    )
    assert channel.send(message(attempt=2), within=5) == Delivered("250 2.0.0")
    ids = [message_from_bytes(one.content, policy=default)["Message-ID"] for one in server.taken]
    assert ids == [f"<{'0f' * 16}@example.org>"]


def test_greylisting(server: MailServer, opened: Opened, message: Make) -> None:
    server.answers["RCPT"] = ["450 4.2.0 <unit-3@transport.example>: Greylisted, see http://x/", "451 4.7.1 Try later"]
    channel = opened(server.url())
    assert channel.send(message(), within=5) == Retry(
        "RCPT 450 4.2.0: the mail server does not take messages for this address yet"
    )
    assert channel.send(message(), within=5) == Retry("RCPT 451 4.7.1: it is not allowed")
    assert channel.send(message(), within=5) == Delivered("250 2.0.0")


@pytest.mark.parametrize(
    ("step", "answer", "became"),
    [
        ("RCPT", "550 5.1.1 <unit-3@transport.example>: unknown", Rejected("RCPT 550 5.1.1: there is no such mailbox")),
        ("RCPT", "550 No", Rejected("RCPT 550: the mail server does not take messages for this address")),
        ("RCPT", "550-5.2.2 full\r\n550 5.2.2 full", Rejected("RCPT 550 5.2.2: the mailbox is full")),
        ("RCPT", "452 4.2.2 full", Retry("RCPT 452 4.2.2: the mailbox is full")),
        ("RCPT", "554 5.7.1 no relay", Rejected("RCPT 554 5.7.1: it is not allowed")),
        ("RCPT", "550 5.1.6 moved", Rejected("RCPT 550 5.1.6: the mailbox has moved", gone=True)),
        ("RCPT", "556 5.1.10 null MX", Rejected("RCPT 556 5.1.10: the domain takes no mail", gone=True)),
        (
            "RCPT",
            "550 see 5.1.6 of RFC 3463",
            Rejected("RCPT 550: the mail server does not take messages for this address"),
        ),
        (
            "RCPT",
            "530 5.7.0 sign in first",
            Retry("RCPT 530 5.7.0: the mail server does not let us in: correct user= and secrets.password"),
        ),
        ("RCPT", "251 will forward", Delivered("250 2.0.0")),
        (
            "DATA",
            "552 5.3.4 too big",
            Rejected("end of the message 552 5.3.4: the message is too large for the server"),
        ),
        (
            "DATA",
            "554 5.7.26 unauthenticated",
            Rejected("end of the message 554 5.7.26: no check of the sender's domain succeeded"),
        ),
        (
            "DATA",
            "550 4.1.1 contradicts itself",
            Rejected("end of the message 550: the mail server does not take this message"),
        ),
        (
            "DATA",
            "421 4.3.2 shutting down",
            Retry("end of the message 421 4.3.2: the mail server ends the connection", maybe_sent=True),
        ),
        ("DATA", "hello", Retry("end of the message: the mail server answered out of turn", maybe_sent=True)),
        ("DATA", "354 go on", Retry("end of the message: the mail server answered out of turn", maybe_sent=True)),
        ("MAIL", "421 4.7.0 too fast", Retry("MAIL 421 4.7.0: the mail server ends the connection")),
        ("MAIL", "452 4.3.1 no room", Retry("MAIL 452 4.3.1: the server has no room")),
        ("MAIL", "552 5.3.4 too big", Rejected("MAIL 552 5.3.4: the message is too large for the server")),
        (
            "MAIL",
            "550 sender notices@example.org refused",
            Retry(
                "MAIL 550: the mail server does not take messages from this sender: correct from=, or let the server allow it"
            ),
        ),
        (
            "MAIL",
            "530 5.7.0 sign in first",
            Retry("MAIL 530 5.7.0: the mail server does not let us in: correct user= and secrets.password"),
        ),
        ("EHLO", "421 busy", Retry("EHLO 421: the mail server ends the connection")),
        (
            "EHLO",
            "550 who are you",
            Retry("EHLO 550: the mail server does not take our greeting: set hello= to the name of this host"),
        ),
    ],
)
def test_an_answer(server: MailServer, opened: Opened, message: Make, step: str, answer: str, became: Result) -> None:
    """The same exception of smtplib stands for both: only the code tells."""
    server.answers[step] = [answer]
    assert opened(server.url()).send(message(), within=5) == became


def test_a_message_that_is_larger_than_the_server_says(opened: Opened, message: Make) -> None:
    with MailServer(largest=2000) as server:
        became = opened(server.url()).send(message(text="x" * 3000), within=5)
    assert became == Rejected("MAIL 552: the message is too large, or there is no room for it")
    assert server.taken == []


def test_a_cut_at_the_end_of_the_message(server: MailServer, opened: Opened, message: Make) -> None:
    server.answers["DATA"] = [None]
    assert opened(server.url()).send(message(), within=5) == Retry(
        "end of the message: the connection to the mail server broke off", maybe_sent=True
    )


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "EHLO"])
def test_a_cut_before_it(server: MailServer, opened: Opened, message: Make, step: str) -> None:
    server.answers[step] = [None]
    assert opened(server.url()).send(message(), within=5) == Retry(
        f"{step}: the connection to the mail server broke off"
    )


def test_a_farewell_changes_nothing(server: MailServer, opened: Opened, message: Make) -> None:
    server.answers["QUIT"] = [None, "500 no"]
    channel = opened(server.url())
    assert channel.send(message(), within=5) == Delivered("250 2.0.0")
    assert channel.send(message(), within=5) == Delivered("250 2.0.0")


def test_a_local_part_that_is_not_ascii(server: MailServer, opened: Opened, message: Make) -> None:
    assert opened(server.url()).send(message(to="评估@例子.公司"), within=5) == Delivered("250 2.0.0")
    (taken,) = server.taken
    assert list(taken.recipients) == ["评估@xn--fsqu00a.xn--55qx5d"]
    assert "SMTPUTF8" in taken.options
    assert "评估@".encode() in taken.content


def test_where_the_server_cannot_take_it(opened: Opened, message: Make) -> None:
    lacking = "the mail server cannot take addresses with other than ASCII letters before the @ (SMTPUTF8)"
    with MailServer(utf8=False) as server:
        assert opened(server.url()).send(message(to="评估@例子.公司"), within=5) == Rejected(f"RCPT: {lacking}")
        assert opened(server.url()).send(message(to="unit@例子.公司"), within=5) == Delivered("250 2.0.0")
        office = opened(server.url(**{"from": "办公室@example.org"}))
        assert office.send(message(), within=5) == Retry(f"MAIL: {lacking}: correct from=")
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    "to", ["unit@example.org\r\nRCPT TO:<x@example.org>", "two@a.example, three@b.example", "none"]
)
def test_what_is_no_address_reaches_no_server(server: MailServer, opened: Opened, message: Make, to: str) -> None:
    became = opened(server.url()).send(message(to=to), within=5)
    assert isinstance(became, Rejected)
    assert became.reason.startswith("the address: ")
    assert to not in became.reason
    assert server.taken == []


def test_a_message_that_cannot_be_written(server: MailServer, opened: Opened, message: Make) -> None:
    assert opened(server.url()).send(message(created_at="now"), within=5) == Rejected(
        "the message cannot be written as a mail"
    )


def test_a_closed_channel(server: MailServer, opened: Opened, message: Make) -> None:
    channel = opened(server.url())
    channel.close()
    channel.close()
    assert channel.send(message(), within=5) == Retry("the channel is closed")
    assert server.taken == []


def test_no_word_of_a_server_is_repeated() -> None:
    """Whatever it says, and wherever: digits of the code and of the status alone."""
    for stage in set(Stage) - {Stage.CONNECTION}:
        for code in (-1, 250, 354, 421, 450, 451, 452, 500, 501, 503, 535, 550, 552, 553, 554, 556):
            for status in ("", "4.2.0 ", "5.1.1 ", "5.999.1234 ", "5.1.1.1 ", "2.0.0 "):
                became = result(stage, Reply.read(code, f"{status}Zhang-San zhang@example.org 13800138000".encode()))
                assert not isinstance(became, Delivered)
                for word in ("zhang", "Zhang", "1380", "1234", "5.1.1.1", "@"):
                    assert word not in became.reason
                assert became.reason.isascii()
                if isinstance(became, Rejected):
                    assert 500 <= code < 600
                if isinstance(became, Retry) and became.maybe_sent:
                    assert stage is Stage.END
