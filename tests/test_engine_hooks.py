"""The accountability hooks on the real engine: asked before an act, told after it, and no plugin can do more than say no."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import lapsing
import pytest
import worlds
from crash.child import environment
from worlds import AUDITOR, BASIS, BRIDGE, CHAIR, CLERK, NOTE, OUTSIDER, FakeClock

import stabflow
from stabflow import Actor, Basis, Blocker, Case, CaseHandle, Engine, InvalidInput, Plugin, Record, Refused, hookimpl
from stabflow.decision.events import Attempted, Event, PluginFailed
from stabflow.dossier import Dossier, rehearse
from stabflow.dossier import run as run_dossier
from stabflow.engine import observers
from stabflow.errors import CommitUnknown, Corrupt, NotPermitted, NotYourRole, StoreUnavailable, Unmet, VersionConflict
from stabflow.history.commit import batch, seal
from stabflow.history.record import Circumstances
from stabflow.plugins import Watching, equip
from stabflow.ports.hooks import ASKING, Amend, Appoint, Breach, Command, Fire, Migrate, Open, Relieve, Text, VoidBreach

STAND_IN = Text("the archive is closed", "档案室关闭")
CLOSED = Blocker(kind="archive", text=STAND_IN, facts={"room": 7})


class Checks(Plugin):
    """Answers what the test says, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Command], object] = lambda command: None) -> None:
        self.answer = answer
        self.asked: list[tuple[Case | None, Command, datetime]] = []

    @hookimpl
    def stabflow_check_command(self, case: Case | None, command: Command, now: datetime) -> Blocker | None:
        self.asked.append((case, command, now))
        return self.answer(command)  # type: ignore[return-value]


class Hears(Plugin):
    """Writes down everything it is told."""

    def __init__(self) -> None:
        self.recorded: list[tuple[Case, Sequence[Record]]] = []
        self.refused: list[tuple[Case | None, Refused]] = []
        self.breaches: list[tuple[Case, Breach]] = []

    @hookimpl
    def stabflow_recorded(self, case: Case, records: Sequence[Record]) -> None:
        self.recorded.append((case, records))

    @hookimpl
    def stabflow_refused(self, case: Case | None, refusal: Refused) -> None:
        self.refused.append((case, refusal))

    @hookimpl
    def stabflow_breach_found(self, case: Case, breach: Breach) -> None:
        self.breaches.append((case, breach))

    @property
    def tags(self) -> list[list[str]]:
        return [[record.tag for record in records] for _, records in self.recorded]


class Stumbles(Plugin):
    """Fails whenever it is told anything, naming somebody in the error."""

    def __init__(self, error: Callable[[], BaseException] = lambda: OSError("no room for 张三, 13 Mill Lane")) -> None:
        self.error = error

    def fail(self) -> None:
        raise self.error()

    @hookimpl
    def stabflow_recorded(self, case: Case, records: Sequence[Record]) -> None:
        self.fail()

    @hookimpl
    def stabflow_refused(self, case: Case | None, refusal: Refused) -> None:
        self.fail()

    @hookimpl
    def stabflow_breach_found(self, case: Case, breach: Breach) -> None:
        self.fail()


class Opens:
    """Opens engines with plugins over one store."""

    def __init__(self, store: worlds.Wrapped) -> None:
        self.store = store
        self.clock = FakeClock()

    def __call__(self, *plugins: Plugin, **more: Any) -> Engine:
        return worlds.engine_over(self.store, self.clock, plugins=plugins, **more)


@pytest.fixture(params=["memory", "sqlite"])
def opens(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opens]:
    """A store with its chair; what the engines leave in it is whole."""
    store = worlds.wrapped("memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/store.db")
    opens = Opens(store)
    worlds.constituted(opens())
    yield opens
    store.mend()
    opens().verify()
    store.close()


def kinds(refusal: Refused) -> list[str]:
    return [blocker.kind for blocker in refusal.blockers]


# Asked before


