"""Tenants, as docs/how-to/scale-out.md has them: a schema or a database each, a role each, many engines in one process."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import LiteralString

import attrs
import psycopg
import pytest
import worlds
from stabflow_postgres import setup
from stabflow_postgres.servers import wait_until
from stabflow_postgres.testing import administrator, embedded_server, plain

from stabflow import Engine, NotCleared
from stabflow.errors import FeedReset, StoreUnavailable

pytestmark = pytest.mark.slow


PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "scale-out.md").read_text(encoding="utf-8")
STATEMENTS = PAGE.split("```sql\n")[1].split("```")[0].splitlines()
"""What the page has an operator do for the tenant county_a: its role first, then its database."""


@attrs.frozen
class Tenant:
    """A role, and the URL by which it uses what is its own."""

    role: str
    url: str

    def engine(self) -> Engine:
        return worlds.engine_on(self.url)


@pytest.fixture(params=["schemas", "databases"])
def tenants(request: pytest.FixtureRequest) -> Iterator[tuple[Tenant, Tenant]]:
    """Two tenants on one server, made as the page says."""
    mark, server = secrets.token_hex(4), embedded_server()
    made = []
    with administrator(server.url()) as link:
        for name in ("a", "b"):
            role, place = f"county_{name}_{mark}", f"county_{name}_{mark}"
            role_alone, *with_database = [line.replace("county_a", role) for line in STATEMENTS]
            execute(link, role_alone)
            if request.param == "databases":
                execute(link, *with_database)
                owner = server.url(place, connections="4")
            else:
                owner = server.url(schema=place, connections="4")
            setup(owner, application=role)
            made.append(Tenant(role, owner.replace("//stabflow@", f"//{role}@")))
        yield made[0], made[1]
        for tenant in made:
            if request.param == "databases":
                execute(link, f"DROP DATABASE {tenant.role} WITH (FORCE)")
            else:
                execute(link, f"DROP SCHEMA {tenant.role} CASCADE")
            execute(link, f"DROP OWNED BY {tenant.role}", f"DROP ROLE {tenant.role}")


def execute(link: psycopg.Connection[tuple[object, ...]], *statements: str) -> None:
    for statement in statements:
        link.execute(statement.encode())


def test_one_does_not_see_what_the_other_has(tenants: tuple[Tenant, Tenant]) -> None:
    one, other = tenants
    with one.engine() as here, other.engine() as there:
        worlds.opened(worlds.constituted(here), key="open")
        assert list(there.cases()) == list(there.duties()) == []
        assert there.feed().records == ()
        assert there.offices("small") == ()
        assert not there.matter("bridge-1").known
        with pytest.raises(NotCleared) as refused:
            there.gate("bridge-1", accept=["small@1"]).require()
        assert "small-bridge-1-1" not in str(refused.value)

        worlds.constituted(there)
        case = worlds.opened(there, key="open")  # the same matter, id and key, and another case
        worlds.noted(case)
        assert [row.version for row in here.cases()] == [3]
        assert [row.version for row in there.cases()] == [5]
        with pytest.raises(FeedReset):
            there.feed(after=here.feed().cursor)
        here.verify()
        there.verify()


def test_the_role_of_one_cannot_read_what_the_other_has(tenants: tuple[Tenant, Tenant]) -> None:
    one, other = tenants
    with other.engine() as there:
        worlds.opened(worlds.constituted(there))
    stranger = other.url.replace(f"//{other.role}@", f"//{one.role}@")
    schema = re.search(r"schema=(\w+)", other.url)
    denied = f"permission denied for {'schema' if schema else 'database'}"
    with pytest.raises(StoreUnavailable, match=denied):
        worlds.engine_on(stranger)
    statement = f"SELECT * FROM {schema[1] if schema else 'stabflow'}.records"
    with pytest.raises(psycopg.Error) as refused, psycopg.connect(plain(stranger)) as link:
        link.execute(statement.encode())
    assert denied in str(refused.value)


def test_an_open_transaction_of_one_holds_back_the_feed_of_the_other(tenants: tuple[Tenant, Tenant]) -> None:
    one, other = tenants
    with psycopg.connect(plain(one.url)) as link, other.engine() as there:
        link.execute("SELECT pg_current_xact_id()")
        worlds.opened(worlds.constituted(there))  # acts go on
        assert there.feed().records == ()
        assert len(list(there.cases())) == 1
        link.rollback()
        assert len(there.feed().records) > 3


COUNT: LiteralString = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"


def test_an_engine_opens_its_connections_as_threads_need_them(tenants: tuple[Tenant, Tenant]) -> None:
    one, other = tenants
    with administrator(embedded_server().url()) as link, ExitStack() as stack:

        def connections(role: str) -> int:
            (count,) = link.execute(COUNT, (role,)).fetchone() or (0,)
            return int(count)

        engines = [stack.enter_context(one.engine()) for _ in range(8)]
        assert connections(one.role) == 8
        worlds.opened(worlds.constituted(engines[0]))
        assert connections(one.role) == 8  # one thread, one connection

        busy = stack.enter_context(other.engine())
        case = worlds.opened(worlds.constituted(busy))
        barrier, wrong = threading.Barrier(12), []

        def look() -> None:
            barrier.wait(10)
            try:
                for _ in range(20):
                    busy.case(case.id)
            except Exception as error:  # noqa: BLE001 - told by the assertion below
                wrong.append(error)

        threads = [threading.Thread(target=look) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert wrong == []
        assert 1 < connections(other.role) <= 4  # connections=4, and twelve threads
    gone = f"SELECT count(*) = 0 FROM pg_stat_activity WHERE usename IN ('{one.role}', '{other.role}')"
    wait_until(gone, plain(embedded_server().url()))
