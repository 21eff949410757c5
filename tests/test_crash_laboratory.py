"""The crash laboratory: each experiment finds nothing lost, what is planted is found, and the page shows what was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import Any

import apsw
import attrs
import pytest
from conftest import SHORT
from crash import errors, group, lab, power, rivals, room, script, scripts, strikes, upgrades
from crash.disk import Op, everything, nothing
from crash.earlier import unlike
from crash.ends import NAME
from crash.faults import Fault
from crash.files import opened, raw
from crash.script import Hands, ack, appends, claim, notice, release
from crash.tally import COLUMNS, UNTRIED, NotTried, Tally, table

from stabflow.errors import StoreError, VersionConflict
from stabflow.stores import sqlite_schema
from stabflow.stores.sqlite import SqliteStore
from stabflow.stores.sqlite_file import DatabaseFile
from stabflow.stores.sqlite_writer import Writer

WORST: power.Ends = [("synced", nothing)]


@pytest.fixture
def scratch() -> Iterator[Path]:
    with lab.scratch() as folder:
        yield folder


@pytest.mark.slow
@pytest.mark.parametrize("name", lab.EXPERIMENTS)
def test_an_experiment_finds_what_it_should(name: str) -> None:
    """Nothing lost, halved or misreported; but a counter-proof must find something. The page says the same."""
    experiment = lab.EXPERIMENTS[name]
    result = lab.perform(name, lab.Pace(SHORT))
    if isinstance(result, NotTried):
        pytest.skip(
            f"only locally, NOT TRIED HERE: {result.reason}; the VFS of the tests goes over the same operations"
        )
    assert result.points
    assert not experiment.failed(result), result.examples
    (shown,) = [row for row in shown_on_the_page() if row[:2] == [experiment.fault, experiment.where]]
    assert experiment.proof or shown[4:] == ["0", "0", "0"]


# What is planted is found


def unsynced(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of the store that does not wait for the disk."""

    @wraps(method)
    def careless(store: SqliteStore, *words: Any, **more: Any) -> Any:
        if store._connection.cursor is None:  # what makes the file
            return method(store, *words, **more)
        store._connection.cursor.execute("PRAGMA synchronous = NORMAL")
        try:
            return method(store, *words, **more)
        finally:
            store._connection.cursor.execute("PRAGMA synchronous = FULL")

    return careless


