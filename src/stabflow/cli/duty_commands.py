"""The command about what is owed: `duties`."""

from __future__ import annotations

import attrs
import click

from . import duty_page
from .options import Session, common, json_option, store_option
from .stores import STORE, print_json, reading
from .times import moment


@click.command()
@click.option("--role", metavar="NAME", help="Only what holders of this role owe.")
@click.option("--body", metavar="ID", help="Only what is owed by those who act for this body.")
@click.option("--actor", metavar="ID", help="Only what this office-holder owes.")
@click.option("--overdue", is_flag=True, help="Only what has fallen due.")
@click.option("--before", metavar="TIME", help="Only what falls due before this day or time, such as 2026-03-01.")
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
    url: str,
    as_json: bool,
) -> None:
    """Print who owes which act by when, in every case of the store; the first due first."""
    with reading(url) as engine:
        until = None if before is None else moment(before, "--before")
        rows = list(engine.duties(role=role, body=body, actor=actor, overdue=overdue, before=until))
        if as_json:
            print_json([attrs.asdict(row) for row in rows])
        else:
            duty_page.show_duties(session.page(), engine, rows)
