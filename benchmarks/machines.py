"""A machine of Hypothesis that `procedure_machine` made, beside two written by hand, on `transitions` and on python-statemachine.

    python benchmarks/machines.py [ROUNDS]

All act on one small lifecycle: a case goes to and fro and ends once its notes are read. By hand it is a model as the README
of each library teaches it, guards asking who acts and what is stated, and rules that draw a trigger, a note and an actor; what is
expected of each act is worked out once more beside it, and compared. So what is checked by hand is: it moved where the table says
or it was refused and nothing moved, nobody but the chair has moved anything, the end is final, and nothing ended with a note
unread. No test by hand can say more of these models, because they keep nothing more: no record, no time, no replay, no reason.

*stabflow* does what `docs/how-to/test-your-procedure.md` lists, over the real engine on the store in memory, read by a second
handle; its rules do several acts. It does so for the small procedure, and for the bundled five-step one, which nobody has written
by hand. *hypothesis* draws what the machines by hand draw, and does nothing with it.

A rule is a step of Hypothesis; an act is whatever is asked of the case, done or refused. Each round is so many runs of 40 rules
that all rounds together are 200 of them, with the same settings; rounds are interleaved. Rates are by seconds of the processor,
which others on the machine do not change; medians, ratios to *transitions* in the same round, sums of seconds. It asserts nothing
on time.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import attrs
import transitions
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from memory_step import SMALL
from statemachine import State, StateMachine
from statemachine.exceptions import TransitionNotAllowed

from stabflow.language import loads
from stabflow.testing import procedure_machine

RUNS, RULES = 200, 40
CHAIR, PEOPLE = "chair-1", ("chair-1", "chair-2", "stranger")
TRIGGERS = ("go", "send_back", "end", "open", "add")
"""`send_back` is `return` in the procedure, a name that no method can have."""
TABLE = {("here", "go"): "there", ("there", "send_back"): "here", ("there", "end"): "over"}

actors, triggers, places = st.sampled_from(PEOPLE), st.sampled_from(TRIGGERS), st.integers(0, 5)


class Counts:
    """What the runs of one machine came to."""

    rules = acts = done = 0


# With `transitions`


class TransitionsNote:
    """A note that is read by the chair."""

    def __init__(self, words: str) -> None:
        self.words = words
        rows = [{"trigger": "read", "source": "open", "dest": "read", "conditions": "is_chair"}]
        self.machine = transitions.Machine(
            self, states=["open", "read"], transitions=rows, initial="open", auto_transitions=False
        )

    def is_chair(self, by: str) -> bool:
        return by == CHAIR


class TransitionsCase:
    """A case that goes to and fro."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.notes: list[Any] = []
        guards = {"go": ["is_chair", "is_counted"], "send_back": ["is_chair"], "end": ["is_chair", "is_all_read"]}
        rows = [
            {"trigger": trigger, "source": source, "dest": dest, "conditions": guards[trigger]}
            for (source, trigger), dest in TABLE.items()
        ]
        self.machine = transitions.Machine(
            self, states=["here", "there", "over"], transitions=rows, initial="here", auto_transitions=False
        )

    def is_chair(self, by: str) -> bool:
        return by == CHAIR

    def is_counted(self, by: str) -> bool:
        return self.count >= 1

    def is_all_read(self, by: str) -> bool:
        return all(note.state == "read" for note in self.notes)


# With python-statemachine


class StatemachineNote(StateMachine):
    """A note that is read by the chair."""

    open = State(initial=True)
    done = State(final=True, value="read")
    read = open.to(done, cond="is_chair")

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__()

    def is_chair(self, by: str) -> bool:
        return by == CHAIR

    @property
    def state(self) -> object:
        return next(iter(self.configuration_values))


class StatemachineCase(StateMachine):
    """A case that goes to and fro."""

    here = State(initial=True)
    there = State()
    over = State(final=True)
    go = here.to(there, cond=["is_chair", "is_counted"])
    send_back = there.to(here, cond="is_chair")
    end = there.to(over, cond=["is_chair", "is_all_read"])

    def __init__(self, count: int) -> None:
        self.count = count
        self.notes: list[Any] = []
        super().__init__()

    def is_chair(self, by: str) -> bool:
        return by == CHAIR

    def is_counted(self) -> bool:
        return self.count >= 1

    def is_all_read(self) -> bool:
        return all(note.state == "read" for note in self.notes)

    @property
    def state(self) -> object:
        return next(iter(self.configuration_values))


# The machines of Hypothesis


