"""C13: cases and duties are found by every filter and any of them together, page by page, from rows that follow the acts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import attrs

from ..errors import InvalidInput
from ..ports.store import CaseQuery, CaseRow, DutyQuery, DutyRow, Store
from . import expectation as expect
from .material import case_row, duty_row, indexed
from .registry import Level, check
from .storage import Storage

CASE_FILTERS = ("matter", "procedure", "state", "step", "outcome", "body")
DUTY_FILTERS = ("case_id", "role", "body", "actor", "level", "breached", "procedure")
DUES = ("2026-12-01T08:00:00.000000Z", "2026-12-02T08:00:00.000000Z", "")
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


@check("C13")
def the_case_row_is_replaced(storage: Storage) -> None:
    """After each append the case has the row that came with it, and is found by its values alone."""
    store = storage.open()
    indexed(store, case_row(state="planning", version=1))
    changes: tuple[dict[str, Any], ...] = (
        {"version": 2},
        {"version": 3, "state": "reviewing"},
        {"version": 4, "state": "decided", "step": "decided", "outcome": "implement", "round": 2, "title": "New"},
        {"version": 5, "matter": "m", "procedure": "p", "state": "s", "step": "t", "outcome": "o", "body": "b"},
        {"version": 6, "procedure_version": "2", "digest": "e", "opened_at": "x", "updated_at": "y"},
    )
    for changed in changes:
        row = case_row(**changed)
        indexed(store, row)
        expect.equal(store.find_cases(CaseQuery()).rows, (row,), "the row of the case")
        for name in CASE_FILTERS:
            by = CaseQuery(**{name: getattr(row, name)})
            expect.equal(store.find_cases(by).rows, (row,), f"the case by its {name}")
        planning = () if row.state != "planning" else (row,)
        expect.equal(store.find_cases(CaseQuery(state="planning")).rows, planning, "the case by a state it was in")


@check("C13")
def every_column_of_the_case_row_is_replaced(storage: Storage) -> None:
    """A row that differs in one column alone is stored, whichever column that is."""
    store = storage.open()
    row = case_row()
    indexed(store, row)
    for column in attrs.fields(CaseRow):
        if column.name == "case_id":
            continue
        old: Any = getattr(row, column.name)
        changed: dict[str, Any] = {column.name: old + 1 if isinstance(old, int) else f"new {column.name}"}
        row = attrs.evolve(row, **changed)
        indexed(store, row)
        expect.equal(store.find_cases(CaseQuery()).rows, (row,), f"the row of the case after its {column.name} changed")
        if column.name in CASE_FILTERS:
            found = store.find_cases(CaseQuery(**{column.name: old})).rows
            expect.equal(found, (), f"the case by the {column.name} that it had before")
            found = store.find_cases(CaseQuery(**{column.name: getattr(row, column.name)})).rows
            expect.equal(found, (row,), f"the case by its new {column.name}")


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
def pages_stand_where_they_stood(storage: Storage) -> None:
    """A cursor goes on after the row it was given with, also when rows before and after it come and go meanwhile."""
    store = storage.open()
    for n in (2, 4, 6, 8):
        indexed(store, case_row(f"case-{n}"), duty_row(f"case-{n}", due_at=f"2026-12-0{n}T08:00:00.000000Z"))
    cases, duties = store.find_cases(CaseQuery(limit=2)), store.find_duties(DutyQuery(limit=2))
    for n in (1, 3, 5, 9):
        indexed(store, case_row(f"case-{n}"), duty_row(f"case-{n}", due_at=f"2026-12-0{n}T08:00:00.000000Z"))
    indexed(store, case_row("case-2"), cleared=("case",))
    indexed(store, case_row("case-4"), cleared=("case",))
    late = [row.case_id for row in store.find_cases(CaseQuery(after=cases.next)).rows]
    expect.equal(late, ["case-5", "case-6", "case-8", "case-9"], "cases after case-4, once 1, 3, 5 and 9 have come")
    late = [row.case_id for row in store.find_duties(DutyQuery(after=duties.next)).rows]
    what = "duties after that of case-4, once those of 1, 3, 5 and 9 have come and those of 2 and 4 gone"
    expect.equal(late, ["case-5", "case-6", "case-8", "case-9"], what)


@check("C13")
def every_filter_of_cases_and_every_page(storage: Storage) -> None:
    """Any filters together find the cases that match all of them, by case id, in pages of any size; an empty text is a filter."""
    store = storage.open()
    rows = [
        case_row(
            f"case-{n:02}", **{name: str(n // 2**k % 2 or "") for k, name in enumerate(CASE_FILTERS)}, version=n + 1
        )
        for n in range(40)
    ]
    for row in sorted(rows, key=lambda row: row.version * 7 % 40):
        indexed(store, row)

    def find(filters: dict[str, Any], limit: int, after: str | None) -> Any:
        return store.find_cases(CaseQuery(**filters, after=after, limit=limit))

    for names in subsets(CASE_FILTERS):
        filters = dict.fromkeys(names, "1")
        right = [row for row in rows if all(getattr(row, name) == "1" for name in names)]
        for limit in (3, 100):
            what = f"cases by {filters or 'nothing'} in pages of {limit}"
            expect.equal(all_pages(partial(find, filters, limit), limit, what), right, what)
    undecided = [row for row in rows if not row.outcome]
    expect.equal(list(store.find_cases(CaseQuery(outcome="")).rows), undecided, "cases by an empty outcome")


@check("C13")
def a_page_that_is_just_full_is_the_last(storage: Storage) -> None:
    """A page says that there is another only if there is; the cursor is exclusive."""
    store = storage.open()
    for n in range(3):
        indexed(store, case_row(f"case-{n}"), duty_row(f"case-{n}"))

    def cases(**asked: Any) -> tuple[list[str], bool]:
        page = store.find_cases(CaseQuery(**asked))
        return [row.case_id for row in page.rows], page.next is not None

    expect.equal(cases(limit=3), (["case-0", "case-1", "case-2"], False), "three cases in a page of three")
    expect.equal(cases(limit=4), (["case-0", "case-1", "case-2"], False), "three cases in a page of four")
    expect.equal(cases(limit=2), (["case-0", "case-1"], True), "three cases in a page of two")
    after = store.find_cases(CaseQuery(limit=2)).next
    expect.equal(cases(limit=2, after=after), (["case-2"], False), "the page after the first two")
    expect.equal(cases(limit=1, after=after), (["case-2"], False), "the page of one after the first two")
    page = store.find_duties(DutyQuery(limit=3))
    expect.equal((len(page.rows), page.next), (3, None), "three duties in a page of three")
    page = store.find_duties(DutyQuery(limit=2))
    expect.equal((len(page.rows), page.next is None), (2, False), "three duties in a page of two")
    page = store.find_duties(DutyQuery(limit=1, after=page.next))
    expect.equal(
        ([row.case_id for row in page.rows], page.next), (["case-2"], None), "the page of one after the first two"
    )


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
            if limit == 2 and len(names) > 3:
                continue
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


@check("C13", Level.SECOND_HANDLE)
def the_index_follows_every_handle(storage: Storage) -> None:
    """Pages go on from one handle to another, and rows that one handle changed another finds changed."""
    one, two = storage.open(), storage.open()
    rows: list[CaseRow] = []
    for n in range(6):
        one, two = two, one
        rows.append(case_row(f"case-{n}", state=f"state-{n % 2}"))
        indexed(one, rows[-1], duty_row(f"case-{n}", due_at=DUES[n % 3]))
    page = one.find_cases(CaseQuery(limit=4))
    rest = two.find_cases(CaseQuery(limit=4, after=page.next))
    expect.equal([*page.rows, *rest.rows], rows, "two pages, each by another handle")
    duties = one.find_duties(DutyQuery(limit=4))
    late = two.find_duties(DutyQuery(limit=4, after=duties.next))
    order = [row.case_id for row in (*duties.rows, *late.rows)]
    expect.equal(
        order, ["case-0", "case-3", "case-1", "case-4", "case-2", "case-5"], "duties in two pages, by due time"
    )
    indexed(one, case_row("case-0", state="closed"), cleared=("case",))
    expect.equal(
        [row.case_id for row in two.find_cases(CaseQuery(state="closed")).rows], ["case-0"], "the case that was closed"
    )
    expect.equal(two.find_duties(DutyQuery(case_id="case-0")).rows, (), "its duties")
