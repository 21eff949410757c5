"""Records of what time found and made that nobody could have written lawfully: the verification finds each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
import lapsing
import pytest
from lapsing import HELPER, INSPECTOR, Hand

from stabflow import Actor, Basis
from stabflow.decision.events import Added, BreachFound, Event, Ticked
from stabflow.decision.evolution import evolve
from stabflow.engine import Engine
from stabflow.errors import Corrupt
from stabflow.history.commit import batch, seal
from stabflow.history.record import Circumstances, Record

Forge = Callable[[Any], Event]


def written(engine: Engine, case_id: str, forge: Callable[[Record], Event | None]) -> Engine:
    """An engine on a store in which one record of the case says what it should not; the chain and the index follow from that."""
    other = lapsing.opened(Hand(lapsing.START))
    shell = other._shell
    source = engine.case(case_id)
    case = None
    for record in source.history():
        event = forge(record) or record.event
        said = Circumstances(
            actor=record.actor,
            role=record.role,
            basis=record.basis,
            mandate=mandate(other, record),
            occurred_at=record.occurred_at,
            recorded_at=record.recorded_at,
            key=None,
            procedure=record.procedure,
        )
        made = seal(record.stream, record.version, case.head if case is not None else "0" * 64, event, said)
        after = evolve(case, made.event, made.stamp)
        if record.version == 1:
            shell.registry.keep(source.procedure, made, proved=True, offices=shell.offices.current().at)
        shell.store.append(
            batch([made], expected_version=record.version - 1, procedure=source.procedure, before=case, after=after)
        )
        case = after
    return other


def mandate(engine: Engine, record: Record) -> str:
    held = engine.offices(record.event.procedure if hasattr(record.event, "procedure") else "inspection")
    return next((one.mandate for one in held if (one.role, one.actor) == (record.role, record.actor.id)), "")


@pytest.fixture
def breached() -> tuple[Engine, str]:
    clock = Hand()
    engine = lapsing.opened(clock, text=lapsing.INSPECTION.replace('every = "weekend"', 'every = "year"'))
    engine.tick()
    case = lapsing.a_case(engine)
    case.add("hazard", by=INSPECTOR, basis="seen")
    clock.pass_(days=3)
    assert len(engine.tick().breaches) == 1
    return engine, case.id


def changed(type_: type[Event], **changes: Any) -> Callable[[Record], Event | None]:
    def forge(record: Record) -> Event | None:
        if not isinstance(record.event, type_) or record.actor.id != "system:tick":
            return None
        return attrs.evolve(record.event, **{k: v(record.event) if callable(v) else v for k, v in changes.items()})

    return forge


LATER = timedelta(days=9000)


@pytest.mark.parametrize(
    ("forge", "says"),
    [
        (changed(BreachFound, above=()), "those above"),
        (changed(BreachFound, above=("board",)), "those above"),
        (changed(BreachFound, respond=None), "no limit"),
        (changed(BreachFound, respond=lambda one: attrs.evolve(one.respond, limit="900 days")), "another limit"),
        (
            changed(BreachFound, respond=lambda one: attrs.evolve(one.respond, start=one.respond.start + LATER)),
            "another limit",
        ),
        (changed(BreachFound, holders=(Actor("o-99", body="x"),)), "holds nothing here"),
        (changed(BreachFound, kind="vacant"), "a kind"),
        (changed(BreachFound, doubts=("rumour",), above=(), respond=None), "a doubt"),
        (changed(BreachFound, doubts=("estimated",), above=(), respond=None), "estimated"),
        (changed(BreachFound, doubts=("clock",)), "only possible"),
        (changed(Added, owed_by=(HELPER,)), "not on record"),
        (changed(Added, values={"breach": "vacant", "concerned": INSPECTOR.id}), "not on record"),
        (changed(Added, item="finding-9"), "finding-1 is due"),
        (changed(Added, due=None), "does not begin the limit"),
    ],
)
def test_what_time_could_not_have_written_is_found(
    breached: tuple[Engine, str], forge: Callable[[Record], Event | None], says: str
) -> None:
    engine, case_id = breached
    with pytest.raises(Corrupt, match=says):
        written(engine, case_id, forge).verify()


def test_and_what_it_could_is_not(breached: tuple[Engine, str]) -> None:
    engine, case_id = breached
    assert written(engine, case_id, lambda record: None).verify().cases == 1


def test_a_tick_looks_at_nothing_that_is_still_to_come() -> None:
    clock = Hand()
    engine = lapsing.opened(clock)
    engine.tick()
    last = engine._shell.store.read_stream("system/ticks")
    said = Circumstances(
        actor=Actor("host:operator", body="host"),
        role="host_system",
        basis=Basis("x"),
        mandate="",
        occurred_at=clock.now,
        recorded_at=clock.now,
    )
    event = Ticked(until=clock.now + LATER)
    forged = seal("system/ticks", 2, last[-1].hash.hex(), event, said)
    engine._shell.store.append(batch([forged], expected_version=1))
    with pytest.raises(Corrupt, match="no tick that can follow"):
        engine.verify()
