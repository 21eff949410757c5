"""What an act states: nothing missing, nothing too much, every value in the type and bounds of its field, all faults at once."""

from __future__ import annotations

import decimal
import enum
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from procedures_for_tests import START, Desk, problems

from stabflow.errors import InvalidInput
from stabflow.values import Actor, File

SHA = "a" * 64
FILE = {"title": "Plan", "media_type": "application/pdf", "sha256": SHA}


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk().drafting()


class Three(enum.IntEnum):
    THREE = 3


FITTING: list[tuple[str, object, object]] = [
    ("yes_or_no", True, True),
    ("yes_or_no", False, False),
    ("count", 5, 5),
    ("count", -5, -5),
    ("count", Three.THREE, 3),
    ("amount", 0, Decimal(0)),
    ("amount", 100, Decimal(100)),
    ("amount", "3.50", Decimal("3.5")),
    ("amount", Decimal("-0.0"), Decimal(0)),
    ("amount", "1E+1", Decimal(10)),
    ("amount", "0." + "123456789" * 3 + "123", Decimal("0." + "123456789" * 3 + "123")),
    ("words", "五个字以内", "五个字以内"),
    ("words", "e\u0301", "\u00e9"),
    ("one", "law", "law"),
    ("several", ["money", "law"], ("law", "money")),
    ("several", ("money",), ("money",)),
    ("several", "money", ("money",)),
    ("day", date(2026, 3, 2), date(2026, 3, 2)),
    ("who", "owner", "owner"),
    ("who", Actor("owner", body="b"), "owner"),
    ("paper", FILE, File("Plan", "application/pdf", SHA)),
    ("paper", File("Plan", "application/pdf", SHA), File("Plan", "application/pdf", SHA)),
]


@pytest.mark.parametrize(("field", "given", "held"), FITTING)
def test_what_fits(desk: Desk, field: str, given: object, held: object) -> None:
    name = desk.add("sample", "clerk", **{field: given})
    item = desk.value.items[name]
    assert item.fields == {field: held}
    assert type(item.fields[field]) is type(held)
    assert str(item.fields[field]) == str(held)


WRONG = [
    ("yes_or_no", 1, "not true or false"),
    ("yes_or_no", "yes", "not true or false"),
    ("yes_or_no", None, "not true or false"),
    ("count", True, "not a whole number"),
    ("count", 3.0, "not a whole number"),
    ("count", "3", "not a whole number"),
    ("count", 6, "6 is above 5 (give at most 5)"),
    ("count", -6, "-6 is below -5 (give at least -5)"),
    ("count", 2**53, "too large"),
    pytest.param("count", 10**5000, "too large", id="count-huge"),
    ("amount", 3.5, "not a decimal number"),
    ("amount", True, "not a decimal number"),
    ("amount", "three", "not a decimal number"),
    ("amount", "NaN", "not a decimal number"),
    ("amount", "sNaN", "not a decimal number"),
    ("amount", "Infinity", "not a decimal number"),
    pytest.param("amount", 10**5000, "not a decimal number", id="amount-huge"),
    ("amount", "1E-999999", "not a decimal number"),
    ("amount", "0E-999999", "not a decimal number"),
    ("amount", "0." + "1" * 31, "not a decimal number of at most 30 digits"),
    ("amount", "100.01", "100.01 is above 100"),
    ("amount", "-0.01", "-0.01 is below 0"),
    ("words", "", "text is empty"),
    ("words", "  ", "text is empty"),
    ("words", "sixsix", "text of 6 characters (at most 5 are allowed)"),
    ("words", b"abc", "is not text"),
    ("words", 3, "is not text"),
    ("words", "a\u202eb", "U+202E"),
    ("words", "a\x00", "U+0000"),
    pytest.param("words", "\ud800", "U+D800", id="words-surrogate"),
    ("one", "laws", "unknown choice 'laws' (did you mean 'law'?)"),
    ("one", ["law"], "unknown choice"),
    ("one", True, "unknown choice"),
    ("several", [], "not a list of choices (give at least one of: law, money)"),
    ("several", ["law", "law"], "names a choice twice"),
    ("several", ["law", "mony"], "unknown choice 'mony' (did you mean 'money'?)"),
    ("several", [["law"]], "unknown choice"),
    ("several", 3, "not a list of choices"),
    ("several", {"law"}, "not a list of choices"),
    (
        "day",
        "2026-03-02",
        "not a date (give a day without a time: date(2027, 3, 1))",
    ),
    ("day", datetime(2026, 3, 2, tzinfo=UTC), "not a date"),
    ("day", date.max, "never over"),
    ("who", "", "text is empty"),
    ("who", "two words", "is not an id"),
    ("who", 17, "is not text"),
    ("who", "x" * 121, "text of 121 characters"),
    ("paper", "plan.pdf", "not a file (give its title, media_type and sha256)"),
]


