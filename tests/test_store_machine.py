"""Random histories: whatever is appended, in whatever order, by whichever handle, both stores answer alike."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from crash.acts import case_row, duty_row, record
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from stabflow.errors import IdempotencyMismatch, StoreError, VersionConflict
from stabflow.ports.store import (
    AppendBatch,
    CaseQuery,
    CaseRow,
    DutyQuery,
    DutyRow,
    IndexChange,
    NewRecord,
    Store,
    StoredRecord,
)
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore

CASES = ("bridge-1", "bridge-2", "dam")
streams = st.sampled_from([*(f"case/{case}" for case in CASES), "system/offices"])
words = st.sampled_from(["", "a", "b", "大"])
dues = st.sampled_from(["", "2026-12-01T08:00:00.000000Z", "2026-12-02T08:00:00.000000Z"])
keys = st.sampled_from(["k1", "k2", "k3", "k4"])
digests = st.sampled_from(["d1", "d2"])
records = st.lists(st.builds(record, st.text("ab大", max_size=4), st.integers(0, 5_000)), min_size=1, max_size=3)
duties = st.lists(
    st.builds(
        duty_row,
        st.just(""),
        st.sampled_from(["case", "item-1", "item-2"]),
        role=words,
        body=words,
        actor=words,
        level=st.integers(0, 2),
        breached=st.booleans(),
        due_at=dues,
        estimated=st.booleans(),
    ),
    max_size=4,
)
filters = dict.fromkeys(("matter", "procedure", "state", "step", "outcome", "body"), st.none() | words)


class Stores(RuleBasedStateMachine):
    """The store in memory and one SQLite file with two handles, given the same appends."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="stabflow-"))
        self.memory = MemoryStore()
        self.handles: list[SqliteStore] = []
        self.heads: dict[str, int] = {}

    @initialize()
    def begin(self) -> None:
        self.handles = [self.opened(), self.opened()]

    def opened(self) -> SqliteStore:
        return SqliteStore.open(self.folder / "store.db", synchronous="normal")

    def teardown(self) -> None:
        for store in self.handles:
            store.close()
        self.memory.close()
        shutil.rmtree(self.folder)

    def alike(self, which: int, ask: Callable[[Store], object]) -> object:
        """What both stores answer, an error included."""

        def outcome(store: Store) -> object:
            try:
                return ask(store)
            except VersionConflict as error:
                return ("conflict", error.stream, error.expected, error.actual)
            except IdempotencyMismatch as error:
                return ("mismatch", error.stream, error.key)
            except StoreError as error:
                return repr(error)

        right, found = outcome(self.memory), outcome(self.handles[which])
        assert found == right
        return right

    @rule(
        which=st.integers(0, 1),
        stream=streams,
        off=st.sampled_from([0, 0, 0, 0, 0, -1, 1]),
        new=records,
        change=st.fixed_dictionaries(
            dict.fromkeys(filters, words) | {"round": st.integers(1, 3), "title": st.text(max_size=5)}
        ),
        owed=duties,
        cleared=st.sets(st.sampled_from(["case", "item-1", "item-2"])),
        key=st.none() | st.tuples(keys, digests),
        relied_on=st.none() | st.tuples(streams, st.sampled_from([0, 0, 0, -1, 1])),
    )
    def append(
        self,
        which: int,
        stream: str,
        off: int,
        new: list[NewRecord],
        change: dict[str, str | int],
        owed: list[DutyRow],
        cleared: set[str],
        key: tuple[str, str] | None,
        relied_on: tuple[str, int] | None,
    ) -> None:
        expected = self.heads.get(stream, 0) + off
        index = None
        if stream.startswith("case/"):
            case_id = stream.removeprefix("case/")
            rows = tuple(attrs.evolve(row, case_id=case_id) for row in owed)
            case = case_row(case_id, **change, version=expected + len(new))
            index = IndexChange(case, tuple(cleared), rows)
        batch = AppendBatch(stream, expected, tuple(new), index)
        if key is not None:
            batch = attrs.evolve(batch, key=key[0], digest=key[1])
        if relied_on is not None and not off:  # of two reasons, a store names the one it meets first
            (head,) = self.memory.heads([relied_on[0]])
            batch = attrs.evolve(batch, relies_on=(attrs.evolve(head, version=head.version + relied_on[1]),))
        self.alike(which, lambda store: store.append(batch))
        self.heads[stream] = len(self.memory.read_stream(stream))

    @rule(which=st.integers(0, 1))
    def reopen(self, which: int) -> None:
        self.handles[which].close()
        self.handles[which] = self.opened()

    @precondition(lambda self: self.heads)
    @rule(which=st.integers(0, 1), stream=streams, after=st.integers(-1, 12), limit=st.integers(1, 5))
    def read(self, which: int, stream: str, after: int, limit: int) -> None:
        self.alike(which, lambda store: tuple(store.read_stream(stream, after=after, limit=limit)))

    @rule(which=st.integers(0, 1), asked=st.lists(streams, max_size=3))
    def ask_for_heads(self, which: int, asked: list[str]) -> None:
        self.alike(which, lambda store: tuple(store.heads(asked)))

    @rule(which=st.integers(0, 1), asked=st.lists(streams, max_size=20), off=st.sampled_from([0, 0, 0, 1, -1]))
    def ask_whether_they_are_heads(self, which: int, asked: list[str], off: int) -> None:
        heads = list(self.memory.heads(asked))
        if heads:
            heads[-1] = attrs.evolve(heads[-1], version=heads[-1].version + off)
        assert self.alike(which, lambda store: store.are_heads(heads)) is (off == 0 or not heads)

    @rule(which=st.integers(0, 1), stream=streams, key=keys)
    def lookup(self, which: int, stream: str, key: str) -> None:
        self.alike(which, lambda store: store.lookup(stream, key))

    @rule(which=st.integers(0, 1), given=st.fixed_dictionaries(filters), limit=st.integers(1, 3))
    def find_cases(self, which: int, given: dict[str, str | None], limit: int) -> None:
        def pages(store: Store) -> object:
            found: list[CaseRow] = []
            after: str | None = None
            while True:
                page = store.find_cases(CaseQuery(**given, after=after, limit=limit))
                found += page.rows
                after = page.next
                if after is None:
                    return found

        self.alike(which, pages)

    @rule(
        which=st.integers(0, 1),
        case_id=st.none() | st.sampled_from(CASES),
        role=st.none() | words,
        body=st.none() | words,
        actor=st.none() | words,
        breached=st.none() | st.booleans(),
        due_before=st.none() | st.just("2026-12-02T08:00:00.000000Z") | st.just("2027"),
        limit=st.integers(1, 4),
    )
    def find_duties(self, which: int, limit: int, **given: str | int | None) -> None:
        def pages(store: Store) -> object:
            found: list[DutyRow] = []
            after: str | None = None
            while True:
                page = store.find_duties(DutyQuery(**given, after=after, limit=limit))  # type: ignore[arg-type]
                found += page.rows
                after = page.next
                if after is None:
                    return found

        self.alike(which, pages)

    @invariant()
    def versions_are_contiguous_and_positions_rise(self) -> None:
        if self.handles:
            every: list[StoredRecord] = []
            for stream in self.heads:
                found = self.handles[0].read_stream(stream)
                assert [record.version for record in found] == list(range(1, len(found) + 1))
                every += found
            assert sorted(record.position for record in every) == list(range(1, len(every) + 1))


TestStores = Stores.TestCase
TestStores.settings = settings(stateful_step_count=25)


@pytest.mark.slow
class TestStoresLong(Stores.TestCase):  # type: ignore[misc,valid-type]
    settings = settings(stateful_step_count=60)
