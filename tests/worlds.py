"""What the tests of the engine share: a clock to turn, two procedures with their office-holders, stores that fail on demand."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import stabflow
import stabflow.testing
from stabflow import Actor, CaseHandle, Engine, Matter, Procedure
from stabflow.language import loads
from stabflow.plugins import equip
from stabflow.ports.store import AppendBatch, AppendResult, Store
from stabflow.testing import FaultyStore, Trouble, TroubleKind

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BASIS = "order 7"


class FakeClock(stabflow.testing.FakeClock):
    """A clock that goes on by a second at every look, unless it is told otherwise."""

    def __init__(self, now: datetime = START, step: timedelta = timedelta(seconds=1)) -> None:
        super().__init__(now, step=step)


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


HOW: dict[str, TroubleKind] = {
    "unavailable": "unavailable",
    "unknown": "unknown_stored",
    "lost": "unknown_not_stored",
}


class Wrapped(FaultyStore):
    """A store around another one; tests override what must go wrong. ``before`` is called ahead of every append."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.before: Callable[[AppendBatch], object] = lambda batch: None

    def append(self, batch: AppendBatch) -> AppendResult:
        self.before(batch)
        return super().append(batch)

    def fail(self, how: str, *, times: int = 1, only: str = "case/") -> None:
        """Let the next appends to streams beginning with ``only`` fail: ``unavailable`` stores nothing, ``unknown`` stores and
        says it does not know, ``lost`` stores nothing and says it does not know."""
        self.mend()
        self.plan(Trouble(HOW[how], stream=only, times=times))

    def interleave(self, act: Callable[[], object], *, times: int = 1, only: str = "case/") -> None:
        """Before the next appends to streams beginning with ``only``, let somebody else act."""
        self.mend()
        self.plan(Trouble("meanwhile", stream=only, times=times, act=act))


def wrapped(url: str = "memory:") -> Wrapped:
    return Wrapped(equip().open_store(url))


def engine_over(store: Store, clock: Callable[[], datetime] | None = None, **more: Any) -> Engine:
    """An engine over a store that is there already, which knows the small procedure."""
    more.setdefault("procedures", [small()])
    return stabflow.testing.engine_over(store, clock=clock or FakeClock(), **more)
