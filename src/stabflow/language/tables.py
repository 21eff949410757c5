"""TOML text into plain tables: bounded, in UTF-8, nested no deeper than what it describes can be."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path

from ..errors import Fault, FaultyInput, ProcedureError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40
"""Tables and lists in one another; requirements that stand as deep as they may need about twenty."""
MAX_KEY_PARTS = 32
MAX_DIGITS = 1_000

_PART = r"""(?:(?<![A-Za-z0-9_-])[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MAX_KEY_PARTS}}}")
"""tomllib takes minutes for a key of thousands of parts, and much memory."""

_LONG_NUMBER = re.compile(rf"[0-9](?:_?[0-9]){{{MAX_DIGITS},}}")


def read_file(path: str | Path, *, limit: int = MAX_BYTES, error: type[FaultyInput] = ProcedureError) -> bytes:
    """The bytes of the file at ``path``, one more than ``limit`` where it is larger. What is no regular file is not opened: it
    could keep us waiting for ever."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise ValueError("it is not a regular file")
        with Path(path).open("rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise error([Fault(str(path), f"cannot be read: {reason}", "check the path")], what=str(path)) from problem


def tables_of(
    text: str | bytes, *, what: str, limit: int = MAX_BYTES, error: type[FaultyInput] = ProcedureError
) -> dict[str, object]:
    """The tables in TOML ``text`` of at most ``limit`` bytes; ``error`` when it is malformed, huge or nested too deep."""

    def refused(problem: str, cure: str) -> FaultyInput:
        return error([Fault("(file)", problem, cure)], what=what)

    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > limit:
        raise refused(f"is larger than {limit // 1024} KB", "split it, or shorten its texts")
    try:
        decoded = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise refused(f"is not UTF-8 at byte {problem.start}", "save it as UTF-8") from problem
    if _LONG_KEY.search(decoded):
        raise refused(f"has a key of more than {MAX_KEY_PARTS} parts", "nothing is nested so deep")
    try:
        tables = tomllib.loads(decoded)
    except RecursionError as problem:
        raise refused("is nested too deep", "nothing needs more than a handful of tables in one another") from problem
    except tomllib.TOMLDecodeError as problem:
        raise refused(f"is not TOML: {problem}", "mend the place named") from problem
    except ValueError as problem:  # Python makes no number of so many digits
        line = decoded.count("\n", 0, found.start()) + 1 if (found := _LONG_NUMBER.search(decoded)) else "?"
        raise refused(
            f"is not TOML: a number of more than {MAX_DIGITS} digits (at line {line})",
            "no number that is counted is so large",
        ) from problem
    if depth_of(tables) > MAX_DEPTH:
        raise refused("is nested too deep", "nothing needs more than a handful of tables in one another")
    return tables


def depth_of(tables: object) -> int:
    """How deep lists and tables stand in one another."""
    depth, level = 0, [tables]
    while level:
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        depth += 1
    return depth
