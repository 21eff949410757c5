"""Notices through the outbox: how many a second one and four workers deliver, and what an act takes that sends three.

    python benchmarks/outbox.py [ROUNDS] [--memory]

A worker is a process. *claim, ack*: the raw floor, `Store.claim` and `Store.ack` of as many notices in as many lanes. *same
calls*: what the store must do for a notice that is delivered: claim it, put a message into the outbox under a key, acknowledge,
claim the message, append a record of what became of it under a key, acknowledge; no two of the batches in one stream.
*deliver*: `Engine.deliver`, which also finds out who holds the role and which way leads there, by a notifier that takes
everything at once. A lane is a case and a recipient: of each only the first may be claimed, so that there are never more under
way than lanes.

*act*: an act by the handle of a case, with no notice or with three, each for another role; *append*: a batch of the same size
by the store alone. Rounds are interleaved; medians, and ratios within the round. The SQLite file is in the temporary folder, with
``synchronous=FULL``; the PostgreSQL server is one of its own that writes to the disk. With ``--memory`` both are on a disk in
memory, which shows the work but not the waiting. It asserts nothing on time.
"""

from __future__ import annotations

import itertools
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

import attrs
from durable_step import CHIEF
from memory_step import BASIS, SMALL
from postgres import SETTINGS
from stabflow_postgres.servers import MEMORY, EmbeddedServer
from store import batch as batch_of

import stabflow
from stabflow import Actor, CaseHandle, Engine, Matter, Plugin, hookimpl
from stabflow.language import loads
from stabflow.ports.hooks import NotifierScheme
from stabflow.ports.notifier import Delivered, Message, Notifier, Result
from stabflow.ports.store import AppendBatch, Claim, NewNotice, NewRecord, Store

CASES, ACTS = 40, 2
ROLES = ("chair", "clerk", "board")
NOTICES = CASES * ACTS * len(ROLES)
"""So many are delivered in a round, in a lane for each case and role."""
CLAIMED = 64
LEASE = 300.0
STEPS = 30
PAUSE = 0.01
WORKERS = (1, 4)

PLAIN = SMALL.replace(
    "[facts]",
    """
[roles.clerk]
title = { en = "clerk", zh = "书记员" }
clause = "1"

[roles.board]
title = { en = "board", zh = "委员会" }
clause = "1"

[facts]""",
)
TELLING = (
    PLAIN.replace('"to-and-fro"', '"to-and-fro-told"')
    + """
[[notices]]
name = "moved"
on = "fired"
triggers = ["go", "return"]
to = ["chair", "clerk", "board"]
subject = { en = "{matter_title}: {trigger}", zh = "{matter_title}：{trigger}" }
text = { en = "{case} stands in {state} ({procedure}).", zh = "{procedure}的{case}现处于{state}。" }
"""
)
DIRECTORY = """
format = 1

[channels.null]
url = "null:"

[bodies."*"]
channels = ["null"]
language = "en"
null = "anybody"
"""
PAYLOAD = b'{"text":"' + b"p" * 700 + b'"}'
"""As long as that of a notice of the procedure."""


class Taking(Notifier):
    """Takes every message at once."""

    contract = 1

    def check_address(self, address: str) -> None:
        pass

    def send(self, message: Message, *, within: float) -> Result:
        return Delivered()


class Null(Plugin):
    contract = 1

    @hookimpl
    def stabflow_notifiers(self) -> Iterable[NotifierScheme]:
        return (NotifierScheme("null", lambda url, secrets: Taking()),)


def engine_at(url: str, folder: str) -> Engine:
    """An engine that delivers by a channel that takes everything."""
    directory = Path(folder, "directory.toml")
    directory.write_text(DIRECTORY, encoding="utf-8")
    procedures = [loads(PLAIN.encode()), loads(TELLING.encode())]
    return stabflow.open(url, procedures=procedures, plugins=[Null()], directory=directory)


