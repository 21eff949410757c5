"""A running case goes on under another version, as one recorded act, or is refused with every reason."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import worlds
from hypothesis import given, settings
from hypothesis import strategies as st
from test_reasoning_plan import some_act
from worlds import AUDITOR, BASIS, CHAIR, CLERK, OUTSIDER

import stabflow
from stabflow import Actor, Basis, CaseHandle, Engine, InvalidInput, Matter, Procedure, ProcedureError, Refused
from stabflow.cli import main
from stabflow.decision.events import Migrated
from stabflow.decision.evolution import evolve
from stabflow.engine import streams
from stabflow.errors import Corrupt, IdempotencyMismatch, NotYourRole, ProcedureNotProved
from stabflow.history.commit import batch, seal
from stabflow.history.record import Circumstances
from stabflow.language import loads
from stabflow.reasoning.planned import Prospect

NUMBERS = itertools.count()


def version(*pairs: tuple[str, str], number: str = "2") -> Procedure:
    """The small procedure in another version, with some of its text replaced."""
    text = worlds.SMALL.replace('version = "1"', f'version = "{number}"')
    for find, put in pairs:
        assert find in text
        text = text.replace(find, put)
    return loads(text.encode())


LONGER = version(("5 working days", "20 working days"), ('en = "drafting"', 'en = "being drafted"'))
RENAMED = version(
    ("[states]\ndrafting =", "[states]\npreparing ="),
    ('dest = "drafting"', 'dest = "preparing"'),
    ('source = "drafting"', 'source = "preparing"'),
    ('since = "drafting"', 'since = "preparing"'),
    ('trigger = "submit"', 'trigger = "hand_in"'),
    ("urgent =", "pressing ="),
    ('set = ["urgent"]', 'set = ["pressing"]'),
    ("[roles.clerk]", "[roles.secretary]"),
    ('"clerk"', '"secretary"'),
    ("states.done =", "states.finished ="),
    ('in = ["done"]', 'in = ["finished"]'),
    ('dest = "done"', 'dest = "finished"'),
    ("fields.words", "fields.wording"),
    ('set = ["words"', 'set = ["wording"'),
)
NAMES = {
    "states.drafting": "preparing",
    "transitions.submit": "hand_in",
    "facts.urgent": "pressing",
    "roles.clerk": "secretary",
    "items.note.states.done": "finished",
    "items.note.fields.words": "wording",
}


def begun(*others: Procedure, clock: worlds.FakeClock | None = None) -> tuple[Engine, CaseHandle]:
    engine = worlds.constituted(worlds.engine_on("memory:", clock, procedures=[worlds.small(), *others]))
    return engine, opened(engine)


def opened(engine: Engine) -> CaseHandle:
    case = engine.open_case("small@1", Matter(f"m-{next(NUMBERS)}", "M"), by=CHAIR, basis=BASIS)
    case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
    case.appoint("auditor", AUDITOR, by=CHAIR, basis=BASIS)
    return case


def move(engine: Engine, case: CaseHandle, to: Procedure, **more: Any) -> Any:
    return engine.migrate(case, to, by=CHAIR, basis="order 9", **more)


def advanced(case: CaseHandle) -> CaseHandle:
    """With a note done, and submitted."""
    worlds.noted(case)
    case.fire("submit", by=CLERK, basis=BASIS, urgent=True)
    return case


def settled(case: CaseHandle, names: bool = False) -> str:
    if case.state != "deciding":
        note = case.add(
            "note",
            by=CLERK,
            basis=BASIS,
            **({"wording" if names else "words": "w"} | {k: v for k, v in worlds.NOTE.items() if k != "words"}),
        )
        case.fire("do", item=note, by=CLERK, basis=BASIS)
        case.fire("hand_in" if names else "submit", by=CLERK, basis=BASIS, **{"pressing" if names else "urgent": False})
    check = next(
        item
        for item in case.value.items.values()
        if item.kind == "check" and item.state == "due" and not item.superseded
    )
    case.fire("pass", item=check.id, by=AUDITOR, basis=BASIS)
    case.fire("settle", by=CHAIR, basis=BASIS)
    return case.state


# What goes on


@pytest.mark.parametrize("far", [False, True])
def test_a_case_goes_on_under_the_next_version(far: bool) -> None:
    engine, case = begun(LONGER)
    if far:
        advanced(case)
    before, records = case.value, case.history()
    done = move(engine, case, LONGER)
    assert (done.before, done.after, done.possible, done.record.version) == (
        "small@1",
        "small@2",
        True,
        before.version + 1,
    )
    event = case.history()[-1].event
    assert event == Migrated(procedure_version="2", digest=LONGER.digest)
    assert case.history()[:-1] == records
    after = case.value
    assert (after.procedure_version, after.digest, after.due) == ("2", LONGER.digest, before.due)
    assert (after.state, after.entered, after.items, after.acts) == (
        before.state,
        before.entered,
        before.items,
        before.acts,
    )
    assert case.procedure == LONGER
    (row,) = engine.cases()
    assert (row.procedure_version, row.digest, row.version) == ("2", LONGER.digest, after.version)
    assert settled(case) == "settled"
    assert engine.verify().cases == 1


def test_it_was_done_by_somebody_in_a_role_on_a_basis() -> None:
    engine, case = begun(LONGER)
    record = move(engine, case, LONGER).record
    assert (record.actor, record.role, record.basis.text) == (CHAIR, "chair", "order 9")
    assert record.mandate == engine.offices("small")[0].mandate


def test_what_is_called_otherwise_is_mapped() -> None:
    engine, case = begun(RENAMED)
    advanced(case)
    done = move(engine, case, RENAMED, mapping=NAMES)
    assert "states.drafting is called preparing" in [text.en for text in done.changes]
    value = case.value
    assert list(value.entered) == ["preparing", "deciding"]
    assert value.facts == {"pressing": True}
    assert {held.role for held in value.appointments} == {"secretary", "auditor"}
    assert value.acted[CLERK.id] == {"secretary", "owner"}
    note = value.items["note-1"]
    assert (note.state, note.fields["wording"], note.acts[0].role) == ("finished", "书面", "secretary")
    assert [act.trigger for act in value.acts] == ["open", "hand_in"]
    case.fire("send_back", by=CHAIR, basis=BASIS, reasons="once more")
    assert settled(case, names=True) == "settled"
    assert engine.verify().cases == 1


def test_a_fact_that_is_no_longer_asked_stays_in_the_history() -> None:
    without = version(
        ('urgent = { type = "bool", title = { en = "urgent", zh = "紧急" } }\n', ""), ('set = ["urgent"]\n', "")
    )
    engine, case = begun(without)
    advanced(case)
    done = move(engine, case, without)
    assert "“urgent” is no longer part of it, and stays in the history" in [text.en for text in done.changes]
    assert case.value.facts == {}
    assert any("urgent" in getattr(record.event, "values", {}) for record in case.history())


# What is refused


def refused(engine: Engine, case: CaseHandle, to: Procedure, **more: Any) -> list[str]:
    """The sentences against it, with nothing written, and the same as the dry run tells."""
    before = case.history()
    told = move(engine, case, to, dry_run=True, **more)
    assert (told.possible, told.record) == (False, None)
    with pytest.raises(Refused) as refusal:
        move(engine, case, to, **more)
    assert refusal.value.blockers == told.blockers
    assert case.history() == before
    assert [text.get(language) for text in (one.text for one in told.blockers) for language in ("en", "zh")]
    return [one.text.en for one in told.blockers]


def test_nothing_that_was_done_is_rewritten() -> None:
    engine, case = begun(RENAMED)
    advanced(case)
    sentences = refused(engine, case, RENAMED)
    assert "“open” (record 1) has no place in small@2: what was done would be rewritten" in sentences
    assert any("“submit” (record" in one for one in sentences)
    assert "clerk-1 holds the role clerk, which small@2 does not have" in sentences


def test_a_completed_step_keeps_its_meaning() -> None:
    stepped = version(("drafting = { accountable", 'drafting = { step = "control", accountable'))
    engine, case = begun(stepped)
    assert refused(engine, advanced(case), stepped) == [
        "“drafting” means another step or outcome in small@2: a completed step would be rewritten"
    ]


def test_an_open_duty_stays_whose_it_is() -> None:
    other = version(('deciding = { accountable = "chair"', 'deciding = { accountable = "auditor"'))
    engine, case = begun(other)
    advanced(case)
    assert refused(engine, case, other) == [
        "what is owed now in “deciding” would be owed by somebody else under small@2"
    ]


def test_values_must_be_taken_as_they_are() -> None:
    other = version(('urgent = { type = "bool"', 'urgent = { type = "text", max_length = 9'))
    engine, case = begun(other)
    advanced(case)
    assert refused(engine, case, other) == ["small@2 does not take what is stated as “urgent” of the case: True"]


def test_who_holds_two_roles_that_are_separated_now() -> None:
    other = version(
        (
            'roles = ["clerk", "auditor"]\n',
            'roles = ["clerk", "auditor", "witness"]\n'
            '[roles.witness]\ntitle = { en = "w", zh = "w" }\nappointed_by = ["chair"]\n',
        )
    )
    first = version(
        (
            "[[separations]]",
            '[roles.witness]\ntitle = { en = "w", zh = "w" }\nappointed_by = ["chair"]\n[[separations]]',
        ),
        number="1.5",
    )
    engine = worlds.engine_on("memory:", procedures=[first, other])
    engine.constitute(first, "chair", CHAIR, basis=BASIS)
    case = engine.open_case(first, Matter("m", "M"), by=CHAIR, basis=BASIS)
    case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
    case.appoint("witness", CLERK, by=CHAIR, basis=BASIS)
    assert refused(engine, case, other) == ["clerk-1 holds roles that small@2 separates"]


def test_a_case_must_stand_as_one_that_was_under_it_from_the_beginning() -> None:
    """Under the new version nobody comes to a decision without having said at the opening whether it is urgent."""
    other = version(
        (
            'dest = "drafting"\nby = ["chair"]\n\n[[transitions]]\ntrigger = "submit"',
            'dest = "drafting"\nby = ["chair"]\nset = ["heavy"]\n\n[[transitions]]\ntrigger = "submit"',
        ),
        ("[facts]", '[facts]\nheavy = { type = "bool", title = { en = "heavy", zh = "重大" } }'),
        ('requires = [{ items = "check"', 'requires = [{ value = "heavy", is = [true, false] }, { items = "check"'),
    )
    engine, case = begun(other)
    assert refused(engine, case, other) == ["under small@2 a case in “drafting” has other facts: “heavy”"]


def test_a_step_that_is_new_lies_not_behind_the_case() -> None:
    other = version(
        (
            "deciding = {",
            'checking = { step = "review", accountable = "chair", open_ended = true }\ndeciding = {',
        ),
        ('source = "drafting"\ndest = "deciding"', 'source = "drafting"\ndest = "checking"'),
        (
            '[[transitions]]\ntrigger = "send_back"',
            '[[transitions]]\ntrigger = "check"\nsource = "checking"\ndest = "deciding"\nby = ["chair"]\n\n'
            '[[transitions]]\ntrigger = "send_back"',
        ),
    )
    engine, case = begun(other)
    assert move(engine, case, other, dry_run=True).possible
    advanced(case)
    (sentence,) = refused(engine, case, other)
    assert sentence.startswith("“submit” (record")


FIVE = ("investigate", "analyze", "plan", "report", "review")


def stepped(number: int, *rows: str) -> Procedure:
    """The five steps in a line, a state beside them, and a decision."""
    states = [f's_{step} = {{ step = "{step}", accountable = "chair", open_ended = true }}' for step in FIVE]
    line = [act(f"to_{there}", f"s_{here}", f"s_{there}") for here, there in itertools.pairwise(FIVE)]
    text = f"""
