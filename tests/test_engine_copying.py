"""A store copied into another: whole, compared, refused where anything else is there, and gone on with after a break."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
import worlds
from copies import copied, filled, holdings, notice, on
from worlds import BASIS, CHAIR, CLERK

import stabflow
from stabflow import InvalidInput, Matter
from stabflow.engine import copying
from stabflow.engine.copying import Stage
from stabflow.errors import CommitUnknown, Corrupt, StoreUnavailable
from stabflow.ports.store import (
    AppendBatch,
    AppendResult,
    FeedPage,
    Store,
    StreamHead,
)
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore


@pytest.fixture(scope="module")
def source() -> Store:
    """A full store, which nothing may change."""
    return filled(MemoryStore())


@pytest.fixture(params=["memory to memory", "memory to SQLite", "SQLite to memory", "SQLite to SQLite"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    stores: list[Store] = []
    for n, kind in enumerate(request.param.split(" to ")):
        sqlite = SqliteStore.open(tmp_path / f"{n}.db", synchronous="normal")
        stores.append(MemoryStore() if kind == "memory" else sqlite)
    yield filled(stores[0]), stores[1]
    for store in stores:
        store.close()


def test_everything_arrives(pair: tuple[Store, Store]) -> None:
    source, target = pair
    before = holdings(source)
    told: list[tuple[Stage, int, int]] = []
    done = copied(source, target, progress=lambda *what: told.append(what))
    assert holdings(target) == holdings(source) == before
    keys = before["keys"]
    assert isinstance(keys, dict)
    assert {"open-1", "two-notes", "again"} < {key for _, key in keys}
    assert done.verified is not None
    assert done.verified.cases == done.cases == 2
    assert done.verified == on(source).verify(matters=["never-opened"]), "a matter without a case is verified too"
    assert (done.records, done.added) == (len(before["records"]), len(before["records"]))  # type: ignore[arg-type]
    assert (done.keys, done.waiting, done.dead_letters, done.behind) == (len(keys), 3, 2, False)
    assert done.duties == len(before["duties"])  # type: ignore[arg-type]
    assert [count for stage, count, _ in told if stage is Stage.COPYING][-1] == done.records
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == [Stage.COPYING, Stage.CHECKING, Stage.NOTICES, Stage.VERIFYING]
    assert [count for stage, count, _ in told if stage is Stage.NOTICES] == [1, 2, 3, 4, 5]
    assert all(count <= whole for _, count, whole in told)
    again = copied(source, target)
    assert (again.added, attrs.evolve(again, added=done.added)) == (0, done)


def test_the_copy_goes_on_as_the_source_would(source: Store) -> None:
    target = MemoryStore()
    copied(source, target)
    engine = on(target, worlds.FakeClock(worlds.START.replace(month=7)))
    case = engine.case("small-bridge-1-1")
    with case.acting(CLERK, basis=BASIS, key="two-notes") as act:  # known already
        act.add("note", **worlds.NOTE)
        act.add("note", **worlds.NOTE)
    assert case.value.version == on(source).case(case.id).value.version
    case.fire("restart", by=CHAIR, basis=BASIS)
    assert engine.tick(through=engine._shell.now(), basis="checked").failures == ()
    engine.verify()
    claims = target.claim("worker", limit=10, lease_for=60.0)
    assert [one.payload for one in claims] == [b"first", b"third"]


def test_an_empty_store_is_copied() -> None:
    done = copied(MemoryStore(), MemoryStore())
    assert (done.records, done.cases, done.behind) == (0, 0, False)


def test_what_was_done_under_one_key_stays_together_over_the_end_of_a_page(
    source: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 2, 3, 5):
        monkeypatch.setattr(copying, "MAX_PAGE", size)
        target = MemoryStore()
        copied(source, target)
        assert holdings(target) == holdings(source)


# Broken off


class Breaking(MemoryStore):
    """Breaks the connection at its ``left``-th append, before it is stored or after."""

    left = -1
    stores = False

    def append(self, batch: AppendBatch) -> AppendResult:
        self.left -= 1
        if self.left == 0 and not self.stores:
            raise StoreUnavailable("the cable is out")
        result = super().append(batch)
        if self.left == 0:
            raise CommitUnknown("the cable broke")
        return result


@pytest.mark.parametrize("stores", [False, True])
def test_broken_off_anywhere_it_goes_on_where_it_was(source: Store, *, stores: bool) -> None:
    wanted, target = holdings(source), Breaking()
    target.stores = stores
    broken = 0
    while True:  # ends, because each turn stores one more
        before = len(target.read_feed(after=None).records)
        target.left = 1 if stores else 2
        try:
            done = copied(source, target)
        except (StoreUnavailable, CommitUnknown):
            broken += 1
            assert broken < 100
            continue
        break
    assert broken > 15
    assert holdings(target) == wanted
    assert done.added == len(wanted["records"]) - before  # type: ignore[arg-type]


def test_killed_between_a_claim_and_giving_up_it_waits_for_the_lease(
    source: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stabflow.engine import outbox_copying

    monkeypatch.setattr(outbox_copying, "LEASE", 0.2)

    class Killed(MemoryStore):
        dies = True

        def release(self, claim: Any, *, retry_after: float | None, error: str) -> None:
            if self.dies:
                raise KeyboardInterrupt
            super().release(claim, retry_after=retry_after, error=error)

    target = Killed()
    with pytest.raises(KeyboardInterrupt):
        copied(source, target)
    target.dies = False
    copied(source, target)
    assert holdings(target) == holdings(source)


def test_a_source_in_use_is_followed_until_it_is_quiet() -> None:
    class Busy(MemoryStore):
        """In which somebody acts after so many pages of the feed were read."""

        pages = -1
        auditors = 1

        def read_feed(self, *, after: str | None, limit: int = 1_000) -> Any:
            self.pages -= 1
            if self.pages == 0:
                case = on(self).case("small-bridge-1-1")
                case.fire("restart", by=CHAIR, basis=BASIS)
                self.auditors += 1
                auditor = stabflow.Actor(f"auditor-{self.auditors}", body="audit")
                case.appoint("auditor", auditor, by=CHAIR, basis=BASIS)
            return super().read_feed(after=after, limit=limit)

    source, target = filled(Busy()), MemoryStore()
    assert isinstance(source, Busy)
    for pages in (2, 3, 5, 7):  # wherever in the copy somebody acts
        source.pages = pages
        done = copied(source, target, outbox=False)
        if done.behind:
            assert done.verified is None
            done = copied(source, target, outbox=False)
        assert (done.behind, done.waiting) == (False, 0)
        assert target.waiting() == ()
    source.pages = -1
    copied(source, target)
    assert holdings(target) == holdings(source)


def test_a_duty_that_is_over_in_the_source_is_over_in_the_copy(pair: tuple[Store, Store]) -> None:
    source, target = pair
    case = on(source).case("small-road-2-1")
    copied(source, target, outbox=False)
    worlds.noted(case)
    case.fire("submit", urgent=False, by=CLERK, basis=BASIS)
    copied(source, target)
    assert holdings(target) == holdings(source)


# Refused


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_store_is_not_copied_into_itself(kind: str, tmp_path: Path) -> None:
    source = filled(MemoryStore() if kind == "memory" else SqliteStore.open(tmp_path / "s.db"))
    target = source if kind == "memory" else SqliteStore.open(tmp_path / "s.db")
    before = holdings(source)
    with pytest.raises(InvalidInput, match="is the storage that is to be copied"):
        copied(source, target)
    assert holdings(source) == before
    target.close()
    source.close()


def test_a_target_with_other_things_is_refused_and_left_as_it_is(source: Store) -> None:
    for foreign in (other_records, gone_on, other_notices, more_notices):
        target = foreign(source)
        before = holdings(target)
        with pytest.raises(InvalidInput, match=r"has more than|has records of its own already: .*FROM|in its outbox"):
            copied(source, target)
        assert holdings(target) == before, foreign


def other_records(source: Store) -> Store:
    store = MemoryStore()
    worlds.opened(worlds.constituted(on(store)))
    return store


def gone_on(source: Store) -> Store:
    store = MemoryStore()
    copied(source, store)
    on(store).case("small-bridge-1-1").fire("restart", by=CHAIR, basis=BASIS)
    return store


def other_notices(source: Store) -> Store:
    store = MemoryStore()
    copied(source, store, outbox=False)
    notice(store, "a", "of its own")
    return store


def more_notices(source: Store) -> Store:
    store = MemoryStore()
    copied(source, store)
    notice(store, "a", "of its own")
    return store


def test_a_source_that_was_tampered_with_is_not_copied_beyond_that() -> None:
    source = MemoryStore()
    filled(source)
    stream = "case/small-road-2-1"
    forged = attrs.evolve(source._records[stream][2], payload=b"{}")
    source._feed[forged.position - 1] = source._records[stream][2] = forged
    target = MemoryStore()
    with pytest.raises(Corrupt, match="does not follow from the chain"):
        copied(source, target)
    assert len(target.read_stream(stream)) < forged.version


def test_a_key_that_the_source_has_lost_is_told() -> None:
    source = MemoryStore()
    filled(source)
    del source._keys["case/small-bridge-1-1", "two-notes"]
    with pytest.raises(Corrupt, match="keeps under its key"):
        copied(source, MemoryStore())


def without_row(source: MemoryStore) -> None:
    del source._cases["small-road-2-1"]


def with_another_state(source: MemoryStore) -> None:
    source._cases["small-road-2-1"] = attrs.evolve(source._cases["small-road-2-1"], state="deciding")


def at_another_version(source: MemoryStore) -> None:
    source._cases["small-road-2-1"] = attrs.evolve(source._cases["small-road-2-1"], version=2)


def with_a_case_of_no_record(source: MemoryStore) -> None:
    source._cases["another"] = attrs.evolve(source._cases["small-road-2-1"], case_id="another")


@pytest.mark.parametrize("edit", [without_row, with_another_state, at_another_version, with_a_case_of_no_record])
def test_an_edited_index_is_told(edit: Callable[[MemoryStore], None]) -> None:
    source, target = MemoryStore(), MemoryStore()
    edit(filled(source))  # type: ignore[arg-type]
    for _ in range(2):  # and is not forgotten when it is run again
        with pytest.raises(Corrupt, match=r"verify FROM|the index"):
            copied(source, target)


def test_who_else_writes_to_the_target_is_told(source: Store) -> None:
    class Shared(MemoryStore):
        left = 3

        def append(self, batch: AppendBatch) -> AppendResult:
            self.left -= 1
            if self.left == 0:
                super().append(attrs.evolve(batch, key=None, digest=None))
            return super().append(attrs.evolve(batch, key=None, digest=None) if self.left == 0 else batch)

    target = Shared()
    with pytest.raises(StoreUnavailable, match="somebody else writes to TO"):
        copied(source, target)


# A target that does not keep what it is given


class Forgetting(MemoryStore):
    """Alters what it is given."""

    def __init__(self, forget: Callable[[AppendBatch], AppendBatch]) -> None:
        super().__init__()
        self.forget = forget

    def append(self, batch: AppendBatch) -> AppendResult:
        return super().append(self.forget(batch))


def keyless(batch: AppendBatch) -> AppendBatch:
    return attrs.evolve(batch, key=None, digest=None) if batch.records else batch


def other_digest(batch: AppendBatch) -> AppendBatch:
    return attrs.evolve(batch, digest="another") if batch.records and batch.key else batch


def without_duties(batch: AppendBatch) -> AppendBatch:
    return batch if batch.index is None else attrs.evolve(batch, index=attrs.evolve(batch.index, duties=()))


def without_case(batch: AppendBatch) -> AppendBatch:
    return attrs.evolve(batch, index=None)


def with_other_bytes(batch: AppendBatch) -> AppendBatch:
    return attrs.evolve(batch, records=tuple(attrs.evolve(one, payload=one.payload + b" ") for one in batch.records))


def without_error(batch: AppendBatch) -> AppendBatch:
    return attrs.evolve(batch, outbox=tuple(attrs.evolve(one, lane="z") for one in batch.outbox))


@pytest.mark.parametrize(
    ("forget", "error"),
    [
        (keyless, Corrupt),
        (other_digest, Corrupt),
        (without_duties, Corrupt),
        (without_case, Corrupt),
        (with_other_bytes, InvalidInput),
        (without_error, (InvalidInput, StoreUnavailable)),
    ],
)
def test_what_does_not_arrive_as_it_was_sent_is_told(
    source: Store, forget: Callable[[AppendBatch], AppendBatch], error: Any
) -> None:
    with pytest.raises(error):
        copied(source, Forgetting(forget))


def test_records_that_were_acknowledged_and_are_gone_are_told(source: Store) -> None:
    class Losing(MemoryStore):
        def read_feed(self, *, after: str | None, limit: int = 1_000) -> Any:
            page = super().read_feed(after=after, limit=limit)
            return attrs.evolve(page, records=page.records[:-1])

        def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
            alone = len(streams) == 1  # not a page's
            return [attrs.evolve(head, version=head.version - lost * alone) for head in super().heads(streams)]

    lost = 1
    with pytest.raises(Corrupt, match="acknowledged"):
        copied(source, Losing())
    lost = 0  # it is there, and held back as by a transaction that is still open
    with pytest.raises(StoreUnavailable, match="does not show"):
        copied(source, Losing())


def test_a_source_whose_feed_holds_back_its_newest_record_is_not_copied_whole() -> None:
    class HoldingBack(MemoryStore):
        holds = True

        def read_feed(self, *, after: str | None, limit: int = 1_000) -> FeedPage:
            page = super().read_feed(after=after, limit=limit)
            newest = self._feed[-1] if self.holds and self._feed else None
            if not page.records or page.records[-1] != newest:
                return page
            return attrs.evolve(page, records=page.records[:-1], cursor=f"{self._epoch}.{len(self._feed) - 1}")

    target, held = MemoryStore(), HoldingBack()
    held.holds = False
    filled(held)
    worlds.noted(on(held).case("small-bridge-1-1"))
    held.holds = True
    done = copied(held, target)
    assert (done.behind, done.verified) == (True, None)
    worlds.opened(on(held), Matter("lane-3", "Lane"))
    held.holds = False
    assert copied(held, target).behind is False
    assert holdings(target) == holdings(held)


def test_what_waits_can_be_read_in_pages(pair: tuple[Store, Store]) -> None:
    store, empty = pair
    assert list(empty.waiting()) == []
    first, *others = store.waiting()
    assert [(one.payload, one.attempts) for one in (first, *others)] == [(b"first", 1), (b"second", 0), (b"third", 0)]
    assert list(store.waiting(limit=1)) == [first]
    assert list(store.waiting(after=first.notice, limit=5)) == others
    with pytest.raises(ValueError, match="a page has"):
        store.waiting(limit=0)