class ByHand(RuleBasedStateMachine):
    """What the machines written by hand have in common: the rules, and what must hold."""

    counts: Counts
    case_of: Callable[[int], Any]
    note_of: Callable[[str], Any]

    def __init__(self) -> None:
        super().__init__()
        self.case = type(self).case_of(3)
        self.came_by: list[str] = []
        self.over = False

    def fire(self, thing: Any, trigger: str, by: str) -> bool:
        """Fire a trigger of a model by its name; False where it is refused, in whatever way."""
        raise NotImplementedError

    def _asked(self, thing: Any, trigger: str, by: str, expected: str | None) -> None:
        before = thing.state
        moved = self.fire(thing, trigger, by)
        type(self).counts.acts += 1
        type(self).counts.done += moved
        assert moved == (expected is not None)
        assert thing.state == (expected or before)
        if moved:
            self.came_by.append(by)

    @rule(trigger=triggers, by=actors)
    def act(self, trigger: str, by: str) -> None:
        """Any trigger, by anybody."""
        dest = TABLE.get((self.case.state, trigger))
        is_all_read = all(note.state == "read" for note in self.case.notes)
        lawful = by == CHAIR and (trigger != "end" or is_all_read)
        self._asked(self.case, trigger, by, dest if lawful else None)
        self.over = self.case.state == "over"

    @rule()
    def add(self) -> None:
        """A note; that only the chair may do so, and not after the end, is for whoever calls to see to."""
        if self.case.state != "over":
            self.case.notes.append(type(self).note_of("words"))
            type(self).counts.acts += 1
            type(self).counts.done += 1

    @rule(place=places, by=actors)
    def read(self, place: int, by: str) -> None:
        """Any note, by anybody."""
        if self.case.notes:
            note = self.case.notes[place % len(self.case.notes)]
            self._asked(note, "read", by, "read" if by == CHAIR and note.state == "open" else None)

    @invariant()
    def holds(self) -> None:
        """What can be said of the models at any time."""
        type(self).counts.rules += 1
        assert self.case.state in ("here", "there", "over")
        assert all(note.state in ("open", "read") for note in self.case.notes)
        assert set(self.came_by) <= {CHAIR}
        assert not self.over or self.case.state == "over"
        assert self.case.state != "over" or all(note.state == "read" for note in self.case.notes)


class OnTransitions(ByHand):
    counts = Counts()
    case_of, note_of = TransitionsCase, TransitionsNote

    def fire(self, thing: Any, trigger: str, by: str) -> bool:
        try:
            return bool(getattr(thing, trigger)(by=by))
        except (AttributeError, transitions.MachineError):
            return False


class OnStatemachine(ByHand):
    counts = Counts()
    case_of, note_of = StatemachineCase, StatemachineNote

    def fire(self, thing: Any, trigger: str, by: str) -> bool:
        try:
            thing.send(trigger, by=by)
        except TransitionNotAllowed:
            return False
        return True


class Nothing(RuleBasedStateMachine):
    """Draws, and does nothing."""

    counts = Counts()

    @rule(trigger=triggers, by=actors)
    def act(self, trigger: str, by: str) -> None: ...

    @rule()
    def add(self) -> None: ...

    @rule(place=places, by=actors)
    def read(self, place: int, by: str) -> None: ...

    @invariant()
    def holds(self) -> None:
        self.counts.rules += 1


def ours(procedure: Any) -> type[Any]:
    """The machine of a procedure, counting."""
    made: Any = procedure_machine(procedure)

    class Counting(made):  # type: ignore[misc]
        counts = Counts()

        @invariant()
        def count(self) -> None:
            self.counts.rules += 1

        def teardown(self) -> None:
            self.counts.acts += sum(step.by is not None for step in self.run.steps)
            self.counts.done += self.run.done
            super().teardown()

    return Counting


# Measuring


@attrs.define
class Measured:
    """A machine, and what its rounds took."""

    name: str
    machine: Any
    wall: list[float] = attrs.field(factory=list)
    cpu: list[float] = attrs.field(factory=list)
    rules: list[float] = attrs.field(factory=list)
    acts: list[float] = attrs.field(factory=list)

    def turn(self, runs: int, drawn: int) -> None:
        """One round: so many runs, drawn from a seed of its own."""
        counts: Counts = self.machine.counts
        before = counts.rules, counts.acts
        budget = settings(
            max_examples=runs,
            stateful_step_count=RULES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        wall, cpu = time.perf_counter(), time.process_time()
        run_state_machine_as_test(seed(drawn)(self.machine), settings=budget)
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)
        self.rules.append((counts.rules - before[0]) / self.cpu[-1])
        self.acts.append((counts.acts - before[1]) / self.cpu[-1])


def main(rounds: int) -> None:
    small = loads(SMALL.encode())
    machines = {
        "hypothesis": Nothing,
        "transitions, small": OnTransitions,
        "python-statemachine, small": OnStatemachine,
        "stabflow, small": ours(small),
        "stabflow, five-step": ours("five-step"),
    }
    measured = [Measured(name, machine) for name, machine in machines.items()]
    for turn in range(rounds):
        for one in measured:
            one.turn(RUNS // rounds, turn)
    floor = measured[1]
    print(f"{'':<28}{'rules/s':>9}{'×':>7}{'acts/s':>9}{'×':>7}{'acts':>8}{'done':>8}{'wall s':>8}{'cpu s':>8}")
    for one in measured:
        cells = [f"{one.name:<28}"]
        for mine, theirs in ((one.rules, floor.rules), (one.acts, floor.acts)):
            ratio = statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
            cells.append(f"{statistics.median(mine):>9,.0f}{ratio:>7.2f}")
        counts = one.machine.counts
        if not counts.acts:
            cells[-1] = " " * 16
        cells.append(f"{counts.acts:>8,}{counts.done:>8,}{sum(one.wall):>8.2f}{sum(one.cpu):>8.2f}")
        print("".join(cells))
    print(
        f"{rounds} rounds of {RUNS // rounds} runs of {RULES} rules, interleaved; × transitions of the same round; acts, done, "
        "wall and cpu of all rounds"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
