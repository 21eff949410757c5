"""`diff`: what changed, by meaning: every place that can change is named, as what it is, and told the other way round."""

from __future__ import annotations

from collections import Counter

import attrs
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from notified import NOTIFIED
from procedure_changes import Revision, Where, at, called, key_of, parts, revisions

from stabflow.language import Procedure, loads
from stabflow.language.canonical_form import canonical_form
from stabflow.reasoning.diff import changes
from stabflow.reasoning.difference import Aspect, Change, ChangeKind, Direction
from stabflow.testing.procedures.drawn import procedures
from stabflow.text import Text

OTHER_WAY = {Direction.STRICTER: Direction.LOOSER, Direction.LOOSER: Direction.STRICTER}
REVERSED = {ChangeKind.ADDED: ChangeKind.REMOVED, ChangeKind.REMOVED: ChangeKind.ADDED}
WORDS = {"title", "en", "zh", "aliases", "version", "subject", "text"}


def mirrored(one: Change) -> tuple[object, ...]:
    return (
        REVERSED.get(one.kind, one.kind).value,
        one.path,
        OTHER_WAY.get(one.direction, one.direction).value,
        one.aspect.value,
        repr(one.after),
        repr(one.before),
    )


def as_it_is(one: Change) -> tuple[object, ...]:
    return one.kind.value, one.path, one.direction.value, one.aspect.value, repr(one.before), repr(one.after)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_change_in_one_place_is_told_there_and_nowhere_else(data: st.DataObject) -> None:
    old = data.draw(procedures())
    revision = data.draw(revisions(old))
    if revision is None:
        event("no procedure")
        return
    new = revision.procedure
    found = list(changes(old, new))
    assert bool(found) is (old.digest != new.digest)
    assert Counter(map(as_it_is, found)) == Counter(map(mirrored, changes(new, old)))
    if not found:
        event("the same")
        return
    names = called(canonical_form(old), revision.where)
    near = [one for one in found if _is_at(parts(one.path), names)]
    assert near, (revision.where, [one.path for one in found])
    if revision.renames:
        event("renamed")
        assert ChangeKind.REMOVED in {one.kind for one in found} or revision.where[0] == "transitions"
        return
    if revision.where[0] != "parameters":  # which are told wherever they are put in
        assert near == found
    expected = _aspect(old, revision)
    event(expected.value if expected is not None else "meaning or arrangement")
    assert {one.aspect for one in near} <= (
        {expected} if expected is not None else {Aspect.MEANING, Aspect.ARRANGEMENT}
    )


def _is_at(path: list[str], names: list[str]) -> bool:
    shorter = min(len(path), len(names))
    return path[:shorter] == names[:shorter] or path[:-1] == names[: len(path) - 1] == names[:-2]


def _aspect(old: Procedure, revision: Revision) -> Aspect | None:
    """What the change concerns; ``None`` where a name may stand for the value that was there before."""
    key, where = key_of(revision.where), revision.where
    if revision.rearranged:
        return Aspect.MEANING if key == "by" else Aspect.ARRANGEMENT
    if key in WORDS:
        return Aspect.WORDING
    if key == "source" and where[0] in ("procedure", "parameters"):
        return Aspect.WORDING
    if key == "source" and "*" in (_said(old, where), _said(revision.procedure, where)):
        return None  # every state, or the only one there is
    if key == "deviation":
        return Aspect.WORDING if _said(revision.procedure, where) is not None else Aspect.MEANING
    if key in ("within", "at_least", "at_most", "equals", "elapsed", "responds_within", "vacant_within"):
        return None
    return Aspect.MEANING


def _said(procedure: Procedure, where: Where) -> object:
    """What stands there, if anything does."""
    try:
        return at(canonical_form(procedure), where)
    except (KeyError, IndexError):
        return None


def test_notices_are_compared_by_name_key_by_key() -> None:
    old = loads(NOTIFIED)
    soon, late, up, back, closed, *rest = old.notices
    new = attrs.evolve(
        old,
        notices=(
            attrs.evolve(soon, lead=("1 working days", "5 working days"), to=("accountable", "board")),
            attrs.evolve(late, on="escalated"),
            attrs.evolve(up, subject=Text("come to {role}", "已上报{role}")),
            attrs.evolve(back, in_=(), clause=()),
            attrs.evolve(closed, name="ended"),
            *rest,
        ),
    )
    found = {one.path: one for one in changes(old, new)}
    assert {path: one.text.en for path, one in found.items()} == {
        "notices.soon.lead": "notice “soon”, so long before: now 5 working days, no longer 3 working days",
        "notices.soon.to": "notice “soon”, goes to: now also “board”",
        "notices.late.on": "notice “late”: occasion was a limit has passed, is now gone up",
        "notices.gone_up.subject": "notice “gone up”: subject was “{item} has come to {role}”, is now “come to {role}”",
        "notices.handed_back.clause": "notice “handed back”, clauses: no longer 3",
        "notices.closed": "gone: notice “closed”",
        "notices.ended": (
            "new: notice “ended” (occasion a state is entered; goes to “inspector”, “board”; in “closed”)"
        ),
    }
    assert {one.direction for one in found.values()} == {Direction.NEITHER}
    assert {path for path, one in found.items() if one.aspect is Aspect.WORDING} == {"notices.gone_up.subject"}
    assert found["notices.soon.to"].text.zh == "通知“soon”：发送对象增加“上级单位”"