def test_a_veto_refuses_among_the_other_blockers_and_names_its_plugin(opens: Opens) -> None:
    checks = Checks()
    case = worlds.opened(opens(checks))
    checks.answer = lambda command: CLOSED
    with pytest.raises(NotYourRole) as refusal:
        case.fire("submit", by=OUTSIDER, basis=BASIS, urgent=True)
    assert kinds(refusal.value) == ["role", "items", "plugin"]
    veto = refusal.value.blockers[-1]
    name = f"{__name__}.Checks"
    assert veto.facts == {"room": 7, "plugin": name, "kind": "archive"}
    assert veto.text == Text(f"the archive is closed (plugin {name})", f"档案室关闭（插件{name}）")
    assert veto.sentence().en in refusal.value.describe()
    assert refusal.value.as_dict("zh")["blockers"][-1]["kind"] == "plugin"  # type: ignore[index]
    assert case.value.version == 3

    worlds.noted(opens().case(case.id))
    with pytest.raises(Unmet) as alone:
        case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    assert kinds(alone.value) == ["plugin"]
    checks.answer = lambda command: None
    case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    assert case.state == "deciding"


def test_several_plugins_are_asked_in_their_order_and_each_has_its_blocker(opens: Opens) -> None:
    class Second(Checks):
        pass

    class Third(Plugin):
        @hookimpl
        def stabflow_check_command(self, command: Command) -> Blocker | None:  # type: ignore[override]
            return Blocker(kind="third", text=Text(type(command).__name__, "三"))

    case = worlds.opened(opens())
    handle = opens(Checks(lambda _: CLOSED), Third(), Second(lambda _: CLOSED)).case(case.id)
    with pytest.raises(Unmet) as refusal:
        handle.add("note", by=CLERK, basis=BASIS, **NOTE)
    said = [str(blocker.facts["plugin"]).rpartition(".")[2] for blocker in refusal.value.blockers]
    assert said == ["Checks", "Third", "Second"]
    assert refusal.value.blockers[1].facts["kind"] == "third", "an implementation takes the arguments it names"


def test_who_only_asks_sees_the_veto_too_and_nothing_is_recorded(opens: Opens) -> None:
    checks, hears = Checks(), Hears()
    case = worlds.opened(opens(checks, hears))
    worlds.noted(case)
    told = len(hears.recorded)

    def pending(command: Command) -> Blocker | None:
        if isinstance(command, Fire) and command.trigger == "submit" and "urgent" not in command.values:
            return Blocker(kind="x", text=STAND_IN, pending=True)
        return CLOSED if isinstance(command, Fire) else None

    checks.answer = pending
    checks.asked.clear()
    assert [one.kind for one in case.blockers("restart", by=CHAIR)] == ["plugin"]
    assert case.blockers("submit", by=CLERK) == (), "it hangs on a value that is still to be given"
    assert [one.kind for one in case.blockers("submit", by=CLERK, urgent=True)] == ["plugin"]
    assert case.add_blockers("note", by=CLERK) == ()
    assert {command.basis for _, command, _ in checks.asked} == {ASKING}
    assert [option.trigger for option in case.available(CHAIR)] == ["add"]
    checks.answer = lambda command: 1 / 0
    assert [one.kind for one in case.blockers("restart", by=CHAIR)] == ["plugin_failed"]
    assert case.available(CHAIR) == ()
    assert (hears.refused, len(hears.recorded)) == ([], told)
    assert opens().plugin_failures() == ()


def test_a_plan_says_that_plugins_have_a_say(opens: Opens) -> None:
    checks = Checks(lambda command: None)
    case = worlds.opened(opens(checks))
    checks.asked.clear()
    acts, without = case.plan("settled").acts, opens().case(case.id).plan("settled").acts
    assert acts
    assert [act.asks[:-1] for act in acts] == [act.asks for act in without]
    assert all(f"{__name__}.Checks" in act.asks[-1].en for act in acts)
    assert all("无异议" in act.asks[-1].zh for act in acts)
    assert checks.asked == [], "nobody is asked of acts that may never be"


def test_every_command_is_asked_with_the_case_as_it_finds_it(opens: Opens) -> None:
    checks = Checks()
    engine = opens(checks)
    case = worlds.opened(engine)
    (at_opening, command, now), *_ = checks.asked
    assert at_opening is None
    assert isinstance(command, Open)
    assert (command.matter, command.actor, command.basis) == (BRIDGE, CHAIR, Basis(BASIS))
    assert now == case.history()[0].occurred_at
    note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    case.amend(note, by=CLERK, basis=BASIS, reason="a slip", words="书面意见")
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    case.relieve("auditor", AUDITOR, by=CHAIR, basis=BASIS)
    asked = [type(command).__name__ for _, command, _ in checks.asked]
    assert asked == ["Open", "Appoint", "Appoint", "Add", "Amend", "Fire", "Relieve"]
    assert [0 if one is None else one.version for one, _, _ in checks.asked] == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("of", [Open, Appoint, Relieve, Amend, Migrate], ids=lambda one: one.__name__)
