"""What the calendar calls for does not hang on when the tick came, nor on what else was there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import lapsing
import pytest
from lapsing import BOARD, HEAD, INSPECTION, INSPECTOR, Hand

import stabflow
from stabflow import CaseHandle, Engine, Matter
from stabflow.decision.events import Added, BreachFound
from stabflow.language import loads

QUIET = INSPECTION.replace(
    '{ trigger = "open", dest = "raised", on', '{ trigger = "open", dest = "raised", by = ["judge"]'
)
QUIET = QUIET.replace(' = ["overdue", "vacant"], set = ["breach", "concerned"]', ', set = ["breach", "concerned"]')
END = datetime(2026, 2, 3, 1, tzinfo=UTC)


def told(case: CaseHandle) -> list[tuple[str, datetime]]:
    """The rounds called for and what was not done in time, in the order of the records. What it comes to above begins when
    it is found."""
    events = [(record.event, record.occurred_at) for record in case.history()]
    return [
        (type(event).__name__, moment)
        for event, moment in events
        if isinstance(event, Added) or (isinstance(event, BreachFound) and event.level == 0)
    ]


def walked(rhythm: Sequence[int]) -> tuple[list[tuple[str, datetime]], dict[str, datetime]]:
    """A month of ticks at these days, and one at its end: what is told in which order, and when each round is due."""
    clock = Hand()
    engine = lapsing.opened(clock, text=QUIET)
    engine.tick()
    case = lapsing.a_case(engine)
    for day in rhythm:
        clock.now = datetime(2026, 1, day, 1, tzinfo=UTC)
        engine.tick()
    clock.now = END
    engine.tick(through=END, basis="the clock was compared")
    engine.verify()
    due = {item.id: item.due.at for item in case.value.items.values() if item.due is not None}
    return told(case), due


@pytest.mark.parametrize("rhythm", [(), (9, 15, 22, 28), (10, 17, 24, 31)])
def test_in_whatever_rhythm_it_comes(rhythm: Sequence[int]) -> None:
    order, due = walked(rhythm)
    assert (order, due) == walked(range(6, 32))
    assert len(due) == 4
    assert [moment for _, moment in order] == sorted(moment for _, moment in order)


def test_what_was_called_for_before_a_case_was_opened_is_not_added_to_it() -> None:
    clock = Hand()
    engine = lapsing.opened(clock, text=QUIET)
    engine.tick()
    clock.now = datetime(2026, 1, 10, 1, tzinfo=UTC)  # Saturday, 9 o'clock: the round of that day was called for at 0
    late = lapsing.a_case(engine)
    clock.pass_(hours=1)
    assert engine.tick().created == ()
    clock.now = datetime(2026, 1, 17, 1, tzinfo=UTC)
    assert engine.tick().created == (f"{late.id}/round-1",)


@pytest.mark.parametrize("row", ['every = "week"', 'by = ["inspector"]'])
def test_each_case_is_called_upon_by_its_own_version(row: str) -> None:
    """The new version calls for a round on Mondays, or for nothing; the case of before is called upon at weekends still."""
    newer = QUIET.replace('version = "1"', 'version = "2"').replace('every = "weekend"', row)
    newer = newer.replace('every = "quarter"', 'by = ["head"]') if "by" in row else newer
    clock = Hand()
    engine = stabflow.open("memory:", clock=clock, procedures=[loads(QUIET), loads(newer)])
    for office, holder in (("inspector", INSPECTOR), ("head", HEAD), ("board", BOARD)):
        engine.constitute("inspection", office, holder, basis="founding")
    engine.tick()
    for version in ("1", "2"):
        opened(engine, version)
    clock.now = datetime(2026, 1, 10, 1, tzinfo=UTC)
    assert engine.tick().created == ("old-1/round-1",)
    clock.now = datetime(2026, 1, 12, 1, tzinfo=UTC)
    assert engine.tick().created == (() if "by" in row else ("old-2/round-1",))


def opened(engine: Engine, version: str) -> None:
    matter = Matter(version, version)
    name = f"inspection@{version}"
    engine.open_case(name, matter, by=INSPECTOR, basis="rota", trigger="open", case_id=f"old-{version}")
