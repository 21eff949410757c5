"""Tampering with a schema, for tests that want to see it found: as a superuser, who alone gets past the triggers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from psycopg import sql

from stabflow.ports.store import AppendResult, CaseRow, DutyRow, Snapshot, StoredRecord
from stabflow.testing import Tampering

from .rows import put
from .schema import GUARDED
from .store import PostgresStore
from .testing import administrator, schema_of

_DUE = "due_at"
_OPEN_ENDED = "~"


class PostgresTampering(Tampering):
    """In the schema that the URL names. It is a context, which closes its own handle."""

    def __init__(self, url: str) -> None:
        super().__init__(PostgresStore.from_url(url))
        self._url = url

    def put_records(self, stream: str, records: Sequence[StoredRecord]) -> None:
        """See `Tampering.put_records`."""
        self._replace("records", {"stream": stream}, [attrs.asdict(one) for one in records])

    def put_case(self, case_id: str, row: CaseRow | None) -> None:
        """See `Tampering.put_case`."""
        self._replace("cases", {"case_id": case_id}, [] if row is None else [attrs.asdict(row)])

    def put_duties(self, case_id: str, rows: Sequence[DutyRow]) -> None:
        """See `Tampering.put_duties`."""
        plain = attrs.filters.exclude(_DUE)
        found = [attrs.asdict(row, filter=plain) | {"due": row.due_at or _OPEN_ENDED} for row in rows]
        self._replace("duties", {"case_id": case_id}, found)

    def put_key(self, stream: str, key: str, kept: tuple[str, AppendResult] | None) -> None:
        """See `Tampering.put_key`."""
        known = {"stream": stream, "key": key}
        rows = []
        if kept is not None:
            digest, result = kept
            versions = {"first_version": result.first_version, "last_version": result.last_version}
            rows = [{**known, "digest": digest, **versions}]
        self._replace("keys", known, rows)

    def put_snapshot(self, snapshot: Snapshot) -> None:
        """See `Tampering.put_snapshot`."""
        self._replace("snapshots", {"stream": snapshot.stream}, [attrs.asdict(snapshot)])

    def close(self) -> None:
        """Close the handle."""
        self._store.close()

    def _replace(self, table: str, of: dict[str, str], rows: Sequence[dict[str, Any]]) -> None:
        """Let these be the rows of the table in which the columns ``of`` have these values."""
        name = sql.Identifier(schema_of(self._url), table)
        trigger = sql.SQL("ALTER TABLE {} {} TRIGGER append_only")
        which = sql.SQL(" AND ").join([sql.SQL("{} = %s").format(sql.Identifier(column)) for column in of])
        with administrator(self._url) as link, link.transaction():
            if table in GUARDED:
                link.execute(trigger.format(name, sql.SQL("DISABLE")))
            link.execute(sql.SQL("DELETE FROM {} WHERE {}").format(name, which), [put(value) for value in of.values()])
            for row in rows:
                columns = sql.SQL(", ").join([sql.Identifier(column) for column in row])
                places = sql.SQL(", ").join([sql.Placeholder()] * len(row))
                values = [put(value) if isinstance(value, str) else value for value in row.values()]
                link.execute(sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(name, columns, places), values)
            if table in GUARDED:
                link.execute(trigger.format(name, sql.SQL("ENABLE ALWAYS")))
