"""The small complete procedure of the language reference, as text to be mutated."""

from __future__ import annotations

SMALL = """
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

[lists.type]
fire = { title = { en = "fire", zh = "消防" }, clause = "2" }
electricity = { title = { en = "electricity", zh = "用电" }, clause = "2" }

[parameters]
quorum = { value = 2, verified = false, source = "chosen" }
pause = { value = "2 days", verified = false, source = "chosen" }

[roles.inspector]
title = { en = "inspector", zh = "排查人" }
[roles.head]
title = { en = "head of the unit", zh = "主要负责人" }
supervises = ["inspector"]
[roles.helper]
title = { en = "helper", zh = "协助人" }
appointed_by = ["head"]
holders = 3

[[separations]]
roles = ["inspector", "head"]

[facts.summary]
type = "text"
max_length = 4000
[facts.urgent]
type = "bool"

[states]
checking = { title = { en = "checking", zh = "排查中" }, accountable = "inspector", within = "10 working days", clause = "1" }
finished = { title = { en = "closed", zh = "办结" }, final = true }

[[transitions]]
trigger = "open"
dest = "checking"
by = ["inspector"]
clause = "1"

[[transitions]]
trigger = "sign_off"
source = "checking"
dest = "finished"
by = ["head"]
set = ["summary", "urgent"]
requires = [{ items = "hazard", every = "resolved" }]
clause = "3"

[items.hazard]
title = { en = "hazard", zh = "隐患" }
clause = "2"
fields.type = { type = "choice", of = "type" }
fields.owner = { type = "actor" }
fields.deadline = { type = "date" }
states.found = { accountable = "inspector", within = "2 working days" }
states.assigned = { accountable = "owner", until = "deadline" }
states.resolved = { final = true }
transitions = [
  { trigger = "add", dest = "found", by = ["inspector"], set = ["type"] },
  { trigger = "assign", source = "found", dest = "assigned", by = ["head"], set = ["owner", "deadline"] },
  { trigger = "resolve", source = "assigned", dest = "resolved", by = ["inspector"], requires = [{ independent_of = ["add"] }] },
]

[items.vote]
title = { en = "vote", zh = "表决" }
unique = ["actor"]
states.cast = { final = true }
transitions = [{ trigger = "add", dest = "cast", by = ["helper"] }]

[[properties]]
title = { en = "nothing is signed off with a hazard open", zh = "隐患未消除不得办结" }
never = [{ case = ["finished"] }, { items = "hazard", in = ["found", "assigned"], at_least = 1 }]
"""


def changed(*changes: tuple[str, str]) -> str:
    """The text with each of ``changes`` made exactly once."""
    text = SMALL
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
        text = text.replace(old, new)
    return text
