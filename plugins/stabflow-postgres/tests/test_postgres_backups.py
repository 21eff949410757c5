"""Backups and going back to a moment: the commands of docs/how-to/back-up-postgresql.md as they stand, and what holds then."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import worlds
from copies import notice
from stabflow_postgres import PostgresStore
from stabflow_postgres.servers import MEMORY, EmbeddedServer, as_nobody, programs, wait_until
from stabflow_postgres.testing import plain

from stabflow import Engine
from stabflow.engine.doctor import Health
from stabflow.errors import FeedReset, LeaseLost
from stabflow.history.record import Record
from stabflow.ports.store import AppendBatch, NewRecord

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "back-up-postgresql.md").read_text(encoding="utf-8")
MOMENT = "2026-11-29 14:05:00+08"
BASIS, CLERK, NOTE = worlds.BASIS, worlds.CLERK, worlds.NOTE


def blocks(language: str) -> list[str]:
    """The blocks of the page in a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def shell(containing: str) -> str:
    """The only block of commands with something in it."""
    (found,) = [block for block in blocks("sh") if containing in block]
    return found


def settings(folder: Path) -> dict[str, str]:
    """What the page has a server told that archives its log, for a backup in ``folder``."""
    (block,) = blocks("ini")
    lines = re.findall(r"^(\w+) = '?(.*?)'?$", block.replace("/backup", str(folder)), re.MULTILINE)
    assert dict(lines).keys() == {"archive_mode", "archive_command", "archive_timeout", "restore_command"}
    return dict(lines)


class Site:
    """A server that archives its log, a place for backups, and one to restore into; commands of the page run on it."""

    def __init__(self, folder: Path) -> None:
        self.backup = folder / "backup"
        (self.backup / "log").mkdir(parents=True)
        self.server = EmbeddedServer(settings(self.backup))
        self.server.program("createdb", "cases")
        self.restored = folder / "restored"
        self.port = free_port()
        self.clock = worlds.FakeClock()

    def run(self, commands: str, moment: str = "") -> str:
        """What commands of the page say, with the places and the moment of this test."""
        places = {
            "/backup": str(self.backup),
            "/srv/postgresql/restored": str(self.restored),
            "/srv/postgresql": str(self.server.folder),
            "python3": sys.executable,
            "5433": str(self.port),
            MOMENT: moment,
        }
        for here, there in places.items():
            commands = commands.replace(here, there)
        environment = os.environ | {
            "PATH": f"{programs()}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PGHOST": str(self.server.socket),
            "PGPORT": str(self.server.port),
            "PGUSER": "stabflow",
            "PGDATABASE": "cases",
        }
        output = self.server.folder / "output"
        with output.open("w") as said:  # a pipe would be kept open by the server that is started
            done = subprocess.run(
                [*as_nobody(), "bash", "-eu", "-o", "pipefail", "-c", commands],
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=60,
                check=False,
                env=environment,
                cwd=self.server.folder,
            )
        assert done.returncode == 0, output.read_text()
        return output.read_text()

    @property
    def url(self) -> str:
        """The URL of the server."""
        return self.server.url("cases")

    @property
    def other(self) -> str:
        """The URL of the second server."""
        return self.server.url("cases", port=str(self.port))

    def engine(self, url: str) -> Engine:
        """An engine on either server, by the same clock."""
        return worlds.engine_on(url, self.clock)

    def stop(self) -> None:
        """Stop and remove both servers."""
        for data in (self.restored, self.server.folder / "before"):
            if (data / "postmaster.pid").exists():
                self.run(f"pg_ctl -D {data} -m immediate -w stop")
        self.server.remove()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="stabflow-backups-", dir=MEMORY) as folder:
        made = Site(Path(folder))
        try:
            yield made
        finally:
            made.stop()


class Acting:
    """Somebody who acts on a server, and notes what was acknowledged, and what the feed showed."""

    def __init__(self, site: Site) -> None:
        self.engine = site.engine(site.url)
        worlds.constituted(self.engine)
        self.case = worlds.opened(self.engine)
        self.store = self.engine._shell.store

    def act(self, *keys: str) -> list[Record]:
        """Act under each of ``keys``; all records that were acknowledged so far."""
        for key in keys:
            self.case.add("note", by=CLERK, basis=BASIS, key=key, **NOTE)
        return list(everything(self.engine))

    def cursor(self) -> str:
        """The end of the feed."""
        cursor = self.engine.feed().cursor
        assert cursor is not None
        return cursor


@pytest.fixture
def acting(site: Site) -> Iterator[Acting]:
    made = Acting(site)
    yield made
    made.engine.close()


def everything(engine: Engine) -> Iterator[Record]:
    """All records, by the function of the page."""
    yield from page_functions()["records"](engine)


