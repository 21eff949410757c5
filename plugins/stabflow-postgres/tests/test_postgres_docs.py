"""The examples that need a server run as they stand, each document from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from stabflow_postgres.testing import execute, plain

PLUGIN = Path(__file__).parent.parent
HOW_TO = PLUGIN.parent.parent / "docs" / "how-to"
DOCUMENTS = [PLUGIN / "README.md", HOW_TO / "use-postgresql.md", HOW_TO / "join-a-transaction.md"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_examples_run(path: Path, url: str, role: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    given = {
        "stabflow.open(": url,
        "psycopg.connect(": plain(url),
        "create_engine(": plain(url).replace("postgresql:", "postgresql+psycopg:"),
        "setup(": url,
    }
    for block in blocks:
        text = re.sub(r'([\w.]+\()"postgresql[^"]*"', lambda found: found[1] + repr(given[found[1]]), block)
        assert "db.example" not in text
        exec(text.replace('application="app"', f'application="{role}"'), names)  # noqa: S102 - our own documents
    names["engine"].close()  # type: ignore[attr-defined]
    if "setup" in names:
        execute(url, f"SET ROLE {role}; SELECT count(*) FROM {{s}}.records")