def cases_at(engine: Engine, name: str, count: int) -> list[CaseHandle]:
    """So many cases of the procedure, each role of which is held by somebody."""
    if not engine.offices(name):
        for role in ROLES:
            engine.constitute(name, role, CHIEF if role == "chair" else Actor(role, body=role), basis="order 1")
    return [
        engine.open_case(name, Matter(f"m-{number}", "M"), by=CHIEF, basis=BASIS, count=3, unproved="allow")
        for number in range(count)
    ]


# Delivering


def claimed(store: Store) -> Iterator[Claim]:
    """Every notice that can be claimed, until there is none left."""
    while True:
        claims = store.claim("bench", limit=CLAIMED, lease_for=LEASE)
        yield from claims
        if not claims:
            if not store.waiting(limit=1):
                return
            time.sleep(PAUSE)


def claim_and_ack(engine: Engine) -> int:
    store, done = engine._shell.store, 0
    for claim in claimed(store):
        store.ack(claim)
        done += 1
    return done


def same_calls(engine: Engine) -> int:
    store, done = engine._shell.store, 0
    for claim in claimed(store):
        key = f"{claim.lane} {claim.notice}"
        if claim.payload.startswith(b"message"):
            stream = f"notices/{key}"
            record = NewRecord("notice.delivered", PAYLOAD[:400], PAYLOAD[:300], b"h" * 32)
            store.append(AppendBatch(stream, 0, (record,), key=key, digest="d" * 64))
            done += 1
        else:
            message = NewNotice(f"{claim.lane} message", b"message" + PAYLOAD)
            store.append(AppendBatch(f"outbox/{key}", 0, (), outbox=(message,), key=key, digest=key))
        store.ack(claim)
    return done


def deliver(engine: Engine) -> int:
    done = 0
    while True:
        done += engine.deliver().delivered
        if not engine._shell.store.waiting(limit=1):
            return done
        time.sleep(PAUSE)


WAYS = {"claim, ack": claim_and_ack, "same calls": same_calls, "deliver": deliver}


@attrs.frozen
class Task:
    url: str
    folder: str
    way: str


class Workers:
    """Processes that empty an outbox together. They are forked: make them before anything is opened."""

    def __init__(self, count: int) -> None:
        forking = multiprocessing.get_context("fork")
        self._links: list[Connection] = []
        self._processes = []
        for _ in range(count):
            here, there = forking.Pipe()
            process = forking.Process(target=work, args=(there, [*self._links, here]), daemon=True)
            process.start()
            there.close()
            self._links.append(here)
            self._processes.append(process)

    def empty(self, task: Task, count: int) -> float:
        """Seconds until ``count`` of them have delivered everything."""
        links = self._links[:count]
        for link in links:
            link.send(attrs.astuple(task))
        for link in links:
            assert link.recv() == "ready"
        began = time.perf_counter()
        for link in links:
            link.send("go")
        done = sum(link.recv() for link in links)
        assert done == NOTICES, f"{done} of {NOTICES} notices were delivered"
        return time.perf_counter() - began

    def close(self) -> None:
        for link in self._links:
            link.close()
        for process in self._processes:
            process.join(30)


def work(link: Connection, others: list[Connection]) -> None:
    """What a worker does until nothing more comes; what it uses is opened once."""
    for other in others:
        other.close()
    engines: dict[str, Engine] = {}
    while True:
        try:
            task = Task(*link.recv())
        except EOFError:
            return
        if task.url not in engines:
            engines[task.url] = engine_at(task.url, task.folder)
        link.send("ready")
        link.recv()
        link.send(WAYS[task.way](engines[task.url]))


