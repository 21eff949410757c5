"""Small procedures that use every construct the decision room must get right, and a desk at which tests act on a case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache

import attrs

from stabflow.calendar import Calendar
from stabflow.calendars.china import china
from stabflow.case import Appointment, Case
from stabflow.decision.commands import (
    Add,
    Amend,
    Appoint,
    Command,
    Delegate,
    EndDelegation,
    Fire,
    Open,
    Recuse,
    Relieve,
)
from stabflow.decision.decider import Option, available, blockers, decide
from stabflow.decision.events import Decided, Event, Stamp
from stabflow.decision.evolution import evolve, replay
from stabflow.decision.view import Context
from stabflow.errors import Blocker, FaultyInput, InvalidInput, Refused
from stabflow.language import Procedure, loads
from stabflow.requirements import PluginRequirement
from stabflow.values import Actor, Basis, Matter

DESK = """
[procedure]
format = 1
id = "desk"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "Desk", zh = "窗口" }
source = "tests"

[clauses]
"1" = {}
"2" = {}
"3" = {}

[lists.bureau]
water_bureau = { title = { en = "water bureau", zh = "水务局" } }
road_bureau = { title = { en = "road bureau", zh = "公路局" } }
[lists.sector]
water = { title = { en = "water", zh = "水" }, of = "bureau.water_bureau" }
roads = { title = { en = "roads", zh = "路" }, of = "bureau.road_bureau" }
[lists.aspect]
law = { title = { en = "law", zh = "合法" } }
money = { title = { en = "money", zh = "资金" } }
[lists.verdict]
good = { title = { en = "good", zh = "好" } }
bad = { title = { en = "bad", zh = "差" } }
[lists.position]
for = { title = { en = "for", zh = "赞成" } }
against = { title = { en = "against", zh = "反对" } }

[parameters]
quorum = { value = 2, verified = true }
review_period = { value = "10 working days", verified = true }

[roles.chief]
title = { en = "chief", zh = "主任" }
supervises = ["officer"]
holders = 1
[roles.clerk]
title = { en = "clerk", zh = "文员" }
[roles.judge]
title = { en = "judge", zh = "裁定人" }
[roles.contributor]
title = { en = "contributor", zh = "配合单位" }
[roles.officer]
title = { en = "officer", zh = "经办人" }
appointed_by = ["chief", "clerk"]
[roles.reviewer]
title = { en = "reviewer", zh = "审查人" }
appointed_by = ["chief"]
holders = 2
[roles.specialist]
title = { en = "specialist", zh = "专员" }
appointed_by = ["chief"]
body = "sector"

[[separations]]
roles = ["officer", "reviewer"]
clause = "1"
[[separations]]
roles = ["officer", "judge"]
across = "matter"
clause = "2"

[facts]
sector = { type = "choice", of = "sector" }
remark = { type = "text", max_length = 100, optional = true }
contested = { type = "bool" }
people = { type = "int", min = 0 }
lead = { type = "actor" }
confirmed = { type = "bool" }
reasons = { type = "text", max_length = 100 }
wake_on = { type = "date" }
news = { type = "text", max_length = 100, material = true }

[states]
drafting = { step = "investigate", accountable = "officer", within = "5 working days" }
checking = { accountable = "officer", within = "3 days" }
reviewing = { accountable = "reviewer", within = "review_period" }
waiting = { accountable = "lead", until = "wake_on" }
agreed = { step = "decided", accountable = "judge", open_ended = true }
done = { final = true }
dropped = { final = true }

