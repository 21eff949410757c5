"""What was said by HTTP while a service of apprise was at work.

apprise says only yes or no; and of WeCom and DingTalk, which refuse with HTTP 200 and a number in the body, it says yes. So the
answers are looked at here: the modules of the services that are used get a ``requests`` that keeps them. Whoever else uses
apprise in this process has the true one behind it.
"""

from __future__ import annotations

import io
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any

import attrs
import requests
from requests.adapters import HTTPAdapter

_MOST = 1 << 16
"""Bytes of an answer that are read: any that says something is shorter."""


@attrs.define
class Exchange:
    """One request: the status of its answer (0 while there is none), the seconds it asks to wait, and how it begins; or what went
    wrong. ``whole``: the answer came to its end, or to as much of it as is looked at."""

    status: int = 0
    retry_after: float | None = None
    body: bytes = b""
    whole: bool = False
    error: BaseException | None = None


@attrs.frozen
class _Watch:
    """Who watches, and until when requests may take."""

    exchanges: list[Exchange]
    ends: float

    def left(self) -> float:
        return max(self.ends - time.monotonic(), 0.001)


_watch: ContextVar[_Watch | None] = ContextVar("stabflow_chat_watch", default=None)


@contextmanager
def watching(exchanges: list[Exchange], ends: float) -> Iterator[None]:
    """Requests made within, in this thread, are added to ``exchanges``, and end at ``ends`` of the monotonic clock or soon after.
    They follow no redirection."""
    token = _watch.set(_Watch(exchanges, ends))
    try:
        yield
    finally:
        _watch.reset(token)


def can_be_watched(service: type) -> bool:
    """Whether all that a service of apprise does is done by requests that can be watched; it then is from here on."""
    modules = [sys.modules[one.__module__] for one in service.__mro__ if one.__module__.startswith("apprise.plugins.")]
    own = [module for module in modules if module.__name__ != "apprise.plugins.base"]
    if not own or not all(isinstance(vars(module).get("requests"), ModuleType | _Requests) for module in own):
        return False
    for module in own:
        vars(module)["requests"] = _REQUESTS
    return True


class _Requests:
    """``requests`` as the module of a service sees it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        watch = _watch.get()
        if watch is None:
            return requests.request(method, url, **options)
        options |= {"allow_redirects": False, "stream": False}
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Ear(watch))
            return session.request(method, url, **options)

    def get(self, url: str, **options: Any) -> requests.Response:
        return self.request("get", url, **options)

    def post(self, url: str, **options: Any) -> requests.Response:
        return self.request("post", url, **options)

    def put(self, url: str, **options: Any) -> requests.Response:
        return self.request("put", url, **options)

    def patch(self, url: str, **options: Any) -> requests.Response:
        return self.request("patch", url, **options)

    def delete(self, url: str, **options: Any) -> requests.Response:
        return self.request("delete", url, **options)


_REQUESTS = _Requests()


class _Ear(HTTPAdapter):
    """Hears what is answered, and no more of it than is of use."""

    def __init__(self, watch: _Watch) -> None:
        super().__init__(max_retries=0)
        self._watch = watch

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        exchange = Exchange()
        self._watch.exchanges.append(exchange)
        left = self._watch.left()
        try:
            response = super().send(
                request, stream=True, timeout=(left, left), verify=verify, cert=cert, proxies=dict(proxies or {})
            )
        except Exception as error:
            exchange.error = error
            raise
        exchange.retry_after = _seconds(response.headers.get("Retry-After", ""))
        exchange.status = response.status_code
        self._hear(response, exchange)
        response.raw = io.BytesIO(exchange.body)
        return response

    def _hear(self, response: requests.Response, exchange: Exchange) -> None:
        raw = response.raw
        try:
            while not exchange.whole and time.monotonic() < self._watch.ends:
                piece = raw.read1(4096, decode_content=True)
                exchange.body += piece
                exchange.whole = not piece or len(exchange.body) >= _MOST
        except Exception as error:  # noqa: BLE001 - the status counts, and that not all was heard
            exchange.error = error
        finally:
            raw.close()


def _seconds(said: str) -> float | None:
    """What ``Retry-After`` asks for: seconds, or a moment."""
    if re.fullmatch(r"[0-9]{1,9}", said):
        return float(said)
    try:
        moment = parsedate_to_datetime(said)
    except (TypeError, ValueError, OverflowError):  # a date that no clock has
        return None
    if moment.tzinfo is None:
        return None
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
