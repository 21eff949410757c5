"""Everything known of one matter: its cases under whatever procedure, the acts by which it was screened out, the attempts to go
ahead with it, and what stands out in all that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo

import attrs

from ..case import Case, frozen
from ..decision.clearance import is_refusing, uncleared
from ..decision.disclosure import Audience
from ..decision.events import Attempted, Migrated, Moved, Opened
from ..decision.permission import BY_TIME, TIME_TITLE
from ..errors import Blocker, Corrupt
from ..history.record import Record
from ..history.writing import plain_value
from ..language import Outcome, Procedure, Step
from ..language.lifecycle import FIVE_STEPS
from ..ports.store import CaseQuery
from ..text import Language, Text
from ..values import Value, clean_id, moment_text
from . import pages, streams
from .attempts import attempts, cases_seen, for_public
from .handle import CaseHandle
from .shell import Shell
from .shown import ShownCase


@attrs.frozen(kw_only=True)
class OnRecord:
    """An act, as its ``record`` has it, with what its procedure calls the act, the role, and each fact that it stated."""

    record: Record
    act: Text
    role: Text
    stated: Mapping[str, Value] = attrs.field(factory=dict, converter=frozen, hash=False)
    titles: Mapping[str, Text] = attrs.field(factory=dict, converter=frozen, hash=False)

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The act as plain JSON values."""
        return {
            **reference(self.record),
            "occurred_at": moment_text(self.record.occurred_at),
            "recorded_at": moment_text(self.record.recorded_at),
            "act": self.act.get(language),
            "actor": self.record.actor.id,
            "body": self.record.actor.body,
            "role": self.record.role,
            "role_title": self.role.get(language),
            "basis": self.record.basis.text,
            "basis_digest": self.record.basis.digest,
            "stated": {name: plain_value(value) for name, value in self.stated.items()},
        }


@attrs.frozen(kw_only=True)
class CaseOnMatter:
    """A case on the matter, as it stood at ``version``.

    ``over``: it stands in a final state. ``against`` is all that keeps its gate shut, asked of it alone. ``assessed``: the act by
    which it first came into the five steps; ``screened_out``: that by which it ended in a state of step `scope`; ``moved``: that
    by which it came to where it stands.
    """

    case_id: str
    procedure: Procedure
    title: str
    state: str
    step: Step | None
    outcome: Outcome | None
    over: bool
    refusing: bool
    against: tuple[Blocker, ...]
    opened: OnRecord
    moved: OnRecord
    assessed: OnRecord | None
    screened_out: OnRecord | None
    version: int
    head: str

    @property
    def gate_open(self) -> bool:
        """Whether it would clear the matter, if there were no other case on it."""
        return not self.against

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The case as plain JSON values."""
        return {
            "case": self.case_id,
            "procedure": str(self.procedure),
            "title": self.title,
            "state": self.state,
            "state_title": self.procedure.state_title(self.state).get(language),
            "step": None if self.step is None else self.step.value,
            "outcome": None if self.outcome is None else self.outcome.value,
            "over": self.over,
            "gate_open": self.gate_open,
            "against": [one.as_dict(language) for one in self.against],
            "opened": self.opened.as_dict(language),
            "screened_out": None if self.screened_out is None else self.screened_out.as_dict(language),
            "version": self.version,
            "head": self.head,
        }


@attrs.frozen(kw_only=True)
class Attempt:
    """An attempt to go ahead, as its ``record`` has it: what stood against it then (``reasons``, by kind), by which procedures it
    was asked (``accept``). ``seen`` are the cases on the matter that there were, each with its version then, ``opened_since``
    those that were not there yet."""

    record: Record
    reasons: tuple[str, ...]
    accept: tuple[str, ...]
    seen: Mapping[str, int] = attrs.field(converter=frozen, hash=False)
    opened_since: tuple[str, ...]

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The attempt as plain JSON values."""
        return {
            **reference(self.record),
            "occurred_at": moment_text(self.record.occurred_at),
            "recorded_at": moment_text(self.record.recorded_at),
            "actor": self.record.actor.id,
            "body": self.record.actor.body,
            "basis": self.record.basis.text,
            "basis_digest": self.record.basis.digest,
            "reasons": list(self.reasons),
            "accept": list(self.accept),
            "opened_since": list(self.opened_since),
        }


