"""What a refused person reads, with the titles of a real procedure: good sentences in both languages, whatever the numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import attrs
import pytest
from requirement_view import NOW, HandMade, act, blocked, entry, item

from stabflow import procedure
from stabflow.calendar import Duration
from stabflow.case import Item, frozen
from stabflow.decision.refusals import not_permitted
from stabflow.errors import Blocker, Refused
from stabflow.language import Field, FieldType
from stabflow.requirements import CaseIs, IndependentOf, ItemsAre, Requirement, RolesFilled, TimeElapsed, ValueIs
from stabflow.text import Text
from stabflow.values import Value

FIVE = procedure("five-step")


@attrs.frozen(kw_only=True)
class Titled(HandMade):
    """A view made by hand that calls things what the five-step procedure calls them."""

    kind: str | None = None

    def after(self, start: datetime, duration: Duration | str) -> datetime:
        return (start + timedelta(days=30)).astimezone(ZoneInfo("Asia/Shanghai"))

    def number_name(self, name: str) -> Text:
        return FIVE.field_title(name, self.kind)

    def title_of_value(self, name: str, value: Value) -> Text:
        return FIVE.choice_title(FIVE.field_of(name, self.kind), value)

    def title_of_item_value(self, kind: str, field: str, value: Value) -> Text:
        return FIVE.choice_title(FIVE.items[kind].fields[field], value)

    def title_of_field(self, kind: str, field: str) -> Text:
        return FIVE.field_title(field, kind)

    def title_of_kind(self, kind: str) -> Text:
        return FIVE.kind_title(kind)

    def title_of_state(self, state: str, kind: str | None = None) -> Text:
        return FIVE.state_title(state, kind)

    def title_of_role(self, role: str) -> Text:
        return FIVE.role_title(role)

    def title_of_trigger(self, trigger: str) -> Text:
        return FIVE.trigger_title(trigger, self.kind)


def of_kind(kind: str, *states: str, **fields: Value) -> list[Item]:
    return [item(number, state, kind=kind, **fields) for number, state in enumerate(states, start=1)]


SINCE = {state: entry(1) for state in FIVE.states}


# Sentences that could be read out

READ: list[tuple[Requirement, Titled, str, str]] = [
    (
        ItemsAre(items="vote", since="deciding", at_least="quorum"),
        Titled(all_items=of_kind("vote", "cast"), values={"quorum": 3}, entered=SINCE),
        "vote (since “deciding” was last entered): at least 3 needed (“quorum”), 1 there",
        "表决（自最近一次进入“会审中”起）：至少需要3项（“最低表决人数”），现有1项",
    ),
    (
        ItemsAre(items="vote", where={"position": "implement"}, since="deciding", over=Fraction(1, 2)),
        Titled(all_items=[*of_kind("vote", "cast", "cast", position="defer")], entered=SINCE),
        "vote (position: “implement”; since “deciding” was last entered): more than half of all needed, 0 of 2 there",
        "表决（表决意见：“实施”；自最近一次进入“会审中”起）：应超过半数，现为2项中的0项",
    ),
    (
        ItemsAre(items="criterion", since="analyzing", every="assessed"),
        Titled(all_items=of_kind("criterion", "open", "assessed", "open"), entered=SINCE),
        "every criterion (since “analyzing” was last entered) must be “assessed”;"
        " criterion-1 and criterion-3 are “to be assessed”",
        "所有评估项（自最近一次进入“分析中”起）均应为“已评估”；criterion-1、criterion-3为“待评估”",
    ),
    (
        ItemsAre(items="finding", in_="upheld", at_most=0),
        Titled(all_items=of_kind("finding", "upheld")),
        "finding (“upheld”): none allowed, 1 there: finding-1",
        "问题认定（“认定成立”）：不得有，现有1项：finding-1",
    ),
    (
        ItemsAre(items="condition", where={"due": "before_start"}, every=("met", "lifted")),
        Titled(all_items=of_kind("condition", "open", "open")),
        "state “to be met” of condition-1 and condition-2 first",
        "请先填报condition-1、condition-2的“履行时点”",
    ),
    (
        RolesFilled(filled=["initiating_unit", "assessment_unit"]),
        Titled(),
        "initiating unit: at least 1 holder needed, none there; assessment unit: at least 1 holder needed, none there",
        "事项责任单位：至少需有1人任职，现无人任职；评估主体：至少需有1人任职，现无人任职",
    ),
    (
        ValueIs(value="level_after", is_=("medium", "high")),
        Titled(values={"level_after": "low"}),
        "“overall level after measures” must be “medium: some object strongly, conflict possible” or “high: most object very"
        " strongly”, but is “low: most support, few object, resolvable”",
        "“措施后综合风险等级”应为“中风险”或“高风险”，现为“低风险”",
    ),
    (
        ValueIs(value="report_parts", is_="plan"),
        Titled(kind="document", values={"report_parts": ("facts", "assessment")}),
        "“parts of the report” must include “measures and plans”,"
        " but names only “facts of the matter” and “prediction and assessment”",
        "“报告所含部分”应包含“预防化解预案”，现仅有“事项相关情况”、“预测评估情况”",
    ),
    (
        ValueIs(value=["support", "oppose", "other"], equals="responded"),
        Titled(kind="consultation", values={"support": 1, "oppose": 2, "other": 3, "responded": 1}),
        "“support” + “oppose” + “other” must be exactly “responded” (1), but is 6",
        "“支持”+“反对”+“其他”应等于“回应数”（1），现为6",
    ),
    (
        CaseIs(case=("investigate", "planning")),
        Titled(case_state="screening", case_step="scope"),
        "the case must be in “investigate” or “planning”, but is in “screening”",
        "案件应处于“调查”或“制定预案中”，现处于“范围筛查”",
    ),
    (
        TimeElapsed(elapsed="comment_period", since="running"),
        Titled(kind="consultation", own_id="consultation", own_entered={"running": entry(1)}),
        "not possible before 2026-03-31 16:00 (Asia/Shanghai): the time since “under way” was entered has not run out yet",
        "2026年3月31日16:00（Asia/Shanghai）之前不可办理：自进入“进行中”起的期限尚未届满",
    ),
    (
        IndependentOf(independent_of="carry_out"),
        Titled(kind="measure", done=[act("carry_out", "me", "oversight")]),
        "somebody independent must do this: the actor did “carry out” here",
        "应由独立人员办理：该办理人曾办理“落实”",
    ),
    (
        IndependentOf(independent_of="concerned"),
        Titled(kind="finding", values={"concerned": "me"}, own_fields=frozenset({"concerned"})),
        "somebody independent must do this: the actor is the “office-holder concerned”",
        "应由独立人员办理：该办理人即为“所涉责任人”",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("requirement", "view", "en", "zh"), READ, ids=[f"{one[0].kind}-{number}" for number, one in enumerate(READ)]
)
def test_a_sentence_reads_well(requirement: Requirement, view: Titled, en: str, zh: str) -> None:
    blocker = blocked(requirement, view)
    assert blocker.text == Text(en, zh)
    assert_well_written(blocker)


# Every requirement of the procedure, against too little, too much and nothing stated

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
HALF_WIDTH = re.compile(r"""[,;:!?()\[\]"']""")


