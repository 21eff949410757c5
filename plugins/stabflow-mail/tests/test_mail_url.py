from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from stabflow_mail import MailNotifier, plugin
from stabflow_mail.address import read_account
from stabflow_mail.testing import Certificate, MailServer

from stabflow import InvalidInput
from stabflow.plugins import equip
from stabflow.ports.notifier import Message, Retry, Secret, Secrets

PASSWORD: Secrets = {"password": (Secret("geheim-1"), Secret("geheim-2"))}


def test_the_plugin_brings_both_schemes() -> None:
    schemes = {one.scheme: one for one in plugin.stabflow_notifiers()}
    assert sorted(schemes) == ["smtp", "smtps"]
    channel = schemes["smtps"].open("smtps://mail.example.org?from=a@example.org", {})
    assert isinstance(channel, MailNotifier)
    assert (plugin.contract, MailNotifier.contract, MailNotifier.deduplicates) == (1, 1, False)


def test_stabflow_finds_it_by_the_scheme(server: MailServer) -> None:
    url = server.url(user="notices")
    channel = equip(channels=[url]).open_notifier(url, {"password": (Secret("geheim"),)})
    with pytest.raises(InvalidInput, match="is no mail address"):
        channel.check_address("unit-3")
    message = Message(
        id="1",
        to="unit-3@example.org",
        subject="",
        text="x",
        language="en",
        facts={},
        created_at="2026-11-23T08:00:00.000000Z",
    )
    assert channel.send(message, within=5) == Retry(
        "AUTH: the mail server offers no way to sign in that is known here, PLAIN or LOGIN"
    )


def test_what_a_url_says() -> None:
    url = "smtp://Mail.Example.org?from=评估办 <a+b@例子.公司>&user=no%26tices&hello=app.example.org"
    account = read_account(url, PASSWORD)
    assert (account.host, account.port, account.encryption) == ("mail.example.org", 587, "starttls")
    assert (account.sender.name, account.sender.written) == ("评估办", "a+b@xn--fsqu00a.xn--55qx5d")
    assert (account.user, account.hello) == ("no&tices", "app.example.org")
    assert account.context is not None
    assert account.context.verify_mode is ssl.CERT_REQUIRED
    assert account.context.check_hostname
    assert account.context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("url", "host", "port", "encryption"),
    [
        ("smtps://mail.example.org?from=a@example.org", "mail.example.org", 465, "implicit"),
        ("smtps://mail.example.org?from=a@example.org&tls=required", "mail.example.org", 465, "implicit"),
        ("smtp://mail.example.org:25/?from=a@example.org&tls=none", "mail.example.org", 25, "none"),
        ("smtp://[::1]:2525?from=a@example.org&tls=none", "::1", 2525, "none"),
        ("smtp://邮件.例子?from=a@example.org", "xn--5nq051n.xn--fsqu00a", 587, "starttls"),
    ],
)
def test_where_and_how(url: str, host: str, port: int, encryption: str) -> None:
    account = read_account(url, {})
    assert (account.host, account.port, account.encryption) == (host, port, encryption)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "[::1]", "localhost"])
def test_a_password_without_encryption_goes_to_this_machine_alone(host: str) -> None:
    assert read_account(f"smtp://{host}?from=a@example.org&tls=none&user=n", PASSWORD).encryption == "none"


@pytest.mark.parametrize(
    ("url", "secrets", "said"),
    [
        ("http://mail.example.org?from=a@example.org", {}, "does not name a mail server"),
        ("smtp:mail.example.org?from=a@example.org", {}, "does not name a mail server"),
        ("smtp://?from=a@example.org", {}, "does not name a mail server"),
        ("smtp://mail.example.org:0?from=a@example.org", {}, "does not name a mail server"),
        ("smtp://mail.example.org:99999?from=a@example.org", {}, "cannot be read"),
        ("smtp://[::1?from=a@example.org", {}, "cannot be read"),
        ("smtp://mail_1.example.org?from=a@example.org", {}, "name of the host that cannot be one"),
        ("smtp://n:geheim@mail.example.org?from=a@example.org", {}, "a user or a password before the host"),
        ("smtp://mail.example.org/geheim?from=a@example.org", {}, "behind the host that means nothing"),
        ("smtp://mail.example.org?from=a@example.org#geheim", {}, "behind the host that means nothing"),
        ("smtp://mail.example.org", {}, "does not say from whom"),
        ("smtp://mail.example.org?from=", {}, "does not say from whom"),
        ("smtp://mail.example.org?from=geheim", {}, "has a from= that is no mail address"),
        ("smtp://mail.example.org?from=a@example.org%0d%0aBcc:x", {}, "has a from= that has characters"),
        ("smtp://mail.example.org?from=a@example.org&from=b@example.org", {}, "has from= twice"),
        ("smtp://mail.example.org?from=a@example.org&password=geheim", {}, "has a password in it"),
        ("smtp://mail.example.org?from=a@example.org&usr=geheim", {}, "the parameter 'usr'"),
        ("smtp://mail.example.org?from=a@example.org&GEHEIM1", {}, "has a parameter that nobody knows"),
        ("smtp://mail.example.org?from=a@example.org&tls=maybe", {}, "neither required nor none"),
        ("smtps://mail.example.org?from=a@example.org&tls=none", {}, "encrypted from the first byte"),
        ("smtp://mail.example.org?from=a@example.org&ca=nowhere.pem", {}, "no file of certificates"),
        ("smtp://mail.example.org?from=a@example.org&tls=none&ca=x.pem", {}, "has ca= and tls=none"),
        ("smtp://mail.example.org?from=a@example.org&hello=a%20b", {}, "has a hello= that"),
        ("smtp://mail.example.org?from=a@example.org&user=n", {}, "is missing, and the URL has user="),
        ("smtp://mail.example.org?from=a@example.org", PASSWORD, "there is secrets.password"),
        ("smtp://mail.example.org?from=a@example.org&user=n", {"password": (Secret(""),)}, "is empty or has NUL"),
        (
            "smtp://mail.example.org?from=a@example.org&user=n",
            {"password": (Secret("geheim\0"),)},
            "is empty or has NUL",
        ),
        ("smtp://mail.example.org?from=a@example.org&user=n", {"key": (Secret("geheim"),)}, "no such secret"),
        ("smtp://mail.example.org?from=a@example.org&user=n&tls=none", PASSWORD, "would send the password unencrypted"),
    ],
)
def test_what_is_wrong_with_a_url_or_a_secret(url: str, secrets: Secrets, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        MailNotifier.from_url(url, secrets)
    assert "geheim" not in str(caught.value)
    assert "GEHEIM" not in str(caught.value)
    assert caught.value.faults[0].cure


def test_authorities_of_ones_own(certificate: Certificate, tmp_path: Path) -> None:
    account = read_account(f"smtp://localhost?from=a@example.org&ca={certificate.authority}", {})
    assert account.context is not None
    assert len(account.context.get_ca_certs()) == 1
    (tmp_path / "empty.pem").touch()
    with pytest.raises(InvalidInput, match="no file of certificates"):
        read_account(f"smtp://localhost?from=a@example.org&ca={tmp_path / 'empty.pem'}", {})


def test_nothing_of_it_is_shown() -> None:
    account = read_account("smtp://mail.example.org?from=a@example.org&user=notices", PASSWORD)
    assert "geheim" not in repr(account)
    assert "geheim" not in repr(MailNotifier(account).__dict__)
