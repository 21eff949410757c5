"""What random histories are made of. This module needs Hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from hypothesis import strategies as st

from ...ports.store import AppendBatch, Capability, IndexChange, Snapshot, Store
from ..expectation import shown
from .material import case_row, duty_row, notices, record

STEP = 0.3
"""Seconds that a step takes."""

CASES = ("bridge-1", "bridge-2", "Dam", "大桥")
LANES = ("letters", "mail")
STREAMS = (*(f"case/{case}" for case in CASES), "system/offices")
KEYS = ("k1", "k2")
streams = st.sampled_from([*STREAMS, *STREAMS[:1] * 3])  # one of them is longer than the others
WORDS = ("", "a", "b", "大")
CASE_VALUES: dict[str, tuple[Any, ...]] = dict.fromkeys(
    ("matter", "procedure", "state", "step", "outcome", "body"), WORDS
)
DUTY_VALUES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("role", "body", "actor"), WORDS),
    "case_id": CASES,
    "level": (0, 1, 2),
    "breached": (False, True),
}
words = st.sampled_from(WORDS)
filtered = st.sampled_from([None, None, None, None, *WORDS])  # with many filters at once nothing is found
dues = st.sampled_from(["", "2026-12-01T08:00:00.000000Z", "2026-12-02T08:00:00.000000Z"])
keys = st.sampled_from(KEYS)
digests = st.sampled_from(["d1", "d1", "d1", "d2"])
records = st.lists(st.builds(record, st.text("ab大", max_size=4), st.integers(0, 5_000)), min_size=1, max_size=3)
duties = st.lists(
    st.builds(
        duty_row,
        st.just(""),
        st.sampled_from(["case", "item-1", "item-2"]),
        role=words,
        body=words,
        actor=words,
        level=st.integers(0, 2),
        breached=st.booleans(),
        due_at=dues,
        estimated=st.booleans(),
    ),
    max_size=4,
)
filters = dict.fromkeys(CASE_VALUES, filtered)
handles = st.integers(0, 1)
acts = st.fixed_dictionaries(
    {
        "stream": streams,
        "off": st.sampled_from([0] * 8 + [-1, 1]),
        "records": records,
        "case": st.fixed_dictionaries(
            dict.fromkeys(CASE_VALUES, words) | {"round": st.integers(1, 3), "title": st.text(max_size=5)}
        ),
        "duties": duties,
        "cleared": st.sets(st.sampled_from(["case", "item-1", "item-2"])),
        "key": st.none() | st.tuples(keys, digests),
        "relied_on": st.none() | st.tuples(streams, st.sampled_from([0, 0, 0, -1, 1])),
        "snapshot": st.sampled_from([None, None, None, 0, 0, -1, -2, -2, 1]),
        "outbox": st.tuples(st.sampled_from(LANES), st.integers(0, 2)),
        "reminder": st.sampled_from([False] * 6 + [True]),
    }
)


def batch_of(act: Mapping[str, Any], memory: Store, declared: frozenset[Capability], number: int) -> AppendBatch:
    """An act of `acts`, the ``number``-th step, as a batch for a store that holds what ``memory`` does."""
    stream, new, outbox = act["stream"], act["records"], act["outbox"]
    if act["reminder"] and act["key"] is not None and outbox[1]:
        new = []  # notices alone
    (own,) = memory.heads([stream])
    expected = own.version + act["off"]
    last = expected + len(new)
    more: dict[str, Any] = {}
    if new and stream.startswith("case/"):
        case_id = stream.removeprefix("case/")
        rows = tuple(attrs.evolve(row, case_id=case_id) for row in act["duties"])
        more["index"] = IndexChange(case_row(case_id, **act["case"], version=last), tuple(sorted(act["cleared"])), rows)
    if act["key"] is not None:
        more["key"], more["digest"] = act["key"]
    relied_on, snapshot = act["relied_on"], act["snapshot"]
    if relied_on is not None and not act["off"]:  # of two reasons, a store names the one it meets first
        (head,) = memory.heads([relied_on[0]])
        more["relies_on"] = (attrs.evolve(head, version=head.version + relied_on[1]),)
    if Capability.SNAPSHOTS in declared and snapshot is not None:
        version = last + snapshot if snapshot > 0 else max(1, last + snapshot)
        more["snapshot"] = Snapshot(stream, version, b"snapshot %d" % number)
    if Capability.OUTBOX in declared and outbox[1]:
        lane, count = outbox
        more["outbox"] = notices(*(f"notice {number}.{n}" for n in range(count)), lane=lane)
    return AppendBatch(stream, expected, tuple(new), **more)


def said(batch: AppendBatch) -> str:
    """A batch in a line: its bytes are no help."""
    parts = [repr(batch.stream), f"after {batch.expected_version}", f"{len(batch.records)} records"]
    if batch.index is not None:
        parts.append(f"{shown(batch.index)}")
    if batch.key is not None:
        parts.append(f"key {batch.key} {batch.digest}")
    if batch.outbox:
        parts.append(f"outbox {[one.payload.decode() for one in batch.outbox]} in {batch.outbox[0].lane}")
    if batch.snapshot is not None:
        parts.append(f"snapshot at {batch.snapshot.version}")
    if batch.relies_on:
        parts.append("relying on " + ", ".join(f"{head.stream} at {head.version}" for head in batch.relies_on))
    return ", ".join(parts)