def assert_well_written(blocker: Blocker) -> None:
    """No number stands before a title; each language has its own punctuation; nothing is written for any number at once."""
    for text in (blocker.text, blocker.have, blocker.need):
        assert not CHINESE.search(text.en), text.en
        assert "(s)" not in text.en
        assert not re.search(r"[0-9]+ (vote|risk|document|opinion|criterion|consultation)\b", text.en), text.en
        for said in (text.en, text.zh):
            assert said == said.strip()
            assert said.count("“") == said.count("”")
            assert "““" not in said
            assert "  " not in said
        outside = re.sub(r"[0-9]{2}:[0-9]{2}", "", text.zh)
        assert not HALF_WIDTH.search(outside), text.zh
        assert ", " not in text.zh
    assert blocker.text.en[0].islower() or blocker.text.en[0] in "“("
    assert not blocker.text.en.endswith(".")


def first_or_last(field: Field, *, last: bool) -> Value | None:
    if field.type is FieldType.BOOL:
        return last
    if field.type is FieldType.INT:
        return 7 if last else 0
    if field.of is None:
        return None
    entries = list(FIVE.lists[field.of])
    chosen = entries[-1 if last else 0]
    return (entries[1], chosen) if field.many else chosen


def crowd(kind: str, number: int, *, last: bool) -> Sequence[Item]:
    """``number`` items of a kind, in all its states."""
    cycle = FIVE.items[kind]
    stated = {name: first_or_last(field, last=last) for name, field in cycle.fields.items()}
    fields = frozen({name: value for name, value in stated.items() if value is not None})
    states = list(cycle.states)
    return [
        attrs.evolve(item(n, states[(n - 1) // 2 % len(states)], kind=kind), fields=fields)
        for n in range(1, number + 1)
    ]  # fmt: skip


def views(kind: str | None) -> Iterator[Titled]:
    numbers = {name: one.value for name, one in FIVE.parameters.items() if isinstance(one.value, int)}
    triggers = [row.trigger for row in FIVE.lifecycle(kind).transitions]
    for last in (False, True):
        for number in (0, 1, 2, 7):
            stated = {
                name: first_or_last(field, last=last)
                for cycle in (FIVE.case, FIVE.lifecycle(kind))
                for name, field in cycle.fields.items()
            }
            yield Titled(
                kind=kind,
                values={**numbers, **{name: value for name, value in stated.items() if value is not None}},
                all_items=[one for name in FIVE.items for one in crowd(name, number, last=last)],
                case_state="screening",
                case_step="scope",
                entered=SINCE,
                own_entered={state: entry(1) for state in FIVE.lifecycle(kind).states},
                own_id=kind or "",
                done=[act(trigger, "me" if last else "boss", "higher_body") for trigger in triggers],
                roles={"me": frozenset({"oversight"}), "boss": frozenset({"higher_body"})},
                subordinates={"higher_body": frozenset({"oversight"})},
                now=NOW,
            )
    yield Titled(
        kind=kind,
        values=numbers,
        all_items=[item(n, next(iter(FIVE.items[name].states)), kind=name) for name in FIVE.items for n in (1, 2)],
        entered=SINCE,
    )


@pytest.mark.parametrize("kind", [None, *FIVE.items])
def test_every_sentence_of_the_procedure_is_well_written(kind: str | None) -> None:
    rows = FIVE.lifecycle(kind).transitions
    requirements = [part for row in rows for whole in row.requires for _, part in whole.walk()]
    told: set[Text] = set()
    for view in views(kind):
        for requirement in requirements:
            blocker = attrs.evolve(requirement, title=None).blocker(view)
            if blocker is not None:
                assert_well_written(blocker)
                told.add(blocker.text)
    assert told or not requirements


# Where nothing leads

NOWHERE = [
    (kind, state, trigger)
    for kind, cycle in FIVE.lifecycles()
    for state in cycle.states
    for trigger in dict.fromkeys(row.trigger for row in cycle.transitions)
    if trigger not in FIVE.tables[kind][state]
]


def test_what_is_not_permitted_is_told_in_titles() -> None:
    assert len(NOWHERE) > 100
    for kind, state, trigger in NOWHERE:
        refusal = not_permitted(FIVE, kind, state, trigger, FIVE.trigger_title(trigger, kind))
        assert isinstance(refusal, Refused)
        (blocker,) = refusal.blockers
        assert_well_written(blocker)
        assert not re.search("[A-Za-z]", blocker.text.zh), blocker.text.zh
        assert blocker.facts["permitted"] == list(FIVE.tables[kind][state])


def test_the_names_of_what_is_permitted_are_facts() -> None:
    refusal = not_permitted(FIVE, None, "screening", "reopen_analysis", Text("x", "某"))
    assert isinstance(refusal, Refused)
    assert refusal.describe() == (
        "refused: x\n"
        "  - it cannot be done in “screening”, only in “planning” or “reporting”;"
        " permitted now: “find that it must be assessed”, “find that it need not be assessed” [clause D2.六.3]"
        " — can be cured by: review group"
    )
    assert refusal.describe("zh") == (
        "已拒绝：某\n"
        "  - “范围筛查”状态下不可办理，须在“制定预案中”或“编制报告中”状态下办理；现可办理：“认定应当评估”、“认定无需评估”"
        "〔D2.六.3〕——可由审查小组补正"
    )
    assert refusal.blockers[0].facts["permitted"] == ["screen_in", "screen_out"]
