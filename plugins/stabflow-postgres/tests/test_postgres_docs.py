"""The examples that need a server run as they stand, each document from top to bottom."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from stabflow_postgres import servers
from stabflow_postgres.testing import VARIABLE, PostgresHarness, embedded_server, execute, plain

PLUGIN = Path(__file__).parent.parent
HOW_TO = PLUGIN.parent.parent / "docs" / "how-to"
DOCUMENTS = [PLUGIN / "README.md", HOW_TO / "use-postgresql.md", HOW_TO / "join-a-transaction.md"]


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Who starts a server of its own has a schema of ours instead; that a server is started and removed is tested elsewhere."""
    harness = PostgresHarness()
    url = harness.provision()
    server = contextlib.nullcontext(SimpleNamespace(url=lambda: url))
    monkeypatch.setattr(servers, "EmbeddedServer", lambda: server)
    yield
    harness.destroy(url)


def blocks(path: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("another")
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_examples_run(path: Path, url: str, role: str) -> None:
    assert blocks(path)
    names: dict[str, object] = {}
    given = {
        "stabflow.open(": url,
        "psycopg.connect(": plain(url),
        "create_engine(": plain(url).replace("postgresql:", "postgresql+psycopg:"),
        "setup(": url,
    }
    for block in blocks(path):
        text = re.sub(r'([\w.]+\()"postgresql[^"]*"', lambda found: found[1] + repr(given[found[1]]), block)
        assert "db.example" not in text
        exec(text.replace('application="app"', f'application="{role}"'), names)  # noqa: S102 - our own documents
    names["engine"].close()  # type: ignore[attr-defined]
    if "setup" in names:
        execute(url, f"SET ROLE {role}; SELECT count(*) FROM {{s}}.records")


@pytest.mark.slow
def test_the_test_of_the_page_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [one for one in blocks(HOW_TO / "use-postgresql.md") if "@pytest.fixture" in one]
    (tmp_path / "test_page.py").write_text(block, encoding="utf-8")
    monkeypatch.setenv(VARIABLE, embedded_server().url())
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_page.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr
