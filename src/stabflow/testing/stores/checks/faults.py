"""What the harness can make go wrong: commits that fail (C5), power that fails (C4), a schema of later (C14)."""

from __future__ import annotations

from contextlib import AbstractContextManager

from ....errors import CommitUnknown, ContractTooNew, StoreError, StoreUnavailable
from ....ports.store import AppendResult, Capability, Store
from ....text import Text, say
from ... import expectation as expect
from ...harness import FaultKind
from ..material import STREAM, act, act_result, batch, delivered, head_of, holdings
from ..registry import Level, Offer, check
from ..storage import Storage

NO_POWER_CUT = Text("the harness cuts no power", "测试支架不能切断电源")

BEFORE = 4
"""How many acts there are before one fails."""


def faulted(storage: Storage, kind: FaultKind) -> AbstractContextManager[None]:
    """The context in which the next commit fails so."""
    context = storage.harness.fault(storage.config, kind)
    if context is None:
        raise expect.NotCovered(
            say("the harness makes no commit fail as {kind}", "测试支架不能制造{kind}类提交故障", kind=kind)
        )
    return context


def prepared(storage: Storage) -> tuple[Store, dict[str, object]]:
    """A store with some acts, and what it holds."""
    store = storage.open()
    for number in range(BEFORE):
        store.append(act(number, store.capabilities))
    return store, holdings(store, range(BEFORE + 2))


def nothing_came_of_it(
    storage: Storage, store: Store, error: StoreError, before: dict[str, object], failed: str
) -> None:
    """Nothing of the failed act is there, nor does it come with a later one; the driver's own error is told with ours."""
    expect.true(
        error.__cause__ is not None, f"{failed}: the driver's error must be chained (raise … from error)", error
    )
    expect.equal(holdings(store, range(BEFORE + 2)), before, f"what the store holds after {failed}")
    store.append(batch(0, stream="another"))
    for one in (store,) if storage.harness.one_handle else (store, storage.open()):
        expect.equal(
            holdings(one, range(BEFORE + 2)), before, f"what it holds after {failed} and one more act that succeeded"
        )


def went_through_once(storage: Storage, store: Store, *, replayed: bool) -> None:
    """The act that failed can be asked for again by its key, and is there once."""
    planned = act(BEFORE, store.capabilities)
    right = AppendResult(*act_result(BEFORE), replayed=replayed)
    expect.equal(store.append(planned), right, "the same act again, by its key, after the failure")
    expect.equal(store.append(planned).replayed, True, "the same act yet again: whether it is replayed")
    head = head_of(store, planned.stream)
    expect.equal((head.version, head.hash), (right.last_version, planned.records[-1].hash), "the head of its stream")
    store.append(act(BEFORE + 1, store.capabilities))
    if Capability.OUTBOX in store.capabilities:
        found = [one.payload.decode() for one in delivered(store)]
        expect.equal(sorted(found), [f"notice {n}" for n in range(BEFORE + 2)], "the notices there are")
    if not storage.harness.one_handle:
        expect.equal(holdings(storage.open(), range(BEFORE + 2)), holdings(store, range(BEFORE + 2)), "a new handle")


@check("C5", offers=[Offer.FAULT])
def a_refused_commit_is_told_as_such(storage: Storage) -> None:
    """When the storage fails before anything is committed, `append` raises `StoreUnavailable`, and nothing is written."""
    store, before = prepared(storage)
    with faulted(storage, "refused"):
        failed = "an append while the storage refuses"
        error = expect.raised(StoreUnavailable, lambda: store.append(act(BEFORE, store.capabilities)), failed)
    nothing_came_of_it(storage, store, error, before, failed)
    went_through_once(storage, store, replayed=False)