def test_each_command_can_be_vetoed(opens: Opens, of: type[Command]) -> None:
    checks = Checks(lambda command: CLOSED if isinstance(command, of) else None)
    newer = worlds.small(find='version = "1"', put='version = "2"')
    free = worlds.opened(opens())
    note = free.add("note", by=CLERK, basis=BASIS, **NOTE)
    hears = Hears()
    engine = opens(checks, hears, procedures=[worlds.small(), newer])
    case = engine.case(free.id)
    acts: dict[type[Command], Callable[[], object]] = {
        Open: lambda: engine.open_case("small@1", BRIDGE, by=CHAIR, basis=BASIS),
        Appoint: lambda: case.appoint("clerk", OUTSIDER, by=CHAIR, basis=BASIS),
        Relieve: lambda: case.relieve("auditor", AUDITOR, by=CHAIR, basis=BASIS),
        Amend: lambda: case.amend(note, by=CLERK, basis=BASIS, reason="a slip", words="其他"),
        Migrate: lambda: engine.migrate(case, "small@2", by=CHAIR, basis=BASIS),
    }
    with pytest.raises(Unmet) as refusal:
        acts.pop(of)()
    assert kinds(refusal.value) == ["plugin"]
    assert [one for _, one in hears.refused] == [refusal.value]
    assert hears.refused[0][0] == (None if of is Open else case.value)
    if of is Migrate:
        told = engine.migrate(case, "small@2", by=CHAIR, basis=BASIS, dry_run=True)
        assert [one.kind for one in told.blockers] == ["plugin"]
        (told,) = engine.migrate_all("small@2", by=CHAIR, basis=BASIS)
        assert [one.kind for one in told.blockers] == ["plugin"]
        assert len(hears.refused) == 2, "one was refused and another told; the dry run tried nothing"
    for act in acts.values():
        act()


def test_what_no_row_permits_and_what_could_never_be_right_is_put_to_no_plugin(opens: Opens) -> None:
    checks = Checks(lambda command: CLOSED)
    case = worlds.opened(opens())
    handle = opens(checks).case(case.id)
    with pytest.raises(NotPermitted):
        handle.fire("settle", by=CHAIR, basis=BASIS)
    with pytest.raises(InvalidInput):
        handle.fire("fly", by=CHAIR, basis=BASIS)
    with pytest.raises(InvalidInput):
        handle.fire("submit", by=CLERK, basis=BASIS, urgent="maybe")
    assert checks.asked == []


RAISED: dict[str, Callable[[], BaseException]] = {
    "ZeroDivisionError": lambda: ZeroDivisionError("张三"),
    "KeyError": lambda: KeyError("张三"),
    "InvalidInput": lambda: InvalidInput.at("x", "张三"),
    "Unmet": lambda: Unmet(Text("张三", "张三"), [CLOSED]),
    "RecursionError": RecursionError,
    "SystemExit": lambda: SystemExit(0),
}


@pytest.mark.parametrize("name", RAISED)
def test_a_check_that_raises_refuses_and_its_failure_is_on_record(opens: Opens, name: str) -> None:
    def raising(command: Command) -> object:
        error = RAISED[name]()
        raise error

    checks, hears = Checks(), Hears()
    case = worlds.opened(opens(checks, hears))
    checks.answer = raising
    for key in (None, "k"):
        with pytest.raises(Unmet) as refusal:
            case.fire("restart", by=CHAIR, basis=BASIS, key=key)
        (blocker,) = refusal.value.blockers
        assert blocker.kind == "plugin_failed"
        assert f"{__name__}.Checks" in blocker.text.en
        assert f"{__name__}.Checks" in blocker.text.zh
        assert blocker.facts["error"] == name
    assert [one for _, one in hears.refused][-1] is refusal.value
    records = opens().plugin_failures()
    assert [record.stream for record in records] == ["system/plugins"] * 2
    event = records[-1].event
    assert isinstance(event, PluginFailed)
    assert (event.plugin, event.hook) == (f"{__name__}.Checks", "stabflow_check_command")
    assert (event.error, event.case_id, event.version) == (name, case.id, 3)
    assert event.place.startswith(f"{__name__}:")
    assert event.place.endswith("raising")
    assert "张三" not in str([record.as_dict() for record in records])
    checks.answer = lambda command: None
    case.fire("restart", by=CHAIR, basis=BASIS, key="k")


