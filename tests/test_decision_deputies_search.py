"""Three people, two roles that may be delegated, and every order of acts up to a depth: nobody comes to stand on both sides.

That is what the checker takes for granted of delegation and recusal, and does not search.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from conftest import SHORT

from stabflow.calendar import Calendar
from stabflow.case import Appointment, Case
from stabflow.decision.commands import (
    Add,
    Appoint,
    Command,
    Delegate,
    EndDelegation,
    Fire,
    Open,
    Recuse,
    Relieve,
)
from stabflow.decision.decider import decide
from stabflow.decision.events import Delegated, Stamp
from stabflow.decision.evolution import evolve
from stabflow.decision.view import Context
from stabflow.errors import Refused
from stabflow.language import Procedure, loads
from stabflow.values import Actor, Basis, Matter

TEXT = """
[procedure]
format = 1
id = "pair"
version = "1"
timezone = "UTC"
title = { en = "Pair", zh = "双方" }
source = "for tests"

[roles.head]
title = { en = "head", zh = "主任" }
[roles.doer]
title = { en = "doer", zh = "经办人" }
appointed_by = ["head"]
delegable = true
[roles.judge]
title = { en = "judge", zh = "裁定人" }
appointed_by = ["head"]
delegable = true
#
[states]
working = { accountable = "head", open_ended = true }
over = { final = true }

[[transitions]]
trigger = "open"
dest = "working"
by = ["head"]
[[transitions]]
trigger = "close"
source = "working"
dest = "over"
by = ["head"]

