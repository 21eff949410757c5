"""The feed: every record of the store, in the order in which they became visible, for other systems to follow."""

from __future__ import annotations

import attrs

from ..errors import InvalidInput
from ..history.record import Record, from_stored
from ..ports.store import MAX_PAGE, Store


@attrs.frozen
class Feed:
    """A page of the feed. ``cursor`` is where to go on: keep it with what was made of the records, in one transaction of the
    system that follows. It is ``None`` where the store has never had a record."""

    records: tuple[Record, ...]
    cursor: str | None


def read_feed(store: Store, after: object, limit: object) -> Feed:
    """The page of the feed after a cursor; see `Engine.feed`."""
    if after is not None and not isinstance(after, str):
        raise InvalidInput.at("after", f"{after!r:.60} is not a cursor", "give back a page's own cursor unchanged")
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_PAGE:
        raise InvalidInput.at("limit", f"{limit!r:.60} is no size of a page", f"ask for 1 to {MAX_PAGE} records")
    page = store.read_feed(after=after, limit=limit)
    return Feed(tuple([from_stored(one) for one in page.records]), page.cursor)
