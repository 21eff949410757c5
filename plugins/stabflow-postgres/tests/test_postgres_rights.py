"""A role that does not own the tables can use the store, and nobody changes what is on record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import psycopg
import pytest
from stabflow_postgres import PostgresStore, inspection, schema, setup, setup_sql
from stabflow_postgres.address import Address
from stabflow_postgres.testing import administrator, embedded_server, execute, plain, schema_of

from stabflow.errors import InvalidInput, StoreUnavailable
from stabflow.ports.store import AppendBatch, CaseQuery, DutyQuery
from stabflow.testing.stores.material import act, holdings

Open = Callable[..., PostgresStore]

CHANGES = (
    "UPDATE {s}.records SET payload = ''",
    "UPDATE {s}.records SET payload = '' WHERE false",
    "DELETE FROM {s}.records",
    "TRUNCATE {s}.records",
    "TRUNCATE {s}.records, {s}.keys CASCADE",
    "UPDATE {s}.keys SET digest = ''",
    "DELETE FROM {s}.keys",
    "TRUNCATE {s}.keys",
    "INSERT INTO {s}.keys SELECT * FROM {s}.keys ON CONFLICT (stream, key) DO UPDATE SET digest = ''",
    "INSERT INTO {s}.records SELECT * FROM {s}.records ON CONFLICT (stream, version) DO UPDATE SET payload = ''",
    "MERGE INTO {s}.records r USING {s}.keys k ON r.stream = k.stream WHEN MATCHED THEN DELETE",
)


def used(store: PostgresStore) -> dict[str, object]:
    """What is there after every method was used."""
    for number in range(6):
        store.append(act(number, store.capabilities))
        store.append(act(number, store.capabilities))
    first, second, third = store.claim("worker", limit=3, lease_for=60)
    store.ack(first)
    store.release(second, retry_after=0.0, error="later")
    store.release(third, retry_after=None, error="never")
    assert [one.notice for one in store.dead_letters()] == [third.notice]
    assert store.revive(third.notice)
    assert store.find_cases(CaseQuery()).rows
    assert store.find_duties(DutyQuery(level=1)).rows
    (told,) = store.observe()
    assert (told.facts["lag"], told.cure) == (0, None)
    return holdings(store, range(6))


@pytest.mark.parametrize("by", ["setup", "script"])
def test_the_application_can_do_all_that_it_must(url: str, role: str, opened: Open, by: str) -> None:
    if by == "setup":
        setup(url, application=role)
        setup(url, application=role)
    else:
        embedded_server().program(
            "psql", "-q", "-v", "ON_ERROR_STOP=1", "postgres", feed=setup_sql(schema_of(url), role)
        )
    found = used(opened(url.replace("//stabflow@", f"//{role}@")))
    other = url.replace(schema_of(url), f"{schema_of(url)}_other")
    assert found == used(opened(other))
    with administrator(other) as link:
        link.execute(f"DROP SCHEMA {schema_of(other)} CASCADE".encode())


SETTINGS = {
    "default_transaction_isolation": "serializable",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "array_nulls": "off",
    "DateStyle": "German",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Asia/Shanghai",
    "extra_float_digits": "-15",
    "search_path": "pg_temp",
    "row_security": "off",
    "quote_all_identifiers": "on",
    "jit_above_cost": "0",
    "plan_cache_mode": "force_custom_plan",
    "plpgsql.variable_conflict": "use_variable",
    "plpgsql.extra_warnings": "all",
    "lock_timeout": "1h",
    "statement_timeout": "1h",
    "client_min_messages": "error",
}
"""What a role or a database may have been given by its administrator."""


def test_settings_of_the_role_change_nothing(url: str, opened: Open) -> None:
    other = url.replace(schema_of(url), f"{schema_of(url)}_other")
    options = quote(" ".join(f"-c{name}={value}" for name, value in SETTINGS.items()), safe="")
    found = used(opened(f"{other}&options={options}"))
    assert found == used(opened(url))
    execute(other, "DROP SCHEMA {s} CASCADE")


def test_the_server_gives_up_before_the_handle_does(url: str, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the role was given; from the first question on."""
    real, seen = inspection.look, []
    asked = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"

    def look(address: Address, ask: inspection.Ask) -> inspection.Finding:
        seen.extend(ask(asked))
        return real(address, ask)

    monkeypatch.setattr(inspection, "look", look)
    opened(f"{url}&options={quote('-clock_timeout=1h -cstatement_timeout=1h')}")
    assert seen == [("2500ms", "3500ms")]


def used_within(store: PostgresStore, url: str) -> None:
    """An append within a transaction of a host that has a number already."""
    with psycopg.connect(plain(url)) as link:
        link.execute("SELECT pg_current_xact_id()")
        joined = store.join(link)
        joined.append(act(6, joined.capabilities))
        joined.commit()
        joined.close()


