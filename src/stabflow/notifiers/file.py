"""The notifier of a file: each message is one line of JSON at its end, written whole or not at all by any number of processes."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from ..errors import InvalidInput
from ..ports.notifier import CONTRACT, Delivered, Message, Notifier, Result, Retry, Secrets, only
from .lines import check_label, line_of, rejection

_LOOK_AGAIN = 0.005
_FSYNC = {"on": True, "off": False}


class FileNotifier(Notifier):
    """Appends messages to the file at ``path``, which the first one makes, readable by its owner alone; an address is a label.

    The file may be moved away at any time: the next message begins another. ``fsync=False`` does not wait for the disk, so that a
    power cut takes back the newest messages. ``write`` and ``sync`` are those of the operating system.
    """

    contract = CONTRACT

    def __init__(
        self,
        path: Path,
        *,
        fsync: bool = True,
        write: Callable[[int, bytes], int] = os.write,
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        self._path = path
        self._fsync = fsync
        self._write, self._sync = write, sync
        self._closed = False

    @classmethod
    def from_url(cls, url: str, secrets: Secrets) -> FileNotifier:
        """``file:///path/notices.jsonl``, or ``file:notices.jsonl`` in the current folder, with ``?fsync=off`` if need be.

        ``%20`` stands for a space, ``%3F`` for ``?``, ``%23`` for ``#``. `InvalidInput` for anything else, and for secrets.
        """
        only(secrets)
        path, _, options = url.partition(":")[2].partition("?")
        name, _, fsync = (options or "fsync=on").partition("=")
        if name != "fsync" or fsync not in _FSYNC:
            raise InvalidInput.at("url", "it has an option that is none of a file", "write ?fsync=off, or leave it out")
        if path.startswith("//"):
            path = path[2:] if path.startswith("///") else ""
        named = unquote(path, errors="surrogateescape")
        if not named or named.endswith("/") or "\0" in named or "#" in path:
            raise InvalidInput.at(
                "url", "it does not name a file", "write file:///path/notices.jsonl, with %23 for a #"
            )
        return cls(Path(named).absolute(), fsync=_FSYNC[fsync])

    def check_address(self, address: str) -> None:
        """Any label will do."""
        check_label(address)

    def send(self, message: Message, *, within: float) -> Result:
        """Append ``message``; `Retry` where that cannot be done now, or another process keeps the file for longer than
        ``within``."""
        deadline = time.monotonic() + within
        if self._closed:
            return Retry("the notifier is closed")
        if (never := rejection(message)) is not None:
            return never
        try:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            file = os.open(self._path, flags, 0o600)
        except OSError as error:
            return _not_written(error)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return Retry("what stands there is no file")
            if not _locked(file, deadline):
                return Retry("another process keeps the file locked")
            return self._append(file, line_of(message).encode() + b"\n")
        except OSError as error:
            return _not_written(error)
        finally:
            os.close(file)

    def _append(self, file: int, line: bytes) -> Result:
        before = os.fstat(file).st_size
        if before and os.pread(file, 1, before - 1) != b"\n":  # somebody died over his line
            line = b"\n" + line
        try:
            written = self._write(file, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            os.ftruncate(file, before)
            return _not_written(error)
        if self._fsync:
            try:
                self._sync(file)
                if before == 0:  # a new file is on disk when its name is
                    self._sync_folder()
            except OSError as error:
                return Retry(f"the disk did not confirm it ({error.strerror})", maybe_sent=True)
        return Delivered()

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._sync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Nothing is kept open."""
        self._closed = True


def _locked(file: int, deadline: float) -> bool:
    """Whether the file could be locked before the deadline; it is let go of when it is closed."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(_LOOK_AGAIN, left))
        else:
            return True


def _not_written(error: OSError) -> Retry:
    return Retry(f"the file cannot be written ({error.strerror or type(error).__name__})")
