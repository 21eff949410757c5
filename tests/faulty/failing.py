"""Faults in what is made of a driver's error, seen where the harness can plant one (C2, C5)."""

from __future__ import annotations

import attrs

from stabflow.errors import CommitUnknown, StoreUnavailable
from stabflow.ports.store import AppendBatch, AppendResult

from .shared import DriverError, Handle


class SwallowedDriverError(Handle):
    """``except DriverError: pass``."""

    def failed(self, batch: AppendBatch, error: DriverError) -> AppendResult:
        return AppendResult(batch.expected_version + 1, batch.expected_version + len(batch.records))


class UnavailableForUnknown(Handle):
    """Says "nothing was committed" of everything that went wrong."""

    def failed(self, batch: AppendBatch, error: DriverError) -> AppendResult:
        raise StoreUnavailable("the database failed; try again") from error


class UnknownForCertain(Handle):
    """Says "ask again" of everything that went wrong."""

    def failed(self, batch: AppendBatch, error: DriverError) -> AppendResult:
        raise CommitUnknown("the database failed; ask again with the same key") from error


class DriverErrorAsItIs(Handle):
    """Lets the driver's own error through, which nobody above knows."""

    def failed(self, batch: AppendBatch, error: DriverError) -> AppendResult:
        raise error


class DriverErrorNotChained(Handle):
    """Hides what the driver said."""

    def failed(self, batch: AppendBatch, error: DriverError) -> AppendResult:
        kind = CommitUnknown if error.kind == "lost" else StoreUnavailable
        raise kind("the database failed") from None


class TornBatch(Handle):
    """Writes record after record, each committed on its own, and stops where it fails."""

    def failed(self, batch: AppendBatch, error: DriverError) -> AppendResult:
        if error.kind == "torn" and batch.records:
            half = batch.records[: len(batch.records) // 2 or 1]
            self.core.append(
                attrs.evolve(batch, records=half, index=None, outbox=(), snapshot=None, key=None, digest=None)
            )
        return super().failed(batch, error)


class KeptUntilTheNextCommit(Handle):
    """Does not roll back: what failed is committed together with the next act."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._pending: AppendBatch | None = None

    def append(self, batch: AppendBatch) -> AppendResult:
        if self._pending is not None:
            pending, self._pending = self._pending, None
            if pending != batch:
                self.core.append(pending)
        return super().append(batch)

    def failed(self, batch: AppendBatch, error: DriverError) -> AppendResult:
        if error.kind != "lost":
            self._pending = batch
        return super().failed(batch, error)


class LostIsDoneAgain(Handle):
    """Tries once more by itself, without the key, when the answer did not arrive."""

    def failed(self, batch: AppendBatch, error: DriverError) -> AppendResult:
        if error.kind != "lost":
            return super().failed(batch, error)
        (there,) = self.core.heads([batch.stream])
        return self.core.append(
            attrs.evolve(batch, expected_version=there.version, key=None, digest=None, relies_on=())
        )
