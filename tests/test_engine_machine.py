"""A rule machine over the real engine: whatever is done, history stays whole and nobody gets round the procedure."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import five_steps
import pytest
import worlds
from apart import conflicts
from five_steps import CHIEF, EVERYBODY, OUTSIDER, PEOPLE, STANDING, toward
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import stabflow
from stabflow import Actor, CaseHandle, Engine, InvalidInput, Matter, Refused
from stabflow.decision.evolution import replay
from stabflow.errors import VersionConflict
from stabflow.language import bundled, loads

FIVE = bundled("five-step")
LENDING = loads(
    re.sub(r"^\[roles\.\w+\]$", r"\g<0>\ndelegable = true", five_steps.TEXT, flags=re.MULTILINE).replace(
        'version = "1"', 'version = "2"', 1
    )
)
"""The five steps, in a version in which every role may be delegated."""
OUTCOMES = ["approved", "deferred", "prohibited"]
KINDS: list[str | None] = [None, *FIVE.items]
ALPHABET = {kind: sorted(FIVE.machine(kind).events) for kind in KINDS}
"""What the machines of `transitions` really answer to."""
JUNK = ["to_approved", "initialise", "", "implement ", "may_implement", "is_approved", "add", "(new)"]


class Acting(RuleBasedStateMachine):
    """Right and wrong people, lawful and wild acts, clocks, restarts and a second engine, over one store."""

    folder: Path
    url: str

    @initialize(ways=st.lists(st.tuples(st.sampled_from(OUTCOMES), st.integers(0, 50)), min_size=2, max_size=2))
    def begin(self, ways: list[tuple[str, int]]) -> None:
        """Two cases, each some way on: what matters most happens late."""
        self.clock = worlds.FakeClock()
        self.start()
        five_steps.constitute(self.engine)
        self.cases = [
            self.engine.open_case(LENDING, Matter(f"m-{n}", "Matter"), by=CHIEF, basis="plan", unproved="allow").id
            for n in range(2)
        ]
        for number, (state, steps) in enumerate(ways):
            case = self.handle(2 * number)
            for _ in range(steps):
                step = toward(case.value, state)
                if step is not None:
                    step.take(case)
            event(f"begun in {case.state}")
        self.keyed: dict[str, tuple[str, five_steps.Next, Any]] = {}

    def start(self) -> None:
        raise NotImplementedError

    def reopen_engine(self) -> None:
        raise NotImplementedError

    def handle(self, which: int) -> CaseHandle:
        return (self.engine, self.other)[which % 2].case(self.cases[which // 2 % 2])

    # Lawful ways, so that the run gets deep

    @rule(which=st.integers(0, 3), state=st.sampled_from(OUTCOMES), steps=st.integers(1, 12))
    def advance(self, which: int, state: str, steps: int) -> None:
        case = self.handle(which)
        for _ in range(steps):
            step = toward(case.value, state)
            if step is None:
                break
            if step.wait:
                self.clock.now += step.wait
                case.fire("end_divided", item=self.running(case), by=five_steps.ASSESSOR, basis="b", **COUNTS)
                continue
            if not self.unstuck(case, step):
                break
        event(f"advanced to {case.state}")

    @staticmethod
    def running(case: CaseHandle) -> str:
        return next(item.id for item in case.value.of_kind("consultation") if item.state == "running")

    def unstuck(self, case: CaseHandle, step: five_steps.Next) -> bool:
        """Take the step; what wild acts left behind (a vacant office, a separation) may stand in the way."""
        before = self.seen(case)
        try:
            step.take(case)
        except (Refused, InvalidInput) as error:
            self.is_lawful(error)
            assert self.seen(case) == before
            return False
        return True

    @staticmethod
    def is_lawful(error: Refused | InvalidInput) -> None:
        """A step on a lawful way is well-formed: but for a clock that was turned back behind the day on which its actor took
        office, it may only be refused."""
        if isinstance(error, InvalidInput):
            (fault,) = error.faults
            assert fault.path == "at", error
            assert "took office" in fault.problem, error

    @rule(which=st.integers(0, 3), state=st.sampled_from(OUTCOMES), key=st.sampled_from(["k1", "k2", "k3"]))
    def once(self, which: int, state: str, key: str) -> None:
        case = self.handle(which)
        said = self.keyed.get(f"{case.id} {key}")
        if said is not None:
            _, step, result = said
            before = self.seen(case)
            again = step.take(case, key=key)
            assert (again if isinstance(again, str) else again.hash) == result  # type: ignore[attr-defined]
            assert self.seen(case) == before
            event("sent again")
            return
        step = toward(case.value, state)  # type: ignore[assignment]
        if step is None or step.wait:
            return
        try:
            result = step.take(case, key=key)
        except (Refused, InvalidInput) as error:
            self.is_lawful(error)
            return
        self.keyed[f"{case.id} {key}"] = (key, step, result if isinstance(result, str) else result.hash)

    # Wild ones

    @rule(
        which=st.integers(0, 3),
        who=st.sampled_from(EVERYBODY),
        kind=st.sampled_from(KINDS),
        number=st.integers(0, 50),
        data=st.data(),
    )
    def wild(self, which: int, who: Actor, kind: str | None, number: int, data: st.DataObject) -> None:
        case = self.handle(which)
        trigger = data.draw(st.sampled_from(ALPHABET[kind] + JUNK[: number % 3]))
        items = [item.id for item in case.value.items.values() if item.kind == kind]
        item = items[number % len(items)] if items else None
        if kind is not None and item is None:
            return
        values = self.values(kind, trigger, data)
        self.tried(case, "wild act", lambda: case.fire(trigger, item=item, by=who, basis="wild", **values))

    @rule(which=st.integers(0, 3), who=st.sampled_from(EVERYBODY), kind=st.sampled_from(KINDS[1:]), data=st.data())
    def wild_add(self, which: int, who: Actor, kind: str, data: st.DataObject) -> None:
        case = self.handle(which)
        values = self.values(kind, "add", data)
        self.tried(case, "wild add", lambda: case.add(kind, by=who, basis="wild", **values))

    @rule(which=st.integers(0, 3), who=st.sampled_from(EVERYBODY), data=st.data())
    def available(self, which: int, who: Actor, data: st.DataObject) -> None:
        """What is said to be available is done, with fitting values: it may fail only for the values."""
        case = self.handle(which)
        options = case.available(who)
        if not options:
            return
        option = data.draw(st.sampled_from(options))
        values = self.values(option.kind, option.trigger, data, all_fit=True)
        if option.kind is not None and option.item is None:
            self.tried(case, "available", lambda: case.add(option.kind or "", by=who, basis="b", **values))
        else:
            self.tried(
                case, "available", lambda: case.fire(option.trigger, item=option.item, by=who, basis="b", **values)
            )

    def values(self, kind: str | None, trigger: str, data: st.DataObject, *, all_fit: bool = False) -> dict[str, Any]:
        rows = [row for row in FIVE.lifecycle(kind).transitions if row.trigger == trigger]
        if not rows:
            return {}

        def pick(options: Sequence[Any]) -> Any:
            return data.draw(st.sampled_from(options))

        values: dict[str, Any] = five_steps.fitting(FIVE, kind, rows[0].set, pick)
        if trigger in {"end", "end_divided"}:
            values.update(COUNTS)
        spoil = "" if all_fit else data.draw(st.sampled_from(["", "", "", "drop", "junk", "more"]))
        if values and spoil == "drop":
            values.pop(pick(sorted(values)))
        elif values and spoil == "junk":
            values[pick(sorted(values))] = pick([3.9, "no such thing", None, -1, "\u202e"])
        elif spoil == "more":
            values["decision_reasons"] = "smuggled in"
        return values

    @rule(which=st.integers(0, 3), who=st.sampled_from(EVERYBODY), number=st.integers(0, 50), data=st.data())
    def amend(self, which: int, who: Actor, number: int, data: st.DataObject) -> None:
        case = self.handle(which)
        things = [None, *case.value.items]
        item = things[number % len(things)]
        kind = None if item is None else case.value.items[item].kind
        stated = sorted(case.value.facts if item is None else case.value.items[item].fields)
        names = data.draw(st.lists(st.sampled_from(stated), max_size=2, unique=True)) if stated else []
        values = five_steps.fitting(FIVE, kind, names, lambda options: data.draw(st.sampled_from(options)))
        self.tried(case, "amendment", lambda: case.amend(item, by=who, basis="b", reason="a slip", **values))

    @rule(
        which=st.integers(0, 3),
        who=st.sampled_from(EVERYBODY),
        whom=st.sampled_from(PEOPLE),
        office=st.sampled_from([*FIVE.roles, "owner", "nothing"]),
        ends=st.booleans(),
    )
    def appointing(self, which: int, who: Actor, whom: Actor, office: str, ends: bool) -> None:
        case = self.handle(which)
        act = case.relieve if ends else case.appoint
        self.tried(case, "appointment", lambda: act(office, whom, by=who, basis="b"))

    # Acting for somebody, and stepping back

    @rule(
        which=st.integers(0, 3),
        number=st.integers(0, 50),
        whom=st.sampled_from(PEOPLE),
        days=st.sampled_from([0, 1, 30, 400]),
        begins=st.sampled_from([None, None, 2]),
    )
    def delegating(self, which: int, number: int, whom: Actor, days: int, begins: int | None) -> None:
        """By somebody who holds the role, to anybody; the rest is for the engine to refuse."""
        case = self.handle(which)
        held = [*case.value.appointments, *self.engine.offices("five-step")]
        if not held:
            return
        one, today = held[number % len(held)], self.clock.now.date()
        by, to = Actor(one.actor, body=one.body), Actor(whom.id, body=one.body)
        since = None if begins is None else today + timedelta(days=begins)
        until = today + timedelta(days=days)
        self.tried(
            case,
            "delegation",
            lambda: case.delegate(one.role, to, by=by, basis="b", since=since, until=until, reason="r"),
        )

    @rule(
        which=st.integers(0, 3),
        who=st.sampled_from(EVERYBODY),
        whom=st.sampled_from(PEOPLE),
        office=st.sampled_from([*FIVE.roles, "owner", "nothing"]),
        ends=st.booleans(),
    )
    def wild_delegation(self, which: int, who: Actor, whom: Actor, office: str, ends: bool) -> None:
        case, far = self.handle(which), self.clock.now.date() + timedelta(days=9)
        if ends:
            self.tried(case, "wild end", lambda: case.end_delegation(office, whom, by=who, basis="b"))
        else:
            act = lambda: case.delegate(office, whom, by=who, basis="b", until=far, reason="r")  # noqa: E731
            self.tried(case, "wild delegation", act)

    @rule(which=st.integers(0, 3), number=st.integers(0, 50), data=st.data())
    def act_for_somebody(self, which: int, number: int, data: st.DataObject) -> None:
        """Whatever a delegate can do, they do: here is where they would judge themselves."""
        case = self.handle(which)
        lent = case.value.delegations
        if not lent:
            return
        one = lent[number % len(lent)]
        who = Actor(one.delegate, body=one.body)
        options = case.available(who, role=one.office)
        if not options:
            return
        option = data.draw(st.sampled_from(options))
        values = self.values(option.kind, option.trigger, data, all_fit=True)
        add = option.kind is not None and option.item is None
        said: dict[str, Any] = {"by": who, "role": one.office, "basis": "b", **values}
        act = (
            (lambda: case.add(option.kind or "", **said))
            if add
            else (lambda: case.fire(option.trigger, item=option.item, **said))
        )
        self.tried(case, "act for somebody", act)

    @rule(which=st.integers(0, 3), number=st.integers(0, 50), by=st.sampled_from(["holder", "delegate", "chief"]))
    def end_a_delegation(self, which: int, number: int, by: str) -> None:
        case = self.handle(which)
        lent = case.value.delegations
        if not lent:
            return
        one = lent[number % len(lent)]
        who = {
            "holder": Actor(one.holder, body=one.body),
            "delegate": Actor(one.delegate, body=one.body),
            "chief": CHIEF,
        }
        delegate = Actor(one.delegate, body=one.body)
        self.tried(case, "end", lambda: case.end_delegation(one.office, delegate, by=who[by], basis="b"))

    @rule(
        which=st.integers(0, 3),
        by=st.sampled_from(EVERYBODY),
        whom=st.sampled_from([*five_steps.REVIEWERS, *five_steps.MEMBERS, *five_steps.OVERSEERS, five_steps.ASSESSOR]),
        office=st.sampled_from([*FIVE.roles]),
        themselves=st.booleans(),
    )
    def recusing(self, which: int, by: Actor, whom: Actor, office: str, themselves: bool) -> None:
        case, by = self.handle(which), whom if themselves else by
        self.tried(case, "recusal", lambda: case.recuse(office, whom, by=by, basis="b", reason="kin"))

    @rule(office=st.sampled_from(sorted(STANDING)), whom=st.sampled_from(PEOPLE), ends=st.booleans())
    def constituting(self, office: str, whom: Actor, ends: bool) -> None:
        act = self.engine.withdraw if ends else self.engine.constitute
        before = self.engine.offices("five-step")
        try:
            act("five-step", office, whom, basis="b")
        except (Refused, InvalidInput):
            assert self.engine.offices("five-step") == before
        assert self.engine.offices("five-step") == self.other.offices("five-step")

    @rule()
    def fill_the_offices(self) -> None:
        held = {(one.role, one.actor) for one in self.engine.offices("five-step")}
        for office, holders in STANDING.items():
            for holder in holders:
                if (office, holder.id) not in held:
                    try:
                        self.engine.constitute("five-step", office, holder, basis="b")
                    except Refused:
                        event("an office stays taken")

    @rule(seconds=st.sampled_from([-86_400, -3, 3_600, 40 * 86_400]))
    def turn_the_clock(self, seconds: int) -> None:
        self.clock.now += timedelta(seconds=seconds)

    @rule(which=st.integers(0, 3), ahead=st.sampled_from([-5, -1, 0, 3]))
    def stale(self, which: int, ahead: int) -> None:
        case = self.handle(which)
        step = toward(case.value, "approved")
        if step is not None and not step.wait and ahead:
            before = self.seen(case)
            with pytest.raises(VersionConflict):
                step.take(case, if_version=case.value.version + ahead)
            assert self.seen(case) == before

    @rule()
    def reopen(self) -> None:
        self.reopen_engine()

    # What must always hold

    def tried(self, case: CaseHandle, what: str, act: Callable[[], object]) -> None:
        before = self.seen(case)
        try:
            act()
        except (Refused, InvalidInput) as refusal:
            assert self.seen(case) == before, "what was refused has changed something"
            event(f"{what}: {type(refusal).__name__}")
        else:
            assert len(case.history()) == len(before[1]) + 1
            event(f"{what}: done")

    def seen(self, case: CaseHandle) -> tuple[Any, ...]:
        rows = [row for row in self.engine.cases() if row.case_id == case.id]
        return case.value, [record.hash for record in case.history()], rows

    @invariant()
    def everything_is_whole(self) -> None:
        if not hasattr(self, "cases"):
            return
        assert self.engine.verify().cases == 2
        for number, case_id in enumerate(self.cases):
            case = self.handle(2 * number)
            history = case.history()
            assert case.value == replay((record.event, record.stamp) for record in history)
            assert case.value == self.other.case(case_id).value
            assert [record.version for record in history] == list(range(1, len(history) + 1))
            assert list(five_steps.unlawful(FIVE, history)) == []
            assert conflicts(LENDING, history) == []
            for record in history:
                assert record.actor.id
                assert record.actor.body
                assert record.role in FIVE.roles or record.role in {"owner", "concerned"}
                assert record.basis.text
                assert record.mandate
                assert record.occurred_at <= record.recorded_at
            times = [record.recorded_at for record in history]
            assert times == sorted(times)
            claims = [record.occurred_at for record in history]
            assert claims == sorted(claims)
            assert OUTSIDER.id not in {record.actor.id for record in history}, "who was named for nothing has acted"


COUNTS = {"responded": 1, "support": 1, "oppose": 0, "other": 0}


class InMemory(Acting):
    """Over a store in memory, which two engines share."""

    def start(self) -> None:
        self.store = worlds.wrapped()
        self.reopen_engine()

    def reopen_engine(self) -> None:
        self.engine, self.other = (worlds.engine_over(self.store, self.clock, procedures=[LENDING]) for _ in range(2))


class OnFile(Acting):
    """Over a file, through two handles."""

    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.url = f"sqlite:///{self.folder}/store.db?synchronous=normal"
        self.engine, self.other = self.opened(), self.opened()

    def opened(self) -> Engine:
        return stabflow.open(self.url, clock=self.clock, procedures=[LENDING])

    def reopen_engine(self) -> None:
        self.engine.close()
        self.engine, self.other = self.other, self.opened()

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.close()
            self.other.close()
            shutil.rmtree(self.folder)


TestInMemory = InMemory.TestCase
TestInMemory.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
TestOnFile = OnFile.TestCase
TestOnFile.settings = settings(max_examples=5, stateful_step_count=20, deadline=None)


@pytest.mark.slow
@pytest.mark.parametrize("machine", [InMemory, OnFile])
def test_many_runs(machine: type[Acting]) -> None:
    from conftest import SHORT
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine, settings=settings(max_examples=15 if SHORT else 200, stateful_step_count=50, deadline=None)
    )


# That the machine can get there at all


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/store.db?synchronous=normal"
    with stabflow.open(url, clock=worlds.FakeClock()) as engine:
        five_steps.constitute(engine)
        yield engine


def walk(case: CaseHandle, state: str) -> None:
    for _ in range(200):
        step = toward(case.value, state)
        if step is None:
            return
        step.take(case)
    raise AssertionError(f"no way from {case.state} to {state}")


@pytest.mark.parametrize("state", OUTCOMES)
def test_every_outcome_is_reached_in_the_live_engine(engine: Engine, state: str) -> None:
    case = engine.open_case("five-step", Matter("m", "Matter"), by=CHIEF, basis="plan")
    walk(case, state)
    assert case.state == state
    assert list(five_steps.unlawful(FIVE, case.history())) == []
    assert engine.verify().cases == 1


def test_a_deferred_matter_is_implemented_and_assessed_again(engine: Engine) -> None:
    case = engine.open_case("five-step", Matter("m", "Matter"), by=CHIEF, basis="plan")
    for state in ("deferred", "approved", "deferred", "prohibited"):
        walk(case, state)
        assert case.state == state
    assert list(five_steps.unlawful(FIVE, case.history())) == []
    assert engine.verify().cases == 1
    assert case.value == replay((record.event, record.stamp) for record in case.history())


def test_a_way_round_would_be_seen(engine: Engine) -> None:
    """The judge of the machine is judged: histories with a step left out are called unlawful."""
    case = engine.open_case("five-step", Matter("m", "Matter"), by=CHIEF, basis="plan")
    walk(case, "approved")
    history = case.history()
    moves = [record for record in history if record.tag == "case.moved"]
    for left_out in moves[:-1]:
        assert list(five_steps.unlawful(FIVE, [record for record in history if record is not left_out]))
