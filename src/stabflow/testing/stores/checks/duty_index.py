"""C13: duties are found by every filter and any of them together, page by page, from rows that follow the acts."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import attrs

from ....errors import InvalidInput
from ....ports.store import DutyQuery, DutyRow, Store
from ... import expectation as expect
from ..material import duty_row, indexed
from ..paging import DUES, DUTY_FILTERS, all_pages, subsets
from ..registry import check
from ..storage import Storage

MADE_UP = (
    "",
    "[]",
    "null",
    "nonsense",
    '["a"]',
    '"abcdef"',
    "[1,2,3,4,5,6]",
    "[" * 100_000,
    '["a","b","c","d","e","\\ud800"]',
)


@check("C13")
def every_column_of_a_duty_row_is_replaced(storage: Storage) -> None:
    """A row of the same duty, role, body and actor that differs in one other column alone takes the place of the one before."""
    store = storage.open()
    row = duty_row()
    indexed(store, row)
    new: dict[str, Any] = {
        "procedure": "another",
        "state": "planning",
        "level": 1,
        "due_at": DUES[1],
        "estimated": True,
        "breached": True,
    }
    back: dict[str, Any] = {"due_at": "", "level": 0, "breached": False, "estimated": False}
    for name, value in (*new.items(), *back.items()):
        row = attrs.evolve(row, **{name: value})
        indexed(store, row)
        expect.equal(
            store.find_duties(DutyQuery()).rows, (row,), f"the row of the duty after its {name} became {value!r}"
        )
        if name in DUTY_FILTERS:
            found = store.find_duties(DutyQuery(**{name: value})).rows
            expect.equal(found, (row,), f"the duty by its new {name}")


@check("C13")
def duties_are_cleared_and_replaced(storage: Storage) -> None:
    """A change clears all rows of the duties it names, and puts its own in the place of those with the same key."""
    store = storage.open()
    own, objection = duty_row(), duty_row(duty="objection-1", due_at=DUES[1])
    second = attrs.evolve(objection, actor="u-2")

    def duties(right: tuple[DutyRow, ...], what: str) -> None:
        expect.equal(store.find_duties(DutyQuery()).rows, right, f"the duties after {what}")

    indexed(store, own, objection, second)
    duties((own, objection, second), "three came")
    indexed(store)
    duties((own, objection, second), "an act that names none")
    later = attrs.evolve(
        own, state="planning", level=2, due_at="2027-01-01T08:00:00.000000Z", estimated=True, breached=True
    )
    indexed(store, later)
    duties((objection, second, later), "a new row of the same duty, role, body and actor, due later")
    third = attrs.evolve(second, actor="u-3")
    indexed(store, third, cleared=("objection-1", "nothing"))
    duties((third, later), "one duty was cleared and came again for another office-holder")
    indexed(store, later, cleared=("case",))
    duties((third, later), "a duty was cleared and came again in the same act")
    indexed(store, cleared=("case", "objection-1"))
    duties((), "all were cleared")


@check("C13")
def clearing_touches_no_other_case(storage: Storage) -> None:
    """Clearing the duty of one case leaves the duty of the same name of another."""
    store = storage.open()
    mine, other = duty_row("bridge-1"), duty_row("bridge-2")
    indexed(store, mine)
    indexed(store, other)
    indexed(store, cleared=("case",))
    expect.equal(store.find_duties(DutyQuery()).rows, (other,), "the duties after those of one case were cleared")
    indexed(store, duty_row("bridge-1", state="planning"))
    rows = store.find_duties(DutyQuery()).rows
    expect.equal(rows, (duty_row("bridge-1", state="planning"), other), "the duties after one came again")


def some_duties(store: Store) -> list[DutyRow]:
    """Duties with many equal due times, and some without; in the order in which pages must have them."""
    rows = [
        duty_row(
            case,
            f"item-{n}",
            role=f"role-{n % 2}",
            body=f"body-{n % 3}",
            actor=actor,
            level=n % 2,
            breached=bool(n % 2),
            procedure=f"p-{n % 3}",
            due_at=DUES[n % 3],
        )
        for case in ("case-1", "case-2", "case-3")
        for n in range(6)
        for actor in ("", "u-1", "u-2")
    ]
    for case in ("case-2", "case-3", "case-1"):
        indexed(store, *reversed([row for row in rows if row.case_id == case]))
    return sorted(
        rows, key=lambda row: (not row.due_at, row.due_at, row.case_id, row.duty, row.role, row.body, row.actor)
    )


@check("C13")
def every_filter_of_duties_and_every_page(storage: Storage) -> None:
    """Any filters together, and a time before which they are due, find the duties that match all of them, the first due first,
    open-ended ones last, in pages of any size."""
    store = storage.open()
    rows = some_duties(store)
    values: dict[str, Any] = {
        "case_id": "case-2",
        "role": "role-1",
        "body": "body-1",
        "actor": "",
        "level": 1,
        "breached": True,
        "procedure": "p-1",
    }

    def find(filters: dict[str, Any], limit: int, after: str | None) -> Any:
        return store.find_duties(DutyQuery(**filters, after=after, limit=limit))

    for names, before in itertools.product(subsets(DUTY_FILTERS), (None, DUES[1], "2027")):
        filters = {name: values[name] for name in names}
        right = [row for row in rows if all(getattr(row, name) == values[name] for name in names)]
        if before is not None:
            filters["due_before"] = before
            right = [row for row in right if row.due_at and row.due_at < before]
        for limit in (2, 1_000):
            what = f"duties by {filters or 'nothing'} in pages of {limit}"
            expect.equal(all_pages(partial(find, filters, limit), limit, what), right, what)
    for name, value in (("level", 0), ("breached", False), ("body", ""), ("role", "")):
        right = [row for row in rows if getattr(row, name) == value]
        found = list(store.find_duties(DutyQuery(limit=1_000, **{name: value})).rows)  # type: ignore[arg-type]
        expect.equal(found, right, f"duties by {name}={value!r}")


@check("C13")
def a_made_up_cursor_is_bad_input(storage: Storage) -> None:
    """A cursor of duties that no page gave is `InvalidInput`."""
    store = storage.open()
    for _ in range(2):
        for cursor in MADE_UP:
            asked = partial(store.find_duties, DutyQuery(after=cursor))
            expect.raised(InvalidInput, asked, f"the made-up cursor {cursor[:20]!r}")
        indexed(store, duty_row())
