"""`verify` finds a case that the index does not list, as by a copy that was broken off; and accuses nobody who acts meanwhile."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import worlds
from copies import copied, filled, on
from worlds import BASIS, CLERK, NOTE

from stabflow import Matter
from stabflow.engine import listed, streams
from stabflow.engine.copying import Stage
from stabflow.errors import Corrupt
from stabflow.ports.store import CaseQuery, FeedPage, Store
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore

ROAD = Matter("road-2", "Road")
CURE = "if a copy into this store was broken off, run it again"


def made(kind: str, path: Path) -> Store:
    return MemoryStore() if kind == "memory" else SqliteStore.open(path, synchronous="normal")


@pytest.fixture(params=["memory", "SQLite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with closing(made(request.param, tmp_path / "s.db")) as there:
        yield there


def forget(store: Any, case_id: str) -> None:
    """Take a case out of the index."""
    if isinstance(store, MemoryStore):
        del store._cases[case_id], store._duties[case_id]
        return
    connection = sqlite3.connect(store._file.path)
    with connection:
        for table in ("duties", "cases"):
            assert connection.execute(f"DELETE FROM {table} WHERE case_id = ?", (case_id,)).rowcount
    connection.close()


def test_a_case_without_a_row_is_found(store: Store) -> None:
    engine = worlds.constituted(on(store))
    worlds.opened(engine)
    case = worlds.opened(engine, ROAD)
    assert engine.verify().cases == 2
    forget(store, case.id)
    with pytest.raises(Corrupt, match=f"case '{case.id}' has records, and no row in the index: {CURE}"):
        on(store).verify()


def test_a_store_without_a_feed_lists_cases_by_the_index_alone() -> None:
    class Plain(MemoryStore):
        capabilities = MemoryStore.capabilities - {listed.Capability.FEED}
        read_feed = Store.read_feed

    store = Plain()
    case = worlds.opened(worlds.constituted(on(store)))
    forget(store, case.id)
    assert on(store).verify().cases == 0, "this is said where verify is described"


def test_no_record_is_decoded_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(MemoryStore())
    rows = store.find_cases(CaseQuery()).rows
    monkeypatch.setattr(streams, "from_stored", None)
    listed.check_listed(store, {row.case_id: row.version for row in rows})
    with pytest.raises(TypeError):
        listed.check_listed(store, {})


# A copy that was broken off


class Broken(Exception):
    """The copy ends here."""


def copied_up_to(source: Store, target: Store, appends: int) -> bool:
    """Whether the copy of ``source`` came to its end within so many appends."""
    left = appends

    def tell(stage: Stage, _count: int, _whole: int) -> None:
        nonlocal left
        left -= stage is Stage.COPYING
        if not left:
            raise Broken

    try:
        copied(source, target, progress=tell)
    except Broken:
        return False
    return True


@pytest.mark.parametrize("kind", ["memory", pytest.param("SQLite", marks=pytest.mark.slow)])
def test_a_copy_broken_off_anywhere_says_what_is_missing(kind: str, tmp_path: Path) -> None:
    source = filled(MemoryStore())
    is_half = []
    for appends in range(1, 100):
        with closing(made(kind, tmp_path / f"{appends}.db")) as target:
            if copied_up_to(source, target, appends):
                break
            there = {record.stream for record in target.read_feed(after=None).records}
            cases = {case_id for case_id in map(streams.case_of, there) if case_id is not None}
            half = sorted(cases - {row.case_id for row in target.find_cases(CaseQuery()).rows})
            is_half.append(bool(half))
            if half:
                with pytest.raises(Corrupt, match=rf"case '({'|'.join(half)})' has records, and no row in .*: {CURE}"):
                    on(target).verify()
            else:
                assert on(target).verify().cases == len(cases)
    assert is_half.count(True) > 3
    assert is_half.count(False) > 3


def test_one_that_was_to_bring_what_is_new_says_so_too() -> None:
    source, target = MemoryStore(), MemoryStore()
    case = worlds.opened(worlds.constituted(on(source)))
    copied(source, target)
    row = case.value.version
    for key in ("one", "two"):
        case.add("note", by=CLERK, basis=BASIS, key=key, **NOTE)
    assert not copied_up_to(source, target, 1)
    with pytest.raises(Corrupt, match=f"'{case.id}' at version {row}, its records go on: {CURE}"):
        on(target).verify()
    copied(source, target)
    assert on(target).verify().cases == 1


# Beside others who act


class Watched(worlds.Wrapped):
    """A store in which something happens ahead of every page of the feed."""

    act: Callable[[], object]
    pages = 0

    def read_feed(self, *, after: str | None, limit: int = 1000) -> FeedPage:
        self.pages += 1
        assert self.pages < 200, "it must end, however much is done meanwhile"
        self.act()
        return super().read_feed(after=after, limit=limit)


def test_a_case_opened_after_the_index_was_read_is_not_accused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "MAX_PAGE", 2)
    inner = filled(MemoryStore())
    store, elsewhere = Watched(inner), on(inner)
    store.act = lambda: worlds.opened(elsewhere, Matter(f"mine-{store.pages}", "Mine"))
    before = len(inner.read_feed(after=None).records)
    assert worlds.engine_over(store).verify().cases == 2
    assert before / 2 <= store.pages <= before / 2 + 2, "the whole feed as it was, and little more"


def test_what_is_damaged_is_found_also_while_others_act(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "MAX_PAGE", 2)
    inner = filled(MemoryStore())
    lost = worlds.opened(on(inner), Matter("lost", "Lost"))
    forget(inner, lost.id)
    store, elsewhere = Watched(inner), on(inner).case("small-bridge-1-1")
    store.act = lambda: elsewhere.add("note", by=CLERK, basis=BASIS, **NOTE)
    with pytest.raises(Corrupt, match=f"case '{lost.id}'"):
        worlds.engine_over(store).verify()


@pytest.mark.slow
def test_a_store_that_threads_write_to_is_not_accused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "MAX_PAGE", 50)
    engine = worlds.constituted(on(store))
    failures: list[BaseException] = []
    looking = threading.Event()

    def write(name: str) -> None:
        mine = on(store)
        try:
            for n in range(40):
                if n == 20:
                    looking.wait(30)  # so that some is written while it is looked at
                worlds.noted(worlds.opened(mine, Matter(f"{name}-{n}", "Road")))
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    looks = 0
    while any(thread.is_alive() for thread in threads):
        looking.set()
        on(store).verify()
        looks += 1
    for thread in threads:
        thread.join()
    assert (failures, looks > 0) == ([], True)
    assert engine.verify().cases == 120
