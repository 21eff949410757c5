"""One process of the application, which knows of the cluster nothing but its URL, and lives through whatever befalls it.

What it was answered it writes to a journal, a line of JSON each: whatever stands there was acknowledged. Time passes ten minutes
a second, so that an errand lapses within six.

    python -m examples.cluster.application PART NAME URL JOURNAL BEGAN

PART is `worker`, `ticker`, `follower`, `sender` or `courier`; BEGAN is when the run began, in seconds since 1970.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import stabflow
from stabflow import Actor, CaseHandle, Engine, Matter
from stabflow.engine.acts import Acts
from stabflow.errors import ClockInDoubt, CommitUnknown, FeedReset, LeaseLost, StoreUnavailable, VersionConflict
from stabflow.plugins import equip
from stabflow.ports.store import AppendBatch, NewNotice, Store

T = TypeVar("T")

PROCEDURE = Path(__file__).with_name("errand.toml")
HEAD, RUNNER = Actor("head-1", body="office"), Actor("runner-1", body="office")
ORDER = "standing order 1"
SPEED = 600.0
ERRANDS_PER_CASE = 40
LEFT_UNDONE = 10
"""One errand in so many lapses."""
PAUSE, RETRY_PAUSE = 0.02, 0.2
LEASE = 5.0
NOTICES = "notices"

stopping = threading.Event()


class Stopped(Exception):
    """The process was told to stop before it had an answer."""


class Clock:
    """The time of the run, the same in every process of it."""

    def __init__(self, began: float) -> None:
        self._began = began

    def __call__(self) -> datetime:
        return datetime(2026, 1, 5, tzinfo=UTC) + timedelta(seconds=(time.time() - self._began) * SPEED)


class Journal:
    """What this process was answered, and when."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)

    def write(self, what: str, **facts: object) -> None:
        self._file.write(json.dumps({"at": time.time(), "what": what, **facts}) + "\n")

    def until_answered(self, ask: Callable[[], T]) -> tuple[T, int]:
        """The answer to ``ask``, asked again as long as the store is away or its outcome unknown; and the number of times."""
        for times in range(1, sys.maxsize):
            try:
                return ask(), times
            except (StoreUnavailable, CommitUnknown, VersionConflict) as error:
                self.write("trouble", error=type(error).__name__, said=str(error))
            if stopping.wait(RETRY_PAUSE):
                raise Stopped
        raise AssertionError("it is asked for ever")


def work(name: str, engine: Engine, journal: Journal, clock: Clock) -> None:
    """Open case after case, and in each send somebody on errands; most are done."""
    done = 0
    prefix = f"{name}-{os.getpid()}"
    while not stopping.is_set():
        case_id = f"{prefix}-{done}"
        case, _ = journal.until_answered(functools.partial(opened, engine, case_id))
        act(case, journal, clock, f"{case_id}-appoint", HEAD, lambda acting: acting.appoint("runner", RUNNER))
        for n in range(1, ERRANDS_PER_CASE + 1):
            act(case, journal, clock, f"{case_id}-add-{n}", HEAD, lambda acting: acting.add("errand", words="a letter"))
            done += 1
            if n % LEFT_UNDONE:
                do = functools.partial(run_errand, f"errand-{n}")
                act(case, journal, clock, f"{case_id}-do-{n}", RUNNER, do)


def run_errand(item: str, acting: Acts) -> None:
    """Do what was to be done."""
    acting.fire("do", item=item)


def opened(engine: Engine, case_id: str) -> CaseHandle:
    """The case of that id, opened if it is not there."""
    matter = Matter(case_id, "Errands")
    return engine.open_case("errand", matter, by=HEAD, basis=ORDER, case_id=case_id, key=f"{case_id}-open")


