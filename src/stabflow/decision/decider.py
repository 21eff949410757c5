"""`decide`: what a command becomes, or every reason why it may not be; and what could be done from here."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..case import Case, Item
from ..errors import Blocker, InvalidInput, Refused, near_miss
from ..language import Procedure, Transition
from ..language.machine import NEW
from ..values import Actor
from . import rows
from .amendment import decide_amendment
from .appointment import decide_appointment, decide_relief
from .breaches import decide_confirmation, decide_finding, decide_voiding
from .commands import (
    ASKING,
    Add,
    Amend,
    Appoint,
    Command,
    ConfirmBreach,
    Delegate,
    EndDelegation,
    FindBreach,
    Fire,
    Migrate,
    Open,
    Recuse,
    Relieve,
    ResumeClock,
    StopClock,
    VoidBreach,
)
from .delegation import decide_delegation, decide_end, decide_recusal
from .events import Decided
from .examination import Examination
from .migration import decide_migration
from .permission import TICK, lent_to, mandates
from .stopping import decide_clock
from .view import Context


def decide(procedure: Procedure, case: Case | None, command: Command, context: Context) -> Decided:
    """The event that ``command`` becomes, with the role and mandate it is done under.

    Pure: the same arguments give the same answer. Raises `InvalidInput` when the command could never be right, and `Refused`
    (`NotPermitted`, `NotYourRole`, `Unmet`) with every blocker when it may not be done now; then nothing has changed.
    """
    return examined(procedure, case, command, context).decided()


def blockers(procedure: Procedure, case: Case, command: Command, context: Context) -> tuple[Blocker, ...]:
    """Everything that stands against ``command`` now, without trying it; values not given yet count as given and fitting."""
    try:
        return tuple(examined(procedure, case, command, context, partial=True).blockers)
    except Refused as refusal:
        return refusal.blockers


def is_free(procedure: Procedure, case: Case, command: Command, context: Context) -> bool:
    """Whether `blockers` would tell nothing; no words are made for it."""
    try:
        return examined(procedure, case, command, context, partial=True).is_free
    except Refused:
        return False


def examined(
    procedure: Procedure, case: Case | None, command: Command, context: Context, *, partial: bool = False
) -> Examination:
    """Everything that stands against ``command``, what plugins have to say included, and the event it would become. ``partial``:
    values not given count as given and fitting. Raises `InvalidInput`, and `Refused` where no row permits it."""
    found = _examined(procedure, case, command, context, partial=partial)
    if (
        not context.checks or command.actor == TICK
    ):  # what time puts on record has happened: nobody's say can keep it from it
        return found
    for check in context.checks:
        blocker = check.blocker(case, command, context.now)
        if blocker is not None and not (partial and blocker.pending):
            found.add(blocker)
    return found


def _examined(
    procedure: Procedure, case: Case | None, command: Command, context: Context, *, partial: bool
) -> Examination:
    if isinstance(command, Open):
        return rows.open_case(procedure, case, command, context)
    if case is None:
        raise InvalidInput.at("case", "has not been opened", "open it first")
    if isinstance(command, Fire):
        if command.item is None:
            return rows.fire(procedure, case, command, context, partial=partial)
        return rows.fire_item(procedure, case, _item(case, command.item), command, context, partial=partial)
    if isinstance(command, Add):
        return rows.add(procedure, case, command, context, partial=partial)
    if isinstance(command, (Amend, StopClock, ResumeClock)):
        item = None if command.item is None else _item(case, command.item)
        if isinstance(command, Amend):
            return decide_amendment(procedure, case, item, command, context)
        return decide_clock(procedure, case, item, command, context)
    return _of_no_row(procedure, case, command, context)


def _of_no_row(procedure: Procedure, case: Case, command: Command, context: Context) -> Examination:
    """What neither fires a row nor concerns what one has stated or begun."""
    if isinstance(command, Migrate):
        return decide_migration(procedure, case, command, context)
    if isinstance(command, Appoint):
        return decide_appointment(procedure, case, command, context)
    if isinstance(command, Relieve):
        return decide_relief(procedure, case, command, context)
    if isinstance(command, FindBreach):
        return decide_finding(procedure, case, command, context)
    if isinstance(command, ConfirmBreach):
        return decide_confirmation(procedure, case, command, context)
    if isinstance(command, VoidBreach):
        return decide_voiding(procedure, case, command, context)
    if isinstance(command, Recuse):
        return decide_recusal(procedure, case, command, context)
    if isinstance(command, Delegate):
        return decide_delegation(procedure, case, command, context)
    if isinstance(command, EndDelegation):
        return decide_end(procedure, case, command, context)
    raise AssertionError(f"{type(command).__name__} is no command")


def _item(case: Case, name: str) -> Item:
    try:
        return case.items[name]
    except KeyError:
        raise InvalidInput.at(
            "item", f"unknown item {name!r}", near_miss(name, case.items, none="add it first")
        ) from None


@attrs.frozen
class Option:
    """Something that the present configuration permits, whoever does it: a row of the case, of an item, or a new item."""

    row: Transition
    kind: str | None
    item: str | None

    @property
    def trigger(self) -> str:
        """The row's trigger."""
        return self.row.trigger


def moves(procedure: Procedure, case: Case) -> Iterator[Option]:
    """Everything that rows permit from here, requirements and permissions left aside."""
    for move in procedure.tables[None][case.state].values():
        yield Option(move.row, None, None)
    for kind in procedure.items:
        for move in procedure.tables[kind][NEW].values():
            yield Option(move.row, kind, None)
    for item in case.items.values():
        if not item.superseded:
            for move in procedure.tables[item.kind][item.state].values():
                yield Option(move.row, item.kind, item.id)


def available(procedure: Procedure, case: Case, actor: Actor, role: str | None, context: Context) -> tuple[Option, ...]:
    """What ``actor`` could do now (in ``role``, if one is named), given fitting values."""
    held = {**mandates(case, actor, context), **lent_to(procedure, case, actor, context)}

    def could_be_theirs(option: Option) -> bool:
        return any(party in held or party not in procedure.roles for party in option.row.by)

    def asked(option: Option) -> Command:
        if option.item is None and option.kind is not None:
            return Add(actor=actor, basis=ASKING, role=role, kind=option.kind, trigger=option.trigger)
        return Fire(actor=actor, basis=ASKING, role=role, trigger=option.trigger, item=option.item)

    return tuple(
        option
        for option in moves(procedure, case)
        if could_be_theirs(option) and is_free(procedure, case, asked(option), context)
    )
