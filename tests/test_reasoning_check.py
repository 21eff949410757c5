"""`check` as its users meet it: the report, its words in both languages, the exit status, and what hits a bound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flawed.catalogue import FLAWS, text_of

import stabflow
from stabflow.cli import main
from stabflow.language import bundled, bundled_names, loads
from stabflow.reasoning import statements
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


def checked(text: str, **more: int) -> Report:
    return check(
        loads(text.replace("closed =", "shut =").replace('"closed"\nby', '"shut"\nby').encode(), what="a draft"), **more
    )


@pytest.mark.parametrize("name", bundled_names())
def test_what_comes_with_stabflow_is_proved(name: str) -> None:
    report = check(bundled(name))
    assert report.status is Status.PROVED, [finding.as_dict() for finding in report.findings]
    assert {finding.property for finding in report.findings} >= {"five_steps", "ends", "outcomes", "rows", "authors"}
    assert report.digest == bundled(name).digest


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


def test_the_acts_that_show_a_warning_are_left_to_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    careful = next(flaw for flaw in FLAWS if flaw.name == "left_open_by_another_end")
    (warning,) = [one for one in check(careful.flawed).findings if one.property == "concluded"]
    assert len(warning.trace) == 3
    file = tmp_path / "draft.toml"
    file.write_text(text_of(careful.theme, (*careful.shared, *careful.planted)), encoding="utf-8")
    assert main(["check", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "3 acts show it" in shown
    assert "add (objection-1)" not in shown
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
