"""Acts on several streams that meet in one lane of the outbox: the lane stays in order, and none of its notices is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from stabflow_postgres import PostgresStore, rows
from stabflow_postgres.servers import wait_until
from stabflow_postgres.testing import plain, schema_of

from stabflow.ports.store import AppendBatch, NewNotice, NewRecord

Open = Callable[..., PostgresStore]

WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"


def act(stream: str, after: int = 0, lane: str = "lane") -> AppendBatch:
    new = NewRecord("tag", b"{}", b"{}", bytes(32))
    return AppendBatch(stream, after, (new,), outbox=(NewNotice(lane, stream.encode()),))


@contextmanager
def appended_and_not_committed(url: str, store: PostgresStore, batch: AppendBatch) -> Iterator[None]:
    """An append in a transaction that is committed at the end."""
    with psycopg.connect(plain(url)) as link, store._pool.lent() as session:
        bindings = rows.append_parameters(schema_of(url), str(session.found.identity), batch, None)
        link.execute(rows.append_statement(schema_of(url)).encode(), bindings)
        yield


def meanwhile(url: str, call: Callable[[], object]) -> threading.Thread:
    """Do ``call`` in a thread, and return when it waits for another's lock."""
    thread = threading.Thread(target=call)
    thread.start()
    wait_until(WAITING, plain(url))
    return thread


def delivered(store: PostgresStore) -> list[str]:
    """Everything there is to deliver, one by one."""
    found = []
    while claims := store.claim("worker", limit=9, lease_for=60):
        assert len(claims) == 1, "two notices of a lane are out at once"
        found.append(claims[0].payload.decode())
        store.ack(claims[0])
    return found


def test_two_acts_put_a_notice_into_one_lane_at_once(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act("case/other", lane="another"))
    assert delivered(store) == ["case/other"]
    with appended_and_not_committed(url, store, act("case/one")):
        thread = meanwhile(url, lambda: store.append(act("case/two")))
    thread.join()
    assert delivered(store) == ["case/one", "case/two"]


@pytest.mark.parametrize("how", ["ack", "give up"])
def test_the_first_of_a_lane_is_settled_while_the_next_comes(url: str, opened: Open, how: str) -> None:
    store = opened(url)
    store.append(act("case/one"))
    (claim,) = store.claim("worker", limit=1, lease_for=60)
    settle: dict[str, Callable[[], None]] = {
        "ack": lambda: store.ack(claim),
        "give up": lambda: store.release(claim, retry_after=None, error="e"),
    }
    with appended_and_not_committed(url, store, act("case/two")):
        thread = meanwhile(url, settle[how])
    thread.join()
    assert delivered(store) == ["case/two"]


def test_a_notice_is_revived_while_the_lane_is_used(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act("case/one"))
    (claim,) = store.claim("worker", limit=1, lease_for=60)
    store.release(claim, retry_after=None, error="e")
    with appended_and_not_committed(url, store, act("case/two")):
        thread = meanwhile(url, lambda: store.revive(claim.notice))
    thread.join()
    assert delivered(store) == ["case/one", "case/two"]


def test_a_transaction_that_began_before_the_last_act_comes_after_it_in_the_feed(url: str, opened: Open) -> None:
    """Its number is lower, so for its act it draws a fresh one."""
    store = opened(url)
    store.append(act("case/one"))
    with psycopg.connect(plain(url)) as link:
        link.execute("SELECT pg_current_xact_id()")
        store.append(act("case/one", after=1))
        with store._pool.lent() as session:
            identity = str(session.found.identity)
        bindings = rows.append_parameters(schema_of(url), identity, act("case/one", after=2), None)
        link.execute(rows.append_statement(schema_of(url)).encode(), bindings)
        store.append(act("case/two", lane="other"))
        cursor = store.read_feed(after=None).cursor
    fed = [(one.stream, one.version) for one in store.read_feed(after=None).records]
    assert fed == [("case/one", 1), ("case/one", 2), ("case/one", 3), ("case/two", 1)]
    assert [(one.stream, one.version) for one in store.read_feed(after=cursor).records] == fed[1:]


def test_several_acts_in_one_transaction_keep_their_order(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act("case/zero"))
    with psycopg.connect(plain(url)) as link:
        with store._pool.lent() as session:
            identity = str(session.found.identity)
        for batch in (act("case/b"), act("case/a"), act("case/b", after=1)):
            bindings = rows.append_parameters(schema_of(url), identity, batch, None)
            link.execute(rows.append_statement(schema_of(url)).encode(), bindings)
    fed = store.read_feed(after=None).records
    assert [(one.stream, one.version) for one in fed[1:]] == [("case/b", 1), ("case/a", 1), ("case/b", 2)]
