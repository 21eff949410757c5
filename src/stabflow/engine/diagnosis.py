"""What a check is, what it looks at, and what it comes to."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property

import attrs

from ..case import Case, frozen
from ..decision.recalendaring import Recounting, recount
from ..language import Procedure
from ..ports.store import MAX_PAGE, CaseQuery, CaseRow, DutyQuery, DutyRow
from ..text import Language, Text
from . import pages
from .shell import Shell, present


class Health(enum.Enum):
    """What a check comes to."""

    FINE = "fine"
    ATTEND = "attend"
    FAILED = "failed"


HEALTH_TITLES = {
    Health.FINE: Text("fine", "正常"),
    Health.ATTEND: Text("attend to it", "需处理"),
    Health.FAILED: Text("does not work", "不可用"),
}


@attrs.frozen(kw_only=True)
class Diagnosis:
    """What one check found: ``text`` says it, ``cure`` what to do about it, ``facts`` are the numbers behind it; ``title`` is
    that of the check, where it is not one of ours."""

    check: str
    health: Health
    text: Text
    title: Text | None = None
    cure: Text | None = None
    facts: Mapping[str, object] = attrs.field(factory=dict, converter=frozen)

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The diagnosis as plain JSON values, its sentences in ``language``."""
        return {
            "check": self.check,
            "health": self.health.value,
            "text": self.text.get(language),
            "cure": None if self.cure is None else self.cure.get(language),
            "facts": dict(self.facts),
        }


class Patient:
    """What the checks look at; each thing is read once."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    @cached_property
    def now(self) -> datetime:
        """What the clock says."""
        return self.shell.now()

    @cached_property
    def cases(self) -> Sequence[CaseRow]:
        """The index rows of all cases."""
        return tuple(pages.cases(self.shell.store, CaseQuery(limit=MAX_PAGE)))

    @cached_property
    def duties(self) -> Sequence[DutyRow]:
        """The index rows of all open duties."""
        return tuple(pages.duties(self.shell.store, DutyQuery(limit=MAX_PAGE)))

    @cached_property
    def owing(self) -> Sequence[tuple[Procedure, Case]]:
        """The cases that owe something, with their procedures."""
        return tuple(
            self.shell.load(case_id, looking=True) for case_id in dict.fromkeys(row.case_id for row in self.duties)
        )

    @cached_property
    def recounted(self) -> Sequence[Recounting]:
        """What `Engine.recalendar` would do."""
        offices = self.shell.offices.current()
        return [
            recount(procedure, case, self.shell.context(procedure, present(self.now, case, offices), offices, ()))
            for procedure, case in self.owing
        ]


@attrs.frozen
class Check:
    """One thing that is looked at; ``run`` says what it found, in one diagnosis or several."""

    name: str
    title: Text
    run: Callable[[Patient], Iterable[Diagnosis]]
