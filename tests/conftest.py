"""What every test shares: the command line in an empty folder, and the Hypothesis profiles.

HYPOTHESIS_PROFILE names one; without it CI has its own. At a desk examples are drawn anew each time, and what they find is
mended. CI draws the same ones for the same code, so that it fails for a change and not by chance.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Run
from distributions import Site
from hypothesis import HealthCheck, settings

SHORT = os.environ.get("STABFLOW_SHORT") == "1"

CI = bool(os.environ.get("CI"))

settings.register_profile("default", deadline=None, print_blob=True, max_examples=50)
settings.register_profile(
    "ci", settings.get_profile("default"), derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "slow",
    settings.get_profile("ci" if CI else "default"),
    max_examples=200 if SHORT else 2_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if CI else "default"))


def pytest_collection_finish() -> None:
    """Thousands of tests stay until the end: whoever looks for garbage need not look through them each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A path for distributions of the test's own, from which nothing stays imported."""
    made = Site(tmp_path, monkeypatch)
    yield made
    made.forget()


@pytest.fixture
def stab(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the command line in an empty folder: its status, its output, its errors."""
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "STABFLOW_STORE", "STABFLOW_CONFIG", "STABFLOW_DEBUG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    from stabflow.cli import main

    def run(*words: str | Path, columns: int = 80, **environment: str) -> tuple[int, str, str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COLUMNS", str(columns))
            for name, value in environment.items():
                patch.setenv(name, value)
            status = main([str(word) for word in words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run
