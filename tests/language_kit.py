"""Two small procedures, a TOML writer, and ways to change one place of a procedure."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
import pytest

from stabflow.errors import Fault, ProcedureError
from stabflow.language import Procedure, loads
from stabflow.language.parts import Draft

SITE = """
[procedure]
format = 1
timezone = "Asia/Shanghai"
id = "site-inspection"
version = "1"
title = { en = "Quarterly site inspection", zh = "季度排查" }
source = "house rules 2026"

[clauses]
"1" = {}
"2" = {}
"3" = {}
"4" = { deviation = "exhortation, no rule" }

[lists.kind]
fire = { title = { en = "fire", zh = "消防" }, clause = "2" }
electricity = { title = { en = "electricity", zh = "用电" }, clause = "2" }

[roles.inspector]
title = { en = "inspector", zh = "排查人" }
[roles.head]
title = { en = "head of the unit", zh = "主要负责人" }
supervises = ["inspector"]

[[separations]]
roles = ["inspector", "head"]

[facts.summary]
type = "text"
max_length = 4000

[states]
checking = { title = { en = "checking", zh = "排查中" }, accountable = "inspector", within = "10 working days", clause = "1" }
finished = { title = { en = "closed", zh = "办结" }, final = true }

[[transitions]]
trigger = "open"
dest = "checking"
every = "quarter"
clause = "1"

[[transitions]]
trigger = "sign_off"
source = "checking"
dest = "finished"
by = ["head"]
set = ["summary"]
requires = [{ items = "hazard", every = "resolved" }]
clause = "3"

[items.hazard]
title = { en = "hazard", zh = "隐患" }
clause = "2"
fields.kind = { type = "choice", of = "kind" }
fields.owner = { type = "actor" }
fields.deadline = { type = "date" }
states.found = { accountable = "inspector", within = "2 working days" }
states.assigned = { accountable = "owner", until = "deadline" }
states.resolved = { final = true }
transitions = [
  { trigger = "add", dest = "found", by = ["inspector"], set = ["kind"] },
  { trigger = "assign", source = "found", dest = "assigned", by = ["head"], set = ["owner", "deadline"] },
  { trigger = "resolve", source = "assigned", dest = "resolved", by = ["inspector"], requires = [{ independent_of = ["add"] }] },
]

[[properties]]
title = { en = "nothing is signed off with a hazard open", zh = "隐患未消除不得办结" }
never = [{ case = ["finished"] }, { items = "hazard", in = ["found", "assigned"], at_least = 1 }]
"""
"""The complete small procedure of the language's description, to the letter."""

SITE_DIGEST = "18c1739e3d6edfb88d502f64bd42195b6010ed52e5106040a232c87ce0fd5289"

