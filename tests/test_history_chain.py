"""The chain: whatever is done to stored records, loading the case and verifying the store say so."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import attrs
import pytest
import worlds
from hypothesis import given
from hypothesis import strategies as st
from worlds import BASIS, CHAIR, CLERK

from stabflow import Engine
from stabflow.errors import Corrupt, InvalidInput, StoreError
from stabflow.history import chain
from stabflow.ports.store import StoredRecord
from stabflow.stores.memory import MemoryStore

CASE = "small-bridge-1-1"
STREAM = f"case/{CASE}"
Records = list[StoredRecord]


def filled() -> tuple[MemoryStore, Engine]:
    store = MemoryStore()
    engine = worlds.constituted(worlds.engine_over(store))
    case = worlds.opened(engine)
    worlds.noted(case)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    case.fire("send_back", by=CHAIR, basis=BASIS, reasons="again")
    assert engine.verify().cases == 1
    return store, engine


def renumbered(records: Records) -> Records:
    return [attrs.evolve(one, version=version) for version, one in enumerate(records, 1)]


def removed(records: Records, at: int) -> Records:
    return records[:at] + records[at + 1 :]


def swapped(records: Records, at: int) -> Records:
    return [*records[:at], records[at + 1], records[at], *records[at + 2 :]]


def doubled(records: Records, at: int) -> Records:
    return [*records[: at + 1], *records[at:]]


def inserted(records: Records, at: int) -> Records:
    forged = attrs.evolve(records[at], payload=records[at].payload.replace(b"clerk", b"other"))
    return [*records[:at], forged, *records[at:]]


def rehashed(records: Records, at: int) -> Records:
    """The hash made right for other words: the next record gives it away."""
    header = records[at].header.replace(b"order 7", b"order 8")
    previous = records[at - 1].hash.hex() if at else chain.GENESIS
    forged = attrs.evolve(records[at], header=header, hash=chain.link(previous, header, records[at].payload))
    return [*records[:at], forged, *records[at + 1 :]]


CHANGES: list[tuple[str, Callable[[Records, int], Records]]] = [
    ("removed, leaving a gap", removed),
    ("removed and numbered anew", lambda records, at: renumbered(removed(records, at))),
    ("swapped", swapped),
    ("swapped and numbered anew", lambda records, at: renumbered(swapped(records, at))),
    ("doubled", doubled),
    ("doubled and numbered anew", lambda records, at: renumbered(doubled(records, at))),
    ("inserted", inserted),
    ("inserted and numbered anew", lambda records, at: renumbered(inserted(records, at))),
    ("rehashed", rehashed),
]


@pytest.mark.parametrize(("what", "change"), CHANGES, ids=[what for what, _ in CHANGES])
@pytest.mark.parametrize("stream", [STREAM, "system/offices", "procedure/small@1"])
def test_what_was_done_to_the_records_is_seen(
    stream: str, what: str, change: Callable[[Records, int], Records]
) -> None:
    store, engine = filled()
    if stream == "system/offices":
        engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    good = list(store._records[stream])
    for at in range(len(good) - 1):
        store._records[stream] = change(good, at)
        fresh = worlds.engine_over(store)
        with pytest.raises(Corrupt):
            fresh.verify()
        if stream == STREAM:
            with pytest.raises(Corrupt):
                fresh.case(CASE)
        elif stream == "system/offices":
            with pytest.raises(Corrupt):
                fresh.offices("small")
    store._records[stream] = good
    assert worlds.engine_over(store).verify().cases == 1


@given(st.data())
def test_one_byte_changed_anywhere_is_seen(data: st.DataObject) -> None:
    store, _ = filled()
    stream = data.draw(st.sampled_from(sorted(store._records)))
    at = data.draw(st.integers(0, len(store._records[stream]) - 1))
    part = data.draw(st.sampled_from(["header", "payload", "hash"]))
    record = store._records[stream][at]
    good: bytes = getattr(record, part)
    where = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(1, 255))
    bad = good[:where] + bytes([good[where] ^ byte]) + good[where + 1 :]
    store._records[stream][at] = attrs.evolve(record, **{part: bad})
    with pytest.raises(Corrupt):
        worlds.engine_over(store).verify()


def test_a_gap_is_said_as_what_it_is() -> None:
    store, _ = filled()
    del store._records[STREAM][2]
    with pytest.raises(Corrupt, match="goes on with version 4 where 3 is due"):
        worlds.engine_over(store).case(CASE)


def test_a_tag_or_a_stream_that_was_changed_is_seen() -> None:
    store, _ = filled()
    good = store._records[STREAM][-1]
    for changed in (attrs.evolve(good, tag="item.moved"), attrs.evolve(good, stream="case/other")):
        store._records[STREAM][-1] = changed
        with pytest.raises(Corrupt):
            worlds.engine_over(store).case(CASE)


def test_the_records_of_one_case_are_not_those_of_another() -> None:
    store, engine = filled()
    other = engine.open_case("small", worlds.Matter("road-1", "Road"), by=CHAIR, basis=BASIS)
    mine = store._records[STREAM]
    store._records[f"case/{other.id}"] = [attrs.evolve(one, stream=f"case/{other.id}") for one in mine]
    with pytest.raises(Corrupt, match=other.id):
        worlds.engine_over(store).case(other.id)
    with pytest.raises(Corrupt, match=other.id):
        worlds.engine_over(store).verify()


def test_what_was_cut_off_at_the_end_is_a_chain_still() -> None:
    """The chain alone cannot show it. The index does, as long as it was not set back too."""
    store, engine = filled()
    records = store._records[STREAM]
    case, at_five = engine.case(CASE).value, len(records) - 1
    store._records[STREAM] = records[:at_five]
    assert worlds.engine_over(store).case(CASE).value.version == case.version - 1
    with pytest.raises(Corrupt, match="index"):
        worlds.engine_over(store).verify()
    store._records[STREAM] = []
    with pytest.raises(InvalidInput):
        worlds.engine_over(store).case(CASE)
    with pytest.raises(Corrupt, match="no record"):
        worlds.engine_over(store).verify()


def test_a_mandate_that_nobody_gave_is_seen() -> None:
    """A whole stream forged anew, chain and index and all, by one who cannot make the offices say it."""
    store, _ = filled()
    offices = store._records["system/offices"]
    header = offices[0].header.replace(b"order 7", b"order 8")
    forged = chain.link(chain.GENESIS, header, offices[0].payload)
    store._records["system/offices"] = [attrs.evolve(offices[0], header=header, hash=forged)]
    with pytest.raises(Corrupt, match="mandate"):
        worlds.engine_over(store).verify()


@pytest.mark.parametrize("what", ["no row", "another state", "no duty", "a duty more", "another due time"])
def test_an_index_that_does_not_say_what_the_records_say_is_seen(what: str) -> None:
    store, engine = filled()
    rows, row = store._duties[CASE], store._cases[CASE]
    key = next(iter(rows))
    if what == "another state":
        store._cases[CASE] = attrs.evolve(row, state="deciding")
    elif what == "no duty":
        del rows[key]
    elif what == "a duty more":
        rows[("", "x")] = attrs.evolve(rows[key], duty="note-77")  # type: ignore[index]
    elif what == "another due time":
        rows[key] = attrs.evolve(rows[key], due_at="2099-01-01T00:00:00.000000Z")
    else:
        del store._cases[CASE]  # what is owed in it tells; where nothing is, the feed will
    with pytest.raises(Corrupt, match="index"):
        engine.verify()


def test_verifying_while_somebody_acts_raises_no_alarm() -> None:
    store = worlds.wrapped()
    engine = worlds.constituted(worlds.engine_over(store))
    case = worlds.opened(engine)
    other = worlds.engine_over(store)
    read, left = store.read_stream, iter([True, True, False])

    def read_stream(stream: str, **more: Any) -> Any:
        found = read(stream, **more)
        if stream == f"case/{case.id}" and next(left, False):
            with_note = other.case(case.id)
            store.read_stream = read  # type: ignore[method-assign]
            worlds.noted(with_note)
            store.read_stream = read_stream  # type: ignore[method-assign]
        return found

    store.read_stream = read_stream  # type: ignore[method-assign]
    assert engine.verify().cases == 1


# On SQLite, through a raw connection that has dropped the triggers


def sqlite(path: Path) -> str:
    url = f"sqlite:///{path}"
    with worlds.constituted(worlds.engine_on(url)) as engine:
        worlds.noted(worlds.opened(engine))
    return url


def tamper(path: Path, *statements: str) -> None:
    connection = apsw.Connection(str(path))
    kept = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in kept:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for _, sql in kept:
        connection.execute(str(sql))
    connection.close()


SIX = f"stream = '{STREAM}' AND version"


@pytest.mark.parametrize(
    "statements",
    [
        [f"UPDATE records SET payload = replace(payload, 'clerk', 'other') WHERE {SIX} = 2"],
        [f"UPDATE records SET header = replace(header, 'order 7', 'order 8') WHERE {SIX} = 1"],
        [f"UPDATE records SET hash = zeroblob(32) WHERE {SIX} = 3"],
        [f"DELETE FROM records WHERE {SIX} = 2"],
        [f"DELETE FROM records WHERE {SIX} = 2", f"UPDATE records SET version = version - 1 WHERE {SIX} > 2"],
        [f"UPDATE records SET version = -2 WHERE {SIX} = 2"],
        [f"UPDATE records SET tag = 'relieved' WHERE {SIX} = 2"],
        ["UPDATE records SET payload = replace(payload, 'chair-1', 'crook-1') WHERE stream = 'system/offices'"],
    ],
)
def test_what_was_done_to_the_file_is_seen(tmp_path: Path, statements: list[str]) -> None:
    url = sqlite(tmp_path / "store.db")
    with worlds.engine_on(url) as engine:
        assert engine.verify().cases == 1
    try:
        tamper(tmp_path / "store.db", *statements)
    except apsw.ConstraintError:
        return  # the table itself refuses
    with worlds.engine_on(url) as engine, pytest.raises(Corrupt):
        engine.verify()
    with pytest.raises(StoreError), worlds.engine_on(url) as engine:
        engine.case(CASE).fire("submit", by=CLERK, basis=BASIS, urgent=False)


def test_every_pair_of_records_swapped_on_file_is_seen(tmp_path: Path) -> None:
    url = sqlite(tmp_path / "store.db")
    for one, two in itertools.pairwise(range(1, 6)):
        change = [
            f"UPDATE records SET version = 900 WHERE {SIX} = {one}",
            f"UPDATE records SET version = {one} WHERE {SIX} = {two}",
            f"UPDATE records SET version = {two} WHERE {SIX} = 900",
        ]
        tamper(tmp_path / "store.db", *change)
        with worlds.engine_on(url) as engine, pytest.raises(Corrupt):
            engine.verify()
        tamper(tmp_path / "store.db", *change)
        with worlds.engine_on(url) as engine:
            assert engine.verify().cases == 1
