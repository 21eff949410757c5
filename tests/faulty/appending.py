"""Faults in what an append refuses, repeats and writes (C1, C2, C3), each seen by one handle used in order."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from stabflow.errors import IdempotencyMismatch, VersionConflict
from stabflow.ports.store import AppendBatch, AppendResult, StreamHead

from .shared import Core

# C1 Concurrency


class NoVersionCheck(Core):
    """Appends to wherever the stream is."""

    def append(self, batch: AppendBatch) -> AppendResult:
        return super().append(attrs.evolve(batch, expected_version=self.version(batch.stream)))


class OnlyOlderIsAConflict(Core):
    """Compares by <: who expects a later version than there is, is let through."""

    def append(self, batch: AppendBatch) -> AppendResult:
        expected = min(batch.expected_version, self.version(batch.stream))
        return super().append(attrs.evolve(batch, expected_version=expected))


class MinusOneIsAnyVersion(Core):
    """Has the "any version" that other event stores have."""

    def append(self, batch: AppendBatch) -> AppendResult:
        if batch.expected_version == -1:
            batch = attrs.evolve(batch, expected_version=self.version(batch.stream))
        return super().append(batch)


class ConflictTellsWhatWasExpected(Core):
    """Reports the expected version as the actual one, so that nobody learns where the stream is."""

    def append(self, batch: AppendBatch) -> AppendResult:
        try:
            return super().append(batch)
        except VersionConflict as conflict:
            raise VersionConflict(conflict.stream, conflict.expected, conflict.expected) from conflict


class ReliesOnIgnored(Core):
    """Written before there was ``relies_on``."""

    def append(self, batch: AppendBatch) -> AppendResult:
        return super().append(attrs.evolve(batch, relies_on=()))


class ReliesOnVersionsAlone(Core):
    """Compares the versions of the streams relied on, not their hashes."""

    def append(self, batch: AppendBatch) -> AppendResult:
        there = self.heads([head.stream for head in batch.relies_on])
        relied = tuple(
            now if now.version == head.version else head for now, head in zip(there, batch.relies_on, strict=True)
        )
        return super().append(attrs.evolve(batch, relies_on=relied))


class HeadsByVersionAlone(Core):
    """Its own, quicker `are_heads` forgot the hashes."""

    def are_heads(self, heads: Sequence[StreamHead]) -> bool:
        return all(self.version(head.stream) == head.version for head in heads)


# C2 Atomicity


class ConflictKeepsNotices(Core):
    """Puts the notices into the outbox first, and does not take them out when the append is refused."""

    def append(self, batch: AppendBatch) -> AppendResult:
        try:
            return super().append(batch)
        except VersionConflict:
            self.enqueue(batch)
            raise


class ConflictKeepsIndex(Core):
    """Updates the case's row first, and does not take that back when the append is refused."""

    def append(self, batch: AppendBatch) -> AppendResult:
        try:
            return super().append(batch)
        except VersionConflict:
            if batch.index is not None:
                with self._held():
                    self._change_index(batch.index)
            raise


# C3 Idempotency


class LateKeyLookup(Core):
    """Compares the version first, so that a retry whose first try was written gets a conflict."""

    def append(self, batch: AppendBatch) -> AppendResult:
        actual = self.version(batch.stream)
        if actual != batch.expected_version:
            raise VersionConflict(batch.stream, batch.expected_version, actual)
        return super().append(batch)


class OtherDigestAccepted(Core):
    """Takes the key for the act."""

    def append(self, batch: AppendBatch) -> AppendResult:
        try:
            return super().append(batch)
        except IdempotencyMismatch as mismatch:
            found = self.lookup(batch.stream, mismatch.key)
            assert found is not None
            return found[1]


class KeysOfAllStreams(Core):
    """One table of keys, without the stream."""

    def append(self, batch: AppendBatch) -> AppendResult:
        if batch.key is not None and (known := self.lookup("", batch.key)) is not None:
            if known[0] != batch.digest:
                raise IdempotencyMismatch(batch.stream, batch.key)
            return known[1]
        result = super().append(batch)
        if batch.key is not None and batch.digest is not None:
            with self._held():
                self._keys["", batch.key] = (batch.digest, result)
        return result

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        return super().lookup("", key)


class ReplayNotReported(Core):
    """Gives the first result as it was, so that what follows an act is done twice."""

    def append(self, batch: AppendBatch) -> AppendResult:
        return attrs.evolve(super().append(batch), replayed=False)


class ReplayTellsTheHead(Core):
    """Does not keep the versions with the key, but tells where the stream is now."""

    def append(self, batch: AppendBatch) -> AppendResult:
        result = super().append(batch)
        if not result.replayed:
            return result
        head = self.version(batch.stream)
        return AppendResult(head - len(batch.records) + 1, head, replayed=True)


class ReplayRepeatsNotices(Core):
    """Recognises the records by the key, and puts the notices into the outbox once more."""

    def append(self, batch: AppendBatch) -> AppendResult:
        result = super().append(batch)
        if result.replayed:
            self.enqueue(batch)
        return result


class RefusedUsesUpKey(Core):
    """Writes the key before the version is compared, and leaves it there."""

    def append(self, batch: AppendBatch) -> AppendResult:
        try:
            return super().append(batch)
        except VersionConflict:
            if batch.key is not None and batch.digest is not None:
                first, last = batch.expected_version + 1, batch.expected_version + len(batch.records)
                with self._held():
                    self._keys[batch.stream, batch.key] = (batch.digest, AppendResult(first, last))
            raise


class OnlyNewestKeyKept(Core):
    """Keeps the key in the row of the stream, where the next one takes its place."""

    def append(self, batch: AppendBatch) -> AppendResult:
        result = super().append(batch)
        if batch.key is not None and not result.replayed:
            with self._held():
                for stream, key in list(self._keys):
                    if stream == batch.stream and key != batch.key:
                        del self._keys[stream, key]
        return result


class NoKeyWithoutRecords(Core):
    """Keeps the key in the rows of the records, so that a batch of notices alone has none."""

    def append(self, batch: AppendBatch) -> AppendResult:
        result = super().append(batch)
        if batch.key is not None and not batch.records:
            with self._held():
                del self._keys[batch.stream, batch.key]
        return result
