"""`run` on a store in which time is on record: what it finds between two acts of a dossier is part of the story."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import ROOT, Run
from conftest import SHORT

import stabflow
from stabflow.cli.timeline import stretches
from stabflow.decision.events import BreachFound
from stabflow.dossier import Dossier, run
from stabflow.language import Step
from stabflow.text import LANGUAGES, Language, Text

EXAMPLES = sorted((ROOT / "examples").glob("town*.toml" if SHORT else "*.toml"))
EXEMPT = ROOT / "examples" / "township-2010-exempt.toml"
URL = "sqlite:///ticked.db"
LATE = {"en": "possibly not (done|filled) in time", "zh": "疑似逾期"}
FOUND = {
    "company-six-aspects-no-plan": 1,
    "facility-2012": 1,
    "screening-2015": 6,
    "town-2013-deferred": 1,
    "town-2013-prohibited": 1,
    "town-2013": 1,
    "township-2010-exempt": 1,
    "township-2010": 5,
}
"""How much is found to be late in the examples where the store was ticked before; in the others nothing."""


def test_what_time_finds_between_two_acts_is_told_where_it_happened() -> None:
    dossier = Dossier.load(EXEMPT)
    with stabflow.open("memory:", late_entry=None) as engine:
        engine.tick()
        done = run(dossier, engine)
        told = stretches(dossier, done.rehearsal, engine.case(done.case_id).history())
    ((stretch, late),) = [(one, what) for one in told for what in one.happenings if not what.number]
    assert (stretch.step, late.mark) == (Step.CONTROL, Text("time", "时限"))
    assert re.match(LATE["en"], late.title.en)
    assert re.match(LATE["zh"], late.title.zh)
    assert [one.number for stretch in told for one in stretch.happenings if one.refusal] == [
        act.number for act in dossier.acts if act.refused
    ]
    times = [one.at for stretch in told for one in stretch.happenings]
    assert times == sorted(times)
    assert sum(one.acts for one in told) == len(dossier.acts)


def interrupted(left: int) -> Dossier:
    """A dossier of which all was written but the ``left`` last acts, and in the middle of which a limit had passed."""
    dossier = Dossier.load(EXEMPT)

    def stop(written: int, whole: int) -> None:
        if written == whole - left:
            raise KeyboardInterrupt

    with stabflow.open(URL, late_entry=None) as engine:
        engine.tick()
        with pytest.raises(KeyboardInterrupt):
            run(dossier, engine, progress=stop)
    return dossier


@pytest.mark.slow
@pytest.mark.parametrize("left", [1, 3])
def test_a_run_that_was_interrupted_is_completed_though_a_limit_has_passed(left: int, stab: Run) -> None:
    dossier = interrupted(left)
    status, out, err = stab("run", EXEMPT, "--store", URL)
    assert (status, err) == (0, "")
    assert "possibly not done in time" in out.partition("\nHistory")[0]
    with stabflow.open(URL) as engine:
        (case,) = [engine.case(row.case_id) for row in engine.cases()]
        keys = [record.key for record in case.history() if not isinstance(record.event, BreachFound)]
        assert keys == [dossier.key(one.number) for one in dossier.accepted()]
        assert len(case.history()) == len(keys) + 1
        assert engine.verify().cases == 1


@pytest.mark.slow
def test_what_was_late_only_after_the_next_act_is_no_time_to_go_back_from(stab: Run) -> None:
    interrupted(3)
    with stabflow.open(URL) as engine:
        engine.tick()
        (case,) = [engine.case(row.case_id) for row in engine.cases()]
        before = case.value.version
    status, out, err = stab("run", EXEMPT, "--store", URL)
    assert (status, out) == (2, "")
    assert "has been acted on otherwise since (version 46); nothing was written" in err
    with stabflow.open(URL) as engine:
        assert engine.case(case.id).value.version == before


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_runs_on_a_store_that_is_ticked_before_and_after(
    path: Path, language: Language, stab: Run
) -> None:
    with stabflow.open(URL) as engine:
        engine.tick()
    words = ("run", path, "--store", URL, "--lang", language)
    status, out, err = stab(*words, columns=200)
    assert (status, err) == (0, "")
    story, _, history = out.partition({"en": "\nHistory", "zh": "\n全部记录"}[language])
    count = FOUND.get(path.stem, 0)
    assert [len(re.findall(LATE[language], part)) for part in (story, history)] == [count, count]
    assert stab("tick", "--store", URL)[0] == 0
    status, out, err = stab(*words)
    assert (status, err) == (0, "")
    assert {"en": "All is there already", "zh": "均已存在"}[language] in out
    case = json.loads(stab(*words, "--json")[1])["case"]
    for command in ("show", "history"):
        status, _, err = stab(command, case, "--store", URL, "--lang", language)
        assert (status, err) == (0, "")
    with stabflow.open(URL) as engine:
        assert engine.verify().cases == 1
