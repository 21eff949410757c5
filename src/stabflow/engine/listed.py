"""Whether every case of a store is in its index. The index lists the cases, so one that has lost its row there is in no list: the
feed alone shows that there is one. It is read for the names of the streams, and nothing else of it is kept or decoded."""

from __future__ import annotations

from ..decision.events import Opened
from ..errors import Corrupt
from ..ports.store import MAX_PAGE, Capability, CaseRow, Store, StoredRecord
from . import pages, streams
from .conformity import STOP

UNFINISHED = f"if a copy into this store was broken off, run it again; otherwise {STOP}"


def row_of(store: Store, case_id: str, matter: str) -> CaseRow:
    """The index row of a case as it is now; `Corrupt` where it has none."""
    row = pages.case_on(store, matter, case_id)
    if row is None:
        raise Corrupt(f"case {case_id!r} has records, and no row in the index: {UNFINISHED}")
    return row


def check_listed(store: Store, verified: dict[str, int]) -> None:
    """`Corrupt` where a case has records and no row in the index, as far as the store has a feed. ``verified`` are the cases that
    the index had, with the version of each that was read; those opened since are added, at version 0, once their row was found.

    It ends with the feed, or where nothing is left in it but what was done since: who acts faster than it reads cannot keep it.
    """
    if Capability.FEED not in store.capabilities:
        return
    after: str | None = None
    while (page := store.read_feed(after=after, limit=MAX_PAGE)).records:
        after = page.cursor
        old, new = False, False
        for record in page.records:
            case_id = streams.case_of(record.stream)
            if case_id is None:
                continue
            if case_id not in verified:
                _check_row(store, record, case_id)
                verified[case_id] = 0
            is_new = record.version > verified[case_id]
            old, new = old or not is_new, new or is_new
        if new and not old:
            return


def _check_row(store: Store, record: StoredRecord, case_id: str) -> None:
    """Ask the index once more: a case that was opened since it was read has its row by now."""
    opened = streams.first(store, record.stream)
    if opened is None or not isinstance(opened.event, Opened):
        raise Corrupt(f"{record.stream} does not begin with the opening of a case: {STOP}")
    row_of(store, case_id, opened.event.matter.key)
