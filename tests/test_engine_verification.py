"""What `verify` finds: every record that no procedure allows, every row that no record gives; and nothing in a healthy store."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import attrs
import pytest
import worlds
from worlds import AUDITOR, BASIS, BRIDGE, CHAIR, CLERK, NOTE, OUTSIDER, START, FakeClock

from stabflow import Actor, Basis, CaseHandle, Engine
from stabflow.decision.events import Added, Amended, Appointed, Constituted, Event, ItemMoved, LaidOut, Moved, Relieved
from stabflow.decision.evolution import evolve
from stabflow.engine import verification
from stabflow.errors import Corrupt, StoreUnavailable
from stabflow.history.commit import batch, seal
from stabflow.history.record import Circumstances
from stabflow.ports.store import AppendResult, DutyPage, DutyQuery
from stabflow.stores.memory import MemoryStore

NOTED = {**NOTE, "owner": CLERK.id}


@pytest.fixture
def engine() -> Engine:
    return worlds.constituted(worlds.engine_over(MemoryStore()))


@pytest.fixture
def case(engine: Engine) -> CaseHandle:
    case = worlds.opened(engine)
    worlds.noted(case)
    case.add("note", by=CLERK, basis=BASIS, **NOTE)
    return case


def store_of(engine: Engine) -> Any:
    return engine._shell.store


# Forged with a right chain and a right index


def forge(engine: Engine, case: CaseHandle, event: Event, **said: Any) -> None:
    """Append ``event`` as one with access to the file could: everything fits but for what ``said`` says."""
    value, last = case.value, case.history()[-1]
    circumstances = {
        "actor": CLERK,
        "role": "clerk",
        "basis": Basis("forged"),
        "mandate": _mandate(case, "clerk"),
        "occurred_at": last.recorded_at,
        "recorded_at": last.recorded_at,
        "procedure": last.procedure,
        **said,
    }
    record = seal(f"case/{case.id}", value.version + 1, value.head, event, Circumstances(**circumstances))
    after = evolve(value, record.event, record.stamp)
    wanted = batch([record], expected_version=value.version, procedure=case.procedure, before=value, after=after)
    store_of(engine).append(wanted)


def _mandate(case: CaseHandle, role: str) -> str:
    if role == "chair":
        return case.history()[0].mandate
    return next((held.mandate for held in case.value.appointments if held.role == role), "")


def note(number: int = 3, **more: Any) -> Added:
    return Added(item=f"note-{number}", kind="note", trigger="add", state="open", values={**NOTED, **more})


def test_what_is_forged_exactly_as_it_would_be_done_is_no_forgery(engine: Engine, case: CaseHandle) -> None:
    """So that each of the following is found for what is wrong with it alone."""
    chair = {"actor": CHAIR, "role": "chair", "mandate": _mandate(case, "chair")}
    stated = case.history()[-1].hash
    forge(engine, case, note())
    forge(engine, case, Amended(item="note-3", values={"words": "new"}, reason="r"))
    forge(
        engine, case, ItemMoved(item="note-2", trigger="do", source="open", dest="done"), role="owner", mandate=stated
    )
    forge(engine, case, Appointed(office="clerk", appointee=OUTSIDER), **chair)
    forge(engine, case, Relieved(office="clerk", appointee=OUTSIDER), **chair)
    assert engine.verify().cases == 1


FORGERIES: dict[str, Callable[[CaseHandle], tuple[Event, dict[str, Any]]]] = {
    "nobody's mandate": lambda case: (note(), {"mandate": "ab" * 32}),
    "the mandate of somebody else": lambda case: (note(), {"actor": OUTSIDER}),
    "for another body": lambda case: (note(), {"actor": Actor(CLERK.id, body="elsewhere")}),
    "an office's mandate for a role of the case": lambda case: (note(), {"mandate": _mandate(case, "chair")}),
    "a record that gave no role": lambda case: (note(), {"mandate": case.history()[-1].hash}),
    "the mandate of another role": lambda case: (note(), {"mandate": _mandate(case, "auditor"), "actor": AUDITOR}),
    "an office that somebody else holds": lambda case: (
        note(), {"actor": OUTSIDER, "role": "chair", "mandate": _mandate(case, "chair")},
    ),
    "a role that is none": lambda case: (note(), {"role": "nonsense"}),
    "an actor field of an item that is not the one": lambda case: (
        ItemMoved(item="note-2", trigger="do", source="open", dest="done"),
        {"role": "owner", "mandate": case.value.items["note-1"].stated["owner"].hash},
    ),
    "who is not named in the actor field": lambda case: (
        ItemMoved(item="note-2", trigger="do", source="open", dest="done"),
        {"role": "owner", "actor": OUTSIDER, "mandate": case.value.items["note-2"].stated["owner"].hash},
    ),
    "who is named in the actor field, for another body": lambda case: (
        ItemMoved(item="note-2", trigger="do", source="open", dest="done"),
        {
            "role": "owner",
            "actor": Actor(CLERK.id, body="supreme-court"),
            "mandate": case.value.items["note-2"].stated["owner"].hash,
        },
    ),
    "appointed by who appoints nobody": lambda case: (Appointed(office="auditor", appointee=OUTSIDER), {}),
    "relieved by who relieves nobody": lambda case: (Relieved(office="auditor", appointee=AUDITOR), {}),
    "appointed oneself": lambda case: (
        Appointed(office="clerk", appointee=CHAIR),
        {"actor": CHAIR, "role": "chair", "mandate": _mandate(case, "chair")},
    ),
    "appointed to a standing office": lambda case: (
        Appointed(office="chair", appointee=OUTSIDER),
        {"actor": CHAIR, "role": "chair", "mandate": _mandate(case, "chair")},
    ),
    "amended by who did not state it": lambda case: (
        Amended(item="note-2", values={"words": "new"}, reason="r"),
        {"actor": CHAIR, "role": "chair", "mandate": _mandate(case, "chair")},
    ),
    "amended by who states nothing": lambda case: (
        Amended(item="note-2", values={"words": "new"}, reason="r"),
        {"actor": AUDITOR, "role": "auditor", "mandate": _mandate(case, "auditor")},
    ),
    "amended nothing": lambda case: (Amended(item="note-2", values={}, reason="r"), {}),
    "a value that the row does not state": lambda case: (note(name="Zhang San"), {}),
    "a value that another row states": lambda case: (note(urgent=True), {}),
    "a number left out": lambda case: (note(5), {}),
    "a name instead of a number": lambda case: (attrs.evolve(note(), item="foo"), {}),
    "a row that leads elsewhere": lambda case: (attrs.evolve(note(), state="done"), {}),
    "before the last act": lambda case: (note(), {"occurred_at": case.history()[-1].occurred_at - timedelta(days=1)}),
    "recorded before the last act": lambda case: (
        note(), dict.fromkeys(("occurred_at", "recorded_at"), case.history()[-1].recorded_at - timedelta(seconds=1)),
    ),
    "recorded before it happened": lambda case: (
        note(), {"occurred_at": case.history()[-1].recorded_at + timedelta(days=1)},
    ),
    "another procedure": lambda case: (note(), {"procedure": "ab" * 32}),
    "nothing laid out": lambda case: (
        Moved(trigger="submit", source="drafting", dest="deciding", values={"urgent": True}), {},
    ),
    "something else laid out": lambda case: (
        Moved(
            trigger="submit",
            source="drafting",
            dest="deciding",
            values={"urgent": True},
            laid_out=(LaidOut(item="check-1", kind="check", state="passed", values={"point": "form"}),),
        ),
        {},
    ),
    "an item that vanishes": lambda case: (
        Moved(trigger="restart", source="drafting", dest="drafting", superseded=("note-2",)),
        {"actor": CHAIR, "role": "chair", "mandate": _mandate(case, "chair")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGERIES)
def test_a_forged_record_is_found(what: str, engine: Engine, case: CaseHandle) -> None:
    event, said = FORGERIES[what](case)
    assert engine.verify().cases == 1
    forge(engine, case, event, **said)
    version = case.value.version
    with pytest.raises(Corrupt, match=f"{case.id} version {version} .*: stop, keep the file"):
        engine.verify()


@pytest.mark.parametrize("holder", [CLERK, CHAIR], ids=str)
def test_who_acts_by_an_actor_field_does_so_for_a_body_they_held_an_office_for(engine: Engine, holder: Actor) -> None:
    case = worlds.opened(engine)
    owed = case.add("note", by=CHAIR, basis=BASIS, **NOTE | {"owner": holder})
    if holder is CLERK:
        case.relieve("clerk", CLERK, by=CHAIR, basis=BASIS)
    else:
        engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    done = ItemMoved(item=owed, trigger="do", source="open", dest="done")
    said = {"role": "owner", "mandate": case.value.items[owed].stated["owner"].hash}
    forge(engine, case, done, **said, actor=Actor(holder.id, body="supreme-court"))
    with pytest.raises(Corrupt, match=rf"did not make {holder.id} \(supreme-court\) 'owner'"):
        engine.verify()


# Acts by standing offices: within the tenure, by the place of each record in the store


def officer(engine: Engine, holder: Actor = CHAIR) -> dict[str, Any]:
    """What a record says that the holder of the chair makes, as long as they hold it."""
    (held,) = (one for one in engine.offices("small") if one.actor == holder.id)
    at = dict.fromkeys(("occurred_at", "recorded_at"), START + timedelta(hours=1))
    return {"actor": holder, "role": "chair", "mandate": held.mandate, **at}


def test_an_act_under_an_office_that_has_ended_is_found(engine: Engine, case: CaseHandle) -> None:
    chair = officer(engine)
    forge(engine, case, note(), **chair)
    assert engine.verify().cases == 1
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    assert engine.verify().cases == 1, "what was done before is not undone"
    forge(engine, case, note(4), **chair)
    with pytest.raises(Corrupt, match=f"{case.id} version {case.value.version} was done under a mandate"):
        engine.verify()


def test_nor_does_the_next_tenure_of_the_same_office_cover_it(engine: Engine, case: CaseHandle) -> None:
    before = officer(engine)
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    engine.constitute("small", "chair", CHAIR, basis=BASIS)
    forge(engine, case, note(), **officer(engine))
    assert engine.verify().cases == 1
    forge(engine, case, note(4), **before)
    with pytest.raises(Corrupt, match="under a mandate that did not make"):
        engine.verify()


def test_an_act_before_the_office_was_filled_is_found(engine: Engine, case: CaseHandle) -> None:
    """Forged in a store that was then made to begin anew: the act stands before the record that it names as its mandate."""
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    engine.constitute("small", "chair", CHAIR, basis=BASIS)
    forge(engine, case, note(), **officer(engine))
    assert engine.verify().cases == 1
    rows = store_of(engine)._records["system/offices"]
    rows[-1] = attrs.evolve(rows[-1], position=case.history()[-1].position + 1)
    with pytest.raises(Corrupt, match="under a mandate that did not make"):
        engine.verify()


def test_an_act_that_claims_a_time_before_its_office_began_is_found() -> None:
    engine = worlds.engine_on("memory:")
    engine.constitute("small", "chair", CHAIR, basis=BASIS)
    case = worlds.opened(engine)
    other = Actor("chair-2", body="council")
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    engine.constitute("small", "chair", other, basis=BASIS)
    last = case.history()[-1]
    forge(engine, case, note(1, owner=other.id), **officer(engine, other) | {"occurred_at": last.occurred_at})
    with pytest.raises(Corrupt, match="under a mandate that did not make"):
        engine.verify()


def test_an_office_that_ends_while_a_store_is_verified_is_no_damage(busy: Busy) -> None:
    engine = worlds.engine_over(busy)
    case = engine.case("small-bridge-1-1")

    def change_hands_and_act() -> None:
        busy.is_busy = False
        engine.withdraw("small", "chair", CHAIR, basis=BASIS)
        engine.constitute("small", "chair", CHAIR, basis=BASIS)
        case.add("note", by=CHAIR, basis=BASIS, **NOTE)

    busy.act = change_hands_and_act
    for _ in range(3):
        busy.is_busy = True
        assert worlds.engine_over(busy).verify().cases == 1


def test_an_office_that_no_founding_authority_filled_is_found(engine: Engine, case: CaseHandle) -> None:
    (held,) = engine.offices("small")
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    offices, store = engine._shell.offices.current(), store_of(engine)
    last = case.history()[-1]
    said = Circumstances(
        actor=CLERK,
        role="clerk",
        basis=Basis("forged"),
        mandate=held.mandate,
        occurred_at=last.recorded_at + timedelta(days=1),
        recorded_at=last.recorded_at + timedelta(days=1),
        procedure=last.procedure,
    )
    event = Constituted(procedure="small", office="chair", holder=CLERK)
    record = seal("system/offices", offices.version + 1, offices.head, event, said)
    store.append(batch([record], expected_version=offices.version))
    with pytest.raises(Corrupt, match="founding authority"):
        engine.verify()


# Beside others who act


class Busy(worlds.Wrapped):
    """A store in which somebody acts whenever its duties are looked at, ahead of the page ``acts_at``."""

    act: Callable[[], object]
    is_busy = False
    acts_at = 1
    page = 0

    def find_duties(self, query: DutyQuery) -> DutyPage:
        self.page = 1 if query.after is None else self.page + 1
        if self.is_busy and self.page == self.acts_at:
            self.is_busy = False
            self.act()
            self.is_busy = True
        return super().find_duties(query)


@pytest.fixture
def busy() -> Busy:
    """A store with a case on which somebody acts at every look."""
    store = Busy(MemoryStore())
    engine = worlds.constituted(worlds.engine_over(store))
    case = worlds.opened(engine)
    worlds.noted(case)
    store.act = lambda: case.add("note", by=CLERK, basis=BASIS, **NOTE)
    return store


def test_a_healthy_store_is_not_corrupt_because_others_act_on_it(busy: Busy) -> None:
    busy.is_busy = True
    engine = worlds.engine_over(busy)
    before = engine.case("small-bridge-1-1").value.version
    for _ in range(3):
        assert engine.verify().cases == 1
    assert engine.case("small-bridge-1-1").value.version > before


def test_a_case_opened_meanwhile_is_verified_too(busy: Busy) -> None:
    elsewhere = worlds.engine_over(busy)
    busy.act = lambda: elsewhere.open_case("small", BRIDGE, by=CHAIR, basis=BASIS)
    busy.is_busy = True
    assert worlds.engine_over(busy).verify().cases > 1


def test_duties_that_never_stand_still_are_no_damage(busy: Busy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they fill several pages and change between two of them, nothing can be said of them."""
    monkeypatch.setattr(verification, "MAX_PAGE", 1)
    engine = worlds.engine_over(busy)
    case, days = engine.case("small-bridge-1-1"), itertools.count(1)

    def owe_one_more_before_and_behind() -> None:
        day = timedelta(days=next(days))
        for due in (date(2028, 1, 1) - day, date(2028, 1, 1) + day):
            case.add("note", by=CLERK, basis=BASIS, **{**NOTE, "deadline": due})

    busy.act, busy.acts_at = owe_one_more_before_and_behind, 3
    busy.act()
    assert engine.verify().cases == 1
    busy.is_busy = True
    with pytest.raises(StoreUnavailable, match="nothing wrong was found"):
        engine.verify()


