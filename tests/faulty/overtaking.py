"""Faults of stores that join the transactions of a host, which show when others are at work meanwhile (EXTERNAL_TX)."""

from __future__ import annotations

import attrs

from stabflow.errors import StoreUnavailable, VersionConflict

from .hosted import Hosted, HostedCore, Optimistic, Transaction


class NobodyWaits(Hosted):
    """Compares versions when it appends, and no more at the commit."""

    class Work(Optimistic):
        def check(self) -> None:
            for n, batch in enumerate(self.batches):
                expected = self.core.version(batch.stream) + sum(
                    len(earlier.records) for earlier in self.batches[:n] if earlier.stream == batch.stream
                )
                self.batches[n] = attrs.evolve(batch, expected_version=expected, relies_on=())


class RelianceNotHeld(Hosted):
    """Compares what an act relies on when it is appended, and no more at the commit."""

    class Work(Optimistic):
        def check(self) -> None:
            self.batches = [attrs.evolve(batch, relies_on=()) for batch in self.batches]
            super().check()


class ChangeCommittedFirst(Hosted):
    """Commits the host's change, then finds that others were first."""

    class Work(Optimistic):
        def check(self) -> None:
            self.core.changes += self.changes
            self.changes.clear()
            super().check()


class SeesWhatWas(Hosted):
    """Reads what there was when the transaction began."""

    class Work(Transaction):
        def __init__(self, core: HostedCore) -> None:
            super().__init__(core)
            self.then = core.copied()

        @property
        def view(self) -> HostedCore:
            return self.own or self.then


def _put(core: HostedCore, count: int, place: int) -> None:
    """Move the last ``count`` records to a place in the feed, and number all anew."""
    core._feed[place:] = core._feed[-count:] + core._feed[place:-count]
    core._feed[:] = [attrs.evolve(one, position=n) for n, one in enumerate(core._feed, 1)]
    for stream, records in core._records.items():
        by_version = {one.version: one for one in core._feed if one.stream == stream}
        records[:] = [by_version[version] for version in sorted(by_version)]


class PlaceOfTheBeginning(Hosted):
    """Takes the place in the feed from the number of the transaction, which it has since the host first wrote."""

    class Work(Transaction):
        def __init__(self, core: HostedCore) -> None:
            super().__init__(core)
            self.place = len(core._feed)

        def commit(self) -> None:
            with self.alone():
                before = len(self.core._feed)
                super().commit()
                if (added := len(self.core._feed) - before) and self.is_early():
                    _put(self.core, added, self.place)

        def is_early(self) -> bool:
            return True


class PlaceAboveItsOwnStream(Hosted):
    """The same, but takes a later place where the stream that it appends to has grown meanwhile."""

    class Work(PlaceOfTheBeginning.Work):
        def is_early(self) -> bool:
            since = {one.stream for one in self.core._feed[self.place :][: -sum(len(b.records) for b in self.batches)]}
            return since.isdisjoint(batch.stream for batch in self.batches)


class PlaceOfTheAppend(Hosted):
    """Draws the place in the feed from a sequence, while others draw later ones and commit before."""

    class Work(Optimistic):
        place = 0

        def start(self) -> None:
            self.place = len(self.core._feed)
            super().start()

        def commit(self) -> None:
            with self.alone():
                before = len(self.core._feed)
                super().commit()
                if added := len(self.core._feed) - before:
                    _put(self.core, added, self.place)


class RacyCommit(Hosted):
    """Looks whether others were first, and then commits: the host's change, and what was appended."""

    class Work(Optimistic):
        def commit(self) -> None:
            self.check()
            self.core.changes += self.changes
            try:
                for batch in self.batches:
                    self.core.append(batch)
            except VersionConflict as conflict:
                raise StoreUnavailable("others were first") from conflict
