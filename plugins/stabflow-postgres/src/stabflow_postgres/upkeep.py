"""Making the schema, bringing it up to date, and letting a role use it that does not own it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from stabflow.errors import InvalidInput, StoreUnavailable

from . import connections
from . import schema as schemas
from .address import Address, read_url
from .connections import Pool, Session


def create(session: Session, address: Address) -> bool:
    """Make the schema within the transaction of ``session``, and begin its first epoch; ``False`` if others have made it."""
    _lock(session, address)
    session.look()
    if session.found.identity is not None:
        return False
    _check_may_create(session, address)
    session.run(schemas.create(address.schema))
    session.look()
    connections.begin_epoch(session, address)
    return True


def upgrade_if_need_be(session: Session, address: Address) -> None:
    """Bring the tables of an earlier version up to date, in one transaction: broken off, the earlier version is still there."""
    if session.found.identity is None or session.found.version == schemas.SCHEMA_VERSION:
        return
    with session.transaction():
        _lock(session, address)
        session.look()  # others may have done it meanwhile
        if session.found.version != schemas.SCHEMA_VERSION:
            before = session.found.identity
            session.run(schemas.upgrade(address.schema, session.found.version))
            session.look()
            epochs = f"{schemas.quoted(address.schema)}.epochs"
            session.ask(f"UPDATE {epochs} SET identity = %s WHERE identity = %s", (session.found.identity, before))


def setup(url: str, *, application: str | None = None) -> None:
    """Make the schema at ``url`` as its owner, or bring it up to date, and let the role ``application`` use it, and no more.

    May be repeated. Raises what `PostgresStore.from_url` raises, `InvalidInput` when there is no such role, and
    `StoreUnavailable` when the role of ``url`` may not do it.
    """
    pool = Pool(attrs.evolve(read_url(url), connections=1))
    try:
        with pool.lent() as session:
            if application is not None:
                _check_role(session, application)
            with session.transaction():
                create(session, pool.address)
            upgrade_if_need_be(session, pool.address)
            if application is not None:
                with session.transaction():
                    session.run(schemas.grants(pool.address.schema, application))
    finally:
        pool.close()


_MAY_CREATE = """
SELECT current_user::text, current_database()::text, has_database_privilege(current_database(), 'CREATE'),
  (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = %s)
"""


def _check_may_create(session: Session, address: Address) -> None:
    """`StoreUnavailable` when this role may not make the schema; the schema may be there, and empty."""
    ((role, database, in_database, in_schema),) = session.ask(_MAY_CREATE, (address.schema,))
    if in_database and in_schema is not False:
        return
    kind, name = ("SCHEMA", address.schema) if in_database else ("DATABASE", database)
    raise StoreUnavailable(
        f"{address} does not let this role do that: let the owner of the {kind.lower()} run"
        " stabflow_postgres.setup(url, application=…) with this role; or, for it to make the tables itself, GRANT CREATE ON"
        f" {kind} {_written(name)} TO {_written(role)}; nothing was stored"
    )


def _check_role(session: Session, role: str) -> None:
    if role != "public" and not session.ask("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)):
        create = f"create the role first: CREATE ROLE {_written(role)} LOGIN"
        raise InvalidInput.at("application", f"the server has no role {role!r}", create)


def _written(name: str) -> str:
    return name if schemas.is_name(name) else schemas.quoted(name)


def _lock(session: Session, address: Address) -> None:
    lock = str(schemas.lock_number(address.schema, "schema"))
    session.ask("SELECT pg_advisory_xact_lock(%s)", (lock,))


def setup_sql(schema: str = "stabflow", application: str | None = None) -> str:
    """What `setup` does to a database where there is no such schema, as a script for ``psql``."""
    if not schemas.is_name(schema):
        raise ValueError(f"{schema!r} is no name for a schema: small letters, digits and _, not beginning with pg_")
    statements: Iterable[str] = schemas.create(schema)
    if application is not None:
        statements = (*statements, *schemas.grants(schema, application))
    return "BEGIN;\n" + "".join(f"{one};\n" for one in statements) + "COMMIT;\n"
