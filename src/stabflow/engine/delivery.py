"""Delivering what waits in the outbox: notices are addressed, messages are handed to their channels, and what became of each is
put on record before it is taken out.

However often and on however many machines this runs, and wherever it is killed, nothing is lost: what was handed over and is not
on record is handed over once more under the same id. A case is never touched.
"""

from __future__ import annotations

import os
import platform
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty

import attrs

from ..decision.notice_events import NoticeDelivered, NoticeGivenUp, NoticeRejected
from ..decision.notices import Notice
from ..errors import Corrupt, FaultyInput, InvalidInput, LeaseLost, PluginError
from ..ports.notifier import Delivered, Rejected, Retry
from ..ports.store import AppendBatch, Claim
from ..text import Language, Text, listing, same, say
from ..values import visible
from . import despatches, streams
from .crews import Crew, Job
from .despatches import Book, delivered_key, event_of
from .messages import Outgoing, decode, encode
from .posts import Open
from .routing import Nobody, later_ways, routed, ways
from .shell import Shell


@attrs.frozen
class Pace:
    """How fast, how often and for how long is tried; all times in seconds.

    ``ahead`` messages of a channel are under way or wait for their turn. After a failure a message rests for half of the
    time since it came about, from ``first`` up to ``most``, less a part by chance, but for no more than twice as long as before;
    ``fall_back`` after it came about the next channel is tried beside. ``give_up`` after it, it is given up, when it was tried
    ``tries`` times: it may have waited for a worker, or for somebody to revive it. ``lease``: so long a message is kept from
    other workers. ``busy``: so long it rests where its channel has enough to do.
    """

    ahead: int = 64
    first: float = 30.0
    most: float = 3_600.0
    fall_back: float = 3_600.0
    give_up: float = 259_200.0
    tries: int = 8
    lease: float = 300.0
    busy: float = 30.0


CLAIMED = 64
"""So many are claimed at once."""

_MOST = 500
_ENOUGH = "its channel has enough to do"
_LOOK = 0.2
"""After so many seconds without an answer it is looked which calls hang."""


def _worker() -> str:
    """Who claims, for people who look into a store."""
    return f"{platform.node()} {os.getpid()}"


@attrs.define
class Delivery:
    """What one run did. ``addressed`` notices became messages; ``delivered`` messages were taken over, ``known`` ones had been,
    by who did not come to take them out; ``rejected`` ones never will be; ``waiting`` ones are tried again later; ``given_up``
    are dead letters now. ``reasons`` tell why not, with the channel where there is one, and how often.
    """

    addressed: int = 0
    delivered: int = 0
    known: int = 0
    rejected: int = 0
    waiting: int = 0
    given_up: int = 0
    reasons: dict[Text, int] = attrs.field(factory=dict)

    def text(self) -> Text:
        """What was done, in a line."""
        parts = [
            say(en, zh, count=count)
            for count, en, zh in (
                (self.delivered, "{count} delivered", "送达{count}件"),
                (self.waiting, "{count} to be tried again", "待重试{count}件"),
                (self.rejected, "{count} rejected", "被拒收{count}件"),
                (self.given_up, "{count} given up", "投递失败{count}件"),
            )
            if count
        ]
        return listing(parts, none=Text("nothing was due", "没有待投递的通知"))

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The same as plain JSON values."""
        counts = attrs.asdict(self, filter=lambda field, _: field.name != "reasons")
        return {**counts, "reasons": {reason.get(language): times for reason, times in self.reasons.items()}}

    def note(self, reason: Text) -> None:
        """Count a reason."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


def check_limit(limit: object) -> None:
    """`InvalidInput` unless ``limit`` is a number of notices, or left open."""
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InvalidInput.at("limit", f"{limit!r:.60} is not a number of notices", "give 1 or more, or leave it out")


def deliver(
    shell: Shell,
    post: Open,
    *,
    limit: int | None = None,
    pace: Pace = Pace(),
    chance: Callable[[], float] = random.random,
    stopping: Callable[[], bool] = lambda: False,
) -> Delivery:
    """Deliver what is due, ``limit`` notices and messages at most; see `Engine.deliver`."""
    run = _Run(shell, post, limit, pace, chance, stopping)
    try:
        run.go()
    finally:
        run.end()
    return run.done


