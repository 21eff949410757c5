"""The commands about cases: `show`, `history`, `plan`, `migrate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import click

from .. import procedure as procedure_named
from ..engine import Engine
from ..engine.migration import Migration
from ..errors import InvalidInput
from ..history.record import Record
from ..language import Procedure
from ..ports.store import CaseRow
from ..reasoning.planned import Prospect
from ..values import Actor
from . import case_page, case_report, migration_page, plan_page, plugin_page
from .failures import INCOMPLETE, NO, YES
from .options import Session, audience_option, calendar_option, common, json_option, store_option
from .stores import STORE, known_case, print_json, progress, reading


@click.command()
@click.argument("case", required=False)
@common
@store_option(STORE)
@audience_option
@json_option
@click.pass_obj
def show(session: Session, case: str | None, url: str, as_json: bool) -> None:
    """Print a case: its state, facts, items, roles, duties, and what is permitted next.

    Without CASE, list the cases of the store.
    """
    with reading(url) as engine:
        if case is None:
            rows = list(engine.cases())
            if as_json:
                print_json([attrs.asdict(row) for row in rows])
            else:
                case_page.show_cases(session.page(), _with_procedures(engine, rows))
            return
        found = case_report.CaseReport.of(engine, known_case(engine, case).shown_to(session.audience))
        if as_json:
            print_json(case_report.case_json(found, session.language))
        else:
            case_page.show_case(session.page(), found)


@click.command(name="plan")
@click.argument("case")
@click.argument("goal")
@common
@calendar_option
@store_option(STORE)
@audience_option
@json_option
@click.pass_obj
def plan_command(session: Session, case: str, goal: str, calendar: str, url: str, as_json: bool) -> int:
    """Print the shortest lawful way of a case to GOAL: a state, a step or an outcome of its procedure.

    The exit status is 0 where there is one, 1 where it is proved that there is none, 3 where that could not be decided.
    """
    with reading(url, calendar=calendar) as engine:
        shown = known_case(engine, case).shown_to(session.audience)
        found = shown.plan(goal)
        if as_json:
            print_json(found.as_dict(session.language))
        else:
            plan_page.show_plan(session.page(), shown.procedure, shown.state, found)
    return {Prospect.NONE: NO, Prospect.OPEN: INCOMPLETE}.get(found.prospect, YES)


@click.command()
@click.argument("case", required=False)
@click.option("--plugins", is_flag=True, help="Print which plugins failed instead, in all cases or in CASE.")
@common
@store_option(STORE)
@audience_option
@json_option
@click.pass_obj
def history(session: Session, case: str | None, plugins: bool, url: str, as_json: bool) -> None:
    """Print every act of a case: time, act, who did it, role, body, basis."""
    if case is None and not plugins:
        raise click.UsageError("Missing argument 'CASE'.")
    with reading(url) as engine:
        if plugins or case is None:
            failures = _failures(engine, None if case is None else known_case(engine, case).id)
            if as_json:
                print_json({"failures": [record.as_dict() for record in failures]})
            else:
                plugin_page.show_failures(session.page(), failures)
            return
        shown = known_case(engine, case).shown_to(session.audience)
        records = shown.history()
        if as_json:
            print_json({"case": shown.id, "records": [record.as_dict() for record in records]})
        else:
            case_page.show_history(session.page(), shown.procedures(), records)


def _failures(engine: Engine, case_id: str | None) -> list[Record]:
    """The failures of plugins that are on record, or those of one case."""
    found = engine.plugin_failures()
    return [one for one in found if case_id in (None, getattr(one.event, "case_id", None))]


@click.command(name="migrate")
@click.argument("to", metavar="NAME|FILE.toml")
@click.argument("cases", nargs=-1, metavar="[CASE]...")
@click.option("--by", "actor", metavar="ID", required=True, help="Who does it: somebody who may open cases.")
@click.option("--body", metavar="ID", required=True, help="For which body.")
@click.option("--basis", metavar="TEXT", required=True, help="On what basis.")
@click.option("--role", metavar="NAME", help="In which of their roles.")
@click.option(
    "--map", "renamed", metavar="PATH=NAME", multiple=True, help="What is called otherwise, such as states.a=b."
)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@common
@store_option(STORE)
@json_option
@click.pass_obj
def migrate_command(
    session: Session,
    to: str,
    cases: tuple[str, ...],
    actor: str,
    body: str,
    basis: str,
    role: str | None,
    renamed: tuple[str, ...],
    dry_run: bool,
    url: str,
    as_json: bool,
) -> int:
    """Let running cases go on under another version of their procedure: those named, or all that are not over.

    Each is one recorded act; nothing that was done is rewritten. What cannot move says why, and the others go on; begun again, it
    goes on with those that are left. The exit status is 0 where all moved (or could), 1 where some could not.
    """
    procedure = procedure_named(to)
    who: dict[str, Any] = {"by": Actor(actor, body=body), "basis": basis, "role": role, "mapping": _mapping(renamed)}
    with reading(url, procedures=[procedure]) as engine:
        known = [known_case(engine, case) for case in cases]
        there = sum(1 for _ in engine.cases(procedure=procedure.id))
        whole = len(known) or there
        found: list[Migration] = []
        with progress(session) as advance:
            for one in engine.migrate_all(procedure, cases=known or None, dry_run=dry_run, **who):
                found.append(one)
                advance(len(found), whole)
        session.written = None
    if as_json:
        print_json([one.as_dict(session.language) for one in found])
    else:
        migration_page.show_migrations(session.page(), procedure, found, there, dry_run=dry_run)
    return YES if all(one.possible for one in found) else NO


def _mapping(pairs: Sequence[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise InvalidInput.at("--map", f"{pair!r:.60} is no PATH=NAME", "write it like states.planning=measures")
    return {pair.partition("=")[0]: pair.partition("=")[2] for pair in pairs}


def _with_procedures(engine: Engine, rows: Sequence[CaseRow]) -> list[tuple[CaseRow, Procedure]]:
    """Every row with the procedure that its case is under."""
    known: dict[str, Procedure] = {}
    for row in rows:
        if row.digest not in known:
            known[row.digest] = engine.case(row.case_id).procedure
    return [(row, known[row.digest]) for row in rows]
