"""Told after: why acts are refused."""

from __future__ import annotations

import threading
from collections import Counter

from stabflow import Plugin, hookimpl
from stabflow.ports.hooks import Case, Refused


class RefusalsByKind(Plugin):
    """Counts the blockers of refusals by kind, and never by who acted: it tells where a procedure is hard to follow."""

    contract = 1

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    @hookimpl
    def stabflow_refused(self, case: Case | None, refusal: Refused) -> None:
        with self._lock:
            self._counts.update(blocker.kind for blocker in refusal.blockers)

    @property
    def counts(self) -> dict[str, int]:
        """How often each kind of blocker stood against an act, the most frequent first."""
        with self._lock:
            return dict(self._counts.most_common())
