"""What an operator should watch: what holds the feed back, and whether commits are confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stabflow.ports.hooks import Text
from stabflow.ports.store import Observation

from . import feed
from .connections import Session

TOO_LONG = 60
"""Seconds after which a transaction that holds the feed back is to be attended to."""

_OLDEST = """
SELECT pid, nullif(application_name, ''), usename::text, datname::text, state,
  extract(epoch FROM clock_timestamp() - xact_start)::int
FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
ORDER BY age(backend_xid) DESC LIMIT 1
"""
_OLDEST_NAMES = ("process", "application", "role", "database", "state", "seconds")

_PREPARED = """
SELECT gid, owner::text, database::text, extract(epoch FROM clock_timestamp() - prepared)::int
FROM pg_prepared_xacts ORDER BY prepared LIMIT 1
"""
_PREPARED_NAMES = ("name", "role", "database", "seconds")

_STANDBYS = """
SELECT current_setting('synchronous_standby_names') AS asked_for, current_setting('synchronous_commit') AS waits_for,
  (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))::int AS confirming,
  (SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep')::int AS waiting,
  pg_has_role(current_user, 'pg_monitor', 'USAGE') AS can_see
"""


def observed(session: Session, schema: str) -> Iterator[Observation]:
    """What of the feed cannot be read yet and which transaction it waits for; a prepared one; standbys that do not confirm."""
    oldest = _first(session, _OLDEST, _OLDEST_NAMES)
    yield _feed(feed.lag(session, schema), oldest)
    prepared = _first(session, _PREPARED, _PREPARED_NAMES)
    if prepared is not None:
        yield _prepared(prepared)
    yield from _standbys(session)


def not_there(schema: str) -> Observation:
    """What is said where no act has made the tables yet."""
    return Observation(
        name="schema",
        title=Text("schema", "模式"),
        text=Text(
            f"there is no store in the schema {schema} yet: the first act makes it",
            f"模式{schema}中尚无存储，首次办理时建立",
        ),
        cure=Text("correct schema= in the URL, or run a dossier first", "请更正URL中的schema=，或先运行一份案卷"),
        facts={"schema": schema},
    )


def _first(session: Session, statement: str, names: tuple[str, ...]) -> dict[str, Any] | None:
    for row in session.ask(statement):
        return dict(zip(names, row, strict=True))
    return None


def _feed(lag: int, oldest: dict[str, Any] | None) -> Observation:
    en = "all records can be read in it" if not lag else f"records that cannot be read in it yet: {lag}"
    zh = "所有记录均可读取" if not lag else f"暂不可读取的记录：{lag}条"
    cure = None
    if oldest is not None:
        who = oldest["application"] or oldest["role"] or "?"
        where, state = oldest["database"] or "?", oldest["state"] or "?"
        en += (
            f"; it waits for process {oldest['process']} ({who}, in the database {where}, {state}), which has written and is"
            f" open for {_or_unknown(oldest['seconds'])} s"
        )
        zh += (
            f"；正在等待进程{oldest['process']}（{who}，数据库{where}，{state}），其事务已写入且未结束，"
            f"已持续{_or_unknown(oldest['seconds'])}秒"
        )
        if oldest["seconds"] is None:
            cure = _LET_SEE if lag else None
        elif oldest["seconds"] >= TOO_LONG:
            end = f"SELECT pg_terminate_backend({oldest['process']})"
            cure = Text(
                f"nothing comes in the feed until it is over: let it commit, or end it: {end}; transaction_timeout or"
                " idle_in_transaction_session_timeout ends such ones by itself",
                f"该事务结束前全序流不再前进：请使其提交，或予以终止：{end}；"
                "设置transaction_timeout或idle_in_transaction_session_timeout可自动终止此类事务",
            )
    return Observation(
        name="feed", title=Text("feed", "全序流"), text=Text(en, zh), cure=cure, facts={"lag": lag, "oldest": oldest}
    )


_LET_SEE = Text(
    "let this role see for how long, and whose it is: GRANT pg_read_all_stats to it",
    "请授予本角色pg_read_all_stats，以便查看其持续时间和所属",
)


def _or_unknown(seconds: int | None) -> str:
    return "?" if seconds is None else str(seconds)


def _prepared(found: dict[str, Any]) -> Observation:
    name, role, database, seconds = (found[name] for name in _PREPARED_NAMES)
    text = Text(
        f"{name!r}, of {role} in the database {database}, was prepared {seconds} s ago and is not finished: it holds the feed"
        " back, and keeps its locks",
        f"{database}数据库中{role}的{name!r}已预备{seconds}秒而未了结：全序流不再前进，其锁亦未释放",
    )
    end = f"COMMIT PREPARED '{name}' or ROLLBACK PREPARED '{name}'"
    cure = Text(
        f"whoever coordinates it should finish it; or, connected to {database}: {end}",
        f"请由协调方了结；或连接{database}后执行：{end.replace(' or ', '或')}",
    )
    return Observation(
        name="prepared",
        title=Text("prepared transaction", "预备事务"),
        text=text,
        cure=cure if seconds >= TOO_LONG else None,
        facts=found,
    )


def _standbys(session: Session) -> Iterator[Observation]:
    """Whether somebody confirms commits, where they wait for that."""
    ((asked_for, waits_for, confirming, waiting, can_see),) = session.ask(_STANDBYS)
    if not asked_for or waits_for in ("off", "local"):
        return
    facts = {"asked_for": asked_for, "confirming": confirming if can_see else None, "waiting": waiting}
    title = Text("standbys", "备库")
    if not can_see:
        text = Text(
            f"commits wait for standbys ({asked_for}); whether any confirms is hidden from this role",
            f"提交须等待备库（{asked_for}）；本角色无权查看是否有备库在确认",
        )
        yield Observation(name="standbys", title=title, text=text, facts=facts)
    elif confirming:
        text = Text(f"standbys that confirm commits: {confirming}", f"确认提交的备库：{confirming}个")
        yield Observation(name="standbys", title=title, text=text, facts=facts)
    else:
        yield Observation(
            name="standbys",
            title=title,
            text=Text(
                f"commits wait for standbys ({asked_for}), and none confirms: no act is acknowledged; processes that wait:"
                f" {waiting}",
                f"提交须等待备库（{asked_for}），但无备库确认：任何办理均得不到确认；正在等待的进程：{waiting}个",
            ),
            cure=Text(
                "bring a standby back, or change synchronous_standby_names; cancel no process that waits: that would be"
                " reported as a success",
                "请恢复备库，或修改synchronous_standby_names；请勿取消正在等待的进程，否则会被误报为成功",
            ),
            facts=facts,
        )
