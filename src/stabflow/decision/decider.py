"""`decide`: what a command becomes, or every reason why it may not be.

The machine's table says where a trigger leads; permission, the row's requirements and the values it states are examined all
together, so that a refusal lists everything. What no row allows, nobody may do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from ..case import Case, Item
from ..errors import Blocker, Fault, InvalidInput, NotPermitted, Refused, Unmet, near_miss
from ..language import Procedure, Transition
from ..language.machine import NEW, Move
from ..requirements import CaseIs
from ..text import Text, listing, same, say
from ..values import Actor, Basis, Value
from .amendment import decide_amendment
from .appointment import decide_appointment, decide_relief
from .commands import Add, Amend, Appoint, Command, Fire, Open, Relieve
from .duties import due_for
from .events import Added, Decided, ItemMoved, LaidOut, Moved, Opened
from .examination import Examination
from .fields import stated
from .permission import permission
from .view import CaseView, Context, who_enters


def decide(procedure: Procedure, case: Case | None, command: Command, context: Context) -> Decided:
    """The event that ``command`` becomes, with the role and mandate it is done under.

    Pure: the same arguments give the same answer. Raises `InvalidInput` when the command could never be right, and `Refused`
    (`NotPermitted`, `NotYourRole`, `Unmet`) with every blocker when it may not be done now; then nothing has changed.
    """
    return _examined(procedure, case, command, context, partial=False).decided()


def blockers(procedure: Procedure, case: Case, command: Command, context: Context) -> tuple[Blocker, ...]:
    """Everything that stands against ``command`` now, without trying it; values not given yet count as given and fitting."""
    try:
        return _examined(procedure, case, command, context, partial=True).blockers
    except Refused as refusal:
        return refusal.blockers


def _examined(
    procedure: Procedure, case: Case | None, command: Command, context: Context, *, partial: bool
) -> Examination:
    if isinstance(command, Open):
        return _open(procedure, case, command, context)
    if case is None:
        raise InvalidInput.at("case", "has not been opened", "open it first")
    if isinstance(command, Fire):
        if command.item is None:
            return _fire(procedure, case, command, context, partial=partial)
        return _fire_item(procedure, case, _item(case, command.item), command, context, partial=partial)
    if isinstance(command, Add):
        return _add(procedure, case, command, context, partial=partial)
    if isinstance(command, Amend):
        item = None if command.item is None else _item(case, command.item)
        return decide_amendment(procedure, case, item, command, context)
    if isinstance(command, Appoint):
        return decide_appointment(procedure, case, command, context)
    if isinstance(command, Relieve):
        return decide_relief(procedure, case, command, context)
    raise AssertionError(f"{type(command).__name__} is no command")


def _item(case: Case, name: str) -> Item:
    try:
        return case.items[name]
    except KeyError:
        raise InvalidInput.at("item", f"unknown item {name!r}", near_miss(name, case.items)) from None


@attrs.frozen
class _Row:
    """A row about to be fired, with everything its examination needs."""

    procedure: Procedure
    case: Case | None
    kind: str | None
    item: Item | None
    row: Transition
    act: Text

    def examine(
        self, command: Command, given: Mapping[str, object], context: Context, *, partial: bool
    ) -> tuple[Examination, dict[str, Value]]:
        said = stated(self.procedure, self.kind, self.row.set, given, all_due=not partial)
        faults = [*said.faults, *(Fault(name, "is missing", "this act must state it") for name in said.missing)]
        if faults:
            raise InvalidInput(faults, what=str(self.act))
        allowed = permission(self.procedure, self.case, self.row.by, self._parties(), command, context)
        view = CaseView(
            procedure=self.procedure,
            case=self.case,
            kind=self.kind,
            item=self.item,
            row=self.row,
            values=said.values,
            actor=command.actor.id,
            context=context,
        )
        found = [allowed.blocker] if allowed.blocker is not None else []
        for requirement in self.row.requires:
            blocker = requirement.blocker(view)
            if blocker is not None and not (partial and blocker.pending):
                found.append(attrs.evolve(blocker, clause=blocker.clause or self.row.clause))
        examination = Examination(
            act=self.act,
            role=allowed.role,
            mandate=allowed.mandate,
            blockers=tuple(found),
            roles=self.row.by if allowed.is_role_missing else None,
            held=tuple(sorted(view.actor_roles)),
        )
        return examination, dict(said.values)

    def _parties(self) -> Mapping[str, tuple[object, str]]:
        """The actor fields of the lifecycle: who stands in them, and the hash of the record that says so."""
        if self.item is not None:
            values, statements = self.item.fields, self.item.stated
        elif self.kind is None and self.case is not None:
            values, statements = self.case.facts, self.case.stated
        else:
            return {}
        return {name: (values.get(name), statements[name].hash) for name in self.row.by if name in statements}


def _creating(procedure: Procedure, kind: str | None, trigger: str | None) -> Move:
    moves = procedure.tables[kind][NEW]
    open_to_people = {name: move for name, move in moves.items() if not move.row.by_time}
    if trigger is None and len(open_to_people) == 1:
        return next(iter(open_to_people.values()))
    if trigger is None and kind is not None and "add" in open_to_people:
        return open_to_people["add"]
    if not open_to_people:
        raise InvalidInput.at("trigger", "only time creates this", "no person may: see `every` and `on` of its row")
    if trigger is None:
        raise InvalidInput.at(
            "trigger", "there are several ways to create this", "name one: " + ", ".join(open_to_people)
        )
    if trigger not in open_to_people:
        raise InvalidInput.at(
            "trigger", f"{trigger!r} creates nothing that a person may create", near_miss(trigger, open_to_people)
        )
    return open_to_people[trigger]


def _open(procedure: Procedure, case: Case | None, command: Open, context: Context) -> Examination:
    if case is not None:
        raise InvalidInput.at("case_id", f"{case.id!r} is open already", "choose another id, or leave it out")
    move = _creating(procedure, None, command.trigger)
    act = say(
        "{title}: “{matter}”",
        "{title}:“{matter}”",
        title=procedure.trigger_title(move.row.trigger),
        matter=command.matter.title,
    )
    examination, values = _Row(procedure, None, None, None, move.row, act).examine(
        command, command.values, context, partial=False
    )
    state = move.dest or ""
    return examination.with_event(
        Opened(
            case_id=command.case_id,
            procedure=procedure.id,
            procedure_version=procedure.version,
            digest=procedure.digest,
            matter=command.matter,
            trigger=move.row.trigger,
            state=state,
            values=values,
            due=due_for(procedure, procedure.states[state], values, context),
            laid_out=tuple(_laid_out(procedure, {}, state, context)),
        )
    )


def _fire(procedure: Procedure, case: Case, command: Fire, context: Context, *, partial: bool) -> Examination:
    act = procedure.trigger_title(command.trigger)
    move = procedure.tables[None][case.state].get(command.trigger)
    if move is None:
        raise _not_permitted(procedure, None, case.state, command.trigger, act)
    examination, values = _Row(procedure, case, None, None, move.row, act).examine(
        command, command.values, context, partial=partial
    )
    facts = {**case.facts, **values}
    entered = move.dest or case.state
    if move.dest is not None:
        examination = _with_limit(procedure, None, move.dest, facts, examination, partial=partial)
    starts = move.dest is not None or procedure.states[entered].until in values
    return examination.with_event(
        Moved(
            trigger=command.trigger,
            source=case.state,
            dest=move.dest,
            values=values,
            due=due_for(procedure, procedure.states[entered], facts, context) if starts else None,
            laid_out=() if move.dest is None else tuple(_laid_out(procedure, case.counters, move.dest, context)),
            superseded=() if move.dest is None else tuple(_superseding(procedure, case, move.dest)),
        )
    )


def _with_limit(
    procedure: Procedure,
    kind: str | None,
    dest: str,
    values: Mapping[str, Value],
    examination: Examination,
    *,
    partial: bool,
) -> Examination:
    """A state that lasts until a date can be entered only when the date is known."""
    until = procedure.state_of(dest, kind).until
    if until is None or until in values or partial:
        return examination
    what = procedure.field_title(until, kind)
    blocker = Blocker(
        kind="unstated",
        text=say("state {what} first", "请先填报{what}", what=what),
        need=what,
        facts={"unstated": [until]},
        unstated=(until,),
    )
    return attrs.evolve(examination, blockers=(*examination.blockers, blocker))


def _fire_item(
    procedure: Procedure, case: Case, item: Item, command: Fire, context: Context, *, partial: bool
) -> Examination:
    act = _item_act(procedure, item.kind, command.trigger, item.id)
    move = procedure.tables[item.kind][item.state].get(command.trigger)
    if move is None:
        raise _not_permitted(procedure, item.kind, item.state, command.trigger, act)
    _refuse_if_closed(procedure, case, move.row, act)
    if item.superseded:
        raise Unmet(act, [_superseded(item)])
    row = _Row(procedure, case, item.kind, item, move.row, act)
    examination, values = row.examine(command, command.values, context, partial=partial)
    fields = {**item.fields, **values}
    entered = procedure.items[item.kind].states[move.dest or item.state]
    if move.dest is not None:
        examination = _with_limit(procedure, item.kind, move.dest, fields, examination, partial=partial)
    starts = move.dest is not None or entered.until in values
    return examination.with_event(
        ItemMoved(
            item=item.id,
            trigger=command.trigger,
            source=item.state,
            dest=move.dest,
            values=values,
            due=due_for(procedure, entered, fields, context) if starts else None,
        )
    )


def _add(procedure: Procedure, case: Case, command: Add, context: Context, *, partial: bool) -> Examination:
    if command.kind not in procedure.items:
        raise InvalidInput.at("kind", f"unknown kind {command.kind!r}", near_miss(command.kind, procedure.items))
    move = _creating(procedure, command.kind, command.trigger)
    act = _item_act(procedure, command.kind, move.row.trigger, "")
    _refuse_if_closed(procedure, case, move.row, act)
    row = _Row(procedure, case, command.kind, None, move.row, act)
    examination, values = row.examine(command, command.values, context, partial=partial)
    state = move.dest or ""
    examination = _with_limit(procedure, command.kind, state, values, examination, partial=partial)
    twin = None if partial else _twin(procedure, case, command, values)
    if twin is not None:
        examination = attrs.evolve(examination, blockers=(*examination.blockers, twin))
    return examination.with_event(
        Added(
            item=f"{command.kind}-{case.counters.get(command.kind, 0) + 1}",
            kind=command.kind,
            trigger=move.row.trigger,
            state=state,
            values=values,
            due=due_for(procedure, procedure.items[command.kind].states[state], values, context),
        )
    )


def _twin(procedure: Procedure, case: Case, command: Add, values: Mapping[str, Value]) -> Blocker | None:
    unique = procedure.items[command.kind].unique
    since = case.entered[case.state].version
    for item in case.of_kind(command.kind) if unique else ():
        same_there = all(
            item.adder == command.actor.id if name == "actor" else item.fields.get(name) == values.get(name)
            for name in unique
        )
        if item.added >= since and not item.superseded and same_there:
            kind = procedure.kind_title(command.kind)
            return Blocker(
                kind="unique",
                text=say("there is such a {kind} already: {item}", "已有相同的{kind}:{item}", kind=kind, item=item.id),
                have=same(item.id),
                need=say("no other {kind} alike since the case came here", "进入本环节后不得有相同的{kind}", kind=kind),
                facts={"item": item.id, "unique": list(unique)},
            )
    return None


def _laid_out(procedure: Procedure, counters: Mapping[str, int], state: str, context: Context) -> Iterator[LaidOut]:
    for kind, defined in procedure.items.items():
        if defined.preset is None or state not in defined.preset.at:
            continue
        first = counters.get(kind, 0) + 1
        dest = defined.preset.dest
        for number, entry in enumerate(procedure.lists[defined.preset.from_], start=first):
            values: dict[str, Value] = {defined.preset.field: entry}
            due = due_for(procedure, defined.states[dest], values, context)
            yield LaidOut(item=f"{kind}-{number}", kind=kind, state=dest, values=values, due=due)


def _superseding(procedure: Procedure, case: Case, state: str) -> Iterator[str]:
    """The unfinished items of earlier rounds that make way for those laid out as the case enters ``state``."""
    for item in case.items.values():
        kind = procedure.items[item.kind]
        if (
            item.laid_out
            and not item.superseded
            and kind.preset
            and state in kind.preset.at
            and not kind.states[item.state].final
        ):
            yield item.id


def _item_act(procedure: Procedure, kind: str, trigger: str, item: str) -> Text:
    what = same(item) if item else procedure.kind_title(kind)
    return say("{title} ({what})", "{title}({what})", title=procedure.trigger_title(trigger, kind), what=what)


def _not_permitted(
    procedure: Procedure, kind: str | None, state: str, trigger: str, act: Text
) -> Refused | InvalidInput:
    cycle = procedure.lifecycle(kind)
    rows = [row for row in cycle.transitions if row.trigger == trigger]
    if not rows:
        known = {row.trigger for row in cycle.transitions}
        return InvalidInput.at("trigger", f"unknown trigger {trigger!r}", near_miss(trigger, known))
    permitted = tuple(name for name, move in procedure.tables[kind][state].items() if not move.row.by_time)
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
            "“{have}”状态下不可办理:应先处于“{need}”;现可办理:{now}",
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


def _refuse_if_closed(procedure: Procedure, case: Case, row: Transition, act: Text) -> None:
    if not procedure.states[case.state].final:
        return
    if any(isinstance(requirement, CaseIs) and case.state in requirement.case for requirement in row.requires):
        return
    have = procedure.state_title(case.state)
    blocker = Blocker(
        kind="state",
        text=say("the case is over: “{have}”", "事项已终结:“{have}”", have=have),
        have=have,
        need=Text("a case that is still open", "尚未终结的事项"),
        facts={"state": case.state},
    )
    raise NotPermitted(act, state=case.state, trigger=row.trigger, permitted=(), blocker=blocker)


def _superseded(item: Item) -> Blocker:
    return Blocker(
        kind="superseded",
        text=say(
            "{item} belongs to an earlier round, a newer one took its place",
            "{item}属于以前的轮次,已有新的替代",
            item=item.id,
        ),
        have=same(item.id),
        need=Text("the item of this round", "本轮次的项目"),
        facts={"item": item.id},
    )


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
    basis = Basis("asking")

    def asked(option: Option) -> Command:
        if option.item is None and option.kind is not None:
            return Add(actor=actor, basis=basis, role=role, kind=option.kind, trigger=option.trigger)
        return Fire(actor=actor, basis=basis, role=role, trigger=option.trigger, item=option.item)

    return tuple(
        option
        for option in moves(procedure, case)
        if not option.row.by_time and not blockers(procedure, case, asked(option), context)
    )
