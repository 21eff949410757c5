"""C13: cases are found by every filter and any of them together, from rows that follow the acts; pages of either index."""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs

from ....ports.store import CaseQuery, CaseRow, DutyQuery, DutyRow
from ....ports.store_rules import duty_key
from ... import expectation as expect
from ..material import case_row, duty_row, indexed
from ..paging import CASE_FILTERS, DUES, all_pages, subsets
from ..registry import Level, check
from ..storage import Storage


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
def rows_are_in_the_order_of_code_points(storage: Storage) -> None:
    """Ids in capitals, in Chinese and beyond U+FFFF come in the order of their code points (which is that of UTF-8), each once,
    in pages of any size."""
    store = storage.open()
    ids = [
        "10",
        "9",
        "B",
        "a",
        "b",
        "B-2",
        "b-1",
        "é",
        "e\u0301",
        "z",
        "大",
        "\ue000",
        "\uffe0",
        "\U0001f309",
        "\U00020000",
    ]
    owed: list[DutyRow] = []
    for one in ids:
        indexed(store, case_row(one), duty_row(one))
        owed.append(duty_row("case", f"item-{one}", due_at="", role=one))
        owed += [
            duty_row("case", "item", due_at=DUES[1], body=one),
            duty_row("case", "item", due_at=DUES[1], actor=one),
        ]
    indexed(store, *owed)
    for limit in (1, 2, 100):
        what = f"ids in pages of {limit}"
        cases = all_pages(lambda after: store.find_cases(CaseQuery(after=after, limit=limit)), limit, what)  # noqa: B023
        expect.equal([row.case_id for row in cases], sorted([*ids, "case"]), f"cases with {what}")
        duties = all_pages(lambda after: store.find_duties(DutyQuery(after=after, limit=limit)), limit, what)  # noqa: B023
        expect.equal(duties, sorted(duties, key=duty_key), f"the order of duties with {what}")
        expect.equal(len(duties), 4 * len(ids), f"duties with {what}")


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
