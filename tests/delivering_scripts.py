"""What the tests of delivery kill: a worker that delivers the notices of a case to a file of JSON lines."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import worlds
from worlds import BASIS, BRIDGE, CHAIR, CLERK

from stabflow import Engine
from stabflow.engine.delivery import Delivery
from stabflow.language import loads
from stabflow.ports.store import Store
from stabflow.testing import engine_over

NOTICES = """
[[notices]]
name = "noted"
on = "fired"
of = "note"
triggers = ["do"]
to = ["clerk", "chair", "auditor"]
subject = { en = "{item} is done", zh = "{item}已完成" }
text = { en = "{item} is done.", zh = "{item}已完成。" }
"""
FILE = "DELIVERED_TO"


def engine(store: Store) -> Engine:
    """An engine over ``store``, whose notices go into the file that the environment names; the auditor's body has no entry."""
    file = Path(os.environ[FILE])
    directory = file.with_suffix(".toml")
    bodies = "".join(f'[bodies.{body}]\nchannels = ["list"]\nlist = "{body}"\n' for body in ("office", "council"))
    directory.write_text(f'format = 1\n[channels.list]\nurl = "file://{file}"\n{bodies}', encoding="utf-8")
    return engine_over(store, procedures=[loads(worlds.SMALL + NOTICES)], directory=directory)


def counts(done: Delivery) -> tuple[int, ...]:
    """How much was done."""
    return done.addressed, done.delivered, done.known, done.rejected, done.waiting, done.given_up


def delivering(store: Store, note: Callable[[object], None]) -> None:
    """Two acts whose notices are acknowledged with them, and their delivery."""
    with engine(store) as one:
        act_and_deliver(one, note)


def act_and_deliver(one: Engine, note: Callable[[object], None]) -> None:
    """What `delivering` does, in an engine that stays open."""
    one.constitute("small", "chair", CHAIR, basis=BASIS, key="chair")
    case = one.open_case("small", BRIDGE, by=CHAIR, basis=BASIS, key="open")
    for role, who in (("clerk", CLERK), ("auditor", worlds.AUDITOR)):
        case.appoint(role, who, by=CHAIR, basis=BASIS, key=role)
    for number in range(2):
        item = case.add("note", by=CLERK, basis=BASIS, key=f"note {number}", **worlds.NOTE)
        case.fire("do", item=item, by=CLERK, basis=BASIS, key=f"do {number}")
        note(item)
    while any(counts(one.deliver(limit=1))):  # one at a time, so that the calls are the same each time
        pass
    note("delivered")


def delivered() -> Iterator[tuple[str, str, str]]:
    """What stands in the file: the id, the address and the subject of each message."""
    for line in Path(os.environ[FILE]).read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        yield message["id"], message["to"], message["subject"]
