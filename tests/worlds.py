"""What the tests of the engine share: a clock to turn, two procedures with their office-holders, stores that fail on demand."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import stabflow
from stabflow import Actor, CaseHandle, Engine, Matter, Procedure
from stabflow.errors import CommitUnknown, StoreUnavailable
from stabflow.language import loads
from stabflow.plugins import equip
from stabflow.ports.hooks import Plugin, StoreScheme, hookimpl
from stabflow.ports.store import (
    AppendBatch,
    AppendResult,
    CasePage,
    CaseQuery,
    DutyPage,
    DutyQuery,
    FeedPage,
    Snapshot,
    Store,
    StoredRecord,
    StreamHead,
)

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BASIS = "order 7"


class FakeClock:
    """Tells ``now``, and moves on by ``step`` at every look."""

    def __init__(self, now: datetime = START, step: timedelta = timedelta(seconds=1)) -> None:
        self.now = now
        self.step = step

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


SMALL = """
[procedure]
id = "small"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "Small", zh = "小" }
source = "for tests"

[roles.chair]
title = { en = "chair", zh = "主持" }
holders = 1
supervises = ["clerk", "auditor"]

[roles.clerk]
title = { en = "clerk", zh = "文员" }
appointed_by = ["chair"]

[roles.auditor]
title = { en = "auditor", zh = "审计" }
appointed_by = ["chair"]

[[separations]]
roles = ["clerk", "auditor"]

[facts]
urgent = { type = "bool", title = { en = "urgent", zh = "紧急" } }
reasons = { type = "text", max_length = 100, title = { en = "reasons", zh = "理由" } }

[states]
drafting = { accountable = "clerk", within = "5 working days", title = { en = "drafting", zh = "起草" } }
deciding = { accountable = "chair", open_ended = true, title = { en = "deciding", zh = "决定" } }
settled = { final = true, title = { en = "settled", zh = "已定" } }

[[transitions]]
trigger = "open"
dest = "drafting"
by = ["chair"]

[[transitions]]
trigger = "submit"
source = "drafting"
dest = "deciding"
by = ["clerk"]
set = ["urgent"]
requires = [{ items = "note", in = ["done"], since = "drafting", at_least = 1 }]

[[transitions]]
trigger = "send_back"
source = "deciding"
dest = "drafting"
by = ["chair"]
set = ["reasons"]

[[transitions]]
trigger = "restart"
source = "drafting"
dest = "drafting"
by = ["chair"]

[[transitions]]
trigger = "settle"
source = "deciding"
dest = "settled"
by = ["chair"]
requires = [{ items = "check", since = "deciding", in = ["passed"], at_least = 1 }]

[items.note]
title = { en = "note", zh = "记录" }
fields.words = { type = "text", max_length = 500, title = { en = "words", zh = "内容" } }
fields.weight = { type = "decimal", optional = true, title = { en = "weight", zh = "权重" } }
fields.owner = { type = "actor", title = { en = "owner", zh = "责任人" } }
fields.deadline = { type = "date", title = { en = "deadline", zh = "期限" } }
fields.paper = { type = "file", optional = true, title = { en = "paper", zh = "文件" } }
states.open = { accountable = "owner", until = "deadline", title = { en = "open", zh = "待办" } }
states.done = { final = true, title = { en = "done", zh = "完成" } }
transitions = [
  { trigger = "add", dest = "open", by = ["clerk", "chair"], set = ["words", "weight", "owner", "deadline", "paper"] },
  { trigger = "do", source = "open", dest = "done", by = ["owner"] },
]

[items.check]
title = { en = "check", zh = "核对" }
preset = { field = "point", from = "points", dest = "due", at = "deciding" }
fields.point = { type = "choice", of = "points", title = { en = "point", zh = "要点" } }
states.due = { accountable = "auditor", within = "3 days", title = { en = "due", zh = "待核" } }
states.passed = { final = true, title = { en = "passed", zh = "通过" } }
transitions = [{ trigger = "pass", source = "due", dest = "passed", by = ["auditor"] }]

