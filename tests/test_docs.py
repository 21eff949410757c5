"""The examples in README.md and docs/ run as they stand: each document from top to bottom, in a directory of its own.

A block fenced as ``python`` is run, unless ``<!-- skip: next "why" -->`` stands before it.
"""

from __future__ import annotations

import contextlib
import re
import unittest
from pathlib import Path

import pytest
from sybil import Document, Sybil
from sybil.parsers.myst import PythonCodeBlockParser, SkipParser

import stabflow
from stabflow.cli.app import commands
from stabflow.language.static import RESERVED

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SYBIL = Sybil(parsers=[PythonCodeBlockParser(), SkipParser()])


def run(path: Path) -> Document:
    document = SYBIL.parse(path)
    for example in document:
        with contextlib.suppress(unittest.SkipTest):
            example.evaluate()
    return document


LONG = {
    "checker.md", "conformance-kit.md", "plan-the-way.md", "test-your-procedure.md", "testing-procedures.md", "testing.md",
}  # fmt: skip
"""Pages that search long, or start processes; `dev.py check` runs all of them."""


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.slow] if path.name in LONG else []) for path in DOCUMENTS],
    ids=[path.relative_to(ROOT).as_posix() for path in DOCUMENTS],
)
def test_the_examples_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = run(path)
    if path.name == "README.md" and path.parent == ROOT:
        assert "stabflow" in document.namespace, "the README shows no first lines of Python that run"


def test_the_readme_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run(ROOT / "README.md")
    shown = (ROOT / "README.md").read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    assert capsys.readouterr().out == shown


def test_every_command_stands_in_the_readme() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in commands.commands if f"`stabflow {name}" not in page] == []


PRINTED = [path for path in DOCUMENTS if "```text" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.slow] if path.name in LONG else []) for path in PRINTED],
    ids=[path.relative_to(ROOT).as_posix() for path in PRINTED],
)
def test_what_a_page_shows_as_printed_is_printed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run(path)
    printed = capsys.readouterr().out
    fenced = [block.split("```")[0] for block in path.read_text(encoding="utf-8").split("```text\n")[1:]]
    assert [block for block in fenced if block not in printed] == []


def test_a_skeleton_looks_as_the_how_to_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "how-to" / "from-transitions.md"
    run(page)
    printed = capsys.readouterr().out
    fenced = [
        block.split("```")[0]
        for kind in ("toml", "text")
        for block in page.read_text("utf-8").split(f"```{kind}\n")[1:]
    ]
    assert len(fenced) == 4
    assert [block for block in fenced if block not in printed] == []


def test_every_row_of_the_five_steps_stands_on_its_page() -> None:
    procedure = stabflow.procedure("five-step")
    page = (ROOT / "docs" / "explanation" / "five-step.md").read_text(encoding="utf-8").splitlines()
    wanted = []
    for kind, cycle in procedure.lifecycles():
        for row in cycle.transitions:
            source = ", ".join(f"`{state}`" for state in row.source) or "–"
            dest = "–" if row.dest is None else f"`{row.dest}`"
            by = ", ".join(procedure.role_title(party).en for party in row.by) or "time: a duty was not done"
            cells = [f"`{row.trigger}`", source, dest, by]
            wanted.append("| " + " | ".join(cells if kind is None else [kind, *cells]) + " |")
    assert [line for line in wanted if line not in page] == []


def test_every_reserved_word_stands_on_the_page_of_the_language() -> None:
    page = (ROOT / "docs" / "reference" / "procedure-language.md").read_text(encoding="utf-8")
    said = page.split("are **reserved**: no field is named")[1].split(".")[0]
    assert set(re.findall("`([a-z_]+)`", said)) == RESERVED


def test_every_page_is_linked_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in DOCUMENTS[1:]]
    missing = [page for page in pages if page != "index" and not (f"]({page}.md)" in index and f"\n{page}\n" in index)]
    assert missing == []


def test_a_wrong_example_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('```python\nx = 1\n```\n\n<!-- skip: next "planted" -->\n```python\n1 / 0\n```\n', encoding="utf-8")
    assert run(page).namespace["x"] == 1
    page.write_text("```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        run(page)
