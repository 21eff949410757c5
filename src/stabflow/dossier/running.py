"""Running a dossier: rehearsed on a memory store, then written, each act under a key, so that it happens once.

The rehearsal begins with the real store's standing offices and its edition of the procedure, so that what stands against the
dossier there is met before anything is written.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime

import attrs

from ..case import Case
from ..decision.disclosure import Audience, check_audience, refusal_for_public
from ..decision.events import BreachFound
from ..engine import Acts, CaseHandle, Engine, open_engine
from ..errors import Fault, FaultyInput, InvalidInput, ProcedureError, Refused
from ..history.record import Record
from ..ports.hooks import Plugin
from ..ports.store import Clock
from .form import as_written
from .values import Dossier, NotAsExpected, PlannedAct, PlannedOffice, Verb

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00")

Progress = Callable[[int, int], None]
"""Told how many acts and offices are written, of how many."""


@attrs.frozen
class Tried:
    """An act in the rehearsal: its refusal, or ``None`` where it was accepted; and the case after it."""

    act: PlannedAct
    refusal: Refused | None
    case: Case | None


@attrs.frozen(kw_only=True)
class Run:
    """What a run did: it wrote ``written`` acts and offices itself, ``present`` were there already (or another run of the same
    dossier was faster), ``present_offices`` of these offices; where all were at the first look, nothing was rehearsed."""

    dossier: Dossier
    case_id: str
    rehearsal: tuple[Tried, ...]
    written: int
    present: int
    present_offices: int = 0

    def shown_to(self, audience: Audience) -> Run:
        """The run as ``audience`` is shown it: the public learns of no number that a refused act was to state."""
        check_audience(audience)
        return (
            self if audience == "official" else attrs.evolve(self, rehearsal=tuple(map(self._public, self.rehearsal)))
        )

    def _public(self, tried: Tried) -> Tried:
        if tried.refusal is None:
            return tried
        told = refusal_for_public(self.dossier.procedure, tried.act.kind, tried.refusal)
        return attrs.evolve(tried, refusal=told)


def rehearse(
    dossier: Dossier, *, clock: Clock | None = None, plugins: Sequence[Plugin | str] = (), beside: Engine | None = None
) -> tuple[Tried, ...]:
    """Every act of ``dossier``, tried on a memory store: the `Engine.rehearsal` of ``beside``, if that is given, else one with
    ``clock`` and ``plugins``.

    Raises `NotAsExpected` at the first act that comes out otherwise than the dossier says, `InvalidInput` at one that could never
    be right, and `ProcedureError` when ``beside`` keeps another definition of the procedure.
    """
    tried: list[Tried] = []
    with ExitStack() as stack:
        there = beside or stack.enter_context(
            open_engine("memory:", clock=clock, plugins=plugins, procedures=[dossier.procedure], late_entry=None)
        )
        engine = stack.enter_context(there.rehearsal(dossier.procedure))  # of which no plugin is told
        _rehearse_offices(dossier, engine, beside)
        handle: CaseHandle | None = None
        for act in dossier.acts:
            refusal = None
            try:
                handle, _ = _perform(dossier, engine, handle, act)
            except Refused as error:
                refusal = error
            except ProcedureError:
                raise
            except FaultyInput as error:
                raise InvalidInput(_placed(error, act), what=dossier.what) from error
            _check(dossier, act, refusal)
            tried.append(Tried(act, refusal, None if handle is None else handle.value))
    return tuple(tried)


def _placed(error: FaultyInput, one: PlannedAct | PlannedOffice) -> list[Fault]:
    """The faults of ``error`` with their place in the dossier, their times as the dossier writes times."""

    def local(found: re.Match[str]) -> str:
        return as_written(datetime.fromisoformat(found[0]).astimezone(one.at.tzinfo))

    faults = [fault.under(one.path) for fault in error.faults]
    return [attrs.evolve(fault, problem=_UTC.sub(local, fault.problem)) for fault in faults]


def _rehearse_offices(dossier: Dossier, engine: Engine, beside: Engine | None) -> None:
    """Fill the offices. What stands against them though the dossier alone would be right is the store's, and is said of it."""
    before = () if beside is None else beside.offices(dossier.procedure)
    faults: dict[Fault, None] = {}
    refused: set[str] = set()
    for office in dossier.offices:
        if _is_held(dossier, engine, office):
            continue
        try:
            engine.constitute(dossier.procedure, office.role, office.holder, office.basis, at=office.at)
        except Refused as error:
            refused |= {office.role, office.holder.id}
            faults |= {
                Fault(office.path, f"refused: {error.act.en}: {one.sentence().en}"): None for one in error.blockers
            }
        except FaultyInput as error:
            raise InvalidInput(_placed(error, office), what=dossier.what) from error
    if not faults:
        return
    if before and _is_right_alone(dossier):
        held = ", ".join(
            dict.fromkeys(
                f"{one.actor} ({one.body}) as {one.role}" for one in before if refused & {one.role, one.actor}
            )
        )
        cure = f"the store has {held}; nothing was written; give the dossier a fresh store, or withdraw these"
        first, *others = faults
        raise InvalidInput([attrs.evolve(first, cure=cure), *others], what=f"the store, beside {dossier.what},")
    raise InvalidInput(faults, what=dossier.what)


