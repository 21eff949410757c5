"""The engine: procedures, offices and cases in one store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, get_args

from ..case import Appointment
from ..decision.commands import Migrate, Open
from ..decision.disclosure import Audience, check_audience
from ..decision.events import Constituted, Withdrawn
from ..decision.view import Context
from ..errors import InvalidInput, VersionConflict
from ..history.commit import batch, request_digest, seal
from ..history.record import Circumstances, Record
from ..language import Procedure
from ..personal import refuse_personal
from ..ports.store import MAX_PAGE, CaseQuery, CaseRow, DutyRow
from ..values import MAX_TITLE, Actor, Basis, Matter, check_office_holder, clean_id, clean_text, utc
from . import observers, pages, streams
from .admission import admit
from .copying import Copied, Progress, copy_store
from .delivery import Delivery, check_limit, deliver
from .doctor import Diagnosis, diagnose
from .duties import owed
from .feed import Feed, read_feed
from .gate import Gate
from .handle import CaseHandle
from .joining import Joined
from .matters import MatterOverview
from .migration import Migration, migrate, migrate_all, names_in
from .observing import overview
from .offices import FOUNDING, check_constitution, check_withdrawal, standing
from .outbox import Outbox
from .posts import Post
from .proofs import Unproved
from .recalendar import Recalendaring, recalendar
from .shell import RETRIES, Shell, claimed, recorded
from .ticker import Tick, tick
from .verification import Verified, Verifier
from .work import clean_key

HOST = Actor("host:operator", body="host")
"""Who constitutes offices where the host does not say: the operator of the system stabflow runs in."""


class Engine:
    """Opens cases, finds them, and keeps the offices. Safe to use from several threads; close it, or use it in ``with``."""

    def __init__(self, shell: Shell, post: Post | None = None) -> None:
        self._shell = shell
        self._post = post

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store, and of the channels."""
        if self._post is not None:
            self._post.close()
        self._shell.store.close()

    # Procedures

    def procedures(self) -> tuple[str, ...]:
        """The procedures known by name, as ``id@version``."""
        return self._shell.registry.names()

    def procedure(self, name: str) -> Procedure:
        """The procedure known as ``name``: an id (its newest version) or ``id@version``."""
        if not isinstance(name, str):
            raise InvalidInput.at(
                "name", f"{name!r:.60} is no name of a procedure", "give it as text, see engine.procedures()"
            )
        return self._shell.registry.named(name)

    # Offices

    def constitute(
        self,
        procedure: str | Procedure,
        office: str,
        holder: Actor,
        /,
        basis: Basis | str,
        *,
        by: Actor = HOST,
        key: str | None = None,
        at: datetime | None = None,
    ) -> Record:
        """Fill a standing office of ``procedure``, in every case that runs under any version of it, as far as each version known
        or in use allows. The authority lies outside stabflow: the host vouches for ``by`` and for ``basis``."""
        known = self._known(procedure)
        standing(known, office)
        check_office_holder(holder, "holder")
        event = Constituted(procedure=known.id, office=office, holder=holder)
        return self._record_office(known, event, by, Basis.of(basis), key, at)

    def withdraw(
        self,
        procedure: str | Procedure,
        office: str,
        holder: Actor,
        /,
        basis: Basis | str,
        *,
        by: Actor = HOST,
        key: str | None = None,
        at: datetime | None = None,
    ) -> Record:
        """End the tenure of the holder of a standing office, from the next act on."""
        known = self._known(procedure)
        standing(known, office)
        check_office_holder(holder, "holder", reserved=())
        event = Withdrawn(procedure=known.id, office=office, holder=holder)
        return self._record_office(known, event, by, Basis.of(basis), key, at)

    def _record_office(
        self,
        procedure: Procedure,
        event: Constituted | Withdrawn,
        by: Actor,
        basis: Basis,
        key: str | None,
        at: datetime | None,
    ) -> Record:
        shell, digest = self._shell, None
        check_office_holder(by, "by", reserved=("system:",))
        if key is not None:
            key = clean_key(key)
            digest = request_digest([{"event": event, "by": by, "basis": basis}])
            if (found := shell.recall(streams.OFFICES, key, digest)) is not None:
                return shell.records(streams.OFFICES, found, key)[0]
        holder = event.holder if isinstance(event, Constituted) else None
        refuse_personal({"by": by, "basis": basis, "holder": holder})
        for attempt in range(RETRIES + 1):
            offices = shell.offices.current()
            now = shell.now()
            recorded_at, clamped = recorded(now, offices.recorded_at)
            if isinstance(event, Constituted):
                versions = shell.registry.versions_of(procedure)
                check_constitution(
                    versions, event.office, event.holder, by, Context(now=now, calendar=shell.calendar), offices
                )
            else:
                check_withdrawal(procedure, offices, event.office, event.holder)
            circumstances = Circumstances(
                actor=by,
                role=FOUNDING,
                basis=basis,
                mandate="",
                occurred_at=claimed(at, now, None, None),
                recorded_at=recorded_at,
                clamped=clamped,
                key=key,
                procedure=procedure.digest,
            )
            record = seal(streams.OFFICES, offices.version + 1, offices.head, event, circumstances)
            try:
                result = shell.store.append(batch([record], expected_version=offices.version, key=key, digest=digest))
            except VersionConflict:
                if attempt == RETRIES:
                    raise
                continue
            return shell.records(streams.OFFICES, result, key)[0] if result.replayed else record
        raise AssertionError("the last attempt returns or raises")

    def offices(self, procedure: str | Procedure) -> tuple[Appointment, ...]:
        """Who holds the standing offices of ``procedure`` now."""
        return self._shell.offices.current().of(self._known(procedure))

    # Cases

    def open_case(
        self,
        procedure: str | Procedure,
        matter: Matter,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        role: str | None = None,
        trigger: str | None = None,
        case_id: str | None = None,
        key: str | None = None,
        at: datetime | None = None,
        unproved: Unproved = "refuse",
        **values: object,
    ) -> CaseHandle:
        """Open a case on ``matter``. Its id is ``<procedure>-<matter>-<n>`` unless ``case_id`` is given; ``values`` are the
        fields of the creating row's ``set``.

        A procedure that is neither bundled nor proved in this store before is proved now, which may take seconds; one that cannot
        be is refused. ``unproved="allow"`` proves nothing: unless a proof is on record the case bears for ever that it was opened
        without one, and no gate opens for it. Raises `Refused`, `InvalidInput`, `ProcedureError` (`ProcedureNotProved`) and
        `StoreError`.
        """
        if not isinstance(matter, Matter):
            raise InvalidInput.at(
                "matter", f"{matter!r:.60} is not a Matter", 'give one, such as Matter("key", "Title")'
            )
        check_office_holder(by, "by")
        if unproved not in get_args(Unproved):
            raise InvalidInput.at("unproved", f"{unproved!r:.60} is not known", 'write "refuse" or "allow"')
        known = self._known(procedure)
        basis = Basis.of(basis)
        digest = None
        if key is not None:
            asked = {
                "procedure": str(known),
                "matter": matter,
                "case_id": case_id,
                "actor": by,
                "role": role,
                "trigger": trigger,
                "basis": basis,
                "values": values,
                "unproved": unproved,
            }
            key = clean_key(key)
            digest = request_digest([asked])
        named = "" if case_id is None else clean_id(case_id, "case_id")
        opened, is_new = admit(
            self._shell,
            known,
            Open(actor=by, basis=basis, role=role, case_id=named, matter=matter, values=values, trigger=trigger),
            key=key,
            digest=digest,
            at=at,
            unproved=unproved,
        )
        return CaseHandle(self._shell, opened, is_new=is_new)

    def migrate(
        self,
        case: CaseHandle | str,
        to: str | Procedure,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        role: str | None = None,
        mapping: Mapping[str, str] | None = None,
        key: str | None = None,
        at: datetime | None = None,
        dry_run: bool = False,
    ) -> Migration:
        """Let a running case go on under another version of its procedure, as one recorded act; earlier records stay as they are,
        and are read under the version of their time. ``mapping`` says what is called otherwise there, by path:
        ``{"states.planning": "measures"}``.

        `Refused` with every reason where a completed step or an open duty would be rewritten, or where the case would stand as no
        case can that was under ``to`` from its beginning; with ``dry_run`` nothing is done, and the reasons are told. It takes
        somebody who may open cases under both versions. Raises `InvalidInput`, `ProcedureError` and `StoreError`.
        """
        command = self._migrating(to, by, basis, role, mapping)
        return migrate(self._shell, self._case_id(case), command, key=key, at=at, dry_run=dry_run)

    def migrate_all(
        self,
        to: str | Procedure,
        /,
        *,
        by: Actor,
        basis: Basis | str,
        role: str | None = None,
        mapping: Mapping[str, str] | None = None,
        cases: Iterable[CaseHandle | str] | None = None,
        dry_run: bool = False,
    ) -> Iterator[Migration]:
        """`migrate` the ``cases``, or every case of the procedure that is not over and runs under another version, one after the
        other as the answers are taken. What cannot move says why in its answer, and the others go on. Each is a transaction of
        its own: broken off and begun again, it goes on with those that are left. A name in ``mapping`` need be of something that
        one of the versions has under which they run; whether all fit is asked before any case moves."""
        named = None if cases is None else [self._case_id(case) for case in cases]
        return migrate_all(self._shell, self._migrating(to, by, basis, role, mapping), named, dry_run=dry_run)

    def _case_id(self, case: CaseHandle | str) -> str:
        return case.id if isinstance(case, CaseHandle) else self.case(case).id

    def _migrating(
        self, to: str | Procedure, by: Actor, basis: Basis | str, role: str | None, mapping: Mapping[str, str] | None
    ) -> Migrate:
        check_office_holder(by, "by")
        return Migrate(actor=by, basis=Basis.of(basis), role=role, to=self._known(to), renamed=names_in(mapping))

    def case(self, case_id: str) -> CaseHandle:
        """The handle of a case; `InvalidInput` when the store has none of that id."""
        handle = CaseHandle(self._shell, clean_text(case_id, "case", max_length=MAX_TITLE, required=False))
        self._shell.load(handle.id, looking=True)
        return handle

    def cases(
        self,
        *,
        matter: str | None = None,
        procedure: str | None = None,
        state: str | None = None,
        step: str | None = None,
        outcome: str | None = None,
        body: str | None = None,
    ) -> Iterator[CaseRow]:
        """The index rows of the cases that match every filter given, by case id."""
        query = CaseQuery(
            matter=pages.wanted(matter, "matter"),
            procedure=pages.wanted(procedure, "procedure"),
            state=pages.wanted(state, "state"),
            step=pages.wanted(step, "step"),
            outcome=pages.wanted(outcome, "outcome"),
            body=pages.wanted(body, "body"),
        )
        return pages.cases(self._shell.store, query)

    def duties(
        self,
        *,
        role: str | None = None,
        body: str | None = None,
        actor: Actor | str | None = None,
        overdue: bool = False,
        before: datetime | None = None,
    ) -> Iterator[DutyRow]:
        """Who owes which act by when, in every case: the open duties that match every filter given, the first due first, those
        without a limit last. There is a row for each office-holder; ``actor`` and ``body`` are empty where the office is vacant.

        ``overdue`` are those that have fallen due, ``before`` those that fall due before a time; ``actor`` answers "what do I
        owe". It reads the index and the standing offices, no histories; `CaseHandle.duties` has how a due time came about.
        """
        return owed(self._shell, role=role, body=body, actor=actor, overdue=overdue, before=before)

    def tick(self, *, through: datetime | None = None, by: Actor = HOST, basis: Basis | str | None = None) -> Tick:
        """Let time pass: put on record what has fallen due, let it come to those above, open the findings that procedures have
        for it, and create what recurs. Run it often, from as many machines as there are; it never does a thing twice, and what
        it finds late it records as of when it fell due.

        Where the clock stands more than seven days after the last tick it refuses (`ClockInDoubt`), because a wrong clock must
        not accuse anybody; ``through`` is a time up to which somebody (``by``) says on a ``basis`` that it is right. Raises
        `InvalidInput` and `StoreError`.
        """
        check_office_holder(by, "by", reserved=("system:",))
        if (through is None) is not (basis is None):
            missing, given = ("basis", "through") if basis is None else ("through", "basis")
            raise InvalidInput.at(missing, f"is missing beside {given}", "give both, or neither")
        moment = None if through is None else utc(through, "through")
        refuse_personal({"by": by, "basis": basis})
        return tick(self._shell, through=moment, by=by, basis=None if basis is None else Basis.of(basis))

    def recalendar(self, *, basis: Basis | str, by: Actor = HOST, dry_run: bool = False) -> Iterator[Recalendaring]:
        """Count anew, by this engine's calendar, every open duty in working days that was counted by another one or is estimated:
        the only way in which a calendar moves a due time. Each case is a recorded act of its own, one after the other as the
        answers are taken; broken off and begun again, it goes on with those that are left. With ``dry_run`` nothing is done.

        Overdue duties stay as they are, and nothing moves to a time that is over; the answer says so. The authority lies outside
        stabflow: the host vouches for ``by`` and for ``basis``. Raises `InvalidInput` and `StoreError`.
        """
        check_office_holder(by, "by", reserved=("system:",))
        refuse_personal({"by": by, "basis": basis})
        return recalendar(self._shell, by, Basis.of(basis), dry_run=dry_run)

    def gate(self, matter: str, /, *, accept: Sequence[str]) -> Gate:
        """The gate of the matter with the key ``matter``: may it be implemented? ``accept`` names the procedures by which it must
        have been assessed, as ``id@version``, or as ``id`` where every version counts. See `Gate`."""
        return Gate(self._shell, matter, accept)

    def matter(self, key: str, /, *, audience: Audience = "official") -> MatterOverview:
        """Everything known of the matter with this ``key``: its cases under whatever procedure, the acts by which it was screened
        out, the attempts to go ahead with it, and what stands out, as plain facts with the records they rest on. Where nothing is
        known of it, ``known`` says so. As ``audience`` is shown it. Raises `InvalidInput` and `StoreError`."""
        check_audience(audience)
        return overview(self._shell, key, audience)

    def rehearsal(self, procedure: str | Procedure, /) -> Engine:
        """An engine on a store in memory, to try cases under ``procedure`` on: what happens there happens nowhere else.

        It begins with the standing offices and the text of ``procedure`` as this store has them, and has no cases. Clock,
        calendar, plugins and procedures are those of this engine; plugins are asked as here, and told of nothing. Close it, or
        use it in ``with``.
        """
        from ..stores.memory import MemoryStore

        known, shell, store = self._known(procedure), self._shell, MemoryStore()
        copied = {
            stream: streams.copy(stream, shell.store, store)
            for stream in (streams.OFFICES, streams.procedure_stream(known.id, known.version))
        }
        return Engine(shell.over(store, copied=copied))

    def joined(self, connection: object, /) -> Joined:
        """This engine within a transaction of the host, on its own ``connection`` to the same database: the host's change and the
        acts are stored together, or not at all. See `Joined`; which connections there can be, the page of the store says.

        Raises `InvalidInput` where the connection is of another kind or leads elsewhere, and `Unsupported` where the store does
        not declare ``EXTERNAL_TX``.
        """
        store = self._shell.store.join(connection)
        return Joined(Engine(self._shell.within(store)), store)

    def feed(self, *, after: str | None = None, limit: int = MAX_PAGE) -> Feed:
        """The records of the whole store after a cursor, from the first one without, at most ``limit``, in the order in which
        they became visible: once a record has been seen, none comes before it. So who keeps the cursor misses nothing and need
        take nothing twice, however often either side is restarted. A record is not compared with its chain here; `verify` does.

        Raises `FeedReset` where the store was copied, restored or made anew since the cursor was given: begin again without one,
        and take again what was seen (a record is told by its stream and version). `InvalidInput` where it is no cursor, and
        `Unsupported` where the store has no feed.
        """
        return read_feed(self._shell.store, after, limit)

    # Notices

    def deliver(self, *, limit: int | None = None, stopping: Callable[[], bool] = lambda: False) -> Delivery:
        """Deliver what is due in the outbox by the channels of the directory, ``limit`` notices and messages at most, or until
        ``stopping`` says so; and tell what was done. Any number of processes may do so at once. What cannot be delivered is tried
        again by a later call, and in the end given up: see ``outbox``. A case is never touched, whatever becomes of its notices.

        Raises `InvalidInput` where the engine was opened without a directory, or something is wrong with that: nothing was
        done then; `Unsupported` where the store has no outbox.
        """
        if self._post is None:
            cure = 'open the engine with one: stabflow.open(…, directory="directory.toml")'
            raise InvalidInput.at("directory", "without a directory nobody can be reached", cure)
        check_limit(limit)
        post = self._post
        with post.opened() as opened:
            return deliver(self._shell, opened, limit=limit, stopping=lambda: post.is_closing or stopping())

    @property
    def outbox(self) -> Outbox:
        """What waits to be delivered, and what was given up; and what became of the notices of a case."""
        return Outbox(self._shell)

    # Proof

    def plugin_failures(self) -> tuple[Record, ...]:
        """The failures on record of plugins that were asked before an act or told after it, in order. Each `PluginFailed` event
        has the plugin, the hook, the type of the error and its place, and the case with the version at which it stood."""
        return tuple(observers.failures(self._shell))

    def verify(self, *, matters: Iterable[str] = ()) -> Verified:
        """Check every case of the store: its chain, that its records replay, that each was done by a row of the procedure under a
        mandate that gave the actor the role, that its key answers with it, and that the index says the same; with the offices and
        the procedures they rest on, and the attempts to go ahead with their matters; and those with ``matters`` without a case,
        which a store does not list. `Corrupt` names the first thing wrong. Others may act on the store meanwhile.

        A case that has records and no row in the index is found where the store has a feed: so is one of which a copy that was
        broken off brought only a part. What a chain cannot show: that the newest records of a stream, or a whole stream with its
        index row, were cut off. Compare the heads with an exported bundle or a backup for that. Without a feed a store lists
        cases by the index alone, and a case is not found either that has lost its row and owes nothing.
        """
        if isinstance(matters, str):
            raise InvalidInput.at("matters", f"{matters!r:.60} is one key", "give a list of keys")
        keys = [clean_id(key, f"matters[{n}]") for n, key in enumerate(matters)]
        return Verifier(self._shell.store, self._shell.registry, self._shell.copied).run(keys)

    def copy_to(self, target: Engine, /, *, outbox: bool = True, progress: Progress | None = None) -> Copied:
        """Copy everything of this store into that of ``target``: the records with their keys, in their order, the index, and the
        ``outbox``. Each record follows its chain before it is written; afterwards all of it is compared, and ``target`` is
        verified. Broken off, it goes on where it was; this store is only read.

        What a key answers with that was used for a notice alone is not taken along. Stop whatever acts on either store: if this
        one has gone on meanwhile, the answer is ``behind``, and the copy must be run again. Raises `InvalidInput` when ``target``
        holds anything else, and `StoreError`, `Corrupt` among them.
        """
        return copy_store(
            self._shell.store, target._shell.store, target._shell.registry, outbox=outbox, progress=progress
        )

    def diagnose(self) -> tuple[Diagnosis, ...]:
        """What an operator should know: whether the store is durable, which years the calendar covers, which due times are
        estimated or were counted by another calendar, which procedures are in use, whether the clock can be right. It changes
        nothing and follows no chain. What the store fails is among the answers; it raises nothing for that."""
        return tuple(diagnose(self._shell))

    def _known(self, procedure: str | Procedure) -> Procedure:
        if isinstance(procedure, Procedure):
            self._shell.registry.check_definition(procedure)
            return procedure
        if not isinstance(procedure, str):
            raise InvalidInput.at("procedure", f"{procedure!r:.60} is no procedure", "give its name, or a Procedure")
        return self._shell.registry.named(procedure)
