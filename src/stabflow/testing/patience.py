"""Work within its time: what does not come to an end is given up, and made to stop where it can be."""

from __future__ import annotations

import ctypes
import sys
import threading
import traceback
from collections.abc import Callable


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
    where = "" if frame is None else "".join(traceback.format_stack(frame)[-4:])
    give_up(thread)
    return Hangs(f"it did not return in {seconds:g} seconds; it was here:\n{where}")


def give_up(thread: threading.Thread) -> None:
    """Let a thread that still runs end at its next instruction, so that it takes no time from what comes after it. One that waits
    in the operating system cannot be stopped; it is left there."""
    set_error = getattr(getattr(ctypes, "pythonapi", None), "PyThreadState_SetAsyncExc", None)
    if set_error is not None and thread.ident is not None and thread.is_alive():
        set_error(ctypes.c_ulong(thread.ident), ctypes.py_object(GivenUp))
