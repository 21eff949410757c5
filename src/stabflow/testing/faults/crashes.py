"""Killing a program at every call that it makes of its store, and looking at what is left each time."""

from __future__ import annotations

import json
import os
import sys
import textwrap
import time
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing
from typing import Any

import attrs

from ...ports.store import Store
from ..clock import tomorrow
from ..expectation import ClauseBroken, HarnessBroken
from ..harness import StoreHarness, as_harness
from ..processes import Process, said_in_json
from ..ready import SqliteHarness
from .troubles import CALLS, When

MOST_TOLD = 5
"""Of so many failures is told all; of the others that they are there."""


@attrs.frozen
class CrashPoint:
    """Where a process was killed: ``before`` or ``after`` the call ``number`` (from 1) that it made of its store."""

    number: int
    call: str
    when: When

    def __str__(self) -> str:
        return f"killed {self.when} call {self.number}, {self.call}"


@attrs.frozen
class Left:
    """What a process left behind. ``store`` is a new handle on its storage, by whose clock all leases of today have run out, and
    ``config`` the configuration of that (a URL, as a rule); ``notes`` are what it had noted, in order. ``point`` is ``None``
    where it was not killed and came to its end."""

    point: CrashPoint | None
    config: Any
    store: Store
    notes: tuple[Any, ...]


class CrashFailed(AssertionError):
    """What is left after a crash is not what it should be, or too little was tried; ``report`` has all of it."""

    def __init__(self, report: CrashReport) -> None:
        self.report = report
        super().__init__(str(report))


@attrs.frozen
class CrashReport:
    """What came of killing a script everywhere. ``calls`` are those that it makes of its store when it is left alone, ``tried``
    the points at which it was killed, ``failures`` what the check said, and at which point (``None``: at the end). ``stopped``
    says why not all points were tried; it is empty where they were."""

    script: str
    calls: tuple[str, ...]
    tried: tuple[CrashPoint, ...]
    failures: tuple[tuple[CrashPoint | None, str], ...]
    stopped: str = ""

    def raise_for_failures(self) -> None:
        """Raise `CrashFailed` where a check failed, where not all points were tried, and where there is none."""
        if self.failures or self.stopped or not self.tried:
            raise CrashFailed(self)

    def __str__(self) -> str:
        points = 2 * len(self.calls)
        failed = len(self.failures)
        head = f"{self.script}: killed at {len(self.tried)} of {points} points, {failed} failure{'s' * (failed != 1)}"
        lines = [head if points else f"{self.script} makes no call of its store at which it could be killed"]
        lines += [self.stopped] if self.stopped else []
        for point, said in self.failures[:MOST_TOLD]:
            lines += [f"{point or 'not killed'}:", textwrap.indent(said, "  ")]
        if len(self.failures) > MOST_TOLD:
            lines.append(f"… and {len(self.failures) - MOST_TOLD} more")
        return "\n".join(lines)


def crash_points(
    script: str,
    check: Callable[[Left], object],
    *,
    harness: StoreHarness | type[StoreHarness] = SqliteHarness,
    calls: Collection[str] | None = None,
    seconds: float = 60.0,
) -> CrashReport:
    """Kill ``script`` at every call that it makes of its store, before and after it, on an empty storage each time, and let
    ``check`` look at what is left; first let it come to its end, and look at that.

    ``script`` is ``"module:function"``, importable in a new process. It is called with a store and a function that keeps a note,
    of what JSON can say, beyond its death: what was acknowledged to somebody. It makes the same calls whenever it runs, so time
    and chance are its own. ``check`` raises when something is wrong: every exception is a failure at that point. ``harness`` has
    a ``child``. ``calls`` are the ones to die at, by name; by default all. After ``seconds`` no more points are tried, and the
    report says so.

    Raises `ValueError` when the script, or a call, is not there, or the storage is gone with its process; `HarnessBroken` when
    the harness does not work.
    """
    _examine_name(script)
    tested = as_harness(harness)
    if tested.child is None or tested.one_handle:
        raise ValueError("a crash leaves something behind only where a harness has a child and more than one handle")
    unknown = set(calls or ()) - set(CALLS)
    if unknown:
        raise ValueError(f"there is no call {', '.join(sorted(unknown))}; there are {', '.join(CALLS)}")
    return _Run(script, check, tested, calls, seconds).report()