def _is_right_alone(dossier: Dossier) -> bool:
    with open_engine("memory:", procedures=[dossier.procedure], late_entry=None) as engine:
        try:
            _rehearse_offices(dossier, engine, None)
        except InvalidInput:
            return False
    return True


def _check(dossier: Dossier, act: PlannedAct, refusal: Refused | None) -> None:
    if refusal is None and act.refused:
        raise NotAsExpected.accepted(dossier, act)
    if refusal is not None and not act.refused:
        raise NotAsExpected.refused(dossier, act, refusal) from refusal
    if refusal is not None and len(refusal.blockers) < act.reasons:
        raise NotAsExpected.too_few(dossier, act, refusal) from refusal


def run(
    dossier: Dossier,
    store: str | Engine,
    *,
    clock: Clock | None = None,
    plugins: Sequence[Plugin | str] = (),
    progress: Progress | None = None,
) -> Run:
    """Rehearse ``dossier``, then write it to ``store`` (a URL, or an engine, which stays open).

    What is there already is not written again: a run that was interrupted is completed, one that was finished changes nothing.
    Raises what `rehearse` raises, and `InvalidInput` when the store holds the matter's case from elsewhere, or when somebody else
    has acted in it since; then nothing is written. Acts that are to be refused are tried in the rehearsal only. ``clock`` and
    ``plugins`` go with a URL; an engine has its own, and its ``late_entry``: a dossier of the past needs ``None``.
    """
    if isinstance(store, Engine):
        return _run(dossier, store, progress)
    with open_engine(store, clock=clock, plugins=plugins, procedures=[dossier.procedure], late_entry=None) as engine:
        return _run(dossier, engine, progress)


def _run(dossier: Dossier, engine: Engine, progress: Progress | None) -> Run:
    handle = _present_case(dossier, engine)
    acts = dossier.accepted()
    done = set() if handle is None else _keys_of(handle)
    missing = [act for act in acts if dossier.key(act.number) not in done]
    offices = [] if handle is not None else [one for one in dossier.offices if not _is_held(dossier, engine, one)]
    whole = len(acts) + len(dossier.offices)
    if handle is not None and not missing:
        return Run(
            dossier=dossier,
            case_id=handle.id,
            rehearsal=(),
            written=0,
            present=whole,
            present_offices=len(dossier.offices),
        )
    if handle is not None:
        _check_continuable(dossier, handle, done)
    rehearsal = rehearse(dossier, beside=engine)
    filled, written, there = 0, 0, whole - len(missing) - len(offices)
    for office in offices:
        filled += _fill(dossier, engine, office)
        there += 1
        _tell(progress, there, whole)
    for act in missing:
        handle, is_new = _write(dossier, engine, handle, act)
        written += is_new
        there += 1
        _tell(progress, there, whole)
    assert handle is not None, "a dossier opens a case"
    return Run(
        dossier=dossier,
        case_id=handle.id,
        rehearsal=rehearsal,
        written=filled + written,
        present=whole - filled - written,
        present_offices=len(dossier.offices) - filled,
    )


def _fill(dossier: Dossier, engine: Engine, office: PlannedOffice) -> bool:
    """Fill an office once; anew where what its key answers with was ended since. Whether it was filled now."""
    key = f"{dossier.edition}office-{office.number}"
    for time in itertools.count(1):
        once = key if time == 1 else f"{key}-{time}"
        is_new = False
        try:
            is_new = _is_new(
                engine.constitute(dossier.procedure, office.role, office.holder, office.basis, key=once, at=office.at)
            )
        except Refused:
            # Another process may be running the same dossier, and have filled it between our look and our try.
            if not _is_held(dossier, engine, office):
                raise
        if _is_held(dossier, engine, office):
            return is_new
    raise AssertionError("a free key is found before the numbers end")


def _is_new(record: Record) -> bool:
    """Whether the act of ``record`` was done now, or a key has answered with what was stored before, which was read back."""
    return not record.position


def _tell(progress: Progress | None, written: int, whole: int) -> None:
    if progress is not None:
        progress(written, whole)


