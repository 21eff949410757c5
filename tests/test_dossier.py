"""Dossiers: what they may say, every fault of one at once, the rehearsal, and that running one twice or half changes nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import stabflow
from stabflow import Actor, Basis, InvalidInput, Matter, Plugin, ProcedureError, StoreError
from stabflow.dossier import Dossier, NotAsExpected, Run, Verb, rehearse, run

ROOT = Path(__file__).parent.parent
PLAIN = (ROOT / "examples" / "plain.toml").read_text(encoding="utf-8")
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.toml"))


def edited(folder: Path, *changes: tuple[str, str], more: str = "", name: str = "dossier.toml") -> Path:
    """The plain dossier with the first occurrence of each text replaced, and with more acts at its end."""
    text = PLAIN
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / name
    path.write_text(text + more, encoding="utf-8")
    return path


def faults(path: Path, *, now: datetime | None = None) -> dict[str, str]:
    """The faults of a dossier by their paths."""
    with pytest.raises(InvalidInput) as caught:
        Dossier.load(path, now=now)
    assert str(path) in caught.value.what or caught.value.what == "the dossier"
    return {fault.path: f"{fault.problem} ({fault.cure})" for fault in caught.value.faults}


def act(at: str, rest: str) -> str:
    return f"\n[[acts]]\nat = {at}\n{rest}\n"


# Reading


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_run_to_their_end_and_run_again_without_a_change(name: str, tmp_path: Path) -> None:
    dossier = Dossier.load(ROOT / "examples" / name)
    url = f"sqlite:///{tmp_path}/store.db"
    first = run(dossier, url)
    assert (first.written, first.present) == (len(dossier.accepted()) + len(dossier.offices), 0)
    assert sum(tried.refusal is not None for tried in first.rehearsal) == sum(one.refused for one in dossier.acts)
    with stabflow.open(url) as engine:
        handle = engine.case(first.case_id)
        history = [record.as_dict() for record in handle.history()]
        state = handle.procedure.states[handle.state]
        assert state.outcome is not None if handle.procedure.id == "five-step" else state.final or state.outcome
        assert [record.occurred_at for record in handle.history()] == [one.at for one in dossier.accepted()]
        assert len({record.key for record in handle.history()}) == len(history)
        engine.verify()
    again = run(dossier, url)
    assert (again.written, again.present, again.rehearsal) == (0, first.written, ())
    with stabflow.open(url) as engine:
        assert [record.as_dict() for record in engine.case(first.case_id).history()] == history


def test_the_county_bridge_shows_all_that_the_issue_asks_for(tmp_path: Path) -> None:
    dossier = Dossier.load(ROOT / "examples" / "county-bridge.toml")
    assert dossier.illustrative
    tried = rehearse(dossier)
    case = tried[-1].case
    assert case is not None
    assert max(len(one.refusal.blockers) for one in tried if one.refusal is not None) >= 3
    assert [item.id for item in case.of_kind("objection") if item.fields["reply"] == "adopted"]
    assert len([one for one in case.acts if one.trigger.startswith("return_to_")]) == 1
    assert {"defer", "implement"} <= {one.trigger for one in case.acts}
    assert len(case.of_kind("condition")) >= 2


def test_what_a_dossier_says_is_read_into_values() -> None:
    dossier = Dossier.load(ROOT / "examples" / "plain.toml")
    assert str(dossier.procedure) == "five-step@1"
    assert dossier.matter == Matter("market-hall", "Rebuilding the market hall 农贸市场改造")
    assert dossier.offices[0].holder == Actor("o-1", body="town-government")
    first, second = dossier.acts[:2]
    assert (first.verb, first.number, first.path) == (Verb.OPEN, 1, "acts[0]")
    assert (second.verb, second.what, second.person) == (
        Verb.APPOINT,
        "initiating_unit",
        Actor("o-6", body="commerce-office"),
    )
    assert second.at == datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
    assert second.basis == Basis("town plan 2026-8")
    assert dossier.acts[4].values["scope_items"] == ("construction",)


ONE_FAULT = [
    ("format = 1", "format = 2", "dossier.format", "2 is not a format"),
    ("format = 1", "format = true", "dossier.format", "true is not a format"),
    ("format = 1", "format = 1\nformt = 1", "dossier.formt", "did you mean 'format'?"),
    ('title = { en = "A market hall is rebuilt", zh = "农贸市场改造" }', 'title = "x"', "dossier.title", "not a table"),
    ('zh = "农贸市场改造" }', 'zh = "" }', "dossier.title.zh", "empty"),
    ('zh = "农贸市场改造" }', 'zh = "a\\nb" }', "dossier.title.zh", "write it on one line"),
    ('"Rebuilding the market hall', '"Hall\\n\\nDecision: implement', "matter.title", "write it on one line"),
    ('procedure = "five-step"', 'procedure = "five-stop"', "dossier.procedure", "did you mean 'five-step'?"),
    ("illustrative = true", "", "dossier.illustrative", "is missing"),
    ("illustrative = true", 'illustrative = "no"', "dossier.illustrative", "not true or false"),
    ("notes = [", "notes = [3, ", "dossier.notes[0]", "is not text"),
    ('key = "market-hall"', 'key = "market hall"', "matter.key", "is not an id"),
    ('title = "Rebuilding the market hall 农贸市场改造"', 'title = ""', "matter.title", "empty"),
    ('title = "Rebuilding the market hall 农贸市场改造"', f'title = "{"x" * 501}"', "matter.title", "501 characters"),
    ('title = "Rebuilding the market hall 农贸市场改造"', 'title = "a\\u0000b"', "matter.title", "U+0000"),
    ('title = "Rebuilding the market hall 农贸市场改造"', 'title = "a\\u202Eb"', "matter.title", "U+202E"),
    ('title = "Rebuilding the market hall 农贸市场改造"', "title = 2026-02-10", "matter.title", "2026-02-10 is not text"),
    ("[matter]", "[metter]", "metter", "did you mean 'matter'?"),
    ('id = "o-2"', 'id = "o 2"', "actors.second.id", "is not an id"),
    ('id = "o-2"', 'id = "o-1"', "actors.second.id", "is that of 'chair'"),
    ('id = "o-2"', 'id = "system:tick"', "actors.second.id", "begin with system: are reserved"),
    ('id = "o-2"', 'id = "host:operator"', "actors.second.id", "begin with host: are reserved"),
    ('id = "o-2"', 'id = "o-2"\nname = "W."', "actors.second.name", "unknown key"),
    ('role = "decision_body"', 'role = "decison_body"', "offices[0].role", "did you mean 'decision_body'?"),
    ('role = "decision_body"', 'role = "assessment_unit"', "offices[0].role", "no standing office"),
    ('actor = "chair"', 'actor = "chairs"', "offices[0].actor", "did you mean 'chair'?"),
    ('basis = "town order 2026-1"', 'basis = ""', "offices[0].basis", "empty"),
    ("at = 2026-01-05T09:00:00+08:00", "at = 2026-01-05T09:00:00", "offices[0].at", "no time zone"),
    ("at = 2026-01-05T09:00:00+08:00", "at = 0001-01-01T00:00:00+08:00", "offices[0].at", "outside the years"),
    ("at = 2026-03-02T09:00:00+08:00", "at = 2026-03-02", "acts[0].at", "is not a time"),
    ("at = 2026-03-02T09:00:00+08:00", 'at = "2026-03-02T09:00:00+08:00"', "acts[0].at", "is not a time"),
    ("at = 2026-03-02T09:00:00+08:00", "at = 2026-03-02T09:10:01+08:00", "acts[1].at", "is before acts[0].at"),
    ("at = 2026-03-02T09:00:00+08:00", "at = 2026-01-04T09:00:00+08:00", "acts[0].at", "is before offices[5].at"),
    ("at = 2026-03-31T09:30:00+08:00", "at = 9026-03-31T09:30:00+08:00", "acts[31].at", "ahead of the clock"),
    ("open = true", "open = false", "acts[0].open", "false opens nothing"),
    ("open = true", "opn = true", "acts[0].opn", "did you mean 'open'?"),
    ("open = true", 'open = true\nfire = "screen_in"', "acts[0]", "exactly one verb, and has open and fire"),
    ('appoint = "initiating_unit"', 'appoint = "initiating_unti"', "acts[1].appoint", "did you mean 'initiating_unit'?"),
    ('appoint = "initiating_unit"', 'appoint = "review_group"', "acts[1].appoint", "is a standing office"),
    ('appoint = "initiating_unit"\nactor = "planner"', 'appoint = "initiating_unit"', "acts[1].actor", "is missing"),
    ('fire = "screen_in"', 'fire = "sreen_in"', "acts[4].fire", "did you mean 'screen_in'?"),
    ('fire = "screen_in"', 'fire = "open"', "acts[4].fire", "unknown trigger 'open'"),
    ('fire = "screen_in"', "fire = 3", "acts[4].fire", "is not text"),
    ('by = "reviewer"', 'by = "revewer"', "acts[4].by", "did you mean 'reviewer'?"),
    ('by = "reviewer"', 'by = "reviewer"\nrole = "review_gruop"', "acts[4].role", "did you mean 'review_group'?"),
    ('scope_items = ["construction"]', 'scope_items = ["construct"]', "acts[4].with.scope_items", "did you mean"),
    ('scope_items = ["construction"]', 'scop_items = ["construction"]', "acts[4].with.scop_items", "did you mean"),
    ('exemption = "none" }', 'exemption = "none", contested = true }', "acts[4].with.contested", "not stated by this"),
    (', exemption = "none" }', " }", "acts[4].with.exemption", "is missing"),
    ('add = "consultation"', 'add = "consultatoin"', "acts[5].add", "did you mean 'consultation'?"),
    ("invited = 40", 'invited = "40"', "acts[5].with.invited", "not a whole number"),
    ("invited = 40", "invited = 40.0", "acts[5].with.invited", "not a whole number"),
    ('item = "consultation-1"', 'item = "consultation-2"', "acts[6].item", "did you mean 'consultation-1'?"),
    ('item = "consultation-1"', 'item = "objection-1"', "acts[6].item", "add it first"),
    ('item = "consultation-1"', 'item = "consultatoin-1"', "acts[6].item", "did you mean 'consultation-1'?"),
    ('item = "consultation-1"\n', "", "acts[6].fire", 'item = "consultation-1"'),
    ('item = "criterion-1"', 'item = "criterion-01"', "acts[8].item", "did you mean 'criterion-1'?"),
    ("open = true", "open = true\nreasons = 2", "acts[0].reasons", 'add expect = "refused"'),
    ("open = true", 'open = true\nexpect = "refuse"', "acts[0].expect", "cannot be expected"),
    ("open = true", "open = true\nwith = 3", "acts[0].with", "is not a table"),
    ("open = true", 'open = true\nwith = { x = 1 }', "acts[0].with.x", "unknown field"),
    ("open = true", 'open = true\nitem = "vote-1"', "acts[0].item", "unknown key"),
    ("open = true", 'open = true\nnote = "hm"', "acts[0].note", "is not a table"),
    ('basis = "town plan 2026-8"', 'basis = { text = "x", digest = "12" }', "acts[0].basis.digest", "not a SHA-256"),
    ('basis = "town plan 2026-8"', "basis = { digest = 3 }", "acts[0].basis.text", "is missing"),
    ('basis = "town plan 2026-8"', 'basis = "a\\u202Eb"', "acts[0].basis", "U+202E"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "said"), ONE_FAULT)
def test_one_fault_is_told_with_its_path_and_cure(old: str, new: str, path: str, said: str, tmp_path: Path) -> None:
    found = faults(edited(tmp_path, (old, new)))
    assert path in found, found
    assert said in found[path]
    assert len(found) <= 2, found


def test_both_faults_of_a_matter_are_told(tmp_path: Path) -> None:
    old = 'key = "market-hall"\ntitle = "Rebuilding the market hall 农贸市场改造"'
    found = faults(edited(tmp_path, (old, 'key = "market hall"\ntitle = ""')))
    assert list(found) == ["matter.key", "matter.title"]


IN_TOML = [
    ("at = 2026-03-02T09:00:00+08:00", "at = 2026-03-02", "acts[0].at", "2026-03-02 is not a time"),
    ("at = 2026-03-02T09:00:00+08:00", "at = 09:30:00", "acts[0].at", "09:30:00 is not a time"),
    ("at = 2026-03-02T09:00:00+08:00", 'at = "2026-03-02"', "acts[0].at", '"2026-03-02" is not a time'),
    ("at = 2026-03-02T09:00:00+08:00", "at = true", "acts[0].at", "true is not a time"),
    ("illustrative = true", "illustrative = 2026-03-02", "dossier.illustrative", "2026-03-02 is not true or false"),
    ("open = true", "open = [2026-03-02, true]", "acts[0].open", "[2026-03-02, true] is not true or false"),
    ('by = "chair"', "by = false", "acts[0].by", "false is not text"),
    ('basis = "town plan 2026-8"', "basis = 2026-03-02", "acts[0].basis", "2026-03-02 is not text"),
    ('id = "o-2"', "id = true", "actors.second.id", "true is not text"),
    ("invited = 40", "invited = true", "acts[5].with.invited", "true is not a whole number"),
    ("invited = 40", "invited = 2026-03-02", "acts[5].with.invited", "2026-03-02 is not a whole number"),
    ("invited = 40", "invited = { a = true }", "acts[5].with.invited", "{ a = true } is not a whole number"),
    ("open = true", 'open = true\nexpect = true', "acts[0].expect", "true cannot be expected"),
    ("open = true", 'open = true\nexpect = "refused"\nreasons = true', "acts[0].reasons", "true is no number"),
    ('procedure = "five-step"', 'procedure = "five-step"\nunproved = true', "dossier.unproved", "true is not known"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "said"), IN_TOML)
def test_values_are_told_as_toml_writes_them(old: str, new: str, path: str, said: str, tmp_path: Path) -> None:
    found = faults(edited(tmp_path, (old, new)))
    assert found[path].startswith(said), found
    for told in found.values():
        assert not re.search(r"datetime|Python|True|False|None|Decimal|UTC\)", told)


def test_an_empty_dossier_is_told_what_is_needed_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("", encoding="utf-8")
    assert faults(path)["dossier"] == "is missing (write [dossier] with format, title, procedure, illustrative)"
    path.write_text("dossier = 3\n", encoding="utf-8")
    assert "unproved" not in faults(path)["dossier"]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    changes = [
        ('procedure = "five-step"', 'procedure = "five-step"\nspeed = 1'),
        ("illustrative = true", 'illustrative = "yes"'),
        ('role = "decision_body"', 'role = "decison_body"'),
        ('fire = "screen_in"', 'fire = "sreen_in"'),
        ('add = "consultation"', 'add = "consulting"'),
        ("at = 2026-03-31T09:30:00+08:00", "at = 2026-03-30T09:30:00+08:00"),
        ("plan_first = false", 'plan_first = "no"'),
    ]
    found = faults(edited(tmp_path, *changes))
    assert {
        "dossier.speed",
        "dossier.illustrative",
        "offices[0].role",
        "acts[4].fire",
        "acts[5].add",
        "acts[6].item",
        "acts[31].at",
        "acts[31].with.plan_first",
    } == set(found)


def test_time_is_that_of_the_caller(tmp_path: Path) -> None:
    path = edited(tmp_path)
    found = faults(path, now=datetime(2026, 3, 31, 1, 2, 30, tzinfo=UTC))
    assert list(found) == ["acts[31].at"]
    assert Dossier.load(path, now=datetime(2026, 3, 31, 1, 30, tzinfo=UTC)).acts


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[dossier\n", "is not TOML"),
        (b"a = 1\na = 2\n", "is not TOML"),
        (b"x = " + b"9" * 5_000 + b"\n", "is not TOML"),
        (b"x = " + b"[" * 20_000 + b"]" * 20_000, "nested too deep"),
        (b"x = " + b"{ y = " * 5_000 + b"1" + b" }" * 5_000, "nested too deep"),
        (b"# " + b"x" * (256 * 1024) + b"\n", "larger than 256 KB"),
        ("[dossier]\ntitle = '桥'".encode("gb18030"), "is not UTF-8"),
        (b"", "is missing"),
        (b"\x00", "is not TOML"),
        (b"dossier = 3\nmatter = [1]\nactors = 'x'\noffices = {}\nacts = 'y'\n", "is not a table"),
        (b"acts = [1, [], {}]\n", "is not a table"),
    ],
)
def test_what_is_no_dossier_at_all_is_told_so(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(data)
    assert any(said in one for one in faults(path).values())


def test_a_file_that_cannot_be_read_is_told_so(tmp_path: Path) -> None:
    assert "cannot be read" in next(iter(faults(tmp_path / "none.toml").values()))
    assert "cannot be read" in next(iter(faults(tmp_path).values()))


def test_the_procedure_may_be_a_file_beside_the_dossier(tmp_path: Path) -> None:
    five_step = (ROOT / "src/stabflow/procedures/five-step/1.toml").read_text(encoding="utf-8")
    (tmp_path / "own.toml").write_text(five_step.replace('id = "five-step"', 'id = "own"'), encoding="utf-8")
    path = edited(
        tmp_path, ('procedure = "five-step"', 'procedure = "own.toml"\nunproved = "allow"')
    )  # proofs take long
    assert run(Dossier.load(path), "memory:").case_id == "own-market-hall-1"
    (tmp_path / "own.toml").write_text("[procedure]\nid = 3\n", encoding="utf-8")
    with pytest.raises(ProcedureError, match=re.escape("own.toml")):
        Dossier.load(path)


def test_an_act_before_the_opening_and_a_second_opening_are_faults(tmp_path: Path) -> None:
    assert (
        "before the case is opened"
        in faults(edited(tmp_path, ("open = true", 'fire = "screen_in"\nwith = {}')))["acts[0]"]
    )
    more = act("2026-04-01T09:00:00+08:00", 'by = "chair"\nbasis = "x"\nopen = true')
    assert "open already" in faults(edited(tmp_path, more=more))["acts[32].open"]
    empty = tmp_path / "empty.toml"
    empty.write_text(PLAIN.partition("[[acts]]")[0], encoding="utf-8")
    assert "is missing" in faults(empty)["acts"]


def test_amending_relieving_and_roles_work(tmp_path: Path) -> None:
    middle = "\n".join(
        [
            'fire = "end"\nitem = "consultation-1"\nrole = "assessment_unit"',
            "with = { responded = 36, support = 25, oppose = 6, other = 5 }",
            act(
                "2026-03-11T17:10:00+08:00",
                'by = "assessor"\nbasis = { text = "recount", digest = "' + "ab" * 32 + '" }\namend = "consultation-1"\n'
                'reason = "miscounted"\nwith = { support = 26, other = 4 }',
            ),
            act(
                "2026-03-11T17:20:00+08:00",
                'by = "chair"\nbasis = "x"\nrelieve = "implementing_unit"\nactor = "planner"',
            ),
            act("2026-03-11T17:25:00+08:00", 'by = "chair"\nbasis = "x"\namend = "case"\nreason = "typing error"\n'
                'with = { scope_reasons = "Fifty stalls." }\nexpect = "refused"'),
            act(
                "2026-03-11T17:30:00+08:00",
                'by = "chair"\nbasis = "x"\nappoint = "implementing_unit"\nactor = "planner"',
            ),
        ]
    )  # fmt: skip
    old = 'fire = "end"\nitem = "consultation-1"\nwith = { responded = 36, support = 25, oppose = 6, other = 5 }'
    dossier = Dossier.load(edited(tmp_path, (old, middle)))
    case = rehearse(dossier)[-1].case
    assert case is not None
    assert case.items["consultation-1"].fields["support"] == 26
    assert [one.basis.digest for one in dossier.acts if one.verb is Verb.AMEND] == ["ab" * 32, None]


def test_amending_needs_a_reason_and_fields(tmp_path: Path) -> None:
    more = act("2026-04-01T09:00:00+08:00", 'by = "chair"\nbasis = "x"\namend = "cse"')
    found = faults(edited(tmp_path, more=more))
    assert "did you mean 'case'?" in found["acts[32].amend"]
    assert "is missing" in found["acts[32].reason"]
    more = act("2026-04-01T09:00:00+08:00", 'by = "chair"\nbasis = "x"\namend = "case"\nreason = "x"')
    assert "nothing is amended" in faults(edited(tmp_path, more=more))["acts[32].with"]


# The rehearsal: nothing is written unless everything comes out as the dossier says


@pytest.fixture(params=["new", "used"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store that does not exist, and of one with another matter's case; either must be left as it was."""
    path = tmp_path / "stores" / "store.db"
    path.parent.mkdir()
    url = f"sqlite:///{path}"
    if request.param == "used":
        changes = [('key = "market-hall"', 'key = "other"'), ("[[offices]]", "#" * 9 + "\n[[offices]]")]
        run(Dossier.load(edited(tmp_path, *changes, name="other.toml")), url)
    before = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    yield url
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == before