ANSWERS = [False, True, "no", 0, (), STAND_IN, Blocker(kind="x", text="no"), Blocker(kind="x", text=STAND_IN, have=1)]  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", ANSWERS, ids=repr)
def test_a_check_that_answers_anything_else_refuses(opens: Opens, answer: object) -> None:
    case = worlds.opened(opens())
    with pytest.raises(Unmet) as refusal:
        opens(Checks(lambda command: answer)).case(case.id).fire("restart", by=CHAIR, basis=BASIS)
    assert kinds(refusal.value) == ["plugin_failed"]
    (record,) = opens().plugin_failures()
    assert isinstance(record.event, PluginFailed)
    assert record.event.hook == "stabflow_check_command"


def test_the_place_of_a_failure_is_the_plugins_own(opens: Opens) -> None:
    case = worlds.opened(opens())
    with pytest.raises(Unmet):
        opens(Checks(lambda command: json.loads("{"))).case(case.id).fire("restart", by=CHAIR, basis=BASIS)
    (record,) = opens().plugin_failures()
    assert isinstance(record.event, PluginFailed)
    assert record.event.error == "JSONDecodeError"
    assert record.event.place.startswith(f"{__name__}:"), "and not somewhere in json"


def test_a_check_that_interrupts_interrupts(opens: Opens) -> None:
    def interrupting(command: Command) -> object:
        raise KeyboardInterrupt

    case = worlds.opened(opens())
    with pytest.raises(KeyboardInterrupt):
        opens(Checks(interrupting)).case(case.id).fire("restart", by=CHAIR, basis=BASIS)
    assert case.value.version == 3


def test_a_check_cannot_change_what_is_decided(opens: Opens) -> None:
    def meddling(command: Command) -> object:
        if isinstance(command, Fire):
            command.values["urgent"] = False  # type: ignore[index]
        return None

    case = worlds.opened(opens())
    worlds.noted(case)
    with pytest.raises(Unmet) as refusal:
        opens(Checks(meddling)).case(case.id).fire("submit", by=CLERK, basis=BASIS, urgent=True)
    assert refusal.value.blockers[0].facts["error"] == "TypeError"


def test_a_check_is_asked_again_after_a_lost_race(opens: Opens) -> None:
    checks, hears = Checks(), Hears()
    case = worlds.opened(opens())
    handle = opens(checks, hears).case(case.id)
    rival = opens().case(case.id)
    opens.store.interleave(lambda: rival.add("note", by=CHAIR, basis=BASIS, **NOTE))
    checks.answer = lambda command: CLOSED if rival.value.items else None
    with pytest.raises(Unmet):
        handle.add("note", by=CLERK, basis=BASIS, **NOTE)
    assert [None if one is None else one.version for one, _, _ in checks.asked] == [3, 4]
    assert (len(hears.refused), hears.recorded) == (1, [])


# Told after


def test_plugins_are_told_of_what_was_recorded_and_of_what_was_refused(opens: Opens) -> None:
    hears = Hears()
    case = worlds.opened(opens(hears))
    note = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    case.fire("do", item=note, by=CLERK, basis=BASIS)
    assert hears.tags == [["case.opened"], ["appointed"], ["appointed"], ["item.added"], ["item.moved"]]
    assert [one.version for one, _ in hears.recorded] == [1, 2, 3, 4, 5]
    assert hears.recorded[-1][0] == case.value
    assert [records[0] for _, records in hears.recorded] == list(case.history())
    before = case.value
    with pytest.raises(NotYourRole) as refusal:
        case.fire("submit", by=OUTSIDER, basis=BASIS, urgent=True)
    with pytest.raises(NotPermitted):
        case.fire("settle", by=CHAIR, basis=BASIS)
    assert hears.refused[0] == (before, refusal.value)
    assert len(hears.refused) == 2
    with pytest.raises(InvalidInput):
        case.fire("fly", by=CHAIR, basis=BASIS)
    with pytest.raises(VersionConflict):
        case.fire("restart", by=CHAIR, basis=BASIS, if_version=1)
    assert (len(hears.recorded), len(hears.refused)) == (5, 2), "what is wrong, or too late, is no refusal"