[[transitions]]
trigger = "open"
dest = "drafting"
by = ["chief", "clerk"]
set = ["sector", "remark"]
requires = [{ filled = ["judge"], clause = "3" }, { value = "sector", is = ["water", "roads"] }]
clause = "1"
[[transitions]]
trigger = "open_weekly"
dest = "drafting"
every = "week"
[[transitions]]
trigger = "describe"
source = "drafting"
by = ["officer"]
set = ["contested", "people"]
[[transitions]]
trigger = "resector"
source = "drafting"
by = ["officer", "specialist"]
set = ["sector"]
[[transitions]]
trigger = "submit"
source = "drafting"
dest = "checking"
by = ["officer"]
set = ["lead"]
clause = "2"
requires = [
  { value = "people", at_least = 1, clause = "3" },
  { when = { value = "contested", is = true }, items = "hearing", since = "drafting", in = ["held"], at_least = 1 },
  { items = "hearing", every = ["held"] },
]
[[transitions]]
trigger = "pass_check"
source = "checking"
dest = "reviewing"
by = ["officer"]
requires = [
  { items = "criterion", since = "checking", at_least = 2 },
  { items = "criterion", since = "checking", every = ["assessed"] },
]
[[transitions]]
trigger = "confirm"
source = "reviewing"
by = ["reviewer"]
set = ["confirmed"]
requires = [{ independent_of = ["submit", "lead"] }]
[[transitions]]
trigger = "send_back"
source = "reviewing"
dest = "drafting"
by = ["reviewer"]
set = ["reasons"]
[[transitions]]
trigger = "check_again"
source = "reviewing"
dest = "checking"
by = ["reviewer"]
[[transitions]]
trigger = "begin_anew"
source = "reviewing"
dest = "reviewing"
by = ["reviewer"]
[[transitions]]
trigger = "suspend"
source = "reviewing"
dest = "waiting"
by = ["judge"]
set = ["wake_on"]
[[transitions]]
trigger = "suspend_again"
source = "reviewing"
dest = "waiting"
by = ["judge"]
[[transitions]]
trigger = "postpone"
source = "waiting"
by = ["judge"]
set = ["wake_on"]
[[transitions]]
trigger = "wake"
source = "waiting"
dest = "reviewing"
by = ["lead"]
requires = [{ elapsed = "2 days", since = "waiting" }]
[[transitions]]
trigger = "agree"
source = "reviewing"
dest = "agreed"
by = ["judge"]
clause = "2"
requires = [
  { items = "vote", since = "reviewing", at_least = "quorum" },
  { items = "vote", since = "reviewing", where = { position = "for" }, over = "1/2" },
  { value = "confirmed", is = true },
  { when = { value = "contested", is = true }, value = "people", at_most = 500 },
]
[[transitions]]
trigger = "reopen"
source = "agreed"
dest = "drafting"
by = ["judge"]
set = ["news"]
[[transitions]]
trigger = "close"
source = "agreed"
dest = "done"
by = ["judge"]
[[transitions]]
trigger = "drop"
source = "*"
dest = "dropped"
by = ["chief"]

[items.hearing]
title = { en = "hearing", zh = "听证" }
fields.day = { type = "date" }
fields.invited = { type = "int", min = 1 }
fields.came = { type = "int", min = 0 }
states.planned = { accountable = "officer", until = "day" }
states.held = { final = true }
transitions = [
  { trigger = "add", dest = "planned", by = ["officer"], set = ["day", "invited"], requires = [{ case = ["drafting"] }] },
  { trigger = "hold", source = "planned", dest = "held", by = ["officer"], set = ["came"], requires = [
    { value = "came", at_most = "invited" },
  ] },
]

[items.criterion]
title = { en = "criterion", zh = "评估项" }
preset = { field = "aspect", from = "aspect", dest = "open", at = "checking" }
fields.aspect = { type = "choice", of = "aspect" }
fields.verdict = { type = "choice", of = "verdict" }
states.open = { accountable = "officer", within = "3 days" }
states.assessed = { final = true }
transitions = [
  { trigger = "assess", source = "open", dest = "assessed", by = ["officer"], set = ["verdict"], requires = [
    { case = ["checking"] },
  ] },
]

[items.vote]
title = { en = "vote", zh = "表决" }
clause = "3"
unique = ["actor"]
fields.position = { type = "choice", of = "position" }
states.cast = { final = true }
transitions = [
  { trigger = "add", dest = "cast", by = ["judge", "reviewer"], set = ["position"], requires = [{ case = ["reviewing"] }] },
]

