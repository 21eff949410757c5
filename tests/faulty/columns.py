"""Faults in the columns: values of another type than the port names, and names that are cut (C3, C8)."""

from __future__ import annotations

import attrs

from stabflow.ports.store import (
    AppendBatch,
    AppendResult,
    CasePage,
    CaseQuery,
    DutyPage,
    DutyQuery,
    Snapshot,
)

from .shared import Core


class FlagsAsNumbers(Core):
    """Keeps flags in a column of numbers, and hands out what the driver gives."""

    def find_duties(self, query: DutyQuery) -> DutyPage:
        page = super().find_duties(query)
        return attrs.evolve(page, rows=tuple(attrs.evolve(row, estimated=int(row.estimated)) for row in page.rows))


class BytesAsViews(Core):
    """Hands out bytes as its driver does, as views."""

    def get_snapshot(self, stream: str) -> Snapshot | None:
        found = super().get_snapshot(stream)
        return None if found is None else attrs.evolve(found, data=memoryview(found.data))


class RowsInAList(Core):
    """Hands out the rows of a page as the driver gives them, in a list."""

    def find_cases(self, query: CaseQuery) -> CasePage:
        page = super().find_cases(query)
        return attrs.evolve(page, rows=list(page.rows))


class KeysCut(Core):
    """Keeps keys in a column of 128 characters, and is not in strict mode."""

    def append(self, batch: AppendBatch) -> AppendResult:
        return super().append(attrs.evolve(batch, key=batch.key and batch.key[:128]))

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        return super().lookup(stream, key[:128])


class CaseIdsCut(Core):
    """Keeps the ids of cases in 255 bytes, and cuts Chinese ones at 85 characters."""

    def append(self, batch: AppendBatch) -> AppendResult:
        change = batch.index
        if change is not None:
            duties = tuple(attrs.evolve(row, case_id=self._cut(row.case_id)) for row in change.duties)
            case = attrs.evolve(change.case, case_id=self._cut(change.case.case_id))
            change = attrs.evolve(change, case=case, duties=duties)
        return super().append(attrs.evolve(batch, index=change))

    @staticmethod
    def _cut(text: str) -> str:
        return text.encode()[:255].decode(errors="ignore")


class LanesCut(Core):
    """Keeps lanes in a column of 191 characters."""

    def append(self, batch: AppendBatch) -> AppendResult:
        cut = tuple(attrs.evolve(new, lane=new.lane[:191]) for new in batch.outbox)
        return super().append(attrs.evolve(batch, outbox=cut))
