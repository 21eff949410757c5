"""The feed of an engine: every record, in order, once, for who keeps the cursor."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import worlds

import stabflow
from stabflow import InvalidInput, Matter
from stabflow.engine.feed import Feed
from stabflow.errors import FeedReset, Unsupported
from stabflow.ports.store import Store
from stabflow.stores.memory import MemoryStore


def records(engine: stabflow.Engine, *, limit: int) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    cursor = None
    while (page := engine.feed(after=cursor, limit=limit)).records:
        assert len(page.records) <= limit
        found += [(record.stream, record.version) for record in page.records]
        assert [record.position for record in page.records] == sorted({record.position for record in page.records})
        cursor = page.cursor
    assert page.cursor == cursor
    return found


@pytest.mark.parametrize("kind", ["memory:", "sqlite"])
def test_every_record_comes_once_and_in_order(kind: str, tmp_path: Path) -> None:
    url = "memory:" if kind == "memory:" else f"sqlite:///{tmp_path}/store.db"
    with worlds.engine_on(url) as engine:
        assert engine.feed() == Feed((), None)
        case = worlds.opened(worlds.constituted(engine))
        worlds.noted(case)
        other = worlds.opened(engine, Matter("road-2", "Road"))
        every = records(engine, limit=1)
        assert every == records(engine, limit=3) == records(engine, limit=1_000)
        assert len(every) == len(set(every))
        for handle in (case, other):
            stream = f"case/{handle.id}"
            assert [n for name, n in every if name == stream] == [one.version for one in handle.history()]


def test_what_another_engine_does_comes_after_the_cursor(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with worlds.engine_on(url) as engine, worlds.engine_on(url) as other:
        worlds.opened(worlds.constituted(engine))
        seen = engine.feed()
        case = worlds.opened(other, Matter("road-2", "Road"))
        news = [record.stream for record in engine.feed(after=seen.cursor).records]
        assert news == [f"case/{case.id}"] * len(case.history())
        assert seen.records == engine.feed(limit=len(seen.records)).records


def test_a_store_of_another_past_refuses_the_cursor(tmp_path: Path) -> None:
    with worlds.engine_on(f"sqlite:///{tmp_path}/store.db") as engine:
        worlds.opened(worlds.constituted(engine))
        cursor = engine.feed().cursor
    shutil.copy(tmp_path / "store.db", tmp_path / "copy.db")
    for url in (f"sqlite:///{tmp_path}/copy.db", "sqlite:///" + str(tmp_path / "new.db")):
        with worlds.engine_on(url) as engine, pytest.raises(FeedReset) as caught:
            engine.feed(after=cursor)
        assert caught.value.cursor == cursor
        assert "after=None" in str(caught.value)


@pytest.mark.parametrize("after", ["", "1", "x.y.z", "a.0.00", 7, b"a"])
def test_what_is_no_cursor_is_bad_input(after: Any, tmp_path: Path) -> None:
    for url in ("memory:", f"sqlite:///{tmp_path}/store.db"):
        with worlds.engine_on(url) as engine:
            worlds.opened(worlds.constituted(engine))
            with pytest.raises(InvalidInput, match="cursor"):
                engine.feed(after=after)


@pytest.mark.parametrize("limit", [0, -1, 1_001, True, "5", 2.0])
def test_what_is_no_size_of_a_page_is_bad_input(limit: Any) -> None:
    with worlds.engine_on("memory:") as engine, pytest.raises(InvalidInput, match="1 to 1000"):
        engine.feed(limit=limit)


def test_a_store_without_a_feed_says_so() -> None:
    class Plain(MemoryStore):
        capabilities = frozenset()
        read_feed = Store.read_feed

    engine = worlds.engine_over(Plain())
    with pytest.raises(Unsupported, match="FEED"):
        engine.feed()
