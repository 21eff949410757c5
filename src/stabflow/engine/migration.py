"""Letting running cases go on under another version of their procedure, one at a time or all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from ..case import Case, with_changes
from ..decision import decider
from ..decision.commands import Migrate
from ..decision.events import Event, Migrated
from ..decision.evolution import replay
from ..decision.limits import limits_told
from ..decision.migration import check_names, check_version, known_names, passed_told, renaming_of
from ..decision.renaming import DROPPED, Renaming
from ..errors import Blocker, InvalidInput, Refused, VersionConflict
from ..history.commit import request_digest
from ..history.record import Record
from ..language import Procedure
from ..ports.store import CaseQuery
from ..reasoning.fit import misfits
from ..text import Language, Text, quoted, same, say
from . import observers, pages, streams
from .proofs import prove
from .shell import RETRIES, Shell
from .work import Work, clean_key


@attrs.frozen(kw_only=True)
class Migration:
    """What became of a case that was to go on under another version, or would.

    ``before`` and ``after`` are the procedures, by id and version; ``changes`` what is called otherwise or dropped; ``blockers``
    all that stands against it; ``record`` is there where it was done.
    """

    case_id: str
    before: str
    after: str
    changes: tuple[Text, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    record: Record | None = None

    @property
    def possible(self) -> bool:
        """Whether nothing stands against it."""
        return not self.blockers

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The migration as plain JSON values, its sentences in ``language``."""
        return {
            "case": self.case_id,
            "before": self.before,
            "after": self.after,
            "changes": [text.get(language) for text in self.changes],
            "blockers": [blocker.as_dict(language) for blocker in self.blockers],
            "version": None if self.record is None else self.record.version,
        }


def migrate(
    shell: Shell, case_id: str, command: Migrate, *, key: str | None, at: datetime | None, dry_run: bool
) -> Migration:
    """Let a case go on under another version, as one recorded act, or say what that would change. `Refused` with every reason
    where it may not; with ``dry_run`` the reasons are told instead."""
    digest = None
    if key is not None:
        key = clean_key(key)
        who = {"actor": command.actor, "role": command.role, "basis": command.basis}
        digest = request_digest([{**who, "to": command.to.digest, "renamed": dict(command.renamed)}])
        if not dry_run and (found := shell.recall(streams.case_stream(case_id), key, digest)) is not None:
            return _done(shell, case_id, command, shell.records(streams.case_stream(case_id), found, key)[0])
    for attempt in range(RETRIES + 1):
        procedure, case, context = shell.asked(case_id)
        renaming = renaming_of(procedure, case, command)
        shell.registry.check_usable(command.to)
        proved = shell.registry.is_proved(command.to)
        if not proved and not case.unproved:
            prove(command.to)
            proved = True
        examined = decider.examined(procedure, case, command, context)
        if examined.is_free:  # what has no place there cannot be compared with what has
            for text in misfits(command.to, with_changes(case, **renaming.changes(case))):
                examined.add(Blocker(kind="migration", text=text))
        told = Migration(
            case_id=case_id,
            before=str(procedure),
            after=str(command.to),
            changes=tuple(_changes(procedure, command.to, case, renaming, examined.event)),
            blockers=tuple(examined.blockers),
        )
        if dry_run:
            return told
        try:
            examined.decided()
        except Refused as refusal:
            observers.refused(shell, case, refusal)
            raise
        work = Work.on(shell, case_id, key=key, at=at, if_version=case.version)
        record = work.do(command)
        try:
            shell.registry.keep(command.to, record, proved=proved, offices=work.offices_head)
            return attrs.evolve(told, record=work.commit(digest)[0])
        except VersionConflict:
            if attempt == RETRIES:
                raise
    raise AssertionError("the last attempt returns or raises")