@check("C5", offers=[Offer.FAULT])
def a_torn_commit_leaves_nothing(storage: Storage) -> None:
    """When the storage fails in the middle of a commit, `append` raises `StoreUnavailable` or `CommitUnknown`, and nothing is
    written."""
    store, before = prepared(storage)
    with faulted(storage, "torn"):
        failed = "an append while the storage fails in the middle of a commit"
        error = expect.raised(StoreError, lambda: store.append(act(BEFORE, store.capabilities)), failed)
    expect.true(
        isinstance(error, StoreUnavailable | CommitUnknown), f"{failed}: StoreUnavailable or CommitUnknown", error
    )
    nothing_came_of_it(storage, store, error, before, failed)
    went_through_once(storage, store, replayed=False)


@check("C5", offers=[Offer.FAULT])
def a_lost_answer_is_an_unknown_outcome(storage: Storage) -> None:
    """When everything was committed and the answer is lost, `append` raises `CommitUnknown`, never `StoreUnavailable`; the key
    finds the act."""
    store, _ = prepared(storage)
    with faulted(storage, "lost"):
        failed = "an append whose commit went through and whose answer was lost"
        expect.raised(CommitUnknown, lambda: store.append(act(BEFORE, store.capabilities)), failed)
    went_through_once(storage, store, replayed=True)


@check("C14", offers=[Offer.NEWER])
def a_later_schema_is_refused(storage: Storage) -> None:
    """A storage that a later version wrote is `ContractTooNew` when it is opened, or at the latest when it is used."""
    store = storage.open()
    store.append(batch())
    store.close()
    if not storage.harness.newer(storage.config):
        raise expect.NotCovered(Text("the harness makes no storage look newer", "测试支架不能使存储看似由更新版本写成"))
    expect.raised(
        ContractTooNew, lambda: storage.open().heads([STREAM]), "opening a storage of a later version, to read"
    )
    expect.raised(
        ContractTooNew, lambda: storage.open().append(batch(1)), "opening a storage of a later version, to write"
    )


@check("C4", Level.POWER, needs=[Capability.DURABLE], offers=[Offer.CUT_POWER])
def a_power_cut_loses_nothing_acknowledged(storage: Storage) -> None:
    """Whatever was acknowledged when the power fails is found afterwards, each act whole."""
    store = storage.open()
    numbers = range(12 * storage.effort)
    for number in numbers:
        store.append(act(number, store.capabilities))
        if number % 4 == 3:
            store.append(act(number, store.capabilities))  # an answer from the key is an acknowledgement too
        config = storage.harness.cut_power(storage.config)
        if config is None:
            raise expect.NotCovered(NO_POWER_CUT)
        found = storage.open(storage.adopt(config))
        what = f"what is found after the power failed, acts 0 to {number} acknowledged"
        expect.equal(holdings(found, numbers), holdings(store, numbers), what)
        expect.true(found.append(act(number, found.capabilities)).replayed, f"act {number} is not known by its key")
        found.append(act(number + 1, found.capabilities))
        found.close()


@check("C10", Level.POWER, needs=[Capability.DURABLE, Capability.OUTBOX], offers=[Offer.CUT_POWER])
def a_power_cut_brings_no_delivered_notice_back(storage: Storage) -> None:
    """What was acknowledged as delivered, or given up, when the power fails does not come again; what was not does."""
    store = storage.open()
    for number in range(6):
        store.append(act(number, store.capabilities))
    first = sorted(store.claim("worker", limit=2, lease_for=60), key=lambda one: one.payload)
    store.ack(first[0])
    store.release(first[1], retry_after=None, error="parked")
    config = storage.harness.cut_power(storage.config)
    if config is None:
        raise expect.NotCovered(NO_POWER_CUT)
    found = storage.open(storage.adopt(config))
    storage.clock.advance(61)
    expect.equal(
        [one.payload for one in found.dead_letters()], [first[1].payload], "dead letters after the power failed"
    )
    rest = delivered(found)
    left = [one.payload.decode() for one in rest]
    tokens = sorted(one.token for one in first) + sorted(one.token for one in rest)
    gone = {one.payload.decode() for one in first}
    expect.equal(
        sorted(left), [f"notice {n}" for n in range(6) if f"notice {n}" not in gone], "notices after the power failed"
    )
    expect.equal(tokens, sorted(set(tokens)), "tokens before and after the power failed")