def _write(dossier: Dossier, engine: Engine, handle: CaseHandle | None, act: PlannedAct) -> tuple[CaseHandle, bool]:
    key = dossier.key(act.number)
    try:
        return _perform(dossier, engine, handle, act, key)
    except (Refused, FaultyInput):
        # Another process may be running the same dossier, and have done this act between our look and our try.
        if handle is not None and key in _keys_of(handle):
            return handle, False
        raise


def _perform(
    dossier: Dossier, engine: Engine, handle: CaseHandle | None, act: PlannedAct, key: str | None = None
) -> tuple[CaseHandle, bool]:
    """Do an act; the handle of the case, and whether it was done now, not answered by its key."""
    # A value may bear the name of an argument, so the values go in a table of their own.
    who = {"by": act.by, "basis": act.basis, "role": act.role, "key": key, "at": act.at}
    if act.verb is Verb.OPEN:
        who |= {"trigger": act.trigger, "unproved": dossier.unproved}
        opened = engine.open_case(dossier.procedure, dossier.matter, **who, **act.values)  # type: ignore[arg-type]
        return opened, opened.is_new
    assert handle is not None, "the reader sees to it that a case is opened first"
    with handle.acting(act.by, basis=act.basis, role=act.role, key=key, at=act.at) as acts:
        match act.verb:
            case Verb.FIRE:
                acts.fire(act.what or "", item=act.item, **act.values)
            case Verb.ADD:
                acts.add(act.what or "", trigger=act.trigger, **act.values)
            case Verb.AMEND:
                acts.amend(act.what, reason=act.reason, **act.values)
            case Verb.STOP_CLOCK:
                acts.stop_clock(act.what, reason=act.reason)
            case Verb.RESUME_CLOCK:
                acts.resume_clock(act.what, reason=act.reason)
            case _:
                _of_a_role(acts, act)
    return handle, all(map(_is_new, acts.records))


def _of_a_role(acts: Acts, act: PlannedAct) -> None:
    """Give somebody a role, or take it."""
    office, person = act.what or "", act.person
    assert person is not None, "the reader sees to it"
    match act.verb:
        case Verb.DELEGATE:
            assert act.until is not None, "the reader sees to it"
            acts.delegate(office, person, until=act.until, since=act.since, reason=act.reason)
        case Verb.END_DELEGATION:
            acts.end_delegation(office, person)
        case Verb.RECUSE:
            acts.recuse(office, person, reason=act.reason)
        case _:
            (acts.appoint if act.verb is Verb.APPOINT else acts.relieve)(office, person)


def _present_case(dossier: Dossier, engine: Engine) -> CaseHandle | None:
    """The case that this edition has opened already; `InvalidInput` where the matter's case comes from elsewhere."""
    others: list[str] = []
    for row in engine.cases(matter=dossier.matter.key, procedure=dossier.procedure.id):
        handle = engine.case(row.case_id)
        first = handle.history()[0].key or ""
        if first.startswith(dossier.edition):
            return handle
        others.append(
            f"{row.case_id} ({'another edition of it' if first.startswith('dossier:') else 'not from a dossier'})"
        )
    if others:
        raise InvalidInput.at(
            "matter.key",
            f"this store has the matter's case already, from elsewhere: {', '.join(others)}; nothing was written",
            "give the changed dossier a fresh store, or the matter another key",
            what=dossier.what,
        )
    return None


def _check_continuable(dossier: Dossier, handle: CaseHandle, done: set[str]) -> None:
    """Only what this dossier began may be completed by it. A limit that had passed before its next act stands in nobody's way."""
    if handle.value.digest != dossier.procedure.digest:
        raise InvalidInput.at(
            "dossier.procedure",
            f"{handle.id} was begun under {handle.procedure}, of another definition; nothing was written",
            f'write procedure = "{handle.procedure}"',
            what=dossier.what,
        )
    begins = min(act.at for act in dossier.accepted() if dossier.key(act.number) not in done)
    others = (record for record in handle.history() if not (record.key or "").startswith(dossier.edition))
    foreign = [one for one in others if not (isinstance(one.event, BreachFound) and one.occurred_at <= begins)]
    if foreign:
        raise InvalidInput.at(
            "acts",
            f"{len(done)} are written, and {handle.id} has been acted on otherwise since (version {foreign[0].version});"
            " nothing was written",
            "complete the case by hand, or run the dossier on a fresh store",
            what=dossier.what,
        )


def _keys_of(handle: CaseHandle) -> set[str]:
    return {record.key for record in handle.history() if record.key is not None}


def _is_held(dossier: Dossier, engine: Engine, office: PlannedOffice) -> bool:
    return any(
        (held.role, held.actor, held.body) == (office.role, office.holder.id, office.holder.body)
        for held in engine.offices(dossier.procedure)
    )
