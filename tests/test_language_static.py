"""Every static fault: the smallest change of a good procedure, refused at the right place with its cure, and nothing else is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from language_kit import BOARD, SITE, Change, changed, drop, faults_of, load_tables, paths, put, rename, tables

TABLE = Path(__file__).parent / "samples" / "static-faults.txt"
BASES = {"SITE": SITE, "BOARD": BOARD}


@attrs.frozen
class Sample:
    """A paragraph of the table."""

    base: str
    name: str
    changes: tuple[Change, ...]
    expected: tuple[tuple[str, str, str], ...]


def samples() -> Iterator[Sample]:
    base = ""
    for paragraph in TABLE.read_text(encoding="utf-8").split("\n\n"):
        lines = [line.strip() for line in paragraph.strip().splitlines() if not line.startswith("#")]
        if not lines:
            continue
        if lines[0].startswith("== "):
            base = lines[0].removeprefix("== ")
            continue
        name, *rest = lines
        expected = [line.removeprefix("! ").split(" | ") for line in rest if line.startswith("! ")]
        changes = [change_of(line) for line in rest if not line.startswith("! ")]
        yield Sample(base, name, tuple(changes), tuple((path, problem, cure) for path, problem, cure in expected))


def change_of(line: str) -> Change:
    if line.startswith("without "):
        return drop(line.removeprefix("without "))
    if " -> " in line:
        place, name = line.split(" -> ")
        return rename(place, name)
    place, value = line.split(" = ", maxsplit=1)
    return put(place, tomllib.loads(f"value = {value}")["value"])


SAMPLES = list(samples())


def ids(sample: Sample) -> str:
    return f"{sample.base}: {sample.name}"


@pytest.mark.parametrize("sample", [one for one in SAMPLES if one.expected], ids=ids)
def test_a_fault_is_told_with_its_place_and_cure_and_accuses_nothing_else(sample: Sample) -> None:
    found = faults_of(changed(tables(BASES[sample.base]), *sample.changes))
    assert paths(found) == sorted(path for path, _, _ in sample.expected)
    for fault, (_, problem, cure) in zip(sorted(found, key=lambda one: one.path), sorted(sample.expected), strict=True):
        assert problem in fault.problem
        assert cure in fault.cure


@pytest.mark.parametrize("sample", [one for one in SAMPLES if not one.expected], ids=ids)
def test_what_is_nearly_a_fault_is_none(sample: Sample) -> None:
    assert load_tables(changed(tables(BASES[sample.base]), *sample.changes)).digest


@pytest.mark.parametrize("base", BASES)
def test_the_unchanged_twins_load(base: str) -> None:
    assert load_tables(tables(BASES[base])).digest


def test_no_two_samples_are_called_alike() -> None:
    names = [ids(sample) for sample in SAMPLES]
    assert len(names) == len(set(names)) > 150


# Many, deep and wide


def test_thousands_of_unknown_names_are_told_without_comparing_each_with_each() -> None:
    many = {f"role_{n}": {"title": {"en": "r", "zh": "某"}, "supervises": [f"rule_{n}"]} for n in range(2_000)}
    found = faults_of(changed(tables(), *(put(f"roles/{name}", role) for name, role in many.items())))
    assert len(found) == 2_000
    assert all(fault.problem.startswith("unknown role 'rule_") and "known: " in fault.cure for fault in found)


def test_a_fault_is_told_once() -> None:
    (fault,) = faults_of(changed(tables(), put("transitions/1/by", ["hed", "hed"])))
    assert fault.path == "transitions[1].by"


def nested(depth: int) -> object:
    """A requirement that stands ``depth`` deep."""
    found: object = {"case": "checking"}
    for level in range(depth - 1):
        found = {("any", "all")[level % 2]: [found, {"case": "checking"}]}
    return found


def requiring(*requirements: object) -> dict[str, object]:
    return changed(tables(), put("transitions/1/requires", list(requirements)))


def test_requirements_stand_at_most_four_deep() -> None:
    load_tables(requiring(nested(4)))
    (fault,) = faults_of(requiring(nested(5)))
    assert (fault.path, fault.problem) == ("transitions[1].requires[0]", "requirements stand 5 deep")
    (fault,) = faults_of(requiring({"when": nested(4), "case": "checking"}))
    assert fault.problem == "requirements stand 5 deep"


def test_a_row_has_at_most_64_requirements() -> None:
    load_tables(requiring(*[{"case": "checking"}] * 64))
    (fault,) = faults_of(requiring(*[{"case": "checking"}] * 65))
    assert (fault.path, fault.problem) == ("transitions[1].requires", "65 requirements stand together")
    both = {"when": {"case": "checking"}, "any": [{"case": "checking"}, {"case": "finished"}]}
    (fault,) = faults_of(requiring(*[both] * 17))
    assert fault.problem == "68 requirements stand together"


# People


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        *(
            (name, "text")
            for name in ("petitioner", "phone", "id_card", "full_name", "address", "home_address", "wechat")
        ),
        *((name, "text") for name in ("villagers_names", "name_of_resident", "whereabouts", "blacklist", "ringleader")),
        *((name, "choice") for name in ("ethnicity", "religion", "gender", "mood", "visitor_kind")),
        *((name, "int") for name in ("id_number", "phone", "sentiment")),
        *((name, "date") for name in ("birthday", "date_of_birth")),
        ("faces", "file"),
    ],
)
def test_no_field_is_for_a_member_of_the_public(name: str, type_: str) -> None:
    field: dict[str, object] = {"type": type_}
    field |= {"text": {"max_length": 10}, "choice": {"of": "kind"}}.get(type_, {})
    found = faults_of(changed(tables(), put(f"facts/{name}", field), put("transitions/1/set", ["summary", name])))
    assert paths(found) == [f"facts.{name}"]
    assert "member of the public" in found[0].problem
    assert "counts, groups and positions" in found[0].cure


@pytest.mark.parametrize(
    "change",
    [
        put("facts/summary/title", {"en": "notes", "zh": "上访人姓名"}),
        put("facts/summary/title", {"en": "notes", "zh": "身份证号"}),
        put("facts/summary/title", {"en": "Home address", "zh": "地点"}),
        put("facts/summary/title", {"en": "names of petitioners", "zh": "名单"}),
        rename("items/hazard", "petitioner"),
        put("items/hazard/title", {"en": "visitor", "zh": "信访人"}),
        rename("roles/head", "complainant"),
        put("roles/head/title", {"en": "petitioner (full name)", "zh": "负责人"}),
        put("lists/petitioner", {"first": {"title": {"en": "first", "zh": "甲"}}}),
        put("lists/kind/other", {"title": {"en": "other", "zh": "重点人员"}}),
        put("states/checking/title", {"en": "checking", "zh": "登记上访人姓名"}),
        put("transitions/1/title", {"en": "register their names of petitioners", "zh": "登记"}),
    ],
)
def test_nor_is_a_title_a_kind_or_a_role(change: Change) -> None:
    problems = [fault.problem for fault in faults_of(changed(tables(), change))]
    assert "names or describes a member of the public" in problems


@pytest.mark.parametrize("name", ["petitioners", "persons_affected", "visitors", "people"])
def test_people_may_be_counted(name: str) -> None:
    content = changed(tables(), put(f"facts/{name}", {"type": "int"}), put("transitions/1/set", ["summary", name]))
    assert name in load_tables(content).facts


@pytest.mark.parametrize(
    "name", ["site_address", "personnel_plan", "interface", "essex", "moody_report", "bus_names", "contacting"]
)
def test_a_word_in_a_word_is_no_person(name: str) -> None:
    field = {"type": "text", "max_length": 9}
    content = changed(tables(), put(f"facts/{name}", field), put("transitions/1/set", ["summary", name]))
    assert name in load_tables(content).facts
