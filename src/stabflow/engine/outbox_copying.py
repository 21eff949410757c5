"""The outbox of one store copied into another: first what was given up, then what waits, each in its order.

A notice goes into the target under a key that tells its number in the source, so that it is there once, also where an append was
not answered. Nothing is taken from the source: whatever delivers from it must be stopped, or a notice is delivered twice.
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable, Sequence

from ..errors import InvalidInput, StoreUnavailable
from ..ports.store import AppendBatch, DeadLetter, NewNotice, Store, WaitingNotice
from . import streams
from .pages import letters

WORKER = "stabflow copy"
LEASE = 5.0
"""Seconds for which a notice that is to be given up is taken; so long has to wait who goes on after one that was killed."""
LOOK_AGAIN = 0.1


def copy_outbox(source: Store, target: Store, progress: Callable[[int, int], None]) -> tuple[int, int]:
    """Copy what waits and what was given up; how many of each there are. ``progress`` is told how many are done, of how many.
    `InvalidInput` when the target has other notices."""
    dead, waiting = list(letters(source.dead_letters)), list(letters(source.waiting))
    gone, there = list(letters(target.dead_letters)), list(letters(target.waiting))
    _check_begins(dead, gone)
    missing = dead[len(gone) :]
    half_done = bool(missing and there)  # a dead letter that was appended, and not given up yet
    _check_begins(missing[:1] if half_done else waiting, there)
    whole = len(dead) + len(waiting)
    for n, letter in enumerate(missing):
        if n or not half_done:
            _append(target, letter)
        _give_up(target, letter)
        progress(len(gone) + n + 1, whole)
    begun = 0 if half_done else len(there)
    for n, notice in enumerate(waiting[begun:]):
        _append(target, notice)
        progress(len(dead) + begun + n + 1, whole)
    _check_alike(dead, list(letters(target.dead_letters)))
    _check_alike(waiting, list(letters(target.waiting)))
    return len(waiting), len(dead)


def _said(notice: WaitingNotice | DeadLetter) -> tuple[str, bytes, str]:
    return notice.lane, notice.payload, notice.error if isinstance(notice, DeadLetter) else ""


def _check_begins(wanted: Sequence[WaitingNotice | DeadLetter], found: Sequence[WaitingNotice | DeadLetter]) -> None:
    """Refuse the target unless what was ``found`` in it is the beginning of what is ``wanted``."""
    for n, other in enumerate(found):
        if n >= len(wanted) or _said(wanted[n])[:2] != _said(other)[:2]:
            raise _others(other)


def _check_alike(wanted: Sequence[WaitingNotice | DeadLetter], found: Sequence[WaitingNotice | DeadLetter]) -> None:
    for one, other in itertools.zip_longest(wanted, found):
        if one is None or other is None or _said(one) != _said(other):
            raise StoreUnavailable(
                "somebody uses the outbox of one of the stores while it is copied: stop the applications on both, and run the"
                " copy again"
            )


def _others(notice: WaitingNotice | DeadLetter) -> InvalidInput:
    return InvalidInput.at(
        "TO",
        f"has notice {notice.notice} in its outbox, which is not the one to be copied: the source has delivered since, or the"
        " target is in use already",
        "stop the applications on both, and copy into a new store",
    )


def _append(target: Store, notice: WaitingNotice | DeadLetter) -> None:
    digest = hashlib.sha256(notice.lane.encode() + b"\0" + notice.payload).hexdigest()
    one = NewNotice(notice.lane, notice.payload)
    target.append(AppendBatch(streams.OUTBOX, 0, (), outbox=(one,), key=f"notice-{notice.notice}", digest=digest))


def _give_up(target: Store, letter: DeadLetter) -> None:
    """Make the only notice that waits in the target a dead letter."""
    until = time.monotonic() + 2 * LEASE
    while not (claims := target.claim(WORKER, limit=1, lease_for=LEASE)):
        if time.monotonic() > until:
            raise _others(next(letters(target.waiting), letter))
        time.sleep(LOOK_AGAIN)
    (claim,) = claims
    if (claim.lane, claim.payload) != (letter.lane, letter.payload):
        target.release(claim, retry_after=0.0, error="")
        raise _others(WaitingNotice(claim.notice, claim.lane, claim.payload, claim.attempts))
    target.release(claim, retry_after=None, error=letter.error)
