"""What is in the outbox, for people: what waits, and what was given up and may be tried again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import attrs

from ..decision.notices import Notice
from ..errors import Corrupt, InvalidInput
from ..history.record import Record
from ..ports.store import DeadLetter, WaitingNotice
from ..text import Language, Text
from ..values import Actor, Basis, clean_id, moment_text
from . import streams
from .despatches import reopen_addresses
from .messages import Outgoing, decode
from .pages import letters
from .shell import Shell


@attrs.frozen(kw_only=True)
class Pending:
    """Something in the outbox, under its ``number``: the notice ``notice`` of a case, for a role; once it is addressed, of which
    body, by which channel ("" where none is known), at the address in which place of the directory, and ``instead_of`` which role
    that nobody holds. It was tried ``attempts`` times. ``error`` is why it was given up ("" where it waits).

    Where it cannot be read, ``notice`` and what else it says are empty.
    """

    number: int
    notice: str = ""
    case_id: str = ""
    about: str = ""
    subject: Text = Text("", "")
    role: str = ""
    instead_of: str = ""
    body: str = ""
    is_addressed: bool = False
    channel: str = ""
    place: int = 0
    message: str = ""
    created_at: datetime | None = None
    attempts: int
    error: str = ""

    def as_dict(self, language: Language = "en") -> dict[str, object]:
        """The same as plain JSON values."""
        return {
            **attrs.asdict(self, filter=lambda field, _: field.name not in {"subject", "created_at"}),
            "subject": self.subject.get(language),
            "created_at": None if self.created_at is None else moment_text(self.created_at),
        }


class Outbox:
    """The outbox of an engine's store. Nothing here is held up by a delivery, nor holds one up."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def waiting(self) -> Iterator[Pending]:
        """What is neither delivered nor given up, in the order of the numbers. `Unsupported` where the store has no outbox."""
        return map(_pending, letters(self._shell.store.waiting))

    def dead_letters(self) -> Iterator[Pending]:
        """What was given up, in the order of the numbers, each with its ``error``. `Unsupported` as above."""
        return map(_pending, letters(self._shell.store.dead_letters))

    def retry(self, number: int) -> bool:
        """Have the dead letter of that number tried again at the next delivery; ``False`` where there is none."""
        if type(number) is not int:
            raise InvalidInput.at("number", f"{number!r:.60} is not a whole number", "give that of a dead letter")
        return self._shell.store.revive(number)

    def reopen(self, channel: str, body: str, /, *, by: Actor, basis: Basis | str) -> bool:
        """Put on record that the addresses of ``body`` in ``channel`` of the directory are used again, after the channel had said
        of some that they are gone; ``False`` where of none. The host vouches for ``by``, as for a founding authority."""
        return reopen_addresses(self._shell, channel, body, by, Basis.of(basis))

    def despatches(self, case_id: str, /) -> tuple[Record, ...]:
        """What became of the notices of a case, in order, as `Engine.deliver` put it on record: what was sent to which role of
        which body by which channel, and when; what was rejected, or given up."""
        return tuple(streams.read(self._shell.store, streams.notices_stream(clean_id(case_id, "case"))))


def _pending(one: WaitingNotice | DeadLetter) -> Pending:
    error = one.error if isinstance(one, DeadLetter) else ""
    try:
        found = decode(one.payload)
    except Corrupt as problem:
        return Pending(number=one.notice, attempts=one.attempts, error=error or str(problem))
    notice = found if isinstance(found, Notice) else found.notice
    said: dict[str, object] = {"role": notice.role, "body": notice.body}
    if isinstance(found, Outgoing):
        said = {
            "role": found.role,
            "instead_of": found.instead_of,
            "body": found.body,
            "is_addressed": True,
            "channel": found.channel,
            "place": found.place,
            "message": found.id,
        }
    return Pending(
        number=one.notice,
        notice=notice.name,
        case_id=notice.case,
        about=notice.about,
        subject=notice.subject,
        created_at=notice.created_at,
        attempts=one.attempts,
        error=error,
        **said,  # type: ignore[arg-type]
    )
