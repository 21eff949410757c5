"""The words of refusals that concern where a case or an item stands, not what a row requires."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ..case import Case, Item
from ..errors import Blocker, Cure, InvalidInput, NotPermitted, Refused, near_miss
from ..language import Procedure
from ..text import AND, Text, either, listing, quoted, same, say
from ..values import Value
from .curing import who_enters
from .view import Context, holdings


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
    have = quoted(procedure.state_title(state, kind))
    need = either([procedure.state_title(source, kind) for source in sources], none=Text("a new one", "新的一项"))
    titles = dict.fromkeys(quoted(procedure.trigger_title(name, kind)) for name in permitted)
    shown = _ELSEWHERE if sources else _CREATES
    blocker = Blocker(
        kind="state",
        text=say(
            shown.en,
            shown.zh,
            have=have,
            need=need,
            now=listing([*titles], none=Text("nothing", "无")),
        ),
        have=have,
        need=need,
        clause=rows[0].clause,
        cure=who_enters(procedure, sources, state) if kind is None else (),
        facts={"state": state, "permitted": list(permitted)},
    )
    return NotPermitted(act, state=state, trigger=trigger, permitted=permitted, blocker=blocker)


_ELSEWHERE = Text(
    "it cannot be done in {have}, only in {need}; permitted now: {now}",
    "{have}状态下不可办理，须在{need}状态下办理；现可办理：{now}",
)
_CREATES = Text(
    "it only begins something new, and this is there already, in {have}; permitted now: {now}",
    "仅可用于新设，而此项已经存在，处于{have}；现可办理：{now}",
)


def case_over(procedure: Procedure, case: Case) -> Blocker:
    """The case stands in a final state."""
    have = quoted(procedure.state_title(case.state))
    return Blocker(
        kind="state",
        text=say("the case is over: {have}", "案件已终结：{have}", have=have),
        have=have,
        need=Text("a case that is still open", "尚未终结的案件"),
        facts={"state": case.state},
    )


def superseded(item: Item) -> Blocker:
    """The item makes way for one laid out later."""
    return Blocker(
        kind="superseded",
        text=say(
            "{item} belongs to an earlier round; a newer one has taken its place",
            "{item}属于以前的轮次，已由新的一项替代",
            item=item.id,
        ),
        have=same(item.id),
        need=Text("the one of this round", "本轮次的一项"),
        facts={"item": item.id},
    )


def limit_unknown(until: str, title: Text, cure: tuple[Cure, ...]) -> Blocker:
    """A state that lasts until a date is to be entered, and nobody has stated the date; ``cure`` names those who can."""
    what = quoted(title)
    return Blocker(
        kind="unstated",
        text=say("state {what} first", "请先填报{what}", what=what),
        need=what,
        cure=cure,
        facts={"unstated": [until]},
        unstated=(until,),
    )


def not_in_office(
    procedure: Procedure,
    case: Case | None,
    kind: str | None,
    values: Mapping[str, Value],
    fields: Collection[str],
    context: Context,
) -> Iterator[Blocker]:
    """The actor ``fields`` name office-holders, never anybody else: who holds a role of the case or a standing office, or did and
    has acted here, or was recused. While a case is being opened there are only standing offices."""
    named = {name: value for name, value in values.items() if name in fields}
    if not named:
        return
    acted = frozenset[str]() if case is None else case.acted.keys() | case.recused.keys()
    known = {held.actor for held in holdings(case, context)} | acted
    for name, value in named.items():
        if value not in known:
            yield _not_in_office(procedure, case, name, quoted(procedure.field_title(name, kind)), value)


_NO_ROLE = Text("no role here", "在此无职务")
_NO_OFFICE = Text("no standing office", "未任常设职务")
_IN_OFFICE = Text("somebody who holds a role of the case or a standing office", "在本案件中任职或担任常设职务的人员")
_IN_STANDING_OFFICE = Text("somebody who holds a standing office", "担任常设职务的人员")


def _not_in_office(procedure: Procedure, case: Case | None, name: str, field: Text, value: Value) -> Blocker:
    """In an open case an appointment cures it; before it is open, and when it is over, nobody appoints."""
    have, need = (_NO_OFFICE, _IN_STANDING_OFFICE) if case is None else (_NO_ROLE, _IN_OFFICE)
    appoints = case is not None and not procedure.states[case.state].final
    return Blocker(
        kind="office",
        text=say(
            "{field} must be an office-holder: {value} holds {have}",
            "{field}应为任职人员：{value}{have}",
            field=field,
            value=value,
            have=have,
        ),
        have=have,
        need=need,
        cure=procedure.cures([by for role in procedure.roles.values() for by in role.appointed_by if appoints]),
        facts={"field": name, "actor": value},
    )


def twin(
    procedure: Procedure,
    case: Case,
    kind: str,
    values: Mapping[str, Value],
    adders: Collection[str],
    mine: Item | None = None,
) -> Blocker | None:
    """There is an item like the one that has ``values`` and is that of ``adders``: who added it and for whom; what is unstated is
    like nothing. What a delegate adds is also whom they act for's: the two have one between them."""
    unique = procedure.items[kind].unique
    since = case.entered[case.state].version
    if not unique or (mine is not None and mine.added < since):
        return None
    named = [name for name in unique if name != "actor"]
    wanted = [values.get(name) for name in named]
    if None in wanted:
        return None
    for item in case.of_kind(kind):
        if item is mine or item.superseded or item.added < since:
            continue
        same_person = len(named) == len(unique) or any(one in adders for one in item.adders)
        if same_person and [item.fields.get(name) for name in named] == wanted:
            return Blocker(
                kind="unique",
                text=say(
                    "{kind}: there is one{alike} already: {item}",
                    "{kind}：已有{alike}的一项：{item}",
                    kind=procedure.kind_title(kind),
                    alike=_alike(procedure, kind, unique),
                    item=item.id,
                ),
                have=same(item.id),
                need=say(
                    "only one such since {state} was last entered",
                    "自最近一次进入{state}起仅有一项",
                    state=quoted(procedure.state_title(case.state)),
                ),
                facts={"item": item.id, "unique": list(unique)},
                compares=tuple(f"{kind}.{name}" for name in named),
            )
    return None


def _alike(procedure: Procedure, kind: str, unique: Sequence[str]) -> Text:
    by = Text(" by the same person", "同一人") if "actor" in unique else Text("", "")
    fields = [quoted(procedure.field_title(name, kind)) for name in unique if name != "actor"]
    if not fields:
        return by
    joint = "且" if by.zh else ""
    alike = listing(fields, last=AND)
    return say("{by} with the same {alike}", "{by}{joint}{alike}相同", by=by, joint=joint, alike=alike)


def plain(kind: str, text: Text) -> Blocker:
    """A blocker that says all there is in one sentence."""
    return Blocker(kind=kind, text=text)
