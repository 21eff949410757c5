"""Notifiers of plugins: found by their scheme, and guarded, so that whatever they do neither an address nor a secret is told."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import pytest
from distributions import HOUSE, Site, group

from stabflow import InvalidInput, Plugin, hookimpl
from stabflow.errors import PluginError, StoreUnavailable
from stabflow.plugins import equip
from stabflow.plugins.survey import Status, survey
from stabflow.ports.hooks import NotifierScheme
from stabflow.ports.notifier import Delivered, Message, Notifier, Rejected, Result, Retry, Secret, Secrets
from stabflow.testing import RecordingNotifier

ADDRESS = "assessments@transport.example.org"
SECRET = "pa55-Wörd/x"
MESSAGE = Message(
    id="m1",
    to=ADDRESS,
    subject="Due",
    text="Text",
    language="en",
    facts={},
    created_at="2026-11-23T08:00:00.000000Z",
)

PIGEONS = """
from stabflow import Plugin, hookimpl
from stabflow.ports.hooks import NotifierScheme
from stabflow.ports.notifier import Delivered, Notifier


class Loft(Notifier):
    contract = 1

    def check_address(self, address):
        pass

    def send(self, message, *, within):
        return Delivered("ring 7")


class Pigeons(Plugin):
    contract = 1

    @hookimpl
    def stabflow_notifiers(self):
        for scheme in ("pigeons", "doves"):
            yield NotifierScheme(scheme, lambda url, secrets: Loft())
