"""Pages of an index: what its filters are, and reading all of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .. import expectation as expect

CASE_FILTERS = ("matter", "procedure", "state", "step", "outcome", "body")
DUTY_FILTERS = ("case_id", "role", "body", "actor", "level", "breached", "procedure")
DUES = ("2026-12-01T08:00:00.000000Z", "2026-12-02T08:00:00.000000Z", "")


def subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every choice of names, from none to all."""
    return itertools.chain.from_iterable(itertools.combinations(names, n) for n in range(len(names) + 1))


def all_pages(find: Callable[[str | None], Any], limit: int, what: str) -> list[Any]:
    """The rows of all pages, each of which but the last must be full."""
    found: list[Any] = []
    after = None
    while True:
        page = find(after)
        found += page.rows
        expect.true(len(page.rows) <= limit, f"{what}: a page of at most {limit} has more", len(page.rows))
        if page.next is None:
            return found
        expect.equal(len(page.rows), limit, f"{what}: rows of a page that is not the last")
        expect.true(page.next != after, f"{what}: a page gives the cursor that it was asked with", after)
        after = page.next
