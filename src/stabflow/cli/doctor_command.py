"""The command for whoever runs it all: `doctor`."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import click

from .. import __version__
from ..engine.doctor import HEALTH_TITLES, Diagnosis, Health, environment, title_of, unusable
from ..errors import PluginError, StoreError
from ..text import Text, say
from .config import mending
from .failures import ENVIRONMENT, NO, YES
from .options import Session, calendar_option, common, json_option, store_option
from .page import Page
from .stores import STORE, file_of, open_store, print_json, where

_STYLES = {Health.FINE: "green", Health.ATTEND: "yellow", Health.FAILED: "bold red"}
_MARKS = {Health.FINE: "✓  ", Health.ATTEND: "!  ", Health.FAILED: "✗  "}


@click.command()
@common
@calendar_option
@store_option(STORE)
@json_option
@click.pass_obj
def doctor(session: Session, calendar: str, url: str, as_json: bool) -> int:
    """Look at the surroundings, a store and a calendar, and say what needs attention.

    The exit status is 0 where all is fine, 1 where something is to be attended to, 4 where something does not work.
    """
    found = [*environment(__version__), *_looked_at(url, calendar)]
    status = max((_status(one.health) for one in found), default=YES)
    if as_json:
        print_json({"status": status, "checks": [one.as_dict(session.language) for one in found]})
    else:
        show_diagnoses(session.page(), where(url), found)
    return status


def _looked_at(url: str, calendar: str) -> list[Diagnosis]:
    try:
        with open_store(url, calendar=calendar) as engine:
            path = file_of(url)
            if path is not None and not path.exists():
                return [_not_there(str(path)), *(one for one in engine.diagnose() if one.check != "store")]
            return [*engine.diagnose()]
    except PluginError as error:
        found = unusable("calendar" if error.plugin == "holidays" else "plugins", error)
        return [attrs.evolve(found, cure=mending(error.plugin))]
    except (StoreError, OSError) as error:
        return [unusable("store", error)]


def _not_there(path: str) -> Diagnosis:
    return Diagnosis(
        check="store",
        health=Health.ATTEND,
        text=say("{path} does not exist yet", "{path}尚不存在", path=path),
        cure=Text("correct the URL, or run a dossier first", "请更正URL，或先运行一份案卷"),
        facts={"file": path},
    )


def _status(health: Health) -> int:
    return {Health.FINE: YES, Health.ATTEND: NO, Health.FAILED: ENVIRONMENT}[health]


def show_diagnoses(page: Page, name: str, found: Sequence[Diagnosis]) -> None:
    """Print what was found, and below it what to do about it."""
    page.title(name)
    worst = max((one.health for one in found), key=_status, default=Health.FINE)
    page.paragraph(HEALTH_TITLES[worst], style=_STYLES[worst])
    page.gap()
    for one in found:
        said = say("{title}: {text}", "{title}：{text}", title=one.title or title_of(one.check), text=one.text)
        page.paragraph(said, indent=2, mark=_MARKS[one.health], mark_style=_STYLES[one.health])
        if one.cure is not None:
            page.paragraph(one.cure, indent=5, mark="→  ", style="dim")
