"""`Engine.diagnose`: what is fine, what needs attention, and what does not work; each seen as it is and as it is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
import worlds
from test_engine_recalendar import NEW, OLD, Brings, engine_by, finish, opened
from worlds import CHAIR, CLERK, FakeClock

from stabflow import Engine, Matter
from stabflow.calendar import Calendar
from stabflow.engine import doctor
from stabflow.engine.doctor import Check, Diagnosis, Health, diagnose, environment
from stabflow.errors import Corrupt, StoreUnavailable
from stabflow.ports.store import CasePage, CaseQuery
from stabflow.stores.memory import MemoryStore
from stabflow.stores.sqlite_schema import SCHEMA_VERSION
from stabflow.text import Text

DAY = timedelta(days=1)
BOTH = Calendar("both", years=[2026, 2027])


def found(engine: Engine) -> dict[str, Diagnosis]:
    told = engine.diagnose()
    for one in told:
        assert one.text.en
        assert one.text.zh
        assert one.as_dict("zh")["text"] == one.text.zh
    assert len({one.check for one in told}) == len(told)
    return {one.check: one for one in told}


def health(engine: Engine) -> dict[str, str]:
    return {name: one.health.value for name, one in found(engine).items()}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(step=timedelta())


def test_all_is_fine(tmp_path: Path, clock: FakeClock) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with worlds.engine_on(url, clock, plugins=[Brings(BOTH)], calendar="both") as engine:
        assert set(health(engine).values()) == {"fine"}, "there is no file yet"
        assert "schema" not in found(engine)["store"].facts
        assert not (tmp_path / "s.db").exists(), "looking makes nothing"
        worlds.opened(worlds.constituted(engine))
        assert health(engine) == dict.fromkeys(
            ("store", "calendar", "due_times", "procedures", "clock", "recurrence", "ticks", "snapshots"), "fine"
        )
        store = found(engine)["store"]
        assert (store.facts["schema"], store.facts["file"]) == (str(SCHEMA_VERSION), str(tmp_path / "s.db"))
        assert store.facts["capabilities"] == ["durable", "feed", "multi_process", "outbox", "snapshots"]
        assert found(engine)["procedures"].facts["in_use"] == {"small@1": 1}


def test_a_store_that_is_not_durable(tmp_path: Path, clock: FakeClock) -> None:
    for url in ("memory:", f"sqlite:///{tmp_path}/s.db?synchronous=normal"):
        with worlds.engine_on(url, clock) as engine:
            assert health(engine)["store"] == "attend"


@pytest.mark.parametrize(
    ("years", "month", "wanted"),
    [
        ([2026, 2027], 12, "fine"),
        ([2026], 10, "fine"),  # the notice for the next year is not out yet
        ([2026], 11, "attend"),
        ([2027], 3, "attend"),
        ([], 3, "attend"),
    ],
)
def test_the_years_of_the_calendar(years: list[int], month: int, wanted: str) -> None:
    clock = FakeClock(datetime(2026, month, 2, tzinfo=UTC))
    engine = worlds.engine_on("memory:", clock, plugins=[Brings(Calendar("c", years=years))], calendar="c")
    told = found(engine)["calendar"]
    assert told.health.value == wanted
    assert (told.facts["this_year"], told.facts["next_year"]) == (2026 in years, 2027 in years)
    assert told.facts["id"] == "c"
    assert ("2027" in told.text.en.partition("none for")[2]) is (2027 not in years)


def test_years_are_said_as_spans() -> None:
    engine = worlds.engine_on("memory:", plugins=[Brings(Calendar("c", years=[2020, 2022, 2023, 2024]))], calendar="c")
    assert "notices for 2020, 2022–2024; none for 2026, 2027" in found(engine)["calendar"].text.en


def test_due_times_that_are_estimated_and_that_another_calendar_counted(clock: FakeClock) -> None:
    store = MemoryStore()
    opened(store, clock, Calendar("guess"), "a")
    guess = found(engine_by(Calendar("guess"), store, clock))["due_times"]
    assert (guess.health, guess.facts) == (Health.FINE, {"estimated": 1, "to_recount": 0, "kept": 0})
    opened(store, clock, OLD, "b")
    engine = engine_by(NEW, store, clock)
    told = found(engine)["due_times"]
    assert told.health is Health.ATTEND
    assert told.facts == {"estimated": 1, "to_recount": 2, "kept": 0}
    assert told.cure is not None
    assert "recalendar" in told.cure.en
    list(engine.recalendar(basis="notice 3"))
    assert found(engine)["due_times"].facts == {"estimated": 0, "to_recount": 0, "kept": 0}
    clock.now += 30 * DAY
    kept = found(engine_by(OLD, store, clock))["due_times"]
    assert (kept.health, kept.facts["kept"]) == (Health.FINE, 2), "what is overdue stays as it is"


def test_an_item_with_two_holders_is_one_due_time(clock: FakeClock) -> None:
    store = MemoryStore()
    case = opened(store, clock, Calendar("guess"))
    case.appoint("clerk", attrs.evolve(CLERK, id="clerk-2"), by=CHAIR, basis="b")
    assert found(engine_by(Calendar("guess"), store, clock))["due_times"].facts["estimated"] == 1


def test_a_case_under_a_procedure_that_nobody_proved(clock: FakeClock) -> None:
    engine = worlds.constituted(worlds.engine_on("memory:", clock))
    case = worlds.opened(engine, Matter("m", "M"), unproved="allow")
    told = found(engine)["procedures"]
    assert told.facts["unproved"] == ([case.id] if case.value.unproved else [])
    assert case.value.unproved
    assert told.health is Health.ATTEND


def test_a_clock_that_is_behind(clock: FakeClock) -> None:
    store = MemoryStore()
    opened(store, clock)
    behind = FakeClock(clock.now - timedelta(seconds=4), step=timedelta())
    assert health(engine_by(OLD, store, behind))["clock"] == "fine", "seconds are no matter"
    behind.now = clock.now - 3 * DAY
    told = found(engine_by(OLD, store, behind))["clock"]
    assert told.health is Health.ATTEND
    assert "3 days behind" in told.text.en
    # The newest record claims to have happened long ago.
    clock.now += 5 * DAY
    engine = engine_by(OLD, store, clock, late_entry=None)
    engine.open_case("small", Matter("late", "Late"), by=CHAIR, basis="b", at=worlds.START + timedelta(hours=1))
    behind.now = clock.now - 4 * DAY
    assert health(engine_by(OLD, store, behind))["clock"] == "attend"
    # Only an office has been filled by the clock that is ahead.
    store = MemoryStore()
    worlds.constituted(worlds.engine_over(store, clock))
    assert health(engine_by(OLD, store, behind))["clock"] == "attend"


def test_whether_time_is_let_pass(clock: FakeClock) -> None:
    engine = worlds.constituted(worlds.engine_on("memory:", clock))
    worlds.opened(engine, Matter("a", "A"))
    assert (found(engine)["ticks"].health, found(engine)["ticks"].facts["lapsed"]) == (Health.FINE, 0)
    clock.now += timedelta(days=40)  # the clerk's limit has passed
    told = found(engine)["ticks"]
    assert (told.health, told.facts["last"], told.facts["lapsed"]) == (Health.ATTEND, None, 1)
    assert told.cure is not None
    assert "stabflow tick" in told.cure.en
    engine.tick(through=clock.now, basis="the clock is right")
    assert (found(engine)["ticks"].health, found(engine)["ticks"].facts["lapsed"]) == (Health.FINE, 0)
    clock.now += DAY
    assert found(engine)["ticks"].health is Health.FINE
    clock.now += timedelta(seconds=1)
    assert found(engine)["ticks"].health is Health.ATTEND


def test_what_the_store_fails_is_told_and_the_others_go_on(clock: FakeClock) -> None:
    class Failing(worlds.Wrapped):
        def find_cases(self, query: CaseQuery) -> CasePage:
            raise StoreUnavailable("the cable is out")

    engine = worlds.engine_over(Failing(MemoryStore()), clock)
    told = found(engine)
    assert told["procedures"].health is told["clock"].health is Health.FAILED
    assert "the cable is out" in told["procedures"].text.en
    assert told["procedures"].facts == {"error": "StoreUnavailable"}
    assert told["due_times"].health is Health.FINE


def test_a_procedure_that_the_store_has_lost_is_told(clock: FakeClock) -> None:
    class Losing(worlds.Wrapped):
        def read_stream(self, stream: str, *, after: int = 0, limit: int = 1000) -> Any:
            return () if stream.startswith("procedure/") else super().read_stream(stream, after=after, limit=limit)

    store = MemoryStore()
    case = opened(store, clock)
    for _ in range(2):
        told = found(worlds.engine_over(Losing(store), clock, procedures=[]))["procedures"]
        assert (told.health, told.facts) == (Health.FAILED, {"error": Corrupt.__name__})
        if not case.duties():
            break
        finish(case, clock)  # a case that owes nothing needs its procedure no less
    assert case.duties() == ()


def test_nothing_is_changed(clock: FakeClock) -> None:
    store = worlds.wrapped()
    opened(store, clock)
    store.fail("unavailable", times=99, only="")
    assert "failed" not in health(engine_by(NEW, store, clock)).values()


def test_whoever_has_one_more_check_adds_it(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(patient: doctor.Patient) -> Iterator[Diagnosis]:
        text = Text(f"{len(patient.cases)} cases", "项")
        yield Diagnosis(check="mine", health=Health.ATTEND, text=text)

    engine = worlds.constituted(worlds.engine_on("memory:", clock))
    mine = Check("mine", Text("mine", "我的"), run)
    assert [one.text.en for one in diagnose(engine._shell, [mine])] == ["0 cases"]
    monkeypatch.setattr(doctor, "CHECKS", [*doctor.CHECKS, mine])
    assert health(engine)["mine"] == "attend"
    assert doctor.title_of("mine").zh == "我的"
    assert doctor.title_of("none").en == "none"


def test_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {one.check: one for one in environment("9.9")}
    assert told["versions"].facts["stabflow"] == "9.9"
    assert told["versions"].facts["apsw"]
    assert told["timezones"].health is Health.FINE
    monkeypatch.setattr(doctor, "available_timezones", set)
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    told = {one.check: one for one in environment("9.9")}
    assert told["timezones"].health is Health.FAILED
    assert told["versions"].facts["no-such-package"] is None
