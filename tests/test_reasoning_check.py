"""`check` as its users meet it: the report, its words in both languages, the exit status, and what hits a bound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lapsing
import pytest
from flawed.catalogue import FLAWS, text_of

import stabflow
from stabflow import Actor, InvalidInput, Matter
from stabflow.cli import check_page, main
from stabflow.errors import ProcedureNotProved
from stabflow.language import bundled, bundled_names, loads
from stabflow.reasoning import explore, statements
from stabflow.reasoning.check import check
from stabflow.reasoning.report import Report, Status

HEAD = """
[procedure]
format = 1
id = "permit"
version = "1"
title = { en = "permit", zh = "许可" }
source = "house rules"
[clauses]
"1" = {}
[roles.head]
title = { en = "head", zh = "负责人" }
supervises = ["clerk"]
clause = "1"
[roles.clerk]
title = { en = "clerk", zh = "文员" }
[states]
open = { accountable = "clerk", open_ended = true, title = { en = "open", zh = "办理中" } }
closed = { final = true, title = { en = "closed_", zh = "办结" } }
[[transitions]]
trigger = "begin"
dest = "open"
by = ["clerk"]
[items.note]
title = { en = "note", zh = "记录" }
states.written = { accountable = "clerk", open_ended = true }
states.read = { final = true }
transitions = [
  { trigger = "add", dest = "written", by = ["clerk"] },
  { trigger = "read", source = "written", dest = "read", by = ["head"] },
]
[[transitions]]
trigger = "finish"
source = "open"
dest = "closed"
by = ["head"]
"""

SOUND = HEAD.replace('"closed_"', '"closed"') + 'requires = [{ items = "note", in = ["read"], at_least = 2 }]\n'
STUCK = SOUND.replace('in = ["read"], at_least = 2 }', 'at_least = 1 }, { items = "note", at_most = 0 }')


def checked(text: str, **more: Any) -> Report:
    return check(
        loads(text.replace("closed =", "shut =").replace('"closed"\nby', '"shut"\nby').encode(), what="a draft"), **more
    )


FAITHFUL = {"facility-2012", "company-six-aspects", "township-2010", "screening-2015", "town-2013"}
"""Each of these is proved in the tests of its own, with what it warns of."""


@pytest.mark.parametrize("name", [name for name in bundled_names() if name.partition("@")[0] not in FAITHFUL])
def test_what_comes_with_stabflow_is_proved(name: str) -> None:
    report = check(bundled(name))
    assert report.status is Status.PROVED, [finding.as_dict() for finding in report.findings]
    assert {finding.property for finding in report.findings} >= {"five_steps", "ends", "outcomes", "rows", "authors"}
    assert report.digest == bundled(name).digest
    warned = {finding.property for finding in report.findings if finding.status is Status.WARNING}
    assert "needless" not in warned, (
        "whoever assesses a criterion that a return left open is kept from it by where the case stands"
    )


def test_a_sound_procedure_is_proved() -> None:
    report = checked(SOUND)
    assert report.proved
    assert not report.flaws
    kinds = {finding.property: finding.status for finding in report.findings if finding.status is not Status.WARNING}
    assert kinds["five_steps"] is kinds["outcomes"] is Status.NOT_APPLICABLE
    assert kinds["ends"] is kinds["rows"] is kinds["escalation"] is Status.PROVED


def test_a_flaw_is_told_with_its_acts_in_both_languages() -> None:
    report = checked(STUCK)
    assert report.status is Status.FLAWED
    (stuck,) = [finding for finding in report.flaws if finding.property == "ends"]
    assert stuck.path == "states.open"
    assert [act.trigger for act in stuck.trace] == ["begin"]
    assert stuck.trace[0].roles == ("clerk",)
    for language, words in (("en", "begin – by clerk"), ("zh", "begin——文员")):
        told = report.as_dict(language)  # type: ignore[arg-type]
        assert words in json.dumps(told, ensure_ascii=False)


def test_a_bound_is_never_a_pass() -> None:
    report = checked(SOUND, max_states=2)
    assert report.status is Status.INCOMPLETE
    assert not report.proved
    assert not any(
        finding.status is Status.PROVED for finding in report.findings if finding.property in ("ends", "rows")
    )


@pytest.mark.parametrize(("text", "status"), [(SOUND, 0), (STUCK, 1), ("[procedure]\n", 2)])
def test_the_exit_status_says_it(text: str, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "draft.toml"
    file.write_text(text.replace("closed =", "shut =").replace('"closed"\nby', '"shut"\nby'), encoding="utf-8")
    assert main(["check", str(file)]) == status
    capsys.readouterr()
    assert main(["check", str(file), "--json", "--lang", "zh"]) == status
    if status < 2:
        told = json.loads(capsys.readouterr().out)
        assert told["status"] == ("proved" if status == 0 else "flawed")
        assert main(["check", str(file), "--lang", "zh"]) == status
        shown = capsys.readouterr().out
        assert ("已证明" if status == 0 else "有缺陷") in shown


def test_the_same_under_its_public_name() -> None:
    assert stabflow.check is check


def test_what_only_time_does_is_no_way_out() -> None:
    """It may happen, and nobody can bring it about: whether a case ends that waits for it is not decided."""
    add = '{ trigger = "add", dest = "written", by = ["clerk"] },'
    assert add in SOUND
    report = checked(SOUND.replace(add, '{ trigger = "add", dest = "written", on = ["overdue"] },'))
    (ends,) = [finding for finding in report.findings if finding.property == "ends"]
    assert ends.status is Status.INCOMPLETE
    assert not report.flaws
    assert checked(SOUND).proved


def test_more_ways_to_state_something_than_are_tried_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    text = SOUND.replace("[states]", '[facts]\nurgent = { type = "bool" }\nlate = { type = "bool" }\n[states]')
    text = text.replace(
        "at_least = 2 }]", 'at_least = 2 }, { value = "urgent", is = true }, { value = "late", is = true }]'
    )
    text += '[[transitions]]\ntrigger = "state"\nsource = "open"\nby = ["clerk"]\nset = ["urgent", "late"]\n'
    assert checked(text).proved
    monkeypatch.setattr(statements, "MAX_ASSIGNMENTS", 3)
    assert checked(text).status is Status.INCOMPLETE


def test_of_the_acts_that_show_a_warning_the_last_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    careful = next(flaw for flaw in FLAWS if flaw.name == "left_open_by_another_end")
    (warning,) = [one for one in check(careful.flawed).findings if one.property == "concluded"]
    assert len(warning.trace) == 3
    file = tmp_path / "draft.toml"
    file.write_text(text_of(careful.theme, (*careful.shared, *careful.planted)), encoding="utf-8")
    assert main(["check", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "acts show it" not in shown, "all three are printed"
    assert "  2  add (objection-1)" in shown
    assert shown.count("what one end asks to be concluded") == 1, "what is doubtful is not proved beside it"
    monkeypatch.setattr(check_page, "LAST", 1)
    assert main(["check", str(file), "--lang", "zh"]) == 0
    shown = capsys.readouterr().out
    assert "可由3项办理说明，以下为最后几项" in shown
    assert "  3  drop" in shown
    assert "add" not in shown
    assert main(["check", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [act["trigger"] for one in told["findings"] for act in one["trace"]] == ["open", "add", "drop"]


READ = '{ trigger = "read", source = "written", dest = "read", by = ["head"] },'


def test_an_independence_that_may_leave_nobody_is_not_settled_by_the_roles() -> None:
    """The clerk, whose superior may write notes, reads what is independent of them, or where there is no hurry."""
    ways = 'any = [{ independent_of = ["add"] }, { value = "urgent", is = false }]'
    text = SOUND.replace("[states]", '[facts]\nurgent = { type = "bool" }\n[states]')
    text = text.replace('dest = "open"\nby = ["clerk"]', 'dest = "open"\nby = ["head"]\nset = ["urgent"]')
    text = text.replace(READ, READ.replace('by = ["head"]', f'by = ["clerk"], requires = [{{ {ways} }}]'))
    assert ways in text
    by_head = text.replace('dest = "written", by = ["clerk"]', 'dest = "written", by = ["clerk", "head"]')
    report = checked(by_head)
    (ends,) = [finding for finding in report.findings if finding.property == "ends"]
    assert ends.status is Status.INCOMPLETE
    assert not report.flaws
    assert checked(text).proved


UNLIKE = SOUND.replace(
    "[states]",
    '[lists.level]\nhigh = { title = { en = "high", zh = "高" } }\nlow = { title = { en = "low", zh = "低" } }\n[states]',
)
UNLIKE = UNLIKE.replace(
    'zh = "记录" }\n', 'zh = "记录" }\nunique = ["level"]\nfields.level = { type = "choice", of = "level" }\n'
)
EVERY_READ = UNLIKE.replace('in = ["read"], at_least = 2 }', 'every = ["read"] }')


@pytest.mark.parametrize(
    ("text", "setting", "status"),
    [
        (EVERY_READ, "read", Status.INCOMPLETE),  # a third note can never be read
        (EVERY_READ, "add", Status.PROVED),
        (UNLIKE, "read", Status.INCOMPLETE),
        (UNLIKE, "add", Status.PROVED),  # there is room for two, and it is followed
    ],
)
def test_room_for_unlike_items_that_is_not_followed_is_not_taken_for_granted(
    text: str, setting: str, status: Status
) -> None:
    by = "clerk" if setting == "add" else "head"
    dest = "written" if setting == "add" else "read"
    report = checked(
        text.replace(f'dest = "{dest}", by = ["{by}"]', f'dest = "{dest}", by = ["{by}"], set = ["level"]')
    )
    (ends,) = [finding for finding in report.findings if finding.property == "ends"]
    assert ends.status is status
    assert report.proved is (status is Status.PROVED)
    assert bool(report.assumed) is not report.proved


def test_more_room_than_is_followed_is_not_taken_for_granted() -> None:
    many = "".join(f'l{n} = {{ title = {{ en = "l{n}", zh = "级" }} }}\n' for n in range(40))
    text = UNLIKE.replace("[lists.level]\n", f"[lists.level]\n{many}")
    text = text.replace('dest = "written", by = ["clerk"]', 'dest = "written", by = ["clerk"], set = ["level"]')
    assert checked(text).status is Status.INCOMPLETE
    enough = checked(text.replace('in = ["read"], at_least = 2 }', 'every = ["read"] }'))
    assert enough.proved, "nothing needs one more"


def test_what_counts_earlier_rounds_is_told_with_its_place_and_clause(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SOUND.replace("closed =", "shut =").replace('"closed"\nby', '"shut"\nby')
    text = text.replace(
        '[{ items = "note", in = ["read"], at_least = 2 }]',
        """[
  { items = "note", in = ["read"], at_least = 2, clause = "1" },
  { any = [{ items = "note", at_least = 1 }, { case = ["open"] }] },
]""",
    )
    text += '[[transitions]]\ntrigger = "again"\nsource = "open"\ndest = "open"\nby = ["clerk"]\n'
    warned = [one for one in check(loads(text)).findings if one.property == "since" and one.path]
    assert [one.path for one in warned] == ["transitions.finish.requires[0]", "transitions.finish.requires[1].any[0]"]
    file = tmp_path / "draft.toml"
    file.write_text(text, encoding="utf-8")
    for language, words in (("en", "or mean it [clause 1]"), ("zh", "或确认如此〔1〕")):
        assert main(["check", str(file), "--lang", language]) == 0
        lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
        assert words in ("" if language == "zh" else " ").join(lines)


def test_a_procedure_without_steps_is_told_how_to_get_them() -> None:
    gate = '[gate]\nin = ["open"]\n'
    (flaw,) = checked(SOUND + gate).flaws
    assert flaw.property == "five_steps"
    assert "give its states a `step`" in flaw.text.en
    assert "`step`" in flaw.text.zh


# Bounds


class Ticking:
    """A clock on which every look takes a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def test_time_that_is_over_is_no_pass_and_says_what_to_do() -> None:
    clock = Ticking()
    assert checked(SOUND, seconds=10**6, clock=clock).proved
    needed = int(clock.now)
    for seconds in range(1, needed + 1):
        report = checked(SOUND, seconds=seconds, clock=Ticking())
        assert report.proved or (report.status is Status.INCOMPLETE and seconds < needed)
        open_ = [one for one in report.findings if one.status is Status.INCOMPLETE]
        assert all(f"the {seconds} seconds that it may take were over" in one.text.en for one in open_)
        assert all("give it more (seconds)" in one.text.en and "seconds" in one.text.zh for one in open_)
        assert all(one.property not in ("duties", "escalation", "clocks", "by_time", "since") for one in open_)


