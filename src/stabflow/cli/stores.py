"""What the commands share that read or write a store: opening it, finding a case in it, telling how far writing has come."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import timedelta
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

import attrs
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ..engine import CaseHandle, Engine, open_engine
from ..engine.opening import LATE_ENTRY
from ..errors import MAX_COMPARED, InvalidInput, near_miss
from ..language import Procedure
from ..plugins.discretion import public
from ..text import Text
from ..values import visible
from .config import configuration
from .options import Session
from .page import console, drop

STORE = "sqlite:///stabflow.db"
WRITING = Text("writing", "写入中")


def open_store(
    url: str,
    procedures: Sequence[Procedure] = (),
    *,
    calendar: str = "CN",
    late_entry: timedelta | None = LATE_ENTRY,
    directory: Path | None = None,
) -> Engine:
    """An engine over a store, with the plugins that `stabflow.toml` lists."""
    config = configuration()
    try:
        with redirect_stdout(sys.stderr):  # where a plugin that prints does no harm to JSON
            return open_engine(
                url,
                plugins=config.plugins,
                procedures=procedures,
                calendar=calendar,
                late_entry=late_entry,
                directory=directory,
            )
    except InvalidInput as error:
        faults = [
            attrs.evolve(one, path=f"{config.path}: {one.path}") if one.path.startswith("plugins[") else one
            for one in error.faults
        ]
        raise InvalidInput(faults, what=error.what) from error.__cause__


@contextmanager
def reading(
    url: str,
    procedures: Sequence[Procedure] = (),
    *,
    calendar: str = "CN",
    named: str = "--store",
    directory: Path | None = None,
) -> Iterator[Engine]:
    """An engine over a store that must be there; ``named`` so on the command line."""
    with open_store(url, procedures, calendar=calendar, directory=directory) as engine:
        path = file_of(url)
        if path is not None and not path.exists():
            raise InvalidInput.at(named, f"{path} does not exist", "correct the URL, or run a dossier first")
        yield engine


def known_case(engine: Engine, case: str) -> CaseHandle:
    """The case called so, or `InvalidInput` with the nearest that there is."""
    try:
        return engine.case(case)
    except InvalidInput:
        known = [row.case_id for row in islice(engine.cases(), MAX_COMPARED + 1)]
        problem = f"there is no case {case!r} in this store"
        raise InvalidInput.at("CASE", problem, near_miss(case, known)) from None


def file_of(url: str) -> Path | None:
    """The file behind the URL of a SQLite store."""
    scheme, _, rest = url.partition(":///")
    return Path(unquote(rest.partition("?")[0])) if scheme.lower() == "sqlite" else None


def where(url: str) -> str:
    """Where a store is, as people look for it."""
    path = file_of(url)
    return public(url) if path is None else str(path.resolve())


def print_json(value: object) -> None:
    """Print for programs."""
    try:
        text = json.dumps(value, ensure_ascii=False, indent=2)
        sys.stdout.write(visible(text, lambda one: json.dumps(one)[1:-1]) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        drop(sys.stdout)


@contextmanager
def progress(session: Session) -> Iterator[Callable[..., None]]:
    """A bar on a terminal, from the first that is done, such as an act that is written, until all is; nothing elsewhere."""
    target = console(sys.stderr)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=target,
        transient=True,
        disable=not target.is_terminal,
    )
    task = bar.add_task("", total=None)

    def advance(done: int, whole: int, doing: Text = WRITING) -> None:
        session.written = (done, whole) if doing is WRITING else session.written
        bar.update(task, completed=done, total=whole, description=doing.get(session.language))
        bar.start()

    try:
        yield advance
    finally:
        bar.stop()
