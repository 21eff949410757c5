"""One accountable step on the store in memory, and what each part of it takes, beside two machines that only move.

    python benchmarks/memory_step.py [ROUNDS]

*dict* is a hand-written table of rows, *transitions* a machine with a model, as its README teaches it: they move, and know of no
actor, role, basis, requirement, record or index. *step* is the whole act through the handle; *decide*, *evolve*, *record* (encode
and chain), *batch* (what the index and the store get) and *append* are its parts, each on the same case. The steps are those of a
small procedure that goes to and fro, and of the five-step one, where a consultation is ended that has been added before; the case
has few items or fifty more. Rounds are interleaved; medians, and ratios to *transitions* in the same round. It asserts nothing
on time.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import attrs
from durable_step import ASSESSOR, CHIEF, case_on
from transitions import Machine

import stabflow
from stabflow import Basis, CaseHandle, Engine, Matter
from stabflow.decision.commands import Command, Fire
from stabflow.decision.decider import decide
from stabflow.decision.evolution import evolve
from stabflow.decision.view import Context
from stabflow.engine import streams
from stabflow.history.commit import batch, head, seal
from stabflow.history.record import Circumstances
from stabflow.language import Procedure, loads
from stabflow.stores.memory import MemoryStore

STEPS = 40
"""Steps in a row within one round; the step counted is the middle one of them."""

SMALL = """
[procedure]
format = 1
id = "to-and-fro"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "To and fro", zh = "往返" }
source = "benchmarks"

[clauses]
"1" = {}

[roles]
chair = { title = { en = "chair", zh = "主席" }, clause = "1" }

[facts]
count = { type = "int", title = { en = "count", zh = "计数" }, clause = "1" }

[states.here]
title = { en = "here", zh = "此" }
accountable = "chair"
within = "10 days"
clause = "1"

[states.there]
title = { en = "there", zh = "彼" }
accountable = "chair"
open_ended = true
clause = "1"

[states.over]
title = { en = "over", zh = "终" }
final = true
clause = "1"

[[transitions]]
trigger = "open"
dest = "here"
by = ["chair"]
set = ["count"]
clause = "1"

[[transitions]]
trigger = "go"
source = "here"
dest = "there"
by = ["chair"]
requires = [{ value = "count", at_least = 1 }, { items = "note", every = ["open", "read"] }]
clause = "1"

[[transitions]]
trigger = "return"
source = "there"
dest = "here"
by = ["chair"]
clause = "1"

[[transitions]]
trigger = "end"
source = "there"
dest = "over"
by = ["chair"]
requires = [{ items = "note", every = ["read"] }]
clause = "1"

