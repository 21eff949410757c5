"""The clauses of the store contract, on both stores; where a clause speaks of handles, on a second handle too."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from crash.acts import act, case_row, duty_row, holdings, read_all, record

from stabflow.errors import IdempotencyMismatch, InvalidInput, StoreUnavailable, VersionConflict
from stabflow.ports.store import (
    CONTRACT,
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    Capability,
    CaseQuery,
    CaseRow,
    DutyQuery,
    DutyRow,
    IndexChange,
    NewRecord,
    Store,
    StreamHead,
)
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore

STREAM = "case/bridge-1"
Opener = Callable[[], Store]


@pytest.fixture(params=["memory", "sqlite"])
def handles(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens a handle on one and the same storage; a store in memory has only one."""
    memory = MemoryStore()
    opened: list[Store] = [memory]

    def handle() -> Store:
        if request.param == "sqlite":
            opened.append(SqliteStore.open(tmp_path / "store.db"))
        return opened[-1]

    yield handle
    for store in opened:
        store.close()


@pytest.fixture
def store(handles: Opener) -> Store:
    return handles()


def batch(expected: int = 0, count: int = 1, *, stream: str = STREAM, **more: Any) -> AppendBatch:
    records = tuple(record(f"{stream} {expected + n}") for n in range(1, count + 1))
    return AppendBatch(stream, expected, records, **more)


def indexed(store: Store, *rows: CaseRow | DutyRow, cleared: tuple[str, ...] = ()) -> None:
    """Append one act that changes the index of one case."""
    case = next((row for row in rows if isinstance(row, CaseRow)), None)
    duties = tuple(row for row in rows if isinstance(row, DutyRow))
    if case is None:
        case = case_row(duties[0].case_id if duties else "bridge-1")
    stream = f"case/{case.case_id}"
    change = IndexChange(case, cleared, duties)
    store.append(batch(len(read_all(store, stream)), stream=stream, index=change))


# What a store is


def test_declares_what_it_can_do(store: Store) -> None:
    assert store.contract == CONTRACT
    on_disk = {Capability.DURABLE, Capability.MULTI_PROCESS}
    kept = {Capability.FEED, Capability.OUTBOX, Capability.SNAPSHOTS}
    assert store.capabilities == (kept | on_disk if isinstance(store, SqliteStore) else kept)


def test_an_empty_store_answers(store: Store) -> None:
    assert list(store.read_stream(STREAM)) == []
    assert store.lookup(STREAM, "key") is None
    assert list(store.heads([STREAM])) == [StreamHead(STREAM, 0, b"")]
    assert list(store.heads([])) == []
    assert store.are_heads([])
    assert store.are_heads([StreamHead(STREAM, 0, b"")])
    assert not store.are_heads([StreamHead(STREAM, 1, bytes(32))])
    assert store.find_cases(CaseQuery()) == (page := store.find_cases(CaseQuery(matter="bridge")))
    assert page.rows == ()
    assert page.next is None
    assert store.find_duties(DutyQuery()).rows == ()


@pytest.mark.parametrize(
    "wrong",
    [
        batch(count=0),
        batch(count=0, key="key", digest="digest"),
        batch(key="key"),
        batch(digest="digest"),
        batch(stream=""),
        batch(index=IndexChange(case_row("bridge-1"), (), (duty_row("bridge-2"),))),
    ],
)
def test_a_batch_that_could_not_be_right_is_a_value_error(store: Store, wrong: AppendBatch) -> None:
    with pytest.raises(ValueError, match=r"batch|index change"):
        store.append(wrong)
    assert list(store.read_stream(STREAM)) == []


# C1 Concurrency


def test_c1_only_the_expected_version_is_written_to(store: Store) -> None:
    store.append(batch(0, 2))
    for expected in (0, 1, 3, -1):
        with pytest.raises(VersionConflict) as caught:
            store.append(batch(expected, index=IndexChange(case_row()), key=f"key-{expected}", digest="digest"))
        assert (caught.value.stream, caught.value.expected, caught.value.actual) == (STREAM, expected, 2)
        assert store.lookup(STREAM, f"key-{expected}") is None
    assert len(store.read_stream(STREAM)) == 2
    assert store.find_cases(CaseQuery()).rows == ()
    assert store.append(batch(2)) == AppendResult(3, 3)


