"""Whether a live case could go on under a new version of its procedure, and why not."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..language import Procedure
from ..text import Text, either, quoted, say
from .ahead import Lack, ahead, creatable
from .difference import Continuation, Hindrance
from .past import Past, pasts


def continuations(old: Procedure, new: Procedure) -> tuple[Continuation, ...]:
    """For every state of ``old`` in which a case can stand and is not over: whether such a case could go on under ``new``.

    What stood in the way under ``old`` already is no fault of the revision, and is not named.
    """
    behind = pasts(old)
    return tuple(
        Continuation(name, old.state_title(name), tuple(_hindrances(old, new, name, behind[name])))
        for name, state in old.states.items()
        if not state.final
    )


def _hindrances(old: Procedure, new: Procedure, state: str, past: Past) -> Iterator[Hindrance]:
    accountable = old.states[state].accountable
    if state not in new.states:
        yield Hindrance("state_gone", Text("the state is gone", "该状态已取消"), certain=True)
    elif new.states[state].final:
        yield Hindrance("state_final", Text("a case ends there now", "该状态现为终结状态"), certain=True)
    else:
        yield from _closed(old, new, state, past)
    if accountable is not None and accountable not in new.roles and accountable not in new.facts:
        who = quoted(old.role_title(accountable))
        text = say("{who}, accountable there, is gone", "该状态的责任主体{who}已取消", who=who)
        yield Hindrance("role_gone", text, certain=True)
    yield from _facts(old, new, past)
    yield from _items(old, new, past)


def _closed(old: Procedure, new: Procedure, state: str, past: Past) -> Iterator[Hindrance]:
    """Rows ahead that no such case can fire; then those that only a case can fire which has stated more than it had to."""
    usable = {name for name, field in old.facts.items() if name in new.facts and _as_before(old, new, name)}
    named: set[tuple[str, Lack]] = set()
    for stated, certainly in ((past.stated_maybe, True), (past.stated_surely, False)):
        was = ahead(old, old, state, past, stated)
        before = {(row.trigger, lack) for row, lacking in was.closed for lack in lacking}
        now = ahead(old, new, state, past, stated & usable)
        for row, lacking in now.closed:
            for lack in sorted(lacking, key=attrs.astuple):
                if (row.trigger, lack) in before | named:
                    continue
                named.add((row.trigger, lack))
                yield Hindrance(
                    "row_closed", _asks(new, row.trigger, lack, certainly), certain=certainly and not now.ends
                )
        if certainly and was.ends and not now.ends and not named:
            yield Hindrance("no_way_out", Text("no row leads on from there", "没有可继续流转的规则"), certain=True)


def _asks(new: Procedure, trigger: str, lack: Lack, certainly: bool) -> Text:
    act = quoted(new.trigger_title(trigger))
    if lack.what == "items":
        what = quoted(new.kind_title(lack.name))
        return say(
            "{act} asks for {what}, and none can be added any more",
            "{act}要求有{what}，而已无从新增",
            act=act,
            what=what,
        )
    if lack.what == "state":
        what = quoted(new.state_title(lack.name))
        return say(
            "{act} waits from {what}, which was never entered",
            "{act}自{what}起计期，而从未进入该状态",
            act=act,
            what=what,
        )
    what = quoted(new.field_title(lack.name))
    if certainly:
        return say(
            "{act} asks for {what}, which nobody can state any more",
            "{act}要求已填报{what}，而已无从填报",
            act=act,
            what=what,
        )
    return say(
        "{act} asks for {what}, which nobody can state any more where it is not stated yet",
        "{act}要求已填报{what}，尚未填报的已无从填报",
        act=act,
        what=what,
    )


def _as_before(old: Procedure, new: Procedure, fact: str) -> bool:
    """Whether what was stated as ``fact`` can be read as that still."""
    was, now = old.facts[fact], new.facts[fact]
    return (was.type, was.of, was.many) == (now.type, now.of, now.many)


def _facts(old: Procedure, new: Procedure, past: Past) -> Iterator[Hindrance]:
    """Facts that may have been stated in a way that is no longer understood."""
    for name in [name for name in old.facts if name in past.stated_maybe and name in new.facts]:
        what, of = quoted(old.field_title(name)), old.facts[name].of
        if not _as_before(old, new, name):
            text = say(
                "{what} may have been stated, and is of another type now", "{what}可能已填报，而其类型有变", what=what
            )
            yield Hindrance("fact_changed", text, certain=False)
        elif of is not None and (missing := [one for key, one in old.lists[of].items() if key not in new.lists[of]]):
            gone = either([one.title for one in missing])
            text = say(
                "{what} may be stated as {gone}, which is gone",
                "{what}可能已填报为{gone}，而该选项已取消",
                what=what,
                gone=gone,
            )
            yield Hindrance("choice_gone", text, certain=False)


def _items(old: Procedure, new: Procedure, past: Past) -> Iterator[Hindrance]:
    """Kinds and states in which items of the case may be."""
    for name, kind in old.items.items():
        if not any(creatable(old, kind, past.entered_maybe)):
            continue
        what = quoted(old.kind_title(name))
        if name not in new.items:
            text = say(
                "it may have items of {what}, a kind that is gone", "可能有{what}，而该类事项要素已取消", what=what
            )
            yield Hindrance("kind_gone", text, certain=False)
            continue
        missing = [state for state in kind.states if state not in new.items[name].states]
        if missing:
            where = either([old.state_title(state, name) for state in missing])
            text = say(
                "its {what} may stand in {where}, gone now",
                "其{what}可能处于{where}，而该状态已取消",
                what=what,
                where=where,
            )
            yield Hindrance("item_state_gone", text, certain=False)
