"""The inspections of `lapsing`, with what is to be told of them; and what an outbox holds, read back."""

from __future__ import annotations

from lapsing import INSPECTION

from stabflow.decision.notices import Notice
from stabflow.engine import Engine
from stabflow.history.notice_codec import decode

NOTICES = """
[[notices]]
name = "soon"
on = "before_due"
of = "*"
lead = ["3 working days", "1 working day"]
to = "accountable"
subject = { en = "{item}: {lead} left", zh = "{item}：还有{lead}" }
text = { en = "{matter_title}: {item} ({state}) is due {due}.", zh = "{matter_title}：{item}（{state}）应于{due}前办结。" }

[[notices]]
name = "late"
on = "due"
of = "*"
to = "accountable"
subject = { en = "{item}: the limit has passed", zh = "{item}：已过期限" }
text = { en = "{item} ({state}) was due {due}.", zh = "{item}（{state}）期限为{due}。" }

[[notices]]
name = "gone_up"
on = "escalated"
of = "*"
to = "accountable"
subject = { en = "{item} has come to {role}", zh = "{item}已上报{role}" }
text = { en = "An answer is due {due}.", zh = "请于{due}前答复。" }

[[notices]]
name = "handed_back"
on = "fired"
triggers = ["hand_back"]
to = ["accountable", "board"]
subject = { en = "{matter}: {trigger} by {by_role}", zh = "{matter}：{by_role}{trigger}" }
text = [{ en = "{case} of {procedure}", zh = "{procedure}{case}" }, { en = "{state}, due {due}", zh = "{state}，期限{due}" }]
clause = "3"

[[notices]]
name = "closed"
on = "entered"
in = ["finished"]
to = ["inspector", "board"]
subject = { en = "{item} is {state}", zh = "{item}：{state}" }
text = { en = "{due}", zh = "{due}" }

[[notices]]
name = "raised"
on = "entered"
of = "finding"
in = "raised"
to = ["accountable", "judge"]
subject = { en = "{kind} {item} raised: {breach}", zh = "{item}已提出：{breach}" }
text = { en = "by {by_role}, for {role}", zh = "{by_role}提出，致{role}" }
clause = "4"

[[notices]]
name = "assigned"
on = "entered"
of = "hazard"
in = "assigned"
to = "accountable"
subject = { en = "{item}", zh = "{item}" }
text = { en = "by {deadline}", zh = "限{deadline}" }
"""

NOTIFIED = INSPECTION + NOTICES


def waiting(engine: Engine) -> list[Notice]:
    """The notices in the outbox of ``engine``, in their order."""
    return [decode(one.payload) for one in engine._shell.store.waiting()]


def told(engine: Engine) -> list[tuple[str, str, str, str]]:
    """The same in short: which, of what, to which role, for which body."""
    return [(one.name, one.about, one.role, one.body) for one in waiting(engine)]
