"""Faults in the feed, in what comes back, and in what a handle shares (C6, C8, C12), each seen by one handle used in order."""

from __future__ import annotations

import json
import threading
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from stabflow.errors import CommitUnknown, FeedReset, InvalidInput, StoreError, StoreUnavailable
from stabflow.ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    CaseRow,
    Clock,
    FeedPage,
    IndexChange,
    NewRecord,
    StoredRecord,
    StreamHead,
)

from .shared import Core, Handle

# C6 Feed


def _moved(cursor: str, by: int) -> str:
    epoch, _, number = cursor.partition(".")
    return f"{epoch}.{max(int(number) + by, 0)}"


class InclusiveCursor(Core):
    """Reads from the cursor by >=."""

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        if after is None or after.endswith(".0"):
            return super().read_feed(after=after, limit=limit)
        page = super().read_feed(after=after, limit=limit)
        found = super().read_feed(after=_moved(after, -1), limit=limit)
        return FeedPage(found.records, found.cursor if page.records else after)


class NoFeedReset(Core):
    """The cursor is a bare number."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._epoch = "feed"

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        try:
            return super().read_feed(after=after, limit=limit)
        except FeedReset:
            return FeedPage((), after)


class ResetOnlyWhenBehind(Core):
    """The cursor is a bare number, of which only one beyond the end is noticed."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._epoch = "feed"


class CursorByInodeAlone(Core):
    """Tells its past by the file that it is kept in, which is the same file when a backup is copied over it."""

    def restored(self) -> None:
        pass


class CursorAheadOfAShortPage(Core):
    """Counts the cursor on by the limit, whatever was found."""

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        try:
            page = super().read_feed(after=after, limit=limit)
        except FeedReset:
            if after is None or not after.startswith(self._epoch):
                raise
            return FeedPage((), after)
        if not page.records or page.cursor is None:
            return page
        return FeedPage(page.records, _moved(page.cursor, limit - len(page.records)))


class NoCursorAtTheEnd(Core):
    """Answers as pages of rows do, with no cursor at the end: who goes on starts over."""

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        page = super().read_feed(after=after, limit=limit)
        return page if page.records else FeedPage((), None)


class FeedByStream(Core):
    """Reads the feed in the order of its primary key: stream, version."""

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        with self._held():
            self._feed.sort(key=lambda record: (record.stream, record.version))
        return super().read_feed(after=after, limit=limit)


class PositionsPerStream(Core):
    """Has no position of its own, and hands out the version."""

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        page = super().read_feed(after=after, limit=limit)
        return FeedPage(tuple(attrs.evolve(one, position=one.version) for one in page.records), page.cursor)


class BadCursorStartsOver(Core):
    """Reads a cursor that is none as no cursor."""

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        try:
            return super().read_feed(after=after, limit=limit)
        except InvalidInput:
            return super().read_feed(after=None, limit=limit)


# C8 Round trip


class Rewriting(Core):
    """Writes something else than it was given; derived ones say what."""

    payload: Callable[[bytes], bytes] = staticmethod(lambda payload: payload)
    text: Callable[[str], str] = staticmethod(lambda text: text)

    def append(self, batch: AppendBatch) -> AppendResult:
        records = tuple(
            attrs.evolve(new, tag=self.text(new.tag), payload=self.payload(new.payload)) for new in batch.records
        )
        return super().append(attrs.evolve(batch, records=records, index=batch.index and self.index(batch.index)))

    def index(self, change: IndexChange) -> IndexChange:
        return attrs.evolve(change, case=attrs.evolve(change.case, title=self.text(change.case.title)))


def _as_jsonb(payload: bytes) -> bytes:
    try:
        return json.dumps(json.loads(payload), separators=(",", ":")).encode()
    except ValueError:
        return payload


class ReinterpretedJson(Rewriting):
    """Keeps payloads in a column of JSON, which drops doubled keys and spaces, and writes Chinese as escapes."""

    payload = staticmethod(_as_jsonb)


