"""One store copied into another: records with their keys, in their order, the index, the notices; all compared on arrival.

The places of records tell under which offices an act was done, so the order is kept. A copy that was broken off goes on: what the
target has already must be the beginning of what the source has. Snapshots are made anew, and leases are not taken along.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from .. import canonical
from ..errors import Corrupt, InvalidInput, StoreUnavailable, VersionConflict
from ..history.chain import verified
from ..ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    CaseQuery,
    DutyQuery,
    FeedPage,
    IndexChange,
    NewRecord,
    Store,
    StoredRecord,
    StreamHead,
)
from . import pages, streams
from .index_copying import compare_index, index_of
from .outbox_copying import copy_outbox
from .registry import Registry
from .verification import Verified, Verifier

_ELSEWHERE = "take a store without records, or the one to which this was being copied"


class Stage(enum.Enum):
    """What a copy is at."""

    COMPARING = "comparing"
    COPYING = "copying"
    CHECKING = "checking"
    NOTICES = "notices"
    VERIFYING = "verifying"


Progress = Callable[[Stage, int, int], None]
"""Told how many records or notices are done at a stage, of about how many in all; of `Stage.VERIFYING` its beginning alone."""


@attrs.frozen
class Copied:
    """What a copy came to: how much the target holds, of which so many records were ``added`` now. All was compared with the
    source. ``behind``: the source went on meanwhile, so that notices and `Engine.verify` have to wait for another run."""

    records: int
    added: int
    streams: int
    keys: int
    cases: int
    duties: int
    waiting: int
    dead_letters: int
    behind: bool
    verified: Verified | None


def copy_store(
    source: Store, target: Store, registry: Registry, *, outbox: bool = True, progress: Progress | None = None
) -> Copied:
    """See `Engine.copy_to`; ``registry`` is that of the target."""
    try:
        return _copied(source, target, registry, outbox, progress or (lambda *_: None))
    except VersionConflict as error:
        raise StoreUnavailable(
            f"somebody else writes to TO ({error.stream}): let another copy end, or stop what acts there, and run it again"
        ) from error


def _copied(source: Store, target: Store, registry: Registry, outbox: bool, progress: Progress) -> Copied:
    copying = _Copying(source, target, progress)
    copying.check_apart()
    copying.append_after(copying.compare(Stage.COMPARING))
    end = copying.compare(Stage.CHECKING)
    cases, duties, difference = compare_index(source, target)
    behind = copying.is_behind(end, difference)
    if difference and not behind:
        raise Corrupt(
            f"the index of case {difference!r} is not the same in both stores: verify FROM; if it is whole, keep both, and copy"
            " it into a new one"
        )
    waiting, dead, verified = 0, 0, None
    if outbox and not behind:
        waiting, dead = copy_outbox(source, target, lambda done, whole: progress(Stage.NOTICES, done, whole))
    if not behind:
        progress(Stage.VERIFYING, 0, copying.count)
        verified = Verifier(target, registry, {}).run(copying.matters())
    return Copied(
        records=copying.count,
        added=copying.added,
        streams=len(copying.streams),
        keys=copying.keys,
        cases=cases,
        duties=duties,
        waiting=waiting,
        dead_letters=dead,
        behind=behind,
        verified=verified,
    )


class _Copying:
    """A copy in the making. ``count``, ``streams`` and ``keys`` are what the last comparison went through."""

    def __init__(self, source: Store, target: Store, progress: Progress) -> None:
        self._source = source
        self._target = target
        self._progress = progress
        self._whole = sum(row.version for row in pages.cases(source, CaseQuery(limit=MAX_PAGE)))
        self.added = 0
        self.count = 0
        self.keys = 0
        self.streams: set[str] = set()

    def check_apart(self) -> None:
        """Refuse a target that is the source itself, or that has an index and no records."""
        begins, target = (store.read_feed(after=None, limit=1) for store in (self._source, self._target))
        # A storage that was restored from the other has cursors of its own.
        if begins.cursor is not None and begins.cursor == target.cursor:
            raise InvalidInput.at("TO", "is the storage that is to be copied", "name another one")
        if target.records:
            return
        if self._target.find_cases(CaseQuery(limit=1)).rows or self._target.find_duties(DutyQuery(limit=1)).rows:
            raise InvalidInput.at("TO", "has an index, and no records", _ELSEWHERE)

    def compare(self, stage: Stage) -> str | None:
        """Go through the records of the target beside those of the source; at `Stage.CHECKING` their keys are asked too. The
        cursor of the source from which on there is something that the target has not, if there is anything."""
        before, self.count, self.keys = self.count, 0, 0
        self.streams.clear()
        there = itertools.chain.from_iterable(page.records for _, page in _feed(self._target))
        end: str | None = None
        for after, page in _feed(self._source):
            for wanted in page.records:
                found = next(there, None)
                if found is None:
                    self._check_kept(before, wanted)
                    return after
                _check_same(wanted, found)
                if stage is Stage.CHECKING:
                    self._check_key(wanted)
                self.streams.add(wanted.stream)
                self.count += 1
            self._tell(stage, self.count)
            end = page.cursor
        if next(there, None) is not None:
            raise InvalidInput.at("TO", f"has more than the {self.count} records of the store to be copied", _ELSEWHERE)
        return end

    def _check_kept(self, before: int, missing: StoredRecord) -> None:
        """Where the target's feed ends at ``missing``: whether all is there that was there before, and that was added."""
        if self.count >= before + self.added:
            return
        (head,) = self._target.heads([missing.stream])
        if head.version < missing.version:
            raise Corrupt(f"TO acknowledged {before + self.added} records, and has {self.count}: look at that storage")
        raise StoreUnavailable(
            f"the feed of TO does not show version {missing.version} of {missing.stream} yet, which is there: a transaction that"
            " began earlier is still open in that database; end it, and run the copy again"
        )

    def is_behind(self, end: str | None, case_id: str) -> bool:
        """Whether the source has more than what was compared up to its cursor ``end``: its feed shows it, or a stream that was
        read goes on, or that of the case in which the indexes differ."""
        if self._source.read_feed(after=end, limit=1).records:
            return True
        names = sorted(self.streams | ({streams.case_stream(case_id)} if case_id else set()))
        parts = [names[n : n + MAX_PAGE] for n in range(0, len(names), MAX_PAGE)]
        return any(tuple(self._source.heads(part)) != tuple(self._target.heads(part)) for part in parts)

    def _check_key(self, record: StoredRecord) -> None:
        """`Corrupt` unless both stores answer alike with what was done under the key of a record, if that was the first of it."""
        key = _key_of(record)
        if key is None:
            return
        wanted, found = (store.lookup(record.stream, key) for store in (self._source, self._target))
        if wanted is None or wanted != found:
            raise Corrupt(
                f"{record.stream} version {record.version}: the stores answer otherwise with what was done under its key"
            )
        self.keys += wanted[1].first_version == record.version

    # Copying

    def append_after(self, cursor: str | None) -> None:
        """Append to the target what the source has from ``cursor`` on, and the target has not."""
        begun = self.count
        while (page := self._source.read_feed(after=cursor, limit=MAX_PAGE)).records:
            cursor = page.cursor
            names = list(dict.fromkeys(record.stream for record in page.records))
            there = {head.stream: head for head in self._target.heads(names)}
            ends = {head.stream: head.version for head in self._source.heads(names)}
            for records in list(self._together(page.records, there)):
                there[records[0].stream] = self._append(records, there[records[0].stream], ends)
                self._tell(Stage.COPYING, begun + self.added)

    def _together(
        self, records: Sequence[StoredRecord], there: Mapping[str, StreamHead]
    ) -> Iterator[Sequence[StoredRecord]]:
        """What is new among ``records``, as it is to be appended: what was done under one key is one append, as it was."""
        fresh = [record for record in records if record.version > there[record.stream].version]
        for (stream, key), together in itertools.groupby(fresh, key=lambda record: (record.stream, _key_of(record))):
            run = list(together)
            while key is not None and run:
                length = self._result(run[0], key).last_version - run[0].version + 1
                if length > len(run):  # it goes on behind the page
                    run = list(itertools.islice(_stored(self._source, stream, run[0].version - 1), length))
                yield run[:length]
                run = run[length:]
            if run:
                yield run

    def _result(self, record: StoredRecord, key: str) -> AppendResult:
        """What the source keeps under ``key``, which must begin with ``record``."""
        found = self._source.lookup(record.stream, key)
        if found is None or found[1].first_version != record.version:
            raise Corrupt(f"{record.stream} version {record.version} is not what the source keeps under its key")
        return found[1]

    def _append(self, records: Sequence[StoredRecord], head: StreamHead, ends: Mapping[str, int]) -> StreamHead:
        """Append ``records`` behind ``head``; with the last of a case comes all that the index has of it."""
        stream, first, last = head.stream, records[0], records[-1]
        for _ in verified(records, version=head.version, head=head.hash.hex()):
            pass
        key = _key_of(first)
        kept = None if key is None else self._source.lookup(stream, key)
        result = self._target.append(
            AppendBatch(
                stream=stream,
                expected_version=head.version,
                records=tuple([NewRecord(one.tag, one.header, one.payload, one.hash) for one in records]),
                index=self._index(stream, last.version) if last.version == ends.get(stream) else None,
                key=key,
                digest=None if kept is None else kept[0],
            )
        )
        if (result.first_version, result.last_version) != (first.version, last.version):
            raise Corrupt(f"TO answers {result} to versions {first.version} to {last.version} of {stream}")
        self.added += len(records)
        return StreamHead(stream, last.version, last.hash)

    def _index(self, stream: str, version: int) -> IndexChange | None:
        case_id = streams.case_of(stream)
        return None if case_id is None else index_of(self._source, self._target, case_id, version)

    def matters(self) -> list[str]:
        """The keys of the matters that have streams."""
        return [key for key in map(streams.matter_of, sorted(self.streams)) if key is not None]

    def _tell(self, stage: Stage, count: int) -> None:
        self._progress(stage, count, max(self._whole, count))


