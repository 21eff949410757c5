"""The URL of a channel and its secrets: what is wrong in them is told before anything is sent, and never quoted."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from stabflow_webhook import WebhookNotifier, plugin
from stabflow_webhook.settings import read_url
from stabflow_webhook.signing import read_secrets

from stabflow.errors import InvalidInput
from stabflow.ports.notifier import Secret

Channel = Callable[..., WebhookNotifier]


def key(length: int) -> str:
    return "whsec_" + base64.b64encode(b"s3cret" * 20)[: (length * 4 + 2) // 3].decode()


def test_the_plugin_brings_the_scheme() -> None:
    (scheme,) = plugin.stabflow_notifiers()
    notifier = scheme.open("webhook:", {"signing": [Secret(key(24))]})
    assert (scheme.scheme, plugin.contract, notifier.contract, notifier.deduplicates) == ("webhook", 1, 1, True)


def test_what_a_url_says() -> None:
    settings = read_url("WebHook:?allow=Hooks.Internal,%31%30.0.0.1&&allow=fd00::1,[fd00::2]&source=urn:office:7%2Bx")
    assert settings.allow == {"hooks.internal", "10.0.0.1", "fd00::1", "fd00::2"}
    assert settings.source == "urn:office:7+x"
    assert read_url("webhook:").source == "stabflow"


@pytest.mark.parametrize(
    ("url", "path", "problem"),
    [
        ("", "url", "has more than its scheme"),
        ("https://s3cret/", "url", "has more than its scheme"),
        ("webhook://s3cret", "url", "has more than its scheme"),
        ("webhook:s3cret", "url", "has more than its scheme"),
        ("webhook:?s3cret", "url", "has a parameter that this channel does not know"),
        ("webhook:?s3cret=1", "url", "has a parameter that this channel does not know"),
        ("webhook:?Allow=s3cret.example", "url", "has a parameter that this channel does not know"),
        ("webhook:?source=", "url", "has no source, or several"),
        ("webhook:?source=s3cret&source=s3cret", "url", "has no source, or several"),
        ("webhook:?source=a%20s3cret", "url", "has a source that is no URI"),
        ("webhook:?source=s3crét", "url", "has a source that is no URI"),
        ("webhook:?source=%0Ds3cret", "url", "has a source that is no URI"),
        ("webhook:?allow=", "url.allow", "has a host that can be none"),
        ("webhook:?allow=hooks.example,", "url.allow", "has a host that can be none"),
        ("webhook:?allow=*.s3cret.example", "url.allow", "has a host that can be none"),
        ("webhook:?allow=https://s3cret.example", "url.allow", "has a host that can be none"),
        ("webhook:?allow=s3cret.example:80", "url.allow", "has a host that can be none"),
        ("webhook:?allow=10.0.0.0/8", "url.allow", "has a host that can be none"),
        ("webhook:?allow=0x7f.1", "url.allow", "has a host in digits"),
        ("webhook:?ca=/no/s3cret.pem", "url", "names with ca= a file that cannot be read"),
        ("webhook:?ca=s3cret.pem", "url", "names with ca= a file that cannot be read"),
        ("webhook:?ca=%00s3cret", "url", "names with ca= a file that cannot be read"),
        ("webhook:?ca=.", "url", "names with ca= a file that cannot be read"),
    ],
)
def test_what_is_wrong_in_a_url(
    channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, path: str, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3cret.pem").write_text("no certificate", encoding="ascii")
    with pytest.raises(InvalidInput) as refused:
        channel(url)
    (fault,) = refused.value.faults
    assert (fault.path, fault.problem[: 3 + len(problem)]) == (path, f"it {problem}")
    assert "s3cr" not in str(refused.value)
    assert (refused.value.__cause__, refused.value.__context__) == (None, None)


def test_secrets_of_every_length_that_the_scheme_has() -> None:
    given = [Secret(key(length)) for length in (24, 32, 64)]
    assert [len(one) for one in read_secrets({"signing": given})] == [24, 32, 64]
    padded = base64.b64encode(b"s" * 25).decode()
    assert (
        read_secrets({"signing": [Secret(f"whsec_{padded}\n"), Secret("whsec_" + padded.rstrip("="))]})
        == (b"s" * 25,) * 2
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "whsec_",
        "s3cret",
        key(24).removeprefix("whsec_"),
        key(23),
        key(65),
        "whsec_" + "s3cret-!" * 8,
        "whsk_" + key(32)[6:],
        key(24) + "é",
    ],
)
def test_what_is_wrong_in_a_secret(wrong: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_secrets({"signing": [Secret(wrong), Secret(key(24)), Secret(wrong)]})
    assert [fault.path for fault in refused.value.faults] == ["secrets.signing[0]", "secrets.signing[2]"]
    assert "python3 -c" in str(refused.value)
    assert not wrong.removeprefix("whsec_") or wrong not in str(refused.value)
    assert (refused.value.__cause__, refused.value.__context__) == (None, None)


def test_a_channel_without_a_secret_to_sign_with() -> None:
    for given in ({}, {"signing": []}):
        with pytest.raises(InvalidInput, match=r"secrets\.signing: there is no secret to sign with"):
            WebhookNotifier("webhook:", given)
    with pytest.raises(InvalidInput, match=r"secrets\.password: this channel knows no such secret"):
        WebhookNotifier("webhook:", {"signing": [Secret(key(24))], "password": [Secret("s3cret")]})