def test_c1_a_stream_that_is_not_there_is_at_version_0(store: Store) -> None:
    with pytest.raises(VersionConflict) as caught:
        store.append(batch(1))
    assert caught.value.actual == 0
    store.append(batch(0, stream="another"))
    with pytest.raises(VersionConflict):
        store.append(batch(1))


# C2 Atomicity


def head_of(store: Store, stream: str) -> StreamHead:
    (head,) = store.heads([stream])
    return head


OFFICES = "system/offices"


@pytest.mark.parametrize("moved", [STREAM, OFFICES])
def test_c1_an_act_is_written_only_where_all_it_was_decided_on_is_still_so(handles: Opener, moved: str) -> None:
    store, other = handles(), handles()
    for stream in (STREAM, OFFICES):
        store.append(batch(0, 2, stream=stream))
    seen = (head_of(store, STREAM), head_of(store, OFFICES))
    assert seen == (*other.heads([STREAM, OFFICES]),)
    assert seen[0].hash == read_all(store, STREAM)[-1].hash
    other.append(batch(2, 1, stream=moved))
    expected = 3 if moved == STREAM else 2
    for relied_on in (seen, seen[::-1]):
        with pytest.raises(VersionConflict) as caught:
            store.append(batch(expected, relies_on=relied_on, key="key", digest="digest"))
        assert (caught.value.stream, caught.value.expected, caught.value.actual) == (moved, 2, 3)
    assert len(read_all(store, STREAM)) == expected
    assert store.lookup(STREAM, "key") is None
    now = tuple(store.heads([STREAM, OFFICES]))
    assert now != seen
    assert not store.are_heads(seen)
    assert store.are_heads(now)
    assert not store.append(batch(expected, relies_on=now, key="key", digest="digest")).replayed
    # What is there already under the key is told, whatever has moved on.
    assert store.append(batch(expected, relies_on=seen, key="key", digest="digest")).replayed


def test_c1_a_stream_with_another_past_is_not_the_one_relied_on(store: Store) -> None:
    store.append(batch(0, 1, stream=OFFICES))
    false = attrs.evolve(head_of(store, OFFICES), hash=bytes(32))
    assert not store.are_heads([false])
    with pytest.raises(VersionConflict, match="system/offices"):
        store.append(batch(relies_on=(false,)))
    assert list(store.read_stream(STREAM)) == []


def test_c1_relying_on_what_is_not_there(store: Store) -> None:
    with pytest.raises(VersionConflict) as caught:
        store.append(batch(relies_on=(StreamHead(OFFICES, 4, bytes(32)),)))
    assert (caught.value.stream, caught.value.expected, caught.value.actual) == (OFFICES, 4, 0)
    assert list(store.read_stream(STREAM)) == []
    store.append(batch(relies_on=(StreamHead(STREAM, 0, b""), StreamHead(OFFICES, 0, b""))))
    assert head_of(store, STREAM).version == 1


def test_c7_heads_are_told_while_somebody_writes(handles: Opener) -> None:
    store = handles()
    store.append(batch())
    store.read_stream(STREAM)
    stop, seen = threading.Event(), []

    def look() -> None:
        while not stop.is_set():
            seen.append(head_of(store, STREAM).version)

    watcher = threading.Thread(target=look)
    watcher.start()
    for version in range(1, 60):
        store.append(batch(version))
        assert head_of(store, STREAM).version == version + 1
    stop.set()
    watcher.join()
    assert seen == sorted(seen)


