"""Recusal and delegation on the real engine: by the handle, in a block, once under a key, in a race, in the index, verified."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import lapsing
import pytest
import worlds
from lapsing import HEAD, HELPER, INSPECTOR
from test_engine_duties import told
from test_engine_tick import doubtful, weekday_rota
from test_engine_verification import forge
from worlds import AUDITOR, BASIS, BRIDGE, CHAIR, CLERK, NOTE, OUTSIDER, FakeClock

from stabflow import Actor, CaseHandle, Engine, Matter, Refused
from stabflow.decision.events import Added, Delegated, DelegationEnded, Event, ItemMoved, Recused, Relieved
from stabflow.errors import Corrupt, IdempotencyMismatch, NotYourRole, Unmet, VersionConflict
from stabflow.language import Procedure, loads
from stabflow.stores.memory import MemoryStore

DEPUTY = Actor("deputy-1", body="office")
CHAIRS_DEPUTY = Actor("deputy-2", body="council")
LAST = date(2026, 3, 31)
WHY = {"reason": "on a course", "until": LAST}
KIN = "kin of the builder"


def lending() -> Procedure:
    text = worlds.SMALL
    for title in ("chair", "clerk"):
        text = text.replace(f'title = {{ en = "{title}"', f'delegable = true\ntitle = {{ en = "{title}"')
    return loads(text)


LENDING = lending()


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/s.db?synchronous=normal"
    return worlds.constituted(worlds.engine_on(url, procedures=[LENDING]))


@pytest.fixture
def case(engine: Engine) -> CaseHandle:
    return worlds.opened(engine)


def lent(case: CaseHandle) -> None:
    case.delegate("clerk", DEPUTY, by=CLERK, basis=BASIS, **WHY)


def test_a_deputy_acts_and_it_is_verified(engine: Engine, case: CaseHandle) -> None:
    record = case.delegate("clerk", DEPUTY, by=CLERK, basis=BASIS, **WHY)
    assert record.tag == "delegated"
    assert record.role == "clerk"
    case.add("note", by=DEPUTY, basis=BASIS, **NOTE)
    assert case.history()[-1].mandate == record.hash
    (one,) = case.delegations()
    assert (one.holder, one.delegate, one.until) == (CLERK.id, DEPUTY.id, datetime(2026, 3, 31, 16, tzinfo=UTC))
    assert engine.verify().cases == 1
    ended = case.end_delegation("clerk", DEPUTY, by=CHAIR, basis=BASIS)
    assert (ended.tag, ended.role) == ("delegation.ended", "chair")
    assert case.delegations() == ()
    with pytest.raises(NotYourRole):
        case.add("note", by=DEPUTY, basis=BASIS, **NOTE)
    assert engine.verify().cases == 1


def test_a_standing_office_is_delegated_within_the_case_and_ends_with_the_tenure(
    engine: Engine, case: CaseHandle
) -> None:
    other = worlds.opened(engine, Matter("other", "Other"))
    case.delegate("chair", CHAIRS_DEPUTY, by=CHAIR, basis=BASIS, **WHY)
    case.fire("restart", by=CHAIRS_DEPUTY, basis=BASIS)
    with pytest.raises(NotYourRole):
        other.fire("restart", by=CHAIRS_DEPUTY, basis=BASIS)
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    with pytest.raises(NotYourRole):
        case.fire("restart", by=CHAIRS_DEPUTY, basis=BASIS)
    engine.constitute("small", "chair", CHAIR, basis=BASIS)
    with pytest.raises(NotYourRole):  # another tenure, which has delegated nothing
        case.fire("restart", by=CHAIRS_DEPUTY, basis=BASIS)
    assert engine.verify().cases == 2


def test_a_delegation_runs_out_by_the_clock_and_replay_asks_none() -> None:
    clock = FakeClock()
    store = MemoryStore()
    case = worlds.opened(worlds.constituted(worlds.engine_over(store, clock, procedures=[LENDING])))
    lent(case)
    clock.now = datetime(2026, 3, 31, 15, 59, tzinfo=UTC)
    case.add("note", by=DEPUTY, basis=BASIS, **NOTE)
    clock.now = datetime(2026, 3, 31, 16, tzinfo=UTC)
    with pytest.raises(NotYourRole):
        case.add("note", by=DEPUTY, basis=BASIS, **NOTE)
    assert case.delegations() == ()
    late = worlds.engine_over(store, FakeClock(datetime(2036, 1, 1, tzinfo=UTC)), procedures=[LENDING])
    assert late.case(case.id).value == case.value
    assert late.verify().cases == 1


def test_in_a_block_and_under_a_key(engine: Engine, case: CaseHandle) -> None:
    with case.acting(CLERK, basis=BASIS, key="k") as act:
        act.delegate("clerk", DEPUTY, until=LAST, since=date(2026, 3, 9), reason="leave")
        act.end_delegation("clerk", DEPUTY)
        act.recuse("clerk", CLERK, reason=KIN)
    assert [record.tag for record in act.records] == ["delegated", "delegation.ended", "recused"]
    with case.acting(CLERK, basis=BASIS, key="k") as act:
        act.delegate("clerk", DEPUTY, until=LAST, since=date(2026, 3, 9), reason="leave")
        act.end_delegation("clerk", DEPUTY)
        act.recuse("clerk", CLERK, reason=KIN)
    assert len(case.history()) == 6
    assert engine.verify().cases == 1


@pytest.mark.parametrize("until", [LAST, datetime(2026, 3, 31, 16, tzinfo=UTC)])
def test_sent_twice_it_happens_once(case: CaseHandle, until: date) -> None:
    first = case.delegate("clerk", DEPUTY, by=CLERK, basis=BASIS, until=until, reason="r", key="k")
    assert case.delegate("clerk", DEPUTY, by=CLERK, basis=BASIS, until=until, reason="r", key="k") == first
    later = until + timedelta(days=1)
    with pytest.raises(IdempotencyMismatch):
        case.delegate("clerk", DEPUTY, by=CLERK, basis=BASIS, until=later, reason="r", key="k")
    again = case.recuse("clerk", CLERK, by=CHAIR, basis=BASIS, reason=KIN, key="k2")
    assert case.recuse("clerk", CLERK, by=CHAIR, basis=BASIS, reason=KIN, key="k2") == again
    assert len(case.value.recused) == 1


def test_a_race_with_the_end_of_the_office_is_lost() -> None:
    store = worlds.wrapped()
    engine, rival = (worlds.engine_over(store, procedures=[LENDING]) for _ in range(2))
    case = worlds.opened(worlds.constituted(engine))
    lent(case)
    store.interleave(lambda: rival.case(case.id).relieve("clerk", CLERK, by=CHAIR, basis=BASIS))
    with pytest.raises((Refused, VersionConflict)):
        case.add("note", by=DEPUTY, basis=BASIS, **NOTE)
    assert case.value.counters == {}
    store.interleave(lambda: rival.case(case.id).recuse("auditor", AUDITOR, by=AUDITOR, basis=BASIS, reason=KIN))
    with pytest.raises((Refused, VersionConflict)):
        case.relieve("auditor", AUDITOR, by=CHAIR, basis=BASIS)
    assert engine.verify().cases == 1


# Who owes what


def test_a_duty_stays_the_holders_and_shows_the_deputy(engine: Engine, case: CaseHandle) -> None:
    lent(case)
    (duty,) = case.duties()
    assert duty.holders == ((CLERK.id, CLERK.body),)
    assert duty.delegates == ((DEPUTY.id, CLERK.body),)
    assert told(engine.duties()) == [(case.id, "case", "clerk", CLERK.id)]


def test_a_recusal_leaves_the_role_vacant(engine: Engine, case: CaseHandle) -> None:
    case.recuse("clerk", CLERK, by=CLERK, basis=BASIS, reason=KIN)
    (duty,) = case.duties()
    assert duty.vacant
    assert told(engine.duties()) == [(case.id, "case", "clerk", "")]
    assert engine.verify().cases == 1
    case.appoint("clerk", DEPUTY, by=CHAIR, basis=BASIS)
    assert told(engine.duties()) == [(case.id, "case", "clerk", DEPUTY.id)]


def test_a_standing_office_is_vacant_in_the_case_from_which_its_holder_was_recused(
    engine: Engine, case: CaseHandle
) -> None:
    other = worlds.opened(engine, Matter("other", "Other"))
    for one in (case, other):
        worlds.noted(one)
        one.fire("submit", by=CLERK, basis=BASIS, urgent=False)
    case.recuse("chair", CHAIR, by=CHAIR, basis=BASIS, reason=KIN)
    assert case.duties()[0].vacant
    assert told(engine.duties(role="chair")) == [(case.id, "case", "chair", ""), (other.id, "case", "chair", CHAIR.id)]
    assert [row.body for row in engine.duties(role="chair")] == ["", CHAIR.body]
    assert told(engine.duties(actor=CHAIR)) == [(other.id, "case", "chair", CHAIR.id)]
    assert told(engine.duties(body=CHAIR.body)) == [(other.id, "case", "chair", CHAIR.id)]
    assert engine.verify().cases == 2
    after = Actor("chair-2", body="council")
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    engine.constitute("small", "chair", after, basis=BASIS)
    assert {row.actor for row in engine.duties(role="chair")} == {after.id}
    assert not case.duties()[0].vacant


def test_across_the_cases_of_a_matter() -> None:
    text = worlds.SMALL.replace('roles = ["clerk", "auditor"]', 'roles = ["clerk", "auditor"]\nacross = "matter"')
    text = text.replace('title = { en = "clerk"', 'delegable = true\ntitle = { en = "clerk"')
    engine = worlds.constituted(worlds.engine_on("memory:", procedures=[loads(text)]))
    one, two = (engine.open_case("small", BRIDGE, by=CHAIR, basis=BASIS) for _ in range(2))
    for case in (one, two):
        case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
    one.delegate("clerk", DEPUTY, by=CLERK, basis=BASIS, **WHY)
    one.add("note", by=DEPUTY, basis=BASIS, **NOTE)
    two.relieve("clerk", CLERK, by=CHAIR, basis=BASIS)
    for whom in (DEPUTY, CLERK):  # what the deputy did in the one case, both have done
        with pytest.raises(Unmet) as caught:
            two.appoint("auditor", whom, by=CHAIR, basis=BASIS)
        assert [blocker.kind for blocker in caught.value.blockers] == ["separation"]


# Forged


def _mandate(case: CaseHandle, holder: Actor) -> str:
    return next(held.mandate for held in case.value.appointments if held.actor == holder.id)


def chair(case: CaseHandle) -> dict[str, Any]:
    return {"actor": CHAIR, "role": "chair", "mandate": case.history()[0].mandate}


def note(case: CaseHandle) -> Added:
    number = case.value.counters.get("note", 0) + 1
    values = {**NOTE, "owner": CLERK.id}
    return Added(item=f"note-{number}", kind="note", trigger="add", state="open", values=values)


def delegation(office: str = "clerk", to: Actor = DEPUTY, **more: Any) -> Delegated:
    until = datetime(2026, 3, 31, 16, tzinfo=UTC)
    return Delegated(**{"office": office, "delegate": to, "until": until, "reason": "r", **more})


def deputy(case: CaseHandle) -> dict[str, Any]:
    return {"actor": DEPUTY, "mandate": case.value.delegations[-1].mandate}


FORGERIES: dict[str, tuple[Callable[[CaseHandle], object], Callable[[CaseHandle], tuple[Event, dict[str, Any]]]]] = {
    "delegated by who does not hold it": (
        lambda case: None, lambda case: (delegation(), chair(case)),
    ),
    "delegated what may not be": (
        lambda case: None,
        lambda case: (
            delegation("auditor", Actor("x", body=AUDITOR.body)),
            {"actor": AUDITOR, "role": "auditor", "mandate": _mandate(case, AUDITOR)},
        ),
    ),
    "delegated to oneself": (lambda case: None, lambda case: (delegation(to=CLERK), {})),
    "delegated to another body": (lambda case: None, lambda case: (delegation(to=OUTSIDER), {})),
    "delegated onwards": (lent, lambda case: (delegation(to=Actor("x", body="office")), deputy(case))),
    "delegated for no time": (
        lambda case: None, lambda case: (delegation(until=case.history()[-1].occurred_at), {}),
    ),
    "delegated from the past on": (
        lambda case: None, lambda case: (delegation(since=case.history()[0].occurred_at - timedelta(1)), {}),
    ),
    "delegated to who was recused": (
        lambda case: case.recuse("auditor", AUDITOR, by=AUDITOR, basis=BASIS, reason=KIN),
        lambda case: (delegation(to=Actor(AUDITOR.id, body="office")), {}),
    ),
    "delegated an office that is none": (lambda case: None, lambda case: (delegation("nothing"), {})),
    "under a delegation that was ended": (
        lambda case: (lent(case), case.end_delegation("clerk", DEPUTY, by=CLERK, basis=BASIS)),
        lambda case: (note(case), deputy(case)),
    ),
    "under a delegation that is over": (
        lent,
        lambda case: (
            note(case),
            deputy(case) | dict.fromkeys(("occurred_at", "recorded_at"), datetime(2026, 3, 31, 16, tzinfo=UTC)),
        ),
    ),
    "under a delegation that has not begun": (
        lambda case: case.delegate("clerk", DEPUTY, by=CLERK, basis=BASIS, since=date(2026, 3, 9), **WHY),
        lambda case: (note(case), deputy(case)),
    ),
    "under a delegation to somebody else": (lent, lambda case: (note(case), deputy(case) | {"actor": OUTSIDER})),
    "under a delegation for another body": (
        lent, lambda case: (note(case), deputy(case) | {"actor": Actor(DEPUTY.id, body="council")}),
    ),
    "under a delegation of another role": (
        lambda case: case.delegate("chair", CHAIRS_DEPUTY, by=CHAIR, basis=BASIS, **WHY),
        lambda case: (note(case), deputy(case) | {"actor": CHAIRS_DEPUTY}),
    ),
    "under a delegation whose holder was relieved": (
        lambda case: (lent(case), case.relieve("clerk", CLERK, by=CHAIR, basis=BASIS)),
        lambda case: (note(case), deputy(case)),
    ),
    "under a delegation whose holder was recused": (
        lambda case: (lent(case), case.recuse("clerk", CLERK, by=CHAIR, basis=BASIS, reason=KIN)),
        lambda case: (note(case), deputy(case)),
    ),
    "ended by who may not": (
        lent,
        lambda case: (
            DelegationEnded(office="clerk", delegate=DEPUTY),
            {"actor": AUDITOR, "role": "auditor", "mandate": _mandate(case, AUDITOR)},
        ),
    ),
    "recused by who may not": (
        lambda case: None,
        lambda case: (
            Recused(office="clerk", who=CLERK, reason="r"),
            {"actor": AUDITOR, "role": "auditor", "mandate": _mandate(case, AUDITOR)},
        ),
    ),
    "recused another of one's own role": (
        lambda case: case.appoint("clerk", DEPUTY, by=CHAIR, basis=BASIS),
        lambda case: (Recused(office="clerk", who=DEPUTY, reason="r"), {"mandate": _mandate(case, CLERK)}),
    ),
    "by a standing office of who was recused": (
        lambda case: case.recuse("chair", CHAIR, by=CHAIR, basis=BASIS, reason=KIN),
        lambda case: (note(case), chair(case)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGERIES)
def test_a_forged_act_is_found(what: str) -> None:
    engine = worlds.constituted(worlds.engine_over(MemoryStore(), procedures=[LENDING]))
    case = worlds.opened(engine)
    prepare, forged = FORGERIES[what]
    prepare(case)
    event, said = forged(case)
    assert engine.verify().cases == 1
    forge(engine, case, event, **said)
    with pytest.raises(Corrupt, match=f"{case.id} version {case.value.version} .*: stop, keep the file"):
        engine.verify()


def test_what_is_forged_exactly_as_it_would_be_done_is_no_forgery() -> None:
    engine = worlds.constituted(worlds.engine_over(MemoryStore(), procedures=[LENDING]))
    case = worlds.opened(engine)
    forge(engine, case, delegation())
    forge(engine, case, note(case), **deputy(case))
    forge(engine, case, DelegationEnded(office="clerk", delegate=DEPUTY), **deputy(case))
    forge(engine, case, delegation("chair", CHAIRS_DEPUTY), **chair(case))
    under = {"actor": CHAIRS_DEPUTY, "role": "chair", "mandate": case.value.delegations[-1].mandate}
    forge(engine, case, Relieved(office="auditor", appointee=AUDITOR), **under)
    forge(engine, case, Recused(office="clerk", who=CLERK, reason="r"), **under)
    forge(engine, case, Recused(office="chair", who=CHAIRS_DEPUTY, reason="r"), **under)
    assert engine.verify().cases == 1


def test_what_cannot_follow_is_found() -> None:
    """Forged so that not even the case can be told from it."""
    for event in (DelegationEnded(office="clerk", delegate=DEPUTY), Recused(office="clerk", who=CLERK, reason="r")):
        engine = worlds.constituted(worlds.engine_over(MemoryStore(), procedures=[LENDING]))
        case = worlds.opened(engine)
        case.recuse("clerk", CLERK, by=CHAIR, basis=BASIS, reason=KIN)
        with pytest.raises(Corrupt, match=r"ends a delegation|a second time"):
            forge(engine, case, event, **chair(case))


def test_an_owner_who_was_recused_answers_for_the_body_they_held_office_for() -> None:
    engine = worlds.constituted(worlds.engine_over(MemoryStore(), procedures=[LENDING]))
    case = worlds.opened(engine)
    owed = case.add("note", by=CLERK, basis=BASIS, **NOTE | {"owner": CHAIR})
    case.recuse("chair", CHAIR, by=CHAIR, basis=BASIS, reason=KIN)
    done = ItemMoved(item=owed, trigger="do", source="open", dest="done")
    stated = case.value.items[owed].stated["owner"].hash
    with pytest.raises(NotYourRole):
        case.fire("do", item=owed, by=Actor(CHAIR.id, body="supreme-court"), basis=BASIS)
    case.fire("do", item=owed, by=CHAIR, basis=BASIS)
    assert engine.verify().cases == 1
    other = case.add("note", by=CLERK, basis=BASIS, **NOTE | {"owner": CHAIR})
    stated = case.value.items[other].stated["owner"].hash
    wrong = {"role": "owner", "mandate": stated, "actor": Actor(CHAIR.id, body="supreme-court")}
    forge(engine, case, attrs.evolve(done, item=other), **wrong)
    with pytest.raises(Corrupt, match="did not make"):
        engine.verify()


def test_who_was_recused_answers_for_that_body_also_when_they_take_another_office_later() -> None:
    engine = worlds.constituted(worlds.engine_over(MemoryStore(), procedures=[LENDING]))
    case = worlds.opened(engine)
    owed = case.add("note", by=CLERK, basis=BASIS, **NOTE)
    case.recuse("clerk", CLERK, by=CLERK, basis=BASIS, reason=KIN)
    engine.withdraw("small", "chair", CHAIR, basis=BASIS)
    engine.constitute("small", "chair", Actor(CLERK.id, body="council"), basis=BASIS)
    with pytest.raises(NotYourRole):
        case.fire("do", item=owed, by=Actor(CLERK.id, body="council"), basis=BASIS)
    case.fire("do", item=owed, by=CLERK, basis=BASIS)
    assert engine.verify().cases == 1


# What time makes of it


def inspecting() -> tuple[Engine, lapsing.Hand]:
    text = weekday_rota()
    for role in ("head", "board", "helper"):
        text = text.replace(f"[roles.{role}]", f"[roles.{role}]\ndelegable = true")
    clock = lapsing.Hand()
    engine = lapsing.opened(clock, text=text)
    engine.tick()
    return engine, clock


def test_a_role_that_a_recusal_leaves_vacant_is_to_be_filled_in_its_time() -> None:
    engine, clock = inspecting()
    case = lapsing.a_case(engine)
    other = Actor("helper-2", body=HELPER.body)
    case.appoint("helper", other, by=HEAD, basis="b")
    case.recuse("helper", other, by=HEAD, basis="b", reason=KIN)
    assert case.value.vacancies == {}, "somebody is left"
    record = case.recuse("helper", HELPER, by=HELPER, basis="b", reason=KIN)
    (left,) = record.event.vacancies  # type: ignore[attr-defined]
    assert (left.office, left.due.limit) == ("helper", "2 working days")
    assert [(duty.duty, duty.role) for duty in case.duties()[1:]] == [("vacancy:helper", "head")]
    clock.now = left.due.at
    (breach,) = [one for one in engine.tick().breaches if one.event.duty == "vacancy:helper"]  # type: ignore[attr-defined]
    assert breach.event.holders == (HEAD,)  # type: ignore[attr-defined]
    assert engine.verify().cases >= 1
    case.appoint("helper", Actor("helper-3", body=HELPER.body), by=HEAD, basis="b")
    assert case.value.vacancies == {}
    assert engine.verify().cases >= 1


def test_a_breach_is_judged_neither_by_who_held_the_duty_nor_for_them_nor_by_their_delegate() -> None:
    engine, clock = inspecting()
    case, record = doubtful(engine, clock)  # of a duty of the helper
    engine.constitute("inspection", "board", HELPER, basis="promoted")
    deputy, heads = Actor("deputy-1", body=HELPER.body), Actor("deputy-2", body=HEAD.body)
    far = clock.now.date() + timedelta(days=60)
    ask = {"basis": "b", "until": far, "reason": "ill"}
    case.delegate("board", deputy, by=HELPER, **ask)
    judging = {"basis": "x", "reason": "not so"}
    for who in (HELPER, deputy):
        with pytest.raises(Unmet, match="held the duty, is below who did, or acts for them"):
            case.void_breach(record.version, by=who, role="board", **judging)
    case.delegate("helper", Actor(heads.id, body=HELPER.body), by=HELPER, **ask)
    case.delegate("head", heads, by=HEAD, **ask)
    with pytest.raises(Unmet, match="held the duty, is below who did, or acts for them"):
        case.void_breach(record.version, by=heads, role="head", **judging)
    case.end_delegation("helper", Actor(heads.id, body=HELPER.body), by=HELPER, basis="b")
    with pytest.raises(Unmet, match="held the duty, is below who did, or acts for them"):
        case.void_breach(record.version, by=heads, role="head", **judging)  # the helper is above the head, on the board
    engine.withdraw("inspection", "board", HELPER, basis="back to the unit")
    case.void_breach(record.version, by=heads, role="head", **judging)
    assert engine.verify().cases >= 1


def test_who_was_recused_before_a_duty_of_their_office_fell_due_did_not_miss_it() -> None:
    engine, clock = inspecting()
    case = lapsing.a_case(engine)
    hazard = case.add("hazard", by=INSPECTOR, basis="seen")
    case.recuse("inspector", INSPECTOR, by=HEAD, basis="b", reason=KIN)
    clock.now = datetime(2026, 1, 7, 16, 0, tzinfo=UTC)
    (record,) = [one for one in engine.tick().breaches if one.event.duty == hazard]  # type: ignore[attr-defined]
    assert record.event.holders == ()  # type: ignore[attr-defined]
    assert engine.verify().cases >= 1


# Under another version


def test_under_another_name_of_the_role_it_goes_on_and_where_it_is_not_delegable_it_is_worth_nothing() -> None:
    text = worlds.SMALL.replace('title = { en = "clerk"', 'delegable = true\ntitle = { en = "clerk"')
    renamed = text.replace('version = "1"', 'version = "2"').replace("[roles.clerk]", "[roles.secretary]")
    second = loads(renamed.replace('"clerk"', '"secretary"').replace('en = "secretary"', 'en = "clerk"'))
    third = loads(text.replace('version = "1"', 'version = "3"').replace("delegable = true\n", ""))
    engine = worlds.constituted(worlds.engine_over(MemoryStore(), procedures=[loads(text), second, third]))
    case = engine.open_case("small@1", BRIDGE, by=CHAIR, basis=BASIS)
    case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
    case.appoint("auditor", AUDITOR, by=CHAIR, basis=BASIS)
    lent(case)
    case.recuse("auditor", AUDITOR, by=CHAIR, basis=BASIS, reason=KIN)
    case.add("note", by=DEPUTY, basis=BASIS, **NOTE)
    engine.migrate(case, second, by=CHAIR, basis=BASIS, mapping={"roles.clerk": "secretary"})
    assert case.value.delegations[0].office == "secretary"
    assert case.value.items["note-1"].acts[0].doers == (DEPUTY.id, CLERK.id)
    case.add("note", by=DEPUTY, basis=BASIS, **NOTE)
    assert case.history()[-1].role == "secretary"
    with pytest.raises(Refused):
        case.appoint("secretary", Actor(AUDITOR.id, body="office"), by=CHAIR, basis=BASIS)
    engine.migrate(case, third, by=CHAIR, basis=BASIS, mapping={"roles.secretary": "clerk"})
    assert case.delegations() == ()
    with pytest.raises(NotYourRole):
        case.add("note", by=DEPUTY, basis=BASIS, **NOTE)
    case.add("note", by=CLERK, basis=BASIS, **NOTE)
    assert engine.verify().cases == 1