[lists.points]
form = { title = { en = "form", zh = "形式" } }
matter = { title = { en = "matter", zh = "内容" } }
"""

CHAIR = Actor("chair-1", body="council")
CLERK = Actor("clerk-1", body="office")
AUDITOR = Actor("auditor-1", body="audit")
OUTSIDER = Actor("nobody-1", body="elsewhere")
BRIDGE = Matter("bridge-1", "替建渡口大桥")

NOTE: dict[str, Any] = {"words": "书面", "owner": CLERK, "deadline": datetime(2026, 4, 1, tzinfo=UTC).date()}


@functools.cache
def small(**changed: str) -> Procedure:
    """The small procedure, with some of its text replaced: ``old="new"`` by keyword pairs ``find`` and ``put``."""
    text = SMALL
    if changed:
        assert changed["find"] in text
        text = text.replace(changed["find"], changed["put"])
    return loads(text)


def constituted(engine: Engine, procedure: str | Procedure = "small") -> Engine:
    engine.constitute(procedure, "chair", CHAIR, basis=BASIS)
    return engine


def opened(engine: Engine, matter: Matter = BRIDGE, **more: Any) -> CaseHandle:
    """A small case with its clerk and its auditor."""
    case = engine.open_case("small", matter, by=CHAIR, basis=BASIS, **more)
    case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
    case.appoint("auditor", AUDITOR, by=CHAIR, basis=BASIS)
    return case


def noted(case: CaseHandle) -> str:
    """A note, done."""
    note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    return note


def engine_on(url: str, clock: Callable[[], datetime] | None = None, **more: Any) -> Engine:
    """An engine that knows the small procedure."""
    more.setdefault("procedures", [small()])
    return stabflow.open(url, clock=clock or FakeClock(), **more)


class Wrapped(Store):
    """A store around another one; tests override what must go wrong. ``before`` is called ahead of every append."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.capabilities = inner.capabilities
        self.before: Callable[[AppendBatch], None] = lambda batch: None
        self.after: Callable[[AppendBatch], None] = lambda batch: None

    def append(self, batch: AppendBatch) -> AppendResult:
        self.before(batch)
        result = self.inner.append(batch)
        self.after(batch)
        return result

    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        return self.inner.lookup(stream, key)

    def read_stream(self, stream: str, *, after: int = 0, limit: int = 1000) -> Sequence[StoredRecord]:
        return self.inner.read_stream(stream, after=after, limit=limit)

    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        return self.inner.heads(streams)

    def find_cases(self, query: CaseQuery) -> CasePage:
        return self.inner.find_cases(query)

    def find_duties(self, query: DutyQuery) -> DutyPage:
        return self.inner.find_duties(query)

    def read_feed(self, *, after: str | None, limit: int = 1000) -> FeedPage:
        return self.inner.read_feed(after=after, limit=limit)

    def get_snapshot(self, stream: str) -> Snapshot | None:
        return self.inner.get_snapshot(stream)

    def close(self) -> None:
        self.inner.close()

    # What goes wrong

    def fail(self, how: str, *, times: int = 1, only: str = "case/") -> None:
        """Let the next appends to streams beginning with ``only`` fail: ``unavailable`` stores nothing, ``unknown`` stores and
        says it does not know, ``lost`` stores nothing and says it does not know."""
        left = times

        def before(batch: AppendBatch) -> None:
            nonlocal left
            if left and batch.stream.startswith(only) and how != "unknown":
                left -= 1
                raise StoreUnavailable("the cable is out") if how == "unavailable" else CommitUnknown("the cable broke")

        def after(batch: AppendBatch) -> None:
            nonlocal left
            if left and batch.stream.startswith(only) and how == "unknown":
                left -= 1
                raise CommitUnknown("the cable broke after all was said")

        self.before, self.after = before, after

    def interleave(self, act: Callable[[], object], *, times: int = 1, only: str = "case/") -> None:
        """Before the next appends to streams beginning with ``only``, let somebody else act."""
        left = times

        def before(batch: AppendBatch) -> None:
            nonlocal left
            if left and batch.stream.startswith(only):
                left -= 1
                act()

        self.before = before


class Given(Plugin):
    """Brings one store that is there already, under ``given:``, so that several engines can share it."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @hookimpl
    def stabflow_stores(self) -> Sequence[StoreScheme]:
        return (StoreScheme("given", lambda url, clock: self.store),)


def wrapped(url: str = "memory:") -> Wrapped:
    return Wrapped(equip().open_store(url))


def engine_over(store: Store, clock: Callable[[], datetime] | None = None, **more: Any) -> Engine:
    """An engine over a store that is there already."""
    plugins = (Given(store), *more.pop("plugins", ()))
    return engine_on("given:", clock, plugins=plugins, **more)
