"""What a run did, step by step: who asked for what, when, and what came of it. A step can be done again on another engine."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import attrs

from ...case import frozen
from ...decision.commands import (
    Add,
    Amend,
    Appoint,
    Command,
    ConfirmBreach,
    Delegate,
    EndDelegation,
    Fire,
    Recuse,
    Relieve,
    ResumeClock,
    StopClock,
    VoidBreach,
)
from ...engine import CaseHandle, Engine
from ...errors import Blocker, InvalidInput, Refused, VersionConflict
from ...language import Procedure
from ...text import Text, listing, same, say
from ...values import Actor, Basis, Matter
from .cast import OUTSIDER

BASIS = "test"
REASON = "for a test"


class Verb(enum.Enum):
    """What is asked for."""

    CONSTITUTE = "constitute"
    WITHDRAW = "withdraw"
    OPEN = "open"
    APPOINT = "appoint"
    RELIEVE = "relieve"
    ADD = "add"
    FIRE = "fire"
    AMEND = "amend"
    DELEGATE = "delegate"
    END_DELEGATION = "end_delegation"
    RECUSE = "recuse"
    STOP_CLOCK = "stop_clock"
    RESUME_CLOCK = "resume_clock"
    CONFIRM_BREACH = "confirm_breach"
    VOID_BREACH = "void_breach"
    WAIT = "wait"
    TICK = "tick"
    REOPEN = "reopen"


OFFICES = frozenset({Verb.CONSTITUTE, Verb.WITHDRAW})
OF_NO_CASE = OFFICES | {Verb.WAIT, Verb.TICK, Verb.REOPEN}


class Came(enum.Enum):
    """What came of a step: it was done, refused, or could never have been right."""

    DONE = "done"
    REFUSED = "refused"
    INVALID = "invalid"


@attrs.frozen(kw_only=True)
class Step:
    """One step: ``what`` is the trigger, the kind added, the office, or the item amended or whose clock it is (``None``: the
    case); ``item`` what is fired on; ``person`` whom it concerns. ``case`` tells which of the run's cases, and
    ``proved`` that it is opened only if the procedure is proved; ``stale``, that it is asked for at a version at which the case
    does not stand. ``at`` is when, and ``back`` claims that it happened so long before that; less than none claims a time to
    come."""

    verb: Verb
    by: Actor | None = None
    what: str | None = None
    case: str = ""
    item: str | None = None
    trigger: str | None = None
    person: Actor | None = None
    role: str | None = None
    values: Mapping[str, Any] = attrs.field(factory=dict, converter=frozen)
    key: str | None = None
    matter: Matter | None = None
    proved: bool = False
    since: date | None = None
    until: date | None = None
    version: int = 0
    stale: bool = False
    wait: timedelta = timedelta()
    at: datetime | None = None
    back: timedelta | None = None
    came: Came | None = None
    blockers: tuple[Blocker, ...] = ()
    problem: str = ""

    @property
    def claimed(self) -> datetime | None:
        """When it is said to have happened."""
        return self.at if self.at is None or self.back is None else self.at - self.back

    def take(self, engine: Engine, procedure: Procedure, handle: CaseHandle | None) -> object:
        """Do it: raises what the engine raises."""
        if self.verb in OFFICES:
            act = engine.constitute if self.verb is Verb.CONSTITUTE else engine.withdraw
            return act(procedure, self.what or "", _given(self.person), BASIS)
        if self.verb is Verb.OPEN:
            return engine.open_case(
                procedure,
                self.matter or Matter("matter", "Matter"),
                case_id=self.case,
                trigger=self.trigger,
                unproved="refuse" if self.proved else "allow",
                **self._who(),
                **self.values,
            )
        assert handle is not None, "a case is open"
        return self._done(handle)

    def _done(self, case: CaseHandle) -> object:
        who = self._who()
        if self.stale:
            who["if_version"] = case.value.version - 1
        match self.verb:
            case Verb.FIRE:
                return case.fire(self.what or "", item=self.item, **who, **self.values)
            case Verb.ADD:
                return case.add(self.what or "", trigger=self.trigger, **who, **self.values)
            case Verb.AMEND:
                return case.amend(self.what, reason=REASON, **who, **self.values)
            case Verb.APPOINT:
                return case.appoint(self.what or "", _given(self.person), **who)
            case Verb.RELIEVE:
                return case.relieve(self.what or "", _given(self.person), **who)
            case Verb.DELEGATE:
                until = self.until or date(2100, 1, 1)
                return case.delegate(
                    self.what or "", _given(self.person), until=until, since=self.since, reason=REASON, **who
                )
            case Verb.END_DELEGATION:
                return case.end_delegation(self.what or "", _given(self.person), **who)
            case Verb.RECUSE:
                return case.recuse(self.what or "", _given(self.person), reason=REASON, **who)
            case Verb.CONFIRM_BREACH:
                return case.confirm_breach(self.version, **who)
            case Verb.VOID_BREACH:
                return case.void_breach(self.version, reason=REASON, **who)
        act: Callable[..., object] = case.stop_clock if self.verb is Verb.STOP_CLOCK else case.resume_clock
        return act(self.what, reason=REASON, **who)

    def _who(self) -> dict[str, Any]:
        at = None if self.back is None else self.claimed
        return {"by": _given(self.by), "basis": BASIS, "role": self.role, "key": self.key, "at": at}

    def command(self) -> Command:
        """The command by which it is asked for, where it is one on a case."""
        said: dict[str, Any] = {"actor": self.by or OUTSIDER, "basis": Basis(BASIS), "role": self.role}
        what, person = self.what or "", self.person or OUTSIDER
        match self.verb:
            case Verb.FIRE:
                return Fire(trigger=what, item=self.item, values=self.values, **said)
            case Verb.ADD:
                return Add(kind=what, trigger=self.trigger, values=self.values, **said)
            case Verb.AMEND:
                return Amend(item=self.what, values=self.values, reason=REASON, **said)
            case Verb.APPOINT:
                return Appoint(office=what, appointee=person, **said)
            case Verb.RELIEVE:
                return Relieve(office=what, appointee=person, **said)
            case Verb.RECUSE:
                return Recuse(office=what, who=person, reason=REASON, **said)
            case Verb.DELEGATE:
                assert self.until is not None, "a delegation ends"
                return Delegate(office=what, to=person, until=self.until, since=self.since, reason=REASON, **said)
            case Verb.END_DELEGATION:
                return EndDelegation(office=what, delegate=person, **said)
            case Verb.STOP_CLOCK:
                return StopClock(item=self.what, reason=REASON, **said)
            case Verb.RESUME_CLOCK:
                return ResumeClock(item=self.what, reason=REASON, **said)
            case Verb.CONFIRM_BREACH:
                return ConfirmBreach(breach=self.version, **said)
            case Verb.VOID_BREACH:
                return VoidBreach(breach=self.version, reason=REASON, **said)
        raise AssertionError(f"{self.verb.value} is no command on a case")

    def after(self, error: BaseException | None) -> Step:
        """The step with what came of it."""
        if isinstance(error, Refused):
            return attrs.evolve(self, came=Came.REFUSED, blockers=error.blockers)
        if isinstance(error, InvalidInput):
            return attrs.evolve(self, came=Came.INVALID, problem="; ".join(map(str, error.faults)))
        if isinstance(error, VersionConflict):
            return attrs.evolve(self, came=Came.INVALID, problem=str(error))
        return attrs.evolve(self, came=Came.DONE)

    # In words

    def told(self, procedure: Procedure) -> Text:
        """The step as a person reads it, with what came of it."""
        line = self._asked(procedure)
        if self.by is not None:
            line = say("{line} – by {who}", "{line}——{who}", line=line, who=same(self.by))
        if self.values:
            said = listing([same(f"{name} = {_shown(value)}") for name, value in self.values.items()])
            line = say("{line}; {said}", "{line}；{said}", line=line, said=said)
        if self.back is not None:
            line = say("{line}; claimed for {at}", "{line}；所称时间{at}", line=line, at=same(self.claimed))
        if self.came is Came.REFUSED:
            why = listing([blocker.text for blocker in self.blockers])
            return say("{line}: refused, {why}", "{line}：已拒绝，{why}", line=line, why=why)
        if self.came is Came.INVALID:
            return say("{line}: not valid, {why}", "{line}：无效，{why}", line=line, why=same(self.problem))
        return line

    def _asked(self, procedure: Procedure) -> Text:
        what = same(self.what or "")
        whom = same(self.person or "")
        match self.verb:
            case Verb.OPEN:
                return say("open the case {case}", "立案{case}", case=self.case)
            case Verb.FIRE:
                return self._fired(procedure)
            case Verb.ADD:
                kinds = self.what in procedure.items
                return say("add: {what}", "添加：{what}", what=procedure.kind_title(self.what or "") if kinds else what)
            case Verb.WAIT:
                return say("{time} pass", "经过{time}", time=self.wait)
            case Verb.TICK:
                return Text("what has fallen due is put on record", "到期的职责记录在案")
            case Verb.REOPEN:
                return Text("the store is closed and opened again", "关闭并重新打开存储")
        title = _TITLES[self.verb]
        return say("{title}: {what} {whom}", "{title}：{what} {whom}", title=title, what=what, whom=whom)

    def _fired(self, procedure: Procedure) -> Text:
        kind = None if self.item is None else self.item.rpartition("-")[0]
        known = kind is None or kind in procedure.items
        title = procedure.trigger_title(self.what or "", kind) if known else same(self.what)
        if self.item is None:
            return title
        return say("{title} ({item})", "{title}（{item}）", title=title, item=same(self.item))


_TITLES = {
    Verb.CONSTITUTE: Text("fill the office", "任职"),
    Verb.WITHDRAW: Text("end the office", "免职"),
    Verb.APPOINT: Text("appoint", "任命"),
    Verb.RELIEVE: Text("relieve", "免去"),
    Verb.AMEND: Text("amend", "更正"),
    Verb.DELEGATE: Text("delegate", "委托"),
    Verb.END_DELEGATION: Text("end the delegation", "终止委托"),
    Verb.RECUSE: Text("recuse", "回避"),
    Verb.STOP_CLOCK: Text("stop the clock", "中止计时"),
    Verb.RESUME_CLOCK: Text("let the clock run on", "恢复计时"),
    Verb.CONFIRM_BREACH: Text("confirm the breach", "确认违规"),
    Verb.VOID_BREACH: Text("void the breach", "撤销违规"),
}


def _given(actor: Actor | None) -> Actor:
    assert actor is not None, "the step names somebody"
    return actor


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, date) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
