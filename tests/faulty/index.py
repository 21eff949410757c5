"""Faults in the index of cases and duties, and in its filters (C13), each seen by one handle used in order."""

from __future__ import annotations

from typing import Any, TypeVar

import attrs

from stabflow.ports import store_rules as rules
from stabflow.ports.store import (
    MAX_PAGE,
    CasePage,
    CaseQuery,
    DutyPage,
    DutyQuery,
    DutyRow,
    IndexChange,
)

from .shared import Core

# The index follows the records


class IndexOutOfStep(Core):
    """Updates the case's row only when its state changes."""

    def _change_index(self, change: IndexChange) -> None:
        old = self._cases.get(change.case.case_id)
        super()._change_index(change)
        if old is not None and old.state == change.case.state:
            self._cases[change.case.case_id] = attrs.evolve(old, version=change.case.version)


class AllDutiesReplaced(Core):
    """Takes the duties that come for all the duties of the case."""

    def _change_index(self, change: IndexChange) -> None:
        self._duties.pop(change.case.case_id, None)
        super()._change_index(change)


class ClearedStay(Core):
    """Puts the duties that come, and forgets those that go."""

    def _change_index(self, change: IndexChange) -> None:
        super()._change_index(attrs.evolve(change, cleared=()))


class ClearedLast(Core):
    """Clears after it has put the new rows, which go with the old ones."""

    def _change_index(self, change: IndexChange) -> None:
        super()._change_index(change)
        super()._change_index(attrs.evolve(change, duties=()))


class ClearsOtherCases(Core):
    """Clears by the duty's name alone, which every case has."""

    def _change_index(self, change: IndexChange) -> None:
        for case_id, rows in self._duties.items():
            self._duties[case_id] = {key: row for key, row in rows.items() if row.duty not in change.cleared}
        super()._change_index(change)


class OneRowForEachRole(Core):
    """Has the actor not in the key: of two office-holders only one is left."""

    def _change_index(self, change: IndexChange) -> None:
        super()._change_index(change)
        rows = {(row.duty, row.role, row.body): row for row in self._duties[change.case.case_id].values()}
        self._duties[change.case.case_id] = {("", *rules.duty_key(row)[1:]): row for row in rows.values()}


class DutyKeptAtItsOldTime(Core):
    """Has the due time in the key: a duty with a new one stands there twice."""

    def _change_index(self, change: IndexChange) -> None:
        super()._change_index(attrs.evolve(change, duties=()))
        self._duties[change.case.case_id] |= {rules.duty_key(row): row for row in change.duties}


# Filters


class EmptyFilterIsNone(Core):
    """Looks at a filter only ``if query.body:``."""

    def find_cases(self, query: CaseQuery) -> CasePage:
        return super().find_cases(_without_false(query))


class ZeroFilterIsNone(Core):
    """Looks at a filter only ``if query.level:``."""

    def find_duties(self, query: DutyQuery) -> DutyPage:
        return super().find_duties(_without_false(query))


Query = TypeVar("Query", CaseQuery, DutyQuery)


def _without_false(query: Query) -> Query:
    changes: dict[str, Any] = {name: value or None for name, value in attrs.asdict(query).items() if name != "limit"}
    return attrs.evolve(query, **changes)


class OneFilterAtATime(Core):
    """Serves the first filter from its index, and forgets the others."""

    def find_cases(self, query: CaseQuery) -> CasePage:
        given = rules.given(query, rules.CASE_FILTERS)
        others: dict[str, Any] = dict.fromkeys(list(given)[1:])
        return super().find_cases(attrs.evolve(query, **others))


class DueBeforeInclusive(Core):
    """Counts what is due at that very moment as due before it."""

    def find_duties(self, query: DutyQuery) -> DutyPage:
        before = None if query.due_before is None else f"{query.due_before}\0"
        return super().find_duties(attrs.evolve(query, due_before=before))


class OpenEndedIsOverdue(Core):
    """Compares the texts: an empty due time is before every other."""

    def find_duties(self, query: DutyQuery) -> DutyPage:
        page = super().find_duties(query)
        if query.due_before is None or query.after is not None:
            return page
        openly = super().find_duties(attrs.evolve(query, due_before=None, limit=MAX_PAGE)).rows
        rows = [*(row for row in openly if not row.due_at), *page.rows][: query.limit]
        return DutyPage(tuple(rows), page.next)


class OpenEndedFirst(Core):
    """Puts duties in the order of their texts: the open-ended ones come first."""

    def find_duties(self, query: DutyQuery) -> DutyPage:
        rules.check_page(query.limit)
        rows: list[DutyRow] = []
        cursor: str | None = None
        while True:
            page = super().find_duties(attrs.evolve(query, after=cursor, limit=MAX_PAGE))
            rows, cursor = [*rows, *page.rows], page.next
            if cursor is None:
                break
        rows.sort(key=_by_text)
        after = rules.read_cursor(query.after)
        if after is not None:
            rows = [
                row for row in rows if _by_text(row) > ("" if after[0] == rules.OPEN_ENDED else after[0], *after[1:])
            ]
        return rules.duty_page(rows[: query.limit + 1], query.limit)


def _by_text(row: DutyRow) -> rules.DutyKey:
    return (row.due_at, *rules.duty_key(row)[1:])
