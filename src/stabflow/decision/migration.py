"""Letting a case go on under another version of its procedure: nothing that was done is rewritten, no open duty changes hands.

What the case has behind it must have its place in the other version: every act a row, every state it entered the same step, every
value a field that takes it. The records stay what they are, and are read under the version under which they were made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..case import Act, Case, with_changes
from ..errors import Blocker, Fault, FaultyInput, InvalidInput, near_miss
from ..language import Lifecycle, Procedure, Transition
from ..language.machine import NEW
from ..language.requirement_text import requirement_text
from ..text import Text, quoted, same, say
from ..values import Value
from .commands import Migrate
from .events import Migrated
from .examination import Examination
from .fields import coerce
from .limits import stuck_clocks, with_new_limits
from .permission import permission
from .refusals import case_over
from .renaming import DROPPED, Renaming, path
from .view import Context, roles_held


def renaming_of(old: Procedure, case: Case, command: Migrate) -> Renaming:
    """What is called otherwise, and what is dropped. `InvalidInput` when the command names no other version of the procedure, or
    things that are not there."""
    check_version(old, command.to)
    return _renaming(old, command.to, case, command.renamed)


def check_version(old: Procedure, new: Procedure) -> None:
    """`InvalidInput` unless ``new`` is another version of ``old``."""
    if new.id != old.id or new.digest == old.digest:
        raise InvalidInput.at("to", f"{new} is no other version of {old}", "name another version of the same procedure")


def decide_migration(old: Procedure, case: Case, command: Migrate, context: Context) -> Examination:
    """Examine whether ``case`` may go on under another version: by somebody who may open a case under both."""
    new = command.to
    renaming = renaming_of(old, case, command)
    after = with_changes(case, **renaming.changes(case))

    def act() -> Text:
        return say("let {case} go on under {new}", "{case}改按{new}继续办理", case=case.id, new=new)

    parties = _openers(old, new)
    found = Examination(
        act,
        parties,
        permission(old, case, parties, {}, command, context),
        lambda: roles_held(case, command.actor.id, context),
    )
    if old.states[case.state].final:
        found.add(case_over(old, case))
    for blocker in (
        *_lost(old, new, case, renaming),
        *_misfits(new, after),
        *_own(old, new, case, renaming),
        *_duties(old, new, case, after, renaming),
    ):
        found.add(blocker)
    for blocker in stuck_clocks(old, new, case, after):
        found.add(blocker)
    event = Migrated(procedure_version=new.version, digest=new.digest, renamed=dict(renaming.names))
    found.event = event
    if found.is_free:
        found.event, unknown = with_new_limits(event, old, new, case, after, context)
        for blocker in unknown:
            found.add(blocker)
    return found


def _openers(old: Procedure, new: Procedure) -> tuple[str, ...]:
    now = {party for row in new.case.creating() for party in row.by}
    return tuple(dict.fromkeys(party for row in old.case.creating() for party in row.by if party in now))


# Names


_SECTIONS = ("states", "facts", "fields", "roles", "transitions")


def _names(procedure: Procedure) -> dict[str, None]:
    """Every path that can be given another name."""
    found = dict.fromkeys(path("roles", role) for role in procedure.roles)
    for kind, cycle in procedure.lifecycles():
        found |= dict.fromkeys(path("states", name, kind) for name in cycle.states)
        found |= dict.fromkeys(path("facts" if kind is None else "fields", name, kind) for name in cycle.fields)
        found |= dict.fromkeys(path("transitions", row.trigger, kind) for row in cycle.transitions)
    return found


def known_names(old: Procedure, wanted: Mapping[str, str]) -> Mapping[str, str]:
    """Those of the new names that are of something that ``old`` has."""
    before = _names(old)
    return {one: name for one, name in wanted.items() if one in before}


def check_names(old: Procedure, new: Procedure, wanted: Mapping[str, str]) -> None:
    """`InvalidInput` where a name is of nothing that ``old`` has, or ``new`` has nothing of the new one."""
    before, after = _names(old), _names(new)
    faults: list[Fault] = []
    for one, name in wanted.items():
        place = f"mapping.{one}"
        if one not in before:
            faults.append(Fault(place, f"{old} has no {one}", near_miss(one, before)))
            continue
        section = one.rpartition(".")[0]
        target = f"{section}.{name}"
        if target not in after:
            faults.append(Fault(place, f"{new} has no {target}", near_miss(target, after)))
    targets = [f"{one.rpartition('.')[0]}.{wanted.get(one, one.rpartition('.')[2])}" for one in before]
    doubled = sorted({target for target in targets if target in after and targets.count(target) > 1})
    faults += [
        Fault("mapping", f"two things would be called {target}", "give each a name of its own") for target in doubled
    ]
    if faults:
        raise InvalidInput(faults, what="the migration")


def _renaming(old: Procedure, new: Procedure, case: Case, wanted: Mapping[str, str]) -> Renaming:
    """What was asked for, and the facts and fields that ``new`` does not have, as dropped."""
    check_names(old, new, wanted)
    names, after = dict(wanted), _names(new)
    for section, kind, values in (
        ("facts", None, case.facts),
        *(("fields", item.kind, item.fields) for item in case.items.values()),
    ):
        for name in values:
            one = path(section, name, kind)
            if one not in names and one not in after:
                names[one] = DROPPED
    return Renaming(names)


# What is behind the case


def _lost(old: Procedure, new: Procedure, case: Case, renaming: Renaming) -> Iterator[Blocker]:
    """Acts and states on record that have no place in ``new``."""
    seen: set[object] = set()
    for kind, acts in ((None, case.acts), *((item.kind, item.acts) for item in case.items.values())):
        for act in acts:
            key = (kind, act.source, act.trigger)
            if key not in seen and not _has_its_row(old, new, kind, act, renaming):
                seen.add(key)
                title = quoted(old.trigger_title(act.trigger, kind))
                yield _blocker(
                    say(
                        "{act} (record {n}) has no place in {new}: what was done would be rewritten",
                        "{act}（第{n}号记录）在{new}中没有对应：已完成的办理将被改写",
                        act=title,
                        n=act.version,
                        new=new,
                    ),
                    have=title,
                )
    for name in case.entered:
        there = new.states.get(renaming.of("states", name))
        was = old.states[name]
        if there is not None and (there.step, there.outcome, there.final) != (was.step, was.outcome, was.final):
            title = quoted(old.state_title(name))
            yield _blocker(
                say(
                    "{state} means another step or outcome in {new}: a completed step would be rewritten",
                    "{state}在{new}中属于其他步骤或决定结果：已完成的步骤将被改写",
                    state=title,
                    new=new,
                ),
                have=title,
            )


def passed_told(old: Procedure, new: Procedure, case: Case, renaming: Renaming) -> Iterator[Text]:
    """Of the rows that were passed: which would be for others now, or ask otherwise. What was done stays done."""
    seen: set[object] = set()
    asked: set[object] = set()
    for kind, acts in ((None, case.acts), *((item.kind, item.acts) for item in case.items.values())):
        for act in acts:
            key = (kind, act.source, act.trigger, act.role)
            if key in seen or not _has_its_row(old, new, kind, act, renaming):
                continue
            seen.add(key)
            was = old.tables[kind][act.source or NEW][act.trigger].row
            source = renaming.of("states", act.source, kind) if act.source else NEW
            now = new.tables[kind][source][renaming.of("transitions", act.trigger, kind)].row
            title = quoted(old.trigger_title(act.trigger, kind))
            if renaming.role(act.role, kind) not in now.by:
                yield say(
                    "{act} was done as {role}, who could not do it under {new}: it stays done",
                    "{act}由{role}办理，按{new}该角色无权办理：已完成的办理不变",
                    act=title,
                    role=quoted(old.role_title(act.role)),
                    new=new,
                )
            if _asked(old, kind, was) != _asked(new, kind, now) and (kind, source, was.trigger) not in asked:
                asked.add((kind, source, was.trigger))
                yield say(
                    "{act} was done, and asks otherwise under {new}: it is not asked again",
                    "{act}已完成，而{new}对其要求不同：不再重新要求",
                    act=title,
                    new=new,
                )


def _asked(procedure: Procedure, kind: str | None, row: Transition) -> frozenset[Text]:
    return frozenset(requirement_text(procedure, kind, one) for one in row.requires)


def _has_its_row(old: Procedure, new: Procedure, kind: str | None, act: Act, renaming: Renaming) -> bool:
    if kind is not None and kind not in new.items:
        return False
    source = renaming.of("states", act.source, kind) if act.source else NEW
    move = new.tables[kind].get(source, {}).get(renaming.of("transitions", act.trigger, kind))
    was = old.tables[kind][act.source or NEW][act.trigger].dest
    return move is not None and move.dest == (None if was is None else renaming.of("states", was, kind))


def _own(old: Procedure, new: Procedure, case: Case, renaming: Renaming) -> Iterator[Blocker]:
    """What is one person's own, a vote with its grounds or an opinion, and would not all be there, or could be changed."""
    for kind in old.items:
        items = case.of_kind(kind)
        if not items or kind not in new.items or "actor" not in old.items[kind].unique:
            continue  # where there is no such kind any more, that is told
        title = quoted(old.kind_title(kind))
        if "actor" not in new.items[kind].unique:
            yield _blocker(
                say(
                    "{kind} is one person's own, and under {new} it could be changed",
                    "{kind}系个人意见，而在{new}中可以更改",
                    kind=title,
                    new=new,
                ),
                have=title,
            )
        stated = dict.fromkeys(name for item in items for name in item.fields)
        for name in (one for one in stated if renaming.of("fields", one, kind) == DROPPED):
            what = quoted(old.field_title(name, kind))
            yield _blocker(
                say(
                    "{kind} is one person's own, and {new} has no {what} of it: what was said would be hidden",
                    "{kind}系个人意见，而{new}中没有其{what}：已表达的内容将被隐去",
                    kind=title,
                    new=new,
                    what=what,
                ),
                have=what,
            )


