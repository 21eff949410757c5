"""What was measured on PostgreSQL, so that nobody has to learn it again: each trap of the store contract's page."""

from __future__ import annotations

import _thread
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from stabflow_postgres import PostgresStore, feed, rows, watching
from stabflow_postgres.servers import wait_until
from stabflow_postgres.testing import (
    administrator,
    embedded_server,
    execute,
    not_for_ever,
    on_waiting,
    plain,
    schema_of,
    waiting_for_a_standby,
)

from stabflow.errors import CommitUnknown, FeedReset, StoreUnavailable
from stabflow.ports.store import AppendBatch, NewNotice, NewRecord, StoredRecord, StreamHead

Open = Callable[..., PostgresStore]

ON_A_STANDBY = "options=-csynchronous_commit%3Don"
"""A handle that waits for the standby that there is not."""


def act(
    stream: str = "case/one", after: int = 0, key: str | None = None, payload: bytes = b"{}", **more: Any
) -> AppendBatch:
    new = NewRecord("tag", b"{}", payload, (after + 1).to_bytes(32, "big"))
    return AppendBatch(stream, after, (new,), key=key, digest=key, **more)


@contextmanager
def one_waits(url: str) -> Iterator[None]:
    """Afterwards a process still waits for the standby, as nobody has cancelled it; it is ended then."""
    with not_for_ever(url):
        yield
    waiting = "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    wait_until(waiting, plain(url))
    with administrator(url) as link:
        link.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")


# Replication that stands still


@pytest.mark.slow
def test_a_commit_that_waits_for_a_standby_has_a_deadline_of_ours(url: str, opened: Open) -> None:
    """``statement_timeout``, which is shorter, does not fire; the socket is shut, nothing is cancelled, the key settles it."""
    store, reader = opened(url.replace("deadline=5", "deadline=0.5")), opened(url)
    store.append(act())
    assert reader.heads(["case/one"])[0].version == 1
    with waiting_for_a_standby(url), one_waits(url):
        began = time.monotonic()
        with pytest.raises(CommitUnknown, match=r"no answer within 0\.5 s.*same key"):
            store.append(act(after=1, key="k"))
        assert 0.5 <= time.monotonic() - began < 3
        assert reader.heads(["case/one"])[0].version == 1  # not to be seen before a standby has it
    assert store.append(act(after=1, key="k")).replayed
    assert store.heads(["case/one"])[0].version == 2


@pytest.mark.slow
def test_what_is_found_by_its_key_waits_for_the_standby_too(url: str, opened: Open) -> None:
    """That it is there does not say that a standby has it: the answer waits for one, as the first one did."""
    opened(url).append(act(key="k"))
    waiting = opened(f"{url.replace('deadline=5', 'deadline=0.4')}&{ON_A_STANDBY}")
    with one_waits(url), pytest.raises(CommitUnknown):
        waiting.append(act(key="k"))
    with one_waits(url), pytest.raises(StoreUnavailable, match="no answer"):
        waiting.lookup("case/one", "k")
    assert waiting.lookup("case/one", "unused") is None


@pytest.mark.slow
def test_a_first_append_that_waits_for_a_standby_is_unknown_too(url: str, opened: Open) -> None:
    waiting = opened(f"{url.replace('deadline=5', 'deadline=0.4')}&{ON_A_STANDBY}")
    with one_waits(url), pytest.raises(CommitUnknown, match="same key"):
        waiting.append(act(key="k"))
    assert opened(url).append(act(key="k")).replayed


def test_a_cancelled_commit_looks_like_success(url: str) -> None:
    """The trap itself, without us: the server reports success for what no standby has, with a warning."""
    warnings: list[str | None] = []
    execute(url, "CREATE SCHEMA {s}", "CREATE TABLE {s}.trap (n int)")
    with psycopg.connect(plain(url), autocommit=True, options="-c synchronous_commit=on") as link:
        link.add_notice_handler(lambda said: warnings.append(said.sqlstate))
        with on_waiting(url, "pg_cancel_backend"):
            assert link.execute(f"INSERT INTO {schema_of(url)}.trap VALUES (1)".encode()).rowcount == 1
    assert warnings == ["01000"]


def test_a_commit_that_somebody_else_cancelled_is_not_acknowledged(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act())
    with (
        waiting_for_a_standby(url),
        on_waiting(url, "pg_cancel_backend"),
        pytest.raises(CommitUnknown, match="standby was cut short"),
    ):
        store.append(act(after=1, key="k"))
    assert store.append(act(after=1, key="k")).replayed


@pytest.fixture
def interruptible() -> Iterator[None]:
    """An interrupt is ignored in a process that was started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("what", ["append", "claim"])
def test_who_is_interrupted_cancels_nothing(
    url: str, opened: Open, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    opened(url).append(act(outbox=(NewNotice("lane", b"notice"),)))
    store = opened(f"{url.replace('deadline=5', 'deadline=1.5')}&{ON_A_STANDBY}")
    calls: dict[str, Callable[[], object]] = {
        "append": lambda: store.append(act(after=1, key="k")),
        "claim": lambda: store.claim("worker", limit=1, lease_for=60),
    }

    def interrupt() -> None:
        wait_until("SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'", plain(url))
        _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    caplog.clear()
    with one_waits(url):
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            calls[what]()
        thread.join()
    assert caplog.messages == []
    if what == "append":
        assert opened(url).append(act(after=1, key="k")).replayed


# A connection that is cut


class Proxy:
    """Stands between a client and the server, and cuts the connection when it is told to: before the next request is passed on,
    or when the answer to it has come from the server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut: str | None = None
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                self._sockets += [client, server]
                for pair in ((client, server, "before"), (server, client, "after")):
                    self._threads.append(threading.Thread(target=self._pass_on, args=pair))
                    self._threads[-1].start()

    def _pass_on(self, source: socket.socket, target: socket.socket, when: str) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self.cut == when:
                    self.cut = None
                    break
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    proxy = Proxy(embedded_server().port)
    yield proxy
    proxy.close()


@pytest.mark.parametrize(("when", "stored"), [("after", True), ("before", False)])
def test_a_cut_after_the_commit_was_sent_is_unknown(
    url: str, opened: Open, proxy: Proxy, when: str, stored: bool
) -> None:
    through = re.sub("port=[0-9]+", f"port={proxy.port}", re.sub("host=[^&]+", "host=127.0.0.1", url))
    store = opened(through)
    store.append(act())
    store.append(act("case/two"))  # by then the statement is prepared, and an append is one request
    proxy.cut = when
    with pytest.raises(CommitUnknown):
        store.append(act(after=1, key="k"))
    assert store.append(act(after=1, key="k")).replayed is stored
    assert store.append(act(after=1, key="k")).replayed
    proxy.cut = "before"
    with pytest.raises(StoreUnavailable):  # of what only reads the outcome is never in doubt
        store.heads(["case/one"])
    assert store.heads(["case/one"])[0].version == 2


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act())
    with administrator(url) as link:
        link.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'stabflow'")
    assert store.append(act(after=1)).last_version == 2


# The feed


def held_back(url: str, opened: Open) -> tuple[list[str], list[str]]:
    """What two readers see of two acts, the earlier of which is committed later: one who reads between, and one afterwards."""
    store = opened(url)
    store.append(act("case/zero"))
    seen: list[StoredRecord] = []
    cursor = store.read_feed(after=None).cursor
    with psycopg.connect(plain(url)) as late:
        with store._pool.lent() as session:
            identity = str(session.found.identity)
        earlier = rows.append_parameters(schema_of(url), identity, act("case/earlier"), None)
        late.execute(rows.append_statement(schema_of(url)).encode(), earlier)
        store.append(act("case/later"))
        page = store.read_feed(after=cursor)
        seen += page.records
        late.commit()
    page = store.read_feed(after=page.cursor)
    seen += page.records
    whole = store.read_feed(after=None).records[1:]
    return [one.stream for one in seen], [one.stream for one in whole]


def test_no_reader_misses_what_was_written_earlier_and_committed_later(url: str, opened: Open) -> None:
    assert held_back(url, opened) == (["case/earlier", "case/later"],) * 2


def test_without_the_horizon_a_reader_would_miss_it(url: str, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "horizon", lambda s, **_: f"(SELECT {feed._END} WHERE %s <> '')")
    assert held_back(url, opened) == (["case/later"], ["case/earlier", "case/later"])


def test_a_transaction_that_stays_open_holds_the_feed_back_and_is_named(
    url: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(url)
    store.append(act())
    cursor = store.read_feed(after=None).cursor
    with psycopg.connect(plain(url), application_name="nightly-report") as other:
        other.execute("SELECT pg_current_xact_id()")
        store.append(act(after=1))
        store.append(act(after=2))
        page = store.read_feed(after=cursor)
        assert (page.records, page.cursor) == ((), cursor)
        (told,) = store.observe()
        assert told.facts["lag"] == 2
        assert "nightly-report, in the database postgres, idle in transaction" in told.text.en
        assert told.cure is None  # so long as it is not for long
        monkeypatch.setattr(watching, "TOO_LONG", 0)
        (told,) = store.observe()
        assert f"SELECT pg_terminate_backend({other.info.backend_pid})" in str(told.cure)
        fresh = store.read_feed(after=None)
        assert [one.version for one in fresh.records] == [1]
    assert [one.version for one in store.read_feed(after=cursor).records] == [2, 3]
    (told,) = store.observe()
    assert (told.text.en, told.cure) == ("all records can be read in it", None)


def test_where_nothing_can_be_read_yet_there_is_a_cursor_all_the_same(url: str, opened: Open) -> None:
    store = opened(url)
    with psycopg.connect(plain(url)) as other:
        other.execute("SELECT pg_current_xact_id()")
        store.append(act())
        page = store.read_feed(after=None)
        assert page.records == ()
        assert page.cursor is not None
    assert [one.version for one in store.read_feed(after=page.cursor).records] == [1]


@pytest.mark.slow
def test_a_dump_that_was_restored_has_another_past(url: str, opened: Open) -> None:
    server = embedded_server()
    store = opened(url)
    for number in range(3):
        store.append(act(after=number, payload=b'{"b":1,"a":2,"a":3}'))
    cursor = store.read_feed(after=None).cursor
    dump = server.program("pg_dump", "-n", schema_of(url), "postgres")
    server.program("createdb", "restored")
    try:
        server.program("psql", "-q", "-v", "ON_ERROR_STOP=1", "restored", feed=dump)
        restored = opened(url.replace("/postgres?", "/restored?"))
        assert restored.read_stream("case/one") == store.read_stream("case/one")
        with pytest.raises(FeedReset):
            restored.read_feed(after=cursor)
        restored.append(act(after=3))
        with pytest.raises(FeedReset):
            restored.read_feed(after=cursor)
        assert [one.version for one in restored.read_feed(after=None).records] == [1, 2, 3, 4]
        restored.close()
    finally:
        server.program("dropdb", "--force", "restored")


def test_positions_rise_above_those_of_a_cluster_with_higher_numbers(url: str, opened: Open) -> None:
    """As after a restore into a new cluster: what was there has positions that no transaction here has reached."""
    store = opened(url)
    store.append(act("case/old"))
    execute(
        url,
        "INSERT INTO {s}.records SELECT 1::bigint << 60, 'case/high', 1, tag, header, payload, hash FROM {s}.records",
        "UPDATE {s}.epochs SET identity = 'elsewhere'",
    )
    cursor = None
    seen: list[StoredRecord] = []
    for number in range(3):
        page = store.read_feed(after=cursor)
        seen, cursor = seen + list(page.records), page.cursor
        store.append(act("case/new", after=number))
    seen += store.read_feed(after=cursor).records
    assert [(one.stream, one.version) for one in seen] == [
        ("case/old", 1), ("case/high", 1), ("case/new", 1), ("case/new", 2), ("case/new", 3),
    ]  # fmt: skip
    assert seen[2].position > 1 << 60
    assert store.read_feed(after=None).records == tuple(seen)


def test_in_another_life_the_count_tells_whether_something_is_missing(url: str, opened: Open) -> None:
    store = opened(url)
    for number in range(3):
        store.append(act(after=number))
    cursor = feed.read_cursor(str(store.read_feed(after=None).cursor))
    promoted = str(cursor).replace(f".{cursor.life}.", ".0000001f.", 1)
    page = store.read_feed(after=promoted)
    assert (page.records, page.cursor) == ((), str(cursor))  # a leader was lost, and nothing with it
    missing = promoted.replace(f".{cursor.count}.", f".{cursor.count + 1}.")
    with pytest.raises(FeedReset):  # one that was seen is not there
        store.read_feed(after=missing)


# Bodies


def test_nothing_reads_bodies_as_json(url: str, opened: Open) -> None:
    store = opened(url)
    body = b'{"b":1, "a":2,"a":3, "n":1.0}'
    store.append(act(payload=body))
    assert store.read_stream("case/one")[0].payload == body
    with administrator(url) as link:
        (stored,) = link.execute(f"SELECT payload FROM {schema_of(url)}.records".encode()).fetchone() or (None,)
        kinds = link.execute(
            "SELECT DISTINCT data_type FROM information_schema.columns WHERE table_schema = %s", (schema_of(url),)
        ).fetchall()
        changed = link.execute("SELECT %s::jsonb::text", (body.decode(),)).fetchone()
    assert stored == body
    assert {kind for (kind,) in kinds} <= {
        "bytea", "text", "bigint", "integer", "boolean", "timestamp with time zone",
    }  # fmt: skip
    assert changed is not None
    assert changed[0] != body.decode()  # which is why


def test_a_schema_that_comes_and_goes(url: str, opened: Open) -> None:
    """A handle on a schema that another makes meanwhile finds it, and one whose schema goes says so."""
    one, two = opened(url), opened(url)
    assert two.heads(["case/one"]) == (StreamHead("case/one", 0, b""),)
    one.append(act())
    assert two.heads(["case/one"])[0].version == 1
    execute(url, "DROP SCHEMA {s} CASCADE")
    with pytest.raises(StoreUnavailable, match="lost its"):
        two.heads(["case/one"])
    with pytest.raises(StoreUnavailable, match="lost its"):
        one.append(act(after=1))