def test_a_block_is_told_once_with_all_its_records(opens: Opens) -> None:
    hears = Hears()
    case = worlds.opened(opens(hears))
    hears.recorded.clear()
    with case.acting(CLERK, basis=BASIS) as act:
        note = act.add("note", **NOTE)
        with pytest.raises(Unmet):
            act.fire("submit", urgent=True)
        act.fire("do", item=note)
        assert hears.recorded == [], "nothing is stored yet"
        (found, _) = hears.refused[0]
        assert found is not None
        assert "note-1" in found.items, "the case as the refused act found it"
    assert hears.tags == [["item.added", "item.moved"]]
    assert tuple(hears.recorded[0][1]) == act.records
    assert hears.recorded[0][0] == case.value
    with pytest.raises(ZeroDivisionError), case.acting(CLERK, basis=BASIS) as act:
        act.add("note", words=str(1 // 0))
    assert len(hears.recorded) == 1
    with case.acting(CLERK, basis=BASIS):
        pass
    assert len(hears.recorded) == 1
    # With a key the refusal comes again as the block is left: the same one, told once.
    hears.refused.clear()
    keyed = case.acting(CHAIR, basis=BASIS, key="k")
    keyed.__enter__()
    with pytest.raises(NotPermitted):
        keyed.fire("settle")
    with pytest.raises(NotPermitted) as again:
        keyed.__exit__(None, None, None)
    assert [one for _, one in hears.refused] == [again.value]


def test_what_a_key_answers_is_told_only_when_it_was_done(opens: Opens) -> None:
    hears = Hears()
    engine = opens(hears)
    for _ in range(2):
        case = engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, key="o")
        case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS, key="a")
        with case.acting(CLERK, basis=BASIS, key="b") as act:
            act.add("note", **NOTE)
    assert hears.tags == [["case.opened"], ["appointed"], ["item.added"]]
    # Stored by another engine after this one had looked for the key: the store answers with what is there.
    rival = opens().case(case.id)
    opens.store.interleave(lambda: rival.fire("restart", by=CHAIR, basis=BASIS, key="r"))
    record = case.fire("restart", by=CHAIR, basis=BASIS, key="r")
    assert record.position
    assert len(hears.recorded) == 3


def test_an_act_is_told_once_however_often_it_was_tried(opens: Opens) -> None:
    hears = Hears()
    case = worlds.opened(opens(hears))
    hears.recorded.clear()
    rival = opens().case(case.id)
    opens.store.interleave(lambda: rival.add("note", by=CHAIR, basis=BASIS, **NOTE), times=3)
    assert case.add("note", by=CLERK, basis=BASIS, **NOTE) == "note-4"
    assert hears.tags == [["item.added"]]
    assert hears.recorded[0][0].version == 7


def test_what_nobody_knows_to_be_stored_is_not_told(opens: Opens) -> None:
    hears = Hears()
    case = worlds.opened(opens(hears))
    hears.recorded.clear()
    for how, error in (("unknown", CommitUnknown), ("unavailable", StoreUnavailable)):
        opens.store.fail(how)
        with pytest.raises(error):
            case.fire("restart", by=CHAIR, basis=BASIS, key=how)
    assert hears.recorded == []
    case.fire("restart", by=CHAIR, basis=BASIS, key="unknown")
    assert hears.recorded == [], "it had been stored: at most once"
    case.fire("restart", by=CHAIR, basis=BASIS, key="unavailable")
    assert hears.tags == [["case.moved"]]


def test_a_migration_is_told(opens: Opens) -> None:
    hears = Hears()
    newer = worlds.small(find='version = "1"', put='version = "2"')
    engine = opens(hears, procedures=[worlds.small(), newer])
    case = worlds.opened(opens())
    engine.migrate(case.id, "small@2", by=CHAIR, basis=BASIS, dry_run=True)
    assert hears.recorded == []
    engine.migrate(case.id, "small@2", by=CHAIR, basis=BASIS, key="m")
    engine.migrate(case.id, "small@2", by=CHAIR, basis=BASIS, key="m")
    assert hears.tags == [["case.migrated"]]
    assert hears.recorded[0][0].procedure_version == "2"


