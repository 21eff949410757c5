"""Snapshots of cases: when one is taken, how it is written, and whether it may be read.

A snapshot is a cache for looking at a long case without folding all of its records. It is what folding them gave: taken as they
are stored, by who has folded them. Nothing protects it as the chain protects records, so nothing is decided on it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

import attrs

from .. import canonical
from ..case import Case, Item
from ..ports.store import Snapshot
from . import snapshot_codec as codec
from .positional import shape

FORMAT = 1
"""Rises when a case is written otherwise, or when the same records come to another case."""

EVERY = 100
"""So many records lie between two snapshots of a case, as a rule. ..."""

PART = 16
"""... Of a very long case it is up to this part of its records, and more than half of that: each of its snapshots is long as
well, and what an act has to pay for them must not grow with the case."""

_REMEMBERED = 64
"""Of so many cases is kept how their items were written last."""


def spacing(version: int) -> int:
    """How many records lie between snapshots of a case about as long as ``version``."""
    step = EVERY
    while step * 2 * PART <= version:
        step *= 2
    return step


def is_due(before: int, after: int) -> bool:
    """Whether a case that goes from version ``before`` to ``after`` comes to a version at which a snapshot is taken."""
    step = spacing(after)
    return after // step > before // step


def encode(case: Case) -> bytes:
    """``case`` as a snapshot has it; the same case has the same bytes."""
    return _with_seal([codec.case_line(case), *map(codec.item_line, case.items.values())])


def _with_seal(lines: list[bytes]) -> bytes:
    body = b"\n".join(lines)
    return _ours() + canonical.sha256(body).encode("ascii") + b"\n" + body


def _ours() -> bytes:
    return f"stabflow case {FORMAT} {shape()} ".encode("ascii")


def is_ours(snapshot: Snapshot) -> bool:
    """Whether this stabflow would have written the snapshot so: another one's are left alone."""
    return snapshot.data.startswith(_ours())


def case_of(snapshot: Snapshot) -> Case | None:
    """The case that a snapshot holds; ``None`` where it is another stabflow's, or is damaged: then the records are read."""
    if not is_ours(snapshot):
        return None
    seal, _, body = snapshot.data[len(_ours()) :].partition(b"\n")
    if canonical.sha256(body).encode("ascii") != seal:
        return None
    try:
        first, *others = body.split(b"\n")
        case = codec.case_from(first, others)
    except codec.UNREADABLE:
        return None
    return case if case.version == snapshot.version > 0 else None


def is_true(snapshot: Snapshot, case: Case | None) -> bool:
    """Whether ``case``, which is what the records up to the snapshot's version give, is what it holds, to the last byte. What
    another stabflow would read, only that can tell."""
    return not is_ours(snapshot) or (case is not None and snapshot.data == encode(case))


@attrs.define
class Snapshots:
    """Takes snapshots. An item that is the same as in the snapshot before is not written again. Safe to use from several
    threads."""

    _lines: OrderedDict[str, dict[str, tuple[Item, bytes]]] = attrs.field(factory=OrderedDict)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def taken(self, stream: str, before: int, case: Case) -> Snapshot | None:
        """The snapshot to be stored as the ``stream`` of a case goes on from version ``before`` to ``case``, if it is time for
        one."""
        if not is_due(before, case.version):
            return None
        with self._lock:
            known = self._lines.get(case.id, {})
        lines: dict[str, tuple[Item, bytes]] = {}
        for name, item in case.items.items():
            held = known.get(name)
            lines[name] = held if held is not None and held[0] is item else (item, codec.item_line(item))
        with self._lock:
            self._lines[case.id] = lines
            self._lines.move_to_end(case.id)
            while len(self._lines) > _REMEMBERED:
                self._lines.popitem(last=False)
        data = _with_seal([codec.case_line(case), *(line for _, line in lines.values())])
        return Snapshot(stream, case.version, data)
