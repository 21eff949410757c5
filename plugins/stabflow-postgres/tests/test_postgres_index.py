"""Cases and duties among a hundred thousand: an index serves every filter, whether or not the server has counted the rows yet."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import attrs
import psycopg
import pytest
from stabflow_postgres import PostgresStore, inspection, rows
from stabflow_postgres.address import read_url
from stabflow_postgres.testing import PostgresHarness, administrator, execute, fresh_url, schema_of

from stabflow.ports import store_rules
from stabflow.ports.store import AppendBatch, CaseQuery, CaseRow, DutyQuery, DutyRow, IndexChange, NewRecord

pytestmark = pytest.mark.slow

MANY = 100_000
MOST_ROWS = 3_000
"""So many rows at most may be touched for a page of 100: those of the page, and some that other filters leave out."""

AT = "2026-11-23T08:00:00.000000Z"


@pytest.fixture(scope="module", params=["counted", "not counted"])
def filled(request: pytest.FixtureRequest) -> Iterator[str]:
    url = fresh_url()
    case = CaseRow("m-0", "m-0", "t", "p-0", "1", "d", "s-0", "step-0", "", "b-0", 1, 1, AT, AT)
    duty = DutyRow("m-0", "p-0", "case", "s-0", "r-0", "b-0", "a-0", 0, AT, False)
    record = NewRecord("tag", b"{}", b"{}", bytes(32))
    store = PostgresStore.from_url(url)
    store.append(AppendBatch("case/m-0", 0, (record,), IndexChange(case, (), (duty,))))
    store.close()
    execute(
        url,
        "INSERT INTO {s}.cases SELECT 'm-' || n, 'm-' || n, 't', 'p-' || n % 6, '1', 'd', 's-' || n % 12, 'step-' || n % 5,"
        f" CASE WHEN n % 10 = 0 THEN 'implement' ELSE '' END, 'b-' || n % 300, 1, 1, '{AT}', '{AT}'"
        f" FROM generate_series(1, {MANY}) n",
        "INSERT INTO {s}.duties SELECT 'm-' || n, 'p-' || n % 6, 'case', 's-' || n % 12, 'r-' || n % 8, 'b-' || n % 300,"
        " 'a-' || n % 3000, CASE WHEN n % 50 = 0 THEN 1 ELSE 0 END,"
        " CASE WHEN n % 3 = 0 THEN '~' ELSE '2026-12-' || lpad((1 + n % 28)::text, 2, '0') || 'T08:00:00.000000Z' END,"
        f" false, n % 100 = 0 FROM generate_series(1, {MANY}) n",
        *(["ANALYZE {s}.cases", "ANALYZE {s}.duties"] if request.param == "counted" else []),
    )
    yield url
    PostgresHarness().destroy(url)


CASES = {"matter": "m-77", "body": "b-7", "state": "s-6", "step": "step-2", "procedure": "p-1", "outcome": "implement"}
DUTIES = {"case_id": "m-77", "actor": "a-77", "body": "b-100", "role": "r-4", "level": 1, "breached": True}


def queries() -> Iterator[CaseQuery | DutyQuery]:
    for names in ((), *itertools.combinations(CASES, 1), ("outcome", "state"), ("body", "step")):
        yield CaseQuery(**{name: CASES[name] for name in names})  # type: ignore[arg-type]
    for names in ((), *itertools.combinations(DUTIES, 1), ("role", "breached"), ("body", "level")):
        for due in (None, "2026-12-20T00:00:00.000000Z"):
            yield DutyQuery(**{name: DUTIES[name] for name in names}, due_before=due)  # type: ignore[arg-type]


def touched(link: psycopg.Connection[tuple[object, ...]], url: str, query: CaseQuery | DutyQuery) -> float:
    """How many rows the server looks at for the page; infinite where it looks through the whole table, or sorts it."""
    find = rows.find_cases if isinstance(query, CaseQuery) else rows.find_duties
    statement, bindings = find(schema_of(url), query)  # type: ignore[arg-type]
    link.execute(inspection.settings(read_url(url)).encode())
    cursor = psycopg.ClientCursor(link)
    ((plan,),) = cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}".encode(), bindings).fetchall()
    total, nodes = 0.0, [plan[0]["Plan"]]
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        if node["Node Type"] == "Seq Scan":
            return float("inf")
        if "Scan" in node["Node Type"]:
            total += node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
    return total


def test_a_page_costs_what_is_on_it(filled: str) -> None:
    store = PostgresStore.from_url(filled)
    with administrator(filled) as link:
        for first in queries():
            second = None
            if isinstance(first, CaseQuery):
                page = store.find_cases(first)
                second = attrs.evolve(first, after=page.next)
            else:
                duties = store.find_duties(first)
                second = attrs.evolve(first, after=duties.next)
            for query in (first, second):
                assert touched(link, filled, query) <= MOST_ROWS, (query, store_rules.given(query, ("after",)))
    store.close()
