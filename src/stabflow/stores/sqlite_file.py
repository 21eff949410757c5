"""The file of a SQLite store: how it is found, made, opened and refused, and what the driver's errors mean.

A store comes into being whole, with its first record in it: it is written under another name in the same folder, and linked
to its own name when it is complete and on disk. So a refused command leaves no file behind, a half-made store is never
seen, and two processes that create at once cannot destroy each other's work.

Never open the file by other means in a process that has it open here, not even for reading: closing it would drop the
locks of this process, and acknowledged records would be lost.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import apsw

from ..errors import CommitUnknown, Corrupt, StoreError, StoreUnavailable
from . import sqlite_schema as schema

_OLDEST_SQLITE = (3, 51, 3)
_READ = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
_NOT_LINKED = {
    errno.EACCES, errno.EDQUOT, errno.EMLINK, errno.ENOENT, errno.ENOSPC, errno.ENOTDIR, errno.ENOTSUP, errno.EPERM, errno.EROFS,
}  # fmt: skip


class DatabaseFile:
    """The database at ``path``, which need not exist yet."""

    def __init__(self, path: Path, *, synchronous: str, busy_timeout: float, vfs: str | None) -> None:
        self.path = path
        self.synchronous = synchronous
        self.busy_timeout = busy_timeout
        self.vfs = vfs
        self._name = str(path)
        self._identity: tuple[int, int] | None = None

    def exists(self) -> bool:
        """Whether the database is there.

        `StoreUnavailable` when its folder is missing, when something else has its name, or when it has been deleted but
        not the log beside it, whose records a new database would take for its own.
        """
        for _ in range(2):
            try:
                found = self.path.stat()
            except FileNotFoundError:
                pass
            except OSError as error:
                raise self.trouble(
                    f"cannot be looked at ({error.strerror})", "check the path and its rights"
                ) from error
            else:
                if not stat.S_ISREG(found.st_mode):
                    raise self.trouble("is not a file", "give the path of a database")
                return True
            leftovers = [name for end in ("-wal", "-journal") if (name := Path(f"{self.path}{end}")).exists()]
            if not leftovers:
                break  # else look again: another process may have made the store between the two looks
        else:
            raise self.trouble(
                f"is gone, but {leftovers[0].name} is still there",
                "put the database back beside it; if it was deleted on purpose, delete that file too",
            )
        if not self.path.parent.is_dir():
            raise self.trouble("has no folder", f"make the folder {self.path.parent} first, or correct the path")
        return False

    def check_unmoved(self) -> None:
        """Raise `StoreUnavailable` when the path no longer leads to the file that was opened."""
        try:
            found = os.stat(self._name)  # noqa: PTH116 - asked before every act, and a Path costs as much as the look
        except OSError as error:
            raise self._moved() from error
        if (found.st_dev, found.st_ino) != self._identity:
            raise self._moved()

    def number(self) -> str:
        """What tells the file that was opened from every copy of it on the same disk."""
        assert self._identity is not None
        return f"{self._identity[1]:x}"

    def connect(self) -> apsw.Connection:
        """A connection to the database.

        Raises `StoreUnavailable` when it cannot be opened or is not ours, `ContractTooNew` when a newer stabflow made it,
        `Corrupt` when its tables or triggers are not as they were made.
        """
        if _sqlite_version() < _OLDEST_SQLITE:
            raise StoreUnavailable(
                f"SQLite {apsw.sqlite_lib_version()} can corrupt a database that several processes use;"
                f" install an apsw with SQLite {'.'.join(map(str, _OLDEST_SQLITE))} or later"
            )
        try:
            found = self.path.stat()
            if found.st_size == 0:
                raise self.trouble("is an empty file", "restore it if it was a store, or else delete it")
            if self._identity is None:
                self._peek()
            connection = apsw.Connection(str(self.path), apsw.SQLITE_OPEN_READWRITE, vfs=self.vfs)
        except OSError as error:
            raise self.trouble(f"cannot be looked at ({error.strerror})", "check the path and its rights") from error
        except apsw.Error as error:
            raise self.failure(error, None) from error
        try:
            self._settle_in(connection)
        except apsw.Error as error:
            failure = self.failure(error, connection)
            discard(connection)
            raise failure from error
        except BaseException:
            discard(connection)
            raise
        identity = (found.st_dev, found.st_ino)
        if self._identity not in (None, identity):
            discard(connection)
            raise self._moved()
        self._identity = identity
        return connection

    def _peek(self) -> None:
        """Refuse a database that is not ours without leaving a trace: no lock, no log, no recovery, no checkpoint."""
        try:
            connection = apsw.Connection(f"file:{quote(str(self.path))}?immutable=1", _READ, vfs=self.vfs)
            with contextlib.closing(connection):
                application = connection.pragma("application_id")
        except apsw.NotADBError:
            raise
        except apsw.Error:
            return  # another process may be writing just now: the connection proper will tell
        if application != schema.APPLICATION_ID:
            raise self.trouble("is a database of another application", "give another path")

    def _settle_in(self, connection: apsw.Connection) -> None:
        connection.set_busy_timeout(int(self.busy_timeout * 1000))
        if connection.pragma("application_id") != schema.APPLICATION_ID:
            raise self.trouble("is a database of another application", "give another path")
        version = schema.check_version(connection.cursor())
        known = version == schema.SCHEMA_VERSION or version in schema.UPGRADES
        wrong = schema.damage(connection, version) if known else []
        if known and not wrong and version != schema.SCHEMA_VERSION:
            schema.upgrade(connection.cursor())
            wrong = schema.damage(connection)
        if wrong or not known:
            raise Corrupt(
                f"{self.path} is not as stabflow made it ({', '.join(wrong) or f'schema {version}'}):"
                " stop, keep the file, compare it with a backup"
            )
        if connection.pragma("journal_mode", "wal") != "wal":
            raise self.trouble("cannot be given a write-ahead log", "keep it on a local disk")
        connection.pragma("synchronous", self.synchronous)
        connection.pragma("fullfsync", True)  # Where fsync alone does not reach the disk (macOS).
        connection.pragma("checkpoint_fullfsync", True)

    def create(self, write: Callable[[apsw.Cursor], object]) -> bool:
        """Make the store with what ``write`` writes, durably; ``False`` if somebody else has made it first.

        `StoreUnavailable` when certainly nothing was made, `CommitUnknown` when that cannot be told.
        """
        draft = self.path.with_name(f".stabflow-{secrets.token_hex(8)}.new")
        try:
            self._write_draft(draft, write)
            return self._publish(draft)
        except apsw.Error as error:
            raise self.failure(error, None) from error
        finally:
            for end in ("", "-journal", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    Path(f"{draft}{end}").unlink(missing_ok=True)

    def _write_draft(self, draft: Path, write: Callable[[apsw.Cursor], object]) -> None:
        connection = apsw.Connection(str(draft), vfs=self.vfs)
        with contextlib.closing(connection):
            if connection.pragma("journal_mode", "wal") != "wal":
                raise self.trouble("cannot be given a write-ahead log", "keep it on a local disk")
            connection.pragma("synchronous", "FULL")
            connection.pragma("fullfsync", True)
            connection.pragma("checkpoint_fullfsync", True)
            cursor = connection.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
                schema.create(cursor)
                write(cursor)
                cursor.execute("COMMIT")
                # Everything must be in the file itself before it gets its name.
                ((busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except apsw.CorruptError as error:
                raise self.failure(error, connection) from error
            if busy:
                raise self.trouble("could not be completed", "try again")

    def _publish(self, draft: Path) -> bool:
        try:
            _link(draft, self.path)
        except FileExistsError:
            return False
        except OSError as error:
            problem = f"could not be given its name ({error.strerror})"
            if error.errno in _NOT_LINKED:
                raise self.trouble(problem, "keep it on a local disk whose file system has hard links") from error
            raise CommitUnknown(f"{self.path} {problem}; ask again with the same key") from error
        try:
            draft.unlink(missing_ok=True)
            _sync_folder(self.path.parent)
        except OSError as error:
            problem = f"was written, but its folder could not be synced ({error.strerror})"
            raise CommitUnknown(f"{self.path} {problem}; ask again with the same key") from error
        return True

    def failure(self, error: apsw.Error, connection: apsw.Connection | None) -> StoreError:
        """What an error of the driver on ``connection`` means to the operator; before COMMIT all of them mean that nothing was
        stored."""
        if isinstance(error, apsw.CorruptError):
            if connection is not None and connection.system_errno in _UNREADABLE:
                return self.trouble(*_BROKEN_DISK)  # which SQLite takes for a damaged file
            return Corrupt(
                f"{self.path} is damaged, or its disk cannot be read ({error}): stop, look into the system's log, keep the file,"
                " compare it with a backup"
            )
        # The index of the log, too, needs room.
        full = getattr(error, "extendedresult", None) == apsw.SQLITE_IOERR_SHMSIZE
        for kind, problem, cure in _MEANING:
            if isinstance(error, kind) or (full and kind is apsw.FullError):
                return self.trouble(problem, cure)
        return self.trouble(f"cannot be used ({type(error).__name__}: {error})", "nothing was stored")

    def unknown(self, error: BaseException) -> CommitUnknown:
        """The error for a COMMIT of which nobody can say whether it happened."""
        return CommitUnknown(
            f"{self.path} failed while committing ({error}): check the disk, then ask again with the same key"
        )

    def nothing(self, error: BaseException) -> StoreUnavailable:
        """The error for who waited for a thread that wrote for several, where that failed and nothing of his was stored."""
        return self.trouble(
            f"was being written to for several threads, which failed ({error!r})", "nothing was stored; try again"
        )

    def trouble(self, problem: str, cure: str) -> StoreUnavailable:
        """An error that says what is the matter with the file, and what to do."""
        return StoreUnavailable(f"{self.path} {problem}: {cure}")

    def _moved(self) -> StoreUnavailable:
        return self.trouble("is no longer the file that was opened: it was moved, deleted or replaced", "open it again")


_BROKEN_DISK = ("cannot be read or written (an I/O error)", "check the disk; nothing was stored")
_UNREADABLE = {errno.EIO, errno.ENXIO, errno.ERANGE}

_MEANING: tuple[tuple[type[apsw.Error], str, str], ...] = (
    (apsw.NotADBError, "is not a SQLite database", "give another path"),
    (apsw.FullError, "is on a full disk", "free some space, then try again; nothing was stored"),
    (apsw.ReadOnlyError, "is read-only", "give this account the right to write the file and its folder"),
    (apsw.PermissionsError, "may not be used by this account", "give it the right to write the file and its folder"),
    (
        apsw.CantOpenError,
        "cannot be opened",
        "this account needs the right to read and write both the file and its folder; a copy in a folder of its own will do",
    ),
    (apsw.BusyError, "is locked by another process", "wait for it to finish, then try again; nothing was stored"),
    (apsw.ProtocolError, "is in heavy use by other processes", "try again; nothing was stored"),
    (apsw.IOError, *_BROKEN_DISK),
)


def discard(connection: apsw.Connection) -> None:
    """Close a connection from which nothing more is wanted, not even an error."""
    with contextlib.suppress(apsw.Error):
        connection.close()


def _sqlite_version() -> tuple[int, ...]:
    return tuple(int(part) for part in apsw.sqlite_lib_version().split("."))


def _link(draft: Path, path: Path) -> None:
    path.hardlink_to(draft)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows has no such call, and keeps its folders by a journal of its own
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