@functools.cache
def page_functions() -> dict[str, Any]:
    """What the page defines to find what is missing."""
    (block,) = blocks("python")
    names: dict[str, Any] = {}
    exec(block.split("\nchair = ")[0], names)  # noqa: S102 - our own document
    return names


def said(records: Sequence[Record]) -> list[tuple[str, int, str]]:
    return [(one.stream, one.version, one.hash) for one in records]


def now() -> str:
    """The moment, as PostgreSQL is told it."""
    return datetime.now(UTC).isoformat(sep=" ")


def beside(site: Site, moment: str) -> None:
    """Restore beside the server, as the page says."""
    site.run(shell("cp -a /backup/base /srv/postgresql/restored"), moment)


def in_place(site: Site, moment: str) -> None:
    """Put the server back, as the page says."""
    site.run(shell("mv /srv/postgresql/data"), moment)


def seen_is_refused(engine: Engine, cursor: str, writes: int) -> None:
    """A cursor of what was taken back is refused, however many records have been written since."""
    case = engine.case("small-bridge-1-1")
    for number in range(writes):
        with pytest.raises(FeedReset):
            engine.feed(after=cursor)
        case.add("note", by=CLERK, basis=BASIS, key=f"since-{number}", **NOTE)
    with pytest.raises(FeedReset):
        engine.feed(after=cursor)


def test_a_moment_beside_the_server(site: Site, acting: Acting) -> None:
    acting.act("before the backup")
    site.run(shell("pg_basebackup"))
    acting.act("early")
    for text in ("first", "second"):
        notice(acting.store, text, text)
    (held,) = acting.store.claim("worker", limit=1, lease_for=3600.0)
    acknowledged, unseen = acting.act("last"), acting.cursor()
    moment = now()
    lost = acting.act("late", "later")[len(acknowledged) :]
    (delivered,) = acting.store.claim("worker", limit=1, lease_for=3600.0)
    acting.store.ack(delivered)
    seen = acting.cursor()

    beside(site, moment)
    assert f"cases={1}" in site.run(shell("verify()").replace("stabflow.open(", "__import__('worlds').engine_on("))
    with site.engine(site.other) as engine:
        assert said(list(everything(engine))) == said(acknowledged)
        assert engine.verify().cases == 1
        assert page_functions()["missing"](acting.engine, engine) == lost
        assert {one.check: one.text.en for one in engine.diagnose() if one.health is Health.FAILED} == {}
        store = engine._shell.store
        assert [one.payload for one in store.waiting()] == [b"first", b"second"]
        (again,) = store.claim("worker", limit=2, lease_for=3600.0)
        assert (held.payload, again.payload) == (b"first", b"second")
        store.ack(held)  # the lease was there at the moment

        assert engine.feed(after=unseen).records == ()
        seen_is_refused(engine, seen, len(lost) + 3)
        since = engine.feed(after=unseen).records
        assert [one.key for one in since] == [f"since-{number}" for number in range(len(lost) + 3)]
        case = engine.case("small-bridge-1-1")
        before = case.value.version
        case.add("note", by=CLERK, basis=BASIS, key="early", **NOTE)
        assert case.value.version == before
        case.add("note", by=CLERK, basis=BASIS, key="late", **NOTE)
        assert case.value.version == before + 1
        positions = [one.position for one in store.read_feed(after=None).records]
        assert positions == sorted(set(positions))
        engine.verify()


def test_the_server_put_back_and_forward_again(site: Site, acting: Acting) -> None:
    """Also for processes that were not stopped: their handles go on, from what is there then."""
    site.run(shell("pg_basebackup"))
    for text in ("first", "second"):
        notice(acting.store, text, text)
    acknowledged, unseen = acting.act("early"), acting.cursor()
    moment = now()
    (stale, other) = acting.store.claim("worker", limit=2, lease_for=3600.0)
    acting.store.ack(other)
    whole = acting.act("late", "later")
    seen = acting.cursor()
    in_place(site, moment)
    site.run(shell("postgresql/before.log"))
    with site.engine(site.other) as kept:
        assert said(list(everything(acting.engine))) == said(acknowledged)
        assert page_functions()["missing"](kept, acting.engine) == whole[len(acknowledged) :]
        with pytest.raises(LeaseLost):
            acting.store.ack(stale)
        assert [one.payload for one in acting.store.claim("worker", limit=5, lease_for=60.0)] == [b"first", b"second"]
        for cursor, fits in ((unseen, True), (seen, False)):
            with contextlib.nullcontext() if fits else pytest.raises(FeedReset):
                assert acting.engine.feed(after=cursor).records == ()
        done = kept.copy_to(acting.engine, outbox=False)
        assert (done.added, done.behind) == (len(whole) - len(acknowledged), False)
        assert said(acting.act()) == said(whole)
    assert acting.case.value.version == whole[-1].version
    acting.act("again")
    acting.engine.verify()
    site.run("rm -r /backup/base")
    site.run(shell("pg_basebackup"))  # the new timeline is archived like the old one
    moment, acknowledged = now(), acting.act()
    acting.act("last")
    site.run("pg_ctl -D /srv/postgresql/before -m fast -w stop && rm -r /srv/postgresql/before")
    in_place(site, moment)
    assert said(list(everything(acting.engine))) == said(acknowledged)


