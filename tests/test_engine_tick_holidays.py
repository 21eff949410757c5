"""What recurs at holidays that the calendar does not know is told once, guessed never, and made up for; and a period is opened
once, whoever was first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import lapsing
import pytest
import worlds
from lapsing import BOARD, HEAD, INSPECTION, INSPECTOR, JUDGE, Hand
from test_engine_recalendar import Brings

import stabflow
from stabflow import Engine, InvalidInput, Matter
from stabflow.calendar import WEEKENDS, Calendar
from stabflow.decision.events import Ticked
from stabflow.engine import recurring, streams
from stabflow.engine.doctor import Health
from stabflow.engine.ticker import Tick
from stabflow.errors import ClockInDoubt
from stabflow.language import loads

FESTIVALS = INSPECTION.replace('every = "quarter"', 'every = ["quarter", "spring_festival", "national_day"]', 1)
FESTIVALS = FESTIVALS.replace('every = "weekend"', 'every = "year"', 1)
DUTY = INSPECTION.replace('every = "weekend"', 'every = "holiday"', 1)

SPRING = [date(2027, 2, day) for day in range(6, 13)]
NOTICE = Calendar(
    "office",
    holidays=[date(2027, 1, 1), *SPRING],
    years=[2026, 2027],
    names={date(2027, 1, 1): "new_year", **dict.fromkeys(SPRING, "spring_festival"), date(2027, 10, 1): "national_day"},
)
NO_NOTICE = Calendar(
    "office",
    holidays=[date(2026, 10, 1)],
    years=[2026],
    names={date(2026, 2, 17): "spring_festival", date(2026, 10, 1): "national_day"},
)


class Place:
    """A store in a file, opened anew for each calendar, with all offices held."""

    def __init__(self, folder: Path, text: str, now: datetime) -> None:
        self.url = f"sqlite:///{folder}/s.db?synchronous=normal"
        self.text = text
        self.clock = Hand(now)
        with self.engine(WEEKENDS) as engine:
            for office, holder in (("inspector", INSPECTOR), ("head", HEAD), ("board", BOARD), ("judge", JUDGE)):
                engine.constitute("inspection", office, holder, basis="founding")

    def engine(self, calendar: Calendar) -> Engine:
        plugins = [] if calendar is WEEKENDS else [Brings(calendar)]
        return stabflow.open(
            self.url, clock=self.clock, procedures=[loads(self.text)], plugins=plugins, calendar=calendar.id
        )

    def ticks(self, calendar: Calendar, until: datetime) -> list[Tick]:
        """A tick each day until a time."""
        found = []
        with self.engine(calendar) as engine:
            while self.clock.now < until:
                self.clock.pass_(days=1)
                found.append(engine.tick())
        return found


def unknown(ticks: Sequence[Tick]) -> list[tuple[tuple[str, ...], int]]:
    return [(tuple(h.value for h in one.holidays), one.year) for tick in ticks for one in tick.unknown]


def created(ticks: Sequence[Tick]) -> list[str]:
    """The cases."""
    return [one for tick in ticks for one in tick.created if "/" not in one]


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 1, 0, tzinfo=UTC)


def test_where_no_holiday_has_a_name_it_is_told_once_a_year(tmp_path: Path) -> None:
    place = Place(tmp_path, FESTIVALS, at(2026, 12, 1))
    ticks = place.ticks(WEEKENDS, at(2027, 1, 20))
    assert unknown(ticks) == [(("spring_festival", "national_day"), year) for year in (2026, 2027)]
    assert created(ticks) == ["inspection-2027-Q1"], "none is guessed, and what is known is served"
    told = ticks[0].unknown[0]
    assert (told.procedure, told.kind, told.trigger, told.calendar) == ("inspection@1", "", "open_quarter", "weekends")
    assert told.text.en == (
        "inspection@1: “open quarter” is called for at Spring Festival, National Day 2026; the calendar weekends does not say "
        "when that is: it has no official notice for that year"
    )
    assert "春节、国庆节" in told.text.zh
    assert "names.spring_festival = […], names.national_day = […]" in told.cure.en
    assert not any(tick.failures for tick in ticks)
    when = next(tick for tick in ticks if tick.unknown and tick.unknown[0].year == 2027)
    assert when.until.date() == date(2026, 12, 29), "the first day that the notice of 2027 could make a holiday of"


def test_each_machine_is_not_told_again(tmp_path: Path) -> None:
    place = Place(tmp_path, FESTIVALS, at(2027, 1, 10))
    assert len(place.ticks(WEEKENDS, at(2027, 1, 11))[0].unknown) == 1
    place.clock.pass_(minutes=5)
    with place.engine(WEEKENDS) as other:
        assert other.tick().unknown == ()


def test_it_is_on_record_at_once(tmp_path: Path) -> None:
    place = Place(tmp_path, FESTIVALS, at(2027, 1, 10))
    place.ticks(NOTICE, at(2027, 1, 11))
    told = []
    for _ in range(3):
        place.clock.pass_(minutes=5)
        with place.engine(WEEKENDS) as engine:
            told.append(len(engine.tick().unknown))
    assert told == [1, 0, 0]


def test_after_a_standstill_what_was_missed_is_made_up_for_too(tmp_path: Path) -> None:
    place = Place(tmp_path, FESTIVALS, at(2026, 12, 20))
    place.ticks(NO_NOTICE, at(2026, 12, 21))
    place.clock.now = at(2027, 2, 20)
    with place.engine(NO_NOTICE) as engine:
        assert len(engine.tick(through=place.clock.now, basis="compared").unknown) == 1
    assert created(place.ticks(NOTICE, at(2027, 2, 22))) == ["inspection-2027-02-06"]


def test_known_at_last_it_is_made_up_for(tmp_path: Path) -> None:
    place = Place(tmp_path, FESTIVALS, at(2026, 12, 20))
    ticks = place.ticks(NO_NOTICE, at(2027, 3, 1))
    assert unknown(ticks) == [(("spring_festival", "national_day"), 2027)]
    assert created(ticks) == ["inspection-2027-Q1"]
    later = place.ticks(NOTICE, at(2027, 3, 3))
    assert created(later) == ["inspection-2027-02-06"], "the festival is over, and its case is owed all the same"
    assert unknown(later) == []
    assert not any(tick.by_hand for tick in later), (
        "what was opened for another holiday of the row is the calendar's own"
    )
    with place.engine(NOTICE) as engine:
        last = streams.last(engine._shell.store, streams.TICKS)
        assert last is not None
        assert isinstance(last.event, Ticked)
        assert last.event.awaited == ()
        (found,) = [one for one in engine.diagnose() if one.check == "recurrence"]
        assert found.health is Health.FINE
        engine.verify()


def test_what_lay_before_the_procedure_was_in_force_is_not_made_up_for(tmp_path: Path) -> None:
    place = Place(tmp_path, FESTIVALS, at(2027, 2, 20))
    assert len(unknown(place.ticks(NO_NOTICE, at(2027, 3, 1)))) == 1
    assert created(place.ticks(NOTICE, at(2027, 3, 3))) == []


def test_only_one_of_two_holidays_is_known(tmp_path: Path) -> None:
    place = Place(tmp_path, FESTIVALS, at(2027, 1, 10))
    half = Calendar("office", holidays=SPRING, years=[2027], names=dict.fromkeys(SPRING, "spring_festival"))
    ticks = place.ticks(half, at(2027, 2, 8))
    assert unknown(ticks) == [(("national_day",), 2027)]
    assert "no day of that year bears the name" in ticks[0].unknown[0].text.en
    assert created(ticks) == ["inspection-2027-02-06"]


def test_items_are_made_up_for_too(tmp_path: Path) -> None:
    place = Place(tmp_path, DUTY, at(2026, 12, 20))
    with place.engine(NO_NOTICE) as engine:
        engine.tick()
        case = engine.open_case("inspection", Matter("p", "p"), by=INSPECTOR, basis="x", trigger="open")
    ticks = place.ticks(NO_NOTICE, at(2027, 3, 1))
    assert unknown(ticks) == [(("holiday",), 2027)]
    (told,) = [one for tick in ticks for one in tick.unknown]
    assert (told.kind, told.trigger) == ("round", "call")
    assert "the holidays of 2027" in told.text.en
    assert "holidays = […], years = [2027]" in told.cure.en
    assert created(ticks) == ["inspection-2027-Q1"]
    later = [one for tick in place.ticks(NOTICE, at(2027, 3, 3)) for one in tick.created]
    assert [one for one in later if one.startswith(case.id)] == [f"{case.id}/round-1", f"{case.id}/round-2"]


def test_a_day_off_in_a_year_without_a_notice_is_no_holiday(tmp_path: Path) -> None:
    """Which days a package takes for the next year's is a guess."""
    guessed = Calendar("office", holidays=[date(2026, 10, 1), date(2027, 1, 1)], years=[2026])
    place = Place(tmp_path, DUTY, at(2026, 12, 20))
    with place.engine(guessed) as engine:
        engine.tick()
        engine.open_case("inspection", Matter("p", "p"), by=INSPECTOR, basis="x", trigger="open")
    ticks = place.ticks(guessed, at(2027, 1, 5))
    assert unknown(ticks) == [(("holiday",), 2027)]
    assert [one for tick in ticks for one in tick.created if "round" in one] == []


