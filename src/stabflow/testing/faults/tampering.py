"""What somebody with access to the storage could change behind the engine's back, so that a test sees it found."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ...canonical import sha256
from ...case import Case
from ...decision.evolution import evolve
from ...engine import streams
from ...history.snapshots import encode
from ...ports.store import MAX_PAGE, AppendResult, CaseQuery, CaseRow, DutyQuery, DutyRow, Snapshot, Store, StoredRecord
from ...ports.store_rules import duty_key
from ...stores.memory import MemoryStore
from .faulty_store import FaultyStore

if TYPE_CHECKING:
    from typing import Self


class Tampering(abc.ABC):
    """Changes to what is stored, past every guard. Each says what it needs and cannot find by `ValueError`, so that no test
    passes because nothing was changed. What ``Engine.verify`` says of them is for the test to look at.

    `tamper` makes one. For a store of your own, derive from it and give the five methods whose names begin with ``put``.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def payload(self, stream: str, version: int, find: str, put: str) -> None:
        """In the body of a record, write ``put`` instead of ``find``, everywhere."""
        self._change(stream, version, lambda one: attrs.evolve(one, payload=_edited(one.payload, find, put)))

    def header(self, stream: str, version: int, find: str, put: str) -> None:
        """In the header of a record (who, when, in which role, on what basis), write ``put`` instead of ``find``."""
        self._change(stream, version, lambda one: attrs.evolve(one, header=_edited(one.header, find, put)))

    def remove(self, stream: str, version: int) -> None:
        """Take one record out; those behind it keep their versions."""
        records = self._records(stream, version)
        self.put_records(stream, [one for one in records if one.version != version])

    def cut(self, stream: str, version: int) -> None:
        """Take out a record and all behind it, as if they had not been written yet."""
        records = self._records(stream, version)
        self.put_records(stream, [one for one in records if one.version < version])

    def swap(self, stream: str, one: int, other: int) -> None:
        """Let two records change places."""
        records = {record.version: record for record in self._records(stream, one, other)}
        for here, there in ((one, other), (other, one)):
            at = attrs.evolve(self._record(stream, there), version=here, position=self._record(stream, here).position)
            records[here] = at
        self.put_records(stream, list(records.values()))

    def case_row(self, case_id: str, **changes: str | int) -> None:
        """Change columns of the index row of a case; without ``changes`` the row goes."""
        row = self._case_row(case_id)
        self.put_case(case_id, _changed(row, changes) if changes else None)

    def duty_rows(self, case_id: str, duty: str = "case", **changes: str | int | bool) -> None:
        """Change columns of the index rows of a duty of a case (``case`` or the id of an item); without ``changes`` they go."""
        rows = self._duty_rows(case_id)
        if not any(row.duty == duty for row in rows):
            raise ValueError(
                f"case {case_id!r} has no duty {duty!r} in the index: {', '.join(row.duty for row in rows)}"
            )
        kept = [row for row in rows if row.duty != duty]
        self.put_duties(case_id, kept + [_changed(row, changes) for row in rows if row.duty == duty and changes])

    def key(self, stream: str, key: str, versions: tuple[int, int] | None = None) -> None:
        """Let an idempotency key answer with other ``versions``, first and last; without them it is forgotten."""
        found = self._store.lookup(stream, key)
        if found is None:
            raise ValueError(f"{stream} has no key {key!r}")
        self.put_key(stream, key, None if versions is None else (found[0], AppendResult(*versions)))

    def snapshot(self, case_id: str, find: str, put: str) -> None:
        """Give a case a snapshot, sealed as ours are, of what its records give, but with ``put`` instead of ``find``."""
        stream = streams.case_stream(case_id)
        case: Case | None = None
        for record in streams.read(self._store, stream):
            case = evolve(case, record.event, record.stamp)
        if case is None:
            raise ValueError(f"{stream} has no record")
        first, _, body = encode(case).partition(b"\n")
        forged = _edited(body, find, put)
        seal = sha256(forged).encode("ascii")
        self.put_snapshot(Snapshot(stream, case.version, first[: -len(seal)] + seal + b"\n" + forged))

    # What a kind of storage needs

    @abc.abstractmethod
    def put_records(self, stream: str, records: Sequence[StoredRecord]) -> None:
        """Let the stream have these records and no others, at the positions that they name."""

    @abc.abstractmethod
    def put_case(self, case_id: str, row: CaseRow | None) -> None:
        """Let the index have this row of the case, or none."""

    @abc.abstractmethod
    def put_duties(self, case_id: str, rows: Sequence[DutyRow]) -> None:
        """Let the index have these duty rows of the case and no others."""

    @abc.abstractmethod
    def put_key(self, stream: str, key: str, kept: tuple[str, AppendResult] | None) -> None:
        """Let this digest and result stand under the key, or nothing."""

    @abc.abstractmethod
    def put_snapshot(self, snapshot: Snapshot) -> None:
        """Let this be the stream's snapshot."""

    def close(self) -> None:  # noqa: B027 - optional
        """Let go of what was opened for this alone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Finding

    def _change(self, stream: str, version: int, edit: Any) -> None:
        records = self._records(stream, version)
        self.put_records(stream, [edit(one) if one.version == version else one for one in records])

    def _records(self, stream: str, *wanted: int) -> list[StoredRecord]:
        found: list[StoredRecord] = []
        while page := self._store.read_stream(stream, after=found[-1].version if found else 0, limit=MAX_PAGE):
            found += page
        there = {one.version for one in found}
        if not there.issuperset(wanted):
            missing = ", ".join(str(one) for one in wanted if one not in there)
            raise ValueError(f"{stream} has no record of version {missing}; it has {len(there)}")
        return found

    def _record(self, stream: str, version: int) -> StoredRecord:
        return next(one for one in self._records(stream, version) if one.version == version)

    def _case_row(self, case_id: str) -> CaseRow:
        query = CaseQuery(limit=MAX_PAGE)
        while True:
            page = self._store.find_cases(query)
            for row in page.rows:
                if row.case_id == case_id:
                    return row
            if page.next is None:
                raise ValueError(f"the index has no case {case_id!r}")
            query = attrs.evolve(query, after=page.next)

    def _duty_rows(self, case_id: str) -> list[DutyRow]:
        query = DutyQuery(case_id=case_id, limit=MAX_PAGE)
        rows: list[DutyRow] = []
        while True:
            page = self._store.find_duties(query)
            rows += page.rows
            if page.next is None:
                return rows
            query = attrs.evolve(query, after=page.next)


class _MemoryTampering(Tampering):
    """In the store in memory."""

    _store: MemoryStore

    def put_records(self, stream: str, records: Sequence[StoredRecord]) -> None:
        store = self._store
        with store._lock:
            others = [one for one in store._feed if one.stream != stream]
            store._feed = sorted([*others, *records], key=lambda one: one.position)
            store._records[stream] = sorted(records, key=lambda one: one.version)

    def put_case(self, case_id: str, row: CaseRow | None) -> None:
        with self._store._lock:
            self._store._cases.pop(case_id, None)
            if row is not None:
                self._store._cases[row.case_id] = row

    def put_duties(self, case_id: str, rows: Sequence[DutyRow]) -> None:
        with self._store._lock:
            self._store._duties[case_id] = {("", *duty_key(row)[1:]): row for row in rows}

    def put_key(self, stream: str, key: str, kept: tuple[str, AppendResult] | None) -> None:
        with self._store._lock:
            self._store._keys.pop((stream, key), None)
            if kept is not None:
                self._store._keys[stream, key] = kept

    def put_snapshot(self, snapshot: Snapshot) -> None:
        with self._store._lock:
            self._store._snapshots[snapshot.stream] = snapshot


def tamper(store: Store | str) -> Tampering:
    """Changes behind the back of ``store``: one in memory, one in a SQLite file, or the URL of a SQLite file; of a `FaultyStore`
    the one inside. It is a context, which lets go of the file in the end.

    Raises `TypeError` for a store of another kind: derive from `Tampering` for it.
    """
    while isinstance(store, FaultyStore):
        store = store.inner
    if isinstance(store, MemoryStore):
        return _MemoryTampering(store)
    from ...stores.sqlite import SqliteStore
    from .sqlite_tampering import SqliteTampering

    if isinstance(store, str):
        return SqliteTampering(SqliteStore.from_url(store), closing=True)
    if isinstance(store, SqliteStore):
        return SqliteTampering(store)
    raise TypeError(
        f"how {type(store).__name__} keeps its rows is not known here: derive a class from Tampering for it"
    )


def _edited(text: bytes, find: str, put: str) -> bytes:
    if not find or find == put or find.encode() not in text:
        raise ValueError(f"there is no {find!r} to be made {put!r} in {text[:500].decode(errors='replace')}")
    return text.replace(find.encode(), put.encode())


def _changed(row: Any, changes: dict[str, Any]) -> Any:
    changed = attrs.evolve(row, **changes)
    if changed == row:
        raise ValueError(f"these are no changes of {row}: {changes}")
    return changed
