"""No official named in the source documents appears anywhere in the project, nor in what it installs.

The names themselves stand nowhere, this file included: only salted hashes of them and of their parts, in both scripts. Every
window of so many characters of every text is hashed and looked for.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SALT = b"stabflow: roles, never names"
LENGTHS = (2, 3)
NAMES = frozenset(
    [
        "02faecdd3ae212cc",
        "0c3a71e258985608",
        "0e04a943cb1f0f91",
        "0f993c326fb1b47b",
        "26df6f240112e582",
        "483ed53b9f8ae8e8",
        "4be27c85d7ea9527",
        "e21bfd841e9b8cb3",
        "e3d8678ed3e6957b",
        "e3ebabdbc7e86ccd",
    ]
)
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]{2,}")
_BETWEEN = re.compile("(?<=[\u3400-\u9fff])[\\s\u3000\u200b·]+(?=[\u3400-\u9fff])")


def hashed(window: str) -> str:
    return hashlib.sha256(SALT + window.encode()).hexdigest()[:16]


def windows(text: str) -> Iterator[str]:
    """Every run of so many Chinese characters; blanks between them hide nothing."""
    for one in _HAN.findall(_BETWEEN.sub("", text)):
        for length in LENGTHS:
            yield from (one[start : start + length] for start in range(len(one) - length + 1))


def named(text: str) -> set[str]:
    """The hashes of the names in ``text``."""
    return NAMES & {hashed(window) for window in set(windows(text))}


def texts() -> list[Path]:
    """The files of the project: those that git tracks, or would."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:  # an unpacked source distribution
        found = [path for top in ("src", "tests", "docs", "examples", "plugins") for path in (ROOT / top).rglob("*")]
    return [path for path in found if path.is_file()]


def test_no_official_of_the_documents_is_named_anywhere() -> None:
    files = texts()
    assert len(files) > 300, "there are the files to look at"
    seen: set[str] = set()
    for path in files:
        seen |= set(windows(path.name + "\n" + path.read_bytes().decode("utf-8", errors="ignore")))
    assert {hashed(window) for window in seen}.isdisjoint(NAMES)


def test_nor_in_the_history_of_the_project() -> None:
    asked = ["git", "log", "--format=%an %cn %B"]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, check=False)
    if said.returncode:
        pytest.skip("an unpacked source distribution has no history")
    assert named(said.stdout.decode("utf-8", errors="ignore")) == set()


def test_a_name_is_found_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "NAMES", frozenset({hashed("甲乙丙"), hashed("丁戊")}))
    assert named("由甲乙丙同志任组长") == {hashed("甲乙丙")}
    assert named("甲 乙\n丙") == {hashed("甲乙丙")}
    assert named("title = '丁戊'") == {hashed("丁戊")}
    assert named("甲乙，丙丁。戊己") == set()
