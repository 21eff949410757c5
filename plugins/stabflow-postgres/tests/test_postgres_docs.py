"""The examples that need a server run as they stand, each document from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from stabflow_postgres.testing import execute

PLUGIN = Path(__file__).parent.parent
DOCUMENTS = [PLUGIN / "README.md", PLUGIN.parent.parent / "docs" / "how-to" / "use-postgresql.md"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_examples_run(path: Path, url: str, role: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        text, changed = re.subn(r'"postgresql://[^"]*"', repr(url), block)
        assert changed
        exec(text.replace('application="app"', f'application="{role}"'), names)  # noqa: S102 - our own documents
    names["engine"].close()  # type: ignore[attr-defined]
    if "setup" in names:
        execute(url, f"SET ROLE {role}; SELECT count(*) FROM {{s}}.records")
