"""Procedure files: what TOML they may be, how strictly they are read, and that all faults are told at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language_kit import (
    BOARD,
    SITE,
    Tables,
    changed,
    document,
    drop,
    faults_of,
    load_tables,
    paths,
    put,
    rename,
    tables,
)

from stabflow.errors import Fault, InvalidInput, ProcedureError
from stabflow.language import bundled, bundled_names, load, loads, procedure
from stabflow.language.paths import path_text
from stabflow.language.tables import MAX_BYTES, MAX_DEPTH, depth_of, tables_of


def told(fault: Fault) -> str:
    return str(fault)


# Files


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")
    assert load(path) == load(str(path)) == procedure(path) == procedure(str(path)) == loads(SITE)


@pytest.mark.parametrize("wrong", ["nowhere.toml", ".", "no\x00where.toml"])
def test_a_file_that_cannot_be_read_is_named(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(ProcedureError) as caught:
        load(f"{tmp_path}/{wrong}")
    (fault,) = caught.value.faults
    assert fault.path == f"{tmp_path}/{wrong}"
    assert fault.problem.startswith("cannot be read: ")
    assert fault.cure == "check the path"


def test_the_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    for text in ("[", "", document(changed(tables(), put("states/checking/within", 3)))):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ProcedureError, match=r"site\.toml has \d+ fault"):
            load(path)


@pytest.mark.parametrize(
    "text",
    [
        SITE.encode("utf-8-sig"),
        "\ufeff" + SITE,
        SITE.replace("\n", "\r\n"),
        SITE.replace("\n", "\r\n").encode(),
        SITE + "# the end",
    ],
    ids=["BOM", "BOM in text", "CRLF", "CRLF in bytes", "no newline at the end"],
)
def test_how_a_file_is_saved_makes_no_difference(text: str | bytes) -> None:
    assert loads(text).digest == loads(SITE).digest


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SITE.encode("gb18030"), "is not UTF-8 at byte 138"),
        (SITE.encode("utf-16"), "is not UTF-8 at byte 0"),
        (SITE.replace("排查", "\ud800"), "is not UTF-8"),
        ("[procedure", "is not TOML: Expected ']'"),
        ("id = 1\nid = 2\n", "is not TOML: Cannot overwrite a value (at line 2"),
        ("[a]\nb = 1\n[a]", "is not TOML: Cannot declare ('a',) twice"),
        ('id = "\x00"', "is not TOML: Illegal character"),
        ("id = 2026-02-30", "is not TOML: Invalid date or datetime"),
        ("[a]\nid = " + "9" * 5000, "is not TOML: a number of more than 1000 digits (at line 2)"),
        ("[a]\nid = -9" + "_9" * 5000, "is not TOML: a number of more than 1000 digits (at line 2)"),
        (SITE + "#" * MAX_BYTES, "is larger than 256 KB"),
        ((SITE + "#" * MAX_BYTES).encode(), "is larger than 256 KB"),
        ("x = " + "[" * 10_000 + "]" * 10_000, "is nested too deep"),
        ("x = " + "{a=" * 10_000 + "1" + "}" * 10_000, "is nested too deep"),
        ("x = " + "[" * MAX_DEPTH + "]" * MAX_DEPTH, "is nested too deep"),
        (".".join("a" * 120_000) + " = 1", "has a key of more than 32 parts"),
        ("[" + " . ".join(["'a'", '"b"', "c"] * 11) + "]", "has a key of more than 32 parts"),
    ],
)
def test_a_file_that_is_no_procedure_at_all_has_one_fault(text: str | bytes, problem: str) -> None:
    (fault,) = faults_of(text)
    assert fault.path == "(file)"
    assert problem in fault.problem
    assert fault.cure


def test_a_file_just_small_enough_is_read() -> None:
    assert loads(SITE + "#" * (MAX_BYTES - len(SITE.encode()))) == loads(SITE)


def test_depth_is_counted_in_tables_and_lists() -> None:
    assert [depth_of(one) for one in (1, [], {"a": []}, {"a": [{"b": 1}], "c": 2})] == [1, 1, 2, 4]
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    assert depth_of(deep) == 100_001


def test_requirements_in_one_another_are_refused_at_any_depth() -> None:
    for depth in (5, 10, 15, 20, 50, 90, 2_000):
        text = SITE.replace(
            '[{ items = "hazard", every = "resolved" }]',
            '{ any = [{ case = "checking" }, ' * depth + "1" + "] }" * depth,
        )
        assert all("deep" in fault.problem or fault.path.startswith("transitions[1]") for fault in faults_of(text))


LACKING = [
    "procedure: is missing (add it)",
    "states: is missing (add [states.S]: where a case can stand)",
    "transitions: is missing (add [[transitions]]: what may be done)",
]


def test_an_empty_file_lacks_a_procedure_states_and_rows_and_nothing_else_is_said() -> None:
    for text in ("", "\n", "# nothing\n", b""):
        assert [told(fault) for fault in faults_of(text)] == LACKING
    assert [told(fault) for fault in faults_of(SITE[: SITE.index("[clauses]")])] == LACKING[1:]


def test_another_error_may_be_raised_for_another_kind_of_file() -> None:
    with pytest.raises(InvalidInput, match=r"the dossier has 1 fault:\n  \(file\): is not TOML"):
        tables_of("[", what="the dossier", error=InvalidInput)


# Texts


def test_what_a_procedure_says_stands_on_one_line() -> None:
    """It is printed in headings and tables, between what stabflow says itself."""
    for old, place in (
        ('title = { en = "Quarterly site inspection"', "procedure.title.en"),
        ('title = { en = "fire"', "lists.kind.fire.title.en"),
        ('title = { en = "inspector"', "roles.inspector.title.en"),
    ):
        (fault,) = faults_of(SITE.replace(old, 'title = { en = "x\\n\\nDecision: implement"'))
        assert told(fault) == (
            f"{place}: character U+000A at position 1 is not allowed here (write it on one line, with blanks only)"
        )


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\u2028", "2028"),
        ("\u202e", "202E"),
        ("\u2066", "2066"),
        ("\x00", "0000"),
        ("\x1b", "001B"),
        ("\x9b", "009B"),
        ("\u200f", "200F"),
    ],
)
def test_control_characters_are_refused_in_titles_and_in_keys(character: str, name: str) -> None:
    words = f"fire{character}"
    (fault,) = faults_of(SITE.replace('zh = "消防"', f'zh = "消防\\u{name}"'))
    assert told(fault).startswith(f"lists.kind.fire.title.zh: character U+{name} at position 2 is not allowed")
    (fault,) = faults_of(SITE.replace('"4" = {', f'"4\\u{name}" = {{'))
    assert f"character U+{name} at position 1 is not allowed" in fault.problem
    assert character not in told(fault)
    (fault,) = faults_of(changed(tables(), put(f"roles/{words}", {"title": {"en": "x", "zh": "某"}})))
    assert fault.problem.startswith(f"character U+{name} at position 4")
    assert character not in told(fault)


def test_text_is_brought_to_nfc() -> None:
    loose = loads(SITE.replace("house rules", "re\u0301gle"))
    assert loose == loads(SITE.replace("house rules", "r\u00e9gle"))
    assert loose.source == "r\u00e9gle 2026"
    assert loads(SITE.replace('"4" =', '"4e\u0301" =')) == loads(SITE.replace('"4" =', '"4\u00e9" ='))


def test_two_keys_that_are_one_in_nfc_are_refused() -> None:
    (fault,) = faults_of(SITE.replace('"4" =', '"4e\u0301" = { deviation = "x" }\n"4\u00e9" ='))
    assert told(fault) == 'clauses."4é": stands here twice (keep one of them)'


def test_texts_are_bounded_and_say_something() -> None:
    (fault,) = faults_of(SITE.replace("house rules", "x" * 4_000))
    assert told(fault) == "procedure.source: text of 4005 characters (at most 4000 are allowed)"
    (fault,) = faults_of(SITE.replace('en = "fire"', 'en = ""'))
    assert told(fault) == "lists.kind.fire.title.en: text is empty (say something)"
    (fault,) = faults_of(SITE.replace('deviation = "exhortation, no rule"', 'deviation = " "'))
    assert told(fault) == "clauses.4.deviation: text is empty (say something)"
    (fault,) = faults_of(SITE.replace('deviation = "exhortation, no rule"', 'deviation = { en = "x" }'))
    assert told(fault) == "clauses.4.deviation.zh: is missing (add it)"


# Strictness

WRONG = [
    ("procedure/format", 1.0, "procedure.format: is a number with a fraction, not a whole number"),
    ("procedure/format", True, "procedure.format: is true or false, not a whole number"),
    ("procedure/format", 2**53, "procedure.format: is beyond ±2⁵³"),
    ("procedure/version", 1, "procedure.version: is a whole number, not text (write it in quotes)"),
    ("procedure/title", "Board", 'procedure.title: is text, not a table (write { en = "…", zh = "…" })'),
    ("procedure/title/fr", "Conseil", "procedure.title.fr: unknown key"),
    ("procedure/colour", "red", "procedure.colour: unknown key"),
    ("procedure", 3, "procedure: is a whole number, not a table (write a table: [procedure])"),
    ("procedure", [], "procedure: is a list, not a table"),
    ("clauses", [], "clauses: is a list, not a table"),
    ("clauses/一", "x", "clauses.\"一\": is text, not a table (write a table with title, deviation, note …)"),
    ("clauses/一/devation", "x", "clauses.\"一\".devation: unknown key (did you mean 'deviation'?)"),
    ("lists/aspect", 3, "lists.aspect: is a whole number, not a table"),
    ("lists/aspect/law/alias", "x", "lists.aspect.law.alias: unknown key (did you mean 'aliases'?)"),
    ("lists/aspect/money/aliases", 3, "lists.aspect.money.aliases: is a whole number, not text (write it in quotes)"),
    ("lists/aspect/money/aliases/0", 3.9, "lists.aspect.money.aliases[0]: is a number with a fraction, not text"),
    ("parameters/quorum/value", 2.5, "parameters.quorum.value: is a number with a fraction, not a whole number"),
    ("parameters/quorum/value", True, "parameters.quorum.value: is true or false, not a whole number"),
    ("parameters/quorum/value", "two", 'parameters.quorum.value: "two" is not a duration'),
    ("parameters/quorum/verified", "no", "parameters.quorum.verified: is text, not true or false (write true or false"),
    ("parameters/quorum/verified", 0, "parameters.quorum.verified: is a whole number, not true or false"),
    ("parameters/quorum/unit", "x", "parameters.quorum.unit: unknown key"),
    ("roles/chair/holders", 1.0, "roles.chair.holders: is a number with a fraction, not a whole number"),
    ("roles/chair/holders", "1", "roles.chair.holders: is text, not a whole number (write a whole number without quotes)"),
    ("roles/chair/holders", True, "roles.chair.holders: is true or false, not a whole number"),
    ("roles/auditor/delegable", 1, "roles.auditor.delegable: is a whole number, not true or false"),
    ("roles/chair/responds_within", 5, "roles.chair.responds_within: is a whole number, not a duration (write it in quotes"),
    ("roles/chair/supervise", "unit", "roles.chair.supervise: unknown key (did you mean 'supervises'?)"),
    ("separations", {}, "separations.roles: is missing (add it)"),
    ("separations/0/roles", {}, "separations[0].roles: is a table, not text"),
    ("separations/0/acros", "case", "separations[0].acros: unknown key (did you mean 'across'?)"),
    ("facts/people/type", "integer", "facts.people.type: unknown word 'integer' (did you mean 'int'?)"),
    ("facts/people/type", ["int"], "facts.people.type: is a list, not a word (write one in quotes: bool, int, decimal"),
    ("facts/people/min", 0.5, "facts.people.min: is a number with a fraction, not a whole number"),
    ("facts/areas/many", "yes", "facts.areas.many: is text, not true or false"),
    ("facts/people/default", 0, "facts.people.default: unknown key"),
    ("states/asking/step", "investigating", "states.asking.step: unknown word 'investigating' (did you mean 'investigate'?)"),
    ("states/agreed/outcome", "approve", "states.agreed.outcome: unknown word 'approve' (known: defer, implement, prohibit)"),
    ("states/dropped/final", "true", "states.dropped.final: is text, not true or false"),
    ("states/asking/within", 60, "states.asking.within: is a whole number, not a duration"),
    ("states/asking/withn", "3 days", "states.asking.withn: unknown key (did you mean 'within'?)"),
    ("transitions/0", 3, "transitions[0]: is a whole number, not a table (write a table with trigger, source, dest, by …)"),
    ("transitions/0/by", [["chair"]], "transitions[0].by[0]: is a list, not text"),
    ("transitions/0/by", True, "transitions[0].by: is true or false, not text"),
    ("transitions/2/guard", "x", "transitions[2].guard: unknown key"),
    ("transitions/2/destination", "x", "transitions[2].destination: unknown key"),
    ("items/finding/transitions/1/every", "fortnight", "items.finding.transitions[1].every: unknown word 'fortnight'"),
    ("items/finding/transitions/0/on/0", "late", "items.finding.transitions[0].on[0]: unknown word 'late'"),
    ("items/finding/transitions/1/lead", 1, "items.finding.transitions[1].lead: is a whole number, not a duration"),
    ("items/risk", [], "items.risk: is a list, not a table (write a table with fields, states, transitions, title …)"),
    ("items/risk/field", {}, "items.risk.field: unknown key (did you mean 'fields'?)"),
    ("items/test/preset/when", "x", "items.test.preset.when: unknown key"),
    ("items/test/preset", "aspect", "items.test.preset: is text, not a table (write a table with field, from, dest, at …)"),
    ("gate/state", "agreed", "gate.state: unknown key"),
    ("gate", "agreed", "gate: is text, not a table (write a table with in, requires, clause …)"),
    ("properties/0/before", 3, "properties[0].before: is a whole number, not a list (write it in [ ])"),
    ("properties/2/alway", {}, "properties[2].alway: unknown key (did you mean 'always'?)"),
    ("transitions/1/requires", True, "transitions[1].requires: is true or false, not a requirement (write a table such as"),
    ("transitions/1/requires", "quorum", "transitions[1].requires: is text, not a requirement"),
    ("transitions/1/requires", {}, "transitions[1].requires: a requirement is of exactly one kind, and this has none"),
    (
        "transitions/1/requires",
        {"value": "people", "items": "risk", "at_least": 1},
        "transitions[1].requires: a requirement is of exactly one kind, and this has value and items (give one of value, items",
    ),
    (
        "transitions/5/requires/0",
        {"item": "vote", "at_least": 1},
        "transitions[5].requires[0].item: unknown key (did you mean 'items'?)",
    ),
    ("transitions/1/requires/at_least", 1.5, "transitions[1].requires.at_least: is a number with a fraction, neither"),
    ("transitions/1/requires/at_least", True, "transitions[1].requires.at_least: is true or false, neither a whole number"),
    ("transitions/1/requires/at_most", 1, "transitions[1].requires.at_most: unknown key (did you mean 'at_least'?)"),
    ("transitions/3/requires/1/when/is", 1.5, "transitions[3].requires[1].when.is: is a number with a fraction, not a literal"),
    ("transitions/3/requires/1/when/is", {}, "transitions[3].requires[1].when.is: is a table, not a literal"),
    ("transitions/2/requires/0/times", 30.0, "transitions[2].requires[0].times: is a number with a fraction, not a whole"),
    ("transitions/5/requires/1/over", 0.5, 'transitions[5].requires[1].over: is no share: 0.5 (write it as text, such as "1/2")'),
    ("transitions/5/requires/1/over", "half", "transitions[5].requires[1].over: is no share: 'half'"),
    ("transitions/5/requires/1/over", "1/0", "transitions[5].requires[1].over: is a share of nothing"),
    ("transitions/5/requires/1/over", "1e999999999", "transitions[5].requires[1].over: is no share"),
    ("transitions/5/requires/1/over", "½/1", "transitions[5].requires[1].over: is no share"),
    ("transitions/5/requires/1/where", ["for"], "transitions[5].requires[1].where: is a list, not a table"),
    ("transitions/5/requires/1/where/position", 1.5, "transitions[5].requires[1].where.position: is a number with a fraction"),
    ("transitions/5/requires/2/with/year", 2026.5, "transitions[5].requires[2].with.year: is a number with a fraction"),
    ("transitions/5/requires/2/wit", {}, "transitions[5].requires[2].wit: unknown key (did you mean 'with'?)"),
    ("state", {}, "state: unknown key (did you mean 'states'?)"),
    ("notices/0/on", "late", "notices[0].on: unknown word 'late' (did you mean 'escalated'?)"),
    ("notices/0/whom", "chair", "notices[0].whom: unknown key (known: clause, in, lead, name, of, on, subject, text"),
    ("notices/0/subject", "due soon", "notices[0].subject: is text, not a table"),
    ("notices/0/lead", 3, "notices[0].lead: is a whole number, not a duration"),
    ("notices/1/text/0/zh", "", "notices[1].text[0].zh: text is empty"),
    ("notices/1/text/0/en", "two\nlines", "notices[1].text[0].en: character U+000A"),
    ("items/risk/fields/level/type", "word", "items.risk.fields.level.type: unknown word 'word'"),
    ("items/risk/states/named/within", 5, "items.risk.states.named.within: is a whole number, not a duration"),
    ("metadata", {"author": "x"}, "metadata: unknown key (known: clauses, facts, gate, items, lists, notices, parameters"),
    ("id", "board", "id: unknown key"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "expected"), WRONG, ids=[f"{one[0]} = {one[1]!r:.20}" for one in WRONG])
def test_what_is_of_the_wrong_kind_is_told_alone_with_its_place_and_cure(
    place: str, value: object, expected: str
) -> None:
    found = [told(fault) for fault in faults_of(changed(tables(BOARD), put(place, value)))]
    assert len(found) == 1, found
    assert found[0].startswith(expected)
    assert found[0].endswith(")")


MISSING = [
    "procedure/id", "procedure/version", "procedure/title", "procedure/source", "procedure/title/zh", "lists/aspect/law/title",
    "parameters/quorum/value", "parameters/quorum/verified", "roles/chair/title", "separations/0/roles", "facts/people/type",
    "transitions/0/trigger", "items/risk/title", "items/test/preset/field", "items/test/preset/from", "items/test/preset/dest",
    "items/test/preset/at", "gate/in", "properties/0/title", "transitions/3/requires/0/since",
]  # fmt: skip


@pytest.mark.parametrize("place", MISSING)
def test_what_is_missing_is_told_alone(place: str) -> None:
    (fault,) = faults_of(changed(tables(BOARD), drop(place)))
    where = path_text(*(int(key) if key.isdecimal() else key for key in place.split("/")))
    assert told(fault) == f"{where}: is missing (add it)"


def test_tables_in_the_stored_form_are_not_read_from_a_file() -> None:
    content = tables()
    content["roles"] = [[name, role] for name, role in content["roles"].items()]
    (fault,) = faults_of(content)
    assert told(fault) == "roles: is a list, not a table (write a table)"


# All at once


def test_faults_of_form_and_of_substance_are_told_together() -> None:
    content = changed(
        tables(BOARD),
        rename("states/asking/within", "withn"),
        put("roles/chair/holders", 1.5),
        put("parameters/comment_period/verified", "yes"),
        drop("lists/level/high/title"),
        put("transitions/7/by", "unti"),
        put("items/risk/transitions/1/requires", [{"independent_of": "ad"}]),
        put("clauses/九", {}),
        put("facts/phone", {"type": "bool"}),
        put("items/vote/states/lost", {"final": True}),
        put("transitions/4/requires/-", {"item": "risk", "at_most": "quorun"}),
    )
    assert paths(faults_of(content)) == [
        'clauses."九"',
        "facts.phone",
        "facts.phone",
        "items.risk.transitions[1].requires[0].independent_of",
        "items.vote.states.lost",
        "lists.level.high.title",
        "parameters.comment_period.verified",
        "roles.chair.holders",
        "states.asking.withn",
        "transitions[4].requires[2].at_most",
        "transitions[4].requires[2].item",
        "transitions[7].by",
    ]


def test_the_faults_are_in_the_error_as_lines_and_as_values() -> None:
    with pytest.raises(ProcedureError) as caught:
        loads(document(changed(tables(), drop("roles/head/title"), put("states/checking/within", 3))), what="site.toml")
    assert str(caught.value) == (
        "site.toml has 2 faults:\n"
        "  roles.head.title: is missing (add it)\n"
        '  states.checking.within: is a whole number, not a duration (write it in quotes, such as "10 days", or name a '
        "parameter)"
    )
    assert caught.value.what == "site.toml"
    assert [fault.path for fault in caught.value.faults] == ["roles.head.title", "states.checking.within"]


def test_a_misspelt_key_is_read_as_it_was_meant() -> None:
    (fault,) = faults_of(changed(tables(), rename("transitions/1/set", "sets")))
    assert told(fault) == "transitions[1].sets: unknown key (did you mean 'set'?)"
    found = faults_of(changed(tables(), rename("transitions/1/set", "sets"), put("transitions/1/sets", ["sumary"])))
    assert [told(fault) for fault in found] == [
        "transitions[1].sets: unknown key (did you mean 'set'?)",
        "transitions[1].set: unknown field 'sumary' (did you mean 'summary'?)",
    ]
    (fault,) = faults_of(changed(tables(), rename("procedure", "procedur")))
    assert told(fault) == "procedur: unknown key (did you mean 'procedure'?)"


def test_a_key_beside_the_one_it_resembles_is_not_read() -> None:
    (fault,) = faults_of(changed(tables(), put("transitions/1/sets", ["nothing"])))
    assert told(fault) == "transitions[1].sets: unknown key (did you mean 'set'?)"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (put("transitions/1/set", 3), "transitions[1].set"),
        (put("transitions/1/clause", 3), "transitions[1].clause"),
        (put("transitions/1/dest", 3), "transitions[1].dest"),
        (put("transitions/1/source", 3), "transitions[1].source"),
        (put("transitions/1", "sign_off"), "transitions[1]"),
        (put("transitions", "sign_off"), "transitions"),
        (put("states/finished/final", 1), "states.finished.final"),
        (put("states/finished", "final"), "states.finished"),
        (put("items/hazard/fields/kind/type", 3), "items.hazard.fields.kind.type"),
        (put("items/hazard/fields", 3), "items.hazard.fields"),
        (put("items/hazard/transitions/0/trigger", 3), "items.hazard.transitions[0].trigger"),
        (put("items/hazard", "x"), "items.hazard"),
        (put("roles/head", "x"), "roles.head"),
        (put("roles", 3), "roles"),
        (put("lists", 3), "lists"),
        (put("clauses", 3), "clauses"),
        (put("transitions/1/requires/0/every", 3), "transitions[1].requires[0].every"),
        (put("transitions/1/requires/0", 3), "transitions[1].requires[0]"),
        (rename("transitions/1/by", "who_does_it"), "transitions[1].who_does_it"),
        (rename("transitions/1/set", "fields_stated"), "transitions[1].fields_stated"),
    ],
)
def test_what_cannot_be_read_accuses_nothing_that_depends_on_it(change: object, path: str) -> None:
    assert paths(faults_of(changed(tables(), change))) == [path]  # type: ignore[arg-type]


# Whatever stands there


def places(value: object, where: tuple[str, ...] = ()) -> Iterator[str]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield "/".join((*where, str(key)))
        yield from places(inner, (*where, str(key)))


CONTENT = tables(BOARD)
PLACES = sorted(places(CONTENT))
JUNK = st.recursive(
    st.sampled_from([3.9, "no", True, 7, -1, 2**70, "", "x" * 5_000, "\u202e", "head", "*", float("inf")])
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["en", "is", "x", "any", "by"]), inner),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.sampled_from(PLACES), JUNK), min_size=1, max_size=4))
def test_anything_anywhere_loads_or_has_faults_with_place_problem_and_cure(mess: list[tuple[str, object]]) -> None:
    content: Tables = changed(CONTENT)
    for place, junk in mess:
        try:
            put(place, junk)(content)
        except (KeyError, IndexError, TypeError, ValueError):
            continue  # an earlier piece of junk stands in the way
    try:
        assert load_tables(content).digest
    except ProcedureError as error:
        assert error.faults
        for fault in error.faults:
            assert fault.path
            assert fault.problem
            assert fault.cure
            assert "\u202e" not in str(fault)
        assert len(set(error.faults)) == len(error.faults)


# Those that come with stabflow


def test_a_bundled_procedure_is_found_by_its_name_and_version() -> None:
    names = bundled_names()
    assert "five-step@1" in names
    assert bundled("five-step") is bundled("five-step")
    assert bundled("five-step").id == "five-step"
    assert bundled("five-step@1") == procedure("five-step@1")


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(ProcedureError) as caught:
        bundled("five-steps")
    assert str(caught.value) == (
        "the name of a procedure has 1 fault:\n  five-steps: no such procedure (did you mean 'five-step'?)"
    )