def rights() -> Iterator[str]:
    """Each right that the application needs."""
    yield "USAGE ON SCHEMA {s}"
    yield "USAGE ON SEQUENCE {s}.tokens"
    for table, given in schema.RIGHTS.items():
        yield from (f"{right} ON {{s}}.{table}" for right in given.split(", "))
    yield from (f"EXECUTE ON FUNCTION {{s}}.{name}" for name in schema.CALLED)


@pytest.mark.slow
def test_each_right_is_needed_and_missed_in_plain_words(url: str, role: str, opened: Open) -> None:
    """Without any one of them something is refused, which says what to do; and nothing of the act is stored."""
    spare: list[str] = []
    for right in rights():
        setup(url, application=role)
        if "epoch" in right:
            opened(url).append(act(0, opened(url).capabilities))
            execute(url, "UPDATE {s}.epochs SET identity = 'elsewhere'")
        execute(url, f"REVOKE {right} FROM PUBLIC, {role}")
        alone = url.replace("//stabflow@", f"//{role}@")
        try:
            used(store := opened(alone))
            used_within(store, alone)
        except StoreUnavailable as error:
            assert re.search(r"does not let this role .*run stabflow_postgres\.setup.*nothing was stored", str(error))
        else:
            spare.append(right)
        execute(url, "DROP SCHEMA {s} CASCADE")
    assert spare == []
    execute(url, "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")  # as careful administrators do
    try:
        setup(url, application=role)
    finally:
        execute(url, "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC")
    used(opened(url.replace("//stabflow@", f"//{role}@")))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("who", ["application", "owner", "replica"])
def test_nobody_changes_what_is_on_record(protected: tuple[str, str], change: str, who: str) -> None:
    url, role = protected
    user = role if who == "application" else "stabflow"
    with psycopg.connect(plain(url.replace("//stabflow@", f"//{user}@")), autocommit=True) as link:
        if who == "replica":  # in which mode ordinary triggers sleep
            link.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as found:
            link.execute(change.replace("{s}", schema_of(url)).encode())
    if who != "application":
        assert "append-only" in str(found.value)


def test_the_application_cannot_take_the_guards_away(protected: tuple[str, str]) -> None:
    url, role = protected
    s = schema_of(url)
    with psycopg.connect(plain(url.replace("//stabflow@", f"//{role}@")), autocommit=True) as link:
        for statement in (
            f"ALTER TABLE {s}.records DISABLE TRIGGER append_only",
            f"DROP TRIGGER append_only ON {s}.records",
            f"DROP TABLE {s}.records",
            f"DROP FUNCTION {s}.append_only CASCADE",
            f"CREATE TABLE {s}.mine (id int)",
            f"UPDATE {s}.stabflow_schema SET version = 9",
            f"DELETE FROM {s}.epochs",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                link.execute(statement.encode())


@pytest.fixture(scope="module")
def protected() -> object:
    """A schema with a record in it, and a role that is given what the application needs."""
    url, role = embedded_server().url(schema="protected"), "app_protected"
    with administrator(url) as link:
        link.execute(f"CREATE ROLE {role} LOGIN".encode())
        setup(url, application=role)
        store = PostgresStore.from_url(url)
        store.append(act(0, store.capabilities))
        store.close()
        yield url, role
        link.execute(f"DROP SCHEMA {schema_of(url)} CASCADE".encode())
        link.execute(f"DROP ROLE {role}".encode())


def test_the_script_is_for_names_that_can_be_used() -> None:
    with pytest.raises(ValueError, match="no name for a schema"):
        setup_sql("a; DROP TABLE x")
    assert re.search(r'TO "my ""app"', setup_sql(application='my "app'))


def test_an_append_is_one_statement(url: str, opened: Open) -> None:
    """And so one round trip, and its own transaction."""
    store = opened(url)
    for number in range(2):
        store.append(act(number, store.capabilities))
    sent: list[str] = []
    with store._pool.lent() as session:
        tell = session.tell_straight
        session.tell_straight = lambda statement, values: (sent.append(statement), tell(statement, values))[1]  # type: ignore[method-assign, func-returns-value]
        for other in ("ask", "ask_straight", "tell", "look"):
            setattr(session, other, lambda *_, **__: pytest.fail("more than one statement"))
    planned: AppendBatch = act(2, store.capabilities)
    store.append(planned)
    assert len(sent) == 1


def test_setting_up_says_which_role_or_right_is_missing(url: str, role: str) -> None:
    with pytest.raises(InvalidInput, match="create the role first: CREATE ROLE nosuch LOGIN"):
        setup(url, application="nosuch")
    alone = url.replace("//stabflow@", f"//{role}@")
    with pytest.raises(StoreUnavailable, match=f"GRANT CREATE ON DATABASE postgres TO {role}; nothing"):
        setup(alone)
    execute(url, f"GRANT CREATE ON DATABASE postgres TO {role}", "CREATE SCHEMA {s}")
    with pytest.raises(StoreUnavailable, match=f"GRANT CREATE ON SCHEMA {schema_of(url)} TO {role}; nothing"):
        setup(alone)
    execute(url, f"GRANT CREATE, USAGE ON SCHEMA {{s}} TO {role}")
    setup(alone)
