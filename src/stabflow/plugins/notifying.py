"""A notifier that a plugin brought, used: whatever it does, it answers what became of a message, and tells neither an address nor
a secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import attrs

from ..decision.checks import RAISED
from ..errors import Fault, InvalidInput, PluginError
from ..personal import named_in
from ..ports.notifier import (
    CONTRACT,
    Delivered,
    Message,
    Notifier,
    OpenNotifier,
    Rejected,
    Result,
    Retry,
    Secrets,
)
from ..values import visible
from .blame import Owner, place_of, said, with_article
from .discretion import parts_of, public, secrets_in, without
from .rules import check_contract

_log = logging.getLogger(__name__)
_MOST = 500
_NAMES_SOMEBODY = "(not kept: a number in it may name a person)"
_T = TypeVar("_T")


class Guarded(Notifier):
    """A plugin's notifier. `send` always answers; what it, or an error, says is one line, bounded, and without the address, the
    secrets and those of the URL."""

    def __init__(self, owner: Owner, inner: Notifier, hidden: frozenset[str]) -> None:
        self._owner, self._inner, self._hidden = owner, inner, hidden
        self.deduplicates = _within(
            owner, "asking its notifier whether it deduplicates", lambda: bool(inner.deduplicates)
        )

    def check_address(self, address: str) -> None:
        """See `Notifier.check_address`. What the plugin raises but `InvalidInput` is its `PluginError`."""
        hidden = self._hidden | parts_of(address)
        _within(self._owner, "checking an address", lambda: self._inner.check_address(address), hidden)

    def send(self, message: Message, *, within: float) -> Result:
        """See `Notifier.send`. What the plugin raises, or answers that is no result, is a `Retry` of what may have been sent."""
        try:
            answer: object = self._inner.send(message, within=within)
            hidden = self._hidden | parts_of(message.to)
            if isinstance(answer, Delivered):
                return Delivered(_line(answer.detail, hidden))
            if isinstance(answer, Retry):
                return Retry(_line(answer.reason, hidden), answer.after, answer.maybe_sent)
            if isinstance(answer, Rejected):
                return Rejected(_line(answer.reason, hidden), answer.gone)
            problem = f"answered {with_article(type(answer).__name__)}, not a Delivered, Retry or Rejected"
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it raises, the message is not lost
            problem = f"raised {type(error).__name__}"
            place = place_of(error, self._owner.module)
            _log.warning("plugin %s: sending %s%s", self._owner.name, problem, place)
        return Retry(visible(f"the plugin {self._owner.name} {problem}")[:_MOST], maybe_sent=True)

    def close(self) -> None:
        """See `Notifier.close`; what the plugin raises is its `PluginError`."""
        _within(self._owner, "closing its notifier", self._inner.close, self._hidden)


def notifier_opener(owner: Owner, open_: OpenNotifier) -> OpenNotifier:
    """What makes a notifier of the contract of this stabflow, guarded; or says whose fault it is that there is none, without
    secrets."""

    def opened(url: str, secrets: Secrets) -> Notifier:
        hidden = frozenset(secrets_in(url) | {one.value for values in secrets.values() for one in values})
        opening = f"opening {without(public(url), hidden)!r}"
        notifier: object = _within(owner, opening, lambda: open_(url, secrets), hidden)
        if not isinstance(notifier, Notifier):
            raise owner.error(f"{opening} gave {with_article(type(notifier).__name__)}, not a Notifier")
        try:
            check_contract(owner, "its notifier", notifier, Notifier, CONTRACT)
            return Guarded(owner, notifier, hidden)
        except PluginError:
            with suppress(*RAISED):
                notifier.close()
            raise

    return opened


def _within(owner: Owner, doing: str, act: Callable[[], _T], hidden: frozenset[str] = frozenset()) -> _T:
    """What ``act`` answers. `InvalidInput` goes on, all else is the plugin's error; what has something hidden in it is said anew,
    and not chained."""
    try:
        return act()
    except InvalidInput as error:
        if not _tells(error, hidden):
            raise
        faults = [Fault(*(without(words, hidden) for words in attrs.astuple(fault))) for fault in error.faults]
        anew: Exception = InvalidInput(faults, what=without(error.what, hidden))
    except RAISED as error:
        anew = owner.error(f"{doing} failed: {without(said(error, owner.module), hidden)}")
        if not _tells(error, hidden):
            raise anew from error
    raise anew


def _tells(error: BaseException, hidden: frozenset[str]) -> bool:
    """Whether something hidden stands in the words of an error, or of one that it came of."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or any(one is other for other in seen):
            continue
        seen.append(one)
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        try:
            words = "\n".join([str(one), repr(one), *getattr(one, "__notes__", ())])
        except RAISED:
            return True
        if without(words, hidden) != words:
            return True
    return False


def _line(words: object, hidden: frozenset[str]) -> str:
    line = visible(without(" ".join(str(words).split()), hidden))[:_MOST]
    return line if named_in(line) is None else _NAMES_SOMEBODY