def test_one_that_raises_stops_neither_the_act_nor_the_next_and_is_on_record(opens: Opens) -> None:
    hears = Hears()
    engine = opens(Stumbles(), hears)
    case = worlds.opened(engine)
    assert case.value.version == 3
    assert hears.tags == [["case.opened"], ["appointed"], ["appointed"]]
    with pytest.raises(NotPermitted):
        case.fire("settle", by=CHAIR, basis=BASIS)
    assert len(hears.refused) == 1
    opens.clock.now += timedelta(days=8)
    (breach,) = engine.tick().breaches
    assert [(one.version, found.version) for one, found in hears.breaches] == [(4, breach.version)]
    records = engine.plugin_failures()
    events = [record.event for record in records]
    assert all(isinstance(event, PluginFailed) and event.plugin == f"{__name__}.Stumbles" for event in events)
    said = [(event.hook, event.error, event.version) for event in events if isinstance(event, PluginFailed)]
    assert said == [
        ("stabflow_recorded", "OSError", 1),
        ("stabflow_recorded", "OSError", 2),
        ("stabflow_recorded", "OSError", 3),
        ("stabflow_refused", "OSError", 3),
        ("stabflow_recorded", "OSError", 4),
        ("stabflow_breach_found", "OSError", 4),
    ]
    assert [record.version for record in records] == [1, 2, 3, 4, 5, 6]
    assert {(record.actor.id, record.role) for record in records} == {("system:engine", "engine")}
    assert "张三" not in str([record.as_dict() for record in records])
    before = opens().verify().records
    with pytest.raises(NotPermitted):
        case.fire("settle", by=CHAIR, basis=BASIS)
    assert opens().verify().records == before + 1


@pytest.mark.parametrize("name", RAISED)
def test_whatever_is_raised_is_isolated(opens: Opens, name: str) -> None:
    hears = Hears()
    case = worlds.opened(opens())
    opens(Stumbles(RAISED[name]), hears).case(case.id).fire("restart", by=CHAIR, basis=BASIS)
    assert hears.tags == [["case.moved"]]
    (record,) = opens().plugin_failures()
    assert isinstance(record.event, PluginFailed)
    assert record.event.error == name
    assert record.event.place.endswith("Stumbles.fail")


def test_an_interruption_passes_through_and_the_act_stands(opens: Opens) -> None:
    case = worlds.opened(opens())
    handle = opens(Stumbles(KeyboardInterrupt)).case(case.id)
    with pytest.raises(KeyboardInterrupt):
        handle.fire("restart", by=CHAIR, basis=BASIS, key="k")
    assert handle.fire("restart", by=CHAIR, basis=BASIS, key="k").version == case.value.version == 4


def test_one_that_answers_something_is_on_record_too(opens: Opens) -> None:
    class Answers(Plugin):
        @hookimpl
        def stabflow_recorded(self, records: Sequence[Record]) -> None:  # type: ignore[override]
            return (one for one in records)  # type: ignore[return-value]

    worlds.opened(opens(Answers()))
    event = opens().plugin_failures()[0].event
    assert isinstance(event, PluginFailed)
    assert (event.error, event.place) == ("answered generator", "")


