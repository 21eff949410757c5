"""Runs that use everything a store can do, one step after the other, and what must be there after each of them.

A script's steps are done on a SQLite store while something fails, and on a store in memory to know what is right. Only what
the contract promises is compared: notices are told apart by their payloads, since their numbers are a store's own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from stabflow.errors import LeaseLost, VersionConflict
from stabflow.ports.store import (
    AppendBatch,
    CaseQuery,
    Claim,
    DutyQuery,
    NewNotice,
    Snapshot,
    Store,
    StreamHead,
)
from stabflow.stores.memory import MemoryStore

from .acts import STREAMS, act, read_all

START = datetime(2026, 11, 30, 8, tzinfo=UTC)
LEASE = 600.0
MUCH_LATER = timedelta(days=400)


@attrs.define
class Hands:
    """A clock that stands until it is moved, and the claims of a worker, by what the notices say."""

    now: datetime = START
    claims: dict[bytes, Claim] = attrs.field(factory=dict)
    tokens: list[int] = attrs.field(factory=list)

    def clock(self) -> datetime:
        return self.now

    def copy(self) -> Hands:
        return Hands(self.now, dict(self.claims), list(self.tokens))


@attrs.frozen
class Step:
    """Something a script does with a store."""

    name: str
    do: Callable[[Store, Hands], object]
    batch: AppendBatch | None = None


def full_act(number: int, *, size: int = 0) -> AppendBatch:
    """`act` with all that a batch can carry: notices in two lanes, a snapshot of its stream, and what it relies on."""
    batch = act(number, size=size)
    head = batch.expected_version + len(batch.records)
    relied = []
    if number:
        before = act(number - 1, size=size)
        version = before.expected_version + len(before.records)
        relied = [StreamHead(before.stream, version, before.records[-1].hash)]
    return attrs.evolve(
        batch,
        outbox=tuple(NewNotice(lane, notice(number, lane)) for lane in ("unit", f"lane-{number % 2}")),
        snapshot=Snapshot(batch.stream, head, f"as of {number}".encode().ljust(size, b".")),
        relies_on=tuple(relied),
    )


def notice(number: int, lane: str) -> bytes:
    """What the notice of an act says that goes to ``lane``."""
    return f"{lane} of {number}".encode()


def append(batch: AppendBatch) -> Step:
    return Step(f"append {batch.key}", lambda store, _hands: store.append(batch), batch)


def reminder(number: int) -> Step:
    """A batch without records: notices under a key."""
    stream, version = STREAMS[2], 1
    return append(
        AppendBatch(stream, version, (), outbox=(NewNotice("unit", b"a reminder"),), key="r", digest=str(number))
    )


def claim(limit: int) -> Step:
    def do(store: Store, hands: Hands) -> object:
        found = store.claim("worker", limit=limit, lease_for=LEASE)
        hands.claims |= {one.payload: one for one in found}
        hands.tokens += [one.token for one in found]
        return found

    return Step(f"claim {limit}", do)


def ack(payload: bytes) -> Step:
    def do(store: Store, hands: Hands) -> object:
        store.ack(hands.claims[payload])
        return hands.claims.pop(payload)

    return Step(f"ack {payload.decode()}", do)


def release(payload: bytes, retry_after: float | None) -> Step:
    def do(store: Store, hands: Hands) -> object:
        store.release(hands.claims[payload], retry_after=retry_after, error="no answer")
        return hands.claims.pop(payload)

    return Step(f"release {payload.decode()} {retry_after}", do)


def revive(payload: bytes) -> Step:
    def do(store: Store, _hands: Hands) -> object:
        found = [one.notice for one in store.dead_letters() if one.payload == payload]
        return [store.revive(number) for number in found]

    return Step(f"revive {payload.decode()}", do)


def refused(batch: AppendBatch) -> Step:
    """An append that must be refused, and leave no trace."""

    def do(store: Store, _hands: Hands) -> object:
        try:
            store.append(batch)
        except VersionConflict as error:
            return str(error)
        raise AssertionError(f"{batch.stream} was appended to at the wrong version")

    return Step(f"refused {batch.stream}", do)


def read() -> Step:
    """Reading opens a connection that stays, and with it the log: only so may what a failed commit left in it come back."""
    return Step("read", lambda store, _hands: store.find_cases(CaseQuery()))


def wait(seconds: float) -> Step:
    """Time passes, which the store does not notice until it is asked."""

    def do(_store: Store, hands: Hands) -> object:
        hands.now += timedelta(seconds=seconds)
        return hands.now

    return Step(f"wait {seconds}", do)


def everything(*, size: int = 0) -> list[Step]:
    """A script with every kind of step; it ends with notices waiting, leased, to be tried again, and given up."""
    acts = [append(full_act(number, size=size)) for number in range(12)]
    stale = attrs.evolve(full_act(0), key="stale", expected_version=0)
    return [
        acts[0],
        read(),
        *acts[1:3],
        claim(2),
        ack(notice(0, "unit")),
        acts[3],
        acts[1],  # again: the key is known
        release(notice(0, "lane-0"), 30.0),
        reminder(3),
        claim(10),
        release(notice(1, "unit"), None),
        refused(stale),
        *acts[4:7],
        ack(notice(1, "lane-1")),
        claim(1),
        revive(notice(1, "unit")),
        acts[7],
        release(notice(2, "unit"), None),
        claim(5),
        ack(notice(1, "unit")),
        acts[8],
        wait(LEASE + 1),
        claim(3),  # also what was leased, and not delivered in time
        ack(notice(0, "lane-0")),
        *acts[9:],
    ]


def appends(count: int, *, size: int = 0) -> list[Step]:
    """Nothing but acts, for faults at which a long run of them matters."""
    first, *others = [append(full_act(number, size=size)) for number in range(count)]
    return [first, read(), *others]


def keys_of(steps: Iterable[Step]) -> list[tuple[str, str]]:
    return [(step.batch.stream, str(step.batch.key)) for step in steps if step.batch is not None]


def holdings(store: Store, keys: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Everything the store holds that can be seen without changing it."""
    found = {key: store.lookup(*key) for key in keys}
    return {
        "records": {stream: read_all(store, stream) for stream in STREAMS},
        "heads": store.heads(STREAMS),
        "feed": feed(store),
        "cases": store.find_cases(CaseQuery()).rows,
        "duties": store.find_duties(DutyQuery()).rows,
        "keys": {key: result for key, result in found.items() if result is not None},
        "snapshots": [store.get_snapshot(stream) for stream in STREAMS],
        "dead": [(one.lane, one.payload, one.attempts, one.error) for one in store.dead_letters()],
    }


