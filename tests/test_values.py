"""Values at the edge: text is checked once, where it enters; ids are opaque; moments have a zone."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stabflow.errors import InvalidInput
from stabflow.values import (
    MAX_BASIS,
    MAX_ID,
    MAX_INT,
    MAX_NAME,
    MAX_TITLE,
    Actor,
    Basis,
    File,
    Matter,
    check_office_holder,
    clean_id,
    clean_sha256,
    clean_text,
    is_name,
    utc,
)

DIGEST = "0123456789abcdef" * 4


def fault(make: Any) -> str:
    """The one fault for which it is refused."""
    with pytest.raises(InvalidInput) as caught:
        make()
    (found,) = caught.value.faults
    assert found.path
    assert found.cure
    return str(found)


# Text

FORBIDDEN = {
    "NUL": "\x00",
    "backspace": "\x08",
    "vertical tab": "\x0b",
    "form feed": "\x0c",
    "carriage return": "\r",
    "escape": "\x1b",
    "delete": "\x7f",
    "C1 escape sequence": "\x9b",
    "Arabic letter mark": "\u061c",
    "left-to-right mark": "\u200e",
    "right-to-left mark": "\u200f",
    "right-to-left embedding": "\u202b",
    "pop formatting": "\u202c",
    "right-to-left override": "\u202e",
    "left-to-right isolate": "\u2066",
    "pop isolate": "\u2069",
    "lone high surrogate": "\ud83d",
    "lone low surrogate": "\udca9",
    "no character": "\uffff",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "language tag": "\U000e0001",
    "tag letter": "\U000e0041",
    "end of tag": "\U000e007f",
}


@pytest.mark.parametrize("character", FORBIDDEN.values(), ids=FORBIDDEN)
def test_text_has_no_control_surrogate_or_bidirectional_character(character: str) -> None:
    told = fault(lambda: clean_text(f"abc{character}d", "title", max_length=99))
    assert told == (
        f"title: character U+{ord(character):04X} at position 3 is not allowed "
        "(remove control, surrogate, bidirectional, separator and tag characters)"
    )
    assert fault(lambda: Matter("m", character)).startswith("matter.title: character U+")
    assert fault(lambda: Basis(f"x{character}")).startswith("basis: character U+")
    assert fault(lambda: Actor(f"x{character}", body="b")).startswith("actor.id: character U+")


@pytest.mark.parametrize(
    "text", ["two\nlines", "a\ttab", "“中文”，。", "עברית", "नमस्ते", "👩‍👩‍👧", "a\u0301\u0302", "﷽"]
)
def test_text_of_people_is_let_through(text: str) -> None:
    assert clean_text(text, "x", max_length=99) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\t"])
def test_a_title_stands_on_one_line(sign: str) -> None:
    """What it is printed beside could else be imitated: a heading, an outcome."""
    forged = f"Hall{sign}Decision: implement"
    told = f"character U+{ord(sign[-1]):04X} at position 4 is not allowed here (write it on one line, with blanks only)"
    assert fault(lambda: clean_text(forged, "t", max_length=99, one_line=True)) == f"t: {told}"
    assert fault(lambda: Matter("m", forged)) == f"matter.title: {told}"
    assert fault(lambda: File(forged, "text/plain", DIGEST)) == f"title: {told}"
    assert Basis(forged).text == forged.replace("\r", "")


def test_lines_end_alike_wherever_the_text_was_written() -> None:
    assert clean_text("two\r\nlines", "x", max_length=9) == "two\nlines"


def test_text_is_brought_to_nfc_before_it_is_measured() -> None:
    assert clean_text("e\u0301" * 3, "x", max_length=3) == "é" * 3
    assert clean_text("\u2126", "x", max_length=1) == "Ω"  # OHM SIGN
    assert fault(lambda: clean_text("\u0958", "x", max_length=1)) == "x: text of 2 characters (at most 1 are allowed)"


def test_text_is_bounded_and_says_something() -> None:
    assert clean_text("x" * 9, "x", max_length=9) == "x" * 9
    assert fault(lambda: clean_text("x" * 10, "t", max_length=9)) == "t: text of 10 characters (at most 9 are allowed)"
    for nothing in ("", " ", "\n\t ", "\u3000"):
        assert (
            fault(lambda nothing=nothing: clean_text(nothing, "t", max_length=9)) == "t: text is empty (say something)"
        )
        assert clean_text(nothing, "t", max_length=9, required=False) == nothing


@pytest.mark.parametrize("other", [None, 1, 3.9, True, b"bytes", ["x"], pytest.param(10**5000, id="huge"), object()])
def test_what_is_no_text_is_not_made_text(other: object) -> None:
    told = fault(lambda: clean_text(other, "t", max_length=9))
    assert told.startswith("t: ")
    assert told.endswith(" is not text (give text in quotes)")
    assert len(told) < 120


class Sly(str):
    """Claims to equal anything."""

    __slots__ = ()

    def __eq__(self, _other: object) -> bool:
        return True

    __hash__ = str.__hash__

    def __str__(self) -> str:
        return "something else"


def test_text_is_exactly_text() -> None:
    clean = clean_text(Sly("abc"), "t", max_length=9)
    assert type(clean) is str
    assert clean == "abc"
    assert clean != "x"


@given(st.text())
def test_cleaning_is_done_once(text: str) -> None:
    try:
        clean = clean_text(text, "x", max_length=50)
    except InvalidInput:
        return
    assert clean_text(clean, "x", max_length=50) == clean
    assert unicodedata.is_normalized("NFC", clean)
    assert json.loads(json.dumps(clean).encode()) == clean
    assert clean.encode("utf-8")


# Names and ids


def test_names() -> None:
    for name in ("a", "a1", "risk_level", "x" * MAX_NAME):
        assert is_name(name)
    for other in ("", "A", "1a", "_a", "a-b", "a b", "a.b", "é", "a\n", "x" * (MAX_NAME + 1), "名"):
        assert not is_name(other)


@pytest.mark.parametrize("id_", ["u-17", "17", "a@b.example", "urn:x:1", "局长-3", "_x", "é", "x" * MAX_ID])
def test_ids_are_opaque(id_: str) -> None:
    assert clean_id(id_, "id") == id_
    assert Actor(id_, body="b").id == id_
    assert Matter(id_, "t").key == id_


@pytest.mark.parametrize("blank", "\u115f\u1160\u3164\uffa0")
def test_an_id_has_no_letters_that_nobody_sees(blank: str) -> None:
    """``o-301`` and ``o-301`` with such a letter behind it would read alike, and be two persons."""
    for id_ in (f"o-301{blank}", f"o-{blank}301", f"{blank}o-301"):
        assert "is not an id" in fault(lambda id_=id_: Actor(id_, body="b"))
        assert "is not an id" in fault(lambda id_=id_: Actor("o-301", body=id_))
        assert "is not an id" in fault(lambda id_=id_: Matter(id_, "t"))


@pytest.mark.parametrize("id_", ["a b", "a/b", "-a", ".", "@x", "a\n", "a,b", "a{b}", "a'b", "*", "a\u200bb"])
def test_ids_have_no_blanks_and_no_signs_that_mean_something(id_: str) -> None:
    told = fault(lambda: clean_id(id_, "actor.id"))
    assert told.startswith("actor.id: ")
    assert "is not an id (use letters, digits and _ . : @ - only" in told


def test_ids_are_bounded_and_normal() -> None:
    assert fault(lambda: clean_id("x" * (MAX_ID + 1), "id")) == "id: text of 121 characters (at most 120 are allowed)"
    assert fault(lambda: clean_id("", "id")) == "id: text is empty (say something)"
    assert clean_id("e\u0301", "id") == "é"
    assert Actor("e\u0301", body="b") == Actor("é", body="b")


def test_digests() -> None:
    assert clean_sha256(DIGEST.upper(), "sha256") == DIGEST
    for wrong in ("", DIGEST[:-1], DIGEST + "0", DIGEST[:-1] + "g", "０" * 64, None, 5):
        assert fault(lambda wrong=wrong: clean_sha256(wrong, "sha256")).startswith("sha256: ")


# Moments


class Nowhere(tzinfo):
    """A zone that does not know its offset."""

    def utcoffset(self, _moment: datetime | None) -> timedelta | None:
        return None


def test_a_moment_has_a_zone_and_is_kept_in_utc() -> None:
    assert utc(datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))), "at") == datetime(2026, 1, 1, tzinfo=UTC)
    assert utc(datetime(2026, 1, 1, tzinfo=UTC), "at").tzinfo is UTC


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (datetime(2026, 1, 1), "at: 2026-01-01T00:00:00 has no time zone (add one, such as +08:00)"),
        (datetime(2026, 1, 1, tzinfo=Nowhere()), "at: 2026-01-01T00:00:00 has no time zone"),
        (date(2026, 1, 1), "at: datetime.date(2026, 1, 1) is not a time (give a date and time with its zone: datetime(2026,"),
        ("2026-01-01T00:00Z", "at: '2026-01-01T00:00Z' is not a time"),
        (0, "at: 0 is not a time"),
        (None, "at: None is not a time"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=8))), "at: 0001-01-01T00:00:00+08:00 lies outside the years"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-8))), "at: 9999-12-31T23:59:59.999999-08:00 lies outside"),
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused(moment: object, told: str) -> None:
    assert fault(lambda: utc(moment, "at")).startswith(told)


# The values


def test_an_actor_is_an_office_holder_by_an_opaque_id() -> None:
    actor = Actor("u-17", body="transport-bureau")
    assert str(actor) == "u-17 (transport-bureau)"
    assert {field.name for field in attrs.fields(Actor)} == {"id", "body"}
    assert fault(lambda: Actor("u 17", body="b")).startswith("actor.id: 'u 17' is not an id")
    assert fault(lambda: Actor("u-17", body="")).startswith("actor.body: text is empty")
    assert fault(lambda: Actor("u-17", body=None)).startswith("actor.body: None is not text")
    with pytest.raises(TypeError):
        Actor("u-17", "transport-bureau")  # type: ignore[misc]


def test_a_basis_is_a_text_and_perhaps_a_digest() -> None:
    assert Basis("minutes 2026-31").digest is None
    assert Basis("minutes", DIGEST.upper()).digest == DIGEST
    assert Basis.of("minutes") == Basis("minutes")
    basis = Basis("minutes", DIGEST)
    assert Basis.of(basis) is basis
    assert fault(lambda: Basis("")).startswith("basis: text is empty")
    assert fault(lambda: Basis("x" * (MAX_BASIS + 1))).startswith("basis: text of 2001 characters")
    assert fault(lambda: Basis("x", "abc")).startswith("basis.digest: 'abc' is not a SHA-256")
    assert fault(lambda: Basis.of(3)).startswith("basis: 3 is not text")  # type: ignore[arg-type]


def test_a_matter_has_a_key_and_a_title() -> None:
    matter = Matter("ring-road-2026", "Ring road widening")
    assert (matter.key, matter.title) == ("ring-road-2026", "Ring road widening")
    assert fault(lambda: Matter("ring road", "x")).startswith("matter.key: 'ring road' is not an id")
    assert fault(lambda: Matter("r", "x" * (MAX_TITLE + 1))).startswith("matter.title: text of 501 characters")


def test_a_file_is_known_by_its_digest() -> None:
    file = File("report", "application/pdf", DIGEST)
    assert file == File("report", "application/pdf", DIGEST.upper())
    assert fault(lambda: File("", "text/plain", DIGEST)).startswith("title: text is empty")
    assert fault(lambda: File("x", "text/plain", "0")).startswith("sha256: '0' is not a SHA-256")
    for wrong in (
        "pdf",
        "application/",
        "/pdf",
        "Application/PDF",
        "text/plain; charset=x",
        "a/b\n",
        "a/" + "b" * 200,
        None,
        3,
    ):
        told = fault(lambda wrong=wrong: File("x", wrong, DIGEST))
        assert told.startswith("media_type: ")
        assert told.endswith("is not a media type (such as application/pdf)")  # fmt: skip


@pytest.mark.parametrize(
    ("value", "name"),
    [(Actor("a", body="b"), "id"), (Basis("a"), "text"), (Matter("a", "b"), "key"), (File("a", "a/b", DIGEST), "title")],
)  # fmt: skip
def test_values_are_frozen_and_hashable(value: Any, name: str) -> None:
    assert len({value, attrs.evolve(value)}) == 1
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(value, name, "x")


def test_some_ids_are_no_office_holders() -> None:
    for id_ in ("system", "systems:1", "o-1:system:", "host", "u@host:1", "sytem:1"):
        check_office_holder(Actor(id_, body="b"), "by")
    for id_ in ("system:tick", "system:", "host:operator"):
        told = fault(lambda id_=id_: check_office_holder(Actor(id_, body="b"), "by"))
        assert told.startswith(f"by: '{id_}' is no office-holder: ids that begin with {id_.partition(':')[0]}: are")
    check_office_holder(Actor("host:operator", body="b"), "by", reserved=("system:",))
    assert fault(lambda: check_office_holder("o-1", "by")).startswith("by: 'o-1' is not an Actor")


@pytest.mark.parametrize(
    "id_", ["System:tick", "HOST:x", "ｈost:x", "hoſt:x", "SYSTEM:", "ﬆ:".replace("ﬆ", "syﬆem"), "ｓｙｓｔｅｍ:1"]
)
def test_a_reserved_id_is_reserved_however_it_is_written(id_: str) -> None:
    assert "are reserved" in fault(lambda: check_office_holder(Actor(id_, body="b"), "by"))


@pytest.mark.parametrize(
    "nothing", ["\u200b", "\u3164", "\u115f \u1160", "\u200d\u2060\ufeff", "\u00ad", "\n\u2800", "\uffa0"]
)
def test_text_of_what_cannot_be_seen_says_nothing(nothing: str) -> None:
    assert "nothing that can be seen" in fault(lambda: Basis(nothing))
    assert "nothing that can be seen" in fault(lambda: Matter("m", nothing))
    assert Basis(f"{nothing}x{nothing}").text.strip(nothing) == "x"
    assert clean_text(nothing, "t", max_length=9, required=False)


def test_a_moment_of_another_class_becomes_a_plain_one() -> None:
    class Sly(datetime):
        def astimezone(self, tz: Any = None) -> Any:
            return self

        def utcoffset(self) -> Any:
            return timedelta()

        def __gt__(self, other: object) -> bool:
            return False

        def __sub__(self, other: Any) -> Any:
            return timedelta()

    zone = timezone(timedelta(hours=8))
    told = utc(Sly(2020, 1, 1, 8, 30, 1, 5, tzinfo=zone), "at")
    assert type(told) is datetime
    assert told == datetime(2020, 1, 1, 0, 30, 1, 5, tzinfo=UTC)
    assert "no time zone" in fault(lambda: utc(Sly(2020, 1, 1), "at"))


def test_whole_numbers_stay_within_what_json_carries() -> None:
    assert float(MAX_INT) == MAX_INT
    assert float(MAX_INT + 2) != MAX_INT + 2
