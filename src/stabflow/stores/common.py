"""What both stores do alike: they check what they are handed, and cut their answers into pages.

What is refused here as `ValueError` is a mistake in the code that calls the store, not in the storage and not in anybody's
request; a page cursor comes from outside, so a bad one is `InvalidInput`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..errors import InvalidInput, StoreUnavailable, Unsupported
from ..ports.store import (
    MAX_PAGE,
    AppendBatch,
    Capability,
    CasePage,
    CaseQuery,
    CaseRow,
    DutyPage,
    DutyQuery,
    DutyRow,
)

CASE_FILTERS = ("matter", "body", "state", "step", "procedure", "outcome")
"""The filters of a `CaseQuery`, in the order in which they are likely to leave few rows."""

DUTY_FILTERS = ("case_id", "actor", "body", "role", "breached")
"""The filters of a `DutyQuery` that find duties, in the order in which they are likely to leave few; the procedure and the due
time only narrow what is found."""

OPEN_ENDED = "~"
"""Stands for "no due time" where duties are put in order: it sorts after every time."""

DutyKey = tuple[str, str, str, str, str, str]


def check_batch(batch: AppendBatch) -> None:
    """Refuse what these stores cannot write (`Unsupported`) and what no store could (`ValueError`)."""
    if batch.outbox:
        raise Unsupported(Capability.OUTBOX.name, "a batch with notices")
    if batch.snapshot is not None:
        raise Unsupported(Capability.SNAPSHOTS.name, "a batch with a snapshot")
    if not batch.stream:
        raise ValueError("a batch must name its stream")
    if not batch.records:
        raise ValueError(f"the batch for {batch.stream} has no records")
    if (batch.key is None) is not (batch.digest is None):
        raise ValueError(f"the batch for {batch.stream} has a key or a digest, but not both: they come together")
    index = batch.index
    if index is not None:
        for duty in index.duties:
            if duty.case_id != index.case.case_id:
                raise ValueError(f"the index change of case {index.case.case_id} has a duty of case {duty.case_id}")


def check_page(limit: int) -> None:
    """Refuse a page size that is not from 1 to `MAX_PAGE` (`ValueError`)."""
    if not 1 <= limit <= MAX_PAGE:
        raise ValueError(f"a page has 1 to {MAX_PAGE} rows, not {limit}")


def closed(what: str) -> StoreUnavailable:
    """The error for a handle that was closed."""
    return StoreUnavailable(f"{what} was closed; open it again")


def forked(what: str) -> StoreUnavailable:
    """The error for a handle that came into this process by a fork."""
    return StoreUnavailable(f"{what} was opened by the parent process; open it again in this one, after the fork")


def given(query: CaseQuery | DutyQuery, names: Sequence[str]) -> dict[str, str | int]:
    """The filters among ``names`` that the query sets; an empty text is a filter too."""
    return {name: value for name in names if (value := getattr(query, name)) is not None}


def duty_key(row: DutyRow) -> DutyKey:
    """Where a duty stands in the order of pages, and what tells it from every other: the first due comes first."""
    return (row.due_at or OPEN_ENDED, row.case_id, row.duty, row.role, row.body, row.actor)


def read_cursor(cursor: str | None) -> DutyKey | None:
    """The key after which a page of duties begins; `InvalidInput` when the cursor is not one of ours."""
    if cursor is None:
        return None
    try:
        parts = json.loads(cursor)
        if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
            "".join(parts).encode()  # a lone surrogate can be written in JSON, but not compared in a database
            due, case_id, duty, role, body, actor = parts
            return (due, case_id, duty, role, body, actor)
    except (ValueError, RecursionError):
        pass
    raise InvalidInput.at("after", "is not a cursor of a page of duties", "give back a page's own cursor unchanged")


def case_page(rows: Sequence[CaseRow], limit: int) -> CasePage:
    """The page made of up to ``limit`` + 1 rows that were found."""
    page = tuple(rows[:limit])
    return CasePage(page, page[-1].case_id if len(rows) > limit else None)


def duty_page(rows: Sequence[DutyRow], limit: int) -> DutyPage:
    """The page made of up to ``limit`` + 1 rows that were found."""
    page = tuple(rows[:limit])
    return DutyPage(page, json.dumps(duty_key(page[-1]), ensure_ascii=False) if len(rows) > limit else None)
