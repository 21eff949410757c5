"""Reminders before something falls due, appended by the tick as notices without a record: each once for a duty and its due time,
on however many machines the tick runs, and also where it was killed half way.

What keeps a reminder from coming twice is its key in the stream of the case: a tick that was down for days sends what is left
to send, and one that finds the key sends nothing. Where a due time moves, that is another one, with reminders of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import attrs

from .. import canonical
from ..case import Appointment, Case, kind_of_duty
from ..decision.duties import Duty, case_duties, item_duties
from ..decision.leads import Lead, horizon, limit_began, passed
from ..decision.notices import of_duty, rendered
from ..errors import VersionConflict
from ..history.codec import moment_from
from ..history.commit import reminder
from ..language import Procedure
from ..ports.store import MAX_PAGE, CaseQuery, DutyQuery, DutyRow
from ..values import moment_text
from . import pages, streams
from .shell import RETRIES, Shell
from .work import OF_TIME

KEPT = 100_000
"""Of so many reminders is known in this process that they were sent; of others the store is asked."""

Trying = Callable[[str, Callable[[], None]], bool]
"""Does something about a case; whether that went well."""


@attrs.define
class Reminding:
    """The reminders that are due ``until`` a time, under procedures each with all its versions; ``count`` says how many notices
    have gone into the outbox."""

    shell: Shell
    until: datetime
    trying: Trying
    count: int = 0

    def of(self, versions: Sequence[Procedure]) -> None:
        """Send what is to be sent under the ``versions`` of one procedure."""
        shell, now = self.shell, self.shell.now()
        end = horizon(versions, self.until, shell.calendar)
        if end is None or not shell.notifies:
            return
        if len(shell.reminded) > KEPT:
            shell.reminded.clear()
        version_of = _version_of(shell, versions)
        query = DutyQuery(
            procedure=versions[0].id, level=0, breached=False, due_before=moment_text(end), limit=MAX_PAGE
        )
        looked_at: set[tuple[str, str]] = set()
        for row in list(pages.duties(shell.store, query)):
            what = (row.case_id, row.duty)  # of several holders each has a row
            if what in looked_at or moment_from(row.due_at) <= now:
                continue
            looked_at.add(what)
            if self._is_missing(version_of(row.case_id), row):
                self.trying(row.case_id, functools.partial(self._remind, row.case_id, row.duty))

    def _is_missing(self, procedure: Procedure, row: DutyRow) -> bool:
        """Whether a reminder that this row of the index calls for has not been sent; the case is asked only then."""
        named = "" if row.role in procedure.roles else row.actor
        due = moment_from(row.due_at)
        leads = passed(procedure, row.duty, row.state, due, self.until, self.shell.calendar)
        return any(not self._is_sent(row.case_id, _key(one, row.duty, row.state, due, named)) for one in leads)

    def _is_sent(self, case_id: str, key: str) -> bool:
        sent = self.shell.reminded
        if (case_id, key) in sent:
            return True
        if self.shell.store.lookup(streams.case_stream(case_id), key) is None:
            return False
        sent.add((case_id, key))
        return True

    def _remind(self, case_id: str, duty: str) -> None:
        """Send what is missing of one duty, as the case has it now: nothing where it was done, or is due at another time."""
        shell = self.shell
        for attempt in range(RETRIES + 1):
            procedure, case, offices = shell.standing(case_id)
            try:
                for key, lead, owed in self._missing(procedure, case, duty):
                    self._send(key, lead, owed, procedure, case, offices.of(procedure))
            except VersionConflict:
                if attempt == RETRIES:
                    raise
            else:
                return

    def _missing(self, procedure: Procedure, case: Case, duty: str) -> Iterator[tuple[str, Lead, Duty]]:
        shell = self.shell
        now = max(self.until, shell.now())
        for owed in _owed(procedure, case, duty):
            if owed.duty != duty or owed.level or owed.breached or owed.due is None or owed.due.at <= now:
                continue
            named = "" if owed.role in procedure.roles or not owed.holders else owed.holders[0][0]
            due, began = owed.due.at, limit_began(owed.due)
            for lead in passed(procedure, duty, owed.state, due, self.until, shell.calendar, began):
                key = _key(lead, duty, owed.state, due, named)
                if not self._is_sent(case.id, key):
                    yield key, lead, owed

    def _send(
        self, key: str, lead: Lead, owed: Duty, procedure: Procedure, case: Case, offices: Sequence[Appointment]
    ) -> None:
        shell = self.shell
        told = attrs.evolve(of_duty(procedure, case, owed.duty, owed.state, offices), lead=lead.long)
        notices = list(rendered(procedure, lead.rule, told, origin=key, created_at=shell.now()))
        if notices:
            stream = streams.case_stream(case.id)
            if not shell.store.append(reminder(stream, case.version, case.head, notices, key)).replayed:
                self.count += len(notices)
        shell.reminded.add((case.id, key))


def _owed(procedure: Procedure, case: Case, duty: str) -> Iterator[Duty]:
    """The open duties of a case among which ``duty`` is, if it is open."""
    if kind_of_duty(duty) is None:
        yield from case_duties(procedure, case)
    elif duty in case.items:
        yield from item_duties(procedure, case, case.items[duty])


def _version_of(shell: Shell, versions: Sequence[Procedure]) -> Callable[[str], Procedure]:
    """What tells under which of ``versions`` a case runs: with more than one, the index of cases is read for it."""
    if len(versions) == 1:
        return lambda _: versions[0]
    by_digest = {version.digest: version for version in versions}
    rows = pages.cases(shell.store, CaseQuery(procedure=versions[0].id, limit=MAX_PAGE))
    known = {row.case_id: by_digest.get(row.digest, versions[0]) for row in rows}
    return lambda case_id: known.get(case_id, versions[0])


def _key(lead: Lead, duty: str, state: str, due: datetime, named: str) -> str:
    """The key of one reminder. Whoever is ``named`` as the owner is reminded of what was another's before."""
    said = [lead.rule.name, duty, state, moment_text(due), str(lead.long), named]
    return f"{OF_TIME}remind:{canonical.sha256(canonical.encode(said))}"
