"""Servers that die, that are promoted, and that are put back to an earlier moment."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from stabflow_postgres import PostgresStore, functions
from stabflow_postgres.servers import EmbeddedServer, wait_until
from stabflow_postgres.testing import execute, plain, schema_of

from stabflow.errors import CommitUnknown, FeedReset, StoreUnavailable
from stabflow.ports.store import AppendBatch, NewRecord

pytestmark = pytest.mark.slow

Open = Callable[..., PostgresStore]

RESTARTS = 3
THREADS = 6


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer() as server:
        yield server


def act(stream: str, after: int, where: str = "here") -> AppendBatch:
    key = f"{stream}-{after}"
    new = NewRecord("tag", b"{}", key.encode(), where.encode().ljust(32))
    return AppendBatch(stream, after, (new,), key=key, digest=key)


def test_a_server_that_is_killed_while_many_append(server: EmbeddedServer) -> None:
    """What was acknowledged is there; of what was refused as certainly not stored nothing is; what is not known, its key settles.
    The handle goes on by itself."""
    url = server.url(schema="mine", deadline="5")
    with closing(PostgresStore.from_url(url)) as store:
        store.append(act("first", 0))
        acknowledged: list[AppendBatch] = []
        wrong: list[str] = []
        unknown: list[AppendBatch] = []
        over = threading.Event()

        def work(name: int) -> None:
            for number in itertools.count():
                planned = act(f"case/{name}-{number}", 0)
                while not over.is_set():
                    try:
                        result = store.append(planned)
                    except CommitUnknown:
                        unknown.append(planned)
                    except StoreUnavailable as error:
                        if "nothing was stored" not in str(error):
                            wrong.append(str(error))
                        over.wait(0.02)
                    else:
                        if result.replayed and planned not in unknown:
                            wrong.append(f"{planned.stream}: it was said to be certain that nothing was stored")
                        acknowledged.append(planned)
                        break
                if over.is_set():
                    return

        threads = [threading.Thread(target=work, args=(name,)) for name in range(THREADS)]
        for thread in threads:
            thread.start()
        for _ in range(RESTARTS):
            before = len(acknowledged)
            wait_for(lambda before=before: len(acknowledged) > before + 20)  # type: ignore[misc]
            server.stop("immediate")
            server.start()
        wait_for(lambda: len(acknowledged) > before + 40)
        over.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert unknown, "no append was under way when the server was killed"
        with closing(PostgresStore.from_url(url)) as fresh:
            for planned in acknowledged:
                (found,) = fresh.read_stream(planned.stream)
                assert found.payload == planned.records[0].payload
            for planned in unknown:
                fresh.append(planned)
                assert len(fresh.read_stream(planned.stream)) == 1


def wait_for(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(3000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("nobody acknowledged anything for too long")


class Twin(EmbeddedServer):
    """A server made of a copy of the files of another, which is stopped meanwhile; it starts as a standby."""

    def __init__(self, original: EmbeddedServer) -> None:
        self._original = original
        super().__init__()

    def _initialize(self) -> None:
        self._original.stop("fast")
        shutil.copytree(self._original.data, self.data)
        self._original.start()
        (self.data / "standby.signal").touch()

    def promote(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-w", "promote")


def test_a_standby_is_refused_and_a_promoted_one_knows_what_it_lacks(server: EmbeddedServer, opened: Open) -> None:
    """After a failover that lost nothing a cursor goes on; where records are missing that were seen, it is refused."""
    url = server.url(schema="mine")
    store = opened(url)
    for number in range(3):
        store.append(act("case/one", number))
    kept = store.read_feed(after=None).cursor
    with Twin(server) as twin:
        for number in range(3, 5):
            store.append(act("case/one", number))
        lost = store.read_feed(after=None).cursor
        there = twin.url(schema="mine")
        with pytest.raises(StoreUnavailable, match=r"connect to the primary|is read-only"):
            PostgresStore.from_url(there)
        with pytest.raises(StoreUnavailable, match="is a standby: connect to the primary"):
            PostgresStore.from_url(f"{there}&target_session_attrs=any")
        twin.promote()
        with closing(PostgresStore.from_url(there)) as promoted:
            page = promoted.read_feed(after=kept)
            assert page.records == ()
            for number in range(3, 7):
                with pytest.raises(FeedReset):
                    promoted.read_feed(after=lost)
                promoted.append(act("case/one", number, "on the new leader"))
            assert [one.version for one in promoted.read_feed(after=kept).records] == [4, 5, 6, 7]
            assert [one.version for one in promoted.read_feed(after=page.cursor).records] == [4, 5, 6, 7]


def test_a_dump_that_is_restored_into_a_cluster_with_lower_numbers(server: EmbeddedServer, opened: Open) -> None:
    url = server.url(schema="mine")
    store = opened(url)
    execute(
        url,
        "CREATE TABLE many (n int)",
        "DO $$ BEGIN FOR i IN 1 .. 5000 LOOP BEGIN INSERT INTO many VALUES (1); EXCEPTION WHEN OTHERS THEN NULL; END;"
        " END LOOP; END $$",
    )
    for number in range(3):
        store.append(act("case/one", number))
    before = store.read_feed(after=None)
    dump = server.program("pg_dump", "-n", schema_of(url), "postgres")
    with EmbeddedServer() as other:
        other.program("psql", "-q", "-v", "ON_ERROR_STOP=1", "postgres", feed=dump)
        with closing(PostgresStore.from_url(other.url(schema="mine"))) as restored:
            with pytest.raises(FeedReset):
                restored.read_feed(after=before.cursor)
            page = restored.read_feed(after=None)
            assert page.records == before.records
            restored.append(act("case/one", 3))
            assert [one.version for one in restored.read_feed(after=page.cursor).records] == [4]
            assert restored.append(act("case/one", 0)).replayed
            whole = restored.read_feed(after=None).records
            assert [one.version for one in whole] == [1, 2, 3, 4]
            assert whole[3].position > whole[2].position


def test_transaction_numbers_beyond_32_bits(server: EmbeddedServer, opened: Open) -> None:
    """Rows keep 32 bits of them, and the store all of them: positions rise when the 32 bits begin anew."""
    url = server.url(schema="mine")
    store = opened(url)
    store.append(act("case/one", 0))
    cursor = store.read_feed(after=None).cursor
    server.stop("fast")
    server._run("pg_resetwal", "--epoch=2", "-D", str(server.data))
    server.start()
    store.append(act("case/one", 1))
    with psycopg.connect(plain(url)) as link:
        link.execute("SELECT pg_current_xact_id()")
        joined = store.join(link)
        joined.append(act("case/joined", 0))
        joined.commit()
        joined.close()
    store.append(act("case/one", 2))
    fed = store.read_feed(after=cursor).records
    assert [(one.stream, one.version) for one in fed] == [("case/one", 2), ("case/joined", 1), ("case/one", 3)]
    assert all(one.position >> functions.ORDINALS >= 2 << 32 for one in fed)


def test_the_files_of_a_server_go_with_it() -> None:
    with EmbeddedServer() as server:
        folder: Path = server.folder
        wait_until("SELECT true", plain(server.url()))
    assert not folder.exists()
