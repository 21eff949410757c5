"""Random histories: whatever is appended, claimed and asked, by whichever handle, a store answers as the store in memory does.

This module needs Hypothesis.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar

import attrs
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from ..errors import IdempotencyMismatch, InvalidInput, LeaseLost, StoreError, VersionConflict
from ..ports.store import (
    AppendBatch,
    Capability,
    CaseQuery,
    Claim,
    DutyQuery,
    DutyRow,
    IndexChange,
    NewRecord,
    Snapshot,
    Store,
)
from ..stores.memory import MemoryStore
from ..text import say
from .expectation import ClauseBroken, CutShort, equal, shown
from .histories import (
    CASE_VALUES,
    CASES,
    DUTY_VALUES,
    HISTORIES,
    LANES,
    SHRINKING,
    STEP,
    STEPS,
    Enough,
    Search,
    digests,
    duties,
    filtered,
    filters,
    handles,
    keys,
    records,
    streams,
    words,
)
from .material import case_row, content, notices
from .storage import Storage


class Histories(RuleBasedStateMachine):
    """The store in memory and two handles on one storage, given the same acts."""

    search: ClassVar[Search]

    def __init__(self) -> None:
        super().__init__()
        self.search.go_on()
        self.search.tried += 1
        self.storage = Storage(self.search.harness, seed=self.search.seed)
        self.memory = MemoryStore(self.storage.clock)
        self.handles = [self.storage.open(), self.storage.open()]
        self.declared = self.handles[0].capabilities & self.memory.capabilities
        self.cursors: list[tuple[str | None, str | None]] = [(None, None)]
        self.claims: list[tuple[Claim, Claim]] = []
        self.leased: dict[str, float] = {}
        self.now = 0.0
        self.steps: list[str] = []

    def teardown(self) -> None:
        self.storage.close()
        self.memory.close()

    def has(self, capability: Capability) -> bool:
        return capability in self.declared

    def alike(self, which: int, what: str, ask: Callable[[Store, int], Any]) -> Any:
        """Ask both stores (0: in memory, 1: under test), which must answer alike, errors included; a second passes."""
        self.search.go_on()
        self.storage.clock.advance(STEP)
        self.now += STEP
        self.steps.append(f"handle {which}: {what}")

        def outcome(store: Store, side: int) -> object:
            try:
                return ask(store, side)
            except VersionConflict as error:
                return ("VersionConflict", error.stream, error.expected, error.actual)
            except IdempotencyMismatch as error:
                return ("IdempotencyMismatch", error.stream, error.key)
            except LeaseLost:
                return "LeaseLost"
            except (StoreError, InvalidInput, ValueError) as error:
                return type(error).__name__

        right = outcome(self.memory, 0)
        try:
            found = outcome(self.handles[which], 1)
            equal(found, right, f"{what}, after {len(self.steps) - 1} other steps")
        except Exception as error:
            problem = str(error) if isinstance(error, ClauseBroken) else f"{what}: {type(error).__name__}: {error}"
            until = time.monotonic() + SHRINKING * (self.search.until - time.monotonic())
            self.search.remember(self.steps, problem, until)
            raise
        return right

    @rule(
        which=handles,
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
        snapshot=st.none() | st.integers(-4, 1),
        outbox=st.tuples(st.sampled_from(LANES), st.integers(0, 2)),
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
        snapshot: int | None,
        outbox: tuple[str, int],
    ) -> None:
        (own,) = self.memory.heads([stream])
        expected = own.version + off
        last = expected + len(new)
        more: dict[str, Any] = {}
        if new and stream.startswith("case/"):
            case_id = stream.removeprefix("case/")
            rows = tuple(attrs.evolve(row, case_id=case_id) for row in owed)
            more["index"] = IndexChange(case_row(case_id, **change, version=last), tuple(sorted(cleared)), rows)
        if key is not None:
            more |= {"key": key[0], "digest": key[1]}
        if relied_on is not None and not off:  # of two reasons, a store names the one it meets first
            (head,) = self.memory.heads([relied_on[0]])
            more["relies_on"] = (attrs.evolve(head, version=head.version + relied_on[1]),)
        if self.has(Capability.SNAPSHOTS) and snapshot is not None:
            more["snapshot"] = Snapshot(stream, last + snapshot, b"snapshot %d" % len(self.steps))
        if self.has(Capability.OUTBOX) and outbox[1]:
            lane, count = outbox
            more["outbox"] = notices(*(f"notice {len(self.steps)}.{n}" for n in range(count)), lane=lane)
        batch = AppendBatch(stream, expected, tuple(new), **more)
        self.alike(which, f"append({_said(batch)})", lambda store, _: store.append(batch))

    @precondition(lambda self: not self.storage.harness.one_handle)
    @rule(which=handles)
    def reopen(self, which: int) -> None:
        self.steps.append(f"handle {which} is closed and opened again")
        self.handles[which].close()
        self.handles[which] = self.storage.open()

    @rule(which=handles, stream=streams, after=st.integers(-1, 12), limit=st.integers(1, 5))
    def read(self, which: int, stream: str, after: int, limit: int) -> None:
        what = f"read_stream({stream!r}, after={after}, limit={limit})"
        self.alike(which, what, lambda store, _: content(store.read_stream(stream, after=after, limit=limit)))

    @rule(which=handles, asked=st.lists(streams, max_size=3))
    def ask_for_heads(self, which: int, asked: list[str]) -> None:
        self.alike(which, f"heads({asked})", lambda store, _: list(store.heads(asked)))

    @rule(which=handles, asked=st.lists(streams, max_size=20), off=st.sampled_from([0, 0, 0, 1, -1]))
    def ask_whether_they_are_heads(self, which: int, asked: list[str], off: int) -> None:
        heads = list(self.memory.heads(asked))
        if heads:
            heads[-1] = attrs.evolve(heads[-1], version=heads[-1].version + off)
        self.alike(which, f"are_heads({shown(heads)})", lambda store, _: store.are_heads(heads))

    @rule(which=handles, stream=streams, key=keys)
    def lookup(self, which: int, stream: str, key: str) -> None:
        self.alike(which, f"lookup({stream!r}, {key!r})", lambda store, _: store.lookup(stream, key))

    @rule(which=handles, given=st.fixed_dictionaries(filters), limit=st.integers(1, 3))
    def find_cases(self, which: int, given: dict[str, str | None], limit: int) -> None:
        def pages(store: Store, _: int) -> object:
            return _pages(lambda after: store.find_cases(CaseQuery(**given, after=after, limit=limit)))

        self.alike(which, f"all pages of {CaseQuery(**given, limit=limit)}", pages)

    @rule(
        which=handles,
        case_id=st.none() | st.sampled_from(CASES),
        role=filtered,
        body=filtered,
        actor=filtered,
        level=st.sampled_from([None, None, None, 0, 1, 2]),
        breached=st.sampled_from([None, None, None, False, True]),
        due_before=st.none() | st.just("2026-12-02T08:00:00.000000Z") | st.just("2027"),
        limit=st.integers(1, 4),
    )
    def find_duties(self, which: int, limit: int, **given: Any) -> None:
        def pages(store: Store, _: int) -> object:
            return _pages(lambda after: store.find_duties(DutyQuery(**given, after=after, limit=limit)))

        self.alike(which, f"all pages of {DutyQuery(**given, limit=limit)}", pages)

    @rule(which=handles)
    def find_by_each_filter(self, which: int) -> None:
        def every(store: Store, _: int) -> object:
            found: dict[str, object] = {}
            for name, values in CASE_VALUES.items():
                for value in values:
                    found[f"cases with {name}={value!r}"] = store.find_cases(CaseQuery(**{name: value})).rows
            for name, values in DUTY_VALUES.items():
                for value in values:
                    found[f"duties with {name}={value!r}"] = store.find_duties(DutyQuery(**{name: value})).rows
            return found

        self.alike(which, "cases and duties by each filter alone", every)

    @precondition(lambda self: self.has(Capability.FEED))
    @rule(which=handles, cursor=st.integers(0, 20), limit=st.integers(1, 6))
    def read_feed(self, which: int, cursor: int, limit: int) -> None:
        number = cursor % len(self.cursors)
        given = self.cursors[number]
        found: list[str | None] = []

        def page(store: Store, side: int) -> object:
            told = store.read_feed(after=given[side], limit=limit)
            found.append(told.cursor)
            return content(told.records)

        self.alike(which, f"read_feed(after=cursor {number}, limit={limit})", page)
        self.cursors = [*self.cursors[-19:], (found[0], found[1])]

    @precondition(lambda self: self.has(Capability.SNAPSHOTS))
    @rule(which=handles, stream=streams)
    def get_snapshot(self, which: int, stream: str) -> None:
        self.alike(which, f"get_snapshot({stream!r})", lambda store, _: store.get_snapshot(stream))

    @precondition(lambda self: self.has(Capability.OUTBOX))
    @rule(which=handles, lease_for=st.sampled_from([0.5, 3.5, 30.5]))
    def claim(self, which: int, lease_for: float) -> None:
        told: list[list[Claim]] = []

        def claims(store: Store, _: int) -> object:
            found = sorted(store.claim("worker", limit=100, lease_for=lease_for), key=lambda one: one.lane)
            told.append(found)
            return [(one.lane, one.payload, one.attempts) for one in found]

        self.alike(which, f"claim(limit=100, lease_for={lease_for})", claims)
        self.claims = [*self.claims, *zip(*told, strict=True)][-12:]
        self.leased |= dict.fromkeys((one.lane for one in told[0]), self.now + lease_for)

    @precondition(lambda self: self.claims)
    @rule(
        which=handles,
        claim=st.integers(0, 11),
        ack=st.booleans(),
        retry_after=st.sampled_from([None, None, 0.0, 10.25, 40.25]),
    )
    def settle(self, which: int, claim: int, ack: bool, retry_after: float | None) -> None:
        pair = self.claims[claim % len(self.claims)]

        def answer(store: Store, side: int) -> None:
            if ack:
                store.ack(pair[side])
            else:
                store.release(pair[side], retry_after=retry_after, error=f"error {pair[0].payload.decode()}")

        how = "ack" if ack else f"release(retry_after={retry_after})"
        if self.alike(which, f"{how} of {pair[0].payload!r}, claimed {pair[0].attempts} times by then", answer) is None:
            self.leased.pop(pair[0].lane, None)

    @precondition(lambda self: self.has(Capability.OUTBOX))
    @rule(which=handles, limit=st.integers(1, 4))
    def dead_letters(self, which: int, limit: int) -> None:
        def letters(store: Store, _: int) -> object:
            found: list[Any] = []
            after = 0
            while page := store.dead_letters(after=after, limit=limit):
                found += [(one.lane, one.payload, one.attempts, one.error) for one in page]
                equal(page[-1].notice > after, True, "a page of dead letters goes on")
                after = page[-1].notice
            return found

        self.alike(which, f"all dead letters in pages of {limit}", letters)

    @precondition(lambda self: self.has(Capability.OUTBOX) and self.memory.dead_letters())
    @rule(which=handles, letter=st.integers(0, 3))
    def revive(self, which: int, letter: int) -> None:
        dead = self.memory.dead_letters()
        chosen = dead[letter % len(dead)]
        if self.leased.get(chosen.lane, self.now + 9) <= self.now + STEP:
            return  # whether a lease that ran out is still a lease, the contract leaves open

        def again(store: Store, _: int) -> object:
            return [store.revive(one.notice) for one in store.dead_letters() if one.payload == chosen.payload]

        self.alike(which, f"revive {chosen.payload!r}", again)

    @precondition(lambda self: self.has(Capability.OUTBOX))
    @rule(seconds=st.sampled_from([1, 5, 60]))
    def time_passes(self, seconds: int) -> None:
        self.steps.append(f"{seconds} seconds pass")
        self.storage.clock.advance(seconds)
        self.now += seconds


def _pages(find: Callable[[str | None], Any]) -> list[Any]:
    found: list[Any] = []
    after: str | None = None
    while True:
        page = find(after)
        found += page.rows
        if page.next is None or page.next == after or not page.rows:
            return found
        after = page.next


def _said(batch: AppendBatch) -> str:
    """A batch in a line: its bytes are no help."""
    parts = [repr(batch.stream), f"after {batch.expected_version}", f"{len(batch.records)} records"]
    if batch.index is not None:
        parts.append(f"{shown(batch.index)}")
    if batch.key is not None:
        parts.append(f"key {batch.key} {batch.digest}")
    if batch.outbox:
        parts.append(f"outbox {[one.payload.decode() for one in batch.outbox]} in {batch.outbox[0].lane}")
    if batch.snapshot is not None:
        parts.append(f"snapshot at {batch.snapshot.version}")
    if batch.relies_on:
        parts.append("relying on " + ", ".join(f"{head.stream} at {head.version}" for head in batch.relies_on))
    return ", ".join(parts)


def search_for_a_difference(storage: Storage) -> None:
    """Try histories until there were enough; raise what the shortest that failed came to."""
    histories = HISTORIES * storage.effort
    search = Search(storage.harness, storage.seed, time.monotonic() + 0.8 * storage.left())
    machine = type("Histories", (Histories,), {"search": search})
    seed(storage.seed)(machine)
    chosen = settings(
        max_examples=histories,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    error: BaseException | None = None
    try:
        run_state_machine_as_test(machine, settings=chosen)
    except (Exception, Enough) as caught:  # noqa: BLE001 - raised below, with the steps if they are known
        error = caught
    if search.steps is not None:
        steps = "\n".join(f"    {number}. {step}" for number, step in enumerate(search.steps, 1))
        raise ClauseBroken(f"{search.problem}\n  the steps:\n{steps}") from error
    if isinstance(error, Enough):
        raise CutShort(
            say(
                "the time was over after {n} of {whole} random histories, none of which failed",
                "{whole}段随机历史中完成{n}段后时间已到，均未失败",
                n=search.tried,
                whole=histories,
            )
        )
    if error is not None:
        raise error