LAST = 'decision_reasons = "Low risk, the stallholders support it, and their places are secured.", plan_first = false }'


def test_a_bad_last_act_is_refused_with_every_reason(store: str, tmp_path: Path) -> None:
    more = act("2026-04-01T09:00:00+08:00", 'by = "assessor"\nbasis = "x"\nfire = "complete_plan"')
    dossier = Dossier.load(edited(tmp_path, more=more))
    with pytest.raises(NotAsExpected) as caught:
        run(dossier, store)
    assert caught.value.act.number == 33
    assert {fault.path for fault in caught.value.faults} == {"acts[32]"}
    assert all("act 33 is refused" in fault.problem for fault in caught.value.faults)
    assert caught.value.describe("en").startswith(
        "acts[32]: refused: act 33, “complete the plan”; nothing was written\n"
    )
    assert caught.value.describe("zh").startswith("acts[32]: 已拒绝：第33项办理“完成预案”；未写入任何内容\n")


def test_counts_that_do_not_add_up_are_refused(store: str, tmp_path: Path) -> None:
    dossier = Dossier.load(edited(tmp_path, ("support = 25", "support = 24")))
    with pytest.raises(NotAsExpected, match="responded") as caught:
        run(dossier, store)
    assert caught.value.act.path == "acts[6]"


