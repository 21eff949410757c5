"""The store contract: what every storage plugin promises, as one typed file.

A store moves bytes and a few indexed columns; it never sees a domain object. Clause numbers (C1 …) are those of
``docs/reference/store-contract.md``. Times are texts in the form ``2026-11-23T08:00:00.000000Z``, which sort as they run.

One `Store.append` is one transaction: the records, the stream's index rows, the notices, an optional snapshot and the
idempotency key. The index comes as a *change* (the case row, the duty rows that are new or different, the ids of
duties whose rows go), because writing twenty unchanged duty rows with every act is what makes a step slow.
"""

from __future__ import annotations

import abc
import enum
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import attrs

from ..errors import Unsupported
from ..text import Text

CONTRACT = 1
"""The version of this contract; a plugin states the one it was written for."""

MAX_PAGE = 1_000

Clock = Callable[[], datetime]
"""Tells the time, with its zone. A store knows the time for its leases alone (C10)."""


class Capability(enum.Enum):
    """What a store may declare; nothing is detected."""

    DURABLE = "durable"
    MULTI_PROCESS = "multi_process"
    FEED = "feed"
    OUTBOX = "outbox"
    SNAPSHOTS = "snapshots"
    EXTERNAL_TX = "external_tx"


@attrs.frozen
class NewRecord:
    """A record to be written: its tag, canonical header and payload, and its chain hash (32 bytes, opaque to the store)."""

    tag: str
    header: bytes
    payload: bytes
    hash: bytes


@attrs.frozen
class StoredRecord:
    """A record as stored. ``position`` orders all records of the storage; ``version`` counts a stream's from 1."""

    position: int
    stream: str
    version: int
    tag: str
    header: bytes
    payload: bytes
    hash: bytes


@attrs.frozen(weakref_slot=False)
class CaseRow:
    """The index row of one case."""

    case_id: str
    matter: str
    title: str
    procedure: str
    procedure_version: str
    digest: str
    state: str
    step: str
    outcome: str
    body: str
    round: int
    version: int
    opened_at: str
    updated_at: str


SOME_RECUSED = "~"
"""In place of a body: the duty of a standing office, in a case from which somebody was recused who may hold it. Ask it."""


@attrs.frozen(weakref_slot=False)
class DutyRow:
    """One open duty of a case, a row for each office-holder appointed in the case (``actor`` is empty if none is, and
    ``body`` too, or `SOME_RECUSED`).

    ``procedure`` is the id of the one the case runs under. ``duty`` is ``"case"`` for the duty of the case's own state, else the
    id of the item that is owed an act. ``due_at`` is empty where the duty is open-ended, or its clock stands. ``level`` is 0 for
    the duty itself, n for a role to which it went by its n-th escalation; ``breached``: that it was not done by ``due_at`` is on
    record.
    """

    case_id: str
    procedure: str
    duty: str
    state: str
    role: str
    body: str
    actor: str
    level: int
    due_at: str
    estimated: bool
    breached: bool = False


@attrs.frozen
class IndexChange:
    """What an append changes in the index: the case's row; duties whose rows all go, then the rows that come."""

    case: CaseRow
    cleared: tuple[str, ...] = ()
    duties: tuple[DutyRow, ...] = ()


@attrs.frozen
class NewNotice:
    """A notice for the outbox. ``lane`` stands for (case, recipient role, channel): within a lane one is delivered after the
    other, in the order in which they were appended."""

    lane: str
    payload: bytes


@attrs.frozen
class Snapshot:
    """A cache of what a stream's records come to at ``version``; it may be thrown away. A store keeps one for each stream."""

    stream: str
    version: int
    data: bytes


@attrs.frozen(kw_only=True)
class Observation:
    """What a store sees of itself and an operator should watch: ``text`` says it, ``cure`` what to do about it at once, or
    ``None`` where all is well; ``facts`` are the numbers behind it, and ``name`` tells programs which it is."""

    name: str
    title: Text
    text: Text
    cure: Text | None = None
    facts: Mapping[str, object] = attrs.field(factory=dict)


@attrs.frozen
class StreamHead:
    """Where a stream ends: its version and the hash of its last record (0 and ``b""`` where it has none)."""

    stream: str
    version: int
    hash: bytes


@attrs.frozen
class AppendBatch:
    """Everything one act writes. ``key`` and ``digest`` come together or not at all; without records there are
    notices, and a key.

    ``relies_on`` are the streams that the act was decided on, its own or others: it is written only where they still end there.
    A ``snapshot`` is of the batch's own stream, at no later version than the batch leaves it at.
    """

    stream: str
    expected_version: int
    records: tuple[NewRecord, ...]
    index: IndexChange | None = None
    outbox: tuple[NewNotice, ...] = ()
    snapshot: Snapshot | None = None
    key: str | None = None
    digest: str | None = None
    relies_on: tuple[StreamHead, ...] = ()


