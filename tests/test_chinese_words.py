"""One Chinese word for one thing, as in the glossary: a case, the matter and an item are never called alike."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / "stabflow"

SETTLED = {
    r"(?<!重大)事项(?!要素)": "a case is 案件, the matter 重大事项, an item 事项要素",
    r"环节": "a step is 步骤, the gate 实施关口",
    r"结论": "an outcome is 决定结果",
    r"处错误": "a fault is 缺陷",
    r"[，。；：、][ ]*[，。；：、]": "one mark at a time",
}
"""What is said otherwise, and how."""


def chinese(path: Path) -> Iterator[str]:
    """Every text of a module that has Chinese in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search("[\u4e00-\u9fff]", node.value):
            yield node.value


@pytest.mark.parametrize("wrong", SETTLED)
def test_each_thing_has_its_word(wrong: str) -> None:
    found = [
        (path.relative_to(SOURCES).as_posix(), text)
        for path in sorted(SOURCES.rglob("*.py"))
        for text in chinese(path)
        if re.search(wrong, text)
    ]
    assert found == [], SETTLED[wrong]


def test_what_is_settled_finds_what_is_wrong() -> None:
    assert all(re.search(one, "事项；环节；结论；有1处错误；，") for one in SETTLED)
    assert not re.search(r"(?<!重大)事项(?!要素)", "重大事项的事项要素")


def test_the_words_stand_in_the_glossary() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for english, word in {
        "case": "案件",
        "matter": "重大事项",
        "item": "事项要素",
        "step": "步骤",
        "gate": "实施关口",
        "outcome": "决定结果",
        "row": "流转规则",
        "fault": "缺陷",
        "act": "办理",
    }.items():
        assert re.search(rf"^\| \*\*{english}\*\* \| {word}", page, re.MULTILINE), english
