"""The command about plugins: `plugins`."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

import click

from .. import __version__
from ..plugins.survey import survey
from . import plugin_page
from .config import configuration
from .failures import ENVIRONMENT, YES
from .options import Session, common, json_option
from .stores import print_json


@click.command()
@common
@json_option
@click.pass_obj
def plugins(session: Session, as_json: bool) -> int:
    """List the plugins: those that are built in, those that stabflow.toml lists, and what else is installed.

    stabflow.toml, in the current folder or where STABFLOW_CONFIG says, lists those that may be imported: plugins = ["name"]. The
    others are told of from their metadata alone. The exit status is 0 where all that is built in or listed works, else 4.
    """
    config = configuration()
    with redirect_stdout(sys.stderr):  # where a plugin that prints does no harm to JSON
        found = survey(config.plugins, version=__version__)
    status = YES if all(one.works for one in found if one.allowed) else ENVIRONMENT
    if as_json:
        file = None if config.path is None else str(config.path)
        print_json({"status": status, "config": file, "plugins": [one.as_dict() for one in found]})
    else:
        plugin_page.show_plugins(session.page(), found, config.path)
    return status
