"""The one connection of a handle that writes: transactions one after the other, and what a failed one means.

An interrupt (Ctrl-C) may come between any two steps. So nothing relies on the step after: whoever comes to the connection next
ends what is still open on it, and whether a commit took place is read from the connection.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import apsw

from ..errors import StoreError
from . import sqlite_schema
from .sqlite_file import DatabaseFile, discard

T = TypeVar("T")


class WritingConnection:
    """What writes to ``file``; ``check_open`` raises when the handle was closed."""

    def __init__(self, file: DatabaseFile, check_open: Callable[[], None]) -> None:
        self.file = file
        self.lock = threading.Lock()
        self.cursor: apsw.Cursor | None = None
        self._check_open = check_open
        # Whether everything this handle can see is on disk, and not only in the system's memory.
        self.settled = False
        # Whether a commit failed, and what it left in the log could still come back after a crash.
        self.in_doubt = False

    def alone(self, work: Callable[[], T]) -> T:
        """What ``work`` does, with nobody else on the connection; what it leaves open is undone."""
        with self.lock:
            try:
                return work()
            finally:
                self.roll_back()

    def change(self, act: Callable[[apsw.Cursor], T]) -> T | None:
        """What ``act`` does in a transaction of its own; ``None`` when there is no file."""
        return self.alone(lambda: self._change(act))

    def _change(self, act: Callable[[apsw.Cursor], T]) -> T | None:
        self.settle_if_in_doubt()
        cursor = self.existing()
        if cursor is None:
            return None
        try:
            self.begin(cursor)
            found = act(cursor)
        except apsw.Error as error:
            raise self.failure(error) from error
        try:
            self.commit()
        except (apsw.BusyError, apsw.FullError) as error:
            raise self.file.failure(error, None) from error
        except Exception as error:
            raise self.file.unknown(error) from error
        return found

    def glance(self, ask: Callable[[apsw.Cursor], T]) -> tuple[T] | None:
        """What ``ask`` finds without waiting for a disk; ``None`` when somebody writes just now, or nobody can be asked."""
        if self.in_doubt or self.lock.locked():
            return None
        with self.lock:
            try:
                if self.cursor is None or (cursor := self.existing()) is None:
                    return None
                sqlite_schema.check_version(cursor)
                return (ask(cursor),)
            except apsw.Error as error:
                failure = self.failure(error)
                self.drop()
                raise failure from error

    def settle(self) -> None:
        """See to it that what can be found is on disk, and that what cannot be found will not come back.

        A process that is killed while it commits may leave a complete commit in the system's memory alone: a later commit
        takes it to the disk. A commit that failed may have left the same behind the end of the log, unseen until
        a crash: a later commit writes over it. So this commits something that changes nothing.
        """
        self.alone(self._settle)

    def _settle(self) -> None:
        cursor = self.existing() or self.connect()
        try:
            self.begin(cursor)
            sqlite_schema.mark(cursor)
            self.commit()
        except apsw.ReadOnlyError as error:  # and so it was before: nothing of this handle's is in doubt
            raise self.file.failure(error, None) from error
        except StoreError:
            raise
        except Exception as error:
            raise self.file.unknown(error) from error

    def settle_if_in_doubt(self) -> None:
        """`settle`, for who is alone with the connection already, where a commit is in doubt."""
        if self.in_doubt:
            self._settle()

    # What those use who are alone with it

    def existing(self) -> apsw.Cursor | None:
        """The connection's cursor; ``None`` when there is no file."""
        self._check_open()
        if self.cursor is None:
            return self.connect() if self.file.exists() else None
        self.roll_back()
        self.file.check_unmoved()
        return self.cursor

    def connect(self) -> apsw.Cursor:
        """A new connection's cursor."""
        self.cursor = self.file.connect().cursor()
        return self.cursor

    def begin(self, cursor: apsw.Cursor) -> None:
        """Begin a transaction that writes; `ContractTooNew` where a newer stabflow has upgraded the file meanwhile."""
        cursor.execute("BEGIN IMMEDIATE")
        sqlite_schema.check_version(cursor)

    def mark_unless_settled(self, cursor: apsw.Cursor) -> None:
        """Have the transaction write something, where what was found may not be on disk yet."""
        if not self.settled:
            try:
                sqlite_schema.mark(cursor)
            except apsw.Error as error:
                raise self.file.unknown(error) from error

    def commit(self) -> None:
        """Commit; the driver's own error means that certainly nothing was when it is busy or full, and else that nobody knows."""
        cursor = self.cursor
        assert cursor is not None
        try:
            cursor.execute("COMMIT")
        except (apsw.BusyError, apsw.FullError):
            self.roll_back()  # certain: the page that would have completed the commit could not be written
            raise
        except Exception:
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
        """Let go of the connection."""
        if self.cursor is not None:
            discard(self.cursor.connection)
        # Who connects anew may find what somebody left in the log who was killed before it was on disk.
        self.cursor, self.settled = None, False

    def failure(self, error: apsw.Error) -> StoreError:
        """What an error of the driver means, asked before anything more is done on the connection."""
        return self.file.failure(error, None if self.cursor is None else self.cursor.connection)
