"""Times as they are given on the command line."""

from __future__ import annotations

from datetime import datetime

from ..errors import InvalidInput


def moment(text: str, option: str) -> datetime:
    """A day or a time; without a zone it is by the clock of this machine. `InvalidInput` names ``option``."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        cure = "write a day, 2026-03-01, or a time, 2026-03-01T09:00+08:00"
        raise InvalidInput.at(option, f"{text!r:.60} is no day or time", cure) from None
