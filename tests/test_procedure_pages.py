"""The page of each bundled procedure is made from it, and never behind it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import lapsing
import pytest
from command_line import Run

from stabflow.language import bundled, bundled_names, loads
from stabflow.language.manifest import manifest
from stabflow.reports.procedure_document import procedure_document
from stabflow.text import LANGUAGES, Language

PAGES = Path(__file__).parent.parent / "docs" / "procedures"
NEWEST = sorted({name.partition("@")[0] for name in bundled_names()})


@pytest.mark.parametrize("name", NEWEST)
def test_the_page_is_that_of_the_procedure(name: str) -> None:
    page = PAGES / f"{name}.md"
    assert page.read_text(encoding="utf-8") == procedure_document(bundled(name)), (
        f"make it anew: stabflow procedures {name} --markdown > docs/procedures/{page.name}"
    )


def test_there_is_a_page_for_each_and_for_nothing_else() -> None:
    assert sorted(page.stem for page in PAGES.glob("*.md")) == NEWEST


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NEWEST)
def test_every_clause_stands_on_it_with_all_that_carries_it(name: str, language: Language) -> None:
    lines = procedure_document(bundled(name), language).splitlines()
    head = {"en": "## Clause by clause", "zh": "## 逐条落实"}[language]
    told = [line for line in lines[lines.index(head) :] if line.startswith("| ")]
    for one in manifest(bundled(name)):
        row = next(line for line in told if line.startswith(f"| {one.id} |"))
        assert [carrier.path for carrier in one.carriers if f"`{carrier.path}`" not in row] == []
        if one.deviation is not None:
            assert any(one.deviation.get(language).replace("|", "\\|") in line for line in told)
        if one.clause.note is not None:
            assert any(one.clause.note.get(language) in line for line in told)


def test_the_command_prints_it(stab: Run) -> None:
    assert stab("procedures", "five-step", "--markdown") == (0, procedure_document(bundled("five-step")), "")
    chinese = stab("procedures", "five-step", "--markdown", "--lang", "zh")[1]
    assert chinese == procedure_document(bundled("five-step"), "zh")
    for words in (["procedures", "--markdown"], ["procedures", "five-step", "--markdown", "--json"]):
        status, _, err = stab(*words)
        assert (status, "is a form for one procedure" in err) == (2, True)


def test_what_an_author_writes_is_no_markup_and_ends_no_cell() -> None:
    odd = r"a\|b <i>c</i> [d](http://e)"
    written = json.dumps(odd)
    text = lapsing.INSPECTION.replace('{ en = "Inspection"', f"{{ en = {written}", 1)
    text = text.replace("[clauses]", f'[clauses]\n"9" = {{ deviation = {written} }}', 1)
    page = procedure_document(loads(text), "en")
    assert "<i>" not in page
    assert "](" not in page
    cells = [line for line in page.splitlines() if line.startswith("| 9 |")]
    assert [len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in cells] == [5, 5]