BOARD = """
[procedure]
id = "board"
version = "1.2"
timezone = "Asia/Shanghai"
title = { en = "Board", zh = "委员会" }
source = "tests"

[clauses]
"一" = {}
"二.1" = {}

[lists.aspect]
law = { title = { en = "law", zh = "合法性" } }
money = { title = { en = "money", zh = "资金" }, aliases = ["cost"] }
[lists.test]
basis = { title = { en = "basis", zh = "依据" }, of = "aspect.law" }
[lists.level]
low = { title = { en = "low", zh = "低" } }
high = { title = { en = "high", zh = "高" } }
[lists.lapse]
overdue = { title = { en = "overdue", zh = "逾期" } }
vacant = { title = { en = "vacant", zh = "空缺" } }
[lists.position]
for = { title = { en = "for", zh = "赞成" } }
against = { title = { en = "against", zh = "反对" } }

[parameters]
quorum = { value = 2, verified = false, source = "chosen", clause = "一" }
comment_period = { value = "30 days", verified = true, title = { en = "time for comments", zh = "征求意见期限" } }

[roles]
chair = { title = { en = "chair", zh = "主席" }, supervises = ["unit", "member"], holders = 1, responds_within = "5 days" }
unit = { title = { en = "unit", zh = "责任单位" }, appointed_by = ["chair"], body = "aspect", vacant_within = "comment_period" }
member = { title = { en = "member", zh = "委员" }, holders = 3 }
auditor = { title = { en = "auditor", zh = "监督人" }, delegable = true, body = "aspect.law" }

[[separations]]
roles = ["unit", "auditor"]
across = "matter"
clause = "二.1"

[facts]
aspect = { type = "choice", of = "aspect", title = { en = "aspect", zh = "方面" } }
contested = { type = "bool" }
people = { type = "int", min = 0, suppress_below = 5 }
batches = { type = "int", min = 0 }
cost = { type = "decimal", min = 0, max = 1000 }
grounds = { type = "text", max_length = 500, optional = true }
news = { type = "text", max_length = 500, material = true }
areas = { type = "choice", of = "aspect", many = true }
start = { type = "date" }
lead = { type = "actor" }

[states]
scoping = { step = "scope", accountable = "chair", within = "10 days", clause = "一" }
asking = { step = "investigate", accountable = "unit", within = "60 days", clock_stopped_by = ["chair"] }
weighing = { step = "analyze", accountable = "lead", open_ended = true }
voting = { step = "review", accountable = "chair", within = "comment_period" }
agreed = { step = "decided", outcome = "implement", accountable = "unit", until = "start" }
dropped = { step = "closed", final = true }
finished = { step = "closed", outcome = "implement", final = true, title = { en = "finished", zh = "办结" } }

[[transitions]]
trigger = "open"
dest = "scoping"
by = "chair"

[[transitions]]
trigger = "begin"
source = "scoping"
dest = "asking"
by = ["chair"]
set = ["aspect", "areas", "lead"]
requires = { filled = ["unit", "member"], at_least = "quorum" }

[[transitions]]
trigger = "note"
source = ["scoping", "asking"]
by = ["unit", "chair"]
set = ["contested", "people", "batches", "cost", "grounds"]
requires = [{ value = "batches", times = 30, at_most = "people" }]

[[transitions]]
trigger = "weigh"
source = "asking"
dest = "weighing"
by = ["unit"]
clause = "二.1"
requires = [
  { elapsed = "comment_period", since = "asking" },
  { when = { value = "contested", is = true }, items = "risk", since = "asking", at_least = 1, clause = "一" },
  { any = [{ value = "aspect", is = ["law", "money"] }, { all = [{ value = "cost", at_most = 5 }, { case = "investigate" }] }] },
]

[[transitions]]
trigger = "call"
source = "weighing"
dest = "voting"
by = ["lead"]
requires = [{ items = "test", every = ["done"], since = "weighing" }, { items = "risk", where = { level = "high" }, at_most = 0 }]

[[transitions]]
trigger = "agree"
source = "voting"
dest = "agreed"
by = ["chair"]
set = ["start"]
requires = [
  { items = "vote", since = "voting", at_least = "quorum" },
  { items = "vote", since = "voting", where = { position = "for" }, over = "1/2" },
  { plugin = "budget", with = { year = 2026, strict = true } },
]

[[transitions]]
trigger = "reopen"
source = "agreed"
dest = "asking"
by = ["auditor"]
set = ["news"]

[[transitions]]
trigger = "finish"
source = "agreed"
dest = "finished"
by = ["unit"]

[[transitions]]
trigger = "drop"
source = "*"
dest = "dropped"
by = ["chair"]
title = { en = "drop", zh = "终止" }

[items.risk]
title = { en = "risk", zh = "风险" }
fields.level = { type = "choice", of = "level" }
fields.score = { type = "int", min = 1, max = 5, optional = true }
fields.report = { type = "file", optional = true }
states.named = { accountable = "unit", within = "5 days" }
states.rated = { final = true }
transitions = [
  { trigger = "add", dest = "named", by = ["unit", "member"] },
  { trigger = "rate", source = "named", dest = "rated", by = ["unit", "member"], set = ["level", "score", "report"], requires = [
    { independent_of = "add" },
  ] },
]

[items.test]
title = { en = "test", zh = "评估项" }
preset = { field = "of_aspect", from = "aspect", dest = "open", at = "weighing" }
fields.of_aspect = { type = "choice", of = "aspect" }
states.open = { accountable = "unit", within = "10 days" }
states.done = { final = true }
transitions = { trigger = "do", source = "open", dest = "done", by = ["unit"] }

[items.vote]
title = { en = "vote", zh = "表决" }
unique = "actor"
fields.position = { type = "choice", of = "position" }
states.cast = { final = true }
transitions = [{ trigger = "add", dest = "cast", by = ["member"], set = ["position"], requires = [{ case = ["voting"] }] }]

[items.finding]
title = { en = "finding", zh = "问题" }
fields.breach = { type = "choice", of = "lapse" }
fields.concerned = { type = "actor" }
states.raised = { accountable = "concerned", within = "5 days" }
states.closed = { final = true }
transitions = [
  { trigger = "fall_due", dest = "raised", on = ["overdue", "vacant"], set = ["breach", "concerned"] },
  { trigger = "add", dest = "raised", every = "week", lead = "1 days" },
  { trigger = "close", source = "raised", dest = "closed", by = ["auditor"], requires = [{ independent_of = ["concerned"] }] },
]

[gate]
in = "agreed"
clause = "二.1"
requires = [{ items = "finding", in = ["raised"], at_most = 0 }]

[[properties]]
title = { en = "no vote before weighing", zh = "先评估后表决" }
before = [[{ case = ["weighing"] }], [{ case = ["voting"] }]]
[[properties]]
title = { en = "a vote can end in agreement", zh = "可以同意" }
leads_to = [{ case = "voting" }, { case = "agreed" }]
[[properties]]
title = { en = "always", zh = "恒成立" }
always = { items = "finding", at_most = 9 }

[[notices]]
name = "soon"
on = "before_due"
lead = ["3 working days", "1 days"]
of = "*"
to = ["accountable", "chair"]
subject = { en = "{item}: due in {lead}", zh = "{item}：还有{lead}到期" }
text = { en = "“{matter_title}”: {item} is due {due}.", zh = "“{matter_title}”：{item}应于{due}前办结。" }

[[notices]]
name = "late"
on = "escalated"
of = ["risk", "test"]
in = ["named", "open"]
to = "accountable"
subject = { en = "{kind} is late", zh = "{kind}逾期" }
text = [
  { en = "{item} ({state}) was not done in time.", zh = "{item}（{state}）逾期未办。" },
  { en = "An answer is due {due}.", zh = "请于{due}前答复。" },
]

[[notices]]
name = "decided"
title = { en = "the decision", zh = "决定" }
on = "entered"
in = ["agreed", "finished"]
to = ["unit", "auditor"]
clause = "二.1"
subject = { en = "{matter}: {outcome}", zh = "{matter}：{outcome}" }
text = { en = "{by_role}: {trigger}; cost {cost}, from {start}.", zh = "{by_role}：{trigger}；费用{cost}，自{start}起。" }

[[notices]]
name = "rated"
on = "fired"
of = "risk"
triggers = "rate"
to = "chair"
subject = { en = "risk rated {level}", zh = "风险评定为{level}" }
text = { en = "{case}, {procedure}: {{{score}}} for {role}", zh = "{case}，{procedure}：{{{score}}}，致{role}" }
"""
"""A procedure that uses every table and every kind of requirement."""