def _feed(store: Store) -> Iterator[tuple[str | None, FeedPage]]:
    """The pages of the feed that have records, each with the cursor that it comes after."""
    after: str | None = None
    while (page := store.read_feed(after=after, limit=MAX_PAGE)).records:
        yield after, page
        after = page.cursor


def _stored(store: Store, stream: str, after: int) -> Iterator[StoredRecord]:
    """The records of ``stream`` after a version, as they are stored."""
    while page := store.read_stream(stream, after=after, limit=MAX_PAGE):
        yield from page
        after = page[-1].version


def _key_of(record: StoredRecord) -> str | None:
    """The key under which a record was appended, which its header tells."""
    try:
        header = canonical.decode(record.header)
    except ValueError as error:
        raise Corrupt(f"{record.stream} version {record.version} has a header that is none: {error}") from error
    key = header.get("key") if isinstance(header, dict) else None
    return key if isinstance(key, str) else None


def _check_same(wanted: StoredRecord, found: StoredRecord) -> None:
    """Refuse a target that has another record than the source in the same place."""
    if attrs.evolve(found, position=wanted.position) != wanted:
        there, here = (f"version {one.version} of {one.stream}" for one in (found, wanted))
        instead = f"another {there} than FROM" if there == here else f"{there} where FROM has {here}"
        raise InvalidInput.at("TO", f"has records of its own already: {instead}", _ELSEWHERE)
