"""What goes wrong around the store: each is an error that says what to do, tells the outcome rightly, and repeats no password."""

from __future__ import annotations

import re
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import psycopg
import pytest
from stabflow_postgres import PostgresStore, connections, faults, inspection, schema, setup
from stabflow_postgres.address import read_url
from stabflow_postgres.servers import wait_until
from stabflow_postgres.testing import administrator, execute, failing, meanwhile, plain, schema_of

from stabflow.errors import (
    CommitUnknown,
    ContractTooNew,
    Corrupt,
    InvalidInput,
    StabflowError,
    StoreUnavailable,
    VersionConflict,
)
from stabflow.ports import store_rules
from stabflow.ports.store import AppendBatch, Capability, NewNotice, NewRecord, StreamHead

Open = Callable[..., PostgresStore]

SECRET = "geheim-und-falsch"


def act(stream: str = "case/one", after: int = 0, tag: str = "tag", **more: object) -> AppendBatch:
    return AppendBatch(stream, after, (NewRecord(tag, b"{}", b"{}", bytes(32)),), **more)  # type: ignore[arg-type]


def by_tcp(url: str, user: str = "stabflow", **more: str) -> str:
    given = re.sub("host=[^&]+", "host=127.0.0.1", url).replace("//stabflow@", f"//{user}@")
    return "&".join([given, *(f"{name}={value}" for name, value in more.items())])


def told(error: BaseException) -> str:
    """Everything that may reach a log."""
    chain = [error, *([error.__cause__] if error.__cause__ else [])]
    return "".join(traceback.format_exception(error)) + "".join(repr(vars(one)) + repr(one.args) for one in chain)


# At the door


def test_wrong_credentials(url: str, role: str) -> None:
    with administrator(url) as link:
        link.execute("CREATE DATABASE locked")
    try:
        locked = url.replace("/postgres?", "/locked?")
        wrong = locked.replace("//stabflow@", f"//{role}:{SECRET}@")
        with pytest.raises(
            StoreUnavailable, match=r"refuses the credentials: correct the user or the password"
        ) as found:
            PostgresStore.from_url(wrong)
        assert SECRET not in told(found.value)
        with pytest.raises(StoreUnavailable, match="give it by PGPASSWORD"):
            PostgresStore.from_url(locked.replace("//stabflow@", f"//{role}@"))
        right = PostgresStore.from_url(locked.replace("//stabflow@", f"//{role}:geheim-{role}@"))
        assert "geheim" not in str(right.about()) + repr(right) + repr(right._pool)
        right.close()
    finally:
        with administrator(url) as link:
            link.execute("DROP DATABASE locked WITH (FORCE)")


