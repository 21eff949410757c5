"""A dossier from its TOML file: every fault at once, each with its path and its cure, near misses suggested."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

from ..errors import Fault, InvalidInput, ProcedureError, near_miss
from ..language import Procedure, bundled
from ..language import load as load_procedure
from ..language.tables import read_file, tables_of
from ..values import MAX_BASIS, MAX_TITLE, Actor, Matter, check_office_holder, clean_id
from .examination import ActForm, Examiner
from .form import MAX_NOTE, Form, as_written
from .toml import in_toml
from .values import Dossier, PlannedAct, PlannedOffice, Verb

FORMAT = 1
_TABLES = ("dossier", "matter", "actors", "offices", "acts")
_COMMON = ("at", "by", "basis", "role", "note", "expect", "reasons")
_KEYS = {
    Verb.OPEN: ("trigger", "with"),
    Verb.APPOINT: ("actor",),
    Verb.RELIEVE: ("actor",),
    Verb.ADD: ("trigger", "with"),
    Verb.FIRE: ("item", "with"),
    Verb.AMEND: ("reason", "with"),
    Verb.DELEGATE: ("actor", "since", "until", "reason"),
    Verb.END_DELEGATION: ("actor",),
    Verb.RECUSE: ("actor", "reason"),
    Verb.STOP_CLOCK: ("reason",),
    Verb.RESUME_CLOCK: ("reason",),
}


def load(path: Path, *, now: datetime | None = None, procedure: Procedure | None = None) -> Dossier:
    """The dossier in the file ``path``; `InvalidInput` lists every fault of it. ``procedure`` stands in for the one it names."""
    return read(read_file(path, error=InvalidInput), path, now=now, procedure=procedure)


def read(data: bytes, path: Path, *, now: datetime | None = None, procedure: Procedure | None = None) -> Dossier:
    """The dossier in ``data``, as if it stood in the file ``path``; otherwise as `load`."""
    what = f"dossier {path}"
    tables = tables_of(data, what=what, error=InvalidInput)
    try:
        return _Reader(tables, path, now or datetime.now(UTC), procedure).dossier(hashlib.sha256(data).hexdigest())
    except ValueError as error:  # from writing out a huge number, which TOML can have in hexadecimal
        raise InvalidInput.at("(file)", "has a number of too many digits", "mend the number", what=what) from error


class _Reader:
    """One reading of one file."""

    def __init__(
        self, tables: Mapping[str, object], path: Path, now: datetime, procedure: Procedure | None = None
    ) -> None:
        self.path = path
        self.now = now
        self.instead = procedure
        self.faults: list[Fault] = []
        self.root = Form(tables, "", self.faults, _TABLES)
        self.actors: dict[str, Actor] = {}
        self.handles: tuple[str, ...] = ()

    def dossier(self, digest: str) -> Dossier:
        head = self._form("dossier", ("format", "title", "procedure", "illustrative"), optional=("notes", "unproved"))
        self._format(head)
        title = head.words("title", max_length=MAX_TITLE)
        illustrative = head.flag("illustrative")
        notes = self._notes(head)
        procedure = self._procedure(head)
        unproved = head.read("unproved", _is_allowed, required=False)
        about = self._form("matter", ("key", "title"))
        key = about.read("key", lambda value: clean_id(value, "key"))
        name = about.text("title", max_length=MAX_TITLE, one_line=True)
        matter = None if key is None or name is None else Matter(key, name)
        self._actors()
        examiner = None if procedure is None else Examiner(procedure, self.actors, self.handles, self.faults)
        offices = [
            self._office(number, one, procedure) for number, one in enumerate(self.root.tables("offices"), start=1)
        ]
        acts = [
            self._act(number, one, examiner)
            for number, one in enumerate(self.root.tables("acts", required=True), start=1)
        ]
        self._order(offices, acts)
        if examiner is not None and acts and not examiner.opened and not examiner.is_doubtful:
            self.faults.append(Fault("acts", "open no case", "begin with an act that has open = true"))
        whole_offices = tuple(one for one in offices if isinstance(one, PlannedOffice))
        whole_acts = tuple(one for one in acts if isinstance(one, PlannedAct))
        if self.faults or title is None or illustrative is None or matter is None or procedure is None:
            raise InvalidInput(self.faults, what=f"dossier {self.path}")
        return Dossier(
            source=str(self.path),
            digest=digest,
            title=title,
            procedure=procedure,
            unproved="allow" if unproved else "refuse",
            illustrative=illustrative,
            notes=notes,
            matter=matter,
            offices=whole_offices,
            acts=whole_acts,
        )

    def _form(self, key: str, keys: tuple[str, ...], *, optional: tuple[str, ...] = ()) -> Form:
        if key not in self.root.table:
            self.faults.append(Fault(key, "is missing", f"write [{key}] with {', '.join(keys)}"))
            return Form(dict.fromkeys(keys), key, [], keys)
        return Form(self.root.table[key], key, self.faults, (*keys, *optional))

    def _format(self, head: Form) -> None:
        value = head.read("format", _as_is)
        if value is not None and (value != FORMAT or isinstance(value, bool)):
            head.fault("format", f"{in_toml(value)} is not a format this stabflow reads", f"write format = {FORMAT}")

    def _notes(self, head: Form) -> tuple[str, ...]:
        value = head.table.get("notes", [])
        if not isinstance(value, list):
            head.fault("notes", "is not a list", 'write ["…", "…"]')
            return ()
        entries = Form({str(n): note for n, note in enumerate(value)}, "", [], [str(n) for n in range(len(value))])
        notes = tuple(entries.text(str(n), max_length=MAX_NOTE) or "" for n in range(len(value)))
        for fault in entries.faults:
            head.fault(f"notes[{fault.path}]", fault.problem, fault.cure)
        return notes

    def _procedure(self, head: Form) -> Procedure | None:
        name = head.text("procedure", max_length=1_000)
        if self.instead is not None or name is None:
            return self.instead
        if name.endswith(".toml"):
            return load_procedure(self.path.parent / name)
        try:
            return bundled(name)
        except ProcedureError as error:
            for fault in error.faults:
                head.fault("procedure", f"no procedure is called {name!r}", fault.cure)
            return None

    def _actors(self) -> None:
        value = self.root.table.get("actors", {})
        if not isinstance(value, Mapping):
            self.faults.append(Fault("actors", "is not a table", "write [actors.HANDLE] with id and body"))
            return
        self.handles = tuple(value)
        for handle, one in value.items():
            form = Form(one, f"actors.{handle}", self.faults, ("id", "body"))
            id_ = form.read("id", _actor_id)
            body = form.read("body", _body)
            if id_ is None or body is None:
                continue
            actor = Actor(id_, body=body)
            same = [other for other, known in self.actors.items() if known == actor]
            if same:
                form.fault("id", f"is that of {same[0]!r}", "give each office-holder one handle")
            self.actors[handle] = actor

    def _holder(self, form: Form, key: str) -> Actor | None:
        handle = form.text(key, max_length=200)
        if handle is not None and handle not in self.handles:
            form.fault(key, f"unknown office-holder {handle!r}", near_miss(handle, self.handles))
        return self.actors.get(handle or "")

    def _office(self, number: int, table: object, procedure: Procedure | None) -> PlannedOffice | datetime | None:
        form = Form(table, f"offices[{number - 1}]", self.faults, ("role", "actor", "basis", "at"))
        at, basis, holder = form.time("at"), form.basis(), self._holder(form, "actor")
        role = form.text("role", max_length=200)
        if role is not None and procedure is not None:
            known = [name for name, one in procedure.roles.items() if one.standing]
            if role not in procedure.roles:
                form.fault("role", f"unknown role {role!r}", near_miss(role, known))
            elif role not in known:
                form.fault("role", f"{role!r} is no standing office", "let an act appoint to it, once the case is open")
        self._not_ahead(form, at)
        if at is None or basis is None or holder is None or role is None:
            return at
        return PlannedOffice(number=number, at=at, role=role, holder=holder, basis=basis)

    def _act(self, number: int, table: object, examiner: Examiner | None) -> PlannedAct | datetime | None:
        said = table if isinstance(table, Mapping) else {}
        verbs = [verb for verb in Verb if verb.value in said]
        keys = _COMMON + tuple(verb.value for verb in verbs) + tuple(key for verb in verbs for key in _KEYS[verb])
        if not verbs:
            keys += tuple(dict.fromkeys(key for verb in Verb for key in (verb.value, *_KEYS[verb])))
        form = Form(table, f"acts[{number - 1}]", self.faults, tuple(dict.fromkeys(keys)))
        at, basis, by = form.time("at"), form.basis(), self._holder(form, "by")
        self._not_ahead(form, at)
        role = form.text("role", max_length=200, required=False)
        note = form.words("note", max_length=MAX_NOTE, required=False)
        refused, reasons = self._expectation(form)
        if len(verbs) != 1:
            if examiner is not None:
                examiner.is_doubtful = True
            shown = " and ".join(verb.value for verb in verbs) or "none"
            if said:
                form.fault(
                    "",
                    f"needs exactly one verb, and has {shown}",
                    f"give one of {', '.join(verb.value for verb in Verb)}",
                )
            return at
        verb = verbs[0]
        what = None
        if verb is Verb.OPEN:
            if form.flag("open") is False:
                form.fault("open", "false opens nothing", "write open = true, or leave the act out")
        else:
            what = form.text(verb.value, max_length=200)
        trigger = form.text("trigger", max_length=200, required=False) if verb in (Verb.OPEN, Verb.ADD) else None
        item = form.text("item", max_length=200, required=False) if verb is Verb.FIRE else None
        reason = form.text("reason", max_length=MAX_BASIS) if "reason" in _KEYS[verb] else ""
        person = self._holder(form, "actor") if verb.is_of_a_role else None
        until = form.read("until", _day) if verb is Verb.DELEGATE else None
        since = form.read("since", _day, required=False) if verb is Verb.DELEGATE else None
        if (verb is Verb.AMEND or verb.is_of_a_clock) and what == "case":
            what = None
        elif verb is not Verb.OPEN and what is None:
            return at
        if examiner is None:
            return at
        before = len(self.faults)
        values = examiner.examine(ActForm(form, verb, what, trigger, item, role, refused))
        wanting = at is None or basis is None or by is None or reason is None or len(self.faults) > before
        if wanting or (verb.is_of_a_role and person is None) or (verb is Verb.DELEGATE and until is None):
            return at
        assert at is not None
        assert basis is not None
        assert by is not None
        return PlannedAct(
            number=number, at=at, by=by, basis=basis, verb=verb, what=what, trigger=trigger, item=item, person=person,
            reason=reason or "", since=since, until=until, role=role, values=values, note=note, refused=refused, reasons=reasons,
        )  # fmt: skip

    def _expectation(self, form: Form) -> tuple[bool, int]:
        expected = form.read("expect", _as_is, required=False)
        if "expect" in form.table and expected != "refused":
            form.fault("expect", f"{in_toml(expected)} cannot be expected", 'write "refused", or leave it out')
        reasons = form.read("reasons", _as_is, required=False)
        if reasons is None:
            return expected == "refused", 1
        if "expect" not in form.table:
            form.fault("reasons", "is said of an act that is not to be refused", 'add expect = "refused"')
        if isinstance(reasons, bool) or not isinstance(reasons, int) or not 1 <= reasons <= 1_000:
            form.fault("reasons", f"{in_toml(reasons)} is no number of reasons", "give a whole number from 1")
            return expected == "refused", 1
        return expected == "refused", reasons

    def _not_ahead(self, form: Form, at: datetime | None) -> None:
        if at is not None and at > self.now:
            form.fault("at", f"{as_written(at)} lies ahead of the clock", "claim no future time")

    def _order(self, offices: list[PlannedOffice | datetime | None], acts: list[PlannedAct | datetime | None]) -> None:
        times: list[tuple[str, datetime]] = []
        for name, things in (("offices", offices), ("acts", acts)):
            for index, one in enumerate(things):
                at = one if isinstance(one, datetime) or one is None else one.at
                if at is not None:
                    times.append((f"{name}[{index}].at", at))
        for (earlier, before), (path, at) in pairwise(times):
            if at < before:
                problem = f"{as_written(at)} is before {earlier}, {as_written(before)}"
                self.faults.append(
                    Fault(path, problem, "put offices first, and everything in the order in which it happened")
                )


def _is_allowed(value: object) -> bool:
    if value not in ("refuse", "allow"):
        raise InvalidInput.at("unproved", f"{in_toml(value)} is not known", 'write "allow", or leave it out')
    return value == "allow"


def _day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidInput.at(
            "", f"{in_toml(value)} is not a day", "give a day without a time, without quotes: 2027-03-01"
        )
    return value


def _as_is(value: object) -> object:
    return value


def _actor_id(value: object) -> str:
    actor = Actor(value, body="body")
    check_office_holder(actor, "id")
    return actor.id


def _body(value: object) -> str:
    return Actor("id", body=value).body