@attrs.frozen
class AppendResult:
    """The versions an append wrote, first and last (first - 1 where it wrote no record); ``replayed`` when an earlier append
    under the same key had done so."""

    first_version: int
    last_version: int
    replayed: bool = False


@attrs.frozen
class CaseQuery:
    """Cases matching every filter that is given, by case id, ``limit`` at a time after the cursor ``after``."""

    matter: str | None = None
    procedure: str | None = None
    state: str | None = None
    step: str | None = None
    outcome: str | None = None
    body: str | None = None
    after: str | None = None
    limit: int = 100


@attrs.frozen
class CasePage:
    """Rows and the cursor of the next page, ``None`` at the end."""

    rows: tuple[CaseRow, ...]
    next: str | None


@attrs.frozen
class DutyQuery:
    """Duties matching every filter that is given, the first due first (open-ended ones last)."""

    case_id: str | None = None
    procedure: str | None = None
    role: str | None = None
    body: str | None = None
    actor: str | None = None
    level: int | None = None
    breached: bool | None = None
    due_before: str | None = None
    after: str | None = None
    limit: int = 100


@attrs.frozen
class DutyPage:
    """Rows and the cursor of the next page, ``None`` at the end."""

    rows: tuple[DutyRow, ...]
    next: str | None


@attrs.frozen
class FeedPage:
    """Records after a cursor, and the cursor to go on from: opaque, and ``None`` where there has never been a record."""

    records: tuple[StoredRecord, ...]
    cursor: str | None


@attrs.frozen
class Claim:
    """A notice leased to a worker. ``token`` is higher than that of every claim before it; ``attempts`` counts the claims of the
    notice, with this one."""

    notice: int
    lane: str
    payload: bytes
    token: int
    attempts: int


@attrs.frozen
class WaitingNotice:
    """A notice that is neither delivered nor given up, leased or not; ``attempts`` counts its claims so far."""

    notice: int
    lane: str
    payload: bytes
    attempts: int


@attrs.frozen
class DeadLetter:
    """A notice that was given up after so many ``attempts``, with the last error."""

    notice: int
    lane: str
    payload: bytes
    attempts: int
    error: str


