"""The index: its rows are what replaying gives, and every change of it leads from one to the next."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import worlds
from hypothesis import given
from hypothesis import strategies as st
from worlds import AUDITOR, BASIS, CHAIR, CLERK

from stabflow import Actor, CaseHandle, Engine, Procedure, Refused
from stabflow.case import Case
from stabflow.decision.events import Moved
from stabflow.decision.evolution import evolve
from stabflow.errors import InvalidInput
from stabflow.history import index
from stabflow.ports.store import DutyRow
from stabflow.stores.memory import MemoryStore

Rows = dict[tuple[str, str, str, str], DutyRow]


def by_key(rows: tuple[DutyRow, ...]) -> Rows:
    found = {(row.duty, row.role, row.body, row.actor): row for row in rows}
    assert len(found) == len(rows), "two rows for one holder of one duty"
    return found


def check_changes(procedure: Procedure, handle: CaseHandle) -> None:
    """Applying the changes one after the other gives at every version what summarising the case anew gives."""
    case: Case | None = None
    rows: Rows = {}
    for record in handle.history():
        before, case = case, evolve(case, record.event, record.stamp)
        if isinstance(record.event, Moved) and record.event.dest is not None:
            assert case.due == record.event.due
        change = index.change(procedure, before, case, [record.event])
        rows = {key: row for key, row in rows.items() if row.duty not in change.cleared}
        assert rows.keys().isdisjoint(by_key(change.duties)), "a row that was not cleared comes again"
        rows |= by_key(change.duties)
        row, duties = index.all_rows(procedure, case)
        assert change.case == row
        assert rows == by_key(duties)


PEOPLE = [CHAIR, CLERK, AUDITOR, Actor("clerk-2", body="office"), Actor("clerk-3", body="depot")]
ACTS = st.sampled_from(
    ["note", "do", "submit", "pass", "send_back", "restart", "settle", "appoint", "relieve", "amend", "submit"]
)


@given(st.lists(st.tuples(ACTS, st.integers(0, 7), st.integers(0, 4)), max_size=25))
def test_changes_of_the_index_add_up_to_the_whole(walk: list[tuple[str, int, int]]) -> None:
    engine = worlds.constituted(worlds.engine_over(MemoryStore()))
    case = worlds.opened(engine)
    for act, number, who in walk:
        try:
            step(case, act, number, PEOPLE[who])
        except (Refused, InvalidInput):
            continue
    check_changes(case.procedure, case)
    assert engine.verify().cases == 1


def step(case: CaseHandle, act: str, number: int, who: Actor) -> None:
    items = list(case.value.items) or ["note-1"]
    item = items[number % len(items)]
    both: dict[str, Any] = {"by": who, "basis": BASIS}
    if act == "note":
        case.add("note", words="w", owner=PEOPLE[number % 5], deadline=date(2026, 5, 1 + number), **both)
    elif act == "amend":
        case.amend(item, reason="r", deadline=date(2026, 6, 1 + number), **both)
    elif act in {"do", "pass"}:
        case.fire(act, item=item, by=AUDITOR if act == "pass" else who, basis=BASIS)
    elif act == "submit":
        worlds.noted(case)
        case.fire(act, by=CLERK, basis=BASIS, urgent=True)
    elif act == "send_back":
        case.fire(act, by=CHAIR, basis=BASIS, reasons="r")
    elif act in {"settle", "restart"}:
        case.fire(act, by=CHAIR, basis=BASIS)
    elif act == "appoint":
        case.appoint("clerk", PEOPLE[3 + number % 2], by=CHAIR, basis=BASIS)
    else:
        case.relieve("clerk", PEOPLE[1 + number % 4], by=CHAIR, basis=BASIS)


@pytest.mark.parametrize("url", ["memory:", "sqlite"])
def test_the_index_follows_a_whole_case(url: str, tmp_path: Any) -> None:
    engine = worlds.constituted(worlds.engine_on(url if url == "memory:" else f"sqlite:///{tmp_path}/store.db"))
    case = worlds.opened(engine)
    duties = _duties(engine)
    assert [(row.duty, row.role, row.actor) for row in duties] == [("case", "clerk", "clerk-1")]
    note = case.add("note", by=CLERK, basis=BASIS, **worlds.NOTE)
    assert {(row.duty, row.role, row.actor, row.body) for row in _duties(engine)} >= {
        (note, "owner", "clerk-1", "office")
    }
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    assert {(row.duty, row.role) for row in _duties(engine)} == {
        ("case", "chair"),
        ("check-1", "auditor"),
        ("check-2", "auditor"),
    }
    case.fire("send_back", by=CHAIR, basis=BASIS, reasons="r")
    worlds.noted(case)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    assert {row.duty for row in _duties(engine)} == {"case", "check-3", "check-4"}
    case.fire("pass", item="check-3", by=AUDITOR, basis=BASIS)
    case.fire("settle", by=CHAIR, basis=BASIS)
    assert _duties(engine) == []
    check_changes(case.procedure, case)
    assert engine.verify().cases == 1
    engine.close()


def _duties(engine: Engine) -> list[DutyRow]:
    from stabflow.engine import pages
    from stabflow.ports.store import DutyQuery

    return list(pages.duties(engine._shell.store, DutyQuery()))
