"""How the difference of two versions reads: things told apart, what may only be renamed, ways with the version that refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import GRANT, Run

import stabflow
from stabflow.language import loads
from stabflow.reasoning.diff_names import renamings, told_apart
from stabflow.text import Language

RENAMED = (("appraised", "in_appraisal"), ('version = "1"', 'version = "2"'))


def edited(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    text = GRANT.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def flat(out: str) -> str:
    return " ".join(out.split())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_state_that_is_renamed_under_its_title_is_told_apart_by_its_names(
    stab: Run, tmp_path: Path, language: Language
) -> None:
    status, out, _ = stab("diff", GRANT, edited(tmp_path, "new.toml", *RENAMED), "--lang", language, columns=200)
    assert status == 1
    wanted = {
        "en": (
            "gone: state “under appraisal (appraised)”",
            "new: state “under appraisal (in_appraisal)”",
            "row “accept”: leads to was “under appraisal (appraised)”, is now “under appraisal (in_appraisal)”",
            "“under appraisal (appraised)”: cannot go on",
            "if it is the same thing, cases go on with `stabflow migrate`:",
        ),
        "zh": (
            "取消状态“评审中（appraised）”",
            "转入由“评审中（appraised）”改为“评审中（in_appraisal）”",
            "如系同一内容",
        ),
    }
    for said in wanted[language]:
        assert said in flat(out)
    assert "--map states.appraised=in_appraisal" in out
    assert "“received”" in out or "“已收件”" in out  # nothing else bears its title


def test_what_migrate_may_be_told_is_what_makes_a_case_go_on(stab: Run, tmp_path: Path) -> None:
    old, new = stabflow.procedure(str(GRANT)), loads(edited(tmp_path, "new.toml", *RENAMED).read_text(encoding="utf-8"))
    found = renamings(old, new)
    assert found == {"states.appraised": "in_appraisal"}
    assert json.loads(stab("diff", GRANT, tmp_path / "new.toml", "--json")[1])["renamed"] == found
    assert renamings(old, old) == {}


def test_only_words_know_of_names_in_titles(tmp_path: Path) -> None:
    old = stabflow.procedure(str(GRANT))
    assert told_apart(old, old) == (old, old)
    twin = ('title = { en = "head", zh = "负责人" }', 'title = { en = "expert", zh = "总负责人" }')
    new = loads(edited(tmp_path, "twin.toml", twin).read_text(encoding="utf-8"))
    was, now = told_apart(old, new)
    assert was.role_title("expert").en == "expert (expert)"
    assert now.role_title("head").en == "expert (head)"
    changed = stabflow.diff(old, new, ways=False)
    assert [change.path for change in changed.changes] == ["roles.head.title"]
    assert changed.meaning == ()


def test_two_texts_of_one_version_are_told_that_it_must_change(stab: Run, tmp_path: Path) -> None:
    other = edited(tmp_path, "other.toml", ("5 working days", "6 working days"))
    assert "give the new one another version" in flat(stab("diff", GRANT, other)[1])
    assert "请为新文本另定版本号" in stab("diff", GRANT, other, "--lang", "zh")[1]
    for same in (stab("diff", GRANT, GRANT), stab("diff", "five-step", GRANT)):
        assert "another version" not in same[1]


def test_a_way_says_which_version_refuses_it_and_the_acts_before(stab: Run, tmp_path: Path) -> None:
    strict = edited(
        tmp_path,
        "strict.toml",
        ('version = "1"', 'version = "2"'),
        (
            'clause = "2" },\n            { items',
            'clause = "2" }, { value = "amount", at_most = 100 },\n            { items',
        ),
        ('source = ["ready", "received"]', 'source = ["ready"]'),
    )
    out = flat(stab("diff", GRANT, strict, columns=200)[1])
    assert (
        "not possible any more, for example: 1 apply – by grants desk 2 reject – by head under the new version, act 2"
        in out
    )
    back = flat(stab("diff", strict, GRANT, columns=200)[1])
    assert "possible now, for example: 1 apply – by grants desk 2 reject – by head under the old version, act 2" in back
    assert "按原版本，第2项" in stab("diff", strict, GRANT, "--lang", "zh", columns=200)[1]
    told = json.loads(stab("diff", strict, GRANT, "--json")[1])["newly"]
    assert told["text"].startswith("under the old version, act 2,")
    assert len(told["acts"]) >= told["shared"] + 1
