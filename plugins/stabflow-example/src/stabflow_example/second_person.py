"""Asked before: a second person."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from stabflow import Plugin, hookimpl
from stabflow.ports.hooks import Blocker, Case, Command, Fire, Text


class SecondPerson(Plugin):
    """Whoever did the last act on the case itself, or had it done, does none of ``triggers``: a second person looks first."""

    contract = 1

    def __init__(self, triggers: Collection[str]) -> None:
        self.triggers = frozenset(triggers)

    @hookimpl
    def stabflow_check_command(self, case: Case | None, command: Command, now: datetime) -> Blocker | None:
        if case is None or not isinstance(command, Fire) or command.item is not None:
            return None
        if command.trigger not in self.triggers or command.actor.id not in case.acts[-1].doers:
            return None
        return Blocker(
            kind="second_person",
            text=Text("this takes somebody else than who did the act before", "须由前一办理人以外的人员办理"),
            facts={"version": case.acts[-1].version},
        )