@pytest.mark.parametrize("method", ["append", "claim", "ack", "release"])
def test_planted_what_is_not_synced_is_found_lost(scratch: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    steps = [*appends(3), claim(2), ack(notice(0, "unit")), release(notice(0, "lane-0"), None)]
    assert power.cut_everywhere(power.run(scratch / "honest", steps), steps, scratch / "cut", ends=WORST).clean
    monkeypatch.setattr(SqliteStore, method, unsynced(getattr(SqliteStore, method)))
    tally = power.cut_everywhere(power.run(scratch / "run", steps), steps, scratch / "cut", ends=WORST)
    assert tally.lost, tally
    assert not tally.misreported


def test_planted_tokens_that_begin_anew_are_found(scratch: Path) -> None:
    steps = [*appends(1), claim(1), ack(notice(0, "unit"))]
    hands = Hands()
    with opened(scratch / NAME, clock=hands.clock) as store:
        for step in steps:
            step.do(store, hands)
    with raw(scratch / NAME) as connection:
        connection.execute("UPDATE claims SET last = 0")
    with opened(scratch / NAME, clock=hands.clock) as store:
        found = script.look(store, hands, script.keys_of(steps))
    tally = Tally()
    assert not tally.look(script.Expected(steps), len(steps), found, "here")
    assert tally.examples == ["here: 4 were acknowledged, tokens rise: found False, not True"]


@attrs.define
class SyncFault(Fault):
    """Lets the sync of the log number ``at`` fail."""

    def __call__(self, op: Op) -> Exception | None:
        if op.kind != "sync" or op.name != f"{NAME}-wal" or self.over:
            return None
        self.seen += 1
        if self.seen != self.at:
            return None
        self.hit = op
        return self.error("planted")


def told_as_nothing(file: DatabaseFile, error: BaseException) -> StoreError:
    return file.trouble("failed while committing", "nothing was stored")


def test_planted_an_unknown_outcome_called_certain_is_found(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatabaseFile, "unknown", told_as_nothing)
    faults = partial(SyncFault, error=apsw.IOError)
    tally, called = errors.fail_everywhere(scratch, appends(3), faults, ends=[("all", everything)])
    assert called["sync log"] == {"StoreUnavailable"}
    assert tally.misreported, tally


@pytest.mark.slow
def test_planted_an_error_that_only_the_first_of_a_group_is_told_is_found(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def honest(tmp: Path) -> Tally:
        tmp.mkdir()
        return group.fail_everywhere(tmp, partial(SyncFault, error=apsw.IOError), 2, ends=WORST)

    assert (found := honest(scratch / "honest")).clean, found
    commit = Writer._commit

    def to_the_first(writer: Writer, acts: Sequence[Any], outcomes: Any) -> None:
        commit(writer, acts, outcomes)
        for act_, outcome in zip(acts[1:], outcomes[1:], strict=True):
            act_.outcome = outcome

    monkeypatch.setattr(Writer, "_commit", to_the_first)
    tally = honest(scratch / "planted")
    assert tally.lost, tally


@pytest.mark.slow
def test_planted_a_group_that_is_not_synced_is_found_lost(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatabaseFile, "connect", normally(DatabaseFile.connect))
    assert group.cut_everywhere(scratch, 2, ends=WORST, stride=2).lost


def normally(connect: Callable[[DatabaseFile], apsw.Connection]) -> Callable[[DatabaseFile], apsw.Connection]:
    def careless(file: DatabaseFile) -> apsw.Connection:
        connection = connect(file)
        connection.pragma("synchronous", "NORMAL")
        return connection

    return careless


def in_pieces(cursor: apsw.Cursor) -> None:
    """An upgrade that is no transaction."""
    for statement in sqlite_schema.UPGRADES.get(cursor.connection.pragma("user_version"), ()):
        cursor.execute(statement)
    sqlite_schema.mark(cursor)


def test_planted_an_upgrade_in_pieces_is_found_halved(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_schema, "upgrade", in_pieces)
    assert upgrades.at_every_statement(scratch, 3).halved
    steps, before = scripts.named("from 3")
    done = power.run(scratch / "run", steps, start=scripts.files_of("from 3"), before=before)
    assert power.cut_everywhere(done, steps, scratch / "cut", ends=WORST, stride=7, also=unlike).halved


def test_planted_a_full_disk_that_is_not_told_is_found(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append = SqliteStore.append

    def blind(store: SqliteStore, batch: Any) -> Any:
        try:
            return append(store, batch)
        except StoreError as error:
            if "full disk" in str(error):
                return None
            raise

    monkeypatch.setattr(SqliteStore, "append", blind)
    with pytest.raises(VersionConflict):  # the next act does not find the one that was acknowledged
        room.in_the_database(scratch / "full")


@pytest.mark.slow
def test_planted_an_act_acknowledged_before_it_is_written_is_found_lost_by_killing(scratch: Path) -> None:
    if (reason := strikes.missing()) is not None:
        pytest.skip(f"only locally, NOT TRIED HERE: {reason.reason}")
    strike = strikes.Strike("fdatasync", "kill")
    assert strikes.strike_everywhere(scratch, strike, "too early", told_as=appends(4)).lost


def test_planted_what_rivals_lost_or_halved_is_found(scratch: Path) -> None:
    path = scratch / NAME
    rival = rivals.Rival(path, "rival", 1)
    with opened(path) as store:
        for number, stream in enumerate(rivals.STREAMS):
            store.append(rivals.batch_of(f"rival.0.{number}", stream, 0))
            rival.told.append((0, number, stream, 1, False))

    def judged(*forged: tuple[int, int, str, int, bool]) -> Tally:
        tally, hands = Tally(), Hands()
        told = attrs.evolve(rival, told=[*rival.told, *forged])
        with opened(path, clock=hands.clock) as store:
            rivals.judge(tally, store, hands, [told], "here")
        return tally

    assert judged((0, 3, rivals.STREAMS[0], 2, False)).lost == 1
    assert judged().examples == [
        "here: notices and records differ: Counter({'rival.0.0': 1, 'rival.0.1': 1, 'rival.0.2': 1})"
    ]  # the one who looked before has emptied the outbox


# The table


def shown_on_the_page() -> list[list[str]]:
    return lab.rows(lab.PAGE.read_text(encoding="utf-8"))


def test_the_page_shows_each_experiment_and_what_it_found() -> None:
    """On the page stands what a whole run found; which experiments there are, and what they must find, the tests know."""
    shown = shown_on_the_page()
    assert [row[:2] for row in shown] == [[one.fault, one.where] for one in lab.EXPERIMENTS.values()]
    for row, experiment in zip(shown, lab.EXPERIMENTS.values(), strict=True):
        points, acts, lost, halved, misreported = (int(cell.replace(",", "")) for cell in row[2:])
        tally = Tally(points, acts, lost, halved, misreported)
        assert points
        assert not experiment.failed(tally), row
    text = lab.PAGE.read_text(encoding="utf-8")
    assert re.search(r"Made on \d{4}-\d\d-\d\d with SQLite [\d.]+, apsw [\d.]+, CPython [\d.]+, Linux \S+\.\n", text)
    assert text.count(lab.BEGIN) == text.count(lab.END) == 1


def test_a_run_prints_a_table_of_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    (name,) = [name for name in lab.EXPERIMENTS if "by which the database grows" in name]
    experiment = lab.EXPERIMENTS[name]
    result = lab.perform(name, lab.Pace(short=True))
    assert isinstance(result, Tally)
    (row,) = lab.rows(table([(experiment.fault, experiment.where, result)]))
    assert row == [
        experiment.fault, experiment.where, f"{result.points:,}", f"{result.acts:,}", "0", "0", "0",
    ]  # fmt: skip
    assert len(row) == len(COLUMNS)


@pytest.mark.slow
def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.main(["--short", "--jobs", "1", "--only", "by which the database grows"]) == lab.COMPLETE
    said = capsys.readouterr()
    assert [row[:2] for row in lab.rows(said.out)] == [["full disk", "at every page by which the database grows"]]
    assert ", in short.\n" in said.out
    assert "as it should be" in said.err


@pytest.mark.parametrize(
    "words", [["--only", "no such fault"], ["--update", "--short"], ["--update", "--only", "disk"]]
)
def test_the_command_refuses_what_it_cannot_do(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        lab.main(words)
    assert caught.value.code == 2
    assert "dev.py lab: error: " in capsys.readouterr().err


def test_what_was_not_tried_is_called_so() -> None:
    (row,) = lab.rows(table([("kill", "here", NotTried("there is no strace"))]))
    assert row[:3] == ["kill", "here", f"{UNTRIED}: there is no strace"]
    assert row[3:] == [""] * 4


def test_a_counter_proof_that_finds_nothing_fails() -> None:
    proof = next(one for one in lab.EXPERIMENTS.values() if one.proof)
    plain = next(one for one in lab.EXPERIMENTS.values() if not one.proof)
    assert proof.failed(Tally(points=9))
    assert not proof.failed(Tally(points=9, lost=1))
    for wrong in (Tally(lost=1), Tally(halved=1), Tally(misreported=1), NotTried("it broke", broken=True)):
        assert plain.failed(wrong)
    untried = NotTried("there is no strace")
    assert not plain.failed(Tally(points=9))
    assert not plain.failed(untried)
    assert lab.said_of(plain.name, untried) == "NOT TRIED HERE: there is no strace"
    good = {plain.name: Tally(points=9), proof.name: Tally(points=9, lost=1)}
    assert lab.status_of(good) == lab.COMPLETE
    assert lab.status_of({**good, plain.name: untried}) == lab.INCOMPLETE
    assert lab.status_of({**good, proof.name: Tally(points=9)}) == lab.FAILED