@pytest.mark.parametrize(("field", "given", "problem"), WRONG)
def test_what_does_not_fit(desk: Desk, field: str, given: object, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.add("sample", "clerk", **{field: given})
    found = problems(caught.value)
    assert list(found) == [field]
    assert problem in found[field]


FILES: list[tuple[Mapping[str, object], dict[str, str]]] = [
    ({"title": "Plan", "sha256": SHA}, {"paper": "a file without media_type"}),
    ({**FILE, "sha": SHA}, {"paper": "unknown key 'sha' of a file (did you mean 'sha256'?)"}),
    ({**FILE, "sha256": "abc"}, {"paper.sha256": "is not a SHA-256"}),
    ({**FILE, "media_type": "pdf"}, {"paper.media_type": "is not a media type"}),
    ({**FILE, "title": ""}, {"paper.title": "text is empty"}),
]


@pytest.mark.parametrize(("given", "wanted"), FILES)
def test_files_that_are_none(desk: Desk, given: Mapping[str, object], wanted: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        desk.add("sample", "clerk", paper=given)
    found = problems(caught.value)
    assert list(found) == list(wanted)
    for path, problem in wanted.items():
        assert problem in found[path]


def test_decimals_are_what_was_said_whatever_precision_the_host_computes_in(desk: Desk) -> None:
    with decimal.localcontext() as context:
        context.prec = 3
        name = desk.add("sample", "clerk", amount="12.345678901234567890")
    assert str(desk.value.items[name].fields["amount"]) == "12.34567890123456789"


def test_all_faults_at_once() -> None:
    desk = Desk().drafting()
    with pytest.raises(InvalidInput) as caught:
        desk.fire("describe", "officer", contested="yes", peeple=3)
    assert problems(caught.value) == {
        "contested": "'yes' is not true or false (give true or false)",
        "peeple": "unknown field 'peeple' (did you mean 'people'?)",
        "people": "is missing (this act must state it)",
    }


def test_a_field_of_another_act_is_not_stated_by_this_one() -> None:
    desk = Desk().drafting()
    with pytest.raises(InvalidInput) as caught:
        desk.fire("describe", "officer", contested=True, people=1, reasons="r")
    assert problems(caught.value) == {"reasons": "'reasons' is not stated by this act (known: contested, people)"}


def test_optional_fields_may_be_left_out_and_stay_unknown() -> None:
    desk = Desk().open(sector="water")
    assert dict(desk.value.facts) == {"sector": "water"}
    assert desk.value.items == {}


def test_an_unknown_kind_or_item_or_trigger_is_named_with_a_near_miss() -> None:
    desk = Desk().drafting()
    with pytest.raises(InvalidInput, match=r"unknown item 'hearing-4' \(add it first\)"):
        desk.fire("hold", "officer", "hearing-4", came=1)
    desk.add("hearing", "officer", day=START.date(), invited=3)
    with pytest.raises(InvalidInput, match=r"unknown kind 'hering' .did you mean 'hearing'"):
        desk.add("hering", "officer")
    with pytest.raises(InvalidInput, match=r"unknown item 'hearing-2' .did you mean 'hearing-1'"):
        desk.fire("hold", "officer", "hearing-2", came=1)
    with pytest.raises(InvalidInput, match="unknown item"):
        desk.amend("officer", "hearing-2", invited=1)
    with pytest.raises(InvalidInput, match=r"unknown trigger 'summit' .did you mean 'submit'"):
        desk.fire("summit", "officer")
    with pytest.raises(InvalidInput, match=r"'ad' creates nothing here .did you mean 'add'"):
        desk.add("hearing", "officer", trigger="ad")


def test_a_kind_with_several_ways_in_has_a_usual_one() -> None:
    desk = Desk().drafting()
    assert desk.add("label", "clerk") == "label-1"
    assert desk.add("label", "clerk", trigger="add_marked", marks="law") == "label-2"
    with pytest.raises(InvalidInput, match="'mark' creates nothing here"):
        desk.add("label", "clerk", trigger="mark", marks="law")