def _done(shell: Shell, case_id: str, command: Migrate, record: Record) -> Migration:
    """What was done under the key already."""
    history = streams.read(shell.store, streams.case_stream(case_id))
    before = replay((one.event, one.stamp) for one in history if one.version < record.version)
    assert before is not None, "a case is opened before it is moved"
    name = f"{before.procedure}@{before.procedure_version}"
    return Migration(case_id=case_id, before=name, after=str(command.to), record=record)


def migrate_all(
    shell: Shell, command: Migrate, cases: Sequence[str] | None = None, *, dry_run: bool
) -> Iterator[Migration]:
    """The ``cases``, or every case of the procedure that is not over and runs under another version, each an act of its own; what
    cannot move is told, and stops none of the others. Begun again, it goes on with those that are left.

    They may run under several versions: a new name need be of something that one of them has. Whether each fits is asked before
    any case moves; it is `InvalidInput` where one does not.
    """
    wanted, known = command.renamed, dict[str, Mapping[str, str]]()
    moving = list(_moving(shell, command.to) if cases is None else cases)
    for case_id in moving:
        procedure, _ = shell.load(case_id)
        if procedure.digest not in known:
            known[procedure.digest] = known_names(procedure, wanted)
            check_version(procedure, command.to)
            check_names(procedure, command.to, known[procedure.digest])
            last = procedure
    strange = [name for name in wanted if known and all(name not in names for names in known.values())]
    if strange:
        check_names(last, command.to, {name: wanted[name] for name in strange})
    for case_id in moving:
        procedure, _ = shell.load(case_id)
        if procedure.digest == command.to.digest:
            continue  # somebody else has moved it meanwhile
        names = known.get(procedure.digest) or known_names(procedure, wanted)
        blockers: tuple[Blocker, ...]
        try:
            yield migrate(shell, case_id, attrs.evolve(command, renamed=names), key=None, at=None, dry_run=dry_run)
            continue
        except Refused as refusal:
            blockers = refusal.blockers
        except InvalidInput as fault:
            blockers = (Blocker(kind="migration", text=same(fault)),)
        yield Migration(case_id=case_id, before=str(procedure), after=str(command.to), blockers=blockers)


def _moving(shell: Shell, to: Procedure) -> Iterator[str]:
    for row in list(pages.cases(shell.store, CaseQuery(procedure=to.id))):
        if row.digest != to.digest:
            procedure, case = shell.load(row.case_id)
            if not procedure.states[case.state].final:
                yield row.case_id


def _changes(old: Procedure, new: Procedure, case: Case, renaming: Renaming, event: Event | None) -> Iterator[Text]:
    yield say("{old} becomes {new}", "由{old}改为{new}", old=old, new=new)
    for path, name in renaming.names.items():
        if name == DROPPED:
            title = _title(old, path)
            yield say(
                "{what} is no longer part of it, and stays in the history",
                "{what}不再属于该案件，历史记录予以保留",
                what=title,
            )
        else:
            yield say("{path} is called {name}", "{path}改称{name}", path=path, name=name)
    if isinstance(event, Migrated):
        after = with_changes(case, **renaming.changes(case))
        yield from limits_told(event, old, new, case, after)
        yield from passed_told(old, new, case, renaming)
    if case.due is not None:
        yield Text("what is due stays due when it was recorded to be", "现有期限不变")


def _title(procedure: Procedure, path: str) -> Text:
    parts = path.split(".")
    return quoted(procedure.field_title(parts[-1], parts[1] if parts[0] == "items" else None))


def names_in(mapping: Mapping[Any, Any] | None) -> dict[str, str]:
    """What is called otherwise, by path; `InvalidInput` where it is no table of names."""
    cure = 'give it like {"states.planning": "measures"}'
    if mapping is not None and not isinstance(mapping, Mapping):
        raise InvalidInput.at("mapping", f"{mapping!r:.60} is no table of names", cure)
    found = dict(mapping or {})
    for path, name in found.items():
        if not isinstance(path, str) or not isinstance(name, str):
            raise InvalidInput.at("mapping", f"{path!r:.60}: {name!r:.60} is no pair of names", cure)
    return found