@attrs.frozen(kw_only=True)
class Observation:
    """Something that stands out, as a plain fact, with the records that it rests on. What follows from it, a body decides."""

    kind: str
    text: Text
    records: tuple[Record, ...]

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The observation as plain JSON values."""
        return {
            "kind": self.kind,
            "text": self.text.get(language),
            "records": [reference(record) for record in self.records],
        }


@attrs.frozen(kw_only=True)
class MatterOverview:
    """What was known at ``asked_at`` of the matter with this ``key``: its cases and the attempts to go ahead with it in the order
    in which they came, and what stands out."""

    key: str
    asked_at: datetime
    cases: tuple[CaseOnMatter, ...]
    attempts: tuple[Attempt, ...]
    observations: tuple[Observation, ...] = ()

    @property
    def known(self) -> bool:
        """Whether anything is known of it."""
        return bool(self.cases or self.attempts)

    @property
    def zone(self) -> tzinfo:
        """By whose clock its times are told: that of the newest case; UTC where there is none."""
        return self.cases[-1].procedure.zone if self.cases else UTC

    @property
    def screened_out(self) -> tuple[CaseOnMatter, ...]:
        """The cases in which it was found not to need the assessment."""
        return tuple(one for one in self.cases if one.screened_out is not None)

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """All of it as plain JSON values, its sentences in ``language``."""
        return {
            "matter": self.key,
            "known": self.known,
            "asked_at": moment_text(self.asked_at),
            "cases": [one.as_dict(language) for one in self.cases],
            "attempts": [one.as_dict(language) for one in self.attempts],
            "observations": [one.as_dict(language) for one in self.observations],
        }


def reference(record: Record) -> dict[str, object]:
    """Where a record stands, and the hash by which it is known again."""
    return {"stream": record.stream, "version": record.version, "hash": record.hash}


def everything_on(shell: Shell, matter: str, audience: Audience = "official") -> MatterOverview:
    """The cases on the matter and the attempts to go ahead with it, as the store has them now and ``audience`` is shown them."""
    key, now = clean_id(matter, "matter"), shell.now()
    tried = attempts(shell, key)  # before the cases: which of them an attempt names is there
    rows = pages.cases(shell.store, CaseQuery(matter=key))
    shown = [CaseHandle(shell, row.case_id).shown_to(audience) for row in rows]
    cases = [_case(shell, one) for one in shown]
    tried = tuple(for_public(tried, {one.id for one in shown if not one.is_whole}))
    cases.sort(key=lambda one: (one.opened.record.occurred_at, one.opened.record.recorded_at, one.case_id))
    return MatterOverview(
        key=key, asked_at=now, cases=tuple(cases), attempts=tuple(_attempt(one, cases) for one in tried)
    )


def _attempt(record: Record, cases: list[CaseOnMatter]) -> Attempt:
    event = record.event
    assert isinstance(event, Attempted), "`attempts` gives nothing else"
    seen = cases_seen(event)
    since = tuple(one.case_id for one in cases if one.case_id not in seen)
    return Attempt(record=record, reasons=event.reasons, accept=event.accept, seen=seen, opened_since=since)


def _case(shell: Shell, shown: ShownCase) -> CaseOnMatter:
    procedure, case, context = shell.asked(shown.id)
    against = shown.reasons(uncleared(procedure, case, context))
    state, came = procedure.states[case.state], _Coming(shell, case, shown.history()[: case.version])
    entered = case.entered[case.state].version
    out = came.at(entered) if state.final and state.step is Step.SCOPE else None
    return CaseOnMatter(
        case_id=case.id,
        procedure=procedure,
        title=case.matter.title,
        state=case.state,
        step=state.step,
        outcome=state.outcome,
        over=state.final,
        refusing=is_refusing(procedure, case),
        against=against,
        opened=came.at(1),
        moved=came.at(entered),
        assessed=came.assessed,
        screened_out=out,
        version=case.version,
        head=came.head,
    )


class _Coming:
    """How a case came to where it stands: its records, each read under the version of the procedure of its time."""

    def __init__(self, shell: Shell, case: Case, records: Sequence[Record]) -> None:
        self.head = records[-1].hash
        self.assessed: OnRecord | None = None
        self._records: list[tuple[Record, Procedure]] = []
        stream, procedure = streams.case_stream(case.id), None
        for record in records:
            event = record.event
            if isinstance(event, Opened | Migrated):
                procedure = shell.registry.of_case(case.procedure, event.procedure_version, event.digest)
            if procedure is None:
                raise Corrupt(f"{stream} begins with {record.tag}")
            self._records.append((record, procedure))
            state = _entered(record)
            if self.assessed is None and state is not None and procedure.states[state].step in FIVE_STEPS:
                self.assessed = self.at(record.version)

    def at(self, version: int) -> OnRecord:
        """The act that the record ``version`` is of."""
        record, procedure = self._records[version - 1]
        event = record.event
        assert isinstance(event, Opened | Moved), "a state is entered by a row of the case"
        return OnRecord(
            record=record,
            act=procedure.trigger_title(event.trigger),
            role=TIME_TITLE if record.role == BY_TIME else procedure.role_title(record.role),
            stated=event.values,
            titles={name: procedure.field_title(name) for name in event.values},
        )


def _entered(record: Record) -> str | None:
    """The state that the case came to by this record."""
    match record.event:
        case Opened(state=state):
            return state
        case Moved(dest=dest):
            return dest
    return None
