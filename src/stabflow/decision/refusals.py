"""The words of refusals that concern where a case or an item stands, not what a row requires."""

from __future__ import annotations

from collections.abc import Mapping

from ..case import Case, Item
from ..errors import Blocker, InvalidInput, NotPermitted, Refused, near_miss
from ..language import Procedure
from ..text import Text, listing, same, say
from ..values import Value
from .view import who_enters


def not_permitted(
    procedure: Procedure, kind: str | None, state: str, trigger: str, act: Text
) -> Refused | InvalidInput:
    """No row leads from ``state`` by ``trigger``: because none is called so, or because those that are lead from elsewhere."""
    cycle = procedure.lifecycle(kind)
    rows = [row for row in cycle.transitions if row.trigger == trigger]
    if not rows:
        known = {row.trigger for row in cycle.transitions}
        owners = [
            name for name, other in procedure.items.items() if any(row.trigger == trigger for row in other.transitions)
        ]
        if kind is None and owners:
            return InvalidInput.at("trigger", f"{trigger!r} is done to {' or '.join(owners)}", "name the item: item=…")
        return InvalidInput.at("trigger", f"unknown trigger {trigger!r}", near_miss(trigger, known))
    permitted = tuple(procedure.tables[kind][state])
    sources = [source for row in rows for source in cycle.sources(row)]
    have = procedure.state_title(state, kind)
    need = listing(
        [procedure.state_title(source, kind) for source in sources], none=Text("to be created by it", "由其设立")
    )
    now = listing([same(name) for name in permitted], none=Text("nothing", "无"))
    blocker = Blocker(
        kind="state",
        text=say(
            "“{have}” does not permit it: it must first be “{need}”; permitted now: {now}",
            "“{have}”状态下不可办理：应先处于“{need}”；现可办理：{now}",
            have=have,
            need=need,
            now=now,
        ),
        have=have,
        need=need,
        clause=rows[0].clause,
        cure=who_enters(procedure, sources) if kind is None else (),
        facts={"state": state, "permitted": list(permitted)},
    )
    return NotPermitted(act, state=state, trigger=trigger, permitted=permitted, blocker=blocker)


def case_over(procedure: Procedure, case: Case) -> Blocker:
    """The case stands in a final state."""
    have = procedure.state_title(case.state)
    return Blocker(
        kind="state",
        text=say("the case is over: “{have}”", "事项已终结：“{have}”", have=have),
        have=have,
        need=Text("a case that is still open", "尚未终结的事项"),
        facts={"state": case.state},
    )


def superseded(item: Item) -> Blocker:
    """The item makes way for one laid out later."""
    return Blocker(
        kind="superseded",
        text=say(
            "{item} belongs to an earlier round, a newer one took its place",
            "{item}属于以前的轮次，已有新的替代",
            item=item.id,
        ),
        have=same(item.id),
        need=Text("the item of this round", "本轮次的项目"),
        facts={"item": item.id},
    )


def limit_unknown(procedure: Procedure, kind: str | None, until: str) -> Blocker:
    """A state that lasts until a date is to be entered, and nobody has stated the date."""
    what = procedure.field_title(until, kind)
    return Blocker(
        kind="unstated",
        text=say("state {what} first", "请先填报{what}", what=what),
        need=what,
        cure=procedure.cures([party for row in procedure.lifecycle(kind).rows_setting(until) for party in row.by]),
        facts={"unstated": [until]},
        unstated=(until,),
    )


def twin(
    procedure: Procedure, case: Case, kind: str, values: Mapping[str, Value], adder: str, mine: Item | None = None
) -> Blocker | None:
    """There is an item like the one that has ``values`` and was added by ``adder``; what is unstated is like nothing."""
    unique = procedure.items[kind].unique
    since = case.entered[case.state].version
    if not unique or (mine is not None and mine.added < since):
        return None
    wanted = [adder if name == "actor" else values.get(name) for name in unique]
    if None in wanted:
        return None
    for item in case.of_kind(kind):
        if item is mine or item.superseded or item.added < since:
            continue
        if [item.adder if name == "actor" else item.fields.get(name) for name in unique] == wanted:
            title = procedure.kind_title(kind)
            return Blocker(
                kind="unique",
                text=say(
                    "{kind}: there is one alike already, {item}", "已有相同的{kind}：{item}", kind=title, item=item.id
                ),
                have=same(item.id),
                need=say(
                    "no other {kind} alike since the case came here", "进入本环节后不得有相同的{kind}", kind=title
                ),
                facts={"item": item.id, "unique": list(unique)},
            )
    return None