[items.task]
title = { en = "task", zh = "任务" }
fields.owner = { type = "actor" }
fields.deadline = { type = "date" }
fields.account = { type = "text", max_length = 100 }
states.given = { accountable = "owner", until = "deadline" }
states.carried_out = { accountable = "judge", within = "2 days" }
states.verified = { final = true }
transitions = [
  { trigger = "add", dest = "given", by = ["officer"], set = ["owner", "deadline"] },
  { trigger = "reassign", source = "given", by = ["chief", "owner", "officer"], set = ["owner", "deadline"] },
  { trigger = "carry_out", source = "given", dest = "carried_out", by = ["owner"], set = ["account"] },
  { trigger = "verify", source = "carried_out", dest = "verified", by = ["judge", "chief", "officer"], requires = [
    { independent_of = ["add", "carry_out", "owner"] },
  ] },
  { trigger = "take_over", source = "carried_out", dest = "verified", by = ["judge", "chief"], set = ["owner"], requires = [
    { independent_of = ["owner"] },
  ] },
  { trigger = "send_back", source = "carried_out", dest = "given", by = ["judge"] },
]

[items.label]
title = { en = "label", zh = "标签" }
unique = ["marks"]
fields.marks = { type = "choice", of = "aspect", many = true }
states.pasted = { accountable = "clerk", open_ended = true }
states.removed = { final = true }
transitions = [
  { trigger = "add", dest = "pasted", by = ["clerk"] },
  { trigger = "add_marked", dest = "pasted", by = ["clerk"], set = ["marks"] },
  { trigger = "mark", source = "pasted", by = ["clerk"], set = ["marks"], requires = [
    { items = "label", where = { marks = "money" }, at_most = 1 },
  ] },
  { trigger = "remove", source = "pasted", dest = "removed", by = ["clerk"], requires = [
    { value = "marks", is = ["law", "money"] },
  ] },
]

[items.notice]
title = { en = "notice", zh = "公告" }
states.posted = { final = true }
transitions = [{ trigger = "add", dest = "posted", by = ["clerk"], requires = [{ case = ["done"] }] }]

[items.alarm]
title = { en = "alarm", zh = "警示" }
states.raised = { accountable = "chief", within = "1 days" }
states.settled = { final = true }
transitions = [
  { trigger = "add", dest = "raised", on = "overdue" },
  { trigger = "settle", source = "raised", dest = "settled", by = ["chief"] },
]

