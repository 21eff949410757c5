"""Bilingual text: both languages filled in, each in its own words, and nothing a user wrote is taken for a pattern."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stabflow.text import AND, LANGUAGES, OR, Text, either, joined, listing, quoted, same, say

FIRE = Text("fire", "消防")


def test_text_reads_in_both_languages() -> None:
    assert LANGUAGES == ("en", "zh")
    assert [FIRE.get(language) for language in LANGUAGES] == ["fire", "消防"]
    assert FIRE.get() == str(FIRE) == "fire"
    assert Text("fire", "消防") == FIRE
    assert len({FIRE, Text("fire", "消防"), Text("fire", "火")}) == 2


def test_text_is_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        FIRE.en = "water"  # type: ignore[misc]


def test_same_is_alike_in_both() -> None:
    assert same("risk-1") == Text("risk-1", "risk-1")
    assert same(12) == Text("12", "12")


def test_facts_are_filled_in_in_their_own_language() -> None:
    assert say("{n} of {what}", "{what}{n}项", n=3, what=FIRE) == Text("3 of fire", "消防3项")
    assert say("no facts", "无") == Text("no facts", "无")
    assert say("{{n}}", "{{n}}") == Text("{n}", "{n}")
    assert say("{en}", "{zh}", en="a", zh="b") == Text("a", "b")


def test_a_fact_that_is_missing_is_a_bug() -> None:
    with pytest.raises(KeyError):
        say("{n}", "{n}")


@given(st.text())
def test_what_people_wrote_is_never_a_pattern(words: str) -> None:
    once = say("“{words}”", "“{words}”", words=words)
    assert once == same(f"“{words}”")
    assert say("{once}!", "{once}!", once=once) == same(f"“{words}”!")


def test_lists_are_parted_as_each_language_does_it() -> None:
    assert listing([FIRE, same("x")]) == Text("fire, x", "消防、x")
    assert listing((FIRE,)) == FIRE
    assert listing([]) == Text("", "")
    assert listing([], none=Text("nobody", "无人")) == Text("nobody", "无人")
    assert listing([FIRE], none=Text("nobody", "无人")) == FIRE


def test_before_the_last_stands_its_own_word() -> None:
    three = [same("a"), same("b"), same("c")]
    assert listing(three, last=AND) == Text("a, b and c", "a、b、c")
    assert listing(three, last=OR) == Text("a, b or c", "a、b或c")
    assert listing(three[:2], last=OR) == Text("a or b", "a或b")
    assert listing(three[:1], last=OR) == same("a")
    assert listing([], last=OR) == same("")
    assert listing([], last=OR, none=FIRE) == FIRE


def test_alternatives_stand_in_quotes() -> None:
    assert either([FIRE, same("x")]) == Text("“fire” or “x”", "“消防”或“x”")
    assert either([FIRE]) == quoted(FIRE) == Text("“fire”", "“消防”")
    assert either([], none=FIRE) == FIRE


def test_quotes_within_quotes_are_inner_ones() -> None:
    assert quoted(Text("villages", "“三农”政策")) == Text("“villages”", "“‘三农’政策”")
    assert quoted(Text("the “old” town", "旧城")) == Text("“the ‘old’ town”", "“旧城”")


def test_parts_are_joined_in_each_language() -> None:
    assert joined([FIRE, same("x")], Text("; ", "；")) == Text("fire; x", "消防；x")
    assert joined((), Text("; ", "；")) == same("")
