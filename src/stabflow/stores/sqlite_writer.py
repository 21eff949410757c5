"""The one connection of a handle that writes: transactions one after the other, and what a failed one means.

Threads that append while another is waiting for the disk are served together: the next of them writes all their batches in one
transaction, each behind a savepoint, so that what is refused is refused alone, and one wait for the disk serves them all.

An append reads nothing first: the primary key of the keys and the triggers of the records refuse what must not be written, and
only then is the reason looked up (see `sqlite_schema`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

import apsw
import attrs

from ..errors import IdempotencyMismatch, StoreError, VersionConflict
from ..ports.store import AppendBatch, AppendResult
from . import sqlite_rows, sqlite_schema
from .sqlite_file import DatabaseFile, discard

T = TypeVar("T")

MOST_AT_ONCE = 64
"""So many batches at most are written in one transaction."""


@attrs.define(eq=False)
class _Act:
    """A batch to be written and what became of it. Whoever waits for that, waits at the ``gate``."""

    batch: AppendBatch
    outcome: AppendResult | BaseException | None = None
    gate: threading.Lock | None = None

    def settled(self) -> AppendResult:
        """The result, or the refusal raised."""
        if isinstance(self.outcome, AppendResult):
            return self.outcome
        assert self.outcome is not None
        raise self.outcome

    def wake(self) -> None:
        if self.gate is not None:
            self.gate.release()


class Writer:
    """What writes to ``file``; ``now`` tells from when on a notice appended at this moment may be claimed, and ``check_open``
    raises when the handle was closed."""

    def __init__(self, file: DatabaseFile, now: Callable[[], int], check_open: Callable[[], None]) -> None:
        self.cursor: apsw.Cursor | None = None
        self.lock = threading.Lock()
        self._file = file
        self._now = now
        self._check_open = check_open
        self._door = threading.Lock()
        self._leader: _Act | None = None
        self._waiting: deque[_Act] = deque()
        # Whether everything this handle can see is on disk, and not only in the system's memory.
        self.settled = False
        # Whether a commit failed, and what it left in the log could still come back after a crash.
        self.in_doubt = False

    # Appending

    def append(self, batch: AppendBatch) -> AppendResult:
        """Write the batch, alone or with those of other threads, and return when it is on disk."""
        act = _Act(batch)
        try:
            with self._door:
                if self._leader is None:
                    self._leader = act
                else:
                    act.gate = threading.Lock()
                    act.gate.acquire()
                    self._waiting.append(act)
            while self._leader is not act and act.outcome is None:
                assert act.gate is not None
                act.gate.acquire()
            if self._leader is act:
                with self.lock:
                    self._lead(act)
            return act.settled()
        finally:
            self._leave(act)

    def _leave(self, act: _Act) -> None:
        """Let the next one lead; who was interrupted while waiting is not waited for any more."""
        with self._door:
            if self._leader is act:
                self._leader = self._waiting.popleft() if self._waiting else None
                if self._leader is not None:
                    self._leader.wake()
            elif act.outcome is None and act in self._waiting:
                self._waiting.remove(act)

    def _lead(self, act: _Act) -> None:
        """Write the batch, and those that wait."""
        with self._door:
            group = [act, *(self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE - 1)))]
        try:
            if self.in_doubt:
                self._settle()
            cursor = self.existing()
            for one in group if cursor is None else ():
                self._first(one)
                if one.outcome is None or isinstance(one.outcome, AppendResult):  # now there is a file
                    break
            rest = [one for one in group if one.outcome is None]
            if rest:
                self._together(cursor or self.existing() or self._connect(), rest)
        except BaseException as error:
            for one in group:
                if one.outcome is None:
                    one.outcome = _same(error) if isinstance(error, StoreError) else self._interrupted(error)
            if not isinstance(error, StoreError):
                raise
        finally:
            for one in group[1:]:
                one.wake()

    def _first(self, act: _Act) -> None:
        """Make the file with the batch in it, or refuse the batch; neither where others have made it meanwhile."""
        batch = act.batch
        if batch.expected_version:
            act.outcome = VersionConflict(batch.stream, batch.expected_version, 0)
            return
        for head in batch.relies_on:
            if head.version or head.hash:
                act.outcome = VersionConflict(head.stream, head.version, 0)
                return
        try:
            if self._file.create(lambda cursor: sqlite_rows.write(cursor, batch, self._now())):
                act.outcome = _written(batch)
        except Exception as error:  # noqa: BLE001 - it is told to whom it concerns
            act.outcome = error

    def _together(self, cursor: apsw.Cursor, group: Sequence[_Act]) -> None:
        outcomes: list[AppendResult | Exception] = []
        try:
            cursor.execute("BEGIN IMMEDIATE")
            if len(group) == 1:
                outcomes.append(self._write(cursor, group[0].batch))
            else:
                outcomes.extend(self._apart(cursor, one.batch) for one in group)
        except BaseException as error:
            failure = self._failure(error)
            self.roll_back()
            if failure is not None:
                raise failure from error
            if len(group) == 1 and isinstance(error, Exception):
                group[0].outcome = error
                return
            raise
        written = [one for one in outcomes if isinstance(one, AppendResult)]
        if not written or (self.settled and all(one.replayed for one in written)):
            self.roll_back()
        else:
            self._commit_for(group, outcomes)
        for one, outcome in zip(group, outcomes, strict=True):
            if one.outcome is None:
                one.outcome = outcome

    def _commit_for(self, group: Sequence[_Act], outcomes: Sequence[AppendResult | Exception]) -> None:
        """Commit what a group wrote; if that fails, say to each what it means for what it asked for."""
        try:
            self._commit()
        except (apsw.BusyError, apsw.FullError) as error:
            for one, outcome in zip(group, outcomes, strict=True):
                there = isinstance(outcome, AppendResult) and outcome.replayed
                one.outcome = _because(error, self._file.unknown(error) if there else self._file.failure(error, None))
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody can say what became of the commit
            for one, outcome in zip(group, outcomes, strict=True):
                # A refusal may have been for what another of the group wrote: of that, too, nobody knows.
                known = isinstance(outcome, Exception)
                one.outcome = _because(error, self._file.nothing(error) if known else self._file.unknown(error))
        except BaseException as error:
            for one in group[1:]:
                one.outcome = _because(error, self._file.unknown(error))
            raise

    def _apart(self, cursor: apsw.Cursor, batch: AppendBatch) -> AppendResult | Exception:
        """Write one batch of several, so that what is refused leaves the others as they are."""
        cursor.execute("SAVEPOINT act")
        try:
            return self._write(cursor, batch)
        except Exception as error:
            if not cursor.connection.in_transaction:  # with it everything went that was written before
                raise
            failure = self._failure(error)
            cursor.execute("ROLLBACK TO act")
            return error if failure is None else _because(error, failure)
        finally:
            if cursor.connection.in_transaction:
                cursor.execute("RELEASE act")

    def _write(self, cursor: apsw.Cursor, batch: AppendBatch) -> AppendResult:
        try:
            sqlite_rows.write_key(cursor, batch)
        except apsw.ConstraintError as error:
            # The trigger on the keys speaks before the one on the records: the key is looked at before the version (C3).
            ((digest, first, last),) = sqlite_rows.ask(cursor, sqlite_rows.LOOKUP, (batch.stream, batch.key))
            if digest != batch.digest:
                raise IdempotencyMismatch(batch.stream, str(batch.key)) from error
            self._mark_unless_settled(cursor)
            return AppendResult(first, last, replayed=True)
        if not batch.records:
            there = sqlite_rows.head(cursor, batch.stream)
            if there.version != batch.expected_version:
                raise VersionConflict(batch.stream, batch.expected_version, there.version)
        if not sqlite_rows.are_heads(cursor, batch.relies_on):
            for head in batch.relies_on:
                if (there := sqlite_rows.head(cursor, head.stream)) != head:
                    raise VersionConflict(head.stream, head.version, there.version)
        try:
            sqlite_rows.write_records(cursor, batch, self._now() if batch.outbox else 0)
        except apsw.ConstraintError as error:
            if getattr(error, "extendedresult", None) != apsw.SQLITE_CONSTRAINT_TRIGGER:
                raise ValueError(f"the batch for {batch.stream} does not fit the tables: {error}") from error
            there = sqlite_rows.head(cursor, batch.stream)
            raise VersionConflict(batch.stream, batch.expected_version, there.version) from error
        return _written(batch)

    # Other transactions

    def change(self, act: Callable[[apsw.Cursor], T]) -> T | None:
        """What ``act`` does in a transaction of its own; ``None`` when there is no file."""
        with self.lock:
            if self.in_doubt:
                self._settle()
            cursor = self.existing()
            if cursor is None:
                return None
            try:
                cursor.execute("BEGIN IMMEDIATE")
                found = act(cursor)
            except BaseException as error:
                failure = self._failure(error)
                self.roll_back()
                if failure is not None:
                    raise failure from error
                raise
            try:
                self._commit()
            except (apsw.BusyError, apsw.FullError) as error:
                raise self._file.failure(error, None) from error
            except Exception as error:
                raise self._file.unknown(error) from error
            return found

    def glance(self, ask: Callable[[apsw.Cursor], T]) -> tuple[T] | None:
        """What ``ask`` finds without waiting; ``None`` when somebody writes just now, or there is nothing to be asked."""
        if self.in_doubt or not self.lock.acquire(blocking=False):
            return None
        try:
            if self.cursor is None or (cursor := self.existing()) is None:
                return None
            return (ask(cursor),)
        except apsw.Error as error:
            failure = self._failure(error)
            self.drop()
            assert failure is not None
            raise failure from error
        finally:
            self.lock.release()

    def settle(self) -> None:
        """See to it that what can be found is on disk, and that what cannot be found will not come back.

        A process that is killed while it commits may leave a complete commit in the system's memory alone: a later commit
        takes it to the disk. A commit that failed may have left the same behind the end of the log, unseen until
        a crash: a later commit writes over it. So this commits something that changes nothing.
        """
        with self.lock:
            self._settle()

    def _settle(self) -> None:
        if self.existing() is None:
            self._connect()
        cursor = self.cursor
        assert cursor is not None
        try:
            cursor.execute("BEGIN IMMEDIATE")
            sqlite_schema.mark(cursor)
            self._commit()
        except BaseException as error:
            self.roll_back()
            if isinstance(error, apsw.ReadOnlyError):  # and so it was before: nothing of this handle's is in doubt
                raise self._file.failure(error, None) from error
            if isinstance(error, Exception) and not isinstance(error, StoreError):
                raise self._file.unknown(error) from error
            raise

    # The connection

    def existing(self) -> apsw.Cursor | None:
        """The connection's cursor, with the ``lock`` held; ``None`` when there is no file."""
        self._check_open()
        if self.cursor is None:
            return self._connect() if self._file.exists() else None
        self._file.check_unmoved()
        return self.cursor

    def _connect(self) -> apsw.Cursor:
        self.cursor = self._file.connect().cursor()
        return self.cursor

    def _mark_unless_settled(self, cursor: apsw.Cursor) -> None:
        if not self.settled:
            try:
                sqlite_schema.mark(cursor)
            except apsw.Error as error:
                raise self._file.unknown(error) from error

    def _commit(self) -> None:
        """Commit; the driver's own error means that certainly nothing was when it is busy or full, and else that nobody knows."""
        cursor = self.cursor
        assert cursor is not None
        try:
            cursor.execute("COMMIT")
        except (apsw.BusyError, apsw.FullError):
            self.roll_back()  # certain: the page that would have completed the commit could not be written
            raise
        except BaseException:
            self.settled, self.in_doubt = False, True
            self.drop()
            raise
        self.settled, self.in_doubt = True, False

    def roll_back(self) -> None:
        """Undo what has not been committed."""
        cursor = self.cursor
        try:
            if cursor is not None and cursor.connection.in_transaction:
                cursor.execute("ROLLBACK")
        except apsw.Error:
            self.drop()

    def drop(self) -> None:
        """Let go of the connection, with the ``lock`` held."""
        if self.cursor is not None:
            discard(self.cursor.connection)
        # Who connects anew may find what somebody left in the log who was killed before it was on disk.
        self.cursor, self.settled = None, False

    def _failure(self, error: BaseException) -> StoreError | None:
        """What an error of the driver means, asked before anything more is done on the connection."""
        if not isinstance(error, apsw.Error):
            return None
        return self._file.failure(error, None if self.cursor is None else self.cursor.connection)

    def _interrupted(self, error: BaseException) -> StoreError:
        return _because(error, self._file.nothing(error))


def _written(batch: AppendBatch) -> AppendResult:
    return AppendResult(batch.expected_version + 1, batch.expected_version + len(batch.records))


def _because(cause: BaseException, error: StoreError) -> StoreError:
    error.__cause__ = cause
    return error


def _same(error: StoreError) -> StoreError:
    """The error again, for another thread to raise: one object would gather the tracebacks of all."""
    again = type(error).__new__(type(error), *error.args)
    again.__dict__.update(error.__dict__)
    return _because(error.__cause__ or error, again)