def test_a_moment_after_the_last_act_is_refused_and_all_comes_back_without_it(site: Site, acting: Acting) -> None:
    site.run(shell("pg_basebackup"))
    whole = acting.act("early")
    commands = shell("cp -a /backup/base /srv/postgresql/restored")
    with pytest.raises(AssertionError, match=r"could not start server|no server running"):
        site.run(commands, now())
    for containing in ("/srv/postgresql/restored.log -w start", "mv /srv/postgresql/data"):
        wait = "while" + shell(containing).partition("while")[2]
        wait = wait.replace("postgresql/data", "postgresql/restored").replace("psql -A", "psql -p 5433 -A")
        with pytest.raises(AssertionError, match="no server running"):
            site.run(wait)
    assert "before configured recovery target was reached" in site.restored.with_name("restored.log").read_text()
    site.run("rm -r /srv/postgresql/restored")
    site.run(commands.replace(f""" -o "-c recovery_target_time='{MOMENT}'\"""", ""))
    with site.engine(site.other) as engine:
        assert said(list(everything(engine))) == said(whole)


LATE = """
INSERT INTO stabflow.records (position, stream, version, tag, header, payload, hash)
SELECT pg_current_xact_id()::text::bigint << 20, 'late', 1, 'tag', '{}', '{}', decode(repeat('0a', 32), 'hex')
"""


def one_record(stream: str) -> AppendBatch:
    return AppendBatch(stream, 0, (NewRecord("tag", b"{}", b"{}", stream.encode().ljust(32)),))


def test_a_backup_started_as_it_is_knows_what_it_lacks(site: Site) -> None:
    """Its timeline is that of the server. A record that is there was seen behind one that is not: the count tells."""
    with closing(PostgresStore.from_url(site.url)) as store, psycopg.connect(plain(site.url)) as link:
        store.append(one_record("first"))
        link.execute(LATE.encode())
        store.append(one_record("second"))
        site.run(shell("pg_basebackup"))
        link.commit()
        page = store.read_feed(after=None)
        assert [one.stream for one in page.records] == ["first", "late", "second"]
    site.run("cp -a /backup/base /srv/postgresql/restored")
    site.run(shell("postgresql/before.log").replace("/srv/postgresql/before", "/srv/postgresql/restored"))
    with closing(PostgresStore.from_url(site.other)) as restored:
        assert [one.stream for one in restored.read_feed(after=None).records] == ["first", "second"]
        with pytest.raises(FeedReset):
            restored.read_feed(after=page.cursor)


def test_a_standby_that_has_all_goes_on_with_the_feed(site: Site, acting: Acting) -> None:
    site.run("pg_basebackup --pgdata=/srv/postgresql/restored --checkpoint=fast --write-recovery-conf")
    site.run(shell("postgresql/before.log").replace("/srv/postgresql/before", "/srv/postgresql/restored"))
    whole, seen = acting.act("early"), acting.cursor()
    with psycopg.connect(plain(site.url), autocommit=True) as link:
        (end,) = link.execute("SELECT pg_current_wal_lsn()").fetchone() or ("",)
    wait_until(f"SELECT pg_last_wal_replay_lsn() >= '{end}'", plain(site.other))
    site.server.stop("immediate")
    site.run("pg_ctl -D /srv/postgresql/restored -w promote")
    with site.engine(site.other) as engine:
        assert engine.feed(after=seen).records == ()
        assert said(list(everything(engine))) == said(whole)
        engine.case("small-bridge-1-1").add("note", by=CLERK, basis=BASIS, key="on the new one", **NOTE)
        assert [one.key for one in engine.feed(after=seen).records] == ["on the new one"]
        engine.verify()


def test_a_dump_into_another_database(site: Site, acting: Acting) -> None:
    notice(acting.store, "lane", "waits")
    whole, seen = acting.act("early"), acting.cursor()
    site.run(shell("pg_dump"))
    with EmbeddedServer() as other:
        site.server, first = other, site.server  # a cluster of its own, in which the numbers of transactions are lower
        try:
            site.run(shell("pg_restore"))
        finally:
            site.server = first
        with site.engine(other.url("restored")) as engine:
            assert said(list(everything(engine))) == said(whole)
            engine.verify()
            seen_is_refused(engine, seen, 3)
            assert [one.payload for one in engine._shell.store.waiting()] == [b"waits"]
            (claim,) = engine._shell.store.claim("worker", limit=2, lease_for=60.0)
            engine._shell.store.ack(claim)
            positions = [one.position for one in engine._shell.store.read_feed(after=None).records]
            assert positions == sorted(set(positions))