[procedure]
format = 1
id = "stepped"
version = "{number}"
timezone = "Asia/Shanghai"
title = {{ en = "Stepped", zh = "步骤" }}
source = "for tests"
[roles.chair]
title = {{ en = "chair", zh = "主持" }}
[roles.council]
title = {{ en = "council", zh = "委员会" }}
supervises = ["chair"]
[facts]
signed = {{ type = "bool", title = {{ en = "signed", zh = "签署" }} }}
[states]
aside = {{ accountable = "chair", open_ended = true, title = {{ en = "aside", zh = "搁置" }} }}
dropped = {{ final = true }}
yes = {{ step = "decided", outcome = "implement", final = true, title = {{ en = "yes", zh = "同意" }} }}
"""
    return loads("\n".join([text, *states, *line, *rows]).encode())


def act(trigger: str, source: str, dest: str, *, set: str = "", requires: str = "") -> str:
    places = f'source = "{source}"\n' * bool(source) + f'dest = "{dest}"\n'
    asked = f'requires = [{{ value = "signed", is = {requires} }}]\n' * bool(requires)
    return (
        f'[[transitions]]\ntrigger = "{trigger}"\n{places}by = ["chair"]\n' + 'set = ["signed"]\n' * bool(set) + asked
    )


HELD = stepped(
    1,
    act("open", "", "s_investigate", set="signed"),
    act("decide", "s_review", "yes"),
    act("hold", "s_analyze", "aside"),
    act("resume", "aside", "s_analyze"),
    act("drop", "aside", "dropped"),
)
SIGNED = stepped(
    2,
    act("open", "", "s_investigate"),
    act("hold", "s_analyze", "aside", set="signed", requires="false"),
    act("drop", "aside", "dropped", requires="false"),
    act("sign", "s_review", "aside", set="signed", requires="true"),
    act("approve", "aside", "yes", requires="true"),
)


def test_no_case_comes_by_migration_past_the_five_steps() -> None:
    """It was put aside while analyzed, with what under the new version only a review signs: it would be approved at once."""
    assert [stabflow.check(one).status.value for one in (HELD, SIGNED)] == ["proved", "proved"]
    engine = worlds.engine_on("memory:", procedures=[HELD, SIGNED])
    engine.constitute("stepped", "chair", CHAIR, basis=BASIS)
    early, late = (engine.open_case(HELD, Matter(f"m-{n}", "M"), by=CHAIR, basis=BASIS, signed=True) for n in range(2))
    early.fire("to_analyze", by=CHAIR, basis=BASIS)
    early.fire("hold", by=CHAIR, basis=BASIS)
    assert refused(engine, early, SIGNED) == [
        "under stepped@2 whoever comes so to “aside” has passed “plan”, “report”, “review”"
    ]
    assert engine.migrate(late, SIGNED, by=CHAIR, basis=BASIS).possible
    for step in FIVE[1:]:
        late.fire(f"to_{step}", by=CHAIR, basis=BASIS)
    late.fire("sign", by=CHAIR, basis=BASIS, signed=True)
    late.fire("approve", by=CHAIR, basis=BASIS)
    assert late.state == "yes"


def test_a_case_that_is_over_stays_as_it_is() -> None:
    engine, case = begun(LONGER)
    settled(case)
    assert refused(engine, case, LONGER) == ["the case is over: “settled”"]


@pytest.mark.parametrize("who", [CLERK, OUTSIDER, Actor("chair-1", body="elsewhere")])
def test_only_who_may_open_a_case_may_move_one(who: Actor) -> None:
    engine, case = begun(LONGER)
    with pytest.raises(NotYourRole):
        engine.migrate(case, LONGER, by=who, basis=BASIS)
    assert case.value.digest == worlds.small().digest


def test_bad_requests_are_told_with_their_cure() -> None:
    engine, case = begun(LONGER, RENAMED_AGAIN)
    for to in (worlds.small(), stabflow.procedure("five-step")):
        with pytest.raises(InvalidInput, match="to: "):
            engine.migrate(case, to, by=CHAIR, basis=BASIS)
    with pytest.raises(InvalidInput) as told:
        move(engine, case, LONGER, mapping={"states.draftin": "x", "states.drafting": "y", "facts.urgent": "reasons"})
    assert "mapping.states.draftin: small@1 has no states.draftin (did you mean 'states.drafting'?)" in str(told.value)
    assert "mapping.states.drafting: small@2 has no states.y" in str(told.value)
    assert "two things would be called facts.reasons" in str(told.value)
    with pytest.raises(ProcedureError):
        engine.migrate(case, "small@9", by=CHAIR, basis=BASIS)


RENAMED_AGAIN = version(number="3")


def test_nothing_moves_to_what_is_not_proved() -> None:
    stuck = version(
        (
            '{ items = "note", in = ["done"], since = "drafting", at_least = 1 }',
            '{ items = "note", at_least = 1 }, { items = "note", at_most = 0 }',
        )
    )
    engine, case = begun(stuck)
    with pytest.raises(ProcedureNotProved):
        move(engine, case, stuck)
    with pytest.raises(ProcedureNotProved):
        move(engine, case, stuck, dry_run=True)


# Once, in a race, many


def test_under_a_key_it_happens_once() -> None:
    engine, case = begun(LONGER, RENAMED_AGAIN)
    first = move(engine, case, LONGER, key="k")
    again = move(engine, case, LONGER, key="k")
    assert again.record == first.record
    assert (again.before, again.after) == ("small@1", "small@2")
    with pytest.raises(IdempotencyMismatch):
        move(engine, case, RENAMED_AGAIN, key="k")


def test_who_acts_meanwhile_is_not_overrun() -> None:
    store = worlds.wrapped()
    procedures = [worlds.small(), LONGER]
    engine = worlds.constituted(worlds.engine_over(store, procedures=procedures))
    case = opened(engine)
    other = worlds.engine_over(store, procedures=procedures).case(case.id)
    store.interleave(lambda: worlds.noted(other))
    done = move(engine, case, LONGER)
    assert done.record.version == case.value.version == 6
    assert other.value == case.value
    assert engine.verify().cases == 1


def test_all_cases_move_one_by_one_and_what_cannot_says_why() -> None:
    other = version(('deciding = { accountable = "chair"', 'deciding = { accountable = "auditor"'))
    engine = worlds.constituted(worlds.engine_on("memory:", procedures=[worlds.small(), other]))
    cases = [opened(engine) for _ in range(12)]
    advanced(cases[3])
    settled(cases[5])
    told = list(engine.migrate_all(other, by=CHAIR, basis=BASIS, dry_run=True))
    assert [one.case_id for one in told if not one.possible] == [cases[3].id]
    assert all(case.value.procedure_version == "1" for case in cases)
    under_way: Iterator[Any] = engine.migrate_all(other, by=CHAIR, basis=BASIS)
    for _ in range(4):
        next(under_way)
    under_way.close()  # type: ignore[attr-defined]
    moved = [case for case in cases if case.value.procedure_version == "2"]
    assert len(moved) in (3, 4)
    rest = list(engine.migrate_all(other, by=CHAIR, basis=BASIS))
    assert len(rest) == 11 - len(moved)
    assert [one.case_id for one in rest if one.record is None] == [cases[3].id]
    assert [case.value.procedure_version for case in cases] == ["2" if n not in (3, 5) else "1" for n in range(12)]
    assert [sum(isinstance(r.event, Migrated) for r in case.history()) for case in cases] == [
        int(n not in (3, 5)) for n in range(12)
    ]
    assert engine.verify().cases == 12


def midway(number: int, state: str) -> Procedure:
    return version((
        '[[transitions]]\ntrigger = "send_back"',
        f'[[transitions]]\ntrigger = "hold"\nsource = "drafting"\ndest = "{state}"\nby = ["chair"]\n\n'
        f'[[transitions]]\ntrigger = "resume"\nsource = "{state}"\ndest = "drafting"\nby = ["chair"]\n\n'
        '[[transitions]]\ntrigger = "send_back"',
    ), ("deciding = {", f"{state} = {{ accountable = \"chair\", open_ended = true }}\ndeciding = {{"),
       number=str(number))  # fmt: skip


def test_a_new_name_need_be_of_something_in_one_of_the_versions_that_move() -> None:
    """And what is wrong with the names is said before any case moves."""
    first, second, third = midway(1, "waiting"), midway(2, "held"), midway(3, "held")
    engine = worlds.engine_on("memory:", procedures=[first, second, third])
    engine.constitute("small", "chair", CHAIR, basis=BASIS)
    cases = [
        engine.open_case(one, Matter(f"m-{n}", "M"), by=CHAIR, basis=BASIS)
        for n, one in enumerate([first, second, first, second])
    ]
    for case in cases:
        case.fire("hold", by=CHAIR, basis=BASIS)
    who: dict[str, Any] = {"by": CHAIR, "basis": BASIS}
    for wrong, problem in (
        ({"states.waiting": "held", "states.nowhere": "held"}, "has no states.nowhere"),
        ({"states.waiting": "nowhere"}, "small@3 has no states.nowhere"),
        ({"states.waiting": "drafting"}, "two things would be called states.drafting"),
    ):
        with pytest.raises(InvalidInput, match=problem):
            list(engine.migrate_all(third, mapping=wrong, **who))
    assert {case.value.procedure_version for case in cases} == {"1", "2"}
    mapping = {"states.waiting": "held"}
    some = list(engine.migrate_all(third, mapping=mapping, cases=[cases[1], cases[2].id], **who))
    assert [(one.case_id, one.possible) for one in some] == [(cases[1].id, True), (cases[2].id, True)]
    assert [one.possible for one in engine.migrate_all(third, mapping=mapping, **who)] == [True, True]
    assert [case.value.state for case in cases] == ["held"] * 4
    with pytest.raises(InvalidInput, match="no other version"):
        list(engine.migrate_all(third, cases=[cases[0]], **who))
    assert engine.verify().cases == 4


@pytest.mark.parametrize("mapping", [{5: "x"}, {"states.drafting": 5}, "abc", [1], [("states.drafting", "x")]])
def test_names_are_names(mapping: Any) -> None:
    engine, case = begun(LONGER)
    with pytest.raises(InvalidInput, match="mapping: "):
        move(engine, case, LONGER, mapping=mapping)
    with pytest.raises(InvalidInput, match="mapping: "):
        list(engine.migrate_all(LONGER, by=CHAIR, basis=BASIS, mapping=mapping))


def test_a_limit_that_is_new_begins_with_the_migration_and_is_on_record() -> None:
    """A state that had none would else be owed for ever; what was due stays due. What changes is told before."""
    limited = version(
        ('open_ended = true, title = { en = "deciding"', 'within = "3 working days", title = { en = "deciding"'),
        ('due = { accountable = "auditor", within = "3 days"', 'due = { accountable = "auditor", within = "9 days"'),
    )
    engine, case = begun(limited)
    advanced(case)
    checks = {name: one.due for name, one in case.value.items.items()}
    assert case.value.due is None
    told = [text.en for text in move(engine, case, limited, dry_run=True).changes]
    assert any(
        one.startswith("“deciding”: limit was open-ended, is now 3 working days; it falls due now: ") for one in told
    )
    assert "check in “due”: limit was 3 days, is now 9 days; what is due stays due when it was recorded to be" in told
    done = move(engine, case, limited)
    due = case.value.due
    assert due is not None
    assert (due.limit, due.start) == ("3 working days", done.record.occurred_at)
    assert done.record.event.due == due
    assert {name: one.due for name, one in case.value.items.items()} == checks
    assert engine.verify().cases == 1


def test_an_item_too_gets_the_limit_that_is_new() -> None:
    due_in, never = (
        f'due = {{ accountable = "auditor", {limit}' for limit in ('within = "3 days"', "open_ended = true")
    )
    open_ended = version((due_in, never), number="0")
    engine = worlds.engine_on("memory:", procedures=[open_ended, LONGER])
    engine.constitute("small", "chair", CHAIR, basis=BASIS)
    case = engine.open_case(open_ended, Matter("m", "M"), by=CHAIR, basis=BASIS)
    case.appoint("clerk", CLERK, by=CHAIR, basis=BASIS)
    case.appoint("auditor", AUDITOR, by=CHAIR, basis=BASIS)
    advanced(case)
    assert case.value.items["check-1"].due is None
    done = move(engine, case, LONGER)
    due = case.value.items["check-1"].due
    assert due is not None
    assert due.limit == "3 days"
    assert [one.item for one in done.record.event.items_due] == ["check-1", "check-2"]
    assert engine.verify().cases == 1


def test_a_limit_that_is_a_date_must_have_been_stated() -> None:
    dated = version(
        ('open_ended = true, title = { en = "deciding"', 'until = "day", title = { en = "deciding"'),
        ("[facts]", '[facts]\nday = { type = "date", title = { en = "day", zh = "日期" } }'),
        ('set = ["urgent"]', 'set = ["urgent", "day"]'),
    )
    engine, case = begun(dated)
    advanced(case)
    assert refused(engine, case, dated) == ["state “day” first"]


def test_who_did_what_was_done_and_what_it_asks_is_told_where_it_is_another_now() -> None:
    other = version(
        ('dest = "deciding"\nby = ["clerk"]', 'dest = "deciding"\nby = ["auditor"]'),
        ('in = ["done"], since = "drafting", at_least = 1', 'in = ["done"], since = "drafting", at_least = 2'),
    )  # fmt: skip
    engine, case = begun(other)
    advanced(case)
    changes = [text.en for text in move(engine, case, other, dry_run=True).changes]
    assert any("was done as “clerk”, who could not do it under small@2: it stays done" in one for one in changes), (
        changes
    )
    assert any(one.startswith("“submit” was done, and asks otherwise under small@2") for one in changes), changes
    assert all(text.zh for text in move(engine, case, other, dry_run=True).changes)


VERSIONS = [
    LONGER,
    version(("at_least = 1 }]\n\n[items.note]", "equals = 2 }]\n\n[items.note]")),
    version(
        (
            'requires = [{ items = "note", in = ["done"], since = "drafting", at_least = 1 }]',
            'requires = [{ items = "note", in = ["done"], since = "drafting", at_least = 3 }]',
        )
    ),
    version(('trigger = "restart"', 'trigger = "begin_anew"')),
]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 99), max_size=12), st.sampled_from(VERSIONS))
def test_what_moved_can_still_come_to_its_end(acts: list[int], to: Procedure) -> None:
    engine, case = begun(to)
    for number in acts:
        some_act(case, number)
    state = case.value
    told = move(engine, case, to, dry_run=True)
    if not told.possible:
        assert case.value == state
        return
    move(engine, case, to)
    assert case.plan("settled").prospect is Prospect.FOUND
    fresh = {record.hash for record in streams.read(engine._shell.store, streams.case_stream(case.id))}
    assert len(fresh) == case.value.version
    assert engine.verify().cases == 1


# The command


def written(tmp_path: Path, procedure: Procedure, name: str) -> str:
    """A file from which ``procedure`` is read again."""
    file = tmp_path / name
    file.write_text(procedure_text(procedure), encoding="utf-8")
    return str(file)


def procedure_text(procedure: Procedure) -> str:
    return {worlds.small().digest: worlds.SMALL, LONGER.digest: LONGER_TEXT}[procedure.digest]


LONGER_TEXT = (
    worlds.SMALL.replace('version = "1"', 'version = "2"')
    .replace("5 working days", "20 working days")
    .replace('en = "drafting"', 'en = "being drafted"')
)


def test_the_command_moves_all_cases_and_tells_which_could_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    url = f"sqlite:///{tmp_path}/small.db"
    with worlds.engine_on(url, procedures=[worlds.small()]) as engine:
        worlds.constituted(engine)
        first, second = opened(engine), opened(engine)
    new = written(tmp_path, LONGER, "small-2.toml")
    by = ["--by", CHAIR.id, "--body", CHAIR.body, "--basis", "order 9", "--store", url]
    assert main(["migrate", new, *by, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "2 of 2 could move; nothing was done" in shown
    assert "What would change" in shown
    assert f"{first.id}, {second.id} (small@1)" in shown, "what is alike is told once"
    assert shown.count("small@1 becomes small@2") == 1
    assert "“drafting”: limit was 5 working days, is now 20 working days; what is due stays due" in shown
    assert main(["migrate", new, first.id, *by]) == 0
    shown = capsys.readouterr().out
    assert "1 of 1 moved" in shown
    assert "small@1 becomes small@2" in shown
    assert main(["migrate", new, *by, "--json", "--lang", "zh"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["case"], told["before"], told["after"], told["blockers"]) == (second.id, "small@1", "small@2", [])
    assert main(["migrate", new, *by, "--lang", "zh"]) == 0
    assert "无可迁移案件" in capsys.readouterr().out
    assert main(["history", first.id, "--store", url]) == 0
    shown = capsys.readouterr().out
    assert "go on under version 2" in shown
    assert main(["migrate", "five-step", *by]) == 0
    assert "there is no case of five-step in this store" in capsys.readouterr().out
    old = written(tmp_path, worlds.small(), "small-1.toml")
    assert main(["migrate", old, first.id, *by, "--map", "states.drafting"]) == 2
    assert main(["migrate", new, first.id, *by]) == 2
    by[1] = "nobody"
    assert main(["migrate", old, *by, "--lang", "zh"]) == 1
    assert "不能迁移" in capsys.readouterr().out


def test_each_record_is_said_in_the_words_of_its_version() -> None:
    engine, case = begun(RENAMED)
    advanced(case)
    move(engine, case, RENAMED, mapping=NAMES)
    assert [str(one) for one in case.procedures().values()] == ["small@1", "small@2"]
    said = [case.procedures()[record.procedure].version for record in case.history()]
    assert said == ["1"] * len(said)
    case.fire("send_back", by=CHAIR, basis=BASIS, reasons="r")
    assert case.procedures()[case.history()[-1].procedure] == RENAMED


# Forged


def migrated_by_hand(engine: Engine, case: CaseHandle, to: Procedure, **said: Any) -> None:
    """A record of a migration as one with access to the file could append it, the index being right."""
    value, first, last = case.value, case.history()[0], case.history()[-1]
    circumstances: dict[str, Any] = {
        "actor": CHAIR,
        "role": "chair",
        "basis": Basis("forged"),
        "mandate": first.mandate,
        "occurred_at": last.recorded_at,
        "recorded_at": last.recorded_at,
        "procedure": last.procedure,
        **said,
    }
    event = Migrated(procedure_version=to.version, digest=to.digest)
    record = seal(f"case/{case.id}", value.version + 1, value.head, event, Circumstances(**circumstances))
    after = evolve(value, record.event, record.stamp)
    engine._shell.store.append(
        batch([record], expected_version=value.version, procedure=case.procedure, before=value, after=after, onto=to)
    )


@pytest.mark.parametrize("who", ["chair", "clerk"])
def test_a_forged_migration_is_found(who: str) -> None:
    """By a role that opens no case; and to a version of which the store keeps no text."""
    engine, case = begun(LONGER)
    other = opened(engine)
    if who == "clerk":
        move(engine, other, LONGER)  # so that the text is kept, and proved
        mandate = next(held.mandate for held in case.value.appointments if held.role == "clerk")
        migrated_by_hand(engine, case, LONGER, actor=CLERK, role="clerk", mandate=mandate)
    else:
        migrated_by_hand(engine, case, LONGER)
    with pytest.raises(Corrupt):
        engine.verify()
    if who == "chair":
        move(engine, other, LONGER)
        assert engine.verify().cases == 2, "done exactly as it would be done, it is no forgery"
