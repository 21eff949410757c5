"""What an answer of a chat service means for a message. Only numbers and words from the lists here are repeated: services quote
addresses."""

from __future__ import annotations

import json
from collections.abc import Sequence

import requests
import urllib3

from stabflow.ports.notifier import Delivered, Rejected, Result, Retry

from .exchange import Exchange

_TOO_FAST = "it takes no more messages at present"
_NO_ROBOT = "it knows no such robot"
_NOT_ADMITTED = "the robot's settings (keyword, signature or allowed addresses) do not admit it"

_BUSY = {-1, 1}
_LIMITS = {45009, 45033, 130101, 410100, 660026, 90030, 11232, 11233}
_GONE = {93000, 300001, 300005, 400101, 400106, 19001}
_NOT_TAKEN = {310000: _NOT_ADMITTED, 19021: _NOT_ADMITTED, 19022: _NOT_ADMITTED, 19024: _NOT_ADMITTED}
"""Numbers in the body of WeCom (``errcode``), DingTalk (``errcode``) and Feishu or Lark (``code``)."""

_FINAL_WORDS = {
    "channel_not_found", "not_in_channel", "is_archived", "invalid_auth", "not_authed", "account_inactive",
    "token_revoked", "token_expired", "no_permission", "missing_scope", "restricted_action", "msg_too_long",
}  # fmt: skip
"""What Slack says in ``error`` where it will not say otherwise later."""

_PASSING = {408, 425, 429}
_IN_BETWEEN = {500, 502, 504}
"""Where whoever answers may not know what became of it."""

_SAID = {
    400: "it does not take this message",
    401: "it does not take this address, or what is secret in it",
    403: "it does not take this address, or what is secret in it",
    404: "it knows no such address",
    410: "the address is no more",
    413: "the message is too large for it",
    429: _TOO_FAST,
}


def result(service: str, accepted: bool, exchanges: Sequence[Exchange]) -> Result:
    """What became of a message that ``service`` has ``accepted``, or not, by what was said with it meanwhile."""
    told = (
        exchanges[-1:] if accepted else exchanges
    )  # before and after the message, a service may be asked for other things
    refused = [became for one in told if (became := _refusal(service, one)) is not None]
    if refused:
        return refused[-1]
    if accepted:
        return Delivered(f"{service}: HTTP {exchanges[-1].status}" if exchanges else service)
    return Retry(f"{service} did not take it, and it is not known why", maybe_sent=bool(exchanges))


def _refusal(service: str, exchange: Exchange) -> Result | None:
    if exchange.status == 0:
        return _unanswered(service, exchange.error)
    if not 200 <= exchange.status < 300:
        return _by_status(service, exchange)
    if not exchange.whole:
        return Retry(f"{service}: HTTP {exchange.status}, and the answer broke off", maybe_sent=True)
    return _by_body(service, exchange)


def _unanswered(service: str, error: BaseException | None) -> Result:
    if isinstance(error, requests.exceptions.SSLError):
        return Retry(f"{service}: its certificate does not show that it is the service")
    if _never_connected(error):
        return Retry(f"{service} cannot be reached")
    if isinstance(error, requests.exceptions.Timeout):
        return Retry(f"{service} did not answer in time", maybe_sent=True)
    return Retry(f"{service}: the connection broke off", maybe_sent=True)


def _never_connected(error: BaseException | None) -> bool:
    """Whether nothing can have been sent: requests has one class for that and for a connection that breaks off later."""
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    within = error.args[0] if isinstance(error, requests.exceptions.ConnectionError) and error.args else None
    reason = within.reason if isinstance(within, urllib3.exceptions.MaxRetryError) else within
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def _by_status(service: str, exchange: Exchange) -> Result:
    status = exchange.status
    if status < 400:
        return Retry(f"{service}: HTTP {status}: it refers elsewhere, which is not followed")
    words = _SAID.get(status, "it cannot take it at present" if status >= 500 else "it does not take it")
    why = f"{service}: HTTP {status}: {words}"
    if status >= 500 or status in _PASSING:
        return Retry(why, after=exchange.retry_after, maybe_sent=status in _IN_BETWEEN)
    return Rejected(why, gone=status == 410)


def _by_body(service: str, exchange: Exchange) -> Result | None:
    """The refusal in an answer that looks like a yes."""
    try:
        said = json.loads(exchange.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    for name in ("errcode", "code", "StatusCode"):
        number = said.get(name)
        if isinstance(number, int) and not isinstance(number, bool) and number != 0:
            return _by_number(service, name, number, exchange.retry_after)
    if said.get("ok") is False:
        word = said.get("error")
        if word in _FINAL_WORDS:
            return Rejected(f"{service}: {word}")
        return Retry(f"{service} did not take it", after=exchange.retry_after)
    return None


def _by_number(service: str, name: str, number: int, after: float | None) -> Result:
    why = f"{service}: {name} {number}"
    if number in _LIMITS:
        return Retry(f"{why}: {_TOO_FAST}", after=after)
    if number in _GONE:
        return Rejected(f"{why}: {_NO_ROBOT}", gone=True)
    if number in _NOT_TAKEN:
        return Rejected(f"{why}: {_NOT_TAKEN[number]}")
    return Retry(f"{why}: it is busy" if number in _BUSY else f"{why}: it did not take it", after=after)