def test_a_failure_that_cannot_be_recorded_breaks_nothing_and_goes_to_the_log(
    opens: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    hears = Hears()
    case = worlds.opened(opens())
    handle = opens(Stumbles(), hears).case(case.id)
    opens.store.fail("unavailable", times=9, only="system/plugins")
    with caplog.at_level(logging.WARNING):
        record = handle.fire("restart", by=CHAIR, basis=BASIS)
        with pytest.raises(NotPermitted):
            handle.fire("settle", by=CHAIR, basis=BASIS)
    assert case.history()[-1] == record
    assert (hears.tags, len(hears.refused)) == ([["case.moved"]], 1)
    assert opens().plugin_failures() == ()
    assert [one.levelname for one in caplog.records] == ["WARNING", "ERROR"] * 2
    assert "could not be put on record" in caplog.text


def test_failures_at_once_are_records_one_after_the_other(opens: Opens) -> None:
    case = worlds.opened(opens())
    other = opens(Stumbles()).case(case.id)
    handle = opens(Stumbles()).case(case.id)
    opens.store.interleave(lambda: other.fire("restart", by=CHAIR, basis=BASIS), only="system/plugins")
    handle.fire("restart", by=CHAIR, basis=BASIS)
    assert [record.version for record in opens().plugin_failures()] == [1, 2]


def test_a_clock_that_goes_back_does_not_turn_the_failures_round(opens: Opens) -> None:
    engine = opens(Stumbles())
    case = worlds.opened(engine)
    opens.clock.now -= timedelta(days=1)
    case.fire("restart", by=CHAIR, basis=BASIS)
    times = [record.recorded_at for record in engine.plugin_failures()]
    assert times == sorted(times)
    assert engine.plugin_failures()[-1].clamped


def test_a_rehearsal_asks_and_tells_nobody(opens: Opens) -> None:
    checks, hears = Checks(), Hears()
    engine = opens(checks, hears)
    with engine.rehearsal("small") as tried:
        case = worlds.opened(tried)
        with pytest.raises(NotPermitted):
            case.fire("settle", by=CHAIR, basis=BASIS)
        assert len(checks.asked) == 3
        checks.answer = lambda command: CLOSED
        with pytest.raises(Unmet):
            case.fire("restart", by=CHAIR, basis=BASIS)
    assert (hears.recorded, hears.refused) == ([], [])


def test_of_a_dossier_only_what_is_written_is_told(tmp_path: Path) -> None:
    dossier = Dossier.load(Path(__file__).parent.parent / "examples" / "county-bridge.toml")
    hears = Hears()
    rehearse(dossier, plugins=[hears])
    assert hears.recorded == []
    done = run_dossier(dossier, f"sqlite:///{tmp_path}/store.db", plugins=[hears])
    with stabflow.open(f"sqlite:///{tmp_path}/store.db", procedures=[dossier.procedure]) as engine:
        assert [records[0] for _, records in hears.recorded] == list(engine.case(done.case_id).history())


def test_a_plugin_may_act_when_it_is_told(opens: Opens) -> None:
    """Whatever for: no lock is held and no transaction is open."""

    class Follows(Plugin):
        case: CaseHandle

        @hookimpl
        def stabflow_recorded(self, case: Case, records: Sequence[Record]) -> None:
            if case.version == 4:
                self.case.fire("restart", by=CHAIR, basis="because of the one before")

    follows, hears = Follows(), Hears()
    case = worlds.opened(opens())
    follows.case = opens(follows, hears).case(case.id)
    follows.case.fire("restart", by=CHAIR, basis=BASIS)
    assert case.value.version == 5
    assert opens().plugin_failures() == ()
    assert len(hears.recorded) == 2


def late(opens: Opens, *plugins: Plugin) -> CaseHandle:
    """A case whose draft is overdue, told to ``plugins``."""
    case = worlds.opened(opens())
    opens.clock.now += timedelta(days=8)
    opens(*plugins).tick()
    return case


def test_a_breach_is_told_once_with_the_case_it_is_in(opens: Opens) -> None:
    hears = Hears()
    case = late(opens, hears)
    value, breach = case.value, case.value.breaches["case"]
    assert hears.breaches == [(value, breach)]
    assert (breach.roles, breach.level, breach.possible) == (("clerk",), 0, False)
    assert hears.tags == [["breach.found"]]
    opens(hears).tick()
    assert len(hears.breaches) == 1
    assert hears.refused == []


def test_a_finding_is_told_with_its_breach_and_what_time_tries_in_vain_is_no_refusal() -> None:
    """Whoever has left every office is not named in the finding: the system tries, and adds it without the name."""
    store, clock, hears = worlds.wrapped(), lapsing.Hand(), Hears()
    engine = worlds.engine_over(store, clock, procedures=[lapsing.known()], plugins=[hears])
    owner = Actor("o-22", body="unit")
    for office, holder in (("inspector", lapsing.INSPECTOR), ("head", lapsing.HEAD), ("judge", owner)):
        engine.constitute("inspection", office, holder, basis=BASIS)
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=lapsing.INSPECTOR, basis=BASIS)
    by_then = date(2026, 1, 6)
    case.fire("assign", item=hazard, by=lapsing.HEAD, basis=BASIS, owner=owner.id, deadline=by_then)
    clock.now = datetime(2026, 1, 7, 1, 0, tzinfo=UTC)
    engine.withdraw("inspection", "judge", owner, basis=BASIS)
    hears.recorded.clear()
    engine.tick()
    assert ["breach.found", "item.added"] in hears.tags
    assert [breach.duty for _, breach in hears.breaches] == [hazard]
    assert (hears.refused, engine.plugin_failures()) == ([], ())


