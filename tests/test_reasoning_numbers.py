"""What a trace states of numbers is what its rows ask; where no act can state it, nobody is accused."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from test_reasoning_check import HEAD

from stabflow.language import loads
from stabflow.reasoning.check import check
from stabflow.reasoning.report import Report, Status


def checked(
    rows: str, facts: str = 'n = { type = "int", min = 0 }', asked: str = '{ case = ["b"] }', more: str = ""
) -> Report:
    text = HEAD.replace(
        "[states]\nopen =", f'[facts]\n{facts}\n[states]\nb = {{ accountable = "clerk", open_ended = true }}\nopen ='
    )
    text = (
        text.replace("closed =", "shut =")
        .replace('dest = "closed"', 'dest = "shut"')
        .replace('source = "open"', 'source = ["open", "b"]')
    )
    return check(
        loads(text + more + rows + f'\n[[properties]]\ntitle = {{ en = "p", zh = "应证" }}\nnever = [{asked}]\n')
    )


def row(trigger: str, asks: str, *, dest: str = "", sets: str = "[]", source: str = '"open"') -> str:
    to = f'dest = "{dest}"\n' if dest else ""
    return f'\n[[transitions]]\ntrigger = "{trigger}"\nsource = {source}\n{to}by = ["clerk"]\nset = {sets}\nrequires = [{asks}]\n'


STATE = row("state", "", sets='["n"]')


def wanted(report: Report) -> Status:
    (found,) = [one for one in report.findings if one.property == "authors"]
    return found.status


def stated(report: Report) -> list[dict[str, object]]:
    (found,) = [one for one in report.findings if one.property == "authors"]
    return [dict(act.values) for act in found.trace]


def test_a_trace_states_the_numbers_that_its_rows_ask() -> None:
    report = checked(STATE + row("go", '{ value = "n", at_least = 5 }', dest="b"))
    assert wanted(report) is Status.FLAWED
    assert stated(report) == [{}, {"n": 5}, {}]
    (found,) = [one for one in report.findings if one.property == "authors"]
    assert "n: “5”" in found.trace[1].text.en


def test_numbers_that_no_act_can_give_accuse_nobody() -> None:
    """Once stated, n stays: who comes to b has stated at most 3, and must have stated at least 5."""
    low = row("state", '{ value = "n", at_most = 3 }', sets='["n"]')
    report = checked(low + row("go", '{ value = "n", at_least = 5 }', dest="b"))
    assert wanted(report) is Status.INCOMPLETE
    assert wanted(checked(low + row("go", '{ value = "n", at_least = 3 }', dest="b"))) is Status.FLAWED


AT_MOST_2, IS_2 = '{ value = "n", at_most = 2 }', '{ value = "n", equals = "two" }'


@pytest.mark.parametrize(
    ("first", "then", "status"),
    [
        (AT_MOST_2, '{ any = [{ value = "n", at_least = 5 }, { value = "n", at_most = 1 }] }', Status.FLAWED),
        (IS_2, '{ any = [{ value = "n", at_least = 5 }, { value = "n", at_most = 1 }] }', Status.INCOMPLETE),
        (
            AT_MOST_2,
            '{ any = [{ value = "n", at_least = 5 }, { all = [{ value = "n", at_most = 1 }, { plugin = "p" }] }] }',
            Status.FLAWED,
        ),
        (IS_2, '{ when = { value = "n", at_least = 3 }, value = "n", at_least = 5 }', Status.FLAWED),
        (IS_2, '{ when = { value = "n", at_least = 1 }, value = "n", at_least = 5 }', Status.INCOMPLETE),
        (IS_2, '{ when = { value = "n", is = [2, 3] }, value = "n", at_least = 5 }', Status.INCOMPLETE),
        (IS_2, '{ when = { value = "n", is = [3, 4] }, value = "n", at_least = 5 }', Status.FLAWED),
        (IS_2, '{ when = { plugin = "p" }, value = "n", at_least = 5 }', Status.FLAWED),
        (IS_2, '{ when = { case = ["b"] }, value = "n", at_least = 5 }', Status.FLAWED),
        (IS_2, '{ when = { case = ["open"] }, value = "n", at_least = 5 }', Status.INCOMPLETE),
        (
            IS_2,
            '{ when = { any = [{ value = "n", at_least = 3 }, { case = ["b"] }] }, value = "n", at_least = 5 }',
            Status.FLAWED,
        ),
        (
            IS_2,
            '{ when = { all = [{ value = "n", at_least = 2 }, { case = ["open"] }] }, value = "n", at_least = 5 }',
            Status.INCOMPLETE,
        ),
        (IS_2, '{ all = [{ value = "n", at_most = 2 }, { case = ["open"] }] }', Status.FLAWED),
        (IS_2, '{ any = [{ value = "n", at_least = 5 }, { case = ["open"] }] }', Status.FLAWED),
        (IS_2, '{ when = { value = "n", at_most = 3 }, value = "n", at_least = 5 }', Status.INCOMPLETE),
        (IS_2, '{ when = { value = "n", at_most = 1 }, value = "n", at_least = 5 }', Status.FLAWED),
        (IS_2, '{ when = { value = "n", is = [0, 1] }, value = "n", at_least = 5 }', Status.FLAWED),
        (IS_2, '{ when = { value = "n", is = [0, 2] }, value = "n", at_least = 5 }', Status.INCOMPLETE),
        (IS_2, '{ when = { value = "n", equals = 3 }, value = "n", at_least = 5 }', Status.FLAWED),
        (IS_2, '{ when = { value = "n", equals = 2 }, value = "n", at_least = 5 }', Status.INCOMPLETE),
        (IS_2, '{ value = ["n", "n", "m"], times = 2, equals = 8 }', Status.FLAWED),
        (IS_2, '{ value = ["n", "n", "m"], times = 2, equals = 2 }', Status.INCOMPLETE),
    ],
)
def test_alternatives_and_conditions_are_tried(first: str, then: str, status: Status) -> None:
    facts = 'n = { type = "int", min = 0 }\nm = { type = "int", min = 0 }'
    two = "[parameters]\ntwo = { value = 2, verified = true }\n"
    report = checked(row("state", first, sets='["n", "m"]') + row("go", then, dest="b"), facts, more=two)
    assert wanted(report) is status, [one.as_dict() for one in report.findings]


def test_numbers_of_items_and_decimals() -> None:
    facts = 'share = { type = "decimal", min = 0, max = 1 }'
    state = row("state", '{ value = "share", times = 3, at_least = 1 }', sets='["share"]')
    report = checked(state + row("go", '{ value = "share", times = 2, at_most = 1 }', dest="b"), facts)
    assert wanted(report) is Status.FLAWED
    (number,) = [values["share"] for values in stated(report) if values]
    assert isinstance(number, Decimal)
    assert number * 3 >= 1 >= number * 2
    assert f'"share": "{number:f}"' in json.dumps(report.as_dict())


@pytest.mark.parametrize(
    ("bound", "status"),
    [("at_least = 45", Status.FLAWED), ("at_least = 40", Status.INCOMPLETE), ("at_most = 30", Status.FLAWED)],
)
def test_a_condition_on_a_decimal_is_missed_by_less_than_one(bound: str, status: Status) -> None:
    """What is stated is from 0.40 to 0.44, and the row asks for more if the condition holds."""
    share = 'value = "share", times = 100'
    state = row("state", f"{{ {share}, at_least = 40 }}, {{ {share}, at_most = 44 }}", sets='["share"]')
    asks = f"{{ when = {{ {share}, {bound} }}, {share}, at_least = 90 }}"
    facts = 'share = { type = "decimal", min = 0, max = 1 }'
    assert wanted(checked(state + row("go", asks, dest="b"), facts)) is status


def test_each_item_has_numbers_of_its_own() -> None:
    kind = """
[items.bid]
title = { en = "bid", zh = "报价" }
fields.price = { type = "int", min = 1 }
states.made = { accountable = "clerk", open_ended = true }
states.low = { final = true }
states.high = { final = true }
transitions = [
  { trigger = "add", dest = "made", by = ["clerk"], set = ["price"] },
  { trigger = "lower", source = "made", dest = "low", by = ["clerk"], requires = [{ value = "price", at_most = 9 }] },
  { trigger = "raise_it", source = "made", dest = "high", by = ["clerk"], requires = [{ value = "price", at_least = 10 }] },
]
"""
    go = row(
        "go", '{ items = "bid", in = ["low"], at_least = 1 }, { items = "bid", in = ["high"], at_least = 1 }', dest="b"
    )
    report = checked(STATE + go, more=kind)
    assert wanted(report) is Status.FLAWED
    assert sorted(str(values["price"]) for values in stated(report) if "price" in values) == ["1", "10"]
