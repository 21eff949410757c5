"""A small procedure in which things fall due: inspections each quarter, hazards with an owner and a date, findings for what
lapses, two levels above; and an engine on a clock that stands still until it is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs

import stabflow
from stabflow import Actor, Matter, Procedure
from stabflow.engine import CaseHandle, Engine
from stabflow.language import loads

INSPECTION = """
[procedure]
format = 1
timezone = "Asia/Shanghai"
id = "inspection"
version = "1"
title = { en = "Inspection", zh = "排查" }
source = "house rules 2026"

[clauses]
"1" = {}
"2" = {}
"3" = {}
"4" = {}

[lists.breach]
overdue = { title = { en = "not done in time", zh = "逾期未办" }, clause = "4" }
vacant = { title = { en = "office not filled", zh = "职位空缺" }, clause = "4" }

[parameters]
answer = { value = "3 days", verified = false, source = "chosen" }

[roles.inspector]
title = { en = "inspector", zh = "排查人" }
[roles.head]
title = { en = "head of the unit", zh = "主要负责人" }
supervises = ["inspector", "helper"]
responds_within = "answer"
[roles.board]
title = { en = "board", zh = "上级单位" }
supervises = ["head", "judge"]
responds_within = "5 working days"
[roles.judge]
title = { en = "judge", zh = "认定人" }
[roles.helper]
title = { en = "helper", zh = "协助人" }
appointed_by = ["head"]
vacant_within = "2 working days"

[facts.summary]
type = "text"
max_length = 4000

[states]
checking = { title = { en = "checking", zh = "排查中" }, accountable = "inspector", within = "10 working days", clause = "1" }
waiting = { title = { en = "waiting", zh = "待批" }, accountable = "head", within = "2 days" }
finished = { title = { en = "closed", zh = "办结" }, final = true }

[[transitions]]
trigger = "open"
dest = "checking"
by = ["inspector"]
clause = "1"

[[transitions]]
trigger = "open_quarter"
dest = "checking"
every = "quarter"
clause = "1"

[[transitions]]
trigger = "hand_in"
source = "checking"
dest = "waiting"
by = ["inspector"]
clause = "3"

[[transitions]]
trigger = "hand_back"
source = "waiting"
dest = "checking"
by = ["head"]
clause = "3"

[[transitions]]
trigger = "sign_off"
source = "waiting"
dest = "finished"
by = ["head"]
set = ["summary"]
requires = [{ items = "hazard", every = "resolved" }, { items = "finding", every = ["upheld", "dismissed"] }]
clause = "3"

[items.hazard]
title = { en = "hazard", zh = "隐患" }
clause = "2"
fields.owner = { type = "actor" }
fields.deadline = { type = "date" }
states.found = { accountable = "inspector", within = "2 working days" }
states.assigned = { accountable = "owner", until = "deadline" }
states.resolved = { final = true }
transitions = [
  { trigger = "add", dest = "found", by = ["inspector"] },
  { trigger = "assign", source = "found", dest = "assigned", by = ["head"], set = ["owner", "deadline"] },
  { trigger = "reassign", source = "assigned", dest = "assigned", by = ["head"], set = ["owner", "deadline"] },
  { trigger = "resolve", source = "assigned", dest = "resolved", by = ["inspector", "owner"] },
]

[items.round]
title = { en = "weekend round", zh = "周末巡查" }
clause = "2"
states.owed = { accountable = "inspector", within = "48 hours" }
states.done = { final = true }
transitions = [
  { trigger = "call", dest = "owed", every = "weekend" },
  { trigger = "walk", source = "owed", dest = "done", by = ["inspector", "helper"] },
]

[items.finding]
title = { en = "finding", zh = "问题认定" }
clause = "4"
fields.breach = { type = "choice", of = "breach" }
fields.concerned = { type = "actor" }
fields.defence = { type = "text", max_length = 1000 }
states.raised = { accountable = "concerned", within = "5 days" }
states.answered = { accountable = "judge", within = "10 days" }
states.upheld = { final = true }
states.dismissed = { final = true }
transitions = [
  { trigger = "open", dest = "raised", on = ["overdue", "vacant"], set = ["breach", "concerned"] },
  { trigger = "answer", source = "raised", dest = "answered", by = ["concerned"], set = ["defence"] },
  { trigger = "name", source = "raised", by = ["judge"], set = ["concerned"] },
  { trigger = "note_silence", source = "raised", dest = "answered", by = ["judge"], requires = [
    { elapsed = "5 days", since = "raised" },
  ] },
  { trigger = "uphold", source = "answered", dest = "upheld", by = ["judge", "board"], requires = [
    { independent_of = ["concerned", "answer"] },
  ] },
  { trigger = "dismiss", source = "answered", dest = "dismissed", by = ["judge", "board"], requires = [
    { independent_of = ["concerned", "answer"] },
  ] },
]
"""

INSPECTOR, HEAD, BOARD, JUDGE, HELPER = (
    Actor(f"o-{n}", body=body) for n, body in enumerate(("unit", "unit", "town", "town", "unit"), 1)
)
START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
"""Monday, 9 o'clock in the procedure's time zone."""


@attrs.define
class Hand:
    """A clock that is set by hand."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> datetime:
        """Let so much time pass."""
        self.now += timedelta(**span)
        return self.now


def opened(clock: Hand, url: str = "memory:", text: str = INSPECTION) -> Engine:
    """An engine with the procedure known, and every office held."""
    engine = stabflow.open(url, clock=clock, procedures=[loads(text)])
    for office, holder in (("inspector", INSPECTOR), ("head", HEAD), ("board", BOARD), ("judge", JUDGE)):
        engine.constitute("inspection", office, holder, basis="founding")
    return engine


def a_case(engine: Engine, key: str = "plant", *, helped: bool = True) -> CaseHandle:
    """A case on a matter of its own; with a helper appointed, so that no office stands vacant."""
    case = engine.open_case("inspection", Matter(key, key), by=INSPECTOR, basis="rota", trigger="open")
    if helped:
        case.appoint("helper", HELPER, by=HEAD, basis="rota")
    return case


def known(text: str = INSPECTION) -> Procedure:
    """The procedure."""
    return loads(text)
