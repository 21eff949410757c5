"""The commands: `demo`, `run`, `show`, `history`, `plan`, `procedures`, `check`, `diff`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import attrs
import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from .. import __version__
from .. import procedure as procedure_named
from ..dossier import Dossier
from ..dossier import run as run_dossier
from ..engine import CaseHandle, Engine, open_engine
from ..errors import MAX_COMPARED, InvalidInput, near_miss
from ..language import Procedure, bundled_names
from ..ports.store import CaseRow
from ..reasoning.check import check
from ..reasoning.diff import diff
from ..reasoning.planned import Prospect
from ..reasoning.report import Status
from ..text import Language, Text
from . import case_page, case_report, check_page, diff_page, plan_page, procedure_page, run_page
from .failures import BAD_INPUT, INCOMPLETE, INTERRUPTED, NO, YES, report, tell, unfinished
from .options import Session, common, json_option, refusals_option, store_option
from .page import ReaderGone, console

DEMO = "county-bridge.toml"
DEMO_STORE = "sqlite:///stabflow-demo.db"
STORE = "sqlite:///stabflow.db"


def run(arguments: Sequence[str] | None = None) -> int:
    """Do what ``arguments`` say and return the exit status; every error ends here."""
    for stream in (sys.stdout, sys.stderr):
        _make_sayable(stream)
    session = Session(language=_surroundings_language(), debug=bool(os.environ.get("STABFLOW_DEBUG")))
    try:
        try:
            status = commands.main(
                None if arguments is None else list(arguments), "stabflow", standalone_mode=False, obj=session
            )
            sys.stdout.flush()
            return status if isinstance(status, int) else YES
        except BrokenPipeError:
            raise ReaderGone from None
        except SystemExit:
            raise ReaderGone from None  # click's answer to a broken pipe; nothing else here exits
    except ReaderGone:
        _silence_stdout()
        return YES
    except (click.Abort, KeyboardInterrupt):
        if session.written is not None:
            tell(f"stabflow: {unfinished(session.written).get(session.language)}\n")
        return INTERRUPTED
    except click.ClickException as error:
        with suppress(OSError):  # nobody reads it
            error.show(sys.stderr)
        return BAD_INPUT
    except Exception as error:  # noqa: BLE001 - the outermost place: whatever it is, it gets its status
        return report(error, session.language, debug=session.debug, written=session.written)


def _make_sayable(stream: Any) -> None:
    """Let a stream take every character, also where the surroundings know less than Unicode."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace", **({} if stream.isatty() else {"encoding": "utf-8"}))


def _silence_stdout() -> None:
    """Keep Python from complaining at its end that nobody reads."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _surroundings_language() -> Language:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stabflow")
@common
def commands() -> None:
    """Decisions that must be assessed before they are made: investigate, analyze, plan, report, review - on record."""


# Running


@commands.command()
@common
@store_option(DEMO_STORE)
@refusals_option
@json_option
@click.pass_obj
def demo(session: Session, url: str, every_refusal: bool, as_json: bool) -> None:
    """Watch a county bridge go through the five steps to a decision.

    The dossier is rehearsed in memory, then written; run again, it changes nothing.
    """
    _run(session, _demo_dossier(), url, every_refusal=every_refusal, as_json=as_json)


@commands.command(name="run")
@click.argument("dossier", type=click.Path(path_type=Path), metavar="DOSSIER.toml")
@common
@store_option(STORE)
@refusals_option
@json_option
@click.pass_obj
def run_command(session: Session, dossier: Path, url: str, every_refusal: bool, as_json: bool) -> None:
    """Rehearse a dossier in memory; if all comes out as it says, write it.

    What is there already is not written again.
    """
    _run(session, dossier, url, every_refusal=every_refusal, as_json=as_json)


def _demo_dossier() -> Path:
    packed = resources.files("stabflow").joinpath("dossiers", DEMO)
    if packed.is_file():
        return Path(str(packed))
    checkout = Path(__file__).resolve().parents[3] / "examples" / DEMO
    if checkout.is_file():
        return checkout
    raise InvalidInput.at(DEMO, "the dossier of the demonstration is missing", "install stabflow again")


def _run(session: Session, path: Path, url: str, *, every_refusal: bool, as_json: bool) -> None:
    dossier = Dossier.load(path)
    with open_engine(url, procedures=[dossier.procedure], late_entry=None) as engine:
        with _progress(session) as advance:
            done = run_dossier(dossier, engine, progress=advance)
        session.written = None
        handle = engine.case(done.case_id)
        if as_json:
            _print_json(run_page.run_json(done, handle, _where(url), session.language))
        else:
            run_page.show_run(session.page(), done, handle, _where(url), url, every_refusal=every_refusal)


@contextmanager
def _progress(session: Session) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, from the first act that is written until all are; nothing elsewhere."""
    target = console(sys.stderr)
    label = Text("writing", "写入中").get(session.language)
    bar = Progress(
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        console=target,
        transient=True,
        disable=not target.is_terminal,
    )
    task = bar.add_task(label, total=None)

    def advance(written: int, whole: int) -> None:
        session.written = (written, whole)
        bar.update(task, completed=written, total=whole)
        bar.start()

    try:
        yield advance
    finally:
        bar.stop()


# Reading