[items.work]
title = { en = "work", zh = "工作" }
states.done = { accountable = "judge", open_ended = true }
states.passed = { final = true }
transitions = [
  { trigger = "add", dest = "done", by = ["doer"] },
  { trigger = "pass", source = "done", dest = "passed", by = ["judge", "doer"], requires = [{ independent_of = ["add"] }] },
]
[items.vote]
title = { en = "vote", zh = "表决" }
unique = ["actor"]
states.cast = { final = true }
transitions = [{ trigger = "add", dest = "cast", by = ["judge"] }]
"""
APART = TEXT.replace("#\n", '[[separations]]\nroles = ["doer", "judge"]\n')

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CONTEXT = Context(now=NOW, calendar=Calendar("none"), offices=(Appointment("head", "h", "x", "founding"),))
HEAD = Actor("h", body="x")
PEOPLE = [Actor(name, body="x") for name in "abc"]
BASIS = Basis("b")
FAR = NOW + timedelta(days=30)


@attrs.frozen
class Node:
    """A case, whose acts they were, and who was recused: kept beside the case, by nothing that decides."""

    case: Case
    lent: tuple[tuple[str, str], ...] = ()
    acted: frozenset[tuple[str, str]] = frozenset()
    added: tuple[frozenset[str], ...] = ()
    voted: tuple[frozenset[str], ...] = ()
    recused: frozenset[str] = frozenset()
    path: tuple[str, ...] = ()

    @property
    def key(self) -> object:
        """Alike but for hashes and versions: what can be done from there is the same."""
        case = self.case
        held = {one.mandate: (one.role, one.actor) for one in case.appointments}
        lent = [
            (one.office, one.holder, one.delegate, one.ended, one.used, one.under in held) for one in case.delegations
        ]
        works = [(one.state, one.acts[0].doers, one.acts[0].role) for one in case.of_kind("work")]
        return (
            sorted(held.values()),
            sorted(lent),
            sorted((who, sorted(roles)) for who, roles in case.acted.items()),
            sorted((who, sorted(roles)) for who, roles in case.former.items()),
            sorted(map(repr, works)),
            sorted(map(sorted, self.voted)),
            sorted(self.recused),
        ).__repr__()


def commands(case: Case) -> Iterator[Command]:
    for office in ("doer", "judge"):
        for who in PEOPLE:
            yield Appoint(actor=HEAD, basis=BASIS, office=office, appointee=who)
            yield Relieve(actor=HEAD, basis=BASIS, office=office, appointee=who)
            yield Recuse(actor=HEAD, basis=BASIS, office=office, who=who, reason="r")
            yield EndDelegation(actor=who, basis=BASIS, office=office, delegate=who)
            for to in PEOPLE:
                yield Delegate(actor=who, basis=BASIS, office=office, to=to, until=FAR, reason="r")
    for who in PEOPLE:
        if len(case.of_kind("work")) < 2:
            yield Add(actor=who, basis=BASIS, kind="work")
        yield Add(actor=who, basis=BASIS, kind="vote")
        for item in case.of_kind("work"):
            if item.state == "done":
                for role in ("judge", "doer"):
                    yield Fire(actor=who, basis=BASIS, trigger="pass", item=item.id, role=role)


def after(procedure: Procedure, node: Node, command: Command) -> Node | None:
    try:
        decided = decide(procedure, node.case, command, CONTEXT)
    except Refused:
        return None
    version = node.case.version + 1
    stamp = Stamp(version, NOW, NOW, command.actor, decided.role, BASIS, decided.mandate, f"hash-{version}")
    principal = dict(node.lent).get(decided.mandate)
    persons = frozenset(filter(None, (command.actor.id, principal)))
    label = (
        f"{command.actor.id}: {type(command).__name__} {getattr(command, 'office', '') or getattr(command, 'kind', '')}"
    )
    path = (*node.path, label)
    assert not (persons & node.recused), f"recused, and acted: {path}"
    changes: dict[str, object] = {"case": evolve(node.case, decided.event, stamp), "path": path}
    lays_down = isinstance(command, EndDelegation)  # here only by the delegate
    if not lays_down:
        changes["acted"] = node.acted | {(who, decided.role) for who in persons}
    if isinstance(decided.event, Delegated):
        assert principal is None, f"delegated on: {path}"
        assert command.actor.id != decided.event.delegate.id, f"delegated to oneself: {path}"
        changes["lent"] = (*node.lent, (stamp.hash, command.actor.id))
    if isinstance(command, Recuse):
        changes["recused"] = node.recused | {command.who.id}
    if isinstance(command, Add) and command.kind == "work":
        changes["added"] = (*node.added, persons)
    if isinstance(command, Add) and command.kind == "vote":
        assert not any(persons & others for others in node.voted), f"two votes: {path}"
        changes["voted"] = (*node.voted, persons)
    if isinstance(command, Fire):
        number = int(str(command.item).rpartition("-")[2])
        assert not persons & node.added[number - 1], f"judged themselves: {path}"
    return attrs.evolve(node, **changes)  # type: ignore[arg-type]


def search(procedure: Procedure, depth: int) -> tuple[int, set[str]]:
    """How many cases there were, and what was done in them for somebody else."""
    opened = decide(procedure, None, Open(actor=HEAD, basis=BASIS, case_id="c", matter=Matter("m", "M")), CONTEXT)
    case = evolve(None, opened.event, Stamp(1, NOW, NOW, HEAD, "head", BASIS, opened.mandate, "hash-1"))
    node: Node | None = Node(case)
    for office, who in (("doer", PEOPLE[0]), ("judge", PEOPLE[1])):
        assert node is not None
        node = after(procedure, node, Appoint(actor=HEAD, basis=BASIS, office=office, appointee=who))
    assert node is not None
    level, seen, for_another = {node.key: node}, {node.key}, set()
    for _ in range(depth):
        following: dict[object, Node] = {}
        for one in level.values():
            for command in commands(one.case):
                reached = after(procedure, one, command)
                if reached is None:
                    continue
                if _uses(reached) > _uses(one):
                    for_another.add(type(command).__name__)
                if reached.key not in seen:
                    seen.add(reached.key)
                    following[reached.key] = reached
        level = following
        for one in level.values():
            if procedure.separations:
                both = [who for who, role in one.acted if role == "doer" and (who, "judge") in one.acted]
                assert not both, f"{both} acted on both sides: {one.path}"
    return len(seen), for_another


def _uses(node: Node) -> int:
    return sum(one.used for one in node.case.delegations)


@pytest.mark.parametrize("text", [TEXT, APART], ids=["independent", "apart"])
def test_no_order_of_acts_lets_anybody_stand_on_both_sides(text: str) -> None:
    count, for_another = search(loads(text), 4)
    assert count > 1_000
    assert for_another == {"Add", "Fire"}


@pytest.mark.slow
@pytest.mark.parametrize("text", [TEXT, APART], ids=["independent", "apart"])
def test_nor_does_any_longer_one(text: str) -> None:
    assert search(loads(text), 5 if SHORT else 6)[0] > 4_000
