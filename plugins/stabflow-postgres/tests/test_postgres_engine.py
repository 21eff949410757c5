"""The engine on a real server: its rule machines, and many that act or let time pass at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import lapsing
import pytest
import test_engine_machine
import test_engine_tick_processes as ticking_processes
import test_engine_together as together
import worlds
from conftest import SHORT
from hypothesis import settings
from stabflow_postgres.testing import PostgresHarness, fresh_url

import stabflow
from stabflow import Engine, Procedure
from stabflow.decision.events import Added
from stabflow.testing import procedure_machine


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def url() -> Iterator[str]:
    """The URL of an empty schema, on the server that `STABFLOW_TEST_POSTGRES` names if it does."""
    given = fresh_url()
    yield given
    PostgresHarness().destroy(given)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    with worlds.constituted(stabflow.open(url, clock=now, procedures=[worlds.small()])) as engine:
        yield engine


def test_an_act_goes_all_the_way(engine: Engine, url: str) -> None:
    case = worlds.opened(engine)
    worlds.noted(case)
    with stabflow.open(url) as other:
        assert other.case(case.id).history() == case.history()
        assert other.verify().cases == 1
        assert other.feed().records[-1].stream == f"case/{case.id}"


RACES: list[Callable[..., None]] = [
    together.test_threads_on_different_cases,
    together.test_threads_on_one_case,
    together.test_threads_sending_the_same_request,
    together.test_threads_with_a_small_cache,
]


@pytest.mark.slow
@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_threads(race: Callable[..., None], engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    more = (monkeypatch,) if race is together.test_threads_with_a_small_cache else ()
    race(engine, *more)


@pytest.mark.slow
def test_processes_race_on_one_case(engine: Engine, url: str) -> None:
    case_id = worlds.opened(engine).id
    spawn = multiprocessing.get_context("spawn")
    gate = spawn.Barrier(3)
    racers = [spawn.Process(target=together.race, args=(url, case_id, number, gate)) for number in range(3)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(timeout=120)
    assert [racer.exitcode for racer in racers] == [0, 0, 0]
    total = 3 * together.TURNS
    with stabflow.open(url) as other:
        history = other.case(case_id).history()
        assert [record.version for record in history] == list(range(1, 3 + total + 1))
        items = [record.event.item for record in history if isinstance(record.event, Added)]
        assert items == [f"note-{number}" for number in range(1, total + 1)]
        assert other.verify().cases == 1


@pytest.mark.slow
@pytest.mark.parametrize("procedure", [test_engine_machine.LENDING, lapsing.known()], ids=str)
def test_random_runs(procedure: Procedure) -> None:
    case = procedure_machine(procedure, harness=PostgresHarness).TestCase
    case.settings = settings(case.settings, max_examples=3 if SHORT else 40, stateful_step_count=40)
    case("runTest").debug()


@pytest.mark.slow
def test_ticking_processes_that_are_killed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if SHORT:
        monkeypatch.setattr(ticking_processes, "CASES", 2)
    ticking_processes.run(url, 3 if SHORT else 8, every=4 if SHORT else 1)


def test_hosts_whose_clocks_differ(url: str) -> None:
    """A host that is an hour behind the others writes nothing that lies before what is there: the time is that of the last act,
    and the record says that the clock was another."""
    right = now()
    with (
        worlds.constituted(stabflow.open(url, clock=lambda: right, procedures=[worlds.small()])) as engine,
        stabflow.open(url, clock=lambda: right - timedelta(hours=1)) as behind,
    ):
        case = worlds.opened(engine)
        worlds.noted(behind.case(case.id))
        worlds.noted(case)
        noted = case.history()[-4:]
        assert [one.recorded_at for one in noted] == [right] * 4
        assert [one.clamped for one in noted] == [True, True, False, False]
        assert engine.verify().cases == 1
        (clock,) = (one for one in behind.diagnose() if one.check == "clock")
        assert "1 hour" in clock.text.en
