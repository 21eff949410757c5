"""Tampering: whatever is changed behind the engine's back, `verify` says of it; and nothing is changed that was not asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import worlds
from crash.acts import holdings
from worlds import BASIS, BRIDGE, CLERK, NOTE, FakeClock

from stabflow import Engine
from stabflow.errors import Corrupt
from stabflow.history.snapshots import case_of
from stabflow.ports.store import Store
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite import SqliteStore
from stabflow.testing import FaultyStore, Tampering, engine_over, tamper
from stabflow.testing.stores.material import act, batch, content, read_all

CASE = "small-bridge-1-1"
STREAM = f"case/{CASE}"
LAST = 6


@pytest.fixture(params=["memory", pytest.param("sqlite", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store with a case."""
    made = MemoryStore() if request.param == "memory" else SqliteStore.open(tmp_path / "store.db")
    written(engine_on(made))
    yield made
    made.close()


def written(engine: Engine) -> None:
    """A case whose last act was done under a key."""
    worlds.constituted(engine)
    case = worlds.opened(engine, BRIDGE)
    worlds.noted(case)
    assert case.add("note", by=CLERK, basis=BASIS, key="k", **NOTE) == "note-2"
    assert case.value.version == LAST


def engine_on(store: Store) -> Engine:
    return engine_over(store, clock=FakeClock(), procedures=[worlds.small()])


Edit = Callable[[Tampering], None]

EDITS: dict[str, tuple[Edit, str]] = {
    "a body": (lambda t: t.payload(STREAM, 4, "书面", "口头"), f"{STREAM} version 4"),
    "a header": (lambda t: t.header(STREAM, 4, "order 7", "order 8"), f"{STREAM} version 4"),
    "another actor in a header": (lambda t: t.header(STREAM, LAST, "clerk-1", "chair-1"), f"{STREAM} version {LAST}"),
    "an office": (lambda t: t.payload("system/offices", 1, "chair-1", "nobody-1"), "system/offices version 1"),
    "a procedure": (lambda t: t.payload("procedure/small@1", 1, "5 working days", "9 working days"), "procedure/small@1"),
    "the first record removed": (lambda t: t.remove(STREAM, 1), STREAM),
    "a record removed": (lambda t: t.remove(STREAM, 4), STREAM),
    "the last record removed": (lambda t: t.remove(STREAM, LAST), CASE),
    "an end cut off": (lambda t: t.cut(STREAM, 3), CASE),
    "everything cut off": (lambda t: t.cut(STREAM, 1), CASE),
    "two records swapped": (lambda t: t.swap(STREAM, 4, 5), STREAM),
    "a column of the index": (lambda t: t.case_row(CASE, state="settled"), f"index row of case '{CASE}'"),
    "the version in the index": (lambda t: t.case_row(CASE, version=5), CASE),
    "a row of the index removed": (lambda t: t.case_row(CASE), "no row in the index"),
    "a duty put off": (
        lambda t: t.duty_rows(CASE, due_at="2030-01-01T00:00:00.000000Z"), f"duties of case '{CASE}' in the index",
    ),
    "a duty shifted to another": (lambda t: t.duty_rows(CASE, "note-2", actor="nobody-1"), f"duties of case '{CASE}'"),
    "a duty dropped": (lambda t: t.duty_rows(CASE, "note-2"), f"duties of case '{CASE}' in the index"),
    "a key removed": (lambda t: t.key(STREAM, "k"), f"version {LAST} and what the store keeps under its key"),
    "a key that answers otherwise": (lambda t: t.key(STREAM, "k", (5, 5)), f"version {LAST} and what the store keeps"),
    "a key that begins too early": (lambda t: t.key(STREAM, "k", (5, LAST)), f"version {LAST} and what the store keeps"),
    "a key that ends too late": (lambda t: t.key(STREAM, "k", (LAST, LAST + 1)), f"version {LAST} and what the store"),
    "a snapshot": (lambda t: t.snapshot(CASE, "书面", "口头"), f"snapshot of case '{CASE}' at version {LAST}"),
}  # fmt: skip


@pytest.mark.parametrize("what", EDITS)
def test_whatever_is_changed_is_found(what: str, store: Store) -> None:
    edit, said = EDITS[what]
    engine = engine_on(store)
    assert engine.verify().cases == 1
    with tamper(store) as tampering:
        edit(tampering)
    for one in (engine, engine_on(store)):
        with pytest.raises(Corrupt, match=said):
            one.verify()


def test_a_forged_snapshot_is_read_as_a_true_one(store: Store) -> None:
    """Else it would not be a forgery that anybody has to find."""
    with tamper(store) as tampering:
        tampering.snapshot(CASE, "书面", "口头")
    taken = store.get_snapshot(STREAM)
    assert taken is not None
    case = case_of(taken)
    assert case is not None
    assert case.items["note-1"].fields["words"] == "口头"


@pytest.mark.slow
def test_the_guards_stand_again_and_the_rest_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore.open(path)
    for number in range(6):
        store.append(act(number, store.capabilities))
    before = holdings(store, range(6))
    stream = act(0).stream
    with tamper(f"sqlite:///{path}") as tampering:
        tampering.payload(stream, 1, "act 0", "act 9")
    changed = content(read_all(store, stream))
    with tamper(store) as tampering:
        tampering.swap(stream, 1, 2)
        tampering.swap(stream, 1, 2)
        assert content(read_all(store, stream)) == changed
        tampering.payload(stream, 1, "act 9", "act 0")
    store.close()
    again = SqliteStore.open(path)  # which looks whether its triggers are as it made them
    assert holdings(again, range(6)) == before
    assert again.append(act(6, again.capabilities)).first_version == act(6).expected_version + 1
    again.close()


def test_in_a_faulty_store_what_is_inside_is_changed() -> None:
    inner = MemoryStore()
    inner.append(batch())
    with tamper(FaultyStore(FaultyStore(inner))) as tampering:
        tampering.payload("case/bridge-1", 1, "bridge", "tunnel")
    assert inner.read_stream("case/bridge-1")[0].payload == b"case/tunnel-1 1"


NOTHING: dict[str, tuple[Edit, str]] = {
    "no such text": (lambda t: t.payload(STREAM, 4, "absent", "x"), "there is no 'absent'"),
    "the same text": (lambda t: t.payload(STREAM, 4, "书面", "书面"), "to be made '书面'"),
    "no such record": (lambda t: t.remove(STREAM, 9), "no record of version 9; it has 6"),
    "no such stream": (lambda t: t.header("case/none", 1, "a", "b"), "no record of version 1; it has 0"),
    "no such case": (lambda t: t.case_row("none", state="x"), "no case 'none'"),
    "no such duty": (lambda t: t.duty_rows(CASE, "note-9"), "no duty 'note-9'"),
    "the same row": (lambda t: t.case_row(CASE, state="drafting"), "no changes"),
    "no such key": (lambda t: t.key(STREAM, "none"), "no key 'none'"),
    "no case to take a snapshot of": (lambda t: t.snapshot("none", "a", "b"), "no record"),
}


@pytest.mark.parametrize("what", NOTHING)
def test_a_change_that_changes_nothing_is_refused(what: str, store: Store) -> None:
    edit, said = NOTHING[what]
    with tamper(store) as tampering, pytest.raises(ValueError, match=said):
        edit(tampering)
    assert engine_on(store).verify().cases == 1


def test_a_store_that_is_not_known_is_refused() -> None:
    class Other(MemoryStore):
        pass

    tamper(Other())
    with pytest.raises(TypeError, match="derive a class from Tampering"):
        tamper(object())  # type: ignore[arg-type]
