"""The command line on PostgreSQL: what an operator sees when all is well, when something holds the feed back, and when the
server cannot be used; never a password."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import conftest
import psycopg
import pytest
from command_line import PLAIN, Run
from stabflow_postgres import PostgresStore, setup, watching
from stabflow_postgres.testing import administrator, execute, plain, schema_of

from stabflow.ports.store import AppendBatch, NewRecord

pytestmark = pytest.mark.slow

SECRET = "geheim-x9"
CASE = "five-step-market-hall-1"

stab = conftest.stab

Open = Callable[..., PostgresStore]


def with_password(url: str) -> str:
    """By TCP, with a password that this server does not ask for."""
    given = re.sub("host=[^&]+", "host=127.0.0.1", url)
    return given.replace("//stabflow@", f"//stabflow:{SECRET}@")


def without_secrets(said: tuple[int, str, str]) -> tuple[int, str, str]:
    status, out, err = said
    assert SECRET not in out + err
    assert "Traceback" not in out + err
    return status, out, err


COMMANDS = [
    ("show",),
    ("show", CASE),
    ("history", CASE),
    ("plan", CASE, "implement"),
    ("duties",),
    ("gate", "market-hall", "--accept", "five-step@1"),
    ("matter", "market-hall"),
    ("tick",),
    ("recalendar", "--by", "u-1", "--body", "b", "--basis", "x"),
    ("migrate", "five-step", "--by", "u-1", "--body", "b", "--basis", "x", "--dry-run", CASE),
    ("run", str(PLAIN)),
    ("demo",),
]

DOWN = f"postgresql://me:{SECRET}@127.0.0.1:1/db"


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words)[:20])
def test_a_server_that_is_down(words: tuple[str, ...], stab: Run) -> None:
    status, out, err = without_secrets(stab(*words, "--store", DOWN))
    assert (status, out) == (2, "")
    assert "postgresql://me@127.0.0.1:1/db?schema=stabflow cannot be reached: see that it runs" in err
    assert "nothing was stored" in err


def test_a_copy_from_or_to_a_server_that_is_down(stab: Run, url: str) -> None:
    for pair in ((DOWN, with_password(url)), (with_password(url), DOWN)):
        status, _, err = without_secrets(stab("copy", *pair))
        assert status == 2
        assert "cannot be reached" in err


def test_a_server_that_is_down_as_json_and_to_the_doctor(stab: Run) -> None:
    status, out, err = without_secrets(stab("duties", "--json", "--store", DOWN))
    assert (status, json.loads(out)["error"]) == (2, "StoreUnavailable")
    assert "cannot be reached" in err
    status, out, _ = without_secrets(stab("doctor", "--json", "--store", DOWN))
    found = json.loads(out)
    assert (status, found["status"]) == (4, 4)
    (store,) = (one for one in found["checks"] if one["check"] == "store")
    assert (store["health"], store["facts"]) == ("failed", {"error": "StoreUnavailable"})
    status, out, _ = without_secrets(stab("doctor", "--store", DOWN, "--lang", "zh", columns=200))
    assert status == 4
    assert "不可用" in out


@pytest.fixture
def locked(url: str) -> Iterator[str]:
    """The URL of a database that asks for passwords."""
    with administrator(url) as link:
        link.execute("CREATE DATABASE locked")
    yield url.replace("/postgres?", "/locked?")
    with administrator(url) as link:
        link.execute("DROP DATABASE locked WITH (FORCE)")


def test_a_wrong_password(stab: Run, locked: str, role: str) -> None:
    wrong = locked.replace("//stabflow@", f"//{role}:{SECRET}@")
    status, _, err = without_secrets(stab("duties", "--store", wrong))
    assert status == 2
    assert "refuses the credentials: correct the user or the password" in err
    assert SECRET not in "".join(stab("--debug", "duties", "--store", wrong)[1:])  # which shows the traceback


WRONG = [
    ("postgresql://me:{}@h:port/db", "cannot be read by libpq"),
    ("postgresql://me:{}@h/db?schem=x", "has the parameter 'schem', which nobody knows (write schema="),
    ("postgresql://me:x@h/db?nosuch=x&password={}", "has the parameter 'nosuch', which nobody knows (leave it out"),
    ("postgresql://me:x@h/db?password=a&{}=b", "cannot be read by libpq"),
    ("postgresql://h/db?{}=x@y", "cannot be read by libpq"),
    ("postgresql://me:x@{}@h/db", "write %40 there"),
    ("postgresql://me:{}@h/db?schema=Bad", "use small letters"),
    ("postgresql://me:{}@h/db?deadline=never", "write a number from"),
    ("postgressql://me:{}@h/db", "no store serves 'postgressql://…'"),
    ("postgressql:///db?password={}", "no store serves 'postgressql:///db?password=…'"),
]


@pytest.mark.parametrize(("wrong", "cure"), WRONG)
def test_a_url_that_is_none(wrong: str, cure: str, stab: Run) -> None:
    for words in (("duties",), ("tick",), ("doctor",), ("doctor", "--json"), ("run", str(PLAIN))):
        status, out, err = without_secrets(stab(*words, "--store", wrong.format(SECRET)))
        assert status == 2, (words, out, err)
        assert cure in err


def test_a_schema_that_is_not_ours(stab: Run, url: str, opened: Open) -> None:
    execute(url, "CREATE SCHEMA {s}", "CREATE TABLE {s}.cases (id int)")
    status, _, err = without_secrets(stab("duties", "--store", with_password(url)))
    assert status == 2
    assert "name another by ?schema= in the URL" in err
    execute(url, "DROP TABLE {s}.cases")
    opened(url).append(AppendBatch("a", 0, (NewRecord("tag", b"{}", b"{}", bytes(32)),)))
    execute(url, "UPDATE {s}.stabflow_schema SET version = 9")
    status, _, err = without_secrets(stab("duties", "--store", with_password(url)))
    assert status == 2
    assert "upgrade it; the data is untouched" in err
    execute(url, "UPDATE {s}.stabflow_schema SET version = 1", "ALTER TABLE {s}.records DISABLE TRIGGER append_only")
    status, _, err = without_secrets(stab("duties", "--store", with_password(url)))
    assert status == 4
    assert "trigger append_only on records" in err


def test_a_role_that_may_not(stab: Run, url: str, role: str) -> None:
    setup(url, application=role)
    execute(url, f"REVOKE INSERT ON {{s}}.records FROM {role}")
    status, _, err = without_secrets(stab("run", str(PLAIN), "--store", url.replace("//stabflow@", f"//{role}@")))
    assert status == 2
    assert "run stabflow_postgres.setup" in err


@pytest.mark.parametrize("how", ["in the authority", "as a parameter"])
def test_all_commands_and_no_password(stab: Run, url: str, how: str) -> None:
    store = with_password(url)
    if how == "as a parameter":
        store = f"{re.sub('host=[^&]+', 'host=127.0.0.1', url).replace('//stabflow@', '//')}&user=stabflow&password={SECRET}"
    status, out, _ = without_secrets(stab("run", str(PLAIN), "--store", store))
    assert status == 0
    assert re.search(rf"stabflow show {CASE}$", out, re.MULTILINE)
    assert "with the same --store, or STABFLOW_STORE" in out
    for words in COMMANDS[:-3]:
        status, out, err = without_secrets(stab(*words, "--store", store))
        assert status in (0, 1), (words, out, err)
        status, out, err = without_secrets(stab(*words, STABFLOW_STORE=store))
        assert status in (0, 1), (words, out, err)
    other = url.replace(schema_of(url), f"{schema_of(url)}_copy")
    status, out, err = without_secrets(stab("copy", store, with_password(other)))
    assert status == 0, err
    execute(other, "DROP SCHEMA {s} CASCADE")


def test_the_doctor_says_what_holds_the_feed_back(stab: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = PostgresStore.from_url(url)
    store.append(AppendBatch("a", 0, (NewRecord("tag", b"{}", b"{}", bytes(32)),)))
    assert "feed: all records can be read in it" in without_secrets(stab("doctor", "--store", url, columns=300))[1]
    with psycopg.connect(plain(url), application_name="nightly-report") as other:
        other.execute("SELECT pg_current_xact_id()")
        store.append(AppendBatch("a", 1, (NewRecord("tag", b"{}", b"{}", bytes(32)),)))
        store.close()
        pid = other.info.backend_pid
        monkeypatch.setattr(watching, "TOO_LONG", 0)
        status, out, _ = stab("doctor", "--store", url, columns=300)
        assert status == 1
        assert "!  feed: records that cannot be read in it yet: 1; it waits for process" in out
        assert f"let it commit, or end it: SELECT pg_terminate_backend({pid})" in out
        _, out, _ = stab("doctor", "--store", url, "--lang", "zh", columns=300)
        assert "全序流：暂不可读取的记录：1条；正在等待进程" in out
        assert f"予以终止：SELECT pg_terminate_backend({pid})" in out
        _, out, _ = stab("doctor", "--json", "--store", url)
        (found,) = (one for one in json.loads(out)["checks"] if one["check"] == "feed")
        assert (found["health"], found["facts"]["lag"]) == ("attend", 1)
        oldest = found["facts"]["oldest"]
        assert (oldest["process"], oldest["application"], oldest["database"]) == (pid, "nightly-report", "postgres")
        assert oldest["seconds"] in range(60)


def test_the_doctor_says_that_there_is_no_store_yet(stab: Run, url: str) -> None:
    status, out, _ = stab("doctor", "--store", url, columns=300)
    assert status == 1
    assert f"!  schema: there is no store in the schema {schema_of(url)} yet: the first act makes it" in out
    assert "correct schema= in the URL" in out
    assert f"模式：模式{schema_of(url)}中尚无存储" in stab("doctor", "--store", url, "--lang", "zh", columns=300)[1]


def test_the_doctor_says_that_no_standby_confirms(stab: Run, url: str, opened: Open) -> None:
    opened(url).append(AppendBatch("a", 0, (NewRecord("tag", b"{}", b"{}", bytes(32)),)))
    waits = f"{url}&options={quote('-csynchronous_commit=on')}"
    status, out, _ = stab("doctor", "--store", waits, columns=300)
    assert status == 1
    assert "!  standbys: commits wait for standbys (nobody), and none confirms" in out
    assert "cancel no process that waits" in out
    assert (
        "备库：提交须等待备库（nobody），但无备库确认"
        in stab("doctor", "--store", waits, "--lang", "zh", columns=300)[1]
    )


def test_a_role_that_may_not_see_others_is_told_so(stab: Run, url: str, role: str) -> None:
    setup(url, application=role)
    alone = url.replace("//stabflow@", f"//{role}@")
    store = PostgresStore.from_url(alone)
    store.append(AppendBatch("a", 0, (NewRecord("tag", b"{}", b"{}", bytes(32)),)))
    with psycopg.connect(plain(url)) as other:
        other.execute("SELECT pg_current_xact_id()")
        store.append(AppendBatch("a", 1, (NewRecord("tag", b"{}", b"{}", bytes(32)),)))
        store.close()
        status, out, _ = stab("doctor", "--store", alone, columns=300)
    assert status == 1
    assert "is open for ? s" in out
    assert "GRANT pg_read_all_stats" in out
    waits = f"{alone}&options={quote('-csynchronous_commit=on')}"
    assert "whether any confirms is hidden from this role" in stab("doctor", "--store", waits, columns=300)[1]
