"""The command line: run a dossier, read a case, its history, a procedure. For people, and with ``--json`` for programs."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ENVIRONMENT = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with ``arguments`` (those of the process by default) and return its exit status.

    0 yes, 1 the answer is no, 2 bad input, 4 the environment, 70 a bug, 130 interrupted; see `stabflow.cli.failures`.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # whoever started us has closed it: there is nobody to print for
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open until the end
    try:
        with _nothing_collected():
            from .app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"click", "rich"}:
            raise
        sys.stderr.write(
            f"stabflow: the command line needs {error.name}, which is not installed: pip install 'stabflow[cli]'\n"
            f"stabflow: 命令行需要{error.name}，尚未安装：pip install 'stabflow[cli]'\n"
        )
        return ENVIRONMENT
    return run(arguments)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Importing makes many objects and hardly any garbage: looking for it would take a quarter of that time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
