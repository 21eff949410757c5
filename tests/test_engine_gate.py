"""The gate: nothing goes ahead but after a decision to implement that is current, with all met that was asked; and who tried
all the same can be put on record."""

from __future__ import annotations

from typing import Any

import five_steps
import pytest
import worlds
from five_steps import CHIEF, IMPLEMENTER, INITIATOR, OVERSEERS, PAPER, REVIEWERS, toward
from worlds import BASIS, FakeClock

import stabflow
from stabflow import Actor, CaseHandle, Engine, InvalidInput, Matter, NotCleared
from stabflow.engine.gate import Clearance
from stabflow.errors import Corrupt, IdempotencyMismatch, StoreUnavailable
from stabflow.language import loads

ROAD = Matter("ring-road", "Ring road widening")
ACCEPT = ["five-step@1"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(clock: FakeClock) -> Engine:
    engine = stabflow.open("memory:", clock=clock)
    five_steps.constitute(engine)
    return engine


def opened(engine: Engine, **more: Any) -> CaseHandle:
    return engine.open_case("five-step", ROAD, by=CHIEF, basis=BASIS, **more)


def led(case: CaseHandle, clock: FakeClock, state: str) -> CaseHandle:
    """The case brought to ``state`` (approved, deferred or prohibited) on a lawful way."""
    while (act := toward(case.value, state)) is not None:
        if act.verb == "wait":
            clock.now += act.wait
        else:
            act.take(case)
    return case


def published(case: CaseHandle) -> None:
    """What the gate asks for where nothing is exempt: the decision was published."""
    case.add("document", trigger="file_notice", by=INITIATOR, basis=BASIS, kind="notice", file=PAPER)


def kinds(answer: Clearance) -> list[str]:
    return [reason.kind for reason in answer.reasons]


def test_a_matter_goes_through_all_answers(engine: Engine, clock: FakeClock) -> None:
    gate = engine.gate("ring-road", accept=ACCEPT)
    assert kinds(gate.ask()) == ["never_assessed"]
    case = opened(engine)
    assert kinds(gate.ask()) == ["unfinished"]
    led(case, clock, "approved")
    answer = gate.ask()
    assert not answer.cleared
    assert {reason.clause for reason in answer.reasons} == {("D3.3",)}, "the notice is missing"
    assert all(reason.facts["case"] == case.id for reason in answer.reasons)
    published(case)
    answer = gate.require()
    assert answer.cleared
    assert [(one.case_id, one.state, one.head) for one in answer.grounds] == [(case.id, "approved", case.value.head)]
    objection = case.add(
        "objection", by=OVERSEERS[0], basis=BASIS, topic="land_compensation", request="a bus stop", groups=2
    )
    refused = gate.ask()
    assert kinds(refused) == ["items"]
    assert refused.reasons[0].cure
    case.fire(
        "answer", item=objection, by=INITIATOR, basis=BASIS, reply="adopted", legal_basis="grounded", grounds="agreed"
    )
    assert gate.cleared


def test_what_is_being_assessed_anew_is_stale(engine: Engine, clock: FakeClock) -> None:
    case = led(opened(engine), clock, "approved")
    published(case)
    gate = engine.gate("ring-road", accept=ACCEPT)
    assert gate.cleared
    case.fire(
        "reassess",
        by=OVERSEERS[0],
        basis=BASIS,
        circumstances=["changed_decision"],
        circumstance_account="a second bridge is planned",
    )
    assert kinds(gate.ask()) == ["stale"]
    assert gate.ask().reasons[0].cure


@pytest.mark.parametrize(("state", "kind"), [("deferred", "deferred"), ("prohibited", "prohibited")])
def test_a_refusal_wins_whatever_another_case_says(engine: Engine, clock: FakeClock, state: str, kind: str) -> None:
    published(led(opened(engine), clock, "approved"))
    gate = engine.gate("ring-road", accept=ACCEPT)
    assert gate.cleared
    second = led(opened(engine), clock, state)
    answer = gate.ask()
    assert kinds(answer) == [kind]
    assert answer.reasons[0].facts["case"] == second.id
    # Also for a host that accepts another procedure only.
    assert kinds(engine.gate("ring-road", accept=["town-2013"]).ask()) == ["not_accepted", kind]


def test_a_case_that_is_over_clears_nothing_and_hinders_no_other(engine: Engine, clock: FakeClock) -> None:
    first = opened(engine)
    first.fire(
        "screen_out",
        by=REVIEWERS[0],
        basis=BASIS,
        considered_items=["construction"],
        scope_reasons="a repair",
    )
    gate = engine.gate("ring-road", accept=ACCEPT)
    assert kinds(gate.ask()) == ["screened_out"]
    published(led(opened(engine), clock, "approved"))
    assert gate.cleared


def test_every_case_must_clear(engine: Engine, clock: FakeClock) -> None:
    published(led(opened(engine), clock, "approved"))
    second = opened(engine)
    answer = engine.gate("ring-road", accept=ACCEPT).ask()
    assert kinds(answer) == ["unfinished"]
    assert answer.reasons[0].facts["case"] == second.id
    assert len(answer.grounds) == 2


def test_only_what_the_host_accepts_counts(engine: Engine, clock: FakeClock) -> None:
    published(led(opened(engine), clock, "approved"))
    assert engine.gate("ring-road", accept=["five-step"]).cleared
    answer = engine.gate("ring-road", accept=["five-step@2", "town-2013@1"]).ask()
    assert kinds(answer) == ["not_accepted"]
    assert answer.reasons[0].facts["procedures"] == ["five-step@1"]
    assert "five-step@1" in answer.reasons[0].text.en
    assert "five-step@1" in answer.reasons[0].text.zh


def test_a_case_under_an_unproved_procedure_opens_no_gate(clock: FakeClock) -> None:
    small = worlds.small()
    gated = loads(worlds.SMALL + '\n[gate]\nin = ["settled"]\n')
    engine = worlds.constituted(stabflow.open("memory:", clock=clock, procedures=[gated]))
    case = engine.open_case("small", ROAD, by=worlds.CHAIR, basis=BASIS, unproved="allow")
    assert "unproved" in kinds(engine.gate("ring-road", accept=["small"]).ask())
    assert case.value.unproved
    other = worlds.constituted(stabflow.open("memory:", clock=clock, procedures=[small]))
    worlds.opened(other, ROAD)
    assert kinds(other.gate("ring-road", accept=["small@1"]).ask()) == ["no_gate"]


def test_a_block_and_a_function_begin_only_if_cleared(engine: Engine, clock: FakeClock) -> None:
    gate = engine.gate("ring-road", accept=ACCEPT)
    begun: list[str] = []

    @gate
    def build(what: str, *, by: str) -> str:
        """Build it."""
        begun.append(what)
        return f"{what} by {by}"

    assert build.__doc__ == "Build it."
    case = opened(engine)
    for attempt in (lambda: build("road", by="works"), gate.require, gate.__enter__):
        with pytest.raises(NotCleared, match="not finished") as refusal:
            attempt()
        assert refusal.value.matter == "ring-road"
        assert [reason.kind for reason in refusal.value.reasons] == ["unfinished"]
    with pytest.raises(NotCleared), gate:
        begun.append("block")
    assert begun == []
    published(led(case, clock, "approved"))
    assert build("road", by="works") == "road by works"
    with gate as answer:
        begun.append("block")
    assert answer.cleared
    with pytest.raises(KeyError), gate:
        raise KeyError("the block's own errors pass")
    assert begun == ["road", "block"]


def test_the_refusal_speaks_both_languages(engine: Engine) -> None:
    opened(engine)
    with pytest.raises(NotCleared) as refusal:
        engine.gate("ring-road", accept=ACCEPT).require()
    assert refusal.value.describe("zh").startswith("不予放行：ring-road\n  - 评估尚未完成")
    assert refusal.value.as_dict("en")["not_cleared"] == "ring-road"
    assert str(refusal.value) == refusal.value.describe("en")


@pytest.mark.parametrize(
    ("matter", "accept", "path"),
    [
        ("ring-road", [], "accept"),
        ("ring-road", "five-step@1", "accept"),
        ("ring-road", None, "accept"),
        ("ring-road", [5], "accept[0]"),
        ("ring-road", ["five-step", "five step"], "accept[1]"),
        ("", ["five-step"], "matter"),
        (5, ["five-step"], "matter"),
        ("a b", ["five-step"], "matter"),
    ],
)
def test_what_asks_nothing_is_bad_input(engine: Engine, matter: Any, accept: Any, path: str) -> None:
    with pytest.raises(InvalidInput) as error:
        engine.gate(matter, accept=accept)
    assert [fault.path for fault in error.value.faults] == [path]


def test_what_cannot_be_read_is_no_answer(clock: FakeClock) -> None:
    store = worlds.wrapped()
    engine = worlds.constituted(worlds.engine_over(store, clock))
    worlds.opened(engine, ROAD)
    gate = engine.gate("ring-road", accept=["small"])

    def out(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the cable is out")

    store.find_cases = out  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        gate.cleared  # noqa: B018


# Attempts


def test_an_attempt_is_put_on_record(engine: Engine, clock: FakeClock) -> None:
    case = opened(engine)
    gate = engine.gate("ring-road", accept=ACCEPT)
    first = gate.attempted(by=IMPLEMENTER, basis="works began on site", key="site-1")
    again = gate.attempted(by=IMPLEMENTER, basis="works began on site", key="site-1")
    assert first.hash == again.hash
    with pytest.raises(IdempotencyMismatch):
        gate.attempted(by=IMPLEMENTER, basis="something else", key="site-1")
    second = gate.attempted(by=IMPLEMENTER, basis="again")
    assert [record.hash for record in gate.attempts()] == [first.hash, second.hash]
    assert (first.actor, first.role, first.stream) == (IMPLEMENTER, "host_system", "matter/ring-road")
    assert first.event.reasons == ("unfinished",)  # type: ignore[attr-defined]
    assert first.event.cases == (f"{case.id} 1",)  # type: ignore[attr-defined]
    assert engine.verify().records > 0
    published(led(case, clock, "approved"))
    assert gate.cleared, "an attempt changes no answer: a body decides what follows from it"
    with pytest.raises(InvalidInput, match="is cleared"):
        gate.attempted(by=IMPLEMENTER, basis="now it is lawful")
    for wrong in ("o-1", Actor("system:tick", body="b")):
        with pytest.raises(InvalidInput):
            gate.attempted(by=wrong, basis="b")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        gate.attempted(by=IMPLEMENTER, basis="")
    assert len(gate.attempts()) == 2


def test_two_attempts_at_once_are_two_records(clock: FakeClock) -> None:
    store = worlds.wrapped()
    engine, rival = worlds.constituted(worlds.engine_over(store, clock)), worlds.engine_over(store, clock)
    worlds.opened(engine, ROAD)
    ours, theirs = (one.gate("ring-road", accept=["small"]) for one in (engine, rival))
    store.interleave(lambda: theirs.attempted(by=worlds.CLERK, basis=BASIS), only="matter/")
    ours.attempted(by=worlds.CLERK, basis=BASIS)
    assert [record.version for record in ours.attempts()] == [1, 2]
    assert engine.verify().cases == 1


def test_a_forged_attempt_is_found(clock: FakeClock) -> None:
    engine = worlds.constituted(worlds.engine_on("memory:", clock))
    worlds.opened(engine, ROAD)
    gate = engine.gate("ring-road", accept=["small"])
    gate.attempted(by=worlds.CLERK, basis=BASIS)
    records = engine._shell.store._records  # type: ignore[attr-defined]
    records["matter/other"] = records["matter/ring-road"]
    worlds.opened(engine, Matter("other", "Other"))
    with pytest.raises(Corrupt):
        engine.verify()