def test_a_lead_asks_for_the_year_before_it_begins(tmp_path: Path) -> None:
    led = FESTIVALS.replace('"national_day"]', '"national_day"]\nlead = "30 days"')
    place = Place(tmp_path, led, at(2026, 11, 20))
    ticks = place.ticks(NO_NOTICE, at(2026, 12, 5))
    assert unknown(ticks) == [(("spring_festival", "national_day"), 2027)]
    assert next(tick.until.date() for tick in ticks if tick.unknown) == date(2026, 11, 29)


def test_where_nobody_is_in_office_nothing_is_told(tmp_path: Path) -> None:
    clock = Hand(at(2027, 1, 10))
    with stabflow.open("memory:", clock=clock, procedures=[loads(FESTIVALS)], calendar="weekends") as engine:
        assert engine.tick().unknown == ()
        assert [one.health for one in engine.diagnose() if one.check == "recurrence"] == [Health.FINE]


def test_what_failed_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is awaited stays so where the case cannot be opened at the tick that knows the day."""
    place = Place(tmp_path, FESTIVALS, at(2026, 12, 20))
    place.ticks(NO_NOTICE, at(2027, 3, 1))
    with monkeypatch.context() as patch, place.engine(NOTICE) as engine:
        patch.setattr(recurring, "admit", _no)
        place.clock.pass_(days=1)
        assert engine.tick().failures
    assert created(place.ticks(NOTICE, at(2027, 3, 4))) == ["inspection-2027-02-06"]


def test_what_was_never_served_is_made_up_for_from_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long nothing could be created, or no machine knew the procedure."""
    place = Place(tmp_path, FESTIVALS, at(2027, 2, 5))
    with monkeypatch.context() as patch:
        patch.setattr(recurring, "admit", _no)
        ticks = place.ticks(NOTICE, at(2027, 3, 1))
    assert created(ticks) == []
    assert created(place.ticks(NOTICE, at(2027, 3, 2))) == ["inspection-2027-02-06"]


