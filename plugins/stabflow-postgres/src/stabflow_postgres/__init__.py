"""The store of stabflow on PostgreSQL: ``postgresql://user@host/database?schema=stabflow``."""

from __future__ import annotations

from collections.abc import Iterable

from stabflow import Plugin, hookimpl
from stabflow.ports.hooks import StoreScheme
from stabflow.ports.store import Capability

from .store import PostgresStore
from .upkeep import setup, setup_sql

__all__ = ["PostgresPlugin", "PostgresStore", "plugin", "setup", "setup_sql"]

_CAPABILITIES = frozenset(Capability)


class PostgresPlugin(Plugin):
    """Brings the store for URLs that begin with ``postgresql://`` or ``postgres://``."""

    contract = 1

    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return tuple(
            StoreScheme(scheme, PostgresStore.from_url, _CAPABILITIES) for scheme in ("postgresql", "postgres")
        )


plugin = PostgresPlugin()
"""What the entry points name."""