def test_what_is_wrong_is_found_also_while_others_act(busy: Busy) -> None:
    inner: Any = busy.inner
    duties = inner._duties["small-bridge-1-1"]
    key, row = next(iter(duties.items()))
    duties[key] = attrs.evolve(row, due_at="2030-01-01T00:00:00.000000Z")
    busy.is_busy = True
    with pytest.raises(Corrupt, match="duties of case 'small-bridge-1-1'"):
        worlds.engine_over(busy).verify()


def test_an_index_left_behind_is_found(engine: Engine, case: CaseHandle) -> None:
    before = dict(store_of(engine)._cases)
    case.add("note", by=CLERK, basis=BASIS, **NOTE)
    store_of(engine)._cases.update(before)
    with pytest.raises(Corrupt, match="at version 6, its records go on"):
        engine.verify()


# Keys


@pytest.fixture
def keyed(engine: Engine, case: CaseHandle) -> CaseHandle:
    case.add("note", by=CLERK, basis=BASIS, key="k", **NOTE)
    with case.acting(CLERK, basis=BASIS, key="block") as act:
        act.fire("do", item=act.add("note", **NOTE))
    engine.withdraw("small", "chair", CHAIR, basis=BASIS, key="o")
    assert engine.verify().cases == 1
    return case


@pytest.mark.parametrize(
    ("key", "of", "versions"),
    [
        ("k", "case", None),
        ("k", "case", (1, 1)),
        ("k", "case", (6, 7)),
        ("k", "case", (7, 8)),
        ("block", "case", (8, 8)),
        ("block", "case", (9, 10)),
        ("o", "system", None),
        ("o", "system", (1, 1)),
    ],
)
def test_a_key_that_answers_with_something_else_is_found(
    key: str, of: str, versions: tuple[int, int] | None, engine: Engine, keyed: CaseHandle
) -> None:
    keys = store_of(engine)._keys
    at = ("system/offices" if of == "system" else f"case/{keyed.id}", key)
    digest, _ = keys.pop(at)
    if versions is not None:
        keys[at] = (digest, AppendResult(*versions))
    with pytest.raises(Corrupt, match="keeps under its key do not agree"):
        engine.verify()


