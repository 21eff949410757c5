"""The command about what is owed: `duties`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import attrs
import click

from ..errors import InvalidInput
from ..reports import duty_calendar
from . import duty_page
from .options import Session, common, json_option, store_option
from .page import drop
from .stores import STORE, print_json, reading
from .times import moment


@click.command()
@click.option("--role", metavar="NAME", help="Only what holders of this role owe.")
@click.option("--body", metavar="ID", help="Only what is owed by those who act for this body.")
@click.option("--actor", metavar="ID", help="Only what this office-holder owes.")
@click.option("--overdue", is_flag=True, help="Only what has fallen due.")
@click.option("--before", metavar="TIME", help="Only what falls due before this day or time, such as 2026-03-01.")
@click.option(
    "--ics",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE|-",
    help="Write a calendar.",
)
@common
@store_option(STORE)
@json_option
@click.pass_obj
def duties(
    session: Session,
    role: str | None,
    body: str | None,
    actor: str | None,
    overdue: bool,
    before: str | None,
    ics: Path | None,
    url: str,
    as_json: bool,
) -> None:
    """Print who owes which act by when, in every case of the store; the first due first.

    With --ics it is written as a calendar, which other programs show: one entry for each duty.
    """
    if ics is not None and as_json:
        raise click.UsageError("--ics and --json are two forms of the same; give one of them")
    with reading(url) as engine:
        until = None if before is None else moment(before, "--before")
        rows = list(engine.duties(role=role, body=body, actor=actor, overdue=overdue, before=until))
        if ics is not None:
            _write(ics, duty_calendar(engine, rows, now=datetime.now(UTC), language=session.language))
        elif as_json:
            print_json([attrs.asdict(row) for row in rows])
        else:
            duty_page.show_duties(session.page(), engine, rows)


def _write(path: Path, calendar: bytes) -> None:
    """Write the calendar, at once, so that whoever reads the file meanwhile has the old one or the new one."""
    if str(path) == "-":
        try:
            sys.stdout.buffer.write(calendar)
        except BrokenPipeError:
            drop(sys.stdout)
        return
    if not path.parent.is_dir():
        raise InvalidInput.at("--ics", f"there is no folder {path.parent}", "make it first, or name another file")
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_bytes(calendar)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
