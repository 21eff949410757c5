"""Bilingual text: both languages filled in, each in its own words, and nothing a user wrote is taken for a pattern."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stabflow.text import LANGUAGES, Text, listing, same, say

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