def test_a_key_never_answers_with_what_was_not_done_under_it(engine: Engine, keyed: CaseHandle) -> None:
    keys = store_of(engine)._keys
    at = (f"case/{keyed.id}", "k")
    keys[at] = (keys[at][0], AppendResult(6, 6))
    with pytest.raises(Corrupt, match="which were not done under it"):
        keyed.add("note", by=CLERK, basis=BASIS, key="k", **NOTE)
    with pytest.raises(Corrupt, match="which were not done under it"), keyed.acting(CLERK, basis=BASIS, key="k"):
        pass


def test_a_rehearsal_is_whole_though_its_offices_come_without_keys(engine: Engine, keyed: CaseHandle) -> None:
    engine.constitute("small", "chair", CHAIR, basis=BASIS, key="o-2")
    with engine.rehearsal("small") as rehearsal:
        worlds.opened(rehearsal, key="mine")
        assert rehearsal.verify().cases == 1


# The index


def test_duties_of_a_case_that_is_none_are_found(engine: Engine, case: CaseHandle) -> None:
    duties = store_of(engine)._duties
    duties["ghost"] = {
        key: attrs.evolve(row, case_id="ghost") for key, row in duties[case.id].items() if row.duty == "case"
    }
    with pytest.raises(Corrupt, match="duties of case 'ghost', of which there is no record"):
        engine.verify()


def test_a_case_that_is_lost_from_the_index_is_found_by_what_is_owed_in_it(engine: Engine, case: CaseHandle) -> None:
    del store_of(engine)._cases[case.id]
    with pytest.raises(Corrupt, match="no row in the index"):
        engine.verify()
    del store_of(engine)._duties[case.id]
    with pytest.raises(Corrupt, match="no row in the index"):
        engine.verify()


def test_times_of_offices_do_not_go_back() -> None:
    clock = FakeClock()
    engine = worlds.constituted(worlds.engine_on("memory:", clock))
    clock.now -= timedelta(days=3)
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    engine.constitute("small", "chair", CHAIR, basis=BASIS, at=clock.now - timedelta(days=900))
    assert worlds.opened(engine).value.version == 3
    assert engine.verify().cases == 1, "what is claimed for an office may be long ago"
