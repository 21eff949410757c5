"""The statements of the outbox in SQLite.

Of each lane one notice stands first, and only that one can be claimed; so a claim looks at as many rows as there are lanes, and
not at what waits behind a recipient who cannot be reached. Who settles the first notice of a lane lets the next one step up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import apsw

from ..ports.store import Claim, DeadLetter, NewNotice, WaitingNotice

BEHIND, FIRST, GIVEN_UP = 0, 1, 2
"""What ``place`` says of a notice: it waits for others of its lane; it may be claimed once it is ready; it is a dead letter."""

_ADD = (
    "INSERT INTO outbox (lane, payload, place, ready, token, attempts, owner, error) SELECT ?1, ?2,"
    f" NOT EXISTS (SELECT 1 FROM outbox WHERE lane = ?1 AND place <> {GIVEN_UP}), ?3, 0, 0, '', ''"
)
_DUE = (
    "SELECT notice, lane, payload, attempts + 1 FROM outbox INDEXED BY outbox_first"
    f" WHERE place = {FIRST} AND ready <= ? ORDER BY ready, notice LIMIT ?"
)
_TOKENS = "INSERT INTO claims VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET last = last + excluded.last RETURNING last"
_LEASE = "UPDATE outbox SET ready = ?, token = ?, attempts = ?, owner = ? WHERE notice = ?"
_IS_LAST = f"SELECT lane FROM outbox WHERE notice = ? AND token = ? AND place = {FIRST}"
_TAKE_OUT = "DELETE FROM outbox WHERE notice = ?"
_NEXT = f"SELECT min(notice) FROM outbox WHERE lane = ? AND place <> {GIVEN_UP}"
_STEP_UP = f"UPDATE outbox SET place = {FIRST} WHERE notice = ({_NEXT})"
_AGAIN = "UPDATE outbox SET ready = ?, token = 0, error = ? WHERE notice = ?"
_GIVE_UP = f"UPDATE outbox SET place = {GIVEN_UP}, token = 0, error = ? WHERE notice = ?"
_DEAD = (
    "SELECT notice, lane, payload, attempts, error FROM outbox INDEXED BY outbox_dead"
    f" WHERE place = {GIVEN_UP} AND notice > ? ORDER BY notice LIMIT ?"
)
_WAITING = f"SELECT notice, lane, payload, attempts FROM outbox WHERE place <> {GIVEN_UP} AND notice > ? ORDER BY notice LIMIT ?"
_LANE_OF_DEAD = f"SELECT lane FROM outbox WHERE notice = ? AND place = {GIVEN_UP}"
_STEP_BACK = f"UPDATE outbox SET place = {BEHIND} WHERE lane = ? AND place = {FIRST} AND token = 0"
_HAS_FIRST = f"SELECT EXISTS (SELECT 1 FROM outbox WHERE lane = ? AND place = {FIRST})"
_REVIVE = "UPDATE outbox SET place = ?, ready = ?, token = 0, attempts = 0 WHERE notice = ?"


def add(cursor: apsw.Cursor, notices: Iterable[NewNotice], now: int) -> None:
    """Put notices behind those of their lanes."""
    for notice in notices:
        cursor.execute(_ADD, (notice.lane, notice.payload, now))


def claim(cursor: apsw.Cursor, owner: str, *, limit: int, now: int, until: int) -> tuple[Claim, ...]:
    """Lease what is due ``now``, the longest due first."""
    due: list[tuple[Any, ...]] = cursor.execute(_DUE, (now, limit)).fetchall()
    if not due:
        return ()
    last: Any = cursor.execute(_TOKENS, (len(due),)).fetchall()[0][0]
    tokens = range(last - len(due) + 1, last + 1)
    claims = tuple(
        Claim(notice, lane, payload, token, n) for (notice, lane, payload, n), token in zip(due, tokens, strict=True)
    )
    cursor.executemany(_LEASE, [(until, one.token, one.attempts, owner, one.notice) for one in claims])
    return claims


def ack(cursor: apsw.Cursor, claim: Claim) -> bool:
    """Take out what was delivered; whether the claim was the last one."""
    lane = _lane_of(cursor, claim)
    if lane is None:
        return False
    cursor.execute(_TAKE_OUT, (claim.notice,))
    cursor.execute(_STEP_UP, (lane,))
    return True


def release(cursor: apsw.Cursor, claim: Claim, *, ready: int | None, error: str) -> bool:
    """Let the notice be claimed again from ``ready`` on, or (``None``) give it up; whether the claim was the last one."""
    lane = _lane_of(cursor, claim)
    if lane is None:
        return False
    if ready is None:
        cursor.execute(_GIVE_UP, (error, claim.notice))
        cursor.execute(_STEP_UP, (lane,))
    else:
        cursor.execute(_AGAIN, (ready, error, claim.notice))
    return True


def _lane_of(cursor: apsw.Cursor, claim: Claim) -> str | None:
    rows = cursor.execute(_IS_LAST, (claim.notice, claim.token)).fetchall()
    return str(rows[0][0]) if rows and claim.token else None


def waiting(cursor: apsw.Cursor, *, after: int, limit: int) -> Sequence[WaitingNotice]:
    """The notices that are neither delivered nor given up."""
    return tuple([WaitingNotice(*row) for row in cursor.execute(_WAITING, (after, limit))])


def dead_letters(cursor: apsw.Cursor, *, after: int, limit: int) -> Sequence[DeadLetter]:
    """The notices that were given up."""
    return tuple([DeadLetter(*row) for row in cursor.execute(_DEAD, (after, limit))])


def revive(cursor: apsw.Cursor, notice: int, now: int) -> bool:
    """Let a dead letter be claimed again, ahead of its lane but behind one that is leased."""
    rows = cursor.execute(_LANE_OF_DEAD, (notice,)).fetchall()
    if not rows:
        return False
    cursor.execute(_STEP_BACK, rows[0])
    ((leased,),) = cursor.execute(_HAS_FIRST, rows[0]).fetchall()
    cursor.execute(_REVIVE, (BEHIND, now, notice))
    if not leased:
        cursor.execute(_STEP_UP, rows[0])
    return True
