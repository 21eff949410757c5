"""The strategies of the kit: what they draw is what they say, all of it is drawn, and it shrinks to small stories."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy
from mutated.catalogue import TEXT

from stabflow import Actor, InvalidInput, Procedure, Refused
from stabflow.calendars.china import china
from stabflow.decision.commands import Add, Command, Fire
from stabflow.decision.decider import decide
from stabflow.decision.evolution import replay
from stabflow.history import chain, codec
from stabflow.history.record import Record, from_stored
from stabflow.language import Outcome, loads
from stabflow.language.written import written
from stabflow.ports.store import StoredRecord
from stabflow.reasoning.report import Status
from stabflow.testing import check
from stabflow.testing import strategies as kit
from stabflow.testing.procedures.cast import OUTSIDER
from stabflow.testing.strategies import JUMPS, SORTS, Asked, Drawn, Flaw, JumpingClock
from stabflow.values import Basis

GOOD = loads(TEXT)
T = TypeVar("T")
few = settings(deadline=None, suppress_health_check=list(HealthCheck))


def smallest(strategy: SearchStrategy[T], is_it: Callable[[T], bool] = lambda _: True, tries: int = 300) -> T:
    """What Hypothesis comes down to; it must be found among so many."""
    return find(strategy, is_it, settings=settings(few, max_examples=tries, database=None, derandomize=True))


def some(strategy: SearchStrategy[T], is_it: Callable[[T], bool] = lambda _: True, tries: int = 300) -> T:
    """The first that is drawn; it must be found among so many."""
    phases = settings(few, max_examples=tries, database=None, derandomize=True, phases=[Phase.generate])
    return find(strategy, is_it, settings=phases)


# Procedures


@pytest.mark.slow
@settings(max_examples=40)
@given(kit.procedures())
def test_a_drawn_procedure_can_be_written_down_and_read_again(drawn: Procedure) -> None:
    assert loads(written(drawn)).digest == drawn.digest


@pytest.mark.slow
@settings(few, max_examples=10)
@given(kit.procedures())
def test_whatever_is_drawn_the_checker_has_an_answer(drawn: Procedure) -> None:
    report = check(drawn, max_states=300, seconds=1)
    assert {one.property for one in report.findings} >= {"ends", "rows", "outcomes"}
    assert report.proved is all(
        one.status in (Status.PROVED, Status.NOT_APPLICABLE, Status.WARNING) for one in report.findings
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "is_it",
    [
        lambda drawn: drawn.gate is not None,
        lambda drawn: drawn.gate is None and drawn.states["ended"].outcome is Outcome.PROHIBIT,
        lambda drawn: bool(drawn.separations),
        lambda drawn: any(one.never for one in drawn.properties),
        lambda drawn: any(row.trigger == "back" for row in drawn.transitions),
        lambda drawn: drawn.roles["unit"].appointed_by == ("panel",),
        lambda drawn: any(state.clock_stopped_by for state in drawn.states.values()),
        lambda drawn: drawn.items["test"].preset is not None,
    ],
)
def test_what_a_procedure_may_have_is_drawn(is_it: Callable[[Procedure], bool]) -> None:
    assert is_it(some(kit.procedures(), is_it))


@pytest.mark.slow
def test_the_smallest_procedure_has_one_state_of_work() -> None:
    drawn = some(kit.procedures())  # Hypothesis begins with the simplest
    assert list(drawn.states) == ["state_0", "waiting", "ended"]
    assert (drawn.gate, drawn.separations, drawn.properties) == (None, (), ())
    assert len(written(drawn)) < 2_700


@pytest.mark.slow
@settings(few, max_examples=8)
@given(st.data())
@pytest.mark.parametrize("kind", kit.FLAWS)
def test_the_flaw_is_there_and_nothing_else(kind: Flaw, data: st.DataObject) -> None:
    flawed = data.draw(kit.flawed_procedures(kind))
    amiss = {one.property for one in check(flawed).findings if one.status not in (Status.PROVED, Status.NOT_APPLICABLE)}
    follows = {"rows"} if kind == "outcomes" else set()  # nobody can fire what leads to it
    assert amiss == {kind} | follows
    assert loads(written(flawed)).digest == flawed.digest


def test_the_flaws_are_listed_and_an_unknown_one_is_refused() -> None:
    assert set(kit.FLAWS) == {"five_steps", "ends", "outcomes", "rows", "gate"}
    with pytest.raises(InvalidInput, match="did you mean 'gate'"):
        kit.flawed_procedures("gates")  # type: ignore[arg-type]


# Cases


@pytest.mark.slow
@settings(few, max_examples=10)
@given(st.data())
@pytest.mark.parametrize("state", ["surveying", "weighing", "planning", "writing", "reviewing"])
def test_a_case_has_come_where_it_was_to(state: str, data: st.DataObject) -> None:
    drawn = data.draw(kit.cases(GOOD, reached=state))
    assert drawn.case.state == state
    assert replay((record.event, record.stamp) for record in drawn.records) == drawn.case


@pytest.mark.slow
@settings(few, max_examples=5)
@given(st.data())
@pytest.mark.parametrize("outcome", [Outcome.IMPLEMENT, Outcome.PROHIBIT])
def test_a_case_has_the_outcome_it_was_to_have(outcome: Outcome, data: st.DataObject) -> None:
    drawn = data.draw(kit.cases(GOOD, reached=outcome, acts=120))
    assert GOOD.states[drawn.case.state].outcome is outcome


def test_a_state_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"has no state 'reviewed'.*did you mean 'reviewing'"):
        smallest(kit.cases(GOOD, reached="reviewed"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "tag",
    [
        "case.moved",
        "item.added",
        "item.moved",
        "appointed",
        "amended",
        "delegated",
        "recused",
        "relieved",
        "breach.found",
    ],
)
def test_cases_hold_whatever_can_be_on_record(tag: str) -> None:
    drawn = some(kit.cases(GOOD), lambda one: any(record.tag == tag for record in one.records))
    assert drawn.records[-1].version == drawn.case.version


@pytest.mark.slow
def test_the_smallest_case_is_a_short_story() -> None:
    assert [record.tag for record in some(kit.cases(GOOD)).records] == ["case.opened"]
    reviewed = smallest(kit.cases(GOOD, reached="reviewing"))
    assert len(reviewed.records) == 8
    assert repr(reviewed).startswith("<case of mutated@1 in 'reviewing' after: open the case case-1 – by clerk-1")
    assert len(repr(reviewed)) < 700


# Commands


def came(drawn: Drawn, command: Command) -> set[str]:
    """The kinds of what stands against a command; "values" where it could never be right; nothing where it is done."""
    try:
        decide(drawn.procedure, drawn.case, command, drawn.context)
    except Refused as refusal:
        return {one.kind for one in refusal.blockers}
    except InvalidInput:
        return {"values"}
    return set()


@pytest.mark.slow
@settings(few, max_examples=60)
@given(st.data())
def test_commands_come_out_as_their_sort_says(data: st.DataObject) -> None:
    drawn = data.draw(kit.cases(GOOD))
    asked = data.draw(kit.asked(drawn))
    kinds = came(drawn, asked.command)
    if asked.sort == "lawful":
        assert kinds == set()
    elif asked.sort == "nearly lawful":
        assert asked.wrong in kinds
    else:
        assert kinds


@pytest.mark.slow
@pytest.mark.parametrize("sort", SORTS)
@settings(few, max_examples=10)
@given(st.data())
def test_commands_are_of_the_sort_asked_for(sort: kit.Sort, data: st.DataObject) -> None:
    drawn = data.draw(kit.cases(GOOD, reached="weighing"))
    assert isinstance(data.draw(kit.commands(drawn, sort)), Command)
    assert data.draw(kit.asked(drawn, sort)).sort == sort


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["role", "values", "state", "case", "items", "value"])
def test_one_thing_is_wrong_in_what_is_nearly_lawful(wrong: str) -> None:
    where = {"items": "weighing", "value": "surveying"}.get(wrong, "writing")
    drawn = some(kit.cases(GOOD, reached=where))
    found = smallest(kit.asked(drawn, "nearly lawful"), lambda one: one.wrong == wrong)
    kinds = came(drawn, found.command)
    assert wrong in kinds
    assert len(kinds) == 1


@pytest.mark.slow
def test_the_smallest_command_is_the_simplest() -> None:
    drawn = some(kit.cases(GOOD, reached="writing"))
    found: Asked = smallest(kit.asked(drawn))
    assert found.sort == "lawful"
    assert isinstance(found.command, Fire | Add)
    assert found.command.actor.id == "clerk-1"
    assert found.command.role is None


@pytest.mark.filterwarnings("error")
def test_what_is_drawn_from_is_told_in_a_line() -> None:
    """A failure prints it, and Hypothesis warns of what is too long."""
    strategy = kit.cases(GOOD, reached="weighing")
    assert str(GOOD) in repr(strategy)
    assert len(repr(strategy)) < 200
    assert len(repr(kit.records(GOOD))) < 400


@pytest.mark.slow
@settings(few, max_examples=3, phases=[Phase.generate])
@given(kit.cases(GOOD, acts=5))
def test_a_drawn_case_tells_its_acts(drawn: kit.Drawn) -> None:
    told = repr(drawn)
    assert told.startswith(f"<case of {GOOD} in {drawn.case.state!r} after: open the case")
    assert told.count(";") >= len(drawn.records) - 1
    assert repr(kit.commands(drawn)).count(str(GOOD)) == 1


# Texts, people, clocks


@given(kit.fitting_texts)
def test_fitting_texts_fit(text: str) -> None:
    assert Basis(text).text


@pytest.mark.parametrize(
    ("what", "is_it"),
    [
        ("Chinese", lambda text: any("\u4e00" <= one <= "\u9fff" for one in text)),
        ("combining marks", lambda text: any(unicodedata.combining(one) for one in text)),
        ("right to left", lambda text: any(unicodedata.bidirectional(one) in ("R", "AL") for one in text)),
        ("bidirectional controls", lambda text: any(unicodedata.bidirectional(one) in ("RLO", "LRI") for one in text)),
        ("NUL", lambda text: "\x00" in text),
        ("beyond the first plane", lambda text: any(ord(one) > 0xFFFF for one in text)),
        ("surrogates", lambda text: any(0xD800 <= ord(one) < 0xE000 for one in text)),
        ("nothing to see", lambda text: not text.strip()),
        ("what TOML escapes", lambda text: '"' in text and "\\" in text),
        ("a line of its own", lambda text: "\n" in text),
    ],
)
def test_texts_have_what_breaks_programs(what: str, is_it: Callable[[str], bool]) -> None:
    found = smallest(kit.texts, is_it, 200)
    assert len(found) <= 30, what


def test_what_does_not_fit_is_refused_and_drawn() -> None:
    def refused(text: str) -> bool:
        try:
            Basis(text)
        except InvalidInput:
            return True
        return False

    assert {smallest(kit.texts, lambda text, one=one: text == one) for one in ("\x00", "\ud800", "")}  # type: ignore[misc]
    assert all(map(refused, ("\x00", "a\x00b", "\u202ecod.exe", "\u2066x", "", " ", "\ud800")))
    with pytest.raises(NoSuchExample):
        smallest(kit.fitting_texts, refused)


def test_office_holders_and_others_are_drawn() -> None:
    people = kit.actors(GOOD)
    assert smallest(people).id == "head-1"
    for who in ("clerk-2", "reviewer-1", OUTSIDER.id):
        assert smallest(people, lambda one, who=who: one.id == who)  # type: ignore[misc]
    assert smallest(people, lambda one: one == Actor("head-1", body="another-office"))


def looks(clock: JumpingClock) -> list[datetime]:
    return [clock.now, *(clock() for _ in range(4))]


def shifts(clock: JumpingClock) -> bool:
    """Whether the clocks of Berlin were changed between two looks."""
    berlin = [one.astimezone(ZoneInfo("Europe/Berlin")).utcoffset() for one in looks(clock)]
    return len(set(berlin)) == 2


def day_of(clock: JumpingClock) -> date:
    return looks(clock)[-1].astimezone(ZoneInfo("Asia/Shanghai")).date()


@pytest.mark.parametrize(
    "is_it",
    [
        shifts,
        lambda clock: day_of(clock).weekday() < 5 and not china().is_working(day_of(clock)),
        lambda clock: day_of(clock).weekday() >= 5 and china().is_working(day_of(clock)),
        lambda clock: any(later < earlier for earlier, later in pairwise(looks(clock))),
        lambda clock: -(clock.now - looks(clock)[-1]) > timedelta(days=366),
        lambda clock: looks(clock)[-1].microsecond == 999_999,
    ],
)
@pytest.mark.parametrize("start", [datetime(2024, 1, 8, 1, tzinfo=UTC), datetime(2026, 2, 28, 23, 59, tzinfo=UTC)])
def test_clocks_jump_where_it_matters_wherever_they_begin(
    start: datetime, is_it: Callable[[JumpingClock], bool]
) -> None:
    def afresh(clock: JumpingClock) -> bool:
        return is_it(JumpingClock(start, clock.jumps))

    found = smallest(kit.clocks(start), afresh)
    assert len(found.jumps) == 1
    assert "JumpingClock(" in repr(found)


def test_each_jump_does_what_it_says() -> None:
    start = datetime(2025, 3, 1, 10, tzinfo=UTC)
    led = {jump.why: jump.to(start) for jump in JUMPS}
    assert led["over a change of daylight time"] == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)
    assert led["to the last moment before daylight time changes"] == datetime(
        2025, 3, 30, 0, 59, 59, 999_999, tzinfo=UTC
    )
    assert led["back over a change of daylight time"] == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    assert led["into a holiday"].date() == date(2025, 4, 4)
    assert led["into a weekend that is worked"].date() == date(2025, 4, 27)
    assert led["the last moment of the day"] == datetime(2025, 3, 1, 15, 59, 59, 999_999, tzinfo=UTC)
    assert led["back, as a broken clock"] < led["back, as clocks are set"] < start
    assert len(led) == len(JUMPS)


def test_a_clock_that_has_made_its_jumps_stands() -> None:
    clock = JumpingClock(datetime(2024, 1, 8, tzinfo=UTC), JUMPS[2:4])
    assert clock.now == datetime(2024, 1, 8, tzinfo=UTC)
    assert [clock() for _ in range(3)] == [datetime(2024, 1, day, 1, tzinfo=UTC) for day in (8, 9, 9)]
    assert smallest(kit.clocks()).jumps == ()


# Records


def stored(record: Record) -> StoredRecord:
    return StoredRecord(
        record.position,
        record.stream,
        record.version,
        record.tag,
        record.header,
        record.payload,
        bytes.fromhex(record.hash),
    )


@pytest.mark.slow
@settings(few, max_examples=30)
@given(kit.records(GOOD))
def test_a_record_goes_through_the_codec_and_back(record: Record) -> None:
    assert codec.decode(record.tag, record.tag_version, record.payload) == record.event
    assert codec.encode(record.event) == record.payload
    assert from_stored(stored(record)) == record


@pytest.mark.slow
@settings(few, max_examples=20)
@given(kit.cases(GOOD))
def test_the_records_of_a_case_are_a_chain(drawn: Drawn) -> None:
    written_down = [stored(record) for record in drawn.records]
    assert [from_stored(one) for one in chain.verified(written_down)] == list(drawn.records)
