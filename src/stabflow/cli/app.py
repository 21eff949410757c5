"""The program: its commands together, and `demo` and `run`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..dossier import Dossier, NotAsExpected
from ..dossier import run as run_dossier
from ..errors import InvalidInput
from ..text import Language
from . import run_page
from .calendar_commands import recalendar
from .case_commands import history, migrate_command, plan_command, show
from .conformance_command import conformance
from .copy_command import copy_command
from .doctor_command import doctor
from .duty_commands import duties
from .failures import BAD_INPUT, INTERRUPTED, YES, Plain, failure_json, report, tell, unfinished
from .matter_commands import gate, matter
from .new_commands import new
from .options import Session, audience_option, calendar_option, common, json_option, refusals_option, store_option
from .outbox_commands import deliver, outbox
from .page import drop
from .plugin_commands import plugins
from .procedure_commands import check_command, diff_command, procedures
from .stores import STORE, open_store, print_json, progress, where
from .tick_commands import tick

DEMO = "county-bridge.toml"
DEMO_STORE = "sqlite:///stabflow-demo.db"


def run(arguments: Sequence[str] | None = None) -> int:
    """Do what ``arguments`` say and return the exit status; every error ends here."""
    for stream in (sys.stdout, sys.stderr):
        _make_sayable(stream)
    if logging.lastResort is not None:  # which prints what nobody else takes
        logging.lastResort.setFormatter(Plain())
    session = Session(language=_surroundings_language(), debug=bool(os.environ.get("STABFLOW_DEBUG")))
    status = _run_commands(arguments, session)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop(sys.stdout)
    return status


def _run_commands(arguments: Sequence[str] | None, session: Session) -> int:
    try:
        status = commands.main(
            None if arguments is None else list(arguments), "stabflow", standalone_mode=False, obj=session
        )
        return status if isinstance(status, int) else YES
    except SystemExit:  # click's answer when the reader of its help leaves; nothing else here exits
        drop(sys.stdout)
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
        if session.as_json:
            print_json(failure_json(error, session.language, session.written))
        return report(error, session.language, debug=session.debug, written=session.written)


def _make_sayable(stream: Any) -> None:
    """Let a stream take every character, also where the surroundings know less than Unicode."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace", **({} if stream.isatty() else {"encoding": "utf-8"}))


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
@audience_option
@json_option
@click.pass_obj
def demo(session: Session, url: str, every_refusal: bool, as_json: bool) -> None:
    """Watch a county bridge go through the five steps to a decision.

    The dossier is rehearsed in memory, then written; run again, it changes nothing.
    """
    _run(session, _demo_dossier(), url, "CN", every_refusal=every_refusal, as_json=as_json)


@commands.command(name="run")
@click.argument("dossier", type=click.Path(path_type=Path), metavar="DOSSIER.toml")
@common
@calendar_option
@store_option(STORE)
@refusals_option
@audience_option
@json_option
@click.pass_obj
def run_command(session: Session, dossier: Path, calendar: str, url: str, every_refusal: bool, as_json: bool) -> None:
    """Rehearse a dossier in memory; if all comes out as it says, write it.

    What is there already is not written again.
    """
    _run(session, dossier, url, calendar, every_refusal=every_refusal, as_json=as_json)


def _demo_dossier() -> Path:
    packed = resources.files("stabflow").joinpath("dossiers", DEMO)
    if packed.is_file():
        return Path(str(packed))
    checkout = Path(__file__).resolve().parents[3] / "examples" / DEMO
    if checkout.is_file():
        return checkout
    raise InvalidInput.at(DEMO, "the dossier of the demonstration is missing", "install stabflow again")


def _run(session: Session, path: Path, url: str, calendar: str, *, every_refusal: bool, as_json: bool) -> None:
    dossier = Dossier.load(path)
    with open_store(url, [dossier.procedure], calendar=calendar, late_entry=None) as engine:
        try:
            with progress(session) as advance:
                done = run_dossier(dossier, engine, progress=advance)
        except NotAsExpected as error:
            raise error.shown_to(session.audience) from (None if session.audience == "public" else error.__cause__)
        session.written = None
        done = done.shown_to(session.audience)
        handle = engine.case(done.case_id)
        if as_json:
            print_json(run_page.run_json(done, handle.shown_to(session.audience), where(url), session.language))
        else:
            run_page.show_run(
                session.page(), done, handle, session.audience, where(url), url, every_refusal=every_refusal
            )


for one in (
    show,
    history,
    plan_command,
    migrate_command,
    duties,
    tick,
    deliver,
    outbox,
    recalendar,
    doctor,
    copy_command,
    matter,
    gate,
    procedures,
    check_command,
    diff_command,
    plugins,
    conformance,
    new,
):
    commands.add_command(one)

__all__ = ["commands", "run"]
