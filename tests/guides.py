"""Guides that are followed literally: each command, each edit, and what is printed."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import attrs

ROOT = Path(__file__).parent.parent
HOW_TO = ROOT / "docs" / "how-to"
FENCE = re.compile(r"^```(?P<kind>\S*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING, FAILS = "…", "# fails"


@attrs.frozen
class Block:
    """A fenced block of the guide: ``sh`` is run, ``diff`` is applied, ``output`` is what the commands before it print."""

    kind: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    return [Block(one["kind"], one["text"], page.count("\n", 0, one.start()) + 1) for one in FENCE.finditer(page)]


class Reader:
    """Somebody who follows the guide in a folder: what a shell remembers between two blocks is remembered here."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.state = folder.parent / "state"
        self.printed = ""

    def run(self, script: str) -> None:
        """The commands, one after the other. One that is said to fail ends with status 1, every other with 0."""
        lines = [
            f"{{ {line.removesuffix(FAILS)}; }} && exit 9 || [ $? -eq 1 ]" if line.endswith(FAILS) else line
            for line in script.splitlines()
        ]
        lines = ["set -e", *lines, f"pwd > '{self.state}.folder'", f"env -0 > '{self.state}.environment'"]
        done = subprocess.run(
            ["bash", "-c", "\n".join(lines)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=600,
        )
        what = "it did not fail" if done.returncode == 9 else f"it ended with status {done.returncode}"
        assert done.returncode == 0, f"{what}\n{script}\n{done.stdout}\n{done.stderr}"
        self.printed = done.stdout
        self.folder = Path(Path(f"{self.state}.folder").read_text("utf-8").removesuffix("\n"))
        kept = Path(f"{self.state}.environment").read_text("utf-8").split("\0")
        self.environment = dict(one.split("=", 1) for one in kept if one)

    def edit(self, change: str) -> None:
        """Put the new lines in the place of the old ones, which are found once in the file."""
        name, *lines = change.splitlines()
        path = self.folder / name.removeprefix("--- ")
        old, new = ("".join(line[1:] + "\n" for line in lines if line[:1] in {" ", mark}) for mark in "-+")
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{path.name} has these lines {text.count(old)} times:\n{old}"
        path.write_text(text.replace(old, new), "utf-8")

    def compare(self, shown: str) -> None:
        assert prints(self.printed, shown), f"the guide shows\n{shown}\nand this was printed:\n{self.printed}"


def prints(printed: str, shown: str) -> bool:
    """Whether it was printed as shown: a line ``…`` stands for any lines, ``…`` in a line for anything in it."""
    lines, wanted = printed.splitlines(), shown.splitlines()
    parts = [list(part) for gap, part in itertools.groupby(wanted, ANYTHING.__eq__) if not gap]
    opens, ends = wanted[0] == ANYTHING, wanted[-1] == ANYTHING
    at = 0
    for number, part in enumerate(parts):
        first = at if opens or number else 0
        last = len(lines) - len(part) if opens or number else 0
        if number == len(parts) - 1 and not ends:
            first = max(first, len(lines) - len(part))
        found = next((n for n in range(first, last + 1) if _alike(lines[n : n + len(part)], part)), None)
        if found is None:
            return False
        at = found + len(part)
    return ends or at == len(lines)


def _alike(lines: list[str], shown: list[str]) -> bool:
    """Whether as many lines as are shown are as they are shown."""
    return len(lines) == len(shown) and all(
        re.fullmatch(".*?".join(re.escape(part) for part in one.split(ANYTHING)) + " *", line)
        for line, one in zip(lines, shown, strict=True)
    )


def follow(page: str, reader: Reader) -> None:
    """Follow the whole page; what does not come out as it says is told with its line."""
    for block in blocks(page):
        try:
            {"sh": reader.run, "diff": reader.edit, "output": reader.compare}[block.kind](block.text)
        except AssertionError as error:
            raise AssertionError(f"line {block.line}: {error}") from None


def check_blocks(page: str) -> None:
    """Every block is one that can be followed."""
    found = blocks(page)
    assert {block.kind for block in found} == {"sh", "diff", "output"}
    assert page.count("```") == 2 * len(found)
    for before, block in itertools.pairwise(found):
        assert block.kind != "output" or before.kind == "sh", f"line {block.line}: whose output is it?"
    assert not re.search(r"/(work|tmp|home|opt|root)/", page), "a path of one machine"


def stranger(folder: Path, shelf: Path) -> Reader:
    """Somebody in an empty folder below ``folder``, who has nothing of this checkout but the wheel on the ``shelf``."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PYTEST"))
    }
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "COLUMNS", "HYPOTHESIS_PROFILE", "STABFLOW_STORE", "STABFLOW_CONFIG"):
        kept.pop(name, None)
    looked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.find-links"], capture_output=True, text=True, check=False
    ).stdout.split()
    programs = [str(Path(sys.base_prefix, "bin")), *kept["PATH"].split(os.pathsep)]
    programs = [one for one in programs if not Path(one).is_relative_to(sys.prefix) or sys.prefix == sys.base_prefix]
    (folder / "folder").mkdir()
    return Reader(
        folder / "folder",
        {
            **kept,
            "PATH": os.pathsep.join(programs),
            "PYTHONUTF8": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_FIND_LINKS": " ".join([str(shelf), *looked, kept.get("PIP_FIND_LINKS", "")]).strip(),
        },
    )


def build_wheel(folder: Path) -> Path:
    """The wheel of this checkout in ``folder``, where pip looks."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder
