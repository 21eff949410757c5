"""The lives of tables: copied, restored, replaced under an open handle; and the transactions that hold the feed back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from stabflow_postgres import PostgresStore, rows, schema, watching
from stabflow_postgres.servers import wait_until
from stabflow_postgres.testing import administrator, execute, meanwhile, plain, schema_of

from stabflow.errors import FeedReset, StoreUnavailable
from stabflow.ports.store import AppendBatch, NewRecord

Open = Callable[..., PostgresStore]
Link = psycopg.Connection[tuple[Any, ...]]


def act(stream: str, after: int = 0) -> AppendBatch:
    return AppendBatch(stream, after, (NewRecord("tag", b"{}", b"{}", bytes(32)),))


def identity_of(store: PostgresStore) -> str:
    with store._pool.lent() as session:
        return str(session.found.identity)


def append_in(link: Link, url: str, identity: str, stream: str, after: int = 0) -> None:
    """An append within the transaction of ``link``."""
    bindings = rows.append_parameters(schema_of(url), identity, act(stream, after), None)
    link.execute(rows.append_statement(schema_of(url)).encode(), bindings)


def restored(url: str) -> None:
    """As after a restore into a cluster with lower numbers: the last position is one that no transaction here has reached."""
    execute(
        url,
        "INSERT INTO {s}.records SELECT 1::bigint << 60, 'case/high', 1, tag, header, payload, hash FROM {s}.records",
        "UPDATE {s}.epochs SET identity = 'elsewhere'",
    )


# How an epoch begins


def test_two_that_let_an_epoch_begin_at_once(url: str, opened: Open) -> None:
    store, other = opened(url), opened(url)
    store.append(act("case/old"))
    restored(url)
    with psycopg.connect(plain(url)) as link:
        number = schema.lock_number(schema_of(url), "epoch")
        link.execute(f"SELECT {schema_of(url)}.begin_epoch(%s, %s)".encode(), (number, identity_of(store)))
        thread = meanwhile(url, lambda: other.append(act("case/new")))
    thread.join()
    assert other.heads(["case/new"])[0].version == 1
    with administrator(url) as link:
        epochs = link.execute(f"SELECT epoch FROM {schema_of(url)}.epochs ORDER BY epoch".encode()).fetchall()
    assert epochs == [(1,), (2,)]


def test_an_epoch_begins_with_an_act_that_is_joined_too(url: str, opened: Open) -> None:
    """On the store's own connection: it does not hang on the commit of the host."""
    store = opened(url)
    store.append(act("case/old"))
    restored(url)
    with psycopg.connect(plain(url)) as link:
        joined = store.join(link)
        joined.begin()
        joined.append(act("case/new"))
        joined.rollback()
        joined.begin()
        joined.append(act("case/newer"))
        joined.commit()
        joined.close()
    fed = store.read_feed(after=None).records
    assert [one.stream for one in fed] == ["case/old", "case/high", "case/newer"]


def test_a_transaction_older_than_the_epoch_writes_above_what_was_there(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act("case/old"))
    restored(url)
    identity = identity_of(store)
    with psycopg.connect(plain(url)) as link:
        link.execute("SELECT pg_current_xact_id()")
        with administrator(url) as others:
            for _ in range(5):
                others.execute("SELECT pg_current_xact_id()")
        store.append(act("case/new"))
        append_in(link, url, identity, "case/older")
    fed = store.read_feed(after=None).records
    assert [one.stream for one in fed] == ["case/old", "case/high", "case/new", "case/older"]
    assert all(one.position < next_.position for one, next_ in pairwise(fed))


# Tables that are replaced under an open handle


@pytest.mark.parametrize("how", ["dropped", "renamed"])
def test_tables_that_were_made_anew_under_an_open_handle(url: str, opened: Open, how: str) -> None:
    """Its feed is that of the new tables, and waits for transactions like everyone's; its old cursors are refused."""
    stale = opened(url)
    stale.append(act("case/one"))
    old = stale.read_feed(after=None).cursor
    gone = f"{schema_of(url)}_gone"
    execute(url, "DROP SCHEMA {s} CASCADE" if how == "dropped" else f"ALTER SCHEMA {{s}} RENAME TO {gone}")
    fresh = opened(url)
    fresh.append(act("case/zero"))
    with psycopg.connect(plain(url)) as link:
        append_in(link, url, identity_of(fresh), "case/earlier")
        fresh.append(act("case/later"))
        with pytest.raises(FeedReset):
            stale.read_feed(after=old)
        page = stale.read_feed(after=None)
        assert [one.stream for one in page.records] == ["case/zero"]
    seen = stale.read_feed(after=page.cursor)
    assert [one.stream for one in seen.records] == ["case/earlier", "case/later"]
    assert fresh.read_feed(after=seen.cursor).records == ()
    assert stale.append(act("case/later", after=1)).last_version == 2
    if how == "renamed":
        execute(url, f"DROP SCHEMA {gone} CASCADE")


def test_tables_that_were_made_anew_under_the_connection_of_a_host(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act("case/one"))
    with psycopg.connect(plain(url)) as link:
        for turn in range(3):
            joined = store.join(link)
            joined.begin()
            joined.append(act(f"case/joined-{turn}"))
            joined.commit()
            joined.close()
            if turn < 2:
                execute(url, "DROP SCHEMA {s} CASCADE")
                opened(url).append(act(f"case/{turn}"))
    assert [one.stream for one in store.read_feed(after=None).records] == ["case/1", "case/joined-2"]


def test_a_cursor_of_newer_tables_is_good_on_a_connection_that_is_older(url: str, opened: Open) -> None:
    stale = opened(url)
    stale.append(act("case/one"))
    execute(url, "DROP SCHEMA {s} CASCADE")
    fresh = opened(url)
    fresh.append(act("case/one"))
    cursor = fresh.read_feed(after=None).cursor
    fresh.append(act("case/two"))
    assert [one.stream for one in stale.read_feed(after=cursor).records] == ["case/two"]


# What holds the feed back


@pytest.mark.slow
def test_a_transaction_that_is_prepared_holds_the_feed_back_until_it_is_finished(
    url: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two-phase commit: it is nobody's any more, keeps its locks, survives a restart, and is named."""
    store = opened(url.replace("deadline=5", "deadline=1"))
    store.append(act("case/zero"))
    name = f"order-{schema_of(url)}"
    with administrator(url) as link, ExitStack() as stack:
        link.execute("BEGIN")
        append_in(link, url, identity_of(store), "case/prepared")
        link.execute(f"PREPARE TRANSACTION '{name}'".encode())
        stack.callback(link.execute, f"COMMIT PREPARED '{name}'".encode())
        store.append(act("case/later"))
        assert store.heads(["case/prepared"])[0].version == 0
        with pytest.raises(StoreUnavailable, match="held up by another transaction"):
            store.append(act("case/prepared"))
        page = store.read_feed(after=None)
        assert [one.stream for one in page.records] == ["case/zero"]
        behind, prepared = store.observe()
        assert (behind.facts["lag"], behind.facts["oldest"]) == (1, None)
        assert (prepared.name, prepared.facts["name"], prepared.cure) == ("prepared", name, None)
        monkeypatch.setattr(watching, "TOO_LONG", 0)
        assert f"COMMIT PREPARED '{name}' or ROLLBACK PREPARED '{name}'" in str(store.observe()[1].cure)
    fed = store.read_feed(after=page.cursor).records
    assert [one.stream for one in fed] == ["case/prepared", "case/later"]
    assert [one.name for one in store.observe()] == ["feed"]


def test_subtransactions_do_not_hold_the_feed_back_longer_than_their_transaction(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act("case/zero"))
    with psycopg.connect(plain(url)) as link:
        identity = identity_of(store)
        link.execute("SAVEPOINT before")
        append_in(link, url, identity, "case/undone")
        link.execute("ROLLBACK TO before")
        link.execute("SAVEPOINT again")
        append_in(link, url, identity, "case/done")
        link.execute("RELEASE again")
        store.append(act("case/later"))
        assert [one.stream for one in store.read_feed(after=None).records] == ["case/zero"]
    fed = store.read_feed(after=None).records
    assert [one.stream for one in fed] == ["case/zero", "case/done", "case/later"]
    assert store.heads(["case/undone"])[0].version == 0


def test_a_transaction_in_another_database_holds_the_feed_back_and_is_named(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act("case/zero"))
    with psycopg.connect(plain(url).replace("/postgres?", "/template1?"), application_name="elsewhere") as other:
        other.execute("SELECT pg_current_xact_id()")
        store.append(act("case/later"))
        assert [one.stream for one in store.read_feed(after=None).records] == ["case/zero"]
        oldest = store.observe()[0].facts["oldest"]
        assert isinstance(oldest, dict)
        assert (oldest["application"], oldest["database"]) == ("elsewhere", "template1")
    wait_until("SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'elsewhere'", plain(url))
    assert [one.stream for one in store.read_feed(after=None).records] == ["case/zero", "case/later"]


# Numbers


def test_the_numbers_of_locks_are_those_they_always_were() -> None:
    """Processes of different versions lock each other out only if they agree on them."""
    assert schema.lock_number("stabflow", "stream", "case/bridge-1") == LOCKS[0]
    assert schema.lock_number("stabflow", "lane", "case/bridge-1") == LOCKS[1]
    assert schema.lock_number("stabflow", "schema") == LOCKS[2]
    assert schema.lock_number("stabflow", "epoch") == LOCKS[3]
    assert schema.lock_number("other", "stream", "case/bridge-1") == LOCKS[4]


LOCKS = (
    8096420201155875484,
    -3844131770332770771,
    -3524384556778580713,
    149184134710126023,
    87678165315405858,
)


def test_the_last_transaction_number_that_a_position_can_hold(url: str, opened: Open) -> None:
    """43 bits of a transaction number fit, which is a thousand years at 270 transactions a second; beyond, nothing is written."""
    store = opened(url)
    store.append(act("case/one"))
    with administrator(url) as link:
        (xid,) = link.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone() or (0,)
    execute(url, f"UPDATE {{s}}.epochs SET shift = (1::bigint << 43) - {xid + 100}")
    assert store.append(act("case/two")).last_version == 1
    assert store.heads(["case/two"])[0].version == 1
    execute(url, f"UPDATE {{s}}.epochs SET shift = (1::bigint << 43) - {xid}")
    with pytest.raises(ValueError, match="does not fit"):
        store.append(act("case/three"))
    assert store.heads(["case/three"])[0].version == 0
