"""What a plugin brought, used: whatever goes wrong then is the plugin's error, and fails closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from ..calendar import Calendar
from ..decision.checks import RAISED
from ..errors import Blocker, PluginError, StabflowError
from ..ports.hooks import CalendarSource, NamedRequirement
from ..ports.store import CONTRACT, Clock, Store
from ..requirements import PluginRequirement, View
from .blame import Owner, said, with_article
from .discretion import public, secrets_in, without
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
        store: object = _or_blame(
            owner, opening, lambda: open_(url, clock), lambda words: without(words, secrets_in(url))
        )
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


def _or_blame(owner: Owner, what: str, act: Callable[[], _T], shown: Callable[[str], str] = lambda words: words) -> _T:
    try:
        return act()
    except StabflowError:
        raise
    except RAISED as error:
        raise owner.error(f"{what} failed: {shown(said(error, owner.module))}") from error
