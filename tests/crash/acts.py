"""What the tests write: batches made from a number, and everything a store holds as one comparable value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stabflow.ports.store import AppendBatch, CaseQuery, DutyQuery, IndexChange, Store, StoredRecord
from stabflow.stores.memory import MemoryStore
from stabflow.testing.stores.material import case_row, duty_row, record

__all__ = ["STREAMS", "act", "case_row", "duty_row", "expected", "holdings", "read_all", "record"]

STREAMS = ("case/bridge-1", "case/大桥-2", "system/offices")


def act(number: int, *, size: int = 0) -> AppendBatch:
    """The batch with this number, from 0, in a row of acts that go round the streams: it needs the ones before it."""
    stream = STREAMS[number % len(STREAMS)]
    turn = number // len(STREAMS)
    per_turn = 2 if number % len(STREAMS) == 1 else 1
    head = turn * per_turn
    records = tuple(record(f"act {number}.{n}", size) for n in range(per_turn))
    index = None
    if stream.startswith("case/"):
        case_id = stream.removeprefix("case/")
        index = IndexChange(
            case_row(case_id, version=head + per_turn, state=f"state-{turn % 3}", step=f"step-{turn % 2}"),
            cleared=(f"item-{turn - 1}",),
            duties=(
                duty_row(case_id, due_at=f"2026-12-{1 + turn % 28:02}T08:00:00.000000Z", level=turn % 3),
                duty_row(case_id, f"item-{turn}", due_at="", actor=""),
            ),
        )
    return AppendBatch(stream, head, records, index, key=f"key-{number}", digest=f"digest-{number}")


def holdings(store: Store, numbers: Iterable[int]) -> dict[str, object]:
    """Everything the store holds: records, index, and the keys of the acts with these numbers."""
    keys = {number: store.lookup(act(number).stream, f"key-{number}") for number in numbers}
    return {
        "records": {stream: read_all(store, stream) for stream in STREAMS},
        "cases": store.find_cases(CaseQuery()).rows,
        "duties": store.find_duties(DutyQuery()).rows,
        "keys": {number: found for number, found in keys.items() if found is not None},
    }


def read_all(store: Store, stream: str) -> Sequence[StoredRecord]:
    """Every record of the stream, page by page."""
    found: list[StoredRecord] = []
    while page := store.read_stream(stream, after=len(found), limit=100):
        found += page
        assert page[-1].version == len(found), "not the page after the one before"
    return found


def expected(count: int, *, size: int = 0) -> list[dict[str, object]]:
    """What a store holds after 0, 1, … ``count`` acts, by the store in memory."""
    store = MemoryStore()
    found = [holdings(store, range(count))]
    for number in range(count):
        store.append(act(number, size=size))
        found.append(holdings(store, range(count)))
    return found