@pytest.mark.parametrize("answer", [lambda command: CLOSED, lambda command: 1 / 0], ids=["veto", "raising"])
def test_time_asks_no_plugin_and_no_veto_keeps_a_breach_off_the_record(
    opens: Opens, answer: Callable[[Command], object]
) -> None:
    checks = Checks(answer)
    case = late(opens, checks)
    assert case.value.breaches
    assert checks.asked == []
    assert opens().plugin_failures() == ()


def test_what_is_done_about_a_breach_is_asked_and_told(opens: Opens) -> None:
    checks, hears = Checks(lambda command: CLOSED), Hears()
    case = late(opens)
    handle = opens(checks, hears).case(case.id)
    (breach,) = case.value.breaches.values()
    with pytest.raises(Unmet) as refusal:
        handle.void_breach(breach.version, by=CHAIR, basis=BASIS, reason="the clock was wrong")
    assert kinds(refusal.value) == ["plugin"]
    assert [one for _, one in hears.refused] == [refusal.value]
    assert [type(command) for _, command, _ in checks.asked] == [VoidBreach]
    checks.answer = lambda command: None
    handle.void_breach(breach.version, by=CHAIR, basis=BASIS, reason="the clock was wrong")
    assert (hears.tags, hears.breaches) == ([["breach.voided"]], [])


CHILD = """
import os, sys
import worlds
from stabflow import Plugin, hookimpl

class Killed(Plugin):
    @hookimpl
    def stabflow_recorded(self, case, records):
        if case.version == 4:
            print("killed", flush=True)
            os._exit(9)

class Writes(Plugin):
    @hookimpl
    def stabflow_recorded(self, case, records):
        print(case.version, flush=True)

plugins = [Killed(), Writes()] if sys.argv[2] == "first" else [Writes()]
engine = worlds.engine_on(sys.argv[1], plugins=plugins)
if sys.argv[2] == "first":
    case = worlds.opened(worlds.constituted(engine))
else:
    case = engine.case("small-bridge-1-1")
case.fire("restart", by=worlds.CHAIR, basis="order 7", key="k")
print(case.value.version, "done", flush=True)
engine.close()
"""


def test_killed_between_commit_and_telling_it_is_told_at_most_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"

    def child(when: str) -> tuple[int, list[str]]:
        command = [sys.executable, "-c", CHILD, url, when]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()

    assert child("first") == (9, ["1", "2", "3", "killed"])
    assert child("again") == (0, ["4 done"]), "the act was stored, and is not told again"
    with worlds.engine_on(url) as engine:
        assert engine.verify().cases == 1


# What it rests on


def test_a_plugin_may_watch_without_bringing_anything() -> None:
    equipment = equip([Hears(), Checks()])
    assert [one.plugin.rpartition(".")[2] for one in equipment.watching.recorded] == ["Hears"]
    assert [one.plugin.rpartition(".")[2] for one in equipment.checks] == ["Checks"]
    assert (equip().checks, equip().watching) == ((), Watching())


def forged(event: Event, **said: Any) -> Any:
    circumstances: dict[str, Any] = {
        "actor": observers.ENGINE,
        "role": observers.RUNNING,
        "basis": Basis("forged"),
        "mandate": "",
        "occurred_at": worlds.START,
        "recorded_at": worlds.START,
        **said,
    }
    return seal("system/plugins", 1, "00" * 32, event, Circumstances(**circumstances))


FAILURE = PluginFailed(plugin="p", hook="stabflow_recorded", error="E")


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Attempted(matter="m", accept=("a",), reasons=("r",)), {}),
        (FAILURE, {"actor": CLERK}),
        (FAILURE, {"role": "clerk"}),
        (FAILURE, {"mandate": "ab" * 32}),
        (FAILURE, {"occurred_at": worlds.START + timedelta(days=1)}),
    ],
)
def test_a_forged_failure_is_found(event: Event, said: dict[str, Any]) -> None:
    store = worlds.wrapped()
    engine = worlds.constituted(worlds.engine_over(store))
    worlds.opened(engine)
    store.append(batch([forged(event, **said)], expected_version=0))
    with pytest.raises(Corrupt, match="system/plugins"):
        engine.verify()
    if not isinstance(event, PluginFailed):
        with pytest.raises(Corrupt, match="no failure"):
            engine.plugin_failures()


def test_an_honest_failure_is_verified() -> None:
    store = worlds.wrapped()
    engine = worlds.constituted(worlds.engine_over(store))
    before = engine.verify().records
    store.append(batch([forged(FAILURE)], expected_version=0))
    assert engine.verify().records == before + 1
