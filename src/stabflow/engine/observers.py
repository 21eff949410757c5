"""Telling plugins what has happened, after it has: each once at most, and none of them can stop the others or undo the act.

One that fails is put on record in a stream of its own. Where even that fails the log says so, for the act stands.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from ..case import Case
from ..decision.checks import RAISED, CheckFailed, Failure
from ..decision.events import BreachFound, PluginFailed
from ..errors import Corrupt, Refused
from ..history.record import Record
from ..plugins import Watcher
from ..values import Actor, Basis
from . import streams
from .ledger import put
from .shell import CACHED_CASES, Shell

_log = logging.getLogger(__name__)

ENGINE = Actor("system:engine", body="system")
RUNNING = "engine"
"""The actor and the role in which a failure is put on record: the engine, which saw it."""


def is_by_engine(record: Record) -> bool:
    """Whether the engine put ``record`` on record, outside every mandate."""
    return (record.actor, record.role, record.mandate) == (ENGINE, RUNNING, "")


_BASIS = Basis("contract of plugins: what fails is put on record")
_TRIES = 100


def recorded(shell: Shell, case: Case, records: Sequence[Record]) -> None:
    """Tell that ``records`` were stored, by one transaction which left ``case``; and of each breach that was found in them.
    Within a transaction of the host nothing is stored yet: see `committed`."""
    if shell.outside is not None:
        shell.untold.append((case, tuple(records)))
        if not _is_watched(shell.outside):  # then it is to be remembered only
            del shell.untold[:-CACHED_CASES]
        return
    if shell.watching.recorded:
        _tell(shell, "stabflow_recorded", shell.watching.recorded, case, records)
    if shell.watching.breach_found:
        for event in (record.event for record in records):
            if isinstance(event, BreachFound):
                _tell(shell, "stabflow_breach_found", shell.watching.breach_found, case, case.breaches[event.duty])


def committed(shell: Shell) -> None:
    """Tell what was done within transactions of the host that are over, as far as it is stored; of the rest, never."""
    outside, untold = shell.outside, shell.untold
    assert outside is not None, "asked of a shell within a transaction of the host"
    watched, seen = _is_watched(outside), set[str]()
    while untold:
        case, records = untold[0]
        outside.remember(case)  # where it is not so, that is found out when it is next read
        last = records[-1]  # undone and done again at the same time, an act has the same hash
        is_told = watched and last.hash not in seen and _is_stored(outside, last)
        seen.add(last.hash)
        untold.pop(0)
        if is_told:
            recorded(outside, case, records)


def _is_watched(shell: Shell) -> bool:
    return bool(shell.watching.recorded or shell.watching.breach_found)


def _is_stored(shell: Shell, record: Record) -> bool:
    there = shell.store.read_stream(record.stream, after=record.version - 1, limit=1)
    return bool(there) and there[0].hash.hex() == record.hash


def refused(shell: Shell, case: Case | None, refusal: Refused) -> None:
    """Tell that an act on ``case`` was refused, and put on record which plugins failed as they were asked; whatever becomes of a
    transaction of the host in which that was."""
    shell = shell.outside or shell
    for blocker in refusal.blockers:
        if isinstance(blocker, CheckFailed):
            _put_on_record(shell, blocker.failure, case)
    if shell.watching.refused:
        _tell(shell, "stabflow_refused", shell.watching.refused, case, refusal)


def _tell(shell: Shell, hook: str, watchers: Iterable[Watcher], case: Case | None, news: object) -> None:
    for watcher in watchers:
        try:
            answer = watcher.tell(case, news)
        except RAISED as error:
            _put_on_record(shell, Failure.of(watcher.plugin, hook, error, watcher.module), case)
        else:
            if answer is not None:  # such as a coroutine, which nobody would ever await
                _put_on_record(shell, Failure.by_answering(watcher.plugin, hook, answer), case)


def _put_on_record(shell: Shell, failure: Failure, case: Case | None) -> None:
    """Record a failure. Whatever keeps that from happening goes to the log alone: what the plugin was told of has happened."""
    event = PluginFailed(
        plugin=failure.plugin,
        hook=failure.hook,
        error=failure.error,
        place=failure.place,
        case_id="" if case is None else case.id,
        version=0 if case is None else case.version,
    )
    try:
        put(shell, streams.PLUGINS, lambda _before: event, by=ENGINE, role=RUNNING, basis=_BASIS, tries=_TRIES)
    except Exception:  # noqa: BLE001 - the act stands, whatever happens here
        _log.exception("plugin %s failed in %s, and that could not be put on record", failure.plugin, failure.hook)


def failures(shell: Shell) -> Sequence[Record]:
    """The failures of plugins on record, in order; `Corrupt` where their stream holds anything else."""
    found = list(streams.read(shell.store, streams.PLUGINS))
    for record in found:
        if not isinstance(record.event, PluginFailed):
            raise Corrupt(f"{record.stream} version {record.version} is no failure of a plugin")
    return found
