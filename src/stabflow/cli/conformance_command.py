"""The command for the author of a store or a notifier: `conformance`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import InvalidInput, near_miss
from .failures import ENVIRONMENT, INCOMPLETE, NO, YES
from .options import Session, common, json_option
from .stores import print_json

if TYPE_CHECKING:  # the kit is loaded when it is needed
    from ..testing import ConformanceReport, NotifierHarness, StoreHarness

LEVELS = ("sequential", "second-handle", "threads", "kill", "power", "machine")


@click.command()
@click.argument("harness", metavar="MODULE:HARNESS")
@common
@click.option(
    "--level",
    "levels",
    type=click.Choice(LEVELS),
    multiple=True,
    help="A level to run; may be given several times. By default all.",
)
@click.option("--only", metavar="NAME", multiple=True, help="A clause, such as C3 or N3, or a check to be made alone.")
@click.option("--seed", type=int, metavar="N", help="The seed of an earlier run, to repeat its chance.")
@click.option(
    "--effort",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    show_default=True,
    help="How many times as many rounds of races, kills and random histories or texts.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="The most that one check may take. By default 60.",
)
@json_option
@click.pass_obj
def conformance(
    session: Session,
    harness: str,
    levels: tuple[str, ...],
    only: tuple[str, ...],
    seed: int | None,
    effort: int,
    seconds: float | None,
    as_json: bool,
) -> int:
    """Check a store or a notifier against its contract: MODULE:HARNESS is a StoreHarness or a NotifierHarness.

    The exit status is 0 where everything that was asked for and is declared holds, 1 where a check failed, 2 where there is no
    such harness, 3 where too little could be checked, 4 where the harness does not work.

    0 is also the answer where a process of a store was killed and the power could not be cut, because the harness has no
    cut_power: the first line says so. Killing a process does not show whether a store syncs.
    """
    from ..testing import StoreHarness, check_notifier, check_store
    from .conformance_page import show_report

    tested = named(harness)
    kind = tested if isinstance(tested, type) else type(tested)
    check: Callable[..., ConformanceReport] = check_store if issubclass(kind, StoreHarness) else check_notifier
    try:
        report = check(
            tested,
            levels=[level.replace("-", " ") for level in levels] or None,
            only=only or None,
            seed=seed,
            effort=effort,
            seconds=seconds,
        )
    except ValueError as error:
        raise InvalidInput.at(
            "--only", str(error), "write a clause, such as C3 or N3, or the name of a check"
        ) from error
    if as_json:
        print_json({"status": status_of(report), **report.as_dict(session.language)})
    else:
        show_report(session.page(), report)
    return status_of(report)


def status_of(report: ConformanceReport) -> int:
    """The exit status that a report comes to."""
    if report.failures:
        return NO
    if report.broken is not None:
        return ENVIRONMENT
    return YES if report.complete else INCOMPLETE


def named(harness: str) -> type[StoreHarness | NotifierHarness] | StoreHarness | NotifierHarness:
    """The harness called so; modules are looked for in the current folder too, as by ``python -m``. `InvalidInput` when there is
    no such, or it is none."""
    from ..testing import NotifierHarness, StoreHarness

    kinds = (StoreHarness, NotifierHarness)
    module_name, _, name = harness.partition(":")
    if not module_name or not name:
        raise _wrong(f"{harness!r} is no MODULE:HARNESS", "write for example my_package.testing:MyHarness")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:
        missing = isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}.")
        if missing:
            raise _wrong(f"there is no module {module_name}", "install it, or go to its folder") from error
        said = f"{module_name} cannot be imported: {type(error).__name__}: {error}"
        raise _wrong(said, "mend the module; --debug shows where") from error
    found = getattr(module, name, None)

    def is_harness(value: object) -> bool:
        return isinstance(value, kinds) or (isinstance(value, type) and issubclass(value, kinds))

    if found is None:
        known = [one for one, value in vars(module).items() if is_harness(value)]
        raise _wrong(f"{module_name} has no {name!r}", near_miss(name, known))
    if not is_harness(found):
        cure = "derive it from StoreHarness or NotifierHarness of stabflow.testing"
        raise _wrong(f"{harness} is no StoreHarness and no NotifierHarness", cure)
    if inspect.isabstract(found):
        lacking = " and ".join(sorted(found.__abstractmethods__))
        raise _wrong(f"{harness} is not complete", f"it needs {lacking}")
    harness_found: type[StoreHarness | NotifierHarness] | StoreHarness | NotifierHarness = found
    return harness_found


def _wrong(problem: str, cure: str) -> InvalidInput:
    return InvalidInput.at("MODULE:HARNESS", problem, cure)