def test_an_act_that_was_to_be_refused_and_is_not(store: str, tmp_path: Path) -> None:
    dossier = Dossier.load(edited(tmp_path, (LAST, LAST + '\nexpect = "refused"')))
    with pytest.raises(NotAsExpected, match=r"acts\[31\].expect: act 32 is marked as refused, and was accepted"):
        run(dossier, store)


def test_what_came_out_otherwise_is_told_with_its_cure(tmp_path: Path) -> None:
    accepted = edited(tmp_path, (LAST, LAST + '\nexpect = "refused"'), name="accepted.toml")
    refused = edited(tmp_path, ("support = 25", "support = 24"), name="refused.toml")
    with pytest.raises(NotAsExpected) as caught:
        rehearse(Dossier.load(accepted))
    assert caught.value.describe("en").endswith("\n  mend the act, or leave expect out")
    assert caught.value.describe("zh").endswith("\n  改正该项办理，或删去expect")
    with pytest.raises(NotAsExpected) as caught:
        rehearse(Dossier.load(refused))
    assert caught.value.faults[0].cure == 'mend the act, or say that it is to be refused: expect = "refused"'
    assert caught.value.describe("zh").endswith('\n  改正该项办理，或注明应被拒绝：expect = "refused"')


def test_times_are_told_as_the_file_has_them(tmp_path: Path) -> None:
    early = edited(tmp_path, ("at = 2026-03-02T09:00:00+08:00", "at = 2026-03-02T09:10:01+08:00"))
    assert faults(early)["acts[1].at"].startswith(
        "2026-03-02T09:10:00+08:00 is before acts[0].at, 2026-03-02T09:10:01+08:00"
    )
    ahead = faults(edited(tmp_path), now=datetime(2026, 3, 2, tzinfo=UTC))
    assert ahead["acts[0].at"].startswith("2026-03-02T09:00:00+08:00 lies ahead of the clock")


