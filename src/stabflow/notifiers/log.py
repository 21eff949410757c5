"""The notifier of Python's log: each message is one line of the logger ``stabflow.notices``."""

from __future__ import annotations

import logging

from ..errors import InvalidInput
from ..ports.notifier import CONTRACT, Delivered, Message, Notifier, Result, Retry, Secrets, only
from .lines import check_label, line_of, rejection

LOGGER = "stabflow.notices"
_log = logging.getLogger(LOGGER)
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


class LogNotifier(Notifier):
    """Logs messages at ``level``; an address is a label. What no handler takes was not delivered."""

    contract = CONTRACT

    def __init__(self, level: int = logging.INFO) -> None:
        self._level = level
        self._closed = False

    @classmethod
    def from_url(cls, url: str, secrets: Secrets) -> LogNotifier:
        """``log:``, or ``log:?level=warning`` (``debug``, ``info``); `InvalidInput` for anything else, and for secrets."""
        only(secrets)
        _, _, rest = url.partition(":")
        level = rest.removeprefix("?level=") if rest else "info"
        if level not in _LEVELS:
            raise InvalidInput.at("url", "it is no URL of the log", "write log: or log:?level=warning")
        return cls(_LEVELS[level])

    def check_address(self, address: str) -> None:
        """Any label will do."""
        check_label(address)

    def send(self, message: Message, *, within: float) -> Result:
        """Log ``message``; `Retry` where the log takes nothing of this level."""
        if self._closed:
            return Retry("the notifier is closed")
        if (never := rejection(message)) is not None:
            return never
        if not _is_taken(self._level):
            level = logging.getLevelName(self._level).lower()
            return Retry(
                f"the logger {LOGGER} takes nothing of level {level}: configure it, or write log:?level=warning"
            )
        _log.log(self._level, "%s", line_of(message))
        return Delivered()

    def close(self) -> None:
        """Nothing is kept open."""
        self._closed = True


def _is_taken(level: int) -> bool:
    """Whether some handler takes what is logged at ``level``."""
    if not _log.isEnabledFor(level):
        return False
    handlers: list[logging.Handler] = []
    logger: logging.Logger | None = _log
    while logger is not None:
        handlers += logger.handlers
        logger = logger.parent if logger.propagate else None
    if not handlers and logging.lastResort is not None:
        handlers = [logging.lastResort]
    return any(handler.level <= level for handler in handlers)
