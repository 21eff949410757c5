"""What an act or time lets offices know: which notices come of what, to whom, in which words; and that they come with it or not
at all."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from lapsing import HEAD, HELPER, INSPECTION, INSPECTOR, JUDGE, START, Hand, a_case, opened
from notified import NOTIFIED, told, waiting

from stabflow import Matter
from stabflow.case import CASE, vacancy
from stabflow.decision.notices import notices_of
from stabflow.decision.told import WORDS
from stabflow.engine import CaseHandle, Engine
from stabflow.engine.doctor import Health, diagnose
from stabflow.errors import Refused, StoreUnavailable
from stabflow.language import Occasion, loads
from stabflow.language.notice_template import FIELDS
from stabflow.ports.store import AppendBatch, AppendResult, Capability
from stabflow.stores.memory import MemoryStore


def world(text: str = NOTIFIED, **more: str) -> tuple[Engine, CaseHandle, Hand]:
    clock = Hand()
    engine = opened(clock, text=text, **more)
    return engine, a_case(engine), clock


def test_every_word_of_a_template_can_be_told() -> None:
    assert {*WORDS, "role"} == {*FIELDS}


def test_a_row_that_is_fired_is_told_to_those_accountable_after_it_and_to_the_roles_named() -> None:
    engine, case, _ = world()
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    assert told(engine) == []
    record = case.fire("hand_back", by=HEAD, basis="rota")
    assert told(engine) == [("handed_back", CASE, "inspector", ""), ("handed_back", CASE, "board", "")]
    first, second = waiting(engine)
    assert (first.subject.en, first.subject.zh) == (
        "plant: hand back by head of the unit",
        "plant：主要负责人hand back",
    )
    assert first.text.en == f"{case.id} of Inspection\nchecking, due 24:00 of 2026-01-19"
    assert first.text.zh == f"排查{case.id}\n排查中，期限2026年1月19日24时"
    assert (first.origin, first.created_at) == (record.hash, record.recorded_at)
    assert first.facts == {
        "notice": "handed_back",
        "on": "fired",
        "case": case.id,
        "matter": "plant",
        "procedure": "inspection@1",
        "about": "case",
        "state": "checking",
        "trigger": "hand_back",
        "by_role": "head",
        "due": "2026-01-19T16:00:00.000000Z",
    }
    assert first.id != second.id
    assert len(first.id) == 64


def test_a_state_that_is_entered_is_told_also_where_all_ends() -> None:
    engine, case, _ = world()
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    case.fire("sign_off", by=HEAD, basis="rota", summary="done")
    assert told(engine) == [("closed", CASE, "inspector", ""), ("closed", CASE, "board", "")]
    assert waiting(engine)[0].subject.zh == "本案件：办结"
    assert waiting(engine)[0].text.en == "no time limit"


def test_an_owner_who_is_named_is_told_through_their_body_and_never_by_name() -> None:
    engine, case, _ = world()
    hazard = case.add("hazard", by=INSPECTOR, basis="rota")
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=HELPER, deadline=date(2026, 1, 30))
    (one,) = waiting(engine)
    assert (one.name, one.role, one.body, one.text.zh) == ("assigned", "owner", "unit", "限2026年1月30日")
    assert (one.subject.en, one.subject.zh, one.text.en) == (hazard, f"隐患{hazard}", "by 2026-01-30")
    assert HELPER.id not in engine._shell.store.waiting()[0].payload.decode()


def test_who_is_named_and_was_not_appointed_is_known_by_an_office_or_those_above_all_hear_of_it() -> None:
    engine, case, _ = world()
    hazard = case.add("hazard", by=INSPECTOR, basis="rota")
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=JUDGE, deadline=date(2026, 1, 30))
    assert told(engine) == [("assigned", hazard, "owner", "town")]
    history = [(record.event, record.stamp) for record in case.history()]
    without = notices_of(loads(NOTIFIED), None, history, ())
    assert [(one.role, one.body) for one in without] == [("board", "")]


def test_a_limit_that_has_passed_is_told_to_whose_duty_it_was_and_to_those_it_has_gone_to() -> None:
    engine, _, clock = world()
    clock.now = START + timedelta(days=15)
    engine.tick(through=clock.now, basis="clock")
    notices = [one for one in waiting(engine) if one.about == CASE and one.name in ("late", "gone_up")]
    assert [(one.name, one.role) for one in notices] == [("late", "inspector"), ("gone_up", "head")]
    late, up = notices
    assert late.text.en == "the case (checking) was due 24:00 of 2026-01-19."
    assert up.subject.zh == "本案件已上报主要负责人"
    assert up.text.en == "An answer is due 24:00 of 2026-01-23."
    assert (late.facts.get("level"), up.facts["level"]) == (None, "1")
    raised = [one for one in waiting(engine) if one.name == "raised"]
    assert [(one.role, one.body) for one in raised] == [("concerned", "unit"), ("judge", "")]
    assert raised[0].subject.en == f"finding {raised[0].about} raised: not done in time"
    assert (raised[1].text.en, raised[1].text.zh) == ("by time, for judge", "时限提出，致认定人")


def test_what_goes_up_again_is_told_to_the_next_ones_and_no_more_to_whose_duty_it_was() -> None:
    engine, _, clock = world()
    clock.now = START + timedelta(days=15)
    engine.tick(through=clock.now, basis="clock")
    before = len(waiting(engine))
    clock.now = START + timedelta(days=19)
    engine.tick(through=clock.now, basis="clock")
    further = [one for one in waiting(engine)[before:] if one.about == CASE and one.name in ("late", "gone_up")]
    assert [(one.name, one.role, one.facts["level"]) for one in further] == [("gone_up", "board", "2")]


def test_a_vacant_office_is_told_to_who_fills_it() -> None:
    clock = Hand()
    engine = opened(clock, text=NOTIFIED)
    a_case(engine, helped=False)
    clock.now = START + timedelta(days=3)
    engine.tick()
    vacant = [one for one in waiting(engine) if one.about == vacancy("helper")]
    assert [(one.name, one.role) for one in vacant if one.name != "soon"] == [("late", "head"), ("gone_up", "board")]
    assert vacant[-1].subject.en.startswith("the office “helper” has come to ")


def test_a_breach_that_is_only_possible_accuses_nobody_until_somebody_confirms_it() -> None:
    engine, case, clock = world()
    hazard = case.add("hazard", by=INSPECTOR, basis="rota")
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=HELPER, deadline=date(2026, 1, 2))
    clock.pass_(minutes=5)
    engine.tick(through=clock.now, basis="clock")
    (breach,) = case.value.breaches.values()
    assert breach.possible
    assert [one for one in told(engine) if one[0] in ("late", "gone_up")] == []
    case.confirm_breach(breach.version, by=HEAD, basis="it was told by word of mouth")
    of_hazard = [one for one in told(engine) if one[0] in ("late", "gone_up")]
    assert of_hazard == [("late", hazard, "owner", "unit"), ("gone_up", hazard, "head", "")]


def test_what_was_done_meanwhile_is_not_told_as_late_when_somebody_confirms_it() -> None:
    engine, case, clock = world()
    hazard = case.add("hazard", by=INSPECTOR, basis="rota")
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=HELPER, deadline=date(2026, 1, 2))
    clock.pass_(minutes=5)
    engine.tick(through=clock.now, basis="clock")
    (breach,) = case.value.breaches.values()
    case.fire("reassign", item=hazard, by=HEAD, basis="rota", owner=HELPER, deadline=date(2026, 2, 2))
    case.confirm_breach(breach.version, by=HEAD, basis="it was told by word of mouth")
    assert [one for one in told(engine) if one[0] in ("late", "gone_up")] == []


def test_several_acts_of_one_transaction_are_told_each_as_it_was() -> None:
    engine, case, _ = world()
    hazard = case.add("hazard", by=INSPECTOR, basis="rota")
    with case.acting(HEAD, basis="rota", role="head") as act:
        act.fire("assign", item=hazard, owner=HELPER, deadline=date(2026, 1, 30))
        act.fire("reassign", item=hazard, owner=INSPECTOR, deadline=date(2026, 2, 2))
    found = waiting(engine)
    assert [(one.name, one.text.en) for one in found] == [("assigned", "by 2026-01-30"), ("assigned", "by 2026-02-02")]
    assert [one.origin for one in found] == [record.hash for record in case.history()[-2:]]
    assert found[0].id != found[1].id


class Unwilling(MemoryStore):
    """Refuses every batch with notices."""

    def append(self, batch: AppendBatch) -> AppendResult:
        if batch.outbox:
            raise StoreUnavailable("no room")
        return super().append(batch)


def test_what_cannot_be_told_has_not_happened() -> None:
    engine, case, _ = world()
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    version = case.value.version
    engine._shell.store.__class__ = Unwilling
    with pytest.raises(StoreUnavailable):
        case.fire("hand_back", by=HEAD, basis="rota")
    assert (case.value.version, told(engine)) == (version, [])


def test_a_refused_act_and_one_that_is_repeated_tell_nothing_more() -> None:
    engine, case, _ = world()
    with pytest.raises(Refused):
        case.fire("hand_back", by=HEAD, basis="rota")
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    for _ in range(3):
        case.fire("hand_back", by=HEAD, basis="rota", key="request 7")
    assert len(told(engine)) == 2


def test_where_the_store_has_no_outbox_the_act_is_done_and_the_doctor_says_that_nobody_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_outbox, case, _ = world()
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    assert not [one for one in diagnose(with_outbox._shell) if one.check == "notices"]

    monkeypatch.setattr(MemoryStore, "capabilities", MemoryStore.capabilities - {Capability.OUTBOX})
    engine, case, _ = world()
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    case.fire("hand_back", by=HEAD, basis="rota")
    assert case.value.state == "checking"
    (found,) = [one for one in diagnose(engine._shell) if one.check == "notices"]
    assert (found.health, found.facts) == (Health.ATTEND, {"procedures": ["inspection@1"]})


def test_a_procedure_without_notices_tells_nothing() -> None:
    engine, case, clock = world(INSPECTION)
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    case.fire("hand_back", by=HEAD, basis="rota")
    clock.now = START + timedelta(days=40)
    engine.tick(through=clock.now, basis="clock")
    assert told(engine) == []


@pytest.mark.parametrize(
    ("written", "told_en", "told_zh"),
    [
        ('number = { type = "int" }', "4", "4"),
        ('number = { type = "decimal" }', "0.000001", "0.000001"),
        ('number = { type = "bool" }', "yes", "是"),
        ('number = { type = "date" }', "2026-02-01", "2026年2月1日"),
        ('number = { type = "choice", of = "breach" }', "office not filled", "职位空缺"),
        (
            'number = { type = "choice", of = "breach", many = true }',
            "not done in time; office not filled",
            "逾期未办；职位空缺",
        ),
        ('number = { type = "int", optional = true }', "not stated", "未填报"),
        ('number = { type = "decimal", max = 99999999999 }', "not shown", "不予显示"),
    ],
)
def test_fields_are_told_in_words(written: str, told_en: str, told_zh: str) -> None:
    values = {
        "4": 4,
        "0.000001": Decimal("0.000001"),
        "yes": True,
        "2026-02-01": date(2026, 2, 1),
        "office not filled": "vacant",
        "not done in time; office not filled": ("vacant", "overdue"),
        "not shown": Decimal(13800138000),
    }
    text = NOTIFIED.replace("[facts.summary]", f"[facts]\n{written}\n[facts.summary]", 1)
    text = text.replace('set = ["summary"]', 'set = ["summary", "number"]', 1)
    text = text.replace('en = "{due}", zh = "{due}"', 'en = "{{{number}}}", zh = "{number}"', 1)
    engine, case, _ = world(text)
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    given = {} if told_en not in values else {"number": values[told_en]}
    case.fire("sign_off", by=HEAD, basis="rota", summary="done", **given)
    one = waiting(engine)[0]
    assert (one.text.en, one.text.zh) == (f"{{{told_en}}}", told_zh)


def test_a_title_is_told_on_one_line_and_is_no_template_itself() -> None:
    text = NOTIFIED.replace('en = "{matter}: {trigger} by {by_role}"', 'en = "{matter_title} goes back"')
    engine, _, _ = world(text)
    matter = Matter("works", "{due} {0} %s {{x}}")
    case = engine.open_case("inspection", matter, by=INSPECTOR, basis="rota", trigger="open")
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    case.fire("hand_back", by=HEAD, basis="rota")
    assert waiting(engine)[0].subject.en == "{due} {0} %s {{x}} goes back"


def test_what_is_told_is_a_function_of_the_records_alone() -> None:
    engine, case, _ = world()
    hazard = case.add("hazard", by=INSPECTOR, basis="rota")
    case.fire("assign", item=hazard, by=HEAD, basis="rota", owner=HELPER, deadline=date(2026, 1, 30))
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    case.fire("hand_back", by=HEAD, basis="rota")
    procedure = loads(NOTIFIED)
    history = [(record.event, record.stamp) for record in case.history()]
    offices = engine._shell.offices.current().of(procedure)
    assert list(notices_of(procedure, None, history, offices)) == waiting(engine)
    assert {one.on for one in procedure.notices} == {*Occasion}


def test_laid_out_items_are_told_as_they_come() -> None:
    text = NOTIFIED.replace(
        "[items.round]",
        """[items.point]
