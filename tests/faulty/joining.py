"""Faults of stores that join the transactions of a host (EXTERNAL_TX)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import attrs

from stabflow.errors import CommitUnknown, IdempotencyMismatch, StoreUnavailable, VersionConflict
from stabflow.ports.store import MAX_PAGE, AppendBatch, AppendResult, Claim, FeedPage, JoinedStore, StreamHead

from .hosted import Connection, Hosted, HostedCore, Joined, Transaction
from .shared import Core, DriverError

# What belongs to the transaction


class CommitsAtOnce(Hosted):
    """Appends by a connection of its own, which commits."""

    class Work(Transaction):
        def append(self, batch: AppendBatch) -> AppendResult:
            return self.core.append(batch)


class RollbackOfTheChangeAlone(Hosted):
    """Keeps what was appended when the host rolls back."""

    class Work(Transaction):
        def rollback(self) -> None:
            self.changes.clear()
            self.commit()


class ActsAlone(Hosted):
    """Rolls back what was appended, and leaves the host's change in a transaction that is still open."""

    class Within(Joined):
        def rollback(self) -> None:
            over = self.link.transaction
            super().rollback()
            if over is not None and over.changes:
                self.link.begin().changes += over.changes


class ChangeLeftOpen(Hosted):
    """Commits what was appended, and leaves the host's change in a transaction that is still open."""

    class Within(Joined):
        def commit(self) -> None:
            changes = [] if self.link.transaction is None else self.link.transaction.changes
            kept = list(changes)
            changes.clear()
            super().commit()
            if kept:
                self.link.begin().changes += kept


class CommittedByItselfAlone(Hosted):
    """Writes when it is told to commit; of the host's own commit it knows nothing."""

    class Work(Transaction):
        told = False

        def commit(self) -> None:
            if not self.told:
                self.batches.clear()
            super().commit()

    class Within(Joined):
        def commit(self) -> None:
            if isinstance(self.link.transaction, CommittedByItselfAlone.Work):
                self.link.transaction.told = True
            super().commit()


class KeyNotUndone(Hosted):
    """Keeps its keys in a place that no rollback reaches."""

    class Work(Transaction):
        def rollback(self) -> None:
            if self.own is not None:
                self.core._keys.update(self.own._keys)
            super().rollback()


class NoticesAtOnce(Hosted):
    """Puts notices into an outbox elsewhere, at once."""

    class Work(Transaction):
        def append(self, batch: AppendBatch) -> AppendResult:
            result = super().append(batch)
            if not result.replayed:
                self.core.enqueue(batch)
                self.batches[-1] = attrs.evolve(batch, outbox=())
            return result


class IndexAtOnce(Hosted):
    """Keeps its index by another connection, at once."""

    class Work(Transaction):
        def append(self, batch: AppendBatch) -> AppendResult:
            result = super().append(batch)
            if batch.index is not None and not result.replayed:
                self.core._change_index(batch.index)
            return result


class SnapshotAtOnce(Hosted):
    """Writes snapshots to a cache, at once."""

    class Work(Transaction):
        def append(self, batch: AppendBatch) -> AppendResult:
            result = super().append(batch)
            if batch.snapshot is not None and not result.replayed:
                self.core._snapshots[batch.stream] = batch.snapshot
            return result


class ReadsWhatIsCommitted(Hosted):
    """Reads by another connection."""

    class Within(Joined):
        @property
        def core(self) -> Core:
            return self.transaction().core


class KeysOfOthersAlone(Hosted):
    """Looks for keys by another connection."""

    class Within(Joined):
        def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
            return self.transaction().core.lookup(stream, key)


class HeadsOfBefore(Hosted):
    """Compares heads by another connection."""

    class Within(Joined):
        def are_heads(self, heads: Sequence[StreamHead]) -> bool:
            return self.transaction().core.are_heads(heads)


class FeedBeforeTheCommit(Hosted):
    """Has in its feed what may yet be rolled back."""

    class Within(Joined):
        def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
            return self.core.read_feed(after=after, limit=limit)


# What a refusal does


class _Broken(Transaction):
    by: type[Exception] = VersionConflict
    broken = False

    def append(self, batch: AppendBatch) -> AppendResult:
        try:
            return super().append(batch)
        except self.by:
            self.broken = True
            raise

    def commit(self) -> None:
        if self.broken:
            return self.rollback()
        return super().commit()


class ConflictBreaks(Hosted):
    """Raises a conflict in the database, which then has a failed transaction, and rolls it back at the commit without a word."""

    Work = _Broken


class MismatchBreaks(Hosted):
    """The same, for a key that was used otherwise."""

    class Work(_Broken):
        by = IdempotencyMismatch


class ConflictUndoesWhatWasBefore(Hosted):
    """Has one savepoint, from before its first append."""

    class Work(Transaction):
        def append(self, batch: AppendBatch) -> AppendResult:
            try:
                return super().append(batch)
            except VersionConflict:
                self.batches.clear()
                self.own = self.core.copied()
                raise


# Without a transaction, and beyond it