def act(
    case: CaseHandle,
    journal: Journal,
    clock: Clock,
    key: str,
    by: Actor,
    what: Callable[[Acts], object],
) -> None:
    """Do something in a case under ``key``, and note what was acknowledged."""
    asked: list[datetime] = []

    def ask() -> stabflow.Record:
        asked.append(clock())
        with case.acting(by, basis=ORDER, key=key) as acting:
            what(acting)
        return acting.records[0]

    record, times = journal.until_answered(ask)
    found = times > 1 and record.recorded_at < asked[-1]  # an earlier try had been stored
    journal.write("acknowledged", stream=record.stream, version=record.version, hash=record.hash, key=key, found=found)
    if stopping.wait(PAUSE):
        raise Stopped


def tick(engine: Engine, journal: Journal, clock: Clock) -> None:
    """Let time pass, again and again."""

    def once() -> int:
        try:
            done = engine.tick()
        except ClockInDoubt:
            done = engine.tick(through=clock(), basis="the clock of the run, which stood still between two runs")
        for case, error in done.failures:
            journal.write("failed", case=case, error=repr(error))
        return len(done.breaches)

    while not stopping.wait(0.5):
        found, _ = journal.until_answered(once)
        journal.write("ticked", breaches=found)


def follow(engine: Engine, journal: Journal) -> None:
    """Follow the feed from its beginning, and again from there when it has another past than was seen."""
    cursor: str | None = None
    while not stopping.wait(PAUSE * 5):
        try:
            page, _ = journal.until_answered(functools.partial(engine.feed, after=cursor))
        except FeedReset:
            journal.write("feed reset")
            cursor = None
            continue
        cursor = page.cursor
        if page.records:
            journal.write("followed", records=[[one.stream, one.version, one.hash] for one in page.records])


def send(name: str, store: Store, journal: Journal) -> None:
    """Put notices into the outbox, in two lanes."""
    for n in range(sys.maxsize):
        key = f"{name}-{os.getpid()}-{n}"
        notice = NewNotice(f"{name}-{n % 2}", key.encode())
        batch = AppendBatch(f"{NOTICES}/{name}", 0, (), outbox=(notice,), key=key, digest="notice")
        result, _ = journal.until_answered(functools.partial(store.append, batch))
        journal.write("sent", notice=key, found=result.replayed)
        if stopping.wait(PAUSE * 5):
            raise Stopped


def deliver(name: str, store: Store, journal: Journal) -> None:
    """Take notices out of the outbox."""
    while not stopping.wait(PAUSE):
        claims, _ = journal.until_answered(lambda: store.claim(name, limit=10, lease_for=LEASE))
        for claim in claims:
            journal.write("delivered", notice=claim.payload.decode(), token=claim.token, attempts=claim.attempts)
            try:
                journal.until_answered(functools.partial(store.ack, claim))
            except LeaseLost:
                journal.write("lease lost", notice=claim.payload.decode(), token=claim.token)
            else:
                journal.write("settled", notice=claim.payload.decode(), token=claim.token)


def main(part: str, name: str, url: str, journal_path: str, began: str) -> None:
    """Be one part of the application until told to stop."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    journal, clock = Journal(Path(journal_path)), Clock(float(began))
    try:
        if part in ("sender", "courier"):
            store, _ = journal.until_answered(lambda: equip(url=url).open_store(url))
            journal.write("began", part=part)
            send(name, store, journal) if part == "sender" else deliver(name, store, journal)
            store.close()
            return
        engine, _ = journal.until_answered(lambda: stabflow.open(url, clock=clock, procedures=[PROCEDURE]))
        with engine:
            journal.write("began", part=part)
            if part == "ticker":
                tick(engine, journal, clock)
            elif part == "follower":
                follow(engine, journal)
            else:
                constitute(engine, journal)
                work(name, engine, journal, clock)
    except Stopped:
        pass


def constitute(engine: Engine, journal: Journal) -> None:
    """See that the office of head is filled; workers that begin at once do it under one key."""
    if not journal.until_answered(lambda: engine.offices("errand"))[0]:
        journal.until_answered(lambda: engine.constitute("errand", "head", HEAD, basis=ORDER, key="head"))


if __name__ == "__main__":
    main(*sys.argv[1:])
