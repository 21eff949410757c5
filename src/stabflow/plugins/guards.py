"""What a plugin brought, used: whatever goes wrong then is the plugin's error, and fails closed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar
from urllib.parse import unquote

from ..calendar import Calendar
from ..decision.checks import RAISED
from ..errors import Blocker, PluginError, StabflowError
from ..ports.hooks import CalendarSource, NamedRequirement
from ..ports.store import CONTRACT, Clock, Store
from ..requirements import PluginRequirement, View
from .blame import Owner, said, with_article
from .rules import check_contract

_T = TypeVar("_T")


def guarded(owner: Owner, requirement: NamedRequirement) -> PluginRequirement:
    """The requirement, failing closed: what is neither a blocker nor ``None`` is the plugin's error, and nothing happens."""

    def check(view: View, table: Mapping[str, object]) -> Blocker | None:
        try:
            answer: object = requirement.check(view, table)
        except RAISED as error:
            raise owner.error(f"its requirement {requirement.name!r} failed: {said(error, owner.module)}") from error
        if answer is None or isinstance(answer, Blocker):
            return answer
        raise owner.error(
            f"its requirement {requirement.name!r} answered {with_article(type(answer).__name__)}, not a Blocker or None"
        )

    return check


def opener(owner: Owner, open_: Callable[[str, Clock | None], Store]) -> Callable[[str, Clock | None], Store]:
    """What opens a store of the contract of this stabflow, or says whose fault it is that there is none."""

    def opened(url: str, clock: Clock | None) -> Store:
        opening = f"opening {public(url)!r}"
        store: object = _or_blame(owner, opening, lambda: open_(url, clock), lambda words: _without_secrets(words, url))
        if not isinstance(store, Store):
            raise owner.error(f"{opening} gave {with_article(type(store).__name__)}, not a Store")
        try:
            check_contract(owner, "its store", store, Store, CONTRACT)
        except PluginError:
            with suppress(Exception):
                store.close()
            raise
        return store

    return opened


def loader(owner: Owner, source: CalendarSource) -> Callable[[], Calendar]:
    """What loads a calendar, or says whose fault it is that there is none."""

    def loaded() -> Calendar:
        calendar: object = _or_blame(owner, f"loading calendar {source.id!r}", source.load)
        if not isinstance(calendar, Calendar):
            raise owner.error(
                f"loading calendar {source.id!r} gave {with_article(type(calendar).__name__)}, not a Calendar"
            )
        return calendar

    return loaded


_SECRET = re.compile(r"(?<=[?&;])([^=&;]*(?:pass|pwd|secret|token|key|cred|auth)[^=&;]*=)([^&;#]+)", re.IGNORECASE)
"""A parameter of a URL that is called like a secret, and its value."""


def public(url: str) -> str:
    """``url`` as it may be shown: where an ``@`` is in it, a password may be too, so that only the scheme is left; otherwise
    without the values of parameters that are called like secrets."""
    if "@" not in url:
        return _SECRET.sub(r"\1…", url)
    scheme, colon, rest = url.partition(":")
    if not colon or "@" in scheme:
        return "…"
    return f"{scheme}://…" if rest.startswith("//") else f"{scheme}:…"


def _without_secrets(words: str, url: str) -> str:
    """The words of a driver, which may quote the URL."""
    secrets = {value for _, value in _SECRET.findall(url)}
    secrets |= {unquote(value) for value in secrets}
    if "@" in url:
        rest = url.partition(":")[2].lstrip("/")
        user = rest.rpartition("@")[0]
        secrets |= {url, rest, user, unquote(user), user.partition(":")[2]}
    for secret in sorted(secrets - {""}, key=len, reverse=True):
        words = words.replace(secret, "…")
    return words


def _or_blame(owner: Owner, what: str, act: Callable[[], _T], shown: Callable[[str], str] = lambda words: words) -> _T:
    try:
        return act()
    except StabflowError:
        raise
    except RAISED as error:
        raise owner.error(f"{what} failed: {shown(said(error, owner.module))}") from error