[items.note]
title = { en = "note", zh = "记录" }
clause = "1"
fields.words = { type = "text", max_length = 500, title = { en = "words", zh = "内容" }, clause = "1" }
states.open = { accountable = "chair", within = "5 days", title = { en = "open", zh = "待办" }, clause = "1" }
states.read = { final = true, title = { en = "read", zh = "已阅" }, clause = "1" }
transitions = [
  { trigger = "add", dest = "open", by = ["chair"], set = ["words"], clause = "1" },
  { trigger = "read", source = "open", dest = "read", by = ["chair"], clause = "1" },
]
"""

Step = Callable[[], object]
BASIS = Basis("minutes 2026-31")
ROWS = {("here", "go"): "there", ("there", "return"): "here"}


def by_dict() -> Iterator[Step]:
    """A table of rows and the state: the least that moves."""
    state = "here"
    for trigger in itertools.cycle(("go", "return")):

        def step(trigger: str = trigger) -> None:
            nonlocal state
            state = ROWS[state, trigger]

        yield step


def by_transitions() -> Iterator[Step]:
    """The same rows with `transitions`."""

    class Model:
        pass

    model = Model()
    rows = [{"trigger": name, "source": source, "dest": dest} for (source, name), dest in ROWS.items()]
    Machine(model=model, states=["here", "there"], transitions=rows, initial="here", auto_transitions=False)
    for trigger in itertools.cycle(("go", "return")):
        yield getattr(model, trigger)


def small(items: int) -> tuple[Engine, CaseHandle]:
    """A case of the small procedure with so many notes."""
    engine = stabflow.open("memory:", clock=lambda: datetime.now(UTC), procedures=[loads(SMALL.encode())])
    engine.constitute("to-and-fro", "chair", CHIEF, basis="order 1")
    case = engine.open_case("to-and-fro", Matter("m", "M"), by=CHIEF, basis=BASIS, count=3, unproved="allow")
    for _ in range(items):
        case.add("note", by=CHIEF, basis=BASIS, words="w")
    return engine, case


def five_step(items: int) -> tuple[Engine, CaseHandle]:
    """A case under investigation, with so many consultations."""
    engine, case = case_on("memory:")
    for _ in range(items):
        case.add("consultation", by=ASSESSOR, basis=BASIS, method="symposium", invited=500)
    return engine, case


def moving(case: CaseHandle) -> Iterator[Step]:
    """Steps of the small procedure."""
    for trigger in itertools.cycle(("go", "return")):
        yield lambda trigger=trigger: case.fire(trigger, by=CHIEF, basis=BASIS)


def ending(case: CaseHandle) -> Iterator[Step]:
    """Steps of the five-step procedure; what is ended is added before, and that is not counted."""
    while True:
        item = case.add("consultation", by=ASSESSOR, basis=BASIS, method="symposium", invited=500)
        yield lambda item=item: case.fire("end", item=item, by=ASSESSOR, basis=BASIS, **_COUNTS)


_COUNTS = {"responded": 412, "support": 301, "oppose": 64, "other": 47}


@attrs.frozen
class Parts:
    """The parts of a step on a case, as the engine puts them together."""

    procedure: Procedure
    case: stabflow.Case
    command: Command
    context: Context
    store: MemoryStore
    heads: tuple[object, ...]

    @classmethod
    def of(cls, engine: Engine, case: CaseHandle, command: Command) -> Parts:
        """The next step of ``case``."""
        shell = engine._shell
        procedure, value, offices = shell.standing(case.id)
        context = shell.context(procedure, value.updated_at, offices, ())
        store = MemoryStore()
        for stream in (streams.OFFICES, streams.case_stream(case.id)):
            streams.copy(stream, shell.store, store)
        here = head(streams.case_stream(case.id), value.version, value.head)
        return cls(procedure, value, command, context, store, (here, offices.at))

    def each(self) -> dict[str, Step]:
        """Every part as a step that can be taken again and again; `append` alone changes something."""
        case, command, context = self.case, self.command, self.context
        decided = decide(self.procedure, case, command, context)

        def record() -> stabflow.Record:
            said = Circumstances(
                actor=command.actor,
                role=decided.role,
                basis=command.basis,
                mandate=decided.mandate,
                occurred_at=context.now,
                recorded_at=context.now,
                procedure=self.procedure.digest,
            )
            return seal(streams.case_stream(case.id), case.version + 1, case.head, decided.event, said)

        done = record()
        after = evolve(case, done.event, done.stamp)

        def written() -> object:
            return batch(
                [done],
                expected_version=case.version,
                procedure=self.procedure,
                before=case,
                after=after,
                relies_on=self.heads,  # type: ignore[arg-type]
            )

        whole = written()
        held = [self.store._records[streams.case_stream(case.id)], self.store._feed]

        def append() -> None:
            self.store.append(whole)  # type: ignore[arg-type]
            for records in held:
                records.pop()

        return {
            "decide": lambda: decide(self.procedure, case, command, context),
            "evolve": lambda: evolve(case, done.event, done.stamp),
            "record": record,
            "batch": written,
            "append": append,
        }


def timed(steps: Iterator[Step]) -> float:
    """Seconds that one of the next steps takes, whatever else the machine does in between."""
    found = []
    for step in itertools.islice(steps, STEPS):
        began = time.perf_counter()
        step()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def ways() -> Iterator[tuple[str, str, Callable[[], Iterator[Step]]]]:
    """What is measured: the group, the name, and what makes its steps anew for every round."""
    yield "floor", "dict", by_dict
    yield "floor", "transitions", by_transitions
    for name, made, steps in (("small", small, moving), ("five-step", five_step, ending)):
        for items in (3, 50):
            engine, case = made(items)
            if made is small:
                command = Fire(actor=CHIEF, basis=BASIS, trigger="go")
            else:
                command = Fire(actor=ASSESSOR, basis=BASIS, trigger="end", item="consultation-2", values=_COUNTS)
            parts = Parts.of(engine, case, command)
            group = f"{name}, {items} items"
            for part, step in parts.each().items():
                yield group, part, lambda step=step: itertools.repeat(step)
            yield group, "step", lambda made=made, steps=steps, items=items: steps(made(items)[1])


def main(rounds: int) -> None:
    measured = list(ways())
    times: dict[tuple[str, str], list[float]] = {(group, name): [] for group, name, _ in measured}
    for turn in range(rounds + 1):
        for group, name, make in measured:
            found = timed(make())
            if turn:  # the first round warms up
                times[group, name].append(found)
    floor = times["floor", "transitions"]
    print(f"{'':<22}{'':<14}{'µs':>8}{'× transitions':>15}")
    for (group, name), found in times.items():
        ratio = statistics.median(one / other for one, other in zip(found, floor, strict=True))
        print(f"{group:<22}{name:<14}{statistics.median(found) * 1e6:>8.1f}{ratio:>15.2f}")
    print(f"{rounds} rounds of {STEPS} steps, interleaved")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
