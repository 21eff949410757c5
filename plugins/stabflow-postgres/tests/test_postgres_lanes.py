"""Acts on several streams that meet in one lane of the outbox: the lane stays in order, and none of its notices is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs
import psycopg
import pytest
from stabflow_postgres import PostgresStore, rows
from stabflow_postgres.testing import meanwhile, plain, schema_of

from stabflow.errors import LeaseLost
from stabflow.ports.store import AppendBatch, NewNotice, NewRecord, StreamHead

Open = Callable[..., PostgresStore]


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


def test_a_claim_does_not_wait_for_another(url: str, opened: Open) -> None:
    store = opened(url.replace("deadline=5", "deadline=1"))
    store.append(act("case/one", lane="a"))
    store.append(act("case/two", lane="b"))
    with psycopg.connect(plain(url)) as link:
        link.execute(f"SELECT ({schema_of(url)}.claim('other', 1, NULL, 60000000)).notice".encode())
        (claim,) = store.claim("worker", limit=9, lease_for=60)
    assert claim.payload == b"case/two"
    assert store.claim("worker", limit=9, lease_for=60) == ()


def test_locks_are_taken_in_one_order_by_all() -> None:
    """By number, so that nobody waits in a circle; each stream and lane that is written to for itself alone."""
    for number in range(20):
        one, two = f"case/{number}", f"office/{number}"
        heads = tuple(StreamHead(stream, 1, bytes(32)) for stream in (one, two))
        for own in (one, two):
            batch = attrs.evolve(act(own, 1, lane=f"lane {number}"), relies_on=heads)
            locks, modes = rows.append_parameters("s", "identity", batch, None)[:2]
            taken = [int(lock) for lock in str(locks)[1:-1].split(",")]
            assert taken == sorted(taken)
            shared = {lock for lock, mode in zip(taken, str(modes), strict=True) if mode == "s"}
            assert shared == {rows.stream_lock("s", one if own == two else two)}
            alone = {rows.stream_lock("s", own), rows.lane_lock("s", f"lane {number}")}
            assert set(taken) - shared == alone


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


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_would_not_see_what_it_waited_for_is_refused(url: str, opened: Open, level: str) -> None:
    """Its snapshot is older than the lock that it gets."""
    store = opened(url)
    store.append(act("case/one"))
    with psycopg.connect(plain(url)) as link, store._pool.lent() as session:
        link.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        bindings = rows.append_parameters(schema_of(url), str(session.found.identity), act("case/two"), None)
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="READ COMMITTED alone"):
            link.execute(rows.append_statement(schema_of(url)).encode(), bindings)


def test_who_says_another_lane_or_no_token_settles_nothing(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act("case/one"))
    (claim,) = store.claim("worker", limit=1, lease_for=60)
    for wrong in (attrs.evolve(claim, lane="other"), attrs.evolve(claim, token=claim.token - 1)):
        with pytest.raises(LeaseLost):
            store.ack(wrong)
        with pytest.raises(LeaseLost):
            store.release(wrong, retry_after=None, error="e")
    store.release(claim, retry_after=60.0, error="later")
    for token in (0, claim.token):
        with pytest.raises(LeaseLost):
            store.ack(attrs.evolve(claim, token=token))
    assert [one.payload for one in store.waiting()] == [b"case/one"]


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
