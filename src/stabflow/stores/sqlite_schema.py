"""The tables of the SQLite store, what guards them, and how a file is recognised as ours.

Records and keys are append-only in the database itself: triggers stop UPDATE and DELETE, and a third stops INSERT OR REPLACE,
which deletes without firing the second: a new record must be the next of its stream, and come after all others. So the
version check of C1 is this trigger; a separate read of the head, or a table of heads, cost more than it (2 and 1 more
pages for every act). ``position`` needs no AUTOINCREMENT: no record is ever deleted, so the highest is never reused.

``cases`` and ``duties`` are summaries that can be made again from the records. Each filter of C13 has an index that also
holds the order of the pages (a table WITHOUT ROWID appends its primary key to each of its indexes); where almost every row is
alike (no outcome yet, no breach), only the others are in it, and who asks for the many is served by another.

``snapshots`` and ``outbox`` are no history: the first may be thrown away, the second is emptied as it is delivered.
"""

from __future__ import annotations

from typing import Any

import apsw

from ..errors import ContractTooNew

APPLICATION_ID = 0x53544246
"""Marks a database as ours, in its header: ``STBF``."""

SCHEMA_VERSION = 4
"""Stands in ``user_version``."""

_APPEND_ONLY = "BEGIN SELECT RAISE(ABORT, 'append-only'); END"

SCHEMA: dict[str, str] = {
    "records": """CREATE TABLE records (
  position INTEGER PRIMARY KEY CHECK (position > 0),
  stream TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  tag TEXT NOT NULL,
  header BLOB NOT NULL,
  payload BLOB NOT NULL,
  hash BLOB NOT NULL,
  UNIQUE (stream, version)
) STRICT""",
    "records_insert": f"""CREATE TRIGGER records_insert BEFORE INSERT ON records
WHEN NEW.version IS NOT (SELECT coalesce(max(version), 0) + 1 FROM records WHERE stream = NEW.stream)
  OR NEW.position BETWEEN 0 AND (SELECT max(position) FROM records)
{_APPEND_ONLY}""",
    "records_update": f"CREATE TRIGGER records_update BEFORE UPDATE ON records {_APPEND_ONLY}",
    "records_delete": f"CREATE TRIGGER records_delete BEFORE DELETE ON records {_APPEND_ONLY}",
    "keys": """CREATE TABLE keys (
  stream TEXT NOT NULL,
  key TEXT NOT NULL,
  digest TEXT NOT NULL,
  first_version INTEGER NOT NULL,
  last_version INTEGER NOT NULL,
  PRIMARY KEY (stream, key)
) STRICT, WITHOUT ROWID""",
    "keys_insert": f"""CREATE TRIGGER keys_insert BEFORE INSERT ON keys
WHEN EXISTS (SELECT 1 FROM keys WHERE stream = NEW.stream AND key = NEW.key)
{_APPEND_ONLY}""",
    "keys_update": f"CREATE TRIGGER keys_update BEFORE UPDATE ON keys {_APPEND_ONLY}",
    "keys_delete": f"CREATE TRIGGER keys_delete BEFORE DELETE ON keys {_APPEND_ONLY}",
    "cases": """CREATE TABLE cases (
  case_id TEXT NOT NULL PRIMARY KEY,
  matter TEXT NOT NULL,
  title TEXT NOT NULL,
  procedure TEXT NOT NULL,
  procedure_version TEXT NOT NULL,
  digest TEXT NOT NULL,
  state TEXT NOT NULL,
  step TEXT NOT NULL,
  outcome TEXT NOT NULL,
  body TEXT NOT NULL,
  round INTEGER NOT NULL,
  version INTEGER NOT NULL,
  opened_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT""",
    "cases_matter": "CREATE INDEX cases_matter ON cases (matter, case_id)",
    "cases_procedure": "CREATE INDEX cases_procedure ON cases (procedure, case_id)",
    "cases_state": "CREATE INDEX cases_state ON cases (state, case_id)",
    "cases_step": "CREATE INDEX cases_step ON cases (step, case_id)",
    "cases_outcome": "CREATE INDEX cases_outcome ON cases (outcome, case_id) WHERE outcome <> ''",
    "cases_body": "CREATE INDEX cases_body ON cases (body, case_id)",
    "duties": """CREATE TABLE duties (
  case_id TEXT NOT NULL,
  procedure TEXT NOT NULL,
  duty TEXT NOT NULL,
  state TEXT NOT NULL,
  role TEXT NOT NULL,
  body TEXT NOT NULL,
  actor TEXT NOT NULL,
  level INTEGER NOT NULL,
  due TEXT NOT NULL,  -- '~' is open-ended, and sorts last
  estimated INTEGER NOT NULL CHECK (estimated IN (0, 1)),
  breached INTEGER NOT NULL CHECK (breached IN (0, 1)),
  PRIMARY KEY (case_id, duty, role, body, actor)
) STRICT, WITHOUT ROWID""",
    "duties_role": "CREATE INDEX duties_role ON duties (role, due)",
    "duties_body": "CREATE INDEX duties_body ON duties (body, due)",
    "duties_actor": "CREATE INDEX duties_actor ON duties (actor, due)",
    "duties_level": "CREATE INDEX duties_level ON duties (level, due) WHERE level > 0",
    "duties_breached": "CREATE INDEX duties_breached ON duties (breached, due) WHERE breached = 1",
    "duties_due": "CREATE INDEX duties_due ON duties (due)",
    "snapshots": """CREATE TABLE snapshots (
  stream TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL CHECK (version > 0),
  data BLOB NOT NULL
) STRICT""",
    "outbox": """CREATE TABLE outbox (
  notice INTEGER PRIMARY KEY AUTOINCREMENT,
  lane TEXT NOT NULL,
  payload BLOB NOT NULL,
  place INTEGER NOT NULL CHECK (place IN (0, 1, 2)),  -- behind others of its lane, first of it, given up
  ready INTEGER NOT NULL,  -- microseconds since 1970: when it may be claimed
  token INTEGER NOT NULL,  -- of the claim on it, 0 where there is none
  attempts INTEGER NOT NULL,
  owner TEXT NOT NULL,
  error TEXT NOT NULL
) STRICT""",
    "outbox_lane": "CREATE INDEX outbox_lane ON outbox (lane, notice) WHERE place <> 2",
    "outbox_first": "CREATE INDEX outbox_first ON outbox (ready, notice) WHERE place = 1",
    "outbox_dead": "CREATE INDEX outbox_dead ON outbox (notice) WHERE place = 2",
    "claims": """CREATE TABLE claims (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER NOT NULL  -- the highest token given
) STRICT""",
}
"""Everything in the schema by its name, exactly as SQLite keeps it."""