class Store(abc.ABC):
    """A place where records are kept. Handles are safe to use from several threads, or raise at once (C12)."""

    contract: ClassVar[int] = CONTRACT
    capabilities: frozenset[Capability] = frozenset()

    @abc.abstractmethod
    def append(self, batch: AppendBatch) -> AppendResult:
        """Commit the whole batch or nothing (C2); durable on return if `Capability.DURABLE` (C4).

        The key is looked up before the version is compared (C3). Raises `VersionConflict` when the stream is not at
        ``expected_version``, or one of those in ``relies_on`` does not end as it says (C1), `IdempotencyMismatch` when the
        key was used with another digest, `StoreUnavailable` when certainly nothing was committed, `CommitUnknown` when the
        outcome cannot be known (C5), `Unsupported` when the batch uses a capability that is not declared.
        """

    @abc.abstractmethod
    def lookup(self, stream: str, key: str) -> tuple[str, AppendResult] | None:
        """The digest and the result stored under ``key``, so that a repeated act is recognised before it is decided again."""

    @abc.abstractmethod
    def read_stream(self, stream: str, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[StoredRecord]:
        """Records of ``stream`` with a version above ``after``, in order, at most ``limit`` (C7, C8)."""

    @abc.abstractmethod
    def heads(self, streams: Sequence[str]) -> Sequence[StreamHead]:
        """Where each of ``streams`` ends, in their order (C7)."""

    def are_heads(self, heads: Sequence[StreamHead]) -> bool:
        """Whether each of the streams still ends where ``heads`` says (C7). It is asked before every act, so that only what is
        new is read; a store that can tell more cheaply than by `heads` does."""
        return tuple(self.heads([head.stream for head in heads])) == tuple(heads)

    @abc.abstractmethod
    def find_cases(self, query: CaseQuery) -> CasePage:
        """Case rows by keyset pages (C13)."""

    @abc.abstractmethod
    def find_duties(self, query: DutyQuery) -> DutyPage:
        """Duty rows by keyset pages (C13)."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of the storage; using the handle afterwards raises `StoreUnavailable`. Closing twice is harmless."""

    def join(self, connection: object) -> JoinedStore:
        """A store in the transaction that the host has, or is about to have, on ``connection``, whose kind the store knows.

        Raises `InvalidInput` when it is of another kind or leads to another storage, or the transaction cannot hold a batch, as
        where nothing has made the storage yet. Where no transaction is open, the first use in one may say so.
        """
        cure = "open one that does, such as one on PostgreSQL (stabflow-postgres)"
        raise Unsupported(Capability.EXTERNAL_TX.name, "joining a transaction of the host", cure)

    def about(self) -> Mapping[str, str]:
        """What an operator may want to know of the storage, in words: such as the version of its software and of its schema."""
        return {}

    def observe(self) -> Sequence[Observation]:
        """What an operator should watch while the storage is in use, as `doctor` tells it; nothing, unless a store says more."""
        return ()

    def read_feed(self, *, after: str | None, limit: int = MAX_PAGE) -> FeedPage:
        """All records after a cursor, in the order in which they became visible (C6); from the first one without a cursor.

        Raises `FeedReset` when the cursor was given for another past than this storage has, `InvalidInput` when it is none.
        """
        raise Unsupported(Capability.FEED.name, "reading the feed")

    def get_snapshot(self, stream: str) -> Snapshot | None:
        """The newest snapshot of ``stream`` (C9)."""
        raise Unsupported(Capability.SNAPSHOTS.name, "reading a snapshot")

    def claim(self, owner: str, *, limit: int, lease_for: float) -> Sequence[Claim]:
        """Lease up to ``limit`` notices for ``lease_for`` seconds (C10): of each lane the first that is neither delivered nor
        given up, unless it is leased or its time to be tried again has not come. The longest due come first."""
        raise Unsupported(Capability.OUTBOX.name, "claiming notices")

    def ack(self, claim: Claim) -> None:
        """The notice was delivered: it goes, and the next of its lane may be claimed (C10). `LeaseLost` when it was claimed again
        meanwhile, or is there no more; a lease that has run out and that nobody has taken over still counts."""
        raise Unsupported(Capability.OUTBOX.name, "acknowledging a notice")

    def release(self, claim: Claim, *, retry_after: float | None, error: str) -> None:
        """The notice was not delivered: it may be claimed again after ``retry_after`` seconds, ahead of its lane as before; or
        (``None``) it is given up, and the next of its lane may be claimed (C10). `LeaseLost` as for `ack`."""
        raise Unsupported(Capability.OUTBOX.name, "releasing a notice")

    def waiting(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[WaitingNotice]:
        """Notices that are neither delivered nor given up, by number, those above ``after``; nothing is taken (C10)."""
        raise Unsupported(Capability.OUTBOX.name, "reading the outbox")

    def dead_letters(self, *, after: int = 0, limit: int = MAX_PAGE) -> Sequence[DeadLetter]:
        """Notices that were given up, by number, those above ``after`` (C10)."""
        raise Unsupported(Capability.OUTBOX.name, "reading dead letters")

    def revive(self, notice: int) -> bool:
        """Let a notice that was given up be claimed again, its attempts counted anew, ahead of its lane, or after the one of
        it that is leased just now; ``False`` when there is no such (C10)."""
        raise Unsupported(Capability.OUTBOX.name, "reviving a dead letter")


class JoinedStore(Store):
    """A store within the transactions of a host's connection: what it appends is stored when the host commits the open one, with
    the host's own changes, or never. Until then nobody else sees it.

    It reads what was appended in the transaction, and what others have committed up to now, also since it began; the feed has
    what is committed alone. A record's place in the feed is above all that was there when it was appended, as if the transaction
    had begun then (C6). Others who append to a stream to which it has appended, or on which it relies, wait or are refused until
    it is over; where a store lets them go first, it is the commit that fails (C1).

    It keeps every clause but that a return is no promise yet (C4, C7): the commit is. A batch that is refused with
    `VersionConflict`, `IdempotencyMismatch` or `ValueError` leaves the transaction as it was. After `StoreUnavailable` it may be
    that it can only be rolled back. `CommitUnknown` comes of `commit` alone. Where no transaction is open, `StoreUnavailable` is
    raised, to reading too: a host that forgets to begin one must not store half of what it means to. What takes or settles a
    lease (`claim`, `ack`, `release`) is `Unsupported`, since it would keep every worker waiting, and so are `revive` and `join`.
    It is used by the thread that has the transaction.
    """

    @property
    @abc.abstractmethod
    def is_open(self) -> bool:
        """Whether the host has a transaction open now."""

    @abc.abstractmethod
    def begin(self) -> None:
        """Have a transaction open that `commit` can end: begin one, unless the host has. `InvalidInput` where the host has said
        that somebody else ends it."""

    def autobegin(self) -> None:  # nothing, where the host's library does not
        """Where none is open, begin one as the host's library does of itself when it is first used; nothing where it does not, as
        in autocommit."""

    @abc.abstractmethod
    def commit(self) -> None:
        """Commit the host's transaction, with all that is in it. `StoreUnavailable` when it was rolled back instead,
        `CommitUnknown` when that cannot be known, as where the host has ended it before; one of them where none was open. The
        host's own errors, of what it had left to write, pass as they are."""

    @abc.abstractmethod
    def rollback(self) -> None:
        """Roll the host's transaction back, if there is one open."""

    def when_committed(self, tell: Callable[[], None]) -> None:
        """Have ``tell`` called after each commit of the host, once others see what is in it, as long as this is open: where the
        host's library can say so, else never."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of the connection, which stays the host's, with its transaction as it is. Reading and appending afterwards are
        `StoreUnavailable`."""
