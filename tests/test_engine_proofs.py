"""A case is opened only under a procedure that is proved: by its release, by a record of the store, or there and then."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import worlds
from worlds import BASIS, BRIDGE, CHAIR

import stabflow
from stabflow import Engine, Matter, Procedure
from stabflow.decision.events import Opened, Proved, Registered
from stabflow.engine import proofs, registry, streams
from stabflow.errors import Corrupt, InvalidInput, ProcedureNotProved
from stabflow.language import loads
from stabflow.ports.store import Store
from stabflow.stores.memory import MemoryStore

STUCK = loads(
    worlds.SMALL.replace('id = "small"', 'id = "stuck"')
    .replace(
        '[{ items = "note", in = ["done"], since = "drafting", at_least = 1 }]',
        '[{ items = "note", in = ["done"], at_least = 1 }, { items = "note", at_most = 0 }]',
    )
    .encode(),
    what="a flawed draft",
)
SOUND = worlds.small()
NUMBERS = itertools.count()


def office(store: Store, procedure: Procedure = SOUND) -> Engine:
    engine = worlds.engine_over(store, procedures=[procedure])
    if not engine.offices(procedure):
        engine.constitute(procedure, "chair", CHAIR, basis=BASIS)
    return engine


def opened(engine: Engine, procedure: Procedure = SOUND, **more: Any) -> stabflow.CaseHandle:
    matter = Matter(f"m-{next(NUMBERS)}", "M")
    return engine.open_case(procedure, matter, by=CHAIR, basis=BASIS, **more)


def kept(store: Store, procedure: Procedure = SOUND) -> list[type]:
    stream = streams.procedure_stream(procedure.id, procedure.version)
    return [type(record.event) for record in streams.read(store, stream)]


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[Procedure]:
    """The procedures that were searched, in their order."""
    found: list[Procedure] = []
    real = proofs.check

    def counted(procedure: Procedure, **bounds: Any) -> Any:
        found.append(procedure)
        return real(procedure, **bounds)

    proofs.report_of.cache_clear()
    monkeypatch.setattr(proofs, "check", counted)
    return found


def test_a_flawed_procedure_opens_no_case_and_nothing_is_written() -> None:
    store = MemoryStore()
    engine = office(store, STUCK)
    with pytest.raises(ProcedureNotProved) as refused:
        opened(engine, STUCK)
    assert (refused.value.procedure, refused.value.digest) == ("stuck@1", STUCK.digest)
    assert {fault.path for fault in refused.value.faults} >= {"states.drafting"}
    assert "procedure stuck@1 is not proved: it has" in str(refused.value)
    assert "stabflow check" in str(refused.value)
    assert kept(store, STUCK) == []
    assert list(engine.cases()) == []


def test_who_opens_a_case_all_the_same_has_that_on_record() -> None:
    store = MemoryStore()
    engine = office(store, STUCK)
    case = opened(engine, STUCK, unproved="allow")
    first = case.history()[0].event
    assert isinstance(first, Opened)
    assert first.unproved
    assert case.value.unproved
    assert kept(store, STUCK) == [Registered]
    assert engine.verify().cases == 1
    assert worlds.engine_over(store, procedures=[STUCK]).case(case.id).value == case.value


def test_what_was_opened_unproved_stays_so_when_the_proof_comes(searches: list[Procedure]) -> None:
    store = MemoryStore()
    engine = office(store)
    early = opened(engine, unproved="allow")
    assert searches == []
    later, last = opened(engine), opened(engine, unproved="allow")
    assert [one.value.unproved for one in (early, later, last)] == [True, False, False]
    assert kept(store) == [Registered, Proved]
    assert engine.verify() == stabflow.engine.verification.Verified(cases=3, records=1 + 2 + 3)


def test_a_proof_is_made_once_and_kept_in_the_store(searches: list[Procedure]) -> None:
    store = MemoryStore()
    opened(office(store))
    opened(office(store))
    assert searches == [SOUND]
    proofs.report_of.cache_clear()
    opened(office(store))
    assert searches == [SOUND]
    assert kept(store) == [Registered, Proved]
    opened(office(MemoryStore()))
    assert searches == [SOUND, SOUND]


def test_what_comes_with_stabflow_was_proved_when_it_was_released(searches: list[Procedure]) -> None:
    store, five = MemoryStore(), stabflow.procedure("five-step")
    engine = worlds.engine_over(store, procedures=[five])
    engine.constitute(five, "decision_body", CHAIR, basis=BASIS)
    case = engine.open_case(five, BRIDGE, by=CHAIR, basis=BASIS)
    assert not case.value.unproved
    assert kept(store, five) == [Registered, Proved]
    assert searches == []


def test_a_mended_checker_proves_anew(searches: list[Procedure], monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    opened(office(store))
    monkeypatch.setattr(registry, "CHECKER", registry.CHECKER + 1)
    proofs.report_of.cache_clear()
    opened(office(store))
    opened(office(store))
    assert searches == [SOUND, SOUND]
    assert kept(store) == [Registered, Proved, Proved]


def test_a_request_that_was_done_is_not_proved_again(searches: list[Procedure]) -> None:
    store = MemoryStore()
    engine = office(store, STUCK)
    case = engine.open_case(STUCK, BRIDGE, by=CHAIR, basis=BASIS, key="k", unproved="allow")
    again = engine.open_case(STUCK, BRIDGE, by=CHAIR, basis=BASIS, key="k", unproved="allow")
    assert (case.id, searches) == (again.id, [])


def test_a_case_without_the_proof_it_claims_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, real = office(MemoryStore(), STUCK), registry._missing
    with monkeypatch.context() as forged:
        forged.setattr(registry, "is_released", lambda _: True)
        forged.setattr(registry, "_missing", lambda *both, proved: real(*both, proved=False))
        case = opened(engine, STUCK)
    assert engine.case(case.id).value == case.value
    with pytest.raises(Corrupt, match=f"{case.id}.*no proof"):
        engine.verify()


def test_a_rehearsal_knows_the_proof(searches: list[Procedure]) -> None:
    engine = office(MemoryStore())
    opened(engine)
    with engine.rehearsal(SOUND) as stage:
        assert not opened(stage).value.unproved
    assert searches == [SOUND]


@pytest.mark.parametrize("word", ["yes", "Allow", True, None, ["allow"]])
def test_another_word_is_not_understood(word: object) -> None:
    with pytest.raises(InvalidInput, match="unproved: "):
        opened(office(MemoryStore()), unproved=word)