def test_a_password_comes_from_the_environment(url: str, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with administrator(url) as link:
        link.execute("CREATE DATABASE locked")
    monkeypatch.setenv("PGPASSWORD", f"geheim-{role}")
    try:
        PostgresStore.from_url(url.replace("/postgres?", "/locked?").replace("//stabflow@", f"//{role}@")).close()
    finally:
        with administrator(url) as link:
            link.execute("DROP DATABASE locked WITH (FORCE)")


def test_a_server_that_cannot_be_reached() -> None:
    url = f"postgresql://me:{SECRET}@127.0.0.1:1/db"
    with pytest.raises(
        StoreUnavailable, match=r"postgresql://me@127\.0\.0\.1:1/db.* cannot be reached: see that it runs"
    ) as found:
        PostgresStore.from_url(url)
    assert SECRET not in told(found.value)


def test_tls_that_is_refused(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="has no TLS: switch ssl on in the server, or correct sslmode="):
        PostgresStore.from_url(by_tcp(url, sslmode="require"))


def test_a_database_that_is_not_there(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="does not know that database or role: correct the URL"):
        PostgresStore.from_url(url.replace("/postgres?", "/nowhere?"))


@pytest.mark.parametrize("attributes", ["", "&target_session_attrs=any"])
def test_a_server_that_is_read_only(url: str, attributes: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"is read-only: .*default_transaction_read_only"):
        PostgresStore.from_url(f"{url}&options=-cdefault_transaction_read_only%3Don{attributes}")


def test_a_server_that_becomes_read_only(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act())
    with store._pool.lent() as session:
        session.ask("SET default_transaction_read_only = on")
    with pytest.raises(StoreUnavailable, match="is read-only: connect to the primary"):
        store.append(act(after=1))
    assert len(store.read_stream("case/one")) == 1


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_loses_what_it_acknowledges(
    url: str, name: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    weak = url
    if name != "synchronous_commit":  # which a session may choose
        looks = inspection._LOOK.replace(f"current_setting('{name}')", "'off'")
        monkeypatch.setattr(inspection, "_LOOK", looks)
    else:
        weak = f"{url}&options=-csynchronous_commit%3Doff"
    with pytest.raises(StoreUnavailable, match=rf"can lose what it has acknowledged \({name} = off\)"):
        PostgresStore.from_url(weak)
    store = opened(f"{weak}&durable=no")
    assert Capability.DURABLE not in store.capabilities


@pytest.mark.parametrize(
    ("asked", "found", "cure"),
    [
        ("pg_is_in_recovery() AS", "true AS", "is a standby: connect to the primary; name all hosts in the URL"),
        ("current_setting('server_encoding')", "'SQL_ASCII'", "make a database with the encoding UTF8"),
        ("current_setting('server_version_num')", "'130011'", "use version 14 or later"),
    ],
)
def test_a_server_that_is_not_fit(url: str, asked: str, found: str, cure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked in inspection._LOOK
    monkeypatch.setattr(inspection, "_LOOK", inspection._LOOK.replace(asked, found, 1))
    with pytest.raises(StoreUnavailable, match=cure):
        PostgresStore.from_url(url)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', "lets nobody in from here"),
        ("SSL error: certificate verify failed", "do not trust each other"),
        ("FATAL:  connection requires a valid client certificate", "asks for a certificate: name it by sslcert="),
        ("FATAL:  sorry, too many clients already", "has no connection left"),
        ("FATAL:  the database system is starting up", "is starting"),
        ("connection is bad: session is read-only", "is read-only"),
        ("server is in hot standby mode", "is a standby"),
        ("FATAL:  der Benutzer ist unbekannt", "cannot be reached"),
    ],
)
def test_what_libpq_says_at_the_door_is_understood(said: str, problem: str) -> None:
    error = faults.at_the_door(read_url("postgresql://h/d"), psycopg.OperationalError(said))
    assert problem in str(error)


# The URL


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:",
        f"postgresql://me:{SECRET}@h:port/db",
        f"postgresql://me:{SECRET}@h/db?nonsense=1",
        f"postgresql://me:{SECRET}%zz@h/db",
        f"postgresql://me:p@{SECRET}@h/db",
        f"postgresql://me:12/{SECRET}@h/db",
        f"postgresql://me:{SECRET}@h/db?schema=Bad",
        f"postgresql://me:{SECRET}@h/db?schema=pg_mine",
        f"postgresql://me:{SECRET}@h/db?deadline=soon",
        f"postgresql://me:{SECRET}@h/db?connections=0",
        f"postgresql://me:{SECRET}@h/db?durable=perhaps",
        "sqlite:///x.db",
    ],
)
def test_what_is_no_url_of_ours_is_bad_input(url: str) -> None:
    with pytest.raises(InvalidInput) as found:
        PostgresStore.from_url(url)
    assert SECRET not in told(found.value)


def test_a_url_is_shown_without_its_secrets() -> None:
    address = read_url(f"postgres://me:{SECRET}@a:1,b:2/db?schema=mine&sslpassword=s3cret&deadline=2.5&connections=3")
    assert str(address) == "postgresql://me@a:1,b:2/db?schema=mine"
    assert (address.schema, address.deadline, address.connections) == ("mine", 2.5, 3)
    assert address.parameters["target_session_attrs"] == "read-write"
    assert SECRET not in repr(address)
    assert address.without_secrets(f"libpq says\n {SECRET} s3cret") == "libpq says *** ***"


# The schema