def feed(store: Store) -> Sequence[object]:
    """All records in the order of the feed, by small pages."""
    records: list[object] = []
    cursor: str | None = None
    while (page := store.read_feed(after=cursor, limit=7)).records:
        records += page.records
        cursor = page.cursor
    return records


def look(store: Store, hands: Hands, keys: Iterable[tuple[str, str]]) -> dict[str, object]:
    """`holdings`, and what is found of the outbox by emptying it: which claims of ``hands`` still count, what could be claimed at
    once, and what, in which order, in the end. Tokens must go on rising."""
    found = holdings(store, keys)
    still = []
    for payload, held in sorted(hands.claims.items()):
        try:
            store.release(held, retry_after=LEASE, error="let go")
        except LeaseLost:
            continue
        still.append(payload)
    drained: list[object] = []
    tokens: list[int] = []
    at_once = store.claim("looker", limit=1_000, lease_for=1.0)
    tokens += [one.token for one in at_once]
    hands.now += MUCH_LATER
    while left := store.claim("looker", limit=1_000, lease_for=1.0):
        tokens += [one.token for one in left]
        for one in sorted(left, key=lambda one: one.lane):
            drained.append((one.lane, one.payload, one.attempts))
            store.ack(one)
    rising = all(a < b for a, b in zip([*hands.tokens, *tokens], [*hands.tokens, *tokens][1:], strict=False))
    return found | {
        "held": still,
        "at once": sorted((one.lane, one.payload, one.attempts) for one in at_once),
        "in the end": drained,
        "tokens rise": rising,
    }


class Expected:
    """What must be found after so many steps of a script were acknowledged, by the store in memory."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._keys = keys_of(steps)
        self._ends = [self._after(steps, count) for count in range(len(steps) + 1)]
        self.acts = len(steps)

    def _after(self, steps: Sequence[Step], count: int) -> list[dict[str, object]]:
        """What is found after ``count`` steps; and if the next one took place, but was not acknowledged."""
        found = []
        for more in (0, 1):
            hands = Hands()
            store = MemoryStore(hands.clock)
            for step in steps[:count]:
                step.do(store, hands)
            for step in steps[count : count + more]:
                step.do(store, hands.copy())
            hands.tokens = []
            found.append(look(store, hands, self._keys))
        return found

    def allowed(self, acknowledged: int, *, certain: bool = False) -> Sequence[dict[str, object]]:
        """The ends that are right; if it is ``certain`` that the next step did not take place, there is one."""
        return self._ends[acknowledged][:1] if certain else self._ends[acknowledged]

    def index(self, found: object) -> int | None:
        """After how many steps a store is like this, if there are any."""
        if not isinstance(found, dict):
            return None
        for count, (end, _) in enumerate(self._ends):
            if without_attempts(end) == without_attempts(found):
                return count
        return None


def without_attempts(found: Mapping[str, object]) -> dict[str, object]:
    """Of what `look` found, what does not depend on how often somebody tried: for runs in which a claim was made again."""
    drained = found["in the end"]
    dead = found["dead"]
    assert isinstance(drained, list)
    assert isinstance(dead, list)
    shown = {name: found[name] for name in ("records", "heads", "feed", "cases", "duties", "keys", "snapshots")}
    return shown | {
        "in the end": sorted((lane, payload) for lane, payload, _ in drained),
        "dead": [payload for _, payload, *_ in dead],
    }
