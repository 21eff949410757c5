"""The index of one store copied into another, and compared: what it has of a case comes with the last record of the case."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TypeVar

from ..decision.events import Opened
from ..errors import Corrupt
from ..ports.store import MAX_PAGE, CaseQuery, CaseRow, DutyQuery, DutyRow, IndexChange, Store
from . import pages, streams

R = TypeVar("R", CaseRow, DutyRow)


def index_of(source: Store, target: Store, case_id: str, version: int) -> IndexChange | None:
    """All that the index of the source has of a case, in place of all that the target's has; ``None`` where the source does not
    stand at this version of it any more. `Corrupt` when the source does not know the case that its records are of."""
    stream = streams.case_stream(case_id)
    opened = streams.first(source, stream)
    if opened is None or not isinstance(opened.event, Opened):
        raise Corrupt(f"{stream} does not begin with the opening of a case")
    row = pages.case_on(source, opened.event.matter.key, case_id)
    if row is None:
        raise Corrupt(
            f"the index of FROM has no case {case_id!r} on its matter, of which there are records: verify FROM"
        )
    if row.version != version:
        return None
    query = DutyQuery(case_id=case_id, limit=MAX_PAGE)
    gone = dict.fromkeys(duty.duty for duty in pages.duties(target, query))
    return IndexChange(row, tuple(gone), tuple(pages.duties(source, query)))


def compare_index(source: Store, target: Store) -> tuple[int, int, str]:
    """How many cases and duties both indexes have, and of which case they are not the same, if of any."""
    cases, different = _compare(*(pages.cases(store, CaseQuery(limit=MAX_PAGE)) for store in (source, target)))
    if different:
        return cases, 0, different
    duties, different = _compare(*(pages.duties(store, DutyQuery(limit=MAX_PAGE)) for store in (source, target)))
    return cases, duties, different


def _compare(wanted: Iterator[R], found: Iterator[R]) -> tuple[int, str]:
    count = 0
    for one, other in itertools.zip_longest(wanted, found):
        if one != other:
            return count, next(row.case_id for row in (one, other) if row is not None)
        count += 1
    return count, ""
