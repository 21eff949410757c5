"""Faults in pages, and in snapshots (C9, C13, and the pages of streams), each seen by one handle used in order."""

from __future__ import annotations

import json
from collections.abc import Sequence

import attrs

from stabflow.errors import InvalidInput, VersionConflict
from stabflow.ports import store_rules as rules
from stabflow.ports.store import (
    MAX_PAGE,
    AppendBatch,
    AppendResult,
    CasePage,
    CaseQuery,
    DutyPage,
    DutyQuery,
    StoredRecord,
)

from .shared import Core

# Pages


class PageRepeatsItsEdge(Core):
    """Goes on by >=: the last row of a page is the first of the next."""

    def find_cases(self, query: CaseQuery) -> CasePage:
        page = super().find_cases(query)
        if query.after is None or query.after not in self._cases:
            return page
        filters = rules.given(query, rules.CASE_FILTERS).items()
        edge = self._cases[query.after]
        if not all(getattr(edge, name) == value for name, value in filters):
            return page
        rows = (edge, *page.rows)
        return CasePage(rows[: query.limit], rows[query.limit - 1].case_id if len(rows) > query.limit else None)


class PageSkipsARow(Core):
    """Takes the row that told it of a next page for the cursor, and goes on behind it."""

    def find_cases(self, query: CaseQuery) -> CasePage:
        page = super().find_cases(query)
        if page.next is None:
            return page
        following = super().find_cases(attrs.evolve(query, after=page.next, limit=1)).rows
        return CasePage(page.rows, following[0].case_id)


class PagesByOffset(Core):
    """Counts rows: a case that comes in before the cursor shifts all those behind it."""

    def find_cases(self, query: CaseQuery) -> CasePage:
        rules.check_page(query.limit)
        start = 0 if query.after is None else int(query.after)
        rows = super().find_cases(attrs.evolve(query, after=None, limit=MAX_PAGE)).rows[start:]
        return CasePage(rows[: query.limit], str(start + query.limit) if len(rows) > query.limit else None)


class FullPageHasANext(Core):
    """Gives a cursor whenever a page is full, also where nothing is behind it."""

    def find_cases(self, query: CaseQuery) -> CasePage:
        page = super().find_cases(query)
        return CasePage(page.rows, page.rows[-1].case_id if len(page.rows) == query.limit else None)


class FiltersThePage(Core):
    """Cuts the page first and filters what is on it."""

    def find_cases(self, query: CaseQuery) -> CasePage:
        page = super().find_cases(CaseQuery(after=query.after, limit=query.limit))
        filters = rules.given(query, rules.CASE_FILTERS).items()
        rows = [row for row in page.rows if all(getattr(row, name) == value for name, value in filters)]
        return CasePage(tuple(rows), page.next)


class DutiesPagedByTimeAlone(Core):
    """Goes on behind the due time: of duties due together, those over the edge are never seen."""

    def find_duties(self, query: DutyQuery) -> DutyPage:
        if query.after is None:
            return super().find_duties(query)
        after = rules.read_cursor(query.after)
        assert after is not None
        return super().find_duties(attrs.evolve(query, after=json.dumps([after[0], *["\U0010ffff"] * 5])))


class BadDutyCursorStartsOver(Core):
    """Reads a cursor that is none as no cursor."""

    def find_duties(self, query: DutyQuery) -> DutyPage:
        try:
            return super().find_duties(query)
        except InvalidInput:
            return super().find_duties(attrs.evolve(query, after=None))


class StreamLimitIgnored(Core):
    """Gives the whole stream."""

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        return super().read_stream(stream, after=after)


class StreamAfterInclusive(Core):
    """Reads the stream from ``after`` by >=."""

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        return super().read_stream(stream, after=after - 1, limit=limit)


class AnyPageSize(Core):
    """Has no bounds for pages: ``limit=0`` is an empty page, which looks like the end."""

    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        return super().read_stream(stream, after=after, limit=min(limit, MAX_PAGE)) if limit > 0 else ()


# C9 Snapshots


class SnapshotBeyondHead(Core):
    """Takes any snapshot that it is handed."""

    def append(self, batch: AppendBatch) -> AppendResult:
        result = super().append(attrs.evolve(batch, snapshot=None))
        taken = batch.snapshot
        if taken is not None and not result.replayed:
            old = self._snapshots.get(taken.stream)
            if old is None or old.version < taken.version:
                self._snapshots[taken.stream] = taken
        return result


class OlderSnapshotReplaces(Core):
    """Keeps the snapshot that came last."""

    def append(self, batch: AppendBatch) -> AppendResult:
        result = super().append(batch)
        if batch.snapshot is not None and not result.replayed:
            self._snapshots[batch.stream] = batch.snapshot
        return result


class SnapshotOfRefused(Core):
    """Puts the snapshot, being only a cache, before the append is known to go through."""

    def append(self, batch: AppendBatch) -> AppendResult:
        try:
            return super().append(batch)
        except VersionConflict:
            if batch.snapshot is not None:
                self._snapshots[batch.stream] = batch.snapshot
            raise
