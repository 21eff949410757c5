"""What an answer means: the status of a response and its ``Retry-After``, as what became of the message."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from stabflow.ports.notifier import Delivered, Rejected, Result, Retry

LONGEST_WAIT = 86400.0
"""Seconds: a receiver that asks for more is asked again after a day."""

ABOUT_THE_MESSAGE = frozenset({400, 405, 406, 411, 413, 414, 415, 422, 431, 501, 505})
"""What a receiver says of the request itself: the next one would be the same."""

MAYBE_TAKEN = frozenset({502, 504})
"""A gateway's word that nothing came back from behind it, where the message may have arrived."""

_WORDS = {
    401: "the receiver does not accept the signature: compare the secret on both sides",
    403: "the receiver does not let us in: compare the secret on both sides",
    404: "nobody is there to take it at present",
    429: "the receiver asks to be sent less",
}


def result_of(status: int, retry_after: str | None, now: datetime) -> Result:
    """What became of a message that was answered with ``status``.

    A redirect is never followed, since it was not checked where it leads. One that says it is for good is `Rejected`: the address
    in the directory is wrong until somebody changes it. Other answers are `Rejected` where they are about the request itself, and
    `Retry` where the receiver may be put right: a secret being changed (401, 403) or a route being deployed (404) is.
    """
    if 200 <= status <= 299:
        return Delivered(f"HTTP {status}")
    if status == 410:
        return Rejected("HTTP 410: the receiver is gone for good", gone=True)
    if 300 <= status <= 399:
        reason = f"HTTP {status}: the receiver answers with another address, which is not followed: put it into the directory"
        if status not in (302, 307):
            return Rejected(reason)
    elif status in ABOUT_THE_MESSAGE:
        return Rejected(f"HTTP {status}: the receiver does not take such a message")
    else:
        reason = f"HTTP {status}: {_WORDS.get(status, 'the receiver cannot take the message at present')}"
    return Retry(reason, after=seconds(retry_after, now), maybe_sent=status in MAYBE_TAKEN)


def seconds(retry_after: str | None, now: datetime) -> float | None:
    """For how long a ``Retry-After`` asks to be left alone, at most a day; ``None`` where it says nothing that makes sense."""
    if retry_after is None:
        return None
    if re.fullmatch(r"[0-9]{1,20}", retry_after):
        return min(float(retry_after), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(retry_after)
        asked = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(asked.total_seconds(), LONGEST_WAIT) if asked.total_seconds() >= 0 else None
