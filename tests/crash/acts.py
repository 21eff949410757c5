"""What the tests write: batches made from a number, and everything a store holds as one comparable value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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

STREAMS = ("case/bridge-1", "case/大桥-2", "system/offices")


def record(text: str = "act", size: int = 0) -> NewRecord:
    """A record with ``text`` in it, padded to some ``size``."""
    payload = text.encode().ljust(size, b".")
    return NewRecord("test.acted", b'{"header":"' + text.encode() + b'"}', payload, payload[:32].ljust(32, b"#"))


def case_row(case_id: str = "bridge-1", **changes: str | int) -> CaseRow:
    """The index row of a case, with ``changes``."""
    values: dict[str, str | int] = {
        "case_id": case_id,
        "matter": "bridge",
        "title": "Bridge 大桥",
        "procedure": "five-step",
        "procedure_version": "1",
        "digest": "d" * 64,
        "state": "investigating",
        "step": "investigate",
        "outcome": "",
        "body": "county",
        "round": 1,
        "version": 1,
        "opened_at": "2026-11-23T08:00:00.000000Z",
        "updated_at": "2026-11-23T08:00:00.000000Z",
    }
    return CaseRow(**{**values, **changes})  # type: ignore[arg-type]


def duty_row(case_id: str = "bridge-1", duty: str = "case", **changes: str | int | bool) -> DutyRow:
    """A row of a duty, with ``changes``."""
    values: dict[str, str | int | bool] = {
        "case_id": case_id,
        "procedure": "five-step",
        "duty": duty,
        "state": "investigating",
        "role": "assessment_unit",
        "body": "county",
        "actor": "u-1",
        "level": 0,
        "due_at": "2026-12-01T08:00:00.000000Z",
        "estimated": False,
    }
    return DutyRow(**{**values, **changes})  # type: ignore[arg-type]


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
