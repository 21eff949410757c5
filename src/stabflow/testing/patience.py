"""Work within its time: what does not come to an end is given up, and made to stop where it can be."""

from __future__ import annotations

import ctypes
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

FRAME = "  File "
"""How the line of a frame begins."""

HERE = Path(__file__).parent

GRACE = 0.2
"""Seconds that a thread which is given up has to end."""


class Hangs(Exception):
    """Something did not return in its time; the text says where it is."""


class GivenUp(SystemExit):
    """Raised in a thread that nobody waits for any more."""


def within(seconds: float, work: Callable[[], None]) -> BaseException | None:
    """Do ``work`` in a thread of its own, and return what it raised; `Hangs` if it is not done in time, and is given up."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it is told, whatever it is
            errors.append(error)

    thread = threading.Thread(target=guarded, daemon=True, name="stabflow conformance")
    thread.start()
    thread.join(seconds)
    if not thread.is_alive():
        return errors[0] if errors else None
    frame = sys._current_frames().get(thread.ident or 0)
    where = "" if frame is None else place(traceback.extract_stack(frame))
    give_up(thread)
    return Hangs(f"it did not return in {seconds:g} seconds; it was here:{where}")


def place(frames: Sequence[traceback.FrameSummary]) -> str:
    """Where that is, a line for each of the last frames outside the kit (of the kit where there are no others)."""
    theirs = [
        one for one in frames if HERE not in Path(one.filename).parents and not one.filename.startswith("<frozen")
    ]
    lines = [
        f'{FRAME}"{one.filename}", line {one.lineno}, in {one.name}: {one.line}' for one in (theirs or frames)[-3:]
    ]
    return "".join(f"\n{line}" for line in lines)


def give_up(thread: threading.Thread) -> None:
    """Let a thread that still runs end at its next instruction, so that it takes no time from what comes after it. One that waits
    in the operating system cannot be stopped; it is left there."""
    if thread.ident is None or not _raise_in(thread.ident, GivenUp):
        return
    thread.join(GRACE)
    if thread.is_alive():
        _raise_in(thread.ident, None)
        _handle_one()


def _raise_in(ident: int, error: type[BaseException] | None) -> bool:
    """Let the thread raise ``error`` at its next instruction, or take that back; whether it could be told."""
    set_error = getattr(getattr(ctypes, "pythonapi", None), "PyThreadState_SetAsyncExc", None)
    if set_error is None:
        return False
    return bool(set_error(ctypes.c_ulong(ident), None if error is None else ctypes.py_object(error)))


def _handle_one() -> None:
    """While an error waits for a thread that never takes it, CPython looks for one at each instruction of every thread, and many
    threads hardly get on; that it was taken back is not noticed before another is taken. So this thread takes one."""
    try:
        if _raise_in(threading.get_ident(), GivenUp):
            for _ in range(1_000):
                pass
    except GivenUp:
        pass