def _misfits(new: Procedure, after: Case) -> Iterator[Blocker]:
    """Values, roles and items that ``new`` does not take as they are."""
    for item, kind, values in (
        (None, None, after.facts),
        *((one.id, one.kind, one.fields) for one in after.items.values()),
    ):
        if kind is not None and kind not in new.items:
            yield _blocker(
                say(
                    "{item}: {new} has no kind {kind}",
                    "{item}：{new}中没有该类事项要素{kind}",
                    item=item,
                    new=new,
                    kind=kind,
                )
            )
            continue
        fields = new.lifecycle(kind).fields
        for name, value in values.items():
            if name not in fields or not _takes(new, kind, name, value):
                what = quoted(new.field_title(name, kind))
                where = Text("the case", "案件") if item is None else same(item)
                yield _blocker(
                    say(
                        "{new} does not take what is stated as {what} of {where}: {value}",
                        "{new}不接受{where}的{what}所填：{value}",
                        new=new,
                        what=what,
                        where=where,
                        value=value,
                    )
                )
    for held in after.appointments:
        if held.role not in new.roles:
            yield _blocker(
                say(
                    "{who} holds the role {role}, which {new} does not have",
                    "{who}担任的角色{role}在{new}中不存在",
                    who=held.actor,
                    role=held.role,
                    new=new,
                )
            )
    holders: dict[str, set[str]] = {}
    for held in after.appointments:
        holders.setdefault(held.actor, set()).add(held.role)
    for actor, roles in holders.items():
        for role in sorted(roles & new.roles.keys()):
            if any(other in roles and role < other for other, _, _ in new.separated[role]):
                yield _blocker(
                    say("{who} holds roles that {new} separates", "{who}所任角色在{new}中须分离", who=actor, new=new)
                )


def _takes(new: Procedure, kind: str | None, name: str, value: Value) -> bool:
    field = new.lifecycle(kind).fields[name]
    given = list(value) if isinstance(value, tuple) else value
    try:
        return coerce(new, field, given) == value
    except FaultyInput:
        return False


# Open duties


def _duties(old: Procedure, new: Procedure, case: Case, after: Case, renaming: Renaming) -> Iterator[Blocker]:
    """Duties that are open now and would be somebody else's."""
    stands: Sequence[tuple[str | None, str | None, str, str]] = (
        (None, None, case.state, after.state),
        *(
            (one.id, one.kind, one.state, after.items[one.id].state)
            for one in case.items.values()
            if not one.superseded
        ),
    )
    for item, kind, state, there in stands:
        cycle = _cycle(new, kind)
        if cycle is None or there not in cycle.states:
            continue  # told as an act without its row
        was, now = old.state_of(state, kind), cycle.states[there]
        party = None if was.accountable is None else renaming.of("roles", was.accountable)
        if party is not None and party not in new.roles:
            party = renaming.of("facts" if kind is None else "fields", party, kind)
        if (party, was.final) != (now.accountable, now.final):
            title = quoted(old.state_title(state, kind))
            where = title if item is None else say("{item} ({state})", "{item}（{state}）", item=item, state=title)
            yield _blocker(
                say(
                    "what is owed now in {where} would be owed by somebody else under {new}",
                    "{where}现有职责在{new}中由他人承担：未了职责将被改写",
                    where=where,
                    new=new,
                ),
                have=title,
            )


def _cycle(procedure: Procedure, kind: str | None) -> Lifecycle | None:
    return procedure.case if kind is None else procedure.items.get(kind)


def _blocker(text: Text, *, have: Text | None = None) -> Blocker:
    return Blocker(kind="migration", text=text, have=have or Text("", ""))