def test_another_applications_tables(url: str, opened: Open) -> None:
    execute(url, "CREATE SCHEMA {s}", "CREATE TABLE {s}.records (id int)")
    with pytest.raises(
        StoreUnavailable, match=r"tables of another application in this schema \(records\): name another"
    ):
        PostgresStore.from_url(url)
    execute(url, "DROP TABLE {s}.records", "CREATE TABLE {s}.invoices (id int)")
    assert opened(url).append(act()).last_version == 1  # what we have no name for does not disturb us


def test_a_refused_first_append_makes_nothing(url: str, opened: Open) -> None:
    store = opened(url)
    with pytest.raises(VersionConflict):
        store.append(act(after=1))
    with pytest.raises(VersionConflict):
        store.append(act(relies_on=(StreamHead("system/offices", 1, bytes(32)),)))
    with pytest.raises(ValueError, match="does not fit"):
        store.append(act(stream=incompressible(4000)))
    with administrator(url) as link:
        found = link.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema_of(url),)).fetchall()
    assert found == []
    assert store.append(act()).last_version == 1  # what was made and rolled back is not remembered


def incompressible(size: int) -> str:
    return "".join(Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=size))


def test_a_text_that_no_index_can_hold_is_a_value_error(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act())
    with pytest.raises(ValueError, match="does not fit"):
        store.append(act(stream=incompressible(4000)))
    assert store.append(act(after=1, tag=incompressible(100_000))).last_version == 2


def test_two_that_append_first_at_once(url: str, opened: Open) -> None:
    stores = [opened(url) for _ in range(4)]
    start = threading.Barrier(4)
    errors: list[BaseException] = []

    def append(number: int) -> None:
        try:
            start.wait(10)
            stores[number].append(act(f"case/{number}"))
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            errors.append(error)

    threads = [threading.Thread(target=append, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(stores[0].read_feed(after=None).records) == 4


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("ALTER TABLE {s}.records DISABLE TRIGGER append_only", "trigger append_only on records"),
        ("ALTER TABLE {s}.keys ENABLE TRIGGER append_only", "trigger append_only on keys"),
        ("DROP TRIGGER append_only ON {s}.records", "trigger append_only on records"),
        ("ALTER TABLE {s}.records DROP CONSTRAINT records_by_stream", "constraint records_by_stream"),
        (
            "CREATE OR REPLACE FUNCTION {s}.append_only() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RETURN NULL; END $$",
            "function append_only",
        ),
        ("DROP TABLE {s}.snapshots", "snapshots"),
        ("ALTER TABLE {s}.records SET UNLOGGED", "table records"),  # which a crash would empty
        ("ALTER TABLE {s}.outbox ENABLE ROW LEVEL SECURITY", "table outbox"),  # which hides rows
        ("CREATE RULE lost AS ON INSERT TO {s}.keys DO INSTEAD NOTHING", "table keys"),  # which reads as success
    ],
)
def test_guards_that_were_changed_are_noticed(url: str, opened: Open, tampering: str, named: str) -> None:
    opened(url).append(act())
    execute(url, tampering)
    with pytest.raises(Corrupt, match=named):
        PostgresStore.from_url(url)


def test_a_newer_schema_is_left_alone(url: str, opened: Open) -> None:
    opened(url).append(act())
    execute(url, "UPDATE {s}.stabflow_schema SET version = version + 1")
    with pytest.raises(ContractTooNew, match="upgrade it; the data is untouched"):
        PostgresStore.from_url(url)


def test_an_upgrade_is_done_whole_or_not_at_all(url: str, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    before = opened(url)
    before.append(act())
    with monkeypatch.context() as later:
        later.setattr(schema, "SCHEMA_VERSION", 2)
        steps = ("ALTER TABLE {s}.snapshots ADD COLUMN note text", "SELECT nonsense")
        later.setattr(schema, "UPGRADES", {1: steps})
        with pytest.raises(StoreUnavailable, match="nonsense"):
            PostgresStore.from_url(url)
        later.setattr(schema, "UPGRADES", {})
        with pytest.raises(Corrupt, match="version 1"):
            PostgresStore.from_url(url)
    assert before.append(act(after=1)).last_version == 2
    assert opened(url).append(act(after=2)).last_version == 3  # the earlier version is as it was
    cursor = before.read_feed(after=None).cursor
    with monkeypatch.context() as later:
        later.setattr(schema, "SCHEMA_VERSION", 2)
        later.setattr(schema, "UPGRADES", {1: steps[:1]})
        later_store = opened(url)
        assert later_store.about()["schema"] == "2"
    for _ in range(2):  # who was there before does not write what it does not know
        with pytest.raises(ContractTooNew, match="upgrade it"):
            before.append(act(after=3))
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 2)
    assert later_store.append(act(after=3)).last_version == 4
    assert [one.version for one in later_store.read_feed(after=cursor).records] == [4]
    assert opened(url).about()["schema"] == "2"


