"""Many machines tick at once on one store and are killed: each breach is found once, each thing created once, nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import lapsing
import pytest
from crash import ticking
from lapsing import HEAD, INSPECTOR, Hand

import stabflow
from stabflow import CaseHandle, Engine
from stabflow.decision.events import Added, BreachFound

CASES = 6
DAYS = 16

Found = Counter[tuple[str, str, int, str]]
"""Of a case: what was not done, at which level, on which day its limit passed."""

BY_HAND: Found = Counter(
    {
        # Two working days from Monday, then the head's three days, then the board's five working days.
        ("hazard-1", 0, "01-07"): 1,
        ("hazard-1", 1, "01-11"): 1,
        ("hazard-1", 2, "01-19"): 1,
        # Two working days for the office, then the board's five working days; the board is the top.
        ("vacancy:helper", 0, "01-07"): 1,
        ("vacancy:helper", 1, "01-15"): 1,
        # Ten working days for the case.
        ("case", 0, "01-19"): 1,
        # Rounds of the two weekends, 48 hours each; the head answers for the first within three days.
        ("round-1", 0, "01-11"): 1,
        ("round-1", 1, "01-15"): 1,
        ("round-2", 0, "01-18"): 1,
        # Each breach opens a finding, but those of findings: two of the 7th (1 and 2), the first round (3), the second, the case.
        # Five days for a reply, from the tick that opened it at 9 o'clock of the next day.
        ("finding-1", 0, "01-13"): 1,
        ("finding-2", 0, "01-13"): 1,
        ("finding-3", 0, "01-17"): 1,
        # The head answers for the inspector's; the board has until the 21st to answer for the head's own.
        ("inspector's finding", 1, "01-17"): 1,
    }
)  # type: ignore[arg-type]


def prepared(where: str) -> Hand:
    clock = Hand()
    with lapsing.opened(clock, where) as engine:
        engine.tick()
        for number in range(CASES):
            case = lapsing.a_case(engine, f"plant-{number:02}", helped=False)
            case.add("hazard", by=INSPECTOR, basis="seen")
    return clock


def breaches(case: CaseHandle) -> Counter[tuple[str, int, str]]:
    """The breaches of a case, those of the two findings of the 7th told by whose they are, not by their order."""
    whose = {one.id: one.fields.get("concerned") for one in case.value.of_kind("finding")}
    found: Counter[tuple[str, int, str]] = Counter()
    for record in case.history():
        event = record.event
        if isinstance(event, BreachFound):
            assert event.doubts == ()
            name = event.duty
            if event.level and name.startswith("finding"):
                name = f"{'inspector' if whose[name] == INSPECTOR.id else 'head'}'s finding"
            found[name, event.level, f"{event.due.at:%m-%d}"] += 1
    return found


def check(engine: Engine) -> None:
    for number in range(CASES):
        case = engine.case(f"inspection-plant-{number:02}-1")
        assert breaches(case) == BY_HAND
        added = [record.event for record in case.history() if isinstance(record.event, Added)]
        kinds = Counter(event.kind for event in added)
        assert kinds == {"hazard": 1, "round": 2, "finding": 5}
        keys = Counter(record.key for record in case.history() if record.tag == "breach.found")
        assert max(keys.values()) == 1
        assert whose(case) == {INSPECTOR.id: 4, HEAD.id: 1}
    engine.verify()


def whose(case: CaseHandle) -> Counter[str]:
    return Counter(str(one.fields.get("concerned", "")) for one in case.value.of_kind("finding"))


def a_day(where: str, clock: Hand, processes: int, kills: random.Random) -> int:
    """One day's ticking by so many processes at once, killed at any time; the one that is left ends the day's work."""
    clock.pass_(days=1)
    children = [ticking.start(where, clock.now) for _ in range(processes)]
    killed = 0
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children[1:]:
        time.sleep(kills.random() * 0.03)  # no wait for a result: any moment will do to be killed in
        os.kill(child.pid, signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
        assert child.stdout is not None
        child.stdout.close()
    said, _ = children[0].communicate(timeout=120)
    assert children[0].returncode == 0, said
    return killed


def run(where: str, processes: int, every: int = 1) -> None:
    """Let ``processes`` tick on each day, or on ``every`` so many; on the others this one does."""
    clock, kills, killed = prepared(where), random.Random(7), 0
    for day in range(DAYS):
        if day % every:
            clock.pass_(days=1)
            ticking.tick(where, clock.now)
        else:
            killed += a_day(where, clock, processes, kills)
    assert killed
    with stabflow.open(where, clock=clock, procedures=[lapsing.known()]) as engine:
        assert engine.tick().breaches == ()
        check(engine)


@pytest.mark.slow
def test_eight_ticking_processes_that_are_killed(tmp_path: Path) -> None:
    run(ticking.url(tmp_path / "store.db"), 8)


def test_one_process_finds_what_the_calendar_made_by_hand_has(tmp_path: Path) -> None:
    where = ticking.url(tmp_path / "store.db")
    clock = prepared(where)
    for _ in range(DAYS):
        clock.now += timedelta(days=1)
        ticking.tick(where, clock.now)
    with stabflow.open(where, clock=clock, procedures=[lapsing.known()]) as engine:
        check(engine)
