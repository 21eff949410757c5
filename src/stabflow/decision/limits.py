"""The limits of where a case stands, as it comes under another version: none is lost, and which are other ones is told."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..calendar import DueTime
from ..case import Case
from ..errors import Blocker
from ..language import Procedure, State
from ..text import Text, quoted, say
from ..values import Value
from .curing import Cures
from .duties import due_for
from .events import ItemDue, Migrated
from .refusals import limit_unknown
from .view import Context


@attrs.frozen
class Standing:
    """The case (``item`` is ``None``) or an item of it in the state where it stands, under the one version and the other."""

    item: str | None
    kind: str | None
    title: Text
    was: State
    now: State
    due: DueTime | None
    values: dict[str, Value]
    stands: bool

    @property
    def has_new_limit(self) -> bool:
        """Whether what is owed here had no limit, and has one now."""
        return self.due is None and not self.now.final and not self.now.open_ended


def standings(old: Procedure, new: Procedure, case: Case, after: Case) -> Iterator[Standing]:
    """Where the case and its items stand, ``after`` as it is called under ``new``; without what has no place there."""
    if after.state in new.states:
        title = quoted(old.state_title(case.state))
        yield Standing(
            None,
            None,
            title,
            old.states[case.state],
            new.states[after.state],
            case.due,
            dict(after.facts),
            case.stopped_at is not None,
        )
    for one in case.items.values():
        there = after.items[one.id]
        if one.superseded or one.kind not in new.items or there.state not in new.items[one.kind].states:
            continue
        state = quoted(old.state_title(one.state, one.kind))
        title = say("{kind} in {state}", "{kind}处于{state}", kind=old.kind_title(one.kind), state=state)
        was, now = old.state_of(one.state, one.kind), new.state_of(there.state, one.kind)
        yield Standing(one.id, one.kind, title, was, now, one.due, dict(there.fields), one.stopped_at is not None)


def stuck_clocks(old: Procedure, new: Procedure, case: Case, after: Case) -> Iterator[Blocker]:
    """The clocks that stand now, and that nobody could resume under ``new``."""
    for one in standings(old, new, case, after):
        if one.stands and not one.was.final and not one.now.clock_stopped_by:
            yield Blocker(
                kind="migration",
                text=say(
                    "the clock of {where} stands, and nobody could resume it under {new}: resume it first",
                    "{where}的计时已中止，而按{new}任何人不得恢复：请先恢复计时",
                    where=one.title,
                    new=new,
                ),
                have=one.title,
            )


def with_new_limits(
    event: Migrated, old: Procedure, new: Procedure, case: Case, after: Case, context: Context
) -> tuple[Migrated, tuple[Blocker, ...]]:
    """``event`` with due times for what had no limit and has one under ``new``, beginning now; or what is to be stated first."""
    dues: dict[str | None, DueTime] = {}
    unknown: list[Blocker] = []
    for one in standings(old, new, case, after):
        if one.has_new_limit:
            due = due_for(new, one.now, one.values, context)
            if due is not None:
                dues[one.item] = due
            else:
                until = one.now.until or ""
                item = None if one.item is None else after.items[one.item]
                who = Cures(new, after).stating(until, one.kind, item)
                unknown.append(limit_unknown(until, new.field_title(until, one.kind), who))
    items = tuple(ItemDue(item=item, due=due) for item, due in dues.items() if item is not None)
    return attrs.evolve(event, due=dues.get(None), items_due=items), tuple(unknown)


def limits_told(event: Migrated, old: Procedure, new: Procedure, case: Case, after: Case) -> Iterator[Text]:
    """Every limit that is another one, once, with what that does to what is owed now."""
    told: dict[Text, None] = {}
    begun: dict[str | None, DueTime | None] = {None: event.due}
    begun |= {one.item: one.due for one in event.items_due}
    for one in standings(old, new, case, after):
        was, now = _limit(old, one.kind, one.was), _limit(new, one.kind, one.now)
        if one.was.final or was == now:
            continue
        due = begun.get(one.item)
        if due is not None:
            owed = say("it falls due now: {when}", "自现在起计：{when}", when=due.derivation(new.zone))
        elif one.due is not None:
            owed = Text("what is due stays due when it was recorded to be", "现有期限不变")
        else:
            owed = Text("nothing falls due", "无期限")
        text = say(
            "{where}: limit was {was}, is now {now}; {owed}",
            "{where}：期限由{was}改为{now}；{owed}",
            where=one.title,
            was=was,
            now=now,
            owed=owed,
        )
        told[text] = None
    yield from told


def _limit(procedure: Procedure, kind: str | None, state: State) -> Text:
    if state.within is not None:
        return procedure.duration(state.within).title()
    if state.until is not None:
        return say("until {date}", "至{date}", date=quoted(procedure.field_title(state.until, kind)))
    return Text("open-ended", "不设期限")