class Bench:
    """One store: what fills its outbox, and who empties it."""

    def __init__(self, url: str, folder: str, workers: Workers) -> None:
        self.url, self._folder, self._workers = url, folder, workers
        self.engine = engine_at(url, folder)
        self._cases = cases_at(self.engine, "to-and-fro-told", CASES)
        self._turns = itertools.count()

    def fill(self, way: str) -> None:
        if way == "deliver":
            for trigger in ("go", "return"):
                for case in self._cases:
                    case.fire(trigger, by=CHIEF, basis=BASIS)
            return
        store, turn = self.engine._shell.store, next(self._turns)
        for n, case, role in itertools.product(range(ACTS), range(CASES), ROLES):
            notice = NewNotice(f"{case} {role}", PAYLOAD)
            key = f"{turn} {n} {case} {role}"
            store.append(AppendBatch(f"outbox/{key}", 0, (), outbox=(notice,), key=key, digest="d" * 64))

    def seconds(self, way: str, workers: int) -> float:
        self.fill(way)
        return self._workers.empty(Task(self.url, self._folder, way), workers)


# Acting


def firing(engine: Engine, name: str) -> Callable[[], object]:
    (case,) = cases_at(engine, name, 1)
    triggers = itertools.cycle(("go", "return"))
    return lambda: case.fire(next(triggers), by=CHIEF, basis=BASIS)


def appending(store: Store, name: str, notices: int) -> Callable[[], object]:
    versions = itertools.count()

    def append() -> None:
        new = batch_of(name, next(versions))
        outbox = tuple(NewNotice(f"{name} {n}", PAYLOAD) for n in range(notices))
        store.append(attrs.evolve(new, outbox=outbox))

    return append


def timed(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
    return (time.perf_counter() - began) / STEPS


def acting(url: str, folder: str, rounds: int) -> dict[str, list[float]]:
    engine = engine_at(url, folder)
    store = engine._shell.store
    ways = {
        "append": appending(store, "quiet", 0),
        "append, three notices": appending(store, "telling", 3),
        "act": firing(engine, "to-and-fro"),
        "act, three notices": firing(engine, "to-and-fro-told"),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways)
    for turn in range(rounds + 1):
        for name in order:
            spent = timed(ways[name])
            if turn:  # the first round warms up
                times[name].append(spent)
        order = order[1:] + order[:1]
    engine.close()
    return times


def ratio(times: list[float], floor: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(times, floor, strict=True))


def main(rounds: int, in_memory: bool) -> None:
    workers = Workers(max(WORKERS))
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY if in_memory else None))
        server = stack.enter_context(EmbeddedServer(SETTINGS, in_memory=in_memory))
        urls = {
            "SQLite": lambda name: f"sqlite:///{folder}/{name}.db",
            "PostgreSQL": lambda name: server.url(schema=name, host="127.0.0.1"),
        }
        benches = {store: Bench(url("delivered"), folder, workers) for store, url in urls.items()}
        keys = list(itertools.product(urls, WORKERS, WAYS))
        times: dict[tuple[str, int, str], list[float]] = {key: [] for key in keys}
        for turn in range(rounds + 1):
            for store, many, way in keys:
                spent = benches[store].seconds(way, many)
                if turn:
                    times[store, many, way].append(spent)
        for bench in benches.values():
            bench.engine.close()
        workers.close()
        print(f"{'':<46}{'notices/s':>11}{'× claim, ack':>14}{'× same calls':>14}")
        for (store, many, way), found in times.items():
            against = "".join(f"{ratio(found, times[store, many, floor]):>14.2f}" for floor in list(WAYS)[:2])
            label = f"{store}, {many} worker{'s' if many > 1 else ''}: {way}"
            print(f"{label:<46}{NOTICES / statistics.median(found):>11.0f}{against}")
        print(f"\n{'':<46}{'µs each':>11}{'more for three':>16}")
        for store, url in {"memory": lambda name: "memory:", **urls}.items():
            acts = acting(url("acted"), folder, rounds * 3)
            for name, found in acts.items():
                quiet = acts[name.partition(",")[0]]
                more = statistics.median(one - other for one, other in zip(found, quiet, strict=True)) * 1e6
                said = f"{more:>16.0f}" if found is not quiet else ""
                print(f"{f'{store}: {name}':<46}{statistics.median(found) * 1e6:>11.0f}{said}")
    print(f"{rounds} rounds of {NOTICES} notices, three times as many of {STEPS} acts, interleaved")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    main(numbers[0] if numbers else 3, "--memory" in sys.argv)
