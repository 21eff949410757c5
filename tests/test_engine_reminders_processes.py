"""Many machines tick at once on one store and are killed: everything that one machine tells is told, each notice once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import lapsing
import pytest
from conftest import SHORT
from crash import ticking
from lapsing import INSPECTOR, Hand
from notified import NOTIFIED, waiting

import stabflow
from stabflow import Engine

CASES = 5
DAYS = 4 if SHORT else 12


def prepared(where: str) -> Hand:
    clock = Hand()
    with lapsing.opened(clock, where, NOTIFIED) as engine:
        engine.tick()
        for number in range(CASES):
            case = lapsing.a_case(engine, f"plant-{number:02}", helped=False)
            case.add("hazard", by=INSPECTOR, basis="seen")
    return clock


def told(engine: Engine) -> Counter[tuple[str, ...]]:
    """What is in the outbox; which number an item bears is no matter, where several come about at once."""
    notices = waiting(engine)
    assert len({one.id for one in notices}) == len(notices)
    return Counter(
        (
            one.name,
            one.case,
            one.about.partition("-")[0],
            one.role,
            one.body,
            one.facts.get("due", "")[:10],
            one.facts.get("lead", ""),
        )
        for one in notices
    )


def alone(where: str) -> Counter[tuple[str, ...]]:
    clock = prepared(where)
    for _ in range(DAYS):
        clock.pass_(days=1)
        ticking.tick(where, clock.now, notified=True)
    with stabflow.open(where, clock=clock, procedures=[lapsing.known(NOTIFIED)]) as engine:
        return told(engine)


@pytest.mark.slow
def test_four_ticking_processes_that_are_killed_tell_what_one_tells(tmp_path: Path) -> None:
    where = ticking.url(tmp_path / "store.db")
    clock, kills, killed = prepared(where), random.Random(7), 0
    for _ in range(DAYS):
        clock.pass_(days=1)
        children = [ticking.start(where, clock.now, notified=True) for _ in range(4)]
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
    assert killed
    with stabflow.open(where, clock=clock, procedures=[lapsing.known(NOTIFIED)]) as engine:
        found = told(engine)
        engine.verify()
    expected = alone(ticking.url(tmp_path / "alone.db"))
    assert {name for name, *_ in expected} >= {"soon", "late", "gone_up", "raised"}
    assert found == expected
