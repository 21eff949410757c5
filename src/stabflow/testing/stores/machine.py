"""Random histories: whatever is appended, claimed and asked, by whichever handle, a store answers as the store in memory does.

This module needs Hypothesis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ...errors import IdempotencyMismatch, InvalidInput, LeaseLost, StoreError, VersionConflict
from ...ports.store import (
    Capability,
    CaseQuery,
    Claim,
    DutyQuery,
    Store,
    StoredRecord,
)
from ...stores.memory import MemoryStore
from ..expectation import ClauseBroken, equal, shown
from .histories import (
    CASE_VALUES,
    CASES,
    DUTY_VALUES,
    KEYS,
    STEP,
    STREAMS,
    acts,
    batch_of,
    filtered,
    filters,
    handles,
    said,
    streams,
)
from .material import content
from .paging import all_pages
from .search import Search
from .storage import Storage

M = TypeVar("M", bound=Callable[..., None])
MOVES: list[st.SearchStrategy[tuple[str, dict[str, Any]]]] = []
NEEDS: dict[str, Capability | None] = {}


def move(need: Capability | None = None, *, weight: int = 1, **given: st.SearchStrategy[Any]) -> Callable[[M], M]:
    """One of the moves of which a history is made. They are drawn by one rule and not each a rule of its own: Hypothesis leaves
    some of the rules out of each history, and of a few dozen histories too few would then have acts, notices and workers."""

    def registered(body: M) -> M:
        name = body.__name__
        NEEDS[name] = need
        # Not one strategy many times: the same one is chosen as often as any other, however often it is named.
        MOVES.extend(st.fixed_dictionaries(given).map(lambda values: (name, values)) for _ in range(weight))
        return body

    return registered


class _Moves(RuleBasedStateMachine):
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
            self.search.remember(self.steps, problem)
            raise
        return right

    @move(weight=8, which=handles, act=acts)
    def append(self, which: int, act: dict[str, Any]) -> None:
        batch = batch_of(act, self.memory, self.declared, len(self.steps))
        self.alike(which, f"append({said(batch)})", lambda store, _: store.append(batch))

    @move(which=handles)
    def reopen(self, which: int) -> None:
        if self.storage.harness.one_handle:
            return
        self.steps.append(f"handle {which} is closed and opened again")
        self.handles[which].close()
        self.handles[which] = self.storage.open()

    @move(weight=3, which=handles, after=st.sampled_from([-1, 0, 1, 2, 3, 5]), limit=st.integers(1, 5))
    def ask_of_each_stream(self, which: int, after: int, limit: int) -> None:
        def everything(store: Store, _: int) -> object:
            found: dict[str, object] = {"heads": list(store.heads(STREAMS))}
            for stream in STREAMS:
                page = store.read_stream(stream, after=after, limit=limit)
                found[f"read_stream({stream!r}, after={after}, limit={limit})"] = _rising(page)
                for key in KEYS:
                    found[f"lookup({stream!r}, {key!r})"] = store.lookup(stream, key)
                if self.has(Capability.SNAPSHOTS):
                    found[f"get_snapshot({stream!r})"] = store.get_snapshot(stream)
            return found

        self.alike(which, "a page, the keys and the snapshot of each stream", everything)

    @move(which=handles, asked=st.lists(streams, max_size=20), off=st.sampled_from([0, 0, 0, 1, -1]))
    def ask_for_heads(self, which: int, asked: list[str], off: int) -> None:
        self.alike(which, f"heads({asked})", lambda store, _: list(store.heads(asked)))
        heads = list(self.memory.heads(asked))
        if heads:
            heads[-1] = attrs.evolve(heads[-1], version=heads[-1].version + off)
        self.alike(which, f"are_heads({shown(heads)})", lambda store, _: store.are_heads(heads))

    @move(which=handles, given=st.fixed_dictionaries(filters), limit=st.integers(1, 3))
    def find_cases(self, which: int, given: dict[str, str | None], limit: int) -> None:
        def pages(store: Store, _: int) -> object:
            return all_pages(
                lambda after: store.find_cases(CaseQuery(**given, after=after, limit=limit)), limit, "cases"
            )

        self.alike(which, f"all pages of {CaseQuery(**given, limit=limit)}", pages)

    @move(
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
            return all_pages(
                lambda after: store.find_duties(DutyQuery(**given, after=after, limit=limit)), limit, "duties"
            )

        self.alike(which, f"all pages of {DutyQuery(**given, limit=limit)}", pages)

    @move(which=handles)
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

    @move(Capability.FEED, which=handles, cursor=st.integers(0, 20), limit=st.integers(1, 6))
    def read_feed(self, which: int, cursor: int, limit: int) -> None:
        number = cursor % len(self.cursors)
        given = self.cursors[number]
        found: list[str | None] = []

        def page(store: Store, side: int) -> object:
            told = store.read_feed(after=given[side], limit=limit)
            found.append(told.cursor)
            return _rising(told.records)

        self.alike(which, f"read_feed(after=cursor {number}, limit={limit})", page)
        self.cursors = [*self.cursors[-19:], (found[0], found[1])]

    @move(Capability.OUTBOX, which=handles, lease_for=st.sampled_from([0.55, 3.55, 30.55]))
    def claim(self, which: int, lease_for: float) -> None:
        told: list[list[Claim]] = []

        def claims(store: Store, _: int) -> object:
            found = sorted(store.claim("worker", limit=100, lease_for=lease_for), key=lambda one: one.lane)
            told.append(found)
            return [(one.lane, one.payload, one.attempts) for one in found]

        self.alike(which, f"claim(limit=100, lease_for={lease_for})", claims)
        self.claims = [*self.claims, *zip(*told, strict=True)][-12:]
        self.leased |= dict.fromkeys((one.lane for one in told[0]), self.now + lease_for)

    @move(
        Capability.OUTBOX,
        weight=3,
        which=handles,
        answers=st.lists(st.sampled_from(["ack", "park", "park", "later"]), min_size=1, max_size=3),
    )
    def deliver(self, which: int, answers: list[str]) -> None:
        self.claim(which, 3.55)
        for number, answer in enumerate(answers):
            if number < len(self.claims):
                back = len(self.claims) - 1 - number
                self.settle(which, back, answer == "ack", None if answer == "park" else 10.25)

    @move(
        Capability.OUTBOX,
        which=handles,
        claim=st.integers(0, 11),
        ack=st.booleans(),
        retry_after=st.sampled_from([None, None, 0.0, 10.25, 40.25]),
    )
    def settle(self, which: int, claim: int, ack: bool, retry_after: float | None) -> None:
        if not self.claims:
            return
        pair = self.claims[claim % len(self.claims)]

        def answer(store: Store, side: int) -> None:
            if ack:
                store.ack(pair[side])
            else:
                store.release(pair[side], retry_after=retry_after, error=f"error {pair[0].payload.decode()}")

        how = "ack" if ack else f"release(retry_after={retry_after})"
        if self.alike(which, f"{how} of {pair[0].payload!r}, claimed {pair[0].attempts} times by then", answer) is None:
            self.leased.pop(pair[0].lane, None)

    @move(Capability.OUTBOX, which=handles, limit=st.integers(1, 4))
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

    @move(Capability.OUTBOX, which=handles, letter=st.integers(0, 3))
    def revive(self, which: int, letter: int) -> None:
        self.dead_letters(which, 2)
        dead = self.memory.dead_letters()
        if not dead:
            return
        chosen = dead[letter % len(dead)]
        if self.leased.get(chosen.lane, self.now + 9) <= self.now + STEP:
            return  # whether a lease that ran out is still a lease, the contract leaves open

        def again(store: Store, _: int) -> object:
            return [store.revive(one.notice) for one in store.dead_letters() if one.payload == chosen.payload]

        self.alike(which, f"revive {chosen.payload!r}", again)

    @move(Capability.OUTBOX, seconds=st.sampled_from([1, 5, 60]))
    def time_passes(self, seconds: int) -> None:
        self.steps.append(f"{seconds} seconds pass")
        self.storage.clock.advance(seconds)
        self.now += seconds


class Histories(_Moves):
    """The moves, drawn one after the other."""

    @rule(chosen=st.one_of(*MOVES))
    def step(self, chosen: tuple[str, dict[str, Any]]) -> None:
        name, values = chosen
        need = NEEDS[name]
        if need is None or self.has(need):
            getattr(self, name)(**values)


def _rising(found: Sequence[StoredRecord]) -> list[tuple[object, ...]]:
    """The content of records whose positions must rise."""
    positions = [one.position for one in found]
    equal(positions, sorted(set(positions)), "positions of records that follow each other")
    return content(found)
