"""Nothing that the public is shown hangs on a number that it is not shown: two cases that differ in nothing else look alike, on
every page, in either language and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import PLAIN, Run

import stabflow
from stabflow import Actor, CaseHandle, Engine, InvalidInput, Matter, Procedure, Refused
from stabflow.cli.app import commands
from stabflow.language import loads
from stabflow.reasoning.planned import Prospect
from stabflow.values import Withheld

CLERK, HEAD, SECOND = Actor("clerk", body="county"), Actor("head", body="county"), Actor("second", body="county")

TEXT = """
[procedure]
format = 1
id = "reception"
version = "1"
timezone = "Asia/Shanghai"
title = { en = "Reception", zh = "接待" }
source = "tests"
[clauses]
"1" = {}
[parameters]
quorum = { value = 2, verified = false, source = "chosen", clause = "1" }
[roles]
clerk = { title = { en = "clerk", zh = "经办人" } }
head = { title = { en = "head", zh = "负责人" } }
second = { title = { en = "second", zh = "复核人" }, appointed_by = ["head"] }
[facts]
people = { type = "int", min = 0, suppress_below = 5, title = { en = "people", zh = "人数" } }
batches = { type = "int", min = 0, suppress_below = 5, title = { en = "batches", zh = "批次" } }
settled = { type = "int", min = 0, suppress_below = 5, title = { en = "settled", zh = "办结" } }
pending = { type = "int", min = 0, suppress_below = 5, title = { en = "pending", zh = "未办结" } }
[states]
scoping = { step = "scope", accountable = "clerk", open_ended = true, clause = "1" }
counting = { step = "investigate", accountable = "clerk", open_ended = true }
weighing = { step = "analyze", accountable = "clerk", open_ended = true }
drafting = { step = "plan", accountable = "clerk", open_ended = true }
writing = { step = "report", accountable = "clerk", open_ended = true }
reviewing = { step = "review", accountable = "head", open_ended = true }
cleared = { step = "decided", outcome = "implement", accountable = "head", open_ended = true }
ended = { step = "closed", outcome = "implement", final = true }
[[transitions]]
trigger = "open"
dest = "scoping"
by = ["clerk"]
[[transitions]]
trigger = "begin"
source = "scoping"
dest = "counting"
by = ["clerk"]
[[transitions]]
trigger = "count"
source = "counting"
dest = "weighing"
by = ["clerk"]
set = ["people", "batches", "settled", "pending"]
requires = [{ value = ["settled", "pending"], equals = "batches" }, { value = "batches", at_most = "people" }]
[[transitions]]
trigger = "weigh"
source = "weighing"
dest = "drafting"
by = ["clerk"]
[[transitions]]
trigger = "draft"
source = "drafting"
dest = "writing"
by = ["clerk"]
[[transitions]]
trigger = "write"
source = "writing"
dest = "reviewing"
by = ["second"]
[[transitions]]
trigger = "pass"
source = "reviewing"
dest = "cleared"
by = ["head"]
[[transitions]]
trigger = "finish"
source = "cleared"
dest = "ended"
by = ["head"]
requires = [{ value = "pending", at_least = 2 }]
[items.talk]
title = { en = "talk", zh = "座谈" }
fields.heads = { type = "int", min = 0, suppress_below = 5, title = { en = "heads", zh = "到会" } }
fields.agreed = { type = "int", min = 0, suppress_below = 5, title = { en = "agreed", zh = "赞成" } }
fields.other = { type = "int", min = 0, suppress_below = 5, title = { en = "other", zh = "其他" } }
states.held = { accountable = "clerk", open_ended = true }
states.filed = { final = true }
transitions = [
  { trigger = "add", dest = "held", by = ["clerk"], set = ["heads", "agreed", "other"], requires = [
    { value = ["agreed", "other"], equals = "heads" },
  ] },
  { trigger = "file", source = "held", dest = "filed", by = ["clerk"], requires = [
    { value = "other", at_most = "quorum" },
    { items = "talk", where = { other = [1] }, at_most = 0 },
  ] },
]
[gate]
in = ["cleared"]
requires = [{ value = "pending", at_most = 0, title = { en = "nothing is pending", zh = "无未办结" } }]
"""


@pytest.fixture(scope="module")
def procedure() -> Procedure:
    return loads(TEXT)


Numbers = Mapping[str, Any]
FIRST: dict[str, Numbers] = {
    "count": {"people": 60, "batches": 20, "settled": 17, "pending": 3},
    "amend": {"batches": 21, "settled": 20, "pending": 1},
    "talk": {"heads": 30, "agreed": 27, "other": 3},
    "retold": {"heads": 31, "agreed": 30, "other": 1},
}
OTHER: dict[str, Numbers] = {
    "count": {"people": 60, "batches": 21, "settled": 17, "pending": 4},
    "amend": {"batches": 22, "settled": 20, "pending": 2},
    "talk": {"heads": 31, "agreed": 27, "other": 4},
    "retold": {"heads": 32, "agreed": 30, "other": 2},
}
"""The same but for what is hidden: small numbers, and those hidden beside them."""


def clock() -> Callable[[], datetime]:
    now = datetime(2026, 3, 2, 1, tzinfo=UTC)

    def tell() -> datetime:
        nonlocal now
        now += timedelta(seconds=1)
        return now

    return tell


def walked(engine: Engine, procedure: Procedure, told: Mapping[str, Numbers]) -> CaseHandle:
    engine.constitute(procedure, "clerk", CLERK, basis="order 1")
    engine.constitute(procedure, "head", HEAD, basis="order 1")
    case = engine.open_case(
        procedure, Matter("hall", "Hall"), by=CLERK, basis="plan", unproved="allow", key="request 1"
    )
    case.fire("begin", by=CLERK, basis="plan")
    talk = case.add("talk", by=CLERK, basis="minutes", **told["talk"])
    case.fire("count", by=CLERK, basis="register", key=f"register {told['count']['pending']}", **told["count"])
    case.amend(None, by=CLERK, basis="register", reason="counted again", **told["amend"])
    case.amend(talk, by=CLERK, basis="minutes", reason="read again", **told["retold"])
    case.appoint("second", SECOND, by=HEAD, basis="order 2")
    for trigger, by in (("weigh", CLERK), ("draft", CLERK), ("write", SECOND), ("pass", HEAD)):
        case.fire(trigger, by=by, basis="minutes")
    return case


CASE = "reception-hall-1"
COMMANDS: list[tuple[str, ...]] = [
    ("show", CASE),
    ("history", CASE),
    ("plan", CASE, "ended"),
    ("plan", CASE, "cleared"),
    ("gate", "hall", "--accept", "reception"),
    ("matter", "hall"),
]
FORMS: list[tuple[str, ...]] = [(), ("--lang", "zh"), ("--json",), ("--json", "--lang", "zh")]


@pytest.fixture(scope="module")
def stores(procedure: Procedure, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("public")
    found = []
    for name, told in (("first", FIRST), ("other", OTHER)):
        url = f"sqlite:///{folder / name}.db"
        with stabflow.open(url, procedures=[procedure], clock=clock(), calendar="weekends") as engine:
            walked(engine, procedure, told)
        found.append(url)
    return found[0], found[1]


def printed(stab: Run, words: tuple[str, ...], url: str) -> str:
    _, out, err = stab(*words, "--store", url, columns=160)
    return f"{out}{err}".replace(url, "STORE")


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_public_cannot_tell_two_cases_apart(
    stab: Run, stores: tuple[str, str], words: tuple[str, ...], form: tuple[str, ...]
) -> None:
    first, other = (printed(stab, (*words, *form, "--audience", "public"), url) for url in stores)
    if "--json" in form and words[0] in ("gate", "matter"):  # which answers as of now
        first, other = (json.dumps(json.loads(one) | {"asked_at": ""}) for one in (first, other))
    assert first == other
    assert first


@pytest.mark.parametrize("words", [("show", CASE), ("history", CASE)], ids=" ".join)
def test_officials_can(stab: Run, stores: tuple[str, str], words: tuple[str, ...]) -> None:
    """Else the test above would prove nothing."""
    first, other = (printed(stab, (*words, "--json"), url) for url in stores)
    assert first != other
    assert "withheld" not in first + other


def test_every_command_that_prints_a_case_asks_for_whom() -> None:
    asks = {name for name, one in commands.commands.items() if any(o.name == "audience" for o in one.params)}
    of_a_case = {"show", "history", "plan", "matter", "gate", "run", "demo"}
    no_values = {"duties", "tick", "recalendar", "doctor", "procedures", "check", "diff", "migrate"}
    no_values |= {"plugins", "new", "conformance", "copy", "deliver", "outbox"}
    assert asks == of_a_case
    assert {*commands.commands} == of_a_case | no_values


def test_what_the_public_is_shown_reads_well(stab: Run, stores: tuple[str, str]) -> None:
    said = printed(stab, ("show", CASE, "--audience", "public"), stores[0])
    assert "pending" in said
    assert "<5" in said
    assert "not shown" in said
    assert "untold" in said
    assert "not told" in said
    assert "the hash of the last is not shown" in said
    chinese = printed(stab, ("show", CASE, "--audience", "public", "--lang", "zh"), stores[0])
    for words in ("少于5", "不予公开", "不详", "不予说明"):
        assert words in chinese
    found = json.loads(printed(stab, ("show", CASE, "--audience", "public", "--json"), stores[0]))
    assert found["facts"] == {
        "people": 60, "batches": {"withheld": {}}, "pending": {"withheld": {"below": 5}}, "settled": 20,
    }  # fmt: skip


# The same in Python


@pytest.fixture
def both(procedure: Procedure) -> Iterator[tuple[CaseHandle, CaseHandle]]:
    engines = [stabflow.open("memory:", procedures=[procedure], clock=clock(), calendar="weekends") for _ in range(2)]
    first, other = (walked(engine, procedure, told) for engine, told in zip(engines, (FIRST, OTHER), strict=True))
    yield first, other
    for engine in engines:
        engine.close()


def asked(case: CaseHandle) -> dict[str, Any]:
    shown = case.shown_to("public")
    return {
        "value": shown.value,
        "history": [record.as_dict() for record in shown.history()],
        "records": shown.history(),
        "finish": shown.blockers("finish", by=HEAD),
        "finish for nobody": shown.blockers("finish", by=CLERK),
        "file": shown.blockers("file", by=CLERK, item="talk-1"),
        "add": shown.add_blockers("talk", by=HEAD),
        "plan": shown.plan("ended").as_dict(),
        "duties": shown.duties(),
        "state": shown.state,
    }


def test_in_python_too(both: tuple[CaseHandle, CaseHandle]) -> None:
    first, other = map(asked, both)
    for name, value in first.items():
        assert value == other[name], name
    assert repr(first) == repr(other)
    assert both[0].value != both[1].value


def test_what_rests_on_a_hidden_number_is_not_told_met_or_not(both: tuple[CaseHandle, CaseHandle]) -> None:
    for case, met in zip(both, (False, True), strict=True):
        assert (case.blockers("finish", by=HEAD) == ()) is met
        (told,) = case.shown_to("public").blockers("finish", by=HEAD)
        assert (told.kind, told.have.en, told.need.en, told.facts) == ("withheld", "", "", {})
        assert case.shown_to("official").blockers("finish", by=HEAD) == case.blockers("finish", by=HEAD)


def test_a_plan_that_hangs_on_a_hidden_number_is_not_told(both: tuple[CaseHandle, CaseHandle]) -> None:
    assert both[0].plan("ended").prospect is Prospect.FOUND
    told = both[0].shown_to("public").plan("ended")
    assert (told.prospect, told.acts, told.blockers) == (Prospect.OPEN, (), ())
    assert "not shown" in told.reason.en


def test_who_may_do_it_is_told_beside_it(both: tuple[CaseHandle, CaseHandle]) -> None:
    assert [one.kind for one in both[0].shown_to("public").blockers("finish", by=CLERK)] == ["role", "withheld"]


def test_a_record_does_not_tell_by_its_hash(both: tuple[CaseHandle, CaseHandle]) -> None:
    """Of five numbers that it could be, the hash would fit one."""
    case = both[0]
    official, public = case.history(), case.shown_to("public").history()
    first = next(n for n, record in enumerate(public) if record.hash != official[n].hash)
    assert [record.hash for record in public[first:]] == [f"withheld:{n}" for n in range(first + 1, len(public) + 1)]
    assert all(record.key is None for record in public)
    told = repr([record.as_dict() for record in public]) + repr(case.shown_to("public").value)
    assert not [record.hash for record in official[first:] if record.hash in told]
    assert case.shown_to("official").history() == official


def test_a_case_without_small_counts_is_shown_whole(procedure: Procedure) -> None:
    large: dict[str, Numbers] = {
        "count": {"people": 60, "batches": 20, "settled": 12, "pending": 8}, "amend": {"pending": 7, "settled": 13},
        "talk": {"heads": 30, "agreed": 20, "other": 10}, "retold": {"agreed": 19, "other": 11},
    }  # fmt: skip
    with stabflow.open("memory:", procedures=[procedure], clock=clock(), calendar="weekends") as engine:
        case = walked(engine, procedure, large)
        shown = case.shown_to("public")
        assert (shown.value, shown.history()) == (case.value, case.history())
        assert shown.blockers("finish", by=CLERK) == case.blockers("finish", by=CLERK)
        assert shown.plan("ended").prospect is case.plan("ended").prospect is Prospect.FOUND


def test_the_case_still_adds_up_for_the_public(both: tuple[CaseHandle, CaseHandle]) -> None:
    value = both[0].shown_to("public").value
    assert value.facts == {"people": 60, "batches": Withheld(), "pending": Withheld(5), "settled": 20}
    assert value.items["talk-1"].fields["other"] == Withheld(5)
    assert value.appointments[0].mandate.startswith("withheld:")


def test_the_gate_answers_the_public_without_the_number(
    both: tuple[CaseHandle, CaseHandle], procedure: Procedure
) -> None:
    with stabflow.open("memory:", procedures=[procedure], clock=clock(), calendar="weekends") as engine:
        walked(engine, procedure, FIRST)
        gate = engine.gate("hall", accept=["reception"])
        assert [one.kind for one in gate.ask().reasons] == ["unproved", "value"]
        answer = gate.ask("public")
        assert [one.kind for one in answer.reasons] == ["unproved", "withheld"]
        assert answer.reasons[-1].facts == {"case": CASE}
        assert [ground.head[:9] for ground in answer.grounds] == ["withheld:"]
        assert not answer.cleared


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_a_gate_that_is_shut_for_another_reason_does_not_tell_whether_a_number_is_met(
    stab: Run, tmp_path: Path, form: tuple[str, ...]
) -> None:
    """Nor do the attempts to go ahead: neither by what stood against them, nor by the hashes of their records."""
    gate = '[gate]\nin = ["cleared"]\nrequires = [{ value = "pending"'
    stricter = gate.replace("[{ value", '[{ items = "talk", at_least = 9 }, { value')
    procedure = loads(TEXT.replace(gate, stricter))
    pages = []
    for settled, pending in ((20, 0), (17, 3)):
        url = f"sqlite:///{tmp_path}/{pending}.db"
        told = {**FIRST, "count": {"people": 60, "batches": 20, "settled": settled, "pending": pending}}
        told["amend"] = {"people": 61}
        with stabflow.open(url, procedures=[procedure], clock=clock(), calendar="weekends") as engine:
            walked(engine, procedure, told)
            asked = engine.gate("hall", accept=["reception"])
            assert ("value" in [one.kind for one in asked.ask().reasons]) is (pending > 0)
            asked.attempted(by=CLERK, basis="went ahead")
            official, public = asked.attempts()[0], asked.attempts("public")[0]
            assert official.hash == engine.matter("hall").attempts[0].record.hash != public.hash == "withheld:1"
        gate_page = ("gate", "hall", "--accept", "reception", "--audience", "public", *form)
        again = (*gate_page, "--attempt-by", "x", "--body", "y", "--basis", "z")
        shown = [
            printed(stab, words, url) for words in (gate_page, ("matter", "hall", "--audience", "public", *form), again)
        ]
        pages.append([re.sub(r"20\d\d-\d\d-\d\d[T ][\d:.]+|\d{4}-\d\d-\d\d", "WHEN", one) for one in shown])
    assert pages[0] == pages[1]


def test_an_unknown_audience_is_refused(both: tuple[CaseHandle, CaseHandle]) -> None:
    with pytest.raises(InvalidInput, match="audience"):
        both[0].shown_to("press")  # type: ignore[arg-type]


def test_whoever_typed_the_number_is_told_it(both: tuple[CaseHandle, CaseHandle]) -> None:
    with pytest.raises(Refused, match="is 4") as caught:
        both[0].add("talk", by=CLERK, basis="minutes", heads=3, agreed=2, other=2)
    assert caught.value.blockers


# Running a dossier

STATED = "with = { responded = 36, support = 25, oppose = 6, other = 5 }"


def dossier(responded: int, small: int, tried: int) -> str:
    """The plain one, with a small count of those opposed, and before it an act that was refused."""
    text = PLAIN.read_text(encoding="utf-8")
    assert STATED in text
    before, _, after = text.partition(STATED)
    head, _, act = before.rpartition("[[acts]]")
    refused = (
        act.rstrip() + f'\nwith = {{ responded = {tried}, support = 1, oppose = 0, other = 0 }}\nexpect = "refused"\n\n'
    )
    fits = f"with = {{ responded = {responded}, support = {responded - small - 5}, oppose = {small}, other = 5 }}"
    return f"{head}[[acts]]{refused}[[acts]]{act}{fits}{after}"


@pytest.mark.parametrize("form", [*FORMS, ("--refusals",)], ids=" ".join)
def test_a_run_is_shown_alike(stab: Run, tmp_path: Path, form: tuple[str, ...]) -> None:
    found: dict[str, list[str]] = {"official": [], "public": []}
    for audience, outs in found.items():
        for numbers in ((36, 1, 3), (36, 3, 2)):
            file = tmp_path / "matter.toml"
            file.write_text(dossier(*numbers), encoding="utf-8")
            status, out, err = stab("run", file, "--store", "memory:", "--audience", audience, *form, columns=160)
            assert status == 0, err
            outs.append(out)
    assert found["public"][0] == found["public"][1]
    assert found["official"][0] != found["official"][1] or form in ((), ("--lang", "zh"))


def test_a_run_that_comes_out_otherwise_is_told_alike(stab: Run, tmp_path: Path) -> None:
    found = []
    for tried in (2, 3):
        file = tmp_path / "matter.toml"
        file.write_text(dossier(36, 1, tried).replace('expect = "refused"', ""), encoding="utf-8")
        for form in ((), ("--json",)):
            status, out, err = stab("run", file, "--store", "memory:", "--audience", "public", *form)
            assert status == 2
            found.append(out + err)
    assert found[:2] == found[2:]
