"""Random walks over a small procedure and the bundled one: lawful, nearly lawful and unlawful acts in any order.

What is accepted was available, is done by who holds the role, and replays; what is refused says why and changes nothing;
what stands open can be done. A walk is a seed and a length, so that a failure shrinks to the shortest walk that shows it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from procedures_for_tests import BASIS, Desk

import stabflow
from stabflow.case import Appointment, Case
from stabflow.decision.commands import Add, Amend, Appoint, Command, Fire, Open, Relieve
from stabflow.decision.decider import Option, blockers, moves
from stabflow.decision.events import Added, ItemMoved, Moved
from stabflow.errors import InvalidInput, NotYourRole, Refused
from stabflow.language import Field, FieldType, Procedure
from stabflow.language.machine import NEW
from stabflow.values import Actor, Matter

COUNTY = tuple(
    Appointment(role, name, "county", f"founding-{name}")
    for role, name in (
        ("decision_body", "body"),
        ("review_group", "review"),
        ("review_group", "review2"),
        ("member", "member"),
        ("member", "member2"),
        ("member", "member3"),
        ("oversight", "oversight"),
        ("oversight", "oversight2"),
        ("higher_body", "higher"),
    )
)
WRONG = [None, 3.5, "", "nonsense", [], {}, -1, 10**9, True, date(2020, 1, 1), "0"]
FILE = {"title": "T", "media_type": "text/plain", "sha256": "0" * 64}


def some(procedure: Procedure, field: Field) -> list[object]:
    """A few values that a field takes."""
    entries = list(procedure.lists.get(field.of or "", ()))
    least = field.min or 0
    match field.type:
        case FieldType.BOOL:
            return [True, False]
        case FieldType.INT:
            return [least, least + 1, least + 2]
        case FieldType.DECIMAL:
            return [Decimal(least), "0.5"]
        case FieldType.TEXT:
            return ["word"]
        case FieldType.CHOICE:
            return [entries, *([one] for one in entries)] if field.many else [*entries]
        case FieldType.DATE:
            return [date(2026, 3, 1), date(2026, 5, 1)]
        case FieldType.ACTOR:
            return ["officer", "owner", "stranger", "implementer", "judge2", "member2"]
        case FieldType.FILE:
            return [FILE]


class Walk:
    """A walk from somewhere on the way on, every choice of it made by ``chance``."""

    def __init__(self, at: Desk, people: Sequence[str], chance: Random) -> None:
        self.desk = at
        self.procedure = at.procedure
        self.chance = chance
        self.bodies = {held.actor: held.body for held in (*at.offices, *at.value.appointments)}
        self.people = [*self.bodies, *people]
        self.accepted = 0

    def person(self, name: str, *, stray: bool = False) -> Actor:
        return Actor(name, body="elsewhere" if stray else self.bodies.get(name, "unit"))

    def once_in(self, times: int) -> bool:
        return self.chance.randrange(times) == 0

    # What is asked

    def command(self) -> Command:
        what = self.chance.choices(["lawful", "near", "appoint", "relieve", "amend", "nonsense"], [24, 4, 3, 1, 2, 1])[
            0
        ]
        role = self.chance.choice([*self.procedure.roles, "nobody"]) if self.once_in(12) else None
        if what == "lawful" and (found := self.lawful(role)) is not None:
            return found
        if what in ("appoint", "relieve"):
            return self.appointment(role, relieve=what == "relieve")
        if what == "amend":
            return self.amendment(role)
        by = self.person(self.chance.choice(self.people), stray=self.once_in(8))
        if what == "nonsense":
            rows = [row for _, cycle in self.procedure.lifecycles() for row in cycle.transitions]
            item = self.chance.choice([None, *self.desk.value.items, "item-0"])
            return Fire(actor=by, basis=BASIS, role=role, trigger=self.chance.choice(rows).trigger, item=item)
        option = self.chance.choice(list(moves(self.procedure, self.desk.value)))
        return self.asked(option, by, role, self.values(option.kind, option.row.set))

    def lawful(self, role: str | None) -> Command | None:
        """Something that somebody may do now, with values that fit where they are found: rather forward than round about, rather
        with what is there than with something more, and seldom the end of it all."""
        role = role if role in self.procedure.roles else None
        case, ending = self.desk.value, self.once_in(200)
        passed = {name for name, entry in case.entered.items() if entry.version >= case.round_began}
        wanted = self.chance.choices(["onward", "item", "any"], [6, 5, 2])[0]
        for who in map(self.person, self.chance.sample(self.people, len(self.people))):
            options = []
            for one in self.desk.available(who, role):
                dest = one.row.dest if one.kind is None else None
                onward = dest is not None and dest not in passed
                if dest is not None and self.procedure.states[dest].final and not ending:
                    continue
                if wanted == "any" or (wanted == "onward" and onward) or (wanted == "item" and one.item is not None):
                    options.append(one)
            if options:
                return self.fitting(self.chance.choice(options), who, role)
        return None

    def fitting(self, option: Option, who: Actor, role: str | None) -> Command:
        for _ in range(30):
            command = self.asked(option, who, role, self.values(option.kind, option.row.set))
            if not asked_before(self.desk, command):
                break
        return command

    def values(self, kind: str | None, names: Sequence[str]) -> dict[str, object]:
        fields = self.procedure.lifecycle(kind).fields
        found = {
            name: self.chance.choice(some(self.procedure, fields[name]))
            for name in names
            if not (fields[name].optional and self.once_in(4))
        }
        if self.once_in(25):
            found[self.chance.choice([*fields, "unheard_of"])] = self.chance.choice(WRONG)
        if found and self.once_in(40):
            del found[self.chance.choice(list(found))]
        return found

    def appointment(self, role: str | None, *, relieve: bool) -> Command:
        office = self.chance.choice([name for name, one in self.procedure.roles.items() if not one.standing])
        party = self.chance.choice(self.procedure.roles[office].appointed_by)
        able = [one.actor for one in (*self.desk.value.appointments, *self.desk.offices) if one.role == party]
        by = self.person(self.chance.choice(able if able and self.chance.randrange(4) else self.people))
        held = [one.actor for one in self.desk.value.appointments if one.role == office]
        who = self.person(self.chance.choice(held if relieve and held else self.people))
        kind = Relieve if relieve else Appoint
        return kind(actor=by, basis=BASIS, role=role, office=office, appointee=who)

    def amendment(self, role: str | None) -> Command:
        case = self.desk.value
        item = self.chance.choice([None, *case.items])
        stated = case.stated if item is None else case.items[item].stated
        acts = (*case.acts, *(act for one in case.items.values() for act in one.acts))
        by = self.chance.choice([*(act.actor for act in acts), *self.people])
        names = [self.chance.choice(list(stated))] if stated else ["nothing"]
        values = self.values(
            None if item is None else case.items[item].kind, [name for name in names if name in stated]
        )
        return Amend(actor=self.person(by), basis=BASIS, role=role, item=item, values=values, reason="a slip")

    def asked(self, option: Option, by: Actor, role: str | None, values: Mapping[str, object]) -> Command:
        if option.item is None and option.kind is not None:
            return Add(actor=by, basis=BASIS, role=role, kind=option.kind, trigger=option.trigger, values=values)
        return Fire(actor=by, basis=BASIS, role=role, trigger=option.trigger, item=option.item, values=values)

    # What holds for every step

    def step(self) -> None:
        if self.once_in(6):
            self.desk.wait(hours=self.chance.randint(1, 900))
        command = self.command()
        case, before = self.desk.value, asked_before(self.desk, command)
        try:
            self.desk.do(command)  # the desk sees to it that what is refused changes nothing
        except InvalidInput as error:
            assert error.faults
        except Refused as refusal:
            assert any(blocker.kind == "role" for blocker in refusal.blockers) or not isinstance(refusal, NotYourRole)
            if self.is_complete(command, case):  # else asking takes what was left out as given and fitting
                assert before == refusal.blockers
        else:
            self.accepted += 1
            assert before == ()
            self.was_open(command, case)
            self.was_their_right(command, self.desk.history[-1][1].role, case)
            self.names_office_holders(case)

    def is_complete(self, command: Command, case: Case) -> bool:
        """Whether the command gives every field that its row states, also those it may leave out."""
        if isinstance(command, Fire):
            kind, state = None, case.state
            if command.item is not None:
                kind, state = case.items[command.item].kind, case.items[command.item].state
            move = self.procedure.tables[kind][state].get(command.trigger)
            return move is None or set(move.row.set) <= set(command.values)
        if isinstance(command, Add):
            return set(self.procedure.tables[command.kind][NEW][command.trigger or "add"].row.set) <= set(
                command.values
            )
        return True

    def was_open(self, command: Command, before: Case) -> None:
        """What happened was among what its actor could do."""
        happened = self.desk.history[-1][0]
        if isinstance(happened, Moved | ItemMoved | Added):
            now = Desk(self.procedure, now=self.desk.now, offices=self.desk.offices, case=before)
            options = [(one.trigger, one.kind, one.item) for one in now.available(command.actor, command.role)]
            item = getattr(command, "item", None)
            kind = before.items[item].kind if item is not None else getattr(command, "kind", None)
            assert (happened.trigger, kind, item) in options

    def was_their_right(self, command: Command, role: str, before: Case) -> None:
        who = command.actor
        if role in self.procedure.roles:
            assert (role, who.id, who.body) in {
                (one.role, one.actor, one.body) for one in (*before.appointments, *self.desk.offices)
            }
            apart = {other for other, _, _ in self.procedure.separated[role]}
            assert apart.isdisjoint(before.acted.get(who.id, frozenset()))
        else:
            item = getattr(command, "item", None)
            assert (before.facts if item is None else before.items[item].fields)[role] == who.id

    def names_office_holders(self, before: Case) -> None:
        """Whoever is named holds an office, or did and has acted."""
        happened = self.desk.history[-1][0]
        if isinstance(happened, Moved | ItemMoved | Added):
            item = getattr(happened, "item", None)
            kind = None if item is None else self.desk.value.items[item].kind
            fields = self.procedure.lifecycle(kind).fields
            named = {value for name, value in happened.values.items() if fields[name].type is FieldType.ACTOR}
            holders = {one.actor for one in (*before.appointments, *self.desk.offices)}
            assert named <= holders | before.acted.keys()

    # What holds at the end of every walk

    def can_all_be_done(self) -> None:
        """What is available to somebody can be done by them, with some fitting values."""
        for who in map(self.person, self.people):
            for option in self.desk.available(who):
                kind = None if option.kind is None else self.procedure.items[option.kind]
                if kind is not None and not set(kind.unique).isdisjoint(option.row.set):
                    continue  # all that fits may have been taken
                assert any(
                    self.succeeds(self.asked(option, who, None, values)) for values in self.all_values(option)
                ), option

    def all_values(self, option: Option) -> Iterator[dict[str, object]]:
        fields = self.procedure.lifecycle(option.kind).fields
        ranges = [some(self.procedure, fields[name]) for name in option.row.set]
        for values in itertools.islice(itertools.product(*ranges), 20_000):
            yield dict(zip(option.row.set, values, strict=True))

    def succeeds(self, command: Command) -> bool:
        return asked_before(self.desk, command) == () and self.desk.decide(command) is not None


def asked_before(at: Desk, command: Command) -> object:
    """What stands against a command, or what is wrong with it."""
    try:
        return blockers(at.procedure, at.value, command, at.context)
    except InvalidInput as error:
        return error.faults


def walk(at: Desk, people: Sequence[str], seed: int, steps: int) -> Walk:
    walking = Walk(at, people, Random(seed))
    for _ in range(steps):
        walking.step()
    case = walking.desk.value
    event(f"in {case.state}")
    event(f"round {min(case.round, 4)}")
    assert walking.desk.replayed() == case
    assert case.version == len(walking.desk.history)
    walking.can_all_be_done()
    return walking


def over_the_desk(start: str, seed: int, steps: int) -> Walk:
    at = Desk()
    getattr(at, start)()
    return walk(at, ["officer2", "owner", "stranger"], seed, steps)


def over_the_five_steps(start: int, seed: int, steps: int) -> Walk:
    return walk(on_the_way(start), ["assessor2", "stranger"], seed, steps)


REPORT = ["facts", "assessment", "plan", "evaluation"]
PATH: list[tuple[str, str, str, dict[str, object]]] = [
    ("fire", "screen_in", "review", {"scope_items": ["planning"], "scope_reasons": "r", "exemption": "none"}),
    ("add", "consultation", "assessor", {"method": "hearing", "invited": 2}),
    ("consultation-1", "end", "assessor", {"responded": 2, "support": 1, "oppose": 1, "other": 0}),
    ("fire", "complete_investigation", "assessor", {"contested": True, "specialised": False}),
    *(
        (
            f"criterion-{n}",
            "assess",
            "assessor",
            {"tests": ["support"], "verdict": "satisfied", "hazard": "none", "grounds": "g"},
        )
        for n in range(1, 9)
    ),
    ("add", "risk", "assessor", {"area": "livelihood", "description": "d"}),
    (
        "risk-1",
        "rate",
        "assessor",
        {"likelihood": "possible", "impact": "small", "harm": "minor", "unrest": "unlikely", "before": "low"},
    ),
    ("fire", "complete_analysis", "assessor", {"risks_found": True, "larger_hazards": False}),
    ("document", "file_plan", "assessor", {"kind": "measure_plan", "file": FILE}),
    ("risk-1", "appraise", "assessor", {"after": "low", "grounds": "g"}),
    ("fire", "complete_plan", "assessor", {}),
    ("document", "file_report", "assessor", {"kind": "report", "file": FILE, "report_parts": REPORT}),
    ("document", "file_proposal", "initiator", {"kind": "proposal", "file": FILE}),
    ("fire", "submit_report", "assessor", {"level_before": "low", "level_after": "low", "facts_confirmed": True}),
    ("add", "opinion", "review", {"view": "favourable", "grounds": "g"}),
    ("add", "opinion", "review2", {"view": "favourable", "grounds": "g"}),
    ("fire", "pass_review", "review", {"review_conclusion": "favourable"}),
    *(("add", "vote", who, {"position": "implement", "grounds": "g"}) for who in ("member", "member2", "member3")),
    ("fire", "implement", "body", {"decision_reasons": "r", "plan_first": False}),
    ("document", "file_notice", "implementer", {"kind": "notice", "file": FILE}),
    ("fire", "begin", "implementer", {}),
]


def on_the_way(acts: int, kind: type[Desk] = Desk) -> Desk:
    """A case under the five steps, so many acts of `PATH` on, at a desk of this ``kind``."""
    at = kind(stabflow.procedure("five-step"), offices=COUNTY)
    body = Actor("body", body="county")
    at.do(Open(actor=body, basis=BASIS, case_id="case-1", matter=Matter("m", "M")))
    units = {"assessment_unit": "assessor", "initiating_unit": "initiator", "implementing_unit": "implementer"}
    for office, who in units.items():
        at.appoint(office, Actor(who, body="unit"), body)
    for act, name, who, values in PATH[:acts]:
        by = Actor(who, body="unit" if who in units.values() else "county")
        if act == "add":
            at.add(name, by, **values)
        elif act == "document":
            at.add(act, by, trigger=name, **values)
        else:
            at.fire(name, by, None if act == "fire" else act, **values)
    return at


def test_the_path_leads_through_all_five_steps() -> None:
    at = on_the_way(len(PATH))
    assert list(at.value.entered) == [
        "screening",
        "investigating",
        "analyzing",
        "planning",
        "reporting",
        "reviewing",
        "deciding",
        "approved",
        "controlling",
    ]
    assert at.replayed() == at.case


STARTS = st.sampled_from(["drafting", "checking", "reviewing", "voted", "agreed"])
PLACES = st.integers(0, len(PATH))
SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=30)
@given(STARTS, SEEDS, st.integers(1, 60))
def test_walks_over_the_desk(start: str, seed: int, steps: int) -> None:
    over_the_desk(start, seed, steps)


@settings(max_examples=30)
@given(PLACES, SEEDS, st.integers(1, 60))
def test_walks_over_the_five_steps(start: int, seed: int, steps: int) -> None:
    over_the_five_steps(start, seed, steps)


@pytest.mark.slow
@given(STARTS, SEEDS, st.integers(1, 200))
def test_long_walks_over_the_desk(start: str, seed: int, steps: int) -> None:
    over_the_desk(start, seed, steps)


@pytest.mark.slow
@given(PLACES, SEEDS, st.integers(1, 200))
def test_long_walks_over_the_five_steps(start: int, seed: int, steps: int) -> None:
    over_the_five_steps(start, seed, steps)