def test_times_of_the_store_are_told_as_the_file_has_times(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    dossier = Dossier.load(edited(tmp_path))
    with stabflow.open(url) as engine:
        for office in dossier.offices:
            at = datetime(2026, 3, 3, tzinfo=UTC)
            engine.constitute("five-step", office.role, office.holder, office.basis, at=at)
    with pytest.raises(InvalidInput, match=r"took office, 2026-03-03T08:00:00\+08:00"):
        run(dossier, url)


@pytest.mark.parametrize(
    ("old", "new", "path", "cure"),
    [
        ('title = { en = "A market hall is rebuilt", zh = "农贸市场改造" }', 'title = "x"', "dossier.title", "{ en ="),
        ("open = true", 'open = true\nnote = "hm"', "acts[0].note", "{ en ="),
        ("at = 2026-03-02T09:00:00+08:00", "at = 2026-03-02", "acts[0].at", "2026-03-02T09:00:00+08:00"),
        ("open = true", "open = true\nwith = { x = 1 }", "acts[0].with.x", "this act states nothing: leave it out"),
        ('appoint = "initiating_unit"', 'relieve = "review_group"', "acts[1].relieve", "engine.withdraw("),
    ],
)
def test_a_cure_shows_the_form_that_is_wanted(tmp_path: Path, old: str, new: str, path: str, cure: str) -> None:
    assert cure in faults(edited(tmp_path, (old, new)))[path]


def test_an_act_refused_for_too_few_reasons(store: str, tmp_path: Path) -> None:
    extra = act(
        "2026-04-01T09:00:00+08:00", 'by = "chair"\nbasis = "x"\nfire = "begin"\nexpect = "refused"\nreasons = 90'
    )
    with pytest.raises(NotAsExpected, match="write reasons = ") as caught:
        run(Dossier.load(edited(tmp_path, more=extra)), store)
    assert caught.value.refusal is not None
    assert len(caught.value.faults) == 1 + len(caught.value.refusal.blockers)
    found = len(caught.value.refusal.blockers)
    assert found > 1
    assert caught.value.faults[0].problem == f"act 33 is refused for {found} reasons, not for 90"
    said = (
        f"acts[32]: refused for {found} reasons, where at least 90 were expected: act 33, “begin implementing”; nothing"
    )
    assert caught.value.describe("en").startswith(said)


def test_one_reason_is_said_in_the_singular(store: str, tmp_path: Path) -> None:
    extra = act(
        "2026-04-01T09:00:00+08:00",
        'by = "chair"\nbasis = "x"\nfire = "complete_plan"\nexpect = "refused"\nreasons = 2',
    )
    with pytest.raises(NotAsExpected) as caught:
        run(Dossier.load(edited(tmp_path, more=extra)), store)
    assert caught.value.faults[0].problem == "act 33 is refused for 1 reason, not for 2"
    assert caught.value.describe("en").startswith(
        "acts[32]: refused for 1 reason, where at least 2 were expected: act 33,"
    )
    assert "理由有1项，应至少有2项" in caught.value.describe("zh")


def test_an_item_that_only_the_run_can_know(store: str, tmp_path: Path) -> None:
    dossier = Dossier.load(edited(tmp_path, ('item = "criterion-8"', 'item = "criterion-80"')))
    with pytest.raises(InvalidInput, match=r"acts\[15\]\.item: unknown item 'criterion-80' \(did you mean"):
        run(dossier, store)


def test_offices_that_are_taken_in_the_store_are_found_out_before_anything_is_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    run(Dossier.load(ROOT / "examples" / "county-bridge.toml"), url)
    with stabflow.open(url) as engine:
        before = len(engine.offices("five-step")), len(list(engine.cases()))
    with pytest.raises(InvalidInput, match=r"offices\[0\]: refused: constituting "):
        run(Dossier.load(ROOT / "examples" / "plain.toml"), url)
    with stabflow.open(url) as engine:
        assert (len(engine.offices("five-step")), len(list(engine.cases()))) == before


def test_offices_that_are_held_already_are_not_filled_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    run(Dossier.load(edited(tmp_path)), url)
    second = run(Dossier.load(edited(tmp_path, ('key = "market-hall"', 'key = "bus-line"'))), url)
    assert (second.written, second.present) == (32, 6)


def test_a_store_that_keeps_another_definition_of_the_procedure_is_left_alone(tmp_path: Path) -> None:
    five_step = (ROOT / "src/stabflow/procedures/five-step/1.toml").read_text(encoding="utf-8")
    url, own = f"sqlite:///{tmp_path}/store.db", tmp_path / "own.toml"
    own.write_text(five_step.replace('id = "five-step"', 'id = "own"'), encoding="utf-8")
    named = ('procedure = "five-step"', 'procedure = "own.toml"\nunproved = "allow"')  # proofs take long
    path = edited(tmp_path, named)
    run(Dossier.load(path), url)
    own.write_text(
        own.read_text(encoding="utf-8").replace("quorum = { value = 3", "quorum = { value = 2"), encoding="utf-8"
    )
    with stabflow.open(url) as engine:
        before = [record.hash for record in engine.case("own-market-hall-1").history()]
    other = edited(
        tmp_path,
        named,
        ('key = "market-hall"', 'key = "other"'),
        ("o-2", "o-22"),
    )
    with pytest.raises(ProcedureError, match="give the changed procedure a new version"):
        run(Dossier.load(other), url)
    with stabflow.open(url) as engine:
        assert [row.case_id for row in engine.cases()] == ["own-market-hall-1"]
        assert [record.hash for record in engine.case("own-market-hall-1").history()] == before


# Running again


def test_an_interrupted_run_is_completed(tmp_path: Path) -> None:
    dossier = Dossier.load(edited(tmp_path))
    url = f"sqlite:///{tmp_path}/store.db"
    whole = len(dossier.acts) + len(dossier.offices)

    def stop_at(last: int) -> None:
        def progress(written: int, _whole: int) -> None:
            if written == last:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(dossier, url, progress=progress)

    for last in (1, 5, 6, 7, 8, 20, whole - 1):
        stop_at(last)
    done = run(dossier, url)
    assert (done.written, done.present) == (1, whole - 1)
    with stabflow.open(url) as engine:
        keys = [record.key for record in engine.case(done.case_id).history()]
        assert keys == [dossier.key(one.number) for one in dossier.acts]
        assert len(engine.offices("five-step")) == len(dossier.offices)
        engine.verify()


@pytest.mark.parametrize("withdrawals", [1, 3])
def test_an_office_that_was_ended_between_two_runs_is_filled_anew(withdrawals: int, tmp_path: Path) -> None:
    """Its key answered with the record of the first time, and the run went on without the office, half of it written."""
    dossier, url = Dossier.load(edited(tmp_path)), f"sqlite:///{tmp_path}/store.db"
    offices = len(dossier.offices)

    def stop_after_the_offices(written: int, _whole: int) -> None:
        if written == offices:
            raise KeyboardInterrupt

    first = dossier.offices[0]
    for _ in range(withdrawals):
        with pytest.raises(KeyboardInterrupt):
            run(dossier, url, progress=stop_after_the_offices)
        with stabflow.open(url, procedures=[dossier.procedure]) as engine:
            assert list(engine.cases()) == []
            engine.withdraw(dossier.procedure, first.role, first.holder, basis="recalled")
    done = run(dossier, url)
    assert done.present_offices == len(dossier.offices) - 1
    with stabflow.open(url) as engine:
        held = [(one.role, one.actor) for one in engine.offices("five-step")]
        assert (first.role, first.holder.id) in held
        assert len(held) == len(dossier.offices)
        assert engine.verify().cases == 1


KILLED = """
import os, signal, sys
from stabflow.dossier import Dossier, run
def progress(written, whole):
    if written == 18:
        os.kill(os.getpid(), signal.SIGKILL)
run(Dossier.load(sys.argv[1]), sys.argv[2], progress=progress)
"""


def test_a_killed_run_is_completed(tmp_path: Path) -> None:
    path, url = edited(tmp_path), f"sqlite:///{tmp_path}/store.db"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path), url], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    done = run(Dossier.load(path), url)
    assert (done.written, done.present) == (38 - 18, 18)


