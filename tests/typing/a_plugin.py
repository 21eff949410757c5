"""A plugin with every hook, as mypy --strict accepts it; nothing here is run. What it must refuse is in test_typing.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import assert_type

import stabflow
from stabflow import Blocker, Case, Engine, Plugin, Procedure, Record, Refused, hookimpl
from stabflow.ports.hooks import (
    Breach,
    CalendarSource,
    Clock,
    Command,
    Fire,
    NamedRequirement,
    NotifierScheme,
    StoreScheme,
    Text,
)
from stabflow.ports.notifier import Message, Notifier, Rejected, Result, Retry, Secrets
from stabflow.ports.store import Capability, Store


def open_store(url: str, clock: Clock | None) -> Store:
    raise NotImplementedError(url, clock)


class Pigeons(Notifier):
    """A way to send messages."""

    contract = 1
    deduplicates = True

    def check_address(self, address: str) -> None: ...

    def send(self, message: Message, *, within: float) -> Result:
        return (
            Rejected("no such loft", gone=True) if message.attempt > 1 else Retry("fog", after=within, maybe_sent=True)
        )


def open_pigeons(url: str, secrets: Secrets) -> Notifier:
    return Pigeons()


class Whole(Plugin):
    """Every hook there is."""

    contract = 1

    @hookimpl
    def stabflow_stores(self) -> Iterable[StoreScheme]:
        return (StoreScheme("cellar", open_store, frozenset({Capability.DURABLE})),)

    @hookimpl
    def stabflow_notifiers(self) -> Iterable[NotifierScheme]:
        return (NotifierScheme("pigeons", open_pigeons),)

    @hookimpl
    def stabflow_procedures(self) -> Sequence[Procedure]:
        return [stabflow.procedure("five-step")]

    @hookimpl
    def stabflow_requirements(self) -> Iterator[NamedRequirement]:
        yield NamedRequirement("budget", lambda view, table: None)

    @hookimpl
    def stabflow_calendars(self) -> list[CalendarSource]:
        return []

    @hookimpl
    def stabflow_check_command(self, case: Case | None, command: Command, now: datetime) -> Blocker | None:
        if case is not None and isinstance(command, Fire) and case.version > 1:
            return Blocker(kind="house", text=Text(command.trigger, "否"))
        return None

    @hookimpl
    def stabflow_recorded(self, case: Case, records: Sequence[Record]) -> None:
        for record in records:
            assert_type(record.version, int)

    @hookimpl
    def stabflow_refused(self, case: Case | None, refusal: Refused) -> None:
        assert_type(refusal.blockers, tuple[Blocker, ...])

    @hookimpl
    def stabflow_breach_found(self, case: Case, breach: Breach) -> None:
        assert_type(breach.possible, bool)


whole = Whole()
assert_type(whole.stabflow_requirements(), Iterator[NamedRequirement])
assert_type(stabflow.open("memory:", plugins=[whole]), Engine)
stabflow.open("memory:", plugins=["house"])
stabflow.open("memory:", plugins=(whole, "house"))
