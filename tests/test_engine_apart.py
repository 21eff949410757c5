"""Few people with many roles, who appoint, lend and leave in any order: nobody judges themselves, whatever is interleaved."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
import worlds
from apart import acted, conflicts
from conftest import SHORT
from hypothesis import currently_in_test_context, event, given
from hypothesis import strategies as st

from stabflow import Actor, CaseHandle, InvalidInput, Matter, Refused
from stabflow.decision.evolution import replay
from stabflow.language import loads

TEXT = """
[procedure]
format = 1
id = "office"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "Office", zh = "办公室" }
source = "for tests"

[roles.head]
title = { en = "head", zh = "主任" }
supervises = ["worker"]
delegable = true
[roles.judge]
title = { en = "judge", zh = "裁定人" }
delegable = true
[roles.worker]
title = { en = "worker", zh = "经办人" }
appointed_by = ["head"]
delegable = true
[roles.checker]
title = { en = "checker", zh = "核对人" }
appointed_by = ["head", "judge"]
delegable = true

[[separations]]
roles = ["worker", "judge"]
across = "matter"

[states]
working = { accountable = "head", open_ended = true }
over = { final = true }

[[transitions]]
trigger = "open"
dest = "working"
by = ["head", "judge"]
[[transitions]]
trigger = "again"
source = "working"
dest = "working"
by = ["head", "judge"]
[[transitions]]
trigger = "close"
source = "working"
dest = "over"
by = ["head"]
requires = [{ items = "work", every = ["passed"] }, { items = "vote", since = "working", at_least = 4 }]

[items.work]
title = { en = "work", zh = "工作" }
fields.owner = { type = "actor" }
fields.words = { type = "text", max_length = 9 }
states.given = { accountable = "owner", open_ended = true }
states.done = { accountable = "checker", open_ended = true }
states.passed = { final = true }
transitions = [
  { trigger = "add", dest = "given", by = ["worker", "head"], set = ["owner", "words"] },
  { trigger = "give", source = ["given", "done"], by = ["head", "worker"], set = ["owner"] },
  { trigger = "do", source = "given", dest = "done", by = ["owner", "worker"] },
  { trigger = "pass", source = "done", dest = "passed", by = ["checker", "judge", "worker", "head"], requires = [
    { independent_of = ["add", "do", "owner"] },
  ] },
  { trigger = "take", source = "done", dest = "passed", by = ["checker", "judge"], set = ["owner"], requires = [
    { independent_of = ["owner"] },
  ] },
]