def test_two_runs_at_once_write_everything_once(tmp_path: Path) -> None:
    path, url = ROOT / "examples" / "county-bridge.toml", f"sqlite:///{tmp_path}/store.db"
    program = (
        "import sys\nfrom stabflow.dossier import Dossier, run\n"
        "done = run(Dossier.load(sys.argv[1]), sys.argv[2])\nprint(done.written, done.present, done.present_offices)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", program, str(path), url]
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    racing = [subprocess.Popen(command, env=environment, **piped) for _ in range(3)]  # type: ignore[call-overload]
    said = [process.communicate() for process in racing]
    assert [process.returncode for process in racing] == [0, 0, 0], said
    dossier = Dossier.load(path)
    whole = len(dossier.accepted()) + len(dossier.offices)
    counts = [[int(number) for number in out.split()] for out, _ in said]
    assert sum(written for written, _, _ in counts) == whole
    assert all(written + present == whole for written, present, _ in counts)
    assert sum(len(dossier.offices) - offices for _, _, offices in counts) == len(dossier.offices)
    with stabflow.open(url) as engine:
        (row,) = engine.cases()
        keys = [record.key for record in engine.case(row.case_id).history()]
        assert keys == [dossier.key(one.number) for one in dossier.accepted()]
        assert len(engine.offices("five-step")) == len(dossier.offices)


@pytest.mark.parametrize("first", [1, 5, 6, 7, 20, 37])
def test_what_another_run_of_it_has_written_meanwhile_was_there_already(first: int, tmp_path: Path) -> None:
    dossier, url = Dossier.load(edited(tmp_path)), f"sqlite:///{tmp_path}/store.db"
    others: list[Run] = []

    def let_another_overtake(written: int, _whole: int) -> None:
        if written == first:
            others.append(run(dossier, url))

    told = run(dossier, url, progress=let_another_overtake)
    (other,) = others
    offices = min(first, len(dossier.offices))
    assert (told.written, told.present, told.present_offices) == (first, 38 - first, len(dossier.offices) - offices)
    assert (other.written, other.present, other.present_offices) == (38 - first, first, offices)


def test_another_edition_is_not_written_beside_the_first(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    run(Dossier.load(edited(tmp_path)), url)
    more = act(
        "2026-04-01T09:00:00+08:00",
        'by = "planner"\nbasis = "x"\nadd = "document"\ntrigger = "file_notice"\nwith = { kind = "notice", file = { title = "N", '
        'media_type = "text/plain", sha256 = "' + "0" * 64 + '" } }',
    )
    longer = Dossier.load(edited(tmp_path, more=more))
    rehearse(longer)
    with pytest.raises(InvalidInput, match="another edition of it") as caught:
        run(longer, url)
    assert caught.value.faults[0].path == "matter.key"
    with stabflow.open(url) as engine:
        (row,) = engine.cases()
        assert engine.case(row.case_id).value.version == 32


def test_a_case_that_no_dossier_opened_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    chair = Actor("o-1", body="town-government")
    with stabflow.open(url) as engine:
        engine.constitute("five-step", "decision_body", chair, "order")
        engine.open_case("five-step", Matter("market-hall", "The hall"), by=chair, basis="plan")
    with pytest.raises(InvalidInput, match="not from a dossier"):
        run(Dossier.load(edited(tmp_path)), url)


def test_a_case_that_somebody_else_acted_on_is_not_completed(tmp_path: Path) -> None:
    dossier, url = Dossier.load(edited(tmp_path)), f"sqlite:///{tmp_path}/store.db"

    def stop(written: int, _whole: int) -> None:
        if written == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(dossier, url, progress=stop)
    with stabflow.open(url) as engine:
        handle = engine.case("five-step-market-hall-1")
        planner = Actor("o-6", body="commerce-office")
        handle.appoint("implementing_unit", planner, by=Actor("o-1", body="town-government"), basis="by hand")
        version = handle.value.version
    with pytest.raises(InvalidInput, match="acted on otherwise since"):
        run(dossier, url)
    with stabflow.open(url) as engine:
        assert engine.case("five-step-market-hall-1").value.version == version


def test_a_store_that_cannot_be_written_is_told_before_the_rehearsal_counts(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(b"not a database, but long enough to be looked at as one" * 20)
    with pytest.raises(StoreError, match="not a SQLite database"):
        run(Dossier.load(edited(tmp_path)), f"sqlite:///{path}")


def test_an_engine_can_be_given(tmp_path: Path) -> None:
    dossier = Dossier.load(edited(tmp_path))
    with stabflow.open("memory:") as engine, pytest.raises(InvalidInput, match="late_entry=None"):
        run(dossier, engine)
    with stabflow.open("memory:", late_entry=None) as engine:
        told: list[tuple[int, int]] = []
        assert run(dossier, engine, progress=lambda n, of: told.append((n, of))).written == 38
        assert told == [(n, 38) for n in range(1, 39)]
        assert run(dossier, engine).written == 0


def test_what_is_rehearsed_beside_an_engine_has_its_clock_and_plugins(tmp_path: Path) -> None:
    class Quiet(Plugin):
        pass

    asked: list[datetime] = []

    def clock() -> datetime:
        asked.append(datetime.now(UTC))
        return asked[-1]

    dossier = Dossier.load(edited(tmp_path))
    with stabflow.open("memory:", clock=clock, plugins=[Quiet()], late_entry=None) as engine:
        assert rehearse(dossier, beside=engine)[-1].refusal is None
        assert asked
        assert list(engine.cases()) == []
        assert engine.offices("five-step") == ()
        assert run(dossier, engine).written == 38


LENT = """
[[acts]]
at = 2026-03-02T09:20:00+08:00
by = "chair"
basis = "x"
recuse = "member"
actor = "third"
reason = "kin"

[[acts]]
at = 2026-03-02T09:21:00+08:00
by = "chair"
basis = "x"
delegate = "decision_body"
actor = "second"
until = 2026-04-01
reason = "away"
expect = "refused"

[[acts]]
at = 2026-03-02T09:22:00+08:00
by = "chair"
basis = "x"
end_delegation = "decision_body"
actor = "second"
expect = "refused"

[[acts]]
at = 2026-03-02T09:23:00+08:00
by = "chair"
basis = "x"
stop_clock = "case"
reason = "a storm"
expect = "refused"

[[acts]]
at = 2026-03-02T09:24:00+08:00
by = "chair"
basis = "x"
resume_clock = "case"
reason = "over"
expect = "refused"
"""


def without_the_rest(folder: Path, more: str) -> Path:
    """The plain dossier up to its appointments, and more acts."""
    path = folder / "begun.toml"
    path.write_text(PLAIN[: PLAIN.index("[[acts]]\nat = 2026-03-03")] + more, encoding="utf-8")
    return path


def test_roles_are_lent_and_laid_down_and_clocks_stopped(tmp_path: Path) -> None:
    tried = rehearse(Dossier.load(without_the_rest(tmp_path, LENT)))
    last = tried[-1].case
    assert last is not None
    assert list(last.recused) == ["o-3"]
    titles = [one.act.title(stabflow.procedure("five-step")) for one in tried[-5:]]
    assert [one.en for one in titles] == [
        "recuse o-3 as member of the decision body",
        "delegate the role of decision body (chair) to o-2",
        "end the delegation of decision body (chair) to o-2",
        "stop the clock of the case",
        "let the clock of the case run on",
    ]
    assert [one.zh for one in titles][3:] == ["中止案件的计时", "恢复案件的计时"]


def test_what_is_wrong_with_them_is_told(tmp_path: Path) -> None:
    wrong = LENT.replace('"member"', '"membre"').replace("until = 2026-04-01", 'until = "April"')
    found = faults(without_the_rest(tmp_path, wrong.replace('stop_clock = "case"', 'stop_clock = "csae"')))
    assert found["acts[4].recuse"] == "unknown role 'membre' (did you mean 'member'?)"
    assert found["acts[5].until"] == '"April" is not a day (give a day without a time, without quotes: 2027-03-01)'
    assert found["acts[7].stop_clock"] == "unknown item 'csae' (did you mean 'case'?)"
