"""What the loader refuses: each static fault by the smallest change that makes it, with its place and a cure."""

from __future__ import annotations

import pytest
from inspections import SMALL, changed

from stabflow.errors import Fault, ProcedureError
from stabflow.language import loads

SIGN = 'requires = [{ items = "hazard", every = "resolved" }]'
LIMIT = 'within = "10 working days", clause = "1" }'
FINISHED = 'finished = { title = { en = "closed", zh = "办结" }, final = true }'
SUMMARY = 'type = "text"\nmax_length = 4000'
LOOP = """
[[transitions]]
trigger = "wander"
source = "checking"
dest = "lost"
by = "head"
[[transitions]]
trigger = "wander"
source = "lost"
dest = "lost"
by = "head"
"""
LOST = FINISHED + '\nlost = { accountable = "head", open_ended = true }'


def faults(text: str) -> tuple[Fault, ...]:
    with pytest.raises(ProcedureError) as caught:
        loads(text)
    return caught.value.faults


def test_the_unchanged_procedure_loads() -> None:
    assert str(loads(SMALL)) == "site-inspection@1"


FAULTS: dict[str, tuple[tuple[tuple[str, str], ...], str, str]] = {
    "unknown table": ((("[lists.type]", "[list.type]"),), "list", "did you mean 'lists'"),
    "unknown key": (((LIMIT, LIMIT.replace("within", "whithin")),), "states.checking.whithin", "unknown key"),
    "unknown state": ((('dest = "finished"', 'dest = "finishd"'),), "transitions[1].dest", "unknown state 'finishd'"),
    "unknown role": ((('by = ["head"]\nset', 'by = ["haed"]\nset'),), "transitions[1].by", "'haed'"),
    "unknown choice list": (
        (('{ type = "choice", of = "type" }', '{ type = "choice", of = "kind" }'),),
        "items.hazard.fields.type.of",
        "unknown list 'kind'",
    ),
    "unknown type": (((SUMMARY, 'type = "txt"\nmax_length = 4000'),), "facts.summary.type", "'txt'"),
    "one name in two places": (
        (("[facts.urgent]", "[facts.quorum]"), ('"urgent"]', '"quorum"]')),
        "facts.quorum",
        "parameter",
    ),
    "a state that nothing enters": (((FINISHED, LOST),), "states.lost", "no row enters it"),
    "a state without a way to an end": (
        ((FINISHED, LOST), (LIMIT, LIMIT), ("[items.hazard]", LOOP + "[items.hazard]")),
        "states.lost",
        "no way to an end",
    ),
    "a row leaves a final state": (
        (('source = "checking"', 'source = ["checking", "finished"]'),),
        "transitions[1].source",
        "is final",
    ),
    "neither source nor dest": (
        (('dest = "checking"\nby = ["inspector"]\nclause = "1"', 'by = ["inspector"]\nclause = "1"'),),
        "transitions[0]",
        "neither source nor dest",
    ),
    "nobody fires it": ((('by = ["head"]\nset', "set"),), "transitions[1]", "nobody who fires it"),
    "two fire it": (
        (('by = ["inspector"]\nclause', 'by = ["inspector"]\nevery = "quarter"\nclause'),),
        "transitions[0]",
        "by, every",
    ),
    "time on a row with a source": (
        (('by = ["head"]\nset', 'every = "quarter"\nset'),),
        "transitions[1].every",
        "time moves nothing",
    ),
    "nobody accountable": (
        ((f'accountable = "inspector", {LIMIT}', LIMIT),),
        "states.checking",
        "nobody is accountable",
    ),
    "no limit": (
        ((', within = "10 working days", clause = "1" }', ', clause = "1" }'),),
        "states.checking",
        "no limit",
    ),
    "two limits": (((LIMIT, "open_ended = true, " + LIMIT),), "states.checking", "within and open_ended"),
    "a field that no row sets": (
        (('set = ["summary", "urgent"]', 'set = ["summary"]'),),
        "facts.urgent",
        "no row sets it",
    ),
    "two kinds in one requirement": (
        ((SIGN, 'requires = [{ items = ["hazard", "vote"], at_most = 0 }]'),),
        "transitions[1].requires[0].items",
        "not text",
    ),
    "two comparisons": (
        ((SIGN, 'requires = [{ items = "hazard", at_most = 0, at_least = 1 }]'),),
        "transitions[1].requires[0]",
        "exactly one comparison",
    ),
    "two marks": (
        ((SIGN, 'requires = [{ items = "hazard", case = ["checking"], at_most = 0 }]'),),
        "transitions[1].requires[0]",
        "items and case",
    ),
    "two rows for one source and trigger": (
        (
            (
                "[items.hazard]",
                '[[transitions]]\ntrigger = "sign_off"\nsource = "checking"\nby = "head"\n[items.hazard]',
            ),
        ),
        "transitions[2]",
        "second row",
    ),
    "a role that can never be filled": (
        (('appointed_by = ["head"]', 'appointed_by = ["helper"]'),),
        "roles.helper.appointed_by",
        "never be filled",
    ),
    "supervision in a circle": (
        (
            ("[roles.helper]\n", '[roles.helper]\nsupervises = ["head"]\n'),
            ('supervises = ["inspector"]', 'supervises = ["helper"]'),
        ),
        "roles.head.supervises",
        "circle",
    ),
    "a separation of one": (
        (('roles = ["inspector", "head"]', 'roles = ["inspector"]'),),
        "separations[0].roles",
        "fewer than two",
    ),
    "a separation that leaves nobody": (
        (('roles = ["inspector", "head"]', 'roles = ["head", "head"]'),),
        "separations[0].roles",
        "itself",
    ),
    "independent of everybody": (
        (('title = { en = "inspector", zh = "排查人" }', 'title = { en = "inspector", zh = "排查人" }\nholders = 1'),),
        "items.hazard.transitions[2].requires[0].independent_of",
        "nobody",
    ),
    "a wait longer than its limit": (
        (
            (SIGN, 'requires = [{ elapsed = "30 days", since = "checking" }]'),
            (LIMIT, LIMIT.replace("10 working days", "3 days")),
        ),
        "transitions[1].requires[0].elapsed",
        "30 days",
    ),
    "a state named like a step": (
        (
            ("checking = {", "review = {"),
            ('dest = "checking"', 'dest = "review"'),
            ('source = "checking"', 'source = "review"'),
        ),
        "states.review",
        "like a step",
    ),
    "a clause uncited": (
        (('"4" = { deviation = "exhortation, no rule" }', '"4" = {}'),),
        "clauses.4",
        "nothing carries it",
    ),
    "a clause unknown": (
        (('clause = "3"\n\n[items', 'clause = "5"\n\n[items'),),
        "transitions[1].clause",
        "unknown clause '5'",
    ),
    "a kind that nothing creates": (
        (('transitions = [{ trigger = "add", dest = "cast", by = ["helper"] }]', "transitions = []"),),
        "items.vote.transitions",
        "nothing creates",
    ),
    "a quorum above the seats": (
        ((SIGN, 'requires = [{ items = "vote", at_least = 4 }]'),),
        "transitions[1].requires[0].at_least",
        "3 seat",
    ),
    "a member of the public": (
        (
            (SUMMARY, SUMMARY + '\n[facts.petitioner]\ntype = "text"\nmax_length = 50'),
            ('"urgent"]', '"urgent", "petitioner"]'),
        ),
        "facts.petitioner",
        "member of the public",
    ),
    "a text without bound": (((SUMMARY, 'type = "text"'),), "facts.summary.max_length", "missing"),
    "limits without a zone": ((('timezone = "Asia/Shanghai"\n', ""),), "procedure.timezone", "missing"),
    "an unknown zone": ((('"Asia/Shanghai"', '"Asia/Beijing"'),), "procedure.timezone", "Asia/Beijing"),
    "another format": ((("format = 1", "format = 2"),), "procedure.format", "2"),
    "an appointed role opens": (
        (('by = ["inspector"]\nclause', 'by = ["helper"]\nclause'),),
        "transitions[0].by",
        "helper",
    ),
    "a material fact that does not go back": (
        (
            ('[facts.urgent]\ntype = "bool"', '[facts.urgent]\ntype = "bool"\nmaterial = true'),
            ('排查中" }, accountable', '排查中" }, step = "control", accountable'),
        ),
        "transitions[1].dest",
        "material",
    ),
    "a reserved word": (
        (("[facts.urgent]", "[facts.basis]"), ('"urgent"]', '"basis"]')),
        "facts.basis",
        "word of the calls",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_static_fault_is_refused_with_its_place_and_a_cure(name: str) -> None:
    changes, path, problem = FAULTS[name]
    found = faults(changed(*[change for change in changes if change[0] != change[1]]))
    matching = [fault for fault in found if fault.path == path and problem in str(fault)]
    assert matching, [str(fault) for fault in found]
    assert all(fault.cure for fault in matching)


def test_faults_of_form_and_of_substance_are_told_all_at_once() -> None:
    text = changed(
        ('within = "2 working days"', 'whithin = "2 working days"'),
        ('verified = false, source = "chosen" }\npause', 'verified = "no", source = "chosen" }\npause'),
        ('by = ["head"]\nset', 'by = ["haed"]\nset'),
        ('"4" = { deviation = "exhortation, no rule" }', '"4" = {}'),
        ('set = ["owner", "deadline"]', 'set = ["owner", "deadlin"]'),
        ('appointed_by = ["head"]', 'appointed_by = ["helper"]'),
        ('zh = "季度排查"', "zh = 7"),
        ("holders = 3", "holders = 3.0"),
    )
    said = "\n".join(map(str, faults(text)))
    for mark in ("whithin", "verified", "'haed'", "clauses.4", "'deadlin'", "never be filled", "title.zh", "holders"):
        assert mark in said, said
    assert "did you mean 'within'?" in said
    assert "did you mean 'deadline'?" in said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[procedure", "not TOML"),
        (b"\xff\xfe[procedure]", "UTF-8"),
        ("x = 1\n" + "#" * 300_000, "256 KB"),
        ("x = " + "[" * 20_000 + "]" * 20_000, "deep"),
        ("", "missing"),
        ("x = " + "9" * 5_000, ""),
    ],
    ids=["malformed", "no UTF-8", "huge", "deep", "empty", "a number without end"],
)
def test_what_is_no_procedure_is_refused(text: str | bytes, problem: str) -> None:
    with pytest.raises(ProcedureError) as caught:
        loads(text)
    assert problem in str(caught.value)


def test_requirements_stand_at_most_four_deep_and_sixty_four_wide() -> None:
    one = '{ value = "urgent", is = true }'
    deep = one
    for _ in range(4):
        deep = f"{{ any = [{deep}, {one}] }}"
    assert any("deep" in str(fault) for fault in faults(changed((SIGN, f"requires = [{deep}]"))))
    wide = ", ".join([one] * 65)
    assert any("65" in str(fault) for fault in faults(changed((SIGN, f"requires = [{wide}]"))))


def test_thousands_of_unknown_names_are_told_without_comparing_each_with_each() -> None:
    many = "\n".join(
        f'[roles.role_{n}]\ntitle = {{ en = "r", zh = "r" }}\nsupervises = ["rule_{n}"]' for n in range(2_000)
    )
    found = faults(SMALL + many)
    unknown = [fault for fault in found if "unknown role 'rule_" in fault.problem]
    assert len(unknown) == 2_000
    assert all("known: " in fault.cure for fault in unknown)