@commands.command()
@click.argument("case", required=False)
@common
@store_option(STORE)
@json_option
@click.pass_obj
def show(session: Session, case: str | None, url: str, as_json: bool) -> None:
    """Print a case: its state, facts, items, roles, duties, and what is permitted next.

    Without CASE, list the cases of the store.
    """
    with _reading(url) as engine:
        if case is None:
            rows = list(engine.cases())
            if as_json:
                _print_json([attrs.asdict(row) for row in rows])
            else:
                case_page.show_cases(session.page(), _with_procedures(engine, rows))
            return
        found = case_report.CaseReport.of(engine, _known_case(engine, case))
        if as_json:
            _print_json(case_report.case_json(found, session.language))
        else:
            case_page.show_case(session.page(), found)


@commands.command(name="plan")
@click.argument("case")
@click.argument("goal")
@common
@store_option(STORE)
@json_option
@click.pass_obj
def plan_command(session: Session, case: str, goal: str, url: str, as_json: bool) -> int:
    """Print the shortest lawful way of a case to GOAL: a state, a step or an outcome of its procedure.

    The exit status is 0 where there is one, 1 where it is proved that there is none, 3 where that could not be decided.
    """
    with _reading(url) as engine:
        handle = _known_case(engine, case)
        found = handle.plan(goal)
        if as_json:
            _print_json(found.as_dict(session.language))
        else:
            plan_page.show_plan(session.page(), handle.procedure, handle.state, found)
    return {Prospect.NONE: NO, Prospect.OPEN: INCOMPLETE}.get(found.prospect, YES)


@commands.command()
@click.argument("case")
@common
@store_option(STORE)
@json_option
@click.pass_obj
def history(session: Session, case: str, url: str, as_json: bool) -> None:
    """Print every act of a case: time, act, who did it, role, body, basis."""
    with _reading(url) as engine:
        handle = _known_case(engine, case)
        records = handle.history()
        if as_json:
            _print_json({"case": handle.id, "records": [record.as_dict() for record in records]})
        else:
            case_page.show_history(session.page(), handle.procedure, records)


@commands.command()
@click.argument("name", required=False)
@common
@json_option
@click.pass_obj
def procedures(session: Session, name: str | None, as_json: bool) -> None:
    """List the procedures, or print the one called NAME (or in the file NAME.toml)."""
    if name is None:
        found = [procedure_named(one) for one in bundled_names()]
        if as_json:
            _print_json([procedure_page.procedure_json(one) for one in found])
        else:
            procedure_page.show_procedures(session.page(), found)
        return
    one = procedure_named(name)
    if as_json:
        _print_json(procedure_page.definition_json(one))
    else:
        procedure_page.show_procedure(session.page(), one)


@commands.command(name="diff")
@click.argument("old")
@click.argument("new")
@common
@json_option
@click.pass_obj
def diff_command(session: Session, old: str, new: str, as_json: bool) -> int:
    """Tell how the procedure NEW differs from OLD, each a name or a file ending in .toml.

    The exit status is 0 where both mean the same, 1 where they do not.
    """
    found = diff(procedure_named(old), procedure_named(new))
    if as_json:
        _print_json(found.as_dict(session.language))
    else:
        diff_page.show_difference(session.page(), found)
    return NO if found.meaning else YES


@commands.command(name="check")
@click.argument("procedure", metavar="NAME|FILE.toml")
@common
@json_option
@click.pass_obj
def check_command(session: Session, procedure: str, as_json: bool) -> int:
    """Tell what can be proved of a procedure before it runs, with the shortest counterexample for what cannot.

    The exit status is 0 where all is proved, 1 where something is flawed, 3 where the search could not decide.
    """
    found = check(procedure_named(procedure))
    if as_json:
        _print_json(found.as_dict(session.language))
    else:
        check_page.show_report(session.page(), found)
    return {Status.FLAWED: NO, Status.INCOMPLETE: INCOMPLETE}.get(found.status, YES)


@contextmanager
def _reading(url: str) -> Iterator[Engine]:
    """An engine over a store that must be there."""
    with open_engine(url) as engine:
        path = _file_of(url)
        if path is not None and not path.exists():
            raise InvalidInput.at("--store", f"{path} does not exist", "correct the URL, or run a dossier first")
        yield engine


def _with_procedures(engine: Engine, rows: Sequence[CaseRow]) -> list[tuple[CaseRow, Procedure]]:
    """Every row with the procedure that its case is under."""
    known: dict[str, Procedure] = {}
    for row in rows:
        if row.digest not in known:
            known[row.digest] = engine.case(row.case_id).procedure
    return [(row, known[row.digest]) for row in rows]


def _known_case(engine: Engine, case: str) -> CaseHandle:
    try:
        return engine.case(case)
    except InvalidInput:
        known = [row.case_id for row in islice(engine.cases(), MAX_COMPARED + 1)]
        problem = f"there is no case {case!r} in this store"
        raise InvalidInput.at("CASE", problem, near_miss(case, known)) from None


def _file_of(url: str) -> Path | None:
    """The file behind the URL of a SQLite store."""
    scheme, _, rest = url.partition(":///")
    return Path(unquote(rest.partition("?")[0])) if scheme.lower() == "sqlite" else None


def _where(url: str) -> str:
    path = _file_of(url)
    return url if path is None else str(path.resolve())


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


__all__ = ["commands", "run"]