class _Run:
    def __init__(
        self,
        shell: Shell,
        post: Open,
        limit: int | None,
        pace: Pace,
        chance: Callable[[], float],
        stopping: Callable[[], bool],
    ) -> None:
        self._shell, self._post = shell, post
        self._left = limit
        self._pace, self._chance, self._stopping = pace, chance, stopping
        self._book = Book(shell)
        self._gone = despatches.gone(shell)
        self._crews = post.crews
        self._under_way: dict[Job, tuple[Claim, Outgoing]] = {}
        self._resting: dict[tuple[str, str, str, int], float] = {}
        self.done = Delivery()

    def go(self) -> None:
        """Until nothing is due any more, or it is told to stop."""
        while not self._stopping():
            claims = self._claimed()
            for claim in claims:
                self._take(claim)
            if not self._under_way:
                if not claims:
                    return
            else:
                self._await(0.0 if claims else _LOOK)

    def end(self) -> None:
        """Give back what was not begun, and settle what was, as long as that may take."""
        for crew in self._crews.values():
            self._give_back(crew, 0.0, "the worker stopped before its turn")
        while self._under_way:
            self._await(_LOOK)

    def _give_back(self, crew: Crew, after: float, reason: str) -> int:
        """Release what a crew has not begun; how many messages that are."""
        back = [self._under_way.pop(job) for job in crew.give_back() if job in self._under_way]
        for claim, _ in back:
            self._release(claim, after, reason)
        return len(back)

    # Claiming

    def _claimed(self) -> tuple[Claim, ...]:
        room = sum(max(0, self._pace.ahead - crew.load) for crew in self._crews.values())
        wanted = min(CLAIMED, room, CLAIMED if self._left is None else self._left)
        if wanted <= 0:
            return ()
        claims = tuple(self._shell.store.claim(_worker(), limit=wanted, lease_for=self._pace.lease))
        if self._left is not None:
            self._left -= len(claims)
        return claims

    def _take(self, claim: Claim) -> None:
        with self._parking(claim):
            one = decode(claim.payload)
            if isinstance(one, Notice):
                self._address(claim, one)
            elif not one.channel:
                self._send_on(claim, one)
            else:
                self._hand_over(claim, one)

    @contextmanager
    def _parking(self, claim: Claim, result: object = None) -> Iterator[None]:
        """What cannot be read, or is about a case of which something cannot, is a dead letter, off the record; nothing else is
        held up by it."""
        try:
            yield
        except (Corrupt, FaultyInput, PluginError) as error:
            why = visible(" ".join(str(error).split()))[:_MOST]
            reason = same(why)
            if isinstance(result, Delivered):
                reason = say(
                    "it was delivered, but that cannot be put on record: {why}", "已送达，但无法记录：{why}", why=why
                )
            self._release(claim, None, reason.en)
            self.done.given_up += 1
            self.done.note(reason)

    # Addressing

    def _address(self, claim: Claim, notice: Notice) -> None:
        try:
            messages = routed(self._shell, self._post.directory, notice)
        except Nobody as nobody:
            self._dead(claim, notice, nobody.text)
            return
        self._put(f"addressed {notice.id}", messages)
        self._ack(claim)
        self.done.addressed += 1

    def _send_on(self, claim: Claim, one: Outgoing) -> None:
        """A message for which no way was known, and perhaps is."""
        found = ways(self._post.directory, one)
        if any(not other.channel for other in found):
            reason = say(
                "the directory has no way to {role} of the body {body}: write one there, then have it tried again",
                "通讯录中没有联系单位{body}（{role}）的方式：请先补充，再重新投递",
                role=one.role_title,
                body=repr(one.body or "*"),
            )
            self._dead(claim, one, reason)
            return
        self._put(f"sent on {one.id}", found)
        self._ack(claim)
        self.done.addressed += 1

    def _put(self, key: str, messages: tuple[Outgoing, ...]) -> bool:
        """Put messages into the outbox, once under ``key``; whether they were not yet there."""
        notices = tuple(encode(one) for one in messages)
        result = self._shell.store.append(AppendBatch(streams.OUTBOX, 0, (), outbox=notices, key=key, digest=key))
        return not result.replayed

    # Handing over

    def _hand_over(self, claim: Claim, one: Outgoing) -> None:
        if claim.attempts > 1 and self._is_known(one):
            self._ack(claim)
            self.done.known += 1
            return
        crew = self._crews.get(one.channel)
        addresses = self._post.directory.addresses(one.body, one.role, one.channel)
        if crew is None or one.place >= len(addresses):
            self._rejected(claim, one, Rejected("the directory has it no more"))
            return
        if one.target in self._gone:
            self._rejected(claim, one, Rejected("the address is used no more"))
            return
        rest = self._resting.get(one.target, 0.0) - time.monotonic()
        if rest > 0 or crew.is_stuck or crew.load >= self._pace.ahead:
            self._release(claim, max(rest, self._busy()), "the same address failed just now" if rest > 0 else _ENOUGH)
            self.done.waiting += 1
            return
        entry = self._post.directory.entry(one.body)
        language = None if entry is None else entry.language
        job = Job(one.as_message(addresses[one.place].value, language, claim.attempts))
        self._under_way[job] = claim, one
        crew.take(job)

    def _is_known(self, one: Outgoing) -> bool:
        """Whether it is on record as delivered, or as delivered by a channel that was tried beside."""
        every = (one, *later_ways(self._post.directory, one))
        return any(self._book.has(one.notice.case, delivered_key(other.id)) for other in every)

    def _busy(self) -> float:
        return self._pace.busy * (0.5 + self._chance())

    def _await(self, longest: float) -> None:
        """Settle what is finished; wait for something, but no longer than ``longest`` seconds."""
        for crew in self._crews.values():
            crew.leave_behind()
            if crew.is_stuck:  # nobody would come to what waits there
                self.done.waiting += self._give_back(crew, self._busy(), _ENOUGH)
        with suppress(Empty):
            job = self._post.finished.get(timeout=longest) if longest else self._post.finished.get_nowait()
            while True:
                self._settle(job)
                job = self._post.finished.get_nowait()

    def _settle(self, job: Job) -> None:
        if job not in self._under_way:  # of a delivery that was broken off
            return
        claim, one = self._under_way.pop(job)
        with self._parking(claim, job.result):
            match job.result:
                case Delivered() as result:
                    self._delivered(claim, one, result)
                case Rejected() as result:
                    self._rejected(claim, one, result)
                case Retry() as result:
                    self._retry(claim, one, result)

    def _delivered(self, claim: Claim, one: Outgoing, result: Delivered) -> None:
        detail = result.detail
        event = event_of(NoticeDelivered, one, attempt=claim.attempts, detail=detail)
        self._book.write(one.notice.case, event, key=delivered_key(one.id))
        self._ack(claim)
        self._resting.pop(one.target, None)
        self.done.delivered += 1

    def _retry(self, claim: Claim, one: Outgoing, result: Retry) -> None:
        reason = result.reason
        age = (self._shell.now() - one.notice.created_at).total_seconds()
        _, is_new = self._fall_back(one) if age >= self._pace.fall_back else (False, False)
        if age >= self._pace.give_up and claim.attempts >= self._pace.tries:
            self._dead(claim, one, same(reason))
            return
        doubled = self._pace.first * 2.0 ** min(claim.attempts - 1, 20)
        pause = self._pace.first if is_new else min(max(age / 2, self._pace.first), doubled, self._pace.most)
        rest = min(max(pause * (0.5 + self._chance() / 2), result.after or 0.0), self._pace.most)
        self._resting[one.target] = time.monotonic() + min(rest, self._pace.busy)
        self._release(claim, rest, reason)
        self.done.waiting += 1
        self.done.note(same(f"{one.channel}: {reason}"))

    def _rejected(self, claim: Claim, one: Outgoing, result: Rejected) -> None:
        reason = result.reason
        event = event_of(NoticeRejected, one, attempt=claim.attempts, reason=reason, gone=result.gone)
        self._book.write(one.notice.case, event)
        if result.gone and one.target not in self._gone:
            despatches.close_address(self._shell, one)
            self._gone |= {one.target}
        self.done.rejected += 1
        if self._fall_back(one)[0]:
            self._ack(claim)
            self.done.note(same(f"{one.channel}: {reason}"))
        else:
            self._dead(claim, one, same(reason))

    def _fall_back(self, one: Outgoing) -> tuple[bool, bool]:
        """Send it by the next channel of the body, once for all addresses of the one before; whether there is any, and whether
        it goes there for the first time."""
        found = ways(self._post.directory, one, after=one.channel)
        return bool(found), bool(found) and self._put(f"after {one.channel} {one.by('').id}", found)

    # Settling

    def _dead(self, claim: Claim, one: Outgoing | Notice, reason: Text) -> None:
        case = one.notice.case if isinstance(one, Outgoing) else one.case
        self._book.write(case, event_of(NoticeGivenUp, one, attempt=claim.attempts, reason=reason.en))
        self._release(claim, None, reason.en)
        self.done.given_up += 1
        by = f"{one.channel}: " if isinstance(one, Outgoing) and one.channel else ""
        self.done.note(say("{by}{reason}", "{by}{reason}", by=by, reason=reason))

    def _ack(self, claim: Claim) -> None:
        with suppress(LeaseLost):  # another worker has it, and finds on record what was done
            self._shell.store.ack(claim)

    def _release(self, claim: Claim, after: float | None, reason: str) -> None:
        with suppress(LeaseLost):
            self._shell.store.release(claim, retry_after=after, error=reason)
