"""The notifiers that come with stabflow: a message is one whole line, in the log or at the end of a file, or not delivered."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import multiprocessing
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from stabflow import InvalidInput
from stabflow.notifiers.file import FileNotifier
from stabflow.notifiers.log import LOGGER, LogNotifier
from stabflow.plugins import equip
from stabflow.ports.notifier import Delivered, Message, Rejected, Retry, Secret

NASTY = "第一行\nsecond\r\nthird\u2028fourth\x85fifth\x1b[31m\x00\u202ereversed\ud800 \U0001f4ec \\u2028"
MESSAGE = Message(
    id="0b1c" * 8,
    to="transport-bureau",
    subject="Due: reply \u2028 WARNING:root: forged",
    text=NASTY,
    language="zh",
    facts={"case": "five-step-bridge-1", "notice": "reply_due"},
    created_at="2026-11-23T08:00:00.000000Z",
)


def fields(message: Message) -> dict[str, object]:
    return attrs.asdict(message) | {"subject": message.subject.replace("\u2028", " ")}  # which is one line


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notices of 2026.jsonl"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# In a file


def test_a_message_is_one_line_that_gives_it_back(path: Path) -> None:
    notifier = equip().open_notifier(path.as_uri())
    for attempt in (1, 2):
        assert notifier.send(attrs.evolve(MESSAGE, attempt=attempt), within=5) == Delivered()
    text = path.read_bytes().decode()
    assert text.count("\n") == len(text.splitlines()) == 2
    assert lines(path) == [fields(attrs.evolve(MESSAGE, attempt=attempt)) for attempt in (1, 2)]
    assert "第一行" in text
    assert not set(text) & {"\x1b", "\x00", "\u202e", "\u2028", "\x85"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def write_many(path: Path, worker: int) -> None:
    notifier = FileNotifier(path, fsync=False)
    threads = [threading.Thread(target=send_some, args=(notifier, f"{worker}-{n}")) for n in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def send_some(notifier: FileNotifier, name: str) -> None:
    for n in range(40):
        message = attrs.evolve(MESSAGE, id=f"{name}-{n}", text=f"{name} " * (n * 400))
        assert notifier.send(message, within=60) == Delivered()


@pytest.mark.slow
def test_processes_and_threads_write_at_once_and_every_line_is_whole(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=write_many, args=(path, n)) for n in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(120)
    assert [one.exitcode for one in workers] == [0, 0, 0]
    found = {str(one["id"]): one["text"] for one in lines(path)}
    assert len(lines(path)) == len(found) == 3 * 3 * 40
    assert all(
        text == f"{id_.rpartition('-')[0]} " * (int(id_.rpartition("-")[2]) * 400) for id_, text in found.items()
    )


def test_what_a_writer_left_half_written_harms_no_other_line(path: Path) -> None:
    path.write_bytes(b'{"id": "torn')
    assert FileNotifier(path).send(MESSAGE, within=5) == Delivered()
    torn, whole = path.read_bytes().splitlines()
    assert torn == b'{"id": "torn'
    assert json.loads(whole) == fields(MESSAGE)


@pytest.mark.parametrize("room", [0, 1, 50])
def test_a_full_disk_leaves_nothing_of_a_message(room: int, path: Path) -> None:
    def write(file: int, data: bytes) -> int:
        if room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(file, data[:room])

    assert FileNotifier(path).send(MESSAGE, within=5) == Delivered()
    before = path.read_bytes()
    result = FileNotifier(path, write=write).send(MESSAGE, within=5)
    assert result == Retry("the file cannot be written (No space left on device)")
    assert path.read_bytes() == before


def test_what_the_disk_did_not_confirm_may_have_been_sent(path: Path) -> None:
    def sync(file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    result = FileNotifier(path, sync=sync).send(MESSAGE, within=5)
    assert result == Retry("the disk did not confirm it (Input/output error)", maybe_sent=True)
    assert FileNotifier(path, sync=sync, fsync=False).send(MESSAGE, within=5) == Delivered()


def test_a_line_is_synced_and_of_a_new_file_its_name(path: Path) -> None:
    synced: list[bool] = []
    notifier = FileNotifier(path, sync=lambda file: synced.append(stat.S_ISDIR(os.fstat(file).st_mode)))
    for _ in range(2):
        notifier.send(MESSAGE, within=5)
    assert synced == [False, True, False]
    unsynced = FileNotifier.from_url(f"{path.as_uri()}?fsync=off", {})
    unsynced._sync = synced.append  # type: ignore[assignment]
    assert unsynced.send(MESSAGE, within=5) == Delivered()
    assert len(synced) == 3


def test_who_keeps_the_file_locked_costs_no_more_than_the_time_there_is(path: Path) -> None:
    path.touch()
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert FileNotifier(path).send(MESSAGE, within=0.02) == Retry("another process keeps the file locked")
    assert path.read_bytes() == b""
    assert FileNotifier(path).send(MESSAGE, within=0.02) == Delivered()


def test_where_no_file_can_be_is_told_without_waiting(path: Path) -> None:
    missing = FileNotifier(path / "below")
    assert missing.send(MESSAGE, within=5) == Retry("the file cannot be written (No such file or directory)")
    os.mkfifo(path)
    assert FileNotifier(path).send(MESSAGE, within=5) == Retry("what stands there is no file")  # but a pipe
    assert FileNotifier(Path("/dev/null")).send(MESSAGE, within=5) == Retry("what stands there is no file")
    assert FileNotifier(path.parent).send(MESSAGE, within=5) == Retry("the file cannot be written (Is a directory)")


def test_a_file_that_was_moved_away_is_begun_anew(path: Path) -> None:
    notifier = FileNotifier(path)
    notifier.send(MESSAGE, within=5)
    path.rename(path.with_suffix(".old"))
    notifier.send(MESSAGE, within=5)
    assert len(lines(path)) == len(lines(path.with_suffix(".old"))) == 1


def test_nothing_is_made_before_the_first_message_nor_after_closing(path: Path) -> None:
    notifier = FileNotifier(path)
    notifier.check_address("unit-3")
    notifier.close()
    notifier.close()
    assert notifier.send(MESSAGE, within=5) == Retry("the notifier is closed")
    assert not path.exists()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///var/a%20b%3Fc%23.jsonl", "/var/a b?c#.jsonl"),
        ("FILE:///var/a.jsonl?fsync=on", "/var/a.jsonl"),
        ("file:/var/a.jsonl", "/var/a.jsonl"),
        ("file:a.jsonl?fsync=off", "a.jsonl"),
        ("file:///文件.jsonl", "/文件.jsonl"),
    ],
)
def test_a_url_names_a_file(url: str, path: str) -> None:
    assert FileNotifier.from_url(url, {})._path == Path(path).absolute()


@pytest.mark.parametrize(
    "url",
    [
        "file:", "file://", "file:///", "file://host/a.jsonl", "file:///a/", "file:///a%00b", "file:///a#b",
        "file:///a?fsync=maybe", "file:///a?sync=on", "file:///a?fsync", "file:///a?fsync=on&fsync=off",
    ],
)  # fmt: skip
def test_any_other_url_of_a_file_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as error:
        FileNotifier.from_url(url, {})
    assert error.value.faults[0].path == "url"


# In the log


def test_the_log_gets_one_line_whatever_stands_in_a_message(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    assert equip().open_notifier("log:").send(MESSAGE, within=5) == Delivered()
    (record,) = caplog.records
    assert (record.name, record.levelname) == (LOGGER, "INFO")
    assert json.loads(record.getMessage()) == fields(MESSAGE)
    assert len(record.getMessage().splitlines()) == 1
    assert record.getMessage().isprintable()


def test_what_no_handler_takes_was_not_delivered(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, LOGGER)
    refused = LogNotifier.from_url("log:", {}).send(MESSAGE, within=5)
    assert isinstance(refused, Retry)
    assert "stabflow.notices takes nothing of level info" in refused.reason
    assert caplog.records == []
    assert LogNotifier.from_url("log:?level=warning", {}).send(MESSAGE, within=5) == Delivered()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_without_handlers_the_last_resort_takes_warnings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.getLogger(LOGGER)
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logging.INFO)
    logger.manager._clear_cache()  # type: ignore[attr-defined]
    assert isinstance(LogNotifier().send(MESSAGE, within=5), Retry)
    assert LogNotifier(logging.WARNING).send(MESSAGE, within=5) == Delivered()
    assert MESSAGE.id in capsys.readouterr().err
    monkeypatch.setattr(logging, "lastResort", None)
    assert isinstance(LogNotifier(logging.WARNING).send(MESSAGE, within=5), Retry)


def test_after_closing_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    notifier = LogNotifier()
    notifier.close()
    assert notifier.send(MESSAGE, within=5) == Retry("the notifier is closed")
    assert caplog.records == []


@pytest.mark.parametrize("url", ["log:x", "log://", "log:?level=", "log:?level=error", "log:?level=info&x=1"])
def test_any_other_url_of_the_log_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="write log:"):
        LogNotifier.from_url(url, {})


# Of both


@pytest.mark.parametrize("url", ["log:", "file:///nowhere/a.jsonl"])
def test_an_address_is_a_label_and_there_are_no_secrets(url: str) -> None:
    notifier = equip().open_notifier(url)
    for label in ("transport-bureau", "交通局 三科", "unit 3 <room 12>"):
        notifier.check_address(label)
    for wrong in ("", " ", "a\nb", "a\x1b[1m", "secret" * 40, "a\u202eb", "\ud800"):
        with pytest.raises(InvalidInput) as error:
            notifier.check_address(wrong)
        assert "secret" not in str(error.value)
        result = notifier.send(attrs.evolve(MESSAGE, to=wrong), within=5)
        assert isinstance(result, Rejected)
        assert "it is no label" in result.reason
    with pytest.raises(InvalidInput) as error:
        equip().open_notifier(url, {"password": [Secret("pw")]})
    assert error.value.faults[0].path == "secrets.password"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Retry("r", after=-1),
        lambda: Retry("r", after=float("nan")),
        lambda: Retry("r", after=float("inf")),
        lambda: Retry("r", after="5"),
        lambda: Retry("r", after=True),
        lambda: Retry(b"r"),
        lambda: Retry("r", maybe_sent=1),
        lambda: Delivered(None),
        lambda: Rejected(OSError("x")),
        lambda: Rejected("r", gone="yes"),
    ],
)
def test_a_result_that_could_be_read_two_ways_cannot_be_made(wrong: Callable[[], object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        wrong()