class PayloadAsText(Rewriting):
    """Keeps payloads in a column of text."""

    payload = staticmethod(lambda payload: bytes(payload).decode("utf-8", "replace").encode())


class PayloadCut(Rewriting):
    """Keeps payloads in a BLOB of MySQL, which has room for 65,535 bytes, and is not in strict mode."""

    payload = staticmethod(lambda payload: bytes(payload[:65_535]))


class ZerosTrimmed(Rewriting):
    """Keeps payloads in a padded BINARY column, and takes the padding away when it reads."""

    payload = staticmethod(lambda payload: bytes(payload).rstrip(b"\0"))


class NormalisedText(Rewriting):
    """Brings texts into normal form, "to be safe"."""

    text = staticmethod(lambda text: unicodedata.normalize("NFC", text))


class SpacesTrimmed(Rewriting):
    """Keeps texts in a CHAR column, which forgets the spaces at the end."""

    text = staticmethod(lambda text: text.rstrip(" "))


class StreamsOfAnyCase(Core):
    """Has a collation in which capitals and small letters are the same."""

    def append(self, batch: AppendBatch) -> AppendResult:
        return super().append(attrs.evolve(batch, stream=batch.stream.lower()))

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        return [
            attrs.evolve(one, stream=stream) for one in super().read_stream(stream.lower(), after=after, limit=limit)
        ]

    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        found = super().heads([stream.lower() for stream in streams])
        return [attrs.evolve(head, stream=stream) for head, stream in zip(found, streams, strict=True)]


class EmptyTextIsNothing(Rewriting):
    """Keeps texts in Oracle, where an empty one is NULL."""

    def index(self, change: IndexChange) -> IndexChange:
        empty: dict[str, Any] = {
            field.name: None for field in attrs.fields(CaseRow) if getattr(change.case, field.name) == ""
        }
        return attrs.evolve(change, case=attrs.evolve(change.case, **empty))


# C12 Isolation


class AliasedInput(Core):
    """Keeps the caller's own bytes."""

    def append(self, batch: AppendBatch) -> AppendResult:
        result = super().append(batch)
        if not result.replayed and batch.records:
            with self._held():
                records = self._records[batch.stream]
                for n, new in enumerate(tuple(batch.records), result.first_version - 1):
                    records[n] = self._as_given(records[n], new)
        return result

    @staticmethod
    def _as_given(stored: StoredRecord, new: NewRecord) -> StoredRecord:
        return attrs.evolve(stored, header=new.header, payload=new.payload, hash=new.hash)


class AliasedOutput(Core):
    """Hands out its own list, which grows."""

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        found = super().read_stream(stream, after=after, limit=limit)
        with self._held():
            own = self._records.get(stream, [])
        return own if len(found) == len(own) else found


class UseAfterCloseWorks(Handle):
    """Goes on after it was closed."""

    def close(self) -> None:
        pass


class ClosedReadsNothing(Handle):
    """Swallows the driver's error when it reads."""

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        try:
            return super().read_stream(stream, after=after, limit=limit)
        except StoreError:
            return ()


class ClosedIsUnknown(Handle):
    """Says "unknown" of everything that went wrong, also where certainly nothing was written (C5)."""

    def append(self, batch: AppendBatch) -> AppendResult:
        try:
            return super().append(batch)
        except StoreUnavailable as error:
            raise CommitUnknown(str(error)) from error


class ClosedTwiceRaises(Handle):
    """Lets go of what it has not any more."""

    def close(self) -> None:
        self.core  # noqa: B018
        super().close()


class LockKeptAfterARefusal(Core):
    """Takes its lock without ``with``."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._writing = threading.Lock()

    def append(self, batch: AppendBatch) -> AppendResult:
        self._writing.acquire()
        result = super().append(batch)
        self._writing.release()
        return result
