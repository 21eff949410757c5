"""A procedure that differs from a drawn one in one place, and how that place is called."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import attrs
from hypothesis import strategies as st

from stabflow import canonical
from stabflow.errors import ProcedureError
from stabflow.language import Procedure
from stabflow.language.canonical_form import IDENTITY, canonical_form
from stabflow.language.lifecycle import Breach, FieldType, Outcome, Recurrence, Step
from stabflow.language.notice_rules import Occasion
from stabflow.language.structure import read

Where = tuple[str | int, ...]

WORDS: dict[str, list[str]] = {
    "type": [one.value for one in FieldType],
    "step": [one.value for one in Step],
    "outcome": [one.value for one in Outcome],
    "every": [one.value for one in Recurrence],
    "on": [one.value for one in (*Breach, *Occasion)],
    "across": ["case", "matter"],
    "timezone": ["UTC", "Asia/Tokyo"],
    "over": ["1/2", "2/3"],
}
LIMITS = ("within", "until", "open_ended")
REQUIREMENTS = ("requires", "never", "always", "before", "leads_to")
TABLES = ("clauses", "lists", "parameters", "roles", "facts", "states", "items", "fields")
MISSING: dict[str, Any] = {
    "delegable": True,
    "optional": True,
    "material": True,
    "many": True,
    "holders": 9,
    "responds_within": "7 days",
    "vacant_within": "7 days",
    "lead": "7 days",
    "min": -8,
    "max": 8,
    "suppress_below": 3,
    "clause": ["2"],
    "aliases": ["other"],
    "set": ["grounds"],
    "unique": ["actor"],
    "clock_stopped_by": ["panel"],
    "supervises": ["unit"],
    "appointed_by": ["chair"],
    "title": {"en": "new", "zh": "新"},
    "outcome": "defer",
    "step": "scope",
    "source": "elsewhere",
    "requires": [{"value": ["people"], "at_least": 1}],
}
"""What can be said where it is not said yet."""


def places(value: Any, where: Where = ()) -> Iterator[Where]:
    """Every place in the canonical form."""
    if where:
        yield where
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*where, key))


def at(value: Any, where: Where) -> Any:
    for key in where:
        value = value[key]
    return value


def key_of(where: Where) -> str:
    """The key of the language under which a place stands."""
    return next((key for key in reversed(where) if isinstance(key, str)), "")


@attrs.frozen
class Revision:
    """A procedure with one place changed, and that place. ``rearranged``: only the order of a list is another."""

    procedure: Procedure
    where: Where
    rearranged: bool

    @property
    def renames(self) -> bool:
        """Whether the place is the name of a part, so that one part goes and another comes."""
        return self.where[-1] in ("trigger", "name") or (self.where[-1] == 0 and key_of(self.where) in TABLES)


@st.composite
def revisions(draw: st.DrawFn, procedure: Procedure) -> Revision | None:
    """``procedure`` with one place changed; ``None`` where none of a few changes gave a procedure."""
    form = canonical.decode(canonical.encode(canonical_form(procedure)))
    every = list(places(form))
    for _ in range(4):
        found = _revised(draw, form, draw(st.sampled_from(every)))
        if found is not None:
            return found
    return None


def _revised(draw: st.DrawFn, form: Any, where: Where) -> Revision | None:
    changed = copy.deepcopy(form)
    outer, here = at(changed, where[:-1]), at(changed, where)
    match here:
        case bool():
            outer[where[-1]] = not here
        case int():
            outer[where[-1]] = here + draw(st.sampled_from([-1, 1]))
        case str():
            key = key_of(where)
            said = sorted(
                {word for place in places(form) if key_of(place) == key and isinstance(word := at(form, place), str)}
            )
            words = [*said, *WORDS.get(key, ()), f"{here}x", "9 days", "lead", "quorum"]
            beside = (
                outer if isinstance(outer, list) else []
            )  # a name that stands there twice changes the arrangement too
            outer[where[-1]] = draw(st.sampled_from([word for word in words if word == here or word not in beside]))
        case dict() if draw(st.booleans()):
            key = draw(st.sampled_from(sorted(MISSING)))
            here[key] = MISSING[key]
            where = (*where, key)
        case list() if len(here) > 1 and draw(st.booleans()):
            outer[where[-1]] = here[::-1]
            return _made(changed, where, rearranged=True)
        case _:
            del outer[where[-1]]
    return _made(changed, where, rearranged=False)


def _made(form: Any, where: Where, *, rearranged: bool) -> Revision | None:
    draft, reading = read(form, stored=True)
    if reading.faults:
        return None
    try:
        parts = {name: getattr(draft, name) for name in (*IDENTITY, *form) if name != "procedure"}
        return Revision(Procedure(**parts), where, rearranged)
    except ProcedureError:
        return None


def called(form: Any, where: Where) -> list[str]:
    """How a place is called in a difference: from the outside in, by names, as far as a difference goes into detail."""
    names: list[str] = []
    value = form
    for key in where:
        inner = value.get(key) if isinstance(value, dict) else value[key]  # what the revision adds is not there
        if isinstance(key, str):
            names.append("limit" if key in LIMITS else key)
            if key in (*REQUIREMENTS, "separations"):
                break
        elif names[-1:] == ["transitions"] and isinstance(inner, dict):
            names.append(inner["trigger"])
        elif names[-1:] == ["properties"]:
            names.append(str(key))
        elif names[-1:] == ["notices"]:
            names.append(inner["name"])
        elif key == 0 and isinstance(inner, str) and len(value) == 2 and isinstance(value[1], list | dict):
            names.append(inner)  # the name itself
        elif (
            isinstance(inner, list)
            and len(inner) == 2
            and isinstance(inner[0], str)
            and isinstance(inner[1], list | dict)
        ):
            names.append(inner[0])
        value = inner
    return [name for n, name in enumerate(names) if n == 0 or name != names[n - 1]]


def parts(path: str) -> list[str]:
    """The names along a path of a difference; the sources in brackets behind a row left aside."""
    bare = re.sub(r"\[(\d+)\]", r".\1", path)
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|([^.\[\]"]+)(?:\[[^\]]*\])?', bare)
    return ["limit" if plain in LIMITS else quoted or plain for quoted, plain in found]
