"""What is published works: the wheel, built from the source distribution and installed away from the checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / "stabflow"

pytestmark = pytest.mark.packaging


PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "-q"]


def run(*command: str | Path, cwd: Path) -> str:
    """The output of a command that must succeed, run without what the environment says about Python."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    env["PYTHONUTF8"] = "1"
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that comes out of the source distribution."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, sdist, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the programs of a fresh virtual environment that has the wheel and its extra `cli`, no more."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, symlinks=os.name != "nt")
    folder = Path(sysconfig.get_path("scripts", scheme="venv", vars={"base": str(home), "platbase": str(home)}))
    run(*PIP, "--python", folder / "python", "install", f"{wheel}[cli]", cwd=home)
    return folder


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    files = (path.relative_to(SOURCES.parent) for path in SOURCES.rglob("*") if path.is_file())
    expected = {path.as_posix() for path in files if "__pycache__" not in path.parts}
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == expected | {"stabflow/dossiers/county-bridge.toml"}
    assert {"stabflow/py.typed", "stabflow/procedures/digests.lock"} <= packed
    assert any(re.fullmatch(r"stabflow/procedures/five-step/[^/]+\.toml", name) for name in packed)


def test_the_version_is_said_once(wheel: Path, scripts: Path, tmp_path: Path) -> None:
    said = run(scripts / "python", "-c", "import stabflow; print(stabflow.__version__)", cwd=tmp_path).strip()
    assert wheel.name.split("-")[1] == said


def test_the_core_is_typed_and_imported_from_the_wheel(scripts: Path, tmp_path: Path) -> None:
    program = "import stabflow; print(stabflow.__file__); [getattr(stabflow, name) for name in stabflow.__all__]"
    where = Path(run(scripts / "python", "-c", program, cwd=tmp_path).strip())
    assert ROOT not in where.parents
    assert where.with_name("py.typed").is_file()


def test_the_first_lines_of_python_work(scripts: Path, tmp_path: Path) -> None:
    program = "import stabflow\nwith stabflow.open('sqlite:///smoke.db') as engine:\n    print(type(engine).__name__)\n"
    assert run(scripts / "python", "-c", program, cwd=tmp_path) == "Engine\n"


def test_the_command_lists_the_bundled_procedures(scripts: Path, tmp_path: Path) -> None:
    assert "five-step" in json.dumps(json.loads(run(scripts / "stabflow", "procedures", "--json", cwd=tmp_path)))


def test_the_demonstration_runs_and_runs_again(scripts: Path, tmp_path: Path) -> None:
    assert run(scripts / "stabflow", "demo", cwd=tmp_path)
    assert run(scripts / "stabflow", "demo", cwd=tmp_path)


def test_pytest_finds_the_plugin_of_the_wheel(scripts: Path, tmp_path: Path) -> None:
    program = (
        "from importlib.metadata import entry_points; print([one.value for one in entry_points(group='pytest11')])"
    )
    assert run(scripts / "python", "-c", program, cwd=tmp_path) == "['stabflow.pytest_plugin']\n"
