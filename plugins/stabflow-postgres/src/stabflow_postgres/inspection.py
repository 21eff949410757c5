"""Looking at a server before it is used: what it is, whether it keeps what it acknowledges, and whether the schema is ours.

What a connection finds holds as long as it lives, but that a schema may come into being meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from stabflow.errors import ContractTooNew, Corrupt, StoreUnavailable

from . import schema as schemas
from .address import Address

OLDEST = 14
"""The first version of PostgreSQL that has what is used here."""

Ask = Callable[..., list[tuple[Any, ...]]]


@attrs.frozen
class Finding:
    """What was found. ``tables`` tells these tables, in this database of this cluster, from every other, also from a copy of
    them; it is empty while there are none. ``life`` changes when the server is started or a standby
    promoted, and so whenever a backup has come in its place. ``version`` is that of the schema, ``0`` while there is none."""

    server: str
    tables: str
    life: str
    version: int

    @property
    def identity(self) -> str | None:
        """What an append must say to be done: the tables, and the version of the schema if it is not the first, so that an
        upgrade turns away whoever does not know it; ``None`` while there are none."""
        return (self.tables if self.version == 1 else f"{self.tables}-v{self.version}") if self.tables else None


NOTHING = Finding("", "", "", 0)


def settings(address: Address) -> str:
    """The statement that makes a session ours: what takes too long is stopped by the server before we stop waiting for it, since
    then it is certain that nothing was stored."""
    milliseconds = max(1, round(address.deadline * 1000))
    values = {
        "statement_timeout": str(max(1, milliseconds * 7 // 10)),
        "lock_timeout": str(max(1, milliseconds * 5 // 10)),
        "default_transaction_isolation": "read committed",
        "client_connection_check_interval": "1000",
        # What is asked again and again is planned once; pages come in the order of an index, also before rows were counted.
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
        "enable_bitmapscan": "off",
    }
    return "SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in values.items())


_LOOK = """
SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('server_version') AS server,
  pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS read_only,
  current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS full_page_writes, current_setting('synchronous_commit') AS synchronous_commit,
  (SELECT to_hex(system_identifier) FROM pg_control_system()) AS system,
  (SELECT to_hex(oid::bigint) FROM pg_database WHERE datname = current_database()) AS database,
  CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline,
  extract(epoch FROM pg_postmaster_start_time())::text AS started,
  ARRAY(SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %(schema)s AND c.relname = ANY (%(tables)s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')) AS tables,
  (SELECT to_hex(c.oid::bigint) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %(schema)s AND c.relname = 'records') AS records
"""

_NAMES = (
    "major", "server", "standby", "read_only", "encoding", "fsync", "full_page_writes", "synchronous_commit", "system",
    "database", "timeline", "started", "tables", "records",
)  # fmt: skip


def look(address: Address, ask: Ask) -> Finding:
    """What ``ask`` finds. `StoreUnavailable` when the server is not fit, or the schema is another application's;
    `ContractTooNew` when a newer version made it; `Corrupt` when its guards are not as they were made."""
    bindings = {"schema": address.schema, "tables": list(schemas.TABLES)}
    (row,) = ask(_LOOK, bindings, prepare=False)
    found = dict(zip(_NAMES, row, strict=True))
    _check_server(address, found)
    life = hashlib.blake2b(f"{found['timeline']} {found['started']}".encode(), digest_size=4).hexdigest()
    if not found["tables"]:
        return Finding(found["server"], "", life, 0)
    version = _version(address, found, ask)
    if version == schemas.SCHEMA_VERSION:
        check_sound(address, ask)
    tables = f"{found['system']}-{found['database']}-{found['records']}"
    return Finding(found["server"], tables, life, version)


def _check_server(address: Address, found: Mapping[str, Any]) -> None:
    if found["major"] < OLDEST:
        raise _unfit(address, f"is PostgreSQL {found['server']}", f"use version {OLDEST} or later")
    if found["standby"]:
        raise _unfit(address, "is a standby", "connect to the primary; name all hosts in the URL, and libpq finds it")
    if found["read_only"] == "on":
        raise _unfit(address, "is read-only", "take default_transaction_read_only away, or connect to another server")
    if found["encoding"] != "UTF8":
        raise _unfit(address, f"has the encoding {found['encoding']}", "make a database with the encoding UTF8")
    if address.durable:
        weak = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if found[name] == "off"]
        if weak:
            raise _unfit(
                address,
                f"can lose what it has acknowledged ({', '.join(f'{name} = off' for name in weak)})",
                "switch that on; or write durable=no in the URL, where records may be lost",
            )


def _version(address: Address, found: Mapping[str, Any], ask: Ask) -> int:
    if schemas.MARK not in found["tables"]:
        names = ", ".join(sorted(found["tables"]))
        raise _unfit(
            address,
            f"has tables of another application in this schema ({names})",
            "name another by ?schema= in the URL",
        )
    rows = ask(f"SELECT version FROM {schemas.quoted(address.schema)}.{schemas.MARK}")
    version = int(rows[0][0]) if rows else 0
    if version > schemas.SCHEMA_VERSION:
        raise ContractTooNew(
            f"{address} has schema version {version}, and this stabflow-postgres knows versions up to"
            f" {schemas.SCHEMA_VERSION}: upgrade it; the data is untouched"
        )
    missing = sorted(set(schemas.TABLES) - set(found["tables"]))
    if version < schemas.SCHEMA_VERSION and schemas.can_upgrade(version):
        return version
    if version < schemas.SCHEMA_VERSION or missing:
        raise _damaged(address, missing or [f"version {version}"])
    return version


def check_sound(address: Address, ask: Ask) -> None:
    """`Corrupt` when what guards the records is not as it was made."""
    names = [name.removeprefix("function ") for name in schemas.sound(address.schema) if name.startswith("function ")]
    wrong = schemas.damage(
        address.schema,
        ask(schemas.SOUND, {"schema": address.schema, "functions": names, "tables": list(schemas.TABLES)}),
    )
    if wrong:
        raise _damaged(address, wrong)


def _damaged(address: Address, wrong: list[str]) -> Corrupt:
    return Corrupt(
        f"{address} is not as stabflow-postgres made it ({', '.join(wrong)}): stop, keep it, compare it with a backup"
    )


def _unfit(address: Address, problem: str, cure: str) -> StoreUnavailable:
    return StoreUnavailable(f"{address} {problem}: {cure}; nothing was stored")
