"""The commands about matters: `matter`, `gate`."""

from __future__ import annotations

from itertools import islice

import click

from ..engine import Engine
from ..errors import MAX_COMPARED, InvalidInput, nearest
from ..history.record import Record
from ..values import Actor
from . import gate_page, matter_page
from .failures import NO, YES
from .options import Session, audience_option, common, json_option, store_option
from .stores import STORE, print_json, reading


@click.command()
@click.argument("key")
@common
@store_option(STORE)
@audience_option
@json_option
@click.pass_obj
def matter(session: Session, key: str, url: str, as_json: bool) -> int:
    """Print everything known of the matter with the key KEY: its cases under whatever procedure, who screened it out and why, who
    went ahead with it, and what stands out.

    The exit status is 0 where anything is known of it, 1 where nothing is.
    """
    with reading(url) as engine:
        found = engine.matter(key, audience=session.audience)
        if as_json:
            print_json(found.as_dict(session.language))
        else:
            near = None if found.known else nearest(key, _keys(engine))
            matter_page.show_matter(session.page(), found, near)
    return YES if found.known else NO


def _keys(engine: Engine) -> set[str]:
    """Keys of matters that have cases."""
    return {row.matter for row in islice(engine.cases(), MAX_COMPARED)}


@click.command()
@click.argument("matter")
@click.option(
    "--accept",
    multiple=True,
    required=True,
    metavar="NAME",
    help="A procedure by which it must have been assessed, such as five-step@1; may be given several times.",
)
@click.option("--attempt-by", "actor", metavar="ID", help="If it is not cleared, put on record that ID went ahead.")
@click.option("--body", metavar="ID", help="For which body ID acts.")
@click.option("--basis", metavar="TEXT", help="How it is known that they went ahead.")
@common
@store_option(STORE)
@audience_option
@json_option
@click.pass_obj
def gate(
    session: Session,
    matter: str,
    accept: tuple[str, ...],
    actor: str | None,
    body: str | None,
    basis: str | None,
    url: str,
    as_json: bool,
) -> int:
    """Tell whether the matter with the key MATTER may be implemented now, or everything against it.

    The exit status is 0 where it is cleared, 1 where it is not; whatever keeps the question from being answered has another one.
    """
    who = _attempting(actor, body, basis)
    with reading(url) as engine:
        asked = engine.gate(matter, accept=accept)
        answer = asked.ask(session.audience)
        record: Record | None = None
        if who is not None and not answer.cleared:
            record = asked.attempted(by=who[0], basis=who[1])
        attempts = asked.attempts(session.audience)
        if as_json:
            attempt = {} if record is None else {"attempt": attempts[record.version - 1].as_dict()}
            print_json(answer.as_dict(session.language) | attempt)
        else:
            gate_page.show_clearance(session.page(), answer, attempts)
    return YES if answer.cleared else NO


def _attempting(actor: str | None, body: str | None, basis: str | None) -> tuple[Actor, str] | None:
    """Who went ahead and how that is known, if that is to be put on record."""
    if actor is None and body is None and basis is None:
        return None
    if actor is None or body is None or basis is None:
        cure = "give --attempt-by, --body and --basis together, or none of them"
        raise InvalidInput.at("--attempt-by", "an attempt needs who, for which body, and how it is known", cure)
    return Actor(actor, body=body), basis
