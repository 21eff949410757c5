"""Making the schema, bringing it up to date, and letting a role use it that does not own it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

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

    May be repeated. Raises what `PostgresStore.from_url` raises, and `StoreUnavailable` when this role may not do it.
    """
    pool = Pool(attrs.evolve(read_url(url), connections=1))
    try:
        with pool.lent() as session:
            with session.transaction():
                create(session, pool.address)
            upgrade_if_need_be(session, pool.address)
            if application is not None:
                with session.transaction():
                    session.run(schemas.grants(pool.address.schema, application))
    finally:
        pool.close()


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
