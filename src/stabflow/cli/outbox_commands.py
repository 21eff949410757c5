"""The commands of the outbox: `deliver`, and `outbox` itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from ..engine import Engine
from ..engine.delivery import Delivery
from ..errors import InvalidInput, PluginError, StoreUnavailable
from ..text import Text, say
from ..values import Actor
from .config import configuration
from .failures import INCOMPLETE, NO, YES, report, tell
from .options import Session, common, json_option, store_option
from .outbox_page import show_despatches, show_outbox
from .stores import STORE, known_case, print_json, reading

_EVERY = 15.0


@click.command()
@click.option(
    "--directory",
    "given",
    type=click.Path(path_type=Path),
    envvar="STABFLOW_DIRECTORY",
    metavar="FILE",
    help="The file that says where notices go. By default that in stabflow.toml.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after so many notices and messages.")
@click.option("--watch", is_flag=True, help="Go on until interrupted or told to end (SIGTERM).")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=_EVERY,
    metavar="SECONDS",
    show_default=True,
    help="How long to rest with --watch when nothing is due.",
)
@common
@store_option(STORE)
@json_option
@click.pass_obj
def deliver(
    session: Session, given: Path | None, limit: int | None, watch: bool, every: float, url: str, as_json: bool
) -> int:
    """Deliver what is due in the outbox, by the channels of the directory.

    Run it as often as you like, on as many machines. The exit status is 0 where nothing failed, 3 where something is to be tried
    again, and 1 where something was given up: stabflow outbox --dead shows it. With --watch it is 0 when it was told to end.
    """
    directory = given or configuration().directory
    if directory is None:
        cure = 'give --directory FILE, or write directory = "directory.toml" in stabflow.toml'
        raise InvalidInput.at("--directory", "nothing says where notices go", cure)
    if watch and limit is not None:
        raise InvalidInput.at("--limit", "does not go with --watch", "leave one of them out")
    with reading(url, directory=directory) as engine, _told_to_end() as ending:
        if not watch:
            done = engine.deliver(limit=limit, stopping=ending.is_set)
            rests = sum(1 for _ in engine.outbox.waiting()) if done == Delivery() and not as_json else 0
            return _told(session, done, as_json, rests)
        while not ending.is_set():
            _once(session, engine, ending, as_json)
            ending.wait(every)
        return YES


def _once(session: Session, engine: Engine, ending: threading.Event, as_json: bool) -> None:
    """One delivery of many: what is wrong with the directory, a plugin or the storage may be mended meanwhile."""
    try:
        done = engine.deliver(stopping=ending.is_set)
    except (InvalidInput, PluginError, StoreUnavailable) as error:
        report(error, session.language, debug=session.debug)
        return
    if done.addressed or done.delivered or done.reasons:
        _told(session, done, as_json)


@contextmanager
def _told_to_end() -> Iterator[threading.Event]:
    """An event that is set when the process is told to end, so that what is under way is finished."""
    ending = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ending.set()

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield ending
    finally:
        signal.signal(signal.SIGTERM, before)


def _told(session: Session, done: Delivery, as_json: bool, rests: int = 0) -> int:
    if as_json:
        print_json(done.as_dict(session.language))
    else:
        text = done.text()
        if rests:
            text = say(
                "{text}; resting until the next try, or behind what rests: {n}",
                "{text}；等待重试的：{n}件",
                text=text,
                n=rests,
            )
        session.page().paragraph(text)
        for reason, times in done.reasons.items():
            tell(f"stabflow: {times} × {reason.get(session.language)}\n")
    return NO if done.given_up else INCOMPLETE if done.waiting else YES


@click.command()
@click.option("--dead", is_flag=True, help="What was given up, instead of what waits.")
@click.option("--retry", "number", type=int, metavar="N", help="Have the dead letter N tried again.")
@click.option("--retry-all", is_flag=True, help="Have every dead letter tried again.")
@click.option("--case", "case_id", metavar="ID", help="What became of the notices of a case.")
@click.option(
    "--reopen", nargs=2, metavar="CHANNEL BODY", help="Use addresses again of which the channel said they are gone."
)
@click.option("--by", "actor", metavar="ID", help="With --reopen: who says so.")
@click.option("--body", metavar="ID", help="With --reopen: for which body they act.")
@click.option("--basis", metavar="TEXT", help="With --reopen: why.")
@common
@store_option(STORE)
@json_option
@click.pass_obj
def outbox(
    session: Session,
    dead: bool,
    number: int | None,
    retry_all: bool,
    case_id: str | None,
    reopen: tuple[str, str] | None,
    actor: str | None,
    body: str | None,
    basis: str | None,
    url: str,
    as_json: bool,
) -> int:
    """Show what waits to be delivered, what was given up, or what became of the notices of a case.

    The exit status is 1 where there is no such dead letter, or no such address.
    """
    asked = [bool(one) for one in (dead, number is not None, retry_all, case_id, reopen)]
    if sum(asked) > 1:
        raise InvalidInput.at("outbox", "was asked for several things", "ask for one at a time")
    if bool(reopen) != all((actor, body, basis)) or (not reopen and any((actor, body, basis))):
        cure = "give --reopen, --by, --body and --basis together, or none of them"
        raise InvalidInput.at("--reopen", "needs who says so, for which body, and why", cure)
    with reading(url) as engine:
        box = engine.outbox
        if number is not None:
            return _retried(session, [number] if box.retry(number) else [], as_json)
        if retry_all:
            return _retried(session, [one.number for one in list(box.dead_letters()) if box.retry(one.number)], as_json)
        if reopen and actor and body and basis:
            return _reopened(session, box.reopen(*reopen, by=Actor(actor, body=body), basis=basis), as_json)
        if case_id is not None:
            records = box.despatches(known_case(engine, case_id).value.id)
            if as_json:
                print_json([record.as_dict() for record in records])
            else:
                show_despatches(session.page(), engine, records)
            return YES
        found = tuple(box.dead_letters() if dead else box.waiting())
        if as_json:
            print_json([one.as_dict(session.language) for one in found])
        else:
            show_outbox(session.page(), engine, found, dead=dead)
        return YES


def _retried(session: Session, numbers: Sequence[int], as_json: bool) -> int:
    if as_json:
        print_json({"retried": list(numbers)})
    else:
        text = say("to be tried again: {count}", "将重新投递：{count}", count=len(numbers))
        session.page().paragraph(text if numbers else Text("there is no such dead letter", "没有该投递失败的通知"))
    return YES if numbers else NO


def _reopened(session: Session, was_gone: bool, as_json: bool) -> int:
    if as_json:
        print_json({"reopened": was_gone})
    else:
        done, nothing = Text("used again", "已恢复使用"), Text("no such address was given up", "没有被停用的该地址")
        session.page().paragraph(done if was_gone else nothing)
    return YES if was_gone else NO
