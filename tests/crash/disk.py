"""A disk that remembers what was written to it and when it was synced, so that the power can be cut afterwards.

`Disk` is a SQLite VFS. It hands everything on to the real file system and keeps a log of it, with the tests' own marks in
between. From a log, `Replay` makes what may be found in the folder after a power cut at its end: whatever was synced,
and of the rest nothing, all, or some. Files and their names are apart, as on a real disk: a name is safe only when its folder
was synced, which SQLite does when it first syncs a new log, and when it deletes one and says so.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import apsw
import attrs
import pytest

from stabflow.stores import sqlite_file

SECTOR = 512
_numbers = itertools.count()

Kind = Literal[
    "create", "open", "access", "size", "lock", "unlock", "read", "write", "truncate", "sync", "delete", "link", "sync folder",
    "mark", "lose",
]  # fmt: skip
LEAVES_NO_TRACE = {"open", "access", "size", "lock", "unlock", "read"}
Names = Literal["synced", "all"]


@attrs.frozen
class Op:
    """One thing that happened: to which file, and with what. ``data`` of a link is the new name, of a mark its text."""

    kind: Kind
    name: str = ""
    offset: int = 0
    data: bytes = attrs.field(default=b"", repr=lambda data: f"<{len(data)} bytes>")


class Disk(apsw.VFS):
    """The recording VFS. ``fault`` is asked before each operation, and may return an error to be raised instead."""

    def __init__(self) -> None:
        self.name = f"disk-{next(_numbers)}"
        self.log: list[Op] = []
        self.fault: Callable[[Op], Exception | None] = lambda _op: None
        super().__init__(self.name, "")

    def note(self, op: Op) -> None:
        """Log the operation, unless it is made to fail. What a failed sync should have synced is never safe any more."""
        error = self.fault(op)
        if error is None:
            if op.kind not in LEAVES_NO_TRACE:
                self.log.append(op)
            return
        if op.kind == "sync":
            self.log.append(attrs.evolve(op, kind="lose"))
        raise error

    def mark(self, text: object) -> None:
        """Put a mark of the test into the log."""
        self.log.append(Op("mark", data=str(text).encode()))

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.note(Op("delete", Path(filename).name, int(syncdir)))
        super().xDelete(filename, syncdir)

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: N802
        self.note(Op("access", Path(pathname).name))
        return super().xAccess(pathname, flags)

    @contextmanager
    def watching_names(self) -> Iterator[None]:
        """Log what the store does with names, too, which goes past the VFS."""
        link, sync = sqlite_file._link, sqlite_file._sync_folder

        def watched_link(draft: Path, path: Path) -> None:
            self.note(Op("link", draft.name, data=path.name.encode()))
            link(draft, path)

        def watched_sync(folder: Path) -> None:
            self.note(Op("sync folder"))
            sync(folder)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite_file, "_link", watched_link)
            patch.setattr(sqlite_file, "_sync_folder", watched_sync)
            yield


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk = disk
        self._name = "" if path is None else Path(path).name
        if path is not None:
            disk.note(Op("open" if Path(path).exists() else "create", self._name))
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.note(Op("read", self._name, offset))
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        op = Op("write", self._name, offset, bytes(data))
        try:
            self._disk.note(op)
        except Exception:
            half = attrs.evolve(op, data=op.data[: len(op.data) // 2])
            self._disk.log.append(half)
            super().xWrite(half.data, offset)
            raise
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.note(Op("truncate", self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.note(Op("sync", self._name))
        super().xSync(flags)

    def xFileSize(self) -> int:  # noqa: N802
        self._disk.note(Op("size", self._name))
        return super().xFileSize()

    def xLock(self, level: int) -> None:  # noqa: N802
        self._disk.note(Op("lock", self._name))
        super().xLock(level)

    def xUnlock(self, level: int) -> None:  # noqa: N802
        super().xUnlock(level)
        self._disk.note(Op("unlock", self._name))


Folder = dict[str, bytes]
Choice = Callable[[Sequence[Op]], Iterable[Op]]


@attrs.define
class _Inode:
    safe: bytearray = attrs.field(factory=bytearray)
    seen: bytearray = attrs.field(factory=bytearray)
    unsynced: list[Op] = attrs.field(factory=list)

    def sync(self) -> None:
        for op in self.unsynced:
            _apply(self.safe, op)
        self.unsynced = []

    def content(self, choice: Choice) -> bytes:
        if choice is everything:
            return bytes(self.seen)
        content = bytearray(self.safe)
        for op in choice(self.unsynced):
            _apply(content, op)
        return bytes(content)


def _apply(content: bytearray, op: Op) -> None:
    if op.kind == "truncate":
        del content[op.offset :]
        content.extend(bytes(max(0, op.offset - len(content))))
    else:
        content.extend(bytes(max(0, op.offset - len(content))))
        content[op.offset : op.offset + len(op.data)] = op.data


class Replay:
    """What is in the folder as the operations of a log happen, one after the other.

    ``start`` is what was in the folder before: what was safe, and what a process could see.
    """

    def __init__(self, start: Sequence[Folder] = ()) -> None:
        self._synced: dict[str, _Inode] = {}
        self._now: dict[str, _Inode] = {}
        if start:
            safe, seen = start
            self._synced = {name: _Inode(bytearray(content), bytearray(content)) for name, content in safe.items()}
            self._now = {name: self._synced.get(name, _Inode()) for name in seen}
            for name, content in seen.items():
                self._now[name].seen = bytearray(content)
                if safe.get(name) != content:
                    self._now[name].unsynced = [Op("truncate", name, 0), Op("write", name, 0, content)]
        self._fresh = {name for name in self._now if name not in self._synced}

    def happen(self, op: Op) -> None:
        """The next operation of the log. A file without a name is a temporary one, of which nothing is ever found."""
        now = self._now
        if not op.name and op.kind not in {"sync folder", "mark"}:
            return
        match op.kind:
            case "create":
                now[op.name] = _Inode()
                self._fresh.add(op.name)
            case "write" | "truncate":
                now[op.name].unsynced.append(op)
                _apply(now[op.name].seen, op)
            case "sync":
                now[op.name].sync()
                if op.name in self._fresh and op.name.endswith(("-wal", "-journal")):
                    self._synced = dict(now)
                    self._fresh.discard(op.name)
            case "lose":
                now[op.name].unsynced = []
            case "delete":
                now.pop(op.name, None)
                if op.offset:
                    self._synced = dict(now)
            case "link":
                now[op.data.decode()] = now[op.name]
            case "sync folder":
                self._synced = dict(now)
            case _:
                pass

    def survivors(self, choice: Choice, *, names: Names) -> Folder:
        """The folder if the power failed now.

        ``choice`` says which of a file's unsynced operations reached the disk, ``names`` which names did.
        """
        found = self._synced if names == "synced" else self._now
        return {name: inode.content(choice) for name, inode in found.items()}


def survivors(log: Iterable[Op], choice: Choice, *, names: Names, start: Sequence[Folder] = ()) -> Folder:
    """The folder after the power failed at the end of ``log``; see `Replay`."""
    replay = Replay(start)
    for op in log:
        replay.happen(op)
    return replay.survivors(choice, names=names)


def nothing(_unsynced: Sequence[Op]) -> Iterable[Op]:
    """A disk that had not begun."""
    return ()


def everything(unsynced: Sequence[Op]) -> Iterable[Op]:
    """A disk that had finished; also what is there when only the process was killed."""
    return unsynced


def only_the_last(unsynced: Sequence[Op]) -> Iterable[Op]:
    """A disk that began at the wrong end."""
    return unsynced[-1:]


def last_torn(unsynced: Sequence[Op]) -> Iterable[Op]:
    """A disk that was in the middle of the last write."""
    if not unsynced:
        return ()
    *before, last = unsynced
    return [*before, attrs.evolve(last, data=last.data[: len(last.data) // 2 // SECTOR * SECTOR])]


def torn(seed: int) -> Choice:
    """A disk that took some of the sectors, in some order, and left holes."""

    def choice(unsynced: Sequence[Op]) -> Iterable[Op]:
        chance = random.Random(seed)
        pieces: list[Op] = []
        for op in unsynced:
            if op.kind == "truncate":
                pieces.append(op)
                continue
            start = 0
            while start < len(op.data):
                end = start + SECTOR - (op.offset + start) % SECTOR
                pieces.append(attrs.evolve(op, offset=op.offset + start, data=op.data[start:end]))
                start = end
        return [piece for piece in pieces if chance.random() < 0.6]

    return choice


def lay_out(folder: Path, files: Folder) -> Path:
    """Write the files into a new folder."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
