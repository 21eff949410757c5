"""Processes: one that is killed at any moment and loses nothing it acknowledged, two that write at once, one that forks."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from ....ports.store import AppendResult, Capability, Store
from ....stores.memory import MemoryStore
from ....text import Text, say
from ... import expectation as expect
from ...clock import tomorrow
from ..children import Child
from ..material import (
    LANES,
    STREAM,
    act,
    act_result,
    batch,
    content,
    delivered,
    feed_from,
    head_of,
    holdings,
    notices,
    read_all,
)
from ..registry import Level, Offer, check
from ..storage import Storage

KILLS, KILLS_WITHOUT_FORK = 20, 3
"""How many times a process is killed, times the effort."""

MOST_ACKNOWLEDGED = 10
"""After at most how many acknowledgements a process is killed."""


@check("C4", Level.KILL, needs=[Capability.DURABLE], offers=[Offer.CHILD])
def a_killed_process_loses_nothing_acknowledged(storage: Storage) -> None:
    """After ``kill -9`` everything acknowledged is there, each act whole; by its key the act in doubt gets one result."""
    model = _Model()
    cursor: str | None = None
    killed = _killed_in_the_nursery if hasattr(os, "fork") else _killed_alone
    for number, heard in enumerate(killed(storage, model)):
        if storage.left() < storage.seconds / 5:
            over = say(
                "the time was over after {n} kills; nothing was lost", "{n}次强制终止后时间已到；未有丢失", n=number
            )
            raise expect.CutShort(over)
        acknowledged = model.there + sum("act" in one for one in heard)
        store = storage.open(clock=tomorrow)
        what = f"after a kill with acts 0 to {acknowledged - 1} acknowledged"
        model.there = model.matching(store, acknowledged, what)
        if Capability.FEED in store.capabilities:
            fed, cursor = feed_from(store, cursor)
            model.check_feed(fed, what)
        if Capability.OUTBOX in store.capabilities:
            model.check_notices(store, heard, what)
        for asked in (*storage.random.sample(range(acknowledged), min(3, acknowledged)), acknowledged):
            planned = act(asked, store.capabilities)
            right = AppendResult(*act_result(asked), replayed=asked < model.there)
            expect.equal(store.append(planned), right, f"{what}: act {asked} once more, by its key")
            expect.true(
                store.append(planned).replayed, f"{what}: act {asked}, asked for twice by its key, is not replayed"
            )
        model.there = acknowledged + 1
        store.close()
    model.matching(storage.open(clock=tomorrow), model.there, "in the end")


def _killed_in_the_nursery(storage: Storage, model: _Model) -> Iterator[list[Any]]:
    """What each process told until it was killed. They are forks of one child, since a fork begins at once."""
    with Child(storage, "nursery") as nursery:
        for _ in range(KILLS * storage.effort):
            nursery.say(model.there)
            process = nursery.hear()["pid"]
            heard = _heard(storage, nursery)
            os.kill(process, signal.SIGKILL)
            while (line := nursery.hear()) != "gone":
                heard.append(line)
            yield heard


def _killed_alone(storage: Storage, model: _Model) -> Iterator[list[Any]]:
    """The same where there is no fork: a new child each time."""
    for _ in range(KILLS_WITHOUT_FORK * storage.effort):
        with Child(storage, "acts", model.there) as child:
            heard = _heard(storage, child)
            yield heard + child.kill()


def _heard(storage: Storage, child: Child) -> list[Any]:
    """What it tells until the moment at which it is to be killed: after some acknowledgements, anywhere in the next act."""
    heard: list[Any] = []
    began = 0.0
    for _ in range(storage.random.randint(1, MOST_ACKNOWLEDGED)):
        heard.append(child.hear())
        if heard[-1] == "gone":
            raise child.ended()
        began = began or time.perf_counter()
    pace = (time.perf_counter() - began) / max(1, len(heard) - 1) if len(heard) > 1 else 0.002
    time.sleep(min(0.2, storage.random.random() * 1.5 * pace))
    return heard


class _Model:
    """What the store must hold after 0, 1, … acts, by the store in memory."""

    def __init__(self) -> None:
        self._memory = MemoryStore()
        self._acts = 0
        self.there = 0
        self._delivered: set[str] = set()
        self._token = 0
        self._feed = 0

    def matching(self, store: Store, least: int, what: str) -> int:
        """How many acts the store holds: ``least``, or the one more that was in doubt."""
        declared = store.capabilities & self._memory.capabilities
        self._append_until(least, declared)
        numbers = range(max(0, least - 30), least + 2)
        found = _only(holdings(store, numbers), declared)
        right = _only(holdings(self._memory, numbers), declared)
        if expect.alike(found, right):
            return least
        self._append_until(least + 1, declared)
        more = _only(holdings(self._memory, numbers), declared)
        if expect.alike(found, more):
            return least + 1
        there = sum(len(read_all(store, stream)) for stream in {act(n).stream for n in range(3)})
        nearer = more if found["heads"] == more["heads"] else right
        expect.equal(found, nearer, f"{what}: what the store holds ({there} records)")
        return least

    def _append_until(self, count: int, declared: frozenset[Capability]) -> None:
        while self._acts < count:
            self._memory.append(act(self._acts, declared))
            self._acts += 1

    def check_feed(self, fed: Sequence[Any], what: str) -> None:
        """The feed since the last time has what was written since then, each stream in order."""
        wanted = [act(number) for number in range(self._feed, self.there)]
        right = [(one.stream, one.expected_version + n) for one in wanted for n in range(1, len(one.records) + 1)]
        found = [row[:2] for row in content(fed)]
        expect.equal(found, right, f"{what}: the feed after the cursor from before")
        self._feed = self.there

    def check_notices(self, store: Store, heard: Sequence[Any], what: str) -> None:
        """Every notice of an act that is there can be claimed, in the order of its lane, unless it was acknowledged."""
        acked = {one["acked"] for one in heard if "acked" in one}
        claimed = [one["claimed"] for one in heard if "claimed" in one]
        tokens = [one["token"] for one in heard if "token" in one]
        token = max([self._token, *tokens])
        claims = delivered(store)
        found = [claim.payload.decode() for claim in claims]
        low = min((claim.token for claim in claims), default=token + 1)
        expect.true(low > token, f"{what}: a token is not higher than one told before", (low, token))
        self._token = max([token, *(claim.token for claim in claims)])
        in_doubt = {claimed[-1]} - acked if claimed else set()
        again = self._delivered & set(found) | acked & set(found)
        expect.equal(sorted(again), [], f"{what}: notices that had been acknowledged and came again")
        for lane in range(len(LANES)):
            right = [f"notice {n}" for n in range(self.there) if n % len(LANES) == lane]
            right = [one for one in right if one not in self._delivered | acked]
            mine = [one for one in found if int(one.split()[1]) % len(LANES) == lane]
            if mine != [one for one in right if one not in in_doubt]:
                expect.equal(mine, right, f"{what}: notices of the lane {LANES[lane]!r}")
        self._delivered |= acked | set(found) | in_doubt


def _only(found: dict[str, object], declared: frozenset[Capability]) -> dict[str, object]:
    """The parts of holdings that both stores have."""
    optional = {"snapshots": Capability.SNAPSHOTS, "feed": Capability.FEED}
    return {name: part for name, part in found.items() if name not in optional or optional[name] in declared}


@check("C7", Level.KILL, needs=[Capability.MULTI_PROCESS], offers=[Offer.CHILD])
def another_process_is_seen_at_once(storage: Storage) -> None:
    """What another process has acknowledged is seen by a handle that was open all the time, also once that process was killed."""
    store = storage.open(clock=tomorrow)
    with Child(storage, "acts", 0) as child:
        numbers: list[int] = []
        while len(numbers) < 6:
            heard = child.hear()
            if "act" not in heard:
                continue
            number = heard["act"]
            numbers.append(number)
            known = store.lookup(act(number).stream, f"key-{number}")
            right = (f"digest-{number}", AppendResult(*act_result(number), replayed=True))
            expect.equal(known, right, f"the key of act {number}, which another process has acknowledged")
            head = head_of(store, act(number).stream).version
            expect.true(head >= act_result(number)[1], f"the head after another process wrote act {number}", head)
        numbers += [one["act"] for one in child.kill() if "act" in one]
    expect.equal(numbers, list(range(len(numbers))), "what the other process told")
    _Model().matching(store, len(numbers), "after the other process was killed")
    planned = act(len(numbers), store.capabilities)
    store.append(planned)
    expect.equal(
        head_of(store, planned.stream).version, act_result(len(numbers))[1], "the head after an append of our own"
    )


@check("C1", Level.KILL, needs=[Capability.MULTI_PROCESS], offers=[Offer.CHILD])
def two_processes_race_for_versions(storage: Storage) -> None:
    """Of two processes that append after the same version one wins each; none is lost, none is written twice."""
    wins = 15 * storage.effort
    names = ("one", "two")
    with Child(storage, "race", names[0], wins) as one, Child(storage, "race", names[1], wins) as two:
        children = (one, two)
        for child in children:
            expect.equal(child.hear(), "ready", "what a child tells first")
        for child in children:
            child.say()
        told = [child.hear()["won"] for child in children]
    found = read_all(storage.open())
    expect.equal(sorted(told[0] + told[1]), list(range(1, 2 * wins + 1)), "the versions that the processes won")
    expect.equal([one.version for one in found], list(range(1, 2 * wins + 1)), "the versions there are")
    for name, won in zip(names, told, strict=True):
        payloads = [found[version - 1].payload.decode() for version in won]
        expect.equal(payloads, [f"{name} {version}" for version in won], f"what stands at the versions that {name} won")


@check("C10", Level.KILL, needs=[Capability.MULTI_PROCESS, Capability.OUTBOX], offers=[Offer.CHILD])
def two_processes_claim_no_notice_twice(storage: Storage) -> None:
    """Two processes that claim at once share out the notices: each is claimed once, by rising tokens."""
    total = 12 * storage.effort
    store = storage.open(clock=lambda: datetime.now(UTC))
    for number in range(total):
        store.append(batch(number, outbox=notices(f"{number}", lane=f"lane {number % 6}")))
    heard: list[Any] = []
    with Child(storage, "deliver") as one, Child(storage, "deliver") as two:
        for child in (one, two):
            expect.equal(child.hear(), "ready", "what a child tells first")
        for child in (one, two):
            child.say()
        for child in (one, two):
            while (line := child.hear()) != "done":
                heard.append(line)
    store.close()
    store = storage.open(clock=tomorrow)
    rest = [one.payload.decode() for one in store.claim("kit", limit=100, lease_for=60)]
    # A process that found every lane held by the other was done before it; what that one held it delivered.
    expect.equal(rest, [], "notices left")
    expect.equal(sorted(int(one["claimed"]) for one in heard), list(range(total)), "the notices that were claimed")
    tokens = [one["token"] for one in heard]
    expect.equal(len(set(tokens)), len(tokens), "different tokens among the claims")
    for lane in range(6):
        order = [
            int(one["claimed"])
            for one in sorted(heard, key=lambda one: one["token"])
            if int(one["claimed"]) % 6 == lane
        ]
        expect.equal(order, sorted(order), f"the order of lane {lane}, by token")


@check("C12", Level.KILL, offers=[Offer.CHILD])
def a_handle_refuses_after_a_fork(storage: Storage) -> None:
    """A handle that comes into a process by a fork raises, and closing it there leaves the parent's as it was."""
    if not hasattr(os, "fork"):
        raise expect.NotCovered(Text("this system has no fork", "本系统没有fork"))
    with Child(storage, "fork") as child:
        told = child.hear()
    expect.equal(
        told["forked"],
        ["refused", "refused"],
        "reading, and appending, with a handle that came by a fork: a StoreError",
    )
    expect.equal(
        told["version"], 2, "the head in the parent, after the child closed the handle and the parent appended"
    )
    if not storage.harness.one_handle:
        expect.equal(len(read_all(storage.open(), STREAM)), 2, "records when it is opened again")