[items.sample]
title = { en = "sample", zh = "样本" }
fields.yes_or_no = { type = "bool", optional = true }
fields.count = { type = "int", min = -5, max = 5, optional = true }
fields.amount = { type = "decimal", min = 0, max = 100, optional = true }
fields.words = { type = "text", max_length = 5, optional = true }
fields.one = { type = "choice", of = "aspect", optional = true }
fields.several = { type = "choice", of = "aspect", many = true, optional = true }
fields.day = { type = "date", optional = true }
fields.who = { type = "actor", optional = true }
fields.paper = { type = "file", optional = true }
states.kept = { final = true }
transitions = [
  { trigger = "add", dest = "kept", by = ["clerk"], set = [
    "yes_or_no", "count", "amount", "words", "one", "several", "day", "who", "paper",
  ] },
]
"""


@cache
def desk() -> Procedure:
    """The procedure `DESK`."""
    return loads(DESK)


def changed(*changes: tuple[str, str]) -> Procedure:
    """`DESK` with pieces of its text exchanged, each of which must be there."""
    text = DESK
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return loads(text)


START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in Shanghai
OFFICES = (
    Appointment("chief", "chief", "hall", "founding-1"),
    Appointment("clerk", "clerk", "hall", "founding-2"),
    Appointment("judge", "judge", "court", "founding-3"),
    Appointment("judge", "judge2", "court", "founding-4"),
    Appointment("contributor", "owner", "street", "founding-11"),
    Appointment("contributor", "next", "street", "founding-12"),
)
"""Those in office before any case is opened. A contributor does nothing by that office, but may be named in an actor field."""

FORMER = {held.actor: frozenset((held.body,)) for held in OFFICES}
"""Where a test takes somebody out of office, this is the body they were in it for."""

BASIS = Basis("minutes 1")
BODIES = {held.actor: held.body for held in OFFICES} | {
    "officer": "bureau",
    "officer2": "bureau",
    "reviewer": "board",
    "reviewer2": "board",
}


def actor(who: str | Actor) -> Actor:
    """The actor of that id, for the body they usually act for."""
    return who if isinstance(who, Actor) else Actor(who, body=BODIES.get(who, "street"))


@attrs.define
class Desk:
    """A case in the hands of a test: acts on it, keeps its history, and checks on the way what holds for every act."""

    procedure: Procedure = attrs.field(factory=desk)
    calendar: Calendar = attrs.field(factory=china)
    now: datetime = START
    offices: tuple[Appointment, ...] = OFFICES
    elsewhere: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    former: Mapping[str, frozenset[str]] = attrs.field(factory=lambda: FORMER)
    plugins: Mapping[str, PluginRequirement] = attrs.field(factory=dict)
    case: Case | None = None
    history: list[tuple[Event, Stamp]] = attrs.field(factory=list)

    @property
    def context(self) -> Context:
        return Context(
            now=self.now,
            calendar=self.calendar,
            offices=self.offices,
            elsewhere=self.elsewhere,
            former=self.former,
            plugins=self.plugins,
        )

    @property
    def value(self) -> Case:
        assert self.case is not None
        return self.case

    def wait(self, **time: float) -> Desk:
        self.now += timedelta(**time)
        return self

    def decide(self, command: Command) -> Decided:
        """What is decided; whatever comes of it, the case is as it was before."""
        case, before = self.case, repr(self.case)
        try:
            decided = decide(self.procedure, case, command, self.context)
        except Refused as refusal:
            assert refusal.blockers
            assert all(one.text.en and one.text.zh for one in refusal.blockers)
            assert refusal.describe("zh")
            assert refusal.as_dict("en")["blockers"]
            raise
        except FaultyInput as error:
            assert error.faults
            raise
        finally:
            assert self.case is case
            assert repr(case) == before
        assert decided.role
        assert decided.mandate
        assert decide(self.procedure, case, command, self.context) == decided
        return decided

    def do(self, command: Command) -> Decided:
        decided = self.decide(command)
        version = 1 if self.case is None else self.case.version + 1
        stamp = Stamp(
            version,
            self.now,
            self.now,
            command.actor,
            decided.role,
            command.basis,
            decided.mandate,
            f"hash-{version}",
        )
        self.case = evolve(self.case, decided.event, stamp)
        self.history.append((decided.event, stamp))
        assert self.case.version == version
        assert self.case.head == stamp.hash
        lays_down = isinstance(command, Recuse | EndDelegation) and decided.role == command.office
        assert lays_down or decided.role in self.case.acted[command.actor.id]
        return decided

    def replayed(self) -> Case | None:
        return replay(self.history)

    # Acts, in short

    def open(
        self, by: str | Actor = "chief", *, trigger: str | None = None, role: str | None = None, **values: object
    ) -> Desk:
        values = values or ({} if trigger else {"sector": "water"})
        self.do(
            Open(
                actor=actor(by),
                basis=BASIS,
                role=role,
                case_id="case-1",
                matter=Matter("bridge", "Bridge"),
                values=values,
                trigger=trigger,
            )
        )
        return self

    def fire(
        self, trigger: str, by: str | Actor, item: str | None = None, /, *, role: str | None = None, **values: object
    ) -> Desk:
        self.do(Fire(actor=actor(by), basis=BASIS, role=role, trigger=trigger, item=item, values=values))
        return self

    def add(
        self,
        kind: str,
        by: str | Actor,
        /,
        *,
        trigger: str | None = None,
        role: str | None = None,
        **values: object,
    ) -> str:
        decided = self.do(Add(actor=actor(by), basis=BASIS, role=role, kind=kind, trigger=trigger, values=values))
        return str(decided.event.item)  # type: ignore[attr-defined]

    def amend(
        self,
        by: str | Actor,
        item: str | None = None,
        /,
        *,
        why: str = "a slip",
        role: str | None = None,
        **values: object,
    ) -> Desk:
        self.do(Amend(actor=actor(by), basis=BASIS, role=role, item=item, values=values, reason=why))
        return self

    def appoint(self, office: str, who: str | Actor, by: str | Actor = "chief", *, role: str | None = None) -> Desk:
        self.do(Appoint(actor=actor(by), basis=BASIS, role=role, office=office, appointee=actor(who)))
        return self

    def relieve(self, office: str, who: str | Actor, by: str | Actor = "chief", *, role: str | None = None) -> Desk:
        self.do(Relieve(actor=actor(by), basis=BASIS, role=role, office=office, appointee=actor(who)))
        return self

    def recuse(self, office: str, who: str | Actor, by: str | Actor | None = None, *, role: str | None = None) -> Desk:
        """By themselves, unless somebody else is named."""
        whom = actor(who)
        by = whom if by is None else actor(by)
        self.do(Recuse(actor=by, basis=BASIS, role=role, office=office, who=whom, reason="kin of the builder"))
        return self

    def delegate(
        self,
        office: str,
        by: str | Actor,
        to: str | Actor,
        until: date | datetime = date(2026, 4, 30),
        since: date | datetime | None = None,
    ) -> Desk:
        """To somebody for the body of the holder, if only an id is given."""
        holder = actor(by)
        to = to if isinstance(to, Actor) else Actor(to, body=holder.body)
        self.do(
            Delegate(actor=holder, basis=BASIS, office=office, to=to, until=until, since=since, reason="on a course")
        )
        return self

    def end_delegation(self, office: str, delegate: Actor, by: str | Actor, *, role: str | None = None) -> Desk:
        self.do(EndDelegation(actor=actor(by), basis=BASIS, role=role, office=office, delegate=delegate))
        return self

    # What tests ask

    def blockers(
        self, trigger: str, by: str | Actor, item: str | None = None, /, **values: object
    ) -> tuple[Blocker, ...]:
        command = Fire(actor=actor(by), basis=BASIS, trigger=trigger, item=item, values=values)
        return blockers(self.procedure, self.value, command, self.context)

    def available(self, by: str | Actor, role: str | None = None) -> list[Option]:
        return list(available(self.procedure, self.value, actor(by), role, self.context))

    # A case some way on

    def drafting(self) -> Desk:
        """Opened, with an officer and two reviewers."""
        self.open()
        self.appoint("officer", "officer")
        return self.appoint("reviewer", "reviewer").appoint("reviewer", "reviewer2")

    def checking(self) -> Desk:
        """Described and submitted; two criteria are laid out."""
        self.drafting()
        self.fire("describe", "officer", contested=False, people=10)
        return self.fire("submit", "officer", lead="officer")

    def reviewing(self) -> Desk:
        """Both criteria assessed, and under review."""
        self.checking()
        self.assess()
        return self.fire("pass_check", "officer")

    def assess(self) -> Desk:
        """Assess every open criterion."""
        for item in self.value.of_kind("criterion"):
            if item.state == "open" and not item.superseded:
                self.fire("assess", "officer", item.id, verdict="good")
        return self

    def voted(self) -> Desk:
        """Confirmed, with two votes for."""
        self.reviewing()
        self.fire("confirm", "reviewer", confirmed=True)
        self.add("vote", "judge", position="for")
        self.add("vote", "reviewer", position="for")
        return self

    def agreed(self) -> Desk:
        """Agreed to."""
        return self.voted().fire("agree", "judge")

    def done(self) -> Desk:
        """Closed."""
        return self.agreed().fire("close", "judge")


def kinds(refusal: Refused) -> list[str]:
    """The kinds of a refusal's blockers, in order."""
    return [blocker.kind for blocker in refusal.blockers]


def problems(error: InvalidInput) -> dict[str, str]:
    """An input's faults by their paths."""
    return {fault.path: f"{fault.problem} ({fault.cure})" for fault in error.faults}
