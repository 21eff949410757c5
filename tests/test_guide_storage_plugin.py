"""docs/how-to/write-a-storage-plugin.md, followed literally; and that a guide which leads astray is noticed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from guides import HOW_TO, Reader, build_wheel, check_blocks, follow, prints, stranger

GUIDE = HOW_TO / "write-a-storage-plugin.md"


@pytest.mark.parametrize(
    ("shown", "right"),
    [
        ("a\nb\nc\nd\n", True),
        ("a\nb\nc\n", False),
        ("b\nc\nd\n", False),
        ("…\nb\n…\n", True),
        ("…\nd\n", True),
        ("…\nc\n", False),
        ("a\n…\n", True),
        ("b\n…\n", False),
        ("a\n…\nd\n", True),
        ("a\n…\nc\nd\n", True),
        ("a\n…\nb\nd\n", False),
        ("a\n…\nd\n…\nd\n", False),
        ("…\ne…\n", False),
        ("a\nb…\n…\n…d\n", True),
    ],
)
def test_what_is_shown_and_what_is_printed(shown: str, right: bool) -> None:
    assert prints("a\nb\nc\nd\n", shown) is right


def test_every_block_is_one_that_can_be_followed() -> None:
    check_blocks(GUIDE.read_text("utf-8"))


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ("```sh\nfalse\n```\n", "false"),
        ("```sh\ntrue  # fails\n```\n", "it did not fail"),
        ("```sh\nno-such-command  # fails\n```\n", "it ended with status 1"),
        ("```sh\necho one\n```\n\n```output\ntwo\n```\n", "the guide shows\n *two"),
        ("```sh\necho one; echo two\n```\n\n```output\none\n```\n", "and this was printed"),
        ("```sh\necho a > f\n```\n\n```diff\n--- f\n-b\n+c\n```\n", "has these lines 0 times"),
        ("```sh\necho a > f; echo a >> f\n```\n\n```diff\n--- f\n-a\n+c\n```\n", "has these lines 2 times"),
    ],
)
def test_a_guide_that_leads_astray_is_noticed(page: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(AssertionError, match=why):
        follow(page, Reader(tmp_path / "folder", dict(os.environ)))


def test_what_is_followed_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    reader = Reader(tmp_path / "folder", dict(os.environ))
    page = """
```sh
mkdir deeper
cd deeper
export SAID='one
two'
printf 'a\\nb\\n' > file
false  # fails
```

```diff
--- file
 a
-b
+c
```

```sh
echo "$SAID"
cat file
```

```output
one
…
a
c
```
"""
    follow(page, reader)
    assert (tmp_path / "folder/deeper/file").read_text("utf-8") == "a\nc\n"


@pytest.mark.packaging
def test_the_guide_leads_to_a_store_that_passes(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    follow(GUIDE.read_text("utf-8"), stranger(tmp_path, build_wheel(tmp_path_factory.mktemp("shelf"))))