def test_c2_versions_are_contiguous_and_positions_rise(store: Store) -> None:
    assert store.append(batch(0, 3)) == AppendResult(1, 3)
    assert store.append(batch(0, stream="another")) == AppendResult(1, 1)
    assert store.append(batch(3, 2)) == AppendResult(4, 5)
    found = store.read_stream(STREAM)
    assert [record.version for record in found] == [1, 2, 3, 4, 5]
    assert {record.stream for record in found} == {STREAM}
    positions = [record.position for record in found]
    assert positions == sorted(set(positions))
    assert store.read_stream("another")[0].position not in positions


def test_c2_a_refused_batch_leaves_everything_as_it_was(store: Store) -> None:
    for number in range(6):
        store.append(act(number))
    before = holdings(store, range(9))
    stale = attrs.evolve(act(4), key="fresh", digest="fresh")
    with pytest.raises(VersionConflict):
        store.append(stale)
    with pytest.raises(IdempotencyMismatch):
        store.append(attrs.evolve(act(7), key="key-4"))
    assert store.append(act(4)).replayed
    assert holdings(store, range(9)) == before
    assert store.lookup(stale.stream, "fresh") is None


# C3 Idempotency


def test_c3_the_same_key_gives_the_first_result_again(store: Store) -> None:
    first = store.append(batch(0, 2, key="key", digest="digest"))
    store.append(batch(2, 1))
    assert first == AppendResult(1, 2, replayed=False)
    again = AppendResult(1, 2, replayed=True)
    assert store.append(batch(0, 2, key="key", digest="digest")) == again  # though the version has moved on
    assert store.append(batch(3, 1, key="key", digest="digest")) == again
    assert store.lookup(STREAM, "key") == ("digest", again)
    assert len(store.read_stream(STREAM)) == 3


def test_c3_the_same_key_for_another_act_is_refused_before_the_version_is_compared(store: Store) -> None:
    store.append(batch(0, key="key", digest="digest"))
    for expected in (0, 1, 9):
        with pytest.raises(IdempotencyMismatch) as caught:
            store.append(batch(expected, key="key", digest="another"))
        assert (caught.value.stream, caught.value.key) == (STREAM, "key")
    assert len(store.read_stream(STREAM)) == 1


def test_c3_a_key_belongs_to_its_stream(store: Store) -> None:
    store.append(batch(0, key="key", digest="digest"))
    assert store.lookup("another", "key") is None
    assert not store.append(batch(0, stream="another", key="key", digest="another")).replayed


# C7 Visibility


def test_c7_every_handle_sees_what_was_written(handles: Opener) -> None:
    one, two = handles(), handles()
    for number in range(0, 12, 2):
        one.append(act(number))
        assert holdings(two, range(12)) == holdings(one, range(12))
        two.append(act(number + 1))
        assert holdings(one, range(12)) == holdings(two, range(12))
    with pytest.raises(VersionConflict):
        one.append(attrs.evolve(act(11), key=None, digest=None))


# C8 Round trip

ODD = [
    "",
    "\x00",
    "'; DROP TABLE records; --",
    "大桥",
    "e\u0301",
    "\U0001f309",
    "a" * 70_000,
    '{"b":1, "a":1,"a":2}',
    "1",
    "~",
]


@pytest.mark.parametrize("text", ODD)
def test_c8_bytes_and_texts_come_back_unchanged(store: Store, text: str) -> None:
    raw = text.encode()
    new = attrs.evolve(record(), tag=text, header=raw, payload=raw + bytes(range(256)), hash=raw)
    case, duty = case_row(text, title=text, state=text), duty_row(text, text, body=text)
    stream = f"case/{text}"
    store.append(AppendBatch(stream, 0, (new,), IndexChange(case, (), (duty,)), key=text, digest=text))
    (found,) = store.read_stream(stream)
    assert (found.tag, found.header, found.payload, found.hash) == (new.tag, new.header, new.payload, new.hash)
    assert (type(found.header), type(found.payload), type(found.hash)) == (bytes, bytes, bytes)
    assert store.find_cases(CaseQuery(state=text)).rows == (case,)
    assert store.find_duties(DutyQuery(case_id=text, body=text)).rows == (duty,)
    assert store.lookup(stream, text) == (text, AppendResult(1, 1, replayed=True))


# C12 Isolation


def test_c12_what_was_handed_in_may_change_afterwards(store: Store) -> None:
    parts: list[Any] = [bytearray(b"header"), bytearray(b"payload"), bytearray(b"hash")]
    records = [NewRecord("tag", *parts)]
    cleared, duties = ["item-1"], [duty_row()]
    change = IndexChange(case_row(), cleared, duties)  # type: ignore[arg-type]
    store.append(AppendBatch(STREAM, 0, records, change))  # type: ignore[arg-type]
    for content in parts:
        content[0] = 0
    records.clear()
    duties.clear()
    (found,) = store.read_stream(STREAM)
    assert (found.header, found.payload, found.hash) == (b"header", b"payload", b"hash")
    assert store.find_duties(DutyQuery()).rows == (duty_row(),)


def test_c12_what_was_handed_out_stays_as_it_was(store: Store) -> None:
    store.append(batch(0, 2))
    found = store.read_stream(STREAM)
    copy = list(found)
    store.append(batch(2, 2))
    assert list(found) == copy
    assert isinstance(found, tuple)


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that take turns at every opportunity."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_c12_threads_share_a_handle(store: Store) -> None:
    """Eight threads race on one stream, each until it has won its share; readers never see half an act."""
    rounds = 10 if store.capabilities else 60
    start = threading.Barrier(10)
    failures: list[BaseException] = []
    writing = threading.Event()
    won: list[tuple[int, bytes]] = []

    def write(name: str) -> None:
        start.wait()
        wins = 0
        while wins < rounds:
            head = len(store.read_stream(STREAM, limit=MAX_PAGE))
            new = record(f"{name} {wins}")
            change = IndexChange(case_row(version=head + 2), (), (duty_row(level=head + 2),))
            try:
                result = store.append(AppendBatch(STREAM, head, (new, new), change, key=f"{name}-{wins}", digest="d"))
            except VersionConflict as conflict:
                failures.extend([conflict] if conflict.actual <= head else [])
                continue
            wins += 1
            won.append((result.first_version, new.payload))

    def read() -> None:
        start.wait()
        while not writing.is_set():
            cases, duties = store.find_cases(CaseQuery()).rows, store.find_duties(DutyQuery()).rows
            versions = [record.version for record in store.read_stream(STREAM)]
            seen = cases[0].version if cases else 0
            owed = duties[0].level if duties else 0
            if versions != list(range(1, len(versions) + 1)) or len(versions) % 2 or not seen <= owed <= len(versions):
                failures.append(AssertionError((seen, owed, len(versions))))

    def guarded(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

        return run

    writers = [threading.Thread(target=guarded(lambda n=n: write(f"thread-{n}"))) for n in range(8)]  # type: ignore[misc]
    readers = [threading.Thread(target=guarded(read)) for _ in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join()
    writing.set()
    for thread in readers:
        thread.join()
    assert failures == []
    found = store.read_stream(STREAM)
    assert len(won) == 8 * rounds
    assert sorted(won) == [(first.version, first.payload) for first in found[::2]]
    assert [first.payload for first in found[::2]] == [second.payload for second in found[1::2]]


def test_c12_a_closed_handle_says_so(store: Store) -> None:
    store.append(batch(0))
    store.close()
    store.close()
    calls: list[Callable[[], object]] = [
        lambda: store.append(batch(1)),
        lambda: store.heads([STREAM]),
        lambda: store.lookup(STREAM, "key"),
        lambda: store.read_stream(STREAM),
        lambda: store.find_cases(CaseQuery()),
        lambda: store.find_duties(DutyQuery()),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable, match="closed; open it again"):
            call()


# C13 Index: cases

CASE_FILTERS = ("matter", "procedure", "state", "step", "outcome", "body")


def test_c13_the_case_row_is_replaced(store: Store) -> None:
    indexed(store, case_row(state="planning", version=1))
    for changes in (
        {"version": 2},  # nothing that is searched for
        {"version": 3, "state": "reviewing"},
        {"version": 4, "state": "decided", "step": "decided", "outcome": "implement", "round": 2, "title": "New"},
        {"version": 5, "matter": "m", "procedure": "p", "state": "s", "step": "t", "outcome": "o", "body": "b"},
        {"version": 6, "procedure_version": "2", "digest": "e", "opened_at": "x", "updated_at": "y"},
    ):
        row = case_row(**changes)
        indexed(store, row)
        assert store.find_cases(CaseQuery()).rows == (row,)
        for name in CASE_FILTERS:
            assert store.find_cases(CaseQuery(**{name: getattr(row, name)})).rows == (row,)
        assert store.find_cases(CaseQuery(state="planning")).rows == ()


def some_cases(store: Store) -> list[CaseRow]:
    rows = [
        case_row(
            f"case-{n:02}", **{name: str(n // 2**k % 2 or "") for k, name in enumerate(CASE_FILTERS)}, version=n + 1
        )
        for n in range(40)
    ]
    for row in sorted(rows, key=lambda row: row.version * 7 % 40):
        indexed(store, row)
    return rows


def all_pages(find: Callable[[str | None], tuple[tuple[object, ...], str | None]], limit: int) -> list[object]:
    """The rows of all pages, each of which but the last must be full."""
    found: list[object] = []
    after = None
    while True:
        rows, after = find(after)
        found += rows
        assert len(rows) <= limit
        if after is None:
            return found
        assert len(rows) == limit


def test_c13_every_filter_of_cases_and_every_page(store: Store) -> None:
    rows = some_cases(store)
    for names in itertools.chain.from_iterable(
        itertools.combinations(CASE_FILTERS, n) for n in range(len(CASE_FILTERS) + 1)
    ):
        filters = dict.fromkeys(names, "1")
        right = [row for row in rows if all(getattr(row, name) == "1" for name in names)]
        for limit in (3, 100):

            def page(
                after: str | None, filters: dict[str, str] = filters, limit: int = limit
            ) -> tuple[tuple[object, ...], str | None]:
                found = store.find_cases(CaseQuery(**filters, after=after, limit=limit))
                return found.rows, found.next

            assert all_pages(page, limit) == right
    assert [row.case_id for row in store.find_cases(CaseQuery(outcome="")).rows] == [
        r.case_id for r in rows if not r.outcome
    ]


def test_c13_a_page_that_is_just_full_is_the_last(store: Store) -> None:
    for n in range(3):
        indexed(store, case_row(f"case-{n}"))
    assert store.find_cases(CaseQuery(limit=3)).next is None
    assert store.find_cases(CaseQuery(limit=2)).next == "case-1"
    assert store.find_cases(CaseQuery(limit=2, after="case-1")).next is None
    assert store.find_cases(CaseQuery(after="case-2")).rows == ()


# C13 Index: duties

DUTY_FILTERS = ("case_id", "role", "body", "actor", "breached")


def test_c13_duties_are_cleared_and_replaced(store: Store) -> None:
    own, objection = duty_row(), duty_row(duty="objection-1", due_at="2026-12-02T08:00:00.000000Z")
    second = attrs.evolve(objection, actor="u-2")
    indexed(store, own, objection, second)
    assert store.find_duties(DutyQuery()).rows == (own, objection, second)
    indexed(store)
    assert store.find_duties(DutyQuery()).rows == (own, objection, second)
    later = attrs.evolve(
        own, state="planning", level=2, due_at="2027-01-01T08:00:00.000000Z", estimated=True, breached=True
    )
    indexed(store, later)  # the same duty of the same office-holder: the row takes the place of the one before
    assert store.find_duties(DutyQuery()).rows == (objection, second, later)
    indexed(store, attrs.evolve(second, actor="u-3"), cleared=("objection-1", "nothing"))
    assert store.find_duties(DutyQuery()).rows == (attrs.evolve(second, actor="u-3"), later)
    indexed(store, cleared=("case", "objection-1"))
    assert store.find_duties(DutyQuery()).rows == ()


def test_c13_clearing_touches_no_other_case(store: Store) -> None:
    mine, other = duty_row("bridge-1"), duty_row("bridge-2")
    indexed(store, mine)
    indexed(store, other)
    indexed(store, cleared=("case",))
    assert store.find_duties(DutyQuery()).rows == (other,)


def some_duties(store: Store) -> list[DutyRow]:
    """Duties with many equal due times, and some without; in the order in which pages must have them."""
    dues = ["2026-12-01T08:00:00.000000Z", "2026-12-02T08:00:00.000000Z", ""]
    rows = [
        duty_row(
            case,
            f"item-{n}",
            role=f"role-{n % 2}",
            body=f"body-{n % 3}",
            actor=actor,
            breached=bool(n % 2),
            due_at=dues[n % 3],
        )
        for case in ("case-1", "case-2", "case-3")
        for n in range(6)
        for actor in ("", "u-1", "u-2")
    ]
    for case in ("case-2", "case-3", "case-1"):
        indexed(store, *reversed([row for row in rows if row.case_id == case]))
    return sorted(
        rows, key=lambda row: (not row.due_at, row.due_at, row.case_id, row.duty, row.role, row.body, row.actor)
    )


def test_c13_every_filter_of_duties_and_every_page(store: Store) -> None:
    rows = some_duties(store)
    values: dict[str, str | int] = {
        "case_id": "case-2",
        "role": "role-1",
        "body": "body-1",
        "actor": "",
        "breached": True,
    }
    combinations = itertools.chain.from_iterable(
        itertools.combinations(DUTY_FILTERS, n) for n in range(len(DUTY_FILTERS) + 1)
    )
    for names, before in itertools.product(combinations, (None, "2026-12-02T08:00:00.000000Z", "2027")):
        filters = {name: values[name] for name in names}
        right = [row for row in rows if all(getattr(row, name) == values[name] for name in names)]
        right = [row for row in right if before is None or "" < row.due_at < before]
        for limit in (2, 1000):

            def page(
                after: str | None,
                filters: dict[str, str | int] = filters,
                before: str | None = before,
                limit: int = limit,
            ) -> tuple[tuple[object, ...], str | None]:
                query = DutyQuery(**filters, due_before=before, after=after, limit=limit)  # type: ignore[arg-type]
                found = store.find_duties(query)
                return found.rows, found.next

            assert all_pages(page, limit) == right


@pytest.mark.parametrize("cursor", ["", "[]", "null", "nonsense", '["a"]', '"abcdef"', "[1,2,3,4,5,6]", "[" * 100_000])
def test_c13_a_made_up_cursor_is_bad_input(store: Store, cursor: str) -> None:
    indexed(store, duty_row())
    with pytest.raises(InvalidInput, match="not a cursor"):
        store.find_duties(DutyQuery(after=cursor))
    with pytest.raises(InvalidInput, match="not a cursor"):
        store.find_duties(DutyQuery(after='["a","b","c","d","e","\\ud800"]'))


@pytest.mark.parametrize("limit", [0, -1, MAX_PAGE + 1])
def test_c13_pages_are_bounded(store: Store, limit: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        store.read_stream(STREAM, limit=limit)
    with pytest.raises(ValueError, match="1 to 1000"):
        store.find_cases(CaseQuery(limit=limit))
    with pytest.raises(ValueError, match="1 to 1000"):
        store.find_duties(DutyQuery(limit=limit))


def test_a_stream_is_read_page_by_page(store: Store) -> None:
    store.append(batch(0, 7))
    assert [record.version for record in store.read_stream(STREAM, after=2, limit=3)] == [3, 4, 5]
    assert [record.version for record in store.read_stream(STREAM, after=5, limit=3)] == [6, 7]
    assert list(store.read_stream(STREAM, after=7)) == []
    assert len(store.read_stream(STREAM, after=-1, limit=7)) == 7
    assert list(store.read_stream("case/bridge")) == []