class CommitsWithoutOne(Hosted):
    """Where no transaction is open, it appends on its own."""

    class Within(Joined):
        def append(self, batch: AppendBatch) -> AppendResult:
            return super().append(batch) if self.is_open else self.link.core.append(batch)


class BeginsOne(Hosted):
    """Where no transaction is open, it begins one, as the drivers of databases do."""

    class Within(Joined):
        def transaction(self) -> Transaction:
            if not self._closed:
                self.link.begin()
            return super().transaction()


class ReadsWithoutOne(Hosted):
    """Where no transaction is open, it reads what is committed."""

    class Within(Joined):
        @property
        def core(self) -> Core:
            return super().core if self.is_open or self._closed else self.link.core


class CommitsNothing(Hosted):
    """A commit without a transaction is no error: who had lost his is not told."""

    class Within(Joined):
        def commit(self) -> None:
            self.link.commit()


class EndedIsUnavailable(Hosted):
    """Takes a transaction that the host has committed itself for one that failed."""

    class Within(Joined):
        def commit(self) -> None:
            if not self.is_open:
                raise StoreUnavailable("no transaction of the host is open: nothing was stored")
            super().commit()


class OfItsOwnAlone(Hosted):
    """Knows of a transaction only where it has begun it."""

    class Within(Joined):
        _begun = False

        @property
        def is_open(self) -> bool:
            return super().is_open and self._begun

        def begin(self) -> None:
            super().begin()
            self._begun = True


class BeginCommits(Hosted):
    """Beginning commits what is open, as some databases do."""

    class Within(Joined):
        def begin(self) -> None:
            self.link.commit()
            super().begin()


class BeginsAnew(Hosted):
    """Beginning rolls back what is open."""

    class Within(Joined):
        def begin(self) -> None:
            self.link.rollback()
            super().begin()


class CloseCommits(Hosted):
    """Commits when it is closed."""

    class Within(Joined):
        def close(self) -> None:
            super().close()
            self.link.commit()


class CloseRollsBack(Hosted):
    """Rolls back when it is closed."""

    class Within(Joined):
        def close(self) -> None:
            super().close()
            self.link.rollback()


class GoesOnWhenClosed(Hosted):
    """Can be used after it was closed."""

    class Within(Joined):
        def close(self) -> None:
            pass


class Leases(Hosted):
    """Claims and settles at once, whatever becomes of the transaction."""

    class Within(Joined):
        def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:  # type: ignore[override]
            return self.link.core.claim(owner, limit=limit, lease_for=lease_for)


class Revives(Hosted):
    """Revives at once, whatever becomes of the transaction."""

    class Within(Joined):
        def revive(self, notice: int) -> bool:  # type: ignore[override]
            return self.link.core.revive(notice)


class AnyConnection(Hosted):
    """Takes what it does not know for a sign that it should use a connection of its own."""

    def join(self, connection: object) -> JoinedStore:
        if not isinstance(connection, Connection):
            connection = Connection(self._hosted, self.Work)
        return super().join(connection)

    @property
    def _hosted(self) -> HostedCore:
        assert isinstance(self.core, HostedCore)
        return self.core


class StorageOfTheConnection(Hosted):
    """Appends to wherever the connection leads."""

    def join(self, connection: object) -> JoinedStore:
        if isinstance(connection, Connection):
            return self.Within(connection.core, connection)
        return super().join(connection)


class JoinsAgain(Hosted):
    """Can be joined out of a transaction."""

    class Within(Joined):
        def join(self, connection: object) -> JoinedStore:  # type: ignore[override]
            return type(self)(self.link.core, self.link)


class LostIsUnavailable(Hosted):
    """Takes a commit whose answer was lost for one that was refused."""

    class Within(Joined):
        def explain(self, error: DriverError) -> NoReturn:
            raise StoreUnavailable("the commit failed") from error


class RefusedIsUnknown(Hosted):
    """Knows nothing of any commit that fails."""

    class Within(Joined):
        def explain(self, error: DriverError) -> NoReturn:
            raise CommitUnknown("the commit failed") from error


class FailuresPassUnseen(Hosted):
    """Takes a commit that failed for one that was done, as where a database answers COMMIT with ROLLBACK."""

    class Within(Joined):
        def explain(self, error: DriverError) -> None:  # type: ignore[override]
            pass


class TornInTwo(Hosted):
    """Has two transactions: where the commit of the second one fails, the first one is committed."""

    class Work(Transaction):
        def fail(self) -> None:
            self.batches.clear()
            self.commit()


class TellsOfRollbacks(Hosted):
    """Tells of the end of each transaction."""

    class Within(Joined):
        def rollback(self) -> None:
            super().rollback()
            if self.tell is not None:
                self.tell()


class TellsBefore(Hosted):
    """Tells before the commit, when nobody else can see anything."""

    class Within(Joined):
        def commit(self) -> None:
            told, self.link.listeners[:] = list(self.link.listeners), []
            for tell in told:
                tell()
            super().commit()
            self.link.listeners += told


class TellsWhenClosed(Hosted):
    """Goes on telling when it is closed."""

    class Within(Joined):
        def close(self) -> None:
            self._closed = True