def test_a_first_tick_that_comes_late_passes_over_nothing(tmp_path: Path) -> None:
    """It is believed on somebody's word, as where a duty has lapsed so long ago."""
    place = Place(tmp_path, FESTIVALS, at(2027, 1, 28))
    place.clock.now = at(2027, 3, 1)
    with place.engine(NOTICE) as engine:
        with pytest.raises(ClockInDoubt):
            engine.tick()
        assert [*engine.cases()] == []
        assert created([engine.tick(through=place.clock.now, basis="c")]) == ["inspection-2027-02-06"]


def test_an_office_that_is_dated_back_calls_for_nothing_that_lay_before_its_record(tmp_path: Path) -> None:
    clock = Hand(at(2027, 2, 1))
    with stabflow.open("memory:", clock=clock, procedures=[loads(FESTIVALS)], calendar="weekends") as engine:
        engine.constitute("inspection", "head", HEAD, basis="order of 2020", at=at(2020, 1, 1))
        assert engine.tick().created == ()
        clock.now = at(2027, 4, 1)
        assert created([engine.tick(through=clock.now, basis="c")]) == ["inspection-2027-Q2"]


def _no(*_: object, **__: object) -> None:
    raise InvalidInput.at("case", "not today", "tomorrow")


def test_the_doctor_tells_it_as_long_as_it_is_so(tmp_path: Path) -> None:
    place = Place(tmp_path, FESTIVALS, at(2027, 1, 10))
    for _ in range(2):
        with place.engine(WEEKENDS) as engine:
            (found,) = [one for one in engine.diagnose() if one.check == "recurrence"]
            assert found.health is Health.ATTEND
            assert "Spring Festival, National Day 2027" in found.text.en
            assert found.cure is not None
            assert found.facts["unknown"][0]["holidays"] == ["spring_festival", "national_day"]  # type: ignore[index]
        place.ticks(WEEKENDS, place.clock.now + timedelta(days=1))
    # A year that is over is told of for one more year, so that it can still be made up for.
    place.ticks(NO_NOTICE, at(2027, 1, 14))
    place.clock.now = at(2028, 5, 1)
    with place.engine(NO_NOTICE) as engine:
        engine.tick(through=place.clock.now, basis="compared")
        years = [one.facts["unknown"][0]["year"] for one in engine.diagnose() if one.check == "recurrence"]  # type: ignore[index]
        assert years == [2027, 2028]
        place.clock.now = at(2029, 5, 1)
        engine.tick(through=place.clock.now, basis="compared")
        years = [one.facts["unknown"][0]["year"] for one in engine.diagnose() if one.check == "recurrence"]  # type: ignore[index]
    assert years == [2028, 2029]


# A period is opened once