title = { en = "point", zh = "检查点" }
clause = "2"
preset = { field = "of_breach", from = "breach", dest = "open", at = "checking" }
fields.of_breach = { type = "choice", of = "breach" }
states.open = { accountable = "inspector", within = "5 days" }
states.done = { final = true }
transitions = { trigger = "do", source = "open", dest = "done", by = ["inspector"] }

[items.round]""",
    )
    text += """
[[notices]]
name = "laid_out"
on = "entered"
of = "point"
in = "open"
to = "accountable"
subject = { en = "{item}: {of_breach}", zh = "{item}：{of_breach}" }
text = { en = "{trigger} by {by_role}", zh = "{trigger}" }

[[notices]]
name = "worked"
on = "entered"
of = "point"
in = "done"
to = "head"
subject = { en = "{item}", zh = "{item}" }
text = { en = "{trigger}", zh = "{trigger}" }
"""
    text = text.replace('trigger = "open"\n', 'trigger = "open"\ntitle = { en = "opening", zh = "启动" }\n', 1)
    text = text.replace(
        '{ trigger = "open", dest = "raised"',
        '{ trigger = "open", title = { en = "wrong", zh = "错" }, dest = "raised"',
    )
    engine, case, _ = world(text)
    points = [one for one in waiting(engine) if one.name == "laid_out"]
    assert [(one.about, one.subject.en) for one in points] == [
        ("point-1", "point-1: not done in time"),
        ("point-2", "point-2: office not filled"),
    ]
    assert [one.text.en for one in points] == ["opening by inspector"] * 2
    case.fire("do", item="point-1", by=INSPECTOR, basis="rota")
    assert [(one.about, one.text.en) for one in waiting(engine) if one.name == "worked"] == [("point-1", "do")]
    case.fire("hand_in", by=INSPECTOR, basis="rota")
    case.fire("hand_back", by=HEAD, basis="rota")
    again = [one.about for one in waiting(engine) if one.name == "laid_out"]
    assert again == ["point-1", "point-2", "point-3", "point-4"]
