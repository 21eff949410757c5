"""Rows of the index, page after page."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..ports.store import CaseQuery, CaseRow, DutyQuery, DutyRow, Store


def cases(store: Store, query: CaseQuery) -> Iterator[CaseRow]:
    """The rows of every page of ``query``."""
    while True:
        page = store.find_cases(query)
        yield from page.rows
        if page.next is None:
            return
        query = attrs.evolve(query, after=page.next)


def duties(store: Store, query: DutyQuery) -> Iterator[DutyRow]:
    """The rows of every page of ``query``."""
    while True:
        page = store.find_duties(query)
        yield from page.rows
        if page.next is None:
            return
        query = attrs.evolve(query, after=page.next)
