"""The directory of an office: read whole, with every fault at its place, and no address or secret in any of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from posts import DIRECTORY

import stabflow
from stabflow.engine.directory import Directory, check_addresses, read_directory
from stabflow.errors import InvalidInput
from stabflow.ports.notifier import Secret
from stabflow.testing import RecordingNotifier


def read(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> Directory:
    (tmp_path / "directory.toml").write_text(text, encoding="utf-8")
    return read_directory(tmp_path / "directory.toml", environment or {})


def faults(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path, text, environment)
    for words in (str(caught.value), repr(caught.value)):
        assert "example.org" not in words, "no address is told"
        assert "s3cret" not in words, "no secret is told"
    return {fault.path: fault.problem for fault in caught.value.faults}


def test_a_body_is_reached_by_its_channels_in_their_order(tmp_path: Path) -> None:
    directory = read(tmp_path, DIRECTORY)
    assert directory.ways("office", "clerk") == ("mail", "chat")
    assert directory.addresses("office", "clerk", "chat") == (Secret("room 1"), Secret("room 2"))
    assert directory.addresses("council", "chair", "mail") == (Secret("chair@example.org"),)
    assert directory.addresses("council", "deputy", "mail") == (Secret("council@example.org"),)
    assert directory.ways("elsewhere", "clerk") == ()


def test_everybody_else_is_reached_by_the_entry_for_them(tmp_path: Path) -> None:
    directory = read(tmp_path, DIRECTORY + '[bodies."*"]\nchannels = ["chat"]\nchat = "all"\n')
    assert directory.ways("elsewhere", "clerk") == ("chat",)
    assert directory.ways("", "clerk") == ("chat",)
    assert directory.ways("office", "clerk") == ("mail", "chat")


def test_a_role_may_be_reached_where_its_body_is_not(tmp_path: Path) -> None:
    directory = read(tmp_path, DIRECTORY.replace('mail = "council@example.org"\n', ""))
    assert directory.ways("council", "chair") == ("mail",)
    assert directory.ways("council", "deputy") == ()


def test_secrets_and_addresses_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "room").write_text("room 7\n", encoding="utf-8")
    text = DIRECTORY.replace('url = "mail:"', 'url = "mail:"\nsecrets.password = [{ env = "NEW" }, { env = "OLD" }]')
    directory = read(tmp_path, text.replace('["room 1", "room 2"]', '{ file = "room" }'), {"NEW": "s3cret", "OLD": "x"})
    assert directory.channels["mail"].secrets == {"password": (Secret("s3cret"), Secret("x"))}
    assert directory.addresses("office", "", "chat") == (Secret("room 7"),)
    assert "s3cret" not in repr(directory)
    assert "example.org" not in repr(directory)


@pytest.mark.parametrize(
    ("find", "put", "place"),
    [
        ("format = 1", "", "format"),
        ("format = 1", "format = 2", "format"),
        ("format = 1", "format = 1\nbody = 3", "body"),
        ('url = "mail:"', "", "channels.mail.url"),
        ('url = "mail:"', "url = 7", "channels.mail.url"),
        ('url = "mail:"', 'url = "mail"', "channels.mail.url"),
        ('url = "mail:"', 'url = "mail:"\nurls = ""', "channels.mail.urls"),
        ('url = "mail:"', 'url = "mail:"\nsecrets = "s3cret"', "channels.mail.secrets"),
        ('url = "mail:"', 'url = "mail:"\nsecrets.password = 7', "channels.mail.secrets.password"),
        ('url = "mail:"', 'url = "mail:"\nsecrets.password = { env = "NONE" }', "channels.mail.secrets.password"),
        ('url = "mail:"', 'url = "mail:"\nsecrets.password = { file = "none" }', "channels.mail.secrets.password"),
        (
            'url = "mail:"',
            'url = "mail:"\nsecrets.password = [{ env = "NONE" }, "x"]',
            "channels.mail.secrets.password[0]",
        ),
        ("[channels.chat]", "[channels.roles]", "channels.roles"),
        ("[channels.chat]", "[channels.Chat]", "channels.Chat"),
        ("[bodies.office]", '[bodies."a body\\n"]', "bodies.a body\n"),
        ('channels = ["mail", "chat"]', "", "bodies.office.channels"),
        ('channels = ["mail", "chat"]', 'channels = "mail"', "bodies.office.channels"),
        ('channels = ["mail", "chat"]', 'channels = ["mail", "mail"]', "bodies.office.channels"),
        ('channels = ["mail", "chat"]', 'channels = ["mail", "chatt"]', "bodies.office.channels"),
        ('language = "en"', 'language = "de"', "bodies.office.language"),
        ('mail = "office@example.org"', "", "bodies.office.mail"),
        ('mail = "office@example.org"', "mail = []", "bodies.office.mail"),
        ('mail = "office@example.org"', 'mail = ""', "bodies.office.mail"),
        ('mail = "office@example.org"', 'mial = "office@example.org"', "bodies.office.mial"),
        ('roles.chair.mail = "chair@example.org"', "roles.chair = 7", "bodies.council.roles"),
        ('roles.chair.mail = "chair@example.org"', "roles.chair.mial = 7", "bodies.council.roles.chair.mial"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, find: str, put: str, place: str) -> None:
    assert find in DIRECTORY
    assert place in faults(tmp_path, DIRECTORY.replace(find, put, 1))


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = DIRECTORY.replace('url = "mail:"', "").replace('language = "en"', "language = 1").replace("format = 1", "")
    assert {"format", "channels.mail.url", "bodies.office.language"} <= set(faults(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "format = 1",
        "channels = 3",
        "[",
        "format = 1\nchannels = []\nbodies = []",
        "format = 1\n[channels]\n[bodies]",
    ],
)
def test_what_is_no_directory_is_told(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_directory(tmp_path / "none.toml")


def test_addresses_that_a_channel_cannot_take_are_told_without_them(tmp_path: Path) -> None:
    directory = read(tmp_path, DIRECTORY)
    known = RecordingNotifier(addresses=["office@example.org", "room 1"])
    with pytest.raises(InvalidInput) as caught:
        check_addresses(directory, {"mail": known, "chat": known}, "directory")
    assert [fault.path for fault in caught.value.faults] == [
        "bodies.office.chat[1]",
        "bodies.council.mail",
        "bodies.council.roles.chair.mail",
    ]
    assert "example.org" not in str(caught.value)


def test_an_engine_names_the_file_of_the_directory_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "directory.toml"
    office = '[bodies.office]\nchannels = ["mial"]\nmail = "a"\n'
    path.write_text('format = 1\n[channels.mail]\nurl = "file:m"\n' + office, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        stabflow.open("memory:", directory=path)
    assert str(caught.value).startswith(f"{path} has 1 fault:\n  directory.bodies.office.channels: ")
    with pytest.raises(InvalidInput) as caught:
        stabflow.open("nothing:", directory=path)
    assert str(caught.value).startswith("stabflow.open has 2 faults:")