@pytest.fixture
def clock() -> Hand:
    return Hand(at(2026, 3, 30))


def test_the_period_that_the_calendar_has_opened_is_not_opened_again(clock: Hand) -> None:
    engine = lapsing.opened(clock)
    engine.tick()
    clock.pass_(days=3)
    assert engine.tick().created == ("inspection-2026-Q2",)
    for key in (None, "k-1"):
        with pytest.raises(InvalidInput, match="the calendar opened it for its period, on 2026-04-02") as refusal:
            engine.open_case(
                "inspection",
                Matter("inspection-2026-Q2", "x"),
                by=INSPECTOR,
                basis="x",
                trigger="open",
                case_id="inspection-2026-Q2",
                key=key,
            )
        assert refusal.value.faults[0].cure == "go on with it: engine.case('inspection-2026-Q2')"
    assert [row.case_id for row in engine.cases()] == ["inspection-2026-Q2"]
    mine = {"by": INSPECTOR, "basis": "x", "trigger": "open", "case_id": "mine"}
    engine.open_case("inspection", Matter("p", "p"), **mine)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="is taken"):
        engine.open_case("inspection", Matter("p", "p"), **mine)  # type: ignore[arg-type]


def test_the_period_that_somebody_has_opened_is_served(clock: Hand) -> None:
    engine = lapsing.opened(clock)
    engine.tick()
    by_hand(engine)
    clock.pass_(days=3)
    ticks = []
    for _ in range(9):
        ticks.append(engine.tick())
        clock.pass_(days=1)
    assert [tick.by_hand for tick in ticks] == [("inspection-2026-Q2",), *[()] * 8], "told once"
    assert not any(tick.failures for tick in ticks)
    assert [row.case_id for row in engine.cases()] == ["inspection-2026-Q2"]
    clock.now = at(2026, 7, 1)
    assert created([engine.tick(through=clock.now, basis="c")]) == ["inspection-2026-Q3"]
    engine.verify()


def by_hand(engine: Engine, procedure: str = "inspection") -> None:
    matter = Matter("inspection-2026-Q2", "x")
    engine.open_case(procedure, matter, by=INSPECTOR, basis="x", trigger="open", case_id="inspection-2026-Q2")


def test_a_case_of_another_procedure_does_not_serve_it(clock: Hand) -> None:
    other = INSPECTION.replace('id = "inspection"', 'id = "other"', 1).replace('every = "quarter"', 'by = ["head"]', 1)
    engine = stabflow.open("memory:", clock=clock, procedures=[loads(INSPECTION), loads(other)])
    for name in ("inspection", "other"):
        engine.constitute(name, "inspector", INSPECTOR, basis="founding")
    engine.tick()
    by_hand(engine, "other")
    clock.pass_(days=3)
    tick = engine.tick()
    assert (tick.created, tick.by_hand, tick.failures) == (("inspection-2026-Q2-2",), (), ())
    assert engine.case("inspection-2026-Q2-2").value.matter.key == "inspection-2026-Q2"
    clock.pass_(days=1)
    assert engine.tick().created == ()


def test_two_machines_at_once_open_one_case(clock: Hand) -> None:
    store = worlds.wrapped()
    ours, theirs = (worlds.engine_over(store, clock, procedures=[lapsing.known()]) for _ in range(2))
    for office, holder in (("inspector", INSPECTOR), ("head", HEAD)):
        ours.constitute("inspection", office, holder, basis="founding")
    ours.tick()
    clock.pass_(days=3)
    their_ticks: list[Tick] = []
    store.interleave(lambda: their_ticks.append(theirs.tick()), only="case/inspection-2026-Q2")
    our_tick = ours.tick()
    assert [tick.created for tick in their_ticks] == [("inspection-2026-Q2",)]
    assert (our_tick.created, our_tick.by_hand, our_tick.failures) == ((), (), ())
    assert [row.case_id for row in ours.cases()] == ["inspection-2026-Q2"]
    ours.verify()


def test_somebody_is_a_moment_faster_than_the_tick(clock: Hand) -> None:
    store = worlds.wrapped()
    engine, rival = (worlds.engine_over(store, clock, procedures=[lapsing.known()]) for _ in range(2))
    for office, holder in (("inspector", INSPECTOR), ("head", HEAD)):
        engine.constitute("inspection", office, holder, basis="founding")
    engine.tick()
    clock.pass_(days=3)
    store.interleave(lambda: by_hand(rival), only="case/inspection-2026-Q2")
    tick = engine.tick()
    assert (tick.created, tick.by_hand, tick.failures) == ((), ("inspection-2026-Q2",), ())
    assert engine.case("inspection-2026-Q2").value.opened_at == clock.now
    engine.verify()