[items.vote]
title = { en = "vote", zh = "表决" }
unique = ["actor"]
states.cast = { final = true }
transitions = [{ trigger = "add", dest = "cast", by = ["judge", "checker", "worker"] }]
"""
OFFICE = loads(TEXT)

PEOPLE = [Actor(name, body="office") for name in "abcde"]
ROLES = sorted(OFFICE.roles)
STANDING = ["head", "judge"]

Step = tuple[str, int, int, int, int]
"""What is done, in which case and by which engine, and three numbers that choose who and what."""


class World:
    """Two cases on one matter, two engines on one store, and the first to hold each role."""

    def __init__(self, first: int) -> None:
        self.clock = worlds.FakeClock()
        store = worlds.wrapped()
        self.engine, self.other = (worlds.engine_over(store, self.clock, procedures=[OFFICE]) for _ in range(2))
        head, judge, worker, checker = (PEOPLE[(first + n) % 5] for n in range(4))
        self.engine.constitute("office", "head", head, basis="b")
        self.engine.constitute("office", "judge", judge, basis="b")
        matter = Matter("m", "M")
        cases = [self.engine.open_case("office", matter, by=head, basis="b", unproved="allow") for _ in range(2)]
        for case in cases:
            case.appoint("worker", worker, by=head, basis="b")
            case.appoint("checker", checker, by=head, basis="b")
        self.cases = [case.id for case in cases]

    def take(self, step: Step) -> None:
        """Try one step; what is refused changes nothing."""
        what, which, *numbers = step
        case = (self.engine, self.other)[which % 2].case(self.cases[which // 2])
        before = case.value
        try:
            done = getattr(self, f"_{what}")(case, *numbers)
        except (Refused, InvalidInput) as refusal:
            assert case.value == before, "what was refused has changed something"
            note(f"{what}: {type(refusal).__name__}")
        else:
            note(f"{what}: {'done' if done is not False else 'nothing to do'}{_for_another(case, before.version)}")

    def _holder(self, case: CaseHandle, number: int) -> tuple[str, Actor]:
        """Somebody in some role, in their own right."""
        held = [*case.value.appointments, *self.engine.offices("office")]
        return (
            (held[number % len(held)].role, Actor(held[number % len(held)].actor, body="office"))
            if held
            else ("head", PEOPLE[0])
        )

    def _appoint(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        return case.appoint(("worker", "checker")[c % 2], PEOPLE[b % 5], by=PEOPLE[a % 5], basis="b")

    def _relieve(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        office, whom = self._holder(case, b)
        return case.relieve(office, whom, by=PEOPLE[a % 5], basis="b")

    def _constitute(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        return self.engine.constitute("office", STANDING[a % 2], PEOPLE[b % 5], basis="b")

    def _withdraw(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        return self.engine.withdraw("office", STANDING[a % 2], PEOPLE[b % 5], basis="b") if c == 0 else False

    def _delegate(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        office, by = self._holder(case, a)
        today = self.clock.now.date()
        since = today + timedelta(days=2) if c == 0 else None
        until = today + timedelta(days=(3, 1, 60, 60, 60)[c % 5])
        return case.delegate(office, PEOPLE[b % 5], by=by, basis="b", since=since, until=until, reason="r")

    def _delegate_wildly(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        until = self.clock.now.date() + timedelta(days=30)
        return case.delegate(ROLES[c % 4], PEOPLE[b % 5], by=PEOPLE[a % 5], basis="b", until=until, reason="r")

    def _end(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        lent = case.value.delegations
        if not lent or c > 1:
            return False
        one = lent[b % len(lent)]
        return case.end_delegation(one.office, Actor(one.delegate, body="office"), by=PEOPLE[a % 5], basis="b")

    def _recuse(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        if c or a > 3:
            return False
        office, whom = self._holder(case, b)
        return case.recuse(office, whom, by=whom if a % 2 else PEOPLE[a % 5], basis="b", reason="kin")

    def _add(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        return case.add("work", by=PEOPLE[a % 5], basis="b", owner=PEOPLE[b % 5], words="w")

    def _vote(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        return case.add("vote", by=PEOPLE[a % 5], basis="b", role=[None, None, *ROLES][b % 6])

    def _work(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        trigger, states = (("do", ("given",)), ("pass", ("done",)), ("take", ("done",)), ("give", ("given", "done")))[
            c % 4
        ]
        works = [item.id for item in case.value.of_kind("work") if item.state in states]
        if not works:
            return False
        said: dict[str, Any] = {"owner": PEOPLE[b % 5]} if trigger in ("give", "take") else {}
        return case.fire(trigger, item=works[b % len(works)], by=PEOPLE[a % 5], basis="b", **said)

    def _deputize(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        """Somebody acts for somebody: passes what there is, votes, gives work."""
        lent = [one for one in case.value.delegations if not one.ended]
        if not lent:
            return False
        one = lent[a % len(lent)]
        who: dict[str, Any] = {"by": Actor(one.delegate, body=one.body), "basis": "b", "role": one.office}
        works = [item for item in case.value.of_kind("work") if item.state != "passed"]
        if c == 0:
            return case.add("vote", **who)
        if c == 1 or not works:
            return case.add("work", owner=PEOPLE[b % 5], words="w", **who)
        item = works[b % len(works)]
        return case.fire("do" if item.state == "given" else "pass", item=item.id, **who)

    def _amend(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        works = [item.id for item in case.value.of_kind("work")]
        words = "abcde"[c % 5]
        return works and case.amend(works[b % len(works)], by=PEOPLE[a % 5], basis="b", reason="r", words=words)

    def _again(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        return case.fire("again", by=PEOPLE[a % 5], basis="b") if c == 0 else False

    def _wait(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        self.clock.now += timedelta(days=(0, 0, 0, 1, 9)[c % 5])
        return False

    def _available(self, case: CaseHandle, a: int, b: int, c: int) -> object:
        """What is said to be available, and needs no values, is not refused."""
        for option in case.available(PEOPLE[a % 5]):
            if option.item is not None and option.trigger in ("pass", "do"):
                try:
                    return case.fire(option.trigger, item=option.item, by=PEOPLE[a % 5], basis="b")
                except Refused as refusal:
                    raise AssertionError("what was said to be available is refused") from refusal
        return False

    def check(self) -> None:
        """Everything is whole, and nobody stood on both sides: of a case, or of the matter."""
        assert self.engine.verify().cases == 2
        apart: dict[str, set[str]] = {}
        for case_id in self.cases:
            case = self.engine.case(case_id)
            history = case.history()
            assert case.value == replay((record.event, record.stamp) for record in history)
            assert case.value == self.other.case(case_id).value
            assert conflicts(OFFICE, history) == []
            for person, roles in acted(OFFICE, history).items():
                apart.setdefault(person, set()).update(roles)
        assert [person for person, roles in apart.items() if {"worker", "judge"} <= roles] == []


def test_what_is_told_from_the_records_would_be_seen() -> None:
    """In a procedure that keeps nothing apart, everybody does everything."""
    lax = TEXT.replace('[[separations]]\nroles = ["worker", "judge"]\nacross = "matter"\n', "")
    for apart in (
        'unique = ["actor"]\n',
        '{ independent_of = ["add", "do", "owner"] },',
        '{ independent_of = ["owner"] },',
    ):
        assert apart in lax
        lax = lax.replace(apart, "")
    procedure, (head, deputy, *_) = loads(lax), PEOPLE
    engine = worlds.engine_on("memory:", procedures=[procedure])
    for office in STANDING:
        engine.constitute("office", office, head, basis="b")
    case = engine.open_case("office", Matter("m", "M"), by=head, basis="b", unproved="allow")
    far, said = worlds.START.date() + timedelta(days=60), {"basis": "b"}
    case.delegate("head", deputy, by=head, until=far, reason="r", **said)
    work = case.add("work", by=deputy, role="head", owner=PEOPLE[0], words="w", **said)
    case.fire("do", item=work, by=head, role="owner", **said)
    case.fire("pass", item=work, by=head, role="judge", **said)
    assert conflicts(OFFICE, case.history()) == [
        f"version 5: a judged {one} of work-1" for one in ("add", "do", "owner")
    ]
    case.delegate("judge", deputy, by=head, until=far, reason="r", **said)
    for who in (head, deputy):
        case.add("vote", by=who, role="judge", **said)
    told = conflicts(OFFICE, case.history())
    assert [one for one in told if "had a second vote" in one]
    case.appoint("worker", deputy, by=head, **said)
    case.add("work", by=deputy, role="worker", owner=head, words="w", **said)
    assert "b acted as worker, having acted as judge" in conflicts(OFFICE, case.history())[-1]


def note(what: str) -> None:
    if currently_in_test_context():
        event(what)


def _for_another(case: CaseHandle, version: int) -> str:
    value = case.value
    mandate = case.history()[-1].mandate
    is_so = value.version > version and any(one.mandate == mandate for one in value.delegations)
    return " for another" if is_so else ""


WHATS = [name[1:] for name in vars(World) if name.startswith("_") and not name.startswith("__") and name != "_holder"]
OFTEN = [
    "delegate",
    "delegate",
    "deputize",
    "deputize",
    "deputize",
    "deputize",
    "add",
    "work",
    "work",
    "work",
    "work",
    "available",
    "vote",
    "vote",
    "appoint",
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from([*WHATS, *OFTEN]), st.integers(0, 3), st.integers(0, 19), st.integers(0, 19), st.integers(0, 4)
    ),
    min_size=25,
    max_size=70,
)


def run(first: int, steps: list[Step]) -> None:
    world = World(first)
    for number, step in enumerate(steps):
        world.take(step)
        if number % 10 == 9:
            world.check()
    world.check()


@given(first=st.integers(0, 3), steps=STEPS)
def test_nobody_stands_on_both_sides(first: int, steps: list[Step]) -> None:
    run(first, steps)


def walk(seed: int, length: int) -> None:
    """A long way, in which much of it hangs on what went before."""
    chance = random.Random(seed)
    steps: list[Step] = []
    for _ in range(length):
        which, a, b, c = (chance.randrange(most) for most in (4, 20, 20, 5))
        steps.append((chance.choice([*WHATS, *OFTEN]), which, a, b, c))
    run(seed % 4, steps)


@pytest.mark.parametrize("seed", range(8))
def test_nobody_stands_on_both_sides_after_a_long_way(seed: int) -> None:
    walk(seed, 250)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8 if SHORT else 200))
def test_nobody_ever_stands_on_both_sides(seed: int) -> None:
    walk(1_000 + seed, 400)
