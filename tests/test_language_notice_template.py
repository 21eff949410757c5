"""Templates of notices: plain names in braces, and whatever fills them stays what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stabflow.language.notice_template import FIELDS, Piece, fields_of, fill, mistakes, pieces
from stabflow.text import Text, same

ANY = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=30)
HARD = st.text(st.sampled_from("{}ab!:.[] %0"), max_size=12)


def filled(template: str, value: str = "value") -> str:
    return fill(same(template), lambda name: same(f"<{name}={value}>")).en


def doubled(words: str) -> str:
    return words.replace("{", "{{").replace("}", "}}")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", ""),
        ("due {due}.", "due <due=value>."),
        ("{item}{due}", "<item=value><due=value>"),
        ("{{due}}", "{due}"),
        ("{{{due}}}", "{<due=value>}"),
        ("{{}}", "{}"),
        ("{{{{due}}}}", "{{due}}"),
        ("100 % of {case} \\n %s $x", "100 % of <case=value> \\n %s $x"),
    ],
)
def test_names_are_filled_in_and_doubled_braces_are_braces(template: str, expected: str) -> None:
    assert list(mistakes(template)) == []
    assert filled(template) == expected


@pytest.mark.parametrize(
    "template",
    [
        "{",
        "}",
        "{due",
        "due}",
        "{}",
        "{ due }",
        "{due!r}",
        "{due:>9}",
        "{due.at}",
        "{due[0]}",
        "{0}",
        "{Due}",
        "{到期}",
        "{{{due}}",
    ],
)
def test_anything_else_is_a_mistake(template: str) -> None:
    assert list(mistakes(template))


@given(ANY | HARD)
def test_words_with_doubled_braces_stay_as_they_are(words: str) -> None:
    assert list(mistakes(doubled(words))) == []
    assert fields_of(doubled(words)) == ()
    assert filled(doubled(words)) == words


@given(ANY | HARD, st.sampled_from(FIELDS), ANY | HARD)
def test_what_fills_a_template_is_no_template(before: str, name: str, value: str) -> None:
    said = filled(f"{doubled(before)}{{{name}}}", value)
    assert said == before + " ".join(f"<{name}={value}>".split())


@given(HARD)
def test_a_template_is_read_whole_or_refused(template: str) -> None:
    read = pieces(template)
    if not list(mistakes(template)):
        assert "".join(f"{{{one.field}}}" if one.field else doubled(one.words) for one in read) == template


def test_each_language_has_its_own_fields_and_words_on_one_line() -> None:
    said = fill(Text("{case} is", "{state}"), lambda name: Text(f"{name}\r\nen", f"{name}\u2028中 文"))
    assert (said.en, said.zh) == ("case en is", "state 中 文")
    assert pieces("{due}.") == (Piece(field="due"), Piece(words="."))
    assert fields_of("{due}{due}{x y}{case}") == ("due", "case")