def _examine_name(script: object) -> None:
    if not isinstance(script, str) or not all(script.partition(":")):
        raise ValueError(f"{script!r} names no script: write 'module:function', which another process can import")


class _Run:
    def __init__(
        self,
        script: str,
        check: Callable[[Left], object],
        harness: StoreHarness,
        only: Collection[str] | None,
        seconds: float,
    ) -> None:
        self._script, self._check, self._harness = script, check, harness
        self._only = None if only is None else sorted(only)
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._failures: list[tuple[CrashPoint | None, str]] = []
        self._nursery: Process | None = None

    def report(self) -> CrashReport:
        calls: tuple[str, ...] = ()
        tried: list[CrashPoint] = []
        stopped = ""
        with ExitStack() as processes:
            try:
                calls = self._at(None, processes)
                for point in _points(calls):
                    if self._left() <= 0:
                        stopped = f"the {self._seconds:g} seconds were over: give it more, or name the calls to die at"
                        break
                    self._at(point, processes)
                    tried.append(point)
            except _Stopped as why:
                stopped = str(why)
        return CrashReport(self._script, calls, tuple(tried), tuple(self._failures), stopped)

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _at(self, point: CrashPoint | None, processes: ExitStack) -> tuple[str, ...]:
        """Let the script run until it dies at ``point``, and check what is left; the calls that it made, if it lived."""
        try:
            config = self._harness.provision()
        except Exception as error:
            raise HarnessBroken("no empty storage could be provisioned") from error
        try:
            notes, calls = self._notes(point, config, processes)
            try:
                with closing(self._harness.open(config, tomorrow)) as store:
                    self._check(Left(point, config, store, notes))
            except Exception as error:  # noqa: BLE001 - it is told
                self._failures.append((point, _said(error)))
        finally:
            self._harness.destroy(config)
        return calls

    def _notes(
        self, point: CrashPoint | None, config: Any, processes: ExitStack
    ) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        process = self._process(processes)
        at, when = (0, "before") if point is None else (point.number, point.when)
        process.say(
            json.dumps({"config": json.loads(said_in_json(config)), "at": at, "when": when, "only": self._only})
        )
        notes: list[Any] = []
        died: str | None = None
        calls: tuple[str, ...] | None = None
        for heard in self._heard(process):
            match heard:
                case {"note": note}:
                    notes.append(note)
                case {"dies": call}:
                    died = call
                case {"calls": made}:
                    calls = tuple(made)
                case {"cannot": "script", "why": why}:
                    raise ValueError(f"the script {self._script} cannot be called: {why}")
                case {"cannot": _, "why": why}:
                    raise HarnessBroken(f"its child {self._harness.child} cannot be called: {why}")
        if calls is None and died is None:
            raise _Stopped(f"the script came to no end{f' ({point})' if point else ''}:\n{process.errors()}")
        if point is not None and died != point.call:
            there = f"that is {died}" if died else f"it made {len(calls or ())} calls"
            raise _Stopped(f"the script does not make the same calls each time: to be {point}, and {there}")
        return tuple(notes), calls or ()

    def _process(self, processes: ExitStack) -> Process:
        """The process that forks one for each run; where there is no fork, a new one."""
        if self._nursery is None or not hasattr(os, "fork"):
            command = [sys.executable, "-m", "stabflow.testing.faults.crashing", self._script, str(self._harness.child)]
            self._nursery = processes.enter_context(Process(command, job=self._script, left=self._left))
        return self._nursery

    def _heard(self, process: Process) -> Iterator[Any]:
        """What it tells of one run, until that is over."""
        while True:
            try:
                heard = process.hear()
            except ClauseBroken as over:
                if process.alive():
                    raise _Stopped(f"the {self._seconds:g} seconds were over while the script ran: {over}") from over
                return
            if heard == "gone":
                return
            yield heard
            if "cannot" in heard:
                return


class _Stopped(Exception):
    """Why no further point is tried."""


def _points(calls: tuple[str, ...]) -> Iterator[CrashPoint]:
    for number, call in enumerate(calls, 1):
        yield CrashPoint(number, call, "before")
        yield CrashPoint(number, call, "after")


def _said(error: Exception) -> str:
    """What a check said, and where."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    where = f" ({frames[-1].filename}:{frames[-1].lineno}: {frames[-1].line})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
