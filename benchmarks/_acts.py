"""The same act, done in several ways on PostgreSQL or in a SQLite file; and processes that do it again and again.

An act belongs to a case: load where the case stands, and store one record of 450 bytes with what goes with it.

*append*: `Store.are_heads` and `Store.append`, as the engine does: the record, its key, the case's row, a duty that goes and one
that comes, if the case and the register of offices still end where they did.
*plain*: what a careful programmer writes with psycopg, as its documentation teaches: begin, select the case for update, update
it, insert the event, commit. One row is changed and one is added.
*same rows*: the same with all the rows that the store writes, into tables with its columns and indexes.
*sqlalchemy*: the same rows but the key by SQLAlchemy's ORM, with its version column.
*eventsourcing*: its recorder for applications: select what is new of the aggregate, insert one event.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_URL, uuid5

import attrs
import psycopg
from stabflow_postgres import PostgresStore
from stabflow_postgres.testing import execute, plain
from store import AT, HEADER, PAYLOAD
from store import batch as batch_of

from stabflow.errors import StoreUnavailable, VersionConflict
from stabflow.ports.store import AppendBatch, NewRecord, Store, StreamHead
from stabflow.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from eventsourcing.postgres import PostgresApplicationRecorder

CONFLICT, LOCKED = 0, -1
"""What a way yields in place of a version, where somebody else came first, or others held the SQLite file for too long."""

OFFICES = StreamHead("offices", 1, b"o" * 32)

CASE_COLUMNS = (
    "id text PRIMARY KEY, matter text, title text, procedure text, procedure_version text, digest text, state text, step text,"
    " outcome text, body text, round int, version int, opened_at text, updated_at text"
)
TABLES = (
    "CREATE SCHEMA bare",
    "CREATE TABLE bare.cases (id text PRIMARY KEY, version int, state text)",
    (
        "CREATE TABLE bare.events (id bigserial PRIMARY KEY, stream text, version int, header bytea, payload bytea,"
        " UNIQUE (stream, version))"
    ),
    "CREATE SCHEMA orm",
    "CREATE SCHEMA same",
    f"CREATE TABLE same.cases ({CASE_COLUMNS})",
    *(
        f"CREATE INDEX ON same.cases ({name}, id)"
        for name in ("matter", "procedure", "state", "step", "body", "outcome")
    ),
    (
        "CREATE TABLE same.events (id bigserial PRIMARY KEY, stream text, version int, tag text, header bytea, payload bytea,"
        " hash bytea, UNIQUE (stream, version))"
    ),
    "CREATE TABLE same.keys (stream text, key text, digest text, version int, PRIMARY KEY (stream, key))",
    (
        "CREATE TABLE same.duties (case_id text, procedure text, duty text, state text, role text, body text, actor text,"
        " level int, due text, estimated boolean, breached boolean, PRIMARY KEY (case_id, duty, role, body, actor))"
    ),
    *(f"CREATE INDEX ON same.duties ({name}due, case_id)" for name in ("role, ", "body, ", "actor, ", "")),
)


def due(version: int) -> str:
    """When the duty is due that comes with the act after ``version``: each one a second later, as time goes on."""
    return f"2026-12-01T{version // 3600 % 24:02}:{version // 60 % 60:02}:{version % 60:02}.000000Z"


def batch(name: str, version: int, head: bytes) -> AppendBatch:
    """An act on the case ``name`` at ``version``, decided on where the case and the offices ended."""
    new = batch_of(name, version)
    assert new.index is not None
    duty = attrs.evolve(new.index.duties[0], due_at=due(version))
    relies_on = (StreamHead(new.stream, version, head), OFFICES)
    return attrs.evolve(new, index=attrs.evolve(new.index, duties=(duty,)), relies_on=relies_on)


def opened(url: str) -> Store:
    """The store, in which there is a register of offices."""
    path = urlsplit(url).path
    store: Store = SqliteStore.open(path) if url.startswith("sqlite:") else PostgresStore.from_url(url)
    if not store.are_heads((OFFICES,)):
        try:
            store.append(AppendBatch("offices", 0, (NewRecord("office", HEADER, PAYLOAD, OFFICES.hash),)))
        except VersionConflict:
            assert store.are_heads((OFFICES,))
    return store


def append(url: str, name: str) -> Iterator[int]:
    store, version, head = opened(url), 0, b""
    while True:
        new = batch(name, version, head)
        try:
            assert store.are_heads(new.relies_on)
            store.append(new)
        except StoreUnavailable:
            yield LOCKED
        else:
            version, head = version + 1, new.records[0].hash
            yield version


def shared(url: str, name: str) -> Iterator[int]:
    """Acts on one case by everybody at once: whoever comes second loads it again."""
    store, stream = opened(url), "case/shared"
    while True:
        try:
            (at,) = store.heads([stream])
            new = batch("shared", at.version, at.hash)
            store.append(attrs.evolve(new, key=f"{name}-{at.version}"))
        except VersionConflict:
            yield CONFLICT
        except StoreUnavailable:
            yield LOCKED
        else:
            yield at.version + 1


def by_hand(url: str, name: str) -> Iterator[int]:
    link = psycopg.connect(plain(url))
    link.execute("INSERT INTO bare.cases VALUES (%s, 0, 's')", (name,))
    link.commit()
    while True:
        found = link.execute("SELECT version, state FROM bare.cases WHERE id = %s FOR UPDATE", (name,)).fetchone()
        assert found is not None
        version = found[0] + 1
        link.execute("UPDATE bare.cases SET version = %s, state = 's' WHERE id = %s", (version, name))
        link.execute(
            "INSERT INTO bare.events (stream, version, header, payload) VALUES (%s, %s, %s, %s)",
            (name, version, HEADER, PAYLOAD),
        )
        link.commit()
        yield version


def same_rows(url: str, name: str) -> Iterator[int]:
    link = psycopg.connect(plain(url))
    row = (name, "替建渡口大桥", "five-step", "1", "d" * 64, "s", "investigate", "", "b", 1, 0, AT, AT)
    link.execute(f"INSERT INTO same.cases VALUES (%s{', %s' * 13})", (name, *row))
    link.commit()
    while True:
        found = link.execute("SELECT version FROM same.cases WHERE id = %s FOR UPDATE", (name,)).fetchone()
        assert found is not None
        version = found[0] + 1
        link.execute(
            "INSERT INTO same.events (stream, version, tag, header, payload, hash) VALUES (%s, %s, %s, %s, %s, %s)",
            (name, version, "item.moved", HEADER, PAYLOAD, version.to_bytes(32, "big")),
        )
        link.execute("INSERT INTO same.keys VALUES (%s, %s, %s, %s)", (name, f"k-{version}", "d" * 64, version))
        link.execute(
            "UPDATE same.cases SET state = %s, step = %s, outcome = %s, body = %s, round = %s, version = %s, updated_at = %s"
            " WHERE id = %s",
            ("s", "investigate", "", "b", 1, version, AT, name),
        )
        link.execute("DELETE FROM same.duties WHERE case_id = %s AND duty = %s", (name, f"consultation-{version - 1}"))
        link.execute(
            "INSERT INTO same.duties VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                name,
                "five-step",
                f"consultation-{version}",
                "open",
                "unit",
                "body",
                "o-7",
                0,
                due(version),
                False,
                False,
            ),
        )
        link.commit()
        yield version


def by_sqlalchemy(url: str, name: str) -> Iterator[int]:
    import _models
    from sqlalchemy import create_engine, delete
    from sqlalchemy.orm import Session

    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(plain(url)))
    with Session(engine) as session, session.begin():
        session.add(_models.new_case(name))
    version = 0
    while True:
        with Session(engine) as session, session.begin():
            case = session.get_one(_models.Case, name)
            case.updated_at = due(version)
            version = case.version
            session.add(_models.new_event(name, version))
            gone = (_models.Duty.case_id == name, _models.Duty.duty == f"consultation-{version - 1}")
            session.execute(delete(_models.Duty).where(*gone))
            session.add(_models.new_duty(name, version, due(version)))
        yield version


def recorder_at(url: str) -> PostgresApplicationRecorder:
    from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

    given = parse_qs(urlsplit(url).query)
    return PostgresApplicationRecorder(
        PostgresDatastore("postgres", given["host"][0], given["port"][0], "stabflow", "")
    )


def by_eventsourcing(url: str, name: str) -> Iterator[int]:
    from eventsourcing.persistence import StoredEvent

    recorder = recorder_at(url)
    id_, version = uuid5(NAMESPACE_URL, name), 0
    while True:
        assert not recorder.select_events(id_, gt=version)
        version += 1
        recorder.insert_events([StoredEvent(id_, version, "cases:Case.ItemMoved", HEADER + PAYLOAD)])
        yield version


WAYS: dict[str, Callable[[str, str], Iterator[int]]] = {
    "plain": by_hand,
    "append": append,
    "same rows": same_rows,
    "sqlalchemy": by_sqlalchemy,
    "eventsourcing": by_eventsourcing,
    "shared": shared,
}


@attrs.frozen
class Task:
    """What a process is to do: acts of one way on one case, ``much`` of them, or for so many seconds."""

    url: str
    way: str
    case: str
    kind: Literal["count", "seconds"]
    much: float


@attrs.frozen
class Done:
    """What it did: when it had which version (``time.monotonic``), and how long that took; how often somebody else came first, or
    the file was locked for too long; seconds of processor."""

    acts: list[tuple[int, float, float]]
    conflicts: int
    locked: int
    processor: float


class Workers:
    """Processes that do what they are told, one task at a time each. They are forked, since 64 that import everything anew keep
    two cores busy for a minute: make them before anything else is opened."""

    def __init__(self, count: int) -> None:
        forking = multiprocessing.get_context("fork")
        self._links: list[Connection] = []
        self._processes = []
        for _ in range(count):
            here, there = forking.Pipe()
            process = forking.Process(target=work, args=(there, [*self._links, here]), daemon=True)
            process.start()
            there.close()
            self._links.append(here)
            self._processes.append(process)

    def tell(self, tasks: list[Task]) -> None:
        for link, task in zip(self._links, tasks, strict=False):
            link.send_bytes(json.dumps(attrs.asdict(task)).encode())

    def answers(self, count: int) -> list[Done]:
        return [Done(**json.loads(link.recv_bytes())) for link in self._links[:count]]

    def do(self, tasks: list[Task]) -> list[Done]:
        self.tell(tasks)
        return self.answers(len(tasks))

    def close(self) -> None:
        for link in self._links:
            link.close()
        for process in self._processes:
            process.join(30)


def tasks(url: str, way: str, label: str, many: int, kind: Literal["count", "seconds"], much: float) -> list[Task]:
    """One task for each of ``many`` processes, on cases of their own."""
    return [Task(url, way, f"{label}-{number}", kind, much) for number in range(many)]


def work(link: Connection, others: list[Connection]) -> None:
    """What a worker does until nothing more comes."""
    for other in others:  # which would keep those from noticing the end
        other.close()
    begun: dict[tuple[str, str, str], Iterator[int]] = {}
    while True:
        try:
            task = Task(**json.loads(link.recv_bytes()))
        except EOFError:
            return
        steps = begun.setdefault((task.url, task.way, task.case), WAYS[task.way](task.url, task.case))
        acts: list[tuple[int, float, float]] = []
        missed: Counter[int] = Counter()
        used = time.process_time()
        now = time.monotonic()
        ends = now + task.much
        while len(acts) < task.much if task.kind == "count" else now < ends:
            version = next(steps)
            then, now = now, time.monotonic()
            if version > 0:
                acts.append((version, now, now - then))
            else:
                missed[version] += 1
        done = Done(acts, missed[CONFLICT], missed[LOCKED], time.process_time() - used)
        link.send_bytes(json.dumps(attrs.asdict(done)).encode())


def make_tables(url: str) -> None:
    """What the ways need that do not make their tables themselves."""
    from _models import Base
    from sqlalchemy import create_engine

    execute(url, *TABLES)
    recorder = recorder_at(url)
    recorder.create_table()
    recorder.datastore.close()
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(plain(url)))
    Base.metadata.create_all(engine)
    engine.dispose()