def create(cursor: apsw.Cursor) -> None:
    """Make an empty database ours, within the transaction of ``cursor``."""
    for statement in SCHEMA.values():
        cursor.execute(statement)
    cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    mark(cursor)


def _of_table(table: str) -> list[str]:
    """The statements that make a table and its indexes."""
    return [sql for name, sql in SCHEMA.items() if name == table or sql.startswith(f"CREATE INDEX {name} ON {table} ")]


def _with_duties_anew(kept: str) -> tuple[str, ...]:
    """The statements that make the table of duties anew, with the rows that ``kept`` selects; none was found in breach before
    the table could say so."""
    return (
        f"CREATE TEMP TABLE kept AS {kept}",
        "DROP TABLE duties",
        *_of_table("duties"),
        "INSERT INTO duties SELECT case_id, procedure, duty, state, role, body, actor, level, due, estimated, 0 FROM kept",
        "DROP TABLE kept",
    )


_INDEXED_SPARSELY = ("DROP INDEX cases_outcome", SCHEMA["cases_outcome"])
_WITH_OUTBOX = tuple(sql for table in ("snapshots", "outbox", "claims") for sql in _of_table(table))

UPGRADES: dict[int, tuple[str, ...]] = {
    1: (
        *_with_duties_anew("SELECT duties.*, cases.procedure AS procedure FROM duties JOIN cases USING (case_id)"),
        *_INDEXED_SPARSELY,
        *_WITH_OUTBOX,
    ),
    2: (*_with_duties_anew("SELECT * FROM duties"), *_INDEXED_SPARSELY, *_WITH_OUTBOX),
    3: (
        "DROP INDEX duties_breached",
        SCHEMA["duties_breached"],
        SCHEMA["duties_level"],
        *_INDEXED_SPARSELY,
        *_WITH_OUTBOX,
    ),
}
"""What leads from each earlier version of the schema to this one; it is exact SQL, so that the tables come out as `create` makes
them."""


def upgrade(cursor: apsw.Cursor) -> None:
    """Bring the tables of an earlier version up to date, in one transaction: broken off, the earlier version is still there."""
    cursor.execute("BEGIN IMMEDIATE")
    try:
        found = check_version(cursor)  # others may have done it meanwhile
        for statement in UPGRADES.get(found, ()):
            cursor.execute(statement)
        mark(cursor)
        cursor.execute("COMMIT")
    except BaseException:
        if cursor.connection.in_transaction:
            cursor.execute("ROLLBACK")
        raise


def check_version(cursor: apsw.Cursor) -> int:
    """The version of the schema, as it is now; `ContractTooNew` where a newer stabflow made it, also under an open handle."""
    version: Any = cursor.execute("PRAGMA user_version").fetchall()[0][0]
    if version > SCHEMA_VERSION:
        raise ContractTooNew(
            f"{cursor.connection.filename} has schema {version}, and this stabflow knows schemas up to {SCHEMA_VERSION}:"
            " upgrade stabflow; the file is untouched"
        )
    return int(version)


def mark(cursor: apsw.Cursor) -> None:
    """Write the schema's version, which also makes the transaction one that writes."""
    cursor.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def damage(connection: apsw.Connection, version: int = SCHEMA_VERSION) -> list[str]:
    """The tables, indexes and triggers that are not as we made them, and triggers that we did not make. Those are left aside that
    the upgrade of an earlier ``version`` makes anew."""
    rows: list[tuple[Any, ...]] = connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
    found = {name: sql for _, name, sql in rows}
    anew = set(UPGRADES.get(version, ()))
    wrong = {name for name, sql in SCHEMA.items() if found.get(name) != sql and sql not in anew}
    return sorted(wrong | {name for kind, name, _ in rows if kind == "trigger" and name not in SCHEMA})
