"""What a machine tells is short, and what does it again fails as long as the mistake is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, settings

from stabflow import InvalidInput, Procedure, ProcedureError
from stabflow.language import loads
from stabflow.testing import ActProperty, Counterexample, ShownAct, procedure_machine, replay_trace
from stabflow.testing.procedures.shortening import shortened
from stabflow.testing.procedures.standing import Broken
from stabflow.testing.procedures.steps import Came, Step, Verb
from stabflow.text import Text

DRAFT = """
[procedure]
id = "loan"
version = "1"
title = { en = "Lending a machine", zh = "机具出借" }
source = "house rules 2026"
timezone = "Asia/Shanghai"

[roles.office]
title = { en = "office", zh = "办公室" }
supervises = ["keeper"]

[roles.keeper]
title = { en = "keeper", zh = "保管人" }

[facts]
days = { type = "int", min = 1, max = 60 }

[states]
asked = { accountable = "office", within = "5 days" }
lent = { accountable = "keeper", within = "60 days" }
returned = { final = true }

[[transitions]]
trigger = "ask"
dest = "asked"
by = ["keeper"]
set = ["days"]

[[transitions]]
trigger = "lend"
source = "asked"
dest = "lent"
by = ["office"]
requires = [{ items = "check", every = ["made"] }, { items = "check", at_least = 1 }]

[[transitions]]
trigger = "take_back"
source = "lent"
dest = "returned"
by = ["keeper"]

[items.check]
title = { en = "check", zh = "检查" }
states.begun = { accountable = "keeper", within = "5 days" }
states.made = { final = true }
transitions = [
  { trigger = "add", dest = "begun", by = ["keeper"] },
  { trigger = "make", source = "begun", dest = "made", by = ["keeper"] },
]
"""
SOUND = loads(DRAFT)
STUCK_TEXT = DRAFT.replace(
    'dest = "made", by = ["keeper"]', 'dest = "made", by = ["keeper"], requires = [{ case = "lent" }]'
)
STUCK = loads(STUCK_TEXT)
NOTHING_IS_LENT = ActProperty(title=Text("nothing is lent", "不出借"), always=lambda shown: shown.after.state != "lent")


def found(
    procedure: Procedure | str | Path, *extra: ActProperty, phases: tuple[Phase, ...] = (Phase.generate, Phase.shrink)
) -> Counterexample:
    machine = procedure_machine(procedure, extra=extra)
    machine.TestCase.settings = settings(
        machine.TestCase.settings,
        max_examples=20,
        stateful_step_count=8,
        derandomize=True,
        database=None,
        phases=phases,
    )
    with pytest.raises(Counterexample) as caught:
        machine.TestCase("runTest").debug()
    return caught.value


def told(it: Counterexample) -> list[Step]:
    return [one for one in it.steps if one.verb is not Verb.CONSTITUTE]


@pytest.mark.slow
def test_a_dead_end_is_a_short_story_that_fails_again_until_it_is_mended(tmp_path: Path) -> None:
    it = found(STUCK)
    assert it.broken.rule == "dead_end"
    assert [one.verb for one in told(it)] == [Verb.OPEN]
    dossier = tmp_path / "stuck.toml"
    (tmp_path / "procedure.toml").write_text(STUCK_TEXT, encoding="utf-8")
    dossier.write_text(it.dossier(), encoding="utf-8")
    for trace in (it, dossier):
        with pytest.raises(Counterexample) as again:
            replay_trace(trace)
        assert again.value.broken == it.broken
    (tmp_path / "procedure.toml").write_text(DRAFT, encoding="utf-8")
    replay_trace(dossier)
    replay_trace(it, procedure=SOUND)


@pytest.mark.slow
def test_what_the_story_does_without_is_left_out() -> None:
    long = found(SOUND, NOTHING_IS_LENT, phases=(Phase.generate,))
    machine = procedure_machine(SOUND, extra=[NOTHING_IS_LENT])
    before = list(long.steps)
    refused = Step(
        verb=Verb.FIRE, what="take_back", case="case-1", by=before[-1].by, at=before[-1].at, came=Came.REFUSED
    )
    padded = Counterexample(SOUND, [*before[:-1], refused, refused, before[-1]], long.broken)
    short = shortened(padded, machine.setting, seconds=10)
    assert short.broken == long.broken
    assert [one.what for one in told(short) if one.verb is not Verb.OPEN] == ["check", "make", "lend"]
    assert all(one.came is Came.DONE for one in told(short))


def test_what_does_not_come_again_stays_as_it_is() -> None:
    opened = Step(verb=Verb.OPEN, case="case-1", what="ask", came=Came.DONE)
    it = Counterexample(SOUND, [opened], Broken("available", Text("x", "x")))
    assert shortened(it, procedure_machine(SOUND).setting, seconds=1) is it


@pytest.mark.slow
def test_a_property_that_raises_is_told_with_the_acts_before_it() -> None:
    def wrong(shown: ShownAct) -> bool:
        return bool(shown.after.facts["no such fact"])

    it = found(SOUND, ActProperty(title=Text("it is so", "如此"), always=wrong))
    assert it.broken.text.en == "“it is so” cannot be judged: KeyError: 'no such fact'"
    assert it.broken.text.zh == "“如此”无法判断：KeyError：'no such fact'"
    assert isinstance(it.__cause__, KeyError)
    assert [one.verb for one in told(it)] == [Verb.OPEN]


# What is replayed


@pytest.mark.slow
def test_a_dossiers_text_finds_the_file_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loan.toml").write_text(DRAFT, encoding="utf-8")
    it = found("loan.toml", NOTHING_IS_LENT)
    assert it.source == "loan.toml"
    with pytest.raises(Counterexample) as again:
        replay_trace(it.dossier(), extra=[NOTHING_IS_LENT])
    assert again.value.dossier() == it.dossier()
    Path("loan.toml").unlink()
    with pytest.raises(ProcedureError, match=r"^loan\.toml has 1 fault"):
        replay_trace(it.dossier())


def test_what_is_no_trace_is_refused() -> None:
    with pytest.raises(InvalidInput, match="int is no trace"):
        replay_trace(42)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="nonsense: cannot be read"):
        replay_trace("nonsense")
