"""Appending: threads that append while another is waiting for the disk are served together.

The next of them writes all their batches in one transaction, each behind a savepoint, so that what is refused is refused alone,
and one wait for the disk serves them all. An append reads nothing first: the primary key of the keys and the triggers of the
records refuse what must not be written, and only then is the reason looked up (see `sqlite_schema`).

Who leads may be interrupted anywhere. Then nobody may wait for ever, nor be told that nothing was stored where something
may have been: before a commit is begun every other of the group is told that its outcome is unknown, and hears better after it;
and who waits looks up now and then whether the one waited for has left.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

import apsw
import attrs

from ..errors import CommitUnknown, IdempotencyMismatch, StoreError, VersionConflict
from ..ports.store import AppendBatch, AppendResult
from . import sqlite_rows
from .sqlite_connection import WritingConnection

MOST_AT_ONCE = 64
"""So many batches at most are written in one transaction."""

_INTERRUPTED = InterruptedError("the thread that wrote was interrupted")

LOOK_UP = 0.5
"""After so many seconds who waits looks whether the one that leads has left without a word."""


@attrs.define(eq=False)
class _Act:
    """A batch to be written, its notices from the time ``now`` on, and what became of it: the last word once it is ``told``.
    Whoever waits for that, waits at the ``gate``; ``left``: nobody does any more; ``taken_by``: who writes it."""

    batch: AppendBatch
    now: int
    outcome: AppendResult | BaseException | None = None
    gate: threading.Lock | None = None
    told: bool = False
    left: bool = False
    taken_by: _Act | None = None

    def settled(self) -> AppendResult:
        """The result, or the refusal raised."""
        if isinstance(self.outcome, AppendResult):
            return self.outcome
        assert self.outcome is not None
        raise self.outcome

    def open_gate(self) -> None:
        if self.gate is not None and self.gate.locked():
            self.gate.release()


class Writer:
    """What appends on ``connection``."""

    def __init__(self, connection: WritingConnection) -> None:
        self._connection = connection
        self._file = connection.file
        self._door = threading.Lock()
        self._leader: _Act | None = None
        self._waiting: deque[_Act] = deque()

    def append(self, batch: AppendBatch, now: int) -> AppendResult:
        """Write the batch, alone or with those of other threads, and return when it is on disk."""
        act = _Act(batch, now)
        try:
            with self._door:
                if self._leader is None or self._leader.left:
                    self._leader = act
                else:
                    act.gate = threading.Lock()
                    act.gate.acquire()
                    self._waiting.append(act)
            while self._leader is not act and not act.told:
                assert act.gate is not None
                if not act.gate.acquire(timeout=LOOK_UP):
                    self._look_up(act)
            if self._leader is act and not act.told:
                self._connection.alone(lambda: self._lead(act))
            return act.settled()
        finally:
            act.left = True
            self._leave(act)

    def _look_up(self, act: _Act) -> None:
        """Take the lead from one that left, or learn that whoever took the batch has left without saying what became of it."""
        with self._door:
            if act.taken_by is not None and act.taken_by.left:
                act.outcome = act.outcome or self._file.unknown(_INTERRUPTED)
                act.told = True
            elif act.taken_by is None and (self._leader is None or self._leader.left):
                self._leader = act
            elif act.taken_by is None and act not in self._waiting:
                self._waiting.append(act)

    def _leave(self, act: _Act) -> None:
        """Let the next one lead; who was interrupted while waiting is not waited for any more."""
        with self._door:
            if self._leader is act:
                self._leader = self._waiting[0] if self._waiting else None
                if self._leader is not None:
                    self._leader.open_gate()
            elif act in self._waiting:
                self._waiting.remove(act)

    def _lead(self, act: _Act) -> None:
        """Write the batch, and those that wait."""
        with self._door:
            group = [act]
            while self._waiting and len(group) < MOST_AT_ONCE:
                self._waiting[0].taken_by = act
                one = self._waiting.popleft()
                if one is not act and not one.left:
                    group.append(one)
        try:
            self._write_all(group)
        except BaseException as error:
            for one in group:
                if one.outcome is None:  # and so nothing was committed yet
                    again = _same(error) if isinstance(error, StoreError) else self._file.nothing(error)
                    one.outcome = _because(error.__cause__ or error, again)
            if not isinstance(error, StoreError):
                raise
        finally:
            for one in group[1:]:
                one.told = True
                one.open_gate()

    def _write_all(self, group: Sequence[_Act]) -> None:
        connection = self._connection
        connection.settle_if_in_doubt()
        cursor = connection.existing()
        for one in group if cursor is None else ():
            self._make_file(one)
            if one.outcome is None or isinstance(one.outcome, AppendResult):  # now there is a file
                break
        rest = [one for one in group if one.outcome is None]
        if not rest:
            return
        cursor = cursor or connection.existing() or connection.connect()
        if len(rest) == 1 and len(group) == 1:
            self._write_one(cursor, rest[0])
        else:
            self._write_several(cursor, rest)

    def _make_file(self, act: _Act) -> None:
        """Make the file with the batch in it, or refuse the batch; neither where others have made it meanwhile."""
        batch = act.batch
        if batch.expected_version:
            act.outcome = VersionConflict(batch.stream, batch.expected_version, 0)
            return
        for head in batch.relies_on:
            if head.version or head.hash:
                act.outcome = VersionConflict(head.stream, head.version, 0)
                return
        act.outcome = self._file.unknown(_INTERRUPTED)
        try:
            made = self._file.create(lambda cursor: sqlite_rows.write(cursor, batch, act.now))
        except Exception as error:  # noqa: BLE001 - it is told to whom it concerns
            act.outcome = error
            return
        act.outcome = _written(batch) if made else None

    def _write_one(self, cursor: apsw.Cursor, act: _Act) -> None:
        connection = self._connection
        try:
            connection.begin(cursor)
            result = self._write(cursor, act)
        except apsw.Error as error:
            raise connection.failure(error) from error
        except Exception as error:  # noqa: BLE001 - it is told to whom it concerns
            act.outcome = error
            return
        if not (result.replayed and connection.settled):
            self._commit([act], [result])
        act.outcome = act.outcome or result

    def _write_several(self, cursor: apsw.Cursor, group: Sequence[_Act]) -> None:
        connection = self._connection
        try:
            connection.begin(cursor)
            outcomes = [self._apart(cursor, one) for one in group]
        except apsw.Error as error:
            raise connection.failure(error) from error
        written = [one for one in outcomes if isinstance(one, AppendResult)]
        if written and not (connection.settled and all(one.replayed for one in written)):
            for one, outcome in zip(group, outcomes, strict=True):
                one.outcome = self._if_interrupted(outcome)
            self._commit(group, outcomes)
        else:
            for one, outcome in zip(group, outcomes, strict=True):
                one.outcome = outcome

    def _if_interrupted(self, outcome: AppendResult | Exception) -> StoreError:
        """What is told of it if nobody comes to say how the commit ended."""
        return self._file.nothing(_INTERRUPTED) if isinstance(outcome, Exception) else self._file.unknown(_INTERRUPTED)

    def _commit(self, group: Sequence[_Act], outcomes: Sequence[AppendResult | Exception]) -> None:
        """Commit what a group wrote; if that fails, say to each what it means for what it asked for."""
        try:
            self._connection.commit()
        except (apsw.BusyError, apsw.FullError) as error:
            for one, outcome in zip(group, outcomes, strict=True):
                there = isinstance(outcome, CommitUnknown) or (isinstance(outcome, AppendResult) and outcome.replayed)
                one.outcome = _because(error, self._file.unknown(error) if there else self._file.failure(error, None))
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody can say what became of the commit
            for one, outcome in zip(group, outcomes, strict=True):
                # A refusal may have been for what another of the group wrote: of that, too, nobody knows.
                refused = isinstance(outcome, Exception) and not isinstance(outcome, CommitUnknown)
                one.outcome = _because(error, self._file.nothing(error) if refused else self._file.unknown(error))
            return
        for one, outcome in zip(group, outcomes, strict=True):
            one.outcome = outcome

    def _apart(self, cursor: apsw.Cursor, act: _Act) -> AppendResult | Exception:
        """Write one batch of several, so that what is refused leaves the others as they are."""
        cursor.execute("SAVEPOINT act")
        try:
            return self._write(cursor, act)
        except Exception as error:
            if not cursor.connection.in_transaction:  # with it everything went that was written before
                raise
            failure = self._connection.failure(error) if isinstance(error, apsw.Error) else None
            cursor.execute("ROLLBACK TO act")
            return error if failure is None else _because(error, failure)
        finally:
            if cursor.connection.in_transaction:
                cursor.execute("RELEASE act")

    def _write(self, cursor: apsw.Cursor, act: _Act) -> AppendResult:
        batch = act.batch
        try:
            sqlite_rows.write_key(cursor, batch)
        except apsw.ConstraintError as error:
            # The trigger on the keys speaks before the one on the records: the key is looked at before the version (C3).
            ((digest, first, last),) = sqlite_rows.ask(cursor, sqlite_rows.LOOKUP, (batch.stream, batch.key))
            if digest != batch.digest:
                raise IdempotencyMismatch(batch.stream, str(batch.key)) from error
            self._connection.mark_unless_settled(cursor)
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
            sqlite_rows.write_records(cursor, batch, act.now)
        except apsw.ConstraintError as error:
            if getattr(error, "extendedresult", None) != apsw.SQLITE_CONSTRAINT_TRIGGER:
                raise ValueError(f"the batch for {batch.stream} does not fit the tables: {error}") from error
            there = sqlite_rows.head(cursor, batch.stream)
            raise VersionConflict(batch.stream, batch.expected_version, there.version) from error
        return _written(batch)


def _written(batch: AppendBatch) -> AppendResult:
    return AppendResult(batch.expected_version + 1, batch.expected_version + len(batch.records))


def _because(cause: BaseException, error: StoreError) -> StoreError:
    error.__cause__ = cause
    return error


def _same(error: StoreError) -> StoreError:
    """The error again, for another thread to raise: one object would gather the tracebacks of all."""
    again = type(error).__new__(type(error), *error.args)
    again.__dict__.update(error.__dict__)
    return again