def test_no_search_goes_on_once_time_is_over() -> None:
    whole = checked(SOUND)
    at_once = checked(SOUND, seconds=1, clock=Ticking())
    assert 0 < at_once.states < whole.states
    assert [one.status for one in at_once.findings if one.property == "search"] == [Status.INCOMPLETE]


def test_a_bound_on_states_says_which_and_what_to_do() -> None:
    report = checked(SOUND, max_states=2)
    for one in report.findings:
        if one.status is Status.INCOMPLETE:
            assert "more than 2 states" in one.text.en
            assert "max_states" in one.text.zh


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), "5", True])
def test_seconds_are_a_number_above_nothing(seconds: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(bundled("five-step"), seconds=seconds)  # type: ignore[arg-type]
    assert [fault.path for fault in caught.value.faults] == ["seconds"]


def choosing(entries: int) -> str:
    """A choice of several of ``entries``, each of which some row asks for."""
    names = [f"e{n}" for n in range(entries)]
    lists = "[lists.area]\n" + "".join(f'{n} = {{ title = {{ en = "{n}", zh = "区" }} }}\n' for n in names)
    facts = '[facts]\nareas = { type = "choice", of = "area", many = true }\n'
    text = SOUND.replace("[states]", f"{lists}{facts}[states]")
    text = text.replace('dest = "open"\nby = ["clerk"]', 'dest = "open"\nby = ["clerk"]\nset = ["areas"]')
    return text + "".join(
        f'[[transitions]]\ntrigger = "look_{n}"\nsource = "open"\nby = ["clerk"]\n'
        f'requires = [{{ value = "areas", is = "{n}" }}]\n'
        for n in names
    )


@pytest.mark.slow
def test_choices_are_counted_before_they_are_listed() -> None:
    report = checked(choosing(20))
    assert report.status is Status.INCOMPLETE
    assert {one.text.en for one in report.findings if one.status is Status.INCOMPLETE} == {
        "“begin” may state in more than 4096 ways what is asked for: state it in several acts, or ask for less of it"
    }
    assert checked(choosing(3)).proved


def test_a_case_that_waits_for_no_proof_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    for one in (explore, statements):
        monkeypatch.setattr(one, "MAX_ASSIGNMENTS", 8)
    text = choosing(4).replace("closed =", "shut =").replace('"closed"\nby', '"shut"\nby')
    procedure = loads(text)
    clerk = Actor("o-1", body="office")
    with stabflow.open("memory:", procedures=[procedure]) as engine:
        engine.constitute(procedure, "clerk", clerk, basis="order 1")
        with pytest.raises(ProcedureNotProved) as caught:
            engine.open_case(procedure, Matter("m", "m"), by=clerk, basis="order 1", areas=["e1"])
    assert "more than 8 ways" in str(caught.value)


# What is given


def test_a_procedure_is_given_itself_by_name_or_by_path(tmp_path: Path) -> None:
    text = SOUND.replace("closed =", "shut =").replace('"closed"\nby', '"shut"\nby')
    file = tmp_path / "draft.toml"
    file.write_text(text, encoding="utf-8")
    assert stabflow.check(file).digest == stabflow.check(str(file)).digest == stabflow.check(loads(text)).digest
    assert stabflow.diff(file, str(file)).as_dict() == stabflow.diff(loads(text), loads(text)).as_dict()
    with pytest.raises(stabflow.ProcedureError) as caught:
        stabflow.check("five-stepp")
    assert "did you mean" in str(caught.value)


@pytest.mark.parametrize("given", [None, 5, b"five-step", ["five-step"], object()])
def test_what_is_no_procedure_is_refused_with_what_to_give(given: Any) -> None:
    calls = {
        "procedure": lambda: stabflow.check(given),
        "old": lambda: stabflow.diff(given, "five-step"),
        "new": lambda: stabflow.diff("five-step", given),
        "source": lambda: stabflow.procedure(given),
    }
    for place, call in calls.items():
        with pytest.raises(InvalidInput) as caught:
            call()
        (fault,) = caught.value.faults
        assert fault.path == place
        assert "five-step" in fault.cure


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"properties": None}, "properties"),
        ({"properties": "never"}, "properties"),
        ({"properties": [5]}, "properties[0]"),
        ({"max_states": 0}, "max_states"),
        ({"max_states": None}, "max_states"),
        ({"max_states": True}, "max_states"),
        ({"seconds": "5"}, "seconds"),
    ],
)
def test_so_is_whatever_else_is_no_such_thing(more: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        stabflow.check("five-step", **more)
    assert [fault.path for fault in caught.value.faults] == [place]


def test_the_command_takes_a_bound_on_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "draft.toml"
    file.write_text(SOUND.replace("closed =", "shut =").replace('"closed"\nby', '"shut"\nby'), encoding="utf-8")
    assert main(["check", str(file), "--seconds", "1e-9"]) == 3
    assert "the 1e-09 seconds that it may take were over" in " ".join(capsys.readouterr().out.split())
    assert main(["check", str(file), "--seconds", "1000"]) == 0
    assert main(["check", str(file), "--seconds", "0"]) == 2


def test_who_stops_the_clock_of_what_they_owe_is_warned_of() -> None:
    text = lapsing.INSPECTION.replace(
        'accountable = "head", within = "2 days" }',
        'accountable = "head", within = "2 days", clock_stopped_by = ["STOPS"] }',
    )
    for stops, expected in (("head", ["states.waiting.clock_stopped_by"]), ("board", [])):
        report = check(lapsing.known(text.replace("STOPS", stops)))
        assert [
            one.path for one in report.findings if one.property == "clocks" and one.status is Status.WARNING
        ] == expected


def test_what_holds_up_time_is_warned_of() -> None:
    call = 'trigger = "call", dest = "owed", every = "weekend" }'
    asks = call.replace(" }", ', requires = [{ items = "hazard", at_least = 1 }] }')
    for text, expected in (
        (lapsing.INSPECTION, []),
        (lapsing.INSPECTION.replace(call, asks), ["items.round.transitions.call"]),
    ):
        found = [one for one in check(lapsing.known(text)).findings if one.property == "by_time"]
        assert [one.path for one in found if one.status is Status.WARNING] == expected
