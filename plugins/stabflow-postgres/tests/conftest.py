"""What the tests of the store share: an empty schema on a real server, and a role that does not own it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from stabflow_postgres import PostgresStore
from stabflow_postgres.testing import PostgresHarness, administrator, embedded_server


@pytest.fixture
def url() -> Iterator[str]:
    """The URL of an empty schema on a server of our own, on which everything may be done; removed afterwards. Where there can be
    no server this is an error, and no skip."""
    given = embedded_server().url(schema=f"t_{secrets.token_hex(6)}", deadline="5")
    yield given
    PostgresHarness().destroy(given)


Open = Callable[..., PostgresStore]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens stores, and closes them."""
    with ExitStack() as stack:
        yield lambda url, clock=None: stack.enter_context(closing(PostgresStore.from_url(url, clock)))


@pytest.fixture
def role(url: str) -> Iterator[str]:
    """A role that may log in, and no more."""
    name = f"app_{secrets.token_hex(4)}"
    with administrator(url) as link:
        link.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'geheim-{name}'".encode())
        yield name
        link.execute(f"DROP OWNED BY {name}".encode())
        link.execute(f"DROP ROLE {name}".encode())
