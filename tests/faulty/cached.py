"""Faults of a handle that keeps to itself what the storage has in common, and of closing (C1, C3, C6, C7, C10, C12)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import attrs

from stabflow.errors import LeaseLost, VersionConflict
from stabflow.ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    CasePage,
    CaseQuery,
    Claim,
    FeedPage,
    Snapshot,
    StoredRecord,
    StreamHead,
)

from .shared import Core, Handle


class StaleStream(Handle):
    """Remembers streams that it has read, and forgets them only when it writes to them itself."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._read: dict[tuple[str, int, int], Sequence[StoredRecord]] = {}

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        asked = (stream, after, limit)
        if asked not in self._read:
            self._read[asked] = super().read_stream(stream, after=after, limit=limit)
        return self._read[asked]

    def append(self, batch: AppendBatch) -> AppendResult:
        self._read = {asked: found for asked, found in self._read.items() if asked[0] != batch.stream}
        return super().append(batch)

    def close(self) -> None:
        self._read.clear()
        super().close()


class StaleHeads(Handle):
    """Remembers where streams end, and moves that on only with its own appends."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._ends: dict[str, StreamHead] = {}

    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        asked = [stream for stream in streams if stream not in self._ends]
        self._ends |= {head.stream: head for head in super().heads(asked)}
        return tuple(self._ends[stream] for stream in streams)

    def are_heads(self, heads: Sequence[StreamHead]) -> bool:
        return tuple(self.heads([head.stream for head in heads])) == tuple(heads)

    def append(self, batch: AppendBatch) -> AppendResult:
        self._ends.pop(batch.stream, None)
        return super().append(batch)


class VersionCheckedAgainstItsCache(Handle):
    """Compares with the version it remembers, and writes behind whatever is there."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._versions: dict[str, int] = {}

    def append(self, batch: AppendBatch) -> AppendResult:
        (there,) = super().heads([batch.stream])
        known = self._versions.setdefault(batch.stream, there.version)
        if batch.key is None or super().lookup(batch.stream, batch.key) is None:
            if known != batch.expected_version:
                raise VersionConflict(batch.stream, batch.expected_version, known)
            batch = attrs.evolve(batch, expected_version=there.version)
        result = super().append(batch)
        if not result.replayed:
            self._versions[batch.stream] = result.last_version
        return result


class KeysOfThisHandle(Handle):
    """Keeps the keys in the handle."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._own: set[tuple[str, str]] = set()

    def append(self, batch: AppendBatch) -> AppendResult:
        if batch.key is None:
            return super().append(batch)
        if (batch.stream, batch.key) not in self._own:
            self.core._keys.pop((batch.stream, batch.key), None)
        result = super().append(batch)
        self._own.add((batch.stream, batch.key))
        return result

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        found = super().lookup(stream, key)
        return found if (stream, key) in self._own else None


class StaleSnapshot(Handle):
    """Remembers the snapshot it has read."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._read: dict[str, Snapshot | None] = {}

    def get_snapshot(self, stream: str) -> Snapshot | None:
        if stream not in self._read:
            self._read[stream] = super().get_snapshot(stream)
        return self._read[stream]

    def append(self, batch: AppendBatch) -> AppendResult:
        self._read.pop(batch.stream, None)
        return super().append(batch)


class StaleIndex(Handle):
    """Remembers answers about cases until it appends something itself."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._found: dict[CaseQuery, CasePage] = {}

    def find_cases(self, query: CaseQuery) -> CasePage:
        if query not in self._found:
            self._found[query] = super().find_cases(query)
        return self._found[query]

    def append(self, batch: AppendBatch) -> AppendResult:
        self._found.clear()
        return super().append(batch)


class EndOfFeedRemembered(Handle):
    """Polls the feed no further than where it last ended, until it appends something itself."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._end: str | None = None

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        if after is not None and after == self._end:
            return FeedPage((), after)
        page = super().read_feed(after=after, limit=limit)
        self._end = page.cursor if len(page.records) < limit else None
        return page

    def append(self, batch: AppendBatch) -> AppendResult:
        self._end = None
        return super().append(batch)


class EpochOfThisHandle(Handle):
    """Draws the epoch of the feed when it is opened: after each start every reader is told to begin anew."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._core_epoch, self._epoch = core._epoch, f"{id(self):x}"

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        page = super().read_feed(after=after and after.replace(self._epoch, self._core_epoch), limit=limit)
        return FeedPage(page.records, page.cursor and page.cursor.replace(self._core_epoch, self._epoch))


class TokensOfThisHandle(Handle):
    """Counts tokens in the handle: after a start they begin again at 1, and an old worker's may pass for a new one."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._tokens = itertools.count(1)

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        claims = [
            attrs.evolve(claim, token=next(self._tokens))
            for claim in super().claim(owner, limit=limit, lease_for=lease_for)
        ]
        with self.core._held():
            for claim in claims:
                self.core._lanes[claim.lane][claim.notice].token = claim.token
        return tuple(claims)


class LeasesOfThisHandle(Handle):
    """Knows of its own leases alone, and so claims what another handle has claimed."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._own: set[int] = set()

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        with self.core._held():
            for lane in self.core._lanes.values():
                for notice in lane.values():
                    if notice.token and notice.number not in self._own:
                        notice.ready = 0
        claims = super().claim(owner, limit=limit, lease_for=lease_for)
        self._own |= {claim.notice for claim in claims}
        return claims


class ClaimsOfOthersRefused(Handle):
    """Takes an `ack` from the handle that claimed alone: after a start, what was delivered is delivered again."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._own: set[int] = set()

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        claims = super().claim(owner, limit=limit, lease_for=lease_for)
        self._own |= {claim.token for claim in claims}
        return claims

    def ack(self, claim: Claim) -> None:
        if claim.token not in self._own:
            raise LeaseLost(claim.notice, claim.token)
        super().ack(claim)


class ClosingClosesAll(Handle):
    """Closes the pool that all handles share."""

    def close(self) -> None:
        self.shared._open = False
        super().close()