"""


def pigeons(
    site: Site, name: str = "pigeon-post", lines: str = "pigeons = pigeons:Pigeons\ndoves = pigeons:Pigeons"
) -> None:
    site.install(name, {"pigeons": PIGEONS}, group(lines))


class Brings(Plugin):
    """Brings a notifier, or what is said to be one, under a scheme of its own."""

    def __init__(self, opened: Any, scheme: str = "loft") -> None:
        self._opened, self._scheme = opened, scheme

    @hookimpl
    def stabflow_notifiers(self) -> Iterable[NotifierScheme]:
        def open_(url: str, secrets: Secrets) -> Notifier:
            if isinstance(self._opened, BaseException):
                raise self._opened
            return self._opened  # type: ignore[no-any-return]

        return (NotifierScheme(self._scheme, open_),)


def guarded(notifier: Any, url: str = "loft:", **secrets: str) -> Notifier:
    return equip([Brings(notifier)]).open_notifier(url, {name: [Secret(value)] for name, value in secrets.items()})


# Found by their scheme


def test_a_notifier_serves_its_scheme_and_is_given_url_and_secrets() -> None:
    notifier = RecordingNotifier(Delivered("taken"))
    opened = equip([notifier.plugin()]).open_notifier("RECORDING:x", {"key": [Secret("a"), Secret("b")]})
    assert opened.send(MESSAGE, within=1) == Delivered("taken")
    assert notifier.messages == (MESSAGE,)
    assert notifier.opened == (("RECORDING:x", {"key": [Secret("a"), Secret("b")]}),)


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("fil:///x", "did you mean 'file:'?"),
        ("pigeon:x", "did you mean 'pigeons:'?"),
        ("xmpp:x", "known: file:, log:; installed plugins: "),
        ("xmpp:x", "for this one install a distribution with a plugin 'xmpp'"),
        ("notices.jsonl", "write file:///path/notices.jsonl, or log:"),
        ("memory:", "for this one install a distribution with a plugin 'memory'"),
    ],
)
def test_a_url_that_no_notifier_serves_is_said_with_a_near_one(url: str, cure: str, site: Site) -> None:
    pigeons(site)
    with pytest.raises(InvalidInput) as error:
        equip().open_notifier(url)
    assert cure in error.value.faults[0].cure
    assert site.imported() == set()


def test_of_a_url_that_nobody_serves_no_secret_is_said() -> None:
    for url in ("xmpp://me:secret@host/x", "xmpp:x?token=secret"):
        with pytest.raises(InvalidInput) as error:
            equip().open_notifier(url)
        assert "secret" not in str(error.value)


def test_the_installed_plugin_called_like_the_scheme_is_used_and_that_one_alone(site: Site) -> None:
    site.install("house-rules", {"house_rules": "raise OSError"}, group("house = house_rules:House"))
    pigeons(site)
    assert equip(channels=["log:", "file:///x"]).names == ()
    equipment = equip(channels=["doves:x", "pigeons:y", "doves:z", "log:"])
    assert equipment.names == ("doves",)
    assert site.imported() == {"pigeons"}
    assert equipment.open_notifier("pigeons:y").send(MESSAGE, within=1) == Delivered("ring 7")
    assert equip(["pigeons"], channels=["doves:x"]).names == ("pigeons",)


def test_a_plugin_called_like_the_scheme_must_bring_its_notifier(site: Site) -> None:
    site.install("house-rules", {"house_rules": HOUSE}, group("house = house_rules:House"))
    with pytest.raises(PluginError) as error:
        equip(channels=["house:x"])
    assert str(error.value) == (
        "plugin house (House of house-rules 1.2): its name is the scheme 'house', and it brings no notifier for it: correct the"
        " URL (such as file:///path/notices.jsonl); to use the plugin beside another notifier, give its name in the list of"
        " plugins"
    )
    with pytest.raises(PluginError, match="brings no store for it"):
        equip(url="house:x")


def test_a_scheme_that_two_claim_names_both(site: Site) -> None:
    class Other(Brings):
        pass

    with pytest.raises(PluginError, match=r"'loft' comes from .*Brings already"):
        equip([Brings(None), Other(None)])
    with pytest.raises(PluginError, match=r"'file' comes from .*File already"):
        equip([Brings(None, "file")])
    pigeons(site)
    site.install("other-post", {"other": "raise OSError"}, group("doves = other:Other"))
    with pytest.raises(PluginError, match="it brings the scheme 'doves', which is the name of a plugin of other-post"):
        equip(["pigeons"], channels=["doves:x"])
    with pytest.raises(PluginError, match="each bring a plugin 'doves'"):
        equip(channels=["doves:x"])


def test_stores_and_notifiers_may_have_one_scheme() -> None:
    notifier = RecordingNotifier()
    equipment = equip([notifier.plugin("sqlite")])
    assert equipment.open_notifier("sqlite:x").send(MESSAGE, within=1) == Delivered()


def test_the_survey_tells_of_notifiers(site: Site) -> None:
    pigeons(site)
    standing = {one.name: one for one in survey(["pigeons"], version="1")}
    assert standing["pigeons"].as_dict()["notifiers"] == ["pigeons", "doves"]
    assert standing["doves"].as_dict()["notifiers"] is None
    site.install("other-post", {"other": "raise OSError"}, group("doves = other:Other"))
    standing = {one.name: one for one in survey(["pigeons"], version="1")}
    assert standing["pigeons"].status is Status.CONFLICT
    assert "other-post" in standing["pigeons"].problem


def test_what_is_no_scheme_of_notifiers_is_the_plugins_error() -> None:
    class Wrong(Plugin):
        @hookimpl
        def stabflow_notifiers(self) -> Iterable[NotifierScheme]:
            return ("loft",)  # type: ignore[return-value]

    with pytest.raises(PluginError, match="stabflow_notifiers brought a str, not a NotifierScheme"):
        equip([Wrong()])


# Opened


@pytest.mark.parametrize(
    ("opened", "problem"),
    [
        (None, "opening 'loft:' gave a NoneType, not a Notifier"),
        (RecordingNotifier, "gave an? .*, not a Notifier"),
        (
            type("Old", (RecordingNotifier,), {"contract": 0})(),
            "its notifier was written for contract 0, which is older",
        ),
        (type("New", (RecordingNotifier,), {"contract": 2})(), "its notifier .* contract 2, .*: upgrade stabflow"),
        (
            type("Odd", (RecordingNotifier,), {"contract": "1"})(),
            "its notifier has the contract '1', which is no whole",
        ),
    ],
)
def test_a_notifier_that_is_none_is_the_plugins_error(opened: Any, problem: str) -> None:
    with pytest.raises(PluginError, match=problem) as error:
        guarded(opened)
    assert "Brings" in error.value.plugin
    if isinstance(opened, RecordingNotifier):
        assert opened.send(MESSAGE, within=1) == Retry("the notifier is closed")


def test_an_installed_notifier_says_its_contract_itself(site: Site) -> None:
    site.install(
        "pigeon-post", {"pigeons": PIGEONS.replace("    contract = 1\n", "", 1)}, group("pigeons = pigeons:Pigeons")
    )
    with pytest.raises(PluginError, match="its notifier does not say for which contract it was written"):
        equip(channels=["pigeons:"]).open_notifier("pigeons:")


QUOTED = "smtp://u:{0}@h said no to {0} (%70%61)"


@pytest.mark.parametrize("url", ["loft:", f"loft://u:{SECRET}@h/x", f"loft:?token={SECRET}"])
def test_what_is_said_of_opening_tells_no_secret(url: str) -> None:
    raised = OSError(f"no way to {url}: {SECRET}, {SECRET!r}, pa55-W%C3%B6rd%2Fx, pa55-W\\xf6rd/x")
    with pytest.raises(PluginError, match=r"OSError: no way to .*…") as error:
        guarded(raised, url, password=SECRET)
    assert "pa55" not in str(error.value)
    assert error.value.__cause__ is error.value.__context__ is None
    with pytest.raises(InvalidInput) as wrong:
        guarded(InvalidInput.at("url", f"not {SECRET}", f"write {SECRET}s", what=SECRET), url, password=SECRET)
    assert "pa55" not in str(wrong.value)
    assert str(wrong.value) == "… has 1 fault:\n  url: not … (write …s)"
    assert wrong.value.__cause__ is wrong.value.__context__ is None


def test_a_secret_in_an_error_behind_the_error_is_not_told_either() -> None:
    raised = OSError("down")
    raised.__cause__ = ValueError(f"login {SECRET}")
    with pytest.raises(PluginError, match="OSError: down") as error:
        guarded(raised, password=SECRET)
    assert error.value.__cause__ is error.value.__context__ is None
    raised = OSError("down")
    raised.add_note(SECRET)
    with pytest.raises(PluginError) as error:
        guarded(raised, password=SECRET)
    assert error.value.__cause__ is None


def test_what_tells_nothing_is_chained() -> None:
    raised = OSError("down")
    with pytest.raises(PluginError) as error:
        guarded(raised, password=SECRET)
    assert error.value.__cause__ is raised
    wrong = InvalidInput.at("url", "wrong")
    with pytest.raises(InvalidInput) as found:
        guarded(wrong, password=SECRET)
    assert found.value is wrong


def test_short_secrets_are_hidden_where_they_stand_alone() -> None:
    with pytest.raises(PluginError, match="OSError: login … failed at all"):
        guarded(OSError("login a failed at all"), password="a")


def test_an_error_of_another_kind_is_the_plugins() -> None:
    with pytest.raises(PluginError, match="StoreUnavailable: what"):
        guarded(StoreUnavailable("what"))
    with pytest.raises(PluginError, match="SystemExit: 3"):
        guarded(SystemExit(3))
    with pytest.raises(KeyboardInterrupt):
        guarded(KeyboardInterrupt())


# Sending


@pytest.mark.parametrize(
    "answer", [Delivered("250 ok"), Retry("busy", 30, True), Retry("busy"), Rejected("gone", True), Rejected("no")]
)
def test_results_come_through_as_they_are(answer: Result) -> None:
    assert guarded(RecordingNotifier(answer)).send(MESSAGE, within=1) == answer


@pytest.mark.parametrize("make", [Delivered, Retry, Rejected])
def test_what_is_said_of_a_message_tells_neither_address_nor_secret(make: type[Delivered | Retry | Rejected]) -> None:
    words = (
        f"550 <{ADDRESS}>: no user assessments at Transport.example.org; key {SECRET}\n\x1b[31m\u2028next" + "x" * 900
    )
    result = guarded(RecordingNotifier(make(words)), password=SECRET).send(MESSAGE, within=1)
    said = result.detail if isinstance(result, Delivered) else result.reason
    assert said.startswith("550 <…>: no user … at …; key … \\x1b[31m next")
    assert len(said) == 500


class Unsayable(Exception):
    def __str__(self) -> str:
        raise OSError(ADDRESS)


@pytest.mark.parametrize("make", [Delivered, Retry, Rejected])
def test_what_is_said_of_a_message_names_nobody_by_number(make: type[Delivered | Retry | Rejected]) -> None:
    notifier = guarded(RecordingNotifier(make("sent to +86 138 1234 5678")))
    assert "1234" not in repr(notifier.send(MESSAGE, within=1.0))


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (OSError(f"{ADDRESS} {SECRET}"), "raised OSError"),
        (SystemExit(ADDRESS), "raised SystemExit"),
        (GeneratorExit(ADDRESS), "raised GeneratorExit"),
        (Unsayable, "raised Unsayable"),
        (lambda message: None, "answered a NoneType, not a Delivered, Retry or Rejected"),
        (lambda message: ADDRESS, "answered a str, not a Delivered, Retry or Rejected"),
        (lambda message: Delivered, "answered a type, not a Delivered, Retry or Rejected"),
        (lambda message: Retry(ADDRESS, after=-1), "raised ValueError"),
    ],
)
def test_what_is_raised_or_no_result_is_a_retry(answer: Any, problem: str, caplog: pytest.LogCaptureFixture) -> None:
    result = guarded(RecordingNotifier(answer), password=SECRET).send(MESSAGE, within=1)
    assert isinstance(result, Retry)
    assert result.reason.endswith(problem)
    assert (result.after, result.maybe_sent) == (None, True)
    assert "transport" not in result.reason + caplog.text
    assert SECRET not in result.reason + caplog.text


def test_who_sits_at_the_keyboard_may_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt):
        guarded(RecordingNotifier(KeyboardInterrupt())).send(MESSAGE, within=1)


def test_the_log_says_where_in_the_plugin_it_was_raised(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    source = PIGEONS.replace('return Delivered("ring 7")', "raise OSError(message.to)")
    site.install("pigeon-post", {"pigeons": source}, group("pigeons = pigeons:Pigeons"))
    with caplog.at_level(logging.WARNING):
        equip(channels=["pigeons:"]).open_notifier("pigeons:").send(MESSAGE, within=1)
    line = source.splitlines().index("        raise OSError(message.to)") + 3  # behind the mark
    assert caplog.messages[0].startswith("plugin pigeons: sending raised OSError (")
    assert caplog.messages[0].endswith(f"pigeons.py, line {line})")


def test_addresses_are_checked_by_the_plugin_and_not_quoted() -> None:
    class Picky(RecordingNotifier):
        def check_address(self, address: str) -> None:
            if address.startswith("raise"):
                raise OSError(address)
            raise InvalidInput.at(address, f"{address!r} has no dot", f"write {address}.org")

    guarded(RecordingNotifier()).check_address(ADDRESS)
    with pytest.raises(InvalidInput) as wrong:
        guarded(Picky()).check_address("unit3@nowhere")
    assert str(wrong.value) == "the request has 1 fault:\n  …: '…' has no dot (write ….org)"
    with pytest.raises(PluginError, match="checking an address failed: OSError: …") as error:
        guarded(Picky()).check_address("raise@nowhere")
    assert error.value.__cause__ is error.value.__context__ is None


def test_closing_and_deduplicating_are_the_notifiers() -> None:
    notifier = RecordingNotifier(deduplicates=True)
    opened = guarded(notifier)
    assert opened.deduplicates is True
    assert guarded(RecordingNotifier()).deduplicates is False
    opened.close()
    assert notifier.send(MESSAGE, within=1) == Retry("the notifier is closed")

    class Stuck(RecordingNotifier):
        def close(self) -> None:
            raise OSError(SECRET)

    with pytest.raises(PluginError, match="closing its notifier failed: OSError: …"):
        guarded(Stuck(), password=SECRET).close()
