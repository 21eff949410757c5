"""Told after: duties that were not done in time."""

from __future__ import annotations

from pathlib import Path

from stabflow import Plugin, hookimpl
from stabflow.ports.hooks import Breach, Case


class BreachList(Plugin):
    """Appends a line for each duty that was not done in time to the file at ``path``: which role owes what in which case. Who
    held the role is left out: to name a person is for a body, not for a list."""

    contract = 1

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @hookimpl
    def stabflow_breach_found(self, case: Case, breach: Breach) -> None:
        roles = ",".join(breach.roles)
        words = [case.matter.key, case.id, breach.duty, breach.state, roles, breach.kind, breach.due.at.isoformat()]
        words += [f"escalation {breach.level}"] if breach.level else []
        words += ["possible"] if breach.possible else []
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\t".join(words) + "\n")
