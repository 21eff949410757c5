"""Rows of the index, and what is in the outbox, page after page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import attrs

from ..ports.store import (
    MAX_PAGE,
    CasePage,
    CaseQuery,
    CaseRow,
    DeadLetter,
    DutyPage,
    DutyQuery,
    DutyRow,
    Store,
    WaitingNotice,
)
from ..values import MAX_TITLE, clean_text

N = TypeVar("N", WaitingNotice, DeadLetter)


def wanted(value: object, path: str) -> str | None:
    """What a filter asks for, as the index has it; `InvalidInput` where it is no text."""
    return None if value is None else clean_text(value, path, max_length=MAX_TITLE, required=False)


def cases(store: Store, query: CaseQuery) -> Iterator[CaseRow]:
    """The rows of every page of ``query``."""
    return _rows(store.find_cases, query)


def case_on(store: Store, matter: str, case_id: str) -> CaseRow | None:
    """The row of a case on a matter as it is now, if there is one."""
    return next((row for row in cases(store, CaseQuery(matter=matter, limit=MAX_PAGE)) if row.case_id == case_id), None)


def duties(store: Store, query: DutyQuery) -> Iterator[DutyRow]:
    """The rows of every page of ``query``."""
    return _rows(store.find_duties, query)


def _rows(find: Callable[[Any], CasePage | DutyPage], query: CaseQuery | DutyQuery) -> Iterator[Any]:
    while True:
        page = find(query)
        yield from page.rows
        if page.next is None:
            return
        query = attrs.evolve(query, after=page.next)


def letters(read: Callable[..., Sequence[N]]) -> Iterator[N]:
    """Everything that ``read`` (`Store.waiting`, or `Store.dead_letters`) has, by number."""
    after = 0
    while page := read(after=after, limit=MAX_PAGE):
        yield from page
        after = page[-1].notice
