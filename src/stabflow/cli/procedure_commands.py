"""The commands about procedures: `procedures`, `check`, `diff`."""

from __future__ import annotations

import click

from .. import procedure as procedure_named
from ..errors import InvalidInput
from ..language import bundled_names
from ..reasoning.check import check
from ..reasoning.diff import diff
from ..reasoning.report import Status
from ..reports.procedure_document import procedure_document
from . import check_page, diff_page, procedure_page
from .failures import INCOMPLETE, NO, YES
from .options import Session, common, json_option
from .stores import print_json


@click.command()
@click.argument("name", required=False)
@click.option("--markdown", is_flag=True, help="Print NAME as a document in Markdown, clause by clause.")
@common
@json_option
@click.pass_obj
def procedures(session: Session, name: str | None, markdown: bool, as_json: bool) -> None:
    """List the procedures, or print the one called NAME (or in the file NAME.toml)."""
    if markdown and (name is None or as_json):
        raise InvalidInput.at("--markdown", "is a form for one procedure", "give its NAME, and leave --json out")
    if name is None:
        found = [procedure_named(one) for one in bundled_names()]
        if as_json:
            print_json([procedure_page.procedure_json(one) for one in found])
        else:
            procedure_page.show_procedures(session.page(), found)
        return
    one = procedure_named(name)
    if as_json:
        print_json(procedure_page.definition_json(one))
    elif markdown:
        click.echo(procedure_document(one, session.language), nl=False)
    else:
        procedure_page.show_procedure(session.page(), one)


@click.command(name="diff")
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
        print_json(found.as_dict(session.language))
    else:
        diff_page.show_difference(session.page(), found)
    return NO if found.meaning else YES


@click.command(name="check")
@click.argument("procedure", metavar="NAME|FILE.toml")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Give up after so many seconds.")
@common
@json_option
@click.pass_obj
def check_command(session: Session, procedure: str, seconds: float | None, as_json: bool) -> int:
    """Tell what can be proved of a procedure before it runs, with the shortest counterexample for what cannot.

    The exit status is 0 where all is proved, 1 where something is flawed, 3 where the search could not decide.
    """
    found = check(procedure_named(procedure), seconds=seconds)
    if as_json:
        print_json(found.as_dict(session.language))
    else:
        check_page.show_report(session.page(), found)
    return {Status.FLAWED: NO, Status.INCOMPLETE: INCOMPLETE}.get(found.status, YES)
