"""The table of the faulty stores: the clauses of which one is found broken, and the lowest level at which it must be.

The fault itself is the sentence at the head of the class. Levels before the one named find nothing: that is why there is that
level. A store is made with the harness of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from stabflow.testing import Level, StoreHarness

from . import (
    appending,
    cached,
    columns,
    crashing,
    failing,
    feeding,
    index,
    joining,
    outbox,
    overtaking,
    paging,
    racing,
    subtle,
)
from .harnesses import FailingSharedHarness, HostedHarness, JournalHarness, SharedHarness
from .hosted import Hosted
from .journal import JournalStore
from .powerless import DiskHarness, NotSynced


@attrs.frozen
class Faulty:
    """One faulty store. At the first level its harness offers all that can be offered, at the others what every harness has.
    ``clauses`` are those of which one must be the first that is found broken; ``hangs``, if the fault is that it never comes to
    an end: by that no other may be found. ``check`` is one that finds it, where a clause has many others."""

    store: type[Any]
    clauses: str
    level: Level
    hangs: bool = False
    check: str = ""

    @property
    def likely(self) -> list[str]:
        """What to try first."""
        return [self.check] if self.check else self.clauses.split()

    @property
    def name(self) -> str:
        return self.store.__name__

    @property
    def fault(self) -> str:
        return " ".join((self.store.__doc__ or "").split())

    @contextmanager
    def harness(self) -> Iterator[StoreHarness]:
        if issubclass(self.store, NotSynced):
            with DiskHarness.watching(self.store) as harness:
                yield harness
        elif issubclass(self.store, JournalStore):
            yield JournalHarness(self.store)
        elif issubclass(self.store, Hosted):
            yield HostedHarness(self.store)
        elif self.level is Level.SEQUENTIAL:
            yield FailingSharedHarness(self.store)
        else:
            yield SharedHarness(self.store)


SEQUENTIAL = [
    # C1: who may append
    Faulty(appending.NoVersionCheck, "C1", Level.SEQUENTIAL),
    Faulty(appending.OnlyOlderIsAConflict, "C1", Level.SEQUENTIAL),
    Faulty(appending.MinusOneIsAnyVersion, "C1", Level.SEQUENTIAL),
    Faulty(appending.ConflictTellsWhatWasExpected, "C1", Level.SEQUENTIAL),
    Faulty(appending.ReliesOnIgnored, "C1", Level.SEQUENTIAL),
    Faulty(appending.ReliesOnVersionsAlone, "C1", Level.SEQUENTIAL),
    Faulty(appending.HeadsByVersionAlone, "Port C1", Level.SEQUENTIAL),
    # C2: all or nothing
    Faulty(appending.ConflictKeepsNotices, "C2", Level.SEQUENTIAL),
    Faulty(appending.ConflictKeepsIndex, "C1 C2", Level.SEQUENTIAL),
    Faulty(failing.TornBatch, "C2 C5", Level.SEQUENTIAL),
    Faulty(failing.KeptUntilTheNextCommit, "C2 C5", Level.SEQUENTIAL),
    # C3: the same act again
    Faulty(appending.LateKeyLookup, "C1 C3", Level.SEQUENTIAL),
    Faulty(appending.OtherDigestAccepted, "C2 C3", Level.SEQUENTIAL),
    Faulty(appending.KeysOfAllStreams, "C2 C3", Level.SEQUENTIAL),
    Faulty(appending.ReplayNotReported, "C1 C2 C3", Level.SEQUENTIAL),
    Faulty(appending.ReplayTellsTheHead, "C3", Level.SEQUENTIAL),
    Faulty(appending.ReplayRepeatsNotices, "C3", Level.SEQUENTIAL),
    Faulty(appending.RefusedUsesUpKey, "C1 C2 C3", Level.SEQUENTIAL),
    Faulty(appending.OnlyNewestKeyKept, "C2 C3", Level.SEQUENTIAL),
    Faulty(appending.NoKeyWithoutRecords, "C3", Level.SEQUENTIAL),
    # C5: what an error says
    Faulty(failing.SwallowedDriverError, "C2 C5", Level.SEQUENTIAL),
    Faulty(failing.UnavailableForUnknown, "C5", Level.SEQUENTIAL),
    Faulty(failing.UnknownForCertain, "C5", Level.SEQUENTIAL),
    Faulty(failing.DriverErrorAsItIs, "C2 C5", Level.SEQUENTIAL),
    Faulty(failing.DriverErrorNotChained, "C5", Level.SEQUENTIAL),
    Faulty(failing.LostIsDoneAgain, "C2 C5", Level.SEQUENTIAL),
    # C6: the feed
    Faulty(feeding.InclusiveCursor, "C2 C6", Level.SEQUENTIAL),
    Faulty(feeding.NoFeedReset, "C6", Level.SEQUENTIAL),
    Faulty(feeding.ResetOnlyWhenBehind, "C6", Level.SEQUENTIAL),
    Faulty(feeding.CursorByInodeAlone, "C6", Level.SEQUENTIAL),
    Faulty(feeding.CursorAheadOfAShortPage, "C2 C6", Level.SEQUENTIAL),
    Faulty(feeding.NoCursorAtTheEnd, "C6", Level.SEQUENTIAL),
    Faulty(feeding.FeedByStream, "C2 C6", Level.SEQUENTIAL),
    Faulty(feeding.PositionsPerStream, "C2 C6", Level.SEQUENTIAL),
    Faulty(feeding.BadCursorStartsOver, "C6", Level.SEQUENTIAL),
    # C8: what comes back
    Faulty(feeding.ReinterpretedJson, "C8", Level.SEQUENTIAL),
    Faulty(feeding.PayloadAsText, "C8", Level.SEQUENTIAL),
    Faulty(feeding.PayloadCut, "C8", Level.SEQUENTIAL),
    Faulty(feeding.ZerosTrimmed, "C8", Level.SEQUENTIAL),
    Faulty(feeding.NormalisedText, "C8", Level.SEQUENTIAL),
    Faulty(feeding.SpacesTrimmed, "C8", Level.SEQUENTIAL),
    Faulty(feeding.StreamsOfAnyCase, "C8", Level.SEQUENTIAL),
    Faulty(feeding.EmptyTextIsNothing, "C7 C8 C13", Level.SEQUENTIAL),
    Faulty(columns.FlagsAsNumbers, "C2 C8 C12 C13", Level.SEQUENTIAL),
    Faulty(columns.BytesAsViews, "C2 C8 C9 C12", Level.SEQUENTIAL),
    Faulty(columns.RowsInAList, "Port C2 C8 C12 C13", Level.SEQUENTIAL),
    Faulty(columns.KeysCut, "C3 C8", Level.SEQUENTIAL),
    Faulty(columns.CaseIdsCut, "C8 C13", Level.SEQUENTIAL),
    Faulty(columns.LanesCut, "C8", Level.SEQUENTIAL),
    # C9: snapshots
    Faulty(paging.SnapshotBeyondHead, "Port C9", Level.SEQUENTIAL),
    Faulty(paging.OlderSnapshotReplaces, "C9", Level.SEQUENTIAL),
    Faulty(paging.SnapshotOfRefused, "C2 C9", Level.SEQUENTIAL),
    # C10: the outbox
    Faulty(outbox.NotLeased, "C10", Level.SEQUENTIAL),
    Faulty(outbox.NoFencing, "C10", Level.SEQUENTIAL),
    Faulty(outbox.ReleaseNotFenced, "C10", Level.SEQUENTIAL),
    Faulty(outbox.AckTwiceIsHarmless, "C10", Level.SEQUENTIAL),
    Faulty(outbox.ExpiredMayNotAck, "C10", Level.SEQUENTIAL),
    Faulty(outbox.ClaimsNeverExpire, "C10", Level.SEQUENTIAL),
    Faulty(outbox.OwnClock, "C10", Level.SEQUENTIAL),
    Faulty(outbox.LaneOrderBroken, "C10", Level.SEQUENTIAL),
    Faulty(outbox.RetriedGoesToTheBack, "C10", Level.SEQUENTIAL),
    Faulty(outbox.WaitingLetsOthersPass, "C10", Level.SEQUENTIAL),
    Faulty(outbox.ParkedBlocksItsLane, "C10", Level.SEQUENTIAL),
    Faulty(outbox.GivenUpIsLost, "C8 C10", Level.SEQUENTIAL),
    Faulty(outbox.ErrorNotKept, "C8 C10", Level.SEQUENTIAL),
    Faulty(outbox.DeadLettersInclusive, "C10", Level.SEQUENTIAL),
    Faulty(outbox.LeasedDoNotWait, "C10", Level.SEQUENTIAL),
    Faulty(outbox.WaitingInclusive, "C10", Level.SEQUENTIAL),
    Faulty(outbox.RetryAfterIgnored, "C10", Level.SEQUENTIAL),
    Faulty(outbox.ReleasedKeepsItsLease, "C10", Level.SEQUENTIAL),
    Faulty(outbox.TokensPerNotice, "C10", Level.SEQUENTIAL),
    Faulty(outbox.TokensOfTheStart, "C10", Level.SEQUENTIAL),
    Faulty(outbox.AttemptsNotCounted, "C10", Level.SEQUENTIAL),
    Faulty(outbox.ClaimIgnoresLimit, "C10", Level.SEQUENTIAL),
    Faulty(outbox.LeasedUseUpTheLimit, "C10", Level.SEQUENTIAL),
    Faulty(outbox.RevivedAtTheBack, "C10", Level.SEQUENTIAL),
    Faulty(outbox.RevivedKeepsItsAttempts, "C10", Level.SEQUENTIAL),
    Faulty(outbox.RevivesWhatIsNot, "Port C10", Level.SEQUENTIAL),
    Faulty(outbox.RevivedStaysDead, "C10", Level.SEQUENTIAL),
    Faulty(outbox.NoticesWithoutRecordsDropped, "C3 C10", Level.SEQUENTIAL),
    # C12: what a handle shares
    Faulty(feeding.AliasedInput, "C12", Level.SEQUENTIAL),
    Faulty(feeding.AliasedOutput, "Port C11 C12", Level.SEQUENTIAL),
    Faulty(feeding.UseAfterCloseWorks, "Port C12", Level.SEQUENTIAL),
    Faulty(feeding.ClosedReadsNothing, "Port C5 C12", Level.SEQUENTIAL),
    Faulty(feeding.ClosedIsUnknown, "Port C5 C12", Level.SEQUENTIAL),
    Faulty(feeding.ClosedTwiceRaises, "Port C12", Level.SEQUENTIAL),
    Faulty(feeding.LockKeptAfterARefusal, "Port C1 C2 C12", Level.SEQUENTIAL, hangs=True),
    # C14: the schema
    Faulty(crashing.LaterFormatNotSeen, "C14", Level.SEQUENTIAL),
    Faulty(crashing.LaterFormatUnavailable, "C14", Level.SEQUENTIAL),
    # C13: the index, and pages
    Faulty(index.IndexOutOfStep, "C13", Level.SEQUENTIAL),
    Faulty(index.AllDutiesReplaced, "C7 C13", Level.SEQUENTIAL),
    Faulty(index.ClearedStay, "C7 C13", Level.SEQUENTIAL),
    Faulty(index.ClearedLast, "C7 C13", Level.SEQUENTIAL),
    Faulty(index.ClearsOtherCases, "C7 C13", Level.SEQUENTIAL),
    Faulty(index.OneRowForEachRole, "C13", Level.SEQUENTIAL),
    Faulty(index.DutyKeptAtItsOldTime, "C7 C13", Level.SEQUENTIAL),
    Faulty(index.EmptyFilterIsNone, "C8 C13", Level.SEQUENTIAL),
    Faulty(index.ZeroFilterIsNone, "C8 C13", Level.SEQUENTIAL),
    Faulty(index.OneFilterAtATime, "C13", Level.SEQUENTIAL),
    Faulty(index.DueBeforeInclusive, "C13", Level.SEQUENTIAL),
    Faulty(index.OpenEndedIsOverdue, "C13", Level.SEQUENTIAL),
    Faulty(index.OpenEndedFirst, "C13", Level.SEQUENTIAL),
    Faulty(paging.PageRepeatsItsEdge, "C13", Level.SEQUENTIAL),
    Faulty(paging.PageSkipsARow, "C13", Level.SEQUENTIAL),
    Faulty(paging.PagesByOffset, "C13", Level.SEQUENTIAL),
    Faulty(paging.FullPageHasANext, "C13", Level.SEQUENTIAL),
    Faulty(paging.FiltersThePage, "C13", Level.SEQUENTIAL),
    Faulty(paging.DutiesPagedByTimeAlone, "C13", Level.SEQUENTIAL),
    Faulty(paging.BadDutyCursorStartsOver, "C13", Level.SEQUENTIAL),
    Faulty(paging.StreamLimitIgnored, "Port", Level.SEQUENTIAL),
    Faulty(paging.StreamAfterInclusive, "Port", Level.SEQUENTIAL),
    Faulty(paging.AnyPageSize, "Port", Level.SEQUENTIAL),
    # What is seldom asked for
    Faulty(subtle.NegativeAfterReadsTheEnd, "Port", Level.SEQUENTIAL),
    Faulty(subtle.HeadsOfASet, "Port C1 C7", Level.SEQUENTIAL),
    Faulty(subtle.HeadsAsTheyCome, "Port C1 C7", Level.SEQUENTIAL),
    Faulty(subtle.OnlyTenHeadsCompared, "Port C1 C7", Level.SEQUENTIAL),
    Faulty(subtle.ReliesOnFirstTen, "C1", Level.SEQUENTIAL),
    Faulty(subtle.ReliesOnLastOfEach, "C1", Level.SEQUENTIAL),
    Faulty(subtle.ConflictNamesTheBatch, "C1", Level.SEQUENTIAL),
    Faulty(subtle.KeyOfTheFirstRecord, "C1", Level.SEQUENTIAL),
    Faulty(subtle.LookupNotReplayed, "C3", Level.SEQUENTIAL),
    Faulty(subtle.NoRecordsNoVersions, "C3", Level.SEQUENTIAL),
    Faulty(subtle.WholeSeconds, "C10", Level.SEQUENTIAL),
    Faulty(subtle.DeadLettersAsTheyCame, "C10", Level.SEQUENTIAL),
    Faulty(subtle.DeadLettersByPlace, "C10", Level.SEQUENTIAL),
    Faulty(subtle.RevivedOvertakesTheLeased, "C10", Level.SEQUENTIAL),
    Faulty(subtle.ReleasedAfterItRanOut, "C10", Level.SEQUENTIAL),
    Faulty(subtle.ReleasedStaysClaimed, "C10", Level.SEQUENTIAL),
    Faulty(subtle.RevivingWakesTheLane, "C10", Level.SEQUENTIAL),
    Faulty(subtle.BackToAnEarlierState, "C13", Level.SEQUENTIAL),
    Faulty(subtle.ClearedOnceForAll, "C13", Level.SEQUENTIAL),
    Faulty(subtle.TwoFiltersAtMost, "C13", Level.SEQUENTIAL),
    Faulty(subtle.RevivedOnlyOnce, "C10", Level.SEQUENTIAL),
    Faulty(subtle.BreachedForGood, "C13", Level.SEQUENTIAL),
    Faulty(subtle.SortedWithoutCase, "C13", Level.SEQUENTIAL),
    # EXTERNAL_TX: transactions of a host
    Faulty(joining.CommitsAtOnce, "Port C2", Level.SEQUENTIAL, check="c2_nobody_sees_it_before_the_commit"),
    Faulty(joining.RollbackOfTheChangeAlone, "Port C2", Level.SEQUENTIAL, check="c2_a_rollback_leaves_nothing"),
    Faulty(joining.ActsAlone, "Port C2", Level.SEQUENTIAL, check="c2_a_rollback_leaves_nothing"),
    Faulty(joining.ChangeLeftOpen, "Port C2", Level.SEQUENTIAL, check="c2_a_refused_batch_leaves_the_transaction"),
    Faulty(joining.CommittedByItselfAlone, "Port C2", Level.SEQUENTIAL, check="c2_nobody_sees_it_before_the_commit"),
    Faulty(joining.KeyNotUndone, "C2", Level.SEQUENTIAL, check="c2_a_rollback_leaves_nothing"),
    Faulty(joining.NoticesAtOnce, "C2", Level.SEQUENTIAL, check="c2_nobody_sees_it_before_the_commit"),
    Faulty(joining.IndexAtOnce, "C2", Level.SEQUENTIAL, check="c2_nobody_sees_it_before_the_commit"),
    Faulty(joining.SnapshotAtOnce, "C2", Level.SEQUENTIAL, check="c2_nobody_sees_it_before_the_commit"),
    Faulty(joining.ReadsWhatIsCommitted, "C2 C7", Level.SEQUENTIAL, check="c7_the_transaction_reads_what_it_wrote"),
    Faulty(
        joining.KeysOfOthersAlone, "C3", Level.SEQUENTIAL, check="c3_a_key_answers_within_the_transaction_and_after_it"
    ),
    Faulty(joining.HeadsOfBefore, "C7", Level.SEQUENTIAL, check="c7_the_transaction_reads_what_it_wrote"),
    Faulty(joining.FeedBeforeTheCommit, "C7", Level.SEQUENTIAL, check="c7_the_transaction_reads_what_it_wrote"),
    Faulty(joining.ConflictBreaks, "C2", Level.SEQUENTIAL, check="c2_a_refused_batch_leaves_the_transaction"),
    Faulty(joining.MismatchBreaks, "C2", Level.SEQUENTIAL, check="c2_a_refused_batch_leaves_the_transaction"),
    Faulty(
        joining.ConflictUndoesWhatWasBefore, "C2", Level.SEQUENTIAL, check="c2_a_refused_batch_leaves_the_transaction"
    ),
    Faulty(joining.CommitsWithoutOne, "Port", Level.SEQUENTIAL, check="port_without_a_transaction_nothing_is_done"),
    Faulty(joining.BeginsOne, "Port", Level.SEQUENTIAL, check="port_without_a_transaction_nothing_is_done"),
    Faulty(joining.ReadsWithoutOne, "Port", Level.SEQUENTIAL, check="port_without_a_transaction_nothing_is_done"),
    Faulty(joining.CommitsNothing, "C5", Level.SEQUENTIAL, check="c5_a_commit_without_a_transaction_is_no_success"),
    Faulty(joining.EndedIsUnavailable, "C5", Level.SEQUENTIAL, check="c5_a_commit_without_a_transaction_is_no_success"),
    Faulty(joining.OfItsOwnAlone, "Port", Level.SEQUENTIAL, check="port_a_transaction_can_be_begun_and_ended"),
    Faulty(joining.BeginCommits, "Port", Level.SEQUENTIAL, check="port_a_transaction_can_be_begun_and_ended"),
    Faulty(joining.BeginsAnew, "Port", Level.SEQUENTIAL, check="port_a_transaction_can_be_begun_and_ended"),
    Faulty(joining.CloseCommits, "Port", Level.SEQUENTIAL, check="port_closing_leaves_the_transaction"),
    Faulty(joining.CloseRollsBack, "Port", Level.SEQUENTIAL, check="port_closing_leaves_the_transaction"),
    Faulty(joining.GoesOnWhenClosed, "Port", Level.SEQUENTIAL, check="port_closing_leaves_the_transaction"),
    Faulty(joining.Leases, "Port", Level.SEQUENTIAL, check="port_leases_are_not_for_a_transaction_of_the_host"),
    Faulty(joining.Revives, "Port", Level.SEQUENTIAL, check="port_leases_are_not_for_a_transaction_of_the_host"),
    Faulty(joining.AnyConnection, "Port", Level.SEQUENTIAL, check="port_what_is_no_connection_is_bad_input"),
    Faulty(
        joining.StorageOfTheConnection, "Port", Level.SEQUENTIAL, check="port_a_batch_goes_to_the_storage_of_its_store"
    ),
    Faulty(
        joining.LostIsUnavailable, "C5", Level.SEQUENTIAL, check="c5_a_lost_answer_to_the_host_is_an_unknown_outcome"
    ),
    Faulty(joining.RefusedIsUnknown, "C5", Level.SEQUENTIAL, check="c5_a_refused_transaction_leaves_nothing"),
    Faulty(joining.FailuresPassUnseen, "C5", Level.SEQUENTIAL, check="c5_a_torn_transaction_leaves_nothing"),
    Faulty(joining.TornInTwo, "C5", Level.SEQUENTIAL, check="c5_a_torn_transaction_leaves_nothing"),
    Faulty(joining.TellsOfRollbacks, "Port", Level.SEQUENTIAL, check="port_who_asks_is_told_of_commits"),
    Faulty(joining.TellsBefore, "Port", Level.SEQUENTIAL, check="port_who_asks_is_told_of_commits"),
    Faulty(joining.TellsWhenClosed, "Port", Level.SEQUENTIAL, check="port_who_asks_is_told_of_commits"),
    Faulty(joining.JoinsAgain, "Port", Level.SEQUENTIAL, check="port_a_joined_store_joins_nothing"),
]

SECOND_HANDLE = [
    Faulty(cached.EpochOfThisHandle, "C6 C7", Level.SECOND_HANDLE),
    Faulty(cached.ClosingClosesAll, "C6 C7 C12", Level.SECOND_HANDLE),
    Faulty(cached.VersionCheckedAgainstItsCache, "C1", Level.SECOND_HANDLE),
    Faulty(cached.KeysOfThisHandle, "C3 C7", Level.SECOND_HANDLE),
    Faulty(cached.EndOfFeedRemembered, "C6 C7", Level.SECOND_HANDLE),
    Faulty(cached.StaleStream, "C1 C6 C7", Level.SECOND_HANDLE),
    Faulty(cached.StaleHeads, "C1 C7", Level.SECOND_HANDLE),
    Faulty(cached.StaleIndex, "C7", Level.SECOND_HANDLE),
    Faulty(cached.StaleSnapshot, "C7 C9", Level.SECOND_HANDLE),
    Faulty(cached.TokensOfThisHandle, "C7 C10", Level.SECOND_HANDLE),
    Faulty(cached.LeasesOfThisHandle, "C7 C10", Level.SECOND_HANDLE),
    Faulty(cached.ClaimsOfOthersRefused, "C7 C10", Level.SECOND_HANDLE),
    Faulty(overtaking.NobodyWaits, "C1", Level.SECOND_HANDLE, check="c1_one_of_two_wins_a_version"),
    Faulty(overtaking.RelianceNotHeld, "C1", Level.SECOND_HANDLE, check="c1_what_the_host_relies_on_stays"),
    Faulty(overtaking.ChangeCommittedFirst, "C1", Level.SECOND_HANDLE, check="c1_one_of_two_wins_a_version"),
    Faulty(overtaking.SeesWhatWas, "C1", Level.SECOND_HANDLE, check="c1_the_host_decides_on_what_is"),
    Faulty(overtaking.PlaceOfTheBeginning, "C6", Level.SECOND_HANDLE, check="c6_who_commits_last_comes_last"),
    Faulty(
        overtaking.PlaceAboveItsOwnStream, "C6", Level.SECOND_HANDLE, check="c6_a_place_is_above_what_was_relied_on"
    ),
    Faulty(
        overtaking.PlaceOfTheAppend, "C6", Level.SECOND_HANDLE, check="c6_nothing_is_missed_while_a_host_is_at_work"
    ),
]

THREADS = [
    Faulty(racing.RacyVersionCheck, "C1 C3 C12", Level.THREADS),
    Faulty(racing.RacyReliance, "C1 C12", Level.THREADS),
    Faulty(racing.RacyKey, "C2 C3 C12", Level.THREADS),
    Faulty(racing.TornReads, "C1 C2 C3 C7 C12", Level.THREADS),
    Faulty(racing.GroupSharesItsConflict, "C1 C2 C3 C5 C12", Level.THREADS),
    Faulty(racing.SwallowedBusy, "C1 C2 C3 C5 C12", Level.THREADS),
    Faulty(racing.UnavailableThoughWritten, "C1 C2 C3 C5 C12", Level.THREADS),
    Faulty(racing.EarlyPosition, "C6", Level.THREADS),
    Faulty(racing.SnapshotWrittenAfterwards, "C2 C9", Level.THREADS),
    Faulty(racing.DoubleClaim, "C10", Level.THREADS),
    Faulty(racing.DoubleAck, "C10", Level.THREADS),
    Faulty(racing.TwoFirstOfALane, "C2 C10", Level.THREADS),
    Faulty(racing.NextOfALaneForgotten, "C2 C10", Level.THREADS),
    Faulty(racing.NotThreadSafe, "C1 C2 C3 C12", Level.THREADS),
    Faulty(racing.IndexWrittenAfterwards, "C2 C12 C13", Level.THREADS),
    Faulty(overtaking.RacyCommit, "C2", Level.THREADS, check="c2_hosts_race_with_others"),
]

KILL = [
    Faulty(crashing.HalfTheRecords, "C2 C4", Level.KILL),
    Faulty(crashing.OutboxAfterwards, "C2 C4", Level.KILL),
    Faulty(crashing.IndexAfterwards, "C2 C4", Level.KILL),
    Faulty(crashing.KeyAfterwards, "C2 C3 C4", Level.KILL),
    Faulty(crashing.SnapshotBefore, "C2 C4 C9", Level.KILL),
    Faulty(crashing.WriteBack, "C4", Level.KILL),
    Faulty(crashing.LockLeftBehind, "C2 C4 C5", Level.KILL),
    Faulty(crashing.LockOfThisProcess, "C1 C10", Level.KILL),
]

POWER = [
    Faulty(NotSynced, "C4", Level.POWER),
]

EVERY = [*SEQUENTIAL, *SECOND_HANDLE, *THREADS, *KILL, *POWER]

BY_CHANCE = {
    appending.ReliesOnIgnored,
    appending.LateKeyLookup,
    appending.KeysOfAllStreams,
    outbox.NoFencing,
    outbox.LaneOrderBroken,
    index.OpenEndedFirst,
    cached.KeysOfThisHandle,
    cached.LeasesOfThisHandle,
}
"""Those that random histories find without any check that was thought of beforehand."""
