"""What the same acts at the same times leave in a store is the same, to the last byte, whoever computes it and however fast.

The digests are of records, index rows and snapshots, and of what was refused in both languages. One that changes says that a
stored form changed, or a refusal: a change that is meant is told in the commit, and the digest here is written anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import attrs
import pytest
import worlds
from dossier_runs import EXAMPLES
from procedures_for_tests import Desk
from test_decision_walks import Walk, on_the_way

from stabflow.decision.commands import Command
from stabflow.decision.events import Decided
from stabflow.decision.evolution import evolve
from stabflow.dossier import Dossier, run
from stabflow.errors import FaultyInput, Refused
from stabflow.history import snapshots
from stabflow.history.chain import GENESIS
from stabflow.history.commit import batch, seal
from stabflow.history.record import Circumstances
from stabflow.ports.store import CaseQuery, DutyQuery, Store
from stabflow.stores.memory import MemoryStore

CLOCK = datetime(2027, 1, 4, 1, 2, 3, 456789, tzinfo=UTC)

RUNS = {
    "company-six-aspects": "d6f60aa86672b4f4",
    "company-six-aspects-no-plan": "2e6470255d61773b",
    "company-six-aspects-not-major": "e6fea73a0559b3ae",
    "county-bridge": "57bf722f5f660e4a",
    "facility-2012": "8cc7ec0436e41e28",
    "plain": "f11e88231ef91da1",
    "screening-2015": "81da0d2208ad514d",
    "town-2013": "6934957a23f0d2a0",
    "town-2013-deferred": "c82d81c43e444371",
    "town-2013-prohibited": "4372dc5ca1ca8199",
    "town-2013-screened-out": "7c79c432dc2339f2",
    "township-2010": "42e6f175db6c9393",
    "township-2010-exempt": "006f62fc091a3c85",
    "township-2010-screened-out": "5eb327d175257628",
}
WALKS = {
    ("desk", 1): "aa192f88d71d0265",
    ("desk", 2): "9ba826a084596662",
    ("desk", 3): "57926f4c9dc4a219",
    ("desk", 4): "98bb2f23835d5c8b",
    ("five-step", 1): "16cf43a254b59be7",
    ("five-step", 2): "1aebd547fe47954a",
    ("five-step", 3): "7f15d9e73e2dbb37",
    ("five-step", 4): "14920f284e39ffed",
}


def everything_in(store: Store) -> Iterator[object]:
    """All that a store holds, in an order of its own."""
    streams = set()
    after: str | None = None
    while (page := store.read_feed(after=after)).records:
        after = page.cursor
        for record in page.records:
            streams.add(record.stream)
            yield record
    yield from store.find_cases(CaseQuery()).rows
    yield from store.find_duties(DutyQuery()).rows
    yield from (store.get_snapshot(stream) for stream in sorted(streams))


def digest_of(things: Iterator[object]) -> str:
    found = hashlib.sha256()
    for thing in things:
        found.update(repr(thing).encode())
    return found.hexdigest()[:16]


def stored_by_dossier(name: str) -> str:
    store = MemoryStore(lambda: CLOCK)
    with worlds.engine_over(store, lambda: CLOCK, late_entry=None) as engine:
        run(Dossier.load(EXAMPLES / f"{name}.toml"), engine)
        return digest_of(everything_in(store))


@attrs.define
class Clerk(Desk):
    """A desk that keeps what would be stored of every act, and what was refused."""

    kept: list[object] = attrs.field(factory=list)
    cache: snapshots.Snapshots = attrs.field(factory=snapshots.Snapshots)

    def decide(self, command: Command) -> Decided:
        try:
            return Desk.decide(self, command)
        except Refused as refusal:
            self.kept += [json.dumps(refusal.as_dict(language), ensure_ascii=False) for language in ("en", "zh")]
            raise
        except FaultyInput as error:
            self.kept.append(str(error))
            raise

    def do(self, command: Command) -> Decided:
        decided, before = self.decide(command), self.case
        version, head = (0, GENESIS) if before is None else (before.version, before.head)
        said = Circumstances(
            actor=command.actor,
            role=decided.role,
            basis=command.basis,
            mandate=decided.mandate,
            occurred_at=self.now,
            recorded_at=self.now,
            key=f"key-{version}" if version % 3 == 0 else None,
            procedure=self.procedure.digest,
            plugins=("stabflow-one", "stabflow-two") if version % 5 == 0 else (),
        )
        record = seal("case/case-1", version + 1, head, decided.event, said)
        self.case = evolve(before, record.event, record.stamp)
        self.history.append((record.event, record.stamp))
        stored = batch(
            [record],
            expected_version=version,
            procedure=self.procedure,
            before=before,
            after=self.case,
            snapshots=self.cache,
        )
        self.kept += [stored, snapshots.encode(self.case)]
        return decided


def stored_by_walk(procedure: str, seed: int) -> str:
    """A walk of a few hundred acts, lawful, nearly lawful and unlawful."""
    if procedure == "desk":
        at, people = Clerk(), ["officer2", "owner", "stranger"]
        getattr(at, ("drafting", "checking", "reviewing", "voted")[seed - 1])()
    else:
        found = on_the_way(6 * seed, Clerk)
        assert isinstance(found, Clerk)
        at, people = found, ["assessor2", "stranger"]
    walking = Walk(at, people, Random(seed))
    for _ in range(150):
        walking.step()
    assert walking.accepted > 15
    return digest_of(iter(at.kept))


def test_a_dossier_and_a_walk_leave_what_they_left() -> None:
    assert stored_by_dossier("plain") == RUNS["plain"]
    assert stored_by_walk("desk", 1) == WALKS["desk", 1]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RUNS))
def test_dossiers_leave_what_they_left(name: str) -> None:
    assert stored_by_dossier(name) == RUNS[name]


@pytest.mark.slow
@pytest.mark.parametrize(("procedure", "seed"), sorted(WALKS))
def test_walks_leave_what_they_left(procedure: str, seed: int) -> None:
    assert stored_by_walk(procedure, seed) == WALKS[procedure, seed]


def test_every_dossier_is_among_them() -> None:
    assert sorted(RUNS) == sorted(path.stem for path in EXAMPLES.glob("*.toml"))
