"""What an error of the driver means: to the operator, and for the outcome of what was asked.

An error that the server reports for the statement (severity ERROR) has undone it: certainly nothing was committed. When the
connection is lost instead, or the server ends it (FATAL), a statement that writes may have been committed all the same.
"""

from __future__ import annotations

import psycopg

from stabflow.errors import CommitUnknown, Corrupt, StoreError, StoreUnavailable

from .address import Address

_AGAIN = "nothing was stored; try again"

_GRANT = (
    "let the owner of the schema run stabflow_postgres.setup(url, application=…) with this role, which grants what the store"
    " needs and no more"
)

_MEANING: tuple[tuple[str, str, str], ...] = (
    ("25006", "is read-only", "connect to the primary, or take default_transaction_read_only away; nothing was stored"),
    ("42501", "does not let this role do that", f"{_GRANT}; nothing was stored"),
    ("42P01", "has lost its tables", "it was removed or renamed: stop, and compare with a backup; nothing was stored"),
    (
        "42883",
        "has lost its functions",
        "it was removed or renamed: stop, and compare with a backup; nothing was stored",
    ),
    ("3F000", "has lost its schema", "it was removed or renamed: stop, and compare with a backup; nothing was stored"),
    ("53100", "is on a full disk", "free some space, then try again; nothing was stored"),
    ("53300", "has no connection left", "raise max_connections, or lower connections= in the URLs; nothing was stored"),
    ("53", "lacks resources", _AGAIN),
    ("55P03", "is held up by another transaction", "see what stabflow doctor says of it; nothing was stored"),
    (
        "57014",
        "took too long, and was stopped",
        "raise deadline= in the URL if that is no exception; nothing was stored",
    ),
    ("40", "was in use by others at the same moment", _AGAIN),
    ("57P", "is shutting down or starting", _AGAIN),
    ("58", "cannot read or write its files", "check the disk of the server; nothing was stored"),
)
"""By SQLSTATE, or the beginning of one: what is the matter, and what to do."""

_AT_THE_DOOR: tuple[tuple[str, str, str], ...] = (
    (
        "password authentication failed",
        "refuses the credentials",
        "correct the user or the password (PGPASSWORD, ~/.pgpass, a service file)",
    ),
    ("no password supplied", "asks for a password", "give it by PGPASSWORD, ~/.pgpass or a service file"),
    ("authentication failed", "refuses the credentials", "correct the user, the certificate or pg_hba.conf"),
    ("pg_hba.conf", "lets nobody in from here", "add a line to pg_hba.conf, or use the encryption that it asks for"),
    (
        "does not support SSL",
        "has no TLS",
        "switch ssl on in the server, or correct sslmode= and sslrootcert= in the URL",
    ),
    (
        "private key",
        "cannot be asked with the key of this client",
        "correct sslkey= in the URL; nobody else may read it",
    ),
    ("valid client certificate", "asks for a certificate", "name it by sslcert= and sslkey= in the URL"),
    ("certificate", "and this machine do not trust each other", "correct sslmode= and sslrootcert= in the URL"),
    ("SSL", "and this machine cannot agree on TLS", "correct sslmode= and sslrootcert= in the URL"),
    ("session is read-only", "is read-only", "connect to the primary, or take default_transaction_read_only away"),
    ("is not read-only", "can be written to", "correct target_session_attrs= in the URL"),
    ("hot standby", "is a standby", "connect to the primary; name all hosts in the URL, and libpq finds it"),
    ("too many", "has no connection left", "raise max_connections, or lower connections= in the URLs"),
    (
        "remaining connection slots",
        "has no connection left",
        "raise max_connections, or lower connections= in the URLs",
    ),
    ("starting up", "is starting", "try again in a moment"),
    ("shutting down", "is shutting down", "try again in a moment"),
    ("permission denied for database", "does not let this role in", "GRANT CONNECT ON DATABASE to it"),
    ("does not exist", "does not know that database or role", "correct the URL, or create it"),
)
"""Beginnings of what libpq says when it cannot connect, which has no SQLSTATE; of a server in another language, the next line
serves."""

_UNREACHABLE = ("cannot be reached", "see that it runs, and that host and port in the URL are right")


def at_the_door(address: Address, error: psycopg.Error) -> StoreUnavailable:
    """The error for a connection that did not come about."""
    said = address.without_secrets(error)
    for words, problem, cure in _AT_THE_DOOR:
        if words in said:
            return StoreUnavailable(f"{address} {problem}: {cure}; nothing was stored ({said})")
    problem, cure = _UNREACHABLE
    return StoreUnavailable(f"{address} {problem}: {cure}; nothing was stored ({said})")


def is_certain(error: psycopg.Error) -> bool:
    """Whether the server itself said that it undid the statement."""
    return error.diag.severity_nonlocalized == "ERROR"


def bare(address: Address, error: psycopg.Error) -> psycopg.Error:
    """The driver's error without what it holds of the connection, which is the password too."""
    return type(error)(address.without_secrets(error))


def of_reading(address: Address, error: psycopg.Error) -> StoreError | ValueError:
    """The error for a statement that only reads, or was not sent; `ValueError` where a value cannot be held: it is too long for
    an index, or too great."""
    state = error.diag.sqlstate or ""
    said = address.without_secrets(error.diag.message_primary or error)
    if state.startswith("22") or state == "54000":
        return ValueError(f"this does not fit the tables of {address}: {said}")
    if state in ("XX001", "XX002"):
        return Corrupt(f"{address} is damaged: stop, keep the files, compare them with a backup ({said})")
    for beginning, problem, cure in _MEANING:
        if state.startswith(beginning):
            return StoreUnavailable(f"{address} {problem}: {cure} ({said})")
    if not state:
        return StoreUnavailable(f"{address} broke the connection off: {_AGAIN} ({said})")
    return StoreUnavailable(f"{address} refused ({state}): nothing was stored ({said})")


def of_writing(address: Address, error: psycopg.Error) -> StoreError | ValueError:
    """The error for a statement that was sent and would commit."""
    return of_reading(address, error) if is_certain(error) else unknown(address, address.without_secrets(error))


def unknown(address: Address, why: str) -> CommitUnknown:
    """The error for a commit of which nobody can say whether it happened."""
    return CommitUnknown(f"{address}: {why}: whether it was stored is not known; ask again with the same key")
