"""The options that commands share, and what they say to a `Session`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import attrs
import click

from ..decision.disclosure import AUDIENCES, Audience
from ..text import LANGUAGES, Language
from .page import Page, console

F = TypeVar("F", bound=Callable[..., Any])


@attrs.define
class Session:
    """What every command of this run of the program shares. ``written``: how many acts or records, of how many."""

    language: Language = "en"
    debug: bool = False
    as_json: bool = False
    audience: Audience = "official"
    written: tuple[int, int] | None = None

    def page(self) -> Page:
        """Where to print for people."""
        return Page(console(sys.stdout), self.language)


def _remember(name: str) -> Callable[[click.Context, click.Parameter, object], object]:
    def remember(context: click.Context, _parameter: click.Parameter, value: object) -> object:
        if value:
            setattr(context.find_root().obj, name, value)
        return value

    return remember


def common(command: F) -> F:
    """The options of every command."""
    for option in (
        click.option(
            "--lang",
            type=click.Choice(LANGUAGES),
            expose_value=False,
            is_eager=True,
            callback=_remember("language"),
            help="The language to print in. By default that of LC_ALL or LANG.",
        ),
        click.option(
            "--debug",
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_remember("debug"),
            help="Show the traceback of an error.",
        ),
    ):
        command = option(command)
    return command


def store_option(default: str) -> Callable[[F], F]:
    """Where the store is."""
    return click.option(
        "--store",
        "url",
        metavar="URL",
        default=default,
        envvar="STABFLOW_STORE",
        show_default=True,
        help="The store, such as sqlite:///cases.db. By default what STABFLOW_STORE says, else:",
    )


calendar_option = click.option(
    "--calendar",
    metavar="NAME",
    default="CN",
    envvar="STABFLOW_CALENDAR",
    show_default=True,
    help="The calendar of working days. By default what STABFLOW_CALENDAR says, else:",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, callback=_remember("as_json"), help="Print JSON for programs, and nothing else."
)
audience_option = click.option(
    "--audience",
    type=click.Choice(AUDIENCES),
    expose_value=False,
    callback=_remember("audience"),
    help="Who is to read it. The public is shown no small count of people, nor what gives one away. By default official.",
)
refusals_option = click.option("--refusals", "every_refusal", is_flag=True, help="Print the reasons of every refusal.")
