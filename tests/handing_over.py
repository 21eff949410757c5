"""A small assessment that decides nothing: what it came to is handed over, and its gate is open from then on. Scope is screened;
oversight may open the case of a matter that went ahead unassessed."""

from __future__ import annotations

from typing import Any

from stabflow import Actor, CaseHandle, Engine, Matter, Procedure
from stabflow.language import loads

HANDING_OVER = """
[procedure]
id = "handing-over"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "Assessment that is handed over", zh = "评估移交" }
source = "for tests"

[clauses]
"1" = {}
"2" = {}
"3" = {}

[roles.unit]
title = { en = "responsible unit", zh = "责任主体单位" }
[roles.office]
title = { en = "office", zh = "办公室" }
[roles.oversight]
title = { en = "oversight", zh = "督导机构" }
supervises = ["unit", "office"]

[facts]
scope_reasons = { type = "text", max_length = 400, title = { en = "reasons of the screening", zh = "筛查理由" } }
news = { type = "text", max_length = 400, title = { en = "what is new", zh = "新情况" } }

[states]
screening = { step = "scope", accountable = "office", within = "5 days", title = { en = "screening", zh = "范围筛查" } }
out_of_scope = { step = "scope", final = true, title = { en = "out of scope", zh = "不属评估范围" }, clause = "1" }
investigating = { step = "investigate", accountable = "unit", open_ended = true }
analyzing = { step = "analyze", accountable = "unit", open_ended = true }
planning = { step = "plan", accountable = "unit", open_ended = true }
reporting = { step = "report", accountable = "unit", open_ended = true }
reviewing = { step = "review", accountable = "office", open_ended = true }
handed_over = { step = "decided", accountable = "unit", open_ended = true, title = { en = "handed over", zh = "已移交" } }
done = { step = "closed", final = true, title = { en = "done", zh = "办结" } }

[[transitions]]
trigger = "open"
title = { en = "report the matter", zh = "报请评估" }
dest = "screening"
by = ["unit"]
[[transitions]]
trigger = "open_unassessed"
title = { en = "open: it went ahead unassessed", zh = "未评先行立案" }
dest = "screening"
by = ["oversight"]
clause = "3"
[[transitions]]
trigger = "screen_in"
source = "screening"
dest = "investigating"
by = ["office"]
set = ["scope_reasons"]
[[transitions]]
trigger = "screen_out"
title = { en = "find it out of scope", zh = "认定不属评估范围" }
source = "screening"
dest = "out_of_scope"
by = ["office"]
set = ["scope_reasons"]
clause = "1"
[[transitions]]
trigger = "investigate"
source = "investigating"
dest = "analyzing"
by = ["unit"]
[[transitions]]
trigger = "analyze"
source = "analyzing"
dest = "planning"
by = ["unit"]
[[transitions]]
trigger = "plan"
source = "planning"
dest = "reporting"
by = ["unit"]
[[transitions]]
trigger = "report"
source = "reporting"
dest = "reviewing"
by = ["unit"]
[[transitions]]
trigger = "hand_over"
source = "reviewing"
dest = "handed_over"
by = ["office"]
[[transitions]]
trigger = "assess_anew"
source = "handed_over"
dest = "investigating"
by = ["oversight"]
set = ["news"]
[[transitions]]
trigger = "close"
source = "handed_over"
dest = "done"
by = ["unit"]

[items.finding]
title = { en = "finding", zh = "问题认定" }
clause = "3"
fields.account = { type = "text", max_length = 400 }
states.raised = { accountable = "office", within = "10 days" }
states.closed = { final = true }
transitions = [
  { trigger = "add", dest = "raised", by = ["oversight"], set = ["account"], clause = "3" },
  { trigger = "close", source = "raised", dest = "closed", by = ["office"] },
]

[gate]
in = ["handed_over"]
clause = "2"
"""

UNIT = Actor("unit-1", body="water")
OFFICE = Actor("office-1", body="office")
OVERSIGHT = Actor("overseer-1", body="petitions")
BASIS = "order 7"
STEPS = ("investigate", "analyze", "plan", "report", "hand_over")


def handing_over(*, final: bool = False, asks: str = "", id_: str = "handing-over") -> Procedure:
    """The procedure; ``final``: with being handed over it is at its end. ``asks`` are requirements of its gate."""
    text = HANDING_OVER.replace('"handing-over"', f'"{id_}"')
    if asks:
        text += f"requires = [{asks}]\n"
    if final:
        before, _, rest = text.partition('[[transitions]]\ntrigger = "assess_anew"')
        text = before + rest[rest.index("[items.finding]") :]
        text = text.replace('"decided", accountable = "unit", open_ended = true', '"decided", final = true')
        text = "\n".join(line for line in text.splitlines() if not line.startswith(("done = ", "news = ")))
    return loads(text)


def constitute(engine: Engine, procedure: Procedure | str = "handing-over") -> None:
    for office, holder in (("unit", UNIT), ("office", OFFICE), ("oversight", OVERSIGHT)):
        engine.constitute(procedure, office, holder, basis="founding order")


def opened(engine: Engine, matter: Matter, procedure: str = "handing-over", **more: Any) -> CaseHandle:
    told = {"by": UNIT, "basis": BASIS, "trigger": "open", **more}
    return engine.open_case(procedure, matter, **told)


def screened_out(case: CaseHandle, reasons: str = "a repair") -> CaseHandle:
    case.fire("screen_out", by=OFFICE, basis="minutes 4", scope_reasons=reasons)
    return case


def handed_over(case: CaseHandle) -> CaseHandle:
    """The case brought to its gate."""
    if case.state == "screening":
        case.fire("screen_in", by=OFFICE, basis=BASIS, scope_reasons="it is construction")
    for trigger in STEPS:
        case.fire(trigger, by=OFFICE if trigger == "hand_over" else UNIT, basis=BASIS)
    return case
