"""What the checks write: batches made from a number, and everything a store holds as one comparable value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ...ports.store import (
    AppendBatch,
    Capability,
    CaseQuery,
    CaseRow,
    Claim,
    DutyQuery,
    DutyRow,
    IndexChange,
    NewNotice,
    NewRecord,
    Snapshot,
    Store,
    StoredRecord,
    StreamHead,
)
from ..expectation import equal, true

MOST_NOTICES = 10_000
"""More than any check puts into the outbox."""

STREAM = "case/bridge-1"
OFFICES = "system/offices"
STREAMS = (STREAM, "case/大桥-2", OFFICES)
LANES = ("bridge-1 unit mail", "bridge-1 unit letter", "大桥-2 unit mail")


def record(text: str = "act", size: int = 0) -> NewRecord:
    """A record with ``text`` in it, padded to some ``size``."""
    payload = text.encode().ljust(size, b".")
    return NewRecord("test.acted", b'{"header":"' + text.encode() + b'"}', payload, payload[:32].ljust(32, b"#"))


def case_row(case_id: str = "bridge-1", **changes: str | int) -> CaseRow:
    """The index row of a case, with ``changes``."""
    values: dict[str, Any] = {
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
    return CaseRow(**(values | changes))


def duty_row(case_id: str = "bridge-1", duty: str = "case", **changes: str | int | bool) -> DutyRow:
    """A row of a duty, with ``changes``."""
    values: dict[str, Any] = {
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
    return DutyRow(**(values | changes))


def batch(expected: int = 0, count: int = 1, *, stream: str = STREAM, **more: Any) -> AppendBatch:
    """A batch of ``count`` records that follows version ``expected``."""
    records = tuple(record(f"{stream} {expected + n}") for n in range(1, count + 1))
    return AppendBatch(stream, expected, records, **more)


def notices(*payloads: str | bytes, lane: str = LANES[0]) -> tuple[NewNotice, ...]:
    """Notices of one lane."""
    return tuple(NewNotice(lane, one if isinstance(one, bytes) else one.encode()) for one in payloads)


def indexed(store: Store, *rows: CaseRow | DutyRow, cleared: tuple[str, ...] = ()) -> None:
    """Append one act that changes the index of one case."""
    case = next((row for row in rows if isinstance(row, CaseRow)), None)
    duties = tuple(row for row in rows if isinstance(row, DutyRow))
    if case is None:
        case = case_row(duties[0].case_id if duties else "bridge-1")
    stream = f"case/{case.case_id}"
    change = IndexChange(case, cleared, duties)
    store.append(batch(head_of(store, stream).version, stream=stream, index=change))


def act(number: int, capabilities: Collection[Capability] = (), *, size: int = 0) -> AppendBatch:
    """The batch with this number, from 0, in a row of acts that go round the streams: it needs the ones before it, and uses every
    one of the ``capabilities``."""
    stream = STREAMS[number % len(STREAMS)]
    turn = number // len(STREAMS)
    per_turn = 2 + number % len(STREAMS) % 2
    head = turn * per_turn
    records = tuple(record(f"act {number}.{n}", size) for n in range(per_turn))
    case_id = stream.partition("/")[2]
    index = IndexChange(
        case_row(case_id, version=head + per_turn, state=f"state-{turn % 3}", step=f"step-{turn % 2}"),
        cleared=(f"item-{turn - 1}",),
        duties=(
            duty_row(case_id, due_at=f"2026-12-{1 + turn % 28:02}T08:00:00.000000Z", level=turn % 3),
            duty_row(case_id, f"item-{turn}", due_at="", actor=""),
        ),
    )
    more: dict[str, Any] = {}
    if Capability.OUTBOX in capabilities:
        more["outbox"] = (NewNotice(LANES[number % len(LANES)], f"notice {number}".encode()),)
    if Capability.SNAPSHOTS in capabilities:
        more["snapshot"] = Snapshot(stream, head + per_turn, f"snapshot {number}".encode())
    return AppendBatch(stream, head, records, index, key=f"key-{number}", digest=f"digest-{number}", **more)


def act_result(number: int) -> tuple[int, int]:
    """The first and the last version that the act with this number writes."""
    planned = act(number)
    return planned.expected_version + 1, planned.expected_version + len(planned.records)


def records_of(numbers: Iterable[int]) -> int:
    """How many records the acts with these numbers have."""
    return sum(len(act(number).records) for number in numbers)


def head_of(store: Store, stream: str = STREAM) -> StreamHead:
    """Where one stream ends."""
    (head,) = store.heads([stream])
    return head


def read_all(store: Store, stream: str = STREAM) -> list[StoredRecord]:
    """Every record of the stream, page by page."""
    found: list[StoredRecord] = []
    while page := store.read_stream(stream, after=len(found), limit=100):
        versions = [one.version for one in page]
        equal(
            versions,
            list(range(len(found) + 1, len(found) + len(page) + 1)),
            f"versions of {stream} after {len(found)}",
        )
        found += page
    return found


def content(found: Iterable[StoredRecord]) -> list[tuple[object, ...]]:
    """Records without their positions, which each storage gives as it likes."""
    return [(one.stream, one.version, one.tag, one.header, one.payload, one.hash) for one in found]


def feed_from(store: Store, cursor: str | None = None, limit: int = 100) -> tuple[list[StoredRecord], str | None]:
    """Every record of the feed after ``cursor``, and the cursor behind them."""
    found: list[StoredRecord] = []
    while True:
        page = store.read_feed(after=cursor, limit=limit)
        for one in page.records:
            last = found[-1].position if found else None
            true(last is None or one.position > last, f"position {one.position} comes after {last} in the feed")
            found.append(one)
        cursor = page.cursor
        if not page.records:
            return found, cursor


def delivered(store: Store) -> list[Claim]:
    """Claim and acknowledge everything that can be claimed, and tell it in that order."""
    found: list[Claim] = []
    while claims := store.claim("kit", limit=100, lease_for=60):
        found += claims
        true(len(found) <= MOST_NOTICES, "there is no end of notices: what was acknowledged comes again", claims[0])
        for claim in claims:
            store.ack(claim)
    return found


def holdings(store: Store, numbers: Sequence[int]) -> dict[str, object]:
    """Everything the store holds of the acts with these numbers, but the outbox: records, index, keys, snapshots, and the feed
    stream by stream, since each storage may order streams as it likes."""
    keys = {number: store.lookup(act(number).stream, f"key-{number}") for number in numbers}
    found: dict[str, object] = {f"records of {stream}": content(read_all(store, stream)) for stream in STREAMS}
    found["heads"] = list(store.heads(STREAMS))
    found["cases"] = list(store.find_cases(CaseQuery()).rows)
    found["duties"] = list(store.find_duties(DutyQuery()).rows)
    found["keys"] = {number: result for number, result in keys.items() if result is not None}
    if Capability.SNAPSHOTS in store.capabilities:
        found["snapshots"] = [store.get_snapshot(stream) for stream in STREAMS]
    if Capability.FEED in store.capabilities:
        fed, _ = feed_from(store)
        found["feed"] = {stream: content(one for one in fed if one.stream == stream) for stream in STREAMS}
    return found


def place(store: Store, stream: str, version: int) -> int:
    """The position of one record."""
    (found,) = store.read_stream(stream, after=version - 1, limit=1)
    return found.position
