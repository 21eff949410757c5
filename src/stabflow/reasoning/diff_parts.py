"""Places in two versions of a procedure, and what went from there or came: the frame in which keys are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from ..language import State
from ..language.canonical_form import plain
from ..language.paths import Key, path_text
from ..requirements import Requirement
from ..text import Text, say
from .diff_words import NOTHING, Side, label, with_details
from .difference import Aspect, Change, ChangeKind

LIMIT = ("within", "until", "open_ended")
"""Three keys that say one thing."""


@attrs.frozen(kw_only=True)
class Place:
    """Where two versions are compared: the path (``sources`` stand in brackets behind it), what stands there in words, both
    versions, and the clauses of what stands there."""

    keys: tuple[Key, ...]
    old: Side
    new: Side
    thing: Text = NOTHING
    sources: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()

    def at(self, *more: Key, **changes: Any) -> Place:
        """A place further in."""
        return attrs.evolve(self, keys=(*self.keys, *more), **changes)

    def path(self, *more: Key) -> str:
        """The path to here, and on through ``more``."""
        inner = path_text(*more)
        sources = f"[{', '.join(self.sources)}]" if self.sources else ""
        joint = "." if inner and not inner.startswith("[") else ""
        return f"{path_text(*self.keys)}{sources}{joint}{inner}"

    def change(self, kind: ChangeKind, *more: Key, text: Text, **facts: Any) -> Change:
        """A change here, or at the key ``more``, which stands under the clauses of this place unless it has its own."""
        clauses = facts.pop("clauses", ()) or self.clauses
        return Change(kind=kind, path=self.path(*more), text=text, clauses=clauses, **facts)

    def rearranged(self, *more: Key, text: Text, before: object, after: object) -> Change:
        """The same, written down otherwise."""
        held = {"before": before, "after": after, "aspect": Aspect.ARRANGEMENT}
        return self.change(ChangeKind.CHANGED, *more, text=text, **held)


# Tables


def table(
    place: Place,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    thing: Callable[[Side, str, Any], Text],
    inner: Callable[[Place, Any, Any], Iterator[Change]],
    cites: Callable[[str, Any], tuple[str, ...]] = lambda _, one: getattr(one, "clause", ()),
) -> Iterator[Change]:
    """A table whose keys the author chose: what went, what came, and what changed ``inner``. ``thing`` names an entry, ``cites``
    the clauses under which it stands."""
    for name, one in old.items():
        if name not in new:
            yield gone(place.at(name, thing=thing(place.old, name, one), clauses=cites(name, one)), one)
    for name, one in new.items():
        here = place.at(name, thing=thing(place.new, name, one), clauses=cites(name, one))
        if name not in old:
            yield come(here, one)
        else:
            yield from inner(here, old[name], one)
    yield from order(place, [name for name in old if name in new], [name for name in new if name in old])


def come(place: Place, one: Any) -> Change:
    """A part that the old version does not have."""
    thing = with_details(place.thing, details(place.new, one))
    return place.change(ChangeKind.ADDED, text=say("new: {thing}", "新增{thing}", thing=thing), after=plain(one))


def gone(place: Place, one: Any) -> Change:
    """A part that the new version does not have."""
    return place.change(ChangeKind.REMOVED, text=say("gone: {t}", "取消{t}", t=place.thing), before=plain(one))


def order(place: Place, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """The same entries in another order."""
    if old != new:
        text = say("{path}: in another order", "{path}：次序有变", path=place.path())
        yield place.rearranged(text=text, before=list(old), after=list(new))


def details(side: Side, one: Any) -> list[Text]:
    """What is to be known of a part besides its title and clauses."""
    if not attrs.has(type(one)):
        return []
    found = []
    if isinstance(one, State) and not one.final:
        found.append(say("{k} {v}", "{k}：{v}", k=label(State, "limit"), v=side.limit(one)))
    for key, value in said(one).items():
        if (
            key in ("name", "title", "clause", "trigger", *LIMIT)
            or isinstance(value, Mapping)
            or attrs.has(type(value))
        ):
            continue
        if (
            isinstance(value, tuple)
            and value
            and not isinstance(value[0], str | Requirement)
            and attrs.has(type(value[0]))
        ):
            continue
        found.append(say("{k} {v}", "{k}：{v}", k=label(type(one), key), v=side.shown(key, value)))
    return found


def said(one: Any) -> dict[str, Any]:
    """What a part says, by the keys of the file; what is left at its default is not said."""
    found = {}
    for field in attrs.fields(type(one)):
        default = field.default.factory() if isinstance(field.default, attrs.Factory) else field.default  # type: ignore[arg-type]
        value = getattr(one, field.name)
        if field.init and (default is attrs.NOTHING or value != default):
            found[field.name.rstrip("_")] = value
    return found
