"""The tables of the PostgreSQL store, what guards them, and who may do what with them.

All texts are compared byte by byte (``COLLATE "C"``); bodies are ``bytea``, which nothing reads. Records and keys are
append-only: triggers stop UPDATE, DELETE and TRUNCATE by anybody, whoever owns the tables and however
``session_replication_role`` stands, and the application's role is given SELECT and INSERT alone.

A record's ``position`` is made of the transaction that wrote it: ``(xid + shift) << 20 | ordinal``. What is below the oldest
transaction still running can be read, so nothing appears later below what was seen; a plain sequence cannot promise that.
Transaction numbers belong to a cluster: a dump that is restored elsewhere may find lower ones. So each life of the tables, in one
cluster and one database, is an *epoch*, with the ``shift`` that lifts its positions above those there were.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from . import functions

SCHEMA_VERSION = 1
"""Stands in the table ``stabflow_schema``."""

MARK = "stabflow_schema"
"""The table by which a schema is recognised as ours."""

_TEXT = 'text COLLATE "C" NOT NULL'

TABLES: dict[str, str] = {
    MARK: "id int PRIMARY KEY CHECK (id = 1), version int NOT NULL",
    "epochs": f"epoch bigint PRIMARY KEY, identity {_TEXT}, shift bigint NOT NULL, since timestamptz NOT NULL",
    "numbers": "nothing boolean",  # which has no rows: see fresh_number
    "records": (
        f"position bigint NOT NULL, stream {_TEXT}, version bigint NOT NULL, tag {_TEXT},"
        " header bytea NOT NULL, payload bytea NOT NULL, hash bytea NOT NULL,"
        " CONSTRAINT records_by_stream PRIMARY KEY (stream, version), CONSTRAINT records_by_position UNIQUE (position)"
    ),
    "keys": (
        f"stream {_TEXT}, key {_TEXT}, digest {_TEXT}, first_version bigint NOT NULL, last_version bigint NOT NULL,"
        " CONSTRAINT keys_by_stream PRIMARY KEY (stream, key)"
    ),
    "cases": (
        f"case_id {_TEXT} PRIMARY KEY, matter {_TEXT}, title {_TEXT}, procedure {_TEXT}, procedure_version {_TEXT},"
        f" digest {_TEXT}, state {_TEXT}, step {_TEXT}, outcome {_TEXT}, body {_TEXT}, round bigint NOT NULL,"
        f" version bigint NOT NULL, opened_at {_TEXT}, updated_at {_TEXT}"
    ),
    "duties": (
        f"case_id {_TEXT}, procedure {_TEXT}, duty {_TEXT}, state {_TEXT}, role {_TEXT}, body {_TEXT}, actor {_TEXT},"
        f" level bigint NOT NULL, due {_TEXT}, estimated boolean NOT NULL, breached boolean NOT NULL,"
        " PRIMARY KEY (case_id, duty, role, body, actor)"
    ),
    "snapshots": f"stream {_TEXT} PRIMARY KEY, version bigint NOT NULL CHECK (version > 0), data bytea NOT NULL",
    "outbox": (
        f"notice bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lane {_TEXT}, payload bytea NOT NULL,"
        f" place int NOT NULL CHECK (place IN (0, 1, 2)), ready bigint NOT NULL, token bigint NOT NULL,"
        f" attempts bigint NOT NULL, owner {_TEXT}, error {_TEXT}"
    ),
}
"""Each table with its columns. ``place`` of a notice: 0 behind others of its lane, 1 first of it, 2 given up; ``ready``:
microseconds since 1970, when it may be claimed; ``token``: of the claim on it, or 0."""

INDEXES: dict[str, str] = {
    **{f"cases_{name}": f"cases ({name}, case_id)" for name in ("matter", "procedure", "state", "step", "body")},
    "cases_outcome": "cases (outcome, case_id) WHERE outcome <> ''",
    **{f"duties_{name}": f"duties ({name}, due, case_id)" for name in ("role", "body", "actor")},
    "duties_level": "duties (level, due, case_id) WHERE level > 0",
    "duties_breached": "duties (due, case_id) WHERE breached",
    "duties_due": "duties (due, case_id)",
    "outbox_lane": "outbox (lane, notice) WHERE place <> 2",
    "outbox_first": "outbox (ready, notice) WHERE place = 1",
    "outbox_dead": "outbox (notice) WHERE place = 2",
}

GUARDED = ("records", "keys")

RIGHTS = {
    MARK: "SELECT",
    "epochs": "SELECT, INSERT",
    "numbers": "SELECT, INSERT",
    "records": "SELECT, INSERT",
    "keys": "SELECT, INSERT",
    "cases": "SELECT, INSERT, UPDATE",
    "duties": "SELECT, INSERT, UPDATE, DELETE",
    "snapshots": "SELECT, INSERT, UPDATE",
    "outbox": "SELECT, INSERT, UPDATE, DELETE",
}
"""What the application's role is given on each table."""

CALLED = [name for name in functions.FUNCTIONS if name != "append_only"]
"""The functions that the application calls, or that these call; a trigger asks for no right."""

UPGRADES: dict[int, tuple[str, ...]] = {}
"""The statements that lead from each earlier version to the next one, with ``{s}`` for the schema. Functions are made anew."""

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def is_name(schema: str) -> bool:
    """Whether a schema may be called so: small letters, digits and ``_``; PostgreSQL keeps ``pg_`` for itself."""
    return _NAME.fullmatch(schema) is not None and not schema.startswith("pg_")


def quoted(name: str) -> str:
    """The name as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'


def lock_number(schema: str, kind: str, name: str = "") -> int:
    """The number of the advisory lock for something in a schema."""
    told = f"{schema}\0{kind}\0{name}".encode()
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), "big", signed=True)


def create(schema: str) -> Iterator[str]:
    """The statements that make everything in ``schema``; run them in one transaction, and begin an epoch afterwards."""
    s = quoted(schema)
    yield f"CREATE SCHEMA IF NOT EXISTS {s}"
    for table, columns in TABLES.items():
        options = " WITH (fillfactor = 80)" if table in ("cases", "outbox") else ""
        yield f"CREATE TABLE {s}.{table} ({columns}){options}"
    for index, what in INDEXES.items():
        yield f"CREATE INDEX {index} ON {s}.{what}"
    yield f"CREATE SEQUENCE {s}.tokens"
    yield from make_functions(schema)
    for table in GUARDED:
        yield (
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {s}.{table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {s}.append_only()"
        )
        yield f"ALTER TABLE {s}.{table} ENABLE ALWAYS TRIGGER append_only"
    yield f"INSERT INTO {s}.{MARK} VALUES (1, {SCHEMA_VERSION})"


def make_functions(schema: str) -> Iterator[str]:
    """The statements that make the functions, or make them anew."""
    s = quoted(schema)
    for name, (signature, body) in functions.FUNCTIONS.items():
        yield f"CREATE OR REPLACE FUNCTION {s}.{name}{signature} LANGUAGE plpgsql AS $stabflow${body_of(body, s)}$stabflow$"


def body_of(body: str, s: str) -> str:
    """The body of a function for the schema whose quoted name is ``s``."""
    return body.replace("{s}", s)


def upgrade(schema: str, found: int) -> Iterator[str]:
    """The statements that lead from version ``found`` to this one; run them in one transaction."""
    for version in range(found, SCHEMA_VERSION):
        for statement in UPGRADES[version]:
            yield statement.replace("{s}", quoted(schema))
    yield from make_functions(schema)
    yield f"UPDATE {quoted(schema)}.{MARK} SET version = {SCHEMA_VERSION}"


def can_upgrade(found: int) -> bool:
    """Whether there is a way from version ``found``."""
    return found < SCHEMA_VERSION and all(version in UPGRADES for version in range(found, SCHEMA_VERSION))


def grants(schema: str, role: str) -> Iterator[str]:
    """The statements that let ``role`` use the store, and no more."""
    s, to = quoted(schema), quoted(role)
    yield f"GRANT USAGE ON SCHEMA {s} TO {to}"
    for table, rights in RIGHTS.items():
        yield f"GRANT {rights} ON {s}.{table} TO {to}"
    yield f"GRANT USAGE ON SEQUENCE {s}.tokens TO {to}"
    for name in CALLED:
        yield f"GRANT EXECUTE ON FUNCTION {s}.{name} TO {to}"


SOUND = """
SELECT 'function ' || p.proname, md5(p.prosrc) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = %(schema)s AND p.proname = ANY (%(functions)s)
UNION ALL
SELECT 'trigger ' || t.tgname || ' on ' || c.relname, t.tgenabled::text || ' ' || t.tgtype::text || ' ' || p.proname
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE n.nspname = %(schema)s AND c.relname IN ('records', 'keys') AND NOT t.tgisinternal
UNION ALL
SELECT 'table ' || c.relname, concat_ws(' ', c.relkind, c.relpersistence, c.relhasrules, c.relrowsecurity)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %(schema)s AND c.relname = ANY (%(tables)s)
UNION ALL
SELECT 'constraint ' || o.conname, o.contype::text || ' ' || o.convalidated::text
  FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relname IN ('records', 'keys') AND o.contype IN ('p', 'u')
"""
"""Asks for what guards the records: functions, triggers and constraints; and whether the tables are ordinary ones, whose rows
survive a crash, and with no rule or policy between them and a statement."""

_BEFORE_UPDATE_DELETE_TRUNCATE = 2 + 8 + 16 + 32


def sound(schema: str) -> dict[str, str]:
    """What `SOUND` must find."""
    s = quoted(schema)
    found = {
        f"function {name}": hashlib.md5(body_of(body, s).encode(), usedforsecurity=False).hexdigest()
        for name, (_, body) in functions.FUNCTIONS.items()
    }
    for table in GUARDED:
        found[f"trigger append_only on {table}"] = f"A {_BEFORE_UPDATE_DELETE_TRUNCATE} append_only"
    found |= {f"table {table}": "r p f f" for table in TABLES}
    keys = {"records_by_stream": "p true", "records_by_position": "u true", "keys_by_stream": "p true"}
    return found | {f"constraint {name}": kind for name, kind in keys.items()}


def damage(schema: str, rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """What is not as it was made, and triggers that we did not make."""
    found, right = {str(name): str(state) for name, state in rows}, sound(schema)
    wrong = {name for name, state in right.items() if found.get(name) != state}
    return sorted(wrong | {name for name in found if name.startswith("trigger ") and name not in right})
