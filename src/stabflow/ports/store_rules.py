"""What every store does alike, for those who write one: checking what it is handed, cutting its answers into pages.

What is refused here as `ValueError` is a mistake in the code that calls the store, not in the storage and not in anybody's
request; a cursor comes from outside, so a bad one is `InvalidInput`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta

from ..errors import InvalidInput, StoreUnavailable, Unsupported
from .store import (
    MAX_PAGE,
    AppendBatch,
    Capability,
    CasePage,
    CaseQuery,
    CaseRow,
    Clock,
    DutyPage,
    DutyQuery,
    DutyRow,
)

CASE_FILTERS = ("matter", "body", "state", "step", "procedure", "outcome")
"""The filters of a `CaseQuery`, in the order in which they are likely to leave few rows."""

DUTY_FILTERS = ("case_id", "actor", "body", "role", "level", "breached", "procedure")
"""The filters of a `DutyQuery`, but the due time, in the order in which they are likely to leave few rows."""

OPEN_ENDED = "~"
"""Stands for "no due time" where duties are put in order: it sorts after every time."""

DutyKey = tuple[str, str, str, str, str, str]
"""Due time (or `OPEN_ENDED`), case, duty, role, body, actor: the order of duties, in which no two are alike."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def examine_store(store: object) -> None:
    """`InvalidInput` unless ``store`` looks like a store."""
    if isinstance(store, type) or not callable(getattr(store, "append", None)):
        what = store.__name__ if isinstance(store, type) else type(store).__name__
        cure = "give a store that is open, such as MemoryStore(clock); for a URL there is stabflow.open"
        raise InvalidInput.at("store", f"{what} is no open store", cure)


def check_batch(batch: AppendBatch, capabilities: AbstractSet[Capability]) -> None:
    """Refuse what a store with these capabilities cannot write (`Unsupported`), and what no store could (`ValueError`)."""
    stream = batch.stream
    if batch.outbox and Capability.OUTBOX not in capabilities:
        raise Unsupported(Capability.OUTBOX.name, "a batch with notices")
    if batch.snapshot is not None and Capability.SNAPSHOTS not in capabilities:
        raise Unsupported(Capability.SNAPSHOTS.name, "a batch with a snapshot")
    if not stream:
        raise ValueError("a batch must name its stream")
    if (batch.key is None) is not (batch.digest is None):
        raise ValueError(f"the batch for {stream} has a key or a digest, but not both: they come together")
    if not batch.records:
        if not batch.outbox or batch.key is None:
            raise ValueError(f"the batch for {stream} has no records, which only notices with a key may go without")
        if batch.index is not None:
            raise ValueError(f"the batch for {stream} has no records, and would change the index")
    index = batch.index
    if index is not None:
        for duty in index.duties:
            if duty.case_id != index.case.case_id:
                raise ValueError(f"the index change of case {index.case.case_id} has a duty of case {duty.case_id}")
    taken = batch.snapshot
    if taken is not None:
        last = batch.expected_version + len(batch.records)
        if taken.stream != stream or not 0 < taken.version <= last:
            raise ValueError(
                f"the batch for {stream} has a snapshot of {taken.stream} at version {taken.version}, not of its own stream at"
                f" one from 1 to {last}"
            )


def check_page(limit: int) -> None:
    """Refuse a page size that is not from 1 to `MAX_PAGE` (`ValueError`)."""
    if not 1 <= limit <= MAX_PAGE:
        raise ValueError(f"a page has 1 to {MAX_PAGE} rows, not {limit}")


def check_lease(limit: int, lease_for: float) -> None:
    """Refuse to lease so many notices, or for so many seconds (`ValueError`)."""
    check_page(limit)
    if not 0 < lease_for < float("inf"):
        raise ValueError(f"a lease has some seconds, not {lease_for}")


def check_retry(retry_after: float | None) -> None:
    """Refuse a time to wait that is none (`ValueError`)."""
    if retry_after is not None and not 0 <= retry_after < float("inf"):
        raise ValueError(f"a notice is tried again after 0 or more seconds, not {retry_after}")


def system_clock() -> datetime:
    """What the system's clock says."""
    return datetime.now(UTC)


def ticks(clock: Clock, later: float = 0.0) -> int:
    """Microseconds since 1970 at the moment that is ``later`` by so many seconds than the ``clock`` says."""
    return (clock() - _EPOCH) // _MICROSECOND + round(later * 1_000_000)


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


def no_feed_cursor() -> InvalidInput:
    """The error for a cursor that no feed ever gave."""
    return InvalidInput.at("after", "is not a cursor of the feed", "give back a page's own cursor unchanged")


def case_page(rows: Sequence[CaseRow], limit: int) -> CasePage:
    """The page made of up to ``limit`` + 1 rows that were found."""
    page = tuple(rows[:limit])
    return CasePage(page, page[-1].case_id if len(rows) > limit else None)


def duty_page(rows: Sequence[DutyRow], limit: int) -> DutyPage:
    """The page made of up to ``limit`` + 1 rows that were found."""
    page = tuple(rows[:limit])
    return DutyPage(page, json.dumps(duty_key(page[-1]), ensure_ascii=False) if len(rows) > limit else None)
