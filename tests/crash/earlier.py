"""Files as earlier versions of stabflow made them: their schemas, word for word, and what an act wrote into them.

This is history: when the schema changes, the one that was released is added here, and none is ever edited.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import apsw

from stabflow.ports.store import AppendBatch

from .acts import act
from .ends import NAME
from .files import raw

APPLICATION_ID = 0x53544246

_SCHEMA_1: dict[str, str] = {
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
    "records_insert": """CREATE TRIGGER records_insert BEFORE INSERT ON records
WHEN NEW.version IS NOT (SELECT coalesce(max(version), 0) + 1 FROM records WHERE stream = NEW.stream)
  OR NEW.position BETWEEN 0 AND (SELECT max(position) FROM records)
BEGIN SELECT RAISE(ABORT, 'append-only'); END""",
    "records_update": "CREATE TRIGGER records_update BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "records_delete": "CREATE TRIGGER records_delete BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "keys": """CREATE TABLE keys (
  stream TEXT NOT NULL,
  key TEXT NOT NULL,
  digest TEXT NOT NULL,
  first_version INTEGER NOT NULL,
  last_version INTEGER NOT NULL,
  PRIMARY KEY (stream, key)
) STRICT, WITHOUT ROWID""",
    "keys_insert": """CREATE TRIGGER keys_insert BEFORE INSERT ON keys
WHEN EXISTS (SELECT 1 FROM keys WHERE stream = NEW.stream AND key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'append-only'); END""",
    "keys_update": "CREATE TRIGGER keys_update BEFORE UPDATE ON keys BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "keys_delete": "CREATE TRIGGER keys_delete BEFORE DELETE ON keys BEGIN SELECT RAISE(ABORT, 'append-only'); END",
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
    "cases_outcome": "CREATE INDEX cases_outcome ON cases (outcome, case_id)",
    "cases_body": "CREATE INDEX cases_body ON cases (body, case_id)",
    "duties": """CREATE TABLE duties (
  case_id TEXT NOT NULL,
  duty TEXT NOT NULL,
  state TEXT NOT NULL,
  role TEXT NOT NULL,
  body TEXT NOT NULL,
  actor TEXT NOT NULL,
  level INTEGER NOT NULL,
  due TEXT NOT NULL,  -- '~' is open-ended, and sorts last
  estimated INTEGER NOT NULL CHECK (estimated IN (0, 1)),
  PRIMARY KEY (case_id, duty, role, body, actor)
) STRICT, WITHOUT ROWID""",
    "duties_role": "CREATE INDEX duties_role ON duties (role, due)",
    "duties_body": "CREATE INDEX duties_body ON duties (body, due)",
    "duties_actor": "CREATE INDEX duties_actor ON duties (actor, due)",
    "duties_level": "CREATE INDEX duties_level ON duties (level, due)",
    "duties_due": "CREATE INDEX duties_due ON duties (due)",
}
_SCHEMA_2 = _SCHEMA_1 | {
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
  PRIMARY KEY (case_id, duty, role, body, actor)
) STRICT, WITHOUT ROWID""",
}
_SCHEMA_3 = {name: sql for name, sql in _SCHEMA_2.items() if name != "duties_level"} | {
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
    "duties_breached": "CREATE INDEX duties_breached ON duties (breached, due)",
}
SCHEMAS = {1: _SCHEMA_1, 2: _SCHEMA_2, 3: _SCHEMA_3}

_CASE = "INSERT OR REPLACE INTO cases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DUTY_COLUMNS = {
    1: ("case_id", "duty", "state", "role", "body", "actor", "level", "due", "estimated"),
    2: ("case_id", "procedure", "duty", "state", "role", "body", "actor", "level", "due", "estimated"),
    3: ("case_id", "procedure", "duty", "state", "role", "body", "actor", "level", "due", "estimated", "breached"),
}


def make(folder: Path, version: int, count: int) -> dict[str, bytes]:
    """The files of a store of that version with so many acts in it, made without the store in an empty folder. As after a kill,
    the last acts are in the log alone."""
    path = folder / NAME
    with raw(path) as connection:
        connection.wal_autocheckpoint(0)
        connection.pragma("journal_mode", "wal")
        with connection:
            for sql in SCHEMAS[version].values():
                connection.execute(sql)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version}")
        for number in range(count):
            with connection:
                write(connection, version, act(number))
            if number == count // 2:
                connection.wal_checkpoint()
        return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith("-shm")}


def lay_down(path: Path, version: int, count: int = 6) -> None:
    """A store of that version at ``path``, with so many acts in it, as it is after it was closed."""
    with tempfile.TemporaryDirectory(dir=path.parent) as made:
        for name, content in make(Path(made), version, count).items():
            path.with_name(path.name + name.removeprefix(NAME)).write_bytes(content)
    with raw(path) as connection:
        assert connection.pragma("user_version") == version


def write(connection: apsw.Connection, version: int, batch: AppendBatch) -> None:
    """Write a batch as that version did."""
    last = batch.expected_version + len(batch.records)
    connection.execute(
        "INSERT INTO keys VALUES (?, ?, ?, ?, ?)",
        (batch.stream, batch.key, batch.digest, batch.expected_version + 1, last),
    )
    connection.executemany(
        "INSERT INTO records (stream, version, tag, header, payload, hash) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (batch.stream, n, new.tag, new.header, new.payload, new.hash)
            for n, new in enumerate(batch.records, batch.expected_version + 1)
        ],
    )
    if batch.index is None:
        return
    case = batch.index.case
    connection.execute(
        _CASE,
        (
            case.case_id, case.matter, case.title, case.procedure, case.procedure_version, case.digest, case.state, case.step,
            case.outcome, case.body, case.round, case.version, case.opened_at, case.updated_at,
        ),
    )  # fmt: skip
    for duty in batch.index.cleared:
        connection.execute("DELETE FROM duties WHERE case_id = ? AND duty = ?", (case.case_id, duty))
    for row in batch.index.duties:
        values = {name: getattr(row, name, None) for name in _DUTY_COLUMNS[version]}
        values |= {"due": row.due_at or "~", "estimated": int(row.estimated)}
        if version >= 3:
            values["breached"] = int(row.breached)
        marks = ", ".join("?" * len(values))
        connection.execute(f"INSERT OR REPLACE INTO duties VALUES ({marks})", tuple(values.values()))


def unlike(path: Path) -> str:
    """What is neither an earlier version nor the present one, to the word; empty if the file is one of them."""
    from stabflow.stores import sqlite_schema

    with raw(path) as connection:
        version = connection.pragma("user_version")
        if version == sqlite_schema.SCHEMA_VERSION:
            wanted = sqlite_schema.SCHEMA
        elif version in SCHEMAS:
            wanted = SCHEMAS[version]
        else:
            return f"schema {version}"
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'").fetchall()
        found = {str(name): str(sql) for name, sql in rows}
        return "" if found == wanted else f"schema {version} with {sorted(set(found.items()) ^ set(wanted.items()))}"
