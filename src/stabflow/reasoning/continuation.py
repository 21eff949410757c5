"""Whether a live case could go on under a new version of its procedure, and why not."""

from __future__ import annotations

from collections.abc import Iterator

from ..language import Field, Procedure
from ..text import Text, either, quoted, say
from .ahead import ahead, can_come_to_be, reads_alike
from .difference import Continuation, Hindrance
from .past import Past, pasts


def continuations(old: Procedure, new: Procedure) -> tuple[Continuation, ...]:
    """For every state of ``old`` in which a case can stand and is not over: whether such a case could go on under ``new``.

    A requirement that could not be met under ``old`` either is no fault of the revision, and is not named.
    """
    behind = pasts(old)
    return tuple(
        Continuation(name, old.state_title(name), tuple(_hindrances(old, new, name, behind[name])))
        for name, state in old.states.items()
        if not state.final
    )


def _hindrances(old: Procedure, new: Procedure, state: str, past: Past) -> Iterator[Hindrance]:
    if state not in new.states:
        yield Hindrance("state_gone", Text("the state is gone", "该状态已取消"), certain=True)
    elif new.states[state].final:
        yield Hindrance("state_final", Text("a case ends there now", "该状态现为终结状态"), certain=True)
    else:
        yield from _closed(old, new, state, past)
    for name, field in old.facts.items():
        if name in past.stated_maybe and name in new.facts:
            what = quoted(old.field_title(name))
            yield from _read_otherwise(old, new, field, new.facts[name], what)
    yield from _items(old, new, past)


def _closed(old: Procedure, new: Procedure, state: str, past: Past) -> Iterator[Hindrance]:
    """Rows ahead that no such case can fire; then those that are closed to some cases, which were not closed before."""
    named: set[object] = set()
    for hopeful in (True, False):
        was = ahead(old, old, state, past, hopeful=hopeful)
        now = ahead(old, new, state, past, hopeful=hopeful)
        before = {(trigger, lack) for (_, trigger), lacks in was.closed.items() for lack in lacks}
        any_named = False
        for (_, trigger), lacks in now.closed.items():
            for lack, words in lacks.items():
                if (trigger, lack) not in before and (trigger, lack) not in named:
                    named.add((trigger, lack))
                    any_named = True
                    certain = hopeful and not now.ends
                    yield Hindrance("row_closed", _asks(new, trigger, words, hopeful=hopeful), certain=certain)
        if hopeful and not now.ends:
            if not any_named:
                yield Hindrance(
                    "no_way_out", Text("no row leads to an end from there", "自该状态起无从终结"), certain=True
                )
            return
        if not now.ends and not any_named:
            for source, trigger in sorted(was.opened - now.opened):
                act, where = quoted(old.trigger_title(trigger)), quoted(old.state_title(source))
                text = say("{act} in {where} is gone", "{where}时的{act}已取消", act=act, where=where)
                yield Hindrance("row_gone", text, certain=False)


def _asks(new: Procedure, trigger: str, words: Text, *, hopeful: bool) -> Text:
    act = quoted(new.trigger_title(trigger))
    if hopeful:
        return say(
            "{act} requires {words}: no case that stands there can meet that any more",
            "{act}要求{words}：处于该状态的案件均已无法满足",
            act=act,
            words=quoted(words),
        )
    return say(
        "{act} requires {words}: a case that does not meet it already may not be able to any more",
        "{act}要求{words}：尚未满足的案件可能已无法满足",
        act=act,
        words=quoted(words),
    )


def _read_otherwise(old: Procedure, new: Procedure, was: Field, now: Field, what: Text) -> Iterator[Hindrance]:
    """What may have been stated in a way that is no longer understood."""
    if not reads_alike(was, now):
        text = say(
            "{what} may have been stated, and is of another type now", "{what}可能已填报，而其类型有变", what=what
        )
        yield Hindrance("field_changed", text, certain=False)
    elif was.of is not None and (
        gone := [one for key, one in old.lists[was.of].items() if key not in new.lists[was.of]]
    ):
        text = say(
            "{what} may be stated as {gone}, which is gone",
            "{what}可能已填报为{gone}，而该选项已取消",
            what=what,
            gone=either([one.title for one in gone]),
        )
        yield Hindrance("choice_gone", text, certain=False)


def _items(old: Procedure, new: Procedure, past: Past) -> Iterator[Hindrance]:
    """Kinds and states in which items of the case may be, and what they may have been stated to be."""
    for name, kind in old.items.items():
        if not can_come_to_be(old, kind, past.entered_maybe):
            continue
        title = quoted(kind.title)
        if name not in new.items:
            text = say(
                "it may have items of {what}, a kind that is gone", "可能有{what}，而该类事项要素已取消", what=title
            )
            yield Hindrance("kind_gone", text, certain=False)
            continue
        now = new.items[name]
        missing = [old.state_title(state, name) for state in kind.states if state not in now.states]
        if missing:
            text = say(
                "its {what} may stand in {where}, gone now",
                "其{what}可能处于{where}，而该状态已取消",
                what=title,
                where=either(missing),
            )
            yield Hindrance("item_state_gone", text, certain=False)
        for field in [field for field in kind.fields if field in now.fields]:
            what = say("{field} of {kind}", "{kind}的{field}", field=quoted(old.field_title(field, name)), kind=title)
            yield from _read_otherwise(old, new, kind.fields[field], now.fields[field], what)
