"""Silence: what apprise and the libraries below it log has addresses in it, and an address is a secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TALKATIVE = ("apprise", "requests", "urllib3", "requests_oauthlib", "oauthlib", "charset_normalizer", "http")
_BELOW = (
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)

_silent: ContextVar[bool] = ContextVar("stabflow_chat_silent", default=False)


class _Silence(logging.Filter):
    """Lets nothing pass that is logged on behalf of a channel; what the rest of the process logs, it does not touch."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _silent.get()


_SILENCE = _Silence()


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that is done within, in this thread, is logged by apprise or the libraries below it."""
    names = [name for name in list(logging.root.manager.loggerDict) if name.partition(".")[0] in _TALKATIVE]
    for name in {*names, *_TALKATIVE, *_BELOW}:
        logging.getLogger(name).addFilter(_SILENCE)  # adding it again changes nothing
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)
