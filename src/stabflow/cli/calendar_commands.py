"""The command about the calendar: `recalendar`."""

from __future__ import annotations

import click

from ..engine.engine import HOST
from ..errors import InvalidInput
from ..values import Actor
from .calendar_page import show_recalendaring
from .options import Session, calendar_option, common, json_option, store_option
from .stores import STORE, print_json, reading


@click.command()
@click.option("--basis", metavar="TEXT", required=True, help="On what basis, such as the notice of holidays.")
@click.option("--by", "actor", metavar="ID", help="Who does it, for which the host vouches. By default its operator.")
@click.option("--body", metavar="ID", help="For which body.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@common
@calendar_option
@store_option(STORE)
@json_option
@click.pass_obj
def recalendar(
    session: Session,
    basis: str,
    actor: str | None,
    body: str | None,
    dry_run: bool,
    calendar: str,
    url: str,
    as_json: bool,
) -> None:
    """Count anew by the calendar what is owed in working days and was counted by another one, or is estimated.

    Each case is one recorded act. What is overdue stays as it is, and nothing moves to a time that is over. Begun again, it
    goes on with what is left.
    """
    by = _who(actor, body)
    with reading(url, calendar=calendar) as engine:
        found = list(engine.recalendar(basis=basis, by=by, dry_run=dry_run))
        if as_json:
            print_json([one.as_dict(session.language) for one in found])
        else:
            show_recalendaring(session.page(), engine, calendar, found, dry_run=dry_run)


def _who(actor: str | None, body: str | None) -> Actor:
    if (actor is None) is not (body is None):
        raise InvalidInput.at("--by", "an authority needs who, and for which body", "give --by and --body, or neither")
    return HOST if actor is None or body is None else Actor(actor, body=body)
