"""A store taken into PostgreSQL, and out of it again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import copies
import pytest
import worlds
from stabflow_postgres import PostgresStore
from stabflow_postgres.testing import administrator, schema_of

from stabflow.errors import InvalidInput, StoreUnavailable
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore

Open = Callable[..., PostgresStore]


def test_there_and_back(url: str, opened: Open) -> None:
    source, there, back = copies.filled(MemoryStore()), opened(url), MemoryStore()
    done = copies.copied(source, there)
    assert (done.behind, done.cases) == (False, 2)
    assert copies.copied(there, back).records == done.records
    assert copies.holdings(there) == copies.holdings(back) == copies.holdings(source)
    assert copies.copied(source, there).added == 0


def test_one_store_under_two_urls_is_not_copied_into_itself(url: str, opened: Open) -> None:
    source = copies.filled(opened(url))
    before = copies.holdings(source)
    other = re.sub("host=[^&]*", "host=127.0.0.1", url)
    assert other != url
    with pytest.raises(InvalidInput, match="is the storage that is to be copied"):
        copies.copied(source, opened(other))
    assert copies.holdings(source) == before


def test_what_is_filled_there_is_taken_elsewhere(url: str, opened: Open) -> None:
    source, target = copies.filled(opened(url)), MemoryStore()
    assert copies.copied(source, target).verified is not None
    assert copies.holdings(source) == copies.holdings(target)


@pytest.mark.slow
def test_an_open_transaction_holds_the_feed_back(url: str, opened: Open) -> None:
    source, target = opened(url), MemoryStore()
    copies.filled(source)
    with administrator(url) as link:
        link.execute("BEGIN")
        link.execute("SELECT pg_current_xact_id()")
        worlds.noted(copies.on(source).case("small-bridge-1-1"))
        done = copies.copied(source, target)
        assert (done.behind, done.verified) == (True, None)
        other = f"{schema_of(url)}_too"
        with pytest.raises(StoreUnavailable, match="does not show"):
            copies.copied(copies.filled(MemoryStore()), opened(url.replace(schema_of(url), other)))
        link.execute("COMMIT")
        link.execute(f"DROP SCHEMA {other} CASCADE".encode())
    assert copies.copied(source, target).behind is False
    assert copies.holdings(source) == copies.holdings(target)


@pytest.mark.slow
def test_killed_again_and_again_it_arrives_whole(url: str, opened: Open, tmp_path: Path) -> None:
    source = SqliteStore.open(tmp_path / "from.db", synchronous="normal")
    copies.filled(source)
    assert copies.killed_again_and_again(f"sqlite:///{tmp_path}/from.db", url) > 2
    assert copies.holdings(opened(url)) == copies.holdings(source)
    source.close()