Tables = dict[str, Any]
Change = Callable[[Tables], None]


def tables(text: str = SITE) -> Tables:
    return tomllib.loads(text)


def toml(value: object) -> str:
    """``value`` as an inline TOML value, a whole document as its tables in braces."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return str(value)


def document(content: Mapping[str, object]) -> str:
    """A TOML document with one line for each table."""
    return "".join(f"{toml(key)} = {toml(value)}\n" for key, value in content.items())


def _reach(content: Tables, path: str) -> tuple[Any, Any]:
    place: Any = content
    *outer, last = path.split("/")
    for key in outer:
        place = place[int(key) if isinstance(place, list) else key]
    return place, int(last) if isinstance(place, list) and last != "-" else last


def at(content: Tables, path: str) -> Any:
    """What stands at ``path``."""
    place, last = _reach(content, path)
    return place[last]


def put(path: str, value: object) -> Change:
    """Set the value at ``path``, such as ``roles/head/title``; ``-`` as the last key appends."""

    def change(content: Tables) -> None:
        place, last = _reach(content, path)
        if last == "-":
            place.append(copy.deepcopy(value))
        else:
            place[last] = copy.deepcopy(value)

    return change


def drop(path: str) -> Change:
    """Take out what stands at ``path``."""

    def change(content: Tables) -> None:
        place, last = _reach(content, path)
        del place[last]

    return change


def rename(path: str, name: str) -> Change:
    """Give the key at ``path`` another name, at its place."""

    def change(content: Tables) -> None:
        place, last = _reach(content, path)
        pairs = [(name if key == last else key, value) for key, value in place.items()]
        place.clear()
        place.update(pairs)

    return change


def changed(content: Tables, *changes: Change) -> Tables:
    """A copy of ``content`` with ``changes``."""
    after = copy.deepcopy(content)
    for change in changes:
        change(after)
    return after


def load_tables(content: Mapping[str, object]) -> Procedure:
    return loads(document(content))


def faults_of(content: Mapping[str, object] | str | bytes) -> tuple[Fault, ...]:
    """The faults for which this procedure is refused."""
    with pytest.raises(ProcedureError) as caught:
        loads(content if isinstance(content, str | bytes) else document(content))
    return caught.value.faults


def paths(faults: Iterable[Fault]) -> list[str]:
    return sorted(fault.path for fault in faults)


def same_parts(one: Procedure, other: Procedure) -> bool:
    """Whether two procedures say the same in every part, the order of their tables included."""
    names = [field.name for field in attrs.fields(Draft) if field.init]
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    return all(mine == theirs and repr(mine) == repr(theirs) for mine, theirs in pairs)
