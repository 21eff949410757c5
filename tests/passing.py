"""Time that passes while people act, at random: what the tests of reminders look into."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import lapsing
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from lapsing import BOARD, HEAD, HELPER, INSPECTOR, JUDGE, Hand

from stabflow import Actor, CaseHandle, Engine, InvalidInput, Refused
from stabflow.calendar import DueTime
from stabflow.case import Case
from stabflow.decision.events import BreachConfirmed, BreachFound, BreachVoided, ItemMoved
from stabflow.decision.evolution import evolve

NEWCOMER = Actor("o-9", body="unit")
PEOPLE = [INSPECTOR, HEAD, BOARD, JUDGE, HELPER, NEWCOMER]
OFFICES = ["inspector", "head", "board", "judge"]
TRIGGERS: dict[str | None, list[str]] = {
    None: ["hand_in", "hand_back", "sign_off"],
    "hazard": ["assign", "reassign", "resolve"],
    "round": ["walk"],
    "finding": ["answer", "name", "note_silence", "uphold", "dismiss"],
}
Limit = tuple[str, datetime, datetime]
"""A duty with when its limit began and ends."""


def limits(case: Case) -> set[Limit]:
    """What is owed in a case, worked out anew from its value alone."""
    if case.state == "finished":
        return set()
    found: dict[str, DueTime | None] = {"case": case.due}
    found |= {f"vacancy:{office}": due for office, due in case.vacancies.items()}
    done = {"resolved", "done", "upheld", "dismissed"}
    found |= {one.id: one.due for one in case.items.values() if one.state not in done}
    return {(duty, due.start, due.at) for duty, due in found.items() if due is not None}


class Passing(RuleBasedStateMachine):
    """Whatever people do and however time is let pass."""

    @initialize()
    def begin(self) -> None:
        self.clock = Hand()
        self.engine = self.opened()
        self.engine.tick()
        self.ticked = self.clock.now
        self.cases = [lapsing.a_case(self.engine, key, helped=key == "a").id for key in "ab"]
        for one in self.cases:
            self.engine.case(one).add("hazard", by=INSPECTOR, basis="seen")

    def opened(self) -> Engine:
        return lapsing.opened(self.clock)

    def case(self, which: int) -> CaseHandle:
        return self.engine.case(self.cases[which % len(self.cases)])

    @rule(hours=st.sampled_from([1, 7, 24, 49, 100]))
    def pass_time(self, hours: int) -> None:
        if self.clock.now + timedelta(hours=hours) - self.ticked >= timedelta(days=7):
            self.tick()
        self.clock.pass_(hours=hours)

    @rule()
    def tick(self) -> None:
        done = self.engine.tick()
        self.ticked = self.clock.now
        assert done.failures == ()
        self.cases = sorted({row.case_id for row in self.engine.cases()})
        event(f"{min(len(done.breaches), 3)} breaches")
        for one in self.cases:
            value = self.engine.case(one).value
            found = self.found(self.engine.case(one))
            for limit in limits(value):
                assert (limit[2] <= self.clock.now) <= ((*limit, 0) in found), limit
        assert self.engine.tick().breaches == ()

    def found(self, case: CaseHandle) -> Counter[tuple[str, datetime, datetime, int]]:
        events = [record.event for record in case.history()]
        return Counter(
            (one.duty, self.own(one, events).start, self.own(one, events).at, one.level)
            for one in events
            if isinstance(one, BreachFound)
        )

    @staticmethod
    def own(one: BreachFound, events: list[Any]) -> DueTime:
        """The limit of the duty itself that an escalation is about."""
        before = events[: next(n for n, other in enumerate(events) if other is one) + 1]
        return next(
            o for o in reversed(before) if isinstance(o, BreachFound) and (o.duty, o.level) == (one.duty, 0)
        ).due

    @rule(which=st.integers(0, 5), who=st.sampled_from(PEOPLE), data=st.data(), late=st.sampled_from([0, 0, 0, 2, 20]))
    def act_at_random(self, which: int, who: Actor, data: st.DataObject, late: int) -> None:
        case = self.case(which)
        kind = data.draw(st.sampled_from([*TRIGGERS]))
        items: list[str | None] = [None] if kind is None else [one.id for one in case.value.of_kind(kind)]
        if items:
            trigger, item = data.draw(st.sampled_from(TRIGGERS[kind])), data.draw(st.sampled_from(items))
            self.act(case, who, trigger, item, data, late)

    @rule(which=st.integers(0, 5), data=st.data(), late=st.sampled_from([0, 0, 2]))
    def act_lawfully(self, which: int, data: st.DataObject, late: int) -> None:
        case = self.case(which)
        lawful = [
            (who, option)
            for who in PEOPLE
            for option in case.available(who)
            if option.item is not None or (option.kind is None and option.trigger != "sign_off")
        ]
        if lawful:
            who, option = data.draw(st.sampled_from(lawful))
            self.act(case, who, option.trigger, option.item, data, late)

    def act(self, case: CaseHandle, who: Actor, trigger: str, item: str | None, data: st.DataObject, late: int) -> None:
        values: dict[str, Any] = {}
        if trigger in ("assign", "reassign"):
            day = (self.clock.now + timedelta(days=data.draw(st.integers(-2, 9)))).date()
            values = {"owner": data.draw(st.sampled_from(PEOPLE)).id, "deadline": day}
        if trigger == "name":
            values = {"concerned": data.draw(st.sampled_from(PEOPLE)).id}
        if trigger == "answer":
            values = {"defence": "it was otherwise"}
        if trigger == "sign_off":
            values = {"summary": "all is well"}
        at = self.clock.now - timedelta(hours=late) if late else None
        with contextlib.suppress(Refused, InvalidInput):
            case.fire(trigger, item=item, by=who, basis="b", at=at, **values)
            event(f"done {trigger}")

    @rule(which=st.integers(0, 5), who=st.sampled_from(PEOPLE))
    def add(self, which: int, who: Actor) -> None:
        with contextlib.suppress(Refused):
            self.case(which).add("hazard", by=who, basis="seen")

    @rule(which=st.integers(0, 5), who=st.sampled_from(PEOPLE), whom=st.sampled_from(PEOPLE), comes=st.booleans())
    def appoint(self, which: int, who: Actor, whom: Actor, comes: bool) -> None:
        case = self.case(which)
        with contextlib.suppress(Refused):
            (case.appoint if comes else case.relieve)("helper", whom, by=who, basis="order")

    @rule(office=st.sampled_from(OFFICES), who=st.sampled_from(PEOPLE), comes=st.booleans())
    def constitute(self, office: str, who: Actor, comes: bool) -> None:
        with contextlib.suppress(Refused, InvalidInput):
            (self.engine.constitute if comes else self.engine.withdraw)("inspection", office, who, basis="order")

    @precondition(lambda self: any(self.engine.case(one).value.breaches for one in self.cases))
    @rule(which=st.integers(0, 5), who=st.sampled_from(PEOPLE), confirms=st.booleans(), data=st.data())
    def judge(self, which: int, who: Actor, confirms: bool, data: st.DataObject) -> None:
        case = self.case(which)
        if not case.value.breaches:
            return
        breach = data.draw(st.sampled_from([one.version for one in case.value.breaches.values()]))
        try:
            if confirms:
                case.confirm_breach(breach, by=who, basis="minutes")
            else:
                case.void_breach(breach, by=who, basis="minutes", reason="a slip of the pen")
            event("judged a breach")
        except Refused:
            pass

    @invariant()
    def no_breach_is_missed_or_recorded_twice(self) -> None:
        for one in self.cases:
            handle = self.engine.case(one)
            found = self.found(handle)
            assert not found or max(found.values()) == 1
            case: Case | None = None
            for record in handle.history():
                after = evolve(case, record.event, record.stamp)
                ended = set() if case is None else limits(case) - limits(after)
                for limit in ended:
                    in_time = record.occurred_at < limit[2]
                    assert in_time or (*limit, 0) in found, (record.tag, limit)
                self.judged_by_another(case, record.event, record.actor)
                case = after

    @staticmethod
    def judged_by_another(case: Case | None, done: Any, actor: Actor) -> None:
        if isinstance(done, ItemMoved) and done.trigger in ("uphold", "dismiss"):
            assert case is not None
            item = case.items[done.item]
            assert item.fields.get("concerned") != actor.id
            assert actor.id not in {act.actor for act in item.acts if act.trigger == "answer"}
        if isinstance(done, BreachConfirmed | BreachVoided):
            assert case is not None
            assert actor.id not in {holder.id for holder in case.breaches[done.duty].holders}

    def teardown(self) -> None:
        self.engine.verify()
        self.engine.close()
