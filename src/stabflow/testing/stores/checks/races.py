"""Threads that write at once: on one version, under one key, on what another relies on, for one notice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from ....errors import LeaseLost, StoreError, VersionConflict
from ....ports.store import AppendBatch, AppendResult, Capability, CaseQuery, Claim, DutyQuery, IndexChange, Store
from ... import expectation as expect
from ..material import OFFICES, STREAM, batch, case_row, content, duty_row, head_of, notices, read_all, record
from ..racing import Handles, Meeting, refusal_in_another_thread, together, ways
from ..registry import Level, check
from ..storage import Storage


@check("C12", Level.THREADS)
def a_handle_is_shared_or_refuses(storage: Storage) -> None:
    """Used in a thread that did not open it, a handle works, or raises a `StoreError` at once."""
    store = storage.open()
    store.append(batch())
    refusal = refusal_in_another_thread(store)
    what = "a handle used in another thread must work or raise a StoreError"
    expect.true(refusal is None or isinstance(refusal, StoreError), what, refusal)


@check("C1", Level.THREADS)
def one_writer_wins_each_version(storage: Storage) -> None:
    """Threads that append after the same version: one wins each, the others get `VersionConflict`; no version is lost, none
    written twice."""
    for handles in ways(storage):
        _race_for_versions(storage, handles, rounds=storage.rounds(5))


def _race_for_versions(storage: Storage, handles: Handles, rounds: int) -> None:
    won: list[tuple[int, int, bytes]] = []
    size = 8

    def write(name: str, store: Store) -> None:
        for wins in storage.turns(rounds):
            while not win(name, wins, store) and storage.left():
                pass

    def win(name: str, wins: int, store: Store) -> bool:
        head = head_of(store).version
        new = (record(f"{name} {wins} a"), record(f"{name} {wins} b"))
        change = IndexChange(case_row(version=head + 2), (), (duty_row(level=head + 2),))
        try:
            done = store.append(AppendBatch(STREAM, head, new, change, key=f"{name}-{wins}", digest="d"))
        except VersionConflict as conflict:
            what = f"a conflict at the version of the stream: it stood at {head} before"
            expect.true(conflict.actual > head, what, (conflict.stream, conflict.expected, conflict.actual))
            return False
        won.append((done.first_version, done.last_version, new[0].payload))
        return True

    together(storage, handles, *(partial(write, f"thread-{n}") for n in range(size)))
    found = read_all(handles())
    title = handles.title
    expect.equal([one.version for one in found], list(range(1, 2 * len(won) + 1)), f"{title}: versions after the race")
    right = [(one.version, one.version + 1, one.payload) for one in found[::2]]
    expect.equal(sorted(won), right, f"{title}: the versions that appends told, and the records there are")
    halves = [first.payload[:-1] == second.payload[:-1] for first, second in zip(found[::2], found[1::2], strict=True)]
    expect.true(all(halves), f"{title}: two records of one act do not stand side by side")
    (case,) = handles().find_cases(CaseQuery()).rows
    (duty,) = handles().find_duties(DutyQuery()).rows
    last = (case.version, duty.level)
    expect.equal(
        last, (len(found), len(found)), f"{title}: the version in the row of the case, and in that of its duty"
    )
    handles.leave()


@check("C13", Level.THREADS)
def the_index_is_that_of_the_last_act(storage: Storage) -> None:
    """When two acts on one case come one right after the other, the rows in the end are those of the later one."""
    for handles in ways(storage):
        _race_for_the_index(storage, handles, rounds=storage.rounds(12))


def _race_for_the_index(storage: Storage, handles: Handles, rounds: int) -> None:
    size = 2
    meeting, written = Meeting(storage, size, rounds), threading.Barrier(size)

    def append(store: Store) -> bool:
        head = head_of(store).version
        change = IndexChange(case_row(version=head + 1), (), (duty_row(level=head + 1),))
        with suppress(VersionConflict):
            store.append(batch(head, index=change))
            return True
        return False

    def write(store: Store) -> None:
        for number in meeting.rounds_together():
            while not append(store) and storage.left():
                pass
            written.wait(storage.left())
            right = size * (number + 1)
            (case,) = store.find_cases(CaseQuery()).rows
            (duty,) = store.find_duties(DutyQuery()).rows
            what = f"the version in the rows of case and duty, when the stream ends at {right}"
            expect.equal((case.version, duty.level), (right, right), what)

    together(storage, handles, *[write] * size, meetings=[meeting, written])


@check("C1", Level.THREADS)
def two_acts_that_rely_on_each_other_do_not_both_succeed(storage: Storage) -> None:
    """Of two acts on two streams, each decided on where the other stream ended, at most one is written."""
    for handles in ways(storage):
        _rely_on_each_other(storage, handles, rounds=storage.rounds(25))


def _rely_on_each_other(storage: Storage, handles: Handles, rounds: int) -> None:
    pair = (STREAM, OFFICES)
    won: dict[str, set[int]] = {stream: set() for stream in pair}
    meeting, looked = Meeting(storage, 2, rounds), threading.Barrier(2)

    def write(stream: str, store: Store) -> None:
        for number in meeting.rounds_together():
            heads = tuple(store.heads(pair))
            own = heads[pair.index(stream)]
            looked.wait(storage.left())
            with suppress(VersionConflict):
                store.append(batch(own.version, stream=stream, relies_on=heads))
                won[stream].add(number)

    together(storage, handles, *(partial(write, stream) for stream in pair), meetings=[meeting, looked])
    both = sorted(won[STREAM] & won[OFFICES])
    expect.equal(
        both, [], f"{handles.title}: rounds in which both acts were written, each relying on the other's stream"
    )
    one = won[STREAM] | won[OFFICES]
    expect.true(one, f"{handles.title}: neither act was written in any of {meeting.rounds} rounds")
    for stream in pair:
        expect.equal(head_of(handles(), stream).version, len(won[stream]), f"{handles.title}: the version of {stream}")
    handles.leave()


@check("C3", Level.THREADS)
def one_act_under_a_key_is_written_once(storage: Storage) -> None:
    """Threads that append the same act under the same key at once all get its result; one of them wrote it."""
    for handles in ways(storage):
        _race_under_a_key(storage, handles, rounds=storage.rounds(12))


def _race_under_a_key(storage: Storage, handles: Handles, rounds: int) -> None:
    size = 5
    meeting = Meeting(storage, size, rounds)
    results: list[list[AppendResult]] = [[] for _ in range(rounds)]

    def write(store: Store) -> None:
        for number in meeting.rounds_together():
            act = batch(2 * number, 2, key=f"key-{number}", digest="digest")
            results[number].append(store.append(act))

    together(storage, handles, *[write] * size, meetings=[meeting])
    for number, told in enumerate(results[: meeting.rounds]):
        what = f"{handles.title}: {size} appends of one act under one key at once"
        versions = {(one.first_version, one.last_version) for one in told}
        expect.equal(versions, {(2 * number + 1, 2 * number + 2)}, f"{what}: the versions they told")
        expect.equal(
            sorted(one.replayed for one in told), [False] + [True] * (size - 1), f"{what}: which were replayed"
        )
    expect.equal(len(read_all(handles())), 2 * meeting.rounds, f"{handles.title}: records after the race")
    handles.leave()


@check("C10", Level.THREADS, needs=[Capability.OUTBOX])
def no_notice_is_claimed_twice(storage: Storage) -> None:
    """Workers that claim at once never hold the same notice, and no two notices of a lane, and get every notice in its order."""
    for handles in ways(storage):
        _race_for_notices(storage, handles, each=storage.rounds(4))


def _race_for_notices(storage: Storage, handles: Handles, each: int) -> None:
    lanes = [f"lane {n}" for n in range(4)]
    store = handles()
    for number in range(each):
        mixed = [one for lane in lanes for one in notices(f"{lane}: {number}", lane=lane)]
        store.append(batch(number, outbox=tuple(mixed)))
    handles.leave()
    held: dict[str, int] = {}
    guard = threading.Lock()
    taken: list[Claim] = []
    acked: list[Claim] = []
    total = each * len(lanes)

    def work(store: Store) -> None:
        turn = 0
        while len(acked) < total and storage.left():
            claims = store.claim("worker", limit=2, lease_for=600)
            if not claims:
                time.sleep(0.001)  # all lanes are taken: whoever holds them needs the turn
            for claim in claims:
                with guard:
                    taken.append(claim)
                    held[claim.lane] = held.get(claim.lane, 0) + 1
                    out = held[claim.lane]
                expect.equal(out, 1, f"notices of {claim.lane} that are out at once")
                turn += 1
                with guard:
                    held[claim.lane] -= 1
                if turn % 5 == 0:
                    store.release(claim, retry_after=0.0, error="again")
                else:
                    store.ack(claim)
                    acked.append(claim)

    together(storage, handles, *[work] * 6)
    title = handles.title
    tokens = [one.token for one in taken]
    expect.equal(len(set(tokens)), len(tokens), f"{title}: different tokens among the claims")
    expect.equal(len(acked), total, f"{title}: notices acknowledged")
    for lane in lanes:
        order = [one.payload.decode() for one in sorted(acked, key=lambda one: one.token) if one.lane == lane]
        expect.equal(
            order, [f"{lane}: {n}" for n in range(each)], f"{title}: what was acknowledged of {lane}, by token"
        )
    store = handles()
    storage.clock.advance(6_000)
    expect.equal(list(store.claim("worker", limit=9, lease_for=60)), [], f"{title}: notices left")
    handles.leave()


@check("C10", Level.THREADS, needs=[Capability.OUTBOX])
def one_settles_a_notice(storage: Storage) -> None:
    """Of threads that acknowledge or give up the same claim at once, one does, and the others get `LeaseLost`."""
    for handles in ways(storage):
        _race_to_settle(storage, handles, rounds=storage.rounds(20))


def _race_to_settle(storage: Storage, handles: Handles, rounds: int) -> None:
    store = handles()
    store.append(batch(outbox=notices(*(f"{n}" for n in range(rounds)))))
    for number in storage.turns(rounds):
        (claim,) = store.claim("worker", limit=9, lease_for=60)
        expect.equal(claim.payload, b"%d" % number, f"{handles.title}: the next of the lane")
        settled: list[str] = []

        def settle(how: str, call: Callable[[Store], None], mine: Store, settled: list[str] = settled) -> None:
            try:
                call(mine)
            except LeaseLost:
                return
            settled.append(how)

        def ack(mine: Store, claim: Claim = claim) -> None:
            mine.ack(claim)

        def park(mine: Store, claim: Claim = claim) -> None:
            mine.release(claim, retry_after=None, error="parked")

        works = [partial(settle, "acknowledged", ack), partial(settle, "parked", park)] * 2
        together(storage, handles, *works)
        expect.equal(len(settled), 1, f"{handles.title}: answers to one claim that were accepted: {settled}")
        dead = [one.notice for one in store.dead_letters(after=claim.notice - 1)]
        right = [claim.notice] if settled == ["parked"] else []
        expect.equal(dead, right, f"{handles.title}: dead letters after it was {settled[0]}")
    handles.leave()


@check("C12", Level.THREADS)
def answers_are_not_mixed_up(storage: Storage) -> None:
    """Threads that write and read streams of their own each get the answers to their own questions."""
    for handles in ways(storage):

        def work(name: str, store: Store) -> None:
            stream = f"case/{name}"
            for version in storage.turns(4 * storage.effort):
                change = IndexChange(case_row(name, version=version + 1), (), (duty_row(name, level=version),))
                act = batch(version, stream=stream, index=change, key=f"key-{version}", digest=name)
                expect.equal(store.append(act), AppendResult(version + 1, version + 1), f"{name}: the append")
                found = content(store.read_stream(stream, after=version))
                new = act.records[0]
                right = [(stream, version + 1, new.tag, new.header, new.payload, new.hash)]
                expect.equal(found, right, f"{name}: the record just written")
                told = store.lookup(stream, f"key-{version}")
                expect.equal(told and told[0], name, f"{name}: the digest of its key")
                cases = store.find_cases(CaseQuery(after=name[:-1], limit=1_000)).rows
                expect.true(change.case in cases, f"{name}: its case is not among those found", cases)
                expect.equal(store.find_duties(DutyQuery(case_id=name)).rows, change.duties, f"{name}: its duties")

        together(storage, handles, *(partial(work, f"thread-{n}") for n in range(6)))
        store = handles()
        count = len(store.find_cases(CaseQuery()).rows)
        expect.equal(count, 6, f"{handles.title}: cases after six threads wrote one each")
        handles.leave()