def test_two_that_upgrade_at_once(url: str, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits for the first, and finds that there is nothing left to do."""
    opened(url).append(act())
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 2)
    monkeypatch.setattr(schema, "UPGRADES", {1: ("ALTER TABLE {s}.snapshots ADD COLUMN note text",)})
    found: list[PostgresStore] = []
    with psycopg.connect(plain(url)) as link:
        link.execute("SELECT pg_advisory_xact_lock(%s)", (schema.lock_number(schema_of(url), "schema"),))
        for statement in schema.upgrade(schema_of(url), 1):
            link.execute(statement.encode())
        thread = meanwhile(url, lambda: found.append(opened(url)))
    thread.join()
    assert [one.about()["schema"] for one in found] == ["2"]


# Rights


def test_missing_grants(url: str, role: str, opened: Open) -> None:
    alone = url.replace("//stabflow@", f"//{role}@")
    store = opened(alone)
    with pytest.raises(
        StoreUnavailable, match=r"does not let this role do that: let the owner .* run stabflow_postgres\.setup"
    ):
        store.append(act())
    opened(url).append(act())
    with pytest.raises(StoreUnavailable, match=r"run stabflow_postgres\.setup"):
        PostgresStore.from_url(alone)
    setup(url, application=role)
    execute(url, f"REVOKE INSERT ON {{s}}.records FROM {role}")
    fresh = opened(alone)
    with pytest.raises(StoreUnavailable, match=r"run stabflow_postgres\.setup"):
        fresh.append(act(after=1))
    assert fresh.heads(["case/one"])[0].version == 1


# While it is used


def test_a_full_disk(url: str, opened: Open) -> None:
    store = opened(url)
    store.append(act())
    with failing(url, "BEFORE"), pytest.raises(StoreUnavailable, match="is on a full disk: free some space"):
        store.append(act(after=1))
    assert store.append(act(after=1)).last_version == 2


def test_a_pool_that_has_run_dry(url: str, opened: Open) -> None:
    store = opened(f"{url}&connections=2&patience=0.05")
    dry = r"all 2 connections .* were in use for 0\.05 s: raise connections="
    with store._pool.lent(), store._pool.lent(), pytest.raises(StoreUnavailable, match=dry):
        store.append(act())
    assert store.append(act()).last_version == 1


def test_what_is_closed_keeps_no_connection(url: str) -> None:
    """Nor does one that was in use at that moment, once it is given back."""
    store = PostgresStore.from_url(url)
    with store._pool.lent() as session:
        store.close()
        assert session.ask("SELECT 1") == [(1,)]
    assert session._link.closed
    with pytest.raises(StoreUnavailable, match="closed"):
        store.append(act())


def test_who_cannot_connect_takes_no_place_in_the_pool(url: str, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(f"{url}&connections=1&patience=0.2")
    with store._pool.lent() as session:
        session.close()
    for _ in range(3):
        with monkeypatch.context() as gone:
            gone.setattr(connections.Link, "connect", refused)
            with pytest.raises(StoreUnavailable, match="cannot be reached"):
                store.append(act())
    assert store.append(act()).last_version == 1


def refused(**_: object) -> None:
    raise psycopg.OperationalError("refused")


def test_who_is_told_of_the_end_by_the_server_does_not_know_the_outcome(url: str) -> None:
    """``FATAL`` may come after the commit; ``ERROR`` cannot."""
    address = read_url(url)
    with psycopg.connect(plain(url), autocommit=True) as link:
        with pytest.raises(psycopg.Error) as error:
            link.execute("SELECT 1 / 0")
        assert isinstance(faults.of_writing(address, error.value), ValueError)
        with pytest.raises(psycopg.errors.AdminShutdown) as fatal:
            link.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert not faults.is_certain(fatal.value)
    assert isinstance(faults.of_writing(address, fatal.value), CommitUnknown)
    assert isinstance(faults.of_reading(address, fatal.value), StoreUnavailable)


SAID = [
    ("40P01", StoreUnavailable, "try again"),
    ("XX001", Corrupt, "compare them with a backup"),
    ("XX002", Corrupt, "compare them with a backup"),
    ("53300", StoreUnavailable, "raise max_connections"),
    ("53200", StoreUnavailable, "try again"),
    ("58030", StoreUnavailable, "check the disk"),
    ("57P03", StoreUnavailable, "try again"),
    ("54000", ValueError, "does not fit"),
    ("99999", StoreUnavailable, "nothing was stored"),
]


@pytest.mark.parametrize(("state", "kind", "cure"), SAID)
def test_what_the_server_refuses_with_is_told_with_its_cure(
    url: str, opened: Open, state: str, kind: type[Exception], cure: str
) -> None:
    store = opened(url)
    store.append(act())
    execute(
        url,
        f"CREATE FUNCTION {{s}}.fault() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{state}'; END $$",
        "CREATE TRIGGER fault BEFORE INSERT ON {s}.records FOR EACH ROW EXECUTE FUNCTION {s}.fault()",
    )
    with pytest.raises(kind, match=cure):
        store.append(act(after=1))
    execute(url, "DROP FUNCTION {s}.fault CASCADE")
    assert store.append(act(after=1)).last_version == 2


def test_threads_wait_for_a_connection_that_comes_back(url: str, opened: Open) -> None:
    store = opened(f"{url}&connections=2")
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for version in range(5):
                store.append(act(f"case/{number}", version))
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with administrator(url) as link:
        ((count,),) = link.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stabflow'"
        ).fetchall()
    assert count == 2


@contextmanager
def locked_stream(url: str, stream: str) -> Iterator[None]:
    with psycopg.connect(plain(url)) as other:
        number = schema.lock_number(schema_of(url), "stream", stream)
        other.execute("SELECT pg_advisory_xact_lock(%s)", (number,))
        yield


@pytest.mark.slow
def test_what_waits_for_another_is_stopped_by_the_server_and_certainly_not_stored(url: str, opened: Open) -> None:
    store = opened(url.replace("deadline=5", "deadline=1"))
    store.append(act())
    with locked_stream(url, "case/one"):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="is held up by another transaction"):
            store.append(act(after=1, key="k", digest="d"))
        assert time.monotonic() - began < 1
    assert store.lookup("case/one", "k") is None
    assert store.append(act(after=1, key="k", digest="d")).replayed is False


def test_a_host_with_a_wrong_clock_takes_nobodys_lease(url: str, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases run by the server's clock: what a host believes the time to be is not asked."""
    right, skewed = opened(url), opened(url)

    def wrong(*_: object) -> int:
        raise AssertionError("a host's clock was asked")

    monkeypatch.setattr(store_rules, "ticks", wrong)
    monkeypatch.setattr(store_rules, "system_clock", wrong)
    skewed.append(act(outbox=(NewNotice("lane", b"notice"),)))
    (claim,) = skewed.claim("skewed", limit=1, lease_for=0.3)
    assert right.claim("right", limit=1, lease_for=60) == ()
    now = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    wait_until(f"SELECT ready <= {now} FROM {schema_of(url)}.outbox", plain(url))
    (again,) = right.claim("right", limit=1, lease_for=60)
    assert again.token > claim.token
    right.release(again, retry_after=0.2, error="later")
    assert skewed.claim("skewed", limit=1, lease_for=60) == ()


def test_every_error_says_what_to_do(url: str) -> None:
    """No message of ours ends without a cure."""
    address = read_url(url)
    made: list[StabflowError] = [
        faults.of_reading(address, psycopg.OperationalError("gone")),
        faults.of_writing(address, psycopg.OperationalError("gone")),
        faults.at_the_door(address, psycopg.OperationalError("gone")),
    ]
    for error in made:
        assert re.search(r"try again|ask again|see that", str(error)), error
